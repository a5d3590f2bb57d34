/* SPDX-License-Identifier: Apache-2.0 */
/* search_test.c: order, paging, time, tables, limits and ends, against a plain scan. */
#include "query/search_lake.h"

/* ---- what is expected ------------------------------------------------------------------------ */

struct order_by {
	enum search_order order;
};
static struct order_by sorting; /* qsort has no context */

static int by_page(const void *left, const void *right)
{
	const struct known *a = left, *b = right;
	struct event x = lake_event(a->n), y = lake_event(b->n);
	int c = 0;
	if (x.timed != y.timed)
		return x.timed ? -1 : 1;
	if (x.timed && x.time != y.time)
		c = x.time < y.time ? -1 : 1;
	if (c == 0)
		c = memcmp(a->id, b->id, 16);
	return sorting.order == SEARCH_NEWEST ? -c : c;
}

typedef bool wanted(const struct known *row, const struct event *e);

static bool every(const struct known *row, const struct event *e)
{
	(void)row;
	return !e->secondary;
}

/* The rows of `scan` that are wanted, in the order of a page; returns how many. */
static uint32_t expect(struct scan *scan, wanted *want, enum search_order order)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < scan->n; i++) {
		struct event e = lake_event(scan->rows[i].n);
		if (want(&scan->rows[i], &e))
			scan->rows[n++] = scan->rows[i];
	}
	sorting.order = order;
	qsort(scan->rows, n, sizeof(*scan->rows), by_page);
	return n;
}

/* ---- order and paging ------------------------------------------------------------------------ */

static void page_through(struct lake *lake, enum search_order order, unsigned threads, bool adding)
{
	static uint32_t fresh = 10000;
	struct scan scan;
	struct asked a;
	struct search_cursor cursor;
	uint32_t seen = 0;
	lake_scan(lake, &scan);
	uint32_t n = expect(&scan, every, order);
	ask_begin(&a, lake, "*");
	a.request.limit = 7;
	a.request.order = order;
	a.request.threads = threads;
	for (unsigned page = 0;; page++) {
		ask(&a, lake->store);
		for (uint32_t i = 0; i < a.n; i++) {
			if (a.numbers[i] >= 10000 && adding)
				continue; /* came while paging */
			if (seen >= n || a.numbers[i] != scan.rows[seen].n)
				fail_msg("page %u: event %u where %u is due", page, a.numbers[i],
					seen < n ? scan.rows[seen].n : 0);
			seen++;
		}
		if (!a.result->more)
			break;
		assert_int_equal(a.n, 7);
		if (adding && page % 40 == 3) {
			lake_add(lake, lake->schema, fresh, 20, 20);
			fresh += 20;
		}
		cursor = a.last;
		a.request.after = &cursor;
		ask_again(&a);
	}
	assert_int_equal(seen, n);
	ask_end(&a);
	free(scan.rows);
}

static void pages_hold_each_event_once(void **state)
{
	(void)state;
	struct lake lake;
	fill_lake(&lake);
	for (unsigned threads = 1; threads <= 4; threads++) {
		page_through(&lake, SEARCH_NEWEST, threads, false);
		page_through(&lake, SEARCH_OLDEST, threads, false);
	}
	lake_close(&lake);
}

static void pages_stay_while_events_arrive(void **state)
{
	(void)state;
	for (int order = SEARCH_NEWEST; order <= SEARCH_OLDEST; order++) {
		struct lake lake;
		fill_lake(&lake);
		page_through(&lake, (enum search_order)order, 2, true);
		lake_close(&lake);
	}
}

static void ties_beyond_the_page(void **state)
{
	(void)state;
	struct lake lake;
	struct scan scan;
	struct asked a;
	fill_lake(&lake);
	for (unsigned limit = 1; limit < 40; limit++) {
		lake_scan(&lake, &scan);
		uint32_t n = expect(&scan, every, limit % 2 ? SEARCH_NEWEST : SEARCH_OLDEST);
		ask_begin(&a, &lake, "");
		a.request.limit = limit;
		a.request.order = limit % 2 ? SEARCH_NEWEST : SEARCH_OLDEST;
		ask(&a, lake.store);
		assert_true(n > limit && a.n == limit && a.result->more);
		for (uint32_t i = 0; i < limit; i++)
			CHECK_ROW(limit, a.numbers[i] == scan.rows[i].n);
		ask_end(&a);
		free(scan.rows);
	}
	lake_close(&lake);
}

/* ---- time ------------------------------------------------------------------------------------ */

