/* SPDX-License-Identifier: Apache-2.0 */
/* validate.c: walks one JSON value and says where and why it is none. Containers that are open are
 * one bit each, so a million brackets cost 64 bytes. */
#include "json/json.h"

#include <ctype.h>

#include "json/private.h"

/* One walk over a text. */
struct walk {
	const char *end;
	bool strict; /* ill-formed text within strings is a fault */
	bool odd;    /* lenient: there was some */
	const char *fault;
	const char *reason;
};

static const char *fail(struct walk *w, const char *at, const char *reason)
{
	w->fault = at;
	w->reason = reason;
	return NULL;
}

int json_hex4(const char *p)
{
	int value = 0;
	for (int i = 0; i < 4; i++) {
		unsigned char c = (unsigned char)p[i];
		if (!isxdigit(c))
			return -1;
		value = value * 16 + (c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
	}
	return value;
}

unsigned json_escape(const char *p, size_t n, uint32_t *code)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	if (n < 2)
		return 0;
	if (p[1] != 'u') {
		const char *found = p[1] ? strchr(from, p[1]) : NULL;
		if (!found)
			return 0;
		*code = (unsigned char)to[found - from];
		return 2;
	}
	int unit = n < 6 ? -1 : json_hex4(p + 2);
	if (unit < 0)
		return 0;
	*code = (uint32_t)unit;
	if (unit < 0xD800 || unit > 0xDBFF || n < 12 || p[6] != '\\' || p[7] != 'u')
		return 6;
	int low = json_hex4(p + 8);
	if (low < 0xDC00 || low > 0xDFFF)
		return 6;
	*code = 0x10000 + (((uint32_t)unit - 0xD800) << 10) + ((uint32_t)low - 0xDC00);
	return 12;
}

/* Where an escape that is none goes wrong: the text's end where it is merely cut. */
static const char *walk_bad_escape(struct walk *w, const char *p)
{
	const char *at = p + 1;
	if (at < w->end && *at == 'u') {
		at++;
		while (at < w->end && at < p + 6 && isxdigit((unsigned char)*at))
			at++;
	}
	return fail(w, at, "unknown escape in a string");
}

/* The byte at p is in a string and not plain: passes over it, or fails. */
static const char *walk_odd(struct walk *w, const char *p)
{
	unsigned char c = (unsigned char)*p;
	if (c == '\\') {
		uint32_t code;
		unsigned n = json_escape(p, (size_t)(w->end - p), &code);
		if (n == 0)
			return walk_bad_escape(w, p);
		if (code == 0 || (code >= 0xD800 && code <= 0xDFFF))
			w->odd = true;
		return p + n;
	}
	if (c < 0x20) {
		if (w->strict)
			return fail(w, p, "control character in a string");
		if (c == '\n') /* it ends the line, and so the record */
			return fail(w, p, "line break in a string");
		w->odd = true;
		return p + 1;
	}
	size_t n = text_utf8_step(p, (size_t)(w->end - p), NULL);
	if (n > 0)
		return p + n;
	if (w->strict)
		return fail(w, p, "ill-formed UTF-8");
	w->odd = true;
	return p + 1;
}

/* p is after the opening quote. Returns the byte after the closing one. */
static const char *walk_string(struct walk *w, const char *p)
{
	for (;;) {
		p = skip_plain(p, w->end);
		if (p == w->end)
			return fail(w, p, "string without an end");
		if (*p == '"')
			return p + 1;
		p = walk_odd(w, p);
		if (!p)
			return NULL;
	}
}

static bool at_digit(const struct walk *w, const char *p)
{
	return p < w->end && *p >= '0' && *p <= '9';
}

static const char *walk_digits(struct walk *w, const char *p)
{
	if (!at_digit(w, p))
		return fail(w, p, "digit expected");
	while (at_digit(w, p))
		p++;
	return p;
}

static const char *walk_number(struct walk *w, const char *p)
{
	if (*p == '-')
		p++;
	if (at_digit(w, p) && *p == '0') {
		p++;
		if (at_digit(w, p))
			return fail(w, p, "number with a leading zero");
	} else {
		p = walk_digits(w, p);
	}
	if (p && p < w->end && *p == '.')
		p = walk_digits(w, p + 1);
	if (p && p < w->end && (*p == 'e' || *p == 'E')) {
		p++;
		if (p < w->end && (*p == '+' || *p == '-'))
			p++;
		p = walk_digits(w, p);
	}
	return p;
}

static const char *walk_literal(struct walk *w, const char *p, const char *word)
{
	for (; *word; word++, p++) {
		if (p == w->end || *p != *word)
			return fail(w, p, "value expected");
	}
	return p;
}

