/* SPDX-License-Identifier: Apache-2.0 */
/* language_error_test.c: what is wrong in a query, where, and what is proposed instead; hostile text in
 * messages; limits. */
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

/* Each error: the bytes that it points at, a part of its words, and the suggestion. */
static const struct {
	const char *query;
	uint32_t begin, end;
	const char *words, *suggestion;
} mistakes[] = {
	{"actr:bob", 0, 4, "unknown field `actr`", "actor"},
	{"x AND Actr:bob", 6, 10, "unknown field `Actr`", "actor"},
	{"author.nmae:x", 0, 11, "unknown field", "author.name"},
	{"user:bob", 0, 4, "unknown field `user`", "actor"},
	{"src_ip:1.2.3.4", 0, 6, "unknown field", "ip"},
	{"@timestamp:now", 0, 10, "unknown field", "event_time"},
	{"qqqqqqqqq:x", 0, 9, "put a text with a colon in quotes", ""},
	{"http://x/y", 0, 4, "unknown field `http`", ""},
	{":x", 0, 1, "name is missing", ""},
	{"act*:x", 0, 4, "no wildcards", ""},
	{"(actor:bob", 0, 1, "not closed", ""},
	{"x ((a) AND b", 2, 3, "not closed", ""},
	{"actor:bob)", 9, 10, "never opened", ""},
	{"a } b", 2, 3, "never opened", ""},
	{"a ] b", 2, 3, "never opened", ""},
	{"()", 0, 2, "nothing between", ""},
	{"x AND ( )", 6, 9, "nothing between", ""},
	{"actor:()", 6, 8, "nothing between", ""},
	{"(a}", 2, 3, "stands where the bracket", ""},
	{"affected_objects:{type:x)", 24, 25, "stands where the bracket", ""},
	{"affected_objects:{type:x", 17, 18, "not closed", ""},
	{"affected_objects:{typ:x}", 18, 21, "has no field `typ`", "type"},
	{"actor:{x}", 6, 7, "is no list", ""},
	{"a AND", 2, 5, "nothing stands after `AND`", ""},
	{"a OR ", 2, 4, "nothing stands after `OR`", ""},
	{"a && ", 2, 4, "nothing stands after `&&`", ""},
	{"NOT", 0, 3, "nothing stands after `NOT`", ""},
	{"(a AND) b", 3, 6, "nothing stands after `AND`", ""},
	{"AND a", 0, 3, "before `AND`", ""},
	{"(OR a)", 1, 3, "before `OR`", ""},
	{"a AND OR b", 2, 5, "nothing stands after `AND`", ""},
	{"a NOT AND b", 2, 5, "nothing stands after `NOT`", ""},
	{"actor:", 0, 6, "a value is missing after `actor:`", ""},
	{"actor: AND x", 0, 6, "a value is missing", ""},
	{"(actor:)", 1, 7, "a value is missing", ""},
	{"actor:\"bob", 6, 7, "quote is not closed", ""},
	{"x \"bob AND y", 2, 3, "quote is not closed", ""},
	{"actor:'bob", 6, 7, "quote is not closed", ""},
	{"\"bob\\\"", 0, 1, "quote is not closed", ""},
	{"actor:\"a\"b", 9, 10, "right after the closing quote", ""},
	{"actor:\"a\"\"b\"", 9, 10, "right after the closing quote", ""},
	{"bob\"x\"", 3, 4, "stands within a word", ""},
	{"bob(x)", 3, 4, "stands within a word", ""},
	{"\xe2\x80\x9c"
	 "bob\xe2\x80\x9d",
		0, 3, "does not quote", "\""},
	{"actor:\xe2\x80\x9c"
	 "bob\xe2\x80\x9d",
		6, 9, "does not quote", "\""},
	{"bob\\", 3, 4, "nothing stands after the `\\`", "\\\\"},
	{"actor:/abc", 6, 7, "regular expression is not closed", ""},
	{"actor:/a(b/", 6, 11, "", ""},
	{"actor:/[z-a]/", 6, 13, "", ""},
	{"actor://", 6, 8, "is empty", ""},
	{"actor:/rest/api", 12, 13, "only i, m and s", ""},
	{"actor:[a TO b", 6, 7, "range is not closed", ""},
	{"actor:[a b]", 9, 10, "a range is written", "TO"},
	{"actor:[a TO ]", 12, 13, "needs both ends", ""},
	{"actor:[ TO b]", 11, 12, "a range is written", "TO"},
	{"actor:[a* TO b]", 7, 9, "no wildcards", ""},
	{"actor:[\"\" TO b]", 7, 9, "empty text", ""},
	{"[a TO b]", 0, 1, "field must stand in front", ""},
	{"{a TO b}", 0, 1, "field must stand in front", ""},
	{"actor:>", 6, 7, "nothing stands after the comparison", ""},
	{"actor:>= ", 6, 8, "nothing stands after the comparison", ""},
	{"actor:>*", 7, 8, "cannot be compared", ""},
	{"actor:=", 6, 7, "compares with another field", ""},
	{"actor:=tarket", 7, 13, "none is called `tarket`", "target"},
	{"actor:=\"x\"", 6, 7, "compares with another field", ""},
	{"vault_length:many", 13, 17, "`many` is no value of vault_length, which is a number", ""},
	{"vault_length:>x", 14, 15, "is a number", ""},
	{"vault_length:[1 TO x]", 19, 20, "is a number", ""},
	{"vault_length:\"\"", 13, 15, "is a number", ""},
	{"event_time:2026-02-30", 11, 21, "is a time", ""},
	{"event_time:>2026-13", 12, 19, "is a time", ""},
	{"event_time:[2026-01-01 TO soon]", 26, 30, "is a time", ""},
	{"repaired:maybe", 9, 14, "true or false", ""},
	{"event_id:0189", 9, 13, "32 hexadecimal digits", ""},
	{"ip:10.0.0.0/33", 3, 14, "no address and no network", ""},
	{"ip_bytes:x", 9, 10, "no address", ""},
	{"ip:>x", 0, 5, "`x` is no address", ""},
	{"ip:[10.0.0.0/8 TO *]", 0, 20, "is no address", ""},
	{"ip:[10.0.0.2 TO 10.0.0.1]", 0, 25, "no address lies in this range", ""},
	{"ip:{10.0.0.1 TO 10.0.0.1]", 0, 25, "no address lies in this range", ""},
	{"ip:>ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 0, 43, "no address lies", ""},
	{"table:jirra", 6, 11, "there is no table `jirra`", "jira"},
	{"table:>x", 7, 8, "no order", ""},
	{"actor:(bob OR action:x)", 14, 21, "within the brackets of another", ""},
};

static void errors_point_at_their_place(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(mistakes); i++) {
		struct arena mem = {0};
		struct query_error where = {0};
		struct err err = {0};
		const struct expr *expr;
		if (query_parse(slice_of(mistakes[i].query), &tables, &mem, &expr, &where, &err) !=
			-1)
			fail_msg("row %zu: %s was read", i, mistakes[i].query);
		CHECK_ROW(i, expr == NULL && err.kind == ERR_USAGE);
		if (where.begin != mistakes[i].begin || where.end != mistakes[i].end)
			fail_msg("row %zu: %s: %u–%u: %s", i, mistakes[i].query, where.begin,
				where.end, where.message);
		if (!strstr(where.message, mistakes[i].words) || !*where.message)
			fail_msg("row %zu: %s: %s", i, mistakes[i].query, where.message);
		if (strcmp(where.suggestion, mistakes[i].suggestion) != 0)
			fail_msg("row %zu: %s: \"%s\"", i, mistakes[i].query, where.suggestion);
		CHECK_ROW(i, strstr(err.text, where.message) && strstr(err.text, where.suggestion));
		arena_fini(&mem);
	}
}

