/* SPDX-License-Identifier: Apache-2.0 */
/* indicator_address.c: addresses as people and lists write them: with a port, as CIDR ranges (bits of the host are masked), with a
 * netmask, and as first-last. */
#include "ioc/indicator_private.h"

enum { V4_BITS = 32, V6_BITS = 128, V4_WIDE = 8, V6_WIDE = 16, MAPPED_BITS = 96 };

static struct slice part(struct slice s, size_t begin, size_t end)
{
	return (struct slice){s.ptr + begin, end - begin};
}

static struct slice trim(struct slice s)
{
	while (s.len && (s.ptr[0] == ' ' || s.ptr[0] == '\t'))
		s = part(s, 1, s.len);
	while (s.len && (s.ptr[s.len - 1] == ' ' || s.ptr[s.len - 1] == '\t'))
		s.len--;
	return s;
}

/* At most `most` as a number of one to five digits; -1 where it is none. */
static int number(struct slice text, int most)
{
	int value = 0;
	if (text.len == 0 || text.len > 5)
		return -1;
	for (size_t i = 0; i < text.len; i++) {
		if (!byte_is(text.ptr[i], BYTE_DIGIT))
			return -1;
		value = value * 10 + (text.ptr[i] - '0');
	}
	return value <= most ? value : -1;
}

/* Cuts ":port" and the brackets of [ip6]:port. */
static struct slice without_port(struct slice text)
{
	if (text.len > 2 && text.ptr[0] == '[') {
		const char *close = memchr(text.ptr, ']', text.len);
		size_t at = close ? (size_t)(close - text.ptr) : 0;
		bool ends =
			close && (at + 1 == text.len ||
					 (text.ptr[at + 1] == ':' &&
						 number(part(text, at + 2, text.len), 65535) >= 0));
		return ends ? part(text, 1, at) : text;
	}
	const char *colon = text.len ? memchr(text.ptr, ':', text.len) : NULL;
	size_t at = colon ? (size_t)(colon - text.ptr) : text.len;
	if (colon && number(part(text, at + 1, text.len), 65535) >= 0)
		return part(text, 0, at);
	return text;
}

static size_t parse(struct slice text, uint8_t address[16])
{
	/* No text of more bytes is one, with any zone that is in use. */
	return text.len >= 2 && text.len <= 100 ? address_key(text, address) : 0;
}

static struct slice keep(struct arena *mem, const uint8_t *bytes, size_t n)
{
	char *copy = arena_alloc(mem, n);
	memcpy(copy, bytes, n);
	return (struct slice){copy, n};
}

static void set(struct arena *mem, struct indicator *out, const uint8_t *first, const uint8_t *last,
	size_t n)
{
	bool one = memcmp(first, last, n) == 0;
	*out = (struct indicator){.key = keep(mem, first, n)};
	out->form = one ? IOC_EXACT : IOC_RANGE;
	out->kind = n == 4 ? IOC_IPV4 : IOC_IPV6;
	if (!one)
		out->last = keep(mem, last, n);
}

