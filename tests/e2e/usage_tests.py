# SPDX-License-Identifier: Apache-2.0
"""The words of the command line: the guide's events, wrong usage, and the commands that keep a lake."""
import csv
import io
import json
import os

import lake
from lake import Lake, clear, generate, joined, run, write

JIRA = b'{"id": 1, "summary": "User updated", "created": "2022-08-03:00:00.000+0000", "category": "user management", "eventSource": "", "objectItem": {"id": "abc123", "name": "def456", "typeName": "USER", "parentId": "2", "parentName": "IDP Directory"}, "changedValues": [{"fieldName": "Active / Inactive", "changedFrom": "Active", "changedTo": "Inactive"}], "associatedItems": [{"id": "abc123", "name": "def456", "typeName": "USER", "parentId": "2", "parentName": "IDP Directory"}]}'
CONFLUENCE = b'{"author": {"type": "user", "displayName": "Name", "operations": null, "isExternalCollaborator": false, "accountType": "", "publicName": "user", "externalCollaborator": false}, "remoteAddress": "", "creationDate": 1661412506867, "summary": "User deleted", "description": "", "category": "Users and groups", "sysAdmin": false, "superAdmin": false, "affectedObject": {"name": "Name (Unlicensed)", "objectType": "User"}, "changedValues": [], "associatedObjects": []}'
BITBUCKET = b'{"affectedObjects":[{"id":"12341","name":"TLA","type":"PROJECT"},{"id":"12342","name":"scripts","type":"REPOSITORY"}],"auditType":{"action":"Repository accessed by user","actionI18nKey":"bitbucket.service.repository.audit.action.repositoryaccessed","area":"END_USER_ACTIVITY","category":"Repositories","categoryI18nKey":"bitbucket.service.audit.category.repositories","level":"BASE"},"author":{"id":"12343","name":"user1","type":"NORMAL"},"changedValues":[],"extraAttributes":[{"name":"target","nameI18nKey":"bitbucket.audit.attribute.legacy.target","value":"TLA/scripts"},{"name":"Load balancer/proxy IP address","nameI18nKey":"atlassian.audit.event.attribute.forwarder","value":"12.1.12.123"}],"method":"Browser","node":"abcd-fea7-4fd7-bc34-abc123","source":"123.12.12.12","system":"https://example.ab.abc.upwork","timestamp":{"epochSecond":1644624007,"nano":410000000},"version":"1.0"}'


def test_the_events_of_the_guide(folder):
    one = Lake(folder)
    for name, line in (("jira", JIRA), ("confluence", CONFLUENCE), ("bitbucket", BITBUCKET)):
        said = one.load(write(name + ".json", line + b"\n"))
        assert list(said["tables"]) == [name + "_audit_logs"] and said["stored"] == 1, said
    rows = one.sql("select actor, action, ip, target, epoch_us(event_time) t from events order by event_time")
    assert [(r["actor"], r["action"], r["ip"], r["target"], r["t"]) for r in rows] == [
        ("user1", "Repository accessed by user", "123.12.12.12", "scripts", 1644624007410000),
        (None, "User updated", None, "def456", 1659484800000000),
        ("Name", "User deleted", rows[2]["ip"], "Name (Unlicensed)", 1661412506867000)], rows
    assert rows[2]["ip"] in ("", None)
    flags = one.sql("select lenient_time from jira_audit_logs")
    assert flags == [{"lenient_time": True}], flags
    attributes = one.value("select list_filter(extra_attributes, a -> a.name = 'target')[1].value v "
                           "from bitbucket_audit_logs")
    assert attributes == "TLA/scripts", attributes
    for line in (JIRA, CONFLUENCE, BITBUCKET):
        assert line in one.raw()


