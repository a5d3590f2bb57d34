/* SPDX-License-Identifier: Apache-2.0 */
/* detect_scan.c: hits out of segments, on all cores: row group by row group, columns only where a rule can still match. */
#include <math.h>
#include <stdlib.h>

#include "match/bitmap.h"
#include "pipeline/detector.h"

enum { FILES_OPEN = 128 }; /* at most, of those that were read */

struct scan {
	struct detect_pass *pass;
	struct engine_scratch *scratch;
	struct hits hits;
	struct buf text, among;
	struct slice source; /* of the last hit of the row group in hand, and its number */
	uint32_t source_number;
	/* the row group in hand */
	struct detect_file *file;
	uint32_t file_index, group;
	struct batch batch;
	uint64_t segments, rows;
};

static int load_part(void *ctx, uint32_t column, enum match_part part, struct err *err)
{
	struct scan *scan = ctx;
	return parquet_load(scan->file->reader, scan->group, column,
		part == MATCH_ROWS ? PARQUET_ROWS : PARQUET_VALUES, &scan->batch, NULL, err);
}

static int load_names(struct scan *scan, const struct name_list *list, struct err *err)
{
	for (uint32_t i = 0; i < list->n; i++)
		for (uint32_t k = 0; k < list->fields[i].n; k++)
			if (load_part(scan, (uint32_t)list->fields[i].list[k].column, MATCH_ROWS,
				    err) < 0)
				return -1;
	return 0;
}

/* ---- values of a hit ------------------------------------------------------------------------- */

/* A keyed hash of the values of all names; false where one is missing (it then counts as "" all the same). */
static bool hash_names(
	struct scan *scan, const struct name_list *list, uint32_t row, uint64_t *hash)
{
	bool all = true;
	for (uint32_t i = 0; i < list->n; i++) {
		buf_clear(&scan->text);
		bool there = detect_value(&scan->batch, list, i, row, &scan->text);
		all = all && there;
		*hash = detect_fold(*hash, i, buf_view(&scan->text), there);
	}
	return all;
}

/* Who it was, else from where, else what it was done to. */
static void hash_somebody(
	struct scan *scan, const struct detect_shape *shape, uint32_t row, uint64_t *hash)
{
	const struct name_list *names[] = {&shape->actor, &shape->ip, &shape->target};
	for (unsigned i = 0; i < 3; i++) {
		buf_clear(&scan->text);
		if (!detect_value(&scan->batch, names[i], 0, row, &scan->text) || !scan->text.len)
			continue;
		*hash = hash_fold(*hash ^ hash_bytes(scan->text.ptr, scan->text.len), i + 1);
		return;
	}
}

static double number_of(struct scan *scan, const struct name_list *list, uint32_t row)
{
	char text[64], *end;
	buf_clear(&scan->text);
	if (!detect_value(&scan->batch, list, 0, row, &scan->text) || scan->text.len == 0 ||
		scan->text.len >= sizeof(text))
		return (double)NAN;
	memcpy(text, scan->text.ptr, scan->text.len);
	text[scan->text.len] = 0;
	double number = strtod(text, &end);
	return *end ? (double)NAN : number;
}

static bool group_wanted(const struct detect_pass *pass, const struct hit *hit)
{
	if (pass->d->chained[hit->rule])
		return true;
	if (pass->parts > 1 && (hit->group >> 32) % pass->parts != pass->part)
		return false;
	if (!pass->groups)
		return true;
	uint64_t key[2] = {hit->rule, hit->group};
	return map_get(pass->groups, (struct slice){(const char *)key, sizeof(key)}) != NULL;
}

void hits_push(struct hits *hits, const struct hit *hit)
{
	if (hits->n == hits->cap) {
		hits->cap = hits->cap ? hits->cap * 2 : 256;
		hits->of = xrealloc(hits->of, hits->cap * sizeof(*hits->of));
	}
	hits->of[hits->n++] = *hit;
}

static bool time_wanted(const struct detect_range *range, int64_t time)
{
	return range->wanted &&
	       (time == INT64_MIN ? range->untimed : time >= range->from && time < range->to);
}

static uint32_t source_of(struct scan *scan, uint32_t row)
{
	const struct column *col = &scan->batch.columns[SYS_SOURCE];
	struct detector *d = scan->pass->d;
	struct slice name = column_is_null(col, row) ? SLICE("") : column_text(col, row);
	if (scan->source.ptr && slice_eq(name, scan->source))
		return scan->source_number;
	pthread_mutex_lock(&d->lock);
	bool fresh;
	uint64_t *number = map_put(&d->sources, name, &fresh);
	if (fresh)
		*number = d->sources.count - 1;
	scan->source = d->sources.entries[*number].key;
	scan->source_number = (uint32_t)*number;
	pthread_mutex_unlock(&d->lock);
	return scan->source_number;
}

