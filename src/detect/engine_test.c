/* SPDX-License-Identifier: Apache-2.0 */
/* engine_test.c: what the engine promises beside the right answer: who is asked, in which order, what is loaded,
 * and what becomes of errors. */
#include "detect/engine_toy.h"

enum { ROWS = 100 };
static const char *const names[] = {"Alice", "bob", "carol"}, *const actions[] = {
								      "login", "logout"};

/* Row r: a = names[r % 3], b = actions[r % 2] but null in rows 90–99, n = r. */
static void make_batch(struct batch *batch)
{
	int a[ROWS], b[ROWS];
	batch_init(batch, &toy_shape);
	batch->nrows = ROWS;
	for (int r = 0; r < ROWS; r++) {
		a[r] = r % 3;
		b[r] = r >= 90 ? -1 : r % 2;
	}
	toy_strings(batch, TOY_A, names, 3, a, ROWS, false);
	toy_strings(batch, TOY_B, actions, 2, b, ROWS, false);
	batch->columns[TOY_N] =
		(struct column){.n = ROWS, .i64 = arena_zalloc(&batch->mem, ROWS, 8)};
	for (int r = 0; r < ROWS; r++)
		batch->columns[TOY_N].i64[r] = r;
}

/* ---- columns on demand ----------------------------------------------------------------------- */

struct lazy {
	struct batch from, to;
	bool values[TOY_COLUMNS], rows[TOY_COLUMNS]; /* what was loaded */
	int fail;                                    /* this column cannot be; -1 = none */
};

static int lazy_load(void *ctx, uint32_t column, enum match_part part, struct err *err)
{
	struct lazy *lazy = ctx;
	const struct column *from = &lazy->from.columns[column];
	if (lazy->fail == (int)column)
		return err_set(err, ERR_DAMAGED, "damaged");
	if (part == MATCH_VALUES && from->codes) {
		lazy->values[column] = true;
		if (!lazy->to.columns[column].n)
			lazy->to.columns[column] = (struct column){
				.ndistinct = from->ndistinct, .off = from->off, .heap = from->heap};
		return 0;
	}
	lazy->rows[column] = true;
	lazy->to.columns[column] = *from;
	return 0;
}

static struct match_input lazy_init(struct lazy *lazy)
{
	*lazy = (struct lazy){.fail = -1};
	make_batch(&lazy->from);
	batch_init(&lazy->to, &toy_shape);
	lazy->to.nrows = ROWS;
	return (struct match_input){&lazy->to, lazy_load, lazy};
}

static void lazy_fini(struct lazy *lazy)
{
	batch_fini(&lazy->from);
	batch_fini(&lazy->to);
}

/* ---- hits ------------------------------------------------------------------------------------ */

struct seen {
	uint32_t n, expr[16], count[16];
	int stop_at; /* the nth hit returns this much */
	int rc;
};

static int on_hit(void *ctx, uint32_t expr, const uint64_t *rows, uint32_t count, struct err *err)
{
	struct seen *seen = ctx;
	(void)err;
	assert_non_null(rows);
	seen->expr[seen->n] = expr;
	seen->count[seen->n++] = count;
	return (int)seen->n == seen->stop_at ? seen->rc : 0;
}

struct fixture {
	struct arena mem;
	struct lazy lazy;
	struct match_input input;
	struct engine *engine;
	struct engine_program *program;
	struct engine_scratch *scratch;
	struct seen seen;
	struct err err;
};

static void begin(
	struct fixture *f, const struct expr *const *exprs, uint32_t n, const bool *wanted)
{
	f->input = lazy_init(&f->lazy);
	assert_int_equal(engine_new(exprs, n, 0, &f->engine, NULL, &f->err), 0);
	f->program = engine_bind(f->engine, &toy_shape, toy_resolve, NULL, wanted);
	f->scratch = engine_scratch_new();
}

static int run(struct fixture *f, const uint64_t *among)
{
	f->seen.n = 0;
	return engine_run(f->program, &f->input, f->scratch, among, on_hit, &f->seen, &f->err);
}

static void end(struct fixture *f)
{
	engine_scratch_free(f->scratch);
	engine_program_free(f->program);
	engine_free(f->engine);
	lazy_fini(&f->lazy);
	arena_fini(&f->mem);
}

/* ---- cases ----------------------------------------------------------------------------------- */

