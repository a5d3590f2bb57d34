# SPDX-License-Identifier: Apache-2.0
"""A data folder that is meant for a group: its members read, they and others change nothing."""
import os
import shutil
import signal
import stat
import subprocess
import time

import lake
from lake import Lake, clear, generate, joined, slow, write

OWNER, MEMBER, OTHER, GROUP = 12001, 12002, 12003, 54321


def become(user, *groups):
    return ("setpriv", f"--reuid={user}", f"--regid={user}",
            "--groups=" + ",".join(map(str, groups)) if groups else "--clear-groups")


def shared_lake(folder):
    if os.geteuid() != 0 or not shutil.which("setpriv"):
        raise lake.Skip("only root with setpriv can be several users")
    lake.as_nobody()  # skips where nobody else may run the program
    one = Lake(folder)
    os.mkdir(one.data)
    os.chown(one.data, OWNER, GROUP)
    os.chmod(one.data, 0o2750)
    return one


def modes(one):
    for where, folders, names in os.walk(one.data):
        for name in folders + names:
            path = os.path.join(where, name)
            yield path, stat.S_IMODE(os.lstat(path).st_mode), os.lstat(path).st_gid


def test_members_read(folder):
    one = shared_lake(folder)
    lines, _, _ = generate("in", "bitbucket", 300)
    write("more", joined(generate("more-in", "bitbucket", 300, "--seed", "5")[0] + [b"{oops"]))
    owner, member, other = become(OWNER), become(MEMBER, GROUP), become(OTHER)
    os.chmod("in", 0o644)
    os.chmod("more", 0o644)
    assert one.load("in", prefix=owner)["stored"] == 300
    assert one.load("more", prefix=owner, expect=3)["stored"] == 300
    for path, mode, group in modes(one):
        want = 0o2750 if os.path.isdir(path) else 0o600 if path.endswith(".lock") else 0o640
        assert mode == (0o444 if path.endswith(".parquet") else want) and group == GROUP, f"{path}: {mode:o} {group}"
    for words in (("status",), ("sql", "select count(*) from events"), ("rejects",), ("rejects", "show", "1"),
                  ("verify",), ("schema", "drift"), ("export", "--format", "ndjson")):
        mine, theirs = one.run(*words, prefix=owner), one.run(*words, prefix=member)
        assert theirs.status == 0 and theirs.out == mine.out, f"{words}: {theirs.err}"
        result = one.run(*words, prefix=other)
        assert result.status == 1, f"{words}: others got {result.out[:100]}"
        clear(result, "permission")
    event = one.value("select event_id from events limit 1")
    assert one.run("show", event, prefix=member).status == 0
    for words in (("import", "in"), ("compact",), ("rebuild",), ("rejects", "dismiss", "1")):
        result = one.run(*words, prefix=member)
        assert result.status == 1, f"{words}: a member could"
        clear(result, "permission")
    assert one.run("compact", "--keep", "10000", prefix=owner).status == 0
    assert one.run("rebuild", prefix=owner).status == 0
    assert one.run("export", "--format", "ndjson", prefix=member).out.count(b"\n") == 600


@slow
def test_members_read_while_the_owner_writes(folder):
    """Also after he was killed: what he committed is there, the log that he left is read."""
    one = shared_lake(folder)
    lines, _, _ = generate("in", "bitbucket", 400)
    member = become(MEMBER, GROUP)
    writer = subprocess.Popen([*become(OWNER), lake.PUGMARK, "import", "--data", one.data, "--table", "bitbucket", "-"],
                              stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    seen = [0]
    for i in range(0, 400, 20):
        writer.stdin.write(joined(lines[i:i + 20]))
        writer.stdin.flush()
        result = one.run("status", "--json", prefix=member)
        if i == 0 and result.status != 0:  # nothing is there yet
            time.sleep(0.5)
            continue
        assert result.status == 0, result.err
        n = len(one.run("export", "--format", "ndjson", prefix=member).out.splitlines())
        assert n >= seen[-1], f"{n} events after {seen[-1]}"
        seen.append(n)
    deadline = time.monotonic() + 20
    while seen[-1] < 400 and time.monotonic() < deadline:
        seen.append(len(one.run("export", "--format", "ndjson", prefix=member).out.splitlines()))
    assert seen[-1] == 400, seen
    writer.send_signal(signal.SIGKILL)
    writer.wait()
    assert one.run("status", prefix=member).status == 0
    assert len(one.run("export", "--format", "ndjson", prefix=member).out.splitlines()) == 400


def test_a_folder_of_ones_own_stays_private(folder):
    one = Lake(folder)
    generate("in", "bitbucket", 100)
    one.load("in")
    assert stat.S_IMODE(os.stat(one.data).st_mode) == 0o700
    for path, mode, _ in modes(one):
        assert mode == (0o700 if os.path.isdir(path) else 0o444 if path.endswith(".parquet") else 0o600), f"{path}: {mode:o}"
