/* SPDX-License-Identifier: Apache-2.0 */
/* encode.c: values as UTF-16 and base64 (RFC 4648). */
#include "detect/private.h"

/* ---- UTF-16 ---------------------------------------------------------------------------------- */

static void unit(struct buf *out, unsigned value, bool big)
{
	char bytes[2] = {(char)(value & 0xff), (char)(value >> 8)};
	buf_push(out, bytes[big]);
	buf_push(out, bytes[!big]);
}

static struct slice wide_text(struct arena *mem, struct slice text, bool big, bool mark)
{
	struct buf out;
	buf_init(&out, SIZE_MAX);
	if (mark)
		unit(&out, 0xfeff, big);
	for (size_t i = 0; i < text.len;) {
		uint32_t code = 0;
		size_t step = text_utf8_step(text.ptr + i, text.len - i, &code);
		if (step == 0) { /* cannot be: YAML is well-formed */
			step = 1;
			code = (unsigned char)text.ptr[i];
		}
		if (code >= 0x10000) {
			unit(&out, 0xd800 + ((code - 0x10000) >> 10), big);
			code = 0xdc00 + ((code - 0x10000) & 0x3ff);
		}
		unit(&out, code, big);
		i += step;
	}
	struct slice copy = {arena_strdup(mem, buf_view(&out)), out.len};
	buf_fini(&out);
	return copy;
}

struct pattern encode_wide(struct arena *mem, struct pattern pattern, enum item_wide wide)
{
	bool mark = wide == WIDE_BOM;
	struct piece *pieces = arena_zalloc(mem, pattern.npieces + 1, sizeof(*pieces));
	uint32_t n = 0;
	if (mark && (pattern.npieces == 0 || pattern.pieces[0].kind != PIECE_TEXT))
		pieces[n++] = (struct piece){PIECE_TEXT, wide_text(mem, SLICE(""), false, true)};
	for (uint32_t i = 0; i < pattern.npieces; i++) {
		pieces[n] = pattern.pieces[i];
		if (pieces[n].kind == PIECE_TEXT)
			pieces[n].text =
				wide_text(mem, pieces[n].text, wide == WIDE_BE, mark && i == 0);
		n++;
	}
	return (struct pattern){pieces, n};
}

/* ---- base64 ---------------------------------------------------------------------------------- */

static bool plain_bytes(struct pattern pattern, struct buf *out)
{
	for (uint32_t i = 0; i < pattern.npieces; i++) {
		if (pattern.pieces[i].kind != PIECE_TEXT)
			return false;
		buf_slice(out, pattern.pieces[i].text);
	}
	return true;
}

static struct slice base64(struct arena *mem, struct slice bytes)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	size_t len = (bytes.len + 2) / 3 * 4;
	char *out = arena_alloc(mem, len + 1), *at = out;
	for (size_t i = 0; i < bytes.len; i += 3) {
		size_t left = bytes.len - i;
		uint32_t v = (uint32_t)(unsigned char)bytes.ptr[i] << 16;
		v |= left > 1 ? (uint32_t)(unsigned char)bytes.ptr[i + 1] << 8 : 0;
		v |= left > 2 ? (unsigned char)bytes.ptr[i + 2] : 0;
		*at++ = digits[v >> 18];
		*at++ = digits[v >> 12 & 63];
		*at++ = left > 1 ? digits[v >> 6 & 63] : '=';
		*at++ = left > 2 ? digits[v & 63] : '=';
	}
	*at = '\0';
	return (struct slice){out, len};
}

bool encode_base64(struct arena *mem, struct pattern pattern, struct slice *out)
{
	struct buf bytes;
	buf_init(&bytes, SIZE_MAX);
	bool plain = plain_bytes(pattern, &bytes);
	if (plain)
		*out = base64(mem, buf_view(&bytes));
	buf_fini(&bytes);
	return plain;
}

/* What is left of the text where it begins 0, 1 or 2 bytes after a group of three: the digits that hold
 * bits of it alone. */
bool encode_base64_offset(struct arena *mem, struct pattern pattern, struct slice out[3])
{
	static const size_t front[] = {0, 2, 3}, back[] = {0, 3, 2};
	struct buf bytes;
	buf_init(&bytes, SIZE_MAX);
	bool plain = true;
	for (unsigned shift = 0; shift < 3 && plain; shift++) {
		buf_clear(&bytes);
		buf_append(&bytes, "\0\0", shift);
		plain = plain_bytes(pattern, &bytes);
		if (!plain)
			break;
		struct slice text = base64(mem, buf_view(&bytes));
		size_t cut = front[shift] + back[bytes.len % 3];
		text.ptr += front[shift];
		text.len = text.len > cut ? text.len - cut : 0;
		out[shift] = text;
	}
	buf_fini(&bytes);
	return plain;
}
