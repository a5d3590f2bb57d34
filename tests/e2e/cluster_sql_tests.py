# SPDX-License-Identifier: Apache-2.0
"""pugmark sql where a cluster is set: what reads is asked there, under limits that it cannot lift; nothing else is."""
import csv
import io
import json
import os
import sqlite3

import lake
from clusters import Clustered, Fake, Lone
from http_tests import Api, is_problem


def asked(one, sql, *words, expect=0):
    result = one.run("sql", "--key-file", one.key, *words, sql)
    assert expect is None or result.status == expect, f"{sql}: status {result.status}, not {expect}: {result.err}"
    return result


def rows(one, sql, *words):
    return [json.loads(line) for line in asked(one, sql, "--format", "ndjson", *words).out.splitlines()]


def begun(folder, server):
    one = Clustered(folder)
    one.init(server.url)
    return one


def test_the_forms_are_those_of_the_lake(folder):
    with Lone(folder) as server:
        one = begun(folder, server)
        sql = ("SELECT toInt64(9007199254740993) AS big, 0.5 AS half, 'a\\n\"b\\'\\t,ü' AS text, NULL AS nothing, "
               "['x', 'y'] AS list, toDate('2024-02-03') AS day, '=1+1' AS formula, CAST(3 AS Nullable(UInt8)) AS three")
        want = {"big": 9007199254740993, "half": 0.5, "text": "a\n\"b'\t,ü", "nothing": None, "list": ["x", "y"],
                "day": "2024-02-03", "formula": "=1+1", "three": 3}
        assert rows(one, sql) == [want], rows(one, sql)
        assert json.loads(asked(one, sql, "--json").out)[0] == want
        (head, line) = csv.reader(io.StringIO(asked(one, sql, "--format", "csv").out.decode(), newline=""))
        assert head == list(want) and line[0] == "9007199254740993" and line[2] == want["text"], line
        assert line[6] != "=1+1", "a formula for a spreadsheet"
        table = asked(one, "SELECT 'a\x1b[31mb' AS x")
        assert b"\x1b" not in table.out and "1 row," in table.err, table
        assert rows(one, "SELECT 1 AS a WHERE 0") == [] and rows(one, "SELECT count() AS n FROM jira_audit_logs") == [{"n": 0}]
        assert rows(one, " -- what\n /* and */ (SELECT 1 AS a);") == [{"a": 1}]
        assert rows(one, "SHOW TABLES LIKE 'obs%'") == [{"name": "observables"}]


def test_a_table_is_cut_and_says_so(folder):
    with Lone(folder) as server:
        one = begun(folder, server)
        cut = asked(one, "SELECT number FROM system.numbers", "--limit", "5")
        assert "5 rows" in cut.err and "cut" in cut.err and cut.seconds < 20, cut.err
        assert "cut" not in asked(one, "SELECT number FROM system.numbers LIMIT 5", "--limit", "5").err
        assert len(rows(one, "SELECT number FROM system.numbers LIMIT 300000")) == 300000


def test_nothing_is_changed_and_no_limit_lifted(folder):
    with Lone(folder) as server:
        one = begun(folder, server)
        for sql in ("DROP TABLE jira_audit_logs", "INSERT INTO jira_audit_logs (_time) VALUES (1)", "KILL QUERY WHERE 1",
                    "SET max_threads = 1", "SYSTEM RELOAD CONFIG", "", " -- SELECT 1", "OPTIMIZE TABLE jira_audit_logs"):
            lake.says(asked(one, sql, expect=2), "only statements that read")
        for sql in ("SELECT 1 SETTINGS max_memory_usage = 0", "SELECT * FROM url('http://127.0.0.1:1/', 'CSV', 'a Int8')",
                    "SELECT * FROM file('/etc/passwd', 'CSV', 'a String')",
                    f"SELECT * FROM remote('127.0.0.1:{server.native}', system.one)"):
            assert asked(one, sql, expect=None).status in (1, 2), sql
        asked(one, "SELECT 1; DROP TABLE jira_audit_logs", expect=2)
        asked(one, "SELECT 1 INTO OUTFILE '/tmp/x'", expect=2)
        assert server.rows("EXISTS TABLE pugmark.jira_audit_logs") == [["1"]]
        slow = asked(one, "SELECT count() FROM system.numbers", "--timeout", "1", expect=1)
        lake.says(slow, "Timeout exceeded")
        assert slow.seconds < 20
        much = "SELECT groupArray(toString(number)) FROM (SELECT * FROM system.numbers LIMIT 50000000)"
        lake.says(asked(one, much, "--memory", "128M", expect=1), "Memory limit")


