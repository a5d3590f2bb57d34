/* SPDX-License-Identifier: Apache-2.0 */
/* unbits.c: reading the RLE/bit-packed hybrid. Strict: runs must hold exactly the values that are
 * asked for and take exactly the bytes that are there, so that a damaged count cannot pass. */
#include "parquet/private.h"

#include <pthread.h>

int hybrid_run(struct hybrid_in *in, bool *packed, uint64_t *n, size_t left)
{
	uint64_t header = 0;
	unsigned shift = 0;
	for (;; shift += 7) {
		if (in->at >= in->end || shift > 35)
			return -1;
		uint8_t byte = *in->at++;
		header |= (uint64_t)(byte & 0x7f) << shift;
		if (byte < 0x80)
			break;
	}
	*packed = header & 1;
	*n = *packed ? (header >> 1) * 8 : header >> 1;
	if (*n == 0)
		return -1;
	/* A packed run may be padded to the next 8. */
	return *n > (*packed ? ((uint64_t)left + 7) / 8 * 8 : left) ? -1 : 0;
}

/* 32 values from 4 × width bytes; reads up to 8 bytes from each value's first on. */
static inline __attribute__((always_inline)) uint32_t unpack32(
	const uint8_t *in, uint32_t *values, unsigned width)
{
	const uint64_t mask = (UINT64_C(1) << width) - 1;
	uint32_t max = 0;
#pragma GCC unroll 32
	for (unsigned i = 0; i < 32; i++) {
		uint64_t word;
		memcpy(&word, in + i * width / 8, 8);
		uint32_t v = (uint32_t)(word >> (i * width % 8) & mask);
		values[i] = v;
		max = v > max ? v : max;
	}
	return max;
}

/* n values; the last block is unpacked aside. */
static inline __attribute__((always_inline)) uint32_t unpack_width(
	const uint8_t *in, uint32_t *values, size_t n, unsigned width)
{
	uint32_t max = 0;
	for (; n >= 32; n -= 32, values += 32, in += 4 * (size_t)width) {
		uint32_t m = unpack32(in, values, width);
		max = m > max ? m : max;
	}
	uint64_t mask = (UINT64_C(1) << width) - 1;
	for (size_t i = 0; i < n; i++) {
		uint64_t word;
		memcpy(&word, in + i * width / 8, 8);
		values[i] = (uint32_t)(word >> (i * width % 8) & mask);
		max = values[i] > max ? values[i] : max;
	}
	return max;
}

/* clang-format off */
#define EACH_WIDTH(X) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13) X(14) \
	X(15) X(16)
/* clang-format on */

static uint32_t unpack_portable(const uint8_t *in, uint32_t *values, size_t n, unsigned width)
{
	switch (width) {
#define UNPACK_WIDTH(w)                                                                            \
	case w:                                                                                    \
		return unpack_width(in, values, n, w);
		EACH_WIDTH(UNPACK_WIDTH)
#undef UNPACK_WIDTH
	default:
		return unpack_width(in, values, n, width);
	}
}

#if defined(__x86_64__)
#include <immintrin.h>

enum { SHUFFLED_WIDTH = 25 }; /* a value of up to so many bits lies in 4 bytes */

/* For 8 values of a width: which bytes hold the low and the high four (loaded from byte width / 2
 * on), and how far each is to be shifted. */
static struct {
	uint8_t bytes[32];
	uint32_t shift[8];
} spread[SHUFFLED_WIDTH + 1];

static void make_spread(void)
{
	for (unsigned w = 1; w <= SHUFFLED_WIDTH; w++) {
		for (unsigned v = 0; v < 8; v++) {
			unsigned bit = v * w - (v < 4 ? 0 : w / 2 * 8);
			for (unsigned b = 0; b < 4; b++)
				spread[w].bytes[4 * v + b] = (uint8_t)(bit / 8 + b);
			spread[w].shift[v] = bit % 8;
		}
	}
}

/* 8 values a step; reads up to 16 bytes from the last step's middle on, which SLACK covers. */
__attribute__((target("avx2"))) static uint32_t unpack_avx2(
	const uint8_t *in, uint32_t *values, size_t n, unsigned width)
{
	const __m256i bytes = _mm256_loadu_si256((const __m256i *)(void *)spread[width].bytes);
	const __m256i shift = _mm256_loadu_si256((const __m256i *)(void *)spread[width].shift);
	const __m256i mask = _mm256_set1_epi32((int)((UINT64_C(1) << width) - 1));
	__m256i max = _mm256_setzero_si256();
	size_t whole = n & ~(size_t)7;
	for (size_t i = 0; i < whole; i += 8, in += width) {
		__m256i v = _mm256_loadu2_m128i((const __m128i *)(const void *)(in + width / 2),
			(const __m128i *)(const void *)in);
		v = _mm256_shuffle_epi8(v, bytes);
		v = _mm256_and_si256(_mm256_srlv_epi32(v, shift), mask);
		_mm256_storeu_si256((__m256i *)(void *)(values + i), v);
		max = _mm256_max_epu32(max, v);
	}
	uint32_t each[8], top = unpack_width(in, values + whole, n - whole, width);
	_mm256_storeu_si256((__m256i *)(void *)each, max);
	for (unsigned k = 0; k < 8; k++)
		top = each[k] > top ? each[k] : top;
	return top;
}
#endif

