/* SPDX-License-Identifier: Apache-2.0 */
/* yaml_test.c: several documents, what plain texts are, limits of the caller. What schemas refuse is in
 * schema/error_test.c. */
#include "base/test.h"

#include "yaml/yaml.h"

static const struct yaml_form form = {
	.what = "a test", .needs = "`x`", .bytes = 1000, .nodes = 20, .depth = 3};

static const struct {
	const char *text;
	enum yaml_type type;
} types[] = {
	{"", YAML_NULL},
	{"~", YAML_NULL},
	{"null", YAML_NULL},
	{"NULL", YAML_NULL},
	{"nUll", YAML_STRING},
	{"''", YAML_STRING},
	{"'null'", YAML_STRING},
	{"\"~\"", YAML_STRING},
	{"true", YAML_BOOL},
	{"False", YAML_BOOL},
	{"yes", YAML_STRING},
	{"on", YAML_STRING},
	{"'true'", YAML_STRING},
	{"0", YAML_INT},
	{"-12", YAML_INT},
	{"+5", YAML_INT},
	{"007", YAML_INT},
	{"0x1F", YAML_INT},
	{"0o17", YAML_INT},
	{"0x", YAML_STRING},
	{"0xG", YAML_STRING},
	{"-0x1", YAML_STRING},
	{"1_000", YAML_STRING},
	{"'5'", YAML_STRING},
	{"1.5", YAML_FLOAT},
	{".5", YAML_FLOAT},
	{"5.", YAML_FLOAT},
	{"1e3", YAML_FLOAT},
	{"-1.5E-3", YAML_FLOAT},
	{"1e", YAML_STRING},
	{".", YAML_STRING},
	{".inf", YAML_FLOAT},
	{"-.INF", YAML_FLOAT},
	{".nan", YAML_FLOAT},
	{"1.2.3", YAML_STRING},
	{"2026-01-05", YAML_STRING},
	{"12:30", YAML_STRING},
};

static void test_types(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(types); i++) {
		struct arena mem = {0};
		struct yaml_docs docs;
		struct err err = {0};
		char text[100];
		snprintf(text, sizeof(text), "x: %s\n", types[i].text);
		CHECK_ROW(i,
			yaml_docs_read(slice_of(text), &form, "t", &mem, &docs, NULL, &err) == 0);
		CHECK_ROW(i, docs.n == 1);
		CHECK_ROW(i, yaml_type(yaml_get(docs.of[0], "x")) == types[i].type);
		arena_fini(&mem);
	}
}

/* How many documents, or the line of the fault and a part of its text. */
static const struct {
	const char *text;
	uint32_t n, line;
	const char *what;
} documents[] = {
	{"", 0, 0, NULL},
	{"---\n---\n", 0, 0, NULL},
	{"a: 1\n", 1, 0, NULL},
	{"a: 1\n---\na: 2\n---\n", 2, 0, NULL},
	{"---\na: 1\n...\n---\na: 2\n", 2, 0, NULL},
	{"a: 1\n---\nb: [\n", 0, 4, "not readable as YAML"},
	{"a: 1\n---\nb: &x 1\n", 0, 3, "an anchor (&)"},
	{"a: 1\n---\nb: 1\nb: 2\n", 0, 4, "stands twice (first in line 3)"},
	{"a: 1\n---\n%YAML 1.2\n---\n", 0, 3, ""},
	{"a: {b: {c: {d: 1}}}\n", 0, 1, "nested too deeply for a test"},
	{"[1,2,3,4,5,6,7,8,9,0,1,2,3,4,5,6,7,8,9,0,1]\n", 0, 1,
		"more than 20 values: too many for a test"},
};

static void test_documents(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(documents); i++) {
		struct arena mem = {0};
		struct yaml_docs docs;
		struct err err = {0};
		uint32_t line = 0;
		int rc = yaml_docs_read(
			slice_of(documents[i].text), &form, "t", &mem, &docs, &line, &err);
		if ((rc == 0) != !documents[i].what || docs.n != documents[i].n ||
			line != documents[i].line ||
			(rc != 0 && !strstr(err.text, documents[i].what)))
			fail_msg("row %zu: %d, %u documents, line %u: %s", i, rc, docs.n, line,
				err.text);
		arena_fini(&mem);
	}
}

static void test_bytes(void **state)
{
	(void)state;
	char text[1002];
	struct arena mem = {0};
	struct yaml_docs docs;
	struct err err = {0};
	memset(text, '#', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(yaml_docs_read(slice_of(text), &form, "t", &mem, &docs, NULL, &err), -1);
	assert_non_null(strstr(err.text, "longer than 1000 bytes: too much for a test"));
	text[1000] = '\0';
	assert_int_equal(yaml_docs_read(slice_of(text), &form, "t", &mem, &docs, NULL, &err), 0);
	arena_fini(&mem);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_types),
		cmocka_unit_test(test_documents),
		cmocka_unit_test(test_bytes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
