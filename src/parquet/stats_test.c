/* SPDX-License-Identifier: Apache-2.0 */
/* stats_test.c: bounds and null counts of every type, by values whose order is easily got wrong. */
#include "parquet/parquet.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#define N CODE_NULL

static char dir[200], path[300];
static const struct column_shape columns[] = {{"v", COL_STRING, NO_GROUP, 0}};

static int make_dir(void **state)
{
	(void)state;
	const char *tmp = getenv("TMPDIR");
	snprintf(dir, sizeof(dir), "%s/pugmark-stats-XXXXXX", tmp ? tmp : "/tmp");
	if (!mkdtemp(dir))
		return -1;
	snprintf(path, sizeof(path), "%s/t.parquet", dir);
	return 0;
}

static int remove_dir(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(dir);
}

/* Writes a batch of one column and reads its statistics. */
static struct parquet_reader *stats_of(const struct batch *b, struct parquet_stats *stats)
{
	struct err err = {0};
	struct parquet_writer *w;
	struct parquet_reader *r;
	uint8_t sum[32];
	uint64_t bytes;
	struct parquet_group *g = parquet_encode(b, 1);
	assert_int_equal(parquet_create(path, b->shape, &w, &err), 0);
	assert_int_equal(parquet_append(w, g, &err), 0);
	assert_int_equal(parquet_finish(w, sum, &bytes, &err), 0);
	parquet_writer_free(w);
	parquet_group_free(g);
	assert_int_equal(parquet_open(path, &r, &err), 0);
	assert_int_equal(parquet_group_stats(r, 0, 0, stats, &err), 0);
	assert_int_equal(parquet_group_stats(r, 0, 1, stats, &err), -1);
	assert_int_equal(parquet_group_stats(r, 1, 0, stats, &err), -1);
	assert_int_equal(parquet_group_stats(r, 0, 0, stats, &err), 0);
	return r;
}

/* A batch of one string column; "-" is null. The memory is the caller's. */
struct string_batch {
	struct batch batch;
	uint32_t codes[4], off[5];
	char heap[400];
};

static void fill_strings(struct string_batch *to, const struct batch_shape *shape,
	const char *const values[4], bool plain)
{
	uint32_t n = 0, d = 0;
	to->off[0] = 0;
	for (; n < 4 && values[n]; n++) {
		const char *v = values[n];
		to->codes[n] = strcmp(v, "-") == 0 ? N : d;
		if (to->codes[n] == N)
			continue;
		memcpy(to->heap + to->off[d], v, strlen(v));
		to->off[d + 1] = to->off[d] + (uint32_t)strlen(v);
		d++;
	}
	batch_init(&to->batch, shape);
	to->batch.nrows = n;
	to->batch.columns[0] = (struct column){
		.n = n, .ndistinct = d, .codes = to->codes, .off = to->off, .heap = to->heap};
	if (plain)
		batch_make_plain(&to->batch, 0);
}

static void test_strings(void **state)
{
	(void)state;
	static char long_text[66], fits[65];
	memset(long_text, 'z', 65);
	memset(fits, 'z', 64);
	static const struct {
		const char *values[4]; /* ends with NULL; "-" = null */
		const char *min, *max; /* NULL = no range */
		unsigned nulls;
	} rows[] = {
		{{"b", "a", "c"}, "a", "c", 0},
		{{"b", "-", "a"}, "a", "b", 1},
		{{"-", "-"}, NULL, NULL, 2},
		{{""}, "", "", 0},
		{{"a", ""}, "", "a", 0},
		{{"\xc3\xa4", "z"}, "z", "\xc3\xa4", 0}, /* bytes are unsigned */
		{{"12345678", "123456789"}, "12345678", "123456789", 0},
		{{"abcdefgh2", "abcdefgh1", "abcdefgh"}, "abcdefgh", "abcdefgh2", 0},
		{{"a", long_text}, NULL, NULL, 0},
		{{"a", fits}, "a", fits, 0},
	};
	static const struct batch_shape shape = {.table = "t", .ncolumns = 1, .columns = columns};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		for (int plain = 0; plain < 2; plain++) {
			struct string_batch b;
			struct parquet_stats s;
			fill_strings(&b, &shape, rows[i].values, plain);
			struct parquet_reader *r = stats_of(&b.batch, &s);
			if (s.nulls != rows[i].nulls || s.has_range != (rows[i].min != NULL))
				fail_msg("row %zu: %llu nulls, range %d", i,
					(unsigned long long)s.nulls, s.has_range);
			if (s.has_range && (!slice_eq(s.min_bytes, slice_of(rows[i].min)) ||
						   !slice_eq(s.max_bytes, slice_of(rows[i].max))))
				fail_msg("row %zu: %.*s to %.*s", i, SLICE_ARG(s.min_bytes),
					SLICE_ARG(s.max_bytes));
			parquet_close(r);
			batch_fini(&b.batch);
		}
	}
}

