/* SPDX-License-Identifier: Apache-2.0 */
/* settings_test.c: files, folders and settings of rules; correlations, filters and versions as loaded. */
#include "base/test.h"

#include "detect/rule.h"

static void put(const char *folder, const char *name, const char *text)
{
	char path[600];
	struct err err = {0};
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	assert_int_equal(io_write_file(path, text, strlen(text), 0600, &err), 0);
}

static struct rules *load(const char *folder, bool settings)
{
	char path[600];
	const char *paths[] = {folder, NULL};
	struct rules_source source = {.paths = paths, .settings = settings ? path : NULL};
	struct rules *rules;
	struct err err = {0};
	snprintf(path, sizeof(path), "%.500s/settings.yml", folder);
	if (rules_load(&source, &rules, &err) != 0)
		fail_msg("%s", err.text);
	return rules;
}

/* A folder with folders in it, named within `parent`. */
static char *rule_folder(const char *parent)
{
	char path[600];
	struct err err = {0};
	snprintf(path, sizeof(path), "%s/rules/jira", parent);
	assert_int_equal(io_mkdirs(path, &err), 0);
	snprintf(path, sizeof(path), "%s/rules", parent);
	return strdup(path);
}

#define RULE(n, more)                                                                              \
	"title: R" #n "\nname: r" #n "\nid: 00000000-0000-4000-8000-00000000000" #n                \
	"\nlogsource: {product: jira}\n" more

static void test_files(void **state)
{
	(void)state;
	char *parent = test_folder(), *folder = rule_folder(parent);
	put(folder, "jira/a.yml", RULE(1, "detection: {s: {a: x}, condition: s}\n"));
	put(folder, "b.yaml", RULE(2, "detection: {s: {a|bad: x}, condition: s}\n"));
	put(folder, "c.yml", RULE(3, "detection: {s: {a: [x}, condition: s}\n"));
	put(folder, "d.YML", RULE(4, "detection: {s: {a: x}, condition: s}\n"));
	put(folder, "e.json", "{");
	put(folder, ".f.yml", "x: [");
	struct rules *rules = load(folder, false);
	assert_int_equal(rules->n, 2);
	assert_int_equal(rules->nproblems, 2);
	assert_non_null(strstr(rules->problems[0].file, "rules/b.yaml"));
	assert_int_equal(rules->problems[0].line, 5);
	assert_non_null(strstr(rules->problems[1].file, "rules/c.yml"));
	assert_int_equal(rules->problems[1].line, 5);
	rules_free(rules);
	const char *paths[] = {"/nowhere/at/all", NULL};
	struct rules_source source = {.paths = paths};
	struct err err = {0};
	assert_int_equal(rules_load(&source, &rules, &err), -1);
	assert_int_equal(err.kind, ERR_NOT_FOUND);
	free(folder);
	test_remove(parent);
}

#define COUNTED(n, of, more)                                                                       \
	RULE(n, "correlation:\n  type: event_count\n  rules: " of                                  \
		"\n  timespan: 5m\n  group-by: [u, v]\n  condition: {gt: 3}\n" more)
#define PLAIN(n) RULE(n, "detection: {s: {foreign|contains: '*x'}, condition: s}\n")

static void test_settings(void **state)
{
	(void)state;
	char *parent = test_folder(), *folder = rule_folder(parent);
	put(folder, "a.yml",
		PLAIN(1) "---\n" PLAIN(2) "---\n" COUNTED(3, "r1", "") "---\n" COUNTED(4, "r3",
			"") "---\n" RULE(5, "status: deprecated\ndetection: {s: {b|expand: "
					    "'%who%'}, condition: s}\n"));
	put(folder, "settings.yml",
		"disable: 00000000-0000-4000-8000-000000000002\nenable: [r5]\nthresholds: {r3: "
		"20}\n"
		"placeholders: {who: [ann, bob]}\nfields: {foreign: ours, u: actor}\n");
	struct rules *rules = load(folder, true);
	if (rules->nproblems)
		fail_msg("%s", rules->problems[0].what);
	assert_int_equal(rules->n, 5);
	const struct rule *const *of = (const struct rule *const *)rules->of;
	assert_true(slice_eq(of[0]->expr->test.field, SLICE("ours")));
	assert_true(of[0]->silent && !of[0]->disabled);
	assert_true(of[1]->disabled && !of[1]->silent);
	assert_true(!of[4]->disabled);
	assert_int_equal(of[4]->expr->test.npatterns, 2);
	const struct correlation *c = of[2]->correlation;
	assert_int_equal(c->nrules, 1);
	assert_int_equal(c->rules[0], 0);
	assert_true(c->bound.low_given && !c->bound.low_inclusive && !c->bound.high_given);
	assert_true(c->bound.low == 20);
	assert_int_equal(c->ngroup, 2);
	assert_string_equal(c->group_by[0], "u");
	assert_string_equal(c->group[0], "actor");
	assert_string_equal(c->group[1], "v");
	assert_string_equal(of[3]->correlation->group[0], "u"); /* a name of the correlation's */
	rules_free(rules);
	put(folder, "settings.yml", "disabled: [r1]\n");
	char path[600];
	snprintf(path, sizeof(path), "%s/settings.yml", folder);
	struct rules_source source = {.settings = path};
	struct err err = {0};
	assert_int_equal(rules_load(&source, &rules, &err), -1);
	assert_non_null(strstr(err.text, "unknown key \"disabled\""));
	free(folder);
	test_remove(parent);
}

