/* SPDX-License-Identifier: Apache-2.0 */
/* explore.c (http/): what there is to ask for: fields, values, and the first screen. */
#include <inttypes.h>
#include <string.h>

#include "answer/answer.h"
#include "http/private.h"

enum { VALUES = 100, VALUES_MOST = 10000, VALUES_MS = 2000, OVERVIEW_DAYS = 7 };

int handle_fields(struct request *r, struct err *err)
{
	struct request_tables known;
	int rc = request_tables(r, &known, err);
	if (rc == 0)
		answer_fields(&known.tables, &r->out);
	request_tables_fini(&known);
	return reply_made(r, rc, "", err);
}

static int put_values(
	struct request *r, struct store *store, const struct search_tables *tables, struct err *err)
{
	const char *field = arg(r, "field"), *prefix = arg(r, "prefix");
	int64_t since = INT64_MIN, began = clock_mono_us();
	uint64_t limit = VALUES, n;
	if (!field)
		return err_set(err, ERR_USAGE, "field= is needed: GET /api/v1/fields lists them");
	if (arg_time(r, "since", &since, err) < 0 ||
		arg_number(r, "limit", VALUES_MOST, &limit, err) < 0)
		return -1;
	buf_puts(&r->out, "{\"values\":[");
	if (answer_values(store, tables, field, slice_of(prefix ? prefix : ""), since,
		    (uint32_t)limit, VALUES_MS, &r->out, &n, err) < 0)
		return -1;
	buf_printf(&r->out, "],\"more\":%s,\"took_us\":%" PRId64 "}", n == limit ? "true" : "false",
		clock_mono_us() - began);
	return 0;
}

int handle_values(struct request *r, struct err *err)
{
	struct request_tables known;
	struct store *store = NULL;
	int rc = request_tables(r, &known, err);
	if (rc == 0 && (rc = request_store(r, STORE_READ, &store, err)) == 0)
		rc = put_values(r, store, &known.tables, err);
	store_close(store);
	request_tables_fini(&known);
	return reply_made(r, rc, "", err);
}

int handle_overview(struct request *r, struct err *err)
{
	const struct http_options *options = request_options(r);
	struct request_tables known;
	struct store *store = NULL;
	int64_t now = clock_now_us();
	struct overview_request asked = {.tables = &known.tables,
		.since = now - INT64_C(86400000000) * OVERVIEW_DAYS,
		.until = INT64_MAX,
		.now = now,
		.threads = request_threads(r),
		.seconds = HTTP_SECONDS,
		.memory = options->memory / HTTP_WORKERS,
		.stop = &r->stop};
	int rc = request_tables(r, &known, err);
	if (rc == 0)
		rc = arg_time(r, "since", &asked.since, err);
	if (rc == 0)
		rc = arg_time(r, "until", &asked.until, err);
	if (rc == 0 && (rc = request_store(r, STORE_READ, &store, err)) == 0)
		rc = answer_overview(store, &asked, &r->out, err);
	store_close(store);
	request_tables_fini(&known);
	return reply_made(r, rc, "", err);
}
