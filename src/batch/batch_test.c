/* SPDX-License-Identifier: Apache-2.0 */
/* batch_test.c: finding columns, selecting rows, changing a column's form, comparing, and the
 * checker itself (each broken invariant must abort). */
#include "batch/batch.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define N UINT32_MAX

static const struct group_shape groups[] = {{"tags", true}, {"items", false}};
static const struct column_shape columns[] = {
	{"id", COL_UUID, NO_GROUP, 0},
	{"time", COL_TIME, NO_GROUP, 0},
	{"name", COL_STRING, NO_GROUP, 0},
	{"tag", COL_STRING, 0, 0},
	{"flag", COL_BOOL, NO_GROUP, 0},
	{"type", COL_STRING, 1, 0},
	{"count", COL_INT32, 1, 0},
	{"alias", COL_STRING, NO_GROUP, 0},
	{"ip", COL_IP, NO_GROUP, 0},
};
static const struct batch_shape shape = {
	.table = "things", .ncolumns = 9, .ngroups = 2, .columns = columns, .groups = groups};

/* Four rows: name ann,bob,null,ann; tags [x],[],null,[x,y]; items [(a,1),(null,2)],[],[(b,null)],
 * null. `text` gives the dictionary of `name`. */
static void fill(struct batch *b, const char *text)
{
	static uint32_t name_codes[] = {0, 1, N, 0}, name_off[] = {0, 3, 6};
	static uint32_t tag_codes[] = {0, 0, 1}, tag_off[] = {0, 1, 2};
	static uint32_t type_codes[] = {0, N, 1}, type_off[] = {0, 1, 2};
	static uint32_t tags_off[] = {0, 1, 1, 1, 3}, items_off[] = {0, 2, 2, 3, 3};
	static uint64_t tags_null[] = {4}, items_null[] = {8}, count_null[] = {4},
			time_null[] = {2};
	static int64_t times[] = {10, 0, 30, 40}, counts[] = {1, 2, 0};
	static uint8_t flags[] = {1, 0, 0, 1}, ids[4][16] = {{1}, {2}, {3}, {4}};
	static uint32_t ip_off[] = {0, 16, 16, 32, 48};
	static uint64_t ip_null[] = {2};
	static char ips[48] = "0123456789abcdef0123456789abcdeffedcba9876543210";
	static struct record_place records[] = {{0, 9}, {10, 9}, {20, 9}, {30, 9}};
	static uint8_t row_flags[] = {1, 2, 4, 8}, keys[4][16] = {{11}, {12}, {13}, {14}};
	batch_init(b, &shape);
	b->nrows = 4;
	b->columns[0] = (struct column){.n = 4, .uuid = ids};
	b->columns[1] = (struct column){.n = 4, .i64 = times, .nulls = time_null};
	b->columns[2] = (struct column){.n = 4,
		.ndistinct = 2,
		.codes = name_codes,
		.off = name_off,
		.heap = arena_strdup(&b->mem, slice_of(text))};
	b->columns[3] = (struct column){.n = 3,
		.ndistinct = 2,
		.codes = tag_codes,
		.off = tag_off,
		.heap = arena_strdup(&b->mem, SLICE("xy"))};
	b->columns[4] = (struct column){.n = 4, .bools = flags};
	b->columns[5] = (struct column){.n = 3,
		.ndistinct = 2,
		.codes = type_codes,
		.off = type_off,
		.heap = arena_strdup(&b->mem, SLICE("ab"))};
	b->columns[6] = (struct column){.n = 3, .i64 = counts, .nulls = count_null};
	b->columns[7] = b->columns[2];
	b->columns[7].shared = true;
	b->columns[8] = (struct column){.n = 4,
		.plain = true,
		.ndistinct = 4,
		.off = ip_off,
		.heap = ips,
		.nulls = ip_null};
	b->groups[0] = (struct group){3, tags_off, tags_null};
	b->groups[1] = (struct group){3, items_off, items_null};
	b->records = records;
	b->flags = row_flags;
	b->keys = keys;
}

static void test_find(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		int column;
	} rows[] = {{"id", 0}, {"ip", 8}, {"tags", 3}, {"tags.tag", 3}, {"items", -1},
		{"items.type", 5}, {"items.count", 6}, {"items.", -1}, {"items.typ", -1},
		{"items.types", -1}, {"itemsxtype", -1}, {"type", -1}, {"tag", -1}, {"", -1},
		{"i", -1}};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		int got = batch_find_column(&shape, slice_of(rows[i].name));
		if (got != rows[i].column)
			fail_msg("%s: %d", rows[i].name, got);
	}
}

