/* SPDX-License-Identifier: Apache-2.0 */
/* ioc_events.c: the events that hold indicators. A segment's own run tells whether it is worth reading; then its columns of observables are
 * looked through by the code that made the index, so that both say the same. */
#include <stdio.h>
#include <stdlib.h>

#include "ioc/obs_file.h"
#include "query/clustered.h"
#include "query/ioc_private.h"
#include "query/table_file.h"

/* ---- a segment ------------------------------------------------------------------------------- */

/* Whether some of an observable's events may be in the time asked for. */
static bool may_be_in_time(const struct ioc_events *events, const struct sighting *s)
{
	bool all = events->since == INT64_MIN && events->until == INT64_MAX;
	return all || events->untimed ||
	       (s->first <= s->last && s->last >= events->since && s->first < events->until);
}

/* Whether a run holds what is asked for. 1, 0, or -1. */
static int holds(const struct ioc_events *events, const struct ioc_lookup *l, const char *path,
	struct err *err)
{
	struct obs_reader *reader;
	if (obs_open(path, &reader, err) < 0)
		return -1;
	int rc = 0;
	for (uint32_t i = 0; i < l->n && rc == 0; i++) {
		const struct ioc_question *q = &l->list[i];
		const struct sighting *s;
		rc = obs_seek(reader, (enum ioc_kind)q->kind, ioc_question_key(q), &s, err);
		if (rc == 1)
			rc = s->kind == (enum ioc_kind)q->kind &&
			     (q->last ? ioc_in_range(q, s->key)
				      : slice_eq(s->key, ioc_question_key(q))) &&
			     (q->last || may_be_in_time(events, s));
		else if (rc == 0)
			break; /* nothing comes behind */
	}
	obs_close(reader);
	return rc;
}

/* The rows of the hits alone, with the columns of `fetch` (NULL = all); the hits are rows of `out` then. */
static int fetch_rows(struct ioc_scan *s, struct parquet_reader *reader, uint32_t group,
	const bool *fetch, struct batch *out, struct err *err)
{
	uint32_t *rows = xmalloc((s->n + (size_t)1) * sizeof(*rows));
	uint32_t n = ioc_scan_rows(s, rows);
	int rc = parquet_read_rows(reader, group, fetch, rows, n, out, err);
	free(rows);
	return rc;
}

/* A segment that is being looked through. */
struct segment_scan {
	struct parquet_reader *reader;
	struct ioc_columns columns;
};

static int scan_group(
	struct ioc_scan *s, struct segment_scan *segment, uint32_t group, struct err *err)
{
	struct batch batch, rows;
	batch_init(&batch, parquet_shape(segment->reader));
	int rc = parquet_read(segment->reader, group, segment->columns.want, &batch, err);
	if (rc == 0)
		ioc_scan_batch(s, &segment->columns, &batch);
	if (rc == 0 && s->n > 0 && segment->columns.more) {
		rc = fetch_rows(s, segment->reader, group, segment->columns.fetch, &rows, err);
		if (rc == 0)
			rc = ioc_scan_hand_over(s, &rows, err);
		batch_fini(&rows);
	} else if (rc == 0) {
		rc = ioc_scan_hand_over(s, &batch, err);
	}
	batch_fini(&batch);
	return rc;
}

static int scan_segment(struct store *store, struct ioc_scan *s, const char *path, struct err *err)
{
	struct segment_scan segment;
	struct arena mem = {0};
	if (table_file_open(path, &segment.reader, err) < 0)
		return -1;
	int rc = store_observing(
		store, s->table, parquet_shape(segment.reader), &mem, &segment.columns.what, err);
	if (rc == 0)
		ioc_scan_columns(s, parquet_shape(segment.reader), &segment.columns, &mem);
	for (uint32_t g = parquet_groups(segment.reader); g-- > 0 && rc == 0;) {
		if (s->events->request->stop && *s->events->request->stop)
			rc = err_set(err, ERR_INTERRUPTED, "interrupted");
		else
			rc = scan_group(s, &segment, g, err);
	}
	parquet_close(segment.reader);
	arena_fini(&mem);
	return rc;
}

/* ---- all of them ----------------------------------------------------------------------------- */

static bool is_asked(const struct ioc_events *events, uint64_t segment)
{
	for (uint32_t i = 0; events->only && i < events->nonly; i++) {
		if (events->only[i] == segment)
			return true;
	}
	return !events->only;
}

