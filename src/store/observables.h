/* SPDX-License-Identifier: Apache-2.0 */
/*
 * observables.h: the index of observables: for every segment a run of sightings (ioc/obs_file.h), made while its rows are written and
 * committed with them; for many segments together merged runs, so that asking grows with distinct values and not with events.
 *
 * A merged run counts exactly the rows of the segments it covers. Where one of those goes (retention, rebuild), it goes too,
 * and the others are read by their own runs until they are merged again; so counts are always exact.
 */
#ifndef STORE_OBSERVABLES_H
#define STORE_OBSERVABLES_H

#include "ioc/observe.h"
#include "store/store.h"

/* What the catalog has of a table's index. */
struct observables_info {
	const char *table;
	uint64_t segments, unindexed; /* segments without a run: written by an older program */
	uint64_t runs, merged, bytes; /* of files */
};
/* Calls `each` for the tables by name; as store_segments. */
int store_observables(struct store *store,
	int (*each)(void *ctx, const struct observables_info *info, struct err *err), void *ctx,
	struct err *err);

/* The runs that together count each event of the indexed segments once. Borrowed texts. */
struct observable_run {
	const char *table, *path;
	struct obs_reader *reader;
};
struct observable_set {
	struct observable_run *runs;
	uint32_t n;
	uint64_t unindexed; /* segments that are not in it */
	struct arena mem;
};
/* Opens them (`table` NULL = of all tables). */
int observable_set_open(
	struct store *store, const char *table, struct observable_set *set, struct err *err);
void observable_set_close(struct observable_set *set);

/* A segment and its own run, which tells what it holds. */
struct observable_segment {
	const char *path; /* of the Parquet file */
	const char *run;  /* NULL = not indexed: it must be looked through */
	uint64_t id, rows, no_time;
	int64_t min_time, max_time; /* min > max: no row has a time */
};
/* The segments of a table, newest first; in `mem`. 0 or -1. */
int observable_segments(struct store *store, const char *table, struct arena *mem,
	struct observable_segment **segments, uint32_t *n, struct err *err);

/* Which columns of a table are indexed, in a shape that a file of it has; arrays in `mem`. Nothing (n = 0) where that
 * is not known. */
int store_observing(struct store *store, const char *table, const struct batch_shape *shape,
	struct arena *mem, struct observing *what, struct err *err);

/* The same as a schema's shape says, whatever was written. */
void observing_shape(const struct batch_shape *shape, struct arena *mem, struct observing *what);

/* Sets what is indexed of a table (shape of a schema) where nothing is set, and makes the runs that are missing. *made (may be NULL): how
 * many. ERR_INTERRUPTED by progress->stop; what was done stays. */
int store_index_observables(struct store *store, const struct batch_shape *shape,
	const struct progress *progress, uint64_t *made, struct err *err);

#endif
