# SPDX-License-Identifier: Apache-2.0
"""A real S3 server (s3.sh beside it), and a client that puts objects into it; for tests, bench and demo."""
import concurrent.futures
import datetime
import hashlib
import hmac
import http.client
import os
import subprocess
import urllib.parse

HERE = os.path.dirname(os.path.abspath(__file__))
KEY = "S3RVER"


def sign(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def start(*command):
    """A stand-in that prints lines "name port" and "ready": its process, and the ports by name."""
    process, ports = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True), {}
    for line in process.stdout:
        if line == "ready\n":
            return process, ports
        name, port = line.split()
        ports[name] = int(port)
    raise AssertionError(f"{command} did not start")


class Ends:
    """Its process ends with the block."""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.terminate()
        self.process.wait(10)
        self.process.stdout.close()


class Bucket(Ends):
    """`with Bucket(folder) as b:`; ends the server at the end."""

    def __init__(self, folder, name="audit"):
        self.folder, self.name = os.path.join(folder, "s3"), name
        self.process, self.ports = start("bash", os.path.join(HERE, "s3.sh"), self.folder)
        for word in ("id", "secret"):
            with open(os.path.join(folder, f"s3-{word}"), "w", encoding="ascii") as file:
                file.write(KEY + "\n")
        self.words = ["--endpoint", f"http://127.0.0.1:{self.ports['s3']}", "--path-style", "--region", "us-east-1",
                      "--allow-private", "--access-key-id-file", os.path.join(folder, "s3-id"),
                      "--secret-access-key-file", os.path.join(folder, "s3-secret")]

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
