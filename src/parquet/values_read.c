/* SPDX-License-Identifier: Apache-2.0 */
/* values_read.c: the values of a column's pages into a batch's column, in the form that the file
 * has: dictionary pages become a dictionary and codes, plain pages a plain column. */
#include "parquet/reader.h"

/* Copies `len` bytes; up to 15 more may be read and written. */
static inline void copy_short(char *to, const char *from, size_t len)
{
	memcpy(to, from, SLACK);
	if (len > SLACK)
		memcpy(to + SLACK, from + SLACK, len - SLACK);
}

/* Appends n strings at `data` to off[] and heap (of `room` bytes in all, and SLACK behind them);
 * exactly all bytes must be used. `off` has n + 1 entries, the first of which is set. */
static int take_texts(const uint8_t *data, size_t len, bool fixed, uint32_t n, uint32_t *off,
	char *heap, uint64_t room)
{
	const uint8_t *end = data + len;
	for (uint32_t i = 0; i < n; i++) {
		struct slice text;
		if (!take_text(&data, end, fixed, &text) || text.len > room - off[i])
			return -1;
		copy_short(heap + off[i], text.ptr, text.len);
		off[i + 1] = off[i] + (uint32_t)text.len;
	}
	return data == end ? 0 : -1;
}

/* How many bytes of text n values in `len` bytes have; UINT64_MAX where that cannot be. */
static uint64_t text_total(size_t len, uint64_t n, bool fixed)
{
	if (fixed)
		return len == n * 16 ? len : UINT64_MAX;
	return len >= n * 4 && len - n * 4 <= UINT32_MAX ? len - n * 4 : UINT64_MAX;
}

/* The codes of all pages, without nulls, at `codes`. */
static int read_codes(struct chunk_in *in, uint32_t *codes)
{
	for (uint32_t p = 0; p < in->npages; p++) {
		const struct page_view *view = page_of(in, p);
		uint32_t max;
		if (view->len < 1 || hybrid_read(view->values + 1, view->len - 1, view->values[0],
					     codes, view->present, &max))
			return -1;
		if (view->present && max >= in->ndictionary)
			return -1;
		codes += view->present;
	}
	return 0;
}

/* Codes to their slots; `dense` has a value behind the last. Mostly all or none of 64 are there. */
static void spread_codes(const struct chunk_in *in, const uint32_t *dense, uint32_t *codes)
{
	for (uint32_t at = 0; at < in->slots; at += 64) {
		uint64_t valid = in->valid[at >> 6];
		uint32_t n = in->slots - at < 64 ? in->slots - at : 64;
		if (valid == UINT64_MAX) {
			memcpy(codes + at, dense, 64 * sizeof(*codes));
			dense += 64;
		} else if (valid == 0) {
			memset(codes + at, 0xff, n * sizeof(*codes));
		} else {
			for (uint32_t i = 0; i < n; i++, valid >>= 1) {
				codes[at + i] = *dense | ((uint32_t)(valid & 1) - 1);
				dense += valid & 1;
			}
		}
	}
}

/* The same for numbers; nulls are 0. */
static void spread_ints(const struct chunk_in *in, const int64_t *dense, int64_t *ints)
{
	for (uint32_t at = 0; at < in->slots; at += 64) {
		uint64_t valid = in->valid[at >> 6];
		uint32_t n = in->slots - at < 64 ? in->slots - at : 64;
		for (uint32_t i = 0; i < n; i++, valid >>= 1) {
			ints[at + i] = *dense & -(int64_t)(valid & 1);
			dense += valid & 1;
		}
	}
}

static int take_dictionary(struct chunk_in *in, struct column *col, struct arena *mem)
{
	bool fixed = in->layout.physical == PHYS_FIXED;
	uint64_t total = text_total(in->dictionary_len, in->ndictionary, fixed);
	if (total == UINT64_MAX)
		return -1;
	col->ndistinct = in->ndictionary;
	col->off = arena_alloc(mem, ((size_t)in->ndictionary + 1) * sizeof(*col->off));
	col->heap = arena_alloc(mem, total + SLACK);
	col->off[0] = 0;
	return take_texts(in->dictionary, in->dictionary_len, fixed, in->ndictionary, col->off,
		col->heap, total);
}

