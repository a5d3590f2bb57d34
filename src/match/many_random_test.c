/* SPDX-License-Identifier: Apache-2.0 */
/* many_random_test.c: many random expressions bound together, over random rows, against each of them alone:
 * columns there or brought on demand, all rows or some, one scratch for all batches. */
#include "match/many.h"
#include "match/match_random.h"
#include "match/private.h"

enum { ROUNDS = 40, EXPRESSIONS = 60, WORDS = MOST_ROWS / 64 + 1 };

struct alone {
	const char *text;
	const struct expr *expr;
	struct matcher *matcher; /* of the pool */
	const struct match_program *together;
	uint64_t want[WORDS];
};

static uint64_t left_out, ran, hits;

/* What the expression finds by itself. */
static void ask_alone(struct alone *a, const struct batch *batch)
{
	struct err err;
	struct batch copy = *batch;
	struct match_input input = {.batch = &copy};
	struct matcher *matcher;
	uint32_t count;
	assert_int_equal(matcher_new(a->expr, TOY_NOW, &matcher, NULL, &err), 0);
	struct match_program *program = match_bind(matcher, &toy_shape, toy_resolve, NULL);
	struct match_scratch *scratch = match_scratch_new();
	memset(a->want, 0, sizeof(a->want));
	assert_int_equal(match_rows(program, &input, scratch, NULL, a->want, &count, &err), 0);
	match_scratch_free(scratch);
	match_program_free(program);
	matcher_free(matcher);
}

static void check(const struct alone *a, bool candidate, const struct match_input *input,
	struct match_scratch *scratch, const uint64_t *among)
{
	struct err err;
	uint64_t got[WORDS] = {0};
	uint32_t count, n = input->batch->nrows, expected = 0;
	if (candidate)
		assert_int_equal(
			match_rows(a->together, input, scratch, among, got, &count, &err), 0);
	for (uint32_t r = 0; r < n; r++) {
		bool want = bit_get(a->want, r) && (!among || bit_get(among, r));
		expected += want;
		if (want != bit_get(got, r))
			fail_msg("%s, row %u of %u: %d (candidate %d)", a->text, r, n, !want,
				candidate);
	}
	if (candidate)
		assert_int_equal(count, expected);
	hits += expected > 0;
}

/* All in random order: what one found is there for the next. */
static void check_all(struct alone *all, uint32_t n, const struct match_set *set,
	const struct match_input *input, struct match_scratch *scratch, const uint64_t *among)
{
	struct err err;
	uint64_t candidates[EXPRESSIONS / 64 + 1];
	assert_int_equal(match_set_begin(set, input, scratch, candidates, &err), 0);
	uint32_t first = draw(n);
	for (uint32_t i = 0; i < n; i++) {
		uint32_t k = (first + i * 7) % n;
		bool candidate = bit_get(candidates, k);
		left_out += !candidate;
		ran += candidate;
		check(&all[k], candidate, input, scratch, among);
	}
	match_set_end(scratch);
}

/* Any load may fail: an error then, and no harm to the next batch. */
static void check_failure(struct alone *all, uint32_t n, const struct match_set *set,
	const struct batch *batch, struct match_scratch *scratch)
{
	struct err err;
	struct lazy lazy;
	uint64_t candidates[EXPRESSIONS / 64 + 1], rows[WORDS];
	uint32_t count;
	lazy_init(&lazy, batch, "failing");
	lazy.fail_at = 1 + draw(20);
	struct match_input input = {&lazy.to, lazy_load, &lazy};
	int rc = match_set_begin(set, &input, scratch, candidates, &err);
	for (uint32_t i = 0; rc == 0 && i < n; i++)
		rc = match_rows(all[i].together, &input, scratch, NULL, rows, &count, &err);
	assert_int_equal(rc, lazy.calls >= lazy.fail_at ? -1 : 0);
	match_set_end(scratch);
	batch_fini(&lazy.to);
}

static void check_batch(struct alone *all, uint32_t n, const struct match_set *set,
	const struct batch *batch, struct match_scratch *scratch)
{
	uint64_t among[WORDS];
	struct lazy lazy;
	for (uint32_t w = 0; w < WORDS; w++) {
		among[w] = (uint64_t)draw(UINT32_MAX) << 32 | draw(UINT32_MAX);
		if (draw(2))
			among[w] &= (uint64_t)1 << draw(64);
	}
	for (uint32_t i = 0; i < n; i++)
		ask_alone(&all[i], batch);
	struct batch copy = *batch;
	struct match_input input = {.batch = &copy};
	check_all(all, n, set, &input, scratch, NULL);
	lazy_init(&lazy, batch, "on demand");
	input = (struct match_input){&lazy.to, lazy_load, &lazy};
	check_all(all, n, set, &input, scratch, draw(2) ? among : NULL);
	batch_fini(&lazy.to);
	check_failure(all, n, set, batch, scratch);
}

static void random_round(struct match_scratch *scratch)
{
	struct arena mem = {0};
	struct err err;
	struct alone all[EXPRESSIONS];
	struct match_pool *pool = match_pool_new(TOY_NOW);
	struct match_set *set = match_set_new(&toy_shape, toy_resolve, NULL, TOY_NOW);
	for (uint32_t i = 0; i < EXPRESSIONS; i++) {
		struct buf text;
		buf_init(&text, 1 << 20);
		random_expr(&text, draw(5));
		all[i].text = arena_strdup(&mem, buf_view(&text));
		buf_fini(&text);
		all[i].expr = toy_expr(&mem, all[i].text);
		assert_int_equal(match_pool_add(pool, all[i].expr, &all[i].matcher, NULL, &err), 0);
		all[i].together = match_set_add(set, all[i].matcher);
	}
	match_set_finish(set);
	defer_distinct = draw(2) ? 1 : 8192;
	keep_distinct = draw(2) ? 1 : 256;
	index_most = draw(4) ? UINT32_MAX / 4 : draw(200);
	for (uint32_t k = 0; k < 3; k++) {
		struct toy toy;
		struct batch batch;
		random_rows(&toy);
		toy_batch(&toy, k == 0 ? 0 : draw(UINT32_MAX), &batch);
		check_batch(all, EXPRESSIONS, set, &batch, scratch);
		batch_fini(&batch);
		arena_fini(&toy.mem);
	}
	match_set_free(set);
	for (uint32_t i = 0; i < EXPRESSIONS; i++)
		matcher_free(all[i].matcher);
	match_pool_free(pool);
	arena_fini(&mem);
}

static void random_expressions(void **state)
{
	(void)state;
	const char *rounds = getenv("MATCH_ROUNDS");
	struct match_scratch *scratch = match_scratch_new();
	for (long round = 0; round < (rounds ? atol(rounds) : ROUNDS); round++)
		random_round(scratch);
	match_scratch_free(scratch);
	printf("left out %llu, ran %llu, hits %llu\n", (unsigned long long)left_out,
		(unsigned long long)ran, (unsigned long long)hits);
	assert_true(left_out > 500 && hits > 500);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(random_expressions)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
