/* SPDX-License-Identifier: Apache-2.0 */
/*
 * literal_index.c: many literals looked for at once, all of them told.
 *
 * Whole values: one hash table. Beginnings and ends: sorted, each knowing the longest other that is a
 * beginning of it, so that all of a value's lie on one chain from the last that is not above it; a
 * filter of outermost bytes says no first. Anywhere: of each literal four bytes in a row (its gram: one that
 * few others have, of rare bytes) in a filter that is asked at each byte of all values; no step waits for
 * the one before it, as the steps of an automaton do, and the filter stays in the L2 cache.
 */
#include "match/literals.h"

#include "match/text_private.h"

#include <stdlib.h>

enum {
	LENGTHS = 256, /* lengths of whole values from this on share a bit */
	GRAM = 4,      /* bytes; shorter literals have grams of two bytes or one */
	WIDTHS = 3,
	FILTER_LEAST = 12, /* log2 of bits */
	FILTER_MOST = 19,  /* 64 KiB */
};

struct entry {
	uint32_t begin, len; /* in `text` */
	enum literal_place place;
	uint32_t gram; /* its offset in the literal */
	uint32_t next; /* 1 + the next literal with that head, or 0 */
};

/* Literals that have a gram of one width. */
struct gram_table {
	uint32_t n, width;
	unsigned filter_shift, head_shift; /* 32 - log2 of the sizes */
	uint64_t *filter;
	uint32_t *heads; /* 1 + the first literal */
};

/* Beginnings, or ends (which are beginnings read backwards). */
struct forest {
	bool backwards;
	uint32_t n, width;   /* bytes that the filter is made of: all items have as many */
	struct slice *items; /* sorted */
	uint32_t *literal;   /* number of each item's */
	uint32_t *parent;    /* 1 + the longest item that begins this one, or 0 */
	uint32_t first[257]; /* where the items that begin with a byte begin */
	uint64_t *filter;
	unsigned shift;
};

struct literal_index {
	struct arena mem;
	struct map by_literal;
	struct buf text;
	uint32_t n;
	struct entry *entries;
	/* whole values */
	uint32_t nexact, slot_mask;
	uint64_t *slots; /* high half: of the hash; low half: 1 + the literal; 0 = free */
	uint64_t lengths[LENGTHS / 64];
	struct forest forests[4]; /* prefixes shorter than a gram, others; suffixes likewise */
	struct gram_table grams[WIDTHS];
};

struct asking {
	const struct literal_index *index;
	struct values v;
	literal_hit *hit;
	void *ctx;
};

/* ---- literals -------------------------------------------------------------------------------- */

struct literal_index *literal_index_new(void)
{
	struct literal_index *x = xcalloc(1, sizeof(*x));
	buf_init(&x->text, UINT32_MAX);
	return x;
}

void literal_index_free(struct literal_index *x)
{
	if (!x)
		return;
	map_fini(&x->by_literal);
	buf_fini(&x->text);
	free(x->entries);
	arena_fini(&x->mem);
	free(x);
}

uint32_t literal_index_count(const struct literal_index *x)
{
	return x->n;
}

uint32_t literal_index_add(struct literal_index *x, const struct literal *literal)
{
	struct buf key;
	bool fresh;
	buf_init(&key, SIZE_MAX / 4);
	buf_push(&key, (char)literal->place);
	buf_slice(&key, literal->text);
	uint64_t *known = map_put(&x->by_literal, buf_view(&key), &fresh);
	buf_fini(&key);
	if (!fresh)
		return (uint32_t)*known;
	*known = x->n;
	if ((x->n & (x->n - 1)) == 0)
		x->entries =
			xrealloc(x->entries, (x->n ? 2 * (size_t)x->n : 1) * sizeof(*x->entries));
	x->entries[x->n] = (struct entry){.begin = (uint32_t)x->text.len,
		.len = (uint32_t)literal->text.len,
		.place = literal->place};
	buf_slice(&x->text, literal->text);
	return x->n++;
}

static struct slice entry_text(const struct literal_index *x, uint32_t i)
{
	return (struct slice){x->text.ptr + x->entries[i].begin, x->entries[i].len};
}

static unsigned log2_above(uint32_t n, unsigned least, unsigned most)
{
	unsigned bits = least;
	while (bits < most && (1u << bits) < n)
		bits++;
	return bits;
}

