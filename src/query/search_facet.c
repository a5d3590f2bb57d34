/* SPDX-License-Identifier: Apache-2.0 */
/*
 * search_facet.c: how often each value of a field occurs among the matches. Codes are counted, not
 * texts: of a row group only its distinct values are looked up in the worker's map. An event that
 * has a value several times in a list counts once for it.
 */
#include <stdlib.h>

#include "query/search_private.h"

void facet_map_fini(struct facet_map *facet)
{
	map_fini(&facet->values);
	free(facet->stamps);
	*facet = (struct facet_map){0};
}

static uint64_t map_bytes(const struct map *map)
{
	return map->keys.used + (uint64_t)map->cap * (sizeof(struct map_entry) + 8);
}

static int by_count(const void *left, const void *right)
{
	const struct map_entry *a = *(const struct map_entry *const *)left;
	const struct map_entry *b = *(const struct map_entry *const *)right;
	if (a->value != b->value)
		return a->value > b->value ? -1 : 1;
	return slice_cmp(a->key, b->key);
}

/* The entries with the greatest counts first; owned by the caller. */
static const struct map_entry **sorted_entries(const struct map *map)
{
	const struct map_entry **list = xmalloc((map->count + 1) * sizeof(*list));
	for (uint32_t i = 0; i < map->count; i++)
		list[i] = &map->entries[i];
	if (map->count)
		qsort(list, map->count, sizeof(*list), by_count);
	return list;
}

void facet_shrink(struct facet_map *facet, uint64_t bytes)
{
	if (map_bytes(&facet->values) <= bytes)
		return;
	struct map kept;
	const struct map_entry **list = sorted_entries(&facet->values);
	uint32_t n = 0;
	uint64_t keys = 0;
	map_init(&kept);
	for (; n < facet->values.count; n++) {
		keys += list[n]->key.len + 96; /* a key with its entry and slots */
		if (keys > bytes / 2)
			break;
		*map_put(&kept, list[n]->key, NULL) = list[n]->value;
	}
	facet->cut |= n < facet->values.count;
	facet->lost += facet->values.count - n;
	free(list);
	map_fini(&facet->values);
	facet->values = kept;
}

/* ---- counting codes -------------------------------------------------------------------------- */

static uint32_t *counters(struct buf *buf, uint32_t n)
{
	buf_clear(buf);
	uint32_t *counts = (uint32_t *)(void *)buf_reserve(buf, (size_t)n * sizeof(*counts));
	memset(counts, 0, (size_t)n * sizeof(*counts));
	return counts;
}

static void add_counts(struct facet_map *facet, const struct column *col, const uint32_t *counts)
{
	for (uint32_t d = 0; d < col->ndistinct; d++) {
		if (counts[d] == 0)
			continue;
		struct slice value = {col->heap + col->off[d], col->off[d + 1] - col->off[d]};
		*map_put(&facet->values, value, NULL) += counts[d];
		facet->hits += counts[d];
	}
}

/* Two rows at a time go into two sets of counters: a common value would else wait for itself. Nulls
 * (the greatest code) are counted in front, at 0. */
static void count_all_codes(
	struct facet_map *facet, const struct column *col, uint32_t n, struct buf *room)
{
	uint32_t width = col->ndistinct + 1, row = 0;
	uint32_t *even = counters(room, 2 * width), *odd = even + width;
	for (; row + 1 < n; row += 2) {
		even[col->codes[row] + 1]++;
		odd[col->codes[row + 1] + 1]++;
	}
	if (row < n)
		even[col->codes[row] + 1]++;
	for (uint32_t d = 0; d < width; d++)
		even[d] += odd[d];
	facet->nulls += even[0];
	add_counts(facet, col, even + 1);
}

static void count_codes(struct facet_map *facet, const struct column *col, uint32_t n,
	const uint64_t *rows, struct buf *room)
{
	uint32_t *counts = counters(room, col->ndistinct + 1);
	for (uint32_t base = 0; base < n; base += 64) {
		for (uint64_t word = rows[base >> 6]; word; word &= word - 1)
			counts[col->codes[base + (uint32_t)__builtin_ctzll(word)] + 1]++;
	}
	facet->nulls += counts[0];
	add_counts(facet, col, counts + 1);
}

