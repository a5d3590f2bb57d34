/* SPDX-License-Identifier: Apache-2.0 */
/* round_test.c: what is written is what is read: every type, form, list, null pattern and size;
 * subsets of columns, statistics, metadata. */
#include "parquet/parquet.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>
#include <openssl/sha.h>

#include "parquet/private.h"
#include "parquet/sample.h"

static char dir[200], path[300];

static int make_dir(void **state)
{
	(void)state;
	const char *tmp = getenv("TMPDIR");
	snprintf(dir, sizeof(dir), "%s/pugmark-round-XXXXXX", tmp ? tmp : "/tmp");
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

/* Writes the batches as one file each a row group; the file's hash must be what finish says. */
static void write_file(const struct batch *batches, uint32_t n, int level)
{
	struct err err = {0};
	struct parquet_writer *w;
	uint8_t sum[32], again[32];
	uint64_t bytes;
	char *data;
	size_t size;
	assert_int_equal(parquet_create(path, batches[0].shape, &w, &err), 0);
	for (uint32_t i = 0; i < n; i++) {
		struct parquet_group *g = parquet_encode(&batches[i], level);
		assert_int_equal(parquet_append(w, g, &err), 0);
		parquet_group_free(g);
	}
	parquet_metadata(w, "source", "test of \"rounds\"");
	assert_int_equal(parquet_finish(w, sum, &bytes, &err), 0);
	parquet_writer_free(w);
	assert_int_equal(io_read_file(path, SIZE_MAX / 4, &data, &size, &err), 0);
	assert_int_equal(size, bytes);
	SHA256((const uint8_t *)data, size, again);
	assert_memory_equal(sum, again, 32);
	free(data);
}

static struct parquet_reader *open_file(void)
{
	struct err err = {0};
	struct parquet_reader *r;
	if (parquet_open(path, &r, &err))
		fail_msg("%s", err.text);
	return r;
}

static void expect_batch(struct parquet_reader *r, uint32_t group, const struct batch *want)
{
	struct err err = {0};
	struct batch got;
	batch_init(&got, parquet_shape(r));
	if (parquet_read(r, group, NULL, &got, &err))
		fail_msg("%s", err.text);
	batch_check(&got);
	if (batch_compare(want, &got, &err))
		fail_msg("%s", err.text);
	batch_fini(&got);
}

static void expect_round(const struct batch *batch, int level)
{
	write_file(batch, 1, level);
	struct parquet_reader *r = open_file();
	assert_int_equal(parquet_groups(r), 1);
	assert_int_equal(parquet_rows(r), batch->nrows);
	assert_int_equal(parquet_group_rows(r, 0), batch->nrows);
	expect_batch(r, 0, batch);
	parquet_close(r);
}

static void test_patterns(void **state)
{
	(void)state;
	static const struct sample rows[] = {
		{.nrows = 0},
		{.nrows = 1},
		{.nrows = 1, .null_percent = 100},
		{.nrows = 7, .null_percent = 50, .elements = 3, .longest = 5},
		{.nrows = 8, .distinct = 1, .elements = 1},
		{.nrows = 63, .null_percent = 10, .distinct = 3, .elements = 2},
		{.nrows = 64, .null_percent = 10, .distinct = 300, .elements = 2, .longest = 20},
		{.nrows = 65, .null_percent = 90, .distinct = 2, .elements = 9},
		{.nrows = 512, .distinct = 2, .sorted = true, .elements = 1},
		{.nrows = 576, .distinct = 9, .sorted = true, .null_percent = 1},
		{.nrows = 1000, .null_percent = 100, .elements = 4},
		{.nrows = 1000, .null_percent = 30, .elements = 4, .plain = true, .longest = 100},
		{.nrows = 1000, .plain = true, .longest = 3, .distinct = 7},
		{.nrows = 5000, .null_percent = 5, .distinct = 17, .elements = 3, .longest = 9},
		{.nrows = 5000, .null_percent = 0, .distinct = 4097, .elements = 0},
		{.nrows = 3000, .elements = UINT32_MAX, .distinct = 99, .null_percent = 2},
		{.nrows = 20000, .plain = true, .longest = 300, .null_percent = 1},
		{.nrows = 65536, .distinct = 1},
		{.nrows = 65536, .null_percent = 3, .distinct = 500, .elements = 1, .longest = 9},
		{.nrows = 65536, .longest = 1},
		{.nrows = 5000, .sorted = true, .null_percent = 5, .elements = 3},
		{.nrows = 3000, .sorted = true, .elements = UINT32_MAX},
		{.nrows = 65536, .longest = 40, .plain = true},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct batch b;
		struct sample s = rows[i];
		s.seed = i;
		sample_fill(&b, &s);
		batch_check(&b);
		print_message("pattern %zu: %u rows\n", i, s.nrows);
		expect_round(&b, 1);
		batch_fini(&b);
	}
}

static void test_random(void **state)
{
	(void)state;
	uint64_t seed = 1;
	for (int i = 0; i < 150; i++) {
		struct sample s = {.seed = sample_next(&seed)};
		static const unsigned nulls[] = {0, 0, 1, 20, 50, 99, 100};
		s.nrows = (uint32_t)(sample_next(&seed) % (i % 10 ? 300 : 5000));
		s.null_percent = nulls[sample_next(&seed) % 7];
		s.distinct = (uint32_t)(sample_next(&seed) % 3 ? sample_next(&seed) % 400 : 0);
		s.longest = (unsigned)(sample_next(&seed) % 70);
		s.elements = (unsigned)(sample_next(&seed) % 6);
		s.plain = sample_next(&seed) & 1;
		s.sorted = sample_next(&seed) & 1;
		struct batch b;
		sample_fill(&b, &s);
		print_message("seed %llu\n", (unsigned long long)s.seed);
		expect_round(&b, (int)(sample_next(&seed) % 8) - 4);
		batch_fini(&b);
	}
}

/* The same with columns cut into many pages. */
static void test_many_pages(void **state)
{
	uint32_t usual = parquet_page_rows;
	parquet_page_rows = 16;
	test_random(state);
	parquet_page_rows = usual;
}

static void test_many_groups(void **state)
{
	(void)state;
	struct batch b[20];
	for (uint32_t i = 0; i < 20; i++) {
		struct sample s = {.seed = i,
			.nrows = 50 * i,
			.distinct = 5,
			.elements = 2,
			.null_percent = i,
			.plain = i & 1};
		sample_fill(&b[i], &s);
	}
	write_file(b, 20, 1);
	struct parquet_reader *r = open_file();
	assert_int_equal(parquet_groups(r), 20);
	assert_int_equal(parquet_rows(r), 50 * 190);
	for (uint32_t i = 0; i < 20; i++) {
		expect_batch(r, i, &b[i]);
		batch_fini(&b[i]);
	}
	assert_true(slice_eq(parquet_value(r, "source"), SLICE("test of \"rounds\"")));
	assert_null(parquet_value(r, "nothing").ptr);
	parquet_close(r);
}

static void test_subset(void **state)
{
	(void)state;
	struct err err = {0};
	struct batch b, got;
	struct sample s = {.nrows = 300, .distinct = 9, .elements = 2, .null_percent = 9};
	sample_fill(&b, &s);
	write_file(&b, 1, 1);
	struct parquet_reader *r = open_file();
	for (uint32_t c = 0; c < SAMPLE_COLUMNS; c++) {
		bool want[SAMPLE_COLUMNS] = {false};
		want[c] = true;
		batch_init(&got, parquet_shape(r));
		assert_int_equal(parquet_read(r, 0, want, &got, &err), 0);
		batch_check(&got);
		for (uint32_t o = 0; o < SAMPLE_COLUMNS; o++) {
			if (o != c)
				assert_int_equal(got.columns[o].n, 0);
		}
		int g = sample_columns[c].group;
		for (int o = 0; o < SAMPLE_GROUPS; o++)
			assert_int_equal(got.groups[o].list_off != NULL, o == g);
		assert_int_equal(got.columns[c].n, b.columns[c].n);
		for (uint32_t i = 0; i < b.columns[c].n; i++)
			assert_int_equal(column_is_null(&b.columns[c], i),
				column_is_null(&got.columns[c], i));
		batch_fini(&got);
	}
	batch_init(&got, parquet_shape(r));
	assert_int_equal(parquet_read(r, 1, NULL, &got, &err), -1);
	assert_int_equal(err.kind, ERR_USAGE);
	batch_fini(&got);
	parquet_close(r);
	batch_fini(&b);
}

/* The forms stay: what was a dictionary is one, what was plain is plain. */
static void test_forms(void **state)
{
	(void)state;
	for (int plain = 0; plain < 2; plain++) {
		struct err err = {0};
		struct batch b, got;
		struct sample s = {.nrows = 99, .distinct = 9, .elements = 2, .plain = plain};
		sample_fill(&b, &s);
		write_file(&b, 1, 1);
		struct parquet_reader *r = open_file();
		batch_init(&got, parquet_shape(r));
		assert_int_equal(parquet_read(r, 0, NULL, &got, &err), 0);
		for (uint32_t c = 0; c < SAMPLE_COLUMNS; c++) {
			if (col_is_string(sample_columns[c].type))
				assert_int_equal(got.columns[c].plain, plain);
		}
		batch_fini(&got);
		parquet_close(r);
		batch_fini(&b);
	}
}

/* A dictionary too large for a page is written as plain values. */
static void test_large_dictionary(void **state)
{
	(void)state;
	static const struct column_shape columns[] = {{"text", COL_STRING, NO_GROUP, 0}};
	static const struct batch_shape shape = {.table = "t", .ncolumns = 1, .columns = columns};
	static uint32_t codes[] = {0, 4, CODE_NULL, 1, 2, 3, 0}, off[6];
	struct batch b;
	batch_init(&b, &shape);
	b.nrows = 7;
	for (uint32_t i = 0; i < 6; i++)
		off[i] = i * (15u << 20);
	char *heap = arena_alloc(&b.mem, off[5]);
	for (uint32_t i = 0; i < 5; i++)
		memset(heap + off[i], 'a' + (int)i, 15u << 20);
	b.columns[0] =
		(struct column){.n = 7, .ndistinct = 5, .codes = codes, .off = off, .heap = heap};
	expect_round(&b, -1);
	batch_fini(&b);
}

/* Columns and lists that nobody filled are null in every row. */
static void test_unfilled(void **state)
{
	(void)state;
	struct err err = {0};
	struct batch b, got;
	struct sample s = {.nrows = 100, .distinct = 9, .elements = 2};
	sample_fill(&b, &s);
	for (uint32_t c = 1; c < SAMPLE_COLUMNS; c++)
		b.columns[c] = (struct column){0};
	for (int g = 0; g < SAMPLE_GROUPS; g++)
		b.groups[g] = (struct group){0};
	write_file(&b, 1, 1);
	struct parquet_reader *r = open_file();
	batch_init(&got, parquet_shape(r));
	assert_int_equal(parquet_read(r, 0, NULL, &got, &err), 0);
	batch_check(&got);
	for (uint32_t c = 1; c < SAMPLE_COLUMNS; c++) {
		for (uint32_t i = 0; i < got.columns[c].n; i++)
			assert_true(column_is_null(&got.columns[c], i));
	}
	for (int g = 0; g < SAMPLE_GROUPS; g++) {
		assert_int_equal(got.groups[g].nelements, 0);
		for (uint32_t i = 0; i < 100; i++)
			assert_true(bit_get(got.groups[g].nulls, i));
	}
	batch_fini(&got);
	parquet_close(r);
	batch_fini(&b);
}

static void test_no_groups(void **state)
{
	(void)state;
	struct err err = {0};
	struct parquet_writer *w;
	uint8_t sum[32];
	uint64_t bytes;
	assert_int_equal(parquet_create(path, &sample_shape, &w, &err), 0);
	assert_int_equal(parquet_finish(w, sum, &bytes, &err), 0);
	parquet_writer_free(w);
	struct parquet_reader *r = open_file();
	assert_int_equal(parquet_groups(r), 0);
	assert_int_equal(parquet_rows(r), 0);
	assert_int_equal(parquet_shape(r)->ncolumns, SAMPLE_COLUMNS);
	parquet_close(r);
}

static void *encode_in_thread(void *batch)
{
	parquet_group_free(parquet_encode(batch, -3)); /* another level before */
	return parquet_encode(batch, 1);
}

/* Any thread gives the same bytes, and leaves nothing behind. */
static void test_threads(void **state)
{
	(void)state;
	pthread_t threads[4];
	struct batch b;
	struct sample s = {.nrows = 4000, .distinct = 70, .elements = 2, .null_percent = 7};
	sample_fill(&b, &s);
	struct parquet_group *want = parquet_encode(&b, 1);
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, encode_in_thread, &b), 0);
	for (int i = 0; i < 4; i++) {
		void *got;
		pthread_join(threads[i], &got);
		assert_int_equal(parquet_group_bytes(got), parquet_group_bytes(want));
		assert_memory_equal(
			((struct parquet_group *)got)->bytes.ptr, want->bytes.ptr, want->bytes.len);
		parquet_group_free(got);
	}
	parquet_group_free(want);
	batch_fini(&b);
}

