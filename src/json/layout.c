/* SPDX-License-Identifier: Apache-2.0 */
/* layout.c: looks at the first bytes of an input: which layout it has, or what else it is. */
#include "json/json.h"

#include "json/envelope.h"
#include "json/private.h"

/* What begins with these bytes is no JSON text. */
static const struct magic {
	const char *bytes;
	uint8_t n;
	const char *what;
} magics[] = {
	{"\xFF\xFE\0\0", 4, "UTF-32 text: convert it to UTF-8"},
	{"\0\0\xFE\xFF", 4, "UTF-32 text: convert it to UTF-8"},
	{"\xFF\xFE", 2, "UTF-16 text: convert it to UTF-8"},
	{"\xFE\xFF", 2, "UTF-16 text: convert it to UTF-8"},
	{"PAR1", 4, "a Parquet file"},
	{"PK\3\4", 4, "a ZIP archive: unpack it first"},
	{"SQLite format 3", 16, "an SQLite database"},
	{"\x7F"
	 "ELF",
		4, "a program"},
	{"%PDF-", 5, "a PDF document"},
	{"\x89PNG", 4, "an image"},
	{"BZh", 3, "bzip2 data: unpack it first"},
	{"\xFD"
	 "7zXZ",
		5, "xz data: unpack it first"},
	{"\x1F\x8B", 2, "gzip data"},
	{"\x28\xB5\x2F\xFD", 4, "zstd data"},
	{"Obj\1", 4, "an Avro file"},
};

enum { BINARY_SAMPLE = 512, LINES_LOOKED_AT = 64 };

/* True where a later line begins like a record: then what stands in front is one bad line. */
static bool has_record_line(struct slice head)
{
	const char *p = head.ptr, *end = p + head.len;
	while ((p = memchr(p, '\n', (size_t)(end - p))) && ++p < end) {
		if (*p == '{')
			return true;
	}
	return false;
}

/* Control characters that no text has: more than one in ten bytes. */
static bool looks_binary(struct slice head)
{
	size_t n = head.len < BINARY_SAMPLE ? head.len : BINARY_SAMPLE, odd = 0;
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)head.ptr[i];
		odd += c < 0x20 && !is_blank((char)c);
	}
	return odd * 10 > n;
}

static const char *what_else(struct slice head)
{
	for (size_t i = 0; i < sizeof(magics) / sizeof(magics[0]); i++) {
		const struct magic *m = &magics[i];
		if (head.len >= m->n && memcmp(head.ptr, m->bytes, m->n) == 0)
			return m->what;
	}
	if (head.len >= 2 && (head.ptr[0] == 0) != (head.ptr[1] == 0)) {
		char c = head.ptr[0] ? head.ptr[0] : head.ptr[1];
		if (c == '{' || c == '[' || is_blank(c))
			return "UTF-16 text: convert it to UTF-8";
	}
	const char *p = skip_blanks(head.ptr, head.ptr + head.len);
	size_t left = (size_t)(head.ptr + head.len - p);
	if (left == 0 || *p == '{' || *p == '[' || has_record_line(head))
		return NULL;
	if (*p == '<')
		return "HTML or XML, perhaps a page of a login";
	return looks_binary(head) ? "binary data" : NULL;
}

/* True where some line after the first is one whole object from its first byte to its last. */
static bool has_whole_line(struct slice head)
{
	const char *p = head.ptr, *end = p + head.len;
	for (int i = 0; i < LINES_LOOKED_AT; i++) {
		p = memchr(p, '\n', (size_t)(end - p));
		if (!p || ++p == end)
			return false;
		const char *newline = memchr(p, '\n', (size_t)(end - p));
		struct slice line = {p, (size_t)((newline ? newline : end) - p)};
		while (line.len > 0 && is_blank(line.ptr[line.len - 1]))
			line.len--;
		if (line.len > 0 && *p == '{' && json_skip(line, 0) == (int64_t)line.len)
			return true;
	}
	return false;
}

/* head[at] is '{'. */
static enum json_layout layout_of_object(struct slice head, size_t at)
{
	size_t inner;
	if (envelope_open(head, at, true, &inner) == ENVELOPE_YES)
		return JSON_STREAM;
	if (has_whole_line(head))
		return JSON_LINES;
	const char *newline = memchr(head.ptr + at, '\n', head.len - at);
	int64_t end = json_skip(head, at);
	if (end < 0)
		return newline ? JSON_STREAM : JSON_LINES;
	if (newline && newline < head.ptr + end)
		return JSON_STREAM;
	const char *rest = head.ptr + end, *stop = newline ? newline : head.ptr + head.len;
	return skip_blanks(rest, stop) == stop ? JSON_LINES : JSON_STREAM;
}

int json_records_begin(struct json_records *state, struct slice head, size_t *skip, struct err *err)
{
	*state = (struct json_records){.layout = JSON_LINES, .started = true, .indent = -1};
	*skip = head.len >= 3 && memcmp(head.ptr, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
	head = (struct slice){head.ptr + *skip, head.len - *skip};
	if (head.len == 0)
		return 0;
	const char *else_what = what_else(head);
	if (else_what)
		return err_set(err, ERR_FORMAT, "this is not JSON; it seems to be %s", else_what);
	size_t at = (size_t)(skip_blanks(head.ptr, head.ptr + head.len) - head.ptr);
	if (at < head.len && head.ptr[at] == '[')
		state->layout = JSON_STREAM;
	else if (at < head.len && head.ptr[at] == '{')
		state->layout = layout_of_object(head, at);
	return 0;
}

void json_records_within(struct json_records *state)
{
	*state = (struct json_records){.layout = JSON_STREAM,
		.started = true,
		.indent = -1,
		.depth = 2,
		.stack = {'{', '['},
		.in_records = true};
}
