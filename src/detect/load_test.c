/* SPDX-License-Identifier: Apache-2.0 */
/* load_test.c: what is a rule and what is refused, with line and reason. */
#include "base/test.h"

#include "detect/rule.h"

#define HEAD   "title: t\nlogsource:\n  product: jira\n"
#define SEARCH HEAD "detection:\n  sel:\n"
#define END    "\n  condition: sel\n"

static struct rules *read_with(const char *text, const struct rules_source *source)
{
	struct rules *rules;
	struct err err = {0};
	if (rules_read(slice_of(text), "t.yml", source, &rules, &err) != 0)
		fail_msg("%s", err.text);
	return rules;
}

static void test_rule(void **state)
{
	(void)state;
	struct rules *rules = read_with(
		"title: Token created\nid: 8F8B7C9E-0000-4000-8000-00000000000A\nname: token\n"
		"status: test\nlevel: high\ntags: [attack.t1098, attack.persistence]\n"
		"date: 2026/01/05\nlogsource:\n  product: bitbucket\n  service: audit\n"
		"detection:\n  sel:\n    action: created\n  condition: sel\n"
		"coverage: full\ngroup: [actor, ip]\nwindow: 15m\nsomething: else\n",
		NULL);
	assert_int_equal(rules->nproblems, 0);
	assert_int_equal(rules->n, 1);
	const struct rule *rule = rules->of[0];
	assert_string_equal(rule->id, "8f8b7c9e-0000-4000-8000-00000000000a");
	assert_string_equal(rule->title, "Token created");
	assert_int_equal(rule->level, LEVEL_HIGH);
	assert_int_equal(rule->status, STATUS_TEST);
	assert_int_equal(rule->tags.n, 2);
	assert_string_equal(rule->coverage, "full");
	assert_int_equal(rule->group.n, 2);
	assert_int_equal(rule->window, 900 * INT64_C(1000000));
	assert_non_null(rule->expr);
	assert_ptr_equal(rules_find(rules, "8f8b7c9e"), rule);
	assert_ptr_equal(rules_find(rules, "token"), rule);
	assert_null(rules_find(rules, "8f8b7c9"));
	assert_true(rule_watches(rule, "bitbucket_audit_logs", "bitbucket"));
	assert_false(rule_watches(rule, "jira_audit_logs", "jira"));
	rules_free(rules);
}

/* Refused: the line, and a part of the reason. */
static const struct {
	const char *text;
	unsigned line;
	const char *what;
} refused[] = {
	{SEARCH "    a|bogus: x" END, 6, "unknown modifier \"bogus\""},
	{SEARCH "    a|contain: x" END, 6, "is contains meant"},
	{SEARCH "    a||contains: x" END, 6, "a modifier is empty"},
	{SEARCH "    a|contains|contains: x" END, 6, "stands twice"},
	{SEARCH "    a|contains|startswith: x" END, 6, "cannot stand together"},
	{SEARCH "    a|contains|base64: x" END, 6, "must stand in front"},
	{SEARCH "    a|gt|contains: 5" END, 6, "cannot stand together"},
	{SEARCH "    a|gt: '5'" END, 6, "without quotes"},
	{SEARCH "    a|exists: yes" END, 6, "true or false"},
	{SEARCH "    a|exists|contains: true" END, 6, "cannot stand together"},
	{SEARCH "    a|i: x" END, 6, "behind re only"},
	{SEARCH "    a|re: '('" END, 6, "missing closing parenthesis"},
	{SEARCH "    a|re|windash: '-x'" END, 6, "cannot stand together"},
	{SEARCH "    a|cidr: 10.0.0.256/8" END, 6, "is no network"},
	{SEARCH "    a|expand: '%none%'" END, 6, "no values for the placeholder %none%"},
	{SEARCH "    a|base64: 'a*'" END, 6, "wildcards"},
	{SEARCH "    a|base64: 5" END, 6, "take texts"},
	{SEARCH "    a|contains: null" END, 6, "null"},
	{SEARCH "    a|hour: noon" END, 6, "whole number"},
	{SEARCH "    a: []" END, 6, "an empty list"},
	{SEARCH "    a: {b: c}" END, 6, "a mapping stands"},
	{SEARCH "    a: .inf" END, 6, "no number"},
	{SEARCH "    - x\n    - a: b" END, 6, "keywords and mappings"},
	{SEARCH "    a: &x b" END, 6, "an anchor (&)"},
	{SEARCH "    a: *x" END, 6, "an alias (*)"},
	{SEARCH "    a: x\n    a: y" END, 7, "stands twice (first in line 6)"},
	{SEARCH "\ta: x" END, 6, "no tabs"},
	{SEARCH "    a: x\n  condition: sel and\n", 7, "ends where a search must stand"},
	{SEARCH "    a: x\n  condition: (sel\n", 7, "ends where `)` must stand"},
	{SEARCH "    a: x\n  condition: sel)\n", 7, "\")\" stands"},
	{SEARCH "    a: x\n  condition: other\n", 7, "no search is called \"other\""},
	{SEARCH "    a: x\n  condition: sel | count() > 5\n", 7, "older form of correlations"},
	{SEARCH "    a: x\n  condition: sel and near sel\n", 7, "older form of correlations"},
	{SEARCH "    a: x\n  condition: sel*\n", 7, "`1 of` or `all of`"},
	{SEARCH "    a: x\n  condition: [sel, 42]\n", 7, "a condition is a text"},
	{SEARCH "    a: x\n", 5, "the condition is missing"},
	{SEARCH "    a: x\n  timeframe: 5m" END, 7, "timeframe"},
	{HEAD "detection:\n  condition: x\n", 5, "no search"},
	{"logsource: {}\ndetection:\n  sel: {a: x}" END, 1, "the title is missing"},
	{"title: t\ndetection:\n  sel: {a: x}" END, 1, "`logsource` is missing"},
	{HEAD, 1, "this is no rule"},
	{"- a\n", 1, "a rule is a mapping"},
	{"date: 20240115\n" SEARCH "    a: x" END, 1, "2026-03-09"},
	{"level: worst\n" SEARCH "    a: x" END, 1, "it must be one of informational, low"},
	{"related:\n  - x\n" SEARCH "    a: x" END, 2, "`related`"},
	{"related:\n  - {id: x, type: y}\n" SEARCH "    a: x" END, 2, "derived"},
	{"window: 5\n" SEARCH "    a: x" END, 1, "90m"},
	{"coverage: some\n" SEARCH "    a: x" END, 1, "base, advanced, full"},
};

