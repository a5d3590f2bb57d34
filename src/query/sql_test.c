/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sql_test.c: queries through the whole way, child and all: every type, the views, errors, limits
 * and Ctrl-C.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <pthread.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "query/fake_store.h"

static struct store store;
static char spill_root[PATH_MAX];

static int open_store(void **state)
{
	(void)state;
	fake_open(&store);
	snprintf(spill_root, sizeof(spill_root), "/tmp/query-spill-XXXXXX");
	if (!mkdtemp(spill_root))
		return -1;
	return setenv("TMPDIR", spill_root, 1);
}

static int close_store(void **state)
{
	(void)state;
	fake_close(&store);
	return rmdir(spill_root); /* each query must have removed its folder */
}

/* ---- values --------------------------------------------------------------------------------- */

static const struct {
	const char *expression, *json;
} values[] = {
	{"NULL", "null"},
	{"true", "true"},
	{"(-128)::TINYINT", "-128"},
	{"255::UTINYINT", "255"},
	{"(-32768)::SMALLINT", "-32768"},
	{"65535::USMALLINT", "65535"},
	{"(-2147483648)::INTEGER", "-2147483648"},
	{"4294967295::UINTEGER", "4294967295"},
	{"(-9223372036854775808)::BIGINT", "-9223372036854775808"},
	{"9007199254740993::BIGINT", "9007199254740993"},
	{"18446744073709551615::UBIGINT", "18446744073709551615"},
	{"(-170141183460469231731687303715884105728)::HUGEINT",
		"-170141183460469231731687303715884105728"},
	{"170141183460469231731687303715884105727::HUGEINT",
		"170141183460469231731687303715884105727"},
	{"340282366920938463463374607431768211455::UHUGEINT",
		"340282366920938463463374607431768211455"},
	{"0.1::DOUBLE", "0.1"},
	{"1e300::DOUBLE", "1e+300"},
	{"5::DOUBLE", "5.0"},
	{"0.1::FLOAT", "0.1"},
	{"'nan'::DOUBLE", "\"nan\""},
	{"'-inf'::FLOAT", "\"-inf\""},
	{"1.50::DECIMAL(4,2)", "1.50"},
	{"(-0.05)::DECIMAL(9,2)", "-0.05"},
	{"123456789012345.678::DECIMAL(18,3)", "123456789012345.678"},
	{"(-12345678901234567890123456789012345678)::DECIMAL(38,0)",
		"-12345678901234567890123456789012345678"},
	{"0.00000000000000000000000000000000000001::DECIMAL(38,38)",
		"0.00000000000000000000000000000000000001"},
	{"'short'", "\"short\""},
	{"'longer than twelve bytes'", "\"longer than twelve bytes\""},
	{"'a' || chr(27) || chr(10) || '\"\\'", "\"a\\u001b\\n\\\"\\\\\""},
	{"''", "\"\""},
	{"'\\x00\\xFF'::BLOB", "\"00ff\""},
	{"'10101'::BIT", "\"10101\""},
	{"'0123456789ABCDEF0123456789ABCDEF'::UUID", "\"01234567-89ab-cdef-0123-456789abcdef\""},
	{"'ffffffff-ffff-ffff-ffff-ffffffffffff'::UUID",
		"\"ffffffff-ffff-ffff-ffff-ffffffffffff\""},
	{"DATE '2024-02-29'", "\"2024-02-29\""},
	{"DATE '0001-01-01'", "\"0001-01-01\""},
	{"'infinity'::DATE", "\"infinity\""},
	{"TIME '23:59:59.000001'", "\"23:59:59.000001\""},
	{"TIMETZ '12:00:00+05:30'", "\"12:00:00.000000+05:30\""},
	{"TIMETZ '12:00:00-08'", "\"12:00:00.000000-08:00\""},
	{"TIMESTAMP '2022-02-12 00:00:07.41'", "\"2022-02-12T00:00:07.410000Z\""},
	{"TIMESTAMPTZ '2022-02-12 02:00:07+02'", "\"2022-02-12T00:00:07.000000Z\""},
	{"TIMESTAMP '1969-12-31 23:59:59.999999'", "\"1969-12-31T23:59:59.999999Z\""},
	{"TIMESTAMP_S '2022-02-12 00:00:07'", "\"2022-02-12T00:00:07Z\""},
	{"TIMESTAMP_MS '2022-02-12 00:00:07.41'", "\"2022-02-12T00:00:07.410Z\""},
	{"TIMESTAMP_NS '2022-02-12 00:00:07.123456789'", "\"2022-02-12T00:00:07.123456789Z\""},
	{"'infinity'::TIMESTAMP", "\"infinity\""},
	{"'-infinity'::TIMESTAMPTZ", "\"-infinity\""},
	{"INTERVAL '14 months 3 days 4 hours'", "\"1 year 2 months 3 days 04:00:00.000000\""},
	{"INTERVAL '-90 seconds'", "\"-00:01:30.000000\""},
	{"INTERVAL '0 days'", "\"00:00:00.000000\""},
	{"'b'::ENUM('a', 'b')", "\"b\""},
	{"[]::INTEGER[]", "[]"},
	{"[1, NULL, 3]", "[1,null,3]"},
	{"[['a'], [], NULL]", "[[\"a\"],[],null]"},
	{"array_value(1, 2, 3)", "[1,2,3]"},
	{"[array_value('a', 'b'), array_value('c', NULL)]", "[[\"a\",\"b\"],[\"c\",null]]"},
	{"{'a': 1, 'b': 'x\"y', 'c': NULL}", "{\"a\":1,\"b\":\"x\\\"y\",\"c\":null}"},
	{"{'t': TIMESTAMPTZ '2022-02-12 00:00:07+00', 'u': [DATE '2020-01-01']}",
		"{\"t\":\"2022-02-12T00:00:07.000000Z\",\"u\":[\"2020-01-01\"]}"},
	{"row(1, 'a')", "[1,\"a\"]"},
	{"MAP {'k': 1, 'l\"': NULL}", "{\"k\":1,\"l\\\"\":null}"},
	{"MAP {1: [true]}", "{\"1\":[true]}"},
	{"union_value(num := 2)", "2"},
	{"[union_value(str := 'a')]", "[\"a\"]"},
	{"'{\"a\": [1, 2.50]}'::JSON", "{\"a\": [1, 2.50]}"},
	{"['{\"a\":1}'::JSON]", "[{\"a\":1}]"},
#define V4                                                                                         \
	"'\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\xff\\xff\\x0a\\x01\\x80\\x05'::BLOB"
#define V6                                                                                         \
	"'\\x20\\x01\\x0d\\xb8\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x01'::BLOB"
	{"in_network(" V4 ", '10.0.0.0/8')", "true"},
	{"in_network(" V4 ", '10.1.128.0/17')", "true"},
	{"in_network(" V4 ", '10.1.0.0/17')", "false"},
	{"in_network(" V4 ", '10.1.128.5')", "true"},
	{"in_network(" V4 ", '10.1.128.4/31')", "true"},
	{"in_network(" V4 ", '10.1.128.4')", "false"},
	{"in_network(" V4 ", '0.0.0.0/0')", "true"},
	{"in_network(" V4 ", '::/0')", "true"},
	{"in_network(" V4 ", '2001:db8::/32')", "false"},
	{"in_network(" V6 ", '2001:db8::/32')", "true"},
	{"in_network(" V6 ", '2001:db9::/32')", "false"},
	{"in_network(" V6 ", '0.0.0.0/0')", "false"},
	{"in_network(NULL, '10.0.0.0/8')", "null"},
	{"in_network(" V4 ", NULL)", "null"},
	{"in_network('ab'::BLOB, '0.0.0.0/0')", "false"},
	{"repeat('ab', 3)", "\"ababab\""},
	{"'\xef\xbb\xbf\xe2\x80\xae'", "\"\\ufeff\\u202e\""},
};

