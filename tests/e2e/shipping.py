# SPDX-License-Identifier: Apache-2.0
"""For the tests of ship: a bucket on a real S3 server and what lies in it, a wire to it that can be cut, a
server that writes logs, and a shipper that runs."""
import collections
import ctypes
import gzip
import hashlib
import json
import os
import re
import select
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.parse

import lake

STAND_INS = os.path.join(lake.ROOT, "tests", "stand_ins")
sys.path.insert(0, STAND_INS)
import s3_client  # noqa: E402
KEY = re.compile(r"^(?:(?P<prefix>.*)/)?(?P<node>[^/]+)/(?P<log>[^/]+)/(?P<fp>[0-9a-f]{8})/"
                 r"(?P<first>\d{15})-(?P<to>\d{15})\.ndjson\.(?P<form>zst|gz)$")

A, B, C = (f"20240924.{n:05d}.audit.log" for n in range(3))
Range = collections.namedtuple("Range", "key first to raw meta")


class StandIn:
    """A server of tests/stand_ins that prints "name port" lines and "ready"."""

    def __init__(self, *command):
        self.process, self.ports = s3_client.start(*command)

    def stop(self):
        self.process.stdin.close()
        self.process.wait()


class Bucket(StandIn):
    def __init__(self, folder):
        self.folder = os.path.join(folder, "s3")
        super().__init__("bash", os.path.join(STAND_INS, "s3.sh"), self.folder)
        self.keys = lake.write(os.path.join(folder, "keys"), b"S3RVER\n")
        self.port = self.ports["s3"]

    def options(self, port=None):
        return ["--endpoint", f"http://127.0.0.1:{port or self.port}", "--allow-private", "--proxy", "",
                "--access-key-id-file", self.keys, "--secret-access-key-file", self.keys]

    def files(self):
        """(key, path) of all objects. s3rver writes what it knows of one last: of a PUT whose connection broke
        there is a file without it, which to S3 is no object."""
        top, end = os.path.join(self.folder, "s3", "audit"), "._S3rver_object"
        for folder, _, names in os.walk(top):
            for name in names:
                path = os.path.join(folder, name)
                if name.endswith(end) and os.path.exists(path[:-len("object")] + "metadata.json"):
                    yield os.path.relpath(path, top)[:-len(end)], path

    def ranges(self):
        """All objects, each checked against what it says of itself."""
        found = []
        for key, path in self.files():
            with open(path, "rb") as file:
                packed = file.read()
            parts = KEY.match(key)
            if not parts:
                assert key.endswith("/.pugmark-ship") and packed == b"", f"what is {key}?"
                continue
            with open(path[:-len("object")] + "metadata.json", encoding="utf-8") as file:
                meta = json.load(file)
            raw = lake.unzstd(packed) if parts["form"] == "zst" else gzip.decompress(packed)
            first, to = int(parts["first"]), int(parts["to"])
            assert to - first == len(raw) > 0, f"{key} holds {len(raw)} bytes"
            assert len(raw) <= 16 << 20, f"{key} holds {len(raw)} bytes"
            said = {name[len("x-amz-meta-pugmark-"):]: value for name, value in meta.items()
                    if name.startswith("x-amz-meta-pugmark-")}
            expected = {"node": parts["node"], "log": parts["log"], "from": str(first), "to": str(to),
                        "sha256": hashlib.sha256(raw).hexdigest()}
            assert said == expected, f"{key}: {said}, not {expected}"
            assert meta["content-type"] == "application/x-ndjson", meta
            assert "content-encoding" not in meta, meta
            found.append((parts["node"], parts["log"], parts["fp"], Range(key, first, to, raw, meta)))
        return found

    def logs(self):
        """{(node, log, fp): bytes}: ranges put together. None may be missing, and all must agree."""
        groups = collections.defaultdict(list)
        for node, log, fp, one in self.ranges():
            groups[urllib.parse.unquote(node), urllib.parse.unquote(log), fp].append(one)
        whole = {}
        for name, ranges in groups.items():
            text = b""
            for one in sorted(ranges, key=lambda r: (r.first, r.to)):
                assert one.first <= len(text), f"{one.key}: nothing from {len(text)} on"
                known = text[one.first:one.to]
                assert known == one.raw[:len(known)], f"{one.key} does not agree with another object"
                text += one.raw[len(known):]
            fp = hashlib.sha256(text.split(b"\n", 1)[0][:16 << 20]).hexdigest()[:8]
            assert name[2] == fp, f"{name}: its first line has the hash {fp}"
            whole[name] = text
        return whole

    def text(self, log, node=None):
        """What there is of the only log of this name."""
        found = [text for (n, l, _), text in self.logs().items() if l == log and node in (None, n)]
        assert len(found) <= 1, f"there are {len(found)} logs {log}"
        return found[0] if found else b""

    def holds(self, texts, node=None):
        """Every log {name: bytes} is there, byte for byte, and nothing else."""
        have = collections.Counter((log, text) for (n, log, _), text in self.logs().items()
                                   if node in (None, n))
        want = collections.Counter((name, text) for name, text in texts.items() if text)
        for log, text in (want - have):
            other = [len(t) for (name, t) in have if name == log]
            raise AssertionError(f"{log}: {len(text)} bytes are not there; there are {other}")
        assert have == want, f"more than what was written: {[n for n, _ in have - want]}"


