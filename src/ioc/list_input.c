/* SPDX-License-Identifier: Apache-2.0 */
/* list_input.c: the input as lines in one buffer of fixed size, and what is refused before anything is read of it. */
#include <stdarg.h>
#include <stdio.h>
#include <strings.h>

#include "base/text.h"
#include "ioc/list_private.h"

const char *list_name(const struct list *list)
{
	return list->options->name ? list->options->name : "the list";
}

int list_error(struct list *list, const char *fmt, ...)
{
	char text[600];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	/* Some of it may be the file's own words. */
	struct buf safe;
	buf_init(&safe, SIZE_MAX);
	text_escape(&safe, slice_of(text));
	if (list->line == 0)
		err_set(list->err, ERR_FORMAT, "%s: %.*s", list_name(list), SLICE_ARG(safe));
	else
		err_set(list->err, ERR_FORMAT, "%s, line %llu: %.*s", list_name(list),
			(unsigned long long)list->line, SLICE_ARG(safe));
	buf_fini(&safe);
	return -1;
}

static int too_large(struct list *list, uint64_t max)
{
	char size[32];
	return err_set(list->err, ERR_LIMIT,
		"%s: larger than the limit of %s; split it or raise the limit", list_name(list),
		text_bytes(max, size));
}

int list_fill(struct list *list)
{
	uint64_t max = list->options->max_bytes;
	if (list->ended)
		return 0;
	if (list->at > 0) {
		memmove(list->data, list->data + list->at, list->len - list->at);
		list->len -= list->at;
		list->at = 0;
	}
	size_t room = LIST_DATA - list->len;
	int64_t n = list->read(list->read_ctx, list->data + list->len,
		room < LIST_CHUNK ? room : LIST_CHUNK, list->err);
	if (n < 0)
		return -1;
	list->ended = n == 0;
	list->bytes += (uint64_t)n;
	if (max && list->bytes > max)
		return too_large(list, max);
	const char *from = list->data + list->len, *nul = n ? memchr(from, 0, (size_t)n) : NULL;
	list->len += (size_t)n;
	if (!nul)
		return 0;
	for (const char *p = list->data + list->at; p < nul; p++)
		list->line += *p == '\n';
	list->line++;
	return list_error(list,
		"binary data (a byte 0); export it as text: one value a line, CSV, STIX or MISP");
}

/* Passes over the rest of a line that is too long. */
static int skip_rest(struct list *list)
{
	list->cut = false;
	for (;;) {
		const char *from = list->data + list->at;
		size_t n = list->len - list->at;
		const char *end = n ? memchr(from, '\n', n) : NULL;
		list->at = end ? (size_t)(end - list->data) + 1 : list->len;
		if (end || (list->ended && list->at == list->len))
			return 0;
		if (list_fill(list) != 0)
			return -1;
	}
}

/* Takes [at, at + n) as a line; `over` bytes of its end are passed over. */
static int take(struct list *list, size_t n, size_t over, struct slice *line)
{
	*line = (struct slice){list->data + list->at, n};
	if (n > 0 && line->ptr[n - 1] == '\r')
		line->len--;
	list->at += n + over;
	list->line++;
	list->counts->lines++;
	return 1;
}

int list_line(struct list *list, struct slice *line)
{
	size_t looked = 0; /* bytes that hold no end of line */
	if (list->cut && skip_rest(list) != 0)
		return -1;
	for (;;) {
		const char *from = list->data + list->at;
		size_t n = list->len - list->at;
		const char *end = n > looked ? memchr(from + looked, '\n', n - looked) : NULL;
		if (end && (size_t)(end - from) <= LIMIT_LIST_LINE)
			return take(list, (size_t)(end - from), 1, line);
		if (end || n > LIMIT_LIST_LINE) {
			list->cut = true;
			return take(list, LIMIT_LIST_LINE, 0, line);
		}
		if (list->ended)
			return n ? take(list, n, 0, line) : 0;
		looked = n;
		if (list_fill(list) != 0)
			return -1;
	}
}

int list_whole(struct list *list, size_t max, struct buf *out)
{
	buf_init(out, max);
	for (;;) {
		if (buf_append(out, list->data + list->at, list->len - list->at) != 0) {
			buf_fini(out);
			return too_large(list, max);
		}
		list->at = list->len;
		if (list->ended)
			return 0;
		if (list_fill(list) != 0) {
			buf_fini(out);
			return -1;
		}
	}
}

static const struct {
	const char *magic;
	size_t n;
	const char *says;
} refused[] = {
	{"\x1f\x8b", 2, "compressed with gzip; unpack it first: gunzip -c FILE | … -"},
	{"PK\x03\x04", 4, "a zip archive; unpack it first: unzip -p FILE | … -"},
	{"PK\x05\x06", 4, "an empty zip archive"},
	{"\x28\xb5\x2f\xfd", 4, "compressed with zstd; unpack it first: zstd -dc FILE | … -"},
	{"BZh", 3, "compressed with bzip2; unpack it first: bunzip2 -c FILE | … -"},
	{"\xfd"
	 "7zXZ",
		5, "compressed with xz; unpack it first: xz -dc FILE | … -"},
	{"7z\xbc\xaf", 4, "a 7-Zip archive; unpack it first"},
	{"%PDF-", 5, "a PDF; copy its text, or convert it first: pdftotext FILE - | … -"},
	{"\xff\xfe", 2, "UTF-16; convert it first: iconv -f UTF-16 -t UTF-8 FILE | … -"},
	{"\xfe\xff", 2, "UTF-16; convert it first: iconv -f UTF-16 -t UTF-8 FILE | … -"},
};

static bool begins(struct slice head, const char *what)
{
	size_t n = strlen(what);
	return head.len >= n && strncasecmp(head.ptr, what, n) == 0;
}

static bool is_html(struct slice head)
{
	static const char *const tags[] = {"<!doctype html", "<html", "<head", "<body", "<script"};
	head = list_trim(head);
	for (size_t i = 0; i < sizeof(tags) / sizeof(tags[0]); i++)
		if (begins(head, tags[i]))
			return true;
	return false;
}

int list_refuse(struct list *list)
{
	/* Magic first: such a file has zeros as well, and then the first error is not the best one. */
	int filled = list_fill(list);
	struct slice head = {list->data, list->len};
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		if (head.len >= refused[i].n &&
			memcmp(head.ptr, refused[i].magic, refused[i].n) == 0) {
			list->line = 0;
			return list_error(list, "%s", refused[i].says);
		}
	if (filled != 0)
		return -1;
	while (!list->ended && list->len < LIST_CHUNK)
		if (list_fill(list) != 0)
			return -1;
	if (begins((struct slice){list->data, list->len}, "\xef\xbb\xbf"))
		list->at = 3;
	head = (struct slice){list->data + list->at, list->len - list->at};
	if (list->options->format != IOC_LIST_TEXT && is_html(head)) {
		list->line = 1;
		return list_error(list, "a web page (HTML) and no list: is the address the feed's "
					"own, and needs it a key? As "
					"format text, indicators are taken out of the page");
	}
	return 0;
}
