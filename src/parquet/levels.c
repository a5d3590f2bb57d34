/* SPDX-License-Identifier: Apache-2.0 */
/* levels.c: definition and repetition levels of a page. A flat column's definition levels are its
 * validity bitmap as it is; a list's are made once for all its columns that have no nulls. */
#include "base/varint.h"
#include "parquet/private.h"

/* Levels stand behind their size in 4 bytes; this keeps the place. */
static size_t begin_section(struct buf *out)
{
	size_t at = out->len;
	memcpy(buf_reserve(out, 4), "\0\0\0\0", 4);
	out->len += 4;
	return at;
}

static void end_section(struct buf *out, size_t at)
{
	uint32_t size = (uint32_t)(out->len - at - 4);
	memcpy(out->ptr + at, &size, 4);
}

/* n times the same level: one run. */
static void put_constant(struct buf *out, uint32_t level, size_t n)
{
	size_t at = begin_section(out);
	if (n) {
		buf_varint(out, n << 1);
		buf_push(out, (char)level);
	}
	end_section(out, at);
}

uint32_t levels_put_flat(
	struct scratch *scratch, const uint64_t *valid, const struct page_range *range)
{
	uint32_t n = range->slot_end - range->slot;
	if (!valid) {
		put_constant(&scratch->body, 1, n);
		return n;
	}
	uint64_t *bits = scratch_room(&scratch->words, ((size_t)n + 64) / 8 + 8);
	bits_slice(bits, valid, range->slot, n);
	size_t at = begin_section(&scratch->body);
	hybrid_write_bits(&scratch->body, bits, n);
	end_section(&scratch->body, at);
	return n;
}

/* Repetition levels: 0 where a row begins, else 1. Returns how many. */
static size_t put_repetitions(
	struct scratch *scratch, const struct group *group, const struct page_range *range)
{
	size_t most = (size_t)(range->row_end - range->row) + (range->slot_end - range->slot);
	size_t words = most / 64 + 1, n = 0;
	uint64_t *bits = scratch_room(&scratch->words, words * sizeof(*bits));
	memset(bits, 0xff, words * sizeof(*bits));
	for (uint32_t r = range->row; r < range->row_end; r++) {
		uint32_t len = group->list_off ? group->list_off[r + 1] - group->list_off[r] : 0;
		bits[n >> 6] &= ~(UINT64_C(1) << (n & 63));
		n += len ? len : 1;
	}
	size_t at = begin_section(&scratch->body);
	hybrid_write_bits(&scratch->body, bits, n);
	end_section(&scratch->body, at);
	return n;
}

/* Whether each row has elements and each of them a value. */
static bool is_full(
	const struct group *group, const uint64_t *valid, const struct page_range *range)
{
	if (valid || !group->list_off)
		return false;
	bool full = true;
	for (uint32_t r = range->row; r < range->row_end; r++)
		full &= group->list_off[r] != group->list_off[r + 1];
	return full;
}

static void put_definitions(struct scratch *scratch, const struct group *group,
	const struct layout *layout, const uint64_t *valid, const struct page_range *range,
	size_t n)
{
	if (is_full(group, valid, range)) {
		put_constant(&scratch->body, layout->max_def, n);
		return;
	}
	uint32_t *levels = scratch_room(&scratch->levels, (n + 1) * sizeof(*levels));
	uint32_t there = layout->max_def, *to = levels, e = range->slot;
	for (uint32_t r = range->row; r < range->row_end; r++) {
		uint32_t end = group->list_off ? group->list_off[r + 1] : e;
		if (e == end)
			*to++ = !group->list_off || bit_get(group->nulls, r) ? 0 : 1;
		for (; e < end; e++)
			*to++ = there - (valid && !bit_get(valid, e));
	}
	size_t at = begin_section(&scratch->body);
	hybrid_write(&scratch->body, levels, n, bits_for(there));
	end_section(&scratch->body, at);
}

/* The levels that are asked for, where they were made before without nulls. */
static const struct level_cache *find_cached(const struct scratch *scratch,
	const struct group *group, const struct layout *layout, const struct page_range *range)
{
	for (unsigned i = 0; i < scratch->ncaches; i++) {
		const struct level_cache *c = &scratch->caches[i];
		if (c->group == group && c->max_def == layout->max_def && c->row == range->row &&
			c->row_end == range->row_end)
			return c;
	}
	return NULL;
}

static void keep_levels(struct scratch *scratch, const struct level_cache *made, const char *bytes)
{
	if (scratch->ncaches == LEVEL_CACHES ||
		(scratch->ncaches && scratch->caches[0].group != made->group))
		scratch->ncaches = 0;
	if (!scratch->ncaches)
		buf_clear(&scratch->list_levels);
	struct level_cache *c = &scratch->caches[scratch->ncaches++];
	*c = *made;
	c->off = scratch->list_levels.len;
	buf_append(&scratch->list_levels, bytes, made->len);
}

uint32_t levels_put_list(struct scratch *scratch, const struct group *group,
	const struct layout *layout, const uint64_t *valid, const struct page_range *range)
{
	struct buf *body = &scratch->body;
	const struct level_cache *cache = find_cached(scratch, group, layout, range);
	if (cache) {
		buf_append(body, scratch->list_levels.ptr + cache->off,
			valid ? cache->repetitions : cache->len);
		if (valid)
			put_definitions(scratch, group, layout, valid, range, cache->n);
		return cache->n;
	}
	size_t begin = body->len;
	size_t n = put_repetitions(scratch, group, range);
	size_t repetitions = body->len - begin;
	put_definitions(scratch, group, layout, valid, range, n);
	if (!valid) {
		struct level_cache made = {group, layout->max_def, range->row, range->row_end,
			(uint32_t)n, 0, body->len - begin, repetitions};
		keep_levels(scratch, &made, body->ptr + begin);
	}
	return (uint32_t)n;
}
