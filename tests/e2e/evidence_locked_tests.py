# SPDX-License-Identifier: Apache-2.0
"""Checkpoints in a bucket with object lock: a real S3 server, with the rules of the lock before it (tests/stand_ins/s3_lock.mjs)."""
import json
import os
import re
import sqlite3
import time

import lake
from buckets import Bucket
from evidence_lake import filled, good
from evidence_witness_tests import Witness, cosigned, more


def stored(folder, events):
    """A store at the time of day: S3 looks at the clock."""
    store, _ = filled(folder, events)
    store.now = int(time.time()) * 1_000_000
    return store


def second(store, days=0):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(store.now // 1_000_000 + days * 86400))


def locked(folder):
    return Bucket(folder, "evidence")


def objects(bucket, prefix="pugmark"):
    status, body = bucket.ask("GET", "", **{"list-type": 2, "prefix": prefix})
    assert status == 200, body
    return re.findall(r"<Key>([^<]*)</Key>", body.decode())


def retention(bucket, key):
    status, body = bucket.ask("GET", key, retention="")
    assert status == 200, body
    return re.fullmatch(r"<Retention><Mode>(\w+)</Mode><RetainUntilDate>([^<]+)</RetainUntilDate></Retention>", body.decode()).groups()


def set_bucket(store, bucket, *words, status=0):
    return store.ok("checkpoint", "bucket", f"s3://{bucket.name}/pugmark", *bucket.words, *words, status=status)


def state(store):
    return json.loads(store.ok("checkpoint", "bucket", "--json"))["bucket"]


def test_locked(folder):
    """The first checkpoint lies there at once, each further one is an object of its own; none can be removed or written over."""
    store = stored(folder, 200)
    with locked(folder) as bucket:
        said = set_bucket(store, bucket, "--keep", "30").decode()
        assert "s3://evidence/pugmark, locked for 30 days (compliance)" in said and "2 entries" in said, said
        first = objects(bucket)
        name = "pugmark/0000000002-" + second(store).replace(":", "-")
        assert len(first) == 1 and re.fullmatch(name + r"-[0-9a-f]{8}\.checkpoint", first[0]), first
        assert retention(bucket, first[0]) == ("COMPLIANCE", second(store, 30)), retention(bucket, first[0])
        more(store, 1)
        store.now += 60_000_000
        note = store.ok("checkpoint")
        assert bucket.ask("GET", objects(bucket)[1])[1] == note and len(objects(bucket)) == 2
        for key in objects(bucket):
            assert bucket.ask("DELETE", key)[0] == 403
            assert bucket.ask("PUT", key, b"another")[0] == 403
        # what lies there is what an auditor needs
        held = os.path.join(folder, "fetched")
        lake.write(held, bucket.ask("GET", objects(bucket)[0])[1])
        lake.write(store.key, store.ok("checkpoint", "key"))
        good(store, held)
        now = state(store)
        assert (now["place"], now["mode"], now["days"], now["entries"], now["error"]) == ("s3://evidence/pugmark", "compliance", 30, 3, None), now
        assert now["object"] == objects(bucket)[1] and now["written_at"][:19] == second(store)[:19], now
        # the keys are sealed
        raw = open(os.path.join(store.data, "catalog.db"), "rb").read()
        assert b"S3RVER" not in raw
        store.ok("checkpoint", "bucket", "off")
        store.ok("checkpoint")
        assert len(objects(bucket)) == 2 and state(store) is None
        catalog = sqlite3.connect(os.path.join(store.data, "catalog.db"))
        assert catalog.execute("SELECT count(*) FROM keeper_secrets").fetchall() == [(0,)]
        catalog.close()


def test_governance_and_cosigned(folder):
    """The other mode; what lies in the bucket has the cosignatures, with the same second twice."""
    store = stored(folder, 100)
    with locked(folder) as bucket, Witness(store) as witness:
        witness.add()
        set_bucket(store, bucket, "--governance")
        store.ok("checkpoint")  # the clock stands still: the same size and time, with a cosignature
        assert len(objects(bucket)) == 2
        texts = [bucket.ask("GET", key)[1].decode() for key in objects(bucket)]
        assert sorted(map(cosigned, texts)) == [0, 1]
        assert retention(bucket, objects(bucket)[0]) == ("GOVERNANCE", second(store, 365))


def test_refused(folder):
    """What does not work is told at set-up, with what to do, and nothing is saved."""
    store = stored(folder, 100)
    with locked(folder) as bucket:
        for name, why in (("audit", "has no object lock"), ("no-retention", "s3:PutObjectRetention"), ("missing", "no such bucket"),
                          ("deaf", "did not lock it")):
            bucket.name = name
            result = store.run("checkpoint", "bucket", f"s3://{name}/pugmark", *bucket.words)
            assert result.status == 1 and why in result.err, result.err
            assert state(store) is None
        assert "aws s3api" in store.run("checkpoint", "bucket", "s3://audit/pugmark", *bucket.words).err
        for words, why in ((("--keep", "0"), "--keep"), (("--keep", "x"), "--keep")):
            result = store.run("checkpoint", "bucket", "s3://evidence/x", *bucket.words, *words)
            assert result.status == 2 and why in result.err, result.err
        result = store.run("checkpoint", "bucket", "ftp://evidence")
        assert result.status == 2 and "s3://BUCKET" in result.err, result.err
        result = store.run("checkpoint", "bucket", "s3://evidence/x", *bucket.words[:-2])
        assert result.status == 2 and "go together" in result.err, result.err
    # a wrong secret
    with Bucket(os.path.join(folder), "evidence") as bucket:
        lake.write(os.path.join(folder, "s3-secret"), b"WRONG\n")
        result = store.run("checkpoint", "bucket", "s3://evidence/x", *bucket.words)
        assert result.status == 1 and "signature is refused" in result.err, result.err


def test_write_only(folder):
    """Keys that may only write are good ones: that the lock was not seen is said."""
    store = stored(folder, 100)
    with locked(folder) as bucket:
        bucket.name = "write-only"
        result = store.run("checkpoint", "bucket", "s3://write-only/pugmark", *bucket.words)
        assert result.status == 0 and "s3:GetObjectRetention" in result.err and state(store)["entries"] == 1, result.err
        bucket.name = "evidence"
        result = store.run("checkpoint", "bucket", "s3://evidence/pugmark", *bucket.words)
        assert result.status == 0 and "GetObjectRetention" not in result.err, result.err


def test_unreachable(folder):
    """The bucket goes away: the checkpoint is made, the failure told and kept, and the next one goes there again."""
    store = stored(folder, 100)
    with locked(folder) as bucket:
        set_bucket(store, bucket)
        before = state(store)
    began = time.monotonic()
    result = store.run("checkpoint")
    assert result.status == 1 and "was not written to s3://evidence/pugmark" in result.err and result.out, result.err
    assert time.monotonic() - began < 30
    now = state(store)
    assert now["error"] and now["failed_at"] and now["object"] == before["object"], now


def test_another_place(folder):
    """Another bucket takes the place of the first; keys from the environment are not kept."""
    store = stored(folder, 100)
    with locked(folder) as bucket:
        set_bucket(store, bucket)
        words = [w for w in bucket.words if not w.startswith("--access-key") and not w.startswith("--secret") and not w.endswith(("s3-id", "s3-secret"))]
        env = {"AWS_ACCESS_KEY_ID": "S3RVER", "AWS_SECRET_ACCESS_KEY": "S3RVER"}
        result = store.run("checkpoint", "bucket", "s3://evidence/elsewhere", *words, env=env)
        assert result.status == 0, result.err
        assert len(objects(bucket, "elsewhere/")) == 1 and state(store)["place"] == "s3://evidence/elsewhere"
        store.now += 1_000_000
        assert store.run("checkpoint", env=env).status == 0
        assert len(objects(bucket, "elsewhere/")) == 2 and len(objects(bucket)) == 1
