/* SPDX-License-Identifier: Apache-2.0 */
/* detect_explain.c: can a rule fire? What it asks for, test by test: whether the tables have the field, whether a value was ever
 * seen there, when last; and whether the audit level that is collected is enough. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/detecting.h"
#include "cli/search.h"
#include "query/search.h"

struct explaining {
	struct searching searching; /* tables */
	struct store *store;
	const struct rules *rules;
	bool fires; /* no test is without a match */
	struct err *err;
};

/* What an expression matches in one table. */
struct seen {
	uint64_t n;
	int64_t last; /* INT64_MIN = never */
};

static int take_time(void *ctx, const struct search_row *row, struct err *err)
{
	struct seen *seen = ctx;
	(void)err;
	seen->last = row->cursor.no_time ? INT64_MIN : row->cursor.time;
	return 0;
}

static int count_matches(struct explaining *e, const struct expr *expr, const struct schema *schema,
	struct seen *seen)
{
	const struct schema *schemas[] = {schema};
	struct search_tables tables = {1, schemas};
	struct search_request request = {.expr = expr,
		.tables = &tables,
		.now = clock_now_us(),
		.since = INT64_MIN,
		.until = INT64_MAX,
		.order = SEARCH_NEWEST,
		.limit = 1,
		.count = true,
		.rule_names = true,
		.threads = e->searching.line->threads,
		.memory = e->searching.line->memory,
		.stop = &stop_requested};
	struct search *search;
	if (search_run(e->store, &request, &search, e->err) < 0)
		return -1;
	const struct search_result *result = search_result(search);
	*seen = (struct seen){.n = result->matched, .last = INT64_MIN};
	int rc = search_rows(search, 0, result->nrows, NULL, 0, take_time, seen, e->err);
	search_free(search);
	return rc;
}

/* ---- tests as text --------------------------------------------------------------------------- */

static void show_pattern(struct buf *out, const struct pattern *pattern)
{
	buf_push(out, '"');
	for (uint32_t i = 0; i < pattern->npieces; i++) {
		const struct piece *piece = &pattern->pieces[i];
		if (piece->kind == PIECE_TEXT)
			text_escape(out, piece->text);
		else
			buf_push(out, piece->kind == PIECE_ONE ? '?' : '*');
	}
	buf_push(out, '"');
}

static void show_test(const struct test *test, struct buf *out)
{
	enum { SHOWN = 4 };
	text_escape(out, test->field.len ? test->field : SLICE("any text"));
	switch (test->op) {
	case TEST_EXISTS:
		buf_puts(out, " is there");
		return;
	case TEST_PATTERNS:
		buf_puts(out, test->fold ? " is " : " is exactly ");
		for (uint32_t i = 0; i < test->npatterns && i < SHOWN; i++) {
			buf_puts(out, i ? " or " : "");
			show_pattern(out, &test->patterns[i]);
		}
		if (test->npatterns > SHOWN)
			buf_printf(out, " or %u more", test->npatterns - SHOWN);
		return;
	case TEST_REGEX:
		buf_puts(out, " fits /");
		text_escape(out, test->regex);
		buf_push(out, '/');
		return;
	case TEST_RANGE:
		if (test->low.given)
			buf_printf(out, " %s %.*s", test->low.inclusive ? ">=" : ">",
				SLICE_ARG(test->low.text));
		if (test->high.given)
			buf_printf(out, " %s %.*s", test->high.inclusive ? "<=" : "<",
				SLICE_ARG(test->high.text));
		return;
	case TEST_CIDR:
		buf_printf(out, " lies in %u network%s", test->nnetworks,
			test->nnetworks == 1 ? "" : "s");
		return;
	case TEST_FIELD:
		buf_puts(out, " compared with ");
		text_escape(out, test->other);
		return;
	case TEST_TIME_PART:
		buf_puts(out, ": a part of the time");
		return;
	}
}

