/* SPDX-License-Identifier: Apache-2.0 */
/* match_bind_test.c: what cannot be prepared, what is decided by the shape alone, what is marked in
 * a value, and a program that threads share. */
#include <pthread.h>

#include "match/toy.h"

/* ---- errors ---------------------------------------------------------------------------------- */

static void wrong(void **state)
{
	struct arena mem = {0};
	struct matcher *matcher;
	struct err err;
	const struct expr *at;
	(void)state;
	const struct expr *expr = toy_expr(&mem, "(and (is name a) (or (re note [a) (is size 1)))");
	assert_int_equal(matcher_new(expr, TOY_NOW, &matcher, &at, &err), -1);
	assert_int_equal(err.kind, ERR_USAGE);
	assert_null(matcher);
	assert_ptr_equal(at, expr->children[1]->children[0]);
	assert_int_equal(matcher_new(expr, TOY_NOW, &matcher, NULL, NULL), -1);

	expr = toy_expr(&mem, "(or (not (const 1) (const 0)))");
	assert_int_equal(matcher_new(expr, TOY_NOW, &matcher, &at, &err), -1);
	assert_int_equal(err.kind, ERR_USAGE);
	assert_ptr_equal(at, expr->children[0]);
	matcher_free(NULL);
	match_program_free(NULL);
	match_scratch_free(NULL);
	arena_fini(&mem);
}

/* `depth` nodes one in another: NOTs and SAMEs over a test. */
static const struct expr *nested(struct arena *mem, unsigned depth)
{
	struct expr *expr = NULL;
	for (unsigned d = 0; d < depth; d++) {
		struct expr *outer = arena_zalloc(mem, 1, sizeof(*outer));
		outer->kind = d == 0 ? EXPR_TEST : d % 2 ? EXPR_NOT : EXPR_SAME;
		outer->test = (struct test){.op = TEST_EXISTS, .field = SLICE("kind")};
		outer->children = arena_alloc(mem, sizeof(struct expr *));
		outer->children[0] = expr;
		outer->nchildren = d > 0;
		expr = outer;
	}
	return expr;
}

static void depth(void **state)
{
	struct arena mem = {0};
	struct matcher *matcher;
	struct err err;
	(void)state;
	const struct expr *deepest = nested(&mem, LIMIT_EXPR_DEPTH);
	assert_int_equal(matcher_new(deepest, TOY_NOW, &matcher, NULL, &err), 0);
	match_program_free(match_bind(matcher, &toy_shape, toy_resolve, NULL));
	matcher_free(matcher);
	assert_int_equal(
		matcher_new(nested(&mem, LIMIT_EXPR_DEPTH + 1), TOY_NOW, &matcher, NULL, &err), -1);
	assert_int_equal(err.kind, ERR_USAGE);
	assert_int_equal(matcher_new(nested(&mem, 100000), TOY_NOW, &matcher, NULL, &err), -1);
	arena_fini(&mem);
}

/* ---- decided by the shape -------------------------------------------------------------------- */

static const struct {
	const char *expr;
	char decided; /* 'a'lways, 'n'ever, '-' */
	const char *columns;
} bound_cases[] = {
	{"(const 1)", 'a', ""},
	{"(const 0)", 'n', ""},
	{"(and)", 'a', ""},
	{"(or)", 'n', ""},
	{"(is name x)", '-', "name"},
	{"(is nothing x)", 'n', ""},
	{"(not (is nothing x))", 'a', ""},
	{"(is name.path x)", 'n', ""},
	{"(is size five)", 'n', ""},
	{"(not (is size five))", 'a', ""},
	{"(is size five 5)", '-', "size"},
	{"(is ok maybe)", 'n', ""},
	{"(is time 2026-03*)", '-', "time"},
	{"(is time yesterday-ish)", 'n', ""},
	{"(is name)", 'n', ""},
	{"(cidr size ::/0)", 'n', ""},
	{"(range ok [0 *)", 'n', ""},
	{"(range ok * *)", '-', "ok"},
	{"(range size [6 5])", 'n', ""},
	{"(range size {5 5])", 'n', ""},
	{"(part time hour 5 4)", 'n', ""},
	{"(part id hour 5 6)", 'n', ""},
	{"(rel name = nothing)", 'n', ""},
	{"(rel name = size)", '-', "name size"},
	{"(and (is name x) (is nothing x))", 'n', ""},
	{"(or (is name x) (not (is nothing x)))", 'a', ""},
	{"(and (const 1) (or (is name x) (is nothing y)))", '-', "name"},
	{"(count 0 5 (is name x) (is size 1))", 'a', ""},
	{"(count 3 5 (is name x) (is size 1))", 'n', ""},
	{"(count 1 2 (is name x) (const 1) (const 1) (const 1))", 'n', ""},
	{"(count 2 9 (is name x) (const 1) (is nothing x))", '-', "name"},
	{"(same (is nothing x))", 'n', ""},
	{"(same (not (is nothing x)))", 'a', ""},
	{"(same (and (is n five) (is kind x)))", 'n', ""},
	{"(same (or (has kind) (const 1)))", '-', "kind"},
	{"(same (or (is tag x) (is kind y)))", '-', "tag kind"},
	{"(is * x)", '-', "name note extra tag kind title"},
	{"(is extra.a.b x)", '-', "extra"},
};

