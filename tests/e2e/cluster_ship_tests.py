# SPDX-License-Identifier: Apache-2.0
"""What is imported reaches a real ClickHouse exactly once: through kill -9 at any moment, lost replies, cut and slow connections, servers
that die, are full, or refuse; and `cluster load` proves it by counts and checksums."""
import json
import os
import random
import select
import signal
import shutil
import socket
import sqlite3
import subprocess
import time

import lake
from clusters import Clustered, Current, Lone, servers
from lake import clustered, slow
from shipping import Wire

KINDS = ["jira", "bitbucket", "confluence"]
RUNS = 60 if lake.LONG else 6


class Sent(Clustered):
    """A lake whose events go to `server`."""

    def __init__(self, folder, server, name="data"):
        super().__init__(folder, name)
        self.folder, self.server, self.number, self.events = folder, server, 0, 0

    def add(self, n=2000, kind=None, **how):
        """Imports new events."""
        self.number += 1
        path = os.path.join(self.folder, f"{os.path.basename(self.data)}-{self.number}.log")
        table = kind or KINDS[self.number % len(KINDS)]
        made = lake.run([lake.GENERATE, "--table", table, "--events", str(n), "--seed", str(self.number), "--days", "100",
                         "--observables", "500", "-o", path])
        assert made.status == 0, made.err
        self.events += n
        return self.run("import", "--no-detect", "--key-file", self.key, path, **how)

    def check(self, expect=0):
        return self.cluster("load", "--check", "--json", expect=expect)

    def tables(self):
        with sqlite3.connect(os.path.join(self.data, "catalog.db")) as db:
            return dict(db.execute("SELECT t.name, sum(s.rows) FROM segments s JOIN tables t ON t.id = s.table_id GROUP BY 1"))

    def waiting(self):
        with sqlite3.connect(os.path.join(self.data, "catalog.db")) as db:
            (n,) = db.execute("SELECT count(*) FROM segments s LEFT JOIN cluster_segments x ON x.segment_id = s.id "
                              "LEFT JOIN cluster_shipments h ON h.id = x.shipment_id WHERE x.segment_id IS NULL OR h.sent_at = 0").fetchone()
            return n

    def whole(self, mended=False):
        """All is there, nothing twice, each as it is here, and its observables."""
        assert self.waiting() == 0, f"{self.waiting()} segments wait"
        found = json.loads(self.check().out)
        assert found["differ"] == 0 and found["whole"], found
        counts = self.tables()
        assert sum(day["here"] for day in found["days"]) == sum(counts.values()), found
        with sqlite3.connect(os.path.join(self.data, "catalog.db")) as db:
            (collector,) = db.execute("SELECT collector FROM cluster").fetchone()
        mine = f"WHERE _collector = '{collector}'"
        for table, n in counts.items():
            there = self.server.rows(f"SELECT count(), uniqExact(_id) FROM pugmark.{table} {mine}")
            assert there == [[str(n)] * 2], f"{table}: {there}, not {n}"
            shipments = self.server.rows(f"SELECT DISTINCT _shipment FROM pugmark.{table} {mine} ORDER BY _shipment")
            seen = self.server.rows(f"SELECT DISTINCT _shipment FROM pugmark.observables {mine} AND table_name = '{table}' ORDER BY _shipment")
            assert seen == shipments or (mended and all(s in seen for s in shipments)), f"{table}: observables of {seen}, events of {shipments}"
        twice = self.server.ask(f"SELECT count(), uniqExact(tuple(kind, key, _shipment)) FROM pugmark.observables {mine}").split()
        assert twice[0] == twice[1] != "0", twice


