# SPDX-License-Identifier: Apache-2.0
"""Detection over stored events: alerts are a function of the set of events, in whatever order and pieces they came, live or
replayed; nothing is doubled, what loses its support is withdrawn, and what people did about an alert stays."""
import json
import os
import random
import sqlite3

import lake
from buckets import Stored
from collect_lake import Started, wait_for
from lake import Lake, joined, slow, write

DAY = 86_400
BEGIN = 1_727_136_000  # 2024-09-24T00:00:00Z

BASE = """title: {title}
id: {id}
name: {name}
logsource: {{product: bitbucket, service: audit}}
detection:
  selection: {{auditType.action: {action}}}
  condition: selection
level: low
"""

CORRELATIONS = """---
title: Many logins fail
id: 10000000-0000-4000-8000-000000000001
correlation:
  type: event_count
  rules: [fail]
  group-by: [author.name]
  timespan: 10m
  condition: {gte: 3}
level: high
---
title: Many accounts from one address
id: 10000000-0000-4000-8000-000000000002
correlation:
  type: value_count
  rules: [fail, enter]
  group-by: [source]
  timespan: 1h
  condition: {field: author.name, gte: 3}
level: medium
---
title: Failed, then entered
id: 10000000-0000-4000-8000-000000000003
correlation:
  type: temporal_ordered
  rules: [fail, enter, take]
  group-by: [author.name]
  timespan: 30m
level: high
---
title: A new address
id: 10000000-0000-4000-8000-000000000004
correlation:
  type: first_seen
  rules: [enter]
  group-by: [author.name, source]
  timespan: 2d
  learn: 0
level: low
---
title: Entered and took
id: 10000000-0000-4000-8000-000000000005
correlation:
  type: temporal
  rules: [enter, take]
  group-by: [author.name]
  timespan: 5m
level: medium
"""

CHAIN = """---
title: Bursts of one account again and again
id: 10000000-0000-4000-8000-000000000006
correlation:
  type: event_count
  rules: [10000000-0000-4000-8000-000000000001]
  group-by: [author.name]
  timespan: 12h
  condition: {gte: 2}
  generate: true
level: critical
---
title: A burst, then taken
id: 10000000-0000-4000-8000-000000000007
correlation:
  type: temporal_ordered
  rules: [10000000-0000-4000-8000-000000000001, take]
  group-by: [author.name]
  timespan: 30m
level: critical
"""

ACTIONS = ["fail", "enter", "take", "look"]


def rules_text(chain=True):
    bases = [BASE.format(title=f"It was {action}", id=f"20000000-0000-4000-8000-00000000000{n}", name=action, action=action)
             for n, action in enumerate(ACTIONS)]
    return "---\n".join(bases) + CORRELATIONS + (CHAIN if chain else "")


def event(second, action, actor="ann", source="192.0.2.1", nano=0):
    return json.dumps({
        "affectedObjects": [], "auditType": {"action": action, "actionI18nKey": "x." + action, "area": "SECURITY", "category": "Test",
                                             "categoryI18nKey": "x.test", "level": "BASE"},
        "author": {"id": actor, "name": actor, "type": "NORMAL"}, "changedValues": [], "extraAttributes": [], "method": "Browser",
        "node": "n1", "source": source, "system": "https://bitbucket.example.com",
        "timestamp": {"epochSecond": BEGIN + second, "nano": nano}, "version": "1.0"}).encode()


def some_events(seed, n, days=3):
    rng = random.Random(seed)
    actors, sources = [f"user{i}" for i in range(5)], [f"192.0.2.{i}" for i in range(4)]
    events = []
    while len(events) < n:
        at, actor = rng.randrange(days * DAY), rng.choice(actors)
        for _ in range(rng.choice((1, 1, 2, 4, 6))):  # bursts
            events.append(event(at, rng.choice(ACTIONS), actor, rng.choice(sources), nano=len(events) * 1000))
            at = min(at + rng.randrange(400), days * DAY - 1)
    return events[:n]


