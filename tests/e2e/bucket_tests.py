# SPDX-License-Identifier: Apache-2.0
"""Buckets, read from a real S3 server: whatever is in them, each event is stored once."""
import gzip
import json
import os
import signal
import time

import lake
from buckets import Bucket, Stored, shipped
from fake_bucket import FakeBucket
from lake import generate, joined, slow, zstd

SLOW = True  # not in make quick

LOG = "20240924.00000.audit.log"


class Reading:
    """`with Reading(folder) as (bucket, one)`: a bucket, and a lake that is connected to it."""

    def __init__(self, folder, *more, kind=Bucket, **how):
        self.bucket, self.one, self.more = kind(folder, **how), Stored(folder), more

    def __enter__(self):
        self.bucket.__enter__()
        self.one.connect_bucket(self.bucket, *self.more)
        return self.bucket, self.one

    def __exit__(self, *why):
        self.bucket.__exit__(*why)


def lines_of(n, seed=1, node=0, *more):
    return generate(f"in-{seed}-{node}", "bitbucket", n, "--seed", seed, "--node", node, *more)[0]


@slow
def test_many_objects_over_several_pages_of_the_listing(folder):
    lines = lines_of(2400)
    with Reading(folder) as (bucket, one):
        bucket.put_all({f"x/{n:05d}.ndjson": joined(lines[2 * n:2 * n + 2]) for n in range(1200)})
        said = one.collect()
        assert said["objects"] == 1200, said
        one.holds("bitbucket", lines)
        one.balanced()
        again = one.collect()
        assert again["objects"] == 0 and again["requests"] <= 4, again


def test_objects_of_all_packings_and_sizes(folder):
    lines = lines_of(900)
    part = [joined(lines[n * 100:n * 100 + 100]) for n in range(9)]
    with Reading(folder) as (bucket, one):
        bucket.put("a/plain.ndjson", part[0])
        bucket.put("a/no-newline-at-its-end.log", part[1][:-1])
        bucket.put("b/one.log.gz", gzip.compress(part[2]))
        members = part[3].splitlines(True)
        bucket.put("b/many.log.gz", b"".join(gzip.compress(line) for line in members))
        bucket.put("c/one.log.zst", zstd(part[4]))
        bucket.put("c/many.log.zst", b"".join(zstd(line) for line in part[5].splitlines(True)))
        bucket.put("c/skippable-first.log.zst", b"\x50\x2a\x4d\x18\x04\x00\x00\x00abcd" + zstd(part[6]))
        bucket.put("d/packed-without-a-word-of-it", gzip.compress(part[7]))
        bucket.put("d/crlf.json", part[8].replace(b"\n", b"\r\n"))
        for empty in ("e/empty.log", "e/empty.log.gz", "e/folder/", "node-1/.pugmark-ship"):
            bucket.put(empty, b"")
        bucket.put("e/nothing-in-it.log.gz", gzip.compress(b""))
        said = one.collect()
        assert said["quarantined"] == 0 and said["rejected"] == 0, said
        one.holds("bitbucket", lines)
        one.balanced()
        assert one.collect()["objects"] == 0


@slow
def test_gzip_of_ten_thousand_members(folder):
    lines = lines_of(10_000)
    with Reading(folder) as (bucket, one):
        bucket.put("many.log.gz", b"".join(gzip.compress(line + b"\n", 1) for line in lines))
        one.collect()
        one.holds("bitbucket", lines)


ODD_KEYS = ("../../../etc/passwd", "a/../b", "./c", "..", "a b/c d.log", "a+b/c%2Fd%00.log", "caf\u00e9/\u65e5\u672c\u8a9e.log", "q?x=1&y=2#z", "-rf",
            "'\"`$(id)", "\u202eevil", "a//b///c", "/", "//", "back\\slash", "semi;colon:at@", "k" * 1024, "\u00e9" * 512, "new\nline", "esc\x1b[31m",
            "tab\there", "\x7f\x01", "x" * 255 + "/" + "y" * 255, "<a>&amp;]]>")


