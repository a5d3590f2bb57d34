/* SPDX-License-Identifier: Apache-2.0 */
/* validate_test.c: what is JSON, what is a record, where values end, what strings say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "json/json.h"

/* Rows: text, strict verdict, lenient verdict, whether lenient calls it repaired, fault offset of
 * the strict one (-1: none). */
static const struct row {
	struct slice text;
	bool strict, lenient, repaired;
	int offset;
} rows[] = {
	{SLICE("{}"), true, true, false, -1},
	{SLICE(" [1 , -0, 0.5e+3,\ttrue,false\r\n,null] "), true, true, false, -1},
	{SLICE("{\"a\":{\"b\":[[],{}]},\"c\":\"\"}"), true, true, false, -1},
	{SLICE("\"\\u00e9\\ud83d\\ude00 \xC3\xA9\""), true, true, false, -1},
	{SLICE("\"\\ud800\""), true, true, true, -1},
	{SLICE("\"\\u0000\""), true, true, true, -1},
	{SLICE("1e400"), true, true, false, -1},
	{SLICE("\"0123456789\\u12\""), false, false, false, 15},
	{SLICE("\"\xC3\""), false, true, true, 1},
	{SLICE("\"\xED\xA0\x80\""), false, true, true, 1},
	{SLICE("\"\xF4\x90\x80\x80\""), false, true, true, 1},
	{SLICE("\"\xC0\xAF\""), false, true, true, 1},
	{SLICE("[\"a\0b\"]"), false, true, true, 3},
	{SLICE("\"a\tb\""), false, true, true, 2},
	{SLICE("\"a\nb\""), false, false, false, 2},
	{SLICE("\"\\x41\""), false, false, false, 2},
	{SLICE("\xEF\xBB\xBF{}"), false, false, false, 0},
	{SLICE(""), false, false, false, 0},
	{SLICE("  "), false, false, false, 2},
	{SLICE("{} x"), false, false, false, 3},
	{SLICE("[1,]"), false, false, false, 3},
	{SLICE("[,1]"), false, false, false, 1},
	{SLICE("{\"a\":1,}"), false, false, false, 7},
	{SLICE("{\"a\" 1}"), false, false, false, 5},
	{SLICE("{a:1}"), false, false, false, 1},
	{SLICE("{\"a\":1]"), false, false, false, 6},
	{SLICE("01"), false, false, false, 1},
	{SLICE("1."), false, false, false, 2},
	{SLICE(".5"), false, false, false, 0},
	{SLICE("+1"), false, false, false, 0},
	{SLICE("1e"), false, false, false, 2},
	{SLICE("-"), false, false, false, 1},
	{SLICE("NaN"), false, false, false, 0},
	{SLICE("truE"), false, false, false, 3},
	{SLICE("nul"), false, false, false, 3},
	{SLICE("{\"abcdefghijkl"), false, false, false, 14},
	{SLICE("[1"), false, false, false, 2},
	{SLICE("'a'"), false, false, false, 0},
};

static void verdicts(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *r = &rows[i];
		struct json_fault fault = {0};
		bool repaired = false;
		bool strict = json_validate(r->text, &fault) == 0;
		bool lenient = json_validate_lenient(r->text, &repaired, NULL) == 0;
		if (strict != r->strict || lenient != r->lenient ||
			(lenient && repaired != r->repaired) ||
			(!strict && (int)fault.offset != r->offset))
			fail_msg("row %zu (%.*s): strict %d at %zu, lenient %d, repaired %d", i,
				SLICE_ARG(r->text), strict, fault.offset, lenient, repaired);
	}
}

static struct slice brackets(size_t n, const char *open, const char *close)
{
	size_t a = strlen(open), b = strlen(close);
	char *text = malloc(n * (a + b) + 1);
	for (size_t i = 0; i < n; i++)
		memcpy(text + i * a, open, a + 1);
	for (size_t i = 0; i < n; i++)
		memcpy(text + n * a + i * b, close, b + 1);
	return (struct slice){text, n * (a + b)};
}

static void depth(void **state)
{
	(void)state;
	static const struct {
		size_t n;
		const char *open, *close;
		int valid;
		int64_t skip;
	} cases[] = {
		{LIMIT_DEPTH, "[", "]", 0, 2 * LIMIT_DEPTH},
		{LIMIT_DEPTH + 1, "[", "]", -1, -2},
		{1000000, "[", "", -1, -2},
		{1000000, "{\"a\":", "", -1, -2},
		{LIMIT_DEPTH, "[", "}", -1, -2},
		{LIMIT_DEPTH - 1, "[", "", -1, -1},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct slice text = brackets(cases[i].n, cases[i].open, cases[i].close);
		if (json_validate(text, NULL) != cases[i].valid ||
			json_skip(text, 0) != cases[i].skip)
			fail_msg("case %zu: skip gives %lld", i, (long long)json_skip(text, 0));
		free((void *)(uintptr_t)text.ptr);
	}
}

static void depth_around(void **state)
{
	(void)state;
	struct json_fault fault;
	bool repaired = false;
	struct slice text = SLICE("[[1]] ");
	assert_int_equal(json_value(text, 0, LIMIT_DEPTH - 2, &repaired, &fault), 5);
	assert_int_equal(json_value(text, 0, LIMIT_DEPTH - 1, &repaired, &fault), -1);
	assert_string_equal(fault.reason, "nested too deep");
	assert_int_equal(json_value(text, 1, LIMIT_DEPTH, &repaired, &fault), -1);
	assert_int_equal(json_value(text, 2, LIMIT_DEPTH, &repaired, &fault), 3);
	assert_false(repaired);
}

static void ends_of_values(void **state)
{
	(void)state;
	static const struct {
		struct slice text;
		size_t at;
		int64_t end;
	} cases[] = {
		{SLICE("{\"a\":\"}\\\"\"} x"), 0, 11},
		{SLICE("  [1,2] "), 0, 7},
		{SLICE("{\"a\": 12 }"), 5, 8},
		{SLICE("\"a\\\\\","), 0, 5},
		{SLICE("\"a\\"), 0, -1},
		{SLICE("{\"a\":[}"), 0, -2},
		{SLICE("{\"a"), 0, -1},
		{SLICE("true,"), 0, 4},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int64_t end = json_skip(cases[i].text, cases[i].at);
		if (end != cases[i].end)
			fail_msg("case %zu gives %lld", i, (long long)end);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(verdicts),
		cmocka_unit_test(depth),
		cmocka_unit_test(depth_around),
		cmocka_unit_test(ends_of_values),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
