/* SPDX-License-Identifier: Apache-2.0 */
/* detect_take.c: hits out of a batch: rows that the engine found, with the hash of their group and of the value that is counted. A text
 * is hashed once for each distinct value of a batch, not for each row. */
#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "match/bitmap.h"
#include "pipeline/detector.h"

enum { NOTHING = 1 }; /* a memo's word for "no value at that path"; 0 = not asked yet */

/* Hashes of a dictionary's values, or of what stands at a path in them. */
struct hash_memo {
	uint32_t column;
	const char *path;
	uint64_t *of;
};

void taker_init(struct taker *taker, struct detector *d)
{
	*taker = (struct taker){.d = d, .scratch = engine_scratch_new()};
	buf_init(&taker->text, LIMIT_RECORD_BYTES);
	arena_init(&taker->mem);
}

void taker_fini(struct taker *taker)
{
	engine_scratch_free(taker->scratch);
	free(taker->hits.of);
	free(taker->memos);
	buf_fini(&taker->text);
	arena_fini(&taker->mem);
}

static int load_rows(struct taker *taker, uint32_t column, struct err *err)
{
	const struct match_input *input = taker->input;
	return input->load ? input->load(input->ctx, column, MATCH_ROWS, err) : 0;
}

static int load_names(struct taker *taker, const struct name_list *list, struct err *err)
{
	for (uint32_t i = 0; i < list->n; i++)
		for (uint32_t k = 0; k < list->fields[i].n; k++)
			if (load_rows(taker, (uint32_t)list->fields[i].list[k].column, err) < 0)
				return -1;
	return 0;
}

/* ---- values of a hit ------------------------------------------------------------------------- */

static uint64_t *memo_of(
	struct taker *taker, const struct match_field *field, const struct column *col)
{
	for (uint32_t i = 0; i < taker->nmemos; i++)
		if (taker->memos[i].column == (uint32_t)field->column &&
			taker->memos[i].path == field->path.ptr)
			return taker->memos[i].of;
	if ((taker->nmemos & (taker->nmemos - 1)) == 0)
		taker->memos = xrealloc(taker->memos,
			(taker->nmemos ? taker->nmemos * 2 : 1) * sizeof(*taker->memos));
	struct hash_memo *memo = &taker->memos[taker->nmemos++];
	*memo = (struct hash_memo){(uint32_t)field->column, field->path.ptr,
		arena_zalloc(&taker->mem, (size_t)col->ndistinct + 1, sizeof(*memo->of))};
	return memo->of;
}

static uint64_t hash_element(struct taker *taker, const struct match_field *field,
	enum col_type type, const struct column *col, uint32_t i)
{
	buf_clear(&taker->text);
	if (field->path.len == 0) {
		value_text(type, col, i, &taker->text);
		return detect_hash(buf_view(&taker->text));
	}
	assert(col->plain || col->codes); /* a path is one in texts */
	if (!json_path_text(column_text(col, i), field->path, &taker->text))
		return NOTHING;
	return detect_hash(buf_view(&taker->text));
}

/* Of a list: of its first element that has a value. NOTHING where there is none. */
static uint64_t hash_column(struct taker *taker, const struct match_field *field, uint32_t row)
{
	const struct batch *batch = taker->input->batch;
	const struct column_shape *shape = &batch->shape->columns[field->column];
	const struct column *col = &batch->columns[field->column];
	uint32_t from = row, to = row + 1;
	if (shape->group != NO_GROUP) {
		const uint32_t *off = batch->groups[shape->group].list_off;
		from = off ? off[row] : 0;
		to = off ? off[row + 1] : 0;
	}
	bool coded = col_is_string(shape->type) && !col->plain && col->codes;
	uint64_t *memo = coded && from < to ? memo_of(taker, field, col) : NULL;
	for (uint32_t i = from; i < to && i < col->n; i++) {
		if (column_is_null(col, i))
			continue;
		uint64_t own = 0, *hash = memo ? &memo[col->codes[i]] : &own;
		if (*hash == 0)
			*hash = hash_element(taker, field, shape->type, col, i);
		if (*hash != NOTHING)
			return *hash;
	}
	return NOTHING;
}

/* 0 where there is none. */
static uint64_t hash_name(
	struct taker *taker, const struct name_list *list, uint32_t at, uint32_t row)
{
	const struct field *field = &list->fields[at];
	for (uint32_t i = 0; i < field->n; i++) {
		uint64_t hash = hash_column(taker, &field->list[i], row);
		if (hash != NOTHING)
			return hash;
	}
	return 0;
}

/* False where a value is missing (it then counts as one all the same). */
static bool hash_names(
	struct taker *taker, const struct name_list *list, uint32_t row, uint64_t *hash)
{
	bool all = true;
	for (uint32_t i = 0; i < list->n; i++) {
		uint64_t one = hash_name(taker, list, i, row);
		all = all && one;
		*hash = detect_fold(*hash, i, one);
	}
	return all;
}

