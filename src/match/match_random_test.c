/* SPDX-License-Identifier: Apache-2.0 */
/* match_random_test.c: random expressions over random rows against the naive evaluator, in every
 * form: columns there or brought on demand, all rows or some; and what statistics rule out. */
#include "match/match_random.h"
#include "match/private.h"

enum { ROUNDS = 60, EXPRESSIONS = 60 };

/* ---- statistics ------------------------------------------------------------------------------ */

struct known {
	const struct toy *toy;
	char ends[TOY_COLUMNS][2][2];
};

static void widen(const struct toy_value *v, struct match_stats *s)
{
	if (!s->has_range) {
		s->min_i64 = s->max_i64 = v->i64;
		s->min_bytes = s->max_bytes = v->held;
	}
	s->has_range = true;
	s->min_i64 = v->i64 < s->min_i64 ? v->i64 : s->min_i64;
	s->max_i64 = v->i64 > s->max_i64 ? v->i64 : s->max_i64;
	if (slice_cmp(v->held, s->min_bytes) < 0)
		s->min_bytes = v->held;
	if (slice_cmp(v->held, s->max_bytes) > 0)
		s->max_bytes = v->held;
}

static void know(void *ctx, uint32_t column, struct match_stats *s)
{
	struct known *known = ctx;
	const struct toy *toy = known->toy;
	uint32_t nulls = 0;
	*s = (struct match_stats){.known = true};
	for (uint32_t i = 0; i < toy->n[column]; i++) {
		struct toy_value v = toy->values[column][i];
		nulls += v.null;
		if (toy_columns[column].type == COL_UUID)
			v.held = (struct slice){(const char *)toy->values[column][i].uuid, 16};
		if (!v.null)
			widen(&v, s);
	}
	s->all_null = nulls == toy->n[column];
	s->no_null = nulls == 0;
	/* Ends of text may be cut, as long as they stay ends. */
	if (toy_columns[column].type == COL_STRING && s->has_range && column % 2) {
		known->ends[column][0][0] = s->min_bytes.len ? s->min_bytes.ptr[0] : '\0';
		known->ends[column][1][0] =
			s->max_bytes.len ? (char)(s->max_bytes.ptr[0] + 1) : 'a';
		s->min_bytes = (struct slice){known->ends[column][0], s->min_bytes.len > 0};
		s->max_bytes = (struct slice){known->ends[column][1], 1};
	}
}

/* ---- one expression -------------------------------------------------------------------------- */

static uint64_t found_some, found_all, ruled_out, found_none;

static void compare(
	const char *text, const char *how, const uint64_t *want, const uint64_t *got, uint32_t n)
{
	for (uint32_t r = 0; r < (n + 63) / 64 * 64; r++) {
		bool wanted = r < n && bit_get(want, r);
		if (wanted != bit_get(got, r))
			fail_msg("%s, %s, row %u of %u: %d", text, how, r, n, !wanted);
	}
}

static void check_spans(
	const struct match_program *program, struct match_scratch *scratch, const struct toy *toy)
{
	struct text_span spans[8];
	for (uint32_t c = 0; c < TOY_COLUMNS; c++) {
		if (toy->n[c] == 0 || toy->values[c][0].null)
			continue;
		struct slice value = toy->values[c][0].text;
		uint32_t n = match_spans(program, scratch, c, value, spans, 8);
		assert_true(n <= 8);
		for (uint32_t i = 0; i < n; i++) {
			assert_true(spans[i].begin < spans[i].end && spans[i].end <= value.len);
			assert_true(i == 0 || spans[i].begin > spans[i - 1].end);
		}
	}
}

