#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# make try: the page on an empty data folder, beside a stand-in of Atlassian's cloud to connect. Ends with Ctrl-C.
# Everything that it makes lies in demo-data/; nothing else is touched.
set -euo pipefail
cd "$(dirname "$0")/.."
build=${BUILD:-build/release}
events=${TRY_EVENTS:-20000}
listen=${TRY_LISTEN:-127.0.0.1:8480}
for program in pugmark generate; do
	[ -x "$build/$program" ] || { echo "try: $build/$program is not there: type make" >&2; exit 1; }
done
place=${DEMO_DATA:-demo-data}
mkdir -p "$place"
work=$(mktemp -d "$place/try-XXXXXX")
export PUGMARK_DATA=$PWD/$work/lake XDG_CONFIG_HOME=$PWD/$work/config
case $place in /*) PUGMARK_DATA=$work/lake XDG_CONFIG_HOME=$work/config ;; esac

since=$(date -u -d '27 days ago' +%F)
for table in jira confluence; do
	"$build/generate" --table $table --start "$since" --past --events "$events" -o "$work/$table.ndjson" 2>/dev/null
done
servers=$work/servers
coproc SERVERS { exec python3 -B tests/stand_ins/both.py "$servers" "$work/jira.ndjson" "$work/confluence.ndjson" \
	2>"$work/servers.log"; }
# shellcheck disable=SC2153 # coproc sets it
servers_pid=$SERVERS_PID
trap 'kill $servers_pid 2>/dev/null || true' EXIT
mail="" proxy=""
while read -r name value <&"${SERVERS[0]}" && [ "$name" != ready ]; do
	printf -v "$name" %s "$value"
done
[ -n "$proxy" ] || { cat "$work/servers.log" >&2; exit 1; }
ca=$servers/ca.pem
case $ca in /*) ;; *) ca=$PWD/$ca ;; esac
cat <<END
On this machine stands in for Atlassian's cloud a server with $events events of Jira and of Confluence. In the page, open
Sources, Connect, Jira (or Confluence), and give it:

    Domain      acme.atlassian.net
    Mail        $mail
    API token   $(cat "$servers/token")
    More        CA file: $ca
                and allow private addresses (a cloud of your own needs neither)

Everything lies in $work; Ctrl-C ends both.

END
HTTPS_PROXY=$proxy "$build/pugmark" serve --listen "$listen" || [ $? = 130 ]
