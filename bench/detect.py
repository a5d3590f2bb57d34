# SPDX-License-Identifier: Apache-2.0
"""What rules cost on one core, over the batches that an import wrote: the shipped rules, and 3,000 made-up ones with SigmaHQ's mix of
modifiers (bench/detect_rules.c says which). And beside an import, of two files: the generator's noisy events, 2 % of which raise an alert,
and quiet ones (generate --quiet), about one alert for 7,000 events, which is more like a real site."""
import glob
import os
import shutil
import statistics

KINDS = [("the shipped rules", []), ("3,000 made-up rules", ["--synthetic", "3000"]),
         ("the same, one in eight of values that occur", ["--synthetic", "3000", "--real", "125"]),
         ("the same, all of values that occur", ["--synthetic", "3000", "--real", "1000"])]


def cost(b, name, file):
    """Alternating: an import without rules, and with those that ship; then history again."""
    without, ruled, again = [], [], []
    for _ in range(b.RUNS):
        without.append(b.imported(file))
        ruled.append(b.imported(file, rules=True))
        b.settle()
        again.append(b.run([b.program("pugmark"), "detect", "run", "--json", "--data", b.LAKE, "--threads", b.THREADS]))
    alerts = ruled[0]["alerts"]["new"]
    print(f"{name}, {alerts:,} alerts, one for {b.EVENTS / max(alerts, 1):,.0f} events: import without rules {b.spread(without, 'wall')}, "
          f"with them {b.spread(ruled, 'wall')}; core-seconds {b.median(without, 'cpu'):.2f}, {b.median(ruled, 'cpu'):.2f}; "
          f"peak {b.median(without, 'peak_mb'):.0f}, {b.median(ruled, 'peak_mb'):.0f} MB")
    print(f"  all rules over history again, {again[0]['rows']:,} rows: {b.spread(again, 'wall')}, {b.median(again, 'cpu'):.2f} core-seconds, "
          f"peak {b.median(again, 'peak_mb'):.0f} MB")
    if again[0]["new"] or again[0]["changed"] or again[0]["withdrawn"]:
        raise SystemExit("bench: history gives other alerts than the import")
    b.verdict(f"{name}: import with rules against without", b.median(ruled, "wall") / b.median(without, "wall"), 1.1, False)
    b.verdict(f"{name}: the same in core-seconds", b.median(ruled, "cpu") / b.median(without, "cpu"), 1.1, False)
    b.verdict(f"{name}: rules over history", again[0]["rows"] / b.median(again, "wall") / 1e6, 1, True, " M events/s")