static int read_coded(struct chunk_in *in, struct column *col, struct arena *mem)
{
	col->codes = arena_alloc(mem, (size_t)in->slots * sizeof(*col->codes));
	if (!in->valid)
		return read_codes(in, col->codes);
	uint32_t *dense =
		scratch_room(&in->scratch->codes, ((size_t)in->present + 1) * sizeof(*dense));
	if (read_codes(in, dense))
		return -1;
	dense[in->present] = 0;
	spread_codes(in, dense, col->codes);
	return 0;
}

/* All null: a dictionary of nothing is cheaper for everyone than a plain column. */
static int read_no_text(struct chunk_in *in, struct column *col, struct arena *mem)
{
	col->off = arena_zalloc(mem, 1, sizeof(*col->off));
	col->heap = arena_alloc(mem, 1);
	col->codes = arena_alloc(mem, (size_t)in->slots * sizeof(*col->codes));
	memset(col->codes, 0xff, (size_t)in->slots * sizeof(*col->codes));
	for (uint32_t p = 0; p < in->npages; p++) {
		if (page_of(in, p)->len)
			return -1;
	}
	return 0;
}

static uint64_t *nulls_of(const struct chunk_in *in, struct arena *mem)
{
	if (!in->valid)
		return NULL;
	size_t words = ((size_t)in->slots + 63) / 64;
	uint64_t *nulls = arena_alloc(mem, words * sizeof(*nulls));
	for (size_t w = 0; w < words; w++)
		nulls[w] = ~in->valid[w];
	if (in->slots % 64)
		nulls[words - 1] &= (UINT64_C(1) << in->slots % 64) - 1;
	return nulls;
}

static int read_plain_text(struct chunk_in *in, struct column *col, struct arena *mem)
{
	bool fixed = in->layout.physical == PHYS_FIXED;
	uint64_t total = 0;
	for (uint32_t p = 0; p < in->npages; p++) {
		uint64_t bytes = text_total(page_of(in, p)->len, page_of(in, p)->present, fixed);
		if (bytes == UINT64_MAX || (total += bytes) > UINT32_MAX)
			return -1;
	}
	col->plain = true;
	col->ndistinct = in->slots;
	col->nulls = nulls_of(in, mem);
	col->off = arena_alloc(mem, ((size_t)in->slots + 1) * sizeof(*col->off));
	col->heap = arena_alloc(mem, total + SLACK);
	uint32_t *dense = col->off, first = 0;
	if (in->valid)
		dense = scratch_room(
			&in->scratch->codes, ((size_t)in->present + 1) * sizeof(*dense));
	dense[0] = 0;
	for (uint32_t p = 0; p < in->npages; p++) {
		const struct page_view *v = page_of(in, p);
		if (take_texts(
			    v->values, v->len, fixed, v->present, dense + first, col->heap, total))
			return -1;
		first += v->present;
	}
	for (uint32_t i = 0, next = 0; in->valid && i <= in->slots; i++) {
		col->off[i] = dense[next];
		next += i < in->slots && bit_get(in->valid, i);
	}
	return 0;
}

/* The numbers of one page or dictionary, made wide. */
static int take_ints(
	const struct chunk_in *in, const uint8_t *data, size_t len, uint32_t n, int64_t *to)
{
	if (in->layout.physical == PHYS_INT64) {
		if (len != (uint64_t)n * 8)
			return -1;
		memcpy(to, data, len);
		return 0;
	}
	if (len != (uint64_t)n * 4)
		return -1;
	for (uint32_t i = 0; i < n; i++) {
		int32_t v;
		memcpy(&v, data + 4 * (size_t)i, 4);
		to[i] = v;
	}
	return 0;
}

static int read_coded_ints(struct chunk_in *in, int64_t *dense)
{
	int64_t *values =
		scratch_room(&in->scratch->levels, ((size_t)in->ndictionary + 1) * sizeof(*values));
	uint32_t *codes =
		scratch_room(&in->scratch->codes, ((size_t)in->present + 1) * sizeof(*codes));
	if (take_ints(in, in->dictionary, in->dictionary_len, in->ndictionary, values) ||
		read_codes(in, codes))
		return -1;
	for (uint32_t i = 0; i < in->present; i++)
		dense[i] = values[codes[i]];
	return 0;
}

/* Plain or delta-coded. */
static int read_plain_ints(struct chunk_in *in, int64_t *dense)
{
	bool delta = in->chunk->encoding == ENC_DELTA;
	for (uint32_t p = 0; p < in->npages; p++) {
		const struct page_view *v = page_of(in, p);
		if (delta ? delta_read(v->values, v->len, dense, v->present)
			  : take_ints(in, v->values, v->len, v->present, dense))
			return -1;
		for (uint32_t i = 0; delta && i < v->present; i++) {
			if (in->layout.physical == PHYS_INT32 && dense[i] != (int32_t)dense[i])
				return -1;
		}
		dense += v->present;
	}
	return 0;
}

