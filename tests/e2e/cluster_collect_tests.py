# SPDX-License-Identifier: Apache-2.0
"""`pugmark collect` that goes on sends what comes to a real ClickHouse by itself; a cluster that is away, frozen or set later
neither stops nor slows it; nothing is left behind when it ends."""
import os
import signal
import subprocess
import time

import lake
from cluster_ship_tests import Sent
from clusters import Lone

SOON = 60


def until(what, seconds=SOON, why="it did not come to that"):
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, why
        time.sleep(0.2)


class Reading(Sent):
    """A lake that reads a folder once a second."""

    def __init__(self, folder, server):
        super().__init__(folder, server)
        self.inbox = os.path.join(folder, "inbox")
        os.mkdir(self.inbox)
        result = self.run("connect", "folder", "--table", "jira", "--path", self.inbox, "--allow-empty", "--interval", "1s", "--name", "inbox",
                          "--key-file", self.key)
        assert result.status == 0, result.err

    def put(self, n):
        """A file of new events."""
        self.number += 1
        path = os.path.join(self.folder, f"{self.number}.ndjson")
        lake.generate(path, "jira", n, "--seed", self.number)
        self.events += n
        os.rename(path, os.path.join(self.inbox, f"{self.number}.ndjson"))

    def collecting(self, *more):
        with open(os.path.join(self.folder, "collect.log"), "ab") as log:
            return subprocess.Popen([lake.PUGMARK, "collect", "inbox", "--data", self.data, "--key-file", self.key, *more],
                                    stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def said(self):
        with open(os.path.join(self.folder, "collect.log"), encoding="utf-8") as log:
            return log.read()

    def stored(self):
        return sum(self.tables().values())

    def sent(self):
        """All that it has read is there, and noted as sent."""
        return self.stored() == self.events == self.there() and not self.waiting()

    def there(self):
        return int(self.server.ask("SELECT count() FROM pugmark.jira_audit_logs"))


def senders(one):
    """The processes that send from this lake."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                words = file.read().split(b"\0")
        except OSError:
            continue
        if one.data.encode() in words and b"load" in words:
            found.append(int(pid))
    return found


def ends(process, one, how=signal.SIGTERM):
    began = time.monotonic()
    process.send_signal(how)
    assert process.wait(30) in (0, 130), one.said()
    assert time.monotonic() - began < 10, "it ends late"
    assert not senders(one), "a process was left behind"


def test_what_is_collected_is_sent_meanwhile(folder):
    with Lone(folder) as server:
        one = Reading(folder, server)
        one.init(server.url)
        process = one.collecting()
        try:
            for n in (300, 200):
                one.put(n)
                until(one.sent, why=f"it is not sent: {one.said()}")
            assert len(senders(one)) == 1, senders(one)
        finally:
            ends(process, one)
        one.whole()
        # Who ends badly leaves nobody behind, and what came last goes with the next one.
        process = one.collecting()
        until(lambda: senders(one), why=one.said())
        process.kill()
        process.wait()
        until(lambda: not senders(one), why="its child goes on without it")
        one.put(100)
        process = one.collecting()
        try:
            until(one.sent, why=one.said())
        finally:
            ends(process, one, signal.SIGINT)
        one.whole()


def test_a_cluster_that_is_away_or_hangs_holds_up_nothing(folder):
    with Lone(folder) as server:
        one = Reading(folder, server)
        one.init(server.url)
        process = one.collecting()
        try:
            one.put(100)
            until(one.sent, why=one.said())
            server.kill()
            for n in (110, 120):
                began = time.monotonic()
                one.put(n)
                until(lambda: one.stored() == one.events, 20, one.said())
                assert time.monotonic() - began < 15, "collecting is slow"
            until(lambda: "nothing is lost" in one.said(), why=one.said())
            server.start()
            until(one.sent, why=one.said())
            # It takes connections and answers nothing.
            server.freeze()
            for n in (130, 140):
                one.put(n)
                until(lambda: one.stored() == one.events, 20, one.said())
                time.sleep(4)  # so that it is sending by now
        finally:
            ends(process, one)
            server.thaw()
        one.cluster("load")
        one.whole()


def test_a_cluster_that_is_set_later_is_found(folder):
    with Lone(folder) as server:
        one = Reading(folder, server)
        process = one.collecting()
        try:
            one.put(100)
            until(lambda: one.stored() == 100, why=one.said())
            assert not senders(one)
            one.init(server.url)
            until(lambda: one.there() == 100, why=one.said())
            one.cluster("off", "--yes")
            until(lambda: not senders(one), why="it is sent on")
        finally:
            ends(process, one)


def test_no_send_sends_nothing(folder):
    with Lone(folder) as server:
        one = Reading(folder, server)
        one.init(server.url)
        one.put(50)
        result = one.run("collect", "--once", "--no-send", "inbox", "--key-file", one.key)
        assert result.status == 0 and one.stored() == 50 and one.there() == 0, result
        process = one.collecting("--no-send")
        try:
            one.put(60)
            until(lambda: one.stored() == 110, why=one.said())
            assert not senders(one) and one.there() == 0
        finally:
            ends(process, one)
        # A service has one process that sends, however many sources there are.
        with open(os.path.join(folder, "serve.log"), "wb") as log:
            service = subprocess.Popen([lake.PUGMARK, "serve", "--no-http", "--data", one.data, "--key-file", one.key], stdout=log, stderr=log)
        try:
            until(one.sent)
            assert len(senders(one)) == 1, senders(one)
        finally:
            ends(service, one)
        one.whole()
