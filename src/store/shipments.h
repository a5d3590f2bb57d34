/* SPDX-License-Identifier: Apache-2.0 */
/*
 * shipments.h: what of the lake was sent to the cluster, and what is on its way. A shipment is some segments of one table that are sent
 * together under a number that no other one ever has; each of its rows carries it there.
 *
 *	intended    in the catalog before the first byte leaves (shipment_next). From then on its segments stay as they are, so that
 *	            the very same blocks can be made again, until it is
 *	sent        the cluster has all of it (shipment_sent), or
 *	withdrawn   it is not to be: its rows there are to be deleted, and its segments go under another number (shipment_withdraw)
 *
 * One shipment at the most is intended at a time, by whoever holds CLUSTER_LOCK.
 *
 * Compaction merges what is sent with what is sent, and what is not with what is not, but nothing of a shipment on its way; so a cluster
 * that is away for weeks costs a table twice as many files at the most. Retention goes ahead whatever waits: a shipment on its way that loses
 * rows is withdrawn; rows that were never sent never will be. A rebuild makes all of a table anew: what was sent of it is withdrawn.
 */
#ifndef STORE_SHIPMENTS_H
#define STORE_SHIPMENTS_H

#include "store/store.h"

#define CLUSTER_LOCK "cluster.lock" /* who sends to the cluster */

struct shipment_segment {
	int64_t id;
	const char *path; /* of the Parquet file */
	const char *run;  /* of its observables; NULL = not indexed */
	uint64_t rows, raw_bytes;
};
struct shipment {
	uint64_t id;
	const char *table;
	int64_t made_at;
	uint64_t rows, no_time;
	int64_t min_time, max_time;        /* of all rows; min > max where none has a time */
	struct shipment_segment *segments; /* by id */
	uint32_t n;
};
/* The shipment on its way. 1 with texts in `mem`; 0 none is; -1. */
int shipment_open(
	struct store *store, struct arena *mem, struct shipment *shipment, struct err *err);
/* Intends the next one, of what was committed at `since` or later: segments of the table that waits longest, oldest first, about 1,000,000 rows of them. None
 * may be on its way. 1 with texts in `mem`; 0 nothing waits; -1. */
int shipment_next(struct store *store, int64_t since, struct arena *mem, struct shipment *shipment,
	struct err *err);
/* An empty one, for rows of segments that were sent before (load --again DAY). It is not seen by shipment_open. 0 or -1. */
int shipment_extra(struct store *store, const char *table, uint64_t *id, struct err *err);
/* The cluster has it. 1; 0 it was withdrawn meanwhile; -1. */
int shipment_sent(struct store *store, uint64_t id, struct err *err);
/* It is not to be: see above. 0 or -1. */
int shipment_withdraw(struct store *store, uint64_t id, struct err *err);
/* All of a table that was sent, or is on its way, is to be sent anew (NULL = of all tables). 0 or -1. */
int shipments_again(struct store *store, const char *table, struct err *err);

/* What is to be deleted there before anything else is sent. */
struct shipment_withdrawn {
	uint64_t id;
	const char *table;
	bool all; /* all that this lake sent of the table up to `id`; else `id` alone */
};
/* 1 with texts in `mem`; 0 none; -1. */
int shipments_withdrawn(struct store *store, struct arena *mem,
	struct shipment_withdrawn *withdrawn, struct err *err);
/* It is deleted there. 0 or -1. */
int shipments_forget(struct store *store, uint64_t id, struct err *err);

/* The greatest number ever given out. 0 or -1. */
int shipments_last(struct store *store, uint64_t *id, struct err *err);
/* No number up to `id` is given out any more (they are used there: a backup was restored). 0 or -1. */
int shipments_skip(struct store *store, uint64_t id, struct err *err);

/* What waits to be sent: of segments committed at `since` or later. */
struct shipments_lag {
	uint64_t segments, rows;
	int64_t oldest; /* when the oldest of them was committed; 0 = nothing waits */
};
int shipments_lag(struct store *store, int64_t since, struct shipments_lag *lag, struct err *err);

/* Calls `each` for the segments of a table that were sent, by id; as store_segments. `segment` has texts until the call returns. */
int shipments_segments(struct store *store, const char *table,
	int (*each)(void *ctx, const struct shipment_segment *segment, struct err *err), void *ctx,
	struct err *err);

#endif