/* 255.255.255.0 as 24; -1 where it is no netmask. */
static int netmask(struct slice text)
{
	uint8_t bytes[4];
	if (!address4_parse(text, bytes))
		return -1;
	uint32_t mask = (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 |
			(uint32_t)bytes[2] << 8 | bytes[3];
	/* Ones, then zeros: the zeros as a number are one less than a power of two. */
	return (~mask & (~mask + 1)) == 0 ? __builtin_popcount(mask) : -1;
}

static void mask_bits(uint8_t *first, uint8_t *last, size_t n, unsigned bits)
{
	for (unsigned i = 0; i < n; i++) {
		unsigned kept = bits > 8 * i ? bits - 8 * i : 0;
		uint8_t mask = (uint8_t)(kept >= 8 ? 0xff : 0xff00 >> kept);
		last[i] = (uint8_t)(first[i] | (uint8_t)~mask);
		first[i] &= mask;
	}
}

static int read_cidr(struct slice base, struct slice bits, struct arena *mem, struct indicator *out,
	bool *wide, struct err *err)
{
	uint8_t first[16], last[16];
	size_t n = parse(base, first);
	if (n == 0)
		return 0;
	bool dotted = !memchr(base.ptr, ':', base.len);
	int prefix = number(bits, dotted ? V4_BITS : V6_BITS);
	if (prefix < 0 && dotted)
		prefix = netmask(bits);
	if (prefix < 0 && number(bits, 99999) < 0)
		return 0; /* a path */
	if (prefix < 0)
		return err_set(err, ERR_USAGE, "not a range: its prefix is longer than an address");
	if (n == 4 && !dotted) {
		if (prefix >= MAPPED_BITS) {
			prefix -= MAPPED_BITS;
		} else {
			n = 16;
			(void)address6_parse(base, first);
		}
	}
	mask_bits(first, last, n, (unsigned)prefix);
	set(mem, out, first, last, n);
	*wide = prefix < (n == 4 ? V4_WIDE : V6_WIDE);
	return 1;
}

/* Whether a range holds more addresses than a /8, or a /16 of IPv6. */
static bool is_wide(const uint8_t *first, const uint8_t *last, size_t n)
{
	unsigned __int128 a = 0, b = 0;
	for (size_t i = 0; i < n; i++) {
		a = a << 8 | first[i];
		b = b << 8 | last[i];
	}
	return b - a >= (unsigned __int128)1 << (n == 4 ? V4_BITS - V4_WIDE : V6_BITS - V6_WIDE);
}

static int read_pair(struct slice from, struct slice to, struct arena *mem, struct indicator *out,
	bool *wide, struct err *err)
{
	uint8_t first[16], last[16];
	size_t n = parse(trim(from), first), m = parse(trim(to), last);
	int octet = n == 4 ? number(trim(to), 255) : -1;
	if (octet >= 0) { /* 192.0.2.1-9 */
		memcpy(last, first, 3);
		last[3] = (uint8_t)octet;
		m = 4;
	}
	if (n == 0 || m == 0)
		return 0;
	if (n != m)
		return err_set(err, ERR_USAGE, "not a range: one end is IPv4, the other IPv6");
	if (memcmp(first, last, n) > 0)
		return err_set(err, ERR_USAGE, "not a range: it ends before it begins");
	set(mem, out, first, last, n);
	*wide = is_wide(first, last, n);
	return 1;
}

int indicator_address(
	struct slice text, struct arena *mem, struct indicator *out, bool *wide, struct err *err)
{
	uint8_t address[16];
	if (text.len < 2 || !(byte_is(text.ptr[0], BYTE_HEX) || memchr(":[", text.ptr[0], 2)))
		return 0;
	size_t n = parse(text, address);
	if (n == 0)
		n = parse(without_port(text), address);
	if (n > 0) {
		set(mem, out, address, address, n);
		return 1;
	}
	const char *mark = memchr(text.ptr, '/', text.len);
	size_t at = mark ? (size_t)(mark - text.ptr) : 0;
	if (mark)
		return read_cidr(
			part(text, 0, at), part(text, at + 1, text.len), mem, out, wide, err);
	mark = memchr(text.ptr, '-', text.len);
	at = mark ? (size_t)(mark - text.ptr) : 0;
	if (mark)
		return read_pair(
			part(text, 0, at), part(text, at + 1, text.len), mem, out, wide, err);
	return 0;
}

int indicator_prefix(struct slice first, struct slice last)
{
	unsigned bits = 0, n = (unsigned)first.len * 8;
	while (bits < n) {
		uint8_t bit = (uint8_t)(0x80 >> bits % 8);
		if ((first.ptr[bits / 8] ^ last.ptr[bits / 8]) & bit)
			break;
		bits++;
	}
	for (unsigned i = bits; i < n; i++) {
		uint8_t bit = (uint8_t)(0x80 >> i % 8);
		if ((first.ptr[i / 8] & bit) || !(last.ptr[i / 8] & bit))
			return -1;
	}
	return (int)bits;
}
