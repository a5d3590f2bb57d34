# SPDX-License-Identifier: Apache-2.0
"""The API's other half: fields, values, the overview, saved searches, SQL, exports, entities, rules, watchlists, notifiers, settings."""
import collections
import contextlib
import http.client
import json
import os
import socket
import time
import urllib.parse

import lake
from http_tests import Api, a_lake, is_problem
from lake import Lake, joined, write


def said(one, command, *words):
    result = one.run(command, *words)
    assert result.status in (0, 3), result.err
    return json.loads(result.out)


def test_fields_and_values(folder):
    one = a_lake(folder, 500)
    with Api(one) as api:
        fields = api.get("/api/v1/fields")["fields"]
        names = [f["name"] for f in fields]
        assert names[:3] == ["actor", "actor_id", "action"] and len(set(names)) == len(names), names[:5]
        known = {f["name"]: f for f in fields}
        assert known["event_time"]["type"] == "time" and known["ip_bytes"]["type"] == "ip"
        assert known["actor"]["description"] and len(known["actor"]["tables"]) == 5
        assert known["affectedObjects.type"]["tables"] == ["bitbucket_audit_logs", "confluence_audit_logs", "jira_audit_logs"]
        assert "actor" in [f["name"] for f in api.get("/api/v1/fields?table=jira")["fields"]]
        assert not any(f["tables"] != ["jira_audit_logs"] for f in api.get("/api/v1/fields?table=jira")["fields"])
        # Each of them may stand in a query.
        for name in names[::9]:
            api.get(f"/api/v1/search?limit=0&q={name}:*")
        got = api.get("/api/v1/values?field=actor&limit=5")
        theirs = said(one, "search", "--values", "actor", "--limit", "5", "--json", "")
        assert got["values"] == theirs and len(theirs) == 5 and got["more"], got
        first = theirs[0]["value"]
        got = api.get(f"/api/v1/values?field=actor&prefix={first[0].lower()}&limit=0&since=2000-01-01")
        assert got["values"] == []
        got = api.get(f"/api/v1/values?field=actor&prefix={first[0].upper()}&limit=1000&since=2000-01-01")
        assert first in [v["value"] for v in got["values"]] and not got["more"]
        assert all(v["value"][0].lower() == first[0].lower() for v in got["values"])
        assert api.get("/api/v1/values?field=actor&since=2999-01-01")["values"] == []
        is_problem(api.ask("GET", "/api/v1/values"), 400, "field=")
        is_problem(api.ask("GET", "/api/v1/values?field=actr"), 400, "actor")
        is_problem(api.ask("GET", "/api/v1/values?field=actor&limit=10001"), 400, "10000")


def test_overview(folder):
    one = Lake(folder)
    lines, _, _ = lake.generate(os.path.join(folder, "j.ndjson"), "jira", 800)
    one.load("--table", "jira", write(os.path.join(folder, "jira"), joined(lines)))
    lines, _, _ = lake.generate(os.path.join(folder, "c.ndjson"), "confluence", 300)
    one.load("--table", "confluence", write(os.path.join(folder, "confluence"), joined(lines)))
    with Api(one) as api:
        shown = api.get("/api/v1/overview?since=2000-01-01&until=2100-01-01")
        by_table = collections.Counter()
        for bucket in shown["histogram"]["buckets"]:
            assert bucket["count"] == sum(bucket["tables"].values())
            by_table.update(bucket["tables"])
        assert by_table == {"jira_audit_logs": 800, "confluence_audit_logs": 300}, by_table
        assert shown["events"] == 1100 and not shown["partial"]
        facets = api.get("/api/v1/search?limit=0&facet=actor,action&since=2000-01-01&until=2100-01-01")["facets"]
        for name, facet in (("top_actors", facets[0]), ("top_actions", facets[1])):
            assert shown[name] == [v for v in facet["values"] if v["value"] is not None][:10], name
        alerts = api.get("/api/v1/alerts?limit=5")
        assert shown["alerts"]["newest"] == alerts["alerts"] and shown["alerts"]["open"] == alerts["counts"]["open"]
        assert shown["sources"] == [] and shown["new_today"] == {"actors": [], "ips": []}
        # Who was never seen before the last day.
        last = api.get("/api/v1/search?limit=1&columns=event_time")["events"][0]["event_time"]
        day = last[:10]
        record = json.dumps({"id": 990001, "summary": "Login", "created": f"{day}T23:59:58.000+0000", "category": "auth",
                             "remoteAddress": "203.0.113.250", "authorKey": "new.comer", "author": {"name": "new.comer"}})
        one.load("--table", "jira", write(os.path.join(folder, "more"), record.encode() + b"\n"))
        actor = api.get("/api/v1/search?limit=1&q=ip:203.0.113.250")["events"][0]["actor"]
        shown = api.get(f"/api/v1/overview?since={day}&until={day}T23:59:59Z")
        assert "203.0.113.250" in [v["value"] for v in shown["new_today"]["ips"]], shown["new_today"]
        assert actor in [v["value"] for v in shown["new_today"]["actors"]], (actor, shown["new_today"])
        seen = {v["value"] for v in shown["new_today"]["actors"]}
        for name in seen:
            assert api.get(f"/api/v1/search?limit=0&count=true&q=actor:%22{name.replace(' ', '+')}%22&until={day}")["matched"] == 0, name
        is_problem(api.ask("GET", "/api/v1/overview?since=never"), 400, "since")
        is_problem(api.ask("GET", "/api/v1/overview", role=None), 401)


