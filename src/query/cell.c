/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cell.c: nested DuckDB values as JSON text, and the plans that say how a column is read. Scalars
 * are in scalar.c. Nesting is as deep as the type, which DuckDB bounds when it parses the query.
 */
#include "query/cell.h"

#include "base/text.h"
#include "query/jsontext.h"

enum { DEPTH_MAX = 256 };

static int plan_type(struct cell_plan *plan, const struct duck *duck, duckdb_logical_type type,
	struct arena *mem, unsigned depth, struct err *err);

/* Takes the type over. */
static int plan_kid(struct cell_plan *plan, uint32_t i, const struct duck *duck,
	duckdb_logical_type type, struct arena *mem, unsigned depth, struct err *err)
{
	int rc = plan_type(&plan->kids[i], duck, type, mem, depth + 1, err);
	duck->destroy_logical_type(&type);
	return rc;
}

static const char *keep_name(const struct duck *duck, char *name, struct arena *mem)
{
	const char *copy = arena_strdup(mem, slice_of(name ? name : ""));
	duck->free(name);
	return copy;
}

static void make_kids(struct cell_plan *plan, uint32_t n, struct arena *mem)
{
	plan->nkids = n;
	plan->kids = arena_zalloc(mem, n + 1, sizeof(plan->kids[0]));
}

static int plan_fields(struct cell_plan *plan, const struct duck *duck, duckdb_logical_type type,
	struct arena *mem, unsigned depth, struct err *err)
{
	bool is_union = plan->type == DUCKDB_TYPE_UNION;
	uint32_t n = (uint32_t)(is_union ? duck->union_type_member_count(type)
					 : duck->struct_type_child_count(type));
	make_kids(plan, n, mem);
	plan->nnames = n;
	plan->names = arena_zalloc(mem, n + 1, sizeof(plan->names[0]));
	for (uint32_t i = 0; i < n; i++) {
		char *name = is_union ? duck->union_type_member_name(type, i)
				      : duck->struct_type_child_name(type, i);
		plan->names[i] = keep_name(duck, name, mem);
		duckdb_logical_type kid = is_union ? duck->union_type_member_type(type, i)
						   : duck->struct_type_child_type(type, i);
		if (plan_kid(plan, i, duck, kid, mem, depth, err) != 0)
			return -1;
	}
	return 0;
}

static void plan_enum(struct cell_plan *plan, const struct duck *duck, duckdb_logical_type type,
	struct arena *mem)
{
	plan->storage = duck->enum_internal_type(type);
	plan->nnames = duck->enum_dictionary_size(type);
	plan->names = arena_zalloc(mem, plan->nnames + 1, sizeof(plan->names[0]));
	for (uint32_t i = 0; i < plan->nnames; i++)
		plan->names[i] = keep_name(duck, duck->enum_dictionary_value(type, i), mem);
}

static bool is_json(const struct duck *duck, duckdb_logical_type type)
{
	char *alias = duck->logical_type_get_alias(type);
	bool json = alias && strcmp(alias, "JSON") == 0;
	duck->free(alias);
	return json;
}

static int plan_nested(struct cell_plan *plan, const struct duck *duck, duckdb_logical_type type,
	struct arena *mem, unsigned depth, struct err *err)
{
	switch (plan->type) {
	case DUCKDB_TYPE_LIST:
		make_kids(plan, 1, mem);
		return plan_kid(plan, 0, duck, duck->list_type_child_type(type), mem, depth, err);
	case DUCKDB_TYPE_ARRAY:
		make_kids(plan, 1, mem);
		plan->array_size = duck->array_type_array_size(type);
		return plan_kid(plan, 0, duck, duck->array_type_child_type(type), mem, depth, err);
	case DUCKDB_TYPE_MAP:
		make_kids(plan, 2, mem);
		if (plan_kid(plan, 0, duck, duck->map_type_key_type(type), mem, depth, err) != 0)
			return -1;
		return plan_kid(plan, 1, duck, duck->map_type_value_type(type), mem, depth, err);
	default:
		return plan_fields(plan, duck, type, mem, depth, err);
	}
}

