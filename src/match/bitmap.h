/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bitmap.h: bits of rows and of list elements, 64 a word. Bits past the last one are always 0.
 */
#ifndef MATCH_BITMAP_H
#define MATCH_BITMAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How many words hold n bits. */
static inline size_t bits_words(uint32_t n)
{
	return ((size_t)n + 63) / 64;
}
/* Sets all n bits. */
void bits_all(uint64_t *bits, uint32_t n);
void bits_none(uint64_t *bits, uint32_t n);
uint32_t bitmap_count(const uint64_t *bits, uint32_t n);
bool bits_empty(const uint64_t *bits, uint32_t n);
/* out = not-null bits among `among`; `nulls` may be NULL. */
void bits_not_null(uint64_t *out, const uint64_t *among, const uint64_t *nulls, uint32_t n);

/* Rows whose code (of n) is not the null's, among `among`. */
void codes_present(const uint32_t *codes, uint32_t n, const uint64_t *among, uint64_t *out);
/* Rows whose code's bit is set in `pass`, which has `ndistinct` bits, `npass` of them set, among
 * `among`. `simd` false: the portable form (for tests). */
void codes_pass(const uint32_t *codes, uint32_t n, const uint64_t *pass, uint32_t ndistinct,
	uint32_t npass, const uint64_t *among, uint64_t *out);
extern bool bitmap_portable; /* tests set it: no SIMD */

/* Rows with low ≤ value ≤ high, among `among`; nulls are not looked at. */
void values_between(const int64_t *values, uint32_t n, int64_t low, int64_t high,
	const uint64_t *among, uint64_t *out);

/* rows = those with any element set. `list_off` has nrows + 1 entries. */
void elements_any(
	const uint64_t *elements, const uint32_t *list_off, uint32_t nrows, uint64_t *rows);
/* elements = those whose row is set. */
void rows_spread(
	const uint64_t *rows, const uint32_t *list_off, uint32_t nrows, uint64_t *elements);

#endif
