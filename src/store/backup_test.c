/* SPDX-License-Identifier: Apache-2.0 */
/* backup_test.c: a backup is a store of its own, whole or not taken; it is made beside a running
 * segment, with links or without, and restored only after it was verified. */
#include <sys/stat.h>
#include <sys/wait.h>

#include "store/test_lake.h"
#include "store/test_store.h"

static void must(int rc, const struct err *err)
{
	if (rc < 0)
		fail_msg("%s", err->text);
}

static void send(struct store *store, uint32_t first, uint32_t n)
{
	struct err err;
	struct lake_send plan = {.source = "files",
		.container = "log",
		.kind = CONTAINER_DISJOINT,
		.first = first,
		.n = n,
		.per_batch = 100,
		.batches = 2,
		.rejects = true};
	must(lake_send(store, &plan, &err), &err);
}

static void assert_clean(struct store *store)
{
	struct err err;
	uint64_t damaged;
	must(store_verify(store, NULL, NULL, NULL, &damaged, &err), &err);
	assert_int_equal(damaged, 0);
}

static void copies_a_consistent_state(bool link)
{
	char *dir = test_folder(), *place = test_folder(), to[600], again[600];
	struct err err;
	struct segment *segment;
	struct store *store = test_open(dir, STORE_WRITE);
	send(store, 0, 500);
	snprintf(to, sizeof(to), "%s/backup", place);
	snprintf(again, sizeof(again), "%s/again", place);
	/* A segment is in progress: it is no part of the backup. */
	must(segment_begin(store, &lake_shape, "files", "x", LAKE_RECEIVED, &segment, &err), &err);
	must(store_backup(store, to, link, NULL, &err), &err);
	segment_abort(segment);
	send(store, 500, 300);
	lake_assert_exact(store, 800, "the store goes on");
	struct store *copy = test_open(to, STORE_READ);
	lake_assert_exact(copy, 500, "backup");
	assert_clean(copy);
	store_close(copy);
	must(store_restore(to, again, NULL, &err), &err);
	copy = test_open(again, STORE_WRITE);
	lake_assert_exact(copy, 500, "restored");
	assert_clean(copy);
	send(copy, 0, 800);
	lake_assert_exact(copy, 800, "restored and gone on");
	store_close(copy);
	store_close(store);
	test_remove(dir);
	test_remove(place);
}

static void by_copying(void **state)
{
	(void)state;
	copies_a_consistent_state(false);
}

static void by_linking(void **state)
{
	(void)state;
	copies_a_consistent_state(true);
}

static void keeps_user_schemas(void **state)
{
	(void)state;
	char *dir = test_folder(), *place = test_folder(), path[700], to[600], *data;
	size_t n;
	struct err err;
	struct store *store = test_open(dir, STORE_WRITE);
	snprintf(path, sizeof(path), "%s/schemas", dir);
	must(io_mkdirs(path, &err), &err);
	snprintf(path, sizeof(path), "%s/schemas/mine.yml", dir);
	must(io_write_file(path, "table: x\n", 9, 0600, &err), &err);
	snprintf(to, sizeof(to), "%s/backup", place);
	must(store_backup(store, to, false, NULL, &err), &err);
	snprintf(path, sizeof(path), "%s/schemas/mine.yml", to);
	must(io_read_file(path, 100, &data, &n, &err), &err);
	assert_string_equal(data, "table: x\n");
	free(data);
	store_close(store);
	test_remove(dir);
	test_remove(place);
}

static void refuses_what_is_not_whole(void **state)
{
	(void)state;
	char *dir = test_folder(), *place = test_folder(), to[600], again[600], path[700];
	struct err err;
	struct store *store = test_open(dir, STORE_WRITE);
	send(store, 0, 300);
	/* Not into a folder that has something in it. */
	assert_int_equal(store_backup(store, dir, false, NULL, &err), -1);
	assert_int_equal(err.kind, ERR_USAGE);
	snprintf(to, sizeof(to), "%s/backup", place);
	snprintf(again, sizeof(again), "%s/again", place);
	/* A store that is no backup, or one that was not finished. */
	assert_int_equal(store_restore(dir, again, NULL, &err), -1);
	assert_int_equal(err.kind, ERR_NOT_FOUND);
	must(store_backup(store, to, false, NULL, &err), &err);
	snprintf(path, sizeof(path), "%s/vault/files/000001.zst", to);
	assert_int_equal(truncate(path, 1000), 0);
	assert_int_equal(store_restore(to, again, NULL, &err), -1);
	assert_int_equal(err.kind, ERR_DAMAGED);
	assert_non_null(strstr(err.text, "vault/files/000001.zst"));
	store_close(store);
	test_remove(dir);
	test_remove(place);
}

static volatile int stop_now;

static void stop_later(void *ctx, uint64_t done, uint64_t total, const char *what)
{
	(void)what;
	(void)ctx;
	assert_true(done <= total);
	stop_now = done > total / 2;
}

static void stops_when_asked(void **state)
{
	(void)state;
	char *dir = test_folder(), *place = test_folder(), to[600];
	struct err err;
	struct progress progress = {stop_later, NULL, &stop_now};
	struct store *store = test_open(dir, STORE_WRITE);
	send(store, 0, 300);
	snprintf(to, sizeof(to), "%s/backup", place);
	assert_int_equal(store_backup(store, to, false, &progress, &err), -1);
	assert_int_equal(err.kind, ERR_INTERRUPTED);
	snprintf(to, sizeof(to), "%s/backup/BACKUP", place);
	assert_int_not_equal(access(to, F_OK), 0);
	store_close(store);
	test_remove(dir);
	test_remove(place);
}

/* A disk that fills up, a device that fails: an error, no mark; then a new folder works. */
static void fails_without_a_mark(void **state)
{
	(void)state;
	static const char *const effects[] = {"ENOSPC", "EIO", "kill"};
	char *dir = test_folder();
	struct store *store = test_open(dir, STORE_WRITE);
	send(store, 0, 300);
	store_close(store);
	for (unsigned n = 1; n < 40; n += 3) {
		char *place = test_folder(), to[600], fault[64], mark[700];
		struct err err;
		snprintf(to, sizeof(to), "%s/backup", place);
		snprintf(fault, sizeof(fault), "change:%u:%s", n, effects[n % COUNT(effects)]);
		pid_t child = fork();
		if (child == 0) {
			int rc = store_open(dir, STORE_READ, &store, &err);
			if (rc == 0 && io_fault(fault, &err) == 0)
				rc = store_backup(store, to, false, NULL, &err);
			_exit(rc < 0 ? 1 : 0);
		}
		int status;
		waitpid(child, &status, 0);
		bool ended_well = WIFEXITED(status) && WEXITSTATUS(status) == 0;
		snprintf(mark, sizeof(mark), "%s/BACKUP", to);
		if (access(mark, F_OK) == 0) {
			store = test_open(to, STORE_READ);
			lake_assert_exact(store, 300, fault);
			assert_clean(store);
			store_close(store);
		} else if (ended_well) {
			fail_msg("%s: no error, no mark", fault);
		}
		test_remove(place);
	}
	test_remove(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_copying),
		cmocka_unit_test(by_linking),
		cmocka_unit_test(keeps_user_schemas),
		cmocka_unit_test(refuses_what_is_not_whole),
		cmocka_unit_test(stops_when_asked),
		cmocka_unit_test(fails_without_a_mark),
	};
	if (access("/dev/shm", W_OK) == 0)
		setenv("TMPDIR", "/dev/shm", 0);
	return cmocka_run_group_tests_name("backup", tests, NULL, NULL);
}
