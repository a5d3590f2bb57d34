# SPDX-License-Identifier: Apache-2.0
"""A bucket whose queue tells of new objects, on a real SQS server: faster than listing, and never instead of it."""
import json
import os
import signal
import subprocess
import time
import urllib.parse
import urllib.request

import lake
from buckets import Bucket, Stored, shipped
from lake import generate, joined, slow
from s3_client import start

SLOW = True  # not in make quick

LOG = "20240924.00000.audit.log"


class Queue:
    def __init__(self):
        self.process, ports = start("node", os.path.join(lake.ROOT, "tests", "stand_ins", "sqs_server.mjs"))
        self.base = f"http://127.0.0.1:{ports['sqs']}"
        self.url = f"{self.base}/123456789012/audit"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        if self.process.poll() is None:
            self.process.stdin.close()
            self.process.wait(10)
            self.process.stdout.close()

    def send(self, body):
        text = body if isinstance(body, bytes) else json.dumps(body).encode()
        with urllib.request.urlopen(f"{self.base}/_stand_in/send/audit", text) as reply:
            assert reply.status == 200

    def tell(self, bucket, key, event="ObjectCreated:Put"):
        """As S3 says it: the key is form-encoded."""
        self.send({"Records": [{"eventVersion": "2.1", "eventSource": "aws:s3", "eventName": event, "s3": {
            "bucket": {"name": bucket}, "object": {"key": urllib.parse.quote_plus(key, safe="/"), "size": 1}}}]})

    def left(self):
        with urllib.request.urlopen(f"{self.base}/_stand_in/attributes/audit") as reply:
            said = json.load(reply)["Attributes"]
        hidden = int(said["ApproximateNumberOfMessagesNotVisible"])
        return int(said["ApproximateNumberOfMessages"]) - hidden, hidden  # this server counts all in the first one


def lines_of(n, seed):
    return generate(f"in-{seed}", "bitbucket", n, "--seed", seed)[0]


def running(one, *more):
    return subprocess.Popen([lake.PUGMARK, "collect", "--data", one.data, *more, one.name], stdout=subprocess.DEVNULL, stderr=open("err", "wb"))


def count(one):
    return one.value("select count(*) n from bitbucket_audit_logs")


def wait_for(what, seconds=20):
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.1)


@slow
def test_what_the_queue_tells_is_read_long_before_the_next_listing(folder):
    lines = [lines_of(50, seed) for seed in range(1, 5)]
    with Queue() as queue, Bucket(folder) as bucket:
        one = Stored(folder)
        one.connect_bucket(bucket, "--queue", queue.url, "--interval", "1h", "--prefix", "audit of b\u00fccket/")
        process = running(one)
        try:
            for n, some in enumerate(lines):
                key = f"audit of b\u00fccket/x+y ({n})/{LOG}"
                bucket.put(key, joined(some))
                began = time.monotonic()
                queue.tell("audit", key)
                wait_for(lambda n=n: count(one) == 50 * (n + 1))
                assert time.monotonic() - began < 20
            wait_for(lambda: queue.left() == (0, 0))  # what was read is deleted
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(20)
        one.holds("bitbucket", sum(lines, []))
        one.balanced()


def test_notices_that_help_nobody(folder):
    """Garbage, other buckets, other prefixes, objects that are gone, the same notice twice, a test event."""
    lines = lines_of(60, 7)
    with Queue() as queue, Bucket(folder) as bucket:
        one = Stored(folder)
        one.connect_bucket(bucket, "--queue", queue.url, "--prefix", "a/")
        key, body = shipped("n", LOG, lines)
        bucket.put("a/" + key, body)
        bucket.put("b/" + LOG, joined(lines_of(10, 8)))
        queue.send({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "audit"})
        for _ in range(2):
            queue.tell("audit", "a/" + key)
        queue.tell("audit", "a/gone/" + LOG)
        queue.tell("audit", "a/" + key, "ObjectRemoved:Delete")
        for text in (b"not json", b"{}", b"[1]", b"{\"Records\":[{}]}"):
            queue.send(text)
        queue.tell("audit", "b/" + LOG)
        queue.tell("another", "a/" + key)
        said = one.collect()
        assert said["stored"] == 60, said
        one.holds("bitbucket", lines)
        shown, hidden = queue.left()
        # What is not about this bucket and prefix is left to whom it is for, and not shown again for a while.
        assert shown == 0 and 2 <= hidden <= 6, (shown, hidden)
        assert "no notice of a bucket" in said["err"], said["err"]
        assert one.collect()["stored"] == 0


@slow
def test_a_queue_that_is_gone_costs_no_event(folder):
    lines = [lines_of(40, seed) for seed in (3, 4)]
    with Queue() as queue, Bucket(folder) as bucket:
        one = Stored(folder)
        wrong = one.run("connect", "s3", "--table", "bitbucket", "--bucket", "s3://audit", *bucket.words, "--allow-empty",
                        "--queue", queue.url.replace("/audit", "/nosuch"))
        assert wrong.status == 1 and "queue" in wrong.err, wrong
        one.connect_bucket(bucket, "--queue", queue.url)
        bucket.put("n/" + LOG, joined(lines[0]))
        assert one.collect()["stored"] == 40
        queue.stop()
        bucket.put("n/" + LOG.replace("00000", "00001"), joined(lines[1]))
        said = one.collect()
        assert said["stored"] == 40 and "queue" in said["err"], said
        one.holds("bitbucket", sum(lines, []))


@slow
def test_killed_between_reading_and_deleting(folder):
    """What was announced and not deleted is announced again, and doubles nothing."""
    lines = lines_of(2000, 5)
    with Queue() as queue, Bucket(folder) as bucket:
        one = Stored(folder)
        one.connect_bucket(bucket, "--queue", queue.url, "--interval", "1h")
        assert one.collect()["stored"] == 0
        for n in range(20):
            key, body = shipped("n", LOG, lines, n * 100, n * 100 + 100)
            bucket.put(key, body)
        for n in range(20):
            queue.tell("audit", shipped("n", LOG, lines, n * 100, n * 100 + 100)[0])
        for wait in (0.15, 0.3, 0.5):
            process = running(one)
            time.sleep(wait)
            process.kill()
            process.wait()
        one.collect()
        one.holds("bitbucket", lines)
        one.balanced()