static void test_numbers(void **state)
{
	(void)state;
	static const struct {
		enum col_type type;
		int64_t values[3];
		uint64_t nulls;
		int64_t min, max;
	} rows[] = {
		{COL_INT64, {1, -1, 0}, 0, -1, 1},
		{COL_INT64, {INT64_MAX, INT64_MIN, 0}, 0, INT64_MIN, INT64_MAX},
		{COL_INT64, {5, -9, 7}, 2, 5, 7},
		{COL_INT32, {INT32_MIN, 7, INT32_MAX}, 0, INT32_MIN, INT32_MAX},
		{COL_INT32, {3, 3, 3}, 0, 3, 3},
		{COL_TIME, {1644624007410000, 1644624007410001, -1}, 4, 1644624007410000,
			1644624007410001},
		{COL_BOOL, {0, 0, 0}, 0, 0, 0},
		{COL_BOOL, {1, 1, 0}, 4, 1, 1},
		{COL_BOOL, {1, 0, 1}, 0, 0, 1},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct column_shape column = {"v", rows[i].type, NO_GROUP, 0};
		struct batch_shape shape = {.table = "t", .ncolumns = 1, .columns = &column};
		struct batch b;
		int64_t values[3];
		uint8_t bools[3];
		uint64_t nulls = rows[i].nulls;
		for (int k = 0; k < 3; k++) {
			values[k] = rows[i].values[k];
			bools[k] = (uint8_t)values[k];
		}
		batch_init(&b, &shape);
		b.nrows = 3;
		b.columns[0] = (struct column){.n = 3, .nulls = nulls ? &nulls : NULL};
		if (rows[i].type == COL_BOOL)
			b.columns[0].bools = bools;
		else
			b.columns[0].i64 = values;
		struct parquet_stats s;
		struct parquet_reader *r = stats_of(&b, &s);
		if (!s.has_range || s.min_i64 != rows[i].min || s.max_i64 != rows[i].max ||
			s.nulls != (uint64_t)__builtin_popcountll(nulls))
			fail_msg("row %zu: %lld to %lld", i, (long long)s.min_i64,
				(long long)s.max_i64);
		parquet_close(r);
		batch_fini(&b);
	}
}

static void test_ids(void **state)
{
	(void)state;
	static const struct column_shape column = {"v", COL_UUID, NO_GROUP, 0};
	static const struct batch_shape shape = {.table = "t", .ncolumns = 1, .columns = &column};
	static uint8_t ids[4][16] = {{0x7f, 1}, {0}, {0x80}, {0x80, 0, 0, 0, 0, 0, 0, 0, 0, 9}};
	uint64_t nulls = 2;
	struct batch b;
	struct parquet_stats s;
	batch_init(&b, &shape);
	b.nrows = 4;
	b.columns[0] = (struct column){.n = 4, .uuid = ids, .nulls = &nulls};
	struct parquet_reader *r = stats_of(&b, &s);
	assert_true(s.has_range && s.nulls == 1);
	assert_memory_equal(s.min_bytes.ptr, ids[0], 16);
	assert_memory_equal(s.max_bytes.ptr, ids[3], 16);
	parquet_close(r);
	batch_fini(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_strings),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_ids),
	};
	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
