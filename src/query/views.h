/* SPDX-License-Identifier: Apache-2.0 */
/*
 * views.h (private to query/): the statements that make the store visible to DuckDB: a view per
 * table over its live Parquet files, `events` over all of them, and views of the catalog. Made in
 * the parent, which alone opens the catalog; run in the child.
 */
#ifndef QUERY_VIEWS_H
#define QUERY_VIEWS_H

#include "store/store.h"

struct setup {
	struct arena mem;
	const char **statements;
	uint32_t n, cap;
	struct buf paths; /* 'a','b': what DuckDB may open */
	struct buf text;  /* the statement being written */
};

void setup_init(struct setup *setup);
void setup_fini(struct setup *setup);
/* Takes setup->text as the next statement and empties it. */
void setup_take(struct setup *setup);
/* Appends a text as an SQL literal, a name as a quoted identifier. */
void setup_literal(struct buf *out, const char *text);
void setup_name(struct buf *out, const char *name);
/* Lets DuckDB open a file. */
void setup_allow(struct setup *setup, const char *path);

/* Whether a query can read the view: it has its name somewhere, or one of DuckDB's functions that
 * take a name as text (query, query_table). Of other views only the columns are made, not the rows:
 * opening 2,000 files takes a second. */
bool view_asked(const char *sql, const char *name);
/* A condition for the others: an error where it is evaluated after all. */
extern const char view_guard[];

/* Everything, in order, with DuckDB's locks at the end. */
int views_build(struct setup *setup, struct store *store, const char *sql, const char *spill_dir,
	struct err *err);

/* The views sources, segments, rejects and tables; their rows go into files in `spill_dir`
 * (catalog.c). */
int catalog_views(struct setup *setup, struct store *store, const char *sql, const char *spill_dir,
	struct err *err);

#endif
