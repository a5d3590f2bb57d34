/* SPDX-License-Identifier: Apache-2.0 */
/* import_test.c: inputs of every layout through the whole flow into a real store, and back. */
#include "pipeline/pipeline.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "parquet/parquet.h"

/* The guide's own samples. */
static const char jira[] = "{\"id\": 1, \"summary\": \"User updated\", \"created\": "
			   "\"2022-08-03:00:00.000+0000\", \"category\": "
			   "\"user management\", \"eventSource\": \"\", \"objectItem\": {\"id\": "
			   "\"abc123\", \"name\": \"def456\", "
			   "\"typeName\": \"USER\", \"parentId\": \"2\", \"parentName\": \"IDP "
			   "Directory\"}, \"changedValues\": "
			   "[{\"fieldName\": \"Active / Inactive\", \"changedFrom\": \"Active\", "
			   "\"changedTo\": \"Inactive\"}], "
			   "\"associatedItems\": [{\"id\": \"abc123\", \"name\": \"def456\", "
			   "\"typeName\": \"USER\", \"parentId\": "
			   "\"2\", \"parentName\": \"IDP Directory\"}]}\n";
static const char confluence[] =
	"{\"author\": {\"type\": \"user\", \"displayName\": \"Name\", \"operations\": null, "
	"\"isExternalCollaborator\": false, \"accountType\": \"\", \"publicName\": \"user\", "
	"\"externalCollaborator\": false}, \"remoteAddress\": \"\", \"creationDate\": "
	"1661412506867, "
	"\"summary\": \"User deleted\", \"description\": \"\", \"category\": \"Users and groups\", "
	"\"sysAdmin\": false, \"superAdmin\": false, \"affectedObject\": {\"name\": \"Name "
	"(Unlicensed)\", "
	"\"objectType\": \"User\"}, \"changedValues\": [], \"associatedObjects\": []}\n";
static const char bitbucket[] =
	"{\"affectedObjects\":[{\"id\":\"12341\",\"name\":\"TLA\",\"type\":\"PROJECT\"},{\"id\":"
	"\"12342\","
	"\"name\":\"scripts\",\"type\":\"REPOSITORY\"}],\"auditType\":{\"action\":\"Repository "
	"accessed by "
	"user\",\"actionI18nKey\":\"bitbucket.service.repository.audit.action.repositoryaccessed\","
	"\"area\":"
	"\"END_USER_ACTIVITY\",\"category\":\"Repositories\",\"categoryI18nKey\":"
	"\"bitbucket.service.audit.category.repositories\",\"level\":\"BASE\"},\"author\":{\"id\":"
	"\"12343\","
	"\"name\":\"user1\",\"type\":\"NORMAL\"},\"changedValues\":[],\"extraAttributes\":[{"
	"\"name\":\"target\","
	"\"nameI18nKey\":\"bitbucket.audit.attribute.legacy.target\",\"value\":\"TLA/"
	"scripts\"},{\"name\":\"Load "
	"balancer/proxy IP "
	"address\",\"nameI18nKey\":\"atlassian.audit.event.attribute.forwarder\",\"value\":"
	"\"12.1.12.123\"}],\"method\":\"Browser\",\"node\":\"abcd-fea7-4fd7-bc34-abc123\","
	"\"source\":"
	"\"123.12.12.12\",\"system\":\"https://"
	"example.ab.abc.upwork\",\"timestamp\":{\"epochSecond\":1644624007,"
	"\"nano\":410000000},\"version\":\"1.0\"}\n";

struct world {
	char folder[64];
	struct store *store;
};

static int setup(void **state)
{
	struct world *w = xcalloc(1, sizeof(*w));
	snprintf(w->folder, sizeof(w->folder), "/tmp/pugmark-import-XXXXXX");
	if (!mkdtemp(w->folder))
		return -1;
	char data[80];
	struct err err = {0};
	snprintf(data, sizeof(data), "%s/data", w->folder);
	if (store_open(data, STORE_WRITE, &w->store, &err) < 0) {
		fprintf(stderr, "%s\n", err.text);
		return -1;
	}
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;
	store_close(w->store);
	char command[100];
	snprintf(command, sizeof(command), "rm -rf %s", w->folder);
	int status = system(command);
	free(w);
	return status;
}

static struct import_result import_text(
	struct world *w, struct slice text, const struct import_options *options)
{
	char path[80];
	struct err err = {0};
	struct import_result result = {0};
	snprintf(path, sizeof(path), "%s/in", w->folder);
	assert_int_equal(io_write_file(path, text.ptr, text.len, 0600, &err), 0);
	if (import_file(w->store, path, options, &result, &err) != 0)
		fail_msg("%s", err.text);
	return result;
}

