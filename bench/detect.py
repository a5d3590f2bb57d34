# SPDX-License-Identifier: Apache-2.0
"""What rules cost on one core, over the batches that an import wrote: the shipped rules, and 3,000 made-up ones with SigmaHQ's mix of
modifiers (bench/detect_rules.c says which)."""
import glob
import os
import statistics

KINDS = [("the shipped rules", []), ("3,000 made-up rules", ["--synthetic", "3000"]),
         ("the same, one in eight of values that occur", ["--synthetic", "3000", "--real", "125"]),
         ("the same, all of values that occur", ["--synthetic", "3000", "--real", "1000"])]


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
    b.verdict("shipped rules", b.median(shipped, "events_per_second") / 1e6, 5, True, " M events/s")
    b.verdict("3,000 rules", b.median(many, "events_per_second") / 1e6, 0.5, True, " M events/s")
    b.verdict("preparing 3,000 rules", b.median(many, "prepare_ms"), 1000, False, " ms")
    b.verdict("binding them to a table", b.median(many, "bind_ms"), 200, False, " ms")
