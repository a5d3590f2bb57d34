# SPDX-License-Identifier: Apache-2.0
"""Bad input, and good input in every wrapping: each says clearly what happened, and nothing is lost."""
import gzip
import hashlib
import json
import os
import random
import re
import struct
import zlib

import lake
from lake import Lake, clear, generate, joined, long, slow, write

TABLES = ("bitbucket", "jira", "confluence", "org", "alerts")


def some(table="bitbucket", events=400, *options):
    return generate(table + ".in", table, events, *options)[0]


@slow
def test_every_shape_of_every_table(folder):
    for table, shape in (("bitbucket", "file"), ("bitbucket", "api"), ("jira", "cloud"), ("jira", "api"),
                         ("jira", "file"), ("confluence", "cloud"), ("confluence", "api"),
                         ("confluence", "file"), ("org", "cloud"), ("org", "api"), ("alerts", "cloud")):
        one = Lake(folder, f"{table}-{shape}")
        _, _, total = generate("in", table, 1200, "--shape", shape)
        said = one.load("in")
        assert said["stored"] == total["stored"] == 1200, (table, shape, said)
        assert list(said["tables"]) == [total["table"]] == [lake.full(table)], (table, shape, said)
        assert one.count(lake.full(table)) == 1200
        actions = {r["action"]: r["n"] for r in one.sql("select action, count(*) n from events group by 1")}
        assert actions == total["actions"], (table, shape, actions, total)


@slow
def test_bad_lines_among_good_ones(folder):
    for table in TABLES:
        one = Lake(folder, table)
        lines, notes, total = generate("in", table, 3000, "--bad", "--twins")
        said = one.load("in", "--instance", "here", expect=3)
        assert said["stored"] == total["stored"], (table, said, total)
        assert said["rejected"] == total["reject"], (table, said, total)
        assert said["no_time"] == total["no_time"], (table, said, total)
        assert said["repaired"] == total["repaired"], (table, said, total)
        good = [line for line, note in zip(lines, notes) if note["kind"] != "reject"]
        one.holds(table, good)
        assert sum(r["lines"] for r in one.rejects()) == total["reject"]
        times = one.sql(f"select epoch_us(event_time) t from {lake.full(table)}")
        assert sorted(r["t"] for r in times if r["t"] is not None) == sorted(
            n["time_us"] for n in notes if "time_us" in n)


def test_rejected_bytes_are_kept(folder):
    one = Lake(folder)
    lines = some()
    bad = [b"{\"no\": end", b"\xff\xfe nothing", b"[1,2]", b"x" * 5000]
    said = one.load(write("in", joined(lines[:100] + bad[:2] + lines[100:] + bad[2:])), expect=3)
    assert (said["stored"], said["rejected"]) == (400, 4), said
    kept = b"".join(one.run("rejects", "show", r["id"]).out for r in one.rejects())
    for line in bad:
        assert line in kept, f"{line[:30]} is not among the rejects"
    for row in one.rejects():
        assert row["input"].endswith("in") and row["reason"], row


def test_not_json(folder):
    one = Lake(folder)
    write("notes.txt", b"These are the minutes of the meeting.\nNobody came.\n" * 50)
    result = one.load("notes.txt", expect=None)
    assert result["status"] in (1, 2, 3), result
    clear(result["run"], "notes.txt", "json")
    said = one.load("--table", "jira", "notes.txt", expect=3)
    assert (said["stored"], said["rejected"]) == (0, 100), said


def test_binary(folder):
    one = Lake(folder)
    write("core.bin", random.Random(4).randbytes(1 << 20))
    result = one.load("core.bin", expect=None)
    assert result["status"] in (1, 2, 3), result
    clear(result["run"], "core.bin", "json|binary")
    lines = some()
    one.load("bitbucket.in")
    one.holds("bitbucket", lines)


@slow
def test_utf16_is_refused_by_name(folder):
    one = Lake(folder)
    write("wide.json", "\ufeff{\"id\": 1}\r\n".encode("utf-16-le") * 10)
    result = one.load("wide.json", expect=None)
    assert result["status"] in (1, 3), result
    clear(result["run"], "wide.json", "utf-16")