static void since_and_until(void **state)
{
	(void)state;
	const int64_t step = 61000000, open_since = INT64_MIN, open_until = INT64_MAX;
	const struct {
		int64_t since, until;
	} rows[] = {
		{LAKE_T0, open_until},
		{LAKE_T0 + 1, open_until},
		{open_since, LAKE_T0},
		{open_since, LAKE_T0 + 1},
		{LAKE_T0 + 20 * step, LAKE_T0 + 21 * step},
		{LAKE_T0 + 20 * step, LAKE_T0 + 20 * step + 1},
		{LAKE_T0 + 20 * step, LAKE_T0 + 20 * step},
		{LAKE_T0 + 30 * step, LAKE_T0 + 20 * step},
		{LAKE_T0 + 50 * step, LAKE_T0 + 150 * step},
		{LAKE_T0 + 99 * step, LAKE_T0 + 180 * step + 1},
		{LAKE_T0 + 5000 * step, open_until},
		{open_since, open_until},
	};
	struct lake lake;
	struct scan scan;
	fill_lake(&lake);
	lake_scan(&lake, &scan);
	for (size_t i = 0; i < COUNT(rows); i++) {
		bool bounded = rows[i].since != open_since || rows[i].until != open_until;
		uint32_t due = 0;
		for (uint32_t k = 0; k < scan.n; k++) {
			struct event e = lake_event(scan.rows[k].n);
			due += !e.secondary &&
			       (e.timed ? e.time >= rows[i].since && e.time < rows[i].until
					: !bounded);
		}
		for (unsigned mode = 0; mode < 4; mode++) {
			struct asked a;
			ask_begin(&a, &lake, "");
			a.request.since = rows[i].since;
			a.request.until = rows[i].until;
			a.request.order = mode & 1 ? SEARCH_NEWEST : SEARCH_OLDEST;
			a.request.count = mode & 2;
			a.request.limit = 5000;
			ask(&a, lake.store);
			CHECK_ROW(i, a.n == due && a.result->counted && a.result->matched == due);
			ask_end(&a);
		}
	}
	free(scan.rows);
	lake_close(&lake);
}

static void secondary_rows(void **state)
{
	(void)state;
	struct lake lake;
	struct asked a;
	fill_lake(&lake);
	ask_begin(&a, &lake, "");
	a.request.count = true;
	ask(&a, lake.store);
	uint64_t without = a.result->matched;
	ask_again(&a);
	a.request.secondary = true;
	ask(&a, lake.store);
	assert_int_equal(a.result->matched, 1100);
	assert_true(without < 1100 && without > 900);
	ask_again(&a);
	/* A file of nothing else. */
	lake_secondary = true;
	lake_add(&lake, lake.schema, 5000, 50, 50);
	lake_secondary = false;
	ask(&a, lake.store);
	assert_int_equal(a.result->matched, 1150);
	ask_again(&a);
	a.request.secondary = false;
	ask(&a, lake.store);
	assert_int_equal(a.result->matched, without);
	assert_int_equal(a.result->explain.groups_by_stats, 1);
	ask_end(&a);
	lake_close(&lake);
}

/* ---- early stop ------------------------------------------------------------------------------ */

static void stops_when_the_page_is_full(void **state)
{
	(void)state;
	struct lake lake;
	struct asked a;
	fill_lake(&lake);
	ask_begin(&a, &lake, "");
	a.request.threads = 1;
	a.request.limit = 3;
	ask(&a, lake.store);
	assert_int_equal(a.result->explain.segments, 5);
	assert_true(a.result->explain.groups_read <= 2);
	assert_true(a.result->explain.segments_read == 1);
	assert_false(a.result->counted);
	assert_true(a.result->newest_segment >= 5);
	ask_end(&a);
	lake_close(&lake);
}

static void ends_when_told(void **state)
{
	(void)state;
	struct lake lake;
	struct asked a;
	struct err err = {0};
	volatile int stop = 1;
	fill_lake(&lake);
	ask_begin(&a, &lake, "who:bob");
	a.request.count = true;
	a.request.stop = &stop;
	ask(&a, lake.store);
	assert_true(a.result->partial && !a.result->counted);
	assert_non_null(strstr(a.result->why, "stop"));
	ask_again(&a);
	a.request.stop = NULL;
	assert_int_equal(search_run_for(lake.store, &a.request, -1, &a.search, &err), 0);
	assert_true(search_result(a.search)->partial);
	assert_non_null(strstr(search_result(a.search)->why, "time"));
	ask_end(&a);
	lake_close(&lake);
}

