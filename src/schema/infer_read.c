/* SPDX-License-Identifier: Apache-2.0 */
/* infer_read.c: a small, tolerant reader of JSON that counts what it sees. Only proposals are made
 * from it, so it need not be as strict as json/; it must survive everything. */
#include "schema/infer.h"

#include <stdlib.h>

enum { MAX_TEXT = 512 }; /* bytes of a string that are looked at */

struct cursor {
	struct infer *infer;
	const char *at, *end;
	const char *why;
	bool count; /* false in the first pass, which only checks */
	char text[MAX_TEXT + 8];
	size_t len;
};

static int value(struct cursor *c, struct seen *seen, unsigned depth);

static int fault(struct cursor *c, const char *why)
{
	c->why = why;
	return -1;
}

static void blanks(struct cursor *c)
{
	while (c->at < c->end &&
		(*c->at == ' ' || *c->at == '\t' || *c->at == '\n' || *c->at == '\r'))
		c->at++;
}

static bool take(struct cursor *c, char ch)
{
	blanks(c);
	if (c->at == c->end || *c->at != ch)
		return false;
	c->at++;
	return true;
}

static void keep(struct cursor *c, const char *bytes, size_t n)
{
	if (c->len + n > MAX_TEXT)
		return;
	memcpy(c->text + c->len, bytes, n);
	c->len += n;
}

static void keep_code(struct cursor *c, uint32_t code)
{
	char b[4];
	if (code >= 0xD800 && code < 0xE000)
		code = 0xFFFD;
	if (code < 0x80) {
		b[0] = (char)code;
		keep(c, b, 1);
	} else if (code < 0x800) {
		b[0] = (char)(0xC0 | code >> 6);
		b[1] = (char)(0x80 | (code & 63));
		keep(c, b, 2);
	} else if (code < 0x10000) {
		b[0] = (char)(0xE0 | code >> 12);
		b[1] = (char)(0x80 | (code >> 6 & 63));
		b[2] = (char)(0x80 | (code & 63));
		keep(c, b, 3);
	} else {
		b[0] = (char)(0xF0 | code >> 18);
		b[1] = (char)(0x80 | (code >> 12 & 63));
		b[2] = (char)(0x80 | (code >> 6 & 63));
		b[3] = (char)(0x80 | (code & 63));
		keep(c, b, 4);
	}
}

static int hex4(struct cursor *c, uint32_t *code)
{
	*code = 0;
	for (int i = 0; i < 4; i++, c->at++) {
		if (c->at == c->end)
			return -1;
		char ch = *c->at;
		uint32_t digit = ch >= '0' && ch <= '9'   ? (uint32_t)(ch - '0')
				 : ch >= 'a' && ch <= 'f' ? (uint32_t)(ch - 'a' + 10)
				 : ch >= 'A' && ch <= 'F' ? (uint32_t)(ch - 'A' + 10)
							  : 16;
		if (digit > 15)
			return -1;
		*code = *code * 16 + digit;
	}
	return 0;
}

static int unicode_escape(struct cursor *c)
{
	uint32_t high, low;
	if (hex4(c, &high) != 0)
		return fault(c, "a bad \\u escape");
	bool pair = high >= 0xD800 && high < 0xDC00 && c->end - c->at >= 2 && c->at[0] == '\\' &&
		    c->at[1] == 'u';
	if (pair) {
		const char *back = c->at;
		c->at += 2;
		if (hex4(c, &low) != 0)
			return fault(c, "a bad \\u escape");
		if (low >= 0xDC00 && low < 0xE000) {
			keep_code(c, 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00));
			return 0;
		}
		c->at = back;
	}
	keep_code(c, high);
	return 0;
}

static int escape(struct cursor *c)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	if (c->at == c->end)
		return fault(c, "a string does not end");
	char ch = *c->at++;
	if (ch == 'u')
		return unicode_escape(c);
	const char *which = ch ? strchr(from, ch) : NULL;
	if (!which)
		return fault(c, "an unknown escape");
	keep(c, &to[which - from], 1);
	return 0;
}

/* The text, unescaped and cut, is in c->text. */
static int string(struct cursor *c)
{
	c->len = 0;
	for (;;) {
		if (c->at == c->end)
			return fault(c, "a string does not end");
		char ch = *c->at++;
		if (ch == '"')
			return 0;
		if (ch != '\\')
			keep(c, &ch, 1);
		else if (escape(c) != 0)
			return -1;
	}
}

