# SPDX-License-Identifier: Apache-2.0
"""From one shard to two: the same events sent to one clickhouse-server on one core, and to two of them on a core each; what grows and
what does not. Both are clusters of one replica a shard with ZooKeeper, so that one thing differs. The machine's cores are not more than
the shards': pugmark, ZooKeeper and the question's own process take theirs from the servers, so core-seconds say more than wall times."""
import json
import os
import shutil
import statistics
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "tests", "cluster"))
import servers  # noqa: E402

TABLE = "bitbucket_audit_logs"
LOGS = "".join(f"<{name}><database>system</database><table>{name}</table><flush_interval_milliseconds>600000</flush_interval_milliseconds></{name}>"
               for name in ("query_log", "part_log"))
# With the small pool of the tests no merge of more than 20 MB is begun: the default one here.
USERS = servers.USERS.replace("<max_threads>2<", "<log_queries>1</log_queries><max_threads>1<").replace(
    "<background_pool_size>2<", "<background_pool_size>16<")
OURS = "type = 2 AND (http_user_agent LIKE 'pugmark/%' OR NOT is_initial_query)"  # pugmark's, and what a server asks another for it
SMALL = 10  # imports of a little
WRITES = ("Create", "Set", "Remove", "Multi")
PAGE = ["--format", "ndjson", "--limit", "100"]
SEARCHES = [  # name, arguments, how often in one run
    ("one address, one day", [*PAGE, "--since", "2026-01-14", "--until", "2026-01-15", "ip:10.20.5.2"], 3),
    ("a text within actions, everything", [*PAGE, "action:*permission*"], 3),
    ("histogram and three facets", ["--count", "--histogram", "--facet", "action,actor,ip", "--limit", "0", "--format", "json", "*"], 3),
    ("a word that never occurs, all texts", [*PAGE, "zqxjkv"], 1),
]


def core_seconds(server):
    with open(f"/proc/{server.process.pid}/stat", encoding="utf-8") as file:
        words = file.read().rsplit(")", 1)[1].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def number(server, sql):
    return float(server.ask(sql))


def zoo_asked(cluster):
    """What servers asked ZooKeeper for since they started, by kind."""
    kinds = {}
    for node in cluster.servers:
        for name, n in node.rows("SELECT substring(event, 10), value FROM system.events WHERE match(event, '^ZooKeeper(Transactions|Create|Get|List|Exists|"
                                 "Multi|Set|Remove|Check)$')"):
            kinds[name] = kinds.get(name, 0) + int(n)
    return kinds


def packets(cluster):
    return next(int(line.split()[1]) for line in cluster.zoo.word("mntr").splitlines() if line.startswith("zk_packets_received"))


def at_rest(cluster, seconds=300):
    """Waits until nothing is merged, and nothing is to be."""
    end, quiet = time.monotonic() + seconds, 0
    while quiet < 10:
        busy = [row for node in cluster.servers for row in node.rows("SELECT table, type, new_part_name, postpone_reason, last_exception "
                "FROM system.replication_queue UNION ALL SELECT table, 'MERGE', result_part_name, '', '' FROM system.merges")]
        assert time.monotonic() < end, f"the servers do not come to rest: {busy[:3]}"
        quiet = 0 if busy else quiet + 1
        time.sleep(0.2)


class Watch:
    """What the servers did between two moments: `with Watch(cluster) as did:`, then did.cores[shard] and so on."""

    def __init__(self, cluster):
        self.cluster = cluster

    def __enter__(self):
        self.flush()
        for node in self.cluster.servers:
            for log in ("query_log", "part_log"):
                if node.ask(f"EXISTS TABLE system.{log}") == "1\n":
                    node.ask(f"TRUNCATE TABLE system.{log}")
        self.cores = [core_seconds(node) for node in self.cluster.servers]
        self.began = time.monotonic()
        return self

    def __exit__(self, *_):
        self.wall = time.monotonic() - self.began
        self.ended = [core_seconds(node) for node in self.cluster.servers]
        self.cores = [after - before for after, before in zip(self.ended, self.cores)]

    def flush(self):
        for node in self.cluster.servers:
            node.ask("SYSTEM FLUSH LOGS")

    def asked(self):
        """Per server: questions of pugmark, of the other server."""
        self.flush()
        return [[int(n) for n in node.rows(f"SELECT countIf(is_initial_query), countIf(NOT is_initial_query) FROM system.query_log WHERE {OURS}")[0]]
                for node in self.cluster.servers]

    def in_server(self):
        """Milliseconds of pugmark's questions, as the server that was asked took them."""
        self.flush()
        return sum(number(node, f"SELECT sum(query_duration_ms) FROM system.query_log WHERE {OURS} AND is_initial_query")
                   for node in self.cluster.servers)

    def parts(self):
        """Per server: parts that were written, rows that were merged."""
        self.flush()
        return [[int(n) for n in node.rows("SELECT countIf(event_type = 'NEW_PART'), sumIf(rows, event_type = 'MERGE_PARTS') FROM system.part_log "
                                           "WHERE database = 'pugmark'")[0]] for node in self.cluster.servers]


