/* SPDX-License-Identifier: Apache-2.0 */
/* http_url.c: where a URL leads and which proxy is on the way. URLs are read by libcurl's parser
 * alone, so that what is checked is what is connected to. */
#include <arpa/inet.h>
#include <stdlib.h>
#include <strings.h>

#include "base/base.h"
#include "net/private.h"

static bool visible_ascii(const char *text)
{
	for (const char *p = text; *p; p++)
		if (*p <= 0x20 || *p >= 0x7f)
			return false;
	return true;
}

/* One part of a parsed URL, copied; "" where it is missing. -1 where it is too long. */
static int part_of(CURLU *url, CURLUPart which, unsigned flags, char *out, size_t size)
{
	char *text = NULL;
	if (curl_url_get(url, which, &text, flags) != CURLUE_OK) {
		out[0] = 0;
		return 0;
	}
	size_t n = strlen(text);
	if (n < size)
		memcpy(out, text, n + 1);
	curl_free(text);
	return n < size ? 0 : -1;
}

/* Host and port of a parsed URL. */
static int place_of(CURLU *url, unsigned flags, char *host, char *port)
{
	char text[HOST_MOST];
	if (part_of(url, CURLUPART_HOST, 0, text, sizeof(text)) < 0 || !text[0] ||
		part_of(url, CURLUPART_PORT, flags, port, 8) < 0)
		return -1;
	size_t n = strlen(text);
	bool bracketed = text[0] == '[' && text[n - 1] == ']';
	if (bracketed)
		text[n - 1] = 0;
	const char *from = text + bracketed;
	for (n = 0; from[n]; n++)
		host[n] = from[n] >= 'A' && from[n] <= 'Z' ? (char)(from[n] | 0x20) : from[n];
	host[n] = 0;
	return 0;
}

static void show(char *shown, const char *host, const char *port, const char *usual)
{
	bool v6 = strchr(host, ':');
	snprintf(shown, SHOWN_MOST, "%s%.255s%s%s%s", v6 ? "[" : "", host, v6 ? "]" : "",
		strcmp(port, usual) != 0 ? ":" : "", strcmp(port, usual) != 0 ? port : "");
}

static int read_parts(CURLU *url, const char *text, struct http_target *target, struct err *err)
{
	char scheme[16];
	CURLUcode code = curl_url_set(url, CURLUPART_URL, text,
		CURLU_DISALLOW_USER | CURLU_PATH_AS_IS | CURLU_NON_SUPPORT_SCHEME);
	if (code == CURLUE_USER_NOT_ALLOWED)
		return err_set(err, ERR_USAGE,
			"the address holds a user name or password before an "
			"@: leave them out");
	const char *after = strstr(text, "://");
	if (code != CURLUE_OK || !after || after[3] == '/') /* curl passes over a third slash */
		return err_set(err, ERR_USAGE,
			"the address cannot be read (it must look like "
			"https://host/path)");
	if (part_of(url, CURLUPART_SCHEME, 0, scheme, sizeof(scheme)) < 0)
		scheme[0] = 0;
	target->plain = strcasecmp(scheme, "http") == 0;
	if (!target->plain && strcasecmp(scheme, "https") != 0)
		return err_set(err, ERR_USAGE, "the address must begin with https://");
	if (place_of(url, CURLU_DEFAULT_PORT, target->host, target->port) < 0)
		return err_set(err, ERR_USAGE, "the address names no host");
	show(target->shown, target->host, target->port, target->plain ? "80" : "443");
	return 0;
}

int http_target_read(const char *url, struct http_target *target, struct err *err)
{
	memset(target, 0, sizeof(*target));
	if (strlen(url) >= URL_MOST)
		return err_set(err, ERR_USAGE, "the address is longer than 16 KiB");
	if (!visible_ascii(url))
		return err_set(err, ERR_USAGE,
			"the address holds a blank, a line break or a "
			"character that is not ASCII: write it percent-encoded");
	CURLU *parsed = curl_url();
	if (!parsed)
		abort(); /* out of memory */
	int status = read_parts(parsed, url, target, err);
	curl_url_cleanup(parsed);
	return status;
}

