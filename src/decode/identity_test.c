/* SPDX-License-Identifier: Apache-2.0 */
/* identity_test.c: the identity key: its exact bytes (docs/format.md: they never change), what
 * makes two events one, and what does not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <openssl/evp.h>

#include "decode/toy.h"

/* Key and flags of one record. */
static uint8_t key_with(const struct decode_options *options, const char *record, uint8_t key[16])
{
	struct json_records state = {.layout = JSON_LINES};
	struct decoder *decoder = decoder_new(options);
	struct decode_reject reject;
	struct batch batch;
	size_t at = 0;
	uint32_t n;
	batch_init(&batch, &options->schema->shape);
	decode_block(decoder, &state, slice_of(record), 0, true, &at, &batch, &reject, 1, &n);
	if (batch.nrows != 1)
		fail_msg("%s: %s", record, reject.reason);
	memcpy(key, batch.keys[0], 16);
	uint8_t flags = batch.flags[0];
	batch_fini(&batch);
	decoder_free(decoder);
	return flags;
}

static uint8_t key_of(
	struct schema *schema, const char *instance, const char *record, uint8_t key[16])
{
	struct decode_options options = {.schema = schema, .source = "test", .instance = instance};
	return key_with(&options, record, key);
}

static void sha(const void *text, size_t n, uint8_t out[32])
{
	assert_int_equal(EVP_Digest(text, n, out, NULL, EVP_sha256(), NULL), 1);
}

/* SHA-256 of block and content, by the book. */
static void expect(struct schema *schema, const char *record, const char *instance, char kind,
	const void *content, size_t n)
{
	uint8_t text[1000] = {0}, want[32], key[16];
	char names[200];
	int len = snprintf(names, sizeof(names), "pugmark identity 1%ctoy%c%s", 0, 0, instance);
	sha(names, (size_t)len, text);
	text[32] = (uint8_t)kind;
	memcpy(text + 64, content, n);
	sha(text, 64 + n, want);
	key_of(schema, NULL, record, key);
	if (memcmp(key, want, 16) != 0)
		fail_msg("%s has another key", record);
}

static void exact_bytes(void **state)
{
	(void)state;
	struct schema *schema = toy_schema(toy_yaml);
	static const char alone[] = "\x03"
				    "123";
	expect(schema, "{\"id\":123,\"site\":\"http://A/\",\"name\":\"x\"}", "http://a", 'i', alone,
		4);
	/* id, time, name, user id or name, count, things.name, labels */
	static const char nothing[] = "\xff\xff\xff\xff\xff\xff\xff";
	expect(schema, "{}", "", 'c', nothing, 7);
	static const char all[] = "\x02i7"
				  "\x20\x00\x00\x00\x00\x00\x0f\x42\x40" /* 1,000,000 µs */
				  "\x03"
				  "ann"
				  "\x02u7"
				  "\x02-5"
				  "\x42\x01p\xff"
				  "\x40";
	expect(schema,
		"{\"id\":\"i7\",\"time\":1,\"name\":\"ann\",\"user\":{\"id\":\"u7\",\"name\":\"z\"}"
		","
		"\"count\":-5,\"things\":[{\"name\":\"p\",\"id\":\"9\"},{\"id\":\"8\"}],\"labels\":"
		"[]}",
		"", 'c', all, sizeof(all) - 1);
	/* A list of 128 elements and more. */
	struct buf many, tokens;
	buf_init(&many, 10000);
	buf_init(&tokens, 10000);
	buf_puts(&many, "{\"labels\":[\"\"");
	buf_append(&tokens, "\xff\xff\xff\xff\xff\xff\x21\x00\x00\x00\x80", 11);
	for (int i = 0; i < 128; i++) {
		buf_puts(&many, i ? ",\"\"" : "");
		buf_push(&tokens, '\0');
	}
	buf_append(&many, "]}", 3);
	expect(schema, many.ptr, "", 'c', tokens.ptr, tokens.len);
	buf_fini(&many);
	buf_fini(&tokens);
	/* 30 bytes stand as they are, 31 by their digest. */
	char text[7 + 16] = "\xff\xff", record[100];
	uint8_t digest[32];
	sha("0123456789012345678901234567890", 31, digest);
	memcpy(text + 3, digest, 16);
	text[2] = 0x1f;
	memset(text + 19, 0xff, 4);
	snprintf(record, sizeof(record), "{\"name\":\"%s\"}", "0123456789012345678901234567890");
	expect(schema, record, "", 'c', text, sizeof(text));
	char thirty[3 + 30 + 4] = "\xff\xff\x1e"
				  "012345678901234567890123456789";
	memset(thirty + 33, 0xff, 4);
	snprintf(record, sizeof(record), "{\"name\":\"%s\"}", "012345678901234567890123456789");
	expect(schema, record, "", 'c', thirty, sizeof(thirty));
	/* An unreadable time counts by its JSON text. */
	char odd[1 + 17 + 5] = "\xff\x22";
	sha("\"soon\"", 6, digest);
	memcpy(odd + 2, digest, 16);
	memset(odd + 18, 0xff, 5);
	expect(schema, "{\"time\": \"soon\" }", "", 'c', odd, sizeof(odd));
	schema_free(schema);
}

