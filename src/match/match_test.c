/* SPDX-License-Identifier: Apache-2.0 */
/* match_test.c: every test on every type of column, in both forms of string columns; lists, the same
 * element, nulls, and what is decided before any row is read. */
#include "match/toy.h"

static const char *const rows[] = {
	/* 0 */ "name=Ann;note=5;size=5;count=-1;ok=true;time=2026-03-09T14:03:11Z;ip=10.1.2.3;id="
		"1;"
		"tag=x|y;kind=USER|GROUP;title=bob|admins;n=1|2;addr=10.0.0.1|2001:db8::1;"
		"extra={\"a\":{\"b\":\"Deep\"},\"n\":7,\"l\":[\"p\",\"q\",null]}",
	/* 1 */
	"name=bob;note=10.9.8.7;size=-7;count=3;ok=false;time=2026-01-01T00:00:00Z;"
	"ip=2001:db8::7;id=2;tag=;kind=USER;title=admins;n=~;"
	"extra={\"a.b\":\"dotted\",\"n\":\"7\",\"o\":{\"x\":[1,{}]}}",
	/* 2 */ "",
	/* 3 */
	"name=ANNA;note=;size=9223372036854775807;count=0;time=1969-12-31T23:59:59.999999Z;"
	"id=3;tag=~|Ann;kind=~|GROUP;title=bob|~;n=5|9;addr=~|10.200.0.1;"
	"extra={\"n\":-1.50,\"a\":null,\"l\":[]}",
	/* 4 */
	"name=a*b;note=2026-03-09;size=-9223372036854775808;ok=true;"
	"time=2024-12-30T10:00:00Z;ip=::1;tag=~;note=2026-03-09;"
	"extra=[{\"a\":{\"b\":1}},{\"a\":{\"b\":[2,[3]]}}]",
	/* 5 */ "name=bob;note=007.0;size=5;count=5;title=bob;kind=USER;extra=\"text\"",
};

