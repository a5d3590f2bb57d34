/* SPDX-License-Identifier: Apache-2.0 */
/* text_regex_test.c: regular expressions as tables, with flags, over ill-formed text; what cannot be
 * compiled; what would never end; and the spans that tests of both kinds mark. */
#include "base/test.h"

#include "match/text_private.h"

static const struct row {
	const char *regex;
	unsigned flags;
	const char *value;
	bool fits;
} rows[] = {
	{"", 0, "", true},
	{"", 0, "a", true},
	{"b", 0, "abc", true},
	{"B", 0, "abc", false},
	{"B", REGEX_FOLD, "abc", true},
	{"(?i)B", 0, "abc", true},
	{"\xc3\x89", REGEX_FOLD, "caf\xc3\xa9", true},
	{"\xc3\x89", 0, "caf\xc3\xa9", false},
	{"k", REGEX_FOLD, "\xe2\x84\xaa", true},
	{"^a.c$", 0, "abc", true},
	{"^a.c$", 0,
		"a\xc3\xa9"
		"c",
		true},
	{"^a.c$", 0, "a\nc", false},
	{"^a.c$", REGEX_DOTALL, "a\nc", true},
	{"^c$", 0, "a\nc", false},
	{"^c$", REGEX_MULTILINE, "a\nc", true},
	{"^\\w+$", 0, "J\xc3\xbcrgen", true},
	{"\\d{3}", 0, "a123", true},
	{"x$", 0, "\xff\xfex", true}, /* found beside what is ill-formed */
	{"^x", 0, "x\xc3", true},
	{"a.b", 0,
		"a\xff"
		"b",
		false}, /* no character is there */
	{"(?<=a)b", 0, "ab", true},
	{"(a)\\1", 0, "aa", true},
	{"\\p{Lu}", 0, "\xc3\x89", true},
	{"\\x{20ac}", 0, "\xe2\x82\xac", true},
};

static void expressions_fit_as_the_table_says(void **state)
{
	struct text_scratch *scratch = text_scratch_new();
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct text_test *test;
		struct err err;
		int rc = text_test_regex(slice_of(rows[i].regex), rows[i].flags, &test, &err);
		if (rc < 0)
			fail_msg("row %zu: %s", i, err.text);
		if (text_test_value(test, scratch, slice_of(rows[i].value)) != rows[i].fits)
			fail_msg("row %zu: /%s/ and %s", i, rows[i].regex, rows[i].value);
		text_test_free(test);
	}
	assert_int_equal(text_scratch_gave_up(scratch), 0);
	text_scratch_free(scratch);
}

static void what_cannot_be_compiled_says_why(void **state)
{
	static const struct {
		const char *regex, *words;
	} wrong[] = {
		{"a(b", "missing closing parenthesis (at byte 3)"},
		{"[z-a]", "range out of order in character class (at byte 3)"},
		{"*", "quantifier does not follow a repeatable item (at byte 0)"},
		{"a\\C", "using \\C is disabled"},
		{"\xff", "UTF-8 error"},
		{"(?<a>x)(?<a>y)", "two named subpatterns have the same name"},
		{"((((((((((x{999}){999}){999}){999}){999}){999}){999}){999}){999})){999}",
			"too large"},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(wrong); i++) {
		struct err err;
		struct text_test *test = (struct text_test *)&err;
		assert_int_equal(text_test_regex(slice_of(wrong[i].regex), 0, &test, &err), -1);
		assert_int_equal(err.kind, ERR_USAGE);
		assert_null(test);
		if (!strstr(err.text, wrong[i].words))
			fail_msg("row %zu: %s", i, err.text);
	}
	/* Too long, and too deep. */
	struct err err;
	struct text_test *test;
	char *text = malloc(LIMIT_REGEX_BYTES + 1);
	memset(text, 'a', LIMIT_REGEX_BYTES + 1);
	assert_int_equal(
		text_test_regex((struct slice){text, LIMIT_REGEX_BYTES}, 0, &test, &err), 0);
	text_test_free(test);
	assert_int_equal(
		text_test_regex((struct slice){text, LIMIT_REGEX_BYTES + 1}, 0, &test, &err), -1);
	assert_non_null(strstr(err.text, "4097 bytes long, at most 4096"));
	memset(text, '(', 2000);
	assert_int_equal(text_test_regex((struct slice){text, 2000}, 0, &test, &err), -1);
	assert_non_null(strstr(err.text, "too deeply nested"));
	free(text);
}

