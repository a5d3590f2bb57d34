# SPDX-License-Identifier: Apache-2.0
"""Search, completion, show and entity where a cluster is set: the same to the letter as from the lake's own files; and what happens
where the cluster is away, slow, or holds what others sent."""
import json
import os
import random
import socket
import subprocess
import threading
import time

import lake
from clusters import Clustered, Current, Lone, Shards, files_of, fill, some
from lake import clustered

QUERIES = ["*", "actor:*", "login", "permission", "failed OR denied", "NOT login", "ip:10.0.0.0/8", "ip:192.168.0.0/16", "action:*ermission*",
           "summary:/[Pp]ermission .*/", "category:security", "target:*", "targets:a*", "table:jira", "NOT table:jira", "event_time:>2026-01-05",
           "actor:a*", "actor:?o*", "extra:*", "secondary:true", "actor_id:*", "action:(create OR delete OR *login*)", "\"x y\"",
           "affected_objects:{type:user AND name:*}", "changed_values:*", "summary:straße", "summary:STRASSE", "ü", "\"'\"", "\"\\\\\"", "\"a\\\"b\"",
           "actor:[a TO f]", "action:*", "target_type:*", "vault_length:>300", "instance:*"]
FACETS = ["actor", "action", "ip", "target", "table", "category", "target_type", "source", "extra.id", "secondary", "affected_objects.type"]
SORTS = ["actor", "-action", "ip", "-target", "vault_length", "-vault_length", "category", "event_time", "-received_at"]


def filled(folder, server, name="data", events=1500):
    """A lake with what is generated and the samples, all of it in the cluster too."""
    one = Clustered(folder, name)
    fill(one, files_of(folder, name, events))
    one.join(server)
    one.cluster("load")
    return one


def both(one, *words, expect=0):
    """(from the files, from the cluster)"""
    words = [*words, "--key-file", one.key]
    results = [one.run("search", *words, *more) for more in (["--lake"], [])]
    for result in results:
        assert expect is None or result.status == expect, f"search {words}: status {result.status}: {result.err}"
    return results


def summary_of(out):
    said = json.loads(out)
    for key in ("took_us", "segments", "segments_read"):
        said.pop(key, None)
    return said


def same(one, *words):
    files, cluster = both(one, *words)
    assert files.out == cluster.out, f"search {words}:\n{files.out[:1500]}\n---\n{cluster.out[:1500]}"
    return cluster


def random_words(dice):
    query = dice.choice(QUERIES)
    while dice.random() < 0.4:
        query = f"({query}) {dice.choice(['AND', 'OR', 'AND NOT'])} ({dice.choice(QUERIES)})"
    words = [query, "--limit", str(dice.choice([0, 1, 7, 50, 3000]))]
    if dice.random() < 0.3:
        words += ["--sort", dice.choice(SORTS)]
    if dice.random() < 0.3:
        words += ["--since", dice.choice(["2026-01-03", "2025-06-01", "2026-01-04T10:00:00Z"])]
    if dice.random() < 0.2:
        words += ["--until", "2026-01-09"]
    if dice.random() < 0.3:
        words += ["--secondary"]
    if dice.random() < 0.5:
        return words + ["--format", "ndjson"]
    if dice.random() < 0.5:
        words += ["--facet", ",".join(dice.sample(FACETS, 2))]
    if dice.random() < 0.5:
        words += ["--histogram"]
    return words + ["--count", "--format", "json"]


def compare(one, dice, n):
    """So many random searches, of the lake's files and of the cluster."""
    for _ in range(n):
        words = random_words(dice)
        if words[-1] == "ndjson":
            same(one, *words)
            continue
        files, cluster = both(one, *words)
        assert summary_of(files.out) == summary_of(cluster.out), f"{words}\n{files.out[:3000]}\n---\n{cluster.out[:3000]}"


