/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of proposed schemas: types, names and kinds by value, extending where records fit a
 * built-in table, and that every proposal is a schema. */
#include "base/test.h"
#include "schema/infer.h"
#include "schema/plan_check.h"

/* The proposal for these lines, compiled; its text is in `text`. */
static struct schema *propose(const char *lines, const char *table, struct buf *text)
{
	struct infer *infer = infer_new();
	struct schema *schema;
	struct err err;
	buf_init(text, LIMIT_SCHEMA_BYTES);
	while (*lines) {
		size_t n = strcspn(lines, "\n");
		infer_add(infer, (struct slice){lines, n}, &err);
		lines += n + (lines[n] == '\n');
	}
	if (infer_finish(infer, table, text, &err) != 0)
		fail_msg("%s", err.text);
	if (schema_parse(buf_view(text), "proposal", &schema, &err) != 0)
		fail_msg("%s\n%.*s", err.text, SLICE_ARG(buf_view(text)));
	plan_check(schema);
	infer_free(infer);
	buf_push(text, '\0');
	return schema;
}

static const struct {
	const char *lines, *path, *column;
	enum col_type type;
	enum observable observable;
} rows[] = {
	{"{\"a\":\"x\"}", "a", "a", COL_STRING, OBS_NONE},
	{"{\"a\":\"\"}", "a", "a", COL_STRING, OBS_NONE},
	{"{\"a\":1}\n{\"a\":null}", "a", "a", COL_INT64, OBS_NONE},
	{"{\"a\":-9223372036854775808}", "a", "a", COL_INT64, OBS_NONE},
	{"{\"a\":9223372036854775808}", "a", "a", COL_JSON, OBS_NONE},
	{"{\"a\":1.5}", "a", "a", COL_JSON, OBS_NONE},
	{"{\"a\":1}\n{\"a\":1e3}", "a", "a", COL_JSON, OBS_NONE},
	{"{\"a\":1}\n{\"a\":\"x\"}", "a", "a", COL_JSON, OBS_NONE},
	{"{\"a\":null}", "a", "a", COL_JSON, OBS_NONE},
	{"{\"a\":{}}", "a", "a", COL_JSON, OBS_NONE},
	{"{\"a\":[]}", "a", "a", COL_JSON, OBS_NONE},
	{"{\"a\":[[1]]}", "a", "a", COL_JSON, OBS_NONE},
	{"{\"a\":[1,\"x\"]}", "a", "a", COL_JSON, OBS_NONE},
	{"{\"a\":{\"b\":1}}\n{\"a\":3}", "a", "a", COL_JSON, OBS_NONE},
	{"{\"a\":true}", "a", "a", COL_BOOL, OBS_NONE},
	{"{\"a\":{\"bC\":true}}", "a.bC", "a_b_c", COL_BOOL, OBS_NONE},
	{"{\"a\":\"192.0.2.1\"}\n{\"a\":\"\"}", "a", "a", COL_STRING, OBS_IP},
	{"{\"a\":\"2001:db8::1\"}", "a", "a", COL_STRING, OBS_IP},
	{"{\"a\":\"ann@example.com\"}", "a", "a", COL_STRING, OBS_EMAIL},
	{"{\"a\":\"https://example.com/x\"}", "a", "a", COL_STRING, OBS_URL},
	{"{\"a\":\"d41d8cd98f00b204e9800998ecf8427e\"}", "a", "a", COL_STRING, OBS_HASH},
	{"{\"userAgent\":\"x/1\"}", "userAgent", "user_agent", COL_STRING, OBS_AGENT},
	{"{\"userName\":\"bob\"}", "userName", "user_name", COL_STRING, OBS_USER},
	{"{\"userType\":\"x\"}", "userType", "user_type", COL_STRING, OBS_NONE},
	{"{\"hostname\":\"x\"}", "hostname", "hostname", COL_STRING, OBS_HOST},
	{"{\"description\":\"x\"}", "description", "description", COL_STRING, OBS_TEXT},
	{"{\"a\":[{\"b\":1}]}", "a[].b", "a.b", COL_INT64, OBS_NONE},
	{"{\"a\":[{\"b\":{\"c\":\"10.0.0.1\"}}]}", "a[].b.c", "a.b_c", COL_STRING, OBS_IP},
	{"{\"a\":[{\"b\":[1]}]}", "a[].b", "a.b", COL_JSON, OBS_NONE},
	{"{\"a\":[\"10.0.0.1\",null]}", "a", "a", COL_STRING, OBS_IP},
	{"{\"a\":[1,2]}", "a[]", "a", COL_INT64, OBS_NONE},
	{"{\"a.b\":1}", "a\\.b", "a_b", COL_INT64, OBS_NONE},
	{"{\"a\\\\b\":1}", "a\\\\b", "a_b", COL_INT64, OBS_NONE},
	{"{\"9 lives\":1}", "9 lives", "field_9_lives", COL_INT64, OBS_NONE},
	{"{\"\\u00e4\\ud83d\\ude00\":1}", "\xc3\xa4\xf0\x9f\x98\x80", "field", COL_INT64, OBS_NONE},
	{"{\"avatarURI\":\"x\"}", "avatarURI", "avatar_uri", COL_STRING, OBS_NONE},
	{"{\"actionI18nKey\":\"x\"}", "actionI18nKey", "action_i18n_key", COL_STRING, OBS_NONE},
	{"{\"source\":\"x\"}", NULL, "record_source", COL_STRING, OBS_NONE},
	{"{\"null\":\"x\"}", "null", "null", COL_STRING, OBS_NONE},
	{"{\"~\":\"x\"}", "~", "field", COL_STRING, OBS_NONE},
	{"{\"*a\":\"x\"}", "*a", "a", COL_STRING, OBS_NONE},
	{"{\"a: b #\\n\\u0085\":\"x\"}", "a: b #\n\xc2\x85", "a_b", COL_STRING, OBS_NONE},
	{"{\"summary\":\"x\",\"z\":1}", "summary", "summary", COL_STRING, OBS_NONE},
	{"{\"summary\":1}", NULL, "record_summary", COL_INT64, OBS_NONE},
	{"{\"aB\":1,\"a_b\":2}", NULL, "a_b_2", COL_INT64, OBS_NONE},
	{"{\"t\":\"2026-01-02T03:04:05Z\",\"until\":\"2026-01-02 03:04:05\",\"x\":1}", "until",
		"until", COL_TIME, OBS_NONE},
};