/* Who it was, else from where, else what it was done to. */
static void hash_somebody(struct taker *taker, uint32_t row, uint64_t *hash)
{
	const struct detect_shape *shape = taker->shape;
	const struct name_list *names[] = {&shape->actor, &shape->ip, &shape->target};
	for (unsigned i = 0; i < 3; i++) {
		uint64_t one = hash_name(taker, names[i], 0, row);
		if (!one || one == detect_hash(SLICE("")))
			continue;
		*hash = hash_fold(*hash ^ one, i + 1);
		return;
	}
}

static double number_of(struct taker *taker, const struct name_list *list, uint32_t row)
{
	char text[64], *end;
	buf_clear(&taker->text);
	if (!detect_value(taker->input->batch, list, 0, row, &taker->text) ||
		taker->text.len == 0 || taker->text.len >= sizeof(text))
		return (double)NAN;
	memcpy(text, taker->text.ptr, taker->text.len);
	text[taker->text.len] = 0;
	double number = strtod(text, &end);
	return *end ? (double)NAN : number;
}

/* ---- hits ------------------------------------------------------------------------------------ */

static bool time_wanted(const struct detect_range *range, int64_t time)
{
	return range->wanted &&
	       (time == INT64_MIN ? range->untimed : time >= range->from && time < range->to);
}

static void take_row(struct taker *taker, const struct use *use, uint32_t row)
{
	const struct correlation *c = taker->d->rules->of[use->rule]->correlation;
	const struct batch *batch = taker->input->batch;
	const struct column *times = &batch->columns[SYS_EVENT_TIME];
	struct hit hit = {
		.rule = use->rule, .member = use->member, .row_group = taker->group, .row = row};
	hit.time = column_is_null(times, row) ? INT64_MIN : times->i64[row];
	if (taker->ranges && !time_wanted(&taker->ranges[use->rule], hit.time))
		return;
	hit.group = use->rule + 1;
	bool all = true;
	if (use->group.n || c)
		all = hash_names(taker, &use->group, row, &hit.group);
	else
		hash_somebody(taker, row, &hit.group);
	if (use->value.n)
		all = hash_names(taker, &use->value, row, &hit.value) && all;
	if (use->needs_all && !all)
		return;
	if (c && (c->type == CORRELATION_FIRST_SEEN || c->type == CORRELATION_RARE))
		hit.group = hash_fold(hit.group ^ hit.value, 7); /* it is a part of the group */
	if (c && c->type >= CORRELATION_VALUE_SUM && c->type <= CORRELATION_VALUE_PERCENTILE)
		hit.number = number_of(taker, &use->value, row);
	memcpy(hit.id, batch->columns[SYS_EVENT_ID].uuid[row], sizeof(hit.id));
	hits_push(&taker->hits, &hit);
}

static int take_use(
	struct taker *taker, const struct use *use, const uint64_t *rows, struct err *err)
{
	const struct detect_shape *shape = taker->shape;
	bool somebody = use->group.n == 0 && !taker->d->rules->of[use->rule]->correlation;
	if (load_names(taker, &use->group, err) < 0 || load_names(taker, &use->value, err) < 0 ||
		(somebody && (load_names(taker, &shape->actor, err) < 0 ||
				     load_names(taker, &shape->ip, err) < 0 ||
				     load_names(taker, &shape->target, err) < 0)))
		return -1;
	for (uint32_t w = 0; w < bits_words(taker->input->batch->nrows); w++)
		for (uint64_t bits = rows[w]; bits; bits &= bits - 1)
			take_row(taker, use, w * 64 + (uint32_t)__builtin_ctzll(bits));
	return 0;
}

static int take_rows(
	void *ctx, uint32_t expr, const uint64_t *rows, uint32_t count, struct err *err)
{
	struct taker *taker = ctx;
	const struct detect_shape *shape = taker->shape;
	if (taker->matched)
		taker->matched(taker->ctx, rows, count);
	if (load_rows(taker, SYS_EVENT_ID, err) < 0 || load_rows(taker, SYS_EVENT_TIME, err) < 0)
		return -1;
	for (uint32_t u = 0; u < shape->nuses[expr]; u++) {
		const struct use *use = &shape->uses[expr][u];
		if ((!taker->ranges || taker->ranges[use->rule].wanted) &&
			take_use(taker, use, rows, err) < 0)
			return -1;
	}
	return 0;
}

int taker_run(struct taker *taker, const struct detect_shape *shape,
	const struct match_input *input, uint32_t group, const uint64_t *among, struct err *err)
{
	taker->shape = shape;
	taker->input = input;
	taker->group = group;
	taker->hits.n = 0;
	taker->nmemos = 0;
	int rc = engine_run(shape->program, input, taker->scratch, among, take_rows, taker, err);
	arena_reset(&taker->mem);
	return rc;
}

void hits_push(struct hits *hits, const struct hit *hit)
{
	hits_append(hits, hit, 1);
}

void hits_append(struct hits *hits, const struct hit *of, size_t n)
{
	if (hits->n + n > hits->cap) {
		size_t cap = hits->cap ? hits->cap * 2 : 256;
		hits->cap = cap < hits->n + n ? hits->n + n : cap;
		hits->of = xrealloc(hits->of, hits->cap * sizeof(*hits->of));
	}
	if (n)
		memcpy(hits->of + hits->n, of, n * sizeof(*of));
	hits->n += n;
}
