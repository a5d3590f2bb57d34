/* SPDX-License-Identifier: Apache-2.0 */
/* search_facet_test.c: counts: facets, histogram, sorting by a field, values for completion, cells. */
#include "query/row_json.h"
#include "query/search_lake.h"

static struct lake lake;

static int make_lake(void **state)
{
	(void)state;
	lake_open(&lake);
	lake_add(&lake, lake.schema, 0, 500, 100);
	lake_add(&lake, lake.schema, 500, 300, 300);
	lake_add(&lake, lake.other, 800, 200, 50);
	return 0;
}

static int drop_lake(void **state)
{
	(void)state;
	lake_close(&lake);
	return 0;
}

static bool is_other(uint32_t n)
{
	return n >= 800;
}

/* ---- facets ---------------------------------------------------------------------------------- */

static void put_text(char texts[3][64], unsigned *n, const char *text)
{
	if (text)
		snprintf(texts[(*n)++], 64, "%s", text);
}

static void put_labels(const struct event *e, char texts[3][64], unsigned *n)
{
	for (unsigned i = 0; i < e->nlabels; i++) {
		bool twice = false;
		for (unsigned j = 0; j < i; j++)
			twice |= strcmp(e->labels[j], e->labels[i]) == 0;
		put_text(texts, n, twice ? NULL : e->labels[i]);
	}
}

/* The texts of a field of an event, each once; returns how many. */
static unsigned values_of(const char *field, uint32_t n, char texts[3][64])
{
	struct event e = lake_event(n);
	unsigned k = 0;
	char number[32];
	bool other = is_other(n), is_level = strcmp(field, "level") == 0;
	if (strcmp(field, "table") == 0)
		put_text(texts, &k, other ? "other_logs" : "search_logs");
	else if (strcmp(field, "who") == 0 || strcmp(field, "actor") == 0)
		put_text(texts, &k, e.who);
	else if (strcmp(field, "note") == 0)
		put_text(texts, &k, other ? NULL : e.note);
	else if (strcmp(field, "labels") == 0 && !other)
		put_labels(&e, texts, &k);
	snprintf(number, sizeof(number), "%s%d", is_level ? "" : "v",
		(int)(is_level ? e.level : e.extra));
	if (is_level)
		put_text(texts, &k, other || e.level < 0 ? NULL : number);
	else if (strcmp(field, "extra.a.b") == 0)
		put_text(texts, &k, e.extra < 0 ? NULL : number);
	return k;
}

static void check_facet(const struct search_facet *facet, int64_t least_level)
{
	struct map due;
	char texts[3][64];
	uint64_t nulls = 0, hits = 0, shown = 0;
	map_init(&due);
	for (uint32_t n = 0; n < 1000; n++) {
		struct event e = lake_event(n);
		if (e.secondary || (least_level >= 0 && (is_other(n) || e.level < least_level)))
			continue;
		unsigned k = values_of(facet->field, n, texts);
		nulls += k == 0;
		hits += k;
		for (unsigned i = 0; i < k; i++)
			++*map_put(&due, slice_of(texts[i]), NULL);
	}
	if (facet->distinct != due.count)
		fail_msg("%s: %d values, not %d", facet->field, (int)facet->distinct,
			(int)due.count);
	bool null_seen = false;
	for (uint32_t i = 0; i < facet->n; i++) {
		const struct search_facet_value *value = &facet->values[i];
		uint64_t *count = value->null ? &nulls : map_get(&due, value->value);
		if (!count || *count != value->count)
			fail_msg("%s: %.*s: %d, not %d", facet->field, SLICE_ARG(value->value),
				(int)value->count, count ? (int)*count : 0);
		null_seen |= value->null;
		shown += value->null ? 0 : value->count;
		if (i > 0 && !value->null && !facet->values[i - 1].null)
			assert_true(value->count <= facet->values[i - 1].count);
	}
	assert_int_equal(facet->others, hits - shown);
	assert_int_equal(null_seen, nulls > 0);
	assert_false(facet->cut);
	map_fini(&due);
}

