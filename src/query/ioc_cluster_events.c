/* SPDX-License-Identifier: Apache-2.0 */
/* ioc_cluster_events.c: the events on the cluster that hold indicators. The table of observables tells in which shipments they came, and
 * between which times; those rows are looked through here, by the code that made the index. */
#include <stdio.h>
#include <stdlib.h>

#include "cluster/select.h"
#include "cluster/table.h"
#include "query/clustered.h"
#include "query/ioc_private.h"
#include "query/language.h"

/* Where the hits of a table are. */
struct whereabouts {
	struct buf shipments; /* SQL: ('collector', number), … */
	uint64_t n;
	bool timed, untimed;
	int64_t first, last;
};

static int note_shipment(
	struct whereabouts *at, struct row_cursor *row, struct map *seen, struct err *err)
{
	char number[32];
	bool is_new;
	struct slice collector = row_text(row);
	uint64_t shipment = row_u64(row);
	int64_t first = (int64_t)row_u64(row), last = (int64_t)row_u64(row);
	at->untimed = row_u8(row) || at->untimed;
	if (row_end(row, err) < 0)
		return -1;
	if (first <= last) {
		at->first = !at->timed || first < at->first ? first : at->first;
		at->last = !at->timed || last > at->last ? last : at->last;
		at->timed = true;
	}
	int n = snprintf(number, sizeof(number), "%llu", (unsigned long long)shipment);
	struct buf key;
	buf_init(&key, 1 << 20);
	buf_slice(&key, collector);
	buf_append(&key, number, (size_t)n);
	map_put(seen, buf_view(&key), &is_new);
	buf_fini(&key);
	if (!is_new)
		return 0;
	buf_puts(&at->shipments, at->n++ ? ", (" : "(");
	sql_text(&at->shipments, collector);
	buf_printf(&at->shipments, ", %s)", number);
	return 0;
}

static int ask_some(struct cluster *cluster, const char *table, const struct ioc_question *list,
	uint32_t n, struct whereabouts *at, struct map *seen, struct err *err)
{
	struct buf sql, answer;
	buf_init(&sql, SIZE_MAX / 2);
	buf_init(&answer, SIZE_MAX / 2);
	/* An observable whose events have no time at all stands with first > last; one with both kinds of events cannot be told
	 * from one without: rows without a time are looked through as well. */
	buf_puts(&sql, "SELECT _collector, _shipment,"
		       " if(countIf(first <= last) = 0, 1, minIf(first, first <= last)),"
		       " if(countIf(first <= last) = 0, 0, maxIf(last, first <= last)),"
		       " max(first > last OR events > 1) FROM ");
	cluster_table_name(&sql, cluster, CLUSTER_OBSERVABLES, false);
	buf_printf(&sql, " WHERE kind = %d AND table_name = ", OBSERVABLES_ANY);
	sql_text(&sql, slice_of(table));
	buf_puts(&sql, " OR ");
	ioc_cluster_where(list, n, table, &sql);
	buf_puts(&sql, " GROUP BY _collector, _shipment");
	struct row_cursor row;
	int rc = cluster_rows(cluster, &sql, &answer, &row, err) < 0 ? clustered_failed(err) : 0;
	while (rc == 0 && row_more(&row))
		rc = note_shipment(at, &row, seen, err);
	buf_fini(&sql);
	buf_fini(&answer);
	return rc;
}

/* ---- rows ------------------------------------------------------------------------------------ */

struct passing {
	struct cluster *cluster;
	struct ioc_scan scan;
	struct ioc_columns columns;
	const struct batch_shape *shape;
	struct arena mem;
	const volatile int *stop;
};

/* The rows of a batch's hits by their ids, in the order of the hits. */
struct fetching {
	struct passing *p;
	const uint8_t (*ids)[16]; /* of the hits' rows */
};

static int by_row(const void *a, const void *b)
{
	const struct ioc_row_hit *left = a, *right = b;
	if (left->row != right->row)
		return left->row < right->row ? -1 : 1;
	return left->indicator < right->indicator ? -1 : left->indicator > right->indicator;
}

