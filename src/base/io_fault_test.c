/* SPDX-License-Identifier: Apache-2.0 */
/* io_fault_test.c: every kind of fault at every operation, in child processes: what is on disk
 * afterwards, and how the process ended. */
#include "base/test.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/arena.h"
#include "base/io.h"

static char *folder;
static struct arena arena;
static struct err err;

static const char *at(const char *name)
{
	return arena_printf(&arena, "%s/%s", folder, name);
}

static int set_up(void **state)
{
	(void)state;
	folder = test_folder();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	io_fault(NULL, NULL);
	test_remove(folder);
	arena_fini(&arena);
	return 0;
}

static int no_name(void *ctx, const char *name, struct err *why)
{
	(void)ctx;
	(void)name;
	(void)why;
	return 0;
}

/* One operation of each kind on prepared files: 0 or -1. */
static int do_op(enum io_op op, int fd)
{
	char byte;
	int opened;
	struct io_info info;
	switch (op) {
	case IO_OPEN:
		opened = io_open(at("new"), O_WRONLY | O_CREAT, 0600, &err);
		io_close(opened);
		return opened < 0 ? -1 : 0;
	case IO_READ:
		return io_pread(fd, &byte, 1, 0, "f", &err);
	case IO_WRITE:
		return io_pwrite(fd, "XYZW", 4, 0, "f", &err);
	case IO_FSYNC:
		return io_fsync(fd, "f", &err);
	case IO_RENAME:
		return io_rename(at("g"), at("moved"), &err);
	case IO_UNLINK:
		return io_unlink(at("h"), &err);
	case IO_MKDIR:
		return io_mkdirs(at("made"), &err);
	case IO_TRUNCATE:
		return io_truncate(fd, 1, "f", &err);
	case IO_LOCK:
		return io_lock(fd, true, false, "f", &err);
	case IO_STAT:
		return io_fstat(fd, &info, "f", &err);
	case IO_LIST:
		return io_list(folder, no_name, NULL, &err);
	case IO_LINK:
		return io_link(at("f"), at("linked"), &err);
	case IO_PUNCH:
		return io_punch(fd, 0, 1, "f", &err);
	case IO_CHMOD:
		return io_chmod(at("f"), 0400, &err);
	case IO_OPS:
		break;
	}
	return -1;
}

/* Whether the operation has left its mark; -1 for those that leave none. */
static int is_done(enum io_op op)
{
	struct stat st = {0};
	char byte = 0;
	int fd = open(at("f"), O_RDONLY);
	ssize_t got = read(fd, &byte, 1);
	fstat(fd, &st);
	close(fd);
	switch (op) {
	case IO_OPEN:
		return access(at("new"), F_OK) == 0;
	case IO_WRITE:
		return got == 1 && byte == 'X';
	case IO_RENAME:
		return access(at("moved"), F_OK) == 0;
	case IO_UNLINK:
		return access(at("h"), F_OK) != 0;
	case IO_MKDIR:
		return access(at("made"), F_OK) == 0;
	case IO_TRUNCATE:
		return st.st_size == 1;
	case IO_LINK:
		return access(at("linked"), F_OK) == 0;
	case IO_PUNCH:
		return got == 1 && byte == 0;
	case IO_CHMOD:
		return (st.st_mode & 0777) == 0400;
	default:
		return -1;
	}
}

static const char *const names[IO_OPS] = {"open", "read", "write", "fsync", "rename", "unlink",
	"mkdir", "truncate", "lock", "stat", "list", "link", "punch", "chmod"};

static int prepare(void)
{
	for (const char *name = "fgh"; *name; name++) {
		char text[2] = {*name, 0};
		assert_int_equal(io_write_file(at(text), "0123", 4, 0600, &err), 0);
	}
	int fd = io_open(at("f"), O_RDWR, 0, &err);
	assert_true(fd >= 0);
	return fd;
}