class Watched(Lake):
    """A lake with rules of its own, the shipped ones off."""

    def __init__(self, folder, name="data", rules=None):
        super().__init__(folder, name)
        self.n = 0
        self.rules(rules_text() if rules is None else rules)

    def rules(self, text, name="test.yml"):
        os.makedirs(os.path.join(self.data, "rules"), exist_ok=True)
        write(os.path.join(self.data, "rules", name), text.encode())

    def take(self, events, *more):
        self.n += 1
        path = os.path.join(os.path.dirname(self.data), f"{os.path.basename(self.data)}-{self.n}.log")
        write(path, joined(events))
        return self.load("--table", "bitbucket", *more, path)

    def detect(self, *words, expect=0):
        result = self.run("detect", *words)
        assert result.status == expect, f"detect {words}: {result.status}: {result.err}"
        return json.loads(result.out) if "--json" in words else result

    def alerts(self, *words):
        result = self.run("alerts", "list", "--json", *words)
        assert result.status == 0, result.err
        return json.loads(result.out)["alerts"]

    def ours(self, *words):
        """Those of the test's own rules: what identifies them and what they say."""
        return sorted((a["id"], a["rule"], a["group"], a["first_event"], a["last_event"], a["events"]) for a in self.alerts(*words)
                      if a["rule"].startswith(("10000000", "20000000")))


def test_a_hit_is_an_alert_with_its_evidence(folder):
    one = Watched(folder)
    said = one.take([event(10, "look"), event(20, "none")])
    assert said["alerts"]["new"] == 1, said
    (alert,) = [a for a in one.alerts() if a["rule"].startswith("2")]
    assert alert["title"] == "It was look" and alert["level"] == "low" and alert["events"] == 1, alert
    assert alert["group"] == "actor: ann", alert
    shown = json.loads(one.run("alerts", "show", "--json", alert["id"]).out)
    assert [e["event"]["author_name"] for e in shown["evidence"]] == ["ann"], shown
    # again, and by replay: nothing new
    assert one.detect("run", "--json")["new"] == 0
    assert len(one.ours()) == 1


def test_events_of_one_actor_within_the_window_are_one_alert(folder):
    one = Watched(folder)
    one.take([event(0, "look"), event(3000, "look"), event(3100, "look", actor="bob"), event(9000, "look")])
    assert [(a[2], a[5]) for a in one.ours()] and sorted((a[2], a[5]) for a in one.ours()) == [
        ("actor: ann", 1), ("actor: ann", 2), ("actor: bob", 1)]


def pieces(events, rng):
    """Cut into parts, in any order, some of them twice."""
    parts, at = [], 0
    while at < len(events):
        n = rng.randrange(1, 60)
        parts.append(events[at:at + n])
        at += n
    parts += rng.sample(parts, min(2, len(parts)))
    rng.shuffle(parts)
    return parts


def same_alerts(folder, seed):
    rng = random.Random(seed)
    events = some_events(seed, 240)
    whole, live, later = (Watched(folder, f"{name}{seed}") for name in ("whole", "live", "later"))
    whole.take(events)
    shuffled = rng.sample(events, len(events))
    for part in pieces(shuffled, rng):
        live.take(part)
    later.take(shuffled, "--no-detect")
    assert later.ours() == []
    later.detect("run")
    want = whole.ours()
    assert live.ours() == want, f"seed {seed}: in pieces: {first_difference(live.ours(), want)}"
    assert later.ours() == want, f"seed {seed}: replayed: {first_difference(later.ours(), want)}"
    said = live.detect("run", "--json")
    assert said["new"] == said["changed"] == said["withdrawn"] == 0, f"seed {seed}: {said}"
    # in the memory of a few hits
    said = live.detect("run", "--json", "--memory", "64M")
    assert live.ours() == want and said["new"] == 0, f"seed {seed}: {said}"
    return {a[1] for a in want}


