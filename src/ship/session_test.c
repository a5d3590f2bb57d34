/* SPDX-License-Identifier: Apache-2.0 */
/*
 * session_test.c: a shipper is killed, or fails, at the nth operation on any file, a bucket refuses, the
 * disk is full, and random histories run: in the end the bucket holds every byte that stood in a log, and
 * no two objects disagree. LONG=1 takes every point and more histories.
 */
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "ship/test_ship.h"

static int set_up(void **state)
{
	(void)state;
	world_make();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	world_remove();
	return 0;
}

static bool is_long(void)
{
	const char *value = getenv("LONG");
	return value && *value && strcmp(value, "0") != 0;
}

static void assert_held(const char *name, struct slice text, const char *when)
{
	char prefix[400], hex[SIGV4_HEX];
	const char *end = text.len ? memchr(text.ptr, '\n', text.len) : NULL;
	struct slice first = {text.ptr, end ? (size_t)(end - text.ptr) : text.len};
	struct buf held;
	snprintf(prefix, sizeof(prefix), "p!the-host!%s!%.8s!", name, sigv4_hash(first, hex));
	buf_init(&held, SIZE_MAX);
	bucket_read(prefix, &held);
	if (!slice_eq(buf_view(&held), text))
		fail_msg("%s: %s: %zu bytes are there, of %zu", when, name, held.len, text.len);
	buf_fini(&held);
}

/* --- Stops and failures at every operation ------------------------------------------------------------ */

enum { LOGS = 3, LINES = 12 };

static const char *log_name(int n)
{
	static char names[4][60];
	static unsigned turn;
	char *name = names[turn++ % 4];
	snprintf(name, sizeof(names[0]), "20240924.%05d.audit.log", n);
	return name;
}

/* A server writes, in lines and in parts of lines, and begins new logs; a shipper follows. */
static void work(void)
{
	char text[60];
	world_start();
	for (int i = 0; i < LINES; i++) {
		snprintf(text, sizeof(text), "log %d line %d\npart of", i * LOGS / LINES, i);
		log_append(log_name(i * LOGS / LINES), text);
		w.shift_us += 11 * SHIP_SECOND;
		struct ship_time now = world_now();
		struct err err;
		if (follow_scan(&w.s.follow, &now, &err) == 0)
			(void)session_round(&w.s, PLAN_DUE, &now, &err);
		(void)session_save(&w.s, &err);
	}
	world_stop();
}

static int work_in_child(const char *fault)
{
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		struct err err;
		if (io_fault(fault, &err) < 0)
			_exit(99);
		work();
		_exit(0);
	}
	int status;
	assert_int_equal(waitpid(child, &status, 0), child);
	return status;
}

/* A shipper that nothing stops goes on where the last one ended, until all is uploaded. */
static void finish(const char *when)
{
	log_append("99999999.00000.audit.log", "the end\n");
	world_start();
	for (int i = 0; i < 6; i++)
		world_turn(61);
	if (w.s.follow.lost_logs)
		fail_msg("%s: %d logs are said to be lost", when, (int)w.s.follow.lost_logs);
	world_stop();
	for (int n = 0; n < LOGS; n++) {
		char *text;
		size_t size;
		struct err err;
		if (io_read_file(world_path(w.logs, log_name(n)), 1 << 20, &text, &size, &err) < 0)
			continue; /* it did not come to that */
		assert_held(log_name(n), (struct slice){text, size}, when);
		free(text);
	}
}

static void run_points(const char *kind, const char *what, unsigned step)
{
	for (unsigned n = 1;; n += is_long() ? 1 : step) {
		char fault[60];
		snprintf(fault, sizeof(fault), "%s:%u:%s", kind, n, what);
		world_make();
		int status = work_in_child(fault);
		finish(fault);
		world_remove();
		if (status == 0) {
			if (n < 20)
				fail_msg("%s: only %u points", fault, n);
			return;
		}
		assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	}
}

static void a_kill_at_any_operation_loses_nothing(void **state)
{
	(void)state;
	world_remove();
	run_points("any", "kill", 7);
	run_points("change", "after", 3);
	run_points("change", "torn", 3);
	world_make();
}

/* Errors do not end a shipper: each is got over, whatever it hits, once the start has succeeded. */
static void an_error_at_any_operation_loses_nothing(void **state)
{
	static const char *const errors[] = {"EIO", "ENOSPC", "EACCES", "EMFILE"};
	(void)state;
	world_remove();
	world_make();
	assert_int_equal(io_fault("any:1000000:EIO", NULL), 0);
	work();
	unsigned all = (unsigned)io_count();
	world_remove();
	world_make();
	assert_int_equal(io_fault("any:1000000:EIO", NULL), 0);
	world_start();
	unsigned start = (unsigned)io_count();
	world_stop();
	world_remove();
	assert_true(all > start + 100);
	for (unsigned n = start + 1; n <= all; n += is_long() ? 1 : 11) {
		char fault[60];
		snprintf(fault, sizeof(fault), "any:%u:%s", n, errors[n % COUNT(errors)]);
		world_make();
		assert_int_equal(work_in_child(fault), 0);
		finish(fault);
		world_remove();
	}
	world_make();
}

