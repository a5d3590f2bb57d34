/* SPDX-License-Identifier: Apache-2.0 */
/*
 * search_cluster.c: a search on a ClickHouse cluster. What the filter says for certain the servers answer alone; rows that it cannot
 * decide come here and are judged by the matcher (cluster/filter.h).
 */
#include <stdio.h>
#include <stdlib.h>

#include "cluster/select.h"
#include "query/clustered.h"
#include "query/search_private.h"

/* ---- opening --------------------------------------------------------------------------------- */

int clustered_open(struct search *s, struct err *err)
{
	static const struct cluster_features none = {.version = 0};
	struct cluster *cluster;
	int rc = lake_cluster(s->store, NULL, s->request->stop, &cluster, err);
	if (rc < 1)
		return rc;
	struct clustered *c = s->clustered = xcalloc(1, sizeof(*c));
	c->connections[0] = cluster;
	s->threads = CLUSTERED_AT_ONCE;
	c->features = cluster_features(cluster, err);
	if (!c->features && run_ended(s)) /* nothing will be asked */
		c->features = &none;
	return c->features ? 1 : clustered_failed(err);
}

void clustered_free(struct search *s)
{
	struct clustered *c = s->clustered;
	if (!c)
		return;
	for (uint32_t t = 0; c->tables && t < s->request->tables->n; t++) {
		filter_free(&c->tables[t].filter);
		buf_fini(&c->tables[t].range);
	}
	free(c->tables);
	for (unsigned i = 0; i < CLUSTERED_AT_ONCE; i++)
		cluster_close(c->connections[i]);
	free(c);
	s->clustered = NULL;
}

/* ---- asking ---------------------------------------------------------------------------------- */

/* What is left of the search's time. */
static unsigned ms_left(const struct search *s)
{
	int64_t ms = (s->deadline - clock_mono_us()) / 1000 + 1;
	return ms < 1 ? 1 : ms > 86400000 ? 86400000 : (unsigned)ms;
}

/* An answer that failed because the search has ended is none. */
static int after_asking(struct search *s, int rc, struct err *err)
{
	if (rc == 0)
		return 0;
	if (run_ended(s) || err->kind == ERR_LIMIT) {
		run_end(s, "the time limit was reached");
		return 1;
	}
	return clustered_failed(err);
}

int clustered_ask(struct worker *w, struct slice sql, struct buf *out, struct err *err)
{
	struct search *s = w->search;
	struct cluster_query query = {.sql = sql, .reading = true, .whole = true, .ms = ms_left(s)};
	if (run_ended(s))
		return 1;
	buf_clear(out);
	return after_asking(s, cluster_ask(w->cluster, &query, out, err), err);
}

struct streaming {
	struct worker *w;
	uint32_t table;
	int (*each)(struct worker *w, void *ctx, struct err *err);
	void *ctx;
};

/* One block becomes the worker's batch. */
static int take_block(void *ctx, struct batch *batch, struct err *err)
{
	struct streaming *st = ctx;
	struct worker *w = st->w;
	struct search *s = w->search;
	if (run_ended(s))
		return err_set(err, ERR_INTERRUPTED, "the search was ended");
	w->batch = *batch;
	batch_init(batch, w->batch.shape);
	w->file = &s->files[st->table];
	w->file_index = st->table;
	w->group = atomic_fetch_add(&s->clustered->blocks, 1);
	w->facts = (struct group_facts){.nrows = w->batch.nrows,
		.some_untimed = true,
		.min_time = INT64_MIN,
		.max_time = INT64_MAX};
	int rc = st->each(w, st->ctx, err);
	batch_fini(&w->batch);
	return rc;
}

void clustered_from(const struct search *s, uint32_t table, struct buf *out)
{
	buf_puts(out, " FROM ");
	cluster_table_name(
		out, s->clustered->connections[0], s->tables[table].schema->table, false);
}

void clustered_and(struct buf *where, struct slice condition)
{
	if (!condition.len)
		return;
	buf_puts(where, where->len ? " AND " : "");
	buf_slice(where, condition);
}

void clustered_and_may(const struct cluster_table *table, struct buf *where)
{
	const struct cluster_filter *filter = &table->filter;
	if (!slice_eq(buf_view(&filter->gate), buf_view(&filter->may)))
		clustered_and(where, buf_view(&filter->may));
}

