/* SPDX-License-Identifier: Apache-2.0 */
/* line.c: the command line: one table of options, one of commands, and help made from both. */
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdlib.h>

#include "cli/private.h"
#include "ship/ship.h"

struct option_row {
	const char *name, *arg, *help;
};

static const struct option_row option_rows[OPTIONS] = {
	[OPT_DATA] = {"data", "DIR", "the data folder"},
	[OPT_JSON] = {"json", NULL, "print one machine-readable object"},
	[OPT_MEMORY] = {"memory", "SIZE", "memory to use at most, e.g. 512M, 2G (default 1G)"},
	[OPT_THREADS] = {"threads", "N", "worker threads (default: the machine's cores)"},
	[OPT_VERBOSE] = {"verbose", NULL, "say more on stderr"},
	[OPT_HELP] = {"help", NULL, "show help"},
	[OPT_VERSION] = {"version", NULL, "show the version"},
	[OPT_TABLE] = {"table", "TABLE", "jira, confluence, bitbucket, or a table's full name"},
	[OPT_SCHEMA] = {"schema", "FILE", "a schema file of your own (see pugmark help schema)"},
	[OPT_SOURCE] = {"source", "NAME",
		"what to call where the events come from (default import)"},
	[OPT_INSTANCE] = {"instance", "NAME",
		"the product instance (base URL or cloud id) of the events"},
	[OPT_NODE] = {"node", "NAME",
		"the server node of these log/audit files (import: equal lines at different places "
		"are different events; ship: default as the log says, or the host)"},
	[OPT_TIMINGS] = {"timings", NULL, "show the CPU seconds of each stage"},
	[OPT_FORMAT] = {"format", "FORMAT",
		"table, json, ndjson or csv; export: parquet, ndjson or csv"},
	[OPT_RAW] = {"raw", NULL, "print the event's bytes as they came, and nothing else"},
	[OPT_OUTPUT] = {"output", "PATH", "where to write (default: standard output)"},
	[OPT_SINCE] = {"since", "TIME",
		"from this time on: 2026-01-31, 2026-01-31T12:00:00Z, -7d, -24h"},
	[OPT_UNTIL] = {"until", "TIME", "before this time"},
	[OPT_TIMEOUT] = {"timeout", "SECONDS", "give up after so long (default 300)"},
	[OPT_LIMIT] = {"limit", "N",
		"rows to show in a table (search 100, or 20 below a histogram; sql 1000; 0 = all)"},
	[OPT_KEEP] = {"keep", "DAYS", "drop whole days that are older than so many days"},
	[OPT_LINK] = {"link", NULL, "hard-link files that never change instead of copying them"},
	[OPT_LIST] = {"list", NULL, "print names only, one a line"},
	[OPT_EXTEND] = {"extend", "TABLE", "compare with this table's schema"},
	[OPT_SIMD] = {"simd", "WHICH", "best, avx2 or portable (for tests)"},
	[OPT_SECONDS] = {"seconds", "N",
		"check for so long only, what was checked longest ago first"},
	[OPT_COLUMNS] = {"columns", "LIST",
		"fields to show, most important first: event_time,actor,target"},
	[OPT_SORT] = {"sort", "[-]FIELD",
		"order by a field, descending with - (default -event_time: newest first)"},
	[OPT_COUNT] = {"count", NULL, "count the matches, and show none of them"},
	[OPT_HISTOGRAM] = {"histogram", NULL, "draw the matches over time"},
	[OPT_FACET] = {"facet", "LIST",
		"the most frequent values of fields, with counts; may be given again"},
	[OPT_FOLLOW] = {"follow", NULL, "go on with new matches as they come, until Ctrl-C"},
	[OPT_EXPLAIN] = {"explain", NULL, "say what was read, what was not, and how long it took"},
	[OPT_AFTER] = {"after", "CURSOR", "the page after this place (the summary names it)"},
	[OPT_SECONDARY] = {"secondary", NULL, "copies of a second source of the same events too"},
	[OPT_QUERY_FILE] = {"query-file", "FILE",
		"read the query from a file (- = standard input)"},
	[OPT_SAVE] = {"save", "NAME", "keep this search under a name, with its options"},
	[OPT_SAVED] = {"saved", "NAME", "run a search that was kept; words narrow it further"},
	[OPT_LIST_SAVED] = {"list-saved", NULL, "list the searches that were kept"},
	[OPT_VALUES] = {"values", "FIELD",
		"list the values of a field in the newest events; a word: those that begin with "
		"it"},
	[OPT_DELETE_SAVED] = {"delete-saved", "NAME", "forget a search that was kept"},
	/* What these are for is said by ship/options.c. */
	[OPT_ONCE] = {"once", NULL, NULL},
	[OPT_DRY_RUN] = {"dry-run", NULL, NULL},
	[OPT_EVERY] = {"every", "SECONDS", NULL},
	[OPT_STATE] = {"state", "FILE", NULL},
	[OPT_ALL] = {"all", NULL, NULL},
	[OPT_MAX_FILES] = {"max-files", "N", NULL},
	[OPT_GZIP] = {"gzip", NULL, NULL},
	[OPT_ENDPOINT] = {"endpoint", "URL", NULL},
	[OPT_REGION] = {"region", "REGION", NULL},
	[OPT_PATH_STYLE] = {"path-style", NULL, NULL},
	[OPT_PROFILE] = {"profile", "NAME", NULL},
	[OPT_ACCESS_KEY_ID_FILE] = {"access-key-id-file", "FILE", NULL},
	[OPT_SECRET_ACCESS_KEY_FILE] = {"secret-access-key-file", "FILE", NULL},
	[OPT_SESSION_TOKEN_FILE] = {"session-token-file", "FILE", NULL},
	[OPT_ROLE_ARN] = {"role-arn", "ARN", NULL},
	[OPT_EXTERNAL_ID] = {"external-id", "ID", NULL},
	[OPT_ALLOW_PRIVATE] = {"allow-private", NULL, NULL},
	[OPT_CA_FILE] = {"ca-file", "FILE", NULL},
	[OPT_PROXY] = {"proxy", "URL", NULL},
};

