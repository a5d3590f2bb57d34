# SPDX-License-Identifier: Apache-2.0
"""What the tests of feeds share: a lake with a key, events that hold addresses, and feeds of the stand-in."""
import io
import json
import os
import subprocess
import sys
import time
import zipfile

import lake
from lake import Lake, joined, write
from receivers import certificate

sys.path.insert(0, os.path.join(lake.ROOT, "tests", "stand_ins"))
from feeds import Feeds, Taxii, address, gzipped, indicator  # noqa: E402, F401

BEGIN = 1_727_136_000  # 2024-09-24T00:00:00Z
HOUR, DAY = 3600 * 1000000, 86400 * 1000000
PAGE = b"\r\n <!DOCTYPE HTML><html><body>198.51.100.7 please sign in</body></html>"
SECRET = "k3y-0f-the-feed-9a7b"


def event(n):
    """One of Bitbucket's, from 198.51.100.n."""
    return json.dumps({
        "affectedObjects": [], "auditType": {"area": "USER_MANAGEMENT", "category": "Authentication", "level": "BASE",
                                             "action": "Login", "actionI18nKey": "login"},
        "author": {"id": "1", "name": f"user.{n % 7}", "type": "user", "uri": ""}, "changedValues": [], "extraAttributes": [],
        "method": "Browser", "source": f"198.51.100.{n}", "system": "https://x.example",
        "timestamp": {"epochSecond": BEGIN + n * 60, "nano": 0}, "version": "1.0"}).encode()


class Feeding(Lake):
    """A lake with events from 198.51.100.0 to .59, to which feeds are added; `with` ends its server."""

    def __init__(self, folder, tls=False, events=60):
        super().__init__(folder)
        self.folder, self.key = folder, os.path.join(folder, "key")
        self.cert, key = certificate(folder)
        self.server = Feeds(self.cert, key) if tls else Feeds()
        self.load("--table", "bitbucket", "--instance", "https://x.example",
                  write(os.path.join(folder, "events.log"), joined(event(n) for n in range(events))))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.__exit__()

    def ioc(self, *words, expect=0, **how):
        result = self.run("ioc", "--key-file", self.key, *words, **how)
        assert expect is None or result.status == expect, f"ioc {words}: status {result.status}: {result.err}"
        return result

    def add(self, name, *words, expect=0, **how):
        return self.ioc("add", name, "--ca-file", self.cert, "--allow-private", *words, expect=expect, **how)

    def feed(self, body=b"", *words, name="f", path="/list.txt", expect=0, **page):
        """A feed with this content, added."""
        return self.add(name, "--url", self.server.put(path, body, **page), *words, expect=expect)

    def update(self, *words, expect=0, **how):
        return self.ioc("update", *words, expect=expect, **how)

    def feeds(self):
        return {f["name"]: f for f in json.loads(self.ioc("feeds", "--json").out)["feeds"]}

    def holds(self, name="f"):
        """The indicators of a list."""
        result = self.ioc("list", name, "--format", "csv")
        return sorted(line.split(",")[0] for line in result.out.decode().splitlines()[1:])

    def alerts(self):
        result = self.run("alerts", "list", "--json", "--state", "all")
        assert result.status == 0, result.err
        return json.loads(result.out)["alerts"]

    def start(self, *words):
        log = open(os.path.join(self.folder, "process.log"), "ab")
        return subprocess.Popen([lake.PUGMARK, words[0], "--data", self.data, "--key-file", self.key, *words[1:]],
                                stdout=log, stderr=log, stdin=subprocess.DEVNULL)

    def said(self):
        with open(os.path.join(self.folder, "process.log"), encoding="utf-8", errors="replace") as file:
            return file.read()


def lines(*numbers):
    return b"".join(b"198.51.100.%d\n" % n for n in numbers)


def addresses(*numbers):
    return sorted(f"198.51.100.{n}" for n in numbers)


def zipped(*files, stored=False, comment=b""):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED) as packed:
        packed.comment = comment
        for name, data in files:
            packed.writestr(name, data)
    return out.getvalue()


def now():
    return int(time.time() * 1e6)


def at(us):
    return {"PUGMARK_NOW": str(us)}


def taxii(one, n=7, **how):
    one.server.taxii = Taxii(**how)
    one.server.taxii.add(*(indicator(address(f"198.51.100.{i}"), i) for i in range(n)))
    one.server.taxii.add({"type": "malware", "id": "malware--1", "spec_version": "2.1", "name": "198.51.100.50"})
    return one.server.taxii
