/* SPDX-License-Identifier: Apache-2.0 */
/* ledger_crash_test.c: a collector is killed, or fails, at the nth change of any file, and goes on from
 * its checkpoint. At every moment: the ledger's sums are the commits' sums, the object is read as far as
 * the checkpoint says, and no window is both settled and unread. LONG=1 takes every n, else every few. */
#include <signal.h>
#include <sys/wait.h>

#include "store/ledger.h"
#include "store/test_lake.h"

enum { EVENTS = 160, PER_WINDOW = 80, PER_SEGMENT = 40, MOST_POINTS = 2000 };

/* A window is read in two segments; the second one ends it. The object's mark goes with each. */
static int read_window(struct store *store, uint32_t first, struct err *err)
{
	uint64_t id;
	struct ledger_counts asked = {.requests = 3, .pages = 2};
	if (ledger_begin(store, "files", LEDGER_SWEEP, NULL, first, first + PER_WINDOW, &id, err) <
			0 ||
		ledger_add(store, id, &asked, err) < 0)
		return -1;
	for (uint32_t at = first; at < first + PER_WINDOW; at += PER_SEGMENT) {
		bool last = at + PER_SEGMENT == first + PER_WINDOW;
		struct object_mark mark = {.key = SLICE("key"),
			.etag = SLICE("etag"),
			.bytes = EVENTS,
			.read_to = at + PER_SEGMENT};
		struct ledger_log log = {
			"node", at ? "20240924.00001.audit.log" : "20240924.00000.audit.log"};
		struct ledger_note note = {.window = id,
			.counts = {.records = PER_SEGMENT},
			.state = last ? LEDGER_SETTLED : LEDGER_OPEN,
			.logs = &log,
			.nlogs = 1,
			.objects = &mark,
			.nobjects = 1};
		struct lake_send plan = {.source = "files",
			.container = "node-a/log",
			.kind = CONTAINER_DISJOINT,
			.first = at,
			.n = PER_SEGMENT,
			.per_batch = PER_SEGMENT,
			.batches = 1,
			.ledger = &note};
		if (lake_send(store, &plan, err) < 0)
			return -1;
	}
	return 0;
}

/* As a collector does: windows that were left open are given up, and the one that holds the checkpoint
 * is read (again) from its beginning. */
static int collect(const char *dir, struct err *err)
{
	struct store *store;
	struct buf text;
	uint32_t at = 0;
	if (store_open(dir, STORE_WRITE, &store, err) < 0)
		return -1;
	buf_init(&text, 64);
	int rc = store_checkpoint(store, "files", &text, err);
	if (rc == 1 && buf_push(&text, '\0') == 0)
		at = (uint32_t)strtoul(text.ptr, NULL, 10) / PER_WINDOW * PER_WINDOW;
	if (rc >= 0)
		rc = ledger_abandon(store, "files", NULL, err);
	for (; rc == 0 && at < EVENTS; at += PER_WINDOW)
		rc = read_window(store, at, err);
	buf_fini(&text);
	store_close(store);
	return rc;
}

static int64_t number(struct store *store, const char *sql)
{
	int64_t n = 0;
	struct err err;
	if (catalog_int(store, &n, &err, sql, "") < 0)
		fail_msg("%s", err.text);
	return n;
}

static void assert_sums(const char *dir, const char *when)
{
	struct store *store;
	struct err err;
	struct ledger_counts sums;
	struct object_mark mark = {.key = SLICE("key"), .etag = SLICE("etag"), .bytes = EVENTS};
	/* For writing: a log that a killed writer left is taken in. */
	if (store_open(dir, STORE_WRITE, &store, &err) < 0)
		fail_msg("%s: %s", when, err.text);
	if (ledger_sums(store, "files", &sums, &err) < 0 ||
		objects_find(store, "files", &mark, 1, &err) < 0)
		fail_msg("%s: %s", when, err.text);
	int64_t rows = number(store, "SELECT coalesce(sum(rows), 0) FROM commits");
	int64_t segments = number(store, "SELECT coalesce(sum(rows), 0) FROM segments");
	int64_t copies = number(store, "SELECT coalesce(sum(duplicates), 0) FROM commits");
	int64_t at = number(store, "SELECT CAST(text AS INTEGER) FROM checkpoints");
	int64_t unread = number(store, "SELECT count(*) FROM ledger_windows WHERE state = 1 AND "
				       "records <> to_at - from_at");
	int64_t files = number(store, "SELECT count(*) FROM ledger_files");
	if ((int64_t)sums.stored != rows || rows != segments || (int64_t)sums.duplicates != copies)
		fail_msg("%s: the ledger has %d stored, %d copies; the commits %d (%d), %d", when,
			(int)sums.stored, (int)sums.duplicates, (int)rows, (int)segments,
			(int)copies);
	if ((int64_t)mark.read_to != at || unread != 0 || files != (at > 0) + (at > PER_SEGMENT))
		fail_msg("%s: read to %d, checkpoint %d, %d settled unread, %d files", when,
			(int)mark.read_to, (int)at, (int)unread, (int)files);
	store_close(store);
}