static void test_values(void **state)
{
	struct buf sql, expected;
	struct err err;
	int rc;
	(void)state;
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i += 32) {
		buf_init(&sql, 1 << 20);
		buf_init(&expected, 1 << 20);
		for (size_t k = i; k < i + 32 && k < sizeof(values) / sizeof(values[0]); k++) {
			buf_printf(&sql, "%s%s AS c%zu", k > i ? ", " : "SELECT ",
				values[k].expression, k);
			buf_printf(
				&expected, "%s\"c%zu\":%s", k > i ? "," : "{", k, values[k].json);
		}
		buf_puts(&expected, "}\n");
		buf_push(&sql, '\0');
		buf_push(&expected, '\0');
		char *out = fake_sql(&store, sql.ptr, FORMAT_NDJSON, 0, &rc, &err);
		if (rc != 0)
			fail_msg("%s: %s", sql.ptr, err.text);
		assert_string_equal(out, expected.ptr);
		free(out);
		buf_fini(&sql);
		buf_fini(&expected);
	}
}

/* ---- questions and their answers ------------------------------------------------------------ */

static const struct {
	const char *sql;
	enum query_format format;
	const char *expected; /* the whole output, or NULL: then `part` is in it */
	const char *part;
} questions[] = {
	{"SELECT 1 AS a", FORMAT_TABLE, "a\n-\n1\n", NULL},
	{"FROM (VALUES (1), (2)) t(a) ORDER BY a", FORMAT_CSV, "a\r\n1\r\n2\r\n", NULL},
	{"  -- a comment\n /* and /* another */ */ SELECT 1 AS a;", FORMAT_CSV, "a\r\n1\r\n", NULL},
	{"(SELECT 1 AS a)", FORMAT_CSV, "a\r\n1\r\n", NULL},
	{"WITH t AS (SELECT 1 AS a) SELECT * FROM t", FORMAT_CSV, "a\r\n1\r\n", NULL},
	{"SHOW TABLES", FORMAT_CSV,
		"name\r\natlassian_org_events\r\nbitbucket_audit_logs\r\nconfluence_audit_logs\r\n"
		"events\r\njira_audit_logs\r\nrejects\r\nsegments\r\nsources\r\ntables\r\n"
		"third_party_alerts\r\n",
		NULL},
	{"SELECT count(*) AS n FROM bitbucket_audit_logs", FORMAT_CSV, "n\r\n3\r\n", NULL},
	{"SELECT count(*) AS n FROM jira_audit_logs", FORMAT_CSV, "n\r\n0\r\n", NULL},
	{"SELECT table_name, actor FROM events ORDER BY event_time DESC", FORMAT_CSV,
		"table_name,actor\r\nbitbucket_audit_logs,user1\r\nbitbucket_audit_logs,user0\r\n",
		NULL},
	{"SELECT event_id, event_time, ip_bytes, targets, affected_objects, extra, secondary "
	 "FROM bitbucket_audit_logs WHERE ip = '10.0.0.2'",
		FORMAT_NDJSON,
		"{\"event_id\":\"00000000-0000-4000-8000-000000000002\","
		"\"event_time\":\"2022-02-12T00:00:07.410002Z\","
		"\"ip_bytes\":\"00000000000000000000ffff0a000001\","
		"\"targets\":[\"scripts\",\"TLA\"],"
		"\"affected_objects\":[{\"id\":\"1\",\"type\":\"PROJECT\"}],"
		"\"extra\":{\"new\":2},\"secondary\":true}\n",
		NULL},
	{"SELECT extra->>'new' AS n FROM events WHERE list_contains(targets, 'TLA') ORDER BY n",
		FORMAT_CSV, "n\r\n0\r\n1\r\n", NULL},
	{"DESCRIBE jira_audit_logs", FORMAT_CSV, NULL, "\r\nevent_time,TIMESTAMP WITH TIME ZONE,"},
	{"DESCRIBE jira_audit_logs", FORMAT_CSV, NULL, "\r\nassociated_items,\"STRUCT("},
	{"DESCRIBE atlassian_org_events", FORMAT_CSV, NULL,
		"\r\nprocessed_at,TIMESTAMP WITH TIME ZONE,"},
	{"SELECT c.attributes->>'siteName' AS n FROM atlassian_org_events, unnest(context) t(c)",
		FORMAT_CSV, "n\r\n", NULL},
	{"SELECT s.login_time > event_time AS n FROM third_party_alerts, unnest(sessions) t(s)",
		FORMAT_CSV, "n\r\n", NULL},
	{"SUMMARIZE SELECT actor FROM events", FORMAT_CSV, NULL, "actor,VARCHAR,user0,user1,"},
	{"EXPLAIN SELECT actor FROM events", FORMAT_TABLE, NULL, "READ_PARQUET"},
	{"SELECT source, \"rows\", first_received, oldest_raw FROM sources", FORMAT_NDJSON,
		"{\"source\":\"src\",\"rows\":18446744073709551615,"
		"\"first_received\":\"2023-11-14T22:13:20.000000Z\",\"oldest_raw\":null}\n",
		NULL},
	{"SELECT id, input, max_time, compacted FROM segments ORDER BY id LIMIT 1", FORMAT_NDJSON,
		"{\"id\":1,\"input\":\"a\\u001b[31m.json\",\"max_time\":null,\"compacted\":false}"
		"\n",
		NULL},
	{"SELECT id, reason, lines FROM rejects", FORMAT_NDJSON,
		"{\"id\":7,\"reason\":\"no \\\"JSON\\\"\xef\xbf\xbd\",\"lines\":2}\n", NULL},
	{"SELECT id FROM query_table('REJ' || 'ECTS')", FORMAT_CSV, "id\r\n7\r\n", NULL},
	{"SELECT table_name, rows FROM tables", FORMAT_CSV,
		"table_name,rows\r\nbitbucket_audit_logs,3\r\n", NULL},
	{"SELECT count(*) AS n FROM bitbucket_audit_logs WHERE in_network(ip_bytes, '10.0.0.1')",
		FORMAT_CSV, "n\r\n3\r\n", NULL},
	{"SELECT count(*) AS n FROM Bitbucket_Audit_LOGS", FORMAT_CSV, "n\r\n3\r\n", NULL},
	{"SELECT count(*) AS n FROM query_table('bitbucket_' || 'audit_logs')", FORMAT_CSV,
		"n\r\n3\r\n", NULL},
	{"SELECT count(*) AS n FROM query('from ev' || 'ents')", FORMAT_CSV, "n\r\n2\r\n", NULL},
	{"SELECT column_name FROM information_schema.columns WHERE column_name IN "
	 "('changed_values', "
	 "'input_offset') AND table_name LIKE '%e%t%' ORDER BY ALL",
		FORMAT_CSV, "column_name\r\nchanged_values\r\nchanged_values\r\ninput_offset\r\n",
		NULL},
	{"SELECT current_setting('TimeZone') AS z", FORMAT_CSV, "z\r\nUTC\r\n", NULL},
};

