/* SPDX-License-Identifier: Apache-2.0 */
/* bits_test.c: the hybrid's bytes against examples worked out by hand, all widths back and forth,
 * hostile runs, bit slices, and the checksum against its definition. */
#include "parquet/private.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "parquet/sample.h"
#include "parquet/thrift_in.h"

static void test_known_bytes(void **state)
{
	(void)state;
	struct buf out;
	buf_init(&out, 1 << 20);
	/* The format's own example: 0 … 7 in 3 bits. */
	static const uint32_t eight[] = {0, 1, 2, 3, 4, 5, 6, 7};
	hybrid_write(&out, eight, 8, 3);
	assert_int_equal(out.len, 4);
	assert_memory_equal(out.ptr, "\x03\x88\xc6\xfa", 4);
	/* 100 times 5: a run, its value in one byte. */
	uint32_t same[100];
	for (int i = 0; i < 100; i++)
		same[i] = 5;
	buf_clear(&out);
	hybrid_write(&out, same, 100, 3);
	assert_int_equal(out.len, 3);
	assert_memory_equal(out.ptr, "\xc8\x01\x05", 3);
	/* Three values: padded to eight. */
	static const uint32_t three[] = {1, 0, 1};
	buf_clear(&out);
	hybrid_write(&out, three, 3, 1);
	assert_int_equal(out.len, 2);
	assert_memory_equal(out.ptr, "\x03\x05", 2);
	/* Bits: 600 ones are one run. */
	uint64_t ones[10];
	memset(ones, 0xff, sizeof(ones));
	buf_clear(&out);
	hybrid_write_bits(&out, ones, 600);
	assert_int_equal(out.len, 3);
	assert_memory_equal(out.ptr, "\xb0\x09\x01", 3);
	buf_fini(&out);
}

static void expect_values(const uint32_t *values, size_t n, unsigned width)
{
	struct buf out;
	uint32_t max, top = 0;
	buf_init(&out, 1 << 26);
	hybrid_write(&out, values, n, width);
	size_t len = out.len;
	uint8_t *data = malloc(len + SLACK);
	uint32_t *got = malloc((n + 8) * sizeof(*got));
	if (len)
		memcpy(data, out.ptr, len);
	memset(data + len, 0xa5, SLACK);
	assert_int_equal(hybrid_read(data, len, width, got, n, &max), 0);
	for (size_t i = 0; i < n; i++) {
		if (got[i] != values[i])
			fail_msg("width %u, value %zu of %zu: %u, not %u", width, i, n, got[i],
				values[i]);
		top = values[i] > top ? values[i] : top;
	}
	assert_int_equal(max, top);
	assert_int_equal(hybrid_read(data, len, width, got, n + 8, &max), -1);
	if (n > 8) /* fewer values than there are */
		assert_int_equal(hybrid_read(data, len, width, got, n - 8, &max), -1);
	if (len) /* one byte fewer */
		assert_int_equal(hybrid_read(data, len - 1, width, got, n, &max), -1);
	free(data);
	free(got);
	buf_fini(&out);
}

static void test_widths(void **state)
{
	(void)state;
	static const size_t sizes[] = {0, 1, 7, 8, 9, 31, 32, 63, 64, 65, 127, 128, 1000, 4096};
	uint32_t values[4096];
	uint64_t seed = 5;
	for (unsigned width = 1; width <= 32; width++) {
		for (size_t s = 0; s < sizeof(sizes) / sizeof(*sizes); s++) {
			for (unsigned kind = 0; kind < 3; kind++) {
				uint32_t value = 0;
				for (size_t i = 0; i < sizes[s]; i++) {
					/* Random, long runs, and runs that end anywhere. */
					if (kind == 0 || i % (kind == 1 ? 256 : 101) == 0)
						value = (uint32_t)(sample_next(&seed) >>
								   (64 - width));
					values[i] = value;
				}
				expect_values(values, sizes[s], width);
			}
		}
	}
}