static void decided(void **state)
{
	struct arena mem = {0};
	(void)state;
	for (size_t i = 0; i < COUNT(bound_cases); i++) {
		struct matcher *matcher;
		struct err err;
		bool want[TOY_COLUMNS] = {0};
		char names[200] = "";
		const struct expr *expr = toy_expr(&mem, bound_cases[i].expr);
		assert_int_equal(matcher_new(expr, TOY_NOW, &matcher, NULL, &err), 0);
		struct match_program *program = match_bind(matcher, &toy_shape, toy_resolve, NULL);
		char got = match_always(program) ? 'a' : match_never(program) ? 'n' : '-';
		match_columns(program, want);
		for (int c = 0; c < TOY_COLUMNS; c++) {
			if (want[c])
				snprintf(names + strlen(names), sizeof(names) - strlen(names),
					"%s%s", names[0] ? " " : "", toy_columns[c].name);
		}
		if (got != bound_cases[i].decided || strcmp(names, bound_cases[i].columns) != 0)
			fail_msg("%s: %c, %s", bound_cases[i].expr, got, names);
		match_program_free(program);
		matcher_free(matcher);
	}
	arena_fini(&mem);
}

/* ---- marks ----------------------------------------------------------------------------------- */

static const struct {
	const char *expr;
	int column;
	const char *value, *marks;
} span_cases[] = {
	{"(is name *an*)", TOY_NAME, "banana", "1-5"},
	{"(or (is name *b*) (is name *n*))", TOY_NAME, "banana", "0-1 2-3 4-5"},
	{"(or (is name *ba*) (is name *an*))", TOY_NAME, "banana", "0-5"},
	{"(is name *an*)", TOY_NOTE, "banana", ""},
	{"(not (is name *an*))", TOY_NAME, "banana", ""},
	{"(not (not (is name *ana)))", TOY_NAME, "banana", "3-6"},
	{"(not (and (not (is name *ana)) (is note x)))", TOY_NAME, "banana", "3-6"},
	{"(and (is name *b*) (not (is name *n*)))", TOY_NAME, "banana", "0-1"},
	{"(is * *AN*)", TOY_TITLE, "xan", "1-3"},
	{"(is both *an*)", TOY_TITLE, "xan", "1-3"},
	{"(re name n.)", TOY_NAME, "banana", "2-6"},
	{"(same (is title *a*))", TOY_TITLE, "xan", "1-2"},
	{"(cidr note 10.0.0.0/8)", TOY_NOTE, "10.1.2.3", "0-8"},
	{"(cidr note 10.0.0.0/8)", TOY_NOTE, "11.1.2.3", ""},
	{"(range note [5 *)", TOY_NOTE, "6", "0-1"},
	{"(is time 2026-*)", TOY_TIME, "2026-03-09T00:00:00.000000Z", "0-5"},
	{"(is extra.a *x*)", TOY_EXTRA, "{\"a\":\"x\"}", ""},
	{"(has name)", TOY_NAME, "banana", ""},
};

static void marks(void **state)
{
	struct arena mem = {0};
	struct match_scratch *scratch = match_scratch_new();
	(void)state;
	for (size_t i = 0; i < COUNT(span_cases); i++) {
		struct matcher *matcher;
		struct err err;
		struct text_span spans[8];
		char text[100] = "";
		const struct expr *expr = toy_expr(&mem, span_cases[i].expr);
		assert_int_equal(matcher_new(expr, TOY_NOW, &matcher, NULL, &err), 0);
		struct match_program *program = match_bind(matcher, &toy_shape, toy_resolve, NULL);
		uint32_t n = match_spans(program, scratch, (uint32_t)span_cases[i].column,
			slice_of(span_cases[i].value), spans, 8);
		for (uint32_t s = 0; s < n; s++)
			snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%u-%u",
				s ? " " : "", spans[s].begin, spans[s].end);
		if (strcmp(text, span_cases[i].marks) != 0)
			fail_msg("%s in %s: %s", span_cases[i].expr, span_cases[i].value, text);
		assert_int_equal(match_spans(program, scratch, (uint32_t)span_cases[i].column,
					 slice_of(span_cases[i].value), spans, 0),
			0);
		match_program_free(program);
		matcher_free(matcher);
	}
	match_scratch_free(scratch);
	arena_fini(&mem);
}