def idle_rate(cluster, seconds=5):
    """Requests a second that ZooKeeper gets while nothing is done."""
    before = packets(cluster)
    time.sleep(seconds)
    return (packets(cluster) - before) / seconds


def stored(node):
    sql = f"SELECT sum(rows), sum(bytes_on_disk), count() FROM system.parts WHERE active AND database = 'pugmark' AND table = '{TABLE}_local'"
    return [int(n) for n in node.rows(sql)[0]]


def search(b, cluster, lake, said):
    for name, words, times in SEARCHES:
        command = [b.program("pugmark"), "search", "--data", lake, *words]
        if times > 1:
            b.run(command)  # caches
        walls, cpu = [], 0
        with Watch(cluster) as did:
            for _ in range(times):
                one = b.run(command)
                walls.append(one["wall"])
                cpu += one["cpu"]
        asked = did.asked()
        said[name] = {"wall": statistics.median(walls) * 1000, "server": did.in_server() / times,
                      "cores": [c / times * 1000 for c in did.cores], "client": cpu / times * 1000,
                      "asked": [[n / times for n in one] for one in asked]}


def small_files(b, work):
    paths = [os.path.join(work, f"small-{seed}.ndjson") for seed in range(SMALL)]
    for seed, path in enumerate(paths):
        b.run([b.program("generate"), "--table", "jira", "--events", "2000", "--seed", str(seed + 1), "--start", "2026-01-10", "--days", "1", "-o", path])
    return paths


def ship_small(b, cluster, lake, paths):
    """Imports that each send a little, as those of a running collector do."""
    cpu, kinds = 0, zoo_asked(cluster)
    with Watch(cluster) as did:
        for path in paths:
            cpu += b.run([b.program("pugmark"), "import", "--data", lake, "--no-detect", path])["cpu"]
    parts, asked = did.parts(), did.asked()
    kinds = {name: n - kinds.get(name, 0) for name, n in zoo_asked(cluster).items()}
    at_rest(cluster)
    return {"kinds": kinds, "wall": did.wall / SMALL * 1000, "cpu": cpu / SMALL * 1000, "parts": [n for n, _ in parts], "asked": asked,
            "cores": [c / SMALL * 1000 for c in did.cores], "merged": [n for _, n in did.parts()]}


def once(b, work, shards, paths):
    """One lake sent to so many shards, and asked; the figures."""
    lake, said = os.path.join(work, "lake"), {}
    for old in ("lake", "cluster"):
        shutil.rmtree(os.path.join(work, old), ignore_errors=True)
    shutil.copytree(b.LAKE, lake)
    cluster = servers.Cluster(os.path.join(work, "cluster"), shards, 1, more=LOGS, users=USERS)
    for core, node in enumerate(cluster.servers):
        node.core = core
    with cluster:
        urls = [word for url in cluster.urls for word in ("--url", url)]
        key = ["--key-file", os.path.join(work, "key")]
        b.run([b.program("pugmark"), "cluster", "init", "--data", lake, *urls, "--cluster", cluster.name, *key])
        b.settle()
        with Watch(cluster) as did:
            load = b.run([b.program("pugmark"), "cluster", "load", "--data", lake, "--json"])
        at_rest(cluster)
        merging = [core_seconds(node) - then for node, then in zip(cluster.servers, did.ended)]
        parts, asked, rate = did.parts(), did.asked(), idle_rate(cluster)
        with Watch(cluster) as checked:
            check = b.run([b.program("pugmark"), "cluster", "load", "--data", lake, "--check"])
        said.update(load=load["wall"], check=check["wall"], collector=load["cpu"], collector_check=check["cpu"],
                    servers=[one - two for one, two in zip(did.cores, checked.cores)], merging=merging,
                    parts=[n for n, _ in parts], merged=[n for _, n in parts], asked=asked,
                    asked_check=checked.asked(), stored=[stored(node) for node in cluster.servers], idle=rate)
        rows = sum(one[0] for one in said["stored"])
        assert rows == b.EVENTS, f"{rows} rows are there, not {b.EVENTS}"
        search(b, cluster, lake, said)
        said["small"] = ship_small(b, cluster, lake, paths)
    return said


def middle(runs, get):
    """The median over runs, of each server where there is a list."""
    values = [get(run) for run in runs]
    return [statistics.median(one) for one in zip(*values)] if isinstance(values[0], (list, tuple)) else statistics.median(values)


def line(name, one, two, form, each=True):
    """A row: one shard, two shards; of lists the servers' values, and what all of them come to by what one comes to."""
    text = lambda value: " + ".join(form.format(n) for n in value) if isinstance(value, list) else form.format(value)  # noqa: E731
    total = lambda value: sum(value) if isinstance(value, list) else value  # noqa: E731
    ratio = f"{total(two) / total(one):7.2f}×" if total(one) else ""
    most = f"{max(two) / max(one):7.2f}×" if each and isinstance(one, list) and max(one) else ""
    print(f"  {name:50}{text(one):>14}{text(two):>24}{ratio:>9}{most:>9}", flush=True)