static int scan_table(struct store *store, struct ioc_scan *s, struct err *err)
{
	struct observable_segment *segments;
	uint32_t n;
	struct arena mem = {0};
	int rc = observable_segments(store, s->table, &mem, &segments, &n, err);
	for (uint32_t i = 0; i < n && rc == 0; i++) {
		struct err why = {0};
		if (!is_asked(s->events, segments[i].id))
			continue;
		rc = segments[i].run ? holds(s->events, s->lookup, segments[i].run, &why) : 1;
		if (rc == 1)
			rc = scan_segment(store, s, segments[i].path, &why);
		if (rc < 0 && (why.kind == ERR_DAMAGED || why.kind == ERR_NOT_FOUND) &&
			s->events->problem) {
			s->events->problem(s->events->ctx, segments[i].path, why.text);
			rc = 0;
		} else if (rc < 0 && err) {
			*err = why;
		}
	}
	arena_fini(&mem);
	return rc;
}

struct table_names {
	const char *only;
	char (*list)[128];
	uint32_t n;
};

static int note_table(void *ctx, const struct observables_info *info, struct err *err)
{
	(void)err;
	struct table_names *names = ctx;
	if (names->only && strcmp(names->only, info->table) != 0)
		return 0;
	names->list = xrealloc(names->list, (names->n + 1) * sizeof(*names->list));
	snprintf(names->list[names->n++], sizeof(*names->list), "%s", info->table);
	return 0;
}

static int events_of_lake(struct store *store, const struct ioc_events *events, struct err *err)
{
	struct ioc_questions questions;
	struct ioc_lookup lookup;
	struct table_names names = {.only = events->request->table};
	int rc = store_observables(store, note_table, &names, err);
	ioc_questions_make(&questions, events->request, 0, events->request->n, UINT32_MAX);
	ioc_lookup_init(&lookup, questions.list, questions.n);
	for (uint32_t i = 0; i < names.n && rc == 0; i++) {
		struct ioc_scan s = {.events = events, .lookup = &lookup, .table = names.list[i]};
		rc = scan_table(store, &s, err);
		ioc_scan_fini(&s);
	}
	ioc_lookup_fini(&lookup);
	ioc_questions_free(&questions);
	free(names.list);
	return rc < 0 ? -1 : 0;
}

int ioc_events(struct store *store, const struct ioc_events *events, struct err *err)
{
	struct cluster *cluster = NULL;
	int rc = events->request->tables && !events->only
			 ? lake_cluster(store, NULL, events->request->stop, &cluster, err)
			 : 0;
	if (rc == 0)
		return events_of_lake(store, events, err);
	if (rc == 1)
		rc = ioc_events_cluster(cluster, events, err);
	cluster_close(cluster);
	return rc;
}

/* ---- exact counts ---------------------------------------------------------------------------- */

struct counting {
	struct ioc_answers *answers;
	uint64_t *by_table; /* ntables of each */
};

static int count_event(void *ctx, const char *table, const struct batch *batch, uint32_t row,
	uint32_t indicator, struct err *err)
{
	(void)batch, (void)row, (void)err;
	struct counting *c = ctx;
	for (uint32_t i = 0; i < c->answers->ntables; i++) {
		if (strcmp(c->answers->tables[i], table) == 0)
			c->by_table[(size_t)indicator * c->answers->ntables + i]++;
	}
	return 0;
}

int ioc_count_exactly(struct store *store, const struct ioc_request *request,
	struct ioc_answers *answers, uint32_t most, struct err *err)
{
	uint32_t n = 0;
	struct ioc_answer *list = (struct ioc_answer *)(uintptr_t)answers->list; /* ours */
	uint32_t *of = xmalloc((most + (size_t)1) * sizeof(*of));
	struct indicator *some = xmalloc((most + (size_t)1) * sizeof(*some));
	for (uint32_t i = 0; i < answers->n && n < most; i++) {
		if (!answers->list[i].at_most)
			continue;
		some[n] = request->list[i];
		of[n++] = i;
	}
	struct ioc_request narrowed = *request;
	narrowed.list = some;
	narrowed.n = n;
	struct counting c = {
		answers, xcalloc((n + (size_t)1) * (answers->ntables + 1), sizeof(*c.by_table))};
	const struct ioc_events events = {.request = &narrowed,
		.since = INT64_MIN,
		.until = INT64_MAX,
		.each = count_event,
		.ctx = &c};
	int rc = n ? ioc_events(store, &events, err) : 0;
	for (uint32_t i = 0; i < n && rc == 0; i++) {
		struct ioc_answer *answer = &list[of[i]];
		uint64_t *by_table =
			arena_zalloc(&answers->mem[0], answers->ntables, sizeof(*by_table));
		answer->events = 0;
		for (uint32_t t = 0; t < answers->ntables; t++)
			answer->events += by_table[t] =
				c.by_table[(size_t)i * answers->ntables + t];
		answer->by_table = by_table;
		answer->at_most = false;
	}
	free(c.by_table);
	free(some);
	free(of);
	return rc;
}
