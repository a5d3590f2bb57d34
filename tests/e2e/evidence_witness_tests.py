# SPDX-License-Identifier: Apache-2.0
"""Witnesses: they cosign each checkpoint, faults are told and stop nothing, and a store that was rolled back or replaced is found."""
import base64
import hashlib
import json
import os
import re
import shutil
import ssl
import subprocess
import sys
import time
import urllib.request

import lake
from evidence_lake import Store, filled, good, verifier
from evidence_tests import forged
from receivers import certificate

sys.path.insert(0, os.path.join(lake.ROOT, "tests", "stand_ins"))
from s3_client import Ends, start  # noqa: E402

NAME = "witness.example/w1"


class Witness(Ends):
    """The stand-in beside a store: `with Witness(store) as w:`."""

    def __init__(self, store, tls=False):
        self.store, self.folder = store, os.path.join(store.folder, "witness")
        os.makedirs(self.folder)
        self.ca = certificate(self.folder)[0] if tls else None
        lake.write(os.path.join(self.folder, "log.key"), store.ok("checkpoint", "key"))
        self.process, ports = start("node", os.path.join(lake.ROOT, "tests", "stand_ins", "witness.mjs"), self.folder)
        self.url = f"http{'s' if tls else ''}://127.0.0.1:{ports['witness']}"
        self.key = os.path.join(self.folder, "witness.key")

    def add(self, name="good", store=None):
        more = ("--ca-file", self.ca) if self.ca else ()
        return (store or self.store).ok("checkpoint", "witness", "add", f"{self.url}/{name}/", self.key, "--allow-private", *more)

    def ask(self, path, body=None):
        context = ssl.create_default_context(cafile=self.ca) if self.ca else None
        with urllib.request.urlopen(urllib.request.Request(f"{self.url}/{path}", body), timeout=20, context=context) as reply:
            return reply.read()

    def asked(self, name="good"):
        return json.loads(self.ask(f"{name}/asked"))


def listed(store):
    return json.loads(store.ok("checkpoint", "witness", "list", "--json"))["witnesses"]


def more(store, seed, n=50):
    path = os.path.join(store.folder, f"more{seed}.log")
    lake.generate(path, "bitbucket", n, "--seed", seed)
    store.load("--table", "bitbucket", "--no-detect", path)


def cosigned(text):
    return len(re.findall(rf"^— {re.escape(NAME)} ", text, re.M))


def held_by(store, name="held"):
    """As Store.hold, where a witness may have failed."""
    path = os.path.join(store.folder, name)
    if os.path.exists(path):
        os.unlink(path)
    result = store.run("checkpoint", "--output", path)
    lake.write(store.key, store.ok("checkpoint", "key"))
    return path, result


# ---- cosigned ----------------------------------------------------------------------------------

