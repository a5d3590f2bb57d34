# SPDX-License-Identifier: Apache-2.0
"""Over HTTP what the command line does to keep things going: feeds added, gaps asked for again, compaction, rejects, schemas, rule files."""
import json
import os
import threading

from feeds_at import SECRET, Feeding, Taxii, addresses, lines, taxii
from http_tests import Api, a_lake, is_problem
from job_lake import JobApi, Web, holds, jira, processes
from lake import write
from rest_tests import acts, ask_json

RULE = """title: Everything that was done
id: 11111111-2222-4333-8444-555555555555
level: low
logsource: {product: jira, service: audit}
detection:
    any: {action: '*'}
    condition: any
"""


def feeding(one):
    one.env = {}
    return JobApi(one, "--key-file", one.key)


def test_a_feed_is_added_by_the_api_alone(folder):
    with Feeding(folder) as one, feeding(one) as api:
        url = one.server.put("/list.txt", lines(1, 2, 77))
        body = {"name": "blocklist", "url": url, "allow_private": True, "interval": "2h", "level": "critical", "tags": "a,b"}
        job = api.done("/api/v1/feeds", body)
        (said,) = job["result"]["feeds"]
        assert (said["name"], said["outcome"], said["added"], said["error"]) == ("blocklist", "changed", 3, None), said
        assert job["kind"] == "feed add" and job["asked"] == body, job
        assert one.holds("blocklist") == addresses(1, 2, 77) and len(one.alerts()) == 2
        (feed,) = api.get("/api/v1/feeds")["feeds"]
        assert (feed["name"], feed["interval_s"], feed["error"]) == ("blocklist", 7200, None), feed
        assert {a["level"] for a in one.alerts()} == {"critical"}
        assert acts(api)[0][1:3] == ("feed add", "blocklist"), acts(api)[0]
        # Private addresses are for those who say so; a proxy too.
        job = api.wait(api.start("/api/v1/feeds", {"name": "other", "url": url}))
        assert job["state"] == "failed" and job["error"], job
        for wrong, word in (({"url": url}, "name"), ({"name": "Caps", "url": url}, "name"), ({"name": "x", "url": url, "file_feed": "/etc/passwd"}, "file_feed"),
                            ({"name": "x", "url": url, "proxy": "http://127.0.0.1:1"}, "allow_private"), ({"name": "x", "url": 3}, "url"),
                            ({"name": "--x", "url": url}, "name"), ({"name": "x", "url": url, "file": "/etc/passwd"}, "file")):
            is_problem(api.ask("POST", "/api/v1/feeds", json.dumps(wrong)), 400, word)
        is_problem(api.ask("POST", "/api/v1/feeds", json.dumps(body), role="analyst"), 403)
        # One that has no place to fetch from, or two.
        for wrong in ({"name": "x"}, {"name": "x", "url": url, "taxii": url}):
            is_problem(api.ask("POST", "/api/v1/feeds", json.dumps(wrong)), 400, "one of")


def test_secrets_of_a_feed_are_seen_nowhere(folder):
    with Feeding(folder) as one, feeding(one) as api:
        server = taxii(one, login=("me", SECRET))
        body = {"name": "t", "taxii": one.server.url + "/taxii2/", "user": "me", "password": SECRET, "allow_private": True}
        seen, stop = [], threading.Event()

        def watch():
            while not stop.is_set():
                seen.extend((pid, what) for pid, what, text in processes() if SECRET.encode() in text)
        watcher = threading.Thread(target=watch)
        watcher.start()
        try:
            # Which collection? The server's are the result.
            job = api.wait(api.start("/api/v1/feeds", body))
            assert job["state"] == "failed" and "choose one" in job["error"], job
            assert [(s["name"], s["state"], s["text"][:36]) for s in job["steps"]] == [
                ("collection", "note", Taxii.ID), ("collection", "warning", Taxii.OTHER)], job["steps"]
            job = api.done("/api/v1/feeds", {**body, "collection": Taxii.ID})
        finally:
            stop.set()
            watcher.join()
        assert job["result"]["feeds"][0]["added"] == 7 and server.asked and not seen, (job, seen)
        assert "password" not in job["asked"] and SECRET not in json.dumps(api.get("/api/v1/jobs")), job
        assert holds(one.data, SECRET) == [] and SECRET not in api.said()


