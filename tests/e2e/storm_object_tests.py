# SPDX-License-Identifier: Apache-2.0
"""Buckets and folders through storms: logs that grow, are rotated, packed, shipped in ranges that overlap,
uploaded half and again; listings that omit; replies that fail, drip and break off; kill -9 at random
moments. In the end each line is stored once."""
import gzip
import os
import random
import signal
import subprocess

import lake
from buckets import Stored, shipped
from fake_bucket import FakeBucket
from lake import generate, joined, slow, write, zstd
from storm_tests import seeds, series

SLOW = True  # not in make quick

DAY = "20240924"


class Log:
    """A log of a node: its lines, and how many of them are written."""

    def __init__(self, lines, node, number):
        self.lines, self.node, self.name = lines, node, f"{DAY}.{number:05d}.audit.log"
        self.written = 0

    def grow(self, rng):
        self.written = min(len(self.lines), self.written + rng.choice((0, 1, 5, 60)))
        return self.written

    def half(self, rng):
        """What is written, and perhaps a part of the next line."""
        more = self.lines[self.written][:rng.randrange(80)] if self.written < len(self.lines) and rng.random() < 0.5 else b""
        return joined(self.lines[:self.written]) + more


def logs_of(rng, seed, count):
    found = []
    for n in range(count):
        node = n % 2
        lines = generate(f"in{n}", "bitbucket", rng.choice((1, 30, 300)), "--seed", seed * 10 + n, "--node", node)[0]
        found.append(Log(lines, f"node-{node}", n))
    return found


def killed(rng, one, most=0.6):
    """Collects for a while, and is killed."""
    process = subprocess.Popen([lake.PUGMARK, "collect", "--data", one.data, "--once", one.name, "--memory", "128M"],
                               stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        process.wait(timeout=rng.random() ** 2 * most)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        process.wait()


def check(one, lines):
    """After the storm: two quiet turns, and all is there once."""
    one.collect(expect=None)
    said = one.collect(expect=None)
    assert said["failure"] == "fine" and said["quarantined"] == 0, said
    one.holds("bitbucket", lines)
    sums = one.ledger()["sums"]
    assert sums["stored"] == len(lines) and sums["records"] >= sums["stored"] + sums["duplicates"], sums
    missing = [g for g in one.gaps() if "node" not in g]
    assert missing == [], missing


def upload(rng, bucket, log):
    """One of the ways in which a log comes into a bucket."""
    upto = log.grow(rng)
    how = rng.randrange(5)
    if how == 0 and upto:
        first = rng.randrange(upto)
        bucket.put(*shipped(log.node, log.name, log.lines, first, rng.randrange(first, upto) + 1, rng.random() < 0.7))
    elif how == 1:
        bucket.put(f"sync/{log.node}/{log.name}", log.half(rng))
    elif how == 2:
        bucket.put(f"packed/{log.node}/{log.name}.gz", gzip.compress(log.half(rng)))
    elif how == 3 and upto:
        whole = gzip.compress(joined(log.lines[:upto])) if rng.random() < 0.5 else zstd(joined(log.lines[:upto]))
        bucket.put(f"broken/{log.node}/{log.name}.gz", whole[:rng.randrange(len(whole))])
    else:
        bucket.put(f"other/{log.node}-{log.name[9:14]}.ndjson", joined(log.lines[:upto]))


def finish(bucket, logs):
    """Each log whole, in each of its places."""
    for log in logs:
        log.written = len(log.lines)
        bucket.put(f"sync/{log.node}/{log.name}", joined(log.lines))
        bucket.put(f"packed/{log.node}/{log.name}.gz", gzip.compress(joined(log.lines)))
        bucket.put(f"broken/{log.node}/{log.name}.gz", gzip.compress(joined(log.lines)))
        bucket.put(*shipped(log.node, log.name, log.lines))


def trouble(rng, share):
    def before(key, query):
        if rng.random() > share:
            return None
        return rng.choice(("close", (503, "SlowDown"), (500, "InternalError"), (404, "NoSuchKey") if key else (503, "SlowDown"), (412, "PreconditionFailed")))
    return before


def bucket_storm(folder, seed):
    rng = random.Random(seed)
    logs = logs_of(rng, seed, rng.randrange(1, 6))
    with FakeBucket(folder, page=rng.choice((1, 3, 20, 1000))) as bucket:
        one = Stored(folder)
        one.connect_bucket(bucket)
        bucket.before = trouble(random.Random(seed + 1), rng.choice((0, 0.05, 0.2)))
        if rng.random() < 0.5:
            hide = random.Random(seed + 2)
            bucket.shown = lambda keys: [k for k in keys if hide.random() < 0.8]
        bucket.most = rng.choice((None, None, 50_000, 400_000))
        for _ in range(rng.randrange(2, 6)):
            for log in rng.sample(logs, rng.randrange(len(logs)) + 1):
                upload(rng, bucket, log)
            killed(rng, one)
        finish(bucket, logs)
        bucket.before = bucket.shown = bucket.most = None
        one.collect("--verbose", expect=None)
        one.gaps("--refetch")
        check(one, [line for log in logs for line in log.lines])


class Folder:
    """log/audit of a node while it is written, rotated, packed and deleted."""

    def __init__(self, logs):
        self.waiting, self.open, self.closed, self.at = list(logs), None, [], 0
        os.makedirs("audit")

    def path(self, log):
        return os.path.join("audit", log.name)

    def step(self, rng):
        """A few bytes more, over the ends of lines; or a rotation, a packing, a rename."""
        if self.open is None:
            if not self.waiting:
                return
            self.open, self.at = self.waiting.pop(0), 0
        whole = joined(self.open.lines)
        n = rng.choice((1, 300, 5000, len(whole)))
        with open(self.path(self.open), "ab") as file:
            file.write(whole[self.at:self.at + n])
        self.at += n
        if self.at >= len(whole):
            self.closed.append(self.open)
            self.open = None
        if self.closed and rng.random() < 0.2:
            log = rng.choice(self.closed)
            path = self.path(log)
            if os.path.exists(path):
                write(path + ".tmp", gzip.compress(joined(log.lines)))
                os.rename(path + ".tmp", path + ".gz")
                os.unlink(path)

    def end(self, rng):
        while self.open or self.waiting:
            self.step(rng)


def folder_storm(folder, seed):
    rng = random.Random(seed)
    logs = logs_of(rng, seed, rng.randrange(1, 6))
    followed = Folder(logs)
    one = Stored(folder)
    one.connect_folder("audit")
    for _ in range(rng.randrange(2, 8)):
        for _ in range(rng.randrange(4)):
            followed.step(rng)
        killed(rng, one, 0.15)
    followed.end(rng)
    check(one, [line for log in logs for line in log.lines])
    for log in logs:  # the oldest vanish; what was read stays
        for path in (followed.path(log), followed.path(log) + ".gz"):
            if rng.random() < 0.5 and os.path.exists(path):
                os.unlink(path)
    check(one, [line for log in logs for line in log.lines])


def test_storms_of_buckets(folder):
    series(folder, bucket_storm, seeds(1, 40))


@slow
def test_storms_of_folders(folder):
    series(folder, folder_storm, seeds(1, 40))
