# SPDX-License-Identifier: Apache-2.0
"""Jobs over real HTTP: sources connected by the API alone, steps as they happen, what fails, what is cancelled, and no secret anywhere."""
import contextlib
import json
import os
import signal
import socket
import threading
import time

import lake
from buckets import Bucket
from http_tests import Api, is_problem
from job_lake import Web, holds, jira, processes
from lake import joined, slow, write

SOURCES = "/api/v1/sources"


def test_jira_is_connected_by_the_api_alone(folder):
    with Web(folder) as (api, one, service):
        job = api.start(SOURCES, jira(service))
        events = api.follow(job)
        names = [name for name, _ in events]
        assert names[-1] == "end" and set(names[:-1]) <= {"job"}, names
        end = events[-1][1]
        assert end["id"] == job and end["state"] == "done" and end["who"] == "token the-admin" and end["error"] is None, end
        assert [s["name"] for s in end["steps"]] == ["address", "address", "token", "permission", "time", "history"], end["steps"]
        assert all(s["state"] == "ok" and s["text"] for s in end["steps"])
        source = end["result"]["source"]
        assert source["name"] == "jira-acme" and source["table"] == "jira_audit_logs", source
        assert len(end["result"]["events"]) == 3 and all(e["event_time"] and e["action"] for e in end["result"]["events"])
        assert api.get(SOURCES)["sources"] == [source]
        one_of_them = api.get(f"{SOURCES}/jira-acme")
        assert one_of_them["settings"]["domain"] == "acme.atlassian.net" and one_of_them["secrets"] == "api_token", one_of_them
        # Read by a job, and by the command line just as well.
        said = api.done(f"{SOURCES}/jira-acme/backfill", {"since": "-30d"})["result"]
        assert said["source"] == "jira-acme" and said["stored"] == 40, said
        one.names["jira"] = "jira-acme"
        one.exact("jira")
        assert api.get(f"{SOURCES}/jira-acme/ledger") == one.ledger("jira")
        assert api.get(f"{SOURCES}/jira-acme/gaps") == {"gaps": []}
        said = api.done(f"{SOURCES}/jira-acme/test")
        assert said["result"]["works"] and said["steps"], said
        whats = [(a["what"], a["target"], a["result"]) for a in api.get("/api/v1/audit", role="admin")["acts"] if a["who"] == "token the-admin"]
        assert whats == [("source test", "jira-acme", "done"), ("source backfill", "jira-acme", "done"), ("source add", "jira", "done")], whats


def test_trying_out_saves_nothing(folder):
    with Web(folder) as (api, one, service):
        said = api.done(f"{SOURCES}/test", jira(service))
        assert said["result"]["saved"] is False and len(said["result"]["events"]) == 3 and said["result"]["history_from"], said
        assert api.get(SOURCES)["sources"] == [] and b"jira" not in one.run("sources", "--list").out
        result = one.run("connect", *one.words("jira"), "--dry-run")
        assert result.status == 0 and b"nothing was saved" in result.out and one.run("sources", "--list").out == b"", result


def test_what_fails_says_what_to_do_and_keeps_what_was_typed(folder):
    with Web(folder) as (api, one, service):
        canary = "canary-7f3e9a21c4"
        body = jira(service, api_token=canary, name="acme", interval="5m")
        end = api.follow(api.start(SOURCES, body))[-1][1]
        assert end["state"] == "failed" and "not accepted" in end["error"] and end["result"] is None, end
        last = end["steps"][-1]
        assert (last["name"], last["state"]) == ("token", "failed") and "not accepted" in last["text"], end["steps"]
        assert last["advice"].startswith("Make a new one"), last
        assert end["asked"] == {k: v for k, v in body.items() if k != "api_token"}, end["asked"]
        assert api.get(SOURCES)["sources"] == []
        acts = api.get("/api/v1/audit", role="admin")["acts"]
        assert acts[0]["what"] == "source add" and acts[0]["result"].startswith("failed: "), acts[0]
        for change, word in (({"domain": "nosuch.atlassian.net"}, "no site"), ({"mail": None}, "mail"), ({"ca_file": None}, "authority")):
            job = api.wait(api.start(SOURCES, jira(service, **change)))
            assert job["state"] == "failed" and word in job["error"], job
        # With a reason to warn, saved only where that is wished.
        service.control("POST", "tokens", {"kind": "classic", "permission": False})
        service.set(no_permission="empty")
        job = api.wait(api.start(SOURCES, jira(service)))
        assert job["state"] == "failed" and [s["state"] for s in job["steps"]].count("warning") == 1, job
        assert api.done(SOURCES, jira(service, allow_empty=True))["result"]["source"]["name"] == "jira-acme"


