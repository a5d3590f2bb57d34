/* SPDX-License-Identifier: Apache-2.0 */
/*
 * private.h: what the files of the matcher share: prepared tests (matcher.c), the bound tree
 * (bind*.c), three-valued judgement (judge.c), and one run over a batch (run.c and what it calls).
 */
#ifndef MATCH_PRIVATE_H
#define MATCH_PRIVATE_H

#include "match/bitmap.h"
#include "match/bound.h"
#include "match/many.h"
#include "match/print.h"

/* ---- intervals.c ----------------------------------------------------------------------------- */

void spans_add(struct arena *mem, struct spans *spans, u128 low, u128 high);
/* Sorts and joins. */
void spans_finish(struct spans *spans);
bool spans_has(const struct spans *spans, u128 value);
/* Whether any, or each, value of [low, high] lies in them. (For each, intervals that touch count as
 * apart: it may say no where it is yes.) */
bool spans_any(const struct spans *spans, u128 low, u128 high);
bool spans_all(const struct spans *spans, u128 low, u128 high);

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

struct matcher {
	const struct expr *expr;
	struct match_pool *pool;
	bool owner; /* of the pool: it is this matcher's alone */
	uint32_t ntests;
	const struct prepared **tests; /* of the EXPR_TESTs, in preorder */
};
/* Prepared tests; those of several expressions are interned by what they ask, whatever the field. */
struct match_pool {
	int64_t now;
	bool shared; /* by several matchers: equal tests are looked for */
	uint32_t n;
	struct prepared **tests;
	struct map by_key;
	struct buf key;
	struct arena mem;
};
/* Takes a test into the pool, or finds one that asks the same. NULL with an error: a regular expression. */
const struct prepared *pool_prepare(
	struct match_pool *pool, const struct test *test, struct err *err);
/* The text of a pattern without wildcards in `out` (cleared); false where it has some. */
bool pattern_exact(const struct pattern *pattern, struct buf *out);

/* ---- the bound tree: bound.h ----------------------------------------------------------------- */

/* bind_probe.c: makes the probe of a test on a source (without its id); false where the source's type cannot
 * meet it. `other` is the second source of a TEST_FIELD. */
bool probe_bind(struct match_set *set, const struct prepared *test, uint32_t source, uint32_t other,
	struct probe *probe);

/* ---- many programs: many.h ------------------------------------------------------------------- */

/* What a set knows of one of its probes. */
struct probe_info {
	bool indexed; /* its literals are in the index of its source, which tells where it passes */
	uint32_t nwatchers; /* programs that can only match where this probe passes somewhere */
	uint32_t *watchers;
};
/* All literals that are asked of one source. */
struct source_index {
	struct literal_index *literals; /* NULL = none */
	bool watched;                   /* a probe of it has watchers */
	uint32_t nusers, nentries;
	uint32_t *first, *users; /* literal e belongs to the probes users[first[e]..first[e + 1]) */
	struct literal_use {
		uint32_t entry, probe;
	} * uses; /* while the set is made */
};
/* Programs of one shape: their sources and probes, each once. */
struct match_set {
	const struct batch_shape *shape;
	match_resolve *resolve;
	const void *ctx;
	int64_t now;
	bool shared; /* by several programs: names and probes are interned */
	uint32_t nprograms, nsources, nprobes, nowned;
	struct match_program **programs;
	struct source *sources;
	int32_t *first_source; /* of each column, or -1 */
	struct probe *probes;
	struct map by_key;          /* of probes; a value is the id + 1, or 0: it cannot hold */
	struct map by_name;         /* of resolved names; a value is an index into `names` */
	struct text_test **owned;   /* compiled for this shape only */
	struct probe_info *info;    /* of each probe; NULL before match_set_finish */
	struct source_index *index; /* of each source */
	uint64_t *always;           /* programs without a necessary condition */
	struct names {
		uint32_t n;
		struct match_field *fields;
	} * names;
	uint32_t nnames;
	struct arena mem;
};
/* The rows of each value of a column: rows[first[d]..first[d + 1]]; of a list's: a row for each element. */
struct postings {
	uint32_t asked; /* how often, before they were made */
	uint32_t *first, *rows;
	uint64_t **often; /* of each value: a bitmap of its rows, where they are many; else NULL */
};
/* What one batch was found to hold, while programs of one set run over it. */
struct kept {
	const struct match_set *set; /* NULL = none */
	uint8_t *loaded;
	struct probe_state *probes;
	struct derived *derived;
	bool *asked;               /* of each source: its index was */
	struct postings *postings; /* of each column */
	uint32_t *touched, ntouched;
	struct buf folded; /* the values of a source, folded */
	uint32_t *off;
	size_t off_cap;
	struct arena mem;
};

/* bind.c: a program of the set, which it does not list. */
struct match_program *set_bind(struct match_set *set, const struct matcher *matcher);

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
	struct kept kept;
};
struct run {
	const struct match_program *program;
	const struct match_input *input;
	struct match_scratch *scratch;
	struct err *err;
	bool failed;
	bool keeps;        /* what is found in distinct values serves other programs too */
	struct arena *mem; /* for what is found */
	uint8_t *loaded;   /* per column: 0, or 1 + enum match_part */
	uint8_t *verdicts; /* per node */
	struct probe_state *probes;
	struct derived *derived; /* per source */
};

/* postings.c: sets `out` to the rows of `among` that pass a probe of which is known where it passes. False where
 * that is no gain, or the column could not be read (run->failed). */
bool posting_rows(struct run *run, const struct probe *probe, const uint64_t *among, uint64_t *out);
/* set_ask.c: asks the index of a source, so that the states of its indexed probes are known. False where the
 * column could not be read. */
bool source_ask(struct run *run, uint32_t source);
/* Beyond so many bytes of text, which could become more than 32 bits can count when folded, probes are asked one
 * by one. Tests lower it. */
extern uint32_t index_most;

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
/* Asks a probe of all distinct values of its column, which are loaded, and keeps which pass. False where the
 * texts of a path could not be read. */
bool probe_ask(struct run *run, const struct probe *probe);
/* The texts that a source finds in each distinct value of its JSON column. */
const struct derived *run_derived(struct run *run, uint32_t source);

/* Whether it costs nothing to know which distinct values pass. */
bool probe_known(const struct run *run, const struct probe *probe);
/* Whether a probe over distinct values costs so much that it is better asked of the rows that
 * matter, where they are few beside `ndistinct`: regular expressions and paths in JSON (from
 * defer_distinct on); and whatever one of many programs asks, which mostly have few rows left (from
 * keep_distinct on). */
bool probe_defers(const struct run *run, const struct probe *probe, uint32_t ndistinct);
extern uint32_t defer_distinct, keep_distinct; /* tests lower them */

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
