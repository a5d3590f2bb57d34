#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Measures import and SQL against DuckDB: same file, same cores, alternating. About ten minutes.
#   bench/run.sh [PART…]    import decode again sql search scale detect replay ioc collect ship cluster cluster-search cluster-shards serve evidence (default: all); ioc-large, 21 GB more
#   BENCH_EVENTS=1000000    events of the file that is measured with
#   BENCH_SCALE=10          how many times as large the file of `search`, `ioc`, `evidence` and `scale` is
#   BENCH_RUNS=5            runs of each; medians are printed
#   BENCH_THREADS=2         cores for both
#   BENCH_DIR=bench/data    where the files go (some 15 GB for `scale` at full size)
#   BUILD=build/release     the programs
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
if [ -z "${BUILD:-}" ]; then
	cmake --build "$root/build/release" --target pugmark pugmark-ship generate peer_duckdb decode_parquet detect_bench >/dev/null
fi
exec python3 -B "$(dirname "$0")/run.py" "$@"
