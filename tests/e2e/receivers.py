# SPDX-License-Identifier: Apache-2.0
"""Whoever is told of alerts, for tests: an HTTPS server, syslog listeners, an SMTP server; and alerts to be told of."""
import hashlib
import hmac
import http.server
import json
import os
import socket
import ssl
import subprocess
import threading
import time
import uuid

import lake
from lake import Lake, run

DAY = 20718
T0 = DAY * 86400 * 1000000  # microseconds
SECRET = "0123456789abcdef0123456789abcdef"


def certificate(folder):
    """(certificate, key) of 127.0.0.1, localhost and two names behind a proxy, signed by itself."""
    cert, key = os.path.join(folder, "cert.pem"), os.path.join(folder, "key.pem")
    if not os.path.exists(cert):
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                        "-days", "2", "-subj", "/CN=localhost", "-addext",
                        "subjectAltName=IP:127.0.0.1,DNS:localhost,DNS:feeds.example,DNS:cdn.example", "-keyout", key, "-out", cert],
                       check=True, capture_output=True)
    return cert, key


def context(folder):
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(*certificate(folder))
    return tls


class Hook:
    """An HTTPS server that keeps what is posted to it. `answers`: statuses, one after another, then 200;
    (status, headers) too; "hang" keeps the line open."""

    def __init__(self, folder, answers=(), tls=True):
        self.got, self.answers, self.lock = [], list(answers), threading.Lock()
        hook = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                with hook.lock:
                    answer = hook.answers.pop(0) if hook.answers else 200
                    hook.got.append({"path": self.path, "headers": dict(self.headers), "body": body, "answer": answer})
                if answer == "hang":
                    time.sleep(60)
                    return
                status, headers = answer if isinstance(answer, tuple) else (answer, {})
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"ok")

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request, client_address):
                pass

        self.server = Server(("127.0.0.1", 0), Handler)
        if tls:
            self.server.socket = context(folder).wrap_socket(self.server.socket, server_side=True)
        self.port = self.server.server_address[1]
        self.url = f"http{'s' if tls else ''}://127.0.0.1:{self.port}/hook/s3cr3t?token=abc"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def taken(self):
        """Bodies as JSON of what was answered with 200."""
        with self.lock:
            return [json.loads(one["body"]) for one in self.got if one["answer"] == 200]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


def verify(one, secret=SECRET, tolerance=300):
    """A receiver's check of a webhook, as docs/alerts.md has it."""
    parts = dict(part.split("=", 1) for part in one["headers"]["X-Pugmark-Signature"].split(","))
    wanted = hmac.new(secret.encode(), parts["t"].encode() + b"." + one["body"], hashlib.sha256).hexdigest()
    return hmac.compare_digest(wanted, parts["v1"]) and abs(time.time() - int(parts["t"])) <= tolerance


class Syslog:
    """Listens for syslog over udp, tcp or tls; .messages has what came, octet counts taken off."""

    def __init__(self, folder, kind):
        self.kind, self.messages, self.wrong = kind, [], []
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM if kind == "udp" else socket.SOCK_STREAM)
        self.socket.bind(("127.0.0.1", 0))
        self.tls = context(folder) if kind == "tls" else None
        if kind != "udp":
            self.socket.listen(20)
        self.url = f"{kind}://127.0.0.1:{self.socket.getsockname()[1]}"
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self):
        while True:
            try:
                if self.kind == "udp":
                    self.messages.append(self.socket.recv(65536))
                    continue
                line, _ = self.socket.accept()
                if self.tls:
                    line = self.tls.wrap_socket(line, server_side=True)
                self.frames(line)
            except ssl.SSLError:
                continue
            except OSError:
                return

    def frames(self, line):
        data = b""
        while part := line.recv(65536):
            data += part
        while data:
            length, blank, rest = data.partition(b" ")
            if not blank or not length.isdigit() or len(rest) < int(length):
                self.wrong.append(data)
                return
            self.messages.append(rest[:int(length)])
            data = rest[int(length):]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            self.socket.shutdown(socket.SHUT_RDWR)  # ends the thread that waits in it
        except OSError:
            pass
        self.socket.close()


class Smtp:
    """smtp-server of npm; .mails has what it took."""

    def __init__(self, folder, *how):
        cert, key = certificate(folder)
        self.process = subprocess.Popen(
            ["node", os.path.join(lake.ROOT, "tests", "stand_ins", "smtp_server.mjs"), cert, key, *how],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.mails, self.port = [], None
        for line in self.process.stdout:
            if line.startswith("smtp "):
                self.port = int(line.split()[1])
            if line == "ready\n":
                break
        assert self.port, "the SMTP server did not start: npm ci in tests/npm?"
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.process.stdout:
            self.mails.append(json.loads(line))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait(20)


class Alerting(Lake):
    """A data folder with a key, to which alerts are handed over as the detector does."""

    def __init__(self, folder):
        super().__init__(folder)
        self.folder, self.key = folder, os.path.join(folder, "key")
        self.cert, _ = certificate(folder)
        lake.write(os.path.join(folder, "secret"), SECRET.encode() + b"\n")

    def insert(self, *cells, quiet=False):
        path = os.path.join(self.folder, "alerts.json")
        with open(path, "w", encoding="utf-8") as file:
            json.dump({"cells": cells, "quiet": quiet}, file)
        result = run([os.path.join(os.path.dirname(lake.PUGMARK), "alerts_insert"), self.data, path])
        assert result.status == 0, result.err
        return tuple(map(int, result.out.split()))

    def alerts(self, *words):
        result = self.run("alerts", "list", "--json", "--state", "all", *words)
        assert result.status == 0, result.err
        return json.loads(result.out)["alerts"]

    def notify(self, *words, expect=0, **how):
        result = self.run("notify", "--key-file", self.key, *words, **how)
        assert result.status == expect, f"notify {words}: status {result.status}: {result.err}"
        return result

    def add_hook(self, url, *more, name="soc", expect=0):
        lake.write(os.path.join(self.folder, "url"), url.encode() + b"\n")
        return self.notify("add", "webhook", name, "--url-file", os.path.join(self.folder, "url"), "--secret-file",
                           os.path.join(self.folder, "secret"), "--ca-file", self.cert, "--allow-private", *more,
                           expect=expect)

    def notifiers(self):
        return json.loads(self.notify("list", "--json").out)["notifiers"]

    def start(self, *words):
        """A process of the program that goes on."""
        log = open(os.path.join(self.folder, "process.log"), "ab")
        return subprocess.Popen([lake.PUGMARK, words[0], "--data", self.data, "--key-file", self.key, *words[1:]],
                                stdout=log, stderr=log, stdin=subprocess.DEVNULL)


def event(number, **fields):
    return {"id": str(uuid.UUID(int=number + 1)), "time": T0 + number * 1000000, "table": "jira_audit_logs",
            "event": {"n": number, **fields}}


def alert(first, count=3, **members):
    return {"version": "01", "title": "Many failed logins", "level": "high", "group": "actor: mallory",
            "actor": "mallory", "ip": "203.0.113.7", "sources": "jira-acme",
            "events": [event(first + i) for i in range(count)], **members}


def cell(*alerts, rule="b7c5f1d0-1111-4222-8333-444455556666", group="01"):
    return {"rule": rule, "group_key": group * 16, "day": DAY, "alerts": list(alerts)}


def many(n, first=0, group="01", **members):
    """A cell with n alerts of one event each."""
    return cell(*(alert(first + i, 1, title=f"alert number {i}", **members) for i in range(n)), group=group)