static void expect_delta(const int64_t *ints, size_t n, bool fits)
{
	struct buf out;
	buf_init(&out, 1 << 20);
	buf_append(&out, "x", 1);
	assert_int_equal(delta_write(&out, ints, n, SIZE_MAX), fits);
	if (!fits) {
		assert_int_equal(out.len, 1);
		buf_fini(&out);
		return;
	}
	size_t len = out.len - 1;
	uint8_t *data = calloc(1, len + SLACK);
	int64_t *got = calloc(n + 1, sizeof(*got));
	memcpy(data, out.ptr + 1, len);
	assert_int_equal(delta_read(data, len, got, n), 0);
	if (n)
		assert_memory_equal(got, ints, n * sizeof(*got));
	assert_int_equal(delta_read(data, len, got, n + 1), -1);
	for (size_t cut = 0; cut < len; cut++)
		assert_int_equal(delta_read(data, cut, got, n), -1);
	buf_clear(&out);
	assert_false(n > 1 && delta_write(&out, ints, n, len - 1));
	free(data);
	free(got);
	buf_fini(&out);
}

static void test_delta(void **state)
{
	(void)state;
	/* The format's example, 1 … 5: header, first value 1, smallest difference 1, widths 0. */
	static const int64_t five[] = {1, 2, 3, 4, 5};
	struct buf out;
	buf_init(&out, 100000);
	assert_true(delta_write(&out, five, 5, SIZE_MAX));
	assert_int_equal(out.len, 10);
	assert_memory_equal(out.ptr, "\x80\x01\x04\x05\x02\x02\x00\x00\x00\x00", 10);
	buf_fini(&out);
	static const size_t sizes[] = {0, 1, 2, 31, 32, 33, 34, 128, 129, 130, 257, 1000};
	static const int64_t steps[] = {0, 1, 1000, 1 << 20, INT64_C(1) << 31, INT64_MAX};
	int64_t ints[1000];
	uint64_t seed = 8;
	for (size_t k = 0; k < 6; k++) {
		for (size_t s = 0; s < 12; s++) {
			uint64_t at = k == 5 ? (uint64_t)INT64_MAX - 9 : sample_next(&seed);
			for (size_t i = 0; i < sizes[s]; i++) {
				ints[i] = (int64_t)at;
				/* The last kind passes the ends of the range by small steps. */
				at += k == 5 ? 3 : (uint64_t)steps[k] * (sample_next(&seed) & 1);
			}
			expect_delta(ints, sizes[s], true);
		}
	}
	static const int64_t wide[] = {0, 0, INT64_C(1) << 33, 0};
	expect_delta(wide, 4, false);
	static const int64_t ends[] = {INT64_MIN, INT64_MAX, INT64_MIN, INT64_MAX};
	expect_delta(ends, 4, true); /* differences of 1 and -1, wrapped */
}

/* Random bits, all 0, all 1, or long runs with noise between them. */
static void draw_bits(uint64_t *bits, size_t nwords, uint64_t *seed)
{
	unsigned kind = sample_next(seed) % 4;
	uint64_t word = 0;
	for (size_t w = 0; w < nwords; w++) {
		if (kind < 3 || w % 11 == 0)
			word = sample_next(seed);
		bits[w] = kind == 0 ? 0 : kind == 1 ? UINT64_MAX : word;
		if (kind == 3)
			bits[w] = word & 1 ? UINT64_MAX : word & 2 ? 0 : word;
	}
}

/* Whether a's bits from a_from on are b's from b_from on. */
static void expect_bits(
	const uint64_t *a, size_t a_from, const uint64_t *b, size_t b_from, size_t n, int round)
{
	for (size_t i = 0; i < n; i++) {
		if (bit_get(a, (uint32_t)(a_from + i)) != bit_get(b, (uint32_t)(b_from + i)))
			fail_msg("round %d: bit %zu of %zu", round, i, n);
	}
}

