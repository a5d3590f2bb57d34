/* SPDX-License-Identifier: Apache-2.0 */
/* follow_test.c: lines, names, nodes and the state of logs that only grow: the bucket must hold what stands in
 * them. change_test.c has those to which worse things happen. */
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

/* --- Lines and time -------------------------------------------------------------------------------- */

static void whole_lines_go_in_time(void **state)
{
	(void)state;
	log_append(A, "one\ntwo\nthr");
	world_start();
	world_turn(0); /* nobody knows how old they are */
	assert_log(A, "one", "one\ntwo\n");
	log_append(A, "ee\nfour\n");
	world_turn(5);
	world_turn(4);
	assert_log(A, "one", "one\ntwo\n");
	world_turn(1); /* ten seconds after the last look at which they were not there */
	assert_log(A, "one", "one\ntwo\nthree\nfour\n");
	log_append(A, "five\n");
	world_turn(9);
	assert_int_equal(w.puts, 2);
	world_turn(2);
	assert_int_equal(w.puts, 3);
	world_turn(100);
	assert_int_equal(w.puts, 3);
	assert_log(A, "one", "one\ntwo\nthree\nfour\nfive\n");
}

static void the_last_line_goes_when_another_log_follows(void **state)
{
	(void)state;
	log_append(A, "one\ntail");
	world_start();
	ship();
	world_turn(1000);
	assert_log(A, "one", "one\n"); /* it is the newest */
	log_append(B, "");             /* an empty one follows it too */
	restart();
	world_turn(0);
	assert_log(A, "one", "one\ntail");
	log_append(A, " grows\nall the same\n");
	ship();
	assert_log(A, "one", "one\ntail grows\nall the same\n");
	assert_lost(0, 0);
}

static void a_log_that_still_grows_is_waited_for(void **state)
{
	(void)state;
	w.shift_us = -100 * SHIP_SECOND; /* files' times lie in the future: they say nothing */
	log_append(A, "one\ntai");
	log_append(B, "");
	world_start();
	world_turn(0);
	world_turn(19);
	assert_log(A, "one", "one\n");
	log_append(A, "l");
	world_turn(1);
	world_turn(19);
	assert_log(A, "one", "one\n");
	world_turn(1);
	assert_log(A, "one", "one\ntail");
}

/* A first line without an end is not known yet: it could become any log's. */
static void a_log_without_a_line_end_goes_when_it_is_settled(void **state)
{
	static const char line[] = "{\"node\":\"n1\"}";
	(void)state;
	log_append(A, line);
	world_start();
	ship();
	assert_int_equal(w.puts, 0);
	log_append(B, "{\"node\":\"n2\"}\n");
	ship();
	assert_of("n1", A, line, line);
	assert_of("n2", B, "{\"node\":\"n2\"}", "{\"node\":\"n2\"}\n");
	/* What it is called by stays, also where the line goes on. */
	log_append(A, ",\n");
	restart();
	ship();
	assert_of("n1", A, line, "{\"node\":\"n1\"},\n");
	assert_lost(0, 0);
}

static void nodes_are_named(void **state)
{
	static const char line[] = "{\"node\":\"n1\"}";
	(void)state;
	w.options.node = "my node";
	log_append(A, "{\"node\":\"n1\"}\n");
	world_start();
	ship();
	w.options.node = "other"; /* a log keeps the name that it began with */
	log_append(A, "two\n");
	log_append(B, "{}\n");
	restart();
	ship();
	assert_of("my%20node", A, line, "{\"node\":\"n1\"}\ntwo\n");
	assert_of("other", B, "{}", "{}\n");
}

static void odd_bytes_go_as_they_are(void **state)
{
	char *large = malloc(300001);
	(void)state;
	log_append(A, "\n\n\r\n\x01\xff\xfe\n");
	memset(large, '\xff', 300000);
	large[299999] = '\n';
	large[300000] = 0;
	log_append(B, large);
	log_append(C, "");
	world_start();
	ship();
	assert_log(A, "", "\n\n\r\n\x01\xff\xfe\n");
	large[299999] = 0;
	char *first = strdup(large);
	large[299999] = '\n';
	assert_log(B, first, large);
	assert_int_equal(w.puts, 2);
	free(first);
	free(large);
}

/* --- Names ----------------------------------------------------------------------------------------- */