/* `seen` holds, per code, the last row that had it, + 1. */
static void count_list_codes(struct facet_map *facet, const struct column *col,
	const struct group *list, uint32_t n, const uint64_t *rows, struct buf *room)
{
	uint32_t *counts = counters(room, 2 * col->ndistinct + 2);
	uint32_t *seen = counts + col->ndistinct + 1;
	for (uint32_t row = 0; row < n; row++) {
		bool some = false;
		if (rows && !bit_get(rows, row))
			continue;
		for (uint32_t e = list->list_off[row]; e < list->list_off[row + 1]; e++) {
			uint32_t code = col->codes[e];
			if (code == CODE_NULL)
				continue;
			some = true;
			counts[code] += seen[code] != row + 1;
			seen[code] = row + 1;
		}
		facet->nulls += !some;
	}
	add_counts(facet, col, counts);
}

/* ---- counting anything ----------------------------------------------------------------------- */

/* Counts a text for a row, once. */
static void count_text(struct facet_map *facet, struct slice text, uint32_t row)
{
	uint64_t *count = map_put(&facet->values, text, NULL);
	size_t at = (size_t)((struct map_entry *)(void *)((char *)count -
							  offsetof(struct map_entry, value)) -
			     facet->values.entries);
	if (at >= facet->nstamps) {
		uint32_t n = facet->values.cap;
		facet->stamps = xrealloc(facet->stamps, n * sizeof(*facet->stamps));
		memset(facet->stamps + facet->nstamps, 0,
			(n - facet->nstamps) * sizeof(*facet->stamps));
		facet->nstamps = n;
	}
	if (facet->stamps[at] == row + UINT64_C(1))
		return;
	facet->stamps[at] = row + UINT64_C(1);
	++*count;
	facet->hits++;
}

static bool count_value(struct facet_map *facet, const struct match_field *field,
	const struct batch *batch, uint32_t i, uint32_t row, struct buf *text)
{
	enum col_type type = batch->shape->columns[field->column].type;
	const struct column *col = &batch->columns[field->column];
	if (column_is_null(col, i))
		return false;
	buf_clear(text);
	if (field->path.len && type == COL_JSON) {
		if (!json_path_text(column_text(col, i), field->path, text))
			return false;
	} else if (type == COL_STRING || type == COL_JSON) {
		count_text(facet, column_text(col, i), row);
		return true;
	} else {
		value_text(type, col, i, text);
	}
	count_text(facet, buf_view(text), row);
	return true;
}

static bool count_row(struct facet_map *facet, const struct match_field *field,
	const struct batch *batch, uint32_t row, struct buf *text)
{
	int group = batch->shape->columns[field->column].group;
	bool some = false;
	if (group == NO_GROUP)
		return count_value(facet, field, batch, row, row, text);
	const struct group *list = &batch->groups[group];
	for (uint32_t e = list->list_off[row]; e < list->list_off[row + 1]; e++)
		some |= count_value(facet, field, batch, e, row, text);
	return some;
}

static void count_rows(struct facet_map *facet, const struct field *field,
	const struct batch *batch, const uint64_t *rows, struct buf *text)
{
	if (facet->nstamps)
		memset(facet->stamps, 0, facet->nstamps * sizeof(*facet->stamps));
	for (uint32_t row = 0; row < batch->nrows; row++) {
		bool some = false;
		if (rows && !bit_get(rows, row))
			continue;
		for (uint32_t f = 0; f < field->n; f++)
			some |= count_row(facet, &field->list[f], batch, row, text);
		facet->nulls += !some;
	}
}

void facet_count(struct facet_map *facet, const struct field *field, const struct batch *batch,
	const uint64_t *rows, uint32_t count, struct buf *counts, struct buf *text)
{
	if (field->n == 0) {
		facet->nulls += count;
		return;
	}
	const struct match_field *only = &field->list[0];
	const struct column_shape *shape = &batch->shape->columns[only->column];
	const struct column *col = &batch->columns[only->column];
	bool codes = field->n == 1 && only->path.len == 0 && shape->type != COL_IP &&
		     col_is_string(shape->type) && !col->plain && col->codes;
	if (!codes)
		count_rows(facet, field, batch, rows, text);
	else if (shape->group != NO_GROUP)
		count_list_codes(
			facet, col, &batch->groups[shape->group], batch->nrows, rows, counts);
	else if (rows)
		count_codes(facet, col, batch->nrows, rows, counts);
	else
		count_all_codes(facet, col, batch->nrows, counts);
}

