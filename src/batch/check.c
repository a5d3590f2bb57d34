/* SPDX-License-Identifier: Apache-2.0 */
/* check.c: a batch's invariants, and the comparison of two batches value by value. */
#include "batch/batch.h"

#include "base/hash.h"

#include <stdio.h>
#include <stdlib.h>

/* Where a check is, for its message. */
struct where {
	const struct batch_shape *shape;
	uint32_t column;
};

/* Works in release builds too: tests run there as well. */
static void must(bool holds, struct where at, const char *what)
{
	if (holds)
		return;
	const char *name = at.column < at.shape->ncolumns ? at.shape->columns[at.column].name : "-";
	fprintf(stderr, "pugmark: bug: batch of %s, column %u (%s): %s\n", at.shape->table,
		at.column, name, what);
	abort();
}

static void check_distinct(const struct column *col, struct where at)
{
	uint64_t slots = 16;
	while (slots < 2ull * col->ndistinct)
		slots *= 2;
	uint32_t *table = xmalloc(slots * sizeof(*table));
	memset(table, 0xff, slots * sizeof(*table));
	for (uint32_t d = 0; d < col->ndistinct; d++) {
		struct slice text = {col->heap + col->off[d], col->off[d + 1] - col->off[d]};
		uint64_t s = hash_bytes(text.ptr, text.len) & (slots - 1);
		for (; table[s] != UINT32_MAX; s = (s + 1) & (slots - 1)) {
			uint32_t o = table[s];
			struct slice other = {
				col->heap + col->off[o], col->off[o + 1] - col->off[o]};
			must(!slice_eq(text, other), at, "a dictionary holds a value twice");
		}
		table[s] = d;
	}
	free(table);
}

static void check_string(const struct column *col, enum col_type type, struct where at)
{
	must(col->off, at, "a string column has no offsets");
	must(col->heap || col->off[col->ndistinct] == 0, at, "a string column has no heap");
	for (uint32_t d = 0; d < col->ndistinct; d++) {
		must(col->off[d] <= col->off[d + 1], at, "offsets do not ascend");
		bool null = col->plain && bit_get(col->nulls, d);
		must(type != COL_IP || null || col->off[d + 1] - col->off[d] == 16, at,
			"an address is not of 16 bytes");
	}
	if (col->plain) {
		must(col->ndistinct == col->n, at, "plain form: ndistinct is not n");
		return;
	}
	must(col->codes, at, "dictionary form has no codes");
	for (uint32_t i = 0; i < col->n; i++)
		must(col->codes[i] < col->ndistinct || col->codes[i] == CODE_NULL, at,
			"a code is past the dictionary");
	check_distinct(col, at);
}

static void check_column(const struct batch *batch, uint32_t c, uint32_t n)
{
	const struct column *col = &batch->columns[c];
	struct where at = {batch->shape, c};
	enum col_type type = batch->shape->columns[c].type;
	if (col->n == 0)
		return;
	must(col->n == n, at, "the number of values is wrong");
	if (col_is_string(type)) {
		check_string(col, type, at);
	} else if (type == COL_BOOL) {
		must(col->bools, at, "no values");
		for (uint32_t i = 0; i < n; i++)
			must(col->bools[i] <= 1 || bit_get(col->nulls, i), at,
				"a boolean is neither 0 nor 1");
	} else if (type == COL_UUID) {
		must(col->uuid, at, "no values");
	} else {
		must(col->i64, at, "no values");
		for (uint32_t i = 0; i < n && type == COL_INT32; i++)
			must(bit_get(col->nulls, i) || col->i64[i] == (int32_t)col->i64[i], at,
				"a value does not fit in 32 bits");
	}
}

static void check_group(const struct batch *batch, uint32_t g)
{
	const struct group *group = &batch->groups[g];
	struct where at = {batch->shape, UINT32_MAX};
	if (!group->list_off) {
		must(group->nelements == 0, at, "a list has elements but no offsets");
		return;
	}
	must(group->list_off[0] == 0, at, "a list's offsets do not begin at 0");
	for (uint32_t r = 0; r < batch->nrows; r++) {
		must(group->list_off[r] <= group->list_off[r + 1], at,
			"a list's offsets do not ascend");
		must(!bit_get(group->nulls, r) || group->list_off[r] == group->list_off[r + 1], at,
			"a null list has elements");
	}
	must(group->list_off[batch->nrows] == group->nelements, at,
		"a list's offsets do not end at its elements");
}

