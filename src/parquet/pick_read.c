/* SPDX-License-Identifier: Apache-2.0 */
/* pick_read.c: some values of a column's pages into a batch's column, in the form that the file has.
 * What is not wanted is neither unpacked nor copied; so it is checked as far as it is looked at. */
#include "parquet/reader.h"

/* The values that are wanted of one page: `index` (ascending, among those that are there). */
struct page_pick {
	const struct page_view *view;
	const uint32_t *index;
	uint32_t n;
};

struct pick {
	struct chunk_in *in;
	const struct row_list *keep;
	struct arena *mem, *temporary;
	uint64_t *nulls;  /* a bit per kept slot; NULL: none is null */
	uint32_t present; /* kept slots with a value */
	uint32_t npages;
	struct page_pick *pages;
};

static bool is_there(const struct chunk_in *in, uint32_t slot)
{
	return !in->valid || (in->valid[slot >> 6] >> (slot & 63) & 1);
}

static void set_null(struct pick *p, uint32_t i)
{
	if (!p->nulls)
		p->nulls = arena_zalloc(p->mem, (size_t)p->keep->n / 64 + 1, sizeof(*p->nulls));
	bit_set(p->nulls, i);
}

/* Which values of which pages the kept slots have. -1 where a slot lies in no page. */
static int find_values(struct pick *p)
{
	const struct row_list *keep = p->keep;
	uint32_t *index = arena_alloc(p->temporary, ((size_t)keep->n + 1) * sizeof(*index));
	p->pages = arena_alloc(p->temporary, ((size_t)p->in->npages + 1) * sizeof(*p->pages));
	uint32_t i = 0;
	for (uint32_t page = 0; page < p->in->npages && i < keep->n; page++) {
		const struct page_view *view = page_of(p->in, page);
		uint32_t at = view->slot, end = view->slot + view->slots, before = 0;
		struct page_pick pick = {view, index + p->present, 0};
		for (; i < keep->n && keep->rows[i] < end; i++) {
			uint32_t slot = keep->rows[i];
			before += bits_count(p->in->valid, at, slot);
			at = slot;
			if (is_there(p->in, slot))
				index[p->present + pick.n++] = before;
			else
				set_null(p, i);
		}
		p->present += pick.n;
		if (pick.n)
			p->pages[p->npages++] = pick;
	}
	return i == keep->n ? 0 : -1;
}

/* ---- codes ---- */

/* Of one packed run of values at `from` on, which are not all unpacked. */
static uint32_t packed_value(const uint8_t *in, uint64_t i, unsigned width)
{
	uint64_t word, bit = i * width;
	memcpy(&word, in + bit / 8, 8);
	return (uint32_t)(word >> bit % 8 & ((UINT64_C(1) << width) - 1));
}

static int pick_codes_of_page(const struct page_pick *pick, uint32_t *codes)
{
	const struct page_view *view = pick->view;
	if (view->len < 1 || view->values[0] < 1 || view->values[0] > 32)
		return -1;
	struct hybrid_in in = {view->values + 1, view->values + view->len};
	unsigned width = view->values[0];
	uint32_t i = 0;
	for (uint32_t at = 0; at < view->present && i < pick->n;) {
		bool packed;
		uint64_t run;
		uint32_t value = 0, left = view->present - at;
		if (hybrid_run(&in, &packed, &run, left))
			return -1;
		uint32_t end = at + (run < left ? (uint32_t)run : left);
		size_t bytes = packed ? (size_t)run / 8 * width : 0;
		if (bytes > (size_t)(in.end - in.at) ||
			(!packed && hybrid_value(&in, width, &value)))
			return -1;
		for (; i < pick->n && pick->index[i] < end; i++)
			codes[i] = packed ? packed_value(in.at, pick->index[i] - at, width) : value;
		in.at += bytes;
		at = end;
	}
	return i == pick->n ? 0 : -1;
}

/* The codes of all kept values, without nulls. */
static int pick_codes(const struct pick *p, uint32_t *codes)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < p->npages; i++) {
		if (pick_codes_of_page(&p->pages[i], codes + n))
			return -1;
		n += p->pages[i].n;
	}
	for (uint32_t i = 0; i < n; i++) {
		if (codes[i] >= p->in->ndictionary)
			return -1;
	}
	return 0;
}

/* ---- strings ---- */

/* Of the n texts of a page of plain strings or a dictionary those at the `npick` ascending indexes.
 * All are walked over: as many as there should be must fill the page. */
static int find_texts(const struct pick *p, const uint8_t *data, size_t len, uint32_t n,
	const uint32_t *index, uint32_t npick, struct slice *texts)
{
	bool fixed = p->in->layout.physical == PHYS_FIXED;
	const uint8_t *end = data + len;
	for (uint32_t i = 0; fixed && i < npick; i++) {
		if (len / 16 <= index[i])
			return -1;
		texts[i] = (struct slice){(const char *)data + (size_t)index[i] * 16, 16};
	}
	if (fixed)
		return len == (uint64_t)n * 16 ? 0 : -1;
	for (uint32_t at = 0, i = 0; at < n; at++) {
		struct slice text;
		if (!take_text(&data, end, false, &text))
			return -1;
		if (i < npick && at == index[i])
			texts[i++] = text;
	}
	return data == end ? 0 : -1;
}

