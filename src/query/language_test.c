/* SPDX-License-Identifier: Apache-2.0 */
/* language_test.c: the grammar: each form with the expression that it means, and how forms bind. Errors are
 * in language_error_test.c, names in language_resolve_test.c. */
#include "base/test.h"

#include "query/language_show.h"

static struct search_tables tables;

static int load_tables(void **state)
{
	static const struct schema *all[16];
	(void)state;
	while (tables.n < COUNT(all) && (all[tables.n] = schema_builtin(tables.n)))
		tables.n++;
	tables.schemas = all;
	return tables.n ? 0 : -1;
}

struct form {
	const char *query, *means;
};

static void check_forms(const struct form *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct arena mem = {0};
		struct buf out;
		struct err err = {0};
		const struct expr *expr;
		buf_init(&out, 1 << 16);
		if (query_parse(slice_of(rows[i].query), &tables, &mem, &expr, NULL, &err) != 0)
			fail_msg("row %zu: %s: %s", i, rows[i].query, err.text);
		show_expr(&out, expr);
		buf_push(&out, '\0');
		if (strcmp(out.ptr, rows[i].means) != 0)
			fail_msg("row %zu: %s\nis   %s\nnot  %s", i, rows[i].query, out.ptr,
				rows[i].means);
		buf_fini(&out);
		arena_fini(&mem);
	}
}

static void values(void **state)
{
	static const struct form rows[] = {
		{"actor:bob", "actor=\"bob\""},
		{"actor: bob", "actor=\"bob\""},
		{"actor:bob*", "actor=\"bob\"*"},
		{"actor:*bob*", "actor=*\"bob\"*"},
		{"actor:b?b**x", "actor=\"b\"?\"b\"*\"x\""},
		{"actor:*", "actor exists"},
		{"actor:**", "actor exists"},
		{"actor:?*", "actor=?*"},
		{"actor:b\\*b", "actor=\"b*b\""},
		{"actor:b\\?\\\\b\\ c", "actor=\"b?\\b c\""},
		{"actor:a\\\"b", "actor=\"a\"b\""},
		{"actor:O'Brien", "actor=\"O'Brien\""},
		{"actor:\"Bob B*\"", "actor=\"Bob B*\""},
		{"actor:\"a \\\"b\\\" \\\\ \\n\"", "actor=\"a \"b\" \\ \\n\""},
		{"actor:'Bob \\'B*\\\\'", "actor==\"Bob 'B*\\\""},
		{"actor:\"\"", "actor=\"\""},
		{"actor:''", "actor==\"\""},
		{"actor:\"AND\"", "actor=\"AND\""},
		{"actor:ANDREW", "actor=\"ANDREW\""},
		{"actor:/^b.*b$/", "actor~/^b.*b$/"},
		{"actor:/a\\/b\\d\\\\/ims", "actor~/a/b\\d\\\\/ims"},
		{"actor:>5", "actor{5 ..<*"},
		{"actor:>=5", "actor[5 ..<*"},
		{"actor:<5", "actor{* ..<5"},
		{"actor:<= 5", "actor{* ..5"},
		{"actor:>\"a b\"", "actor{a b ..<*"},
		{"actor:[a TO b]", "actor[a ..b"},
		{"actor:{a TO b}", "actor{a ..<b"},
		{"actor:[a TO b}", "actor[a ..<b"},
		{"actor:{\"a b\" TO 'c d']", "actor{a b ..c d"},
		{"actor:[* TO b]", "actor{* ..b"},
		{"actor:[a TO *]", "actor[a ..<*"},
		{"actor:[* TO *]", "actor exists"},
		{"actor:=target", "actor is target"},
		{"author.name:bob", "author.name=\"bob\""},
		{"AUTHOR_NAME:bob", "AUTHOR_NAME=\"bob\""},
		{"affectedObjects.type:USER", "affectedObjects.type=\"USER\""},
		{"affected_objects:x", "affected_objects=\"x\""},
		{"affectedObjects:*", "affectedObjects exists"},
		{"extra.some.key:x", "extra.some.key=\"x\""},
		{"extra.n:>5", "extra.n{5 ..<*"},
		{"extra.some\\ key:x", "extra.some key=\"x\""},
		{"system:https://x/y?a=b", "system=\"https://x/y\"?\"a=b\""},
		{"target:a-b", "target=\"a-b\""},
		{"target:-b", "target=\"-b\""},
	};
	(void)state;
	check_forms(rows, COUNT(rows));
}

