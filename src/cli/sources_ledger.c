/* SPDX-License-Identifier: Apache-2.0 */
/* sources_ledger.c: the completeness ledger as people and machines read it: windows with their counts and the
 * sums that prove them; gaps, and reading them once more. */
#include <inttypes.h>

#include "answer/answer.h"
#include "cli/cluster.h"
#include "cli/sources.h"

enum { WINDOWS_SHOWN = 20 };

static const char *wanted_source(const struct command_line *line)
{
	return line->nargs > 1 ? line->args[1] : NULL;
}

static void put_escaped(const char *value)
{
	struct buf text;
	buf_init(&text, 1 << 16);
	text_escape(&text, slice_of(value));
	printf("%.*s", SLICE_ARG(buf_view(&text)));
	buf_fini(&text);
}

/* ---- windows --------------------------------------------------------------------------------- */

struct showing {
	unsigned n;
};

/* Of a long name the end, where objects of one folder differ. */
static void put_name(const char *name)
{
	enum { WIDTH = 60 };
	size_t n = strlen(name), skip = n > WIDTH ? n - WIDTH : 0;
	while (skip && ((unsigned char)name[skip] & 0xc0) == 0x80)
		skip++;
	printf(" %s", skip ? "…" : "");
	put_escaped(name + skip);
}

static void window_text(const struct ledger_window *w)
{
	char begun[CLOCK_TEXT], from[CLOCK_TEXT], to[CLOCK_TEXT], n[32];
	const struct ledger_counts *c = &w->counts;
	printf("  %.19s  %-16s %-8s %-8s", clock_text(w->begun_at, begun), w->source,
		ledger_kind_name(w->kind), ledger_state_name(w->state));
	if (w->kind == LEDGER_FILE)
		put_name(*w->name ? w->name : "all that is new");
	else
		printf(" %.19s to %.19s", w->from > 0 ? clock_text(w->from, from) : "the beginning",
			clock_text(w->to, to));
	printf(": %s records", text_count(c->records, n));
	printf(", %s new", text_count(c->stored, n));
	if (c->late)
		printf(", %s late", text_count(c->late, n));
	if (c->errors)
		printf(", %s errors", text_count(c->errors, n));
	if (w->windows > 1)
		printf(" (%s windows)", text_count(w->windows, n));
	putchar('\n');
	if (*w->why) {
		printf("      ");
		put_escaped(w->why);
		putchar('\n');
	}
}

static int show_window(void *ctx, const struct ledger_window *w, struct err *err)
{
	struct showing *showing = ctx;
	(void)err;
	window_text(w);
	showing->n++;
	return 0;
}

static void print_sums(const struct ledger_counts *c)
{
	char a[32], b[32], d[32], e[32], f[32];
	printf("\n  received %s records = %s stored + %s known already + %s older than kept + %s "
	       "not "
	       "readable",
		text_count(c->records, a), text_count(c->stored, b), text_count(c->duplicates, d),
		text_count(c->expired, e), text_count(c->rejects, f));
	uint64_t known = c->stored + c->duplicates + c->expired + c->rejects;
	if (c->records > known)
		printf(" + %s not readable that were known already",
			text_count(c->records - known, a));
	printf("\n  in %s requests, %s of which failed; ", text_count(c->requests, a),
		text_count(c->errors, b));
	printf("%s came late", text_count(c->late, a));
	if (c->late)
		printf(", by %s at most", span_text(c->max_late, b));
	putchar('\n');
}

static int print_ledger(
	struct store *store, const char *source, int64_t since, uint32_t limit, struct err *err)
{
	struct buf out;
	buf_init(&out, ANSWER_MOST);
	int rc = answer_ledger(store, source, since, limit, &out, err);
	if (rc == 0)
		printf("%.*s\n", SLICE_ARG(buf_view(&out)));
	buf_fini(&out);
	return rc;
}

int sources_ledger(const struct command_line *line, struct store *store, struct err *err)
{
	struct showing showing = {0};
	struct ledger_counts sums;
	bool json = line->values[OPT_JSON];
	int64_t since = INT64_MIN, limit = json ? 0 : WINDOWS_SHOWN;
	const char *source = wanted_source(line);
	if (line->values[OPT_SINCE] && parse_when(line->values[OPT_SINCE], &since) < 0)
		return err_set(err, ERR_USAGE, "--since %s is no time: write 2026-01-31 or -7d",
			line->values[OPT_SINCE]);
	if (line->values[OPT_SINCE])
		limit = 0;
	if (parse_count(line, OPT_LIMIT, &limit) < 0)
		return err_set(err, ERR_USAGE, "--limit is no number");
	if (json)
		return print_ledger(store, source, since, (uint32_t)limit, err);
	if (ledger_sums(store, source, &sums, err) < 0)
		return -1;
	puts("windows, the newest first:");
	if (ledger_windows(store, source, since, (uint32_t)limit, show_window, &showing, err) < 0)
		return -1;
	print_sums(&sums);
	return 0;
}

