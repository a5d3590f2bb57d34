/* SPDX-License-Identifier: Apache-2.0 */
/* state_test.c: what is written comes back; a damaged file is known as one; whatever stops a write leaves
 * the old state or the new one; one process at a time. */
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/test.h"
#include "net/sigv4.h"
#include "ship/private.h"

enum { RECORDS = 3 };

static char *folder, path[600];
static struct err err;
static struct ship_scope scope;

static int set_up(void **state)
{
	(void)state;
	io_fault(NULL, NULL);
	folder = test_folder();
	snprintf(path, sizeof(path), "%s/state", folder);
	buf_init(&scope.folder, 1000);
	buf_init(&scope.to, 1000);
	buf_puts(&scope.folder, "%2Flogs");
	buf_puts(&scope.to, "aws audit p");
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	io_fault(NULL, NULL);
	buf_fini(&scope.folder);
	buf_fini(&scope.to);
	test_remove(folder);
	return 0;
}

/* Records that hold whatever may stand in them; `offset` tells one state from another. */
static void fill(struct ship_log logs[RECORDS], uint64_t offset)
{
	static const struct {
		const char *node, *name;
	} texts[RECORDS] = {
		{"node", "20240924.00000.audit.log"}, {"a b\n%", "-"}, {"\xff\xc3", "ü~\t"}};
	memset(logs, 0, RECORDS * sizeof(*logs));
	for (size_t i = 0; i < RECORDS; i++) {
		struct ship_record *r = &logs[i].is;
		r->device = UINT64_MAX - i;
		r->inode = i + 1;
		r->node = xstrdup(texts[i].node);
		r->name = xstrdup(texts[i].name);
		r->generation = (unsigned)i + 1;
		r->fp_bytes = 900 + i;
		r->offset = offset + i;
		r->whole = i % 2;
		snprintf(r->fp, sizeof(r->fp), "0123abc%zu", i);
		snprintf(r->tail, sizeof(r->tail), "0123456789abcde%zu", i);
	}
}

static void empty(struct ship_log logs[RECORDS])
{
	for (size_t i = 0; i < RECORDS; i++) {
		free(logs[i].is.node);
		free(logs[i].is.name);
	}
}

static int write_state(uint64_t offset, struct err *why)
{
	struct ship_log logs[RECORDS], unknown = {0};
	struct ship_log *all[] = {&logs[0], &unknown, &logs[1], &logs[2]};
	fill(logs, offset);
	int status = state_write(path, &scope, all, 4, why);
	empty(logs);
	return status;
}

struct taken {
	struct ship_record records[RECORDS + 1];
	size_t count;
};

static void take(void *ctx, const struct ship_record *record)
{
	struct taken *taken = ctx;
	if (taken->count <= RECORDS)
		taken->records[taken->count] = *record;
	taken->count++;
}

static void drop(struct taken *taken)
{
	for (size_t i = 0; i < taken->count && i <= RECORDS; i++) {
		free(taken->records[i].node);
		free(taken->records[i].name);
	}
	taken->count = 0;
}

static int read_state(struct taken *taken, struct ship_scope *read)
{
	taken->count = 0;
	return state_read(path, read, take, taken, &err);
}

/* Whether the file holds the state of this offset. */
static bool holds(uint64_t offset)
{
	struct ship_log logs[RECORDS];
	struct taken taken;
	struct ship_scope read;
	buf_init(&read.folder, 1000);
	buf_init(&read.to, 1000);
	bool same = read_state(&taken, &read) == STATE_READ && taken.count == RECORDS &&
		    slice_eq(buf_view(&read.folder), buf_view(&scope.folder)) &&
		    slice_eq(buf_view(&read.to), buf_view(&scope.to));
	fill(logs, offset);
	for (size_t i = 0; i < RECORDS && same; i++) {
		const struct ship_record *a = &logs[i].is, *b = &taken.records[i];
		same = a->device == b->device && a->inode == b->inode &&
		       strcmp(a->node, b->node) == 0 && strcmp(a->name, b->name) == 0 &&
		       a->generation == b->generation && strcmp(a->fp, b->fp) == 0 &&
		       a->fp_bytes == b->fp_bytes && a->offset == b->offset &&
		       strcmp(a->tail, b->tail) == 0 && a->whole == b->whole;
	}
	empty(logs);
	drop(&taken);
	buf_fini(&read.folder);
	buf_fini(&read.to);
	return same;
}

