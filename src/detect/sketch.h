/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sketch.h: which hits of correlations can be left out because their group never has enough of them: most events of a busy server
 * feed a correlation ("one account reads many repositories"), and hardly any group reaches its threshold.
 *
 * Time is cut into stretches of a rule's timespan. A window lies in two neighbouring ones, so where no two neighbours that a hit lies in
 * hold what the rule needs (correlate_least), no window with that hit does. Counts are kept by hash in one small table: groups that share
 * a place count as one, which keeps hits that could go and never drops one that matters.
 */
#ifndef DETECT_SKETCH_H
#define DETECT_SKETCH_H

#include "detect/correlate.h"

struct sketch;
struct sketch_size {
	uint64_t hits; /* about */
	uint64_t time; /* µs from the first to the last of them, about */
	uint64_t
		memory; /* bytes at most (but 8 KB are always taken); a million hits want 4 MB, and 64 MB is enough for any number */
};
/* For hits of those rules that `wanted` (rules->n) names. */
struct sketch *sketch_new(const struct rules *rules, const bool *wanted, struct sketch_size size);
/* Frees; accepts NULL. */
void sketch_free(struct sketch *sketch);
/* Whether hits of a rule are counted; those of others are all kept. */
bool sketch_counts(const struct sketch *sketch, uint32_t rule);
/* Whether hits of any rule are. */
bool sketch_counts_any(const struct sketch *sketch);
/* Counts a hit of such a rule; of `member` the highest bit is the caller's. Any number of threads at the same time. */
void sketch_add(struct sketch *sketch, const struct hit *hit);
/* After all were added: false where the hit (of any rule) can be left out. */
bool sketch_keeps(const struct sketch *sketch, const struct hit *hit);

#endif
