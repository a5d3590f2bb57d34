/* SPDX-License-Identifier: Apache-2.0 */
/*
 * text.h: tests of texts, compiled once and then asked for many values: literals in any position,
 * wildcards, sets of a million literals, regular expressions. The bulk form runs over a column's
 * whole dictionary at once; that is the form that matters for speed.
 *
 * Case is folded as Unicode does it for comparison (full case folding, CaseFolding.txt C + F:
 * "Straße" = "STRASSE"), or not at all. Texts are not normalised. Patterns and values may be any
 * bytes; ill-formed UTF-8 is compared byte for byte.
 *
 * A test does not change after it was made: threads may use it at the same time, each with a
 * scratch of its own.
 */
#ifndef MATCH_TEXT_H
#define MATCH_TEXT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/base.h"

enum piece_kind {
	PIECE_TEXT, /* these bytes */
	PIECE_ONE,  /* `?`: any one character (a code point; one byte where ill-formed) */
	PIECE_MANY, /* `*`: any characters, also none */
};
struct piece {
	enum piece_kind kind;
	struct slice text; /* PIECE_TEXT */
};
/* A pattern must fit the whole value. No pieces: the empty text. "contains x" is MANY x MANY. */
struct pattern {
	const struct piece *pieces;
	uint32_t npieces;
};

enum regex_flag {
	REGEX_FOLD = 1,      /* i: letters of any case */
	REGEX_MULTILINE = 2, /* m: ^ and $ at line ends too */
	REGEX_DOTALL = 4,    /* s: . matches line ends too */
};

struct text_test;
struct text_scratch;

/* Any of the patterns; copies what it needs. Never fails. Exact patterns become one hash set,
 * "contains" literals a SIMD search where they are few and one automaton where they are many; prefixes,
 * suffixes and general wildcards have forms of their own. General wildcards run in time
 * O(value × pattern) at worst, without recursion. */
struct text_test *text_test_patterns(const struct pattern *patterns, uint32_t n, bool fold);
/* A regular expression (PCRE2, unanchored, UTF), with JIT where the machine has it. -1: ERR_USAGE with PCRE2's words and
 * the offset in `regex`. */
int text_test_regex(struct slice regex, unsigned flags, struct text_test **test, struct err *err);
void text_test_free(struct text_test *test);

/* One thread's working memory for any number of tests. Regular expressions have limits for each value
 * (LIMIT_REGEX_*): about 0.3 ms for a short one, 2 ms and 0.1 µs a byte for one of 512 bytes or more.
 * `gave_up` counts values for which a regular
 * expression ran into its limits; such a value counts as not matched, and users are told. */
struct text_scratch *text_scratch_new(void);
void text_scratch_free(struct text_scratch *scratch);
uint64_t text_scratch_gave_up(const struct text_scratch *scratch);

/* Whether one value passes. */
bool text_test_value(
	const struct text_test *test, struct text_scratch *scratch, struct slice value);
/* Tests values heap[off[i]..off[i+1]) for i < n, adjacent in memory (off ascending): sets bit i of
 * `bits` ((n + 63) / 64 words, overwritten) where it passes; returns how many do. */
uint32_t text_test_values(const struct text_test *test, struct text_scratch *scratch,
	const char *heap, const uint32_t *off, uint32_t n, uint64_t *bits);

/* Where in `value` the literals or the regular expression matched, ascending and apart, at most
 * `max`; returns how many. For marking what was found: best effort, and none where the value does
 * not pass. Offsets are bytes of `value`. */
struct text_span {
	uint32_t begin, end;
};
uint32_t text_test_spans(const struct text_test *test, struct text_scratch *scratch,
	struct slice value, struct text_span *spans, uint32_t max);

/* Appends the case-folded form of `s`; ill-formed bytes stay as they are. */
void text_fold(struct buf *out, struct slice s);
/* Compares under folding or byte for byte: <0, 0, >0 in byte order of the folded forms. */
int text_order(struct text_scratch *scratch, struct slice a, struct slice b, bool fold);

#endif
