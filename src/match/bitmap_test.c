/* SPDX-License-Identifier: Apache-2.0 */
/* bitmap_test.c: every loop of bitmap.h against one bit at a time, at sizes around those of words and
 * vectors, with SIMD and without; no bit past the end may be set. */
#include "base/test.h"
#include "batch/batch.h"
#include "match/bitmap.h"

enum { MOST = 1000, WORDS = MOST / 64 + 2 };
static const uint32_t sizes[] = {1, 7, 8, 63, 64, 65, 127, 128, 200, 256, 960, 999};
static uint64_t seed = 7;

static uint32_t draw(uint32_t n)
{
	uint64_t z = (seed += 0x9e3779b97f4a7c15);
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return (uint32_t)((z ^ (z >> 31)) % n);
}

/* `of` 8 bits are set: 0 none, 8 all. */
static void random_bits(uint64_t *bits, uint32_t n, uint32_t of)
{
	memset(bits, 0, WORDS * sizeof(*bits));
	for (uint32_t i = 0; i < n; i++) {
		if (draw(8) < of)
			bit_set(bits, i);
	}
}

static void check(const uint64_t *want, const uint64_t *got, uint32_t n, const char *what)
{
	if (memcmp(want, got, bits_words(n) * sizeof(*want)) != 0)
		fail_msg("%s of %u%s", what, n, bitmap_portable ? ", portable" : "");
}

static void check_codes(uint32_t n, uint32_t ndistinct, uint32_t of)
{
	static uint32_t codes[MOST];
	uint64_t pass[WORDS], among[WORDS], want[WORDS] = {0}, present[WORDS] = {0}, got[WORDS];
	random_bits(pass, ndistinct, of);
	random_bits(among, n, draw(9));
	for (uint32_t i = 0; i < n; i++) {
		codes[i] = ndistinct == 0 || draw(5) == 0 ? CODE_NULL : draw(ndistinct);
		if (!bit_get(among, i) || codes[i] == CODE_NULL)
			continue;
		bit_set(present, i);
		if (bit_get(pass, codes[i]))
			bit_set(want, i);
	}
	memset(got, 0xaa, sizeof(got));
	codes_pass(codes, n, pass, ndistinct, bitmap_count(pass, ndistinct), among, got);
	check(want, got, n, "codes_pass");
	codes_present(codes, n, among, got);
	check(present, got, n, "codes_present");
}

static void codes(void **state)
{
	(void)state;
	for (unsigned form = 0; form < 2; form++) {
		bitmap_portable = form == 1;
		for (size_t s = 0; s < COUNT(sizes); s++) {
			for (uint32_t of = 0; of <= 8; of++) {
				check_codes(sizes[s], 0, of);
				check_codes(sizes[s], 1, of);
				check_codes(sizes[s], 64, of);
				check_codes(sizes[s], 1 + draw(MOST - 1), of);
			}
			check_codes(sizes[s], 900, 0);
		}
	}
	bitmap_portable = false;
}

/* Exactly one code passes: the path for equality. */
static void one_code(void **state)
{
	static uint32_t values[MOST];
	uint64_t pass[WORDS], among[WORDS], got[WORDS];
	(void)state;
	for (unsigned form = 0; form < 2; form++) {
		bitmap_portable = form == 1;
		for (uint32_t i = 0; i < MOST; i++)
			values[i] = i % 300;
		random_bits(pass, 300, 0);
		bit_set(pass, 299);
		bits_all(among, MOST);
		codes_pass(values, MOST, pass, 300, 1, among, got);
		for (uint32_t i = 0; i < MOST; i++)
			assert_int_equal(bit_get(got, i), i % 300 == 299);
	}
	bitmap_portable = false;
}

static const struct {
	int64_t low, high;
} ranges[] = {{0, 0}, {-5, 5}, {INT64_MIN, INT64_MAX}, {INT64_MIN, -1}, {1, INT64_MAX},
	{INT64_MAX, INT64_MAX}, {INT64_MIN, INT64_MIN}, {3, 2}, {-3, INT64_MAX}};

