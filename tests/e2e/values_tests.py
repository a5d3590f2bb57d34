# SPDX-License-Identifier: Apache-2.0
"""Every value, three times: what a plain JSON library reads from the input lines, what DuckDB reads
from the tables, and what an independent Parquet reader reads from the exported files."""
import glob
import json
import os
import shutil

import expect
import lake
from lake import Lake, generate, run, slow

# Differs from import to import, or is the store's own; checked elsewhere.
OWN = ("event_id", "received_at", "vault_file", "vault_frame", "vault_offset", "vault_length")
SHAPES = (("bitbucket", "file"), ("bitbucket", "api"), ("jira", "cloud"), ("jira", "file"), ("confluence", "cloud"),
          ("confluence", "file"), ("org", "cloud"), ("org", "api"), ("alerts", "cloud"))


def parsed(columns, values):
    """No nulls; texts of JSON columns parsed, with the digits of their numbers."""
    return {name: json.loads(value, parse_float=str) if columns.get(name) == "json" and isinstance(value, str) else value
            for name, value in values.items() if value is not None}


def plain(row, schema):
    """A row in one form, whoever read it: no nulls, JSON columns parsed, empty texts told apart."""
    kinds = {"extra": "json", **{name: kind for name, (_, kind) in schema.scalars.items()}}
    out = parsed(kinds, {name: value for name, value in row.items() if name not in OWN})
    for name, (_, fields, _) in schema.lists.items():
        if name in out:
            kinds = {field: kind for field, (_, kind) in fields.items()}
            out[name] = [parsed(kinds, item) for item in out[name]]
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


def by_sql(one, table, schema):
    """All rows, with times as microseconds and JSON as its text, within lists too."""
    forms = {"json": "{}::varchar", "time": "epoch_us({})"}
    put = [f"{forms[kind].format(name)} as {name}" for name, (_, kind) in schema.scalars.items() if kind in forms]
    for name, (_, fields, _) in schema.lists.items():
        if any(kind in forms for _, kind in fields.values()):
            each = ", ".join(f"{f} := {forms.get(kind, '{}').format('x.' + f)}" for f, (_, kind) in fields.items())
            put.append(f"list_transform({name}, x -> struct_pack({each})) as {name}")
    return one.sql(f"select * replace ({', '.join(put + ['extra::varchar as extra'])}, epoch_us(event_time) as event_time, "
                   f"epoch_us(received_at) as received_at, lower(hex(ip_bytes)) as ip_bytes) from {lake.full(table)}")


def by_peer(one, table, folder):
    reader = os.path.join(lake.ROOT, "tests", "npm", "read.mjs")
    if not os.path.isdir(os.path.join(os.path.dirname(reader), "node_modules", "hyparquet")):
        raise lake.Skip("tests/npm is not installed: npm ci in tests/npm")
    if not shutil.which("node"):
        raise lake.Skip("there is no node")
    target = os.path.join(folder, f"export-{os.path.basename(one.data)}")
    result = one.run("export", "--format", "parquet", "--table", table, "--output", target)
    assert result.status == 0, result.err
    files = sorted(glob.glob(f"{target}/{lake.full(table)}/*.parquet"))
    assert files, f"no Parquet files under {target}"
    result = run(["node", reader, *files], timeout=600)
    assert result.status == 0, f"hyparquet: {result.err}"
    return [json.loads(line) for line in result.out.splitlines()]


def compare(folder, table, shape, lines, *options):
    one = Lake(folder, f"{table}-{shape}")
    schema = expect.Schema(table)
    one.load("in", *options)
    want = [plain(expect.row_of(line, schema, "import"), schema) for line in lines]
    rows = by_sql(one, table, schema)
    differ(f"{table} {shape}, DuckDB", want, [plain(r, schema) for r in rows])
    peers = by_peer(one, table, folder)
    differ(f"{table} {shape}, hyparquet", want, [plain(r, schema) for r in peers])
    own = {r["event_id"]: [r[c] for c in OWN] for r in rows}
    assert own == {r["event_id"]: [r[c] for c in OWN] for r in peers}, "the readers differ in pugmark's own columns"


@slow
def test_generated_events(folder):
    for table, shape in SHAPES:
        options = () if shape == "api" else ("--twins",)
        lines, _, _ = generate("in", table, 1200 if lake.QUICK else 3000, "--shape", shape, *options)
        if shape == "api":
            pages = [json.loads(page, parse_float=str) for page in lines]
            lines = [json.dumps(r) for page in pages for r in page["data" if table == "org" else "entities"]]
        compare(folder, table, shape, lines)


@lake.slow
def test_many_generated_events(folder):
    # more than a row group of 65,536 rows
    more = (("jira", 140000), ("confluence", 140000), ("org", 140000), ("alerts", 70000)) if lake.LONG else ()
    for table, events in (("bitbucket", 70000), *more):
        lines, _, _ = generate("in", table, events, "--seed", "5")
        compare(folder, table, "large", lines)


@slow
def test_sample_data_of_the_repository(folder):
    for table in ("bitbucket", "jira", "confluence", "org", "alerts"):
        shutil.copy(os.path.join(lake.ROOT, "tests", "data", f"sample-{table}.ndjson"), "in")
        lines = open("in", "rb").read().splitlines()
        compare(folder, table, "sample", lines)
