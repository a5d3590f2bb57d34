/* SPDX-License-Identifier: Apache-2.0 */
/* filter_private.h (private to cluster/): what the files of a filter share: pairs of conditions. */
#ifndef CLUSTER_FILTER_PRIVATE_H
#define CLUSTER_FILTER_PRIVATE_H

#include "cluster/filter.h"
#include "match/bound.h"

/* SYS_EVENT_ID and SYS_EVENT_TIME of schema.h, whose words for nodes are others than bound.h's (column.c holds them to be the same). */
enum { COLUMN_ID, COLUMN_TIME };

/* Conditions; empty where nothing was said yet, which is 0. Values may be NULL until pair_close. */
struct pair {
	struct buf must, may;
	bool exact; /* `must` says it all, `may` is empty */
	enum plainness
		letters; /* values that are not as plain as this are still to be added to `may`; PLAIN_ANY = none */
};
enum {
	MOST_SQL = 8 << 20,
	MOST_ROWS = 60,
	MOST_DEPTH = 40, /* of gates: parsers of SQL have limits of their own */
};

/* A filter that is being made. */
struct making {
	const struct match_program *program;
	const struct batch_shape *shape;
	const struct cluster_features *features;
	unsigned depth;
	bool cheap;             /* the gate is being made */
	enum plainness between; /* in it: no row as plain as this is in doubt, */
	bool other;             /* but for other reasons */
	enum plainness
		letters; /* in it: rows that are not as plain as this are to be let through */
	struct buf *
		specials; /* columns of one test whose special letters are looked for together; NULL = none */
	/* Within an arrayExists over elements: conditions on the row, which go in as arrays of their own (r0, r1 …), because
	 * 18.16 does not find columns from within. */
	struct buf rows[MOST_ROWS];
	unsigned nrows;
};

/* A value in SQL. */
struct sql_value {
	const char *sql;
	bool ascii; /* is text, and ASCII alone */
};

/* filter.c: an empty pair, and its end. */
void pair_init(struct pair *pair);
void pair_fini(struct pair *pair);
/* Adds " OR " where something stands there. */
void or_more(struct buf *out);

/* filter_text.c: adds alternatives to what the pair says: `must` into must, and what is not exact into may, which must is added to by
 * the caller. */
void text_patterns(struct pair *pair, const struct cluster_features *features,
	struct sql_value value, const struct test *test, bool wild_only);
/* The same for a range. */
void text_range(struct pair *pair, struct sql_value value, const struct prepared *prepared);
/* That there is a value. */
void text_not_null(struct buf *out, struct sql_value value);
/* That the value is not as plain as that: PLAIN_FOLDED or PLAIN_ASCII. */
void text_letters(struct buf *out, const char *value, enum plainness letters);
/* The longest run of ASCII letters and digits in the text of the patterns, where there is one pattern; folded. */
void text_run(struct buf *out, const struct test *test);

/* filter_value.c: fills the pair with conditions, perhaps NULL, on a value that is perhaps NULL. */
void probe_value(struct making *m, const struct probe *probe, const struct source *source,
	const char *value, struct pair *pair);

/* filter_regex.c: adds a test by a regular expression, as text_patterns. */
void text_regex(struct pair *pair, struct sql_value value, const struct test *test);

#endif
