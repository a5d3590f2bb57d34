/* SPDX-License-Identifier: Apache-2.0 */
/*
 * concat.h: rows of several batches as one batch, in any order: for merging and sorting row groups.
 */
#ifndef BATCH_CONCAT_H
#define BATCH_CONCAT_H

#include "batch/batch.h"

/* A row of one of several batches. */
struct row_ref {
	uint32_t batch, row;
};

/* Whether both describe the same table: names, types, groups, in the same order. */
bool batch_shape_equal(const struct batch_shape *a, const struct batch_shape *b);
/* Copies a shape with its names; all in `mem`, but the table's name. */
void batch_shape_copy(struct batch_shape *to, const struct batch_shape *from, struct arena *mem);

/* Makes a new batch of the n rows named, in that order: its memory is its own in out->mem, its shape
 * is `shape`, which every input's must equal. Dictionaries become one, in order of first use; a
 * column with more distinct values than half of its values (beyond 2,048 distinct) becomes plain.
 * Columns that an input does not have (n = 0) are null throughout its rows. What batches have
 * beside their columns (raw, records, flags, keys) is not taken along. The text of one column must
 * stay below 4 GiB in all. */
void batch_concat(const struct batch *const *batches, const struct row_ref *rows, uint32_t n,
	const struct batch_shape *shape, struct batch *out);

#endif