static void facets_are_counts(void **state)
{
	(void)state;
	static const char *const fields[] = {
		"who", "labels", "level", "note", "table", "extra.a.b", "actor"};
	static const struct {
		const char *query;
		int64_t least_level;
	} rows[] = {{"*", -1}, {"level:>=0", 0}, {"level:>6", 7}, {"level:>100", 100}};
	for (size_t i = 0; i < COUNT(rows); i++) {
		for (unsigned threads = 1; threads <= 4; threads++) {
			struct asked a;
			ask_begin(&a, &lake, rows[i].query);
			a.request.facets = fields;
			a.request.nfacets = COUNT(fields);
			a.request.facet_values = threads == 2 ? 3 : 1000;
			a.request.threads = threads;
			a.request.limit = threads == 3 ? 0 : 5;
			ask(&a, lake.store);
			assert_int_equal(a.result->nfacets, COUNT(fields));
			for (uint32_t f = 0; f < COUNT(fields); f++)
				check_facet(&a.result->facets[f], rows[i].least_level);
			ask_end(&a);
		}
	}
}

static void facets_say_when_memory_ran_out(void **state)
{
	(void)state;
	static const char *const fields[] = {"note", "who"};
	struct asked a;
	ask_begin(&a, &lake, "*");
	a.request.facets = fields;
	a.request.nfacets = 2;
	a.request.facet_values = 1000;
	a.request.threads = 1;
	a.request.memory = 200000; /* 25,000 bytes for each */
	ask(&a, lake.store);
	const struct search_facet *note = &a.result->facets[0];
	assert_true(note->cut && note->n < 700 && note->distinct > note->n);
	uint64_t shown = 0;
	for (uint32_t i = 0; i < note->n; i++)
		shown += note->values[i].count;
	assert_true(shown + note->others == a.result->matched);
	check_facet(&a.result->facets[1], -1);
	ask_end(&a);
}

static void facet_map_keeps_the_frequent(void **state)
{
	(void)state;
	struct facet_map facet = {0};
	char text[32];
	for (unsigned round = 0; round < 20; round++) {
		for (unsigned i = 0; i < 1000; i++) {
			snprintf(text, sizeof(text), "rare %u", round * 1000 + i);
			++*map_put(&facet.values, slice_of(text), NULL);
		}
		*map_put(&facet.values, SLICE("often"), NULL) += 50;
		*map_put(&facet.values, SLICE("more"), NULL) += 60;
		facet_shrink(&facet, 50000);
		assert_true(facet.values.count < 1000);
	}
	assert_int_equal(*map_get(&facet.values, SLICE("often")), 1000);
	assert_int_equal(*map_get(&facet.values, SLICE("more")), 1200);
	assert_true(facet.cut && facet.lost + facet.values.count == 20002);
	facet_map_fini(&facet);
}

/* ---- histogram ------------------------------------------------------------------------------- */

static void check_histogram(const struct asked *a, const char *what)
{
	const struct search_result *result = a->result;
	const struct search_request *request = &a->request;
	uint64_t *due = xcalloc(result->nbuckets + 1, sizeof(*due)), none = 0;
	bool bounded = request->since != INT64_MIN || request->until != INT64_MAX;
	for (uint32_t n = 0; n < 1000; n++) {
		struct event e = lake_event(n);
		if (e.secondary || (bounded && (!e.timed || e.time < request->since ||
						       e.time >= request->until)))
			continue;
		uint32_t b = 0;
		while (e.timed && b < result->nbuckets && e.time >= result->buckets[b].begin)
			b++;
		if (e.timed && b > 0)
			due[b - 1]++;
		else
			none++;
	}
	for (uint32_t b = 0; b < result->nbuckets; b++) {
		if (due[b] != result->buckets[b].count)
			fail_msg("%s: bucket %u: %d, not %d", what, b,
				(int)result->buckets[b].count, (int)due[b]);
		if (b > 0 && result->bucket_us < INT64_C(2600000) * 1000000)
			assert_true(result->buckets[b].begin ==
				    result->buckets[b - 1].begin + result->bucket_us);
	}
	assert_int_equal(result->no_time, none);
	free(due);
}

