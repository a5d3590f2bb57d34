/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of refusals: every kind of mistake in a schema file with the line and the words that a
 * person gets, and hostile YAML. */
#include "base/test.h"
#include "schema/plan_check.h"

#define HEAD    "table: t\ntime: when\n"
#define COLUMNS HEAD "columns:\n  a: a\n"

/* `line` 0: the file is accepted. */
static const struct {
	const char *text;
	unsigned line;
	const char *words;
} rows[] = {
	/* YAML itself */
	{COLUMNS, 0, ""},
	{"", 1, "the file is empty"},
	{"# only a comment\n", 1, "the file is empty"},
	{"---\n", 2, "not a mapping"},
	{"- a\n- b\n", 1, "not a mapping"},
	{"just a text\n", 1, "not a mapping"},
	{"table: t\ntable: u\n", 2, "\"table\" stands twice (first in line 1)"},
	{COLUMNS "  a: b\n", 5, "\"a\" stands twice (first in line 4)"},
	{"table: &x t\n", 1, "anchor (&) is not allowed"},
	{"table: *x\n", 1, "alias (*) is not allowed"},
	{"table: t\ntime: &x [a]\n", 2, "anchor (&)"},
	{"table: t\ncolumns: &x {a: b}\n", 2, "anchor (&)"},
	{"table: !!str t\n", 1, "tag (!) is not allowed"},
	{"table: t\ntime: !x [a]\n", 2, "tag (!)"},
	{"table: t\ncolumns: !x {a: b}\n", 2, "tag (!)"},
	{"%YAML 1.1\n---\ntable: t\n", 1, "directive (%) is not allowed"},
	{"%TAG ! tag:x,2000:\n---\ntable: t\n", 1, "directive (%)"},
	{COLUMNS "---\ntable: u\n", 5, "a second document begins"},
	{"table: \"a\\0b\"\n", 1, "holds a NUL"},
	{"{[a]: b}\n", 1, "a key must be a text"},
	{"? {a: b}\n: c\n", 1, "a key must be a text"},
	{"table: t\ncolumns:\n\ta: b\n", 3, "no tabs"},
	{"table: t\ncolumns: {a: b\n", 3, "not readable as YAML"},
	{"table: \"t\n", 2, "not readable as YAML"},
	{"table: t\n time: x\n", 2, "not readable as YAML"},
	{"table: t\x01\n", 1, "save the file as UTF-8 text"},
	{"table: \xff\xfe\n", 1, "save the file as UTF-8 text"},
	{"\x7f"
	 "ELF\x02",
		1, "save the file as UTF-8 text"},
	/* keys */
	{HEAD "colums:\n  a: a\n", 3,
		"unknown key \"colums\" in the schema: did you mean \"columns\"?"},
	{HEAD "frobnicate: 1\n", 3, "the keys there are kind, extend, rename, table"},
	{HEAD "Columns: {}\n", 3, "did you mean \"columns\"?"},
	{"time: when\ncolumns:\n  a: a\n", 1, "no table name: add `table: my_audit_logs`"},
	{"table: t\ncolumns:\n  a: a\n", 1, "no time: add `time:`"},
	{HEAD, 1, "no columns: add `columns:`"},
	{HEAD "columns: {}\n", 1, "no columns"},
	{HEAD "columns: [a]\n", 3, "`columns` is not a mapping"},
	{HEAD "columns:\n", 3, "`columns` is not a mapping"},
	/* names */
	{"table: T\n", 1, "\"T\" cannot name a table"},
	{"table: 1t\n", 1, "cannot name a table"},
	{"table: a-b\n", 1, "cannot name a table"},
	{"table: ../x\n", 1, "cannot name a table"},
	{"table: t\xc3\xa9\n", 1, "cannot name a table"},
	{"table: events\n", 1, "\"events\" is a view of pugmark's own"},
	{"table: tables\n", 1, "view of pugmark's own"},
	{"table: rejects\n", 1, "view of pugmark's own"},
	{"table:\n", 1, "`table` is empty"},
	{"table: [a]\n", 1, "`table` is a list or mapping"},
	{"table: a123456789012345678901234567890123456789012345678901234567890123\n", 1,
		"is too long: use at most 63"},
	{HEAD "product: A B\n", 3, "\"A B\" cannot name a product"},
	{HEAD "version: {}\n", 3, "`version` is a list or mapping"},
	{COLUMNS "  Abc: x\n", 5, "\"Abc\" cannot name a column"},
	{COLUMNS "  a b: x\n", 5, "cannot name a column"},
	{COLUMNS "  \"\\e[31m\": x\n", 5, "\"\\x1b[31m\" cannot name a column"},
	{COLUMNS "  source: x\n", 5, "every table has a column \"source\" of its own"},
	{COLUMNS "  event_id: x\n", 5, "such as \"record_event_id\""},
	{COLUMNS "  target: x\n", 5, "every table has a column \"target\""},
	{COLUMNS "  ip_bytes: x\n", 5, "every table has a column \"ip_bytes\""},
	{COLUMNS "  targets: {list: x, of: string}\n", 5, "every table has a column \"targets\""},
	{COLUMNS "  summary: {list: x, of: string}\n", 5, "every table has a column \"summary\""},
	{COLUMNS "  summary: x\n", 0, ""},
	{COLUMNS "  summary: {paths: x, type: int}\n", 5, "\"summary\" has its type"},
	{COLUMNS "  summary: {paths: x, observable: text}\n", 5, "\"summary\" has its type"},
	/* columns */
	{COLUMNS "  b:\n", 5, "the column is empty"},
	{COLUMNS "  b: []\n", 5, "names no path"},
	{COLUMNS "  b: [x, [y]]\n", 5, "is a list or mapping: write one text"},
	{COLUMNS "  b: {}\n", 5, "the column \"b\" has no path: add `paths:`"},
	{COLUMNS "  b: {path: x}\n", 5, "did you mean \"paths\"?"},
	{COLUMNS "  b:\n    paths: x\n    tipe: int\n", 7, "did you mean \"type\"?"},
	{COLUMNS "  b: {paths: x, type: intt}\n", 5,
		"unknown type \"intt\": did you mean \"int\"?"},
	{COLUMNS "  b: {paths: x, type: varchar}\n", 5, "use one of string, int, bool, time, json"},
	{COLUMNS "  b: {paths: x, type: [int]}\n", 5, "`type` is a list"},
	{COLUMNS "  b: {paths: x, observable: usr}\n", 5, "did you mean \"user\"?"},
	{COLUMNS "  b: {paths: x, observable: fingerprint}\n", 5, "unknown observable"},
	{COLUMNS "  b: {paths: x, type: int, observable: ip}\n", 5, "only text holds observables"},
	{COLUMNS "  b: a.\n", 5, "\"a.\" is no path (a key is empty)"},
	{COLUMNS "  b: .a\n", 5, "(a key is empty)"},
	{COLUMNS "  b: x[].y\n", 5, "a list on the way needs a column with `list` and `fields`"},
	{COLUMNS "  b: a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.q\n", 5, "more than 16 keys"},
	/* lists */
	{COLUMNS "  l: {list: x}\n", 5, "has neither `fields`"},
	{COLUMNS "  l: {fields: {y: y}}\n", 5, "the list \"l\" has no path: add `list:`"},
	{COLUMNS "  l: {of: int}\n", 5, "the list \"l\" has no path"},
	{COLUMNS "  l: {list: x, fields: {}}\n", 5, "at least one field"},
	{COLUMNS "  l: {list: x, fields: [y]}\n", 5, "at least one field"},
	{COLUMNS "  l: {list: x, of: int, fields: {y: y}}\n", 5, "`fields` beside `of`"},
	{COLUMNS "  l: {list: x, of: text}\n", 5, "unknown type \"text\""},
	{COLUMNS "  l: {list: x, of: int, observable: ip}\n", 5, "make \"l\" a list of strings"},
	{COLUMNS "  l: {list: x, feilds: {y: y}}\n", 5, "did you mean \"fields\"?"},
	{COLUMNS "  l:\n    list: x\n    fields:\n      y: {list: z, of: int}\n", 8,
		"is a list within a list: make it `type: json`"},
	{COLUMNS "  l:\n    list: x\n    fields:\n      Y: z\n", 8, "cannot name a field"},
	/* paths that meet */
	{COLUMNS "  b: a\n", 5, "the path \"a\" meets the one of \"a\" (line 4)"},
	{COLUMNS "  b: a.x\n", 5, "the path \"a.x\" meets the one of \"a\" (line 4)"},
	{COLUMNS "  b: c.d\n  e: c\n", 6, "the path \"c\" is an object"},
	{COLUMNS "  b: [x, x]\n", 5, "meets the one of \"b\""},
	{COLUMNS "  b: when\n", 5, "meets the one of \"event_time\" (line 2)"},
	{COLUMNS "  b: {paths: when, type: time}\n", 0, ""},
	{COLUMNS "  b: {paths: when, type: time}\n  c: {paths: when, type: time}\n", 6,
		"meets the one of \"b\""},
	{COLUMNS "  l: {list: a, of: int}\n", 5, "meets the one of \"a\""},
	{COLUMNS "  l: {list: x, of: int}\n  m: {list: x.y, of: int}\n", 6,
		"meets the one of \"l\""},
	{COLUMNS "  l: {list: x, fields: {y: z, w: z}}\n", 5, "meets the one of \"y\""},
	{COLUMNS "  b: {paths: c, type: json}\n  e: c.d\n", 0, ""},
	{COLUMNS "  b: c.d\n  e: {paths: c, type: json}\n", 0, ""},
	{COLUMNS "  b: {paths: c, type: json}\n  l: {list: c.d, of: int}\n", 0, ""},
	{COLUMNS "  b: {paths: c, type: json}\n  e: {paths: c, type: json}\n", 6,
		"the path \"c\" meets the one of \"b\" (line 5)"},
	{COLUMNS "  b: c.d\n  e: {paths: [c, c], type: json}\n", 6, "meets the one of \"e\""},
	{COLUMNS "  b: {paths: c, type: time}\n  e: c.d\n", 6, "meets the one of \"b\""},
	{COLUMNS "  l: {list: x, of: json}\n  e: x.d\n", 5, "the path \"x\" is an object"},
	{COLUMNS "  b: {paths: when, type: json}\n", 5, "meets the one of \"event_time\""},
	{HEAD "columns:\n  a: a\ntime2: x\n", 5, "did you mean \"time\"?"},
	{"table: t\ntime: [when, when]\ncolumns:\n  a: a\n", 2, "meets the one of \"event_time\""},
	/* references */
	{COLUMNS "common:\n  actr: a\n", 6, "did you mean \"actor\"?"},
	{COLUMNS "common:\n  target: a\n", 6, "unknown key \"target\" in `common`"},
	{COLUMNS "common: a\n", 5, "`common` is not a mapping"},
	{COLUMNS "common:\n  actor: b\n", 6, "no column is called \"b\""},
	{COLUMNS "  user_name: u\ncommon:\n  actor: user_nam\n", 7, "did you mean \"user_name\"?"},
	{COLUMNS "common:\n  actor: actor\n", 6, "\"actor\" is made from itself"},
	{COLUMNS "common:\n  actor: source\n", 6, "\"source\" is not a column of the record's own"},
	{COLUMNS "common:\n  actor: summary\n", 6,
		"\"summary\" is not a column of the record's own"},
	{COLUMNS "  summary: s\ncommon:\n  action: summary\n", 0, ""},
	{COLUMNS "  n: {paths: n, type: int}\ncommon:\n  actor: n\n", 7,
		"cannot fill a common field"},
	{COLUMNS "  l: {list: x, fields: {y: y}}\ncommon:\n  actor: l.y\n", 7,
		"cannot fill a common field"},
	{COLUMNS "  b: {paths: b, type: time}\ntime_fallback: b\n", 0, ""},
	{COLUMNS "time_fallback: a\n", 5, "\"a\" cannot stand in for the time"},
	{COLUMNS "time_fallback: b\n", 5, "no column is called \"b\""},
	{COLUMNS "time_fallback: received_at\n", 5, "cannot stand in for the time"},
	{COLUMNS "  l: {list: x, fields: {y: {paths: y, type: time}}}\ntime_fallback: l.y\n", 6,
		"that is in no list"},
	{COLUMNS "time_fallback: {a: b}\n", 5, "`time_fallback` is a list or mapping"},
	{COLUMNS "targets: {name: a}\n", 5, "`targets` is not a list"},
	{COLUMNS "targets:\n  - {type: a}\n", 6, "a target without a name"},
	{COLUMNS "targets:\n  - a\n", 6, "`targets` is not a mapping"},
	{COLUMNS "targets:\n  - {nam: a}\n", 6, "did you mean \"name\"?"},
	{COLUMNS "targets:\n  - {name: b}\n", 6, "no column is called \"b\""},
	{COLUMNS "targets:\n  - {name: actor}\n", 6, "\"actor\" cannot be part of a target"},
	{COLUMNS "  n: {paths: n, type: int}\ntargets:\n  - {name: n}\n", 7, "make it a string"},
	{COLUMNS "  l: {list: x, fields: {y: y}}\ntargets:\n  - {name: l.y, type: a}\n", 7,
		"are not of one list"},
	{COLUMNS "target_order: a\n", 5, "`target_order` is not a list"},
	{COLUMNS "target_order: [USER, user]\n", 5, "the type \"user\" stands twice"},
	{COLUMNS "target_order: [[a]]\n", 5, "a type is a list"},
	{COLUMNS "id: b\n", 5, "no column is called \"b\""},
	{COLUMNS "  n: {paths: n, type: bool}\nid: n\n", 6, "\"n\" cannot be the id"},
	{COLUMNS "id: event_time\n", 5, "\"event_time\" cannot be the id"},
	{COLUMNS "  n: {paths: n, type: int}\ninstance: n\n", 6, "\"n\" cannot be the instance"},
	{COLUMNS "identity: a\n", 5, "`identity` is not a list"},
	{COLUMNS "identity: []\n", 5, "`identity` is empty"},
	{COLUMNS "identity: [a, b]\n", 5, "no column is called \"b\""},
	{COLUMNS "identity: [[a, a, a]]\n", 5, "names 3 columns"},
	{COLUMNS "identity: [received_at]\n", 5,
		"\"received_at\" is not a column of the record's own"},
	{COLUMNS "identity: [actor]\n", 5, "\"actor\" is not a column of the record's own"},
	{COLUMNS "  l: {list: x, fields: {y: y}}\nidentity: [[a, l.y]]\n", 6,
		"are not of one list"},
	{COLUMNS "marks: x\n", 5, "`marks` is not a list"},
	{COLUMNS "marks:\n  - {path: a}\n", 6, "a `weight` other than 0"},
	{COLUMNS "marks:\n  - {weight: 3}\n", 6, "a mark needs one `path`"},
	{COLUMNS "marks:\n  - {path: a, weight: 1000}\n", 6, "from -100 to 100"},
	{COLUMNS "marks:\n  - {path: a, weight: x}\n", 6, "from -100 to 100"},
	{COLUMNS "marks:\n  - {path: a, wieght: 1}\n", 6, "did you mean \"weight\"?"},
	{"kind: events\n", 1, "the one kind there is is `alerts`"},
	/* extend, rename, only */
	{"extend: jira_audit_log\n", 1, "did you mean \"jira_audit_logs\"?"},
	{"extend: trello\n", 1,
		"there are atlassian_org_events, bitbucket_audit_logs, confluence_audit_logs, "
		"jira_audit_logs, third_party_alerts"},
	{"extend: [a]\n", 1, "`extend` is a list"},
	{"extend: jira_audit_logs\ncolumns:\n  x: remoteAddress\n", 3,
		"meets the one of \"remote_address\" (line 1)"},
	{"extend: jira_audit_logs\ncolumns:\n  affected_objects: x\n", 3,
		"\"affected_objects\" is a list in the table that is extended"},
	{"extend: jira_audit_logs\ncolumns:\n  method: {list: x, of: int}\n", 3,
		"\"method\" is a column in the table that is extended"},
	{"extend: jira_audit_logs\ncolumns:\n  affected_objects: {list: x, of: int}\n", 3,
		"holds objects in the table that is extended"},
	{"extend: jira_audit_logs\ncolumns:\n  method: {type: int}\n", 0, ""},
	{"extend: jira_audit_logs\ncolumns:\n  author_name: {type: int}\n", 3,
		"only text holds observables"},
	{COLUMNS "rename: {a: b}\n", 5, "`rename` without `extend`"},
	{"extend: jira_audit_logs\nrename: x\n", 2, "`rename` is not a mapping"},
	{"extend: jira_audit_logs\nrename:\n  remote_adress: x\n", 3,
		"did you mean \"remote_address\"?"},
	{"extend: jira_audit_logs\nrename:\n  remote_address: method\n", 3, "\"method\" is taken"},
	{"extend: jira_audit_logs\nrename:\n  remote_address: ip\n", 3, "\"ip\" is taken"},
	{"extend: jira_audit_logs\nrename:\n  remote_address: X\n", 3, "cannot name a column"},
	{"extend: jira_audit_logs\nrename:\n  remote_address:\n", 3, "a new name is empty"},
	{"extend: jira_audit_logs\nrename:\n  affected_objects.id: name\n", 3, "\"name\" is taken"},
	{"extend: jira_audit_logs\nrename:\n  summary: x\n", 3, "it keeps its name"},
	{"extend: jira_audit_logs\nonly: [remote_adress]\n", 2, "did you mean \"remote_address\"?"},
	{"extend: jira_audit_logs\nrename: {method: m}\nonly: [method]\n", 3,
		"no column is called \"method\""},
};