def report(b, one, two):
    row = lambda name, get, form, **how: line(name, middle(one, get), middle(two, get), form, **how)  # noqa: E731
    print(f"  {'':50}{'one shard':>14}{'two, each':>24}{'in all':>9}{'busiest':>9}")
    row("rows of the events", lambda r: [s[0] for s in r["stored"]], "{:,.0f}")
    row("MB on disk", lambda r: [s[1] / 1e6 for s in r["stored"]], "{:.1f}")
    row("parts at rest", lambda r: [s[2] for s in r["stored"]], "{:.0f}")
    row("parts written while it was sent, all tables", lambda r: r["parts"], "{:.0f}")
    row("rows merged until it was at rest", lambda r: r["merged"], "{:,.0f}")
    row("requests of pugmark while it was sent", lambda r: [a - c for (a, _), (c, _) in zip(r["asked"], r["asked_check"])], "{:.0f}", each=False)
    row("requests of the other server for them", lambda r: [a - c for (_, a), (_, c) in zip(r["asked"], r["asked_check"])], "{:.0f}", each=False)
    row("requests to ZooKeeper a second, nothing being sent", lambda r: r["idle"], "{:.1f}")
    row("seconds, load", lambda r: r["load"], "{:.2f}")
    row("seconds, its check at the end, alone", lambda r: r["check"], "{:.2f}")
    row("collector's core-seconds, load", lambda r: r["collector"], "{:.2f}")
    row("collector's core-seconds, check alone", lambda r: r["collector_check"], "{:.2f}")
    row("servers' core-seconds to take it, without check", lambda r: r["servers"], "{:.2f}")
    row("servers' core-seconds from there to rest", lambda r: r["merging"], "{:.2f}")
    print(f"  {SMALL} imports of 2,000 events, each sent at its end:")
    row("  ms, each", lambda r: r["small"]["wall"], "{:.0f}")
    row("  core-ms of pugmark, each", lambda r: r["small"]["cpu"], "{:.0f}")
    row("  core-ms of the servers, each", lambda r: r["small"]["cores"], "{:.0f}")
    row("  parts written, all tables", lambda r: r["small"]["parts"], "{:.0f}")
    row("  rows merged until it was at rest", lambda r: r["small"]["merged"], "{:,.0f}")
    row("  requests of pugmark", lambda r: [a for a, _ in r["small"]["asked"]], "{:.0f}", each=False)
    row("  requests of the other server", lambda r: [a for _, a in r["small"]["asked"]], "{:.0f}", each=False)
    row("  requests to ZooKeeper, merging and waiting too", lambda r: r["small"]["kinds"]["Transactions"], "{:.0f}")
    row("  … for each part", lambda r: r["small"]["kinds"]["Transactions"] / sum(r["small"]["parts"]), "{:.1f}")
    row("  … of them writes, for each part", lambda r: sum(r["small"]["kinds"].get(k, 0) for k in WRITES) / sum(r["small"]["parts"]), "{:.1f}")
    for name, _, _ in SEARCHES:
        print(f"  {name}:")
        row("  ms, whole process", lambda r: r[name]["wall"], "{:.0f}")
        row("  ms, in the server that was asked", lambda r: r[name]["server"], "{:.0f}")
        row("  core-ms of the servers", lambda r: r[name]["cores"], "{:.0f}")
        row("  core-ms of pugmark", lambda r: r[name]["client"], "{:.0f}")
        row("  requests of pugmark", lambda r: [a for a, _ in r[name]["asked"]], "{:.0f}", each=False)
        row("  requests of the other server", lambda r: [a for _, a in r[name]["asked"]], "{:.0f}", each=False)


def part(b):
    if not servers.there() or not os.path.exists(servers.ZOOKEEPER):
        sys.exit("bench: cluster-shards: clickhouse-server or ZooKeeper is not installed: scripts/setup.sh --cluster")
    work = os.path.join(b.DIR, "cluster-shards")
    shutil.rmtree(work, ignore_errors=True)
    os.makedirs(work)
    b.imported(b.FILE)
    print(f"one shard (a server on one core) and two (on a core each), one replica, ZooKeeper, {b.EVENTS:,} events; {os.cpu_count()} cores in all, "
          "which pugmark and ZooKeeper use too:", flush=True)
    paths, runs = small_files(b, work), {1: [], 2: []}
    for _ in range(b.RUNS):
        for shards, done in runs.items():
            done.append(once(b, work, shards, paths))
    report(b, runs[1], runs[2])
    for shards, done in runs.items():
        spread = {"load": [round(r["load"], 2) for r in done], **{n: [round(r[n]["wall"]) for r in done] for n, _, _ in SEARCHES}}
        print(f"  every run, {shards}: {json.dumps(spread)}")
    print(f"  load of the machine at the end {os.getloadavg()[0]:.1f}")
    shares = [max(s[0] for s in r["stored"]) / b.EVENTS for r in runs[2]]
    b.verdict("the larger shard's part of the rows", max(shares), 0.51, False, "")
    shutil.rmtree(work, ignore_errors=True)
