/* SPDX-License-Identifier: Apache-2.0 */
/* http_reply.c: what came back: header lines kept as they are and looked up by name. */
#include <strings.h>

#include "base/base.h"
#include "net/private.h"
#include "net/retry.h"

void http_reply_init(struct http_reply *reply)
{
	memset(reply, 0, sizeof(*reply));
	buf_init(&reply->headers, SIZE_MAX); /* limited by what fills them */
	buf_init(&reply->body, SIZE_MAX);
}

void http_reply_fini(struct http_reply *reply)
{
	buf_fini(&reply->headers);
	buf_fini(&reply->body);
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static struct slice trimmed(const char *from, const char *to)
{
	while (from < to && is_blank(*from))
		from++;
	while (from < to && is_blank(to[-1]))
		to--;
	return (struct slice){from, (size_t)(to - from)};
}

bool http_header_next(
	const struct http_reply *reply, size_t *at, struct slice *name, struct slice *value)
{
	while (*at < reply->headers.len) {
		const char *line = reply->headers.ptr + *at;
		size_t left = reply->headers.len - *at;
		const char *end = memchr(line, '\n', left);
		size_t n = end ? (size_t)(end - line) : left;
		const char *colon = memchr(line, ':', n);
		*at += n + (end != NULL);
		if (!colon)
			continue;
		*name = (struct slice){line, (size_t)(colon - line)};
		*value = trimmed(colon + 1, line + n);
		return true;
	}
	return false;
}

struct slice http_header(const struct http_reply *reply, const char *name, size_t nth)
{
	struct slice found, value;
	size_t n = strlen(name);
	for (size_t at = 0; http_header_next(reply, &at, &found, &value);)
		if (found.len == n && strncasecmp(found.ptr, name, n) == 0 && nth-- == 0)
			return value;
	return (struct slice){NULL, 0};
}

void http_escape(struct buf *out, struct slice text, bool slashes)
{
	static const char plain[] = "-._~", hex[] = "0123456789ABCDEF";
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.ptr[i];
		bool word =
			(c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
		if (word || (c && strchr(plain, c)) || (slashes && c == '/')) {
			buf_push(out, (char)c);
		} else {
			char coded[3] = {'%', hex[c >> 4], hex[c & 15]};
			buf_append(out, coded, 3);
		}
	}
}

static unsigned hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return (unsigned)(c - '0');
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? (unsigned)(c - 'a' + 10) : 16;
}

void http_unescape(struct buf *out, struct slice text, bool plus)
{
	for (size_t i = 0; i < text.len; i++) {
		unsigned high = i + 2 < text.len ? hex_value(text.ptr[i + 1]) : 16;
		unsigned low = i + 2 < text.len ? hex_value(text.ptr[i + 2]) : 16;
		if (text.ptr[i] == '%' && high < 16 && low < 16) {
			buf_push(out, (char)(high << 4 | low));
			i += 2;
		} else {
			buf_push(out, plus && text.ptr[i] == '+' ? ' ' : text.ptr[i]);
		}
	}
}

int64_t http_server_clock(const struct http_reply *reply)
{
	struct slice date = http_header(reply, "date", 0);
	int64_t us = date.ptr ? retry_date(date, clock_now_us()) : 0;
	return us > 0 ? us : 0;
}
