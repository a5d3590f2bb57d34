/* SPDX-License-Identifier: Apache-2.0 */
/* change_test.c: logs that are truncated, replaced, copied and deleted, while one follows them and while
 * nobody does: the bucket must hold what stood in them, and what is lost must be counted. */
#include <stdlib.h>
#include <sys/stat.h>

#include "ship/test_ship.h"

#define A "20240924.00000.audit.log"
#define B "20240924.00001.audit.log"
#define C "20240924.00002.audit.log"

static int set_up(void **state)
{
	(void)state;
	world_make();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	world_stop();
	world_remove();
	return 0;
}

/* --- Other contents --------------------------------------------------------------------------------- */

static void truncate_to(const char *name, off_t size)
{
	assert_int_equal(truncate(at(name), size), 0);
}

static void logs_begin_anew(void **state)
{
	(void)state;
	log_append(A, "one\ntwo\n");
	world_start();
	ship();
	truncate_to(A, 0);
	log_append(A, "uno\n1\n");
	ship();
	assert_log(A, "one", "one\ntwo\n");
	assert_log(A, "uno", "uno\n1\n");
	assert_lost(0, 0); /* all that was seen of it was uploaded */
	/* The same first line: other keys all the same. */
	for (int n = 2; n < 4; n++) {
		char name[60], text[60];
		truncate_to(A, 0);
		snprintf(text, sizeof(text), "uno\n%d\n", n);
		log_append(A, text);
		n == 2 ? ship() : (restart(), ship());
		snprintf(name, sizeof(name), A "~%d", n);
		assert_log(name, "uno", text);
	}
	assert_log(A, "uno", "uno\n1\n");
	assert_lost(0, 0);
}

/* What is far from the offset counts too, where it is the first line. */
static void first_lines_change_in_place(void **state)
{
	char text[3 * SHIP_TAIL_BYTES];
	(void)state;
	memset(text, 'x', sizeof(text));
	memcpy(text, "one\n", 4);
	memcpy(text + sizeof(text) - 2, "\n", 2);
	log_append(A, text);
	world_start();
	ship();
	world_stop();
	write_bytes_at(at(A), 0, "uno\n", 4);
	world_start();
	ship();
	assert_log(A, "one", text);
	memcpy(text, "uno\n", 4);
	assert_log(A, "uno", text);
}

/* Longer than before, or as long: only the content tells. */
static void contents_change_in_place(void **state)
{
	(void)state;
	log_append(A, "one\ntwo\n");
	world_start();
	ship();
	truncate_to(A, 0);
	log_append(A, "one\nTWO\nthree\n");
	ship();
	assert_log(A "~2", "one", "one\nTWO\nthree\n");
	usleep(20000); /* another time of change */
	truncate_to(A, 0);
	log_append(A, "one\nTWO\nTHREE\n");
	ship();
	assert_log(A "~3", "one", "one\nTWO\nTHREE\n");
	assert_log(A, "one", "one\ntwo\n");
	/* While nobody looks. */
	world_stop();
	truncate_to(A, 0);
	log_append(A, "ONE\nTWO\nTHREE\nFOUR\n");
	world_start();
	ship();
	assert_log(A, "ONE", "ONE\nTWO\nTHREE\nFOUR\n");
}

static void a_new_file_takes_a_name(void **state)
{
	(void)state;
	log_append(A, "one\n");
	world_start();
	ship();
	log_append("new", "uno\n");
	assert_int_equal(rename(at("new"), at(A)), 0);
	ship();
	assert_log(A, "one", "one\n");
	assert_log(A, "uno", "uno\n");
	assert_lost(0, 0);
	/* With a first line that was there before, when the old one is still known. */
	log_append("new", "uno\ndos\n");
	truncate_to("new", 0);
	log_append("new", "uno\nDOS\n");
	w.refuse = SEND_LATER;
	log_append(A, "tres\n");
	ship();
	assert_int_equal(rename(at("new"), at(A)), 0);
	ship();
	w.refuse = SEND_DONE;
	ship();
	assert_log(A, "uno", "uno\ntres\n");
	assert_log(A "~2", "uno", "uno\nDOS\n");
	assert_lost(0, 0);
}

