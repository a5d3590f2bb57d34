#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# make demo: three products connected and collected, the proof that nothing is missing, the questions of an
# analyst. Ends by itself.
# Everything that it makes lies in demo-data/; nothing else is touched.
set -euo pipefail
cd "$(dirname "$0")/.."
build=${BUILD:-build/release}
events=${DEMO_EVENTS:-200000}
for program in pugmark generate; do
	[ -x "$build/$program" ] || { echo "demo: $build/$program is not there: type make" >&2; exit 1; }
done
PATH="$PWD/$build:$PATH"
place=${DEMO_DATA:-demo-data}
mkdir -p "$place"
work=$(mktemp -d "$place/run-XXXXXX")
export PUGMARK_DATA=$work/lake XDG_CONFIG_HOME=$work/config # the key of the tokens too

heading() { printf '\n── %s %s\n\n' "$1" "$(printf '─%.0s' $(seq 1 $((76 - ${#1}))))"; }
say() { printf '%s\n' "$*"; }
run() { # shows a command as one types it, then runs it
	printf '$'
	local word
	for word in "$@"; do
		case $word in
		*\"*) case $word in
			*\'*) printf ' "%s"' "${word//\"/\\\"}" ;;
			*) printf " '%s'" "$word" ;;
			esac ;;
		*[\ \(\)\*\;\>\<\'\"\|]*) printf ' "%s"' "${word//\"/\\\"}" ;;
		*) printf ' %s' "$word" ;;
		esac
	done
	printf '\n'
	"$@" 2>&1
	printf '\n'
}
ask() { # a question in words, then in SQL
	say "$1"
	run pugmark sql "$2"
}
value() { pugmark sql --format csv "$1" | tail -n +2 | tr -d '\r' | head -n 1; }

heading "Three products"
say "A made-up organisation: 3,000 people, 2,400 repositories, the last four weeks, and somebody who should"
say "not be there. All of it goes to $work; the data folder is PUGMARK_DATA=$PUGMARK_DATA."
say
since=$(date -u -d '27 days ago' +%F)
run generate --table jira --start "$since" --past --events $((events / 4)) -o "$work/jira.ndjson"
run generate --table confluence --start "$since" --past --events $((events / 4)) -o "$work/confluence.ndjson"
run generate --table bitbucket --start "$since" --past --events $((events / 2)) --twins -o "$work/bitbucket.log"
mkdir -p "$work/log/audit"
split -l $((events / 10)) -d -a 5 --additional-suffix=.audit.log "$work/bitbucket.log" \
	"$work/log/audit/$(date -u -d "$since" +%Y%m%d)."
say "On this machine stand in for the clouds: for Atlassian's a server that serves the first two files as its"
say "REST APIs do, over HTTPS; for AWS a real S3 server. The third file lies in log/audit, where Bitbucket"
say "Data Center writes it. --ca-file, --allow-private and --endpoint are for these servers; you need none."
servers=$work/servers
coproc SERVERS { exec python3 -B tests/stand_ins/both.py "$servers" "$work/jira.ndjson" "$work/confluence.ndjson" \
	2>"$work/servers.log"; }
# shellcheck disable=SC2153 # coproc sets it
servers_pid=$SERVERS_PID
trap 'kill $servers_pid 2>/dev/null || true' EXIT
mail="" proxy="" endpoint=""
while read -r name value <&"${SERVERS[0]}" && [ "$name" != ready ]; do
	printf -v "$name" %s "$value"
done
[ -n "$endpoint" ] || { cat "$work/servers.log" >&2; exit 1; }
export HTTPS_PROXY=$proxy
atlassian=(--ca-file "$servers/ca.pem" --allow-private)
bucket=(--endpoint "$endpoint" --allow-private --access-key-id-file "$servers/s3-id"
	--secret-access-key-file "$servers/s3-secret")

heading "Connected, each in a minute"
say "Jira, with what the guide asks for: domain, mail, API token. It is tried out before it is saved:"
run pugmark connect jira --domain acme.atlassian.net --mail "$mail" --api-token-file "$servers/token" "${atlassian[@]}"
say "Confluence, from the guide's file as it was pasted, typographic quotes and all:"
run cat "$servers/creds.json"
run pugmark connect confluence --from "$servers/creds.json" "${atlassian[@]}"
say "Bitbucket: on its server, pugmark ship brings log/audit to a bucket (here once; a service as a rule) …"
run pugmark ship --once --node bitbucket-1 --state "$work/ship.state" "${bucket[@]}" "$work/log/audit" \
	s3://audit/bitbucket
