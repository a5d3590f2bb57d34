/* SPDX-License-Identifier: Apache-2.0 */
/* ship_check.h: what was sent held against what is there, and sent anew where they differ. */
#ifndef PIPELINE_SHIP_CHECK_H
#define PIPELINE_SHIP_CHECK_H

#include "pipeline/ship_cluster.h"

#define SHIP_NO_DAY (-1) /* events without a time, or before 1970 */

/* A day of a table (UTC, since 1970): rows and checksum (cluster/checksum.h) of what this lake has sent, here and there. */
struct ship_day {
	const char *table;
	int64_t day;
	uint64_t here, there;
	uint64_t here_sum, there_sum;
	bool dropped; /* retention has dropped it here (or may have: SHIP_NO_DAY): nothing to compare with */
};
static inline bool ship_day_differs(const struct ship_day *day)
{
	return !day->dropped && (day->here != day->there || day->here_sum != day->there_sum);
}
/* Compares; calls `each` per day, by table and day. Nothing is sent by anybody meanwhile: ERR_BUSY where another process sends. 0 or -1. */
int ship_check(struct store *store, const struct ship_options *options,
	int (*each)(void *ctx, const struct ship_day *day, struct err *err), void *ctx,
	struct err *err);

/* Deletes there what this lake has sent, and lets it be sent anew: all of it, also numbers that this lake does not know. 0 or -1. */
int ship_again(struct store *store, const struct ship_options *options, struct err *err);
/* Deletes there and sends anew the events of one day. *rows: how many. */
int ship_again_day(struct store *store, const struct ship_options *options, int64_t day,
	uint64_t *rows, struct err *err);

#endif