def test_what_is_imported_is_sent(folder):
    with Lone(folder) as server:
        one = Sent(folder, server)
        first = one.add()
        assert first.status == 0 and b"cluster" not in first.out, first
        one.init(server.url)
        said = one.add()
        assert said.status == 0 and b"sent 4,000 events to the cluster" in said.out, said.out
        one.whole()
        # Nothing new: nothing is sent.
        again = one.run("import", "--no-detect", os.path.join(folder, "data-1.log"))
        assert b"to the cluster" not in again.out and again.err.count("wait") == 0, again
        said = one.cluster("load").out.decode()
        assert "sent 0 events" in said and "all 4,000 events that were sent are there, each as it is here" in said, said
        # Whoever shares the cluster is told apart.
        two = Sent(folder, server, "other")
        two.number = 50
        two.init(server.url)
        two.add()
        two.whole()
        one.whole()


def test_a_difference_is_found_and_mended(folder):
    with Lone(folder) as server:
        one = Sent(folder, server)
        one.init(server.url)
        one.add(kind="jira")
        day, low, key = server.rows("SELECT toDate(event_time) AS d, toUnixTimestamp(toDateTime(d, 'UTC')), hex(max(_id)) FROM pugmark.jira_audit_logs "
                                    "GROUP BY d ORDER BY count() DESC LIMIT 1")[0]
        addresses = sorted({row["ip"] for row in json.loads(
            one.run("search", "--table", "jira", "ip:*", "--since", day, "--until", f"{day}T23:59:59.999Z", "--lake", "--format", "json",
                    "--limit", "50").out)["events"]})

        def seen():
            """The events of that day's addresses."""
            result = one.run("ioc", "search", "--events", "--format", "ndjson", "--key-file", one.key, *addresses)
            assert result.status == 0, result.err
            return sorted(result.out.splitlines())

        before = seen()
        assert addresses and len(before) >= len(addresses), before
        within = f"_time >= {low} * 1000000 AND _time < ({low} + 86400) * 1000000"
        # One value of one row; then a row too many; then one too few.
        for damage in (f"UPDATE actor = 'mallory' WHERE {within} AND hex(_id) = '{key}'", None, f"DELETE WHERE {within} AND hex(_id) = '{key}'"):
            if damage:
                server.ask(f"ALTER TABLE pugmark.jira_audit_logs {damage}")
                while server.ask("SELECT count() FROM system.mutations WHERE NOT is_done") != "0\n":
                    time.sleep(0.1)
            else:
                server.ask(f"INSERT INTO pugmark.jira_audit_logs SELECT * FROM pugmark.jira_audit_logs WHERE {within} LIMIT 1")
            found = json.loads(one.check(expect=1).out)
            assert [(d["day"], d["state"]) for d in found["days"] if d["state"] != "equal"] == [(day, "differs")], found
            result = one.cluster("load", expect=1)
            assert f"load --again {day}" in result.err and "DIFFERS" in result.out.decode(), result
            one.cluster("load", "--again", day)
            one.whole(mended=True)
            assert seen() == before, "events that came again are not found by what is in them"
        server.ask("ALTER TABLE pugmark.observables DELETE WHERE kind < 5")
        one.cluster("load", "--again", "all")
        one.whole()
        for words, said in ((["--again", "yesterday"], "write a day"), (["--again", "all", "--check"], "one of both")):
            result = one.cluster("load", *words, expect=2)
            assert said in result.err, result.err


def load_killed(one, rng, most):
    result = one.cluster("load", expect=None, kill_after=rng.random() * most)
    assert result.status in (0, -9), result


@slow
def test_load_killed_at_any_moment(folder):
    with Lone(folder) as server:
        for seed in range(RUNS):
            rng = random.Random(seed)
            one = Sent(folder, server, f"data{seed}")
            one.number = seed * 100
            for _ in range(6):
                one.add(1500)
            one.init(server.url)
            for _ in range(8):
                load_killed(one, rng, 0.6)
            one.cluster("load")
            one.whole()


@slow
def test_import_killed_at_any_moment(folder):
    with Lone(folder) as server:
        one = Sent(folder, server)
        one.init(server.url)
        for seed in range(RUNS * 4):
            rng = random.Random(1000 + seed)
            one.add(1500, kill_after=rng.random() * 0.7)
        one.cluster("load")
        one.whole()