def test_cosigned(folder):
    """Over TLS; what is kept, published and sent further has the cosignature, and both verifiers ask for it."""
    store, _ = filled(folder)
    with Witness(store, tls=True) as witness:
        store.ok("checkpoint", "folder", os.path.join(folder, "outside"))
        witness.add()
        held = store.hold()
        text = open(held, encoding="utf-8").read()
        assert cosigned(text) == 1, text
        for copy in (os.path.join(folder, "outside", "latest.checkpoint"), os.path.join(store.data, "checkpoints", "latest.checkpoint")):
            assert open(copy, encoding="utf-8").read() == text
        said = store.ok("verify", "--checkpoint", held, "--key", store.key, "--witness", witness.key).decode()
        assert f"cosigned by {NAME} at 20" in said and "all 400 events" in said, said
        said = json.loads(store.ok("verify", "--checkpoint", held, "--key", store.key, "--witness", witness.key, "--json"))
        assert [w["name"] for w in said["checkpoint"]["witnesses"]] == [NAME], said
        everything = store.ok("evidence", "--all")
        status, said = verifier("-", "--checkpoint", held, "--key", store.key, "--witness", witness.key, stdin=everything)
        assert status == 0 and said.rstrip().endswith(f"; cosigned by {NAME}"), said
        # the newest checkpoint of the store has it too, and so has a bundle
        assert verifier("-", "--key", store.key, "--witness", witness.key, stdin=everything)[0] == 0
        assert verifier(held, "--key", store.key, "--witness", witness.key)[0] == 0
        bundle = os.path.join(folder, "b.zip")
        store.ok("evidence", "table:bitbucket", "--output", bundle)
        assert verifier(bundle, "--key", store.key, "--witness", witness.key)[0] == 0
        state = listed(store)[0]
        assert (state["name"], state["entries"], state["error"]) == (NAME, 4, None) and state["cosigned_at"], state
        assert NAME in store.ok("checkpoint", "witness", "list").decode()
        result = store.run("checkpoint")
        assert f"{NAME}  {witness.url}/good/  4 entries, cosigned 0 seconds ago" in result.err, result.err
        result = store.run("checkpoint", "--json", "--progress", "json")  # a job's: for machines alone
        assert cosigned(json.loads(result.out)["note"]) == 1 and all(json.loads(line) for line in result.err.splitlines()), result.err


def test_proofs(folder):
    """Each checkpoint continues what the witness saw last; it is asked from there."""
    store, _ = filled(folder, 300)
    with Witness(store) as witness:
        witness.add()
        held = [store.hold("h0")]
        for i in range(1, 7):
            more(store, i)
            held.append(store.hold(f"h{i}"))
        assert witness.asked() == [0, 3, 4, 5, 6, 7, 8], witness.asked()
        assert cosigned(open(store.hold("again"), encoding="utf-8").read()) == 1  # of the same tree
        for path in held:
            store.ok("verify", "--checkpoint", path, "--key", store.key, "--witness", witness.key)
        # asked anew from nothing: it says what it has, and is asked from there
        store.ok("checkpoint", "witness", "remove", NAME)
        assert listed(store) == []
        witness.add()
        more(store, 8)
        store.ok("checkpoint")
        assert witness.asked()[-2:] == [0, 9] and listed(store)[0]["entries"] == 10, witness.asked()
        # it has forgotten: it is asked from nothing again
        witness.ask("good/forget", b"")
        store.ok("checkpoint")
        assert witness.asked() == [10, 0]


def test_loop(folder):
    """The service asks too."""
    store, _ = filled(folder, 100)
    with Witness(store) as witness:
        witness.add()
        latest = os.path.join(store.data, "checkpoints", "latest.checkpoint")
        shutil.rmtree(os.path.dirname(latest), ignore_errors=True)
        process = subprocess.Popen([lake.PUGMARK, "checkpoint", "--loop", "--interval", "1s", "--data", store.data],
                                   env={**os.environ, "HOME": folder}, stderr=subprocess.PIPE)
        until = time.monotonic() + 20
        while not os.path.exists(latest) and time.monotonic() < until:
            time.sleep(0.05)
        process.terminate()
        process.communicate(timeout=20)
        assert cosigned(open(latest, encoding="utf-8").read()) == 1


# ---- verifying ---------------------------------------------------------------------------------

