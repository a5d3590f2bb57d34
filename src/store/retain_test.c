/* SPDX-License-Identifier: Apache-2.0 */
/* retain_test.c: retention drops whole days from tables, identities and vault, keeps what shares a
 * frame with them, and survives being stopped at any point. */
#include <sys/stat.h>
#include <sys/wait.h>

#include "store/rewrite.h"
#include "store/test_lake.h"
#include "store/test_store.h"

/* Events [FIRST, FIRST + N): those before number MIDNIGHT are of one day, the others of the next. */
enum { FIRST = 7200, N = 700, MIDNIGHT = 7530, CUT = 50, KEEP_DAYS = 10 };
#define DAY_US INT64_C(86400000000)

static void set_now(int64_t us)
{
	char text[32];
	snprintf(text, sizeof(text), "%lld", (long long)us);
	setenv("PUGMARK_NOW", text, 1);
}

/* The first moment at which the earlier day has expired. */
static int64_t expiry(void)
{
	return (lake_time(MIDNIGHT) / DAY_US + KEEP_DAYS) * DAY_US;
}

static uint64_t send(struct store *store, const char *source, uint32_t first, uint32_t n)
{
	struct err err;
	struct lake_send plan = {.source = source,
		.container = "log",
		.kind = CONTAINER_DISJOINT,
		.first = first,
		.n = n,
		.per_batch = CUT,
		.batches = 3,
		.rejects = n < 1000};
	if (lake_send(store, &plan, &err) < 0)
		fail_msg("send: %s", err.text);
	return plan.stored;
}

static struct store *make_store(const char *dir)
{
	struct store *store = test_open(dir, STORE_WRITE);
	assert_int_equal(send(store, "one", FIRST, 300), 300);
	assert_int_equal(send(store, "two", FIRST + 300, N - 300), N - 300);
	return store;
}

/* Events without a time go by when they came, which is later than all days here. */
static bool expires(uint32_t n)
{
	return n < MIDNIGHT && n % LAKE_NO_TIME != 0;
}

static uint32_t count_expired(void)
{
	uint32_t n = 0;
	for (uint32_t i = FIRST; i < FIRST + N; i++)
		n += expires(i);
	return n;
}

static void tell_damage(void *ctx, const char *file, const char *what)
{
	(void)ctx;
	print_error("damaged: %s %s\n", file, what);
}

/* All are there, or all but the expired ones; 1 = without them. */
static bool assert_stored(struct store *store, const char *when)
{
	struct err err;
	uint64_t rows, damaged = 0;
	uint32_t *counts = xcalloc(FIRST + N, sizeof(*counts));
	if (lake_read(store, counts, FIRST + N, &rows, &err) < 0)
		fail_msg("%s: reading back: %s", when, err.text);
	if (store_verify(store, tell_damage, NULL, NULL, &damaged, &err) < 0)
		fail_msg("%s: verify: %s", when, err.text);
	if (damaged)
		fail_msg("%s: %llu damages", when, (unsigned long long)damaged);
	bool gone = rows < N;
	for (uint32_t i = FIRST; i < FIRST + N; i++) {
		uint32_t expected = gone && expires(i) ? 0 : 1;
		/* A stopped run may have done some vault files and not the others. */
		if (counts[i] != expected &&
			!(gone && expires(i) && counts[i] == 1 && *when == '!'))
			fail_msg("%s: event %u is stored %u times", when, i, counts[i]);
	}
	free(counts);
	return gone && rows == N - count_expired();
}

static uint64_t retain(struct store *store)
{
	struct err err;
	uint64_t dropped;
	if (store_retain(store, lake_shape.table, KEEP_DAYS, NULL, &dropped, &err) < 0)
		fail_msg("retain: %s", err.text);
	return dropped;
}

/* Frees what retention has dropped. 0 or -1. */
static int punch(struct store *store, int64_t grace, struct err *err)
{
	if (store_lease(store, err) < 0)
		return -1;
	int rc = punch_dead(store, clock_now_us() - grace, err);
	store_unlease(store);
	return rc;
}

static int64_t blocks_of(const char *dir, const char *file)
{
	char path[700];
	struct stat st;
	snprintf(path, sizeof(path), "%s/%s", dir, file);
	assert_int_equal(stat(path, &st), 0);
	return st.st_blocks;
}

