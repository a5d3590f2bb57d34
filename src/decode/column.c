/* SPDX-License-Identifier: Apache-2.0 */
/* column.c: growth of columns, dictionaries that turn plain, and the way back from a record that
 * was rejected after some of its values were put. */
#include "decode/column.h"

#include <stdlib.h>

enum { FIRST_VALUES = 1024, FIRST_SLOTS = 64, FIRST_HEAP = 4096 };

static const char nothing[HEAP_SLACK] = "";

void lane_init(struct lane *lane, struct builder **builders, uint32_t n)
{
	*lane = (struct lane){.builders = builders, .nbuilders = n};
	for (uint32_t i = 0; i < n; i++)
		lane->width += builders[i]->type == COL_UUID      ? 16
			       : builders[i]->type == COL_BOOL    ? 1
			       : col_is_string(builders[i]->type) ? 4
								  : 8;
}

/* A guess that nothing equals: no JSON value begins with NUL. */
static void forget(struct builder *b)
{
	for (int i = 0; i < GUESSES; i++)
		b->guess[i] = (struct guess){nothing, 1, CODE_NULL};
}

void lane_forget(struct lane *lane)
{
	for (uint32_t i = 0; i < lane->nbuilders; i++)
		forget(lane->builders[i]);
}

void builder_init(struct builder *b, enum col_type type, struct lane *lane, size_t *bytes)
{
	*b = (struct builder){.type = type, .lane = lane, .bytes = bytes};
	forget(b);
	if (!col_is_string(type))
		return;
	b->slots = xcalloc(FIRST_SLOTS, sizeof(*b->slots));
	b->slot_mask = FIRST_SLOTS - 1;
	b->off_cap = FIRST_SLOTS;
	b->off = xcalloc(b->off_cap, sizeof(*b->off));
	b->heap_cap = FIRST_HEAP;
	b->heap = xcalloc(b->heap_cap, 1);
}

void builder_fini(struct builder *b)
{
	free(b->codes);
	free(b->slots);
	free(b->off);
	free(b->heap);
	free(b->i64);
	free(b->bools);
	free(b->uuid);
	free(b->nulls);
}

static void grow_off(struct builder *b, uint32_t n)
{
	if (n <= b->off_cap)
		return;
	while (b->off_cap < n)
		b->off_cap *= 2;
	b->off = xrealloc(b->off, b->off_cap * sizeof(*b->off));
}

static void grow_nulls(struct builder *b, uint32_t from, uint32_t to)
{
	b->nulls = xrealloc(b->nulls, (to + 63) / 64 * 8);
	for (uint32_t i = from / 64; i < (to + 63) / 64; i++)
		b->nulls[i] = ~UINT64_C(0);
}

/* Capacities are multiples of 64. */
static void grow_values(struct builder *b, uint32_t from, uint32_t to)
{
	if (builder_is_string(b)) {
		b->codes = xrealloc(b->codes, to * sizeof(*b->codes));
		memset(b->codes + from, 0xff, (to - from) * sizeof(*b->codes));
		if (b->plain) {
			grow_off(b, to + 1);
			grow_nulls(b, from, to);
		}
		return;
	}
	grow_nulls(b, from, to);
	if (b->type == COL_BOOL)
		b->bools = xrealloc(b->bools, to);
	else if (b->type == COL_UUID)
		b->uuid = xrealloc(b->uuid, to * sizeof(*b->uuid));
	else
		b->i64 = xrealloc(b->i64, to * sizeof(*b->i64));
}

void lane_reserve(struct lane *lane, uint32_t n)
{
	if (n <= lane->cap)
		return;
	uint32_t cap = lane->cap ? lane->cap : FIRST_VALUES;
	while (cap < n)
		cap *= 2;
	for (uint32_t i = 0; i < lane->nbuilders; i++)
		grow_values(lane->builders[i], lane->cap, cap);
	lane->cap = cap;
}

static void set_nulls(uint64_t *nulls, uint32_t from, uint32_t to)
{
	for (uint32_t i = from; i < to; i++)
		bit_set(nulls, i);
}

static void undo(struct builder *b, uint32_t from, uint32_t to)
{
	if (!builder_is_string(b)) {
		set_nulls(b->nulls, from, to);
	} else if (b->plain) {
		set_nulls(b->nulls, from, to);
		if (b->plain_next > from) {
			b->heap_len = b->off[from];
			b->plain_next = from;
		}
	} else {
		memset(b->codes + from, 0xff, (to - from) * sizeof(*b->codes));
	}
}

void lane_undo(struct lane *lane, uint32_t from, uint32_t to)
{
	for (uint32_t i = 0; i < lane->nbuilders && to > from; i++)
		undo(lane->builders[i], from, to);
}

static void reset(struct builder *b, uint32_t n)
{
	if (!b->used)
		return;
	if (builder_is_string(b)) {
		/* Back to dictionary form, with a table of the size that this batch needed. */
		memset(b->codes, 0xff, n * sizeof(*b->codes));
		memset(b->slots, 0, (b->slot_mask + 1ul) * sizeof(*b->slots));
		b->plain = false;
		b->ndistinct = 0;
		b->heap_len = 0;
		b->plain_next = 0;
		b->off[0] = 0;
	} else {
		memset(b->nulls, 0xff, (n + 63) / 64 * 8);
	}
	b->used = false;
}

void lane_reset(struct lane *lane)
{
	/* The row in work, where there was one, has been undone: all beyond n is empty. */
	for (uint32_t i = 0; i < lane->nbuilders; i++)
		reset(lane->builders[i], lane->n);
	lane->n = 0;
}