def test_members_are_options_and_nothing_else(folder):
    with Web(folder) as (api, one, service):
        good = jira(service)
        for change, word in (({"api_token_file": "/etc/passwd"}, "api_token_file"), ({"from": "/etc/passwd"}, "from"), ({"schema": "x"}, "schema"),
                             ({"key_file": "x"}, "key_file"), ({"data": "/tmp"}, "data"), ({"dry_run": True}, "dry_run"), ({"json": True}, "json"),
                             ({"domain": 7}, "string"), ({"domain": ["x"]}, "string"), ({"allow_private": "yes"}, "true or false"),
                             ({"requests_per_minute": "7"}, "whole number"), ({"requests_per_minute": 1.5}, "whole number"), ({"kind": "nix"}, "kind"),
                             ({"kind": None}, "kind"), ({"kind": "--help"}, "kind"), ({"domain": "a\0b"}, "string"), ({"domain": "\ud800"}, "string"),
                             ({"proxy": "http://127.0.0.1:1", "allow_private": False}, "allow_private"), ({"--version": True}, "version"),
                             ({"api_token": "x" * 20000}, "api")):
            is_problem(api.ask("POST", SOURCES, json.dumps({**good, **change})), 400, word)
        is_problem(api.ask("POST", SOURCES, '{"kind":"jira","domain":"a","domain":"b"}'), 400, "twice")
        # What begins with a hyphen is a value.
        for member in ("name", "domain", "mail", "interval", "table", "history"):
            job = api.wait(api.start(f"{SOURCES}/test", {**good, member: "--version"}))
            assert job["state"] == "failed", (member, job)
        job = api.wait(api.start(f"{SOURCES}/test", {**good, "api_token": "--version"}))
        assert job["state"] == "failed" and "not accepted" in job["error"], job
        is_problem(api.ask("POST", f"{SOURCES}/--help/test", "{}"), 404)
        is_problem(api.ask("POST", f"{SOURCES}/..%2f/test", "{}"), 404)
        is_problem(api.ask("POST", "/api/v1/rules/run", '{"diff":true}'), 400, "diff")
        assert api.get("/api/v1/jobs")["jobs"][0]["kind"] == "source try"


def test_private_addresses_need_a_word(folder):
    """The guard of connect stands: no page makes pugmark knock at doors of the own network."""
    one = lake.Lake(folder)
    with socket.create_server(("127.0.0.1", 0)) as listening, Api(one) as api:
        port = listening.getsockname()[1]
        listening.settimeout(0.2)
        for domain in (f"https://127.0.0.1:{port}", f"https://[::ffff:127.0.0.1]:{port}", f"https://localhost:{port}"):
            job = api.ask("POST", f"{SOURCES}/test", json.dumps({"kind": "jira", "domain": domain, "mail": "a@b.c", "api_token": "x"}))
            job = json.loads(job[2])["job"]["id"]
            until = time.monotonic() + 30
            while (said := api.get(f"/api/v1/jobs/{job}"))["state"] == "running":
                assert time.monotonic() < until
                time.sleep(0.1)
            assert said["state"] == "failed" and "allow-private" in said["error"], said
            with contextlib.suppress(TimeoutError):
                listening.accept()
                raise AssertionError(f"{domain} was connected to")


def test_no_secret_is_anywhere(folder):
    """In no file, no list of processes, no log, no answer; also while the job runs."""
    with Web(folder) as (api, one, service):
        canary = "canary-" + "5b1d0c9e" * 4
        service.fault("slow", ms=3000)
        job = api.start(SOURCES, jira(service, api_token=canary))
        for _ in range(10):
            for pid, what, text in processes():
                assert canary.encode() not in text, f"{what} of {pid}"
            time.sleep(0.1)
        service.no_faults()
        api.wait(job)
        good = api.done(SOURCES, jira(service))
        for secret in (canary, service.tokens["classic"]):
            assert secret not in json.dumps(api.get("/api/v1/jobs")) + json.dumps(api.get(f"/api/v1/jobs/{job}")) + json.dumps(good)
            assert secret not in api.said() and secret not in json.dumps(api.get("/api/v1/audit", role="admin"))
            assert holds(one.data, secret) == [], "a secret lies in the data folder"


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
        found = file.read().split()
    for task in os.listdir(f"/proc/{pid}/task"):
        with contextlib.suppress(OSError), open(f"/proc/{pid}/task/{task}/children", encoding="ascii") as file:
            found += file.read().split()
    return sorted(set(found))


