/* SPDX-License-Identifier: Apache-2.0 */
/*
 * private.h: what the files of json/ share: white space, and finding the byte of a string that is
 * not plain ASCII text, eight bytes at a time.
 */
#ifndef JSON_PRIVATE_H
#define JSON_PRIVATE_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

static inline bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static inline const char *skip_blanks(const char *p, const char *end)
{
	while (p < end && is_blank(*p))
		p++;
	return p;
}

/* The first byte from p on that is a quote, a backslash, a control character or not ASCII; or end.
 * The lowest flagged byte of the word is exact; a borrow can only flag bytes above it. */
static inline const char *skip_plain(const char *p, const char *end)
{
	const uint64_t ones = 0x0101010101010101, high = 0x8080808080808080;
	while (end - p >= 8) {
		uint64_t v;
		memcpy(&v, p, 8);
		uint64_t quote = v ^ (ones * '"'), slash = v ^ (ones * '\\');
		uint64_t odd = ((quote - ones) & ~quote) | ((slash - ones) & ~slash) |
			       ((v - ones * 0x20) & ~v) | v;
		odd &= high;
		if (odd)
			return p + (__builtin_ctzll(odd) >> 3);
		p += 8;
	}
	while (p < end && *p != '"' && *p != '\\' && (unsigned char)(*p - 0x20) < 0x60)
		p++;
	return p;
}

/* The four hex digits at p, or -1. */
int json_hex4(const char *p);

/* What an escape at p (a backslash, with `n` bytes left) stands for: its length, or 0 where it is
 * none. *code is the code point; a lone surrogate is given as it is. */
unsigned json_escape(const char *p, size_t n, uint32_t *code);

#endif
