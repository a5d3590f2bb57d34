/* SPDX-License-Identifier: Apache-2.0 */
/* site.c: a form's placeholder, a browser's address bar, a mail with curly quotes: all of these name a
 * host. What names none is refused with what to type instead. */
#include "collect/site.h"

#include <ctype.h>
#include <stdio.h>
#include <strings.h>

/* What stands around an address in mails, forms and JSON; in UTF-8. */
static const char *const wrappings[] = {" ", "\t", "\r", "\n", "\"", "'", "`", "<", ">", ",", ";",
	"\xe2\x80\x9c", "\xe2\x80\x9d", "\xe2\x80\x9e", "\xe2\x80\x98", "\xe2\x80\x99", "\xc2\xab",
	"\xc2\xbb", "\xc2\xa0", "\xe2\x80\x8b", "\xef\xbb\xbf", NULL};

static bool cut_front(struct slice *text)
{
	for (const char *const *w = wrappings; *w; w++) {
		size_t n = strlen(*w);
		if (text->len >= n && memcmp(text->ptr, *w, n) == 0) {
			text->ptr += n;
			text->len -= n;
			return true;
		}
	}
	return false;
}

static bool cut_back(struct slice *text)
{
	for (const char *const *w = wrappings; *w; w++) {
		size_t n = strlen(*w);
		if (text->len >= n && memcmp(text->ptr + text->len - n, *w, n) == 0) {
			text->len -= n;
			return true;
		}
	}
	return false;
}

static struct slice unwrapped(const char *typed)
{
	struct slice text = slice_of(typed);
	while (cut_front(&text))
		;
	while (cut_back(&text))
		;
	return text;
}

static bool cut_scheme(struct slice *text, const char *scheme)
{
	size_t n = strlen(scheme);
	if (text->len < n || strncasecmp(text->ptr, scheme, n) != 0)
		return false;
	text->ptr += n;
	text->len -= n;
	return true;
}

static int bad(const char *typed, const char *why, struct err *err)
{
	struct buf shown;
	buf_init(&shown, 400);
	text_escape(&shown, (struct slice){typed, strnlen(typed, 100)});
	err_set(err, ERR_USAGE,
		"`%.*s` is no address of a site: %s. Type the part of the browser's address "
		"between https:// and the next slash, for example acme.atlassian.net",
		SLICE_ARG(buf_view(&shown)), why);
	buf_fini(&shown);
	return -1;
}

static int take_host(struct site *site, struct slice host, const char *typed, struct err *err)
{
	bool bracketed = host.len > 2 && host.ptr[0] == '[';
	if (host.len == 0 || host.len >= sizeof(site->host) - 20)
		return bad(
			typed, host.len ? "the host is too long" : "there is no host in it", err);
	for (size_t i = 0; i < host.len; i++) {
		unsigned char c = (unsigned char)host.ptr[i];
		if (c >= 0x80)
			return bad(typed,
				"the host has letters beyond a to z (write it as the browser "
				"does after loading the page: xn--…)",
				err);
		if (!isalnum(c) && !strchr(bracketed ? "[]:." : "-.", c))
			return bad(typed, "a host has letters, digits, dots and hyphens only", err);
		site->host[i] = (char)tolower(c);
	}
	site->host[host.len] = '\0';
	if (!bracketed && !strchr(site->host, '.') && strcmp(site->host, "localhost") != 0)
		memcpy(site->host + host.len, ".atlassian.net", sizeof(".atlassian.net"));
	return 0;
}

static int take_port(struct site *site, struct slice port, const char *typed, struct err *err)
{
	int64_t n;
	if (text_parse_int(port, &n) < 0 || n < 1 || n > 65535)
		return bad(typed, "a port is a number from 1 to 65535", err);
	if (n != (site->plain ? 80 : 443))
		snprintf(site->port, sizeof(site->port), "%d", (int)n);
	return 0;
}

/* The path without query, fragment and slashes at its end. */
static int take_path(struct site *site, struct slice path, const char *typed, struct err *err)
{
	size_t n = 0;
	while (n < path.len && path.ptr[n] != '?' && path.ptr[n] != '#')
		n++;
	while (n > 0 && (path.ptr[n - 1] == '/'))
		n--;
	if (n >= sizeof(site->path))
		return bad(typed, "the path is too long", err);
	for (size_t i = 0; i < n; i++) {
		if (path.ptr[i] <= ' ' || path.ptr[i] >= 0x7f)
			return bad(typed, "there are blanks or odd characters in the path", err);
	}
	memcpy(site->path, path.ptr, n);
	return 0;
}

int site_read(const char *typed, struct site *site, struct err *err)
{
	struct slice text = unwrapped(typed);
	*site = (struct site){0};
	if (!cut_scheme(&text, "https://"))
		site->plain = cut_scheme(&text, "http://");
	if (text.len > 0 && memmem(text.ptr, text.len, "://", 3))
		return bad(typed, "only https:// addresses can be read", err);
	size_t n = 0, host = 0;
	while (n < text.len && !strchr("/?#", text.ptr[n]))
		n++;
	struct slice authority = {text.ptr, n};
	if (memchr(authority.ptr ? authority.ptr : "", '@', authority.len))
		return bad(typed, "it looks like a mail address, or holds a user name", err);
	const char *close = memchr(text.ptr ? text.ptr : "", ']', n);
	host = close ? (size_t)(close - text.ptr) + 1 : 0;
	while (host < n && text.ptr[host] != ':')
		host++;
	if (take_host(site, (struct slice){text.ptr, host}, typed, err) < 0)
		return -1;
	if (host < n &&
		take_port(site, (struct slice){text.ptr + host + 1, n - host - 1}, typed, err) < 0)
		return -1;
	return take_path(site, (struct slice){text.ptr + n, text.len - n}, typed, err);
}

char *site_url(const struct site *site, size_t len, char url[SITE_URL])
{
	snprintf(url, SITE_URL, "%s%s%s%s%.*s", site->plain ? "http://" : "https://", site->host,
		*site->port ? ":" : "", site->port, (int)len, site->path);
	return url;
}

bool site_is_cloud(const struct site *site)
{
	static const char *const endings[] = {
		".atlassian.net", ".jira-dev.com", ".atlassian-us-gov-mod.net", NULL};
	size_t n = strlen(site->host);
	for (const char *const *e = endings; *e; e++) {
		size_t m = strlen(*e);
		if (n > m && strcmp(site->host + n - m, *e) == 0)
			return true;
	}
	return false;
}
