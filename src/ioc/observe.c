/* SPDX-License-Identifier: Apache-2.0 */
/* observe.c: the observables of a batch. First each column's distinct values become numbers of observables, then rows are
 * walked once, all columns of a row together, so that an event counts once. */
#include "ioc/observe.h"

#include <stdlib.h>

#include "base/map.h"
#include "ioc/scan.h"

#define NO_ACTOR UINT32_MAX

/* The numbers that a column's values stand for: of value d, numbers[start[d]] to numbers[start[d + 1]]. */
struct observed_as {
	const struct column *column;
	const struct group *group; /* NULL = one value per row */
	uint32_t *start;
	uint32_t *numbers;
	uint32_t n, cap;
};

/* Gives numbers to observables. */
struct marker {
	void (*number)(void *ctx, enum ioc_kind kind, struct slice key, struct observed_as *to);
	void *ctx;
	struct buf key, host;
	struct observed_as *marks; /* of the column in progress */
	uint32_t nmarks;
};

void observed_as(struct observed_as *to, uint32_t number)
{
	if (to->n == to->cap) {
		to->cap = to->cap ? to->cap * 2 : 256;
		to->numbers = xrealloc(to->numbers, to->cap * sizeof(*to->numbers));
	}
	to->numbers[to->n++] = number;
}

/* An observable and what stands in it. */
static void add_observable(struct marker *m, enum ioc_kind kind, struct slice key)
{
	enum ioc_kind host_kind;
	m->number(m->ctx, kind, key, m->marks);
	buf_clear(&m->host);
	if (ioc_key_host(kind, key, &host_kind, &m->host))
		m->number(m->ctx, host_kind, buf_view(&m->host), m->marks);
}

static void take_found(void *ctx, const struct ioc_found *found)
{
	add_observable(ctx, found->kind, found->key);
}

static void mark_value(struct marker *m, const struct observed *observed, struct slice text)
{
	static const struct ioc_scan_options as_it_is = {.refang = false};
	enum ioc_kind kind = observed->kind;
	if (observed->text) {
		ioc_scan(text, &as_it_is, take_found, m);
		return;
	}
	buf_clear(&m->key);
	if (ioc_key(&kind, text, &m->key))
		add_observable(m, kind, buf_view(&m->key));
}

/* The marks of one column; nothing where no value of it is an observable. */
static bool mark_column(
	struct marker *m, const struct observed *observed, const struct batch *batch)
{
	const struct column *column = &batch->columns[observed->column];
	int group = batch->shape->columns[observed->column].group;
	struct observed_as *marks = &m->marks[0];
	uint32_t n = column->plain ? column->n : column->ndistinct;
	*marks = (struct observed_as){
		.column = column, .group = group < 0 ? NULL : &batch->groups[group]};
	if (column->n == 0)
		return false;
	marks->start = xmalloc((n + (size_t)1) * sizeof(*marks->start));
	for (uint32_t d = 0; d < n; d++) {
		marks->start[d] = marks->n;
		if (!column->plain || !bit_get(column->nulls, d))
			mark_value(m, observed,
				(struct slice){column->heap + column->off[d],
					column->off[d + 1] - column->off[d]});
	}
	marks->start[n] = marks->n;
	if (marks->n > 0)
		return true;
	free(marks->start);
	return false;
}

/* A common field and the column that feeds it share memory: one of them is enough. */
static bool is_marked(const struct observing *what, const struct batch *batch, uint32_t i)
{
	const struct observed *one = &what->columns[i];
	uint32_t alike = batch_first_alike(batch, one->column);
	for (uint32_t k = 0; k < i; k++) {
		const struct observed *other = &what->columns[k];
		if (other->text == one->text && other->kind == one->kind &&
			batch_first_alike(batch, other->column) == alike)
			return true;
	}
	return false;
}

/* The marks of all columns that hold any. */
static struct observed_as *mark_columns(
	struct marker *m, const struct observing *what, const struct batch *batch, uint32_t *n)
{
	struct observed_as *all = xcalloc(what->n + (size_t)1, sizeof(*all));
	*n = 0;
	buf_init(&m->key, IOC_KEY_MAX + 64);
	buf_init(&m->host, IOC_KEY_MAX + 64);
	for (uint32_t i = 0; i < what->n; i++) {
		if (is_marked(what, batch, i))
			continue;
		m->marks = &all[*n];
		*n += mark_column(m, &what->columns[i], batch);
	}
	buf_fini(&m->key);
	buf_fini(&m->host);
	return all;
}

