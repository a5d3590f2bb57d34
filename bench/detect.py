# SPDX-License-Identifier: Apache-2.0
"""What rules cost on one core, over the batches that an import wrote: the shipped rules, and 3,000 made-up ones with SigmaHQ's mix of
modifiers (bench/detect_rules.c says which)."""
import glob
import os
import statistics

KINDS = [("the shipped rules", []), ("3,000 made-up rules", ["--synthetic", "3000"]),
         ("the same, one in eight of values that occur", ["--synthetic", "3000", "--real", "125"]),
         ("the same, all of values that occur", ["--synthetic", "3000", "--real", "1000"])]


def cost(b):
    """Alternating: an import without rules, and with those that ship; then history again."""
    without, ruled, again = [], [], []
    for _ in range(b.RUNS):
        without.append(b.imported(b.FILE))
        ruled.append(b.imported(b.FILE, rules=True))
        b.settle()
        again.append(b.run([b.program("pugmark"), "detect", "run", "--json", "--data", b.LAKE, "--threads", b.THREADS]))
    print(f"import without rules {b.spread(without, 'wall')}, with them {b.spread(ruled, 'wall')}; core-seconds "
          f"{b.median(without, 'cpu'):.2f}, {b.median(ruled, 'cpu'):.2f}; {ruled[0]['alerts']['new']:,} alerts")
    print(f"all rules over history again, {again[0]['rows']:,} rows: {b.spread(again, 'wall')}, {b.median(again, 'cpu'):.2f} core-seconds, "
          f"peak {b.median(again, 'peak_mb'):.0f} MB")
    if again[0]["new"] or again[0]["changed"] or again[0]["withdrawn"]:
        raise SystemExit("bench: history gives other alerts than the import")
    b.verdict("import with rules against without", b.median(ruled, "wall") / b.median(without, "wall"), 1.1, False)
    b.verdict("rules over history", again[0]["rows"] / b.median(again, "wall") / 1e6, 1, True, " M events/s")


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
    cost(b)
    b.verdict("shipped rules", b.median(shipped, "events_per_second") / 1e6, 5, True, " M events/s")
    b.verdict("3,000 rules", b.median(many, "events_per_second") / 1e6, 0.5, True, " M events/s")
    b.verdict("preparing 3,000 rules", b.median(many, "prepare_ms"), 1000, False, " ms")
    b.verdict("binding them to a table", b.median(many, "bind_ms"), 200, False, " ms")
