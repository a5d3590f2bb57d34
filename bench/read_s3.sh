#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# read_s3.sh [RUNS]: MB/s out of an S3 server on this machine (s3rver): one object of 1 GB, 10,000
# of 20 kB, with 1, 2 and 4 connections (or those in CONNECTIONS, the sizes in SIZES). BENCH_DIR
# (bench/data) takes 1.2 GB meanwhile. STAND_IN_DELAY_MS=20: as from far away.
set -euo pipefail
cd "$(dirname "$0")/.."
cmake --preset release >/dev/null
cmake --build build/release --target read_s3 >/dev/null
mkdir -p "${BENCH_DIR:=bench/data}"
folder=$(mktemp -d "$BENCH_DIR/s3.XXXXXX")
trap 'rm -rf "$folder"' EXIT
printf S3RVER >"$folder/id"
printf S3RVER >"$folder/secret"
coproc server { exec tests/stand_ins/s3.sh "$folder"; }
hold=${server[1]} pid=$server_PID
trap 'exec {hold}>&-; wait "$pid"; rm -rf "$folder"' EXIT
while read -r name port && [ "$name" != ready ]; do
	[ "$name" != s3 ] || endpoint=http://127.0.0.1:$port
done <&"${server[0]}"
for size in ${SIZES:-large small}; do
	build/release/read_s3 "$endpoint" audit "$folder" $size fill
	for connections in ${CONNECTIONS:-1 2 4}; do
		for _ in $(seq "${1:-3}"); do
			build/release/read_s3 "$endpoint" audit "$folder" $size $connections
		done
	done
done
