/* SPDX-License-Identifier: Apache-2.0 */
/*
 * search_rows.c: the page's rows with the columns that are wanted. Rows of one row group are read
 * together, row groups by several threads, and handed out in the order of the page.
 */
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "query/search_private.h"

/* Rows that are in memory at once. */
enum { ROWS_AT_ONCE = 1024 };

/* The rows of one row group. */
struct part {
	struct search_file *file;
	const bool *want;
	uint32_t group, n;
	uint32_t *keep;
	struct batch batch;
	bool begun, read;
};

/* Where a row of the page is. */
struct row_place {
	uint32_t part, row;
};

struct reading {
	struct search *s;
	struct part *parts;
	uint32_t nparts;
	struct row_place *places; /* by place in the page */
	const struct hit *hits;
	uint32_t n;
	struct arena mem;
	atomic_uint next;
};

/* ---- what to read ---------------------------------------------------------------------------- */

struct wanted {
	const struct search_shape *shape;
	const bool *want;
};

void rows_want(const struct schema *schema, const struct batch_shape *shape,
	const char *const *fields, uint32_t nfields, bool *want)
{
	struct arena mem = {0};
	want[SYS_EVENT_ID] = want[SYS_EVENT_TIME] = true;
	for (uint32_t f = 0; f < nfields; f++) {
		struct field field = field_resolve(schema, shape, slice_of(fields[f]), &mem);
		for (uint32_t i = 0; i < field.n; i++)
			want[field.list[i].column] = true;
		/* `target` is looked for in all targets, and shown as the column itself. */
		if (strcasecmp(fields[f], "target") == 0)
			want[SYS_TARGET] = true;
	}
	arena_fini(&mem);
}

static const bool *want_of(struct reading *r, const struct search_shape *shape,
	const char *const *fields, uint32_t nfields)
{
	bool *want = arena_zalloc(&r->mem, shape->shape.ncolumns + 1, sizeof(*want));
	rows_want(r->s->tables[shape->table].schema, &shape->shape, fields, nfields, want);
	return want;
}

struct by_group {
	uint32_t file, group, row, index;
};

static int by_group_and_row(const void *left, const void *right)
{
	const struct by_group *a = left, *b = right;
	if (a->file != b->file)
		return a->file < b->file ? -1 : 1;
	if (a->group != b->group)
		return a->group < b->group ? -1 : 1;
	return a->row < b->row ? -1 : a->row > b->row;
}

static struct part *next_part(struct reading *r, const struct by_group *first, uint32_t most)
{
	struct part *part = &r->parts[r->nparts++];
	part->file = &r->s->files[first->file];
	part->group = first->group;
	part->keep = arena_alloc(&r->mem, most * sizeof(*part->keep));
	return part;
}

static void make_parts(struct reading *r, const char *const *fields, uint32_t nfields)
{
	struct by_group *list = arena_alloc(&r->mem, (r->n + 1) * sizeof(*list));
	for (uint32_t i = 0; i < r->n; i++)
		list[i] = (struct by_group){r->hits[i].file, r->hits[i].group, r->hits[i].row, i};
	qsort(list, r->n, sizeof(*list), by_group_and_row);
	r->parts = arena_zalloc(&r->mem, r->n + 1, sizeof(*r->parts));
	r->places = arena_zalloc(&r->mem, r->n + 1, sizeof(*r->places));
	struct part *part = NULL;
	for (uint32_t i = 0; i < r->n; i++) {
		if (i == 0 || list[i].file != list[i - 1].file ||
			list[i].group != list[i - 1].group)
			part = next_part(r, &list[i], r->n - i);
		r->places[list[i].index] = (struct row_place){r->nparts - 1, part->n};
		part->keep[part->n++] = list[i].row;
	}
	for (uint32_t i = 0; fields && i < r->nparts; i++) {
		part = &r->parts[i];
		for (uint32_t k = 0; k < i && !part->want; k++) {
			if (r->parts[k].file->shape == part->file->shape)
				part->want = r->parts[k].want;
		}
		if (!part->want)
			part->want = want_of(r, part->file->shape, fields, nfields);
	}
}

/* ---- reading --------------------------------------------------------------------------------- */

static void read_part(struct search *s, struct part *part)
{
	struct err err = {0};
	struct parquet_reader *reader = part->file->reader;
	if (!reader && file_open(part->file, &reader, &err) < 0) {
		search_problem(s, part->file, err.text);
		return;
	}
	part->begun = true;
	if (parquet_read_rows(
		    reader, part->group, part->want, part->keep, part->n, &part->batch, &err) == 0)
		part->read = true;
	else
		search_problem(s, part->file, err.text);
	part->batch.shape = &part->file->shape->shape; /* which outlives the reader */
	if (reader != part->file->reader)
		parquet_close(reader);
}

