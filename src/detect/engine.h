/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine.h: thousands of expressions over batches. For each expression a necessary condition is derived (a
 * literal that must stand in a column, a column that must have a value); all conditions on a column are asked of
 * its distinct values at once, and only expressions whose condition holds for a value that is there are
 * evaluated at all, by the matcher, and among those rows only.
 *
 * The answer is the matcher's for every expression; what is skipped is what cannot match (engine_test.c holds it
 * against the matcher alone).
 */
#ifndef DETECT_ENGINE_H
#define DETECT_ENGINE_H

#include "match/match.h"

struct engine;
/* Prepares `n` expressions (borrowed; NULL = none, never matches). Names, literals and regular expressions of all are
 * compiled once. `now` as of matcher_new. -1: *at (may be NULL) is the number of the expression that is wrong; err says why. */
int engine_new(const struct expr *const *exprs, uint32_t n, int64_t now, struct engine **engine,
	uint32_t *at, struct err *err);
void engine_free(struct engine *engine);

/* For batches of that shape (borrowed). `wanted` (NULL = all): wanted[i] = whether expression i is asked of this shape. Any number of
 * threads may run one program, each with a scratch of its own. */
struct engine_program;
struct engine_program *engine_bind(const struct engine *engine, const struct batch_shape *shape,
	match_resolve *resolve, const void *ctx, const bool *wanted);
void engine_program_free(struct engine_program *program);
/* Whether expression i can match in this shape at all: a field of it is there. */
bool engine_program_can(const struct engine_program *program, uint32_t i);
/* Sets want[c] for all columns that it may ask for. */
void engine_columns(const struct engine_program *program, bool *want);

struct engine_scratch;
/* One thread's working memory, for any number of programs. */
struct engine_scratch *engine_scratch_new(void);
/* Frees; accepts NULL. */
void engine_scratch_free(struct engine_scratch *scratch);
/* What was done so far: expressions times batches, those that were evaluated, values on which a regular expression gave up. */
struct engine_figures {
	uint64_t asked, evaluated, gave_up;
};
struct engine_figures engine_figures(const struct engine_scratch *scratch);

/* Evaluates all over one batch. `among` (NULL = all rows) as of match_rows. Calls `hit` once for each expression that matches
 * any row, in ascending order, with its rows; `rows` is lent for the call. Stops where it returns non-zero and returns
 * that; -1 where a column could not be loaded. Distinct values of the columns that conditions are on are loaded
 * first; rows only of what candidates ask for. */
int engine_run(const struct engine_program *program, const struct match_input *input,
	struct engine_scratch *scratch, const uint64_t *among,
	int (*hit)(void *ctx, uint32_t expr, const uint64_t *rows, uint32_t count, struct err *err),
	void *ctx, struct err *err);

#endif
