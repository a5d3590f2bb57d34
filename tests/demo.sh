#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The demo, small: it ends well, and what it shows are answers. Ends with "N passed, N failed".
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
passed=0 failed=0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
ok() { # ok NAME STATUS
	if [ "$2" = 0 ]; then passed=$((passed + 1)); else
		failed=$((failed + 1))
		echo "FAILED: demo: $1"
	fi
}
DEMO_DATA=$work scripts/demo.sh >"$work/out" 2>&1
ok "it ends well" $? || tail -n 30 "$work/out"
for text in 'jira-acme is connected' 'confluence-acme is connected' 'bitbucket-audit is connected' \
	'of [56] logs uploaded as' ' = [0-9,]* stored + ' '0 events stored, [0-9,]* duplicates, 0 lines rejected' \
	'healthy  .* events  newest' '^[0-9a-f]\{64\}$' 'logged_in' 'new alerts: pugmark alerts' ' 0 of them new, 0 changed, 0 withdrawn' 'it can fire' '^report-7: [0-9]* indicators' 'history: [1-9][0-9]* indicators* seen' 'Indicator of watchlist report-7 seen' '"event_id":"'; do
	grep -q "$text" "$work/out"
	ok "it shows: $text" $?
done
[ "$(grep -c '^[0-9a-f]\{64\}$' "$work/out")" = 2 ] && [ "$(grep '^[0-9a-f]\{64\}$' "$work/out" | sort -u | wc -l)" = 1 ]
ok "what was sent is what is stored" $?
# The command at its end opens the page on what it made.
serve=$(sed -n 's/^    \(XDG_CONFIG_HOME=.* serve --data .*\)$/\1/p' "$work/out")
[ -n "$serve" ]
ok "it says how to open the page" $?
# shellcheck disable=SC2086 # words on purpose
env $serve --listen 127.0.0.1:0 >"$work/serve" 2>&1 &
for _ in $(seq 100); do
	address=$(grep -o -m 1 'http://127.0.0.1:[0-9]*/' "$work/serve") && break
	sleep 0.1
done
python3 -c 'import sys, urllib.request; sys.exit(b"pugmark" not in urllib.request.urlopen(sys.argv[1]).read())' "${address:-none}"
ok "the page opens" $?
kill $! && wait $!
ok "and the service ends" $?
# make try: a page on an empty folder, and something to connect in it.
DEMO_DATA=$work/try TRY_EVENTS=300 TRY_LISTEN=127.0.0.1:0 setsid scripts/try.sh >"$work/tried" 2>&1 &
for _ in $(seq 200); do
	grep -q 'one-time password' "$work/tried" && break
	sleep 0.1
done
for text in 'Domain  *acme.atlassian.net' 'Mail  *[a-z]*@' 'API token  *[^ ]' 'CA file: /' 'sign in as admin with the one-time password'; do
	grep -q "$text" "$work/tried"
	ok "make try says: $text" $?
done
kill -INT -- -$!
wait $!
ok "and ends with Ctrl-C" $?
[ "$failed" = 0 ] || cat "$work/out" "$work/serve" "$work/tried"
for _ in 1 2 3 4 5; do # it was told to end
	pgrep -f "$work" >/dev/null || break
	sleep 1
done
! pgrep -f "$work" >/dev/null
ok "no server is left behind" $?
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
