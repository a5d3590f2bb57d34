/* SPDX-License-Identifier: Apache-2.0 */
/* show.c (cli/): pugmark show: one event, parsed and raw. */
#include <inttypes.h>

#include "cli/private.h"
#include "parquet/parquet.h"

static int parse_uuid(const char *text, uint8_t id[16])
{
	unsigned n = 0;
	for (; *text; text++) {
		if (*text == '-')
			continue;
		int c = *text | 0x20;
		int digit = *text >= '0' && *text <= '9' ? *text - '0'
			    : c >= 'a' && c <= 'f'       ? c - 'a' + 10
							 : -1;
		if (digit < 0 || n == 32)
			return -1;
		id[n / 2] = (uint8_t)(n % 2 ? id[n / 2] | digit : digit << 4);
		n++;
	}
	return n == 32 ? 0 : -1;
}

static void print_uuid(struct buf *out, const uint8_t id[16])
{
	for (int i = 0; i < 16; i++)
		buf_printf(out, i == 4 || i == 6 || i == 8 || i == 10 ? "-%02x" : "%02x", id[i]);
}

/* One value as JSON. */
static void value_json(
	const struct column_shape *shape, const struct column *col, uint32_t i, struct buf *out)
{
	char text[CLOCK_TEXT];
	if (column_is_null(col, i)) {
		buf_puts(out, "null");
		return;
	}
	switch (shape->type) {
	case COL_STRING:
		text_json_string(out, column_text(col, i));
		break;
	case COL_JSON:
		buf_slice(out, column_text(col, i));
		break;
	case COL_INT64:
	case COL_INT32:
		buf_printf(out, "%" PRId64, col->i64[i]);
		break;
	case COL_BOOL:
		buf_puts(out, col->bools[i] ? "true" : "false");
		break;
	case COL_TIME:
		buf_printf(out, "\"%s\"", clock_text(col->i64[i], text));
		break;
	case COL_UUID:
		buf_push(out, '"');
		print_uuid(out, col->uuid[i]);
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

static uint32_t group_first(const struct batch_shape *shape, int group)
{
	uint32_t c = 0;
	while (shape->columns[c].group != group)
		c++;
	return c;
}

static void element_json(const struct batch *batch, int group, uint32_t element, struct buf *out)
{
	const struct batch_shape *shape = batch->shape;
	bool bare = shape->groups[group].bare, first = true;
	if (!bare)
		buf_push(out, '{');
	for (uint32_t c = group_first(shape, group);
		c < shape->ncolumns && shape->columns[c].group == group; c++) {
		if (!bare && column_is_null(&batch->columns[c], element))
			continue;
		if (!bare)
			buf_printf(out, "%s\"%s\":", first ? "" : ",", shape->columns[c].name);
		value_json(&shape->columns[c], &batch->columns[c], element, out);
		first = false;
	}
	if (!bare)
		buf_push(out, '}');
}

static void list_json(const struct batch *batch, int group, uint32_t row, struct buf *out)
{
	const struct group *g = &batch->groups[group];
	if (bit_get(g->nulls, row)) {
		buf_puts(out, "null");
		return;
	}
	buf_push(out, '[');
	for (uint32_t e = g->list_off[row]; e < g->list_off[row + 1]; e++) {
		if (e > g->list_off[row])
			buf_push(out, ',');
		element_json(batch, group, e, out);
	}
	buf_push(out, ']');
}

/* Calls for each top-level column or list in the order of the table. */
static void print_row(const struct batch *batch, uint32_t row, bool json, struct buf *out)
{
	const struct batch_shape *shape = batch->shape;
	struct buf value;
	buf_init(&value, 256 << 20);
	bool first = true;
	for (uint32_t c = 0; c < shape->ncolumns; c++) {
		int group = shape->columns[c].group;
		if (group != NO_GROUP && group_first(shape, group) != c)
			continue;
		const char *name =
			group == NO_GROUP ? shape->columns[c].name : shape->groups[group].name;
		buf_clear(&value);
		if (group == NO_GROUP)
			value_json(&shape->columns[c], &batch->columns[c], row, &value);
		else
			list_json(batch, group, row, &value);
		if (json) {
			buf_printf(out, "%s\"%s\":%.*s", first ? "" : ",", name,
				SLICE_ARG(buf_view(&value)));
		} else if (c != SYS_IP_BYTES && !slice_eq(buf_view(&value), SLICE("null"))) {
			buf_printf(out, "%-28s ", name);
			if (group == NO_GROUP && shape->columns[c].type == COL_STRING)
				text_escape(out, column_text(&batch->columns[c], row));
			else if (value.ptr[0] == '"') /* a time or an id: its quotes are JSON's */
				text_escape(out, (struct slice){value.ptr + 1, value.len - 2});
			else
				text_escape(out, buf_view(&value));
			buf_push(out, '\n');
		}
		first = false;
	}
	buf_fini(&value);
}

static int read_raw(struct store *store, const struct batch *batch, uint32_t row, struct buf *raw,
	struct err *err)
{
	const struct column *columns = batch->columns;
	char source[128];
	snprintf(source, sizeof(source), "%.*s", SLICE_ARG(column_text(&columns[SYS_SOURCE], row)));
	struct vault_place place = {
		.source = source,
		.file = (uint32_t)columns[SYS_VAULT_FILE].i64[row],
		.frame = (uint32_t)columns[SYS_VAULT_FRAME].i64[row],
		.offset = (uint32_t)columns[SYS_VAULT_OFFSET].i64[row],
		.length = (uint32_t)columns[SYS_VAULT_LENGTH].i64[row],
	};
	return store_read_raw(store, &place, raw, err);
}

static void print_event(const struct command_line *line, const char *table,
	const struct batch *batch, uint32_t row, const struct buf *raw)
{
	struct buf out;
	buf_init(&out, (size_t)1 << 30);
	if (line->values[OPT_RAW]) {
		buf_slice(&out, buf_view(raw));
		buf_push(&out, '\n');
	} else if (line->values[OPT_JSON]) {
		buf_printf(&out, "{\"table\":\"%s\",\"event\":{", table);
		print_row(batch, row, true, &out);
		buf_puts(&out, "},\"raw\":");
		text_json_string(&out, buf_view(raw));
		buf_puts(&out, "}\n");
	} else {
		buf_printf(&out, "%-28s %s\n", "table", table);
		print_row(batch, row, false, &out);
		buf_puts(&out, "\nraw:\n");
		text_escape(&out, buf_view(raw));
		buf_push(&out, '\n');
	}
	fwrite(out.ptr, 1, out.len, stdout);
	buf_fini(&out);
}

static int show_place(const struct command_line *line, struct store *store,
	const struct event_place *place, struct err *err)
{
	struct parquet_reader *reader;
	if (parquet_open(place->path, &reader, err) < 0)
		return -1;
	struct batch batch;
	struct buf raw;
	batch_init(&batch, parquet_shape(reader));
	buf_init(&raw, 2 * LIMIT_RECORD_BYTES);
	int status = parquet_read(reader, place->group, NULL, &batch, err);
	if (status == 0)
		status = read_raw(store, &batch, place->row, &raw, err);
	if (status == 0)
		print_event(line, place->table, &batch, place->row, &raw);
	buf_fini(&raw);
	batch_fini(&batch);
	parquet_close(reader);
	return status;
}

int command_show(const struct command_line *line)
{
	uint8_t id[16] = {0};
	if (parse_uuid(line->args[0], id) < 0)
		return usage_error(
			line, "%s is no event id: it has 32 hexadecimal digits", line->args[0]);
	struct store *store;
	struct err err = {0};
	if (open_data(line, STORE_READ, &store, &err) < 0)
		return fail(&err);
	struct event_place place;
	int found = store_find_event(store, id, &place, &err);
	if (found == 0)
		err_set(&err, ERR_NOT_FOUND, "no event has the id %s in %s", line->args[0],
			store_dir(store));
	int status = found == 1 ? show_place(line, store, &place, &err) : -1;
	store_close(store);
	return status < 0 ? fail(&err) : EXIT_DONE;
}
