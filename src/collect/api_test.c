/* SPDX-License-Identifier: Apache-2.0 */
/* api_test.c: how each API is asked, and what its envelopes say; without a server. */
#include "base/test.h"
#include "collect/private.h"

#define MS INT64_C(1000)
#define T  INT64_C(1706702400000000) /* 2024-01-31T12:00:00Z */

static const struct {
	const struct api *api;
	struct page_ask ask;
	const char *want;
} queries[] = {
	{&api_jira, {.from = T, .to = T + 9 * MS, .offset = 7},
		"?from=2024-01-31T12%3A00%3A00.000Z&to=2024-01-31T12%3A00%3A00.009Z&offset=7&limit="
		"50"},
	{&api_jira, {.from = SOURCE_OPEN_FROM, .to = T + 999 * MS},
		"?to=2024-01-31T12%3A00%3A00.999Z&offset=0&limit=50"},
	{&api_jira, {.from = SOURCE_OPEN_FROM, .to = SOURCE_OPEN_TO}, "?offset=0&limit=50"},
	{&api_jira, {.from = 0, .to = SOURCE_OPEN_TO},
		"?from=1970-01-01T00%3A00%3A00.000Z&offset=0&limit=50"},
	{&api_confluence, {.from = T, .to = T + MS, .offset = 1000},
		"?startDate=1706702400000&endDate=1706702400001&start=1000&limit=50"},
	{&api_confluence, {.from = SOURCE_OPEN_FROM, .to = T},
		"?endDate=1706702400000&start=0&"
		"limit=50"},
	{&api_data_center, {.from = T, .to = T + MS, .cursor = "17,4&+"},
		"?from=2024-01-31T12%3A00%3A00.000Z&to=2024-01-31T12%3A00%3A00.001Z&limit=50&"
		"pageCursor=17%2C4%26%2B"},
	{&api_data_center, {.from = SOURCE_OPEN_FROM, .to = SOURCE_OPEN_TO, .offset = 5},
		"?limit=50&offset=5"},
	{&api_organisation, {.from = T, .to = SOURCE_OPEN_TO},
		"?from=1706702400000&sortOrder=asc&limit=50"},
	{&api_organisation, {.from = T, .to = T + MS, .newest = true},
		"?from=1706702400000&to=1706702400001&sortOrder=desc&limit=50"},
	{&api_organisation, {.from = T, .to = T + MS, .cursor = "a=/+"},
		"?cursor=a%3D%2F%2B&limit="
		"50"},
};

static void test_queries(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(queries); i++) {
		struct buf url;
		buf_init(&url, 4096);
		queries[i].api->query(&queries[i].ask, 50, &url);
		if (!slice_eq(buf_view(&url), slice_of(queries[i].want)))
			fail_msg("row %zu: %.*s", i, SLICE_ARG(buf_view(&url)));
		buf_fini(&url);
	}
}

