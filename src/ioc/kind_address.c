/* SPDX-License-Identifier: Apache-2.0 */
/* kind_address.c: addresses as text and as bytes, strictly: octets without leading zeros, four of them. */
#include "ioc/kind_private.h"

static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
static const uint8_t nat64[12] = {0x00, 0x64, 0xff, 0x9b};

bool address4_parse(struct slice text, uint8_t address[4])
{
	size_t at = 0;
	if (text.len < 7 || text.len > 15)
		return false;
	for (unsigned i = 0; i < 4; i++) {
		unsigned value = 0;
		size_t from = at;
		while (at < text.len && at - from < 3 && byte_is(text.ptr[at], BYTE_DIGIT))
			value = value * 10 + (unsigned)(text.ptr[at++] - '0');
		if (at == from || value > 255 || (text.ptr[from] == '0' && at - from > 1))
			return false;
		address[i] = (uint8_t)value;
		if (i < 3 && (at == text.len || text.ptr[at++] != '.'))
			return false;
	}
	return at == text.len;
}

/* Where the groups of an IPv6 address are put while it is read. */
struct groups {
	uint16_t value[8];
	unsigned count;
	int gap; /* groups before "::", -1 where there is none */
};

/* The end of the group of one to four digits at `at`; 0 where there is none. */
static size_t read_group(struct slice text, size_t at, struct groups *groups)
{
	unsigned value = 0;
	size_t from = at;
	while (at < text.len && at - from < 4 && byte_is(text.ptr[at], BYTE_HEX))
		value = value << 4 | (unsigned)byte_hex(text.ptr[at++]);
	if (at == from || groups->count == 8)
		return 0;
	groups->value[groups->count++] = (uint16_t)value;
	return at;
}

/* The last 32 bits may be written as an IPv4 address. */
static bool read_dotted(struct slice text, struct groups *groups)
{
	uint8_t v4[4];
	if (groups->count > 6 || !address4_parse(text, v4))
		return false;
	groups->value[groups->count++] = (uint16_t)(v4[0] << 8 | v4[1]);
	groups->value[groups->count++] = (uint16_t)(v4[2] << 8 | v4[3]);
	return true;
}

/* Reads all groups; `at` is behind a leading "::" where there is one. */
static bool read_groups(struct slice text, size_t at, struct groups *groups)
{
	while (at < text.len) {
		size_t end = read_group(text, at, groups);
		if (end == 0)
			return false;
		if (end == text.len)
			return true;
		if (text.ptr[end] == '.') {
			groups->count--;
			return read_dotted((struct slice){text.ptr + at, text.len - at}, groups);
		}
		if (text.ptr[end] != ':' || end + 1 == text.len)
			return false;
		at = end + 1;
		if (text.ptr[at] == ':') {
			if (groups->gap >= 0)
				return false;
			groups->gap = (int)groups->count;
			at++;
		}
	}
	return true;
}

bool address6_parse(struct slice text, uint8_t address[16])
{
	struct groups groups = {.gap = -1};
	size_t at = 0;
	if (text.len < 2 || text.len > 45)
		return false;
	if (text.ptr[0] == ':') {
		if (text.ptr[1] != ':')
			return false;
		groups.gap = 0;
		at = 2;
	}
	if (!read_groups(text, at, &groups))
		return false;
	if (groups.gap < 0 ? groups.count != 8 : groups.count > 7)
		return false;
	unsigned before = groups.gap < 0 ? 8 : (unsigned)groups.gap;
	memset(address, 0, 16);
	for (unsigned i = 0; i < groups.count; i++) {
		unsigned to = i < before ? i : i + 8 - groups.count;
		address[2 * to] = (uint8_t)(groups.value[i] >> 8);
		address[2 * to + 1] = (uint8_t)groups.value[i];
	}
	return true;
}

size_t address_key(struct slice text, uint8_t address[16])
{
	if (address4_parse(text, address))
		return 4;
	const char *zone = text.len ? memchr(text.ptr, '%', text.len) : NULL;
	if (zone && zone + 1 < text.ptr + text.len)
		text.len = (size_t)(zone - text.ptr);
	if (!address6_parse(text, address))
		return 0;
	if (memcmp(address, mapped, 12) != 0 && memcmp(address, nat64, 12) != 0)
		return 16;
	memmove(address, address + 12, 4);
	return 4;
}

size_t address4_text(const uint8_t address[4], char text[ADDRESS_TEXT_MAX])
{
	size_t n = 0;
	for (unsigned i = 0; i < 4; i++) {
		unsigned v = address[i];
		if (i > 0)
			text[n++] = '.';
		if (v >= 100)
			text[n++] = (char)('0' + v / 100);
		if (v >= 10)
			text[n++] = (char)('0' + v / 10 % 10);
		text[n++] = (char)('0' + v % 10);
	}
	return n;
}

/* The longest run of two zero groups or more, the first of equals. */
static void longest_gap(const uint8_t address[16], unsigned *from, unsigned *count)
{
	*from = 8;
	*count = 1;
	for (unsigned i = 0; i < 8; i++) {
		unsigned n = 0;
		while (i + n < 8 && address[2 * (i + n)] == 0 && address[2 * (i + n) + 1] == 0)
			n++;
		if (n > *count) {
			*from = i;
			*count = n;
		}
	}
}

size_t address6_text(const uint8_t address[16], char text[ADDRESS_TEXT_MAX])
{
	static const char digits[] = "0123456789abcdef";
	unsigned from, count;
	size_t n = 0;
	longest_gap(address, &from, &count);
	for (unsigned i = 0; i < 8; i++) {
		if (i == from) {
			text[n++] = ':';
			if (i == 0)
				text[n++] = ':';
			i += count - 1;
			continue;
		}
		unsigned v = (unsigned)address[2 * i] << 8 | address[2 * i + 1];
		for (int shift = 12; shift >= 0; shift -= 4)
			if (v >> shift || shift == 0)
				text[n++] = digits[v >> shift & 15];
		if (i < 7)
			text[n++] = ':';
	}
	return n;
}