static const enum opt global_options[] = {
	OPT_DATA, OPT_JSON, OPT_MEMORY, OPT_THREADS, OPT_VERBOSE, OPT_HELP, OPTIONS};

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
		OPTS(OPT_TABLE, OPT_SCHEMA, OPT_SOURCE, OPT_INSTANCE, OPT_NODE, OPT_TIMINGS,
			OPT_SIMD),
		1, -1, command_import},
	{"search", "[QUERY…]", "find events, newest first",
		"Finds the events that match and shows the newest. Words are looked for in every "
		"text;\n"
		"field:value means the whole value (* and ? are wildcards), ip:10.0.0.0/8 a "
		"network; AND, OR,\n"
		"NOT and brackets join them. docs/search.md has the language in one page. Put the "
		"query in\n"
		"quotes; one that begins with a dash stands behind --. Exit status 3: a damaged "
		"file, or the time\n"
		"limit, left something out, which is said.",
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
			OPT_LIST_SAVED, OPT_DELETE_SAVED, OPT_VALUES),
		0, -1, command_search},
	{"sql", "SQL", "ask the tables a question in SQL",
		"Runs one SELECT over the tables and the views events, sources, segments and "
		"rejects, in a\n"
		"process that can read the tables and nothing else. docs/sql.md lists columns and "
		"views.",
		"pugmark sql \"select actor, action, ip, target from events limit 20\"\n"
		"pugmark sql --format csv \"select * from jira_audit_logs\" > jira.csv\n"
		"pugmark sql \"select ip, count(*) n from events group by ip order by n desc limit "
		"10\"\n",
		OPTS(OPT_FORMAT, OPT_TIMEOUT, OPT_LIMIT), 1, 1, command_sql},
	{"show", "EVENT_ID", "show one event, parsed and raw",
		"Prints every field of the event and its raw bytes from the vault, checked against "
		"their hash.",
		"pugmark show 0189a7c0-5a10-8123-9abc-0123456789ab\n"
		"pugmark show --raw 0189a7c0-5a10-8123-9abc-0123456789ab\n",
		OPTS(OPT_RAW), 1, 1, command_show},
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
		"pugmark rebuild\npugmark rebuild jira --schema my-jira.yml\n", OPTS(OPT_SCHEMA), 0,
		-1, command_rebuild},
	{"compact", "[TABLE…]", "merge small files; with --keep, drop old days",
		"Merges small table files into large ones and removes files that no query can need "
		"any more.\n"
		"With --keep, whole days that are older are dropped from tables, identities and "
		"vault. The space\nis freed by a compaction a day later: what began before may "
		"still read it.",
		"pugmark compact\npugmark compact --keep 365\n", OPTS(OPT_KEEP), 0, -1,
		command_compact},
	{"verify", "", "check every stored byte",
		"Hashes every raw frame and table file again and compares with the catalog, "
		"recounts rows, and\n"
		"names whatever is damaged. Nothing is changed.",
		"pugmark verify\npugmark verify --seconds 60      # a slice of it, for a nightly "
		"job\n",
		OPTS(OPT_SECONDS), 0, 0, command_verify},
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

const char *option_name(enum opt option)
{
	return option_rows[option].name;
}