static void typed_values(void **state)
{
	static const struct form rows[] = {
		{"ip:10.1.2.3", "ip in ffff0a010203/128"},
		{"ip:\"10.1.2.3\"", "ip in ffff0a010203/128"},
		{"ip:'10.1.2.3'", "ip==\"10.1.2.3\""},
		{"ip:10.0.0.0/8", "ip in ffff0a000000/104"},
		{"ip:10.*", "ip=\"10.\"*"},
		{"ip:localhost", "ip=\"localhost\""},
		{"ip:2001:db8::1", "ip in 20010db800000001/128"},
		{"ip:2001:db8::/32", "ip in 20010db800000000/32"},
		{"ip:::1", "ip in 00000001/128"},
		{"ip:\"\"", "ip=\"\""},
		{"ip:(2001:db8::1 OR ::1)", "ip in 20010db800000001/128 00000001/128"},
		{"remoteAddress:10.1.2.3", "remoteAddress in ffff0a010203/128"},
		{"ip_bytes:10.1.2.3", "ip_bytes in ffff0a010203/128"},
		{"ip:[10.0.0.0 TO 10.0.0.255]", "ip in ffff0a000000/120"},
		{"ip:[10.0.0.1 TO 10.0.0.6]", "ip in ffff0a000001/128 ffff0a000002/127 "
					      "ffff0a000004/127 ffff0a000006/128"},
		{"ip:{10.0.0.1 TO 10.0.0.4}", "ip in ffff0a000002/127"},
		{"ip:>255.255.255.253", "ip in fffffffffffe/127"},
		{"ip:<0.0.0.2", "ip in ffff00000000/127"},
		{"ip:[0.0.0.0 TO *]", "ip in ffff00000000/96"},
		{"ip:[:: TO ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]", "ip in 00000000/0"},
		{"ip:>=::", "ip in 00000000/0"},
		{"ip:[2001:db8:: TO 2001:db8::ff]", "ip in 20010db800000000/120"},
		{"ip:[* TO *]", "ip exists"},
		{"target:10.1.2.3", "target=\"10.1.2.3\""},
		{"target:10.0.0.0/8", "(or target in ffff0a000000/104 target=\"10.0.0.0/8\")"},
		{"target:\"10.0.0.0/8\"", "target=\"10.0.0.0/8\""},
		{"event_time:2026-03-09", "event_time[2026-03-09 ..2026-03-09"},
		{"event_time:2026-03-09T14:03", "event_time[2026-03-09T14:03 ..2026-03-09T14:03"},
		{"event_time:\"2026-03-09 14:03\"",
			"event_time[2026-03-09 14:03 ..2026-03-09 14:03"},
		{"event_time:2026-*", "event_time=\"2026-\"*"},
		{"event_time:[2026-01-01 TO 2026-02-01}", "event_time[2026-01-01 ..<2026-02-01"},
		{"event_time:>now-7d", "event_time{now-7d ..<*"},
		{"event_time:>=-7d", "event_time[-7d ..<*"},
		{"event_time:[yesterday TO today]", "event_time[yesterday ..today"},
		{"created:2026", "created[2026 ..2026"},
		{"repaired:true", "repaired=\"true\""},
		{"repaired:FALSE", "repaired=\"FALSE\""},
		{"vault_length:5", "vault_length=\"5\""},
		{"vault_length:-5.5", "vault_length=\"-5.5\""},
		{"vault_length:>9223372036854775807", "vault_length{9223372036854775807 ..<*"},
		{"event_id:0189a7c0-5a10-8123-9abc-0123456789ab",
			"event_id=\"0189a7c0-5a10-8123-9abc-0123456789ab\""},
		{"event_id:0189*", "event_id=\"0189\"*"},
		{"table:jira", "table=\"jira\""},
		{"TABLE:jira_audit_logs", "table=\"jira_audit_logs\""},
		{"table:*jira*", "table=*\"jira\"*"},
		{"table:(jira OR confluence)", "table=\"jira\"|\"confluence\""},
	};
	(void)state;
	check_forms(rows, COUNT(rows));
}

