# SPDX-License-Identifier: Apache-2.0
"""pugmark notify: each kind against a real receiver; what fails is told again, nothing is lost or silently dropped, no secret
is shown, no address is reached that may not be."""
import base64
import email
import email.policy
import json
import os
import re
import signal
import sqlite3
import time

import lake
from collect_lake import wait_for
from lake import slow
from receivers import SECRET, Alerting, Hook, Smtp, Syslog, alert, cell, certificate, many, verify

SLOW = True  # not in make quick

EVIL = "=x\x1b[31m\u202e\r\nBcc: evil@example.com\r\n\r\n<!channel> [click](https://evil.example) \"]\\ \u00e9"
HOUR = 3600 * 1000000


def written(folder, name, text):
    return lake.write(os.path.join(folder, name), text.encode())


def test_a_webhook_is_signed_and_has_everything(folder):
    one = Alerting(folder)
    with Hook(folder) as hook:
        one.insert()  # makes the folder
        one.add_hook(hook.url)
        one.notify("test", "soc")
        assert one.insert(cell(alert(0))) == (1, 0, 0)
        result = one.notify("run", "--once")
        assert b"1 sent, 0 failed" in result.out
        test, told = hook.got
        assert verify(test) and verify(told), "the signature"
        assert not verify(told, "another secret") and not verify({**told, "body": told["body"] + b" "})
        assert json.loads(test["body"])["type"] == "test"
        body = json.loads(told["body"])
        (stored,) = one.alerts()
        assert (body["type"], body["change"], body["alert"]["id"]) == ("alert", "new", stored["id"])
        assert told["headers"]["Idempotency-Key"] == body["key"] == stored["id"] + "-new"
        assert [e["event"]["n"] for e in body["alert"]["evidence"]] == [0, 1, 2]
        assert told["headers"]["Content-Type"].startswith("application/json")
        # Told once; what joins says nothing; what opens again does.
        one.insert(cell(alert(0, 4)))
        one.notify("run", "--once")
        assert len(hook.got) == 2
        one.run("alerts", "close", stored["id"], "--reason", "benign")
        one.insert(cell(alert(0, 5)))
        one.notify("run", "--once")
        assert [b["change"] for b in hook.taken()[1:]] == ["new", "reopened"]
        assert hook.got[2]["headers"]["Idempotency-Key"].startswith(stored["id"] + "-reopened-")
        assert one.notifiers()[0]["waiting"] == 0


def test_what_fails_is_told_again_with_the_same_key(folder):
    one = Alerting(folder)
    one.insert()
    with Hook(folder, [503, (429, {"Retry-After": "7200"}), 302]) as hook:
        one.add_hook(hook.url)
        one.insert(cell(alert(0)))
        now = int(time.time() * 1e6)
        result = one.notify("run", "--once", expect=1)
        assert "HTTP 503" in result.err and "tried again later" in result.err, result.err
        # Not due yet.
        one.notify("run", "--once")
        assert len(hook.got) == 1
        (state,) = one.notifiers()
        assert (state["waiting"], state["given_up"]) == (1, 0) and "HTTP 503" in state["last_error"]
        one.notify("run", "--once", expect=1, env={"PUGMARK_NOW": str(now + HOUR)})
        # It asked for two hours: one is not enough.
        one.notify("run", "--once", env={"PUGMARK_NOW": str(now + 2 * HOUR)})
        assert len(hook.got) == 2
        result = one.notify("run", "--once", expect=1, env={"PUGMARK_NOW": str(now + 4 * HOUR)})
        assert "redirects are not followed" in result.err
        one.notify("run", "--once", env={"PUGMARK_NOW": str(now + 8 * HOUR)})
        assert len({g["headers"]["Idempotency-Key"] for g in hook.got}) == 1 and len(hook.taken()) == 1
        assert one.notifiers()[0]["waiting"] == 0 and one.notifiers()[0]["last_error"] is None


def test_it_gives_up_after_a_day_and_says_so(folder):
    one = Alerting(folder)
    one.insert()
    with Hook(folder, [500] * 100) as hook:
        one.add_hook(hook.url)
        one.insert(cell(alert(0)))
        now = int(time.time() * 1e6)
        for hours in range(0, 40, 2):
            one.notify("run", "--once", expect=None or (1 if hours <= 24 else 0),
                       env={"PUGMARK_NOW": str(now + hours * HOUR + 1000000)})
        tries = len(hook.got)
        assert 5 <= tries <= 14, tries
        (state,) = one.notifiers()
        assert (state["waiting"], state["given_up"]) == (0, 1) and "HTTP 500" in state["last_error"]
        assert b"1 given up after a day" in one.notify("list").out
        hook.answers.clear()
        one.notify("resume", "soc")
        one.notify("run", "--once")
        assert len(hook.taken()) == 1 and one.notifiers()[0]["given_up"] == 0