static void test_questions(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(questions) / sizeof(questions[0]); i++) {
		struct err err;
		int rc;
		char *out = fake_sql(&store, questions[i].sql, questions[i].format, 0, &rc, &err);
		if (rc != 0)
			fail_msg("%s: %s", questions[i].sql, err.text);
		if (questions[i].expected ? strcmp(out, questions[i].expected) != 0
					  : !strstr(out, questions[i].part))
			fail_msg("%s:\n%s", questions[i].sql, out);
		free(out);
	}
}

static void test_rejects_are_not_fetched(void **state)
{
	struct err err;
	int rc;
	(void)state;
	unsigned before = store.reject_calls;
	free(fake_sql(&store, "SELECT actor FROM events", FORMAT_CSV, 0, &rc, &err));
	assert_int_equal(rc, 0);
	assert_int_equal(store.reject_calls, before);
	free(fake_sql(&store, "SELECT * FROM \"Rejects\"", FORMAT_CSV, 0, &rc, &err));
	assert_int_equal(rc, 0);
	assert_int_equal(store.reject_calls, before + 1);
}

/* Every value of a list column that Parquet stores as a dictionary, over several chunks. */
static void test_nested_dictionary(void **state)
{
	char sql[2 * PATH_MAX], path[PATH_MAX + 64];
	struct store copy = store;
	struct err err;
	int rc;
	(void)state;
	snprintf(path, sizeof(path), "%s/tables/bitbucket_audit_logs/big.parquet", store.dir);
	snprintf(sql, sizeof(sql),
		"COPY (SELECT " SYS_SQL ", [{'id': 'id' || (i %% 7), 'type': CASE WHEN i %% 3 = 0 "
		"THEN NULL ELSE 'a type longer than twelve ' || (i %% 5) END}, {'id': NULL, "
		"'type': "
		"'x'}] AS affected_objects FROM range(3, 10003) t(i)) TO '%s' (FORMAT parquet)",
		path);
	const char *statement = sql;
	duck_make(&statement, 1);
	copy.segments[copy.nsegments++] = (struct segment_info){
		.id = 3, .table = "bitbucket_audit_logs", .source = "src", .path = path};
	char *out = fake_sql(&copy,
		"SELECT a.affected_objects AS a, to_json(a.affected_objects) AS b FROM "
		"bitbucket_audit_logs a WHERE actor_id::INTEGER >= 3",
		FORMAT_NDJSON, 0, &rc, &err);
	if (rc != 0)
		fail_msg("%s", err.text);
	unsigned rows = 0;
	for (char *line = out, *end; (end = strchr(line, '\n')) != NULL; line = end + 1, rows++) {
		char *middle = memmem(line, (size_t)(end - line), ",\"b\":", 5);
		assert_non_null(middle);
		size_t n = (size_t)(middle - line) - 5;
		assert_int_equal((size_t)(end - middle) - 6, n);
		assert_memory_equal(line + 5, middle + 5, n);
	}
	assert_int_equal(rows, 10000);
	free(out);
	unlink(path);
}

