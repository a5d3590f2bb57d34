/* SPDX-License-Identifier: Apache-2.0 */
/* crc32c_test.c: the published check values, and that both ways of computing agree. */
#include "base/test.h"
#include "base/crc32c.h"

/* RFC 3720, appendix B.4, and the usual check value. */
static void known_values(void **state)
{
	(void)state;
	unsigned char ascending[32], ones[32], zeros[32] = {0};
	memset(ones, 0xff, sizeof(ones));
	for (unsigned char i = 0; i < 32; i++)
		ascending[i] = i;
	const struct {
		const void *data;
		size_t n;
		uint32_t crc;
	} rows[] = {
		{"", 0, 0},
		{"123456789", 9, 0xe3069283},
		{zeros, 32, 0x8a9136aa},
		{ones, 32, 0x62a8ab43},
		{ascending, 32, 0x46dd794e},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		CHECK_ROW(i, crc32c(0, rows[i].data, rows[i].n) == rows[i].crc);
		CHECK_ROW(i, crc32c_portable(0, rows[i].data, rows[i].n) == rows[i].crc);
	}
}

static void both_ways_agree_in_pieces(void **state)
{
	(void)state;
	unsigned char data[300];
	uint32_t x = 1;
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (unsigned char)((x = x * 1664525 + 1013904223) >> 24);
	for (size_t n = 0; n <= sizeof(data); n++) {
		size_t cut = n / 3;
		uint32_t whole = crc32c(0, data, n);
		CHECK_ROW(n, whole == crc32c_portable(0, data, n));
		CHECK_ROW(n, whole == crc32c(crc32c(0, data, cut), data + cut, n - cut));
		CHECK_ROW(n, whole == crc32c_portable(crc32c(0, data, cut), data + cut, n - cut));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_values),
		cmocka_unit_test(both_ways_agree_in_pieces),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
