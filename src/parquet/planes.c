/* SPDX-License-Identifier: Apache-2.0 */
/* planes.c: the RLE/bit-packed hybrid of narrow values as bit planes: levels of lists are three
 * bits, and what is asked of them are bits. */
#include "parquet/private.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

typedef uint64_t pick_fn(uint64_t x);

/* Every second bit, next to each other. */
static inline uint64_t second_portable(uint64_t x)
{
	x &= UINT64_C(0x5555555555555555);
	x = (x | x >> 1) & UINT64_C(0x3333333333333333);
	x = (x | x >> 2) & UINT64_C(0x0f0f0f0f0f0f0f0f);
	x = (x | x >> 4) & UINT64_C(0x00ff00ff00ff00ff);
	x = (x | x >> 8) & UINT64_C(0x0000ffff0000ffff);
	return (x | x >> 16) & UINT64_C(0x00000000ffffffff);
}

/* Every third bit of the low 48. */
static inline uint64_t third_portable(uint64_t x)
{
	x &= UINT64_C(0x249249249249);
	x = (x | x >> 2) & UINT64_C(0x0c30c30c30c3);
	x = (x | x >> 4) & UINT64_C(0x00f00f00f00f);
	x = (x | x >> 8) & UINT64_C(0x0000ff0000ff);
	return (x | x >> 16) & 0xffff;
}

static inline void or_word(uint64_t *bits, size_t from, uint64_t word)
{
	bits[from / 64] |= word << from % 64;
	if (from % 64)
		bits[from / 64 + 1] |= word >> (64 - from % 64);
}

/* 64 values of 1, 2 or 3 bits. */
static inline __attribute__((always_inline)) void split64(
	const uint8_t *src, unsigned width, uint64_t words[3], pick_fn *second, pick_fn *third)
{
	uint64_t word;
	if (width == 1) {
		memcpy(&words[0], src, 8);
	} else if (width == 2) {
		for (unsigned half = 0; half < 2; half++) {
			memcpy(&word, src + (size_t)8 * half, 8);
			words[0] |= second(word) << 32 * half;
			words[1] |= second(word >> 1) << 32 * half;
		}
	} else {
		for (unsigned quarter = 0; quarter < 4; quarter++) {
			memcpy(&word, src + (size_t)6 * quarter, 8);
			words[0] |= third(word) << 16 * quarter;
			words[1] |= third(word >> 1) << 16 * quarter;
			words[2] |= third(word >> 2) << 16 * quarter;
		}
	}
}

static inline __attribute__((always_inline)) void split_packed(const uint8_t *src, unsigned width,
	uint64_t *const *planes, size_t from, size_t n, pick_fn *second, pick_fn *third)
{
	for (size_t i = 0; i < n; i += 64) {
		uint64_t words[3] = {0}, live = UINT64_MAX;
		uint8_t rest[24 + SLACK] = {0};
		if (n - i < 64) {
			memcpy(rest, src, ((n - i) * width + 7) / 8);
			src = rest;
			live = (UINT64_C(1) << (n - i)) - 1;
		}
		split64(src, width, words, second, third);
		for (unsigned p = 0; p < width; p++)
			or_word(planes[p], from + i, words[p] & live);
		src += (size_t)8 * width;
	}
}

static void split_portable(
	const uint8_t *src, unsigned width, uint64_t *const *planes, size_t from, size_t n)
{
	split_packed(src, width, planes, from, n, second_portable, third_portable);
}

#if defined(__x86_64__)
__attribute__((target("bmi2"))) static inline uint64_t second_bmi2(uint64_t x)
{
	return _pext_u64(x, UINT64_C(0x5555555555555555));
}

__attribute__((target("bmi2"))) static inline uint64_t third_bmi2(uint64_t x)
{
	return _pext_u64(x, UINT64_C(0x249249249249));
}

__attribute__((target("bmi2"))) static void split_bmi2(
	const uint8_t *src, unsigned width, uint64_t *const *planes, size_t from, size_t n)
{
	split_packed(src, width, planes, from, n, second_bmi2, third_bmi2);
}
#endif

static void split(
	const uint8_t *src, unsigned width, uint64_t *const *planes, size_t from, size_t n)
{
#if defined(__x86_64__)
	if (cpu_has_avx2()) {
		split_bmi2(src, width, planes, from, n);
		return;
	}
#endif
	split_portable(src, width, planes, from, n);
}

int hybrid_read_planes(
	const uint8_t *data, size_t len, unsigned width, uint64_t *const *planes, size_t n)
{
	struct hybrid_in in = {data, data + len};
	for (size_t from = 0; from < n;) {
		bool packed;
		uint64_t run;
		if (hybrid_run(&in, &packed, &run, n - from))
			return -1;
		size_t take = run < n - from ? (size_t)run : n - from;
		if (packed) {
			size_t bytes = (size_t)run / 8 * width;
			if (bytes > (size_t)(in.end - in.at))
				return -1;
			split(in.at, width, planes, from, take);
			in.at += bytes;
		} else {
			uint32_t value;
			if (hybrid_value(&in, width, &value))
				return -1;
			for (unsigned p = 0; p < width; p++) {
				if (value >> p & 1)
					bits_set(planes[p], from, take);
			}
		}
		from += take;
	}
	return in.at == in.end ? 0 : -1;
}
