# SPDX-License-Identifier: Apache-2.0
"""Organisation events and alerts beside the products' logs: every command knows their tables, the API's
answers are taken apart, and what makes two of them one."""
import csv
import io
import json
import os

import lake
from lake import Lake, clear, generate, joined, says, slow, write

BOTH = ("org", "alerts")


@slow
def test_every_command_knows_the_tables(folder):
    one = Lake(folder)
    for table in BOTH:
        lines, _, total = generate(table, table, 300)
        one.load("--table", table, table)
        one.holds(table, lines)
        assert {r["action"]: r["n"] for r in one.sql(f"select action, count(*) n from events where table_name = "
                                                     f"'{lake.full(table)}' group by 1")} == total["actions"]
        for args in ((f"table:{table}",), ("--table", table, "*"), (f"table:{lake.full(table)}",)):
            found = json.loads(one.run("search", "--json", "--count", *args).out)
            assert found["matched"] == 300, (args, found)
        event = one.value(f"select event_id from {lake.full(table)} limit 1")
        shown = json.loads(one.run("show", "--json", event).out)
        assert shown["raw"].encode() in lines, shown
        assert isinstance(shown["event"]["context" if table == "org" else "activity_subject"], (list, dict, type(None)))
        rows = list(csv.DictReader(io.StringIO(one.run("export", "--format", "csv", "--table", table).out.decode())))
        assert len(rows) == 300 and "action" in rows[0], rows[:1]
        listed = one.run("schema", "show", table)
        assert listed.status == 0 and lake.full(table).encode() in listed.out
    ids = one.sql("select event_id from events order by 1")
    for command in ("compact", "rebuild"):
        result = one.run(command, *BOTH)
        assert result.status == 0, result.err
        assert one.sql("select event_id from events order by 1") == ids, command
    assert not one.verify()


def test_answers_of_the_api(folder):
    one = Lake(folder)
    lines, _, _ = generate("lines", "org", 2500)
    generate("pages", "org", 2500, "--shape", "api")
    said = one.load("--instance", "acme", "pages")
    assert said["stored"] == 2500 and said["rejected"] == 0, said
    said = one.load("--instance", "acme", "lines")
    assert (said["stored"], said["duplicates"]) == (0, 2500), said
    one.holds("org", lines)
    page = json.loads(open("pages", "rb").readline())
    for name, text in (("pretty", json.dumps(page, indent=2)), ("array", json.dumps([page, page])),
                       ("last", json.dumps({"links": page["links"], "meta": page["meta"], "data": page["data"]}))):
        said = one.load("--instance", "acme", write(name, text.encode()))
        assert (said["stored"], said["rejected"]) == (0, 0) and said["duplicates"] == said["records"] >= 1000, (name, said)
    said = one.load(write("empty", b'{"data":[],"links":{},"meta":{"next":null,"total":0}}\n'))
    assert (said["stored"], said["rejected"]) == (0, 0), said


def test_records_with_data_of_their_own(folder):
    one = Lake(folder)
    write("my.yml", b'table: my_logs\ntime: at\ncolumns:\n  data: {paths: data, type: json}\n')
    lines = [b'{"at":%d,"data":%s}' % (i, data) for i, data in enumerate((b'[{"a":1}]', b'{"a":1}', b"[1]", b"[]"), 1)]
    lines += [b'{"data":[{"a":%d}],"at":9}' % i for i in range(3)]
    said = one.load("--schema", "my.yml", write("in", joined(lines)))
    assert (said["stored"], said["rejected"]) == (len(lines), 0), said
    assert sorted(one.raw("my_logs")) == sorted(lines)


def test_the_id_alone_where_the_instance_is_known(folder):
    one = Lake(folder)
    lines, _, _ = generate("in", "org", 300)
    events = [json.loads(line) for line in lines]
    one.load("--instance", "acme", "in")
    for event in events:  # as another answer may have it: without what was processed, in other words
        del event["attributes"]["processedAt"]
        event["message"] = {"content": "in other words"}
        event["attributes"]["actor"]["name"] = "renamed"
    write("again", joined(json.dumps(e, sort_keys=True).encode() for e in events))
    said = one.load("--instance", "acme", "again")
    assert (said["stored"], said["duplicates"]) == (0, 300), said
    said = one.load("--instance", "other", "in")
    assert said["stored"] == 300, said
    lines, _, _ = generate("alerts", "alerts", 300)
    alerts = [json.loads(line) for line in lines]
    one.load("alerts")
    for alert in alerts:  # the webhook sent it once more
        alert.update(id="again", timestamp=1, severity="low")
    said = one.load(write("sent", joined(json.dumps(a).encode() for a in alerts)))
    assert (said["stored"], said["duplicates"]) == (0, 300), said


def test_the_order_of_keys_changes_nothing(folder):
    one = Lake(folder)
    lines, _, _ = generate("in", "org", 300)
    one.load("in")
    times = one.sql("select event_time, processed_at, extra from atlassian_org_events order by id")
    write("sorted", joined(json.dumps(json.loads(line, parse_float=str), sort_keys=True).encode() for line in lines))
    said = one.load("sorted")
    assert (said["stored"], said["duplicates"]) == (0, 300), said
    two = Lake(folder, "two")
    two.load("sorted")
    assert two.sql("select event_time, processed_at, extra from atlassian_org_events order by id") == times


def test_alerts_of_other_vendors(folder):
    one = Lake(folder)
    lines = [json.dumps({"id": i, "title": "Odd login", "severity": "high", "status": "open", "source": "edr",
                         "created": f"2026-01-05T00:00:0{i}Z", "host": "pc1", "ip": "192.0.2.7", "user": {"name": "ann"}}).encode()
             for i in range(5)]
    write("in", joined(lines))
    result = one.run("import", "in")
    assert result.status in (1, 2), result
    says(result, "--table")
    said = one.load("--table", "alerts", "in")
    assert said["stored"] == 5, said
    row = one.sql("select epoch(event_time) t, title, severity, state, reported_by, target, ip, summary, extra "
                  "from third_party_alerts order by event_time limit 1")[0]
    assert row == {"t": 1767571200.0, "title": "Odd login", "severity": "high", "state": "open", "reported_by": "edr",
                   "target": "pc1", "ip": "192.0.2.7", "summary": "Odd login", "extra": {"user": {"name": "ann"}}}, row


def test_a_wrong_table_is_doubted(folder):
    one = Lake(folder)
    for table in BOTH:
        generate(table, table, 50)
        result = one.load("--table", "jira", table, expect=2)
        clear(result["run"], lake.full(table), "--table " + table)
    generate("jira", "jira", 50)
    for table in BOTH:
        clear(one.load("--table", table, "jira", expect=2)["run"], "jira_audit_logs")


def test_the_built_in_schemas_take_everything(folder):
    """A schema inferred from their events proposes nothing but what the generator hides among them."""
    for table in BOTH:
        lines, _, _ = generate(table, table, 400)
        known = [line for line in lines if b'"trail"' not in line]
        result = lake.run([lake.PUGMARK, "schema", "infer", write("known", joined(known))])
        assert result.status == 0 and b"extend: " + lake.full(table).encode() in result.out, result
        assert b"columns:" not in result.out, result.out
        assert os.path.exists("known")