static void take_row(struct scan *scan, const struct use *use, uint32_t row)
{
	const struct detect_pass *pass = scan->pass;
	const struct rule *rule = pass->d->rules->of[use->rule];
	const struct column *times = &scan->batch.columns[SYS_EVENT_TIME];
	struct hit hit = {.rule = use->rule,
		.member = use->member,
		.file = scan->file_index,
		.row_group = scan->group,
		.row = row};
	hit.time = column_is_null(times, row) ? INT64_MIN : times->i64[row];
	if (!time_wanted(&pass->ranges[use->rule], hit.time))
		return;
	uint64_t group = use->rule + 1, value = 0;
	bool all = true;
	if (use->group.n || rule->correlation)
		all = hash_names(scan, &use->group, row, &group);
	else
		hash_somebody(scan, scan->file->shape, row, &group);
	if (use->value.n)
		all = hash_names(scan, &use->value, row, &value) && all;
	if (use->needs_all && !all)
		return;
	const struct correlation *c = rule->correlation;
	if (c && (c->type == CORRELATION_FIRST_SEEN || c->type == CORRELATION_RARE))
		group = hash_fold(group ^ value, 7); /* the value is a part of the group */
	hit.group = group;
	hit.value = value;
	if (c && c->type >= CORRELATION_VALUE_SUM && c->type <= CORRELATION_VALUE_PERCENTILE)
		hit.number = number_of(scan, &use->value, row);
	if (!group_wanted(pass, &hit))
		return;
	hit.source = source_of(scan, row);
	memcpy(hit.id, scan->batch.columns[SYS_EVENT_ID].uuid[row], sizeof(hit.id));
	hits_push(&scan->hits, &hit);
}

static int take_rows(
	void *ctx, uint32_t expr, const uint64_t *rows, uint32_t count, struct err *err)
{
	(void)count;
	struct scan *scan = ctx;
	const struct detect_shape *shape = scan->file->shape;
	if (load_part(scan, SYS_EVENT_ID, MATCH_ROWS, err) < 0 ||
		load_part(scan, SYS_EVENT_TIME, MATCH_ROWS, err) < 0 ||
		load_part(scan, SYS_SOURCE, MATCH_ROWS, err) < 0)
		return -1;
	for (uint32_t u = 0; u < shape->nuses[expr]; u++) {
		const struct use *use = &shape->uses[expr][u];
		if (!scan->pass->ranges[use->rule].wanted)
			continue;
		bool somebody =
			use->group.n == 0 && !scan->pass->d->rules->of[use->rule]->correlation;
		if (load_names(scan, &use->group, err) < 0 ||
			load_names(scan, &use->value, err) < 0 ||
			(somebody && (load_names(scan, &shape->actor, err) < 0 ||
					     load_names(scan, &shape->ip, err) < 0 ||
					     load_names(scan, &shape->target, err) < 0)))
			return -1;
		for (uint32_t w = 0; w < bits_words(scan->batch.nrows); w++)
			for (uint64_t bits = rows[w]; bits; bits &= bits - 1)
				take_row(scan, use, w * 64 + (uint32_t)__builtin_ctzll(bits));
	}
	return 0;
}

/* ---- row groups ------------------------------------------------------------------------------ */

/* Rows of secondary sources are out of sight of rules: *among, NULL = all rows count. */
static int primary_rows(
	struct scan *scan, const struct group_facts *facts, const uint64_t **among, struct err *err)
{
	*among = NULL;
	if (!facts->some_secondary)
		return 0;
	if (load_part(scan, SYS_SECONDARY, MATCH_ROWS, err) < 0)
		return -1;
	size_t words = bits_words(scan->batch.nrows);
	buf_clear(&scan->among);
	uint64_t *bits = (uint64_t *)(void *)buf_reserve(&scan->among, (words + 1) * 8);
	bits_all(bits, scan->batch.nrows);
	rows_drop_secondary(&scan->batch, bits);
	*among = bits;
	return 0;
}

/* Whether any rule wants times that the group can have. */
static bool group_in_time(const struct scan *scan, const struct group_facts *facts)
{
	const struct detect_pass *pass = scan->pass;
	for (uint32_t r = 0; r < pass->d->rules->n; r++) {
		const struct detect_range *range = &pass->ranges[r];
		if (range->wanted &&
			((range->untimed && facts->some_untimed) ||
				(!facts->all_untimed && facts->max_time >= range->from &&
					facts->min_time < range->to)))
			return true;
	}
	return false;
}

