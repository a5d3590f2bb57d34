# SPDX-License-Identifier: Apache-2.0
"""Proofs and bundles of evidence for somebody else: whole, damaged, edited; new keys, kills, the API, checkpoints that are sent."""
import base64
import json
import os
import re
import shutil
import subprocess
import sys
import time
import zipfile

import lake
from buckets import Bucket
from evidence_lake import ROOT, VERIFIER, Store, filled, good, ids, judge, verifier
from evidence_witness_tests import Witness


# ---- proofs and bundles ------------------------------------------------------------------------

def test_prove(folder):
    store, _ = filled(folder)
    store.hold()
    for event in ids(store):
        said = json.loads(store.ok("prove", event, "--json"))
        raw = base64.b64decode(said["raw"])
        assert store.ok("show", "--raw", event) == raw + b"\n"
        assert said["checkpoint"].startswith("pugmark/") and said["record"].startswith("pugmark segment 1\n")
        assert b"proven against" in store.ok("prove", event)
    assert store.run("prove", "00000000-0000-8000-8000-000000000000").status == 1
    assert store.run("prove", "x").status == 2


def bundled(folder, *args):
    store, lines = filled(folder)
    held = store.hold()
    path = os.path.join(folder, "bundle.zip")
    store.ok("evidence", *args, "--checkpoint", held, "--output", path)
    return store, held, path


def test_bundle(folder):
    store, held, path = bundled(folder, "table:bitbucket", "--limit", "30")
    status, said = verifier(path, "--checkpoint", held, "--key", store.key)
    assert status == 0 and "30 events" in said, said
    status, said = verifier(path)
    assert status == 0 and "OWN KEY" in said, said
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        assert {"checkpoint", "raw.bin", "events.ndjson", "proofs.ndjson", "ledger.json", "report.html", "verify.py", "README.txt",
                "key.txt", "held.checkpoint", "consistency.json"} == set(archive.namelist())
        assert archive.read("verify.py") == open(VERIFIER, "rb").read()
        assert len(archive.read("events.ndjson").splitlines()) == 30
        json.loads(archive.read("ledger.json"))
        report = archive.read("report.html").decode()
    assert "<script" not in report and "Evidence" in report


def test_bundle_continues(folder):
    """Made later than the checkpoint that is held: with the proof that one continues the other."""
    store, _ = filled(folder)
    held = store.hold()
    more, _, _ = lake.generate(os.path.join(folder, "more.log"), "bitbucket", 50, "--seed", 9)
    store.take(more, "more.log")
    path = os.path.join(folder, "b.zip")
    store.ok("evidence", "table:bitbucket", "--limit", "40", "--output", path)
    status, said = verifier(path, "--checkpoint", held, "--key", store.key)
    assert status == 1 and "made without your checkpoint" in said, said
    os.unlink(path)
    store.ok("evidence", "table:bitbucket", "--limit", "40", "--output", path, "--checkpoint", held)
    status, said = verifier(path, "--checkpoint", held, "--key", store.key)
    assert status == 0, said


