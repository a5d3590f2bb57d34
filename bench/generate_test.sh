#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The generator: same seed, same bytes; no two equal lines unless asked for; its own counts hold;
# the samples that ship in tests/data are what it makes. Usage: generate_test.sh PATH_TO_GENERATE
set -eu
generate=$1
data=$(cd "$(dirname "$0")/../tests/data" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0
check() { # NAME CONDITION…
	name=$1
	shift
	if "$@"; then echo "ok   $name"; else echo "FAIL $name"; failed=1; fi
}

for kind in "bitbucket file" "bitbucket api" "jira cloud" "jira api" "jira file" "confluence cloud" \
	"confluence api" "confluence file" "org cloud" "org api" "alerts cloud"; do
	table=${kind% *} shape=${kind#* }
	args="--table $table --shape $shape --events 20000 --seed 7"
	"$generate" $args >"$work/a"
	"$generate" $args >"$work/b"
	check "$kind: same seed, same bytes" cmp -s "$work/a" "$work/b"
	"$generate" --table $table --shape $shape --events 20000 --seed 8 >"$work/b"
	check "$kind: another seed, other bytes" sh -c '! cmp -s "$0" "$1"' "$work/a" "$work/b"
	[ "$shape" = api ] && continue
	check "$kind: no two equal lines" sh -c '[ -z "$(sort "$0" | uniq -d)" ]' "$work/a"
	"$generate" $args --twins --bad --truth "$work/truth" >"$work/c"
	check "$kind: the truth file counts the lines" sh -c '
		total=$(tail -n 1 "$0"); lines=$(wc -l <"$1"); bytes=$(wc -c <"$1")
		case $total in *"\"lines\":$lines,"*"\"bytes\":$bytes,"*) ;; *) exit 1 ;; esac
		for kind in event twin repaired no_time reject; do
			n=$(grep -c "^{\"line\":[0-9]*,\"kind\":\"$kind\"" "$0") || exit 1
			case $total in *"\"$kind\":$n,"*) ;; *) exit 1 ;; esac
		done' "$work/truth" "$work/c"
done

for table in bitbucket jira confluence org alerts; do
	"$generate" --table $table --events 200 --seed 2026 >"$work/a"
	check "tests/data/sample-$table.ndjson is what the generator makes" \
		cmp -s "$work/a" "$data/sample-$table.ndjson"
done

"$generate" --table bitbucket --events 3000 --observables 8 >"$work/a"
check "--observables 8: each event has one of eight" sh -c '
	n=$(grep -o "example.referrer\",\"value\":\"[^\"]*" "$0" | sort -u | wc -l); [ "$n" = 8 ]' "$work/a"
"$generate" --table bitbucket --events 20000 --quiet | grep -c "User login failed" >"$work/quiet"
"$generate" --table bitbucket --events 20000 | grep -c "User login failed" >"$work/noisy"
check "--quiet: what rules look for is rarer" [ "$(cat "$work/quiet")" -lt "$(cat "$work/noisy")" ]

# Speed: the best of three, to /dev/null; 500 MB/s is promised.
best=0
for i in 1 2 3; do
	speed=$("$generate" --table bitbucket --events 300000 -o /dev/null 2>&1 |
		sed 's/.* \([0-9]*\) MB\/s/\1/')
	[ "$speed" -gt "$best" ] && best=$speed
done
echo "speed: $best MB/s"
# Built with sanitizers it is slower, and that says nothing.
if [ -z "${SLOW_BUILD:-}" ]; then
	check "faster than 500 MB/s" [ "$best" -gt 500 ]
fi
exit $failed