@lake.slow
def test_random_searches_are_the_same(folder):
    with Lone(folder) as server:
        one = filled(folder, server)
        compare(one, random.Random(time.time_ns() if lake.LONG else 20261128), 2000 if lake.LONG else 60)


@clustered
def test_random_searches_on_shards(folder):
    """Half of them with both shards whole, half where a replica of each is dead."""
    seed = time.time_ns()
    print(f"seed {seed}")
    with Shards(folder) as cluster:
        one = filled(folder, cluster)
        cluster.settle()
        dice = random.Random(seed)
        compare(one, dice, 1000)
        cluster.nodes[0][0].kill()
        cluster.nodes[1][1].kill()
        compare(one, dice, 1000)


@clustered
def test_random_searches_of_a_current_clickhouse(folder):
    seed = time.time_ns()
    print(f"seed {seed}")
    with Current(folder) as server:
        one = Clustered(folder)
        fill(one, files_of(folder, "data", 1500))
        one.init(server.url)
        one.cluster("load")
        compare(one, random.Random(seed), 300)
        row = json.loads(one.run("search", "actor:*", "--limit", "1", "--format", "json", "--lake").out)["events"][0]
        for words in (("show", row["event_id"], "--json"), ("ioc", "search", row["actor"], "10.0.0.0/8", "--format", "ndjson"),
                      ("ioc", "search", "--events", row["actor"], "--format", "ndjson"), ("entity", row["actor"], "--json")):
            there = one.run(*words, "--key-file", one.key)
            assert there.status == 0, (words, there.err)
            if words[0] == "ioc":
                assert sorted(there.out.splitlines()) == sorted(one.run(*words, "--lake").out.splitlines()), words
        tried = one.run("detect", "run", "--dry-run", "--json", "--key-file", one.key)
        assert tried.status == 0 and b'"rows"' in tried.out, tried.err


def test_pages_lead_on(folder):
    with some(folder) as server:
        one = filled(folder, server, events=300)
        seen, after = [[], []], [[], []]
        for _ in range(100):
            for i, more in enumerate((["--lake"], [])):
                result = one.run("search", "*", "--format", "json", "--limit", "100", *after[i], *more)
                assert result.status == 0, result.err
                said = json.loads(result.out)
                seen[i] += [row["event_id"] for row in said["events"]]
                after[i] = ["--after", said["next"]] if said.get("next") else None
            assert after[0] == after[1]
            if not after[0]:
                break
        assert seen[0] == seen[1] and len(seen[0]) == len(set(seen[0])) > 1000, (len(seen[0]), len(seen[1]))


def test_values_show_and_entity(folder):
    with some(folder) as server:
        one = filled(folder, server, events=300)
        for words in (["actor"], ["actor", "a"], ["table"], ["action", "p"], ["target", "r"]):
            there = one.run("search", "--values", *words, "--timeout", "20", "--key-file", one.key)
            assert there.status == 0 and there.out, there
        row = json.loads(one.run("search", "actor:*", "--limit", "1", "--format", "json", "--lake").out)["events"][0]
        shown = json.loads(one.run("show", row["event_id"], "--json", "--key-file", one.key).out)
        assert shown["event"]["event_id"] == row["event_id"] and shown["raw"]
        there = one.run("entity", row["actor"], "--json", "--key-file", one.key)
        one.cluster("off", "--yes")
        files = one.run("entity", row["actor"], "--json")
        assert there.status == files.status == 0, there.err
        assert json.loads(there.out) == json.loads(files.out)


