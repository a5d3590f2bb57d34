/* SPDX-License-Identifier: Apache-2.0 */
/*
 * literals.h: what a test of texts cannot pass without: literals of which at least one stands in every
 * value that passes; and an index of tens of thousands of them, of which all that stand in a value are
 * told in one pass. Both speak of folded texts (text_fold): values are folded before they are asked.
 *
 * Measured over values of audit logs (bench/NOTES.md): about 1 ns a byte and 30 ns a value, whatever the
 * number of literals.
 */
#ifndef MATCH_LITERALS_H
#define MATCH_LITERALS_H

#include "base/base.h"
#include "match/expr.h"

enum literal_place { LITERAL_EXACT, LITERAL_PREFIX, LITERAL_SUFFIX, LITERAL_CONTAINS };
struct literal {
	enum literal_place place;
	struct slice text; /* folded; empty only where it is LITERAL_EXACT */
};
struct literals {
	uint32_t n; /* > 0 */
	const struct literal *of;
	bool verify;     /* a value that has one may still not pass */
	bool selective;  /* none is so short that it stands in most values */
	uint32_t weight; /* how often they are met, roughly: less is better */
};

/* Of TEST_PATTERNS and TEST_REGEX, in `mem`; NULL where there are none for some pattern. */
const struct literals *literals_of(const struct test *test, struct arena *mem);
/* A literal, all ASCII, that stands in every text that the regular expression matches, in `out` (cleared): the
 * longest that is found without understanding everything. Empty: none. */
void regex_literal(struct slice regex, struct buf *out);

struct literal_index;
/* An empty one; free accepts NULL. */
struct literal_index *literal_index_new(void);
void literal_index_free(struct literal_index *index);
/* Takes a literal in; returns its number: equal ones have the same, counted from 0. */
uint32_t literal_index_add(struct literal_index *index, const struct literal *literal);
uint32_t literal_index_count(const struct literal_index *index);
/* After the last was added. */
void literal_index_finish(struct literal_index *index);
/* Calls `hit` for each literal and each value that it stands in, possibly more than once; values as of
 * text_test_values, folded. Threads may ask at the same time. */
typedef void literal_hit(void *ctx, uint32_t literal, uint32_t value);
void literal_index_run(const struct literal_index *index, const char *heap, const uint32_t *off,
	uint32_t n, literal_hit *hit, void *ctx);

#endif
