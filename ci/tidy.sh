#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# tidy.sh [FILE…]: clang-tidy over all sources (or those named), on all cores. What passed is noted
# in build/tidy under the hash of the file, of all headers that it includes and of .clang-tidy, so
# that only what changed is checked again. The static analyser, nine tenths of the time, runs with LONG=1 (make test-long).
set -uo pipefail
cd "$(dirname "$0")/.."
export cache=build/tidy
export flags="-std=gnu17 -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -DPUGMARK_VERSION=\"0\" -Isrc -Ibench
	-isystem deps/duckdb -Wall -Wextra"
mkdir -p $cache

check_one() {
	local file=$1 headers key output checks=''
	headers=$(gcc $flags -MM "$file" 2>/dev/null | tr -d '\\' | cut -d: -f2)
	# Tests are never analysed: cmocka's assertions end a test, which the analyser does not know.
	case $file:${LONG:-} in
	*_test.c:* | *_fuzz.c:* | *:) checks='-clang-analyzer-*' ;;
	esac
	key=$({ echo "$checks" && cat .clang-tidy ci/tidy.sh $headers; } | sha256sum | cut -c1-40)
	[ -e "$cache/$key" ] && return 0
	# clang-tidy says how many warnings it kept to itself on stderr: not of interest.
	output=$(clang-tidy-14 --quiet ${checks:+--checks=$checks} "$file" -- $flags 2>/dev/null)
	if [ $? = 0 ]; then
		: >"$cache/$key"
	else
		printf '%s\n' "$output" | sed "s|$PWD/||"
		return 1
	fi
}
export -f check_one

if [ $# = 0 ]; then
	# Largest first, so that no core waits at the end.
	set -- $(find src bench -name '*.c' -printf '%s %p\n' | sort -rn | cut -d' ' -f2)
fi
printf '%s\n' "$@" | xargs -P "$(nproc)" -I{} bash -c 'check_one {}'