static int parse(struct slice text, struct query_error *where, struct err *err)
{
	struct arena mem = {0};
	const struct expr *expr;
	int status = query_parse(text, &tables, &mem, &expr, where, err);
	arena_fini(&mem);
	return status;
}

static void characters_are_counted(void **state)
{
	struct err err = {0};
	(void)state;
	assert_int_equal(parse(SLICE("\xc3\x9c"
				     "b \xe2\x82\xac actr:x"),
				 NULL, &err),
		-1);
	assert_string_equal(err.text,
		"in the query at character 6: unknown field `actr`: did you mean `actor`?");
}

/* A right-to-left override must not turn the message around, nor an escape sequence reach the
 * terminal, nor a long name fill it. */
static void hostile_text_is_escaped(void **state)
{
	static const struct slice rows[] = {SLICE("\xe2\x80\xae"
						  "abc:x"),
		SLICE("a\x1b[31mb:x"),
		SLICE("a\x00"
		      "b:x"),
		SLICE("a\xff\xfe:x"), SLICE("actor:\"\x1b]0;x\x07"), SLICE("a\xc2\x9b:x"),
		SLICE("vault_length:\x1b[2J"), SLICE("table:\xe2\x80\xae")};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct query_error where = {0};
		struct err err = {0};
		struct buf out, again;
		buf_init(&out, 1 << 16);
		buf_init(&again, 1 << 16);
		CHECK_ROW(i, parse(rows[i], &where, &err) == -1);
		text_escape(&again, slice_of(err.text));
		CHECK_ROW(i, slice_eq(buf_view(&again), slice_of(err.text)));
		query_error_print(&out, rows[i], &where, 80);
		for (size_t k = 0; k < out.len; k++)
			CHECK_ROW(i, (unsigned char)out.ptr[k] >= 0x20 || out.ptr[k] == '\n');
		buf_fini(&out);
		buf_fini(&again);
	}
	struct query_error where = {0};
	struct buf name;
	buf_init(&name, 1 << 20);
	for (int i = 0; i < 100000; i++)
		buf_puts(&name, "\xc3\xa9");
	buf_puts(&name, ":x");
	assert_int_equal(parse(buf_view(&name), &where, NULL), -1);
	assert_true(strlen(where.message) < 250);
	assert_true(text_utf8_valid(slice_of(where.message)));
	buf_fini(&name);
}