static bool is_right(const char *text, unsigned line, const char *words)
{
	struct schema *schema;
	struct err err = {0};
	char head[40];
	int rc = schema_parse(slice_of(text), "my.yml", &schema, &err);
	if (rc == 0) {
		plan_check(schema);
		schema_free(schema);
		return line == 0;
	}
	snprintf(head, sizeof(head), "my.yml:%u: ", line);
	bool right = line && !schema && err.kind == ERR_FORMAT && strstr(err.text, words) &&
		     strncmp(err.text, head, strlen(head)) == 0;
	if (!right)
		print_error("it says: %s\n", err.text);
	return right;
}

static void test_every_refusal(void **state)
{
	(void)state;
	size_t wrong = 0;
	for (size_t i = 0; i < COUNT(rows); i++) {
		if (is_right(rows[i].text, rows[i].line, rows[i].words))
			continue;
		print_error("row %zu, not \"%u: … %s\":\n%s\n", i, rows[i].line, rows[i].words,
			rows[i].text);
		wrong++;
	}
	assert_int_equal(wrong, 0);
}

static void test_every_refusal_has_a_remedy(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct schema *schema;
		struct err err = {0};
		if (schema_parse(slice_of(rows[i].text), "my.yml", &schema, &err) == 0) {
			schema_free(schema);
			continue;
		}
		const char *what = strchr(strchr(err.text, ':') + 1, ':') + 1;
		CHECK_ROW(i, strstr(what, ": ") != NULL);
	}
}