static void bare_words(void **state)
{
	static const struct form rows[] = {
		{"", "all"},
		{"  \t\r\n ", "all"},
		{"*", "all"},
		{"**", "all"},
		{"*:*", "all"},
		{"bob", "any=*\"bob\"*"},
		{"b*b", "any=*\"b\"*\"b\"*"},
		{"*bob*", "any=*\"bob\"*"},
		{"b?b", "any=*\"b\"?\"b\"*"},
		{"?", "any=*?*"},
		{"\"two words\"", "any=*\"two words\"*"},
		{"'Two Words'", "any==*\"Two Words\"*"},
		{"/re.ex/i", "any~/re.ex/i"},
		{"a\\:b", "any=*\"a:b\"*"},
		{"10.0.0.0/8", "any in ffff0a000000/104"},
		{"10.0.0.1", "any=*\"10.0.0.1\"*"},
		{"2001:db8::/32", "any in 20010db800000000/32"},
		{"::1", "(or any in 00000001/128 any=*\"::1\"*)"},
		{"foo/bar", "any=*\"foo/bar\"*"},
		{"and", "any=*\"and\"*"},
		{"a-b", "any=*\"a-b\"*"},
		{"a - b", "(and any=*\"a\"* any=*\"-\"* any=*\"b\"*)"},
		{"TO", "any=*\"TO\"*"},
		{"\\AND", "any=*\"AND\"*"},
		{"ORDER", "any=*\"ORDER\"*"},
		{"x[0]", "any=*\"x[0]\"*"},
		{"\xc3\x9c"
		 "bersicht",
			"any=*\"\xc3\x9c"
			"bersicht\"*"},
		{"a\xc2\xa0"
		 "b",
			"(and any=*\"a\"* any=*\"b\"*)"},
		{"a\xe3\x80\x80"
		 "b",
			"(and any=*\"a\"* any=*\"b\"*)"},
	};
	(void)state;
	check_forms(rows, COUNT(rows));
}

static void operators(void **state)
{
	static const struct form rows[] = {
		{"a b", "(and any=*\"a\"* any=*\"b\"*)"},
		{"actor:a AND ip:*", "(and actor=\"a\" ip exists)"},
		{"actor:a && ip:*", "(and actor=\"a\" ip exists)"},
		{"actor:a&&ip:*", "(and actor=\"a\" ip exists)"},
		{"actor:a OR ip:*", "(or actor=\"a\" ip exists)"},
		{"actor:a||ip:*", "(or actor=\"a\" ip exists)"},
		{"actor:a OR ip:* action:b", "(or actor=\"a\" (and ip exists action=\"b\"))"},
		{"actor:a AND ip:* OR action:b", "(or (and actor=\"a\" ip exists) action=\"b\")"},
		{"actor:a (ip:* OR action:b)", "(and actor=\"a\" (or ip exists action=\"b\"))"},
		{"NOT actor:a", "(not actor=\"a\")"},
		{"!actor:a", "(not actor=\"a\")"},
		{"! actor:a", "(not actor=\"a\")"},
		{"-actor:a", "(not actor=\"a\")"},
		{"NOT actor:*", "(not actor exists)"},
		{"NOT NOT NOT actor:a", "(not actor=\"a\")"},
		{"NOT !-actor:a", "(not actor=\"a\")"},
		{"!!actor:a", "actor=\"a\""},
		{"NOT actor:a ip:*", "(and (not actor=\"a\") ip exists)"},
		{"NOT(actor:a)", "(not actor=\"a\")"},
		{"NOT (actor:a OR ip:*)", "(not (or actor=\"a\" ip exists))"},
		{"a AND NOT b", "(and any=*\"a\"* (not any=*\"b\"*))"},
		{"a NOT b", "(and any=*\"a\"* (not any=*\"b\"*))"},
		{"a OR NOT b", "(or any=*\"a\"* (not any=*\"b\"*))"},
		{"a AND(b)", "(and any=*\"a\"* any=*\"b\"*)"},
		{"((((actor:a))))", "actor=\"a\""},
		{"(actor:a ip:*) action:b", "(and actor=\"a\" ip exists action=\"b\")"},
		{"a or b", "(and any=*\"a\"* any=*\"or\"* any=*\"b\"*)"},
	};
	(void)state;
	check_forms(rows, COUNT(rows));
}

