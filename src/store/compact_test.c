/* SPDX-License-Identifier: Apache-2.0 */
/* compact_test.c: merging files changes no row, survives being stopped at any point, leaves a
 * damaged file alone, and removes old files only when nobody can be reading them. */
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "store/test_lake.h"
#include "store/test_store.h"

enum { SEGMENTS = 12, PER_SEGMENT = 90, EVENTS = SEGMENTS * PER_SEGMENT };

/* SEGMENTS small segments, the newest events first. */
static struct store *make_store(const char *dir)
{
	struct store *store = test_open(dir, STORE_WRITE);
	struct err err;
	for (uint32_t i = 0; i < SEGMENTS; i++) {
		struct lake_send send = {.source = i % 2 ? "odd" : "even",
			.container = "log",
			.kind = CONTAINER_DISJOINT,
			.first = (SEGMENTS - 1 - i) * PER_SEGMENT,
			.n = PER_SEGMENT,
			.per_batch = 45, /* places depend on how batches are cut */
			.batches = 2};
		if (lake_send(store, &send, &err) < 0)
			fail_msg("send: %s", err.text);
	}
	return store;
}

static void compact(struct store *store, int64_t grace, uint64_t before, uint64_t after)
{
	struct err err;
	uint64_t was, is;
	if (store_compact(store, NULL, grace, NULL, &was, &is, &err) < 0)
		fail_msg("compact: %s", err.text);
	assert_int_equal(was, before);
	assert_int_equal(is, after);
}

static int count_name(void *ctx, const char *name, struct err *err)
{
	(void)name;
	(void)err;
	++*(uint32_t *)ctx;
	return 0;
}

static uint32_t count_files(const char *dir, const char *below)
{
	char path[700];
	uint32_t n = 0;
	struct err err;
	snprintf(path, sizeof(path), "%s/%s", dir, below);
	assert_int_equal(io_list(path, count_name, &n, &err), 0);
	return n;
}

static int check_order(void *ctx, const struct segment_info *info, struct err *err)
{
	struct parquet_reader *reader;
	struct batch batch;
	(void)ctx;
	assert_int_equal(parquet_open(info->path, &reader, err), 0);
	assert_int_equal(parquet_groups(reader), 1);
	batch_init(&batch, parquet_shape(reader));
	assert_int_equal(parquet_read(reader, 0, NULL, &batch, err), 0);
	const struct column *times = &batch.columns[SYS_EVENT_TIME];
	for (uint32_t i = 1; i < batch.nrows; i++) {
		if (column_is_null(times, i))
			continue;
		CHECK_ROW(i, !column_is_null(times, i - 1) && times->i64[i - 1] <= times->i64[i]);
	}
	assert_true(info->compacted);
	assert_true(info->min_time == lake_time(1));
	assert_true(info->max_time == lake_time(EVENTS - 1));
	assert_string_equal(info->source, "even, odd");
	assert_string_equal(info->input, "log");
	batch_fini(&batch);
	parquet_close(reader);
	return 0;
}

static void small_files_become_one(void **state)
{
	(void)state;
	struct err err;
	char *dir = test_folder();
	struct store *store = make_store(dir);
	compact(store, INT64_C(3600000000), SEGMENTS, 1);
	lake_assert_exact(store, EVENTS, "compacted");
	assert_int_equal(store_segments(store, NULL, check_order, NULL, &err), 0);
	assert_int_equal(count_files(dir, "tables/test_logs"), SEGMENTS + 1);
	compact(store, INT64_C(3600000000), 1, 1);
	store_close(store);
	store = test_open(dir, STORE_WRITE); /* the sweep leaves retired files alone */
	assert_int_equal(count_files(dir, "tables/test_logs"), SEGMENTS + 1);
	compact(store, 0, 1, 1);
	assert_int_equal(count_files(dir, "tables/test_logs"), 1);
	lake_assert_exact(store, EVENTS, "old files gone");
	struct lake_send again = {.source = "even",
		.container = "log",
		.kind = CONTAINER_DISJOINT,
		.n = EVENTS + 10,
		.per_batch = 45,
		.batches = 3};
	assert_int_equal(lake_send(store, &again, &err), 0);
	assert_int_equal(again.stored, 10);
	compact(store, 0, 2, 1);
	lake_assert_exact(store, EVENTS + 10, "again");
	store_close(store);
	test_remove(dir);
}

