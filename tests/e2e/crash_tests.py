# SPDX-License-Identifier: Apache-2.0
"""The program is stopped anywhere, the disk is full, a bit flips, two run at once: nothing committed
is lost, doubled or altered, and what is wrong is named."""
import os
import random
import shutil
import subprocess
import threading
import time

import lake
from lake import Lake, clear, generate, joined, slow, write


def finish(one, path, table, lines):
    """Importing again brings what is missing, and nothing twice."""
    one.load(path)
    one.holds(table, lines)


@lake.slow
def test_kill_at_any_time(folder):
    lines, _, _ = generate("in", "bitbucket", 60000, "--twins")
    probe = Lake(folder, "probe")
    whole = probe.load("in")["run"].seconds
    rng = random.Random(2026)
    for seed in range(200 if lake.LONG else 4 if lake.QUICK else 12):
        one = Lake(folder, f"data{seed}")
        killed = 0
        for _ in range(rng.randrange(1, 4)):
            result = one.run("import", "in", kill_after=rng.random() * whole)
            killed += result.status == -9
        finish(one, "in", "bitbucket", lines)
        lake.remove_tree(one.data)


def copy_of(one, folder, name):
    other = Lake(folder, name)
    shutil.copytree(one.data, other.data)
    return other


def operations(base, folder, path):
    """How many operations that change a file one import does."""
    def reached(n):
        one = copy_of(base, folder, f"probe{n}")
        status = one.run("import", path, env={"PUGMARK_FAULT": f"change:{n}:kill"}).status
        lake.remove_tree(one.data)
        return status != 0
    low, high = 1, 2
    while reached(high):
        low, high = high, high * 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if reached(middle) else (low, middle)
    return low