def test_search_in_one_request(folder):
    one = a_lake(folder, 400)
    with Api(one) as api:
        got = api.get("/api/v1/search?limit=3&count=true&histogram=20&histogram_by=table&facet=actor")
        assert len(got["events"]) == 3 and got["matched"] == 400 and got["counted"] and got["facets"][0]["field"] == "actor"
        assert sum(b["tables"].get("jira_audit_logs", 0) for b in got["histogram"]["buckets"]) == 400
        assert got["segments"] >= 1 and got["segments_read"] == got["segments"] and got["took_us"] > 0
        assert "tables" not in api.get("/api/v1/search?limit=0&histogram=20")["histogram"]["buckets"][0]
        assert api.get("/api/v1/search?limit=1&until=1990-01-01")["segments_read"] == 0
        is_problem(api.ask("GET", "/api/v1/search?histogram=9&histogram_by=actor"), 400, "histogram_by")


def ask_json(api, method, path, body=None, role="analyst", status=200):
    got, _, out = api.ask(method, path, None if body is None else json.dumps(body), role=role,
                          **({"Content-Type": "application/json"} if body is not None else {}))
    assert got == status, f"{method} {path}: {got}: {out[:500]}"
    return json.loads(out)


def acts(api):
    return [(a["who"], a["what"], a["target"], a["result"]) for a in api.get("/api/v1/audit", role="admin")["acts"]]


