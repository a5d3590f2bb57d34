/* SPDX-License-Identifier: Apache-2.0 */
/* row_json.c: a row of a batch as JSON, lists with their structs. */
#include "query/row_json.h"

#include "base/base.h"
#include "match/print.h"

/* One value as JSON. */
static void value_json(enum col_type type, const struct column *col, uint32_t i, struct buf *out)
{
	char text[PRINT_MAX];
	if (column_is_null(col, i)) {
		buf_puts(out, "null");
		return;
	}
	switch (type) {
	case COL_STRING:
		text_json_string(out, column_text(col, i));
		break;
	case COL_JSON:
		buf_slice(out, column_text(col, i));
		break;
	case COL_INT64:
	case COL_INT32:
	case COL_BOOL:
		buf_append(out, text, print_value(col, type, i, text));
		break;
	case COL_TIME:
	case COL_UUID:
		buf_push(out, '"');
		buf_append(out, text, print_value(col, type, i, text));
		buf_push(out, '"');
		break;
	case COL_IP: {
		struct slice ip = column_text(col, i);
		buf_push(out, '"');
		for (size_t k = 0; k < ip.len; k++)
			buf_printf(out, "%02x", (unsigned char)ip.ptr[k]);
		buf_push(out, '"');
		break;
	}
	}
}

static bool was_read(const struct batch *batch, uint32_t column)
{
	const struct batch_shape *shape = batch->shape;
	int group = shape->columns[column].group;
	if (!batch->columns)
		return false;
	if (group == NO_GROUP)
		return batch->columns[column].n != 0;
	const struct group *list = &batch->groups[group];
	return list->list_off && batch->columns[column].n == list->nelements;
}

static void element_json(
	const struct batch *batch, uint32_t first, uint32_t element, struct buf *out)
{
	const struct batch_shape *shape = batch->shape;
	int group = shape->columns[first].group;
	if (shape->groups[group].bare) {
		value_json(shape->columns[first].type, &batch->columns[first], element, out);
		return;
	}
	bool some = false;
	buf_push(out, '{');
	for (uint32_t c = first; c < shape->ncolumns && shape->columns[c].group == group; c++) {
		const struct column *col = &batch->columns[c];
		if (!was_read(batch, c) || column_is_null(col, element))
			continue;
		buf_puts(out, some ? "," : "");
		text_json_string(out, slice_of(shape->columns[c].name));
		buf_push(out, ':');
		value_json(shape->columns[c].type, col, element, out);
		some = true;
	}
	buf_push(out, '}');
}

void row_value_json(const struct batch *batch, uint32_t column, uint32_t row, struct buf *out)
{
	const struct column_shape *shape = &batch->shape->columns[column];
	if (shape->group == NO_GROUP) {
		value_json(shape->type, &batch->columns[column], row, out);
		return;
	}
	const struct group *list = &batch->groups[shape->group];
	if (bit_get(list->nulls, row)) {
		buf_puts(out, "null");
		return;
	}
	buf_push(out, '[');
	for (uint32_t e = list->list_off[row]; e < list->list_off[row + 1]; e++) {
		if (e > list->list_off[row])
			buf_push(out, ',');
		element_json(batch, column, e, out);
	}
	buf_push(out, ']');
}

/* Of a list, whether any of its columns was read. */
static bool any_read(const struct batch *batch, uint32_t first)
{
	const struct batch_shape *shape = batch->shape;
	int group = shape->columns[first].group;
	bool read = was_read(batch, first);
	for (uint32_t c = first + 1; group != NO_GROUP && c < shape->ncolumns &&
				     shape->columns[c].group == group && !read;
		c++)
		read = was_read(batch, c);
	return read;
}

void row_each(const struct batch *batch, uint32_t row,
	void (*each)(void *ctx, uint32_t column, const char *name, struct slice json), void *ctx)
{
	const struct batch_shape *shape = batch->shape;
	struct buf value;
	buf_init(&value, (size_t)1 << 30);
	for (uint32_t c = 0; c < shape->ncolumns; c++) {
		int group = shape->columns[c].group;
		if (group != NO_GROUP && c > 0 && shape->columns[c - 1].group == group)
			continue;
		if (!any_read(batch, c))
			continue;
		buf_clear(&value);
		row_value_json(batch, c, row, &value);
		each(ctx, c, group == NO_GROUP ? shape->columns[c].name : shape->groups[group].name,
			buf_view(&value));
	}
	buf_fini(&value);
}

struct members {
	bool nulls, some;
	struct buf *out;
};

static void add_member(void *ctx, uint32_t column, const char *name, struct slice json)
{
	struct members *members = ctx;
	(void)column;
	if (!members->nulls && slice_eq(json, SLICE("null")))
		return;
	buf_puts(members->out, members->some ? "," : "");
	text_json_string(members->out, slice_of(name));
	buf_push(members->out, ':');
	buf_slice(members->out, json);
	members->some = true;
}

void row_members_json(const struct batch *batch, uint32_t row, bool nulls, struct buf *out)
{
	struct members members = {.nulls = nulls, .out = out};
	row_each(batch, row, add_member, &members);
}
