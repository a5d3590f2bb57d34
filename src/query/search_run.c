/* SPDX-License-Identifier: Apache-2.0 */
/* search_run.c: workers take the item that can hold the best row next, until the page is full and
 * no item can change it, or (where all matches are counted) until there is none. */
#include <stdlib.h>

#include "query/search_private.h"

/* ---- ending ---------------------------------------------------------------------------------- */

void run_end(struct search *s, const char *why)
{
	pthread_mutex_lock(&s->lock);
	if (!s->why)
		s->why = why;
	pthread_mutex_unlock(&s->lock);
	atomic_store(&s->ended, true);
}

bool run_ended(struct search *s)
{
	if (atomic_load(&s->ended))
		return true;
	if (s->request->stop && *s->request->stop)
		run_end(s, "it was stopped");
	else if (clock_mono_us() > s->deadline)
		run_end(s, "the time limit was reached");
	return atomic_load(&s->ended);
}

/* ---- one row group --------------------------------------------------------------------------- */

int work_load(struct worker *w, uint32_t column, struct err *err)
{
	struct column *col = &w->batch.columns[column];
	if (w->search->clustered) /* all that is needed came with the batch */
		return 0;
	if (!col->n && !col->codes && !col->i64 && !col->bools && !col->uuid)
		w->explain.columns_read++;
	w->rows_loaded = true;
	return parquet_load(
		w->reader, w->group, column, PARQUET_ROWS, &w->batch, &w->explain.bytes_read, err);
}

/* match_input's load; also where a search that is to end gets out of a row group. */
static int load_part(void *ctx, uint32_t column, enum match_part part, struct err *err)
{
	struct worker *w = ctx;
	if (run_ended(w->search))
		return err_set(err, ERR_INTERRUPTED, "the search was ended");
	if (part == MATCH_ROWS)
		return work_load(w, column, err);
	if (!w->batch.columns[column].off)
		w->explain.columns_read++;
	return parquet_load(w->reader, w->group, column, PARQUET_VALUES, &w->batch,
		&w->explain.bytes_read, err);
}

static size_t words_of(uint32_t rows)
{
	return ((size_t)rows + 63) / 64;
}

static uint64_t *bitmap(struct buf *buf, uint32_t rows)
{
	buf_clear(buf);
	return (uint64_t *)(void *)buf_reserve(buf, (words_of(rows) + 1) * sizeof(uint64_t));
}

static void set_all(uint64_t *bits, uint32_t rows)
{
	memset(bits, 0xff, words_of(rows) * sizeof(*bits));
	if (rows & 63)
		bits[rows >> 6] = (UINT64_C(1) << (rows & 63)) - 1;
}

static uint32_t count_bits(const uint64_t *bits, uint32_t rows)
{
	uint32_t n = 0;
	for (size_t i = 0; i < words_of(rows); i++)
		n += (uint32_t)__builtin_popcountll(bits[i]);
	return n;
}

/* Clears the rows out of [since, until). */
static void keep_in_time(const struct search *s, const struct batch *batch, uint64_t *rows)
{
	const struct column *times = &batch->columns[SYS_EVENT_TIME];
	int64_t since = s->request->since, until = s->request->until;
	bool open = until == INT64_MAX;
	for (uint32_t base = 0; base < batch->nrows; base += 64) {
		uint32_t n = batch->nrows - base < 64 ? batch->nrows - base : 64;
		uint64_t word = 0;
		for (uint32_t i = 0; i < n; i++) {
			int64_t t = times->i64[base + i];
			word |= (uint64_t)(t >= since && (t < until || open)) << i;
		}
		if (times->nulls)
			word &= ~times->nulls[base >> 6];
		rows[base >> 6] &= word;
	}
}

/* The rows that are asked for at all: *among NULL = all. */
static int rows_among(struct worker *w, const uint64_t **among, struct err *err)
{
	struct search *s = w->search;
	const struct search_request *request = s->request;
	const struct group_facts *facts = &w->facts;
	bool time = s->bounded &&
		    (!facts->range || facts->some_untimed || facts->min_time < request->since ||
			    (facts->max_time >= request->until && request->until != INT64_MAX));
	bool secondary = facts->some_secondary && !request->secondary;
	*among = NULL;
	if (!time && !secondary)
		return 0;
	if ((time && work_load(w, SYS_EVENT_TIME, err) < 0) ||
		(secondary && work_load(w, SYS_SECONDARY, err) < 0))
		return -1;
	uint64_t *bits = bitmap(&w->among, w->batch.nrows);
	set_all(bits, w->batch.nrows);
	if (time)
		keep_in_time(s, &w->batch, bits);
	if (secondary)
		rows_drop_secondary(&w->batch, bits);
	*among = bits;
	return 0;
}