static const struct {
	const char *expr, *rows;
} cases[] = {
	{"(const 1)", "012345"},
	{"(const 0)", ""},
	/* texts */
	{"(is name ann)", "0"},
	{"(IS name ann)", ""},
	{"(IS name Ann)", "0"},
	{"(is name ann*)", "03"},
	{"(is name *b)", "145"},
	{"(is name ?o?)", "15"},
	{"(is name ann bob)", "015"},
	{"(is note '')", "3"},
	{"(is name *)", "01345"},
	{"(not (is name ann))", "12345"},
	{"(not (not (is name ann)))", "0"},
	{"(is nothing *)", ""},
	{"(not (is nothing *))", "012345"},
	{"(re name ^a)", "4"},
	{"(rei name ^a)", "034"},
	{"(has name)", "01345"},
	{"(not (has name))", "2"},
	/* ranges of texts: numbers as numbers, all else as text */
	{"(range note [5 7])", "05"},
	{"(range note {5 7])", "5"},
	{"(range note [5 7})", "0"},
	{"(range note * 7.0])", "05"},
	{"(range name [a ann])", "04"},
	{"(range name {ann *)", "135"},
	{"(RANGE name [a *)", "145"},
	{"(range name * *)", "01345"},
	/* numbers */
	{"(is size 5)", "05"},
	{"(is size 5.0)", "05"},
	{"(is size 5.5 five)", ""},
	{"(is size 5*)", "05"},
	{"(is size -7 5*)", "015"},
	{"(is size *)", "01345"},
	{"(re size ^-)", "14"},
	{"(re size ^-?)", "01345"},
	{"(range size [5 *)", "035"},
	{"(range size {5 *)", "3"},
	{"(range size [4.5 5.5])", "05"},
	{"(range size {-7 5})", ""},
	{"(range size * -7])", "14"},
	{"(range size [9223372036854775807 *)", "3"},
	{"(range size {9223372036854775807 *)", ""},
	{"(range size {9223372036854775806.5 99999999999999999999])", "3"},
	{"(range size * -9223372036854775808])", "4"},
	{"(range size [-99999999999999999999 {-9223372036854775808})", ""},
	{"(range size [abc *)", ""},
	{"(not (range count [0 *))", "024"},
	{"(has count)", "0135"},
	/* booleans */
	{"(is ok true)", "04"},
	{"(is ok FALSE)", "1"},
	{"(is ok t*)", "04"},
	{"(not (is ok true))", "1235"},
	{"(range ok [0 1])", ""},
	/* times */
	{"(is time 2026)", "01"},
	{"(is time 2026-03-09)", "0"},
	{"(is time 2026-03-09T14:03:11)", "0"},
	{"(is time '2026-03-*')", "0"},
	{"(is time 2026*)", "01"},
	{"(is time 2026-03*)", "0"},
	{"(is time 2026-03-09T14:03:11*)", "0"},
	{"(is time 2026-03-09T14:03:1*)", "0"},
	{"(is time 2026-03-09T14:0*)", "0"},
	{"(is time 1969-12-31T23:59:60* 2024*)", "4"},
	{"(is time 2026-13* 2026-03-09T24*)", ""},
	{"(is time -7d*)", ""},
	{"(is time 1000*)", ""},
	{"(is time *59.999999Z)", "3"},
	{"(range time [2026-01-01 *)", "01"},
	{"(range time {2026-01-01 *)", "0"},
	{"(range time {1969-12-31 *)", "014"},
	{"(range time [1969-12-31 *)", "0134"},
	{"(range time * 2026-01-01])", "134"},
	{"(range time * 2026-01-01})", "34"},
	{"(range time [2026-13-01 *)", ""},
	{"(part time hour 14 23)", "03"},
	{"(part time minute 59 59)", "3"},
	{"(part time day 30 31)", "34"},
	{"(part time week 1 1)", "134"},
	{"(part time weekday 1 1)", "04"},
	{"(part time month 12 12)", "34"},
	{"(part time year 2025 2030)", "01"},
	{"(part note month 3 3)", "4"},
	{"(part size year 0 9999)", ""},
	/* UUIDs */
	{"(is id 11111111-1111-1111-1111-111111111111)", "0"},
	{"(is id 22222222222222222222222222222222)", "1"},
	{"(is id 3333*)", "3"},
	{"(is id 1)", ""},
	{"(range id [22222222-2222-2222-2222-222222222222 *)", "13"},
	/* addresses */
	{"(cidr ip 10.0.0.0/8)", "0"},
	{"(cidr ip 10.1.2.4 2001:db8::/32)", "1"},
	{"(cidr ip ::/0)", "014"},
	{"(cidr ip 0.0.0.0/0)", "0"},
	{"(cidr note 10.0.0.0/8)", "1"},
	{"(cidr size 10.0.0.0/8)", ""},
	{"(is ip 10.1.2.3 ::1)", "04"},
	{"(is ip 2001:0DB8::0007)", "1"},
	{"(is ip 10.1.*)", "0"},
	{"(is ip 10.1.* ::1)", "04"},
	{"(re ip :)", "14"},
	{"(range ip [10.0.0.0 10.255.0.0])", "0"},
	/* lists: any element */
	{"(is tag ann)", "3"},
	{"(not (is tag x))", "12345"},
	{"(has tag)", "03"},
	{"(is title b*)", "035"},
	{"(is n 5)", "3"},
	{"(range n [2 5])", "03"},
	{"(has n)", "03"},
	{"(has addr)", "03"},
	{"(cidr addr 10.0.0.0/8)", "03"},
	{"(is addr *:*)", "0"},
	/* the same element */
	{"(and (is kind user) (is title admins))", "01"},
	{"(same (and (is kind user) (is title admins)))", "1"},
	{"(same (and (is kind user) (not (is title bob))))", "1"},
	{"(not (same (and (is kind user) (is title bob))))", "1234"},
	{"(same (not (has kind)))", "3"},
	{"(same (and (is kind user) (is name bob)))", "15"},
	{"(same (is name bob))", "15"},
	{"(same (same (and (is kind group) (range n [9 9]))))", "3"},
	{"(same (or (is tag x) (is kind group)))", "03"},
	{"(same (count 2 2 (is kind user) (is title bob) (is name bob)))", "01"},
	{"(same (const 1))", "012345"},
	{"(same (and (has kind) (const 1)))", "0135"},
	/* several columns for one name, and keywords */
	{"(is both bob)", "0135"},
	{"(not (is both bob))", "24"},
	{"(is mixed 5 x)", "05"},
	{"(is * admins)", "01"},
	{"(is * *dotted*)", "1"},
	{"(rei * ann)", "03"},
	/* paths in JSON */
	{"(is extra.a.b deep)", "0"},
	{"(is extra.a.b dotted)", "1"},
	{"(is extra.a.b 1)", "4"},
	{"(is extra.a.b '[2,[3]]')", "4"},
	{"(is extra.n 7)", "01"},
	{"(range extra.n [-2 0])", "3"},
	{"(has extra.a)", "04"},
	{"(has extra.l)", "0"},
	{"(is extra.l q)", "0"},
	{"(is extra.o '{*}')", "1"},
	{"(is extra.o.x '[1,{}]')", "1"},
	{"(is extra '\"text\"')", "5"},
	{"(is name.b *)", ""},
	/* two fields */
	{"(rel note = size)", "0"},
	{"(rel size = count)", "5"},
	{"(rel size > count)", "03"},
	{"(rel size <= count)", "15"},
	{"(rel title = name)", "5"},
	{"(rel tag ^ name)", ""},
	{"(rel name ^ tag)", "3"},
	{"(REL name = tag)", ""},
	{"(rel kind ~ title)", ""},
	{"(rel name $ both)", "01345"},
	{"(rel n < size)", "03"},
	{"(same (rel n < size))", "03"},
	{"(rel extra.n = size)", ""},
	{"(rel extra.n > size)", "01"},
	{"(rel ip = addr)", ""},
	/* gates */
	{"(and)", "012345"},
	{"(or)", ""},
	{"(and (is name bob) (is size 5))", "5"},
	{"(or (is name bob) (is size 5))", "015"},
	{"(count 2 2 (is name bob) (is size 5) (is ok true))", "05"},
	{"(count 0 1 (is name bob) (is size 5) (is ok true))", "1234"},
	{"(count 1 1 (is name bob) (const 1) (is size 5))", "234"},
	{"(count 3 9 (is name bob) (const 1) (is size 5))", "5"},
	{"(count 0 0 (is name bob) (is size 5) (is ok true))", "23"},
	{"(count 2 1 (is name bob) (is size 5))", ""},
	{"(count 0 9 (is name bob))", "012345"},
};