/* The newest segment of a table as one batch (its first row group). */
struct newest {
	char path[1024];
};

static int note_path(void *ctx, const struct segment_info *info, struct err *err)
{
	(void)err;
	struct newest *newest = ctx;
	snprintf(newest->path, sizeof(newest->path), "%s", info->path);
	return 1;
}

static struct parquet_reader *read_table(struct world *w, const char *table, struct batch *batch)
{
	struct newest newest = {0};
	struct err err = {0};
	struct parquet_reader *reader;
	assert_int_equal(store_segments(w->store, table, note_path, &newest, &err), 1);
	if (parquet_open(newest.path, &reader, &err) != 0)
		fail_msg("%s", err.text);
	batch_init(batch, parquet_shape(reader));
	if (parquet_read(reader, 0, NULL, batch, &err) != 0)
		fail_msg("%s", err.text);
	return reader;
}

static void expect_text(const struct batch *batch, const char *name, const char *text)
{
	int c = batch_find_column(batch->shape, slice_of(name));
	if (c < 0)
		fail_msg("no column %s", name);
	const struct column *col = &batch->columns[c];
	if (column_is_null(col, 0)) {
		if (text)
			fail_msg("%s is null, not \"%s\"", name, text);
		return;
	}
	struct slice got = column_text(col, 0);
	if (!text || !slice_eq(got, slice_of(text)))
		fail_msg("%s is \"%.*s\", not %s", name, SLICE_ARG(got), text ? text : "null");
}

static int64_t time_of(const struct batch *batch)
{
	assert_false(column_is_null(&batch->columns[SYS_EVENT_TIME], 0));
	return batch->columns[SYS_EVENT_TIME].i64[0];
}

static void the_guides_samples_are_stored_parsed(void **state)
{
	static const struct {
		const char *text, *table;
		int64_t time;
		const char *fields[24];
	} rows[] = {
		{jira, "jira_audit_logs", 1659484800000000,
			{"summary", "User updated", "category", "user management", "action",
				"User updated", "target", "def456", "target_type", "USER"}},
		{confluence, "confluence_audit_logs", 1661412506867000,
			{"summary", "User deleted", "category", "Users and groups", "actor", "Name",
				"target", "Name (Unlicensed)", "target_type", "User"}},
		{bitbucket, "bitbucket_audit_logs", 1644624007410000,
			{"actor", "user1", "actor_id", "12343", "action",
				"Repository accessed by user", "ip", "123.12.12.12", "target",
				"scripts", "target_type", "REPOSITORY", "instance",
				"https://example.ab.abc.upwork", "extra", NULL}},
	};
	struct world *w = *state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct import_options options = {0};
		struct import_result result = import_text(w, slice_of(rows[i].text), &options);
		assert_string_equal(result.table, rows[i].table);
		assert_int_equal(result.stored, 1);
		assert_int_equal(result.rejected, 0);
		struct batch batch;
		struct parquet_reader *reader = read_table(w, rows[i].table, &batch);
		assert_int_equal(batch.nrows, 1);
		assert_int_equal(time_of(&batch), rows[i].time);
		for (int f = 0; rows[i].fields[f]; f += 2)
			expect_text(&batch, rows[i].fields[f], rows[i].fields[f + 1]);
		batch_fini(&batch);
		parquet_close(reader);
		result = import_text(w, slice_of(rows[i].text), &options);
		assert_int_equal(result.stored, 0);
		assert_int_equal(result.duplicates, 1);
	}
}

static void add_events(struct buf *out, unsigned from, unsigned to, const char *before,
	const char *between, const char *after)
{
	buf_puts(out, before);
	for (unsigned i = from; i < to; i++)
		buf_printf(out,
			"%s{\"id\":%u,\"summary\":\"User "
			"created\",\"created\":\"2022-01-24T08:48:%02u.645+0000\","
			"\"category\":\"user "
			"management\",\"eventSource\":\"\",\"objectItem\":{\"id\":\"%u\","
			"\"name\":\"n%u\",\"typeName\":\"USER\"}}",
			i > from ? between : "", i, i % 60, i, i);
	buf_puts(out, after);
}

