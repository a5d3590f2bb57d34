/* SPDX-License-Identifier: Apache-2.0 */
/* search_words.c (cli/): what is said on stderr: how much was found and read, what was left out and why,
 * and where nothing matched, what to try. */
#include <inttypes.h>

#include "cli/search.h"

int result_status(const struct search_result *result)
{
	if (stop_requested)
		return EXIT_STOPPED;
	return result->nproblems || result->partial ? EXIT_REJECTED : EXIT_DONE;
}

/* ---- nothing matched ------------------------------------------------------------------------- */

struct there {
	const struct search_tables *tables;
	uint64_t rows;
	int64_t min, max;
};

static int add_table(void *ctx, const struct table_info *info, struct err *err)
{
	struct there *there = ctx;
	(void)err;
	bool searched = false;
	for (uint32_t i = 0; i < there->tables->n; i++)
		searched |= strcmp(there->tables->schemas[i]->table, info->table) == 0;
	if (!searched)
		return 0;
	there->rows += info->rows;
	if (info->min_time <= info->max_time) {
		there->min = info->min_time < there->min ? info->min_time : there->min;
		there->max = info->max_time > there->max ? info->max_time : there->max;
	}
	return 0;
}

/* `action:User logged in` looks for the whole value "User" and for two words. */
static bool wants_quotes(const struct expr *expr)
{
	for (uint32_t i = 0; expr->kind == EXPR_AND && i + 1 < expr->nchildren; i++) {
		const struct expr *a = expr->children[i], *b = expr->children[i + 1];
		if (a->kind == EXPR_TEST && a->test.op == TEST_PATTERNS && a->test.field.len &&
			b->kind == EXPR_TEST && b->test.op == TEST_PATTERNS && !b->test.field.len)
			return true;
	}
	return false;
}

/* What the words themselves suggest. */
static const char *hint(struct slice query, const struct expr *expr)
{
	static const struct {
		const char *in, *say;
	} hints[] = {
		{" or ", "`or` is an ordinary word: write OR"},
		{" and ", "`and` is an ordinary word: write AND, or nothing"},
		{" not ", "`not` is an ordinary word: write NOT"},
		{":'", "'…' is exact to the letter: \"…\" takes letters of any case"},
		{":", "field:value means the whole value: field:*value* finds it anywhere in it"},
	};
	for (size_t i = 0; i < sizeof(hints) / sizeof(*hints); i++)
		if (memmem(query.ptr, query.len, hints[i].in, strlen(hints[i].in)))
			return i >= 3 && wants_quotes(expr)
				       ? "a value with blanks is put in quotes: field:\"two words\""
				       : hints[i].say;
	return NULL;
}

static void say_nothing_matched(struct searching *s)
{
	struct there there = {.tables = &s->tables, .min = INT64_MAX, .max = INT64_MIN};
	char n[32], a[CLOCK_TEXT], b[CLOCK_TEXT];
	if (store_tables(s->store, add_table, &there, NULL) < 0)
		return;
	if (there.rows == 0) {
		fputs(s->line->values[OPT_TABLE]
				? "there are no events in this table: pugmark status shows what "
				  "there is\n"
				: "there are no events yet: pugmark import FILE takes some\n",
			stderr);
		return;
	}
	fprintf(stderr, "none of %s events matches", text_count(there.rows, n));
	if (there.min <= there.max)
		fprintf(stderr, "; they are from %.19sZ to %.19sZ", clock_text(there.min, a),
			clock_text(there.max, b));
	fputc('\n', stderr);
	if (s->request.since > there.max || s->request.until <= there.min)
		fputs("that is outside of --since and --until: try others\n", stderr);
	else if (hint(s->query, s->expr))
		fprintf(stderr, "%s\n", hint(s->query, s->expr));
}

/* ---- the summary ----------------------------------------------------------------------------- */

void problems_print(const struct search_result *result)
{
	struct buf text;
	buf_init(&text, 1 << 20);
	for (uint32_t i = 0; i < result->nproblems; i++) {
		const struct search_problem *problem = &result->problems[i];
		buf_clear(&text);
		if (strncmp(problem->what, problem->path, strlen(problem->path)) != 0) {
			text_escape(&text, slice_of(problem->path));
			buf_puts(&text, ": ");
		}
		text_escape(&text, slice_of(problem->what));
		fprintf(stderr, "not searched: %.*s\n", SLICE_ARG(buf_view(&text)));
	}
	if (result->nproblems)
		fputs("pugmark verify says what is damaged; pugmark rebuild makes tables again "
		      "from the "
		      "raw events\n",
			stderr);
	buf_fini(&text);
}

