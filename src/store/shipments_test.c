/* SPDX-License-Identifier: Apache-2.0 */
/* shipments_test.c: each segment goes in one shipment and no other, whatever ends the process; what is on its way stays as it is through
 * compaction; retention and sending anew withdraw; no number is given out twice. */
#include <sys/wait.h>

#include "store/shipments.h"
#include "store/test_lake.h"
#include "store/test_store.h"

enum { SEGMENTS = 12, PER_SEGMENT = 90, MOST_POINTS = 2000 };
#define ALL INT64_MIN

static void add_segments(struct store *store, uint32_t first, uint32_t n)
{
	struct err err;
	struct lake_send send = {.source = "files",
		.container = "log",
		.kind = CONTAINER_DISJOINT,
		.first = first * PER_SEGMENT,
		.n = n * PER_SEGMENT,
		.per_batch = PER_SEGMENT,
		.batches = 1};
	if (lake_send(store, &send, &err) < 0)
		fail_msg("send: %s", err.text);
}

static void assert_waits(struct store *store, uint64_t segments)
{
	struct shipments_lag lag;
	assert_int_equal(shipments_lag(store, ALL, &lag, NULL), 0);
	assert_int_equal(lag.segments, segments);
	assert_int_equal(lag.oldest != 0, segments != 0);
}

static uint64_t files(struct store *store)
{
	int64_t n = 0;
	assert_int_equal(catalog_int(store, &n, NULL, "SELECT count(*) FROM segments", ""), 1);
	return (uint64_t)n;
}

static void compact(struct store *store)
{
	struct err err;
	uint64_t before, after;
	if (store_compact(store, NULL, 0, NULL, &before, &after, &err) < 0)
		fail_msg("compact: %s", err.text);
}

static void life_of_a_shipment(void **state)
{
	struct arena mem = {0};
	struct shipment one, same;
	char *dir = test_folder();
	struct store *store = test_open(dir, STORE_WRITE);
	(void)state;
	assert_int_equal(shipment_next(store, ALL, &mem, &one, NULL), 0);
	add_segments(store, 0, 3);
	assert_waits(store, 3);
	assert_int_equal(shipment_open(store, &mem, &same, NULL), 0);
	assert_int_equal(shipment_next(store, ALL, &mem, &one, NULL), 1);
	assert_int_equal(one.n, 3);
	assert_int_equal(one.rows, 3 * PER_SEGMENT);
	assert_string_equal(one.table, "test_logs");
	assert_waits(store, 3); /* on its way is not there */
	store_close(store);
	store = test_open(dir, STORE_WRITE);
	assert_int_equal(shipment_open(store, &mem, &same, NULL), 1);
	assert_int_equal(same.id, one.id);
	assert_int_equal(same.made_at, one.made_at);
	assert_int_equal(same.rows, one.rows);
	assert_int_equal(same.n, one.n);
	for (uint32_t i = 0; i < one.n; i++)
		assert_string_equal(same.segments[i].path, one.segments[i].path);
	assert_true(same.min_time == one.min_time && same.max_time == one.max_time);
	assert_int_equal(same.no_time, one.no_time);
	assert_int_equal(shipment_sent(store, one.id, NULL), 1);
	assert_int_equal(shipment_sent(store, one.id, NULL), 0);
	assert_waits(store, 0);
	assert_int_equal(shipment_next(store, ALL, &mem, &one, NULL), 0);
	/* What is older than asked for waits on. */
	add_segments(store, 3, 1);
	assert_int_equal(shipment_next(store, INT64_MAX, &mem, &one, NULL), 0);
	assert_int_equal(shipment_next(store, ALL, &mem, &one, NULL), 1);
	assert_int_equal(one.n, 1);
	assert_true(one.id > same.id);
	store_close(store);
	arena_fini(&mem);
	test_remove(dir);
}

