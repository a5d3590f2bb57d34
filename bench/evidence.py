# SPDX-License-Identifier: Apache-2.0
"""What evidence costs: the first checkpoint of a large lake, beside its import; a proof; the whole lake held against a checkpoint that was
signed before."""
import glob
import os
import shutil

import ioc

PROVED = 40  # proofs, each of another event


def command(b, lake, *words):
    return [b.program("pugmark"), *words, "--data", lake]


def events_of(b, lake):
    """Ids of events all over the lake."""
    said = b.run(command(b, lake, "sql", "--format", "csv",
                         f"select event_id from bitbucket_audit_logs using sample reservoir({PROVED} rows) repeatable (7)"),
                 env={**os.environ, "PUGMARK_LIBDUCKDB": b.LIBRARY})
    return said["text"].split()[1:]


def catalog(lake, kept, back=False):
    """Puts the catalog aside, or back: it is all that a checkpoint changes."""
    source, target = (kept, lake) if back else (lake, kept)
    os.makedirs(target, exist_ok=True)
    for path in glob.glob(os.path.join(target, "catalog.db*")):
        os.unlink(path)
    for path in glob.glob(os.path.join(source, "catalog.db*")):
        shutil.copy(path, target)


def checkpoints(b, lake, key):
    """First ones, each of the same lake as it was imported."""
    kept, first = lake + ".catalog", []
    catalog(lake, kept)
    for _ in range(b.RUNS):
        catalog(lake, kept, back=True)
        b.settle()
        first.append(b.run(command(b, lake, "checkpoint", *key)))
    shutil.rmtree(kept)
    return first


def part(b, events):
    raw, lake = os.path.join(b.DIR, f"observables-{events}.log"), os.path.join(b.DIR, "lake-evidence")
    ioc.make_raw(b, raw, events)
    took = b.imported(raw, lake=lake)
    key = ("--key-file", os.path.join(lake + ".key", "key"))
    shutil.rmtree(lake + ".key", ignore_errors=True)
    os.makedirs(lake + ".key", mode=0o700)
    first = checkpoints(b, lake, key)
    held, public = os.path.join(lake + ".key", "held.checkpoint"), os.path.join(lake + ".key", "public")
    b.run(command(b, lake, "checkpoint", *key, "--output", held))
    with open(public, "w", encoding="ascii") as file:
        file.write(b.run(command(b, lake, "checkpoint", "key", *key))["text"])
    print(f"evidence, {events:,} events, {os.path.getsize(raw) / 1e6:,.0f} MB; imported in {took['wall']:.1f} s, {took['cpu']:.1f} core-s:")
    print(f"  the first checkpoint            {b.spread(first, 'wall')}, {b.median(first, 'cpu'):.2f} core-s, peak "
          f"{b.median(first, 'peak_mb'):.0f} MB")
    print(f"  the next one, nothing new       {b.run(command(b, lake, 'checkpoint', *key))['wall'] * 1000:.0f} ms")
    proofs = [b.run(command(b, lake, "prove", *key, "--json", event)) for event in events_of(b, lake)]
    print(f"  prove, {len(proofs)} events                {b.median(proofs, 'wall') * 1000:.1f} ms "
          f"({min(p['wall'] for p in proofs) * 1000:.1f} to {max(p['wall'] for p in proofs) * 1000:.1f}), "
          f"{b.median(proofs, 'cpu') * 1000:.1f} core-ms")
    plain, whole = [], []
    for _ in range(b.RUNS):
        plain.append(b.run(command(b, lake, "verify")))
        whole.append(b.run(command(b, lake, "verify", "--checkpoint", held, "--key", public)))
    print(f"  verify                          {b.spread(plain, 'wall')}, {b.median(plain, 'cpu'):.2f} core-s")
    print(f"  verify --checkpoint             {b.spread(whole, 'wall')}, {b.median(whole, 'cpu'):.2f} core-s, peak "
          f"{b.median(whole, 'peak_mb'):.0f} MB")
    b.verdict("core-seconds of the first checkpoint, of the import's", 100 * b.median(first, "cpu") / took["cpu"], 3, False, " %")
    b.verdict("prove", b.median(proofs, "wall") * 1000, 20, False, " ms")
    b.verdict(f"verify --checkpoint, {events:,} events", b.median(whole, "wall"), 60 * events / 10_000_000, False, " s")
    shutil.rmtree(lake)
    shutil.rmtree(lake + ".key")