def first_difference(got, want):
    return {"too many": sorted(set(got) - set(want))[:2], "missing": sorted(set(want) - set(got))[:2]}


def test_live_in_any_order_is_replay(folder):
    fired = set()
    for seed in range(1, 3 if lake.QUICK else 9):
        fired |= same_alerts(folder, seed)
    assert lake.QUICK or len(fired) == 8, sorted(fired)


@slow
def test_live_in_any_order_is_replay_many_times(folder):
    for seed in range(100, 300 if lake.LONG else 115):
        same_alerts(folder, seed)


def test_a_late_event_changes_what_it_touches(folder):
    one = Watched(folder)
    one.take([event(0, "fail"), event(900, "fail")])
    assert not [a for a in one.ours() if a[1].startswith("1")]
    one.take([event(450, "fail")])  # three, but in 15 minutes
    assert not [a for a in one.ours() if a[1].startswith("1")]
    one.take([event(300, "fail")])
    (burst,) = [a for a in one.ours() if a[1].endswith("0001")]
    assert burst[5] == 3, burst


def test_what_loses_its_support_is_withdrawn(folder):
    """An address is new, until an event comes that was there before."""
    one = Watched(folder)
    one.take([event(DAY, "enter")])
    (new,) = [a for a in one.ours() if a[1].endswith("0004")]
    one.take([event(100, "enter")])
    now = [a for a in one.ours() if a[1].endswith("0004")]
    assert len(now) == 1 and now[0][0] != new[0], now
    withdrawn = one.ours("--state", "withdrawn")
    assert [a[0] for a in withdrawn] == [new[0]], withdrawn


def test_what_people_did_stays(folder):
    one = Watched(folder)
    one.take([event(1000, "fail"), event(1100, "fail"), event(1200, "fail")])
    (burst,) = [a for a in one.ours() if a[1].endswith("0001")]
    assert one.run("alerts", "ack", burst[0], "--comment", "mine").status == 0
    one.take([event(900, "fail")])
    (now,) = [a for a in one.alerts() if a["rule"].endswith("0001")]
    assert now["state"] == "acknowledged" and now["events"] == 4, now
    assert one.run("alerts", "show", burst[0]).status == 0, "the old id is still known"


def test_dry_run_and_diff_write_nothing(folder):
    one = Watched(folder)
    one.take(some_events(5, 300), "--no-detect")
    dry = one.detect("run", "--dry-run").out.decode()
    assert "nothing was written" in dry and "Many logins fail" in dry, dry
    assert one.ours() == []
    write(os.path.join(folder, "old.yml"), rules_text().encode())
    write(os.path.join(folder, "new.yml"), rules_text().replace("gte: 3}\nlevel: high", "gte: 4}\nlevel: high").encode())
    said = one.detect("run", "--diff", os.path.join(folder, "old.yml"), os.path.join(folder, "new.yml")).out.decode()
    assert "dropped" in said and "- " in said, said
    assert one.ours() == []


def test_only_some_rules_and_days(folder):
    one = Watched(folder)
    one.take([event(10, "look"), event(DAY + 10, "look"), event(DAY + 20, "enter")], "--no-detect")
    one.detect("run", "--rule", "20000000-0000-4000-8000-000000000003", "--since", "2024-09-25")
    assert [(a[1], a[3][:10]) for a in one.ours()] == [("20000000-0000-4000-8000-000000000003", "2024-09-25")]


def test_a_changed_rule_replaces_its_alerts(folder):
    one = Watched(folder)
    one.take([event(1000, "fail"), event(1100, "fail"), event(1200, "fail")])
    one.rules(rules_text().replace("condition: {gte: 3}", "condition: {gte: 4}"))
    one.detect("run")
    assert not [a for a in one.ours() if a[1].endswith("0001")]
    one.rules(rules_text().replace("condition: {gte: 3}", "condition: {gte: 2}"))
    one.detect("run")
    assert len([a for a in one.ours() if a[1].endswith("0001")]) == 1


