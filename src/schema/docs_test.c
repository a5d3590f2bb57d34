/* SPDX-License-Identifier: Apache-2.0 */
/* Tests that docs/schema.md tells the truth: every example is a schema, every key, type, observable
 * and system column is named. */
#include "base/test.h"
#include "schema/plan_check.h"

static char *docs;

static int read_docs(void **state)
{
	(void)state;
	struct err err;
	size_t n;
	return io_read_file("docs/schema.md", 1 << 20, &docs, &n, &err);
}

static int free_docs(void **state)
{
	(void)state;
	free(docs);
	return 0;
}

static void test_examples_parse(void **state)
{
	(void)state;
	static const char open[] = "```yaml\n";
	size_t n = 0;
	for (const char *at = docs; (at = strstr(at, open)); n++) {
		at += strlen(open);
		const char *end = strstr(at, "\n```");
		assert_non_null(end);
		struct schema *schema;
		struct err err;
		struct slice text = {at, (size_t)(end - at) + 1};
		if (schema_parse(text, "example", &schema, &err) != 0)
			fail_msg("%s\n%.*s", err.text, SLICE_ARG(text));
		plan_check(schema);
		schema_free(schema);
	}
	assert_true(n >= 9);
}

static void check_named(const char *word)
{
	char quoted[100];
	snprintf(quoted, sizeof(quoted), "`%s`", word);
	if (!strstr(docs, quoted))
		fail_msg("docs/schema.md does not name %s", quoted);
}

static void test_words_are_named(void **state)
{
	(void)state;
	static const char *const keys[] = {"table", "extend", "kind", "product", "version", "time",
		"time_fallback", "columns", "rename", "only", "common", "targets", "target_order",
		"id", "instance", "identity", "marks", "list", "fields", "of", "observable",
		"type"};
	static const enum col_type types[] = {COL_STRING, COL_INT64, COL_BOOL, COL_TIME, COL_JSON};
	for (size_t i = 0; i < COUNT(keys); i++)
		check_named(keys[i]);
	for (size_t i = 0; i < COUNT(types); i++)
		check_named(schema_type_name(types[i]));
	for (int i = 0; i < OBS_KINDS; i++)
		check_named(observable_name((enum observable)i));
	for (int i = 0; i < SYS_COLUMNS; i++)
		check_named(sys_columns[i].name);
}

/* The top-level columns and lists of the built-in tables. */
static void test_builtin_columns_are_named(void **state)
{
	(void)state;
	static const char *const families[] = {"author_", "object_item_"};
	for (unsigned t = 0; schema_builtin(t); t++) {
		const struct schema *s = schema_builtin(t);
		for (uint32_t i = 0; i < s->ncolumns; i++) {
			const char *name = s->columns[i].name;
			bool family = false;
			for (size_t f = 0; f < COUNT(families); f++) {
				size_t n = strlen(families[f]);
				family = family || (strncmp(name, families[f], n) == 0 &&
							   strstr(docs, name + n));
			}
			if (s->columns[i].group != NO_GROUP)
				name = s->shape.groups[s->columns[i].group].name;
			if (!family)
				check_named(name);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_examples_parse),
		cmocka_unit_test(test_words_are_named),
		cmocka_unit_test(test_builtin_columns_are_named),
	};
	return cmocka_run_group_tests(tests, read_docs, free_docs);
}