static void what_is_written_comes_back(void **state)
{
	struct taken taken;
	struct ship_scope read = {{.max = 1000}, {.max = 1000}};
	struct stat st;
	(void)state;
	assert_int_equal(read_state(&taken, &read), STATE_NONE);
	assert_int_equal(write_state(7, &err), 0);
	assert_true(holds(7));
	assert_false(holds(8));
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(write_state(UINT64_MAX - RECORDS, &err), 0);
	assert_true(holds(UINT64_MAX - RECORDS));
}

static void every_damage_is_seen(void **state)
{
	struct taken taken;
	struct ship_scope read;
	char *text;
	size_t n;
	(void)state;
	buf_init(&read.folder, 1000);
	buf_init(&read.to, 1000);
	assert_int_equal(write_state(7, &err), 0);
	assert_int_equal(io_read_file(path, 1 << 20, &text, &n, &err), 0);
	for (size_t i = 0; i < n; i++) { /* one byte */
		text[i] ^= 1;
		assert_int_equal(io_write_file(path, text, n, 0600, &err), 0);
		CHECK_ROW(i, read_state(&taken, &read) == STATE_DAMAGED);
		CHECK_ROW(i, err.kind == ERR_DAMAGED && taken.count == 0);
		text[i] ^= 1;
	}
	for (size_t i = 0; i < n; i++) { /* its end */
		assert_int_equal(io_write_file(path, text, i, 0600, &err), 0);
		CHECK_ROW(i, read_state(&taken, &read) == STATE_DAMAGED && taken.count == 0);
	}
	free(text);
	buf_fini(&read.folder);
	buf_fini(&read.to);
}

/* Lines that are well hashed and say something wrong: of a later version, or made by hand. */
static void wrong_lines_are_refused(void **state)
{
	static const char *const rows[] = {
		"odd\n", "log\n", "log 1 2 n x 1 01234567 1 1 0123456789abcdef\n",
		"log 1 2 n x 1 01234567 1 1 0123456789abcdef 2\n",
		"log 1 2 n x 1 01234567 1 1 0123456789abcdef 1 1\n",
		"log 1 2 n x 0 01234567 1 1 0123456789abcdef 1\n",
		"log 1 2 n x 4294967296 01234567 1 1 0123456789abcdef 1\n",
		"log 1 18446744073709551616 n x 1 01234567 1 1 0123456789abcdef 1\n",
		"log 1 -2 n x 1 01234567 1 1 0123456789abcdef 1\n",
		"log 1 2  x 1 01234567 1 1 0123456789abcdef 1\n",
		"log 1 2 n% x 1 01234567 1 1 0123456789abcdef 1\n",
		"log 1 2 n%00 x 1 01234567 1 1 0123456789abcdef 1\n",
		"log 1 2 n x%4 1 01234567 1 1 0123456789abcdef 1\n",
		"log 1 2 n x 1 0123456 1 1 0123456789abcdef 1\n",
		"log 1 2 n x 1 0123456X 1 1 0123456789abcdef 1\n",
		"log 1 2 n x 1 01234567 1 1 0123456789abcdef 1\n", /* good, but for the version */
	};
	struct taken taken;
	struct ship_scope read;
	struct buf text;
	char hex[SHIP_HEX];
	(void)state;
	buf_init(&read.folder, 1000);
	buf_init(&read.to, 1000);
	buf_init(&text, 10000);
	for (size_t i = 0; i < COUNT(rows); i++) {
		buf_clear(&text);
		buf_printf(&text, "pugmark-ship %c\n%s", i + 1 < COUNT(rows) ? '1' : '2', rows[i]);
		sigv4_hash(buf_view(&text), hex);
		buf_printf(&text, "end %s\n", hex);
		assert_int_equal(io_write_file(path, text.ptr, text.len, 0600, &err), 0);
		CHECK_ROW(i, read_state(&taken, &read) == STATE_DAMAGED);
		drop(&taken);
	}
	buf_fini(&text);
	buf_fini(&read.folder);
	buf_fini(&read.to);
}

static int write_in_child(const char *fault)
{
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		struct err why;
		if (io_fault(fault, &why) < 0)
			_exit(99);
		_exit(write_state(2, &why) < 0 ? 1 : 0);
	}
	int status;
	assert_int_equal(waitpid(child, &status, 0), child);
	return status;
}

