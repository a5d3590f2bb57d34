/* SPDX-License-Identifier: Apache-2.0 */
/* parse_portable.c: the parser in plain C, eight bytes at a time. */
#include "decode/private.h"

#define HOT
#define PARSE_RECORD parse_record_portable

static inline bool same_run(const char *a, const char *b, size_t n)
{
	return same_bytes(a, b, n);
}

static inline bool key_equal(const char *p, const struct key_node *key)
{
	return same_bytes(p, key->quoted, key->key_len);
}

static inline const char *scan_text(const char *p, const char *end)
{
	const uint64_t ones = 0x0101010101010101, high = 0x8080808080808080;
	for (; p < end; p += 8) {
		uint64_t v = hash_load8(p);
		uint64_t quote = v ^ (ones * '"'), slash = v ^ (ones * '\\');
		uint64_t odd = ((quote - ones) & ~quote) | ((slash - ones) & ~slash) |
			       ((v - ones * 0x20) & ~v) | v;
		odd &= high;
		if (odd)
			return p + (__builtin_ctzll(odd) >> 3);
	}
	return p;
}

#include "decode/parse_body.h"
