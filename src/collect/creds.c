/* SPDX-License-Identifier: Apache-2.0 */
/* creds.c: domain, mail and token as people keep them: the guide's sample with typographic quotes and
 * trailing commas, JSON, `key: value`, `KEY=value`. One pair a line, or JSON on one line: keys are looked
 * for as words, a value is what stands after the next colon or equals sign. */
#include <ctype.h>
#include <strings.h>

#include "collect/collect.h"
#include "json/json.h"

/* Opening and closing quotes that stand around a value; in UTF-8. */
static const char *const quotes[] = {"\"", "'", "`", "\xe2\x80\x9c", "\xe2\x80\x9d", "\xe2\x80\x9e",
	"\xe2\x80\x9f", "\xe2\x80\x98", "\xe2\x80\x99", "\xe2\x80\x9a", "\xc2\xab", "\xc2\xbb",
	"\xef\xbc\x82", NULL};

static size_t quote_at(struct slice text, size_t at)
{
	for (const char *const *q = quotes; *q; q++) {
		size_t n = strlen(*q);
		if (at + n <= text.len && memcmp(text.ptr + at, *q, n) == 0)
			return n;
	}
	return 0;
}

static bool is_key_letter(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '-';
}

static size_t blanks(struct slice text, size_t at)
{
	for (;;) {
		if (at + 1 < text.len && memcmp(text.ptr + at, "\xc2\xa0", 2) == 0)
			at += 2; /* no-break space, out of a word processor */
		else if (at < text.len && (text.ptr[at] == ' ' || text.ptr[at] == '\t'))
			at++;
		else
			return at;
	}
}

/* The value at `at`: quoted, or up to a comma, a brace, a blank or the line's end. *end is after it. */
static struct slice take_value(struct slice text, size_t at, size_t *end)
{
	size_t quote = quote_at(text, at), from = at + quote;
	size_t to = from;
	while (to < text.len && text.ptr[to] != '\n' && text.ptr[to] != '\r') {
		char c = text.ptr[to];
		if (quote ? quote_at(text, to) > 0 : c == ',' || c == ' ' || c == '\t' || c == '}')
			break;
		to++;
	}
	*end = quote && to < text.len ? to + quote_at(text, to) : to;
	return (struct slice){text.ptr + from, to - from};
}

static const char **field_of(struct creds *creds, struct slice key)
{
	static const struct {
		const char *name;
		int field;
	} names[] = {{"domain", 0}, {"site", 0}, {"url", 0}, {"host", 0}, {"mail", 1}, {"email", 1},
		{"user", 1}, {"username", 1}, {"api_token", 2}, {"api-token", 2}, {"apitoken", 2},
		{"token", 2}, {"api_key", 2}};
	const char **fields[] = {&creds->domain, &creds->mail, &creds->api_token};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strlen(names[i].name) == key.len &&
			strncasecmp(names[i].name, key.ptr, key.len) == 0)
			return fields[names[i].field];
	}
	return NULL;
}

/* A word at `at`, quoted or not, and a colon or equals sign after it: 1 with the key, 0 where it is none. */
static int take_key(struct slice text, size_t at, struct slice *key, size_t *end)
{
	size_t from = at + quote_at(text, at), to = from;
	while (to < text.len && is_key_letter(text.ptr[to]))
		to++;
	size_t after = blanks(text, to + quote_at(text, to));
	*key = (struct slice){text.ptr + from, to - from};
	*end = to > at ? to : at + 1;
	if (to == from || after >= text.len || (text.ptr[after] != ':' && text.ptr[after] != '='))
		return 0;
	*end = blanks(text, after + 1);
	return 1;
}

/* A value in `mem`; one of JSON that some program wrote may have escapes in it ("\u003d" for "="). */
static const char *value_text(struct slice text, size_t at, struct slice value, struct arena *mem)
{
	bool repaired = false;
	struct buf out;
	if (text.ptr[at] != '"' || !memchr(value.ptr, '\\', value.len))
		return arena_strdup(mem, value);
	buf_init(&out, SETTING_BYTES);
	bool good =
		json_unescape(text, at, &out, &repaired) > 0 && !repaired && !out.full && out.len;
	const char *copy = arena_strdup(mem, good ? buf_view(&out) : value);
	if (out.len)
		explicit_bzero(out.ptr, out.len);
	buf_fini(&out);
	return copy;
}

static size_t line_of(struct slice text, size_t at)
{
	size_t line = 1;
	for (size_t i = 0; i < at; i++)
		line += text.ptr[i] == '\n';
	return line;
}

int creds_read(struct slice text, const char *name, struct arena *mem, struct creds *creds,
	struct err *err)
{
	*creds = (struct creds){0};
	for (size_t at = 0; at < text.len;) {
		struct slice key;
		size_t end;
		if (!take_key(text, at, &key, &end)) {
			at = end;
			continue;
		}
		const char **field = field_of(creds, key);
		if (!field) {
			at = end;
			continue;
		}
		struct slice value = take_value(text, end, &at);
		if (value.len == 0 || value.len > SETTING_BYTES || memchr(value.ptr, 0, value.len))
			return err_set(err, ERR_FORMAT,
				"%s: line %zu: `%.*s` has no value: write \"%.*s\": \"…\"", name,
				line_of(text, end), SLICE_ARG(key), SLICE_ARG(key));
		*field = value_text(text, end, value, mem);
	}
	if (creds->domain || creds->mail || creds->api_token)
		return 0;
	return err_set(err, ERR_FORMAT,
		"%s: there is none of domain, mail and api_token in it: write "
		"{\"domain\": \"acme.atlassian.net\", \"mail\": \"…\", \"api_token\": \"…\"}",
		name);
}

const char *secret_trim(struct slice text, const char *what, struct arena *mem, struct err *err)
{
	if (text.len >= 3 && memcmp(text.ptr, "\xef\xbb\xbf", 3) == 0) /* as Windows writes files */
		text.ptr += 3, text.len -= 3;
	while (text.len && strchr(" \t\r\n", text.ptr[0]))
		text.ptr++, text.len--;
	while (text.len && strchr(" \t\r\n", text.ptr[text.len - 1]))
		text.len--;
	if (text.len == 0) {
		err_set(err, ERR_USAGE, "the %s is empty", what);
		return NULL;
	}
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.ptr[i];
		if (c > ' ' && c < 0x7f && !strchr("\"'`", c))
			continue;
		err_set(err, ERR_USAGE,
			"the %s has %s within it, at character %zu of %zu: copy it again, alone",
			what,
			c == '\n' || c == '\r'  ? "a line break"
			: c == ' ' || c == '\t' ? "a blank"
			: c > ' ' && c < 0x7f   ? "a quote"
						: "a character that no token has",
			i + 1, text.len);
		return NULL;
	}
	return arena_strdup(mem, text);
}
