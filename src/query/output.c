/* SPDX-License-Identifier: Apache-2.0 */
/*
 * output.c: rows as JSON, NDJSON and CSV, one row in memory at a time. Tables for people are in
 * table.c.
 */
#include "query/output.h"

#include <errno.h>
#include <stdlib.h>

#include "base/text.h"
#include "query/jsontext.h"

enum { FLUSH_AT = 64 << 10 };
/* A row of LIMIT_FRAME bytes, each of which may be written as \u0000. */
#define LINE_MAX_BYTES (LIMIT_FRAME * 6 + FLUSH_AT)

void output_init(struct output *out, const struct sql_options *options, FILE *file)
{
	memset(out, 0, sizeof(*out));
	out->format = options->format;
	out->width = options->width;
	out->max_rows = options->max_rows;
	out->file = file;
	buf_init(&out->line, LINE_MAX_BYTES);
	buf_init(&out->scratch, LINE_MAX_BYTES);
	arena_init(&out->mem);
}

void output_fini(struct output *out)
{
	table_free(out->table);
	buf_fini(&out->line);
	buf_fini(&out->scratch);
	arena_fini(&out->mem);
}

int output_flush(struct output *out, struct err *err)
{
	if (out->line.full)
		return err_set(err, ERR_LIMIT, "a row of the result is too long to be written");
	errno = 0;
	if (out->line.len && fwrite(out->line.ptr, 1, out->line.len, out->file) != out->line.len)
		return err_errno(err, "writing the result");
	buf_clear(&out->line);
	return 0;
}

/* Names of a result may repeat (`select 1 as a, 2 as a`); keys of an object must not. A name's value
 * in the map is the number that the next of its name tries. */
static struct slice distinct_name(struct output *out, struct map *taken, struct slice name)
{
	bool is_new;
	struct slice try = name;
	uint64_t *next = map_put(taken, name, &is_new), n = *next + 2;
	for (; !is_new; n++) {
		try = slice_of(arena_printf(
			&out->mem, "%.*s_%llu", SLICE_ARG(name), (unsigned long long)n));
		map_put(taken, try, &is_new);
		*map_get(taken, name) = n - 1;
	}
	return try;
}

static void json_text(struct output *out, struct slice text)
{
	buf_clear(&out->scratch);
	text_json_string(&out->scratch, text);
	out->line.full |= out->scratch.full;
	jsontext_visible(&out->line, buf_view(&out->scratch));
}

/* The names as they stand in every row. */
static void json_keys(struct output *out)
{
	struct map taken;
	map_init(&taken);
	for (uint32_t i = 0; i < out->ncolumns; i++) {
		buf_clear(&out->line);
		json_text(out, distinct_name(out, &taken, out->names[i]));
		buf_push(&out->line, ':');
		out->names[i].ptr = arena_strdup(&out->mem, buf_view(&out->line));
		out->names[i].len = out->line.len;
	}
	buf_clear(&out->line);
	map_fini(&taken);
}

static void csv_head(struct output *out)
{
	for (uint32_t i = 0; i < out->ncolumns; i++) {
		if (i)
			buf_push(&out->line, ',');
		text_csv_field(&out->line, out->names[i]);
	}
	buf_puts(&out->line, "\r\n");
}

/* Without types: what the cells are in JSON, where they are not null. */
static void arrays_head(struct output *out)
{
	static const char *const types[CELL_KINDS] = {[CELL_NULL] = "text",
		[CELL_TEXT] = "text",
		[CELL_NUMBER] = "number",
		[CELL_BOOL] = "boolean",
		[CELL_JSON] = "json"};
	buf_puts(&out->line, "{\"columns\":[");
	for (uint32_t i = 0; i < out->ncolumns; i++) {
		enum cell_kind kind = out->kinds[i] < CELL_KINDS ? out->kinds[i] : CELL_TEXT;
		buf_puts(&out->line, i ? ",{\"name\":" : "{\"name\":");
		json_text(out, out->names[i]);
		buf_puts(&out->line, ",\"type\":");
		json_text(out, out->types ? out->types[i] : slice_of(types[kind]));
		buf_push(&out->line, '}');
	}
	buf_puts(&out->line, "],\"rows\":[");
}