def test_missing(folder):
    """A checkpoint without it, with a false one, or with one of another checkpoint is not good where it is asked for."""
    store, _ = filled(folder, 200)
    with Witness(store) as witness:
        bare = store.hold("bare")
        witness.add()
        more(store, 1)
        good_one = store.hold("good")
        text = open(good_one, encoding="utf-8").read()
        line = next(x for x in text.splitlines() if x.startswith(f"— {NAME} "))
        bare_text = open(bare, encoding="utf-8").read()
        moved, damaged = os.path.join(folder, "moved"), os.path.join(folder, "damaged")
        lake.write(moved, (bare_text + line + "\n").encode())
        lake.write(damaged, text.replace(line, line[:-8] + ("A" if line[-8] != "A" else "B") + line[-7:]).encode())
        for path, why in ((bare, "not cosigned by the witness"), (moved, "cosign"), (damaged, "cosign")):
            store.ok("verify", "--checkpoint", path, "--key", store.key)  # without it, all is well
            result = store.run("verify", "--checkpoint", path, "--key", store.key, "--witness", witness.key)
            assert result.status == 1 and why in result.err and NAME in result.err, result.err
            status, said = verifier("-", "--checkpoint", path, "--key", store.key, "--witness", witness.key,
                                    stdin=store.ok("evidence", "--all"))
            assert status == 1 and said.startswith("NOT GOOD: ") and NAME in said and "cosigned" in said, said
        # a second witness that never saw it
        other = open(witness.key, encoding="ascii").read().strip().replace("/w1", "/w2")
        raw = base64.b64decode(other.split("+", 2)[2])
        other = f"witness.example/w2+{hashlib.sha256(b'witness.example/w2' + bytes([10]) + raw).digest()[:4].hex()}+{base64.b64encode(raw).decode()}"
        result = store.run("verify", "--checkpoint", good_one, "--key", store.key, "--witness", witness.key, "--witness", other)
        assert result.status == 1 and "witness.example/w2" in result.err, result.err
        status, said = verifier(good_one, "--key", store.key, "--witness", witness.key, "--witness", other)
        assert status == 1 and "witness.example/w2" in said, said
        # keys of another kind
        result = store.run("verify", "--checkpoint", good_one, "--key", store.key, "--witness", store.key)
        assert result.status == 1 and "witness" in result.err, result.err
        assert verifier(good_one, "--key", store.key, "--witness", store.key)[0] == 1
        assert verifier(good_one, "--key", witness.key)[0] == 1
        result = store.run("verify", "--witness", witness.key)
        assert result.status == 2, result.err


def test_no_checkpoint_at_all(folder):
    """A whole store that brings no checkpoint has nothing to be held against."""
    store, _ = filled(folder, 100)
    store.hold()
    lines = [x for x in store.ok("evidence", "--all").splitlines() if not x.startswith(b'{"checkpoint"')]
    status, said = verifier("-", "--key", store.key, stdin=b"\n".join(lines))
    assert status == 1 and "no checkpoint" in said, said


# ---- faults ------------------------------------------------------------------------------------

FAULTS = {
    "wrong-signature": "is false",
    "other-text": "is false",
    "status-500": "HTTP 500",
    "garbage": "not cosigned",
    "html": "not cosigned",
    "empty": "not cosigned",
    "huge": "more than",
    "redirect": "HTTP 302",
    "restless": "another size each time",
    "no-size": "without the size",
    "odd-size": "without the size",
}


def test_faults(folder):
    """Whatever a witness answers, the checkpoint is made, is good, and has nothing of it; the fault is told and kept."""
    store, _ = filled(folder, 100)
    with Witness(store) as witness:
        for fault, why in FAULTS.items():
            witness.add(fault)
            path, result = held_by(store)
            assert result.status == 1 and why in result.err and "not cosigned by all" in result.err, (fault, result.err)
            assert "ROLLED" not in result.err, (fault, result.err)
            text = open(path, encoding="utf-8").read()
            assert cosigned(text) == 0 and text.count("\n— ") == 1, (fault, text)
            state = listed(store)[0]
            assert why in state["error"] and state["failed_at"] and not state["cosigned_at"], (fault, state)
        good(store, path)
        witness.add("more-lines")
        assert cosigned(open(store.hold("taken"), encoding="utf-8").read()) == 1
        state = listed(store)[0]
        assert state["error"] is None and state["failed_at"] is None, state


