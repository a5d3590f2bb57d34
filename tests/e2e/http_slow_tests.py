# SPDX-License-Identifier: Apache-2.0
"""The API with clients that are slow, that go, and that are many."""
import contextlib
import http.client
import io
import json
import os
import re
import socket
import threading
import time

import lake
from http_tests import Api, a_lake, memory_of
from lake import joined, slow, write


def threads_of(pid):
    """Processor seconds so far."""
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@slow
def test_a_search_ends_when_its_client_goes(folder):
    one = a_lake(folder, 60000)
    for _ in range(3):
        one.load("--table", "jira", "--source", f"s{_}", "--instance", f"i{_}", os.path.join(folder, "jira"))
    with Api(one) as api:
        head = (f"GET /api/v1/search?limit=10000000 HTTP/1.1\r\nHost: 127.0.0.1:{api.port}\r\nAccept: application/x-ndjson\r\n"
                f"Authorization: Bearer {api.tokens['viewer']}\r\n\r\n").encode()
        # More than there are workers: each reads a little and goes.
        for _ in range(12):
            with socket.create_connection(("127.0.0.1", api.port), timeout=20) as link:
                link.sendall(head)
                assert link.recv(1000).startswith(b"HTTP/1.1 200")
        began = time.monotonic()
        assert api.ask("GET", "/api/v1/status")[0] == 200
        assert time.monotonic() - began < 5, "those who went hold the workers"
        # One that does not read holds a bounded buffer, not the answer.
        rss = memory_of(api.process.pid)
        links = [socket.create_connection(("127.0.0.1", api.port), timeout=20) for _ in range(3)]
        for link in links:
            link.sendall(head)
        time.sleep(3)
        assert api.ask("GET", "/api/v1/status")[0] == 200
        assert lake.SANITIZED or memory_of(api.process.pid) < rss + 400, memory_of(api.process.pid)
        for link in links:
            link.close()
        time.sleep(1)
        used = threads_of(api.process.pid)
        time.sleep(2)
        assert threads_of(api.process.pid) - used < 0.5, "it goes on for nobody"


@slow
def test_slow_clients_are_cut_off_and_harm_nobody(folder):
    one = a_lake(folder, 500)
    with Api(one) as api:
        host = f"Host: 127.0.0.1:{api.port}\r\nAuthorization: Bearer {api.tokens['viewer']}\r\n".encode()
        begins = [b"GET /api/v1/status HTTP/1.1\r\nHost: x", b"POST /api/v1/ioc/search HTTP/1.1\r\n" + host + b"Content-Length: 1000\r\n\r\n1.2.", b""]
        links = [socket.create_connection(("127.0.0.1", api.port), timeout=5) for _ in range(60)]
        began = time.monotonic()
        for i, link in enumerate(links):
            link.sendall(begins[i % 3])
        open_links = list(links)
        worst = 0
        while open_links and time.monotonic() - began < 60:
            for i, link in enumerate(list(open_links)):
                try:
                    if links.index(link) % 3 != 2:
                        link.send(b"a")
                    link.setblocking(False)
                    if link.recv(100) == b"":
                        open_links.remove(link)
                except BlockingIOError:
                    pass
                except OSError:
                    open_links.remove(link)
            asked = time.monotonic()
            api.get("/api/v1/search?limit=10")
            worst = max(worst, time.monotonic() - asked)
            time.sleep(0.5)
        assert not open_links, f"{len(open_links)} of 60 are still open after a minute"
        assert worst < 5, f"a search took {worst:.1f} s meanwhile"
        for link in links:
            link.close()