def test_what_is_missing_is_asked_for_again(folder):
    with Web(folder, events="jira=200") as (api, one, service):
        api.done("/api/v1/sources", jira(service))
        service.fault("status", status=403, source="jira", path=r"record\?to=")  # of the history
        api.wait(api.start("/api/v1/sources/jira-acme/backfill"))
        assert len(api.get("/api/v1/sources/jira-acme/gaps")["gaps"]) == 1
        service.no_faults()
        service.fault("status", status=403, source="jira")
        job = api.wait(api.start("/api/v1/sources/jira-acme/refetch"))
        assert job["state"] == "failed" and "403" in job["error"], job
        service.no_faults()
        job = api.done("/api/v1/sources/jira-acme/refetch")
        assert job["result"] == {"gaps": []} and job["kind"] == "source refetch", job
        one.names["jira"] = "jira-acme"
        one.exact("jira")
        assert api.wait(api.start("/api/v1/sources/nobody/refetch"))["state"] in ("done", "failed")
        is_problem(api.ask("POST", "/api/v1/sources/jira-acme/refetch", "{}", role="analyst"), 403)


def test_compaction_and_how_far_verify_is(folder):
    one = a_lake(folder, 500)
    one.env = {}
    with JobApi(one) as api:
        job = api.done("/api/v1/compact")
        assert job["result"]["table"] == "jira_audit_logs" and job["result"]["dropped"] == 0, job
        job = api.done("/api/v1/verify")
        assert job["result"] == {"damaged": [], "findings": 0} and job["progress"]["unit"] == "bytes" and job["progress"]["done"] > 0, job
        # What is older goes, for good.
        job = api.done("/api/v1/compact", {"keep": "1d"})
        assert job["result"]["dropped"] == 500 and job["asked"] == {"keep": "1d"}, job
        assert api.get("/api/v1/search?limit=0&count=true")["matched"] == 0
        assert acts(api)[0][1] == "compact"
        for wrong in ("1h", "0", "d", "-3d", "400 d", "all"):
            job = api.wait(api.start("/api/v1/compact", {"keep": wrong}))
            assert job["state"] == "failed", (wrong, job)
        is_problem(api.ask("POST", "/api/v1/compact", '{"keep":7}'), 400, "keep")
        is_problem(api.ask("POST", "/api/v1/compact", "{}", role="analyst"), 403)


def test_rebuild_rejects_and_a_cluster_that_is_not_set(folder):
    one = a_lake(folder, 300)
    one.env = {}
    one.run("import", "--table", "jira", write(os.path.join(folder, "bad"), b"no json\n"))
    with JobApi(one) as api:
        assert api.done("/api/v1/rebuild", {"table": "jira_audit_logs"})["result"] == {"table": "jira_audit_logs", "events": 300}
        assert api.get("/api/v1/search?limit=0&count=true")["matched"] == 300
        assert api.done("/api/v1/rejects/retry")["result"] == {"retried": 0, "stored": 0}
        assert [a[1] for a in acts(api)[:2]] == ["rejects retry", "rebuild"], acts(api)[:3]
        job = api.wait(api.start("/api/v1/rebuild", {"table": "--schema=/etc/passwd"}))
        assert job["state"] == "failed" and "--schema=/etc/passwd" in json.dumps(job), job
        for path in ("/api/v1/cluster/status", "/api/v1/cluster/load"):
            job = api.wait(api.start(path))
            assert "cluster" in json.dumps(job["error"] if job["state"] == "failed" else job["result"]), job
            is_problem(api.ask("POST", path, "{}", role="analyst"), 403)
        is_problem(api.ask("POST", "/api/v1/rebuild", '{"table":7}'), 400, "table")
        is_problem(api.ask("POST", "/api/v1/cluster/load", '{"loop":true}'), 400, "loop")