static bool collect_in_child(const char *dir, const char *fault)
{
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		struct err err = {0};
		if (io_fault(fault, &err) < 0)
			_exit(99);
		_exit(collect(dir, &err) < 0 ? 1 : 0);
	}
	int status;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status) ? WTERMSIG(status) == SIGKILL : WEXITSTATUS(status) <= 1);
	return status != 0;
}

static void assert_whole(const char *dir, const char *when)
{
	struct store *store;
	struct err err;
	struct ledger_counts sums;
	if (collect(dir, &err) < 0)
		fail_msg("%s: collecting on: %s", when, err.text);
	assert_sums(dir, when);
	if (store_open(dir, STORE_WRITE, &store, &err) < 0)
		fail_msg("%s: %s", when, err.text);
	lake_assert_exact(store, EVENTS, when);
	assert_int_equal(ledger_sums(store, "files", &sums, &err), 0);
	assert_int_equal(sums.stored, EVENTS);
	if (sums.records != sums.stored + sums.duplicates)
		fail_msg(
			"%s: %d records, %d copies", when, (int)sums.records, (int)sums.duplicates);
	int64_t open = number(store, "SELECT count(*) FROM ledger_windows WHERE state = 0");
	int64_t covered =
		number(store, "SELECT count(DISTINCT from_at) FROM ledger_windows WHERE state = 1");
	if (open != 0 || covered != EVENTS / PER_WINDOW)
		fail_msg("%s: %d windows open, %d settled", when, (int)open, (int)covered);
	store_close(store);
}

static void run_points(const char *what, unsigned prime)
{
	const char *text = getenv("LONG");
	unsigned stride = text && *text ? 1 : prime, hurt = 0;
	for (unsigned n = 1 + (unsigned)strlen(what) % stride; n < MOST_POINTS; n += stride) {
		char *dir = test_folder(), fault[64];
		snprintf(fault, sizeof(fault), "change:%u:%s", n, what);
		bool stopped = collect_in_child(dir, fault);
		hurt += stopped;
		assert_sums(dir, fault);
		assert_whole(dir, fault);
		test_remove(dir);
		if (!stopped && hurt > 0 && n > 300)
			break;
	}
	assert_true(hurt >= 5);
}

static void killed_before(void **state)
{
	(void)state;
	run_points("kill", 17);
}

static void killed_after(void **state)
{
	(void)state;
	run_points("after", 19);
}

static void torn(void **state)
{
	(void)state;
	run_points("torn", 23);
}

static void disk_full(void **state)
{
	(void)state;
	run_points("ENOSPC", 23);
}

static void device_errors(void **state)
{
	(void)state;
	run_points("EIO", 29);
}

/* A note that cannot be written takes its segment with it. */
static void no_segment_without_its_note(void **state)
{
	(void)state;
	char *dir = test_folder();
	struct store *store;
	struct err err;
	struct ledger_note note = {.window = 4711};
	struct lake_send plan = {.source = "files",
		.container = "node-a/log",
		.kind = CONTAINER_DISJOINT,
		.n = 10,
		.per_batch = 10,
		.batches = 1,
		.ledger = &note};
	assert_int_equal(store_open(dir, STORE_WRITE, &store, &err), 0);
	assert_int_equal(lake_send(store, &plan, &err), -1);
	assert_non_null(strstr(err.text, "no open window"));
	assert_int_equal(
		ledger_begin(store, "others", LEDGER_SWEEP, NULL, 0, 1, &note.window, &err), 0);
	assert_int_equal(lake_send(store, &plan, &err), -1);
	assert_non_null(strstr(err.text, "is not one of files"));
	lake_assert_exact(store, 0, "refused");
	assert_int_equal(number(store, "SELECT count(*) FROM checkpoints"), 0);
	store_close(store);
	test_remove(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(killed_before),
		cmocka_unit_test(killed_after),
		cmocka_unit_test(torn),
		cmocka_unit_test(disk_full),
		cmocka_unit_test(device_errors),
		cmocka_unit_test(no_segment_without_its_note),
	};
	/* It is the process that dies here, not the machine: a folder in memory tests the same. */
	if (access("/dev/shm", W_OK) == 0)
		setenv("TMPDIR", "/dev/shm", 0);
	return cmocka_run_group_tests_name("ledger_crash", tests, NULL, NULL);
}