static void histograms_have_no_holes(void **state)
{
	(void)state;
	const int64_t step = 61000000, day = INT64_C(86400000000);
	const struct {
		const char *what;
		unsigned most;
		int64_t since, until, width; /* width 0: any */
	} rows[] = {
		{"all", 60, INT64_MIN, INT64_MAX, 5 * 60000000},
		{"one", 1, INT64_MIN, INT64_MAX, 0},
		{"fine", 10000, INT64_MIN, INT64_MAX, 2000000},
		{"since", 50, LAKE_T0 + 100 * step, INT64_MAX, 0},
		{"window", 30, LAKE_T0 + 40 * step + 1, LAKE_T0 + 60 * step, 60000000},
		{"wide", 40, LAKE_T0 - 20 * day, LAKE_T0 + 20 * day, 2 * day},
		{"weeks", 10, LAKE_T0 - 20 * day, LAKE_T0 + 20 * day, 7 * day},
		{"day", 50, LAKE_T0 - 20 * day, LAKE_T0 + 20 * day, day},
		{"months", 40, LAKE_T0 - 1000 * day, LAKE_T0 + 100 * day, 0},
		{"ages", 40, -(INT64_C(1) << 62), INT64_C(1) << 62, 0},
		{"ages", 5, INT64_MIN + 1, INT64_MAX - 1, 0},
		{"nothing", 50, LAKE_T0 + 2 * step, LAKE_T0 + step, 0},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		for (unsigned threads = 1; threads < 4; threads++) {
			struct asked a;
			ask_begin(&a, &lake, "");
			a.request.buckets = rows[i].most;
			a.request.since = rows[i].since;
			a.request.until = rows[i].until;
			a.request.threads = threads;
			ask(&a, lake.store);
			if (a.result->nbuckets > rows[i].most ||
				(rows[i].width && rows[i].width != a.result->bucket_us))
				fail_msg("%s: %u buckets of %lld µs", rows[i].what,
					a.result->nbuckets, (long long)a.result->bucket_us);
			check_histogram(&a, rows[i].what);
			ask_end(&a);
		}
	}
}

static void buckets_stand_on_the_calendar(void **state)
{
	(void)state;
	static const struct {
		const char *since, *until;
		unsigned most;
		const char *first, *second;
	} rows[] = {
		{"2026-01-15T10:00:03Z", "2026-01-15T10:00:09Z", 10, "2026-01-15T10:00:03",
			"2026-01-15T10:00:04"},
		{"2026-01-15T10:07", "2026-01-15T11:07", 7, "2026-01-15T10:00", "2026-01-15T10:10"},
		{"2026-01-15", "2026-01-29", 14, "2026-01-15", "2026-01-16"},
		{"2026-01-15", "2026-01-29", 3, "2026-01-12", "2026-01-19"}, /* Mondays */
		{"2026-01-15", "2026-12-20", 12, "2026-01-01", "2026-02-01"},
		{"2023-11-15", "2026-12-20", 14, "2023-10-01", "2024-01-01"},
		{"1969-06-15", "1972-12-20", 5, "1969-01-01", "1970-01-01"},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct asked a;
		int64_t begin[4], end;
		const char *texts[4] = {
			rows[i].since, rows[i].until, rows[i].first, rows[i].second};
		for (unsigned k = 0; k < 4; k++)
			CHECK_ROW(i, clock_parse(slice_of(texts[k]), 0, &begin[k], &end) == 0);
		ask_begin(&a, &lake, "");
		a.request.buckets = rows[i].most;
		a.request.since = begin[0];
		a.request.until = begin[1];
		ask(&a, lake.store);
		CHECK_ROW(i, a.result->nbuckets >= 2 && a.result->nbuckets <= rows[i].most);
		CHECK_ROW(i, a.result->buckets[0].begin == begin[2]);
		CHECK_ROW(i, a.result->buckets[1].begin == begin[3]);
		ask_end(&a);
	}
}

/* ---- sorting --------------------------------------------------------------------------------- */

static void sorts_numbers_nulls_last(void **state)
{
	(void)state;
	for (int order = SEARCH_NEWEST; order <= SEARCH_OLDEST; order++) {
		for (unsigned limit = 1; limit < 1200; limit += 397) {
			struct asked a;
			ask_begin(&a, &lake, "");
			a.request.sort = "level";
			a.request.order = (enum search_order)order;
			a.request.limit = limit;
			a.request.threads = limit % 3 + 1;
			ask(&a, lake.store);
			assert_int_equal(a.n, limit < 924 ? limit : 924);
			int64_t last = order == SEARCH_NEWEST ? 1000 : 0;
			for (uint32_t i = 0; i < a.n; i++) {
				struct event e = lake_event(a.numbers[i]);
				int64_t level = is_other(a.numbers[i]) ? -1 : e.level;
				if (level < 0)
					level = order == SEARCH_NEWEST ? -1 : 1000;
				assert_true(order == SEARCH_NEWEST ? level <= last : level >= last);
				last = level;
			}
			if (limit == 1)
				assert_int_equal(last, order == SEARCH_NEWEST ? 10 : 0);
			ask_end(&a);
		}
	}
}