def step_through(folder, what, count):
    """Stops an import at `count` of its operations; what was committed before stays, and importing
    again completes it."""
    lines, _, _ = generate("in", "bitbucket", 1500, "--twins")
    write("a", joined(lines[:700])), write("b", joined(lines[500:]))
    base = Lake(folder, "base")
    base.load("a")
    total = operations(base, folder, "b")
    for n in sorted({1 + i * (total - 1) // max(count - 1, 1) for i in range(count)}):
        one = copy_of(base, folder, f"{what}{n}")
        result = one.run("import", "b", env={"PUGMARK_FAULT": f"change:{n}:{what}"})
        assert result.status not in (0, 1), f"point {n} of {total} was not reached: {result}"
        assert one.count("events") in (700, len(lines))
        finish(one, "b", "bitbucket", lines)
        lake.remove_tree(one.data)


def points(quick, normal, everything):
    return everything if lake.LONG else quick if lake.QUICK else normal


def test_kill_before_each_operation(folder):
    step_through(folder, "kill", points(5, 25, 100000))


@lake.slow
def test_kill_after_each_operation(folder):
    step_through(folder, "after", points(3, 15, 100000))


@lake.slow
def test_torn_writes(folder):
    step_through(folder, "torn", points(3, 15, 100000))


@lake.slow
def test_errors_of_the_disk(folder):
    for error in ("EIO", "ENOSPC", "EROFS"):
        lines, _, _ = generate("in", "bitbucket", 800)
        for n in range(1, points(6, 24, 60), 3):
            one = Lake(folder, f"{error}{n}")
            result = one.run("import", "in", env={"PUGMARK_FAULT": f"change:{n}:{error}"})
            clear(result)
            if result.status == 0:
                continue
            assert result.status == 1, result
            assert "pugmark:" in result.err, result.err
            finish(one, "in", "bitbucket", lines)
            lake.remove_tree(one.data)


def test_full_disk_from_some_write_on(folder):
    lines, _, _ = generate("in", "bitbucket", 800)
    one = Lake(folder)
    one.load(write("a", joined(lines[:300])))
    for n in (1, 3, 6, 10):
        result = one.run("import", "in", env={"PUGMARK_FAULT": f"write:{n}+:ENOSPC"})
        clear(result)
        if result.status:
            assert result.status == 1, result
            clear(result, "space")
        assert one.count("events") in (300, 800)
    finish(one, "in", "bitbucket", lines)


@lake.slow
def test_full_disk_for_real(folder):
    if os.geteuid() != 0:
        raise lake.Skip("needs root to mount a small file system")
    os.mkdir("small")
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", "small"],
                      capture_output=True).returncode:
        raise lake.Skip("no file system can be mounted here")
    try:
        lines, _, _ = generate("in", "bitbucket", 100000)
        one = Lake(os.path.join(folder, "small"))
        part = joined(lines[:2000])
        one.load(write("a", part))
        result = one.run("import", "in")
        assert result.status == 1, result
        clear(result, "space", "small")
        rows = one.count("events")
        assert rows >= 2000, f"{rows} rows are left of 2000"
        subprocess.run(["mount", "-o", "remount,size=200m", "small"], check=True)
        finish(one, "in", "bitbucket", lines)
    finally:
        subprocess.run(["umount", "-l", "small"], check=False)


@lake.slow
def test_two_imports_of_one_file_at_once(folder):
    lines, _, _ = generate("in", "bitbucket", 20000, "--twins")
    for round_ in range(2 if lake.QUICK else 6):
        one = Lake(folder, f"data{round_}")
        results = [None, None]

        def work(i):
            results[i] = one.run("import", "--json", "in")
        threads = [threading.Thread(target=work, args=(i,)) for i in range(2)]
        for t in threads:
            t.start()
            time.sleep(0.03 * round_)
        for t in threads:
            t.join()
        for result in results:
            clear(result)
            assert result.status == 0, result.err
        one.holds("bitbucket", lines)
        lake.remove_tree(one.data)


@lake.slow
def test_questions_while_importing(folder):
    lines, _, _ = generate("in", "bitbucket", 60000)
    one = Lake(folder)
    one.load(write("a", joined(lines[:1000])))
    worker = threading.Thread(target=lambda: one.load("in"))
    worker.start()
    seen = []
    while worker.is_alive():
        seen.append(one.count("events"))
    worker.join()
    assert seen == sorted(seen) and all(n >= 1000 for n in seen), seen
    one.holds("bitbucket", lines)


@lake.slow
def test_ctrl_c(folder):
    lines, _, _ = generate("in", "bitbucket", 150000)
    one = Lake(folder)
    for delay in (0.1, 0.3, 0.05):
        result = one.run("import", "in", signal_after=delay)
        clear(result)
        if result.status == 130:
            clear(result, "again|go on|continue")
            break
    else:
        raise lake.Skip("the import was done before it could be interrupted")
    one.run("sql", "select count(*) from events")
    finish(one, "in", "bitbucket", lines)


def flip(path, at, bit):
    mode = os.stat(path).st_mode
    os.chmod(path, 0o600)
    with open(path, "r+b") as file:
        file.seek(at)
        byte = file.read(1)[0]
        file.seek(at)
        file.write(bytes([byte ^ (1 << bit)]))
    os.chmod(path, mode)


@slow
def test_one_flipped_bit_in_any_file(folder):
    one = Lake(folder)
    for table in ("bitbucket", "jira"):
        lines, _, _ = generate(table, table, 2000)
        one.load("--source", table, table)
    jira = lines
    rng = random.Random(7)
    files = [f for f in one.files() if os.path.getsize(f) and "catalog.db" not in f
             and not f.endswith((".lock", "lock"))]
    kinds = {os.path.relpath(f, one.data).split("/")[0] for f in files}
    assert {"vault", "tables", "ids"} <= kinds, kinds
    for path in files:
        size = os.path.getsize(path)
        for _ in range(2 if lake.QUICK else 8):
            at, bit = rng.randrange(size), rng.randrange(8)
            flip(path, at, bit)
            damaged = one.verify()
            name = os.path.relpath(path, one.data)
            assert any(name in d or d in path for d in damaged), \
                f"bit {bit} of byte {at} of {name} ({size} bytes): verify names {damaged}"
            if "bitbucket" in path:
                assert one.count("jira_audit_logs") == 2000, "the other table does not answer"
                assert sorted(one.raw("jira")) == sorted(jira)
            flip(path, at, bit)
    assert one.verify() == []


@lake.slow
def test_a_flipped_bit_never_gives_a_wrong_raw_record(folder):
    one = Lake(folder)
    lines, _, _ = generate("in", "bitbucket", 500)
    one.load("in")
    known = set(lines)
    ids = [r["event_id"] for r in one.sql("select event_id from events limit 20")]
    rng = random.Random(11)
    for path in list(one.files("vault")):
        for _ in range(4 if lake.QUICK else 12):
            at, bit = rng.randrange(os.path.getsize(path)), rng.randrange(8)
            flip(path, at, bit)
            for event in ids[:3]:
                result = one.run("show", "--raw", event)
                clear(result)
                if result.status == 0:
                    assert result.out.rstrip(b"\n") in known, "show --raw printed what nobody sent"
                else:
                    clear(result, "vault|damaged")
            result = one.run("export", "--format", "ndjson")
            clear(result)
            assert set(result.out.split(b"\n")[:-1]) <= known, "export wrote what nobody sent"
            flip(path, at, bit)


@lake.slow
def test_a_flipped_bit_in_the_catalog_is_no_crash(folder):
    one = Lake(folder)
    lines, _, _ = generate("in", "bitbucket", 500)
    one.load("in")
    path = os.path.join(one.data, "catalog.db")
    rng = random.Random(13)
    for _ in range(6 if lake.QUICK else 30):
        at, bit = rng.randrange(os.path.getsize(path)), rng.randrange(8)
        flip(path, at, bit)
        for args in (("verify",), ("status",), ("sql", "select count(*) from events")):
            clear(one.run(*args))
        flip(path, at, bit)
    one.holds("bitbucket", lines)


@lake.slow
def test_missing_files_are_named(folder):
    one = Lake(folder)
    lines, _, _ = generate("in", "bitbucket", 500)
    one.load("in")
    for kind in ("vault", "tables", "ids"):
        for path in list(one.files(kind)):
            os.rename(path, "away")
            damaged = one.verify()
            name = os.path.relpath(path, one.data)
            assert any(name in d or d in path for d in damaged), f"{name} is away, verify names {damaged}"
            os.rename("away", path)
    one.holds("bitbucket", lines)