/* Restored from a backup, edited by a tool that writes anew, on a disk with another number. */
static void a_copy_goes_on(void **state)
{
	(void)state;
	log_append(A, "one\ntwo\n");
	log_append(B, "uno\n");
	world_start();
	ship();
	for (int running = 0; running < 2; running++) {
		if (!running)
			world_stop();
		const char *before = running ? "one\ntwo\n0\n" : "one\ntwo\n";
		log_append("copy", before);
		log_append("copy", running ? "1\n" : "0\n");
		assert_int_equal(rename(at("copy"), at(A)), 0);
		if (!running)
			world_start();
		ship();
		assert_int_equal(w.puts, running ? 2 : 1);
	}
	assert_log(A, "one", "one\ntwo\n0\n1\n");
	assert_lost(0, 0);
}

static void what_is_cut_off_is_counted(void **state)
{
	(void)state;
	log_append(A, "one\n");
	world_start();
	ship();
	w.refuse = SEND_LATER;
	log_append(A, "two\nthree\n");
	ship();
	truncate_to(A, 8); /* in the part that was not uploaded */
	ship();
	assert_lost(1, 6);
	truncate_to(A, 0); /* and all of it */
	log_append(A, "uno\n");
	ship();
	assert_lost(2, 10);
	truncate_to(A, 0); /* of a log of which nothing was uploaded yet */
	log_append(A, "x\n");
	ship();
	w.refuse = SEND_DONE;
	ship();
	assert_lost(3, 14);
	assert_log(A, "one", "one\n");
	assert_log(A, "x", "x\n");
}

/* --- Logs that go ----------------------------------------------------------------------------------- */

static void deleted_logs_are_read_to_their_end(void **state)
{
	(void)state;
	w.refuse = SEND_LATER;
	log_append(A, "one\ntail");
	log_append(B, "uno\n");
	world_start();
	ship();
	assert_int_equal(unlink(at(A)), 0);
	ship();
	w.refuse = SEND_DONE;
	ship();
	assert_log(A, "one", "one\ntail");
	assert_log(B, "uno", "uno\n");
	ship();
	assert_lost(0, 0);
	assert_int_equal(w.s.follow.count, 1); /* and forgotten */
	restart();
	ship();
	assert_lost(0, 0);
	assert_int_equal(w.puts, 0);
}

/* The server may have it open and write to it. */
static void deleted_logs_may_grow(void **state)
{
	(void)state;
	w.shift_us = -100 * SHIP_SECOND;
	log_append(A, "one\n");
	log_append(B, "uno\n");
	world_start();
	world_turn(0);
	int fd = open(at(A), O_WRONLY | O_APPEND);
	assert_int_equal(unlink(at(A)), 0);
	for (int i = 0; i < 5; i++) {
		assert_int_equal(write(fd, "x\n", 2), 2);
		world_turn(11);
	}
	close(fd);
	world_turn(11);
	assert_log(A, "one", "one\nx\nx\nx\nx\nx\n");
	ship();
	ship();
	assert_int_equal(w.s.follow.count, 1);
	assert_lost(0, 0);
}

static void a_log_that_went_unseen_is_lost(void **state)
{
	(void)state;
	log_append(A, "one\n");
	log_append(B, "uno\n");
	log_append(C, "");
	world_start();
	ship(); /* both are whole */
	log_append(C, "eins\n");
	ship();
	world_stop();
	log_append(B, "dos\n");
	unlink(at(A));
	unlink(at(B)); /* what came last to it nobody saw; it was whole as far as anybody knows */
	unlink(at(C)); /* it was the newest */
	log_append("20240924.00003.audit.log", "I\n");
	world_start();
	ship();
	assert_lost(1, 0);
	ship();
	restart();
	ship();
	assert_lost(0, 0); /* it is said once */
	/* One of which nothing could be uploaded, but that was seen. */
	w.refuse = SEND_LATER;
	log_append("20240924.00004.audit.log", "i\n");
	ship();
	world_stop();
	unlink(at("20240924.00004.audit.log"));
	w.refuse = SEND_DONE;
	world_start();
	ship();
	assert_lost(1, 0);
}

