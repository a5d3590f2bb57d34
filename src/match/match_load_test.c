/* SPDX-License-Identifier: Apache-2.0 */
/* match_load_test.c: what a program asks for: distinct values first, rows only where they can still
 * change the answer. And what statistics rule out before anything is read. */
#include "match/private.h"
#include "match/toy.h"

/* ---- columns on demand ----------------------------------------------------------------------- */

struct loads {
	const struct batch *from;
	struct batch to;
	char log[256]; /* "name:v size:r": each part that was asked for first */
};

static int load(void *ctx, uint32_t column, enum match_part part, struct err *err)
{
	struct loads *l = ctx;
	const struct column *from = &l->from->columns[column];
	int group = toy_columns[column].group;
	bool values = part == MATCH_VALUES && col_is_string(toy_columns[column].type);
	(void)err;
	snprintf(l->log + strlen(l->log), sizeof(l->log) - strlen(l->log), "%s%s:%c",
		l->log[0] ? " " : "", toy_columns[column].name, part == MATCH_VALUES ? 'v' : 'r');
	if (values && !from->plain) {
		l->to.columns[column] = (struct column){
			.ndistinct = from->ndistinct, .off = from->off, .heap = from->heap};
		return 0;
	}
	l->to.columns[column] = *from;
	if (group != NO_GROUP)
		l->to.groups[group] = l->from->groups[group];
	return 0;
}

static const char *const rows[] = {
	"name=ann;size=5;tag=x|y;kind=USER;title=bob;extra={\"a\":1}",
	"name=bob;size=7;tag=z;kind=GROUP;title=staff;extra={\"b\":1}",
	"size=9",
};

struct load_case {
	const char *expr, *log;
	uint32_t count;
};

/* Over 64 rows of distinct names n0, n1 … and extra {"a":0}, {"a":1} …; size is 5 in the first only.
 * Costly tests of many values wait, and are asked of the rows that are left where these are few. */
static const struct load_case deferred_cases[] = {
	{"(re name nothing)", "name:v", 0},
	{"(re name ^n1)", "name:v name:r", 11},
	{"(has extra.c)", "extra:v", 0},
	{"(is extra.a 7)", "extra:v extra:r", 1},
	{"(not (is extra.a 7))", "extra:v extra:r", 63},
	{"(and (is size 6) (re name n))", "name:v size:r", 0},
	{"(and (is size 5) (re name n) (has extra.a))", "extra:v name:v size:r extra:r name:r", 1},
	{"(and (is size 5) (has extra.b))", "extra:v size:r extra:r", 0},
	{"(and (is size 5) (not (is extra.a 0)))", "extra:v size:r extra:r", 0},
	{"(and (is title nothing) (re name n))", "title:v", 0},
	{"(or (is size 5) (is extra.a 0 9))", "size:r extra:v extra:r", 2},
};

static const struct load_case load_cases[] = {
	/* a value that is not there: no rows */
	{"(is name nobody)", "name:v", 0},
	{"(not (is name nobody))", "name:v", 3},
	{"(is name ann)", "name:v name:r", 1},
	{"(is tag nothing)", "tag:v", 0},
	{"(is extra.c *)", "extra:v", 0},
	{"(has extra.c)", "extra:v", 0},
	{"(has note)", "note:v", 0},
	{"(re kind nothing)", "kind:v", 0},
	{"(cidr ip 10.0.0.0/8)", "ip:v", 0},
	/* an AND is empty where any of its texts is; numbers wait for that */
	{"(and (range size [5 *) (is name nobody))", "name:v", 0},
	{"(and (range size [5 *) (is tag nothing) (is name ann))", "name:v tag:v", 0},
	{"(and (is name ann) (or (is title nothing) (is tag nothing)))", "name:v title:v tag:v", 0},
	{"(and (is name ann) (is title bob))", "name:v title:v name:r title:r", 1},
	/* and where no row is left, the others are not read */
	{"(and (is size 6) (is name ann))", "name:v size:r", 0},
	{"(and (is size 9) (is name ann) (is tag x))", "name:v tag:v size:r name:r", 0},
	/* an OR ends where all rows are decided */
	{"(or (range size [0 *) (is name ann))", "size:r", 3},
	{"(or (is size 5) (is name nobody))", "size:r name:v", 1},
	{"(count 2 3 (is name nobody) (is tag nothing) (is size 5))", "name:v tag:v", 0},
	/* elements */
	{"(same (and (is kind user) (is title nothing)))", "kind:v title:v", 0},
	{"(same (and (is kind user) (is title staff)))", "kind:v title:v kind:r title:r", 0},
	{"(same (is tag x))", "tag:v tag:r", 1},
	/* keywords */
	{"(is * *nothing*)", "name:v note:v extra:v tag:v kind:v title:v", 0},
	{"(is * staff)", "name:v note:v extra:v tag:v kind:v title:v title:r", 1},
	/* nothing to read */
	{"(is nothing x)", "", 0},
	{"(not (is nothing x))", "", 3},
	{"(and (is nothing x) (is name ann))", "", 0},
	{"(or (const 1) (is name ann))", "", 3},
};

