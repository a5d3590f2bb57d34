# SPDX-License-Identifier: Apache-2.0
"""Every value, three times: what a plain JSON library reads from the input lines, what DuckDB reads
from the tables, and what an independent Parquet reader reads from the exported files."""
import glob
import json
import os
import shutil

import expect
import lake
from lake import Lake, generate, run

# Differs from import to import, or is the store's own; checked elsewhere.
OWN = ("event_id", "received_at", "vault_file", "vault_frame", "vault_offset", "vault_length")
SHAPES = (("bitbucket", "file"), ("bitbucket", "api"), ("jira", "cloud"), ("jira", "file"), ("confluence", "cloud"),
          ("confluence", "file"))


def plain(row):
    """A row in one form, whoever read it: no nulls, JSON columns parsed, empty texts told apart."""
    out = {}
    for name, value in row.items():
        if name in OWN or value is None:
            continue
        if name in ("extra", "author_operations") and isinstance(value, str):
            value = json.loads(value)
        if isinstance(value, list):
            value = [{k: v for k, v in item.items() if v is not None} if isinstance(item, dict) else item
                     for item in value]
        out[name] = value
    return json.dumps(out, sort_keys=True, ensure_ascii=False)


def differ(name, want, have):
    """Says where two lists of rows are not equal."""
    missing = sorted(set(want) - set(have))
    extra = sorted(set(have) - set(want))
    if not missing and not extra and sorted(want) == sorted(have):
        return
    first = json.loads(missing[0]) if missing else {}
    near = min((json.loads(e) for e in extra), default={}, key=lambda e: sum(
        e.get(k) != first.get(k) for k in {*e, *first}))
    diff = {k: (first.get(k), near.get(k)) for k in {*near, *first} if near.get(k) != first.get(k)}
    raise AssertionError(f"{name}: {len(missing)} of {len(want)} rows are not there; wanted and found: "
                         + json.dumps(diff, ensure_ascii=False)[:1200])


def by_sql(one, table):
    texts = ", ".join(f"{c}::varchar as {c}" for c in ("extra",) + (("author_operations",) if table == "confluence" else ()))
    return one.sql(f"select * replace ({texts}, epoch_us(event_time) as event_time, epoch_us(received_at) as received_at, "
                   f"lower(hex(ip_bytes)) as ip_bytes) from {table}_audit_logs")


def by_peer(one, table, folder):
    reader = os.path.join(lake.ROOT, "tests", "npm", "read.mjs")
    if not os.path.isdir(os.path.join(os.path.dirname(reader), "node_modules", "hyparquet")):
        raise lake.Skip("tests/npm is not installed: npm ci in tests/npm")
    if not shutil.which("node"):
        raise lake.Skip("there is no node")
    target = os.path.join(folder, f"export-{os.path.basename(one.data)}")
    result = one.run("export", "--format", "parquet", "--table", table, "--output", target)
    assert result.status == 0, result.err
    files = sorted(glob.glob(f"{target}/{table}_audit_logs/*.parquet"))
    assert files, f"no Parquet files under {target}"
    result = run(["node", reader, *files], timeout=600)
    assert result.status == 0, f"hyparquet: {result.err}"
    return [json.loads(line) for line in result.out.splitlines()]


def compare(folder, table, shape, lines, *options):
    one = Lake(folder, f"{table}-{shape}")
    schema = expect.Schema(table)
    one.load("in", *options)
    want = [plain(expect.row_of(line, schema, "import")) for line in lines]
    rows = by_sql(one, table)
    differ(f"{table} {shape}, DuckDB", want, [plain(r) for r in rows])
    peers = by_peer(one, table, folder)
    differ(f"{table} {shape}, hyparquet", want, [plain(r) for r in peers])
    own = {r["event_id"]: [r[c] for c in OWN] for r in rows}
    assert own == {r["event_id"]: [r[c] for c in OWN] for r in peers}, "the readers differ in pugmark's own columns"


def test_generated_events(folder):
    for table, shape in SHAPES:
        options = () if shape == "api" else ("--twins",)
        lines, _, _ = generate("in", table, 1200 if lake.QUICK else 3000, "--shape", shape, *options)
        if shape == "api":
            lines = [json.dumps(r) for page in lines for r in json.loads(page)["entities"]]
        compare(folder, table, shape, lines)


@lake.slow
def test_many_generated_events(folder):
    # more than a row group of 65,536 rows
    for table, events in (("bitbucket", 70000), ("jira", 140000 if lake.LONG else 15000),
                          ("confluence", 140000 if lake.LONG else 15000)):
        lines, _, _ = generate("in", table, events, "--seed", "5")
        compare(folder, table, "large", lines)


def test_sample_data_of_the_repository(folder):
    for table in ("bitbucket", "jira", "confluence"):
        shutil.copy(os.path.join(lake.ROOT, "tests", "data", f"sample-{table}.ndjson"), "in")
        lines = open("in", "rb").read().splitlines()
        compare(folder, table, "sample", lines)