int clustered_stream(struct worker *w, uint32_t table, const bool *want, struct slice gate,
	struct slice where, struct slice tail,
	int (*each)(struct worker *w, void *ctx, struct err *err), void *ctx, struct err *err)
{
	struct search *s = w->search;
	const struct cluster_table *of = &s->clustered->tables[table];
	struct streaming st = {.w = w, .table = table, .each = each, .ctx = ctx};
	struct cluster_select select = {.table = s->tables[table].schema->table,
		.shape = &of->shape->shape,
		.want = want,
		.gate = gate,
		.where = where,
		.tail = tail,
		.ms = ms_left(s),
		.each = take_block,
		.ctx = &st};
	if (run_ended(s))
		return 1;
	int rc = cluster_select(w->cluster, &select, err);
	w->explain.columns_read += select.ncolumns;
	w->explain.bytes_read += select.bytes;
	return after_asking(s, rc, err);
}

/* ---- tables ---------------------------------------------------------------------------------- */

/* The columns of a table that the cluster has too, in a shape of its own. */
static int known_shape(struct search *s, uint32_t t, const struct map *columns, struct err *err)
{
	const struct batch_shape *all = &s->tables[t].schema->shape;
	struct cluster_table *table = &s->clustered->tables[t];
	struct column_shape *kept = xcalloc(all->ncolumns + 1, sizeof(*kept));
	struct batch_shape shape = *all;
	struct buf key;
	int rc = 0;
	buf_init(&key, 8192);
	shape.columns = kept;
	shape.ncolumns = 0;
	for (uint32_t c = 0; c < all->ncolumns && rc == 0; c++) {
		buf_clear(&key);
		buf_puts(&key, all->table);
		buf_push(&key, '\0');
		cluster_column_name(&key, all, c);
		if (map_get(columns, buf_view(&key)))
			kept[shape.ncolumns++] = all->columns[c];
		else if (c < SYS_COLUMNS)
			rc = err_set(err, ERR_USAGE,
				"the cluster's table %s lacks the column %s: `pugmark cluster "
				"init` "
				"adds what is missing",
				all->table, all->columns[c].name);
	}
	if (rc == 0)
		table->shape = make_shape(s, t, &shape);
	table->there = rc == 0;
	buf_fini(&key);
	free(kept);
	return rc;
}

/* What tables and columns there are: keys `table`, and `table` NUL column in backquotes. */
static int list_columns(struct worker *w, struct map *columns, struct err *err)
{
	struct buf sql, out, key;
	buf_init(&sql, 4096);
	buf_init(&out, 64 << 20);
	buf_init(&key, 1 << 20);
	buf_puts(&sql, "SELECT table, name FROM system.columns WHERE database = ");
	sql_text(&sql, slice_of(cluster_settings(w->cluster)->database));
	buf_puts(&sql, " FORMAT RowBinary");
	int rc = clustered_ask(w, buf_view(&sql), &out, err);
	struct row_cursor cursor = row_cursor(buf_view(&out));
	while (rc == 0 && row_more(&cursor)) {
		struct slice table = row_text(&cursor), name = row_text(&cursor);
		buf_clear(&key);
		buf_slice(&key, table);
		map_put(columns, buf_view(&key), NULL);
		buf_push(&key, '\0');
		sql_name(&key, name);
		map_put(columns, buf_view(&key), NULL);
	}
	if (rc == 0)
		rc = row_end(&cursor, err);
	buf_fini(&sql);
	buf_fini(&out);
	buf_fini(&key);
	return rc;
}

static void make_range(struct search *s, uint32_t t)
{
	const struct search_request *request = s->request;
	struct buf *range = &s->clustered->tables[t].range;
	char text[80];
	buf_init(range, 4096);
	if (s->bounded)
		clustered_and(range, slice_of(SQL_TIMED));
	if (request->since > INT64_MIN + 1) {
		snprintf(text, sizeof(text), "`_time` >= %lld", (long long)request->since);
		clustered_and(range, slice_of(text));
	}
	if (request->until == INT64_MIN) {
		clustered_and(range, SLICE("0"));
	} else if (request->until != INT64_MAX) {
		snprintf(text, sizeof(text), "`_time` < %lld", (long long)request->until);
		clustered_and(range, slice_of(text));
	}
	if (!request->secondary)
		clustered_and(range, SLICE("ifNull(`secondary`, 0) = 0"));
}

/* The first and the last time of all events. */
struct time_span {
	int64_t min, max; /* under the search's lock */
};