/* Of 4 that were sent, 3 on their way and 5 that wait: 1 + 3 + 1 files, and all stays what it was. */
static void compaction_keeps_them_apart(void **state)
{
	struct arena mem = {0};
	struct shipment sent, open, same, rest;
	char *dir = test_folder();
	struct store *store = test_open(dir, STORE_WRITE);
	(void)state;
	add_segments(store, 0, 4);
	assert_int_equal(shipment_next(store, ALL, &mem, &sent, NULL), 1);
	assert_int_equal(shipment_sent(store, sent.id, NULL), 1);
	add_segments(store, 4, 3);
	assert_int_equal(shipment_next(store, ALL, &mem, &open, NULL), 1);
	add_segments(store, 7, 5);
	compact(store);
	assert_int_equal(files(store), 5);
	lake_assert_exact(store, SEGMENTS * PER_SEGMENT, "compacted");
	assert_int_equal(shipment_open(store, &mem, &same, NULL), 1);
	assert_int_equal(same.n, 3);
	for (uint32_t i = 0; i < 3; i++) {
		assert_string_equal(same.segments[i].path, open.segments[i].path);
		assert_int_equal(access(same.segments[i].path, R_OK), 0);
	}
	assert_int_equal(shipment_sent(store, open.id, NULL), 1);
	assert_int_equal(shipment_next(store, ALL, &mem, &rest, NULL), 1);
	assert_int_equal(rest.n, 1);
	assert_int_equal(rest.rows, 5 * PER_SEGMENT);
	assert_int_equal(shipment_sent(store, rest.id, NULL), 1);
	compact(store); /* all were sent now */
	assert_int_equal(files(store), 1);
	assert_waits(store, 0);
	lake_assert_exact(store, SEGMENTS * PER_SEGMENT, "compacted again");
	store_close(store);
	arena_fini(&mem);
	test_remove(dir);
}

static void withdrawn_is_sent_anew(void **state)
{
	struct arena mem = {0};
	struct shipment one, two;
	struct shipment_withdrawn gone;
	uint64_t last, extra;
	char *dir = test_folder();
	struct store *store = test_open(dir, STORE_WRITE);
	(void)state;
	add_segments(store, 0, 2);
	assert_int_equal(shipment_next(store, ALL, &mem, &one, NULL), 1);
	assert_int_equal(shipments_withdrawn(store, &mem, &gone, NULL), 0);
	assert_int_equal(shipment_withdraw(store, one.id, NULL), 0);
	assert_int_equal(shipment_sent(store, one.id, NULL), 0); /* too late */
	assert_int_equal(shipments_withdrawn(store, &mem, &gone, NULL), 1);
	assert_true(gone.id == one.id && !gone.all);
	assert_int_equal(shipments_forget(store, one.id, NULL), 0);
	assert_int_equal(shipments_withdrawn(store, &mem, &gone, NULL), 0);
	assert_int_equal(shipment_next(store, ALL, &mem, &two, NULL), 1);
	assert_true(two.id > one.id && two.n == 2);
	assert_int_equal(shipment_sent(store, two.id, NULL), 1);
	/* All of it. */
	assert_int_equal(shipments_again(store, NULL, NULL), 0);
	assert_waits(store, 2);
	assert_int_equal(shipments_withdrawn(store, &mem, &gone, NULL), 1);
	assert_true(gone.id > two.id && gone.all);
	assert_string_equal(gone.table, "test_logs");
	assert_int_equal(shipments_forget(store, gone.id, NULL), 0);
	assert_int_equal(shipments_last(store, &last, NULL), 0);
	assert_int_equal(last, gone.id);
	assert_int_equal(shipments_skip(store, last + 100, NULL), 0);
	assert_int_equal(shipments_skip(store, 3, NULL), 0);
	assert_int_equal(shipment_extra(store, "test_logs", &extra, NULL), 0);
	assert_int_equal(extra, last + 101);
	assert_int_equal(shipment_open(store, &mem, &one, NULL), 0);
	assert_int_equal(shipment_next(store, ALL, &mem, &two, NULL), 1);
	assert_true(two.id == extra + 1 && two.n == 2);
	store_close(store);
	arena_fini(&mem);
	test_remove(dir);
}

/* Retention takes rows of what is on its way: that is withdrawn, the rest waits. What was sent stays sent. */
static void retention_withdraws(void **state)
{
	struct arena mem = {0};
	struct shipment sent, open;
	struct shipment_withdrawn gone;
	struct err err;
	uint64_t dropped;
	char *dir = test_folder();
	struct store *store = test_open(dir, STORE_WRITE);
	(void)state;
	add_segments(store, 0, 2);
	assert_int_equal(shipment_next(store, ALL, &mem, &sent, NULL), 1);
	assert_int_equal(shipment_sent(store, sent.id, NULL), 1);
	add_segments(store, 2, 2);
	assert_int_equal(shipment_next(store, ALL, &mem, &open, NULL), 1);
	if (store_retain(store, "test_logs", 1, NULL, &dropped, &err) < 0)
		fail_msg("retain: %s", err.text);
	assert_true(dropped > 0);
	assert_int_equal(shipment_sent(store, open.id, NULL), 0);
	assert_int_equal(shipments_withdrawn(store, &mem, &gone, NULL), 1);
	assert_true(gone.id == open.id && !gone.all);
	int64_t left = 0, sent_left = 0;
	assert_int_equal(catalog_int(store, &sent_left, NULL,
				 "SELECT count(*) FROM cluster_segments WHERE shipment_id = 0", ""),
		1);
	assert_int_equal(catalog_int(store, &left, NULL, "SELECT count(*) FROM segments", ""), 1);
	assert_waits(store, (uint64_t)(left - sent_left));
	store_close(store);
	arena_fini(&mem);
	test_remove(dir);
}

