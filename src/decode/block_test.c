/* SPDX-License-Identifier: Apache-2.0 */
/* block_test.c: batches and blocks: the same rows wherever the input is cut, full batches, rejects
 * that leave no trace, columns that turn plain, shared columns, drift. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "decode/toy.h"

static const char lines[] =
	"{\"time\":1,\"name\":\"ann\",\"user\":{\"name\":\"ann\",\"id\":\"7\"},\"things\":[{\"id\":"
	"\"1\","
	"\"name\":\"p\",\"type\":\"PROJECT\"}],\"labels\":[\"a\",\"b\"]}\n"
	"{\"time\":2,\"name\":\"b\\u00e9\",\"x\":1}\r\n"
	"\n"
	"{\"time\":3,\"name\":\"c\n"
	"{\"time\":4,\"user\":{\"name\":\"ann\",\"id\":\"7\"},\"things\":[{\"id\":\"1\",\"name\":"
	"\"p\","
	"\"type\":\"PROJECT\"},{\"id\":\"2\"}]}\n"
	"{\"time\":4,\"user\":{\"name\":\"ann\",\"id\":\"7\"},\"things\":[{\"id\":\"1\"}]}\n"
	"{\"id\":\"5\",\"site\":\"http://a\"}";

static const char stream[] =
	"[{\"time\":1,\"name\":\"ann\"},\n"
	"{\"time\":2,\"name\":\"bob\",\"things\":[{\"id\":\"1\"}]},{\"time\":2,\"name\":},"
	"{\"time\":3,\"name\":\"cy\",\"labels\":[]}]\n"
	"{\"total\":1,\"records\":[{\"time\":4,\"name\":\"di\"}],\"x\":[]}";

static void decode(const struct schema *schema, struct slice text, size_t step, struct buf *out)
{
	static const struct decode_options options = {.source = "test"};
	struct json_records state;
	size_t skip;
	assert_int_equal(json_records_begin(&state, text, &skip, NULL), 0);
	toy_feed(schema, &options, &state, text, step, true, out);
}

static void every_boundary(void **state)
{
	(void)state;
	struct schema *schema = toy_schema(toy_yaml);
	const struct slice texts[] = {slice_of(lines), slice_of(stream)};
	for (size_t t = 0; t < 2; t++) {
		struct buf whole, cut;
		buf_init(&whole, 100000);
		buf_init(&cut, 100000);
		decode(schema, texts[t], texts[t].len, &whole);
		assert_true(whole.len > 200);
		for (size_t step = 1; step < texts[t].len; step++) {
			buf_clear(&cut);
			decode(schema, texts[t], step, &cut);
			if (!slice_eq(buf_view(&whole), buf_view(&cut)))
				fail_msg("text %zu cut every %zu bytes:\n%.*s--- whole\n%.*s", t,
					step, SLICE_ARG(buf_view(&cut)),
					SLICE_ARG(buf_view(&whole)));
		}
		buf_fini(&whole);
		buf_fini(&cut);
	}
	schema_free(schema);
}

/* One decoder over one block, batch by batch. */
struct session {
	struct schema *schema;
	struct decoder *decoder;
	struct json_records records;
	struct slice block;
	size_t at;
	struct batch batch;
	struct decode_reject rejects[100];
	uint32_t nrejects;
};

static void begin(struct session *s, const struct decode_options *options, struct slice block)
{
	struct decode_options o = *options;
	*s = (struct session){.schema = toy_schema(toy_yaml), .block = block};
	s->records.layout = JSON_LINES;
	o.schema = s->schema;
	o.source = "test";
	s->decoder = decoder_new(&o);
}

static int next(struct session *s, uint32_t max_rejects)
{
	batch_init(&s->batch, &s->schema->shape);
	int more = decode_block(s->decoder, &s->records, s->block, 1000, true, &s->at, &s->batch,
		s->rejects, max_rejects, &s->nrejects);
	batch_check(&s->batch);
	return more;
}

static void end(struct session *s)
{
	decoder_free(s->decoder);
	schema_free(s->schema);
}

static struct column *column(struct session *s, const char *name)
{
	int c = batch_find_column(s->batch.shape, slice_of(name));
	assert_true(c >= 0);
	return &s->batch.columns[c];
}

static void full_batches(void **state)
{
	(void)state;
	struct session s;
	struct decode_options options = {.max_rows = 2};
	begin(&s, &options,
		slice_of("{\"time\":1}\n{\"time\":2}\nx\n{\"time\":3}\n{\"time\":4}\n"));
	assert_int_equal(next(&s, 9), 1);
	assert_int_equal(s.batch.nrows, 2);
	assert_int_equal(s.nrejects, 0);
	assert_int_equal(s.batch.raw_offset, 1000);
	assert_int_equal(s.batch.records[1].off, 11);
	assert_int_equal(s.batch.records[1].len, 10);
	assert_int_equal(s.at, 22);
	batch_fini(&s.batch);
	assert_int_equal(next(&s, 9), 0);
	assert_int_equal(s.batch.nrows, 2);
	assert_int_equal(s.nrejects, 1);
	assert_int_equal(s.rejects[0].off, 22);
	assert_int_equal(s.rejects[0].len, 1);
	assert_int_equal(s.batch.columns[SYS_EVENT_TIME].i64[1], 4000000);
	batch_fini(&s.batch);
	end(&s);
}