static void sorts_texts_folded(void **state)
{
	(void)state;
	struct asked a;
	ask_begin(&a, &lake, "who:*");
	a.request.sort = "who";
	a.request.order = SEARCH_OLDEST;
	a.request.limit = 2000;
	ask(&a, lake.store);
	const char *last = "";
	for (uint32_t i = 0; i < a.n; i++) {
		struct event e = lake_event(a.numbers[i]);
		assert_true(strcasecmp(last, e.who) <= 0);
		last = e.who;
	}
	assert_true(a.n > 700);
	assert_string_equal(last, "frank");
	ask_end(&a);
}

static void sorts_by_the_best_of_a_list(void **state)
{
	(void)state;
	struct asked a;
	ask_begin(&a, &lake, "");
	a.request.sort = "labels";
	a.request.limit = 30;
	ask(&a, lake.store);
	for (uint32_t i = 0; i < a.n; i++) {
		struct event e = lake_event(a.numbers[i]);
		bool has = false;
		for (unsigned k = 0; k < e.nlabels; k++)
			has |= strcmp(e.labels[k], "x y") == 0;
		CHECK_ROW(i, has);
	}
	assert_int_equal(a.n, 30);
	ask_end(&a);
}

/* ---- values ---------------------------------------------------------------------------------- */

struct offered {
	char text[200];
	uint64_t counts;
};

static int offer(void *ctx, struct slice value, uint64_t count, struct err *err)
{
	struct offered *offered = ctx;
	(void)err;
	snprintf(offered->text + strlen(offered->text),
		sizeof(offered->text) - strlen(offered->text), "[%.*s]", SLICE_ARG(value));
	offered->counts += count;
	return 0;
}

static void offers_values(void **state)
{
	(void)state;
	static const struct {
		const char *field, *prefix;
		uint32_t max;
		const char *due;
	} rows[] = {
		{"who", "a", 5, "[Ann]"},
		{"who", "A", 5, "[Ann]"},
		{"actor", "eV", 5, "[EVE]"},
		{"who", "zz", 5, ""},
		{"labels", "STRASS", 5, "[straße]"},
		{"table", "", 5, "[search_logs][other_logs]"},
		{"table", "o", 5, "[other_logs]"},
		{"nonsense", "", 5, ""},
		{"who", "", 0, ""},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct offered offered = {{0}, 0};
		struct err err;
		assert_int_equal(search_values(lake.store, &lake.tables, rows[i].field,
					 slice_of(rows[i].prefix), INT64_MIN, rows[i].max, 10000,
					 offer, &offered, &err),
			0);
		if (strcmp(offered.text, rows[i].due) != 0)
			fail_msg("row %zu: %s, not %s", i, offered.text, rows[i].due);
	}
	struct offered offered = {{0}, 0};
	assert_int_equal(search_values(lake.store, &lake.tables, "who", SLICE(""), INT64_MIN, 100,
				 10000, offer, &offered, NULL),
		0);
	uint64_t due = 0;
	for (uint32_t n = 0; n < 1000; n++)
		due += lake_event(n).who != NULL;
	assert_int_equal(offered.counts, due);
}

/* ---- cells and rows -------------------------------------------------------------------------- */

