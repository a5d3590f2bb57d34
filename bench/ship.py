# SPDX-License-Identifier: Apache-2.0
"""Shipping to a real S3 server on the same machine: how fast a shipper catches up, what it takes while a server
writes, and what while nothing happens. The server is s3rver, which takes part of a core itself."""
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
LOGS = 10
LATENCY_LINES = 20


def split(source, folder):
    """The benchmark's file as the logs of a server, cut at line ends. In small parts: what this process has
    in memory would count as the peak of those that it starts."""
    os.makedirs(folder)
    size = os.path.getsize(source) // LOGS + 1
    with open(source, "rb") as file:
        for number in range(LOGS):
            with open(os.path.join(folder, f"20240924.{number:05d}.audit.log"), "wb") as out:
                while out.tell() < size and (part := file.read(1 << 20)):
                    out.write(part)
                out.write(file.readline())


def run(args):
    """As run.py's, with the peak as the system has it of this program alone: what wait4 says counts the
    process that it was forked from."""
    began, peak = time.monotonic(), 0
    process = subprocess.Popen(args, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    while True:
        try:
            with open(f"/proc/{process.pid}/status", encoding="ascii") as status:
                found = re.search(r"^VmHWM:\s+(\d+)", status.read(), re.M)
            peak = max(peak, int(found.group(1)) / 1024 if found else 0)
        except OSError:
            pass
        pid, status, usage = os.wait4(process.pid, os.WNOHANG)
        if pid:
            break
        time.sleep(0.01)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"bench: {' '.join(args)[:200]}: status {process.returncode}")
    said = json.loads(process.stdout.read())
    said.update(wall=time.monotonic() - began, cpu=usage.ru_utime + usage.ru_stime, peak_mb=peak)
    return said


def catch_up(b, bucket, folder, work, name, program, *options):
    runs = []
    for number in range(b.RUNS):
        state = os.path.join(work, f"state-{name}-{number}")
        b.settle()
        runs.append(run([*program, "--once", "--json", "--state", state, *bucket.options(), *options, folder,
                            f"s3://audit/{name}-{number}"]))
    megabytes = runs[0]["bytes"] / 1e6
    print(f"  {name:22} {b.spread(runs, 'wall')}  {megabytes / b.median(runs, 'wall'):4.0f} MB/s, "
          f"{b.median(runs, 'cpu'):.2f} core-s, peak {b.median(runs, 'peak_mb'):3.0f} MB, packed "
          f"{runs[0]['bytes'] / runs[0]['packed_bytes']:.0f} to 1")
    return megabytes / b.median(runs, "wall")


def part_of_core(shipper, seconds):
    before, began = shipper.cpu(), time.monotonic()
    time.sleep(seconds)
    return 100 * (shipper.cpu() - before) / (time.monotonic() - began)


def follow(b, bucket, shipper_of, folder, source, line):
    """A server that writes 1,000 lines a second, then one line at a time, then nothing."""
    os.makedirs(folder)
    path = os.path.join(folder, "20240924.00000.audit.log")
    ended = threading.Event()

    def write():
        with open(source, "rb") as lines, open(path, "ab", buffering=0) as out:
            while not ended.wait(0.01):
                out.write(b"".join(lines.readline() for _ in range(10)))
    writer = threading.Thread(target=write)
    writer.start()
    shipper = shipper_of()
    time.sleep(2)
    busy = part_of_core(shipper, 20)
    ended.set()
    writer.join()
    times = []
    for _ in range(LATENCY_LINES):
        with open(path, "ab") as out:
            out.write(line)
        size, began = os.path.getsize(path), time.monotonic()
        while not any(key.endswith(f"-{size:015d}.ndjson.zst") for key, _ in bucket.files()):
            time.sleep(0.01)
        times.append(time.monotonic() - began)
    time.sleep(2)
    idle, memory = part_of_core(shipper, 30), shipper.figure("VmRSS")
    shipper.stop()
    print(f"  while 1,000 lines a second are written   {busy:.2f} % of a core")
    print(f"  a line, from write to bucket (--every 1) {statistics.median(times):.2f} s, at most {max(times):.2f} s")
    print(f"  idle                                     {idle:.2f} % of a core, {memory:.1f} MB resident")
    return idle, memory


def part_ship(b):
    sys.path.insert(0, os.path.join(ROOT, "tests", "e2e"))
    from shipping import Bucket, Shipper
    work = os.path.join(b.DIR, "ship")
    shutil.rmtree(work, ignore_errors=True)
    os.makedirs(work)
    logs = os.path.join(work, "logs")
    split(b.FILE, logs)
    bucket = Bucket(work)
    program = [b.program("pugmark-ship")]
    alone = os.path.join(ROOT, "build", "static", "pugmark-ship")
    print(f"ship, {LOGS} logs, {os.path.getsize(b.FILE) / 1e6:.0f} MB, to an S3 server on the same cores:")
    speed = catch_up(b, bucket, logs, work, "pugmark-ship", program)
    catch_up(b, bucket, logs, work, "pugmark ship", [b.program("pugmark"), "ship"])
    if os.access(alone, os.X_OK):
        catch_up(b, bucket, logs, work, "without libraries", [alone])
    catch_up(b, bucket, logs, work, "with --gzip", program, "--gzip")
    with open(b.FILE, "rb") as file:
        line = file.readline()
    live = os.path.join(work, "live")
    idle, memory = follow(b, bucket, lambda: Shipper(work, live, bucket, program=program), live, b.FILE, line)
    bucket.stop()
    shutil.rmtree(work, ignore_errors=True)
    b.verdict("ship, catching up", speed, 200, unit=" MB/s")
    b.verdict("ship, resident while idle", memory, 20, more_is_better=False, unit=" MB")
    b.verdict("ship, processor while idle", idle, 0.1, more_is_better=False, unit=" %")