def test_a_job_is_cancelled(folder):
    with Web(folder) as (api, _, service):
        service.fault("slow", ms=20000)
        job = api.start(f"{SOURCES}/test", jira(service))
        until = time.monotonic() + 10
        while not children(api.process.pid):
            assert time.monotonic() < until
            time.sleep(0.05)
        is_problem(api.ask("POST", f"/api/v1/jobs/{job}/cancel", "{}", role="analyst"), 403, "role")
        began = time.monotonic()
        assert api.post(f"/api/v1/jobs/{job}/cancel", expect=200)["id"] == job
        said = api.wait(job)
        assert said["state"] == "cancelled" and said["ended"] and time.monotonic() - began < 12, said
        assert children(api.process.pid) == []
        acts = [(a["what"], a["who"], a["result"]) for a in api.get("/api/v1/audit", role="admin")["acts"][:3]]
        assert acts[0][:2] == ("job cancel", "token the-admin") and acts[1][:2] == ("job cancel", "token the-analyst"), acts
        assert acts[0][2] == "done" and acts[1][2].startswith("refused") and acts[2] == ("source try", "token the-admin", "cancelled"), acts
        is_problem(api.ask("POST", "/api/v1/jobs/0000000000000000/cancel", "{}"), 404)
        is_problem(api.ask("GET", "/api/v1/jobs/x"), 404)
        is_problem(api.ask("GET", "/api/v1/jobs/x/events"), 404)
        assert api.post(f"/api/v1/jobs/{job}/cancel", expect=200)["state"] == "cancelled"


def test_one_that_does_not_listen_is_killed(folder):
    with Web(folder) as (api, _, service):
        service.fault("slow", ms=30000)
        job = api.start(f"{SOURCES}/test", jira(service))
        until = time.monotonic() + 10
        while not (found := children(api.process.pid)):
            assert time.monotonic() < until
            time.sleep(0.05)
        time.sleep(0.3)
        os.kill(int(found[0]), signal.SIGSTOP)
        api.post(f"/api/v1/jobs/{job}/cancel", expect=200)
        assert api.wait(job, 20)["state"] == "cancelled"
        # One that dies by itself has failed.
        job = api.start(f"{SOURCES}/test", jira(service))
        while not (found := children(api.process.pid)):
            time.sleep(0.05)
        os.kill(int(found[0]), signal.SIGKILL)
        said = api.wait(job, 20)
        assert said["state"] == "failed" and "signal 9" in said["error"], said


def test_jobs_are_few_and_end_with_the_server(folder):
    with Web(folder) as (api, _, service):
        service.fault("slow", ms=30000)
        jobs = [api.start(f"{SOURCES}/test", jira(service)) for _ in range(4)]
        answer = api.ask("POST", f"{SOURCES}/test", json.dumps(jira(service)))
        is_problem(answer, 503, "cancel")
        assert answer[1]["Retry-After"]
        assert [j["id"] for j in api.get("/api/v1/jobs")["jobs"]] == jobs[::-1]
        # Searches go on: jobs and those who follow them hold no worker.
        def follow(job):
            with contextlib.suppress(Exception):
                api.follow(job)

        threads = [threading.Thread(target=follow, args=(j,)) for j in jobs * 4]
        for thread in threads:
            thread.daemon = True
            thread.start()
        time.sleep(1)
        began = time.monotonic()
        for _ in range(5):
            api.get("/api/v1/sources")
        assert time.monotonic() - began < 3
        running = children(api.process.pid)
        assert len(running) == 4
        os.kill(api.process.pid, signal.SIGKILL)
        api.process.wait()
        until = time.monotonic() + 12
        while any(os.path.exists(f"/proc/{pid}") for pid in running):
            assert time.monotonic() < until, "children outlive the server"
            time.sleep(0.1)
        api.process = type("Ended", (), {"send_signal": lambda *_: None, "wait": lambda *_: 0})()