def test_what_others_sent_is_found(folder):
    with some(folder) as server:
        one, two = filled(folder, server, "one", 200), filled(folder, server, "two", 300)
        counts = [json.loads(x.run("search", "--count", "--format", "json", "--limit", "0", "*", *more).out)["matched"]
                  for x in (one, two) for more in (["--lake"], [])]
        assert counts[1] == counts[3] and counts[0] < counts[1] > counts[2], counts
        mine = {row["event_id"] for row in json.loads(
            one.run("search", "*", "--format", "json", "--limit", "5000", "--lake").out)["events"]}
        rows = json.loads(one.run("search", "*", "--format", "json", "--limit", "9000").out)["events"]
        other = next(row for row in rows if row["event_id"] not in mine)
        shown = one.run("show", other["event_id"], "--json")
        assert shown.status == 0, shown.err
        said = json.loads(shown.out)
        assert said["raw"] is None and len(said["collector"]) == 32 and said["event"]["event_id"] == other["event_id"]
        text = one.run("show", other["event_id"])
        assert text.status == 0 and other["event_id"].encode() in text.out
        lake.says(text, "vault of the lake that collected it")
        raw = one.run("search", "--raw", f"event_id:{other['event_id']}")
        assert raw.status == 3 and raw.out == b"", (raw.status, raw.out)
        lake.says(raw, "not shown: 1 more event", "pugmark show EVENT")
        # Those that are here are shown, all of them.
        raw, here = (one.run("search", "--raw", "--limit", "0", "*", *more) for more in ([], ["--lake"]))
        assert (raw.status, here.status) == (3, 0) and raw.out == here.out, (raw.err, len(raw.out), len(here.out))
        lake.says(raw, f"{counts[1]:,} events", f"not shown: {counts[1] - counts[0]:,} more events")
        bundle = one.run("evidence", "*", "--limit", "5000", "--output", os.path.join(folder, "bundle.zip"))
        assert bundle.status == 0, bundle
        lake.says(bundle, f"{counts[0]:,} events with their proofs", "these are events of this lake")
        assert one.run("show", "00000000-0000-0000-0000-000000000001").status == 1


def test_away_slow_and_stopped(folder):
    with Lone(folder) as server:
        one = filled(folder, server, events=100)
        server.kill()
        for words in (["search", "*"], ["entity", "alice"], ["ioc", "search", "10.0.0.1"], ["sql", "SELECT 1"]):
            away = one.run(*words)
            assert away.status == 1, words
            lake.says(away, "the ClickHouse cluster", server.url.split("//")[1], "pugmark cluster status", "--lake")
        assert one.run("search", "*", "--lake").status == 0
    with socket.create_server(("127.0.0.1", server.http)) as silent:
        held = []
        threading.Thread(target=lambda: held.append(silent.accept()), daemon=True).start()
        slow = one.run("search", "*", "--timeout", "2")
        assert slow.seconds < 20, slow
        lake.says(slow, "time limit")
        process = subprocess.Popen([lake.PUGMARK, "search", "--data", one.data, "*"], stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE)
        time.sleep(1)
        process.terminate()
        process.communicate(timeout=10)


def test_hostile_texts(folder):
    with some(folder) as server:
        one = filled(folder, server, events=50)
        for text in ("'; DROP TABLE pugmark.jira_audit_logs; --", "') OR 1=1 --", "\\'", "\\\\'", "`", "${x}", "%s%n", "a\x01b", "\u2028",
                     "'||sleep(3)||'", "*" * 300, "?" * 300, "x" * 100000):
            for form in ('"%s"', 'actor:"%s"', 'actor:*"%s"*'):
                query = form % text.replace("\\", "\\\\").replace('"', '\\"')
                files, cluster = both(one, "--query-file", _kept(folder, query), "--format", "ndjson", expect=None)
                assert files.status == cluster.status and files.out == cluster.out, (query[:100], files.err, cluster.err)
        listed = "actor:(" + " OR ".join(f"name{i}" for i in range(5000)) + " OR a*)"
        files, cluster = both(one, "--query-file", _kept(folder, listed), "--format", "ndjson")
        assert files.out == cluster.out
        assert server.rows("EXISTS TABLE pugmark.jira_audit_logs") == [["1"]]
        same(one, "*", "--limit", "100000000", "--format", "ndjson")


def _kept(folder, query):
    path = os.path.join(folder, "query")
    with open(path, "w", encoding="utf-8") as file:
        file.write(query)
    return path
