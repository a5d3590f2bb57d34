/* SPDX-License-Identifier: Apache-2.0 */
/*
 * detect_scan.c: hits out of segments, on all cores, in two rounds. The first counts the hits of rules that need many of a group, and
 * holds them; the second keeps those that can matter (detect/sketch.h). What did not fit into the memory in the first is
 * read again in the second, which needs no more than what is kept. Where no rule counts, one round does.
 */
#include <stdlib.h>

#include "match/bitmap.h"
#include "pipeline/detector.h"

enum {
	FILES_OPEN = 128, /* at most, of those that were read */
	UNIT_GROUPS = 4,
};

struct scan {
	struct detect_pass *pass;
	struct taker taker;
	struct hits hits, deep, witnesses;
	struct map seen; /* groups that have a witness */
	struct buf among;
	struct slice source; /* of the last hit of the row group in hand, and its number */
	uint32_t source_number;
	/* the row group in hand */
	struct detect_unit *unit;
	struct detect_file *file;
	uint32_t file_index, group;
	struct batch batch;
	bool dropped; /* of the unit in hand, hits did not fit: it is read again */
	uint64_t segments, rows, found;
};

static int load_part(void *ctx, uint32_t column, enum match_part part, struct err *err)
{
	struct scan *scan = ctx;
	return parquet_load(scan->file->reader, scan->group, column,
		part == MATCH_ROWS ? PARQUET_ROWS : PARQUET_VALUES, &scan->batch, NULL, err);
}

/* ---- hits ------------------------------------------------------------------------------------ */

static struct slice group_key(uint64_t key[2], const struct hit *hit)
{
	key[0] = hit->rule;
	key[1] = hit->group;
	return (struct slice){(const char *)key, 2 * sizeof(*key)};
}

static bool group_wanted(const struct detect_pass *pass, const struct hit *hit)
{
	uint64_t key[2];
	if (pass->d->chained[hit->rule])
		return true;
	if (pass->parts > 1 && (hit->group >> 32) % pass->parts != pass->part)
		return false;
	return !pass->groups || map_get(pass->groups, group_key(key, hit)) != NULL;
}

static bool hit_wanted(const struct detect_pass *pass, const struct hit *hit)
{
	const struct detect_range *range = &pass->ranges[hit->rule];
	return range->wanted &&
	       (hit->time == INT64_MIN ? range->untimed
				       : hit->time >= range->from && hit->time < range->to) &&
	       group_wanted(pass, hit);
}

static uint32_t source_number(struct detector *d, struct slice name)
{
	bool fresh;
	pthread_mutex_lock(&d->lock);
	uint64_t *number = map_put(&d->sources, name, &fresh);
	if (fresh)
		*number = d->sources.count - 1;
	uint32_t n = (uint32_t)*number;
	pthread_mutex_unlock(&d->lock);
	return n;
}

static uint32_t source_of(struct scan *scan, uint32_t row)
{
	const struct column *col = &scan->batch.columns[SYS_SOURCE];
	struct slice name = column_is_null(col, row) ? SLICE("") : column_text(col, row);
	if (!scan->source.ptr || !slice_eq(name, scan->source)) {
		scan->source = name;
		scan->source_number = source_number(scan->pass->d, name);
	}
	return scan->source_number;
}

static bool perhaps(const struct hit *hit)
{
	return hit->member & HIT_PERHAPS;
}

static bool wants_witness(const struct detect_pass *pass)
{
	return pass->groups || pass->parts > 1;
}

/* A hit that does not matter still says that its group was looked at. */
static void witness(struct scan *scan, const struct hit *hit)
{
	uint64_t key[2];
	bool fresh;
	if (!wants_witness(scan->pass) || perhaps(hit))
		return;
	map_put(&scan->seen, group_key(key, hit), &fresh);
	if (fresh)
		hits_push(&scan->witnesses, hit);
}

/* The round that counts counts a hit, the other tells whether it matters. */
static bool matters(struct scan *scan, const struct hit *hit)
{
	struct detect_pass *pass = scan->pass;
	if (!pass->counts)
		return !perhaps(hit) && (!pass->sketch || sketch_keeps(pass->sketch, hit));
	if (sketch_counts(pass->sketch, hit->rule))
		sketch_add(pass->sketch, hit);
	return false;
}

static void keep_hit(struct scan *scan, const struct hit *hit)
{
	hits_push(scan->pass->d->depth[hit->rule] > 0 ? &scan->deep : &scan->hits, hit);
}

/* Hits that are wanted. */
static void pass_hits(struct scan *scan, const struct hit *hits, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (matters(scan, &hits[i]))
			keep_hit(scan, &hits[i]);
		else if (!scan->pass->counts)
			witness(scan, &hits[i]);
	}
}

static bool too_many(struct scan *scan)
{
	return scan->hits.n + scan->deep.n + scan->witnesses.n > scan->pass->most;
}