static const struct {
	const struct api *api;
	const char *body;
	int64_t total;
	bool last, more;
	const char *cursor;
} envelopes[] = {
	{&api_jira, "{\"total\":17,\"records\":[]}", 17, false, false, ""},
	{&api_jira, "{\"total\":\"17\"}", -1, false, false, ""},
	{&api_jira, "{\"total\":1e3}", -1, false, false, ""},
	{&api_jira, "{\"total\":-5}", -5, false, false, ""},
	{&api_jira, "{\"total\":99999999999999999999}", -1, false, false, ""},
	{&api_jira, "{\"total\":null}", -1, false, false, ""},
	{&api_jira, "{}", -1, false, false, ""},
	{&api_confluence, "{\"_links\":{\"next\":\"/rest/api/audit?start=5\"}}", -1, false, true,
		""},
	{&api_confluence, "{\"_links\":{\"next\":\"https://evil.example.net/x\"}}", -1, false,
		false, ""},
	{&api_confluence, "{\"_links\":{\"next\":null}}", -1, false, false, ""},
	{&api_confluence, "{\"_links\":[1]}", -1, false, false, ""},
	{&api_confluence, "{\"size\":37}", -1, false, false, ""},
	{&api_data_center, "{\"pagingInfo\":{\"lastPage\":false,\"nextPageCursor\":\"17,4\"}}", -1,
		false, true, "17,4"},
	{&api_data_center, "{\"pagingInfo\":{\"lastPage\":true,\"nextPageCursor\":\"17,4\"}}", -1,
		true, false, ""},
	{&api_data_center, "{\"pagingInfo\":{\"lastPage\":\"true\",\"nextPageCursor\":7}}", -1,
		false, false, ""},
	{&api_data_center, "{\"pagingInfo\":null}", -1, false, false, ""},
	{&api_data_center, "{\"pagingInfo\":{}}", -1, false, false, ""},
	{&api_organisation, "{\"meta\":{\"next\":\"abc\"}}", -1, false, false, "abc"},
	{&api_organisation, "{\"meta\":{\"next\":null}}", -1, true, false, ""},
	{&api_organisation, "{\"meta\":{\"next\":5}}", -1, false, false, ""},
	{&api_organisation, "{\"meta\":{\"next\":{}}}", -1, false, false, ""},
	{&api_organisation, "{\"meta\":{\"next\":\"\\u0000\"}}", -1, false, false, ""},
	{&api_organisation, "{\"meta\":{\"next\":null},\"links\":{\"next\":\"x?cursor=abc\"}}", -1,
		true, false, ""},
	{&api_organisation, "{\"links\":{\"next\":\"https://x/y?cursor=a%3Db%2F&limit=2\"}}", -1,
		false, false, "a=b/"},
	{&api_organisation, "{\"meta\":{},\"links\":{\"next\":\"?cursor=a%zz%4\"}}", -1, false,
		false, "a%zz%4"},
	{&api_organisation, "{\"links\":{\"next\":\"https://x/y\"}}", -1, false, false, ""},
	{&api_organisation, "{\"links\":{\"next\":null}}", -1, true, false, ""},
	{&api_organisation, "{\"links\":[]}", -1, true, false, ""},
	{&api_organisation, "{}", -1, true, false, ""},
};

static void test_envelopes(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(envelopes); i++) {
		struct page page;
		page_init(&page);
		envelopes[i].api->envelope(slice_of(envelopes[i].body), &page);
		CHECK_ROW(i, page.total == envelopes[i].total);
		CHECK_ROW(i, page.last == envelopes[i].last);
		CHECK_ROW(i, page.more == envelopes[i].more);
		CHECK_ROW(i, strcmp(page.cursor, envelopes[i].cursor) == 0);
		page_fini(&page);
	}
}

/* A cursor at its most is taken whole, a longer one not at all. */
static void test_long_cursors(void **state)
{
	(void)state;
	for (int n = PAGE_CURSOR - 2; n <= PAGE_CURSOR + 1; n++) {
		struct buf body;
		struct page page;
		buf_init(&body, 1 << 16);
		buf_printf(&body, "{\"meta\":{\"next\":\"%0*d\"}}", n, 0);
		page_init(&page);
		api_organisation.envelope(buf_view(&body), &page);
		assert_int_equal(strlen(page.cursor), n < PAGE_CURSOR ? n : 0);
		assert_false(page.last);
		page_fini(&page);
		buf_clear(&body);
		buf_printf(&body, "{\"links\":{\"next\":\"cursor=%0*d\"}}", n, 0);
		page_init(&page);
		api_organisation.envelope(buf_view(&body), &page);
		assert_int_equal(strlen(page.cursor), n + 7 < PAGE_CURSOR ? n : 0);
		page_fini(&page);
		buf_fini(&body);
	}
}

static void test_kinds(void **state)
{
	(void)state;
	for (const struct source_kind *kind = source_kinds; kind->name; kind++)
		assert_ptr_equal(source_kind_find(kind->name), kind);
	assert_null(source_kind_find("jirra"));
	for (int f = 0; f < SOURCE_FAILURES; f++)
		assert_string_not_equal(source_failure_name((enum source_failure)f), "?");
	assert_true(source_failure_is_final(SOURCE_TOKEN));
	assert_false(source_failure_is_final(SOURCE_OVERLOADED));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_queries),
		cmocka_unit_test(test_envelopes),
		cmocka_unit_test(test_long_cursors),
		cmocka_unit_test(test_kinds),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
