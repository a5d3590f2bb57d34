/* SPDX-License-Identifier: Apache-2.0 */
/* shape_read.c: the schema of a footer turned back into a batch's shape. Only the forms that
 * footer.c writes are taken. */
#include "parquet/reader.h"

/* A SchemaElement; numbers are -1 where the field is missing. */
struct element {
	int type, length, repetition, children, converted, logical;
	bool utc_micros;
	struct slice name;
};

struct elements {
	const struct element *all;
	uint32_t n, at;
};

/* A TimestampType: must be UTC in microseconds. */
static bool read_timestamp(struct thrift_in *in)
{
	int field = 0, unit = 0;
	enum thrift_type type;
	bool utc = false, micros = false;
	while (thrift_next(in, &field, &type)) {
		if (field == 1) {
			utc = thrift_bool(in, type);
		} else if (field == 2 && type == THRIFT_STRUCT) {
			while (thrift_next(in, &unit, &type)) {
				micros = unit == 2;
				thrift_skip(in, type);
			}
		} else {
			thrift_skip(in, type);
		}
	}
	return utc && micros;
}

static void read_logical(struct thrift_in *in, struct element *e)
{
	int field = 0;
	enum thrift_type type;
	while (thrift_next(in, &field, &type)) {
		e->logical = field;
		if (field == LOGICAL_TIMESTAMP && type == THRIFT_STRUCT)
			e->utc_micros = read_timestamp(in);
		else
			thrift_skip(in, type);
	}
}

static void read_element(struct thrift_in *in, struct element *e)
{
	int field = 0;
	enum thrift_type type;
	*e = (struct element){-1, -1, -1, -1, -1, -1, false, {"", 0}};
	while (thrift_next(in, &field, &type)) {
		switch (field) {
		case 1:
			e->type = thrift_i32(in, type);
			break;
		case 2:
			e->length = thrift_i32(in, type);
			break;
		case 3:
			e->repetition = thrift_i32(in, type);
			break;
		case 4:
			e->name = thrift_bytes(in, type);
			break;
		case 5:
			e->children = thrift_i32(in, type);
			break;
		case 6:
			e->converted = thrift_i32(in, type);
			break;
		case 10:
			thrift_struct(in, type);
			read_logical(in, e);
			break;
		default:
			thrift_skip(in, type);
		}
	}
	if (memchr(e->name.ptr, 0, e->name.len))
		in->bad = true;
}

/* The column type of a leaf; -1 where it is none of ours. */
static int type_of(const struct element *e)
{
	switch (e->type) {
	case PHYS_BOOLEAN:
		return e->logical < 0 ? COL_BOOL : -1;
	case PHYS_INT32:
		return e->logical < 0 ? COL_INT32 : -1;
	case PHYS_INT64:
		if (e->logical < 0)
			return COL_INT64;
		return e->logical == LOGICAL_TIMESTAMP && e->utc_micros ? COL_TIME : -1;
	case PHYS_BYTE_ARRAY:
		return e->logical == LOGICAL_STRING ? COL_STRING
		       : e->logical == LOGICAL_JSON ? COL_JSON
						    : -1;
	case PHYS_FIXED:
		if (e->length != 16)
			return -1;
		return e->logical == LOGICAL_UUID ? COL_UUID : e->logical < 0 ? COL_IP : -1;
	default:
		return -1;
	}
}

/* Takes the next element where it is a node with that repetition and, if given, name. */
static const struct element *take(struct elements *in, int repetition, const char *name)
{
	if (in->at >= in->n)
		return NULL;
	const struct element *e = &in->all[in->at];
	if (e->repetition != repetition || (name && !slice_eq(e->name, slice_of(name))))
		return NULL;
	in->at++;
	return e;
}

struct shape_out {
	struct batch_shape *shape;
	struct column_shape *columns;
	struct group_shape *groups;
	struct arena *mem;
};

static int add_column(struct shape_out *out, const struct element *e, const char *name, int group)
{
	int type = e && e->children < 0 ? type_of(e) : -1;
	if (type < 0 || out->shape->ncolumns >= LIMIT_COLUMNS)
		return -1;
	struct column_shape *c = &out->columns[out->shape->ncolumns++];
	*c = (struct column_shape){
		name ? name : arena_strdup(out->mem, e->name), (enum col_type)type, group, 0};
	/* Which columns are required is a rule, not a choice. */
	unsigned max_def = column_layout(out->shape, out->shape->ncolumns - 1).max_def;
	return e->repetition == (max_def ? OPTIONAL : REQUIRED) ? 0 : -1;
}

static int add_list(struct shape_out *out, struct elements *in, const struct element *list)
{
	if (list->logical != LOGICAL_LIST || list->children != 1 || list->repetition != OPTIONAL ||
		out->shape->ngroups >= LIMIT_COLUMNS)
		return -1;
	int group = (int)out->shape->ngroups++;
	struct group_shape *g = &out->groups[group];
	*g = (struct group_shape){arena_strdup(out->mem, list->name), false};
	const struct element *repeated = take(in, REPEATED, "list");
	const struct element *element = take(in, OPTIONAL, "element");
	if (!repeated || repeated->children != 1 || !element)
		return -1;
	if (element->children < 0) {
		g->bare = true;
		return add_column(out, element, g->name, group);
	}
	if (element->children == 0)
		return -1;
	for (int i = 0; i < element->children; i++) {
		if (add_column(out, take(in, OPTIONAL, NULL), NULL, group))
			return -1;
	}
	return 0;
}

static int build(struct shape_out *out, struct elements *in)
{
	const struct element *root = take(in, -1, NULL);
	if (!root || root->children < 0)
		return -1;
	out->shape->table = arena_strdup(out->mem, root->name);
	for (int i = 0; i < root->children; i++) {
		if (in->at >= in->n)
			return -1;
		const struct element *e = &in->all[in->at++];
		if (e->children < 0 ? add_column(out, e, NULL, NO_GROUP) : add_list(out, in, e))
			return -1;
	}
	return in->at == in->n ? 0 : -1;
}

int shape_read(
	struct parquet_reader *reader, struct thrift_in *in, enum thrift_type type, struct err *err)
{
	uint32_t n = thrift_list(in, type, THRIFT_STRUCT);
	if (n > 4 * LIMIT_COLUMNS + 1)
		return damaged(reader, err, "%u schema elements", n);
	struct element *all = arena_zalloc(&reader->mem, n, sizeof(*all));
	for (uint32_t i = 0; i < n && !in->bad; i++)
		read_element(in, &all[i]);
	struct batch_shape *shape = &reader->shape;
	struct shape_out out = {.shape = shape, .mem = &reader->mem};
	out.columns = arena_zalloc(out.mem, LIMIT_COLUMNS, sizeof(*out.columns));
	out.groups = arena_zalloc(out.mem, LIMIT_COLUMNS, sizeof(*out.groups));
	*shape = (struct batch_shape){.columns = out.columns, .groups = out.groups};
	struct elements elements = {all, n, 0};
	if (in->bad || build(&out, &elements))
		return damaged(reader, err, "the footer's schema is none of ours");
	return 0;
}