/* ---- errors and limits ---------------------------------------------------------------------- */

static const struct {
	const char *sql;
	enum err_kind kind;
	const char *part;
} errors[] = {
	{"SELECT actr FROM events", ERR_USAGE, "actor"},
	{"SELECT * FROM nope", ERR_USAGE, "nope"},
	{"SELEC 1", ERR_USAGE, "SELEC is refused"},
	{"SELECT 1 +", ERR_USAGE, "syntax error"},
	{"SELECT 'a\x1b[31m'::INTEGER", ERR_USAGE, "a\\x1b[31m"},
	{"SELECT 1; SELECT 2", ERR_USAGE, "more than one statement"},
	{"SELECT i / 0, error('at row ' || i) FROM range(10000) t(i) WHERE i > 5000", ERR_USAGE,
		"at row 5001"},
	{"SELECT in_network(" V4 ", '10.0.0.0/33')", ERR_USAGE, "is no network"},
	{"SELECT in_network(" V4 ", 'x')", ERR_USAGE, "is no network"},
	{"SELECT in_network(" V4 ", '')", ERR_USAGE, "is no network"},
	{"SELECT in_network(ip_bytes, '1.2.3.4/-1') FROM events", ERR_USAGE, "is no network"},
	{"SELECT '1'::BIGNUM", ERR_UNSUPPORTED, "cast the column to VARCHAR"},
	{"SELECT repeat('x', 2000000000)", ERR_LIMIT, "more memory than"},
	{"SELECT length(repeat('x', 2000000000))", ERR_LIMIT, "more memory than"},
	{"SELECT list(i) FROM range(100000000) t(i)", ERR_LIMIT, "more memory than"},
	{"SELECT repeat('x', 34000000), repeat('y', 34000000)", ERR_LIMIT, "64 MiB"},
};

