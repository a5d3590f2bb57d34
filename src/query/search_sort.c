/* SPDX-License-Identifier: Apache-2.0 */
/* search_sort.c: the page by a field's values: each worker keeps its best rows in a heap with the
 * worst on top. Of a list counts the value that stands first in the order asked for. */
#include <stdlib.h>

#include "query/search_private.h"

/* >0: a stands before b. Numbers before texts, nulls last in either direction; equals newest
 * first. */
static int sort_cmp(enum search_order order, const struct sort_hit *a, const struct sort_hit *b)
{
	if (a->kind != b->kind)
		return a->kind > b->kind ? 1 : -1;
	int c = 0;
	if (a->kind == SORT_NUMBER)
		c = a->number < b->number ? -1 : a->number > b->number;
	else if (a->kind == SORT_TEXT)
		c = slice_cmp(a->text, b->text);
	if (c != 0)
		return order == SEARCH_NEWEST ? c : -c;
	c = place_cmp(a->hit.place, b->hit.place);
	return c != 0 ? c : memcmp(a->hit.id, b->hit.id, 16);
}

/* ---- keys ------------------------------------------------------------------------------------ */

/* A better key of the same row: texts are in w->folded from `from` on, with `from` = SIZE_MAX where
 * there is none yet. */
struct key {
	enum sort_kind kind;
	int64_t number;
	struct slice text;
};

static bool key_better(enum search_order order, const struct key *a, const struct key *b)
{
	struct sort_hit x = {.kind = a->kind, .number = a->number, .text = a->text};
	struct sort_hit y = {.kind = b->kind, .number = b->number, .text = b->text};
	return sort_cmp(order, &x, &y) > 0;
}

/* Folds a text for comparison; the copy is in the batch's memory. */
static struct slice fold_text(struct worker *w, struct slice text)
{
	if (text.len > SEARCH_SORT_BYTES)
		text.len = SEARCH_SORT_BYTES;
	buf_clear(&w->folded);
	text_fold(&w->folded, text);
	struct slice folded = buf_view(&w->folded);
	if (folded.len > SEARCH_SORT_BYTES)
		folded.len = SEARCH_SORT_BYTES;
	return (struct slice){arena_strdup(&w->batch.mem, folded), folded.len};
}

static struct key key_of_value(
	struct worker *w, const struct match_field *field, uint32_t i, struct slice *known)
{
	enum col_type type = w->batch.shape->columns[field->column].type;
	const struct column *col = &w->batch.columns[field->column];
	struct key key = {SORT_NULL, 0, {NULL, 0}};
	if (column_is_null(col, i))
		return key;
	if (!col_is_string(type) && type != COL_UUID) {
		key.kind = SORT_NUMBER;
		key.number = type == COL_BOOL ? col->bools[i] : col->i64[i];
		return key;
	}
	uint32_t value = col->codes && !col->plain ? col->codes[i] : i;
	if (known && known[value].ptr) {
		key.kind = known[value].len == SIZE_MAX ? SORT_NULL : SORT_TEXT;
		key.text = known[value];
		return key;
	}
	buf_clear(&w->text);
	bool there = true;
	if (type == COL_JSON && field->path.len)
		there = json_path_text(column_text(col, i), field->path, &w->text);
	else if (type == COL_IP)
		buf_slice(&w->text, column_text(col, i)); /* by number, not as text */
	else
		value_text(type, col, i, &w->text);
	if (there) {
		key.kind = SORT_TEXT;
		key.text = type == COL_IP
				   ? (struct slice){arena_strdup(&w->batch.mem, buf_view(&w->text)),
					     w->text.len}
				   : fold_text(w, buf_view(&w->text));
	}
	if (known)
		known[value] = there ? key.text : (struct slice){"", SIZE_MAX};
	return key;
}

/* The row's key: the best of all values of the field. `known` has a text per distinct value, for
 * each of the field's columns. */
static struct key key_of_row(struct worker *w, uint32_t row, struct slice *const *known)
{
	const struct field *field = &w->file->shape->sort;
	struct key best = {SORT_NULL, 0, {NULL, 0}};
	for (uint32_t f = 0; f < field->n; f++) {
		int group = w->batch.shape->columns[field->list[f].column].group;
		uint32_t from = row, to = row + 1;
		if (group != NO_GROUP) {
			from = w->batch.groups[group].list_off[row];
			to = w->batch.groups[group].list_off[row + 1];
		}
		for (uint32_t i = from; i < to; i++) {
			struct key key = key_of_value(w, &field->list[f], i, known[f]);
			if (key_better(w->search->order, &key, &best))
				best = key;
		}
	}
	return best;
}

/* ---- heap ------------------------------------------------------------------------------------ */

static void swap_sorted(struct sort_hit *a, struct sort_hit *b)
{
	struct sort_hit c = *a;
	*a = *b;
	*b = c;
}