def test_those_who_follow_may_go(folder):
    with Web(folder) as (api, _, service):
        service.fault("slow", ms=6000)
        job = api.start(f"{SOURCES}/test", jira(service))
        head = f"GET /api/v1/jobs/{job}/events HTTP/1.1\r\nHost: 127.0.0.1:{api.port}\r\nAuthorization: Bearer {api.tokens['viewer']}\r\n\r\n".encode()
        links = []
        for i in range(64):
            link = socket.create_connection(("127.0.0.1", api.port), timeout=20)
            link.sendall(head)
            assert b"200 OK" in link.recv(4000), i
            links.append(link)
        is_problem(api.ask("GET", f"/api/v1/jobs/{job}/events"), 503, "follow")
        for link in links[:60]:
            link.close()
        time.sleep(1)
        assert api.follow(job)[-1][0] == "end"
        rest = b""
        for link in links[60:]:
            while part := link.recv(65536):
                rest += part
                if b"0\r\n\r\n" in part:
                    break
            link.close()
        assert rest.count(b"event: end") == 4
        # One that has ended is told at once.
        assert [name for name, _ in api.follow(job)] == ["end"]
        status, _, body = api.ask("HEAD", f"/api/v1/jobs/{job}/events")
        assert status == 200 and body == b""
        # The server ends, with a job that runs and somebody who follows it; also where nothing was said yet.
        job = api.start(f"{SOURCES}/test", jira(service))
        with socket.create_connection(("127.0.0.1", api.port), timeout=20) as link:
            link.sendall(head.replace(b"/jobs/" + head.split(b"/")[4], b"/jobs/" + job.encode()))
            got = b""
            while b"event: job" not in got:
                got += (part := link.recv(4000))
                assert part, got
            began = time.monotonic()
            api.process.send_signal(signal.SIGTERM)
            assert api.process.wait(20) == 0 and time.monotonic() - began < 12


def test_the_last_ones_are_kept(folder):
    with Web(folder) as (api, _, _service):
        first = None
        for i in range(70):
            job = api.done("/api/v1/verify")
            first = first or job["id"]
            assert job["result"] == {"damaged": [], "findings": 0} and job["result_cut"] is False, job
        jobs = api.get("/api/v1/jobs")["jobs"]
        assert len(jobs) == 64 and all("result" not in j for j in jobs)
        is_problem(api.ask("GET", f"/api/v1/jobs/{first}"), 404)


def test_rules_verify_and_damage(folder):
    with Web(folder) as (api, one, service):
        api.done(SOURCES, jira(service))
        api.done(f"{SOURCES}/jira-acme/backfill")
        said = api.done("/api/v1/rules/run", {"since": "-30d"}, role="analyst")
        assert said["result"]["rows"] == 40, said
        said = api.done("/api/v1/rules/run", {"dry_run": True}, role="analyst")
        result = said["result"] if isinstance(said["result"], list) else [said["result"]]
        assert result[-1]["rows"] == 40 and len(result) == 1 + result[-1]["alerts"], said
        is_problem(api.ask("POST", "/api/v1/rules/run", "{}", role="viewer"), 403)
        job = api.wait(api.start("/api/v1/rules/run", {"rule": "no such rule"}, role="analyst"))
        assert job["state"] == "failed" and "no such rule" in job["error"], job
        parquet = next(p for p in one.files() if p.endswith(".parquet"))
        with open(parquet, "r+b") as file:
            file.seek(60)
            file.write(b"\0\1\2\3")
        said = api.done("/api/v1/verify")
        assert said["result"]["findings"] >= 1 and said["result"]["damaged"][0]["file"], said


def test_sources_are_paused_and_removed(folder):
    with Web(folder) as (api, _, service):
        api.done(SOURCES, jira(service, name="mine"))
        is_problem(api.ask("POST", f"{SOURCES}/mine/pause", "{}", role="analyst"), 403)
        assert api.post(f"{SOURCES}/mine/pause", expect=200)["state"] == "paused"
        assert api.get(f"{SOURCES}/mine")["paused"] is True
        assert api.post(f"{SOURCES}/mine/resume", expect=200)["paused"] is False
        assert api.post(f"{SOURCES}/mine", method="DELETE", expect=200)["removed"] == "mine"
        assert api.get(SOURCES)["sources"] == []
        for method, path in (("POST", "mine/pause"), ("POST", "mine/resume"), ("DELETE", "mine"), ("GET", "mine"), ("GET", "mine/ledger"), ("GET", "mine/gaps")):
            is_problem(api.ask(method, f"{SOURCES}/{path}", "{}" if method == "POST" else None), 404, "no source mine")
        whats = [a["what"] for a in api.get("/api/v1/audit", role="admin")["acts"]]
        assert {"source pause", "source resume", "source remove"} <= set(whats), whats


