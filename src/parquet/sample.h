/* SPDX-License-Identifier: Apache-2.0 */
/* sample.h: random batches of every type, form and list, for the tests and the fuzzer's seeds. The
 * same options give the same batch. */
#ifndef PARQUET_SAMPLE_H
#define PARQUET_SAMPLE_H

#include <stdio.h>
#include <stdlib.h>

#include "batch/batch.h"

struct sample {
	uint64_t seed;
	uint32_t nrows;
	unsigned null_percent; /* of values, and of lists */
	uint32_t distinct;     /* values to choose from; 0 = all are distinct */
	unsigned longest;      /* bytes of text */
	unsigned elements;     /* most of a list; UINT_MAX = one row has all of 200,000 */
	bool plain;            /* strings in plain form */
	bool sorted;           /* values come in runs */
};

static const struct group_shape sample_groups[] = {
	{"tags", true}, {"items", false}, {"numbers", true}};
static const struct column_shape sample_columns[] = {
	{"event_id", COL_UUID, NO_GROUP, 0}, {"event_time", COL_TIME, NO_GROUP, 0},
	{"name", COL_STRING, NO_GROUP, 0}, {"detail", COL_JSON, NO_GROUP, 0},
	{"tags", COL_STRING, 0, 0}, {"count", COL_INT64, NO_GROUP, 0},
	{"size", COL_INT32, NO_GROUP, 0}, {"flag", COL_BOOL, NO_GROUP, 0},
	{"type", COL_STRING, 1, 0}, {"value", COL_JSON, 1, 0}, {"amount", COL_INT64, 1, 0},
	{"width", COL_INT32, 1, 0}, {"since", COL_TIME, 1, 0}, {"done", COL_BOOL, 1, 0},
	{"ref", COL_UUID, 1, 0}, {"from", COL_IP, 1, 0}, {"parent", COL_UUID, NO_GROUP, 0},
	{"ip", COL_IP, NO_GROUP, 0}, {"numbers", COL_INT64, 2, 0},
	{"alias", COL_STRING, NO_GROUP, 0}, /* shares the memory of `name` */
};
enum { SAMPLE_NAME = 2, SAMPLE_ALIAS = 19, SAMPLE_COLUMNS = 20, SAMPLE_GROUPS = 3 };
static const struct batch_shape sample_shape = {.table = "samples",
	.ncolumns = SAMPLE_COLUMNS,
	.ngroups = SAMPLE_GROUPS,
	.columns = sample_columns,
	.groups = sample_groups};