/* Copies them; off has n + 1 entries. */
static int put_texts(struct column *col, const struct slice *texts, uint32_t n, struct arena *mem)
{
	uint64_t total = 0;
	for (uint32_t i = 0; i < n; i++)
		total += texts[i].len;
	if (total > UINT32_MAX)
		return -1;
	col->off = arena_alloc(mem, ((size_t)n + 1) * sizeof(*col->off));
	col->heap = arena_alloc(mem, total + 1);
	uint32_t at = 0;
	for (uint32_t i = 0; i < n; i++) {
		col->off[i] = at;
		if (texts[i].len)
			memcpy(col->heap + at, texts[i].ptr, texts[i].len);
		at += (uint32_t)texts[i].len;
	}
	col->off[n] = at;
	return 0;
}

/* The dictionary's values that are used, in its order; `codes` become those of the new one. */
static int shrink_dictionary(struct pick *p, struct column *col, uint32_t *codes, uint32_t n)
{
	const struct chunk_in *in = p->in;
	size_t words = (size_t)in->ndictionary / 64 + 1;
	uint64_t *used = arena_zalloc(p->temporary, words, sizeof(*used));
	uint32_t *before = arena_alloc(p->temporary, words * sizeof(*before));
	uint32_t *index = arena_alloc(p->temporary, ((size_t)n + 1) * sizeof(*index));
	struct slice *texts = arena_alloc(p->temporary, ((size_t)n + 1) * sizeof(*texts));
	uint32_t distinct = 0;
	for (uint32_t i = 0; i < n; i++)
		bit_set(used, codes[i]);
	for (size_t w = 0; w < words; w++) {
		before[w] = distinct;
		for (uint64_t bits = used[w]; bits; bits &= bits - 1)
			index[distinct++] = (uint32_t)(w * 64) + (uint32_t)__builtin_ctzll(bits);
	}
	for (uint32_t i = 0; i < n; i++) {
		uint64_t below = used[codes[i] / 64] & ((UINT64_C(1) << codes[i] % 64) - 1);
		codes[i] = before[codes[i] / 64] + (uint32_t)__builtin_popcountll(below);
	}
	col->ndistinct = distinct;
	return find_texts(p, in->dictionary, in->dictionary_len, in->ndictionary, index, distinct,
		       texts) ||
	       put_texts(col, texts, distinct, p->mem);
}

static int pick_coded_text(struct pick *p, struct column *col)
{
	uint32_t *dense = arena_alloc(p->temporary, ((size_t)p->present + 1) * sizeof(*dense));
	if (pick_codes(p, dense) || shrink_dictionary(p, col, dense, p->present))
		return -1;
	col->codes = arena_alloc(p->mem, (size_t)col->n * sizeof(*col->codes));
	for (uint32_t i = 0; i < col->n; i++)
		col->codes[i] = bit_get(p->nulls, i) ? CODE_NULL : *dense++;
	return 0;
}

static int pick_plain_text(struct pick *p, struct column *col)
{
	struct slice *texts = arena_alloc(p->temporary, ((size_t)p->present + 1) * sizeof(*texts));
	struct slice *all = arena_zalloc(p->temporary, (size_t)col->n + 1, sizeof(*all));
	uint32_t n = 0;
	for (uint32_t i = 0; i < p->npages; i++) {
		const struct page_pick *page = &p->pages[i];
		if (find_texts(p, page->view->values, page->view->len, page->view->present,
			    page->index, page->n, texts + n))
			return -1;
		n += page->n;
	}
	for (uint32_t i = 0; i < col->n; i++) {
		if (!bit_get(p->nulls, i))
			all[i] = *texts++;
	}
	col->plain = true;
	col->ndistinct = col->n;
	col->nulls = p->nulls;
	return put_texts(col, all, col->n, p->mem);
}

static int pick_no_text(struct pick *p, struct column *col)
{
	col->off = arena_zalloc(p->mem, 1, sizeof(*col->off));
	col->heap = arena_alloc(p->mem, 1);
	col->codes = arena_alloc(p->mem, (size_t)col->n * sizeof(*col->codes));
	memset(col->codes, 0xff, (size_t)col->n * sizeof(*col->codes));
	return p->present ? -1 : 0;
}

static int pick_text(struct pick *p, struct column *col)
{
	const struct chunk *chunk = p->in->chunk;
	if (chunk->dictionary)
		return pick_coded_text(p, col);
	return chunk->nulls < chunk->nvalues ? pick_plain_text(p, col) : pick_no_text(p, col);
}

/* ---- the other types ---- */

