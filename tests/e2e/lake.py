# SPDX-License-Identifier: Apache-2.0
"""What the end-to-end tests share: running the program, a lake to run it on, and the questions that
decide whether it kept its promises."""
import collections
import ctypes
import ctypes.util
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
QUICK = os.environ.get("QUICK", "") not in ("", "0")
CLUSTER = os.environ.get("CLUSTER", "") not in ("", "0")
LONG = os.environ.get("LONG", "") not in ("", "0")
KEEP = os.environ.get("KEEP", "") not in ("", "0")
PUGMARK = GENERATE = SHIP = None
SANITIZED = False  # built with sanitizers: memory and time say nothing


# What is not called product_audit_logs.
OTHERS = {"org": "atlassian_org_events", "alerts": "third_party_alerts"}


def full(table):
    """A table's whole name."""
    return OTHERS.get(table, table + "_audit_logs")


def clustered(test):
    """Marks a test that needs shards and replicas: make test-cluster runs it."""
    test.clustered = True
    return test


class Skip(Exception):
    pass


def slow(test):
    """Marks a test that QUICK=1 leaves out."""
    test.slow = True
    return test


def long(test):
    """Marks a test that runs with LONG=1 only."""
    test.long = True
    return test


def find_programs():
    global PUGMARK, GENERATE, SHIP, SANITIZED
    for name, variable in (("pugmark", "PUGMARK"), ("generate", "GENERATE")):
        found = os.environ.get(variable)
        for build in ("release", "dev"):
            path = os.path.join(ROOT, "build", build, name)
            if not found and os.access(path, os.X_OK):
                found = path
        if not found:
            sys.exit(f"run.sh: {name} is not built: type make, or set {variable}=")
        globals()[variable] = os.path.abspath(found)
    SHIP = os.path.join(os.path.dirname(PUGMARK), "pugmark-ship")
    with open(PUGMARK, "rb") as program:
        SANITIZED = b"__asan_init" in program.read()


Result = collections.namedtuple("Result", "status out err seconds rss_mb cpu")


def run(args, env=None, stdin=None, timeout=170, kill_after=None, signal_after=None, prefix=()):
    """Runs a program to its end. kill_after and signal_after: seconds until SIGKILL or SIGINT."""
    out_path, err_path = f"out.{os.getpid()}.{id(args)}", f"err.{os.getpid()}.{id(args)}"
    full = dict(os.environ, PUGMARK_DATA="/nonexistent", NO_COLOR="1", **(env or {}))
    began = time.monotonic()
    with open(out_path, "wb") as out, open(err_path, "wb") as err:
        process = subprocess.Popen([*prefix, *args], stdout=out, stderr=err, env=full,
                                   stdin=stdin or subprocess.DEVNULL)
        for delay, number in ((kill_after, signal.SIGKILL), (signal_after, signal.SIGINT)):
            if delay is not None:
                time.sleep(delay)
                os.kill(process.pid, number)  # not send_signal: that would collect its status
        while True:
            pid, status, usage = os.wait4(process.pid, os.WNOHANG)
            if pid:
                break
            if time.monotonic() - began > timeout:
                process.kill()
                os.wait4(process.pid, 0)
                raise AssertionError(f"{' '.join(args)[:300]}: not done after {timeout} s")
            time.sleep(0.002)
    process.returncode = os.waitstatus_to_exitcode(status)
    said = open(out_path, "rb").read(), open(err_path, "rb").read()
    os.unlink(out_path)
    os.unlink(err_path)
    return Result(process.returncode, said[0], said[1].decode("utf-8", "replace"),
                  time.monotonic() - began, usage.ru_maxrss / 1024, usage.ru_utime + usage.ru_stime)


def generate(path, table, events, *options):
    """Makes a file; returns its lines without newlines and the truth of each line."""
    truth = path + ".truth"
    result = run([GENERATE, "--table", table, "--events", str(events), "-o", path, "--truth", truth,
                  *map(str, options)])
    assert result.status == 0, result.err
    with open(truth, encoding="utf-8") as file:
        notes = [json.loads(line) for line in file]
    with open(path, "rb") as file:
        lines = file.read().split(b"\n")
    assert lines.pop() == b""
    return lines, notes[:-1], notes[-1]["total"]


