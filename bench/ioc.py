# SPDX-License-Identifier: Apache-2.0
"""Indicators asked of a large lake: whole `pugmark ioc search` processes, beside DuckDB's semi-join over the very same Parquet files and
ripgrep over the raw ones; and what a watchlist costs an import."""
import json
import os
import random
import shutil
import sqlite3
import subprocess

import search

DISTINCT = 1_000_000
MASK = (1 << 64) - 1
RIPGREP = 120


def observable(k):
    """Number k of those that `generate --observables` writes."""
    if k & 3 == 0:
        return f"{11 + k // 4 % 100}.{k // 400 & 255}.{k // 400 >> 8 & 255}.{k // 400 >> 16 & 255}"
    if k & 3 == 1:
        return f"h{k}.example.net"
    if k & 3 == 2:
        return f"m{k}@mail.example.org"
    mixed, text = (k + 1) * 0x9e3779b97f4a7c15 & MASK, ""
    for _ in range(4):
        mixed = mixed + 0x9e3779b97f4a7c15 & MASK
        text += f"{mixed:016x}"
    return text


def make_list(path, n, seen, seed):
    """n indicators, one a line; a share of them are in the data."""
    rng = random.Random(seed)
    with open(path, "w", encoding="ascii") as out:
        for _ in range(n):
            k = rng.randrange(DISTINCT)
            out.write(observable(k if rng.random() < seen else k + 2 * DISTINCT) + "\n")
    return path


def make_raw(b, raw, events):
    """The file of such events; it stays for the next run."""
    if not os.path.exists(raw):
        b.run([b.program("generate"), "--table", "bitbucket", "--events", str(events), "--observables", str(DISTINCT),
               "-o", raw + ".new"])
        os.rename(raw + ".new", raw)


def make_lake(b, events):
    """A lake whose events hold DISTINCT observables; the raw file stays where it is asked for."""
    raw, lake = os.path.join(b.DIR, f"observables-{events}.log"), os.path.join(b.DIR, f"lake-observables-{events}")
    make_raw(b, raw, events)
    if not os.path.isdir(lake):
        b.imported(raw, lake=lake)
        b.run([b.program("pugmark"), "compact", "--data", lake])
    return raw, lake


def ask(b, lake, *words):
    return [b.program("pugmark"), "ioc", "search", "--data", lake, "--threads", b.THREADS, "--hits", "--format", "csv", *words]


def duckdb(b, files, path):
    """The same question: how often is each of the list in the address or in an attribute, in how many events."""
    table = f"read_parquet({json.dumps(files)})".replace('"', "'")
    return b.run([b.program("peer_duckdb"), b.LIBRARY, b.THREADS,
                  f"create temp table ind as select column0 v from read_csv('{path}', header = false, columns = {{'column0': 'varchar'}},"
                  " delim = '\t')",
                  f"select v, count(distinct id) n from (select event_id id, source_address v from {table} union all "
                  f"select event_id, unnest(extra_attributes).value from {table}) where v in (select v from ind) group by v"])


def ripgrep(b, path, raw):
    """Seconds; it is given up after RIPGREP of them."""
    began = b.time.monotonic()
    try:
        subprocess.run(["rg", "-j", b.THREADS, "--no-mmap", "-c", "-F", "-f", path, raw], stdout=subprocess.DEVNULL, check=False,
                       timeout=RIPGREP)
    except subprocess.TimeoutExpired:
        return RIPGREP
    return b.time.monotonic() - began


