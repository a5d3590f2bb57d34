/* SPDX-License-Identifier: Apache-2.0 */
/* item_test.c: what detections match: each row is a detection and events that it matches and does not. */
#include "base/test.h"

#include "batch/batch.h"
#include "detect/rule.h"
#include "match/bitmap.h"
#include "match/match.h"

/* Events as one column of JSON, whose paths are fields; keywords look at its text. */
static const struct column_shape columns[] = {{"event", COL_JSON, NO_GROUP, 0}};
static const struct batch_shape shape = {"events", 1, 0, columns, NULL};

static uint32_t resolve(const void *ctx, const struct batch_shape *s, struct slice name,
	enum test_op op, struct match_field *fields)
{
	(void)ctx;
	(void)s;
	(void)op;
	fields[0] = (struct match_field){0, name};
	return 1;
}

static bool matches(const struct rule *rule, const char *event)
{
	struct matcher *matcher;
	struct err err = {0};
	struct batch batch;
	uint32_t off[2] = {0, (uint32_t)strlen(event)}, count;
	uint64_t rows[2];
	char *heap = strdup(event);
	assert_int_equal(matcher_new(rule->expr, 0, &matcher, NULL, &err), 0);
	struct match_program *program = match_bind(matcher, &shape, resolve, NULL);
	batch_init(&batch, &shape);
	batch.nrows = 1;
	batch.columns = arena_zalloc(&batch.mem, 1, sizeof(*batch.columns));
	batch.columns[0] =
		(struct column){.n = 1, .plain = true, .ndistinct = 1, .off = off, .heap = heap};
	struct match_input input = {.batch = &batch};
	struct match_scratch *scratch = match_scratch_new();
	assert_int_equal(match_rows(program, &input, scratch, NULL, rows, &count, &err), 0);
	match_scratch_free(scratch);
	match_program_free(program);
	matcher_free(matcher);
	batch_fini(&batch);
	free(heap);
	return count == 1;
}

