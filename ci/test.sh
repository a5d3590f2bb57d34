#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# test.sh [--quick | --long]: runs the checks and all tests, goes on after a failure, and ends with
# the line "N passed, N failed". What is counted: each check script, build, unit test program and
# end-to-end test. LONG=1 or QUICK=1 is in the environment of the tests.
set -uo pipefail
cd "$(dirname "$0")/.."
mode=${1:-}
suites=${SUITES:-../shared}
log=build/test
passed=0 failed=0
unset QUICK LONG
seconds=600 # at most for one unit test; the long series under a sanitizer take more
case $mode in
--quick) export QUICK=1 ;;
--long)
	export LONG=1
	seconds=10800
	;;
esac

head_line() { printf '\n== %s\n' "$*"; }

count() { # count PASSED FAILED
	passed=$((passed + $1))
	failed=$((failed + $2))
}

finish() {
	local line="$passed passed, $failed failed"
	printf '%s\n' "$line" >$log/result
	printf '\nelapsed: %s s\n%s\n' "$SECONDS" "$line"
	[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
	exit
}

# A step that counts as one test.
step() {
	if "$@"; then count 1 0; else
		printf 'FAILED: %s\n' "$*"
		count 0 1
		return 1
	fi
}

build() { # build PRESET TARGET…
	local preset=$1
	shift
	head_line "build: $preset"
	cmake --preset "$preset" >$log/configure.$preset 2>&1 || {
		cat $log/configure.$preset
		return 1
	}
	cmake --build "build/$preset" ${*:+--target "$@"} -- -k 0 >$log/build.$preset 2>&1 || {
		grep -vE '^\[[0-9]+/[0-9]+\] (Building|Linking|Generating)' $log/build.$preset | tail -n 60
		return 1
	}
	tail -n 1 $log/build.$preset
}

# The unit tests of a build. ctest's own numbers are what counts.
unit_tests() { # unit_tests PRESET [REGEX of those that are left out]
	local preset=$1 out=$log/ctest.$1 total bad
	head_line "unit tests: $preset${2:+ (not run: $2)}"
	ctest --test-dir "build/$preset" -j "$(nproc)" --timeout $seconds --output-on-failure \
		--no-tests=error ${QUICK:+-LE slow} ${2:+-E "$2"} >$out 2>&1
	grep -vE '^ *Start +[0-9]+:|^Test project|^Internal ctest' $out
	total=$(sed -n 's/.*tests failed out of \([0-9]*\)$/\1/p' $out)
	bad=$(sed -n 's/.*, \([0-9]*\) tests failed out of .*/\1/p' $out)
	if [ -z "$total" ]; then
		echo "FAILED: ctest said no numbers"
		count 0 1
		return
	fi
	count $((total - bad)) "$bad"
}

# A script that ends with a line "N passed, N failed"; without one it counts as one test.
counted() {
	local name=$1 out=$log/$1.out status line
	shift
	head_line "$name"
	"$@" 2>&1 | tee $out
	status=${PIPESTATUS[0]}
	line=$(grep -E '^[0-9]+ passed, [0-9]+ failed$' $out | tail -n 1)
	if [ -n "$line" ]; then
		set -- $line
		count "$1" "$3"
		[ "$status" = 0 ] || [ "$3" != 0 ] || count 0 1
	elif [ "$status" = 0 ]; then
		count 1 0
	else
		count 0 1
	fi
}

scripts/setup.sh || exit 1
mkdir -p $log

head_line "checks"
if [ "$mode" = --quick ]; then
	step ci/check.sh --fast
	step build dev || finish
	unit_tests dev
	# Many of them wait more than they work.
	JOBS=$(($(nproc) + 2)) PUGMARK=$PWD/build/dev/pugmark counted e2e tests/e2e/run.sh
	finish
fi

step ci/check.sh
step build dev && unit_tests dev
if [ "$mode" = --long ]; then
	# Threads meet as often in the short series. The SQL child has no memory for this sanitizer's shadows.
	step build tsan && LONG='' unit_tests tsan 'query/(sandbox|sql)_test'
fi
step build release pugmark pugmark-ship generate alerts_insert || finish
step ci/symbols.sh build/release/pugmark build/release/lib*.a
# Many of them wait more than they work.
JOBS=$(($(nproc) + 1)) PUGMARK=$PWD/build/release/pugmark counted e2e tests/e2e/run.sh
counted house tests/house.sh
counted rules python3 -B tests/rules.py "$PWD/build/release/pugmark"
counted demo tests/demo.sh
[ "$mode" != --long ] || counted package scripts/package.sh
counted stand_ins python3 -B tests/stand_ins/atlassian_test.py
[ "$mode" != --long ] || counted swift ci/test-s3.sh
if [ -d "$suites/suites" ]; then
	counted suites tests/suites.sh "$suites"
else
	head_line "suites"
	echo "not run: no $suites/suites here (make suites SUITES=DIR)"
fi
finish
