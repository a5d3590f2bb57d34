# SPDX-License-Identifier: Apache-2.0
"""Collecting through storms of faults, with kill -9 at random moments: after each seed, what was
served is what is stored, the ledger's sums are the tables', and the checkpoint is not ahead. APIs here;
buckets and folders in storm_object_tests.py.

SEED=N runs that one seed of each series."""
import os
import random
import signal
import subprocess
import sys
import traceback

import lake
from collect_lake import Collecting, Service
from lake import long, slow

SLOW = True  # not in make quick

KINDS = ("jira", "confluence", "other/confluence", "bitbucket-dc", "other/jira", "confluence-dc", "org")
AT_ONCE = 4  # most of the time of a seed is pauses


def killed(rng, one, names, most=3.0):
    """Collects for a while, and is killed."""
    process = one.start("collect", "--once", *names)
    try:
        process.wait(timeout=rng.random() ** 2 * most)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        process.wait()


def new_events(rng, service, source):
    """Some now, some late, some in one millisecond. A stream is sorted by the time of processing: its late ones
    are late by their own time alone."""
    back = 0 if source == "org" else rng.choice((15_000, 20_000, 60_000, 900_000))
    service.add(source, rng.choice((1, 3, 20)), at=f"now-{back}", step_ms=rng.choice((0, 0, 1, 700)) if back else 0)


def blow(rng, service, source, seed):
    """Faults for one source."""
    service.control("POST", "storm", {"seed": seed, "share": rng.choice((0.02, 0.1, 0.3)), "rules": 10, "source": source})
    for rule in service.control("GET", "faults")["faults"]:
        if source == "org" and rule["source"] == source and rule["kind"] == "drift":
            service.control("DELETE", "faults", number=rule["number"])


def api_storm(folder, seed):
    rng = random.Random(seed)
    sources = rng.sample(KINDS, 2)
    events = ",".join(f"{s}={rng.choice((0, 40, 300, 1300))}" for s in sources)
    words = ["--seed", str(seed), "--set", f"confluence_limit_cap={rng.choice((25, 100, 1000))}",
             "--set", f"dc_limit_cap={rng.choice((30, 1000))}", "--set", f"dc_cursor={rng.choice(('after', 'repeat'))}",
             "--set", f"jira_page_cap={rng.choice((0, 0, 150))}", "--set", f"gzip={rng.choice(('on', 'off'))}",
             "--set", f"org_stream_end={rng.choice(('cursor', 'null'))}", "--days", str(rng.choice((0.01, 1, 30)))]
    with Service(folder, *words, events=events) as service:
        one = Collecting(service, folder)
        for source in sources:
            one.connect(source, "--look-back", "30m", "--allow-empty")
            blow(rng, service, source, seed)
        for _ in range(rng.randrange(1, 5)):
            killed(rng, one, one.names.values())
            for source in sources:
                if rng.random() < 0.7:
                    new_events(rng, service, source)
        service.no_faults()
        one.collect(*sources)
        one.collect(*sources)
        one.exact(*sources)
        for source in sources:
            ledger = one.ledger(source)
            stored = sum(one.stored(source).values())
            assert ledger["sums"]["stored"] == stored, (ledger["sums"], stored)
            assert one.gaps(source) == [], one.gaps(source)


def run_seed(storm, folder, seed):
    """In a process of its own: 0 where it went well; else what went wrong is in FOLDER.log."""
    os.makedirs(folder)
    os.chdir(folder)
    try:
        storm(folder, seed)
        return 0
    except AssertionError as error:
        said = str(error) or traceback.format_exc()
    except Exception:
        said = traceback.format_exc()
    lake.write(folder + ".log", f"seed {seed}: {said}".encode())
    return 1


def series(folder, storm, seeds, at_once=AT_ONCE):
    """All seeds, some at once; ends at the first that fails."""
    if os.environ.get("SEED"):
        seeds = [int(os.environ["SEED"])]
    waiting, running, failed = list(seeds), {}, []
    sys.stdout.flush()
    while (waiting and not failed) or running:
        while waiting and len(running) < at_once and not failed:
            where = os.path.join(folder, str(waiting.pop(0)))
            pid = os.fork()
            if pid == 0:
                os._exit(run_seed(storm, where, int(os.path.basename(where))))
            running[pid] = where
        pid, status = os.waitpid(-1, 0)
        where = running.pop(pid)
        if status != 0:
            failed.append(where)
        if not lake.KEEP:
            lake.remove_tree(where)
    for where in failed:
        with open(where + ".log", encoding="utf-8") as file:
            raise AssertionError(file.read())


def seeds(first, short):
    """`short` of them; a few where it must be quick, many in the long series."""
    return range(first, first + (2 if lake.QUICK else short * 25 if lake.LONG else short))


def test_storms_of_apis(folder):
    series(folder, api_storm, seeds(1, 35))


@slow
def test_storms_of_apis_again(folder):
    series(folder, api_storm, seeds(100_001, 35))


@long
def test_storms_of_apis_a_third_time(folder):
    series(folder, api_storm, seeds(200_001, 35))


@long
def test_storms_of_apis_a_fourth_time(folder):
    series(folder, api_storm, seeds(300_001, 35))