static void limits(void **state)
{
	struct query_error where = {0};
	struct err err = {0};
	struct buf text;
	(void)state;
	buf_init(&text, LIMIT_QUERY_BYTES + 100);
	for (int i = 0; i < 10000; i++)
		buf_push(&text, '(');
	assert_int_equal(parse(buf_view(&text), &where, &err), -1);
	assert_int_equal(where.begin, LIMIT_EXPR_DEPTH);
	assert_non_null(strstr(where.message, "nest deeper"));
	/* As many brackets as are allowed, and operators that nest without any. */
	buf_clear(&text);
	for (int i = 0; i < LIMIT_EXPR_DEPTH; i++)
		buf_push(&text, '(');
	buf_puts(&text, "x");
	for (int i = 0; i < LIMIT_EXPR_DEPTH; i++)
		buf_push(&text, ')');
	assert_int_equal(parse(buf_view(&text), &where, &err), 0);
	buf_clear(&text);
	for (int i = 0; i < 190; i++)
		buf_puts(&text, i % 2 ? "actor:b OR NOT (" : "actor:a AND NOT (");
	buf_puts(&text, "x");
	for (int i = 0; i < 190; i++)
		buf_push(&text, ')');
	assert_int_equal(parse(buf_view(&text), &where, &err), -1);
	assert_non_null(strstr(where.message, "nest deeper"));
	buf_clear(&text);
	for (int i = 0; i < 100000; i++)
		buf_puts(&text, "NOT ");
	buf_puts(&text, "x");
	assert_int_equal(parse(buf_view(&text), &where, &err), 0);
	buf_clear(&text);
	for (int i = 0; i < 500000; i++)
		buf_puts(&text, "a ");
	assert_int_equal(parse(buf_view(&text), &where, &err), 0);
	buf_clear(&text);
	for (int i = 0; i < 4000; i++)
		buf_printf(&text, "extra.a%d:x OR ", i);
	size_t most = text.len;
	buf_puts(&text, "x");
	assert_int_equal(parse(buf_view(&text), &where, &err), 0);
	text.len = most;
	for (int i = 4000; i < 5000; i++)
		buf_printf(&text, "extra.a%d:x OR ", i);
	assert_int_equal(parse(buf_view(&text), &where, &err), -1);
	assert_non_null(strstr(where.message, "different fields"));
	buf_clear(&text);
	while (text.len <= LIMIT_QUERY_BYTES)
		buf_puts(&text, "abcdefghijklmnop");
	assert_int_equal(parse(buf_view(&text), &where, &err), -1);
	assert_non_null(strstr(where.message, "bytes"));
	buf_fini(&text);
}

static void an_error_under_its_query(void **state)
{
	static const struct {
		const char *query;
		unsigned width;
		const char *shown;
	} rows[] = {
		{"ip:* actr:bob", 80,
			"  ip:* actr:bob\n       ^~~~\nunknown field `actr`: did you mean "
			"`actor`?\n"},
		{"x\ny actr:bob\nz", 80,
			"  y actr:bob\n    ^~~~\nunknown field `actr`: did you mean `actor`?\n"},
		{"\xe4\xb8\xad\xe6\x96\x87 (x", 80,
			"  \xe4\xb8\xad\xe6\x96\x87 (x\n       ^\nthis bracket is not closed: add "
			"a `)`\n"},
		{"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa actr:bob "
		 "bbbbbbbbbbbbbbbbbbbbbbb",
			34,
			"\xe2\x80\xa6 aaaaaaaaaaaaaa actr:bob bbbbbb\xe2\x80\xa6\n                 "
			"^~~~\nunknown field `actr`: did you mean `actor`?\n"},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct query_error where = {0};
		struct buf out;
		buf_init(&out, 1 << 16);
		CHECK_ROW(i, parse(slice_of(rows[i].query), &where, NULL) == -1);
		query_error_print(&out, slice_of(rows[i].query), &where, rows[i].width);
		buf_push(&out, '\0');
		if (strcmp(out.ptr, rows[i].shown) != 0)
			fail_msg("row %zu:\n%s", i, out.ptr);
		buf_fini(&out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(errors_point_at_their_place),
		cmocka_unit_test(characters_are_counted),
		cmocka_unit_test(hostile_text_is_escaped),
		cmocka_unit_test(limits),
		cmocka_unit_test(an_error_under_its_query),
	};
	return cmocka_run_group_tests(tests, load_tables, NULL);
}
