/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sandbox_test.c: a test that tries to break out: first with SQL, through every wall, then with
 * system calls from inside the sandbox, as code would that had taken over DuckDB.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "query/fake_store.h"
#include "query/sandbox.h"

static struct store store;
static char spill[2 * PATH_MAX];
static const char canary[] = "canary-7f3a";

static char *in_store(const char *name)
{
	static char path[2 * PATH_MAX];
	snprintf(path, sizeof(path), "%s/%s", store.dir, name);
	return path;
}

static void write_canary(const char *name)
{
	struct err err;
	assert_int_equal(io_write_file(in_store(name), canary, sizeof(canary), 0600, &err), 0);
}

static int open_store(void **state)
{
	struct err err;
	(void)state;
	fake_open(&store);
	setenv("PUGMARK_SECRET", canary, 1);
	assert_int_equal(io_mkdirs(in_store("vault/src"), &err), 0);
	write_canary("catalog.db");
	write_canary("vault/src/000001.zst");
	assert_int_equal(symlink("../catalog.db", in_store("tables/link")), 0);
	assert_int_equal(
		symlink("../../catalog.db", in_store("tables/bitbucket_audit_logs/link.parquet")),
		0);
	snprintf(spill, sizeof(spill), "%s/spill", store.dir);
	return io_mkdirs(spill, &err);
}

static int close_store(void **state)
{
	(void)state;
	fake_close(&store);
	return 0;
}

/* ---- with SQL ------------------------------------------------------------------------------- */

/* @ stands for the data folder. */
static const char *const attacks[] = {
	/* writing */
	"COPY (SELECT 1) TO '@/out.csv'",
	"COPY (SELECT 1) TO '@/tables/out.parquet'",
	"COPY (SELECT 1) TO '@/tables/bitbucket_audit_logs/000001.parquet'",
	"EXPLAIN ANALYZE COPY (SELECT 1) TO '@/tables/out.parquet'",
	"EXPLAIN (ANALYZE) SELECT 1",
	"EXPORT DATABASE '@/tables/out'",
	"IMPORT DATABASE '@/tables'",
	"CREATE TABLE t AS SELECT 1",
	"CREATE OR REPLACE VIEW events AS SELECT 1",
	"CREATE MACRO m() AS 1",
	"CREATE SECRET s (TYPE s3)",
	"INSERT INTO sources VALUES (1)",
	"UPDATE sources SET source = 'x'",
	"DELETE FROM segments",
	"DROP VIEW events",
	"ALTER VIEW events RENAME TO e",
	"TRUNCATE sources",
	"WITH x AS (SELECT 1) INSERT INTO sources SELECT * FROM x",
	"WITH x AS (SELECT 1) DELETE FROM sources",
	"MERGE INTO sources USING segments ON true WHEN MATCHED THEN DELETE",
	"VACUUM",
	"CHECKPOINT",
	/* other databases and files */
	"ATTACH '@/out.db' AS other",
	"ATTACH '@/catalog.db' AS other (TYPE sqlite)",
	"ATTACH ':memory:' AS other",
	"DETACH memory",
	"USE memory",
	"SELECT * FROM '@/catalog.db'",
	"SELECT * FROM read_text('@/catalog.db')",
	"SELECT * FROM read_blob('@/vault/src/000001.zst')",
	"SELECT * FROM read_text('@/tables/link')",
	"SELECT * FROM read_text('link')",
	"SELECT * FROM read_text('bitbucket_audit_logs/link.parquet')",
	"SELECT * FROM read_text('bitbucket_audit_logs/../../catalog.db')",
	"SELECT * FROM read_csv('/etc/passwd')",
	"SELECT * FROM read_csv('bitbucket_audit_logs/*')",
	"SELECT * FROM read_json('@/catalog.db')",
	"SELECT * FROM read_parquet('@/tables/*/*.parquet')",
	"SELECT * FROM parquet_metadata('@/tables/bitbucket_audit_logs/link.parquet')",
	"SELECT * FROM sniff_csv('/etc/passwd')",
	"SELECT * FROM '/etc/passwd'",
	"SELECT * FROM read_text('/proc/self/environ')",
	"SELECT * FROM read_text('/proc/self/fd/3')",
	"SELECT * FROM read_text('/dev/fd/3')",
	"SELECT * FROM read_blob('/proc/self/mem')",
	"SELECT * FROM glob('/etc/*')",
	"SELECT * FROM glob('*')",
	"SELECT * FROM query('COPY (SELECT 1) TO ''@/out.csv''')",
	"SELECT * FROM sqlite_scan('@/catalog.db', 'sources')",
	"SELECT getenv('PUGMARK_SECRET')",
	/* network */
	"SELECT * FROM 'http://127.0.0.1:9/x.parquet'",
	"SELECT * FROM read_text('https://127.0.0.1:9/x')",
	"SELECT * FROM read_parquet('s3://bucket/x.parquet')",
	"SELECT * FROM read_text('hf://datasets/x/y')",
	/* extensions and settings */
	"INSTALL httpfs",
	"LOAD httpfs",
	"LOAD '@/out.duckdb_extension'",
	"FORCE INSTALL sqlite FROM community",
	"UPDATE EXTENSIONS",
	"SET threads = 64",
	"SET memory_limit = '100GB'",
	"SET enable_external_access = true",
	"RESET lock_configuration",
	"SET VARIABLE x = 1",
	"PRAGMA threads = 64",
	"PRAGMA database_list",
	"PRAGMA enable_profiling",
	"CALL pragma_version()",
	"CALL enable_logging(storage = 'file', storage_config = {'path': '@/out'})",
	"PREPARE p AS SELECT 1",
	"EXECUTE p",
	"BEGIN",
	"COMMIT",
	/* several, none, hidden */
	"SELECT 1; SELECT 2",
	"SELECT 1; COPY (SELECT 1) TO '@/out.csv'",
	"SELECT 1;\n--\nATTACH '@/out.db'",
	"/* SELECT */ COPY (SELECT 1) TO '@/out.csv'",
	"-- SELECT\nCOPY (SELECT 1) TO '@/out.csv'",
	"(COPY (SELECT 1) TO '@/out.csv')",
	"SELECT ?",
	"SELECT $1",
	"",
	"   ;  ",
	"--",
	"/*",
	"\xff\xfe",
};

