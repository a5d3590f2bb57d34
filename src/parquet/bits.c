/* SPDX-License-Identifier: Apache-2.0 */
/* bits.c: writing the RLE/bit-packed hybrid. Values are looked at in blocks of 64: a block of equal
 * values becomes part of a run, all others are packed by code unrolled per width. */
#include "base/varint.h"
#include "parquet/private.h"

enum { BLOCK = 64 };

/* A bitmap becomes runs only where this many words in a row are all 0 or all 1: zstd shrinks
 * shorter ones as well. */
enum { RUN_WORDS = 8 };

static uint8_t *put_run(uint8_t *p, uint32_t value, size_t n, unsigned width)
{
	p += varint_put(p, (uint64_t)n << 1);
	memcpy(p, &value, 4);
	return p + (width + 7) / 8;
}

/* 32 values to 4 × width bytes; `width` is a constant where this is inlined. */
static inline __attribute__((always_inline)) void pack32(
	const uint32_t *values, uint8_t *out, unsigned width)
{
	uint64_t word = 0;
	unsigned have = 0;
#pragma GCC unroll 32
	for (unsigned i = 0; i < 32; i++) {
		word |= (uint64_t)values[i] << have;
		have += width;
		if (have >= 32) {
			uint32_t low = (uint32_t)word;
			memcpy(out, &low, 4);
			out += 4;
			word >>= 32;
			have -= 32;
		}
	}
}

/* clang-format off */
#define EACH_WIDTH(X) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13) X(14) \
	X(15) X(16)
/* clang-format on */

/* n is a multiple of 32. */
void bits_pack(const uint32_t *values, size_t n, uint8_t *out, unsigned width)
{
	switch (width) {
#define PACK_WIDTH(w)                                                                              \
	case w:                                                                                    \
		for (size_t i = 0; i < n; i += 32, out += 4 * (w))                                 \
			pack32(values + i, out, w);                                                \
		break;
		EACH_WIDTH(PACK_WIDTH)
#undef PACK_WIDTH
	default:
		for (size_t i = 0; i < n; i += 32, out += 4 * (size_t)width)
			pack32(values + i, out, width);
	}
}

static bool all_equal(const uint32_t *values, size_t n)
{
	if (values[0] != values[n - 1] || values[0] != values[n / 2])
		return false;
	uint32_t differ[8] = {0};
	if (n == BLOCK) { /* a constant length makes vector code */
		for (size_t i = 0; i < BLOCK; i += 8) {
			for (size_t l = 0; l < 8; l++)
				differ[l] |= values[i + l] ^ values[0];
		}
	}
	for (size_t i = 1; n < BLOCK && i < n; i++)
		differ[0] |= values[i] ^ values[0];
	for (size_t l = 1; l < 8; l++)
		differ[0] |= differ[l];
	return differ[0] == 0;
}

/* The last values, fewer than 64, padded to a multiple of 8 with zeros. */
static uint8_t *put_tail(uint8_t *p, const uint32_t *values, size_t n, unsigned width)
{
	uint32_t padded[BLOCK] = {0};
	uint8_t bytes[BLOCK * 4];
	memcpy(padded, values, n * sizeof(*values));
	bits_pack(padded, BLOCK, bytes, width);
	size_t size = (n + 7) / 8 * width;
	memcpy(p, bytes, size);
	return p + size;
}

/* Values [from, to) as one packed run; only the last run of all may have to be padded. */
static uint8_t *put_packed(uint8_t *p, const uint32_t *values, size_t n, unsigned width)
{
	size_t whole = n / BLOCK * BLOCK;
	p += varint_put(p, (uint64_t)((n + 7) / 8) << 1 | 1);
	bits_pack(values, whole, p, width);
	p += whole / 8 * width;
	return n > whole ? put_tail(p, values + whole, n - whole, width) : p;
}

