/* SPDX-License-Identifier: Apache-2.0 */
/* language_error.c: errors of the search language: a place, one sentence, and what could have been
 * meant. The query's own text is hostile and reaches a terminal escaped. */
#include <stdarg.h>
#include <stdio.h>

#include "query/language_private.h"

/* Copies as much as fits, ending with a whole character, and … where it was cut. */
static void copy_cut(char *out, size_t size, struct slice text)
{
	size_t n = text.len;
	if (n >= size) {
		n = size - 4;
		while (n && ((unsigned char)text.ptr[n] & 0xc0) == 0x80)
			n--;
	}
	memcpy(out, text.ptr, n);
	snprintf(out + n, size - n, "%s", n < text.len ? "…" : "");
}

char *parse_shown(struct slice text, char out[SHOWN_BYTES])
{
	struct buf shown;
	buf_init(&shown, 1 << 12);
	if (text.len > SHOWN_BYTES)
		text.len = SHOWN_BYTES;
	text_escape(&shown, text);
	buf_push(&shown, '\0');
	copy_cut(out, SHOWN_BYTES, (struct slice){shown.ptr, shown.len - 1});
	buf_fini(&shown);
	return out;
}

/* Characters before the place, for people: the first is 1. */
static uint32_t character_at(struct slice text, uint32_t at)
{
	uint32_t n = 1;
	for (uint32_t i = 0; i < at && i < text.len; i++)
		n += ((unsigned char)text.ptr[i] & 0xc0) != 0x80;
	return n;
}

int language_fail(struct parser *p, uint32_t begin, uint32_t end, const char *suggestion,
	const char *fmt, ...)
{
	struct query_error error = {.begin = begin, .end = end};
	char message[1024];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(message, sizeof(message), fmt, ap);
	va_end(ap);
	copy_cut(error.message, sizeof(error.message), slice_of(message));
	if (suggestion && strlen(suggestion) < sizeof(error.suggestion))
		snprintf(error.suggestion, sizeof(error.suggestion), "%s", suggestion);
	if (p->where)
		*p->where = error;
	const char *near = error.suggestion;
	return err_set(p->err, ERR_USAGE, "in the query at character %u: %s%s%s%s",
		character_at((struct slice){p->text, p->len}, begin), error.message,
		*near ? ": did you mean `" : "", near, *near ? "`?" : "");
}

/* The end of the piece of `line` from `at` that takes at most `width` columns. */
static size_t piece_end(struct slice line, size_t at, size_t width)
{
	size_t end = at, used = 0;
	while (end < line.len) {
		size_t n = text_utf8_step(line.ptr + end, line.len - end, NULL);
		size_t w = text_width((struct slice){line.ptr + end, n ? n : 1});
		if (used + w > width)
			break;
		used += w;
		end += n ? n : 1;
	}
	return end;
}

static size_t back_one(struct slice line, size_t at)
{
	do
		at--;
	while (at && ((unsigned char)line.ptr[at] & 0xc0) == 0x80);
	return at;
}

/* Where to begin, so that the place and something before it are seen. */
static size_t piece_begin(struct slice line, size_t place, size_t width)
{
	size_t at = place;
	while (at && text_width((struct slice){line.ptr + at, place - at}) < width / 2)
		at = back_one(line, at);
	return text_width((struct slice){line.ptr, place}) < width * 3 / 4 ? 0 : at;
}

static void put_many(struct buf *out, const char *what, size_t n)
{
	for (; n; n--)
		buf_puts(out, what);
}

void query_error_print(
	struct buf *out, struct slice text, const struct query_error *error, unsigned width)
{
	size_t begin = error->begin < text.len ? error->begin : text.len, first = begin;
	size_t end = error->end < begin ? begin : error->end;
	while (first && text.ptr[first - 1] != '\n')
		first--;
	const char *line_end = memchr(text.ptr + first, '\n', text.len - first);
	struct slice line = {text.ptr + first,
		line_end ? (size_t)(line_end - text.ptr) - first : text.len - first};
	size_t place = begin - first, room = width > 24 ? width - 4 : 20;
	size_t stop = end - first < line.len ? end - first : line.len;
	size_t from = piece_begin(line, place, room), to = piece_end(line, from, room);
	if (stop > to)
		stop = to;
	buf_puts(out, from ? "…" : " ");
	buf_puts(out, " ");
	text_escape(out, (struct slice){line.ptr + from, to - from});
	buf_puts(out, to < line.len ? "…\n  " : "\n  ");
	put_many(out, " ", text_width((struct slice){line.ptr + from, place - from}));
	buf_push(out, '^');
	size_t marked =
		stop > place ? text_width((struct slice){line.ptr + place, stop - place}) : 0;
	put_many(out, "~", marked ? marked - 1 : 0);
	buf_printf(out, "\n%s", error->message);
	if (*error->suggestion)
		buf_printf(out, ": did you mean `%s`?", error->suggestion);
	buf_push(out, '\n');
}