/* The same 5,000 events in every layout, with blocks as small as they get: stored once. */
static void every_layout_holds_the_same_events(void **state)
{
	static const struct {
		const char *before, *between, *after;
	} layouts[] = {
		{"", "\n", "\n"},
		{"", "\r\n", ""},
		{"\xef\xbb\xbf", "\n\n", "\n"},
		{"[\n", ",\n", "\n]\n"},
		{"{\"offset\":0,\"limit\":1000,\"total\":5000,\"records\":[", ",", "]}"},
		{"", " ", ""},
	};
	struct world *w = *state;
	for (size_t i = 0; i < sizeof(layouts) / sizeof(*layouts); i++) {
		struct buf text;
		buf_init(&text, 64 << 20);
		add_events(&text, 0, 5000, layouts[i].before, layouts[i].between, layouts[i].after);
		struct import_options options = {.threads = 2, .memory = BUDGET_LEAST};
		struct import_result result = import_text(w, buf_view(&text), &options);
		if (result.records != 5000 || result.stored != (i ? 0 : 5000) || result.rejected)
			fail_msg("layout %zu: %lu records, %lu stored, %lu rejected", i,
				(unsigned long)result.records, (unsigned long)result.stored,
				(unsigned long)result.rejected);
		buf_fini(&text);
	}
}

static void a_bad_line_harms_no_other(void **state)
{
	struct world *w = *state;
	struct buf text;
	buf_init(&text, 64 << 20);
	add_events(&text, 0, 100, "", "\n", "\n");
	buf_puts(&text, "this is no JSON\n{\"id\":7,\n\xff\xfe\x01\n");
	add_events(&text, 100, 200, "", "\n", "\n{\"id\":201,\"summary\":\"cut in the mid");
	struct import_options options = {.table = "jira"};
	struct import_result result = import_text(w, buf_view(&text), &options);
	assert_int_equal(result.stored, 200);
	assert_int_equal(result.rejected, 4);
	buf_fini(&text);
}

static int note_bytes(void *ctx, const struct reject_info *info, struct err *err)
{
	(void)err;
	*(uint64_t *)ctx = info->bytes;
	return 0;
}

/* A line of 40 MB between good ones: set aside in parts, listed as one, and read past. */
static void a_line_without_end_is_passed(void **state)
{
	struct world *w = *state;
	size_t n = (size_t)40 << 20;
	struct buf text;
	buf_init(&text, 64 << 20);
	add_events(&text, 0, 10, "", "\n", "\n");
	char *to = buf_reserve(&text, n);
	memset(to, 'x', n);
	text.len += n;
	add_events(&text, 10, 20, "\r\n", "\n", "\n");
	struct import_options options = {.table = "jira", .memory = BUDGET_LEAST};
	struct import_result result = import_text(w, buf_view(&text), &options);
	assert_int_equal(result.stored, 20);
	assert_int_equal(result.rejected, 1);
	uint64_t bytes = 0;
	struct err err;
	assert_int_equal(store_rejects(w->store, note_bytes, &bytes, &err), 0);
	assert_int_equal(bytes, n); /* without its line end */
	buf_fini(&text);
}

static void raw_export_is_byte_for_byte(void **state)
{
	struct world *w = *state;
	struct buf text;
	buf_init(&text, 64 << 20);
	add_events(&text, 0, 3000, "", "\n", "\n");
	struct import_options options = {0};
	import_text(w, buf_view(&text), &options);
	char *got = NULL;
	size_t n = 0;
	FILE *out = open_memstream(&got, &n);
	struct export_filter filter = {.since = INT64_MIN, .until = INT64_MAX};
	uint64_t records, reflowed;
	struct err err = {0};
	if (export_raw(w->store, &filter, out, NULL, &records, &reflowed, &err) != 0)
		fail_msg("%s", err.text);
	assert_int_equal(fclose(out), 0);
	assert_int_equal(records, 3000);
	assert_true(slice_eq((struct slice){got, n}, buf_view(&text)));
	free(got);
	buf_fini(&text);
}

static void rebuild_keeps_ids_and_events(void **state)
{
	struct world *w = *state;
	struct buf text;
	buf_init(&text, 64 << 20);
	add_events(&text, 0, 500, "", "\n", "\n");
	struct import_options options = {0};
	import_text(w, buf_view(&text), &options);
	struct batch before, after;
	struct parquet_reader *old = read_table(w, "jira_audit_logs", &before);
	struct rebuild_result result = {0};
	struct err err = {0};
	if (rebuild_table(w->store, "jira_audit_logs", NULL, &result, &err) != 0)
		fail_msg("%s", err.text);
	assert_int_equal(result.records, 500);
	struct parquet_reader *new = read_table(w, "jira_audit_logs", &after);
	if (batch_compare(&before, &after, &err) != 0)
		fail_msg("%s", err.text);
	batch_fini(&before);
	batch_fini(&after);
	parquet_close(old);
	parquet_close(new);
	assert_int_equal(import_text(w, buf_view(&text), &options).stored, 0);
	buf_fini(&text);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(the_guides_samples_are_stored_parsed),
		TEST(every_layout_holds_the_same_events),
		TEST(a_bad_line_harms_no_other),
		TEST(a_line_without_end_is_passed),
		TEST(raw_export_is_byte_for_byte),
		TEST(rebuild_keeps_ids_and_events),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
