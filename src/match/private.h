/* SPDX-License-Identifier: Apache-2.0 */
/*
 * private.h: what the files of the matcher share: prepared tests (matcher.c), the bound tree
 * (bind*.c), three-valued judgement (judge.c), and one run over a batch (run.c and what it calls).
 *
 * Words: a *source* is a column, or a path within the values of a JSON column. A *probe* is one
 * test on one source. A *domain* is what a bitmap has a bit for: rows, or the elements of a group.
 */
#ifndef MATCH_PRIVATE_H
#define MATCH_PRIVATE_H

#include "match/bitmap.h"
#include "match/decimal.h"
#include "match/match.h"
#include "match/print.h"

typedef unsigned __int128 u128;

/* ---- intervals.c ----------------------------------------------------------------------------- */

/* A set of numbers as closed intervals; after spans_finish ascending and apart. */
struct span {
	u128 low, high;
};
struct spans {
	struct span *of;
	uint32_t n;
};
void spans_add(struct arena *mem, struct spans *spans, u128 low, u128 high);
/* Sorts and joins. */
void spans_finish(struct spans *spans);
bool spans_has(const struct spans *spans, u128 value);
/* Whether any, or each, value of [low, high] lies in them. (For each, intervals that touch count as
 * apart: it may say no where it is yes.) */
bool spans_any(const struct spans *spans, u128 low, u128 high);
bool spans_all(const struct spans *spans, u128 low, u128 high);

/* An int64 as such a number, in the same order; and back. */
static inline u128 key_of(int64_t value)
{
	return (uint64_t)value ^ UINT64_C(1) << 63;
}
static inline int64_t key_value(u128 key)
{
	return (int64_t)((uint64_t)key ^ UINT64_C(1) << 63);
}
/* 16 bytes, big-endian, as a number. */
static inline u128 load128(const void *bytes)
{
	uint64_t part[2];
	memcpy(part, bytes, 16);
	return (u128)__builtin_bswap64(part[0]) << 64 | __builtin_bswap64(part[1]);
}

/* network.c: a whole text as an address (IPv4 as ::ffff:a.b.c.d), strictly: four decimal numbers
 * without leading zeros, or RFC 4291 text. 0 or -1. */
int address_parse(struct slice text, uint8_t address[16]);
enum { ADDRESS_TEXT = PRINT_MAX };
/* RFC 5952 text, IPv4 dotted; returns its length. */
size_t address_print(const uint8_t address[16], char text[ADDRESS_TEXT]);
/* The addresses of a network. */
struct span network_span(const struct network *network);

/* ---- matcher.c ------------------------------------------------------------------------------- */

/* A test, compiled as far as it can be without knowing the columns. */
struct prepared {
	const struct test *test;
	struct text_test *text;       /* TEST_PATTERNS, TEST_REGEX: over texts */
	bool any;                     /* a pattern that every text fits: is there a value? */
	struct spans nets;            /* TEST_CIDR */
	bool low_number, high_number; /* TEST_RANGE: a bound that is a number */
	struct decimal low, high;
};
struct matcher {
	const struct expr *expr;
	int64_t now;
	uint32_t ntests;
	struct prepared *tests; /* of the EXPR_TESTs, in preorder */
	struct arena mem;
};
/* The text of a pattern without wildcards in `out` (cleared); false where it has some. */
bool pattern_exact(const struct pattern *pattern, struct buf *out);

/* ---- the bound tree -------------------------------------------------------------------------- */

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
	uint32_t source; /* index into program->sources */
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

struct match_program {
	const struct matcher *matcher;
	const struct batch_shape *shape;
	struct node *root;
	uint32_t nnodes, nprobes, nsources, nowned;
	struct source *sources;
	struct text_test **owned; /* compiled for this shape only */
	struct arena mem;
};

/* bind_probe.c: makes the probe of a test on a source; false where the source's type cannot meet
 * it. `other` is the second source of a TEST_FIELD. */
bool probe_bind(struct match_program *program, const struct prepared *test, uint32_t source,
	uint32_t other, struct probe *probe);

/* Room for one more of n items in `mem`, which doubles at powers of two. */
void *arena_grow(struct arena *mem, void *items, uint32_t n, size_t size);

/* ---- judge.c --------------------------------------------------------------------------------- */

