/* SPDX-License-Identifier: Apache-2.0 */
/* search_draw_test.c: histograms, facets and the JSON of a result, drawn from results made here; hostile
 * values; places of pages as text. */
#include "base/test.h"

/* cmocka's fail() is a macro; the command line has a function of that name. */
#pragma push_macro("fail")
#undef fail
#include "cli/search.h"
#pragma pop_macro("fail")

/* clang-format off */
#define TEXT(text) {text, sizeof(text) - 1}
/* clang-format on */

static char *take(struct buf *out)
{
	buf_append(out, "", 1);
	return out->ptr;
}

static void a_histogram(void **state)
{
	static const struct search_bucket buckets[] = {
		{0, 0}, {86400000000, 1}, {172800000000, 500}, {259200000000, 1000}};
	struct search_result result = {.bucket_us = 86400000000,
		.nbuckets = COUNT(buckets),
		.buckets = buckets,
		.no_time = 7};
	struct buf out;
	(void)state;
	buf_init(&out, 1 << 16);
	histogram_draw(&result, &out);
	assert_string_equal(take(&out), "1,000 ┤   █\n"
					"      │   █\n"
					"      │  ██\n"
					"    0 ┤ ▁██\n"
					"       1970-01-01 … 1970-01-04  one bar = 1 d\n"
					"7 without a time\n");
	buf_clear(&out);
	result.bucket_us = INT64_C(3) * 2629746 * 1000000;
	histogram_draw(&result, &out);
	assert_non_null(strstr(take(&out), "1970-01 … 1970-01  one bar = 3 months\n"));
	buf_clear(&out);
	result.bucket_us *= 4;
	histogram_draw(&result, &out);
	assert_non_null(strstr(take(&out), "one bar = 1 year\n"));
	buf_clear(&out);
	result.nbuckets = 0;
	result.no_time = 0;
	histogram_draw(&result, &out);
	assert_string_equal(take(&out), "");
	buf_fini(&out);
}

/* Counts near the end of 64 bits, and nothing but zeros. */
static void odd_histograms(void **state)
{
	static const struct search_bucket large[] = {{INT64_MAX - 1, UINT64_MAX}, {INT64_MAX, 1}};
	static const struct search_bucket none[] = {{INT64_MIN, 0}, {0, 0}};
	struct search_result result = {.bucket_us = 1, .nbuckets = 2, .buckets = large};
	struct buf out;
	(void)state;
	buf_init(&out, 1 << 16);
	histogram_draw(&result, &out);
	assert_non_null(strstr(take(&out), "┤█▁\n"));
	assert_non_null(strstr(out.ptr, "one bar = 1 µs"));
	buf_clear(&out);
	result.buckets = none;
	histogram_draw(&result, &out);
	assert_null(strstr(take(&out), "▁"));
	buf_fini(&out);
}

static void facets(void **state)
{
	static const struct search_facet_value values[] = {
		{TEXT("bob"), false, 1600},
		{TEXT("\x1b[31m\xe2\x80\xae"), false, 800},
		{TEXT("\xe4\xb8\xad\xe6\x96\x87"), false, 100},
		{TEXT(""), false, 1},
		{TEXT(""), true, 1},
		{TEXT("a value that is longer than the forty columns that it may take"), false, 0},
	};
	static const struct search_facet facet = {"actor", 9, 12, true, COUNT(values), values};
	struct search_result result = {.nfacets = 1, .facets = &facet};
	struct buf out;
	(void)state;
	buf_init(&out, 1 << 16);
	facets_draw(&result, 80, &out);
	assert_string_equal(take(&out),
		"actor: 9 values, more than memory holds: counts of rare ones are too low\n"
		"  bob                                                1,600  ████████████████\n"
		"  \\x1b[31m\\u{202e}                                     800  ████████\n"
		"  \xe4\xb8\xad\xe6\x96\x87                                                 100  "
		"█\n"
		"  (empty)                                                1  ▏\n"
		"  (none)                                                 1  ▏\n"
		"  a value that is longer than the forty c…               0  \n"
		"  and 12 of other values\n");
	for (unsigned width = 1; width < 100; width++) {
		buf_clear(&out);
		facets_draw(&result, width, &out);
		char *rest;
		for (char *line = strtok_r(take(&out), "\n", &rest); line;
			line = strtok_r(NULL, "\n", &rest))
			if (line[0] == ' ' && width >= 40)
				CHECK_ROW(width, text_width(slice_of(line)) <= width);
	}
	buf_fini(&out);
}

