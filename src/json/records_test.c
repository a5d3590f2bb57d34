/* SPDX-License-Identifier: Apache-2.0 */
/* records_test.c: inputs of all layouts cut into records, whole and at every byte boundary. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "json/json.h"

#define BOM "\xEF\xBB\xBF"

/* Rows: an input, its layout, and what comes out: one line per part, rejected ones as
 * "!reason: text". */
static const struct row {
	const char *name;
	struct slice input;
	enum json_layout layout;
	const char *parts;
} rows[] = {
	{"empty", SLICE(""), JSON_LINES, ""},
	{"blank", SLICE(" \r\n\n\t\n"), JSON_LINES, ""},
	{"lines", SLICE("{\"a\":1}\n{\"a\":2}\n"), JSON_LINES, "{\"a\":1}\n{\"a\":2}\n"},
	{"no last newline", SLICE("{\"a\":1}\n{\"a\":2}"), JSON_LINES, "{\"a\":1}\n{\"a\":2}\n"},
	{"one line", SLICE("{\"a\":1}"), JSON_LINES, "{\"a\":1}\n"},
	{"BOM", SLICE(BOM "{\"a\":1}\n"), JSON_LINES, "{\"a\":1}\n"},
	{"BOM and array", SLICE(BOM "[{\"a\":1}]\n"), JSON_STREAM, "{\"a\":1}\n"},
	{"CRLF, blank lines and blanks", SLICE("\r\n {\"a\":1} \r\n\r\n\t{\"a\":2}\r\n"),
		JSON_LINES, "{\"a\":1}\n{\"a\":2}\n"},
	{"bad lines are the decoder's", SLICE("{\"a\":1}\nhello\n{\"a\":\n[1]\n{\"a\":2}\n"),
		JSON_LINES, "{\"a\":1}\nhello\n{\"a\":\n[1]\n{\"a\":2}\n"},
	{"first line cut", SLICE("b\":1}\n{\"a\":2}\n"), JSON_LINES, "b\":1}\n{\"a\":2}\n"},
	{"first line without end", SLICE("{\"a\":\"x\n{\"a\":2}\n"), JSON_LINES,
		"{\"a\":\"x\n{\"a\":2}\n"},
	{"NULs in front", SLICE("\0\0\0\0\n{\"a\":2}\n"), JSON_LINES, "\1\1\1\1\n{\"a\":2}\n"},
	{"two on a line", SLICE("{\"a\":1}{\"a\":2} {\"a\":3}"), JSON_STREAM,
		"{\"a\":1}\n{\"a\":2}\n{\"a\":3}\n"},
	{"array", SLICE("[ {\"a\":1}, {\"a\":2} ]\n"), JSON_STREAM, "{\"a\":1}\n{\"a\":2}\n"},
	{"empty array", SLICE("[]\n"), JSON_STREAM, ""},
	{"arrays one after another", SLICE("[{\"a\":1}]\n[{\"a\":2},\n{\"a\":3}][]"), JSON_STREAM,
		"{\"a\":1}\n{\"a\":2}\n{\"a\":3}\n"},
	{"array of arrays", SLICE("[[{\"a\":1}],[{\"a\":2}]]"), JSON_STREAM,
		"{\"a\":1}\n{\"a\":2}\n"},
	{"lines with commas", SLICE("{\"a\":1},\n{\"a\":2},\n"), JSON_STREAM,
		"{\"a\":1}\n{\"a\":2}\n"},
	{"pretty", SLICE("{\n \"a\": {\n  \"b\": 1\n }\n}\n{\n \"a\": []\n}\n"), JSON_STREAM,
		"{\1 \"a\": {\1  \"b\": 1\1 }\1}\n{\1 \"a\": []\1}\n"},
	{"Jira envelope",
		SLICE("{\"offset\":0,\"limit\":1000,\"total\":2,\"records\":[{\"id\":1},{\"id\":2}]"
		      "}"),
		JSON_STREAM, "{\"id\":1}\n{\"id\":2}\n"},
	{"empty envelope", SLICE("{\"limit\":1000,\"offset\":9001,\"records\":[],\"total\":144}"),
		JSON_STREAM, ""},
	{"Confluence envelope",
		SLICE("{\"results\":[{\"a\":1},{\"a\":2}],\"start\":0,\"_links\":{\"base\":\"x\","
		      "\"results\":{}}}"),
		JSON_STREAM, "{\"a\":1}\n{\"a\":2}\n"},
	{"Data Center envelope, pretty",
		SLICE("{\n \"entities\": [\n  {\"a\": 1},\n  {\"a\": 2}\n ],\n \"pagingInfo\": "
		      "{\"lastPage\": true}\n}\n"),
		JSON_STREAM, "{\"a\": 1}\n{\"a\": 2}\n"},
	{"organisation envelope",
		SLICE("{\"data\":[{\"id\":\"a\",\"data\":[{}]},{\"id\":\"b\"}],\"meta\":{\"next\":"
		      "\"c\","
		      "\"page_size\":2},\"links\":{\"next\":\"x\"}}"),
		JSON_STREAM, "{\"id\":\"a\",\"data\":[{}]}\n{\"id\":\"b\"}\n"},
	{"organisation envelope, pretty, the records last",
		SLICE("{\n \"links\": {\"self\": \"x\"},\n \"meta\": {\"next\": null},\n \"data\": "
		      "[\n  {\"a\": 1},\n  {\"a\": 2}\n ]\n}\n"),
		JSON_STREAM, "{\"a\": 1}\n{\"a\": 2}\n"},
	{"organisation envelopes, one a line, one empty",
		SLICE("{\"data\":[{\"a\":1}],\"links\":{}}\n{\"data\":[],\"links\":{},\"meta\":{"
		      "\"next\":null}}\n{\"data\":[{\"a\":2}]}\n"),
		JSON_STREAM, "{\"a\":1}\n{\"a\":2}\n"},
	{"organisation envelope, empty", SLICE("{\"data\":[],\"meta\":{\"total\":0}}"), JSON_STREAM,
		""},
	{"organisation envelope, cut", SLICE("{\"data\":[{\"a\":1},{\"a\":2},{\"a\":"), JSON_STREAM,
		"{\"a\":1}\n{\"a\":2}\n!the input ends within a record: {\"a\":\n"},
	{"organisation envelope with more lists",
		SLICE("{\"data\":[{\"a\":1}],\"included\":[{\"a\":2}],\"errors\":[1]}"),
		JSON_STREAM, "{\"a\":1}\n"},
	{"no envelope: `data` is no array of objects",
		SLICE("{\"data\":{\"id\":1}}\n{\"data\":[1,2]}\n{\"data\":[\"a\"],\"meta\":{}}\n"
		      "{\"data\":\"[{\"}\n{\"data\":null}\n{\"data\":[[{\"a\":1}]]}\n"),
		JSON_LINES,
		"{\"data\":{\"id\":1}}\n{\"data\":[1,2]}\n{\"data\":[\"a\"],\"meta\":{}}\n"
		"{\"data\":\"[{\"}\n{\"data\":null}\n{\"data\":[[{\"a\":1}]]}\n"},
	{"no envelope: records with a `data` of their own",
		SLICE("{\"time\":1,\"data\":[{\"a\":1}]}\n{\"data\":[{\"a\":2}],\"time\":2}\n{"
		      "\"data\":[],\"meta\":{},\"time\":3}\n"),
		JSON_LINES,
		"{\"time\":1,\"data\":[{\"a\":1}]}\n{\"data\":[{\"a\":2}],\"time\":2}\n{"
		"\"data\":[],\"meta\":{},\"time\":3}\n"},
	{"no envelope: in an array too",
		SLICE("[{\"data\":[{\"a\":1}],\"time\":1},{\"data\":{\"a\":2}}, "
		      "{\"data\":[{\"a\":3}]}]"),
		JSON_STREAM,
		"{\"data\":[{\"a\":1}],\"time\":1}\n{\"data\":{\"a\":2}}\n{\"a\":3}\n"},
	{"`data` within another envelope",
		SLICE("{\"records\":[{\"a\":1}],\"data\":[{\"a\":2},3],\"total\":1}"), JSON_STREAM,
		"{\"a\":1}\n"},
	{"another envelope after a `data`", SLICE("{\"data\":[{\"a\":1}],\"records\":[{\"a\":2}]}"),
		JSON_STREAM, "{\"a\":2}\n"},
	{"envelopes, one a line",
		SLICE("{\"entities\":[{\"a\":1}],\"p\":{}}\n{\"p\":[1],\"entities\":[{\"a\":2}]}"
		      "\n"),
		JSON_STREAM, "{\"a\":1}\n{\"a\":2}\n"},
	{"array of envelopes", SLICE("[{\"records\":[{\"a\":1}]},{\"records\":[{\"a\":2}]}]"),
		JSON_STREAM, "{\"a\":1}\n{\"a\":2}\n"},
	{"no envelope: the value is no array of objects",
		SLICE("[{\"results\":57},{\"results\":[1]},{\"results\":\"[{\"}]"), JSON_STREAM,
		"{\"results\":57}\n{\"results\":[1]}\n{\"results\":\"[{\"}\n"},
	{"no envelope within an envelope", SLICE("{\"records\":[{\"records\":[{\"a\":1}]}]}"),
		JSON_STREAM, "{\"records\":[{\"a\":1}]}\n"},
	{"scalars among records", SLICE("[{\"a\":1},null,\"x{\",12,{\"a\":2}]"), JSON_STREAM,
		"{\"a\":1}\n!not an object: null\n!not an object: \"x{\"\n!not an object: 12\n"
		"{\"a\":2}\n"},
	{"one bad record of an array",
		SLICE("[{\"a\":1,\"b\":{\"a\":{}}},{\"a\":2,\"b\" {\"c\":3}},{\"a\":3,\"b\":4}]"),
		JSON_STREAM,
		"{\"a\":1,\"b\":{\"a\":{}}}\n!':' expected: {\"a\":2,\"b\" {\"c\":3}},\n"
		"{\"a\":3,\"b\":4}\n"},
	{"a record without its end",
		SLICE("[\n{\"a\":1,\"b\":1},\n{\"a\":2,\"b\":[\n{\"a\":3,\"b\":1},\n{\"a\":4,\"b\":"
		      "1}\n]"),
		JSON_STREAM,
		"{\"a\":1,\"b\":1}\n!the input ends within a record: "
		"{\"a\":2,\"b\":[\n{\"a\":3,\"b\":1}\n"
		"{\"a\":4,\"b\":1}\n"},
	{"a quote missing in the first record, pretty",
		SLICE("[\n  {\n    \"a\": \"x\n  },\n  {\n    \"a\": \"y\"\n  }\n]\n"), JSON_STREAM,
		"!line break in a string: {\1    \"a\": \"x\1  },\n{\1    \"a\": \"y\"\1  }\n"},
	{"input ends within a record", SLICE("[{\"a\":1},{\"a\":2"), JSON_STREAM,
		"{\"a\":1}\n!the input ends within a record: {\"a\":2\n"},
	{"input ends within a string", SLICE("[{\"a\":1},{\"a\":\"2"), JSON_STREAM,
		"{\"a\":1}\n!the input ends within a record: {\"a\":\"2\n"},
	{"input ends within an array", SLICE("[{\"a\":1},"), JSON_STREAM, "{\"a\":1}\n"},
	{"stray brackets", SLICE("[{\"a\":1}]]}{\"a\":2}"), JSON_STREAM,
		"{\"a\":1}\n!not an object: ]\n!not an object: }\n{\"a\":2}\n"},
};

