# SPDX-License-Identifier: Apache-2.0
"""What is sent to two shards of two replicas is there exactly once, whatever is killed: servers, the sender, ZooKeepers. make test-cluster runs them."""
import json
import os
import random
import signal
import sqlite3
import time

import lake
from cluster_ship_tests import RUNS, Fate, Sent
from clusters import Shards
from lake import clustered


@clustered
def test_replicas_take_each_event_once(folder):
    with Shards(folder) as cluster:
        for seed in range(max(RUNS // 3, 2)):
            rng = random.Random(seed)
            wires = [Fate(node.http, seed * 4 + i) for i, node in enumerate(cluster.servers)]
            one = Sent(folder, cluster.servers[0], f"data{seed}")
            one.number = seed * 100
            one.init(*[f"http://127.0.0.1:{wire.port}" for wire in wires], name=cluster.name)
            for _ in range(4):
                one.add(1500, kill_after=rng.random() * 1.5 if rng.random() < 0.5 else None)
            victim = rng.choice(cluster.servers[1:])
            victim.kill()
            for _ in range(40):
                if one.cluster("load", expect=None, timeout=400).status == 0:
                    break
            victim.start()
            cluster.settle()
            one.cluster("load")
            one.whole()


@clustered
def test_what_replicas_may_have_forgotten_is_withdrawn(folder):
    """Blocks of a shipment that is older than replicas surely remember are not sent again under its number."""
    with Shards(folder) as cluster:
        one = Sent(folder, cluster.servers[0])
        one.init(*cluster.urls, name=cluster.name)
        tried = 0
        for seed in range(40):
            one.add(3000, kill_after=0.25 + random.Random(seed).random() * 0.5)
            with sqlite3.connect(os.path.join(one.data, "catalog.db")) as db:
                tried += db.execute("UPDATE cluster_shipments SET made_at = 1 WHERE sent_at = 0").rowcount
            cluster.settle()
            one.cluster("load", timeout=400)
            if tried == 3:
                break
        assert tried > 0, "no import was killed while it sent"
        one.whole()


@clustered
def test_a_day_is_mended_with_a_server_down(folder):
    """Nobody waits for it but once; when it is back it does what was done meanwhile, and deletes nothing of what was sent since."""
    with Shards(folder) as cluster:
        one = Sent(folder, cluster.servers[0])
        one.init(*cluster.urls, name=cluster.name)
        for _ in range(3):
            one.add(kind="jira")
        one.cluster("load")
        cluster.settle()
        one.whole()
        late = cluster.nodes[1][1]
        late.kill()
        cluster.servers[0].ask("INSERT INTO pugmark.jira_audit_logs SELECT * FROM pugmark.jira_audit_logs LIMIT 1", insert_distributed_sync=1)
        (day,) = [d["day"] for d in json.loads(one.check(expect=1).out)["days"] if d["state"] != "equal"]
        began = time.monotonic()
        one.cluster("load", "--again", day)
        assert time.monotonic() - began < 25, time.monotonic() - began
        one.whole(mended=True)
        late.start()
        cluster.meet(late)
        cluster.settle()
        one.whole(mended=True)
        there = [node.ask("SELECT count(), sum(cityHash64(_id)) FROM pugmark.jira_audit_logs_local") for node in cluster.nodes[1]]
        assert there[0] == there[1], there


@clustered
def test_one_zookeeper_of_three_dies(folder):
    """Nothing waits for it. Without most of them no replica takes anything: what is collected waits here, what is there can be asked."""
    with Shards(folder, zoos=3) as cluster:
        one = Sent(folder, cluster.servers[0])
        one.init(*cluster.urls, name=cluster.name)
        one.add()
        for zoo in cluster.zoos[:2]:
            zoo.stop(signal.SIGKILL)
            for _ in range(6):
                one.add()
            if zoo is cluster.zoos[0]:
                one.cluster("load", timeout=400)
                cluster.settle()
                one.whole()
                there = one.events
        assert one.waiting() > 0 and one.events == there + 12000
        found = json.loads(one.run("search", "*", "--count", "--limit", "0", "--format", "json", "--key-file", one.key).out)
        assert there <= found["matched"] < one.events, found
        for zoo in cluster.zoos[:2]:
            zoo.start()
        for node in cluster.servers:
            cluster.meet(node)
        end = time.monotonic() + 120
        while (result := one.cluster("load", timeout=400, expect=None)).status:
            assert result.status == 1, result
            lake.says(result, "no session with ZooKeeper", "try again")
            assert time.monotonic() < end, result
            time.sleep(1)
        cluster.settle()
        one.whole()