static void check_shape(const struct batch_shape *shape)
{
	for (uint32_t c = 0; c < shape->ncolumns; c++) {
		int group = shape->columns[c].group;
		struct where at = {shape, c};
		must(group == NO_GROUP || (group >= 0 && (uint32_t)group < shape->ngroups), at,
			"the group does not exist");
		bool again = group != NO_GROUP && c > 0 && shape->columns[c - 1].group != group;
		for (uint32_t b = 0; again && b < c; b++)
			must(shape->columns[b].group != group, at, "a group is not adjacent");
		must(group == NO_GROUP || !shape->groups[group].bare || c == 0 ||
				shape->columns[c - 1].group != group,
			at, "a bare list has two columns");
	}
}

void batch_check(const struct batch *batch)
{
	const struct batch_shape *shape = batch->shape;
	check_shape(shape);
	must(batch->nrows <= LIMIT_BATCH_ROWS, (struct where){shape, UINT32_MAX}, "too many rows");
	for (uint32_t g = 0; g < shape->ngroups; g++)
		check_group(batch, g);
	for (uint32_t c = 0; c < shape->ncolumns; c++) {
		int group = shape->columns[c].group;
		check_column(batch, c,
			group == NO_GROUP ? batch->nrows : batch->groups[group].nelements);
	}
}

static bool same_value(
	const struct column *a, const struct column *b, enum col_type type, uint32_t i)
{
	bool null = column_is_null(a, i);
	if (null != column_is_null(b, i))
		return false;
	if (null)
		return true;
	if (col_is_string(type))
		return slice_eq(column_text(a, i), column_text(b, i));
	if (type == COL_BOOL)
		return a->bools[i] == b->bools[i];
	if (type == COL_UUID)
		return memcmp(a->uuid[i], b->uuid[i], sizeof(a->uuid[i])) == 0;
	return a->i64[i] == b->i64[i];
}

static int compare_column(const struct batch *a, const struct batch *b, uint32_t c, struct err *err)
{
	const struct column *x = &a->columns[c], *y = &b->columns[c];
	const struct column_shape *shape = &a->shape->columns[c];
	const char *group = shape->group == NO_GROUP ? "" : a->shape->groups[shape->group].name;
	const char *dot = shape->group == NO_GROUP ? "" : ".";
	if (x->n != y->n)
		return err_set(err, ERR_DAMAGED,
			"column %s%s%s has %u values in one, %u in the other", group, dot,
			shape->name, x->n, y->n);
	for (uint32_t i = 0; i < x->n; i++) {
		if (!same_value(x, y, shape->type, i))
			return err_set(err, ERR_DAMAGED, "column %s%s%s differs at value %u", group,
				dot, shape->name, i);
	}
	return 0;
}

static int compare_group(const struct batch *a, const struct batch *b, uint32_t g, struct err *err)
{
	const struct group *x = &a->groups[g], *y = &b->groups[g];
	const char *name = a->shape->groups[g].name;
	if (!x->list_off != !y->list_off)
		return err_set(err, ERR_DAMAGED, "list %s is in one only", name);
	for (uint32_t r = 0; x->list_off && r < a->nrows; r++) {
		if (x->list_off[r + 1] != y->list_off[r + 1] ||
			bit_get(x->nulls, r) != bit_get(y->nulls, r))
			return err_set(err, ERR_DAMAGED, "list %s differs at row %u", name, r);
	}
	return 0;
}

static int compare_shapes(const struct batch_shape *a, const struct batch_shape *b, struct err *err)
{
	if (a->ncolumns != b->ncolumns || a->ngroups != b->ngroups)
		return err_set(err, ERR_DAMAGED,
			"%u columns in %u lists in one, %u in %u in the other", a->ncolumns,
			a->ngroups, b->ncolumns, b->ngroups);
	for (uint32_t c = 0; c < a->ncolumns; c++) {
		if (a->columns[c].type != b->columns[c].type ||
			a->columns[c].group != b->columns[c].group)
			return err_set(err, ERR_DAMAGED, "column %u (%s) is of another kind", c,
				a->columns[c].name);
	}
	return 0;
}

int batch_compare(const struct batch *a, const struct batch *b, struct err *err)
{
	if (compare_shapes(a->shape, b->shape, err))
		return -1;
	if (a->nrows != b->nrows)
		return err_set(
			err, ERR_DAMAGED, "%u rows in one, %u in the other", a->nrows, b->nrows);
	for (uint32_t g = 0; g < a->shape->ngroups; g++) {
		if (compare_group(a, b, g, err))
			return -1;
	}
	for (uint32_t c = 0; c < a->shape->ncolumns; c++) {
		if (compare_column(a, b, c, err))
			return -1;
	}
	return 0;
}