static void test_errors(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		struct err err;
		int rc;
		char *out = fake_sql(&store, errors[i].sql, FORMAT_CSV, 0, &rc, &err);
		if (rc != -1 || err.kind != errors[i].kind || !strstr(err.text, errors[i].part))
			fail_msg("%s: %d %s: %s\n%.100s", errors[i].sql, rc,
				err_kind_name(err.kind), err.text, out);
		free(out);
	}
}

static int run_limited(const char *sql, const struct sql_options *options,
	struct sql_result *result, struct err *err)
{
	char *text = NULL;
	size_t n = 0;
	FILE *out = open_memstream(&text, &n);
	int rc = sql_run(&store, sql, options, out, result, err);
	(void)fclose(out);
	free(text);
	return rc;
}

static const char *const endless[] = {
	"WITH RECURSIVE t AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM t) SELECT count(*) FROM t",
	"SELECT count(*) FROM range(1000000000000) WHERE random() < 0",
};

static void test_time_limit(void **state)
{
	struct sql_options options = {.format = FORMAT_CSV, .seconds = 1, .threads = 1};
	struct sql_result result;
	struct err err;
	(void)state;
	for (size_t i = 0; i < sizeof(endless) / sizeof(endless[0]); i++) {
		assert_int_equal(run_limited(endless[i], &options, &result, &err), -1);
		assert_int_equal(err.kind, ERR_LIMIT);
		assert_non_null(strstr(err.text, "1 second"));
		assert_true(result.elapsed_us >= 1000000 && result.elapsed_us < 4000000);
	}
}

