/* SPDX-License-Identifier: Apache-2.0 */
/* clock_test.c: the calendar against known dates, before 1970, at leap days, and at the ends of
 * int64; each day of 1,200 years against the one before it. */
#include "base/test.h"

#include "base/clock.h"

static void times_become_text(void **state)
{
	static const struct {
		int64_t us;
		const char *text;
	} rows[] = {
		{0, "1970-01-01T00:00:00.000000Z"},
		{1, "1970-01-01T00:00:00.000001Z"},
		{-1, "1969-12-31T23:59:59.999999Z"},
		{-1000000, "1969-12-31T23:59:59.000000Z"},
		{-86400000000, "1969-12-31T00:00:00.000000Z"},
		{-86400000001, "1969-12-30T23:59:59.999999Z"},
		{1661412506867000, "2022-08-25T07:28:26.867000Z"},
		{1644624007410000, "2022-02-12T00:00:07.410000Z"},
		{951782400000000, "2000-02-29T00:00:00.000000Z"},
		{1709164800000000, "2024-02-29T00:00:00.000000Z"},
		{4107542400000000, "2100-03-01T00:00:00.000000Z"},
		{4107456000000000, "2100-02-28T00:00:00.000000Z"},
		{1483228799999999, "2016-12-31T23:59:59.999999Z"},
		{253402300799999999, "9999-12-31T23:59:59.999999Z"},
		{253402300800000000, "+10000-01-01T00:00:00.000000Z"},
		{-62167219200000000, "0000-01-01T00:00:00.000000Z"},
		{-62167219200000001, "-0001-12-31T23:59:59.999999Z"},
		{INT64_MAX, "+294247-01-10T04:00:54.775807Z"},
		{INT64_MIN, "-290308-12-21T19:59:05.224192Z"},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char text[CLOCK_TEXT];
		CHECK_ROW(i, clock_text(rows[i].us, text) == text);
		if (strcmp(text, rows[i].text) != 0)
			fail_msg("row %zu: %s, not %s", i, text, rows[i].text);
	}
}

static unsigned days_in(int64_t year, unsigned month)
{
	static const unsigned days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
	return days[month - 1] + (month == 2 && leap);
}

static void every_day_follows_the_one_before(void **state)
{
	int64_t year = 1500;
	unsigned month = 1, day = 1;
	(void)state;
	for (int64_t days = clock_days(1500, 1, 1); year < 2700; days++) {
		int64_t y;
		unsigned m, d;
		clock_date(days, &y, &m, &d);
		assert_true(y == year && m == month && d == day);
		assert_int_equal(clock_days(y, m, d), days);
		if (++day > days_in(year, month)) {
			day = 1;
			if (++month > 12) {
				month = 1;
				year++;
			}
		}
	}
	assert_int_equal(clock_days(1970, 1, 1), 0);
	assert_int_equal(clock_days(2000, 3, 1), 11017);
	assert_int_equal(clock_days(0, 3, 1), -719468);
	assert_int_equal(clock_days(-400, 3, 1), -719468 - 146097);
}

static void tests_can_set_the_clock(void **state)
{
	(void)state;
	setenv("PUGMARK_NOW", "1661412506867000", 1);
	assert_int_equal(clock_now_us(), 1661412506867000);
	unsetenv("PUGMARK_NOW");
	assert_true(clock_now_us() > clock_days(2024, 1, 1) * 86400 * 1000000);
	int64_t before = clock_mono_us();
	usleep(2000);
	assert_true(clock_mono_us() >= before + 2000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(times_become_text),
		cmocka_unit_test(every_day_follows_the_one_before),
		cmocka_unit_test(tests_can_set_the_clock),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
