/* SPDX-License-Identifier: Apache-2.0 */
/* member_test.c: one member of an object, found past values of every kind. */
#include "json/json.h"

#include "base/test.h"

static void members(void **state)
{
	(void)state;
	static const struct {
		const char *object, *key, *value; /* NULL: none */
	} rows[] = {
		{"{\"a\":1}", "a", "1"},
		{" \t{ \"a\" : [1, {\"b\":2}] , \"b\" : \"x\" } ", "b", "\"x\""},
		{" {\"a\" : [1, {\"b\":2}], \"b\":{}}", "a", "[1, {\"b\":2}]"},
		{"{\"a\":{\"b\":1}}", "b", NULL},
		{"{\"a\":1,\"a\":2}", "a", "2"},
		{"{\"a\":\"}\\\"{\",\"b\":null}", "b", "null"},
		{"{\"ab\":1}", "a", NULL},
		{"{\"a\":1}", "ab", NULL},
		{"{}", "a", NULL},
		{"[{\"a\":1}]", "a", NULL},
		{"\"a\"", "a", NULL},
		{"", "a", NULL},
		{"   ", "a", NULL},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct slice value;
		int found = json_member(slice_of(rows[i].object), rows[i].key, &value);
		CHECK_ROW(i, found == (rows[i].value != NULL));
		CHECK_ROW(i, !found || slice_eq(value, slice_of(rows[i].value)));
	}
}

static void members_in_order(void **state)
{
	(void)state;
	static const struct {
		const char *object, *all;
	} rows[] = {
		{"{\"a\":1}", "a=1;"},
		{" { \"a\" : [1, {\"b\":2}] ,\n\"b\\u0063\" : \"x,}\" , \"a\":null } ",
			"a=[1, {\"b\":2}];bc=\"x,}\";a=null;"},
		{"{}", ""},
		{" [1]", ""},
		{"\"a\"", ""},
		{"", ""},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct buf name, all;
		struct slice value;
		buf_init(&name, 100);
		buf_init(&all, 1000);
		for (size_t at = 0; json_next(slice_of(rows[i].object), &at, &name, &value);)
			buf_printf(
				&all, "%.*s=%.*s;", SLICE_ARG(buf_view(&name)), SLICE_ARG(value));
		CHECK_ROW(i, slice_eq(buf_view(&all), slice_of(rows[i].all)));
		buf_fini(&name);
		buf_fini(&all);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(members), cmocka_unit_test(members_in_order)};
	return cmocka_run_group_tests_name("member", tests, NULL, NULL);
}
