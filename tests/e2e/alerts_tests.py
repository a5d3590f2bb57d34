# SPDX-License-Identifier: Apache-2.0
"""pugmark alerts: what is listed, what people do, what is exported; and hostile text in all of it."""
import csv
import io
import json
import os
import re

from receivers import Alerting, T0, alert, cell, many

EVIL = "=cmd|' /C calc'!A1\x1b[31m\u202e\x07<b>\r\nX-Evil: 1"


def test_list_show_and_states(folder):
    one = Alerting(folder)
    assert one.insert(cell(alert(0))) == (1, 0, 0)
    result = one.run("alerts")
    assert result.status == 0 and b"Many failed logins" in result.out and b"high" in result.out
    assert "1 alert; in all: 1 open (1 high)" in result.err, result.err
    (found,) = one.alerts()
    short = found["id"][:8]
    assert (found["state"], found["events"], found["sources"]) == ("open", 3, ["jira-acme"])
    assert one.run("alerts", "ack", short, "--by", "anna").status == 0
    assert one.run("alerts", "close", short).status == 2
    assert one.run("alerts", "close", short, "--reason", "maybe").status == 2
    assert one.run("alerts", "close", short, "--reason", "benign", "--comment", "the audit", "--by", "bob").status == 0
    result = one.run("alerts", "ack", short)
    assert result.status == 2 and "reopen it first" in result.err
    result = one.run("alerts")
    assert result.out == b"" and "no alert is open or acknowledged; in all: none open, 1 closed" in result.err
    assert one.run("alerts", "reopen", short, "--by", "bob").status == 0
    assert one.run("alerts", "comment", short, "--comment", "seen \u2713", "--by", "bob").status == 0
    whole = json.loads(one.run("alerts", "show", short, "--json").out)
    assert [(n["who"], n["text"]) for n in whole["notes"]] == [
        ("anna", "acknowledged"), ("bob", "closed as benign: the audit"), ("bob", "reopened"), ("bob", "seen \u2713")]
    assert [e["event"]["n"] for e in whole["evidence"]] == [0, 1, 2]
    text = one.run("alerts", "show", short).out.decode()
    assert "closed as benign: the audit" in text and "00000000-0000-0000-0000-000000000003" in text
    result = one.run("alerts", "show", "ffffffff")
    assert result.status == 1 and "there is no alert" in result.err, result
    assert one.run("alerts", "show", "xyz").status == 2


def test_what_people_did_stays_when_events_join(folder):
    one = Alerting(folder)
    one.insert(cell(alert(5)))
    (before,) = one.alerts()
    one.run("alerts", "ack", before["id"])
    assert one.insert(cell(alert(4, 4))) == (0, 1, 0)
    (after,) = one.alerts()
    assert after["id"] != before["id"] and after["state"] == "acknowledged" and after["new_events"] == 1
    # The old id goes on.
    assert one.run("alerts", "close", before["id"], "--reason", "false positive").status == 0
    assert one.insert(cell(alert(4, 6))) == (0, 1, 0)
    (again,) = one.alerts()
    assert (again["state"], again["new_events"], again["reason"]) == ("open", 2, None)
    assert b"opened again: 2 events joined after it was closed" in one.run("alerts", "show", before["id"]).out
    assert one.insert(cell()) == (0, 0, 1)
    assert one.alerts()[0]["state"] == "withdrawn"
    assert one.run("alerts", "ack", before["id"]).status == 2


def test_filters_and_limits(folder):
    one = Alerting(folder)
    one.insert(many(150, level="low"), cell(alert(1000), group="02"))
    result = one.run("alerts")
    assert result.out.count(b"\n") == 102, result.out.count(b"\n")
    assert "151 alerts, shown are the newest 100 (--limit 0 shows all)" in result.err, result.err
    assert one.run("alerts", "--limit", "0").out.count(b"\n") == 153
    assert len(one.alerts("--level", "high")) == 1
    assert len(one.alerts("number", "77")) == 1
    assert len(one.alerts("--rule", "b7c5f1d0")) == 151
    assert len(one.alerts("--since", str((T0 + 140 * 1000000) // 1000))) == 11
    assert len(one.alerts("--until", str((T0 + 10 * 1000000) // 1000))) == 10
    for wrong in (["--level", "hot"], ["--state", "new"], ["--since", "soon"], ["--limit", "x"], ["what"]):
        result = one.run("alerts", *wrong)
        assert result.status == 2, wrong


def test_hostile_text_on_the_terminal_and_in_exports(folder):
    one = Alerting(folder)
    one.insert(cell(alert(0, title=EVIL, group=EVIL, actor="-1+1", target="@SUM(1)", ip=EVIL), rule=EVIL))
    (found,) = one.alerts()
    assert found["title"] == EVIL
    one.run("alerts", "comment", found["id"], "--comment", EVIL)
    for words in (["alerts"], ["alerts", "show", found["id"]], ["alerts", "list", "--json"], ["alerts", "export"],
                  ["alerts", "show", "--json", found["id"]], ["alerts", "ack", found["id"]]):
        out = one.run(*words).out
        assert not re.search(rb"[\x00-\x09\x0b-\x1f\x7f]|\xe2\x80\xae", out), (words, out)
    exported = one.run("alerts", "export", "--format", "csv").out.decode()
    (row,) = csv.DictReader(io.StringIO(exported, newline=""))
    assert row["title"] == "'" + EVIL and row["actor"] == "'-1+1" and row["target"] == "'@SUM(1)"
    (line,) = one.run("alerts", "export").out.decode().splitlines()
    assert json.loads(line)["notes"][0]["text"] == EVIL
    path = os.path.join(folder, "out.ndjson")
    assert one.run("alerts", "export", "--output", path).status == 0
    assert one.run("alerts", "export", "--output", path).status == 2
    assert open(path, encoding="utf-8").read().count("\n") == 1
    assert one.run("alerts", "export", "--format", "parquet").status == 2


def test_status_counts_alerts(folder):
    one = Alerting(folder)
    one.insert(many(3, level="low"), cell(alert(100, level="critical"), alert(200), group="02"))
    for words in (["status"], []):
        assert b"\nalerts: 5 open (1 critical, 1 high)\n" in one.run(*words or ["status"]).out
    counts = json.loads(one.run("status", "--json").out)["alerts"]
    assert counts["open"] == {"informational": 0, "low": 3, "medium": 0, "high": 1, "critical": 1}


def test_backup_and_verify(folder):
    one = Alerting(folder)
    one.insert(cell(alert(0)))
    one.run("alerts", "ack", one.alerts()[0]["id"])
    assert one.run("verify").status == 0
    assert one.run("backup", os.path.join(folder, "copy")).status == 0
    two = Alerting(folder)
    two.data = os.path.join(folder, "back")
    assert two.run("restore", os.path.join(folder, "copy")).status == 0
    assert two.alerts() == one.alerts()