/* --- A bucket that refuses, a disk that is full ---------------------------------------------------------- */

static void a_refusing_bucket_loses_nothing(void **state)
{
	(void)state;
	world_start();
	w.refuse = SEND_LATER;
	for (int i = 0; i < 40; i++) {
		char text[40];
		snprintf(text, sizeof(text), "line %d\n", i);
		log_append(log_name(0), text);
		if (i % 10 == 9)
			w.refuse = w.refuse == SEND_DONE ? SEND_LATER : SEND_DONE;
		assert_int_equal(world_turn(11), w.refuse);
	}
	w.refuse = SEND_DONE;
	world_turn(11);
	world_stop();
	finish("refused");
}

static void a_full_disk_stops_no_upload(void **state)
{
	(void)state;
	world_start();
	assert_int_equal(io_fault("change:1+:ENOSPC", &w.err), 0);
	for (int i = 0; i < 10; i++) {
		log_append(log_name(0), "a line\n");
		world_turn(11);
	}
	assert_int_equal(w.puts, 10); /* each once: what is known in memory counts */
	assert_true(w.s.follow.changed);
	io_fault(NULL, NULL);
	world_turn(11);
	assert_false(w.s.follow.changed);
	world_stop();
	world_start();
	world_turn(11);
	assert_int_equal(w.puts, 0);
	world_stop();
	finish("full");
}

/* Large logs, so that one piece is packed while the other is sent. */
static void large_logs_go_in_pieces(void **state)
{
	size_t size = (size_t)(3 * LIMIT_SHIP_PIECE + 1000);
	char *text = malloc(size);
	(void)state;
	for (size_t i = 0; i < size; i++)
		text[i] = (char)(i % 97 == 96 ? '\n' : 'a' + (int)(i / 97 % 26));
	text[size - 1] = '\n';
	write_bytes_at(world_path(w.logs, log_name(0)), 0, text, size);
	write_bytes_at(world_path(w.logs, log_name(1)), 0, "small\n", 6);
	world_start();
	w.refuse = SEND_LATER;
	assert_int_equal(world_turn(1), SEND_LATER);
	w.refuse = SEND_DONE;
	assert_int_equal(world_turn(1), SEND_DONE);
	assert_int_equal(w.puts, 5);
	assert_int_equal(w.s.summary.bytes, size + 6);
	assert_int_equal(w.s.summary.logs, 2);
	world_stop();
	assert_held(log_name(0), (struct slice){text, size}, "large");
	assert_held(log_name(1), SLICE("small\n"), "large");
	free(text);
}

/* More logs than files may be open. */
static void many_logs_need_few_descriptors(void **state)
{
	enum { MANY = LIMIT_SHIP_OPEN + 200 };
	struct rlimit before, few = {LIMIT_SHIP_OPEN + 50, 0};
	(void)state;
	for (int i = 0; i < MANY; i++)
		log_append(log_name(i), "a line\nand more");
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	few.rlim_max = before.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	world_start();
	for (int i = 0; i < 3; i++) {
		assert_int_equal(world_turn(61), SEND_DONE);
		if (i == 1)
			log_append(log_name(MANY - 1), "\n");
	}
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_int_equal(w.s.summary.logs, MANY);
	assert_int_equal(w.puts, MANY + 1);
	world_stop();
}

/* A log that becomes shorter while it is packed harms no other. */
static void a_log_cut_while_it_is_read(void **state)
{
	(void)state;
	log_append(log_name(0), "one\ntwo\n");
	log_append(log_name(1), "uno\n");
	world_start();
	w.shift_us += 11 * SHIP_SECOND;
	struct ship_time now = world_now();
	assert_int_equal(follow_scan(&w.s.follow, &now, &w.err), 0);
	assert_int_equal(truncate(world_path(w.logs, log_name(0)), 2), 0);
	assert_int_equal(session_round(&w.s, PLAN_DUE, &now, &w.err), SEND_DONE);
	assert_int_equal(w.puts, 1);
	log_append(log_name(0), "e\n");
	for (int i = 0; i < 4; i++)
		world_turn(11);
	world_stop();
	assert_held(log_name(0), SLICE("one\n"), "cut");
	assert_held(log_name(1), SLICE("uno\n"), "cut");
}

/* --- Random histories ------------------------------------------------------------------------------------ */

enum { HISTORY_LOGS = 40 };

struct history {
	uint64_t seed;
	struct {
		char born[60], now[60]; /* names; now "" = deleted */
		struct buf text;
	} logs[HISTORY_LOGS];
	int count;
	bool running;
};