def test_more_than_twenty_become_one_message(folder):
    one = Alerting(folder)
    one.insert()
    with Hook(folder) as hook:
        one.add_hook(hook.url)
        one.insert(many(20))
        one.notify("run", "--once")
        assert [b["type"] for b in hook.taken()] == ["alert"] * 20
        one.insert(many(345, first=1000, group="03", level="low"), cell(alert(9000, level="critical"), group="02"))
        result = one.notify("run", "--once")
        assert b"346 sent" in result.out
        digest = hook.taken()[20]
        assert len(hook.got) == 21 and verify(hook.got[20])
        assert (digest["type"], digest["count"], digest["listed"]) == ("digest", 346, 100)
        assert digest["levels"] == {"informational": 0, "low": 345, "medium": 0, "high": 0, "critical": 1}
        assert digest["alerts"][0]["level"] == "critical" and len(digest["alerts"]) == 100
        assert digest["text"] == "346 alerts (1 critical, 345 low)"
        assert one.notifiers()[0]["waiting"] == 0


def test_slack_and_teams_show_log_text_as_text(folder):
    one = Alerting(folder)
    one.insert()
    with Hook(folder) as slack, Hook(folder) as teams:
        for kind, hook in (("slack", slack), ("teams", teams)):
            url = written(folder, kind, hook.url)
            one.notify("add", kind, kind, "--url-file", url, "--ca-file", one.cert, "--allow-private")
            one.notify("test", kind)
        one.insert(cell(alert(0, title=EVIL, group=EVIL, actor=EVIL)))
        one.insert(many(30, first=100, group="03"))
        one.notify("run", "--once")
        one.insert(cell(alert(900), group="05"))
        one.notify("run", "--once")
        _, digest, single = slack.taken()
        assert "<" not in digest["text"] and digest["text"].startswith("31 alerts")
        assert digest["blocks"][0]["type"] == "header" and len(digest["blocks"]) <= 50
        for message in slack.taken():
            assert "mrkdwn" not in json.dumps(message["blocks"]), "markup would be read"
            for text in re.findall(r'"text": "((?:[^"\\]|\\.)*)"', json.dumps(message["blocks"])):
                assert len(text) <= 3000
        assert any(f["text"] == "actor: mallory" for b in single["blocks"][1:] for f in b["fields"])
        for message in teams.taken():
            card = message["attachments"][0]["content"]
            assert card["type"] == "AdaptiveCard"
            assert {b["type"] for b in card["body"]} == {"RichTextBlock"}, "Markdown would be read"
            assert len(json.dumps(message)) < 28000


def test_slack_escapes_what_it_would_read(folder):
    one = Alerting(folder)
    one.insert()
    with Hook(folder) as hook:
        one.notify("add", "slack", "s", "--url-file", written(folder, "u", hook.url), "--ca-file", one.cert,
                   "--allow-private")
        one.insert(cell(alert(0, title=EVIL)))
        one.notify("run", "--once")
        (message,) = hook.taken()
        assert "&lt;!channel&gt;" in message["text"] and "<" not in message["text"]
        assert "\n" not in message["text"] and "\x1b" not in message["text"]


def parse_5424(raw):
    text = raw.decode("utf-8")
    found = re.fullmatch(r"<(\d+)>1 (\S+) (\S+) (\S+) (\S+) (\S+) (\[(?:[^\]\"\\]|\"(?:[^\"\\\]]|\\.)*\")*\]) \ufeff(.*)", text)
    assert found, text
    params = {k: re.sub(r"\\(.)", r"\1", v) for k, v in re.findall(r' (\w+)="((?:[^"\\\]]|\\.)*)"', found[7])}
    return {"pri": int(found[1]), "time": found[2], "app": found[4], "msgid": found[6], "sd": params, "text": found[8]}


