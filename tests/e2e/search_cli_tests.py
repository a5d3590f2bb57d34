# SPDX-License-Identifier: Apache-2.0
"""pugmark search: the examples of its documentation, every format, paging, following, saving, mistakes, damage."""
import collections
import csv
import fcntl
import io
import json
import os
import pty
import re
import signal
import struct
import subprocess
import termios
import time

import lake
from lake import Lake, clear, generate, joined, slow, write


def demo(folder, events=8000):
    """The data of make demo, smaller."""
    one = Lake(folder)
    generate("b.log", "bitbucket", events // 2, "--twins", "--bad")
    generate("j.ndjson", "jira", events // 4)
    generate("c.ndjson", "confluence", events // 4)
    one.load("b.log", "j.ndjson", "c.ndjson", expect=None)
    return one


def search(one, *args, expect=0, **how):
    result = one.run("search", *args, **how)
    assert result.status == expect, f"search {args}: status {result.status}: {result.err}"
    return result


def count(one, *args):
    result = search(one, "--json", "--count", *args)
    return json.loads(result.out)["matched"]


def events(one, *args):
    return [json.loads(line) for line in search(one, "--format", "ndjson", *args).out.splitlines()]


@slow
def test_the_examples_of_the_documentation(folder):
    one = demo(folder, 40000)
    generate("o.ndjson", "org", 4000)
    generate("a.ndjson", "alerts", 1000)
    one.load("o.ndjson", "a.ndjson")
    with open(os.path.join(lake.ROOT, "docs", "search.md"), encoding="utf-8") as file:
        text = file.read()
    queries = [line for block in re.findall(r"```search\n(.*?)```", text, re.S) for line in block.split("\n") if line]
    assert len(queries) > 40, len(queries)
    for query in queries:
        found = count(one, "--", query)
        assert found > 0, f"{query} finds nothing"


@lake.slow
def test_every_format_shows_the_same(folder):
    one = demo(folder)
    total = count(one, "*")
    assert total == one.status()["tables"][0]["events"] + one.status()["tables"][1]["events"] + \
        one.status()["tables"][2]["events"]
    rows = events(one, "*")
    assert len(rows) == total == len({r["event_id"] for r in rows})
    times = [r.get("event_time", "") for r in rows]
    assert times == sorted(times, reverse=True), "not newest first"
    whole = json.loads(search(one, "--json", "*").out)
    assert whole["events"] == rows and whole["matched"] == total and not whole["more"]
    table = list(csv.DictReader(io.StringIO(search(one, "--format", "csv", "*").out.decode())))
    assert [r["event_id"] for r in table] == [r["event_id"] for r in rows]
    assert not any(v and v[0] in "=+@\t\r" for r in table for v in r.values()), "a formula"
    raw = search(one, "--raw", "*").out
    assert sorted(raw.split(b"\n")) == sorted(joined(one.raw()).split(b"\n")), "raw bytes differ"
    lines = search(one, "--limit", "0", "*").out.decode().split("\n")
    assert len(lines) == total + 3
    for line in lines:
        assert not re.search("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", line), repr(line)
    named = events(one, "--columns", "actor,ip", "table:jira")
    assert all(set(r) <= {"table", "event_id", "event_time", "actor", "ip"} for r in named)


@lake.slow
def test_counts_agree_with_rows(folder):
    one = demo(folder)
    rows = events(one, "*")
    for query, passes in (
            ("actor:grace.andersson", lambda r: r.get("actor", "").lower() == "grace.andersson"),
            ("ip:10.20.0.0/16", lambda r: r.get("ip", "").startswith("10.20.")),
            ("NOT ip:*", lambda r: "ip" not in r),
            ("ip:\"\"", lambda r: r.get("ip") == ""),
            ("action:*permission*", lambda r: "permission" in r.get("action", "").lower()),
            ("action:'User logged in'", lambda r: r.get("action") == "User logged in"),
            ("table:jira OR table:confluence", lambda r: r["table"] != "bitbucket_audit_logs"),
            ("target:*-*", lambda r: any("-" in t for t in r.get("targets", []))),
            ("event_time:2026-01-14", lambda r: r.get("event_time", "").startswith("2026-01-14")),
            ("event_time:[2026-01-10 TO 2026-01-20}",
             lambda r: "2026-01-10" <= r.get("event_time", "") < "2026-01-20"),
            ("NOT event_time:*", lambda r: "event_time" not in r),
            ("vault_length:>=700 vault_length:<800", lambda r: 700 <= r["vault_length"] < 800),
            ("changed_values:{field_name:\"Active / Inactive\" changed_to:Inactive}",
             lambda r: r["table"] == "jira_audit_logs" and any(
                 c.get("field_name") == "Active / Inactive" and c.get("changed_to") == "Inactive"
                 for c in r.get("changed_values", [])))):
        want = [r["event_id"] for r in rows if passes(r)]
        assert want, f"{query}: the test has no such row"
        have = [r["event_id"] for r in events(one, query)]
        assert have == want, f"{query}: {len(have)} rows, not {len(want)}"
        assert count(one, query) == len(want)


def test_histogram_and_facets(folder):
    one = demo(folder)
    rows = events(one, "permission")
    said = json.loads(search(one, "--json", "--count", "--histogram", "--facet", "action", "--facet", "table,ip",
                             "permission").out)
    assert said["matched"] == len(rows)
    histogram = said["histogram"]
    assert sum(b["count"] for b in histogram["buckets"]) + histogram["no_time"] == len(rows)
    assert [f["field"] for f in said["facets"]] == ["action", "table", "ip"]
    for facet in said["facets"]:
        for value in facet["values"]:
            want = sum(1 for r in rows if r.get(facet["field"]) == value["value"])
            assert value["count"] == want, (facet["field"], value, want)
    drawn = search(one, "--histogram", "--facet", "action", "--limit", "1", "permission").out.decode()
    assert "█" in drawn and "one bar = " in drawn and "action: " in drawn and "event_time" in drawn


@lake.slow
def test_pages_cover_everything_once(folder):
    one = demo(folder)
    for order in ("-event_time", "event_time"):
        every = [r["event_id"] for r in events(one, "--sort", order, "action:*user*")]
        seen, after = [], []
        while True:
            page = json.loads(search(one, "--json", "--limit", "97", "--sort", order, *after, "action:*user*").out)
            seen += [e["event_id"] for e in page["events"]]
            if not page["more"]:
                break
            after = ["--after", page["next"]]
        assert seen == every and len(seen) == len(set(seen)), order
    actors = [r.get("actor", "") for r in events(one, "--sort", "actor", "actor:* NOT actor:\"\"")]
    assert len(actors) > 1000 and [a.lower() for a in actors] == sorted(a.lower() for a in actors)


def test_mistakes_are_shown_at_their_place(folder):
    one = demo(folder, 400)
    for args, words in ((("actr:bob",), ("actr:bob", r"\^~~~\n", "did you mean `actor`")),
                        (("actor:\"bob",), ("quote is not closed",)),
                        (("(actor:bob",), ("not closed",)), (("(" * 10000,), ("deeper",)),
                        (("event_time:2026-02-30",), ("is a time",)), (("actor:/(/",), ("parenthes",)),
                        (("NOT",), ("nothing stands after",)), (("table:jirra",), ("jira",)),
                        (("--columns", "actr", "*"), ("did you mean `actor`",)),
                        (("--facet", "actr", "*"), ("did you mean",)), (("--sort", "-actr", "*"), ("did you mean",)), (("--sort", "table", "*"), ("no order",)),
                        (("--after", "x", "*"), ("--after",)), (("--limit", "many", "*"), ("number",)),
                        (("--since", "soon", "*"), ("no time",)), (("--table", "jirra", "*"), ("no table",)),
                        (("--count", "--format", "csv", "*"), ("table and json",)),
                        (("--follow", "--json", "*"), ("ndjson",)), (("--raw", "--json", "*"), ("--raw",)),
                        (("--query-file", "nowhere", "*"), ("nowhere",)),
                        (("\u202eactor\x1b[31m:x",), (r"\\u\{202e\}", r"\\x1b"))):
        result = one.run("search", *args)
        assert result.status in (1, 2), f"{args}: {result.status}"
        clear(result, *words)
        assert result.out == b"", args
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f\u202a-\u202e]", result.err), repr(result.err)
    search(one, "NOT NOT NOT actor:*")
    result = search(one, "actor:nobody")
    assert result.out == b""
    clear(result, "none of", "whole value")
    clear(search(one, "--since", "2030", "*"), "outside")
    clear(search(one, "x or y", "actor:nobody"), "OR")
    clear(search(one, "action:User logged in"), "in quotes")


def test_a_query_of_a_megabyte(folder):
    one = demo(folder)
    rows = events(one, "ip:10.20.0.0/16")
    addresses = [f"10.20.{i >> 8}.{i & 255}" for i in range(50000)]
    write("query", ("ip:(" + " OR ".join(addresses) + ")\n").encode())
    assert os.path.getsize("query") > 700000
    want = [r["event_id"] for r in rows if int(r["ip"].split(".")[2]) * 256 + int(r["ip"].split(".")[3]) < 50000]
    result = search(one, "--format", "ndjson", "--query-file", "query")
    assert [json.loads(line)["event_id"] for line in result.out.splitlines()] == want
    if not lake.SANITIZED:
        assert result.seconds < 10, result.seconds
    with open("query", "rb") as file:
        again = search(one, "--format", "ndjson", "-", stdin=file)
    assert again.out == result.out


def on_terminal(one, width, *args, color=True):
    """What a terminal of that width gets."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, width, 0, 0))
    env = dict(os.environ, **({} if color else {"NO_COLOR": "1"}))
    if color:
        env.pop("NO_COLOR", None)
    process = subprocess.Popen([lake.PUGMARK, "search", "--data", one.data, *args], stdout=theirs, env=env,
                               stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
    os.close(theirs)
    out = b""
    while True:
        try:
            part = os.read(ours, 65536)
        except OSError:
            break
        if not part:
            break
        out += part
    os.close(ours)
    assert process.wait(60) == 0
    return out.decode().replace("\r\n", "\n")


def test_a_terminal_gets_what_fits_with_the_match_marked(folder):
    one = demo(folder, 2000)
    marked = on_terminal(one, 120, "--limit", "5", "permission")
    assert re.search("\x1b\\[1;4m[Pp]ermission\x1b\\[0m", marked), marked
    plain = on_terminal(one, 120, "--limit", "5", "permission", color=False)
    assert "\x1b" not in plain and plain == re.sub("\x1b\\[[0-9;]*m", "", marked)
    for width in (30, 60, 80, 100, 160, 250):
        for args in (("--limit", "50", "*"), ("--histogram", "--facet", "actor,action", "--limit", "3", "*")):
            lines = on_terminal(one, width, *args, color=False).split("\n")
            for line in lines:
                if width >= 60 and "one bar" not in line:
                    assert len(line) <= width, (width, line)
            assert any(line.startswith("event_time") for line in lines)
    assert "event_id" in on_terminal(one, 250, "--limit", "1", "*")
    assert "event_id" not in on_terminal(one, 80, "--limit", "1", "*")


def test_the_values_of_a_field(folder):
    one = demo(folder, 2000)
    counts = collections.Counter(e["action"] for e in events(one, "*") if "action" in e)
    wanted = {v: n for v, n in counts.items() if v.lower().startswith("user")}
    assert len(wanted) > 3
    got = json.loads(search(one, "--values", "action", "--json", "uSer").out)
    assert {v["value"]: v["count"] for v in got} == wanted
    lines = search(one, "--values", "action", "--limit", "2", "uSer").out.decode().splitlines()
    assert lines == [f"{v['value']}\t{v['count']}" for v in got[:2]] and got[0]["count"] == max(wanted.values())
    clear(search(one, "--values", "actr", expect=2), "did you mean `actor`?")


def test_searches_are_saved(folder):
    one = demo(folder, 2000)
    want = events(one, "--since", "2026-01-10", "action:*user*")
    clear(search(one, "--save", "users", "--since", "2026-01-10", "action:*user*"), "--saved 'users'")
    assert events(one, "--saved", "users") == want
    some = [e for e in want if e["table"] == "jira_audit_logs"]
    assert events(one, "--saved", "users", "table:jira") == some and len(some) < len(want)
    search(one, "--save", "users", "action:x")
    (saved,) = json.loads(search(one, "--list-saved", "--json").out)
    assert (saved["name"], saved["query"], saved["options"]) == ("users", "action:x", {})
    assert b"users  action:x" in search(one, "--list-saved").out
    search(one, "--save", "wrong", "actr:x", expect=2)
    search(one, "--delete-saved", "users")
    clear(search(one, "--delete-saved", "users", expect=1), "--list-saved")
    clear(search(one, "--saved", "users", expect=1), "--list-saved")


def follow(one, *args):
    return subprocess.Popen([lake.PUGMARK, "search", "--data", one.data, "--follow", *args], stdout=open("out", "wb"),
                            stderr=open("err", "wb"), stdin=subprocess.DEVNULL)


def wait_for(lines):
    for _ in range(200):
        with open("out", "rb") as file:
            if file.read().count(b"\n") >= lines:
                return
        time.sleep(0.1)


@lake.slow
def test_following_shows_each_new_event_once(folder):
    one = Lake(folder)
    lines, _, _ = generate("b.log", "bitbucket", 300)
    generate("c.ndjson", "confluence", 100)
    write("b1", joined(lines[:100]))
    write("b2", joined(lines[100:]))
    one.load("b1")
    process = follow(one, "--format", "ndjson", "--limit", "5", "*")
    try:
        wait_for(5)
        one.load("b2")
        wait_for(205)
        one.run("compact")
        one.load("c.ndjson")
        one.run("rebuild")
        wait_for(305)
        time.sleep(2.5)
    finally:
        process.send_signal(signal.SIGINT)
        status = process.wait(20)
    assert status == 130, status
    with open("out", "rb") as file:
        ids = [json.loads(line)["event_id"] for line in file]
    assert len(ids) == len(set(ids)) == 305, (len(ids), len(set(ids)))
    newest = [e["event_id"] for e in events(one, "--limit", "400", "*")]
    assert set(ids) <= set(newest)


def test_a_damaged_file_is_named_and_the_others_answer(folder):
    one = demo(folder, 2000)
    want = count(one, "User* NOT table:jira")
    (path,) = list(one.files("tables/jira_audit_logs"))
    os.chmod(path, 0o644)
    with open(path, "r+b") as file:
        size = os.path.getsize(path)
        file.seek(100)
        file.write(bytes(size // 2))
    result = search(one, "--json", "--count", "User*", expect=3)
    said = json.loads(result.out)
    assert said["matched"] == want and len(said["problems"]) == 1 and path in said["problems"][0]["path"], said
    clear(search(one, "User*", expect=3), "not searched", os.path.basename(path), "verify")
    assert count(one, "User* NOT table:jira") == want


def test_an_empty_lake(folder):
    one = Lake(folder, "nowhere")
    result = one.run("search", "*")
    assert result.status == 1
    clear(result, "nowhere", "import")
    write("bad", b"no json\n")
    one.load("bad", "--table", "jira", expect=None)
    clear(search(one, "*"), "no events yet", "import")
