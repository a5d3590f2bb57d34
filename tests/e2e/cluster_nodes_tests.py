# SPDX-License-Identifier: Apache-2.0
"""pugmark cluster init and status on two shards of two replicas, and on a current ClickHouse: make test-cluster runs them."""
import json
import os
import time

import lake
from clusters import TABLES, Clustered, Current, Shards, columns, servers
from lake import clustered


def fill(node, n, table="jira_audit_logs"):
    node.ask(f"INSERT INTO pugmark.{table} (_id, _time) SELECT toFixedString(toString(number), 16), 1700000000000000 + number "
             f"FROM system.numbers LIMIT {n}", insert_distributed_sync=1)


def until(what, seconds=60):
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "it did not come to that"
        time.sleep(0.2)


@clustered
def test_every_server_has_the_tables(folder):
    with Shards(folder) as cluster:
        one = Clustered(folder)
        said = one.init(*cluster.urls, name=cluster.name).out.decode()
        assert "2 shards, 4 servers" in said and "jira_audit_logs made" in said, said
        for node in cluster.servers:
            engines = dict(node.rows("SELECT name, engine FROM system.tables WHERE database = 'pugmark'"))
            want = {"events": "View", **{t: "Distributed" for t in TABLES + ["observables"]},
                    **{t + "_local": "ReplicatedMergeTree" for t in TABLES + ["observables"]}}
            assert engines == want, engines
            assert columns(node, "jira_audit_logs") == columns(node, "jira_audit_logs_local")
        assert "made" not in one.cluster("init").out.decode()
        fill(cluster.nodes[0][0], 1000)
        cluster.settle()
        counts = [[int(node.ask("SELECT count() FROM pugmark.jira_audit_logs_local")) for node in shard] for shard in cluster.nodes]
        assert counts[0][0] == counts[0][1] > 400 and counts[1][0] == counts[1][1] > 400, counts
        assert sum(shard[0] for shard in counts) == 1000, counts
        assert {node.ask("SELECT count() FROM pugmark.jira_audit_logs") for node in cluster.servers} == {"1000\n"}
        state = one.state()
        assert state["shards_known"] == 2 and state["servers_known"] == 4, state
        assert [(s["shard"], s["replicas"], s["replicas_up"]) for s in state["shards"]] == [("1", 2, 2), ("2", 2, 2)], state
        assert {t["shard"]: t["rows"] for t in state["tables"]} == {"1": counts[0][0], "2": counts[1][0]}, state
        assert "jira_audit_logs: 1,000 rows" in one.cluster("status").out.decode()


@clustered
def test_status_shows_what_is_down(folder):
    with Shards(folder) as cluster:
        one = Clustered(folder)
        one.init(*cluster.urls, name=cluster.name)
        fill(cluster.nodes[0][0], 100)
        cluster.nodes[0][1].kill()
        until(lambda: [s["replicas_up"] for s in one.state()["shards"]] == [1, 2])
        text = one.cluster("status").out.decode()
        assert "shard 1: 1 of 2 replicas up" in text and "does not answer" in text, text
        for node in cluster.nodes[1]:
            node.kill()
        text = one.cluster("status").out.decode()
        assert "1 of 2 shards do not answer" in text, text
        lake.says(one.run("sql", "--key-file", one.key, "SELECT count() FROM jira_audit_logs"), "ClickHouse error")
        cluster.zoo.stop()
        until(lambda: one.state()["shards"][0]["tables_readonly"] > 0)
        assert "take no writes" in one.cluster("status").out.decode()


@clustered
def test_a_server_that_is_down_gets_its_tables_later(folder):
    with Shards(folder) as cluster:
        one = Clustered(folder)
        late = cluster.nodes[1][1]
        late.kill()
        began = time.monotonic()
        said = one.init(*cluster.urls, name=cluster.name).out.decode()
        # Ten seconds of patience, once, and about one for each statement.
        assert time.monotonic() - began < 60, time.monotonic() - began
        name = f"127.0.0.1:{late.native}"
        assert said.count(f"waiting for {name}") == 1 and said.count(f"{name} does not answer") == 1, said
        assert f"{name}: not done there yet" in said and "set for this lake" in said, said
        fill(cluster.nodes[0][0], 100)
        late.start()
        until(lambda: late.ask("SELECT count() FROM system.tables WHERE database = 'pugmark'") == "13\n")
        until(lambda: late.ask("SELECT count() FROM pugmark.jira_audit_logs") == "100\n")