void hybrid_write(struct buf *out, const uint32_t *values, size_t n, unsigned width)
{
	/* The worst case: runs and packed blocks in turn, each with a header of its own. */
	size_t most = (n + 2 * BLOCK) * width / 8 + (n / BLOCK + 2) * 16;
	uint8_t *begin = (uint8_t *)buf_reserve(out, most), *p = begin;
	size_t at = 0;
	while (at < n) {
		size_t to = at, block = n - at < BLOCK ? n - at : BLOCK;
		uint32_t value = values[at];
		bool equal = all_equal(values + at, block);
		do {
			to += block;
			block = n - to < BLOCK ? n - to : BLOCK;
		} while (to < n && all_equal(values + to, block) == equal &&
			 (!equal || values[to] == value));
		p = equal ? put_run(p, value, to - at, width)
			  : put_packed(p, values + at, to - at, width);
		at = to;
	}
	out->len += (size_t)(p - begin);
}

/* Words from `at` on that are all 0 or all 1 as the first is; 0 where that one is mixed. */
static size_t run_of_words(const uint64_t *bits, size_t at, size_t words)
{
	uint64_t word = bits[at];
	if (word != 0 && word != UINT64_MAX)
		return 0;
	size_t to = at + 1;
	while (to < words && bits[to] == word)
		to++;
	return to - at;
}

/* Full words only; the rest is packed. */
static size_t packed_words(const uint64_t *bits, size_t at, size_t words)
{
	size_t to = at;
	while (to < words) {
		size_t run = run_of_words(bits, to, words);
		if (run >= RUN_WORDS)
			break;
		to += run ? run : 1;
	}
	return to - at;
}

static bool tail_equals(uint64_t tail, size_t n, uint64_t word)
{
	uint64_t mask = n < 64 ? (UINT64_C(1) << n) - 1 : UINT64_MAX;
	return ((tail ^ word) & mask) == 0;
}

void hybrid_write_bits(struct buf *out, const uint64_t *bits, size_t n)
{
	size_t words = n / 64, tail = n % 64, at = 0;
	uint8_t *begin = (uint8_t *)buf_reserve(out, n / 8 + words * 2 + 64), *p = begin;
	while (at < words) {
		size_t run = run_of_words(bits, at, words);
		bool ends = at + run == words;
		bool takes_tail = ends && run && tail && tail_equals(bits[words], tail, bits[at]);
		if (run >= RUN_WORDS || (run && ends && (!tail || takes_tail))) {
			size_t values = run * 64 + (takes_tail ? tail : 0);
			p = put_run(p, (uint32_t)bits[at] & 1, values, 1);
			tail = takes_tail ? 0 : tail;
			at += run;
			continue;
		}
		run = packed_words(bits, at, words);
		ends = at + run == words;
		size_t bytes = run * 8 + (ends ? (tail + 7) / 8 : 0);
		p += varint_put(p, (uint64_t)bytes << 1 | 1);
		memcpy(p, bits + at, run * 8);
		p += run * 8;
		at += run;
		if (ends && tail) {
			uint64_t last = bits[words] & ((UINT64_C(1) << tail) - 1);
			memcpy(p, &last, 8);
			p += (tail + 7) / 8;
			tail = 0;
		}
	}
	if (tail &&
		(tail_equals(bits[words], tail, 0) || tail_equals(bits[words], tail, UINT64_MAX))) {
		p = put_run(p, (uint32_t)bits[words] & 1, tail, 1);
	} else if (tail) {
		uint64_t last = bits[words] & ((UINT64_C(1) << tail) - 1);
		p += varint_put(p, (uint64_t)((tail + 7) / 8) << 1 | 1);
		memcpy(p, &last, 8);
		p += (tail + 7) / 8;
	}
	out->len += (size_t)(p - begin);
}

void bits_slice(uint64_t *dst, const uint64_t *src, size_t from, size_t n)
{
	size_t words = (n + 63) / 64, shift = from % 64;
	src += from / 64;
	for (size_t w = 0; w < words; w++) {
		dst[w] = src[w] >> shift;
		if (shift && w * 64 + 64 - shift < n)
			dst[w] |= src[w + 1] << (64 - shift);
	}
	if (n % 64)
		dst[words - 1] &= (UINT64_C(1) << n % 64) - 1;
}