static void test_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(refused); i++) {
		struct rules *rules = read_with(refused[i].text, NULL);
		if (rules->n || rules->nproblems != 1 || rules->problems[0].warning ||
			rules->problems[0].line != refused[i].line ||
			!strstr(rules->problems[0].what, refused[i].what))
			fail_msg("row %zu: %u rules, line %u: %s", i, rules->n,
				rules->nproblems ? rules->problems[0].line : 0,
				rules->nproblems ? rules->problems[0].what : "no problem");
		rules_free(rules);
	}
}

#define RULE(id, more) "title: " id "\nid: " id "\n" more SEARCH_ONLY
#define SEARCH_ONLY    "logsource: {}\ndetection:\n  sel: {a: x}\n  condition: sel\n"
#define CORRELATION(id, more)                                                                      \
	"---\ntitle: " id "\nid: " id "\ncorrelation:\n  type: event_count\n  timespan: 1m\n  "    \
	"group-by: [u]\n  condition: {gte: 3}\n" more

/* Correlations, filters and ids: how many rules are left, and the first problem. */
static const struct {
	const char *text;
	unsigned nrules;
	const char *what;
} sets[] = {
	{RULE("r1", "") CORRELATION("c1", "  rules: r1\n"), 2, "is no UUID"},
	{RULE("r1", "") "---\n" RULE("r1", ""), 1, "is taken already by t.yml, line 1"},
	{RULE("r1", "") CORRELATION("c1", "  rules: r2\n"), 1, "no rule is called \"r2\""},
	{RULE("r1", "") CORRELATION("c1", "  rules: c2\n") CORRELATION("c2", "  rules: c1\n"), 1,
		"refers to itself"},
	{RULE("r1", "") CORRELATION("c1", "  rules: c1\n"), 1, "refers to itself"},
	{RULE("r1", "") CORRELATION("c1", "  rules: [r1, r1]\n"), 1, "names a rule twice"},
	{RULE("r1", "") CORRELATION("c1", "  rules: r1\n  aliases: {u: {r2: a}}\n"), 1,
		"does not name"},
	{RULE("r1",
		 "") "---\ntitle: f\nfilter:\n  rules: r9\n  sel: {a: b}\n  condition: not sel\n",
		1, "no rule is called \"r9\""},
	{RULE("r1",
		 "") "---\ntitle: c\ncorrelation: {type: event_count, rules: r1, timespan: 1m}\n",
		1, "needs a `condition`"},
	{RULE("r1", "") "---\ntitle: c\ncorrelation: {type: value_count, rules: r1, timespan: 1m, "
			"condition: {gte: 2}}\n",
		1, "needs `field`"},
	{RULE("r1", "") "---\ntitle: c\ncorrelation: {type: event_count, rules: r1, condition: "
			"{gte: 2}}\n",
		1, "`timespan` is missing"},
	{RULE("r1", "") "---\ntitle: c\ncorrelation: {type: event_count, rules: r1, timespan: 1m, "
			"condition: {gte: 2, lt: 2}}\n",
		1, "exclude each other"},
	{RULE("r1", "") "---\ntitle: c\ncorrelation: {type: event_count, rules: r1, timespan: 1m, "
			"condition: {gte: 2, gt: 2}}\n",
		1, "says again"},
	{RULE("r1",
		 "") "---\ntitle: c\ncorrelation: {type: first_seen, rules: r1, timespan: 30d}\n",
		1, "needs `group-by` or `field`"},
	{RULE("r1", "") "---\ntitle: c\ncorrelation: {type: rare, rules: r1, timespan: 30d, "
			"group-by: u}\n",
		1, "`most` is missing"},
	{RULE("r1", "") "---\ntitle: c\ncorrelation: {type: temporal, rules: r1, timespan: 1m, "
			"condition: all of them}\n",
		1, "joined by `or`"},
};

static void test_sets(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(sets); i++) {
		struct rules *rules = read_with(sets[i].text, NULL);
		bool told = false;
		for (uint32_t p = 0; p < rules->nproblems; p++)
			told |= strstr(rules->problems[p].what, sets[i].what) != NULL;
		if (rules->n != sets[i].nrules || !told)
			fail_msg("row %zu: %u rules; %s", i, rules->n,
				rules->nproblems ? rules->problems[rules->nproblems - 1].what
						 : "no problem");
		rules_free(rules);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rule),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_sets),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
