/* SPDX-License-Identifier: Apache-2.0 */
/* parts_test.c: a row group read in parts: distinct values before rows, and picked rows alone: the
 * same values as of the whole, no byte read twice. */
#include "parquet/parquet.h"

#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "parquet/private.h"
#include "parquet/sample.h"

static char dir[200], path[300];

static int make_dir(void **state)
{
	(void)state;
	const char *tmp = getenv("TMPDIR");
	snprintf(dir, sizeof(dir), "%s/pugmark-parts-XXXXXX", tmp ? tmp : "/tmp");
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

static struct parquet_reader *write_and_open(const struct batch *batch)
{
	struct err err = {0};
	struct parquet_writer *w;
	struct parquet_reader *r;
	uint8_t sum[32];
	uint64_t bytes;
	assert_int_equal(parquet_create(path, batch->shape, &w, &err), 0);
	struct parquet_group *g = parquet_encode(batch, 1);
	assert_int_equal(parquet_append(w, g, &err), 0);
	parquet_group_free(g);
	assert_int_equal(parquet_finish(w, sum, &bytes, &err), 0);
	parquet_writer_free(w);
	if (parquet_open(path, &r, &err))
		fail_msg("%s", err.text);
	return r;
}

/* What the first load of a column reads, and what the second. */
static void expect_parts(struct parquet_reader *r, const struct batch *want, uint32_t c)
{
	struct err err = {0};
	struct batch got;
	uint64_t first = 0, second = 0, again = 0;
	parquet_begin(r, 0, &got);
	assert_int_equal(got.nrows, want->nrows);
	assert_int_equal(parquet_load(r, 0, c, PARQUET_VALUES, &got, &first, &err), 0);
	const struct column *col = &got.columns[c];
	struct column values = *col;
	bool dictionary = col_is_string(sample_columns[c].type) && !values.plain;
	assert_int_equal(values.n, dictionary ? 0 : want->columns[c].n);
	if (dictionary) {
		assert_null(values.codes);
		assert_non_null(values.off);
	}
	assert_int_equal(parquet_load(r, 0, c, PARQUET_ROWS, &got, &second, &err), 0);
	if (dictionary) { /* what was there is not read again */
		assert_ptr_equal(col->off, values.off);
		assert_ptr_equal(col->heap, values.heap);
		assert_true(second > 0);
	} else {
		assert_int_equal(second, 0);
	}
	assert_int_equal(parquet_load(r, 0, c, PARQUET_VALUES, &got, &again, &err), 0);
	assert_int_equal(parquet_load(r, 0, c, PARQUET_ROWS, &got, &again, &err), 0);
	assert_int_equal(again, 0);
	assert_int_equal(col->n, want->columns[c].n);
	assert_int_equal(col->plain, want->columns[c].plain && want->columns[c].n > 0);
	batch_check(&got);
	uint64_t whole = 0;
	struct batch other;
	parquet_begin(r, 0, &other);
	assert_int_equal(parquet_load(r, 0, c, PARQUET_ROWS, &other, &whole, &err), 0);
	assert_int_equal(whole, first + second);
	batch_fini(&other);
	batch_fini(&got);
}

/* All columns in two parts, in an order in which lists are met by any of their columns. */
static void expect_all_parts(struct parquet_reader *r, const struct batch *want)
{
	struct err err = {0};
	struct batch got;
	parquet_begin(r, 0, &got);
	for (uint32_t i = 0; i < 2 * SAMPLE_COLUMNS; i++)
		assert_int_equal(parquet_load(r, 0, i * 7 % SAMPLE_COLUMNS,
					 i < SAMPLE_COLUMNS ? PARQUET_VALUES : PARQUET_ROWS, &got,
					 NULL, &err),
			0);
	batch_check(&got);
	if (batch_compare(want, &got, &err))
		fail_msg("%s", err.text);
	batch_fini(&got);
}

static void test_parts(void **state)
{
	(void)state;
	static const struct sample rows[] = {
		{.nrows = 99, .distinct = 9, .elements = 2},
		{.nrows = 99, .distinct = 9, .elements = 2, .plain = true},
		{.nrows = 500, .distinct = 70, .elements = 3, .null_percent = 20, .longest = 9},
		{.nrows = 500, .plain = true, .elements = 3, .null_percent = 20, .longest = 9},
		{.nrows = 3000, .distinct = 3, .elements = 2, .sorted = true},
		{.nrows = 50, .null_percent = 100},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct batch b;
		sample_fill(&b, &rows[i]);
		struct parquet_reader *r = write_and_open(&b);
		for (uint32_t c = 0; c < SAMPLE_COLUMNS && rows[i].null_percent < 100; c++)
			expect_parts(r, &b, c);
		expect_all_parts(r, &b);
		parquet_close(r);
		batch_fini(&b);
	}
}

/* Without a value there is nothing to read to know the distinct ones. */
static void test_parts_of_nothing(void **state)
{
	(void)state;
	struct err err = {0};
	struct batch b, got;
	struct sample s = {.nrows = 50, .null_percent = 100};
	uint64_t bytes = 0;
	sample_fill(&b, &s);
	struct parquet_reader *r = write_and_open(&b);
	parquet_begin(r, 0, &got);
	assert_int_equal(parquet_load(r, 0, SAMPLE_NAME, PARQUET_VALUES, &got, &bytes, &err), 0);
	assert_int_equal(bytes, 0);
	assert_non_null(got.columns[SAMPLE_NAME].off);
	assert_int_equal(got.columns[SAMPLE_NAME].ndistinct, 0);
	assert_int_equal(parquet_load(r, 0, SAMPLE_NAME, PARQUET_ROWS, &got, &bytes, &err), 0);
	assert_true(bytes > 0);
	assert_int_equal(got.columns[SAMPLE_NAME].n, 50);
	assert_int_equal(parquet_load(r, 1, 0, PARQUET_ROWS, &got, NULL, &err), -1);
	assert_int_equal(err.kind, ERR_USAGE);
	assert_int_equal(parquet_load(r, 0, SAMPLE_COLUMNS, PARQUET_ROWS, &got, NULL, &err), -1);
	assert_int_equal(err.kind, ERR_USAGE);
	batch_fini(&got);
	parquet_close(r);
	batch_fini(&b);
}

/* Rows picked while reading are those picked afterwards. */
static void expect_picked(
	struct parquet_reader *r, const bool *want, const uint32_t *keep, uint32_t n)
{
	struct err err = {0};
	struct batch all, picked, got;
	batch_init(&all, parquet_shape(r));
	assert_int_equal(parquet_read(r, 0, want, &all, &err), 0);
	batch_select(&all, keep, n, &picked);
	if (parquet_read_rows(r, 0, want, keep, n, &got, &err))
		fail_msg("%s", err.text);
	batch_check(&got);
	if (batch_compare(&picked, &got, &err))
		fail_msg("%u rows: %s", n, err.text);
	for (uint32_t c = 0; c < SAMPLE_COLUMNS; c++)
		assert_int_equal(got.columns[c].n, picked.columns[c].n);
	for (uint32_t g = 0; g < SAMPLE_GROUPS; g++)
		assert_int_equal(!got.groups[g].list_off, !picked.groups[g].list_off);
	batch_fini(&all);
	batch_fini(&picked);
	batch_fini(&got);
}

static void expect_any_picked(struct parquet_reader *r, uint64_t *seed)
{
	uint32_t nrows = parquet_group_rows(r, 0), n = 0;
	uint32_t *keep = xmalloc(((size_t)nrows + 1) * sizeof(*keep));
	bool want[SAMPLE_COLUMNS];
	expect_picked(r, NULL, keep, 0);
	for (uint32_t step = 1; step < 2 * nrows + 2; step = step * 5 + 1) {
		n = 0;
		for (uint32_t i = step / 2; i < nrows;
			i += 1 + (uint32_t)(sample_next(seed) % step))
			keep[n++] = i;
		for (uint32_t c = 0; c < SAMPLE_COLUMNS; c++)
			want[c] = sample_next(seed) % 3;
		expect_picked(r, step % 3 ? NULL : want, keep, n);
	}
	free(keep);
}

static void test_picked_rows(void **state)
{
	(void)state;
	static const struct sample rows[] = {
		{.nrows = 0},
		{.nrows = 99, .distinct = 9, .elements = 2},
		{.nrows = 999, .distinct = 70, .elements = 3, .null_percent = 20, .longest = 9},
		{.nrows = 999, .plain = true, .elements = 3, .null_percent = 20, .longest = 9},
		{.nrows = 3000, .distinct = 3, .elements = 2, .sorted = true, .null_percent = 1},
		{.nrows = 500, .null_percent = 100},
		{.nrows = 3000, .elements = UINT32_MAX, .distinct = 99, .null_percent = 2},
		{.nrows = 9000, .plain = true, .longest = 700, .null_percent = 1},
		{.nrows = 20000, .distinct = 500, .null_percent = 3, .longest = 9},
		{.nrows = 9000, .sorted = true, .elements = 1},
		{.nrows = 12000, .longest = 150, .plain = true, .elements = 3},
	};
	uint64_t seed = 12;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct batch b;
		sample_fill(&b, &rows[i]);
		struct parquet_reader *r = write_and_open(&b);
		print_message("sample %zu\n", i);
		expect_any_picked(r, &seed);
		parquet_close(r);
		batch_fini(&b);
	}
}

