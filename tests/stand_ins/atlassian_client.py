# SPDX-License-Identifier: Apache-2.0
"""Starts the stand-in for Atlassian and talks to it; for its own tests, and for others that collect
from it."""
import base64
import http.client
import json
import os
import shutil
import signal
import ssl
import subprocess
import sys
import tempfile
import urllib.parse
import zlib

HERE = os.path.dirname(os.path.abspath(__file__))


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def json(self):
        return json.loads(self.body)


class StandIn:
    """`with StandIn("--events", "jira=100") as s:`; ends the server at the end."""

    def __init__(self, *words, certificates=None):
        self.folder = None
        if certificates is None and "--http" not in words:
            certificates = self.folder = tempfile.mkdtemp(prefix="stand-in.")
        where = ["--certificates", certificates] if certificates else []
        self.process = subprocess.Popen(
            [sys.executable, "-B", os.path.join(HERE, "atlassian"), "--hold", *where, *words],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError("the stand-in did not start")
        self.ready = json.loads(line)
        self.ports, self.tokens = self.ready["ports"], self.ready["tokens"]
        self.ca = self.ready["ca"]
        self.tls = ssl.create_default_context(cafile=self.ca) if self.ca else None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(10)
        self.process.stdin.close()
        self.process.stdout.close()
        if self.folder:
            shutil.rmtree(self.folder, ignore_errors=True)

    def connect(self, port="port", timeout=20):
        number = self.ports[port]
        if self.tls and port not in ("control", "proxy"):
            return http.client.HTTPSConnection("localhost", number, timeout=timeout,
                                               context=self.tls)
        return http.client.HTTPConnection("127.0.0.1", number, timeout=timeout)

    def login(self, kind):
        """Headers that show the token of this kind."""
        if kind is None:
            return {}
        token = self.tokens[kind]
        if kind in ("oauth", "pat", "org"):
            return {"Authorization": f"Bearer {token}"}
        pair = f"{self.ready['mail']}:{token}".encode()
        return {"Authorization": "Basic " + base64.b64encode(pair).decode()}

    def ask(self, path, token=None, port="port", method="GET", body=None, headers=None, **query):
        """One request on a connection of its own; parameters are encoded as they should be."""
        text = urllib.parse.urlencode({k.rstrip("_"): v for k, v in query.items()})
        connection = self.connect(port)
        try:
            connection.request(method, path + ("?" + text if text else ""), body,
                               {**self.login(token), **(headers or {})})
            reply = connection.getresponse()
            raw = reply.read()
        finally:
            connection.close()
        if reply.headers.get("Content-Encoding") == "gzip":
            raw = zlib.decompress(raw, 31)
        return Answer(reply.status, reply.headers, raw)

    def control(self, method, word, given=None, **query):
        body = None if given is None else json.dumps(given)
        answer = self.ask("/_stand_in/" + word, port="control", method=method, body=body, **query)
        if answer.status != 200:
            raise RuntimeError(f"{word}: {answer.status} {answer.body[:200]!r}")
        if answer.headers["Content-Type"] == "application/x-ndjson":
            return [json.loads(line) for line in answer.body.splitlines()]
        return answer.json()

    def fault(self, kind, **more):
        return self.control("POST", "faults", {"kind": kind, **more})["numbers"][0]

    def no_faults(self):
        self.control("DELETE", "faults")

    def set(self, **settings):
        self.control("POST", "settings", settings)

    def truth(self, source):
        return self.control("GET", "truth", source=source)
