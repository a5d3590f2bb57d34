/* SPDX-License-Identifier: Apache-2.0 */
/* string.c: JSON strings to text and back to well-formed JSON: what is ill-formed becomes U+FFFD,
 * so that one bad byte in a name takes no event out of sight. */
#include "json/json.h"

#include "json/private.h"

#define REPLACEMENT "\xEF\xBF\xBD"

static bool is_lone(uint32_t code)
{
	return code == 0 || (code >= 0xD800 && code <= 0xDFFF);
}

static void put_utf8(struct buf *out, uint32_t code)
{
	char text[4];
	size_t n;
	if (code < 0x80) {
		text[0] = (char)code;
		n = 1;
	} else if (code < 0x800) {
		text[0] = (char)(0xC0 | code >> 6);
		text[1] = (char)(0x80 | (code & 0x3F));
		n = 2;
	} else if (code < 0x10000) {
		text[0] = (char)(0xE0 | code >> 12);
		text[1] = (char)(0x80 | (code >> 6 & 0x3F));
		text[2] = (char)(0x80 | (code & 0x3F));
		n = 3;
	} else {
		text[0] = (char)(0xF0 | code >> 18);
		text[1] = (char)(0x80 | (code >> 12 & 0x3F));
		text[2] = (char)(0x80 | (code >> 6 & 0x3F));
		text[3] = (char)(0x80 | (code & 0x3F));
		n = 4;
	}
	buf_append(out, text, n);
}

/* Bytes at p that are no well-formed sequence: how many one U+FFFD stands for (Unicode's maximal
 * subpart practice: the longest prefix of a well-formed sequence, at least one byte). */
static size_t ill_formed(const char *p, size_t n)
{
	unsigned char c = (unsigned char)p[0];
	if (c < 0xC2 || c > 0xF4 || n < 2)
		return 1;
	unsigned char lo = c == 0xE0 ? 0xA0 : c == 0xF0 ? 0x90 : 0x80;
	unsigned char hi = c == 0xED ? 0x9F : c == 0xF4 ? 0x8F : 0xBF;
	if ((unsigned char)p[1] < lo || (unsigned char)p[1] > hi || c < 0xE0)
		return 1;
	if (n < 3 || c < 0xF0 || ((unsigned char)p[2] & 0xC0) != 0x80)
		return 2;
	return 3;
}

/* A byte of a string that is neither plain, nor a quote, nor a backslash. */
static const char *copy_raw(const char *p, const char *end, struct buf *out, bool *repaired)
{
	if ((unsigned char)*p < 0x20) {
		*repaired = true;
		if (*p == 0)
			buf_puts(out, REPLACEMENT);
		else
			buf_push(out, *p);
		return p + 1;
	}
	size_t n = text_utf8_step(p, (size_t)(end - p), NULL);
	if (n > 0) {
		buf_append(out, p, n);
		return p + n;
	}
	*repaired = true;
	buf_puts(out, REPLACEMENT);
	return p + ill_formed(p, (size_t)(end - p));
}

int64_t json_unescape(struct slice text, size_t at, struct buf *out, bool *repaired)
{
	const char *end = text.ptr + text.len, *p = text.ptr + at + 1;
	while (p < end) {
		const char *plain = skip_plain(p, end);
		buf_append(out, p, (size_t)(plain - p));
		p = plain;
		if (p == end)
			break;
		if (*p == '"')
			return p + 1 - text.ptr;
		if (*p != '\\') {
			p = copy_raw(p, end, out, repaired);
			continue;
		}
		uint32_t code;
		unsigned n = json_escape(p, (size_t)(end - p), &code);
		if (n == 0)
			return -1;
		if (is_lone(code)) {
			*repaired = true;
			code = 0xFFFD;
		}
		put_utf8(out, code);
		p += n;
	}
	return -1;
}

/* Within a string, a byte that is not plain and not its end. */
static const char *repair_odd(const char *p, const char *end, struct buf *out)
{
	uint32_t code;
	bool ignored = false;
	if (*p == '\\') {
		unsigned n = json_escape(p, (size_t)(end - p), &code);
		if (n == 0) /* not JSON: the caller promised that it is */
			n = 1;
		else if (is_lone(code))
			buf_puts(out, "\\ufffd");
		else
			buf_append(out, p, n);
		return p + n;
	}
	if ((unsigned char)*p < 0x20 && *p != 0) {
		buf_printf(out, "\\u%04x", (unsigned)(unsigned char)*p);
		return p + 1;
	}
	return copy_raw(p, end, out, &ignored);
}

void json_repair(struct slice text, struct buf *out)
{
	const char *p = text.ptr, *end = p + text.len;
	bool inside = false;
	while (p < end) {
		if (!inside) {
			const char *quote = memchr(p, '"', (size_t)(end - p));
			const char *to = quote ? quote + 1 : end;
			buf_append(out, p, (size_t)(to - p));
			inside = quote != NULL;
			p = to;
			continue;
		}
		const char *plain = skip_plain(p, end);
		buf_append(out, p, (size_t)(plain - p));
		p = plain;
		if (p < end && *p == '"') {
			buf_push(out, *p++);
			inside = false;
		} else if (p < end) {
			p = repair_odd(p, end, out);
		}
	}
}
