/* SPDX-License-Identifier: Apache-2.0 */
/* text_utf8_test.c: every row and edge of Unicode table 3-7, all code points both ways, and repair
 * by maximal parts. */
#include "base/test.h"

#include "base/text.h"

static void sequences_follow_table_3_7(void **state)
{
	static const struct {
		const char *bytes;
		size_t length; /* of the first sequence, 0 = ill-formed */
		uint32_t code;
	} rows[] = {
		{"a", 1, 'a'},
		{"\x7f", 1, 0x7f},
		{"\xc2\x80", 2, 0x80},
		{"\xdf\xbf", 2, 0x7ff},
		{"\xe0\xa0\x80", 3, 0x800},
		{"\xe0\xbf\xbf", 3, 0xfff},
		{"\xe1\x80\x80", 3, 0x1000},
		{"\xec\xbf\xbf", 3, 0xcfff},
		{"\xed\x80\x80", 3, 0xd000},
		{"\xed\x9f\xbf", 3, 0xd7ff},
		{"\xee\x80\x80", 3, 0xe000},
		{"\xef\xbf\xbf", 3, 0xffff},
		{"\xf0\x90\x80\x80", 4, 0x10000},
		{"\xf0\xbf\xbf\xbf", 4, 0x3ffff},
		{"\xf1\x80\x80\x80", 4, 0x40000},
		{"\xf3\xbf\xbf\xbf", 4, 0xfffff},
		{"\xf4\x80\x80\x80", 4, 0x100000},
		{"\xf4\x8f\xbf\xbf", 4, 0x10ffff},
		/* a continuation alone; bytes that never occur */
		{"\x80", 0, 0},
		{"\xbf", 0, 0},
		{"\xc0\x80", 0, 0},
		{"\xc1\xbf", 0, 0},
		{"\xf5\x80\x80\x80", 0, 0},
		{"\xff", 0, 0},
		{"\xfe", 0, 0},
		/* overlong */
		{"\xe0\x80\x80", 0, 0},
		{"\xe0\x9f\xbf", 0, 0},
		{"\xf0\x80\x80\x80", 0, 0},
		{"\xf0\x8f\xbf\xbf", 0, 0},
		/* surrogates; beyond U+10FFFF */
		{"\xed\xa0\x80", 0, 0},
		{"\xed\xbf\xbf", 0, 0},
		{"\xf4\x90\x80\x80", 0, 0},
		{"\xf4\xbf\xbf\xbf", 0, 0},
		/* cut, and broken by a byte that is no continuation, at each place */
		{"\xc2", 0, 0},
		{"\xc2\x7f", 0, 0},
		{"\xc2\xc0", 0, 0},
		{"\xe1\x80", 0, 0},
		{"\xe1\x7f\x80", 0, 0},
		{"\xe1\x80\x7f", 0, 0},
		{"\xe1\x80\xc0", 0, 0},
		{"\xf1\x80\x80", 0, 0},
		{"\xf1\x7f\x80\x80", 0, 0},
		{"\xf1\x80\x7f\x80", 0, 0},
		{"\xf1\x80\x80\x7f", 0, 0},
		{"\xf1\x80\x80\xc0", 0, 0},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		size_t n = strlen(rows[i].bytes);
		uint32_t code = 0;
		/* A copy of exactly n bytes, so that the sanitizer sees a read past its end. */
		char *bytes = memcpy(malloc(n), rows[i].bytes, n);
		CHECK_ROW(i, text_utf8_step(bytes, n, &code) == rows[i].length);
		CHECK_ROW(i, code == rows[i].code);
		CHECK_ROW(i, text_utf8_step(bytes, n, NULL) == rows[i].length);
		CHECK_ROW(i, text_utf8_valid((struct slice){bytes, n}) == (rows[i].length == n));
		free(bytes);
	}
	assert_int_equal(text_utf8_step("a", 0, NULL), 0);
}

static size_t encode(uint32_t code, char *to)
{
	if (code < 0x80) {
		to[0] = (char)code;
		return 1;
	}
	size_t length = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
	for (size_t i = length; i-- > 1; code >>= 6)
		to[i] = (char)(0x80 | (code & 0x3f));
	to[0] = (char)((0xf00u >> length) | code);
	return length;
}