static void same_or_not(void **state)
{
	(void)state;
	static const struct {
		const char *what, *a, *b;
		bool same;
		uint8_t flags; /* of a */
	} rows[] = {
		{"order of keys, blanks, escapes", "{\"time\":1,\"name\":\"\\u0061\"}",
			"{ \"name\":\"a\", \"time\": 1 }", true, 0},
		{"form of the time", "{\"time\":1}", "{\"when\":\"1970-01-01T00:00:01Z\"}", true,
			0},
		{"unknown fields", "{\"name\":\"a\",\"x\":1}", "{\"name\":\"a\",\"y\":2}", true,
			ROW_NO_TIME},
		{"columns outside the identity", "{\"flag\":true}", "{\"flag\":false}", true,
			ROW_NO_TIME},
		{"null and missing", "{\"name\":null}", "{}", true, ROW_NO_TIME},
		{"null and empty", "{\"name\":\"\"}", "{}", false, ROW_NO_TIME},
		{"null list and empty list", "{\"labels\":[]}", "{}", false, ROW_NO_TIME},
		{"a list's null and empty", "{\"labels\":[null]}", "{\"labels\":[\"\"]}", false,
			ROW_NO_TIME},
		{"where a value ends", "{\"labels\":[\"ab\",\"c\"]}", "{\"labels\":[\"a\",\"bc\"]}",
			false, ROW_NO_TIME},
		{"order of elements", "{\"labels\":[\"a\",\"b\"]}", "{\"labels\":[\"b\",\"a\"]}",
			false, ROW_NO_TIME},
		{"number and text", "{\"name\":5}", "{\"name\":\"5\"}", true, ROW_NO_TIME},
		{"the second where the first is null", "{\"user\":{\"name\":\"a\"}}",
			"{\"user\":{\"name\":\"b\"}}", false, ROW_NO_TIME},
		{"the first where it is there", "{\"user\":{\"id\":\"1\",\"name\":\"a\"}}",
			"{\"user\":{\"id\":\"1\",\"name\":\"b\"}}", true, ROW_NO_TIME},
		{"ids alone, instance known", "{\"id\":1,\"site\":\"s\",\"name\":\"a\"}",
			"{\"id\":\"1\",\"site\":\"s/\",\"name\":\"b\"}", true,
			ROW_NO_TIME | ROW_HAS_ID},
		{"ids, instance unknown", "{\"id\":1,\"name\":\"a\"}", "{\"id\":1,\"name\":\"b\"}",
			false, ROW_NO_TIME | ROW_HAS_ID},
		{"other sites", "{\"id\":1,\"site\":\"s\"}", "{\"id\":1,\"site\":\"t\"}", false,
			ROW_NO_TIME | ROW_HAS_ID},
		{"id and none", "{\"id\":1}", "{}", false, ROW_NO_TIME | ROW_HAS_ID},
		{"unreadable times", "{\"time\":\"a\"}", "{\"time\":\"b\"}", false, ROW_NO_TIME},
	};
	struct schema *schema = toy_schema(toy_yaml);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint8_t a[16], b[16];
		uint8_t flags = key_of(schema, NULL, rows[i].a, a);
		key_of(schema, NULL, rows[i].b, b);
		if ((memcmp(a, b, 16) == 0) != rows[i].same || flags != rows[i].flags)
			fail_msg("%s: flags %d", rows[i].what, flags);
	}
	/* An instance by option is the same as one that the record names. */
	uint8_t a[16], b[16];
	key_of(schema, "HTTP://A/", "{\"id\":1}", a);
	key_of(schema, NULL, "{\"id\":1,\"site\":\"http://a\"}", b);
	assert_memory_equal(a, b, 16);
	schema_free(schema);
}

