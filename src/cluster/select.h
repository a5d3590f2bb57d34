/* SPDX-License-Identifier: Apache-2.0 */
/* select.h: rows of a table of the cluster as batches. */
#ifndef CLUSTER_SELECT_H
#define CLUSTER_SELECT_H

#include "cluster/native.h"

struct cluster_select {
	const char *table;
	const struct batch_shape *shape; /* the table's columns that there are */
	const bool *want;                /* of them; NULL = all */
	struct slice
		gate; /* SQL: where it does not hold other columns are not read (PREWHERE); may be empty */
	struct slice where; /* SQL; empty = all rows */
	struct slice tail;  /* ORDER BY, LIMIT …; may be empty */
	unsigned ms;        /* as cluster_query's; 0 = none */
	/* 0 goes on, 1 ends, -1 with err. The batch is the caller's for the call alone. Of events that others sent it has no place in a
	 * vault: theirs is not here. */
	int (*each)(void *ctx, struct batch *batch, struct err *err);
	void *ctx;
	/* set by cluster_select */
	uint64_t bytes, ncolumns; /* of the answer */
};
/* Asks. 0, 1 where `each` ended it, -1. */
int cluster_select(struct cluster *cluster, struct cluster_select *select, struct err *err);

#endif
