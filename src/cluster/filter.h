/* SPDX-License-Identifier: Apache-2.0 */
/*
 * filter.h: the matcher's programs as SQL, in a pair: `must` holds only for events that match, `may` holds for all that do (and for
 * some that do not). Where both are one, the server's answer is exact. Events between the two are read and judged here by the
 * matcher itself. So search on a cluster finds what search in the lake finds, whatever SQL cannot say (full case folding, PCRE2, keys of
 * JSON), and the server does as much of the work as it can.
 *
 * Per test: must ⊆ match ⊆ may. NOT turns them round: must(NOT x) = NOT may(x). What has no SQL is (0, has any value). A
 * literal in ASCII without regard to case is found in ASCII's own letters; the few letters beyond ASCII that fold to some (ß, ſ, the
 * Kelvin sign, ligatures …) put a value between the two.
 */
#ifndef CLUSTER_FILTER_H
#define CLUSTER_FILTER_H

#include "cluster/cluster.h"
#include "match/match.h"

struct cluster_filter {
	/* SQL, in brackets or one call; "1", "0" for all and nothing. Never NULL as a value. */
	struct buf may, must;
	struct buf
		gate; /* holds wherever `may` does, and costs less: for PREWHERE; empty where there is none */
	struct buf
		between; /* holds wherever they differ, and costs next to nothing: for PREWHERE; empty where there is none */
	bool exact; /* must and may say the same */
};
/* Of a bound program (match_bind), whose names are columns and whose relative times are times already. The buffers are the caller's
 * (filter_free). What would be too long for a server becomes (0, 1). */
void filter_make(const struct match_program *program, const struct cluster_features *features,
	struct cluster_filter *filter);
/* No row that is asked for is one of `between`, which is not empty: must is all there is to say, and the filter is exact. */
void filter_settle(struct cluster_filter *filter);
void filter_free(struct cluster_filter *filter);

#endif
