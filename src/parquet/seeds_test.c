/* SPDX-License-Identifier: Apache-2.0 */
/* seeds_test.c: the fuzzer's first inputs, in tests/data/fuzz/parquet_parquet_fuzz, are files that
 * an earlier version of the writer wrote: they must read back as what was sent then. With SEEDS=new
 * in the environment those that are missing are written. */
#include "parquet/parquet.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "parquet/private.h"
#include "parquet/sample.h"

#define FOLDER "tests/data/fuzz/parquet_parquet_fuzz"

static const struct seed {
	const char *name;
	uint32_t groups;
	uint32_t page_rows; /* 0 = as ever */
	struct sample sample;
} seeds[] = {
	{"one_row", 1, 0, {.seed = 1, .nrows = 1, .distinct = 1, .longest = 4, .elements = 1}},
	{"all_null", 1, 0, {.seed = 2, .nrows = 20, .longest = 4, .null_percent = 100}},
	{"dictionary", 1, 0,
		{.seed = 3,
			.nrows = 40,
			.distinct = 5,
			.longest = 6,
			.elements = 2,
			.null_percent = 10,
			.sorted = true}},
	{"plain", 1, 0,
		{.seed = 4,
			.nrows = 24,
			.longest = 9,
			.elements = 3,
			.null_percent = 20,
			.plain = true}},
	{"long_lists", 1, 0, {.seed = 5, .nrows = 9, .distinct = 3, .longest = 3, .elements = 12}},
	{"three_groups", 3, 0,
		{.seed = 6,
			.nrows = 8,
			.distinct = 2,
			.longest = 5,
			.elements = 1,
			.null_percent = 30}},
	{"pages", 1, 16, /* cut by rows, see rows_of_page */
		{.seed = 7,
			.nrows = 70,
			.distinct = 20,
			.longest = 3,
			.elements = 2,
			.null_percent = 10}},
};

static void fill(struct batch *batch, const struct seed *seed, uint32_t group)
{
	struct sample sample = seed->sample;
	sample.seed += group * 100;
	sample_fill(batch, &sample);
}

static void write_seed(const char *path, const struct seed *seed)
{
	struct parquet_writer *writer;
	struct err err = {0};
	uint8_t sum[32];
	uint64_t bytes;
	if (parquet_create(path, &sample_shape, &writer, &err))
		fail_msg("%s", err.text);
	for (uint32_t g = 0; g < seed->groups; g++) {
		struct batch batch;
		fill(&batch, seed, g);
		struct parquet_group *group = parquet_encode(&batch, 1);
		assert_int_equal(parquet_append(writer, group, &err), 0);
		parquet_group_free(group);
		batch_fini(&batch);
	}
	assert_int_equal(parquet_finish(writer, sum, &bytes, &err), 0);
	parquet_writer_free(writer);
}

static void read_seed(const char *path, const struct seed *seed)
{
	struct parquet_reader *reader;
	struct err err = {0};
	if (parquet_open(path, &reader, &err))
		fail_msg("%s", err.text);
	assert_int_equal(parquet_groups(reader), seed->groups);
	for (uint32_t g = 0; g < seed->groups; g++) {
		struct batch sent, got;
		fill(&sent, seed, g);
		batch_init(&got, parquet_shape(reader));
		if (parquet_read(reader, g, NULL, &got, &err) || batch_compare(&sent, &got, &err))
			fail_msg("%s: group %u: %s", seed->name, g, err.text);
		batch_fini(&got);
		batch_fini(&sent);
	}
	parquet_close(reader);
}

static void earlier_files_read_back(void **state)
{
	(void)state;
	const char *make = getenv("SEEDS");
	uint32_t usual = parquet_page_rows;
	for (size_t i = 0; i < sizeof(seeds) / sizeof(seeds[0]); i++) {
		char path[200];
		struct err err = {0};
		snprintf(path, sizeof(path), FOLDER "/%s", seeds[i].name);
		parquet_page_rows = seeds[i].page_rows ? seeds[i].page_rows : usual;
		if (make && *make && io_stat(path, NULL, &err) == 0)
			write_seed(path, &seeds[i]);
		parquet_page_rows = usual;
		read_seed(path, &seeds[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(earlier_files_read_back),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
