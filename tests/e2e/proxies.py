# SPDX-License-Identifier: Apache-2.0
"""Proxies for tests: one that notes whom a program wants to reach, and some that misbehave."""
import select
import socket
import socketserver
import threading


class Tunnel(socketserver.StreamRequestHandler):
    """Answers CONNECT as its server's `how` says: "lead" to the stand-in whatever the name, "refuse", ask for
    a "password", "lie" (it says yes, and is somebody else), or "hang"."""

    def handle(self):
        line = self.rfile.readline(4096).decode("latin-1")
        headers = []
        while (header := self.rfile.readline(4096).strip()):
            headers.append(header.decode("latin-1"))
        self.server.seen.append(line.split(" ")[1] if " " in line else line)
        self.server.headers += headers
        answers = {"refuse": b"HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n",
                   "password": b'HTTP/1.1 407 Who\r\nProxy-Authenticate: Basic realm="x"\r\nContent-Length: 0\r\n\r\n'}
        if self.server.how in answers:
            self.wfile.write(answers[self.server.how])
            return
        self.wfile.write(b"HTTP/1.1 200 Yes\r\n\r\n")
        if self.server.how == "lie":
            self.connection.recv(100)
            self.wfile.write(b"<html>company policy forbids this page</html>")
            return
        with socket.create_connection(("127.0.0.1", self.server.target)) as other:
            copy(self.connection, other)


def copy(one, two):
    peer = {one: two, two: one}
    while True:
        for ready in select.select([one, two], [], [], 60)[0]:
            data = ready.recv(65536)
            if not data:
                return
            peer[ready].sendall(data)


class Proxy(socketserver.ThreadingTCPServer):
    """`with Proxy(port_of_target) as p:`; `p.seen` are the hosts that were asked for."""
    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, target, how="lead"):
        super().__init__(("127.0.0.1", 0), Tunnel)
        self.target, self.how, self.seen, self.headers = target, how, [], []
        self.url = f"http://127.0.0.1:{self.server_address[1]}"

    def __enter__(self):
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.shutdown()
        self.server_close()

    def handle_error(self, request, client_address):
        """Clients that go away are what these tests are about."""
