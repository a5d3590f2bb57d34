/* SPDX-License-Identifier: Apache-2.0 */
/* status.c (cli/): pugmark status, and pugmark alone. */
#include <inttypes.h>
#include <unistd.h>

#include "answer/answer.h"
#include "cli/alerts.h"
#include "cli/sources.h"

static void print_range(int64_t from, int64_t to)
{
	char a[CLOCK_TEXT], b[CLOCK_TEXT];
	if (from <= to)
		printf("  %.19sZ … %.19sZ", clock_text(from, a), clock_text(to, b));
}

static int print_table(void *ctx, const struct table_info *t, struct err *err)
{
	(void)err;
	unsigned *n = ctx;
	char rows[32], bytes[32], raw[32];
	printf("  %-24s %14s events  %9s in %" PRIu64 " files (raw %s)", t->table,
		text_count(t->rows, rows), text_bytes(t->bytes, bytes), t->segments,
		text_bytes(t->raw_bytes, raw));
	print_range(t->min_time, t->max_time);
	putchar('\n');
	(*n)++;
	return 0;
}

static int print_source(void *ctx, const struct source_info *s, struct err *err)
{
	(void)err;
	unsigned *n = ctx;
	char rows[32], dups[32], rej[32], vault[32], when[CLOCK_TEXT];
	printf("  %-24s %14s events  %9s in the vault  %s duplicates  %s rejected", s->source,
		text_count(s->rows, rows), text_bytes(s->vault_bytes, vault),
		text_count(s->duplicates, dups), text_count(s->rejects, rej));
	if (s->last_received)
		printf("  last received %.19sZ", clock_text(s->last_received, when));
	if (s->oldest_raw)
		printf("  oldest raw event %.19sZ", clock_text(s->oldest_raw, when));
	putchar('\n');
	(*n)++;
	return 0;
}

/* What is connected, beside what came from wherever. */
static int print_connected(struct store *store, struct err *err)
{
	unsigned n = 0;
	fputs("\nconnected:\n", stdout);
	if (sources_print(store, &n, err) < 0)
		return -1;
	if (n == 0)
		puts("  nothing yet: pugmark connect jira (or confluence, bitbucket …)");
	return 0;
}

static int print_alerts(struct store *store, struct err *err)
{
	struct buf text;
	buf_init(&text, 1 << 16);
	int rc = alerts_summary(store, &text, err);
	if (rc == 0)
		printf("\nalerts: %.*s\n", SLICE_ARG(buf_view(&text)));
	buf_fini(&text);
	return rc;
}

static int print_json(struct store *store, struct err *err)
{
	struct buf out;
	buf_init(&out, ANSWER_MOST);
	int rc = answer_status(store, &out, err);
	if (rc == 0)
		printf("%.*s\n", SLICE_ARG(buf_view(&out)));
	buf_fini(&out);
	return rc;
}

static int print_status(struct store *store, struct err *err)
{
	unsigned tables = 0, sources = 0;
	uint64_t free_bytes, total;
	char text[32];
	printf("data folder %s\n\ntables:\n", store_dir(store));
	if (store_tables(store, print_table, &tables, err) < 0)
		return -1;
	fputs(tables ? "\nsources:\n" : "  none yet\n\nsources:\n", stdout);
	if (store_sources(store, print_source, &sources, err) < 0)
		return -1;
	if (sources == 0)
		puts("  none yet");
	if (print_connected(store, err) < 0 || print_alerts(store, err) < 0 ||
		io_space(store_dir(store), &free_bytes, &total, err) < 0)
		return -1;
	printf("\n%s free on this disk\n", text_bytes(free_bytes, text));
	return 0;
}

int command_status(const struct command_line *line)
{
	struct store *store;
	struct err err = {0};
	if (open_data(line, STORE_READ, &store, &err) < 0)
		return fail(&err);
	int status = (line->values[OPT_JSON] ? print_json : print_status)(store, &err);
	store_close(store);
	return status < 0 ? fail(&err) : EXIT_DONE;
}

int command_home(const struct command_line *line)
{
	struct store *store;
	struct err err = {0};
	if (line->nargs || store_open(data_folder(line), STORE_READ, &store, &err) < 0) {
		if (err.kind != ERR_NOT_FOUND && err.kind != ERR_NONE)
			return fail(&err);
		printf("pugmark keeps audit logs of Jira, Confluence, Bitbucket and of an "
		       "Atlassian organisation. The data folder %s is empty.\n\n"
		       "  pugmark connect jira        connect a source: jira, confluence, "
		       "bitbucket, …\n"
		       "  pugmark import FILE         take events from a file\n"
		       "  pugmark schema show         what the tables look like\n"
		       "  pugmark help                all commands\n",
			data_folder(line));
		return EXIT_DONE;
	}
	int status = print_status(store, &err);
	store_close(store);
	if (status < 0)
		return fail(&err);
	fputs("\n  pugmark search '*'                      the newest events\n"
	      "  pugmark search 'actor:NAME' --facet ip  what somebody did, and from where\n"
	      "  pugmark import FILE                     take more events\n"
	      "  pugmark help                            all commands\n",
		stdout);
	return EXIT_DONE;
}