/* The correlation of disabled rules can find nothing; one that generates leaves its rules loud. */
static void test_states(void **state)
{
	(void)state;
	char *parent = test_folder(), *folder = rule_folder(parent);
	put(folder, "a.yml",
		PLAIN(1) "---\n" PLAIN(2) "---\n" COUNTED(3, "[r1, r2]", "  generate: true\n"));
	put(folder, "settings.yml", "disable: r1\n");
	struct rules *rules = load(folder, true);
	assert_true(rules->of[0]->disabled);
	assert_false(rules->of[1]->disabled || rules->of[1]->silent);
	assert_true(rules->of[2]->disabled);
	assert_non_null(strstr(rules->of[2]->why, "R1"));
	rules_free(rules);
	free(folder);
	test_remove(parent);
}

static struct rules *read_text(const char *text, struct rules_source *source)
{
	struct rules *rules;
	struct err err = {0};
	if (rules_read(slice_of(text), "t.yml", source, &rules, &err) != 0)
		fail_msg("%s", err.text);
	return rules;
}

#define FILTER(rules)                                                                              \
	"---\ntitle: f\nlogsource: {product: jira}\nfilter:\n  rules: " rules                      \
	"\n  s: {u: svc}\n  condition: not s\n"

/* Whether what is said twice has the same version. */
static const struct {
	const char *a, *b;
	bool same;
} versions[] = {
	{PLAIN(1), "description: other\nlevel: low\n" PLAIN(1), true},
	{PLAIN(1), "window: 2h\n" PLAIN(1), false},
	{PLAIN(1), "group: u\n" PLAIN(1), false},
	{PLAIN(1), PLAIN(1) FILTER("r1"), false},
	{PLAIN(1) FILTER("any"), PLAIN(1) FILTER("r1"), true},
	{PLAIN(1), PLAIN(1) FILTER("r2"), true},
	{PLAIN(1), RULE(1, "detection: {s: {foreign|contains|cased: '*x'}, condition: s}\n"),
		false},
	{COUNTED(3, "r1", "") "---\n" PLAIN(1),
		COUNTED(3, "r1", "") "---\n" RULE(1, "detection: {s: {a: x}, condition: s}\n"),
		false},
	{COUNTED(3, "r1", "") "---\n" PLAIN(1), PLAIN(1) "---\n" COUNTED(3, "r1", ""), true},
};

static const struct rule *by_title(const struct rules *rules, const char *title)
{
	for (uint32_t i = 0; i < rules->n; i++) {
		if (strcmp(rules->of[i]->title, title) == 0)
			return rules->of[i];
	}
	return NULL;
}

static void test_versions(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(versions); i++) {
		struct rules *a = read_text(versions[i].a, NULL),
			     *b = read_text(versions[i].b, NULL);
		const char *title = by_title(a, "R3") ? "R3" : "R1";
		const struct rule *x = by_title(a, title), *y = by_title(b, title);
		CHECK_ROW(i, x && y);
		CHECK_ROW(i, (memcmp(x->version, y->version, sizeof(x->version)) == 0) ==
				     versions[i].same);
		rules_free(a);
		rules_free(b);
	}
}

/* Documents of the older form share what they say. */
static void test_actions(void **state)
{
	(void)state;
	struct rules *rules = read_text(
		"action: global\nlogsource: {product: jira}\nlevel: high\n---\ntitle: A\n"
		"detection: {s: {a: x}, condition: s}\n---\naction: repeat\ntitle: B\nlevel: low\n"
		"---\naction: reset\n---\ntitle: C\nlogsource:\ndetection: {s: {a: x}, condition: "
		"s}\n",
		NULL);
	assert_int_equal(rules->n, 3);
	assert_int_equal(by_title(rules, "A")->level, LEVEL_HIGH);
	assert_int_equal(by_title(rules, "B")->level, LEVEL_LOW);
	assert_string_equal(by_title(rules, "B")->product, "jira");
	assert_string_equal(by_title(rules, "C")->product, "");
	rules_free(rules);
}

static void test_correlation(void **state)
{
	(void)state;
	struct rules *rules = read_text(PLAIN(1) "---\n" PLAIN(2) "---\n" RULE(3,
						"correlation:\n  type: temporal\n  rules: [r2, "
						"r1]\n  timespan: 1h\n  group-by: who\n"
						"  aliases: {who: {r1: user, r2: actor}}\n  "
						"condition: r1 or r2\n") "---\n" RULE(4,
						"correlation:\n  type: value_percentile\n  rules: "
						"r1\n  timespan: 1d\n"
						"  condition: {field: n, percentile: 95, gte: 1, "
						"lt: 2.5}\n") "---\n" RULE(5,
						"correlation: {type: rare, rules: r1, timespan: "
						"30d, field: [ip, actor], most: 3}\n"),
		NULL);
	if (rules->nproblems)
		fail_msg("%s", rules->problems[0].what);
	const struct correlation *c = by_title(rules, "R3")->correlation;
	assert_int_equal(c->rules[0], 1);
	assert_string_equal(c->group[0], "actor");
	assert_string_equal(c->group[1], "user");
	assert_true(c->bound.low_given && c->bound.low == 1 && c->bound.low_inclusive);
	c = by_title(rules, "R4")->correlation;
	assert_true(c->percentile == 95 && c->bound.high == 2.5 && !c->bound.high_inclusive);
	assert_string_equal(c->field[0], "n");
	c = by_title(rules, "R5")->correlation;
	assert_int_equal(c->most, 3);
	assert_int_equal(c->nfield, 2);
	assert_int_equal(c->learn, 7 * INT64_C(86400000000));
	rules_free(rules);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_settings),
		cmocka_unit_test(test_states),
		cmocka_unit_test(test_versions),
		cmocka_unit_test(test_actions),
		cmocka_unit_test(test_correlation),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