/* What is known of a node without looking at rows; about each row, or each element, of its domain. */
enum verdict { UNKNOWN = 0, NEVER, MAYBE, ALWAYS };
typedef enum verdict judge_test(void *ctx, const struct node *node);
/* `verdicts` (program->nnodes, UNKNOWN at first) remembers. */
enum verdict judge(const struct node *node, judge_test *test, void *ctx, uint8_t *verdicts);

/* ---- a run ----------------------------------------------------------------------------------- */

struct probe_state {
	bool done;
	uint32_t count; /* distinct values that pass */
	uint64_t *bits; /* which; one bit more than there are, which is 0 */
};
/* What a path finds in the distinct values of a column: texts, one after another. */
struct derived {
	bool done;
	uint32_t n;       /* texts */
	uint32_t nvalues; /* of the column */
	uint32_t *off;    /* n + 1, into heap */
	uint32_t *first;  /* nvalues + 1: value d has the texts first[d]..first[d+1] */
	char *heap;
};
struct bits_buffer {
	uint64_t *words;
	size_t cap;
};
struct match_scratch {
	struct text_scratch *text;
	struct arena mem; /* of one run */
	struct bits_buffer *stack;
	uint32_t nstack, top;
	struct buf a, b;  /* texts being folded or printed */
	uint64_t gave_up; /* comparisons of two lists that were too long */
};
struct run {
	const struct match_program *program;
	const struct match_input *input;
	struct match_scratch *scratch;
	struct err *err;
	bool failed;
	uint8_t *loaded;   /* per column: 0, or 1 + enum match_part */
	uint8_t *verdicts; /* per node */
	struct probe_state *probes;
	struct derived *derived; /* per source */
};

/* run.c: brings a column; false (and run->failed) where it could not. */
bool input_load(struct run *run, uint32_t column, enum match_part part);
/* How many bits a domain has; its group must be loaded. */
uint32_t run_size(const struct run *run, int group);
/* The offsets of a group's elements, or NULL where the group has none at all. */
const uint32_t *run_list(const struct run *run, int group);
/* A bitmap of n bits, uninitialised; given back in reverse order. */
uint64_t *bits_take(struct run *run, uint32_t n);
void bits_give(struct run *run);

/* probe_values.c: one text under a probe of a string column (of an address column: 16 bytes). */
bool probe_text(struct match_scratch *scratch, const struct probe *probe, struct slice text);
/* The same for n of them: heap[off[i]..off[i + 1]); sets the bits of those that pass, returns how many. */
uint32_t probe_texts(struct match_scratch *scratch, const struct probe *probe, const char *heap,
	const uint32_t *off, uint32_t n, uint64_t *bits);
/* Whether any text at the probe's path in a JSON value passes. */
bool probe_path(struct run *run, const struct probe *probe, struct slice json);
/* Which distinct values of a string column (each value of a plain one) pass; NULL where the column
 * could not be read. */
const struct probe_state *probe_values(struct run *run, const struct probe *probe);
/* The texts that a source finds in each distinct value of its JSON column. */
const struct derived *run_derived(struct run *run, uint32_t source);

/* Whether a probe over distinct values costs so much that it is better asked of the rows that
 * matter, where they are few beside `ndistinct` (defer_distinct and more): regular expressions and
 * paths in JSON. */
bool probe_defers(
	const struct match_program *program, const struct probe *probe, uint32_t ndistinct);
extern uint32_t defer_distinct; /* tests lower it */

/* probe_rows.c: sets `out` to the bits of the probe's source's own domain that pass, and are among
 * `among`. False where a column could not be read. */
bool probe_rows(struct run *run, const struct probe *probe, const uint64_t *among, uint64_t *out);
/* field.c: the same for PROBE_FIELD, in the domain `group`. */
bool field_rows(struct run *run, const struct probe *probe, int group, const uint64_t *among,
	uint64_t *out);

/* print.c: a part of a time. */
int64_t time_part(int64_t us, enum time_part part);

/* json_path.c: appends the texts found at `path` in a JSON value to `heap`, and calls `found` after
 * each. */
void json_path_find(struct slice json, struct slice path, struct buf *heap, struct buf *key,
	void (*found)(void *ctx), void *ctx);

#endif