static struct seen *child_of(struct cursor *c, struct seen *seen)
{
	struct slice key = {c->text, c->len};
	const struct seen *found = seen_child(seen, key);
	if (found) {
		for (struct seen *child = seen->first;; child = child->next)
			if (child == found)
				return child;
	}
	if (seen->nchildren == INFER_CHILDREN || c->infer->nnodes == INFER_NODES) {
		seen->wide = true;
		return NULL;
	}
	struct seen *child = arena_zalloc(&c->infer->mem, 1, sizeof(*child));
	child->key = (struct slice){arena_strdup(&c->infer->mem, key), key.len};
	if (seen->last)
		seen->last->next = child;
	else
		seen->first = child;
	seen->last = child;
	seen->nchildren++;
	c->infer->nnodes++;
	return child;
}

static int object(struct cursor *c, struct seen *seen, unsigned depth)
{
	if (take(c, '}'))
		return 0;
	do {
		if (!take(c, '"'))
			return fault(c, "a key is missing");
		if (string(c) != 0)
			return -1;
		struct seen *child = seen ? child_of(c, seen) : NULL;
		if (!take(c, ':'))
			return fault(c, "a colon is missing");
		if (value(c, child, depth) != 0)
			return -1;
	} while (take(c, ','));
	return take(c, '}') ? 0 : fault(c, "an object does not end");
}

static int list(struct cursor *c, struct seen *seen, unsigned depth)
{
	if (take(c, ']'))
		return 0;
	if (seen && !seen->element && c->infer->nnodes < INFER_NODES) {
		seen->element = arena_zalloc(&c->infer->mem, 1, sizeof(*seen->element));
		c->infer->nnodes++;
	}
	do {
		if (value(c, seen ? seen->element : NULL, depth) != 0)
			return -1;
	} while (take(c, ','));
	return take(c, ']') ? 0 : fault(c, "a list does not end");
}

static int number(struct cursor *c, struct seen *seen)
{
	const char *begin = c->at;
	bool whole = true;
	size_t digits = 0;
	for (; c->at < c->end && strchr("0123456789+-.eE", *c->at) && *c->at; c->at++) {
		whole = whole && *c->at != '.' && *c->at != 'e' && *c->at != 'E';
		digits += *c->at >= '0' && *c->at <= '9';
	}
	if (digits == 0)
		return fault(c, "no JSON value");
	struct slice text = {begin, (size_t)(c->at - begin)};
	int64_t v;
	whole = whole && text_parse_int(text, &v) == 0;
	if (seen) {
		seen->kinds[whole ? SEEN_INT : SEEN_FLOAT]++;
		if (whole)
			seen_int(c->infer, seen, text);
	}
	return 0;
}

static int word(struct cursor *c, struct seen *seen)
{
	static const struct {
		const char *text;
		enum seen_kind kind;
	} words[] = {{"true", SEEN_BOOL}, {"false", SEEN_BOOL}, {"null", SEEN_NULL}};
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		size_t n = strlen(words[i].text);
		if ((size_t)(c->end - c->at) < n || memcmp(c->at, words[i].text, n) != 0)
			continue;
		c->at += n;
		if (seen)
			seen->kinds[words[i].kind]++;
		return 0;
	}
	return number(c, seen);
}

static int value(struct cursor *c, struct seen *seen, unsigned depth)
{
	if (depth == INFER_DEPTH)
		return fault(c, "nested too deeply");
	blanks(c);
	if (c->at == c->end)
		return fault(c, "it ends early");
	char ch = *c->at;
	if (ch != '{' && ch != '[' && ch != '"')
		return word(c, seen);
	c->at++;
	if (ch == '"') {
		if (string(c) != 0)
			return -1;
		if (seen)
			seen_text(c->infer, seen, (struct slice){c->text, c->len});
		return 0;
	}
	if (seen)
		seen->kinds[ch == '{' ? SEEN_OBJECT : SEEN_LIST]++;
	return ch == '{' ? object(c, seen, depth + 1) : list(c, seen, depth + 1);
}

int infer_read(struct infer *infer, struct slice record, const char **why)
{
	struct cursor *c = xcalloc(1, sizeof(*c));
	c->infer = infer;
	int rc = 0;
	for (int pass = 0; pass < 2 && rc == 0; pass++) {
		c->at = record.ptr;
		c->end = record.ptr + record.len;
		blanks(c);
		if (c->at == c->end || *c->at != '{')
			rc = fault(c, "it is no JSON object");
		else
			rc = value(c, pass ? &infer->root : NULL, 0);
		blanks(c);
		if (rc == 0 && c->at != c->end)
			rc = fault(c, "something follows the object");
	}
	*why = c->why;
	free(c);
	return rc;
}
