/* SPDX-License-Identifier: Apache-2.0 */
/* text_test.c: escapes for terminals, JSON and CSV, and widths, as tables of text in and out. */
#include "base/test.h"

#include "base/text.h"

struct row {
	struct slice in;
	const char *out;
};

static void check_rows(void (*write)(struct buf *, struct slice), const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct buf out;
		buf_init(&out, 1000);
		write(&out, rows[i].in);
		if (!slice_eq(buf_view(&out), slice_of(rows[i].out)))
			fail_msg(
				"row %zu: %.*s, not %s", i, SLICE_ARG(buf_view(&out)), rows[i].out);
		buf_fini(&out);
	}
}

#define TEXT(lit)                                                                                  \
	{                                                                                          \
		"" lit, sizeof(lit) - 1                                                            \
	}

static void terminals_see_no_controls(void **state)
{
	static const struct row rows[] = {
		{TEXT(""), ""},
		{TEXT("plain \\ text"), "plain \\ text"},
		{TEXT("a\nb\tc\rd"), "a\\nb\\tc\\x0dd"},
		{TEXT("\0\x1b[2J\x7f"), "\\x00\\x1b[2J\\x7f"},
		{TEXT("\xc2\x9b"
		      "31m\xc2\x85"),
			"\\u{009b}31m\\u{0085}"},
		{TEXT("a\xe2\x80\xae"
		      "b\xe2\x81\xa6"),
			"a\\u{202e}b\\u{2066}"},
		{TEXT("\xe2\x80\xa8\xe2\x80\xa9"), "\\u{2028}\\u{2029}"},
		{TEXT("\xe2\x80\x8b\xef\xbb\xbf\xd8\x9c\xc2\xad"),
			"\\u{200b}\\u{feff}\\u{061c}\\u{00ad}"},
		{TEXT("\xf3\xa0\x81\x81"), "\\u{e0041}"},
		{TEXT("caf\xc3\xa9 \xe6\x97\xa5 \xf0\x9f\x98\x80"),
			"caf\xc3\xa9 \xe6\x97\xa5 \xf0\x9f\x98\x80"},
		{TEXT("\xff\xe2\x82x\xed\xa0\x80"), "\\xff\\xe2\\x82x\\xed\\xa0\\x80"},
	};
	(void)state;
	check_rows(text_escape, rows, COUNT(rows));
}

static void json_strings_are_json(void **state)
{
	static const struct row rows[] = {
		{TEXT(""), "\"\""},
		{TEXT("a\"b\\c/d"), "\"a\\\"b\\\\c/d\""},
		{TEXT("\b\f\n\r\t"), "\"\\b\\f\\n\\r\\t\""},
		{TEXT("\0\x1b\x1f"), "\"\\u0000\\u001b\\u001f\""},
		{TEXT("\x7f\xc2\x9b\xe2\x80\xae"), "\"\\u007f\\u009b\\u202e\""},
		{TEXT("\xf3\xa0\x81\x81"), "\"\\udb40\\udc41\""},
		{TEXT("\xc3\xa9\xf0\x9f\x98\x80"), "\"\xc3\xa9\xf0\x9f\x98\x80\""},
		{TEXT("\xff"
		      "a\xe2\x82"),
			"\"\xef\xbf\xbd"
			"a\xef\xbf\xbd\""},
	};
	(void)state;
	check_rows(text_json_string, rows, COUNT(rows));
}