static void all_code_points_go_both_ways(void **state)
{
	(void)state;
	for (uint32_t code = 0; code <= 0x120000; code++) {
		char bytes[4];
		uint32_t back = 0;
		bool good = code <= 0x10ffff && (code < 0xd800 || code > 0xdfff);
		size_t n = encode(code, bytes);
		size_t step = text_utf8_step(bytes, n, &back);
		if (step != (good ? n : 0) || back != (good ? code : 0))
			fail_msg("U+%04X: %zu bytes read, U+%04X", code, step, back);
	}
}

static void a_bad_byte_is_seen_at_any_place(void **state)
{
	/* Runs of 0–100 ASCII bytes at 8 alignments with one bad byte at each place. */
	char text[128];
	(void)state;
	for (size_t align = 0; align < 8; align++) {
		for (size_t n = 0; n <= 100; n++) {
			struct slice s = {text + align, n};
			memset(text, 'a', sizeof(text));
			memset(text + align + n, 0xff, sizeof(text) - align - n);
			assert_true(text_utf8_valid(s));
			for (size_t at = 0; at < n; at++) {
				text[align + at] = (char)0x80;
				assert_false(text_utf8_valid(s));
				text[align + at] = 'a';
			}
		}
	}
}

static void repair_replaces_maximal_parts(void **state)
{
	/* R stands for U+FFFD. The rows with E1 80 E2 and F0 80 80 41 are the standard's own. */
	static const struct {
		const char *in, *out;
		size_t count;
	} rows[] = {
		{"", "", 0},
		{"plain", "plain", 0},
		{"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", 0},
		{"a\xff"
		 "b",
			"aRb", 1},
		{"\xff\xff", "RR", 2},
		{"\xc0\xaf\xe0\x80\xbf\xf0\x81\x82\x41", "RRRRRRRRA", 8},
		{"\xed\xa0\x80\xed\xbf\xbf\xed\xaf\x41", "RRRRRRRRA", 8},
		{"\xf4\x91\x92\x93\xff\x41\x80\xbf\x42", "RRRRRARRB", 7},
		{"\xe1\x80\xe2\xf0\x91\x92\xf1\xbf\x41", "RRRRA", 4},
		{"\xe2\x82", "R", 1},
		{"\xf0\x9f\x98", "R", 1},
		{"0123456789012345678901234567890123456789\xe2\x82|",
			"0123456789012345678901234567890123456789R|", 1},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct buf out, want;
		buf_init(&out, 1000);
		buf_init(&want, 1000);
		for (const char *p = rows[i].out; *p; p++)
			buf_puts(&want, *p == 'R' ? "\xef\xbf\xbd" : (char[]){*p, 0});
		CHECK_ROW(i, text_utf8_repair(&out, slice_of(rows[i].in)) == rows[i].count);
		CHECK_ROW(i, slice_eq(buf_view(&out), buf_view(&want)));
		CHECK_ROW(i, text_utf8_valid(buf_view(&out)));
		CHECK_ROW(i, text_utf8_valid(slice_of(rows[i].in)) == (rows[i].count == 0));
		buf_fini(&out);
		buf_fini(&want);
	}
}

static void random_bytes_are_repaired_once(void **state)
{
	/* Repaired text is well-formed, and repairing it again changes nothing. */
	uint32_t seed = 1;
	(void)state;
	for (int round = 0; round < 20000; round++) {
		char bytes[40];
		for (size_t i = 0; i < sizeof(bytes); i++) {
			seed = seed * 1664525 + 1013904223;
			bytes[i] = (char)(seed >> 24 | (seed >> 9 & 0x80));
		}
		struct buf once, twice;
		struct slice s = {bytes, seed % 40};
		buf_init(&once, 1000);
		buf_init(&twice, 1000);
		bool valid = text_utf8_valid(s);
		assert_int_equal(text_utf8_repair(&once, s) == 0, valid);
		assert_true(text_utf8_valid(buf_view(&once)));
		assert_int_equal(text_utf8_repair(&twice, buf_view(&once)), 0);
		assert_true(slice_eq(buf_view(&once), buf_view(&twice)));
		buf_fini(&once);
		buf_fini(&twice);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sequences_follow_table_3_7),
		cmocka_unit_test(all_code_points_go_both_ways),
		cmocka_unit_test(a_bad_byte_is_seen_at_any_place),
		cmocka_unit_test(repair_replaces_maximal_parts),
		cmocka_unit_test(random_bytes_are_repaired_once),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
