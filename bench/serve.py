# SPDX-License-Identifier: Apache-2.0
"""The service as people feel it: a search's answers over HTTP, the page in a real browser, searches beside an import, and what it
takes while nobody asks."""
import contextlib
import glob
import gzip
import http.client
import json
import os
import re
import shutil
import signal
import statistics
import subprocess
import threading
import time

import ioc

FACETS = "table,action,actor,ip,target_type"  # as the page asks
WHOLE = f"/api/v1/search?limit=0&count=true&histogram=120&histogram_by=table&facet={FACETS}"
ROWS = "/api/v1/search?limit=200&columns=event_time,actor,action,target,ip"


class Service:
    """`pugmark COMMAND` on a free port, for somebody with a token and a password."""

    def __init__(self, b, lake, command="http", *words):
        self.b, self.lake, self.words = b, lake, (command, *words)
        self.log = os.path.join(b.DIR, "serve.log")

    def run(self, *words):
        return subprocess.run([self.b.program("pugmark"), *words, "--data", self.lake], check=True, capture_output=True, text=True).stdout

    def __enter__(self):
        with contextlib.suppress(subprocess.CalledProcessError):
            self.run("token", "remove", "bench")
        self.token = self.run("token", "add", "bench", "--role", "viewer").strip()
        with open(self.log, "w", encoding="utf-8") as log:
            self.process = subprocess.Popen([self.b.program("pugmark"), *self.words, "--data", self.lake, "--listen", "127.0.0.1:0",
                                             "--threads", self.b.THREADS], stderr=log, stdout=subprocess.DEVNULL)
        while not (found := re.search(r"http://127\.0\.0\.1:(\d+)/", open(self.log, encoding="utf-8").read())):
            time.sleep(0.02)
        self.port = int(found.group(1))
        self.link = self.connect()
        return self

    def __exit__(self, *why):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()
        os.unlink(self.log)

    def connect(self):
        return http.client.HTTPConnection("127.0.0.1", self.port)

    def ask(self, path, link=None):
        """Seconds until the whole answer is there."""
        link = link or self.link
        began = time.monotonic()
        link.request("GET", path, headers={"Authorization": f"Bearer {self.token}"})
        reply = link.getresponse()
        body = reply.read()
        assert reply.status == 200, body[:500]
        return time.monotonic() - began


def answers(b, service, events):
    for path, what, most in ((ROWS, "first rows of everything", 200), (WHOLE, "histogram and facets of everything", 500),
                             (WHOLE + "&q=action:*permission*", "histogram and facets of a query", 500)):
        service.ask(path)
        took = [service.ask(path) * 1000 for _ in range(max(b.RUNS, 5))]
        print(f"  {what:40} {statistics.median(took):6.0f} ms ({min(took):.0f}–{max(took):.0f})")
        b.verdict(f"{what}, {events:,} events", statistics.median(took), most, False, " ms")


