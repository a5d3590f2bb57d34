/* SPDX-License-Identifier: Apache-2.0 */
/* search_cluster_rows.c: the page's rows with the columns that are wanted, by their times and ids. */
#include <stdio.h>
#include <stdlib.h>

#include "query/search_private.h"

struct placed {
	const struct hit *hit;
	const struct batch *batch; /* NULL: has not come */
	uint32_t row;
};
/* Those of one table. */
struct table_rows {
	struct placed **by_id;
	uint32_t n;
	struct batch **batches;
	uint32_t nbatches;
};
struct fetching {
	struct search *s;
	struct placed *rows; /* of the page */
	uint32_t n;
	struct table_rows *tables;
	const char *const *fields;
	uint32_t nfields;
};

static int by_id(const void *left, const void *right)
{
	const struct placed *a = *(struct placed *const *)left, *b = *(struct placed *const *)right;
	return memcmp(a->hit->id, b->hit->id, 16);
}

/* The first that waits for that id. */
static struct placed *find(const struct table_rows *of, const uint8_t id[16])
{
	uint32_t low = 0, high = of->n;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		if (memcmp(of->by_id[middle]->hit->id, id, 16) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < of->n && memcmp(of->by_id[low]->hit->id, id, 16) == 0; low++)
		if (!of->by_id[low]->batch)
			return of->by_id[low];
	return NULL;
}

/* Keeps the block. */
static int take_block(struct worker *w, void *ctx, struct err *err)
{
	struct table_rows *of = ctx;
	struct batch *batch = xmalloc(sizeof(*batch));
	(void)err;
	*batch = w->batch;
	batch_init(&w->batch, batch->shape);
	of->batches = xrealloc(of->batches, (of->nbatches + 1) * sizeof(struct batch *));
	of->batches[of->nbatches++] = batch;
	for (uint32_t r = 0; r < batch->nrows; r++) {
		struct placed *placed = find(of, batch->columns[SYS_EVENT_ID].uuid[r]);
		if (!placed)
			continue;
		placed->batch = batch;
		placed->row = r;
	}
	return 0;
}

static void put_where(const struct search *s, const struct table_rows *of, struct buf *where)
{
	struct sql_events events = {0};
	for (uint32_t i = 0; i < of->n; i++) {
		const struct place *place = &of->by_id[i]->hit->place;
		int64_t time = !place->timed               ? CLUSTER_NO_TIME
			       : s->order == SEARCH_NEWEST ? place->key
							   : ~place->key;
		sql_events_add(&events, of->by_id[i]->hit->id, time);
	}
	sql_events_put(&events, where);
}

/* A job: all rows of one table. */
static int fetch_table(struct worker *w, uint32_t t, void *ctx, struct err *err)
{
	struct fetching *f = ctx;
	struct search *s = f->s;
	struct table_rows *of = &f->tables[t];
	const struct batch_shape *shape;
	bool want[LIMIT_COLUMNS + SYS_COLUMNS] = {0};
	struct buf where;
	if (!of->n)
		return 0;
	qsort(of->by_id, of->n, sizeof(struct placed *), by_id);
	shape = &s->clustered->tables[t].shape->shape;
	for (uint32_t c = 0; !f->fields && c < shape->ncolumns; c++)
		want[c] = true;
	rows_want(s->tables[t].schema, shape, f->fields, f->nfields, want);
	buf_init(&where, (size_t)64 << 20);
	put_where(s, of, &where);
	/* All columns of few rows: ids and times are looked at alone. */
	int rc = clustered_stream(
		w, t, want, buf_view(&where), SLICE(""), SLICE(""), take_block, of, err);
	buf_fini(&where);
	return rc < 0 ? -1 : 0;
}

/* Sorts the page's rows to their tables. */
static void fetching_begin(struct fetching *f, const struct hit *hits)
{
	uint32_t ntables = f->s->request->tables->n;
	f->rows = xcalloc(f->n + 1, sizeof(*f->rows));
	f->tables = xcalloc(ntables + 1, sizeof(*f->tables));
	for (uint32_t t = 0; t < ntables; t++)
		f->tables[t].by_id = xcalloc(f->n + 1, sizeof(struct placed *));
	for (uint32_t i = 0; i < f->n; i++) {
		struct table_rows *of = &f->tables[hits[i].file];
		f->rows[i].hit = &hits[i];
		of->by_id[of->n++] = &f->rows[i];
	}
}

static void fetching_end(struct fetching *f)
{
	for (uint32_t t = 0; t < f->s->request->tables->n; t++) {
		struct table_rows *of = &f->tables[t];
		for (uint32_t i = 0; i < of->nbatches; i++) {
			batch_fini(of->batches[i]);
			free(of->batches[i]);
		}
		free(of->batches);
		free(of->by_id);
	}
	free(f->tables);
	free(f->rows);
}

static int hand_out(struct fetching *f,
	int (*each)(void *ctx, const struct search_row *row, struct err *err), void *ctx,
	struct err *err)
{
	int rc = 0;
	for (uint32_t i = 0; i < f->n && rc == 0; i++) {
		const struct placed *placed = &f->rows[i];
		uint32_t t = placed->hit->file;
		struct search_row row;
		char source[128];
		if (!placed->batch) /* gone meanwhile */
			continue;
		rows_fill(f->s->tables[t].schema, placed->batch, placed->row,
			f->s->clustered->tables[t].shape->program, source, &row);
		rc = each(ctx, &row, err);
	}
	return rc;
}

int clustered_rows(struct search *s, const struct hit *hits, uint32_t n, const char *const *fields,
	uint32_t nfields, int (*each)(void *ctx, const struct search_row *row, struct err *err),
	void *ctx, struct err *err)
{
	struct fetching f = {.s = s, .n = n, .fields = fields, .nfields = nfields};
	fetching_begin(&f, hits);
	/* What was found is shown, however long the search took. */
	int64_t deadline = s->deadline;
	atomic_store(&s->ended, false);
	s->deadline = clock_mono_us() + (int64_t)SEARCH_SECONDS * 1000000;
	int rc = clustered_each(s, NULL, s->request->tables->n, fetch_table, &f, err);
	s->deadline = deadline;
	if (rc == 0)
		rc = hand_out(&f, each, ctx, err);
	fetching_end(&f);
	return rc;
}