def test_syslog_over_udp_tcp_and_tls(folder):
    for kind in ("udp", "tcp", "tls"):
        one = Alerting(folder)
        one.data = os.path.join(folder, kind)
        one.insert()
        with Syslog(folder, kind) as server:
            one.notify("add", "syslog", "siem", "--to", server.url, "--ca-file", one.cert, "--allow-private")
            one.notify("test", "siem")
            one.insert(cell(alert(0, title=EVIL, group=EVIL * 20, actor=EVIL, ip="2001:db8::1")))
            one.notify("run", "--once")
            wait_for(lambda: len(server.messages) == 2)
            assert not server.wrong
            test, told = map(parse_5424, server.messages)
            assert (test["msgid"], told["msgid"], told["app"]) == ("test", "alert", "pugmark")
            assert told["pri"] == 4 * 8 + 3, "auth, error: a high alert"
            assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", told["time"])
            assert told["sd"]["id"] == one.alerts()[0]["id"] and told["sd"]["ip"] == "2001:db8::1"
            assert told["sd"]["actor"].startswith("=x\\x1b[31m")
            assert all(len(m) <= 2048 and not re.search(rb"[\x00-\x1f\x7f]", m) for m in server.messages)


def test_nobody_listens_for_syslog(folder):
    one = Alerting(folder)
    one.insert()
    with Syslog(folder, "tcp") as server:
        port = server.url.rpartition(":")[2]
    for kind in ("udp", "tcp", "tls"):
        one.notify("add", "syslog", kind, "--to", f"{kind}://127.0.0.1:{port}", "--allow-private")
        result = one.notify("test", kind, expect=1)
        assert f"127.0.0.1:{port}" in result.err, result.err


def add_mail(one, port, *more, scheme="smtp", expect=0):
    return one.notify("add", "mail", "me", "--server", f"{scheme}://127.0.0.1:{port}", "--sender", "pugmark@example.com",
                      "--to", "one@example.com,two@example.com", "--ca-file", one.cert, "--allow-private", *more,
                      expect=expect)


def test_mail_with_starttls(folder):
    one = Alerting(folder)
    one.insert()
    with Smtp(folder) as server:
        add_mail(one, server.port)
        one.insert(cell(alert(0, title=EVIL, group=EVIL)))
        one.notify("run", "--once")
        wait_for(lambda: server.mails)
        (mail,) = server.mails
        assert mail["secure"] and mail["from"] == "pugmark@example.com"
        assert mail["to"] == ["one@example.com", "two@example.com"]
        raw = mail["text"].encode("latin1")
        message = email.message_from_bytes(raw, policy=email.policy.default)
        assert not message.defects and message["Bcc"] is None and message.get_content_type() == "text/plain"
        assert sorted(message.keys()) == sorted(["Date", "From", "To", "Subject", "Message-ID", "Auto-Submitted", "MIME-Version",
                                                 "Content-Type", "Content-Transfer-Encoding"])
        assert message["Subject"].startswith("[pugmark] high: =x\\x1b[31m") and "\u00e9" in message["Subject"]
        assert "Bcc: evil@example.com" in message["Subject"], "as text"
        assert one.alerts()[0]["id"] in message.get_content()
        assert all(len(line) <= 998 for line in raw.split(b"\r\n")) and b"\n" not in raw.replace(b"\r\n", b"")


def test_mail_signs_in(folder):
    one = Alerting(folder)
    one.insert()
    with Smtp(folder, "auth") as server:
        for text, expect in (("wrong", 1), ("open sesame\n", 0)):
            add_mail(one, server.port, "--user", "pugmark", "--password-file", written(folder, "password", text))
            one.notify("test", "me", expect=expect)
        wait_for(lambda: server.mails)
        assert server.mails[0]["user"] == "pugmark" and server.mails[0]["secure"]


def test_mail_without_tls_only_where_said(folder):
    one = Alerting(folder)
    one.insert()
    with Smtp(folder, "plain") as server:
        add_mail(one, server.port)
        assert "STARTTLS" in one.notify("test", "me", expect=1).err
        add_mail(one, server.port, "--without-tls")
        one.notify("test", "me")
        wait_for(lambda: server.mails)
        assert not server.mails[0]["secure"]
        add_mail(one, server.port, "--without-tls", "--user", "u", "--password-file", written(folder, "p", "x"), expect=2)


def test_mail_that_is_refused_or_put_off(folder):
    one = Alerting(folder)
    one.insert()
    with Smtp(folder, "tls", "late=1") as server:
        add_mail(one, server.port, scheme="smtps")
        one.insert(cell(alert(0)))
        now = int(time.time() * 1e6)
        assert "451" in one.notify("run", "--once", expect=1).err
        one.notify("run", "--once", env={"PUGMARK_NOW": str(now + HOUR)})
        wait_for(lambda: server.mails)
    with Smtp(folder, "refuse") as server:
        add_mail(one, server.port)
        assert "550" in one.notify("test", "me", expect=1).err


