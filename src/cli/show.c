/* SPDX-License-Identifier: Apache-2.0 */
/* show.c (cli/): pugmark show: one event, parsed and raw. */
#include "answer/answer.h"
#include "cli/private.h"
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

static void print_event(
	void *ctx, const char *table, const struct batch *batch, uint32_t row, struct slice raw)
{
	const struct command_line *line = ctx;
	struct buf out;
	buf_init(&out, (size_t)1 << 30);
	if (line->values[OPT_RAW]) {
		buf_slice(&out, raw);
		buf_push(&out, '\n');
	} else {
		buf_printf(&out, "%-28s %s\n", "table", table);
		row_each(batch, row, print_line, &(struct lines){batch, row, &out});
		buf_puts(&out, "\nraw:\n");
		text_escape(&out, raw);
		buf_push(&out, '\n');
	}
	fwrite(out.ptr, 1, out.len, stdout);
	buf_fini(&out);
}

/* An event that another lake sent to the cluster. */
static void print_others(void *ctx, const char *table, const struct batch *batch, uint32_t row,
	struct slice collector)
{
	const struct command_line *line = ctx;
	struct buf out;
	buf_init(&out, (size_t)1 << 30);
	if (!line->values[OPT_RAW]) {
		buf_printf(&out, "%-28s %s\n", "table", table);
		row_each(batch, row, print_line, &(struct lines){batch, row, &out});
		buf_push(&out, '\n');
	}
	fwrite(out.ptr, 1, out.len, stdout);
	buf_clear(&out);
	text_escape(&out, collector);
	fprintf(stderr,
		"The raw bytes are in the vault of the lake that collected it, which the cluster "
		"knows as %.*s: run `pugmark show` there.\n",
		SLICE_ARG(buf_view(&out)));
	buf_fini(&out);
}

static int print_json(struct store *store, const uint8_t id[16], struct err *err)
{
	struct buf out;
	buf_init(&out, ANSWER_MOST);
	int found = answer_event(store, id, &out, err);
	if (found == 1)
		printf("%.*s\n", SLICE_ARG(buf_view(&out)));
	buf_fini(&out);
	return found;
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
	struct command_line own = *line;
	bool json = line->values[OPT_JSON] && !line->values[OPT_RAW];
	int found = json ? print_json(store, id, &err)
			 : answer_event_with(store, id, true, print_event, &own, &err);
	if (found == 0 && !json)
		found = answer_event_of_others(store, id, print_others, &own, &err);
	if (found == 0)
		err_set(&err, ERR_NOT_FOUND, "no event has the id %s in %s", line->args[0],
			store_dir(store));
	store_close(store);
	return found < 1 ? fail(&err) : EXIT_DONE;
}
