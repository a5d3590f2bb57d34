/* SPDX-License-Identifier: Apache-2.0 */
/* identity_damage_test.c: a run file with a flipped bit or a missing end is named, never believed;
 * size-tiered merging keeps its bounds; a line repeated many times costs no more than many lines. */
#include <fcntl.h>

#include "base/base.h"
#include "base/test.h"
#include "store/identity.h"

enum { DAYS = 3, PER_DAY = 400, N = DAYS * PER_DAY };

static void fill(struct id_query *queries, uint32_t n, uint32_t salt)
{
	for (uint32_t i = 0; i < n; i++) {
		uint64_t a = (i + 1) * 0x9e3779b97f4a7c15 + salt, b = a * 0xbf58476d1ce4e5b9;
		queries[i] = (struct id_query){
			.day = 20000 + (int32_t)(i / PER_DAY), .offset = i * UINT64_C(10)};
		memcpy(queries[i].key, &b, 8);
		memcpy(queries[i].key + 8, &a, 8);
	}
}

static struct id_run write_run(struct identity *identity, const char *name)
{
	struct id_run run;
	struct err err = {0};
	if (identity_write(identity, name, &run, &err) < 0)
		fail_msg("write: %s", err.text);
	identity_committed(identity, &run);
	return run;
}

/* Judging everything again must find it all stored, or say that the file is damaged. */
static bool notices_or_is_right(const char *dir, const struct id_run *run)
{
	struct identity *identity;
	struct err err = {0};
	struct id_query queries[N];
	if (identity_open(dir, run, 1, &identity, &err) < 0)
		return err.kind == ERR_DAMAGED && strstr(err.text, run->name);
	fill(queries, N, 0);
	bool fine = true;
	if (identity_judge(identity, queries, N, 7, true, &err) < 0)
		fine = err.kind == ERR_DAMAGED && strstr(err.text, run->name);
	else
		for (uint32_t i = 0; i < N; i++)
			fine &= !queries[i].stored;
	identity_close(identity);
	return fine;
}

static void any_flipped_bit_is_found(void **state)
{
	(void)state;
	struct identity *identity;
	struct id_query queries[N];
	struct err err = {0};
	char *dir = test_folder(), path[700], *good;
	size_t size;
	assert_int_equal(identity_open(dir, NULL, 0, &identity, &err), 0);
	fill(queries, N, 0);
	assert_int_equal(identity_judge(identity, queries, N, 1, true, &err), 0);
	struct id_run run = write_run(identity, "a.run");
	identity_close(identity);
	snprintf(path, sizeof(path), "%s/a.run", dir);
	assert_int_equal(io_read_file(path, 1 << 20, &good, &size, &err), 0);
	assert_int_equal(size, run.bytes);
	assert_int_equal(identity_check(path, &run, &err), 0);
	assert_true(notices_or_is_right(dir, &run));
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	for (size_t at = 0; at < size; at += at < 64 || at + 200 > size ? 1 : 29) {
		char bad = (char)(good[at] ^ 1 << at % 8);
		assert_int_equal(pwrite(fd, &bad, 1, (off_t)at), 1);
		CHECK_ROW(at, identity_check(path, &run, &err) < 0 && err.kind == ERR_DAMAGED);
		CHECK_ROW(at, strstr(err.text, "a.run"));
		CHECK_ROW(at, notices_or_is_right(dir, &run));
		assert_int_equal(pwrite(fd, good + at, 1, (off_t)at), 1);
	}
	for (size_t cut = size - 1; cut > 0; cut -= cut > 500 ? 500 : 1) {
		assert_int_equal(ftruncate(fd, (off_t)cut), 0);
		CHECK_ROW(cut, identity_check(path, &run, &err) < 0 && err.kind == ERR_DAMAGED);
		CHECK_ROW(cut, notices_or_is_right(dir, &run));
	}
	close(fd);
	free(good);
	test_remove(dir);
}