static void print_seen(const char *table, const struct seen *seen, bool has_field)
{
	char count[32], last[CLOCK_TEXT];
	if (!has_field)
		printf("      %-24s has no such field\n", table);
	else if (seen->n == 0)
		printf("      %-24s never seen\n", table);
	else
		printf("      %-24s %s events, the last %.19s\n", table, text_count(seen->n, count),
			seen->last == INT64_MIN ? "without time" : clock_text(seen->last, last));
}

static bool table_has(const struct schema *schema, const struct test *test)
{
	struct match_field fields[MATCH_FIELDS];
	return query_resolve_rule(schema, &schema->shape, test->field, test->op, fields) > 0;
}

static int explain_test(
	struct explaining *e, const struct rule *rule, const struct expr *expr, bool negated)
{
	struct buf text;
	buf_init(&text, 1 << 16);
	show_test(&expr->test, &text);
	printf("    %s%.*s\n", negated ? "not: " : "", SLICE_ARG(buf_view(&text)));
	buf_fini(&text);
	for (uint32_t t = 0; t < e->searching.tables.n; t++) {
		const struct schema *schema = e->searching.tables.schemas[t];
		struct seen seen = {.last = INT64_MIN};
		if (!rule_watches(rule, schema->table, schema->product))
			continue;
		bool has = table_has(schema, &expr->test);
		if (has && count_matches(e, expr, schema, &seen) < 0)
			return -1;
		print_seen(schema->table, &seen, has);
	}
	return 0;
}

static int explain_tests(/* NOLINT(misc-no-recursion): as deep as LIMIT_EXPR_DEPTH */
	struct explaining *e, const struct rule *rule, const struct expr *expr, bool negated)
{
	if (expr->kind == EXPR_TEST)
		return explain_test(e, rule, expr, negated);
	for (uint32_t i = 0; i < expr->nchildren; i++)
		if (explain_tests(e, rule, expr->children[i], negated != (expr->kind == EXPR_NOT)) <
			0)
			return -1;
	return 0;
}

/* ---- the rule -------------------------------------------------------------------------------- */

/* Which audit levels have been seen, where the rule says which one it takes. */
static int explain_coverage(struct explaining *e, const struct rule *rule)
{
	static const char *const levels[] = {"BASE", "ADVANCED", "FULL"};
	if (!*rule->coverage)
		return 0;
	printf("  audit level needed: %s\n", rule->coverage);
	for (uint32_t t = 0; t < e->searching.tables.n; t++) {
		const struct schema *schema = e->searching.tables.schemas[t];
		if (!rule_watches(rule, schema->table, schema->product) ||
			schema_resolve(schema, SLICE("audit_type_level")) < 0)
			continue;
		printf("      %-24s", schema->table);
		for (size_t l = 0; l < sizeof(levels) / sizeof(levels[0]); l++) {
			struct piece piece = {PIECE_TEXT, slice_of(levels[l])};
			struct pattern pattern = {&piece, 1};
			struct expr expr = {.kind = EXPR_TEST,
				.test = {.op = TEST_PATTERNS,
					.field = SLICE("audit_type_level"),
					.fold = true,
					.patterns = &pattern,
					.npatterns = 1}};
			struct seen seen;
			if (count_matches(e, &expr, schema, &seen) < 0)
				return -1;
			char count[32];
			printf("  %s: %s", levels[l], text_count(seen.n, count));
		}
		putchar('\n');
	}
	return 0;
}

static int explain_whole(struct explaining *e, const struct rule *rule)
{
	uint64_t n = 0;
	for (uint32_t t = 0; t < e->searching.tables.n; t++) {
		const struct schema *schema = e->searching.tables.schemas[t];
		struct seen seen;
		if (!rule_watches(rule, schema->table, schema->product))
			continue;
		int64_t began = clock_mono_us();
		if (count_matches(e, rule->expr, schema, &seen) < 0)
			return -1;
		char count[32], last[CLOCK_TEXT];
		printf("  matches in %s: %s events%s%.19s, found in %.1f ms\n", schema->table,
			text_count(seen.n, count), seen.n ? ", the last " : "",
			seen.n && seen.last != INT64_MIN ? clock_text(seen.last, last) : "",
			(double)(clock_mono_us() - began) / 1000);
		n += seen.n;
	}
	e->fires = e->fires && n > 0;
	return 0;
}

