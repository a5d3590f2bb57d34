/* SPDX-License-Identifier: Apache-2.0 */
/* explain.c (answer/): what a rule asks for, and what of it was ever seen. */
#include "answer/explain.h"

#include <inttypes.h>

enum { TESTS_MOST = 1000 };

const char *const explain_levels[EXPLAIN_LEVELS] = {"BASE", "ADVANCED", "FULL"};

struct explaining {
	struct store *store;
	const struct explain_request *request;
	const struct rule *rule;
	struct arena *mem;
	struct rule_explained *out;
	struct err *err;
};

static int take_time(void *ctx, const struct search_row *row, struct err *err)
{
	struct explain_seen *seen = ctx;
	(void)err;
	seen->last = row->cursor.no_time ? INT64_MIN : row->cursor.time;
	return 0;
}

/* What an expression matches in one table. */
static int count_matches(struct explaining *e, const struct expr *expr, const struct schema *schema,
	struct explain_seen *seen)
{
	const struct explain_request *q = e->request;
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
		.threads = q->threads,
		.memory = q->memory,
		.stop = q->stop};
	struct search *search;
	int64_t began = clock_mono_us();
	if (search_run(e->store, &request, &search, e->err) < 0)
		return -1;
	const struct search_result *result = search_result(search);
	seen->n = result->matched;
	seen->last = INT64_MIN;
	int rc = search_rows(search, 0, result->nrows, NULL, 0, take_time, seen, e->err);
	search_free(search);
	seen->took_us = clock_mono_us() - began;
	if (rc >= 0 && q->stop && *q->stop)
		return err_set(e->err, ERR_INTERRUPTED, "interrupted");
	return rc < 0 ? -1 : 0;
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

static bool table_has(const struct schema *schema, const struct test *test)
{
	struct match_field fields[MATCH_FIELDS];
	return query_resolve_rule(schema, &schema->shape, test->field, test->op, fields) > 0;
}

static int explain_test(struct explaining *e, const struct expr *expr, bool negated)
{
	const struct search_tables *tables = e->request->tables;
	if (e->out->ntests == TESTS_MOST)
		return 0;
	struct explain_test *test = &e->out->tests[e->out->ntests++];
	struct buf text;
	buf_init(&text, 1 << 16);
	show_test(&expr->test, &text);
	test->text = arena_strdup(e->mem, buf_view(&text));
	test->negated = negated;
	test->seen = arena_zalloc(e->mem, tables->n + 1, sizeof(*test->seen));
	buf_fini(&text);
	for (uint32_t t = 0; t < tables->n; t++) {
		const struct schema *schema = tables->schemas[t];
		if (!rule_watches(e->rule, schema->table, schema->product))
			continue;
		struct explain_seen *seen = &test->seen[test->nseen++];
		*seen = (struct explain_seen){.table = schema->table, .last = INT64_MIN};
		seen->has_field = table_has(schema, &expr->test);
		if (seen->has_field && count_matches(e, expr, schema, seen) < 0)
			return -1;
	}
	return 0;
}

static int explain_tests(/* NOLINT(misc-no-recursion): as deep as LIMIT_EXPR_DEPTH */
	struct explaining *e, const struct expr *expr, bool negated)
{
	if (expr->kind == EXPR_TEST)
		return explain_test(e, expr, negated);
	for (uint32_t i = 0; i < expr->nchildren; i++)
		if (explain_tests(e, expr->children[i], negated != (expr->kind == EXPR_NOT)) < 0)
			return -1;
	return 0;
}

/* ---- the rule -------------------------------------------------------------------------------- */

/* Which audit levels have been seen, where the rule says which one it takes. */
static int explain_coverage(struct explaining *e)
{
	const struct search_tables *tables = e->request->tables;
	if (!*e->rule->coverage)
		return 0;
	e->out->coverage = arena_zalloc(e->mem, tables->n + 1, sizeof(*e->out->coverage));
	for (uint32_t t = 0; t < tables->n; t++) {
		const struct schema *schema = tables->schemas[t];
		if (!rule_watches(e->rule, schema->table, schema->product) ||
			schema_resolve(schema, SLICE("audit_type_level")) < 0)
			continue;
		struct explain_coverage *coverage = &e->out->coverage[e->out->ncoverage++];
		coverage->table = schema->table;
		for (size_t l = 0; l < EXPLAIN_LEVELS; l++) {
			struct piece piece = {PIECE_TEXT, slice_of(explain_levels[l])};
			struct pattern pattern = {&piece, 1};
			struct expr expr = {.kind = EXPR_TEST,
				.test = {.op = TEST_PATTERNS,
					.field = SLICE("audit_type_level"),
					.fold = true,
					.patterns = &pattern,
					.npatterns = 1}};
			struct explain_seen seen;
			if (count_matches(e, &expr, schema, &seen) < 0)
				return -1;
			coverage->n[l] = seen.n;
		}
	}
	return 0;
}

static int explain_whole(struct explaining *e)
{
	const struct search_tables *tables = e->request->tables;
	uint64_t n = 0;
	e->out->whole = arena_zalloc(e->mem, tables->n + 1, sizeof(*e->out->whole));
	for (uint32_t t = 0; t < tables->n; t++) {
		const struct schema *schema = tables->schemas[t];
		if (!rule_watches(e->rule, schema->table, schema->product))
			continue;
		struct explain_seen *seen = &e->out->whole[e->out->nwhole++];
		*seen = (struct explain_seen){.table = schema->table, .has_field = true};
		if (count_matches(e, e->rule->expr, schema, seen) < 0)
			return -1;
		n += seen->n;
	}
	e->out->fires = n > 0;
	return 0;
}