/* The hits count in rows of the batch that was fetched: rows that are not there any more go. */
static void renumber(struct fetching *f, const struct batch *batch)
{
	struct ioc_scan *scan = &f->p->scan;
	uint32_t kept = 0;
	for (uint32_t i = 0; i < scan->n; i++) {
		const uint8_t *id = f->ids[scan->hits[i].row];
		for (uint32_t r = 0; r < batch->nrows; r++) {
			if (memcmp(batch->columns[SYS_EVENT_ID].uuid[r], id, 16) != 0)
				continue;
			scan->hits[kept++] = (struct ioc_row_hit){r, scan->hits[i].indicator};
			break;
		}
	}
	scan->n = kept;
	if (kept)
		qsort(scan->hits, kept, sizeof(*scan->hits), by_row);
}

static int take_fetched(void *ctx, struct batch *batch, struct err *err)
{
	struct fetching *f = ctx;
	struct ioc_scan *scan = &f->p->scan, all = *scan;
	/* Blocks may be several: each is handed over with its own hits. */
	scan->hits = xmalloc((all.n + 1ul) * sizeof(*scan->hits));
	memcpy(scan->hits, all.hits, all.n * sizeof(*scan->hits));
	renumber(f, batch);
	int rc = ioc_scan_hand_over(scan, batch, err);
	free(scan->hits);
	*scan = all;
	return rc;
}

enum { FETCH_ROWS = 1000 };

static int fetch(struct passing *p, const uint8_t (*ids)[16], const int64_t *times, uint32_t n,
	struct err *err)
{
	struct fetching f = {.p = p, .ids = ids};
	struct sql_events events = {0};
	struct buf where;
	buf_init(&where, SIZE_MAX / 2);
	for (uint32_t i = 0; i < n; i++)
		sql_events_add(&events, ids[i], times[i]);
	sql_events_put(&events, &where);
	struct cluster_select select = {.table = p->scan.table,
		.shape = p->shape,
		.want = p->columns.fetch,
		.where = buf_view(&where),
		.tail = SLICE("ORDER BY _time, _id"),
		.each = take_fetched,
		.ctx = &f};
	int rc = cluster_select(p->cluster, &select, err);
	buf_fini(&where);
	return rc;
}

/* The hits of a batch, some thousand at a time: the second question is asked when the first one's answer is over. */
struct found {
	uint8_t id[16];
	int64_t time;
	uint32_t indicator;
};
struct finding {
	struct passing *p;
	struct found *list;
	size_t n, cap;
};

static int note_found(void *ctx, struct batch *batch, struct err *err)
{
	struct finding *f = ctx;
	struct ioc_scan *scan = &f->p->scan;
	if (f->p->stop && *f->p->stop)
		return err_set(err, ERR_INTERRUPTED, "interrupted");
	ioc_scan_batch(scan, &f->p->columns, batch);
	if (!f->p->columns.more)
		return ioc_scan_hand_over(scan, batch, err);
	const struct column *times = &batch->columns[SYS_EVENT_TIME];
	for (uint32_t i = 0; i < scan->n; i++) {
		uint32_t row = scan->hits[i].row;
		if (f->n == f->cap) {
			f->cap = f->cap ? 2 * f->cap : 256;
			f->list = xrealloc(f->list, f->cap * sizeof(*f->list));
		}
		struct found *found = &f->list[f->n++];
		memcpy(found->id, batch->columns[SYS_EVENT_ID].uuid[row], 16);
		found->time = column_is_null(times, row) ? CLUSTER_NO_TIME : times->i64[row];
		found->indicator = scan->hits[i].indicator;
	}
	return 0;
}

static int newest_first(const void *a, const void *b)
{
	const struct found *left = a, *right = b;
	if (left->time != right->time)
		return left->time > right->time ? -1 : 1;
	int c = memcmp(right->id, left->id, 16);
	return c ? c : left->indicator < right->indicator ? -1 : left->indicator > right->indicator;
}

static int fetch_all(struct finding *f, struct err *err)
{
	struct ioc_scan *scan = &f->p->scan;
	uint8_t(*ids)[16] = xmalloc(FETCH_ROWS * sizeof(*ids));
	int64_t *times = xmalloc(FETCH_ROWS * sizeof(*times));
	int rc = 0;
	if (f->n)
		qsort(f->list, f->n, sizeof(*f->list), newest_first);
	for (size_t at = 0; at < f->n && rc == 0;) {
		uint32_t rows = 0;
		scan->n = 0;
		while (at < f->n) {
			const struct found *found = &f->list[at];
			bool same = rows && memcmp(ids[rows - 1], found->id, 16) == 0;
			if (!same && rows == FETCH_ROWS)
				break;
			if (!same) {
				memcpy(ids[rows], found->id, 16);
				times[rows++] = found->time;
			}
			ioc_scan_add(scan, rows - 1, found->indicator);
			at++;
		}
		rc = fetch(f->p, (const uint8_t(*)[16])ids, times, rows, err);
	}
	free(ids);
	free(times);
	return rc;
}

