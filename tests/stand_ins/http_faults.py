#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A server that misbehaves on demand, for the tests of src/net: the path says how. Listens on
127.0.0.1 with and without TLS, and as three kinds of proxies; makes its certificates with openssl in
the folder given.

    http_faults.py FOLDER

Prints "name port" for each listener, then "ready". Ends when its standard input does."""
import gzip
import json
import os
import socket
import socketserver
import ssl
import subprocess
import sys
import threading
import time
import zlib

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import aws_roles  # noqa: E402
import s3_faults  # noqa: E402
import s3_ranges  # noqa: E402
import sqs_faults  # noqa: E402

seen = {}  # how often a /flaky path was asked for
lock = threading.Lock()


class Request:
    def __init__(self, method, target, headers, body):
        self.method, self.target, self.headers, self.body = method, target, headers, body
        self.path, _, self.query = target.partition("?")
        self.parts = self.path.strip("/").split("/")


def read_request(file):
    line = file.readline(100_000).decode("latin-1").rstrip("\r\n")
    if not line:
        return None
    method, target, _ = line.split(" ", 2)
    headers = []
    while (line := file.readline(100_000).decode("latin-1").rstrip("\r\n")):
        name, _, value = line.partition(":")
        headers.append((name, value.strip()))
    length = next((int(v) for n, v in headers if n.lower() == "content-length"), 0)
    return Request(method, target, headers, file.read(length))


def reply(out, status, body=b"", headers=()):
    text = f"HTTP/1.1 {status} Words\r\nContent-Length: {len(body)}\r\n"
    text += "".join(f"{n}: {v}\r\n" for n, v in headers)
    out.write(text.encode("latin-1") + b"\r\n" + body)
    out.flush()


def echo(server, request, out):
    said = {"method": request.method, "target": request.target, "headers": request.headers,
            "body": request.body.decode("latin-1"), "connections": server.connections}
    reply(out, 200, json.dumps(said).encode(), [("Content-Type", "application/json")])


def status(server, request, out):
    code = int(request.parts[1])
    reply(out, code, b"" if code in (204, 304) else b"see status",
          [("Location", "https://localhost/elsewhere")] if code // 100 == 3 else [])


def headers(server, request, out):
    many = int(request.parts[1])
    reply(out, 200, b"x", [(f"X-Line-{i}", "v" * 90) for i in range(many // 100)] +
          [("Twice", "one"), ("TWICE", "  two \t"), ("Empty", "")])


def big(server, request, out):
    left = int(request.parts[1])
    out.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % left)
    while left > 0:
        out.write(b"b" * min(left, 65536))
        left -= 65536


def packed(server, request, out):
    body = {"gzip": gzip.compress(b"packed " * 1000),
            "deflate": zlib.compress(b"packed " * 1000),
            "broken": gzip.compress(b"packed " * 1000)[:40] + b"damage" * 20}[request.parts[1]]
    reply(out, 200, body, [("Content-Encoding", "deflate" if request.parts[1] == "deflate" else "gzip")])


ZEROS = gzip.compress(bytes(32 << 20))


def bomb(server, request, out):
    reply(out, 200, ZEROS, [("Content-Encoding", "gzip")])


def cut(server, request, out):
    if request.parts[1] == "chunked":
        out.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n40\r\nshort")
    elif request.parts[1] == "headers":
        out.write(b"HTTP/1.1 200 OK\r\nContent-Le")
    elif request.parts[1] == "close":
        out.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nshort")
    elif request.parts[1] == "length":
        out.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nshort")
    return True  # close


def slow(server, request, out):
    out.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    for _ in range(60):
        out.write(b".")
        out.flush()
        time.sleep(0.25)
    return True


def hang(server, request, out):
    time.sleep(30)
    return True


def garbage(server, request, out):
    out.write(b"220 mail.example.com ESMTP\r\n")
    return True


def interim(server, request, out):
    for i in range(int(request.parts[1])):
        out.write(b"HTTP/1.1 103 Early\r\nLink: <x%d>\r\nX-Early: yes\r\n\r\n" % i)
    reply(out, 200, b"late")


def s3_fault(server, request, out):
    bucket = request.parts[0]
    if bucket == "fault-object":
        return s3_faults.read(request, request.parts[1], out)
    if bucket == "fault-ranges":
        return s3_ranges.read(request, request.parts[1], out)
    if bucket == "fault-upload":
        return reply(out, *s3_faults.upload(request))
    if bucket in ("fault-expired", "fault-stalled"):
        code = "ExpiredToken" if bucket == "fault-expired" else "RequestTimeout"
        return reply(out, *s3_faults.once(request, code))
    code, body, more = s3_faults.refusal(request, bucket)
    return reply(out, code, b"" if request.method == "HEAD" else body, more)


def flaky(server, request, out):
    """/flaky/NAME/N/STATUS[/RETRY-AFTER]: STATUS for the first N times, then 200."""
    _, name, n, code, *after = request.parts
    with lock:
        seen[name] = seen.get(name, 0) + 1
        times = seen[name]
    if times > int(n):
        return reply(out, 200, b"at last after %d" % times)
    if code == "cut":
        out.write(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\ncut")
        return True
    return reply(out, int(code), b"not yet", [("Retry-After", after[0])] if after else [])


ROUTES = {"": echo, "echo": echo, "status": status, "headers": headers, "big": big, "packed": packed,
          "bomb": bomb, "cut": cut, "slow": slow, "hang": hang, "garbage": garbage,
          "interim": interim, "flaky": flaky}


class Handler(socketserver.StreamRequestHandler):
    wbufsize = 65536

    def handle(self):
        try:
            if self.server.context:
                self.request.do_handshake()
            with lock:
                self.server.connections += 1
            while (request := read_request(self.rfile)) is not None:
                route = ROUTES.get(request.parts[0], echo)
                if request.parts[0].startswith("fault-"):
                    route = s3_fault
                answered = aws_roles.answer(request) or sqs_faults.answer(request)
                if answered:
                    reply(self.wfile, *answered)
                elif route(self.server, request, self.wfile):
                    break
                else:
                    self.wfile.flush()
        except (OSError, ValueError):
            pass

    def finish(self):
        try:
            super().finish()
        except OSError:
            pass


class Proxy(socketserver.StreamRequestHandler):
    def handle(self):
        request = read_request(self.rfile)
        if request is None:
            return
        with lock:
            self.server.connections += 1
        if self.server.refuse:
            return reply(self.wfile, self.server.refuse, b"no", [("Connection", "close")])
        there = socket.create_connection(("127.0.0.1", int(request.target.rsplit(":", 1)[1])))
        self.wfile.write(b"HTTP/1.1 200 Connected\r\nX-From-Proxy: yes\r\n\r\n")
        self.wfile.flush()
        thread = threading.Thread(target=pump, args=(there, self.request), daemon=True)
        thread.start()
        pump(self.request, there)
        thread.join()


def pump(source, target):
    try:
        while (data := source.recv(65536)):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = daemon_threads = True
    request_queue_size = 64

    def __init__(self, name, handler, certificate=None, refuse=0):
        self.context, self.refuse, self.connections = None, refuse, 0
        super().__init__(("127.0.0.1", 0), handler)
        if certificate:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(certificate + ".pem", certificate + ".key")
        print(name, self.server_address[1])
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def get_request(self):
        client, address = super().get_request()
        if self.context:  # the handshake is done by the handler's thread
            client = self.context.wrap_socket(client, server_side=True, do_handshake_on_connect=False)
        return client, address

    def handle_error(self, request, client_address):
        pass


def openssl(*words):
    subprocess.run(["openssl", *words], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def make_certificates(folder):
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    at = lambda name: os.path.join(folder, name)  # noqa: E731
    for ca in ("ca", "other-ca"):
        openssl("req", "-x509", *key, "-keyout", at(ca + ".key"), "-out", at(ca + ".pem"),
                "-subj", f"/CN=test authority {ca}", "-days", "2")
    for name, ca, names, days in (
            ("good", "ca", "DNS:localhost,IP:127.0.0.1", "2"),
            ("expired", "ca", "DNS:localhost,IP:127.0.0.1", "-1"),
            ("wrong-name", "ca", "DNS:elsewhere.example.com", "2"),
            ("unknown-ca", "other-ca", "DNS:localhost,IP:127.0.0.1", "2")):
        openssl("req", *key, "-keyout", at(name + ".key"), "-out", at(name + ".csr"), "-subj", "/CN=x")
        with open(at("extensions"), "w", encoding="ascii") as file:
            file.write(f"subjectAltName={names}\n")
        openssl("x509", "-req", "-in", at(name + ".csr"), "-CA", at(ca + ".pem"), "-CAkey",
                at(ca + ".key"), "-CAcreateserial", "-days", days, "-extfile", at("extensions"),
                "-out", at(name + ".pem"))


def main():
    folder = sys.argv[1]
    make_certificates(folder)
    for name in ("good", "expired", "wrong-name", "unknown-ca"):
        Server(name, Handler, os.path.join(folder, name))
    Server("plain", Handler)
    Server("proxy", Proxy)
    Server("proxy-403", Proxy, refuse=403)
    Server("proxy-407", Proxy, refuse=407)
    print("ready", flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