/* What the parts of an input look like; newlines and NULs within them are shown as \1. */
static void show(struct buf *out, const char *base, const struct json_record *parts, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		if (parts[i].reason)
			buf_printf(out, "!%s: ", parts[i].reason);
		for (uint32_t k = 0; k < parts[i].len; k++) {
			char c = base[parts[i].off + k];
			buf_push(out, c == '\n' || c == 0 ? '\1' : c);
		}
		buf_push(out, '\n');
	}
}

/* Feeds the input in blocks that grow by `step` bytes after a first one of `first`. */
static void feed(struct slice input, size_t first, size_t step, uint32_t max, struct buf *out)
{
	struct json_records state;
	struct json_record parts[64];
	size_t at = 0;
	assert_int_equal(json_records_begin(&state, input, &at, NULL), 0);
	size_t have = at + first < input.len ? at + first : input.len;
	for (;;) {
		bool last = have == input.len;
		size_t used, n = have - at;
		char *block = malloc(n ? n : 1); /* its own memory: the sanitizer sees its end */
		memcpy(block, input.ptr + at, n);
		uint32_t count =
			json_records_cut(&state, (struct slice){block, n}, last, parts, max, &used);
		show(out, block, parts, count);
		free(block);
		assert_true(used <= n);
		at += used;
		if (count == max)
			continue;
		if (last) {
			assert_int_equal(at, input.len);
			return;
		}
		have = have + step < input.len ? have + step : input.len;
	}
}

