/* SPDX-License-Identifier: Apache-2.0 */
/*
 * encode.c: a batch becomes a row group. Columns are written straight from their codes; columns
 * that share memory are encoded once and copied. Numbers of a narrow range (lengths, frames, one
 * time of receipt) get a dictionary as well: codes of few bits are made faster than zstd would
 * shrink the numbers.
 */
#include "parquet/parquet.h"
#include "parquet/private.h"

#include <stdio.h>
#include <stdlib.h>

/* Numbers are counted in a table this long to find their distinct values. */
#define DIRECT_RANGE 16384u

enum form {
	FORM_NOTHING, /* every value is null */
	FORM_CODES,   /* a dictionary, and codes */
	FORM_TEXT,    /* strings one by one, from either form of the column */
	FORM_INTS,
	FORM_DELTA,
	FORM_BITS,
	FORM_UUID
};

/* One column on its way. */
struct task {
	const struct batch *batch;
	uint32_t column;
	const struct column *col;
	const struct group *group; /* NULL for one value per row */
	struct layout layout;
	struct scratch *scratch;
	uint32_t slots, present;
	const uint64_t *valid; /* a bit per slot; NULL = all values are there */
	enum form form;
	unsigned width;        /* FORM_CODES: bits of a code */
	const uint32_t *codes; /* FORM_CODES: of present values */
	const int64_t *ints;   /* FORM_INTS, FORM_DELTA: present values */
	const uint8_t *bools;  /* FORM_BITS: present values */
};

static void die(const struct task *t, const char *what)
{
	fprintf(stderr, "pugmark: bug: column %s of %s: %s\n",
		t->batch->shape->columns[t->column].name, t->batch->shape->table, what);
	abort();
}

/* Where values are and how many; a column that was never filled is all null. */
static void find_nulls(struct task *t)
{
	bool string = col_is_string(t->batch->shape->columns[t->column].type);
	t->slots = t->group ? t->group->nelements : t->batch->nrows;
	if (t->col->n != t->slots && t->col->n != 0)
		die(t, "wrong number of values");
	if (t->slots == 0)
		return;
	if (t->col->n == 0) {
		uint64_t *none = scratch_room(&t->scratch->valid, (size_t)t->slots / 8 + 8);
		memset(none, 0, (size_t)t->slots / 8 + 8);
		t->valid = none;
	} else {
		t->valid = string && !t->col->plain
				   ? valid_of_codes(t->scratch, t->col->codes, t->slots)
				   : valid_of_nulls(t->scratch, t->col->nulls, t->slots);
	}
	t->present = t->valid ? count_valid(t->valid, t->slots) : t->slots;
	if (t->present == t->slots)
		t->valid = NULL;
	if (t->valid && t->layout.max_def == 0)
		die(t, "a required value is null");
}

static void new_page(struct task *t, size_t off, uint32_t nvalues, bool dictionary, enum encoding e)
{
	struct page_part part = {off, t->scratch->body.len - off, nvalues, dictionary, e};
	buf_append(&t->scratch->pages, &part, sizeof(part));
}

/* ---- strings ---- */

static size_t put_text(struct buf *body, struct slice s, bool fixed)
{
	uint32_t len = (uint32_t)s.len;
	char *to = buf_reserve(body, s.len + 4);
	if (!fixed) {
		memcpy(to, &len, 4);
		to += 4;
	}
	if (s.len)
		memcpy(to, s.ptr, s.len);
	body->len += s.len + (fixed ? 0 : 4);
	return s.len;
}

static void put_text_dictionary(struct task *t)
{
	const struct column *col = t->col;
	struct buf *body = &t->scratch->body;
	size_t off = body->len, room = (size_t)col->off[col->ndistinct] - col->off[0];
	bool fixed = t->layout.physical == PHYS_FIXED;
	char *to = buf_reserve(body, room + 4 * (size_t)col->ndistinct);
	for (uint32_t d = 0; d < col->ndistinct; d++) {
		uint32_t len = col->off[d + 1] - col->off[d];
		if (fixed && len != 16)
			die(t, "an address is not of 16 bytes");
		if (!fixed) {
			memcpy(to, &len, 4);
			to += 4;
		}
		if (len)
			memcpy(to, col->heap + col->off[d], len);
		to += len;
	}
	body->len = (size_t)(to - body->ptr);
	new_page(t, off, col->ndistinct, true, ENC_PLAIN);
}

