/* SPDX-License-Identifier: Apache-2.0 */
/*
 * export.c (http/): GET /api/v1/export: all that a query matches, as a file: a JSON object a line, CSV, or the raw bytes, a record a line.
 * What cannot be read breaks it off: a file that a person takes for all must be all.
 */
#include <string.h>

#include "http/asked.h"
#include "query/jsontext.h"
#include "query/output.h"
#include "query/search_json.h"

enum form { FORM_NDJSON, FORM_CSV, FORM_RAW, FORMS };
static const struct {
	const char *name, *type, *disposition;
} forms[FORMS] = {
	[FORM_NDJSON] = {"ndjson", "application/x-ndjson",
		"attachment; filename=\"pugmark-export.ndjson\""},
	[FORM_CSV] = {"csv", "text/csv; charset=utf-8",
		"attachment; filename=\"pugmark-export.csv\""},
	[FORM_RAW] = {"raw", "application/octet-stream",
		"attachment; filename=\"pugmark-export-raw.ndjson\""},
};

struct exporting {
	struct asked asked; /* first: a page has this alone */
	enum form form;
	const char *const *fields; /* NULL = all */
	uint32_t nfields;
	struct answer_file file;
	struct output output;
	struct cell *cells;
	struct buf *texts;
};

/* ---- rows ------------------------------------------------------------------------------------ */

static int put_csv(struct exporting *x, const struct search_row *row, struct err *err)
{
	for (uint32_t i = 0; i < x->nfields; i++) {
		buf_clear(&x->texts[i]);
		bool some = search_cell(row, x->fields[i], &x->texts[i]);
		x->cells[i] = (struct cell){some ? CELL_TEXT : CELL_NULL, buf_view(&x->texts[i])};
	}
	return output_row(&x->output, x->cells, err) < 0 ? -1 : 0;
}

/* A record that came on several lines is one here: its line ends are blanks, as those of `pugmark export`. */
static int put_raw(struct exporting *x, const struct search_row *row, struct err *err)
{
	struct asked *a = &x->asked;
	struct vault_place place;
	if (!search_row_place(row, &place))
		return search_row_elsewhere(row, err);
	if (store_read_raw(a->store, &place, &a->text, err) < 0)
		return -1;
	text_one_line(&a->text);
	buf_push(&a->text, '\n');
	return 0;
}

static void put_json(struct asked *a, const struct search_row *row)
{
	buf_clear(&a->row);
	search_row_json(row, &a->row);
	jsontext_visible(&a->text, buf_view(&a->row));
	buf_push(&a->text, '\n');
}

static int put_row(void *ctx, const struct search_row *row, struct err *err)
{
	struct exporting *x = ctx;
	struct asked *a = &x->asked;
	int rc = 0;
	a->last = row->cursor;
	buf_clear(&a->text);
	if (x->form == FORM_CSV)
		rc = put_csv(x, row, err);
	else if (x->form == FORM_RAW)
		rc = put_raw(x, row, err);
	else
		put_json(a, row);
	if (rc < 0)
		return -1;
	if (a->text.full)
		return err_set(err, ERR_LIMIT, "an event is too long");
	if (a->text.len && fwrite(a->text.ptr, 1, a->text.len, x->file.file) != a->text.len)
		return err_errno(err, "the answer");
	return a->r->stop ? err_set(err, ERR_INTERRUPTED, "the client has gone") : 0;
}

static int put_page(struct asked *a, struct search *search, bool last, struct err *err)
{
	struct exporting *x = (struct exporting *)a;
	const struct search_result *result = search_result(search);
	(void)last;
	if (search_rows(search, 0, result->nrows, x->fields, x->nfields, put_row, x, err) < 0)
		return -1;
	if (result->partial)
		return err_set(err, a->r->stop ? ERR_INTERRUPTED : ERR_LIMIT,
			"the export is not whole: %s", result->why);
	if (result->nproblems)
		return err_set(err, ERR_DAMAGED, "the export is not whole: %s: %s",
			result->problems[0].path, result->problems[0].what);
	return 0;
}

/* ---- all ------------------------------------------------------------------------------------- */

static int parse(struct exporting *x, struct err *err)
{
	struct asked *a = &x->asked;
	const char *format = arg(a->r, "format");
	for (x->form = FORM_NDJSON; format && x->form < FORMS; x->form++) {
		if (strcmp(format, forms[x->form].name) == 0)
			break;
	}
	if (x->form == FORMS)
		return err_set(err, ERR_USAGE, "format=%.40s: write ndjson, csv or raw", format);
	int rc = asked_parse(a, err);
	if (rc != 0)
		return rc;
	if (a->request.sort)
		return err_set(
			err, ERR_USAGE, "an export is in the order of time: newest or oldest");
	if (x->form == FORM_RAW && a->columns)
		return err_set(err, ERR_USAGE, "raw bytes have no columns");
	x->fields = a->ncolumns ? a->columns : NULL;
	x->nfields = a->ncolumns;
	if (x->form == FORM_RAW) {
		x->fields = search_place_fields;
		x->nfields = PLACE_FIELDS;
	} else if (x->form == FORM_CSV && !x->nfields) {
		x->fields = search_csv_fields;
		x->nfields = CSV_FIELDS;
	}
	return 0;
}

static int begin_csv(struct exporting *x, struct err *err)
{
	const struct sql_options options = {.format = FORMAT_CSV};
	struct arena *mem = &x->asked.r->mem;
	struct slice *names = arena_zalloc(mem, x->nfields, sizeof(*names));
	enum cell_kind *kinds = arena_zalloc(mem, x->nfields, sizeof(*kinds));
	x->cells = arena_zalloc(mem, x->nfields, sizeof(*x->cells));
	x->texts = arena_zalloc(mem, x->nfields, sizeof(*x->texts));
	for (uint32_t i = 0; i < x->nfields; i++) {
		buf_init(&x->texts[i], (size_t)1 << 30);
		names[i] = slice_of(x->fields[i]);
		kinds[i] = CELL_TEXT;
	}
	output_init(&x->output, &options, x->file.file);
	return output_begin(&x->output, x->nfields, names, kinds, err);
}

static int write_all(struct exporting *x, struct err *err)
{
	struct asked *a = &x->asked;
	a->r->disposition = forms[x->form].disposition;
	if (answer_file_open(&x->file, a->r, forms[x->form].type, err) < 0)
		return -1;
	int rc = x->form == FORM_CSV ? begin_csv(x, err) : 0;
	if (rc == 0)
		rc = asked_pages(a, put_page, err);
	if (rc == 0 && x->form == FORM_CSV)
		rc = output_end(&x->output, err);
	return answer_file_close(&x->file, rc, err);
}

int handle_export(struct request *r, struct err *err)
{
	struct exporting x = {.asked = {.r = r, .whole = true, .lines = true}};
	int rc = request_begin_long(err);
	if (rc < 0)
		return -1;
	rc = parse(&x, err);
	if (rc == 0)
		rc = write_all(&x, err);
	if (x.texts)
		output_fini(&x.output);
	for (uint32_t i = 0; x.texts && i < x.nfields; i++)
		buf_fini(&x.texts[i]);
	asked_fini(&x.asked);
	request_end_long();
	return rc < 0 ? -1 : 0;
}