static void test_columns_by_value(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct buf text;
		struct schema *s = propose(rows[i].lines, "t", &text);
		int index = schema_resolve(s, slice_of(rows[i].column));
		if (index < 0)
			fail_msg("row %zu: no %s in\n%s", i, rows[i].column, text.ptr);
		if (rows[i].path && schema_resolve(s, slice_of(rows[i].path)) != index)
			fail_msg("row %zu: the path feeds another column in\n%s", i, text.ptr);
		CHECK_ROW(i, s->shape.columns[index].type == rows[i].type);
		CHECK_ROW(i, (index < SYS_COLUMNS ? OBS_NONE
						  : s->columns[index - SYS_COLUMNS].observable) ==
				     rows[i].observable);
		schema_free(s);
		buf_fini(&text);
	}
}

static const struct {
	const char *lines, *time; /* time NULL: none was found, and the file says so */
} times[] = {
	{"{\"a\":\"2026-01-02T03:04:05Z\",\"x\":1}", "a"},
	{"{\"b\":\"2026-01-02T03:04:05Z\",\"timestamp\":\"2026-01-02T03:04:05.1+0000\"}",
		"timestamp"},
	{"{\"b\":\"2022-08-03:00:00.000+0000\",\"x\":1}", "b"},
	{"{\"created\":1661412506867,\"x\":1}", "created"},
	{"{\"created\":1661412506,\"x\":1}", "created"},
	{"{\"created\":17,\"x\":1}", NULL},
	{"{\"size\":1661412506,\"x\":1}", NULL},
	{"{\"a\":{\"when\":{\"epochSecond\":1,\"nano\":2}},\"x\":1}", "a.when"},
	{"{\"t\":\"2026-01-02T03:04:05Z\",\"x\":1}\n{\"x\":1,\"u\":\"2026-01-02T03:04:05Z\"}\n"
	 "{\"u\":\"2026-01-02T03:04:05Z\",\"t\":\"\"}",
		"t"},
	{"{\"a\":\"2026-01-02T03:04:05Z\"}", "a"},
	{"{\"l\":[{\"a\":\"2026-01-02T03:04:05Z\"}]}", NULL},
	{"{\"timestamp\":\"yesterday\"}", NULL},
};