static void between(void **state)
{
	static int64_t values[MOST];
	static const int64_t ends[] = {INT64_MIN, INT64_MIN + 1, -6, -1, 0, 1, 6, INT64_MAX};
	uint64_t among[WORDS], want[WORDS], got[WORDS];
	(void)state;
	for (size_t t = 0; t < COUNT(ranges) * COUNT(sizes) * 2; t++) {
		size_t r = t % COUNT(ranges);
		uint32_t n = sizes[t / COUNT(ranges) % COUNT(sizes)];
		bitmap_portable = t % 2;
		random_bits(among, n, draw(9));
		memset(want, 0, sizeof(want));
		for (uint32_t i = 0; i < n; i++) {
			values[i] = draw(2) ? ends[draw(COUNT(ends))] : (int64_t)draw(10) - 5;
			if (bit_get(among, i) && values[i] >= ranges[r].low &&
				values[i] <= ranges[r].high)
				bit_set(want, i);
		}
		values_between(values, n, ranges[r].low, ranges[r].high, among, got);
		check(want, got, n, "values_between");
		values_between(values, n, ranges[r].low, ranges[r].high, among, among);
		check(want, among, n, "values_between in place");
	}
	bitmap_portable = false;
}

static void check_any(const uint32_t *off, uint32_t nrows, const uint64_t *elements)
{
	uint64_t want[WORDS] = {0}, got[WORDS];
	for (uint32_t r = 0; r < nrows; r++) {
		for (uint32_t e = off[r]; e < off[r + 1]; e++) {
			if (bit_get(elements, e))
				bit_set(want, r);
		}
	}
	elements_any(elements, off, nrows, got);
	check(want, got, nrows, "elements_any");
}

static void check_spread(const uint32_t *off, uint32_t nrows, const uint64_t *rows)
{
	uint64_t want[WORDS] = {0}, got[WORDS];
	for (uint32_t r = 0; r < nrows; r++) {
		for (uint32_t e = off[r]; e < off[r + 1] && bit_get(rows, r); e++)
			bit_set(want, e);
	}
	rows_spread(rows, off, nrows, got);
	check(want, got, off[nrows], "rows_spread");
}

static void lists(void **state)
{
	(void)state;
	for (unsigned round = 0; round < 400; round++) {
		static uint32_t off[MOST + 1];
		uint64_t rows[WORDS], elements[WORDS];
		uint32_t nrows = 1 + draw(200), longest = 1 + draw(round % 7 ? 5 : 100);
		for (uint32_t r = 0; r < nrows; r++) {
			off[r + 1] = off[r] + (draw(3) ? draw(longest) : 0);
			if (off[r + 1] > MOST)
				off[r + 1] = off[r];
		}
		random_bits(elements, off[nrows], draw(9));
		random_bits(rows, nrows, draw(9));
		check_any(off, nrows, elements);
		check_spread(off, nrows, rows);
	}
}

static void whole(void **state)
{
	(void)state;
	for (size_t s = 0; s < COUNT(sizes); s++) {
		uint64_t bits[WORDS], nulls[WORDS], out[WORDS];
		bits_all(bits, sizes[s]);
		assert_int_equal(bitmap_count(bits, sizes[s]), sizes[s]);
		assert_false(bits_empty(bits, sizes[s]));
		random_bits(nulls, sizes[s], 4);
		bits_not_null(out, bits, nulls, sizes[s]);
		assert_int_equal(
			bitmap_count(out, sizes[s]) + bitmap_count(nulls, sizes[s]), sizes[s]);
		bits_not_null(out, bits, NULL, sizes[s]);
		check(bits, out, sizes[s], "bits_not_null");
		bits_none(bits, sizes[s]);
		assert_true(bits_empty(bits, sizes[s]));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(codes),
		cmocka_unit_test(one_code),
		cmocka_unit_test(between),
		cmocka_unit_test(lists),
		cmocka_unit_test(whole),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
