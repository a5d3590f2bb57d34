/* SPDX-License-Identifier: Apache-2.0 */
/*
 * search.c (http/): GET /api/v1/search: one JSON object, as `pugmark search --json`, or NDJSON: a row a line, and a last line that
 * says how it ended. Rows leave as they are read; the search ends where its client goes.
 */
#include "http/asked.h"
#include "query/jsontext.h"
#include "query/search_json.h"

enum { PART = 256 << 10 };

/* ---- rows ------------------------------------------------------------------------------------ */

static int hand_on(struct asked *a, size_t least, struct err *err)
{
	if (a->text.len < least)
		return 0;
	int rc = stream_write(a->r, buf_view(&a->text), err);
	buf_clear(&a->text);
	return rc;
}

static int put_row(void *ctx, const struct search_row *row, struct err *err)
{
	struct asked *a = ctx;
	a->last = row->cursor;
	buf_clear(&a->row);
	search_row_json(row, &a->row);
	if (!a->lines)
		buf_puts(&a->text, a->shown ? ",\n" : "\n");
	jsontext_visible(&a->text, buf_view(&a->row));
	if (a->lines)
		buf_push(&a->text, '\n');
	a->shown++;
	if (a->r->head || a->r->stop)
		return err_set(err, ERR_INTERRUPTED, "the client has gone");
	return hand_on(a, PART, err);
}

static int put_page(struct asked *a, struct search *search, struct err *err)
{
	const char *const *fields = a->ncolumns ? a->columns : NULL;
	uint32_t n = search_result(search)->nrows;
	int rc = search_rows(search, 0, n, fields, a->ncolumns, put_row, a, err);
	return rc < 0 ? -1 : 0;
}

static void put_result(struct asked *a, const struct search_result *result)
{
	char cursor[CURSOR_TEXT];
	search_result_json(result, &a->request, clock_mono_us() - a->began, a->explain, &a->text);
	if (result->more && a->shown && !a->request.sort)
		buf_printf(&a->text, ",\"next\":\"%s\"", cursor_text(&a->last, cursor));
}

static int put_lines_page(struct asked *a, struct search *search, bool last, struct err *err)
{
	if (put_page(a, search, err) < 0)
		return -1;
	if (last) {
		buf_puts(&a->text, "{\"summary\":{");
		put_result(a, search_result(search));
		buf_puts(&a->text, "}}\n");
	}
	return 0;
}

static int put_object(struct asked *a, struct err *err)
{
	struct search *search;
	a->request.limit = a->left;
	if (search_run(a->store, &a->request, &search, err) < 0)
		return -1;
	stream_begin(a->r, "application/json");
	buf_puts(&a->text, "{\"events\":[");
	int rc = put_page(a, search, err);
	if (rc == 0) {
		buf_puts(&a->text, a->shown ? "\n]," : "],");
		put_result(a, search_result(search));
		buf_puts(&a->text, "}\n");
	}
	search_free(search);
	return rc;
}

static int answer(struct asked *a, struct err *err)
{
	int rc = asked_parse(a, err);
	if (rc != 0)
		return rc < 0 ? -1 : 0;
	if (a->lines) {
		stream_begin(a->r, "application/x-ndjson");
		rc = asked_pages(a, put_lines_page, err);
	} else
		rc = put_object(a, err);
	if (rc < 0 || hand_on(a, 0, err) < 0)
		return -1;
	if (a->text.full)
		return err_set(err, ERR_LIMIT, "a row is too long");
	stream_end(a->r, false);
	return 0;
}

int handle_search(struct request *r, struct err *err)
{
	struct asked a = {.r = r, .lines = accepts_lines(r)};
	int rc = answer(&a, err);
	asked_fini(&a);
	return rc;
}