static int64_t int_at(const uint8_t *data, uint32_t i, enum physical physical)
{
	int64_t wide;
	int32_t narrow;
	if (physical == PHYS_INT64) {
		memcpy(&wide, data + (size_t)i * 8, 8);
		return wide;
	}
	memcpy(&narrow, data + (size_t)i * 4, 4);
	return narrow;
}

static int pick_ints_of_page(const struct pick *p, const struct page_pick *page, int64_t *to)
{
	const struct page_view *view = page->view;
	enum physical physical = p->in->layout.physical;
	if (p->in->chunk->encoding == ENC_DELTA) {
		int64_t *all = scratch_room(
			&p->in->scratch->ints, ((size_t)view->present + 1) * sizeof(*all));
		if (delta_read(view->values, view->len, all, view->present))
			return -1;
		for (uint32_t i = 0; i < page->n; i++) {
			to[i] = all[page->index[i]];
			if (physical == PHYS_INT32 && to[i] != (int32_t)to[i])
				return -1;
		}
		return 0;
	}
	if (view->len != (uint64_t)view->present * (physical == PHYS_INT64 ? 8 : 4))
		return -1;
	for (uint32_t i = 0; i < page->n; i++)
		to[i] = int_at(view->values, page->index[i], physical);
	return 0;
}

static int pick_coded_ints(const struct pick *p, int64_t *to)
{
	const struct chunk_in *in = p->in;
	uint32_t *codes = arena_alloc(p->temporary, ((size_t)p->present + 1) * sizeof(*codes));
	if (pick_codes(p, codes) ||
		in->dictionary_len !=
			(uint64_t)in->ndictionary * (in->layout.physical == PHYS_INT64 ? 8 : 4))
		return -1;
	for (uint32_t i = 0; i < p->present; i++)
		to[i] = int_at(in->dictionary, codes[i], in->layout.physical);
	return 0;
}

static int pick_ints(struct pick *p, struct column *col)
{
	int64_t *dense = arena_alloc(p->temporary, ((size_t)p->present + 1) * sizeof(*dense));
	if (p->in->chunk->dictionary) {
		if (pick_coded_ints(p, dense))
			return -1;
	} else {
		int64_t *to = dense;
		for (uint32_t i = 0; i < p->npages; to += p->pages[i].n, i++) {
			if (pick_ints_of_page(p, &p->pages[i], to))
				return -1;
		}
	}
	col->i64 = arena_alloc(p->mem, (size_t)col->n * sizeof(*col->i64));
	for (uint32_t i = 0; i < col->n; i++)
		col->i64[i] = bit_get(p->nulls, i) ? 0 : *dense++;
	return 0;
}

static int pick_bools(struct pick *p, struct column *col)
{
	uint8_t *dense = arena_alloc(p->temporary, (size_t)p->present + 1), *to = dense;
	for (uint32_t i = 0; i < p->npages; i++) {
		const struct page_pick *page = &p->pages[i];
		if (page->view->len != ((size_t)page->view->present + 7) / 8)
			return -1;
		for (uint32_t k = 0; k < page->n; k++)
			*to++ = page->view->values[page->index[k] >> 3] >> (page->index[k] & 7) & 1;
	}
	col->bools = arena_alloc(p->mem, col->n);
	for (uint32_t i = 0; i < col->n; i++)
		col->bools[i] = bit_get(p->nulls, i) ? 0 : *dense++;
	return 0;
}

static int pick_uuids(struct pick *p, struct column *col)
{
	col->uuid = arena_zalloc(p->mem, col->n, 16);
	uint32_t slot = 0;
	for (uint32_t i = 0; i < p->npages; i++) {
		const struct page_pick *page = &p->pages[i];
		if (page->view->len != (size_t)page->view->present * 16)
			return -1;
		for (uint32_t k = 0; k < page->n; k++, slot++) {
			while (bit_get(p->nulls, slot))
				slot++;
			memcpy(col->uuid[slot], page->view->values + (size_t)page->index[k] * 16,
				16);
		}
	}
	return 0;
}

static int pick_values(struct pick *p, struct column *col)
{
	if (find_values(p))
		return -1;
	if (col_is_string(p->in->type))
		return pick_text(p, col);
	col->nulls = p->nulls;
	if (p->in->type != COL_BOOL && p->in->type != COL_UUID)
		return pick_ints(p, col);
	if (p->in->chunk->dictionary)
		return -1;
	return p->in->type == COL_BOOL ? pick_bools(p, col) : pick_uuids(p, col);
}

int values_pick(struct chunk_in *in, const struct row_list *keep, struct column *col,
	struct arena *mem, struct arena *temporary, struct err *err)
{
	struct pick p = {.in = in, .keep = keep, .mem = mem, .temporary = temporary};
	*col = (struct column){.n = keep->n};
	return pick_values(&p, col) ? chunk_damaged(in, err, "its values are ill-formed") : 0;
}