static void test_time(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(times); i++) {
		struct buf text;
		struct schema *s = propose(times[i].lines, NULL, &text);
		bool none = strstr(text.ptr, "No field looks like a time") != NULL;
		CHECK_ROW(i, none == !times[i].time);
		char want[60];
		snprintf(want, sizeof(want), "\ntime: %s\n", times[i].time ? times[i].time : "");
		CHECK_ROW(i, none || strstr(text.ptr, want));
		schema_free(s);
		buf_fini(&text);
	}
}

static void test_common_and_id(void **state)
{
	(void)state;
	struct buf lines, text;
	buf_init(&lines, 1 << 16);
	for (int i = 0; i < 20; i++)
		buf_printf(&lines,
			"{\"uuid\":\"u%d\",\"id\":%d,\"ts\":\"2026-01-02T03:04:%02dZ\","
			"\"userName\":\"bob\",\"clientIp\":\"10.0.0.1\",\"event\":\"login\"}\n",
			i, i % 3, i);
	buf_push(&lines, '\0');
	struct schema *s = propose(lines.ptr, "vpn_logs", &text);
	assert_string_equal(s->table, "vpn_logs");
	assert_int_equal(s->id_column, schema_resolve(s, SLICE("uuid")));
	assert_int_equal(s->common[SYS_ACTOR].columns[0], schema_resolve(s, SLICE("userName")));
	assert_int_equal(s->common[SYS_IP].columns[0], schema_resolve(s, SLICE("clientIp")));
	assert_int_equal(s->common[SYS_ACTION].columns[0], schema_resolve(s, SLICE("event")));
	schema_free(s);
	buf_fini(&text);
	buf_fini(&lines);
}

static void test_extends_a_builtin(void **state)
{
	(void)state;
	struct buf text;
	struct schema *s = propose(
		"{\"id\":1,\"created\":\"2022-01-24T08:48:05.645+0000\",\"category\":\"projects\","
		"\"summary\":\"x\",\"objectItem\":{\"id\":\"1\",\"typeName\":\"PROJECT\",\"acme\":"
		"1},"
		"\"changedValues\":[{\"fieldName\":\"f\",\"changedTo\":\"g\",\"why\":\"h\"}],"
		"\"tags\":[\"a\"],\"source\":\"10.0.0.1\",\"authorName\":\"x\"}",
		NULL, &text);
	assert_non_null(strstr(text.ptr, "extend: jira_audit_logs"));
	assert_null(strstr(text.ptr, "summary"));
	assert_string_equal(s->table, "jira_audit_logs");
	const struct schema *base = schema_find("jira");
	assert_int_equal(s->ncolumns, base->ncolumns + 4);
	assert_true(schema_resolve(s, SLICE("changed_values.why")) > 0);
	assert_true(schema_resolve(s, SLICE("object_item_acme")) > 0);
	assert_int_equal(
		schema_resolve(s, SLICE("authorName")), schema_resolve(s, SLICE("author_name_2")));
	schema_free(s);
	buf_fini(&text);
}

static const struct {
	const char *record;
	bool taken;
} bad[] = {
	{"{}", true},
	{" {\"a\": [1, {\"b\": null}]}\r\n", true},
	{"{\"a\":\"\\ud800\"}", true},
	{"{\"a\":\"\xff\"}", true},
	{"{\"\xff\":1}", true},
	{"", false},
	{"[]", false},
	{"1", false},
	{"\"x\"", false},
	{"{", false},
	{"{\"a\"}", false},
	{"{\"a\":}", false},
	{"{\"a\":1", false},
	{"{\"a\":1,}", false},
	{"{\"a\":[1,}", false},
	{"{\"a\":\"\\x\"}", false},
	{"{\"a\":\"\\u12g4\"}", false},
	{"{\"a\":\"x}", false},
	{"{\"a\":tru}", false},
	{"{\"a\":-}", false},
	{"{\"a\":1} {}", false},
	{"{a:1}", false},
};

