/* SPDX-License-Identifier: Apache-2.0 */
/*
 * many.h: thousands of programs over one batch (rules). Equal tests of several expressions are compiled
 * once; programs that are bound together share columns, and what is found in the distinct values
 * of a batch is found once for all of them.
 *
 * For each program a necessary condition is derived: tests of which one must pass somewhere in the
 * batch. The literals of all tests on a column stand in one index (literals.h), which is asked once for
 * each distinct value; only programs whose condition is met are candidates. A program under whose
 * condition nothing can be said (a negation, a test of numbers …) always is one.
 */
#ifndef MATCH_MANY_H
#define MATCH_MANY_H

#include "match/match.h"

struct match_pool;
/* Prepared tests for many matchers; `now` as of matcher_new. */
struct match_pool *match_pool_new(int64_t now);
/* As matcher_new; the matcher borrows from the pool and is freed before it, as is the expression. */
int match_pool_add(struct match_pool *pool, const struct expr *expr, struct matcher **matcher,
	const struct expr **at, struct err *err);
void match_pool_free(struct match_pool *pool);

struct match_set;
/* An empty set of programs for batches of that shape (borrowed, as are `ctx` and the matchers, which
 * are of one pool). */
struct match_set *match_set_new(
	const struct batch_shape *shape, match_resolve *resolve, const void *ctx, int64_t now);
/* Binds a matcher; the program is the set's, numbered in the order of adding. */
const struct match_program *match_set_add(struct match_set *set, const struct matcher *matcher);
/* Makes the indexes, after the last was added; from here on any number of threads may use it. */
void match_set_finish(struct match_set *set);
void match_set_free(struct match_set *set);

/* Looks at the distinct values of a batch and sets `candidates` (a bit per program, overwritten): programs
 * whose bit is not set match no row. Until match_set_end the scratch keeps what was found: match_rows with a
 * program of the set, this scratch and this very input uses it. -1 only where `load` failed. */
int match_set_begin(const struct match_set *set, const struct match_input *input,
	struct match_scratch *scratch, uint64_t *candidates, struct err *err);
void match_set_end(struct match_scratch *scratch);

#endif