static void expand(char *out, size_t n, const char *sql)
{
	size_t len = 0;
	for (; *sql && len + PATH_MAX < n; sql++) {
		if (*sql == '@')
			len += (size_t)snprintf(out + len, n - len, "%s", store.dir);
		else
			out[len++] = *sql;
	}
	out[len] = '\0';
}

static void count_file(void *total, const char *dir);
static int count_each(void *ctx, const char *name, struct err *err)
{
	void **pair = ctx;
	char path[2 * PATH_MAX];
	struct io_info info;
	snprintf(path, sizeof(path), "%s/%s", (const char *)pair[1], name);
	if (io_stat(path, &info, err) != 1)
		return 0;
	if (info.is_dir)
		count_file(pair[0], path);
	else
		*(uint64_t *)pair[0] += 1000003 + info.size;
	return 0;
}

/* A sum over the files of the folder that a new, gone or changed one would change. */
static void count_file(void *total, const char *dir)
{
	struct err err;
	char copy[2 * PATH_MAX];
	snprintf(copy, sizeof(copy), "%s", dir);
	void *pair[2] = {total, copy};
	io_list(dir, count_each, pair, &err);
}

static void test_sql(void **state)
{
	char sql[8 * PATH_MAX];
	uint64_t before = 0, after = 0;
	(void)state;
	count_file(&before, store.dir);
	assert_true(before > 0);
	for (size_t i = 0; i < sizeof(attacks) / sizeof(attacks[0]); i++) {
		struct err err;
		int rc;
		expand(sql, sizeof(sql), attacks[i]);
		char *out = fake_sql(&store, sql, FORMAT_CSV, 0, &rc, &err);
		if (rc != -1 || strstr(out, canary) || strstr(err.text, canary) ||
			strstr(out, "root:"))
			fail_msg("not refused: %s\n%s", attacks[i], out);
		if (err.kind != ERR_USAGE && err.kind != ERR_ACCESS)
			fail_msg("%s: refused as %s: %s", attacks[i], err_kind_name(err.kind),
				err.text);
		free(out);
	}
	count_file(&after, store.dir);
	assert_int_equal(before, after);
}

