/* SPDX-License-Identifier: Apache-2.0 */
/* text_find_avx2.c: the search for one literal with AVX2, 32 places at a time; chosen at run time. */
#include "match/text_private.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define HOT __attribute__((target("avx2,bmi")))

static inline HOT __m256i load(const char *p)
{
	return _mm256_loadu_si256((const __m256i *)(const void *)p);
}

/* The three bytes looked for, in each lane. */
struct rare {
	__m256i byte_a, byte_b, byte_c, mask_a, mask_b, mask_c;
	uint32_t a, b, c;
};

static inline HOT __m256i rare_hits(const struct rare *rare, const char *p)
{
	__m256i a = _mm256_or_si256(load(p + rare->a), rare->mask_a);
	__m256i b = _mm256_or_si256(load(p + rare->b), rare->mask_b);
	__m256i c = _mm256_or_si256(load(p + rare->c), rare->mask_c);
	__m256i ab = _mm256_and_si256(
		_mm256_cmpeq_epi8(a, rare->byte_a), _mm256_cmpeq_epi8(b, rare->byte_b));
	return _mm256_and_si256(ab, _mm256_cmpeq_epi8(c, rare->byte_c));
}

static inline HOT uint32_t bits(__m256i v)
{
	return (uint32_t)_mm256_movemask_epi8(v);
}

enum { NOWHERE = 32 };

/* Which of the places p + bit, none beyond `last`, is the first where the needle stands. */
static inline HOT uint32_t check(
	const struct needle *needle, const char *p, uint32_t hits, const char *last)
{
	for (; hits; hits &= hits - 1) {
		const char *place = p + __builtin_ctz(hits);
		if (place > last)
			break;
		if (needle_at(needle, place))
			return (uint32_t)(place - p);
	}
	return NOWHERE;
}

static HOT const char *find(const struct needle *needle, const char *p, const char *end)
{
	const uint32_t a = needle->rare[0], b = needle->rare[1], c = needle->rare[2];
	if (end - p < (ptrdiff_t)c + 32)
		return text_simd_portable.find(needle, p, end);
	const char *last = end - needle->len;
	uint32_t bit;
	const struct rare rare = {
		.byte_a = _mm256_set1_epi8(needle->bytes[a]),
		.byte_b = _mm256_set1_epi8(needle->bytes[b]),
		.byte_c = _mm256_set1_epi8(needle->bytes[c]),
		.mask_a = _mm256_set1_epi8(needle->mask[a]),
		.mask_b = _mm256_set1_epi8(needle->mask[b]),
		.mask_c = _mm256_set1_epi8(needle->mask[c]),
		.a = a,
		.b = b,
		.c = c,
	};
	size_t n = (size_t)(end - p) - c, at = 0; /* places below n - 31 can be looked at by 32 */
	for (; at + 128 <= n; at += 128) {
		const char *q = p + at;
		__m256i h0 = rare_hits(&rare, q), h1 = rare_hits(&rare, q + 32);
		__m256i h2 = rare_hits(&rare, q + 64), h3 = rare_hits(&rare, q + 96);
		__m256i any = _mm256_or_si256(_mm256_or_si256(h0, h1), _mm256_or_si256(h2, h3));
		if (_mm256_testz_si256(any, any))
			continue;
		const uint32_t hits[4] = {bits(h0), bits(h1), bits(h2), bits(h3)};
		for (uint32_t k = 0; k < 4; k++, q += 32) {
			if ((bit = check(needle, q, hits[k], last)) != NOWHERE)
				return q + bit;
		}
	}
	for (; at + 32 <= n; at += 32) {
		if ((bit = check(needle, p + at, bits(rare_hits(&rare, p + at)), last)) != NOWHERE)
			return p + at + bit;
	}
	if (p + at > last)
		return NULL;
	/* The rest: the last 32 that can be looked at; those before p + at are known not to fit. */
	const char *tail = p + (n - 32);
	bit = check(needle, tail, bits(rare_hits(&rare, tail)), last);
	return bit == NOWHERE ? NULL : tail + bit;
}

static HOT const char *find_high(const char *p, const char *end)
{
	for (; end - p >= 128; p += 128) {
		__m256i any = _mm256_or_si256(_mm256_or_si256(load(p), load(p + 32)),
			_mm256_or_si256(load(p + 64), load(p + 96)));
		if (_mm256_movemask_epi8(any))
			break;
	}
	for (; end - p >= 32; p += 32) {
		uint32_t high = bits(load(p));
		if (high)
			return p + __builtin_ctz(high);
	}
	return text_simd_portable.find_high(p, end);
}

static HOT void lower(char *to, const char *from, size_t n)
{
	const __m256i before = _mm256_set1_epi8('A' - 1), after = _mm256_set1_epi8('Z' + 1);
	const __m256i bit = _mm256_set1_epi8(0x20);
	for (; n >= 32; n -= 32, to += 32, from += 32) {
		__m256i v = load(from);
		__m256i upper =
			_mm256_and_si256(_mm256_cmpgt_epi8(v, before), _mm256_cmpgt_epi8(after, v));
		v = _mm256_or_si256(v, _mm256_and_si256(upper, bit));
		_mm256_storeu_si256((__m256i *)(void *)to, v);
	}
	text_simd_portable.lower(to, from, n);
}

const struct text_simd text_simd_avx2 = {find, find_high, lower};

#else

const struct text_simd text_simd_avx2 = {NULL, NULL, NULL};

#endif
