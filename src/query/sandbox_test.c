/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sandbox_test.c: a test that tries to break out: first with SQL, through every wall, then with
 * system calls from inside the sandbox, as code would that had taken over DuckDB.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "query/fake_store.h"
#include "query/sandbox.h"
#include "query/sandbox_attempts.h"

static const char canary[] = "canary-7f3a";

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

/* What each version of Landlock knows (Documentation/userspace-api/landlock.rst): a kernel refuses
 * the whole rule set where it finds one bit more, so each must be asked for no more than it has. */
static void test_rules_of_versions(void **state)
{
	static const struct {
		int version;
		uint64_t fs, net, scoped;
		size_t size;
	} rows[] = {
		{1, 0x1fff, 0, 0, 8},   /* Linux 5.13 */
		{2, 0x3fff, 0, 0, 8},   /* 5.19, Debian 12's 6.1: moving between folders */
		{3, 0x7fff, 0, 0, 8},   /* 6.2: truncating */
		{4, 0x7fff, 3, 0, 16},  /* 6.7: TCP */
		{5, 0xffff, 3, 0, 16},  /* 6.10: ioctl of devices */
		{6, 0xffff, 3, 3, 24},  /* 6.12: abstract sockets, signals */
		{99, 0xffff, 3, 3, 24}, /* what we do not know is not asked for */
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct landlock_rules rules;
		size_t size = sandbox_rules(rows[i].version, &rules);
		if (size != rows[i].size || rules.fs != rows[i].fs || rules.net != rows[i].net ||
			rules.scoped != rows[i].scoped)
			fail_msg("version %d", rows[i].version);
	}
}

/* Older kernels: what their Landlock does not watch over, the filter of system calls must. */
static void test_older_versions(void **state)
{
	setenv("PUGMARK_LANDLOCK", "off", 1);
	assert_int_equal(sandbox_landlock(), 0);
	unsetenv("PUGMARK_LANDLOCK");
	int newest = sandbox_landlock();
	const char *longer = getenv("LONG");
	assert_true(newest >= 1);
	for (int version = 1; version < newest && version <= 6; version++) {
		char text[16];
		snprintf(text, sizeof(text), "%d", version);
		setenv("PUGMARK_LANDLOCK", text, 1);
		assert_int_equal(sandbox_landlock(), version);
		test_calls(state);
		test_allowed(state);
		if (version <= 2 && longer && *longer) {
			test_sql(state);
			test_silent(state);
		}
	}
	unsetenv("PUGMARK_LANDLOCK");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rules_of_versions),
		cmocka_unit_test(test_older_versions),
		cmocka_unit_test(test_sql),
		cmocka_unit_test(test_silent),
		cmocka_unit_test(test_calls),
		cmocka_unit_test(test_allowed),
		cmocka_unit_test(test_without_landlock),
	};
	return cmocka_run_group_tests(tests, open_store, close_store);
}
