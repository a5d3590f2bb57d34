# SPDX-License-Identifier: Apache-2.0
"""ship where things are wrong: disk and state, words, buckets, files that cannot be read. Nothing is lost by it, and
each is said in a sentence."""
import os

import lake
from shipping import A, B, STAND_INS, Bucket, Shipper, StandIn, figures, put, ship_once, wait_for
from lake import as_nobody, clear, give_to_nobody, run, says, slow, write

SLOW = True  # not in make quick


# --- Disk and state -------------------------------------------------------------------------------------


@slow
def test_a_full_disk(folder):
    bucket = Bucket(folder)
    put(folder, A, b"one\n")
    full = {"PUGMARK_FAULT": "write:1+:ENOSPC"}
    result = ship_once(bucket, folder, env=full)
    assert result.status == 1, result
    clear(result, "cannot write: No space left on device")
    shipper = Shipper(folder, os.path.join(folder, "logs"), bucket, env=full)
    wait_for(lambda: "until the state can be written" in shipper.log())
    for n in range(3):
        put(folder, A, b"%d\n" % n)
        wait_for(lambda: bucket.text(A).endswith(b"%d\n" % n))
    assert shipper.stop() == 0
    assert shipper.log().count("No space left") == 1, shipper.log()
    bucket.holds({A: b"one\n0\n1\n2\n"})


def test_one_state_one_shipper(folder):
    bucket = Bucket(folder)
    put(folder, A, b"one\n")
    shipper = Shipper(folder, os.path.join(folder, "logs"), bucket)
    wait_for(lambda: bucket.text(A) == b"one\n")
    result = ship_once(bucket, folder)
    assert result.status == 1, result
    clear(result, "in use by another pugmark ship", "--state")
    shipper.stop()
    assert ship_once(bucket, folder).status == 0


def test_states_that_are_lost_or_damaged(folder):
    bucket = Bucket(folder)
    for name in (A, B):
        put(folder, name, b"one\n" + name.encode() + b"\n")
    result = ship_once(bucket, folder)
    says(result, "there is no state .* yet: everything in the folder is uploaded")
    before = bucket.logs()
    with open("state/file", "r+b") as state:
        state.seek(40)
        state.write(b"\0\0")
    result = ship_once(bucket, folder, "--json")
    assert figures(result)["objects"] == 2
    says(result, "does not hold what was written: it is kept as .*/state/file.damaged-\\d+, and everything .* again")
    assert len([n for n in os.listdir("state") if "damaged" in n]) == 1
    os.unlink("state/file")
    assert figures(ship_once(bucket, folder, "--json"))["objects"] == 2
    assert bucket.logs() == before
    result = ship_once(bucket, folder, "--json", target="s3://audit/other")
    assert figures(result)["objects"] == 2
    says(result, "is of another bucket, prefix or endpoint: everything .* is uploaded to the new one")
    os.makedirs("empty")
    result = ship_once(bucket, folder, logs="empty", target="s3://audit/other")
    assert result.status == 2, result
    clear(result, "belongs to another folder", "--state")


def test_states_that_cannot_be_kept(folder):
    bucket = Bucket(folder)
    put(folder, A, b"one\n")
    clear(ship_once(bucket, folder, state="logs/state"), "would lie among the logs", "--state")
    clear(ship_once(bucket, folder, state=f"logs/{A}/state"), "the state cannot be kept", "--state FILE")
    assert os.listdir("logs") == [A]
    nobody = as_nobody()
    os.mkdir("locked", 0o700)
    os.chmod(folder, 0o755)
    result = ship_once(bucket, folder, state="locked/file", prefix=nobody)
    if nobody:
        assert result.status == 1, result
        clear(result, "the state cannot be kept", "Permission denied")


# --- Wrong words, wrong places -----------------------------------------------------------------------------