def page(b, service):
    """The page in Chromium (bench/page.mjs), and what it weighs on the way."""
    weight = 0
    for name in glob.glob(os.path.join(b.BUILD, "page", "**"), recursive=True):
        if os.path.isfile(name):
            with open(name, "rb") as file:
                weight += len(gzip.compress(file.read(), 9))
    b.verdict("weight of the whole page, packed", weight / 1000, 500, False, " kB")
    password = os.path.join(b.DIR, "serve.password")
    with open(os.open(password, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write("a password for the bench\n")
    with contextlib.suppress(subprocess.CalledProcessError):
        service.run("user", "remove", "bench")
    service.run("user", "add", "bench", "--role", "viewer", "--password-file", password)
    said = subprocess.run(["node", os.path.join(b.ROOT, "bench", "page.mjs"), f"http://127.0.0.1:{service.port}", "bench",
                           "a password for the bench", str(max(b.RUNS, 5))], check=True, capture_output=True, text=True).stdout
    os.unlink(password)
    for what, ms in json.loads(said).items():
        print(f"  {what:40} {ms['median']:6.0f} ms ({ms['least']:.0f}–{ms['most']:.0f})")
        b.verdict(what, ms["median"], ms["target"], False, " ms")


def beside(b):
    """Ten searches a second over the last day, while events come in: how long they take, and what the import pays."""
    first, base, lake = b.FILE, os.path.join(b.DIR, "lake-serve-base"), os.path.join(b.DIR, "lake-serve")
    more = os.path.join(b.DIR, f"bitbucket-later-{b.EVENTS}.log")
    b.make_file(more, b.EVENTS, "--start", "2026-03-02", "--seed", "11")
    b.imported(first, lake=base)
    alone, with_searches, took = [], [], []
    paths = [f"{path}&since=2026-02-01T00:00:00Z&until=2026-02-02T00:00:00Z" for path in
             (ROWS, WHOLE, ROWS + "&q=action:*permission*", ROWS + "&q=ip:10.0.0.0/8", WHOLE + "&q=failed")]

    def fresh():
        shutil.rmtree(lake, ignore_errors=True)
        shutil.copytree(base, lake)

    def load(service, until):
        """Requests leave when they are due, whether those before are answered or not."""
        def one(path):
            link = service.connect()
            took.append(service.ask(path, link))
            link.close()
        began, n, threads = time.monotonic(), 0, []
        while not until.is_set():
            threads.append(threading.Thread(target=one, args=(paths[n % len(paths)],)))
            threads[-1].start()
            n += 1
            until.wait(max(0, began + n / 10 - time.monotonic()))
        for thread in threads:
            thread.join()

    for _ in range(b.RUNS):
        fresh()
        alone.append(b.imported(more, lake=lake, fresh=False, rules=True))
        fresh()
        with Service(b, lake) as service:
            ended = threading.Event()
            asking = threading.Thread(target=load, args=(service, ended))
            asking.start()
            with_searches.append(b.imported(more, lake=lake, fresh=False, rules=True))
            ended.set()
            asking.join()
    shutil.rmtree(lake, ignore_errors=True)
    shutil.rmtree(base, ignore_errors=True)
    took.sort()
    print(f"import of {b.EVENTS:,} events with rules alone {b.spread(alone, 'wall')}; beside 10 searches a second "
          f"{b.spread(with_searches, 'wall')}; {len(took)} searches: median {statistics.median(took) * 1000:.0f} ms")
    b.verdict("searches beside an import, p99", took[int(len(took) * 0.99)] * 1000, 1000, False, " ms")
    b.verdict("speed of an import beside 10 searches a second", b.median(alone, "wall") / b.median(with_searches, "wall"), 0.8)


def memory(pid):
    """Bytes that a process and its children take, what they share counted once."""
    total = 0
    with contextlib.suppress(ProcessLookupError, FileNotFoundError):  # one that has just ended takes none
        for line in open(f"/proc/{pid}/smaps_rollup", encoding="ascii"):
            if line.startswith("Pss:"):
                total += int(line.split()[1]) * 1024
        for child in open(f"/proc/{pid}/task/{pid}/children", encoding="ascii").read().split():
            total += memory(int(child))
    return total


def idle(b, lake):
    with Service(b, lake, "serve") as service:
        time.sleep(5)
        before = memory(service.process.pid)
        for path in (ROWS, WHOLE):
            service.ask(path)
        time.sleep(5)
        print(f"service at rest {before / 1e6:.0f} MB, after searches over everything {memory(service.process.pid) / 1e6:.0f} MB")
        b.verdict("memory of the service at rest", before / 1e6, 60, False, " MB")


def part(b, events):
    _, lake = ioc.make_lake(b, events)
    print(f"the service over {events:,} events; {b.THREADS} threads")
    with Service(b, lake) as service:
        answers(b, service, events)
        page(b, service)
    idle(b, lake)
    beside(b)