enum { EVENTS = 6 };
/* `s` is the search; `yes` and `no` are events. */
static const struct {
	const char *search;
	const char *yes[EVENTS], *no[EVENTS];
} rows[] = {
	/* texts, wildcards, escapes */
	{"a: Bob", {"{'a':'bob'}", "{'a':'BOB'}", "{'a':['x','bob']}"},
		{"{'a':'bobb'}", "{'b':'bob'}", "{}"}},
	{"a: Stra\xc3\x9f"
	 "e",
		{"{'a':'STRASSE'}"}, {"{'a':'Strase'}"}},
	{"a|cased: Bob", {"{'a':'Bob'}"}, {"{'a':'bob'}"}},
	{"a: b*d?", {"{'a':'bxxdy'}", "{'a':'bdz'}"}, {"{'a':'bd'}", "{'a':'xbdy'}"}},
	{"a: 'b\\*d'", {"{'a':'b*d'}"}, {"{'a':'bxd'}"}},
	{"a: 'c:\\\\*'", {"{'a':'c:\\\\x'}"}, {"{'a':'c:*'}", "{'a':'c:x'}"}},
	{"a: 'c:\\\\\\*'", {"{'a':'c:\\\\*'}"}, {"{'a':'c:\\\\x'}"}},
	{"a: 'c:\\d'", {"{'a':'c:\\\\d'}"}, {"{'a':'c:d'}"}},
	{"a: ''", {"{'a':''}"}, {"{'a':null}", "{}", "{'a':'x'}"}},
	{"a: '*'", {"{'a':''}", "{'a':'x'}"}, {"{'a':null}", "{}"}},
	/* null, exists */
	{"a: null", {"{}", "{'a':null}"}, {"{'a':''}", "{'a':'null'}"}},
	{"a: [null, '']", {"{}", "{'a':''}"}, {"{'a':'x'}"}},
	{"a|exists: true", {"{'a':''}", "{'a':0}", "{'a':false}"}, {"{}", "{'a':null}", "{'b':1}"}},
	{"a|exists: false", {"{}", "{'a':null}"}, {"{'a':'x'}"}},
	{"a|exists: true", {"{'a':{'b':1}}"}, {"{'a':[]}"}},
	/* places */
	{"a|contains: ob", {"{'a':'bob'}"}, {"{'a':'bb'}"}},
	{"a|startswith: '*b'", {"{'a':'xbx'}"}, {"{'a':'xx'}"}},
	{"a|endswith: [x, y]", {"{'a':'1x'}", "{'a':'1y'}"}, {"{'a':'x1'}"}},
	{"a|contains|all: [x, y]", {"{'a':'yx'}"}, {"{'a':'x'}", "{'a':'y'}"}},
	{"a|contains: 5", {"{'a':'151'}", "{'a':151}"}, {"{'a':'1'}"}},
	/* numbers, booleans */
	{"a: 443", {"{'a':443}", "{'a':'443'}", "{'a':443.0}"}, {"{'a':4430}", "{'a':'x'}"}},
	{"a: 0x1F", {"{'a':31}"}, {"{'a':'0x1'}"}},
	{"a: 1.50", {"{'a':1.5}", "{'a':'1.500'}"}, {"{'a':1.51}"}},
	{"a: true", {"{'a':true}", "{'a':'True'}"}, {"{'a':false}", "{'a':1}"}},
	{"a: yes", {"{'a':'yes'}"}, {"{'a':true}"}},
	{"a|gt: 9", {"{'a':10}", "{'a':'10'}", "{'a':9.5}"}, {"{'a':9}", "{'a':'x'}", "{}"}},
	{"a|lte: -1.5", {"{'a':-2}", "{'a':-1.5}"}, {"{'a':-1}"}},
	/* neq: the negation of what stands there */
	{"a|neq: x", {"{'a':'y'}", "{}"}, {"{'a':'X'}", "{'a':['y','x']}"}},
	{"a|neq: [x, y]", {"{'a':'z'}"}, {"{'a':'x'}", "{'a':'y'}"}},
	{"a|contains|neq: x", {"{'a':'y'}"}, {"{'a':'axb'}"}},
	/* regular expressions */
	{"a|re: ^b.+b$", {"{'a':'bob'}"}, {"{'a':'BOB'}", "{'a':'xbob'}"}},
	{"a|re|i: b.b", {"{'a':'xBOBx'}"}, {"{'a':'bb'}"}},
	{"a|re|s: b.b", {"{'a':'b\\nb'}"}, {"{'a':'bb'}"}},
	{"a|re|m: ^b$", {"{'a':'a\\nb\\nc'}"}, {"{'a':'ab'}"}},
	{"a|re|startswith: 'b|c'", {"{'a':'cx'}", "{'a':'bx'}"}, {"{'a':'xc'}"}},
	{"a|re|endswith: 'b|c'", {"{'a':'xc'}"}, {"{'a':'cx'}"}},
	{"a|re|all: [b, c]", {"{'a':'cb'}"}, {"{'a':'b'}"}},
	/* encodings */
	{"a|base64: foo", {"{'a':'Zm9v'}"}, {"{'a':'foo'}", "{'a':'xZm9v'}"}},
	{"a|base64offset|contains: foobar",
		{"{'a':'xxZm9vYmFyxx'}", "{'a':'eGZvb2Jhcg=='}", "{'a':'eHhmb29iYXI='}"},
		{"{'a':'foobar'}"}},
	{"a|utf16le|base64: ab", {"{'a':'YQBiAA=='}"}, {"{'a':'AGEAYg=='}"}},
	{"a|utf16be|base64: ab", {"{'a':'AGEAYg=='}"}, {"{'a':'YQBiAA=='}"}},
	{"a|utf16|base64: a", {"{'a':'//5hAA=='}"}, {"{'a':'YQA='}"}},
	{"a|wide|base64: \"\\U0001F600\"", {"{'a':'PdgA3g=='}"}, {"{'a':'x'}"}},
	{"a|wide|contains: A", {"{'a':'xA\\u0000y'}"}, {"{'a':'xAy'}"}},
	{"a|windash: 'cmd -f x-y'",
		{"{'a':'cmd /f x-y'}", "{'a':'cmd \xe2\x80\x93"
				       "f x-y'}"},
		{"{'a':'cmd f x-y'}", "{'a':'cmd -f x/y'}"}},
	{"a|windash|contains: ' /f'",
		{"{'a':'x -f'}", "{'a':'x \xe2\x80\x95"
				 "f'}"},
		{"{'a':'x f'}"}},
	/* addresses */
	{"a|cidr: 10.0.0.0/8", {"{'a':'10.1.2.3'}"}, {"{'a':'11.0.0.1'}", "{'a':'10.1.2.3x'}"}},
	{"a|cidr: [2001:db8::/32, 1.2.3.4]", {"{'a':'2001:DB8::1'}", "{'a':'1.2.3.4'}"},
		{"{'a':'2001:db9::1'}"}},
	/* times */
	{"a|hour: 3", {"{'a':'2026-01-05T03:59:00Z'}", "{'a':'2026-01-05T05:10:00+02:00'}"},
		{"{'a':'2026-01-05T04:00:00Z'}"}},
	{"a|hour|gte: 22", {"{'a':'2026-01-05T23:00:00Z'}"}, {"{'a':'2026-01-05T21:00:00Z'}"}},
	{"a|day: [5, 6]", {"{'a':'2026-01-06'}"}, {"{'a':'2026-01-07'}"}},
	{"a|month: 1", {"{'a':'2026-01-06'}"}, {"{'a':'2026-02-06'}"}},
	{"a|year|neq: 2026", {"{'a':'2025-01-06'}"}, {"{'a':'2026-02-06'}"}},
	/* other fields */
	{"a|fieldref: b", {"{'a':'x','b':'X'}", "{'a':5,'b':'5'}"},
		{"{'a':'x','b':'y'}", "{'a':'x'}", "{}"}},
	{"a|fieldref|startswith: b", {"{'a':'xy','b':'x'}"}, {"{'a':'x','b':'xy'}"}},
	{"a|fieldref|neq: b", {"{'a':'x','b':'y'}", "{'a':'x'}"}, {"{'a':'x','b':'x'}"}},
	{"a|fieldref|gt: b", {"{'a':10,'b':9}"}, {"{'a':9,'b':10}"}},
	{"a|fieldref|cased: b", {"{'a':'x','b':'x'}"}, {"{'a':'x','b':'X'}"}},
	/* paths */
	{"a.b: x", {"{'a':{'b':'x'}}", "{'a.b':'x'}", "{'a':[{'b':'y'},{'b':'x'}]}"},
		{"{'a':{'b':'y'}}", "{'b':'x'}"}},
};