def test_truncated_last_line(folder):
    one = Lake(folder)
    lines = some()
    whole = joined(lines)
    write("in", whole[:-len(lines[-1]) // 2])
    said = one.load("in", expect=3)
    assert (said["stored"], said["rejected"]) == (399, 1), said
    write("in", whole)
    said = one.load("in")
    assert (said["stored"], said["duplicates"]) == (1, 399), said
    one.holds("bitbucket", lines)


def test_last_line_without_newline(folder):
    one = Lake(folder)
    lines = some()
    one.load(write("in", joined(lines)[:-1]))
    one.holds("bitbucket", lines)


def test_bom_crlf_and_blank_lines(folder):
    one = Lake(folder)
    lines = some()
    said = one.load(write("bom", b"\xef\xbb\xbf" + joined(lines)))
    assert said["stored"] == 400, said
    said = one.load(write("crlf", b"".join(l + b"\r\n" for l in lines)))
    assert (said["stored"], said["duplicates"]) == (0, 400), said
    said = one.load(write("blank", b"\n\n" + b"".join(b"  " + l + b" \n\r\n" for l in lines) + b"\n"))
    assert (said["stored"], said["duplicates"]) == (0, 400), said
    one.holds("bitbucket", lines)


def test_empty_files(folder):
    one = Lake(folder)
    for name, data in (("empty", b""), ("newline", b"\n"), ("blank", b" \n\r\n\t\n"), ("array", b"[]"),
                       ("page", b'{"offset":0,"limit":1000,"records":[],"total":144}\n')):
        said = one.load(write(name, data), expect=None)
        clear(said["run"])
        assert said["status"] == 0, (name, said)
        assert said["stored"] == 0 and said["rejected"] == 0, (name, said)


@slow
def test_arrays_and_pretty_printed(folder):
    one = Lake(folder)
    import json
    lines = some("jira", 300)
    rows = [json.loads(l) for l in lines]
    said = one.load("--instance", "a", write("array", json.dumps(rows).encode()))
    assert said["stored"] == 300, said
    said = one.load("--instance", "a", write("pretty", json.dumps(rows, indent=3).encode()))
    assert (said["stored"], said["duplicates"]) == (0, 300), said
    stream = "\n".join(json.dumps(r, indent=1, ensure_ascii=False) for r in rows)
    said = one.load("--instance", "a", write("stream", stream.encode()))
    assert (said["stored"], said["duplicates"]) == (0, 300), said
    assert one.count("jira_audit_logs") == 300


def long_line(folder, size):
    one = Lake(folder)
    lines = some()
    filler = b"{\"a\":\"" + b"x" * (1 << 20)
    with open("in", "wb") as file:
        file.write(joined(lines[:200]))
        digest = hashlib.sha256()
        for i in range(size >> 20):
            file.write(filler if i == 0 else filler[6:])
            digest.update(filler if i == 0 else filler[6:])
        file.write(b"\n" + joined(lines[200:]))
    said = one.load("--memory", "256M", "in", expect=3)
    assert (said["stored"], said["rejected"]) == (400, 1), said
    if not lake.SANITIZED:
        assert said["run"].rss_mb < 300, f"{said['run'].rss_mb:.0f} MB of memory"
    one.holds("bitbucket", lines)
    (row,) = one.rejects()
    kept = one.run("rejects", "show", row["id"]).out
    assert hashlib.sha256(kept).digest() == digest.digest(), "the bytes of the long line are not those that were sent"


@slow
def test_a_64_mb_line(folder):
    long_line(folder, 64 << 20)


@long
def test_a_1_gb_line(folder):
    long_line(folder, 1 << 30)


def test_a_million_brackets(folder):
    one = Lake(folder)
    lines = some()
    deep = b"[" * 1000000
    said = one.load(write("in", joined(lines[:10] + [b'{"a":' + deep + b"]" * 1000000 + b"}"] + lines[10:])), expect=3)
    assert (said["stored"], said["rejected"]) == (400, 1), said
    one.holds("bitbucket", lines)
    for name, data in (("open", deep), ("objects", b'{"a":' * 1000000), ("mixed", b'[{"a":' * 500000)):
        result = one.load(write(name, data), expect=None)
        assert result["status"] in (1, 2, 3), (name, result)
        clear(result["run"], name, "json|deep|nest|bracket")
    one.holds("bitbucket", lines)


def test_gzip_of_many_members(folder):
    one = Lake(folder)
    lines = some(events=3000)
    members = [gzip.compress(joined(lines[i:i + 3])) for i in range(0, 3000, 3)]
    # cut lines between members as well
    half = joined(lines)[:5000], joined(lines)[5000:]
    said = one.load(write("many.gz", *members))
    assert said["stored"] == 3000, said
    said = one.load(write("cut.gz", gzip.compress(half[0]), gzip.compress(b""), gzip.compress(half[1])))
    assert (said["stored"], said["duplicates"]) == (0, 3000), said
    one.holds("bitbucket", lines)


def test_zstd_frames(folder):
    one = Lake(folder)
    lines = some(events=3000)
    frames = [lake.zstd(joined(lines[i:i + 500])) for i in range(0, 3000, 500)]
    skippable = b"\x50\x2a\x4d\x18" + struct.pack("<I", 4) + b"abcd"
    said = one.load(write("frames.zst", frames[0], skippable, *frames[1:]))
    assert said["stored"] == 3000, said
    one.holds("bitbucket", lines)


def test_packed_files_cut_in_the_middle(folder):
    for name, pack in (("gz", gzip.compress), ("zst", lake.zstd)):
        one = Lake(folder, name)
        lines = some(events=3000)
        packed = pack(joined(lines))
        path = f"half.{name}"
        result = one.load(write(path, packed[:len(packed) // 2]), expect=None)
        assert result["status"] == 1, result
        clear(result["run"], path, "end|cut|trunc|incomplete")
        result = one.load(write(path, packed[:-3]), expect=None)
        assert result["status"] == 1, result
        clear(result["run"], path)
        one.load(write(path, packed))
        one.holds("bitbucket", lines)


@slow
def test_packed_files_with_flipped_bits(folder):
    lines = some(events=1500)
    rng = random.Random(12)
    for name, pack in (("gz", gzip.compress), ("zst", lake.zstd)):
        packed = bytearray(pack(joined(lines)))
        one = Lake(folder, name)
        for _ in range(3 if lake.QUICK else 10):
            broken = bytearray(packed)
            at = rng.randrange(20, len(broken) - 8)
            broken[at] ^= 1 << rng.randrange(8)
            result = one.load(write(f"bad.{name}", bytes(broken)), expect=None)
            assert result["status"] in (0, 1, 3), result
            clear(result["run"])
            if name == "gz":  # its checksum covers everything
                assert result["status"] != 0, f"bit at {at} was not noticed"


@slow
def test_gzip_with_rubbish_behind(folder):
    one = Lake(folder)
    lines = some()
    result = one.load(write("tail.gz", gzip.compress(joined(lines)), b"rubbish at the end" * 10), expect=None)
    assert result["status"] in (0, 1, 3), result
    clear(result["run"], *(["tail.gz"] if result["status"] else []))
    one.load(write("good.gz", gzip.compress(joined(lines))))
    one.holds("bitbucket", lines)


def bomb(folder, name, data, seconds):
    one = Lake(folder)
    lines = some()
    write(name, data)
    one.load("nothing", expect=None)  # where a cluster stands under it, its tables are made now
    result = one.load("--memory", "256M", name, expect=None)
    assert result["status"] in (1, 2, 3), result
    clear(result["run"], name)
    if not lake.SANITIZED:
        assert result["run"].rss_mb < 320, f"{result['run'].rss_mb:.0f} MB of memory"
        assert result["run"].seconds < seconds, f"took {result['run'].seconds:.1f} s"
    size = sum(os.path.getsize(f) for f in one.files())
    assert size < 100 << 20, f"the bomb took {size >> 20} MB of the data folder"
    one.load("bitbucket.in")
    one.holds("bitbucket", lines)


@slow
def test_gzip_bomb(folder):
    squeeze = zlib.compressobj(9, zlib.DEFLATED, 31)
    size = 1 << 30 if lake.LONG else 256 << 20
    parts = [squeeze.compress(bytes(1 << 20)) for _ in range(size >> 20)]
    bomb(folder, "zeros.gz", b"".join(parts) + squeeze.flush(), 20)


@slow
def test_gzip_bomb_of_brackets(folder):
    squeeze = zlib.compressobj(9, zlib.DEFLATED, 31)
    parts = [squeeze.compress(b"[" * (1 << 20)) for _ in range(256)]
    bomb(folder, "brackets.gz", b"".join(parts) + squeeze.flush(), 20)


@slow
def test_zstd_bomb(folder):
    # A frame of "repeat this byte" blocks: 128 KiB each for 4 bytes.
    frame = b"\x28\xb5\x2f\xfd\x00\x58"
    size = 1 << 30 if lake.LONG else 256 << 20
    blocks = [struct.pack("<I", (131072 << 3) | 2)[:3] + b"a"] * (size >> 17)
    bomb(folder, "letters.zst", frame + b"".join(blocks) + b"\x01\x00\x00", 20)


def test_zstd_with_a_huge_window(folder):
    frame = b"\x28\xb5\x2f\xfd\x00\xa8" + struct.pack("<I", (3 << 3) | 1)[:3] + b"{}\n"
    bomb(folder, "window.zst", frame, 5)


@slow
def test_packed_within_packed(folder):
    bomb(folder, "twice.gz", gzip.compress(gzip.compress(joined(some()))), 5)


def test_wrong_table(folder):
    one = Lake(folder)
    lines = some()
    result = one.load("--table", "jira", "bitbucket.in", expect=None)
    assert result["status"] in (1, 2, 3), "a Bitbucket log went into the Jira table without a word"
    clear(result["run"], "bitbucket.in", "jira", "bitbucket_audit_logs")
    one.load("bitbucket.in")
    one.holds("bitbucket", lines)


def test_unknown_table_and_unknown_shape(folder):
    one = Lake(folder)
    some()
    result = one.run("import", "--table", "bitbuckit", "bitbucket.in")
    assert result.status in (1, 2), result
    clear(result, "bitbuckit", "bitbucket")
    write("other.ndjson", b'{"colour":"red","size":4}\n' * 100)
    result = one.run("import", "other.ndjson")
    assert result.status in (1, 2, 3), result
    clear(result, "other.ndjson", "--table|--schema")


def test_missing_files_and_folders(folder):
    one = Lake(folder)
    lines = some()
    os.mkdir("sub")
    for path in ("nowhere.log", "sub"):
        result = one.run("import", path)
        assert result.status in (1, 2), result
        clear(result, path)
    # one bad file does not keep the others out
    said = one.load("nowhere.log", "bitbucket.in", expect=1)
    assert said["stored"] == 400, said
    one.holds("bitbucket", lines)


def test_unreadable_file(folder):
    prefix = lake.as_nobody()
    one = Lake(folder)
    some()
    os.chmod("bitbucket.in", 0)
    os.mkdir(one.data)
    os.chmod(one.data, 0o777)
    os.chmod(".", 0o777)
    result = one.run("import", "bitbucket.in", prefix=prefix)
    assert result.status == 1, result
    clear(result, "bitbucket.in", "permission")


@slow
def test_read_only_data_folder(folder):
    prefix = lake.as_nobody()
    one = Lake(folder)
    lines = some()
    one.load("bitbucket.in")
    generate("more.in", "bitbucket", 300, "--seed", "9")
    for path in ("bitbucket.in", "more.in"):
        os.chmod(path, 0o644)
    lake.give_to_nobody(one.data)
    for where, _, names in os.walk(one.data):
        os.chmod(where, 0o555)
        for name in names:
            os.chmod(os.path.join(where, name), 0o444)
    os.chmod(".", 0o755)
    result = one.run("import", "more.in", prefix=prefix)
    assert result.status == 1, result
    clear(result, "data|read-only", "permission|read-?only|denied")
    for where, _, names in os.walk(one.data):
        os.chmod(where, 0o755)
        for name in names:
            os.chmod(os.path.join(where, name), 0o644)
    one.holds("bitbucket", lines)


def test_standard_input(folder):
    one = Lake(folder)
    lines = some()
    with open("bitbucket.in", "rb") as file:
        said = one.load("-", stdin=file)
    assert said["stored"] == 400, said
    said = one.load(write("packed.gz", gzip.compress(joined(lines))))
    assert (said["stored"], said["duplicates"]) == (0, 400), said
    with open("packed.gz", "rb") as file:
        said = one.load("-", stdin=file)
    assert (said["stored"], said["duplicates"]) == (0, 400), said
    one.holds("bitbucket", lines)


@slow
def test_names_that_are_hard_to_print(folder):
    one = Lake(folder)
    lines = some()
    name = "a\x1b[31m b\n\u202e.log"
    os.rename("bitbucket.in", name)
    one.load(name)
    result = one.run("import", "gone\x1b[2J\u202e.log")
    assert result.status == 1
    assert "\x1b" not in result.err and "\u202e" not in result.err, repr(result.err)
    one.holds("bitbucket", lines)


@slow
def test_hostile_text_on_the_terminal(folder):
    one = Lake(folder)
    lines = some(events=2)
    hostile = lines[0].replace(b'"action":"', b'"action":"\\u001b[31mred\\u202e \\u0007=cmd|x ')
    one.load(write("in", joined([hostile])))
    event = one.value("select event_id from events")
    for args in (("show", event), ("sql", "select action from events"), ("status",)):
        out = one.run(*args).out.decode()
        assert "\x1b" not in out and "\u202e" not in out and "\x07" not in out, (args, out)
    raw = one.run("show", "--raw", event).out
    assert raw.rstrip(b"\n") == hostile


def test_numbers_are_exact(folder):
    one = Lake(folder)
    import json
    record = json.loads(some("jira", 1)[0])
    numbers = [9007199254740993, 9223372036854775807, -9223372036854775808]
    rows = [dict(record, id=n, summary=f"n{i}") for i, n in enumerate(numbers)]
    one.load(write("in", joined(json.dumps(r).encode() for r in rows)))
    have = {r["action"]: int(r["id"]) for r in one.sql("select action, id from jira_audit_logs")}
    assert have == {f"n{i}": n for i, n in enumerate(numbers)}, have


@slow
def test_second_import_stores_nothing(folder):
    for table in TABLES:
        one = Lake(folder, table)
        lines = some(table, 3000, "--twins")
        first = one.load(table + ".in")
        second = one.load(table + ".in")
        assert (second["stored"], second["duplicates"]) == (0, first["stored"]), (table, second)
        assert first["stored"] == len(lines), (table, first)
        one.holds(table, lines)


@slow
def test_overlapping_files(folder):
    for table in TABLES:
        one = Lake(folder, table)
        lines = some(table, 3000)
        for i, (a, b) in enumerate(((500, 1500), (0, 1000), (1400, 3000), (700, 2100))):
            one.load(write(f"part{i}", joined(lines[a:b])))
        one.holds(table, lines)


def test_logs_of_two_nodes_add_up(folder):
    one = Lake(folder)
    lines = [re.sub(rb'"node":"[^"]*",', b"", line) for line in some(events=300)]
    assert not any(b'"node"' in line for line in lines)
    one.load("--node", "a", write("20260105.00000.audit.log", joined(lines)))
    said = one.load("--node", "b", "20260105.00000.audit.log")
    assert said["stored"] == 300, "the same line in two nodes' logs is two events"
    said = one.load("--node", "a", "20260105.00000.audit.log")
    assert said["stored"] == 0, said
    one.holds("bitbucket", lines + lines)


def test_a_log_has_the_node_that_its_lines_name(folder):
    """However it comes, and whatever instance is said that the lines say themselves."""
    one = Lake(folder)
    lines = some("bitbucket", 300, "--twins")
    system = json.loads(lines[0])["system"]
    log = write("20260105.00000.audit.log", joined(lines))
    assert one.load("--node", "web1", log)["stored"] == len(lines)
    for words in (["--node", "web2"], ["--node", "web1", "--instance", system],
                  ["--node", "web3", "--instance", system + "/"]):
        assert one.load(*words, log)["stored"] == 0, words
    one.holds("bitbucket", lines)


@slow
def test_two_sites_with_the_same_ids(folder):
    one = Lake(folder)
    lines = some("jira", 300)
    one.load("--instance", "https://a.example", "jira.in")
    said = one.load("--instance", "https://b.example", "jira.in")
    assert said["stored"] == 300, said
    said = one.load("--instance", "https://a.example", "jira.in")
    assert said["stored"] == 0, said
    one.holds("jira", lines + lines)
