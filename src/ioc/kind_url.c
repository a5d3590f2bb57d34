/* SPDX-License-Identifier: Apache-2.0 */
/* kind_url.c: a URL as host, port, path and query: what tells two places apart. RFC 3986 section 6.2.2, and the few
 * things that browsers forgive. */
#include "ioc/kind_private.h"

enum { SCHEME_MAX = 32, PORT_MAX = 65535, CUT_HASH = 32 };

struct parts {
	struct slice scheme, host, port, rest; /* rest: path and query */
	struct slice fragment;
	bool bracketed;
};

size_t url_scheme(struct slice text)
{
	size_t n = 0;
	while (n < text.len && n < SCHEME_MAX &&
		(byte_is(text.ptr[n], BYTE_ALNUM) || memchr("+-.", text.ptr[n], 3)))
		n++;
	bool ok = n > 0 && text.len - n >= 3 && text.ptr[n] == ':' &&
		  !byte_is(text.ptr[0], BYTE_DIGIT);
	return ok && memchr("/\\", text.ptr[n + 1], 2) && memchr("/\\", text.ptr[n + 2], 2) ? n : 0;
}

static bool is_scheme(struct slice scheme, const char *name)
{
	if (strlen(name) != scheme.len)
		return false;
	for (size_t i = 0; i < scheme.len; i++)
		if (byte_lower(scheme.ptr[i]) != name[i])
			return false;
	return true;
}

static struct slice slice_from(struct slice s, size_t at)
{
	return (struct slice){s.ptr + at, s.len - at};
}

/* Host and port out of the authority. */
static bool split_authority(struct slice text, struct parts *parts)
{
	size_t colon;
	for (size_t i = text.len; i > 0; i--) {
		if (text.ptr[i - 1] == '@') {
			text = slice_from(text, i);
			break;
		}
	}
	parts->bracketed = text.len > 0 && text.ptr[0] == '[';
	if (parts->bracketed) {
		const char *close = memchr(text.ptr, ']', text.len);
		if (!close)
			return false;
		colon = (size_t)(close - text.ptr) + 1;
		parts->host = (struct slice){text.ptr + 1, colon - 2};
	} else {
		const char *p = text.len ? memchr(text.ptr, ':', text.len) : NULL;
		colon = p ? (size_t)(p - text.ptr) : text.len;
		parts->host = (struct slice){text.ptr, colon};
	}
	if (colon < text.len && text.ptr[colon] != ':')
		return false;
	parts->port = colon < text.len ? slice_from(text, colon + 1) : (struct slice){0};
	return parts->host.len > 0;
}

static bool split(struct slice text, struct parts *parts)
{
	size_t scheme = url_scheme(text), end = 0;
	parts->scheme = (struct slice){text.ptr, scheme};
	if (scheme)
		text = slice_from(text, scheme + 3);
	else if (text.len > 2 && text.ptr[0] == '/' && text.ptr[1] == '/')
		text = slice_from(text, 2);
	const char *hash = text.len ? memchr(text.ptr, '#', text.len) : NULL;
	if (hash) {
		parts->fragment = slice_from(text, (size_t)(hash - text.ptr) + 1);
		text.len = (size_t)(hash - text.ptr);
	}
	while (end < text.len && !memchr("/?\\", text.ptr[end], 3))
		end++;
	parts->rest = slice_from(text, end);
	return split_authority((struct slice){text.ptr, end}, parts);
}

/* A host may be written with escapes. */
static size_t unescape(struct slice text, char out[DOMAIN_MAX + 1])
{
	size_t n = 0;
	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];
		if (c == '%' && text.len - i > 2 && byte_hex(text.ptr[i + 1]) >= 0 &&
			byte_hex(text.ptr[i + 2]) >= 0) {
			c = (char)(byte_hex(text.ptr[i + 1]) << 4 | byte_hex(text.ptr[i + 2]));
			i += 2;
		}
		if (n > DOMAIN_MAX)
			return 0;
		out[n++] = c;
	}
	return n;
}

static bool write_name(struct slice host, struct buf *key)
{
	char plain[DOMAIN_MAX + 1], out[DOMAIN_MAX];
	if (memchr(host.ptr, '%', host.len))
		host = (struct slice){plain, unescape(host, plain)};
	uint8_t v4[4];
	if (host.len > 0 && host.ptr[host.len - 1] == '.' &&
		address4_parse((struct slice){host.ptr, host.len - 1}, v4))
		host.len--;
	size_t n = domain_write(host, true, out);
	return n > 0 && buf_append(key, out, n) == 0;
}

static bool write_host(const struct parts *parts, struct buf *key)
{
	char text[ADDRESS_TEXT_MAX + 2];
	uint8_t address[16];
	if (!parts->bracketed)
		return write_name(parts->host, key);
	size_t n = address_key(parts->host, address);
	if (n == 4)
		return buf_append(key, text, address4_text(address, text)) == 0;
	if (n == 0)
		return false;
	text[0] = '[';
	n = 1 + address6_text(address, text + 1);
	text[n++] = ']';
	return buf_append(key, text, n) == 0;
}

