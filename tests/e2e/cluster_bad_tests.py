# SPDX-License-Identifier: Apache-2.0
"""What goes wrong with a cluster, as a person meets it: wrong addresses, other programs, servers that are slow, full, or live in another
time. What is said must help, nothing may be lost, and collecting goes on."""
import contextlib
import json
import os
import re
import socket
import subprocess
import threading
import time

import lake
from cluster_collect_tests import Reading, ends, until
from cluster_ship_tests import Sent
from clusters import Clustered, Fake, Lone, need, servers
from lake import clustered, slow
from shipping import Wire

LOOKS_LIKE = ["the address of a server is http://HOST:8123"]
PORT = ["port for HTTP", "8123"]
ADDRESSES = [  # what is given, what is said; what was given is repeated, but where it may hold a password
    ("ftp://x", ["^pugmark: ftp://x: ", *LOOKS_LIKE]),
    ("ch1:8123", ["^pugmark: ch1:8123: ", *LOOKS_LIKE]),
    ("clickhouse://127.0.0.1:9000", LOOKS_LIKE),
    ("http://", LOOKS_LIKE), ("http://:8123", LOOKS_LIKE), ("http:///x", LOOKS_LIKE),
    ("http://127.0.0.1:99999", ["http://127.0.0.1:99999", *LOOKS_LIKE]),
    ("http://127.0.0.1:abc", LOOKS_LIKE), ("http://127.0.0.1:", LOOKS_LIKE), ("http://[::1:8123", LOOKS_LIKE), ("http://127.0.0.1:0", LOOKS_LIKE),
    ("http://ada:secret@127.0.0.1:1", [*LOOKS_LIKE, "without a user"]),
    ("http://no-such-host.invalid:8123", ["no-such-host.invalid:8123", "name was not found"]),
    ("http://[::1]:1", ["nobody listens|no way|cannot be reached"]),
    ("", ["address of a server is missing"]),
]


def says(result, *words):
    text = result.out.decode()
    for word in words:
        assert word in text, f"{word!r} is not said: {text}"
    return text


def test_wrong_addresses_are_told(folder):
    one = Clustered(folder)
    for url, said in ADDRESSES:
        result = one.init(url, expect=None)
        assert result.status in (1, 2), (url, result)
        lake.says(result, *said)
        assert "secret" not in result.err and result.seconds < 20, result
    lake.says(one.cluster("status", expect=1), "no cluster is set")