static void memory_closes_a_batch(void **state)
{
	(void)state;
	struct session s;
	struct decode_options options = {.max_bytes = 5000};
	struct buf text;
	buf_init(&text, 1 << 20);
	for (int i = 0; i < 100; i++)
		buf_printf(&text, "{\"time\":%d,\"name\":\"%0500d\"}\n", i, i);
	begin(&s, &options, buf_view(&text));
	uint32_t rows = 0, batches = 0;
	int more;
	do {
		more = next(&s, 9);
		assert_true(s.batch.nrows < 10);
		rows += s.batch.nrows;
		batches++;
		batch_fini(&s.batch);
	} while (more);
	assert_int_equal(rows, 100);
	assert_true(batches > 10);
	end(&s);
	buf_fini(&text);
}

static void full_rejects(void **state)
{
	(void)state;
	struct session s;
	struct decode_options options = {0};
	begin(&s, &options, slice_of("a\nb\n{\"time\":1}\nc\nd\n"));
	uint32_t rows = 0, rejects = 0;
	int more;
	do {
		more = next(&s, 1);
		assert_true(s.nrejects <= 1);
		rows += s.batch.nrows;
		rejects += s.nrejects;
		batch_fini(&s.batch);
	} while (more);
	assert_int_equal(rows, 1);
	assert_int_equal(rejects, 4);
	end(&s);
}

/* A record that fails at its end has filled columns and lists by then. */
static void no_trace(void **state)
{
	(void)state;
	struct session s;
	struct decode_options options = {0};
	begin(&s, &options,
		slice_of("{\"time\":1,\"name\":\"a\",\"labels\":[\"x\"]}\n"
			 "{\"time\":2,\"name\":\"bad\",\"count\":1,\"flag\":true,\"labels\":["
			 "\"bad\"],"
			 "\"things\":[{\"id\":\"bad\"}],\"client\":\"10.0.0.1\",\"site\":\"bad\","
			 "\"q\":1\n"
			 "{\"time\":3,\"labels\":[\"x\",\"y\"]}\n"));
	assert_int_equal(next(&s, 9), 0);
	assert_int_equal(s.batch.nrows, 2);
	assert_int_equal(column(&s, "name")->ndistinct, 1);
	assert_int_equal(column(&s, "labels")->ndistinct, 2);
	assert_int_equal(column(&s, "labels")->n, 3);
	assert_int_equal(column(&s, "things.id")->n, 0);
	assert_int_equal(column(&s, "client")->ndistinct, 0);
	assert_int_equal(column(&s, "ip")->ndistinct, 0);
	assert_int_equal(column(&s, "extra")->ndistinct, 0);
	assert_true(column_is_null(column(&s, "count"), 1));
	assert_true(column_is_null(column(&s, "flag"), 1));
	assert_true(column_is_null(column(&s, "name"), 1));
	batch_fini(&s.batch);
	end(&s);
}

static void plain_columns(void **state)
{
	(void)state;
	struct session s;
	struct decode_options options = {0};
	struct buf text;
	buf_init(&text, 16 << 20);
	/* name is distinct from row to row, user.name in half of the rows; labels have two each. */
	for (int i = 0; i < 20000; i++)
		buf_printf(&text,
			"{\"time\":%d,\"name\":\"n%d\",\"user\":{\"name\":\"u%d\",\"id\":\"9\"},"
			"\"labels\":[\"l%d\",\"m\"]%s}\n",
			i, i, i / 3, i, i % 1000 ? "" : "x");
	begin(&s, &options, buf_view(&text));
	assert_int_equal(next(&s, 100), 0);
	assert_int_equal(s.batch.nrows, 20000 - 20);
	assert_int_equal(s.nrejects, 20);
	assert_true(column(&s, "name")->plain);
	assert_false(column(&s, "user_name")->plain);
	assert_false(column(&s, "user_id")->plain);
	assert_true(column(&s, "actor")->shared);
	for (uint32_t r = 0; r < s.batch.nrows; r++) {
		char want[20];
		int i = (int)(s.batch.columns[SYS_EVENT_TIME].i64[r] / 1000000);
		snprintf(want, sizeof(want), "n%d", i);
		assert_true(slice_eq(column_text(column(&s, "name"), r), slice_of(want)));
		snprintf(want, sizeof(want), "l%d", i);
		assert_true(slice_eq(column_text(column(&s, "labels"), 2 * r), slice_of(want)));
		snprintf(want, sizeof(want), "u%d", i / 3);
		assert_true(slice_eq(column_text(column(&s, "actor"), r), slice_of(want)));
	}
	batch_fini(&s.batch);
	/* The next batch begins with dictionaries again. */
	s.at = 0;
	s.block = slice_of("{\"name\":\"n1\"}\n");
	assert_int_equal(next(&s, 9), 0);
	assert_false(column(&s, "name")->plain);
	assert_int_equal(column(&s, "name")->ndistinct, 1);
	batch_fini(&s.batch);
	end(&s);
	buf_fini(&text);
}