static void plan_text(struct task *t, struct chunk *chunk, struct arena *mem)
{
	const struct column *col = t->col;
	stats_text(chunk, col, mem);
	size_t dictionary = (size_t)col->off[col->ndistinct] + 4 * (size_t)col->ndistinct;
	if (col->plain || dictionary > DICTIONARY_BYTES_MAX) {
		t->form = FORM_TEXT;
		return;
	}
	t->form = FORM_CODES;
	t->width = col->ndistinct > 1 ? bits_for(col->ndistinct - 1) : 1;
	t->codes = dense_codes(t->scratch, col->codes, t->valid, t->slots);
	put_text_dictionary(t);
}

/* ---- numbers ---- */

static void put_ints(struct buf *body, const int64_t *ints, size_t n, enum physical physical)
{
	if (physical == PHYS_INT64) {
		buf_append(body, ints, n * 8);
		return;
	}
	char *to = buf_reserve(body, n * 4);
	for (size_t i = 0; i < n; i++) {
		int32_t v = (int32_t)ints[i];
		memcpy(to + 4 * i, &v, 4);
	}
	body->len += n * 4;
}

/* Codes in order of first appearance, by a table over the range. false where too many values are
 * distinct for codes to be shorter. */
static bool code_ints(struct task *t, int64_t min, uint64_t range)
{
	uint32_t *table = scratch_room(&t->scratch->table, ((size_t)range + 1) * sizeof(*table));
	uint32_t *codes = scratch_room(&t->scratch->codes, (size_t)t->present * sizeof(*codes));
	int64_t *values = scratch_room(&t->scratch->levels, ((size_t)range + 1) * sizeof(*values));
	memset(table, 0xff, ((size_t)range + 1) * sizeof(*table));
	uint32_t n = 0;
	for (uint32_t i = 0; i < t->present; i++) {
		uint32_t *slot = &table[t->ints[i] - min];
		if (*slot == UINT32_MAX) {
			values[n] = t->ints[i];
			*slot = n++;
		}
		codes[i] = *slot;
	}
	if (n > 1 && n > t->present / 4)
		return false;
	size_t off = t->scratch->body.len;
	put_ints(&t->scratch->body, values, n, t->layout.physical);
	new_page(t, off, n, true, ENC_PLAIN);
	t->form = FORM_CODES;
	t->width = n > 1 ? bits_for(n - 1) : 1;
	t->codes = codes;
	return true;
}

/* Whether differences take at most three quarters of the plain numbers' room. Tried on the column as
 * a whole: what holds for it need not hold for a part, so it must be one page. */
static bool deltas_are_short(struct task *t)
{
	size_t plain = (size_t)t->present * (t->layout.physical == PHYS_INT64 ? 8 : 4);
	struct buf *body = &t->scratch->body;
	size_t was = body->len;
	bool is_short =
		t->slots <= PAGE_SLOTS && delta_write(body, t->ints, t->present, plain / 4 * 3);
	body->len = was;
	return is_short;
}

static void plan_ints(struct task *t, struct chunk *chunk, struct arena *mem)
{
	t->ints = dense_ints(t->scratch, t->col->i64, t->valid, t->slots);
	int64_t min = t->ints[0], max = t->ints[0];
	for (uint32_t i = 1; i < t->present; i++) {
		min = t->ints[i] < min ? t->ints[i] : min;
		max = t->ints[i] > max ? t->ints[i] : max;
	}
	bool narrow = t->layout.physical == PHYS_INT32;
	if (narrow && (min < INT32_MIN || max > INT32_MAX))
		die(t, "a value does not fit in 32 bits");
	stats_ints(chunk, min, max, narrow ? 4 : 8, mem);
	uint64_t range = (uint64_t)max - (uint64_t)min;
	if (range < DIRECT_RANGE && code_ints(t, min, range))
		return;
	t->form = deltas_are_short(t) ? FORM_DELTA : FORM_INTS;
}

/* ---- booleans and ids ---- */

