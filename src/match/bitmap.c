/* SPDX-License-Identifier: Apache-2.0 */
/* bitmap.c: from values and codes to bits of rows, and between the bits of rows and those of list
 * elements. The AVX2 forms are in bitmap_avx2.c. */
#include "match/bitmap.h"

#include <string.h>

#include "batch/batch.h"
#include "match/bitmap_simd.h"

bool bitmap_portable;

static bool use_avx2(void)
{
#if defined(__x86_64__)
	return !bitmap_portable && __builtin_cpu_supports("avx2");
#else
	return false;
#endif
}

/* The bits of the last word that count. */
static uint64_t last_word(uint32_t n)
{
	return n & 63 ? (UINT64_C(1) << (n & 63)) - 1 : ~UINT64_C(0);
}

void bits_all(uint64_t *bits, uint32_t n)
{
	if (n == 0)
		return;
	memset(bits, 0xff, bits_words(n) * sizeof(*bits));
	bits[bits_words(n) - 1] = last_word(n);
}

void bits_none(uint64_t *bits, uint32_t n)
{
	if (n > 0)
		memset(bits, 0, bits_words(n) * sizeof(*bits));
}

uint32_t bitmap_count(const uint64_t *bits, uint32_t n)
{
	uint32_t count = 0;
	for (size_t w = 0; w < bits_words(n); w++)
		count += (uint32_t)__builtin_popcountll(bits[w]);
	return count;
}

bool bits_empty(const uint64_t *bits, uint32_t n)
{
	uint64_t any = 0;
	for (size_t w = 0; w < bits_words(n); w++)
		any |= bits[w];
	return any == 0;
}

void bits_not_null(uint64_t *out, const uint64_t *among, const uint64_t *nulls, uint32_t n)
{
	for (size_t w = 0; w < bits_words(n); w++)
		out[w] = nulls ? among[w] & ~nulls[w] : among[w];
}

/* ---- codes ----------------------------------------------------------------------------------- */

static uint64_t equal_word(const uint32_t *codes, uint32_t n, uint32_t code)
{
	uint64_t word = 0;
	for (uint32_t i = 0; i < n; i++)
		word |= (uint64_t)(codes[i] == code) << i;
	return word;
}

void codes_equal_portable(
	const uint32_t *codes, uint32_t n, uint32_t code, const uint64_t *among, uint64_t *out)
{
	for (size_t w = 0; w < bits_words(n); w++) {
		uint32_t left = n - (uint32_t)w * 64;
		out[w] = among[w] == 0 ? 0
				       : among[w] & equal_word(codes + w * 64,
							    left < 64 ? left : 64, code);
	}
}

/* One look-up a row; the null takes the 0 behind the last bit. */
void codes_look_up_portable(const uint32_t *codes, uint32_t n, const uint64_t *pass,
	uint32_t ndistinct, const uint64_t *among, uint64_t *out)
{
	for (size_t w = 0; w < bits_words(n); w++) {
		uint32_t left = n - (uint32_t)w * 64;
		uint64_t word = 0;
		if (among[w] != 0) {
			const uint32_t *at = codes + w * 64;
			for (uint32_t i = 0; i < (left < 64 ? left : 64); i++) {
				uint32_t c = at[i] < ndistinct ? at[i] : ndistinct;
				word |= (pass[c >> 6] >> (c & 63) & 1) << i;
			}
		}
		out[w] = word & among[w];
	}
}

static void codes_equal(
	const uint32_t *codes, uint32_t n, uint32_t code, const uint64_t *among, uint64_t *out)
{
	if (use_avx2())
		codes_equal_avx2(codes, n, code, among, out);
	else
		codes_equal_portable(codes, n, code, among, out);
}

void codes_present(const uint32_t *codes, uint32_t n, const uint64_t *among, uint64_t *out)
{
	codes_equal(codes, n, CODE_NULL, among, out);
	for (size_t w = 0; w < bits_words(n); w++)
		out[w] = among[w] & ~out[w];
}

static uint32_t first_bit(const uint64_t *bits, uint32_t n)
{
	for (size_t w = 0; w < bits_words(n); w++) {
		if (bits[w])
			return (uint32_t)(w * 64) + (uint32_t)__builtin_ctzll(bits[w]);
	}
	return n;
}