static const char *walk_scalar(struct walk *w, const char *p)
{
	switch (*p) {
	case '"':
		return walk_string(w, p + 1);
	case 't':
		return walk_literal(w, p, "true");
	case 'f':
		return walk_literal(w, p, "false");
	case 'n':
		return walk_literal(w, p, "null");
	default:
		if (*p == '-' || (*p >= '0' && *p <= '9'))
			return walk_number(w, p);
		return fail(w, p, "value expected");
	}
}

/* A key and its colon. */
static const char *walk_key(struct walk *w, const char *p)
{
	p = skip_blanks(p, w->end);
	if (p == w->end || *p != '"')
		return fail(w, p, "key expected");
	p = walk_string(w, p + 1);
	if (!p)
		return NULL;
	p = skip_blanks(p, w->end);
	if (p == w->end || *p != ':')
		return fail(w, p, "':' expected");
	return p + 1;
}

/* Which containers are open. */
struct open {
	uint64_t object[LIMIT_DEPTH / 64]; /* a bit per level: it is an object */
	unsigned depth, most;
};

static bool in_object(const struct open *open)
{
	unsigned level = open->depth - 1;
	return open->object[level >> 6] >> (level & 63) & 1;
}

/* Opens the container at p. Returns where its first value begins, or its closing bracket. */
static const char *walk_open(struct walk *w, struct open *open, const char *p, bool *empty)
{
	bool object = *p == '{';
	if (open->depth == open->most)
		return fail(w, p, "nested too deep");
	unsigned level = open->depth++;
	uint64_t bit = UINT64_C(1) << (level & 63);
	open->object[level >> 6] = (open->object[level >> 6] & ~bit) | (object ? bit : 0);
	p = skip_blanks(p + 1, w->end);
	*empty = p < w->end && *p == (object ? '}' : ']');
	return *empty || !object ? p : walk_key(w, p);
}

/* After a value: closes what ends here. Returns where the next value begins; *done is set where
 * the outermost one has ended. */
static const char *walk_after(struct walk *w, struct open *open, const char *p, bool *done)
{
	while (open->depth > 0) {
		bool object = in_object(open);
		p = skip_blanks(p, w->end);
		if (p == w->end)
			return fail(
				w, p, object ? "object without an end" : "array without an end");
		if (*p == ',')
			return object ? walk_key(w, p + 1) : p + 1;
		if (*p != (object ? '}' : ']'))
			return fail(w, p, object ? "',' or '}' expected" : "',' or ']' expected");
		open->depth--;
		p++;
	}
	*done = true;
	return p;
}

static const char *walk_value(struct walk *w, const char *p, unsigned depth)
{
	struct open open = {.most = depth < LIMIT_DEPTH ? LIMIT_DEPTH - depth : 0};
	for (bool done = false; !done;) {
		p = skip_blanks(p, w->end);
		if (p == w->end)
			return fail(w, p, "value expected");
		if (*p == '{' || *p == '[') {
			bool empty = false;
			p = walk_open(w, &open, p, &empty);
			if (!p)
				return NULL;
			if (!empty)
				continue;
		} else {
			p = walk_scalar(w, p);
			if (!p)
				return NULL;
		}
		p = walk_after(w, &open, p, &done);
		if (!p)
			return NULL;
	}
	return p;
}

static int walk_whole(struct walk *w, struct slice text, struct json_fault *fault)
{
	w->end = text.ptr + text.len;
	const char *p = walk_value(w, text.ptr, 0);
	if (p) {
		p = skip_blanks(p, w->end);
		if (p == w->end)
			return 0;
		fail(w, p, "text after the value");
	}
	if (fault)
		*fault = (struct json_fault){(size_t)(w->fault - text.ptr), w->reason};
	return -1;
}

int json_validate(struct slice text, struct json_fault *fault)
{
	struct walk w = {.strict = true};
	return walk_whole(&w, text, fault);
}

int json_validate_lenient(struct slice text, bool *repaired, struct json_fault *fault)
{
	struct walk w = {.strict = false};
	int result = walk_whole(&w, text, fault);
	*repaired = w.odd;
	return result;
}

int64_t json_value(
	struct slice text, size_t at, unsigned depth, bool *repaired, struct json_fault *fault)
{
	struct walk w = {.end = text.ptr + text.len};
	const char *p = walk_value(&w, text.ptr + at, depth);
	if (!p) {
		*fault = (struct json_fault){(size_t)(w.fault - text.ptr), w.reason};
		return -1;
	}
	if (w.odd)
		*repaired = true;
	return p - text.ptr;
}