/* ---- whole values ---------------------------------------------------------------------------- */

static uint32_t length_bit(size_t length)
{
	return length < LENGTHS ? (uint32_t)length : LENGTHS - 1;
}

static void make_exact(struct literal_index *x)
{
	unsigned bits = log2_above(x->nexact + x->nexact / 2, 4, 31);
	x->slots = arena_zalloc(&x->mem, (size_t)1 << bits, sizeof(*x->slots));
	x->slot_mask = (1u << bits) - 1;
	for (uint32_t i = 0; i < x->n; i++) {
		struct slice text = entry_text(x, i);
		if (x->entries[i].place != LITERAL_EXACT)
			continue;
		uint64_t hash = hash_bytes(text.ptr, text.len);
		uint32_t at = (uint32_t)hash & x->slot_mask;
		while (x->slots[at])
			at = (at + 1) & x->slot_mask;
		x->slots[at] = (hash >> 32) << 32 | (i + 1);
		bit_set(x->lengths, length_bit(text.len));
	}
}

static void run_exact(const struct asking *a)
{
	const struct literal_index *x = a->index;
	for (uint32_t i = 0; i < a->v.n; i++) {
		struct slice text = values_get(&a->v, i);
		if (!bit_get(x->lengths, length_bit(text.len)))
			continue;
		uint64_t hash = hash_bytes(text.ptr, text.len);
		for (uint32_t at = (uint32_t)hash & x->slot_mask; x->slots[at];
			at = (at + 1) & x->slot_mask) {
			uint64_t slot = x->slots[at];
			if (slot >> 32 != hash >> 32 ||
				!slice_eq(entry_text(x, (uint32_t)slot - 1), text))
				continue;
			a->hit(a->ctx, (uint32_t)slot - 1, i);
			break;
		}
	}
}

/* ---- beginnings and ends --------------------------------------------------------------------- */

struct item {
	struct slice text;
	uint32_t literal;
};

static int item_order(const void *a, const void *b)
{
	return slice_cmp(((const struct item *)a)->text, ((const struct item *)b)->text);
}

static bool begins(struct slice text, struct slice with)
{
	return text.len >= with.len && memcmp(text.ptr, with.ptr, with.len) == 0;
}

/* The outermost bytes as one number. */
static inline uint32_t outer_key(const struct forest *f, struct slice text)
{
	const char *p = text.ptr + (f->backwards ? text.len - f->width : 0);
	if (f->width == GRAM)
		return (uint32_t)hash_load4(p);
	uint32_t key = 0;
	for (uint32_t i = 0; i < f->width; i++)
		key = key << 8 | (unsigned char)p[i];
	return key;
}

static inline uint32_t spread(uint32_t key)
{
	return key * 0x9e3779b1u;
}

static struct slice reversed(struct literal_index *x, struct slice text)
{
	char *bytes = arena_alloc(&x->mem, text.len);
	for (size_t i = 0; i < text.len; i++)
		bytes[i] = text.ptr[text.len - 1 - i];
	return (struct slice){bytes, text.len};
}

/* The number of the forest that an entry belongs to, or 4. */
static unsigned forest_of(const struct entry *entry)
{
	if (entry->place != LITERAL_PREFIX && entry->place != LITERAL_SUFFIX)
		return 4;
	return (entry->place == LITERAL_SUFFIX) * 2 + (entry->len >= GRAM);
}

static void make_forest(struct literal_index *x, unsigned number)
{
	struct forest *f = &x->forests[number];
	struct item *items = xcalloc(x->n, sizeof(*items));
	f->backwards = number >= 2;
	f->width = GRAM;
	for (uint32_t i = 0; i < x->n; i++) {
		if (forest_of(&x->entries[i]) != number)
			continue;
		struct slice text = entry_text(x, i);
		f->width = text.len < f->width ? (uint32_t)text.len : f->width;
		items[f->n++] = (struct item){f->backwards ? reversed(x, text) : text, i};
	}
	if (f->n > 1)
		qsort(items, f->n, sizeof(*items), item_order);
	f->items = arena_alloc(&x->mem, f->n * sizeof(*f->items) + 1);
	f->literal = arena_alloc(&x->mem, f->n * sizeof(*f->literal) + 1);
	f->parent = arena_alloc(&x->mem, f->n * sizeof(*f->parent) + 1);
	unsigned bits = log2_above(f->n * 16, FILTER_LEAST, FILTER_MOST);
	f->shift = 32 - bits;
	f->filter = arena_zalloc(&x->mem, ((size_t)1 << bits) / 64, sizeof(*f->filter));
	for (uint32_t i = 0; i < f->n; i++) {
		uint32_t above = i; /* 1 + a candidate for the parent */
		while (above && !begins(items[i].text, f->items[above - 1]))
			above = f->parent[above - 1];
		f->items[i] = items[i].text;
		f->literal[i] = items[i].literal;
		f->parent[i] = above;
		f->first[(unsigned char)items[i].text.ptr[0] + 1] = i + 1;
		bit_set(f->filter,
			spread(outer_key(f, entry_text(x, items[i].literal))) >> f->shift);
	}
	for (uint32_t b = 1; b < 257; b++) {
		if (f->first[b] < f->first[b - 1])
			f->first[b] = f->first[b - 1];
	}
	free(items);
}