const char *nearest(const char *word, const char *const *known)
{
	const char *best = NULL;
	unsigned least = (unsigned)strlen(word) / 2 + 1;
	if (least > 3)
		least = 3;
	for (; *known; known++) {
		unsigned d = text_distance(slice_of(word), slice_of(*known), least);
		if (d < least) {
			least = d;
			best = *known;
		}
	}
	return best;
}

static const struct command *find_command(const char *name)
{
	for (const struct command *c = commands; c->name; c++)
		if (strcmp(c->name, name) == 0)
			return c;
	return NULL;
}

static int unknown_command(const char *name)
{
	const char *known[sizeof(commands) / sizeof(*commands)] = {0};
	for (int i = 0; commands[i].name; i++)
		known[i] = commands[i].name;
	const char *close = nearest(name, known);
	struct buf text;
	buf_init(&text, 1 << 16);
	text_escape(&text, slice_of(name));
	fprintf(stderr, "pugmark: there is no command \"%.*s\"%s%s%s: pugmark help lists them\n",
		SLICE_ARG(buf_view(&text)), close ? ", did you mean \"" : "", close ? close : "",
		close ? "\"?" : "");
	buf_fini(&text);
	return -1;
}

static bool takes(const struct command *command, enum opt option)
{
	for (const enum opt *o = global_options; *o != OPTIONS; o++)
		if (*o == option)
			return true;
	if (option == OPT_VERSION)
		return command == NULL;
	for (const enum opt *o = command ? command->options : NULL; o && *o != OPTIONS; o++)
		if (*o == option)
			return true;
	return false;
}

static int parse_numbers(struct command_line *line)
{
	line->memory = BUDGET_DEFAULT;
	if (line->values[OPT_MEMORY] &&
		text_parse_size(line->values[OPT_MEMORY], &line->memory) < 0) {
		usage_error(
			line, "--memory %s is no size: write 512M or 2G", line->values[OPT_MEMORY]);
		return -1;
	}
	if (line->memory < BUDGET_LEAST) {
		usage_error(line, "--memory must be at least 64M");
		return -1;
	}
	int64_t n;
	if (line->values[OPT_THREADS]) {
		if (text_parse_int(slice_of(line->values[OPT_THREADS]), &n) < 0 || n < 1 ||
			n > 256) {
			usage_error(line, "--threads %s: write a number from 1 to 256",
				line->values[OPT_THREADS]);
			return -1;
		}
		line->threads = (unsigned)n;
	}
	return 0;
}

static int check_args(const struct command_line *line)
{
	const struct command *c = line->command;
	if (line->nargs < c->least_args)
		usage_error(line, "%s is missing", c->args);
	else if (c->most_args >= 0 && line->nargs > c->most_args)
		usage_error(line, "\"%s\" is too much", line->args[c->most_args]);
	else
		return 0;
	return -1;
}

static int set_option(struct command_line *line, enum opt option, const char *value)
{
	if (!takes(line->command, option)) {
		usage_error(line, "%s has no option --%s",
			line->command ? line->command->name : "pugmark", option_rows[option].name);
		return -1;
	}
	static char *joined; /* lives as long as the program */
	const char *before = line->values[option];
	if (option == OPT_FACET && before) { /* each time adds to the list */
		size_t n = strlen(before) + strlen(value) + 2;
		char *list = xmalloc(n);
		snprintf(list, n, "%s,%s", before, value);
		free(joined);
		value = joined = list;
	}
	line->values[option] = value ? value : "";
	return 0;
}

/* The options as getopt gives them, before it is known whose they are. */
struct given {
	enum opt opts[64];
	const char *values[64];
	int n;
};

static enum opt option_of(int c)
{
	switch (c) {
	case 'h':
		return OPT_HELP;
	case 'v':
		return OPT_VERBOSE;
	case 'V':
		return OPT_VERSION;
	case 'o':
		return OPT_OUTPUT;
	default:
		return (enum opt)(c - 256);
	}
}

static int collect_options(int argc, char **argv, struct given *given)
{
	struct option longs[OPTIONS + 1] = {0};
	for (int i = 0; i < OPTIONS; i++)
		longs[i] = (struct option){option_rows[i].name,
			option_rows[i].arg ? required_argument : no_argument, NULL, 256 + i};
	opterr = 0;
	int c;
	while ((c = getopt_long(argc, argv, ":hvVo:", longs, NULL)) != -1) {
		if (c == ':' || c == '?' || given->n == 64) {
			struct buf word;
			buf_init(&word, 1 << 16);
			text_escape(&word, slice_of(argv[optind - 1]));
			fprintf(stderr,
				c == ':' ? "pugmark: %.*s needs a value: pugmark help lists "
					   "options\n"
					 : "pugmark: there is no option %.*s: pugmark help lists "
					   "them\n",
				SLICE_ARG(buf_view(&word)));
			buf_fini(&word);
			return -1;
		}
		given->opts[given->n] = option_of(c);
		given->values[given->n++] = optarg;
	}
	return 0;
}

