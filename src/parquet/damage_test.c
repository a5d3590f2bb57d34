/* SPDX-License-Identifier: Apache-2.0 */
/* damage_test.c: damaged and hostile files. Every flipped bit of a small file, every length it can
 * be cut to, and bytes changed behind the checksums' back: an error with the file's name or the
 * same content, never a crash or another value. */
#include "parquet/parquet.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "parquet/reader.h"
#include "parquet/sample.h"

enum { ROWS = 90 };

static char path[100];
static int fd;
static struct batch sent[2];
static char *file;
static size_t size;

static void put(const void *data, size_t n)
{
	assert_int_equal(ftruncate(fd, 0), 0);
	assert_int_equal(pwrite(fd, data, n, 0), (ssize_t)n);
}

/* A file of two row groups in memory. */
static int make_file(void **state)
{
	(void)state;
	struct err err = {0};
	struct parquet_writer *w;
	uint8_t sum[32];
	uint64_t bytes;
	fd = memfd_create("damage", MFD_CLOEXEC);
	char temp[] = "/tmp/pugmark-damage-XXXXXX";
	int tmp = mkstemp(temp);
	if (fd < 0 || tmp < 0)
		return -1;
	close(tmp);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	parquet_page_rows = 30;
	if (parquet_create(temp, &sample_shape, &w, &err))
		return -1;
	for (uint32_t i = 0; i < 2; i++) {
		struct sample s = {.seed = i,
			.nrows = ROWS,
			.distinct = i ? 12 : 0,
			.longest = 8,
			.elements = 2,
			.null_percent = 9,
			.plain = i == 0,
			.sorted = i};
		sample_fill(&sent[i], &s);
		struct parquet_group *g = parquet_encode(&sent[i], 3);
		if (parquet_append(w, g, &err))
			return -1;
		parquet_group_free(g);
	}
	if (parquet_finish(w, sum, &bytes, &err) || io_read_file(temp, 1 << 24, &file, &size, &err))
		return -1;
	parquet_writer_free(w);
	unlink(temp);
	return 0;
}

static int drop_file(void **state)
{
	(void)state;
	batch_fini(&sent[0]);
	batch_fini(&sent[1]);
	free(file);
	close(fd);
	return 0;
}

static void expect_same(
	const struct batch *want, const struct batch *got, const char *what, size_t where)
{
	struct err err = {0};
	batch_check(got);
	if (batch_compare(want, got, &err))
		fail_msg("%s %zu: another value: %s", what, where, err.text);
}

static int judge_whole(
	struct parquet_reader *r, uint32_t g, const char *what, size_t where, struct err *err)
{
	struct batch got;
	batch_init(&got, parquet_shape(r));
	int done = parquet_read(r, g, NULL, &got, err);
	if (done == 0)
		expect_same(&sent[g], &got, what, where);
	batch_fini(&got);
	return done;
}

/* Column by column, distinct values before rows. */
static int judge_parts(
	struct parquet_reader *r, uint32_t g, const char *what, size_t where, struct err *err)
{
	struct batch got;
	int done = 0;
	parquet_begin(r, g, &got);
	for (uint32_t i = 0; i < 2 * SAMPLE_COLUMNS && done == 0; i++)
		done = parquet_load(
			r, g, i / 2, i % 2 ? PARQUET_ROWS : PARQUET_VALUES, &got, NULL, err);
	if (done == 0)
		expect_same(&sent[g], &got, what, where);
	batch_fini(&got);
	return done;
}

/* All rows, as if they were some. */
static int judge_rows(
	struct parquet_reader *r, uint32_t g, const char *what, size_t where, struct err *err)
{
	struct batch got;
	uint32_t keep[ROWS];
	for (uint32_t i = 0; i < ROWS; i++)
		keep[i] = i;
	int done = parquet_read_rows(r, g, NULL, keep, parquet_group_rows(r, g), &got, err);
	if (done == 0)
		expect_same(&sent[g], &got, what, where);
	batch_fini(&got);
	return done;
}

/* 0 where the file gives what was sent; 1 where it is refused as damaged; anything else fails. */
static int judge(const char *what, size_t where)
{
	struct err err = {0};
	struct parquet_reader *r = NULL;
	int done = parquet_open(path, &r, &err);
	for (uint32_t g = 0; g < 2 && done == 0; g++) {
		if (parquet_groups(r) != 2)
			done = -2;
		else if (where % 3 == 0)
			done = judge_whole(r, g, what, where, &err);
		else if (where % 3 == 1)
			done = judge_parts(r, g, what, where, &err);
		else
			done = judge_rows(r, g, what, where, &err);
	}
	parquet_close(r);
	if (done == 0)
		return 0;
	if (done != -1 || err.kind != ERR_DAMAGED || !strstr(err.text, path))
		fail_msg("%s %zu: %d, %s", what, where, done, err.text);
	return 1;
}

static void test_whole(void **state)
{
	(void)state;
	put(file, size);
	assert_int_equal(judge("whole", 0), 0);
	print_message("a file of %zu bytes\n", size);
}

