/* SPDX-License-Identifier: Apache-2.0 */
/* observer.h (private to store/): the observables of one file of rows that is being written. Lease held, but for observer_look. */
#ifndef STORE_OBSERVER_H
#define STORE_OBSERVER_H

#include <pthread.h>

#include "ioc/obs_file.h"
#include "ioc/tally.h"
#include "store/observables.h"
#include "store/private.h"

struct observer {
	struct store *store;
	int64_t table_id;
	char table[128], name[STORE_NAME];
	struct arena mem;
	struct observing what; /* n = 0: nothing is indexed */
	pthread_mutex_t
		lock; /* of the tallies: as many as threads look at once, each in one's hands or free */
	struct tally **tallies, **free;
	uint32_t n, nfree, cap;
	struct sorted_facts facts;
	bool written;
};

/* What the marks of a schema's shape say is indexed of the table from now on. */
int observables_declare(struct store *store, const struct table_state *table,
	const struct batch_shape *shape, struct err *err);

/* For the segment `name` of a table, whose batches have `shape`. */
int observer_init(struct observer *o, struct store *store, const struct table_state *table,
	const char *name, const struct batch_shape *shape, struct err *err);
/* Counts a batch's rows (keep NULL = all); any thread. */
void observer_look(struct observer *o, const struct batch *batch, const uint32_t *keep, uint32_t n);
/* Writes the run and makes it durable. */
int observer_write(struct observer *o, struct err *err);
/* In the transaction of the segment: names the run. */
int observer_record(const struct observer *o, int64_t segment_id, struct err *err);
/* Frees it; the file is removed unless `committed`, or the store is in doubt. Accepts a zeroed one. */
void observer_fini(struct observer *o, bool committed);

/* In a transaction, before the segments `old` are retired: a merged run that covers all of them covers `fresh` instead, which has the same
 * rows. */
int observables_follow(
	struct store *store, const int64_t *old, uint32_t n, int64_t fresh, struct err *err);
/* In a transaction: retires the runs that count a segment's rows. */
int observables_retire(struct store *store, int64_t segment_id, struct err *err);

/* In a transaction: watchlists, where there are any, are to be asked of the segment. */
int watch_pending_add(struct store *store, int64_t segment_id, struct err *err);
/* In a transaction: watchlists that `old` waits for are asked of `fresh`. */
int watch_pending_follow(struct store *store, int64_t old, int64_t fresh, struct err *err);

/* SQL: whether run r is one of those that together count each event of the indexed segments once: merged, or of a segment that no
 * merged one covers. */
#define OBSERVABLE_PART                                                                            \
	"(r.level > 0 OR NOT EXISTS (SELECT 1 FROM observable_cover c"                             \
	" JOIN observable_cover m ON m.segment_id = c.segment_id"                                  \
	" JOIN observable_runs o ON o.id = m.run_id"                                               \
	" WHERE c.run_id = r.id AND o.level > 0))"

/* In a transaction: names a run. */
int observables_add_run(struct store *store, int64_t table_id, const char *name, int level,
	const struct sorted_facts *facts, int64_t *id, struct err *err);

/* Merges runs of a table where many are of about one size; `all`: into one, where that is worth it. Lease held. */
int store_merge_observables(
	struct store *store, struct table_state *table, bool all, struct err *err);

#endif
