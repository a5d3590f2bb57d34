# SPDX-License-Identifier: Apache-2.0
"""The API over real HTTP: every route, roles, hosts, wrong requests, limits."""
import contextlib
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import time
import urllib.parse

import lake
from lake import Lake, joined, slow, write

SAMPLE = os.path.join(lake.ROOT, "tests", "data", "sample-jira.ndjson")
MEMBERS = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store",
           "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'"}


class Api:
    """`pugmark http` on a free port, with a token for each role."""

    scheme = "http"

    def __init__(self, one, *words, command="http", url=None, names="the"):
        self.one, self.words, self.command, self.names = one, words, command, names
        self.url = url or self.scheme + r"://127\.0\.0\.1:(\d+)/"
        self.log = os.path.join(os.path.dirname(one.data) or ".", "http.log")

    def __enter__(self):
        self.tokens = {}
        for role in ("viewer", "analyst", "admin"):
            made = self.one.run("token", "add", f"{self.names}-{role}", "--role", role)
            assert made.status == 0, made.err
            self.tokens[role] = made.out.decode().strip()
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                [lake.PUGMARK, self.command, "--data", self.one.data, "--listen", "127.0.0.1:0", *self.words],
                stdout=subprocess.DEVNULL, stderr=log, env=dict(os.environ, PUGMARK_DATA="/nonexistent"))
        until = time.monotonic() + 30
        while not (found := re.search(self.url, self.said())):
            assert self.process.poll() is None and time.monotonic() < until, self.said()
            time.sleep(0.05)
        self.port = int(found.group(1))
        return self

    def __exit__(self, *why):
        self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError("it does not end") from None
        if why[0] is None:
            assert status == 0, f"it ended with status {status}: {self.said()}"

    def said(self):
        with open(self.log, encoding="utf-8", errors="replace") as file:
            return file.read()

    def link(self, timeout):
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)

    def ask(self, method, path, body=None, role="admin", timeout=60, **headers):
        """(status, headers, bytes) of one request; a header that is None is left out."""
        link = self.link(timeout)
        sent = {"Host": f"127.0.0.1:{self.port}"}
        if role:
            sent["Authorization"] = f"Bearer {self.tokens[role]}"
        if method == "POST" and body is not None and "ioc" not in path:
            sent["Content-Type"] = "application/json"
        sent.update({k.replace("_", "-"): v for k, v in headers.items()})
        try:
            link.request(method, path, body, {k: v for k, v in sent.items() if v is not None})
            reply = link.getresponse()
            return reply.status, reply.headers, reply.read()
        finally:
            link.close()

    def get(self, path, role="viewer", **headers):
        status, _, body = self.ask("GET", path, role=role, **headers)
        assert status == 200, f"{path}: {status}: {body[:500]}"
        return json.loads(body)

    def raw(self, data, timeout=20):
        """Bytes in, bytes out, until the other side closes or is silent."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=timeout) as link:
            link.sendall(data)
            got = b""
            with contextlib.suppress(TimeoutError, ConnectionResetError):
                while part := link.recv(65536):
                    got += part
            return got


def a_lake(folder, events=3000):
    one = Lake(folder)
    lines, _, _ = lake.generate(os.path.join(folder, "j.ndjson"), "jira", events)
    one.load("--table", "jira", write(os.path.join(folder, "jira"), joined(lines)))
    return one


def is_problem(answer, status, *words):
    got, headers, body = answer
    assert got == status, f"{got}, not {status}: {body[:300]}"
    assert headers["Content-Type"] == "application/problem+json", headers["Content-Type"]
    said = json.loads(body)
    assert said["status"] == status and said["type"] == "about:blank" and said["title"] and said["detail"], said
    for word in words:
        assert re.search(word, said["detail"], re.I), f"it does not say {word!r}: {said['detail']}"
    for name, value in MEMBERS.items():
        assert headers[name] == value, f"{name}: {headers[name]}"
    return said


def test_answers_are_those_of_the_command_line(folder):
    one = a_lake(folder)

    def said(command, *words):
        result = one.run(command, *words)
        assert result.status in (0, 3), result.err
        return json.loads(result.out)

    with Api(one) as api:
        mine, theirs = api.get("/api/v1/status"), said("status", "--json")
        assert {**mine, "free_bytes": 0} == {**theirs, "free_bytes": 0} and mine["tables"][0]["events"] == 3000
        for path, words in (("sources", ("sources", "--json")), ("rules", ("detect", "list", "--json")),
                            ("watchlists", ("ioc", "list", "--json")), ("alerts?limit=0", ("alerts", "--json")),
                            ("alerts?state=all&level=high&limit=0", ("alerts", "--state", "all", "--level", "high", "--json"))):
            assert api.get(f"/api/v1/{path}") == said(*words), path
        mine = api.get("/api/v1/search?q=action:*&limit=7&count=true&histogram=100&facet=actor,table")
        theirs = said("search", "action:*", "--limit", "7", "--histogram", "--facet", "actor,table", "--json")
        for name in ("took_us",):
            mine.pop(name), theirs.pop(name)
        assert mine == theirs, (mine, theirs)
        event = mine["events"][0]["event_id"]
        assert api.get(f"/api/v1/events/{event}") == said("show", event, "--json")
        words = ["10.0.0.0/8", mine["events"][0]["actor"], "evil.example", "999.1.1.1.1", "*"]
        theirs = said("ioc", "search", "--json", *words)
        assert json.loads(api.ask("POST", "/api/v1/ioc/search", json.dumps(words))[2]) == theirs
        assert theirs["seen"] and theirs["unusable"]
        listed = write(os.path.join(folder, "list"), "\n".join(words).encode())
        theirs = said("ioc", "search", "--json", "--file", listed, "--hits")
        with open(listed, "rb") as file:
            assert json.loads(api.ask("POST", "/api/v1/ioc/search?hits=true", file.read())[2]) == theirs


def test_rows_come_as_lines_and_pages_join(folder):
    one = a_lake(folder)
    with Api(one) as api:
        status, headers, body = api.ask("GET", "/api/v1/search?limit=100000", Accept="application/x-ndjson")
        lines = [json.loads(line) for line in body.splitlines()]
        assert status == 200 and headers["Content-Type"] == "application/x-ndjson"
        assert len(lines) == 3001 and lines[-1]["summary"]["more"] is False
        all_of_them = [e["event_id"] for e in lines[:-1]]
        paged, after = [], ""
        while True:
            page = api.get(f"/api/v1/search?limit=700&columns=actor{after}")
            paged += [e["event_id"] for e in page["events"]]
            if not page["more"]:
                break
            after = "&after=" + page["next"]
        assert paged == all_of_them
        oldest = api.get("/api/v1/search?limit=1&order=oldest")["events"][0]["event_id"]
        assert oldest == all_of_them[-1]
        assert api.get("/api/v1/search?limit=0&count=true")["matched"] == 3000
        assert api.get("/api/v1/search?limit=0&count=1&table=confluence")["matched"] == 0
        status, headers, body = api.ask("HEAD", "/api/v1/search?limit=100")
        assert status == 200 and body == b""


def test_wrong_words_are_told_in_plain_words(folder):
    one = a_lake(folder, 200)
    with Api(one) as api:
        said = is_problem(api.ask("GET", "/api/v1/search?q=acton:x"), 400, "acton", "actor")
        assert (said["begin"], said["end"], said["suggestion"]) == (0, 5, "actor")
        for query, word in (("limit=x", "limit"), ("limit=10001", "10000"), ("since=never", "since"), ("order=nothing", "order"),
                            ("after=x", "next"), ("nonsense=1", "nonsense"), ("q=a&q=b", "twice"), ("facet=nix", "nix"),
                            ("columns=nix", "columns"), ("table=nix", "nix"), ("count=maybe", "true or false"),
                            ("q=%ff", "characters"), ("q=a%00b", "characters"), ("histogram=-1", "histogram")):
            is_problem(api.ask("GET", "/api/v1/search?" + query), 400, word)
        is_problem(api.ask("GET", "/api/v1/search?count=1", Accept="application/x-ndjson"), 400, "ndjson")
        is_problem(api.ask("GET", "/api/v1/events/xyz"), 400, "event id")
        is_problem(api.ask("GET", "/api/v1/events/" + "0" * 32), 404, "no event")
        is_problem(api.ask("GET", "/api/v1/alerts/zzz"), 400, "alert id")
        is_problem(api.ask("GET", "/api/v1/alerts/" + "0" * 32), 404, "no alert")
        is_problem(api.ask("GET", "/api/v1/alerts?state=odd"), 400, "state=odd")
        for path in ("/api", "/api/v2/status", "/api/v1/status/", "/api/v1/events/a/b", "/../etc/passwd", "/api/v1/%73tatus/x"):
            is_problem(api.ask("GET", path), 404, "no such path")
        for method, path, allow in (("POST", "/api/v1/status", "GET, HEAD"), ("DELETE", "/healthz", "GET, HEAD"),
                                    ("GET", "/api/v1/ioc/search", "POST"), ("PUT", "/api/v1/alerts/abcdef/ack", "POST")):
            answer = api.ask(method, path)
            is_problem(answer, 405)
            assert answer[1]["Allow"] == allow
        is_problem(api.ask("POST", "/api/v1/ioc/search", b"\x00\x01\x02\x7fELF"), 400)
        is_problem(api.ask("POST", "/api/v1/ioc/search?table=nix", b"1.2.3.4"), 400)


def test_a_token_is_needed_and_its_role_counts(folder):
    one = a_lake(folder, 200)
    with open(os.path.join(lake.ROOT, "docs", "openapi.json"), encoding="utf-8") as file:
        paths = json.load(file)["paths"]
    ranks = ["none", "viewer", "analyst", "admin"]
    with Api(one) as api:
        for path, methods in paths.items():
            for method, what in methods.items():
                url = path.replace("{id}", "0" * 32)
                if url.startswith("/api/v1/hooks/") and method == "post":
                    continue  # known by their own secret: hook_tests.py
                body = "{}" if method == "post" else None
                for role in (None, "viewer", "analyst", "admin"):
                    status, headers, said = api.ask(method.upper(), url, body, role=role)
                    enough = ranks.index(role or "none") >= ranks.index(what["x-role"])
                    refused = 403 if role else 401
                    assert (status == refused) != enough, f"{method} {url} as {role}: {status} {said[:200]}"
                    assert status != 500, said
                    if not enough:
                        is_problem((status, headers, said), refused, "token")
                    if status == 401:
                        assert headers["WWW-Authenticate"].startswith("Bearer")
                    for name, value in MEMBERS.items():
                        assert headers[name] == value, (url, name)
        token = api.tokens["viewer"]
        for header in ("Bearer", "Bearer x", f"Basic {token}", token, f"Bearer {token}x", f"Bearer {token[:-1]}", f"Bearer {token.upper()}",
                       "Bearer pugmark_" + "0" * 64):
            assert api.ask("GET", "/api/v1/status", role=None, Authorization=header)[0] == 401, header
        assert api.ask("GET", f"/api/v1/status?token={token}", role=None)[0] == 401
        # A new one is good in no time; one that is removed or over is not.
        made = one.run("token", "add", "short", "--role", "viewer", "--expires", "2s").out.decode().strip()
        time.sleep(0.15)
        assert api.ask("GET", "/api/v1/status", role=None, Authorization=f"Bearer {made}")[0] == 200
        assert one.run("token", "remove", "the-viewer").status == 0
        time.sleep(2.3)
        assert api.ask("GET", "/api/v1/status", role="viewer")[0] == 401
        assert api.ask("GET", "/api/v1/status", role=None, Authorization=f"Bearer {made}")[0] == 401
        for secret in (*api.tokens.values(), made):
            for path in one.files():
                with open(path, "rb") as file:
                    assert secret.encode() not in file.read(), path
            assert secret not in api.said()


def test_work_on_alerts_is_done_and_noted(folder):
    one = a_lake(folder)
    with Api(one) as api:
        alert = api.get("/api/v1/alerts?limit=1")["alerts"][0]["id"]
        url = f"/api/v1/alerts/{alert}"

        def act(what, body, role="analyst", **more):
            return api.ask("POST", f"{url}/{what}", body if isinstance(body, (bytes, str)) else json.dumps(body), role=role, **more)

        hostile = "<script>alert(1)</script>\u202e\u001b[31m=1+1\"'\\"
        status, _, body = act("ack", {"comment": hostile})
        assert status == 200 and json.loads(body)["state"] == "acknowledged"
        assert json.loads(body)["notes"][-1]["who"] == "token the-analyst" and json.loads(body)["notes"][-1]["text"].endswith(hostile)
        assert b"\x1b" not in body and "\u202e".encode() not in body
        is_problem(act("close", {}), 400, "reason")
        is_problem(act("close", {"reason": "because"}), 400, "reason")
        assert act("close", {"reason": "benign", "comment": "seen"})[0] == 200
        is_problem(act("ack", {}), 400, "closed")
        assert act("reopen", {})[0] == 200
        is_problem(act("comment", {}), 400, "comment")
        assert act("comment", {"comment": "and so on"})[0] == 200
        # Not what a page elsewhere could send, and not what is no object.
        is_problem(act("comment", '{"comment":"x"}', Content_Type="text/plain"), 415, "application/json")
        is_problem(act("comment", '{"comment":"x"}', Content_Type=None), 415)
        is_problem(act("comment", {"comment": "x"}, Origin="https://evil.example"), 403, "another site")
        is_problem(act("comment", {"comment": "x"}, Origin="null"), 403)
        is_problem(act("comment", {"comment": "x"}, Sec_Fetch_Site="cross-site"), 403)
        assert act("comment", {"comment": "same"}, Origin=f"http://127.0.0.1:{api.port}", Sec_Fetch_Site="same-origin")[0] == 200
        for wrong in ("", "[]", '"x"', "{", '{"comment":1}', '{"comment":"x"} x', "{'comment':'x'}", b'{"comment":"\xff"}', '{"comment":"\\u0000"}'):
            is_problem(act("comment", wrong), 400)
        is_problem(act("comment", {"comment": "x" * 5000}), 400, "4096")
        is_problem(act("comment", {"comment": "x" * 100000}), 413)
        # What is refused before anybody is known is noted beside, after its answer.
        for _ in range(100):
            acts = api.get("/api/v1/audit", role="admin")["acts"]
            if sum(a["what"] == "refused" for a in acts) == 3:
                break
            time.sleep(0.05)
        mine = [a for a in acts if a["who"] == "token the-analyst" and a["what"] != "refused"]
        assert all(a["from"] == "127.0.0.1" and a["target"] == alert for a in mine)
        done = [a["what"] for a in reversed(mine) if a["result"] == "done"]
        assert done == ["alert acknowledge", "alert close", "alert reopen", "alert comment", "alert comment"], done
        assert sum(a["result"].startswith("refused") for a in mine) >= 5
        assert [a["what"] for a in acts if a["from"] == "command line"] == ["token add"] * 3
        pages, before = [], ""
        while True:
            page = api.get("/api/v1/audit?limit=4" + before, role="admin")
            pages += page["acts"]
            if "before" not in page:
                break
            before = f"&before={page['before']}"
        assert pages == acts
    said = json.loads(one.run("audit", "--json", "--limit", "0").out)["acts"]
    assert [{**a, "id": 0} for a in acts] == [{**a, "id": 0} for a in said]


def test_only_its_own_hosts_are_answered(folder):
    one = a_lake(folder, 100)
    with Api(one, "--host", "audit.example.com,other.example") as api:
        for host in ("evil.example", f"evil.example:{api.port}", "127.0.0.1", "localhost", f"127.0.0.1:{api.port}.evil.example",
                     f"localhost:{api.port + 1}", "", "audit.example.com:1"):
            answer = api.ask("GET", "/api/v1/status", Host=host)
            assert answer[0] in (400, 403), (host, answer)
            if answer[0] == 403:
                is_problem(answer, 403, "Host")
            assert api.ask("GET", "/healthz", role=None, Host=host)[0] in (400, 403)
        for host in (f"localhost:{api.port}", f"LocalHost:{api.port}", f"[::1]:{api.port}", "audit.example.com", f"other.example:{api.port}"):
            assert api.ask("GET", "/api/v1/status", Host=host)[0] == 200, host


def test_a_request_ends_where_everybody_reads_that_it_ends(folder):
    """Lengths and codings that two programs could read differently: refused, and nothing behind them is taken for a request."""
    one = a_lake(folder, 100)
    with Api(one) as api:
        host = f"Host: 127.0.0.1:{api.port}\r\n".encode()
        bearer = f"Authorization: Bearer {api.tokens['admin']}\r\n".encode()
        hidden = b"GET /healthz HTTP/1.1\r\n" + host + b"\r\n"
        heads = [
            b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n", b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n",
            b"Content-Length: 4\r\nContent-Length: 5\r\n", b"Content-Length: 4\r\nContent-Length: 4\r\n",
            b"Transfer-Encoding: identity\r\n", b"Transfer-Encoding: gzip, chunked\r\n", b"Transfer-Encoding: xchunked\r\n",
            b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", b"Content-Length: -1\r\n", b"Content-Length: +4\r\n",
            b"Content-Length: 0x4\r\n", b"Content-Length: 4, 4\r\n", b"Content-Length: 99999999999999999999\r\n", b"Content-Length : 4\r\n",
        ]
        for head in heads:
            got = api.raw(b"POST /api/v1/ioc/search HTTP/1.1\r\n" + host + bearer + head + b"\r\n0\r\n\r\n" + hidden, timeout=3)
            assert got.count(b"HTTP/1.1 200") == 0, (head, got[:600])
        for data in (b"GET /healthz HTTP/1.1\r\n\r\n", b"GET /healthz HTTP/1.1\r\n" + host + host + b"\r\n", b"\x16\x03\x01\x02\x00\x01", b"GET\r\n\r\n",
                     b"GET /healthz HTTP/9.9\r\n" + host + b"\r\n"):
            assert b" 200 " not in api.raw(data, timeout=2), data
        assert api.ask("GET", "/healthz")[0] == 200


def test_what_is_too_long_is_refused(folder):
    one = a_lake(folder, 100)
    with Api(one) as api:
        host = f"Host: 127.0.0.1:{api.port}\r\nAuthorization: Bearer {api.tokens['admin']}\r\n".encode()
        for head in (b"X: " + b"a" * 100000 + b"\r\n", b"".join(b"X%d: %s\r\n" % (i, b"b" * 100) for i in range(2000))):
            got = api.raw(b"GET /healthz HTTP/1.1\r\n" + host + head + b"\r\n", timeout=5)
            assert b" 200 " not in got[:20], got[:200]
        got = api.raw(b"GET /" + b"a" * 200000 + b" HTTP/1.1\r\n" + host + b"\r\n", timeout=5)
        assert b" 200 " not in got[:20]
        # Refused by what it says of itself, before it is sent.
        got = api.raw(b"POST /api/v1/ioc/search HTTP/1.1\r\n" + host + b"Content-Length: 67108865\r\n\r\n", timeout=5)
        assert got.startswith(b"HTTP/1.1 413"), got[:200]
        got = api.raw(b"GET /api/v1/status HTTP/1.1\r\n" + host + b"Content-Length: 10\r\n\r\n0123456789", timeout=5)
        assert got.startswith(b"HTTP/1.1 413"), got[:200]
        # Without a length: read no further than needed.
        rss = memory_of(api.process.pid)
        with socket.create_connection(("127.0.0.1", api.port), timeout=20) as link, contextlib.suppress(OSError):
            link.sendall(b"POST /api/v1/alerts/abcdef/ack HTTP/1.1\r\n" + host + b"Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
            for _ in range(400):
                link.sendall(b"40000\r\n" + b" " * 0x40000 + b"\r\n")
            raise AssertionError("100 MB were taken")
        assert lake.SANITIZED or memory_of(api.process.pid) < rss + 30, "it was kept in memory"
        assert api.ask("GET", "/healthz")[0] == 200


def memory_of(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return int(re.search(r"VmRSS:\s+(\d+)", file.read()).group(1)) / 1024


@slow
def test_a_long_list_of_indicators_is_taken(folder):
    one = a_lake(folder, 2000)
    with Api(one) as api:
        body = b"".join(b"host-%d.example\n" % i for i in range(300000)) + b"10.0.0.0/8\n"
        status, _, said = api.ask("POST", "/api/v1/ioc/search?hits=1", body, timeout=150)
        said = json.loads(said)
        assert status == 200 and said["given"] == 300001 and [i["indicator"] for i in said["indicators"]] == ["10.0.0.0/8"]


def test_hostile_text_is_data(folder):
    one = Lake(folder)
    with open(SAMPLE, encoding="utf-8") as file:
        event = json.loads(file.readline())
    strings = ["<img src=x onerror=alert(1)>", "\u202eabc", "\x1b]0;x\x07", "</script>", "=cmd|' /C calc'!A0", "\u2028", "a\u0000b", "\\\"", "{{7*7}}", "\ud800"]
    key = next(k for k, v in event.items() if isinstance(v, str) and k in ("summary", "authorKey", "category"))
    lines = [json.dumps({**event, "id": 10 ** 7 + i, key: text}).encode() for i, text in enumerate(strings)]
    one.load("--table", "jira", write(os.path.join(folder, "odd"), joined(lines)))
    with Api(one) as api:
        for path in ("/api/v1/search?facet=summary,actor,category", "/api/v1/status"):
            status, headers, body = api.ask("GET", path)
            assert status == 200 and headers["Content-Type"] == "application/json"
            assert not re.search(rb"[\x00-\x09\x0b-\x1f\x7f]", body) and "\u202e".encode() not in body and "\u2028".encode() not in body
            json.loads(body)
        found = api.get("/api/v1/search")["events"]
        assert len(found) == len(strings)
        for event in found:
            shown = api.get(f"/api/v1/events/{event['event_id']}")
            assert shown["raw"].encode() in lines


def test_metrics_are_prometheus(folder):
    one = a_lake(folder, 500)
    with Api(one) as api:
        api.get("/api/v1/status")
        status, headers, body = api.ask("GET", "/metrics", role="viewer")
        assert status == 200 and headers["Content-Type"].startswith("text/plain; version=0.0.4")
        named, values = set(), {}
        for line in body.decode().splitlines():
            if line.startswith("#"):
                named.add(line.split()[2])
                continue
            found = re.fullmatch(r'([a-z_]+)(\{[a-z]+="[^"\n]*"(?:,[a-z]+="[^"\n]*")*\})? (-?[0-9.]+)', line)
            assert found and found.group(1) in named, line
            values[found.group(1) + (found.group(2) or "")] = float(found.group(3))
        assert values['pugmark_events{table="jira_audit_logs"}'] == 500
        assert values['pugmark_http_requests_total{method="GET",route="/api/v1/status",code="200"}'] == 1
        assert values["pugmark_http_connections"] == 1
        assert values['pugmark_segments{table="jira_audit_logs"}'] == 1


def test_before_there_is_data(folder):
    one = Lake(folder)
    with open(os.path.join(folder, "http.log"), "wb") as log:
        process = subprocess.Popen([lake.PUGMARK, "http", "--data", one.data, "--listen", "127.0.0.1:0"], stderr=log)
    try:
        api = Api(one)
        until = time.monotonic() + 20
        while not (found := re.search(r"127\.0\.0\.1:(\d+)/", api.said())):
            assert time.monotonic() < until
            time.sleep(0.05)
        api.port, api.tokens = int(found.group(1)), {}
        assert api.ask("GET", "/healthz", role=None)[0] == 200
        is_problem(api.ask("GET", "/readyz", role=None), 401)
        assert "sign in as admin with the one-time password" in api.said()
        one.load(SAMPLE, expect=None)
        api.tokens["viewer"] = one.run("token", "add", "x", "--role", "viewer").out.decode().strip()
        assert api.get("/readyz")["status"] == "ready"
    finally:
        process.terminate()
        assert process.wait(20) == 0


def test_wrong_words_of_the_commands(folder):
    one = a_lake(folder, 50)
    for words, expect in ((("token", "add", "x"), "--role"), (("token", "add", "x", "--role", "root"), "--role"), (("token", "add", "--role", "viewer"), "NAME"),
                          (("token", "add", "A B", "--role", "viewer"), "name"), (("token", "add", "x", "--role", "viewer", "--expires", "soon"), "expires"),
                          (("token", "nonsense"), "list"), (("http", "--listen", "8480"), "ADDRESS"), (("http", "--listen", "localhost:8480"), "digits"),
                          (("http", "--listen", "127.0.0.1:0", "--host", "a b"), "host")):
        result = one.run(*words)
        assert result.status == 2 and re.search(expect, result.err), (words, result)
    result = one.run("token", "remove", "nobody")
    assert result.status == 1 and "no token nobody" in result.err
    with socket.create_server(("127.0.0.1", 0)) as taken:
        result = one.run("http", "--listen", f"127.0.0.1:{taken.getsockname()[1]}")
        assert result.status == 1 and "in use" in result.err, result


@slow
def test_the_service_starts_it_again(folder):
    one = a_lake(folder, 100)
    with Api(one, command="serve") as api:
        assert api.get("/readyz")["status"] == "ready"
        first = int(re.findall(r"\(http\): its process is (\d+)", api.said())[0])
        os.kill(first, signal.SIGKILL)
        until = time.monotonic() + 20
        while len(found := re.findall(r"answers at http://127\.0\.0\.1:(\d+)/", api.said())) < 2:
            assert time.monotonic() < until, api.said()
            time.sleep(0.1)
        api.port = int(found[-1])
        assert api.get("/readyz")["status"] == "ready"


def test_the_audit_log_is_searched(folder):
    one = Lake(folder)
    with Api(one) as api:
        made = one.run("token", "add", "for-ci", "--role", "viewer")
        assert made.status == 0, made.err
        for text, found in (("FOR-CI", True), ("token add", True), ("the-admin", True), ("nobody at all", False), ("%", False)):
            acts = api.get(f"/api/v1/audit?limit=100&text={urllib.parse.quote(text)}", role="admin")["acts"]
            said = one.run("audit", "--json", "--limit", "100", *text.split())
            assert said.status == 0 and len(json.loads(said.out)["acts"]) == len(acts), (text, said)
            assert bool(acts) == found and all(text.lower() in json.dumps(act).lower() for act in acts), (text, acts)