/* Columns cut into pages by rows, most of which are stepped over. */
static void test_pages(void **state)
{
	uint32_t usual = parquet_page_rows;
	static const uint32_t rows[] = {1, 7, 64, 1000};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		parquet_page_rows = rows[i];
		struct batch b;
		struct sample s = {.seed = i,
			.nrows = 40 + 400 * (uint32_t)i,
			.distinct = 50,
			.elements = 4,
			.null_percent = 15,
			.longest = 9,
			.plain = i == 2,
			.sorted = i == 3};
		uint64_t seed = i;
		sample_fill(&b, &s);
		struct parquet_reader *r = write_and_open(&b);
		expect_all_parts(r, &b);
		expect_any_picked(r, &seed);
		parquet_close(r);
		batch_fini(&b);
	}
	parquet_page_rows = 2000;
	test_picked_rows(state);
	parquet_page_rows = usual;
}

/* One row of many pages is read from one of them: the others may be damaged. */
static void test_other_pages_are_not_read(void **state)
{
	(void)state;
	struct err err = {0};
	struct batch b, got;
	uint32_t usual = parquet_page_rows, row = 999;
	char *data;
	size_t size;
	struct sample s = {.nrows = 1000, .distinct = 300, .elements = 2};
	parquet_page_rows = 100;
	sample_fill(&b, &s);
	parquet_close(write_and_open(&b));
	parquet_page_rows = usual;
	assert_int_equal(io_read_file(path, 1 << 24, &data, &size, &err), 0);
	data[4 + 60] ^= 1; /* in the first page of the first column, behind its header */
	assert_int_equal(truncate(path, 0), 0);
	int fd = open(path, O_WRONLY);
	assert_int_equal(write(fd, data, size), (ssize_t)size);
	close(fd);
	free(data);
	struct parquet_reader *r;
	assert_int_equal(parquet_open(path, &r, &err), 0);
	assert_int_equal(parquet_read_rows(r, 0, NULL, &row, 1, &got, &err), 0);
	batch_check(&got);
	assert_memory_equal(got.columns[0].uuid[0], b.columns[0].uuid[row], 16);
	batch_fini(&got);
	row = 5;
	assert_int_equal(parquet_read_rows(r, 0, NULL, &row, 1, &got, &err), -1);
	assert_int_equal(err.kind, ERR_DAMAGED);
	batch_fini(&got);
	parquet_close(r);
	batch_fini(&b);
}

