/* SPDX-License-Identifier: Apache-2.0 */
/* scan_url.c: from a scheme to where a URL ends in running text: before quotes, brackets that enclose it, and the
 * punctuation of the sentence. */
#include <strings.h>

#include "ioc/scan_private.h"

enum {
	SCHEME_SEEN = 16,
	AUTHORITY_SEEN = 1024,
	LIST_SEEN = 12, /* bytes after a comma in which another "://" ends the URL before it */
};

static size_t scheme_begin(const struct scan *scan, size_t colon)
{
	size_t begin = colon;
	const char *text = scan->text.ptr;
	while (begin > scan->found && colon - begin < SCHEME_SEEN &&
		(byte_is(text[begin - 1], BYTE_ALNUM) || memchr("+-", text[begin - 1], 2)))
		begin--;
	while (begin < colon &&
		(!byte_is(text[begin], BYTE_ALNUM) || byte_is(text[begin], BYTE_DIGIT)))
		begin++;
	return begin;
}

static bool is_web(struct slice scheme)
{
	static const char *const web[] = {"http", "https", "ftp", "ws", "wss"};
	for (size_t i = 0; i < sizeof(web) / sizeof(web[0]); i++)
		if (strlen(web[i]) == scheme.len &&
			strncasecmp(web[i], scheme.ptr, scheme.len) == 0)
			return true;
	return false;
}

/* Bytes of the URL's next character; 0 where it ends. */
static size_t step(const struct scan *scan, size_t at)
{
	if (at == scan->text.len)
		return 0;
	char c = scan->text.ptr[at];
	if ((unsigned char)c >= 0x80)
		return scan_letter(scan, at);
	return byte_is(c, BYTE_URL);
}

/* Where host and port end. */
static size_t authority_end(const struct scan *scan, size_t begin)
{
	size_t at = begin, n;
	while (at - begin < AUTHORITY_SEEN && (n = step(scan, at)) > 0 &&
		!memchr("/?#,;()'*", scan->text.ptr[at], 9))
		at += n;
	return at;
}

/* A name with a dot, an address in brackets, or, in the web's schemes, any name. */
static bool is_host(struct slice authority, bool web)
{
	const char *user = authority.len ? memrchr(authority.ptr, '@', authority.len) : NULL;
	if (user) {
		authority.len -= (size_t)(user + 1 - authority.ptr);
		authority.ptr = user + 1;
	}
	if (authority.len == 0)
		return false;
	if (authority.ptr[0] == '[' || memchr(authority.ptr, '.', authority.len))
		return true;
	return web &&
	       (byte_is(authority.ptr[0], BYTE_ALNUM) || (unsigned char)authority.ptr[0] >= 0x80);
}

/* A comma, and another URL after it. */
static bool is_next_of_list(const struct scan *scan, size_t at)
{
	char c = scan->text.ptr[at++];
	if (c != ',' && c != ';')
		return false;
	size_t from = at;
	while (at < scan->text.len && at - from < LIST_SEEN &&
		byte_is(scan->text.ptr[at], BYTE_ALNUM))
		at++;
	return at > from && scan->text.len - at > 2 && memcmp(scan->text.ptr + at, "://", 3) == 0;
}

/* Punctuation at the end is the sentence's, and a closing bracket that was not opened inside is its too. */
static size_t without_tail(const struct scan *scan, size_t begin, size_t end)
{
	size_t round = 0, square = 0; /* closed more often than opened */
	for (size_t i = begin; i < end; i++) {
		char c = scan->text.ptr[i];
		round += (c == ')') - (c == '(');
		square += (c == ']') - (c == '[');
	}
	while (end > begin) {
		char c = scan->text.ptr[end - 1];
		if (c == ')' && (ptrdiff_t)round > 0)
			round--;
		else if (c == ']' && (ptrdiff_t)square > 0)
			square--;
		else if (!memchr(".,;:!?'*", c, 8))
			break;
		end--;
	}
	return end;
}

static size_t url_end(const struct scan *scan, size_t begin, size_t at)
{
	size_t n;
	bool quoted = begin > 0 && scan->text.ptr[begin - 1] == '\'';
	while ((n = step(scan, at)) > 0) {
		if ((quoted && scan->text.ptr[at] == '\'') || is_next_of_list(scan, at))
			break;
		at += n;
	}
	return at;
}

bool scan_url(struct scan *scan, size_t colon)
{
	size_t begin = scheme_begin(scan, colon), host = colon + 3;
	struct slice scheme = {scan->text.ptr + begin, colon - begin};
	scan->cursor = host;
	if (scheme.len == 0)
		return false;
	size_t end = authority_end(scan, host), name = without_tail(scan, host, end);
	if (!is_host((struct slice){scan->text.ptr + host, name - host}, is_web(scheme)))
		return false;
	if (end < scan->text.len && memchr("/?#", scan->text.ptr[end], 3)) {
		end = url_end(scan, begin, end);
		name = without_tail(scan, begin, end);
	}
	if (scan_emit(scan, IOC_URL, begin, name))
		return true;
	scan->cursor = end; /* what was passed over is not passed over again */
	return false;
}