static void test_alike(void **state)
{
	(void)state;
	struct batch b;
	fill(&b, "annbob");
	assert_int_equal(batch_first_alike(&b, 7), 2);
	assert_int_equal(batch_first_alike(&b, 2), 2);
	assert_int_equal(batch_first_alike(&b, 5), 5);
	batch_fini(&b);
}

static void expect_text(const struct batch *b, uint32_t c, uint32_t i, const char *text)
{
	if (!text) {
		assert_true(column_is_null(&b->columns[c], i));
		return;
	}
	assert_false(column_is_null(&b->columns[c], i));
	struct slice got = column_text(&b->columns[c], i);
	if (!slice_eq(got, slice_of(text)))
		fail_msg("column %u value %u: %.*s, not %s", c, i, SLICE_ARG(got), text);
}

static void test_select(void **state)
{
	(void)state;
	struct batch b, s;
	fill(&b, "annbob");
	static const uint32_t keep[] = {1, 2, 3};
	batch_select(&b, keep, 3, &s);
	batch_fini(&b);
	batch_check(&s);
	expect_text(&s, 2, 0, "bob");
	expect_text(&s, 2, 1, NULL);
	expect_text(&s, 2, 2, "ann");
	assert_int_equal(s.columns[2].ndistinct, 2);
	assert_true(s.columns[7].shared && s.columns[7].codes == s.columns[2].codes);
	assert_int_equal(s.groups[0].nelements, 2);
	assert_int_equal(s.groups[0].list_off[3], 2);
	assert_true(bit_get(s.groups[0].nulls, 1) && !bit_get(s.groups[0].nulls, 0));
	expect_text(&s, 3, 0, "x");
	expect_text(&s, 3, 1, "y");
	assert_int_equal(s.columns[5].n, 1);
	assert_int_equal(s.columns[5].ndistinct, 1);
	expect_text(&s, 5, 0, "b");
	assert_true(column_is_null(&s.columns[6], 0));
	assert_true(column_is_null(&s.columns[1], 0));
	assert_int_equal(s.columns[1].i64[2], 40);
	assert_int_equal(s.columns[0].uuid[2][0], 4);
	assert_int_equal(s.columns[4].bools[2], 1);
	expect_text(&s, 8, 0, NULL);
	expect_text(&s, 8, 2, "fedcba9876543210");
	assert_int_equal(s.records[1].off, 20);
	assert_int_equal(s.flags[2], 8);
	assert_int_equal(s.keys[0][0], 12);
	batch_fini(&s);
}

static void test_select_edges(void **state)
{
	(void)state;
	struct batch b, s;
	struct err err;
	static const uint32_t all[] = {0, 1, 2, 3};
	fill(&b, "annbob");
	batch_select(&b, all, 0, &s);
	batch_check(&s);
	assert_int_equal(s.nrows, 0);
	assert_int_equal(s.groups[1].nelements, 0);
	batch_fini(&s);
	batch_select(&b, all, 4, &s);
	batch_check(&s);
	if (batch_compare(&b, &s, &err))
		fail_msg("%s", err.text);
	batch_fini(&s);
	b.columns[2] = b.columns[7] = (struct column){0}; /* not read */
	b.groups[1] = (struct group){0};
	b.columns[5] = b.columns[6] = (struct column){0};
	static const uint32_t one[] = {3};
	batch_select(&b, one, 1, &s);
	batch_check(&s);
	assert_int_equal(s.columns[2].n, 0);
	assert_null(s.groups[1].list_off);
	assert_int_equal(s.columns[1].i64[0], 40);
	batch_fini(&s);
	batch_fini(&b);
}

static void test_plain(void **state)
{
	(void)state;
	struct batch a, b;
	struct err err;
	fill(&a, "annbob");
	fill(&b, "annbob");
	batch_make_plain(&b, 2);
	batch_make_plain(&b, 3);
	batch_make_plain(&b, 4); /* no string: stays */
	batch_check(&b);
	assert_true(b.columns[2].plain && !b.columns[7].plain);
	expect_text(&b, 2, 0, "ann");
	expect_text(&b, 2, 2, NULL);
	expect_text(&b, 2, 3, "ann");
	assert_null(b.columns[3].nulls);
	if (batch_compare(&a, &b, &err))
		fail_msg("%s", err.text);
	batch_fini(&a);
	batch_fini(&b);
}

