# SPDX-License-Identifier: Apache-2.0
"""Hooks over real HTTP: alerts of other products taken once, when they are signed, and durable when the answer says so."""
import hashlib
import hmac
import json
import os
import signal
import threading
import time

import lake
from http_tests import Api, is_problem
from job_lake import holds
from lake import Lake, slow

SAMPLE = os.path.join(lake.ROOT, "tests", "data", "sample-alerts.ndjson")


def samples():
    with open(SAMPLE, "rb") as file:
        return file.read().splitlines()


class Hooked(Api):
    """The API, and a hook that was made by the command line."""

    def __init__(self, folder, *words, name="guard", command="http"):
        super().__init__(Lake(folder), *words, command=command)
        self.name = name

    def __enter__(self):
        # The key of secrets lies with the test, not with whoever runs it.
        self.before = os.environ.get("XDG_CONFIG_HOME")
        os.environ["XDG_CONFIG_HOME"] = os.path.join(os.path.dirname(self.one.data), "config")
        made = self.one.run("hook", "add", self.name)
        assert made.status == 0 and "never again" in made.err, made
        self.secret = made.out.decode().strip()
        return super().__enter__()

    def __exit__(self, *why):
        try:
            super().__exit__(*why)
        finally:
            os.environ.pop("XDG_CONFIG_HOME")
            if self.before is not None:
                os.environ["XDG_CONFIG_HOME"] = self.before

    def sign(self, body, secret=None):
        return "sha256=" + hmac.new((secret or self.secret).encode(), body, hashlib.sha256).hexdigest()

    def deliver(self, body, signature=True, name=None, **headers):
        if signature:
            headers["X_Hub_Signature_256"] = self.sign(body) if signature is True else signature
        return self.ask("POST", f"/api/v1/hooks/{name or self.name}", body, role=None, **headers)

    def taken(self, body, **how):
        status, _, said = self.deliver(body, **how)
        assert status == 200, f"{status}: {said[:400]}"
        return json.loads(said)

    def count(self):
        return self.get("/api/v1/search?table=alerts&limit=0&count=1")["matched"]


def test_what_is_signed_is_stored_once(folder):
    lines = samples()
    with Hooked(folder) as api:
        assert api.taken(lines[0]) == {"records": 1, "stored": 1, "duplicates": 0, "expired": 0, "rejected": 0}
        # Again, as after an answer that was lost; alone, in an array, and by lines.
        assert api.taken(lines[0])["duplicates"] == 1
        assert api.taken(b"[" + b",\n ".join(lines[:4]) + b"]")["stored"] == 3
        assert api.taken(b"\n".join(lines[:8]) + b"\n\n")["stored"] == 4
        assert api.taken(json.dumps(json.loads(lines[8]), indent=1).encode())["stored"] == 1
        assert api.taken(b"[]")["records"] == 0
        assert api.taken(lines[9], signature=None, Authorization=f"Bearer {api.secret}")["stored"] == 1
        assert api.taken(lines[10], signature=api.sign(lines[10]).upper().replace("SHA", "sha"))["stored"] == 1
        assert api.count() == 11
        raw = api.one.raw("alerts")
        assert sorted(raw) == sorted(lines[:8] + [json.dumps(json.loads(lines[8]), indent=1).encode().replace(b"\n", b" ")] + lines[9:11])
        assert not api.one.verify()
        sums = json.loads(api.one.run("sources", "ledger", "--json", "guard").out)["sums"]
        assert sums["records"] == 17 and sums["stored"] == 11 and sums["duplicates"] == 6 and sums["requests"] == 8, sums
        (hook,) = api.get("/api/v1/hooks", role="admin")["hooks"]
        assert hook["name"] == "guard" and hook["state"] == "healthy" and hook["path"] == "/api/v1/hooks/guard" and hook["events"] == 11, hook
        assert hook == json.loads(api.one.run("hook", "list", "--json").out)["hooks"][0]


def test_each_becomes_an_alert(folder):
    with Hooked(folder) as api:
        api.taken(b"\n".join(samples()[:30]))
        until = time.monotonic() + 30
        while not (found := api.get("/api/v1/alerts?limit=0")["alerts"]):
            assert time.monotonic() < until, api.said()
            time.sleep(0.2)
        assert api.get("/api/v1/jobs") == {"jobs": []}
        assert any("guard" in json.dumps(a).lower() or a["title"] for a in found)