def test_what_may_not_be_reached_is_not(folder):
    one = Alerting(folder)
    one.insert()
    with Hook(folder) as hook, Syslog(folder, "tcp") as tcp, Syslog(folder, "udp") as udp, Smtp(folder) as smtp:
        one.notify("add", "slack", "s", "--url-file", written(folder, "u", hook.url), "--ca-file", one.cert)
        one.notify("add", "syslog", "t", "--to", tcp.url)
        one.notify("add", "syslog", "u", "--to", udp.url)
        one.notify("add", "mail", "m", "--server", f"smtp://127.0.0.1:{smtp.port}", "--sender", "a@b.c", "--to", "a@b.c")
        for name in ("s", "t", "u", "m"):
            result = one.notify("test", name, expect=1)
            assert "loopback address" in result.err, result.err
        # Where clouds hand out credentials: never.
        one.notify("add", "slack", "x", "--allow-private", "--url-file",
                   written(folder, "u", "https://169.254.169.254/latest"))
        assert "cloud metadata" in one.notify("test", "x", expect=1).err
        assert not hook.got and not tcp.messages and not udp.messages and not smtp.mails
    for words in (["--url", "http://example.com/x"], ["--url", "ftp://example.com"], ["--url", "https://"]):
        one.notify("add", "webhook", "w", *words, "--secret-file", os.path.join(folder, "secret"), expect=2)


def test_wrong_words(folder):
    one = Alerting(folder)
    one.insert()
    secret, short = os.path.join(folder, "secret"), written(folder, "short", "abc")
    for words in (["add", "pigeon", "x"], ["add", "webhook"], ["add", "webhook", "x"], ["add", "webhook", "X y", "--url", "https://a.b"],
                  ["add", "webhook", "x", "--url", "https://example.com"],
                  ["add", "webhook", "x", "--url", "https://example.com", "--secret-file", short],
                  ["add", "webhook", "x", "--url", "https://example.com", "--secret-file", secret, "--to", "y"],
                  ["add", "slack", "x", "--url", "https://hooks.slack.com/services/T/B/X"],
                  ["add", "syslog", "x", "--to", "tcp://host"], ["add", "syslog", "x", "--to", "smtp://host:25"],
                  ["add", "syslog", "x", "--to", "tcp://host:1/path"], ["add", "syslog", "x", "--to", "tcp://u@host:1"],
                  ["add", "mail", "x", "--server", "smtp://h", "--to", "a@b.c"],
                  ["add", "mail", "x", "--server", "smtp://h", "--sender", "a@b.c", "--to", "a@b.c", "--user", "u"],
                  ["test"], ["fly"], ["add", "syslog", "x", "--to", "udp://h:1", "--level", "hot"]):
        one.notify(*words, expect=2)
    assert one.notifiers() == []
    for words in (["test", "x"], ["pause", "x"], ["resume", "x"], ["remove", "x"]):
        assert "no notifier" in one.notify(*words, expect=1).err
    # An address with a line end in it is no address.
    one.notify("add", "mail", "m", "--server", "smtp://127.0.0.1:9", "--sender", "a@b.c\r\nX: y", "--to", "a@b.c", "--allow-private")
    assert "no mail address" in one.notify("test", "m", expect=2).err


def test_filters_pause_and_remove(folder):
    one = Alerting(folder)
    one.insert()
    with Hook(folder) as hook:
        one.add_hook(hook.url, "--level", "critical")
        one.add_hook(hook.url, "--rule", "other,b7c5f1d0-1111-4222-8333-444455556666", name="rules")
        one.insert(cell(alert(0)), cell(alert(100, level="critical"), group="02", rule="rule-2"))
        states = {n["name"]: n["waiting"] for n in one.notifiers()}
        assert states == {"soc": 1, "rules": 1}, states
        one.notify("pause", "soc")
        one.notify("run", "--once")
        assert [b["alert"]["rule"][:4] for b in hook.taken()] == ["b7c5"]
        one.notify("resume", "soc")
        one.notify("run", "--once")
        assert [b["alert"]["rule"] for b in hook.taken()][1] == "rule-2"
        # Not what nobody was to be told of, nor what is withdrawn before it was told.
        one.insert(cell(alert(500), group="07"), quiet=True)
        one.insert(cell(alert(900), group="08"))
        one.insert(cell(group="08"))
        one.notify("run", "--once")
        assert len(hook.got) == 2
        assert b"1 notices that waited are dropped" in one.notify("remove", "rules").out
        assert [n["name"] for n in one.notifiers()] == ["soc"]


