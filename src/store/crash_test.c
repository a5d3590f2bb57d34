/* SPDX-License-Identifier: Apache-2.0 */
/* crash_test.c: a child sends events while the Nth change of any file (SQLite's too) kills it, is
 * torn, or fails; then the same is sent again from the start. For every N: the stored set is the
 * sent set, and verify finds nothing. LONG=1 takes every N, else every few. */
#include <signal.h>
#include <sys/wait.h>

#include "store/test_lake.h"

enum { FIRST = 60, EVENTS = 240, MOST_POINTS = 3000 };

static int send_all(const char *dir, uint32_t first, uint32_t n, struct err *err)
{
	struct store *store;
	struct lake_send plan = {.source = "files",
		.container = "node-a/log",
		.kind = CONTAINER_DISJOINT,
		.first = first,
		.n = n,
		.per_batch = 40,
		.batches = 2,
		.rejects = true};
	if (store_open(dir, STORE_WRITE, &store, err) < 0)
		return -1;
	int rc = lake_send(store, &plan, err);
	store_close(store);
	return rc;
}

/* Runs the sending in a child under a fault. What became of it: */
enum outcome { SENT, FAILED, KILLED };

static enum outcome send_in_child(const char *dir, const char *fault, bool go_on)
{
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		struct err err = {0};
		if (io_fault(fault, &err) < 0)
			_exit(99);
		int rc = send_all(dir, 0, EVENTS, &err);
		if (rc < 0 && !strstr(err.text, "/"))
			_exit(98); /* the error names no file */
		if (rc < 0 && go_on && (io_fault(NULL, &err), send_all(dir, 0, EVENTS, &err)) < 0)
			_exit(97); /* the same process may open the store again */
		_exit(rc < 0 ? 1 : 0);
	}
	int status;
	assert_int_equal(waitpid(child, &status, 0), child);
	if (WIFSIGNALED(status)) {
		assert_int_equal(WTERMSIG(status), SIGKILL);
		return KILLED;
	}
	if (WEXITSTATUS(status) > 1)
		fail_msg("%s: the child ended with %d", fault, WEXITSTATUS(status));
	return WEXITSTATUS(status) ? FAILED : SENT;
}

static void tell_damage(void *ctx, const char *file, const char *what)
{
	fprintf(stderr, "%s: %s: %s\n", (const char *)ctx, file, what);
}

static bool is_ours_only(const char *dir, const char *when)
{
	char command[700];
	/* Nothing is left over: temporary names, tails, files without a segment. */
	snprintf(command, sizeof(command), "find '%s' -name '*.tmp' | grep -q .", dir);
	if (system(command) != 0)
		return true;
	fprintf(stderr, "%s: temporary files are left\n", when);
	return false;
}

static void assert_recovered(const char *dir, bool with_content, const char *when)
{
	struct err err;
	struct store *store;
	uint64_t damaged;
	if (send_all(dir, 0, EVENTS, &err) < 0)
		fail_msg("%s: sending again: %s", when, err.text);
	if (store_open(dir, STORE_WRITE, &store, &err) < 0)
		fail_msg("%s: %s", when, err.text);
	lake_assert_exact(store, EVENTS, when);
	int64_t rejects = 0;
	/* One in each of six batches, and one where the first sending ended earlier. */
	if (catalog_int(store, &rejects, &err, "SELECT count(*) FROM rejects", "") < 1 ||
		rejects != (with_content ? 7 : 6))
		fail_msg("%s: %d rejects", when, (int)rejects);
	char *name = strdup(when);
	if (store_verify(store, tell_damage, name, NULL, &damaged, &err) < 0)
		fail_msg("%s: verify: %s", when, err.text);
	free(name);
	if (damaged)
		fail_msg("%s: verify found %llu", when, (unsigned long long)damaged);
	assert_true(is_ours_only(dir, when));
	store_close(store);
}

static char *prepared_folder(bool with_content)
{
	char *dir = test_folder();
	struct err err;
	if (with_content && send_all(dir, 0, FIRST, &err) < 0)
		fail_msg("%s", err.text);
	return dir;
}