/* What a second source brought does not keep out what the first one brings later. */
static void secondary_apart(void **state)
{
	(void)state;
	struct schema *schema = toy_schema(toy_yaml);
	struct decode_options options = {
		.schema = schema, .source = "test", .instance = "s", .secondary = true};
	uint8_t first[16], second[16], again[16];
	key_of(schema, "s", "{\"id\":1}", first);
	key_with(&options, "{\"id\":1}", second);
	key_with(&options, "{\"id\":1}", again);
	assert_memory_not_equal(first, second, 16);
	assert_memory_equal(second, again, 16);
	schema_free(schema);
}

static const struct {
	const char *what, *a, *b;
	bool same;
} odd_rows[] = {
	{"another type", "{\"name\":{\"x\":1}}", "{\"name\":{\"x\":2}}", false},
	{"another type and none", "{\"name\":{}}", "{}", false},
	{"which column", "{\"name\":[1]}", "{\"count\":[1]}", false},
	{"a number that does not fit", "{\"count\":1.5}", "{\"count\":2.5}", false},
	{"a list for a text", "{\"name\":[\"a\"]}", "{\"name\":\"a\"}", false},
	{"a text for a list", "{\"labels\":\"a\"}", "{\"labels\":\"b\"}", false},
	{"a text for a list of objects", "{\"things\":\"a\"}", "{\"things\":\"b\"}", false},
	{"a text for an object", "{\"user\":\"a\"}", "{\"user\":\"b\"}", false},
	{"an element that is no object", "{\"things\":[1,{}]}", "{\"things\":[2,{}]}", false},
	{"which element", "{\"things\":[1,{}]}", "{\"things\":[{},1]}", false},
	{"an element of another type", "{\"labels\":[{}]}", "{\"labels\":[[]]}", false},
	{"within an element", "{\"things\":[{\"name\":[]}]}", "{\"things\":[{\"name\":{}}]}",
		false},
	{"blanks, order of keys", "{\"name\":{\"x\": 1},\"count\": [ 2 ]}",
		"{\"count\":[2],\"name\":{ \"x\":1\t}}", true},
	{"blanks within a text", "{\"name\":[\"a b\"]}", "{\"name\":[\"ab\"]}", false},
	{"blanks after a quote in a text", "{\"name\":[\"\\\" b\"]}", "{\"name\":[\"\\\"b\"]}",
		false},
	{"lost bytes", "{\"name\":\"a\xff\"}", "{\"name\":\"a\xfe\"}", false},
	{"lost bytes in a list", "{\"labels\":[\"\xff\"]}", "{\"labels\":[\"\xfe\"]}", false},
	{"lost bytes and their sign", "{\"name\":\"a\xff\"}", "{\"name\":\"a\xEF\xBF\xBD\"}",
		false},
	{"lone surrogates", "{\"name\":\"\\ud800\"}", "{\"name\":\"\\ud801\"}", false},
	{"control characters", "{\"name\":\"a\tb\"}", "{\"name\":\"a\\tb\"}", true},
	{"the sign itself", "{\"name\":\"\xEF\xBF\xBD\"}", "{\"name\":\"\\ufffd\"}", true},
	{"twice", "{\"name\":\"a\",\"name\":\"b\"}", "{\"name\":\"a\",\"name\":\"c\"}", false},
	{"twice and once", "{\"name\":\"a\",\"name\":\"a\"}", "{\"name\":\"a\"}", false},
	{"first null", "{\"name\":null,\"name\":\"b\"}", "{\"name\":null}", false},
	{"by its second path", "{\"name\":\"a\",\"old\":{\"name\":\"b\"}}",
		"{\"name\":\"a\",\"old\":{\"name\":\"c\"}}", false},
	{"lists twice", "{\"labels\":[],\"labels\":[\"a\"]}", "{\"labels\":[],\"labels\":[\"b\"]}",
		false},
	{"names, where there is an id", "{\"user\":{\"id\":\"1\",\"name\":[1]}}",
		"{\"user\":{\"name\":[2],\"id\":\"1\"}}", true},
	{"names, where there is none", "{\"user\":{\"name\":[1]}}", "{\"user\":{\"name\":[2]}}",
		false},
	{"columns outside the identity", "{\"flag\":1,\"until\":[],\"small\":{}}",
		"{\"flag\":2,\"until\":{},\"small\":[]}", true},
	{"unknown fields", "{\"x\":{},\"things\":[{\"y\":\"\xff\"}]}",
		"{\"x\":[],\"things\":[{\"y\":1}]}", true},
	{"digits of a time", "{\"time\":{\"epochSecond\":1,\"nano\":1}}",
		"{\"time\":{\"epochSecond\":1,\"nano\":2}}", false},
	{"digits of a time as text", "{\"time\":\"2020-01-01T00:00:00.1234561Z\"}",
		"{\"time\":\"2020-01-01T00:00:00.1234562Z\"}", false},
	{"nano twice", "{\"time\":{\"epochSecond\":1,\"nano\":1000,\"nano\":2000}}",
		"{\"time\":{\"epochSecond\":1,\"nano\":1000,\"nano\":3000}}", false},
	{"a later time", "{\"time\":1,\"when\":2}", "{\"time\":1,\"when\":3}", true},
	{"unreadable, then a time", "{\"time\":\"x\",\"when\":1}", "{\"time\":\"y\",\"when\":1}",
		false},
	{"a time, then unreadable", "{\"time\":1,\"when\":\"x\"}", "{\"time\":1,\"when\":\"y\"}",
		false},
	{"unreadable twice", "{\"time\":\"x\",\"when\":\"y\"}", "{\"time\":\"x\",\"when\":\"z\"}",
		false},
	{"blanks in an unreadable time", "{\"time\":[ 1 ]}", "{\"time\":[1]}", true},
	{"the id, site known", "{\"site\":\"s\",\"id\":[1]}", "{\"site\":\"s\",\"id\":[2]}", false},
	{"lost bytes of the id", "{\"site\":\"s\",\"id\":\"\xff\"}",
		"{\"site\":\"s\",\"id\":\"\xfe\"}", false},
	{"content beside the id", "{\"site\":\"s\",\"id\":1,\"name\":[1]}",
		"{\"site\":\"s\",\"id\":1,\"name\":[2]}", true},
	{"the site", "{\"site\":[1],\"id\":1}", "{\"site\":[2],\"id\":1}", false},
	{"lost bytes of the site", "{\"site\":\"\xff\",\"id\":1}", "{\"site\":\"\xfe\",\"id\":1}",
		false},
};

