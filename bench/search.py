# SPDX-License-Identifier: Apache-2.0
"""Searches over a large lake: whole `pugmark search` processes, beside DuckDB's query over the very same Parquet files
and ripgrep over the raw ones. Values to look for are taken from the data, so that each has a known number of hits."""
import glob
import json
import os
import shutil
import subprocess


def cold(folder):
    """Drops the lake's files from the page cache."""
    for path, _, names in os.walk(folder):
        for name in names:
            fd = os.open(os.path.join(path, name), os.O_RDONLY)
            os.fsync(fd)
            os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
            os.close(fd)


def values(b, lake):
    """What to look for: rare and common values of the data."""
    def rows(sql):
        out = b.run([b.program("pugmark"), "sql", "--data", lake, "--format", "ndjson", sql])["text"]
        return [json.loads(line) for line in out.splitlines()]
    rare = "select {0} v, count(*) n from events where {0} is not null group by 1 order by 2, 1 limit 1"
    return {"ip": rows(rare.format("ip"))[0]["v"], "target": rows(rare.format("target"))[0]["v"],
            "actor": rows(rare.format("actor"))[0]["v"],
            "net": ".".join(rows(rare.format("ip"))[0]["v"].split(".")[:3])}


def questions(v, files, raw):
    """name, arguments of pugmark search, DuckDB's SQL, ripgrep's pattern, most milliseconds (None: no target)."""
    table = f"read_parquet({json.dumps(files)})".replace('"', "'")
    page = ["--format", "ndjson", "--limit", "100"]
    newest = "order by event_time desc limit 100"
    net = v["net"]
    low, high = (f"from_hex('00000000000000000000FFFF{''.join(f'{int(p):02X}' for p in net.split('.'))}{end}')"
                 for end in ("00", "FF"))
    texts = [f"{c} ilike '%zqxjkv%'" for c in (
        "source", "instance", "author_id", "author_name", "author_type", "author_uri", "audit_type_action",
        "audit_type_action_i18n_key", "audit_type_category", "audit_type_category_i18n_key", "audit_type_area",
        "audit_type_level", "source_address", "method", "node", "system", "version", "extra::varchar",
        "affected_objects::varchar", "changed_values::varchar", "extra_attributes::varchar")]
    facet = "select {0}, count(*) n from " + table + " group by 1 order by 2 desc limit 10"
    return [
        ("selective field: one address", [*page, f"ip:{v['ip']}"], [f"select * from {table} where ip = '{v['ip']}' {newest}"],
         v["ip"], 100),
        ("a field that one actor has", [*page, f"actor:{v['actor']}"],
         [f"select * from {table} where actor = '{v['actor']}' {newest}"], f'"name":"{v["actor"]}"', 100),
        ("newest 100 of everything", [*page, "*"], [f"select * from {table} {newest}"], None, 50),
        ("address range", [*page, f"ip:{net}.0/24"],
         [f"select * from {table} where ip_bytes between {low} and {high} {newest}"], net.replace(".", "\\.") + "\\.", 200),
        ("a target inside a list", [*page, f"target:{v['target']}"],
         [f"select * from {table} where list_contains(targets, '{v['target']}') {newest}"], f'"{v["target"]}"', 150),
        ("a bare word that never occurs", [*page, "zqxjkv"],
         [f"select * from {table} where {' or '.join(texts)} {newest}"], "(?i)zqxjkv", 1000),
        ("regular expression on one column", [*page, "action:/permission (granted|removed)$/"],
         [f"select * from {table} where regexp_matches(action, 'permission (granted|removed)$') {newest}"],
         'permission (granted|removed)"', 300),
        ("histogram and three facets", ["--count", "--histogram", "--facet", "action,actor,ip", "*"],
         [f"select date_trunc('day', event_time), count(*) from {table} group by 1 order by 1",
          facet.format("action"), facet.format("actor"), facet.format("ip")], None, 300),
    ]


def part(b, events):
    raw = os.path.join(b.DIR, f"bitbucket-{events}.log")
    lake = os.path.join(b.DIR, f"lake-{events}")
    size = b.make_file(raw, events)
    if not os.path.isdir(lake):
        b.imported(raw, lake=lake)
        b.run([b.program("pugmark"), "compact", "--data", lake])
    live = b.run([b.program("pugmark"), "sql", "--data", lake, "--format", "ndjson",
                  "select path from segments where table_name = 'bitbucket_audit_logs'"])["text"]
    files = [json.loads(line)["path"] for line in live.splitlines()]
    print(f"search over {events:,} events, {len(files)} files, {sum(map(os.path.getsize, files)) / 1e6:.0f} MB of Parquet for "
          f"{size / 1e9:.1f} GB raw, {b.THREADS} threads; first page of 100 whole rows; milliseconds; "
          "memory includes the 30 MB of the runner that starts the process")
    print(f"  {'':36}{'pugmark':>9}{'cold':>8}{'MB, most':>9}{'DuckDB':>9}{'ratio':>8}{'ripgrep':>9}")
    verdicts = []
    for name, words, sqls, pattern, most in questions(values(b, lake), files, raw):
        command = [b.program("pugmark"), "search", "--data", lake, "--threads", b.THREADS, *words]
        b.run(command)
        ours, peer = [], []
        for _ in range(b.RUNS):
            ours.append(b.run(command))
            one = b.run([b.program("peer_duckdb"), b.LIBRARY, b.THREADS, *sqls])
            one["seconds"] = sum(s["seconds"] for s in one["statements"])
            peer.append(one)
        cold(lake)
        first = b.run(command)
        rg = None
        if pattern and shutil.which("rg"):
            began = b.time.monotonic()
            subprocess.run(["rg", "-j", b.THREADS, "--no-mmap", "-c", pattern, raw], stdout=subprocess.DEVNULL, check=False)
            rg = b.time.monotonic() - began
        ms = b.median(ours, "wall") * 1000
        theirs = b.median(peer, "seconds") * 1000
        print(f"  {name:36}{ms:9.0f}{first['wall'] * 1000:8.0f}{b.median(ours, 'peak_mb'):9.0f}{theirs:9.0f}"
              f"{theirs / ms:7.1f}×{'' if rg is None else f'{rg * 1000:9.0f}'}", flush=True)
        verdicts.append((name, ms, most))
    for name, ms, most in verdicts:
        b.verdict(f"{name}, ms", ms, most, False, " ms")