/* All points of one kind of fault, until the sending runs through. */
static void run_points(const char *what, unsigned stride, bool with_content, bool go_on)
{
	unsigned hurt = 0;
	for (unsigned n = 1 + (unsigned)(strlen(what) % stride); n < MOST_POINTS; n += stride) {
		char fault[64];
		char *dir = prepared_folder(with_content);
		snprintf(fault, sizeof(fault), "change:%u:%s", n, what);
		enum outcome outcome = send_in_child(dir, fault, go_on);
		assert_recovered(dir, with_content, fault);
		test_remove(dir);
		hurt += outcome != SENT;
		/* An error of clean-up is no error of the sending: only many misses are the end. */
		if (outcome == SENT && hurt > 0 && n > 400)
			break;
	}
	assert_true(hurt >= 5);
}

/* The stride for short runs is a prime, different for each fault, so that runs differ. */
static unsigned stride_of(unsigned prime)
{
	const char *text = getenv("LONG");
	return text && *text ? 1 : prime;
}

static void killed_before(void **state)
{
	(void)state;
	run_points("kill", stride_of(19), true, false);
}

static void killed_after(void **state)
{
	(void)state;
	run_points("after", stride_of(23), false, false);
}

static void torn(void **state)
{
	(void)state;
	run_points("torn", stride_of(29), true, false);
}

static void disk_full(void **state)
{
	(void)state;
	run_points("ENOSPC", stride_of(23), true, true);
}

static void device_errors(void **state)
{
	(void)state;
	run_points("EIO", stride_of(23), false, true);
}

/* ---- errors that stay ------------------------------------------------------------------------ */

/* Full from the Nth write on: no commit half visible, readers served, resumes when freed. */
static void full_for_good(void **state)
{
	(void)state;
	for (unsigned n = 1; n < 60; n += stride_of(13)) {
		char fault[64];
		char *dir = prepared_folder(true);
		struct err err;
		struct store *store;
		snprintf(fault, sizeof(fault), "write:%u+:ENOSPC", n);
		assert_int_equal(send_in_child(dir, fault, false), FAILED);
		if (store_open(dir, STORE_READ, &store, &err) < 0)
			fail_msg("%s: %s", fault, err.text);
		uint32_t counts[EVENTS];
		uint64_t rows;
		if (lake_read(store, counts, EVENTS, &rows, &err) < 0)
			fail_msg("%s: %s", fault, err.text);
		assert_true(rows >= FIRST);
		store_close(store);
		assert_recovered(dir, true, fault);
		test_remove(dir);
	}
}

/* After a failed fsync the store takes no more, and says what to do. */
static void fsync_failure_poisons(void **state)
{
	(void)state;
	unsigned poisoned = 0;
	for (unsigned n = 1; n < 12; n++) {
		char fault[64];
		char *dir = prepared_folder(true);
		struct err err = {0}, again = {0};
		struct store *store;
		struct lake_send plan = {.source = "files",
			.container = "node-a/log",
			.kind = CONTAINER_DISJOINT,
			.n = EVENTS,
			.per_batch = EVENTS,
			.batches = 1};
		assert_int_equal(store_open(dir, STORE_WRITE, &store, &err), 0);
		snprintf(fault, sizeof(fault), "fsync:%u:EIO", n);
		assert_int_equal(io_fault(fault, &err), 0);
		int rc = lake_send(store, &plan, &err);
		assert_int_equal(io_fault(NULL, NULL), 0);
		if (rc < 0) {
			poisoned++;
			assert_int_equal(lake_send(store, &plan, &again), -1);
			if (!strstr(again.text, "start pugmark again"))
				fail_msg("%s: %s", fault, again.text);
		}
		store_close(store);
		assert_recovered(dir, true, fault);
		test_remove(dir);
	}
	assert_true(poisoned > 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(killed_before),
		cmocka_unit_test(killed_after),
		cmocka_unit_test(torn),
		cmocka_unit_test(disk_full),
		cmocka_unit_test(device_errors),
		cmocka_unit_test(full_for_good),
		cmocka_unit_test(fsync_failure_poisons),
	};
	/* It is the process that dies here, not the machine: a folder in memory tests the same. */
	if (access("/dev/shm", W_OK) == 0)
		setenv("TMPDIR", "/dev/shm", 0);
	return cmocka_run_group_tests_name("crash", tests, NULL, NULL);
}