static void a_stopped_write_leaves_one_state_or_the_other(void **state)
{
	static const char *const ways[] = {
		"kill", "after", "torn", "ENOSPC", "EIO", "EROFS", "EACCES"};
	(void)state;
	for (size_t way = 0; way < COUNT(ways); way++) {
		unsigned n = 1;
		for (bool reached = true; reached; n++) {
			char fault[60];
			snprintf(fault, sizeof(fault), "change:%u:%s", n, ways[way]);
			assert_int_equal(write_state(1, &err), 0);
			int status = write_in_child(fault);
			reached = status != 0;
			if (reached && !(WIFSIGNALED(status) ? WTERMSIG(status) == SIGKILL
							     : WEXITSTATUS(status) == 1))
				fail_msg("%s: status %x", fault, status);
			if (reached ? !holds(1) && !holds(2) : !holds(2))
				fail_msg("%s: neither the old state nor the new one", fault);
		}
		assert_true(n > 4); /* open, write, fsync, rename, fsync */
	}
}

static int count_name(void *ctx, const char *name, struct err *why)
{
	(void)name;
	(void)why;
	++*(int *)ctx;
	return 0;
}

static void what_a_kill_leaves_is_swept(void **state)
{
	struct ship_state ours;
	int names = 0;
	(void)state;
	assert_true(WIFSIGNALED(write_in_child("fsync:1:kill")));
	assert_true(WIFSIGNALED(write_in_child("rename:1:kill")));
	char other[700];
	snprintf(other, sizeof(other), "%s.other.tmp", path);
	assert_int_equal(io_write_file(other, "", 0, 0600, &err), 0);
	assert_int_equal(state_open(&ours, path, &err), 0);
	assert_int_equal(io_list(folder, count_name, &names, &err), 0);
	assert_int_equal(names, 2); /* the lock, and what is not ours */
	state_close(&ours);
}

static void one_process_at_a_time(void **state)
{
	struct ship_state first, second;
	char below[700];
	(void)state;
	snprintf(below, sizeof(below), "%s/new/folders/state", folder);
	assert_int_equal(state_open(&first, below, &err), 0);
	assert_int_equal(state_open(&second, below, &err), -1);
	assert_int_equal(err.kind, ERR_BUSY);
	assert_non_null(strstr(err.text, "in use by another pugmark ship"));
	state_close(&second);
	state_close(&first);
	assert_int_equal(state_open(&second, below, &err), 0);
	state_close(&second);
	snprintf(below, sizeof(below), "%s/new/folders/state/below", folder);
	assert_int_equal(io_write_file(path, "", 0, 0600, &err), 0);
	snprintf(below, sizeof(below), "%s/below", path); /* a file where a folder is needed */
	assert_int_equal(state_open(&first, below, &err), -1);
	assert_non_null(strstr(err.text, "--state FILE"));
	state_close(&first);
}

static void places_by_default(void **state)
{
	static const struct {
		const char *service, *xdg, *home, *path; /* path for whoever is not root */
	} rows[] = {
		{"/var/lib/pugmark-ship", "/x", "/h", "/var/lib/pugmark-ship/pugmark-ship.state"},
		{"/one:/two", NULL, NULL, "/one/pugmark-ship.state"},
		{NULL, "/x", "/h", "/x/pugmark-ship/state"},
		{NULL, "", "/h", "/h/.local/state/pugmark-ship/state"},
		{"", NULL, NULL, "./.local/state/pugmark-ship/state"},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *const names[] = {"STATE_DIRECTORY", "XDG_STATE_HOME", "HOME"};
		const char *const values[] = {rows[i].service, rows[i].xdg, rows[i].home};
		for (size_t k = 0; k < 3; k++)
			values[k] ? setenv(names[k], values[k], 1) : unsetenv(names[k]);
		char *found = state_default();
		bool service = rows[i].service && *rows[i].service;
		if (geteuid() == 0 && !service)
			CHECK_ROW(i, strcmp(found, "/var/lib/pugmark-ship/state") == 0);
		else
			CHECK_ROW(i, strcmp(found, rows[i].path) == 0);
		free(found);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_is_written_comes_back, set_up, tear_down),
		cmocka_unit_test_setup_teardown(every_damage_is_seen, set_up, tear_down),
		cmocka_unit_test_setup_teardown(wrong_lines_are_refused, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			a_stopped_write_leaves_one_state_or_the_other, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_a_kill_leaves_is_swept, set_up, tear_down),
		cmocka_unit_test_setup_teardown(one_process_at_a_time, set_up, tear_down),
		cmocka_unit_test_setup_teardown(places_by_default, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
