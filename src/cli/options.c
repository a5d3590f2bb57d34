/* SPDX-License-Identifier: Apache-2.0 */
/* options.c: the table of all options of all commands. Parsing, help and completion read it. */
#include "cli/line.h"

const struct option_row option_rows[OPTIONS] = {
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
		"the files are log/audit files of this server node: equal lines at different "
		"places are "
		"different events"},
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
};

const char *option_name(enum opt option)
{
	return option_rows[option].name;
}