static char *repeat(const char *head, const char *part, size_t n, const char *tail)
{
	size_t h = strlen(head), p = strlen(part), t = strlen(tail);
	char *text = malloc(h + p * n + t + 1);
	memcpy(text, head, h);
	for (size_t i = 0; i < n; i++)
		memcpy(text + h + i * p, part, p);
	memcpy(text + h + n * p, tail, t + 1);
	return text;
}

static void test_hostile_yaml(void **state)
{
	(void)state;
	static const struct {
		const char *head, *part;
		size_t n;
		const char *tail;
		unsigned line;
		const char *words;
	} cases[] = {
		{"x: ", "[", 500000, "", 1, "nested too deeply"},
		{"x: ", "{a: ", 200000, "", 1, "nested too deeply"},
		{"x: ", "[\n", 100000, "", 16, "nested too deeply"},
		{"", "- ", 500000, "", 1, "nested too deeply"},
		{"x: [", "a,", 400000, "]", 1, "more than 50000 values"},
		{"x:\n", " - a\n", 100000, "", 0, "more than 50000 values"},
		{"x: ", "a", 1 << 20, "", 1, "longer than 1048576 bytes"},
		{"", "#\n", 600000, "", 1, "longer than 1048576 bytes"},
		{"table: ", "a", 1000000, "\n", 1, "is too long"},
		{"", "a", 1000000, ": b\n", 1, ""},
		{"x: \"", "\\n", 500000, "\"\n", 1, "unknown key \"x\""},
		{COLUMNS "  b: ", "x.", 400000, "x", 5, "more than 16 keys"},
		{COLUMNS "  b: ", "x", 900000, "", 5, "longer than 256 bytes"},
		{COLUMNS "  b: [", "x,", 33, "]", 5, "has more than 32 paths"},
		{"a: &a x\nb: &b [*a", ",*a", 1000, "]\n", 1, "anchor"},
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		char *text = repeat(cases[i].head, cases[i].part, cases[i].n, cases[i].tail);
		struct schema *schema;
		struct err err = {0};
		char head[40];
		snprintf(head, sizeof(head), "my.yml:%u: ", cases[i].line);
		CHECK_ROW(i, schema_parse(slice_of(text), "my.yml", &schema, &err) == -1);
		if (cases[i].line && strncmp(err.text, head, strlen(head)) != 0)
			fail_msg("row %zu: %s", i, err.text);
		if (!strstr(err.text, cases[i].words))
			fail_msg("row %zu: %s", i, err.text);
		free(text);
	}
}

