/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ioc.c (http/): POST /api/v1/ioc/search: a list of any form, or a JSON array of strings, asked of all events: as `pugmark ioc search`.
 */
#include "answer/ioc.h"
#include "http/private.h"
#include "pipeline/pipeline.h"

enum { COUNTED_EXACTLY = 1000, PART = 256 << 10 };

struct asking {
	struct request *r;
	struct ioc_input input;
	struct ioc_report report;
	const char *table;
	const struct search_tables *tables;
	bool exact, hits, lines;
	struct buf text;
};

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
	const struct ioc_request request = {.list = a->input.list,
		.n = a->input.nlist,
		.table = a->table,
		.tables = a->tables,
		.exact = a->exact,
		.threads = request_threads(a->r),
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
	struct request_tables known;
	struct store *store;
	if (arg_flag(r, "exact", &a.exact, err) < 0 || arg_flag(r, "hits", &a.hits, err) < 0)
		return -1;
	if (request_tables(r, &known, err) < 0) {
		request_tables_fini(&known);
		return -1;
	}
	a.table = a.table ? known.tables.schemas[0]->table : NULL;
	a.tables = &known.tables;
	buf_init(&a.text, (size_t)1 << 28);
	const struct ioc_list_options options = {.name = "the body"};
	struct ioc_list_counts counts = {0};
	a.input.stop = &r->stop;
	int rc = body_list(r, &options, ioc_input_take, &a.input, &counts, err);
	if (rc == 0 && (rc = request_store(r, STORE_READ, &store, err)) == 0) {
		rc = ask(&a, store, err);
		store_close(store);
	}
	ioc_input_free(&a.input);
	buf_fini(&a.text);
	request_tables_fini(&known);
	return rc;
}