/* ---- a search's facets ----------------------------------------------------------------------- */

static bool is_table(const char *field)
{
	return strcmp(field, "table") == 0;
}

int facet_load(struct worker *w, struct err *err)
{
	const struct search_request *request = w->search->request;
	for (uint32_t f = 0; f < request->nfacets; f++) {
		const struct field *field = &w->file->shape->facets[f];
		for (uint32_t i = 0; i < field->n && !is_table(request->facets[f]); i++) {
			if (work_load(w, (uint32_t)field->list[i].column, err) < 0)
				return -1;
		}
	}
	return 0;
}

/* What one worker's values of one facet may take: a quarter of the memory for all of them. */
static uint64_t facet_share(const struct search *s)
{
	return s->request->memory / 4 / s->threads / s->request->nfacets;
}

void facet_group(struct worker *w, const uint64_t *rows, uint32_t count)
{
	const struct search *s = w->search;
	for (uint32_t f = 0; f < s->request->nfacets; f++) {
		struct facet_map *facet = &w->facets[f];
		if (is_table(s->request->facets[f]))
			continue;
		facet_count(facet, &w->file->shape->facets[f], &w->batch, rows, count, &w->counts,
			&w->text);
		facet_shrink(facet, facet_share(s));
	}
}

/* All workers' values in the first one's map. */
static struct facet_map *merge(struct search *s, uint32_t f)
{
	struct facet_map *all = &s->workers[0].facets[f];
	if (is_table(s->request->facets[f])) {
		for (uint32_t t = 0; t < s->request->tables->n; t++) {
			uint64_t count = 0;
			for (unsigned i = 0; i < s->threads; i++)
				count += s->workers[i].tables[t];
			struct slice table = slice_of(s->tables[t].schema->table);
			if (count)
				*map_put(&all->values, table, NULL) += count;
			all->hits += count;
		}
		return all;
	}
	for (unsigned i = 1; i < s->threads; i++) {
		struct facet_map *facet = &s->workers[i].facets[f];
		for (uint32_t k = 0; k < facet->values.count; k++) {
			const struct map_entry *entry = &facet->values.entries[k];
			*map_put(&all->values, entry->key, NULL) += entry->value;
		}
		all->nulls += facet->nulls;
		all->hits += facet->hits;
		all->cut |= facet->cut;
		all->lost = facet->lost > all->lost ? facet->lost : all->lost;
	}
	return all;
}

static void facet_result(struct search *s, uint32_t f, struct search_facet *out)
{
	const struct facet_map *all = merge(s, f);
	const struct map_entry **list = sorted_entries(&all->values);
	uint32_t most = s->request->facet_values < SEARCH_FACET_VALUES ? s->request->facet_values
								       : SEARCH_FACET_VALUES;
	uint32_t n = all->values.count < most ? all->values.count : most;
	struct search_facet_value *values = arena_zalloc(&s->mem, n + 1, sizeof(*values));
	*out = (struct search_facet){
		.field = s->request->facets[f],
		.distinct = all->values.count + all->lost,
		.others = all->hits,
		.cut = all->cut,
		.values = values,
	};
	bool null_due = all->nulls > 0; /* has its own place, beside the n */
	uint32_t i = 0;
	while (i < n || null_due) {
		struct search_facet_value *value = &values[out->n++];
		if (null_due && (i == n || list[i]->value < all->nulls)) {
			*value = (struct search_facet_value){.null = true, .count = all->nulls};
			null_due = false;
			continue;
		}
		char *copy = arena_strdup(&s->mem, list[i]->key);
		value->value = (struct slice){copy, list[i]->key.len};
		value->count = list[i]->value;
		out->others -= value->count;
		i++;
	}
	free(list);
}

void facet_finish(struct search *s)
{
	uint32_t n = s->request->nfacets;
	struct search_facet *facets = arena_zalloc(&s->mem, n + 1, sizeof(*facets));
	for (uint32_t f = 0; f < n; f++)
		facet_result(s, f, &facets[f]);
	s->result.nfacets = n;
	s->result.facets = facets;
}
