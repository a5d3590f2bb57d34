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
struct fetching {
	struct search *s;
	struct placed *rows; /* of the page */
	struct placed **by_id;
	uint32_t n, nof; /* nof: of the table that is asked */
	struct batch **batches;
	uint32_t nbatches;
};

static int by_id(const void *left, const void *right)
{
	const struct placed *a = *(struct placed *const *)left, *b = *(struct placed *const *)right;
	return memcmp(a->hit->id, b->hit->id, 16);
}

/* The first that waits for that id. */
static struct placed *find(struct fetching *f, const uint8_t id[16])
{
	uint32_t low = 0, high = f->nof;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		if (memcmp(f->by_id[middle]->hit->id, id, 16) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < f->nof && memcmp(f->by_id[low]->hit->id, id, 16) == 0; low++)
		if (!f->by_id[low]->batch)
			return f->by_id[low];
	return NULL;
}

/* Keeps the block. */
static int take_block(struct worker *w, void *ctx, struct err *err)
{
	struct fetching *f = ctx;
	struct batch *batch = xmalloc(sizeof(*batch));
	(void)err;
	*batch = w->batch;
	batch_init(&w->batch, batch->shape);
	f->batches = xrealloc(f->batches, (f->nbatches + 1) * sizeof(struct batch *));
	f->batches[f->nbatches++] = batch;
	for (uint32_t r = 0; r < batch->nrows; r++) {
		struct placed *placed = find(f, batch->columns[SYS_EVENT_ID].uuid[r]);
		if (!placed)
			continue;
		placed->batch = batch;
		placed->row = r;
	}
	return 0;
}

static void put_where(const struct search *s, const struct fetching *f, struct buf *where)
{
	struct sql_events events = {0};
	for (uint32_t i = 0; i < f->nof; i++) {
		const struct place *place = &f->by_id[i]->hit->place;
		int64_t time = !place->timed               ? CLUSTER_NO_TIME
			       : s->order == SEARCH_NEWEST ? place->key
							   : ~place->key;
		sql_events_add(&events, f->by_id[i]->hit->id, time);
	}
	sql_events_put(&events, where);
}

/* All rows of one table. */
static int fetch_table(struct worker *w, struct fetching *f, uint32_t t, const char *const *fields,
	uint32_t nfields, struct err *err)
{
	struct search *s = f->s;
	const struct batch_shape *shape;
	bool want[LIMIT_COLUMNS + SYS_COLUMNS] = {0};
	struct buf where;
	f->nof = 0;
	for (uint32_t i = 0; i < f->n; i++)
		if (f->rows[i].hit->file == t)
			f->by_id[f->nof++] = &f->rows[i];
	if (!f->nof)
		return 0;
	qsort(f->by_id, f->nof, sizeof(struct placed *), by_id);
	shape = &s->clustered->tables[t].shape->shape;
	for (uint32_t c = 0; !fields && c < shape->ncolumns; c++)
		want[c] = true;
	rows_want(s->tables[t].schema, shape, fields, nfields, want);
	buf_init(&where, (size_t)64 << 20);
	put_where(s, f, &where);
	/* All columns of few rows: ids and times are looked at alone. */
	int rc = clustered_stream(
		w, t, want, buf_view(&where), SLICE(""), SLICE(""), take_block, f, err);
	buf_fini(&where);
	return rc < 0 ? -1 : 0;
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
	struct worker w = {.search = s};
	struct fetching f = {.s = s, .n = n};
	int rc = 0;
	f.rows = xcalloc(n + 1, sizeof(*f.rows));
	f.by_id = xcalloc(n + 1, sizeof(struct placed *));
	for (uint32_t i = 0; i < n; i++)
		f.rows[i].hit = &hits[i];
	/* What was found is shown, however long the search took. */
	int64_t deadline = s->deadline;
	atomic_store(&s->ended, false);
	s->deadline = clock_mono_us() + (int64_t)SEARCH_SECONDS * 1000000;
	for (uint32_t t = 0; t < s->request->tables->n && rc == 0; t++)
		rc = fetch_table(&w, &f, t, fields, nfields, err);
	s->deadline = deadline;
	if (rc == 0)
		rc = hand_out(&f, each, ctx, err);
	for (uint32_t i = 0; i < f.nbatches; i++) {
		batch_fini(f.batches[i]);
		free(f.batches[i]);
	}
	free(f.batches);
	free(f.rows);
	free(f.by_id);
	return rc;
}