def test_wrong_words(folder):
    write("file", b"")
    os.mkdir("logs")
    rows = (
        ([], 2, "the target is missing"),
        (["logs"], 2, "the target is missing"),
        (["logs", "s3:audit"], 2, "is written s3://"),
        (["logs", "s3://"], 2, "write s3://BUCKET"),
        (["logs", "https://audit"], 2, "is written s3://"),
        (["logs", "s3://audit", "more"], 2, "is too much"),
        (["logs", "s3://Not_A.Bucket!/p"], 2, "no name of a bucket"),
        (["logs", "s3://audit//p"], 2, "the prefix"),
        (["file", "s3://audit"], 2, "is no folder"),
        (["none", "s3://audit"], 1, "no such folder"),
        (["--every", "0", "logs", "s3://audit"], 2, "from 1 to 86400"),
        (["--endpoint", "http://127.0.0.1:1", "logs", "s3://audit"], 2, "in the clear"),
        (["--endpoint", "https://a/b", "logs", "s3://audit"], 2, "scheme and host only"),
        (["--proxy", "http://me:word@proxy:1", "logs", "s3://audit"], 2, "no password"),
        (["--access-key-id-file", "file", "logs", "s3://audit"], 2, "go together"),
        (["--ca-file", "none", "logs", "s3://audit"], 1, "CA file none: there is none"),
        (["--region", "no region!", "logs", "s3://audit"], 2, "no name of a region"),
        (["--nonsense", "logs", "s3://audit"], 2, "no option"),
        (["--table", "jira", "logs", "s3://audit"], 2, "ship has no option --table"),
    )
    for words, status, text in rows:
        result = run([lake.PUGMARK, "ship", "--once", "--state", os.path.join(folder, "state"), *words])
        assert result.status == status, (words, result)
        clear(result, text)
        assert len(result.err.strip().splitlines()) <= 2, result.err


def test_refusals_of_a_bucket(folder):
    faults = StandIn("python3", "-B", os.path.join(STAND_INS, "http_faults.py"), folder)
    keys = write("keys", b"AKIAEXAMPLE\n")
    put(folder, A, b"one\n")
    env = {"AWS_EC2_METADATA_DISABLED": "true", "HOME": folder}
    given = ["--access-key-id-file", keys, "--secret-access-key-file", keys]
    good = f"https://localhost:{faults.ports['good']}"
    rows = (
        ("fault-redirect", good, given, 2, "the bucket is in eu-west-1: give that as region"),
        ("fault-denied", good, given, 1, r"must allow s3:PutObject on arn:aws:s3:::fault-denied/\*"),
        ("fault-signature", good, given, 1, "the secret access key is wrong"),
        ("fault-unknown-key", good, given, 1, "is not known there"),
        ("fault-skew", good, given, 1, r"this machine's clock is 1\d minutes ahead of the server's: set it"),
        ("fault-html", good, given, 1, "is this an S3 endpoint"),
        ("audit", f"https://localhost:{faults.ports['unknown-ca']}", given, 1, "an authority that is not known"),
        ("audit", f"https://localhost:{faults.ports['expired']}", given, 1, "has expired"),
        ("audit", good, [], 1, "no AWS keys were found"),
        ("audit", good, ["--profile", "none"], 1, "none"),
        ("audit", good, ["--access-key-id-file", "none", "--secret-access-key-file", "none"], 1, "none"),
    )
    for bucket, endpoint, more, status, words in rows:
        for once in (["--once"], []):  # at the start a follower ends too: waiting would not mend it
            result = run([lake.SHIP, *once, "--state", os.path.join(folder, "state"), "--endpoint", endpoint,
                          "--allow-private", "--ca-file", os.path.join(folder, "ca.pem"), "--proxy", "",
                          *more, "logs", f"s3://{bucket}/p"], env=env)
            assert result.status == status, (bucket, once, result)
            clear(result, words)
            last = result.err.strip().splitlines()[-1]
            assert last.startswith("pugmark-ship: "), result.err
    result = run([lake.SHIP, "--once", "--state", os.path.join(folder, "state"), "--endpoint", good, *given, "logs",
                  "s3://audit/p", "--proxy", ""])
    assert result.status == 1, result
    clear(result, "is a loopback address, which may not be connected to")
    faults.stop()


def test_logs_that_cannot_be_read(folder):
    nobody = as_nobody()
    if not nobody:
        raise lake.Skip("needs root")
    bucket = Bucket(folder)
    put(folder, A, b"one\n")
    os.chmod(put(folder, B, b"two\n"), 0o600)
    os.chmod(folder, 0o755)
    os.mkdir("state")
    give_to_nobody("state")
    result = ship_once(bucket, folder, "--json", prefix=nobody)
    assert result.status == 3 and figures(result)["unread_logs"] == 1, result
    clear(result, f"{B}: cannot open: Permission denied: this log is left out until it can be read")
    bucket.holds({A: b"one\n"})
    os.chmod("logs", 0o700)
    for once in (["--once"], []):
        result = run([lake.PUGMARK, "ship", *once, "--state", os.path.join(folder, "state", "file"),
                      *bucket.options(), os.path.join(folder, "logs"), "s3://audit/p"], prefix=nobody)
        assert result.status == 1, result
        clear(result, "cannot (list|look at)", "Permission denied")