static void plan_bools(struct task *t, struct chunk *chunk, struct arena *mem)
{
	t->bools = dense_bools(t->scratch, t->col->bools, t->valid, t->slots);
	bool any = memchr(t->bools, 1, t->present), all = !memchr(t->bools, 0, t->present);
	stats_ints(chunk, all, any, 1, mem);
	t->form = FORM_BITS;
}

static void put_uuids(struct task *t, const struct page_range *range)
{
	struct buf *body = &t->scratch->body;
	uint32_t n = range->slot_end - range->slot;
	if (!t->valid) {
		buf_append(body, t->col->uuid + range->slot, (size_t)n * 16);
		return;
	}
	for (uint32_t i = range->slot; i < range->slot_end; i++) {
		if (bit_get(t->valid, i))
			buf_append(body, t->col->uuid[i], 16);
	}
}

/* ---- pages ---- */

static size_t text_size(const struct task *t, uint32_t slot)
{
	return column_is_null(t->col, slot) ? 0 : 4 + column_text(t->col, slot).len;
}

/* Whether the column is cut by rows: lists always, other columns where a page is worth stepping
 * over. Differences are not, see deltas_are_short. */
static bool is_cut(const struct task *t)
{
	if (t->form == FORM_DELTA)
		return false;
	if (t->group)
		return true;
	return t->form == FORM_TEXT || t->form == FORM_INTS || t->form == FORM_UUID ||
	       (t->form == FORM_CODES && t->width >= 4);
}

/* A page ends where its rows are full, or with the row that makes it large enough. */
static struct page_range next_range(const struct task *t, uint32_t row, uint32_t slot)
{
	uint32_t nrows = t->batch->nrows, end = nrows;
	if (is_cut(t) && nrows) {
		uint32_t most = rows_of_page(nrows, parquet_page_rows);
		end = nrows - row > most - row % most ? row + most - row % most : nrows;
	}
	struct page_range range = {row, end, slot, end};
	if (t->group)
		range.slot_end = t->group->list_off ? t->group->list_off[end] : 0;
	if (t->form != FORM_TEXT && range.slot_end - slot <= PAGE_SLOTS)
		return range;
	size_t bytes = 0;
	uint32_t at = slot, r = row;
	while (r < end && bytes < PAGE_BYTES && at - slot < PAGE_SLOTS) {
		r++;
		uint32_t slot_end = t->group ? t->group->list_off[r] : r;
		for (; at < slot_end; at++)
			bytes += t->form == FORM_TEXT ? text_size(t, at) : 0;
	}
	range.row_end = r;
	range.slot_end = at;
	return range;
}

static uint32_t present_in(const struct task *t, const struct page_range *range)
{
	if (range->slot == 0 && range->slot_end == t->slots)
		return t->present;
	return bits_count(t->valid, range->slot, range->slot_end);
}

/* `first` is the number of present values before this page's. */
static void put_values(struct task *t, const struct page_range *range, uint32_t first, uint32_t n)
{
	struct buf *body = &t->scratch->body;
	bool fixed = t->layout.physical == PHYS_FIXED;
	switch (t->form) {
	case FORM_NOTHING:
		break;
	case FORM_CODES:
		buf_push(body, (char)t->width);
		hybrid_write(body, t->codes + first, n, t->width);
		break;
	case FORM_TEXT:
		for (uint32_t i = range->slot; i < range->slot_end; i++) {
			if (column_is_null(t->col, i))
				continue;
			size_t len = put_text(body, column_text(t->col, i), fixed);
			if (fixed && len != 16)
				die(t, "an address is not of 16 bytes");
		}
		break;
	case FORM_INTS:
		put_ints(body, t->ints + first, n, t->layout.physical);
		break;
	case FORM_DELTA:
		if (!delta_write(body, t->ints + first, n, SIZE_MAX))
			die(t, "a difference is too wide");
		break;
	case FORM_BITS:
		put_bools(body, t->bools + first, n);
		break;
	case FORM_UUID:
		put_uuids(t, range);
		break;
	}
}