static void sink(enum search_order order, struct sort_heap *heap)
{
	size_t i = 0, child;
	while ((child = 2 * i + 1) < heap->n) {
		if (child + 1 < heap->n &&
			sort_cmp(order, &heap->hits[child + 1], &heap->hits[child]) < 0)
			child++;
		if (sort_cmp(order, &heap->hits[child], &heap->hits[i]) >= 0)
			break;
		swap_sorted(&heap->hits[i], &heap->hits[child]);
		i = child;
	}
}

static struct slice own_text(struct slice text)
{
	const char *from = text.len ? text.ptr : "";
	return (struct slice){memcpy(xmalloc(text.len), from, text.len), text.len};
}

static void free_text(struct sort_hit *hit)
{
	void *text;
	memcpy(&text, &hit->text.ptr, sizeof(text)); /* ours, though a slice is const */
	if (hit->kind == SORT_TEXT)
		free(text);
}

static void heap_add(
	enum search_order order, struct sort_heap *heap, size_t most, struct sort_hit hit)
{
	if (heap->n == most && sort_cmp(order, &hit, &heap->hits[0]) <= 0)
		return;
	if (hit.kind == SORT_TEXT)
		hit.text = own_text(hit.text);
	if (heap->n == most) {
		free_text(&heap->hits[0]);
		heap->hits[0] = hit;
		sink(order, heap);
		return;
	}
	if (heap->n == heap->cap) {
		heap->cap = heap->cap ? heap->cap * 2 : 256;
		heap->hits = xrealloc(heap->hits, heap->cap * sizeof(*heap->hits));
	}
	size_t i = heap->n++;
	heap->hits[i] = hit;
	for (; i > 0 && sort_cmp(order, &heap->hits[i], &heap->hits[(i - 1) / 2]) < 0;
		i = (i - 1) / 2)
		swap_sorted(&heap->hits[i], &heap->hits[(i - 1) / 2]);
}

void sort_heap_free(struct sort_heap *heap)
{
	for (size_t i = 0; i < heap->n; i++)
		free_text(&heap->hits[i]);
	free(heap->hits);
	*heap = (struct sort_heap){0};
}

/* ---- a row group ----------------------------------------------------------------------------- */

static int load_keys(struct worker *w, struct slice **known, struct err *err)
{
	const struct field *field = &w->file->shape->sort;
	if (work_load(w, SYS_EVENT_TIME, err) < 0 || work_load(w, SYS_EVENT_ID, err) < 0)
		return -1;
	for (uint32_t f = 0; f < field->n; f++) {
		uint32_t c = (uint32_t)field->list[f].column;
		if (work_load(w, c, err) < 0)
			return -1;
		const struct column *col = &w->batch.columns[c];
		known[f] = col->codes && !col->plain ? arena_zalloc(&w->batch.mem,
							       col->ndistinct + 1, sizeof(**known))
						     : NULL;
	}
	return 0;
}

int sort_group(struct worker *w, const uint64_t *rows, struct err *err)
{
	struct search *s = w->search;
	const struct batch *batch = &w->batch;
	const struct column *times = &batch->columns[SYS_EVENT_TIME];
	struct slice **known =
		arena_zalloc(&w->batch.mem, w->file->shape->sort.n + 1, sizeof(*known));
	if (load_keys(w, known, err) < 0)
		return -1;
	for (uint32_t row = 0; row < batch->nrows; row++) {
		if (rows && !bit_get(rows, row))
			continue;
		bool timed = !bit_get(times->nulls, row);
		struct key key = key_of_row(w, row, known);
		struct sort_hit hit = {.kind = key.kind,
			.number = key.number,
			.text = key.text,
			.hit = {.place =
					place_of(SEARCH_NEWEST, timed, timed ? times->i64[row] : 0),
				.file = w->file_index,
				.group = w->group,
				.row = row,
				.has_id = true}};
		memcpy(hit.hit.id, batch->columns[SYS_EVENT_ID].uuid[row], 16);
		heap_add(s->order, &w->sorted, s->page.most, hit);
	}
	return 0;
}

void sort_finish(struct search *s)
{
	struct sort_heap *all = &s->workers[0].sorted;
	struct page *page = &s->page;
	for (unsigned i = 1; i < s->threads; i++) {
		struct sort_heap *heap = &s->workers[i].sorted;
		for (size_t k = 0; k < heap->n; k++)
			heap_add(s->order, all, page->most, heap->hits[k]);
	}
	page->cap = all->n + 1;
	page->hits = xrealloc(page->hits, page->cap * sizeof(*page->hits));
	page->n = all->n;
	while (all->n > 0) { /* the worst first */
		page->hits[all->n - 1] = all->hits[0].hit;
		free_text(&all->hits[0]);
		all->hits[0] = all->hits[--all->n];
		sink(s->order, all);
	}
	/* Where rows stand in time, in the terms of the page. */
	for (size_t i = 0; i < page->n && s->order == SEARCH_OLDEST; i++)
		page->hits[i].place.key = page->hits[i].place.timed ? ~page->hits[i].place.key : 0;
	s->result.more = page->n >= page->most;
	if (s->result.more)
		page->n = page->most - 1;
	s->result.nrows = (uint32_t)page->n;
}
