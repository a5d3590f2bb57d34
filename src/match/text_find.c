/* SPDX-License-Identifier: Apache-2.0 */
/* text_find.c: the search for one literal: its three rarest bytes at their distances, then the whole.
 * The plain C form, eight places at a time, and what both forms share. */
#include "match/text_private.h"

#include <limits.h>

static const uint64_t ones = 0x0101010101010101, high_bits = 0x8080808080808080;

/* The place counts from the rare end. */
unsigned byte_commonness(unsigned char byte)
{
	static const char common[] = "z$~q{[(xj\"=+&@%?9876543wkvybh:/_fg,-210.mpucdlsrnioate ";
	const char *place = byte ? strchr(common, ascii_lower[byte]) : NULL;
	return place ? (unsigned)(place - common) + 2 : byte >= 0x80;
}

/* The rarest place that is not among `taken`; another byte than theirs where there is one, since the
 * same says less. Where all are taken, the last of them. */
static uint32_t rarest(const struct needle *needle, const uint32_t *taken, uint32_t ntaken)
{
	uint32_t best = ntaken ? taken[ntaken - 1] : 0;
	unsigned least = UINT_MAX;
	for (uint32_t i = 0; i < needle->len; i++) {
		unsigned rank = byte_commonness((unsigned char)needle->bytes[i]);
		for (uint32_t k = 0; k < ntaken; k++) {
			if (taken[k] == i)
				rank = UINT_MAX;
			else if (rank < 1000 && needle->bytes[taken[k]] == needle->bytes[i])
				rank += 1000;
		}
		if (rank < least) {
			least = rank;
			best = i;
		}
	}
	return best;
}

static void swap_if_above(uint32_t *a, uint32_t *b)
{
	if (*a > *b) {
		uint32_t swap = *a;
		*a = *b;
		*b = swap;
	}
}

void needle_init(struct needle *needle, struct slice literal, bool fold, struct arena *arena)
{
	char *bytes = arena_alloc(arena, literal.len), *mask = arena_zalloc(arena, literal.len, 1);
	memcpy(bytes, literal.ptr, literal.len);
	*needle = (struct needle){
		.bytes = bytes, .mask = mask, .len = (uint32_t)literal.len, .ascii = true};
	for (uint32_t i = 0; i < needle->len; i++) {
		if (fold && bytes[i] >= 'a' && bytes[i] <= 'z')
			mask[i] = 0x20;
		needle->ascii = needle->ascii && (unsigned char)bytes[i] < 0x80;
	}
	uint32_t *rare = needle->rare;
	for (uint32_t k = 0; k < 3; k++)
		rare[k] = rarest(needle, rare, k);
	swap_if_above(&rare[0], &rare[1]);
	swap_if_above(&rare[1], &rare[2]);
	swap_if_above(&rare[0], &rare[1]);
}

bool needle_at(const struct needle *needle, const char *p)
{
	const char *bytes = needle->bytes, *mask = needle->mask;
	uint32_t n = needle->len;
	if (n < 8) {
		for (uint32_t i = 0; i < n; i++) {
			if ((p[i] | mask[i]) != bytes[i])
				return false;
		}
		return true;
	}
	for (uint32_t i = 0; i + 8 < n; i += 8) {
		if ((hash_load8(p + i) | hash_load8(mask + i)) != hash_load8(bytes + i))
			return false;
	}
	n -= 8;
	return (hash_load8(p + n) | hash_load8(mask + n)) == hash_load8(bytes + n);
}

static const char *find(const struct needle *needle, const char *p, const char *end)
{
	if ((size_t)(end - p) < needle->len)
		return NULL;
	const char *last = end - needle->len;
	uint32_t a = needle->rare[0], b = needle->rare[2];
	uint64_t mask_a = ones * (unsigned char)needle->mask[a];
	uint64_t mask_b = ones * (unsigned char)needle->mask[b];
	uint64_t byte_a = ones * (unsigned char)needle->bytes[a];
	uint64_t byte_b = ones * (unsigned char)needle->bytes[b];
	for (; end - p >= b + 8; p += 8) {
		uint64_t odd = ((hash_load8(p + a) | mask_a) ^ byte_a) |
			       ((hash_load8(p + b) | mask_b) ^ byte_b);
		/* A zero byte, and perhaps places above it, which fail the second look. */
		uint64_t hits = (odd - ones) & ~odd & high_bits;
		for (; hits; hits &= hits - 1) {
			const char *place = p + __builtin_ctzll(hits) / 8;
			if (place > last)
				return NULL;
			if (needle_at(needle, place))
				return place;
		}
	}
	for (; p <= last; p++) {
		if (needle_at(needle, p))
			return p;
	}
	return NULL;
}

static const char *find_high(const char *p, const char *end)
{
	for (; end - p >= 8; p += 8) {
		uint64_t high = hash_load8(p) & high_bits;
		if (high)
			return p + __builtin_ctzll(high) / 8;
	}
	for (; p < end; p++) {
		if ((unsigned char)*p >= 0x80)
			return p;
	}
	return NULL;
}

static void lower(char *to, const char *from, size_t n)
{
	size_t i = 0;
	for (; n - i >= 8; i += 8) {
		uint64_t v = hash_load8(from + i), low = v & ~high_bits;
		/* The high bit of each byte: ≥ 'A', and > 'Z'. */
		uint64_t upper = (low + ones * (0x80 - 'A')) & ~(low + ones * (0x7f - 'Z')) & ~v;
		v |= (upper & high_bits) >> 2;
		memcpy(to + i, &v, 8);
	}
	for (; i < n; i++)
		to[i] = (char)ascii_lower[(unsigned char)from[i]];
}

const struct text_simd text_simd_portable = {find, find_high, lower};

const struct text_simd *text_simd_best(void)
{
#if defined(__x86_64__)
	if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi"))
		return &text_simd_avx2;
#endif
	return &text_simd_portable;
}

void text_test_use(struct text_test *test, const struct text_simd *simd)
{
	test->simd = simd;
}

uint32_t values_at(const struct values *v, uint32_t i, uint32_t at)
{
	/* Ever larger steps, since hits are often far apart; then halves. */
	uint32_t step = 1, low = i;
	while (v->n - low > step && v->off[low + step] <= at) {
		low += step;
		step *= 2;
	}
	uint32_t high = v->n - low > step ? low + step : v->n;
	while (high - low > 1) {
		uint32_t middle = low + (high - low) / 2;
		if (v->off[middle] <= at)
			low = middle;
		else
			high = middle;
	}
	return low;
}

uint32_t values_find(const struct values *v, uint32_t i, const struct needle *needle,
	const struct text_simd *simd)
{
	if (i >= v->n)
		return v->n;
	const char *p = v->heap + v->off[i], *end = v->heap + v->off[v->n];
	while ((p = simd->find(needle, p, end)) != NULL) {
		uint32_t at = (uint32_t)(p - v->heap);
		i = values_at(v, i, at);
		if (v->off[i + 1] - at >= needle->len)
			return i;
		p++; /* it spans two values */
	}
	return v->n;
}