static void put_pages(struct task *t, struct chunk *chunk)
{
	chunk->encoding = t->form == FORM_CODES   ? ENC_RLE_DICTIONARY
			  : t->form == FORM_DELTA ? ENC_DELTA
						  : ENC_PLAIN;
	struct page_range range = {0, 0, 0, 0};
	uint32_t first = 0;
	do {
		range = next_range(t, range.row_end, range.slot_end);
		size_t off = t->scratch->body.len;
		uint32_t levels = range.slot_end - range.slot;
		if (t->group)
			levels =
				levels_put_list(t->scratch, t->group, &t->layout, t->valid, &range);
		else if (t->layout.max_def)
			levels = levels_put_flat(t->scratch, t->valid, &range);
		uint32_t n = present_in(t, &range);
		put_values(t, &range, first, n);
		new_page(t, off, levels, false, chunk->encoding);
		first += n;
	} while (range.row_end < t->batch->nrows);
}

static void plan(struct task *t, struct chunk *chunk, struct arena *mem)
{
	find_nulls(t);
	if (t->present == 0) {
		t->form = FORM_NOTHING;
		return;
	}
	switch (t->layout.physical) {
	case PHYS_INT32:
	case PHYS_INT64:
		plan_ints(t, chunk, mem);
		break;
	case PHYS_BOOLEAN:
		plan_bools(t, chunk, mem);
		break;
	case PHYS_BYTE_ARRAY:
		plan_text(t, chunk, mem);
		break;
	case PHYS_FIXED:
		if (t->batch->shape->columns[t->column].type == COL_IP) {
			plan_text(t, chunk, mem);
			break;
		}
		stats_uuid(chunk, t->col->uuid, t->valid, t->slots, mem);
		t->form = FORM_UUID;
		break;
	}
}

static void encode_column(const struct batch *batch, uint32_t c, int level, struct scratch *scratch,
	struct parquet_group *out)
{
	int group = batch->shape->columns[c].group;
	struct task t = {.batch = batch,
		.column = c,
		.col = &batch->columns[c],
		.group = group == NO_GROUP ? NULL : &batch->groups[group],
		.layout = column_layout(batch->shape, c),
		.scratch = scratch};
	struct chunk *chunk = &out->chunks[c];
	buf_clear(&scratch->body);
	buf_clear(&scratch->pages);
	plan(&t, chunk, &out->mem);
	put_pages(&t, chunk);
	pages_emit(scratch, level, &out->bytes, chunk);
	chunk->nulls = chunk->nvalues - t.present;
	if (chunk->nvalues > CHUNK_VALUES_MAX)
		die(&t, "too many elements");
}

/* The chunk of a column that has the same memory and the same levels as an earlier one. */
static bool copy_chunk(const struct batch *batch, uint32_t c, struct parquet_group *out)
{
	uint32_t alike = batch_first_alike(batch, c);
	if (alike == c || column_layout(batch->shape, alike).max_def !=
				  column_layout(batch->shape, c).max_def)
		return false;
	struct chunk *from = &out->chunks[alike];
	out->chunks[c] = *from;
	out->chunks[c].offset = out->bytes.len;
	char *to = buf_reserve(&out->bytes, from->bytes);
	memcpy(to, out->bytes.ptr + from->offset, from->bytes);
	out->bytes.len += from->bytes;
	return true;
}

struct parquet_group *parquet_encode(const struct batch *batch, int level)
{
	struct scratch *scratch = scratch_get();
	struct parquet_group *group = xcalloc(1, sizeof(*group));
	if (batch->nrows > LIMIT_BATCH_ROWS)
		abort();
	arena_init(&group->mem);
	buf_init(&group->bytes, SIZE_MAX / 4);
	group->nrows = batch->nrows;
	group->ncolumns = batch->shape->ncolumns;
	group->chunks = arena_zalloc(&group->mem, group->ncolumns, sizeof(*group->chunks));
	scratch->ncaches = 0;
	for (uint32_t c = 0; c < group->ncolumns; c++) {
		if (!copy_chunk(batch, c, group))
			encode_column(batch, c, level, scratch, group);
	}
	scratch_trim(scratch);
	return group;
}

void parquet_group_free(struct parquet_group *group)
{
	if (!group)
		return;
	buf_fini(&group->bytes);
	arena_fini(&group->mem);
	free(group);
}

size_t parquet_group_bytes(const struct parquet_group *group)
{
	return group->bytes.len;
}
