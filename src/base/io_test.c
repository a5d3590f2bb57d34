/* SPDX-License-Identifier: Apache-2.0 */
/* io_test.c: the operations as they should go, and their errors from the system itself. */
#include "base/test.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>

#include "base/arena.h"
#include "base/buf.h"
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
	io_fault(NULL, NULL);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	test_remove(folder);
	arena_fini(&arena);
	return 0;
}

static mode_t mode_of(const char *path)
{
	struct stat st;
	assert_int_equal(stat(path, &st), 0);
	return st.st_mode & 07777;
}

/* A folder that hands its group on shares what is made in it, as far as the caller says so. */
static void groups_are_let_in_where_the_folder_says_so(void **state)
{
	(void)state;
	static const struct {
		mode_t folder, below, shared;
	} rows[] = {
		{02750, 02750, 0640},
		{02770, 02750, 0640},
		{0750, 0700, 0600},
		{02700, 02700, 0600},
		{0700, 0700, 0600},
	};
	mode_t mask = umask(022);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const char *top = arena_printf(&arena, "%s/%zu", folder, i);
		assert_int_equal(mkdir(top, 0700), 0);
		assert_int_equal(chmod(top, rows[i].folder), 0);
		const char *below = arena_printf(&arena, "%s/a/b", top);
		assert_int_equal(io_mkdirs(below, &err), 0);
		const char *open = arena_printf(&arena, "%s/open", below);
		const char *secret = arena_printf(&arena, "%s/secret", below);
		assert_int_equal(io_write_file(open, "x", 1, IO_SHARED, &err), 0);
		assert_int_equal(io_write_file(secret, "x", 1, 0600, &err), 0);
		if (mode_of(below) != rows[i].below || mode_of(open) != rows[i].shared ||
			mode_of(secret) != 0600)
			fail_msg("in %o: %o, %o, %o", rows[i].folder, mode_of(below), mode_of(open),
				mode_of(secret));
	}
	umask(mask);
}

