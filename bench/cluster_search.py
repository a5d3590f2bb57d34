# SPDX-License-Identifier: Apache-2.0
"""Searches on a ClickHouse server that holds a lake of 10,000,000 events (that of `ioc`, copied), beside the same questions written by hand
in its SQL: what pugmark adds to it. Whole `pugmark search` processes; of each hand-written one the answer over HTTP."""
import os
import shutil
import sys
import time
import urllib.request

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "tests", "cluster"))
import servers  # noqa: E402

T = "pugmark.bitbucket_audit_logs"
PAGE = "ORDER BY _time DESC, _id DESC LIMIT 100"
WHOLE = f"SELECT * FROM {T} PREWHERE _id IN ({{0}}) AND _time >= {{1}} AND _time <= {{2}}"  # of a page: SELECT * … LIMIT reads all columns of all rows
COLUMNS = ["source", "instance", "author_id", "author_name", "author_type", "author_uri", "audit_type_action", "audit_type_action_i18n_key",
           "audit_type_category", "audit_type_category_i18n_key", "audit_type_area", "audit_type_level", "source_address", "method",
           "node", "system", "version", "extra"]


def questions():
    """name, arguments of pugmark search, SQL by hand."""
    page = ["--format", "ndjson", "--limit", "100"]
    word = " OR ".join(f"positionCaseInsensitive({c}, 'zqxjkv') > 0" for c in COLUMNS)
    lists = ["affected_objects.name", "affected_objects.type", "changed_values.key", "changed_values.from", "changed_values.to",
             "extra_attributes.name", "extra_attributes.value"]
    word += "".join(f" OR arrayExists(x -> ifNull(positionCaseInsensitive(x, 'zqxjkv') > 0, 0), `{c}`)" for c in lists)
    select = f"SELECT _id, _time FROM {T} WHERE"
    facet = "SELECT {0}, count() n FROM " + T + " GROUP BY {0} ORDER BY n DESC LIMIT 10"
    return [
        ("one address", [*page, "ip:10.20.5.2"], [f"{select} ip = '10.20.5.2' {PAGE}"]),
        ("an actor that nobody is", [*page, "actor:nobody"], [f"{select} lower(actor) = 'nobody' {PAGE}"]),
        ("newest 100 of everything", [*page, "*"], [f"SELECT _id, _time FROM {T} {PAGE}"]),
        ("a text within actions", [*page, "action:*permission*"], [f"{select} positionCaseInsensitive(action, 'permission') > 0 {PAGE}"]),
        ("regular expression on one column", [*page, "action:/permission (granted|removed)$/"],
         [f"{select} match(action, 'permission (granted|removed)$') {PAGE}"]),
        ("a bare word that never occurs", [*page, "zqxjkv"], [f"{select} {word} {PAGE}"]),
        ("histogram and three facets", ["--count", "--histogram", "--facet", "action,actor,ip", "--limit", "0", "--format", "json", "*"],
         [f"SELECT intDiv(_time, 86400000000) d, count() FROM {T} GROUP BY d ORDER BY d", *(facet.format(c) for c in ("action", "actor", "ip"))]),
        ("count of a text within actions", ["--count", "--limit", "0", "--format", "json", "action:*permission*"],
         [f"SELECT count() FROM {T} WHERE positionCaseInsensitive(action, 'permission') > 0"]),
        ("newest by a number", [*page, "--sort", "-vault_length", "*"],
         [f"SELECT _id, _time FROM {T} ORDER BY vault_length DESC, _time DESC, _id DESC LIMIT 100"]),
    ]


def answer(url, sql, form="Native"):
    with urllib.request.urlopen(url, data=f"{sql} FORMAT {form}".encode()) as said:
        return said.read()


def by_hand(url, sqls):
    """Seconds. A page: its ids first, then its whole rows."""
    began = time.monotonic()
    for sql in sqls:
        if not sql.startswith("SELECT _id"):
            answer(url, sql)
            continue
        rows = answer(url, sql, "RowBinary")
        ids = [rows[at:at + 16].hex() for at in range(0, len(rows), 24)]
        times = [int.from_bytes(rows[at + 16:at + 24], "little", signed=True) for at in range(0, len(rows), 24)]
        if ids:
            answer(url, WHOLE.format(", ".join(f"toFixedString(unhex('{i}'), 16)" for i in ids), min(times), max(times)))
    return time.monotonic() - began


def measure(b, lake, url):
    print(f"  {'':36}{'pugmark':>9}{'by hand':>9}{'ratio':>8}")
    for name, words, sqls in questions():
        command = [b.program("pugmark"), "search", "--data", lake, *words]
        b.run(command)
        by_hand(url, sqls)
        ours, theirs = [], []
        for _ in range(b.RUNS):
            ours.append(b.run(command))
            theirs.append({"wall": by_hand(url, sqls)})
        ms, hand = b.median(ours, "wall") * 1000, b.median(theirs, "wall") * 1000
        print(f"  {name:36}{ms:9.0f}{hand:9.0f}{ms / hand:7.2f}×", flush=True)
        b.verdict(f"{name}, times the hand-written question", ms / hand, 2, False)


def part(b, events):
    if not servers.there():
        sys.exit("bench: cluster-search: clickhouse-server is not installed: scripts/setup.sh")
    source = os.path.join(b.DIR, f"lake-observables-{events}")
    if not os.path.isdir(source):
        sys.exit(f"bench: cluster-search: {source} is not there: bench/run.sh ioc makes it")
    folder = os.path.join(b.DIR, "cluster-search")
    lake = os.path.join(folder, "lake")
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(source, lake)
    with servers.Server(os.path.join(folder, "server")) as server:
        b.run([b.program("pugmark"), "cluster", "init", "--data", lake, "--url", server.url])
        loaded = b.run([b.program("pugmark"), "cluster", "load", "--data", lake])
        print(f"{events:,} events loaded in {loaded['wall']:.0f} s; milliseconds:")
        measure(b, lake, server.url)
    shutil.rmtree(folder, ignore_errors=True)