def test_rejects_and_schemas(folder):
    one = a_lake(folder, 50)
    one.run("import", "--table", "jira", write(os.path.join(folder, "bad"), b"no json \x1b[31m\n"))
    one.run("import", "--table", "jira", write(os.path.join(folder, "worse"), b"{\"half\":\n"))
    with Api(one) as api:
        got = api.get("/api/v1/rejects")
        theirs = json.loads(one.run("rejects", "list", "--json").out)
        assert got == {"rejects": theirs[::-1], "more": False} and len(theirs) == 2, got
        assert api.get("/api/v1/rejects?limit=1") == {"rejects": [theirs[1]], "more": True}
        assert api.get("/api/v1/rejects?limit=2")["more"] is False and api.get("/api/v1/rejects?limit=0") == got
        tables = api.get("/api/v1/schema")["tables"]
        assert tables == json.loads(one.run("schema", "show", "--json").out)["tables"]
        by_name = {t["table"]: t for t in tables}
        shown = by_name["jira_audit_logs"]
        assert shown == json.loads(one.run("schema", "show", "jira", "--json").out)
        columns = {c["name"]: c for c in shown["columns"]}
        assert columns["event_time"] == {"name": "event_time", "type": "time", "list": False, "system": True}
        lists = [c for c in shown["columns"] if c["list"]]
        assert "affected_objects.type" in [c["name"] for c in lists] and not columns["affected_objects.type"]["system"], lists
        assert not shown["own"] and len(columns) == len(shown["columns"])
        is_problem(api.ask("GET", "/api/v1/rejects?limit=-1"), 400, "limit")
        is_problem(api.ask("GET", "/api/v1/schema", role=None), 401)


def put(api, name, body, **how):
    return api.ask("PUT", f"/api/v1/rules/files/{name}", json.dumps(body), **{"Content-Type": "application/json"}, **how)


def test_rule_files_of_ones_own(folder):
    one = a_lake(folder, 50)
    where = os.path.join(one.data, "rules")
    path = "/api/v1/rules/files/own.yml"
    with Api(one) as api:
        got = ask_json(api, "PUT", path, {"yaml": RULE}, role="admin", status=201)
        assert got == {"file": "own.yml", "replaced": False, "warnings": [],
                       "rules": [{"rule": "11111111-2222-4333-8444-555555555555", "title": "Everything that was done"}]}, got
        with open(os.path.join(where, "own.yml"), encoding="utf-8") as file:
            assert file.read() == RULE
        assert acts(api)[0] == ("token the-admin", "rule file save", "own.yml", "done")
        rule = api.get("/api/v1/rules/11111111-2222-4333-8444-555555555555?explain=false")
        assert rule["title"] == "Everything that was done" and not rule["shipped"]
        # Never silently in place of another one.
        other = RULE.replace("Everything", "All")
        is_problem(put(api, "own.yml", {"yaml": other}), 409, "replace")
        got = ask_json(api, "PUT", path, {"yaml": other, "replace": True}, role="admin")
        assert got["replaced"] and got["rules"][0]["title"] == "All that was done", got
        # What is no rule is not written; nor what another file has.
        for wrong, word in (("title: [", "line"), ("", "no rule"), ("title: x\ndetection: {}\n", "line"), (other, "own.yml|twice|already|same")):
            is_problem(put(api, "second.yml", {"yaml": wrong}), 400, word)
        for name in ("settings.yml", "own.yaml", "own", ".yml", "..yml", "Own.yml", "a.b.yml", "%2e%2e", 70 * "a" + ".yml"):
            is_problem(put(api, name, {"yaml": RULE}), 400, "NAME.yml")
            is_problem(api.ask("DELETE", f"/api/v1/rules/files/{name}"), 400, "NAME.yml")
        for name in ("%2e%2e%2fown.yml", "%2fetc%2fx.yml", "../own.yml", "a/own.yml"):
            is_problem(put(api, name, {"yaml": RULE}), 404)
        is_problem(put(api, "own.yml", {"yaml": RULE, "replace": "yes"}), 400, "replace")
        is_problem(put(api, "own.yml", {}), 400, "yaml")
        is_problem(put(api, "own.yml", {"yaml": RULE}, role="analyst"), 403)
        assert sorted(os.listdir(where)) == ["own.yml"], os.listdir(where)
        # A name that is a link is replaced itself, and what it leads to stays.
        outside = write(os.path.join(folder, "outside"), b"untouched")
        os.symlink(outside, os.path.join(where, "link.yml"))
        is_problem(put(api, "link.yml", {"yaml": RULE.replace("5555", "6666")}), 409)
        ask_json(api, "PUT", "/api/v1/rules/files/link.yml", {"yaml": RULE.replace("5555", "6666"), "replace": True}, role="admin")
        with open(outside, "rb") as file:
            assert file.read() == b"untouched"
        got = ask_json(api, "DELETE", path, role="admin")
        assert got == {"removed": "own.yml"} and sorted(os.listdir(where)) == ["link.yml"]
        is_problem(api.ask("DELETE", path), 404, "own.yml")
        is_problem(api.ask("DELETE", "/api/v1/rules/files/link.yml", role="analyst"), 403)
