/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sql.c (http/): POST /api/v1/sql: one SELECT in the sandboxed child, as `pugmark sql`, or of the cluster where one is set: columns and rows
 * as arrays, or NDJSON. It ends when the client goes.
 */
#include <inttypes.h>

#include "http/private.h"
#include "query/query.h"

enum { ROWS = 1000, ROWS_MOST = 100000, SECONDS_MOST = 600 };

static int parse(struct request *r, bool lines, const char **sql, struct sql_options *options,
	struct err *err)
{
	uint64_t limit = ROWS, seconds = HTTP_SECONDS;
	if (body_text(r, "sql", sql, err) < 0 ||
		body_number(r, "limit", lines ? INT64_MAX : ROWS_MOST, &limit, err) < 0 ||
		body_number(r, "timeout", SECONDS_MOST, &seconds, err) < 0)
		return -1;
	if (!*sql)
		return err_set(err, ERR_USAGE, "there is no \"sql\" in the body");
	const uint64_t memory = request_options(r)->memory;
	options->format = lines ? FORMAT_NDJSON : FORMAT_ARRAYS;
	options->max_rows = limit || lines ? limit : ROWS_MOST;
	options->seconds = seconds ? (unsigned)seconds : SECONDS_MOST;
	options->threads = request_threads(r);
	options->memory_bytes = budget_divide(memory, options->threads).sql_bytes / HTTP_LONG;
	options->stop = &r->stop;
	return 0;
}

static int run(struct request *r, bool lines, const char *sql, const struct sql_options *options,
	struct err *err)
{
	struct answer_file f;
	struct sql_result result = {0};
	struct store *store;
	if (request_store(r, STORE_READ, &store, err) < 0)
		return -1;
	int rc = answer_file_open(&f, r, lines ? "application/x-ndjson" : "application/json", err);
	if (rc == 0) {
		rc = sql_ask(
			store, request_options(r)->key_file, sql, options, f.file, &result, err);
		if (rc == 0)
			fprintf(f.file,
				"%s\"count\":%" PRIu64 ",\"more\":%s,\"elapsed_ms\":%.3f}%s\n",
				lines ? "{\"summary\":{" : ",", result.rows,
				result.cut ? "true" : "false", (double)result.elapsed_us / 1e3,
				lines ? "}" : "");
		rc = answer_file_close(&f, rc, err);
	}
	store_close(store);
	return rc;
}

int handle_sql(struct request *r, struct err *err)
{
	struct sql_options options = {0};
	const char *sql;
	bool lines = accepts_lines(r);
	if (parse(r, lines, &sql, &options, err) < 0 || request_begin_long(err) < 0)
		return -1;
	int rc = run(r, lines, sql, &options, err);
	request_end_long();
	if (rc == 0 || r->form != REPLY_NONE || (err->kind != ERR_LIMIT && err->kind != ERR_ACCESS))
		return rc;
	/* No access: the query asks for what is not the lake's. */
	reply_problem(r, err->kind == ERR_LIMIT ? 422 : 400, err->text, NULL);
	return 0;
}
