/* SPDX-License-Identifier: Apache-2.0 */
/* text_affix.c: any number of prefixes, or suffixes (which are prefixes read backwards): sorted, none
 * the prefix of another, so that the only one that a value can have is the last that is not above it.
 * Where they are many, a bitmap of hashes of the outermost bytes says no first. */
#include "match/text_private.h"

#include <stdlib.h>

enum { MANY = 8, KEY_BYTES = 4, FILTER_BITS = 1 << 16 };

struct affixes {
	bool suffix;
	const unsigned char *lower;
	uint32_t n, shortest;
	struct slice *items; /* of suffixes: reversed */
	uint64_t *filter;    /* FILTER_BITS of them, or NULL */
	uint32_t key_bytes;  /* what it was made of */
	uint32_t first[257]; /* where the items that begin with a byte begin */
};

static int compare_items(const void *a, const void *b)
{
	return slice_cmp(*(const struct slice *)a, *(const struct slice *)b);
}

static bool begins(struct slice text, struct slice prefix)
{
	return text.len >= prefix.len && memcmp(text.ptr, prefix.ptr, prefix.len) == 0;
}

static struct slice copy(struct slice literal, bool reversed, struct arena *arena)
{
	char *bytes = arena_alloc(arena, literal.len);
	for (size_t i = 0; i < literal.len; i++)
		bytes[i] = literal.ptr[reversed ? literal.len - 1 - i : i];
	return (struct slice){bytes, literal.len};
}

/* The place in the filter of a text of at least key_bytes. Bytes that differ in bit 0x20 alone share
 * one, as letters do that fold. */
static inline uint32_t filter_place(const struct affixes *a, struct slice text)
{
	const char *p = text.ptr + (a->suffix ? text.len - a->key_bytes : 0);
	uint32_t key = 0;
	if (a->key_bytes == KEY_BYTES) {
		key = (uint32_t)hash_load4(p);
	} else {
		for (uint32_t i = 0; i < a->key_bytes; i++)
			key = key << 8 | (unsigned char)p[i];
	}
	return ((key | 0x20202020) * 0x9e3779b1u) >> 16;
}

static void make_filter(
	struct affixes *a, const struct slice *literals, uint32_t n, struct arena *arena)
{
	a->key_bytes = a->shortest < KEY_BYTES ? a->shortest : KEY_BYTES;
	a->filter = arena_zalloc(arena, FILTER_BITS / 64, sizeof(*a->filter));
	for (uint32_t i = 0; i < n; i++)
		bit_set(a->filter, filter_place(a, literals[i]));
}

struct affixes *affixes_make(
	const struct slice *literals, uint32_t n, bool suffix, bool fold, struct arena *arena)
{
	struct affixes *a = arena_zalloc(arena, 1, sizeof(*a));
	a->suffix = suffix;
	a->lower = fold ? ascii_lower : ascii_same;
	a->shortest = UINT32_MAX;
	a->items = arena_alloc(arena, n * sizeof(*a->items));
	for (uint32_t i = 0; i < n; i++)
		a->items[i] = copy(literals[i], suffix, arena);
	qsort(a->items, n, sizeof(*a->items), compare_items);
	for (uint32_t i = 0; i < n; i++) {
		if (a->n == 0 || !begins(a->items[i], a->items[a->n - 1]))
			a->items[a->n++] = a->items[i];
	}
	for (uint32_t i = 0; i < a->n; i++) {
		struct slice item = a->items[i];
		if (item.len < a->shortest)
			a->shortest = (uint32_t)item.len;
		a->first[(unsigned char)item.ptr[0] + 1] = i + 1;
	}
	for (uint32_t b = 1; b < 257; b++) {
		if (a->first[b] < a->first[b - 1])
			a->first[b] = a->first[b - 1];
	}
	if (a->n > MANY)
		make_filter(a, literals, n, arena);
	return a;
}

/* <0: the value lies below the item; 0: begins with it; >0: above. */
static inline int compare(const struct affixes *a, struct slice value, struct slice item)
{
	size_t n = value.len < item.len ? value.len : item.len;
	for (size_t i = 0; i < n; i++) {
		char c = value.ptr[a->suffix ? value.len - 1 - i : i];
		int difference = a->lower[(unsigned char)c] - (unsigned char)item.ptr[i];
		if (difference)
			return difference;
	}
	return value.len < item.len ? -1 : 0;
}

uint32_t affixes_length(const struct affixes *a, struct slice value)
{
	if (value.len < a->shortest || (a->filter && !bit_get(a->filter, filter_place(a, value))))
		return 0;
	unsigned char byte = a->lower[(unsigned char)value.ptr[a->suffix ? value.len - 1 : 0]];
	uint32_t low = a->first[byte], high = a->first[byte + 1];
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		int order = compare(a, value, a->items[middle]);
		if (order == 0)
			return (uint32_t)a->items[middle].len;
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return 0;
}

void affixes_run(const struct affixes *a, const struct values *v)
{
	for (uint32_t i = 0; i < v->n; i++) {
		if (affixes_length(a, values_get(v, i)))
			bit_set(v->bits, i);
	}
}