static void grow_heap(struct builder *b, size_t need)
{
	while (b->heap_cap < need)
		b->heap_cap *= 2;
	b->heap = xrealloc(b->heap, b->heap_cap);
}

static void copy_text(struct builder *b, const char *text, uint32_t len)
{
	if (b->heap_len + len + HEAP_SLACK > b->heap_cap)
		grow_heap(b, b->heap_len + len + HEAP_SLACK);
	memcpy(b->heap + b->heap_len, text, len);
	b->heap_len += len;
	*b->bytes += len;
}

static void put_slot(struct builder *b, uint32_t tag, uint32_t code)
{
	uint32_t s = tag & b->slot_mask;
	while (b->slots[s].number)
		s = (s + 1) & b->slot_mask;
	b->slots[s] = (struct slot){tag, code + 1};
}

static void grow_slots(struct builder *b)
{
	uint32_t size = (b->slot_mask + 1) * 2;
	struct slot *slots = xcalloc(size, sizeof(*slots));
	for (uint32_t i = 0; i <= b->slot_mask; i++) {
		const struct slot *slot = &b->slots[i];
		if (slot->number == 0)
			continue;
		uint32_t s = slot->tag & (size - 1);
		while (slots[s].number)
			s = (s + 1) & (size - 1);
		slots[s] = *slot;
	}
	free(b->slots);
	b->slots = slots;
	b->slot_mask = size - 1;
}

/* Rewrites the column as plain values; those before `end` are there. */
static void turn_plain(struct builder *b, uint32_t end)
{
	uint32_t *old_off = b->off;
	char *old_heap = b->heap;
	forget(b);
	b->plain = true;
	b->off_cap = b->lane->cap + 1;
	b->off = xmalloc(b->off_cap * sizeof(*b->off));
	b->off[0] = 0;
	b->heap = xmalloc(b->heap_cap);
	b->heap_len = 0;
	b->plain_next = 0;
	free(b->nulls);
	b->nulls = NULL;
	grow_nulls(b, 0, b->lane->cap);
	for (uint32_t i = 0; i < end; i++) {
		uint32_t code = b->codes[i];
		if (code != CODE_NULL)
			builder_put_plain(
				b, i, old_heap + old_off[code], old_off[code + 1] - old_off[code]);
	}
	free(old_off);
	free(old_heap);
}

/* More than half of at least PLAIN_AFTER values are distinct. */
static bool nearly_distinct(const struct builder *b, uint32_t end)
{
	uint32_t values = 0;
	for (uint32_t i = 0; i < end; i++)
		values += b->codes[i] != CODE_NULL;
	return values >= PLAIN_AFTER && b->ndistinct > values / 2;
}

uint32_t builder_add(struct builder *b, uint32_t i, const char *text, uint32_t len, uint32_t tag)
{
	/* Looked at every 256 distinct values: counting costs a pass over the codes. */
	if (!b->keep && b->ndistinct >= PLAIN_AFTER / 2 && b->ndistinct % 256 == 0 &&
		nearly_distinct(b, i)) {
		turn_plain(b, i);
		return CODE_NULL;
	}
	if (b->ndistinct * 2 > b->slot_mask)
		grow_slots(b);
	uint32_t code = b->ndistinct++;
	put_slot(b, tag, code);
	grow_off(b, code + 2);
	copy_text(b, text, len);
	b->off[code + 1] = (uint32_t)b->heap_len;
	*b->bytes += 4;
	return code;
}

void builder_take(struct builder *b, struct builder *old)
{
	*old = *b;
	builder_init(b, old->type, old->lane, old->bytes);
	b->keep = old->keep;
	grow_values(b, 0, b->lane->cap);
}

void builder_end_plain(struct builder *b, uint32_t n)
{
	for (; b->plain_next < n; b->plain_next++)
		b->off[b->plain_next + 1] = (uint32_t)b->heap_len;
}

void builder_put_plain(struct builder *b, uint32_t i, const char *text, uint32_t len)
{
	builder_end_plain(b, i);
	copy_text(b, text, len);
	b->off[i + 1] = (uint32_t)b->heap_len;
	b->plain_next = i + 1;
	b->nulls[i >> 6] &= ~(UINT64_C(1) << (i & 63));
}

void builder_compact(struct builder *b, uint32_t n)
{
	if (!builder_is_string(b) || b->plain || b->ndistinct == 0)
		return;
	uint32_t *codes = xmalloc(b->ndistinct * sizeof(*codes));
	memset(codes, 0xff, b->ndistinct * sizeof(*codes));
	for (uint32_t i = 0; i < n; i++) {
		if (b->codes[i] != CODE_NULL)
			codes[b->codes[i]] = 0;
	}
	uint32_t kept = 0;
	size_t at = 0;
	for (uint32_t d = 0; d < b->ndistinct; d++) {
		if (codes[d] == CODE_NULL)
			continue;
		uint32_t from = b->off[d], len = b->off[d + 1] - from;
		memmove(b->heap + at, b->heap + from, len);
		b->off[kept] = (uint32_t)at; /* kept <= d: what is still needed stays */
		at += len;
		codes[d] = kept++;
	}
	b->off[kept] = (uint32_t)at;
	for (uint32_t i = 0; i < n; i++) {
		if (b->codes[i] != CODE_NULL)
			b->codes[i] = codes[b->codes[i]];
	}
	free(codes);
	b->ndistinct = kept;
	b->heap_len = at;
	/* The slots are of the old codes: nothing is found by them any more. */
	memset(b->slots, 0, (b->slot_mask + 1ul) * sizeof(*b->slots));
	for (uint32_t d = 0; d < kept; d++) {
		uint32_t len = b->off[d + 1] - b->off[d];
		put_slot(b, text_tag(b->heap + b->off[d], len), d);
	}
}