static void system_columns(void **state)
{
	(void)state;
	struct session s;
	struct decode_options options = {
		.received_at = 77, .secondary = true, .instance = "HTTP://X/"};
	begin(&s, &options, slice_of("{\"site\":\"http://other\",\"name\":\"\xFF\"}"));
	assert_int_equal(next(&s, 9), 0);
	const struct column *c = s.batch.columns;
	assert_int_equal(c[SYS_RECEIVED_AT].i64[0], 77);
	assert_true(slice_eq(column_text(&c[SYS_SOURCE], 0), SLICE("test")));
	assert_true(slice_eq(column_text(&c[SYS_INSTANCE], 0), SLICE("http://x")));
	assert_true(c[SYS_REPAIRED].bools[0]);
	assert_false(c[SYS_LENIENT_TIME].bools[0]);
	assert_true(c[SYS_SECONDARY].bools[0]);
	assert_int_equal(s.batch.flags[0], ROW_REPAIRED | ROW_SECONDARY | ROW_NO_TIME);
	assert_int_equal(c[SYS_EVENT_ID].n, 0);
	batch_fini(&s.batch);
	end(&s);
}

static void drift(void **state)
{
	(void)state;
	struct session s;
	struct decode_options options = {0};
	const struct decode_drift *seen;
	begin(&s, &options,
		slice_of("{\"time\":1,\"x\":1,\"things\":[{\"y\":\"\"},{\"y\":\"\"}],\"count\":"
			 "\"z\"}\n"
			 "{\"time\":\"?\",\"x\":2,\"x\":{},\"name\":\"a\",\"name\":\"b\"}\n"));
	assert_int_equal(next(&s, 9), 0);
	batch_fini(&s.batch);
	static const struct {
		const char *path, *kind, *seen;
		uint64_t count;
	} want[] = {
		{"x", "new", "number", 2},
		{"things[].y", "new", "string", 2},
		{"count", "retyped", "string", 1},
		{"time", "retyped", "string", 1},
		{"x", "new", "object", 1},
	};
	uint32_t n = decoder_drift(s.decoder, &seen);
	assert_int_equal(n, 5);
	for (uint32_t i = 0; i < n; i++) {
		assert_true(slice_eq(seen[i].path, slice_of(want[i].path)));
		assert_string_equal(seen[i].kind, want[i].kind);
		assert_string_equal(seen[i].seen, want[i].seen);
		assert_int_equal(seen[i].count, want[i].count);
	}
	assert_int_equal(decoder_drift(s.decoder, &seen), 0);
	s.at = 0;
	assert_int_equal(next(&s, 9), 0);
	batch_fini(&s.batch);
	assert_int_equal(decoder_drift(s.decoder, &seen), 5);
	end(&s);
}

/* Time and memory are linear in what a hostile record holds. */
static void hostile(void **state)
{
	(void)state;
	static const struct {
		const char *head, *unit, *tail;
		uint32_t rows;
	} cases[] = {
		{"{", "\"k\":1,", "\"z\":1}", 1},
		{"{", "\"name\":\"\",", "\"z\":1}", 1},
		{"{\"x\":", "[", "", 0},
		{"{\"things\":[", "{\"a\":1},", "{}]}", 1},
		{"{\"labels\":[", "\"\",", "1]}", 1},
		{"{\"name\":\"", "\\ud800", "\"}", 1},
		{"{\"things\":[", "{\"name\":\"same\"},", "{}]}", 1},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct session s;
		struct decode_options options = {0};
		struct buf text;
		buf_init(&text, 64 << 20);
		buf_puts(&text, cases[i].head);
		for (int k = 0; k < 100000; k++)
			buf_puts(&text, cases[i].unit);
		buf_puts(&text, cases[i].tail);
		buf_puts(&text, "\n{\"name\":\"after\"}\n");
		begin(&s, &options, buf_view(&text));
		assert_int_equal(next(&s, 9), 0);
		if (s.batch.nrows != cases[i].rows + 1 || s.nrejects != 1 - cases[i].rows)
			fail_msg("case %zu: %u rows", i, s.batch.nrows);
		batch_fini(&s.batch);
		end(&s);
		buf_fini(&text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_boundary),
		cmocka_unit_test(full_batches),
		cmocka_unit_test(memory_closes_a_batch),
		cmocka_unit_test(full_rejects),
		cmocka_unit_test(no_trace),
		cmocka_unit_test(plain_columns),
		cmocka_unit_test(system_columns),
		cmocka_unit_test(drift),
		cmocka_unit_test(hostile),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