/* What a column could not take as it stood tells events apart all the same; what the identity does
 * not ask of stays out of it. */
static void odd_values_count(void **state)
{
	(void)state;
	struct schema *schema = toy_schema(toy_yaml);
	for (size_t i = 0; i < sizeof(odd_rows) / sizeof(odd_rows[0]); i++) {
		uint8_t a[16], b[16];
		key_of(schema, NULL, odd_rows[i].a, a);
		key_of(schema, NULL, odd_rows[i].b, b);
		if ((memcmp(a, b, 16) == 0) != odd_rows[i].same)
			fail_msg("%s: %s", odd_rows[i].what,
				odd_rows[i].same ? "differ" : "are the same");
	}
	/* The site that --instance names goes before what the record says. */
	uint8_t a[16], b[16];
	key_of(schema, "s", "{\"id\":1,\"site\":[1]}", a);
	key_of(schema, "s", "{\"id\":1,\"site\":[2]}", b);
	assert_memory_equal(a, b, 16);
	/* By the book: the columns' tokens, then the odd values' in order. */
	char content[7 + 2 * 17] = "\xff\xff\xff\xff\xff\xff\xff";
	uint8_t first[32], second[32];
	sha("name\0{\"x\":1}", 12, first);
	sha("count\0[2]", 9, second);
	bool swap = memcmp(first, second, 16) > 0;
	content[7] = content[24] = 0x23;
	memcpy(content + 8, swap ? second : first, 16);
	memcpy(content + 25, swap ? first : second, 16);
	expect(schema, "{\"name\":{\"x\": 1},\"count\":[2]}", "", 'c', content, sizeof(content));
	schema_free(schema);
}

