# SPDX-License-Identifier: Apache-2.0
"""Stores with a key and a clock of their own, for the tests of evidence; the two who judge them; changes by somebody with the whole folder."""
import json
import os
import sqlite3
import struct
import subprocess
import sys

import lake

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
VERIFIER = os.path.join(ROOT, "tools", "verify.py")
NOW = 1_800_000_000_000_000
DAY = 86_400_000_000
EVENTS = 400


class Store(lake.Lake):
    """A lake with a key of its own, at a clock of its own."""

    def __init__(self, folder, name="data"):
        super().__init__(folder, name)
        self.folder, self.now = folder, NOW

    def run(self, command, *args, **how):
        env = {"HOME": self.folder, "PUGMARK_NOW": str(self.now), **how.pop("env", {})}
        env.pop("XDG_CONFIG_HOME", None)
        return super().run(command, *args, env=env, **how)

    def ok(self, command, *args, status=0):
        result = self.run(command, *args)
        assert result.status == status, f"{command} {args}: {result.status}: {result.err} {result.out[-500:]}"
        return result.out

    def take(self, lines, name="a.log"):
        path = lake.write(os.path.join(self.folder, name), lake.joined(lines))
        self.load("--table", "bitbucket", "--no-detect", path)

    def hold(self, name="held"):
        """A checkpoint outside, and the key."""
        path = os.path.join(self.folder, name)
        self.ok("checkpoint", "--output", path)
        lake.write(os.path.join(self.folder, "key.txt"), self.ok("checkpoint", "key"))
        return path

    @property
    def key(self):
        return os.path.join(self.folder, "key.txt")

    def alter(self, *statements):
        """As somebody with the whole folder in his hands: the catalog changed, its pages' sums made to fit."""
        path = os.path.join(self.data, "catalog.db")
        with sqlite3.connect(path, isolation_level=None) as catalog:
            for statement in statements:
                catalog.execute(*((statement,) if isinstance(statement, str) else statement))
            catalog.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        catalog.close()
        reseal(path)


def reseal(path):
    with open(path, "rb") as file:
        data = bytearray(file.read())
    size = struct.unpack(">H", data[16:18])[0] or 0
    size = 65536 if size == 1 else size
    for number in range(1, len(data) // size + 1):
        at = (number - 1) * size
        a, b = (number * 0x9E3779B1 + 1) & 0xFFFFFFFF, size
        for left, right in struct.iter_unpack("<II", data[at:at + size - 8]):
            a = (a + left + b) & 0xFFFFFFFF
            b = (b + right + a) & 0xFFFFFFFF
        data[at + size - 8:at + size] = struct.pack("<II", a, b)
    with open(path, "wb") as file:
        file.write(data)


def verifier(*args, stdin=None):
    done = subprocess.run([sys.executable, VERIFIER, *args], input=stdin, capture_output=True, timeout=120, check=False)
    return done.returncode, (done.stdout + done.stderr).decode()


def judge(store, held, key=None):
    """What both say of the store, by one checkpoint outside: (pugmark finds it good, the verifier does)."""
    key = key or store.key
    ours = store.run("verify", "--checkpoint", held, "--key", key)
    everything = store.run("evidence", "--all")
    if everything.status != 0:
        return ours.status == 0, False, ours.err + everything.err
    status, said = verifier("-", "--checkpoint", held, "--key", key, stdin=everything.out)
    assert "Traceback" not in said, said
    assert said.startswith("good: " if status == 0 else "NOT GOOD: "), said
    return ours.status == 0, status == 0, ours.out.decode() + ours.err + said


def good(store, held):
    ours, theirs, said = judge(store, held)
    assert ours and theirs, said
    return said


def found(store, held):
    ours, theirs, said = judge(store, held)
    assert not ours, f"pugmark did not find it: {said}"
    assert not theirs, f"the verifier did not find it: {said}"
    return said


def filled(folder, events=EVENTS, name="data"):
    store = Store(folder, name)
    lines, _, _ = lake.generate(os.path.join(folder, "gen.log"), "bitbucket", events)
    for i in range(0, events, 100):  # some segments
        store.take(lines[i:i + 100], f"{i}.log")
    return store, lines


def ids(store, n=10):
    return [json.loads(x)["event_id"] for x in store.ok("search", "--format", "ndjson", "--limit", n, "table:bitbucket").splitlines()]
