/* SPDX-License-Identifier: Apache-2.0 */
/* alerts_crash_test.c: the detector is killed, or fails, at every change of a file while it hands alerts over: all of it is
 * there afterwards (alerts, aliases, notices, what is pending) or nothing, and handing it over again ends it. */
#include <signal.h>
#include <sys/wait.h>

#include "store/test_alerts.h"

static int change(const char *in, struct err *err)
{
	struct store *s;
	struct test_cell cell;
	const uint64_t done = 77;
	if (store_open(in, STORE_WRITE, &s, err) < 0)
		return -1;
	test_cell(&cell, "rule-1", TEST_DAY);
	test_alert(&cell, 1, 9, 1, 4);
	test_alert(&cell, 1, 50, 1, 30);
	int rc = alerts_replace(s, &cell.cell, 1, &done, 1, false, NULL, err);
	arena_fini(&cell.mem);
	store_close(s);
	return rc;
}

static int64_t number(struct store *s, const char *sql)
{
	int64_t n = 0;
	struct err err;
	if (catalog_int(s, &n, &err, sql, "") < 0)
		fail_msg("%s", err.text);
	return n;
}

/* All of the change or nothing of it: alerts, aliases, notices, what is pending. True where it is there. */
static bool whole(const char *in, const char *when)
{
	struct store *s = test_open(in, STORE_WRITE);
	int64_t alerts = number(s, "SELECT count(*) FROM alerts"),
		events = number(s, "SELECT coalesce(sum(length(evidence) / 16), 0) FROM alerts"),
		aliases = number(s, "SELECT count(*) FROM alert_aliases"),
		notices = number(s, "SELECT count(*) FROM notices"),
		pending = number(s, "SELECT count(*) FROM detect_pending");
	bool before = alerts == 1 && events == 3 && aliases == 0 && notices == 1 && pending == 1;
	bool after =
		alerts == 2 && events == 4 + 26 && aliases == 1 && notices == 2 && pending == 0;
	if (before == after)
		fail_msg("%s: %d alerts, %d events, %d aliases, %d notices, %d pending", when,
			(int)alerts, (int)events, (int)aliases, (int)notices, (int)pending);
	store_close(s);
	return after;
}

static void run_points(const char *what)
{
	unsigned hurt = 0;
	for (unsigned n = 1; n < 200; n++) {
		char *in = test_folder(), fault[64];
		struct store *s = test_open(in, STORE_WRITE);
		struct err err = {0};
		test_put_notifier(s, "all", 0, NULL);
		test_one(s, 1, 10, 1, 3);
		assert_int_equal(catalog_table_id(s, "test_logs", true, &(int64_t){0}, &err), 1);
		assert_int_equal(catalog_run(s, &err,
					 "INSERT INTO detect_pending VALUES(77, 1, 0, 1, 0)", ""),
			0);
		store_close(s);
		snprintf(fault, sizeof(fault), "change:%u:%s", n, what);
		pid_t child = fork();
		assert_true(child >= 0);
		if (child == 0) {
			if (io_fault(fault, &err) < 0)
				_exit(99);
			_exit(change(in, &err) < 0 ? 1 : 0);
		}
		int status;
		assert_int_equal(waitpid(child, &status, 0), child);
		hurt += status != 0;
		bool there = whole(in, fault);
		if (status == 0 && !there)
			fail_msg("%s: said to be done, and is not", fault);
		if (!there && change(in, &err) < 0)
			fail_msg("%s: again: %s", fault, err.text);
		assert_true(whole(in, fault));
		test_remove(in);
		if (status == 0)
			break;
	}
	assert_true(hurt >= 3);
}

static void killed(void **state)
{
	(void)state;
	run_points("kill");
	run_points("after");
}

static void torn(void **state)
{
	(void)state;
	run_points("torn");
}

static void disk_full(void **state)
{
	(void)state;
	run_points("ENOSPC");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(killed),
		cmocka_unit_test(torn),
		cmocka_unit_test(disk_full),
	};
	/* It is the process that dies here, not the machine: a folder in memory tests the same. */
	if (access("/dev/shm", W_OK) == 0)
		setenv("TMPDIR", "/dev/shm", 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