int output_begin(struct output *out, uint32_t n, const struct slice *names,
	const enum cell_kind *kinds, struct err *err)
{
	out->ncolumns = n;
	out->names = arena_zalloc(&out->mem, n + 1, sizeof(out->names[0]));
	out->kinds = arena_zalloc(&out->mem, n + 1, sizeof(out->kinds[0]));
	for (uint32_t i = 0; i < n; i++) {
		out->names[i] = (struct slice){arena_strdup(&out->mem, names[i]), names[i].len};
		out->kinds[i] = kinds[i];
	}
	if (out->format == FORMAT_JSON || out->format == FORMAT_NDJSON)
		json_keys(out);
	if (out->format == FORMAT_TABLE)
		out->table = table_new(out);
	else if (out->format == FORMAT_CSV)
		csv_head(out);
	else if (out->format == FORMAT_JSON)
		buf_push(&out->line, '[');
	else if (out->format == FORMAT_ARRAYS)
		arrays_head(out);
	return output_flush(out, err);
}

/* A number or a nested value goes out bare only where it is well-formed. */
static void json_cell(struct output *out, const struct cell *cell)
{
	if (cell->kind == CELL_NULL)
		buf_puts(&out->line, "null");
	else if (cell->kind != CELL_TEXT && jsontext_valid(cell->text))
		jsontext_visible(&out->line, cell->text);
	else
		json_text(out, cell->text);
}

static void json_row(struct output *out, const struct cell *cells)
{
	if (out->format == FORMAT_JSON)
		buf_puts(&out->line, out->rows ? ",\n" : "\n");
	buf_push(&out->line, '{');
	for (uint32_t i = 0; i < out->ncolumns; i++) {
		if (i)
			buf_push(&out->line, ',');
		buf_slice(&out->line, out->names[i]);
		json_cell(out, &cells[i]);
	}
	buf_push(&out->line, '}');
	if (out->format == FORMAT_NDJSON)
		buf_push(&out->line, '\n');
}

static void arrays_row(struct output *out, const struct cell *cells)
{
	buf_puts(&out->line, out->rows ? ",\n[" : "\n[");
	for (uint32_t i = 0; i < out->ncolumns; i++) {
		buf_puts(&out->line, i ? "," : "");
		json_cell(out, &cells[i]);
	}
	buf_push(&out->line, ']');
}

/* NULL is an empty field and an empty text is "": but a line must not be empty, since readers skip
 * such lines. */
static void csv_row(struct output *out, const struct cell *cells)
{
	for (uint32_t i = 0; i < out->ncolumns; i++) {
		if (i)
			buf_push(&out->line, ',');
		if (cells[i].kind != CELL_NULL && cells[i].text.len)
			text_csv_field(&out->line, cells[i].text);
		else if (cells[i].kind != CELL_NULL || out->ncolumns == 1)
			buf_puts(&out->line, "\"\"");
	}
	buf_puts(&out->line, "\r\n");
}

int output_row(struct output *out, const struct cell *cells, struct err *err)
{
	return output_row_marked(out, cells, NULL, err);
}

int output_row_marked(struct output *out, const struct cell *cells, const struct cell_marks *marks,
	struct err *err)
{
	if (out->max_rows && out->rows == out->max_rows) {
		out->cut = true;
		return 1;
	}
	int rc = 0;
	if (out->format == FORMAT_TABLE)
		rc = table_row(out, cells, marks, err);
	else if (out->format == FORMAT_CSV)
		csv_row(out, cells);
	else if (out->format == FORMAT_ARRAYS)
		arrays_row(out, cells);
	else
		json_row(out, cells);
	out->rows++;
	if (rc == 0 && (out->line.len >= FLUSH_AT || out->line.full))
		rc = output_flush(out, err);
	return rc;
}

int output_end(struct output *out, struct err *err)
{
	if (out->format == FORMAT_TABLE && table_end(out, err) != 0)
		return -1;
	if (out->format == FORMAT_JSON)
		buf_puts(&out->line, out->rows ? "\n]\n" : "]\n");
	if (out->format == FORMAT_ARRAYS)
		buf_puts(&out->line, out->rows ? "\n]" : "]");
	if (output_flush(out, err) != 0)
		return -1;
	if (fflush(out->file) != 0)
		return err_errno(err, "writing the result");
	return 0;
}