static void hits_in_order(void **state)
{
	(void)state;
	struct fixture f = {0};
	const struct expr *exprs[] = {toy_is(&f.mem, "b", "log*"), NULL,
		toy_is(&f.mem, "a", "dave"), toy_is(&f.mem, "a", "ALICE"),
		toy_gate(&f.mem, EXPR_NOT, toy_is(&f.mem, "a", "bob"), NULL),
		toy_is(&f.mem, "none", "x")};
	begin(&f, exprs, 6, NULL);
	assert_int_equal(run(&f, NULL), 0);
	assert_int_equal(f.seen.n, 3);
	assert_int_equal(f.seen.expr[0], 0);
	assert_int_equal(f.seen.count[0], 90);
	assert_int_equal(f.seen.expr[1], 3);
	assert_int_equal(f.seen.count[1], 34);
	assert_int_equal(f.seen.expr[2], 4);
	assert_int_equal(f.seen.count[2], 67);
	struct engine_figures figures = engine_figures(f.scratch);
	assert_int_equal(figures.asked, 5);
	assert_int_equal(figures.evaluated, 3);
	assert_true(engine_program_can(f.program, 2));
	assert_false(engine_program_can(f.program, 1));
	assert_false(engine_program_can(f.program, 5));
	assert_false(engine_program_can(f.program, 6));
	end(&f);
}

static void only_what_is_wanted(void **state)
{
	(void)state;
	struct fixture f = {0};
	const bool wanted[] = {false, true};
	bool columns[TOY_COLUMNS] = {false};
	const struct expr *exprs[] = {toy_is(&f.mem, "b", "log*"), toy_is(&f.mem, "a", "bob")};
	begin(&f, exprs, 2, wanted);
	assert_int_equal(run(&f, NULL), 0);
	assert_int_equal(f.seen.n, 1);
	assert_int_equal(f.seen.expr[0], 1);
	assert_false(engine_program_can(f.program, 0));
	engine_columns(f.program, columns);
	assert_true(columns[TOY_A] && !columns[TOY_B]);
	end(&f);
}

static void among_some_rows(void **state)
{
	(void)state;
	struct fixture f = {0};
	const uint64_t among[2] = {7, 0};
	const struct expr *exprs[] = {toy_is(&f.mem, "a", "bob"), toy_is(&f.mem, "b", "log*")};
	begin(&f, exprs, 2, NULL);
	assert_int_equal(run(&f, among), 0);
	assert_int_equal(f.seen.n, 2);
	assert_int_equal(f.seen.count[0], 1);
	assert_int_equal(f.seen.count[1], 3);
	end(&f);
}

/* Where no value has the literal, neither rows nor any other column of the expression are read. */
static void dictionaries_first(void **state)
{
	(void)state;
	struct fixture f = {0};
	struct expr *both = toy_gate(
		&f.mem, EXPR_AND, toy_is(&f.mem, "a", "*dave*"), toy_is(&f.mem, "b", "log*"));
	const struct expr *exprs[] = {both, toy_is(&f.mem, "a", "erin")};
	begin(&f, exprs, 2, NULL);
	assert_int_equal(run(&f, NULL), 0);
	assert_int_equal(f.seen.n, 0);
	assert_true(f.lazy.values[TOY_A]);
	for (int c = 0; c < TOY_COLUMNS; c++)
		assert_true(!f.lazy.rows[c] && (c == TOY_A || !f.lazy.values[c]));
	end(&f);
}

/* What a name means may hang on the test. */
static void names_by_test(void **state)
{
	(void)state;
	struct fixture f = {0};
	const struct expr *exprs[] = {
		toy_is(&f.mem, "either", "alice"), toy_test(&f.mem, TEST_EXISTS, "either")};
	begin(&f, exprs, 2, NULL);
	assert_int_equal(run(&f, NULL), 0);
	assert_int_equal(f.seen.n, 2);
	assert_int_equal(f.seen.count[0], 34);
	assert_int_equal(f.seen.count[1], 90);
	end(&f);
}

/* Paths in JSON are looked for last: where the column's literal is met nowhere, the JSON is not read. */
static void paths_last(void **state)
{
	(void)state;
	struct fixture f = {0};
	struct expr *both = toy_gate(&f.mem, EXPR_AND, toy_is(&f.mem, "json.k", "a rare literal"),
		toy_is(&f.mem, "a", "*dave*"));
	const struct expr *exprs[] = {both, both};
	begin(&f, exprs, 2, NULL);
	assert_int_equal(run(&f, NULL), 0);
	assert_int_equal(engine_figures(f.scratch).evaluated, 0);
	assert_false(f.lazy.values[TOY_JSON] || f.lazy.rows[TOY_JSON]);
	end(&f);
}

