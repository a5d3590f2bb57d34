/* SPDX-License-Identifier: Apache-2.0 */
/* parse_avx2.c: the parser with AVX2, 32 bytes at a time; chosen at run time. */
#include "decode/private.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define HOT          __attribute__((target("avx2,bmi")))
#define PARSE_RECORD parse_record_avx2

static inline HOT __m256i load(const char *p)
{
	return _mm256_loadu_si256((const __m256i *)(const void *)p);
}

static inline HOT uint32_t equal_bytes(const char *a, const char *b)
{
	return (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(load(a), load(b)));
}

static inline HOT bool same_run(const char *a, const char *b, size_t n)
{
	for (; n > 32; a += 32, b += 32, n -= 32) {
		if (equal_bytes(a, b) != UINT32_MAX)
			return false;
	}
	return ~equal_bytes(a, b) << (32 - n) == 0; /* n > 0 */
}

static inline HOT bool key_equal(const char *p, const struct key_node *key)
{
	return (~equal_bytes(p, key->quoted) & key->key_bits) == 0;
}

/* Signed comparison: bytes below ' ' are control characters, or not ASCII (negative). */
static inline HOT const char *scan_text(const char *p, const char *end)
{
	const __m256i quote = _mm256_set1_epi8('"'), slash = _mm256_set1_epi8('\\');
	const __m256i space = _mm256_set1_epi8(' ');
	for (; p < end; p += 32) {
		__m256i v = load(p);
		__m256i odd = _mm256_or_si256(
			_mm256_or_si256(_mm256_cmpeq_epi8(v, quote), _mm256_cmpeq_epi8(v, slash)),
			_mm256_cmpgt_epi8(space, v));
		uint32_t mask = (uint32_t)_mm256_movemask_epi8(odd);
		if (mask)
			return p + __builtin_ctz(mask);
	}
	return p;
}

#include "decode/parse_body.h"

#else

int parse_record_avx2(struct decoder *d)
{
	return parse_record_portable(d);
}

#endif
