/* SPDX-License-Identifier: Apache-2.0 */
/*
 * output.h: rows as text for people and programs: results of SQL, and of searches. Treats every cell
 * as hostile: nothing reaches a terminal unescaped, a spreadsheet as a formula, or a program as
 * broken JSON.
 */
#ifndef QUERY_OUTPUT_H
#define QUERY_OUTPUT_H

#include "base/arena.h"
#include "match/text.h"
#include "query/query.h"
#include "query/wire.h"

struct table;

struct output {
	enum query_format format;
	FILE *file;
	unsigned width;
	uint64_t max_rows, rows;
	bool cut; /* a row beyond max_rows came and was not shown */
	/* FORMAT_TABLE; to be set before output_begin: */
	bool drop; /* where columns do not fit, the last ones are left out, instead of a record a row */
	bool roomy;        /* columns take all of the width: longer rows are still to come */
	const bool *whole; /* of the columns (borrowed), those that are never cut; NULL = none */
	const struct slice *
		types; /* FORMAT_ARRAYS: of the columns, for output_begin alone; NULL = by their kinds */
	uint32_t ncolumns;
	struct slice *names;   /* for JSON: as keys: distinct, quoted, with their colon */
	enum cell_kind *kinds; /* of the columns */
	struct buf line;       /* text not yet written */
	struct buf scratch;
	struct table *table; /* FORMAT_TABLE */
	struct arena mem;
};

/* Rows in options->format go to `file`; output_fini frees what it holds (the file stays open). */
void output_init(struct output *out, const struct sql_options *options, FILE *file);
void output_fini(struct output *out);

/* The column heads; names are copied. */
int output_begin(struct output *out, uint32_t n, const struct slice *names,
	const enum cell_kind *kinds, struct err *err);
/* What was found in a cell: shown bold and underlined in a table, nowhere else. */
struct cell_marks {
	const struct text_span *spans; /* of the cell's text; ascending and apart */
	uint32_t n;
};
/* output_row with the marks of each cell (NULL = none). */
int output_row_marked(struct output *out, const struct cell *cells, const struct cell_marks *marks,
	struct err *err);
/* One row. 0; 1 where enough rows were shown and the query may end; -1. */
int output_row(struct output *out, const struct cell *cells, struct err *err);
/* What is still to be written. */
int output_end(struct output *out, struct err *err);

/* Writes out->line to the file and empties it. */
int output_flush(struct output *out, struct err *err);

/* FORMAT_TABLE (table.c). */
struct table *table_new(struct output *out);
void table_free(struct table *table);
int table_row(struct output *out, const struct cell *cells, const struct cell_marks *marks,
	struct err *err);
int table_end(struct output *out, struct err *err);

#endif
