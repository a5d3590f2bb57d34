/* SPDX-License-Identifier: Apache-2.0 */
/* detect_catch.c: a detector without segments that looks at the batches of an import. */
#include "pipeline/detect_catch.h"

#include <stdlib.h>

#include "match/bitmap.h"
#include "pipeline/detector.h"

enum {
	RARE = 32, /* rows that at most one row in so many is like are kept whole */
};

/* A thread's, while it has one. */
struct catcher {
	struct taker taker;
	struct catcher *next;
	uint64_t *rare; /* rows to be kept */
	uint32_t nrows;
	uint32_t cap;
};
struct detect_catch {
	struct detector d;
	struct detect_options options;
	struct detect_result result;
	uint64_t memory;
	pthread_mutex_t lock; /* of what follows */
	uint64_t bytes;
	struct catcher *idle;
	struct map segments; /* id → struct caught * */
};

struct detect_catch *detect_catch_new(
	struct store *store, const struct rules *rules, uint64_t memory)
{
	struct detect_catch *catch = xcalloc(1, sizeof(*catch));
	struct err err;
	catch->options.rules = rules;
	catch->memory = memory;
	if (detector_prepare(&catch->d, store, &catch->options, &catch->result, &err) < 0) {
		detector_close(&catch->d);
		free(catch);
		return NULL;
	}
	pthread_mutex_init(&catch->lock, NULL);
	map_init(&catch->segments);
	return catch;
}

void caught_group_free(struct caught_group *group)
{
	if (!group)
		return;
	pthread_mutex_lock(&group->catch->lock);
	group->catch->bytes -= group->bytes;
	pthread_mutex_unlock(&group->catch->lock);
	batch_fini(&group->batch);
	free(group->rows);
	free(group->hits);
	free(group);
}

static void caught_free(struct caught *caught)
{
	if (!caught)
		return;
	for (uint32_t i = 0; i < caught->n; i++)
		caught_group_free(caught->groups[i]);
	free(caught->groups);
	free(caught->source);
	free(caught);
}

static struct caught *caught_of(const struct map_entry *entry)
{
	return (struct caught *)(uintptr_t)entry->value;
}

void detect_catch_free(struct detect_catch *catch)
{
	if (!catch)
		return;
	for (uint32_t i = 0; i < catch->segments.count; i++)
		caught_free(caught_of(&catch->segments.entries[i]));
	map_fini(&catch->segments);
	while (catch->idle) {
		struct catcher *catcher = catch->idle;
		catch->idle = catcher->next;
		taker_fini(&catcher->taker);
		free(catcher->rare);
		free(catcher);
	}
	detector_close(&catch->d);
	pthread_mutex_destroy(&catch->lock);
	free(catch);
}

const struct rules *detect_catch_rules(const struct detect_catch *catch)
{
	return catch->options.rules;
}

/* ---- batches --------------------------------------------------------------------------------- */

static void note_rare(void *ctx, const uint64_t *rows, uint32_t count)
{
	struct catcher *catcher = ctx;
	if (count > catcher->nrows / RARE + 1)
		return;
	for (uint32_t w = 0; w < bits_words(catcher->nrows); w++)
		catcher->rare[w] |= rows[w];
}

static struct catcher *take_catcher(struct detect_catch *catch, uint32_t nrows)
{
	pthread_mutex_lock(&catch->lock);
	struct catcher *catcher = catch->idle;
	if (catcher)
		catch->idle = catcher->next;
	pthread_mutex_unlock(&catch->lock);
	if (!catcher) {
		catcher = xcalloc(1, sizeof(*catcher));
		taker_init(&catcher->taker, &catch->d);
		catcher->taker.matched = note_rare;
		catcher->taker.ctx = catcher;
	}
	if (bits_words(nrows) > catcher->cap) {
		catcher->cap = (uint32_t)bits_words(nrows);
		catcher->rare = xrealloc(catcher->rare, catcher->cap * sizeof(*catcher->rare));
	}
	catcher->nrows = nrows;
	memset(catcher->rare, 0, bits_words(nrows) * sizeof(*catcher->rare));
	return catcher;
}

