# SPDX-License-Identifier: Apache-2.0
"""SQL answers questions and can do nothing else: every way out of the sandbox that we know is tried."""
import hashlib
import os
import socket

import lake
from lake import Lake, clear, generate, write


def prints(folder):
    """Every file below a folder with its hash."""
    return {p: hashlib.sha256(open(p, "rb").read()).hexdigest()
            for d, _, names in os.walk(folder) for p in (os.path.join(d, n) for n in names)
            if os.path.isfile(p) and not p.endswith(("-shm", "-wal"))}


def small(folder):
    one = Lake(folder)
    generate("in", "bitbucket", 300)
    one.load("in")
    return one


@lake.slow
def test_statements_that_are_no_questions(folder):
    one = small(folder)
    before = prints(folder)
    for sql in ("create table t as select 1", "insert into bitbucket_audit_logs select * from bitbucket_audit_logs",
                "delete from bitbucket_audit_logs", "update events set actor = 'x'", "drop view events",
                "copy (select 1) to 'out.csv'", "copy events to '/tmp/out.parquet' (format parquet)",
                "export database 'dump'", "attach 'other.db'", "detach memory", "install httpfs", "load httpfs",
                "set memory_limit = '100GB'", "pragma database_list", "pragma enable_external_access",
                "call pragma_version()", "explain analyze copy (select 1) to 'out.csv'", "checkpoint", "vacuum",
                "begin", "prepare p as select 1", "execute p", "import database 'x'", "use memory", "reset all",
                "create macro f() as 1", "select 1; copy (select 1) to 'out.csv'", "select 1; select 2",
                "with x as (select 1) insert into events select * from x", "copy (select 1) to '/dev/stderr'",
                "create secret s (type s3)", "create extension x", "alter table events rename to e", ""):
        result = one.run("sql", sql)
        assert result.status in (1, 2), f"{sql!r} passed: {result.out[:200]}"
        clear(result, "pugmark:")
    after = prints(folder)
    assert after == before, [p for p in {*after, *before} if after.get(p) != before.get(p)]


@lake.slow
def test_other_files_cannot_be_read(folder):
    one = small(folder)
    write("secret.csv", b"word\nhunter2\n")
    write("secret.json", b'{"word":"hunter2"}\n')
    os.symlink(os.path.join(folder, "secret.csv"), os.path.join(one.data, "tables", "link.csv"))
    os.mkdir(os.path.join(one.data, "tables", "bitbucket_audit_logs", "x"))
    os.symlink(folder, os.path.join(one.data, "tables", "bitbucket_audit_logs", "x", "out"))
    for what in (f"read_csv('{folder}/secret.csv')", f"'{folder}/secret.csv'", f"read_text('{folder}/secret.csv')",
                 f"read_blob('{folder}/secret.csv')", f"read_json('{folder}/secret.json')", f"glob('{folder}/*')",
                 f"glob('/etc/*')", "read_text('/etc/passwd')", "read_csv('/proc/self/environ')", "read_text('/proc/self/maps')",
                 f"read_csv('{one.data}/tables/link.csv')", f"read_text('{one.data}/tables/bitbucket_audit_logs/x/out/secret.csv')",
                 f"read_csv('{one.data}/tables/../../secret.csv')", f"sniff_csv('{folder}/secret.csv')",
                 f"read_blob('{one.data}/catalog.db')", f"read_text('{one.data}/vault')",
                 f"parquet_metadata('{folder}/secret.csv')", f"read_csv(getenv('HOME') || '/.bashrc')",
                 f"query('select * from read_text(''{folder}/secret.csv'')')", f"query_table('{folder}/secret.csv')"):
        result = one.run("sql", "--format", "csv", f"select * from {what}")
        said = result.out + result.err.encode()
        assert b"hunter2" not in result.out and b"root:" not in result.out, f"{what} was read"
        assert result.status != 0 or result.out.count(b"\n") <= 1, f"{what} gave rows: {said[:300]}"
    result = one.run("sql", "--format", "csv", "select getenv('PATH') p")
    assert result.status != 0 or os.environ["PATH"].encode() not in result.out, "the environment was read"