static void print_texts(const char *what, const struct texts *texts)
{
	for (uint32_t i = 0; i < texts->n; i++) {
		struct buf text;
		buf_init(&text, 1 << 16);
		text_escape(&text, slice_of(texts->of[i]));
		printf("  %s%.*s\n", i ? "    " : what, SLICE_ARG(buf_view(&text)));
		buf_fini(&text);
	}
}

static void print_head(const struct rule *rule)
{
	struct buf text;
	buf_init(&text, 1 << 20);
	text_escape(&text, slice_of(rule->title));
	printf("%.*s\n  %s, %s%s%s%s\n", SLICE_ARG(buf_view(&text)), level_name(rule->level),
		rule_kind(rule), *rule->id ? ", " : "", rule->id,
		*rule_remark(rule) ? " (off or limited, see below)" : "");
	if (*rule_remark(rule))
		printf("  %s\n", rule_remark(rule));
	printf("  from %s, line %u\n", *rule->file ? rule->file : "pugmark", rule->line);
	buf_clear(&text);
	text_escape(&text, slice_of(rule->description));
	if (text.len)
		printf("  %.*s\n", SLICE_ARG(buf_view(&text)));
	print_texts("false positives: ", &rule->false_positives);
	print_texts("tags: ", &rule->tags);
	buf_fini(&text);
}

static int explain(/* NOLINT(misc-no-recursion): no cycles, see rules_load */
	struct explaining *e, const struct rule *rule)
{
	print_head(rule);
	if (rule->expr) {
		if (explain_coverage(e, rule) < 0)
			return -1;
		puts("  it asks for:");
		return explain_tests(e, rule, rule->expr, false) < 0 || explain_whole(e, rule) < 0
			       ? -1
			       : 0;
	}
	const struct correlation *c = rule->correlation;
	printf("  %s over %.0f s", correlation_name(c->type), (double)c->timespan / 1e6);
	for (uint32_t g = 0; g < c->ngroup; g++)
		printf("%s%s", g ? ", " : ", per ", c->group_by[g]);
	puts(", of:");
	for (uint32_t m = 0; m < c->nrules; m++)
		if (explain(e, e->rules->of[c->rules[m]]) < 0)
			return -1;
	return 0;
}

int detect_explain(const struct command_line *line)
{
	struct err err = {0};
	struct rules *rules;
	if (line->nargs != 2)
		return usage_error(
			line, "explain takes one rule: its id, the beginning of it, or its name");
	if (detect_load(line, &rules, &err) < 0)
		return fail(&err);
	struct explaining e = {.rules = rules, .fires = true, .err = &err};
	e.searching.line = line;
	const struct rule *rule = rules_find(rules, line->args[1]);
	int rc = -1;
	if (!rule)
		err_set(&err, ERR_USAGE, "there is no rule %s: pugmark detect list shows them",
			line->args[1]);
	else if (store_open(data_folder(line), STORE_READ, &e.store, &err) == 0) {
		rc = search_tables_load(&e.searching, &err);
		if (rc == 0)
			rc = explain(&e, rule);
		store_close(e.store);
	}
	if (rc == 0)
		puts(e.fires ? "it can fire: all that it needs has been seen"
			     : "it has not fired: nothing that was collected so far matches");
	schema_set_fini(&e.searching.schemas);
	arena_fini(&e.searching.mem);
	rules_free(rules);
	return rc < 0 ? fail(&err) : EXIT_DONE;
}