def test_slow(folder):
    """One that never answers is given up after ten seconds; the others are asked all the same."""
    store, _ = filled(folder, 100)
    with Witness(store) as witness:
        witness.add("slow")
        began = time.monotonic()
        path, result = held_by(store)
        assert result.status == 1 and 8 < time.monotonic() - began < 25, (time.monotonic() - began, result.err)
        good(store, path)
    result = store.run("checkpoint")  # and where nobody listens
    assert result.status == 1 and "not cosigned by " + NAME in result.err, result.err


def test_words(folder):
    store, _ = filled(folder, 100)
    store.hold()
    key = "witness.example/w1+aa4a09d1+BOpKbGPinFIKvvVQexMuxfmVR3auvr57kkIe6mkURtIs"
    for words, why in ((("http://127.0.0.1:1", key), "--allow-private"), (("ftp://x", key), "https://"),
                       (("https://w.example/?x", key), "https://"), (("https://w.example", "nonsense"), "no public key of a witness"),
                       (("https://w.example", store.key), "no public key of a witness"),
                       (("https://w.example", key.replace("aa4a", "ab4a")), "damaged"), (("https://w.example",), "witness add URL KEY")):
        result = store.run("checkpoint", "witness", "add", *words)
        assert result.status != 0 and why in result.err, (words, result.err)
    result = store.run("checkpoint", "witness", "remove", "nobody")
    assert result.status == 1 and "no witness" in result.err, result.err
    # a private address is not reached without being allowed to
    store.ok("checkpoint", "witness", "add", "https://127.0.0.1:1/", key)
    result = store.run("checkpoint")
    assert result.status == 1 and "loopback" in result.err, result.err


# ---- what witnesses are for --------------------------------------------------------------------

def test_rolled_back(folder):
    """An older copy of the folder is put in place: the witness has seen more, and that is said aloud."""
    store, _ = filled(folder, 200)
    with Witness(store) as witness:
        witness.add()
        store.ok("checkpoint")
        shutil.copytree(store.data, store.data + ".old")
        more(store, 1)
        more(store, 2)
        store.ok("checkpoint")
        shutil.rmtree(store.data)
        os.rename(store.data + ".old", store.data)
        path, result = held_by(store)
        assert result.status == 1 and "THE STORE WAS ROLLED BACK" in result.err and "seen 4 entries" in result.err, result.err
        assert cosigned(open(path, encoding="utf-8").read()) == 0
        state = listed(store)[0]
        assert "ROLLED BACK" in state["error"] and state["entries"] == 4, state
        # new events do not make it good: the tree is another one now
        for i in (11, 12, 13):
            more(store, i)
        path, result = held_by(store)
        assert result.status == 1 and "NOT THE ONE THAT WAS COSIGNED" in result.err, result.err
        assert cosigned(open(path, encoding="utf-8").read()) == 0


def test_replaced(folder):
    """A store made anew with the same key, of as many entries, and of more."""
    store, lines = filled(folder)
    with Witness(store) as witness:
        witness.add()
        store.ok("checkpoint")
        other = forged(folder, lines[:150] + lines[151:], store)
        other.folder = os.path.join(folder)
        witness.add(store=other)
        result = other.run("checkpoint")
        assert result.status == 1 and "NOT THE ONE THAT WAS COSIGNED" in result.err, result.err
        more(other, 5)
        result = other.run("checkpoint")
        assert result.status == 1 and "NOT THE ONE THAT WAS COSIGNED" in result.err, result.err
        # the true one goes on
        more(store, 6)
        assert cosigned(open(store.hold(), encoding="utf-8").read()) == 1


def test_unknown_log(folder):
    store, _ = filled(folder, 100)
    other = Store(folder, "other")
    other.take(open(os.path.join(folder, "gen.log"), "rb").read().split(b"\n")[:10], "other.log")
    with Witness(store) as witness:
        lake.write(os.path.join(witness.folder, "log.key"), other.ok("checkpoint", "key"))
        witness.add()
        result = store.run("checkpoint")
        assert result.status == 1 and "HTTP 404" in result.err and "pugmark checkpoint key" in result.err, result.err
