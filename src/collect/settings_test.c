/* SPDX-License-Identifier: Apache-2.0 */
/* settings_test.c: a small map of texts, to JSON and back. */
#include "base/test.h"
#include "collect/settings.h"

static const struct {
	const char *json, *want; /* "!words" */
} rows[] = {
	{"{}", "{}"},
	{" { } ", "{}"},
	{"{\"b\":\"2\",\"a\":\"1\"}", "{\"a\":\"1\",\"b\":\"2\"}"},
	{"{\"a\":1,\"b\":true,\"c\":null,\"d\":-1.5e3,\"e\":false}",
		"{\"a\":\"1\",\"b\":\"true\",\"d\":\"-1.5e3\",\"e\":\"false\"}"},
	{"{\"a\":\"1\",\"a\":\"2\"}", "{\"a\":\"2\"}"},
	{"{\"a\":\"1\",\"a\":\"\"}", "{}"},
	{"{\"\":\"x\"}", "{\"\":\"x\"}"},
	{"{ \"a\" : \"\\u00e9\\n\\\"\\\\\" , \"b\" : \"x\" }",
		"{\"a\":\"\xc3\xa9\\n\\\"\\\\\",\"b\":\"x\"}"},
	{"[]", "!not a JSON object"},
	{"", "!not a JSON object"},
	{"{\"a\":1", "!not a JSON object"},
	{"null", "!not a JSON object"},
	{"{\"a\":{}}", "!not an object or list"},
	{"{\"a\":[1]}", "!not an object or list"},
	{"{\"a\":\"\\u0000\"}", "{\"a\":\"\xef\xbf\xbd\"}"},
	{"{\"a\\u0000b\":\"x\"}", "{\"a\xef\xbf\xbd"
				  "b\":\"x\"}"},
};

static void test_json(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct settings settings = {0};
		struct err err = {0};
		struct buf out;
		buf_init(&out, 1 << 16);
		int rc = settings_read(&settings, slice_of(rows[i].json), &err);
		if (rows[i].want[0] == '!') {
			CHECK_ROW(i, rc == -1 && strstr(err.text, rows[i].want + 1));
		} else {
			CHECK_ROW(i, rc == 0);
			settings_write(&settings, &out);
			CHECK_ROW(i, slice_eq(buf_view(&out), slice_of(rows[i].want)));
		}
		settings_fini(&settings);
		buf_fini(&out);
	}
}

static void test_limits(void **state)
{
	(void)state;
	struct settings settings = {0};
	struct err err = {0};
	char name[16], *value = malloc(SETTING_BYTES + 2);
	memset(value, 'x', SETTING_BYTES + 1);
	value[SETTING_BYTES + 1] = '\0';
	assert_int_equal(settings_put(&settings, "a", value, &err), -1);
	value[SETTING_BYTES] = '\0';
	assert_int_equal(settings_put(&settings, "a", value, &err), 0);
	for (int i = 1; i < SETTINGS_MOST; i++) {
		snprintf(name, sizeof(name), "n%d", i);
		assert_int_equal(settings_put(&settings, name, "true", &err), 0);
	}
	assert_int_equal(settings_put(&settings, "more", "x", &err), -1);
	assert_int_equal(settings_put(&settings, "n5", "x", &err), 0);
	assert_string_equal(settings_get(&settings, "n5"), "x");
	assert_false(settings_on(&settings, "n5"));
	assert_true(settings_on(&settings, "n6"));
	assert_int_equal(settings_put(&settings, "n6", NULL, &err), 0);
	assert_null(settings_get(&settings, "n6"));
	assert_int_equal(settings_put(&settings, "none", "", &err), 0);
	settings_fini(&settings);
	/* What is written is read, at its most. */
	assert_int_equal(settings_put(&settings, "a", value, &err), 0);
	struct buf out;
	buf_init(&out, 1 << 16);
	settings_write(&settings, &out);
	struct settings again = {0};
	assert_int_equal(settings_read(&again, buf_view(&out), &err), 0);
	assert_string_equal(settings_get(&again, "a"), value);
	settings_fini(&again);
	settings_fini(&settings);
	buf_fini(&out);
	free(value);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_limits),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