struct reading {
	struct parquet_reader *reader;
	const struct batch *want;
	uint64_t seed;
};

static void *read_in_thread(void *ctx)
{
	struct reading *reading = ctx;
	for (int i = 0; i < 5; i++) {
		expect_all_parts(reading->reader, reading->want);
		expect_any_picked(reading->reader, &reading->seed);
	}
	return NULL;
}

/* Through one reader at the same time. */
static void test_threads(void **state)
{
	(void)state;
	struct batch b;
	struct sample s = {.nrows = 400, .distinct = 60, .elements = 3, .null_percent = 9};
	struct reading readings[3];
	pthread_t threads[3];
	sample_fill(&b, &s);
	struct parquet_reader *r = write_and_open(&b);
	for (unsigned i = 0; i < 3; i++) {
		readings[i] = (struct reading){r, &b, i};
		assert_int_equal(
			pthread_create(&threads[i], NULL, read_in_thread, &readings[i]), 0);
	}
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	parquet_close(r);
	batch_fini(&b);
}

static void test_row_out_of_range(void **state)
{
	(void)state;
	struct err err = {0};
	struct batch b, got;
	struct sample s = {.nrows = 50, .distinct = 3};
	static const uint32_t beyond[] = {3, 50}, inside[] = {3, 49};
	sample_fill(&b, &s);
	struct parquet_reader *r = write_and_open(&b);
	assert_int_equal(parquet_read_rows(r, 0, NULL, beyond, 2, &got, &err), -1);
	assert_int_equal(err.kind, ERR_USAGE);
	batch_fini(&got);
	assert_int_equal(parquet_read_rows(r, 1, NULL, inside, 2, &got, &err), -1);
	assert_int_equal(err.kind, ERR_USAGE);
	batch_fini(&got);
	assert_int_equal(parquet_read_rows(r, 0, NULL, inside, 2, &got, &err), 0);
	assert_int_equal(got.nrows, 2);
	batch_fini(&got);
	parquet_close(r);
	batch_fini(&b);
}

/* The same without what the processor can do beyond the common. */
static void test_portable(void **state)
{
	cpu_portable(true);
	test_parts(state);
	test_picked_rows(state);
	cpu_portable(false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parts),
		cmocka_unit_test(test_parts_of_nothing),
		cmocka_unit_test(test_picked_rows),
		cmocka_unit_test(test_pages),
		cmocka_unit_test(test_other_pages_are_not_read),
		cmocka_unit_test(test_threads),
		cmocka_unit_test(test_row_out_of_range),
		cmocka_unit_test(test_portable),
	};
	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
