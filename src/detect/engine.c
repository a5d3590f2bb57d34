/* SPDX-License-Identifier: Apache-2.0 */
/* engine.c: expressions are prepared in one pool, bound together to each shape (match/many.h), and run
 * on a batch: candidates first, then the matcher on those. */
#include "detect/engine.h"

#include <stdlib.h>

#include "match/many.h"

enum { NONE = UINT32_MAX };

struct engine {
	uint32_t n;
	int64_t now;
	struct match_pool *pool;
	struct matcher **matchers; /* NULL where there is no expression */
};
struct engine_program {
	const struct engine *engine;
	struct match_set *set;
	uint32_t nprograms;
	const struct match_program **programs; /* of the expressions that can match, ascending */
	uint32_t *exprs;                       /* their numbers */
	uint32_t *number;                      /* of each expression: its program, or NONE */
	struct arena mem;
};
struct engine_scratch {
	struct match_scratch *match;
	uint64_t *candidates, *rows;
	size_t candidate_words, row_words;
	struct engine_figures figures;
};

/* ---- expressions ----------------------------------------------------------------------------- */

int engine_new(const struct expr *const *exprs, uint32_t n, int64_t now, struct engine **engine,
	uint32_t *at, struct err *err)
{
	struct engine *e = xcalloc(1, sizeof(*e));
	*engine = NULL;
	e->n = n;
	e->now = now;
	e->pool = match_pool_new(now);
	e->matchers = xcalloc((size_t)n + 1, sizeof(struct matcher *));
	for (uint32_t i = 0; i < n; i++) {
		if (!exprs[i] || match_pool_add(e->pool, exprs[i], &e->matchers[i], NULL, err) == 0)
			continue;
		if (at)
			*at = i;
		engine_free(e);
		return -1;
	}
	*engine = e;
	return 0;
}

void engine_free(struct engine *engine)
{
	if (!engine)
		return;
	for (uint32_t i = 0; i < engine->n; i++)
		matcher_free(engine->matchers[i]);
	free(engine->matchers);
	match_pool_free(engine->pool);
	free(engine);
}

/* ---- programs -------------------------------------------------------------------------------- */

struct engine_program *engine_bind(const struct engine *engine, const struct batch_shape *shape,
	match_resolve *resolve, const void *ctx, const bool *wanted)
{
	struct engine_program *p = xcalloc(1, sizeof(*p));
	p->engine = engine;
	p->set = match_set_new(shape, resolve, ctx, engine->now);
	p->programs = arena_zalloc(&p->mem, engine->n, sizeof(struct match_program *));
	p->exprs = arena_zalloc(&p->mem, engine->n, sizeof(*p->exprs));
	p->number = arena_zalloc(&p->mem, engine->n, sizeof(*p->number));
	for (uint32_t i = 0; i < engine->n; i++) {
		p->number[i] = NONE;
		if (!engine->matchers[i] || (wanted && !wanted[i]))
			continue;
		p->number[i] = p->nprograms;
		p->exprs[p->nprograms] = i;
		p->programs[p->nprograms++] = match_set_add(p->set, engine->matchers[i]);
	}
	match_set_finish(p->set);
	return p;
}

void engine_program_free(struct engine_program *program)
{
	if (!program)
		return;
	match_set_free(program->set);
	arena_fini(&program->mem);
	free(program);
}

bool engine_program_can(const struct engine_program *program, uint32_t i)
{
	return i < program->engine->n && program->number[i] != NONE &&
	       !match_never(program->programs[program->number[i]]);
}

void engine_columns(const struct engine_program *program, bool *want)
{
	for (uint32_t i = 0; i < program->nprograms; i++)
		match_columns(program->programs[i], want);
}

/* ---- runs ------------------------------------------------------------------------------------ */

struct engine_scratch *engine_scratch_new(void)
{
	struct engine_scratch *scratch = xcalloc(1, sizeof(*scratch));
	scratch->match = match_scratch_new();
	return scratch;
}

void engine_scratch_free(struct engine_scratch *scratch)
{
	if (!scratch)
		return;
	match_scratch_free(scratch->match);
	free(scratch->candidates);
	free(scratch->rows);
	free(scratch);
}

struct engine_figures engine_figures(const struct engine_scratch *scratch)
{
	struct engine_figures figures = scratch->figures;
	figures.gave_up = match_scratch_gave_up(scratch->match);
	return figures;
}

static void room(uint64_t **bits, size_t *cap, uint32_t n)
{
	size_t words = (size_t)n / 64 + 1;
	if (words <= *cap)
		return;
	free(*bits);
	*bits = xcalloc(words, sizeof(**bits));
	*cap = words;
}

int engine_run(const struct engine_program *program, const struct match_input *input,
	struct engine_scratch *scratch, const uint64_t *among,
	int (*hit)(void *ctx, uint32_t expr, const uint64_t *rows, uint32_t count, struct err *err),
	void *ctx, struct err *err)
{
	int rc = 0;
	room(&scratch->candidates, &scratch->candidate_words, program->nprograms);
	room(&scratch->rows, &scratch->row_words, input->batch->nrows);
	scratch->figures.asked += program->nprograms;
	if (match_set_begin(program->set, input, scratch->match, scratch->candidates, err) != 0)
		return -1;
	for (uint32_t w = 0; rc == 0 && w < (program->nprograms + 63) / 64; w++) {
		uint64_t word = scratch->candidates[w];
		for (; rc == 0 && word; word &= word - 1) {
			uint32_t i = w * 64 + (uint32_t)__builtin_ctzll(word), count;
			scratch->figures.evaluated++;
			rc = match_rows(program->programs[i], input, scratch->match, among,
				scratch->rows, &count, err);
			if (rc == 0 && count > 0)
				rc = hit(ctx, program->exprs[i], scratch->rows, count, err);
		}
	}
	match_set_end(scratch->match);
	return rc;
}
