/* SPDX-License-Identifier: Apache-2.0 */
/* select.c: the rows of a batch that are to be kept, as a batch of their own. Values are gathered
 * by a list of indexes: rows for columns of the table, elements for columns of a list. */
#include "batch/batch.h"

#include <stdlib.h>

struct gather {
	const uint32_t *index;
	uint32_t n;
};

/* Bits of `nulls` at the indexes; NULL where none of them is set. */
static uint64_t *gather_bits(const uint64_t *nulls, struct gather g, struct arena *mem)
{
	if (!nulls)
		return NULL;
	uint64_t *out = arena_zalloc(mem, ((size_t)g.n + 63) / 64, sizeof(*out));
	uint64_t any = 0;
	for (uint32_t i = 0; i < g.n; i++) {
		uint64_t bit = nulls[g.index[i] >> 6] >> (g.index[i] & 63) & 1;
		out[i >> 6] |= bit << (i & 63);
		any |= bit;
	}
	return any ? out : NULL;
}

static void gather_plain(
	const struct column *col, struct gather g, struct column *out, struct arena *mem)
{
	size_t total = 0;
	for (uint32_t i = 0; i < g.n; i++)
		total += col->off[g.index[i] + 1] - col->off[g.index[i]];
	out->off = arena_alloc(mem, ((size_t)g.n + 1) * sizeof(*out->off));
	out->heap = arena_alloc(mem, total);
	uint32_t at = 0;
	for (uint32_t i = 0; i < g.n; i++) {
		uint32_t from = col->off[g.index[i]], len = col->off[g.index[i] + 1] - from;
		out->off[i] = at;
		if (len)
			memcpy(out->heap + at, col->heap + from, len);
		at += len;
	}
	out->off[g.n] = at;
	out->ndistinct = g.n;
	out->nulls = gather_bits(col->nulls, g, mem);
}

/* New codes are given in order of first use; `used` lists the old ones in that order. */
static void gather_codes(
	const struct column *col, struct gather g, struct column *out, struct arena *mem)
{
	uint32_t *renamed = xmalloc(((size_t)col->ndistinct + 1) * sizeof(*renamed));
	uint32_t *used = xmalloc(((size_t)col->ndistinct + 1) * sizeof(*used));
	memset(renamed, 0xff, (size_t)col->ndistinct * sizeof(*renamed));
	out->codes = arena_alloc(mem, (size_t)g.n * sizeof(*out->codes));
	size_t total = 0;
	uint32_t n = 0;
	for (uint32_t i = 0; i < g.n; i++) {
		uint32_t d = col->codes[g.index[i]];
		if (d != CODE_NULL && renamed[d] == CODE_NULL) {
			used[n] = d;
			renamed[d] = n++;
			total += col->off[d + 1] - col->off[d];
		}
		out->codes[i] = d == CODE_NULL ? CODE_NULL : renamed[d];
	}
	out->ndistinct = n;
	out->off = arena_alloc(mem, ((size_t)n + 1) * sizeof(*out->off));
	out->heap = arena_alloc(mem, total);
	uint32_t at = 0;
	for (uint32_t i = 0; i < n; i++) {
		uint32_t from = col->off[used[i]], len = col->off[used[i] + 1] - from;
		out->off[i] = at;
		if (len)
			memcpy(out->heap + at, col->heap + from, len);
		at += len;
	}
	out->off[n] = at;
	free(renamed);
	free(used);
}

static void gather_scalars(
	const struct column *col, struct gather g, struct column *out, struct arena *mem)
{
	if (col->i64) {
		out->i64 = arena_alloc(mem, (size_t)g.n * sizeof(*out->i64));
		for (uint32_t i = 0; i < g.n; i++)
			out->i64[i] = col->i64[g.index[i]];
	}
	if (col->bools) {
		out->bools = arena_alloc(mem, g.n);
		for (uint32_t i = 0; i < g.n; i++)
			out->bools[i] = col->bools[g.index[i]];
	}
	if (col->uuid) {
		out->uuid = arena_alloc(mem, (size_t)g.n * sizeof(*out->uuid));
		for (uint32_t i = 0; i < g.n; i++)
			memcpy(out->uuid[i], col->uuid[g.index[i]], sizeof(*out->uuid));
	}
	out->nulls = gather_bits(col->nulls, g, mem);
}