def test_the_samples_of_the_repository(folder):
    one = Lake(folder)
    for table in ("bitbucket", "jira", "confluence", "org", "alerts"):
        path = os.path.join(lake.ROOT, "tests", "data", f"sample-{table}.ndjson")
        said = one.load(path)
        assert said["stored"] == 200 and list(said["tables"]) == [lake.full(table)], said
    assert one.count("events") == 1000


def test_wrong_words(folder):
    one = Lake(folder)
    generate("in", "bitbucket", 3)
    one.load("in")
    for args, word in ((("imprt", "in"), "import"), (("import",), "FILE"), (("import", "--tabel", "jira", "in"), "tabel"),
                       (("import", "--memory", "much", "in"), "much"), (("import", "--threads", "0", "in"), "threads"),
                       (("import", "--source", "../x", "in"), "source"), (("sql",), "SQL"),
                       (("sql", "--format", "xml", "select 1"), "xml"), (("show", "17"), "17"),
                       (("sql", "select nonsense from events"), "nonsense"), (("sql", "drop table events"), "select"),
                       (("rejects", "show"), "ID"), (("schema", "paint"), "show"), (("export", "--format", "xls"), "xls"),
                       (("export", "--since", "tomorrow-ish"), "tomorrow"), (("status", "--table", "jira"), "table")):
        result = one.run(*args)
        assert result.status == 2, f"{args}: status {result.status}: {result.err}"
        clear(result, word)
        assert result.out == b"", f"{args} wrote to standard output"


def test_help(folder):
    result = run([lake.PUGMARK, "help"])
    assert result.status == 0 and b"import" in result.out
    for command in ("import", "search", "sql", "show", "status", "rejects", "schema", "export", "rebuild", "compact",
                    "verify", "backup", "restore"):
        a, b = run([lake.PUGMARK, "help", command]), run([lake.PUGMARK, command, "--help"])
        assert a.status == b.status == 0 and a.out == b.out and b"pugmark " + command.encode() in a.out
    assert run([lake.PUGMARK, "--version"]).status == 0


def test_an_empty_or_missing_lake_is_explained(folder):
    one = Lake(folder, "nowhere")
    for args in (("sql", "select 1"), ("search", "x"), ("status",), ("verify",), ("show", "0" * 32), ("rejects",)):
        result = one.run(*args)
        assert result.status == 1, (args, result)
        clear(result, "nowhere", "import")
    assert not os.path.exists(one.data), "a reading command made the folder"


def test_show(folder):
    one = Lake(folder)
    lines, _, _ = generate("in", "confluence", 50)
    one.load("in")
    for row in one.sql("select event_id, summary from confluence_audit_logs limit 5"):
        assert one.run("show", "--raw", row["event_id"]).out.rstrip(b"\n") in lines
        shown = json.loads(one.run("show", "--json", row["event_id"]).out)
        assert shown["event"]["summary"] == row["summary"]
        assert shown["raw"].encode() in lines
        assert row["summary"].encode() in one.run("show", row["event_id"]).out
    result = one.run("show", "00000000-0000-0000-0000-000000000000")
    assert result.status == 1
    clear(result, "00000000")


def test_export_gives_back_the_bytes(folder):
    one = Lake(folder)
    every = []
    for table in ("bitbucket", "jira", "confluence", "org", "alerts"):
        lines, _, _ = generate(table, table, 700, "--twins")
        one.load(table)
        assert sorted(one.raw(table)) == sorted(lines)
        every += lines
    assert sorted(one.raw()) == sorted(every)
    result = one.run("export", "--format", "ndjson", "--since", "2026-01-12", "--until", "2026-01-13",
                     "--table", "bitbucket")
    low, high = 1768176000, 1768262400
    want = [l for l in generate("bitbucket", "bitbucket", 700, "--twins")[0]
            if low <= json.loads(l)["timestamp"]["epochSecond"] < high]
    assert want and sorted(result.out.split(b"\n")[:-1]) == sorted(want)