static void change_time(struct batch *b)
{
	static int64_t times[] = {10, 0, 31, 40};
	b->columns[1].i64 = times;
}
static void change_null(struct batch *b)
{
	b->columns[1].nulls = NULL;
}
static void change_bool(struct batch *b)
{
	static uint8_t flags[] = {1, 0, 1, 1};
	b->columns[4].bools = flags;
}
static void change_id(struct batch *b)
{
	static uint8_t ids[4][16] = {{1}, {2}, {3}, {4, 1}};
	b->columns[0].uuid = ids;
}
static void change_list(struct batch *b)
{
	static uint32_t off[] = {0, 0, 1, 1, 3};
	b->groups[0].list_off = off;
}
static void change_list_null(struct batch *b)
{
	static uint64_t none[] = {6};
	b->groups[0].nulls = none;
}
static void change_code(struct batch *b)
{
	static uint32_t codes[] = {1, N, 0};
	b->columns[5].codes = codes;
}
static void change_rows(struct batch *b)
{
	b->nrows = 3;
}

static void test_compare(void **state)
{
	(void)state;
	static const struct {
		void (*change)(struct batch *b);
		const char *text;
	} rows[] = {
		{change_time, "column time differs at value 2"},
		{change_null, "column time differs at value 1"},
		{change_bool, "column flag differs at value 2"},
		{change_id, "column id differs at value 3"},
		{change_list, "list tags differs at row 0"},
		{change_list_null, "list tags differs at row 1"},
		{change_code, "column items.type differs at value 0"},
		{change_rows, "4 rows in one, 3 in the other"},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct batch a, b;
		struct err err = {0};
		fill(&a, "annbob");
		fill(&b, "annbob");
		assert_int_equal(batch_compare(&a, &b, &err), 0);
		rows[i].change(&b);
		assert_int_equal(batch_compare(&a, &b, &err), -1);
		assert_string_equal(err.text, rows[i].text);
		batch_fini(&a);
		batch_fini(&b);
	}
	struct batch a, b;
	struct err err = {0};
	fill(&a, "annbob");
	fill(&b, "annbox");
	assert_int_equal(batch_compare(&a, &b, &err), -1);
	assert_string_equal(err.text, "column name differs at value 1");
	batch_fini(&a);
	batch_fini(&b);
}

static void break_code(struct batch *b)
{
	static uint32_t codes[] = {0, 1, 2};
	b->columns[3].codes = codes;
}
static void break_off(struct batch *b)
{
	static uint32_t off[] = {0, 3, 2};
	b->columns[2].off = off;
}
static void break_count(struct batch *b)
{
	b->columns[1].n = 3;
}
static void break_bool(struct batch *b)
{
	static uint8_t flags[] = {1, 0, 2, 1};
	b->columns[4].bools = flags;
}
static void break_int32(struct batch *b)
{
	static int64_t counts[] = {1, INT64_C(1) << 31, 0};
	b->columns[6].i64 = counts;
}
static void break_list(struct batch *b)
{
	b->groups[0].nelements = 4;
}
static void break_null_list(struct batch *b)
{
	static uint64_t nulls[] = {1};
	b->groups[0].nulls = nulls;
}
static void break_twice(struct batch *b)
{
	b->columns[2].heap = arena_strdup(&b->mem, SLICE("annann"));
}
static void break_ip(struct batch *b)
{
	b->columns[8].nulls = NULL;
}

/* Whether batch_check ends the process (a child of ours). */
static bool check_aborts(struct batch *b)
{
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		signal(SIGABRT, SIG_DFL);
		if (!freopen("/dev/null", "w", stderr))
			_exit(3);
		batch_check(b);
		_exit(0);
	}
	int status;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

static void test_check(void **state)
{
	(void)state;
	static void (*const breaks[])(struct batch *) = {break_code, break_off, break_count,
		break_bool, break_int32, break_list, break_null_list, break_twice, break_ip};
	struct batch b;
	fill(&b, "annbob");
	assert_false(check_aborts(&b));
	batch_fini(&b);
	for (size_t i = 0; i < sizeof(breaks) / sizeof(*breaks); i++) {
		fill(&b, "annbob");
		breaks[i](&b);
		if (!check_aborts(&b))
			fail_msg("invariant %zu is not checked", i);
		batch_fini(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_alike),
		cmocka_unit_test(test_select),
		cmocka_unit_test(test_select_edges),
		cmocka_unit_test(test_plain),
		cmocka_unit_test(test_compare),
		cmocka_unit_test(test_check),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
