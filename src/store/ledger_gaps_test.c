/* SPDX-License-Identifier: Apache-2.0 */
/* ledger_gaps_test.c: gaps in numbers, in time and of objects are named and close; folding hides none. */
#include "store/test_ledger.h"

static void names_of_files(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		uint32_t day, number; /* day 0: none */
	} rows[] = {
		{"20240924.00000.audit.log", 20240924, 0},
		{"20240924-00012.audit.log", 20240924, 12},
		{"a/b/node-1/20240924.99999.audit.log.gz", 20240924, 99999},
		{"20240229.00001.audit.log.zst.part", 20240229, 1},
		{"20230229.00001.audit.log", 0, 0},
		{"20241301.00001.audit.log", 0, 0},
		{"20240924.0001.audit.log", 0, 0},
		{"20240924.000011.audit.log", 0, 0},
		{"20240924_00001.audit.log", 0, 0},
		{"20240924.00001.audit.logs", 0, 0},
		{"x20240924.00001.audit.log", 0, 0},
		{"20240924.00001.audit.log/", 0, 0},
		{"20240924", 0, 0},
		{"", 0, 0},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		uint32_t day, number;
		bool is = ledger_file_number(rows[i].name, &day, &number);
		CHECK_ROW(i, is == (rows[i].day != 0));
		CHECK_ROW(i, !is || (day == rows[i].day && number == rows[i].number));
	}
}

static void missing_numbers(void **state)
{
	(void)state;
	static const struct {
		const char *node, *name;
		int rc;
		const char *gaps;
	} rows[] = {
		{"a", "20240924.00002.audit.log", 1, "s a 20240924 0-1 at start; "},
		{"a", "20240924.00002.audit.log", 1, "s a 20240924 0-1 at start; "},
		{"a", "20240924.00001.audit.log", 1, "s a 20240924 0-0 at start; "},
		{"a", "notes.txt", 0, "s a 20240924 0-0 at start; "},
		{"a", "20240924.00000.audit.log", 1, ""},
		{"a", "20240924.00007.audit.log", 1, "s a 20240924 3-6; "},
		{"a", "20240925-00001.audit.log", 1, "s a 20240924 3-6; s a 20240925 0-0; "},
		{"b", "20240924.00000.audit.log", 1, "s a 20240924 3-6; s a 20240925 0-0; "},
		{"a", "20240924.00005.audit.log", 1,
			"s a 20240924 3-4; s a 20240924 6-6; s a 20240925 0-0; "},
		{"a", "20240925.00000.audit.log", 1, "s a 20240924 3-4; s a 20240924 6-6; "},
		{"a", "20240924.00003.audit.log", 1, "s a 20240924 4-4; s a 20240924 6-6; "},
		{"a", "20240924.00006.audit.log", 1, "s a 20240924 4-4; "},
		{"a", "x/20240924-00004.audit.log.gz", 1, ""},
		/* Empty files, of whatever node; alone they are nothing. */
		{"", "20240926.00007.audit.log", 1, ""},
		{"", "20240924.00009.audit.log", 1, "s a 20240924 8-8; s b 20240924 1-8; "},
		{"a", "20240924.00008.audit.log", 1, "s b 20240924 1-8; "},
	};
	char *dir = test_folder();
	struct err err;
	struct store *store = test_open(dir, STORE_WRITE);
	for (size_t i = 0; i < COUNT(rows); i++) {
		CHECK_ROW(
			i, ledger_file(store, "s", rows[i].node, rows[i].name, &err) == rows[i].rc);
		expect_gaps(store, NULL, rows[i].gaps);
	}
	store_close(store);
	test_remove(dir);
}

