# SPDX-License-Identifier: Apache-2.0
"""Runs the programs in turn, takes medians, prints figures and the ratios that DESIGN promises."""
import json
import os
import shutil
import statistics
import subprocess
import sys
import time

import cluster
import cluster_search
import cluster_shards
import collect
import detect
import evidence
import ioc
import search
import serve
import ship

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILD = os.path.join(ROOT, os.environ.get("BUILD", "build/release"))
DIR = os.path.abspath(os.environ.get("BENCH_DIR", os.path.join(ROOT, "bench", "data")))
EVENTS = int(os.environ.get("BENCH_EVENTS", "1000000"))
SCALE = int(os.environ.get("BENCH_SCALE", "10"))
RUNS = int(os.environ.get("BENCH_RUNS", "5"))
THREADS = os.environ.get("BENCH_THREADS", "2")
LIBRARY = os.environ.get("DUCKDB_LIBRARY", os.path.join(ROOT, "deps", "duckdb", "libduckdb.so"))
FILE = os.path.join(DIR, f"bitbucket-{EVENTS}.log")
LAKE = os.path.join(DIR, "lake")
verdicts = []


def program(name):
    path = os.path.join(BUILD, name)
    if not os.access(path, os.X_OK):
        sys.exit(f"bench: {path} is not built")
    return path


def run(args, env=None):
    """The object that a program prints, its wall time and its peak memory."""
    began = time.monotonic()
    process = subprocess.Popen(args, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env)
    out, err = process.stdout.read(), process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    wall = time.monotonic() - began
    if process.returncode not in (0, 3):
        sys.exit(f"bench: {' '.join(args)[:200]}: {err}")
    said = json.loads(out) if out.startswith("{") and out.count("\n") == 1 else {}
    said.update(wall=wall, peak_mb=usage.ru_maxrss / 1024, cpu=usage.ru_utime + usage.ru_stime, text=out)
    return said


def settle():
    """Dirty pages of the run before are not this run's work."""
    subprocess.run(["sync"], check=True)


def make_file(path, events, *more):
    if not os.path.exists(path):
        run([program("generate"), "--table", "bitbucket", "--events", str(events), *more, "-o", path + ".new"])
        os.rename(path + ".new", path)
    with open(path, "rb", buffering=0) as file:  # into the page cache
        while file.read(1 << 24):
            pass
    return os.path.getsize(path)


def imported(path, lake=LAKE, fresh=True, more=(), rules=False):
    """With rules: those that ship, and those of the folder `rules` where it names one."""
    if fresh:
        shutil.rmtree(lake, ignore_errors=True)
    if isinstance(rules, str):
        shutil.copytree(rules, os.path.join(lake, "rules"))
    settle()
    return run([program("pugmark"), "import", "--data", lake, "--json", "--timings", "--threads", THREADS,
                *(() if rules else ("--no-detect",)), *more, path])


def duckdb(path, ordered=True):
    out = os.path.join(DIR, "peer.parquet")
    settle()
    said = run([program("peer_duckdb"), LIBRARY, THREADS, f"SET preserve_insertion_order = {str(ordered).lower()}",
                f"COPY (SELECT * FROM read_json('{path}', format = 'newline_delimited')) "
                f"TO '{out}' (FORMAT parquet, COMPRESSION zstd)"])
    said["seconds"] = said["statements"][-1]["seconds"]
    said["version_text"] = said["version"]
    return said


def median(runs, key):
    return statistics.median(r[key] for r in runs)


def spread(runs, key):
    return f"{median(runs, key):6.2f} s  ({min(r[key] for r in runs):.2f} to {max(r[key] for r in runs):.2f})"


def verdict(what, value, target, more_is_better=True, unit="×"):
    met = value >= target if more_is_better else value <= target
    word = "met" if met else "MISSED"
    verdicts.append((what, value, target, unit, word))
    print(f"  → {what}: {value:.2f}{unit}, {'at least' if more_is_better else 'at most'} {target}{unit}: {word}")