class Wire:
    """A port that leads to another one, until it is cut."""

    def __init__(self, port):
        self.target, self.mode, self.pairs = port, "on", []
        self.lock = threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.limit = None  # bytes that a connection may send before it is cut
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            client, _ = self.listener.accept()
            if self.mode == "refuse":
                client.close()
                continue
            with self.lock:
                self.pairs.append(client)
            if self.mode != "silent":
                threading.Thread(target=self.carry, args=(client,), daemon=True).start()

    def carry(self, client):
        try:
            server = socket.create_connection(("127.0.0.1", self.target))
        except OSError:
            client.close()
            return
        with self.lock:
            self.pairs.append(server)
        sent = 0
        try:
            while True:
                for end in select.select([client, server], [], [])[0]:
                    data = end.recv(65536)
                    if not data:
                        return
                    if end is client and self.limit is not None:
                        data = data[:max(self.limit - sent, 0)]
                        if not data:
                            return
                        sent += len(data)
                    (server if end is client else client).sendall(data)
        except (OSError, ValueError):
            pass
        finally:
            client.close()
            server.close()

    def cut(self, mode="refuse"):
        """Ends all connections; new ones are refused, or (silent) never answered."""
        self.mode = mode
        with self.lock:
            for one in self.pairs:
                try:
                    one.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
            self.pairs.clear()

    def mend(self):
        self.mode, self.limit = "on", None


class Server:
    """A product that writes logs: one file a turn, the highest number is the live one."""

    def __init__(self, folder, rng, name="logs"):
        self.folder, self.rng, self.number = os.path.join(folder, name), rng, 0
        self.texts = {}  # by the name that each had at first
        os.makedirs(self.folder, exist_ok=True)
        self.begin()

    def begin(self):
        self.name = f"20240924.{self.number:05d}.audit.log"
        self.number += 1
        self.texts[self.name] = b""
        self.lines = 0
        self.write(b"")

    def path(self, name=None):
        return os.path.join(self.folder, name or self.name)

    def write(self, data):
        with open(self.path(), "ab") as file:
            file.write(data)
        self.texts[self.name] += data

    def line(self, size=200):
        self.lines += 1
        self.write(b'{"log":"%s","line":%d,"text":"%s"}\n' % (
            self.name.encode(), self.lines, self.rng.randbytes(self.rng.randrange(size)).hex().encode()))

    def step(self):
        """Something that servers do."""
        what = self.rng.random()
        if what < 0.06 and self.lines:
            self.begin()
        elif what < 0.2:
            self.write(b'{"part":1,' + b"x" * self.rng.randrange(50))
            self.write(b'"end":2}\n')
        else:
            self.line()

    def finish(self):
        """The last log is followed by another one: nothing is left waiting."""
        with open(self.path("99999999.00000.audit.log"), "wb"):
            pass


def end_with_parent():
    """A test that fails leaves nothing behind: PR_SET_PDEATHSIG."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


class Shipper:
    """A shipper that goes on until it is stopped."""

    def __init__(self, folder, logs, bucket, *options, env=None, program=None, port=None, every=1):
        self.said = os.path.join(folder, "said")
        self.state = os.path.join(folder, "state", "file")
        self.command = [*(program or [lake.PUGMARK, "ship"]), "--every", str(every), "--state", self.state,
                        *bucket.options(port), *options, logs, "s3://audit/p"]
        self.env = dict(os.environ, NO_COLOR="1", **(env or {}))
        self.process = None
        self.start()

    def start(self):
        with open(self.said, "ab") as said:
            self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=said, stderr=said,
                                            env=self.env, preexec_fn=end_with_parent)

    def stop(self, number=signal.SIGTERM, within=10):
        self.process.send_signal(number)
        status = self.process.wait(within)
        said = self.log()
        assert "Sanitizer" not in said, said
        return status

    def log(self):
        with open(self.said, encoding="utf-8", errors="replace") as file:
            return file.read()

    def figure(self, name):
        """VmRSS, VmHWM … in MB."""
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as file:
            return int(re.search(rf"^{name}:\s+(\d+) kB", file.read(), re.M).group(1)) / 1024

    def cpu(self):
        with open(f"/proc/{self.process.pid}/stat", encoding="ascii") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def wait_for(what, seconds=20, every=0.1):
    """Until what() is true; what was wrong at last otherwise. An object may be looked at while it is written."""
    end = time.monotonic() + seconds
    while True:
        try:
            if what() is not False:
                return
            problem = AssertionError("it did not come to that")
        except (AssertionError, OSError, ValueError) as error:
            problem = error
        if time.monotonic() > end:
            raise problem
        time.sleep(every)


def ship_once(bucket, folder, *options, logs="logs", target="s3://audit/p", state="state/file", program=None,
              **how):
    return lake.run([*(program or [lake.PUGMARK, "ship"]), "--once", "--state", os.path.join(folder, state),
                     *bucket.options(), *options, os.path.join(folder, logs), target], **how)


def figures(result):
    assert result.status in (0, 3), result.err
    return json.loads(result.out)


def put(folder, name, data, logs="logs"):
    os.makedirs(os.path.join(folder, logs), exist_ok=True)
    with open(os.path.join(folder, logs, name), "ab") as file:
        file.write(data)
    return os.path.join(folder, logs, name)


def age(path, seconds=1000):
    """As if it had been written so long ago."""
    then = time.time() - seconds
    os.utime(path, (then, then))
