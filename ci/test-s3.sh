#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# test-s3.sh: what talks to S3, against OpenStack Swift (tests/stand_ins/swift.sh), or against the
# server that PUGMARK_TEST_S3 tells of: one line of JSON as swift.sh prints it, with a bucket that the
# tests may write into. Ends with "N passed, N failed".
set -uo pipefail
cd "$(dirname "$0")/.."
passed=0 failed=0

cmake --preset dev >/dev/null && cmake --build build/dev --target net_s3_server_test >/dev/null ||
	{ echo "0 passed, 1 failed"; exit 1; }
if [ -z "${PUGMARK_TEST_S3:-}" ]; then
	scripts/setup.sh --swift || exit 1
	folder=$(mktemp -d "${TMPDIR:-/tmp}/pugmark-swift.XXXXXX")
	trap 'rm -rf "$folder"' EXIT
	coproc swift { exec tests/stand_ins/swift.sh "$folder"; }
	pid=$swift_PID hold=${swift[1]}
	read -r PUGMARK_TEST_S3 <&"${swift[0]}" || { echo "0 passed, 1 failed"; exit 1; }
	export PUGMARK_TEST_S3
	trap 'exec {hold}>&-; wait "$pid"; rm -rf "$folder"' EXIT
fi

for program in build/dev/net_s3_server_test; do
	if $program; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
done
printf '%s passed, %s failed\n' $passed $failed
[ $failed = 0 ]
