# SPDX-License-Identifier: Apache-2.0
"""What the tests of collecting share: Atlassian's stand-in behind its real names (through a proxy), a
lake that collects from it, and the promise that what was served is what is stored."""
import collections
import hashlib
import json
import os
import subprocess
import sys
import time

import lake
from lake import Lake

sys.path.insert(0, os.path.join(lake.ROOT, "tests", "stand_ins"))
from atlassian_client import StandIn  # noqa: E402

# source of the stand-in: (kind, domain, token, table)
SOURCES = {
    "jira": ("jira", "acme.atlassian.net", "classic", "jira"),
    "confluence": ("confluence", "acme.atlassian.net", "classic", "confluence"),
    "other/jira": ("jira", "other.atlassian.net", "scoped", "jira"),
    "other/confluence": ("confluence", "other.atlassian.net", "scoped", "confluence"),
    "jira-dc": ("jira", "https://jira.example.com", "pat", "jira"),
    "confluence-dc": ("confluence", "https://confluence.example.com", "pat", "confluence"),
    "bitbucket-dc": ("bitbucket-dc", "https://bitbucket.example.com", "pat", "bitbucket"),
    "org": ("org", None, "org", "org"),
}
TABLES = {"jira": "jira_audit_logs", "confluence": "confluence_audit_logs",
          "bitbucket": "bitbucket_audit_logs", "org": "atlassian_org_events"}


class Service(StandIn):
    """The stand-in, and files with its tokens."""

    def __init__(self, folder, *words, events="300", last="now"):
        super().__init__("--events", events, "--last", last, *words)
        self.where = folder
        for kind, token in self.tokens.items():
            lake.write(os.path.join(folder, f"token-{kind}"), token.encode() + b"\n")

    def token(self, kind):
        return os.path.join(self.where, f"token-{kind}")

    @property
    def env(self):
        return {"HTTPS_PROXY": f"http://127.0.0.1:{self.ports['proxy']}",
                "XDG_CONFIG_HOME": os.path.join(self.where, "config")}

    def add(self, source, count=1, at="now", **more):
        self.control("POST", "events", {"source": source, "count": count, "at": at, **more})

    def asked(self, after=0, source=None):
        """The requests for records since number `after`, in order; `self.mark()` is the last number."""
        return [r for r in self.control("GET", "requests", after=after)
                if r["source"] and source in (None, r["source"])]

    def mark(self):
        return self.control("GET", "state")["requests"]

    def now(self):
        return self.control("GET", "state")["now"]


