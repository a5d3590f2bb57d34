/* SPDX-License-Identifier: Apache-2.0 */
/* search_cell.c: what a row of the page holds, as text, as JSON, as a place in the vault. */
#include "query/row_json.h"
#include "query/search_private.h"

/* Appends value i of a field's column; false where there is none. */
static bool put_value(
	const struct search_row *row, const struct match_field *field, uint32_t i, struct buf *out)
{
	enum col_type type = row->batch->shape->columns[field->column].type;
	const struct column *col = &row->batch->columns[field->column];
	if (i >= col->n || column_is_null(col, i))
		return false;
	if (field->path.len)
		return type == COL_JSON && json_path_text(column_text(col, i), field->path, out);
	value_text(type, col, i, out);
	return true;
}

static bool put_list(const struct search_row *row, const struct match_field *field,
	const struct group *list, struct buf *out)
{
	bool some = false;
	if (!list->list_off)
		return false;
	for (uint32_t e = list->list_off[row->row]; e < list->list_off[row->row + 1]; e++) {
		size_t before = out->len;
		if (some)
			buf_puts(out, ", ");
		if (put_value(row, field, e, out))
			some = true;
		else
			out->len = before;
	}
	return some;
}

bool search_cell(const struct search_row *row, const char *field, struct buf *out)
{
	struct match_field fields[MATCH_FIELDS];
	const struct batch_shape *shape = row->batch->shape;
	if (strcmp(field, "table") == 0) {
		buf_puts(out, row->schema->table);
		return true;
	}
	uint32_t n = query_resolve_shown(row->schema, shape, slice_of(field), fields);
	for (uint32_t f = 0; f < n; f++) {
		int group = shape->columns[fields[f].column].group;
		bool some = group == NO_GROUP
				    ? put_value(row, &fields[f], row->row, out)
				    : put_list(row, &fields[f], &row->batch->groups[group], out);
		if (some)
			return true;
	}
	return false;
}

void search_row_json(const struct search_row *row, struct buf *out)
{
	buf_puts(out, "{\"table\":");
	text_json_string(out, slice_of(row->schema->table));
	size_t before = out->len;
	buf_push(out, ',');
	row_members_json(row->batch, row->row, false, out);
	if (out->len == before + 1)
		out->len = before;
	buf_push(out, '}');
}

bool search_row_place(const struct search_row *row, struct vault_place *place)
{
	const struct column *columns = row->batch->columns;
	for (int c = SYS_VAULT_FILE; c <= SYS_VAULT_LENGTH; c++) {
		if (columns[c].n == 0 || column_is_null(&columns[c], row->row))
			return false;
	}
	if (!row->source)
		return false;
	*place = (struct vault_place){
		.source = row->source,
		.file = (uint32_t)columns[SYS_VAULT_FILE].i64[row->row],
		.frame = (uint32_t)columns[SYS_VAULT_FRAME].i64[row->row],
		.offset = (uint32_t)columns[SYS_VAULT_OFFSET].i64[row->row],
		.length = (uint32_t)columns[SYS_VAULT_LENGTH].i64[row->row],
	};
	return true;
}

int search_row_elsewhere(const struct search_row *row, struct err *err)
{
	char id[UUID_TEXT];
	text_uuid(row->cursor.id, id);
	return err_set(err, ERR_NOT_FOUND,
		"the raw bytes of event %s are not here: another collector sent it to the cluster "
		"(`pugmark show %s` names it) and has them: ask there",
		id, id);
}
