/* SPDX-License-Identifier: Apache-2.0 */
/* text_number_test.c: counts and sizes for people, their way back, and distances of words. */
#include "base/test.h"

#include "base/text.h"

static void numbers_for_people(void **state)
{
	static const struct {
		uint64_t n;
		const char *count, *bytes;
	} rows[] = {
		{0, "0", "0 B"},
		{999, "999", "999 B"},
		{1000, "1,000", "1.0 kB"},
		{1234, "1,234", "1.2 kB"},
		{1250, "1,250", "1.3 kB"},
		{9949, "9,949", "9.9 kB"},
		{9950, "9,950", "10 kB"},
		{12345678, "12,345,678", "12 MB"},
		{999499, "999,499", "999 kB"},
		{999500, "999,500", "1.0 MB"},
		{867000000, "867,000,000", "867 MB"},
		{1200000000, "1,200,000,000", "1.2 GB"},
		{UINT64_MAX, "18,446,744,073,709,551,615", "18 EB"},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char text[32];
		if (strcmp(text_count(rows[i].n, text), rows[i].count) != 0)
			fail_msg("row %zu: %s", i, text);
		if (strcmp(text_bytes(rows[i].n, text), rows[i].bytes) != 0)
			fail_msg("row %zu: %s", i, text);
	}
}

static void sizes_are_read(void **state)
{
	static const struct {
		const char *text;
		int result;
		uint64_t bytes;
	} rows[] = {
		{"0", 0, 0},
		{"1234", 0, 1234},
		{"7B", 0, 7},
		{"64k", 0, 65536},
		{"512M", 0, (uint64_t)512 << 20},
		{"1G", 0, (uint64_t)1 << 30},
		{"2GB", 0, (uint64_t)2 << 30},
		{"2gib", 0, (uint64_t)2 << 30},
		{"3T", 0, (uint64_t)3 << 40},
		{"16777215T", 0, (uint64_t)16777215 << 40},
		{"16777216T", -1, 0},
		{"9223372036854775808", -1, 0},
		{"", -1, 0},
		{"G", -1, 0},
		{"-1", -1, 0},
		{"+1", -1, 0},
		{"1.5G", -1, 0},
		{"1 G", -1, 0},
		{"1X", -1, 0},
		{"1GG", -1, 0},
		{" 1", -1, 0},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		uint64_t bytes = 0;
		CHECK_ROW(i, text_parse_size(rows[i].text, &bytes) == rows[i].result);
		CHECK_ROW(i, bytes == rows[i].bytes);
	}
}

static void integers_are_read_exactly(void **state)
{
	static const struct {
		const char *text;
		int result;
		int64_t value;
	} rows[] = {
		{"0", 0, 0},
		{"-0", 0, 0},
		{"007", 0, 7},
		{"-12", 0, -12},
		{"9007199254740993", 0, 9007199254740993},
		{"9223372036854775807", 0, INT64_MAX},
		{"9223372036854775808", -1, 0},
		{"-9223372036854775808", 0, INT64_MIN},
		{"-9223372036854775809", -1, 0},
		{"92233720368547758070", -1, 0},
		{"99999999999999999999999999", -1, 0},
		{"", -1, 0},
		{"-", -1, 0},
		{"+1", -1, 0},
		{"1 ", -1, 0},
		{" 1", -1, 0},
		{"1e3", -1, 0},
		{"0x10", -1, 0},
		{"--1", -1, 0},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		int64_t value = 0;
		CHECK_ROW(i, text_parse_int(slice_of(rows[i].text), &value) == rows[i].result);
		CHECK_ROW(i, value == rows[i].value);
	}
}

/* The whole table, without a limit. */
static unsigned plain_distance(struct slice a, struct slice b)
{
	unsigned table[16][16];
	for (size_t i = 0; i <= a.len; i++) {
		for (size_t j = 0; j <= b.len; j++) {
			unsigned best = i == 0 ? (unsigned)j : (unsigned)i;
			if (i > 0 && j > 0) {
				best = table[i - 1][j - 1] + (a.ptr[i - 1] != b.ptr[j - 1]);
				if (table[i - 1][j] + 1 < best)
					best = table[i - 1][j] + 1;
				if (table[i][j - 1] + 1 < best)
					best = table[i][j - 1] + 1;
			}
			table[i][j] = best;
		}
	}
	return table[a.len][b.len];
}

static void distances_equal_the_plain_table(void **state)
{
	uint32_t seed = 7;
	(void)state;
	for (int round = 0; round < 20000; round++) {
		char text[2][16];
		for (size_t i = 0; i < 16; i++) {
			seed = seed * 1664525 + 1013904223;
			text[0][i] = "abc"[(seed >> 24) % 3];
			text[1][i] = seed & 1 << 12 ? text[0][i] : "abc"[(seed >> 16) % 3];
		}
		struct slice a = {text[0], (seed >> 8) % 13}, b = {text[1], (seed >> 20) % 13};
		unsigned whole = plain_distance(a, b);
		for (unsigned limit = 0; limit < 14; limit++) {
			unsigned want = whole > limit ? limit + 1 : whole;
			assert_int_equal(text_distance(a, b, limit), want);
		}
	}
	assert_int_equal(text_distance(SLICE("import"), SLICE("improt"), 3), 2);
	assert_int_equal(text_distance(SLICE(""), SLICE(""), 3), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_for_people),
		cmocka_unit_test(sizes_are_read),
		cmocka_unit_test(integers_are_read_exactly),
		cmocka_unit_test(distances_equal_the_plain_table),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