static void csv_fields_are_no_formulas(void **state)
{
	static const struct row rows[] = {
		{TEXT(""), ""},
		{TEXT("plain"), "plain"},
		{TEXT("a,b"), "\"a,b\""},
		{TEXT("a;b"), "\"a;b\""},
		{TEXT("say \"hi\""), "\"say \"\"hi\"\"\""},
		{TEXT("\""), "\"\"\"\""},
		{TEXT("two\nlines"), "\"two\nlines\""},
		{TEXT(" blank"), "\" blank\""},
		{TEXT("=1+1"), "'=1+1"},
		{TEXT("=HYPERLINK(\"http://x\",\"y\")"),
			"\"'=HYPERLINK(\"\"http://x\"\",\"\"y\"\")\""},
		{TEXT("+cmd|' /C calc'!A0"), "'+cmd|' /C calc'!A0"},
		{TEXT("-2+3"), "'-2+3"},
		{TEXT("@SUM(A1)"), "'@SUM(A1)"},
		{TEXT("\t=1"), "\"'\t=1\""},
		{TEXT("\r=1"), "\"'\r=1\""},
		{TEXT("\n=1"), "\"'\n=1\""},
		{TEXT("  =1"), "\"'  =1\""},
		{TEXT("\xc2\xa0=1"), "'\xc2\xa0=1"},
		{TEXT("\xef\xbb\xbf=1"), "'\xef\xbb\xbf=1"},
		{TEXT("\xef\xbc\x9d"
		      "1"),
			"'\xef\xbc\x9d"
			"1"},
		{TEXT("-12"), "-12"},
		{TEXT("+3.5"), "+3.5"},
		{TEXT("-1e-5"), "-1e-5"},
		{TEXT("-1E+5"), "-1E+5"},
		{TEXT("-"), "'-"},
		{TEXT("-1."), "'-1."},
		{TEXT("-1e"), "'-1e"},
		{TEXT("-1e5x"), "'-1e5x"},
		{TEXT("- 1"), "'- 1"},
		{TEXT("--1"), "'--1"},
		{TEXT("   "), "\"   \""},
		{TEXT("a=1"), "a=1"},
		{TEXT("\xff=1"), "\xff=1"},
	};
	(void)state;
	check_rows(text_csv_field, rows, COUNT(rows));
}

static void widths_are_those_of_the_escaped_text(void **state)
{
	static const struct {
		struct slice in;
		size_t columns;
	} rows[] = {
		{TEXT(""), 0},
		{TEXT("abc"), 3},
		{TEXT("caf\xc3\xa9"), 4},
		{TEXT("cafe\xcc\x81"), 4},
		{TEXT("\xe6\x97\xa5\xe6\x9c\xac"), 4},
		{TEXT("\xed\x95\x9c"), 2},
		{TEXT("\xef\xbc\xa1"), 2},
		{TEXT("\xf0\x9f\x98\x80"), 2},
		{TEXT("\xe2\x9d\xa4\xef\xb8\x8f"), 1},
		{TEXT("\xf0\xa0\x80\x80"), 2},
		{TEXT("\xd7\xa9\xd6\xb8"), 1},
		{TEXT("\n\t\x1b\xff"), 2 + 2 + 4 + 4},
		{TEXT("\xe2\x80\xae"), 8},
		{TEXT("\xf3\xa0\x81\x81"), 9},
		{TEXT("\xe2\x82"), 8},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		CHECK_ROW(i, text_width(rows[i].in) == rows[i].columns);
}

/* The UTF-8 form of a code point that is no surrogate. */
static struct slice encode(uint32_t code, char bytes[4])
{
	size_t n = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
	for (size_t i = n; i-- > 1; code >>= 6)
		bytes[i] = (char)(0x80 | (code & 0x3f));
	bytes[0] = (char)(n == 1 ? code : (0xf00u >> n) | code);
	return (struct slice){bytes, n};
}

static bool must_not_pass(uint32_t code)
{
	static const uint32_t marks[] = {0x00ad, 0x061c, 0x115f, 0x180e, 0x200b, 0x200e, 0x200f,
		0x2028, 0x2029, 0x202a, 0x202e, 0x2060, 0x2066, 0x2069, 0x3164, 0xfeff, 0xffa0,
		0xfff9, 0xe0001, 0xe007f};
	for (size_t i = 0; i < COUNT(marks); i++) {
		if (code == marks[i])
			return true;
	}
	return code < 0x20 || (code >= 0x7f && code < 0xa0);
}

static void nothing_unsafe_passes(void **state)
{
	/* C0, DEL, C1 and the known direction and invisible marks come out as plain ASCII. */
	(void)state;
	for (uint32_t code = 0; code < 0x110000; code++) {
		char bytes[4];
		struct buf out;
		if (!must_not_pass(code))
			continue;
		buf_init(&out, 100);
		text_escape(&out, encode(code, bytes));
		text_json_string(&out, encode(code, bytes));
		for (size_t i = 0; i < out.len; i++) {
			if (out.ptr[i] < 0x20 || out.ptr[i] >= 0x7f)
				fail_msg("U+%04X passes", code);
		}
		buf_fini(&out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(terminals_see_no_controls),
		cmocka_unit_test(json_strings_are_json),
		cmocka_unit_test(csv_fields_are_no_formulas),
		cmocka_unit_test(widths_are_those_of_the_escaped_text),
		cmocka_unit_test(nothing_unsafe_passes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
