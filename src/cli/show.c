/* SPDX-License-Identifier: Apache-2.0 */
/* show.c (cli/): pugmark show: one event, parsed and raw. */
#include "cli/private.h"
#include "parquet/parquet.h"
#include "query/row_json.h"

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

struct lines {
	const struct batch *batch;
	uint32_t row;
	struct buf *out;
};

/* A column as a line for people. */
static void print_line(void *ctx, uint32_t column, const char *name, struct slice json)
{
	const struct lines *lines = ctx;
	const struct column_shape *shape = &lines->batch->shape->columns[column];
	if (column == SYS_IP_BYTES || slice_eq(json, SLICE("null")))
		return;
	buf_printf(lines->out, "%-28s ", name);
	if (shape->group == NO_GROUP && shape->type == COL_STRING)
		text_escape(lines->out, column_text(&lines->batch->columns[column], lines->row));
	else if (json.ptr[0] == '"') /* a time or an id: its quotes are JSON's */
		text_escape(lines->out, (struct slice){json.ptr + 1, json.len - 2});
	else
		text_escape(lines->out, json);
	buf_push(lines->out, '\n');
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
		row_members_json(batch, row, true, &out);
		buf_puts(&out, "},\"raw\":");
		text_json_string(&out, buf_view(raw));
		buf_puts(&out, "}\n");
	} else {
		buf_printf(&out, "%-28s %s\n", "table", table);
		row_each(batch, row, print_line, &(struct lines){batch, row, &out});
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