/* What may be asked, but must not tell or do anything. */
static void test_silent(void **state)
{
	static const char *const questions[] = {
		"SELECT * FROM duckdb_secrets()",
		"SELECT * FROM which_secret('s3://x', 's3')",
		"SELECT name, value FROM duckdb_settings()",
		"SELECT * FROM duckdb_extensions() WHERE loaded",
		"SELECT * FROM duckdb_variables()",
		"SELECT * FROM duckdb_databases()",
		"SELECT * FROM duckdb_temporary_files()",
		"FROM enable_logging(level = 'trace', storage = 'file', storage_path = '@/out')",
	};
	char sql[8 * PATH_MAX];
	uint64_t before = 0, after = 0;
	(void)state;
	count_file(&before, store.dir);
	for (size_t i = 0; i < sizeof(questions) / sizeof(questions[0]); i++) {
		struct err err;
		int rc;
		expand(sql, sizeof(sql), questions[i]);
		char *out = fake_sql(&store, sql, FORMAT_CSV, 0, &rc, &err);
		if (rc != 0)
			fail_msg("%s: %s", questions[i], err.text);
		if (strstr(out, canary) || strstr(out, "httpfs"))
			fail_msg("%s tells: %s", questions[i], out);
		free(out);
	}
	count_file(&after, store.dir);
	assert_int_equal(before, after);
}

/* ---- with system calls ---------------------------------------------------------------------- */

