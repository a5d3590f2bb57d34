# SPDX-License-Identifier: Apache-2.0
"""A folder of logs that a product is writing, followed: rotated, renamed, packed, cut, deleted."""
import gzip
import os
import time

from buckets import Stored
from lake import as_nobody, generate, give_to_nobody, joined, slow, write, zstd

SLOW = True  # not in make quick


def lines_of(n, seed=1, node=0, *more):
    return generate(f"in-{seed}-{node}", "bitbucket", n, "--seed", seed, "--node", node, *more)[0]


def log(n=0, day="20240924"):
    return f"audit/{day}.{n:05d}.audit.log"


def append(path, *parts):
    with open(path, "ab") as file:
        for part in parts:
            file.write(part)


def make_old(path, seconds=7200):
    os.utime(path, (time.time() - seconds,) * 2)


def following(folder, *more):
    os.makedirs("audit", exist_ok=True)
    one = Stored(folder)
    one.connect_folder("audit", *more)
    return one


@slow
def test_a_log_is_followed_line_by_line(folder):
    """Half lines are held until they are whole."""
    lines = lines_of(30)
    one = following(folder)
    stored = 0
    for n, line in enumerate(lines):
        append(log(), line[:n * 7 % len(line)])
        assert one.collect(expect=0)["rejected"] == 0
        append(log(), line[n * 7 % len(line):], b"\n")
        stored += one.collect()["stored"]
    assert stored == 30
    one.holds("bitbucket", lines)
    one.balanced()
    before = one.ledger()["sums"]["records"]
    one.collect()
    assert one.ledger()["sums"]["records"] == before, "a file that did not change was read again"


def test_rotation_rename_and_deletion(folder):
    lines = lines_of(400)
    one = following(folder)
    write(log(0), joined(lines[:100]))
    one.collect()
    append(log(0), joined(lines[100:150]))
    write(log(1), joined(lines[150:200]))
    one.collect()
    os.unlink(log(0))
    os.rename(log(1), "audit/kept.log")
    append("audit/kept.log", joined(lines[200:250]))
    write(log(2), joined(lines[250:300]))
    one.collect()
    write("audit/20240924.00002.audit.log.gz", gzip.compress(joined(lines[250:300])))
    os.unlink(log(2))
    write(log(0, "20240925"), joined(lines[300:]))
    one.collect()
    one.holds("bitbucket", lines)
    one.balanced()


@slow
def test_a_hundred_logs_of_which_the_oldest_vanish(folder):
    lines = lines_of(1100)
    one = following(folder)
    for n in range(110):
        write(log(n), joined(lines[n * 10:n * 10 + 10]))
        if n >= 100:
            os.unlink(log(n - 100))
        if n % 9 == 0 or n > 95:
            one.collect()
    one.collect()
    one.holds("bitbucket", lines)
    assert one.gaps() == []


def test_a_file_that_is_cut_and_written_anew(folder):
    first, others = lines_of(100), lines_of(80, seed=3, node=1)
    one = following(folder)
    write(log(), joined(first))
    one.collect()
    write(log(), joined(others[:30]))
    one.collect()
    append(log(), joined(others[30:]))
    one.collect()
    one.holds("bitbucket", first + others)
    write(log(), b"")
    one.collect()
    one.holds("bitbucket", first + others)


def test_files_of_other_names_and_packings(folder):
    lines = lines_of(600)
    one = following(folder)
    write("audit/atlassian-audit.log", joined(lines[:100]))
    write("audit/events.ndjson", joined(lines[100:150]), lines[150][:60])
    write("audit/a.json.gz", gzip.compress(joined(lines[200:201])))
    write("audit/b.log.gz", *(gzip.compress(line + b"\n") for line in lines[201:300]))
    write("audit/c.ndjson.zst", zstd(joined(lines[300:400])))
    write("audit/notes.txt", b"no log\n")
    write("audit/.hidden.log", joined(lines[500:]))
    os.makedirs("audit/folder.log")
    os.mkfifo("audit/pipe.log")
    said = one.collect()
    assert said["rejected"] == 0, said
    one.holds("bitbucket", lines[:150] + lines[200:400])
    append("audit/events.ndjson", lines[150][60:], b"\n", joined(lines[151:200]))
    os.rename("audit/atlassian-audit.log", "audit/atlassian-audit.1.log")
    write("audit/atlassian-audit.log", joined(lines[400:450]))
    said = one.collect()
    assert said["rejected"] == 0, said
    one.holds("bitbucket", lines[:450])
    one.balanced()


def test_small_packed_files_are_read_whatever_bytes_they_have(folder):
    """Most have no line end in their packed bytes."""
    lines = lines_of(40)
    one = following(folder)
    for n, line in enumerate(lines):
        write(log(n) + ".gz", gzip.compress(line + b"\n"))
    one.collect()
    one.holds("bitbucket", lines)