class Slow(threading.Thread):
    """Clients that send, or take, a byte a second, until they are told to go on as others do."""

    def __init__(self, api, writers, readers, path):
        super().__init__()
        self.stop = threading.Event()
        self.head = (f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{api.port}\r\nAuthorization: Bearer {api.tokens['viewer']}\r\nConnection: close\r\n\r\n").encode()
        self.writers = [[self.open(api), 0] for _ in range(writers)]
        self.readers = [[self.open(api), b""] for _ in range(readers)]
        for one in self.readers:
            one[0].sendall(self.head)
            one[1] = one[0].recv(1)

    @staticmethod
    def open(api):
        link = socket.socket()
        link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        link.settimeout(60)
        link.connect(("127.0.0.1", api.port))
        return link

    def run(self):
        while not self.stop.wait(1):
            for one in self.writers:
                one[0].sendall(self.head[one[1]:one[1] + 1])
                one[1] += 1
            for one in self.readers:
                one[1] += one[0].recv(1)

    def answers(self):
        """All of them, whole."""
        self.stop.set()
        self.join()
        for link, got in [*self.readers, *self.writers]:
            link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
            if isinstance(got, int):
                link.sendall(self.head[got:])
                got = b""
            with link:
                while part := link.recv(1 << 20):
                    got += part
            reply = http.client.HTTPResponse(Said(got))
            reply.begin()
            yield reply.status, reply.read()


class Said:
    """What http.client takes for a socket."""

    def __init__(self, data):
        self.data = data

    def makefile(self, _):
        return io.BytesIO(self.data)


def long_answers(api, n):
    """Connections whose answer, longer than any buffer, nobody reads."""
    links = []
    for _ in range(n):
        links.append(Slow.open(api))
        links[-1].sendall(f"GET /api/v1/search?table=jira&limit=1000000 HTTP/1.1\r\nHost: 127.0.0.1:{api.port}\r\nAccept: application/x-ndjson\r\n"
                          f"Authorization: Bearer {api.tokens['viewer']}\r\n\r\n".encode())
        assert links[-1].recv(1) == b"H"
    return links


@slow
def test_readers_who_take_nothing_give_way_to_those_who_wait(folder):
    one = a_lake(folder, 30000)
    with Api(one) as api:
        links = long_answers(api, 4)  # as many as there are workers
        try:
            for _ in range(3):
                began = time.monotonic()
                assert len(api.get("/api/v1/search?limit=5")["events"]) == 5
                assert time.monotonic() - began < (30 if lake.SANITIZED else 8), "it waits for those who do not read"
            # The one that was broken off ends without the end of its chunks; the others are still there.
            ends = []
            for link in links:
                got = b""
                with contextlib.suppress(ConnectionError):
                    while part := link.recv(1 << 20):
                        got = got[-100:] + part
                        if got.endswith(b"0\r\n\r\n"):
                            break
                ends.append(got.endswith(b"0\r\n\r\n") and b'"summary"' in got)
            assert ends.count(False) in (1, 2, 3, 4) and ends.count(True) == 4 - ends.count(False), ends
        finally:
            for link in links:
                link.close()


@slow
def test_a_thousand_idle_connections_and_slow_ones_while_importing(folder):
    one = a_lake(folder, 30000)
    events = 60000
    lines, _, _ = lake.generate(os.path.join(folder, "more.ndjson"), "confluence", events)
    more = write(os.path.join(folder, "more"), joined(lines))
    with Api(one) as api:
        links = [socket.create_connection(("127.0.0.1", api.port), timeout=20) for _ in range(1000)]
        slow_ones = Slow(api, 100, 100, "/api/v1/search?table=jira&limit=500")
        slow_ones.start()
        links += long_answers(api, 3)
        try:
            thread = threading.Thread(target=lambda: one.load("--table", "confluence", more))
            thread.start()
            asked, worst = 0, 0
            while thread.is_alive() or asked < 25:
                began = time.monotonic()
                api.get("/api/v1/search?limit=5&count=1")
                worst = max(worst, time.monotonic() - began)
                asked += 1
                time.sleep(0.1)
            thread.join()
            assert worst < (10 if lake.SANITIZED else 1), f"a search took {worst:.1f} s meanwhile"
            assert api.get("/api/v1/search?table=confluence&count=1&limit=0")["matched"] == events
            body = api.ask("GET", "/metrics")[2].decode()
            assert int(re.search(r"pugmark_http_connections (\d+)", body).group(1)) >= 1100, body
            assert lake.SANITIZED or memory_of(api.process.pid) < 300, memory_of(api.process.pid)
            answers = list(slow_ones.answers())
            assert len(answers) == 200
            for status, body in answers:
                assert status == 200 and len(json.loads(body)["events"]) == 500, (status, body[:300])
        finally:
            slow_ones.stop.set()
            for link in links:
                link.close()


@slow
def test_many_at_once_are_answered_or_told_to_wait(folder):
    one = a_lake(folder, 2000)
    with Api(one) as api:
        got = []

        def one_client():
            for _ in range(8):
                status, headers, body = api.ask("GET", "/api/v1/search?limit=50&facet=actor", role="viewer")
                got.append(status)
                if status == 503:
                    assert headers["Retry-After"]
                else:
                    assert len(json.loads(body)["events"]) == 50

        threads = [threading.Thread(target=one_client) for _ in range(40)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(got) == 320 and set(got) <= {200, 503} and got.count(200) > 200, got
