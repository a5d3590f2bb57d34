/* SPDX-License-Identifier: Apache-2.0 */
/* plan_test.c: where a log is cut, which log goes first, and when. */
#include <stdlib.h>

#include "ship/test_ship.h"

#define A     "20240924.00000.audit.log"
#define B     "20240924.00001.audit.log"
#define C     "20240924.00002.audit.log"
#define PIECE LIMIT_SHIP_PIECE
#define MOST  8

static struct ship_time now;

static int set_up(void **state)
{
	(void)state;
	world_make();
	w.shift_us = -100 * SHIP_SECOND; /* no log is settled by its time of change */
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	world_stop();
	world_remove();
	return 0;
}

/* A log of `size` bytes with line ends before these offsets (0 ends the list), the rest being holes. */
static void make_log(const char *name, uint64_t size, const uint64_t *ends)
{
	const char *path = world_path(w.logs, name);
	write_bytes_at(path, 0, "", 0);
	assert_int_equal(truncate(path, (off_t)size), 0);
	int fd = open(path, O_WRONLY);
	for (; *ends; ends++)
		assert_int_equal(pwrite(fd, "\n", 1, (off_t)(*ends - 1)), 1);
	close(fd);
}

static void scan(int seconds)
{
	w.shift_us += seconds * SHIP_SECOND;
	now = world_now();
	if (follow_scan(&w.s.follow, &now, &w.err) < 0)
		fail_msg("%s", w.err.text);
}

/* "0-5 5-9": the ranges of all logs, in their order, each with the last digit of its log's number. */
static const char *plan(enum plan_mode mode)
{
	static char text[600];
	struct ship_range range;
	size_t n = 0;
	text[0] = 0;
	while (plan_next(&w.s.follow, mode, &now, &range) > 0 && n < sizeof(text) - 60)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%c:%llu-%llu", n ? " " : "",
			range.log->shown[13], (unsigned long long)range.from,
			(unsigned long long)range.to);
	return text;
}

static void logs_are_cut_at_line_ends(void **state)
{
	static const struct {
		uint64_t size, ends[MOST];
		bool settled;
		uint64_t ranges[MOST]; /* their ends */
	} rows[] = {
		{10, {5, 10}, false, {10}},
		{10, {5, 9}, false, {9}},
		{10, {0}, false, {0}},
		{10, {5, 9}, true, {10}},
		{10, {0}, true, {10}},
		{PIECE, {PIECE}, false, {PIECE}},
		{PIECE + 1, {1, PIECE + 1}, false, {1, PIECE + 1}},
		{PIECE + 1, {1, PIECE}, false, {PIECE}},
		{2 * PIECE, {100, PIECE - 7, PIECE + 3, 2 * PIECE}, false,
			{PIECE - 7, PIECE + 3, 2 * PIECE}},
		/* A line longer than a piece: in pieces as soon as it is that long. */
		{PIECE - 1, {0}, false, {0}},
		{PIECE, {0}, false, {PIECE}},
		{2 * PIECE + 9, {0}, false, {PIECE, 2 * PIECE}},
		{2 * PIECE + 9, {2 * PIECE + 5}, false, {PIECE, 2 * PIECE, 2 * PIECE + 5}},
		{2 * PIECE + 9, {7}, false, {7, PIECE + 7, 2 * PIECE + 7}},
		{2 * PIECE + 9, {7}, true, {7, PIECE + 7, 2 * PIECE + 7, 2 * PIECE + 9}},
	};
	static const uint64_t none[] = {0};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char expected[600] = "";
		uint64_t from = 0;
		make_log(A, rows[i].size, rows[i].ends);
		make_log(B, 0, none);
		world_start();
		scan(0);
		if (rows[i].settled)
			scan(20);
		for (size_t k = 0; k < MOST && rows[i].ranges[k]; from = rows[i].ranges[k++])
			snprintf(expected + strlen(expected), sizeof(expected) - strlen(expected),
				"%s0:%llu-%llu", k ? " " : "", (unsigned long long)from,
				(unsigned long long)rows[i].ranges[k]);
		const char *ranges = plan(PLAN_ALL);
		if (strcmp(ranges, expected) != 0)
			fail_msg("row %zu: %s, not %s", i, ranges, expected);
		world_stop();
		assert_int_equal(unlink(world_path(w.logs, A)), 0);
	}
	world_start();
}

