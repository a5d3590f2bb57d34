/* SPDX-License-Identifier: Apache-2.0 */
/* matcher.c: an expression is prepared: its depth is checked, and its tests are taken into a pool. */
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

/* Prepares the tests of an expression, in preorder. */
static int prepare(
	struct matcher *matcher, const struct expr *expr, const struct expr **at, struct err *err)
{
	if (expr->kind == EXPR_TEST) {
		*at = expr;
		const struct prepared *prepared = pool_prepare(matcher->pool, &expr->test, err);
		matcher->tests[matcher->ntests++] = prepared;
		return prepared ? 0 : -1;
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

/* `pool` NULL: one of its own. */
static int make(struct match_pool *pool, const struct expr *expr, int64_t now,
	struct matcher **matcher, const struct expr **at, struct err *err)
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
	m->owner = pool == NULL;
	m->pool = pool ? pool : match_pool_new(now);
	m->pool->shared = pool != NULL;
	m->tests = xcalloc(ntests, sizeof(*m->tests));
	if (prepare(m, expr, &wrong, err) != 0) {
		if (at)
			*at = wrong;
		matcher_free(m);
		return -1;
	}
	*matcher = m;
	return 0;
}

int matcher_new(const struct expr *expr, int64_t now, struct matcher **matcher,
	const struct expr **at, struct err *err)
{
	return make(NULL, expr, now, matcher, at, err);
}

int match_pool_add(struct match_pool *pool, const struct expr *expr, struct matcher **matcher,
	const struct expr **at, struct err *err)
{
	return make(pool, expr, pool->now, matcher, at, err);
}

void matcher_free(struct matcher *matcher)
{
	if (!matcher)
		return;
	if (matcher->owner)
		match_pool_free(matcher->pool);
	free(matcher->tests);
	free(matcher);
}
