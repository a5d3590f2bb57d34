/* SPDX-License-Identifier: Apache-2.0 */
/* tally.c: observables and actors have numbers as long as the tally lives; a batch's values are looked up once each, then its
 * rows are counted by number. */
#include "ioc/tally.h"

#include <assert.h>
#include <stdlib.h>

#include "base/map.h"
#include "ioc/observe_private.h"

#define NO_ACTOR CODE_NULL

/* What is known of an observable. */
struct count {
	uint64_t events;
	int64_t first, last;
	uint32_t *actors; /* the last one has the greatest name where there are SIGHTING_ACTORS */
	uint64_t most;    /* the beginning of that name; all bits until then */
	uint32_t seen_in; /* the row that was counted last, of all that were; from 1 */
	uint32_t last_actor;
	uint32_t batch; /* the last one that names it */
	uint8_t nactors;
	bool more;
	bool once;     /* that batch names it as one value of one column */
	bool by_value; /* and it is counted by that value */
};

struct tally {
	struct map ids; /* kind and key → number */
	struct count *counts;
	uint32_t ncounts, cap;
	struct map names;     /* of an actor → number */
	uint64_t *beginnings; /* of each name, sorting as they do; ties are decided by the names */
	struct arena actors;
	uint32_t rows, batches; /* of all */
};

/* A row that is counted. */
struct row {
	int64_t time; /* INT64_MIN where it has none */
	uint32_t row, actor;
};

/* A batch. */
struct walk {
	struct tally *tally;
	struct observed_as *marks;
	uint32_t nmarks;
	struct row *rows;
	bool *left; /* of each: the walk over rows is to look at it */
	uint32_t n;
	const struct row *row; /* in progress */
};

struct tally *tally_new(void)
{
	return xcalloc(1, sizeof(struct tally));
}

void tally_free(struct tally *t)
{
	if (!t)
		return;
	map_fini(&t->ids);
	map_fini(&t->names);
	arena_fini(&t->actors);
	free(t->beginnings);
	free(t->counts);
	free(t);
}

/* ---- numbers --------------------------------------------------------------------------------- */

/* The keys of a batch's values, until all are looked up at once. */
struct keys {
	struct arena mem;
	struct slice *entries;
	uint32_t n, cap;
};

static void take_key(void *ctx, enum ioc_kind kind, struct slice key, struct observed_as *to)
{
	struct keys *keys = ctx;
	if (keys->n == keys->cap) {
		keys->cap = keys->cap ? keys->cap * 2 : 4096;
		keys->entries = xrealloc(keys->entries, keys->cap * sizeof(*keys->entries));
	}
	char *entry = arena_alloc(&keys->mem, 1 + key.len);
	entry[0] = (char)kind;
	memcpy(entry + 1, key.ptr, key.len);
	observed_as(to, keys->n);
	keys->entries[keys->n++] = (struct slice){entry, 1 + key.len};
}

/* The observables of a batch by their numbers here. */
static struct observed_as *number_marks(
	struct tally *t, const struct observing *what, const struct batch *batch, uint32_t *nmarks)
{
	struct keys keys = {0};
	struct observed_as *marks = mark_columns(what, batch, take_key, &keys, nmarks);
	uint32_t *numbers = xmalloc((keys.n + (size_t)1) * sizeof(*numbers));
	map_put_all(&t->ids, keys.entries, keys.n, numbers);
	for (uint32_t m = 0; m < *nmarks; m++) {
		for (uint32_t i = 0; i < marks[m].n; i++)
			marks[m].numbers[i] = numbers[marks[m].numbers[i]];
	}
	free(numbers);
	free(keys.entries);
	arena_fini(&keys.mem);
	return marks;
}

/* Counts for the numbers that are new. */
static void add_counts(struct tally *t)
{
	if (t->ids.count > t->cap) {
		t->cap = t->ids.cap;
		t->counts = xrealloc(t->counts, t->cap * sizeof(*t->counts));
	}
	for (; t->ncounts < t->ids.count; t->ncounts++)
		t->counts[t->ncounts] = (struct count){.first = INT64_MAX,
			.last = INT64_MIN,
			.most = UINT64_MAX,
			.last_actor = NO_ACTOR};
}