static void a_hit_may_stop(void **state)
{
	(void)state;
	struct fixture f = {.seen = {.stop_at = 2, .rc = 7}};
	const struct expr *exprs[] = {toy_is(&f.mem, "a", "alice"), toy_is(&f.mem, "a", "bob"),
		toy_is(&f.mem, "a", "carol")};
	begin(&f, exprs, 3, NULL);
	assert_int_equal(run(&f, NULL), 7);
	assert_int_equal(f.seen.n, 2);
	f.seen.stop_at = 0;
	assert_int_equal(run(&f, NULL), 0);
	assert_int_equal(f.seen.n, 3);
	end(&f);
}

static void a_column_that_cannot_be_loaded(void **state)
{
	(void)state;
	struct fixture f = {0};
	const struct expr *exprs[] = {toy_is(&f.mem, "a", "alice"),
		toy_gate(&f.mem, EXPR_NOT, toy_is(&f.mem, "b", "login"), NULL)};
	begin(&f, exprs, 2, NULL);
	static const int failing[] = {TOY_A, TOY_B};
	for (int i = 0; i < 2; i++) {
		f.lazy.fail = failing[i];
		f.err.kind = ERR_NONE;
		assert_int_equal(run(&f, NULL), -1);
		assert_int_equal(f.err.kind, ERR_DAMAGED);
	}
	f.lazy.fail = -1;
	assert_int_equal(run(&f, NULL), 0);
	assert_int_equal(f.seen.n, 2);
	assert_int_equal(f.seen.count[1], 55);
	end(&f);
}

static void a_wrong_expression(void **state)
{
	(void)state;
	struct arena mem = {0};
	struct err err = {0};
	struct engine *engine;
	uint32_t at = 99;
	struct expr *bad = toy_test(&mem, TEST_REGEX, "a");
	bad->test.regex = SLICE("(");
	const struct expr *exprs[] = {toy_is(&mem, "a", "bob"), NULL, bad};
	assert_int_equal(engine_new(exprs, 3, 0, &engine, &at, &err), -1);
	assert_int_equal(at, 2);
	assert_int_equal(err.kind, ERR_USAGE);
	assert_null(engine);
	assert_int_equal(engine_new(exprs, 3, 0, &engine, NULL, &err), -1);
	arena_fini(&mem);
}

static void nothing_at_all(void **state)
{
	(void)state;
	struct fixture f = {0};
	begin(&f, NULL, 0, NULL);
	assert_int_equal(run(&f, NULL), 0);
	f.lazy.to.nrows = 0;
	assert_int_equal(run(&f, NULL), 0);
	end(&f);
	engine_free(NULL);
	engine_program_free(NULL);
	engine_scratch_free(NULL);
}

/* Thousands that ask the same are one test; the condition is the rarest part, whatever stands beside it. */
static void what_is_left_out(void **state)
{
	(void)state;
	enum { MANY = 2000 };
	struct fixture f = {0};
	const struct expr **exprs = xcalloc(MANY, sizeof(struct expr *));
	for (uint32_t i = 0; i < MANY; i++) {
		char *text = arena_printf(&f.mem, "*mallory-%u*", i);
		struct expr *rare = toy_is(&f.mem, i % 2 ? "a" : "b", text);
		struct expr *often = toy_is(&f.mem, "a", "*o*");
		exprs[i] = toy_gate(&f.mem, EXPR_AND, often,
			toy_gate(&f.mem, EXPR_OR, rare, toy_is(&f.mem, "a", text)));
	}
	begin(&f, exprs, MANY, NULL);
	assert_int_equal(run(&f, NULL), 0);
	assert_int_equal(engine_figures(f.scratch).asked, MANY);
	assert_int_equal(engine_figures(f.scratch).evaluated, 0);
	end(&f);
	free(exprs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(hits_in_order),
		cmocka_unit_test(only_what_is_wanted), cmocka_unit_test(among_some_rows),
		cmocka_unit_test(dictionaries_first), cmocka_unit_test(names_by_test),
		cmocka_unit_test(paths_last), cmocka_unit_test(a_hit_may_stop),
		cmocka_unit_test(a_column_that_cannot_be_loaded),
		cmocka_unit_test(a_wrong_expression), cmocka_unit_test(nothing_at_all),
		cmocka_unit_test(what_is_left_out)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
