/* SPDX-License-Identifier: Apache-2.0 */
/* store_test.c: segments in, rows and raw bytes out: identities, places, rejects, facts, and what a
 * second process, a reader and a wrong caller see. */
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "store/test_lake.h"
#include "store/test_store.h"

static void must(int rc, const struct err *err)
{
	if (rc < 0)
		fail_msg("%s", err->text);
}

static uint64_t send(struct store *store, const char *container, enum container_kind kind,
	uint32_t first, uint32_t n)
{
	struct err err;
	struct lake_send plan = {.source = "files",
		.container = container,
		.kind = kind,
		.first = first,
		.n = n,
		.per_batch = 300,
		.batches = 2,
		.rejects = true};
	must(lake_send(store, &plan, &err), &err);
	return plan.stored;
}

static void stores_each_event_once(void **state)
{
	(void)state;
	char *dir = test_folder();
	struct store *store = test_open(dir, STORE_WRITE);
	assert_int_equal(send(store, "a", CONTAINER_DISJOINT, 0, 1000), 1000);
	assert_int_equal(send(store, "a", CONTAINER_DISJOINT, 0, 1000), 0);
	assert_int_equal(send(store, "sweep 1", CONTAINER_OVERLAP, 500, 700), 200);
	lake_assert_exact(store, 1200, "first store");
	store_close(store);
	store = test_open(dir, STORE_WRITE);
	assert_int_equal(send(store, "sweep 2", CONTAINER_OVERLAP, 0, 1201), 1);
	lake_assert_exact(store, 1201, "reopened");
	store_close(store);
	test_remove(dir);
}

/* ---- places and ids -------------------------------------------------------------------------- */

struct scanned {
	struct store *store;
	uint32_t n;
	uint8_t (*ids)[16];
};

static int scan_one(void *ctx, const struct vault_record *record, struct err *err)
{
	struct scanned *s = ctx;
	struct event_place place;
	(void)err;
	assert_string_equal(record->input, "a");
	assert_true(record->received_at == LAKE_RECEIVED);
	assert_true(record->bytes.len == record->place.length);
	assert_memory_equal(record->bytes.ptr, "{\"n\":", 5);
	memcpy(s->ids[s->n++], record->event_id, 16);
	if (s->n % 97 == 0) {
		struct err why;
		assert_int_equal(store_find_event(s->store, record->event_id, &place, &why), 1);
		assert_string_equal(place.table, "test_logs");
	}
	return 0;
}

static void index_knows_every_record(void **state)
{
	(void)state;
	char *dir = test_folder();
	struct err err;
	struct store *store = test_open(dir, STORE_WRITE);
	send(store, "a", CONTAINER_DISJOINT, 0, 1000);
	struct scanned s = {.store = store, .ids = xcalloc(1000, 16)};
	must(store_scan_vault(store, "test_logs", "files", scan_one, &s, &err), &err);
	assert_int_equal(s.n, 1000);
	/* The id is the RFC's version 8 with the event's time in front. */
	for (uint32_t i = 0; i < 1000; i++) {
		int64_t ms = 0;
		for (int b = 0; b < 6; b++)
			ms = ms << 8 | s.ids[i][b];
		int64_t expected = i % LAKE_NO_TIME == 0 ? 0 : lake_time(i) / 1000;
		CHECK_ROW(i, ms == expected);
		CHECK_ROW(i, s.ids[i][6] >> 4 == 8 && s.ids[i][8] >> 6 == 2);
	}
	static const uint8_t nobody[16] = {1, 2, 3};
	struct event_place place;
	assert_int_equal(store_find_event(store, nobody, &place, &err), 0);
	free(s.ids);
	store_close(store);
	test_remove(dir);
}

