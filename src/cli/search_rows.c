/* SPDX-License-Identifier: Apache-2.0 */
/* search_rows.c (cli/): the rows of a page: as a table that fits the terminal, with what matched marked;
 * as CSV; as JSON objects; as the raw bytes that they came as. */
#include <stdlib.h>
#include <unistd.h>

#include "cli/search.h"
#include "query/jsontext.h"
#include "query/output.h"

/* Most important first: where the terminal is narrow, the last go. */
static const char *const table_columns[] = {
	"event_time", "actor", "action", "target", "ip", "table", "event_id"};

enum { SPANS = 32 };

struct column_marks {
	struct text_span spans[SPANS];
};

struct rows {
	struct searching *s;
	const char *const *fields; /* NULL = all */
	uint32_t nfields;
	const char *const *wanted; /* to be read: those, and what a filter looks at */
	uint32_t nwanted;
	uint64_t shown, elsewhere;
	struct search_cursor last;
	struct buf text, json;
	/* table and CSV */
	bool lines;
	struct output output;
	bool *whole;
	struct cell *cells;
	struct buf *texts;
	struct cell_marks *marks;
	struct column_marks *spans;
	struct match_scratch *scratch;
	int (*filter)(void *ctx, const struct search_row *row);
	void *filter_ctx;
};

static bool is_field(const char *name, const char *other)
{
	return strcasecmp(name, other) == 0;
}

static int begin_lines(struct rows *rows, struct err *err)
{
	struct searching *s = rows->s;
	struct sql_options options = {.format = s->format, .width = s->width};
	struct slice *names = arena_zalloc(&s->mem, rows->nfields, sizeof(*names));
	enum cell_kind *kinds = arena_zalloc(&s->mem, rows->nfields, sizeof(*kinds));
	rows->whole = arena_zalloc(&s->mem, rows->nfields, sizeof(*rows->whole));
	rows->cells = arena_zalloc(&s->mem, rows->nfields, sizeof(*rows->cells));
	rows->marks = arena_zalloc(&s->mem, rows->nfields, sizeof(*rows->marks));
	rows->spans = arena_zalloc(&s->mem, rows->nfields, sizeof(*rows->spans));
	rows->texts = arena_zalloc(&s->mem, rows->nfields, sizeof(*rows->texts));
	for (uint32_t i = 0; i < rows->nfields; i++) {
		const char *name = rows->fields[i];
		buf_init(&rows->texts[i], (size_t)1 << 30);
		names[i] = slice_of(name);
		kinds[i] = CELL_TEXT;
		rows->whole[i] = is_field(name, "event_time") || is_field(name, "event_id") ||
				 is_field(name, "received_at") || is_field(name, "ip");
	}
	rows->lines = true;
	rows->scratch = match_scratch_new();
	output_init(&rows->output, &options, stdout);
	rows->output.drop = true;
	rows->output.whole = rows->whole;
	rows->output.roomy = s->follow;
	return output_begin(&rows->output, rows->nfields, names, kinds, err);
}

/* Following tells old events from new ones by when they were received. */
static void want(struct rows *rows)
{
	rows->wanted = rows->fields;
	rows->nwanted = rows->nfields;
	if (!rows->s->follow || !rows->fields)
		return;
	const char **wanted = arena_zalloc(&rows->s->mem, rows->nfields + 1, sizeof(*wanted));
	memcpy(wanted, rows->fields, rows->nfields * sizeof(*wanted));
	wanted[rows->nwanted++] = "received_at";
	rows->wanted = wanted;
}

struct rows *rows_begin(struct searching *s, struct err *err)
{
	struct rows *rows = xcalloc(1, sizeof(*rows));
	bool table = s->format == FORMAT_TABLE;
	rows->s = s;
	buf_init(&rows->text, (size_t)1 << 31);
	buf_init(&rows->json, (size_t)1 << 31);
	rows->fields = s->columns;
	rows->nfields = s->ncolumns;
	if (s->raw) {
		rows->fields = search_place_fields;
		rows->nfields = PLACE_FIELDS;
	} else if (!s->ncolumns && (table || s->format == FORMAT_CSV)) {
		rows->fields = table ? table_columns : search_csv_fields;
		rows->nfields = table ? sizeof(table_columns) / sizeof(*table_columns) : CSV_FIELDS;
	}
	want(rows);
	int status = 0;
	if (!s->raw && (table || s->format == FORMAT_CSV))
		status = begin_lines(rows, err);
	else if (!s->raw && s->format == FORMAT_JSON)
		fputs("{\"events\":[", stdout);
	if (status == 0)
		return rows;
	rows_free(rows);
	return NULL;
}

