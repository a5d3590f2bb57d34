/* SPDX-License-Identifier: Apache-2.0 */
/* matcher.c: an expression is prepared: its depth is checked, and each test is compiled as far as
 * that goes without knowing the columns. */
#include "match/private.h"

#include <stdlib.h>

void *arena_grow(struct arena *mem, void *items, uint32_t n, size_t size)
{
	if (n > 0 && (n < 4 || (n & (n - 1)) != 0))
		return items;
	void *more = arena_alloc(mem, (n < 4 ? 4 : 2 * (size_t)n) * size);
	if (n > 0)
		memcpy(more, items, n * size);
	return more;
}

/* ---- patterns -------------------------------------------------------------------------------- */

bool pattern_exact(const struct pattern *pattern, struct buf *out)
{
	buf_clear(out);
	for (uint32_t i = 0; i < pattern->npieces; i++) {
		if (pattern->pieces[i].kind != PIECE_TEXT)
			return false;
		buf_slice(out, pattern->pieces[i].text);
	}
	return true;
}

/* `*` alone. */
static bool fits_any(const struct pattern *pattern)
{
	for (uint32_t i = 0; i < pattern->npieces; i++) {
		if (pattern->pieces[i].kind != PIECE_MANY)
			return false;
	}
	return pattern->npieces > 0;
}

static void prepare_patterns(struct prepared *prepared)
{
	const struct test *test = prepared->test;
	for (uint32_t i = 0; i < test->npatterns; i++)
		prepared->any |= fits_any(&test->patterns[i]);
	if (!prepared->any && test->npatterns > 0)
		prepared->text = text_test_patterns(test->patterns, test->npatterns, test->fold);
}

/* ---- tests ----------------------------------------------------------------------------------- */

static void prepare_range(struct prepared *prepared)
{
	const struct test *test = prepared->test;
	prepared->any = !test->low.given && !test->high.given;
	prepared->low_number =
		test->low.given && decimal_parse(test->low.text, &prepared->low) == 0;
	prepared->high_number =
		test->high.given && decimal_parse(test->high.text, &prepared->high) == 0;
}

static int prepare_test(struct matcher *matcher, const struct expr *expr, struct err *err)
{
	struct prepared *prepared = &matcher->tests[matcher->ntests++];
	const struct test *test = &expr->test;
	*prepared = (struct prepared){.test = test};
	switch (test->op) {
	case TEST_PATTERNS:
		prepare_patterns(prepared);
		return 0;
	case TEST_REGEX:
		return text_test_regex(test->regex, test->regex_flags, &prepared->text, err);
	case TEST_RANGE:
		prepare_range(prepared);
		return 0;
	case TEST_CIDR:
		for (uint32_t i = 0; i < test->nnetworks; i++) {
			struct span span = network_span(&test->networks[i]);
			spans_add(&matcher->mem, &prepared->nets, span.low, span.high);
		}
		spans_finish(&prepared->nets);
		return 0;
	case TEST_EXISTS:
	case TEST_FIELD:
	case TEST_TIME_PART:
		return 0;
	}
	return err_set(err, ERR_USAGE, "no such test");
}

static int prepare(
	struct matcher *matcher, const struct expr *expr, const struct expr **at, struct err *err)
{
	if (expr->kind == EXPR_TEST) {
		*at = expr;
		return prepare_test(matcher, expr, err);
	}
	for (uint32_t i = 0; i < expr->nchildren; i++) {
		if (prepare(matcher, expr->children[i], at, err) != 0)
			return -1;
	}
	return 0;
}

/* Counts the tests, and looks after the depth before anything else walks the tree. */
static int survey(const struct expr *expr, unsigned depth, uint32_t *ntests, const struct expr **at,
	struct err *err)
{
	*at = expr;
	if (depth > LIMIT_EXPR_DEPTH)
		return err_set(err, ERR_USAGE, "nested more than %d deep", LIMIT_EXPR_DEPTH);
	if ((expr->kind == EXPR_NOT || expr->kind == EXPR_SAME) && expr->nchildren != 1)
		return err_set(err, ERR_USAGE, "this takes one part, not %u", expr->nchildren);
	if (expr->kind == EXPR_TEST) {
		++*ntests;
		return 0;
	}
	for (uint32_t i = 0; i < expr->nchildren; i++) {
		if (survey(expr->children[i], depth + 1, ntests, at, err) != 0)
			return -1;
	}
	return 0;
}

int matcher_new(const struct expr *expr, int64_t now, struct matcher **matcher,
	const struct expr **at, struct err *err)
{
	const struct expr *wrong = expr;
	uint32_t ntests = 0;
	*matcher = NULL;
	if (at)
		*at = expr;
	if (survey(expr, 1, &ntests, &wrong, err) != 0) {
		if (at)
			*at = wrong;
		return -1;
	}
	struct matcher *m = xcalloc(1, sizeof(*m));
	m->expr = expr;
	m->now = now;
	m->tests = arena_zalloc(&m->mem, ntests, sizeof(*m->tests));
	if (prepare(m, expr, &wrong, err) != 0) {
		if (at)
			*at = wrong;
		matcher_free(m);
		return -1;
	}
	*matcher = m;
	return 0;
}

void matcher_free(struct matcher *matcher)
{
	if (!matcher)
		return;
	for (uint32_t i = 0; i < matcher->ntests; i++)
		text_test_free(matcher->tests[i].text);
	arena_fini(&matcher->mem);
	free(matcher);
}