/* Each of these takes time exponential, or quadratic, in the length of a value made for it. */
static void hostile_expressions_give_up(void **state)
{
	static const struct {
		const char *regex, *unit, *end;
		size_t length;
	} hostile[] = {
		{"(a+)+$", "a", "b", 40},
		{"(a|aa)+$", "a", "b", 100},
		{"(a|a?)+$", "a", "b", 60},
		{"^(([a-z])+.)+[A-Z]([a-z])+$", "a", "", 60},
		{"(.*a){20}", "a", "b", 1000},
		{"(x+x+)+y", "x", "-y", 3000},
		{"(x+x+)+y", "x", "-y", 1 << 20},
		{"x.*x.*-z|z", "x", "-", 1 << 20},
		{"(-*)*(-*)*(-*)*y|-q", "-", "", 1 << 16},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(hostile); i++) {
		struct text_scratch *scratch = text_scratch_new();
		struct text_test *test;
		struct buf value;
		struct text_span span;
		buf_init(&value, 2 << 20);
		while (value.len < hostile[i].length)
			buf_puts(&value, hostile[i].unit);
		buf_puts(&value, hostile[i].end);
		assert_int_equal(text_test_regex(slice_of(hostile[i].regex), 0, &test, NULL), 0);
		int64_t begun = clock_mono_us();
		bool fits = text_test_value(test, scratch, buf_view(&value));
		int64_t took = clock_mono_us() - begun;
		if (getenv("TEXT_TIMES"))
			printf("%s over %zu: %lld us, gave up %llu\n", hostile[i].regex, value.len,
				(long long)took, (unsigned long long)text_scratch_gave_up(scratch));
		CHECK_ROW(i, took < 5000000);
		CHECK_ROW(i, !fits && text_scratch_gave_up(scratch) == 1);
		CHECK_ROW(i, text_test_spans(test, scratch, buf_view(&value), &span, 1) == fits);
		text_test_free(test);
		text_scratch_free(scratch);
		buf_fini(&value);
	}
}

/* Long values are matched by another form of the code: what lies anywhere in one is found, once. */
static void long_values_are_searched_whole(void **state)
{
	enum { LONG = 300000 };
	char *value = malloc(LONG);
	struct text_scratch *scratch = text_scratch_new();
	struct text_test *test, *at_begin;
	(void)state;
	assert_int_equal(text_test_regex(SLICE("(?<=\xc3\xa9)x\\w+z"), 0, &test, NULL), 0);
	assert_int_equal(text_test_regex(SLICE("^x"), 0, &at_begin, NULL), 0);
	for (size_t at = 2; at < LONG - 9; at += 7919) {
		struct text_span spans[3];
		for (size_t i = 0; i + 1 < LONG; i += 2)
			memcpy(value + i, "\xc3\xa9", 2);
		size_t even = at & ~(size_t)1;
		memcpy(value + even, "xabcyz", 6);
		CHECK_ROW(at, text_test_value(test, scratch, (struct slice){value, LONG}));
		CHECK_ROW(at,
			text_test_spans(test, scratch, (struct slice){value, LONG}, spans, 3) == 1);
		CHECK_ROW(at, spans[0].begin == even && spans[0].end == even + 6);
		CHECK_ROW(at, !text_test_value(at_begin, scratch, (struct slice){value, LONG}));
		value[even + 5] = '-';
		CHECK_ROW(at, !text_test_value(test, scratch, (struct slice){value, LONG}));
	}
	assert_int_equal(text_scratch_gave_up(scratch), 0);
	text_test_free(test);
	text_test_free(at_begin);
	text_scratch_free(scratch);
	free(value);
}

