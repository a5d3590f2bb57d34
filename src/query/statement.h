/* SPDX-License-Identifier: Apache-2.0 */
/*
 * statement.h (private to query/): which statements may run, and DuckDB's errors as ours. In the
 * SQL child.
 */
#ifndef QUERY_STATEMENT_H
#define QUERY_STATEMENT_H

#include "query/duck.h"

/* Runs the one SELECT or plain EXPLAIN that `sql` must be. On success the result streams: its rows
 * are made as they are fetched. ERR_USAGE where it is something else or has an error. */
int statement_run(const struct duck *duck, duckdb_connection connection, const char *sql,
	duckdb_result *result, struct err *err);

/* Sets `err` from a failed result: ERR_LIMIT where memory ran out, ERR_DAMAGED where a file could
 * not be read, else `kind`. Destroys the result. Returns -1. */
int statement_error(
	const struct duck *duck, duckdb_result *result, enum err_kind kind, struct err *err);

/* After the last row: 0, or statement_error where the rows ended early. */
int statement_result_error(const struct duck *duck, duckdb_result *result, struct err *err);

#endif