static void flip(size_t bit)
{
	char byte = (char)(file[bit / 8] ^ (1 << bit % 8));
	assert_int_equal(pwrite(fd, &byte, 1, (off_t)(bit / 8)), 1);
	if (judge("bit", bit) != 1)
		fail_msg("bit %zu: not noticed", bit);
	assert_int_equal(pwrite(fd, &file[bit / 8], 1, (off_t)(bit / 8)), 1);
}

static bool is_long(void)
{
	const char *text = getenv("LONG");
	return text && *text;
}

/* Every byte counts: no flipped bit may pass. All of them with LONG=1. */
static void test_bits(void **state)
{
	(void)state;
	size_t stride = is_long() ? 1 : 53;
	put(file, size);
	for (size_t bit = 0; bit < size * 8; bit += stride)
		flip(bit);
	uint64_t seed = 77;
	for (int i = 0; i < 500; i++)
		flip(sample_next(&seed) % (size * 8));
}

static void test_cut(void **state)
{
	(void)state;
	put(file, size);
	for (size_t n = size; n-- > 0;) {
		assert_int_equal(ftruncate(fd, (off_t)n), 0);
		if (judge("cut to", n) != 1)
			fail_msg("cut to %zu: not noticed", n);
	}
}

static void test_bytes_added(void **state)
{
	(void)state;
	char *more = malloc(size + 9);
	for (size_t at = 0; at <= size; at += at < 200 ? 1 : 97) {
		memcpy(more, file, at);
		more[at] = 'x';
		memcpy(more + at + 1, file + at, size - at);
		put(more, size + 1);
		if (judge("a byte more at", at) != 1)
			fail_msg("a byte more at %zu: not noticed", at);
	}
	free(more);
}

static void read_some(struct parquet_reader *r, uint32_t g)
{
	uint32_t keep[ROWS], n = 0;
	struct err err = {0};
	struct batch got;
	for (uint32_t i = 0; i < parquet_group_rows(r, g) && n < ROWS; i += 1 + i % 5)
		keep[n++] = i;
	parquet_read_rows(r, g, NULL, keep, n, &got, &err);
	batch_fini(&got);
}

/* Reads all that can be read of a hostile file; only crashes and sanitizers judge. */
static void read_anything(void)
{
	struct err err = {0};
	struct parquet_reader *r;
	if (parquet_open(path, &r, &err))
		return;
	for (uint32_t g = 0; g < parquet_groups(r) && g < 4; g++) {
		struct batch got;
		batch_init(&got, parquet_shape(r));
		if (parquet_read(r, g, NULL, &got, &err) == 0) {
			struct parquet_stats stats;
			parquet_group_stats(r, g, 0, &stats, &err);
		}
		batch_fini(&got);
		parquet_begin(r, g, &got);
		for (uint32_t c = 0; c < parquet_shape(r)->ncolumns; c++) {
			parquet_load(r, g, c, PARQUET_VALUES, &got, NULL, &err);
			parquet_load(r, g, c, PARQUET_ROWS, &got, NULL, &err);
		}
		batch_fini(&got);
		read_some(r, g);
	}
	parquet_close(r);
}

/* Checksums off: what a hostile writer could make, who can compute them. */
static void test_hostile(void **state)
{
	(void)state;
	uint64_t seed = 4242;
	char *copy = malloc(size);
	int rounds = is_long() ? 200000 : 6000;
	parquet_trust_checksums = true;
	for (int i = 0; i < rounds; i++) {
		memcpy(copy, file, size);
		for (uint64_t n = 1 + sample_next(&seed) % 3; n > 0; n--) {
			uint64_t r = sample_next(&seed);
			size_t at = r % 4 ? (size_t)(sample_next(&seed) % size)
					  : size - 1 - (size_t)(sample_next(&seed) % (size / 3));
			uint8_t byte = (uint8_t)copy[at];
			byte = (uint8_t)(r & 16 ? r >> 8 : byte ^ UINT64_C(1) << (r >> 8) % 8);
			copy[at] = (char)byte;
		}
		put(copy, size);
		read_anything();
	}
	parquet_trust_checksums = false;
	free(copy);
}

static void test_not_parquet(void **state)
{
	(void)state;
	static const struct {
		const char *bytes;
		size_t n;
	} rows[] = {{"", 0}, {"PAR1", 4}, {"PAR1PAR1", 8}, {"PAR1\0\0\0\0PAR1", 12},
		{"PAR1\xff\xff\xff\x7fPAR1", 12}, {"PAR1\0\1\0\0\0PAR1", 13},
		{"{\"id\": 1, \"summary\": \"User updated\"}", 36}};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		put(rows[i].bytes, rows[i].n);
		assert_int_equal(judge("no Parquet", i), 1);
	}
	struct err err = {0};
	struct parquet_reader *r;
	assert_int_equal(parquet_open("/nonexistent/t.parquet", &r, &err), -1);
	assert_int_equal(err.kind, ERR_NOT_FOUND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole),
		cmocka_unit_test(test_bits),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_bytes_added),
		cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_not_parquet),
	};
	return cmocka_run_group_tests(tests, make_file, drop_file);
}
