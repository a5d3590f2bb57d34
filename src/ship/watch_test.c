/* SPDX-License-Identifier: Apache-2.0 */
/* watch_test.c: a wait ends by a change, by a signal, or by its time, and by nothing else. */
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>

#include "base/test.h"
#include "ship/private.h"

static char *folder;
static struct watch *watch;
static volatile sig_atomic_t stop;
static struct err err;

static int set_up(void **state)
{
	(void)state;
	folder = test_folder();
	watch = watch_open();
	watch_folder(watch, folder);
	stop = 0;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	watch_close(watch);
	test_remove(folder);
	return 0;
}

/* Milliseconds that a wait of at most one second took. */
static int64_t wait_ms(bool listen)
{
	int64_t began = clock_mono_us();
	watch_wait(watch, began + SHIP_SECOND, listen, &stop);
	return (clock_mono_us() - began) / 1000;
}

static void touch(const char *where, const char *name)
{
	char path[700];
	snprintf(path, sizeof(path), "%s/%s", where, name);
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);
	assert_true(fd >= 0 && write(fd, "x", 1) == 1);
	close(fd);
}

static void waits_end_in_time(void **state)
{
	(void)state;
	int64_t ms = wait_ms(true);
	assert_true(ms >= 999 && ms < 1500);
	watch_wait(watch, 0, true, &stop); /* a time that has passed */
}

static void changes_end_a_wait(void **state)
{
	(void)state;
	touch(folder, "f"); /* also one that came before it began */
	assert_true(wait_ms(true) < 500);
	touch(folder, "f");
	assert_true(wait_ms(false) >= 999); /* unless it does not listen */
	assert_true(wait_ms(true) >= 999);  /* and then it is over */
	pid_t child = fork();
	if (child == 0) {
		usleep(100000);
		touch(folder, "f");
		_exit(0);
	}
	int64_t ms = wait_ms(true);
	assert_true(ms >= 90 && ms < 800);
	waitpid(child, NULL, 0);
}

static void another_folder_of_the_same_name_is_watched(void **state)
{
	char logs[700], moved[700];
	(void)state;
	snprintf(logs, sizeof(logs), "%s/logs", folder);
	snprintf(moved, sizeof(moved), "%s/moved", folder);
	watch_folder(watch, logs); /* it is not there */
	assert_int_equal(io_mkdirs(logs, &err), 0);
	watch_folder(watch, logs);
	touch(logs, "f");
	assert_true(wait_ms(true) < 500);
	assert_int_equal(rename(logs, moved), 0);
	assert_int_equal(io_mkdirs(logs, &err), 0);
	watch_folder(watch, logs);
	touch(logs, "f");
	assert_true(wait_ms(true) < 500);
	touch(moved, "f");
	assert_true(wait_ms(true) >= 999);
}

static void on_signal(int number)
{
	(void)number;
	stop = 1;
}

static void signals_end_a_wait(void **state)
{
	struct sigaction action = {.sa_handler = on_signal};
	(void)state;
	sigaction(SIGTERM, &action, NULL);
	pid_t self = getpid(), child = fork();
	if (child == 0) {
		usleep(100000);
		kill(self, SIGTERM);
		_exit(0);
	}
	assert_true(wait_ms(true) < 800);
	waitpid(child, NULL, 0);
	assert_int_equal(stop, 1);
	assert_true(wait_ms(true) < 500); /* it is over already */
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(waits_end_in_time),
		TEST(changes_end_a_wait),
		TEST(another_folder_of_the_same_name_is_watched),
		TEST(signals_end_a_wait),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