bool elsewhere_print(uint64_t n)
{
	char text[32];
	if (n)
		fprintf(stderr,
			"not shown: %s more event%s, which other collectors sent to the cluster: "
			"they have the raw bytes\n"
			"`pugmark show EVENT` names the collector; --format ndjson shows all "
			"events, parsed\n",
			text_count(n, text), n == 1 ? "" : "s");
	return n > 0;
}

static const char *which(const struct searching *s)
{
	if (s->request.sort)
		return "first";
	return s->request.order == SEARCH_NEWEST ? "newest" : "oldest";
}

void summary_print(struct searching *s, const struct search_result *result, uint64_t shown,
	const struct search_cursor *last)
{
	char a[32], b[32], c[32], d[32], cursor[CURSOR_TEXT];
	const struct search_explain *e = &result->explain;
	uint64_t matched = result->counted || result->matched > shown ? result->matched : shown;
	bool more = s->limit && result->more;
	if (more && !result->counted)
		fprintf(stderr, "%s %s events, there are more", which(s), text_count(shown, a));
	else
		fprintf(stderr, "%s event%s", text_count(matched, a), matched == 1 ? "" : "s");
	if (more && result->counted)
		fprintf(stderr, ", %s %s shown", which(s), text_count(shown, d));
	fprintf(stderr, ", %s ms", text_count((uint64_t)(clock_mono_us() - s->began) / 1000, b));
	if (e->segments) /* a cluster has none */
		fprintf(stderr, ", %s of %s segment%s read", text_count(e->segments_read, c),
			text_count(e->segments, d), e->segments == 1 ? "" : "s");
	fputc('\n', stderr);
	if (more && !s->request.sort)
		fprintf(stderr, "more: --after %s, or --limit 0 for all\n",
			cursor_text(last, cursor));
	else if (more)
		fputs("more: a larger --limit, or 0 for all\n", stderr);
	if (result->partial)
		fprintf(stderr, "not all was searched: %s; %s\n", result->why ? result->why : "",
			stop_requested ? "what was found so far is shown"
				       : "a narrower --since or a longer --timeout helps");
	if (result->gave_up)
		fprintf(stderr,
			"a regular expression took too long on %s values, which were passed over: "
			"make it simpler\n",
			text_count(result->gave_up, a));
	problems_print(result);
	if (matched == 0 && !result->partial && !result->nproblems)
		say_nothing_matched(s);
}

static void line_of(
	const char *name, uint64_t all, const char *const *names, const uint64_t *counts, int n)
{
	char text[32];
	fprintf(stderr, "  %-12s %14s", name, text_count(all, text));
	for (int i = 0; i < n; i++)
		fprintf(stderr, "%s%s %s", i ? ", " : ": ", text_count(counts[i], text), names[i]);
	fputc('\n', stderr);
}

void explain_print(const struct search_result *result)
{
	static const char *const of_segments[] = {"pruned by time", "by statistics", "read"};
	static const char *const of_groups[] = {
		"pruned by time", "by statistics", "by values", "read", "not needed"};
	const struct search_explain *e = &result->explain;
	const uint64_t segments[] = {e->segments_by_time, e->segments_by_stats, e->segments_read};
	const uint64_t groups[] = {e->groups_by_time, e->groups_by_stats, e->groups_by_values,
		e->groups_read, e->groups_left};
	char bytes[32];
	fputs("how it was found:\n", stderr);
	if (e->segments)
		line_of("segments", e->segments, of_segments, segments, 3);
	if (e->segments)
		line_of("row groups", e->groups, of_groups, groups, 5);
	line_of("rows tested", e->rows_tested, NULL, NULL, 0);
	line_of("columns read", e->columns_read, NULL, NULL, 0);
	fprintf(stderr, "  %-12s %14s\n", "bytes read", text_bytes(e->bytes_read, bytes));
	fprintf(stderr,
		"  time: list %.1f ms, plan %.1f ms, match %.1f ms, page %.1f ms; all %.1f ms\n",
		(double)e->list_us / 1000, (double)e->plan_us / 1000, (double)e->match_us / 1000,
		(double)e->page_us / 1000, (double)e->total_us / 1000);
}