/* How many bytes the value and the item have in common at that end. */
static size_t common(const struct forest *f, struct slice value, struct slice item)
{
	size_t n = value.len < item.len ? value.len : item.len, i = 0;
	if (f->backwards)
		while (i < n && value.ptr[value.len - 1 - i] == item.ptr[i])
			i++;
	else
		while (i < n && value.ptr[i] == item.ptr[i])
			i++;
	return i;
}

/* 1 + the last item that is not above the value, or 0. */
static uint32_t last_not_above(const struct forest *f, struct slice value)
{
	unsigned char byte = (unsigned char)value.ptr[f->backwards ? value.len - 1 : 0];
	uint32_t low = f->first[byte], high = f->first[byte + 1];
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		struct slice item = f->items[middle];
		size_t i = common(f, value, item);
		bool above = i < item.len;
		if (above && i < value.len)
			above = (unsigned char)value.ptr[f->backwards ? value.len - 1 - i : i] <
				(unsigned char)item.ptr[i];
		if (above)
			high = middle;
		else
			low = middle + 1;
	}
	return low > f->first[byte] ? low : 0;
}

static void run_forest(const struct asking *a, const struct forest *f)
{
	for (uint32_t i = 0; i < a->v.n; i++) {
		struct slice value = values_get(&a->v, i);
		if (value.len < f->width ||
			!bit_get(f->filter, spread(outer_key(f, value)) >> f->shift))
			continue;
		uint32_t at = last_not_above(f, value);
		while (at && common(f, value, f->items[at - 1]) < f->items[at - 1].len)
			at = f->parent[at - 1];
		for (; at; at = f->parent[at - 1])
			a->hit(a->ctx, f->literal[at - 1], i);
	}
}

/* ---- anywhere -------------------------------------------------------------------------------- */

static unsigned width_of(size_t length)
{
	return length >= GRAM ? 0 : length >= 2 ? 1 : 2;
}

static inline uint32_t gram_at(uint32_t width, const char *p)
{
	if (width == GRAM)
		return (uint32_t)hash_load4(p);
	return (unsigned char)p[0] | (width == 2 ? (uint32_t)(unsigned char)p[1] << 8 : 0);
}

/* A gram's cost: first how many have its head already, then how common its bytes are. */
static uint32_t choose_gram(const struct gram_table *t, struct slice text, const uint32_t *used,
	const unsigned char *commonness)
{
	uint64_t least = UINT64_MAX;
	uint32_t best = 0;
	for (uint32_t i = 0; i + t->width <= text.len; i++) {
		uint64_t cost = used[spread(gram_at(t->width, text.ptr + i)) >> t->head_shift];
		cost <<= 32;
		for (uint32_t k = 0; k < t->width; k++)
			cost += commonness[(unsigned char)text.ptr[i + k]];
		if (cost < least) {
			least = cost;
			best = i;
		}
	}
	return best;
}

