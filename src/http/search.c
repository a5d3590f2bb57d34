/* SPDX-License-Identifier: Apache-2.0 */
/*
 * search.c (http/): GET /api/v1/search: one JSON object, as `pugmark search --json`, or NDJSON: a row a line, and a last line that
 * says how it ended. Rows leave as they are read; the search ends where its client goes.
 */
#include <inttypes.h>
#include <strings.h>
#include <unistd.h>

#include "http/private.h"
#include "pipeline/pipeline.h"
#include "query/jsontext.h"
#include "query/search_json.h"

enum {
	FIELDS_MOST = 256,
	TABLES_MOST = 64,
	ROWS = 100,        /* where no limit is given */
	ROWS_MOST = 10000, /* of one object */
	ROWS_PAGE = 10000, /* of one run, where all are wanted */
	BUCKETS_MOST = 10000,
	FACET_VALUES = 100,
	SECONDS_MOST = 600,
	PART = 256 << 10,
};

struct asked {
	struct request *r;
	struct store *store;
	struct schema_set schemas;
	struct search_tables tables;
	struct search_request request;
	struct search_cursor after;
	const char **columns;
	uint32_t ncolumns;
	uint64_t left;
	bool lines, explain;
	struct buf text, row; /* not yet handed on; of one row */
	uint64_t shown;
	struct search_cursor last;
	int64_t began;
};

/* ---- what is asked --------------------------------------------------------------------------- */

static int load_tables(struct asked *a, struct err *err)
{
	const char *folder = request_options(a->r)->data, *only = arg(a->r, "table");
	struct schema_set *set = &a->schemas;
	if (only) {
		set->of = arena_zalloc(&a->r->mem, 1, sizeof(*set->of));
		set->owned = arena_zalloc(&a->r->mem, 1, sizeof(*set->owned));
		if (store_schema(folder, only, set->of, set->owned, err) < 0) {
			err->kind = err->kind == ERR_NOT_FOUND ? ERR_USAGE : err->kind;
			return -1;
		}
		set->n = 1;
	} else if (store_schema_set(folder, &a->r->mem, set, err) < 0)
		return -1;
	if (set->n > TABLES_MOST)
		return err_set(
			err, ERR_LIMIT, "more than %d tables: name one with table=", TABLES_MOST);
	a->tables = (struct search_tables){set->n, set->of};
	return 0;
}

/* "a,b,c" as a list of fields that there are. */
static int parse_fields(
	struct asked *a, const char *name, const char ***fields, uint32_t *n, struct err *err)
{
	const char *list = arg(a->r, name);
	*n = 0;
	if (!list)
		return 0;
	*fields = arena_zalloc(&a->r->mem, FIELDS_MOST, sizeof(**fields));
	for (size_t len; *list; list += len + (list[len] == ',')) {
		len = strcspn(list, ",");
		if (len == 0)
			continue;
		if (*n == FIELDS_MOST)
			return err_set(
				err, ERR_USAGE, "%s: more than %d fields", name, FIELDS_MOST);
		if (query_check_field(&a->tables, (struct slice){list, len}, err) < 0)
			return err_context(err, "%s", name);
		(*fields)[(*n)++] = arena_strdup(&a->r->mem, (struct slice){list, len});
	}
	return 0;
}

static int parse_order(struct asked *a, struct err *err)
{
	const char *text = arg(a->r, "order");
	if (!text || strcmp(text, "newest") == 0)
		return 0;
	if (strcmp(text, "oldest") == 0) {
		a->request.order = SEARCH_OLDEST;
		return 0;
	}
	bool down = *text == '-';
	text += down;
	if (query_check_field(&a->tables, slice_of(text), err) < 0 ||
		strcasecmp(text, "table") == 0)
		return err_set(err, ERR_USAGE,
			"order=%.80s: write newest, oldest, a field, or -field for the highest "
			"first",
			text);
	a->request.order = down ? SEARCH_NEWEST : SEARCH_OLDEST;
	if (strcasecmp(text, "event_time") != 0)
		a->request.sort = text;
	return 0;
}

static int parse_numbers(struct asked *a, struct err *err)
{
	struct search_request *q = &a->request;
	uint64_t limit = ROWS, seconds = HTTP_SECONDS, buckets = 0;
	uint64_t most = a->lines ? INT64_MAX : ROWS_MOST;
	if (arg_time(a->r, "since", &q->since, err) < 0 ||
		arg_time(a->r, "until", &q->until, err) < 0 ||
		arg_number(a->r, "limit", most, &limit, err) < 0 ||
		arg_number(a->r, "timeout", SECONDS_MOST, &seconds, err) < 0 ||
		arg_flag(a->r, "count", &q->count, err) < 0 ||
		arg_flag(a->r, "explain", &a->explain, err) < 0 ||
		arg_flag(a->r, "secondary", &q->secondary, err) < 0)
		return -1;
	const char *text = arg(a->r, "histogram");
	if (text && strcmp(text, "true") != 0 &&
		arg_number(a->r, "histogram", BUCKETS_MOST, &buckets, err) < 0)
		return -1;
	q->buckets = text && strcmp(text, "true") == 0 ? 100 : (unsigned)buckets;
	q->seconds = seconds ? (unsigned)seconds : SECONDS_MOST;
	a->left = limit;
	if (a->lines && (q->count || q->buckets || arg(a->r, "facet")))
		return err_set(err, ERR_USAGE,
			"count, histogram and facet go with application/json: NDJSON has rows "
			"alone");
	return 0;
}

