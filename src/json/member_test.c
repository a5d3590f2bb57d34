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

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(members)};
	return cmocka_run_group_tests_name("member", tests, NULL, NULL);
}