static void leave_catcher(struct detect_catch *catch, struct catcher *catcher)
{
	pthread_mutex_lock(&catch->lock);
	catcher->next = catch->idle;
	catch->idle = catcher;
	pthread_mutex_unlock(&catch->lock);
}

/* The rows that are stored, and what number each gets among them; NULL where all are. */
static uint32_t *stored_numbers(const struct batch *batch, uint64_t *stored)
{
	uint32_t n = 0, *numbers = NULL;
	bits_all(stored, batch->nrows);
	for (uint32_t r = 0; r < batch->nrows; r++) {
		if (batch->flags[r] & ROW_DROP)
			stored[r >> 6] &= ~(UINT64_C(1) << (r & 63));
		else
			n++;
	}
	if (n == batch->nrows)
		return NULL;
	numbers = xmalloc(((size_t)batch->nrows + 1) * sizeof(*numbers));
	n = 0;
	for (uint32_t r = 0; r < batch->nrows; r++) {
		numbers[r] = n;
		n += bit_get(stored, r);
	}
	return numbers;
}

static void keep_rows(struct caught_group *group, const struct catcher *catcher,
	const struct batch *batch, const uint32_t *numbers, const struct batch_shape *shape)
{
	uint32_t n = 0, *rows = xmalloc(((size_t)batch->nrows + 1) * sizeof(*rows));
	for (uint32_t w = 0; w < bits_words(batch->nrows); w++)
		for (uint64_t bits = catcher->rare[w]; bits; bits &= bits - 1)
			rows[n++] = w * 64 + (uint32_t)__builtin_ctzll(bits);
	batch_select(batch, rows, n, &group->batch);
	group->batch.shape = shape; /* equal, and lives as long */
	for (uint32_t i = 0; numbers && i < n; i++)
		rows[i] = numbers[rows[i]];
	group->rows = rows;
	group->nrows = n;
}

/* Roughly what a selection takes. */
static size_t rows_bytes(const struct batch *batch)
{
	size_t bytes = 0;
	for (uint32_t c = 0; c < batch->shape->ncolumns; c++) {
		const struct column *col = &batch->columns[c];
		bytes += (size_t)col->n * 16;
		if (col_is_string(batch->shape->columns[c].type) && col->off)
			bytes += col->off[col->ndistinct];
	}
	return bytes;
}

/* Columns and lists that the decoder never filled are null in every row; here as a file has them. In `mem`. */
static void fill_batch(const struct batch *batch, struct batch *out, struct arena *mem)
{
	const struct batch_shape *shape = batch->shape;
	*out = *batch;
	out->columns = arena_alloc(mem, (size_t)shape->ncolumns * sizeof(*out->columns));
	memcpy(out->columns, batch->columns, (size_t)shape->ncolumns * sizeof(*out->columns));
	out->groups = arena_zalloc(mem, (size_t)shape->ngroups + 1, sizeof(*out->groups));
	uint64_t *nulls = arena_alloc(mem, (bits_words(batch->nrows) + 1) * sizeof(*nulls));
	uint32_t *zeros = arena_zalloc(mem, (size_t)batch->nrows + 1, sizeof(*zeros));
	uint32_t *codes = arena_alloc(mem, ((size_t)batch->nrows + 1) * sizeof(*codes));
	bits_all(nulls, batch->nrows);
	memset(codes, 0xff, ((size_t)batch->nrows + 1) * sizeof(*codes));
	for (uint32_t g = 0; g < shape->ngroups; g++) {
		out->groups[g] = batch->groups[g];
		if (!batch->groups[g].list_off)
			out->groups[g] = (struct group){.list_off = zeros, .nulls = nulls};
	}
	for (uint32_t c = 0; c < shape->ncolumns; c++) {
		struct column *col = &out->columns[c];
		bool list = shape->columns[c].group != NO_GROUP;
		if (col->n != 0 || (list && out->groups[shape->columns[c].group].nelements != 0))
			continue;
		*col = (struct column){.n = list ? 0 : batch->nrows};
		if (col_is_string(shape->columns[c].type)) {
			col->off = zeros;
			col->codes = codes;
		} else {
			col->nulls = nulls;
		}
	}
}

