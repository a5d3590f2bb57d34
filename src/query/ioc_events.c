/* SPDX-License-Identifier: Apache-2.0 */
/* ioc_events.c: the events that hold indicators. A segment's own run tells whether it is worth reading; then its columns of observables are
 * looked through by the code that made the index, so that both say the same. */
#include <stdio.h>
#include <stdlib.h>

#include "base/map.h"
#include "ioc/obs_file.h"
#include "query/ioc_private.h"
#include "query/table_file.h"

/* Questions as a table: keys that are asked for, and ranges, which are few. */
struct lookup {
	struct ioc_questions questions;
	struct map
		keys; /* kind and key → 1 + the first question of it; questions of one key stand together */
	uint32_t *ranges; /* questions */
	uint32_t nranges;
	struct buf entry;
	bool kinds[IOC_KINDS];
};

static struct slice entry_of(struct buf *entry, enum ioc_kind kind, struct slice key)
{
	buf_clear(entry);
	buf_push(entry, (char)kind);
	buf_slice(entry, key);
	return buf_view(entry);
}

static void lookup_init(struct lookup *l, const struct ioc_request *request)
{
	*l = (struct lookup){0};
	buf_init(&l->entry, IOC_KEY_MAX * 2);
	ioc_questions_make(&l->questions, request, 0, request->n, UINT32_MAX);
	l->ranges = xmalloc((l->questions.n + (size_t)1) * sizeof(*l->ranges));
	for (uint32_t i = 0; i < l->questions.n; i++) {
		const struct ioc_question *q = &l->questions.list[i];
		l->kinds[q->kind] = true;
		if (q->last) {
			l->ranges[l->nranges++] = i;
			continue;
		}
		bool is_new;
		uint64_t *first = map_put(&l->keys,
			entry_of(&l->entry, (enum ioc_kind)q->kind, ioc_question_key(q)), &is_new);
		if (is_new)
			*first = i;
	}
}

static void lookup_fini(struct lookup *l)
{
	map_fini(&l->keys);
	free(l->ranges);
	buf_fini(&l->entry);
	ioc_questions_free(&l->questions);
}

/* ---- a segment ------------------------------------------------------------------------------- */

/* Whether some of an observable's events may be in the time asked for. */
static bool may_be_in_time(const struct ioc_events *events, const struct sighting *s)
{
	bool all = events->since == INT64_MIN && events->until == INT64_MAX;
	return all || events->untimed ||
	       (s->first <= s->last && s->last >= events->since && s->first < events->until);
}

/* Whether a run holds what is asked for. 1, 0, or -1. */
static int holds(
	const struct ioc_events *events, const struct lookup *l, const char *path, struct err *err)
{
	struct obs_reader *reader;
	if (obs_open(path, &reader, err) < 0)
		return -1;
	int rc = 0;
	for (uint32_t i = 0; i < l->questions.n && rc == 0; i++) {
		const struct ioc_question *q = &l->questions.list[i];
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

struct row_hit {
	uint32_t row, indicator;
};
struct scanning {
	const struct ioc_events *events;
	struct lookup *lookup;
	const char *table;
	struct row_hit *hits; /* of a batch */
	uint32_t n, cap;
};

static void wanted(void *ctx, enum ioc_kind kind, struct slice key, struct observed_as *to)
{
	struct lookup *l = ((struct scanning *)ctx)->lookup;
	const struct ioc_question *list = l->questions.list;
	if (!l->kinds[kind])
		return;
	const uint64_t *first = map_get(&l->keys, entry_of(&l->entry, kind, key));
	for (uint64_t i = first ? *first : l->questions.n; i < l->questions.n; i++) {
		if ((enum ioc_kind)list[i].kind != kind ||
			!slice_eq(ioc_question_key(&list[i]), key))
			break;
		if (!list[i].last)
			observed_as(to, list[i].indicator);
	}
	for (uint32_t i = 0; i < l->nranges; i++) {
		const struct ioc_question *q = &list[l->ranges[i]];
		if ((enum ioc_kind)q->kind == kind && slice_cmp(ioc_question_key(q), key) <= 0 &&
			ioc_in_range(q, key))
			observed_as(to, q->indicator);
	}
}

static void take_hit(void *ctx, uint32_t row, uint32_t number)
{
	struct scanning *s = ctx;
	if (s->n == s->cap) {
		s->cap = s->cap ? s->cap * 2 : 256;
		s->hits = xrealloc(s->hits, s->cap * sizeof(*s->hits));
	}
	s->hits[s->n++] = (struct row_hit){row, number};
}

static bool in_time(const struct ioc_events *events, const struct batch *batch, uint32_t row)
{
	const struct column *times = &batch->columns[SYS_EVENT_TIME];
	if (events->since == INT64_MIN && events->until == INT64_MAX)
		return true;
	if (column_is_null(times, row))
		return events->untimed;
	return times->i64[row] >= events->since && times->i64[row] < events->until;
}

/* Newest rows last in a group of a compacted file: handed over backwards. 1 to end. */
static int hand_over(struct scanning *s, const struct batch *batch, struct err *err)
{
	int rc = 0;
	uint32_t to = s->n;
	if (s->events->begin && s->n > 0)
		s->events->begin(s->events->ctx, batch);
	while (to > 0 && rc == 0) {
		uint32_t from = to;
		while (from > 0 && s->hits[from - 1].row == s->hits[to - 1].row)
			from--;
		for (uint32_t i = from; i < to && rc == 0; i++)
			rc = s->events->each(s->events->ctx, s->table, batch, s->hits[i].row,
				s->hits[i].indicator, err);
		to = from;
	}
	return rc;
}

/* The hits that are not in the time asked for go. */
static void drop_untimely(struct scanning *s, const struct batch *batch)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < s->n; i++) {
		if (in_time(s->events, batch, s->hits[i].row))
			s->hits[n++] = s->hits[i];
	}
	s->n = n;
}

