# SPDX-License-Identifier: Apache-2.0
"""HTTP/1.1 with and without TLS: one thread for each connection."""
import http.client
import socketserver
import ssl
import sys
import threading
import traceback

import rates
import routes
import wire
from message import LOGIN_PAGE, Ask, Refused, Reply, of_json

LINE = 65_536
METHODS = ("GET", "HEAD", "PUT", "POST", "DELETE")


def read_request(file):
    """A request, or None at the end of the connection."""
    line = file.readline(LINE).decode("latin-1").rstrip("\r\n")
    parts = line.split(" ")
    if len(parts) != 3:
        return None
    headers = http.client.parse_headers(file)
    length = headers.get("Content-Length", "0")
    body = file.read(int(length)) if length.isdigit() else b""
    return Ask(parts[0], parts[1], headers, body, headers.get("Host", ""))


def refusal(refused):
    return of_json({"errorMessages": [refused.message], "errors": {}, "message": refused.message},
                   refused.status, refused.headers)


def fault_reply(world, ask):
    """The reply of a fault that stands instead of the end point, or None."""
    faults, now = ask.faults, world.clock.now()
    if "status" in faults:
        given = faults["status"]
        body = given.get("body")
        if body is not None:
            return Reply(given["status"], body.encode(), rates.fault_headers(given, now),
                         given.get("content_type", "application/json"))
        reply = of_json({"errorMessages": ["fault"]}, given["status"])
        reply.headers += rates.fault_headers(given, now)
        return reply
    if "html" in faults:
        return Reply(200, LOGIN_PAGE, content_type=faults["html"].get("type", "text/html"))
    if "error_json" in faults:
        return of_json(faults["error_json"].get("body", {"errorMessages": ["Internal error"]}))
    if "redirect" in faults:
        where = faults["redirect"].get("to", "https://id.atlassian.com/login?continue=x")
        status = faults["redirect"].get("status", 302)
        return Reply(status, b"", [("Location", where)], "text/html")
    return None


def answer(world, ask, role):
    """The reply to a request; counts, notes."""
    with world.lock:
        try:
            end_point = routes.find(world, ask, role)
            ask.faults = world.faults.of(ask)
            if "expire" in ask.faults and (token := world.tokens.find(ask.headers)):
                token.revoked = True
            reply = fault_reply(world, ask) or end_point()
        except Refused as refused:
            reply = refusal(refused)
        world.note(ask, reply.status)
        return reply


class Connection(socketserver.StreamRequestHandler):
    disable_nagle_algorithm = True

    def setup(self):
        if self.server.tls:
            self.request.settimeout(30)
            self.request = self.server.tls.wrap_socket(self.request, server_side=True)
        self.request.settimeout(120)
        super().setup()

    def handle(self):
        while (ask := read_request(self.rfile)) is not None:
            reply = self.reply_to(ask)
            wire.send(self.server.world, ask, reply, self.connection)
            if ask.headers.get("Connection", "").lower() == "close":
                return

    def reply_to(self, ask):
        if ask.method not in METHODS or not ask.target.startswith("/"):
            return Reply(400, b"bad request", content_type="text/plain")
        return self.server.answer(self.server.world, ask, self.server.role)


class Server(socketserver.ThreadingTCPServer):
    """Listens on 127.0.0.1. `answer(world, ask, role)` makes the reply."""
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, world, role, port=0, tls=None, make=answer, handler=Connection):
        self.world, self.role, self.tls, self.answer = world, role, tls, make
        super().__init__(("127.0.0.1", port), handler)
        self.port = self.server_address[1]

    def handle_error(self, request, client_address):
        """Clients that go away, and those that the faults send away, are daily business."""
        if not isinstance(sys.exc_info()[1], (OSError, wire.Ended)):
            traceback.print_exc()

    def start(self):
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.2},
                         daemon=True).start()
        return self.port


def tls_context(certificate, key):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(certificate, key)
    context.set_alpn_protocols(["http/1.1"])
    return context