def test_one_bad_rule_among_many_harms_no_other(folder):
    one = Watched(folder)
    one.rules("title: Bad\nlogsource: {product: bitbucket}\ndetection:\n  s: {auditType.action|no_such_modifier: x}\n  condition: s\n",
              "bad.yml")
    said = one.take([event(10, "look")])
    assert said["alerts"]["new"] == 1 and "bad.yml:4" in said["err"] and "no_such_modifier" in said["err"], said
    listed = one.detect("list")
    assert "bad.yml:4" in listed.err, listed.err


def test_events_without_time_are_alerts_of_single_event_rules_only(folder):
    one = Watched(folder)
    untimed = [json.loads(event(n, "look", nano=n)) for n in range(4)]
    for n, one_event in enumerate(untimed):
        one_event["timestamp"] = f"no time {n}"
    one.take([json.dumps(e).encode() for e in untimed])
    got = one.ours()
    assert [(a[1][:1], a[5]) for a in got] == [("2", 4)], got


def test_killed_at_any_time_it_goes_on(folder):
    events = some_events(7, 200)
    want = Watched(folder, "want")
    want.take(events)
    one = Watched(folder, "killed")
    path = os.path.join(folder, "killed.log")
    write(path, joined(events))
    for n in range(1, 60, 1 if lake.LONG else 6):
        result = one.run("import", "--table", "bitbucket", path, env={"PUGMARK_FAULT": f"change:{n}:kill"})
        if result.status == 0:
            break
    one.take(events)
    assert len(want.ours()) > 20 and one.ours() == want.ours()


