/* SPDX-License-Identifier: Apache-2.0 */
/*
 * model.h: searches held against a plain reading of what they ask: random events as C structs and as
 * NDJSON, random queries as trees, as text and as SQL, and an evaluator that looks at one row
 * after the other. It shares no code with match/ but the case folding of libutf8proc.
 */
#ifndef MODEL_MODEL_H
#define MODEL_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/base.h"

enum { MODEL_TAGS = 4, MODEL_PARTS = 3, MODEL_KIDS = 4 };

/* A text that may be null. */
struct text {
	bool given;
	char bytes[160];
};
struct part {
	struct text k, v;
	bool has_n;
	int64_t n;
};
struct row {
	unsigned id;
	bool has_time, has_num, has_flag, has_seen;
	int64_t at, num, seen; /* times in µs */
	bool flag;
	struct text name, note, addr, odd; /* `odd` is no column: it lies in extra */
	bool tags_given, parts_given;
	unsigned ntags, nparts;
	struct text tags[MODEL_TAGS];
	struct part parts[MODEL_PARTS];
};

/* What the rows are made of: a seeded stream of numbers. */
uint32_t pick(uint64_t *state, uint32_t n);
/* A word: of one or two syllables, any case; beyond ASCII unless `ascii`. */
void random_word(uint64_t *state, bool ascii, char *to, size_t size);

extern const char model_schema[];
void random_row(uint64_t *state, bool ascii, unsigned id, struct row *row);
void row_json(const struct row *row, struct buf *out);
/* The JSON object that `extra` holds, or nothing. */
void row_extra(const struct row *row, struct buf *out);

enum ask_kind {
	ASK_AND,
	ASK_OR,
	ASK_NOT,
	ASK_ALL,
	ASK_WORD,    /* `pattern` in any text */
	ASK_TEXT,    /* `pattern` is the whole of `field` */
	ASK_REGEX,   /* one of a few shapes around pattern.literal[0] and [1] */
	ASK_EXISTS,  /* of `field` */
	ASK_BETWEEN, /* texts */
	ASK_NUMBER,
	ASK_FLAG,
	ASK_TIME,
	ASK_NETWORK,
	ASK_SAME,  /* kids on the fields of `parts` */
	ASK_EQUAL, /* name = note */
};
enum field {
	FIELD_NAME,
	FIELD_NOTE,
	FIELD_ADDR,
	FIELD_ODD,
	FIELD_TAGS,
	FIELD_PARTS_K,
	FIELD_PARTS_V,
	TEXT_FIELDS,
	FIELD_NUM = TEXT_FIELDS,
	FIELD_PARTS_N,
	FIELD_FLAG,
	FIELD_SEEN,
	FIELD_EVENT_TIME,
	FIELDS
};
struct field_name {
	const char *search, *within,
		*sql; /* `within` an ASK_SAME; NULL where it has no such form */
};
extern const struct field_name field_names[FIELDS];

/* Literals with a wildcard before, between and behind them. */
struct ask_pattern {
	unsigned nliterals;
	char literal[3][64];
	char gap[4]; /* 0, '?' or '*'; gap[nliterals] is the last */
	bool exact;  /* letters count */
};
struct ask {
	enum ask_kind kind;
	enum field field;
	unsigned nkids;
	struct ask *kids[MODEL_KIDS];
	struct ask_pattern pattern;
	unsigned shape;                  /* of a regular expression, of an address */
	bool low, high, low_in, high_in; /* given; inclusive */
	int64_t least, most;
	char low_text[64], high_text[64];
	bool flag;
	uint8_t network[4];
	unsigned bits;
};

/* A random question; in `mem`. */
struct ask *random_ask(uint64_t *state, bool ascii, unsigned depth, struct arena *mem);
/* It as the search language, and as a DuckDB expression. */
void ask_text(const struct ask *ask, uint64_t *state, struct buf *out);
void ask_sql(const struct ask *ask, struct buf *out);
/* Whether the row answers it. */
bool row_answers(const struct row *row, const struct ask *ask);

#endif