static void test_bit_runs(void **state)
{
	(void)state;
	uint64_t bits[80], got[82], seed = 9;
	for (int round = 0; round < 3000; round++) {
		size_t n = sample_next(&seed) % 5000, from = sample_next(&seed) % 64, ones,
		       want = 0;
		draw_bits(bits, 80, &seed);
		for (size_t i = 0; i < n; i++)
			want += bit_get(bits, (uint32_t)i);
		struct buf out;
		buf_init(&out, 1 << 20);
		hybrid_write_bits(&out, bits, n);
		memset(got, 0, sizeof(got));
		assert_int_equal(
			hybrid_read_bits((uint8_t *)out.ptr, out.len, got, from, n, &ones), 0);
		assert_int_equal(ones, want);
		expect_bits(bits, 0, got, from, n, round);
		uint64_t cut[80];
		if (n > from) {
			bits_slice(cut, bits, from, n - from);
			expect_bits(cut, 0, bits, from, n - from, round);
		}
		buf_fini(&out);
	}
}

/* Values of up to 3 bits as planes, with runs that end anywhere. */
static void test_planes(void **state)
{
	(void)state;
	uint64_t seed = 31;
	uint32_t values[3000];
	for (int round = 0; round < 900; round++) {
		unsigned width = 1 + (unsigned)round % 3;
		size_t n = sample_next(&seed) % 3000, words = n / 64 + 2, every = 1 + round % 40;
		uint32_t value = 0;
		for (size_t i = 0; i < n; i++) {
			if (sample_next(&seed) % every == 0)
				value = (uint32_t)(sample_next(&seed) >> (64 - width));
			values[i] = value;
		}
		struct buf out;
		buf_init(&out, 1 << 20);
		hybrid_write(&out, values, n, width);
		size_t len = out.len;
		uint8_t *data = calloc(1, len + SLACK);
		uint64_t *bits = calloc(3 * words, sizeof(*bits));
		uint64_t *planes[3] = {bits, bits + words, bits + 2 * words};
		if (len)
			memcpy(data, out.ptr, len);
		assert_int_equal(hybrid_read_planes(data, len, width, planes, n), 0);
		for (size_t i = 0; i < words * 64; i++) {
			uint32_t got = 0;
			for (unsigned p = 0; p < 3; p++)
				got |= (uint32_t)bit_get(planes[p], (uint32_t)i) << p;
			if (got != (i < n ? values[i] : 0))
				fail_msg("round %d, value %zu of %zu: %u", round, i, n, got);
		}
		assert_int_equal(hybrid_read_planes(data, len, width, planes, n + 8), -1);
		if (len)
			assert_int_equal(hybrid_read_planes(data, len - 1, width, planes, n), -1);
		free(data);
		free(bits);
		buf_fini(&out);
	}
}

static void test_hostile_runs(void **state)
{
	(void)state;
	static const struct {
		const char *bytes;
		size_t len;
		unsigned width;
		size_t n;
	} rows[] = {
		{"", 0, 1, 1},                                 /* nothing */
		{"\x00\x00", 2, 1, 1},                         /* a run of none */
		{"\x01", 1, 1, 1},                             /* a packed run of none */
		{"\x04\x01", 2, 1, 1},                         /* a run too long */
		{"\x02", 1, 1, 1},                             /* no value */
		{"\x02\x02", 2, 1, 1},                         /* a value too wide */
		{"\x05\x01\x01", 3, 1, 8},                     /* a packed run too long */
		{"\x03", 1, 1, 8},                             /* no packed bytes */
		{"\x02\x01\x00", 3, 1, 1},                     /* bytes left over */
		{"\xff\xff\xff\xff\xff\xff\xff\x7f", 8, 1, 9}, /* a number without end */
		{"\x02\x01", 2, 0, 1},                         /* no width */
		{"\x02\x01", 2, 33, 1},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		uint8_t *data = calloc(1, rows[i].len + SLACK);
		uint32_t values[16], max;
		uint64_t bits[3] = {0};
		size_t ones;
		memcpy(data, rows[i].bytes, rows[i].len);
		if (hybrid_read(data, rows[i].len, rows[i].width, values, rows[i].n, &max) != -1)
			fail_msg("row %zu passes", i);
		if (rows[i].width == 1 &&
			hybrid_read_bits(data, rows[i].len, bits, 0, rows[i].n, &ones) != -1)
			fail_msg("row %zu passes as bits", i);
		uint64_t *planes[3] = {bits, bits, bits};
		if (rows[i].width == 1 &&
			hybrid_read_planes(data, rows[i].len, 1, planes, rows[i].n) != -1)
			fail_msg("row %zu passes as planes", i);
		free(data);
	}
}

