/* SPDX-License-Identifier: Apache-2.0 */
/* retry_test.c: a line that was rejected and can be read now is the event that it would have been,
 * had it been good at once: same instance, same container, same place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

#include "pipeline/pipeline.h"

static const char line[] = "{\"summary\": \"User updated\", \"created\": "
			   "\"2022-08-03T00:00:00.000+0000\", \"category\": \"user management\"}";

struct world {
	char folder[64];
	struct store *store;
};

static int setup(void **state)
{
	struct world *w = xcalloc(1, sizeof(*w));
	snprintf(w->folder, sizeof(w->folder), "/tmp/pugmark-retry-XXXXXX");
	if (!mkdtemp(w->folder))
		return -1;
	struct err err = {0};
	char data[80];
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

static void check(int status, const struct err *err)
{
	if (status < 0)
		fail_msg("%s", err->text);
}

/* A good line on the list of rejects, as a decoder that could not read it would have left it. */
static void reject_good_line(
	struct world *w, const char *container, enum container_kind kind, uint64_t offset)
{
	const struct schema *schema = schema_find("jira");
	struct reject_part part = {.input_offset = offset,
		.bytes = {line, sizeof(line) - 1},
		.lines = 1,
		.reason = "not read yet"};
	struct segment_facts facts = {.input_bytes = sizeof(line)};
	struct segment *segment;
	struct batch batch;
	struct err err = {0};
	uint32_t id, kept;
	check(store_container(w->store, schema->table, kind, container, &id, &err), &err);
	check(segment_begin(w->store, &schema->shape, "import", "some.log", clock_now_us(),
		      &segment, &err),
		&err);
	batch_init(&batch, &schema->shape);
	check(segment_identify(segment, &batch, id, 0, &part, 1, &kept, &err), &err);
	struct segment_pack *pack = segment_pack(segment, &batch, &part, 1);
	check(segment_append(segment, pack, &err), &err);
	check(segment_commit(segment, &facts, NULL, &err), &err);
	segment_pack_free(pack);
	batch_fini(&batch);
}

/* Imports the line, `before` blanks into a file of that name; returns how many events it stored. */
static uint64_t import_line(
	struct world *w, const char *name, int before, const char *instance, const char *node)
{
	char path[128], text[2000];
	struct err err = {0};
	struct import_result result = {0};
	struct import_options options = {
		.table = "jira", .instance = instance, .node = node, .threads = 1};
	snprintf(path, sizeof(path), "%s/%s", w->folder, name);
	int n = snprintf(text, sizeof(text), "%*s%s\n", before, "", line);
	check(io_write_file(path, text, (size_t)n, 0600, &err), &err);
	check(import_file(w->store, path, &options, &result, &err), &err);
	return result.stored;
}

static uint64_t retry(struct world *w)
{
	struct err err = {0};
	uint64_t retried, stored;
	check(retry_rejects(w->store, &retried, &stored, &err), &err);
	assert_int_equal(retried, 1);
	return stored;
}

static int check_input(void *ctx, const struct segment_info *info, struct err *err)
{
	(void)err;
	assert_string_equal(info->input, "some.log");
	++*(int *)ctx;
	return 0;
}

static void instance_is_kept(void **state)
{
	struct world *w = *state;
	struct err err = {0};
	int segments = 0;
	reject_good_line(w, "import 1 1\nhttps://a.example", CONTAINER_OVERLAP, 0);
	assert_int_equal(retry(w), 1);
	check(store_segments(w->store, NULL, check_input, &segments, &err), &err);
	assert_int_equal(segments, 1);
	assert_int_equal(import_line(w, "again", 0, "https://a.example", NULL), 0);
	assert_int_equal(import_line(w, "other", 0, "https://b.example", NULL), 1);
}

static void no_instance_is_none(void **state)
{
	struct world *w = *state;
	reject_good_line(w, "import 1 1\n", CONTAINER_OVERLAP, 0);
	assert_int_equal(retry(w), 1);
	assert_int_equal(import_line(w, "again", 0, NULL, NULL), 0);
}

/* Two equal lines of a node's log are two events, though one of them was read late. */
static void places_in_a_log_count(void **state)
{
	struct world *w = *state;
	assert_int_equal(import_line(w, "log", 0, NULL, "node"), 1);
	reject_good_line(w, "node/log\n", CONTAINER_DISJOINT, 500);
	assert_int_equal(retry(w), 1);
	/* Read again, both places are known; a third one is not. */
	assert_int_equal(import_line(w, "log", 0, NULL, "node"), 0);
	assert_int_equal(import_line(w, "log", 500, NULL, "node"), 0);
	assert_int_equal(import_line(w, "log", 900, NULL, "node"), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(instance_is_kept, setup, teardown),
		cmocka_unit_test_setup_teardown(no_instance_is_none, setup, teardown),
		cmocka_unit_test_setup_teardown(places_in_a_log_count, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
