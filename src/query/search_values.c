/* SPDX-License-Identifier: Apache-2.0 */
/* search_values.c: the values of a field, for completion: those of the newest segments that can be
 * counted in the time that a person does not notice. */
#include <stdlib.h>

#include "query/clustered.h"
#include "query/search_private.h"

/* Memory that values may take. */
#define VALUES_BYTES ((uint64_t)64 << 20)

struct listed {
	const struct schema *schema;
	char *path;
	uint64_t rows;
};

struct values {
	const struct search_tables *tables;
	struct slice field;
	int64_t since, deadline;
	struct listed *files;
	uint32_t n, cap;
	struct facet_map facet;
	struct buf counts, text;
};

static int list_file(void *ctx, const struct segment_info *info, struct err *err)
{
	(void)err;
	struct values *v = ctx;
	if (v->since != INT64_MIN && info->max_time < v->since)
		return 0;
	for (uint32_t t = 0; t < v->tables->n; t++) {
		if (strcmp(v->tables->schemas[t]->table, info->table) != 0)
			continue;
		if (v->n == v->cap) {
			v->cap = v->cap ? v->cap * 2 : 64;
			v->files = xrealloc(v->files, v->cap * sizeof(*v->files));
		}
		v->files[v->n++] =
			(struct listed){v->tables->schemas[t], xstrdup(info->path), info->rows};
	}
	return 0;
}

static void count_values(
	struct values *v, struct parquet_reader *reader, uint32_t group, const struct field *field)
{
	struct batch batch;
	struct err err;
	int rc = 0;
	parquet_begin(reader, group, &batch);
	for (uint32_t f = 0; f < field->n && rc == 0; f++)
		rc = parquet_load(reader, group, (uint32_t)field->list[f].column, PARQUET_ROWS,
			&batch, NULL, &err);
	if (rc == 0) /* what is damaged offers nothing */
		facet_count(&v->facet, field, &batch, NULL, batch.nrows, &v->counts, &v->text);
	facet_shrink(&v->facet, VALUES_BYTES);
	batch_fini(&batch);
}

static void count_file(struct values *v, const struct listed *file)
{
	struct parquet_reader *reader;
	struct err err;
	struct arena mem;
	if (slice_eq(v->field, SLICE("table"))) {
		*map_put(&v->facet.values, slice_of(file->schema->table), NULL) += file->rows;
		return;
	}
	if (parquet_open(file->path, &reader, &err) < 0)
		return;
	arena_init(&mem);
	struct field field = field_resolve(file->schema, parquet_shape(reader), v->field, &mem);
	for (uint32_t g = parquet_groups(reader); field.n && g > 0; g--) {
		if (clock_mono_us() > v->deadline)
			break;
		count_values(v, reader, g - 1, &field);
	}
	arena_fini(&mem);
	parquet_close(reader);
}

/* Puts the values that begin with the prefix in front; returns how many. */
static uint32_t keep_prefix(struct values *v, struct slice prefix)
{
	struct buf folded, wanted;
	uint32_t kept = 0;
	buf_init(&folded, SIZE_MAX / 2);
	buf_init(&wanted, SIZE_MAX / 2);
	text_fold(&wanted, prefix);
	for (uint32_t i = 0; i < v->facet.values.count; i++) {
		struct map_entry *entry = &v->facet.values.entries[i];
		buf_clear(&folded);
		text_fold(&folded, entry->key);
		if (folded.len >= wanted.len &&
			(wanted.len == 0 || memcmp(folded.ptr, wanted.ptr, wanted.len) == 0))
			v->facet.values.entries[kept++] = *entry;
	}
	buf_fini(&folded);
	buf_fini(&wanted);
	return kept;
}

static int by_count(const void *left, const void *right)
{
	const struct map_entry *a = left, *b = right;
	if (a->value != b->value)
		return a->value > b->value ? -1 : 1;
	return slice_cmp(a->key, b->key);
}

int search_values_lake(struct store *store, const struct search_tables *tables, const char *field,
	struct slice prefix, int64_t since, uint32_t max, unsigned milliseconds,
	int (*each)(void *ctx, struct slice value, uint64_t count, struct err *err), void *ctx,
	struct err *err)
{
	struct values v = {.tables = tables,
		.field = slice_of(field),
		.since = since,
		.deadline = clock_mono_us() + (int64_t)milliseconds * 1000};
	buf_init(&v.counts, SIZE_MAX / 2);
	buf_init(&v.text, SIZE_MAX / 2);
	int rc = store_segments(store, NULL, list_file, &v, err);
	for (uint32_t i = 0; i < v.n && rc == 0 && clock_mono_us() <= v.deadline; i++)
		count_file(&v, &v.files[i]);
	uint32_t n = rc == 0 ? keep_prefix(&v, prefix) : 0;
	struct map_entry *entries = v.facet.values.entries;
	if (n)
		qsort(entries, n, sizeof(*entries), by_count);
	for (uint32_t i = 0; i < n && i < max && rc == 0; i++)
		rc = each(ctx, entries[i].key, entries[i].value, err);
	for (uint32_t i = 0; i < v.n; i++)
		free(v.files[i].path);
	free(v.files);
	facet_map_fini(&v.facet);
	buf_fini(&v.counts);
	buf_fini(&v.text);
	return rc;
}

int search_values(struct store *store, const struct search_tables *tables, const char *field,
	struct slice prefix, int64_t since, uint32_t max, unsigned milliseconds,
	int (*each)(void *ctx, struct slice value, uint64_t count, struct err *err), void *ctx,
	struct err *err)
{
	int there = store_cluster_is_set(store, err);
	if (there < 0)
		return -1;
	return (there ? search_values_cluster : search_values_lake)(
		store, tables, field, prefix, since, max, milliseconds, each, ctx, err);
}