static uint32_t crc_by_definition(const uint8_t *p, size_t n)
{
	uint32_t r = UINT32_MAX;
	for (; n > 0; p++, n--) {
		r ^= *p;
		for (int bit = 0; bit < 8; bit++)
			r = r >> 1 ^ (r & 1 ? 0xedb88320u : 0);
	}
	return ~r;
}

static void test_crc(void **state)
{
	(void)state;
	assert_int_equal(crc32_of(0, "123456789", 9), 0xcbf43926);
	uint8_t data[700];
	uint64_t seed = 3;
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)sample_next(&seed);
	for (size_t n = 0; n <= 600; n++) {
		uint32_t want = crc_by_definition(data + n % 13, n);
		assert_int_equal(crc32_of(0, data + n % 13, n), want);
		assert_int_equal(crc32_portable(0, data + n % 13, n), want);
		uint32_t half = crc32_of(0, data + n % 13, n / 3);
		assert_int_equal(crc32_of(half, data + n % 13 + n / 3, n - n / 3), want);
	}
}

static void test_thrift(void **state)
{
	(void)state;
	static const int64_t numbers[] = {
		0, 1, -1, 63, 64, -64, -65, INT32_MAX, INT32_MIN, INT64_MAX, INT64_MIN};
	struct buf out;
	buf_init(&out, 1 << 16);
	int last = 0;
	for (int i = 0; i < 11; i++)
		thrift_put_i64(&out, &last, i * 20 + 1, numbers[i]);
	thrift_put_bool(&out, &last, 300, true);
	thrift_put_bytes(&out, &last, 301, SLICE("text"));
	thrift_put_stop(&out);
	struct thrift_in in = {(uint8_t *)out.ptr, (uint8_t *)out.ptr + out.len, false};
	int field = 0;
	enum thrift_type type;
	for (int i = 0; i < 11; i++) {
		assert_true(thrift_next(&in, &field, &type));
		assert_int_equal(field, i * 20 + 1);
		assert_true(thrift_i64(&in, type) == numbers[i]);
	}
	assert_true(thrift_next(&in, &field, &type) && thrift_bool(&in, type));
	assert_true(thrift_next(&in, &field, &type));
	assert_true(slice_eq(thrift_bytes(&in, type), SLICE("text")));
	assert_false(thrift_next(&in, &field, &type));
	assert_false(in.bad);
	for (size_t cut = 0; cut < out.len; cut++) { /* cut anywhere: bad, and no loop */
		in = (struct thrift_in){(uint8_t *)out.ptr, (uint8_t *)out.ptr + cut, false};
		field = 0;
		while (thrift_next(&in, &field, &type))
			thrift_skip(&in, type);
		assert_true(in.bad);
	}
	buf_fini(&out);
	/* Structs in structs without end: the skip stops. */
	uint8_t deep[1000];
	memset(deep, 0x1c, sizeof(deep));
	in = (struct thrift_in){deep, deep + sizeof(deep), false};
	thrift_skip(&in, THRIFT_STRUCT);
	assert_true(in.bad);
}

/* What the tests above have tried may be what this processor can do: all of it without that. */
static void test_portable(void **state)
{
	cpu_portable(true);
	assert_false(cpu_has_avx2());
	test_widths(state);
	test_delta(state);
	test_planes(state);
	cpu_portable(false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_known_bytes),
		cmocka_unit_test(test_widths),
		cmocka_unit_test(test_delta),
		cmocka_unit_test(test_bit_runs),
		cmocka_unit_test(test_planes),
		cmocka_unit_test(test_hostile_runs),
		cmocka_unit_test(test_crc),
		cmocka_unit_test(test_thrift),
		cmocka_unit_test(test_portable),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