static void test_shape(void **state)
{
	(void)state;
	struct batch b;
	struct sample s = {.nrows = 3};
	sample_fill(&b, &s);
	write_file(&b, 1, 1);
	struct parquet_reader *r = open_file();
	const struct batch_shape *got = parquet_shape(r);
	assert_string_equal(got->table, "samples");
	assert_int_equal(got->ncolumns, SAMPLE_COLUMNS);
	assert_int_equal(got->ngroups, SAMPLE_GROUPS);
	for (uint32_t c = 0; c < SAMPLE_COLUMNS; c++) {
		assert_string_equal(got->columns[c].name, sample_columns[c].name);
		assert_int_equal(got->columns[c].type, sample_columns[c].type);
		assert_int_equal(got->columns[c].group, sample_columns[c].group);
	}
	for (int g = 0; g < SAMPLE_GROUPS; g++) {
		assert_string_equal(got->groups[g].name, sample_groups[g].name);
		assert_int_equal(got->groups[g].bare, sample_groups[g].bare);
	}
	parquet_close(r);
	batch_fini(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shape),
		cmocka_unit_test(test_patterns),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_many_pages),
		cmocka_unit_test(test_many_groups),
		cmocka_unit_test(test_subset),
		cmocka_unit_test(test_forms),

		cmocka_unit_test(test_large_dictionary),
		cmocka_unit_test(test_unfilled),
		cmocka_unit_test(test_no_groups),
		cmocka_unit_test(test_threads),
	};
	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