static uint64_t beginning_of(struct slice name)
{
	unsigned char bytes[8] = {0};
	uint64_t beginning;
	if (name.len)
		memcpy(bytes, name.ptr, name.len < 8 ? name.len : 8);
	memcpy(&beginning, bytes, 8);
	return __builtin_bswap64(beginning);
}

/* The numbers of the actors of a column's values. Owned (free). */
static uint32_t *actor_numbers(struct tally *t, const struct column *column)
{
	uint32_t n = column->n == 0 ? 0 : column->plain ? column->n : column->ndistinct;
	uint32_t *numbers = xmalloc((n + (size_t)1) * sizeof(*numbers));
	struct slice *names = xmalloc((n + (size_t)1) * sizeof(*names));
	uint32_t known = t->names.count;
	for (uint32_t i = 0; i < n; i++)
		names[i] = (struct slice){
			column->heap + column->off[i], column->off[i + 1] - column->off[i]};
	map_put_all(&t->names, names, n, numbers);
	free(names);
	t->beginnings =
		xrealloc(t->beginnings, (t->names.cap + (size_t)1) * sizeof(*t->beginnings));
	for (; known < t->names.count; known++)
		t->beginnings[known] = beginning_of(t->names.entries[known].key);
	return numbers;
}

/* ---- counting -------------------------------------------------------------------------------- */

static int compare_names(const struct tally *t, uint32_t a, uint32_t b)
{
	uint64_t left = t->beginnings[a], right = t->beginnings[b];
	if (left != right)
		return left < right ? -1 : 1;
	return slice_cmp(t->names.entries[a].key, t->names.entries[b].key);
}

/* Of SIGHTING_ACTORS actors the one with the greatest name becomes the last. */
static void put_greatest_last(const struct tally *t, struct count *c)
{
	uint32_t greatest = 0, *actors = c->actors;
	for (uint32_t i = 1; i < SIGHTING_ACTORS; i++) {
		if (compare_names(t, actors[i], actors[greatest]) > 0)
			greatest = i;
	}
	uint32_t actor = actors[greatest];
	actors[greatest] = actors[SIGHTING_ACTORS - 1];
	actors[SIGHTING_ACTORS - 1] = actor;
	c->most = t->beginnings[actor];
}

static void keep_actor(struct tally *t, struct count *c, uint32_t actor)
{
	uint32_t n = c->nactors;
	if (n == SIGHTING_ACTORS) {
		c->more = true;
		if (compare_names(t, actor, c->actors[n - 1]) > 0)
			return;
		c->actors[n - 1] = actor;
		put_greatest_last(t, c);
		return;
	}
	if ((n & (n - 1)) == 0) { /* full: room for 1, 2, 4 … */
		uint32_t *more = arena_alloc(&t->actors, (n ? 2 * n : 1) * sizeof(*more));
		if (n)
			memcpy(more, c->actors, n * sizeof(*more));
		c->actors = more;
	}
	c->actors[c->nactors++] = actor;
	if (c->nactors == SIGHTING_ACTORS)
		put_greatest_last(t, c);
}

static inline void add_actor(struct tally *t, struct count *c, uint32_t actor)
{
	if (actor == c->last_actor || actor == NO_ACTOR)
		return;
	if (t->beginnings[actor] > c->most) {
		c->more = true;
		return;
	}
	c->last_actor = actor;
	for (uint32_t i = 0; i < c->nactors; i++) {
		if (c->actors[i] == actor)
			return;
	}
	keep_actor(t, c, actor);
}

static inline void widen(int64_t *first, int64_t *last, int64_t time)
{
	if (time == INT64_MIN)
		return;
	*first = time < *first ? time : *first;
	*last = time > *last ? time : *last;
}

/* ---- rows by value --------------------------------------------------------------------------- */

/* Nearly all observables of a batch are one value of one column. They are counted a column at a time, by value, without asking
 * whether the row has named them before. */
static void find_once(struct walk *w)
{
	struct tally *t = w->tally;
	t->batches++;
	for (uint32_t m = 0; m < w->nmarks; m++) {
		const struct observed_as *marks = &w->marks[m];
		for (uint32_t i = 0; i < marks->n; i++) {
			struct count *c = &t->counts[marks->numbers[i]];
			c->once = c->batch != t->batches;
			c->by_value = false;
			c->batch = t->batches;
		}
	}
}