static void check(const struct row *r, size_t first, size_t step, uint32_t max)
{
	struct buf out;
	buf_init(&out, 100000);
	feed(r->input, first, step, max, &out);
	if (!slice_eq(buf_view(&out), slice_of(r->parts)))
		fail_msg("%s, first block %zu, step %zu, max %u:\n%.*s--- wanted\n%s", r->name,
			first, step, max, SLICE_ARG(buf_view(&out)), r->parts);
	buf_fini(&out);
}

static void layouts(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct json_records records;
		struct err err = {0};
		size_t skip;
		if (json_records_begin(&records, rows[i].input, &skip, &err) < 0)
			fail_msg("%s: %s", rows[i].name, err.text);
		if (records.layout != rows[i].layout)
			fail_msg("%s: layout %d", rows[i].name, records.layout);
	}
}

static void whole(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		check(&rows[i], rows[i].input.len, 1, 64);
		check(&rows[i], rows[i].input.len, 1, 1);
	}
}

static void every_boundary(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		for (size_t first = 0; first <= rows[i].input.len; first++) {
			check(&rows[i], first, rows[i].input.len, 64);
			check(&rows[i], first, 1, 2);
		}
	}
}

static void refused(void **state)
{
	(void)state;
	static const struct {
		struct slice head;
		const char *word;
	} cases[] = {
		{SLICE("\xFF\xFE{\0\"\0"), "UTF-16"},
		{SLICE("\xFE\xFF\0{"), "UTF-16"},
		{SLICE("{\0\"\0a\0"), "UTF-16"},
		{SLICE("\0{\0\""), "UTF-16"},
		{SLICE("\xFF\xFE\0\0{\0\0\0"), "UTF-32"},
		{SLICE("PAR1\x15\x04"), "Parquet"},
		{SLICE("PK\3\4\x14"), "ZIP"},
		{SLICE("\x89PNG\r\n"), "image"},
		{SLICE("\x1F\x8B\x08"), "gzip"},
		{SLICE("<!DOCTYPE html>\n<html>"), "HTML"},
		{SLICE("\x01\x02\x03\x04\x05\x06"), "binary"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct json_records records;
		struct err err = {0};
		size_t skip;
		if (json_records_begin(&records, cases[i].head, &skip, &err) == 0 ||
			!strstr(err.text, cases[i].word))
			fail_msg("case %zu: %s", i, err.text);
	}
}

/* What follows `data` decides, unless it lies farther away than a record is likely to be long. */
static void long_data(void **state)
{
	(void)state;
	static const struct {
		size_t fill;
		const char *tail;
		bool envelope;
	} cases[] = {
		{1000, "\"}],\"meta\":{}}", true},
		{1000, "\"}],\"time\":1}", false},
		{60000, "\"}],\"meta\":{}}", true},
		{60000, "\"}],\"time\":1}", false},
		{70000, "\"}],\"meta\":{}}", true},
		{70000, "\"}],\"time\":1}", true},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf text, out;
		buf_init(&text, 1 << 20);
		buf_init(&out, 1 << 20);
		buf_puts(&text, "{\"data\":[{\"a\":\"");
		for (size_t k = 0; k < cases[i].fill; k++)
			buf_push(&text, 'x');
		buf_puts(&text, cases[i].tail);
		for (size_t first = 1; first < 200000; first *= 40) {
			buf_clear(&out);
			feed(buf_view(&text), first, 5000, 64, &out);
			if ((out.ptr[2] == 'a') != cases[i].envelope)
				fail_msg("case %zu, first block %zu: %.20s", i, first, out.ptr);
		}
		buf_fini(&text);
		buf_fini(&out);
	}
}

/* Parts of an input made of a head, `n` times `unit`, and a tail; how many and how long. */
static void over_long(void **state)
{
	(void)state;
	static const struct {
		const char *head, *tail;
		enum json_layout layout;
		uint32_t records;
	} cases[] = {
		{"{\"a\":1}\n{\"a\":\"", "\"}\n{\"a\":2}\n", JSON_LINES, 2},
		{"[{\"a\":1},{\"a\":\"", "\"},{\"a\":2}]", JSON_STREAM, 2},
		{"[{\"a\":1},{\"a\":\"", "", JSON_STREAM, 1},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size_t head = strlen(cases[i].head), tail = strlen(cases[i].tail);
		size_t fill = LIMIT_RECORD_BYTES + (3 << 20), len = head + fill + tail;
		char *text = malloc(len);
		memcpy(text, cases[i].head, head);
		memset(text + head, 'x', fill);
		memcpy(text + head + fill, cases[i].tail, tail);
		struct json_records records;
		struct json_record part[4];
		size_t at, step = LIMIT_RECORD_BYTES + (1 << 20), rejected = 0;
		uint32_t good = 0;
		assert_int_equal(
			json_records_begin(&records, (struct slice){text, 1000}, &at, NULL), 0);
		records.layout = cases[i].layout;
		while (at < len) {
			size_t n = len - at < step ? len - at : step, used;
			uint32_t count = json_records_cut(&records, (struct slice){text + at, n},
				at + n == len, part, 4, &used);
			for (uint32_t k = 0; k < count; k++) {
				assert_true(part[k].len <= 1 << 20);
				good += part[k].reason == NULL;
				rejected += part[k].reason ? part[k].len : 0;
			}
			assert_true(used > 0);
			at += used;
		}
		if (good != cases[i].records || rejected < fill || rejected > fill + 20)
			fail_msg("case %zu: %u records, %zu bytes rejected", i, good, rejected);
		free(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(layouts),
		cmocka_unit_test(whole),
		cmocka_unit_test(every_boundary),
		cmocka_unit_test(refused),
		cmocka_unit_test(long_data),
		cmocka_unit_test(over_long),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
