/* SPDX-License-Identifier: Apache-2.0 */
/* batch.c: life of a batch, finding columns, and the change of a column's form from dictionary to
 * plain. */
#include "batch/batch.h"

#include <stdio.h>
#include <stdlib.h>

void batch_init(struct batch *batch, const struct batch_shape *shape)
{
	*batch = (struct batch){.shape = shape};
	arena_init(&batch->mem);
	batch->columns = arena_zalloc(&batch->mem, shape->ncolumns, sizeof(*batch->columns));
	batch->groups = arena_zalloc(&batch->mem, shape->ngroups, sizeof(*batch->groups));
}

void batch_fini(struct batch *batch)
{
	arena_fini(&batch->mem);
	*batch = (struct batch){.shape = batch->shape};
}

char *column_copy(const struct column *col, uint32_t i)
{
	if (col->n == 0 || column_is_null(col, i))
		return NULL;
	struct slice text = column_text(col, i);
	char *copy = xmalloc(text.len + 1);
	if (text.len)
		memcpy(copy, text.ptr, text.len);
	copy[text.len] = '\0';
	return copy;
}

static bool names_column(const struct batch_shape *shape, uint32_t c, struct slice name)
{
	const struct column_shape *column = &shape->columns[c];
	if (column->group == NO_GROUP)
		return slice_eq(slice_of(column->name), name);
	struct slice group = slice_of(shape->groups[column->group].name);
	if (name.len < group.len || memcmp(name.ptr, group.ptr, group.len) != 0)
		return false;
	if (name.len == group.len)
		return shape->groups[column->group].bare;
	if (name.ptr[group.len] != '.')
		return false;
	struct slice field = {name.ptr + group.len + 1, name.len - group.len - 1};
	return slice_eq(slice_of(column->name), field);
}

int batch_find_column(const struct batch_shape *shape, struct slice name)
{
	for (uint32_t c = 0; c < shape->ncolumns; c++) {
		if (names_column(shape, c, name))
			return (int)c;
	}
	return -1;
}

static bool same_memory(const struct column *a, const struct column *b)
{
	return a->n == b->n && a->plain == b->plain && a->ndistinct == b->ndistinct &&
	       a->codes == b->codes && a->off == b->off && a->heap == b->heap && a->i64 == b->i64 &&
	       a->bools == b->bools && a->uuid == b->uuid && a->nulls == b->nulls;
}

uint32_t batch_first_alike(const struct batch *batch, uint32_t column)
{
	const struct column_shape *shapes = batch->shape->columns;
	const struct column *col = &batch->columns[column];
	for (uint32_t c = 0; c < column; c++) {
		if (same_memory(&batch->columns[c], col) && shapes[c].type == shapes[column].type &&
			shapes[c].group == shapes[column].group)
			return c;
	}
	return column;
}

void batch_make_plain(struct batch *batch, uint32_t column)
{
	struct column *col = &batch->columns[column];
	if (col->plain || !col_is_string(batch->shape->columns[column].type))
		return;
	uint64_t total = 0;
	uint32_t nulls = 0;
	for (uint32_t i = 0; i < col->n; i++) {
		uint32_t d = col->codes[i];
		if (d == CODE_NULL)
			nulls++;
		else
			total += col->off[d + 1] - col->off[d];
	}
	if (total > UINT32_MAX) {
		fprintf(stderr, "pugmark: bug: a plain column of %llu bytes\n",
			(unsigned long long)total);
		abort();
	}
	struct column out = {.n = col->n, .plain = true, .ndistinct = col->n};
	out.off = arena_alloc(&batch->mem, ((size_t)col->n + 1) * sizeof(*out.off));
	out.heap = arena_alloc(&batch->mem, total);
	if (nulls)
		out.nulls = arena_zalloc(&batch->mem, ((size_t)col->n + 63) / 64, sizeof(uint64_t));
	uint32_t at = 0;
	for (uint32_t i = 0; i < col->n; i++) {
		out.off[i] = at;
		if (col->codes[i] == CODE_NULL) {
			bit_set(out.nulls, i);
			continue;
		}
		struct slice text = column_text(col, i);
		if (text.len)
			memcpy(out.heap + at, text.ptr, text.len);
		at += (uint32_t)text.len;
	}
	out.off[col->n] = at;
	*col = out;
}
