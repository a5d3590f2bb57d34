/* SPDX-License-Identifier: Apache-2.0 */
/* jsontext_test.c: what is a JSON value and what is not, and characters that must not be seen raw. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/limits.h"
#include "query/jsontext.h"

static const struct {
	const char *text;
	bool valid;
} texts[] = {
	{"null", true},
	{" true ", true},
	{"false", true},
	{"0", true},
	{"-0", true},
	{"-12.5e+10", true},
	{"1E5", true},
	{"\"\"", true},
	{"\"a\\u00e9\\n\\\"\\/\"", true},
	{"[]", true},
	{"{}", true},
	{"[[],{}]", true},
	{"{\"a\":[1,2,{\"b\":null}],\"c\":\"d\"}", true},
	{"\r\n\t[ 1 , 2 ]\n", true},
	{"", false},
	{" ", false},
	{"nul", false},
	{"nulll", false},
	{"01", false},
	{"-", false},
	{"1.", false},
	{".5", false},
	{"+1", false},
	{"1e", false},
	{"nan", false},
	{"\"", false},
	{"\"a", false},
	{"\"\\x\"", false},
	{"\"\\u12g4\"", false},
	{"\"\n\"", false},
	{"\"\xff\"", false},
	{"\"\xed\xa0\x80\"", false},
	{"[", false},
	{"]", false},
	{"[1", false},
	{"[1,]", false},
	{"[,1]", false},
	{"[1 2]", false},
	{"{\"a\"}", false},
	{"{\"a\":}", false},
	{"{\"a\":1,}", false},
	{"{a:1}", false},
	{"{\"a\":1]", false},
	{"[1}", false},
	{"1 1", false},
	{"[] []", false},
	{"{}x", false},
};

static void test_valid(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (jsontext_valid(slice_of(texts[i].text)) != texts[i].valid)
			fail_msg("%s", texts[i].text);
	}
	assert_false(jsontext_valid((struct slice){"1\0", 2}));
	assert_false(jsontext_valid((struct slice){"\"\\\0\"", 4}));
}

static void test_depth(void **state)
{
	static char text[2 * LIMIT_DEPTH + 4];
	(void)state;
	for (unsigned depth = LIMIT_DEPTH - 1; depth <= LIMIT_DEPTH + 2; depth++) {
		memset(text, '[', depth);
		memset(text + depth, ']', depth);
		/* The innermost one is empty, so it takes no level. */
		bool valid = jsontext_valid((struct slice){text, 2 * (size_t)depth});
		assert_int_equal(valid, depth <= LIMIT_DEPTH + 1);
		assert_false(jsontext_valid((struct slice){text, 2 * (size_t)depth - 1}));
	}
	static char deep[1 << 20];
	memset(deep, '[', sizeof(deep));
	assert_false(jsontext_valid((struct slice){deep, sizeof(deep)}));
}

static const struct {
	const char *in, *out;
} visible[] = {
	{"{\"a\":1}", "{\"a\":1}"},
	{"\"é漢\"", "\"é漢\""},
	{"\"\x7f\"", "\"\\u007f\""},
	{"\"\xc2\x9b"
	 "31m\"",
		"\"\\u009b31m\""},
	{"\"a\xe2\x80\xae"
	 "b\xe2\x80\xa8\"",
		"\"a\\u202eb\\u2028\""},
	{"\"\xef\xbb\xbf\"", "\"\\ufeff\""},
	{"[1,\n\t2]", "[1,  2]"},
	{"", ""},
};

static void test_visible(void **state)
{
	struct buf out;
	(void)state;
	buf_init(&out, 1000);
	for (size_t i = 0; i < sizeof(visible) / sizeof(visible[0]); i++) {
		buf_clear(&out);
		jsontext_visible(&out, slice_of(visible[i].in));
		if (!slice_eq(buf_view(&out), slice_of(visible[i].out)))
			fail_msg("row %zu: %.*s", i, SLICE_ARG(buf_view(&out)));
	}
	buf_fini(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_valid),
		cmocka_unit_test(test_depth),
		cmocka_unit_test(test_visible),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