def test_the_last_line_of_a_finished_log_may_have_no_end(folder):
    lines = lines_of(20)
    one = following(folder)
    write(log(0), joined(lines[:9]), lines[9])
    write(log(1), lines[10])
    write(log(2), joined(lines[11:19]), lines[19][:80])
    for path in (log(0), log(1)):
        make_old(path)
    one.collect()
    one.holds("bitbucket", lines[:19])
    make_old(log(2))
    said = one.collect(expect=None)
    assert said["rejected"] == 1, said
    one.collect()
    assert one.value("select count(*) n from bitbucket_audit_logs") == 19


def test_the_node_is_that_of_the_lines_or_the_one_that_is_said(folder):
    lines = lines_of(50)
    bare = [line.replace(b'"node":', b'"nodule":') for line in lines_of(50, seed=2)]
    one = following(folder, "--node", "said")
    write(log(0), joined(lines))
    write(log(3), joined(bare))
    one.collect()
    gaps = {(g["node"], g["first"], g["last"]) for g in one.gaps()}
    assert ("said", 0, 2) in gaps, gaps
    one.load("--node", "said", log(3))
    one.holds("bitbucket", lines + bare)


def test_twins_in_a_file_are_two(folder):
    lines = lines_of(300, 4, 0, "--twins")
    one = following(folder)
    for first in range(0, 300, 37):
        append(log(), joined(lines[first:first + 37]))
        one.collect()
    write("audit/plain.ndjson", joined(lines[:40]))
    one.collect()
    append("audit/plain.ndjson", joined(lines[40:100]))
    one.collect()
    one.holds("bitbucket", lines)


def test_a_file_that_may_not_be_read_holds_up_no_other(folder):
    lines = lines_of(90)
    prefix = as_nobody()
    one = following(folder)
    for n in range(3):
        write(log(n), joined(lines[n * 30:n * 30 + 30]))
    os.chmod(log(1), 0)
    give_to_nobody(one.data)
    give_to_nobody(folder)
    os.chown(log(1), 0, 0) if prefix else None
    said = one.collect(expect=1, prefix=prefix)
    assert said["stored"] == 60 and said["failure"] == "permission missing" and "00001" in said["error"], said
    os.chmod(log(1), 0o644)
    one.collect(prefix=prefix)
    one.holds("bitbucket", lines)


def test_a_folder_that_is_gone_is_told_and_comes_back(folder):
    lines = lines_of(20)
    one = following(folder)
    write(log(), joined(lines[:10]))
    one.collect()
    os.rename("audit", "away")
    said = one.collect(expect=1)
    assert said["failure"] == "not there" and "audit" in said["error"], said
    os.rename("away", "audit")
    append(log(), joined(lines[10:]))
    one.collect()
    one.holds("bitbucket", lines)


def test_folders_of_two_nodes_are_two_sources(folder):
    """Of one product: neither replaces the other, none is second to the other, and connecting again changes nothing."""
    lines = [lines_of(40, node=n) for n in range(2)]
    one = Stored(folder)
    names = []
    for n in range(2):
        path = f"node{n}/log/audit"
        os.makedirs(path)
        write(f"{path}/20240924.00000.audit.log", joined(lines[n]))
        write(f"{path}/notes.txt", b"not a log\n")  # the newest file of the folder
        for words in ((), ("--path", path)):  # the second time as typed from here
            said = one.connect_folder(path) if not words else one.connect("folder", "--table", "bitbucket", *words)
            assert said["secondary"] is False, said
            names.append(said["name"])
    assert names == ["folder-node0", "folder-node0", "folder-node1", "folder-node1"], names
    os.makedirs("elsewhere")
    os.chdir("elsewhere")
    assert one.run("collect", "--once").status == 0
    one.holds("bitbucket", lines[0] + lines[1])
    assert one.value("select count(*) n from events") == 80


def test_a_broken_file_is_set_aside(folder):
    lines = lines_of(60)
    one = following(folder)
    whole = gzip.compress(joined(lines[:30]))
    write(log(0) + ".gz", whole[:-30])
    write(log(1), joined(lines[30:]))
    said = one.collect(expect=3)
    assert said["quarantined"] == 1 and len([g for g in one.gaps() if "object" in g]) == 1, said
    write(log(0) + ".gz", whole)
    one.collect()
    one.holds("bitbucket", lines)
    assert one.gaps() == []


def test_nanoseconds_are_nine_digits(folder):
    form = b'{"auditType":{"action":"x","actionI18nKey":"bitbucket.x"},"author":{"id":"1","name":"a","type":"user"},"timestamp":{"epochSecond":1700000000,"nano":%d},"version":"1.0"}'
    one = following(folder)
    write(log(), joined([form % n for n in (19_000_000, 0, 7, 999_999_999, 410_000_000, 1_000_000_000, -1)]))
    one.collect(expect=None)
    found = one.sql("select epoch_us(event_time) - 1700000000000000 t from bitbucket_audit_logs where event_time is not null order by t")
    assert [r["t"] for r in found] == [0, 0, 19000, 410000, 999999], found
    assert one.value("select count(*) n from bitbucket_audit_logs") == 7
