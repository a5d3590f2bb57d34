/* SPDX-License-Identifier: Apache-2.0 */
/* print_test.c: values as text against the printers for people, and parts of times against libc. */
#include <time.h>

#include "base/test.h"
#include "match/private.h"

static const int64_t values[] = {0, 1, -1, 9, 10, -10, 99, 100, 1234567890123456789, INT64_MAX,
	INT64_MIN, INT64_MIN + 1, 1773064991250000, -1, -1000000, 253402300799999999,
	253402300800000000, -62167219200000000, -62167219200000001};

static void printed(enum col_type type, int64_t value, const char *want)
{
	uint8_t bools = value & 1;
	struct column col = {.n = 1, .i64 = &value, .bools = &bools};
	char text[PRINT_MAX];
	size_t n = print_value(&col, type, 0, text);
	if (!slice_eq((struct slice){text, n}, slice_of(want)))
		fail_msg("%.*s, not %s", (int)n, text, want);
}

static void numbers(void **state)
{
	char want[PRINT_MAX];
	(void)state;
	for (size_t i = 0; i < COUNT(values); i++) {
		snprintf(want, sizeof(want), "%lld", (long long)values[i]);
		printed(COL_INT64, values[i], want);
		printed(COL_INT32, values[i], want);
		printed(COL_TIME, values[i], clock_text(values[i], want));
	}
	printed(COL_BOOL, 0, "false");
	printed(COL_BOOL, 1, "true");
	for (int64_t us = -5000000000000000; us < 5000000000000000; us += 9876543211234)
		printed(COL_TIME, us, clock_text(us, want));
}

static void uuids(void **state)
{
	uint8_t uuid[1][16] = {{0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef, 0xfe, 0xdc, 0xba,
		0x98, 0x76, 0x54, 0x32, 0x10}};
	struct column col = {.n = 1, .uuid = uuid};
	char text[PRINT_MAX];
	(void)state;
	size_t n = print_value(&col, COL_UUID, 0, text);
	assert_true(
		slice_eq((struct slice){text, n}, SLICE("01234567-89ab-cdef-fedc-ba9876543210")));
}

/* Every day of a century, and times of the day. */
static void parts(void **state)
{
	static const enum time_part order[] = {
		PART_MINUTE, PART_HOUR, PART_DAY, PART_WEEK, PART_WEEKDAY, PART_MONTH, PART_YEAR};
	(void)state;
	for (int64_t s = -40 * 365 * 86400LL; s < 60 * 365 * 86400LL; s += 86400 - 61) {
		time_t seconds = (time_t)s;
		struct tm tm;
		char text[64], *next = text;
		gmtime_r(&seconds, &tm);
		(void)strftime(text, sizeof(text), "%M %H %d %V %u %m %Y", &tm);
		for (size_t p = 0; p < COUNT(order); p++) {
			long want = strtol(next, &next, 10);
			int64_t got = time_part(s * 1000000 + (s & 1 ? 999999 : 0), order[p]);
			if (got != want)
				fail_msg("part %zu of %s: %lld", p, text, (long long)got);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers),
		cmocka_unit_test(uuids),
		cmocka_unit_test(parts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
