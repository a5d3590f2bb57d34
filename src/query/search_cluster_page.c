/* SPDX-License-Identifier: Apache-2.0 */
/*
 * search_cluster_page.c: the page of a search on a cluster: read table by table in its order, a key-set cursor leading on, until nothing
 * that is left can change it; by a field, where servers cannot order as it is done here, from all that match.
 */
#include <stdio.h>
#include <stdlib.h>

#include "query/search_private.h"

enum {
	LEAST_STEP = 200, /* rows of the first step where they are to be judged */
	MOST_STEP = 20000,
};

/* ---- the page -------------------------------------------------------------------------------- */

struct stepping {
	bool exact;
	uint64_t rows; /* of the step */
	bool timed;    /* the last one */
	int64_t time;
	uint8_t id[16];
};

static int page_block(struct worker *w, void *ctx, struct err *err)
{
	struct stepping *step = ctx;
	const struct batch *batch = &w->batch;
	const uint64_t *rows = NULL;
	uint32_t count = batch->nrows, last = batch->nrows - 1;
	step->rows += batch->nrows;
	step->timed = !column_is_null(&batch->columns[SYS_EVENT_TIME], last);
	step->time = batch->columns[SYS_EVENT_TIME].i64[last];
	memcpy(step->id, batch->columns[SYS_EVENT_ID].uuid[last], 16);
	if (!step->exact && match_group(w, &rows, &count, err) < 0)
		return -1;
	if (!w->search->counted) {
		w->matched += count;
		w->tables[w->file->table] += count;
	}
	return count ? top_group(w, rows, err) : 0;
}

static const char *way(const struct search *s)
{
	return s->order == SEARCH_NEWEST ? "DESC" : "ASC";
}

/* Behind a row in the order of the page, in which events without time come last. */
static void behind(
	const struct search *s, struct buf *where, bool timed, int64_t time, const uint8_t id[16])
{
	bool newest = s->order == SEARCH_NEWEST;
	char op = newest ? '<' : '>';
	buf_puts(where, where->len ? " AND (" : "(");
	if (!timed)
		buf_puts(where, SQL_UNTIMED " AND ");
	else if (newest) /* what has none has the least */
		buf_printf(where, "`_time` <= %lld AND (`_time` < %lld OR ", (long long)time,
			(long long)time);
	else
		buf_printf(where, "(`_time` >= %lld OR " SQL_UNTIMED ") AND (`_time` != %lld OR ",
			(long long)time, (long long)time);
	buf_printf(where, "`_id` %c ", op);
	sql_id(where, id);
	buf_puts(where, timed ? "))" : ")");
}

static void page_where(struct search *s, uint32_t t, const struct stepping *last, struct buf *where)
{
	struct cluster_table *table = &s->clustered->tables[t];
	const struct search_cursor *after = s->request->after;
	bool newest = s->order == SEARCH_NEWEST;
	buf_clear(where);
	clustered_and(where, buf_view(&table->range));
	if (last)
		behind(s, where, last->timed, last->time, last->id);
	else if (after)
		behind(s, where, !after->no_time, after->time, after->id);
	pthread_mutex_lock(&s->lock);
	struct place worst = s->page.worst;
	bool full = s->page.full && worst.timed;
	pthread_mutex_unlock(&s->lock);
	if (full) {
		atomic_store(&s->clustered->left, true);
		if (!newest)
			clustered_and(where, slice_of(SQL_TIMED));
		buf_printf(where, "%s`_time` %s %lld", where->len ? " AND " : "",
			newest ? ">=" : "<=", (long long)(newest ? worst.key : ~worst.key));
	}
	clustered_and_may(table, where);
}

static void page_order(const struct search *s, uint64_t limit, struct buf *tail)
{
	buf_clear(tail);
	buf_puts(tail, " ORDER BY ");
	if (s->order == SEARCH_OLDEST && !s->bounded)
		buf_puts(tail, SQL_UNTIMED ", ");
	buf_printf(
		tail, "`_time` %s, `_id` %s LIMIT %llu", way(s), way(s), (unsigned long long)limit);
}

static void want_filter(const struct cluster_table *table, bool *want)
{
	want[SYS_EVENT_ID] = want[SYS_EVENT_TIME] = true;
	if (!table->filter.exact)
		match_columns(table->shape->program, want);
}

/* One step; *more: there may be rows behind it that can come into the page. */
static int page_step(struct worker *w, uint32_t t, uint64_t limit, bool first,
	struct stepping *step, bool *more, struct err *err)
{
	struct search *s = w->search;
	struct cluster_table *table = &s->clustered->tables[t];
	bool want[LIMIT_COLUMNS + SYS_COLUMNS] = {0};
	struct stepping before = *step;
	struct buf where, tail;
	buf_init(&where, (size_t)64 << 20);
	buf_init(&tail, 4096);
	want_filter(table, want);
	*step = (struct stepping){.exact = table->filter.exact};
	page_where(s, t, first ? NULL : &before, &where);
	page_order(s, limit, &tail);
	int rc = clustered_stream(w, t, want, buf_view(&table->filter.gate), buf_view(&where),
		buf_view(&tail), page_block, step, err);
	*more = rc == 0 && step->rows == limit;
	if (*more)
		atomic_store(&s->clustered->left, true);
	buf_fini(&where);
	buf_fini(&tail);
	return rc;
}

