# SPDX-License-Identifier: Apache-2.0
"""Alerts over HTTP, many at once: acts on up to 1,000, rules with how many each has; and events whose copies are not kept."""
import json
import os

from http_tests import Api, is_problem
from lake import Lake, joined, write
from receivers import Alerting, alert, cell
from rest_tests import acts, ask_json

OTHER = "c8d6f2e1-1111-4222-8333-444455556666"


def three_rules(one):
    """600 alerts of one rule, two groups of another, one that is critical."""
    one.insert(*[cell(alert(10 * n, actor=f"user {n % 7}", group=f"actor: user {n}"), group=f"{n // 256:x}{n % 256:02x}".rjust(2, "0")[-2:])
                 for n in range(250)])
    one.insert(cell(alert(5000, 2, title="Token made", level="low"), rule=OTHER),
               cell(alert(5010, 2, title="Token made", level="medium", actor="eve", group="actor: eve"), rule=OTHER, group="02"))
    one.insert(cell(alert(9000, 1, title="=EVIL()\x07<b>", level="critical"), rule="evil"))


def test_rules_with_how_many_each_has(folder):
    one = Alerting(folder)
    three_rules(one)
    with Api(one) as api:
        every = api.get("/api/v1/alerts?limit=0&state=all")
        got = api.get("/api/v1/alerts?group=rule")
        assert got["counts"] == every["counts"] and "alerts" not in got
        assert [r["rule"] for r in got["rules"]] == ["evil", OTHER, every["alerts"][-1]["rule"]]
        for rule in got["rules"]:
            mine = [a for a in every["alerts"] if a["rule"] == rule["rule"]]
            assert rule["alerts"] == len(mine) and rule["events"] == sum(a["events"] for a in mine)
            assert rule["newest"] == mine[0]["last_event"] and rule["title"] == mine[0]["title"]
            names, groups = {a["actor"] for a in mine}, {a["group"] for a in mine}
            assert (rule["actors"], rule["groups"]) == (len(names), len(groups)), rule
            assert rule["actor"] == (names.pop() if len(names) == 1 else None)
            assert rule["group"] == (groups.pop() if len(groups) == 1 else None)
            for level, n in rule["counts"]["open"].items():
                assert n == sum(a["level"] == level for a in mine), (rule, level)
        # The same filters as the list has.
        for words in ("levels=low,critical", "level=medium", "rule=evil", "text=eve", "state=closed", "since=2999-01-01"):
            names = [a["rule"] for a in api.get(f"/api/v1/alerts?limit=0&{words}")["alerts"]]
            got = api.get(f"/api/v1/alerts?group=rule&limit=1&{words}")["rules"]
            assert {r["rule"]: r["alerts"] for r in got} == {name: names.count(name) for name in names}, words
        assert [a["level"] for a in api.get("/api/v1/alerts?levels=low,critical")["alerts"]] == ["critical", "low"]
        is_problem(api.ask("GET", "/api/v1/alerts?group=actor"), 400, "rule")
        is_problem(api.ask("GET", "/api/v1/alerts?levels=high,worse"), 400, "critical")


def test_many_at_once(folder):
    one = Alerting(folder)
    three_rules(one)
    with Api(one) as api:
        ids = [a["id"] for a in api.get("/api/v1/alerts?limit=0")["alerts"]]
        got = ask_json(api, "POST", "/api/v1/alerts/ack", {"ids": ids, "comment": "all of them"})
        assert got["done"] == len(ids) == 253 and got["failed"] == []
        assert [a["id"] for a in got["alerts"]] == ids and {a["state"] for a in got["alerts"]} == {"acknowledged"}
        assert acts(api)[0] == ("token the-analyst", "alert acknowledge", "253 alerts", "done to 253 of 253"), acts(api)[:3]
        assert sum(row[1] == "alert acknowledge" for row in acts(api)) == 1
        note = api.get(f"/api/v1/alerts/{ids[7]}")["notes"][-1]
        assert (note["who"], note["text"]) == ("token the-analyst", "acknowledged: all of them")
        # One that is closed and one that is not there stop none of the others.
        ask_json(api, "POST", "/api/v1/alerts/close", {"ids": ids[:1], "reason": "benign"})
        gone = "0" * 32
        got = ask_json(api, "POST", "/api/v1/alerts/ack", {"ids": [ids[0], gone, ids[1].upper(), ids[1]]})
        assert got["done"] == 1 and [f["id"] for f in got["failed"]] == [ids[0], gone], got
        assert "reopen it first" in got["failed"][0]["why"] and "no alert" in got["failed"][1]["why"]
        assert [a["state"] for a in got["alerts"]] == ["closed", "acknowledged"]
        assert acts(api)[0][2:] == ("3 alerts", "done to 1 of 3"), acts(api)[0]
        got = ask_json(api, "POST", "/api/v1/alerts/reopen", {"ids": ids[:2]})
        assert got["done"] == 2 and {a["state"] for a in got["alerts"]} == {"open"}
        got = ask_json(api, "POST", "/api/v1/alerts/comment", {"ids": ids[:2], "comment": "seen"})
        assert got["done"] == 2 and api.get(f"/api/v1/alerts/{ids[1]}")["notes"][-1]["text"] == "seen"
        # An alias is the alert that it became.
        assert one.insert(cell(alert(8999, 2, title="Token", level="critical"), rule="evil"))[1] == 1
        got = ask_json(api, "POST", "/api/v1/alerts/close", {"ids": [ids[0]], "reason": "duplicate"})
        assert got["done"] == 1 and got["alerts"][0]["reason"] == "duplicate" and got["alerts"][0]["id"] != ids[0]


