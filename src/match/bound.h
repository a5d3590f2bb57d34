/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bound.h: what an expression has become for a shape (bind.c, bind_probe.c): names are columns, numbers and times intervals. For the
 * matcher itself, and for those who say the same in another language (cluster/filter.c). It is read only.
 *
 * Words: a *source* is a column, or a path within the values of a JSON column. A *probe* is one
 * test on one source. A *domain* is what a bitmap has a bit for: rows, or the elements of a group.
 */
#ifndef MATCH_BOUND_H
#define MATCH_BOUND_H

#include "match/decimal.h"
#include "match/match.h"

typedef unsigned __int128 u128;

/* A set of numbers as closed intervals; after spans_finish ascending and apart. */
struct span {
	u128 low, high;
};
struct spans {
	struct span *of;
	uint32_t n;
};
/* An int64 as such a number, in the same order; and back. */
static inline u128 key_of(int64_t value)
{
	return (uint64_t)value ^ UINT64_C(1) << 63;
}
static inline int64_t key_value(u128 key)
{
	return (int64_t)((uint64_t)key ^ UINT64_C(1) << 63);
}

struct literals;
/* A test, compiled as far as it can be without knowing the columns. */
struct prepared {
	const struct test *test;
	struct text_test *text;       /* TEST_PATTERNS, TEST_REGEX: over texts */
	bool any;                     /* a pattern that every text fits: is there a value? */
	struct spans nets;            /* TEST_CIDR */
	bool low_number, high_number; /* TEST_RANGE: a bound that is a number */
	struct decimal low, high;
	const struct literals
		*literals; /* of tests in a pool: what they take, or NULL (literals.h) */
};

struct source {
	uint32_t column;
	int group;
	enum col_type type;
	struct slice path; /* empty: the column's own values */
	int32_t next;      /* another one of the same column, or -1 */
};

enum probe_kind {
	PROBE_EXISTS, /* not null */
	PROBE_TEXT,   /* string values: prepared->text */
	PROBE_RANGE,  /* string values: the bounds */
	PROBE_CIDR,   /* string values: addresses written out */
	PROBE_PART,   /* times, or string values that are times */
	PROBE_VALUES, /* other types and addresses: `spans`, or `printed` over their text */
	PROBE_FIELD,  /* against the source `other` */
};
struct probe {
	enum probe_kind kind;
	uint32_t id;     /* index of its state in a run */
	uint32_t source; /* index into set->sources */
	uint32_t other;
	const struct prepared *test;
	struct spans spans;              /* INT64, INT32, TIME, BOOL (0, 1) by key_of; UUID, IP */
	const struct text_test *printed; /* NULL = none */
};

enum node_kind { NODE_CONST, NODE_AND, NODE_OR, NODE_NOT, NODE_COUNT, NODE_SAME, NODE_TEST };
struct node {
	enum node_kind kind;
	uint32_t id; /* index of its verdict */
	int group;   /* its domain: the elements of that group, or NO_GROUP for rows */
	bool constant;
	uint32_t least, most;
	uint32_t cost; /* rough; cheapest children come first */
	uint32_t nchildren;
	struct node **children;
	int same_group;       /* NODE_SAME: the child's domain */
	uint32_t same_column; /* NODE_SAME: a column of that group that is needed anyway */
	uint32_t nprobes;     /* NODE_TEST: any of them */
	struct probe *probes;
};

struct match_set; /* private.h */
struct match_program {
	struct match_set *set;
	bool owner;      /* of the set: it is this program's alone */
	uint32_t number; /* in the set */
	struct node *root;
	uint32_t nnodes;
	struct arena mem;
};

/* The program's shape, and what a probe asks of: an index of struct probe's. */
const struct batch_shape *bound_shape(const struct match_program *program);
const struct source *bound_source(const struct match_program *program, uint32_t source);

#endif
