/* SPDX-License-Identifier: Apache-2.0 */
/* search.h (cli/): what the files of `pugmark search` share: what was asked, and the ways to show what
 * was found. */
#ifndef CLI_SEARCH_H
#define CLI_SEARCH_H

#include "cli/private.h"
#include "pipeline/pipeline.h"
#include "query/search_json.h"

enum {
	SEARCH_ROWS = 100,   /* --limit of a table where none is given */
	DRAWN_ROWS = 20,     /* below a histogram or facets, which should stay in sight */
	SEARCH_PAGE = 20000, /* rows of one run where all are wanted */
	FOLLOW_ROWS = 10,    /* shown before the new ones */
	FACET_VALUES = 10,   /* shown of each facet */
	MOST_FIELDS = 256,   /* of --columns and --facet */
	PLAIN_WIDTH = 80,    /* drawings, where there is no terminal */
};

struct searching {
	const struct command_line *line;
	struct arena mem;
	struct store *store;
	struct search_tables tables;
	struct schema_set schemas;
	struct slice query;
	struct search_request request;
	const struct expr *expr;
	enum query_format format;
	uint64_t limit; /* rows; UINT64_MAX = all */
	unsigned width; /* of the terminal; 0 = none */
	bool marks;     /* a terminal, and no NO_COLOR */
	bool count, raw, follow;
	uint32_t ncolumns; /* named by --columns; else 0 */
	const char **columns;
	struct search_cursor after;
	int64_t began; /* clock_mono_us */
};

/* ---- what is asked (search_query.c) ---------------------------------------------------------- */

/* The store's tables, or the one that --table names. 0, or -1 (err). */
int search_tables_load(struct searching *s, struct err *err);
/* The query's text, from words, a file, standard input or what was saved. 0, or -1 (err). */
int search_query_read(struct searching *s, const char *saved, struct err *err);
/* Parses it; a wrong one is shown with its place. 0, or the exit status. */
int search_query_parse(struct searching *s);
/* "a,b,c" as a list in s->mem; each must be a field. The count, or -1 (err). */
int search_fields_parse(
	struct searching *s, const char *list, const char ***fields, struct err *err);

/* ---- saved searches (search_saved.c): exit statuses ------------------------------------------ */

int search_save(struct searching *s);
int search_list_saved(const struct command_line *line);
int search_delete_saved(const struct command_line *line);
/* Fills in the options of a saved search that the command line does not have; *query is its text. 0, or -1 (err). */
int search_saved_load(
	struct searching *s, struct command_line *line, const char **query, struct err *err);

/* ---- showing --------------------------------------------------------------------------------- */

/* Rows as they come, in the format that is asked for (search_rows.c). */
struct rows;
struct rows *rows_begin(struct searching *s, struct err *err); /* NULL: failed */
/* The page's rows; goes on where the page before ended. *last is the last row's place. */
int rows_page(
	struct rows *rows, struct search *search, struct search_cursor *last, struct err *err);
/* The last row of the page first. */
int rows_page_backwards(struct rows *rows, struct search *search, struct err *err);
uint64_t rows_shown(const struct rows *rows);
/* Rows that are not shown: their raw bytes are wanted, and another collector has them. */
uint64_t rows_elsewhere(const struct rows *rows);
/* Writes what is held back. */
int rows_end(struct rows *rows, struct err *err);
void rows_free(struct rows *rows); /* accepts NULL */
/* Called before each row is shown: 0 shows it, 1 passes over it. NULL = all. */
void rows_filter(
	struct rows *rows, int (*filter)(void *ctx, const struct search_row *row), void *ctx);

/* The histogram in block characters, and the facets with small bars. */
void histogram_draw(const struct search_result *result, struct buf *out);
void facets_draw(const struct search_result *result, unsigned width, struct buf *out);
/* The result but for its rows as members of a JSON object: `"matched":12,…`. */
void result_json(const struct searching *s, const struct search_result *result, struct buf *out);

/* Words on stderr: one line of summary, problems, partial results, and why there is nothing. */
void summary_print(struct searching *s, const struct search_result *result, uint64_t shown,
	const struct search_cursor *last);
/* Files that did not answer; nothing where there are none. */
void problems_print(const struct search_result *result);
/* Rows whose raw bytes are with other collectors; whether there are any. */
bool elsewhere_print(uint64_t n);
void explain_print(const struct search_result *result);
/* The exit status that the result stands for. */
int result_status(const struct search_result *result);

/* The values of the field that --values names; the query is what they begin with. The exit status. */
int search_print_values(struct searching *s);

/* Shows new matches until Ctrl-C; the exit status. */
int search_follow(struct searching *s);

#endif
