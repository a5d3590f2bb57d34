/* SPDX-License-Identifier: Apache-2.0 */
/*
 * match.h: predicate programs over batches: the one matcher under searches and rules. An expression
 * (expr.h) is prepared once (patterns compiled), bound to each shape of a table that it meets
 * (names become columns), and then run on batches.
 *
 * A test is evaluated once per distinct value and becomes a bitmap of rows from there. Columns are
 * asked for only when they can still change the answer, dictionaries before rows: where no distinct
 * value passes, the column's rows are never read. AND runs its cheapest children first and ends
 * where no row is left.
 */
#ifndef MATCH_MATCH_H
#define MATCH_MATCH_H

#include "batch/batch.h"
#include "match/expr.h"

/* ---- prepare: once per expression ------------------------------------------------------------ */

struct matcher;
/* Compiles the patterns of `expr`, which must outlive the matcher. `now` (µs) is what relative times
 * are read against. -1: ERR_USAGE: a regular expression that cannot be compiled, too deep a tree
 * (LIMIT_EXPR_DEPTH), a NOT or SAME without its one child; *at (may be NULL) is the expression that
 * is wrong. Whether a bound is a time is only known with its column (match_bind): one that is not
 * does not hold; front ends that know the columns say so to the user. Costs microseconds beside what
 * text_test_* do: thousands of them are fine. */
int matcher_new(const struct expr *expr, int64_t now, struct matcher **matcher,
	const struct expr **at, struct err *err);
void matcher_free(struct matcher *matcher);

/* ---- bind: once per shape -------------------------------------------------------------------- */

/* What a field's name means in one shape. */
struct match_field {
	int column; /* index in the shape */
	/* Of a COL_JSON column (of others it finds nothing): keys joined by dots, looked up in each
	 * value; empty: the column's whole text. Keys may hold dots themselves; arrays on the way
	 * are gone through; an array of scalars is its elements, any of them; strings unescaped, all
	 * else as it is written; null is missing. Borrowed for the call. */
	struct slice path;
};
enum { MATCH_FIELDS = 512 };
/* Fills `fields` (room for MATCH_FIELDS) and returns how many there are: 0 where the table has no such field. The test holds
 * where it holds for any of them. An empty name asks for all columns that a keyword is looked for in. */
typedef uint32_t match_resolve(const void *ctx, const struct batch_shape *shape, struct slice name,
	enum test_op op, struct match_field *fields);

struct match_program;
/* The program of `matcher` for batches of that shape (borrowed, as is the matcher). Never fails: a
 * test that a column's type cannot meet does not hold. */
struct match_program *match_bind(const struct matcher *matcher, const struct batch_shape *shape,
	match_resolve *resolve, const void *ctx);
void match_program_free(struct match_program *program);
/* Whether every event, or no event at all, matches whatever its values. */
bool match_always(const struct match_program *program);
bool match_never(const struct match_program *program);
/* Sets want[c] for the columns that the program may ask for (shape->ncolumns bools, others stay). */
void match_columns(const struct match_program *program, bool *want);

/* ---- prune: by statistics -------------------------------------------------------------------- */

/* What is known of a column of a row group without reading it; of a list's column: of its elements.
 * The ends of a range may lie beyond the values, never within them. */
struct match_stats {
	bool known;    /* false: nothing is */
	bool all_null; /* no value, no element is there */
	bool no_null;
	/* Of the values that are not null: min_i64, max_i64 of numbers, times and booleans (0, 1);
	 * bytes of texts, and the 16 of addresses and UUIDs. */
	bool has_range;
	int64_t min_i64, max_i64;
	struct slice min_bytes, max_bytes;
};
/* False where no row can match. `stats` is asked for columns of the program. */
bool match_possible(const struct match_program *program,
	void (*stats)(void *ctx, uint32_t column, struct match_stats *stats), void *ctx);

/* ---- run ------------------------------------------------------------------------------------- */

enum match_part {
	MATCH_VALUES, /* a string column's distinct values: off, heap, ndistinct; codes may be missing
	                 and n 0. A plain column, or another type, is loaded whole */
	MATCH_ROWS,   /* the whole column, and its group's list_off and nulls */
};
/* A batch and how to get its columns. `load` NULL: all columns are there. Else it makes
 * batch->columns[column] hold that part (or more), and may be asked twice for the same. */
struct match_input {
	struct batch *batch; /* nrows and shape are set */
	int (*load)(void *ctx, uint32_t column, enum match_part part, struct err *err);
	void *ctx;
};

/* One thread's working memory, for any number of programs. Thousands of programs over one batch: many.h. */
struct match_scratch;
struct match_scratch *match_scratch_new(void);
void match_scratch_free(struct match_scratch *scratch);
/* Values for which a regular expression ran into its limits, so far, and events whose two lists are
 * too long to be compared with each other; both count as not matched. */
uint64_t match_scratch_gave_up(const struct match_scratch *scratch);

/* Sets bit r of `rows` ((nrows + 63) / 64 words, overwritten; bits past nrows are 0) for the rows that match. *count = how
 * many. `among` (NULL = all) are the only rows that matter: others come out 0. -1 only where `load`
 * failed. */
int match_rows(const struct match_program *program, const struct match_input *input,
	struct match_scratch *scratch, const uint64_t *among, uint64_t *rows, uint32_t *count,
	struct err *err);

/* Marks what the tests that are not negated found in the text of a value of `column` (as printed,
 * where the column holds no text): spans as text_test_spans, of all tests on that column, ascending
 * and apart. What a path found in JSON is not marked. */
uint32_t match_spans(const struct match_program *program, struct match_scratch *scratch,
	uint32_t column, struct slice value, struct text_span *spans, uint32_t max);

#endif
