/* SPDX-License-Identifier: Apache-2.0 */
/* time_test.c: every form of time, to the microsecond, and what is none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "decode/decode.h"
#include "decode/private.h"

#define L ROW_LENIENT_TIME
#define Z ROW_TIME_ZONELESS

/* Rows: text, the time as clock_text has it (NULL: unreadable), flags. */
static const struct text_row {
	const char *text, *time;
	uint8_t flags;
} texts[] = {
	{"2022-01-24T08:48:05.645+0000", "2022-01-24T08:48:05.645000Z", 0},
	{"2021-11-27T18:11:09.514Z", "2021-11-27T18:11:09.514000Z", 0},
	{"2021-11-27T18:11:09Z", "2021-11-27T18:11:09.000000Z", 0},
	{"2021-11-27t18:11:09z", "2021-11-27T18:11:09.000000Z", 0},
	{"2021-11-27T18:11Z", "2021-11-27T18:11:00.000000Z", 0},
	{"2021-11-27T18:11:09+05:30", "2021-11-27T12:41:09.000000Z", 0},
	{"2021-11-27T18:11:09-0330", "2021-11-27T21:41:09.000000Z", 0},
	{"2021-11-27T18:11:09+02", "2021-11-27T16:11:09.000000Z", 0},
	{"2021-11-27T18:11:09-00:00", "2021-11-27T18:11:09.000000Z", 0},
	{"2023-09-20T17:22:54.432", "2023-09-20T17:22:54.432000Z", Z},
	{"2023-09-20T17:22:54.1Z", "2023-09-20T17:22:54.100000Z", 0},
	{"2023-09-20T17:22:54.019Z", "2023-09-20T17:22:54.019000Z", 0},
	{"2023-09-20T17:22:54.123456Z", "2023-09-20T17:22:54.123456Z", 0},
	{"2023-09-20T17:22:54.123456789Z", "2023-09-20T17:22:54.123456Z", 0},
	{"1969-12-31T23:59:59.999999999Z", "1969-12-31T23:59:59.999999Z", 0},
	{"2024-02-29T00:00:00Z", "2024-02-29T00:00:00.000000Z", 0},
	{"2000-02-29T00:00:00Z", "2000-02-29T00:00:00.000000Z", 0},
	{"0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000000Z", 0},
	{"9999-12-31T23:59:59Z", "9999-12-31T23:59:59.000000Z", 0},
	/* by courtesy */
	{"2022-08-03:00:00.000+0000", "2022-08-03T00:00:00.000000Z", L},
	{"2022-08-03:14:05.250+0000", "2022-08-03T14:05:00.250000Z", L},
	{"2022-08-03:14:05:06.250+0000", "2022-08-03T14:05:06.250000Z", L},
	{"2022-08-03 14:05:06", "2022-08-03T14:05:06.000000Z", L | Z},
	{"2022-08-03T14:05:06,250Z", "2022-08-03T14:05:06.250000Z", L},
	{"2022-08-03 14:05:06 +0100", "2022-08-03T13:05:06.000000Z", L},
	{"2022-08-03", "2022-08-03T00:00:00.000000Z", L | Z},
	{"2016-12-31T23:59:60Z", "2017-01-01T00:00:00.000000Z", L},
	/* digits alone */
	{"0", "1970-01-01T00:00:00.000000Z", 0},
	{"1644624007", "2022-02-12T00:00:07.000000Z", 0},
	{"1644624007.41", "2022-02-12T00:00:07.410000Z", 0},
	{"1661412506867", "2022-08-25T07:28:26.867000Z", 0},
	{"1661412506867123", "2022-08-25T07:28:26.867123Z", 0},
	{"1661412506867123456", "2022-08-25T07:28:26.867123Z", 0},
	{"-1", "1969-12-31T23:59:59.000000Z", 0},
	/* none */
	{"", NULL, 0},
	{"yesterday", NULL, 0},
	{"2023-02-29T00:00:00Z", NULL, 0},
	{"1900-02-29T00:00:00Z", NULL, 0},
	{"2023-13-01T00:00:00Z", NULL, 0},
	{"2023-00-01T00:00:00Z", NULL, 0},
	{"2023-04-31T00:00:00Z", NULL, 0},
	{"0000-01-01T00:00:00Z", NULL, 0},
	{"2023-01-01T24:00:00Z", NULL, 0},
	{"2023-01-01T00:60:00Z", NULL, 0},
	{"2023-01-01T00:00:61Z", NULL, 0},
	{"2023-01-01T00:00:00.Z", NULL, 0},
	{"2023-01-01T00:00:00.1234567890Z", NULL, 0},
	{"2023-01-01T00:00.5Z", NULL, 0},
	{"2023-01-01T00:00:00X", NULL, 0},
	{"2023-01-01T00:00:00Zx", NULL, 0},
	{"2023-01-01T00:00:00+", NULL, 0},
	{"2023-01-01T00:00:00+1", NULL, 0},
	{"2023-01-01T00:00:00+01:", NULL, 0},
	{"2023-01-01T00:00:00+24:00", NULL, 0},
	{"2023-01-01T", NULL, 0},
	{"2023-1-1", NULL, 0},
	{"1e9", NULL, 0},
	{"-0", NULL, 0},
	{"1644624007.", NULL, 0},
	{"99999999999999999999", NULL, 0},
};

