# SPDX-License-Identifier: Apache-2.0
"""Collecting through storms of faults, with kill -9 at random moments: after each seed, what was
served is what is stored, the ledger's sums are the tables', and the checkpoint is not ahead."""
import os
import random
import signal
import subprocess
import time

import lake
from collect_lake import Collecting, Service
from lake import long

KINDS = ("jira", "confluence", "other/confluence", "bitbucket-dc", "other/jira", "confluence-dc")


def killed(rng, one, names):
    """Collects for a while, and is killed."""
    process = one.start("collect", "--once", *names)
    try:
        process.wait(timeout=rng.random() ** 2 * 3)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        process.wait()


def new_events(rng, service, source):
    """Some now, some late, some in one millisecond."""
    given = {"source": source, "count": rng.choice((1, 3, 20)), "at": f"now-{rng.choice((15_000, 20_000, 60_000, 900_000))}",
             "step_ms": rng.choice((0, 0, 1, 700))}
    service.control("POST", "events", given)


def storm(folder, seed):
    rng = random.Random(seed)
    sources = rng.sample(KINDS, 2)
    events = ",".join(f"{s}={rng.choice((0, 40, 300, 1300))}" for s in sources)
    words = ["--seed", str(seed), "--set", f"confluence_limit_cap={rng.choice((25, 100, 1000))}",
             "--set", f"dc_limit_cap={rng.choice((30, 1000))}", "--set", f"dc_cursor={rng.choice(('after', 'repeat'))}",
             "--set", f"jira_page_cap={rng.choice((0, 0, 150))}", "--set", f"gzip={rng.choice(('on', 'off'))}",
             "--days", str(rng.choice((0.01, 1, 30)))]
    with Service(folder, *words, events=events) as service:
        one = Collecting(service, folder)
        for source in sources:
            one.connect(source, "--look-back", "30m", "--allow-empty")
        service.control("POST", "storm", {"seed": seed, "share": rng.choice((0.02, 0.1, 0.3)), "rules": 10})
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


def series(folder, seeds):
    for seed in seeds:
        where = os.path.join(folder, str(seed))
        os.makedirs(where)
        os.chdir(where)
        began = time.monotonic()
        try:
            storm(where, seed)
        except AssertionError as error:
            raise AssertionError(f"seed {seed}: {error}") from error
        print(f"seed {seed} {time.monotonic() - began:.1f} s")
        os.chdir(folder)
        if not lake.KEEP:
            lake.remove_tree(where)


def test_storms_one(folder):
    series(folder, range(1, 4 if lake.QUICK else 21))
