/* SPDX-License-Identifier: Apache-2.0 */
/* concat_test.c: rows of random batches in random order: each row must be what it was, dictionaries
 * must hold nothing twice, and a column with mostly distinct values must become plain. */
#include "base/test.h"
#include "batch/concat.h"

static const struct group_shape groups[] = {{"tags", true}, {"items", false}};
static const struct column_shape columns[] = {
	{"id", COL_UUID, NO_GROUP, 0},
	{"time", COL_TIME, NO_GROUP, 0},
	{"name", COL_STRING, NO_GROUP, 0},
	{"tag", COL_STRING, 0, 0},
	{"flag", COL_BOOL, NO_GROUP, 0},
	{"type", COL_STRING, 1, 0},
	{"count", COL_INT32, 1, 0},
	{"text", COL_STRING, NO_GROUP, 0},
};
static const struct batch_shape shape = {
	.table = "things", .ncolumns = 8, .ngroups = 2, .columns = columns, .groups = groups};

static uint64_t random_state = 1;

static uint32_t pick(uint32_t n)
{
	random_state = random_state * 6364136223846793005 + 1442695040888963407;
	return (uint32_t)(random_state >> 33) % n;
}

/* A dictionary of `distinct` texts; value i is null once in eight. */
static void fill_strings(struct batch *b, uint32_t c, uint32_t n, uint32_t distinct)
{
	struct column *col = &b->columns[c];
	*col = (struct column){.n = n, .ndistinct = distinct};
	col->codes = arena_alloc(&b->mem, (n + 1) * sizeof(uint32_t));
	col->off = arena_alloc(&b->mem, (distinct + 1) * sizeof(uint32_t));
	col->heap = arena_alloc(&b->mem, distinct * 12 + 1);
	uint32_t at = 0, first = pick(5);
	for (uint32_t d = 0; d < distinct; d++) {
		col->off[d] = at;
		if (d > 0) /* the first is the empty text */
			at += (uint32_t)snprintf(col->heap + at, 12, "v%u", first + d);
	}
	col->off[distinct] = at;
	for (uint32_t i = 0; i < n; i++)
		col->codes[i] = pick(8) ? pick(distinct) : CODE_NULL;
}

static void fill_scalars(struct batch *b, uint32_t c, uint32_t n)
{
	struct column *col = &b->columns[c];
	*col = (struct column){.n = n};
	enum col_type type = columns[c].type;
	if (type == COL_UUID)
		col->uuid = arena_zalloc(&b->mem, n, 16);
	else if (type == COL_BOOL)
		col->bools = arena_zalloc(&b->mem, n, 1);
	else
		col->i64 = arena_zalloc(&b->mem, n, sizeof(int64_t));
	if (type != COL_UUID && pick(3))
		col->nulls = arena_zalloc(&b->mem, n / 64 + 1, 8);
	for (uint32_t i = 0; i < n; i++) {
		if (col->nulls && !pick(4)) {
			bit_set(col->nulls, i);
			continue;
		}
		if (col->uuid)
			memset(col->uuid[i], (int)pick(256), 16);
		else if (col->bools)
			col->bools[i] = (uint8_t)pick(2);
		else
			col->i64[i] = pick(1000);
	}
}

static uint32_t fill_group(struct batch *b, uint32_t g)
{
	struct group *group = &b->groups[g];
	group->list_off = arena_alloc(&b->mem, (b->nrows + 1) * sizeof(uint32_t));
	group->nulls = arena_zalloc(&b->mem, b->nrows / 64 + 1, 8);
	uint32_t n = 0;
	for (uint32_t r = 0; r < b->nrows; r++) {
		group->list_off[r] = n;
		if (!pick(5))
			bit_set(group->nulls, r);
		else
			n += pick(4);
	}
	group->list_off[b->nrows] = group->nelements = n;
	return n;
}

static void fill(struct batch *b, uint32_t nrows, uint32_t distinct)
{
	batch_init(b, &shape);
	b->nrows = nrows;
	uint32_t elements[2] = {fill_group(b, 0), fill_group(b, 1)};
	for (uint32_t c = 0; c < shape.ncolumns; c++) {
		uint32_t n = columns[c].group == NO_GROUP ? nrows : elements[columns[c].group];
		if (columns[c].type == COL_STRING)
			fill_strings(b, c, n, c == 7 ? distinct : 1 + pick(20));
		else
			fill_scalars(b, c, n);
		if (columns[c].type == COL_STRING && !pick(3))
			batch_make_plain(b, c);
	}
	batch_check(b);
}

