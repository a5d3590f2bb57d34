/* SPDX-License-Identifier: Apache-2.0 */
/* ioc_cluster.c: indicators asked of the cluster's table of observables: questions go out some ten thousand at a time, and what comes back
 * is put to the answers as the sightings of a run are. */
#include <stdlib.h>

#include "cluster/table.h"
#include "query/clustered.h"
#include "query/ioc_private.h"

enum { QUESTIONS_AT_ONCE = 20000, RANGES_AT_ONCE = 200 };

/* ---- SQL ------------------------------------------------------------------------------------- */

static void put_range(const struct ioc_question *q, struct buf *sql)
{
	buf_printf(sql, " OR (kind = %u AND key >= ", q->kind);
	sql_text(sql, ioc_question_key(q));
	buf_puts(sql, q->open ? " AND key < " : " AND key <= ");
	sql_text(sql, *q->last);
	buf_push(sql, ')');
}

/* Keys of one kind, from list[i] on; returns the first one behind them. */
static uint32_t put_keys(const struct ioc_question *list, uint32_t i, uint32_t n, struct buf *sql)
{
	struct sql_set keys = {0};
	uint8_t kind = list[i].kind;
	for (; i < n && list[i].kind == kind; i++)
		if (!list[i].last)
			sql_set_add(&keys, ioc_question_key(&list[i]));
	if (keys.n) {
		buf_printf(sql, " OR (kind = %u AND key IN ", kind);
		sql_set_put(&keys, sql);
		buf_push(sql, ')');
	}
	return i;
}

/* All below a domain, as ioc_questions.c asks for them: keys that begin with its own and a dot. */
static bool is_below(const struct ioc_question *q)
{
	return q->last && q->open && q->kind == IOC_DOMAIN && q->nkey > 1 &&
	       q->key[q->nkey - 1] == '.';
}

/* The parents of each key are looked up among the domains: thousands of ranges would be walked one by one. */
static void put_below(const struct ioc_question *list, uint32_t n, struct buf *sql)
{
	struct sql_set domains = {0};
	for (uint32_t i = 0; i < n; i++)
		if (is_below(&list[i]))
			sql_set_add(&domains, (struct slice){list[i].key, list[i].nkey - 1ul});
	if (domains.n == 0)
		return;
	buf_printf(sql, " OR (kind = %d AND arrayExists(p -> p IN ", IOC_DOMAIN);
	sql_set_put(&domains, sql);
	buf_puts(sql, ", arrayMap(i -> arrayStringConcat(arraySlice(splitByChar('.', key), 1, i - "
		      "1), '.'),"
		      " arraySlice(arrayEnumerate(splitByChar('.', key)), 2))))");
}

uint32_t ioc_cluster_some(const struct ioc_question *list, uint32_t n)
{
	uint32_t i = 0, ranges = 0;
	for (; i < n && i < QUESTIONS_AT_ONCE; i++) {
		ranges += list[i].last && !is_below(&list[i]);
		if (ranges > RANGES_AT_ONCE)
			break;
	}
	return i;
}

void ioc_cluster_where(
	const struct ioc_question *list, uint32_t n, const char *table, struct buf *sql)
{
	/* Kind by kind: a list of single values is read a hundred times as fast as one of pairs. */
	buf_puts(sql, "(0");
	for (uint32_t i = 0; i < n;)
		i = put_keys(list, i, n, sql);
	for (uint32_t i = 0; i < n; i++)
		if (list[i].last && !is_below(&list[i]))
			put_range(&list[i], sql);
	put_below(list, n, sql);
	buf_puts(sql, ")");
	if (table) {
		buf_puts(sql, " AND table_name = ");
		sql_text(sql, slice_of(table));
	}
}

/* ---- answers --------------------------------------------------------------------------------- */

struct filling {
	struct ioc_filling filling;
	struct ioc_lookup lookup;
	uint32_t table;
	struct sighting sighting;
	struct ioc_naming naming;
};

static void fill(void *ctx, uint32_t question)
{
	struct filling *f = ctx;
	ioc_fill(&f->filling, f->lookup.list[question].indicator, f->table, &f->sighting,
		&f->naming);
}

/* The names of those who did it: answers keep them, so they are copied. */
static int read_actors(
	struct row_cursor *row, struct sighting *s, struct ioc_naming *naming, struct arena *mem)
{
	uint64_t n = row_size(row);
	if (row->bad || n > SIGHTING_ACTORS + 1)
		return -1;
	struct slice *names = arena_alloc(mem, (size_t)(n + 1) * sizeof(*names));
	uint32_t *numbers = arena_alloc(mem, (size_t)(n + 1) * sizeof(*numbers));
	uint64_t *hashes = arena_alloc(mem, (size_t)(n + 1) * sizeof(*hashes));
	for (uint32_t i = 0; i < n; i++) {
		struct slice name = row_text(row);
		names[i] = (struct slice){arena_strdup(mem, name), name.len};
		hashes[i] = hash_bytes(name.ptr, name.len);
		numbers[i] = i;
	}
	*naming = (struct ioc_naming){names, hashes, (uint32_t)n};
	s->actors = numbers;
	s->nactors = n > SIGHTING_ACTORS ? SIGHTING_ACTORS : (uint32_t)n;
	s->more_actors = n > SIGHTING_ACTORS;
	return 0;
}