def test_saved_searches(folder):
    one = a_lake(folder, 200)
    with Api(one) as api:
        assert api.get("/api/v1/searches") == {"searches": []}
        name = "/api/v1/searches/Gro%C3%9Fe%20Dinge"
        body = {"query": "action:*group*", "since": "-30d", "columns": "event_time,actor", "limit": 5, "histogram": True, "count": False,
                "until": "", "facet": None}
        saved = ask_json(api, "PUT", name, body)
        assert saved["name"] == "Große Dinge" and saved["query"] == body["query"], saved
        assert saved["options"] == {"since": "-30d", "columns": "event_time,actor", "limit": "5", "histogram": ""}, saved
        assert saved["since"] == "-30d" and saved["columns"] == "event_time,actor" and "until" not in saved
        assert api.get("/api/v1/searches")["searches"] == [saved] == said(one, "search", "--list-saved", "--json")
        # The command line runs it.
        found = said(one, "search", "--saved", "Große Dinge", "--since", "2000-01-01", "--json")
        assert "histogram" in found and 0 < len(found["events"]) <= 5
        assert all("group" in e["action"] for e in said(one, "search", "--saved", "Große Dinge", "--since", "2000-01-01", "--columns",
                                                        "action", "--json")["events"])
        assert one.run("search", "--save", "other", "--limit", "3", "actor:x").status == 0
        assert [s["name"] for s in api.get("/api/v1/searches")["searches"]] == ["Große Dinge", "other"]
        for wrong, word in (({}, "query"), ({"query": "nonsense:1"}, "nonsense"), ({"query": "a", "since": "never"}, "since"),
                            ({"query": "a", "limit": "x"}, "limit"), ({"query": "a", "columns": "nope"}, "nope"),
                            ({"query": "a", "table": "nope"}, "table"), ({"query": "a", "count": "yes"}, "count"),
                            ({"query": "a", "columns": "actor\nlimit=1"}, "columns"), ({"query": 7}, "query")):
            is_problem(api.ask("PUT", name, json.dumps(wrong), Content_Type="application/json"), 400, word)
        is_problem(api.ask("PUT", name, json.dumps(body), role="viewer", Content_Type="application/json"), 403)
        is_problem(api.ask("PUT", name, json.dumps(body)), 415)
        is_problem(api.ask("PUT", "/api/v1/searches/" + "x" * 101, json.dumps(body), Content_Type="application/json"), 400, "100")
        is_problem(api.ask("DELETE", name, role="viewer"), 403)
        assert ask_json(api, "DELETE", name) == {"removed": "Große Dinge"}
        is_problem(api.ask("DELETE", name), 404)
        mine = [a[1:] for a in acts(api) if a[0].endswith("the-analyst")]
        assert ("search save", "Große Dinge", "done") in mine and ("search remove", "Große Dinge", "done") in mine, mine


def test_entities(folder):
    one = a_lake(folder, 1000)
    with Api(one) as api:
        actor = api.get("/api/v1/search?limit=1&columns=actor&q=actor:*")["events"][0]["actor"]
        for words, args in ((("--person",), "&person=true"), ((), ""), (("--as", "actor"), "&as=actor"), (("--limit", "3"), "&limit=3"),
                            (("--since", "2026-01-10"), "&since=2026-01-10"), (("--kind", "user"), "&kind=user")):
            mine = api.get(f"/api/v1/entity?value={actor.replace(' ', '+')}{args}")
            assert mine == said(one, "entity", actor, "--json", *words), args
            assert mine["seen"] and mine["events"] > 0
        assert not api.get("/api/v1/entity?value=nobody.at.all")["seen"]
        for args, word in (("", "value="), ("?value=", "value="), ("?value=x&kind=y", "kind"), ("?value=x&as=y", "as="),
                           ("?value=x&as=ip&person=1", "person"), ("?value=10.0.0.0/8", "one thing")):
            is_problem(api.ask("GET", "/api/v1/entity" + args), 400, word)


def sql(api, text, role="viewer", **more):
    return ask_json(api, "POST", "/api/v1/sql", {"sql": text, **more}, role=role)


