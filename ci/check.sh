#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# check.sh [--fast]: the one door for all checks of the sources: form, layers, contracts, files,
# the page (tsc, biome), clang-tidy, cppcheck. --fast leaves out the last two.
set -uo pipefail
cd "$(dirname "$0")/.."
failed=0

# run NAME COMMAND…: one line for each check; its output only where it fails.
run() {
	local name=$1 start=$SECONDS output
	shift
	if output=$("$@" 2>&1); then
		printf 'check: %-12s ok (%s s)\n' "$name" $((SECONDS - start))
	else
		printf '%s\ncheck: %-12s FAILED\n' "$output" "$name"
		failed=1
	fi
}

format() {
	find src bench tests \( -name node_modules -o -path bench/data \) -prune -o -name '*.[ch]' -print |
		xargs -P "$(nproc)" -n 40 clang-format-14 --dry-run -Werror --ferror-limit=3
}

shell_syntax() {
	local file bad=0
	for file in $(find scripts ci tests bench .ci -name node_modules -prune -o -name '*.sh' -print) \
		.ci/run scripts/completion/pugmark.bash; do
		bash -n "$file" || bad=1
	done
	return $bad
}

analyse() {
	mkdir -p build/cppcheck
	cppcheck --quiet --enable=warning,performance,portability --std=c11 --inline-suppr \
		-j "$(nproc)" --cppcheck-build-dir=build/cppcheck --suppressions-list=ci/cppcheck.txt \
		--error-exitcode=1 --library=posix --library=gnu -D_GNU_SOURCE -D__x86_64__ \
		-D__GNUC__ -D__linux__ '-DPUGMARK_VERSION="0"' -Isrc -Ibench \
		--template='{file}:{line}: {severity}: {message} [{id}]' src bench
}

run format format
run layers ci/layers.sh
run contracts ci/contracts.py
run files ci/files.sh
run shell shell_syntax
run page npm --prefix web run --silent check
if [ "${1:-}" != --fast ]; then
	run clang-tidy ci/tidy.sh
	run cppcheck analyse
fi
exit $failed
