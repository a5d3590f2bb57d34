/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dense.c: where a column's values are, and the values without the nulls between them. These loops
 * see every value of every column: inner loops have a constant length, so that the compiler
 * makes vector code of them.
 */
#include "parquet/private.h"

enum { BLOCK = 64 };

static bool any_null_code(const uint32_t *codes, size_t n)
{
	uint32_t any = 0;
	size_t i = 0;
	for (; i + BLOCK <= n; i += BLOCK) {
		uint32_t lanes[8] = {0};
		for (size_t k = 0; k < BLOCK; k += 8) {
			for (size_t l = 0; l < 8; l++)
				lanes[l] |= codes[i + k + l] == CODE_NULL;
		}
		for (size_t l = 0; l < 8; l++)
			any |= lanes[l];
	}
	for (; i < n; i++)
		any |= codes[i] == CODE_NULL;
	return any;
}

#if defined(__SSE2__)
#include <emmintrin.h>

static __m128i are_null(const uint32_t *codes)
{
	__m128i v = _mm_loadu_si128((const __m128i *)(const void *)codes);
	return _mm_cmpeq_epi32(v, _mm_set1_epi32(-1));
}

static uint64_t valid_word(const uint32_t *codes)
{
	uint64_t nulls = 0;
	for (unsigned i = 0; i < BLOCK; i += 16) {
		__m128i low = _mm_packs_epi32(are_null(codes + i), are_null(codes + i + 4));
		__m128i high = _mm_packs_epi32(are_null(codes + i + 8), are_null(codes + i + 12));
		nulls |= (uint64_t)_mm_movemask_epi8(_mm_packs_epi16(low, high)) << i;
	}
	return ~nulls;
}
#else
static uint64_t valid_word(const uint32_t *codes)
{
	uint64_t valid = 0;
	for (unsigned i = 0; i < BLOCK; i++)
		valid |= (uint64_t)(codes[i] != CODE_NULL) << i;
	return valid;
}
#endif

const uint64_t *valid_of_codes(struct scratch *scratch, const uint32_t *codes, uint32_t n)
{
	if (!any_null_code(codes, n))
		return NULL;
	size_t words = n / BLOCK;
	uint64_t *bits = scratch_room(&scratch->valid, (words + 1) * sizeof(*bits));
	for (size_t w = 0; w < words; w++)
		bits[w] = valid_word(codes + w * BLOCK);
	bits[words] = 0;
	for (size_t i = words * BLOCK; i < n; i++)
		bits[words] |= (uint64_t)(codes[i] != CODE_NULL) << i % BLOCK;
	return bits;
}

const uint64_t *valid_of_nulls(struct scratch *scratch, const uint64_t *nulls, uint32_t n)
{
	if (!nulls)
		return NULL;
	size_t words = ((size_t)n + 63) / 64;
	uint64_t *bits = scratch_room(&scratch->valid, words * sizeof(*bits));
	for (size_t w = 0; w < words; w++)
		bits[w] = ~nulls[w];
	if (n % 64)
		bits[words - 1] &= (UINT64_C(1) << n % 64) - 1;
	return bits;
}

uint32_t count_valid(const uint64_t *valid, uint32_t n)
{
	size_t ones = 0;
	for (size_t w = 0; w < ((size_t)n + 63) / 64; w++)
		ones += (size_t)__builtin_popcountll(valid[w]);
	return (uint32_t)ones;
}

const uint32_t *dense_codes(
	struct scratch *scratch, const uint32_t *codes, const uint64_t *valid, uint32_t n)
{
	if (!valid)
		return codes;
	uint32_t *out = scratch_room(&scratch->codes, ((size_t)n + BLOCK) * sizeof(*out)),
		 *to = out;
	for (size_t w = 0; w < ((size_t)n + 63) / 64; w++) {
		if (valid[w] == UINT64_MAX) {
			memcpy(to, codes + w * BLOCK, BLOCK * sizeof(*to));
			to += BLOCK;
			continue;
		}
		for (uint64_t left = valid[w]; left; left &= left - 1)
			*to++ = codes[w * BLOCK + (unsigned)__builtin_ctzll(left)];
	}
	return out;
}

const int64_t *dense_ints(
	struct scratch *scratch, const int64_t *ints, const uint64_t *valid, uint32_t n)
{
	if (!valid)
		return ints;
	int64_t *out = scratch_room(&scratch->ints, ((size_t)n + BLOCK) * sizeof(*out)), *to = out;
	for (size_t w = 0; w < ((size_t)n + 63) / 64; w++) {
		for (uint64_t left = valid[w]; left; left &= left - 1)
			*to++ = ints[w * BLOCK + (unsigned)__builtin_ctzll(left)];
	}
	return out;
}

const uint8_t *dense_bools(
	struct scratch *scratch, const uint8_t *bools, const uint64_t *valid, uint32_t n)
{
	if (!valid)
		return bools;
	uint8_t *out = scratch_room(&scratch->codes, (size_t)n + BLOCK), *to = out;
	for (size_t w = 0; w < ((size_t)n + 63) / 64; w++) {
		for (uint64_t left = valid[w]; left; left &= left - 1)
			*to++ = bools[w * BLOCK + (unsigned)__builtin_ctzll(left)];
	}
	return out;
}

/* Eight booleans of a byte each to eight bits: the product moves bit 0 of byte i to bit 56 + i. */
static uint8_t pack_bools(uint64_t eight)
{
	return (uint8_t)((eight * UINT64_C(0x0102040810204080)) >> 56);
}

void put_bools(struct buf *body, const uint8_t *bools, uint32_t n)
{
	uint8_t *to = (uint8_t *)buf_reserve(body, (size_t)n / 8 + 1);
	uint32_t i = 0;
	for (; i + 8 <= n; i += 8) {
		uint64_t eight;
		memcpy(&eight, bools + i, 8);
		*to++ = pack_bools(eight & UINT64_C(0x0101010101010101));
	}
	if (i < n) {
		uint64_t eight = 0;
		memcpy(&eight, bools + i, n - i);
		*to = pack_bools(eight & UINT64_C(0x0101010101010101));
	}
	body->len += ((size_t)n + 7) / 8;
}