def test_what_is_not_signed_is_refused(folder):
    body = samples()[0]
    with Hooked(folder) as api:
        good = api.sign(body)
        token = api.tokens["admin"]
        texts = set()
        for how in ({"signature": good[:-1]}, {"signature": good[:-1] + "z"}, {"signature": good[7:]}, {"signature": "sha1=" + "0" * 40}, {"signature": " "},
                    {"signature": "sha256=" + "0" * 64}, {"signature": api.sign(body + b" ")}, {"signature": api.sign(body, "x" * 64)},
                    {"signature": None, "Authorization": f"Bearer {token}"}, {"signature": None, "Authorization": f"Bearer {api.secret}0"},
                    {"signature": None, "Authorization": "Bearer "}, {"signature": None, "Authorization": f"Bearer {api.secret[:-1]}"},
                    {"signature": "sha256=", "Authorization": f"Bearer {api.secret}"}, {"signature": good, "name": "nosuch"},
                    {"signature": None, "name": "nosuch", "Authorization": f"Bearer {api.secret}"},
                    {"signature": "sha256=" + hmac.new(b"none", body, hashlib.sha256).hexdigest(), "name": "nosuch"}):
            texts.add(is_problem(api.deliver(body, **how), 401, "hook")["detail"])
        assert len(texts) == 1, texts
        is_problem(api.deliver(body, signature=None), 401, "signed")
        is_problem(api.deliver(body, signature=None, Authorization=f"Basic {api.secret}"), 401, "signed")
        assert api.deliver(body, Origin="https://evil.example")[0] == 403
        assert api.count() == 0
        # The secret of a hook opens nothing else.
        assert api.ask("GET", "/api/v1/status", role=None, Authorization=f"Bearer {api.secret}")[0] == 401
        # A source that is no hook takes nothing.
        assert api.one.run("connect", "folder", "--path", folder, "--table", "alerts", "--allow-empty", "--name", "here").status in (0, 3)
        is_problem(api.deliver(body, name="here"), 401)


def test_what_is_no_alert_is_refused_whole(folder):
    lines = samples()
    with Hooked(folder) as api:
        for body in (b"", b" \n", b"hello", b"7", b'"x"', b"null", b"{", b"[1]", b"[" + lines[0] + b",7]", b"[" + lines[0] + b",]", lines[0] + b"x",
                     b"\x00\x01\xff", b"alertId=1&x=2", b"[" + b"[" * 5000 + b"]" * 5000 + b"]"):
            is_problem(api.deliver(body), 400, "nothing")
        is_problem(api.deliver(lines[0] + b"\nnonsense\n" + lines[1]), 400, "line 2")
        is_problem(api.deliver(b"\n".join(b'{"id":%d}' % i for i in range(10001))), 413, "10000")
        # Refused by what it says of itself, before it is sent.
        got = api.raw(f"POST /api/v1/hooks/guard HTTP/1.1\r\nHost: 127.0.0.1:{api.port}\r\nX-Hub-Signature-256: x\r\n"
                      "Content-Length: 4194305\r\n\r\n".encode(), timeout=5)
        assert got.startswith(b"HTTP/1.1 413"), got[:200]
        assert api.count() == 0 and api.taken(lines[0])["stored"] == 1
        # Text as it comes: ill-formed bytes are kept, and repaired where they are shown.
        odd = lines[1].replace(b'"alertTitle":"', b'"alertTitle":"\xff\x1b[31m\xe2\x80\xae')
        assert api.taken(odd)["stored"] == 1
        assert odd in api.one.raw("alerts")
        body = api.ask("GET", "/api/v1/search?table=alerts")[2]
        assert b"\x1b" not in body and b"\xff" not in body and "\u202e".encode() not in body


@slow
def test_what_was_answered_survives_a_kill(folder):
    lines = samples()
    with Hooked(folder) as api:
        stored = []
        for line in lines[:20]:
            api.taken(line)
            stored.append(line)
            if len(stored) % 7 == 0:
                os.kill(api.process.pid, signal.SIGKILL)
                api.process.wait()
                assert sorted(api.one.raw("alerts")) == sorted(stored)
                again(api)
        for line in stored:
            assert api.taken(line)["stored"] == 0
        assert sorted(api.one.raw("alerts")) == sorted(stored)


def again(api):
    """The API anew, as the service starts it."""
    for role in api.tokens:
        assert api.one.run("token", "remove", f"the-{role}").status == 0
    Api.__enter__(api)


