/* SPDX-License-Identifier: Apache-2.0 */
/* pool.c: tests, each compiled as far as that goes without knowing the columns; in a pool of several
 * expressions equal tests are compiled once, whatever fields they are about. */
#include "match/literals.h"
#include "match/private.h"

#include <stdlib.h>

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

static void prepare_range(struct prepared *prepared)
{
	const struct test *test = prepared->test;
	prepared->any = !test->low.given && !test->high.given;
	prepared->low_number =
		test->low.given && decimal_parse(test->low.text, &prepared->low) == 0;
	prepared->high_number =
		test->high.given && decimal_parse(test->high.text, &prepared->high) == 0;
}

/* ---- tests ----------------------------------------------------------------------------------- */

static int prepare_test(struct match_pool *pool, struct prepared *prepared, struct err *err)
{
	const struct test *test = prepared->test;
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
			spans_add(&pool->mem, &prepared->nets, span.low, span.high);
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

/* ---- equal tests ----------------------------------------------------------------------------- */

static void put_number(struct buf *key, int64_t number)
{
	(void)buf_append(key, &number, sizeof(number));
}

static void put_text(struct buf *key, struct slice text)
{
	put_number(key, (int64_t)text.len);
	buf_slice(key, text);
}

static void put_bound(struct buf *key, const struct bound *bound)
{
	put_number(key, bound->given * 2 + bound->inclusive);
	put_text(key, bound->given ? bound->text : SLICE(""));
}

static void put_patterns(struct buf *key, const struct test *test)
{
	put_number(key, test->npatterns);
	for (uint32_t i = 0; i < test->npatterns; i++) {
		const struct pattern *pattern = &test->patterns[i];
		put_number(key, pattern->npieces);
		for (uint32_t p = 0; p < pattern->npieces; p++) {
			bool text = pattern->pieces[p].kind == PIECE_TEXT;
			put_number(key, pattern->pieces[p].kind);
			put_text(key, text ? pattern->pieces[p].text : SLICE(""));
		}
	}
}

/* All that a test asks, without the names of its fields. */
static void test_key(struct buf *key, const struct test *test)
{
	buf_clear(key);
	put_number(key, test->op);
	switch (test->op) {
	case TEST_PATTERNS:
		put_number(key, test->fold);
		put_patterns(key, test);
		break;
	case TEST_REGEX:
		put_number(key, test->regex_flags);
		put_text(key, test->regex);
		break;
	case TEST_RANGE:
		put_number(key, test->fold);
		put_bound(key, &test->low);
		put_bound(key, &test->high);
		break;
	case TEST_CIDR:
		for (uint32_t i = 0; i < test->nnetworks; i++) {
			put_number(key, test->networks[i].bits);
			(void)buf_append(key, test->networks[i].address, 16);
		}
		break;
	case TEST_FIELD:
		put_number(key, test->fold);
		put_number(key, test->relation);
		break;
	case TEST_TIME_PART:
		put_number(key, test->part);
		put_number(key, test->part_least);
		put_number(key, test->part_most);
		break;
	case TEST_EXISTS:
		break;
	}
}

const struct prepared *pool_prepare(
	struct match_pool *pool, const struct test *test, struct err *err)
{
	uint64_t *known = NULL;
	if (pool->shared) {
		bool fresh;
		test_key(&pool->key, test);
		known = map_put(&pool->by_key, buf_view(&pool->key), &fresh);
		if (!fresh && *known)
			return pool->tests[*known - 1];
	}
	struct prepared *prepared = arena_zalloc(&pool->mem, 1, sizeof(*prepared));
	prepared->test = test;
	if (prepare_test(pool, prepared, err) != 0)
		return NULL;
	if (pool->shared && prepared->text)
		prepared->literals = literals_of(test, &pool->mem);
	pool->tests = arena_grow(&pool->mem, pool->tests, pool->n, sizeof(struct prepared *));
	pool->tests[pool->n++] = prepared;
	if (known)
		*known = pool->n;
	return prepared;
}

/* ---- pools ----------------------------------------------------------------------------------- */

struct match_pool *match_pool_new(int64_t now)
{
	struct match_pool *pool = xcalloc(1, sizeof(*pool));
	pool->now = now;
	pool->shared = true;
	buf_init(&pool->key, SIZE_MAX / 4);
	return pool;
}

void match_pool_free(struct match_pool *pool)
{
	if (!pool)
		return;
	for (uint32_t i = 0; i < pool->n; i++)
		text_test_free(pool->tests[i]->text);
	map_fini(&pool->by_key);
	buf_fini(&pool->key);
	arena_fini(&pool->mem);
	free(pool);
}