static void free_marks(struct observed_as *marks, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		free(marks[i].start);
		free(marks[i].numbers);
	}
	free(marks);
}

static bool is_skipped(const struct observing *what, const struct batch *batch, uint32_t row)
{
	const struct column *column = &batch->columns[what->skip_column];
	return column->n > 0 && !bit_get(column->nulls, row) && column->bools[row];
}

/* Calls touch(ctx, number, row) for what stands in a row. Inlined, so that touch is no call. */
static inline __attribute__((always_inline)) void each_mark(const struct observed_as *marks,
	uint32_t n, uint32_t row, void (*touch)(void *ctx, uint32_t number, uint32_t row),
	void *ctx)
{
	for (uint32_t m = 0; m < n; m++) {
		const struct column *column = marks[m].column;
		const struct group *group = marks[m].group;
		uint32_t from = group ? group->list_off[row] : row;
		uint32_t to = group ? group->list_off[row + 1] : row + 1;
		for (uint32_t e = from; e < to; e++) {
			uint32_t d = column->plain ? e : column->codes[e];
			if (d == CODE_NULL)
				continue;
			for (uint32_t i = marks[m].start[d]; i < marks[m].start[d + 1]; i++)
				touch(ctx, marks[m].numbers[i], row);
		}
	}
}

/* ---- a sheet --------------------------------------------------------------------------------- */

struct tally {
	uint32_t seen_in; /* row + 1 of the last row */
	uint32_t events, nactors, last_actor;
	int64_t first, last;
	uint32_t *actors; /* room for SIGHTING_ACTORS from the second on */
	uint32_t only;    /* the first */
	bool more;
};
struct tallying {
	const struct batch *batch;
	struct map ids; /* kind and key → number */
	struct buf entry;
	struct tally *tallies;
	uint32_t cap;
	struct arena actors;
	/* of the row in progress */
	int64_t time;
	bool timed;
	uint32_t actor;
};

static void number_of(void *ctx, enum ioc_kind kind, struct slice key, struct observed_as *to)
{
	struct tallying *t = ctx;
	bool is_new;
	buf_clear(&t->entry);
	buf_push(&t->entry, (char)kind);
	buf_slice(&t->entry, key);
	uint64_t *number = map_put(&t->ids, buf_view(&t->entry), &is_new);
	if (is_new)
		*number = t->ids.count - 1;
	observed_as(to, (uint32_t)*number);
}

static void add_actor(struct tallying *t, struct tally *tally)
{
	uint32_t actor = t->actor;
	if (actor == NO_ACTOR || actor == tally->last_actor || tally->more)
		return;
	tally->last_actor = actor;
	if (tally->nactors == 0) {
		tally->only = actor;
		tally->nactors = 1;
		return;
	}
	if (!tally->actors) {
		if (tally->only == actor)
			return;
		tally->actors = arena_alloc(&t->actors, SIGHTING_ACTORS * sizeof(*tally->actors));
		tally->actors[0] = tally->only;
	}
	for (uint32_t i = 0; i < tally->nactors; i++) {
		if (tally->actors[i] == actor)
			return;
	}
	if (tally->nactors == SIGHTING_ACTORS)
		tally->more = true;
	else
		tally->actors[tally->nactors++] = actor;
}

static inline void touch(void *ctx, uint32_t number, uint32_t row)
{
	struct tallying *t = ctx;
	struct tally *tally = &t->tallies[number];
	if (tally->seen_in == row + 1)
		return;
	tally->seen_in = row + 1;
	tally->events++;
	if (t->timed) {
		tally->first = t->time < tally->first ? t->time : tally->first;
		tally->last = t->time > tally->last ? t->time : tally->last;
	}
	add_actor(t, tally);
}