static int check_cells(void *ctx, const struct search_row *row, struct err *err)
{
	uint32_t *rows = ctx;
	struct buf text;
	struct event e = lake_event(17);
	struct vault_place place;
	char due[300];
	buf_init(&text, 10000);
	(void)err;
	assert_true(search_cell(row, "who", &text) == (e.who != NULL));
	buf_clear(&text);
	assert_true(search_cell(row, "labels", &text) == (e.nlabels > 0));
	due[0] = '\0';
	for (unsigned i = 0; i < e.nlabels; i++)
		snprintf(due + strlen(due), 100, "%s%s", i ? ", " : "", e.labels[i]);
	buf_push(&text, '\0');
	assert_string_equal(text.ptr, due);
	buf_clear(&text);
	assert_true(search_cell(row, "extra.c", &text));
	snprintf(due, sizeof(due), "%d", (int)e.extra);
	buf_push(&text, '\0');
	assert_string_equal(text.ptr, due);
	buf_clear(&text);
	assert_false(search_cell(row, "extra.nothing", &text));
	assert_false(search_cell(row, "summary", &text));
	assert_int_equal(text.len, 0);
	assert_true(search_cell(row, "table", &text));
	buf_clear(&text);
	assert_true(search_row_place(row, &place));
	assert_int_equal(store_read_raw(lake.store, &place, &text, err), 0);
	assert_memory_equal(text.ptr, "{\"n\":17 ", 8);
	buf_clear(&text);
	search_row_json(row, &text);
	buf_push(&text, '\0');
	snprintf(due, sizeof(due), ",\"number\":17,\"level\":%d,\"note\":\"%s\"", (int)e.level,
		e.note);
	assert_non_null(strstr(text.ptr, due));
	assert_memory_equal(text.ptr, "{\"table\":\"search_logs\",\"event_id\":\"", 35);
	assert_null(strstr(text.ptr, "null"));
	buf_fini(&text);
	++*rows;
	return 0;
}

static void rows_as_cells_and_json(void **state)
{
	(void)state;
	struct asked a;
	struct err err;
	uint32_t rows = 0;
	struct event e = lake_event(17);
	assert_true(e.level >= 0 && e.nlabels > 0 && e.extra >= 0); /* else another number */
	ask_begin(&a, &lake, "number:17");
	ask(&a, lake.store);
	assert_int_equal(search_rows(a.search, 0, 10, NULL, 0, check_cells, &rows, &err), 0);
	assert_int_equal(rows, 1);
	assert_int_equal(search_rows(a.search, 1, 10, NULL, 0, check_cells, &rows, &err), 0);
	assert_int_equal(rows, 1);
	ask_end(&a);
}

static void finds_paths_in_json(void **state)
{
	(void)state;
	static const struct {
		const char *json, *path, *due;
	} rows[] = {
		{"{\"a\":1}", "a", "1"},
		{" { \"a\" : \"x\\u0041\" } ", "a", "xA"},
		{"{\"a\":{\"b\":[1, 2] }}", "a.b", "[1, 2]"},
		{"{\"a\":{\"b\":null}}", "a.b", NULL},
		{"{\"a\":{\"b\":null}}", "a", "{\"b\":null}"},
		{"{\"a.b\":true}", "a.b", "true"},
		{"{\"a\":{\"c\":1},\"a.b\":2}", "a.b", "2"},
		{"{\"a\":{\"c\":1},\"a\":{\"b\":3}}", "a.b", "3"},
		{"{\"a\":1}", "a.b", NULL},
		{"{\"a\":1}", "b", NULL},
		{"{\"ab\":1}", "a", NULL},
		{"{\"\":{\"\":5}}", ".", "5"},
		{"{}", "a", NULL},
		{"[1]", "a", NULL},
		{"{\"a\":", "a", NULL},
		{"{\"a\"", "a", NULL},
		{"", "a", NULL},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct buf out;
		buf_init(&out, 1000);
		bool found = json_path_text(slice_of(rows[i].json), slice_of(rows[i].path), &out);
		CHECK_ROW(i, found == (rows[i].due != NULL));
		CHECK_ROW(i, !found || slice_eq(buf_view(&out), slice_of(rows[i].due)));
		buf_fini(&out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(facets_are_counts),
		cmocka_unit_test(facets_say_when_memory_ran_out),
		cmocka_unit_test(facet_map_keeps_the_frequent),
		cmocka_unit_test(histograms_have_no_holes),
		cmocka_unit_test(buckets_stand_on_the_calendar),
		cmocka_unit_test(sorts_numbers_nulls_last),
		cmocka_unit_test(sorts_texts_folded),
		cmocka_unit_test(sorts_by_the_best_of_a_list),
		cmocka_unit_test(offers_values),
		cmocka_unit_test(rows_as_cells_and_json),
		cmocka_unit_test(finds_paths_in_json),
	};
	return cmocka_run_group_tests(tests, make_lake, drop_lake);
}