/* Runs a compaction in a child that stops at the Nth change; true where it came to its end. */
static bool stopped_compaction(const char *dir, unsigned n, const char *how)
{
	pid_t child = fork();
	if (child == 0) {
		struct store *store;
		struct err err;
		char fault[64];
		if (store_open(dir, STORE_WRITE, &store, &err) < 0)
			_exit(2);
		snprintf(fault, sizeof(fault), "change:%u:%s", n, how);
		io_fault(fault, NULL);
		int rc = store_compact(store, NULL, 0, NULL, NULL, NULL, &err);
		_exit(rc == 0 ? 0 : 3);
	}
	int status;
	assert_int_equal(waitpid(child, &status, 0), child);
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void copy_store(const char *from, const char *to)
{
	char command[1500];
	snprintf(command, sizeof(command), "cp -a '%s' '%s'", from, to);
	assert_int_equal(system(command), 0);
}

/* Each point in the long series, some of them otherwise. */
static unsigned every(unsigned step)
{
	const char *longer = getenv("LONG");
	return longer && *longer ? 1 : 3 * step;
}

static void stopping_anywhere_is_safe(void **state)
{
	(void)state;
	static const char *const how[] = {"kill", "after", "torn", "ENOSPC", "EIO"};
	char *dir = test_folder(), original[600], copy[600];
	snprintf(original, sizeof(original), "%s/original", dir);
	store_close(make_store(original));
	for (size_t h = 0; h < COUNT(how); h++) {
		bool ended = false;
		unsigned n;
		for (n = 1; !ended && n < 500; n += every(h < 2 ? 1 : 3)) {
			char when[80];
			snprintf(when, sizeof(when), "change:%u:%s", n, how[h]);
			snprintf(copy, sizeof(copy), "%s/%s-%u", dir, how[h], n);
			copy_store(original, copy);
			ended = stopped_compaction(copy, n, how[h]);
			struct store *store = test_open(copy, STORE_WRITE);
			lake_assert_exact(store, EVENTS, when);
			struct err err;
			uint64_t was, is;
			assert_int_equal(store_compact(store, NULL, 0, NULL, &was, &is, &err), 0);
			assert_true(was == SEGMENTS || was == 1);
			assert_int_equal(is, 1);
			lake_assert_exact(store, EVENTS, when);
			assert_int_equal(count_files(copy, "tables/test_logs"), 1);
			store_close(store);
			test_remove(strdup(copy));
		}
		assert_true(n > 10); /* otherwise nothing was stopped */
		assert_true(ended);
	}
	test_remove(dir);
}

struct one_path {
	char path[1024];
	uint32_t skip;
};
static int note_path(void *ctx, const struct segment_info *info, struct err *err)
{
	struct one_path *one = ctx;
	(void)err;
	if (one->skip-- > 0)
		return 0;
	snprintf(one->path, sizeof(one->path), "%s", info->path);
	return 1;
}

static int check_full_groups(void *ctx, const struct segment_info *info, struct err *err)
{
	struct parquet_reader *reader;
	(void)ctx;
	assert_int_equal(parquet_open(info->path, &reader, err), 0);
	assert_int_equal(parquet_groups(reader), 2);
	assert_int_equal(parquet_group_rows(reader, 0), LIMIT_BATCH_ROWS);
	assert_true(info->compacted);
	parquet_close(reader);
	return 0;
}

static int note_id(void *ctx, const struct segment_info *info, struct err *err)
{
	(void)err;
	*(uint64_t *)ctx = info->id;
	return 0;
}

/* A large file with small row groups is rewritten by itself, once. */
static void large_file_gets_full_groups(void **state)
{
	(void)state;
	struct err err;
	char *dir = test_folder();
	struct store *store = test_open(dir, STORE_WRITE);
	struct lake_send send = {.source = "one",
		.container = "log",
		.kind = CONTAINER_DISJOINT,
		.n = LIMIT_BATCH_ROWS + 1000,
		.per_batch = 10000,
		.batches = 8};
	assert_int_equal(lake_send(store, &send, &err), 0);
	compact(store, 0, 1, 1);
	assert_int_equal(store_segments(store, NULL, check_full_groups, NULL, &err), 0);
	lake_assert_exact(store, send.n, "rewritten");
	uint64_t was = 0, is = 0;
	assert_int_equal(store_segments(store, NULL, note_id, &was, &err), 0);
	compact(store, 0, 1, 1);
	assert_int_equal(store_segments(store, NULL, note_id, &is, &err), 0);
	assert_true(was != 0 && was == is);
	store_close(store);
	test_remove(dir);
}

static void damaged_file_is_left_alone(void **state)
{
	(void)state;
	struct err err;
	char *dir = test_folder(), byte;
	struct store *store = make_store(dir);
	struct one_path one = {.skip = 5};
	assert_int_equal(store_segments(store, NULL, note_path, &one, &err), 1);
	assert_int_equal(chmod(one.path, 0600), 0);
	int fd = open(one.path, O_RDWR | O_CLOEXEC);
	assert_int_equal(pread(fd, &byte, 1, 200), 1);
	byte ^= 4;
	assert_int_equal(pwrite(fd, &byte, 1, 200), 1);
	log_setup(LOG_ERROR, LOG_AUTO);
	compact(store, 0, SEGMENTS, 2);
	assert_int_equal(access(one.path, F_OK), 0);
	byte ^= 4;
	assert_int_equal(pwrite(fd, &byte, 1, 200), 1);
	close(fd);
	lake_assert_exact(store, EVENTS, "mended");
	compact(store, 0, 2, 1);
	lake_assert_exact(store, EVENTS, "merged");
	store_close(store);
	test_remove(dir);
}

static void unknown_table_is_refused(void **state)
{
	(void)state;
	struct err err;
	char *dir = test_folder();
	struct store *store = make_store(dir);
	assert_int_equal(store_compact(store, "nothing", 0, NULL, NULL, NULL, &err), -1);
	assert_int_equal(err.kind, ERR_NOT_FOUND);
	store_close(store);
	assert_int_equal(store_open(dir, STORE_READ, &store, &err), 0);
	assert_int_equal(store_compact(store, NULL, 0, NULL, NULL, NULL, &err), -1);
	assert_int_equal(err.kind, ERR_ACCESS);
	store_close(store);
	test_remove(dir);
}

int main(void)
{
	/* Stopping a process loses nothing that was written: fsync may be quick here. */
	if (access("/dev/shm", W_OK) == 0)
		setenv("TMPDIR", "/dev/shm", 0);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(small_files_become_one),
		cmocka_unit_test(large_file_gets_full_groups),
		cmocka_unit_test(damaged_file_is_left_alone),
		cmocka_unit_test(unknown_table_is_refused),
		cmocka_unit_test(stopping_anywhere_is_safe),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
