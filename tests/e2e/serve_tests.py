# SPDX-License-Identifier: Apache-2.0
"""pugmark serve: a process for each source, followed and watched, and ended cleanly; and no secret anywhere."""
import base64
import os
import re
import signal
import sqlite3
import subprocess
import time

import lake
from buckets import Bucket, Stored
from collect_lake import Collecting, Service, Started, wait_for
from lake import slow, write


def children(pid):
    """{name of the source: pid} of the processes of a service."""
    found = {}
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            with open(f"/proc/{entry}/stat", encoding="ascii", errors="replace") as file:
                parent = int(file.read().rpartition(")")[2].split()[1])
            with open(f"/proc/{entry}/cmdline", "rb") as file:
                words = file.read().split(b"\0")
        except (OSError, ValueError, IndexError):
            continue
        if parent == pid and b"collect" in words[1:2]:
            found[words[2].decode()] = int(entry)
    return found


class Serving:
    """`with Serving(one) as process:`; ends it at the end, and looks whether it ended well."""

    def __init__(self, one, *more):
        self.one, self.more, self.ended = one, more, False

    def __enter__(self):
        self.process = self.one.start("serve", *(self.more or ("--no-http",)))
        return self.process

    def __exit__(self, *why):
        if self.process.poll() is None:
            began = time.monotonic()
            self.process.send_signal(signal.SIGTERM)
            status = self.process.wait(60)
            if why[0] is None:
                assert status == 0, f"it ended with status {status}"
                assert time.monotonic() - began < 15, "it took long to end"


def log_of(one):
    with open(os.path.join(one.folder, "process.log"), encoding="utf-8", errors="replace") as file:
        return file.read()