static void select_column(const struct batch *batch, uint32_t c, struct gather g, struct batch *out)
{
	const struct column *col = &batch->columns[c];
	struct column *to = &out->columns[c];
	uint32_t alike = batch_first_alike(batch, c);
	if (alike != c) {
		*to = out->columns[alike];
		to->shared = true;
		return;
	}
	if (!col->n)
		return;
	to->n = g.n;
	to->plain = col->plain;
	if (!col_is_string(batch->shape->columns[c].type))
		gather_scalars(col, g, to, &out->mem);
	else if (col->plain)
		gather_plain(col, g, to, &out->mem);
	else
		gather_codes(col, g, to, &out->mem);
}

/* Writes the list's new offsets and returns the elements that stay (to be freed). */
static struct gather select_group(
	const struct group *group, struct gather rows, struct group *to, struct arena *mem)
{
	size_t n = 0;
	for (uint32_t i = 0; i < rows.n; i++)
		n += group->list_off[rows.index[i] + 1] - group->list_off[rows.index[i]];
	uint32_t *index = xmalloc(n * sizeof(*index));
	to->list_off = arena_alloc(mem, ((size_t)rows.n + 1) * sizeof(*to->list_off));
	uint32_t at = 0;
	for (uint32_t i = 0; i < rows.n; i++) {
		to->list_off[i] = at;
		uint32_t r = rows.index[i];
		for (uint32_t e = group->list_off[r]; e < group->list_off[r + 1]; e++)
			index[at++] = e;
	}
	to->list_off[rows.n] = at;
	to->nelements = at;
	to->nulls = gather_bits(group->nulls, rows, mem);
	return (struct gather){index, at};
}

static void select_rest(const struct batch *batch, struct gather g, struct batch *out)
{
	out->raw = batch->raw;
	out->raw_offset = batch->raw_offset;
	if (batch->records) {
		out->records = arena_alloc(&out->mem, (size_t)g.n * sizeof(*out->records));
		for (uint32_t i = 0; i < g.n; i++)
			out->records[i] = batch->records[g.index[i]];
	}
	if (batch->flags) {
		out->flags = arena_alloc(&out->mem, g.n);
		for (uint32_t i = 0; i < g.n; i++)
			out->flags[i] = batch->flags[g.index[i]];
	}
	if (batch->keys) {
		out->keys = arena_alloc(&out->mem, (size_t)g.n * sizeof(*out->keys));
		for (uint32_t i = 0; i < g.n; i++)
			memcpy(out->keys[i], batch->keys[g.index[i]], sizeof(*out->keys));
	}
}

void batch_select(const struct batch *batch, const uint32_t *keep, uint32_t n, struct batch *out)
{
	const struct batch_shape *shape = batch->shape;
	struct gather rows = {keep, n};
	batch_init(out, shape);
	out->nrows = n;
	for (uint32_t c = 0; c < shape->ncolumns; c++) {
		int group = shape->columns[c].group;
		if (group == NO_GROUP) {
			select_column(batch, c, rows, out);
			continue;
		}
		if (!batch->groups[group].list_off)
			continue;
		struct gather elements =
			select_group(&batch->groups[group], rows, &out->groups[group], &out->mem);
		for (; c < shape->ncolumns && shape->columns[c].group == group; c++)
			select_column(batch, c, elements, out);
		c--;
		free((uint32_t *)(uintptr_t)elements.index);
	}
	select_rest(batch, rows, out);
}