static void ids_follow_time_key_and_copy(void **state)
{
	(void)state;
	static const struct {
		int64_t time;
		uint32_t copy;
		const char *id;
	} rows[] = {
		{INT64_MIN, 0, "0000000000008102834405060708090a"},
		{-1, 0, "0000000000008102834405060708090a"},
		{1644624007410999, 0, "017eeb3ad0f28102834405060708090a"},
		{INT64_MAX, 0, "0000000000008102834405060708090a"},
	};
	static const uint8_t key[16] = {
		0xf1, 2, 0xc3, 0x44, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
	static const uint8_t none[16];
	uint8_t salt[16], first[16], second[16], third[16];
	for (size_t i = 0; i < COUNT(rows); i++) {
		char text[33];
		event_id_make(rows[i].time, key, rows[i].copy, none, first);
		for (int b = 0; b < 16; b++)
			snprintf(text + 2 * b, 3, "%02x", first[b]);
		if (strcmp(text, rows[i].id) != 0)
			fail_msg("row %zu: %s", i, text);
	}
	event_id_make(0, key, 0, none, first);
	event_id_make(0, key, 1, none, second);
	event_id_make(0, key, 2, none, third);
	assert_memory_not_equal(first, second, 16);
	assert_memory_not_equal(second, third, 16);
	event_id_salt("other_logs", salt); /* the same event in two tables is two rows */
	event_id_make(0, key, 0, salt, second);
	assert_memory_not_equal(first, second, 16);
	assert_int_equal(second[6] >> 4, 8);
	assert_int_equal(second[8] >> 6, 2);
}

/* ---- rejects --------------------------------------------------------------------------------- */

struct reject_list {
	struct reject_info last;
	char reason[64], input[64], state[16];
	uint32_t n;
};

static int note_reject(void *ctx, const struct reject_info *info, struct err *err)
{
	struct reject_list *list = ctx;
	(void)err;
	list->last = *info;
	snprintf(list->reason, sizeof(list->reason), "%s", info->reason);
	snprintf(list->input, sizeof(list->input), "%s", info->input);
	snprintf(list->state, sizeof(list->state), "%s", info->state);
	list->n++;
	return 0;
}

/* A line of 5 MiB that comes in five parts over three batches and two segments. */
static void keeps_long_rejects_whole(void **state)
{
	(void)state;
	enum { LINE = 5 << 20, PARTS = 5 };
	char *dir = test_folder(), *line = xmalloc(LINE);
	struct err err;
	struct store *store = test_open(dir, STORE_WRITE);
	for (uint32_t i = 0; i < LINE; i++)
		line[i] = (char)(i * 2654435761u >> 23);
	for (int p = 0; p < PARTS;) {
		struct segment *segment;
		must(segment_begin(
			     store, &lake_shape, "files", "long", LAKE_RECEIVED, &segment, &err),
			&err);
		for (int b = 0; b < 3 && p < PARTS; b++, p++) {
			uint64_t at = (uint64_t)p * LINE / PARTS;
			uint64_t end = (uint64_t)(p + 1) * LINE / PARTS;
			struct reject_part part = {.input_offset = 10 + at,
				.bytes = {line + at, end - at},
				.lines = 1,
				.reason = "too long",
				.continues = p > 0};
			struct batch batch;
			uint32_t kept;
			batch_init(&batch, &lake_shape);
			must(segment_identify(segment, &batch, 0, 0, &part, 1, &kept, &err), &err);
			struct segment_pack *pack = segment_pack(segment, &batch, &part, 1);
			must(segment_append(segment, pack, &err), &err);
			segment_pack_free(pack);
			batch_fini(&batch);
		}
		must(segment_commit(segment, NULL, NULL, &err), &err);
	}
	struct reject_list list = {0};
	must(store_rejects(store, note_reject, &list, &err), &err);
	assert_int_equal(list.n, 1);
	assert_int_equal(list.last.bytes, LINE);
	assert_int_equal(list.last.lines, 1);
	assert_int_equal(list.last.input_offset, 10);
	assert_string_equal(list.reason, "too long");
	struct buf out;
	buf_init(&out, LINE);
	must(store_reject_bytes(store, list.last.id, &out, &err), &err);
	assert_int_equal(out.len, LINE);
	assert_memory_equal(out.ptr, line, LINE);
	buf_fini(&out);
	buf_init(&out, 1000); /* a caller who wants the beginning only */
	must(store_reject_bytes(store, list.last.id, &out, &err), &err);
	assert_int_equal(out.len, 1000);
	buf_fini(&out);
	must(store_reject_set_state(store, list.last.id, "dismissed", &err), &err);
	assert_int_equal(store_reject_set_state(store, list.last.id, "gone", &err), -1);
	assert_int_equal(store_reject_set_state(store, 999, "open", &err), -1);
	must(store_rejects(store, note_reject, &list, &err), &err);
	assert_string_equal(list.state, "dismissed");
	store_close(store);
	free(line);
	test_remove(dir);
}

/* ---- facts ----------------------------------------------------------------------------------- */

static int note_drift(void *ctx, const struct drift_info *info, struct err *err)
{
	(void)err;
	*(uint64_t *)ctx += info->count;
	assert_string_equal(info->path, "a.\"b");
	assert_string_equal(info->seen, "string");
	return 0;
}

static int note_source(void *ctx, const struct source_info *info, struct err *err)
{
	(void)err;
	*(struct source_info *)ctx = *info;
	return 0;
}

static int note_table(void *ctx, const struct table_info *info, struct err *err)
{
	(void)err;
	*(struct table_info *)ctx = *info;
	return 0;
}

static void records_facts_without_rows(void **state)
{
	(void)state;
	char *dir = test_folder();
	struct err err;
	struct store *store = test_open(dir, STORE_WRITE);
	for (int i = 0; i < 2; i++) {
		struct segment *segment;
		must(segment_begin(
			     store, &lake_shape, "api", "window", LAKE_RECEIVED, &segment, &err),
			&err);
		struct segment_facts facts = {.checkpoint_key = "api",
			.checkpoint = i ? "second" : "first",
			.drift_json = "[{\"path\":\"a.\\\"b\",\"kind\":\"new\",\"seen\":\"string\","
				      "\"count\":3}]",
			.duplicates = 5,
			.input_bytes = 100};
		must(segment_commit(segment, &facts, NULL, &err), &err);
	}
	struct buf text;
	buf_init(&text, 100);
	assert_int_equal(store_checkpoint(store, "api", &text, &err), 1);
	assert_int_equal(text.len, 6);
	assert_memory_equal(text.ptr, "second", 6);
	assert_int_equal(store_checkpoint(store, "none", &text, &err), 0);
	buf_fini(&text);
	uint64_t drifted = 0;
	must(store_drift(store, "test_logs", note_drift, &drifted, &err), &err);
	assert_int_equal(drifted, 6);
	struct source_info source = {0};
	must(store_sources(store, note_source, &source, &err), &err);
	assert_int_equal(source.duplicates, 10);
	assert_int_equal(source.rows, 0);
	assert_int_equal(source.vault_bytes, 0);
	store_close(store);
	test_remove(dir);
}

static void counts_tables_and_sources(void **state)
{
	(void)state;
	char *dir = test_folder();
	struct err err;
	struct store *store = test_open(dir, STORE_WRITE);
	send(store, "a", CONTAINER_DISJOINT, 0, 1000);
	struct table_info table = {0};
	struct source_info source = {0};
	must(store_tables(store, note_table, &table, &err), &err);
	must(store_sources(store, note_source, &source, &err), &err);
	assert_int_equal(table.rows, 1000);
	assert_int_equal(table.segments, 2);
	assert_int_equal(table.no_time, 143);
	assert_int_equal(table.rejects, 8);
	/* Reading the same input again adds neither rows nor rejects. */
	assert_int_equal(send(store, "a", CONTAINER_DISJOINT, 0, 1000), 0);
	must(store_tables(store, note_table, &table, &err), &err);
	assert_int_equal(table.rejects, 8);
	assert_int_equal(table.rows, 1000);
	assert_true(table.min_time == lake_time(1));
	assert_true(table.max_time == lake_time(999));
	assert_int_equal(source.rows, 1000);
	assert_int_equal(source.rejects, 8);
	assert_true(source.raw_bytes == table.raw_bytes && source.raw_bytes > 50000);
	assert_true(source.oldest_raw == lake_time(1));
	store_close(store);
	test_remove(dir);
}

/* ---- other processes ------------------------------------------------------------------------- */

static void reader_sees_commits_only(void **state)
{
	(void)state;
	char *dir = test_folder();
	struct err err;
	struct store *reader, *store;
	assert_int_equal(store_open(dir, STORE_READ, &reader, &err), -1);
	assert_int_equal(err.kind, ERR_NOT_FOUND);
	store = test_open(dir, STORE_WRITE);
	send(store, "a", CONTAINER_DISJOINT, 0, 100);
	reader = test_open(dir, STORE_READ);
	lake_assert_exact(reader, 100, "reader");
	struct segment *segment;
	must(segment_begin(store, &lake_shape, "files", "b", LAKE_RECEIVED, &segment, &err), &err);
	lake_assert_exact(reader, 100, "reader beside a writer");
	segment_abort(segment);
	send(store, "a", CONTAINER_DISJOINT, 100, 100);
	lake_assert_exact(reader, 200, "reader after a commit");
	assert_int_equal(segment_begin(reader, &lake_shape, "files", "b", 0, &segment, &err), -1);
	assert_int_equal(err.kind, ERR_ACCESS);
	store_close(reader);
	store_close(store);
	test_remove(dir);
}

static void two_writers_take_turns(void **state)
{
	(void)state;
	char *dir = test_folder();
	store_close(test_open(dir, STORE_WRITE));
	for (int child = 0; child < 2; child++) {
		if (fork() != 0)
			continue;
		struct err err;
		struct store *store = NULL;
		/* From opposite ends: both meet events that the other has stored already. */
		struct lake_send plan = {.source = child ? "one" : "two",
			.container = child ? "import 1" : "import 2",
			.kind = CONTAINER_OVERLAP,
			.n = 750,
			.per_batch = 50,
			.batches = 2};
		uint64_t stored = 0;
		int rc = store_open(dir, STORE_WRITE, &store, &err);
		for (uint32_t half = 0; rc == 0 && half < 2; half++) {
			plan.first = (half + (uint32_t)child) % 2 * 750;
			rc = lake_send(store, &plan, &err);
			stored += plan.stored;
		}
		if (rc < 0)
			fprintf(stderr, "child: %s\n", err.text);
		store_close(store);
		_exit(rc < 0 || stored == 0 ? 1 : 0);
	}
	for (int child = 0; child < 2; child++) {
		int status;
		wait(&status);
		assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	}
	struct store *store = test_open(dir, STORE_READ);
	lake_assert_exact(store, 1500, "two writers");
	store_close(store);
	test_remove(dir);
}

/* Reads as somebody whom the folder belongs to but who may not write it (root may everywhere). */
static int read_without_writing(const char *dir, uint32_t events)
{
	char command[1400];
	struct err err;
	struct store *reader;
	uint32_t counts[2000];
	uint64_t rows = 0;
	bool root = geteuid() == 0;
	snprintf(command, sizeof(command), "chmod -R a-w '%s' && %s -R 65534 '%s'", dir,
		root ? "chown" : "true", dir);
	if (system(command) != 0 || (root && setuid(65534) != 0))
		return 77;
	int rc = store_open(dir, STORE_READ, &reader, &err);
	if (rc == 0) {
		rc = lake_read(reader, counts, COUNT(counts), &rows, &err);
		store_close(reader);
	}
	if (rc < 0)
		fprintf(stderr, "%s\n", err.text);
	return rc < 0 || rows != events;
}

/* Closed cleanly, or killed: a reader in a folder that cannot be written gets all commits. */
static void reads_where_it_may_not_write(void **state)
{
	(void)state;
	for (int killed = 0; killed < 2; killed++) {
		char *dir = test_folder();
		int status;
		if (fork() == 0) {
			struct store *store = test_open(dir, STORE_WRITE);
			send(store, "a", CONTAINER_DISJOINT, 0, 100);
			if (!killed)
				store_close(store);
			_exit(0);
		}
		wait(&status);
		assert_int_equal(status, 0);
		if (fork() == 0)
			_exit(read_without_writing(dir, 100));
		wait(&status);
		assert_true(WIFEXITED(status));
		CHECK_ROW(killed, WEXITSTATUS(status) == 0);
		char command[700];
		snprintf(command, sizeof(command), "chmod -R u+w '%s'", dir);
		assert_int_equal(system(command), 0);
		test_remove(dir);
	}
}

/* ---- wrong callers and wrong folders --------------------------------------------------------- */

static void refuses_names_that_are_paths(void **state)
{
	(void)state;
	static const char *const sources[] = {"", ".", "..", "../x", "a/b", "A", "-a", "a b", "é",
		"0123456789012345678901234567890123456789012345678901234567890123"};
	char *dir = test_folder();
	struct err err;
	struct segment *segment;
	struct store *store = test_open(dir, STORE_WRITE);
	for (size_t i = 0; i < COUNT(sources); i++) {
		CHECK_ROW(i,
			segment_begin(store, &lake_shape, sources[i], "", 0, &segment, &err) == -1);
		CHECK_ROW(i, err.kind == ERR_USAGE);
	}
	struct batch_shape shape = lake_shape;
	shape.table = "../x";
	assert_int_equal(segment_begin(store, &shape, "a", "", 0, &segment, &err), -1);
	assert_int_equal(err.kind, ERR_USAGE);
	store_close(store);
	test_remove(dir);
}

static void refuses_a_newer_format(void **state)
{
	(void)state;
	char *dir = test_folder();
	struct err err;
	struct store *store = test_open(dir, STORE_WRITE), *again;
	must(catalog_run(store, &err, "UPDATE format SET version = 99", ""), &err);
	store_close(store);
	assert_int_equal(store_open(dir, STORE_WRITE, &again, &err), -1);
	assert_int_equal(err.kind, ERR_UNSUPPORTED);
	assert_non_null(strstr(err.text, "newer"));
	assert_int_equal(store_open(dir, STORE_READ, &again, &err), -1);
	assert_int_equal(err.kind, ERR_UNSUPPORTED);
	test_remove(dir);
}

static void rolls_vault_files(void **state)
{
	(void)state;
	char *dir = test_folder(), path[STORE_PATH];
	struct err err;
	struct store *store = test_open(dir, STORE_WRITE);
	send(store, "a", CONTAINER_DISJOINT, 0, 100);
	/* As if the file were full: it is never appended to again. */
	store_path(store, path, "vault/files/000001.zst");
	must(catalog_run(
		     store, &err, "UPDATE vault_files SET bytes = ?", "u", LIMIT_VAULT_FILE_BYTES),
		&err);
	assert_int_equal(truncate(path, (off_t)LIMIT_VAULT_FILE_BYTES), 0);
	send(store, "a", CONTAINER_DISJOINT, 100, 100);
	struct io_info info;
	assert_int_equal(
		io_stat(store_path(store, path, "vault/files/000002.idx"), &info, &err), 1);
	lake_assert_exact(store, 200, "two vault files");
	store_close(store);
	test_remove(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stores_each_event_once),
		cmocka_unit_test(index_knows_every_record),
		cmocka_unit_test(ids_follow_time_key_and_copy),
		cmocka_unit_test(keeps_long_rejects_whole),
		cmocka_unit_test(records_facts_without_rows),
		cmocka_unit_test(counts_tables_and_sources),
		cmocka_unit_test(reader_sees_commits_only),
		cmocka_unit_test(two_writers_take_turns),
		cmocka_unit_test(reads_where_it_may_not_write),
		cmocka_unit_test(refuses_names_that_are_paths),
		cmocka_unit_test(refuses_a_newer_format),
		cmocka_unit_test(rolls_vault_files),
	};
	return cmocka_run_group_tests_name("store", tests, NULL, NULL);
}