/* ---- ended at any moment --------------------------------------------------------------------- */

/* The cluster: a file with a line for each shipment that reached it. */
static int deliver(const char *log, const struct shipment *shipment)
{
	char line[400];
	int n = snprintf(line, sizeof(line), "%llu", (unsigned long long)shipment->id);
	for (uint32_t i = 0; i < shipment->n; i++)
		n += snprintf(line + n, sizeof(line) - (size_t)n, " %lld",
			(long long)shipment->segments[i].id);
	line[n++] = '\n';
	FILE *file = fopen(log, "a");
	size_t done = fwrite(line, 1, (size_t)n, file);
	return fclose(file) == 0 && done == (size_t)n ? 0 : -1;
}

static int ship_all(const char *dir, const char *log, struct err *err)
{
	struct arena mem = {0};
	struct store *store;
	struct shipment one;
	if (store_open(dir, STORE_WRITE, &store, err) < 0)
		return -1;
	int rc = 1;
	while (rc == 1) {
		rc = shipment_open(store, &mem, &one, err);
		if (rc == 0)
			rc = shipment_next(store, ALL, &mem, &one, err);
		if (rc == 1 && deliver(log, &one) < 0)
			rc = -1;
		if (rc == 1)
			rc = shipment_sent(store, one.id, err);
	}
	store_close(store);
	arena_fini(&mem);
	return rc;
}

/* Each segment under one number, each number with the same segments. */
static void assert_once(const char *log, uint32_t segments, const char *when)
{
	char line[400], lines[64][400] = {{0}};
	uint32_t n = 0, seen = 0;
	FILE *file = fopen(log, "r");
	while (fgets(line, sizeof(line), file)) {
		bool known = false;
		for (uint32_t i = 0; i < n; i++)
			known |= strcmp(lines[i], line) == 0;
		if (known)
			continue;
		for (const char *p = line; *p; p++)
			seen += *p == ' ';
		for (uint32_t i = 0; i < n; i++)
			if (strtoull(lines[i], NULL, 10) == strtoull(line, NULL, 10))
				fail_msg("%s: one number, two shipments: %s", when, line);
		snprintf(lines[n++], sizeof(line), "%s", line);
	}
	(void)fclose(file);
	if (seen != segments)
		fail_msg("%s: %u segments were sent, not %u", when, seen, segments);
}

static void ended_at_any_moment(void **state)
{
	static const char *const how[] = {"kill", "after", "EIO", "ENOSPC"};
	unsigned stride = getenv("LONG") ? 1 : 3;
	(void)state;
	for (size_t h = 0; h < COUNT(how); h++) {
		bool through = false;
		for (unsigned n = 1 + (unsigned)h; n < MOST_POINTS && !through; n += stride) {
			char fault[64], log[700];
			struct err err;
			char *dir = test_folder();
			struct store *store = test_open(dir, STORE_WRITE);
			snprintf(log, sizeof(log), "%s/log", dir);
			snprintf(fault, sizeof(fault), "change:%u:%s", n, how[h]);
			add_segments(store, 0, 4);
			store_close(store);
			pid_t child = fork();
			if (child == 0) {
				io_fault(fault, NULL);
				_exit(ship_all(dir, log, &err) < 0 ? 3 : 0);
			}
			int status;
			assert_int_equal(waitpid(child, &status, 0), child);
			through = WIFEXITED(status) && WEXITSTATUS(status) == 0;
			store = test_open(dir, STORE_WRITE);
			add_segments(store, 4, 2);
			store_close(store);
			if (ship_all(dir, log, &err) < 0)
				fail_msg("%s: %s", fault, err.text);
			store = test_open(dir, STORE_WRITE);
			assert_waits(store, 0);
			int64_t rows = 0;
			assert_int_equal(catalog_int(store, &rows, NULL,
						 "SELECT count(*) FROM cluster_shipments WHERE "
						 "sent_at < 1",
						 ""),
				1);
			assert_int_equal(rows, 0);
			store_close(store);
			assert_once(log, 6, fault);
			test_remove(dir);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(life_of_a_shipment),
		cmocka_unit_test(compaction_keeps_them_apart),
		cmocka_unit_test(withdrawn_is_sent_anew),
		cmocka_unit_test(retention_withdraws),
		cmocka_unit_test(ended_at_any_moment),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