static const struct span_row {
	const char *pattern,
		*value;     /* a pattern without * or ? is taken for a regular expression */
	const char *marked; /* the value with [ ] around the spans */
} span_rows[] = {
	{"*bob*", "BOB and bob", "[BOB] and [bob]"},
	{"*aa*", "aaaaa", "[aaaa]a"},
	{"*ss*",
		"Stra\xc3\x9f"
		"e",
		"Stra[\xc3\x9f]e"},
	{"*s*", "a\xc3\x9f\xc5\xbf", "a[\xc3\x9f\xc5\xbf]"},
	{"*k*", "1 \xe2\x84\xaa.", "1 [\xe2\x84\xaa]."},
	{"re*", "Repo", "[Re]po"},
	{"*po", "Repo", "Re[po]"},
	{"=repo", "Repo", "[Repo]"},
	{"a*b?d", "aXXbcd", "[a]XX[b]c[d]"},
	{"*a*b*", "xbaxxb", "xb[a]xx[b]"},
	{"?\xc3\xa9*", "x\xc3\x89y", "x[\xc3\x89]y"},
	{"*zz*", "abc", "abc"},
	{"*", "abc", "abc"},
	{"/[0-9]+/", "a12b3", "a[12]b[3]"},
	{"/[0-9]/", "a123", "a[123]"},
	{"/x*/", "axxb", "a[xx]b"},
	{"/\xc3\xa9|$/", "\xc3\xa9.", "[\xc3\xa9]."},
	{"/^/", "abc", "abc"},
};

static struct text_test *span_test(const char *text)
{
	struct text_test *test;
	struct piece pieces[16];
	uint32_t n = 0;
	if (text[0] == '/') {
		assert_int_equal(
			text_test_regex((struct slice){text + 1, strlen(text) - 2}, 0, &test, NULL),
			0);
		return test;
	}
	for (const char *p = text + (text[0] == '='); *p; p++) {
		pieces[n].kind = *p == '*' ? PIECE_MANY : *p == '?' ? PIECE_ONE : PIECE_TEXT;
		pieces[n++].text = (struct slice){p, 1};
	}
	struct pattern pattern = {pieces, n};
	return text_test_patterns(&pattern, 1, true);
}

static void spans_mark_what_was_found(void **state)
{
	struct text_scratch *scratch = text_scratch_new();
	(void)state;
	for (size_t i = 0; i < COUNT(span_rows); i++) {
		const struct span_row *row = &span_rows[i];
		struct text_test *test = span_test(row->pattern);
		struct text_span spans[8];
		struct buf marked;
		uint32_t n = text_test_spans(test, scratch, slice_of(row->value), spans, 8), at = 0;
		buf_init(&marked, 1000);
		for (uint32_t k = 0; k < n; k++) {
			buf_printf(&marked, "%.*s[%.*s]", (int)(spans[k].begin - at),
				row->value + at, (int)(spans[k].end - spans[k].begin),
				row->value + spans[k].begin);
			at = spans[k].end;
		}
		buf_puts(&marked, row->value + at);
		if (!slice_eq(buf_view(&marked), slice_of(row->marked)))
			fail_msg(
				"row %zu: %s: %.*s", i, row->pattern, SLICE_ARG(buf_view(&marked)));
		buf_fini(&marked);
		text_test_free(test);
	}
	struct text_test *test = span_test("*a*");
	struct text_span spans[2];
	assert_int_equal(text_test_spans(test, scratch, SLICE("a.a.a.a"), spans, 2), 2);
	assert_int_equal(spans[1].begin, 2);
	assert_int_equal(text_test_spans(test, scratch, SLICE("a.a.a.a"), spans, 0), 0);
	text_test_free(test);
	text_scratch_free(scratch);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(expressions_fit_as_the_table_says),
		cmocka_unit_test(what_cannot_be_compiled_says_why),
		cmocka_unit_test(hostile_expressions_give_up),
		cmocka_unit_test(long_values_are_searched_whole),
		cmocka_unit_test(spans_mark_what_was_found),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
