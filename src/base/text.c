/* SPDX-License-Identifier: Apache-2.0 */
/* text.c: hostile text written so that a terminal, a JSON reader or a spreadsheet takes it as
 * text. */
#include "base/text.h"

#include "base/private.h"

size_t text_printable_run(const char *p, size_t n)
{
	size_t at = 0;
	while (at < n && p[at] >= 0x20 && p[at] < 0x7f)
		at++;
	return at;
}

static void escape_part(struct buf *out, const char *p, size_t n, bool ok, uint32_t code)
{
	if (ok && code == '\n') {
		buf_puts(out, "\\n");
	} else if (ok && code == '\t') {
		buf_puts(out, "\\t");
	} else if (ok && code >= 0x80) {
		buf_printf(out, "\\u{%04x}", code);
	} else {
		for (size_t i = 0; i < n; i++)
			buf_printf(out, "\\x%02x", (unsigned char)p[i]);
	}
}

void text_escape(struct buf *out, struct slice s)
{
	for (size_t at = 0; at < s.len;) {
		size_t plain = text_printable_run(s.ptr + at, s.len - at);
		buf_append(out, s.ptr + at, plain);
		at += plain;
		if (at == s.len)
			break;
		bool ok;
		uint32_t code;
		size_t n = text_utf8_part(s.ptr + at, s.len - at, &ok, &code);
		if (!ok || text_is_unsafe(code))
			escape_part(out, s.ptr + at, n, ok, code);
		else
			buf_append(out, s.ptr + at, n);
		at += n;
	}
}

static void json_escape(struct buf *out, uint32_t code)
{
	static const char letters[0x80] = {
		['"'] = '"',
		['\\'] = '\\',
		['\b'] = 'b',
		['\f'] = 'f',
		['\n'] = 'n',
		['\r'] = 'r',
		['\t'] = 't',
	};
	if (code < 0x80 && letters[code]) {
		buf_push(out, '\\');
		buf_push(out, letters[code]);
	} else if (code > 0xffff) {
		code -= 0x10000;
		buf_printf(out, "\\u%04x\\u%04x", 0xd800 + (code >> 10), 0xdc00 + (code & 0x3ff));
	} else {
		buf_printf(out, "\\u%04x", code);
	}
}

static size_t json_plain_run(const char *p, size_t n)
{
	size_t at = 0;
	while (at < n && p[at] >= 0x20 && p[at] < 0x7f && p[at] != '"' && p[at] != '\\')
		at++;
	return at;
}

bool text_one_line(struct buf *text)
{
	bool some = false;
	for (char *p = text->ptr, *end = p + text->len;
		text->len && (p = memchr(p, '\n', (size_t)(end - p)));) {
		*p = ' ';
		some = true;
	}
	return some;
}

void text_json_string(struct buf *out, struct slice s)
{
	buf_push(out, '"');
	for (size_t at = 0; at < s.len;) {
		size_t plain = json_plain_run(s.ptr + at, s.len - at);
		buf_append(out, s.ptr + at, plain);
		at += plain;
		if (at == s.len)
			break;
		bool ok;
		uint32_t code;
		size_t n = text_utf8_part(s.ptr + at, s.len - at, &ok, &code);
		if (!ok)
			buf_puts(out, "\xef\xbf\xbd");
		else if (code == '"' || code == '\\' || text_is_unsafe(code))
			json_escape(out, code);
		else
			buf_append(out, s.ptr + at, n);
		at += n;
	}
	buf_push(out, '"');
}

static size_t skip_digits(struct slice s, size_t at)
{
	while (at < s.len && s.ptr[at] >= '0' && s.ptr[at] <= '9')
		at++;
	return at;
}

/* -12, +3.5, -1e-5: what a spreadsheet may read as a number without harm. */
static bool is_plain_number(struct slice s)
{
	size_t at = s.len && (s.ptr[0] == '-' || s.ptr[0] == '+');
	size_t digits = skip_digits(s, at);
	if (digits == at)
		return false;
	at = digits;
	if (at < s.len && s.ptr[at] == '.') {
		digits = skip_digits(s, at + 1);
		if (digits == at + 1)
			return false;
		at = digits;
	}
	if (at < s.len && (s.ptr[at] == 'e' || s.ptr[at] == 'E')) {
		at++;
		at += at < s.len && (s.ptr[at] == '-' || s.ptr[at] == '+');
		digits = skip_digits(s, at);
		if (digits == at)
			return false;
		at = digits;
	}
	return at == s.len;
}

/* Spreadsheets pass over blanks, and some take the full-width forms of = + - @ as well. */
static bool is_formula(struct slice s)
{
	size_t at = 0;
	uint32_t code = 0;
	do {
		size_t n = text_utf8_step(s.ptr + at, s.len - at, &code);
		if (n == 0)
			return false;
		at += n;
	} while (code == ' ' || code == 0xa0 || code == 0x3000 || code == 0xfeff);
	switch (code) {
	case '=':
	case '+':
	case '-':
	case '@':
	case '\t':
	case '\r':
	case '\n':
	case 0xff1d:
	case 0xff0b:
	case 0xff0d:
	case 0xff20:
		return !is_plain_number(s);
	default:
		return false;
	}
}

static bool needs_quotes(struct slice s)
{
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.ptr[i];
		if (c < 0x20 || c == '"' || c == ',' || c == ';')
			return true;
	}
	return s.len > 0 && (s.ptr[0] == ' ' || s.ptr[s.len - 1] == ' ');
}

void text_csv_field(struct buf *out, struct slice s)
{
	bool formula = is_formula(s);
	if (!needs_quotes(s)) {
		if (formula)
			buf_push(out, '\'');
		buf_slice(out, s);
		return;
	}
	buf_puts(out, formula ? "\"'" : "\"");
	for (size_t begin = 0; begin < s.len;) {
		const char *quote = memchr(s.ptr + begin, '"', s.len - begin);
		size_t end = quote ? (size_t)(quote - s.ptr) : s.len;
		buf_append(out, s.ptr + begin, end - begin);
		if (quote)
			buf_puts(out, "\"\"");
		begin = end + 1;
	}
	buf_push(out, '"');
}

void text_json_member(struct buf *out, const char *name, const char *text)
{
	buf_printf(out, ",\"%s\":", name);
	if (text)
		text_json_string(out, slice_of(text));
	else
		buf_puts(out, "null");
}