def test_errors_are_the_servers_words(folder):
    with Lone(folder) as server:
        one = begun(folder, server)
        lake.says(asked(one, "SELECT * FROM no_such", expect=2), "no_such", "ClickHouse error 60")
        lake.says(asked(one, "SELECT 1 +", expect=2), "Syntax error")
        lake.says(asked(one, "SELECT 1 FORMAT TSV", expect=2), "leave FORMAT away")
        late = asked(one, "SELECT number, throwIf(number = 2000000) FROM system.numbers LIMIT 3000000", "--format",
                     "ndjson", expect=1)
        lake.says(late, "broke off")
        server.kill()
        lake.says(asked(one, "SELECT 1", expect=1), "nobody listens")


def test_an_ill_formed_answer_is_told(folder):
    """Whoever answers in the cluster's place is not believed."""
    head = b'{\n\t"meta":\n\t[\n\t\t{\n\t\t\t"name": "a",\n\t\t\t"type": "UInt8"\n\t\t}\n\t],\n\n\t"data":\n\t[\n'
    with Lone(folder) as server:
        one = begun(folder, server)
    url = "http://127.0.0.1"
    for body, word in ((b"", "answered nothing"), (b"<html>", "FORMAT|broke off"), (b"{", "broke off"), (b"{\n", "broke off"), (head, "broke off"),
                       (head + b"\t\t[1]\n", "broke off"), (head + b"\t\t[1, 2]\n\t],\n}\n", "broke off"), (head + b"\t\t[\n", "broke off"),
                       (head + b"\t\t[]\n", "broke off"), (head + b'\t\t["\\x"]\n', "broke off"), (head + b"\t\t[" * 2000 + b"\n", "broke off"),
                       (b'{\n\t"data":\n\t[\n\t\t[1]\n', "broke off"), (head + b"Code: 241. DB::Exception: Memory limit\x1b[31m\n", "Memory limit"),
                       (head + b"\t\t[1]\n\t],\n\n\t\"rows\": 1\n}\nmore\n", "broke off")):
        with Fake(200, body) as fake:
            with sqlite3.connect(os.path.join(one.data, "catalog.db")) as db:
                db.execute("UPDATE cluster SET urls = ?", (fake.url,))
            assert url in fake.url
            result = asked(one, "SELECT 1 AS a", "--format", "ndjson", expect=None)
            assert result.status in (1, 2), (body, result)
            lake.clear(result, word)
            assert "\x1b" not in result.err


def test_the_lake_itself_is_asked_with_lake(folder):
    with Lone(folder) as server:
        one = begun(folder, server)
        server.ask("INSERT INTO pugmark.jira_audit_logs (_id, _time) VALUES ('0123456789abcdef', 1)")
        assert rows(one, "SELECT count(*) AS n FROM jira_audit_logs") == [{"n": 1}]
        assert rows(one, "SELECT count(*) AS n FROM jira_audit_logs", "--lake") == [{"n": 0}]
        one.cluster("off", "--yes")
        assert rows(one, "SELECT count(*) AS n FROM jira_audit_logs") == [{"n": 0}]


def test_the_api_asks_the_same(folder):
    with Lone(folder) as server:
        one = begun(folder, server)
        server.ask("INSERT INTO pugmark.jira_audit_logs (_id, _time) VALUES ('0123456789abcdef', 1)")
        with Api(one, "--key-file", one.key) as api:
            status, _, body = api.ask("POST", "/api/v1/sql", json.dumps({"sql": "SELECT count() AS n, ['x'] AS list FROM jira_audit_logs"}))
            said = json.loads(body)
            assert status == 200 and said["rows"] == [[1, ["x"]]], body
            assert said["columns"] == [{"name": "n", "type": "UInt64"}, {"name": "list", "type": "Array(String)"}], body
            is_problem(api.ask("POST", "/api/v1/sql", json.dumps({"sql": "DROP TABLE jira_audit_logs"})), 400, "only statements that read")
            is_problem(api.ask("POST", "/api/v1/sql", json.dumps({"sql": "SELECT count() FROM system.numbers", "timeout": 1})), 422, "Timeout")
            server.kill()
            status, _, body = api.ask("POST", "/api/v1/sql", json.dumps({"sql": "SELECT 1"}))
            assert status >= 400, (status, body)
