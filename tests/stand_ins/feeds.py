# SPDX-License-Identifier: Apache-2.0
"""A server of threat feeds and TAXII 2.1 (OASIS TAXII 2.1), over HTTP or HTTPS, that misbehaves on demand.

In a test: `with Feeds(certificate, key) as server:`, then `server.put("/list.txt", b"...")`. By itself: `feeds.py CERTIFICATE KEY` prints
"https PORT" and serves a sample until its standard input ends."""
import base64
import email.utils
import http.server
import json
import re
import ssl
import sys
import threading
import time
import urllib.parse
import uuid
import zlib

MEDIA = "application/taxii+json;version=2.1"


def stamp(n):
    """The nth moment of TAXII's clock."""
    return f"2026-01-{1 + n // 86400:02d}T{n // 3600 % 24:02d}:{n // 60 % 60:02d}:{n % 60:02d}.000001Z"


def indicator(pattern, n=0, **more):
    """A STIX 2.1 indicator."""
    return {"type": "indicator", "spec_version": "2.1", "id": f"indicator--{uuid.uuid5(uuid.NAMESPACE_URL, pattern)}",
            "created": "2026-01-01T00:00:00.000Z", "modified": f"2026-01-01T00:00:{n % 60:02d}.000Z", "pattern": pattern,
            "pattern_type": "stix", "valid_from": "2026-01-01T00:00:00Z", **more}


def address(ip):
    return f"[ipv4-addr:value = '{ip}']"


def gzipped(data, cut=0):
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    packed = packer.compress(data) + packer.flush()
    return packed[:len(packed) - cut]


class Page:
    """What is at a path. `fault`: None, "endless", "cut", "unmarked" (no length), "slow", "hang", "reset", "always304"."""

    def __init__(self, body=b"", status=200, kind="text/plain", etag=None, modified=None, fault=None, headers=(), login=None,
                 key=None, chunked=False):
        self.body, self.status, self.kind, self.etag, self.modified = body, status, kind, etag, modified
        self.fault, self.headers, self.login, self.key, self.chunked = fault, dict(headers), login, key, chunked
        self.statuses = []  # answered one after another before `status`


class Taxii:
    """One server with API roots /api1/ and one collection more that nobody may read. `fault`: None, "loop" (the same cursor), "repeat" (the
    same page with new cursors), "back" (times before what was asked for), "promise" (more, and nothing), "no-cursor", "html"."""
    ID, OTHER = "91a7b528-80eb-42ed-a74d-c6fbd5a26116", "52892447-4d7e-4f70-b94d-d7f22742ff63"

    def __init__(self, login=None, token=None, page=2):
        self.objects, self.login, self.token, self.page, self.fault = [], login, token, page, None
        self.cursors, self.clock, self.asked = {}, 0, []

    def add(self, *objects):
        for one in objects:
            self.clock += 1
            self.objects.append((stamp(self.clock), one))

    def allowed(self, headers):
        said = headers.get("Authorization", "")
        if self.login:
            return said == "Basic " + base64.b64encode(":".join(self.login).encode()).decode()
        return not self.token or said == "Bearer " + self.token

    def answer(self, path, query, headers):
        """(status, body, headers)"""
        if not self.allowed(headers):
            return 401, {"title": "who are you?"}, {"WWW-Authenticate": "Basic"}
        if headers.get("Accept") != MEDIA:
            return 406, {"title": "only TAXII 2.1"}, {}
        if path == "/taxii2/":
            return 200, {"title": "stand-in", "default": "/api1/", "api_roots": ["/api1/"]}, {}
        if path == "/api1/":
            return 200, {"title": "root", "versions": [MEDIA], "max_content_length": 1 << 20}, {}
        if path == "/api1/collections/":
            return 200, {"collections": [
                {"id": self.ID, "title": "Known bad", "alias": "known-bad", "can_read": True, "can_write": False},
                {"id": self.OTHER, "title": "\x1b[31mSecret", "can_read": False, "can_write": False}]}, {}
        if path == f"/api1/collections/{self.ID}/objects/":
            return self.page_of(query)
        return 404, {"title": "nothing here"}, {}

    def page_of(self, query):
        after, cursor, limit = query.get("added_after", ""), query.get("next"), min(int(query.get("limit", 100)), self.page)
        self.asked.append(dict(query))
        start = self.cursors.get(cursor, 0)
        chosen = [o for o in self.objects if o[0] > after and o[1]["type"] in query.get("match[type]", o[1]["type"]).split(",")]
        if self.fault == "back":
            chosen, start = [(stamp(0), self.objects[0][1])], 0
        if self.fault == "repeat":
            start = 0
        page, more = chosen[start:start + limit], start + limit < len(chosen)
        if self.fault in ("loop", "repeat", "no-cursor"):
            more = True
        if self.fault == "promise":
            page, more = [], True
        if not page and not more:
            return 200, {}, {}
        envelope = {"objects": [o for _, o in page], "more": more}
        if more and self.fault != "no-cursor":
            name = "same" if self.fault == "loop" else f"cursor {len(self.cursors)}/&?"
            self.cursors[name] = start + limit
            envelope["next"] = name
        times = {"X-TAXII-Date-Added-First": page[0][0], "X-TAXII-Date-Added-Last": page[-1][0]} if page else {}
        if self.fault == "no-cursor":
            times = {}
        return 200, envelope, times