static void missing_time(void **state)
{
	(void)state;
	static const struct {
		enum ledger_kind kind;
		int from, to;
		enum ledger_state state;
		const char *gaps; /* after it */
	} rows[] = {
		{LEDGER_SWEEP, 100, 200, LEDGER_SETTLED, ""},
		{LEDGER_SWEEP, 150, 300, LEDGER_SETTLED, ""},
		{LEDGER_SWEEP, 290, 400, LEDGER_FAILED, "s [300,400)why; "},
		{LEDGER_SWEEP, 390, 500, LEDGER_SETTLED, "s [300,390)why; "},
		{LEDGER_FILE, 300, 390, LEDGER_SETTLED, "s [300,390)why; "},
		{LEDGER_SWEEP, 500, 600, LEDGER_OPEN, "s [300,390)why; "},
		{LEDGER_BACKFILL, 10, 60, LEDGER_SETTLED, "s [60,100); s [300,390)why; "},
		{LEDGER_BACKFILL, 50, 100, LEDGER_SETTLED, "s [300,390)why; "},
		{LEDGER_LATE, 300, 350, LEDGER_SETTLED, "s [350,390)why; "},
		{LEDGER_BACKFILL, 0, 1000, LEDGER_SETTLED, ""},
	};
	char *dir = test_folder();
	struct store *store = test_open(dir, STORE_WRITE);
	for (size_t i = 0; i < COUNT(rows); i++) {
		uint64_t id = begin(store, "s", rows[i].kind, rows[i].from, rows[i].to);
		if (rows[i].state != LEDGER_OPEN)
			end(store, id, rows[i].state, "why");
		expect_gaps(store, "s", rows[i].gaps);
		expect_gaps(store, "t", "");
	}
	end(store, begin(store, "t", LEDGER_SWEEP, 5, 9), LEDGER_FAILED, "x");
	expect_gaps(store, NULL, "t [5,9)x; ");
	store_close(store);
	test_remove(dir);
}

/* Seconds that random windows cover. */
enum { SPAN = 60 };
struct covered {
	bool at[SPAN];
	int lo, hi; /* of all windows */
};

static void random_window(struct store *store, int number, struct covered *covered)
{
	int from = rand() % (SPAN - 12), to = from + rand() % 12;
	bool settled = rand() % 3 > 0;
	end(store, begin(store, "s", number % 2 ? LEDGER_SWEEP : LEDGER_LATE, from, to),
		settled ? LEDGER_SETTLED : LEDGER_FAILED, "");
	covered->lo = from < covered->lo ? from : covered->lo;
	covered->hi = to > covered->hi ? to : covered->hi;
	for (int t = from; settled && t < to; t++)
		covered->at[t] = true;
}

static void uncovered(const struct covered *covered, struct buf *out)
{
	for (int t = covered->lo; t < covered->hi; t++) {
		int from = t;
		while (t < covered->hi && !covered->at[t])
			t++;
		if (t > from)
			buf_printf(out, "s [%d,%d); ", from, t);
	}
	buf_append(out, "", 1);
}

/* Random windows against a map of seconds. */
static void gaps_property(void **state)
{
	(void)state;
	for (unsigned seed = 1; seed <= 12; seed++) {
		char *dir = test_folder();
		struct store *store = test_open(dir, STORE_WRITE);
		struct covered covered = {.lo = SPAN};
		struct buf expected;
		buf_init(&expected, 1 << 16);
		srand(seed);
		for (int i = 0; i < 12; i++)
			random_window(store, i, &covered);
		uncovered(&covered, &expected);
		expect_gaps(store, NULL, expected.ptr);
		buf_fini(&expected);
		store_close(store);
		test_remove(dir);
	}
}

