# SPDX-License-Identifier: Apache-2.0
"""Evidence: a third party who holds one checkpoint finds every alteration, with pugmark and with the verifier in another language."""
import base64
import json
import os
import re
import shutil
import sqlite3
import subprocess
import time

import lake
from evidence_lake import DAY, EVENTS, NOW, Store, filled, found, good, verifier


# ---- whole stores ------------------------------------------------------------------------------

def test_whole(folder):
    store, lines = filled(folder)
    held = store.hold()
    assert f"all {EVENTS} events" in good(store, held)
    # what comes later, and compaction, change nothing of it
    more, _, _ = lake.generate(os.path.join(folder, "more.log"), "bitbucket", 50, "--seed", 9)
    store.take(more, "more.log")
    store.ok("compact")
    store.ok("rebuild")
    good(store, held)
    second = store.hold("second")
    good(store, held)
    good(store, second)
    said = json.loads(store.ok("verify", "--checkpoint", held, "--key", store.key, "--json"))
    assert said["findings"] == 0 and said["checkpoint"]["events"] == EVENTS and not said["checkpoint"]["own_key"], said


def test_retention(folder):
    """What retention takes is told; it is believed only when it is signed; the rest is still proven."""
    store, lines = filled(folder)
    held = store.hold()
    days = sorted(json.loads(x)["timestamp"]["epochSecond"] for x in lines)
    store.now = (days[len(days) // 2] * 1_000_000 // DAY + 10) * DAY
    store.ok("compact", "--keep", "10")
    found(store, held)
    newest = store.hold("newest")
    said = good(store, held)
    assert re.search(r"retention removed \d+ events of bitbucket_audit_logs: keep 10 days", said), said
    good(store, newest)
    bundle = os.path.join(folder, "b.zip")
    store.ok("evidence", "table:bitbucket", "--output", bundle, "--checkpoint", held)
    status, said = verifier(bundle, "--checkpoint", held, "--key", store.key)
    assert status == 0, said


# ---- attacks: by somebody who has everything but the checkpoint outside -------------------------

def forged(folder, lines, origin):
    """A store made anew from other events, with the origin, key and even new signatures of the first."""
    other = Store(folder, "forged")
    for i in range(0, EVENTS, 100):
        other.take(lines[i:i + 100], f"{i}.log")
    other.ok("status")
    taken = sqlite3.connect(os.path.join(origin.data, "catalog.db"))
    rows = {table: taken.execute(f"SELECT * FROM {table}").fetchall()
            for table in ("evidence_keys", "evidence_secrets", "evidence_tree")}
    taken.close()
    marks = {table: ",".join("?" * len(content[0])) for table, content in rows.items()}
    other.alter(("UPDATE evidence_tree SET origin = ?", (rows["evidence_tree"][0][1],)),
                *((f"INSERT INTO {table} VALUES({marks[table]})", row)
                  for table in ("evidence_keys", "evidence_secrets") for row in rows[table]))
    other.ok("checkpoint")  # signed, with the very key
    return other


def _forgery(folder, change):
    store, lines = filled(folder)
    held = store.hold()
    other = forged(folder, change(list(lines)), store)
    return other, held


def test_forged_unchanged(folder):
    """The same events at the same times give the same tree: so what the next tests find is the change."""
    other, held = _forgery(folder, lambda lines: lines)
    good(other, held)


def test_forged_delete(folder):
    found(*_forgery(folder, lambda lines: lines[:150] + lines[151:]))


def test_forged_delete_last(folder):
    found(*_forgery(folder, lambda lines: lines[:-1]))


def test_forged_edit(folder):
    def edit(lines):
        lines[222] = lines[222].replace(b'"id":"', b'"id":"7', 1)
        return lines
    found(*_forgery(folder, edit))


def test_forged_order(folder):
    def swap(lines):
        lines[10], lines[11] = lines[11], lines[10]
        return lines
    found(*_forgery(folder, swap))


def test_forged_segments_swapped(folder):
    found(*_forgery(folder, lambda lines: lines[100:200] + lines[:100] + lines[200:]))


def test_forged_truncate(folder):
    """An event loses its last members."""
    def cut(lines):
        event = json.loads(lines[5])
        del event["extraAttributes"]
        lines[5] = json.dumps(event, separators=(",", ":")).encode()
        return lines
    found(*_forgery(folder, cut))


def test_rolled_back(folder):
    store, _ = filled(folder)
    store.hold("early")
    shutil.copytree(store.data, store.data + ".old")
    more, _, _ = lake.generate(os.path.join(folder, "more.log"), "bitbucket", 50, "--seed", 9)
    store.take(more, "more.log")
    held = store.hold()
    shutil.rmtree(store.data)
    os.rename(store.data + ".old", store.data)
    found(store, held)
    good(store, os.path.join(folder, "early"))
    store.ok("checkpoint")  # signing it again does not help
    found(store, held)


ATTACKS = {
    "a segment": ["DELETE FROM evidence_entries WHERE n = 1"],
    "two segments swapped": ["UPDATE evidence_entries SET n = n + 100 WHERE n < 2", "UPDATE evidence_entries SET n = 101 - n WHERE n > 99"],
    "its pages swapped": ["UPDATE evidence_pages SET entry = entry + 100 WHERE entry < 2", "UPDATE evidence_pages SET entry = 101 - entry WHERE entry > 99"],
    "pages of a segment": ["DELETE FROM evidence_pages WHERE entry = 2"],
    "a record": ["UPDATE evidence_entries SET record = replace(record, 'rows 100', 'rows 99') WHERE n = 0"],
    "frames": ["DELETE FROM frames WHERE frame = 1"],
    "frames swapped": ["UPDATE evidence_pages SET frame = 1 - frame WHERE frame < 2"],
    "all of it": ["DELETE FROM evidence_entries", "DELETE FROM evidence_pages", "DELETE FROM evidence_nodes", "UPDATE evidence_tree SET size = 0"],
    "an event said to be gone": ["UPDATE evidence_pages SET frame = -1, kept = zeroblob((rows + 7) / 8) WHERE entry = 1"],
}


def test_catalog_altered(folder):
    store, _ = filled(folder)
    held = store.hold()
    whole = store.data + ".whole"
    os.rename(store.data, whole)
    for what, statements in ATTACKS.items():
        shutil.copytree(whole, store.data)
        store.alter(*statements)
        said = found(store, held)
        assert "Traceback" not in said, (what, said)
        shutil.rmtree(store.data)


def test_vault_altered(folder):
    store, _ = filled(folder)
    held = store.hold()
    path = next(p for p in store.files("vault") if p.endswith(".zst"))
    whole = open(path, "rb").read()
    for change in (whole[:-1], whole[:200] + bytes([whole[200] ^ 1]) + whole[201:], b""):
        lake.write(path, change)
        found(store, held)
    os.unlink(path)
    found(store, held)


def test_forged_retention(folder):
    """A page goes and an entry says that retention took it: of events that no rule would take."""
    store, _ = filled(folder)
    held = store.hold()
    record = (f"pugmark retention 1\ntable bitbucket_audit_logs\nrule keep 90 days\nbefore 2020-01-01\nat {NOW}\n"
              "removed 1 0 100\n")
    store.alter("UPDATE evidence_pages SET frame = -1, kept = zeroblob((rows + 7) / 8) WHERE entry = 1",
                ("INSERT INTO evidence_entries VALUES(4, 1, 0, 0, ?)", (record,)),
                "UPDATE evidence_tree SET size = 5")
    found(store, held)


def test_clock_jumps(folder):
    """Ten years back and forth: the order of the tree is no matter of clocks."""
    store, lines = filled(folder, 100)
    first = store.hold("first")
    for jump in (-3650, 3650, 0):
        store.now = NOW + jump * DAY
        more, _, _ = lake.generate(os.path.join(folder, f"{jump}.log"), "bitbucket", 40, "--seed", jump + 4000)
        store.take(more, f"{jump}.log")
        held = store.hold(f"held{jump}")
        good(store, first)
        good(store, held)
    good(store, os.path.join(folder, "held-3650"))


# ---- checkpoints and keys ----------------------------------------------------------------------

def test_wrong_key(folder):
    store, _ = filled(folder, 100)
    held = store.hold()
    other = Store(folder, "other")
    other.take([b'{"a":1}'] * 0 + open(os.path.join(folder, "gen.log"), "rb").read().split(b"\n")[:10], "other.log")
    key = other.ok("checkpoint", "key").decode()
    result = store.run("verify", "--checkpoint", held, "--key", key.strip())
    assert result.status == 1 and "another store" in result.err, result.err
    status, said = verifier(held, "--key", key)
    assert status == 1 and "another store" in said, said
    # the right name, another key
    name = store.ok("checkpoint", "key").decode().split("+")[0]
    import hashlib
    public = b"\1" + base64.b64decode(key.split("+", 2)[2])[1:]
    false = f"{name}+{hashlib.sha256(name.encode() + bytes([10]) + public).digest()[:4].hex()}+{base64.b64encode(public).decode()}"
    result = store.run("verify", "--checkpoint", held, "--key", false)
    assert result.status == 1 and "not signed by" in result.err, result.err
    status, said = verifier(held, "--key", false)
    assert status == 1 and "not signed by" in said, said


def test_damaged_checkpoint(folder):
    store, _ = filled(folder, 100)
    held = store.hold()
    text = open(held, "rb").read()
    for i in range(0, len(text), 7):
        lake.write(held, text[:i] + bytes([text[i] ^ 2]) + text[i + 1:])
        assert store.run("verify", "--checkpoint", held, "--key", store.key).status == 1, i
        status, said = verifier(held, "--key", store.key)
        assert status == 1 and said.startswith("NOT GOOD"), (i, said)


def test_another_stores_checkpoint(folder):
    store, _ = filled(folder, 100)
    store.hold()
    other = Store(folder, "other")
    other.take(open(os.path.join(folder, "gen.log"), "rb").read().split(b"\n")[:10], "other.log")
    path = os.path.join(folder, "others")
    other.ok("checkpoint", "--output", path)
    key = other.ok("checkpoint", "key").decode().strip()
    result = store.run("verify", "--checkpoint", path, "--key", key)
    assert result.status == 1 and "another store" in result.err, result.err
    assert "good" not in verifier("-", "--checkpoint", path, "--key", key, stdin=store.ok("evidence", "--all"))[1]


def test_key_is_sealed(folder):
    """The private key lies in no file of the data folder; another key file opens nothing."""
    store, _ = filled(folder, 100)
    store.hold()
    os.unlink(os.path.join(folder, ".config/pugmark/key"))
    result = store.run("checkpoint")
    assert result.status == 1 and "key" in result.err, result.err
    assert store.run("checkpoint", "key").status == 1


def test_folder_setting(folder):
    store, _ = filled(folder, 100)
    outside = os.path.join(folder, "out side")
    store.ok("checkpoint", "folder", outside)
    note = store.ok("checkpoint")
    assert open(os.path.join(outside, "latest.checkpoint"), "rb").read() == note
    assert open(os.path.join(store.data, "checkpoints", "latest.checkpoint"), "rb").read() == note
    assert len(os.listdir(outside)) == 2
    store.ok("checkpoint", "folder", "none")
    result = store.run("checkpoint", "folder", "relative")
    assert result.status == 2, result.err


def test_loop(folder):
    """As the service makes them: one now, the next when something came."""
    store, _ = filled(folder, 100)
    args = [lake.PUGMARK, "checkpoint", "--loop", "--interval", "1s", "--data", store.data]
    process = subprocess.Popen(args, env={**os.environ, "HOME": folder}, stderr=subprocess.PIPE)
    latest = os.path.join(store.data, "checkpoints", "latest.checkpoint")
    until = time.monotonic() + 20
    while not os.path.exists(latest) and time.monotonic() < until:
        time.sleep(0.05)
    process.terminate()
    _, said = process.communicate(timeout=20)
    assert process.returncode == 0 and b"a checkpoint of the store was made" in said, (process.returncode, said)
    lake.write(os.path.join(folder, "key.txt"), store.ok("checkpoint", "key"))
    good(store, latest)