class Collecting(Lake):
    """A lake that is connected to a service."""

    def __init__(self, service, folder, name="data"):
        super().__init__(folder, name)
        self.service, self.folder = service, folder
        self.names = {}
        self.now_ms = None  # what the program takes for now

    @property
    def env(self):
        return {**self.service.env, **({"PUGMARK_NOW": str(self.now_ms * 1000)} if self.now_ms else {})}

    def run(self, command, *args, **how):
        how["env"] = {**self.env, **(how.get("env") or {})}
        return super().run(command, *args, **how)

    def words(self, source):
        """The words of `connect` for a source of the stand-in."""
        kind, domain, token, _ = SOURCES[source]
        words = [kind, "--ca-file", self.service.ca, "--allow-private", "--api-token-file",
                 self.service.token(token)]
        if kind == "org":
            return [*words, "--org-id", self.service.ready["org_id"], "--requests-per-minute", "60000"]
        words += ["--domain", domain]
        return words if token == "pat" else [*words, "--mail", self.service.ready["mail"]]

    def connect(self, source, *more, expect=0):
        result = self.run("connect", "--json", *self.words(source), *more)
        assert result.status == expect, f"connect {source}: {result.status}: {result.err}"
        said = json.loads(result.out)
        if expect == 0:
            self.names[source] = said["name"]
        return said

    def collect(self, *sources, expect=0, **how):
        """collect --once: the object of each source, by the stand-in's name."""
        names = [self.names[s] for s in sources]
        result = self.run("collect", "--once", "--json", *names, **how)
        assert expect is None or result.status == expect, f"collect: {result.status}: {result.err}"
        by_name = {v: k for k, v in self.names.items()}
        said = [json.loads(line) for line in result.out.splitlines()]
        found = {by_name[s["source"]]: s for s in said}
        return found[sources[0]] if len(sources) == 1 and found else found

    def start(self, *args):
        """A process that goes on until it is ended."""
        full = dict(os.environ, PUGMARK_DATA="/nonexistent", NO_COLOR="1", **self.env)
        log = open(os.path.join(self.folder, "process.log"), "ab")
        return subprocess.Popen([lake.PUGMARK, args[0], "--data", self.data, *args[1:]], env=full,
                                stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def stored(self, source):
        """SHA-256 of the stored records of one source, each as often as it is there."""
        table = TABLES[SOURCES[source][3]]
        name = self.names[source]
        result = self.run("search", "--raw", "--limit", "0", "--secondary", "--table", table,
                          f"source:{name}")
        assert result.status in (0, 1), result.err
        return collections.Counter(hashlib.sha256(line).hexdigest()
                                   for line in result.out.split(b"\n") if line)

    def exact(self, *sources, also_gone=True):
        """What was served is what is stored: nothing lost, nothing doubled."""
        for source in sources:
            truth = self.service.truth(source)
            want = collections.Counter(t["sha256"] for t in truth if also_gone or not t["gone"])
            have = self.stored(source)
            lost, more = want - have, have - want
            if not also_gone:
                more -= collections.Counter(t["sha256"] for t in truth if t["gone"])
            times = {t["sha256"]: t for t in truth}
            assert not lost, (f"{source}: {sum(lost.values())} of {sum(want.values())} lost, first: "
                              f"{times[next(iter(lost))]}")
            assert not more, f"{source}: {sum(more.values())} too many, first: {times.get(next(iter(more)))}"
        damaged = self.verify()
        assert not damaged, damaged

    def balanced(self, *sources, gaps=0):
        """The ledger's equation holds, its sums are the table's, and nothing is missing."""
        for source in sources:
            ledger = self.ledger(source)
            sums = ledger["sums"]
            known = sums["stored"] + sums["duplicates"] + sums["expired"] + sums["rejects"]
            assert sums["records"] == known, f"{source}: {sums}"
            stored = sum(self.stored(source).values())
            assert sums["stored"] == stored, f"{source}: {stored} in the table, {sums}"
            parts = {name: sum(w[name] for w in ledger["windows"]) for name in ("records", "stored", "requests")}
            assert all(sums[name] == n for name, n in parts.items()), (parts, sums)
            found = self.gaps(source)
            assert len(found) == gaps, f"{source}: gaps: {found}"

    def ledger(self, source):
        result = self.run("sources", "ledger", "--json", self.names[source])
        assert result.status == 0, result.err
        return json.loads(result.out)

    def gaps(self, source=None):
        result = self.run("sources", "gaps", "--json", *([self.names[source]] if source else []))
        assert result.status in (0, 3), result.err
        return json.loads(result.out)["gaps"]

    def state(self, source):
        result = self.run("sources", "list", "--json")
        assert result.status == 0, result.err
        return next(s for s in json.loads(result.out)["sources"] if s["name"] == self.names[source])


class Started:
    """A stand-in, and a lake that is connected to these sources of it."""

    def __init__(self, folder, *sources, words=(), more=(), **service):
        self.service = Service(folder, *words, **service)
        self.one = Collecting(self.service, folder)
        self.sources, self.more = sources, more

    def __enter__(self):
        self.service.__enter__()
        for source in self.sources:
            self.one.connect(source, "--allow-empty", *self.more)
        return self.one, self.service

    def __exit__(self, *why):
        self.service.__exit__(*why)


CLOUD = ("jira", "confluence", "other/jira", "other/confluence")
DATA_CENTER = ("jira-dc", "confluence-dc", "bitbucket-dc")
WINDOWS = CLOUD + DATA_CENTER


def counts(*sources, n=300):
    """For --events."""
    return ",".join(f"{s}={n}" for s in sources)


def wait_for(what, seconds=20, every=0.05):
    """Waits until what() is true."""
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "waited too long"
        time.sleep(every)