static void put_where(
	const struct ioc_events *events, const struct whereabouts *at, struct buf *where)
{
	bool bounded = events->since != INT64_MIN || events->until != INT64_MAX;
	int64_t from = at->timed && at->first > events->since ? at->first : events->since;
	int64_t to = at->timed && at->last < INT64_MAX - 1 && at->last + 1 < events->until
			     ? at->last + 1
			     : events->until;
	bool untimed = at->untimed && (!bounded || events->untimed);
	buf_puts(where, "(_collector, _shipment) IN (");
	buf_slice(where, buf_view(&at->shipments));
	buf_puts(where, ") AND ((");
	buf_puts(where, at->timed ? "1" : "0");
	if (from != INT64_MIN)
		buf_printf(where, " AND _time >= %lld", (long long)from);
	if (to != INT64_MAX)
		buf_printf(where, " AND _time < %lld", (long long)to);
	buf_printf(where, " AND " SQL_TIMED ")%s)", untimed ? " OR " SQL_UNTIMED : "");
}

static const struct batch_shape *shape_of(const struct ioc_request *request, const char *table)
{
	for (uint32_t i = 0; i < request->tables->n; i++)
		if (strcmp(request->tables->schemas[i]->table, table) == 0)
			return &request->tables->schemas[i]->shape;
	return NULL;
}

static int scan_rows(struct passing *p, const struct whereabouts *at, struct err *err)
{
	const struct ioc_events *events = p->scan.events;
	struct finding finding = {.p = p};
	struct buf where;
	bool *want = arena_zalloc(&p->mem, p->shape->ncolumns + 1ul, sizeof(*want));
	buf_init(&where, SIZE_MAX / 2);
	observing_shape(p->shape, &p->mem, &p->columns.what);
	ioc_scan_columns(&p->scan, p->shape, &p->columns, &p->mem);
	memcpy(want, p->columns.want, p->shape->ncolumns * sizeof(*want));
	want[SYS_EVENT_ID] = want[SYS_EVENT_TIME] = true;
	put_where(events, at, &where);
	struct cluster_select select = {.table = p->scan.table,
		.shape = p->shape,
		.want = want,
		.where = buf_view(&where),
		.each = note_found,
		.ctx = &finding};
	int rc = cluster_select(p->cluster, &select, err);
	if (rc == 0)
		rc = fetch_all(&finding, err);
	free(finding.list);
	buf_fini(&where);
	return rc;
}

static int scan_table(struct cluster *cluster, const struct ioc_events *events,
	struct ioc_lookup *lookup, const char *table, struct err *err)
{
	struct passing p = {.cluster = cluster,
		.scan = {.events = events, .lookup = lookup, .table = table},
		.shape = shape_of(events->request, table),
		.stop = events->request->stop};
	struct whereabouts at = {0};
	struct map seen;
	int rc = 0;
	if (!p.shape)
		return 0;
	map_init(&seen);
	buf_init(&at.shipments, SIZE_MAX / 2);
	for (uint32_t i = 0, n; i < lookup->n && rc == 0; i += n) {
		n = ioc_cluster_some(lookup->list + i, lookup->n - i);
		rc = ask_some(cluster, table, lookup->list + i, n, &at, &seen, err);
	}
	if (rc == 0 && at.n)
		rc = scan_rows(&p, &at, err);
	ioc_scan_fini(&p.scan);
	arena_fini(&p.mem);
	buf_fini(&at.shipments);
	map_fini(&seen);
	return rc;
}

int ioc_events_cluster(struct cluster *cluster, const struct ioc_events *events, struct err *err)
{
	struct ioc_questions questions;
	struct ioc_lookup lookup;
	struct arena mem = {0};
	const char *const *tables;
	uint32_t n;
	int rc = ioc_cluster_tables(cluster, events->request->table, &mem, &tables, &n, err);
	ioc_questions_make(&questions, events->request, 0, events->request->n, UINT32_MAX);
	ioc_lookup_init(&lookup, questions.list, questions.n);
	for (uint32_t i = 0; i < n && rc == 0; i++)
		rc = scan_table(cluster, events, &lookup, tables[i], err);
	ioc_lookup_fini(&lookup);
	ioc_questions_free(&questions);
	arena_fini(&mem);
	return rc < 0 ? -1 : 0;
}