def part_import():
    ours, peer, loose = [], [], []
    for _ in range(RUNS):
        ours.append(imported(FILE))
        peer.append(duckdb(FILE))
        loose.append(duckdb(FILE, ordered=False))
    megabytes = os.path.getsize(FILE) / 1e6
    print(f"import, everything on, {THREADS} threads, {EVENTS:,} events, {megabytes:.0f} MB:")
    print(f"  pugmark import                   {spread(ours, 'wall')}  {megabytes / median(ours, 'wall'):.0f} MB/s, "
          f"peak {median(ours, 'peak_mb'):.0f} MB")
    print(f"  DuckDB {peer[0]['version_text']} read_json → Parquet {spread(peer, 'seconds')}  peak {median(peer, 'peak_mb'):.0f} MB")
    print(f"  the same without keeping order   {spread(loose, 'seconds')}")
    print(f"  core-seconds of the processes: pugmark {median(ours, 'cpu'):.2f}, DuckDB {median(peer, 'cpu'):.2f}, without order "
          f"{median(loose, 'cpu'):.2f} (these do not depend on what else the machine does)")
    stored = sum(os.path.getsize(os.path.join(d, f)) for d, _, fs in os.walk(LAKE) for f in fs)
    print(f"  data folder {stored / 1e6:.0f} MB of {megabytes:.0f} MB raw; DuckDB's file alone "
          f"{os.path.getsize(os.path.join(DIR, 'peer.parquet')) / 1e6:.0f} MB")
    print("  core-seconds of the stages:", ", ".join(
        f"{k} {statistics.median(r['core_seconds'][k] for r in ours):.2f}" for k in ours[0]["core_seconds"]))
    verdict("import against DuckDB", median(peer, "seconds") / median(ours, "wall"), 3)
    print(f"    (against DuckDB without order: {median(loose, 'seconds') / median(ours, 'wall'):.2f}×)")


def part_decode():
    ours, peer = [], []
    for _ in range(RUNS):
        settle()
        ours.append(run([program("decode_parquet"), "bitbucket", THREADS, FILE, os.path.join(DIR, "ours.parquet")]))
        peer.append(duckdb(FILE))
    print(f"decode to Parquet alone, {THREADS} threads:")
    print(f"  decode_parquet                   {spread(ours, 'seconds')}  core-seconds: decode "
          f"{median(ours, 'decode_core_seconds'):.2f}, encode {median(ours, 'encode_core_seconds'):.2f}; "
          f"{ours[0]['bytes'] / 1e6:.0f} MB")
    print(f"  DuckDB read_json → Parquet       {spread(peer, 'seconds')}")
    verdict("decode to Parquet against DuckDB", median(peer, "seconds") / median(ours, "seconds"), 4)


def part_again():
    first, second = [], []
    for _ in range(RUNS):
        first.append(imported(FILE))
        second.append(imported(FILE, fresh=False))
        if second[-1]["stored"]:
            sys.exit("bench: a second import stored something")
    print("the same file again (all duplicates):")
    print(f"  first import                     {spread(first, 'wall')}")
    print(f"  second import                    {spread(second, 'wall')}")
    verdict("second import against first", median(second, "wall") / median(first, "wall"), 1.0, False)


def part_sql():
    """Questions to a lake and, in DuckDB, to the file that it wrote itself from the same input."""
    if not os.path.isdir(LAKE):
        imported(FILE)
    peer_file = os.path.join(DIR, "peer.parquet")
    if not os.path.exists(peer_file):
        duckdb(FILE)
    questions = [
        ("count by action", "select action, count(*) n from bitbucket_audit_logs group by 1 order by 2 desc",
         f"select auditType.action, count(*) n from '{peer_file}' group by 1 order by 2 desc"),
        ("one address", "select count(*) n, min(event_time) t from bitbucket_audit_logs where ip = '203.0.113.17'",
         f"select count(*) n, min(timestamp.epochSecond) t from '{peer_file}' where source = '203.0.113.17'"),
        ("nested", "select o.name, count(*) n from (select unnest(affected_objects) o from bitbucket_audit_logs) "
         "where o.type = 'REPOSITORY' group by 1 order by 2 desc limit 10",
         f"select o.name, count(*) n from (select unnest(affectedObjects) o from '{peer_file}') "
         "where o.type = 'REPOSITORY' group by 1 order by 2 desc limit 10"),
        ("newest 100", "select * from bitbucket_audit_logs order by event_time desc limit 100",
         f"select * from '{peer_file}' order by timestamp.epochSecond desc, timestamp.nano desc limit 100"),
    ]
    print(f"SQL over {EVENTS:,} events ({THREADS} threads; ours is a whole process, sandbox and all; the peer's is the query alone):")
    for name, ours_sql, peer_sql in questions:
        ours, peer = [], []
        for _ in range(RUNS):
            ours.append(run([program("pugmark"), "sql", "--data", LAKE, "--threads", THREADS, "--format", "ndjson", ours_sql]))
            one = run([program("peer_duckdb"), LIBRARY, THREADS, peer_sql])
            one["seconds"] = one["statements"][0]["seconds"]
            peer.append(one)
        print(f"  {name:16} pugmark sql {median(ours, 'wall') * 1000:6.0f} ms   DuckDB {median(peer, 'seconds') * 1000:6.0f} ms, "
              f"its process {median(peer, 'wall') * 1000:.0f} ms")
    start = [run([program("pugmark"), "version"]) for _ in range(RUNS)]
    verdict("start of a command, ms", median(start, "wall") * 1000, 10, False, " ms")


