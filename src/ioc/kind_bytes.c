/* SPDX-License-Identifier: Apache-2.0 */
/* kind_bytes.c: what each byte may be part of, as a table: one load a byte. */
#include "ioc/kind_private.h"

#define DIGITS                                                                                     \
	(BYTE_DIGIT | BYTE_HEX | BYTE_ALNUM | BYTE_HOST | BYTE_LOCAL | BYTE_UNRESERVED |           \
		BYTE_URL | BYTE_WORD)
#define LETTERS (BYTE_ALNUM | BYTE_HOST | BYTE_LOCAL | BYTE_UNRESERVED | BYTE_URL | BYTE_WORD)

const uint8_t byte_classes[256] = {
	['0' ... '9'] = DIGITS,
	['a' ... 'f'] = LETTERS | BYTE_HEX,
	['A' ... 'F'] = LETTERS | BYTE_HEX,
	['g' ... 'z'] = LETTERS,
	['G' ... 'Z'] = LETTERS,
	['-'] = BYTE_HOST | BYTE_LOCAL | BYTE_UNRESERVED | BYTE_URL,
	['_'] = BYTE_HOST | BYTE_LOCAL | BYTE_UNRESERVED | BYTE_URL | BYTE_WORD,
	['.'] = BYTE_LOCAL | BYTE_UNRESERVED | BYTE_URL,
	['~'] = BYTE_LOCAL | BYTE_UNRESERVED | BYTE_URL,
	['+'] = BYTE_LOCAL | BYTE_URL,
	['%'] = BYTE_LOCAL | BYTE_URL,
	['&'] = BYTE_URL,
	['#'] = BYTE_URL,
	['!'] = BYTE_URL,
	['$'] = BYTE_URL,
	['\''] = BYTE_URL,
	['('] = BYTE_URL,
	[')'] = BYTE_URL,
	['*'] = BYTE_URL,
	[','] = BYTE_URL,
	['/'] = BYTE_URL,
	[':'] = BYTE_URL,
	[';'] = BYTE_URL,
	['='] = BYTE_URL,
	['?'] = BYTE_URL,
	['@'] = BYTE_URL,
	['['] = BYTE_URL,
	[']'] = BYTE_URL,
};

/* One more than the digit's value, so that all others are 0. */
const uint8_t hex_values[256] = {['0'] = 1,
	2,
	3,
	4,
	5,
	6,
	7,
	8,
	9,
	10,
	['a'] = 11,
	12,
	13,
	14,
	15,
	16,
	['A'] = 11,
	12,
	13,
	14,
	15,
	16};