def test_damaged_bundle(folder):
    """Whichever byte of what is proven is another, it is found; the verifier never falls over."""
    store, held, path = bundled(folder, "table:bitbucket", "--limit", "3")
    whole = open(path, "rb").read()
    with zipfile.ZipFile(path) as archive:
        spans = [(info.header_offset + 30 + len(info.filename), info.file_size) for info in archive.infolist()
                 if info.filename in ("checkpoint", "raw.bin", "proofs.ndjson")]
    damaged = os.path.join(folder, "damaged.zip")
    for start, size in spans:
        for at in range(start, start + size - 1, max(size // 15, 1)):
            lake.write(damaged, whole[:at] + bytes([whole[at] ^ 4]) + whole[at + 1:])
            status, said = verifier(damaged, "--checkpoint", held, "--key", store.key)
            assert status == 1 and said.startswith("NOT GOOD"), (at, said)
    for n in range(0, len(whole), len(whole) // 20):
        lake.write(damaged, whole[:n])
        status, said = verifier(damaged, "--checkpoint", held, "--key", store.key)
        assert status == 1 and "Traceback" not in said, (n, said)


def test_edited_bundle(folder):
    """Made anew as a ZIP with sums that fit: what was edited is found by the proofs."""
    store, held, path = bundled(folder, "table:bitbucket", "--limit", "3")
    with zipfile.ZipFile(path) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    proofs = [json.loads(line) for line in files["proofs.ndjson"].splitlines()]
    edits = [("raw.bin", files["raw.bin"].replace(b'"name"', b'"nome"', 1)),
             ("proofs.ndjson", json.dumps({**proofs[0], "row": proofs[0]["row"] + 1}).encode()),
             ("proofs.ndjson", json.dumps({**proofs[0], "in_tree": proofs[0]["in_tree"][:-1]}).encode()),
             ("proofs.ndjson", json.dumps({**proofs[0], "record": proofs[0]["record"].replace("import", "other")}).encode()),
             ("proofs.ndjson", json.dumps({**proofs[0], "length": 0}).encode()),
             ("checkpoint", files["checkpoint"].replace(b"\n4\n", b"\n5\n")),
             ("proofs.ndjson", b""), ("proofs.ndjson", b"[]"), ("checkpoint", b"\xff")]
    for name, content in edits:
        assert content != files[name]
        other = os.path.join(folder, "edited.zip")
        with zipfile.ZipFile(other, "w") as archive:
            for part, was in files.items():
                archive.writestr(part, content if part == name else was)
        status, said = verifier(other, "--checkpoint", held, "--key", store.key)
        assert status == 1 and said.startswith("NOT GOOD"), (name, content[:100], said)


def test_another_stores_bundle(folder):
    store, held, _ = bundled(folder, "table:bitbucket", "--limit", "3")
    other = Store(folder, "other")
    other.take(open(os.path.join(folder, "gen.log"), "rb").read().split(b"\n")[:10], "other.log")
    path = os.path.join(folder, "others.zip")
    other.ok("evidence", "table:bitbucket", "--output", path)
    status, said = verifier(path, "--key", store.key)
    assert status == 1 and "another store" in said, said
    result = other.run("evidence", "table:bitbucket", "--output", path + "2", "--checkpoint", held)
    assert result.status == 1 and "another store" in result.err, result.err


def test_wrong_words(folder):
    store, _ = filled(folder, 100)
    for args in (("evidence",), ("evidence", "--all", "--alert", "1234567"), ("evidence", "x"), ("checkpoint", "keys"),
                 ("verify", "--key", "x")):
        result = store.run(*args)
        assert result.status == 2, (args, result.status, result.err)
    assert store.run("evidence", "--alert", "123456789a", "--output", "a.zip").status == 1
    assert store.run("evidence", "actor:nobody-of-that-name", "--output", "a.zip").status == 1
    assert not os.path.exists("a.zip")


def test_alert_evidence(folder):
    store = Store(folder)
    lines, _, _ = lake.generate(os.path.join(folder, "gen.log"), "bitbucket", 2000)
    store.load("--table", "bitbucket", os.path.join(folder, "gen.log"))
    alerts = json.loads(store.ok("alerts", "--json"))["alerts"]
    path = os.path.join(folder, "alert.zip")
    store.ok("evidence", "--alert", alerts[0]["id"], "--output", path)
    status, said = verifier(path)
    assert status == 0, said


def test_docs(folder):
    """The commands of docs/evidence.md, as they are copied; but that the witness and the bucket are on this machine."""
    store, _ = filled(folder)
    text = open(os.path.join(ROOT, "docs", "evidence.md"), encoding="utf-8").read()
    blocks = re.findall(r"```sh\n(.*?)```", text, re.S)
    assert len(blocks) >= 4
    os.makedirs("bin")
    os.symlink(lake.PUGMARK, "bin/pugmark")
    shutil.copy(VERIFIER, "verify.py")
    env = {**os.environ, "HOME": folder, "PUGMARK_DATA": store.data, "PATH": os.path.abspath("bin") + ":" + os.environ["PATH"]}
    with Witness(store) as witness, Bucket(folder, "evidence") as bucket:
        shutil.copy(witness.key, "witness.key")
        here = {r"https://witness\.example/pugmark/ '[^']*'": f"{witness.url}/good/ witness.key --allow-private",
                r"s3://acme-evidence/pugmark --region eu-central-1": " ".join(["s3://evidence/pugmark", *bucket.words])}
        for word, place in here.items():
            assert re.search(word, text)
            blocks = [re.sub(word, place, block) for block in blocks]
        env["PUGMARK_NOW"] = str(int(time.time()) * 1_000_000)
        _run_all(blocks, env)


def _run_all(blocks, env):
    for block in blocks:
        done = subprocess.run(["bash", "-e", "-o", "pipefail", "-c", block], env=env, capture_output=True, timeout=120, check=False)
        assert done.returncode == 0, f"{block}: {done.stderr.decode()} {done.stdout.decode()}"


def test_verifier_is_short(folder):
    lines = open(VERIFIER, encoding="utf-8").read().splitlines()
    assert len(lines) <= 150, len(lines)
    modules = set(re.findall(r"^import (.*)$", "\n".join(lines), re.M)[0].split(", "))
    assert modules <= set(sys.stdlib_module_names), modules


def test_new_key(folder):
    """Who holds the older key can go on checking; what only the older one signed is not good for the new one."""
    store, _ = filled(folder, 100)
    held = store.hold()
    new = os.path.join(folder, "new.txt")
    lake.write(new, store.ok("checkpoint", "key", "new"))
    assert open(new, "rb").read() != open(store.key, "rb").read()
    both = os.path.join(folder, "both")
    store.ok("checkpoint", "--output", both)
    for key in (store.key, new):
        assert verifier(both, "--key", key)[0] == 0
        ours, theirs, said = judge(store, both, key)
        assert ours and theirs, said
    good(store, held)
    assert verifier(held, "--key", new)[0] == 1
    store.ok("checkpoint", "key", "new")
    third = os.path.join(folder, "third")
    store.ok("checkpoint", "--output", third)
    assert verifier(third, "--key", new)[0] == 0 and verifier(third, "--key", store.key)[0] == 1
    assert store.run("checkpoint", "key", "old").status == 2


def test_who_may_not_sign(folder):
    """Without the key, the last checkpoint is what things are proven against."""
    store, _ = filled(folder, 100)
    old = ids(store, 1)[0]
    store.hold()
    more, _, _ = lake.generate(os.path.join(folder, "more.log"), "bitbucket", 50, "--seed", 9)
    store.take(more, "more.log")
    os.unlink(os.path.join(folder, ".config/pugmark/key"))
    result = store.run("prove", old)
    assert result.status == 0 and "not proven" in result.err, result.err
    new = [i for i in ids(store, 150) if store.run("prove", i).status != 0]
    assert len(new) == 50, len(new)
    result = store.run("evidence", "table:bitbucket", "--output", os.path.join(folder, "b.zip"))
    assert result.status == 0 and "50 events are left out" in result.err, result.err
    assert verifier(os.path.join(folder, "b.zip"), "--key", store.key)[0] == 0


def test_killed(folder):
    """Ended at any change of a file: what comes after makes the same tree."""
    store, _ = filled(folder, 200)
    held = store.hold()
    more, _, _ = lake.generate(os.path.join(folder, "more.log"), "bitbucket", 50, "--seed", 9)
    store.take(more, "more.log")
    whole = store.data + ".whole"
    os.rename(store.data, whole)
    ends = 0
    for n in range(1, 200, 3):
        shutil.copytree(whole, store.data)
        killed = store.run("checkpoint", env={"PUGMARK_FAULT": f"change:{n}:kill"})
        good(store, held)
        said = json.loads(store.ok("checkpoint", "--json"))
        assert said["size"] == 3, said
        good(store, store.hold(f"again{n}"))
        shutil.rmtree(store.data)
        ends = n
        if killed.status == 0:
            break
    else:
        raise AssertionError("the program has more changes than that")
    assert ends > 5, ends


# ---- over HTTP ---------------------------------------------------------------------------------

def test_api(folder):
    """The state, the newest checkpoint, the proof of an event, bundles of events and of an alert: read by viewers, checked offline."""
    from http_tests import Api, is_problem
    store = Store(folder)
    lake.generate(os.path.join(folder, "gen.log"), "bitbucket", 2000)
    store.load("--table", "bitbucket", os.path.join(folder, "gen.log"))
    events = ids(store, 3)
    alert = json.loads(store.ok("alerts", "--json"))["alerts"][0]["id"]
    with Api(store) as api:
        state = api.get("/api/v1/evidence")
        assert state["checkpoint"] is None and state["key"] is None and state["pending_segments"] == 1, state
        is_problem(api.ask("GET", "/api/v1/evidence/checkpoint", role="viewer"), 404)
        is_problem(api.ask("GET", f"/api/v1/events/{events[0]}/proof", role="viewer"), 404)
        is_problem(api.ask("GET", f"/api/v1/evidence/bundle?events={events[0]}", role="viewer"), 404)
        held = store.hold()
        state = api.get("/api/v1/evidence")
        assert state["entries"] == state["checkpoint"]["entries"] == 1 and state["pending_segments"] == 0, state
        assert state["key"] == open(store.key, encoding="utf-8").read().strip()
        status, headers, note = api.ask("GET", "/api/v1/evidence/checkpoint", role="viewer")
        assert status == 200 and note == open(held, "rb").read() and headers["Content-Type"].startswith("text/plain")
        assert api.get(f"/api/v1/events/{events[0]}/proof") == json.loads(store.ok("prove", events[0], "--json"))
        for words, n in ((f"events={','.join(events)}", 3), (f"alert={alert}", None)):
            status, headers, body = api.ask("GET", f"/api/v1/evidence/bundle?{words}", role="viewer")
            assert status == 200 and headers["Content-Type"] == "application/zip", (status, body[:300])
            assert headers["Content-Disposition"] == 'attachment; filename="pugmark-evidence.zip"'
            path = lake.write(os.path.join(folder, "api.zip"), body)
            status, said = verifier(path, "--key", store.key, "--checkpoint", held)
            assert status == 0 and (n is None or f"{n} events" in said), said
        for words in ("", "events=x", f"events={events[0]}&alert={alert}"):
            is_problem(api.ask("GET", f"/api/v1/evidence/bundle?{words}", role="viewer"), 400)
        is_problem(api.ask("GET", "/api/v1/evidence/bundle?alert=ffffffffff", role="viewer"), 404)
        is_problem(api.ask("GET", "/api/v1/events/x/proof", role="viewer"), 400)
        assert api.ask("GET", "/api/v1/evidence", role=None)[0] == 401


# ---- sent to somebody ----------------------------------------------------------------------------

def test_sent(folder):
    """To a webhook and by mail, whole: what arrives is good for the verifier."""
    import email
    import email.policy
    import receivers
    one = receivers.Alerting(folder)
    lines, _, _ = lake.generate(os.path.join(folder, "gen.log"), "bitbucket", 50)
    one.load("--table", "bitbucket", "--no-detect", os.path.join(folder, "gen.log"))

    def checkpoint(*words, expect=0):
        result = one.run("checkpoint", "--key-file", one.key, *words)
        assert result.status == expect, (words, result.status, result.err)
        return result
    key = checkpoint("key").out.decode().strip()
    assert "no notifier" in checkpoint("send", "soc", expect=1).err
    with receivers.Hook(folder, [200, 500]) as hook, receivers.Smtp(folder) as smtp:
        one.add_hook(hook.url)
        one.notify("add", "mail", "me", "--server", f"smtp://127.0.0.1:{smtp.port}", "--sender", "pugmark@example.com",
                   "--to", "auditor@example.com", "--ca-file", one.cert, "--allow-private")
        assert b"sent to soc me" in checkpoint("send", "soc", "me").out
        note = checkpoint().out
        (got,) = hook.got
        receivers.verify(got)
        said = json.loads(got["body"])
        assert said["type"] == "checkpoint" and said["checkpoint"].encode() == note, said
        until = time.monotonic() + 20
        while not smtp.mails and time.monotonic() < until:
            time.sleep(0.05)
        mail = email.message_from_bytes(smtp.mails[0]["text"].encode("latin1"), policy=email.policy.default)
        text = mail.get_content().replace("\r\n", "\n")
        assert "checkpoint of pugmark/" in mail["subject"] and note.decode() in text, text
        path = lake.write(os.path.join(folder, "mailed"), text[text.index("\npugmark/") + 1:].encode())
        status, said = verifier(path, "--key", key)
        assert status == 0, said
        # one that is not taken is told, and the checkpoint made all the same
        result = checkpoint(expect=1)
        assert "not sent to soc" in result.err and result.out.startswith(b"pugmark/"), result
    checkpoint("send", "none")
    checkpoint()