def part_scale():
    """Ten times the events: time must be ten times as long, memory the same."""
    large = os.path.join(DIR, f"bitbucket-{EVENTS * SCALE}.log")
    size = make_file(large, EVENTS * SCALE)
    small = [imported(FILE) for _ in range(3)]
    one = imported(large)
    again = imported(large, fresh=False)
    print(f"scale: {EVENTS * SCALE:,} events, {size / 1e9:.1f} GB, budget 1 GB (the default):")
    print(f"  1×  {spread(small, 'wall')}   peak {median(small, 'peak_mb'):.0f} MB")
    print(f"  {SCALE}× {one['wall']:6.2f} s   peak {one['peak_mb']:.0f} MB;  again (all duplicates) {again['wall']:.2f} s, "
          f"peak {again['peak_mb']:.0f} MB, {again['stored']} stored")
    verdict(f"time of {SCALE}× the events, per event", one["wall"] / median(small, "wall") / SCALE, 1.15, False)
    verdict("peak memory against the budget", max(one["peak_mb"], again["peak_mb"]) / 1024, 1.0, False, " GB")
    tight = imported(large, more=("--memory", "256M"))
    print(f"  with --memory 256M {tight['wall']:.2f} s, peak {tight['peak_mb']:.0f} MB")
    verdict("peak memory against a budget of 256 MB", tight["peak_mb"], 256, False, " MB")
    os.unlink(large)


def part_search():
    """Needs the large file and its lake (some 11 GB); they are kept for the next run."""
    search.part(sys.modules[__name__], EVENTS * SCALE)


def part_collect():
    """The sources: an API and a bucket on this machine."""
    collect.part(sys.modules[__name__])


def part_ship():
    ship.part_ship(sys.modules[__name__])


def part_cluster():
    print(f"import into a lake with a ClickHouse server, {EVENTS:,} events, against ClickHouse's own insert:")
    cluster.part_cluster(sys.modules[__name__])


def part_detect():
    """Rules over stored batches."""
    detect.part(sys.modules[__name__])


def part_ioc():
    """Needs another large file and its lake (some 12 GB); they are kept for the next run."""
    ioc.part(sys.modules[__name__], EVENTS * SCALE)


def part_replay():
    """All shipped rules over BENCH_SCALE imports (some 1.5 GB)."""
    detect.replay(sys.modules[__name__], SCALE)


def part_ioc_large():
    """Ten times the events of `ioc` (21 GB more)."""
    ioc.large(sys.modules[__name__], EVENTS * SCALE)


def part_serve():
    """HTTP, the page in Chromium, searches beside an import (the lake of `ioc`)."""
    serve.part(sys.modules[__name__], EVENTS * SCALE)


def part_evidence():
    """Needs the large file of `ioc` (10 GB, kept), and 3 GB for a lake of its own."""
    evidence.part(sys.modules[__name__], EVENTS * SCALE)


def part_cluster_search():
    """Searches on ClickHouse against SQL by hand (the lake of `ioc`)."""
    cluster_search.part(sys.modules[__name__], EVENTS * SCALE)


def part_cluster_shards():
    """One ClickHouse shard and two (needs ZooKeeper)."""
    cluster_shards.part(sys.modules[__name__])


PARTS = {"import": part_import, "decode": part_decode, "again": part_again, "sql": part_sql, "search": part_search, "cluster": part_cluster,
         "scale": part_scale, "detect": part_detect, "replay": part_replay, "ioc": part_ioc, "ioc-large": part_ioc_large, "collect": part_collect, "ship": part_ship,
         "serve": part_serve, "evidence": part_evidence, "cluster-search": part_cluster_search, "cluster-shards": part_cluster_shards}

ASKED_FOR = ("ioc-large",)  # too large to run unasked


def main():
    wanted = sys.argv[1:] or [part for part in PARTS if part not in ASKED_FOR]
    for part in wanted:
        if part not in PARTS:
            sys.exit(f"bench: {part} is not one of {', '.join(PARTS)}")
    os.makedirs(DIR, exist_ok=True)
    size = make_file(FILE, EVENTS)
    cpu = next((l.split(":")[1].strip() for l in open("/proc/cpuinfo") if l.startswith("model name")), "?")
    print(f"{cpu}, {os.cpu_count()} cores; {EVENTS:,} Bitbucket events, {size / 1e6:.0f} MB; "
          f"medians of {RUNS} alternating runs, files cached; load {os.getloadavg()[0]:.1f} at the start\n")
    for part in wanted:
        PARTS[part]()
        print(flush=True)
    for what, value, target, unit, word in verdicts:
        print(f"{word:6} {what}: {value:.2f}{unit} (target {target}{unit})")
    shutil.rmtree(LAKE, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
