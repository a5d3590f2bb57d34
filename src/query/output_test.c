/* SPDX-License-Identifier: Apache-2.0 */
/*
 * output_test.c: rows as a hostile child could send them, in every format. No child is started: what
 * is tested is the parent's side, which trusts nothing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "query/output.h"

enum { COLUMNS_MAX = 12, ROWS_MAX = 4 };

struct given {
	const char *label;
	enum query_format format;
	unsigned width;
	uint64_t max_rows;
	const char *names[COLUMNS_MAX];
	enum cell_kind kinds[COLUMNS_MAX];
	struct cell rows[ROWS_MAX][COLUMNS_MAX];
	unsigned nrows;
	const char *expected;
};

#define TEXT(s)                                                                                    \
	{                                                                                          \
		CELL_TEXT,                                                                         \
		{                                                                                  \
			s, sizeof(s) - 1                                                           \
		}                                                                                  \
	}
#define NUMBER(s)                                                                                  \
	{                                                                                          \
		CELL_NUMBER,                                                                       \
		{                                                                                  \
			s, sizeof(s) - 1                                                           \
		}                                                                                  \
	}
#define JSON(s)                                                                                    \
	{                                                                                          \
		CELL_JSON,                                                                         \
		{                                                                                  \
			s, sizeof(s) - 1                                                           \
		}                                                                                  \
	}
#define BOOL(s)                                                                                    \
	{                                                                                          \
		CELL_BOOL,                                                                         \
		{                                                                                  \
			s, sizeof(s) - 1                                                           \
		}                                                                                  \
	}
#define NOTHING                                                                                    \
	{                                                                                          \
		CELL_NULL,                                                                         \
		{                                                                                  \
			"", 0                                                                      \
		}                                                                                  \
	}

static const struct given table[] = {
	{"plain table", FORMAT_TABLE, 80, 0, {"n", "text"}, {CELL_NUMBER, CELL_TEXT},
		{{NUMBER("1"), TEXT("a")}, {NUMBER("1000"), NOTHING}}, 2,
		"   n  text\n----  ----\n   1  a\n1000  NULL\n"},
	{"no rows", FORMAT_TABLE, 80, 0, {"n"}, {CELL_NUMBER}, {{NOTHING}}, 0, "n\n-\n"},
	{"terminal escapes", FORMAT_TABLE, 80, 0, {"\x1b[2J", "b"}, {CELL_TEXT, CELL_TEXT},
		{{TEXT("\x1b]0;x\x07\n"), TEXT("\xc2\x9b"
					       "1m\xe2\x80\xae")}},
		1,
		"\\x1b[2J         b\n"
		"--------------  ------------------\n"
		"\\x1b]0;x\\x07\\n  \\u{009b}1m\\u{202e}\n"},
	{"wide cells are cut", FORMAT_TABLE, 30, 0, {"a", "b"}, {CELL_TEXT, CELL_TEXT},
		{{TEXT("0123456789012345678901234567890123456789"), TEXT("short")}}, 1,
		"a                        b\n"
		"-----------------------  -----\n"
		"0123456789012345678901…  short\n"},
	{"double width", FORMAT_TABLE, 20, 0, {"a", "b"}, {CELL_TEXT, CELL_TEXT},
		{{TEXT("漢漢漢漢漢漢漢漢漢漢"), TEXT("x")}, {TEXT("é"), TEXT("y")}}, 2,
		"a                  b\n-----------------  -\n漢漢漢漢漢漢漢漢…  x\n"
		"é                  y\n"},
	{"no width: nothing is cut", FORMAT_TABLE, 0, 0, {"a"}, {CELL_TEXT},
		{{TEXT("0123456789012345678901234567890123456789")}}, 1,
		"a\n----------------------------------------\n"
		"0123456789012345678901234567890123456789\n"},
	{"too many columns become records", FORMAT_TABLE, 24, 0, {"first", "second", "x"},
		{CELL_TEXT, CELL_NUMBER, CELL_TEXT},
		{{TEXT("aaaaaaaaaaaaaaaaaaaaaaaa"), NUMBER("123456789012"), TEXT("bbbbbbbbbbbb")}},
		1,
		"-- row 1 --\nfirst   aaaaaaaaaaaaaaa…\nsecond  123456789012\nx       "
		"bbbbbbbbbbbb\n"},
	{"cut by rows", FORMAT_TABLE, 80, 1, {"n"}, {CELL_NUMBER}, {{NUMBER("1")}, {NUMBER("2")}},
		2, "n\n-\n1\n"},
	{"a plan", FORMAT_TABLE, 80, 0, {"explain_key", "explain_value"}, {CELL_TEXT, CELL_TEXT},
		{{TEXT("physical_plan"), TEXT("┌─┐\n│\x1b│\n")}}, 1, "┌─┐\n│\\x1b│\n"},
	{"json", FORMAT_JSON, 0, 0, {"a", "a", "b\x1b"}, {CELL_NUMBER, CELL_TEXT, CELL_JSON},
		{{NUMBER("18446744073709551615"), TEXT("\x1b\xff\xc2\x85\"\\"), JSON("[1,{}]")},
			{NOTHING, TEXT(""), JSON("null")}},
		2,
		"[\n{\"a\":18446744073709551615,\"a_2\":\"\\u001b\xef\xbf\xbd\\u0085\\\"\\\\\","
		"\"b\\u001b\":[1,{}]},\n{\"a\":null,\"a_2\":\"\",\"b\\u001b\":null}\n]\n"},
	{"json without rows", FORMAT_JSON, 0, 0, {"a"}, {CELL_TEXT}, {{NOTHING}}, 0, "[]\n"},
	{"json that lies", FORMAT_NDJSON, 0, 0, {"n", "j", "b"},
		{CELL_NUMBER, CELL_JSON, CELL_BOOL},
		{{NUMBER("nan"), JSON("{\"a\":1},\"evil\":{"), BOOL("maybe")},
			{NUMBER("1\n2"), JSON("[1,\n2]"), BOOL("true")}},
		2,
		"{\"n\":\"nan\",\"j\":\"{\\\"a\\\":1},\\\"evil\\\":{\",\"b\":\"maybe\"}\n"
		"{\"n\":\"1\\n2\",\"j\":[1, 2],\"b\":true}\n"},
	{"arrays, without their end", FORMAT_ARRAYS, 0, 2, {"a", "a", "b\x1b"},
		{CELL_NUMBER, CELL_TEXT, CELL_JSON},
		{{NUMBER("1"), TEXT("\x1b\xff"), JSON("[1,\n{}]")},
			{NOTHING, TEXT("x"), JSON("1],[2")}, {NOTHING, NOTHING, NOTHING}},
		3,
		"{\"columns\":[{\"name\":\"a\",\"type\":\"number\"},{\"name\":\"a\",\"type\":"
		"\"text\"},"
		"{\"name\":\"b\\u001b\",\"type\":\"json\"}],\"rows\":[\n"
		"[1,\"\\u001b\xef\xbf\xbd\",[1, {}]],\n[null,\"x\",\"1],[2\"]\n]"},
	{"arrays without rows", FORMAT_ARRAYS, 0, 0, {"a"}, {CELL_TEXT}, {{NOTHING}}, 0,
		"{\"columns\":[{\"name\":\"a\",\"type\":\"text\"}],\"rows\":[]"},
	{"csv", FORMAT_CSV, 0, 0, {"a", "=cmd"}, {CELL_TEXT, CELL_TEXT},
		{{TEXT("=1+1"), TEXT("a,\"b\"\n")}, {NOTHING, TEXT("")}, {TEXT("-5"), TEXT("@x")}},
		3, "a,'=cmd\r\n'=1+1,\"a,\"\"b\"\"\n\"\r\n,\"\"\r\n-5,'@x\r\n"},
	{"csv of one null", FORMAT_CSV, 0, 0, {"a"}, {CELL_TEXT}, {{NOTHING}}, 1, "a\r\n\"\"\r\n"},
};

static char *run(const struct given *given, bool *cut)
{
	struct sql_options options = {
		.format = given->format, .width = given->width, .max_rows = given->max_rows};
	struct slice names[COLUMNS_MAX];
	struct output out;
	struct err err;
	char *text = NULL;
	size_t n = 0;
	uint32_t columns = 0;
	FILE *file = open_memstream(&text, &n);
	while (columns < COLUMNS_MAX && given->names[columns]) {
		names[columns] = slice_of(given->names[columns]);
		columns++;
	}
	output_init(&out, &options, file);
	assert_int_equal(output_begin(&out, columns, names, given->kinds, &err), 0);
	int rc = 0;
	for (unsigned i = 0; rc == 0 && i < given->nrows; i++)
		rc = output_row(&out, given->rows[i], &err);
	assert_true(rc >= 0);
	assert_int_equal(output_end(&out, &err), 0);
	*cut = out.cut;
	assert_int_equal(rc == 1, *cut);
	output_fini(&out);
	(void)fclose(file);
	return text;
}

static void test_formats(void **state)
{
	bool cut;
	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		char *text = run(&table[i], &cut);
		if (strcmp(text, table[i].expected) != 0)
			fail_msg("%s:\n%s", table[i].label, text);
		assert_int_equal(cut, table[i].max_rows && table[i].nrows > table[i].max_rows);
		free(text);
	}
}

/* More rows than are held back for the widths: later ones are cut or shift, but none is lost. */
static void test_long(void **state)
{
	struct sql_options options = {.format = FORMAT_TABLE, .width = 40};
	struct slice name = SLICE("n");
	enum cell_kind kind = CELL_NUMBER;
	struct output out;
	struct err err;
	char *text = NULL, digits[32];
	size_t n = 0, lines = 0;
	FILE *file = open_memstream(&text, &n);
	(void)state;
	output_init(&out, &options, file);
	assert_int_equal(output_begin(&out, 1, &name, &kind, &err), 0);
	for (unsigned i = 0; i < 3000; i++) {
		struct cell cell = {CELL_NUMBER, {digits, 0}};
		cell.text.len = (size_t)snprintf(digits, sizeof(digits), "%u", i);
		assert_int_equal(output_row(&out, &cell, &err), 0);
	}
	assert_int_equal(output_end(&out, &err), 0);
	assert_int_equal(out.rows, 3000);
	output_fini(&out);
	(void)fclose(file);
	for (const char *at = text; (at = strchr(at, '\n')) != NULL; at++)
		lines++;
	assert_int_equal(lines, 3002);
	assert_non_null(strstr(text, "\n999\n"));
	assert_non_null(strstr(text, "\n10…\n")); /* wider than the first thousand */
	free(text);
}