static void as_text(const uint64_t *bits, uint32_t n, char *text)
{
	for (uint32_t i = 0; i < n; i++) {
		if (bit_get(bits, i))
			*text++ = (char)('0' + i);
	}
	*text = '\0';
}

static void check_case(const struct batch *batch, size_t i, const char *form)
{
	struct arena mem = {0};
	struct matcher *matcher;
	struct err err;
	struct batch copy = *batch;
	struct match_input input = {.batch = &copy};
	struct match_scratch *scratch = match_scratch_new();
	uint64_t found = ~UINT64_C(0);
	uint32_t count;
	char text[64];
	const struct expr *expr = toy_expr(&mem, cases[i].expr);
	assert_int_equal(matcher_new(expr, TOY_NOW, &matcher, NULL, &err), 0);
	struct match_program *program = match_bind(matcher, &toy_shape, toy_resolve, NULL);
	assert_int_equal(match_rows(program, &input, scratch, NULL, &found, &count, &err), 0);
	as_text(&found, 64, text);
	if (strcmp(text, cases[i].rows) != 0)
		fail_msg("%s, %s: %s, not %s", cases[i].expr, form, text, cases[i].rows);
	assert_int_equal(count, strlen(text));
	for (uint64_t among = 0; among < 64; among++) {
		uint64_t part;
		assert_int_equal(
			match_rows(program, &input, scratch, &among, &part, &count, &err), 0);
		if (part != (found & among))
			fail_msg("%s, %s: wrong among %llx", cases[i].expr, form,
				(unsigned long long)among);
	}
	match_program_free(program);
	matcher_free(matcher);
	match_scratch_free(scratch);
	arena_fini(&mem);
}

static void all_cases(void **state)
{
	struct toy toy;
	struct batch batch;
	(void)state;
	toy_init(&toy, COUNT(rows));
	for (size_t r = 0; r < COUNT(rows); r++)
		toy_row(&toy, rows[r]);
	for (unsigned plain = 0; plain < 2; plain++) {
		toy_batch(&toy, plain ? ~0u : 0, &batch);
		for (size_t i = 0; i < COUNT(cases); i++)
			check_case(&batch, i, plain ? "plain" : "dictionary");
		batch_fini(&batch);
	}
	arena_fini(&toy.mem);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(all_cases)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