say "… and here the bucket is connected:"
run pugmark connect bitbucket --bucket s3://audit/bitbucket --path-style "${bucket[@]}"

heading "Collected, and proved"
run pugmark collect --once
run pugmark sources
say "What was asked for, window by window, and what came of it:"
run pugmark sources ledger --limit 6
say "The proof: what the servers had, and what is stored, byte for byte, each line as often as it was there:"
sent() { cat "$work"/jira.ndjson "$work"/confluence.ndjson "$work"/log/audit/*; }
sum_of_sorted() { LC_ALL=C sort -S 256M | sha256sum | cut -d' ' -f1; }
a=$(sent | sum_of_sorted)
say "$ cat jira.ndjson confluence.ndjson log/audit/* | sort | sha256sum"
say "$a"
b=$(for table in jira confluence bitbucket; do pugmark export --format ndjson --table $table 2>/dev/null; done | sum_of_sorted)
say "$ pugmark export --format ndjson … | sort | sha256sum"
say "$b"
[ "$a" = "$b" ] || { say "demo: what is stored is not what was sent" >&2; exit 1; }
say
say "The same once more, as if nobody had remembered: nothing is doubled."
run pugmark collect --once --since "$since"
run pugmark import "$work"/log/audit/*.audit.log

heading "A file with broken lines"
say "What cannot be read as an event is kept and listed, and what follows it is read (exit status 3 says so)."
say
generate --table bitbucket --events 300 --bad --seed 9 --node 1 --start "$since" -o "$work/broken.log"
run pugmark import "$work/broken.log" || [ $? -eq 3 ]
printf '$ pugmark rejects | head -n 4\n'
pugmark rejects 2>/dev/null | head -n 4 || true
say
run pugmark status

heading "Searches"
say "Who is allowed more than before, and when? The newest first, their course over time, and from where:"
run pugmark search --histogram --facet actor,ip,table --limit 6 \
	'action:*permission* (granted OR added) ip:?* NOT ip:10.0.0.0/8'

say "An address that fails to log in, and what it does when it is in:"
run pugmark search --facet ip --limit 3 'action:"User login failed" ip:203.0.113.0/24'
guesser=$(pugmark search --json --count --facet ip 'action:"User login failed" ip:203.0.113.0/24' 2>/dev/null |
	sed -n 's/.*"values":\[{"value":"\([0-9.]*\)".*/\1/p')
run pugmark search --histogram --facet action --limit 5 "ip:${guesser:-203.0.113.0/24} NOT action:*failed"

say "One and the same change within an event, in a list of them; and how the answer was found:"
run pugmark search --explain --histogram --facet target,category --limit 3 --columns event_time,action,target,ip \
	'changed_values:{field_name:"Active / Inactive" changed_to:Inactive}'

heading "Alerts"
say "Rules looked at every event as it was stored. What they found, the gravest of all:"
run pugmark alerts list --level high --limit 8
alerts() { pugmark alerts list --state all --limit 0 --json | sed 's/"changed_at":"[^"]*"//g'; }
alert=$(pugmark alerts list --level high --json | grep -o '"id":"[0-9a-f]*"[^}]*"title":"[^"]*then[^"]*"' | head -n 1 | cut -d'"' -f4)
[ -n "$alert" ] || { say "demo: nobody guessed a password and then came in" >&2; exit 1; }
say "One of them, with the events that it rests on:"
run pugmark alerts show "$alert"
say "Somebody looks at it:"
run pugmark alerts ack "$alert" --comment "asking the owner of the account"
say "The same rules over all of history find exactly the same:"
a=$(alerts | sha256sum)
run pugmark detect run --since "$since"
[ "$a" = "$(alerts | sha256sum)" ] || { say "demo: history gives other alerts" >&2; exit 1; }
say "What a rule asks for, and whether that was ever seen:"
run pugmark detect explain "$(pugmark alerts show --json "$alert" | sed 's/.*"rule":"\([^"]*\)".*/\1/')"

heading "Indicators"
say "A report comes in, defanged as such reports are:"
{
	printf 'We saw password guessing from %s, later mail from it-support[at]login-update[.]example\n' "$(echo "${guesser:-203.0.113.7}" | sed 's/\./[.]/g')"
	printf 'with a link to hxxps://login-update[.]example/jira?id=7 (SHA-256 of the attachment:\n'
	printf '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08).\n'
} >"$work/report.txt"
run cat "$work/report.txt"
say "Was any of it ever seen here? One line for each, out of all history:"
run pugmark ioc search --file "$work/report.txt"
say "Now it is watched for: asked of all history at once, and of every event that comes."
run pugmark ioc add report-7 --level critical --tags password-guessing --file "$work/report.txt"
run pugmark alerts list --level critical --limit 3 watchlist

heading "Questions"
ask "Who failed to log in again and again from one address, and then succeeded?" "
  with guesses as (
    select actor, ip, count(*) as failures, max(event_time) as last_failure
    from bitbucket_audit_logs where action = 'User login failed'
    group by actor, ip having failures >= 10)
  select g.actor, g.ip, failures, min(l.event_time) as logged_in
  from guesses g join bitbucket_audit_logs l using (actor, ip)
  where l.action = 'User logged in' and l.event_time between last_failure and last_failure + interval 10 minutes
  group by all order by logged_in"

address=$(value "select ip from bitbucket_audit_logs where action = 'Global permission granted'
	and ip in (select ip from bitbucket_audit_logs where action = 'User login failed'
		group by ip, actor having count(*) >= 10) order by event_time desc limit 1")
ask "What did they touch from $address?" "
  select event_time, actor, action, target from bitbucket_audit_logs
  where ip = '$address' and action <> 'User login failed' order by event_time limit 8"

repository=$(value "select target from bitbucket_audit_logs where ip = '$address'
	and target_type = 'REPOSITORY' order by event_time limit 1")
ask "Who else touched repository $repository, and from where?" "
  select actor, count(*) as events, list(distinct ip)[1:3] as addresses, max(event_time) as last
  from bitbucket_audit_logs where target = '$repository'
  group by actor order by events desc limit 5"

ask "Which rights were granted at night or at the weekend, in any product?" "
  select event_time, table_name, actor, action, target, ip from events
  where regexp_matches(action, '^(Global|Project|Repository) permission (granted|added)')
    and (hour(event_time) not between 6 and 20 or isodow(event_time) > 5)
  order by event_time desc limit 6"

ask "The busiest addresses, over all three products:" "
  select ip, count(*) as events, count(distinct actor) as actors, list(distinct table_name) as tables
  from events where ip <> '' group by ip order by events desc limit 5"

heading "One event, parsed and raw"
event=$(value "select event_id from bitbucket_audit_logs where ip = '$address'
	and action = 'Global permission granted' order by event_time desc limit 1")
run pugmark show "$event"

heading "Where it lies"
run du -h --max-depth=1 "$PUGMARK_DATA"
say "The tables are standard Parquet: DuckDB, Spark, ClickHouse, pandas and others read them as they are."
if command -v node >/dev/null && [ -d tests/npm/node_modules/hyparquet ]; then
	say "Here is a reader that has never heard of pugmark (hyparquet, in JavaScript):"
	say
	file=$(find "$PUGMARK_DATA/tables/jira_audit_logs" -name '*.parquet' | sort | head -n 1)
	printf '$ node tests/npm/read.mjs %s | head -n 1\n' "$file"
	node tests/npm/read.mjs "$file" 2>/dev/null | head -n 1 || true
else
	say
	say "  duckdb -c \"select count(*) from '$PUGMARK_DATA/tables/*/*.parquet'\""
fi
say
say "The clouds of this demo end with it, so its sources are paused:"
for source in $(pugmark sources --list); do pugmark sources pause "$source" 2>&1; done
say
say "Everything of this demo is in $work; remove it when you like. Look at it in the page:"
say
say "    XDG_CONFIG_HOME=$XDG_CONFIG_HOME $build/pugmark serve --data $PUGMARK_DATA"
say
say "and open http://127.0.0.1:8480/. Next: make try (connect a source in the page), pugmark connect jira, or"
say "docs/sources/README.md"