enum { VALUE_NONE, VALUE_COUNTED, VALUE_LEFT };
struct value {
	int64_t first, last;
	uint32_t events, last_actor;
	uint32_t seen_in; /* of lists: the row that was counted last, from 1 */
};
struct values {
	const struct observed_as *marks;
	struct value *of;
	uint8_t *is; /* no observable, counted here, or left for the walk over rows */
	uint32_t n;
	bool left; /* any of them */
};

/* Which values of a column are counted by themselves: those that stand for what no other value does. */
static void choose_values(struct tally *t, struct values *values)
{
	const struct observed_as *marks = values->marks;
	for (uint32_t d = 0; d < values->n; d++) {
		uint32_t from = marks->start[d], to = marks->start[d + 1];
		bool once = true;
		values->is[d] = VALUE_NONE;
		if (from == to)
			continue;
		for (uint32_t i = from; i < to; i++)
			once = once && t->counts[marks->numbers[i]].once;
		for (uint32_t i = from; once && i < to; i++)
			t->counts[marks->numbers[i]].by_value = true;
		values->left = values->left || !once;
		values->is[d] = once ? VALUE_COUNTED : VALUE_LEFT;
		values->of[d] = (struct value){
			.first = INT64_MAX, .last = INT64_MIN, .last_actor = NO_ACTOR};
	}
}

static inline void count_value(
	const struct walk *w, const struct values *values, uint32_t d, uint32_t i)
{
	const struct observed_as *marks = values->marks;
	const struct row *row = &w->rows[i];
	struct value *v = &values->of[d];
	if (values->is[d] == VALUE_LEFT) {
		w->left[i] = true;
		return;
	}
	if (v->seen_in == i + 1)
		return;
	v->seen_in = i + 1;
	v->events++;
	widen(&v->first, &v->last, row->time);
	if (row->actor == v->last_actor)
		return;
	v->last_actor = row->actor;
	for (uint32_t k = marks->start[d]; k < marks->start[d + 1]; k++)
		add_actor(w->tally, &w->tally->counts[marks->numbers[k]], row->actor);
}

static void count_values(const struct walk *w, const struct values *values)
{
	const struct column *column = values->marks->column;
	for (uint32_t i = 0; i < w->n; i++) {
		uint32_t row = w->rows[i].row, d = column->plain ? row : column->codes[row];
		if (d != CODE_NULL && values->is[d] != VALUE_NONE)
			count_value(w, values, d, i);
	}
}

static void count_lists(const struct walk *w, const struct values *values)
{
	const struct column *column = values->marks->column;
	const uint32_t *off = values->marks->group->list_off;
	for (uint32_t i = 0; i < w->n; i++) {
		uint32_t row = w->rows[i].row;
		for (uint32_t e = off[row]; e < off[row + 1]; e++) {
			uint32_t d = column->plain ? e : column->codes[e];
			if (d != CODE_NULL && values->is[d] != VALUE_NONE)
				count_value(w, values, d, i);
		}
	}
}

static void add_values(struct tally *t, const struct values *values)
{
	const struct observed_as *marks = values->marks;
	for (uint32_t d = 0; d < values->n; d++) {
		if (values->is[d] != VALUE_COUNTED || values->of[d].events == 0)
			continue;
		const struct value *v = &values->of[d];
		for (uint32_t i = marks->start[d]; i < marks->start[d + 1]; i++) {
			struct count *c = &t->counts[marks->numbers[i]];
			c->events += v->events;
			c->first = v->first < c->first ? v->first : c->first;
			c->last = v->last > c->last ? v->last : c->last;
		}
	}
}

/* Whether the walk over rows is still to look at the column. */
static bool count_column(const struct walk *w, const struct observed_as *marks)
{
	const struct column *column = marks->column;
	struct values values = {.marks = marks, .n = column->plain ? column->n : column->ndistinct};
	values.of = xmalloc((values.n + (size_t)1) * sizeof(*values.of));
	values.is = xmalloc(values.n + (size_t)1);
	choose_values(w->tally, &values);
	if (marks->group)
		count_lists(w, &values);
	else
		count_values(w, &values);
	add_values(w->tally, &values);
	free(values.of);
	free(values.is);
	return values.left;
}

/* ---- columns alike --------------------------------------------------------------------------- */

enum { FEW = 8 };

static bool same_rows(const struct observed_as *a, const struct observed_as *b, uint32_t nrows)
{
	return a->group == b->group ||
	       (a->group && b->group &&
		       memcmp(a->group->list_off, b->group->list_off,
			       (nrows + (size_t)1) * sizeof(*a->group->list_off)) == 0);
}