/* A record that is rejected after an odd value leaves nothing of it to the next one. */
static void rejected_between(void **state)
{
	(void)state;
	struct schema *schema = toy_schema(toy_yaml);
	struct decode_options options = {.schema = schema, .source = "test"};
	struct json_records records = {.layout = JSON_LINES};
	struct decoder *decoder = decoder_new(&options);
	struct decode_reject rejects[2];
	struct batch batch;
	uint8_t key[16];
	size_t at = 0;
	uint32_t n;
	batch_init(&batch, &schema->shape);
	decode_block(decoder, &records, SLICE("{\"name\":[1],}\n{\"count\":1}\n"), 0, true, &at,
		&batch, rejects, 2, &n);
	assert_int_equal(n, 1);
	assert_int_equal(batch.nrows, 1);
	key_of(schema, NULL, "{\"count\":1}", key);
	assert_memory_equal(batch.keys[0], key, 16);
	batch_fini(&batch);
	decoder_free(decoder);
	schema_free(schema);
}

/* JSON in a column counts without the blanks between its tokens: a rebuild changes line ends. */
static void json_columns(void **state)
{
	(void)state;
	static const char yaml[] = "table: toy\nproduct: toy\ntime: time\ncolumns:\n"
				   "  any: {paths: any, type: json}\nidentity: [any]\n";
	struct schema *schema = toy_schema(yaml);
	uint8_t a[16], b[16];
	key_of(schema, NULL, "{\"any\":{\"a\": [1, 2]}}", a);
	key_of(schema, NULL, "{\"any\":{\"a\":[1,2]}}", b);
	assert_memory_equal(a, b, 16);
	key_of(schema, NULL, "{\"any\":{\"a\":[\"\xff\"]}}", a);
	key_of(schema, NULL, "{\"any\":{\"a\":[\"\xfe\"]}}", b);
	assert_memory_not_equal(a, b, 16);
	schema_free(schema);
}

/* Another table's event of the same content is another event. */
static void tables_differ(void **state)
{
	(void)state;
	char other_yaml[sizeof(toy_yaml)];
	memcpy(other_yaml, toy_yaml, sizeof(toy_yaml));
	memcpy(strstr(other_yaml, "table: toy"), "table: two", 10);
	struct schema *toy = toy_schema(toy_yaml), *other = toy_schema(other_yaml);
	uint8_t a[16], b[16];
	key_of(toy, NULL, "{\"name\":\"a\"}", a);
	key_of(other, NULL, "{\"name\":\"a\"}", b);
	assert_memory_not_equal(a, b, 16);
	schema_free(toy);
	schema_free(other);
}

/* Rows of one batch have the keys that they have alone, in dictionary form and in plain form. */
static void in_company(void **state)
{
	(void)state;
	struct schema *schema = toy_schema(toy_yaml);
	struct decode_options options = {.schema = schema, .source = "test"};
	struct json_records records = {.layout = JSON_LINES};
	struct decoder *decoder = decoder_new(&options);
	struct decode_reject reject;
	struct batch batch;
	struct buf text;
	size_t at = 0;
	uint32_t n;
	buf_init(&text, 8 << 20);
	for (int i = 0; i < 9000; i++)
		buf_printf(&text,
			"{\"time\":%s%d%s,\"name\":\"a name that is too long for a token %d\","
			"\"labels\":[\"l%d\"],\"site\":\"s%d\"}\n",
			i % 7 ? "" : "\"x", i, i % 7 ? "" : "\"", i, i % 3, i % 5);
	batch_init(&batch, &schema->shape);
	decode_block(decoder, &records, buf_view(&text), 0, true, &at, &batch, &reject, 1, &n);
	assert_int_equal(batch.nrows, 9000);
	assert_true(batch.columns[batch_find_column(&schema->shape, SLICE("name"))].plain);
	for (uint32_t r = 0; r < batch.nrows; r += 100) {
		char record[300];
		uint8_t key[16];
		snprintf(record, sizeof(record), "%.*s", (int)batch.records[r].len,
			text.ptr + batch.records[r].off);
		key_of(schema, NULL, record, key);
		if (memcmp(key, batch.keys[r], 16) != 0)
			fail_msg("row %u has another key in company", r);
	}
	batch_fini(&batch);
	decoder_free(decoder);
	schema_free(schema);
	buf_fini(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(exact_bytes),
		cmocka_unit_test(same_or_not),
		cmocka_unit_test(secondary_apart),
		cmocka_unit_test(odd_values_count),
		cmocka_unit_test(rejected_between),
		cmocka_unit_test(json_columns),
		cmocka_unit_test(tables_differ),
		cmocka_unit_test(in_company),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