def test_two_imports_at_once_lose_no_alert(folder):
    import subprocess
    events = some_events(11, 300)
    want = Watched(folder, "want")
    want.take(events)
    one = Watched(folder, "both")
    running = []
    for k in range(4):
        path = os.path.join(folder, f"part{k}.log")
        write(path, joined(events[k::4]))
        running.append(subprocess.Popen([lake.PUGMARK, "import", "--data", one.data, "--table", "bitbucket", path],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
    assert [p.wait() for p in running] == [0] * 4
    one.take(events[:1])
    assert len(want.ours()) > 20 and one.ours() == want.ours(), first_difference(one.ours(), want.ours())


def test_alerts_of_other_products_are_alerts_of_ours_by_origin(folder):
    one = Watched(folder)
    lines = [json.dumps({"detect_time": f"2024-09-24T10:0{n}:00Z", "detection": {"name": f"Malware {n}", "level": level},
                         "device": {"user": "ann", "external_ip": "192.0.2.9"}, "vendor_name": "Some EDR"}).encode()
             for n, level in enumerate(("high", "low", "critical"))]
    write(os.path.join(folder, "edr.yml"), b"""kind: alerts
version: "edr 1"
time: detect_time
columns:
  title: detection.name
  severity: detection.level
  actor_name: device.user
  remote_address: device.external_ip
  reported_by: vendor_name
""")
    path = os.path.join(folder, "edr.ndjson")
    write(path, joined(lines))
    assert one.load("--schema", os.path.join(folder, "edr.yml"), path)["alerts"]["new"] == 3
    got = sorted((a["title"], a["level"], a["origin"], a["actor"]) for a in one.alerts())
    assert got == [("Malware 0", "high", "Some EDR", "ann"), ("Malware 1", "low", "Some EDR", "ann"),
                   ("Malware 2", "critical", "Some EDR", "ann")], got


def test_alerts_outlive_retention(folder):
    one = Watched(folder)
    one.take([event(1000, "fail"), event(1100, "fail"), event(1200, "fail"), event(10, "look")])
    before = one.ours()
    assert len(before) == 2
    assert one.run("compact", "--keep", "30").status == 0
    assert one.value("select count(*) n from bitbucket_audit_logs") == 0
    assert one.detect("run", "--json")["withdrawn"] == 0
    assert one.ours() == before
    shown = json.loads(one.run("alerts", "show", "--json", before[0][0]).out)
    assert shown["evidence"][0]["event"]["author_name"] == "ann", shown


def test_explain_says_whether_a_rule_can_fire(folder):
    one = Watched(folder)
    one.take([event(10, "look"), event(20, "look")])
    said = one.detect("explain", "20000000-0000-4000-8000-000000000003").out.decode()
    assert "2 events, the last 2024-09-24T00:00:20" in said and "it can fire" in said, said
    said = one.detect("explain", "10000000-0000-4000-8000-000000000003").out.decode()
    assert "never seen" in said and "it has not fired" in said, said
    one.rules("title: By the product's name\nid: 20000000-0000-4000-8000-00000000000d\nlogsource: {product: bitbucket}\n"
              "detection:\n  s: {source: 192.0.2.1}\n  condition: s\n", "source.yml")
    said = one.detect("explain", "20000000-0000-4000-8000-00000000000d").out.decode()
    assert said.count("2 events, the last 2024-09-24T00:00:20") == 2, said  # not pugmark's own column of that name
    one.rules("title: Odd\nid: 20000000-0000-4000-8000-000000000009\nlogsource: {product: bitbucket}\n"
              "detection:\n  s: {no.such.field: x}\n  condition: s\n", "odd.yml")
    said = one.detect("explain", "20000000-0000-4000-8000-000000000009").out.decode()
    assert "has no such field" in said, said


def test_ctrl_c_leaves_what_is_pending_for_the_next_time(folder):
    one, want = Watched(folder), Watched(folder, "want")
    events = some_events(3, 2000)
    want.take(events)
    one.take(events, "--no-detect")
    one.run("detect", "run", signal_after=0.05)
    one.take(events[:1])
    one.detect("run")
    assert one.ours() == want.ours() and len(want.ours()) > 100


EVERYTHING = """title: Anything
id: 20000000-0000-4000-8000-00000000000a
logsource: {product: jira}
detection:
  s: {event_id|exists: true}
  condition: s
level: low
---
title: Anything at all
name: anything
logsource: {product: jira}
detection:
  s: {event_id|exists: true}
  condition: s
---
title: Much of it
id: 10000000-0000-4000-8000-00000000000b
correlation:
  type: event_count
  rules: [anything]
  group-by: [actor]
  timespan: 1d
  condition: {gte: 3}
level: medium
"""


def found_by(one, rule):
    result = one.run("alerts", "list", "--json", "--state", "all")
    assert result.status == 0, result.err
    return [a for a in json.loads(result.out)["alerts"] if a["rule"].endswith(rule)]


def test_collected_events_raise_alerts_as_they_come(folder):
    with Started(folder, "jira", events="jira=600") as (one, service):
        os.makedirs(os.path.join(one.data, "rules"), exist_ok=True)
        write(os.path.join(one.data, "rules", "all.yml"), EVERYTHING.encode())
        one.collect("jira")
        stored = one.value("select count(*) n from jira_audit_logs")
        assert stored >= 600 and sum(a["events"] for a in found_by(one, "0a")) == stored
        assert found_by(one, "0b") and not any(a["provisional"] for a in found_by(one, "0b")), "history is read"
        said = json.loads(one.run("detect", "run", "--json").out)
        assert said["new"] == said["changed"] == said["withdrawn"] == 0, said


def test_a_long_pass_over_a_folder_raises_alerts_before_its_end(folder):
    one, path = Stored(folder), os.path.join(folder, "logs")
    os.makedirs(path)
    for n in range(600):  # a commit has 512 objects at most
        write(os.path.join(path, f"{n:04}.log"), joined([event(n, "look", f"user{n}")]))
    one.connect_folder(path)
    os.makedirs(os.path.join(one.data, "rules"), exist_ok=True)
    write(os.path.join(one.data, "rules", "test.yml"), rules_text().encode())
    one.collect()
    assert len(found_by(one, "20000000-0000-4000-8000-000000000003")) == 600
    catalog = sqlite3.connect(os.path.join(one.data, "catalog.db"))
    first, = catalog.execute("select min(created_at) from alerts").fetchone()
    last, commits = catalog.execute("select max(committed_at), count(*) from commits").fetchone()
    catalog.close()
    assert commits >= 2 and first < last, (commits, first, last)


LEARNS = """title: Anybody fails
name: fails
logsource: {product: bitbucket}
detection:
  s: {action: fail}
  condition: s
---
title: A new address
id: 10000000-0000-4000-8000-00000000000d
correlation:
  type: first_seen
  rules: [fails]
  group-by: [ip]
  timespan: 30d
  learn: 5d
level: low
"""


def test_a_rule_learns_from_the_tables_that_it_looks_at(folder):
    one = Watched(folder, rules=LEARNS)
    path = os.path.join(folder, "jira.ndjson")
    old = json.dumps({"id": 7, "summary": "User created", "remoteAddress": "192.0.2.9", "created": "2024-06-01T00:00:00.000+0000",
                      "category": "user management", "eventSource": "", "objectItem": {"name": "x", "typeName": "USER"}})
    write(path, old.encode() + b"\n")
    one.load("--table", "jira", path)
    one.take([event(0, "fail", source="192.0.2.1"), event(DAY, "fail", source="192.0.2.2"), event(6 * DAY, "fail", source="192.0.2.3")])
    assert [a["group"] for a in one.alerts() if a["rule"].endswith("0d")] == ["ip: 192.0.2.3"]


def test_the_service_raises_alerts(folder):
    with Started(folder, "jira", events="jira=50", more=("--interval", "1s")) as (one, service):
        os.makedirs(os.path.join(one.data, "rules"), exist_ok=True)
        write(os.path.join(one.data, "rules", "all.yml"), EVERYTHING.encode())
        process = one.start("serve", "--no-http")
        try:
            wait_for(lambda: sum(a["events"] for a in found_by(one, "0a")) >= 50)
        finally:
            process.terminate()
            process.wait()


GROUPS = """title: A fail
name: fail
logsource: {product: bitbucket}
detection:
  s: {auditType.action: fail}
  condition: s
---
title: Three times
id: 10000000-0000-4000-8000-00000000000c
correlation:
  type: event_count
  rules: [fail]
  group-by: [author.name]
  timespan: 12h
  condition: {gte: 3, lte: 1000000}
level: medium
"""


@slow
def test_many_groups_of_one_day_in_little_memory(folder):
    """A million in the long series: read in parts of the groups, none lost, none doubled."""
    n = 1_300_000 if lake.LONG else 340_000
    one = Watched(folder, rules=GROUPS)
    before, after = event(0, "fail", "@actor@").split(b'"id": "@actor@", "name": "@actor@"')
    second = str(BEGIN).encode()
    path = os.path.join(folder, "groups.log")
    with open(path, "wb") as out:
        for k in range(n):
            line = before + b'"id":"u%d","name":"u%d"' % (k, k) + after
            for again in range(3 if k % 1000 == 0 else 1):
                out.write(line.replace(second, b"%d" % (BEGIN + (k * 80_000) // n + again * 60)) + b"\n")
    one.load("--table", "bitbucket", "--no-detect", path)
    memory = "256M" if lake.LONG else "64M"
    result = one.run("detect", "run", "--json", "--memory", memory)
    assert result.status == 0, result.err
    said = json.loads(result.out)
    assert said["new"] == n // 1000, said
    assert said["rows"] > 2 * n, f"it was not read in parts: {said}"
    assert lake.SANITIZED or result.rss_mb < (512 if lake.LONG else 200), result.rss_mb
    assert one.detect("run", "--json")["changed"] == 0
    # Without the upper bound, groups that are too small are known beforehand, and one pass is enough.
    one.rules(GROUPS.replace(", lte: 1000000", ""))
    result = one.run("detect", "run", "--json", "--memory", memory)
    said = json.loads(result.out)
    assert said["changed"] == n // 1000 and said["rows"] < 2 * n, said