static int take_rows(struct filling *f, struct row_cursor *row, struct err *err)
{
	const struct ioc_answers *answers = f->filling.answers;
	while (row_more(row)) {
		struct slice table = row_text(row);
		struct sighting s = {.kind = (enum ioc_kind)row_u8(row)};
		s.key = row_text(row);
		s.events = row_u64(row);
		s.first = (int64_t)row_u64(row);
		s.last = (int64_t)row_u64(row);
		bool more = row_u8(row) != 0;
		if (read_actors(row, &s, &f->naming, f->filling.mem) < 0 || row->bad ||
			s.kind >= IOC_KINDS)
			return err_set(err, ERR_FORMAT,
				"the cluster's answer about observables cannot be read");
		s.more_actors = s.more_actors || more;
		f->table = 0;
		while (f->table < answers->ntables &&
			!slice_eq(table, slice_of(answers->tables[f->table])))
			f->table++;
		f->sighting = s;
		if (f->table < answers->ntables) /* made since the tables were listed, else */
			ioc_lookup_each(&f->lookup, s.kind, s.key, fill, f);
	}
	return row_end(row, err);
}

static int ask_some(struct cluster *cluster, const struct ioc_request *request, struct filling *f,
	const struct ioc_question *list, uint32_t n, struct err *err)
{
	struct buf sql, answer;
	buf_init(&sql, SIZE_MAX / 2);
	buf_init(&answer, SIZE_MAX / 2);
	buf_puts(&sql, "SELECT table_name, kind, key, sum(events),"
		       " if(countIf(first <= last) = 0, 1, minIf(first, first <= last)),"
		       " if(countIf(first <= last) = 0, 0, maxIf(last, first <= last)),"
		       " max(more_actors),");
	buf_printf(&sql, " arraySlice(arraySort(groupUniqArrayArray(actors)), 1, %d) FROM ",
		SIGHTING_ACTORS + 1);
	cluster_table_name(&sql, cluster, CLUSTER_OBSERVABLES, false);
	buf_puts(&sql, " WHERE ");
	ioc_cluster_where(list, n, request->table, &sql);
	buf_puts(&sql, " GROUP BY table_name, kind, key ORDER BY table_name, kind, key");
	struct row_cursor row;
	int rc = cluster_rows(cluster, &sql, &answer, &row, err) < 0 ? clustered_failed(err) : 0;
	ioc_lookup_init(&f->lookup, list, n);
	if (rc == 0)
		rc = take_rows(f, &row, err);
	ioc_lookup_fini(&f->lookup);
	buf_fini(&sql);
	buf_fini(&answer);
	return rc;
}

int ioc_cluster_tables(struct cluster *cluster, const char *only, struct arena *mem,
	const char *const **tables, uint32_t *n, struct err *err)
{
	struct buf sql, answer;
	buf_init(&sql, 1 << 16);
	buf_init(&answer, 1 << 24);
	*n = 0;
	buf_puts(&sql, "SELECT table_name FROM ");
	cluster_table_name(&sql, cluster, CLUSTER_OBSERVABLES, false);
	if (only) {
		buf_puts(&sql, " WHERE table_name = ");
		sql_text(&sql, slice_of(only));
	}
	buf_puts(&sql, " GROUP BY table_name ORDER BY table_name");
	struct row_cursor row;
	int rc = cluster_rows(cluster, &sql, &answer, &row, err) < 0 ? clustered_failed(err) : 0;
	const char **list = arena_alloc(mem, (answer.len + 1) * sizeof(*list));
	while (rc == 0 && row_more(&row)) {
		struct slice name = row_text(&row);
		rc = row_end(&row, err);
		if (rc == 0)
			list[(*n)++] = arena_strdup(mem, name);
	}
	*tables = list;
	buf_fini(&sql);
	buf_fini(&answer);
	return rc;
}

int ioc_search_cluster(struct cluster *cluster, const struct ioc_request *request,
	struct ioc_answers *answers, struct err *err)
{
	struct ioc_questions questions;
	struct filling f = {0};
	*answers = (struct ioc_answers){.n = request->n, .nmem = 1};
	ioc_questions_make(&questions, request, 0, request->n, UINT32_MAX);
	ioc_filling_begin(&f.filling, answers, &answers->mem[0]);
	int rc = ioc_cluster_tables(cluster, request->table, &answers->mem[0], &answers->tables,
		&answers->ntables, err);
	for (uint32_t at = 0; at < questions.n && rc == 0; at += QUESTIONS_AT_ONCE) {
		uint32_t n =
			questions.n - at < QUESTIONS_AT_ONCE ? questions.n - at : QUESTIONS_AT_ONCE;
		if (request->stop && *request->stop)
			rc = err_set(err, ERR_INTERRUPTED, "interrupted");
		else
			rc = ask_some(cluster, request, &f, questions.list + at, n, err);
	}
	ioc_filling_end(&f.filling);
	ioc_questions_free(&questions);
	if (rc < 0)
		ioc_answers_free(answers);
	return rc;
}