static void held_logs_take_no_space_without_end(void **state)
{
	enum { MANY = 4 };
	static const char *const names[MANY] = {A, B, C, "20240925.00000.audit.log"};
	uint64_t size = LIMIT_SHIP_HELD / 3 + 1; /* four of them are too many */
	(void)state;
	w.refuse = SEND_LATER;
	for (size_t i = 0; i < MANY; i++) {
		char line[2] = {(char)('a' + i), '\n'};
		write_bytes_at(at(names[i]), 0, line, 2);
		truncate_to(names[i], (off_t)size); /* a hole: no disk is filled here */
		log_append(names[i], "\n");
	}
	world_start();
	world_turn(0);
	for (size_t i = 0; i < MANY; i++)
		assert_int_equal(unlink(at(names[i])), 0);
	world_turn(1);
	world_turn(1);
	world_turn(1);
	assert_lost(2, 2 * (size + 1));
	assert_int_equal(w.s.follow.count, 2);
}

static void a_look_that_misses_a_log_takes_nothing(void **state)
{
	(void)state;
	w.refuse = SEND_LATER;
	log_append(A, "one\n");
	log_append(B, "uno\n");
	world_start();
	ship();
	assert_int_equal(rename(at(A), at("x")), 0);
	world_turn(1);
	assert_int_equal(rename(at("x"), at(A)), 0);
	world_turn(1);
	w.refuse = SEND_DONE;
	ship();
	assert_log(A, "one", "one\n");
	assert_lost(0, 0);
	/* Away for longer: read through what is open, and known again when it is back. */
	assert_int_equal(rename(at(B), at("x")), 0);
	ship();
	assert_int_equal(rename(at("x"), at(B)), 0);
	log_append(B, "dos\n");
	ship();
	assert_log(B, "uno", "uno\ndos\n");
	assert_int_equal(w.puts, 3);
	assert_lost(0, 0);
	/* One that is whole, and not open any more. */
	log_append(C, "eins\n");
	ship();
	unsigned puts = w.puts;
	assert_int_equal(rename(at(A), at("x")), 0);
	world_turn(1);
	assert_int_equal(rename(at("x"), at(A)), 0);
	ship();
	assert_int_equal(w.puts, puts);
}

static void the_folder_vanishes_and_comes_back(void **state)
{
	struct err err;
	char other[700];
	(void)state;
	log_append(A, "one\n");
	world_start();
	ship();
	snprintf(other, sizeof(other), "%s/elsewhere", w.folder);
	assert_int_equal(rename(w.logs, other), 0);
	struct ship_time now = world_now();
	assert_int_equal(follow_scan(&w.s.follow, &now, &err), -1);
	assert_int_equal(follow_scan(&w.s.follow, &now, &err), -1);
	assert_int_equal(rename(other, w.logs), 0);
	log_append(A, "two\n");
	ship();
	assert_log(A, "one", "one\ntwo\n");
	assert_lost(0, 0);
}

static void a_log_that_cannot_be_read_holds_up_no_other(void **state)
{
	(void)state;
	log_append(A, "one\n");
	log_append(B, "uno\n");
	world_start();
	assert_int_equal(io_fault("open:1+:EACCES", &w.err), 0);
	world_turn(0);
	io_fault(NULL, NULL);
	assert_int_equal(w.puts, 0);
	assert_int_equal(io_fault("read:1:EIO", &w.err), 0);
	world_turn(61);
	io_fault(NULL, NULL);
	assert_log(B, "uno", "uno\n");
	assert_int_equal(w.puts, 1);
	world_turn(61);
	assert_log(A, "one", "one\n");
	assert_lost(0, 0);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(logs_begin_anew),
		TEST(first_lines_change_in_place),
		TEST(contents_change_in_place),
		TEST(a_new_file_takes_a_name),
		TEST(a_copy_goes_on),
		TEST(what_is_cut_off_is_counted),
		TEST(deleted_logs_are_read_to_their_end),
		TEST(deleted_logs_may_grow),
		TEST(a_log_that_went_unseen_is_lost),
		TEST(held_logs_take_no_space_without_end),
		TEST(a_look_that_misses_a_log_takes_nothing),
		TEST(the_folder_vanishes_and_comes_back),
		TEST(a_log_that_cannot_be_read_holds_up_no_other),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