void codes_pass(const uint32_t *codes, uint32_t n, const uint64_t *pass, uint32_t ndistinct,
	uint32_t npass, const uint64_t *among, uint64_t *out)
{
	if (npass == 0)
		bits_none(out, n);
	else if (npass == ndistinct)
		codes_present(codes, n, among, out);
	else if (npass == 1)
		codes_equal(codes, n, first_bit(pass, ndistinct), among, out);
	else if (use_avx2())
		codes_look_up_avx2(codes, n, pass, ndistinct, among, out);
	else
		codes_look_up_portable(codes, n, pass, ndistinct, among, out);
}

/* ---- numbers --------------------------------------------------------------------------------- */

void values_between_portable(const int64_t *values, uint32_t n, int64_t low, int64_t high,
	const uint64_t *among, uint64_t *out)
{
	uint64_t width = (uint64_t)high - (uint64_t)low;
	for (size_t w = 0; w < bits_words(n); w++) {
		uint32_t left = n - (uint32_t)w * 64;
		uint64_t word = 0;
		if (among[w] != 0) {
			const int64_t *at = values + w * 64;
			for (uint32_t i = 0; i < (left < 64 ? left : 64); i++)
				word |= (uint64_t)((uint64_t)at[i] - (uint64_t)low <= width) << i;
		}
		out[w] = word & among[w];
	}
}

void values_between(const int64_t *values, uint32_t n, int64_t low, int64_t high,
	const uint64_t *among, uint64_t *out)
{
	if (low > high)
		bits_none(out, n);
	else if (use_avx2())
		values_between_avx2(values, n, low, high, among, out);
	else
		values_between_portable(values, n, low, high, among, out);
}

/* ---- lists ----------------------------------------------------------------------------------- */

/* Sets or asks bits [from, to) of a bitmap; from < to. */
static void set_range(uint64_t *bits, uint32_t from, uint32_t to)
{
	uint32_t a = from >> 6, b = (to - 1) >> 6;
	uint64_t first = ~UINT64_C(0) << (from & 63), last = last_word(to);
	if (a == b) {
		bits[a] |= first & last;
		return;
	}
	bits[a] |= first;
	for (uint32_t w = a + 1; w < b; w++)
		bits[w] = ~UINT64_C(0);
	bits[b] |= last;
}

/* The row that owns `element`: the last of [from, nrows) whose elements begin at or before it.
 * Doubling steps first: the next one is near where many elements are set. */
static uint32_t row_of(const uint32_t *list_off, uint32_t nrows, uint32_t from, uint32_t element)
{
	uint32_t step = 1, low = from, high = from + 1;
	while (high < nrows && list_off[high] <= element) {
		low = high;
		high = nrows - high > step ? high + step : nrows;
		step *= 2;
	}
	while (high - low > 1) {
		uint32_t middle = low + (high - low) / 2;
		if (list_off[middle] <= element)
			low = middle;
		else
			high = middle;
	}
	return low;
}

void elements_any(
	const uint64_t *elements, const uint32_t *list_off, uint32_t nrows, uint64_t *rows)
{
	bits_none(rows, nrows);
	if (nrows == 0)
		return;
	uint32_t n = list_off[nrows], row = 0, done = 0; /* elements before `done` are seen */
	for (size_t w = 0; w < bits_words(n); w++) {
		uint64_t word = elements[w];
		while (word) {
			uint32_t e = (uint32_t)(w * 64) + (uint32_t)__builtin_ctzll(word);
			word &= word - 1;
			if (e < done)
				continue;
			row = row_of(list_off, nrows, row, e);
			done = list_off[row + 1];
			bit_set(rows, row);
		}
	}
}

void rows_spread(const uint64_t *rows, const uint32_t *list_off, uint32_t nrows, uint64_t *elements)
{
	if (nrows == 0)
		return;
	bits_none(elements, list_off[nrows]);
	for (size_t w = 0; w < bits_words(nrows); w++) {
		uint64_t word = rows[w];
		while (word) {
			uint32_t r = (uint32_t)(w * 64) + (uint32_t)__builtin_ctzll(word);
			word &= word - 1;
			if (list_off[r] < list_off[r + 1])
				set_range(elements, list_off[r], list_off[r + 1]);
		}
	}
}