class Fate(Wire):
    """What becomes of an INSERT: passed, its reply lost, the connection cut within it, or late."""

    def __init__(self, port, seed, fates=("pass", "lose", "cut", "late")):
        self.rng, self.fates, self.met = random.Random(seed), fates, []
        super().__init__(port)

    def carry(self, client):
        server = socket.create_connection(("127.0.0.1", self.target))
        fate, left = None, 0
        try:
            while True:
                for end in select.select([client, server], [], [])[0]:
                    data = end.recv(65536)
                    if not data:
                        return
                    if end is client and data.startswith(b"POST /"):
                        fate = self.rng.choice(self.fates) if b"query=INSERT" in data[:20000] else None
                        self.met.append(fate)
                        left = self.rng.randrange(60000)
                    if end is client and fate == "cut":
                        server.sendall(data[:left])
                        left -= len(data[:left])
                        if left <= 0:
                            return
                        continue
                    if end is server and fate == "lose":
                        return
                    if end is server and fate == "late":
                        time.sleep(0.3)
                    (server if end is client else client).sendall(data)
        except OSError:
            pass
        finally:
            client.close()
            server.close()


@slow
def test_replies_are_lost_and_connections_cut(folder):
    with Lone(folder) as server:
        for seed in range(RUNS // 2):
            wire = Fate(server.http, seed)
            one = Sent(folder, server, f"data{seed}")
            one.number = seed * 100
            one.init(f"http://127.0.0.1:{wire.port}")
            for _ in range(5):
                one.add(1500)
            for _ in range(30):
                result = one.cluster("load", expect=None)
                if result.status == 0:
                    break
                assert result.status == 1, result
            one.whole()
            assert {"lose", "cut"} <= set(wire.met), wire.met


def test_the_cluster_is_away_and_comes_back(folder):
    with Lone(folder) as server:
        one = Sent(folder, server)
        one.init(server.url)
        one.add()
        server.kill()
        for _ in range(3):
            result = one.add()
            assert result.status == 0, result
            assert "wait to be sent to the cluster" in result.err and "safe here" in result.err, result.err
        assert "6,000 events wait" in result.err, result.err
        assert one.waiting() >= 3
        with sqlite3.connect(os.path.join(one.data, "catalog.db")) as db:
            assert db.execute("SELECT failed_at > 0 AND error <> '' FROM cluster").fetchone() == (1,)
        # What waits is compacted without a loss, and apart from what was sent.
        for _ in range(8):
            one.add(200, "jira")
        assert one.run("compact").status == 0
        server.start()
        said = one.add()
        assert b"sent 9,600 events to the cluster" in said.out, said
        one.whole()
        with sqlite3.connect(os.path.join(one.data, "catalog.db")) as db:
            assert db.execute("SELECT failed_at, error FROM cluster").fetchone() == (0, "")
        assert one.run("compact").status == 0
        one.whole()
        assert "sent 0 events" in one.cluster("load").out.decode()


@slow
def test_the_server_dies_in_the_middle(folder):
    with Lone(folder) as server:
        one = Sent(folder, server)
        one.init(server.url)
        for seed in range(RUNS):
            rng = random.Random(seed)
            server.kill()
            for _ in range(4):
                one.add(3000)
            server.start()
            loading = subprocess.Popen([lake.PUGMARK, "cluster", "load", "--data", one.data, "--key-file", one.key],
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(rng.random() * 0.5)
            server.kill()
            loading.wait(120)
            server.start()
            one.cluster("load")
            one.whole()


def test_a_frozen_server_is_no_second_copy(folder):
    """The INSERT is with the server when this side has gone; it is done later. It is waited for, and not sent twice."""
    with Lone(folder) as server:
        one = Sent(folder, server)
        one.init(server.url)
        for n in (1000, 20, 20, 20):  # 20 lie in the socket as a whole
            server.freeze()
            one.add(n, "jira", kill_after=1.5)
            server.thaw()
            one.cluster("load")
            one.whole()


def test_wrong_password_in_the_middle(folder):
    with Lone(folder) as server:
        one = Sent(folder, server)
        right = lake.write(os.path.join(folder, "right"), servers.PASSWORD.encode() + b"\n")
        one.init(server.url, more=["--user", servers.USER, "--password-file", right])
        one.add()
        one.cluster("load")
        users = os.path.join(server.folder, "users.xml")
        text = open(users, encoding="utf-8").read()

        def change(to, later):
            """The server looks for another second of the file's time."""
            servers.write(users, to)
            os.utime(users, (time.time() + later, time.time() + later))
        change(text.replace(servers.PASSWORD.replace("&", "&amp;"), "other"), 5)
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:  # read by the server within seconds
            one.add(100)
            result = one.cluster("load", expect=None)
            if result.status:
                break
            time.sleep(0.5)
        assert "check user and password" in result.err and servers.PASSWORD not in result.err, result.err
        change(text, 10)
        while one.cluster("load", expect=None).status:
            assert time.monotonic() < deadline + 30
            time.sleep(0.5)
        one.whole()


def test_a_full_disk_and_too_many_parts(folder):
    """A disk of 24 MB where this may be mounted; too many parts everywhere."""
    small = os.path.join(folder, "clickhouse", "data")
    os.makedirs(small)
    mounted = os.geteuid() == 0 and subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", small], stderr=subprocess.DEVNULL, check=False).returncode == 0
    try:
        with Lone(folder) as server:
            one = Sent(folder, server)
            one.init(server.url)
            one.add(500)
            if mounted:
                filler = os.path.join(small, "filler")
                with open(filler, "wb") as file:
                    try:
                        while True:
                            file.write(b"x" * 65536)
                            file.flush()
                    except OSError:
                        pass
                result = one.add(3000)
                assert result.status == 0 and "wait to be sent" in result.err, result
                os.unlink(filler)
                one.cluster("load")
                one.whole()
            server.ask("DETACH TABLE pugmark.jira_audit_logs")
            path = os.path.join(small, "metadata", "pugmark", "jira_audit_logs.sql")
            text = open(path, encoding="utf-8").read()
            servers.write(path, text.rstrip() + ", parts_to_throw_insert = 1, parts_to_delay_insert = 1\n")
            server.ask("ATTACH TABLE pugmark.jira_audit_logs")
            server.ask("SYSTEM STOP MERGES")
            one.add(300, "jira")
            result = one.add(300, "jira")
            assert result.status == 0 and "wait to be sent" in result.err and "252" in result.err, result.err
            server.ask("DETACH TABLE pugmark.jira_audit_logs")
            servers.write(path, text)
            server.ask("ATTACH TABLE pugmark.jira_audit_logs")
            one.cluster("load")
            one.whole()
    finally:
        if mounted:
            subprocess.run(["umount", "-l", small], check=False)


def test_a_rebuild_replaces_what_was_sent(folder):
    with Lone(folder) as server:
        one = Sent(folder, server)
        two = Sent(folder, server, "other")
        two.number = 70
        for lake_ in (one, two):
            lake_.init(server.url)
            lake_.add(kind="jira")
        said = one.run("rebuild", "jira")
        assert said.status == 0 and b"sent 2,000 events to the cluster" in said.out, said
        one.whole()
        # With the cluster away, later.
        server.kill()
        assert one.run("rebuild", "jira").status == 0
        server.start()
        assert "sent 2,000 events" in one.cluster("load").out.decode()
        one.whole()
        two.whole()


def test_retention_goes_ahead(folder):
    with Lone(folder) as server:
        one = Sent(folder, server)
        one.init(server.url)
        one.add(kind="jira")
        server.kill()
        one.add(kind="jira")
        with sqlite3.connect(os.path.join(one.data, "catalog.db")) as db:
            (newest,) = db.execute("SELECT max(max_time) FROM segments").fetchone()
        keep = int((time.time() - newest / 1e6) / 86400) + 40
        result = one.run("compact", "--keep", str(max(keep, 1)))
        assert result.status == 0 and "never sent" in result.err, result
        server.start()
        one.cluster("load")
        found = json.loads(one.check().out)
        assert found["differ"] == 0, found
        assert any(day["state"] == "dropped" for day in found["days"]), found
        assert all(day["here"] == day["there"] for day in found["days"] if day["state"] == "equal")


def test_a_restored_backup_sends_nothing_by_itself(folder):
    with Lone(folder) as server:
        one = Sent(folder, server)
        one.init(server.url)
        one.add(kind="jira")
        backup = os.path.join(folder, "backup")
        assert one.run("backup", backup).status == 0
        one.add(kind="jira")
        one.whole()
        shutil.rmtree(one.data)
        assert one.run("restore", backup).status == 0
        result = one.add(kind="jira")
        assert result.status == 0 and "restored from a backup" in result.err, result.err
        before = server.ask("SELECT count() FROM pugmark.jira_audit_logs")
        assert "restored from a backup" in one.cluster("load", expect=1).err
        assert "restored from a backup" in one.cluster("load", "--again", "2026-01-05", expect=1).err
        assert server.ask("SELECT count() FROM pugmark.jira_audit_logs") == before == "4000\n"
        one.cluster("load", "--again", "all")
        one.whole()


def test_serve_sends_what_comes(folder):
    with Lone(folder) as server:
        one = Sent(folder, server)
        one.init(server.url)
        serving = subprocess.Popen([lake.PUGMARK, "serve", "--no-http", "--data", one.data, "--key-file", one.key],
                                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        try:
            path = os.path.join(folder, "x.log")
            lake.generate(path, "jira", 500)
            end = time.monotonic() + 60
            # An import that finds the service sending leaves it to it; either way all is there soon.
            assert one.run("import", "--no-detect", path).status == 0
            while server.ask("SELECT count() FROM pugmark.jira_audit_logs") != "500\n":
                assert time.monotonic() < end, "the service sends nothing"
                time.sleep(0.2)
            server.kill()
            result = one.add()
            assert result.status == 0, result
            server.start()
            while one.waiting():
                assert time.monotonic() < end + 30, "the service does not go on"
                time.sleep(0.3)
        finally:
            serving.send_signal(signal.SIGTERM)
            serving.wait(60)
        one.whole()


def test_ctrl_c_stops_and_load_goes_on(folder):
    with Lone(folder) as server:
        one = Sent(folder, server)
        for _ in range(6):
            one.add(4000)
        one.init(server.url)
        result = one.cluster("load", expect=None, signal_after=0.15)
        assert result.status in (0, 1, 130), result
        one.cluster("load")
        one.whole()


def test_a_table_that_is_new_is_made(folder):
    with Lone(folder) as server:
        one = Sent(folder, server)
        one.init(server.url)
        server.ask("DROP TABLE pugmark.jira_audit_logs")
        said = one.add(kind="jira")
        assert b"sent 2,000 events" in said.out, said
        one.whole()


def test_another_database_gets_all(folder):
    with Lone(folder) as server:
        one = Sent(folder, server)
        one.init(server.url)
        one.add(kind="jira")
        one.init(server.url, more=["--database", "moved"])
        assert "sent 2,000 events" in one.cluster("load").out.decode()
        assert server.ask("SELECT count(), uniqExact(_id) FROM moved.jira_audit_logs") == "2000\t2000\n"


@lake.long
def test_blocks_of_a_large_load_killed(folder):
    """Shipments of several blocks each."""
    with Lone(folder) as server:
        one = Sent(folder, server)
        for kind in KINDS * 2:
            one.add(400000, kind)
        one.init(server.url)
        rng = random.Random(7)
        for _ in range(20):
            load_killed(one, rng, 4)
        one.cluster("load", timeout=900)
        one.whole()


@clustered
def test_a_current_clickhouse_holds_the_same(folder):
    with Current(folder) as server:
        one = Sent(folder, server)
        for _ in range(4):
            one.add(1500)
        one.init(server.url)
        one.cluster("load")
        one.whole()
        one.cluster("load", "--again", "all")
        one.whole()