int match_group(struct worker *w, const uint64_t **rows, uint32_t *count, struct err *err)
{
	const struct search_shape *shape = w->file->shape;
	uint32_t n = w->batch.nrows;
	const uint64_t *among;
	if (rows_among(w, &among, err) < 0)
		return -1;
	*rows = among;
	*count = among ? count_bits(among, n) : n;
	if (*count == 0 || shape->always)
		return 0;
	struct match_input input = {&w->batch, w->search->clustered ? NULL : load_part, w};
	uint64_t *bits = bitmap(&w->rows, n);
	w->explain.rows_tested += *count;
	if (match_rows(shape->program, &input, w->scratch, among, bits, count, err) < 0)
		return -1;
	*rows = *count == n ? NULL : bits;
	return 0;
}

/* Everything that can fail comes before anything is counted: a group counts whole or not at all. */
int count_group(struct worker *w, const uint64_t *rows, uint32_t count, struct err *err)
{
	if (w->search->histogram.n && histogram_needs_times(w) &&
		work_load(w, SYS_EVENT_TIME, err) < 0)
		return -1;
	if (facet_load(w, err) < 0)
		return -1;
	w->matched += count;
	w->tables[w->file->table] += count;
	histogram_group(w, rows, count);
	facet_group(w, rows, count);
	return 0;
}

static int search_group(struct worker *w, struct err *err)
{
	const struct search_request *request = w->search->request;
	const uint64_t *rows;
	uint32_t count;
	if (match_group(w, &rows, &count, err) < 0)
		return -1;
	if (count == 0)
		return 0;
	if (request->limit &&
		(request->sort ? sort_group(w, rows, err) : top_group(w, rows, err)) < 0)
		return -1;
	return count_group(w, rows, count, err);
}

static void group_failed(struct worker *w, const struct err *err)
{
	if (err->kind != ERR_INTERRUPTED)
		search_problem(w->search, w->file, err->text);
}

static void run_group(struct worker *w, const struct search_item *item)
{
	struct search *s = w->search;
	struct search_file *file = &s->files[item->file];
	struct err err = {0};
	if (file_take(w, file, &w->reader, &err) < 0)
		return;
	w->file = file;
	w->file_index = item->file;
	w->group = item->group;
	w->rows_loaded = false;
	table_group_facts(w->reader, w->group, &w->facts);
	parquet_begin(w->reader, w->group, &w->batch);
	if (search_group(w, &err) < 0)
		group_failed(w, &err);
	if (w->rows_loaded || w->file->shape->always)
		w->explain.groups_read++;
	else
		w->explain.groups_by_values++;
	batch_fini(&w->batch);
	file_give_back(w, file, w->reader);
}

/* ---- workers --------------------------------------------------------------------------------- */

/* The next item, or false where there is nothing left to do. */
static bool take_item(struct search *s, struct search_item *item)
{
	bool got = false;
	pthread_mutex_lock(&s->lock);
	for (;;) {
		bool some = s->nitems > 0 && (s->counted || top_wants(s, s->items[0].best));
		if (atomic_load(&s->ended))
			break;
		if (some) {
			got = item_pop(s, item);
			s->opening += item->group == GROUP_FILE;
			break;
		}
		if (s->opening == 0)
			break;
		pthread_cond_wait(&s->changed, &s->lock);
	}
	pthread_mutex_unlock(&s->lock);
	return got;
}

/* Files that are done with stay open for the page's rows, as long as they are few. */
static void item_done(struct worker *w, const struct search_item *item)
{
	struct search *s = w->search;
	struct search_file *file = &s->files[item->file];
	pthread_mutex_lock(&s->lock);
	if (item->group == GROUP_FILE) {
		s->opening--;
		pthread_cond_broadcast(&s->changed);
	} else {
		w->explain.segments_read += !file->read;
		file->read = true;
		if (--file->pending == 0 && file->reader && s->open_files > search_open_files / 2) {
			parquet_close(file->reader);
			file->reader = NULL;
			s->open_files--;
		}
	}
	pthread_mutex_unlock(&s->lock);
}

static void *work(void *ctx)
{
	struct worker *w = ctx;
	struct search *s = w->search;
	struct search_item item;
	while (!run_ended(s) && take_item(s, &item)) {
		if (item.group == GROUP_FILE) {
			int64_t begin = clock_mono_us();
			plan_open(w, &s->files[item.file], item.file);
			w->explain.plan_us += clock_mono_us() - begin;
		} else {
			run_group(w, &item);
		}
		item_done(w, &item);
	}
	/* Others may wait for what this one would have made. */
	pthread_mutex_lock(&s->lock);
	pthread_cond_broadcast(&s->changed);
	pthread_mutex_unlock(&s->lock);
	return NULL;
}

void search_workers(struct search *s)
{
	for (unsigned i = 1; i < s->threads; i++) {
		struct worker *w = &s->workers[i];
		w->started = pthread_create(&w->thread, NULL, work, w) == 0;
	}
	work(&s->workers[0]);
	for (unsigned i = 1; i < s->threads; i++) {
		if (s->workers[i].started)
			pthread_join(s->workers[i].thread, NULL);
		s->workers[i].started = false;
	}
}