static void *stop_soon(void *flag)
{
	usleep(300000);
	*(volatile int *)flag = 1;
	return NULL;
}

static void test_stop(void **state)
{
	volatile int stop = 0;
	struct sql_options options = {.format = FORMAT_CSV, .threads = 1, .stop = &stop};
	struct sql_result result;
	struct err err;
	pthread_t thread;
	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, stop_soon, (void *)(uintptr_t)&stop), 0);
	assert_int_equal(run_limited(endless[0], &options, &result, &err), -1);
	pthread_join(thread, NULL);
	assert_int_equal(err.kind, ERR_INTERRUPTED);
	assert_true(result.elapsed_us < 3000000);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* the child is reaped */
}

static void test_cut(void **state)
{
	struct sql_options options = {.format = FORMAT_TABLE, .max_rows = 10};
	struct sql_result result;
	struct err err;
	(void)state;
	assert_int_equal(run_limited("FROM range(1000000000000)", &options, &result, &err), 0);
	assert_int_equal(result.rows, 10);
	assert_true(result.cut);
	assert_int_equal(run_limited("FROM range(10)", &options, &result, &err), 0);
	assert_int_equal(result.rows, 10);
	assert_false(result.cut);
}

/* Rows stream: the child's memory bounds what it holds, not what it sends. */
static void test_stream(void **state)
{
	struct sql_options options = {
		.format = FORMAT_CSV, .memory_bytes = 64 << 20, .threads = 1, .seconds = 60};
	struct sql_result result;
	struct err err;
	FILE *out = fopen("/dev/null", "we");
	(void)state;
	int rc = sql_run(&store, "SELECT i, repeat('x', 1000) FROM range(200000) t(i)", &options,
		out, &result, &err);
	(void)fclose(out);
	if (rc != 0)
		fail_msg("%s", err.text);
	assert_int_equal(result.rows, 200000);
}