def test_csv_is_safe_for_spreadsheets(folder):
    one = Lake(folder)
    line = BITBUCKET.replace(b'"user1"', b'"=HYPERLINK(\\"x\\"),\\n\\"y\\""')
    one.load(write("in", line + b"\n"))
    for args in (("sql", "--format", "csv", "select actor, action from events"),
                 ("export", "--format", "csv", "--table", "bitbucket")):
        result = one.run(*args)
        assert result.status == 0, result.err
        rows = list(csv.DictReader(io.StringIO(result.out.decode(), newline="")))
        actor = rows[0].get("actor")
        assert len(rows) == 1 and actor.startswith("'="), actor


@lake.slow
def test_output_formats_agree(folder):
    one = Lake(folder)
    generate("in", "bitbucket", 300)
    one.load("in")
    question = "select event_id, actor, action, ip, event_time, targets from events order by event_id"
    lines = [json.loads(l) for l in one.run("sql", "--format", "ndjson", question).out.splitlines()]
    array = json.loads(one.run("sql", "--format", "json", question).out)
    array = array["rows"] if isinstance(array, dict) else array
    table = list(csv.DictReader(io.StringIO(one.run("sql", "--format", "csv", question).out.decode())))
    assert len(lines) == 300 and lines == array
    assert [r["event_id"] for r in table] == [r["event_id"] for r in lines]


def test_rebuild_keeps_ids_and_rows(folder):
    one = Lake(folder)
    lines, _, _ = generate("in", "bitbucket", 3000, "--twins")
    one.load("in")
    question = "select * exclude (received_at) from bitbucket_audit_logs order by event_id"
    before = one.run("sql", "--format", "ndjson", question).out
    result = one.run("rebuild")
    assert result.status == 0, result.err
    assert one.run("sql", "--format", "ndjson", question).out == before, "rows differ after a rebuild"
    said = one.load("in")
    assert said["stored"] == 0, said
    one.holds("bitbucket", lines)


def test_rebuild_keeps_instances(folder):
    one = Lake(folder)
    lines, _, _ = generate("in", "jira", 300)
    for site in ("https://a.example", "https://b.example"):
        assert one.load("--instance", site, "in")["stored"] == 300
    assert one.run("rebuild").status == 0
    rows = one.sql("select instance, count(*) n from events group by 1 order by 1")
    assert [(r["instance"], r["n"]) for r in rows] == [("https://a.example", 300), ("https://b.example", 300)], rows
    for site in ("https://a.example", "https://b.example"):
        said = one.load("--instance", site, "in")
        assert said["stored"] == 0, f"stored again after a rebuild: {said['stored']}"
    one.holds("jira", lines + lines)