/* Actors are numbers of the column's values, or of rows where it is plain; names come later. */
static void walk_rows(struct tallying *t, const struct observing *what,
	const struct observed_as *marks, uint32_t nmarks, const uint32_t *keep, uint32_t n)
{
	const struct column *times = &t->batch->columns[what->time_column];
	const struct column *actors = &t->batch->columns[what->actor_column];
	for (uint32_t i = 0; i < n; i++) {
		uint32_t row = keep ? keep[i] : i;
		if (is_skipped(what, t->batch, row))
			continue;
		t->timed = times->n > 0 && !column_is_null(times, row);
		t->time = t->timed ? times->i64[row] : 0;
		t->actor = actors->n == 0 || column_is_null(actors, row) ? NO_ACTOR
			   : actors->plain                               ? row
									 : actors->codes[row];
		each_mark(marks, nmarks, row, touch, t);
	}
}

struct order {
	uint64_t prefix;
	uint32_t number;
};

static int by_prefix(const void *left, const void *right)
{
	const struct order *a = left, *b = right;
	return a->prefix < b->prefix ? -1 : a->prefix > b->prefix;
}

static int by_entry(const void *left, const void *right, void *ctx)
{
	const struct map *ids = ctx;
	const struct order *a = left, *b = right;
	return slice_cmp(ids->entries[a->number].key, ids->entries[b->number].key);
}

/* The numbers of all that was seen in order of kind and key: by the first eight bytes, then runs of equal ones. */
static struct order *sort_numbers(struct tallying *t, uint32_t *n)
{
	struct order *order = xmalloc((t->ids.count + (size_t)1) * sizeof(*order));
	*n = 0;
	for (uint32_t i = 0; i < t->ids.count; i++) {
		struct slice entry = t->ids.entries[i].key;
		struct slice key = {entry.ptr + 1, entry.len - 1};
		if (t->tallies[i].events > 0)
			order[(*n)++] =
				(struct order){sorted_prefix((unsigned char)entry.ptr[0], key), i};
	}
	qsort(order, *n, sizeof(*order), by_prefix);
	for (uint32_t from = 0, to; from < *n; from = to) {
		for (to = from + 1; to < *n && order[to].prefix == order[from].prefix;)
			to++;
		if (to - from > 1)
			qsort_r(order + from, to - from, sizeof(*order), by_entry, &t->ids);
	}
	return order;
}

struct named {
	struct slice name;
	uint32_t actor;
};

static int by_name(const void *left, const void *right)
{
	return slice_cmp(((const struct named *)left)->name, ((const struct named *)right)->name);
}

/* Names of all actors that were kept; places[actor] tells where each stands. Equal names (of a plain column) are one. */
static void name_actors(const struct column *column, struct sheet *out, uint32_t *places)
{
	uint32_t most = column->plain ? column->n : column->ndistinct, n = 0;
	struct named *named = xmalloc((most + (size_t)1) * sizeof(*named));
	for (uint32_t i = 0; i < most; i++) {
		if (places[i] == 0)
			continue;
		named[n++] = (struct named){
			{column->heap + column->off[i], column->off[i + 1] - column->off[i]}, i};
	}
	qsort(named, n, sizeof(*named), by_name);
	out->names = arena_alloc(&out->mem, (n + (size_t)1) * sizeof(*out->names));
	for (uint32_t i = 0; i < n; i++) {
		if (out->nnames == 0 || !slice_eq(out->names[out->nnames - 1], named[i].name)) {
			struct slice *name = &out->names[out->nnames++];
			*name = named[i].name;
			name->ptr = arena_strdup(&out->mem, named[i].name);
		}
		places[named[i].actor] = out->nnames - 1;
	}
	free(named);
}

static int by_number(const void *left, const void *right)
{
	uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
	return a < b ? -1 : a > b;
}