static void from_text(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		int64_t us;
		uint8_t flags = 0;
		char shown[CLOCK_TEXT];
		int got = decode_time_text(slice_of(texts[i].text), &us, &flags);
		if ((got == 0) != (texts[i].time != NULL) || flags != texts[i].flags ||
			(got == 0 && strcmp(clock_text(us, shown), texts[i].time) != 0))
			fail_msg("\"%s\": %s, flags %d", texts[i].text,
				got == 0 ? clock_text(us, shown) : "unreadable", flags);
	}
}

/* Bounds of the units: docs/format.md. */
static void from_number(void **state)
{
	(void)state;
	static const struct {
		int64_t value, us;
	} rows[] = {
		{99999999999, 99999999999000000},
		{100000000000, 100000000000000},
		{99999999999999, 99999999999999000},
		{100000000000000, 100000000000000},
		{99999999999999999, 99999999999999999},
		{100000000000000000, 100000000000000},
		{-99999999999, -99999999999000000},
		{-1661412506867, -1661412506867000},
		{INT64_MAX, INT64_MAX / 1000},
		{INT64_MIN, INT64_MIN / 1000 - 1},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int64_t us;
		if (decode_time_number(rows[i].value, &us) < 0 || us != rows[i].us)
			fail_msg("%lld gives %lld", (long long)rows[i].value, (long long)us);
	}
}

static void from_json(void **state)
{
	(void)state;
	static const struct {
		const char *json;
		int64_t us; /* -1: unreadable */
		bool exact;
	} rows[] = {
		{"{\"epochSecond\":1644624007,\"nano\":410000000}", 1644624007410000, true},
		{"{\"epochSecond\":1644624007,\"nano\":19000000}", 1644624007019000, true},
		{"{ \"nano\" : 5000 , \"epochSecond\" : 1 }", 1000005, true},
		{"{\"epochSecond\":7}", 7000000, true},
		{"{\"epochSecond\":1,\"nano\":1999}", 1000001, false},
		{"{\"epochSecond\":1,\"nano\":0,\"zone\":\"x\"}", 1000000, false},
		{"{\"epochSecond\":1,\"nano\":1000000000}", -1, true},
		{"{\"epochSecond\":1,\"nano\":-1}", -1, true},
		{"{\"epochSecond\":\"1\",\"nano\":1}", -1, true},
		{"{\"epochSecond\":1.5}", -1, true},
		{"{\"epochSecond\":9000000000000000000}", -1, true},
		{"{\"nano\":1}", -1, true},
		{"{}", -1, true},
		{"1661412506867", 1661412506867000, true},
		{"1661412506867123456", 1661412506867123, false},
		{"1644624007.4100001", 1644624007410000, false},
		{"1e9", -1, true},
		{"\"1970-01-01T00:00:01Z\"", 1000000, true},
		{"\"1970-01-01T00\\u003a00:01Z\"", 1000000, true},
		{"\"1970-01-01T00:00:01.0000001Z\"", 1000000, false},
		{"true", -1, true},
		{"[1]", -1, true},
	};
	struct buf scratch;
	buf_init(&scratch, 1000);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int64_t us = -1;
		uint8_t flags = 0;
		bool exact;
		if (time_of_json(slice_of(rows[i].json), &us, &flags, &exact, &scratch) < 0)
			us = -1;
		if (us != rows[i].us || (us >= 0 && exact != rows[i].exact))
			fail_msg("%s gives %lld, exact %d", rows[i].json, (long long)us, exact);
	}
	buf_fini(&scratch);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(from_text),
		cmocka_unit_test(from_number),
		cmocka_unit_test(from_json),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
