/* SPDX-License-Identifier: Apache-2.0 */
/*
 * query.h: asking the store. SQL runs in a sandboxed child process with its own DuckDB (loaded
 * there only); the parent gets rows over a pipe and prints them.
 */
#ifndef QUERY_QUERY_H
#define QUERY_QUERY_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/base.h"
#include "store/store.h"

enum query_format {
	FORMAT_TABLE,
	FORMAT_JSON,
	FORMAT_NDJSON,
	FORMAT_CSV,
	FORMAT_ARRAYS, /* {"columns":[{"name":…,"type":…},…],"rows":[[…],…] without its end: the caller adds what he knows and a brace */
};

struct sql_options {
	enum query_format format;
	uint64_t memory_bytes; /* DuckDB's limit in the child; the child's own limit is above it */
	unsigned threads;
	unsigned seconds;         /* killed when it takes longer; 0 = 300 */
	unsigned width;           /* terminal columns for FORMAT_TABLE; 0 = no limit */
	uint64_t max_rows;        /* so many are shown; 0 = all */
	const volatile int *stop; /* non-zero: kill the child, ERR_INTERRUPTED */
};

struct sql_result {
	uint64_t rows;
	int64_t elapsed_us;
	bool cut; /* more rows than max_rows */
};

/* Runs one SELECT (or plain EXPLAIN) over the store's tables and views and writes the result to
 * `out`. Errors of the SQL itself are ERR_USAGE with DuckDB's message and position. */
int sql_run(struct store *store, const char *sql, const struct sql_options *options, FILE *out,
	struct sql_result *result, struct err *err);

/* The same of the cluster where one is set for the lake (clustered.h), in ClickHouse's SQL: one statement that reads, under the same limits,
 * which it cannot lift; else sql_run. `key_file`: NULL = where the key is looked for by default. */
int sql_ask(struct store *store, const char *key_file, const char *sql,
	const struct sql_options *options, FILE *out, struct sql_result *result, struct err *err);

/* Where libduckdb was found, or NULL with the places that were tried in err. */
const char *sql_library(struct err *err);

#endif