int http_proxy_read(const char *proxy, char shown[SHOWN_MOST], struct err *err)
{
	static const char *const schemes[] = {"http", "https", "socks5h"};
	char scheme[16] = "", host[HOST_MOST], port[8];
	CURLU *url = curl_url();
	if (!url)
		abort();
	bool known = false;
	bool read = strlen(proxy) < URL_MOST && visible_ascii(proxy) &&
		    curl_url_set(url, CURLUPART_URL, proxy,
			    CURLU_DEFAULT_SCHEME | CURLU_NON_SUPPORT_SCHEME) == CURLUE_OK &&
		    part_of(url, CURLUPART_SCHEME, 0, scheme, sizeof(scheme)) == 0 &&
		    place_of(url, 0, host, port) == 0;
	/* Without a scheme curl guesses one by the name ("ftp.…") or takes https: it means http. */
	if (!strstr(proxy, "://"))
		memcpy(scheme, "http", 5);
	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++)
		known = known || strcasecmp(scheme, schemes[i]) == 0;
	if (read)
		show(shown, host, port, "");
	curl_url_cleanup(url);
	if (!read || !known)
		return err_set(err, ERR_USAGE,
			"the proxy's address cannot be read: it must look "
			"like http://host:port (https:// and socks5h:// too)");
	return 0;
}

/* Whether an address in digits lies in a network such as 10.0.0.0/8. */
static bool in_network(const char *network, const char *host)
{
	unsigned char a[16], b[16];
	char address[INET6_ADDRSTRLEN];
	const char *slash = strchr(network, '/');
	size_t n = slash ? (size_t)(slash - network) : strlen(network);
	if (n >= sizeof(address))
		return false;
	memcpy(address, network, n);
	address[n] = 0;
	int family = strchr(address, ':') ? AF_INET6 : AF_INET;
	if (inet_pton(family, address, a) != 1 || inet_pton(family, host, b) != 1)
		return false;
	int64_t bits = family == AF_INET ? 32 : 128, given = bits;
	if (slash && (text_parse_int(slice_of(slash + 1), &given) < 0 || given < 0 || given > bits))
		return false;
	size_t whole = (size_t)given / 8;
	unsigned rest = (unsigned)given % 8;
	return memcmp(a, b, whole) == 0 && (rest == 0 || (a[whole] ^ b[whole]) >> (8 - rest) == 0);
}

/* One entry: "*", a name that ends the host at a dot, an address or a network. */
static bool entry_covers(const char *entry, const char *host)
{
	if (strcmp(entry, "*") == 0 || in_network(entry, host))
		return true;
	while (*entry == '.' || *entry == '*')
		entry++;
	size_t n = strlen(entry), m = strlen(host);
	if (n == 0 || n > m || strcasecmp(host + m - n, entry) != 0)
		return false;
	return n == m || host[m - n - 1] == '.';
}

bool http_no_proxy(const char *list, const char *host)
{
	while (*list) {
		char entry[HOST_MOST];
		list += strspn(list, ", \t");
		size_t n = strcspn(list, ", \t");
		if (n > 0 && n < sizeof(entry)) {
			memcpy(entry, list, n);
			entry[n] = 0;
			if (entry_covers(entry, host))
				return true;
		}
		list += n;
	}
	return false;
}

/* The first variable of the list that is set and not empty. http_proxy is not asked for: plain
 * requests use no proxy. */
static const char *environment(const char *const *names)
{
	for (; *names; names++) {
		const char *value = getenv(*names);
		if (value && *value)
			return value;
	}
	return "";
}

/* What a proxy must not be asked for under this policy: it would reach what the guard forbids. */
static int judge_by_name(const struct http_target *target, enum guard_policy guard, struct err *err)
{
	static const char *const metadata[] = {"metadata.google.internal", "metadata"};
	enum guard_class class = GUARD_CLASS_PUBLIC;
	if (!guard_class_of_text(target->host, &class)) {
		if (http_no_proxy("localhost", target->host))
			class = GUARD_CLASS_LOOPBACK;
		for (size_t i = 0; i < sizeof(metadata) / sizeof(metadata[0]); i++)
			if (strcmp(target->host, metadata[i]) == 0)
				class = GUARD_CLASS_METADATA;
	}
	if (guard_allows(guard, class))
		return 0;
	return err_set(err, ERR_ACCESS, "%s is a %s address, which may not be asked for here",
		target->shown, guard_class_name(class));
}

int http_proxy_for(const struct http_client *client, const struct http_target *target,
	enum guard_policy guard, char url[URL_MOST], char shown[SHOWN_MOST], struct err *err)
{
	static const char *const proxies[] = {
		"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", NULL};
	static const char *const exceptions[] = {"no_proxy", "NO_PROXY", NULL};
	const char *proxy = client->proxy ? client->proxy : environment(proxies);
	const char *except = client->no_proxy ? client->no_proxy : environment(exceptions);
	url[0] = shown[0] = 0;
	if (!*proxy || target->plain || guard == GUARD_METADATA_ONLY ||
		http_no_proxy(except, target->host))
		return 0;
	if (http_proxy_read(proxy, shown, err) < 0 || judge_by_name(target, guard, err) < 0)
		return -1;
	memcpy(url, proxy, strlen(proxy) + 1);
	return 0;
}
