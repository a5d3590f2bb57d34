/* SPDX-License-Identifier: Apache-2.0 */
/* crc32c.c: CRC-32C by the SSE4.2 instruction, or by eight tables (slicing by 8) where there is
 * none. */
#include "base/crc32c.h"

#include <pthread.h>
#include <string.h>

#define POLYNOMIAL 0x82f63b78u /* reflected */

static uint32_t tables[8][256];
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void fill_tables(void)
{
	for (uint32_t i = 0; i < 256; i++) {
		uint32_t c = i;
		for (int bit = 0; bit < 8; bit++)
			c = (c >> 1) ^ (c & 1 ? POLYNOMIAL : 0);
		tables[0][i] = c;
	}
	for (uint32_t i = 0; i < 256; i++) {
		for (int t = 1; t < 8; t++) {
			uint32_t before = tables[t - 1][i];
			tables[t][i] = (before >> 8) ^ tables[0][before & 255];
		}
	}
}

uint32_t crc32c_portable(uint32_t crc, const void *data, size_t n)
{
	pthread_once(&once, fill_tables);
	const unsigned char *p = data;
	uint32_t c = ~crc;
	for (; n >= 8; n -= 8, p += 8) {
		uint64_t v;
		memcpy(&v, p, 8);
		v ^= c;
		c = tables[7][v & 255] ^ tables[6][v >> 8 & 255] ^ tables[5][v >> 16 & 255] ^
		    tables[4][v >> 24 & 255] ^ tables[3][v >> 32 & 255] ^ tables[2][v >> 40 & 255] ^
		    tables[1][v >> 48 & 255] ^ tables[0][v >> 56];
	}
	for (; n > 0; n--, p++)
		c = (c >> 8) ^ tables[0][(c ^ *p) & 255];
	return ~c;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) static uint32_t by_instruction(
	uint32_t crc, const void *data, size_t n)
{
	const unsigned char *p = data;
	uint64_t c = ~crc & 0xffffffffu;
	for (; n >= 8; n -= 8, p += 8) {
		uint64_t v;
		memcpy(&v, p, 8);
		c = __builtin_ia32_crc32di(c, v);
	}
	uint32_t low = (uint32_t)c;
	for (; n > 0; n--, p++)
		low = __builtin_ia32_crc32qi(low, *p);
	return ~low;
}

uint32_t crc32c(uint32_t crc, const void *data, size_t n)
{
	if (__builtin_cpu_supports("sse4.2"))
		return by_instruction(crc, data, n);
	return crc32c_portable(crc, data, n);
}
#else
uint32_t crc32c(uint32_t crc, const void *data, size_t n)
{
	return crc32c_portable(crc, data, n);
}
#endif
