/* SPDX-License-Identifier: Apache-2.0 */
/* varint.h: numbers in as many bytes as they need: seven bits each, the low ones first, the eighth telling that more follow (LEB128; Parquet,
 * Thrift, ClickHouse and our own files). */
#ifndef BASE_VARINT_H
#define BASE_VARINT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

enum { VARINT_MAX = 10 };

/* Writes a number at `to` (VARINT_MAX bytes of room); returns how many bytes it takes. */
static inline size_t varint_put(void *to, uint64_t value)
{
	uint8_t *at = to;
	for (; value >= 0x80; value >>= 7)
		*at++ = (uint8_t)(value | 0x80);
	*at++ = (uint8_t)value;
	return (size_t)(at - (uint8_t *)to);
}
/* How many bytes it would take. */
static inline size_t varint_bytes(uint64_t value)
{
	size_t bytes = 1;
	for (; value >= 0x80; value >>= 7)
		bytes++;
	return bytes;
}
/* Takes one from [*at, end). False where there is none. */
static inline bool varint_take(const char **at, const char *end, uint64_t *value)
{
	*value = 0;
	for (unsigned shift = 0; shift < 64 && *at < end; shift += 7) {
		uint64_t byte = (unsigned char)*(*at)++;
		*value |= (byte & 0x7f) << shift;
		if (byte < 0x80)
			return true;
	}
	return false;
}

/* Appends a number; as buf_append. */
static inline int buf_varint(struct buf *out, uint64_t value)
{
	char bytes[VARINT_MAX];
	return buf_append(out, bytes, varint_put(bytes, value));
}
/* Appends a text with its length before it. */
static inline int buf_varint_text(struct buf *out, struct slice text)
{
	return buf_varint(out, text.len) < 0 ? -1 : buf_slice(out, text);
}

#endif
