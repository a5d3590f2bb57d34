/* SPDX-License-Identifier: Apache-2.0 */
/* footer.c: the parts of a Parquet footer (parquet.thrift: SchemaElement, RowGroup, ColumnChunk)
 * as Thrift. footer_read.c reads them. */
#include "parquet/private.h"

/* The annotations of a column type; -1 = there is none. */
struct annotation {
	int converted, logical;
};

static struct annotation annotation_of(enum col_type type)
{
	switch (type) {
	case COL_STRING:
		return (struct annotation){CONVERTED_UTF8, LOGICAL_STRING};
	case COL_JSON:
		return (struct annotation){CONVERTED_JSON, LOGICAL_JSON};
	case COL_TIME:
		return (struct annotation){CONVERTED_TIMESTAMP_MICROS, LOGICAL_TIMESTAMP};
	case COL_UUID:
		return (struct annotation){-1, LOGICAL_UUID};
	default:
		return (struct annotation){-1, -1};
	}
}

static void put_logical(struct buf *out, int *last, int logical)
{
	int choice = 0, fields = 0, unit = 0;
	thrift_put_struct(out, last, 10);
	thrift_put_struct(out, &choice, logical);
	if (logical == LOGICAL_TIMESTAMP) {
		thrift_put_bool(out, &fields, 1, true); /* adjusted to UTC */
		thrift_put_struct(out, &fields, 2);
		thrift_put_struct(out, &unit, 2); /* microseconds */
		thrift_put_stop(out);
		thrift_put_stop(out);
	}
	thrift_put_stop(out);
	thrift_put_stop(out);
}

static void put_leaf(
	struct buf *out, const struct batch_shape *shape, uint32_t column, const char *name)
{
	struct layout layout = column_layout(shape, column);
	struct annotation a = annotation_of(shape->columns[column].type);
	int last = 0;
	thrift_put_i32(out, &last, 1, layout.physical);
	if (layout.physical == PHYS_FIXED)
		thrift_put_i32(out, &last, 2, 16);
	thrift_put_i32(out, &last, 3, layout.max_def ? OPTIONAL : REQUIRED);
	thrift_put_bytes(out, &last, 4, slice_of(name));
	if (a.converted >= 0)
		thrift_put_i32(out, &last, 6, a.converted);
	if (a.logical >= 0)
		put_logical(out, &last, a.logical);
	thrift_put_stop(out);
}

static void put_branch(struct buf *out, int repetition, const char *name, uint32_t children)
{
	int last = 0;
	if (repetition >= 0)
		thrift_put_i32(out, &last, 3, repetition);
	thrift_put_bytes(out, &last, 4, slice_of(name));
	thrift_put_i32(out, &last, 5, (int32_t)children);
	thrift_put_stop(out);
}

/* The three-level form of a list, and its columns; returns how many columns there are. */
static uint32_t put_list(struct buf *out, const struct batch_shape *shape, uint32_t column)
{
	int group = shape->columns[column].group, last = 0;
	uint32_t n = 0;
	while (column + n < shape->ncolumns && shape->columns[column + n].group == group)
		n++;
	thrift_put_i32(out, &last, 3, OPTIONAL);
	thrift_put_bytes(out, &last, 4, slice_of(shape->groups[group].name));
	thrift_put_i32(out, &last, 5, 1);
	thrift_put_i32(out, &last, 6, CONVERTED_LIST);
	put_logical(out, &last, LOGICAL_LIST);
	thrift_put_stop(out);
	put_branch(out, REPEATED, "list", 1);
	if (shape->groups[group].bare) {
		put_leaf(out, shape, column, "element");
		return n;
	}
	put_branch(out, OPTIONAL, "element", n);
	for (uint32_t c = 0; c < n; c++)
		put_leaf(out, shape, column + c, shape->columns[column + c].name);
	return n;
}

/* Schema elements that a shape takes, and children of its root. */
static void count_elements(const struct batch_shape *shape, uint32_t *elements, uint32_t *children)
{
	*elements = 1;
	*children = 0;
	for (uint32_t c = 0; c < shape->ncolumns; c++) {
		int group = shape->columns[c].group;
		*elements += 1;
		if (group == NO_GROUP) {
			*children += 1;
		} else if (c == 0 || shape->columns[c - 1].group != group) {
			*children += 1;
			*elements += shape->groups[group].bare ? 2 : 3;
		}
	}
}