uint32_t bits_unpack(const uint8_t *in, uint32_t *values, size_t n, unsigned width)
{
#if defined(__x86_64__)
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	if (width <= SHUFFLED_WIDTH && n >= 8 && cpu_has_avx2()) {
		pthread_once(&once, make_spread);
		return unpack_avx2(in, values, n, width);
	}
#endif
	return unpack_portable(in, values, n, width);
}

int hybrid_value(struct hybrid_in *in, unsigned width, uint32_t *value)
{
	size_t bytes = (width + 7) / 8;
	if ((size_t)(in->end - in->at) < bytes)
		return -1;
	*value = 0;
	memcpy(value, in->at, bytes);
	in->at += bytes;
	return width < 32 && *value >> width ? -1 : 0;
}

int hybrid_read(
	const uint8_t *data, size_t len, unsigned width, uint32_t *values, size_t n, uint32_t *max)
{
	struct hybrid_in in = {data, data + len};
	*max = 0;
	if (width < 1 || width > 32)
		return -1;
	while (n > 0) {
		bool packed;
		uint64_t run;
		if (hybrid_run(&in, &packed, &run, n))
			return -1;
		size_t take = run < n ? (size_t)run : n;
		uint32_t top;
		if (packed) {
			size_t bytes = (size_t)run / 8 * width;
			if (bytes > (size_t)(in.end - in.at))
				return -1;
			top = bits_unpack(in.at, values, take, width);
			in.at += bytes;
		} else {
			if (hybrid_value(&in, width, &top))
				return -1;
			for (size_t i = 0; i < take; i++)
				values[i] = top;
		}
		*max = top > *max ? top : *max;
		values += take;
		n -= take;
	}
	return in.at == in.end ? 0 : -1;
}

/* ORs n bits at `src` into `bits` from bit `from` on; returns how many are 1. */
static size_t or_bits(uint64_t *bits, size_t from, const uint8_t *src, size_t n)
{
	size_t ones = 0;
	for (size_t i = 0; i < n; i += 64) {
		uint64_t word = 0;
		size_t left = n - i < 64 ? n - i : 64;
		memcpy(&word, src + i / 8, (left + 7) / 8);
		if (left < 64)
			word &= (UINT64_C(1) << left) - 1;
		ones += (size_t)__builtin_popcountll(word);
		size_t to = from + i, shift = to % 64;
		bits[to / 64] |= word << shift;
		if (shift)
			bits[to / 64 + 1] |= word >> (64 - shift);
	}
	return ones;
}

void bits_set(uint64_t *bits, size_t from, size_t n)
{
	for (; n > 0 && from % 64; from++, n--)
		bits[from / 64] |= UINT64_C(1) << from % 64;
	for (; n >= 64; from += 64, n -= 64)
		bits[from / 64] = UINT64_MAX;
	if (n)
		bits[from / 64] |= (UINT64_C(1) << n) - 1;
}

uint32_t bits_count(const uint64_t *bits, uint32_t from, uint32_t to)
{
	uint32_t n = 0, last = to >> 6;
	if (!bits)
		return to - from;
	uint64_t mask = UINT64_MAX << (from & 63);
	for (uint32_t w = from >> 6; w < last; w++, mask = UINT64_MAX)
		n += (uint32_t)__builtin_popcountll(bits[w] & mask);
	mask &= (UINT64_C(1) << (to & 63)) - 1;
	return mask ? n + (uint32_t)__builtin_popcountll(bits[last] & mask) : n;
}

int hybrid_read_bits(
	const uint8_t *data, size_t len, uint64_t *bits, size_t from, size_t n, size_t *ones)
{
	struct hybrid_in in = {data, data + len};
	*ones = 0;
	while (n > 0) {
		bool packed;
		uint64_t run;
		if (hybrid_run(&in, &packed, &run, n))
			return -1;
		size_t take = run < n ? (size_t)run : n;
		if (packed) {
			if (run / 8 > (size_t)(in.end - in.at))
				return -1;
			*ones += or_bits(bits, from, in.at, take);
			in.at += run / 8;
		} else {
			uint32_t value;
			if (hybrid_value(&in, 1, &value))
				return -1;
			if (value)
				bits_set(bits, from, take);
			*ones += value ? take : 0;
		}
		from += take;
		n -= take;
	}
	return in.at == in.end ? 0 : -1;
}