void rows_free(struct rows *rows)
{
	if (!rows)
		return;
	for (uint32_t i = 0; rows->texts && i < rows->nfields; i++)
		buf_fini(&rows->texts[i]);
	if (rows->lines)
		output_fini(&rows->output);
	match_scratch_free(rows->scratch);
	buf_fini(&rows->text);
	buf_fini(&rows->json);
	free(rows);
}

void rows_filter(
	struct rows *rows, int (*filter)(void *ctx, const struct search_row *row), void *ctx)
{
	rows->filter = filter;
	rows->filter_ctx = ctx;
}

uint64_t rows_elsewhere(const struct rows *rows)
{
	return rows->elsewhere;
}

uint64_t rows_shown(const struct rows *rows)
{
	return rows->shown;
}

/* ---- marks ----------------------------------------------------------------------------------- */

struct marking {
	struct rows *rows;
	const struct search_row *row;
	struct slice value;
	struct text_span *spans;
	uint32_t n;
};

static int by_begin(const void *left, const void *right)
{
	const struct text_span *a = left, *b = right;
	return a->begin < b->begin ? -1 : a->begin > b->begin;
}

static void mark_column(struct marking *m, int column)
{
	if (column >= 0 && m->n < SPANS)
		m->n += match_spans(m->row->program, m->rows->scratch, (uint32_t)column, m->value,
			m->spans + m->n, SPANS - m->n);
}

/* The column of the row's file that is called as column `c` of the schema. */
static void mark_schema_column(struct marking *m, int c)
{
	const struct batch_shape *ours = &m->row->schema->shape, *shape = m->row->batch->shape;
	char name[512];
	if (c < 0 || m->n == SPANS)
		return;
	const struct column_shape *column = &ours->columns[c];
	if (column->group == NO_GROUP)
		snprintf(name, sizeof(name), "%s", column->name);
	else if (ours->groups[column->group].bare)
		snprintf(name, sizeof(name), "%s", ours->groups[column->group].name);
	else
		snprintf(name, sizeof(name), "%s.%s", ours->groups[column->group].name,
			column->name);
	mark_column(m, batch_find_column(shape, slice_of(name)));
}

/* A common field repeats other columns, and those are what a bare word was found in. */
static void mark_sources(struct marking *m, int c)
{
	const struct schema *schema = m->row->schema;
	if (c == SYS_TARGET || c == SYS_TARGETS) {
		for (uint32_t i = 0; i < schema->ntargets; i++) {
			mark_schema_column(m, schema->targets[i].name_column);
			mark_schema_column(m, schema->targets[i].id_column);
		}
	} else if (c >= SYS_ACTOR && c <= SYS_SUMMARY) {
		for (uint32_t i = 0; i < schema->common[c].ncolumns; i++)
			mark_schema_column(m, schema->common[c].columns[i]);
	}
}

static struct cell_marks find_marks(struct rows *rows, const struct search_row *row,
	const char *name, struct slice value, struct text_span *spans)
{
	struct marking m = {.rows = rows, .row = row, .value = value, .spans = spans};
	int c = schema_resolve(row->schema, slice_of(name));
	mark_schema_column(&m, c);
	if (c == SYS_TARGET)
		mark_schema_column(&m, SYS_TARGETS);
	mark_sources(&m, c);
	qsort(spans, m.n, sizeof(*spans), by_begin);
	uint32_t n = 0;
	for (uint32_t i = 0; i < m.n; i++) {
		if (n && spans[i].begin <= spans[n - 1].end) {
			if (spans[i].end > spans[n - 1].end)
				spans[n - 1].end = spans[i].end;
		} else {
			spans[n++] = spans[i];
		}
	}
	return (struct cell_marks){spans, n};
}

/* ---- rows ------------------------------------------------------------------------------------ */