static int scan_group(struct scan *scan, struct err *err)
{
	struct group_facts facts;
	table_group_facts(scan->file->reader, scan->group, &facts);
	if (!group_in_time(scan, &facts))
		return 0;
	parquet_begin(scan->file->reader, scan->group, &scan->batch);
	struct match_input input = {&scan->batch, load_part, scan};
	const uint64_t *among;
	int rc = primary_rows(scan, &facts, &among, err);
	if (rc == 0)
		rc = engine_run(scan->file->shape->program, &input, scan->scratch, among, take_rows,
			scan, err);
	scan->rows += scan->batch.nrows;
	batch_fini(&scan->batch);
	return rc;
}

static int scan_file(struct scan *scan, struct err *err)
{
	struct detector *d = scan->pass->d;
	if (!detect_file_open(d, scan->file))
		return 0;
	scan->segments++;
	for (uint32_t g = 0; g < parquet_groups(scan->file->reader); g++) {
		if (detector_stops(d, err))
			return -1;
		scan->group = g;
		if (scan_group(scan, err) < 0)
			return -1;
		if (scan->hits.n > scan->pass->most)
			return 1;
	}
	if (scan->pass->nfiles > FILES_OPEN)
		detect_file_close(scan->file);
	return 0;
}

/* ---- threads --------------------------------------------------------------------------------- */

static void gather(struct scan *scan)
{
	struct detect_pass *pass = scan->pass;
	struct hits *all = &pass->hits;
	if (all->n + scan->hits.n > pass->most) {
		pass->full = true;
	} else if (scan->hits.n) {
		all->of = xrealloc(all->of, (all->n + scan->hits.n) * sizeof(*all->of));
		memcpy(all->of + all->n, scan->hits.of, scan->hits.n * sizeof(*all->of));
		all->n += scan->hits.n;
		all->cap = all->n;
	}
	scan->hits.n = 0;
}

static void *work(void *arg)
{
	struct detect_pass *pass = arg;
	struct detector *d = pass->d;
	struct scan scan = {.pass = pass, .scratch = engine_scratch_new()};
	struct err err = {0};
	buf_init(&scan.text, LIMIT_RECORD_BYTES);
	buf_init(&scan.among, LIMIT_BATCH_ROWS);
	for (;;) {
		pthread_mutex_lock(&pass->lock);
		bool end = pass->next == pass->nfiles || pass->full || pass->rc != 0;
		scan.file_index = pass->next;
		pass->next += !end;
		pthread_mutex_unlock(&pass->lock);
		if (end)
			break;
		scan.file = &pass->files[scan.file_index];
		int rc = scan_file(&scan, &err);
		pthread_mutex_lock(&pass->lock);
		gather(&scan);
		pass->full = pass->full || rc == 1;
		if (rc < 0 && pass->rc == 0) {
			pass->rc = -1;
			pass->err = err;
		}
		d->result->rows += scan.rows;
		d->result->segments += scan.segments;
		scan.rows = scan.segments = 0;
		if (d->options->progress)
			d->options->progress(
				d->options->progress_ctx, d->result->rows, d->rows_total);
		pthread_mutex_unlock(&pass->lock);
	}
	struct engine_figures figures = engine_figures(scan.scratch);
	pthread_mutex_lock(&pass->lock);
	d->result->gave_up += figures.gave_up;
	pthread_mutex_unlock(&pass->lock);
	engine_scratch_free(scan.scratch);
	free(scan.hits.of);
	buf_fini(&scan.text);
	buf_fini(&scan.among);
	return NULL;
}

int detect_scan(struct detect_pass *pass, struct err *err)
{
	unsigned n = pass->d->threads < pass->nfiles ? pass->d->threads : pass->nfiles;
	pthread_t threads[64];
	unsigned started = 0;
	pthread_mutex_init(&pass->lock, NULL);
	while (started + 1 < n && started < 63 &&
		pthread_create(&threads[started], NULL, work, pass) == 0)
		started++;
	work(pass);
	while (started > 0)
		pthread_join(threads[--started], NULL);
	pthread_mutex_destroy(&pass->lock);
	if (pass->rc < 0)
		*err = pass->err;
	if (pass->rc == 0 && !pass->full)
		hits_sort(pass->hits.of, pass->hits.n);
	pass->d->result->hits += pass->full ? 0 : pass->hits.n;
	return pass->rc;
}
