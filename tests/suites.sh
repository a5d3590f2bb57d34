#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs test material that nobody of us wrote: real audit samples, JSONTestSuite and AWS's vectors of
# Signature Version 4.
#   tests/suites.sh FOLDER     a folder that holds samples/ and suites/
# PUGMARK, JSON_SUITE and SIGV4_SUITE name the programs (default: build/release, then build/dev).
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
if [ -z "${JSON_SUITE:-}" ] && [ -d "$root/build/release" ]; then
	cmake --build "$root/build/release" --target json_suite >/dev/null
fi
if [ -z "${SIGV4_SUITE:-}" ] && [ -d "$root/build/release" ]; then
	cmake --build "$root/build/release" --target sigv4_suite >/dev/null
fi
if [ -z "${MERKLE_SUITE:-}" ] && [ -d "$root/build/release" ]; then
	cmake --build "$root/build/release" --target merkle_suite >/dev/null
fi
exec python3 -B "$(dirname "$0")/suites.py" "$@"