int rule_explain(/* NOLINT(misc-no-recursion): no cycles, see rules_load */
	struct store *store, const struct explain_request *request, const struct rule *rule,
	struct arena *mem, struct rule_explained *out, struct err *err)
{
	struct explaining e = {store, request, rule, mem, out, err};
	*out = (struct rule_explained){.rule = rule, .fires = true};
	if (rule->expr) {
		out->tests = arena_zalloc(mem, TESTS_MOST, sizeof(*out->tests));
		return explain_coverage(&e) < 0 || explain_tests(&e, rule->expr, false) < 0 ||
				       explain_whole(&e) < 0
			       ? -1
			       : 0;
	}
	const struct correlation *c = rule->correlation;
	out->rules = arena_zalloc(mem, c->nrules + 1, sizeof(*out->rules));
	for (uint32_t m = 0; m < c->nrules; m++) {
		struct rule_explained *part = &out->rules[out->nrules++];
		if (rule_explain(store, request, request->rules->of[c->rules[m]], mem, part, err) <
			0)
			return -1;
		out->fires &= part->fires;
	}
	return 0;
}

/* ---- JSON ------------------------------------------------------------------------------------ */

static void put_seen(const struct explain_seen *list, uint32_t n, bool of_test, const char *name,
	struct buf *out)
{
	buf_printf(out, ",\"%s\":[", name);
	for (uint32_t i = 0; i < n; i++) {
		buf_puts(out, i ? ",{\"table\":" : "{\"table\":");
		text_json_string(out, slice_of(list[i].table));
		if (of_test)
			buf_printf(out, ",\"has_field\":%s", list[i].has_field ? "true" : "false");
		buf_printf(out, ",\"events\":%" PRIu64, list[i].n);
		answer_time(out, "last_seen", list[i].last, list[i].last != INT64_MIN);
		buf_push(out, '}');
	}
	buf_push(out, ']');
}

/* Why it has not fired, a sentence each. */
static void put_why(/* NOLINT(misc-no-recursion): no cycles, see rules_load */
	const struct rule_explained *x, const char **between, struct buf *out)
{
	struct buf text;
	for (uint32_t i = 0; i < x->nrules; i++)
		put_why(&x->rules[i], between, out);
	if (x->fires || x->nrules)
		return;
	bool some = false;
	buf_init(&text, 1 << 20);
	for (uint32_t i = 0; i < x->ntests; i++) {
		const struct explain_test *test = &x->tests[i];
		bool has = false, seen = false;
		for (uint32_t t = 0; t < test->nseen; t++) {
			has |= test->seen[t].has_field;
			seen |= test->seen[t].n > 0;
		}
		if (test->negated || seen)
			continue;
		buf_clear(&text);
		buf_printf(&text,
			has ? "never seen: %s" : "no table that it looks at has the field: %s",
			test->text);
		buf_puts(out, *between);
		text_json_string(out, buf_view(&text));
		*between = ",";
		some = true;
	}
	if (!some) {
		buf_puts(out, *between);
		text_json_string(out, x->nwhole ? SLICE("what it asks for was seen, but never "
							"together in one event")
						: SLICE("there is no table that it looks at"));
		*between = ",";
	}
	buf_fini(&text);
}

static void put_coverage(const struct rule_explained *x, struct buf *out)
{
	text_json_member(out, "coverage", x->rule->coverage);
	buf_puts(out, ",\"levels\":[");
	for (uint32_t i = 0; i < x->ncoverage; i++) {
		buf_puts(out, i ? ",{\"table\":" : "{\"table\":");
		text_json_string(out, slice_of(x->coverage[i].table));
		for (size_t l = 0; l < EXPLAIN_LEVELS; l++)
			buf_printf(out, ",\"%s\":%" PRIu64, explain_levels[l], x->coverage[i].n[l]);
		buf_push(out, '}');
	}
	buf_push(out, ']');
}

void answer_explained(/* NOLINT(misc-no-recursion): no cycles, see rules_load */
	const struct rule_explained *x, struct buf *out)
{
	const char *between = "";
	buf_puts(out, "{\"rule\":");
	text_json_string(out, slice_of(rule_word(x->rule)));
	text_json_member(out, "title", x->rule->title);
	buf_printf(out, ",\"can_fire\":%s,\"why\":[",
		x->fires && !x->rule->disabled ? "true" : "false");
	if (x->rule->disabled) {
		text_json_string(out, slice_of(rule_remark(x->rule)));
		between = ",";
	}
	put_why(x, &between, out);
	buf_push(out, ']');
	if (*x->rule->coverage)
		put_coverage(x, out);
	if (x->rule->expr) {
		buf_puts(out, ",\"tests\":[");
		for (uint32_t i = 0; i < x->ntests; i++) {
			buf_puts(out, i ? ",{\"test\":" : "{\"test\":");
			text_json_string(out, slice_of(x->tests[i].text));
			buf_printf(out, ",\"negated\":%s", x->tests[i].negated ? "true" : "false");
			put_seen(x->tests[i].seen, x->tests[i].nseen, true, "seen", out);
			buf_push(out, '}');
		}
		buf_push(out, ']');
		put_seen(x->whole, x->nwhole, false, "matches", out);
	} else {
		const struct correlation *c = x->rule->correlation;
		text_json_member(out, "correlation", correlation_name(c->type));
		buf_printf(out, ",\"timespan_s\":%.0f,\"rules\":[", (double)c->timespan / 1e6);
		for (uint32_t i = 0; i < x->nrules; i++) {
			buf_puts(out, i ? "," : "");
			answer_explained(&x->rules[i], out);
		}
		buf_push(out, ']');
	}
	buf_push(out, '}');
}