static void groups_of_values(void **state)
{
	static const struct form rows[] = {
		{"actor:(a)", "actor=\"a\""},
		{"actor:(a OR b OR \"c d\")", "actor=\"a\"|\"b\"|\"c d\""},
		{"actor:(a AND NOT b)", "(and actor=\"a\" (not actor=\"b\"))"},
		{"actor:(a b)", "(and actor=\"a\" actor=\"b\")"},
		{"actor:(NOT (a OR b) c)", "(and (not actor=\"a\"|\"b\") actor=\"c\")"},
		{"actor:(a OR /b/ OR >c)", "(or actor=\"a\" actor~/b/ actor{c ..<*)"},
		{"actor:([a TO b] OR *)", "(or actor[a ..b actor exists)"},
		{"actor:(a:b OR c)", "actor=\"a:b\"|\"c\""},
		{"NOT actor:(a OR b)", "(not actor=\"a\"|\"b\")"},
		{"actor:a OR actor:b OR ip:* OR actor:c", "(or actor=\"a\"|\"b\"|\"c\" ip exists)"},
		{"actor:a OR (actor:b OR actor:(c OR d))", "actor=\"a\"|\"b\"|\"c\"|\"d\""},
		{"actor:a OR actor:'B' OR actor:c", "(or actor=\"a\"|\"c\" actor==\"B\")"},
		{"a OR b", "any=*\"a\"*|*\"b\"*"},
		{"ip:(10.0.0.0/8 OR 10.1.2.3 OR foo)",
			"(or ip in ffff0a000000/104 ffff0a010203/128 ip=\"foo\")"},
	};
	(void)state;
	check_forms(rows, COUNT(rows));
}

static void elements_of_lists(void **state)
{
	static const struct form rows[] = {
		{"changed_values:{field_name:Active AND changed_to:Inactive}",
			"(same (and changed_values.field_name=\"Active\" "
			"changed_values.changed_to=\"Inactive\"))"},
		{"changedValues:{fieldName:Active changedTo:Inactive}",
			"(same (and changedValues.fieldName=\"Active\" "
			"changedValues.changedTo=\"Inactive\"))"},
		{"changedValues:{field_name:a}", "(same changedValues.field_name=\"a\")"},
		{"affected_objects:{ type:USER NOT name:bob }",
			"(same (and affected_objects.type=\"USER\" (not "
			"affected_objects.name=\"bob\")))"},
		{"affected_objects:{type:(USER OR GROUP)} actor:x",
			"(and (same affected_objects.type=\"USER\"|\"GROUP\") actor=\"x\")"},
		{"affected_objects:{(type:USER)}", "(same affected_objects.type=\"USER\")"},
		{"affected_objects:{foo}",
			"(same (or affected_objects.id=*\"foo\"* affected_objects.name=*\"foo\"* "
			"affected_objects.type=*\"foo\"* affected_objects.uri=*\"foo\"*))"},
		{"affected_objects:{a TO b}", "affected_objects{a ..<b"},
		{"affected_objects:{\"a b\" TO b}", "affected_objects{a b ..<b"},
		{"affected_objects:{id:[1 TO 5]}", "(same affected_objects.id[1 ..5)"},
		{"affected_objects:{TOTAL}",
			"(same (or affected_objects.id=*\"TOTAL\"* "
			"affected_objects.name=*\"TOTAL\"* "
			"affected_objects.type=*\"TOTAL\"* affected_objects.uri=*\"TOTAL\"*))"},
		{"NOT changed_values:{field_name:a}",
			"(not (same changed_values.field_name=\"a\"))"},
	};
	(void)state;
	check_forms(rows, COUNT(rows));
}