@lake.slow
def test_the_network_is_out_of_reach(folder):
    one = small(folder)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        for url in (f"http://127.0.0.1:{port}/a.csv", f"https://127.0.0.1:{port}/a.parquet", "s3://bucket/a.parquet"):
            result = one.run("sql", f"select * from '{url}'")
            assert result.status in (1, 2), (url, result.out)
        server.settimeout(0.1)
        try:
            server.accept()
        except TimeoutError:
            return
    raise AssertionError("something called over the network")


@lake.slow
def test_settings_cannot_be_changed(folder):
    one = small(folder)
    for name in ("enable_external_access", "lock_configuration", "allowed_directories", "memory_limit", "threads",
                 "temp_directory", "extension_directory", "autoinstall_known_extensions"):
        result = one.run("sql", f"select set_config('{name}', 'true', false)")
        assert result.status != 0
        result = one.run("sql", f"set {name} = true")
        assert result.status in (1, 2), name


@lake.slow
def test_endless_and_greedy_questions_end(folder):
    one = small(folder)
    for sql in ("with recursive r(n) as (select 1 union all select n + 1 from r) select count(*) from r",
                "select count(*) from range(100000000000) a, range(100000000000) b",
                "select sum(length(repeat('x', 2000000000))) from range(100)"):
        result = one.run("sql", "--timeout", "2", "--memory", "256M", sql, timeout=60)
        assert result.status != 0, sql
        clear(result, "time|second|memory|limit|stopped")
        assert result.seconds < 20, f"{result.seconds:.0f} s: {sql}"
        if not lake.SANITIZED:
            assert result.rss_mb < 1500, f"{result.rss_mb:.0f} MB: {sql}"
    assert one.count("events") == 300


@lake.slow
def test_ctrl_c_ends_a_question(folder):
    one = small(folder)
    result = one.run("sql", "select count(*) from range(100000000000) a, range(100000000) b", signal_after=1, timeout=60)
    assert result.status in (1, 130), result
    assert result.seconds < 10, f"{result.seconds:.0f} s"


def test_views_of_the_catalog(folder):
    one = small(folder)
    one.load(write("bad", b"{\n"), "--table", "bitbucket", expect=3)
    assert one.value("select sum(rows) n from segments") == 300
    assert one.value("select sum(rows) n from sources") == 300
    assert one.value("select count(*) n from rejects") == 1
    assert one.value("select rows from tables where table_name = 'bitbucket_audit_logs'") == 300


def test_the_plan_can_be_asked_for(folder):
    one = small(folder)
    result = one.run("sql", "explain select * from events where ip = '10.0.0.1'")
    assert result.status == 0 and result.out, result.err


def test_a_mistake_is_shown_where_it_is(folder):
    one = small(folder)
    result = one.run("sql", "select actr from events")
    assert result.status == 2, result
    clear(result, "actr", "actor")


def test_all_types_are_printed(folder):
    one = small(folder)
    row = one.sql("""select 9223372036854775807 a, -9223372036854775807 - 1 b, 170141183460469231731687303715884105727::hugeint c,
        1.5::decimal(10, 3) d, true e, null f, [1, null, 3] g, {'x': 'y', 'z': [1]} h, timestamptz '2026-01-02 03:04:05.678901+00' i,
        date '2026-01-02' j, 'a"b\nc' k, uuid '00000000-0000-0000-0000-0000000000ff' l, 1e300::double m, '\\x01\\x02'::blob n,
        map {'k': 1} o, interval 1 day p, 'null' q""")[0]
    assert row["a"] == 9223372036854775807 and row["b"] == -9223372036854775808, row
    assert int(row["c"]) == 170141183460469231731687303715884105727, row
    assert row["e"] is True and row["f"] is None and row["g"] == [1, None, 3] and row["h"] == {"x": "y", "z": [1]}, row
    assert row["k"] == 'a"b\nc' and row["l"].endswith("ff") and row["q"] == "null", row
    assert "2026-01-02" in row["i"] and "03:04:05.678901" in row["i"], row
