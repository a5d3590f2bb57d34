/* SPDX-License-Identifier: Apache-2.0 */
/*
 * jsontext.c: a check that a text is one JSON value, so that results never hold broken JSON whatever
 * a query cast to it, and the rewriting of characters that must not reach a terminal.
 */
#include "query/jsontext.h"

#include <stdint.h>

#include "base/limits.h"
#include "base/text.h"

struct scan {
	const char *at, *end;
};

static void skip_blanks(struct scan *s)
{
	while (s->at < s->end && strchr(" \t\r\n", *s->at) && *s->at)
		s->at++;
}

static bool take_char(struct scan *s, char c)
{
	if (s->at == s->end || *s->at != c)
		return false;
	s->at++;
	return true;
}

static bool take_word(struct scan *s, struct slice word)
{
	if ((size_t)(s->end - s->at) < word.len || memcmp(s->at, word.ptr, word.len) != 0)
		return false;
	s->at += word.len;
	return true;
}

static bool take_digits(struct scan *s)
{
	const char *from = s->at;
	while (s->at < s->end && *s->at >= '0' && *s->at <= '9')
		s->at++;
	return s->at > from;
}

static bool take_number(struct scan *s)
{
	take_char(s, '-');
	if (!take_char(s, '0') && !take_digits(s))
		return false;
	if (take_char(s, '.') && !take_digits(s))
		return false;
	if (!take_char(s, 'e') && !take_char(s, 'E'))
		return true;
	if (!take_char(s, '+'))
		take_char(s, '-');
	return take_digits(s);
}

static bool take_hex(struct scan *s)
{
	for (int i = 0; i < 4; i++, s->at++) {
		if (s->at == s->end || !*s->at || !strchr("0123456789abcdefABCDEF", *s->at))
			return false;
	}
	return true;
}

static bool take_string(struct scan *s)
{
	if (!take_char(s, '"'))
		return false;
	while (s->at < s->end) {
		unsigned char c = (unsigned char)*s->at++;
		if (c == '"')
			return true;
		if (c < 0x20)
			return false;
		if (c != '\\')
			continue;
		if (take_char(s, 'u')) {
			if (!take_hex(s))
				return false;
		} else if (s->at == s->end || !*s->at || !strchr("\"\\/bfnrt", *s->at++)) {
			return false;
		}
	}
	return false;
}

static bool take_scalar(struct scan *s)
{
	if (s->at == s->end)
		return false;
	switch (*s->at) {
	case '"':
		return take_string(s);
	case 't':
		return take_word(s, SLICE("true"));
	case 'f':
		return take_word(s, SLICE("false"));
	case 'n':
		return take_word(s, SLICE("null"));
	default:
		return take_number(s);
	}
}

static bool take_key(struct scan *s)
{
	skip_blanks(s);
	if (!take_string(s))
		return false;
	skip_blanks(s);
	return take_char(s, ':');
}

/* The containers that are open, one bit a level: 1 = object. */
struct nest {
	uint64_t bits[LIMIT_DEPTH / 64];
	unsigned depth;
};

static bool in_object(const struct nest *nest)
{
	unsigned top = nest->depth - 1;
	return nest->bits[top / 64] >> (top % 64) & 1;
}

/* Opens a container. *inside tells whether a value is to follow; an empty one is closed here. */
static bool open_container(struct scan *s, struct nest *nest, bool object, bool *inside)
{
	s->at++;
	skip_blanks(s);
	*inside = !take_char(s, object ? '}' : ']');
	if (!*inside)
		return true;
	if (nest->depth == LIMIT_DEPTH)
		return false;
	uint64_t bit = UINT64_C(1) << (nest->depth % 64);
	uint64_t *word = &nest->bits[nest->depth++ / 64];
	*word = object ? *word | bit : *word & ~bit;
	return !object || take_key(s);
}

/* After a value: closes what ends here, or steps over the comma. */
static bool after_value(struct scan *s, struct nest *nest)
{
	while (nest->depth) {
		skip_blanks(s);
		bool object = in_object(nest);
		if (take_char(s, ','))
			return !object || take_key(s);
		if (!take_char(s, object ? '}' : ']'))
			return false;
		nest->depth--;
	}
	return true;
}

bool jsontext_valid(struct slice text)
{
	struct scan s = {text.ptr, text.ptr + text.len};
	struct nest nest = {.depth = 0};
	if (!text_utf8_valid(text))
		return false;
	do {
		skip_blanks(&s);
		bool inside = false;
		if (s.at < s.end && (*s.at == '{' || *s.at == '[')) {
			if (!open_container(&s, &nest, *s.at == '{', &inside))
				return false;
		} else if (!take_scalar(&s)) {
			return false;
		}
		if (!inside && !after_value(&s, &nest))
			return false;
	} while (nest.depth);
	skip_blanks(&s);
	return s.at == s.end;
}

static bool is_hidden(uint32_t code)
{
	return (code >= 0x7f && code <= 0x9f) || code == 0x61c ||
	       (code >= 0x200b && code <= 0x200f) || (code >= 0x2028 && code <= 0x202e) ||
	       (code >= 0x2060 && code <= 0x206f) || code == 0xfeff;
}

void jsontext_visible(struct buf *out, struct slice json)
{
	size_t done = 0;
	for (size_t i = 0; i < json.len;) {
		unsigned char c = (unsigned char)json.ptr[i];
		if (c >= 0x20 && c < 0x7f) {
			i++;
			continue;
		}
		uint32_t code = c;
		size_t n = text_utf8_step(json.ptr + i, json.len - i, &code);
		if (n == 0)
			n = 1;
		if (code < 0x20 || is_hidden(code)) {
			buf_append(out, json.ptr + done, i - done);
			if (code < 0x20)
				buf_push(out, ' '); /* between values: no string may hold it */
			else
				buf_printf(out, "\\u%04x", code);
			done = i + n;
		}
		i += n;
	}
	buf_append(out, json.ptr + done, json.len - done);
}