static void a_result_as_json(void **state)
{
	static const struct search_facet_value values[] = {
		{TEXT("a\"\x1b"), false, 2}, {TEXT(""), true, 1}};
	static const struct search_facet facet = {"ip", 1, 0, false, COUNT(values), values};
	static const struct search_bucket bucket = {0, 3};
	static const struct search_problem problem = {"x\n", "y"};
	struct command_line line = {.values = {[OPT_EXPLAIN] = NULL}};
	struct searching s = {.line = &line, .request = {.buckets = 1}, .began = clock_mono_us()};
	struct search_result result = {.matched = 3,
		.counted = true,
		.partial = true,
		.why = "late",
		.bucket_us = 60000000,
		.nbuckets = 1,
		.buckets = &bucket,
		.nfacets = 1,
		.facets = &facet,
		.nproblems = 1,
		.problems = &problem};
	struct buf out;
	(void)state;
	buf_init(&out, 1 << 16);
	result_json(&s, &result, &out);
	char *text = take(&out), *took = strstr(text, "\"took_us\":");
	assert_non_null(took);
	assert_non_null(
		strstr(text, "\"matched\":3,\"counted\":true,\"more\":false,\"partial\":true,"
			     "\"why\":\"late\",\"gave_up\":0,"));
	assert_non_null(strstr(took,
		",\"histogram\":{\"bucket_us\":60000000,\"no_time\":0,\"buckets\":[{\"begin\":"
		"\"1970-01-01T00:00:00.000000Z\",\"count\":3}]},\"facets\":[{\"field\":\"ip\","
		"\"distinct\":1,\"others\":0,\"cut\":false,\"values\":[{\"value\":\"a\\\"\\u001b\","
		"\"count\":2},{\"value\":null,\"count\":1}]}],\"problems\":[{\"path\":\"x\\n\","
		"\"what\":\"y\"}]"));
	buf_fini(&out);
}

static void places_of_pages(void **state)
{
	static const struct search_cursor rows[] = {
		{false, 0, {0}},
		{false, INT64_MIN, {0xff, 1, 2}},
		{false, INT64_MAX, {[15] = 9}},
		{true, 0, {1, 2, 3}},
	};
	static const char *const wrong[] = {"", "x", ".", "1.", "none.", "none",
		"1.0123456789abcdef0123456789abcde", "1.0123456789abcdef0123456789abcdeg",
		"1.0123456789ABCDEF0123456789abcdef", "x.0123456789abcdef0123456789abcdef",
		"99999999999999999999.0123456789abcdef0123456789abcdef",
		".0123456789abcdef0123456789abcdef", "1.0123456789abcdef0123456789abcdef0"};
	struct search_cursor back;
	char text[CURSOR_TEXT];
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		CHECK_ROW(i, cursor_parse(cursor_text(&rows[i], text), &back) == 0);
		CHECK_ROW(i, back.no_time == rows[i].no_time && back.time == rows[i].time);
		CHECK_ROW(i, memcmp(back.id, rows[i].id, 16) == 0);
	}
	for (size_t i = 0; i < COUNT(wrong); i++)
		CHECK_ROW(i, cursor_parse(wrong[i], &back) == -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_histogram),
		cmocka_unit_test(odd_histograms),
		cmocka_unit_test(facets),
		cmocka_unit_test(a_result_as_json),
		cmocka_unit_test(places_of_pages),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
