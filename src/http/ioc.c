/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ioc.c (http/): POST /api/v1/ioc/search: a list of any form, or a JSON array of strings, asked of all events: as `pugmark ioc search`.
 */
#include <unistd.h>

#include "answer/ioc.h"
#include "http/private.h"
#include "json/json.h"
#include "pipeline/pipeline.h"

enum { COUNTED_EXACTLY = 1000, PART = 256 << 10 };

struct asking {
	struct request *r;
	struct ioc_input input;
	struct ioc_report report;
	struct slice left; /* of the body */
	const char *table;
	bool exact, hits, lines;
	struct buf text;
};

static int64_t read_body(void *ctx, char *to, size_t n, struct err *err)
{
	struct asking *a = ctx;
	(void)err;
	n = n < a->left.len ? n : a->left.len;
	if (n > 0)
		memcpy(to, a->left.ptr, n);
	a->left.ptr += n;
	a->left.len -= n;
	return (int64_t)n;
}

/* An array of strings alone: an indicator each. 1 it was one, 0 it is something else. */
static int take_array(struct asking *a)
{
	struct slice body = buf_view(&a->r->body), value;
	struct buf word;
	size_t at = json_blanks(body, 0), count = 0;
	if (at >= body.len || body.ptr[at] != '[' || json_validate(body, NULL) < 0)
		return 0;
	body.ptr += at, body.len -= at;
	for (at = 0; json_item(body, &at, &value); count++) {
		if (!value.len || value.ptr[0] != '"')
			return 0;
	}
	buf_init(&word, LIMIT_LIST_LINE);
	for (at = 0; count > 0 && json_item(body, &at, &value);) {
		bool repaired;
		buf_clear(&word);
		if (json_unescape(value, 0, &word, &repaired) >= 0)
			ioc_input_add(&a->input, buf_view(&word), IOC_NONE);
	}
	buf_fini(&word);
	return 1;
}

static int read_input(struct asking *a, struct err *err)
{
	struct ioc_list_options options = {.name = "the body"};
	struct ioc_list_counts counts = {0};
	a->input.stop = &a->r->stop;
	if (take_array(a) == 1)
		return 0;
	a->left = buf_view(&a->r->body);
	return ioc_list_read(&options, read_body, a, ioc_input_take, &a->input, &counts, err) < 0
		       ? -1
		       : 0;
}

static int put(struct asking *a, struct err *err)
{
	uint32_t shown = 0;
	stream_begin(a->r, a->lines ? "application/x-ndjson" : "application/json");
	buf_puts(&a->text, a->lines ? "" : "{\"indicators\":[");
	for (uint32_t i = 0; i < a->input.n; i++) {
		if (!ioc_report_shows(&a->report, i))
			continue;
		buf_puts(&a->text, !a->lines && shown++ ? "," : "");
		ioc_report_json(&a->report, i, &a->text);
		buf_puts(&a->text, a->lines ? "\n" : "");
		if (a->text.len < PART)
			continue;
		if (stream_write(a->r, buf_view(&a->text), err) < 0)
			return -1;
		buf_clear(&a->text);
	}
	buf_puts(&a->text, a->lines ? "{\"summary\":{" : "],");
	ioc_report_sums(&a->report, &a->text);
	buf_puts(&a->text, a->lines ? "}}\n" : "}\n");
	if (stream_write(a->r, buf_view(&a->text), err) < 0)
		return -1;
	stream_end(a->r, false);
	return 0;
}

static int ask(struct asking *a, struct store *store, struct err *err)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	unsigned threads = request_options(a->r)->threads;
	const struct ioc_request request = {.list = a->input.list,
		.n = a->input.nlist,
		.table = a->table,
		.exact = a->exact,
		.threads = threads     ? threads
			   : cores > 0 ? (unsigned)cores
				       : 1,
		.stop = &a->r->stop};
	struct ioc_answers answers;
	struct slice *own;
	uint32_t nown;
	if (ioc_own_domains(store, &a->r->mem, &own, &nown, err) < 0 ||
		ioc_search(store, &request, &answers, err) < 0)
		return -1;
	a->report = (struct ioc_report){&a->input, &answers, own, nown, a->hits};
	int rc = ioc_count_exactly(store, &request, &answers, COUNTED_EXACTLY, err);
	if (rc == 0)
		rc = put(a, err);
	ioc_answers_free(&answers);
	return rc < 0 ? -1 : 0;
}

int handle_ioc_search(struct request *r, struct err *err)
{
	struct asking a = {.r = r, .table = arg(r, "table"), .lines = accepts_lines(r)};
	const struct schema *schema;
	struct schema *owned = NULL;
	struct store *store;
	if (arg_flag(r, "exact", &a.exact, err) < 0 || arg_flag(r, "hits", &a.hits, err) < 0)
		return -1;
	if (a.table && store_schema(request_options(r)->data, a.table, &schema, &owned, err) < 0) {
		err->kind = err->kind == ERR_NOT_FOUND ? ERR_USAGE : err->kind;
		return -1;
	}
	a.table = a.table ? schema->table : NULL;
	buf_init(&a.text, (size_t)1 << 28);
	int rc = read_input(&a, err);
	if (rc == 0 && (rc = request_store(r, STORE_READ, &store, err)) == 0) {
		rc = ask(&a, store, err);
		store_close(store);
	}
	ioc_input_free(&a.input);
	buf_fini(&a.text);
	schema_free(owned);
	return rc;
}
