/* SPDX-License-Identifier: Apache-2.0 */
/* stats.c: bounds of a column chunk: signed order for numbers, unsigned bytes for the rest. */
#include "parquet/private.h"

static void set_bounds(struct chunk *chunk, struct slice min, struct slice max, struct arena *mem)
{
	if (min.len > BOUND_BYTES_MAX || max.len > BOUND_BYTES_MAX)
		return;
	chunk->min = (struct slice){arena_strdup(mem, min), min.len};
	chunk->max = (struct slice){arena_strdup(mem, max), max.len};
	chunk->has_range = true;
}

/* The first 8 bytes as a number that sorts as they do. */
static uint64_t prefix_of(struct slice s)
{
	uint64_t v = 0;
	memcpy(&v, s.ptr, s.len < 8 ? s.len : 8);
	return __builtin_bswap64(v);
}

/* Most values differ in their first 8 bytes from the bounds. Equal prefixes say nothing: "a" and
 * "a\0" have the same. */
static bool is_less(uint64_t a_prefix, struct slice a, uint64_t b_prefix, struct slice b)
{
	return a_prefix != b_prefix ? a_prefix < b_prefix : slice_cmp(a, b) < 0;
}

/* A dictionary's values may be unused by any row: bounds need not be met. */
void stats_text(struct chunk *chunk, const struct column *col, struct arena *mem)
{
	struct slice min = {NULL, 0}, max = {NULL, 0};
	uint64_t min_prefix = 0, max_prefix = 0;
	bool any = false;
	for (uint32_t d = 0; d < col->ndistinct; d++) {
		if (col->plain && bit_get(col->nulls, d))
			continue;
		struct slice s = {col->heap + col->off[d], col->off[d + 1] - col->off[d]};
		uint64_t prefix = prefix_of(s);
		if (!any || is_less(prefix, s, min_prefix, min)) {
			min = s;
			min_prefix = prefix;
		}
		if (!any || is_less(max_prefix, max, prefix, s)) {
			max = s;
			max_prefix = prefix;
		}
		any = true;
	}
	if (any)
		set_bounds(chunk, min, max, mem);
}

void stats_ints(struct chunk *chunk, int64_t min, int64_t max, size_t size, struct arena *mem)
{
	set_bounds(chunk, (struct slice){(const char *)&min, size},
		(struct slice){(const char *)&max, size}, mem);
}

void stats_uuid(struct chunk *chunk, const uint8_t (*uuid)[16], const uint64_t *valid, uint32_t n,
	struct arena *mem)
{
	struct slice min = {NULL, 0}, max = {NULL, 0};
	uint64_t min_prefix = 0, max_prefix = 0;
	for (uint32_t i = 0; i < n; i++) {
		if (valid && !bit_get(valid, i))
			continue;
		struct slice s = {(const char *)uuid[i], 16};
		uint64_t prefix = prefix_of(s);
		if (!min.ptr || is_less(prefix, s, min_prefix, min)) {
			min = s;
			min_prefix = prefix;
		}
		if (!max.ptr || is_less(max_prefix, max, prefix, s)) {
			max = s;
			max_prefix = prefix;
		}
	}
	if (min.ptr)
		set_bounds(chunk, min, max, mem);
}