void footer_put_schema(struct buf *out, int *last, const struct batch_shape *shape)
{
	uint32_t elements, children;
	count_elements(shape, &elements, &children);
	thrift_put_list(out, last, 2, THRIFT_STRUCT, elements);
	put_branch(out, -1, shape->table, children);
	for (uint32_t c = 0; c < shape->ncolumns;) {
		if (shape->columns[c].group != NO_GROUP) {
			c += put_list(out, shape, c);
			continue;
		}
		put_leaf(out, shape, c, shape->columns[c].name);
		c++;
	}
}

static void put_path(struct buf *out, int *last, const struct batch_shape *shape, uint32_t column)
{
	const struct column_shape *c = &shape->columns[column];
	if (c->group == NO_GROUP) {
		thrift_put_list(out, last, 3, THRIFT_BINARY, 1);
		thrift_put_element_bytes(out, slice_of(c->name));
		return;
	}
	bool bare = shape->groups[c->group].bare;
	thrift_put_list(out, last, 3, THRIFT_BINARY, bare ? 3 : 4);
	thrift_put_element_bytes(out, slice_of(shape->groups[c->group].name));
	thrift_put_element_bytes(out, SLICE("list"));
	thrift_put_element_bytes(out, SLICE("element"));
	if (!bare)
		thrift_put_element_bytes(out, slice_of(c->name));
}

static void put_statistics(struct buf *out, int *last, const struct chunk *chunk)
{
	int stats = 0;
	thrift_put_struct(out, last, 12);
	thrift_put_i64(out, &stats, 3, (int64_t)chunk->nulls);
	if (chunk->has_range) {
		thrift_put_bytes(out, &stats, 5, chunk->max);
		thrift_put_bytes(out, &stats, 6, chunk->min);
	}
	thrift_put_stop(out);
}

static void put_chunk(struct buf *out, const struct batch_shape *shape, uint32_t column,
	const struct chunk *chunk, uint64_t base)
{
	int outer = 0, last = 0;
	int64_t at = (int64_t)(base + chunk->offset);
	thrift_put_i64(out, &outer, 2, at);
	thrift_put_struct(out, &outer, 3);
	thrift_put_i32(out, &last, 1, column_layout(shape, column).physical);
	/* Levels, the dictionary, and last the data pages' encoding: the reader goes by that. */
	thrift_put_list(out, &last, 2, THRIFT_I32, chunk->dictionary ? 3 : 2);
	thrift_put_element_i32(out, ENC_RLE);
	if (chunk->dictionary)
		thrift_put_element_i32(out, ENC_PLAIN);
	thrift_put_element_i32(out, chunk->encoding);
	put_path(out, &last, shape, column);
	thrift_put_i32(out, &last, 4, chunk->codec);
	thrift_put_i64(out, &last, 5, (int64_t)chunk->nvalues);
	thrift_put_i64(out, &last, 6, (int64_t)chunk->unpacked);
	thrift_put_i64(out, &last, 7, (int64_t)chunk->bytes);
	thrift_put_i64(out, &last, 9, at + (int64_t)chunk->dictionary);
	if (chunk->dictionary)
		thrift_put_i64(out, &last, 11, at);
	put_statistics(out, &last, chunk);
	thrift_put_stop(out);
	thrift_put_stop(out);
}

void footer_put_group(struct buf *out, const struct batch_shape *shape,
	const struct parquet_group *group, uint64_t base, uint32_t ordinal)
{
	int last = 0;
	uint64_t unpacked = 0;
	thrift_put_list(out, &last, 1, THRIFT_STRUCT, group->ncolumns);
	for (uint32_t c = 0; c < group->ncolumns; c++) {
		put_chunk(out, shape, c, &group->chunks[c], base);
		unpacked += group->chunks[c].unpacked;
	}
	thrift_put_i64(out, &last, 2, (int64_t)unpacked);
	thrift_put_i64(out, &last, 3, group->nrows);
	thrift_put_i64(out, &last, 5, (int64_t)base);
	thrift_put_i64(out, &last, 6, (int64_t)group->bytes.len);
	if (ordinal <= INT16_MAX)
		thrift_put_i16(out, &last, 7, (int16_t)ordinal);
	thrift_put_stop(out);
}