class Feeds:
    def __init__(self, certificate=None, key=None):
        self.pages, self.log, self.taxii = {}, [], None
        server = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                server.log.append((self.path, dict(self.headers)))
                try:
                    server.serve(self)
                except (BrokenPipeError, ConnectionResetError, ssl.SSLError):
                    self.close_connection = True

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request, client_address):
                pass

        self.server = Server(("127.0.0.1", 0), Handler)
        if certificate:
            tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            tls.load_cert_chain(certificate, key)
            self.server.socket = tls.wrap_socket(self.server.socket, server_side=True)
        self.port = self.server.server_address[1]
        self.url = f"http{'s' if certificate else ''}://127.0.0.1:{self.port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def put(self, path, body=b"", **how):
        self.pages[path] = Page(body, **how)
        return self.url + path

    def asked(self, path):
        """Headers of the requests for a path."""
        return [headers for p, headers in self.log if p == path]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    # ---- answers -------------------------------------------------------------------------------

    def serve(self, to):
        path, _, query = to.path.partition("?")
        page = self.pages.get(to.path) or self.pages.get(path)
        if page:
            return self.serve_page(to, page)
        if self.taxii and self.taxii.fault == "html":
            return self.send(to, 200, b"<html>please sign in</html>", {"Content-Type": "text/html"})
        if self.taxii and re.match("/taxii2/|/api1/", path):
            status, body, headers = self.taxii.answer(path, dict(urllib.parse.parse_qsl(query)), to.headers)
            return self.send(to, status, json.dumps(body).encode(), {"Content-Type": MEDIA, **headers})
        return self.send(to, 404, b"nothing", {})

    def send(self, to, status, body, headers):
        to.send_response(status)
        for name, value in headers.items():
            to.send_header(name, value)
        if status != 304:
            to.send_header("Content-Length", str(len(body)))
        to.end_headers()
        if status != 304:
            to.wfile.write(body)

    def serve_page(self, to, page):
        headers = {"Content-Type": page.kind, **page.headers}
        if page.etag:
            headers["ETag"] = page.etag
        if page.modified:
            headers["Last-Modified"] = email.utils.formatdate(page.modified, usegmt=True)
        if page.statuses:
            status = page.statuses.pop(0)
            status, more = status if isinstance(status, tuple) else (status, {})
            return self.send(to, status, b"no", {**headers, **more})
        if page.login and to.headers.get("Authorization") != "Basic " + base64.b64encode(page.login.encode()).decode():
            return self.send(to, 401, b"who?", {"WWW-Authenticate": "Basic"})
        if page.key and to.headers.get(page.key[0]) != page.key[1]:
            return self.send(to, 403, b"no", {})
        same = page.etag and to.headers.get("If-None-Match") == page.etag
        if page.fault == "always304" or (same and page.status == 200):
            return self.send(to, 304, b"", headers)
        return self.faulty(to, page, headers) if page.fault else self.send(to, page.status, page.body, headers)

    def faulty(self, to, page, headers):
        to.close_connection = True
        if page.fault == "reset":
            to.connection.close()
            return
        if page.fault == "hang":
            time.sleep(60)
            return
        to.send_response(200)
        for name, value in headers.items():
            to.send_header(name, value)
        if page.fault == "endless":
            to.send_header("Connection", "close")
            to.end_headers()
            n = 0
            while True:
                to.wfile.write(b"".join(b"a%d.endless.example\n" % (n + i) for i in range(5000)))
                n += 5000
        if page.fault == "unmarked":
            to.send_header("Connection", "close")
            to.end_headers()
            to.wfile.write(page.body)
            return
        to.send_header("Content-Length", str(len(page.body)))
        to.end_headers()
        if page.fault == "cut":
            to.wfile.write(page.body[:len(page.body) // 2])
        if page.fault == "slow":
            for i in range(len(page.body)):
                to.wfile.write(page.body[i:i + 1])
                to.wfile.flush()
                time.sleep(0.5)


def main():
    with Feeds(*sys.argv[1:3]) as server:
        server.put("/list.txt", b"192.0.2.1\nevil.example\n", etag='"1"')
        server.taxii = Taxii()
        server.taxii.add(*(indicator(address(f"192.0.2.{n}")) for n in range(5)))
        print(f"{server.url.partition(':')[0]} {server.port}\nready", flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
