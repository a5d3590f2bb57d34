/* SPDX-License-Identifier: Apache-2.0 */
/* asked.c (http/): what a request asks of the events, out of its query string; and its pages, one after another. */
#include "http/asked.h"

#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "query/search_json.h"

enum {
	FIELDS_MOST = 256,
	ROWS = 100,        /* where no limit is given */
	ROWS_MOST = 10000, /* of one object */
	ROWS_PAGE = 10000, /* of one run, where all are wanted */
	BUCKETS_MOST = 10000,
	FACET_VALUES = 100,
	SECONDS_MOST = 600,
};

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
	if (search_sort_by(&a->request, &a->tables, text, err) == 0)
		return 0;
	return err_set(err, ERR_USAGE,
		"order=%.80s: write newest, oldest, a field, or -field for the highest first",
		text + (*text == '-'));
}

static int parse_numbers(struct asked *a, struct err *err)
{
	struct search_request *q = &a->request;
	uint64_t limit = a->whole ? INT64_MAX : ROWS, seconds = HTTP_SECONDS, buckets = 0;
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
	if ((text = arg(a->r, "histogram_by"))) {
		if (strcmp(text, "table") != 0)
			return err_set(err, ERR_USAGE, "histogram_by=%.40s: write table", text);
		q->by_table = true;
	}
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
	struct search_request *q = &a->request;
	if (request_tables(a->r, &a->known, err) < 0)
		return -1;
	a->tables = a->known.tables;
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
	q->threads = request_threads(a->r);
	q->memory = options->memory / HTTP_WORKERS;
	q->stop = &a->r->stop;
	return 0;
}

int asked_parse(struct asked *a, struct err *err)
{
	a->request.since = INT64_MIN;
	a->request.until = INT64_MAX;
	a->began = clock_mono_us();
	buf_init(&a->text, (size_t)1 << 30);
	buf_init(&a->row, (size_t)1 << 30);
	return request_store(a->r, STORE_READ, &a->store, err) < 0 ? -1 : parse(a, err);
}

int asked_pages(struct asked *a,
	int (*page)(struct asked *a, struct search *search, bool last, struct err *err),
	struct err *err)
{
	struct search_request request = a->request;
	struct search_cursor after;
	bool more = true;
	while (more) {
		struct search *search;
		request.limit = !a->request.sort && a->left > ROWS_PAGE ? ROWS_PAGE : a->left;
		if (search_run(a->store, &request, &search, err) < 0)
			return -1;
		/* A page reads its rows and so may find problems: what is the last is known before. */
		const struct search_result *result = search_result(search);
		a->left -= result->nrows < a->left ? result->nrows : a->left;
		more = a->left && result->more && result->nrows && !result->partial &&
		       !a->request.sort;
		int rc = page(a, search, !more, err);
		search_free(search);
		if (rc < 0)
			return -1;
		after = a->last;
		request.after = &after;
	}
	return 0;
}

void asked_fini(struct asked *a)
{
	store_close(a->store);
	request_tables_fini(&a->known);
	buf_fini(&a->text);
	buf_fini(&a->row);
}