static void *read_parts(void *ctx)
{
	struct reading *r = ctx;
	uint32_t i;
	while ((i = atomic_fetch_add(&r->next, 1)) < r->nparts)
		read_part(r->s, &r->parts[i]);
	return NULL;
}

static void read_all(struct reading *r)
{
	pthread_t threads[SEARCH_THREADS];
	unsigned n = 0;
	while (n + 1 < r->s->threads && n + 1 < r->nparts &&
		pthread_create(&threads[n], NULL, read_parts, r) == 0)
		n++;
	read_parts(r);
	while (n > 0)
		pthread_join(threads[--n], NULL);
}

/* ---- handing out ----------------------------------------------------------------------------- */

void rows_fill(const struct schema *schema, const struct batch *batch, uint32_t at,
	const struct match_program *program, char source[128], struct search_row *row)
{
	const struct column *columns = batch->columns;
	const struct column *times = &columns[SYS_EVENT_TIME];
	*row = (struct search_row){
		.schema = schema,
		.batch = batch,
		.row = at,
		.program = program,
	};
	row->cursor.no_time = column_is_null(times, at);
	row->cursor.time = row->cursor.no_time ? 0 : times->i64[at];
	memcpy(row->cursor.id, columns[SYS_EVENT_ID].uuid[at], 16);
	if (columns[SYS_SOURCE].n && !column_is_null(&columns[SYS_SOURCE], at)) {
		snprintf(source, 128, "%.*s", SLICE_ARG(column_text(&columns[SYS_SOURCE], at)));
		row->source = source;
	}
}

static int hand_out(struct reading *r,
	int (*each)(void *ctx, const struct search_row *row, struct err *err), void *ctx,
	struct err *err)
{
	int rc = 0;
	for (uint32_t i = 0; i < r->n && rc == 0; i++) {
		const struct part *part = &r->parts[r->places[i].part];
		struct search_row row;
		char source[128];
		if (!part->read)
			continue;
		rows_fill(r->s->tables[part->file->table].schema, &part->batch, r->places[i].row,
			part->file->shape->program, source, &row);
		rc = each(ctx, &row, err);
	}
	return rc;
}

static int rows_of(struct search *s, const struct hit *hits, uint32_t n, const char *const *fields,
	uint32_t nfields, int (*each)(void *ctx, const struct search_row *row, struct err *err),
	void *ctx, struct err *err)
{
	struct reading r = {.s = s, .hits = hits, .n = n};
	if (s->clustered)
		return clustered_rows(s, hits, n, fields, nfields, each, ctx, err);
	arena_init(&r.mem);
	atomic_init(&r.next, 0);
	make_parts(&r, fields, nfields);
	read_all(&r);
	int rc = hand_out(&r, each, ctx, err);
	for (uint32_t i = 0; i < r.nparts; i++) {
		if (r.parts[i].begun)
			batch_fini(&r.parts[i].batch);
	}
	arena_fini(&r.mem);
	return rc;
}

/* Hits [at, end) that are read together. Those of one id stay so: two collectors may have sent an event to the cluster, and each of its rows
 * is one hit's. */
static uint32_t read_together(const struct search *s, uint32_t at, uint32_t end)
{
	const struct hit *hits = s->page.hits;
	uint32_t n = end - at < ROWS_AT_ONCE ? end - at : ROWS_AT_ONCE;
	while (s->clustered && at + n < end &&
		memcmp(hits[at + n].id, hits[at + n - 1].id, 16) == 0)
		n++;
	return n;
}

int search_rows(struct search *search, uint32_t first, uint32_t n, const char *const *fields,
	uint32_t nfields, int (*each)(void *ctx, const struct search_row *row, struct err *err),
	void *ctx, struct err *err)
{
	int64_t begin = clock_mono_us();
	struct search_result *result = &search->result;
	int rc = 0;
	uint32_t end =
		result->nrows < first || result->nrows - first < n ? result->nrows : first + n;
	for (uint32_t i = first; i < end && rc == 0;) {
		uint32_t some = read_together(search, i, end);
		rc = rows_of(search, search->page.hits + i, some, fields, nfields, each, ctx, err);
		i += some;
	}
	result->problems = search->problems;
	result->nproblems = search->nproblems;
	result->explain.page_us += clock_mono_us() - begin;
	return rc;
}