/* ---- gaps ------------------------------------------------------------------------------------ */

static void gap_text(const struct ledger_gap *gap)
{
	char from[CLOCK_TEXT], to[CLOCK_TEXT];
	printf("  %s: ", gap->source);
	if (gap->node) {
		printf("node ");
		put_escaped(gap->node);
		printf(": %08u.%05u", gap->day, gap->first);
		if (gap->last != gap->first)
			printf(" to %08u.%05u", gap->day, gap->last);
		printf(" never came%s",
			gap->at_start ? " (perhaps older than the connection)" : "");
	} else if (gap->object) {
		printf("object ");
		put_escaped(gap->object);
	} else {
		printf("%.23sZ to %.23sZ was not read", clock_text(gap->from, from),
			clock_text(gap->to, to));
	}
	if (gap->why && *gap->why) {
		printf(": ");
		put_escaped(gap->why);
	}
	putchar('\n');
}

static int show_gap(void *ctx, const struct ledger_gap *gap, struct err *err)
{
	struct showing *showing = ctx;
	(void)err;
	gap_text(gap);
	showing->n++;
	return 0;
}

struct to_refetch {
	struct arena mem;
	const char *names[256];
	unsigned n;
};

static int note_source(void *ctx, const struct ledger_gap *gap, struct err *err)
{
	struct to_refetch *list = ctx;
	(void)err;
	if (list->n && strcmp(list->names[list->n - 1], gap->source) == 0)
		return 0;
	for (unsigned i = 0; i < list->n; i++) {
		if (strcmp(list->names[i], gap->source) == 0)
			return 0;
	}
	if (list->n < 256)
		list->names[list->n++] = arena_strdup(&list->mem, slice_of(gap->source));
	return 0;
}

/* 1, 0 where it is not connected any more, -1. */
static int is_connected(struct store *store, const char *name, struct err *err)
{
	struct arena mem = {0};
	struct connection connection;
	int rc = store_connection_get(store, name, &mem, &connection, err);
	arena_fini(&mem);
	return rc;
}

static int refetch(const struct command_line *line, struct store *store, struct err *err)
{
	struct to_refetch list = {0};
	int64_t began = clock_now_us();
	struct collect_options options = {.key_file = key_file(line),
		.once = true,
		.refetch = true,
		.since = INT64_MIN,
		.memory = line->memory,
		.threads = line->threads,
		.stop = &stop_requested};
	int rc = ledger_gaps(store, wanted_source(line), note_source, &list, err);
	for (unsigned i = 0; i < list.n && rc >= 0; i++) {
		struct collect_result result = {0};
		char text[32];
		/* Gaps of a source that is gone stay, and hold up no other. */
		if (!wanted_source(line) && (rc = is_connected(store, list.names[i], err)) < 1)
			continue;
		rc = collect_source(store, list.names[i], &options, &result, err);
		if (rc == 0 && !line->values[OPT_JSON])
			printf("%s: %s events were fetched after all\n", list.names[i],
				text_count(result.counts.stored, text));
	}
	arena_fini(&list.mem);
	if (rc >= 0)
		cluster_send(line, store, began);
	return rc < 0 ? -1 : 0;
}

static int print_gaps(struct store *store, const char *source, struct err *err)
{
	struct buf out;
	unsigned n = 0;
	buf_init(&out, ANSWER_MOST);
	int rc = answer_gaps(store, source, &n, &out, err);
	if (rc == 0)
		printf("%.*s\n", SLICE_ARG(buf_view(&out)));
	buf_fini(&out);
	return rc < 0 ? -1 : n > 0;
}

int sources_gaps(const struct command_line *line, struct store *store, struct err *err)
{
	struct showing showing = {0};
	if (line->values[OPT_REFETCH] && refetch(line, store, err) < 0)
		return -1;
	if (line->values[OPT_JSON])
		return print_gaps(store, wanted_source(line), err);
	if (ledger_gaps(store, wanted_source(line), show_gap, &showing, err) < 0)
		return -1;
	if (showing.n == 0)
		puts("no gaps: all that was asked for is there");
	return showing.n > 0;
}