static void names_change(void **state)
{
	(void)state;
	log_append(A, "one\n");
	world_start();
	ship();
	assert_int_equal(rename(at(A), at(C)), 0);
	log_append(C, "two\n");
	log_append(A, "another\n"); /* a new log of the same name */
	ship();
	assert_log(A, "one", "one\ntwo\n");
	assert_log(A, "another", "another\n");
	/* While nobody looks. */
	world_stop();
	log_append(C, "three\n");
	assert_int_equal(rename(at(C), at(B)), 0);
	log_append(B, "four\n");
	world_start();
	ship();
	assert_int_equal(w.puts, 1);
	assert_log(A, "one", "one\ntwo\nthree\nfour\n");
	assert_lost(0, 0);
}

static void names_are_exchanged(void **state)
{
	(void)state;
	log_append(A, "one\n");
	log_append(B, "uno\n");
	world_start();
	ship();
	for (int round = 0; round < 2; round++) {
		assert_int_equal(rename(at(A), at("x")), 0);
		assert_int_equal(rename(at(B), at(A)), 0);
		assert_int_equal(rename(at("x"), at(B)), 0);
		log_append(A, round ? "1" : "dos\n");
		log_append(B, round ? "1" : "two\n");
		ship();
		restart();
	}
	log_append(A, "\n");
	ship();
	assert_log(A, "one", "one\ntwo\n1\n");
	assert_log(B, "uno", "uno\ndos\n");
	assert_lost(0, 0);
}

static void what_is_no_log_is_left_out(void **state)
{
	(void)state;
	log_append("20240924.00000.audit.log.gz", "packed\n");
	log_append("README", "hello\n");
	log_append(A, "one\n");
	assert_int_equal(mkdir(at("folder.audit.log"), 0700), 0);
	assert_int_equal(mkfifo(at("pipe.audit.log"), 0600), 0);
	log_append("secret", "not for the bucket\n");
	assert_int_equal(symlink(at("secret"), at(B)), 0);
	assert_int_equal(link(at(A), at(C)), 0); /* a second name is no second log */
	world_start();
	ship();
	assert_int_equal(w.puts, 1);
	assert_log(A, "one", "one\n");
	assert_int_equal(w.s.follow.others, 3);
	assert_int_equal(w.s.follow.links, 2);
	w.options.all = true;
	restart();
	ship();
	assert_int_equal(w.puts, 3);
	assert_log("README", "hello", "hello\n");
}

/* A file that becomes a link between the look and the opening. */
static void links_are_not_opened(void **state)
{
	struct err err;
	(void)state;
	log_append("secret", "x\n");
	assert_int_equal(symlink(at("secret"), at(A)), 0);
	world_start();
	struct ship_log log = {.fd = -1, .path = strdup(at(A))};
	struct io_info info; /* even where it leads to the very file */
	assert_int_equal(io_stat(at("secret"), &info, &err), 1);
	log.is.device = info.device;
	log.is.inode = info.inode;
	assert_int_equal(match_open(&log, &err), -1);
	assert_int_equal(log.fd, -1);
	free(log.path);
	log.path = strdup(at("secret")); /* and one that is another file */
	log.is.inode++;
	assert_int_equal(match_open(&log, &err), -1);
	assert_int_equal(err.kind, ERR_BUSY);
	assert_int_equal(log.fd, -1);
	free(log.path);
}

/* --- The state --------------------------------------------------------------------------------------- */

static void it_goes_on_where_it_was(void **state)
{
	(void)state;
	log_append(A, "one\ntail");
	world_start();
	ship();
	restart();
	ship();
	assert_int_equal(w.puts, 0);
	log_append(A, "\n");
	ship();
	assert_int_equal(w.puts, 1);
	assert_log(A, "one", "one\ntail\n");
}

static void a_lost_state_repeats_everything(void **state)
{
	(void)state;
	log_append(A, "one\n");
	log_append(B, "uno\n");
	world_start();
	ship();
	world_stop();
	assert_int_equal(unlink(w.state), 0);
	log_append(B, "dos\n");
	world_start();
	ship();
	assert_int_equal(w.puts, 2);
	assert_log(A, "one", "one\n");
	assert_log(B, "uno", "uno\ndos\n"); /* under the same beginning: a reader sees a repeat */
	/* A damaged one as well, and it is kept. */
	world_stop();
	write_bytes_at(w.state, O_APPEND, "x", 1);
	world_start();
	ship();
	assert_int_equal(w.puts, 2);
	char command[700];
	snprintf(command, sizeof(command), "ls '%s'/state/file.damaged-* >/dev/null", w.folder);
	assert_int_equal(system(command), 0);
}

