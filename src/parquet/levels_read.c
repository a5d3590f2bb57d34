/* SPDX-License-Identifier: Apache-2.0 */
/* levels_read.c: definition and repetition levels of pages turned into which values are there and
 * which row they belong to. */
#include "parquet/reader.h"

int levels_begin(struct chunk_in *in, struct err *err)
{
	size_t n = (size_t)in->chunk->nvalues;
	if (in->layout.max_def) {
		in->valid = scratch_room(&in->scratch->valid, n / 8 + 24);
		memset(in->valid, 0, n / 8 + 24);
	}
	if (!in->layout.max_rep)
		return 0;
	if (n < in->nrows)
		return chunk_damaged(in, err, "it has fewer lists than rows");
	in->list_off = scratch_room(
		&in->scratch->list_levels, ((size_t)in->nrows + 1) * sizeof(*in->list_off));
	size_t words = (size_t)in->nrows / 64 + 1;
	in->list_nulls = scratch_room(&in->scratch->table, words * sizeof(*in->list_nulls));
	memset(in->list_nulls, 0, words * sizeof(*in->list_nulls));
	in->list_off[0] = 0;
	return 0;
}

/* Levels behind their size in 4 bytes. */
static int take_section(struct page_view *view, const uint8_t **data, size_t *len)
{
	uint32_t size;
	if (view->len < 4)
		return -1;
	memcpy(&size, view->values, 4);
	if (size > view->len - 4)
		return -1;
	*data = view->values + 4;
	*len = size;
	view->values += 4 + (size_t)size;
	view->len -= 4 + (size_t)size;
	return 0;
}

static int read_flat(struct chunk_in *in, uint32_t n, struct page_view *view)
{
	const uint8_t *data;
	size_t len, ones = n;
	if (n > in->nrows - in->slots)
		return -1;
	if (in->layout.max_def &&
		(take_section(view, &data, &len) ||
			hybrid_read_bits(data, len, in->valid, in->slots, n, &ones)))
		return -1;
	view->present = (uint32_t)ones;
	in->slots += n;
	return 0;
}

/* One level after the other: rows begin where the repetition level is 0. */
static int walk_levels(struct chunk_in *in, const uint64_t *again, const uint32_t *levels,
	uint32_t n, struct page_view *view)
{
	const uint32_t there = in->layout.max_def, element = in->layout.element_def;
	uint32_t rows = in->rows, slots = in->slots, present = 0;
	bool open = false; /* the row has elements, so more may follow */
	for (uint32_t i = 0; i < n; i++) {
		uint32_t level = levels[i];
		bool is_element = level >= element;
		if (!(again[i >> 6] >> (i & 63) & 1)) {
			if (rows == in->nrows)
				return -1;
			in->list_off[rows++] = slots;
			open = is_element;
		} else if (!open || !is_element) {
			return -1;
		}
		if (is_element) {
			bool is_there = level == there;
			in->valid[slots >> 6] |= (uint64_t)is_there << (slots & 63);
			present += is_there;
			slots++;
		} else if (level == 0) {
			bit_set(in->list_nulls, rows - 1);
			in->any_null_list = true;
		} else if (level != 1) {
			return -1; /* an element that is null where it should be a struct */
		}
	}
	in->rows = rows;
	in->slots = slots;
	view->present = present;
	return 0;
}

/* Every level is a value that is there: rows begin where a repetition level is 0, that is all. */
static int walk_full(struct chunk_in *in, const uint64_t *again, uint32_t n, struct page_view *view)
{
	uint32_t rows = in->rows, slots = in->slots;
	if (n > 0 && (again[0] & 1))
		return -1;
	for (uint32_t at = 0; at < n; at += 64) {
		uint64_t begins = ~again[at >> 6];
		if (n - at < 64)
			begins &= (UINT64_C(1) << (n - at)) - 1;
		if ((uint32_t)__builtin_popcountll(begins) > in->nrows - rows)
			return -1;
		for (; begins; begins &= begins - 1)
			in->list_off[rows++] = slots + at + (uint32_t)__builtin_ctzll(begins);
	}
	bits_set(in->valid, slots, n);
	in->rows = rows;
	in->slots = slots + n;
	view->present = n;
	return 0;
}

static int read_list(struct chunk_in *in, uint32_t n, struct page_view *view)
{
	const uint8_t *data;
	size_t len, ones;
	uint32_t max;
	size_t words = (size_t)n / 64 + 2;
	uint64_t *again = scratch_room(&in->scratch->words, words * sizeof(*again));
	memset(again, 0, words * sizeof(*again));
	if (take_section(view, &data, &len) || hybrid_read_bits(data, len, again, 0, n, &ones))
		return -1;
	if (take_section(view, &data, &len))
		return -1;
	if (hybrid_is_run(data, len, bits_for(in->layout.max_def), n, in->layout.max_def))
		return walk_full(in, again, n, view);
	uint32_t *levels = scratch_room(&in->scratch->levels, ((size_t)n + 1) * sizeof(*levels));
	if (hybrid_read(data, len, bits_for(in->layout.max_def), levels, n, &max) ||
		max > in->layout.max_def)
		return -1;
	return walk_levels(in, again, levels, n, view);
}

int levels_read(struct chunk_in *in, const struct page_header *header, const uint8_t *data,
	struct page_view *view, struct err *err)
{
	*view = (struct page_view){data, header->unpacked, 0};
	uint32_t n = header->nvalues;
	if (n > in->chunk->nvalues - in->nlevels)
		return chunk_damaged(in, err, "a page has too many values");
	if (in->layout.max_rep ? read_list(in, n, view) : read_flat(in, n, view))
		return chunk_damaged(in, err, "a page's levels are ill-formed");
	in->nlevels += n;
	in->present += view->present;
	return 0;
}

int levels_end(struct chunk_in *in, struct err *err)
{
	if (in->nlevels != in->chunk->nvalues ||
		in->present != in->chunk->nvalues - in->chunk->nulls)
		return chunk_damaged(in, err, "the number of values is not what the footer says");
	if (in->layout.max_rep) {
		if (in->rows != in->nrows)
			return chunk_damaged(in, err, "the number of lists is not that of rows");
		in->list_off[in->nrows] = in->slots;
	}
	if (in->present == in->slots)
		in->valid = NULL;
	return 0;
}