@contextlib.contextmanager
def speaking(words):
    """A port that says so at once, whatever is asked."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        def answer():
            with contextlib.suppress(OSError):
                while True:
                    client, _ = listener.accept()
                    with client, contextlib.suppress(OSError):
                        client.sendall(words)
                        client.settimeout(1)
                        client.recv(65536)
        threading.Thread(target=answer, daemon=True).start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        listener.shutdown(socket.SHUT_RDWR)


def test_other_programs_are_told(folder):
    need()
    one = Clustered(folder)
    for words, said in ((b"SSH-2.0-OpenSSH_9.2p1\r\n", ["does not speak HTTP", *PORT]), (b"220 mail.example.com ESMTP\r\n", ["does not speak HTTP", *PORT]),
                        (b"", ["closed without a reply", *PORT])):
        with speaking(words) as url:
            lake.says(one.init(url, expect=1), url.split("//")[1], *said)
    for status, body, code, said in ((302, b"", 2, ["HTTP 302", *PORT]), (400, b"what?\r\n", 2, [r"HTTP 400: what\?;", *PORT]),
                                     (502, b"<h1>Bad gateway", 1, ["HTTP 502", "behind that proxy"]),
                                     (401, b"who are you", 1, ["check user and password", "cluster init --user"]),
                                     (200, b'{"tagline":"You Know, for Search"}', 1, ["is it ClickHouse"])):
        with Fake(status, body) as page:
            lake.says(one.init(page.url, expect=code), re.escape(page.url), *said)
    with Lone(folder) as server:
        lake.says(one.init(f"http://127.0.0.1:{server.native}", expect=2), "clickhouse-client", *PORT)
        lake.says(one.init(f"https://127.0.0.1:{server.http}", expect=1), "does not speak TLS|no connection within")


def test_another_view_of_events_is_left_alone(folder):
    with Lone(folder) as server:
        one = Sent(folder, server)
        server.ask("CREATE DATABASE pugmark")
        server.ask("CREATE VIEW pugmark.events AS SELECT 7 AS mine")
        assert "somebody else's" in one.init(server.url).out.decode()
        one.add()
        assert server.ask("SELECT mine FROM pugmark.events") == "7\n"
        server.ask("RENAME TABLE pugmark.events TO pugmark.theirs")
        assert "view events made" in one.cluster("init").out.decode()
        one.whole()


class Slow(Wire):
    """A port that answers `delay` seconds late; never, where what is sent has the `hangs` in it."""

    delay, hangs = 0, None

    def carry(self, client):
        server = socket.create_connection(("127.0.0.1", self.target))

        def back():
            with contextlib.suppress(OSError):
                while data := server.recv(65536):
                    time.sleep(self.delay)
                    client.sendall(data)
            with contextlib.suppress(OSError):
                client.shutdown(socket.SHUT_RDWR)
        threading.Thread(target=back, daemon=True).start()
        with contextlib.suppress(OSError):
            while data := client.recv(65536):
                if self.hangs and self.hangs in data:
                    time.sleep(300)
                server.sendall(data)
        with contextlib.suppress(OSError):
            server.shutdown(socket.SHUT_RDWR)


@slow
def test_a_cluster_that_is_slow_slows_nothing(folder):
    with Lone(folder) as server:
        wire = Slow(server.http)
        one = Reading(folder, server)
        one.init(f"http://127.0.0.1:{wire.port}")
        process = one.collecting()
        try:
            wire.delay = 2
            for n in (100, 110, 120):
                one.put(n)
                until(lambda: one.stored() == one.events, 10, "collecting is slow: " + one.said())
            until(lambda: one.waiting() == 0, 120, "what is slow gets nothing: " + one.said())
            assert one.there() == one.events
            # So slow that it is given up, and asked again ever more rarely.
            wire.delay = 15
            for n in (130, 140):
                one.put(n)
                until(lambda: one.stored() == one.events, 10, "collecting is slow: " + one.said())
            until(lambda: "nothing is lost" in one.said(), why=one.said())
            assert "within 10 s" in one.said() and "it is slow" in one.said(), one.said()
            assert one.state(expect=None)["waiting"]["rows"] > 0
            wire.delay = 0
            until(one.sent, 90, one.said())
        finally:
            ends(process, one)
        one.whole()


@slow
def test_an_import_does_not_wait_for_what_hangs(folder):
    """Half a minute for a block and as long for the answer; then it ends well, and the next one settles what is in doubt. Another server is not
    sent the same: the first may have it."""
    with Lone(folder) as server:
        wire = Slow(server.http)
        one = Sent(folder, server)
        one.init(f"http://127.0.0.1:{wire.port}", server.url)
        wire.hangs = b"query=INSERT"
        result = one.add()
        assert result.status == 0 and result.seconds < 80, result
        assert "2,000 events wait to be sent" in result.err and "safe here" in result.err, result.err
        wire.hangs = None
        assert b"sent 4,000 events" in one.add().out
        one.whole()


# ---- shards and replicas ----


def small_disks(nodes, mounted):
    for node in nodes:
        path = os.path.join(node.folder, "data")
        os.makedirs(path, exist_ok=True)
        if os.geteuid() or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=48m", "tmpfs", path], stderr=subprocess.DEVNULL, check=False).returncode:
            raise lake.Skip("no disk of a size of its own may be mounted here")
        mounted.append(path)


def fill_up(path):
    with open(os.path.join(path, "filler"), "wb") as file, contextlib.suppress(OSError):
        while True:
            file.write(b"x" * 65536)
            file.flush()


@clustered
def test_a_full_disk_on_one_shard(folder):
    need()
    mounted = []
    cluster = servers.Cluster(os.path.join(folder, "cluster"))
    try:
        small_disks(cluster.nodes[1], mounted)
        with cluster:
            one = Sent(folder, cluster.servers[0])
            one.init(*cluster.urls, name=cluster.name)
            one.add(500)
            for path in mounted:
                fill_up(path)
            for _ in range(2):
                result = one.add(3000)
                assert result.status == 0, result
                lake.says(result, "wait to be sent to the cluster", "safe here", "No space left", "make room on the disk of that server", f"127.0.0.1:({'|'.join(str(n.native) for n in cluster.nodes[1])})")
            assert one.waiting() > 0
            says(one.cluster("status"), "still to be sent: 6,000 rows", "sending failed", "make room")
            for path in mounted:
                os.unlink(os.path.join(path, "filler"))
            one.cluster("load")
            cluster.settle()
            one.whole()
    finally:
        for path in mounted:
            subprocess.run(["umount", "-l", path], check=False)


SKEW = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>
static long skew(void) { const char *by = getenv("SKEW"); return by ? atol(by) : 0; }
int clock_gettime(clockid_t id, struct timespec *at)
{
	static int (*real)(clockid_t, struct timespec *);
	if (!real) real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
	int rc = real(id, at);
	if (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE) at->tv_sec += skew();
	return rc;
}
time_t time(time_t *at) { struct timespec t; clock_gettime(CLOCK_REALTIME, &t); if (at) *at = t.tv_sec; return t.tv_sec; }
int gettimeofday(struct timeval *restrict at, void *restrict zone)
{
	struct timespec t; (void)zone; clock_gettime(CLOCK_REALTIME, &t);
	at->tv_sec = t.tv_sec; at->tv_usec = t.tv_nsec / 1000; return 0;
}
"""
HOURS = [26, -30, 0, 3]  # how wrong each server's clock is
YEAR = 24 * 400


