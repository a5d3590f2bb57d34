/* SPDX-License-Identifier: Apache-2.0 */
/* settings_edit_test.c: an entry put in, changed, taken out; all else stays byte for byte. */
#include "base/test.h"

#include "detect/settings_edit.h"

static bool is_rule(void *ctx, const char *word)
{
	(void)ctx;
	return strcmp(word, "r1") == 0 || strcmp(word, "rule one") == 0;
}

static const struct {
	const char *before, *part, *value;
	bool drop;
	int rc;
	const char *after;
} rows[] = {
	{"", "disable", NULL, false, 1, "disable:\n    - r1\n"},
	{"enable: [x]", "disable", NULL, false, 1, "enable: [x]\ndisable:\n    - r1\n"},
	{"disable:\n", "disable", NULL, false, 1, "disable:\n    - r1\n"},
	{"# a\ndisable: # b\n  - x  # c\n\n  - y\n# d\nenable: [z]\n", "disable", NULL, false, 1,
		"# a\ndisable: # b\n  - x  # c\n\n  - y\n  - r1\n# d\nenable: [z]\n"},
	{"disable:\n- x\nfields: {a: b}\n", "disable", NULL, false, 1,
		"disable:\n- x\n- r1\nfields: {a: b}\n"},
	{"disable:\n  - x", "disable", NULL, false, 1, "disable:\n  - x\n  - r1\n"},
	{"disable: [x, 'y'] # c\n", "disable", NULL, false, 1, "disable: [x, 'y', r1] # c\n"},
	{"disable: [] # c\n", "disable", NULL, false, 1, "disable: [r1] # c\n"},
	{"disable: [ x, ]\n", "disable", NULL, false, 1, "disable: [ x, r1 ]\n"},
	{"disable: [\n  x, # one ]\n  y  # two\n]\n", "disable", NULL, false, 1,
		"disable: [\n  x, # one ]\n  y, r1  # two\n]\n"},
	{"disable: x # c\n", "disable", NULL, false, 1, "disable: [x, r1] # c\n"},
	{"disable:\n  - \"rule one\"\n", "disable", NULL, false, 0, "disable:\n  - \"rule one\"\n"},
	{"disable: ['rule one']\n", "disable", NULL, false, 0, "disable: ['rule one']\n"},
	{"disable: r1\n", "disable", NULL, false, 0, "disable: r1\n"},
	{"disable:\n  - x # c\n  - r1 # gone\n  - y\n", "disable", NULL, true, 1,
		"disable:\n  - x # c\n  - y\n"},
	{"disable: # why\n  - r1\n# d\n", "disable", NULL, true, 1, "disable: [] # why\n# d\n"},
	{"disable: [x, r1, y]\n", "disable", NULL, true, 1, "disable: [x, y]\n"},
	{"disable: [x, r1]\n", "disable", NULL, true, 1, "disable: [x]\n"},
	{"disable: [r1]\n", "disable", NULL, true, 1, "disable: []\n"},
	{"disable: r1 # c\n", "disable", NULL, true, 1, "disable: [] # c\n"},
	{"disable: [x]\n", "disable", NULL, true, 0, "disable: [x]\n"},
	{"", "disable", NULL, true, 0, ""},
	{"", "thresholds", "7", false, 1, "thresholds:\n    r1: 7\n"},
	{"thresholds:\n  x: 1 # c\n", "thresholds", "7", false, 1,
		"thresholds:\n  x: 1 # c\n  r1: 7\n"},
	{"thresholds:\n  'rule one':  5 # c\n  x: 1\n", "thresholds", "7", false, 1,
		"thresholds:\n  'rule one':  7 # c\n  x: 1\n"},
	{"thresholds: {x: 1}\n", "thresholds", "7", false, 1, "thresholds: {x: 1, r1: 7}\n"},
	{"thresholds: {r1: 1, x: 2}\n", "thresholds", "7", false, 1, "thresholds: {r1: 7, x: 2}\n"},
	{"thresholds: {r1: 7}\n", "thresholds", "7", false, 0, "thresholds: {r1: 7}\n"},
	{"thresholds: {x: 1, r1: 7}\n", "thresholds", "0", true, 1, "thresholds: {x: 1}\n"},
	{"thresholds:\n  r1: 7\n", "thresholds", "0", true, 1, "thresholds:\n"},
	{"disable: [[x]]\n", "disable", NULL, false, -1, NULL},
	{"disable: [x\n", "disable", NULL, false, -1, NULL},
};

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct settings_change change = {.part = rows[i].part,
			.word = "r1",
			.value = rows[i].value,
			.drop = rows[i].drop,
			.means = is_rule};
		struct buf out;
		struct err err = {0};
		buf_init(&out, 1 << 16);
		int rc = settings_edit(slice_of(rows[i].before), &change, &out, &err);
		if (rc != rows[i].rc)
			fail_msg("row %zu: %d", i, rc);
		if (rc >= 0 && !slice_eq(buf_view(&out), slice_of(rows[i].after)))
			fail_msg("row %zu: %.*s", i, SLICE_ARG(buf_view(&out)));
		buf_fini(&out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