/* Tables of a search: the last columns are left out where they do not fit, whole ones are never cut,
 * and what was found is marked, also where the mark is cut. */
static void test_drop_and_marks(void **state)
{
	static const struct {
		unsigned width;
		const char *expected;
	} rows[] = {
		{80, "time        text                           id\n"
		     "----------  -----------------------------  --------\n"
		     "2026-01-05  0123\x1b[1;4m456\x1b[0m78901234567890\\x1b[0mx  01234567\n"},
		{30, "time        text\n"
		     "----------  ------------------\n"
		     "2026-01-05  0123\x1b[1;4m456\x1b[0m7890123456…\n"},
		{18, "time\n----------\n2026-01-05\n"},
		{6, "time\n------\n2026-…\n"},
	};
	static const bool whole[] = {true, false, true};
	static const struct text_span spans[] = {{4, 7}, {900, 901}};
	struct slice names[] = {SLICE("time"), SLICE("text"), SLICE("id")};
	enum cell_kind kinds[] = {CELL_TEXT, CELL_TEXT, CELL_TEXT};
	struct cell cells[] = {
		TEXT("2026-01-05"), TEXT("012345678901234567890\x1b[0mx"), TEXT("01234567")};
	struct cell_marks marks[] = {{NULL, 0}, {spans, 2}, {NULL, 0}};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct sql_options options = {.format = FORMAT_TABLE, .width = rows[i].width};
		struct output out;
		struct err err;
		char *text = NULL;
		size_t n = 0;
		FILE *file = open_memstream(&text, &n);
		output_init(&out, &options, file);
		out.drop = true;
		out.whole = whole;
		assert_int_equal(output_begin(&out, 3, names, kinds, &err), 0);
		assert_int_equal(output_row_marked(&out, cells, marks, &err), 0);
		assert_int_equal(output_end(&out, &err), 0);
		output_fini(&out);
		(void)fclose(file);
		if (strcmp(text, rows[i].expected) != 0)
			fail_msg("width %u:\n%s", rows[i].width, text);
		free(text);
	}
}

/* A full disk or a closed pipe is an error, not a shorter result. */
static void test_full(void **state)
{
	struct given given = table[9];
	struct sql_options options = {.format = FORMAT_NDJSON};
	struct slice names[2] = {SLICE("a"), SLICE("b")};
	struct output out;
	struct err err;
	FILE *file = fopen("/dev/full", "we");
	(void)state;
	assert_non_null(file);
	output_init(&out, &options, file);
	assert_int_equal(output_begin(&out, 2, names, given.kinds, &err), 0);
	assert_int_equal(output_row(&out, given.rows[0], &err), 0);
	assert_int_equal(output_end(&out, &err), -1);
	assert_int_equal(err.kind, ERR_NO_SPACE);
	output_fini(&out);
	(void)fclose(file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_formats),
		cmocka_unit_test(test_long),
		cmocka_unit_test(test_drop_and_marks),
		cmocka_unit_test(test_full),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