class Skewed(servers.Cluster):
    """Every server has a clock of its own."""

    def __init__(self, folder, hours):
        super().__init__(folder)
        self.hours = hours

    def start(self):
        where = os.path.dirname(self.zoo.folder)
        lake.write(os.path.join(where, "skew.c"), SKEW.encode())
        library = os.path.join(where, "skew.so")
        made = subprocess.run(["cc", "-shared", "-fPIC", "-o", library, os.path.join(where, "skew.c"), "-ldl"], check=False)
        if made.returncode:
            raise lake.Skip("no compiler")
        self.zoo.start()
        for node, hours in zip(self.servers, self.hours):
            os.environ.update(LD_PRELOAD=library, SKEW=str(hours * 3600))
            try:
                node.launch()
            finally:
                del os.environ["LD_PRELOAD"], os.environ["SKEW"]
        for node in self.servers:
            self.meet(node)


@clustered
def test_clocks_that_differ_change_nothing(folder):
    """Each server lives in another time: what is sent is there once, found by its own time, and compares equal."""
    need()
    with Skewed(os.path.join(folder, "cluster"), HOURS) as cluster:
        now = [int(node.ask("SELECT toUnixTimestamp(now())")) for node in cluster.servers]
        assert [round((at - time.time()) / 3600) for at in now] == HOURS, now
        one = Sent(folder, cluster.servers[0])
        one.init(*cluster.urls, name=cluster.name)
        for kill in (None, 0.5, None, 0.8):
            one.add(1500, kill_after=kill)
        one.cluster("load")
        cluster.settle()
        one.whole()
        for since in ("-240d", "-300d", "-3000d"):
            here, there = (json.loads(one.run("search", "--count", "--json", "--since", since, *more, "--key-file", one.key, "*").out)["matched"]
                           for more in (["--lake"], []))
            assert here == there, (since, here, there)
        assert here == sum(one.tables().values())
        state = one.state()
        assert state["waiting"]["rows"] == 0 and [s["replicas_up"] for s in state["shards"]] == [2, 2], state
        assert [round(s["clock_ahead_s"] / 3600) for s in state["servers"]] == HOURS, state
        text = says(one.cluster("status"), "its clock is 26 hours ahead of this machine's", "30 hours behind", "3 hours ahead")
        assert text.count("its clock") == 3, text


@clustered
def test_a_clock_that_is_far_ahead_is_told(folder):
    """A server that is days ahead cleans away what the others are to do."""
    need()
    with Skewed(os.path.join(folder, "cluster"), [0, 0, 0, YEAR]) as cluster:
        one = Clustered(folder)
        lake.says(one.init(*cluster.urls, name=cluster.name, expect=None), "clocks of all servers agree")