static bool is_default(struct slice scheme, unsigned port)
{
	static const struct {
		const char *scheme;
		unsigned port;
	} defaults[] = {{"http", 80}, {"https", 443}, {"ws", 80}, {"wss", 443}, {"ftp", 21}};
	for (size_t i = 0; i < sizeof(defaults) / sizeof(defaults[0]); i++)
		if (port == defaults[i].port && is_scheme(scheme, defaults[i].scheme))
			return true;
	return false;
}

static bool write_port(const struct parts *parts, struct buf *key)
{
	unsigned port = 0;
	for (size_t i = 0; i < parts->port.len; i++) {
		if (!byte_is(parts->port.ptr[i], BYTE_DIGIT))
			return false;
		port = port * 10 + (unsigned)(parts->port.ptr[i] - '0');
		if (port > PORT_MAX)
			return false;
	}
	if (parts->port.len == 0 || is_default(parts->scheme, port))
		return true;
	return buf_printf(key, ":%u", port) == 0;
}

static void write_escape(struct buf *key, unsigned char c)
{
	static const char digits[] = "0123456789ABCDEF";
	const char text[3] = {'%', digits[c >> 4], digits[c & 15]};
	buf_append(key, text, 3);
}

/* One byte or escape at `at`; returns the bytes read. A stray % becomes %25, so that a key stays what it is. */
static size_t write_odd(struct buf *key, struct slice rest, size_t at)
{
	char c = rest.ptr[at];
	if (c != '%' || rest.len - at < 3 || byte_hex(rest.ptr[at + 1]) < 0 ||
		byte_hex(rest.ptr[at + 2]) < 0) {
		write_escape(key, (unsigned char)c);
		return 1;
	}
	c = (char)(byte_hex(rest.ptr[at + 1]) << 4 | byte_hex(rest.ptr[at + 2]));
	if (byte_is(c, BYTE_UNRESERVED))
		buf_push(key, c);
	else
		write_escape(key, (unsigned char)c);
	return 3;
}

/* What may stand in a path or query unescaped. */
static bool stands(char c)
{
	return (byte_is(c, BYTE_URL) && c != '%') || memchr("^`{|}\\", c, 6);
}

static void write_rest(struct slice rest, struct buf *key)
{
	bool path = true;
	if (rest.len == 0 || rest.ptr[0] == '?')
		buf_push(key, '/');
	for (size_t at = 0; at < rest.len;) {
		size_t run = at;
		while (run < rest.len && stands(rest.ptr[run]) && rest.ptr[run] != '\\')
			run++;
		path = path && !memchr(rest.ptr + at, '?', run - at);
		buf_append(key, rest.ptr + at, run - at);
		at = run;
		if (at == rest.len)
			break;
		if (rest.ptr[at] != '\\') {
			at += write_odd(key, rest, at);
		} else {
			buf_push(key, path ? '/' : '\\');
			at++;
		}
	}
}

/* The end of a key that was cut, given as a text, is not a fragment. */
static bool is_cut(const struct buf *key, size_t begin, struct slice fragment)
{
	size_t n = key->len - begin;
	if (fragment.len != CUT_HASH || n + 1 + CUT_HASH > IOC_KEY_MAX ||
		n + 4 + CUT_HASH < IOC_KEY_MAX)
		return false;
	for (size_t i = 0; i < fragment.len; i++)
		if (!byte_is(fragment.ptr[i], BYTE_HEX))
			return false;
	return true;
}

bool url_key(struct slice text, struct buf *key)
{
	struct parts parts = {0};
	size_t begin = key->len;
	if (!split(text, &parts) || !write_host(&parts, key) || !write_port(&parts, key)) {
		key->len = begin;
		return false;
	}
	write_rest(parts.rest, key);
	if (is_cut(key, begin, parts.fragment)) {
		buf_push(key, '#');
		buf_slice(key, parts.fragment);
	}
	return key_finish(key, begin);
}

bool url_host(struct slice key, enum ioc_kind *kind, struct buf *host)
{
	size_t end = 0;
	if (key.len > 0 && key.ptr[0] == '[') {
		const char *close = memchr(key.ptr, ']', key.len);
		*kind = IOC_IPV6;
		return close &&
		       ioc_key(kind, (struct slice){key.ptr + 1, (size_t)(close - key.ptr) - 1},
			       host);
	}
	while (end < key.len && key.ptr[end] != ':' && key.ptr[end] != '/')
		end++;
	*kind = IOC_IPV4;
	if (ioc_key(kind, (struct slice){key.ptr, end}, host))
		return true;
	*kind = IOC_DOMAIN;
	return ioc_key(kind, (struct slice){key.ptr, end}, host);
}
