/* SPDX-License-Identifier: Apache-2.0 */
/* concat.c: gathers rows of several batches into one. Values are named by (batch, index): rows for
 * columns of the table, elements for columns of a list. */
#include "batch/concat.h"

#include <stdlib.h>

#include "base/map.h"

enum { DISTINCT_FREE = 2048 };

struct concat {
	const struct batch *const *batches;
	struct arena *mem;
	const struct row_ref *refs; /* of values; `row` is the element's index in a list's column */
	uint32_t n;
};

bool batch_shape_equal(const struct batch_shape *a, const struct batch_shape *b)
{
	if (a->ncolumns != b->ncolumns || a->ngroups != b->ngroups ||
		strcmp(a->table, b->table) != 0)
		return false;
	for (uint32_t i = 0; i < a->ncolumns; i++) {
		const struct column_shape *x = &a->columns[i], *y = &b->columns[i];
		if (x->type != y->type || x->group != y->group || strcmp(x->name, y->name) != 0)
			return false;
	}
	for (uint32_t i = 0; i < a->ngroups; i++) {
		if (a->groups[i].bare != b->groups[i].bare ||
			strcmp(a->groups[i].name, b->groups[i].name) != 0)
			return false;
	}
	return true;
}

static const struct column *column_of(const struct concat *c, uint32_t i, uint32_t column)
{
	return &c->batches[c->refs[i].batch]->columns[column];
}

/* A column without values stands for nulls: its batch was read without it. */
static bool is_null(const struct column *col, uint32_t row)
{
	return row >= col->n || column_is_null(col, row);
}

static uint64_t *concat_nulls(const struct concat *c, uint32_t column)
{
	uint64_t *nulls = NULL;
	for (uint32_t i = 0; i < c->n; i++) {
		if (!is_null(column_of(c, i, column), c->refs[i].row))
			continue;
		if (!nulls)
			nulls = arena_zalloc(c->mem, ((size_t)c->n + 63) / 64, sizeof(*nulls));
		bit_set(nulls, i);
	}
	return nulls;
}

static void concat_plain(const struct concat *c, uint32_t column, struct column *to)
{
	size_t total = 0;
	to->plain = true;
	to->nulls = concat_nulls(c, column);
	to->ndistinct = c->n;
	for (uint32_t i = 0; i < c->n; i++) {
		if (!bit_get(to->nulls, i))
			total += column_text(column_of(c, i, column), c->refs[i].row).len;
	}
	to->off = arena_alloc(c->mem, ((size_t)c->n + 1) * sizeof(*to->off));
	to->heap = arena_alloc(c->mem, total);
	uint32_t at = 0;
	for (uint32_t i = 0; i < c->n; i++) {
		to->off[i] = at;
		if (bit_get(to->nulls, i))
			continue;
		struct slice text = column_text(column_of(c, i, column), c->refs[i].row);
		if (text.len)
			memcpy(to->heap + at, text.ptr, text.len);
		at += (uint32_t)text.len;
	}
	to->off[c->n] = at;
}

/* New codes of an input's dictionary, CODE_NULL while not met. */
struct renaming {
	uint32_t *codes;
};

static uint32_t new_code(struct map *values, struct slice text)
{
	bool was_new;
	uint64_t *value = map_put(values, text, &was_new);
	if (was_new)
		*value = values->count - 1;
	return (uint32_t)*value;
}

/* Fills to->codes; false where there are too many distinct values for a dictionary. */
static bool concat_codes(const struct concat *c, uint32_t column, struct map *values,
	struct renaming *renamings, struct column *to)
{
	uint32_t most = c->n / 2 > DISTINCT_FREE ? c->n / 2 : DISTINCT_FREE;
	for (uint32_t i = 0; i < c->n; i++) {
		const struct column *col = column_of(c, i, column);
		uint32_t row = c->refs[i].row, *renamed = NULL;
		if (is_null(col, row)) {
			to->codes[i] = CODE_NULL;
			continue;
		}
		if (!col->plain) {
			struct renaming *r = &renamings[c->refs[i].batch];
			if (!r->codes) {
				r->codes = xmalloc(((size_t)col->ndistinct + 1) * sizeof(uint32_t));
				memset(r->codes, 0xff, col->ndistinct * sizeof(uint32_t));
			}
			renamed = &r->codes[col->codes[row]];
		}
		if (renamed && *renamed != CODE_NULL) {
			to->codes[i] = *renamed;
			continue;
		}
		to->codes[i] = new_code(values, column_text(col, row));
		if (renamed)
			*renamed = to->codes[i];
		if (values->count > most)
			return false;
	}
	return true;
}

static void take_dictionary(const struct concat *c, const struct map *values, struct column *to)
{
	size_t total = 0;
	for (uint32_t i = 0; i < values->count; i++)
		total += values->entries[i].key.len;
	to->ndistinct = values->count;
	to->off = arena_alloc(c->mem, ((size_t)values->count + 1) * sizeof(*to->off));
	to->heap = arena_alloc(c->mem, total);
	uint32_t at = 0;
	for (uint32_t i = 0; i < values->count; i++) {
		struct slice text = values->entries[i].key;
		to->off[i] = at;
		if (text.len)
			memcpy(to->heap + at, text.ptr, text.len);
		at += (uint32_t)text.len;
	}
	to->off[values->count] = at;
}

