/* SPDX-License-Identifier: Apache-2.0 */
/*
 * text_private.h: how a text test is made up: its patterns are split by form, each form has its own
 * index, and a value passes where any of them finds it.
 *
 * Under folding, every index holds folded literals and reads texts through an ASCII folding of its own.
 * Its answers are right for values that are all ASCII, and for values that were folded before.
 * text.c folds the values that are not ASCII and asks again for those.
 */
#ifndef MATCH_TEXT_PRIVATE_H
#define MATCH_TEXT_PRIVATE_H

#include "base/base.h"
#include "batch/batch.h"
#include "match/text.h"

enum {
	/* More "contains" literals than this become one automaton. Over 4 MB of values a search for one
	 * literal takes 0.2 ms, so eight 1.6 ms; the automaton 2.4 ms, with 10,000 literals 2.6. */
	NEEDLES_MAX = 8,
};

/* ---- SIMD, chosen at run time ---------------------------------------------------------------- */

/* A literal to be searched for: a byte b of the text fits bytes[i] where (b | mask[i]) == bytes[i].
 * Only letters of a folding search have a mask (0x20). */
struct needle {
	const char *bytes, *mask;
	uint32_t len;     /* never 0 */
	uint32_t rare[3]; /* ascending: its rarest places, which are looked for */
	bool ascii;
};

struct text_simd {
	/* The first place in [p, end) where the needle stands, or NULL. */
	const char *(*find)(const struct needle *needle, const char *p, const char *end);
	/* The first byte that is not ASCII, or NULL. */
	const char *(*find_high)(const char *p, const char *end);
	/* Copies n bytes with A–Z folded. */
	void (*lower)(char *to, const char *from, size_t n);
};
extern const struct text_simd text_simd_portable, text_simd_avx2;
/* What the CPU has. */
const struct text_simd *text_simd_best(void);
/* Has the test use that one, for tests. */
void text_test_use(struct text_test *test, const struct text_simd *simd);

/* How common a byte is in values of audit logs: the rarer, the less. */
unsigned byte_commonness(unsigned char byte);
/* A needle over literal (folded where `fold`), which is copied into the arena. */
void needle_init(struct needle *needle, struct slice literal, bool fold, struct arena *arena);
/* Whether it stands at `p`, where needle->len bytes are readable. */
bool needle_at(const struct needle *needle, const char *p);

/* ---- folding --------------------------------------------------------------------------------- */

/* [b] = b with A–Z folded, and [b] = b. */
extern const unsigned char ascii_lower[256], ascii_same[256];
/* Folds `s` into `out` (cleared before); with `fold` false it copies. from[k] becomes where in `s` the
 * character begins that made byte k, and from[out->len] = s.len; so byte k begins a character of `s`
 * where from[k] differs from from[k - 1]. `from` is grown as needed. */
struct text_map {
	struct buf text;
	uint32_t *from;
	size_t cap;
};
void text_map_make(struct text_map *map, struct slice s, bool fold);
void text_map_fini(struct text_map *map);

/* ---- values ---------------------------------------------------------------------------------- */

/* Adjacent values, and the bits of those that passed so far. */
struct values {
	const char *heap;
	const uint32_t *off;
	uint32_t n;
	uint64_t *bits;
};

static inline struct slice values_get(const struct values *v, uint32_t i)
{
	return (struct slice){v->heap + v->off[i], v->off[i + 1] - v->off[i]};
}
/* The value ≥ i that holds the byte at offset `at`, off[i] ≤ at < off[n]. */
uint32_t values_at(const struct values *v, uint32_t i, uint32_t at);
/* The first value ≥ i in which the needle stands, or v->n. */
uint32_t values_find(const struct values *v, uint32_t i, const struct needle *needle,
	const struct text_simd *simd);

/* ---- the indexes ----------------------------------------------------------------------------- */

/* All take literals that are folded where `fold`, copy them into the arena, and set bits. */

struct literal_set;
struct literal_set *literal_set_make(
	const struct slice *literals, uint32_t n, bool fold, struct arena *arena);
void literal_set_run(const struct literal_set *set, const struct text_simd *simd,
	struct buf *folded, const struct values *values);
/* `value` as it is compared: folded. */
bool literal_set_has(const struct literal_set *set, struct slice value);

/* Prefixes, or suffixes. */
struct affixes;
struct affixes *affixes_make(
	const struct slice *literals, uint32_t n, bool suffix, bool fold, struct arena *arena);
void affixes_run(const struct affixes *affixes, const struct values *values);
/* The length of the one that `value` begins (ends) with, or 0. */
uint32_t affixes_length(const struct affixes *affixes, struct slice value);

/* Aho and Corasick's automaton over literals of one byte or more. */
struct automaton;
struct automaton *automaton_make(
	const struct slice *literals, uint32_t n, bool fold, struct arena *arena);
void automaton_run(const struct automaton *automaton, const struct values *values);
/* The end of the first literal in text[at..], and its length (the shortest that ends there), or false. */
bool automaton_next(const struct automaton *automaton, struct slice text, size_t at, size_t *end,
	size_t *length);

/* A general wildcard pattern. */
struct glob_piece {
	enum piece_kind kind;
	struct needle text;
};
struct glob {
	struct glob_piece *pieces;
	uint32_t npieces;
	size_t shortest;             /* bytes that a value has at least */
	bool has_one;                /* any `?`: characters must be told apart */
	const struct needle *filter; /* its longest literal, or NULL */
};
/* Whether the glob fits the whole of `text`. `from` as in struct text_map, NULL where each byte is a
 * character. Where it fits, *nspans of `spans` (room for one for each piece; may be NULL) are where
 * its literals stand. */
bool glob_fits(const struct glob *glob, const struct text_simd *simd, struct slice text,
	const uint32_t *from, struct text_span *spans, uint32_t *nspans);

/* ---- regular expressions --------------------------------------------------------------------- */

struct regex;
struct regex_memory; /* one thread's */
int regex_make(struct slice pattern, unsigned flags, struct regex **regex, struct err *err);
void regex_free(struct regex *regex);
struct regex_memory *regex_memory_new(void);
void regex_memory_free(struct regex_memory *memory);
uint64_t regex_memory_gave_up(const struct regex_memory *memory);
/* The first match at or after `at`: 1 with its place, 0 none, -1 gave up (and counted). */
int regex_find(const struct regex *regex, struct regex_memory *memory, struct slice text, size_t at,
	struct text_span *span);
void regex_run(const struct regex *regex, struct regex_memory *memory, const struct values *values);

/* ---- together -------------------------------------------------------------------------------- */

struct text_test {
	struct arena arena;
	const struct text_simd *simd;
	bool fold;
	bool all; /* `*` is among the patterns */
	struct literal_set *exact;
	struct affixes *prefixes, *suffixes;
	struct needle *needles; /* "contains", where they are few */
	uint32_t nneedles;
	struct automaton *automaton; /* where they are many */
	struct glob *globs;
	uint32_t nglobs;
	struct regex *regex;
};

struct text_scratch {
	struct buf folded; /* a block of values, for hashing */
	struct buf heap;   /* the values that are not ASCII, folded */
	struct text_map map;
	struct text_span *spans;
	uint32_t nspans, span_cap;
	struct regex_memory *regex; /* NULL until needed */
};
/* Memory for regular expressions, made at the first call. */
struct regex_memory *scratch_regex(struct text_scratch *scratch);

#endif