static void check_load(const struct batch *batch, const struct load_case *c)
{
	struct arena mem = {0};
	struct matcher *matcher;
	struct err err;
	struct loads loads = {.from = batch};
	struct match_scratch *scratch = match_scratch_new();
	struct match_input input = {&loads.to, load, &loads};
	uint64_t bits, nothing = 0;
	uint32_t count;
	bool want[TOY_COLUMNS] = {0};
	batch_init(&loads.to, &toy_shape);
	loads.to.nrows = batch->nrows;
	assert_int_equal(matcher_new(toy_expr(&mem, c->expr), TOY_NOW, &matcher, NULL, &err), 0);
	struct match_program *program = match_bind(matcher, &toy_shape, toy_resolve, NULL);
	assert_int_equal(match_rows(program, &input, scratch, NULL, &bits, &count, &err), 0);
	if (strcmp(loads.log, c->log) != 0 || count != c->count)
		fail_msg("%s: %u rows, read %s", c->expr, count, loads.log);
	/* Nothing is asked for that was not announced. */
	match_columns(program, want);
	for (int i = 0; i < TOY_COLUMNS; i++)
		CHECK_ROW(i, want[i] || (!loads.to.columns[i].off && !loads.to.columns[i].i64));
	/* Where no row matters, nothing is read at all. */
	loads.log[0] = '\0';
	assert_int_equal(match_rows(program, &input, scratch, &nothing, &bits, &count, &err), 0);
	assert_true(loads.log[0] == '\0' && count == 0 && bits == 0);
	batch_fini(&loads.to);
	match_program_free(program);
	matcher_free(matcher);
	match_scratch_free(scratch);
	arena_fini(&mem);
}

static void what_is_read(void **state)
{
	struct toy toy;
	struct batch batch;
	(void)state;
	toy_init(&toy, COUNT(rows));
	for (size_t r = 0; r < COUNT(rows); r++)
		toy_row(&toy, rows[r]);
	toy_batch(&toy, 0, &batch);
	for (size_t i = 0; i < COUNT(load_cases); i++)
		check_load(&batch, &load_cases[i]);
	batch_fini(&batch);
	arena_fini(&toy.mem);
}

static void what_waits(void **state)
{
	struct toy toy;
	struct batch batch;
	(void)state;
	toy_init(&toy, 64);
	for (int r = 0; r < 64; r++)
		toy_row(&toy, arena_printf(&toy.mem, "name=n%d;size=%d;extra={\"a\":%d}", r,
				      r == 0 ? 5 : 7, r));
	toy_batch(&toy, 0, &batch);
	defer_distinct = 16;
	for (size_t i = 0; i < COUNT(deferred_cases); i++)
		check_load(&batch, &deferred_cases[i]);
	defer_distinct = 8192;
	batch_fini(&batch);
	arena_fini(&toy.mem);
}

/* ---- statistics ------------------------------------------------------------------------------ */

static const char address_low[] = "\0\0\0\0\0\0\0\0\0\0\xff\xff\x0a\x01\x00\x00";
static const char address_high[] = "\0\0\0\0\0\0\0\0\0\0\xff\xff\x0a\x01\xff\xff";

/* Of size: 10–20; count: 7–7, no null; time: 2026-03-09 whole, no null; ok: true; name: "bob"–"mary";
 * note: "2026-03"–"2026-05"; ip: 10.1.0.0–10.1.255.255, no null; tag, kind: no value; title:
 * no null among elements; id, n, addr, extra: unknown. */
static void know(void *ctx, uint32_t column, struct match_stats *s)
{
	const int64_t day = INT64_C(1773014400000000);
	(void)ctx;
	*s = (struct match_stats){.known = true, .has_range = true};
	switch ((enum toy_column)column) {
	case TOY_SIZE:
		s->min_i64 = 10;
		s->max_i64 = 20;
		break;
	case TOY_COUNT:
		s->min_i64 = s->max_i64 = 7;
		s->no_null = true;
		break;
	case TOY_TIME:
		s->min_i64 = day;
		s->max_i64 = day + INT64_C(86399999999);
		s->no_null = true;
		break;
	case TOY_OK:
		s->min_i64 = s->max_i64 = 1;
		break;
	case TOY_NAME:
		s->min_bytes = SLICE("bob");
		s->max_bytes = SLICE("mary");
		break;
	case TOY_NOTE:
		s->min_bytes = SLICE("2026-03");
		s->max_bytes = SLICE("2026-05");
		break;
	case TOY_IP:
		s->min_bytes = (struct slice){address_low, 16};
		s->max_bytes = (struct slice){address_high, 16};
		s->no_null = true;
		break;
	case TOY_TAG:
	case TOY_KIND:
		*s = (struct match_stats){.known = true, .all_null = true};
		break;
	case TOY_TITLE:
		*s = (struct match_stats){.known = true, .no_null = true};
		break;
	case TOY_ID:
	case TOY_EXTRA:
	case TOY_N:
	case TOY_ADDR:
	case TOY_COLUMNS:
		*s = (struct match_stats){0};
	}
}