def searches(b, events):
    raw, lake = make_lake(b, events)
    live = b.run([b.program("pugmark"), "sql", "--data", lake, "--format", "ndjson",
                  "select path from segments where table_name = 'bitbucket_audit_logs'"])["text"]
    files = [json.loads(line)["path"] for line in live.splitlines()]
    with sqlite3.connect(os.path.join(lake, "catalog.db")) as catalog:  # without files that nobody reads any more
        (index,) = catalog.execute("SELECT sum(bytes) FROM observable_runs").fetchone()
    print(f"indicators over {events:,} events with {DISTINCT:,} observables, {os.path.getsize(raw) / 1e9:.1f} GB raw, index "
          f"{index / 1e6:.0f} MB; {b.THREADS} threads; whole commands")
    b.verdict("index against raw bytes", index / os.path.getsize(raw) * 100, 5, False, " %")
    for n, share, most in ((1, 1, 20), (100_000, 0.01, 100), (100_000, 0.5, 100), (1_000_000, 0.01, 1000), (1_000_000, 0.5, 1000)):
        path = make_list(os.path.join(b.DIR, f"indicators-{n}-{share}"), n, share, n)
        words = ["--file", path, "--list-format", "plain"] if n > 1 else [open(path, encoding="ascii").read().strip()]
        command = ask(b, lake, *words)
        b.run(command)
        ours = [b.run(command) for _ in range(b.RUNS)]
        search.cold(lake)
        cold = b.run(command)
        peer = duckdb(b, files, path) if n <= 100_000 else None
        theirs = sum(s["seconds"] for s in peer["statements"]) if peer else None
        grep = None
        if n <= 100_000 and share != 0.5 and shutil.which("rg"):
            grep = ripgrep(b, path, raw)
        ms = b.median(ours, "wall") * 1000
        what = f"{n:,} indicators, {share:.0%} seen"
        print(f"  {what:30} {ms:8.0f} ms, {b.median(ours, 'cpu'):.2f} core-s, peak {b.median(ours, 'peak_mb'):.0f} MB; cold "
              f"{cold['wall'] * 1000:.0f} ms" + (f"; DuckDB {theirs * 1000:.0f} ms ({theirs * 1000 / ms:.0f}×)" if theirs else "") +
              (f"; ripgrep {'at least ' if grep >= RIPGREP else ''}{grep * 1000:.0f} ms ({grep * 1000 / ms:.0f}×)" if grep else ""), flush=True)
        b.verdict(what, ms, most, False, " ms")
        b.verdict(f"{what}, cold against warm", cold["wall"] * 1000 / ms, 3, False)


def watching(b):
    """An import with its rules, without a watchlist and with one of a million, none and a few of which are seen."""
    path = make_list(os.path.join(b.DIR, "watch-1000000"), 1_000_000, 0.0, 7)
    lake = os.path.join(b.DIR, "lake-watched")
    without, watched, add = [], [], []
    for _ in range(b.RUNS):
        shutil.rmtree(lake, ignore_errors=True)
        without.append(b.imported(b.FILE, lake=lake, rules=True))
        shutil.rmtree(lake, ignore_errors=True)
        add.append(b.run([b.program("pugmark"), "ioc", "add", "million", "--data", lake, "--file", path, "--list-format", "plain"]))
        watched.append(b.imported(b.FILE, lake=lake, fresh=False, rules=True))
    shutil.rmtree(lake, ignore_errors=True)
    print(f"import with rules {b.spread(without, 'wall')}, {b.median(without, 'cpu'):.2f} core-s; with a watchlist of 1,000,000 "
          f"{b.spread(watched, 'wall')}, {b.median(watched, 'cpu'):.2f} core-s; making the list {b.spread(add, 'wall')}, peak "
          f"{b.median(add, 'peak_mb'):.0f} MB")
    b.verdict("watchlist of 1,000,000, core-seconds of an import", b.median(watched, "cpu") / b.median(without, "cpu"), 1.1, False)
    b.verdict("its memory", b.median(watched, "peak_mb") - b.median(without, "peak_mb"), 200, False, " MB")


def large(b, events):
    """The same values in ten times as many events: does asking grow with them? The raw file (97 GB for 100,000,000 events) is never on the
    disk; the lake takes 21 GB, and is kept."""
    _, small = make_lake(b, events)
    lake = os.path.join(b.DIR, f"lake-observables-{10 * events}")
    if not os.path.isdir(lake):
        made = subprocess.Popen([b.program("generate"), "--table", "bitbucket", "--events", str(10 * events), "--observables",
                                 str(DISTINCT)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        subprocess.run([b.program("pugmark"), "import", "--data", lake, "--no-detect", "--table", "bitbucket", "-"], stdin=made.stdout,
                       check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for n, share in ((1, 1), (100_000, 0.01), (100_000, 0.5), (1_000_000, 0.5)):
        path = make_list(os.path.join(b.DIR, f"indicators-{n}-{share}"), n, share, n)
        few, many = [], []
        for run in range(b.RUNS + 1):  # the first warms up
            pair = [b.run(ask(b, which, "--file", path, "--list-format", "plain")) for which in (small, lake)]
            if run:
                few.append(pair[0])
                many.append(pair[1])
        a, z = b.median(few, "wall"), b.median(many, "wall")
        what = f"{n:,} indicators, {share:.0%} seen"
        print(f"  {what:30} {events:,} events {a * 1000:.0f} ms, {10 * events:,} events {z * 1000:.0f} ms", flush=True)
        b.verdict(f"{what}, ten times the events", z / a, 1.5, False)


def part(b, events):
    searches(b, events)
    watching(b)