class Lake:
    def __init__(self, folder, name="data"):
        self.data = os.path.join(folder, name)

    def run(self, command, *args, **how):
        return run([PUGMARK, command, "--data", self.data, *map(str, args)], **how)

    def load(self, *args, expect=0, **how):
        """import --json: the object that it prints, with .status and .err added."""
        result = self.run("import", "--json", *args, **how)
        if expect is not None:
            assert result.status == expect, f"import {args}: status {result.status}, not {expect}: {result.err}"
        said = json.loads(result.out) if result.out else {}
        said["status"], said["err"], said["run"] = result.status, result.err, result
        return said

    def sql(self, question, *args):
        result = self.run("sql", "--format", "ndjson", *args, question)
        assert result.status == 0, f"{question}: {result.err}"
        return [json.loads(line) for line in result.out.splitlines()]

    def value(self, question):
        (row,) = self.sql(question)
        (value,) = row.values()
        return value

    def count(self, table):
        return self.value(f"select count(*) n from {table}")

    def raw(self, table=None):
        """The raw records as a list."""
        result = self.run("export", "--format", "ndjson", *(["--table", table] if table else []))
        assert result.status == 0, result.err
        lines = result.out.split(b"\n")
        assert lines.pop() == b"", "export does not end with a newline"
        return lines

    def status(self):
        result = self.run("status", "--json")
        assert result.status == 0, result.err
        return json.loads(result.out)

    def rejects(self):
        result = self.run("rejects", "list", "--json")
        assert result.status == 0, result.err
        return json.loads(result.out)

    def verify(self):
        """The findings of verify: names of damaged files."""
        result = self.run("verify", "--json")
        found = json.loads(result.out)
        assert result.status == (1 if found["findings"] else 0), result.err
        return [f["file"] for f in found["damaged"]]

    def files(self, kind=""):
        for folder, _, names in os.walk(os.path.join(self.data, kind)):
            for name in sorted(names):
                yield os.path.join(folder, name)

    def holds(self, table, lines):
        """The promise: stored equals sent, each once, nothing damaged."""
        want, have = collections.Counter(lines), collections.Counter(self.raw(table))
        lost, more = want - have, have - want
        assert not lost, f"{sum(lost.values())} of {len(lines)} lost, first: {next(iter(lost))[:200]}"
        assert not more, f"{sum(more.values())} too many, first: {next(iter(more))[:200]}"
        n = self.value(f"select count(*) n from {full(table)}")
        assert n == len(lines), f"the table has {n} rows, sent were {len(lines)}"
        ids = self.value(f"select count(distinct event_id) n from {full(table)}")
        assert ids == n, f"{n} rows have {ids} event ids"
        damaged = self.verify()
        assert not damaged, f"verify names {damaged}"


def write(path, *parts):
    with open(path, "wb") as file:
        for part in parts:
            file.write(part)
    return path


def joined(lines):
    return b"".join(line + b"\n" for line in lines)


def says(result, *words):
    """The message names all these words (regular expressions, any case)."""
    err = result["err"] if isinstance(result, dict) else result.err
    for word in words:
        assert re.search(word, err, re.I), f"the message does not say {word!r}: {err.strip()!r}"


def clear(result, *words):
    """A message for people: one that names these words, and no crash."""
    status = result["status"] if isinstance(result, dict) else result.status
    assert status >= 0, f"ended by signal {-status}"
    assert status in (0, 1, 2, 3, 130), f"odd exit status {status}"
    err = result["err"] if isinstance(result, dict) else result.err
    assert "Sanitizer" not in err, err
    says(result, *words)


def zstd(data, level=3):
    """One zstd frame, by the system's library."""
    lib = ctypes.CDLL(ctypes.util.find_library("zstd") or "libzstd.so.1")
    lib.ZSTD_compressBound.restype = lib.ZSTD_compress.restype = ctypes.c_size_t
    bound = lib.ZSTD_compressBound(ctypes.c_size_t(len(data)))
    out = ctypes.create_string_buffer(bound)
    n = lib.ZSTD_compress(out, ctypes.c_size_t(bound), data, ctypes.c_size_t(len(data)), level)
    assert 0 < n <= bound
    return out.raw[:n]


def unzstd(data):
    """What one zstd frame holds that says how much that is."""
    lib = ctypes.CDLL(ctypes.util.find_library("zstd") or "libzstd.so.1")
    lib.ZSTD_decompress.restype = ctypes.c_size_t
    lib.ZSTD_findFrameCompressedSize.restype = ctypes.c_size_t
    lib.ZSTD_getFrameContentSize.restype = ctypes.c_ulonglong
    assert lib.ZSTD_findFrameCompressedSize(data, ctypes.c_size_t(len(data))) == len(data), "not one frame"
    size = lib.ZSTD_getFrameContentSize(data, ctypes.c_size_t(len(data)))
    assert size < 1 << 30, "the frame does not say its size"
    out = ctypes.create_string_buffer(max(size, 1))
    n = lib.ZSTD_decompress(out, ctypes.c_size_t(size), data, ctypes.c_size_t(len(data)))
    assert n == size, "the frame does not unpack"
    return out.raw[:size]


def as_nobody():
    """Words in front of a command that take root's rights away."""
    if os.geteuid() != 0:
        return ()
    if not shutil.which("setpriv"):
        raise Skip("runs as root, and there is no setpriv to be somebody else")
    probe = subprocess.run(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", PUGMARK,
                            "version"], capture_output=True)
    if probe.returncode != 0:
        raise Skip("runs as root, and nobody else may run the program")
    return ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")


def give_to_nobody(path):
    if os.geteuid() == 0:
        for folder, _, names in os.walk(path):
            os.chown(folder, 65534, 65534)
            for name in names:
                os.chown(os.path.join(folder, name), 65534, 65534)


def remove_tree(path):
    for folder, _, _ in os.walk(path):
        os.chmod(folder, 0o700)
    shutil.rmtree(path, ignore_errors=True)
