/* SPDX-License-Identifier: Apache-2.0 */
/* crc.c: CRC-32 of pages. Eight tables, eight bytes a step (about 2 GB/s); with carry-less
 * multiplication, 64 bytes a step (above 10 GB/s), since every byte read or written passes here. */
#include "parquet/private.h"

#include <pthread.h>

#define POLYNOMIAL 0xedb88320u /* reflected */

static uint32_t tables[8][256];
static bool have_clmul;

static void make_tables(void)
{
	for (uint32_t i = 0; i < 256; i++) {
		uint32_t r = i;
		for (int bit = 0; bit < 8; bit++)
			r = r >> 1 ^ (r & 1 ? POLYNOMIAL : 0);
		tables[0][i] = r;
	}
	for (uint32_t i = 0; i < 256; i++) {
		for (int t = 1; t < 8; t++)
			tables[t][i] = tables[t - 1][i] >> 8 ^ tables[0][tables[t - 1][i] & 255];
	}
#if defined(__x86_64__)
	have_clmul = __builtin_cpu_supports("pclmul") && __builtin_cpu_supports("sse4.1");
#endif
}

static void prepare(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	pthread_once(&once, make_tables);
}

/* Works on the register itself (not inverted). */
static uint32_t step_tables(uint32_t r, const uint8_t *p, size_t n)
{
	for (; n >= 8; p += 8, n -= 8) {
		uint64_t v;
		memcpy(&v, p, 8);
		v ^= r;
		r = tables[7][v & 255] ^ tables[6][v >> 8 & 255] ^ tables[5][v >> 16 & 255] ^
		    tables[4][v >> 24 & 255] ^ tables[3][v >> 32 & 255] ^ tables[2][v >> 40 & 255] ^
		    tables[1][v >> 48 & 255] ^ tables[0][v >> 56];
	}
	for (; n > 0; p++, n--)
		r = r >> 8 ^ tables[0][(r ^ *p) & 255];
	return r;
}

uint32_t crc32_portable(uint32_t crc, const void *data, size_t n)
{
	prepare();
	return ~step_tables(~crc, data, n);
}

#if defined(__x86_64__)
#include <immintrin.h>

/* Moves a 128-bit remainder forward over as many bits as the constants stand for, and adds what is
 * there. */
__attribute__((target("pclmul,sse4.1"))) static inline __m128i fold(
	__m128i r, __m128i by, __m128i next)
{
	__m128i low = _mm_clmulepi64_si128(r, by, 0x00);
	__m128i high = _mm_clmulepi64_si128(r, by, 0x11);
	return _mm_xor_si128(_mm_xor_si128(low, high), next);
}

__attribute__((target("pclmul,sse4.1"))) static inline __m128i load(const uint8_t *p)
{
	return _mm_loadu_si128((const __m128i *)(const void *)p);
}

/* Folding by x^(512±32) and x^(128±32) mod the polynomial, bit-reflected: Gopal et al., "Fast CRC
 * computation for generic polynomials using PCLMULQDQ" (Intel, 2009). What is left after folding
 * is a 16-byte message of the same remainder, which the tables finish. n ≥ 64. */
__attribute__((target("pclmul,sse4.1"))) static uint32_t step_clmul(
	uint32_t r, const uint8_t *p, size_t n)
{
	const __m128i by4 = _mm_set_epi64x(0x1c6e41596, 0x154442bd4);
	const __m128i by1 = _mm_set_epi64x(0x0ccaa009e, 0x1751997d0);
	__m128i a = _mm_xor_si128(load(p), _mm_cvtsi32_si128((int)r));
	__m128i b = load(p + 16), c = load(p + 32), d = load(p + 48);
	for (p += 64, n -= 64; n >= 64; p += 64, n -= 64) {
		a = fold(a, by4, load(p));
		b = fold(b, by4, load(p + 16));
		c = fold(c, by4, load(p + 32));
		d = fold(d, by4, load(p + 48));
	}
	a = fold(fold(fold(a, by1, b), by1, c), by1, d);
	for (; n >= 16; p += 16, n -= 16)
		a = fold(a, by1, load(p));
	uint8_t rest[16];
	_mm_storeu_si128((__m128i *)(void *)rest, a);
	return step_tables(step_tables(0, rest, sizeof(rest)), p, n);
}
#endif

uint32_t crc32_of(uint32_t crc, const void *data, size_t n)
{
	prepare();
#if defined(__x86_64__)
	if (have_clmul && n >= 64)
		return ~step_clmul(~crc, data, n);
#endif
	return ~step_tables(~crc, data, n);
}