static void every_operation_can_fail(void **state)
{
	static const struct {
		const char *name;
		int code;
	} codes[] = {{"ENOSPC", ENOSPC}, {"EIO", EIO}, {"EMFILE", EMFILE}, {"EACCES", EACCES},
		{"EROFS", EROFS}};
	(void)state;
	int fd = prepare();
	for (enum io_op op = 0; op < IO_OPS; op++) {
		for (size_t i = 0; i < COUNT(codes); i++) {
			const char *spec =
				arena_printf(&arena, "%s:1:%s", names[op], codes[i].name);
			assert_int_equal(io_fault(spec, &err), 0);
			err = (struct err){0};
			if (do_op(op, fd) != -1 || err.code != codes[i].code)
				fail_msg("%s: code %d: %s", spec, err.code, err.text);
			if (is_done(op) == 1)
				fail_msg("%s: done nevertheless", spec);
		}
	}
	io_close(fd);
}

/* Runs one operation in a child under a fault; its wait status. */
static int run_child(enum io_op op, const char *what, int fd)
{
	pid_t child = fork();
	if (child == 0) {
		io_fault(arena_printf(&arena, "%s:1:%s", names[op], what), NULL);
		_exit(do_op(op, fd) == 0 ? 0 : 1);
	}
	int status;
	assert_int_equal(waitpid(child, &status, 0), child);
	return status;
}

static bool is_killed(int status)
{
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
}

static void the_process_ends_before_or_after_every_operation(void **state)
{
	(void)state;
	int fd = prepare();
	for (enum io_op op = 0; op < IO_OPS; op++) {
		if (!is_killed(run_child(op, "kill", fd)) || is_done(op) == 1)
			fail_msg("%s:1:kill", names[op]);
		if (!is_killed(run_child(op, "after", fd)) || is_done(op) == 0)
			fail_msg("%s:1:after", names[op]);
		io_close(fd);
		char *old = folder; /* each operation on untouched files */
		folder = test_folder();
		test_remove(old);
		fd = prepare();
	}
	io_close(fd);
}

static void a_torn_write_leaves_half(void **state)
{
	char *data;
	size_t n;
	(void)state;
	int fd = prepare();
	assert_true(is_killed(run_child(IO_WRITE, "torn", fd)));
	assert_int_equal(io_read_file(at("f"), 100, &data, &n, &err), 0);
	assert_int_equal(n, 4);
	assert_memory_equal(data, "XY23", 4);
	free(data);
	io_close(fd);
	/* what is no write of ours ends before the operation */
	assert_true(is_killed(run_child(IO_RENAME, "torn", -1)));
	assert_int_equal(is_done(IO_RENAME), 0);
}

static void only_the_nth_fails_or_all_from_it(void **state)
{
	static const struct {
		const char *spec, *results; /* of six writes, . = done */
	} rows[] = {
		{"write:1:EIO", "x....."},
		{"write:3:EIO", "..x..."},
		{"write:3+:ENOSPC", "..xxxx"},
		{"write:7:EIO", "......"},
		{"change:2:EIO", ".x...."},
		{"any:2:EIO", ".x...."},
		{"read:1:EIO", "......"},
	};
	(void)state;
	int fd = prepare();
	for (size_t i = 0; i < COUNT(rows); i++) {
		char results[7] = {0};
		assert_int_equal(io_fault(rows[i].spec, &err), 0);
		for (size_t k = 0; k < 6; k++)
			results[k] = io_pwrite(fd, "x", 1, 0, "f", &err) == 0 ? '.' : 'x';
		if (strcmp(results, rows[i].results) != 0)
			fail_msg("%s: %s", rows[i].spec, results);
	}
	io_close(fd);
}

static void classes_count_what_they_name(void **state)
{
	static const struct {
		const char *spec;
		uint64_t count; /* of one of each operation; mkdirs syncs its parent as well */
	} rows[] = {
		{NULL, 10 + 1},
		{"change:99:EIO", 10 + 1},
		{"any:99:EIO", 14 + 1},
		{"write:99:EIO", 1},
		{"fsync:99:EIO", 1 + 1},
		{"lock:99:EIO", 1},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		int fd = prepare();
		assert_int_equal(io_fault(rows[i].spec, &err), 0);
		for (enum io_op op = 0; op < IO_OPS; op++)
			CHECK_ROW(i, do_op(op, fd) == 0);
		CHECK_ROW(i, io_count() == rows[i].count);
		io_fault(NULL, NULL);
		CHECK_ROW(i, io_count() == 0);
		io_close(fd);
		char *old = folder;
		folder = test_folder();
		test_remove(old);
	}
	io_fault(NULL, NULL);
	int fd = io_open("/dev/null", O_RDONLY, 0, &err);
	assert_int_equal(io_count(), 0);
	io_close(fd);
}