def choose_rules(b, parquet, n=3000):
    """A folder of n made-up rules, so that some 1 % of the events match one: those that match rarely first, the others match
    nothing. (As they come, each event matches nine of them: hardly a rule that somebody would keep.)"""
    folder = os.path.join(b.DIR, "rules")
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    said = b.run([b.program("detect_bench"), parquet, "--synthetic", str(n + n // 5), "--write", folder, "--runs", "1"])
    order, hits, kept = sorted(range(len(said["counts"])), key=lambda i: (said["counts"][i], i)), 0, []
    silent = [i for i in order if said["counts"][i] == 0]
    for i in order[len(silent):]:
        if hits + said["counts"][i] > said["stored"] * 0.012:
            break
        hits += said["counts"][i]
        kept.append(i)
    kept += silent[:n - len(kept)]
    for i in set(order) - set(kept):
        os.unlink(os.path.join(folder, f"rule-{i:04}.yml"))
    return folder, len(kept), hits / said["stored"]


def thousands(b, file, parquet):
    """An import with thousands of rules beside it, those that ship among them."""
    folder, n, share = choose_rules(b, parquet)
    without, ruled = [], []
    for _ in range(b.RUNS):
        without.append(b.imported(file))
        ruled.append(b.imported(file, rules=folder))
    print(f"import with {n:,} made-up rules and the shipped ones ({share:.1%} of the events match a made-up one, "
          f"{ruled[0]['alerts']['new']:,} alerts): {b.spread(ruled, 'wall')}, without {b.spread(without, 'wall')}; "
          f"core-seconds {b.median(ruled, 'cpu'):.2f}, {b.median(without, 'cpu'):.2f}; peak {b.median(ruled, 'peak_mb'):.0f} MB")
    b.verdict("import with 3,000 rules against none", b.median(ruled, "wall") / b.median(without, "wall"), 2, False)


def replay(b, scale):
    """Imports without rules, then all rules over them: once for new alerts, and again."""
    lake, file = os.path.join(b.DIR, "replay"), os.path.join(b.DIR, "replay.log")
    shutil.rmtree(lake, ignore_errors=True)
    for seed in range(1, scale + 1):
        b.make_file(file, b.EVENTS, "--seed", str(seed))
        b.imported(file, lake=lake, fresh=False)
        os.unlink(file)
    runs = []
    for _ in range(b.RUNS + 1):
        b.settle()
        runs.append(b.run([b.program("pugmark"), "detect", "run", "--json", "--data", lake, "--threads", b.THREADS]))
    first, again = runs[0], runs[1:]
    print(f"all rules over {scale * b.EVENTS:,} events: {first['new']:,} new alerts in {first['wall']:.2f} s, {first['cpu']:.2f} core-seconds; "
          f"again {b.spread(again, 'wall')}, {b.median(again, 'cpu'):.2f} core-seconds, {again[0]['rows']:,} rows read, "
          f"peak {b.median(again, 'peak_mb'):.0f} MB")
    b.verdict(f"all rules over {scale * b.EVENTS:,} events", b.median(again, "wall"), 10, False, " s")
    shutil.rmtree(lake)


def part(b):
    if not os.path.isdir(b.LAKE):
        b.imported(b.FILE)
    files = sorted(glob.glob(os.path.join(b.LAKE, "tables", "bitbucket_audit_logs", "*.parquet")), key=os.path.getsize)
    runs = {name: [] for name, _ in KINDS}
    for _ in range(b.RUNS):
        for name, more in KINDS:
            runs[name].append(b.run([b.program("detect_bench"), files[-1], *more, "--runs", "3"]))
    print("rules, one thread, CPU time; in memory: columns are there; from the file: read as they are asked for:")
    for name, _ in KINDS:
        one = runs[name][0]
        speeds = [r["events_per_second"] / 1e6 for r in runs[name]]
        file_speed = one["stored"] / b.median(runs[name], "from_file_ms") / 1e3
        print(f"  {name:44} {statistics.median(speeds):7.2f} ({min(speeds):.2f} to {max(speeds):.2f}) M events/s in memory, "
              f"{file_speed:.2f} from the file; {one['rules']} rules, {one['candidates_per_batch']:.0f} candidates a batch, "
              f"{one['matched_events'] / one['stored']:.1%} of events matched, {one['hits']:,} hits; "
              f"prepare {b.median(runs[name], 'prepare_ms'):.0f} ms, bind {b.median(runs[name], 'bind_ms'):.0f} ms")
    shipped, many = runs[KINDS[0][0]], runs[KINDS[1][0]]
    quiet = os.path.join(b.DIR, f"bitbucket-quiet-{b.EVENTS}.log")
    b.make_file(quiet, b.EVENTS, "--quiet")
    thousands(b, quiet, files[-1])
    cost(b, "quiet events", quiet)
    cost(b, "noisy events", b.FILE)
    b.verdict("shipped rules", b.median(shipped, "events_per_second") / 1e6, 5, True, " M events/s")
    b.verdict("3,000 rules", b.median(many, "events_per_second") / 1e6, 0.5, True, " M events/s")
    b.verdict("preparing 3,000 rules", b.median(many, "prepare_ms"), 1000, False, " ms")
    b.verdict("binding them to a table", b.median(many, "bind_ms"), 200, False, " ms")
