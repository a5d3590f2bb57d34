/* SPDX-License-Identifier: Apache-2.0 */
/* bitmap_avx2.c: the loops over codes and numbers with AVX2, a word of 64 rows at a time; the last
 * rows go the portable way. */
#include "match/bitmap_simd.h"

#include "match/bitmap.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define HOT __attribute__((target("avx2")))

static inline HOT __m256i load(const void *p)
{
	return _mm256_loadu_si256((const __m256i *)p);
}

/* The bits of 8 lanes of 32: the sign of each. */
static inline HOT uint64_t signs(__m256i lanes)
{
	return (uint32_t)_mm256_movemask_ps(_mm256_castsi256_ps(lanes));
}

HOT void codes_equal_avx2(
	const uint32_t *codes, uint32_t n, uint32_t code, const uint64_t *among, uint64_t *out)
{
	const __m256i want = _mm256_set1_epi32((int)code);
	size_t whole = n / 64;
	for (size_t w = 0; w < whole; w++) {
		uint64_t word = 0;
		for (unsigned i = 0; among[w] != 0 && i < 64; i += 8)
			word |= signs(_mm256_cmpeq_epi32(load(codes + w * 64 + i), want)) << i;
		out[w] = word & among[w];
	}
	codes_equal_portable(codes + whole * 64, n & 63, code, among + whole, out + whole);
}

/* Eight codes: fetches the 32 bits that each one's bit is among, and moves it to the sign. The null
 * code is not fetched: its lane is 0. */
static inline HOT uint64_t look_up(const uint32_t *codes, const int *pass)
{
	__m256i c = load(codes), ones = _mm256_set1_epi32(-1);
	__m256i there = _mm256_xor_si256(_mm256_cmpeq_epi32(c, ones), ones);
	__m256i bits = _mm256_mask_i32gather_epi32(
		_mm256_setzero_si256(), pass, _mm256_srli_epi32(c, 5), there, 4);
	__m256i shift = _mm256_andnot_si256(c, _mm256_set1_epi32(31)); /* 31 - (c & 31) */
	return signs(_mm256_sllv_epi32(bits, shift));
}

HOT void codes_look_up_avx2(const uint32_t *codes, uint32_t n, const uint64_t *pass,
	uint32_t ndistinct, const uint64_t *among, uint64_t *out)
{
	const int *bits = (const int *)(const void *)pass;
	size_t whole = n / 64;
	for (size_t w = 0; w < whole; w++) {
		uint64_t word = 0;
		for (unsigned i = 0; among[w] != 0 && i < 64; i += 8)
			word |= look_up(codes + w * 64 + i, bits) << i;
		out[w] = word & among[w];
	}
	codes_look_up_portable(
		codes + whole * 64, n & 63, pass, ndistinct, among + whole, out + whole);
}

HOT void values_between_avx2(const int64_t *values, uint32_t n, int64_t low, int64_t high,
	const uint64_t *among, uint64_t *out)
{
	const __m256i least = _mm256_set1_epi64x(low), most = _mm256_set1_epi64x(high);
	size_t whole = n / 64;
	for (size_t w = 0; w < whole; w++) {
		uint64_t beyond = 0;
		for (unsigned i = 0; among[w] != 0 && i < 64; i += 4) {
			__m256i v = load(values + w * 64 + i);
			__m256i out_of = _mm256_or_si256(
				_mm256_cmpgt_epi64(least, v), _mm256_cmpgt_epi64(v, most));
			beyond |=
				(uint64_t)(uint32_t)_mm256_movemask_pd(_mm256_castsi256_pd(out_of))
				<< i;
		}
		out[w] = among[w] & ~beyond;
	}
	values_between_portable(values + whole * 64, n & 63, low, high, among + whole, out + whole);
}

#else

void codes_equal_avx2(
	const uint32_t *codes, uint32_t n, uint32_t code, const uint64_t *among, uint64_t *out)
{
	codes_equal_portable(codes, n, code, among, out);
}

void codes_look_up_avx2(const uint32_t *codes, uint32_t n, const uint64_t *pass, uint32_t ndistinct,
	const uint64_t *among, uint64_t *out)
{
	codes_look_up_portable(codes, n, pass, ndistinct, among, out);
}

void values_between_avx2(const int64_t *values, uint32_t n, int64_t low, int64_t high,
	const uint64_t *among, uint64_t *out)
{
	values_between_portable(values, n, low, high, among, out);
}

#endif