static const struct detect_shape *shape_of(
	struct detect_catch *catch, const struct schema *schema, const struct batch *batch)
{
	for (uint32_t i = 0; i < catch->d.schemas.n; i++) {
		const struct schema *own = catch->d.schemas.of[i];
		if (strcmp(own->table, schema->table) == 0 &&
			memcmp(own->fingerprint, schema->fingerprint, sizeof(own->fingerprint)) ==
				0)
			return detect_shape(&catch->d, own, batch->shape);
	}
	return NULL;
}

static bool has_room(struct detect_catch *catch, size_t more)
{
	pthread_mutex_lock(&catch->lock);
	bool room = catch->bytes + more <= catch->memory;
	if (room)
		catch->bytes += more;
	pthread_mutex_unlock(&catch->lock);
	return room;
}

static struct caught_group *catch_rows(struct detect_catch *catch, struct catcher *catcher,
	const struct detect_shape *shape, const struct batch *batch, uint64_t *stored)
{
	struct err err;
	struct caught_group *group = NULL;
	uint32_t *numbers = stored_numbers(batch, stored);
	struct arena mem = {0};
	struct batch filled;
	fill_batch(batch, &filled, &mem);
	struct match_input input = {.batch = &filled};
	rows_drop_secondary(&filled, stored);
	if (taker_run(&catcher->taker, shape, &input, 0, stored, &err) == 0) {
		const struct hits *hits = &catcher->taker.hits;
		group = xcalloc(1, sizeof(*group));
		keep_rows(group, catcher, batch, numbers, &shape->shape);
		group->nhits = (uint32_t)hits->n;
		group->hits = xmalloc((hits->n + 1) * sizeof(*group->hits));
		for (size_t i = 0; i < hits->n; i++) {
			group->hits[i] = hits->of[i];
			if (numbers)
				group->hits[i].row = numbers[hits->of[i].row];
		}
		group->bytes =
			sizeof(*group) + hits->n * sizeof(*group->hits) + rows_bytes(&group->batch);
		group->catch = catch;
		if (!has_room(catch, group->bytes)) {
			group->bytes = 0;
			caught_group_free(group);
			group = NULL;
		}
	}
	free(numbers);
	arena_fini(&mem);
	return group;
}

struct caught_group *detect_catch_batch(
	struct detect_catch *catch, const struct schema *schema, const struct batch *batch)
{
	const struct detect_shape *shape = shape_of(catch, schema, batch);
	if (!shape || !has_room(catch, 0))
		return NULL;
	struct catcher *catcher = take_catcher(catch, batch->nrows);
	uint64_t *stored = xmalloc((bits_words(batch->nrows) + 1) * sizeof(*stored));
	struct caught_group *group = catch_rows(catch, catcher, shape, batch, stored);
	free(stored);
	leave_catcher(catch, catcher);
	return group;
}

/* ---- segments -------------------------------------------------------------------------------- */

static struct slice key_of(const uint64_t *segment)
{
	return (struct slice){(const char *)segment, sizeof(*segment)};
}

void detect_catch_segment(struct detect_catch *catch, uint64_t segment, const char *source,
	struct caught_group *const *groups, uint32_t n)
{
	struct caught *caught = xcalloc(1, sizeof(*caught));
	caught->n = n;
	caught->groups = xmalloc(((size_t)n + 1) * sizeof(struct caught_group *));
	memcpy(caught->groups, groups, n * sizeof(struct caught_group *));
	caught->shape = groups[0]->batch.shape;
	caught->source = xstrdup(source);
	for (uint32_t g = 0; g < n; g++)
		for (uint32_t i = 0; i < groups[g]->nhits; i++)
			groups[g]->hits[i].row_group = g;
	*map_put(&catch->segments, key_of(&segment), NULL) = (uint64_t)(uintptr_t)caught;
}

const struct caught *detect_catch_find(const struct detect_catch *catch, uint64_t segment)
{
	const uint64_t *there = map_get(&catch->segments, key_of(&segment));
	return there ? (const struct caught *)(uintptr_t)*there : NULL;
}

void detect_catch_forget(struct detect_catch *catch, uint64_t segment)
{
	uint64_t *there = map_get(&catch->segments, key_of(&segment));
	if (!there)
		return;
	caught_free((struct caught *)(uintptr_t)*there);
	*there = 0;
}