/* As if all that was planned had been uploaded. */
static void uploaded(void)
{
	for (size_t i = 0; i < w.s.follow.count; i++) {
		struct ship_log *log = w.s.follow.logs[i];
		if (log->planned > log->is.offset)
			assert_int_equal(follow_shipped(&w.s.follow, log, log->planned, &w.err), 0);
	}
}

static void what_is_due_takes_what_is_older_along(void **state)
{
	(void)state;
	log_append(A, "a\n");
	log_append(B, "b\n");
	log_append(C, "c\n");
	world_start();
	scan(0);
	assert_string_equal(plan(PLAN_DUE), "0:0-2 1:0-2 2:0-2");
	uploaded();
	scan(5);
	log_append(B, "b\n"); /* due in 10 */
	scan(5);
	log_append(A, "a\n"); /* due in 15 */
	log_append(C, "c\n");
	scan(3);
	assert_string_equal(plan(PLAN_DUE), "");
	int64_t wait = plan_due(&w.s.follow, &now) - now.mono_us;
	assert_true(wait > 19 * SHIP_SECOND / 10 && wait <= 2 * SHIP_SECOND);
	scan(2);
	assert_string_equal(plan(PLAN_DUE), "0:2-4 1:2-4"); /* C is newer, and not due */
	uploaded();
	scan(4);
	assert_string_equal(plan(PLAN_DUE), "");
	scan(1);
	assert_string_equal(plan(PLAN_DUE), "2:2-4");
	uploaded();
	scan(100);
	assert_string_equal(plan(PLAN_DUE), "");
	assert_true(plan_due(&w.s.follow, &now) == INT64_MAX);
}

static void whole_pieces_do_not_wait(void **state)
{
	static const uint64_t ends[] = {2, PIECE + 1, PIECE + 100, 0};
	(void)state;
	log_append(A, "a\n");
	log_append(B, "\n\n");
	world_start();
	scan(0);
	plan(PLAN_DUE);
	uploaded();
	log_append(A, "b\n");
	make_log(B, PIECE + 100, ends);
	scan(1);
	/* The older log first; then the piece; what is behind it waits for its time. */
	assert_string_equal(plan(PLAN_DUE), "0:2-4 1:2-16777217");
	uploaded();
	scan(9);
	assert_string_equal(plan(PLAN_DUE), "");
	scan(1);
	assert_string_equal(plan(PLAN_DUE), "1:16777217-16777316");
}

static void plans_are_dropped(void **state)
{
	(void)state;
	log_append(A, "a\n");
	world_start();
	scan(0);
	assert_string_equal(plan(PLAN_DUE), "0:0-2");
	assert_string_equal(plan(PLAN_DUE), "");
	follow_replan(&w.s.follow);
	assert_string_equal(plan(PLAN_DUE), "0:0-2");
}

/* What changes between the look and the reading is left to the next look. */
static void changes_are_noticed_before_reading(void **state)
{
	(void)state;
	log_append(A, "a\nb\n");
	world_start();
	scan(0);
	plan(PLAN_DUE);
	uploaded();
	log_append(A, "c\n");
	scan(20);
	write_bytes_at(world_path(w.logs, A), O_TRUNC, "x\ny\nz\n", 6);
	assert_string_equal(plan(PLAN_DUE), "");
	assert_true(w.s.follow.missing);
	scan(0);
	assert_string_equal(plan(PLAN_ALL), "0:0-6");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(logs_are_cut_at_line_ends),
		TEST(what_is_due_takes_what_is_older_along),
		TEST(whole_pieces_do_not_wait),
		TEST(plans_are_dropped),
		TEST(changes_are_noticed_before_reading),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