def test_no_secret_is_shown_or_lies_open(folder):
    one = Alerting(folder)
    one.insert()
    with Hook(folder, [500]) as hook, Smtp(folder, "auth") as smtp:
        one.add_hook(hook.url)
        add_mail(one, smtp.port, "--user", "pugmark", "--password-file", written(folder, "password", "swordfish"))
        one.insert(cell(alert(0)))
        said = one.notify("run", "--once", expect=1)
        said = [said.out + said.err.encode()]
        for words in (["list"], ["list", "--json"], ["list", "--verbose"]):
            result = one.notify(*words)
            said.append(result.out + result.err.encode())
        for secret in (SECRET.encode(), b"s3cr3t", b"token=abc", b"swordfish"):
            assert not any(secret in text for text in said), secret
            for root, _, names in os.walk(one.data):
                for name in names:
                    with open(os.path.join(root, name), "rb") as file:
                        assert secret not in file.read(), (secret, name)
    assert b"https://127.0.0.1:" in said[1]
    # A key that is another one opens nothing, and says so.
    os.rename(one.key, one.key + ".old")
    assert one.notify("test", "soc", expect=1).err
    os.rename(one.key + ".old", one.key)
    assert one.run("sources", "rekey", "--key-file", one.key).status == 0
    with Hook(folder) as hook:
        one.notify("test", "me", expect=1)  # the server is gone, the password opens


def process_of(one):
    return one.start("notify", "run")


def ended(process):
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) in (0, 130)


def test_killed_while_it_sends_nothing_is_lost(folder):
    one = Alerting(folder)
    one.insert()
    with Hook(folder) as hook:
        one.add_hook(hook.url)
        for turn in range(6):
            one.insert(many(15, first=1000 * turn + 1, group=f"{turn:02}"))
            process = process_of(one)
            before = len(hook.got)
            wait_for(lambda: len(hook.got) > before)
            time.sleep(0.03 * turn)
            process.send_signal(signal.SIGKILL)
            process.wait(20)
        one.notify("run", "--once")
        keys = [b["key"] for b in hook.taken() if b["type"] == "alert"]
        listed = {a["key"] for b in hook.taken() if b["type"] == "digest" for a in b["alerts"]}
        assert set(keys) | listed == {a["id"] + "-new" for a in one.alerts()}
        assert one.notifiers()[0]["waiting"] == 0


def test_one_sender_at_a_time(folder):
    one = Alerting(folder)
    one.insert()
    with Hook(folder) as hook:
        one.add_hook(hook.url)
        process = process_of(one)
        one.insert(cell(alert(0)))
        wait_for(lambda: len(hook.taken()) == 1)
        assert "another pugmark sends" in one.notify("run", "--once", expect=1).err
        ended(process)


def test_a_receiver_that_hangs_does_not_keep_it_from_ending(folder):
    one = Alerting(folder)
    one.insert()
    with Hook(folder, ["hang"] * 5) as slow_one, Hook(folder) as hook:
        one.add_hook(slow_one.url, name="a-hangs")
        one.add_hook(hook.url, name="b-works")
        one.insert(cell(alert(0)))
        process = process_of(one)
        wait_for(lambda: slow_one.got)
        process.send_signal(signal.SIGTERM)  # asked to end, it does not wait for the answer
        began = time.monotonic()
        assert process.wait(20) in (0, 130)
        assert time.monotonic() - began < 10
        assert one.notifiers()[0]["waiting"] == 1
        one.notify("pause", "a-hangs")
        one.notify("run", "--once")
        assert len(hook.taken()) == 1


@slow
def test_the_service_tells(folder):
    one = Alerting(folder)
    one.insert()
    with Hook(folder) as hook:
        service = one.start("serve", "--no-http")
        try:
            one.add_hook(hook.url)
            one.insert(cell(alert(0)))
            wait_for(lambda: len(hook.taken()) == 1)
            one.insert(cell(alert(100), group="02"))
            wait_for(lambda: len(hook.taken()) == 2)
            one.notify("remove", "soc")
        finally:
            service.send_signal(signal.SIGTERM)
            assert service.wait(60) == 0
    with sqlite3.connect(f"file:{one.data}/catalog.db?mode=ro", uri=True) as db:
        assert db.execute("select count(*) from notices").fetchone() == (0,)