static void bytes_come_back(void **state)
{
	struct io_info info;
	char back[10];
	(void)state;
	int fd = io_open(at("f"), O_RDWR | O_CREAT, 0600, &err);
	assert_true(fd >= 0);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	assert_int_equal(io_write(fd, "0123456789", 10, "f", &err), 0);
	assert_int_equal(io_pwrite(fd, "AB", 2, 4, "f", &err), 0);
	assert_int_equal(io_pread(fd, back, 4, 3, "f", &err), 0);
	assert_memory_equal(back, "3AB6", 4);
	assert_int_equal(io_pread(fd, back, 4, 8, "f", &err), -1);
	assert_int_equal(err.kind, ERR_DAMAGED);
	assert_string_equal(err.text, "f: ends early");
	assert_int_equal(io_pread(fd, back, 0, 100, "f", &err), 0);
	assert_int_equal(io_truncate(fd, 6, "f", &err), 0);
	assert_int_equal(io_fsync(fd, "f", &err), 0);
	assert_int_equal(io_fstat(fd, &info, "f", &err), 0);
	assert_true(info.size == 6 && info.is_regular && !info.is_dir);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	assert_int_equal(io_read(fd, back, sizeof(back), "f", &err), 6);
	assert_int_equal(io_read(fd, back, sizeof(back), "f", &err), 0);
	io_close(fd);
	io_close(-1);
	assert_int_equal(io_chmod(at("f"), 0444, &err), 0);
	struct stat st;
	assert_int_equal(stat(at("f"), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0444);
}

static void names_change(void **state)
{
	struct io_info info, same;
	(void)state;
	assert_int_equal(io_write_file(at("a"), "one", 3, 0600, &err), 0);
	assert_int_equal(io_stat(at("a"), &info, &err), 1);
	assert_int_equal(io_link(at("a"), at("b"), &err), 0);
	assert_int_equal(io_stat(at("b"), &same, &err), 1);
	assert_true(same.inode == info.inode && same.device == info.device);
	assert_true(same.mtime_us == info.mtime_us && info.mtime_us > 1600000000000000);
	assert_int_equal(io_link(at("a"), at("b"), &err), -1);
	assert_int_equal(io_rename(at("a"), at("c"), &err), 0);
	assert_int_equal(io_stat(at("a"), NULL, &err), 0);
	assert_int_equal(io_stat(at("c/d"), NULL, &err), 0);
	assert_int_equal(io_unlink(at("c"), &err), 0);
	assert_int_equal(io_unlink(at("c"), &err), 0);
	assert_int_equal(io_fsync_dir(folder, &err), 0);
	assert_int_equal(io_fsync_dir(at("no"), &err), -1);
	assert_int_equal(io_rename(at("c"), at("d"), &err), -1);
	assert_int_equal(err.kind, ERR_NOT_FOUND);
	assert_non_null(strstr(err.text, at("c")));
}

static void links_are_not_followed(void **state)
{
	struct io_info info;
	(void)state;
	assert_int_equal(io_write_file(at("a"), "one", 3, 0600, &err), 0);
	assert_int_equal(symlink(at("a"), at("link")), 0);
	assert_int_equal(symlink("nowhere", at("dangling")), 0);
	assert_int_equal(io_stat(at("link"), &info, &err), 1);
	assert_true(info.is_regular && info.size == 3);
	assert_int_equal(io_lstat(at("link"), &info, &err), 1);
	assert_false(info.is_regular || info.is_dir);
	assert_int_equal(io_stat(at("dangling"), NULL, &err), 0);
	assert_int_equal(io_lstat(at("dangling"), NULL, &err), 1);
	assert_int_equal(io_lstat(at("a"), &info, &err), 1);
	assert_true(info.is_regular && info.size == 3);
	assert_int_equal(io_lstat(at("none"), NULL, &err), 0);
}

/* A watcher's notes: "write f 3@4; …" */
static void note_change(void *ctx, const struct io_change *change)
{
	static const char *const words[IO_OPS] = {[IO_OPEN] = "open",
		[IO_WRITE] = "write",
		[IO_FSYNC] = "fsync",
		[IO_RENAME] = "rename",
		[IO_UNLINK] = "unlink",
		[IO_MKDIR] = "mkdir",
		[IO_TRUNCATE] = "truncate",
		[IO_LINK] = "link",
		[IO_PUNCH] = "punch"};
	struct buf *notes = ctx;
	size_t skip = strlen(folder);
	buf_printf(notes, "%s %s%s", words[change->op], change->folder ? "folder " : "",
		strncmp(change->path, folder, skip) ? change->path : change->path + skip);
	if (change->to)
		buf_printf(notes, " %s", change->to + skip);
	if (change->op == IO_WRITE && change->offset == IO_AT_POSITION)
		buf_printf(notes, " %.*s", (int)change->n, (const char *)change->data);
	else if (change->n)
		buf_printf(notes, " %d@%d", (int)change->n, (int)change->offset);
	buf_puts(notes, change->truncates ? " empty; " : "; ");
}

static void changes_are_told(void **state)
{
	struct buf notes;
	(void)state;
	buf_init(&notes, 4096);
	io_watch(note_change, &notes);
	assert_int_equal(io_mkdirs(at("w"), &err), 0);
	int fd = io_open(at("w/f"), O_RDWR | O_CREAT | O_TRUNC, 0600, &err);
	assert_int_equal(io_write(fd, "abc", 3, at("w/f"), &err), 0);
	assert_int_equal(io_pwrite(fd, "xy", 2, 7, at("w/f"), &err), 0);
	assert_int_equal(io_truncate(fd, 5, at("w/f"), &err), 0);
	assert_int_equal(io_punch(fd, 1, 2, at("w/f"), &err), 0);
	assert_int_equal(io_fsync(fd, at("w/f"), &err), 0);
	io_close(fd);
	assert_int_equal(io_rename(at("w/f"), at("w/g"), &err), 0);
	assert_int_equal(io_link(at("w/g"), at("w/h"), &err), 0);
	assert_int_equal(io_fsync_dir(at("w"), &err), 0);
	assert_int_equal(io_unlink(at("w/g"), &err), 0);
	assert_int_equal(io_unlink(at("w/g"), &err), 0); /* nothing was there: nothing is told */
	assert_int_equal(io_fault("write:1:EIO", &err), 0);
	fd = io_open(at("w/h"), O_WRONLY, 0, &err);
	assert_int_equal(io_write(fd, "z", 1, at("w/h"), &err), -1); /* nor what failed */
	io_close(fd);
	io_watch(NULL, NULL);
	io_fault(NULL, NULL);
	assert_int_equal(io_unlink(at("w/h"), &err), 0);
	buf_push(&notes, '\0');
	assert_string_equal(notes.ptr,
		"mkdir /w; fsync folder ; open /w/f empty; write /w/f abc; write /w/f 2@7; "
		"truncate /w/f 5@0; punch /w/f 2@1; fsync /w/f; rename /w/f /w/g; "
		"link /w/g /w/h; fsync folder /w; unlink /w/g; open /w/h; ");
	buf_fini(&notes);
}

static void folders_are_made_with_parents(void **state)
{
	struct io_info info;
	struct stat st;
	(void)state;
	assert_int_equal(io_mkdirs(at("x/y/z/"), &err), 0);
	assert_int_equal(io_mkdirs(at("x//y"), &err), 0);
	assert_int_equal(io_stat(at("x/y/z"), &info, &err), 1);
	assert_true(info.is_dir && !info.is_regular);
	assert_int_equal(stat(at("x"), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	assert_int_equal(io_rmdir(at("x"), &err), 0);
	assert_int_equal(io_stat(at("x"), NULL, &err), 1);
	assert_int_equal(io_rmdir(at("x/y/z"), &err), 0);
	assert_int_equal(io_stat(at("x/y/z"), NULL, &err), 0);
	assert_int_equal(io_rmdir(at("x/y/z"), &err), 0);
	assert_int_equal(io_write_file(at("file"), "", 0, 0600, &err), 0);
	assert_int_equal(io_mkdirs(at("file/sub"), &err), -1);
	assert_int_equal(io_mkdirs(at("file"), &err), -1);
	assert_int_equal(io_mkdirs("/", &err), 0);
	/* a path without a slash lies in the working folder */
	char *here = getcwd(NULL, 0);
	assert_int_equal(chdir(folder), 0);
	assert_int_equal(io_mkdirs("relative", &err), 0);
	assert_int_equal(io_stat("relative", NULL, &err), 1);
	assert_int_equal(chdir(here), 0);
	free(here);
}

struct seen {
	char text[100];
	size_t len;
	int stop_after;
};

static int note_name(void *ctx, const char *name, struct err *why)
{
	struct seen *seen = ctx;
	(void)why;
	seen->len += (size_t)snprintf(
		seen->text + seen->len, sizeof(seen->text) - seen->len, "%s ", name);
	return --seen->stop_after == 0 ? 42 : 0;
}

static void names_are_listed_in_order(void **state)
{
	static const char *const names[] = {"b", "a", "B", "10", "9", ".hidden"};
	struct seen all = {.stop_after = -1}, some = {.stop_after = 2};
	(void)state;
	for (size_t i = 0; i < COUNT(names); i++)
		assert_int_equal(io_write_file(at(names[i]), "", 0, 0600, &err), 0);
	assert_int_equal(io_list(folder, note_name, &all, &err), 0);
	assert_string_equal(all.text, ".hidden 10 9 B a b ");
	assert_int_equal(io_list(folder, note_name, &some, &err), 42);
	assert_string_equal(some.text, ".hidden 10 ");
	assert_int_equal(io_list(at("none"), note_name, &all, &err), -1);
	assert_int_equal(err.kind, ERR_NOT_FOUND);
}

static void whole_files(void **state)
{
	char *data;
	size_t n;
	(void)state;
	char *large = calloc(1, 300000);
	memset(large, 'x', 300000);
	assert_int_equal(io_write_file(at("f"), large, 300000, 0640, &err), 0);
	assert_int_equal(io_read_file(at("f"), 300000, &data, &n, &err), 0);
	assert_int_equal(n, 300000);
	assert_memory_equal(data, large, n);
	assert_int_equal(data[n], 0);
	free(data);
	free(large);
	assert_int_equal(io_read_file(at("f"), 299999, &data, &n, &err), -1);
	assert_int_equal(err.kind, ERR_LIMIT);
	assert_int_equal(io_write_file(at("f"), "", 0, 0640, &err), 0);
	assert_int_equal(io_read_file(at("f"), 0, &data, &n, &err), 0);
	assert_int_equal(n, 0);
	free(data);
	assert_int_equal(io_read_file("/proc/self/status", 1 << 20, &data, &n, &err), 0);
	assert_true(n > 100);
	free(data);
	assert_int_equal(io_read_file(folder, 100, &data, &n, &err), -1);
	assert_int_equal(io_write_file(at("no/f"), "", 0, 0640, &err), -1);
	struct seen seen = {.stop_after = -1};
	io_list(folder, note_name, &seen, &err);
	assert_string_equal(seen.text, "f ");
}

static void holes_are_punched(void **state)
{
	char *data;
	size_t n;
	struct stat before, after;
	(void)state;
	char *bytes = malloc(1 << 20);
	memset(bytes, 'x', 1 << 20);
	assert_int_equal(io_write_file(at("f"), bytes, 1 << 20, 0600, &err), 0);
	free(bytes);
	assert_int_equal(stat(at("f"), &before), 0);
	int fd = io_open(at("f"), O_RDWR, 0, &err);
	assert_int_equal(io_punch(fd, 4096, (1 << 20) - 8192, "f", &err), 0);
	io_close(fd);
	assert_int_equal(stat(at("f"), &after), 0);
	assert_int_equal(after.st_size, 1 << 20);
	assert_true(after.st_blocks < before.st_blocks);
	assert_int_equal(io_read_file(at("f"), 1 << 20, &data, &n, &err), 0);
	assert_true(data[4095] == 'x' && data[4096] == 0 && data[n - 4096] == 'x');
	free(data);
}

static void locks_keep_others_out(void **state)
{
	(void)state;
	int first = io_open(at("lock"), O_RDWR | O_CREAT, 0600, &err);
	int second = io_open(at("lock"), O_RDWR, 0, &err);
	assert_int_equal(io_lock(first, true, true, "lock", &err), 0);
	assert_int_equal(io_lock(second, false, false, "lock", &err), -1);
	assert_int_equal(err.kind, ERR_BUSY);
	assert_int_equal(io_lock(first, false, false, "lock", &err), 0);
	assert_int_equal(io_lock(second, false, false, "lock", &err), 0);
	assert_int_equal(io_lock(second, true, false, "lock", &err), -1);
	io_close(first);
	assert_int_equal(io_lock(second, true, false, "lock", &err), 0);
	io_close(second);
}

static void space_is_known(void **state)
{
	uint64_t free_bytes = 0, total = 0;
	(void)state;
	assert_int_equal(io_space(folder, &free_bytes, &total, &err), 0);
	assert_true(total > 0 && free_bytes <= total);
	assert_int_equal(io_space(at("none"), &free_bytes, &total, &err), -1);
}

static void errors_of_the_system_are_worded(void **state)
{
	char byte;
	(void)state;
	assert_int_equal(io_open(at("none"), O_RDONLY, 0, &err), -1);
	assert_int_equal(err.kind, ERR_NOT_FOUND);
	assert_string_equal(err.text, at("none: cannot open: No such file or directory"));
	int fd = io_open("/dev/full", O_WRONLY, 0, &err);
	assert_int_equal(io_write(fd, "x", 1, "/dev/full", &err), -1);
	assert_int_equal(err.kind, ERR_NO_SPACE);
	assert_string_equal(err.text, "/dev/full: cannot write: No space left on device");
	assert_int_equal(io_read(fd, &byte, 1, "/dev/full", &err), -1);
	assert_int_equal(io_pread(fd, &byte, 1, 0, "/dev/full", &err), -1);
	assert_int_equal(io_truncate(fd, 0, "/dev/full", &err), -1);
	assert_int_equal(io_punch(fd, 0, 1, "/dev/full", &err), -1);
	io_close(fd);
	assert_int_equal(io_chmod(at("none"), 0600, &err), -1);
	assert_int_equal(io_unlink(folder, &err), -1);
	assert_int_equal(io_fsync(fd, "closed", &err), -1);
	assert_int_equal(err.kind, ERR_IO);
}

static volatile sig_atomic_t alarms, stop;

static void on_alarm(int number)
{
	(void)number;
	alarms++;
}

static void ring_every(suseconds_t us)
{
	struct sigaction action = {.sa_handler = on_alarm};
	struct itimerval timer = {{0, us}, {0, us}};
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &timer, NULL);
}

enum { LARGE = 4 << 20 };

/* Reads the pipe slowly, so that the writer blocks, and checks what comes. */
static int drain_slowly(int fd)
{
	char part[7000];
	size_t total = 0;
	for (ssize_t got; (got = read(fd, part, sizeof(part))) > 0;) {
		for (ssize_t i = 0; i < got; i++) {
			if ((unsigned char)part[i] != (total + (size_t)i) % 251)
				return 1;
		}
		total += (size_t)got;
		if (total % 5 == 0)
			usleep(100);
	}
	return total == LARGE ? 0 : 2;
}

static void interrupted_writes_are_finished(void **state)
{
	int ends[2], status;
	(void)state;
	assert_int_equal(pipe(ends), 0);
	pid_t child = fork();
	if (child == 0) {
		close(ends[1]);
		_exit(drain_slowly(ends[0]));
	}
	close(ends[0]);
	char *data = malloc(LARGE);
	for (size_t i = 0; i < LARGE; i++)
		data[i] = (char)(i % 251);
	alarms = 0;
	ring_every(300);
	int result = io_write(ends[1], data, LARGE, "pipe", &err);
	ring_every(0);
	close(ends[1]);
	free(data);
	assert_int_equal(result, 0);
	assert_true(alarms > 3);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

static void interrupted_reads_go_on_until_asked_to_stop(void **state)
{
	int ends[2];
	char byte;
	(void)state;
	assert_int_equal(pipe(ends), 0);
	pid_t child = fork();
	if (child == 0) {
		usleep(100000);
		_exit(write(ends[1], "x", 1) == 1 ? 0 : 1);
	}
	alarms = 0;
	ring_every(10000);
	assert_int_equal(io_read(ends[0], &byte, 1, "pipe", &err), 1);
	assert_true(alarms > 1);
	stop = 1;
	io_stop_on(&stop);
	assert_int_equal(io_read(ends[0], &byte, 1, "pipe", &err), -1);
	assert_int_equal(err.kind, ERR_INTERRUPTED);
	io_stop_on(NULL);
	ring_every(0);
	close(ends[0]);
	close(ends[1]);
	assert_int_equal(waitpid(child, NULL, 0), child);
}

static void short_writes_fail_with_the_reason(void **state)
{
	/* The file may grow to 1,000 bytes: the first write(2) is short, the second one fails. */
	struct rlimit old, limit;
	struct io_info info;
	(void)state;
	getrlimit(RLIMIT_FSIZE, &old);
	limit = (struct rlimit){1000, old.rlim_max};
	signal(SIGXFSZ, SIG_IGN);
	int fd = io_open(at("f"), O_WRONLY | O_CREAT, 0600, &err);
	setrlimit(RLIMIT_FSIZE, &limit);
	static const char bytes[1500];
	int result = io_write(fd, bytes, sizeof(bytes), "f", &err);
	setrlimit(RLIMIT_FSIZE, &old);
	assert_int_equal(result, -1);
	assert_int_equal(err.code, EFBIG);
	assert_int_equal(io_fstat(fd, &info, "f", &err), 0);
	assert_int_equal(info.size, 1000);
	io_close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(bytes_come_back, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			groups_are_let_in_where_the_folder_says_so, set_up, tear_down),
		cmocka_unit_test_setup_teardown(names_change, set_up, tear_down),
		cmocka_unit_test_setup_teardown(links_are_not_followed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(changes_are_told, set_up, tear_down),
		cmocka_unit_test_setup_teardown(folders_are_made_with_parents, set_up, tear_down),
		cmocka_unit_test_setup_teardown(names_are_listed_in_order, set_up, tear_down),
		cmocka_unit_test_setup_teardown(whole_files, set_up, tear_down),
		cmocka_unit_test_setup_teardown(holes_are_punched, set_up, tear_down),
		cmocka_unit_test_setup_teardown(locks_keep_others_out, set_up, tear_down),
		cmocka_unit_test_setup_teardown(space_is_known, set_up, tear_down),
		cmocka_unit_test_setup_teardown(errors_of_the_system_are_worded, set_up, tear_down),
		cmocka_unit_test_setup_teardown(interrupted_writes_are_finished, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			interrupted_reads_go_on_until_asked_to_stop, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			short_writes_fail_with_the_reason, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
