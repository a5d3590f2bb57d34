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
	size_t words = (size_t)in->nrows / 64 + 2; /* one to spare behind the last */
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

static int read_list(struct chunk_in *in, uint32_t n, struct page_view *view)
{
	const uint8_t *data;
	size_t len, ones;
	size_t words = (size_t)n / 64 + 2;
	struct level_bits bits = {.n = n, .max_def = in->layout.max_def};
	unsigned width = bits_for(bits.max_def);
	bits.again = scratch_room(&in->scratch->words, (1 + width) * words * sizeof(*bits.again));
	memset(bits.again, 0, (1 + width) * words * sizeof(*bits.again));
	for (unsigned p = 0; p < width; p++)
		bits.planes[p] = bits.again + (1 + p) * words;
	if (take_section(view, &data, &len) ||
		hybrid_read_bits(data, len, bits.again, 0, n, &ones) ||
		take_section(view, &data, &len) ||
		hybrid_read_planes(data, len, width, bits.planes, n))
		return -1;
	uint32_t present;
	if (levels_walk(in, &bits, &present))
		return -1;
	view->present = present;
	return 0;
}

int levels_read(struct chunk_in *in, const struct page_header *header, const uint8_t *data,
	struct page_view *view, struct err *err)
{
	*view = (struct page_view){data, header->unpacked, .slot = in->slots, .row = in->rows};
	uint32_t n = header->nvalues;
	if (n > in->chunk->nvalues - in->nlevels)
		return chunk_damaged(in, err, "a page has too many values");
	if (in->layout.max_rep ? read_list(in, n, view) : read_flat(in, n, view))
		return chunk_damaged(in, err, "a page's levels are ill-formed");
	view->slots = in->slots - view->slot;
	in->nlevels += n;
	in->present += view->present;
	return 0;
}

int levels_skip(struct chunk_in *in, const struct page_header *header, struct page_view *view,
	struct err *err)
{
	uint32_t n = header->nvalues;
	if (n > in->chunk->nvalues - in->nlevels)
		return chunk_damaged(in, err, "a page has too many values");
	*view = (struct page_view){.slot = in->slots, .row = in->rows};
	in->nlevels += n;
	in->skipped = true;
	if (!in->layout.max_rep) {
		view->slots = n;
		in->slots += n;
		return 0;
	}
	/* Of its rows nothing is asked, but the row before ends where the first of them begins. */
	in->list_off[in->rows] = in->slots;
	in->rows += in->page_rows < in->nrows - in->rows ? in->page_rows : in->nrows - in->rows;
	return 0;
}

int levels_end(struct chunk_in *in, struct err *err)
{
	bool all = in->at == in->end; /* else the last pages of a list were not needed */
	if ((all && in->nlevels != in->chunk->nvalues) ||
		(!in->skipped && in->present != in->chunk->nvalues - in->chunk->nulls))
		return chunk_damaged(in, err, "the number of values is not what the footer says");
	if (in->layout.max_rep) {
		if (all && in->rows != in->nrows)
			return chunk_damaged(in, err, "the number of lists is not that of rows");
		in->list_off[in->rows] = in->slots;
	}
	if (in->present == in->slots && !in->skipped)
		in->valid = NULL;
	return 0;
}