def test_keys_are_never_paths_and_are_shown_escaped(folder):
    """Any bytes that a key may have, up to 1,024 of them."""
    lines = lines_of(len(ODD_KEYS) * 10)
    with Reading(folder, kind=FakeBucket) as (bucket, one):
        bucket.put_all({key: joined(lines[n * 10:n * 10 + 10]) for n, key in enumerate(ODD_KEYS)})
        before = sorted(os.listdir(folder))
        said = one.collect()
        assert said["objects"] == len(ODD_KEYS), said
        one.holds("bitbucket", lines)
        one.balanced()
        assert sorted(os.listdir(folder)) == before, "a key became a path"
        for key in ODD_KEYS:
            bucket.put(key, gzip.compress(b"x" * 4000)[:30])
        said = one.collect(expect=3)
        text = one.run("sources", "gaps", one.name).out.decode() + said["err"]
        assert said["quarantined"] == len(ODD_KEYS) and "\x1b" not in text and "\u202e" not in text, text
        assert len(one.gaps()) == len(ODD_KEYS)


@slow
def test_the_contract_of_ship(folder):
    """Ranges that repeat and overlap, out of order, both packings, two nodes with one name of a log."""
    lines, others = lines_of(300), lines_of(200, seed=2, node=1)
    with Reading(folder) as (bucket, one):
        bucket.put(*shipped("n1", LOG, lines, 200, 300))
        bucket.put(*shipped("n1", LOG, lines, 0, 120))
        bucket.put(*shipped("n2", LOG, others, 0, 200, packed=False))
        one.collect()
        one.holds("bitbucket", lines[:120] + lines[200:] + others)
        bucket.put(*shipped("n1", LOG, lines, 100, 160))
        bucket.put(*shipped("n1", LOG, lines, 50, 130))
        bucket.put(*shipped("n1", LOG, lines, 160, 200))
        one.collect()
        one.holds("bitbucket", lines + others)
        one.balanced()
        for node, log in (("a/b %c", LOG), ("n1", LOG + "~2"), ("\u00e9" * 20, "odd name.log")):
            bucket.put(*shipped(node, log, lines, 0, 300))
        said = one.collect()
        assert said["rejected"] == 0, said
        one.balanced()


def test_one_log_by_ship_as_a_file_and_by_import_is_one_log(folder):
    lines = lines_of(200)
    with Reading(folder, "--prefix", "shipped/") as (bucket, one):
        key, body = shipped("node-1", LOG, lines)
        bucket.put("shipped/" + key, body)
        bucket.put("shipped/whole/" + LOG, joined(lines))
        bucket.put("shipped/packed/" + LOG + ".gz", gzip.compress(joined(lines)))
        bucket.put("elsewhere/" + LOG, joined(lines_of(50, seed=9)))
        one.collect()
        one.holds("bitbucket", lines)
        path = os.path.join(folder, LOG)
        lake.write(path, joined(lines))
        said = one.load("--node", "whatever", path)
        assert said["stored"] == 0 and said["duplicates"] == 200, said
        os.makedirs("audit")
        os.rename(path, "audit/" + LOG)
        two = Stored(folder)
        two.connect_folder("audit", "--also", "--node", "another")
        assert two.collect()["stored"] == 0
        one.holds("bitbucket", lines)


def test_twins_in_a_log_are_two_however_it_comes(folder):
    lines = lines_of(300, 4, 0, "--twins")
    with Reading(folder) as (bucket, one):
        for first in range(0, 300, 50):
            bucket.put(*shipped("n", LOG, lines, first, first + 50))
        one.collect()
        bucket.put("whole/" + LOG, joined(lines))
        one.collect()
        one.holds("bitbucket", lines)


def test_a_log_that_grows_is_read_on_and_its_half_line_held(folder):
    lines = lines_of(300)
    whole = joined(lines)
    key = "node/" + LOG
    with Reading(folder) as (bucket, one):
        bucket.put(key, joined(lines[:100]) + lines[100][:50])
        said = one.collect()
        assert said["stored"] == 100 and said["rejected"] == 0, said
        bucket.put(key, joined(lines[:200]) + lines[200])  # whole, but for its end
        said = one.collect()
        assert said["stored"] == 101 and said["rejected"] == 0, said
        bucket.put(key, whole)
        said = one.collect()
        assert said["stored"] == 99 and said["rejected"] == 0, said
        one.holds("bitbucket", lines)
        one.balanced()
        assert one.collect()["objects"] == 0