/* Whether rows behind the last one of a step can come into the page. */
static bool wants_more(struct search *s, const struct stepping *last)
{
	pthread_mutex_lock(&s->lock);
	bool wants = top_wants(s, place_of(s->order, last->timed, last->time));
	pthread_mutex_unlock(&s->lock);
	return wants;
}

static int page_table(struct worker *w, uint32_t t, struct err *err)
{
	struct search *s = w->search;
	const struct cluster_table *table = &s->clustered->tables[t];
	struct stepping step = {0};
	uint64_t most = s->page.most, judged = most < LEAST_STEP / 2 ? LEAST_STEP : 2 * most;
	uint64_t limit = table->filter.exact ? most : judged;
	bool more = true;
	int rc = 0;
	for (bool first = true; more && rc == 0; first = false) {
		if (!first && !wants_more(s, &step))
			break;
		rc = page_step(w, t, limit, first, &step, &more, err);
		more = more && !step.exact; /* else these are the first of all */
		limit = limit < MOST_STEP ? limit * 4 : limit;
	}
	return rc;
}

/* ---- the page by a field --------------------------------------------------------------------- */

static int sort_block(struct worker *w, void *ctx, struct err *err)
{
	const uint64_t *rows = NULL;
	uint32_t count = w->batch.nrows;
	(void)ctx;
	if (!w->search->clustered->tables[w->file->table].filter.exact &&
		match_group(w, &rows, &count, err) < 0)
		return -1;
	return count ? sort_group(w, rows, err) : 0;
}

/* Numbers, times and booleans of one column the server can order; texts it cannot fold. */
static bool sorts_there(const struct cluster_table *table)
{
	const struct field *field = &table->shape->sort;
	if (!table->filter.exact || field->n != 1 || field->list[0].path.len)
		return false;
	const struct column_shape *column = &table->shape->shape.columns[field->list[0].column];
	return column->group == NO_GROUP && !col_is_string(column->type) &&
	       column->type != COL_UUID && field->list[0].column != SYS_EVENT_TIME;
}

static int sort_table(struct worker *w, uint32_t t, struct err *err)
{
	struct search *s = w->search;
	const struct cluster_table *table = &s->clustered->tables[t];
	bool want[LIMIT_COLUMNS + SYS_COLUMNS] = {0};
	struct buf where, tail;
	buf_init(&where, (size_t)64 << 20);
	buf_init(&tail, 8192);
	want_filter(table, want);
	for (uint32_t i = 0; i < table->shape->sort.n; i++)
		want[table->shape->sort.list[i].column] = true;
	clustered_and(&where, buf_view(&table->range));
	clustered_and_may(table, &where);
	if (sorts_there(table)) {
		uint32_t column = (uint32_t)table->shape->sort.list[0].column;
		buf_puts(&tail, " ORDER BY isNull(");
		cluster_column_name(&tail, &table->shape->shape, column);
		buf_puts(&tail, "), ");
		cluster_column_name(&tail, &table->shape->shape, column);
		buf_printf(&tail, " %s, `_time` DESC, `_id` DESC LIMIT %zu", way(s), s->page.most);
	}
	int rc = clustered_stream(w, t, want, buf_view(&table->filter.gate), buf_view(&where),
		buf_view(&tail), sort_block, NULL, err);
	buf_fini(&where);
	buf_fini(&tail);
	return rc;
}

/* ---- all ------------------------------------------------------------------------------------- */

/* Jobs: the pages of all tables, then their counts. */
struct running {
	uint32_t ntables, skipped; /* of the pages, what is done already */
};

static int run_job(struct worker *w, uint32_t n, void *ctx, struct err *err)
{
	const struct running *running = ctx;
	struct search *s = w->search;
	uint32_t job = n + running->skipped, t = job % running->ntables;
	const struct cluster_table *table = &s->clustered->tables[t];
	if (!table->there || table->shape->never)
		return 0;
	if (job >= running->ntables)
		return clustered_count(w, t, err);
	return s->request->sort ? sort_table(w, t, err) : page_table(w, t, err);
}

/* The page of the first table comes alone: where it fills the page, the others are asked only for what is nearer. */
int clustered_run(struct search *s, struct err *err)
{
	uint32_t n = s->request->tables->n;
	struct running running = {.ntables = n};
	int rc = 0;
	if (!s->request->limit) {
		running.skipped = n;
	} else if (!s->request->sort && n > 0) {
		rc = clustered_each(s, s->workers, 1, run_job, &running, err);
		running.skipped = 1;
	}
	uint32_t jobs = (s->counted ? 2 * n : n) - running.skipped;
	return rc < 0 ? rc : clustered_each(s, s->workers, jobs, run_job, &running, err);
}