static bool same_codes(const struct observed_as *a, const struct observed_as *b, uint32_t nrows)
{
	const struct column *one = a->column, *other = b->column;
	return !one->plain && !other->plain && one->n == other->n &&
	       one->ndistinct == other->ndistinct && same_rows(a, b, nrows) &&
	       memcmp(one->codes, other->codes, one->n * sizeof(*one->codes)) == 0;
}

/* Value d of another column stands for what it stands for here too; each number once, unless there are many. */
static void join_value(struct observed_as *to, const struct observed_as *from, uint32_t d)
{
	for (uint32_t i = from->start[d]; i < from->start[d + 1]; i++) {
		uint32_t k = to->n - to->start[d] > FEW ? to->n : to->start[d];
		while (k < to->n && to->numbers[k] != from->numbers[i])
			k++;
		if (k == to->n)
			observed_as(to, from->numbers[i]);
	}
}

static void join(struct observed_as *to, struct observed_as *from)
{
	struct observed_as both = {.column = to->column, .group = to->group};
	uint32_t n = to->column->ndistinct;
	both.start = xmalloc((n + (size_t)1) * sizeof(*both.start));
	for (uint32_t d = 0; d < n; d++) {
		both.start[d] = both.n;
		join_value(&both, to, d);
		join_value(&both, from, d);
	}
	both.start[n] = both.n;
	free(to->start);
	free(to->numbers);
	free(from->start);
	free(from->numbers);
	*to = both;
}

/* Columns whose values change together, as an actor's name and id do, or never, are walked as one. */
static void join_columns(struct walk *w, uint32_t nrows)
{
	uint32_t n = 0;
	for (uint32_t m = 0; m < w->nmarks; m++) {
		uint32_t k = 0;
		while (k < n && !same_codes(&w->marks[k], &w->marks[m], nrows))
			k++;
		if (k < n)
			join(&w->marks[k], &w->marks[m]);
		else
			w->marks[n++] = w->marks[m];
	}
	w->nmarks = n;
}

/* ---- the rest, row by row -------------------------------------------------------------------- */

static inline void touch(void *ctx, uint32_t number, uint32_t row)
{
	const struct walk *w = ctx;
	struct count *c = &w->tally->counts[number];
	(void)row;
	if (c->by_value || c->seen_in == w->tally->rows)
		return;
	c->seen_in = w->tally->rows;
	c->events++;
	widen(&c->first, &c->last, w->row->time);
	add_actor(w->tally, c, w->row->actor);
}

static void count_rows(struct walk *w, const struct observed_as *marks, uint32_t nmarks)
{
	for (uint32_t i = 0; nmarks > 0 && i < w->n; i++) {
		if (!w->left[i])
			continue;
		w->row = &w->rows[i];
		w->tally->rows++;
		each_mark(marks, nmarks, w->row->row, touch, w);
	}
}

/* The rows that are counted. */
static void take_rows(struct walk *w, const struct observing *what, const struct batch *batch,
	const uint32_t *keep, uint32_t n)
{
	const struct column *times = &batch->columns[what->time_column];
	const struct column *actors = &batch->columns[what->actor_column];
	uint32_t *numbers = actor_numbers(w->tally, actors);
	w->rows = xmalloc((n + (size_t)1) * sizeof(*w->rows));
	w->left = xcalloc(n + (size_t)1, sizeof(*w->left));
	for (uint32_t i = 0; i < n; i++) {
		uint32_t row = keep ? keep[i] : i;
		if (mark_skipped(what, batch, row))
			continue;
		bool timed = times->n > 0 && !column_is_null(times, row);
		bool named = actors->n > 0 && !column_is_null(actors, row);
		w->rows[w->n++] = (struct row){.time = timed ? times->i64[row] : INT64_MIN,
			.row = row,
			.actor = named ? numbers[actors->plain ? row : actors->codes[row]]
				       : NO_ACTOR};
	}
	free(numbers);
}

