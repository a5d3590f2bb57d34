# SPDX-License-Identifier: Apache-2.0
"""Indicators asked of what is stored: answers equal a plain scan of the raw events, whatever order, pieces, copies, compaction,
retention and crashes the events went through; watchlists find the same whether they or the events came first."""
import collections
import ipaddress
import json
import os
import random
import re

import lake
from lake import Lake, joined, long, says, slow, write

DAY = 86_400
BEGIN = 1_727_136_000  # 2024-09-24T00:00:00Z


# ---- events ------------------------------------------------------------------------------------


class World:
    """What may stand in events; few of each, so that many events share them."""

    def __init__(self, seed, size=40):
        rng = self.rng = random.Random(seed)
        self.v4 = [f"203.0.113.{n}" for n in range(size)] + [f"10.{rng.randrange(256)}.{rng.randrange(256)}.7" for _ in range(size)]
        self.v6 = [f"2001:db8::{n:x}" for n in range(1, size)]
        self.users = [f"user.{n}" for n in range(size)] + ["Zoë König", "O'Neil", "bob@corp.example"]
        self.accounts = [f"5b10a2844c20165700ed{n:04x}" for n in range(size)]
        self.domains = [f"{'www.' if n % 3 else ''}host{n}.evil{n % 7}.com" for n in range(size)]
        self.mails = [f"bot{n}@mail.evil{n % 5}.org" for n in range(size)]
        self.hashes = [f"{rng.getrandbits(n):0{n // 4}x}" for n in (128, 160, 256) for _ in range(size // 3)]

    def word(self):
        rng = self.rng
        kind = rng.randrange(8)
        if kind == 0:
            return rng.choice(self.v4)
        if kind == 1:
            return f"https://{rng.choice(self.domains)}/path/{rng.randrange(9)}?q=1"
        if kind == 2:
            return rng.choice(self.domains)
        if kind == 3:
            return rng.choice(self.mails)
        if kind == 4:
            return rng.choice(self.hashes)
        if kind == 5:
            return rng.choice(self.v6)
        return rng.choice(["granted", "ledger-queue", "x", "release 1.2.3", "see README"])

    def text(self):
        return " ".join(self.word() for _ in range(self.rng.randrange(4)))

    def address(self):
        """An address, sometimes written otherwise."""
        a = self.rng.choice(self.v4 + self.v6)
        if self.rng.random() < 0.1 and ":" not in a:
            return "::ffff:" + a
        return a.upper() if self.rng.random() < 0.1 else a

    def bitbucket(self, n):
        rng = self.rng
        second = BEGIN + rng.randrange(5 * DAY)
        event = {
            "affectedObjects": [{"id": str(n), "name": self.text() or "repo", "type": "REPOSITORY"} for _ in range(rng.randrange(3))],
            "auditType": {"action": "Repository read", "actionI18nKey": "x.read", "area": "END_USER_ACTIVITY", "category": "Repositories",
                          "categoryI18nKey": "x.repositories", "level": "BASE"},
            "author": {"id": rng.choice(self.accounts), "name": rng.choice(self.users), "type": "NORMAL"},
            "changedValues": [{"key": "k", "i18nKey": "k", "from": self.text(), "to": self.text()}] if rng.random() < 0.5 else [],
            "extraAttributes": [{"name": "target", "nameI18nKey": "t", "value": self.text()}], "method": "Browser", "node": "node-1",
            "source": self.address(), "system": "https://bitbucket.corp.example", "version": "1.0",
            "timestamp": {"epochSecond": second, "nano": n % 1000 * 1000}}
        if rng.random() < 0.02:
            del event["timestamp"]
        return json.dumps(event).encode()

    def jira(self, n):
        rng = self.rng
        return json.dumps({
            "id": n, "summary": "Issue " + self.text(), "category": "user management", "authorKey": rng.choice(self.users),
            "authorAccountId": rng.choice(self.accounts), "remoteAddress": self.address(), "created":
            f"2024-09-2{4 + rng.randrange(5)}T0{rng.randrange(10)}:00:00.{n % 1000:03}+0000",
            "objectItem": {"id": "1", "name": self.text(), "typeName": "USER"},
            "changedValues": [{"fieldName": "f", "changedFrom": self.text(), "changedTo": self.text()}]}).encode()


def events_of(seed, n):
    world = World(seed)
    return world, {"bitbucket": [world.bitbucket(i) for i in range(n)], "jira": [world.jira(i) for i in range(n // 2)]}


# ---- the plain scan ----------------------------------------------------------------------------


def texts_of(table, event):
    if table == "jira":
        yield event["summary"]
        yield event["objectItem"]["name"]
        for change in event["changedValues"]:
            yield change["changedFrom"]
            yield change["changedTo"]
        return
    for thing in event["affectedObjects"]:
        yield thing["name"]
    for change in event["changedValues"]:
        yield change["from"]
        yield change["to"]
    for more in event["extraAttributes"]:
        yield more["value"]


def address_of(text):
    try:
        a = ipaddress.ip_address(text)
    except ValueError:
        return None
    return a.ipv4_mapped or a if a.version == 6 else a


def held(table, event):
    """The set of (kind, value) that one event holds."""
    found = set()

    def name(host):
        found.add(("domain", host.lower()))

    def address(text):
        a = address_of(text)
        if a is not None:
            found.add(("ip", str(a)))
        return a is not None

    if table == "jira":
        address(event["remoteAddress"])
        found |= {("user", event["authorKey"].casefold()), ("account", event["authorAccountId"])}
    else:
        address(event["source"])
        found |= {("user", event["author"]["name"].casefold()), ("account", event["author"]["id"]), ("host", event["node"])}
        name("bitbucket.corp.example")
    for text in texts_of(table, event):
        for token in text.split():
            if token.startswith("https://"):
                found.add(("url", token))
                name(token.split("/")[2])
            elif re.fullmatch(r"[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64}", token):
                found.add(("hash", token))
            elif "@" in token:
                found.add(("mail", token))
                name(token.split("@")[1])
            elif not address(token) and re.fullmatch(r"[a-z0-9.-]+\.(com|org|example)", token):
                name(token)
    return found


class Scan:
    """How often each thing is held, by table; a plain scan of the raw lines."""

    def __init__(self, lines):
        self.counts = {}
        for table, list_ in lines.items():
            counts = self.counts[table] = collections.Counter()
            for line in list_:
                counts.update(self.matches(held(table, json.loads(line))))

    @staticmethod
    def matches(found):
        """The indicators that an event with these matches."""
        words = set()
        for kind, value in found:
            words.add(value)
            if kind == "domain":
                labels = value.split(".")
                words.update(".".join(labels[i:]) for i in range(1, len(labels)))
        return words

    def of(self, word):
        word = word.casefold() if not re.fullmatch(r"5b10a2844c.*", word) else word
        return {lake.full(table): counts[word] for table, counts in self.counts.items() if counts[word]}


def ask(one, words, *options, status=0):
    path = os.path.join(os.path.dirname(one.data), "words.txt")
    write(path, "\n".join(words).encode() + b"\n")
    result = one.run("ioc", "search", "--file", path, "--list-format", "plain", "--json", *options)
    assert result.status == status, result.err
    return json.loads(result.out)["indicators"]


def same(one, scan, words):
    for answer, word in zip(ask(one, words), words, strict=True):
        assert answer["indicator"] == word
        assert "unusable" not in answer, answer
        assert answer["tables"] == scan.of(word), (word, answer, scan.of(word))
        assert answer["events"] == sum(scan.of(word).values()) and not answer["at_most"], answer


def some_words(world, n, seed):
    rng = random.Random(seed)
    pool = (world.v4 + world.v6 + [u for u in world.users if " " not in u and "'" not in u] + world.accounts + world.domains +
            world.mails + world.hashes + [d.split(".", 1)[1] for d in world.domains] +
            [f"https://{d}/path/{rng.randrange(9)}?q=1" for d in world.domains])
    words = []
    while len(words) < n:
        kind = rng.random()
        if kind < 0.5:
            words.append(rng.choice(pool))
        elif kind < 0.7:
            words.append(f"198.51.{rng.randrange(256)}.{rng.randrange(256)}")
        elif kind < 0.85:
            words.append(f"absent{rng.randrange(10 ** 6)}.example.net")
        else:
            words.append(f"{rng.getrandbits(128):032x}")
    return words


def loaded(folder, lines, pieces=1, name="data", seed=0):
    one = Lake(folder, name)
    rng = random.Random(seed)
    for table, list_ in lines.items():
        list_ = list(list_)
        rng.shuffle(list_)
        cut = max(1, len(list_) // pieces)
        for at in range(0, len(list_), cut):
            path = write(os.path.join(folder, "piece.log"), joined(list_[at:at + cut]))
            one.load("--table", table, "--instance", "https://x.example", path)
    return one


# ---- searching ---------------------------------------------------------------------------------


def test_equals_a_plain_scan(folder):
    world, lines = events_of(1, 3000)
    one = loaded(folder, lines, pieces=12)
    scan = Scan(lines)
    words = some_words(world, 10_000, 2)
    same(one, scan, words)
    assert one.run("compact").status == 0
    same(one, scan, words[:2000])
    assert one.run("rebuild", "bitbucket").status == 0
    same(one, scan, words[:2000])
    one.load("--table", "jira", "--instance", "https://x.example", write(os.path.join(folder, "again"), joined(lines["jira"])))
    same(one, scan, words[:2000])
    assert not one.verify()


def test_times_and_actors(folder):
    lines = {"bitbucket": [], "jira": []}
    world = World(3)
    for n in range(50):
        event = json.loads(world.bitbucket(n))
        event["source"] = "192.0.2.77"
        event["author"]["name"] = f"actor-{n % 4}"
        event["timestamp"] = {"epochSecond": BEGIN + n, "nano": 0}
        lines["bitbucket"].append(json.dumps(event).encode())
    one = loaded(folder, lines, pieces=5)
    (answer,) = ask(one, ["192.0.2.77"])
    assert answer["events"] == 50 and answer["first_seen"] == "2024-09-24T00:00:00.000000Z"
    assert answer["last_seen"] == "2024-09-24T00:00:49.000000Z"
    assert answer["actors"] == [f"actor-{n}" for n in range(4)] and not answer["more_actors"]


def test_retention_and_missing_runs(folder):
    world, lines = events_of(4, 1200)
    one = loaded(folder, lines, pieces=12)
    words = some_words(world, 2000, 5)
    # What was written before there was an index: it is made when it is asked.
    import sqlite3
    with sqlite3.connect(os.path.join(one.data, "catalog.db")) as catalog:
        catalog.execute("PRAGMA foreign_keys=ON")
        (n,) = catalog.execute("SELECT count(*) FROM observable_runs").fetchone()
        assert n >= 13, n
        catalog.execute("DELETE FROM observable_runs")
        catalog.execute("UPDATE tables SET observed = NULL")
    result = one.run("ioc", "search", "203.0.113.1")
    says(result, "before there was an index")
    same(one, Scan(lines), words)
    kept = {"jira": lines["jira"], "bitbucket": lines["bitbucket"]}
    env = {"PUGMARK_NOW": str((BEGIN + 5 * DAY) * 1_000_000)}
    result = one.run("compact", "--keep", "2", env=env)
    assert result.status == 0, result.err
    kept = {table: one.raw(table) for table in lines}
    assert len(kept["bitbucket"]) < len(lines["bitbucket"])
    same(one, Scan(kept), words)


def test_events(folder):
    world, lines = events_of(6, 800)
    one = loaded(folder, lines, pieces=5)
    word = world.v4[3]
    want = sum(word in Scan.matches(held(table, json.loads(line))) for table, list_ in lines.items() for line in list_)
    assert want > 5
    result = one.run("ioc", "search", "--events", "--format", "ndjson", word)
    rows = [json.loads(line) for line in result.out.splitlines()]
    assert len(rows) == want and len({r["event_id"] for r in rows}) == want
    assert all(r["indicator"] == word for r in rows)
    result = one.run("ioc", "search", "--events", "--limit", "3", word)
    assert result.status == 0 and f"{want} events, shown are the newest 3" in result.err, result.err
    result = one.run("ioc", "search", "--events", "--format", "ndjson", "--since", "2024-09-25", "--until", "2024-09-26", word)
    times = [json.loads(line)["event_time"] for line in result.out.splitlines()]
    assert times and all(t.startswith("2024-09-25") for t in times)
    # Newest first in a table.
    result = one.run("ioc", "search", "--events", "--limit", "0", "--format", "csv", word)
    times = [line.split(b",")[0] for line in result.out.splitlines()[1:]]
    timed = [t for t in times if t]
    assert len(times) == want and timed == sorted(timed, reverse=True)


def test_ranges_and_counts_that_are_exact(folder):
    lines = {"bitbucket": []}
    world = World(7)
    for n in range(60):
        event = json.loads(world.bitbucket(n))
        event.update(source=f"198.51.100.{n}", changedValues=[], affectedObjects=[], extraAttributes=[
            {"name": "t", "nameI18nKey": "t", "value": f"from 198.51.100.{n + 1} at a{n % 2}.b.evil.com or www.evil.com"}])
        lines["bitbucket"].append(json.dumps(event).encode())
    one = loaded(folder, lines)
    answers = ask(one, ["198.51.100.0/24", "198.51.100.0/28", "198.51.100.32-198.51.100.33", "evil.com", "*.evil.com", "b.evil.com",
                        "vil.com", "*.b.evil.com"])
    events = [a["events"] for a in answers]
    # An event with two addresses of a range is one event.
    assert events == [60, 16, 3, 60, 60, 60, 0, 60], events
    assert not any(a["at_most"] for a in answers)
    answers = ask(one, ["evil.com", "b.evil.com", "www.evil.com"], "--exact")
    assert [a["events"] for a in answers] == [0, 0, 60]


def test_wrong_input(folder):
    world, lines = events_of(8, 60)
    one = loaded(folder, lines)
    result = one.run("ioc", "search", "0.0.0.0/0", "*.com", "203.0.113.1")
    assert result.status == 3 and result.out.count(b"would match nearly everything") == 2, result.out
    result = one.run("ioc", "search", "--allow-wide", "0.0.0.0/0", "--json")
    assert result.status == 0 and json.loads(result.out)["indicators"][0]["events"] > 0
    assert one.run("ioc", "search").status == 2
    assert one.run("ioc", "hunt").status == 2
    assert one.run("ioc", "search", "--kind", "fish", "x").status == 2
    assert one.run("ioc", "search", "--list-format", "fish", "--file", "x").status == 2
    assert one.run("ioc", "search", "--file", "/nonexistent").status == 1
    for bad, word in ((b"<!DOCTYPE html><html><body>Not found</body></html>", "HTML"), (b"a\0b\0c\n" * 100, "binary|NUL"),
                      (b'{"type": "bundle", "objects": [', "JSON|ends|line")):
        path = write(os.path.join(folder, "bad"), bad)
        result = one.run("ioc", "search", "--file", path)
        assert result.status == 1, (bad, result.out, result.err)
        says(result, word)
    empty = Lake(folder, "none")
    assert empty.run("ioc", "search", "x").status == 1


def test_a_report_with_defanged_indicators(folder):
    world, lines = events_of(9, 400)
    one = loaded(folder, lines)
    address, domain, mail = world.v4[1], world.domains[1], world.mails[1]
    report = (f"The actor came from {address.replace('.', '[.]')}, used hxxps://{domain.replace('.', '[.]')}/x and wrote from\n"
              f"{mail.replace('@', '[at]').replace('.', '[.]')} (see 1.2.3).")
    path = write(os.path.join(folder, "report.txt"), report.encode())
    result = one.run("ioc", "search", "--file", path, "--list-format", "text", "--json")
    answers = json.loads(result.out)["indicators"]
    kinds = [a["kind"] for a in answers]
    assert kinds == ["ipv4", "url", "email"], answers
    scan = Scan(lines)
    assert answers[0]["tables"] == scan.of(address) and answers[2]["tables"] == scan.of(mail)


def test_hostile_values(folder):
    world = World(10)
    evil = "\x1b[31m\u202eevil\x07"
    event = json.loads(world.bitbucket(1))
    event["author"]["name"] = evil
    event["source"] = "192.0.2.9"
    one = loaded(folder, {"bitbucket": [json.dumps(event).encode()]})
    for options in ([], ["--json"], ["--events"], ["--events", "--format", "ndjson"]):
        result = one.run("ioc", "search", *options, "192.0.2.9", evil)
        assert not re.search(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|\xe2\x80\xae", result.out), (options, result.out)
    answers = json.loads(one.run("ioc", "search", "--json", evil).out)["indicators"]
    assert answers[0]["events"] == 1, answers


# ---- watchlists --------------------------------------------------------------------------------


def alerts(one):
    """All alerts of watchlists, without what hangs on the time of asking."""
    lines = [line for line in one.run("alerts", "export").out.splitlines() if b'"rule":"watchlist:' in line]
    keys = ("id", "rule", "group", "day", "first_event", "last_event", "events", "level", "title", "state", "actor", "ip")
    return sorted(json.dumps({k: a.get(k) for k in keys}, sort_keys=True) for a in map(json.loads, lines))


def add(one, name, words, *options, status=0):
    path = write(os.path.join(os.path.dirname(one.data), "list.txt"), "\n".join(words).encode() + b"\n")
    result = one.run("ioc", "add", name, "--file", path, "--list-format", "plain", *options)
    assert result.status == status, result.err
    return result


def watch_words(world):
    return world.v4[:6] + world.domains[:4] + [world.mails[0], world.users[0], world.accounts[2], "198.51.100.0/24", "10.0.0.0/8",
                                               "*.evil3.com", "never.seen.example"]


def expected_cells(lines, words):
    """(indicator, day) → events, by a plain scan."""
    cells = collections.Counter()
    nets = [w for w in words if "/" in w]
    for table, list_ in lines.items():
        for line in list_:
            event = json.loads(line)
            found = held(table, event)
            matched = Scan.matches(found)
            hit = {w for w in words if w.casefold() in matched or w in matched}
            for w in words:
                if w.startswith("*.") and any(k == "domain" and v.endswith(w[1:]) for k, v in found):
                    hit.add(w)
            for net in nets:
                hit |= {net for k, v in found if k == "ip" and ipaddress.ip_address(v) in ipaddress.ip_network(net)}
            if table == "jira":
                day = event["created"][:10]
            else:
                day = event["timestamp"]["epochSecond"] // DAY * DAY if "timestamp" in event else None
                day = f"2024-09-{24 + (day - BEGIN) // DAY}" if day is not None else None
            cells.update((w, day) for w in hit)
    return cells


def found_cells(one):
    cells = {}
    for line in one.run("alerts", "export").out.splitlines():
        a = json.loads(line)
        if not a["rule"].startswith("watchlist:"):
            continue
        day = a["first_event"][:10] if a["first_event"] else None
        cells[(a["group"], day)] = a["events"]
    return cells


def same_cells(one, want):
    found = found_cells(one)
    wrong = {cell: (found.get(cell, 0), want.get(cell, 0)) for cell in set(found) | set(want)
             if found.get(cell, 0) != want.get(cell, 0)}
    assert not wrong, f"found, expected: {dict(list(wrong.items())[:5])}"


def test_list_first_or_events_first(folder):
    world, lines = events_of(11, 900)
    words = watch_words(world)
    one, two = Lake(folder, "one"), Lake(folder, "two")
    for table, list_ in lines.items():
        one.load("--table", table, "--instance", "https://x.example", write(os.path.join(folder, "all"), joined(list_)))
    add(one, "list", words)
    add(two, "list", words)
    rng = random.Random(12)
    for table, list_ in lines.items():
        list_ = list(list_)
        rng.shuffle(list_)
        for at in range(0, len(list_), 97):
            two.load("--table", table, "--instance", "https://x.example",
                     write(os.path.join(folder, "piece"), joined(list_[at:at + 97])))
    want = expected_cells(lines, words)
    same_cells(one, want)
    same_cells(two, want)
    assert len(alerts(one)) > 20 and alerts(one) == alerts(two)
    # Asked again, nothing changes; compaction and rebuilding neither.
    before = alerts(two)
    assert two.run("compact").status == 0 and two.run("rebuild", "bitbucket").status == 0
    add(two, "list", words[:3])
    assert alerts(two) == before
    assert not two.verify()


def test_only_new_indicators_are_swept(folder):
    world, lines = events_of(13, 300)
    one = Lake(folder, "one")
    for table, list_ in lines.items():
        one.load("--table", table, write(os.path.join(folder, "all"), joined(list_)))
    add(one, "list", world.v4[:3])
    result = add(one, "list", world.v4[:5])
    assert "2 added, 0 removed, 3 given twice" in result.out.decode(), result.out
    says(result, "history: [0-2] indicators? seen")
    result = one.run("ioc", "remove", "list", world.v4[0])
    assert "4 indicators, 0 added, 1 removed" in result.out.decode(), result.out
    result = add(one, "list", world.v4[2:6], "--replace")
    assert "4 indicators, 1 added, 1 removed" in result.out.decode(), result.out
    shown = one.run("ioc", "list", "list", "--format", "csv").out.decode().split()
    assert sorted(row.split(",")[0] for row in shown[1:]) == sorted(world.v4[2:6])


def test_expiry(folder):
    one = Lake(folder, "one")
    world = World(14)
    stix = {"type": "bundle", "id": "bundle--1", "objects": [
        {"type": "indicator", "spec_version": "2.1", "id": "indicator--11111111-1111-4111-8111-111111111111", "pattern_type": "stix",
         "pattern": "[ipv4-addr:value = '192.0.2.50']", "valid_from": "2024-01-01T00:00:00Z", "valid_until": "2024-09-25T00:00:00Z"}]}
    path = write(os.path.join(folder, "bundle.json"), json.dumps(stix).encode())
    result = one.run("ioc", "add", "stix", "--file", path)
    assert result.status == 0, result.err
    lines = []
    for second in (10, DAY - 1, DAY, DAY + 10):
        event = json.loads(world.bitbucket(second))
        event.update(source="192.0.2.50", timestamp={"epochSecond": BEGIN + second, "nano": 0})
        lines.append(json.dumps(event).encode())
    one.load("--table", "bitbucket", write(os.path.join(folder, "log"), joined(lines)))
    assert found_cells(one) == {("192.0.2.50", "2024-09-24"): 2}, found_cells(one)


def test_pause_remove_and_words(folder):
    world, lines = events_of(15, 200)
    one = Lake(folder, "one")
    add(one, "list", world.v4[:40])
    assert one.run("ioc", "pause", "list").status == 0
    for table, list_ in lines.items():
        one.load("--table", table, write(os.path.join(folder, "all"), joined(list_)))
    assert not alerts(one)
    result = one.run("ioc", "resume", "list")
    assert result.status == 0
    n = len(alerts(one))
    assert n > 0, "events that came while the list was paused are asked when it is watched again"
    (shown,) = json.loads(one.run("ioc", "list", "--json").out)["watchlists"]
    assert shown["indicators"] == 40 and shown["swept"]
    assert one.run("ioc", "remove", "list").status == 0
    assert len(alerts(one)) == n
    assert json.loads(one.run("ioc", "list", "--json").out)["watchlists"] == []
    assert one.run("ioc", "remove", "list").status == 1
    assert one.run("ioc", "add", "Bad Name!", "x").status == 2
    assert one.run("ioc", "add", "list").status == 2
    assert one.run("ioc", "add", "list", "--level", "hot", "x").status == 2
    result = one.run("ioc", "add", "list", "0.0.0.0/0", "192.0.2.1")
    assert result.status == 3 and "nearly everything" in result.err
    assert not one.verify()


@slow
def test_killed_anywhere(folder):
    world, lines = events_of(16, 400)
    words = watch_words(world)
    want = None
    rng = random.Random(17)
    for seed in range(40 if lake.LONG else 8):
        one = Lake(folder, f"k{seed}")
        paths = []
        for table, list_ in lines.items():
            for half in (0, 1):
                paths.append((table, write(os.path.join(folder, f"{table}-{half}-{seed}"), joined(list_[half::2]))))
        steps = [lambda t=t, p=p, **how: one.run("import", "--table", t, "--instance", "https://x.example", p, **how) for t, p in paths]
        listing = write(os.path.join(folder, "list.txt"), "\n".join(words).encode())
        steps.insert(rng.randrange(len(steps)), lambda **how: one.run("ioc", "add", "list", "--file", listing, **how))
        for step in steps:
            for _ in range(2):
                step(kill_after=rng.random() * 0.12)
            assert step().status in (0, 3)
        # What was pending when the last one was killed is looked at by the next.
        assert one.run("ioc", "add", "list", words[0]).status == 0
        want = want or dict(expected_cells(lines, words))
        same_cells(one, want)
        assert not one.verify()
        same(one, Scan(lines), some_words(world, 300, seed))


@long
def test_a_list_of_ten_million(folder):
    world, lines = events_of(18, 500)
    one = Lake(folder, "one")
    path = os.path.join(folder, "big")
    with open(path, "w", encoding="ascii") as out:
        for n in range(10_000_000):
            out.write(f"{n * 2654435761 % 2 ** 32:08x}.example.net\n")
        out.write("\n".join(world.v4[:5]) + "\n")
    result = one.run("ioc", "add", "big", "--file", path, "--memory", "1G", timeout=900)
    assert result.status == 0, result.err
    assert result.rss_mb < 1100, result.rss_mb
    for table, list_ in lines.items():
        said = one.load("--table", table, write(os.path.join(folder, "all"), joined(list_)))
        assert said["run"].rss_mb < 400
    assert {group for group, _ in found_cells(one)} == set(world.v4[:5])
