# SPDX-License-Identifier: Apache-2.0
"""What collecting costs: the history of a million records out of an API that answers as fast as it can, and a bucket
on this machine beside the import of the very same file."""
import json
import os
import shutil
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "tests", "stand_ins"))
from atlassian_client import StandIn  # noqa: E402
from s3_client import Bucket  # noqa: E402

PAGES_A_SECOND, ROWS = 10, 1000  # what the measure takes a server to give


def connect(b, lake, words, env):
    result = subprocess.run([b.program("pugmark"), "connect", "--data", lake, "--json", *words], env=env,
                            capture_output=True, text=True)
    if result.returncode != 0:
        sys.exit(f"bench: connect: {result.stderr}")
    return json.loads(result.stdout)["name"]


def collected(b, lake, name, env, more=()):
    b.settle()
    said = b.run([b.program("pugmark"), "collect", "--data", lake, "--once", "--json", *more, name], env=env)
    if said["error"]:
        sys.exit(f"bench: collect: {said['error']}")
    return said


def api(b, records):
    """The share of one core that pugmark takes while a server gives ten pages of a thousand a second."""
    folder = os.path.join(b.DIR, "api")
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    with StandIn("--events", f"jira={records}", "--last", "now") as service:
        token = os.path.join(folder, "token")
        with open(token, "w", encoding="ascii") as file:
            file.write(service.tokens["classic"])
        env = dict(os.environ, XDG_CONFIG_HOME=folder, HTTPS_PROXY=f"http://127.0.0.1:{service.ports['proxy']}")
        lake = os.path.join(folder, "lake")
        name = connect(b, lake, ["jira", "--domain", "acme.atlassian.net", "--mail", service.ready["mail"],
                                 "--api-token-file", token, "--ca-file", service.ca, "--allow-private"], env)
        said = collected(b, lake, name, env)
    if said["stored"] != records:
        sys.exit(f"bench: {said['stored']} of {records} records are stored")
    share = said["cpu"] / (records / (PAGES_A_SECOND * ROWS))
    print(f"history of {records:,} records over HTTPS ({said['requests']:,} requests): {said['wall']:.1f} s, "
          f"{records / said['wall']:,.0f} records/s; pugmark {said['cpu']:.2f} core-seconds, peak {said['peak_mb']:.0f} MB")
    b.verdict(f"share of a core at {PAGES_A_SECOND} pages of {ROWS:,} a second", share * 100, 25, False, " %")
    shutil.rmtree(folder)


def cpu_of(pid):
    """Core-seconds that a process has used so far."""
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def packed(path):
    """The file as `pugmark ship` sends it: zstd."""
    out = path + ".zst"
    if not os.path.exists(out):
        subprocess.run(["zstd", "-q", "-3", path, "-o", out], check=True)
    return out


def pin(pid, cores):
    for thread in os.listdir(f"/proc/{pid}/task"):
        os.sched_setaffinity(int(thread), cores)


def compare(b, server, env, what, number, file, more=()):
    """Alternating: a file from disk, the same file as an object."""
    disk, object_ = [], []
    for _ in range(b.RUNS):
        disk.append(b.imported(file, more=more))
        lake = os.path.join(b.DIR, "bucket", "lake")
        shutil.rmtree(lake, ignore_errors=True)
        name = connect(b, lake, ["bitbucket", "--bucket", f"s3://audit/{number}/", *server.words], env)
        before = cpu_of(server.process.pid)
        object_.append(collected(b, lake, name, env, more))
        object_[-1]["server"] = cpu_of(server.process.pid) - before
        if object_[-1]["stored"] != disk[-1]["stored"]:
            sys.exit("bench: the bucket gave other events than the file")
    print(f"{what}, {os.path.getsize(file) / 1e6:.0f} MB: import {b.spread(disk, 'wall')}, "
          f"bucket {b.spread(object_, 'wall')}; core-seconds {b.median(disk, 'cpu'):.2f}, "
          f"{b.median(object_, 'cpu'):.2f}; the server's: {b.median(object_, 'server'):.2f}")
    b.verdict(f"speed out of a bucket against the same file from disk, {what}",
              b.median(disk, "wall") / b.median(object_, "wall"), 0.8)


def bucket(b, path):
    """With one server on the same cores, and on a core of its own: the whole of a server costs as much as what is measured."""
    folder = os.path.join(b.DIR, "bucket")
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    env = dict(os.environ, XDG_CONFIG_HOME=folder)
    files = {"packed (zstd)": packed(path), "plain": path}
    with Bucket(folder) as server:
        for number, file in enumerate(files.values()):
            with open(file, "rb") as data:
                server.put(f"{number}/{os.path.basename(file)}", data.read())
        for number, (what, file) in enumerate(files.items()):
            compare(b, server, env, what, number, file)
        whole = os.sched_getaffinity(0)
        if len(whole) > 1:
            first, *rest = sorted(whole)
            pin(server.process.pid, {first})
            os.sched_setaffinity(0, set(rest))  # what is started from here on
            compare(b, server, env, "plain, the server on a core of its own", len(files) - 1, path, ("--threads", str(len(rest))))
            os.sched_setaffinity(0, whole)
    shutil.rmtree(folder)


def part(b):
    api(b, 1_000_000 if b.EVENTS >= 1_000_000 else b.EVENTS)
    bucket(b, b.FILE)