/* Places are those of what was written, for marking and messages. */
static void nodes_know_their_place(void **state)
{
	struct arena mem = {0};
	const struct expr *expr;
	struct err err = {0};
	(void)state;
	assert_int_equal(
		query_parse(SLICE("x  OR NOT actor:\"b c\""), &tables, &mem, &expr, NULL, &err), 0);
	assert_int_equal(expr->kind, EXPR_OR);
	assert_int_equal(expr->begin, 0);
	assert_int_equal(expr->end, 21);
	assert_int_equal(expr->children[1]->begin, 6);
	assert_int_equal(expr->children[1]->children[0]->begin, 10);
	assert_int_equal(expr->children[1]->children[0]->end, 21);
	arena_fini(&mem);
}

/* 50,000 addresses become one test, in the time that reading them takes. */
static void a_megabyte_of_addresses(void **state)
{
	static const char *const shapes[] = {"ip:(%s%s)", "%s%s"};
	(void)state;
	for (size_t shape = 0; shape < COUNT(shapes); shape++) {
		struct buf text, query;
		struct arena mem = {0};
		struct err err = {0};
		const struct expr *expr;
		buf_init(&text, LIMIT_QUERY_BYTES);
		buf_init(&query, LIMIT_QUERY_BYTES);
		for (unsigned i = 0; i < 50000; i++)
			buf_printf(&text, "%s%s10.%u.%u.%u", i ? " OR " : "", shape ? "ip:" : "",
				i >> 16, i >> 8 & 255, i & 255);
		buf_push(&text, '\0');
		buf_puts(&query, shape ? "" : "ip:(");
		buf_puts(&query, text.ptr);
		buf_puts(&query, shape ? "" : ")");
		int64_t began = clock_mono_us();
		assert_int_equal(
			query_parse(buf_view(&query), &tables, &mem, &expr, NULL, &err), 0);
		assert_int_equal(expr->kind, EXPR_TEST);
		assert_int_equal(expr->test.op, TEST_CIDR);
		assert_int_equal(expr->test.nnetworks, 50000);
		for (unsigned i = 0; i < 50000; i++)
			assert_int_equal(expr->test.networks[i].address[15], i & 255);
		assert_true(clock_mono_us() - began < 2000000);
		buf_fini(&text);
		buf_fini(&query);
		arena_fini(&mem);
	}
}

static void the_expression_owns_its_text(void **state)
{
	struct arena mem = {0};
	const struct expr *expr;
	struct buf out;
	char *text = strdup("actor:bob AND ip:\"x\" AND /re/");
	(void)state;
	buf_init(&out, 1000);
	assert_int_equal(query_parse(slice_of(text), &tables, &mem, &expr, NULL, NULL), 0);
	memset(text, 'X', strlen(text));
	free(text);
	show_expr(&out, expr);
	buf_push(&out, '\0');
	assert_string_equal(out.ptr, "(and actor=\"bob\" ip=\"x\" any~/re/)");
	buf_fini(&out);
	arena_fini(&mem);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values),
		cmocka_unit_test(typed_values),
		cmocka_unit_test(bare_words),
		cmocka_unit_test(operators),
		cmocka_unit_test(groups_of_values),
		cmocka_unit_test(elements_of_lists),
		cmocka_unit_test(nodes_know_their_place),
		cmocka_unit_test(a_megabyte_of_addresses),
		cmocka_unit_test(the_expression_owns_its_text),
	};
	return cmocka_run_group_tests(tests, load_tables, NULL);
}