void tally_add(struct tally *t, const struct observing *what, const struct batch *batch,
	const uint32_t *keep, uint32_t n)
{
	struct walk w = {.tally = t};
	w.marks = number_marks(t, what, batch, &w.nmarks);
	join_columns(&w, batch->nrows);
	struct observed_as *left = xmalloc((w.nmarks + (size_t)1) * sizeof(*left));
	uint32_t nleft = 0;
	take_rows(&w, what, batch, keep, keep ? n : batch->nrows);
	assert(w.n < UINT32_MAX - t->rows);
	add_counts(t);
	find_once(&w);
	for (uint32_t m = 0; m < w.nmarks; m++) {
		if (count_column(&w, &w.marks[m]))
			left[nleft++] = w.marks[m];
	}
	count_rows(&w, left, nleft);
	free(left);
	free(w.rows);
	free(w.left);
	mark_free(w.marks, w.nmarks);
}

/* ---- a sheet --------------------------------------------------------------------------------- */

struct order {
	uint64_t prefix;
	uint32_t number;
};

static int by_entry(const void *left, const void *right, void *ctx)
{
	const struct map *entries = ctx;
	const struct order *a = left, *b = right;
	if (a->prefix != b->prefix)
		return a->prefix < b->prefix ? -1 : 1;
	return slice_cmp(entries->entries[a->number].key, entries->entries[b->number].key);
}

/* The numbers of all that was seen, in order of kind and key. Owned (free). */
static struct order *sort_numbers(const struct tally *t, uint32_t *n)
{
	struct map ids = t->ids; /* read only */
	struct order *order = xmalloc((ids.count + (size_t)1) * sizeof(*order));
	*n = 0;
	for (uint32_t i = 0; i < t->ncounts; i++) {
		struct slice entry = ids.entries[i].key;
		struct slice key = {entry.ptr + 1, entry.len - 1};
		if (t->counts[i].events > 0)
			order[(*n)++] =
				(struct order){sorted_prefix((unsigned char)entry.ptr[0], key), i};
	}
	qsort_r(order, *n, sizeof(*order), by_entry, &ids);
	return order;
}

/* Names of the actors that are kept, into the sheet; where each stands there. Owned (free). */
static uint32_t *name_actors(const struct tally *t, struct sheet *out)
{
	struct map names = t->names; /* read only */
	uint32_t *places = xcalloc(names.count + (size_t)1, sizeof(*places)), n = 0;
	struct order *order = xmalloc((names.count + (size_t)1) * sizeof(*order));
	for (uint32_t i = 0; i < t->ncounts; i++) {
		for (uint32_t a = 0; a < t->counts[i].nactors; a++)
			places[t->counts[i].actors[a]] = 1;
	}
	for (uint32_t i = 0; i < names.count; i++) {
		if (places[i])
			order[n++] = (struct order){t->beginnings[i], i};
	}
	qsort_r(order, n, sizeof(*order), by_entry, &names);
	out->names = arena_alloc(&out->mem, (n + (size_t)1) * sizeof(*out->names));
	for (; out->nnames < n; out->nnames++) {
		uint32_t number = order[out->nnames].number;
		out->names[out->nnames] = names.entries[number].key;
		places[number] = out->nnames;
	}
	free(order);
	return places;
}

static int by_number(const void *left, const void *right)
{
	uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
	return a < b ? -1 : a > b;
}

static void fill_sighting(
	struct sheet *out, struct slice entry, const struct count *c, const uint32_t *places)
{
	uint32_t *actors = arena_alloc(&out->mem, (c->nactors + (size_t)1) * sizeof(*actors));
	for (uint32_t i = 0; i < c->nactors; i++)
		actors[i] = places[c->actors[i]];
	qsort(actors, c->nactors, sizeof(*actors), by_number);
	out->list[out->n++] = (struct sighting){.kind = (enum ioc_kind)entry.ptr[0],
		.key = {entry.ptr + 1, entry.len - 1},
		.events = c->events,
		.first = c->first,
		.last = c->last,
		.actors = actors,
		.nactors = c->nactors,
		.more_actors = c->more};
}

void tally_sheet(const struct tally *t, struct sheet *out)
{
	uint32_t n;
	*out = (struct sheet){0};
	struct order *order = sort_numbers(t, &n);
	uint32_t *places = name_actors(t, out);
	out->list = arena_alloc(&out->mem, (n + (size_t)1) * sizeof(*out->list));
	for (uint32_t i = 0; i < n; i++)
		fill_sighting(out, t->ids.entries[order[i].number].key, &t->counts[order[i].number],
			places);
	free(order);
	free(places);
}