static long do_open(const char *path, int flags)
{
	return open(path, flags | O_CLOEXEC, 0600);
}
static long try_passwd(void)
{
	return do_open("/etc/passwd", O_RDONLY);
}
static long try_catalog(void)
{
	return do_open(in_store("catalog.db"), O_RDONLY);
}
static long try_vault(void)
{
	return do_open(in_store("vault/src/000001.zst"), O_RDONLY);
}
static long try_folder(void)
{
	return do_open(store.dir, O_RDONLY | O_DIRECTORY);
}
static long try_link(void)
{
	return do_open(in_store("tables/link"), O_RDONLY);
}
static long try_up(void)
{
	return do_open(in_store("tables/../catalog.db"), O_RDONLY);
}
static long try_environ(void)
{
	return do_open("/proc/self/environ", O_RDONLY);
}
static long try_memory(void)
{
	return do_open("/proc/self/mem", O_RDWR);
}
static long try_write_table(void)
{
	return do_open(in_store("tables/bitbucket_audit_logs/000001.parquet"), O_WRONLY);
}
static long try_empty_table(void)
{
	return do_open(in_store("tables/bitbucket_audit_logs/000001.parquet"), O_RDONLY | O_TRUNC);
}
static long try_truncate(void)
{
	return truncate(in_store("tables/bitbucket_audit_logs/000001.parquet"), 0);
}
static long try_create(void)
{
	return do_open(in_store("tables/new"), O_RDWR | O_CREAT);
}
static long try_unlink(void)
{
	return unlink(in_store("tables/bitbucket_audit_logs/000001.parquet"));
}
static long try_chmod(void)
{
	return chmod(in_store("tables/bitbucket_audit_logs/000001.parquet"), 0777);
}
static long try_rename(void)
{
	char from[3 * PATH_MAX];
	snprintf(from, sizeof(from), "%s/inside", spill);
	if (do_open(from, O_RDWR | O_CREAT) < 0)
		return 0; /* must be possible */
	return rename(from, in_store("tables/inside"));
}
static long try_symlink(void)
{
	return symlink("/etc/passwd", in_store("spill/out"));
}
static long try_hard_link(void)
{
	return link(in_store("catalog.db"), in_store("spill/catalog"));
}
static long try_socket(void)
{
	return socket(AF_INET, SOCK_STREAM, 0);
}
static long try_socket6(void)
{
	return socket(AF_INET6, SOCK_DGRAM, 0);
}
static long try_socket_unix(void)
{
	return socket(AF_UNIX, SOCK_STREAM, 0);
}
static long try_netlink(void)
{
	return socket(AF_NETLINK, SOCK_RAW, 0);
}
static long try_fork(void)
{
	long pid = syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
	if (pid == 0)
		_exit(0);
	return pid;
}
static long try_exec(void)
{
	char name[] = "true", *argv[] = {name, NULL};
	return execve("/bin/true", argv, NULL);
}
static long try_ptrace(void)
{
	return ptrace(PTRACE_ATTACH, getppid(), 0, 0);
}
static long try_kill(void)
{
	return kill(getppid(), 0);
}
static long try_thread_kill(void)
{
	return syscall(SYS_tgkill, getppid(), getppid(), 0);
}
static long try_read_parent(void)
{
	return syscall(SYS_process_vm_readv, getppid(), NULL, 0, NULL, 0, 0);
}
static long try_owner(void)
{
	return fcntl(0, F_SETOWN, getppid());
}
static long try_terminal(void)
{
	return ioctl(0, TIOCSTI, "x");
}
static long try_code(void)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return p == MAP_FAILED ? -1 : 0;
}
static long try_shared(void)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return p == MAP_FAILED ? -1 : 0;
}
static long try_memfd(void)
{
	return memfd_create("x", 0);
}
static long try_ring(void)
{
	struct io_uring_params params;
	memset(&params, 0, sizeof(params));
	return syscall(SYS_io_uring_setup, 1, &params);
}
static long try_limit(void)
{
	struct rlimit limit = {0, 0};
	return setrlimit(RLIMIT_CORE, &limit);
}
static long try_parent_limit(void)
{
	struct rlimit limit;
	return prlimit(getppid(), RLIMIT_DATA, NULL, &limit);
}
static long try_dumpable(void)
{
	return prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
}
static long try_mount(void)
{
	return mount("none", store.dir, "tmpfs", 0, NULL);
}
static long try_unshare(void)
{
	return unshare(CLONE_NEWUSER);
}
static long try_keys(void)
{
	return syscall(SYS_keyctl, 0, -3, 0, 0, 0);
}
static long try_bpf(void)
{
	return syscall(SYS_bpf, 0, NULL, 0);
}
static long try_memory_limit(void)
{
	void *p = mmap(NULL, 128 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return p == MAP_FAILED ? -1 : 0;
}

static const struct {
	const char *name;
	long (*attempt)(void);
	int expected; /* errno; 0 = EPERM or EACCES */
} attempts[] = {
	{"read /etc/passwd", try_passwd, EACCES},
	{"read the catalog", try_catalog, EACCES},
	{"read the vault", try_vault, EACCES},
	{"list the data folder", try_folder, EACCES},
	{"follow a symlink out of tables/", try_link, EACCES},
	{"climb out of tables/", try_up, EACCES},
	{"read the environment", try_environ, EACCES},
	{"open its own memory", try_memory, EACCES},
	{"write to a table", try_write_table, EACCES},
	{"empty a table by open", try_empty_table, 0},
	{"empty a table by truncate", try_truncate, EPERM},
	{"create in tables/", try_create, EACCES},
	{"unlink in tables/", try_unlink, EACCES},
	{"chmod a table", try_chmod, EPERM},
	{"rename into tables/", try_rename, EACCES},
	{"make a symlink", try_symlink, EPERM},
	{"make a hard link", try_hard_link, EPERM},
	{"TCP socket", try_socket, EPERM},
	{"UDP socket", try_socket6, EPERM},
	{"unix socket", try_socket_unix, EPERM},
	{"netlink socket", try_netlink, EPERM},
	{"fork", try_fork, EPERM},
	{"exec", try_exec, EPERM},
	{"ptrace", try_ptrace, EPERM},
	{"signal the parent", try_kill, EPERM},
	{"signal the parent's thread", try_thread_kill, EPERM},
	{"read the parent's memory", try_read_parent, EPERM},
	{"signals by descriptor", try_owner, EPERM},
	{"type into the terminal", try_terminal, ENOTTY},
	{"new code", try_code, EPERM},
	{"shared memory", try_shared, EPERM},
	{"memory file", try_memfd, EPERM},
	{"io_uring", try_ring, EPERM},
	{"set a limit", try_limit, EPERM},
	{"read the parent's limit", try_parent_limit, EPERM},
	{"become dumpable", try_dumpable, EPERM},
	{"mount", try_mount, EPERM},
	{"new namespace", try_unshare, EPERM},
	{"keyring", try_keys, EPERM},
	{"bpf", try_bpf, EPERM},
	{"more memory than the limit", try_memory_limit, ENOMEM},
};

static struct sandbox test_sandbox(void)
{
	static char tables[2 * PATH_MAX];
	snprintf(tables, sizeof(tables), "%s", in_store("tables"));
	return (struct sandbox){
		.read_dir = tables, .write_dir = spill, .memory = 64 << 20, .spill = 1 << 20};
}

/* Runs `attempt` in a sandboxed child; its errno, 0 where it succeeded, 255 where there was no
 * sandbox. */
static int inside(long (*attempt)(void))
{
	struct sandbox sandbox = test_sandbox();
	int status;
	pid_t pid = fork();
	if (pid == 0) {
		struct err err;
		if (sandbox_limit(&sandbox, &err) != 0 || sandbox_enter(&sandbox, &err) != 0)
			_exit(255);
		errno = 0;
		_exit(attempt() < 0 ? errno : 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 256 + WTERMSIG(status);
}

static void test_calls(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(attempts) / sizeof(attempts[0]); i++) {
		int got = inside(attempts[i].attempt), want = attempts[i].expected;
		if (want ? got != want : got != EPERM && got != EACCES)
			fail_msg("%s: %d (%s)", attempts[i].name, got, strerror(got));
	}
}

static void *thread_body(void *arg)
{
	return arg;
}
static long use_what_is_allowed(void)
{
	pthread_t thread;
	char byte, path[3 * PATH_MAX];
	int fd = open(in_store("tables/bitbucket_audit_logs/000001.parquet"), O_RDONLY);
	if (fd < 0 || pread(fd, &byte, 1, 0) != 1)
		return -1;
	snprintf(path, sizeof(path), "%s/file", spill);
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
	if (fd < 0 || pwrite(fd, "x", 1, 0) != 1 || ftruncate(fd, 0) != 0 || unlink(path) != 0)
		return -1;
	void *memory =
		mmap(NULL, 16 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED)
		return -1;
	errno = pthread_create(&thread, NULL, thread_body, NULL);
	return errno || pthread_join(thread, NULL) ? -1 : 0;
}

/* Walls that refuse everything would pass the tests above. */
static void test_allowed(void **state)
{
	(void)state;
	assert_int_equal(inside(use_what_is_allowed), 0);
}

static void test_without_landlock(void **state)
{
	struct err err;
	int rc;
	(void)state;
	setenv("PUGMARK_LANDLOCK", "off", 1);
	char *out = fake_sql(&store, "SELECT 1", FORMAT_CSV, 0, &rc, &err);
	unsetenv("PUGMARK_LANDLOCK");
	assert_int_equal(rc, -1);
	assert_int_equal(err.kind, ERR_UNSUPPORTED);
	assert_non_null(strstr(err.text, "Landlock"));
	assert_string_equal(out, "");
	free(out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sql),
		cmocka_unit_test(test_silent),
		cmocka_unit_test(test_calls),
		cmocka_unit_test(test_allowed),
		cmocka_unit_test(test_without_landlock),
	};
	return cmocka_run_group_tests(tests, open_store, close_store);
}