def test_what_is_not_taken_changes_nothing(folder):
    one = Alerting(folder)
    one.insert(cell(alert(0)))
    with Api(one) as api:
        id_ = api.get("/api/v1/alerts")["alerts"][0]["id"]
        full = [f"{n:032x}" for n in range(1001)]
        for body, word in (({}, "ids"), ({"ids": []}, "ids"), ({"ids": id_}, "ids"), ({"ids": [id_[:8]]}, "whole"),
                           ({"ids": [id_, 7]}, "whole"), ({"ids": [id_, "x" * 32]}, "whole"), ({"ids": [id_, None]}, "whole"),
                           ({"ids": full}, "1000"), ({"ids": [id_], "reason": "benign"}, "closing"),
                           ({"ids": [id_], "comment": 3}, "comment")):
            is_problem(api.ask("POST", "/api/v1/alerts/ack", json.dumps(body), role="analyst",
                               **{"Content-Type": "application/json"}), 400, word)
        for route, body in (("close", {"ids": [id_]}), ("close", {"ids": [id_], "reason": "no"}), ("comment", {"ids": [id_]})):
            is_problem(api.ask("POST", f"/api/v1/alerts/{route}", json.dumps(body), role="analyst",
                               **{"Content-Type": "application/json"}), 400)
        # A comment that is too long is refused for all.
        is_problem(api.ask("POST", "/api/v1/alerts/ack", json.dumps({"ids": [id_], "comment": "c" * 20000}), role="analyst",
                           **{"Content-Type": "application/json"}), 400, "comment")
        got = ask_json(api, "POST", "/api/v1/alerts/ack", {"ids": full[:1000]})
        assert got["done"] == 0 and len(got["failed"]) == 1000 and got["alerts"] == []
        is_problem(api.ask("POST", "/api/v1/alerts/ack", json.dumps({"ids": [id_]}), role="viewer",
                           **{"Content-Type": "application/json"}), 403)
        assert api.get("/api/v1/alerts")["alerts"][0]["state"] == "open"
        # Words that are wrong are no act; what was tried is one.
        said = [row[3] for row in acts(api) if row[0] == "token the-analyst" and row[1].startswith("alert")]
        assert len(said) == 2 and said[0] == "done to 0 of 1000" and "comment must be" in said[1], said


def test_events_without_a_copy_are_read_where_they_are_stored(folder):
    one = Alerting(folder)
    records = [json.dumps({"id": n, "summary": "Login", "created": f"2026-01-05T10:00:0{n}.000+0000", "category": "auth",
                           "remoteAddress": "203.0.113.9", "authorKey": "ann", "author": {"name": "ann"}}).encode() for n in range(1, 9)]
    one.load("--table", "jira", write(os.path.join(folder, "jira"), joined(records)))
    with Api(one) as api:
        stored = api.get("/api/v1/search?limit=10&order=oldest")["events"]
        # As a look at the events leaves them that finds thousands of alerts: few are copied, of the others there is the id.
        events = [{"id": e["event_id"], "time": 1767607200000000 + n * 1000000, "table": "jira_audit_logs"} for n, e in enumerate(stored)]
        events[0]["event"] = {"copied": 1}
        events.append({"id": "00000000-0000-8000-8000-000000000009", "time": 1767607300000000, "table": "jira_audit_logs"})
        one.insert(dict(cell({**alert(0), "events": events}), day=20458))
        found = api.get("/api/v1/alerts")["alerts"][0]["id"]
        shown = api.get(f"/api/v1/alerts/{found}")["evidence"]
        assert [e["id"] for e in shown] == [e["id"] for e in events] and shown[0]["event"] == {"copied": 1}
        for event, e in zip(stored[1:], shown[1:8]):
            assert e["event"] == {**event, "table": "jira_audit_logs"}, (e, event)
        assert shown[8]["event"] is None
        for words in (("show", found, "--json"), ("export", "--format", "ndjson")):
            said = one.run("alerts", *words)
            assert said.status == 0 and json.loads(said.out)["evidence"] == shown, (words, said.err)
        # What is stored no more is null, and the alert is there all the same.
        dropped = one.run("compact", "--keep", "1")
        assert dropped.status == 0, dropped.err
        left = api.get(f"/api/v1/alerts/{found}")["evidence"]
        assert [e["event"] for e in left] == [{"copied": 1}] + 8 * [None], left