/* splitmix64 */
static inline uint64_t sample_next(uint64_t *state)
{
	uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

static inline uint64_t *sample_nulls(
	struct batch *b, uint64_t *state, const struct sample *s, uint32_t n)
{
	if (!s->null_percent)
		return NULL;
	uint64_t *nulls = arena_zalloc(&b->mem, (size_t)n / 64 + 1, sizeof(*nulls));
	for (uint32_t i = 0; i < n; i++) {
		if (sample_next(state) % 100 < s->null_percent)
			bit_set(nulls, i);
	}
	return nulls;
}

/* Which of the values value i has. */
static inline uint32_t sample_choice(
	uint64_t *state, const struct sample *s, uint32_t i, uint32_t n)
{
	uint32_t d = s->distinct && s->distinct < n ? s->distinct : n;
	if (d == n)
		return i;
	return s->sorted ? (uint32_t)((uint64_t)i * d / n) : (uint32_t)(sample_next(state) % d);
}

/* Characters 1 to 6 are the value's number, so that texts are distinct. */
static inline void sample_text(char *to, size_t len, uint32_t number, uint64_t *state)
{
	static const char digits[] = "0123456789abcdef";
	for (size_t k = 0; k < len; k++) {
		uint64_t digit = k >= 1 && k <= 6 ? number >> 4 * (k - 1) : sample_next(state);
		to[k] = digits[digit & 15];
	}
}

static inline void sample_strings(
	struct batch *b, uint64_t *state, const struct sample *s, uint32_t c, uint32_t n)
{
	struct column *col = &b->columns[c];
	bool ip = b->shape->columns[c].type == COL_IP;
	bool json = b->shape->columns[c].type == COL_JSON;
	uint32_t d = s->distinct && s->distinct < n ? s->distinct : n, at = 0;
	uint64_t *nulls = sample_nulls(b, state, s, n);
	size_t longest = ip ? 16 : s->longest + 12;
	*col = (struct column){.n = n, .ndistinct = d};
	col->codes = arena_alloc(&b->mem, ((size_t)n + 1) * sizeof(*col->codes));
	col->off = arena_alloc(&b->mem, ((size_t)d + 1) * sizeof(*col->off));
	col->heap = arena_alloc(&b->mem, d * longest + 1);
	for (uint32_t i = 0; i < d; i++) {
		size_t len = ip                ? 16
			     : i == 0 && !json ? 0
					       : 8 + sample_next(state) % (s->longest + 1);
		col->off[i] = at;
		sample_text(col->heap + at, len, i, state);
		if (json)
			col->heap[at] = col->heap[at + len - 1] = '"';
		if (ip)
			memcpy(col->heap + at + 4, &i, 4);
		at += (uint32_t)len;
	}
	col->off[d] = at;
	for (uint32_t i = 0; i < n; i++)
		col->codes[i] = bit_get(nulls, i) ? CODE_NULL : sample_choice(state, s, i, n);
	if (s->plain)
		batch_make_plain(b, c);
}

static inline void sample_uuid(uint8_t uuid[16], uint64_t high, uint64_t low)
{
	memcpy(uuid, &high, 8);
	memcpy(uuid + 8, &low, 8);
}

static inline void sample_scalars(
	struct batch *b, uint64_t *state, const struct sample *s, uint32_t c, uint32_t n)
{
	struct column *col = &b->columns[c];
	enum col_type type = b->shape->columns[c].type;
	uint64_t base = sample_next(state) >> 8;
	*col = (struct column){.n = n};
	if (type == COL_BOOL)
		col->bools = arena_alloc(&b->mem, n);
	else if (type == COL_UUID)
		col->uuid = arena_alloc(&b->mem, (size_t)n * 16);
	else
		col->i64 = arena_alloc(&b->mem, (size_t)n * 8);
	if (c != 0)
		col->nulls = sample_nulls(b, state, s, n);
	for (uint32_t i = 0; i < n; i++) {
		uint32_t choice = sample_choice(state, s, i, n);
		uint64_t wide = s->distinct ? base + choice : sample_next(state);
		if (s->sorted && !s->distinct) /* nearly sorted, as times are */
			wide = base + (uint64_t)i * 400000 + wide % 500000;
		if (type == COL_BOOL)
			col->bools[i] = wide & 1;
		else if (type == COL_UUID)
			sample_uuid(col->uuid[i], wide, base);
		else
			col->i64[i] = type == COL_INT32 ? (int32_t)wide : (int64_t)wide;
	}
}

static inline void sample_group(struct batch *b, uint64_t *state, const struct sample *s, int g)
{
	struct group *group = &b->groups[g];
	uint32_t at = 0;
	group->nulls = sample_nulls(b, state, s, b->nrows);
	group->list_off = arena_alloc(&b->mem, ((size_t)b->nrows + 1) * sizeof(*group->list_off));
	for (uint32_t r = 0; r < b->nrows; r++) {
		group->list_off[r] = at;
		if (bit_get(group->nulls, r))
			continue;
		if (s->elements == UINT32_MAX)
			at += r == b->nrows / 2 ? 200000 : 0;
		else
			at += (uint32_t)(sample_next(state) % ((uint64_t)s->elements + 1));
	}
	group->list_off[b->nrows] = group->nelements = at;
}

static inline void sample_fill(struct batch *b, const struct sample *s)
{
	uint64_t state = s->seed;
	batch_init(b, &sample_shape);
	b->nrows = s->nrows;
	for (int g = 0; g < SAMPLE_GROUPS; g++)
		sample_group(b, &state, s, g);
	for (uint32_t c = 0; c < SAMPLE_COLUMNS; c++) {
		int g = sample_columns[c].group;
		uint32_t n = g == NO_GROUP ? s->nrows : b->groups[g].nelements;
		if (c == SAMPLE_ALIAS)
			b->columns[c] = b->columns[SAMPLE_NAME];
		else if (col_is_string(sample_columns[c].type))
			sample_strings(b, &state, s, c, n);
		else
			sample_scalars(b, &state, s, c, n);
	}
	b->columns[SAMPLE_ALIAS].shared = true;
}

#endif