def test_the_service_reads_what_was_connected(folder):
    with Web(folder, command="serve") as (api, one, service):
        api.done(SOURCES, jira(service, interval="1s"))
        until = time.monotonic() + 30
        while api.get("/api/v1/search?limit=0&count=1")["matched"] < 40:
            assert time.monotonic() < until, api.said()
            time.sleep(0.3)
        # From the beginning again, while the service reads the source.
        said = api.done(f"{SOURCES}/jira-acme/backfill", {"since": "-60d"})["result"]
        assert said["records"] >= 40 and said["stored"] == 0, said
        service.add("jira", 3)
        until = time.monotonic() + 30
        while api.get("/api/v1/search?limit=0&count=1")["matched"] < 43:
            assert time.monotonic() < until, api.said()
            time.sleep(0.3)
        one.names["jira"] = "jira-acme"
        one.exact("jira")


def test_buckets_and_folders(folder):
    lines = lake.generate(os.path.join(folder, "made"), "bitbucket", 30)[0]
    os.mkdir(os.path.join(folder, "audit"))
    write(os.path.join(folder, "audit", "20260131.00001.audit.log"), joined(lines))
    secret = "S3RVER"
    with Bucket(folder) as bucket, Web(folder) as (api, one, _service):
        said = api.done(SOURCES, {"kind": "folder", "path": os.path.join(folder, "audit"), "table": "bitbucket", "node": "one", "name": "here"})
        assert [s["name"] for s in said["steps"]] == ["folder"] and len(said["result"]["events"]) == 3, said
        bucket.put("one/a.ndjson", joined(lines))
        endpoint = bucket.words[bucket.words.index("--endpoint") + 1]
        body = {"kind": "bitbucket", "bucket": f"s3://{bucket.name}/one", "endpoint": endpoint, "path_style": True, "region": "us-east-1",
                "access_key_id": secret, "secret_access_key": secret, "allow_private": True, "name": "there"}
        said = api.done(SOURCES, body)
        assert [s["name"] for s in said["steps"]] == ["bucket", "bucket", "object"], said["steps"]
        assert api.get(f"{SOURCES}/there")["secrets"] == "access_key_id, secret_access_key"
        assert api.done(f"{SOURCES}/there/backfill")["result"]["stored"] == 30
        job = api.wait(api.start(f"{SOURCES}/test", {**body, "secret_access_key": None}))
        assert job["state"] == "failed" and "go together" in job["error"], job
        job = api.wait(api.start(f"{SOURCES}/test", {"kind": "folder", "path": "/nonexistent", "table": "jira"}))
        assert job["state"] == "failed" and job["steps"][-1]["state"] == "failed", job
        said = api.done("/api/v1/verify")
        assert said["progress"] and said["progress"]["total"] >= said["progress"]["done"], said


@slow
def test_notifiers_are_added_and_tried(folder):
    with Web(folder) as (api, one, _service):
        body = {"kind": "webhook", "name": "soc", "url": "https://[::1]:1/hook", "secret": "canary-0123456789abcdef", "level": "high", "allow_private": True}
        job = api.done("/api/v1/notifiers", body)
        assert job["result"] == {"saved": True, "name": "soc", "kind": "webhook"} and "canary" not in json.dumps(job), job
        listed = json.loads(one.run("notify", "list", "--json").out)["notifiers"]
        assert [n["name"] for n in listed] == ["soc"] and listed[0]["level"] == "high"
        job = api.wait(api.start("/api/v1/notifiers/soc/test"))
        assert job["state"] == "failed" and job["error"], job
        is_problem(api.ask("POST", "/api/v1/notifiers", json.dumps({**body, "kind": "pager"})), 400, "webhook")
        is_problem(api.ask("POST", "/api/v1/notifiers", json.dumps({**body, "name": "--all"})), 400, "name")
        assert lake.SANITIZED or holds(one.data, "canary-0123456789abcdef") == []