@lake.slow
def test_compact_keeps_rows(folder):
    one = Lake(folder)
    lines, _, _ = generate("in", "bitbucket", 3000)
    for i in range(10):
        one.load(write("part", joined(lines[i * len(lines) // 10:(i + 1) * len(lines) // 10])))
    question = "select * from bitbucket_audit_logs order by event_id"
    before = one.run("sql", "--format", "ndjson", question).out
    result = one.run("compact", "--json")
    assert result.status == 0, result.err
    assert one.run("sql", "--format", "ndjson", question).out == before, "rows differ after compaction"
    one.holds("bitbucket", lines)
    said = one.load("in")
    assert said["stored"] == 0, said


@lake.slow
def test_retention_drops_old_days_for_good(folder):
    one = Lake(folder)
    now = 1771200000  # 2026-02-16T00:00:00Z
    env = {"PUGMARK_NOW": str(now * 1000000)}
    lines, _, _ = generate("in", "bitbucket", 3000)
    one.load("in", env=env)
    result = one.run("compact", "--keep", "20", env=env)
    assert result.status == 0, result.err
    left = [l for l in lines if json.loads(l)["timestamp"]["epochSecond"] >= now - 20 * 86400]
    assert 0 < len(left) < 3000
    one.holds("bitbucket", left)
    (source,) = one.status()["sources"]
    assert source["events"] == len(left) and source["raw_bytes"] == sum(map(len, left)), source
    said = one.load("in", env=env)
    (after,) = one.status()["sources"]
    assert after["vault_bytes"] == source["vault_bytes"], "freed at once: a reader may still need it"
    env["PUGMARK_NOW"] = str((now + 86400 + 601) * 1000000)
    assert one.run("compact", env=env).status == 0
    (after,) = one.status()["sources"]
    assert after["vault_bytes"] < source["vault_bytes"] and after["events"] == len(left), after
    assert said["stored"] == 0, f"old events came back: {said}"
    one.holds("bitbucket", left)


def test_backup_and_restore(folder):
    one, copy = Lake(folder), Lake(folder, "copy")
    lines, _, _ = generate("in", "jira", 1000)
    one.load("in")
    result = one.run("backup", os.path.join(folder, "backup"))
    assert result.status == 0, result.err
    result = copy.run("restore", os.path.join(folder, "backup"))
    assert result.status == 0, result.err
    copy.holds("jira", lines)
    assert copy.load("in")["stored"] == 0
    result = copy.run("restore", os.path.join(folder, "backup"))
    assert result.status != 0, "restore wrote over a lake"
    clear(result, "copy")
    result = one.run("backup", os.path.join(folder, "backup"))
    assert result.status != 0, "backup wrote over a folder that is there"


def test_rejects_are_listed_and_dismissed(folder):
    one = Lake(folder)
    lines, _, _ = generate("in", "bitbucket", 20)
    result = one.run("import", write("in", joined(lines[:10] + [b"{oops"] + lines[10:])))
    assert result.status == 3, result
    (row,) = one.rejects()
    assert row["state"] == "open" and row["lines"] == 1, row
    assert one.run("rejects", "show", row["id"]).out.strip() == b"{oops"
    assert one.run("rejects", "retry").status == 0
    assert one.run("rejects", "dismiss", row["id"]).status == 0
    assert one.rejects()[0]["state"] == "dismissed"


def test_unknown_fields_are_kept_and_reported(folder):
    one = Lake(folder)
    lines, _, _ = generate("in", "bitbucket", 5000)
    unknown = [l for l in lines if b'"traceId"' in l]
    assert unknown
    one.load("in")
    assert one.value("select count(*) n from bitbucket_audit_logs where extra is not null") == len(unknown)
    have = {r["extra"] if isinstance(r["extra"], str) else json.dumps(r["extra"])
            for r in one.sql("select extra from bitbucket_audit_logs where extra is not null")}
    for line in unknown:
        trace = str(json.loads(line)["traceId"])
        assert any(trace in text for text in have), f"{trace} is not in extra, exactly"
    drift = one.run("schema", "drift", "--json")
    assert drift.status == 0, drift.err
    assert any("traceId" in d["path"] for d in json.loads(drift.out)), drift.out


@lake.slow
def test_a_schema_of_ones_own(folder):
    one = Lake(folder)
    write("events.ndjson", b'{"when":"2026-01-05T10:00:00Z","who":{"mail":"a@b.c"},"what":"door opened","n":9007199254740993}\n')
    result = one.run("schema", "infer", "--table", "door_logs", "events.ndjson")
    assert result.status == 0, result.err
    write("door.yml", result.out)
    result = one.run("schema", "check", "door.yml")
    assert result.status == 0, result.err
    said = one.load("--schema", "door.yml", "events.ndjson")
    assert said["stored"] == 1 and list(said["tables"]) == ["door_logs"], said
    row = one.sql("select * from door_logs")[0]
    assert "door opened" in row.values() and 9007199254740993 in [int(v) for v in row.values() if str(v).isdigit()], row
    write("bad.yml", b"table: x\ncolumns: [1\n")
    result = one.run("schema", "check", "bad.yml")
    assert result.status in (1, 2), result
    clear(result, "bad.yml:[0-9]+")