static const struct {
	const char *expr;
	bool possible;
} prune_cases[] = {
	{"(is size 10)", true},
	{"(is size 9)", false},
	{"(is size 9 21)", false},
	{"(is size 9 15)", true},
	{"(is size 9 1*)", true},
	{"(range size [21 *)", false},
	{"(range size {20 *)", false},
	{"(range size [20 *)", true},
	{"(not (range size [10 20]))", true}, /* nulls */
	{"(not (range count [0 10]))", false},
	{"(not (is count 7))", false},
	{"(not (is count 8))", true},
	{"(not (has count))", false},
	{"(not (has size))", true},
	{"(is ok false)", false},
	{"(is ok true)", true},
	{"(is time 2026-03-08)", false},
	{"(is time 2026)", true},
	{"(not (is time 2026-03))", false},
	{"(not (is time 2026-03-09T00))", true},
	{"(part time year 2025 2025)", false},
	{"(part time hour 25 26)", true},
	{"(not (part time year 2026 2026))", false},
	/* texts: only what is compared byte for byte */
	{"(IS name ann)", false},
	{"(IS name bob)", true},
	{"(IS name mary)", true},
	{"(IS name maryann)", false},
	{"(IS name zed ann)", false},
	{"(IS name zed carl)", true},
	{"(IS name '')", false},
	{"(IS name a*)", false},
	{"(IS name b*)", true},
	{"(IS name mary*)", true},
	{"(IS name maryx*)", false},
	{"(IS name n*)", false},
	{"(IS name *n)", true},
	{"(is name ann)", true},
	{"(is name a*)", true},
	{"(is note 2026-02)", false},
	{"(is note 2026-06)", false},
	{"(is note 2026-04)", true},
	{"(is note 2026-04x)", true},
	{"(is note 2026-07x)", false},
	{"(is note 2027*)", false},
	{"(is note 202*)", true},
	{"(is note '')", false},
	{"(RANGE name [n *)", false},
	{"(RANGE name {mary *)", false},
	{"(RANGE name [mary *)", true},
	{"(RANGE name * bob})", false},
	{"(RANGE name * bob])", true},
	{"(range name [n *)", true},
	{"(RANGE name [5 *)", true},
	/* addresses */
	{"(cidr ip 10.2.0.0/16)", false},
	{"(cidr ip 10.1.128.0/17)", true},
	{"(not (cidr ip 10.0.0.0/8))", false},
	{"(not (cidr ip 10.1.0.0/17))", true},
	{"(is ip 10.1.* ::1)", true},
	{"(is ip ::1)", false},
	/* no value at all */
	{"(has tag)", false},
	{"(is tag *)", false},
	{"(not (is tag x))", true},
	{"(rel tag = name)", false},
	{"(rel name = tag)", false},
	{"(rel name = size)", true},
	{"(is mixed 9 x)", false},
	{"(same (and (is title x) (is kind y)))", false},
	{"(same (not (has title)))", false},
	{"(not (has title))", true}, /* the list may be empty */
	{"(same (has title))", true},
	/* gates */
	{"(and (is size 10) (is count 8))", false},
	{"(or (is size 9) (is count 8))", false},
	{"(or (is size 9) (is count 7))", true},
	{"(not (or (is size 9) (is count 7)))", false},
	{"(not (and (is size 9) (is count 7)))", true},
	{"(count 2 2 (is size 9) (is count 7) (is name ann))", true},
	{"(count 2 2 (is size 9) (is count 7) (is tag x))", false},
	{"(count 0 0 (is size 9) (is count 7))", false},
	{"(is id 1*)", true},
	{"(is extra.a 5)", true},
	{"(const 0)", false},
};

static void what_is_ruled_out(void **state)
{
	struct arena mem = {0};
	(void)state;
	for (size_t i = 0; i < COUNT(prune_cases); i++) {
		struct matcher *matcher;
		struct err err;
		const struct expr *expr = toy_expr(&mem, prune_cases[i].expr);
		assert_int_equal(matcher_new(expr, TOY_NOW, &matcher, NULL, &err), 0);
		struct match_program *program = match_bind(matcher, &toy_shape, toy_resolve, NULL);
		if (match_possible(program, know, NULL) != prune_cases[i].possible)
			fail_msg("%s: not %d", prune_cases[i].expr, prune_cases[i].possible);
		match_program_free(program);
		matcher_free(matcher);
	}
	arena_fini(&mem);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_read),
		cmocka_unit_test(what_waits),
		cmocka_unit_test(what_is_ruled_out),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
