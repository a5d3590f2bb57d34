# SPDX-License-Identifier: Apache-2.0
"""A CONNECT proxy that leads every host to the stand-in: through it, a client meets the real names
(acme.atlassian.net, api.atlassian.com) with certificates that carry them."""
import select
import socket
import socketserver


class Tunnel(socketserver.StreamRequestHandler):
    def handle(self):
        line = self.rfile.readline(4096).decode("latin-1")
        while self.rfile.readline(4096).strip():
            pass
        method, _, rest = line.partition(" ")
        self.server.seen.append(rest.partition(" ")[0])
        if method != "CONNECT":
            self.wfile.write(b"HTTP/1.1 405 Only CONNECT\r\nContent-Length: 0\r\n\r\n")
            return
        with socket.create_connection(("127.0.0.1", self.server.target)) as other:
            self.wfile.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            copy(self.connection, other)


def copy(one, two):
    """Both ways, until either ends."""
    peer = {one: two, two: one}
    while True:
        for ready in select.select([one, two], [], [], 120)[0]:
            data = ready.recv(65536)
            if not data:
                return
            peer[ready].sendall(data)