def is_gone(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
            return file.read().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


@slow
def test_it_starts_before_anything_is_connected_and_follows_what_happens(folder):
    """Connect, pause, resume and remove, without a restart."""
    with Started(folder, events="jira=40,confluence=40") as (one, service):
        with Serving(one) as process:
            wait_for(lambda: "nothing is connected yet" in log_of(one))
            one.connect("jira", "--interval", "1s")
            wait_for(lambda: "jira-acme" in children(process.pid))
            wait_for(lambda: one.state("jira")["state"] == "healthy")
            one.connect("confluence", "--interval", "1s")
            wait_for(lambda: set(children(process.pid)) == {"jira-acme", "confluence-acme"})
            wait_for(lambda: one.state("confluence")["state"] == "healthy" and one.state("confluence")["history_done"])
            service.add("jira", 5)
            wait_for(lambda: one.count("jira_audit_logs") == 45)
            one.run("sources", "pause", "jira-acme")
            wait_for(lambda: "jira-acme" not in children(process.pid))
            time.sleep(2.5)
            mark = service.mark()
            service.add("jira", 5)
            time.sleep(1.5)
            assert not service.asked(mark, "jira") and "jira-acme" not in children(process.pid), "paused, and read"
            one.run("sources", "resume", "jira-acme")
            wait_for(lambda: one.count("jira_audit_logs") == 50)
            one.run("sources", "remove", "confluence-acme")
            wait_for(lambda: set(children(process.pid)) == {"jira-acme"})
        one.exact("jira")
        assert not children(process.pid)


@slow
def test_a_process_that_dies_is_started_again(folder):
    with Started(folder, "jira", events="jira=40", more=("--interval", "1s")) as (one, service):
        with Serving(one) as process:
            for number in (signal.SIGKILL, signal.SIGSEGV):
                wait_for(lambda: "jira-acme" in children(process.pid))
                first = children(process.pid)["jira-acme"]
                os.kill(first, number)
                wait_for(lambda: children(process.pid).get("jira-acme", first) != first)
            assert re.search(r"was ended by signal 9; it is started again", log_of(one)), log_of(one)
            service.add("jira", 3)
            wait_for(lambda: one.count("jira_audit_logs") == 43)
        one.exact("jira")


@slow
def test_a_new_token_is_taken_without_a_restart(folder):
    with Started(folder, "jira", events="jira=40", more=("--interval", "1s")) as (one, service):
        with Serving(one):
            wait_for(lambda: one.state("jira")["state"] == "healthy")
            service.control("POST", "tokens", {"kind": "classic", "revoked": True})
            wait_for(lambda: one.state("jira")["state"] == "failing")
            service.control("POST", "tokens", {"token": "brand-new-token-1", "kind": "classic"})
            write(service.token("classic"), b"brand-new-token-1")
            one.connect("jira", "--interval", "1s")
            wait_for(lambda: one.state("jira")["state"] == "healthy")
            service.add("jira", 2)
            wait_for(lambda: one.count("jira_audit_logs") == 42)


@slow
def test_it_ends_within_seconds_whatever_its_processes_wait_for(folder):
    sources = ("jira", "confluence", "other/jira", "org")
    with Started(folder, *sources, events="3000") as (one, service):
        service.fault("hang", seconds=50, source="jira")
        service.fault("status", status=429, retry_after="3000", source="confluence")
        service.fault("slow", bytes_per_second=2000, source="other/jira")
        mark = service.mark()
        with Serving(one) as process:
            wait_for(lambda: all(service.asked(mark, s) for s in sources))
            time.sleep(1)
            found = children(process.pid)
            assert len(found) == 4, found
            began = time.monotonic()
            process.send_signal(signal.SIGTERM)
            assert process.wait(20) == 0
            assert time.monotonic() - began < 5, f"{time.monotonic() - began} s"
            assert all(is_gone(pid) for pid in found.values())
        service.no_faults()
        one.collect(*sources)
        one.exact(*sources)


def test_killed_hard_its_processes_end_too_and_another_may_begin(folder):
    with Started(folder, "jira", "confluence", events="60", more=("--interval", "1s")) as (one, service):
        process = one.start("serve", "--no-http")
        wait_for(lambda: len(children(process.pid)) == 2)
        found = children(process.pid)
        process.send_signal(signal.SIGKILL)
        process.wait()
        wait_for(lambda: all(is_gone(pid) for pid in found.values()), 10)
        with Serving(one) as process:
            wait_for(lambda: len(children(process.pid)) == 2)
            wait_for(lambda: one.state("jira")["history_done"] and one.state("confluence")["history_done"])
        one.exact("jira", "confluence")


@slow
def test_pausing_does_not_wait_for_the_end_of_the_history(folder):
    words = ("--set", "confluence_limit_cap=25", "--days", "300")
    with Started(folder, "confluence", words=words, events="confluence=4000", more=("--interval", "1s")) as (one, service):
        service.fault("hang", seconds=0.1, source="confluence")
        with Serving(one) as process:
            wait_for(lambda: children(process.pid))
            time.sleep(2)
            one.run("sources", "pause", "confluence-acme")
            wait_for(lambda: not children(process.pid))
            assert not one.state("confluence")["history_done"]
        service.no_faults()
        one.run("sources", "resume", "confluence-acme")
        one.collect("confluence")
        one.exact("confluence")


@slow
def test_trouble_with_the_data_folder_that_passes_does_not_end_it(folder):
    with Started(folder, "jira", events="jira=20") as (one, service):
        os.environ["PUGMARK_FAULT"] = "open:4:EIO"
        try:
            with Serving(one) as process:
                wait_for(lambda: "unable to open" in log_of(one))
                time.sleep(2.5)
                assert process.poll() is None and log_of(one).count("unable to open") == 1, log_of(one)
        finally:
            del os.environ["PUGMARK_FAULT"]


def test_a_second_service_refuses(folder):
    with Started(folder, "jira", events="jira=20") as (one, service):
        with Serving(one) as process:
            wait_for(lambda: children(process.pid))
            second = one.run("serve", timeout=20)
            assert second.status == 1 and "another pugmark serve" in second.err, second
            once = one.run("collect", "--once", "jira-acme")
            assert once.status == 1 and re.search("another|already", once.err), once
            assert children(process.pid)


@slow
def test_a_source_that_fails_harms_no_other(folder):
    with Started(folder, "jira", "confluence", events="jira=40,confluence=40", more=("--interval", "1s")) as (one, service):
        service.fault("status", status=401, source="jira")
        with Serving(one):
            wait_for(lambda: one.state("jira")["state"] == "failing")
            wait_for(lambda: one.state("confluence")["history_done"])
            mark = service.mark()
            time.sleep(2.5)
            assert len(service.asked(mark, "jira")) <= 3, "a refused login is tried again and again"
        one.exact("confluence")


def secrets_of(service):
    """Each token, its Base64 with the mail before it, and parts of both that are long enough to tell."""
    found = {}
    for kind, token in service.tokens.items():
        basic = base64.b64encode(f"{service.ready['mail']}:{token}".encode())
        for name, text in ((kind, token.encode()), (f"{kind} in Base64", basic)):
            found[name] = text
            found[f"part of {name}"] = text[-24:-4]
    return found


def no_secret_in(where, data, secrets):
    for name, secret in secrets.items():
        assert secret not in data, f"{where} holds {name}"


def look_through(root, secrets, but=()):
    for path, _, names in os.walk(root):
        for name in names:
            full = os.path.join(path, name)
            if any(full.startswith(b) for b in but):
                continue
            with open(full, "rb") as file:
                no_secret_in(full, file.read(), secrets)


@slow
def test_no_secret_is_anywhere_it_should_not_be(folder):
    """Command lines, environments, logs, errors, the data folder, backups, cores; also of servers that echo."""
    sources = ("jira", "confluence", "other/jira", "jira-dc", "org")
    with Service(folder, events="60") as service:
        one = Collecting(service, folder)
        said = []
        secrets = secrets_of(service)
        mail, classic = service.ready["mail"], service.tokens["classic"]
        basic = "Basic " + base64.b64encode(f"{mail}:{classic}".encode()).decode()
        for source in sources:
            result = one.run("connect", "--verbose", *one.words(source), "--interval", "1s")
            assert result.status == 0, result.err
            said.append(result)
        one.names = {"jira": "jira-acme", "confluence": "confluence-acme", "other/jira": "jira-other", "jira-dc": "jira-example", "org": "org"}
        one.collect(*sources)
        # Servers that say what they were sent: whole, cut, in parts, in all the places that are shown or kept.
        bodies = [(401, "message", f"bad header {basic}"), (403, "message", classic), (400, "error", basic[6:60]), (403, "detail", classic[:30]),
                  (429, "message", basic), (500, "title", classic[20:60]), (404, "message", f"no {classic[-40:]}"), (418, "errorMessage", basic[20:80])]
        for status, member, text in bodies:
            for source in sources:
                token = service.tokens["classic" if source in ("jira", "confluence") else "scoped" if "other" in source else
                                       "org" if source == "org" else "pat"]
                body = '{"%s":"%s","errorMessages":["%s"]}' % (member, text.replace(classic, token), token[:25])
                service.fault("status", status=status, body=body, source=source, times=1, retry_after="0")
            for source in sources:
                said.append(one.run("collect", "--once", "--verbose", one.names[source]))
            said += [one.run("sources", "--json"), one.run("sources"), one.run("status")]
        service.no_faults()
        for host in (f"{classic[:40]}.evil.example.net", f"u:{classic}@evil.example.net", f"evil.example.net/{classic}"):
            service.fault("redirect", to=f"https://{host}/x", source="jira")
            said.append(one.run("collect", "--once", "--verbose", "jira-acme"))
            said.append(one.run("connect", *one.words("jira")))
            service.no_faults()
        cursor = service.tokens["org"]
        service.fault("status", status=200, source="org", times=1,
                      body='{"data":[{"id":"x","attributes":{}}],"meta":{"next":"%s"}}' % cursor)
        said.append(one.run("collect", "--once", "--verbose", "org"))
        service.control("POST", "tokens", {"kind": "pat", "revoked": True})
        with Serving(one, "--verbose", "--listen", "127.0.0.1:0") as process:
            wait_for(lambda: len(children(process.pid)) == 5)
            time.sleep(2)
            for pid in (process.pid, *children(process.pid).values()):
                for what in ("cmdline", "environ"):
                    try:
                        with open(f"/proc/{pid}/{what}", "rb") as file:
                            no_secret_in(f"/proc/PID/{what}", file.read(), secrets)
                    except (PermissionError, FileNotFoundError, ProcessLookupError):
                        pass
            said.append(one.run("backup", os.path.join(folder, "backup")))
            assert said[-1].status == 0, said[-1].err
        for word in ("ledger", "gaps", "list"):
            said += [one.run("sources", word), one.run("sources", word, "--json")]
        said.append(one.run("sql", "--format", "csv", "select * from events"))
        for result in said:
            no_secret_in("what it said", result.out + result.err.encode(), secrets)
        no_secret_in("the log", log_of(one).encode(), secrets)
        look_through(one.data, secrets)
        look_through(os.path.join(folder, "backup"), secrets)
        config = os.path.join(folder, "config")
        look_through(config, secrets)
        keys = [os.path.join(p, n) for p, _, names in os.walk(config) for n in names]
        assert keys and all(os.stat(k).st_mode & 0o077 == 0 for k in keys), "the key may be read by others"
        with open(keys[0], "rb") as file:
            key = file.read()
        for root in (one.data, os.path.join(folder, "backup")):
            for path, _, names in os.walk(root):
                for name in names:
                    with open(os.path.join(path, name), "rb") as file:
                        data = file.read()
                    assert key not in data and key.strip() not in data, f"{name} holds the key of the secrets"
        opened = sqlite3.connect(os.path.join(folder, "backup", "catalog.db"))
        assert opened.execute("select count(*) from connections").fetchone()[0] == 5
        opened.close()


def test_a_process_with_a_token_leaves_no_core(folder):
    with Started(folder, "jira", events="jira=20", more=("--interval", "1s")) as (one, service):
        if not lake.shutil.which("prlimit"):
            raise lake.Skip("there is no prlimit")
        service.fault("hang", seconds=20, source="jira")
        before, mark = set(os.listdir(folder)), service.mark()
        full = dict(os.environ, PUGMARK_DATA="/nonexistent", **one.env)
        process = subprocess.Popen(["prlimit", "--core=unlimited", lake.PUGMARK, "collect", "--data", one.data, "jira-acme"], env=full,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for(lambda: service.asked(mark, "jira"))
        process.send_signal(signal.SIGABRT)
        process.wait()
        assert not [n for n in set(os.listdir(folder)) - before if n.startswith("core")], "a core was written"


def test_a_buckets_keys_are_sealed(folder):
    with Bucket(folder) as bucket:
        write("s3-id", b"S3RVER")
        one = Stored(folder)
        bucket.put("a.ndjson", lake.joined(lake.generate("in", "bitbucket", 20)[0]))
        one.connect_bucket(bucket)
        one.collect()
        # The stand-in knows one secret only, a short one: another is sealed in its place, and refused.
        secret = b"wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
        write("s3-secret", secret)
        result = one.run("connect", "s3", "--table", "bitbucket", "--bucket", "s3://audit", "--name", one.name, *bucket.words)
        assert result.status == 1 and secret.decode() not in result.err + result.out.decode(), result
        look_through(one.data, {"the secret key": secret})
        assert b'"settings"' not in result.out
        assert one.collect()["failure"] == "fine", "the saved keys were lost"