@clustered
def test_a_failure_is_told_with_a_server_down_too(folder):
    """Two servers say that they are the same replica: the second one's tables cannot be made. ClickHouse itself tells of it only where all answer."""
    with Shards(folder) as cluster:
        twin, late = cluster.nodes[1]
        path = os.path.join(twin.folder, "config.xml")
        with open(path, encoding="utf-8") as file:
            text = file.read()
        twin.stop()
        servers.write(path, text.replace("<shard>2</shard>", "<shard>1</shard>"))
        twin.launch()
        cluster.meet(twin)
        late.kill()
        one = Clustered(folder)
        result = one.init(*cluster.urls, name=cluster.name, expect=2)
        lake.says(result, "cannot be made", f"127.0.0.1:({'|'.join(str(n.native) for n in cluster.servers)}) of the cluster answers",
                  "ClickHouse error 253", "eplica")
        assert one.run("cluster", "status").status == 1, "it was set"


@clustered
def test_a_schema_that_grew_widens_all_shards(folder):
    with Shards(folder) as cluster:
        one = Clustered(folder)
        os.makedirs(os.path.join(one.data, "schemas"))
        own = os.path.join(one.data, "schemas", "own_logs.yml")
        text = "table: own_logs\nproduct: own\nversion: \"1\"\ntime: when\ncolumns:\n  who: who\n"
        lake.write(own, text.encode())
        one.init(*cluster.urls, name=cluster.name)
        fill(cluster.nodes[0][0], 100, "own_logs")
        lake.write(own, (text + "  what: what\n").encode())
        one.cluster("init")
        cluster.settle()
        for node in cluster.servers:
            for table in ("own_logs", "own_logs_local"):
                assert columns(node, table)["what"] == "Nullable(String)", (node.url, table)
            assert node.ask("SELECT count() FROM pugmark.own_logs WHERE isNull(what)") == "100\n"


@clustered
def test_a_current_clickhouse_takes_the_same(folder):
    with Current(folder) as server:
        one = Clustered(folder)
        assert "observables made" in one.init(server.url).out.decode()
        assert "made" not in one.cluster("init").out.decode()
        of = columns(server, "jira_audit_logs")
        assert of["received_at"] == "Nullable(DateTime64(6, 'UTC'))" and of["action"] == "LowCardinality(Nullable(String))", of
        made = server.ask("SHOW CREATE TABLE pugmark.jira_audit_logs FORMAT TSVRaw")
        assert "TYPE bloom_filter" in made and "CODEC(ZSTD(1))" in made and "TTL" not in made, made
        one.cluster("init", "--keep", "30")
        assert "toIntervalDay(30)" in server.ask("SHOW CREATE TABLE pugmark.jira_audit_logs FORMAT TSVRaw")
        now = int(time.time() * 1e6)
        server.ask("INSERT INTO pugmark.jira_audit_logs (_id, _time, received_at, actor) VALUES "
                   f"('0123456789abcdef', {now}, now64(6), 'new'), ('1123456789abcdef', {now - 40 * 86400 * 10**6}, now64(6), 'old'), "
                   f"('2123456789abcdef', -9223372036854775808, now64(6), 'timeless')")
        server.ask("OPTIMIZE TABLE pugmark.jira_audit_logs FINAL")
        assert server.rows("SELECT actor, event_time IS NULL FROM pugmark.jira_audit_logs ORDER BY actor") == [["new", "0"], ["timeless", "1"]]
        state = one.state()
        assert state["servers"][0]["version"].startswith("26.") and state["tables"][0]["rows"] == 2, state
        result = one.run("sql", "--key-file", one.key, "--format", "ndjson",
                         "SELECT toInt64(9007199254740993) AS big, [1, 2] AS list, NULL AS nothing, 'ü\\n' AS text, true AS yes, "
                         "toDecimal64(0.5, 2) AS dec, map('a', 1) AS m")
        assert json.loads(result.out) == {"big": 9007199254740993, "list": [1, 2], "nothing": None, "text": "ü\n", "yes": True,
                                          "dec": 0.5, "m": {"a": 1}}, result
        lake.says(one.run("sql", "--key-file", one.key, "SELECT * FROM no_such"), "no_such", "ClickHouse error 60")
