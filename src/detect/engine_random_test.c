/* SPDX-License-Identifier: Apache-2.0 */
/* engine_random_test.c: random expressions over random batches, through the engine and each alone through the
 * matcher: letters of any case and script, ill-formed text, lists, paths, columns of both forms. Half of it with
 * two threads on one program. */
#include <pthread.h>

#include "detect/engine_toy.h"

enum { ROUNDS = 60, EXPRESSIONS = 120, ROWS = 300, WORDS = ROWS / 64 + 1, THREADS = 2 };

/* Kelvin's sign, long s, sharp s in both cases, dotless and dotted i, a final sigma, halves of characters. */
static const char *const texts[] = {"alpha", "ALPHA beta", "Straße", "STRASSE", "straẞe", "Kelvin",
	"kelvin", "miſſ", "MISS", "İstanbul", "i̇stanbul", "Σίσς", "σΊΣΣ", "Über", "üBER", "", "a",
	"x\234", "\303", "\274ber", "10.1.2.3", "svc-42", "SVC-77 token=abc", "a/b\\c", "aaaaaaaa",
	"zz9", "needle in hay", "hayNEEDLEhay", "end needle", "5", "beta", "lphA be"};
enum { TEXTS = sizeof(texts) / sizeof(*texts) };
static const char *const patterns[] = {"alpha", "ALPHA*", "*beta", "*lpha*", "strasse", "*STRASS*",
	"straß*", "kelvin", "*K*", "*miss", "miſ*", "i*", "*σσ", "*Ü*", "*\274*", "*\234*", "\303*",
	"*\303", "", "*", "?", "a?pha", "*needle*", "needle*hay", "*NEEDLE", "*a*", "*aa*",
	"*aaaa*", "a*a", "svc-*", "*-4?", "5", "nothing here", "*nothing here*", "x*", "*b*r",
	"*ber", "??ber", "zz*", "10.*"};
static const char *const regexes[] = {"^svc-[0-9]+", "needle", "(?i)NEEDLE", "a{8}", "k",
	"(?i)kelvin", "stra.e", "be?ta", "lpha (be|x)", "^$", "nothing", "(?i)strasse", "\\.2\\.",
	"in hay|token"};
static const char *const fields[] = {
	"a", "b", "tag", "json.k", "json.s.q", "json", "n", "", "none", "either"};
static const char *const jsons[] = {"{\"k\":\"alpha\",\"s\":{\"q\":\"Needle in\"}}",
	"{\"k\":[\"STRASSE\",5,null]}", "{\"s\":{\"q\":\"\\u212aelvin\"}}", "{}",
	"{\"k\":\"svc-42\",\"s\":{\"q\":\"beta\"}}", "[{\"k\":\"a\"},{\"k\":\"zz9\"}]"};

static uint64_t seed = 20260311;

static uint32_t draw(uint32_t n)
{
	uint64_t z = (seed += 0x9e3779b97f4a7c15);
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return (uint32_t)((z ^ (z >> 31)) % n);
}
#define PICK(array) (array)[draw(sizeof(array) / sizeof(*(array)))]

/* ---- batches --------------------------------------------------------------------------------- */

static void random_strings(struct batch *batch, int c, uint32_t n, bool plain)
{
	const char *used[TEXTS];
	int pick[ROWS * 4];
	uint32_t nused = 1 + draw(TEXTS), nulls = draw(4), first = draw(TEXTS),
		 step = 1 + 2 * draw(4);
	const char *const *from = c == TOY_JSON ? jsons : texts;
	uint32_t most = c == TOY_JSON ? sizeof(jsons) / sizeof(*jsons) : TEXTS;
	nused = nused < most ? nused : most;
	for (uint32_t i = 0; i < nused; i++)
		used[i] = c == TOY_JSON ? from[i] : from[(first + i * step) % most];
	for (uint32_t i = 0; i < n; i++)
		pick[i] = draw(8) < nulls ? -1 : (int)draw(nused);
	toy_strings(batch, c, used, nused, pick, n, plain);
}

static void random_batch(struct batch *batch)
{
	uint32_t n = draw(10) == 0 ? draw(2) : draw(ROWS);
	batch_init(batch, &toy_shape);
	batch->nrows = n;
	struct group *group = &batch->groups[0];
	group->list_off = arena_zalloc(&batch->mem, (size_t)n + 1, sizeof(uint32_t));
	for (uint32_t r = 0; r < n; r++)
		group->list_off[r + 1] = group->list_off[r] + draw(4);
	group->nelements = group->list_off[n];
	for (int c = 0; c < TOY_COLUMNS; c++) {
		if (c != TOY_N)
			random_strings(batch, c, c == TOY_TAG ? group->nelements : n, draw(3) == 0);
	}
	struct column *number = &batch->columns[TOY_N];
	*number = (struct column){.n = n, .i64 = arena_zalloc(&batch->mem, n, 8)};
	for (uint32_t i = 0; i < n; i++)
		number->i64[i] = draw(8);
}

/* ---- expressions ----------------------------------------------------------------------------- */

static struct expr *random_test(struct arena *mem)
{
	const char *field = fields[draw(3) ? draw(3) : draw(sizeof(fields) / sizeof(*fields))];
	struct expr *e;
	switch (draw(8)) {
	case 0:
		return toy_test(mem, TEST_EXISTS, field);
	case 1:
		e = toy_test(mem, TEST_REGEX, field);
		e->test.regex = slice_of(PICK(regexes));
		e->test.regex_flags = draw(2) ? REGEX_FOLD : 0;
		return e;
	default:
		e = toy_test(mem, TEST_PATTERNS, field);
		e->test.fold = draw(3) > 0;
		for (uint32_t n = 1 + draw(3); n > 0; n--)
			toy_add(mem, e, PICK(patterns));
		return e;
	}
}