/* The rows of the hits alone, with the columns of `fetch` (NULL = all); the hits are rows of `out` then. */
static int fetch_rows(struct scanning *s, struct parquet_reader *reader, uint32_t group,
	const bool *fetch, struct batch *out, struct err *err)
{
	uint32_t n = 0;
	uint32_t *rows = xmalloc((s->n + (size_t)1) * sizeof(*rows));
	for (uint32_t i = 0; i < s->n; i++) {
		if (n == 0 || rows[n - 1] != s->hits[i].row)
			rows[n++] = s->hits[i].row;
		s->hits[i].row = n - 1;
	}
	int rc = parquet_read_rows(reader, group, fetch, rows, n, out, err);
	free(rows);
	return rc;
}

/* A segment that is being looked through. */
struct segment_scan {
	struct parquet_reader *reader;
	struct observing what;
	bool *want;  /* columns that tell whether a row is a hit */
	bool *fetch; /* columns of the hits; NULL = all */
	bool more;   /* they are to be fetched: they are others than those of `want` */
};

static int scan_group(
	struct scanning *s, struct segment_scan *segment, uint32_t group, struct err *err)
{
	struct batch batch, rows;
	s->n = 0;
	batch_init(&batch, parquet_shape(segment->reader));
	int rc = parquet_read(segment->reader, group, segment->want, &batch, err);
	if (rc == 0) {
		observe_rows(&segment->what, &batch, wanted, take_hit, s);
		drop_untimely(s, &batch);
	}
	if (rc == 0 && s->n > 0 && segment->more) {
		rc = fetch_rows(s, segment->reader, group, segment->fetch, &rows, err);
		if (rc == 0)
			rc = hand_over(s, &rows, err);
		batch_fini(&rows);
	} else if (rc == 0) {
		rc = hand_over(s, &batch, err);
	}
	batch_fini(&batch);
	return rc;
}

/* Columns whose observables are of kinds that are asked for. */
static void narrow(
	const struct lookup *l, bool fields_only, struct observing *what, struct observed *columns)
{
	bool is_host = l->kinds[IOC_IPV4] || l->kinds[IOC_IPV6] || l->kinds[IOC_DOMAIN];
	bool is_hash = l->kinds[IOC_MD5] || l->kinds[IOC_SHA1] || l->kinds[IOC_SHA256];
	bool in_text =
		!fields_only && (is_host || is_hash || l->kinds[IOC_URL] || l->kinds[IOC_EMAIL]);
	uint32_t n = 0;
	for (uint32_t i = 0; i < what->n; i++) {
		enum ioc_kind kind = what->columns[i].kind;
		bool address = kind == IOC_IPV4 || kind == IOC_IPV6;
		bool hash = kind == IOC_MD5 || kind == IOC_SHA1 || kind == IOC_SHA256;
		bool holds_host = address || kind == IOC_URL || kind == IOC_EMAIL;
		bool ok = what->columns[i].text
				  ? in_text
				  : l->kinds[kind] || (holds_host && is_host) || (hash && is_hash);
		if (ok)
			columns[n++] = what->columns[i];
	}
	what->columns = columns;
	what->n = n;
}

/* What is read to find the hits, and what of them. */
static void choose_columns(struct scanning *s, struct segment_scan *segment, struct arena *mem)
{
	const struct ioc_events *events = s->events;
	const struct batch_shape *shape = parquet_shape(segment->reader);
	segment->want = arena_zalloc(mem, shape->ncolumns + 1ul, sizeof(bool));
	segment->fetch = arena_zalloc(mem, shape->ncolumns + 1ul, sizeof(bool));
	segment->more = events->columns || events->whole;
	segment->want[SYS_SECONDARY] = true;
	segment->want[SYS_EVENT_ID] = !segment->more;
	segment->want[SYS_EVENT_TIME] =
		!segment->more || events->since != INT64_MIN || events->until != INT64_MAX;
	segment->fetch[SYS_EVENT_TIME] = segment->fetch[SYS_EVENT_ID] = true;
	if (events->columns)
		events->columns(events->ctx, s->table, shape, &segment->what, segment->fetch);
	if (events->whole)
		segment->fetch = NULL;
	narrow(s->lookup, events->fields_only, &segment->what,
		arena_alloc(mem, (segment->what.n + 1ul) * sizeof(struct observed)));
	for (uint32_t i = 0; i < segment->what.n; i++)
		segment->want[segment->what.columns[i].column] = true;
}

static int scan_segment(struct store *store, struct scanning *s, const char *path, struct err *err)
{
	struct segment_scan segment;
	struct arena mem = {0};
	if (table_file_open(path, &segment.reader, err) < 0)
		return -1;
	int rc = store_observing(
		store, s->table, parquet_shape(segment.reader), &mem, &segment.what, err);
	if (rc == 0)
		choose_columns(s, &segment, &mem);
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

static int scan_table(struct store *store, struct scanning *s, struct err *err)
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

int ioc_events(struct store *store, const struct ioc_events *events, struct err *err)
{
	struct lookup lookup;
	struct table_names names = {.only = events->request->table};
	int rc = store_observables(store, note_table, &names, err);
	lookup_init(&lookup, events->request);
	for (uint32_t i = 0; i < names.n && rc == 0; i++) {
		struct scanning s = {.events = events, .lookup = &lookup, .table = names.list[i]};
		rc = scan_table(store, &s, err);
		free(s.hits);
	}
	lookup_fini(&lookup);
	free(names.list);
	return rc < 0 ? -1 : 0;
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
