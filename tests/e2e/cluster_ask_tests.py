# SPDX-License-Identifier: Apache-2.0
"""Indicators, entities and replays of rules where a cluster is set: the same as from the lake's own files; and a lake without events of
its own sees what all others sent."""
import json
import os
import random
import re

import lake
from clusters import PRODUCTS, Clustered, files_of, fill, some


def untimed(text):
    """Without what differs from run to run; of more than 32 names it is left open which are kept."""
    text = re.sub(rb'"actors":\[[^\]]*\],"more_actors":true', b'"more_actors":true', text)
    return re.sub(rb'"(elapsed_ms|took_ms|ms)":[0-9.]+', b"", re.sub(rb"[0-9,]+ ms", b"", text))


def ask(one, *words, sort=False, expect=(0, 3)):
    key = [] if words[0] == "alerts" else ["--key-file", one.key]
    result = one.run(*words, *key)
    assert result.status in expect, f"{words}: status {result.status}: {result.err}"
    out = untimed(result.out)
    return sorted(out.splitlines()) if sort else out


def values_of(one, table, column, n):
    rows = one.run("sql", "--lake", "--key-file", one.key, "--format", "ndjson",
                   f"SELECT DISTINCT {column} AS v FROM {table} WHERE {column} IS NOT NULL ORDER BY v LIMIT {n}")
    assert rows.status == 0, rows.err
    return [json.loads(line)["v"] for line in rows.out.splitlines()]


def indicators(one, folder, dice):
    """Values that are there and some that are not, ranges and domains with all below them."""
    values = ["10.0.0.0/8", "192.168.0.0/16", "198.18.0.0/15", "*.example.com", "example.com", "nobody.at.all", "203.0.113.7",
              "2001:db8::/32", "0" * 64, "http://example.com/x"]
    for table in PRODUCTS.values():
        for column in ["ip", "actor", "actor_id", "target"]:
            known = [v for v in values_of(one, table, column, 400) if v.strip() and "\n" not in v]
            values += dice.sample(known, min(len(known), 12))
    values += [f"h{i}.example.net" for i in range(60)] + [f"10.{i}.0.0/24" for i in range(230)]
    return lake.write(os.path.join(folder, "indicators.txt"), "\n".join(values).encode() + b"\n"), values


def same(one, *words, **how):
    """From the files and from the cluster."""
    files, cluster = ask(one, *words, "--lake", **how), ask(one, *words, **how)
    assert files == cluster, f"{words}:\n{files[:1500]}\n---\n{cluster[:1500]}"
    return cluster


def alerts_of(one, *words):
    """The alerts and the counts, but for how long it took; of some days also but for how many events were looked at: files end elsewhere."""
    out = [json.loads(line) for line in ask(one, "detect", "run", "--dry-run", "--json", *words, sort=True)]
    for said in out:
        if "seconds" in said:
            said.pop("seconds")
            assert said["rows"] >= said["hits"] > 0, said
            if "--since" in words:
                said.pop("rows")
    return out


def test_indicators_are_found_as_in_the_lake(folder):
    dice = random.Random(5)
    with some(folder) as server:
        one = Clustered(folder)
        fill(one, files_of(folder, "a", 1500))
        one.join(server)
        one.cluster("load")
        path, values = indicators(one, folder, dice)
        found = same(one, "ioc", "search", "--file", path, "--format", "ndjson", "--allow-wide")
        hits = [json.loads(line) for line in found.splitlines()]
        assert sum(hit["events"] > 0 for hit in hits) > 50, "hardly anything was found"
        same(one, "ioc", "search", "--file", path, "--format", "ndjson", "--allow-wide", "--exact")
        same(one, "ioc", "search", "--file", path, "--format", "ndjson", "--allow-wide", "--table", "jira_audit_logs")
        for value in dice.sample([hit["indicator"] for hit in hits if 0 < hit["events"] < 300], 10):
            same(one, "ioc", "search", "--events", "--format", "ndjson", "--allow-wide", value, sort=True)
            same(one, "ioc", "search", "--events", "--format", "ndjson", "--allow-wide", "--since", "2026-01-05", value, sort=True)
            if not re.search(r"/[0-9]+$|[*]", value):
                same(one, "entity", "--json", value, expect=(0, 1, 3))
        same(one, "entity", "--json", "--as", "target", values_of(one, "jira_audit_logs", "target", 5)[-1], expect=(0, 1, 3))


def test_a_lake_without_events_sees_what_all_sent(folder):
    """Two collectors, one cluster, and one who only asks."""
    with some(folder) as server:
        everything = lake.Lake(folder, "everything")
        everything.key = os.path.join(folder, "key")
        for name in ["a", "bb"]:
            files = files_of(folder, name, 900)
            one = Clustered(folder, name)
            one.join(server)
            fill(one, files)
            fill(everything, files)
        asker = Clustered(folder, "asker")
        asker.join(server)
        # An event of both collectors is one event in one lake, and two on the cluster: of different instances they never are.
        path, _ = indicators(everything, folder, random.Random(6))
        mine = ask(asker, "search", "table:jira source:*generated* OR actor:*", "--format", "ndjson", "--limit", "0", sort=True)
        assert len(mine) > 5000, len(mine)
        for words in (["ioc", "search", "--file", path, "--format", "ndjson", "--allow-wide"],):
            theirs = [json.loads(line) for line in ask(everything, *words).splitlines()]
            seen = [json.loads(line) for line in ask(asker, *words).splitlines()]
            assert [v["events"] > 0 for v in theirs] == [v["events"] > 0 for v in seen], words


def test_rules_find_the_same_in_history(folder):
    with some(folder) as server:
        one = Clustered(folder)
        fill(one, files_of(folder, "a", 2500))
        one.join(server)
        one.cluster("load")
        files, cluster = alerts_of(one, "--lake"), alerts_of(one)
        assert len(files) > 5, files
        assert files == cluster, f"{files[:5]}\n---\n{cluster[:5]}"
        assert alerts_of(one, "--lake", "--since", "2026-01-04", "--until", "2026-01-06") == \
            alerts_of(one, "--since", "2026-01-04", "--until", "2026-01-06")
        # Nothing of it stays behind.
        own = os.path.join(folder, "tmp")
        os.mkdir(own)
        assert one.run("detect", "run", "--dry-run", "--key-file", one.key, env={"TMPDIR": own}).status == 0
        assert os.listdir(own) == [], os.listdir(own)


def test_a_replay_that_writes_keeps_to_the_lakes_own_events(folder):
    """What is live on a collector is of its own events: a replay there must not widen alerts. One who only asks gets alerts of all."""
    with some(folder) as server:
        one = Clustered(folder, "collector")
        one.join(server)
        fill(one, files_of(folder, "a", 2500))
        before = ask(one, "alerts", "--json", "--limit", "0")
        one.run("detect", "run", "--key-file", one.key)
        assert ask(one, "alerts", "--json", "--limit", "0") == before
        asker = Clustered(folder, "asker")
        asker.join(server)
        assert asker.run("detect", "run", "--key-file", asker.key).status == 0
        of = [[(a["rule"], a["group"], a["events"]) for a in json.loads(ask(lake_, "alerts", "--json", "--limit", "0"))["alerts"]]
              for lake_ in (one, asker)]
        assert sorted(of[0]) == sorted(of[1]) and of[0], (len(of[0]), len(of[1]))