/* Of the round that counts: held for the next one, as long as there is room. */
static void hold_hits(struct scan *scan, const struct hit *hits, size_t n)
{
	struct detect_pass *pass = scan->pass;
	pthread_mutex_lock(&pass->lock);
	scan->dropped = scan->dropped || pass->held + n > pass->most;
	if (scan->dropped) {
		pass->held -= scan->unit->held.n;
	} else {
		pass->held += n;
	}
	pthread_mutex_unlock(&pass->lock);
	if (!scan->dropped) {
		hits_append(&scan->unit->held, hits, n);
		return;
	}
	free(scan->unit->held.of);
	scan->unit->held = (struct hits){0};
}

/* Hits that were caught as they came in. */
static void pass_caught(struct scan *scan, const struct caught *caught)
{
	uint32_t source = source_number(scan->pass->d, slice_of(caught->source));
	for (uint32_t g = scan->unit->from; g < scan->unit->to; g++) {
		const struct caught_group *group = caught->groups[g];
		for (uint32_t i = 0; i < group->nhits; i++) {
			if (!hit_wanted(scan->pass, &group->hits[i]))
				continue;
			scan->found += !perhaps(&group->hits[i]);
			bool keep = matters(scan, &group->hits[i]);
			if (!keep && (scan->pass->counts || !wants_witness(scan->pass)))
				continue;
			struct hit hit = group->hits[i];
			hit.source = source;
			hit.file = scan->file_index;
			if (keep)
				keep_hit(scan, &hit);
			else
				witness(scan, &hit);
		}
	}
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

/* The hits of the row group in hand. */
static void take_hits(struct scan *scan)
{
	struct hits *hits = &scan->taker.hits;
	size_t n = 0;
	scan->source = (struct slice){0};
	for (size_t i = 0; i < hits->n; i++) {
		struct hit *hit = &hits->of[i];
		if (!group_wanted(scan->pass, hit))
			continue;
		hit->source = source_of(scan, hit->row);
		hit->file = scan->file_index;
		hits->of[n++] = *hit;
		scan->found += !perhaps(hit);
	}
	if (scan->pass->counts)
		hold_hits(scan, hits->of, n);
	pass_hits(scan, hits->of, n);
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
		rc = taker_run(&scan->taker, scan->file->shape, &input, scan->group, among, err);
	if (rc == 0 && scan->taker.hits.n)
		rc = load_part(scan, SYS_SOURCE, MATCH_ROWS, err);
	if (rc == 0)
		take_hits(scan);
	scan->rows += scan->batch.nrows;
	batch_fini(&scan->batch);
	return rc;
}

static int read_unit(struct scan *scan, struct err *err)
{
	struct detector *d = scan->pass->d;
	if (!detect_file_open(d, scan->file))
		return 0;
	uint32_t groups = parquet_groups(scan->file->reader);
	for (uint32_t g = scan->unit->from; g < scan->unit->to && g < groups; g++) {
		if (detector_stops(d, err))
			return -1;
		scan->group = g;
		if (scan_group(scan, err) < 0)
			return -1;
		if (too_many(scan))
			return 1;
	}
	if (scan->pass->nfiles > FILES_OPEN)
		detect_file_close(scan->file);
	return 0;
}

static int scan_unit(struct scan *scan, struct err *err)
{
	struct detect_file *file = scan->file;
	struct detect_unit *unit = scan->unit;
	struct detect_pass *pass = scan->pass;
	int rc = 0;
	scan->segments += unit->from == 0 && !file->failed;
	if (file->caught) {
		scan->rows += unit->from == 0 ? file->rows : 0;
		pass_caught(scan, file->caught);
	} else if (!pass->counts && unit->holds) {
		pass_hits(scan, unit->held.of, unit->held.n);
	} else {
		scan->dropped = false;
		rc = read_unit(scan, err);
		unit->holds = pass->counts && !scan->dropped;
	}
	return rc == 0 && too_many(scan) ? 1 : rc;
}

/* ---- threads --------------------------------------------------------------------------------- */

static void gather(struct scan *scan)
{
	struct detect_pass *pass = scan->pass;
	struct hits *from[] = {&scan->hits, &scan->deep, &scan->witnesses},
		    *to[] = {&pass->hits, &pass->deep, &pass->witnesses};
	size_t n = 0;
	for (unsigned i = 0; i < 3; i++)
		n += from[i]->n + to[i]->n;
	pass->full = pass->full || n > pass->most;
	for (unsigned i = 0; i < 3; i++) {
		if (!pass->full)
			hits_append(to[i], from[i]->of, from[i]->n);
		from[i]->n = 0;
	}
}

/* What was looked at is told once, whatever the number of rounds. */
static void report(struct scan *scan)
{
	const struct detect_pass *pass = scan->pass;
	struct detector *d = pass->d;
	if (pass->counts || !pass->sketch) {
		d->result->rows += scan->rows;
		d->result->segments += scan->segments;
		d->result->hits += scan->found;
	}
	scan->rows = scan->segments = scan->found = 0;
	if (d->options->progress)
		d->options->progress(d->options->progress_ctx, d->result->rows, d->rows_total);
}

static bool next_unit(struct scan *scan)
{
	struct detect_pass *pass = scan->pass;
	pthread_mutex_lock(&pass->lock);
	bool more = pass->next < pass->nunits && !pass->full && pass->rc == 0;
	uint32_t at = pass->next;
	pass->next += more;
	pthread_mutex_unlock(&pass->lock);
	if (!more)
		return false;
	scan->unit = &pass->units[at];
	scan->file_index = scan->unit->file;
	scan->file = &pass->files[scan->file_index];
	return true;
}

static void *work(void *arg)
{
	struct detect_pass *pass = arg;
	struct scan scan = {.pass = pass};
	struct err err = {0};
	taker_init(&scan.taker, pass->d);
	scan.taker.ranges = pass->ranges;
	buf_init(&scan.among, LIMIT_BATCH_ROWS);
	map_init(&scan.seen);
	while (next_unit(&scan)) {
		int rc = scan_unit(&scan, &err);
		pthread_mutex_lock(&pass->lock);
		gather(&scan);
		pass->full = pass->full || rc == 1;
		if (rc < 0 && pass->rc == 0) {
			pass->rc = -1;
			pass->err = err;
		}
		report(&scan);
		pthread_mutex_unlock(&pass->lock);
	}
	struct engine_figures figures = engine_figures(scan.taker.scratch);
	pthread_mutex_lock(&pass->lock);
	pass->d->result->gave_up += figures.gave_up;
	pthread_mutex_unlock(&pass->lock);
	taker_fini(&scan.taker);
	free(scan.hits.of);
	free(scan.deep.of);
	free(scan.witnesses.of);
	map_fini(&scan.seen);
	buf_fini(&scan.among);
	return NULL;
}

static void run_round(struct detect_pass *pass)
{
	unsigned n = pass->d->threads < pass->nunits ? pass->d->threads : pass->nunits;
	pthread_t threads[64];
	unsigned started = 0;
	pass->next = 0;
	while (started + 1 < n && started < 63 &&
		pthread_create(&threads[started], NULL, work, pass) == 0)
		started++;
	work(pass);
	while (started > 0)
		pthread_join(threads[--started], NULL);
}

/* NULL where no rule counts: one round does. */
static struct sketch *make_sketch(const struct detect_pass *pass)
{
	const struct detector *d = pass->d;
	struct sketch_size size = {.memory = pass->most * sizeof(struct hit) / 8};
	if (pass->all)
		return NULL;
	bool *wanted = xcalloc((size_t)d->rules->n + 1, sizeof(*wanted));
	for (uint32_t r = 0; r < d->rules->n; r++)
		wanted[r] = pass->ranges[r].wanted && d->counted[r];
	for (uint32_t f = 0; f < pass->nfiles; f++)
		size.hits += pass->files[f].rows;
	if (d->began <= d->last)
		size.time = (uint64_t)d->last - (uint64_t)d->began;
	struct sketch *sketch = sketch_new(d->rules, wanted, size);
	free(wanted);
	if (sketch_counts_any(sketch))
		return sketch;
	sketch_free(sketch);
	return NULL;
}

static void add_unit(struct detect_pass *pass, uint32_t file, uint32_t from, uint32_t to)
{
	if ((pass->nunits & (pass->nunits - 1)) == 0)
		pass->units = xrealloc(pass->units,
			(pass->nunits ? 2 * (size_t)pass->nunits : 1) * sizeof(*pass->units));
	pass->units[pass->nunits++] = (struct detect_unit){.file = file, .from = from, .to = to};
}

/* A few files are opened and cut, so that all threads have work; many are opened one by one. */
static void cut_units(struct detect_pass *pass)
{
	for (uint32_t f = 0; f < pass->nfiles; f++) {
		struct detect_file *file = &pass->files[f];
		uint32_t groups = UINT32_MAX;
		if (file->caught)
			groups = file->caught->n;
		else if (pass->nfiles <= FILES_OPEN && detect_file_open(pass->d, file))
			groups = parquet_groups(file->reader);
		for (uint32_t g = 0; groups != UINT32_MAX && g < groups; g += UNIT_GROUPS)
			add_unit(pass, f, g, g + UNIT_GROUPS < groups ? g + UNIT_GROUPS : groups);
		if (groups == UINT32_MAX)
			add_unit(pass, f, 0, groups);
	}
}

static void drop_units(struct detect_pass *pass)
{
	for (uint32_t u = 0; u < pass->nunits; u++)
		free(pass->units[u].held.of);
	free(pass->units);
	pass->units = NULL;
	pass->nunits = 0;
}

int detect_scan(struct detect_pass *pass, struct err *err)
{
	cut_units(pass);
	pthread_mutex_init(&pass->lock, NULL);
	pass->sketch = make_sketch(pass);
	pass->counts = pass->sketch != NULL;
	if (pass->counts)
		run_round(pass);
	pass->counts = false;
	if (pass->rc == 0)
		run_round(pass);
	drop_units(pass);
	sketch_free(pass->sketch);
	pass->sketch = NULL;
	pthread_mutex_destroy(&pass->lock);
	if (pass->rc < 0)
		*err = pass->err;
	if (pass->rc == 0 && !pass->full)
		hits_sort(pass->hits.of, pass->hits.n);
	return pass->rc;
}
