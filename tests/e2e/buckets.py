# SPDX-License-Identifier: Apache-2.0
"""Buckets for the end-to-end tests: as ship fills them, and a lake that collects from them."""
import gzip
import hashlib
import json
import os
import sys
import urllib.parse

import lake
from lake import Lake, joined

sys.path.insert(0, os.path.join(lake.ROOT, "tests", "stand_ins"))
from s3_client import Bucket  # noqa: E402,F401


def shipped(node, log, lines, first=0, last=None, packed=True):
    """(key, body) as pugmark ship writes lines[first:last] of a log (docs/ship.md)."""
    last = len(lines) if last is None else last
    at = len(joined(lines[:first]))
    body = joined(lines[first:last])
    print_of = hashlib.sha256(lines[0]).hexdigest()[:8]
    node, log = (urllib.parse.quote(part, safe="-_.") for part in (node, log))
    key = f"{node}/{log}/{print_of}/{at:015d}-{at + len(body):015d}.ndjson"
    return (key + ".zst", lake.zstd(body)) if packed else (key + ".gz", gzip.compress(body))


class Stored(Lake):
    """A lake that collects from a bucket or a folder."""

    name = None

    def connect(self, *words, expect=0, env=None):
        result = self.run("connect", "--json", *words, env=env)
        assert result.status == expect, f"connect: {result.status}: {result.err}"
        said = json.loads(result.out) if result.out else {}
        self.name = said.get("name", self.name)
        return said

    def connect_bucket(self, bucket, *more, table="bitbucket", where=None, expect=0):
        return self.connect("s3", "--table", table, "--bucket", where or f"s3://{bucket.name}", *bucket.words, "--allow-empty",
                            *more, expect=expect)

    def connect_folder(self, path, *more, table="bitbucket", expect=0):
        return self.connect("folder", "--table", table, "--path", os.path.abspath(path), "--allow-empty", *more, expect=expect)

    def collect(self, *more, expect=0, **how):
        result = self.run("collect", "--once", "--json", self.name, *more, **how)
        assert expect is None or result.status == expect, f"collect: {result.status}: {result.err}"
        said = json.loads(result.out) if result.out else {}
        said["err"], said["rss_mb"] = result.err, result.rss_mb
        return said

    def ledger(self):
        result = self.run("sources", "ledger", "--json", self.name)
        assert result.status == 0, result.err
        return json.loads(result.out)

    def gaps(self, *more, expect=(0, 3)):
        result = self.run("sources", "gaps", "--json", *more, self.name)
        assert result.status in expect, f"gaps: {result.status}: {result.err}"
        return json.loads(result.out)["gaps"]

    def balanced(self):
        sums = self.ledger()["sums"]
        known = sums["stored"] + sums["duplicates"] + sums["expired"] + sums["rejects"]
        assert sums["records"] == known, sums
        stored = self.value("select count(*) n from bitbucket_audit_logs")
        assert sums["stored"] == stored, f"{stored} in the table, {sums}"