/* Folding a random ledger changes neither its gaps nor its sums. */
static void folding_hides_nothing(void **state)
{
	(void)state;
	for (unsigned seed = 1; seed <= 12; seed++) {
		char *dir = test_folder();
		struct store *store = test_open(dir, STORE_WRITE);
		struct covered covered = {.lo = SPAN};
		struct buf expected;
		struct err err;
		struct ledger_counts one = {.requests = 3, .records = 2, .max_late = seed}, sums;
		uint64_t gone;
		buf_init(&expected, 1 << 16);
		srand(seed);
		for (int i = 0; i < 30; i++) {
			random_window(store, i, &covered);
			uint64_t id = begin(store, "s", LEDGER_FILE, 0, 10);
			assert_int_equal(ledger_add(store, id, &one, &err), 0);
			end(store, id, LEDGER_SETTLED, "");
		}
		begin(store, "s", LEDGER_SWEEP, 0, 1000);
		uncovered(&covered, &expected);
		assert_int_equal(ledger_fold(store, "s", 1, &gone, &err), 0);
		assert_int_equal(gone, 0); /* none is that old */
		if (ledger_fold(store, "s", INT64_MAX, &gone, &err) < 0)
			fail_msg("%s", err.text);
		assert_true(gone >= 29);
		expect_gaps(store, NULL, expected.ptr);
		assert_int_equal(ledger_sums(store, "s", &sums, &err), 0);
		assert_true(sums.requests == 90 && sums.records == 60 && sums.max_late == seed);
		assert_int_equal(ledger_fold(store, "s", INT64_MAX, &gone, &err), 0);
		assert_int_equal(gone, 0);
		assert_int_equal(ledger_fold(store, "nobody", INT64_MAX, &gone, &err), 0);
		buf_fini(&expected);
		store_close(store);
		test_remove(dir);
	}
}

static void object_window(struct store *store, const char *name, enum ledger_state state)
{
	struct object_mark mark = {.key = slice_of(name),
		.etag = SLICE("e"),
		.bytes = 99,
		.state = OBJECT_QUARANTINED};
	struct err err;
	if (ledger_object(store, "s", name, 99, state, "gzip is cut off",
		    state == LEDGER_FAILED ? &mark : NULL, &err) < 0)
		fail_msg("%s", err.text);
}

static int note_object(void *ctx, const struct ledger_gap *gap, struct err *err)
{
	(void)err;
	buf_printf(ctx, "%s %s %d: %s; ", gap->source, gap->object, (int)gap->to, gap->why);
	return 0;
}

static void objects_that_failed(void **state)
{
	(void)state;
	char *dir = test_folder();
	struct store *store = test_open(dir, STORE_WRITE);
	struct buf out;
	struct err err;
	uint64_t gone;
	buf_init(&out, 1 << 16);
	object_window(store, "a/1.gz", LEDGER_FAILED);
	object_window(store, "a/2.gz", LEDGER_FAILED);
	object_window(store, "a/2.gz", LEDGER_FAILED);
	object_window(store, "a/1.gz", LEDGER_SETTLED);
	object_window(store, "a/3.gz", LEDGER_SETTLED);
	assert_int_equal(ledger_fold(store, "s", INT64_MAX, &gone, &err), 0);
	assert_int_equal(ledger_gaps(store, "s", note_object, &out, &err), 0);
	expect(&out, "s a/2.gz 99: gzip is cut off; ");
	/* A gap and what is known of the object came together. */
	struct object_mark marks[] = {{.key = SLICE("a/2.gz"), .etag = SLICE("e"), .bytes = 99},
		{.key = SLICE("a/3.gz"), .etag = SLICE("e"), .bytes = 99}};
	assert_int_equal(objects_find(store, "s", marks, 2, &err), 0);
	assert_int_equal(marks[0].state, OBJECT_QUARANTINED);
	assert_int_equal(marks[0].news, OBJECT_SAME);
	assert_int_equal(marks[1].news, OBJECT_NEW);
	store_close(store);
	test_remove(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_of_files),
		cmocka_unit_test(missing_numbers),
		cmocka_unit_test(missing_time),
		cmocka_unit_test(gaps_property),
		cmocka_unit_test(folding_hides_nothing),
		cmocka_unit_test(objects_that_failed),
	};
	if (access("/dev/shm", W_OK) == 0)
		setenv("TMPDIR", "/dev/shm", 0);
	return cmocka_run_group_tests_name("gaps", tests, NULL, NULL);
}