int line_parse(int argc, char **argv, struct command_line *line)
{
	struct given given = {.n = 0};
	*line = (struct command_line){0};
	if (collect_options(argc, argv, &given) < 0)
		return -1;
	line->args = argv + optind;
	line->nargs = argc - optind;
	if (line->nargs > 0) {
		line->command = find_command(line->args[0]);
		if (!line->command)
			return unknown_command(line->args[0]);
		line->args++;
		line->nargs--;
	}
	for (int i = 0; i < given.n; i++)
		if (set_option(line, given.opts[i], given.values[i]) < 0)
			return -1;
	if (parse_numbers(line) < 0)
		return -1;
	if (line->command && !line->values[OPT_HELP])
		return check_args(line);
	return 0;
}

static const char *help_of(const struct option_row *row)
{
	const struct ship_option *of_ship = ship_option_rows;
	if (row->help)
		return row->help;
	while (strcmp(of_ship->name, row->name) != 0)
		of_ship++;
	return of_ship->help;
}

static int left_side(const struct option_row *row, char left[64])
{
	return snprintf(
		left, 64, "--%s%s%s", row->name, row->arg ? " " : "", row->arg ? row->arg : "");
}

static void print_options(const enum opt *options, FILE *out)
{
	char left[64];
	int width = 19;
	for (const enum opt *o = options; o && *o != OPTIONS; o++)
		if (left_side(&option_rows[*o], left) > width)
			width = left_side(&option_rows[*o], left);
	for (; options && *options != OPTIONS; options++) {
		const struct option_row *row = &option_rows[*options];
		left_side(row, left);
		fprintf(out, "  %-*s %s\n", width, left, help_of(row));
	}
}

static void print_command(const struct command *c, FILE *out)
{
	fprintf(out, "pugmark %s %s%s\n\n%s\n\nExamples:\n", c->name,
		c->options ? "[options] " : "", c->args, c->text);
	for (const char *p = c->examples; *p;) {
		const char *end = strchr(p, '\n');
		fprintf(out, "  %.*s\n", (int)(end - p), p);
		p = end + 1;
	}
	if (c->options) {
		fputs("\nOptions:\n", out);
		print_options(c->options, out);
	}
	fputs("\nGlobal options:\n", out);
	print_options(global_options, out);
}

void help_print(const struct command *command, FILE *out)
{
	if (command) {
		print_command(command, out);
		return;
	}
	fputs("pugmark keeps the footprints of an organisation's Atlassian products: audit logs of "
	      "Jira,\n"
	      "Confluence and Bitbucket, every raw byte kept, each event stored once and found "
	      "again.\n\n"
	      "Usage: pugmark COMMAND [options] [arguments]\n\nCommands:\n",
		out);
	for (const struct command *c = commands; c->name; c++)
		fprintf(out, "  %-9s %s\n", c->name, c->summary);
	fputs("\nGlobal options:\n", out);
	print_options(global_options, out);
	fputs("\nExit status: 0 done, 1 failed, 2 wrong usage, 3 done but something was rejected.\n"
	      "pugmark help COMMAND says more.\n",
		out);
}

/* Escapes all but the line ends that an engine's message has of its own. */
static void escape_lines(struct buf *out, const char *text)
{
	for (const char *end; (end = strchr(text, '\n')); text = end + 1) {
		text_escape(out, (struct slice){text, (size_t)(end - text)});
		buf_push(out, '\n');
	}
	text_escape(out, slice_of(text));
}

int fail(const struct err *err)
{
	if (err->code == EPIPE) /* the reader of our output has what it wanted */
		return EXIT_FAILED;
	struct buf text;
	progress_clear();
	buf_init(&text, 1 << 16);
	escape_lines(&text, err->text);
	fprintf(stderr, "pugmark: %.*s\n", SLICE_ARG(buf_view(&text)));
	buf_fini(&text);
	if (err->kind == ERR_INTERRUPTED)
		return EXIT_STOPPED;
	return err_exit_status(err);
}

int usage_error(const struct command_line *line, const char *fmt, ...)
{
	char words[1000];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(words, sizeof(words), fmt, ap);
	va_end(ap);
	struct buf text;
	buf_init(&text, 1 << 16);
	text_escape(&text, slice_of(words));
	const char *name = line->command ? line->command->name : "";
	fprintf(stderr, "pugmark: %s%s%.*s: pugmark help %s\n", name, *name ? ": " : "",
		SLICE_ARG(buf_view(&text)), name);
	buf_fini(&text);
	return EXIT_USAGE;
}