static void other_libraries_have_points_too(void **state)
{
	(void)state;
	assert_int_equal(io_fault("write:2:ENOSPC", &err), 0);
	assert_int_equal(io_point(IO_WRITE, true), 0);
	io_point_after();
	assert_int_equal(io_point(IO_WRITE, true), ENOSPC);
	assert_int_equal(io_point(IO_WRITE, true), 0);
	pid_t child = fork();
	if (child == 0) {
		io_fault("fsync:1:after", NULL);
		io_point(IO_FSYNC, true);
		io_point_after();
		_exit(0);
	}
	int status;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(is_killed(status));
}

static void wrong_specifications_are_refused(void **state)
{
	static const char *const rows[] = {"", "write", "write:1", "write:0:EIO", "write:-1:EIO",
		"write:x:EIO", "write:+:EIO", "write::EIO", "wrote:1:EIO", "write:1:EWHAT",
		":1:EIO", "write:1:EIO ", "write:1:"};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		CHECK_ROW(i, io_fault(rows[i], &err) == -1);
		CHECK_ROW(i, err.kind == ERR_USAGE);
	}
}

static void a_failed_write_file_leaves_the_old_one(void **state)
{
	static const char *const rows[] = {
		"open:1:EMFILE", "write:1:ENOSPC", "fsync:1:EIO", "rename:1:EIO"};
	char *data;
	size_t n;
	(void)state;
	assert_int_equal(io_write_file(at("f"), "old", 3, 0600, &err), 0);
	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_int_equal(io_fault(rows[i], &err), 0);
		CHECK_ROW(i, io_write_file(at("f"), "new", 3, 0600, &err) == -1);
		io_fault(NULL, NULL);
		CHECK_ROW(i, io_read_file(at("f"), 100, &data, &n, &err) == 0);
		CHECK_ROW(i, n == 3 && memcmp(data, "old", 3) == 0);
		free(data);
	}
	/* and no temporary file: the folder can be removed once f is gone */
	assert_int_equal(io_unlink(at("f"), &err), 0);
	assert_int_equal(rmdir(folder), 0);
	assert_int_equal(mkdir(folder, 0700), 0);
}

static void the_environment_names_a_fault(void **state)
{
	static const char *const rows[][2] = {{"fsync:1:kill", "killed"}, {"nonsense", "aborted"}};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		int status = system(arena_printf(&arena,
			"PUGMARK_FAULT=%s exec /proc/%ld/exe --write '%s' 2>/dev/null", rows[i][0],
			(long)getpid(), at("f")));
		bool killed = WIFSIGNALED(status) ? WTERMSIG(status) == SIGKILL
						  : WEXITSTATUS(status) == 128 + SIGKILL;
		CHECK_ROW(i, status != 0 && killed == (strcmp(rows[i][1], "killed") == 0));
	}
}

static void *write_often(void *fd)
{
	for (int i = 0; i < 1000; i++)
		io_pwrite(*(int *)fd, "x", 1, 0, "f", NULL);
	return NULL;
}

static void threads_count_together(void **state)
{
	pthread_t threads[4];
	(void)state;
	int fd = prepare();
	assert_int_equal(io_fault(NULL, &err), 0);
	for (size_t i = 0; i < COUNT(threads); i++)
		assert_int_equal(pthread_create(&threads[i], NULL, write_often, &fd), 0);
	for (size_t i = 0; i < COUNT(threads); i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(io_count(), 4000);
	io_close(fd);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(every_operation_can_fail, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			the_process_ends_before_or_after_every_operation, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_torn_write_leaves_half, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			only_the_nth_fails_or_all_from_it, set_up, tear_down),
		cmocka_unit_test_setup_teardown(classes_count_what_they_name, set_up, tear_down),
		cmocka_unit_test_setup_teardown(other_libraries_have_points_too, set_up, tear_down),
		cmocka_unit_test(wrong_specifications_are_refused),
		cmocka_unit_test_setup_teardown(
			a_failed_write_file_leaves_the_old_one, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_environment_names_a_fault, set_up, tear_down),
		cmocka_unit_test_setup_teardown(threads_count_together, set_up, tear_down),
	};
	if (argc == 3) /* the child of the_environment_names_a_fault */
		return io_write_file(argv[2], "x", 1, 0600, NULL) == 0 ? 0 : 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