/* The event with " for '. */
static char *quoted(const char *text)
{
	char *copy = strdup(text);
	for (char *p = copy; *p; p++)
		*p = (char)(*p == '\'' ? '"' : *p);
	return copy;
}

static struct rules *read_rule(const char *detection, size_t row)
{
	struct rules *rules;
	struct err err = {0};
	char text[2000];
	snprintf(text, sizeof(text), "title: t\nlogsource:\ndetection:\n%s", detection);
	assert_int_equal(rules_read(slice_of(text), "t.yml", NULL, &rules, &err), 0);
	if (rules->n != 1)
		fail_msg(
			"row %zu: %s", row, rules->nproblems ? rules->problems[0].what : "no rule");
	return rules;
}

static void check(const struct rule *rule, const char *const *events, bool wanted, size_t row)
{
	for (size_t e = 0; e < EVENTS && events[e]; e++) {
		char *event = quoted(events[e]);
		if (matches(rule, event) != wanted)
			fail_msg("row %zu: %s %s", row, wanted ? "does not match" : "matches",
				event);
		free(event);
	}
}

static void test_items(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char text[1000];
		snprintf(text, sizeof(text), "  s:\n    %s\n  condition: s\n", rows[i].search);
		struct rules *rules = read_rule(text, i);
		check(rules->of[0], rows[i].yes, true, i);
		check(rules->of[0], rows[i].no, false, i);
		rules_free(rules);
	}
}