/* Merging as planned after each commit: how many entries were written in all. */
static void merging_is_bounded(void **state)
{
	(void)state;
	enum { COMMITS = 600, EACH = 20 };
	struct identity *identity;
	struct id_run runs[100], merged;
	uint32_t n = 0, indexes[100], names = 0;
	struct err err = {0};
	char *dir = test_folder(), name[64];
	uint64_t rewritten = 0;
	assert_int_equal(identity_open(dir, NULL, 0, &identity, &err), 0);
	for (uint32_t c = 0; c < COMMITS; c++) {
		struct id_query queries[EACH];
		fill(queries, EACH, c * 1000003);
		assert_int_equal(identity_judge(identity, queries, EACH, c, true, &err), 0);
		snprintf(name, sizeof(name), "%u.run", names++);
		runs[n++] = write_run(identity, name);
		uint32_t k;
		while ((k = identity_merge_plan(identity, indexes, 100)) > 0) {
			snprintf(name, sizeof(name), "%u.run", names++);
			assert_int_equal(identity_merge(identity, indexes, k, name, NULL, NULL,
						 INT32_MIN, &merged, &err),
				0);
			for (uint32_t i = 0; i < k; i++)
				runs[indexes[i]].entries = 0;
			uint32_t kept = 0;
			for (uint32_t i = 0; i < n; i++)
				if (runs[i].entries)
					runs[kept++] = runs[i];
			runs[kept++] = merged;
			n = kept;
			rewritten += merged.entries;
			assert_int_equal(identity_reload(identity, runs, n, &err), 0);
		}
		assert_true(n <= 8); /* all are of one day */
	}
	uint64_t total = 0;
	for (uint32_t i = 0; i < n; i++)
		total += runs[i].entries;
	assert_int_equal(total, COMMITS * EACH);
	assert_true(rewritten <= total * 8);
	identity_close(identity);
	test_remove(dir);
}

/* Days before first_day go, the others and those without a day stay. */
static void old_days_are_dropped(void **state)
{
	(void)state;
	static const int32_t days[] = {ID_NO_DAY, 100, 101, 102};
	struct id_query queries[COUNT(days)];
	struct identity *identity;
	struct id_run run, merged;
	struct err err = {0};
	char *dir = test_folder();
	uint32_t index = 0;
	assert_int_equal(identity_open(dir, NULL, 0, &identity, &err), 0);
	fill(queries, COUNT(days), 0);
	for (size_t i = 0; i < COUNT(days); i++)
		queries[i].day = days[i];
	assert_int_equal(identity_judge(identity, queries, COUNT(days), 1, false, &err), 0);
	run = write_run(identity, "a.run");
	assert_int_equal(run.entries, 4);
	assert_int_equal(
		identity_merge(identity, &index, 1, "b.run", NULL, NULL, 102, &merged, &err), 0);
	assert_int_equal(merged.entries, 2);
	assert_int_equal(identity_reload(identity, &merged, 1, &err), 0);
	assert_int_equal(identity_judge(identity, queries, COUNT(days), 2, true, &err), 0);
	for (size_t i = 0; i < COUNT(days); i++)
		CHECK_ROW(i, queries[i].stored == (days[i] == 100 || days[i] == 101));
	identity_close(identity);
	test_remove(dir);
}

/* A file that repeats one line: each is a record of its own, a second reading adds none, and the
 * time grows with the number of lines, not with its square. */
static void one_line_many_times(void **state)
{
	(void)state;
	enum { BATCH = 4096, BATCHES = 100 };
	static struct id_query queries[BATCH];
	struct identity *identity;
	struct err err = {0};
	char *dir = test_folder(), name[64];
	int64_t began = clock_mono_us(), first_half = 0;
	assert_int_equal(identity_open(dir, NULL, 0, &identity, &err), 0);
	for (uint32_t reading = 0; reading < 2; reading++) {
		for (uint32_t b = 0; b < BATCHES; b++) {
			for (uint32_t i = 0; i < BATCH; i++) {
				queries[i] = (struct id_query){
					.day = 5, .offset = (b * BATCH + i) * UINT64_C(3)};
				memset(queries[i].key, 9, 16);
			}
			assert_int_equal(
				identity_judge(identity, queries, BATCH, reading + 1, true, &err),
				0);
			for (uint32_t i = 0; i < BATCH; i++) {
				assert_int_equal(queries[i].stored, reading == 0);
				assert_int_equal(queries[i].copy, reading ? 0 : b * BATCH + i);
			}
			if (b % 16 == 15) {
				snprintf(name, sizeof(name), "%u-%u.run", reading, b);
				write_run(identity, name);
			}
			if (reading == 0 && b == BATCHES / 2 - 1)
				first_half = clock_mono_us() - began;
		}
		if (reading == 0)
			assert_true(clock_mono_us() - began < 6 * first_half + 2000000);
	}
	identity_close(identity);
	test_remove(dir);
}

int main(void)
{
	/* Stopping a process loses nothing that was written: fsync may be quick here. */
	if (access("/dev/shm", W_OK) == 0)
		setenv("TMPDIR", "/dev/shm", 0);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_flipped_bit_is_found),
		cmocka_unit_test(merging_is_bounded),
		cmocka_unit_test(old_days_are_dropped),
		cmocka_unit_test(one_line_many_times),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