/* As many columns as there may be, and one more; as many paths. */
static void test_limits(void **state)
{
	(void)state;
	for (int extra = 0; extra < 2; extra++) {
		struct buf text;
		struct schema *schema;
		struct err err = {0};
		buf_init(&text, LIMIT_SCHEMA_BYTES);
		buf_puts(&text, HEAD "columns:\n");
		for (int i = 0; i < LIMIT_COLUMNS - SYS_COLUMNS + extra; i++)
			buf_printf(&text, "  c%d: p%d\n", i, i);
		int rc = schema_parse(buf_view(&text), "my.yml", &schema, &err);
		if (extra == 0) {
			assert_int_equal(rc, 0);
			assert_int_equal(schema->shape.ncolumns, LIMIT_COLUMNS);
			plan_check(schema);
			schema_free(schema);
		} else {
			assert_non_null(strstr(err.text, "my.yml:493: more than 489 columns"));
		}
		buf_fini(&text);
	}
}

/* Paths multiply: lists times fields. The product is limited, and refused quickly. */
static void test_path_product(void **state)
{
	(void)state;
	struct buf text;
	struct schema *schema;
	struct err err = {0};
	buf_init(&text, LIMIT_SCHEMA_BYTES);
	buf_puts(&text, HEAD "columns:\n  l:\n    list: [");
	for (int i = 0; i < DRAFT_PATHS; i++)
		buf_printf(&text, "%sl%d", i ? "," : "", i);
	buf_puts(&text, "]\n    fields:\n");
	for (int f = 0; f < 400; f++) {
		buf_printf(&text, "      f%d: [", f);
		for (int i = 0; i < DRAFT_PATHS; i++)
			buf_printf(&text, "%sp%dx%d.q", i ? "," : "", f, i);
		buf_puts(&text, "]\n");
	}
	assert_false(text.full);
	assert_int_equal(schema_parse(buf_view(&text), "my.yml", &schema, &err), -1);
	assert_non_null(strstr(err.text, "more than 65536 paths in all"));
	buf_fini(&text);
}

static void test_files(void **state)
{
	(void)state;
	char *folder = test_folder(), path[600];
	struct schema *schema;
	struct err err;
	snprintf(path, sizeof(path), "%s/my.yml", folder);
	assert_int_equal(schema_load(path, &schema, &err), -1);
	assert_null(schema);
	assert_non_null(strstr(err.text, path));
	assert_int_equal(io_write_file(path, COLUMNS, strlen(COLUMNS), 0600, &err), 0);
	assert_int_equal(schema_load(path, &schema, &err), 0);
	assert_string_equal(schema->table, "t");
	schema_free(schema);
	schema_free(NULL);
	test_remove(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_refusal),
		cmocka_unit_test(test_every_refusal_has_a_remedy),
		cmocka_unit_test(test_hostile_yaml),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_path_product),
		cmocka_unit_test(test_files),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
