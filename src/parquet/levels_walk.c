/* SPDX-License-Identifier: Apache-2.0 */
/*
 * levels_walk.c: the levels of a list's page, 64 at a time as bits: which begin a row, which are
 * elements, which are there. A level at a time took 6 ns, five times what it takes so, and lists
 * have more levels than rows.
 */
#include "parquet/reader.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

typedef uint64_t extract_fn(uint64_t bits, uint64_t mask);

/* The bits of `bits` where `mask` is 1, next to each other. */
static inline uint64_t extract_portable(uint64_t bits, uint64_t mask)
{
	uint64_t out = 0;
	if (mask == UINT64_MAX)
		return bits;
	for (unsigned n = 0; mask; mask &= mask - 1, n++)
		out |= (bits >> __builtin_ctzll(mask) & 1) << n;
	return out;
}

static inline void append_bits(uint64_t *to, uint32_t at, uint64_t bits)
{
	to[at >> 6] |= bits << (at & 63);
	if (at & 63)
		to[(at >> 6) + 1] |= bits >> (64 - (at & 63));
}

/* What 64 levels (or the last few, `live`) are. */
struct level_word {
	uint64_t begins, element, there, null_list;
};

/* false where a level is not one of a list: more than the highest, or an element that is null where
 * it should be a struct. */
static inline bool level_word(
	const struct level_bits *bits, size_t w, uint64_t live, struct level_word *to)
{
	uint64_t b0 = bits->planes[0][w], b1 = bits->planes[1][w];
	if (bits->max_def == 3) { /* bare: 2 and 3 are elements */
		to->element = b1;
		to->there = b1 & b0;
		to->null_list = ~(b0 | b1) & live;
		to->begins = ~bits->again[w] & live;
		return true;
	}
	uint64_t b2 = bits->planes[2][w];
	to->element = b2 | (b1 & b0);
	to->there = b2;
	to->null_list = ~(b0 | b1 | b2) & live;
	to->begins = ~bits->again[w] & live;
	return !(b2 & (b0 | b1)) && !(b1 & ~b0 & ~b2);
}

/* Where the rows that begin in a word have their first element. */
static inline __attribute__((always_inline)) void put_offsets(
	uint32_t *off, const struct level_word *word, uint32_t slots)
{
	if (word->begins == UINT64_MAX && word->element == UINT64_MAX) {
		for (uint32_t i = 0; i < 64; i++)
			off[i] = slots + i;
	} else if (word->begins == UINT64_MAX && word->element == 0) {
		for (uint32_t i = 0; i < 64; i++)
			off[i] = slots;
	} else {
		for (uint64_t b = word->begins; b; b &= b - 1)
			*off++ = slots +
				 (uint32_t)__builtin_popcountll(word->element & ((b & -b) - 1));
	}
}

static inline __attribute__((always_inline)) int walk(
	struct chunk_in *in, const struct level_bits *bits, uint32_t *present, extract_fn *extract)
{
	uint32_t rows = in->rows, slots = in->slots;
	uint64_t before = 0; /* the level before was an element, so that its row may go on */
	*present = 0;
	for (uint32_t at = 0; at < bits->n; at += 64) {
		uint64_t live =
			bits->n - at < 64 ? (UINT64_C(1) << (bits->n - at)) - 1 : UINT64_MAX;
		struct level_word word;
		uint64_t again = bits->again[at >> 6];
		if (!level_word(bits, at >> 6, live, &word) ||
			(again & ~(word.element & (word.element << 1 | before))))
			return -1;
		uint32_t begins = (uint32_t)__builtin_popcountll(word.begins);
		if (begins > in->nrows - rows)
			return -1;
		put_offsets(in->list_off + rows, &word, slots);
		append_bits(in->valid, slots, extract(word.there, word.element));
		if (word.null_list) {
			append_bits(in->list_nulls, rows, extract(word.null_list, word.begins));
			in->any_null_list = true;
		}
		rows += begins;
		slots += (uint32_t)__builtin_popcountll(word.element);
		*present += (uint32_t)__builtin_popcountll(word.there);
		before = word.element >> 63;
	}
	in->rows = rows;
	in->slots = slots;
	return 0;
}

static int walk_portable(struct chunk_in *in, const struct level_bits *bits, uint32_t *present)
{
	return walk(in, bits, present, extract_portable);
}

#if defined(__x86_64__)
__attribute__((target("bmi,bmi2,popcnt"))) static inline uint64_t extract_bmi2(
	uint64_t bits, uint64_t mask)
{
	return _pext_u64(bits, mask);
}

__attribute__((target("bmi,bmi2,popcnt"))) static int walk_bmi2(
	struct chunk_in *in, const struct level_bits *bits, uint32_t *present)
{
	return walk(in, bits, present, extract_bmi2);
}
#endif

int levels_walk(struct chunk_in *in, const struct level_bits *bits, uint32_t *present)
{
#if defined(__x86_64__)
	if (cpu_has_avx2())
		return walk_bmi2(in, bits, present);
#endif
	return walk_portable(in, bits, present);
}