static void make_grams(struct literal_index *x, unsigned number)
{
	static const uint32_t widths[WIDTHS] = {GRAM, 2, 1};
	struct gram_table *t = &x->grams[number];
	unsigned char commonness[256];
	t->width = widths[number];
	for (unsigned b = 0; b < 256; b++)
		commonness[b] = (unsigned char)byte_commonness((unsigned char)b);
	unsigned filter =
		log2_above(t->n > 1 << 20 ? UINT32_MAX : t->n * 64, FILTER_LEAST, FILTER_MOST);
	unsigned heads = log2_above(t->n, 8, 24);
	t->filter_shift = 32 - filter;
	t->head_shift = 32 - heads;
	t->filter = arena_zalloc(&x->mem, ((size_t)1 << filter) / 64, sizeof(*t->filter));
	t->heads = arena_zalloc(&x->mem, (size_t)1 << heads, sizeof(*t->heads));
	uint32_t *used = xcalloc((size_t)1 << heads, sizeof(*used));
	for (uint32_t i = 0; i < x->n; i++) {
		struct entry *entry = &x->entries[i];
		if (entry->place != LITERAL_CONTAINS || width_of(entry->len) != number)
			continue;
		struct slice text = entry_text(x, i);
		entry->gram = choose_gram(t, text, used, commonness);
		uint32_t hash = spread(gram_at(t->width, text.ptr + entry->gram));
		bit_set(t->filter, hash >> t->filter_shift);
		uint32_t *head = &t->heads[hash >> t->head_shift];
		entry->next = *head;
		*head = i + 1;
		used[hash >> t->head_shift]++;
	}
	free(used);
}

/* At `p` is a gram that some literals may have. *value is at or before it, and goes on to it. */
static void check_gram(const struct asking *a, const struct gram_table *t, uint32_t hash,
	const char *p, uint32_t *value)
{
	const struct literal_index *x = a->index;
	bool known = false;
	for (uint32_t e = t->heads[hash >> t->head_shift]; e; e = x->entries[e - 1].next) {
		const struct entry *entry = &x->entries[e - 1];
		const char *literal = x->text.ptr + entry->begin;
		if (gram_at(t->width, literal + entry->gram) != gram_at(t->width, p))
			continue;
		if (!known)
			*value = values_at(&a->v, *value, (uint32_t)(p - a->v.heap));
		known = true;
		uint32_t at = (uint32_t)(p - a->v.heap), begin = a->v.off[*value];
		if (at - begin < entry->gram ||
			a->v.off[*value + 1] - (at - entry->gram) < entry->len ||
			memcmp(p - entry->gram, literal, entry->len) != 0)
			continue;
		a->hit(a->ctx, e - 1, *value);
	}
}

static inline void run_width(const struct asking *a, const struct gram_table *t, uint32_t width)
{
	const char *p = a->v.heap + a->v.off[0], *end = a->v.heap + a->v.off[a->v.n];
	uint32_t value = 0;
	for (; end - p >= (ptrdiff_t)width; p++) {
		uint32_t hash = spread(gram_at(width, p));
		if (bit_get(t->filter, hash >> t->filter_shift))
			check_gram(a, t, hash, p, &value);
	}
}

static void run_grams(const struct asking *a, const struct gram_table *t)
{
	if (t->width == GRAM)
		run_width(a, t, GRAM);
	else
		run_width(a, t, t->width);
}

/* ---- all ------------------------------------------------------------------------------------- */

void literal_index_finish(struct literal_index *x)
{
	uint32_t nforest[5] = {0};
	for (uint32_t i = 0; i < x->n; i++) {
		const struct entry *entry = &x->entries[i];
		nforest[forest_of(entry)]++;
		x->nexact += entry->place == LITERAL_EXACT;
		if (entry->place == LITERAL_CONTAINS)
			x->grams[width_of(entry->len)].n++;
	}
	if (x->nexact)
		make_exact(x);
	for (unsigned f = 0; f < 4; f++) {
		if (nforest[f])
			make_forest(x, f);
	}
	for (unsigned w = 0; w < WIDTHS; w++) {
		if (x->grams[w].n)
			make_grams(x, w);
	}
	map_fini(&x->by_literal);
}

void literal_index_run(const struct literal_index *x, const char *heap, const uint32_t *off,
	uint32_t n, literal_hit *hit, void *ctx)
{
	struct asking a = {x, {heap ? heap : "", off, n, NULL}, hit, ctx};
	if (n == 0)
		return;
	if (x->nexact)
		run_exact(&a);
	for (unsigned f = 0; f < 4; f++) {
		if (x->forests[f].n)
			run_forest(&a, &x->forests[f]);
	}
	for (unsigned w = 0; w < WIDTHS; w++) {
		if (x->grams[w].n)
			run_grams(&a, &x->grams[w]);
	}
}
