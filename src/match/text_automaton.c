/* SPDX-License-Identifier: Apache-2.0 */
/*
 * text_automaton.c: Aho and Corasick's automaton over the literals of a "contains" list. A value passes
 * at the first literal found in it, so nothing behind the end of a literal is kept.
 *
 * States are numbered by depth; the children of one are adjacent. All take 13 bytes a byte of
 * literals; the first of them have rows as well, a next state for each class of bytes, together at
 * most 32 MiB. Where all have rows, four parts of the heap are read at a time, since each step waits for
 * the one before it.
 */
#include "match/text_private.h"

#include <assert.h>
#include <stdlib.h>

enum { ROW_ENTRIES = 1 << 23, LANES = 4 };
#define ACCEPT 0x80000000u

struct automaton {
	uint8_t class_of[256]; /* of a byte of the text; 0: in no literal */
	uint32_t nclasses, nstates;
	uint32_t nrows;   /* states below have a row */
	uint32_t stride;  /* nclasses where all states have rows, else 1 */
	uint32_t *rows;   /* [state * nclasses + class]: next state * stride, or state | ACCEPT */
	uint32_t *child;  /* [state]: its first child; they end where the next state's begin */
	uint32_t *fail;   /* [state]: of the longest true suffix that is a state */
	uint8_t *label;   /* [state]: class of its last byte */
	uint32_t *length; /* [state]: of the shortest literal that ends there, 0 = none */
};

/* ---- making ---------------------------------------------------------------------------------- */

static int compare_slices(const void *a, const void *b)
{
	return slice_cmp(*(const struct slice *)a, *(const struct slice *)b);
}

static void make_classes(struct automaton *a, const struct slice *literals, uint32_t n, bool fold)
{
	bool used[256] = {false};
	for (uint32_t i = 0; i < n; i++) {
		for (size_t k = 0; k < literals[i].len; k++)
			used[(unsigned char)literals[i].ptr[k]] = true;
	}
	a->nclasses = 1;
	for (unsigned b = 0; b < 256; b++) {
		if (used[b])
			a->class_of[b] = (uint8_t)a->nclasses++;
	}
	/* All 256 bytes: the last shares class 0, which stands for no byte then. */
	if (a->nclasses == 257)
		a->nclasses = 256;
	for (unsigned b = 'A'; fold && b <= 'Z'; b++)
		a->class_of[b] = a->class_of[b | 0x20];
}

static uint32_t find_child(const struct automaton *a, uint32_t state, uint8_t class)
{
	for (uint32_t c = a->child[state]; c < a->child[state + 1]; c++) {
		if (a->label[c] == class)
			return c;
	}
	return 0;
}

/* What a state is while the automaton is made: the literals (sorted) that begin with its path. */
struct span_of_literals {
	uint32_t low, high, depth;
};

/* Makes the children of `state`, one for each byte that follows its path. */
static void make_children(struct automaton *a, const struct slice *literals,
	struct span_of_literals *spans, uint32_t state)
{
	struct span_of_literals span = spans[state];
	for (uint32_t i = span.low; i < span.high;) {
		unsigned char byte = (unsigned char)literals[i].ptr[span.depth];
		uint32_t child = a->nstates++, end = i + 1;
		while (end < span.high && (unsigned char)literals[end].ptr[span.depth] == byte)
			end++;
		spans[child] = (struct span_of_literals){i, end, span.depth + 1};
		uint8_t class = a->class_of[byte];
		a->label[child] = class;
		uint32_t fail = 0;
		for (uint32_t f = state; f != 0 && fail == 0;) {
			f = a->fail[f];
			fail = find_child(a, f, class);
		}
		a->fail[child] = fail;
		/* The shortest literal sorts first among those with one path. */
		a->length[child] = a->length[fail];
		if (a->length[child] == 0 && literals[i].len == span.depth + 1)
			a->length[child] = span.depth + 1;
		i = end;
	}
}

static void make_states(
	struct automaton *a, const struct slice *literals, uint32_t n, struct arena *arena)
{
	size_t most = 2;
	for (uint32_t i = 0; i < n; i++)
		most += literals[i].len;
	assert(most < ACCEPT / 2);
	struct span_of_literals *spans = xmalloc(most * sizeof(*spans));
	a->child = arena_alloc(arena, most * sizeof(*a->child));
	a->fail = arena_alloc(arena, most * sizeof(*a->fail));
	a->length = arena_alloc(arena, most * sizeof(*a->length));
	a->label = arena_alloc(arena, most);
	spans[0] = (struct span_of_literals){0, n, 0};
	a->fail[0] = a->length[0] = a->label[0] = 0;
	a->nstates = 1;
	for (uint32_t state = 0; state < a->nstates; state++) {
		a->child[state] = a->nstates;
		if (a->length[state] == 0)
			make_children(a, literals, spans, state);
		a->child[state + 1] = a->nstates;
	}
	free(spans);
}

static void make_rows(struct automaton *a, struct arena *arena)
{
	uint32_t classes = a->nclasses;
	a->nrows = ROW_ENTRIES / classes < a->nstates ? ROW_ENTRIES / classes : a->nstates;
	a->stride = a->nrows == a->nstates ? classes : 1;
	a->rows = arena_zalloc(arena, (size_t)a->nrows * classes, sizeof(*a->rows));
	for (uint32_t state = 0; state < a->nrows; state++) {
		uint32_t *row = a->rows + (size_t)state * classes;
		if (state) /* its row stands already: a suffix is shorter */
			memcpy(row, a->rows + (size_t)a->fail[state] * classes,
				classes * sizeof(*row));
		for (uint32_t c = a->child[state]; c < a->child[state + 1]; c++)
			row[a->label[c]] = a->length[c] ? c | ACCEPT : c * a->stride;
	}
}

