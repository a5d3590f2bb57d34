/* SPDX-License-Identifier: Apache-2.0 */
/* decimal_test.c: what is a number, how numbers stand to one another, and the int64 below each. */
#include "base/test.h"
#include "match/decimal.h"

/* In order; those on one line are equal. */
static const char *const ordered[][6] = {
	{"-1e999999999"},
	{"-99999999999999999999999"},
	{"-9223372036854775809"},
	{"-9223372036854775808", "-9223372036854775808.000"},
	{"-9223372036854775807.5"},
	{"-1e2", "-100", "-100.0", "-0.1e3", "-1000E-1"},
	{"-1.50", "-1.5", "-01.5", "-15e-1"},
	{"-1"},
	{"-0.001", "-1e-3"},
	{"-1e-999999999"},
	{"0", "-0", "0.000", "00", "0e5", "-0.0e-9"},
	{"1e-999999999"},
	{"0.05", "5e-2", "0.050"},
	{"0.1"},
	{"0.12"},
	{"1", "1.0", "001"},
	{"1.0000000000000000000000000000000000001"},
	{"9"},
	{"10"},
	{"9007199254740992"},
	{"9007199254740993", "9007199254740993.0"},
	{"9223372036854775806.999"},
	{"9223372036854775807"},
	{"9223372036854775807.1"},
	{"9223372036854775808"},
	{"18446744073709551616", "1.8446744073709551616e19"},
	{"1e999999999"},
};
static const char *const none[] = {"", "-", "+1", ".5", "5.", "1.e3", "1e", "1e+", "1e1234567890",
	"0x10", "1 ", " 1", "1,5", "--1", "1-", "e5", "nan", "inf", "1.2.3", "1_0", "１"};

static const struct {
	const char *text;
	int side;
	int64_t floor;
	bool exact;
} floors[] = {
	{"0", 0, 0, true},
	{"5", 0, 5, true},
	{"5.0", 0, 5, true},
	{"5.5", 0, 5, false},
	{"-5.5", 0, -6, false},
	{"-5", 0, -5, true},
	{"0.1", 0, 0, false},
	{"-0.1", 0, -1, false},
	{"1e3", 0, 1000, true},
	{"1234e-2", 0, 12, false},
	{"-1e-99", 0, -1, false},
	{"9223372036854775807", 0, INT64_MAX, true},
	{"9223372036854775807.5", 0, INT64_MAX, false},
	{"9223372036854775808", 1, INT64_MAX, false},
	{"9999999999999999999", 1, INT64_MAX, false},
	{"1e19", 1, INT64_MAX, false},
	{"1e999999999", 1, INT64_MAX, false},
	{"-9223372036854775808", 0, INT64_MIN, true},
	{"-9223372036854775807.5", 0, INT64_MIN, false},
	{"-9223372036854775808.5", -1, INT64_MIN, false},
	{"-9223372036854775809", -1, INT64_MIN, false},
	{"-1e20", -1, INT64_MIN, false},
};

static struct decimal read_number(const char *text)
{
	struct decimal value;
	if (decimal_parse(slice_of(text), &value) != 0)
		fail_msg("%s is no number", text);
	return value;
}

static void order(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(ordered); i++) {
		for (size_t j = 0; j < COUNT(ordered); j++) {
			for (size_t k = 0; k < 36; k++) {
				const char *x = ordered[i][k / 6], *y = ordered[j][k % 6];
				if (!x || !y)
					continue;
				struct decimal a = read_number(x), b = read_number(y);
				int c = decimal_order(&a, &b), want = (i > j) - (i < j);
				if ((c > 0) - (c < 0) != want)
					fail_msg("%s and %s: %d", x, y, c);
			}
		}
	}
}

static void no_numbers(void **state)
{
	struct decimal value;
	(void)state;
	for (size_t i = 0; i < COUNT(none); i++)
		CHECK_ROW(i, decimal_parse(slice_of(none[i]), &value) == -1);
	assert_int_equal(decimal_parse((struct slice){NULL, 0}, &value), -1);
}

static void floor_of(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(floors); i++) {
		struct decimal value = read_number(floors[i].text);
		int64_t got;
		bool exact;
		CHECK_ROW(i, decimal_floor(&value, &got, &exact) == floors[i].side);
		CHECK_ROW(i, got == floors[i].floor && exact == floors[i].exact);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(order),
		cmocka_unit_test(no_numbers),
		cmocka_unit_test(floor_of),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
