#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""suite.py [--lone] [WORD…]: the end-to-end tests with a cluster under every lake (pugmark.py): on two shards of two replicas each, or on one
server alone. Left out is what asks for the lake's own files, and says so here. Ends with "N passed, N failed"."""
import glob
import os
import subprocess
import sys
import tempfile

import servers

ROOT = servers.ROOT
CLUSTERS = {os.path.basename(path)[:-len("_tests.py")] + "/": "tests of the cluster itself" for path in glob.glob(os.path.join(ROOT, "tests", "e2e", "cluster_*_tests.py"))}
FILES, DUCKDB, LATER = "about the lake's own files: nothing is asked", "asks in DuckDB's SQL", "sent by the service, a moment later"
CLOCK, DAMAGES = "kills by the clock, which setting a cluster moves", "damages the lake's own files"
RETENTION = "retention here leaves the cluster as it is: `cluster init --keep`"
OTHERWISE = CLUSTERS | {
    "crash/": FILES, "storm/": FILES, "storm_object/": FILES, "group/": FILES, "evidence/": FILES, "evidence_bundle/": FILES,
    "evidence_locked/": FILES, "evidence_witness/": FILES,
    "h1/": "about HTTP: nothing is asked", "http_slow/": "about HTTP: nothing is asked",
    "ship/": "about pugmark-ship, which has no lake", "ship_wrong/": "about pugmark-ship, which has no lake",
    "sql/": DUCKDB, "values/": DUCKDB, "folder/nanoseconds_are_nine_digits": DUCKDB, "connect/times_and_a_schema_of_ones_own": DUCKDB,
    "collect/07_times_are_numbers": DUCKDB, "collect/16_an_organisations_event_has_both_times_and_is_kept_however_old": DUCKDB,
    "connect/a_second_source_of_the_same_events_needs_a_word_and_stays_out_of_views": DUCKDB,
    "inputs/every_shape_of_every_table": DUCKDB, "inputs/bad_lines_among_good_ones": DUCKDB,
    "others/every_command_knows_the_tables": DUCKDB, "others/alerts_of_other_vendors": DUCKDB,
    "search_cli/a_query_of_a_megabyte": "bounds a time: 18.16 takes some 15 s on four servers of one machine",
    "hook/what_is_signed_is_stored_once": LATER, "hook/many_at_once": LATER, "hook/hooks_are_made_and_removed": LATER,
    "bucket/a_bucket_of_20_000_objects_with_flat_memory": "measures the memory of collecting",
    "bucket/a_large_packed_log_killed_in_its_midst_is_read_whole": CLOCK, "bucket/a_large_log_goes_on_where_it_was_killed": CLOCK,
    "entity/damage_is_told": DAMAGES, "search_cli/a_damaged_file_is_named_and_the_others_answer": DAMAGES,
    "rest/an_export_is_whole_or_breaks_off": DAMAGES, "rest/search_in_one_request": "counts the lake's own files",
    "detect/alerts_outlive_retention": RETENTION, "ioc/retention_and_missing_runs": RETENTION,
    "upkeep_api/compaction_and_how_far_verify_is": RETENTION, "usage/retention_drops_old_days_for_good": RETENTION,
    "upkeep_api/rebuild_rejects_and_a_cluster_that_is_not_set": "one is set",
    "serve/killed_hard_its_processes_end_too_and_another_may_begin": LATER, "serve/a_source_that_fails_harms_no_other": LATER,
    "odd/odd_records": DUCKDB, "page_journey/somebody_asks_in_sql_and_takes_files_away": DUCKDB, "rest/sql": DUCKDB,
    "usage/the_events_of_the_guide": DUCKDB, "usage/rebuild_keeps_instances": DUCKDB,
}


def run(urls, name, words, folder):
    real = os.environ.get("PUGMARK", os.path.join(ROOT, "build", "release", "pugmark"))
    build = os.path.dirname(os.path.abspath(real))
    # The other programs are looked for beside it.
    programs = os.path.join(folder, "programs")
    os.makedirs(os.path.join(folder, "notes"))
    os.mkdir(programs)
    for other in ("alerts_insert", "pugmark-ship", "generate"):
        os.symlink(os.path.join(build, other), os.path.join(programs, other))
    os.symlink(os.path.join(ROOT, "tests", "cluster", "pugmark.py"), os.path.join(programs, "pugmark"))
    env = dict(os.environ, PUGMARK=os.path.join(programs, "pugmark"), GENERATE=os.path.join(build, "generate"),
               PUGMARK_REAL=os.path.abspath(real), PUGMARK_CLUSTER_NOTES=os.path.join(folder, "notes"),
               PUGMARK_CLUSTER=" ".join(f"--url {url}" for url in urls) + (f" --cluster {name}" if name else ""),
               LEAVE_OUT=" ".join(OTHERWISE))
    for test, why in OTHERWISE.items():
        print(f"left out: {test}: {why}")
    sys.stdout.flush()
    return subprocess.run([os.path.join(ROOT, "tests", "e2e", "run.sh"), *words], env=env, check=False).returncode


def main():
    words = sys.argv[1:]
    lone = "--lone" in words
    words = [word for word in words if word != "--lone"]
    with tempfile.TemporaryDirectory(prefix="pugmark-suite-") as folder:
        if lone:
            with servers.Server(os.path.join(folder, "servers")) as server:
                return run([server.url], "", words, folder)
        with servers.Cluster(os.path.join(folder, "servers"), heap="2g") as cluster:  # of tables there are thousands
            return run([server.url for server in cluster.servers], servers.CLUSTER, words, folder)


if __name__ == "__main__":
    sys.exit(main())
