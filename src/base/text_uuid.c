/* SPDX-License-Identifier: Apache-2.0 */
/* text_uuid.c: UUIDs (RFC 9562) as text, and back. */
#include "base/text.h"

static bool is_hyphen_before(unsigned byte)
{
	return byte == 4 || byte == 6 || byte == 8 || byte == 10;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

void text_uuid(const uint8_t uuid[16], char text[UUID_TEXT])
{
	static const char hex[] = "0123456789abcdef";
	for (unsigned i = 0; i < 16; i++) {
		if (is_hyphen_before(i))
			*text++ = '-';
		*text++ = hex[uuid[i] >> 4];
		*text++ = hex[uuid[i] & 15];
	}
}

int text_parse_uuid(struct slice text, uint8_t uuid[16])
{
	const char *p = text.ptr;
	if (text.len != UUID_TEXT && text.len != 32)
		return -1;
	for (unsigned i = 0; i < 16; i++) {
		if (text.len == UUID_TEXT && is_hyphen_before(i) && *p++ != '-')
			return -1;
		int high = hex_digit(p[0]), low = hex_digit(p[1]);
		if (high < 0 || low < 0)
			return -1;
		uuid[i] = (uint8_t)(high << 4 | low);
		p += 2;
	}
	return 0;
}