static int parse_after(struct asked *a, struct err *err)
{
	const char *text = arg(a->r, "after");
	if (!text)
		return 0;
	if (a->request.sort)
		return err_set(err, ERR_USAGE, "after goes with the orders of time alone");
	if (cursor_parse(text, &a->after) < 0)
		return err_set(err, ERR_USAGE,
			"after=%.80s is no place: take \"next\" of the answer before", text);
	a->request.after = &a->after;
	return 0;
}

/* A wrong query is answered with its place. 0 good, 1 answered, -1. */
static int parse_query(struct asked *a, struct err *err)
{
	const char *text = arg(a->r, "q");
	struct query_error where = {0};
	struct buf more;
	if (query_parse(slice_of(text ? text : ""), &a->tables, &a->r->mem, &a->request.expr,
		    &where, err) == 0)
		return 0;
	if (err->kind != ERR_USAGE)
		return -1;
	buf_init(&more, 4096);
	buf_printf(&more, ",\"begin\":%" PRIu32 ",\"end\":%" PRIu32, where.begin, where.end);
	text_json_member(&more, "suggestion", *where.suggestion ? where.suggestion : NULL);
	buf_push(&more, '\0');
	reply_problem(a->r, 400, err->text, more.ptr);
	buf_fini(&more);
	return 1;
}

static int parse(struct asked *a, struct err *err)
{
	const struct http_options *options = request_options(a->r);
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	struct search_request *q = &a->request;
	if (load_tables(a, err) < 0)
		return -1;
	int rc = parse_query(a, err);
	if (rc != 0)
		return rc;
	if (parse_numbers(a, err) < 0 || parse_order(a, err) < 0 || parse_after(a, err) < 0 ||
		parse_fields(a, "columns", &a->columns, &a->ncolumns, err) < 0)
		return -1;
	const char **facets = NULL;
	if (parse_fields(a, "facet", &facets, &q->nfacets, err) < 0)
		return -1;
	q->facets = facets;
	q->facet_values = FACET_VALUES;
	q->tables = &a->tables;
	q->now = clock_now_us();
	q->threads = options->threads ? options->threads : cores > 0 ? (unsigned)cores : 1;
	q->memory = options->memory / HTTP_WORKERS;
	q->stop = &a->r->stop;
	return 0;
}

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

/* One page after another, until there are no more. What ended a page early ends all. */
static int put_lines(struct asked *a, struct err *err)
{
	struct search_request page = a->request;
	struct search_cursor after;
	bool more = true;
	stream_begin(a->r, "application/x-ndjson");
	while (more) {
		struct search *search;
		page.limit = !a->request.sort && a->left > ROWS_PAGE ? ROWS_PAGE : a->left;
		if (search_run(a->store, &page, &search, err) < 0)
			return -1;
		struct search_result result = *search_result(search);
		int rc = put_page(a, search, err);
		result = *search_result(search); /* with problems of the rows */
		a->left -= result.nrows < a->left ? result.nrows : a->left;
		more = rc == 0 && a->left && result.more && result.nrows && !result.partial &&
		       !a->request.sort;
		if (rc == 0 && !more) {
			buf_puts(&a->text, "{\"summary\":{");
			put_result(a, &result);
			buf_puts(&a->text, "}}\n");
		}
		search_free(search);
		if (rc < 0)
			return -1;
		after = a->last;
		page.after = &after;
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
	int rc = request_store(a->r, STORE_READ, &a->store, err);
	if (rc == 0)
		rc = parse(a, err);
	if (rc != 0)
		return rc < 0 ? -1 : 0;
	if ((a->lines ? put_lines : put_object)(a, err) < 0 || hand_on(a, 0, err) < 0)
		return -1;
	if (a->text.full)
		return err_set(err, ERR_LIMIT, "a row is too long");
	stream_end(a->r, false);
	return 0;
}

int handle_search(struct request *r, struct err *err)
{
	struct asked a = {.r = r,
		.request = {.since = INT64_MIN, .until = INT64_MAX},
		.began = clock_mono_us(),
		.lines = accepts_lines(r)};
	buf_init(&a.text, (size_t)1 << 30);
	buf_init(&a.row, (size_t)1 << 30);
	int rc = answer(&a, err);
	store_close(a.store);
	schema_set_fini(&a.schemas);
	buf_fini(&a.text);
	buf_fini(&a.row);
	return rc;
}
