#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# symbols.sh PROGRAM LIBRARY…: no global name of our rooms (build folder's lib*.a) may be one that a shared library of the program exports:
# which of the two is called would hang on the order of linking.
set -euo pipefail
program=$1
shift
ours=$(nm --defined-only -g "$@" 2>/dev/null | awk 'NF == 3 && $2 ~ /[TDBR]/ { print $3 }' | sort -u)
bad=0
for library in $(ldd "$program" | awk '$2 == "=>" && $3 ~ /^\// { print $3 }'); do
	case $library in
	*/libc.so* | */libm.so* | */ld-linux*) continue ;; # the compiler warns of those
	esac
	both=$(comm -12 <(printf '%s\n' "$ours") \
		<(nm -D --defined-only "$library" | awk '$2 ~ /[TDBRWV]/ { sub(/@.*/, "", $3); print $3 }' | sort -u))
	if [ -n "$both" ]; then
		printf '%s exports names of ours: %s\n' "$library" "$(printf '%s' "$both" | tr '\n' ' ')"
		bad=1
	fi
done
exit $bad