@slow
def test_a_packed_log_that_grows_is_read_anew(folder):
    lines = lines_of(400)
    for n, pack in enumerate((gzip.compress, zstd)):
        with Reading(os.path.join(folder), "--name", f"s{n}") as (bucket, one):
            key = f"node/{LOG}" + (".gz", ".zst")[n]
            for upto in (100, 250, 400):
                bucket.put(key, pack(joined(lines[:upto])))
                said = one.collect()
                assert said["rejected"] == 0 and said["quarantined"] == 0, said
            one.holds("bitbucket", lines)
            bucket.put(key, pack(joined(lines) + lines[0][:40]))  # with half a line
            said = one.collect()
            assert said["rejected"] == 0, said
            one.holds("bitbucket", lines)
        lake.remove_tree(one.data)
        lake.remove_tree(bucket.folder)


def test_a_log_written_anew_under_its_name_is_read_anew(folder):
    """Of the same size, shorter, and longer: what stands there now is not what was read."""
    first, others = lines_of(100), lines_of(400, seed=5, node=1)
    key = "any/" + LOG
    with Reading(folder) as (bucket, one):
        bucket.put(key, joined(first))
        one.collect()
        bucket.put(key, joined(others[:300]))
        said = one.collect()
        assert said["rejected"] == 0, said
        bucket.put(key, joined(others[300:350]))
        one.collect()
        bucket.put(key, joined(others[350:400]))
        one.collect()
        one.holds("bitbucket", first + others)
        one.balanced()


def test_the_same_object_uploaded_again_costs_nothing_or_doubles_nothing(folder):
    lines = lines_of(100)
    with Reading(folder) as (bucket, one):
        bucket.put("x.ndjson", joined(lines))
        one.collect()
        bucket.put("x.ndjson", joined(lines))
        assert one.collect()["stored"] == 0
        bucket.put("copy-of-x.ndjson", joined(lines))
        one.collect()
        one.holds("bitbucket", lines)