static void fill_sighting(
	struct sheet *out, struct slice entry, const struct tally *tally, const uint32_t *places)
{
	struct sighting *s = &out->list[out->n++];
	size_t len = entry.len - 1;
	*s = (struct sighting){.kind = (enum ioc_kind)entry.ptr[0],
		.key = {memcpy(arena_alloc(&out->mem, len + 1), entry.ptr + 1, len), len},
		.events = tally->events,
		.first = tally->first,
		.last = tally->last,
		.more_actors = tally->more};
	uint32_t *actors = arena_alloc(&out->mem, (tally->nactors + (size_t)1) * sizeof(*actors));
	for (uint32_t i = 0; i < tally->nactors; i++)
		actors[i] = places[tally->actors ? tally->actors[i] : tally->only];
	qsort(actors, tally->nactors, sizeof(*actors), by_number);
	for (uint32_t i = 0; i < tally->nactors; i++) {
		if (s->nactors == 0 || actors[s->nactors - 1] != actors[i])
			actors[s->nactors++] = actors[i];
	}
	s->actors = actors;
}

static void make_sheet(struct tallying *t, const struct column *column, struct sheet *out)
{
	uint32_t n, most = column->plain ? column->n : column->ndistinct;
	uint32_t *places = xcalloc(most + (size_t)1, sizeof(*places));
	struct order *order = sort_numbers(t, &n);
	for (uint32_t i = 0; i < n; i++) {
		const struct tally *tally = &t->tallies[order[i].number];
		for (uint32_t a = 0; a < tally->nactors; a++)
			places[tally->actors ? tally->actors[a] : tally->only] = 1;
	}
	name_actors(column, out, places);
	out->list = arena_alloc(&out->mem, (n + (size_t)1) * sizeof(*out->list));
	for (uint32_t i = 0; i < n; i++)
		fill_sighting(out, t->ids.entries[order[i].number].key,
			&t->tallies[order[i].number], places);
	free(order);
	free(places);
}

void observe_batch(const struct observing *what, const struct batch *batch, const uint32_t *keep,
	uint32_t n, struct sheet *out)
{
	struct tallying t = {.batch = batch};
	struct marker marker = {.number = number_of, .ctx = &t};
	uint32_t nmarks;
	*out = (struct sheet){0};
	buf_init(&t.entry, IOC_KEY_MAX + 64);
	struct observed_as *marks = mark_columns(&marker, what, batch, &nmarks);
	t.tallies = xmalloc((t.ids.count + (size_t)1) * sizeof(*t.tallies));
	for (uint32_t i = 0; i < t.ids.count; i++)
		t.tallies[i] = (struct tally){
			.last_actor = NO_ACTOR, .first = INT64_MAX, .last = INT64_MIN};
	walk_rows(&t, what, marks, nmarks, keep, keep ? n : batch->nrows);
	make_sheet(&t, &batch->columns[what->actor_column], out);
	free_marks(marks, nmarks);
	free(t.tallies);
	arena_fini(&t.actors);
	map_fini(&t.ids);
	buf_fini(&t.entry);
}

/* ---- rows ------------------------------------------------------------------------------------ */

struct row_numbers {
	uint32_t *list;
	uint32_t n, cap;
};

static inline void gather(void *ctx, uint32_t number, uint32_t row)
{
	struct row_numbers *numbers = ctx;
	(void)row;
	for (uint32_t i = 0; i < numbers->n; i++) {
		if (numbers->list[i] == number)
			return;
	}
	if (numbers->n == numbers->cap) {
		numbers->cap = numbers->cap ? numbers->cap * 2 : 16;
		numbers->list = xrealloc(numbers->list, numbers->cap * sizeof(*numbers->list));
	}
	numbers->list[numbers->n++] = number;
}

void observe_rows(const struct observing *what, const struct batch *batch,
	void (*wanted)(void *ctx, enum ioc_kind kind, struct slice key, struct observed_as *to),
	void (*each)(void *ctx, uint32_t row, uint32_t number), void *ctx)
{
	struct marker marker = {.number = wanted, .ctx = ctx};
	struct row_numbers numbers = {0};
	uint32_t nmarks;
	struct observed_as *marks = mark_columns(&marker, what, batch, &nmarks);
	for (uint32_t row = 0; nmarks > 0 && row < batch->nrows; row++) {
		if (is_skipped(what, batch, row))
			continue;
		numbers.n = 0;
		each_mark(marks, nmarks, row, gather, &numbers);
		for (uint32_t i = 0; i < numbers.n; i++)
			each(ctx, row, numbers.list[i]);
	}
	free(numbers.list);
	free_marks(marks, nmarks);
}
