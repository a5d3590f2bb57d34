/* SPDX-License-Identifier: Apache-2.0 */
/* text_set.c: a set of whole values: a filter of lengths, a small Bloom filter where the set does not
 * fit the cache, one hash probe. 12 bytes a literal (24 at worst) and its text; 4 GiB of text at most. */
#include "match/text_private.h"

#include <assert.h>

enum {
	LENGTHS = 256,        /* lengths from this on share a bit */
	BLOOM_FROM = 1 << 13, /* literals; below, the slots themselves stay in the L2 cache */
	BLOCK = 64, /* values hashed ahead of their probes: the memory's latency overlaps */
	BLOCK_BYTES = 1 << 16,
	FEW = 2, /* literals that are compared one by one instead */
};

struct literal_set {
	bool fold;
	uint32_t n, slot_mask, bloom_mask;
	uint32_t *off; /* n + 1 */
	char *bytes;
	uint64_t *slots; /* high half: of the hash; low half: index + 1; 0 = free */
	uint64_t *bloom; /* words of 64 bits, two of which stand for a hash; NULL = none */
	uint64_t lengths[LENGTHS / 64];
	struct needle few[FEW]; /* where n ≤ FEW: the literals that are not empty */
	uint32_t nfew;
	bool empty; /* where n ≤ FEW: the empty text is in */
};

static uint32_t length_bit(size_t length)
{
	return length < LENGTHS ? (uint32_t)length : LENGTHS - 1;
}

static uint64_t bloom_bits(uint64_t hash)
{
	return 1ull << (hash & 63) | 1ull << (hash >> 6 & 63);
}

static uint64_t *bloom_word(const struct literal_set *set, uint64_t hash)
{
	return &set->bloom[(hash >> 12) & set->bloom_mask];
}

static struct slice literal_at(const struct literal_set *set, uint32_t i)
{
	return (struct slice){set->bytes + set->off[i], set->off[i + 1] - set->off[i]};
}

/* The slot of a literal, or the free one where it belongs. */
static uint64_t *find_slot(const struct literal_set *set, struct slice text, uint64_t hash)
{
	for (uint32_t at = (uint32_t)hash & set->slot_mask;; at = (at + 1) & set->slot_mask) {
		uint64_t *slot = &set->slots[at];
		if (*slot == 0 || (*slot >> 32 == hash >> 32 &&
					  slice_eq(literal_at(set, (uint32_t)*slot - 1), text)))
			return slot;
	}
}

static uint32_t power_of_two(uint64_t n)
{
	uint64_t power = 16;
	while (power < n)
		power *= 2;
	return (uint32_t)power;
}

static void add(struct literal_set *set, struct slice text)
{
	uint64_t hash = hash_bytes(text.ptr, text.len), *slot = find_slot(set, text, hash);
	if (*slot)
		return;
	uint32_t begin = set->off[set->n++];
	if (text.len)
		memcpy(set->bytes + begin, text.ptr, text.len);
	set->off[set->n] = begin + (uint32_t)text.len;
	*slot = (hash >> 32) << 32 | set->n;
	bit_set(set->lengths, length_bit(text.len));
	if (set->bloom)
		*bloom_word(set, hash) |= bloom_bits(hash);
}

struct literal_set *literal_set_make(
	const struct slice *literals, uint32_t n, bool fold, struct arena *arena)
{
	struct literal_set *set = arena_zalloc(arena, 1, sizeof(*set));
	uint64_t bytes = 0;
	for (uint32_t i = 0; i < n; i++)
		bytes += literals[i].len;
	assert(n < UINT32_MAX / 4 && bytes < UINT32_MAX);
	set->fold = fold;
	set->off = arena_zalloc(arena, (size_t)n + 1, sizeof(*set->off));
	set->bytes = arena_alloc(arena, bytes);
	uint32_t slots = power_of_two((uint64_t)n + n / 2);
	set->slots = arena_zalloc(arena, slots, sizeof(*set->slots));
	set->slot_mask = slots - 1;
	if (n >= BLOOM_FROM) {
		uint32_t words = power_of_two(n / 6); /* about 10 bits a literal */
		set->bloom = arena_zalloc(arena, words, sizeof(*set->bloom));
		set->bloom_mask = words - 1;
	}
	for (uint32_t i = 0; i < n; i++)
		add(set, literals[i]);
	for (uint32_t i = 0; set->n <= FEW && i < set->n; i++) {
		if (literal_at(set, i).len == 0)
			set->empty = true;
		else
			needle_init(&set->few[set->nfew++], literal_at(set, i), fold, arena);
	}
	return set;
}

static bool has_hash(const struct literal_set *set, struct slice text, uint64_t hash)
{
	if (set->bloom) {
		uint64_t bits = bloom_bits(hash);
		if ((*bloom_word(set, hash) & bits) != bits)
			return false;
	}
	return *find_slot(set, text, hash) != 0;
}

bool literal_set_has(const struct literal_set *set, struct slice value)
{
	return bit_get(set->lengths, length_bit(value.len)) &&
	       has_hash(set, value, hash_bytes(value.ptr, value.len));
}

static void run_few(const struct literal_set *set, const struct values *v)
{
	for (uint32_t k = 0; k < set->nfew; k++) {
		const struct needle *needle = &set->few[k];
		for (uint32_t i = 0; i < v->n; i++) {
			if (v->off[i + 1] - v->off[i] == needle->len &&
				needle_at(needle, v->heap + v->off[i]))
				bit_set(v->bits, i);
		}
	}
	for (uint32_t i = 0; set->empty && i < v->n; i++) {
		if (v->off[i + 1] == v->off[i])
			bit_set(v->bits, i);
	}
}

/* Values whose length a literal has, of a block. */
struct candidate {
	uint32_t value;
	struct slice text;
	uint64_t hash;
};

/* Hashes and probes n candidates. */
static void probe(
	const struct literal_set *set, const struct values *v, struct candidate *c, uint32_t n)
{
	for (uint32_t k = 0; k < n; k++) {
		c[k].hash = hash_bytes(c[k].text.ptr, c[k].text.len);
		if (set->bloom)
			__builtin_prefetch(bloom_word(set, c[k].hash));
		else
			__builtin_prefetch(&set->slots[c[k].hash & set->slot_mask]);
	}
	for (uint32_t k = 0; k < n; k++) {
		if (has_hash(set, c[k].text, c[k].hash))
			bit_set(v->bits, c[k].value);
	}
}

void literal_set_run(const struct literal_set *set, const struct text_simd *simd,
	struct buf *folded, const struct values *v)
{
	struct candidate candidates[BLOCK];
	if (set->n <= FEW) {
		run_few(set, v);
		return;
	}
	for (uint32_t i = 0; i < v->n;) {
		uint32_t begin = i, n = 0, from = v->off[i];
		for (; i < v->n && i - begin < BLOCK; i++) {
			if (i > begin && v->off[i + 1] - from > BLOCK_BYTES)
				break;
			struct slice text = values_get(v, i);
			candidates[n] = (struct candidate){i, text, 0};
			n += bit_get(set->lengths, length_bit(text.len));
		}
		if (n && set->fold) {
			buf_clear(folded);
			char *to = buf_reserve(folded, v->off[i] - from);
			simd->lower(to, v->heap + from, v->off[i] - from);
			for (uint32_t k = 0; k < n; k++)
				candidates[k].text.ptr = to + (v->off[candidates[k].value] - from);
		}
		probe(set, v, candidates, n);
	}
}