static void check_batch(const char *text, const struct match_program *program,
	const struct toy *toy, unsigned plain, const uint64_t *want)
{
	struct batch batch;
	struct match_scratch *scratch = match_scratch_new();
	uint64_t among[MOST_ROWS / 64 + 1], part[MOST_ROWS / 64 + 1], got[MOST_ROWS / 64 + 1];
	uint32_t count, n = toy->nrows;
	struct err err;
	toy_batch(toy, plain, &batch);
	struct match_input input = {.batch = &batch};
	assert_int_equal(match_rows(program, &input, scratch, NULL, got, &count, &err), 0);
	compare(text, "all", want, got, n);
	for (uint32_t w = 0; w <= MOST_ROWS / 64; w++) {
		among[w] = (uint64_t)draw(UINT32_MAX) << 32 | draw(UINT32_MAX);
		if (draw(2))
			among[w] &= (uint64_t)1 << draw(64);
		part[w] = among[w] & want[w];
	}
	struct lazy lazy;
	lazy_init(&lazy, &batch, text);
	input = (struct match_input){&lazy.to, lazy_load, &lazy};
	assert_int_equal(match_rows(program, &input, scratch, among, got, &count, &err), 0);
	compare(text, "some, on demand", part, got, n);
	uint32_t calls = lazy.calls;
	batch_fini(&lazy.to);
	if (calls > 0) {
		lazy_init(&lazy, &batch, text);
		lazy.fail_at = 1 + draw(calls);
		input.batch = &lazy.to;
		assert_int_equal(
			match_rows(program, &input, scratch, among, got, &count, &err), -1);
		assert_int_equal(err.kind, ERR_DAMAGED);
		batch_fini(&lazy.to);
	}
	check_spans(program, scratch, toy);
	match_scratch_free(scratch);
	batch_fini(&batch);
}

static void check_expr(const char *text, const struct toy *toy)
{
	struct arena mem = {0};
	struct err err;
	struct matcher *matcher;
	uint64_t want[MOST_ROWS / 64 + 1] = {0};
	uint32_t held = 0;
	struct known known = {.toy = toy};
	const struct expr *expr = toy_expr(&mem, text);
	for (uint32_t r = 0; r < toy->nrows; r++) {
		struct naive_place at = {toy, r, NO_GROUP, 0};
		if (naive_holds(expr, &at)) {
			bit_set(want, r);
			held++;
		}
	}
	assert_int_equal(matcher_new(expr, TOY_NOW, &matcher, NULL, &err), 0);
	struct match_program *program = match_bind(matcher, &toy_shape, toy_resolve, NULL);
	bool possible = match_possible(program, know, &known);
	if ((!possible || match_never(program)) && held > 0)
		fail_msg("%s: ruled out, but %u rows match", text, held);
	if (match_always(program) && held < toy->nrows)
		fail_msg("%s: always, but %u of %u rows match", text, held, toy->nrows);
	found_some += held > 0 && held < toy->nrows;
	found_all += held == toy->nrows;
	found_none += held == 0 && !match_never(program);
	ruled_out += !possible && !match_never(program);
	defer_distinct = draw(2) ? 1 : 8192;
	check_batch(text, program, toy, 0, want);
	check_batch(text, program, toy, draw(UINT32_MAX), want);
	match_program_free(program);
	matcher_free(matcher);
	arena_fini(&mem);
}

static void random_expressions(void **state)
{
	(void)state;
	const char *rounds = getenv("MATCH_ROUNDS");
	for (long round = 0; round < (rounds ? atol(rounds) : ROUNDS); round++) {
		struct toy toy;
		random_rows(&toy);
		for (uint32_t i = 0; i < EXPRESSIONS; i++) {
			struct buf text;
			buf_init(&text, 1 << 20);
			random_expr(&text, draw(5));
			buf_push(&text, '\0');
			check_expr(text.ptr, &toy);
			buf_fini(&text);
		}
		arena_fini(&toy.mem);
	}
	printf("some %llu, all %llu, none %llu, ruled out %llu\n", (unsigned long long)found_some,
		(unsigned long long)found_all, (unsigned long long)found_none,
		(unsigned long long)ruled_out);
	assert_true(found_some > 500 && found_all > 100 && ruled_out > 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(random_expressions)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