static void only_newer_segments(void **state)
{
	(void)state;
	struct lake lake;
	struct asked a;
	fill_lake(&lake);
	ask_begin(&a, &lake, "");
	ask(&a, lake.store);
	uint64_t newest = a.result->newest_segment;
	ask_again(&a);
	a.request.only_after_segment = newest;
	a.request.limit = 1000;
	ask(&a, lake.store);
	assert_int_equal(a.n, 0);
	assert_int_equal(a.result->newest_segment, newest);
	ask_again(&a);
	lake_add(&lake, lake.schema, 2000, 10, 10);
	ask(&a, lake.store);
	assert_int_equal(a.n, 9); /* one of them is secondary */
	assert_true(a.result->newest_segment > newest);
	ask_end(&a);
	lake_close(&lake);
}

/* ---- tables ---------------------------------------------------------------------------------- */

static void asks_for_a_table(void **state)
{
	(void)state;
	static const struct {
		const char *query;
		uint32_t due;
	} rows[] = {
		{"table:other_logs", 200},
		{"table:other", 200},
		{"NOT table:other_logs", 900},
		{"table:other_logs level:1", 0}, /* it has no such column */
		{"table:* number:700", 2},
		{"table:other_logs OR number:700", 201},
	};
	struct lake lake;
	fill_lake(&lake);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct asked a;
		ask_begin(&a, &lake, rows[i].query);
		a.request.limit = 2000;
		a.request.secondary = true;
		ask(&a, lake.store);
		if (a.n != rows[i].due)
			fail_msg("%s: %u, not %u", rows[i].query, a.n, rows[i].due);
		ask_end(&a);
	}
	lake_close(&lake);
}

/* A file that was written before the table had all its columns. */
static void files_of_an_older_schema(void **state)
{
	(void)state;
	static const char yaml[] = "table: search_logs\nversion: \"0\"\ntime: time\ncolumns:\n"
				   "  labels: {list: labels, of: string}\n"
				   "  number: {paths: number, type: int}\n  who: who\n"
				   "common:\n  actor: who\nidentity: [number]\n";
	static const char *const facets[] = {"level"};
	static const char *const rows[] = {"*", "level:*", "NOT level:*"};
	struct lake lake;
	struct err err;
	struct schema *older;
	lake_open(&lake);
	must(schema_parse(slice_of(yaml), "older", &older, &err), &err);
	lake_add(&lake, older, 0, 100, 60);
	lake_add(&lake, lake.schema, 100, 100, 60);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct asked a;
		uint32_t due = 0;
		for (uint32_t n = 0; n < 200; n++) {
			struct event e = lake_event(n);
			bool level = n >= 100 && e.level >= 0;
			due += !e.secondary && (i == 0 || level == (i == 1));
		}
		ask_begin(&a, &lake, rows[i]);
		a.request.limit = 1000;
		a.request.facets = facets;
		a.request.nfacets = 1;
		a.request.sort = i == 0 ? "level" : NULL;
		ask(&a, lake.store);
		CHECK_ROW(i, a.n == due && a.result->matched == due && a.result->nproblems == 0);
		ask_end(&a);
	}
	schema_free(older);
	lake_close(&lake);
}

static void a_page_within_memory(void **state)
{
	(void)state;
	struct lake lake;
	struct asked a;
	fill_lake(&lake);
	ask_begin(&a, &lake, "");
	a.request.memory = 20000;
	a.request.threads = 1;
	a.request.limit = UINT64_MAX;
	ask(&a, lake.store);
	assert_true(a.n > 10 && a.n < 500 && a.result->more);
	ask_end(&a);
	lake_close(&lake);
}

static void cannot_search_at_all(void **state)
{
	(void)state;
	struct lake lake;
	struct asked a;
	struct err err = {0};
	lake_open(&lake);
	ask_begin(&a, &lake, "");
	ask(&a, lake.store); /* nothing is stored yet */
	assert_true(a.n == 0 && a.result->counted && a.result->matched == 0);
	ask_again(&a);
	struct expr regex = {.kind = EXPR_TEST,
		.test = {.op = TEST_REGEX, .field = SLICE("who"), .regex = SLICE("(")}};
	a.request.expr = &regex;
	assert_int_equal(search_run(lake.store, &a.request, &a.search, &err), -1);
	assert_int_equal(err.kind, ERR_USAGE);
	assert_null(a.search);
	ask_end(&a);
	lake_close(&lake);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pages_hold_each_event_once),
		cmocka_unit_test(pages_stay_while_events_arrive),
		cmocka_unit_test(ties_beyond_the_page),
		cmocka_unit_test(since_and_until),
		cmocka_unit_test(secondary_rows),
		cmocka_unit_test(stops_when_the_page_is_full),
		cmocka_unit_test(ends_when_told),
		cmocka_unit_test(only_newer_segments),
		cmocka_unit_test(asks_for_a_table),
		cmocka_unit_test(files_of_an_older_schema),
		cmocka_unit_test(a_page_within_memory),
		cmocka_unit_test(cannot_search_at_all),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
