# SPDX-License-Identifier: Apache-2.0
"""A real S3 server for tests (tests/stand_ins/s3.sh), and a client that puts objects into it."""
import concurrent.futures
import datetime
import gzip
import hashlib
import hmac
import http.client
import json
import os
import subprocess
import urllib.parse

import lake
from lake import Lake, joined

KEY = "S3RVER"


def sign(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


class Bucket:
    """`with Bucket(folder) as b:`; ends the server at the end."""

    def __init__(self, folder, name="audit"):
        self.folder, self.name = os.path.join(folder, "s3"), name
        self.process = subprocess.Popen(
            ["bash", os.path.join(lake.ROOT, "tests", "stand_ins", "s3.sh"), self.folder],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.ports = {}
        for line in self.process.stdout:
            if line.strip() == "ready":
                break
            word, port = line.split()
            self.ports[word] = int(port)
        assert "s3" in self.ports, "the S3 server did not start"
        lake.write(os.path.join(folder, "s3-id"), KEY.encode())
        lake.write(os.path.join(folder, "s3-secret"), KEY.encode() + b"\n")
        self.words = ["--endpoint", f"http://127.0.0.1:{self.ports['s3']}", "--path-style", "--region", "us-east-1",
                      "--allow-private", "--access-key-id-file", os.path.join(folder, "s3-id"),
                      "--secret-access-key-file", os.path.join(folder, "s3-secret")]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.terminate()
        self.process.wait(10)
        self.process.stdout.close()

    def ask(self, method, key, body=b"", **query):
        """One signed request (Signature Version 4); the status and the body."""
        path = "/" + self.name + ("/" + urllib.parse.quote(key, safe="/-_.~") if key else "")
        text = "&".join(f"{urllib.parse.quote(k, safe='')}={urllib.parse.quote(str(v), safe='')}"
                        for k, v in sorted(query.items()))
        now = datetime.datetime.now(datetime.timezone.utc)
        stamp, day = now.strftime("%Y%m%dT%H%M%SZ"), now.strftime("%Y%m%d")
        host = f"127.0.0.1:{self.ports['s3']}"
        payload = hashlib.sha256(body).hexdigest()
        names = "host;x-amz-content-sha256;x-amz-date"
        canonical = f"{method}\n{path}\n{text}\nhost:{host}\nx-amz-content-sha256:{payload}\nx-amz-date:{stamp}\n\n{names}\n{payload}"
        scope = f"{day}/us-east-1/s3/aws4_request"
        to_sign = f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
        key_bytes = ("AWS4" + KEY).encode()
        for part in (day, "us-east-1", "s3", "aws4_request"):
            key_bytes = sign(key_bytes, part)
        signature = hmac.new(key_bytes, to_sign.encode(), hashlib.sha256).hexdigest()
        connection = http.client.HTTPConnection("127.0.0.1", self.ports["s3"], timeout=60)
        connection.request(method, path + ("?" + text if text else ""), body, {
            "Host": host, "x-amz-date": stamp, "x-amz-content-sha256": payload,
            "Authorization": f"AWS4-HMAC-SHA256 Credential={KEY}/{scope}, SignedHeaders={names}, Signature={signature}"})
        reply = connection.getresponse()
        data = reply.read()
        connection.close()
        return reply.status, data

    def put_all(self, objects, at_once=8):
        with concurrent.futures.ThreadPoolExecutor(at_once) as pool:
            list(pool.map(lambda pair: self.put(*pair), objects.items()))

    def put(self, key, body):
        status, data = self.ask("PUT", key, body)
        assert status == 200, (status, data)

    def delete(self, key):
        status, data = self.ask("DELETE", key)
        assert status == 204, (status, data)


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
