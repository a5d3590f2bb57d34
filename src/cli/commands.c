/* SPDX-License-Identifier: Apache-2.0 */
/* commands.c: the table of commands: what they take, what they do, how they are called. */
#include "cli/line.h"

#define OPTS(...) ((const enum opt[]){__VA_ARGS__, OPTIONS})

const struct command commands[] = {
	{"import", "FILE…|-", "take events from files into the tables",
		"Reads files of audit events: one JSON object a line, JSON arrays, pretty-printed "
		"objects, or\n"
		"replies of the products' REST APIs; plain, gzip or zstd. Which table they belong "
		"to is\n"
		"recognised from their shape. Every raw byte is kept; each event is stored once, "
		"however often\n"
		"a file is imported. Lines that are no JSON are set aside (see pugmark rejects).",
		"pugmark import audit.log                       # a file; the table is recognised\n"
		"pugmark import --table jira jira-*.json.gz     # several, packed\n"
		"cat audit.log | pugmark import -               # standard input\n"
		"pugmark import --node web1 log/audit/*.log     # the original logs of one server "
		"node\n",
		OPTS(OPT_TABLE, OPT_SCHEMA, OPT_SOURCE, OPT_INSTANCE, OPT_NODE, OPT_NO_DETECT,
			OPT_TIMINGS, OPT_SIMD, OPT_KEY_FILE),
		1, -1, command_import},
	{"connect", "jira|confluence|bitbucket|…", "test and save a source of events",
		"Asks for what the source needs (or takes it from options), tests it against the "
		"real service step\n"
		"by step, shows the newest events, and only then saves it. Kinds: jira, confluence "
		"(Cloud, and Data\n"
		"Center with a personal access token), bitbucket (log/audit of Bitbucket Data "
		"Center in an S3\n"
		"bucket, sent there by pugmark ship), s3 (any bucket, with --table), bitbucket-dc "
		"(its REST API),\n"
		"folder (a local log/audit), org (events of an Atlassian organisation). Tokens are "
		"read from a file,\n"
		"standard input or a prompt, and sealed; pugmark never shows them again. "
		"Connected again, a\nsource keeps its name and what was read.",
		"pugmark connect jira                            # asks for domain, mail and "
		"token\n"
		"pugmark connect jira --domain acme.atlassian.net --mail it@acme.example "
		"--api-token-file token\n"
		"pugmark connect confluence --from creds.json    # domain, mail, api_token\n"
		"pugmark connect bitbucket --bucket s3://acme-audit/bitbucket\n"
		"pugmark connect folder --path /data/bitbucket/log/audit --table bitbucket\n"
		"pugmark connect jira --from creds.json --dry-run   # only try it\n",
		OPTS(OPT_NAME, OPT_FROM, OPT_DOMAIN, OPT_MAIL, OPT_API_TOKEN_FILE,
			OPT_TOKEN_EXPIRES, OPT_GATEWAY, OPT_ORG_ID, OPT_REQUESTS_PER_MINUTE,
			OPT_BUCKET, OPT_PREFIX, OPT_REGION, OPT_ENDPOINT, OPT_PATH_STYLE,
			OPT_PROFILE, OPT_ROLE_ARN, OPT_EXTERNAL_ID, OPT_ACCESS_KEY_ID_FILE,
			OPT_SECRET_ACCESS_KEY_FILE, OPT_QUEUE, OPT_PATH, OPT_NODE, OPT_TABLE,
			OPT_SCHEMA, OPT_INTERVAL, OPT_LOOK_BACK, OPT_HISTORY, OPT_CA_FILE,
			OPT_PROXY, OPT_ALLOW_PRIVATE, OPT_ALLOW_EMPTY, OPT_ALSO, OPT_DRY_RUN,
			OPT_KEY_FILE),
		1, 1, command_connect},
	{"sources",
		"[list | test NAME | pause NAME | resume NAME | remove NAME | ledger [NAME] | "
		"gaps [NAME] | rekey]",
		"what is connected, how it is doing, what is missing",
		"`list` shows every source with its state (healthy, behind, silent, failing and "
		"why, token expires)\n"
		"and how long its events were on their way. `test` tries one out as connect does. "
		"`ledger` shows\n"
		"what was asked and what came of it, window by window; `gaps` what is missing: "
		"numbers of audit\n"
		"files, stretches of time, objects that could not be read; --refetch reads them "
		"once more.\n"
		"`remove` forgets a connection and its token; its events and its ledger stay. "
		"`rekey` seals all\n"
		"tokens under a new key: made in place of the old one, or read from "
		"--new-key-file.",
		"pugmark sources\npugmark sources ledger jira-acme --since -1d\n"
		"pugmark sources gaps --refetch\npugmark sources pause jira-acme\n",
		OPTS(OPT_SINCE, OPT_LIMIT, OPT_REFETCH, OPT_LIST, OPT_KEY_FILE, OPT_NEW_KEY_FILE),
		0, 2, command_sources},
	{"collect", "[SOURCE…]", "read the sources, once or for ever",
		"Reads the sources named (all that are not paused, where none is): new events "
		"first, then those\n"
		"that came late, then the history. Each event is stored once, however often it is "
		"read or however\n"
		"the program ends. Without --once it goes on at each source's interval until "
		"Ctrl-C; pugmark serve\n"
		"does the same as a service. Exit status 3: something could not be read as an "
		"event.",
		"pugmark collect --once\npugmark collect jira-acme\n"
		"pugmark collect --once --since 2026-01-01 jira-acme   # read from then on again\n",
		OPTS(OPT_ONCE, OPT_SINCE, OPT_WAIT, OPT_NO_DETECT, OPT_NO_SEND, OPT_KEY_FILE), 0,
		-1, command_collect},
	{"serve", "", "read all sources from now on, as a service",
		"Starts a process for each source that is connected and not paused, starts it "
		"again where it\n"
		"fails, and follows what is connected, paused or removed meanwhile. One process "
		"more answers the API\n"
		"(docs/api.md), on this machine alone where --listen does not say otherwise. Its "
		"log goes to stderr, one JSON\n"
		"object a line where that is no terminal. Ends on SIGTERM or Ctrl-C when all have "
		"committed what\nthey had.",
		"pugmark serve\npugmark serve --data /var/lib/pugmark --memory 2G\n"
		"pugmark serve --listen 127.0.0.1:8480 --host pugmark.example.com   # behind a "
		"proxy\n"
		"pugmark serve --listen 0.0.0.0:8480 --host pugmark.example.com --tls-cert "
		"cert.pem "
		"--tls-key key.pem\n",
		OPTS(OPT_LISTEN, OPT_HOST, OPT_TLS_CERT, OPT_TLS_KEY, OPT_INSECURE, OPT_PER_ADDRESS,
			OPT_NO_HTTP, OPT_KEY_FILE),
		0, 0, command_serve},
	{"http", "", "answer the API over HTTP, without the rest of the service",
		"What `pugmark serve` starts for its API, alone: it reads the data folder and "
		"notes what people do\n"
		"about alerts. Who asks signs in (pugmark user) or has a token (pugmark token). "
		"docs/api.md has\n"
		"all routes. The first start makes the user admin and prints a password for one "
		"sign-in.",
		"pugmark http\npugmark http --listen 127.0.0.1:9000\n",
		OPTS(OPT_LISTEN, OPT_HOST, OPT_TLS_CERT, OPT_TLS_KEY, OPT_INSECURE, OPT_PER_ADDRESS,
			OPT_KEY_FILE),
		0, 0, command_http},
	{"user",
		"[list | add NAME | passwd NAME | role NAME | disable NAME | enable NAME | remove "
		"NAME]",
		"who may sign in",
		"`add` makes a user with a role: a viewer reads, an analyst also works on alerts "
		"and rules, an admin\n"
		"may do all. The password is read from --password-file, or made up, printed once, "
		"and to be changed\n"
		"at the first sign-in; so it is with `passwd`. What changes a password, or "
		"disables or removes a user,\n"
		"also signs him out, within a second. The last admin who may sign in stays. All "
		"is noted in the\n"
		"audit log (pugmark audit).",
		"pugmark user add grace --role analyst\n"
		"pugmark user passwd admin                       # a new one-time password\n"
		"pugmark user passwd grace --password-file -     # asks for it, without showing "
		"it\n"
		"pugmark user disable grace\n",
		OPTS(OPT_ROLE, OPT_PASSWORD_FILE, OPT_BY), 0, 2, command_user},
	{"token", "[list | add NAME | remove NAME]", "who may use the API",
		"`add` makes a token with a role, prints it once, and keeps its hash alone. A "
		"viewer reads; an\n"
		"analyst also works on alerts; an admin also reads the audit log. `remove` ends "
		"one within a second.\n"
		"Both are noted in the audit log (pugmark audit).",
		"pugmark token add ci --role viewer --expires 90d > token\n"
		"curl -H \"Authorization: Bearer $(cat token)\" "
		"http://127.0.0.1:8480/api/v1/status\n"
		"pugmark token remove ci\n",
		OPTS(OPT_ROLE, OPT_EXPIRES, OPT_BY), 0, 2, command_token},
	{"audit", "[TEXT…]", "what people and tokens did with pugmark itself",
		"Every change through the API, and of tokens: when, who, from where, what, to "
		"what, and what came of\nit. The newest first; words narrow it to rows that have "
		"them.",
		"pugmark audit\npugmark audit grace\npugmark audit --since -7d --limit 0 --json\n",
		OPTS(OPT_SINCE, OPT_UNTIL, OPT_LIMIT), 0, 64, command_audit},
	{"hook", "[list | add NAME | remove NAME]", "where other products send their alerts to",
		"`add` makes a place of the API that takes alerts (POST /api/v1/hooks/NAME), with "
		"a "
		"secret of its own,\n"
		"which it prints once: deliveries are signed with it (X-Hub-Signature-256, as "
		"GitHub "
		"and Atlassian do),\n"
		"or carry it (Authorization: Bearer). What is sent is stored, once, in "
		"third_party_alerts, or in --table.\n"
		"docs/hooks.md says the rest. `pugmark sources` shows how a hook is doing, and "
		"pauses "
		"it.",
		"pugmark hook add guard > secret\n"
		"pugmark hook add edr --secret-file secret --table alerts\n"
		"pugmark hook remove guard\n",
		OPTS(OPT_TABLE, OPT_SECRET_FILE, OPT_BY, OPT_KEY_FILE), 0, 2, command_hook},
	{"alerts",
		"[list [TEXT…] | show ID | ack ID… | close ID… | reopen ID… | comment ID… | "
		"export]",
		"what the rules found, and what was done about it",
		"`list` shows what is open or acknowledged, the newest first; words narrow it to "
		"alerts that have\n"
		"them in title, group, actor, target or address. `show` prints one whole, with the "
		"events that it\n"
		"rests on and all notes. An id may be cut to its first digits. `ack` says that "
		"somebody looks at it,\n"
		"`close` that it is done, with a reason; both note who and when, and --comment. An "
		"alert that is\n"
		"closed opens again when new events join it. docs/alerts.md says the rest.",
		"pugmark alerts                                  # what is to be looked at\n"
		"pugmark alerts list --level high --since -1d mallory\n"
		"pugmark alerts show 3f2a91c4\n"
		"pugmark alerts ack 3f2a91c4 77b01d23\n"
		"pugmark alerts close 3f2a91c4 --reason benign --comment \"the yearly audit\"\n"
		"pugmark alerts export --format csv --since -30d > alerts.csv\n",
		OPTS(OPT_STATE, OPT_LEVEL, OPT_RULE, OPT_SINCE, OPT_UNTIL, OPT_LIMIT, OPT_REASON,
			OPT_COMMENT, OPT_BY, OPT_FORMAT, OPT_OUTPUT),
		0, -1, command_alerts},
	{"cluster", "[status | init | load | off]", "keep the tables on a ClickHouse cluster",
		"Where one machine is not enough, a ClickHouse cluster (or one server) holds the "
		"tables too: what "
		"is\ncollected is kept here first, as before, and then sent there, exactly once; "
		"search, indicators, "
		"rules over\nthe past and `sql` ask the cluster, so that each lake sees what all "
		"of them sent. `init` "
		"makes the\ndatabase and the tables, adds columns that schemas have gained, and "
		"notes the cluster for "
		"this lake.\n`status` shows servers, shards, replicas and rows, and what is still "
		"to be sent. `load` "
		"sends what the\nlake held before, and proves that it is all there. `off` forgets "
		"the cluster; its tables "
		"stay.\nThe password is read from a file or asked for, and sealed. docs/scaling.md "
		"has the whole way.",
		"pugmark cluster init --url http://ch1:8123 --url http://ch2:8123 --cluster house "
		"--user pugmark\n"
		"pugmark cluster init --url https://ch1:8443 --ca-file ca.pem --dry-run   # print "
		"the SQL\n"
		"pugmark cluster status\npugmark cluster load\npugmark cluster load --check   # "
		"compare only\npugmark cluster off\n",
		OPTS(OPT_URL, OPT_CLUSTER, OPT_DATABASE, OPT_USER, OPT_PASSWORD_FILE, OPT_CA_FILE,
			OPT_KEEP, OPT_DRY_RUN, OPT_YES, OPT_LOOP, OPT_CHECK, OPT_AGAIN,
			OPT_KEY_FILE),
		0, 1, command_cluster},
	{"notify",
		"[list | add KIND NAME | test NAME | pause NAME | resume NAME | remove NAME | run]",
		"who is told of alerts, and how",
		"`add` names somebody to be told of new alerts, and of closed ones that open "
		"again: "
		"webhook (signed\n"
		"JSON), slack, teams (their incoming webhooks), syslog (RFC 5424 over UDP, TCP or "
		"TLS), mail (SMTP).\n"
		"--level and --rule narrow what is told. Secrets are read from files, sealed, and "
		"never shown.\n"
		"pugmark serve sends; `run --once` does so once. What fails is tried again for a "
		"day, then given up\n"
		"and shown by `list`; `resume` tries that again too. More than 20 at once become "
		"one message.\n"
		"Addresses of your own network need --allow-private. docs/alerts.md has the "
		"messages.",
		"openssl rand -hex 32 > secret\n"
		"pugmark notify add webhook soc --url https://soc.example.com/hook --secret-file "
		"secret\n"
		"pugmark notify add slack team --url-file slack-url --level high\n"
		"pugmark notify add syslog siem --to tls://siem.example.com:6514\n"
		"pugmark notify add mail me --server smtp://mail.example.com --sender "
		"pugmark@example.com --to me@example.com\n"
		"pugmark notify test soc\n",
		OPTS(OPT_URL, OPT_URL_FILE, OPT_SECRET_FILE, OPT_TO, OPT_SERVER, OPT_SENDER,
			OPT_USER, OPT_PASSWORD_FILE, OPT_WITHOUT_TLS, OPT_LEVEL, OPT_RULE,
			OPT_CA_FILE, OPT_PROXY, OPT_ALLOW_PRIVATE, OPT_ONCE, OPT_LIST,
			OPT_KEY_FILE),
		0, 3, command_notify},
	{"detect",
		"[list | run | new | explain RULE | enable RULE… | disable RULE… |\n    tune RULE "
		"threshold=N | "
		"eval RULE… EVENTS]",
		"rules: what they are, and what they find",
		"`list` shows the rules. `run` looks at history again and brings the alerts up to "
		"date; `new` at what no process has looked at yet. "
		"`explain` says\n"
		"whether a rule can fire here. `enable`, `disable` and `tune` change "
		"rules/settings.yml "
		"in the\n"
		"data folder, and nothing else in it; threshold=default takes a number back. "
		"`eval` "
		"tries rules (files or folders of Sigma) on a "
		"file of "
		"JSON\n"
		"events, without storing anything: for who writes rules. Its exit status is 3 "
		"where a rule "
		"was\nrefused or an event was not readable.",
		"pugmark detect\npugmark detect eval my-rule.yml events.ndjson\n"
		"pugmark detect run --since -30d --dry-run\n"
		"pugmark detect disable 'Login failed'\n"
		"pugmark detect tune df3c60c5 threshold=60\n",
		OPTS(OPT_SINCE, OPT_UNTIL, OPT_RULE, OPT_DIFF, OPT_DRY_RUN, OPT_SETTINGS,
			OPT_TIME_FIELD, OPT_EXPAND, OPT_LAKE, OPT_KEY_FILE),
		0, -1, command_detect},
	{"ioc",
		"search VALUE…|- | add LIST VALUE…|- | list [LIST] | remove LIST [VALUE…] | pause "
		"LIST | "
		"resume LIST | update [LIST…] | feeds | index",
		"indicators of compromise: were they ever seen, and tell when they are",
		"`search` says of each indicator, in the order given, in how many events it was "
		"seen, in which tables,\n"
		"first and last when, and by whom: all history, from an index. Values may be "
		"addresses, networks\n"
		"(10.0.0.0/8), domains (with all below them), *.example.com, URLs, mail addresses, "
		"hashes, names of\n"
		"users and machines, defanged (hxxp, [.], [at]) or not. --file reads lists, CSV "
		"(URLhaus, ThreatFox,\n"
		"any other), STIX 2.1, MISP, OpenIOC, Zeek, or a report, of which the indicators "
		"are "
		"taken; packed or\n"
		"not. `add` puts indicators on a watchlist: it is asked of all history at once, "
		"and of "
		"every event that\n"
		"comes; what is seen is an alert. `remove` takes them off, or the whole list. "
		"With --url, --taxii or\n"
		"--file-feed the list is a feed: fetched now, and by `pugmark serve` at its "
		"interval; `feeds` shows\n"
		"what came, `update` fetches at once. docs/ioc.md and docs/feeds.md have the "
		"rest. Exit status 3:\n"
		"some were not usable, or not all segments could be asked.",
		"pugmark ioc search 192.0.2.7 'evil[.]example' bob\n"
		"pugmark ioc search --file report.txt --list-format text\n"
		"pugmark ioc search --file urlhaus.csv.gz --hits --json\n"
		"pugmark ioc search --events --since -30d 203.0.113.0/24\n"
		"pugmark ioc add incident-7 --level critical --expire 90d --file iocs.stix.json\n"
		"pugmark ioc list\n"
		"pugmark ioc add urlhaus --url https://urlhaus.abuse.ch/downloads/csv_recent/ "
		"--column url\n"
		"pugmark ioc feeds\n",
		OPTS(OPT_FILE, OPT_LIST_FORMAT, OPT_COLUMN, OPT_KIND, OPT_EXACT, OPT_EVENTS,
			OPT_HITS, OPT_ALLOW_WIDE, OPT_REPLACE, OPT_LEVEL, OPT_TAGS, OPT_EXPIRE,
			OPT_CONFIDENCE, OPT_URL, OPT_URL_FILE, OPT_TAXII, OPT_COLLECTION,
			OPT_FILE_FEED, OPT_INTERVAL, OPT_HEADER_FILE, OPT_USER, OPT_PASSWORD_FILE,
			OPT_API_TOKEN_FILE, OPT_CA_FILE, OPT_PROXY, OPT_ALLOW_PRIVATE, OPT_MAX_SIZE,
			OPT_ACCEPT, OPT_LOOP, OPT_ONCE, OPT_KEY_FILE, OPT_NO_DETECT, OPT_TABLE,
			OPT_SINCE, OPT_UNTIL, OPT_LIMIT, OPT_FORMAT, OPT_LAKE),
		1, -1, command_ioc},
	{"entity", "VALUE", "everything about one user, address or object, on one page",
		"What the value is, its events per day, tables, actions, addresses with first and "
		"last, who touched it\n"
		"or what it touched, the other names of the same person with the events that show "
		"them, and alerts.\n"
		"Counts are exact: an event counts once. Users, addresses, mail addresses, hosts "
		"and the like come\n"
		"from the index of observables; repositories, projects, spaces, groups by the "
		"search language, as does\n"
		"all with --as. The timeline shows the last 30 days with events, or all in --since "
		"and --until. What\n"
		"was not seen is said to be so, with names like it. docs/entity.md has the rules. "
		"Exit status 3: not\n"
		"all files could be read.",
		"pugmark entity grace.andersson\n"
		"pugmark entity --person anna@example.com         # in all products\n"
		"pugmark entity 203.0.113.7 --since -7d\n"
		"pugmark entity --as target auth-scripts-0\n"
		"pugmark entity 557058:ade10254-95c9-48b0-bccd-47b3d65a8834 --json\n",
		OPTS(OPT_AS, OPT_PERSON, OPT_KIND, OPT_SINCE, OPT_UNTIL, OPT_LIMIT, OPT_FORMAT,
			OPT_KEY_FILE, OPT_LAKE),
		1, 1, command_entity},
	{"search", "[QUERY…]", "find events, newest first",
		"Finds the events that match and shows the newest. Words are looked for in every "
		"text;\n"
		"field:value means the whole value (* and ? are wildcards), ip:10.0.0.0/8 a "
		"network; AND, OR,\n"
		"NOT and brackets join them. docs/search.md has the language in one page. Put the "
		"query in\n"
		"quotes; one that begins with a dash stands behind --. Exit status 3: a damaged "
		"file, or the time\n"
		"limit, left something out, which is said. Where a cluster is set (pugmark "
		"cluster) it is "
		"asked; --lake asks\nthis lake's own files.",
		"pugmark search 'actor:bob ip:10.0.0.0/8'            # newest first\n"
		"pugmark search --since -7d --facet actor,ip 'action:\"User login failed\"'\n"
		"pugmark search --histogram --count 'permission -table:confluence'\n"
		"pugmark search --follow 'target:repo-* NOT category:Repositories'\n"
		"pugmark search --format csv --columns event_time,actor,target 'table:jira' > "
		"jira.csv\n"
		"pugmark search --raw 'event_time:2026-01-14 ip:10.20.5.2'\n"
		"pugmark search --values actor gra                    # actors that begin so, with "
		"counts\n"
		"pugmark search --save failed --since -1d 'action:*failed*'   # then: --saved "
		"failed\n",
		OPTS(OPT_SINCE, OPT_UNTIL, OPT_TABLE, OPT_COLUMNS, OPT_LIMIT, OPT_SORT, OPT_COUNT,
			OPT_HISTOGRAM, OPT_FACET, OPT_FOLLOW, OPT_RAW, OPT_FORMAT, OPT_EXPLAIN,
			OPT_AFTER, OPT_SECONDARY, OPT_TIMEOUT, OPT_QUERY_FILE, OPT_SAVE, OPT_SAVED,
			OPT_LIST_SAVED, OPT_DELETE_SAVED, OPT_VALUES, OPT_LAKE, OPT_KEY_FILE),
		0, -1, command_search},
	{"sql", "SQL", "ask the tables a question in SQL",
		"Runs one SELECT over the tables and the views events, sources, segments and "
		"rejects, in a\n"
		"process that can read the tables and nothing else. docs/sql.md lists columns and "
		"views. Where a\ncluster is set (pugmark cluster), the statement goes there, in "
		"ClickHouse's SQL, "
		"under the same limits;\n--lake asks this lake's own files.",
		"pugmark sql \"select actor, action, ip, target from events limit 20\"\n"
		"pugmark sql --format csv \"select * from jira_audit_logs\" > jira.csv\n"
		"pugmark sql \"select ip, count(*) n from events group by ip order by n desc limit "
		"10\"\n",
		OPTS(OPT_FORMAT, OPT_TIMEOUT, OPT_LIMIT, OPT_LAKE, OPT_KEY_FILE), 1, 1,
		command_sql},
	{"show", "EVENT_ID", "show one event, parsed and raw",
		"Prints every field of the event and its raw bytes from the vault, checked against "
		"their hash. Where a cluster is set, also an event that another lake sent there: "
		"without "
		"its raw bytes.",
		"pugmark show 0189a7c0-5a10-8123-9abc-0123456789ab\n"
		"pugmark show --raw 0189a7c0-5a10-8123-9abc-0123456789ab\n",
		OPTS(OPT_RAW, OPT_KEY_FILE), 1, 1, command_show},
	{"status", "", "what is stored: tables, sources, sizes",
		"Prints tables with their events and time range, sources with what was stored, "
		"repeated and\n"
		"rejected, and the space that all of it takes.",
		"pugmark status\npugmark status --json\n", NULL, 0, 0, command_status},
	{"rejects", "[list | show ID | retry | dismiss ID]",
		"lines that could not be read as events",
		"What is no JSON object within the limits is kept in the vault and listed here "
		"with its source,\n"
		"place and reason. `retry` reads all open ones again (after an upgrade or with "
		"another schema),\n"
		"`dismiss` marks one as seen.",
		"pugmark rejects\npugmark rejects show 3\npugmark rejects retry\n", NULL, 0, 2,
		command_rejects},
	{"schema", "show [TABLE|FILE] | check FILE | infer FILE… | drift [TABLE]",
		"what the tables' columns are and where they come from",
		"`show` prints a table's columns, their types and the fields that feed them. "
		"`check` reads a\n"
		"schema file of your own and says what is wrong with it. `infer` proposes one from "
		"sample\n"
		"events. `drift` lists fields that appeared, vanished or changed their type, and "
		"since when.",
		"pugmark schema show bitbucket\npugmark schema check my-jira.yml\n"
		"pugmark schema infer --table my_logs sample.ndjson > my_logs.yml\npugmark schema "
		"drift\n",
		OPTS(OPT_TABLE, OPT_EXTEND, OPT_LIST), 1, -1, command_schema},
	{"export", "", "write events out: Parquet, NDJSON byte for byte, or CSV",
		"ndjson: the raw events, byte for byte as they came, one a line. csv: the parsed "
		"columns.\n"
		"parquet: copies of the table files into the folder given with --output; other "
		"tools read them.",
		"pugmark export --format ndjson --table jira > jira.ndjson\n"
		"pugmark export --format csv --since -7d --table bitbucket --output week.csv\n"
		"pugmark export --format parquet --output lake/\n",
		OPTS(OPT_FORMAT, OPT_TABLE, OPT_OUTPUT, OPT_SINCE, OPT_UNTIL), 0, 0,
		command_export},
	{"rebuild", "[TABLE…]", "make the tables again from the raw events",
		"Decodes the vault's raw events again with the schema of today: after a schema "
		"change or an\n"
		"upgrade. Event ids stay. The old tables are in use until the new ones are "
		"complete.",
		"pugmark rebuild\npugmark rebuild jira --schema my-jira.yml\n",
		OPTS(OPT_SCHEMA, OPT_KEY_FILE), 0, -1, command_rebuild},
	{"compact", "[TABLE…]", "merge small files; with --keep, drop old days",
		"Merges small table files into large ones and removes files that no query can need "
		"any more.\n"
		"With --keep, whole days that are older are dropped from tables, identities and "
		"vault. The space\nis freed by a compaction a day later: what began before may "
		"still read it.",
		"pugmark compact\npugmark compact --keep 365\n", OPTS(OPT_KEEP, OPT_KEY_FILE), 0,
		-1, command_compact},
	{"verify", "", "check every stored byte",
		"Hashes every raw frame and table file again and compares with the catalog, "
		"recounts rows, and\n"
		"names whatever is damaged. Nothing is changed. With --checkpoint, one that you "
		"hold from before,\n"
		"it also shows that every event of then is there, byte for byte, but for what "
		"retention says that\nit removed (docs/evidence.md).",
		"pugmark verify\npugmark verify --seconds 60      # a slice of it, for a nightly "
		"job\n"
		"pugmark verify --checkpoint held.checkpoint --key key.txt\n"
		"pugmark verify --checkpoint held.checkpoint --key key.txt --witness witness.key\n",
		OPTS(OPT_SECONDS, OPT_CHECKPOINT, OPT_KEY, OPT_WITNESS), 0, 0, command_verify},
	{"checkpoint",
		"[key [new] | folder [PATH|none] | send [NOTIFIER…|none] |\n"
		"    witness [list | add URL KEY | remove NAME] | bucket [s3://BUCKET/PREFIX|off]]",
		"a signed statement of what is stored",
		"Hashes what came since the last one, and prints a few lines that say what the "
		"store "
		"holds, signed.\n"
		"Kept where nobody of this machine can change it, it shows later that nothing was "
		"altered, removed or\n"
		"put in another order. pugmark serve makes one each hour, in the data folder's "
		"checkpoints/, and in\n"
		"the folder that `folder` names, and sends it to the notifiers that `send` names. "
		"`witness` names who is\nasked to cosign each (C2SP tlog-witness), `bucket` a "
		"bucket with "
		"object lock that takes each. `key` prints\nthe public key. docs/evidence.md "
		"explains it "
		"to an auditor.",
		"pugmark checkpoint --output today.checkpoint\npugmark checkpoint key > key.txt\n"
		"pugmark checkpoint folder /mnt/elsewhere\npugmark checkpoint send auditor   # see "
		"pugmark notify\n"
		"pugmark checkpoint witness add https://witness.example/ witness.key\n"
		"pugmark checkpoint bucket s3://acme-evidence/pugmark --region eu-central-1 --keep "
		"365\n",
		OPTS(OPT_OUTPUT, OPT_LOOP, OPT_INTERVAL, OPT_KEY_FILE, OPT_KEEP, OPT_GOVERNANCE,
			OPT_REGION, OPT_ENDPOINT, OPT_PATH_STYLE, OPT_PROFILE, OPT_ROLE_ARN,
			OPT_EXTERNAL_ID, OPT_ACCESS_KEY_ID_FILE, OPT_SECRET_ACCESS_KEY_FILE,
			OPT_CA_FILE, OPT_PROXY, OPT_ALLOW_PRIVATE),
		0, -1, command_checkpoint},
	{"prove", "EVENT_ID", "the proof that an event was stored as it is",
		"Shows where in the tree of evidence the event is; with --json the raw bytes, all "
		"hashes of the proof,\nand the checkpoint that they lead to.",
		"pugmark prove 0194a1b2-c3d4-8e5f-8a6b-7c8d9e0f1a2b --json\n", OPTS(OPT_KEY_FILE),
		1, 1, command_prove},
	{"evidence", "QUERY… | --alert ID | --all",
		"events with proofs, for somebody else to check",
		"Writes a ZIP file of events as they came, their parsed form, proofs, the "
		"checkpoint, "
		"the ledger of\n"
		"their sources, a report to read or print, and verify.py, which checks it offline "
		"and "
		"without pugmark.\n"
		"--checkpoint adds the proof that the store continues one that the reader holds. "
		"--all writes the whole\nstore as lines of JSON, for verify.py too.",
		"pugmark evidence 'actor:bob target:secret-*' --output bob.zip\n"
		"pugmark evidence --alert 3f2a91c4 --output alert.zip\n"
		"pugmark evidence --all | python3 tools/verify.py - --checkpoint held.checkpoint "
		"--key key.txt\n",
		OPTS(OPT_OUTPUT, OPT_ALERT, OPT_ALL, OPT_CHECKPOINT, OPT_SINCE, OPT_UNTIL,
			OPT_LIMIT, OPT_TABLE, OPT_KEY_FILE),
		0, -1, command_evidence},
	{"backup", "DIR", "copy a consistent state to a new folder",
		"Copies the catalog and all that it names, as they are at one moment, while "
		"imports may go on.",
		"pugmark backup /backup/pugmark-2026-11-22\n", OPTS(OPT_LINK), 1, 1,
		command_backup},
	{"restore", "FROM", "make a data folder from a backup",
		"Checks the backup and copies it to the data folder, which must be empty or "
		"missing.",
		"pugmark restore /backup/pugmark-2026-11-22 --data /var/lib/pugmark\n", NULL, 1, 1,
		command_restore},
	{"ship", "[DIR] s3://BUCKET[/PREFIX]", "upload a server's log/audit folder to a bucket",
		"Runs on the node of a Bitbucket, Jira or Confluence Data Center: follows its "
		"folder "
		"log/audit and\n"
		"uploads every byte to a bucket of S3, where pugmark collects it; goes on until it "
		"is stopped, or\n"
		"with --once until all is uploaded. DIR may be left out where the usual homes have "
		"one. The right\n"
		"s3:PutObject on the prefix is all that its keys need. The program pugmark-ship "
		"does "
		"the same, and\n"
		"needs nothing else on the machine (docs/ship.md). Exit status 3: a log was lost "
		"before it was\n"
		"uploaded, or could not be read.",
		"pugmark ship s3://audit-logs/bitbucket\n"
		"pugmark ship --once --dry-run /data/bitbucket/log/audit "
		"s3://audit-logs/bitbucket\n"
		"pugmark ship --endpoint https://s3.example.com --region eu s3://audit/bitbucket\n",
		OPTS(OPT_ONCE, OPT_DRY_RUN, OPT_EVERY, OPT_NODE, OPT_STATE, OPT_ALL, OPT_MAX_FILES,
			OPT_GZIP, OPT_ENDPOINT, OPT_REGION, OPT_PATH_STYLE, OPT_PROFILE,
			OPT_ACCESS_KEY_ID_FILE, OPT_SECRET_ACCESS_KEY_FILE, OPT_SESSION_TOKEN_FILE,
			OPT_ROLE_ARN, OPT_EXTERNAL_ID, OPT_ALLOW_PRIVATE, OPT_CA_FILE, OPT_PROXY),
		0, 2, command_ship},
	{"help", "[COMMAND]", "help on a command", "Prints this help, or that of one command.",
		"pugmark help import\n", OPTS(OPT_LIST), 0, 1, command_help},
	{"version", "", "the version of the program and its parts",
		"Prints the versions of pugmark, of its data format and of the libraries in use.",
		"pugmark version\n", NULL, 0, 0, command_version},
	{.name = NULL},
};