static int64_t catalog_number(struct store *store, const char *sql)
{
	struct err err;
	sqlite3_stmt *stmt;
	(void)err;
	assert_int_equal(sqlite3_prepare_v2(store->db, sql, -1, &stmt, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
	int64_t n = sqlite3_column_int64(stmt, 0);
	sqlite3_finalize(stmt);
	return n;
}

static void old_days_go(void **state)
{
	(void)state;
	struct err err;
	char *dir = test_folder();
	set_now(expiry() - 1);
	struct store *store = make_store(dir);
	uint64_t entries = (uint64_t)catalog_number(store, "SELECT sum(entries) FROM id_runs");
	assert_int_equal(entries, N);
	assert_int_equal(retain(store), 0); /* a microsecond too early */
	assert_false(assert_stored(store, "before"));
	set_now(expiry());
	assert_int_equal(retain(store), count_expired());
	assert_true(assert_stored(store, "after"));
	assert_int_equal(retain(store), 0);
	assert_int_equal(
		catalog_number(store, "SELECT sum(entries) FROM id_runs"), N - count_expired());
	assert_true(catalog_number(store, "SELECT count(*) FROM frames WHERE state > 1") > 0);
	assert_int_equal(punch(store, 0, &err), 0);
	assert_true(assert_stored(store, "punched"));
	assert_int_equal(catalog_number(store, "SELECT count(*) FROM frames WHERE state > 1"), 0);
	assert_true(catalog_number(store, "SELECT count(*) FROM frames WHERE state = 1") > 0);
	/* Sent again: nothing is stored, the old are counted as expired. */
	assert_int_equal(send(store, "one", FIRST, 300), 0);
	assert_int_equal(send(store, "two", FIRST + 300, N - 300), 0);
	assert_int_equal(
		catalog_number(store, "SELECT sum(expired) FROM sources"), count_expired());
	assert_true(assert_stored(store, "sent again"));
	assert_int_equal(store_compact(store, NULL, 0, NULL, NULL, NULL, &err), 0);
	assert_true(assert_stored(store, "compacted"));
	store_close(store);
	test_remove(dir);
}

/* Neighbours are punched together: frames smaller than a block give theirs back as well. */
static void bytes_are_freed(void **state)
{
	(void)state;
	struct err err;
	char *dir = test_folder();
	set_now(expiry() - 1);
	struct store *store = test_open(dir, STORE_WRITE);
	assert_int_equal(send(store, "one", FIRST, 6000), 6000);
	int64_t before = blocks_of(dir, "vault/one/000001.zst");
	store_close(store);
	set_now(lake_time(MIDNIGHT + 60000) + KEEP_DAYS * DAY_US + DAY_US);
	store = test_open(dir, STORE_WRITE);
	assert_true(retain(store) > 5000);
	assert_int_equal(store_compact(store, NULL, 0, NULL, NULL, NULL, &err), 0);
	store_close(store);
	/* What had no time was copied behind. */
	assert_true(blocks_of(dir, "vault/one/000001.zst") < before * 2 / 3);
	test_remove(dir);
}

static void after_compaction(void **state)
{
	(void)state;
	struct err err;
	char *dir = test_folder();
	set_now(expiry() - 1);
	struct store *store = make_store(dir);
	assert_int_equal(store_compact(store, NULL, 0, NULL, NULL, NULL, &err), 0);
	set_now(expiry());
	assert_int_equal(retain(store), count_expired());
	assert_true(assert_stored(store, "after compaction"));
	store_close(store);
	test_remove(dir);
}

/* ---- readers that began before --------------------------------------------------------------- */

struct old_reader {
	struct store *writer; /* works while the reader is in the middle of its walk */
	int64_t grace;
	uint32_t n;
};

static int read_on(void *ctx, const struct vault_record *record, struct err *err)
{
	struct old_reader *reader = ctx;
	struct err why;
	(void)err;
	assert_true(record->bytes.len > 2 && record->bytes.ptr[0] == '{');
	if (reader->n++ == 0) {
		assert_int_equal(retain(reader->writer), count_expired());
		assert_int_equal(
			store_compact(reader->writer, NULL, reader->grace, NULL, NULL, NULL, &why),
			0);
	}
	return 0;
}

/* A walk over source `one`, whose records go while it is on. 0 or -1 as the walk; *n = how far. */
static int walk_while_retaining(int64_t grace, uint32_t *n, struct err *err)
{
	char *dir = test_folder();
	struct store *store;
	set_now(expiry() - 1);
	struct old_reader reader = {.writer = make_store(dir), .grace = grace};
	assert_int_equal(store_open(dir, STORE_READ, &store, err), 0);
	set_now(expiry());
	int rc = store_scan_vault(store, lake_shape.table, "one", read_on, &reader, err);
	*n = reader.n;
	store_close(store);
	store_close(reader.writer);
	test_remove(dir);
	return rc;
}

static void old_readers_have_their_time(void **state)
{
	(void)state;
	struct err err;
	uint32_t n;
	assert_int_equal(walk_while_retaining(INT64_C(3600000000), &n, &err), 0);
	assert_int_equal(n, 300); /* as it was when the walk began */
	/* Without a grace: an error, never zeros for bytes (read_on looks at each record). */
	assert_int_equal(walk_while_retaining(0, &n, &err), -1);
	assert_true(n < 300);
	assert_int_equal(err.kind, ERR_DAMAGED);
	assert_non_null(strstr(err.text, "retention"));
}

static int note_place(void *ctx, const struct vault_record *record, struct err *err)
{
	(void)err;
	*(struct vault_place *)ctx = record->place;
	((struct vault_place *)ctx)->source = "one";
	return 1;
}

/* A place that was read from a table before retention rewrote it. */
static void old_places_are_readable_for_a_time(void **state)
{
	(void)state;
	struct err err;
	struct vault_place place;
	struct buf before, after;
	char *dir = test_folder();
	set_now(expiry() - 1);
	struct store *store = make_store(dir);
	buf_init(&before, 1 << 20);
	buf_init(&after, 1 << 20);
	assert_int_equal(
		store_scan_vault(store, lake_shape.table, "one", note_place, &place, &err), 1);
	assert_int_equal(store_read_raw(store, &place, &before, &err), 0);
	set_now(expiry());
	retain(store);
	assert_int_equal(store_read_raw(store, &place, &after, &err), 0);
	assert_int_equal(before.len, after.len);
	assert_memory_equal(before.ptr, after.ptr, before.len);
	assert_int_equal(store_compact(store, NULL, 0, NULL, NULL, NULL, &err), 0);
	assert_int_equal(store_read_raw(store, &place, &after, &err), -1);
	assert_int_equal(err.kind, ERR_NOT_FOUND);
	assert_non_null(strstr(err.text, "retention"));
	buf_fini(&before);
	buf_fini(&after);
	store_close(store);
	test_remove(dir);
}

/* ---- what people are told --------------------------------------------------------------------- */

struct told {
	uint64_t rows, raw_bytes, rejects;
	unsigned sources;
};

static int add_source(void *ctx, const struct source_info *info, struct err *err)
{
	(void)err;
	struct told *told = ctx;
	told->rows += info->rows;
	told->raw_bytes += info->raw_bytes;
	told->rejects += info->rejects;
	told->sources++;
	assert_int_equal(info->segments, info->rows > 0);
	return 0;
}

static int add_table(void *ctx, const struct table_info *info, struct err *err)
{
	(void)err;
	struct told *told = ctx;
	told->rows += info->rows;
	told->raw_bytes += info->raw_bytes;
	told->rejects += info->rejects;
	return 0;
}

static void check_segment_source(struct store *store, const char *source, const char *input)
{
	struct err err;
	sqlite3_stmt *stmt = catalog_query(store, &err, "SELECT source, input FROM segments", "");
	assert_int_equal(catalog_step(store, stmt, &err), 1);
	assert_string_equal(catalog_text(stmt, 0), source);
	assert_string_equal(catalog_text(stmt, 1), input);
	catalog_done(store, stmt);
}

/* Sources and tables count the same rows, before and after retention, merged or not. */
static void what_is_told_is_what_there_is(void **state)
{
	(void)state;
	struct err err;
	char *dir = test_folder();
	set_now(expiry() - 1);
	struct store *store = make_store(dir);
	/* An input of another name. */
	struct lake_send plan = {.source = "three",
		.container = "other log",
		.kind = CONTAINER_DISJOINT,
		.first = FIRST + N,
		.n = 10,
		.per_batch = 10,
		.batches = 1};
	assert_int_equal(lake_send(store, &plan, &err), 0);
	for (int turn = 0; turn < 3; turn++) {
		struct told sources = {0}, tables = {0};
		assert_int_equal(store_compact(store, NULL, 0, NULL, NULL, NULL, &err), 0);
		assert_int_equal(store_sources(store, add_source, &sources, &err), 0);
		assert_int_equal(store_tables(store, add_table, &tables, &err), 0);
		assert_int_equal(sources.sources, 3);
		assert_int_equal(sources.rows, N + 10 - (turn ? count_expired() : 0));
		assert_int_equal(sources.rows, tables.rows);
		assert_int_equal(sources.raw_bytes, tables.raw_bytes);
		assert_int_equal(sources.rejects, tables.rejects);
		check_segment_source(store, "one, three, two", "log and others");
		set_now(expiry());
		retain(store);
	}
	store_close(store);
	test_remove(dir);
}

static void names_in_a_list(void **state)
{
	(void)state;
	static const struct {
		const char *list, *name;
		bool holds;
	} rows[] = {
		{"a", "a", true}, {"a", "b", false}, {"ab, b", "a", false}, {"ab, b", "b", true},
		{"a, ab, b", "ab", true}, {"b-a, a.b", "a", false}, {"", "a", true}, /* not known */
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		if (sources_hold(rows[i].list, rows[i].name) != rows[i].holds)
			fail_msg("`%s` in `%s`", rows[i].name, rows[i].list);
	}
	char *input = xstrdup("a");
	inputs_merge(&input, "a");
	assert_string_equal(input, "a");
	inputs_merge(&input, "b");
	inputs_merge(&input, "a");
	assert_string_equal(input, "a and others");
	free(input);
}

/* A child that stops at the Nth change; true where it came to its end. */
static bool stopped_retention(const char *dir, unsigned n, const char *how)
{
	pid_t child = fork();
	if (child == 0) {
		struct store *store;
		struct err err;
		char fault[64];
		if (store_open(dir, STORE_WRITE, &store, &err) < 0)
			_exit(2);
		snprintf(fault, sizeof(fault), "change:%u:%s", n, how);
		io_fault(fault, NULL);
		if (store_retain(store, lake_shape.table, KEEP_DAYS, NULL, NULL, &err) < 0)
			_exit(3);
		_exit(punch(store, 0, &err) == 0 ? 0 : 3);
	}
	int status;
	assert_int_equal(waitpid(child, &status, 0), child);
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void stopping_anywhere_is_safe(void **state)
{
	(void)state;
	static const char *const how[] = {"kill", "after", "torn", "ENOSPC", "EIO"};
	const char *longer = getenv("LONG");
	char *dir = test_folder(), original[600], copy[600], command[1500];
	struct err err;
	set_now(expiry() - 1);
	snprintf(original, sizeof(original), "%s/original", dir);
	store_close(make_store(original));
	set_now(expiry());
	for (size_t h = 0; h < COUNT(how); h++) {
		bool ended = false;
		unsigned n;
		for (n = 1; !ended && n < 600; n += longer && *longer ? 1 : 31) {
			char when[80];
			snprintf(when, sizeof(when), "!change:%u:%s", n, how[h]);
			snprintf(copy, sizeof(copy), "%s/%s-%u", dir, how[h], n);
			snprintf(command, sizeof(command), "cp -a '%s' '%s'", original, copy);
			assert_int_equal(system(command), 0);
			ended = stopped_retention(copy, n, how[h]);
			struct store *store = test_open(copy, STORE_WRITE);
			assert_stored(store, when);
			retain(store);
			if (!assert_stored(store, when + 1))
				fail_msg("%s: not all that has expired is gone", when);
			assert_int_equal(punch(store, 0, &err), 0);
			assert_stored(store, when + 1);
			store_close(store);
			test_remove(strdup(copy));
		}
		assert_true(ended && n > 30);
	}
	test_remove(dir);
}

int main(void)
{
	/* Stopping a process loses nothing that was written: fsync may be quick here. */
	if (access("/dev/shm", W_OK) == 0)
		setenv("TMPDIR", "/dev/shm", 0);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(old_days_go),
		cmocka_unit_test(bytes_are_freed),
		cmocka_unit_test(after_compaction),
		cmocka_unit_test(old_readers_have_their_time),
		cmocka_unit_test(old_places_are_readable_for_a_time),
		cmocka_unit_test(what_is_told_is_what_there_is),
		cmocka_unit_test(names_in_a_list),
		cmocka_unit_test(stopping_anywhere_is_safe),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
