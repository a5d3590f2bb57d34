/* SPDX-License-Identifier: Apache-2.0 */
/*
 * detect_catch.h: hits caught while an import has its batches in memory, so that the detector of the same process does not read them
 * again from the tables.
 *
 * It is a cache and nothing else: which segments are to be looked at says the catalog. What was not caught (memory was short, another
 * process committed, this one was killed) is read from the table's file, which has the same hits.
 */
#ifndef PIPELINE_DETECT_CATCH_H
#define PIPELINE_DETECT_CATCH_H

#include "detect/correlate.h"
#include "schema/schema.h"
#include "store/store.h"

struct detect_catch;
/* For the store's schemas of now and these rules (borrowed, for its life). NULL where they cannot be prepared. `memory`: of what is kept at
 * most. */
struct detect_catch *detect_catch_new(
	struct store *store, const struct rules *rules, uint64_t memory);
/* Frees; accepts NULL. */
void detect_catch_free(struct detect_catch *catch);
const struct rules *detect_catch_rules(const struct detect_catch *catch);

/* What is kept of one row group: its hits, and the rows that few others are like: they may be asked for as evidence. */
struct caught_group {
	struct hit *hits; /* source, file and row_group are whoever reads them's to set */
	uint32_t nhits, nrows;
	uint32_t *rows;     /* nrows, ascending: numbers in the row group … */
	struct batch batch; /* … of the rows that it has */
	size_t bytes;
	struct detect_catch *catch;
};
/* Of a segment. */
struct caught {
	uint32_t n;
	struct caught_group **groups;
	const struct batch_shape *shape;
	char *source;
};

/* The hits of a batch on its way into a segment: rows that are dropped do not count. Any number of threads. NULL: not caught, and the
 * segment that it goes into is not either. Owned. */
struct caught_group *detect_catch_batch(
	struct detect_catch *catch, const struct schema *schema, const struct batch *batch);
/* Frees one that was not taken over; accepts NULL. */
void caught_group_free(struct caught_group *group);
/* A segment was committed: its row groups in order, one at least (the list is copied, they are taken over). */
void detect_catch_segment(struct detect_catch *catch, uint64_t segment, const char *source,
	struct caught_group *const *groups, uint32_t n);
/* What was caught of a segment, or NULL; borrowed until it is forgotten. */
const struct caught *detect_catch_find(const struct detect_catch *catch, uint64_t segment);
void detect_catch_forget(struct detect_catch *catch, uint64_t segment);

#endif
