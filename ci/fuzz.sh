#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# fuzz.sh [NAME…]: builds the fuzzers (src/<room>/<x>_fuzz.c) with clang and runs each, or those
# named, for FUZZ_SECONDS (60). What it finds lies in build/fuzz/found; new inputs go to the corpus
# in build/fuzz/corpus. A finding, once mended, goes to tests/data/fuzz/<room>_<x>_fuzz.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${FUZZ_SECONDS:-60}
cmake --preset fuzz >/dev/null
cmake --build build/fuzz --target fuzzers
[ $# -gt 0 ] || set -- $(cat build/fuzz/fuzzers.txt)
mkdir -p build/fuzz/found
failed=0
for name in "$@"; do
	corpus=build/fuzz/corpus/$name
	mkdir -p "$corpus"
	seeds=tests/data/fuzz/$name
	[ -d "$seeds" ] || seeds=""
	printf 'fuzz: %s for %s s\n' "$name" "$seconds"
	"build/fuzz/$name" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
		-artifact_prefix="build/fuzz/found/$name-" "$corpus" $seeds 2>build/fuzz/$name.log ||
		{ tail -n 40 build/fuzz/$name.log; failed=1; }
	grep -E 'number_of_executed_units|average_exec_per_sec' build/fuzz/$name.log || true
done
exit $failed