def test_sql(folder):
    one = a_lake(folder, 1500)
    with Api(one) as api:
        got = sql(api, "select actor, count(*) n, [1, 2] l, true b, null x, 'a\u202eb' t from jira_audit_logs group by actor order by n desc, actor")
        assert [c["name"] for c in got["columns"]] == ["actor", "n", "l", "b", "x", "t"]
        assert [c["type"] for c in got["columns"]][:4] == ["VARCHAR", "BIGINT", "LIST", "BOOLEAN"]
        assert sql(api, "select event_time from events")["columns"] == [{"name": "event_time", "type": "TIMESTAMP WITH TIME ZONE"}]
        theirs = one.sql("select actor, count(*) n from jira_audit_logs group by actor order by n desc, actor")
        assert [[r[0], r[1]] for r in got["rows"]] == [[r["actor"], r["n"]] for r in theirs] and not got["more"]
        assert got["rows"][0][2:] == [[1, 2], True, None, "a\u202eb"] and got["count"] == len(theirs) and got["elapsed_ms"] > 0
        got = sql(api, "select * from range(5000) r(i) order by i", limit=7)
        assert got["rows"] == [[i] for i in range(7)] and got["more"]
        got = sql(api, "select * from range(5000)")
        assert len(got["rows"]) == 1000 and got["more"]
        got = sql(api, "select 1 as a where false")
        assert got["columns"] == [{"name": "a", "type": "INTEGER"}] and got["rows"] == [] and got["count"] == 0 and not got["more"]
        status, headers, body = api.ask("POST", "/api/v1/sql", json.dumps({"sql": "select i, 'x' as x from range(3) r(i)", "limit": 0}),
                                        Accept="application/x-ndjson")
        lines = [json.loads(line) for line in body.splitlines()]
        assert status == 200 and headers["Content-Type"] == "application/x-ndjson" and lines[:3] == [{"i": i, "x": "x"} for i in range(3)]
        assert lines[3]["summary"]["count"] == 3 and not lines[3]["summary"]["more"]
        # Long answers are streamed, whole.
        assert len(sql(api, "select i, repeat('x', 100) from range(60000) r(i)", limit=100000)["rows"]) == 60000
        for text, word in (("selec 1", "selec"), ("select nope from jira_audit_logs", "nope"), ("drop table x", "SELECT"),
                           ("", "SELECT|query|nothing"), ("select * from read_csv('/etc/passwd')", "passwd|permission|disabled|not")):
            is_problem(api.ask("POST", "/api/v1/sql", json.dumps({"sql": text})), 400, word)
        for body, word in (({}, "sql"), ({"sql": "select 1", "limit": -1}, "limit"), ({"sql": "select 1", "limit": 100001}, "limit"),
                           ({"sql": "select 1", "timeout": "x"}, "timeout"), ({"sql": 1}, "sql")):
            is_problem(api.ask("POST", "/api/v1/sql", json.dumps(body)), 400, word)
        endless = "select count(*) from range(100000000000) a, range(1000) b"
        is_problem(api.ask("POST", "/api/v1/sql", json.dumps({"sql": endless, "timeout": 1})), 422, "took longer than 1 second")


def children(pid):
    found = []
    for name in os.listdir("/proc"):
        with contextlib.suppress(OSError, ValueError):
            with open(f"/proc/{name}/stat", encoding="utf-8", errors="replace") as file:
                fields = file.read().rsplit(")", 1)[1].split()
            if int(fields[1]) == pid:
                found.append(int(name))
    return found


def wait_for(what, why, seconds=20):
    until = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < until, why
        time.sleep(0.05)


