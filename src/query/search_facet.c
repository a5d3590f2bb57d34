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

/* What an entry takes: its key, its place and slots, in a map that has grown. */
static uint64_t entry_bytes(const struct map_entry *entry)
{
	return entry->key.len + 2 * sizeof(*entry) + 16;
}

/* The least count of which all entries fit into `bytes`; counts from COUNTS - 1 on are one. */
enum { COUNTS = 4096 };
static uint64_t least_count(const struct map *map, uint64_t bytes)
{
	uint64_t *by_count = xcalloc(COUNTS, sizeof(*by_count)), sum = 0, least = COUNTS;
	for (uint32_t i = 0; i < map->count; i++) {
		uint64_t count = map->entries[i].value;
		by_count[count < COUNTS ? count : COUNTS - 1] += entry_bytes(&map->entries[i]);
	}
	while (least > 0 && sum + by_count[least - 1] <= bytes)
		sum += by_count[--least];
	free(by_count);
	return least;
}

void facet_shrink(struct facet_map *facet, uint64_t bytes)
{
	if (map_bytes(&facet->values) <= bytes)
		return;
	struct map kept;
	uint64_t least = least_count(&facet->values, bytes / 2), rest = bytes / 2;
	map_init(&kept);
	/* Of those that are one too rare, as many as there is room for. */
	for (unsigned round = 0; round < 2; round++) {
		for (uint32_t i = 0; i < facet->values.count; i++) {
			const struct map_entry *entry = &facet->values.entries[i];
			if (round == 0 ? entry->value < least
				       : entry->value + 1 < least || entry->value >= least ||
						 entry_bytes(entry) > rest)
				continue;
			*map_put(&kept, entry->key, NULL) = entry->value;
			rest -= entry_bytes(entry) < rest ? entry_bytes(entry) : rest;
		}
	}
	facet->cut |= kept.count < facet->values.count;
	facet->lost += facet->values.count - kept.count;
	map_fini(&facet->values);
	facet->values = kept;
}

/* ---- the most frequent ----------------------------------------------------------------------- */

static int by_count(const void *left, const void *right)
{
	const struct map_entry *a = *(const struct map_entry *const *)left;
	const struct map_entry *b = *(const struct map_entry *const *)right;
	if (a->value != b->value)
		return a->value > b->value ? -1 : 1;
	return slice_cmp(a->key, b->key);
}

/* Lets list[i] of a heap with the rarest on top sink to its place. */
static void sink(const struct map_entry **list, uint32_t n, uint32_t i)
{
	for (uint32_t child; (child = 2 * i + 1) < n; i = child) {
		if (child + 1 < n && by_count(&list[child + 1], &list[child]) > 0)
			child++;
		if (by_count(&list[child], &list[i]) <= 0)
			return;
		const struct map_entry *entry = list[i];
		list[i] = list[child];
		list[child] = entry;
	}
}

/* The `most` entries with the greatest counts, in order; owned by the caller. */
static const struct map_entry **most_frequent(const struct map *map, uint32_t most, uint32_t *n)
{
	*n = map->count < most ? map->count : most;
	const struct map_entry **list = xmalloc((*n + 1) * sizeof(*list));
	for (uint32_t i = 0; i < *n; i++)
		list[i] = &map->entries[i];
	for (uint32_t i = *n / 2; i > 0; i--)
		sink(list, *n, i - 1);
	for (uint32_t i = *n; i < map->count && *n; i++) {
		const struct map_entry *entry = &map->entries[i];
		if (by_count(&entry, &list[0]) >= 0)
			continue;
		list[0] = entry;
		sink(list, *n, 0);
	}
	if (*n)
		qsort(list, *n, sizeof(*list), by_count);
	return list;
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
	uint64_t stamp = facet->rounds << 32 | row;
	if (facet->stamps[at] == stamp)
		return;
	facet->stamps[at] = stamp;
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
	facet->rounds++;
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

/* A quarter of the memory for all of them. */
uint64_t facet_share(const struct search *s)
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
	uint32_t most = s->request->facet_values < SEARCH_FACET_VALUES ? s->request->facet_values
								       : SEARCH_FACET_VALUES;
	uint32_t n;
	const struct map_entry **list = most_frequent(&all->values, most, &n);
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
