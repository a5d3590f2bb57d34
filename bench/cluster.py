# SPDX-License-Identifier: Apache-2.0
"""Importing into a lake with a cluster set (vault, identity, observables, rules, Parquet and sending), against ClickHouse's own insert of
the same rows, as JSON lines, into the same table of the same server; alternating."""
import os
import shutil
import subprocess
import sys
import time
import urllib.parse

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
TABLE = "bitbucket_audit_logs"


def columns(server, database):
    """Those that are stored, in order; of people's columns there is nothing to insert."""
    found = server.rows(f"SELECT name FROM system.columns WHERE database = '{database}' AND table = '{TABLE}' AND default_kind = ''")
    return ", ".join(f"`{name}`" for (name,) in found)


def export(server, path):
    """The rows as JSON lines, written by the server."""
    sql = f"SELECT {columns(server, 'bench0')} FROM bench0.{TABLE} FORMAT JSONEachRow"
    subprocess.run(["curl", "-sSf", "-o", path, "--data-binary", sql, server.url], check=True)


def import_once(b, server, work, number, *more):
    lake, database = os.path.join(work, f"lake{number}"), f"bench{number}"
    shutil.rmtree(lake, ignore_errors=True)
    server.ask(f"DROP DATABASE IF EXISTS {database}")
    key = ["--key-file", os.path.join(work, "key")]
    b.run([b.program("pugmark"), "cluster", "init", "--data", lake, "--url", server.url, "--database", database, *key])
    b.settle()
    result = b.run([b.program("pugmark"), "import", "--data", lake, "--threads", str(b.THREADS), *more, b.FILE])
    rows = server.ask(f"SELECT count(), uniqExact(_id) FROM {database}.{TABLE}").split()
    assert rows == [str(b.EVENTS)] * 2, f"{rows} rows are there, not {b.EVENTS}"
    return result


def insert_once(b, server, work, path):
    server.ask("DROP TABLE IF EXISTS bench0.copy")
    server.ask(f"CREATE TABLE bench0.copy AS bench0.{TABLE}")
    b.settle()
    began = time.monotonic()
    sql = f"INSERT INTO bench0.copy ({columns(server, 'bench0')}) FORMAT JSONEachRow"
    address = f"{server.url}/?{urllib.parse.urlencode({'query': sql, 'max_memory_usage': 6000000000})}"
    subprocess.run(["curl", "-sSf", "-X", "POST", "-H", "Expect:", "-H", "Transfer-Encoding: chunked", "-T", path, address],
                   check=True)
    wall = time.monotonic() - began
    rows = server.ask("SELECT count(), uniqExact(_id) FROM bench0.copy").split()
    assert rows == [str(b.EVENTS)] * 2, f"{rows} rows were inserted, not {b.EVENTS}"
    return {"wall": wall}


def part_cluster(b):
    sys.path.insert(0, os.path.join(ROOT, "tests", "cluster"))
    import servers
    if not servers.there():
        print("  clickhouse-server is not installed: scripts/setup.sh")
        return
    work = os.path.join(b.DIR, "cluster")
    shutil.rmtree(work, ignore_errors=True)
    os.makedirs(work)
    path = os.path.join(work, "rows.json")
    with servers.Server(os.path.join(work, "server")) as server:
        import_once(b, server, work, 0)
        export(server, path)
        ours, theirs = [], []
        for _ in range(b.RUNS):
            ours.append(import_once(b, server, work, 1))
            theirs.append(insert_once(b, server, work, path))
        print(f"  pugmark import, all of it      {b.spread(ours, 'wall')}")
        print(f"  JSONEachRow, the same rows     {b.spread(theirs, 'wall')}, {os.path.getsize(path) / 1e6:.0f} MB")
        b.verdict("insert, JSONEachRow / pugmark", b.median(theirs, "wall") / b.median(ours, "wall"), 1)
    shutil.rmtree(work, ignore_errors=True)