def test_sql_ends_when_its_client_goes(folder):
    one = a_lake(folder, 100)
    with Api(one) as api:
        body = json.dumps({"sql": "select count(*) from range(100000000000) a, range(1000) b"}).encode()
        head = (f"POST /api/v1/sql HTTP/1.1\r\nHost: 127.0.0.1:{api.port}\r\nAuthorization: Bearer {api.tokens['viewer']}\r\n"
                f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n").encode()
        links = []
        for _ in range(2):
            link = socket.create_connection(("127.0.0.1", api.port))
            link.sendall(head + body)
            links.append(link)
        wait_for(lambda: len(children(api.process.pid)) == 2, "the children do not start")
        # Two at a time; others are told to come again, and the rest of the API answers.
        is_problem(api.ask("POST", "/api/v1/sql", json.dumps({"sql": "select 1"})), 503, "moment")
        is_problem(api.ask("GET", "/api/v1/export"), 503, "moment")
        api.get("/api/v1/status")
        for link in links:
            link.close()
        wait_for(lambda: not children(api.process.pid), "the children go on without a client")
        assert sql(api, "select 1 as a")["rows"] == [[1]]


def test_exports(folder):
    one = a_lake(folder, 25000)
    with Api(one) as api:
        query = "q=action:*group*&since=2000-01-01"
        count = api.get(f"/api/v1/search?limit=0&count=true&{query}")["matched"]
        assert count > 100
        status, headers, body = api.ask("GET", "/api/v1/export", role="viewer")
        assert status == 200 and headers["Content-Type"] == "application/x-ndjson"
        assert headers["Content-Disposition"] == 'attachment; filename="pugmark-export.ndjson"'
        assert headers["X-Content-Type-Options"] == "nosniff"
        rows = [json.loads(line) for line in body.splitlines()]
        assert len(rows) == 25000 == len({r["event_id"] for r in rows})
        assert [r["event_time"] for r in rows] == sorted((r["event_time"] for r in rows), reverse=True)
        mine = api.ask("GET", f"/api/v1/export?{query}&columns=actor,action&order=oldest")[2]
        theirs = one.run("search", "--format", "ndjson", "--columns", "actor,action", "--sort", "event_time", "--since", "2000-01-01",
                         "action:*group*")
        assert mine == theirs.out and len(mine.splitlines()) == count
        status, headers, body = api.ask("GET", f"/api/v1/export?{query}&format=csv")
        assert headers["Content-Type"] == "text/csv; charset=utf-8" and 'pugmark-export.csv"' in headers["Content-Disposition"]
        assert body == one.run("search", "--format", "csv", "--since", "2000-01-01", "action:*group*").out
        status, headers, body = api.ask("GET", "/api/v1/export?format=raw")
        assert 'pugmark-export-raw.ndjson"' in headers["Content-Disposition"]
        assert sorted(body.splitlines()) == sorted(one.run("export").out.splitlines())
        assert len(api.ask("GET", "/api/v1/export?limit=12")[2].splitlines()) == 12
        status, headers, body = api.ask("HEAD", "/api/v1/export")
        assert status == 200 and not body
        for args, word in (("q=nonsense:1", "nonsense"), ("format=xml", "format"), ("order=actor", "order"), ("format=raw&columns=actor", "columns"),
                           ("columns=nope", "nope"), ("since=never", "since")):
            is_problem(api.ask("GET", f"/api/v1/export?{args}"), 400, word)
        is_problem(api.ask("GET", "/api/v1/export", role=None), 401)


def test_an_export_is_whole_or_breaks_off(folder):
    one = a_lake(folder, 400)
    found = [os.path.join(root, name) for root, _, names in os.walk(os.path.join(one.data, "tables")) for name in names]
    with open(found[0], "r+b") as file:
        file.seek(0)
        size = os.path.getsize(found[0])
        file.write(b"\xff" * (size // 2))
    with Api(one) as api:
        try:
            status, _, body = api.ask("GET", "/api/v1/export")
            assert status != 200, f"it was taken for all: {len(body)} bytes"
        except http.client.IncompleteRead:
            pass


RULE = """title: Groups
id: 11111111-1111-4111-8111-111111111111
logsource:
  product: jira
detection:
  sel:
    summary|contains: {word}
  condition: sel
level: high
"""


def test_rules(folder):
    one = a_lake(folder, 2000)
    with Api(one) as api:
        rules = api.get("/api/v1/rules")["rules"]
        event = next(r for r in rules if r["kind"] == "event" and r["product"] == "jira")
        counts = next(r for r in rules if r["kind"] == "event_count")
        for rule in (event, counts):
            whole = api.get(f"/api/v1/rules/{rule['id']}")
            assert {k: whole[k] for k in rule} == rule
            assert whole["explain"] == said(one, "detect", "explain", rule["id"], "--json"), rule["title"]
            assert whole["yaml"].startswith("title:") and rule["id"] in whole["yaml"]
            quick = api.get(f"/api/v1/rules/{rule['id']}?explain=false")
            assert "explain" not in quick and {**quick, "explain": whole["explain"]} == whole
        assert api.get(f"/api/v1/rules/{urllib.parse.quote(counts['title'])}?explain=0")["id"] == counts["id"]
        assert whole["threshold"] == 5 or whole["threshold"] > 0
        for rule in rules:
            text = api.get(f"/api/v1/rules/{rule['id']}?explain=false")["yaml"]
            assert text and text.count("\nid: ") == 1 and rule["id"] in text, rule["title"]
        # One of the user's own, the second of its file, which has not fired for want of a field.
        os.makedirs(os.path.join(one.data, "rules"), exist_ok=True)
        mine = (RULE.format(word="group") + "---\n# mine\n" + RULE.format(word="zzz").replace("1111", "2222").replace("Groups", "Never"))
        write(os.path.join(one.data, "rules", "mine.yml"), mine.encode())
        shown = api.get("/api/v1/rules/Groups")
        assert shown["yaml"] == RULE.format(word="group") and shown["explain"]["can_fire"] and shown["explain"]["why"] == []
        shown = api.get("/api/v1/rules/Never")
        assert "zzz" in shown["yaml"] and "group" not in shown["yaml"].replace("Groups", "")
        assert not shown["explain"]["can_fire"] and "zzz" in shown["explain"]["why"][0]
        # On, off, and how much it takes.
        path = f"/api/v1/rules/{counts['id']}"
        done = ask_json(api, "POST", path + "/disable", {})
        assert done["changes"][0]["change"] == "disabled" and not done["enabled"] and done["file"] == "rules/settings.yml"
        shown = api.get(path)
        assert not shown["enabled"] and not shown["explain"]["can_fire"] and "disabled" in shown["explain"]["why"][0]
        assert ask_json(api, "POST", path + "/disable", {})["changes"][0]["change"] == "disabled already"
        assert ask_json(api, "POST", path + "/enable", {})["enabled"]
        before = api.get(path)["threshold"]
        assert ask_json(api, "POST", path + "/tune", {"threshold": 9})["changes"][0]["detail"] == f"9, was {before}"
        assert api.get(path + "?explain=false")["threshold"] == 9
        assert ask_json(api, "POST", path + "/tune", {"threshold": None})["changes"][0]["detail"] == f"{before}, was 9"
        for body, word in (({}, "threshold"), ({"threshold": "9"}, "number"), ({"threshold": [1]}, "number")):
            is_problem(api.ask("POST", path + "/tune", json.dumps(body)), 400, word)
        is_problem(api.ask("POST", f"/api/v1/rules/{event['id']}/tune", '{"threshold":1}'), 400, "has no threshold")
        is_problem(api.ask("POST", "/api/v1/rules/Grups/enable", "{}"), 404, "did you mean .Groups")
        is_problem(api.ask("GET", "/api/v1/rules/nope"), 404)
        is_problem(api.ask("POST", path + "/enable", "{}", role="viewer"), 403)
        mine = [a[1:] for a in acts(api)]
        assert ("rule disable", counts["id"], "done") in mine and ("rule tune threshold=9", counts["id"], "done") in mine
        assert [a for a in mine if a[0] == "rule enable" and a[1] == "Grups" and a[2].startswith("refused:")]


def test_a_rule_is_tried_on_history(folder):
    one = a_lake(folder, 2000)
    with Api(one) as api:
        def tried(text, status=200, **more):
            return ask_json(api, "POST", "/api/v1/rules/test", {"yaml": text, **more}, status=status)

        found = tried(RULE.format(word="group"))
        matched = api.get("/api/v1/search?limit=0&count=true&table=jira&q=summary:*group*")["matched"]
        assert found["errors"] == [] and found["rules"] == 1 and found["looked_at"] >= 2000
        assert found["events"] == matched > 0 and found["alerts"] >= len(found["examples"]) > 0
        assert len(found["examples"]) <= 20 and found["examples"][0]["title"] == "Groups" and found["examples"][0]["level"] == "high"
        assert sum(e["events"] for e in found["examples"]) <= matched
        # It is what a run would find, and nothing of it is kept.
        write(os.path.join(folder, "rule.yml"), RULE.format(word="group").encode())
        write(os.path.join(folder, "none.yml"), RULE.format(word="zzz").encode())
        run = one.run("detect", "run", "--diff", os.path.join(folder, "none.yml"), os.path.join(folder, "rule.yml"), "--json")
        assert len(run.out.splitlines()) == found["alerts"], run.err
        assert not [a for a in api.get("/api/v1/alerts?state=all&limit=0")["alerts"] if a["title"] == "Groups"]
        day = found["examples"][0]["first_event"][:10]
        assert 0 < tried(RULE.format(word="group"), since=day, until=day + "T23:59:59Z")["events"] < matched
        assert tried(RULE.format(word="zzz"))["alerts"] == 0
        for text in ("title: x\ndetection: 3\n", "a: [", RULE.format(word="group") + "levle: high\nnonsense: [\n"):
            errors = tried(text)
            assert list(errors) == ["errors"] and errors["errors"][0]["what"] and errors["errors"][0]["line"] >= 1, errors
        assert tried("", status=400) and tried("# nothing\n", status=400)
        is_problem(api.ask("POST", "/api/v1/rules/test", "{}"), 400, "yaml")
        is_problem(api.ask("POST", "/api/v1/rules/test", json.dumps({"yaml": "x", "since": "never"})), 400, "since")
        is_problem(api.ask("POST", "/api/v1/rules/test", json.dumps({"yaml": "x"}), role="viewer"), 403)


def test_watchlists(folder):
    one = a_lake(folder, 1500)
    with Api(one) as api:
        actor = api.get("/api/v1/search?limit=1&columns=actor&q=actor:*")["events"][0]["actor"]
        words = [actor, "198.51.100.7", "evil.example", ""]
        path = "/api/v1/watchlists/apt-7"
        is_problem(api.ask("GET", path), 404, "no watchlist")

        def fill(body, args="", status=200, role="analyst", **headers):
            got, _, out = api.ask("POST", path + args, body, role=role, **{"Content-Type": "text/plain", **headers})
            assert got == status, f"{got}: {out[:400]}"
            return json.loads(out)

        done = fill(json.dumps(words), "?level=low&tags=a,b&expire=30d&confidence=40", Content_Type="application/json")
        assert done["name"] == "apt-7" and done["indicators"] == 3 == done["added"] and done["unusable"] == 1, done
        assert done["not_taken"][0]["reason"] and done["history"]["indicators"] == 1 and done["history"]["new_alerts"] >= 1
        alerts = [a for a in api.get("/api/v1/alerts?limit=0&state=all")["alerts"] if a["rule"] == "watchlist:apt-7"]
        assert len(alerts) == done["history"]["new_alerts"] and {a["level"] for a in alerts} == {"low"}
        shown = api.get(path)
        assert shown["watchlist"] == api.get("/api/v1/watchlists")["watchlists"][0] and not shown["more"]
        assert shown["watchlist"]["tags"] == "a,b" and shown["watchlist"]["expire_s"] == 30 * 86400 and shown["watchlist"]["swept"]
        held = {i["indicator"]: i for i in shown["indicators"]}
        assert set(held) == set(words[:3]) and held["evil.example"]["kind"] == "domain" and held["evil.example"]["expires"]
        theirs = [json.loads(line) for line in one.run("ioc", "list", "apt-7", "--format", "ndjson").out.splitlines()]
        assert [t["indicator"] for t in theirs] == [i["indicator"] for i in shown["indicators"]]
        assert len(api.get(path + "?limit=2")["indicators"]) == 2 and api.get(path + "?limit=2")["more"]
        # What is not said stays; what is put in by hand is added, or replaces.
        done = fill("192.0.2.0/28\n# words\nevil.example\n", "?level=high")
        assert done["indicators"] == 4 and done["unusable"] == 0 and api.get(path)["watchlist"]["tags"] == "a,b", done
        done = fill("indicator,tags\n192.0.2.9,x\n", "?replace=true&list_format=csv&expire=never")
        assert done["indicators"] == 1 and done["removed"] == 4 and api.get(path)["indicators"][0]["expires"] is None
        # The command gives the same answer.
        done = fill("203.0.113.77\n")
        theirs = said(one, "ioc", "add", "other", "203.0.113.77", "--json")
        assert list(theirs) == list(done) and theirs["added"] == 1 and theirs["name"] == "other"
        assert ask_json(api, "POST", path + "/pause", {}) == {"name": "apt-7", "paused": True}
        assert api.get(path)["watchlist"]["paused"]
        assert ask_json(api, "POST", path + "/resume", {}) == {"name": "apt-7", "paused": False}
        for args, word in (("?level=worst", "level"), ("?expire=soon", "expire"), ("?confidence=101", "confidence"), ("?kind=x", "kind"),
                           ("?list_format=x", "list_format"), ("?replace=maybe", "replace"), ("?nonsense=1", "nonsense")):
            is_problem(api.ask("POST", path + args, "x", Content_Type="text/plain"), 400, word)
        is_problem(api.ask("POST", "/api/v1/watchlists/Big%20Name", "x", Content_Type="text/plain"), 400, "name")
        is_problem(api.ask("POST", path, "x", role="viewer", Content_Type="text/plain"), 403)
        is_problem(api.ask("POST", path, "x", Content_Type="text/plain", Origin="http://evil.example"), 403, "another site")
        assert ask_json(api, "DELETE", path) == {"removed": "apt-7"}
        is_problem(api.ask("DELETE", path), 404)
        is_problem(api.ask("POST", path + "/pause", "{}"), 404)
        assert {("watchlist fill", "apt-7", "done"), ("watchlist pause", "apt-7", "done"), ("watchlist resume", "apt-7", "done"),
                ("watchlist remove", "apt-7", "done")} <= {a[1:] for a in acts(api)}
        assert len([a for a in api.get("/api/v1/alerts?limit=0&state=all")["alerts"] if a["rule"] == "watchlist:apt-7"]) == len(alerts)


def test_feeds_notifiers_and_settings(folder):
    one = a_lake(folder, 100)
    with Api(one) as api:
        assert api.get("/api/v1/feeds") == {"feeds": []} == said(one, "ioc", "feeds", "--json")
        listed = write(os.path.join(folder, "list"), b"192.0.2.1\n")
        assert one.run("ioc", "add", "mine", "--file-feed", listed).status == 0
        assert api.get("/api/v1/feeds") == said(one, "ioc", "feeds", "--json")
        assert api.get("/api/v1/feeds")["feeds"][0]["name"] == "mine"
        is_problem(api.ask("POST", "/api/v1/watchlists/mine", "192.0.2.2", Content_Type="text/plain"), 400, "feed")

        assert api.get("/api/v1/notifiers") == {"notifiers": []} == said(one, "notify", "list", "--json")
        url = write(os.path.join(folder, "url"), b"https://hooks.slack.example/services/T0/B0/verysecret")
        made = one.run("notify", "add", "slack", "soc", "--url-file", url, "--level", "high", "--key-file", os.path.join(folder, "key"))
        assert made.status == 0, made.err
        shown = api.get("/api/v1/notifiers")
        assert shown == said(one, "notify", "list", "--json") and shown["notifiers"][0]["level"] == "high"
        assert "verysecret" not in json.dumps(shown)
        assert ask_json(api, "POST", "/api/v1/notifiers/soc/pause", {}, role="admin")["paused"]
        assert api.get("/api/v1/notifiers")["notifiers"][0]["paused"]
        assert not ask_json(api, "POST", "/api/v1/notifiers/soc/resume", {}, role="admin")["paused"]
        is_problem(api.ask("POST", "/api/v1/notifiers/soc/pause", "{}", role="analyst"), 403)
        assert ask_json(api, "DELETE", "/api/v1/notifiers/soc", role="admin") == {"removed": "soc", "dropped": 0}
        is_problem(api.ask("DELETE", "/api/v1/notifiers/soc"), 404)
        assert {("notifier pause", "soc", "done"), ("notifier resume", "soc", "done"), ("notifier remove", "soc", "done")} <= {
            a[1:] for a in acts(api)}

        os.makedirs(os.path.join(one.data, "rules"), exist_ok=True)
        write(os.path.join(one.data, "rules", "mine.yml"), RULE.format(word="group").encode() + b"---\ntitle: bad\n")
        assert one.run("compact").status == 0
        shown = api.get("/api/v1/settings")
        version = one.run("version").out.decode().split()[1]
        assert shown["version"] == version and shown["data"] == one.data and shown["format"] >= 8
        assert shown["rules"]["own"] == 1 and shown["rules"]["refused"] == 1 and shown["rules"]["problems"][0]["what"]
        assert shown["rules"]["count"] == len(api.get("/api/v1/rules")["rules"])
        assert shown["retention"]["tables"] == [{"table": "jira_audit_logs", "keep_days": None, "from": None}]
        assert shown["memory"] > 0 and shown["threads"] > 0 and shown["listen"].startswith("127.0.0.1")