static struct expr *random_expr(struct arena *mem, unsigned depth)
{
	static const enum expr_kind kinds[] = {
		EXPR_AND, EXPR_AND, EXPR_OR, EXPR_NOT, EXPR_COUNT, EXPR_SAME};
	if (depth == 0 || draw(3) == 0)
		return random_test(mem);
	struct expr *e = toy_node(mem, PICK(kinds));
	uint32_t n = e->kind == EXPR_NOT || e->kind == EXPR_SAME ? 1 : 1 + draw(4);
	e->least = draw(n + 1);
	e->most = draw(2) ? UINT32_MAX : e->least + draw(2);
	while (e->nchildren < n)
		e->children[e->nchildren++] = random_expr(mem, depth - 1);
	return e;
}

/* ---- both ------------------------------------------------------------------------------------ */

struct found {
	uint64_t rows[EXPRESSIONS][WORDS];
	uint32_t last, nrows;
};

static int on_hit(void *ctx, uint32_t expr, const uint64_t *rows, uint32_t count, struct err *err)
{
	struct found *found = ctx;
	(void)err;
	assert_true(expr < EXPRESSIONS && (found->last == UINT32_MAX || expr > found->last));
	assert_true(count > 0);
	found->last = expr;
	memcpy(found->rows[expr], rows, ((size_t)found->nrows + 63) / 64 * 8);
	return 0;
}

static void ask_alone(const struct expr *expr, struct batch *batch, uint64_t rows[WORDS])
{
	struct err err;
	struct matcher *matcher;
	uint32_t count;
	struct match_input input = {.batch = batch};
	assert_int_equal(matcher_new(expr, 0, &matcher, NULL, &err), 0);
	struct match_program *program = match_bind(matcher, &toy_shape, toy_resolve, NULL);
	struct match_scratch *scratch = match_scratch_new();
	assert_int_equal(match_rows(program, &input, scratch, NULL, rows, &count, &err), 0);
	match_scratch_free(scratch);
	match_program_free(program);
	matcher_free(matcher);
}

struct thread {
	const struct engine_program *program;
	struct batch *batch;
	struct found found;
	struct engine_figures figures;
};

/* The whole batch twice with one scratch: what is left of the first time must not harm. */
static void *run_thread(void *arg)
{
	struct thread *t = arg;
	struct err err;
	struct match_input input = {.batch = t->batch};
	struct engine_scratch *scratch = engine_scratch_new();
	for (int k = 0; k < 2; k++) {
		memset(&t->found, 0, sizeof(t->found));
		t->found.last = UINT32_MAX;
		t->found.nrows = t->batch->nrows;
		if (engine_run(t->program, &input, scratch, NULL, on_hit, &t->found, &err) != 0)
			abort();
	}
	t->figures = engine_figures(scratch);
	engine_scratch_free(scratch);
	return NULL;
}

static uint64_t hits, skipped;

static void compare(const struct found *found, const struct expr *const *exprs, struct batch *batch)
{
	size_t bytes = ((size_t)batch->nrows + 63) / 64 * 8;
	for (uint32_t i = 0; i < EXPRESSIONS; i++) {
		uint64_t want[WORDS] = {0};
		ask_alone(exprs[i], batch, want);
		for (uint32_t w = 0; w < bytes / 8; w++)
			hits += want[w] != 0;
		if (memcmp(found->rows[i], want, bytes) != 0)
			fail_msg("expression %u differs", i);
	}
}

static void random_round(void)
{
	static struct thread threads[THREADS];
	struct arena mem = {0};
	struct err err;
	struct engine *engine;
	struct batch batch;
	const struct expr *exprs[EXPRESSIONS];
	pthread_t ids[THREADS];
	for (uint32_t i = 0; i < EXPRESSIONS; i++)
		exprs[i] = random_expr(&mem, draw(4));
	assert_int_equal(engine_new(exprs, EXPRESSIONS, 0, &engine, NULL, &err), 0);
	struct engine_program *program = engine_bind(engine, &toy_shape, toy_resolve, NULL, NULL);
	for (int k = 0; k < 3; k++) {
		random_batch(&batch);
		for (int t = 0; t < THREADS; t++) {
			threads[t] = (struct thread){.program = program, .batch = &batch};
			assert_int_equal(pthread_create(&ids[t], NULL, run_thread, &threads[t]), 0);
		}
		for (int t = 0; t < THREADS; t++) {
			assert_int_equal(pthread_join(ids[t], NULL), 0);
			skipped += threads[t].figures.asked - threads[t].figures.evaluated;
		}
		compare(&threads[0].found, exprs, &batch);
		assert_memory_equal(&threads[0].found, &threads[1].found, sizeof(threads[0].found));
		batch_fini(&batch);
	}
	engine_program_free(program);
	engine_free(engine);
	arena_fini(&mem);
}

static void random_expressions(void **state)
{
	(void)state;
	const char *rounds = getenv("DETECT_ROUNDS");
	for (long round = 0; round < (rounds ? atol(rounds) : ROUNDS); round++)
		random_round();
	printf("words with hits %llu, left out %llu\n", (unsigned long long)hits,
		(unsigned long long)skipped);
	assert_true(hits > 1000 && skipped > 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(random_expressions)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