def test_a_broken_object_is_set_aside_and_the_others_are_read(folder):
    lines = lines_of(500)
    part = [joined(lines[n * 100:n * 100 + 100]) for n in range(5)]
    with Reading(folder) as (bucket, one):
        whole = gzip.compress(part[1])
        bucket.put("a.ndjson", part[0])
        bucket.put("b.log.gz", whole[:len(whole) // 2])
        bucket.put("c.log.zst", zstd(part[2])[:-20])
        bucket.put("d.log.gz", gzip.compress(part[3])[:-6] + b"abcdef")
        bucket.put("e.ndjson", part[4])
        said = one.collect(expect=3)
        assert said["quarantined"] == 3, said
        stored = set(one.raw("bitbucket"))
        assert set(part[0].splitlines()) <= stored and set(part[4].splitlines()) <= stored
        gaps = one.gaps()
        assert sorted(g["object"].rpartition("/")[2] for g in gaps) == ["b.log.gz", "c.log.zst", "d.log.gz"], gaps
        assert all(g["why"] and g["bytes"] > 0 for g in gaps), gaps
        assert one.collect()["quarantined"] == 0, "an object that did not change was tried again"
        bucket.put("b.log.gz", whole)
        bucket.put("c.log.zst", zstd(part[2]))
        one.collect()
        assert [g["object"].rpartition("/")[2] for g in one.gaps()] == ["d.log.gz"]
        assert len(one.gaps("--refetch")) == 1
        bucket.delete("d.log.gz")
        bucket.put("d.log.gz", gzip.compress(part[3]))
        assert one.gaps("--refetch") == []
        one.holds("bitbucket", lines)
        one.balanced()
        assert not [r for r in one.rejects()["rejects"]] if "rejects" in one.rejects() else True


def test_objects_that_vanish_or_may_not_be_read(folder):
    """Deleted after the listing; the listing goes on."""
    lines = lines_of(200)
    with Reading(folder) as (bucket, one):
        bucket.put("a.ndjson", joined(lines[:100]))
        bucket.put("z.ndjson", joined(lines[100:]))
        one.collect()
        bucket.delete("a.ndjson")
        one.collect()
        one.holds("bitbucket", lines)


def test_an_object_of_another_product(folder):
    lines = lines_of(100)
    jira = generate("jira", "jira", 50)[0]
    with Reading(folder) as (bucket, one):
        bucket.put("a.ndjson", joined(lines))
        bucket.put("jira.ndjson", joined(jira))
        bucket.put("readme.txt", b"This is no log.\nHello.\n")
        bucket.put("image.png", b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20)
        said = one.collect(expect=None)
        assert set(lines) <= set(one.raw("bitbucket"))
        assert said["rejected"] or said["quarantined"], said


def test_an_empty_audit_file_is_no_missing_one(folder):
    lines = lines_of(60)
    for where in ("bucket", "folder"):
        os.makedirs(where, exist_ok=True)
        with Reading(os.path.abspath(where)) as (bucket, one):
            files = {f"20260102.{n:05d}.audit.log": joined(lines[n * 10:n * 10 + 10]) if n in (0, 2) else b"" for n in range(4)}
            if where == "folder":
                os.makedirs("audit")
                for name, body in files.items():
                    lake.write(f"audit/{name}", body)
                    os.utime(f"audit/{name}", (1, 1))
                one.connect_folder("audit", "--name", "files")
            else:
                bucket.put_all({f"n/{name}": body for name, body in files.items()})
                bucket.put("n/.pugmark-ship", b"")
            assert one.collect()["objects"] == 4
            assert one.gaps() == [], one.gaps()
            assert one.collect()["objects"] == 0


def test_missing_numbers_of_logs_are_gaps_with_a_name(folder):
    lines = lines_of(60)
    with Reading(folder) as (bucket, one):
        for n in (0, 1, 4):
            bucket.put(*shipped("n1", f"20240924.{n:05d}.audit.log", lines[n * 10:n * 10 + 10]))
        bucket.put(f"n2/20240925-00002.audit.log", joined(lines[50:60]))
        one.collect()
        gaps = [(g["day"], g["first"], g["last"], g["at_start"]) for g in one.gaps() if "node" in g]
        assert gaps == [(20240924, 2, 3, False), (20240925, 0, 1, False)], one.gaps()
        for n in (2, 3):
            bucket.put(*shipped("n1", f"20240924.{n:05d}.audit.log", lines[n * 10:n * 10 + 10]))
        one.collect()
        assert [g for g in one.gaps() if g.get("day") == 20240924] == [], one.gaps()


def test_a_range_with_other_bytes_than_its_key_says_is_set_aside(folder):
    lines = lines_of(100)
    with Reading(folder) as (bucket, one):
        key, body = shipped("n1", LOG, lines, 0, 50)
        bucket.put(key, zstd(joined(lines[:40])))
        said = one.collect(expect=3)
        assert said["quarantined"] == 1 and "its key says" in said["err"], said
        bucket.put(key, body)
        one.collect()
        one.holds("bitbucket", lines[:50])
        assert one.gaps() == []


def test_what_refuses_says_what_to_do(folder):
    lines = lines_of(10)
    with Bucket(folder) as bucket:
        bucket.put("a.ndjson", joined(lines))
        one = Stored(folder)
        lake.write("wrong", b"nonsense")

        def refused(says, *words, status=(1, 2), **how):
            result = one.run("connect", "s3", "--table", "bitbucket", *words, **how)
            assert result.status in status, result
            lake.says(result, *((says,) if isinstance(says, str) else says))
            assert "nonsense" not in result.err and b'"name"' not in one.run("sources", "list", "--json").out
        good = ["--bucket", "s3://audit", *bucket.words]
        refused("secret|signature|key", *good[:-1], "wrong")
        refused("bucket", "--bucket", "s3://no-such-bucket", *bucket.words)
        refused("s3://", "--bucket", "https://audit.s3.amazonaws.com", *bucket.words)
        refused("s3://", "--bucket", "s3:///x", *bucket.words)
        refused("go together", *good[:-2])
        refused("no file of the name", *good[:-1], "/nonexistent")
        refused(("127.0.0.1", "--allow-private"), *[w for w in good if w != "--allow-private"])
        refused("nobody listens", *[w.replace(str(bucket.ports["s3"]), "1") for w in good])
        result = one.run("connect", "s3", "--table", "jira", *good)
        assert result.status == 2 and "--table bitbucket" in result.err, result
        result = one.run("connect", "s3", "--table", "bitbucket", *good)
        assert result.status == 0, result.err


def test_a_saved_bucket_is_tested_with_its_saved_keys(folder):
    with Reading(folder) as (bucket, one):
        bucket.put("a.ndjson", joined(lines_of(10)))
        result = one.run("sources", "test", one.name)
        assert result.status == 0, result
        assert b"objects can be read" in result.out


@slow
def test_a_bucket_of_20_000_objects_with_flat_memory(folder):
    lines = lines_of(20_000)
    with Reading(folder, "--name", "all", kind=FakeBucket) as (bucket, one):
        bucket.put_all({f"d/{n:05d}.ndjson": joined(lines[n:n + 1]) for n in range(20_000)})
        few = Stored(folder, "few")
        few.connect_bucket(bucket, where="s3://audit/d/000")
        small, said = few.collect("--no-detect"), one.collect("--no-detect")
        assert said["objects"] == 20_000 and small["objects"] == 100, (said, small)
        assert lake.SANITIZED or said["rss_mb"] < small["rss_mb"] + 40, (said["rss_mb"], small["rss_mb"])
        if not lake.SANITIZED:  # the SQL child's memory is counted with what the sanitizer takes
            one.holds("bitbucket", lines)
        again = one.collect()
        assert again["objects"] == 0 and again["requests"] <= 30, again


class Endless:
    """The bytes of a log of `n` lines of 64 KiB, made as they are asked for."""
    LINE = 65536

    def __init__(self, n):
        self.n = n
        event = json.loads(lines_of(1)[0])
        event["timestamp"] = {"epochSecond": "@", "nano": 0}
        before, after = json.dumps(event, separators=(",", ":")).split('"@"')
        self.before, self.after = before.encode(), after[:-1].encode() + b',"pad":"'
        fixed = len(self.before) + 10 + len(self.after) + len(b'"}\n')
        self.after += b"x" * (self.LINE - fixed) + b'"}\n'

    def __len__(self):
        return self.n * self.LINE

    def __getitem__(self, span):
        first, last = span.start // self.LINE, (span.stop - 1) // self.LINE
        text = b"".join(self.before + b"%d" % (1_600_000_000 + n) + self.after for n in range(first, last + 1))
        return text[span.start - first * self.LINE:span.stop - first * self.LINE]


@slow
def test_an_object_of_any_size_takes_the_same_memory(folder):
    """50 GB in the long series."""
    n = (50_000 if lake.LONG else 1_500) * 1_000_000 // Endless.LINE
    with Reading(folder, "--name", "large", kind=FakeBucket) as (bucket, one):
        bucket.put(f"node/{LOG}", Endless(n))
        said = one.collect()
        assert said["stored"] == n and said["rejected"] == 0, said
        assert lake.SANITIZED or said["rss_mb"] < 450, said["rss_mb"]
        assert one.sql("select count(*) n from bitbucket_audit_logs where length(extra) > 60000") == [{"n": n}]
        assert one.collect()["objects"] == 0
        one.balanced()


def test_a_new_day_of_a_large_bucket_costs_a_few_requests(folder):
    """Beyond ten pages only what can be new is listed, and the whole now and then."""
    lines = lines_of(300)
    days = [time.strftime("%Y%m%d", time.gmtime(time.time() - n * 86400)) for n in range(2)]
    with Reading(folder, kind=FakeBucket, page=20) as (bucket, one):
        bucket.put_all({f"n{n % 3}/{20200101 + n // 40}.{n % 40:05d}.audit.log": joined(lines[n:n + 1]) for n in range(240)})
        one.collect()
        pages = len(bucket.asked)
        for n, day in enumerate(days):
            # One is a node whose name sorts before the year.
            bucket.put(f"{('0a', 'n1')[n]}/{day}.00000.audit.log", joined(lines[240 + n * 10:250 + n * 10]))
        bucket.put("n2/20190101.00000.audit.log", joined(lines[260:270]))  # found by the next whole listing
        bucket.asked.clear()
        assert one.collect()["stored"] == 20
        assert len(bucket.asked) < 12 < pages, (len(bucket.asked), pages)
        assert one.collect(env={"PUGMARK_NOW": str(int((time.time() + 600) * 1e6))})["stored"] == 10
        one.holds("bitbucket", lines[:270])


def test_a_listing_that_omits_and_repeats(folder):
    """And a server that shows an older object late."""
    lines = lines_of(400)
    with Reading(folder, kind=FakeBucket, page=25) as (bucket, one):
        bucket.put_all({f"{n:03d}.ndjson": joined(lines[n * 2:n * 2 + 2]) for n in range(200)})
        turn = 0

        def shown(keys):
            return [k for n, k in enumerate(keys) if (n + turn) % 3] + keys[:2]
        bucket.shown = shown
        for turn in range(3):
            one.collect()
        one.holds("bitbucket", lines)
        one.balanced()


def test_an_object_that_changes_while_it_is_read(folder):
    """Its bytes are of one version or of none."""
    lines, others = lines_of(200), lines_of(400, seed=7, node=1)
    with Reading(folder, kind=FakeBucket) as (bucket, one):
        bucket.put("a.ndjson", joined(lines))
        bucket.put("b.ndjson", joined(lines[:10]))

        def change(key, query):
            if key == "a.ndjson":
                bucket.before = None
                bucket.put("a.ndjson", joined(others))
        bucket.before = change
        said = one.collect()
        assert said["quarantined"] == 0 and said["rejected"] == 0, said
        one.collect()
        one.holds("bitbucket", lines[:10] + others)
        assert one.gaps() == []


def test_an_object_that_vanishes_while_it_is_read_is_a_gap(folder):
    lines = lines_of(200)
    with Reading(folder, kind=FakeBucket) as (bucket, one):
        for n in range(4):
            bucket.put(f"{n}.ndjson", joined(lines[n * 50:n * 50 + 50]))

        def vanish(key, query):
            return (404, "NoSuchKey") if key == "1.ndjson" else (403, "AccessDenied") if key == "2.ndjson" else None
        bucket.before = vanish
        said = one.collect(expect=3)
        assert said["quarantined"] == 2, said
        assert sorted(g["object"][-8:] for g in one.gaps()) == ["1.ndjson", "2.ndjson"], one.gaps()
        bucket.before = None
        assert one.gaps("--refetch") == []
        one.holds("bitbucket", lines)


@slow
def test_a_server_that_fails_or_breaks_off_in_the_midst(folder):
    """No half line is taken for a line."""
    lines = lines_of(3000)
    with Reading(folder, kind=FakeBucket) as (bucket, one):
        for n in range(30):
            bucket.put(f"{n:02d}.ndjson", joined(lines[n * 100:n * 100 + 100]))
        count = 0

        def trouble(key, query):
            nonlocal count
            count += 1
            return {3: "close", 5: (503, "SlowDown"), 8: (500, "InternalError"), 9: "close", 14: (503, "ServiceUnavailable")}.get(count % 23)
        bucket.before = trouble
        one.collect()
        one.holds("bitbucket", lines)
        bucket.before = lambda key, query: (403, "AccessDenied") if not key else None
        said = one.collect(expect=1)
        assert said["failure"] == "permission missing", said
        bucket.before = lambda key, query: (403, "InvalidAccessKeyId")
        assert one.collect(expect=1)["failure"] in ("permission missing", "token refused")
        bucket.before = lambda key, query: (404, "NoSuchBucket")
        assert one.collect(expect=1)["failure"] == "not there"
        one.balanced()


def random_text(n):
    return os.urandom(n // 2).hex().encode()


def long_lines(n, size):
    """Lines that hardly pack."""
    form = b'{"timestamp":{"epochSecond":%d,"nano":0},"author":{"id":"1","name":"a"},"auditType":{"action":"%s"},"affectedObjects":[]}'
    return [form % (1_700_000_000 + i, random_text(size)) for i in range(n)]


def killed_after_a_commit(one):
    """Collects until the first segment is there, and is killed; how many events are stored then."""
    process = lake.subprocess.Popen([lake.PUGMARK, "collect", "--data", one.data, "--once", one.name, "--memory", "64M"],
                                    stdout=lake.subprocess.DEVNULL, stderr=lake.subprocess.DEVNULL)
    end = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < end and not any(f.endswith(".parquet") for f in one.files("tables")):
        time.sleep(0.02)
    time.sleep(0.2)
    process.send_signal(signal.SIGKILL)
    process.wait()
    return one.value("select count(*) n from bitbucket_audit_logs")


@slow
def test_a_large_packed_log_killed_in_its_midst_is_read_whole(folder):
    """A commit within a packed object says nothing of places in it."""
    lines = long_lines(10_000, 4000)
    with Reading(folder, kind=FakeBucket) as (bucket, one):
        bucket.put(f"n/{LOG}.gz", gzip.compress(joined(lines), 1))
        bucket.most = 3_000_000
        stored = killed_after_a_commit(one)
        assert 0 < stored < len(lines), f"it was not killed between two commits: {stored}"
        bucket.most = None
        one.collect()
        assert one.count("bitbucket_audit_logs") == len(lines)


@slow
def test_a_large_log_goes_on_where_it_was_killed(folder):
    lines = long_lines(10_000, 4000)
    with Reading(folder, kind=FakeBucket) as (bucket, one):
        bucket.put(f"n/{LOG}", joined(lines))
        bucket.most = 3_000_000
        stored = killed_after_a_commit(one)
        bucket.most = None
        said = one.collect()
        assert 0 < stored < len(lines) and said["records"] < len(lines), (stored, said)
        assert one.count("bitbucket_audit_logs") == len(lines)