static void test_damaged_file(void **state)
{
	struct store copy = store;
	struct err err;
	char path[PATH_MAX + 64];
	int rc;
	(void)state;
	snprintf(path, sizeof(path), "%s/tables/bitbucket_audit_logs/bad.parquet", store.dir);
	assert_int_equal(io_write_file(path, "PAR1 nothing PAR1", 17, 0600, &err), 0);
	copy.segments[copy.nsegments++] = (struct segment_info){
		.id = 3, .table = "bitbucket_audit_logs", .source = "src", .path = path};
	free(fake_sql(&copy, "SELECT count(*) FROM events", FORMAT_CSV, 0, &rc, &err));
	assert_int_equal(rc, -1);
	assert_int_equal(err.kind, ERR_DAMAGED);
	assert_non_null(strstr(err.text, "bad.parquet"));
	unlink(path);
}

static void test_empty_store(void **state)
{
	struct store empty;
	struct err err;
	int rc;
	(void)state;
	memset(&empty, 0, sizeof(empty));
	snprintf(empty.dir, sizeof(empty.dir), "%s", spill_root);
	char *out = fake_sql(&empty, "SELECT count(*) AS n FROM events", FORMAT_CSV, 0, &rc, &err);
	if (rc != 0)
		fail_msg("%s", err.text);
	assert_string_equal(out, "n\r\n0\r\n");
	free(out);
}

static void test_library(void **state)
{
	struct err err;
	int rc;
	char *named = strdup(getenv("PUGMARK_LIBDUCKDB"));
	(void)state;
	setenv("PUGMARK_LIBDUCKDB", "/nowhere/libduckdb.so", 1);
	free(fake_sql(&store, "SELECT 1", FORMAT_CSV, 0, &rc, &err));
	assert_int_equal(rc, -1);
	assert_int_equal(err.kind, ERR_UNSUPPORTED);
	assert_non_null(strstr(err.text, "/nowhere/libduckdb.so"));
	setenv("PUGMARK_LIBDUCKDB", "/etc/passwd", 1);
	free(fake_sql(&store, "SELECT 1", FORMAT_CSV, 0, &rc, &err));
	assert_int_equal(rc, -1);
	assert_int_equal(err.kind, ERR_UNSUPPORTED);
	setenv("PUGMARK_LIBDUCKDB", named, 1);
	free(named);
}

/* A folder that a killed process left is removed by the next query, a living one's is not. */
static void test_left_over(void **state)
{
	char dead[PATH_MAX + 64], alive[PATH_MAX + 64], file[PATH_MAX + 128];
	struct err err;
	struct stat info;
	int rc, status;
	(void)state;
	pid_t pid = fork();
	if (pid == 0)
		_exit(0);
	waitpid(pid, &status, 0);
	snprintf(dead, sizeof(dead), "%s/pugmark-sql-%d-abcdef", spill_root, (int)pid);
	snprintf(alive, sizeof(alive), "%s/pugmark-sql-1-abcdef", spill_root);
	snprintf(file, sizeof(file), "%s/duckdb_temp_storage-0.tmp", dead);
	assert_int_equal(mkdir(dead, 0700), 0);
	assert_int_equal(mkdir(alive, 0700), 0);
	assert_int_equal(io_write_file(file, "x", 1, 0600, &err), 0);
	free(fake_sql(&store, "SELECT 1", FORMAT_CSV, 0, &rc, &err));
	assert_int_equal(rc, 0);
	assert_int_equal(stat(dead, &info), -1);
	assert_int_equal(stat(alive, &info), 0);
	rmdir(alive);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_questions),
		cmocka_unit_test(test_rejects_are_not_fetched),
		cmocka_unit_test(test_nested_dictionary),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_time_limit),
		cmocka_unit_test(test_stop),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_stream),
		cmocka_unit_test(test_damaged_file),
		cmocka_unit_test(test_empty_store),
		cmocka_unit_test(test_library),
		cmocka_unit_test(test_left_over),
	};
	return cmocka_run_group_tests(tests, open_store, close_store);
}
