/* SPDX-License-Identifier: Apache-2.0 */
/* text_utf8.c: well-formed UTF-8 by table 3-7 of the Unicode standard; ASCII is passed over 32
 * bytes at a time. */
#include "base/private.h"
#include "base/text.h"

#include "base/hash.h"

static const uint32_t replacement = 0xfffd;
static const uint64_t high_bits = 0x8080808080808080u;

/* A lead byte's sequence: how long, and what its second byte may be. The narrower ranges keep out
 * overlong forms (e0, f0), surrogates (ed) and what lies beyond U+10FFFF (f4). */
struct lead {
	uint8_t length, second_low, second_high;
};

static struct lead lead_of(unsigned char byte)
{
	if (byte >= 0xc2 && byte <= 0xdf)
		return (struct lead){2, 0x80, 0xbf};
	if (byte >= 0xe0 && byte <= 0xef)
		return (struct lead){3, byte == 0xe0 ? 0xa0 : 0x80, byte == 0xed ? 0x9f : 0xbf};
	if (byte >= 0xf0 && byte <= 0xf4)
		return (struct lead){4, byte == 0xf0 ? 0x90 : 0x80, byte == 0xf4 ? 0x8f : 0xbf};
	return (struct lead){1, 0, 0};
}

size_t text_utf8_part(const char *text, size_t n, bool *ok, uint32_t *code)
{
	const unsigned char *p = (const unsigned char *)text;
	*ok = p[0] < 0x80;
	*code = *ok ? p[0] : replacement;
	struct lead lead = lead_of(p[0]);
	if (lead.length == 1)
		return 1;
	if (n < 2 || p[1] < lead.second_low || p[1] > lead.second_high)
		return 1;
	uint32_t value = p[0] & (0x7fu >> lead.length);
	value = value << 6 | (p[1] & 0x3fu);
	for (size_t i = 2; i < lead.length; i++) {
		if (i == n || (p[i] & 0xc0) != 0x80)
			return i;
		value = value << 6 | (p[i] & 0x3fu);
	}
	*ok = true;
	*code = value;
	return lead.length;
}

size_t text_utf8_step(const char *p, size_t n, uint32_t *code)
{
	bool ok;
	uint32_t value;
	if (n == 0)
		return 0;
	size_t length = text_utf8_part(p, n, &ok, &value);
	if (ok && code)
		*code = value;
	return ok ? length : 0;
}

/* How many of n bytes at `p` are below 0x80, up to the first that is not. */
static size_t ascii_run(const char *p, size_t n)
{
	size_t at = 0;
	for (; n - at >= 32; at += 32) {
		uint64_t any = hash_load8(p + at) | hash_load8(p + at + 8) |
			       hash_load8(p + at + 16) | hash_load8(p + at + 24);
		if (any & high_bits)
			break;
	}
	for (; n - at >= 8; at += 8) {
		uint64_t high = hash_load8(p + at) & high_bits;
		if (high)
			return at + (size_t)__builtin_ctzll(high) / 8;
	}
	while (at < n && (unsigned char)p[at] < 0x80)
		at++;
	return at;
}

bool text_is_ascii(struct slice s)
{
	return ascii_run(s.ptr, s.len) == s.len;
}

bool text_utf8_valid(struct slice s)
{
	for (size_t at = 0; at < s.len;) {
		at += ascii_run(s.ptr + at, s.len - at);
		/* Text that is not ASCII tends to stay so for a while. */
		while (at < s.len && (unsigned char)s.ptr[at] >= 0x80) {
			bool ok;
			uint32_t code;
			at += text_utf8_part(s.ptr + at, s.len - at, &ok, &code);
			if (!ok)
				return false;
		}
	}
	return true;
}

size_t text_utf8_repair(struct buf *out, struct slice s)
{
	size_t repaired = 0, begin = 0;
	for (size_t at = 0; at < s.len;) {
		at += ascii_run(s.ptr + at, s.len - at);
		if (at == s.len)
			break;
		bool ok;
		uint32_t code;
		size_t n = text_utf8_part(s.ptr + at, s.len - at, &ok, &code);
		if (!ok) {
			buf_append(out, s.ptr + begin, at - begin);
			buf_puts(out, "\xef\xbf\xbd");
			begin = at + n;
			repaired++;
		}
		at += n;
	}
	buf_append(out, s.ptr + begin, s.len - begin);
	return repaired;
}