@slow
def test_many_at_once(folder):
    lines = samples()
    with Hooked(folder) as api:
        left, lock, statuses = list(lines[:80]) * 2, threading.Lock(), []

        def send():
            while True:
                with lock:
                    if not left:
                        return
                    line = left.pop()
                while (answer := api.deliver(line))[0] == 503:
                    assert answer[1]["Retry-After"]
                    statuses.append(503)
                    time.sleep(0.1)
                statuses.append(answer[0])

        threads = [threading.Thread(target=send) for _ in range(12)]
        for thread in threads:
            thread.start()
        began, asked = time.monotonic(), 0
        while any(t.is_alive() for t in threads):
            api.get("/api/v1/sources")  # others are answered meanwhile
            asked += 1
            time.sleep(0.1)
        assert statuses.count(200) == 160 and set(statuses) <= {200, 503}, statuses
        assert asked > (time.monotonic() - began), "searches waited for deliveries"
        assert api.count() == 80


def test_hooks_are_made_and_removed(folder):
    line = samples()[0]
    with Hooked(folder) as api:
        status, _, said = api.ask("POST", "/api/v1/hooks", json.dumps({"name": "edr"}))
        assert status == 201, said
        said = json.loads(said)
        assert said["path"] == "/api/v1/hooks/edr" and said["hook"]["kind"] == "hook" and said["hook"]["state"] == "new", said
        secret = said["secret"]
        assert len(secret) == 64 and api.taken(line, name="edr", signature=api.sign(line, secret))["stored"] == 1
        mine = "canary-of-my-own-0123456789"
        status, _, said = api.ask("POST", "/api/v1/hooks", json.dumps({"name": "own", "secret": mine, "table": "alerts"}))
        assert status == 201 and json.loads(said)["secret"] is None and mine.encode() not in said
        assert api.taken(line, name="own", signature=api.sign(line, mine))["stored"] == 0  # the same alert, whoever sends it
        for body, word in (({}, "name"), ({"name": "A B"}, "A B"), ({"name": "x", "secret": "short"}, "16"), ({"name": "x", "table": "nix"}, "nix"),
                           ({"name": "x", "colour": "red"}, "colour"), ({"name": 7}, "name")):
            is_problem(api.ask("POST", "/api/v1/hooks", json.dumps(body)), 400, word)
        is_problem(api.ask("POST", "/api/v1/hooks", '{"name":"x"}', role="analyst"), 403)
        is_problem(api.ask("GET", "/api/v1/hooks", role="analyst"), 403)
        for text in (secret, mine, api.secret):
            assert holds(api.one.data, text) == [] and text not in api.said()
            assert text not in json.dumps(api.get("/api/v1/hooks", role="admin")) + json.dumps(api.get("/api/v1/sources"))
        # A pause is one, and a hook that was removed is none.
        assert api.ask("POST", "/api/v1/sources/edr/pause", "{}")[0] == 200
        is_problem(api.deliver(line, name="edr", signature=api.sign(line, secret)), 503, "paused")
        assert api.ask("POST", "/api/v1/sources/edr/resume", "{}")[0] == 200
        assert api.ask("DELETE", "/api/v1/hooks/edr")[0] == 200
        is_problem(api.deliver(line, name="edr", signature=api.sign(line, secret)), 401)
        is_problem(api.ask("DELETE", "/api/v1/hooks/edr"), 404, "no hook")
        assert api.count() == 1
        # A new secret in place of the old one.
        fresh = api.one.run("hook", "add", "guard").out.decode().strip()
        is_problem(api.deliver(line), 401)
        assert api.taken(line, signature=api.sign(line, fresh))["duplicates"] == 1
        for words, status, word in ((("sources", "test", "guard"), 2, "nothing to try"), (("collect", "--once", "guard"), 2, "is a hook"),
                                    (("collect", "--once"), 1, "nothing is connected"), (("hook", "remove", "nosuch"), 1, "no hook"),
                                    (("hook", "add"), 2, "NAME"), (("hook", "nonsense"), 2, "list, add"), (("hook", "add", "../x"), 2, "x")):
            result = api.one.run(*words)
            assert result.status == status and word in result.err, (words, result)
        assert b"/api/v1/hooks/guard" in api.one.run("hook", "list").out
        assert api.one.run("hook", "remove", "guard").status == 0
        whats = [a["what"] for a in api.get("/api/v1/audit", role="admin")["acts"]]
        assert whats.count("hook add") >= 4 and whats.count("hook remove") >= 3, whats


@slow
def test_the_service_takes_them_too(folder):
    with Hooked(folder, command="serve") as api:
        assert api.taken(samples()[0])["stored"] == 1
        time.sleep(2.5)
        assert "guard: its process" not in api.said(), api.said()