static void test_odd_records(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct infer *infer = infer_new();
		struct buf out;
		struct err err = {0};
		buf_init(&out, LIMIT_SCHEMA_BYTES);
		CHECK_ROW(i, infer_add(infer, slice_of(bad[i].record), &err) == 0);
		CHECK_ROW(i, infer->taken == bad[i].taken && infer->skipped == !bad[i].taken);
		CHECK_ROW(i, (infer_finish(infer, NULL, &out, &err) == 0) == bad[i].taken);
		CHECK_ROW(i, bad[i].taken || err.kind == ERR_FORMAT);
		buf_fini(&out);
		infer_free(infer);
	}
	infer_free(NULL);
}

static char *nested(size_t n, const char *open, const char *middle, const char *close)
{
	struct buf buf;
	buf_init(&buf, (size_t)1 << 26);
	for (size_t i = 0; i < n; i++)
		buf_puts(&buf, open);
	buf_puts(&buf, middle);
	for (size_t i = 0; i < n; i++)
		buf_puts(&buf, close);
	char *text = strndup(buf.ptr, buf.len);
	buf_fini(&buf);
	return text;
}

static void test_hostile_records(void **state)
{
	(void)state;
	struct buf text, wide;
	struct err err;
	struct infer *infer = infer_new();
	char *deep = nested(1000000, "{\"a\":", "1", "}");
	assert_int_equal(infer_add(infer, slice_of(deep), &err), 0);
	assert_int_equal(infer->skipped, 1);
	infer_free(infer);
	free(deep);
	/* deeper than a path may be: the rest is one JSON column */
	deep = nested(40, "{\"a\":", "1", "}");
	struct schema *s = propose(deep, "t", &text);
	assert_int_equal(s->ncolumns, 1);
	assert_int_equal(s->columns[0].type, COL_JSON);
	schema_free(s);
	buf_fini(&text);
	free(deep);
	/* an object that is a map: one JSON column, not thousands; and too many columns at the top */
	buf_init(&wide, 1 << 26);
	buf_puts(&wide, "{\"map\":{");
	for (int i = 0; i < 20000; i++)
		buf_printf(&wide, "%s\"k%d\":1", i ? "," : "", i);
	buf_puts(&wide, "}");
	for (int i = 0; i < 9; i++) {
		buf_printf(&wide, ",\"o%d\":{", i);
		for (int k = 0; k < 100; k++)
			buf_printf(&wide, "%s\"p%d\":1", k ? "," : "", k);
		buf_puts(&wide, "}");
	}
	buf_puts(&wide, "}");
	buf_push(&wide, '\0');
	s = propose(wide.ptr, "t", &text);
	int map = schema_resolve(s, SLICE("map"));
	assert_int_equal(s->shape.columns[map].type, COL_JSON);
	assert_int_equal(s->shape.ncolumns, LIMIT_COLUMNS);
	assert_non_null(strstr(text.ptr, "keys have no column"));
	schema_free(s);
	buf_fini(&text);
	buf_fini(&wide);
}

static void test_bad_table_name(void **state)
{
	(void)state;
	struct infer *infer = infer_new();
	struct buf out;
	struct err err;
	buf_init(&out, LIMIT_SCHEMA_BYTES);
	assert_int_equal(infer_add(infer, SLICE("{\"a\":1}"), &err), 0);
	assert_int_equal(infer_finish(infer, "../x", &out, &err), -1);
	assert_non_null(strstr(err.text, "cannot name a table"));
	buf_fini(&out);
	infer_free(infer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_columns_by_value),
		cmocka_unit_test(test_time),
		cmocka_unit_test(test_common_and_id),
		cmocka_unit_test(test_extends_a_builtin),
		cmocka_unit_test(test_odd_records),
		cmocka_unit_test(test_hostile_records),
		cmocka_unit_test(test_bad_table_name),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