static void concat_strings(
	const struct concat *c, uint32_t column, uint32_t nbatches, struct column *to)
{
	struct map values;
	struct renaming *renamings = xcalloc(nbatches, sizeof(*renamings));
	map_init(&values);
	to->codes = arena_alloc(c->mem, (size_t)c->n * sizeof(*to->codes));
	if (concat_codes(c, column, &values, renamings, to)) {
		take_dictionary(c, &values, to);
	} else {
		to->codes = NULL;
		concat_plain(c, column, to);
	}
	for (uint32_t b = 0; b < nbatches; b++)
		free(renamings[b].codes);
	free(renamings);
	map_fini(&values);
}

static void concat_scalars(
	const struct concat *c, uint32_t column, enum col_type type, struct column *to)
{
	size_t n = c->n;
	to->nulls = concat_nulls(c, column);
	if (type == COL_UUID)
		to->uuid = arena_zalloc(c->mem, n, sizeof(*to->uuid));
	else if (type == COL_BOOL)
		to->bools = arena_zalloc(c->mem, n, 1);
	else
		to->i64 = arena_zalloc(c->mem, n, sizeof(*to->i64));
	for (uint32_t i = 0; i < c->n; i++) {
		const struct column *col = column_of(c, i, column);
		uint32_t row = c->refs[i].row;
		if (bit_get(to->nulls, i))
			continue;
		if (to->uuid)
			memcpy(to->uuid[i], col->uuid[row], sizeof(*to->uuid));
		else if (to->bools)
			to->bools[i] = col->bools[row];
		else
			to->i64[i] = col->i64[row];
	}
}

static void concat_column(
	const struct concat *c, uint32_t column, uint32_t nbatches, struct batch *out)
{
	enum col_type type = out->shape->columns[column].type;
	struct column *to = &out->columns[column];
	to->n = c->n;
	if (col_is_string(type))
		concat_strings(c, column, nbatches, to);
	else
		concat_scalars(c, column, type, to);
}

/* A list that its batch does not have is null. */
static bool list_is_null(const struct group *group, uint32_t row)
{
	return !group->list_off || bit_get(group->nulls, row);
}

/* Writes the list's offsets and returns the elements in order (to be freed). */
static struct concat concat_group(
	const struct concat *rows, uint32_t g, struct group *to, uint32_t nrows)
{
	struct concat elements = {.batches = rows->batches, .mem = rows->mem};
	to->list_off = arena_alloc(rows->mem, ((size_t)nrows + 1) * sizeof(*to->list_off));
	uint32_t n = 0;
	for (uint32_t i = 0; i < nrows; i++) {
		const struct group *from = &rows->batches[rows->refs[i].batch]->groups[g];
		uint32_t row = rows->refs[i].row;
		to->list_off[i] = n;
		if (list_is_null(from, row)) {
			if (!to->nulls)
				to->nulls = arena_zalloc(
					rows->mem, ((size_t)nrows + 63) / 64, sizeof(*to->nulls));
			bit_set(to->nulls, i);
		} else {
			n += from->list_off[row + 1] - from->list_off[row];
		}
	}
	to->list_off[nrows] = to->nelements = n;
	struct row_ref *refs = xmalloc((size_t)n * sizeof(*refs));
	uint32_t at = 0;
	for (uint32_t i = 0; i < nrows; i++) {
		const struct group *from = &rows->batches[rows->refs[i].batch]->groups[g];
		uint32_t row = rows->refs[i].row;
		for (uint32_t e = 0; e < to->list_off[i + 1] - to->list_off[i]; e++)
			refs[at++] = (struct row_ref){rows->refs[i].batch, from->list_off[row] + e};
	}
	elements.refs = refs;
	elements.n = n;
	return elements;
}

void batch_concat(const struct batch *const *batches, const struct row_ref *rows, uint32_t n,
	const struct batch_shape *shape, struct batch *out)
{
	uint32_t nbatches = 0;
	for (uint32_t i = 0; i < n; i++) {
		if (rows[i].batch >= nbatches)
			nbatches = rows[i].batch + 1;
	}
	batch_init(out, shape);
	out->nrows = n;
	struct concat whole = {.batches = batches, .mem = &out->mem, .refs = rows, .n = n};
	for (uint32_t c = 0; c < shape->ncolumns; c++) {
		int group = shape->columns[c].group;
		if (group == NO_GROUP) {
			concat_column(&whole, c, nbatches, out);
			continue;
		}
		struct concat elements =
			concat_group(&whole, (uint32_t)group, &out->groups[group], n);
		for (; c < shape->ncolumns && shape->columns[c].group == group; c++)
			concat_column(&elements, c, nbatches, out);
		c--;
		free((struct row_ref *)(uintptr_t)elements.refs);
	}
}

void batch_shape_copy(struct batch_shape *to, const struct batch_shape *from, struct arena *mem)
{
	struct column_shape *columns = arena_zalloc(mem, from->ncolumns + 1, sizeof(*columns));
	struct group_shape *groups = arena_zalloc(mem, from->ngroups + 1, sizeof(*groups));
	for (uint32_t c = 0; c < from->ncolumns; c++) {
		columns[c] = from->columns[c];
		columns[c].name = arena_strdup(mem, slice_of(from->columns[c].name));
	}
	for (uint32_t g = 0; g < from->ngroups; g++) {
		groups[g] = from->groups[g];
		groups[g].name = arena_strdup(mem, slice_of(from->groups[g].name));
	}
	*to = *from;
	to->columns = columns;
	to->groups = groups;
}
