/* SPDX-License-Identifier: Apache-2.0 */
/* observe_private.h: the values of a batch as numbers of observables, and the walk over rows by them. */
#ifndef IOC_OBSERVE_PRIVATE_H
#define IOC_OBSERVE_PRIVATE_H

#include "ioc/observe.h"

/* The numbers that a column's values stand for: of value d, numbers[start[d]] to numbers[start[d + 1]]. */
struct observed_as {
	const struct column *column;
	const struct group *group; /* NULL = one value per row */
	uint32_t *start;
	uint32_t *numbers;
	uint32_t n, cap;
};

/* The marks of all columns that hold any (*n of them): `number` says with observed_as what a key stands for. mark_free frees them. */
struct observed_as *mark_columns(const struct observing *what, const struct batch *batch,
	void (*number)(void *ctx, enum ioc_kind kind, struct slice key, struct observed_as *to),
	void *ctx, uint32_t *n);
void mark_free(struct observed_as *marks, uint32_t n);

/* Whether a row is left out. */
static inline bool mark_skipped(
	const struct observing *what, const struct batch *batch, uint32_t row)
{
	const struct column *column = &batch->columns[what->skip_column];
	return column->n > 0 && !bit_get(column->nulls, row) && column->bools[row];
}

/* Calls touch(ctx, number, row) for what stands in a row. Inlined, so that touch is no call. */
static inline __attribute__((always_inline)) void each_mark(const struct observed_as *marks,
	uint32_t n, uint32_t row, void (*touch)(void *ctx, uint32_t number, uint32_t row),
	void *ctx)
{
	for (uint32_t m = 0; m < n; m++) {
		const struct column *column = marks[m].column;
		const struct group *group = marks[m].group;
		uint32_t from = group ? group->list_off[row] : row;
		uint32_t to = group ? group->list_off[row + 1] : row + 1;
		for (uint32_t e = from; e < to; e++) {
			uint32_t d = column->plain ? e : column->codes[e];
			if (d == CODE_NULL)
				continue;
			for (uint32_t i = marks[m].start[d]; i < marks[m].start[d + 1]; i++)
				touch(ctx, marks[m].numbers[i], row);
		}
	}
}

#endif