/* ---- threads --------------------------------------------------------------------------------- */

struct worker {
	pthread_t thread;
	const struct match_program *program;
	struct batch *batch;
	uint32_t count;
};

static void *work(void *ctx)
{
	struct worker *w = ctx;
	struct match_scratch *scratch = match_scratch_new();
	struct match_input input = {.batch = w->batch};
	uint64_t bits[2];
	struct err err;
	for (int i = 0; i < 50; i++) {
		if (match_rows(w->program, &input, scratch, NULL, bits, &w->count, &err) != 0)
			w->count = UINT32_MAX;
	}
	match_scratch_free(scratch);
	return NULL;
}

static void threads(void **state)
{
	struct toy toy;
	struct batch batch;
	struct arena mem = {0};
	struct matcher *matcher;
	struct err err;
	struct worker workers[4];
	(void)state;
	toy_init(&toy, 100);
	for (int r = 0; r < 100; r++)
		toy_row(&toy, r % 3 ? "name=ann;tag=x|y;size=5" : "name=bob;extra={\"a\":[1,2]}");
	toy_batch(&toy, 0, &batch);
	const struct expr *expr = toy_expr(
		&mem, "(or (and (rei name A.n) (same (is tag y)) (is size 5*)) (is extra.a 2))");
	assert_int_equal(matcher_new(expr, TOY_NOW, &matcher, NULL, &err), 0);
	struct match_program *program = match_bind(matcher, &toy_shape, toy_resolve, NULL);
	for (size_t t = 0; t < COUNT(workers); t++) {
		workers[t] = (struct worker){.program = program, .batch = &batch};
		assert_int_equal(pthread_create(&workers[t].thread, NULL, work, &workers[t]), 0);
	}
	for (size_t t = 0; t < COUNT(workers); t++) {
		pthread_join(workers[t].thread, NULL);
		assert_int_equal(workers[t].count, 100);
	}
	match_program_free(program);
	matcher_free(matcher);
	batch_fini(&batch);
	arena_fini(&toy.mem);
	arena_fini(&mem);
}

/* Two lists of one event that are too long for any pair: given up, and said so. */
static void long_lists(void **state)
{
	enum { N = 2000 };
	struct toy toy;
	struct batch batch;
	struct arena mem = {0};
	struct matcher *matcher;
	struct match_scratch *scratch = match_scratch_new();
	struct err err;
	struct buf row;
	uint64_t bits;
	uint32_t count;
	(void)state;
	buf_init(&row, 1 << 20);
	buf_puts(&row, "tag=");
	for (int i = 0; i < N; i++)
		buf_printf(&row, "t%d|", i);
	buf_puts(&row, ";kind=");
	for (int i = 0; i < N; i++)
		buf_printf(&row, "k%d|", i);
	buf_push(&row, '\0');
	toy_init(&toy, 2);
	toy_row(&toy, row.ptr);
	toy_row(&toy, "tag=k5|x;kind=y|K5");
	toy_batch(&toy, 0, &batch);
	struct match_input input = {.batch = &batch};
	assert_int_equal(
		matcher_new(toy_expr(&mem, "(rel tag ~ kind)"), TOY_NOW, &matcher, NULL, &err), 0);
	struct match_program *program = match_bind(matcher, &toy_shape, toy_resolve, NULL);
	assert_int_equal(match_rows(program, &input, scratch, NULL, &bits, &count, &err), 0);
	assert_int_equal(bits, 2);
	assert_int_equal(match_scratch_gave_up(scratch), 1);
	match_program_free(program);
	matcher_free(matcher);
	match_scratch_free(scratch);
	batch_fini(&batch);
	buf_fini(&row);
	arena_fini(&toy.mem);
	arena_fini(&mem);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wrong),
		cmocka_unit_test(depth),
		cmocka_unit_test(decided),
		cmocka_unit_test(marks),
		cmocka_unit_test(threads),
		cmocka_unit_test(long_lists),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