static int plan_type(struct cell_plan *plan, const struct duck *duck, duckdb_logical_type type,
	struct arena *mem, unsigned depth, struct err *err)
{
	memset(plan, 0, sizeof(*plan));
	plan->type = duck->get_type_id(type);
	if (depth > DEPTH_MAX)
		return err_set(err, ERR_LIMIT, "a value is nested deeper than %d types", DEPTH_MAX);
	switch ((int)plan->type) {
	case DUCKDB_TYPE_VARCHAR:
		plan->json = is_json(duck, type);
		return 0;
	case DUCKDB_TYPE_DECIMAL:
		plan->storage = duck->decimal_internal_type(type);
		plan->scale = duck->decimal_scale(type);
		return 0;
	case DUCKDB_TYPE_ENUM:
		plan_enum(plan, duck, type, mem);
		return 0;
	case DUCKDB_TYPE_LIST:
	case DUCKDB_TYPE_ARRAY:
	case DUCKDB_TYPE_MAP:
	case DUCKDB_TYPE_STRUCT:
	case DUCKDB_TYPE_UNION:
		return plan_nested(plan, duck, type, mem, depth, err);
	case DUCKDB_TYPE_INVALID:
	case DUCKDB_TYPE_ANY:
	case DUCKDB_TYPE_BIGNUM:
		break;
	default:
		if (plan->type <= DUCKDB_TYPE_TIME_NS)
			return 0;
	}
	return err_set(err, ERR_UNSUPPORTED,
		"a column's type (number %d) cannot be shown: cast the column to VARCHAR",
		(int)plan->type);
}

int cell_plan_init(struct cell_plan *plan, const struct duck *duck, duckdb_logical_type type,
	struct arena *mem, struct err *err)
{
	return plan_type(plan, duck, type, mem, 0, err);
}

enum cell_kind cell_plan_kind(const struct cell_plan *plan)
{
	switch ((int)plan->type) {
	case DUCKDB_TYPE_BOOLEAN:
		return CELL_BOOL;
	case DUCKDB_TYPE_TINYINT:
	case DUCKDB_TYPE_SMALLINT:
	case DUCKDB_TYPE_INTEGER:
	case DUCKDB_TYPE_BIGINT:
	case DUCKDB_TYPE_UTINYINT:
	case DUCKDB_TYPE_USMALLINT:
	case DUCKDB_TYPE_UINTEGER:
	case DUCKDB_TYPE_UBIGINT:
	case DUCKDB_TYPE_HUGEINT:
	case DUCKDB_TYPE_UHUGEINT:
	case DUCKDB_TYPE_DECIMAL:
	case DUCKDB_TYPE_FLOAT:
	case DUCKDB_TYPE_DOUBLE:
		return CELL_NUMBER;
	case DUCKDB_TYPE_LIST:
	case DUCKDB_TYPE_ARRAY:
	case DUCKDB_TYPE_MAP:
	case DUCKDB_TYPE_STRUCT:
		return CELL_JSON;
	case DUCKDB_TYPE_VARCHAR:
		return plan->json ? CELL_JSON : CELL_TEXT;
	default:
		return CELL_TEXT;
	}
}

void cell_bind(struct cell_plan *plan, const struct duck *duck, duckdb_vector vector)
{
	plan->valid = duck->vector_get_validity(vector);
	plan->data = NULL;
	switch ((int)plan->type) {
	case DUCKDB_TYPE_LIST:
		plan->data = duck->vector_get_data(vector);
		cell_bind(&plan->kids[0], duck, duck->list_vector_get_child(vector));
		return;
	case DUCKDB_TYPE_MAP:
		plan->data = duck->vector_get_data(vector);
		vector = duck->list_vector_get_child(vector);
		for (uint32_t i = 0; i < 2; i++)
			cell_bind(&plan->kids[i], duck, duck->struct_vector_get_child(vector, i));
		return;
	case DUCKDB_TYPE_ARRAY:
		cell_bind(&plan->kids[0], duck, duck->array_vector_get_child(vector));
		return;
	case DUCKDB_TYPE_UNION: /* a struct: the tag, then the members */
		plan->data = duck->vector_get_data(duck->struct_vector_get_child(vector, 0));
		for (uint32_t i = 0; i < plan->nkids; i++)
			cell_bind(
				&plan->kids[i], duck, duck->struct_vector_get_child(vector, i + 1));
		return;
	case DUCKDB_TYPE_STRUCT:
		for (uint32_t i = 0; i < plan->nkids; i++)
			cell_bind(&plan->kids[i], duck, duck->struct_vector_get_child(vector, i));
		return;
	default:
		plan->data = duck->vector_get_data(vector);
	}
}