static int span_table(struct worker *w, uint32_t t, struct time_span *span, struct err *err)
{
	struct search *s = w->search;
	struct buf sql, out;
	buf_init(&sql, 8192);
	buf_init(&out, 4096);
	buf_puts(&sql, "SELECT count(), min(`_time`), max(`_time`)");
	clustered_from(s, t, &sql);
	buf_puts(&sql, " WHERE ");
	buf_puts(&sql, SQL_TIMED);
	buf_puts(&sql, " FORMAT RowBinary");
	int rc = clustered_ask(w, buf_view(&sql), &out, err);
	struct row_cursor cursor = row_cursor(buf_view(&out));
	uint64_t n = row_u64(&cursor);
	int64_t first = (int64_t)row_u64(&cursor), last = (int64_t)row_u64(&cursor);
	if (rc == 0 && !cursor.bad && n && last >= s->request->since && first < s->request->until) {
		pthread_mutex_lock(&s->lock);
		span->min = first < span->min ? first : span->min;
		span->max = last > span->max ? last : span->max;
		pthread_mutex_unlock(&s->lock);
	}
	buf_fini(&sql);
	buf_fini(&out);
	return rc;
}

/* Where no row that is asked for is in doubt, the servers' answer is all: one look at a column of single bytes spares the second half of
 * every condition, the columns that rows are judged by, and the question for what lies between. */
static int settle_table(struct worker *w, uint32_t t, struct err *err)
{
	struct cluster_table *table = &w->search->clustered->tables[t];
	struct buf sql, out;
	if (table->filter.exact || !table->filter.between.len || table->shape->never)
		return 0;
	buf_init(&sql, 8192);
	buf_init(&out, 4096);
	buf_puts(&sql, "SELECT 1");
	clustered_from(w->search, t, &sql);
	buf_puts(&sql, " PREWHERE ");
	buf_slice(&sql, buf_view(&table->filter.between));
	buf_puts(&sql, table->range.len ? " WHERE " : "");
	buf_slice(&sql, buf_view(&table->range));
	buf_puts(&sql, " LIMIT 1 FORMAT RowBinary");
	int rc = clustered_ask(w, buf_view(&sql), &out, err);
	if (rc == 0 && out.len == 0)
		filter_settle(&table->filter);
	buf_fini(&sql);
	buf_fini(&out);
	return rc;
}

struct looking {
	bool span; /* the times of the events are wanted */
	struct time_span times;
};

/* A job: what is to be known of a table before it is asked. */
static int look_at_table(struct worker *w, uint32_t t, void *ctx, struct err *err)
{
	struct looking *looking = ctx;
	if (!w->search->clustered->tables[t].there)
		return 0;
	int rc = settle_table(w, t, err);
	if (rc == 0 && looking->span)
		rc = span_table(w, t, &looking->times, err);
	return rc;
}

/* For following, which is done on the lake's own files. */
static int note_segment(void *ctx, const struct segment_info *info, struct err *err)
{
	struct search *s = ctx;
	(void)err;
	if (info->id > s->result.newest_segment)
		s->result.newest_segment = info->id;
	return 0;
}

static int plan_table(struct search *s, uint32_t t, const struct map *columns, struct err *err)
{
	struct cluster_table *table = &s->clustered->tables[t];
	s->files[t] = (struct search_file){.table = t, .path = s->tables[t].schema->table};
	if (!map_get(columns, slice_of(s->tables[t].schema->table)))
		return 0; /* nobody has sent any of it */
	if (known_shape(s, t, columns, err) < 0)
		return -1;
	s->files[t].shape = table->shape;
	filter_make(table->shape->program, s->clustered->features, &table->filter);
	make_range(s, t);
	return 0;
}

int clustered_plan(struct search *s, struct err *err)
{
	uint32_t n = s->request->tables->n;
	bool open = s->request->since == INT64_MIN || s->request->until == INT64_MAX;
	struct looking looking = {s->request->buckets && open, {INT64_MAX, INT64_MIN}};
	struct worker w = {.search = s, .cluster = s->clustered->connections[0]};
	struct map columns;
	map_init(&columns);
	s->files = xcalloc(n + 1, sizeof(*s->files));
	s->clustered->tables = xcalloc(n + 1, sizeof(*s->clustered->tables));
	s->nfiles = n;
	int rc = store_segments(s->store, NULL, note_segment, s, err);
	if (rc == 0)
		rc = list_columns(&w, &columns, err);
	for (uint32_t t = 0; t < n && rc == 0; t++)
		rc = plan_table(s, t, &columns, err);
	if (rc == 0)
		rc = clustered_each(s, NULL, n, look_at_table, &looking, err);
	if (rc >= 0)
		histogram_plan(s, looking.times.min, looking.times.max);
	map_fini(&columns);
	return rc < 0 ? -1 : 0;
}