#define ABC "  sa: {a: 1}\n  sb: {b: 1}\n  sc: {c: 1}\n  notme: {d: 1}\n  _e: {e: 1}\n"
/* Conditions over fields that are 1, or are not there. */
static const struct {
	const char *condition;
	const char *yes[EVENTS], *no[EVENTS];
} conditions[] = {
	{"sa or sb and sc", {"{'a':1}", "{'b':1,'c':1}"}, {"{'b':1}"}},
	{"(sa or sb) and sc", {"{'b':1,'c':1}"}, {"{'a':1}"}},
	{"not sa and sb", {"{'b':1}"}, {"{'a':1,'b':1}", "{}"}},
	{"NOT sa AND (sb OR sc)", {"{'c':1}"}, {"{'a':1,'c':1}"}},
	{"not not sa", {"{'a':1}"}, {"{}"}},
	{"notme", {"{'d':1}"}, {"{}", "{'a':1}"}},
	{"1 of s*", {"{'c':1}"}, {"{'d':1}"}},
	{"all of s*", {"{'a':1,'b':1,'c':1}"}, {"{'a':1,'b':1}"}},
	{"2 of s*", {"{'a':1,'c':1}"}, {"{'a':1}"}},
	{"any of *b", {"{'b':1}"}, {"{'a':1}"}},
	{"1 of *o*e", {"{'d':1}"}, {"{'a':1}"}},
	{"1 of them", {"{'d':1}"}, {"{'e':1}"}},
	{"all of them", {"{'a':1,'b':1,'c':1,'d':1}"}, {"{'a':1,'b':1,'c':1,'e':1}"}},
	{"1 of _*", {"{'e':1}"}, {"{'a':1}"}},
	{"not 1 of s*", {"{}"}, {"{'a':1}"}},
	{"sa and not(sb)", {"{'a':1}"}, {"{'a':1,'b':1}"}},
	{"1 of x*", {NULL}, {"{'a':1}"}},
	{"all of x* and sa", {"{'a':1}"}, {"{}"}},
	{"[sa, sb and sc]", {"{'a':1}", "{'b':1,'c':1}"}, {"{'b':1}"}},
};

static void test_conditions(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(conditions); i++) {
		char text[1000];
		snprintf(text, sizeof(text), ABC "  condition: %s\n", conditions[i].condition);
		struct rules *rules = read_rule(text, i);
		check(rules->of[0], conditions[i].yes, true, i);
		check(rules->of[0], conditions[i].no, false, i);
		rules_free(rules);
	}
}

/* Whole detections: keywords, lists of mappings. */
static const struct {
	const char *detection;
	const char *yes[EVENTS], *no[EVENTS];
} detections[] = {
	{"  s: [foo, 'b?r']\n  condition: s\n", {"{'a':'xFOOx'}", "{'z':'bar'}"}, {"{'a':'x'}"}},
	{"  s:\n    '|all': [foo, bar]\n  condition: s\n", {"{'a':'foo bar'}"}, {"{'a':'foo'}"}},
	{"  s:\n    '|re': '[0-9]{4}'\n  condition: s\n", {"{'a':'x2026'}"}, {"{'a':'x'}"}},
	{"  s: foo\n  condition: s\n", {"{'a':'foo'}"}, {"{'a':'x'}"}},
	{"  s:\n    - {a: 1, b: 2}\n    - {a: 3}\n  condition: s\n", {"{'a':1,'b':2}", "{'a':3}"},
		{"{'a':1}"}},
};

static void test_detections(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(detections); i++) {
		struct rules *rules = read_rule(detections[i].detection, i);
		check(rules->of[0], detections[i].yes, true, i);
		check(rules->of[0], detections[i].no, false, i);
		rules_free(rules);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_items),
		cmocka_unit_test(test_conditions),
		cmocka_unit_test(test_detections),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