static void another_bucket_gets_everything(void **state)
{
	(void)state;
	log_append(A, "one\n");
	world_start();
	ship();
	free(w.options.prefix);
	w.options.prefix = xstrdup("other");
	restart();
	ship();
	assert_int_equal(w.puts, 1);
	restart();
	ship();
	assert_int_equal(w.puts, 0);
}

static void a_state_of_another_folder_is_refused(void **state)
{
	(void)state;
	log_append(A, "one\n");
	world_start();
	ship();
	world_stop();
	char before[700];
	snprintf(before, sizeof(before), "%s/before", w.folder);
	assert_int_equal(rename(w.logs, before), 0);
	snprintf(w.logs, sizeof(w.logs), "%s/other", w.folder);
	assert_int_equal(mkdir(w.logs, 0700), 0);
	log_append(A, "uno\n");
	world_start();
	struct ship_time now = world_now();
	assert_int_equal(follow_scan(&w.s.follow, &now, &w.err), 0);
	assert_int_equal(session_other_folder(&w.s, &w.err), -1);
	assert_non_null(strstr(w.err.text, "--state"));
	world_stop();
	/* The folder itself at another place is no other one. */
	snprintf(w.logs, sizeof(w.logs), "%s/before", w.folder);
	world_start();
	now = world_now();
	assert_int_equal(follow_scan(&w.s.follow, &now, &w.err), 0);
	assert_int_equal(session_other_folder(&w.s, &w.err), 0);
	ship();
	assert_int_equal(w.puts, 0);
}

/* --- Warnings ---------------------------------------------------------------------------------------- */

static void logs_at_risk_are_named(void **state)
{
	static const struct {
		unsigned keeps;
		size_t uploaded; /* of ten logs, the oldest */
		bool warned;
	} rows[] = {
		{13, 0, false}, /* three more, of thirteen */
		{12, 0, true}, {12, 1, false}, {10, 0, true}, {10, 2, true}, {10, 3, false},
		{5, 5, true},                    /* more files than the server is said to keep */
		{10, 10, false}, {10, 9, false}, /* the newest is never at risk */
	};
	char name[60];
	(void)state;
	for (int i = 0; i < 10; i++) {
		snprintf(name, sizeof(name), "20240924.%05d.audit.log", i);
		log_append(name, name);
		log_append(name, "\n");
	}
	world_start();
	struct ship_time now = world_now();
	assert_int_equal(follow_scan(&w.s.follow, &now, &w.err), 0);
	for (size_t i = 0; i < COUNT(rows); i++) {
		for (size_t k = 0; k < 10; k++)
			w.s.follow.logs[k]->is.offset = k < rows[i].uploaded ? 25 : 0;
		w.s.follow.max_files = rows[i].keeps;
		follow_warn(&w.s.follow, &now);
		CHECK_ROW(i, (w.s.follow.risk_said.len > 0) == rows[i].warned);
		if (rows[i].warned) {
			snprintf(name, sizeof(name), "20240924.%05zu.audit.log", rows[i].uploaded);
			CHECK_ROW(i, memmem(w.s.follow.risk_said.ptr, w.s.follow.risk_said.len,
					     name, strlen(name)));
		}
	}
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(whole_lines_go_in_time),
		TEST(the_last_line_goes_when_another_log_follows),
		TEST(a_log_that_still_grows_is_waited_for),
		TEST(a_log_without_a_line_end_goes_when_it_is_settled),
		TEST(nodes_are_named),
		TEST(odd_bytes_go_as_they_are),
		TEST(names_change),
		TEST(names_are_exchanged),
		TEST(what_is_no_log_is_left_out),
		TEST(links_are_not_opened),
		TEST(it_goes_on_where_it_was),
		TEST(a_lost_state_repeats_everything),
		TEST(another_bucket_gets_everything),
		TEST(a_state_of_another_folder_is_refused),
		TEST(logs_at_risk_are_named),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