static void check_rows(const struct batch *const *batches, const struct row_ref *refs, uint32_t n,
	const struct batch *out)
{
	for (uint32_t i = 0; i < n; i++) {
		struct batch was, is;
		struct err err = {0};
		batch_select(batches[refs[i].batch], &refs[i].row, 1, &was);
		batch_select(out, &i, 1, &is);
		if (batch_compare(&was, &is, &err) != 0)
			fail_msg("row %u: %s", i, err.text);
		batch_fini(&was);
		batch_fini(&is);
	}
}

static void rows_stay_what_they_were(void **state)
{
	(void)state;
	enum { BATCHES = 4, MOST = 300 };
	for (uint32_t round = 0; round < 60; round++) {
		struct batch batches[BATCHES], out;
		const struct batch *list[BATCHES];
		struct row_ref refs[MOST];
		for (uint32_t b = 0; b < BATCHES; b++) {
			fill(&batches[b], 1 + pick(70), 1 + pick(60));
			list[b] = &batches[b];
		}
		uint32_t n = pick(MOST);
		for (uint32_t i = 0; i < n; i++) {
			refs[i].batch = pick(BATCHES);
			refs[i].row = pick(batches[refs[i].batch].nrows);
		}
		batch_concat(list, refs, n, &shape, &out);
		batch_check(&out);
		assert_int_equal(out.nrows, n);
		check_rows(list, refs, n, &out);
		batch_fini(&out);
		for (uint32_t b = 0; b < BATCHES; b++)
			batch_fini(&batches[b]);
	}
}

static void near_unique_becomes_plain(void **state)
{
	(void)state;
	enum { ROWS = 6000 };
	static struct row_ref refs[2 * ROWS];
	struct batch batches[2], out;
	const struct batch *list[] = {&batches[0], &batches[1]};
	fill(&batches[0], ROWS, 60000);
	fill(&batches[1], ROWS, 60000);
	for (uint32_t i = 0; i < COUNT(refs); i++)
		refs[i] = (struct row_ref){i % 2, i / 2};
	batch_concat(list, refs, COUNT(refs), &shape, &out);
	batch_check(&out);
	assert_true(out.columns[7].plain);
	assert_false(out.columns[2].plain);
	assert_true(out.columns[2].ndistinct <= 25);
	refs[0] = refs[4000];
	batch_fini(&out);
	batch_concat(list, refs, 500, &shape, &out);
	check_rows(list, refs, 500, &out);
	batch_fini(&out);
	batch_fini(&batches[0]);
	batch_fini(&batches[1]);
}

static void missing_columns_are_null(void **state)
{
	(void)state;
	struct batch batches[2], out;
	const struct batch *list[] = {&batches[0], &batches[1]};
	struct row_ref refs[] = {{0, 0}, {1, 0}, {0, 1}};
	fill(&batches[0], 2, 3);
	fill(&batches[1], 2, 3);
	batches[1].columns[1] = batches[1].columns[7] = (struct column){0};
	batches[1].groups[1] = (struct group){0};
	batches[1].columns[5] = batches[1].columns[6] = (struct column){0};
	batch_concat(list, refs, 3, &shape, &out);
	batch_check(&out);
	assert_true(column_is_null(&out.columns[1], 1));
	assert_true(column_is_null(&out.columns[7], 1));
	assert_true(bit_get(out.groups[1].nulls, 1));
	batch_fini(&out);
	batch_fini(&batches[0]);
	batch_fini(&batches[1]);
}

static void shapes_are_told_apart(void **state)
{
	(void)state;
	struct column_shape other_columns[8];
	struct group_shape other_groups[2];
	struct batch_shape other = shape;
	memcpy(other_columns, columns, sizeof(columns));
	memcpy(other_groups, groups, sizeof(groups));
	other.columns = other_columns;
	other.groups = other_groups;
	assert_true(batch_shape_equal(&shape, &other));
	other_columns[2].name = "nome";
	assert_false(batch_shape_equal(&shape, &other));
	other_columns[2] = columns[2];
	other_columns[4].type = COL_INT64;
	assert_false(batch_shape_equal(&shape, &other));
	other_columns[4] = columns[4];
	other_groups[1].name = "x";
	assert_false(batch_shape_equal(&shape, &other));
	other_groups[1] = groups[1];
	other.table = "others";
	assert_false(batch_shape_equal(&shape, &other));
	other.table = shape.table;
	other.ncolumns--;
	assert_false(batch_shape_equal(&shape, &other));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_stay_what_they_were),
		cmocka_unit_test(near_unique_becomes_plain),
		cmocka_unit_test(missing_columns_are_null),
		cmocka_unit_test(shapes_are_told_apart),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
