/* SPDX-License-Identifier: Apache-2.0 */
/* string_test.c: what a JSON string says, and JSON text made well-formed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "json/json.h"

#define FFFD "\xEF\xBF\xBD"

/* Rows: JSON string, its text, whether it was repaired, and the JSON text json_repair makes. */
static const struct row {
	struct slice json, text;
	bool repaired;
	struct slice mended;
} rows[] = {
	{SLICE("\"\""), SLICE(""), false, SLICE("\"\"")},
	{SLICE("\"plain text of some length\""), SLICE("plain text of some length"), false,
		SLICE("\"plain text of some length\"")},
	{SLICE("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\""), SLICE("\"\\/\b\f\n\r\t"), false,
		SLICE("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"")},
	{SLICE("\"\\u0041\\u00e9\\u20AC\\ud83d\\ude00\""),
		SLICE("A\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80"), false,
		SLICE("\"\\u0041\\u00e9\\u20AC\\ud83d\\ude00\"")},
	{SLICE("\"\xC3\xA9\xF0\x9F\x98\x80\""), SLICE("\xC3\xA9\xF0\x9F\x98\x80"), false,
		SLICE("\"\xC3\xA9\xF0\x9F\x98\x80\"")},
	{SLICE("\"a\\ud800b\""), SLICE("a" FFFD "b"), true, SLICE("\"a\\ufffdb\"")},
	{SLICE("\"\\udc00\\ud800\\ud800\\udc00\""), SLICE(FFFD FFFD "\xF0\x90\x80\x80"), true,
		SLICE("\"\\ufffd\\ufffd\\ud800\\udc00\"")},
	{SLICE("\"a\\u0000b\""), SLICE("a" FFFD "b"), true, SLICE("\"a\\ufffdb\"")},
	{SLICE("\"a\0b\""), SLICE("a" FFFD "b"), true, SLICE("\"a" FFFD "b\"")},
	{SLICE("\"a\tb\x01\""), SLICE("a\tb\x01"), true, SLICE("\"a\\u0009b\\u0001\"")},
	/* Unicode 15, section 3.9: one U+FFFD for each maximal subpart. */
	{SLICE("\"\xC0\xAF\xE0\x80\xBF\xF0\x81\x82\x41\""),
		SLICE(FFFD FFFD FFFD FFFD FFFD FFFD FFFD FFFD "A"), true,
		SLICE("\"" FFFD FFFD FFFD FFFD FFFD FFFD FFFD FFFD "A\"")},
	{SLICE("\"\xED\xA0\x80\xF4\x91\x92\x93\xFF\x41\x80\xBF\x42\""),
		SLICE(FFFD FFFD FFFD FFFD FFFD FFFD FFFD FFFD "A" FFFD FFFD "B"), true,
		SLICE("\"" FFFD FFFD FFFD FFFD FFFD FFFD FFFD FFFD "A" FFFD FFFD "B\"")},
	{SLICE("\"\xE1\x80\xE2\xF0\x91\x92\xF1\xBF\x41\""), SLICE(FFFD FFFD FFFD FFFD "A"), true,
		SLICE("\"" FFFD FFFD FFFD FFFD "A\"")},
};

static void texts(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *r = &rows[i];
		struct buf out, mended;
		bool repaired = false;
		buf_init(&out, 1000);
		buf_init(&mended, 1000);
		int64_t end = json_unescape(r->json, 0, &out, &repaired);
		json_repair(r->json, &mended);
		if (end != (int64_t)r->json.len || repaired != r->repaired ||
			!slice_eq(buf_view(&out), r->text) ||
			!slice_eq(buf_view(&mended), r->mended) ||
			json_validate(buf_view(&mended), NULL) < 0)
			fail_msg("row %zu: end %lld, repaired %d, text %.*s, mended %.*s", i,
				(long long)end, repaired, SLICE_ARG(buf_view(&out)),
				SLICE_ARG(buf_view(&mended)));
		buf_fini(&out);
		buf_fini(&mended);
	}
}

static void no_strings(void **state)
{
	(void)state;
	static const struct slice cases[] = {SLICE("\"abc"), SLICE("\"abc\\\""), SLICE("\"\\x\""),
		SLICE("\"\\u12g4\""), SLICE("\"")};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf out;
		bool repaired = false;
		buf_init(&out, 1000);
		if (json_unescape(cases[i], 0, &out, &repaired) != -1)
			fail_msg("case %zu is taken", i);
		buf_fini(&out);
	}
}

static void whole_values(void **state)
{
	(void)state;
	struct buf out;
	buf_init(&out, 1000);
	json_repair(SLICE("{\"k\x01\": [\"\xFF\", 1e400, \"a\\\"\\ud800\"]}"), &out);
	assert_true(slice_eq(
		buf_view(&out), SLICE("{\"k\\u0001\": [\"" FFFD "\", 1e400, \"a\\\"\\ufffd\"]}")));
	buf_fini(&out);
}

static void members(void **state)
{
	static const struct {
		struct slice object;
		const char *key, *text; /* NULL = none */
	} cases[] = {
		{SLICE("{\"node\":\"a\"}"), "node", "a"},
		{SLICE(" { \"x\" : {\"node\":\"in\"} , \"node\" : \"out\\u0041\" } "), "node",
			"outA"},
		{SLICE("{\"node\":\"first\",\"node\":\"last\"}"), "node", "last"},
		{SLICE("{\"n\\u006fde\":\"escaped\"}"), "node", "escaped"},
		{SLICE("{\"x\":\"\xff\",\"node\":\"a\"}"), "node", "a"},
		{SLICE("{\"node\":\"\xff\"}"), "node", NULL},
		{SLICE("{\"node\":\"\"}"), "node", ""},
		{SLICE("{\"node\":1}"), "node", NULL},
		{SLICE("{\"node\":null}"), "node", NULL},
		{SLICE("{\"x\":{\"node\":\"inner\"}}"), "node", NULL},
		{SLICE("{\"nodes\":\"a\"}"), "node", NULL},
		{SLICE("[\"node\",\"a\"]"), "node", NULL},
		{SLICE("{\"node\":\"a\""), "node", NULL},
		{SLICE("{}"), "node", NULL},
		{SLICE(""), "node", NULL},
	};
	struct buf out;
	(void)state;
	buf_init(&out, 100);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bool found = json_find_text(cases[i].object, cases[i].key, &out);
		if (found != (cases[i].text != NULL) ||
			(found && !slice_eq(buf_view(&out), slice_of(cases[i].text))))
			fail_msg("row %zu: %d \"%.*s\"", i, found, SLICE_ARG(buf_view(&out)));
	}
	buf_fini(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts),
		cmocka_unit_test(no_strings),
		cmocka_unit_test(whole_values),
		cmocka_unit_test(members),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