/* A value inside another, as JSON. */
static void write_inner(const struct cell_plan *plan, uint64_t row, struct buf *out)
{
	if (plan->type == DUCKDB_TYPE_VARCHAR && !plan->json && bit_valid(plan->valid, row)) {
		text_json_string(out, scalar_bytes(plan, row));
		return;
	}
	size_t from = out->len;
	enum cell_kind kind = cell_write(plan, row, out);
	if (kind == CELL_NULL) {
		buf_puts(out, "null");
		return;
	}
	if (kind != CELL_TEXT || out->full)
		return;
	/* The text stands where the JSON string has to: copy it out and write it again. */
	struct buf text;
	buf_init(&text, LIMIT_FRAME);
	buf_append(&text, out->ptr + from, out->len - from);
	out->len = from;
	text_json_string(out, buf_view(&text));
	buf_fini(&text);
}

static void write_elements(const struct cell_plan *kid, uint64_t from, uint64_t n, struct buf *out)
{
	buf_push(out, '[');
	for (uint64_t i = 0; i < n && !out->full; i++) {
		if (i)
			buf_push(out, ',');
		write_inner(kid, from + i, out);
	}
	buf_push(out, ']');
}

static void write_struct(const struct cell_plan *plan, uint64_t row, struct buf *out)
{
	bool unnamed = plan->nkids && plan->names[0][0] == '\0'; /* row(1, 2) */
	buf_push(out, unnamed ? '[' : '{');
	for (uint32_t i = 0; i < plan->nkids && !out->full; i++) {
		if (i)
			buf_push(out, ',');
		if (!unnamed) {
			text_json_string(out, slice_of(plan->names[i]));
			buf_push(out, ':');
		}
		write_inner(&plan->kids[i], row, out);
	}
	buf_push(out, unnamed ? ']' : '}');
}

static void write_map(const struct cell_plan *plan, const duckdb_list_entry *entry, struct buf *out)
{
	struct buf key;
	buf_init(&key, LIMIT_FRAME);
	buf_push(out, '{');
	for (uint64_t i = 0; i < entry->length && !out->full; i++) {
		if (i)
			buf_push(out, ',');
		buf_clear(&key);
		cell_write(&plan->kids[0], entry->offset + i, &key);
		text_json_string(out, buf_view(&key));
		buf_push(out, ':');
		write_inner(&plan->kids[1], entry->offset + i, out);
	}
	buf_push(out, '}');
	buf_fini(&key);
}

static enum cell_kind write_varchar(const struct cell_plan *plan, uint64_t row, struct buf *out)
{
	struct slice text = scalar_bytes(plan, row);
	buf_slice(out, text);
	return plan->json && jsontext_valid(text) ? CELL_JSON : CELL_TEXT;
}

enum cell_kind cell_write(const struct cell_plan *plan, uint64_t row, struct buf *out)
{
	if (!bit_valid(plan->valid, row))
		return CELL_NULL;
	const duckdb_list_entry *lists = plan->data;
	switch ((int)plan->type) {
	case DUCKDB_TYPE_VARCHAR:
		return write_varchar(plan, row, out);
	case DUCKDB_TYPE_LIST:
		write_elements(&plan->kids[0], lists[row].offset, lists[row].length, out);
		return CELL_JSON;
	case DUCKDB_TYPE_ARRAY:
		write_elements(&plan->kids[0], row * plan->array_size, plan->array_size, out);
		return CELL_JSON;
	case DUCKDB_TYPE_MAP:
		write_map(plan, &lists[row], out);
		return CELL_JSON;
	case DUCKDB_TYPE_STRUCT:
		write_struct(plan, row, out);
		return CELL_JSON;
	case DUCKDB_TYPE_UNION: {
		uint8_t tag = ((const uint8_t *)plan->data)[row];
		return tag < plan->nkids ? cell_write(&plan->kids[tag], row, out) : CELL_NULL;
	}
	default:
		return scalar_write(plan, row, out);
	}
}