static unsigned pick(struct history *h, unsigned below)
{
	h->seed = h->seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (unsigned)(h->seed >> 33) % below;
}

static void begin_log(struct history *h)
{
	if (h->count == HISTORY_LOGS)
		return;
	snprintf(h->logs[h->count].born, sizeof(h->logs[0].born), "%s", log_name(h->count));
	snprintf(h->logs[h->count].now, sizeof(h->logs[0].now), "%s", log_name(h->count));
	buf_init(&h->logs[h->count].text, SIZE_MAX);
	h->count++;
	/* Its first line is its own. */
	char text[60];
	snprintf(text, sizeof(text), "log %d of history %d\n", h->count, (int)(h->seed & 0xffff));
	log_append(h->logs[h->count - 1].now, text);
	buf_puts(&h->logs[h->count - 1].text, text);
}

static void append(struct history *h, int n, const char *text)
{
	log_append(h->logs[n].now, text);
	buf_puts(&h->logs[n].text, text);
}

static void start_or_stop(struct history *h)
{
	h->running ? world_stop() : world_start();
	h->running = !h->running;
}

static void turn(int seconds)
{
	w.shift_us += seconds * SHIP_SECOND;
	struct ship_time now = world_now();
	assert_int_equal(follow_scan(&w.s.follow, &now, &w.err), 0);
	(void)session_round(&w.s, PLAN_DUE, &now, &w.err);
	(void)session_save(&w.s, &w.err);
}

/* Only what a shipper that is at work has seen may go without a loss. */
static void delete_oldest(struct history *h)
{
	for (int i = 0; i + 1 < h->count; i++) {
		if (!h->logs[i].now[0])
			continue;
		turn(1);
		assert_int_equal(unlink(world_path(w.logs, h->logs[i].now)), 0);
		h->logs[i].now[0] = 0;
		/* It stays at work until that log is done with. */
		w.refuse = SEND_DONE;
		for (int k = 0; k < 5; k++)
			turn(21);
		return;
	}
}

static void rename_one(struct history *h)
{
	int n = (int)pick(h, (unsigned)h->count);
	char name[60];
	if (!h->logs[n].now[0])
		return;
	if (h->running)
		turn(1); /* the name by which it is met first is the one that it keeps */
	else
		return;
	snprintf(name, sizeof(name), "20240925.%05d.audit.log", (int)pick(h, 10000));
	assert_int_equal(rename(world_path(w.logs, h->logs[n].now), world_path(w.logs, name)), 0);
	snprintf(h->logs[n].now, sizeof(h->logs[n].now), "%s", name);
}

static void step(struct history *h)
{
	int last = h->count - 1;
	switch (pick(h, 12)) {
	case 0:
		begin_log(h);
		break;
	case 1:
		start_or_stop(h);
		break;
	case 2:
		w.refuse = pick(h, 2) ? SEND_DONE : SEND_LATER;
		break;
	case 3:
		if (h->running)
			delete_oldest(h);
		break;
	case 4:
		rename_one(h);
		break;
	case 5:
	case 6:
	case 7:
		append(h, last, pick(h, 2) ? "a whole line\n" : "a part, ");
		break;
	case 8:
		if (h->logs[pick(h, (unsigned)h->count)].now[0])
			append(h, last, "\n");
		break;
	default:
		if (h->running)
			turn((int)pick(h, 15));
		break;
	}
}

static void run_history(uint64_t seed)
{
	struct history *h = calloc(1, sizeof(*h));
	char when[40];
	snprintf(when, sizeof(when), "history %d", (int)seed);
	h->seed = seed;
	world_make();
	begin_log(h);
	for (int i = 0; i < 150; i++)
		step(h);
	w.refuse = SEND_DONE;
	if (!h->running)
		start_or_stop(h);
	turn(1);
	log_append("99999999.00000.audit.log", "the end\n");
	for (int i = 0; i < 6; i++)
		turn(21);
	if (w.s.follow.lost_logs)
		fail_msg("%s: %d logs are said to be lost", when, (int)w.s.follow.lost_logs);
	start_or_stop(h);
	for (int i = 0; i < h->count; i++) {
		assert_held(h->logs[i].born, buf_view(&h->logs[i].text), when);
		buf_fini(&h->logs[i].text);
	}
	world_remove();
	free(h);
}

static void random_histories(void **state)
{
	(void)state;
	world_remove();
	for (uint64_t seed = 1; seed <= (is_long() ? 3000 : 60); seed++)
		run_history(seed);
	world_make();
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_kill_at_any_operation_loses_nothing),
		TEST(an_error_at_any_operation_loses_nothing),
		TEST(a_refusing_bucket_loses_nothing),
		TEST(a_full_disk_stops_no_upload),
		TEST(large_logs_go_in_pieces),
		TEST(many_logs_need_few_descriptors),
		TEST(a_log_cut_while_it_is_read),
		TEST(random_histories),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