/* Zeros at the end of a fraction say nothing to people: `…11.410000Z` is `…11.41Z`. */
static void trim_time(struct buf *text)
{
	if (text->len < 8 || text->ptr[text->len - 8] != '.' || text->ptr[text->len - 1] != 'Z')
		return;
	size_t n = text->len - 1;
	while (text->ptr[n - 1] == '0')
		n--;
	if (text->ptr[n - 1] == '.')
		n--;
	text->ptr[n++] = 'Z';
	text->len = n;
}

static int show_line(struct rows *rows, const struct search_row *row, struct err *err)
{
	struct searching *s = rows->s;
	for (uint32_t i = 0; i < rows->nfields; i++) {
		struct buf *text = &rows->texts[i];
		const char *name = rows->fields[i];
		buf_clear(text);
		bool some = search_cell(row, name, text);
		if (some && s->format == FORMAT_TABLE && rows->whole[i])
			trim_time(text);
		rows->cells[i] = (struct cell){some ? CELL_TEXT : CELL_NULL, buf_view(text)};
		rows->marks[i] = (struct cell_marks){NULL, 0};
		if (some && s->marks)
			rows->marks[i] =
				find_marks(rows, row, name, buf_view(text), rows->spans[i].spans);
	}
	return output_row_marked(&rows->output, rows->cells, rows->marks, err);
}

static int show_raw(struct rows *rows, const struct vault_place *place, struct err *err)
{
	struct buf raw;
	buf_init(&raw, 2 * LIMIT_RECORD_BYTES);
	int status = store_read_raw(rows->s->store, place, &raw, err);
	if (status == 0 && rows->s->width)
		text_escape(&rows->text, buf_view(&raw));
	else if (status == 0)
		buf_slice(&rows->text, buf_view(&raw));
	buf_push(&rows->text, '\n');
	buf_fini(&raw);
	return status;
}

static void show_json(struct rows *rows, const struct search_row *row)
{
	buf_clear(&rows->json);
	search_row_json(row, &rows->json);
	if (rows->s->format == FORMAT_JSON)
		buf_puts(&rows->text, rows->shown ? ",\n" : "\n");
	jsontext_visible(&rows->text, buf_view(&rows->json));
	if (rows->s->format == FORMAT_NDJSON)
		buf_push(&rows->text, '\n');
}

static int show_row(void *ctx, const struct search_row *row, struct err *err)
{
	struct rows *rows = ctx;
	struct vault_place place;
	int status = 0;
	rows->last = row->cursor;
	if (rows->filter && rows->filter(rows->filter_ctx, row))
		return 0;
	if (rows->s->raw && !search_row_place(row, &place)) {
		rows->elsewhere++;
		return 0;
	}
	buf_clear(&rows->text);
	if (rows->lines)
		status = show_line(rows, row, err);
	else if (rows->s->raw)
		status = show_raw(rows, &place, err);
	else
		show_json(rows, row);
	if (status < 0)
		return -1;
	if (rows->text.len && fwrite(rows->text.ptr, 1, rows->text.len, stdout) != rows->text.len)
		return err_errno(err, "writing the result");
	rows->shown++;
	return stop_requested ? err_set(err, ERR_INTERRUPTED, "stopped") : 0;
}

int rows_page(struct rows *rows, struct search *search, struct search_cursor *last, struct err *err)
{
	uint32_t n = search_result(search)->nrows;
	int status = search_rows(search, 0, n, rows->wanted, rows->nwanted, show_row, rows, err);
	*last = rows->last;
	return status < 0 ? -1 : 0;
}

int rows_page_backwards(struct rows *rows, struct search *search, struct err *err)
{
	int status = 0;
	for (uint32_t i = search_result(search)->nrows; i-- > 0 && status == 0;)
		status =
			search_rows(search, i, 1, rows->wanted, rows->nwanted, show_row, rows, err);
	return status < 0 ? -1 : 0;
}

int rows_end(struct rows *rows, struct err *err)
{
	if (rows->lines)
		return output_end(&rows->output, err);
	if (!rows->s->raw && rows->s->format == FORMAT_JSON)
		fputs(rows->shown ? "\n]" : "]", stdout);
	return fflush(stdout) == 0 ? 0 : err_errno(err, "writing the result");
}