struct automaton *automaton_make(
	const struct slice *literals, uint32_t n, bool fold, struct arena *arena)
{
	struct automaton *a = arena_zalloc(arena, 1, sizeof(*a));
	struct slice *sorted = xmalloc(n * sizeof(*sorted));
	memcpy(sorted, literals, n * sizeof(*sorted));
	qsort(sorted, n, sizeof(*sorted), compare_slices);
	make_classes(a, sorted, n, fold);
	make_states(a, sorted, n, arena);
	make_rows(a, arena);
	free(sorted);
	return a;
}

/* ---- running --------------------------------------------------------------------------------- */

/* Where not all have rows: the state after `state` and a byte, or'ed with ACCEPT. */
static uint32_t step(const struct automaton *a, uint32_t state, unsigned char byte)
{
	uint8_t class = a->class_of[byte];
	while (state >= a->nrows) {
		uint32_t child = find_child(a, state, class);
		if (child)
			return a->length[child] ? child | ACCEPT : child;
		state = a->fail[state];
	}
	return a->rows[(size_t)state * a->nclasses + class];
}

bool automaton_next(
	const struct automaton *a, struct slice text, size_t at, size_t *end, size_t *length)
{
	bool all_rows = a->nrows == a->nstates;
	for (uint32_t state = 0; at < text.len; at++) {
		unsigned char byte = (unsigned char)text.ptr[at];
		state = all_rows ? a->rows[state + a->class_of[byte]] : step(a, state, byte);
		if (state & ACCEPT) {
			*end = at + 1;
			*length = a->length[state & ~ACCEPT];
			return true;
		}
	}
	return false;
}

/* A part of the heap, read as if it were one text. */
struct lane {
	const unsigned char *p, *end;
	uint32_t state; /* as in rows */
	uint32_t value; /* at or before p */
};

/* The lane has just read the end of a literal. Passes the value and goes on behind it; where the
 * literal began in the value before, the value is read again from its start. */
static void accept(const struct automaton *a, const struct values *v, struct lane *lane)
{
	uint32_t end = (uint32_t)((const char *)lane->p - v->heap);
	uint32_t i = values_at(v, lane->value, end - 1);
	bool within = end - v->off[i] >= a->length[lane->state & ~ACCEPT];
	if (within)
		bit_set(v->bits, i);
	lane->p = (const unsigned char *)v->heap + v->off[within ? i + 1 : i];
	lane->value = within ? i + 1 : i;
	lane->state = 0;
}

static void run_lane(const struct automaton *a, const struct values *v, struct lane *lane)
{
	const uint32_t *rows = a->rows;
	while (lane->p < lane->end) {
		const unsigned char *p = lane->p, *end = lane->end;
		uint32_t state = lane->state;
		while (p < end && !(state & ACCEPT))
			state = rows[state + a->class_of[*p++]];
		lane->p = p;
		lane->state = state;
		if (state & ACCEPT)
			accept(a, v, lane);
	}
}

/* Reads all lanes at the same pace as far as the shortest goes, or to the end of a literal. */
static void run_lanes(const struct automaton *a, struct lane lanes[LANES])
{
	const uint32_t *rows = a->rows;
	const uint8_t *class_of = a->class_of;
	ptrdiff_t n = PTRDIFF_MAX;
	for (int k = 0; k < LANES; k++)
		n = lanes[k].end - lanes[k].p < n ? lanes[k].end - lanes[k].p : n;
	const unsigned char *p0 = lanes[0].p, *p1 = lanes[1].p, *p2 = lanes[2].p, *p3 = lanes[3].p;
	uint32_t s0 = lanes[0].state, s1 = lanes[1].state, s2 = lanes[2].state, s3 = lanes[3].state;
	ptrdiff_t i = 0;
	while (i < n && !((s0 | s1 | s2 | s3) & ACCEPT)) {
		s0 = rows[s0 + class_of[p0[i]]];
		s1 = rows[s1 + class_of[p1[i]]];
		s2 = rows[s2 + class_of[p2[i]]];
		s3 = rows[s3 + class_of[p3[i]]];
		i++;
	}
	uint32_t states[LANES] = {s0, s1, s2, s3};
	for (int k = 0; k < LANES; k++) {
		lanes[k].p += i;
		lanes[k].state = states[k];
	}
}

static void run_rows(const struct automaton *a, const struct values *v)
{
	struct lane lanes[LANES];
	uint32_t value = 0, begin = v->off[0];
	uint64_t all = v->off[v->n] - begin;
	for (uint32_t k = 0; k < LANES; k++) {
		uint32_t end = begin + (uint32_t)(all * (k + 1) / LANES);
		uint32_t next =
			k == LANES - 1 || end == v->off[v->n] ? v->n : values_at(v, value, end);
		lanes[k] = (struct lane){(const unsigned char *)v->heap + v->off[value],
			(const unsigned char *)v->heap + v->off[next], 0, value};
		value = next;
	}
	for (bool going = true; going;) {
		run_lanes(a, lanes);
		for (int k = 0; k < LANES; k++) {
			if (lanes[k].state & ACCEPT)
				accept(a, v, &lanes[k]);
			going = going && lanes[k].p < lanes[k].end;
		}
	}
	for (int k = 0; k < LANES; k++)
		run_lane(a, v, &lanes[k]);
}

void automaton_run(const struct automaton *a, const struct values *v)
{
	if (v->n == 0)
		return;
	if (a->nrows == a->nstates) {
		run_rows(a, v);
		return;
	}
	for (uint32_t i = 0; i < v->n; i++) {
		size_t end, length;
		if (automaton_next(a, values_get(v, i), 0, &end, &length))
			bit_set(v->bits, i);
	}
}