static int read_ints(struct chunk_in *in, struct column *col, struct arena *mem)
{
	col->i64 = arena_alloc(mem, (size_t)in->slots * sizeof(*col->i64));
	int64_t *dense = col->i64;
	if (in->valid)
		dense = scratch_room(
			&in->scratch->ints, ((size_t)in->present + 1) * sizeof(*dense));
	if (in->dictionary) {
		if (read_coded_ints(in, dense))
			return -1;
	} else if (read_plain_ints(in, dense)) {
		return -1;
	}
	if (in->valid) {
		dense[in->present] = 0;
		spread_ints(in, dense, col->i64);
	}
	return 0;
}

/* 8 bits as 8 bytes: the multiplication puts bit k where byte k's lowest bit can be masked. */
static inline uint64_t bits_as_bytes(uint8_t bits)
{
	uint64_t spread = bits * UINT64_C(0x0101010101010101) & UINT64_C(0x8040201008040201);
	return (spread + UINT64_C(0x7f7f7f7f7f7f7f7f)) >> 7 & UINT64_C(0x0101010101010101);
}

/* The n booleans of a page as bytes; up to 7 more are written. */
static void take_bools(const uint8_t *bits, uint32_t n, uint8_t *to)
{
	for (uint32_t i = 0; i < n; i += 8) {
		uint64_t bytes = bits_as_bytes(bits[i >> 3]);
		memcpy(to + i, &bytes, 8);
	}
}

static int read_bools(struct chunk_in *in, struct column *col, struct arena *mem)
{
	col->bools = arena_alloc(mem, (size_t)in->slots + 8);
	uint8_t *dense = col->bools, *to;
	if (in->valid)
		dense = scratch_room(&in->scratch->ints, (size_t)in->present + 9);
	to = dense;
	for (uint32_t p = 0; p < in->npages; p++) {
		const struct page_view *v = page_of(in, p);
		if (v->len != ((size_t)v->present + 7) / 8)
			return -1;
		take_bools(v->values, v->present, to);
		to += v->present;
	}
	*to = 0;
	for (uint32_t i = 0; in->valid && i < in->slots; i++) {
		uint8_t there = in->valid[i >> 6] >> (i & 63) & 1;
		col->bools[i] = *dense & there;
		dense += there;
	}
	return 0;
}

static int read_uuids(struct chunk_in *in, struct column *col, struct arena *mem)
{
	col->uuid = arena_zalloc(mem, in->slots, 16);
	uint32_t slot = 0;
	for (uint32_t p = 0; p < in->npages; p++) {
		const struct page_view *v = page_of(in, p);
		if (v->len != (size_t)v->present * 16)
			return -1;
		if (!in->valid) {
			memcpy(col->uuid + slot, v->values, v->len);
			slot += v->present;
			continue;
		}
		for (uint32_t i = 0; i < v->present; i++, slot++) {
			while (!bit_get(in->valid, slot))
				slot++;
			memcpy(col->uuid[slot], v->values + (size_t)i * 16, 16);
		}
	}
	return 0;
}

static int read_text(struct chunk_in *in, struct column *col, struct arena *mem)
{
	if (in->chunk->dictionary)
		return (!col->off && take_dictionary(in, col, mem)) || read_coded(in, col, mem) ? -1
												: 0;
	return in->present ? read_plain_text(in, col, mem) : read_no_text(in, col, mem);
}

int values_read(struct chunk_in *in, struct column *col, struct arena *mem, struct err *err)
{
	int done;
	col->n = in->slots;
	if (col_is_string(in->type)) {
		done = read_text(in, col, mem);
	} else {
		col->nulls = nulls_of(in, mem);
		if (in->type != COL_BOOL && in->type != COL_UUID)
			done = read_ints(in, col, mem);
		else if (in->dictionary)
			done = -1;
		else
			done = in->type == COL_BOOL ? read_bools(in, col, mem)
						    : read_uuids(in, col, mem);
	}
	return done ? chunk_damaged(in, err, "its values are ill-formed") : 0;
}

int dictionary_read(struct chunk_in *in, struct column *col, struct arena *mem, struct err *err)
{
	return take_dictionary(in, col, mem)
		       ? chunk_damaged(in, err, "its dictionary is ill-formed")
		       : 0;
}
