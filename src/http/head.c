/* SPDX-License-Identifier: Apache-2.0 */
/* head.c: hosts, origins and types. */
#include "http/head.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

int listen_parse(const char *text, char address[64], uint16_t *port, struct err *err)
{
	const char *colon = strrchr(text, ':');
	int64_t number = -1;
	uint8_t bytes[16];
	size_t n = colon ? (size_t)(colon - text) : 0;
	bool six = n > 2 && text[0] == '[' && text[n - 1] == ']';
	if (colon)
		(void)text_parse_int(slice_of(colon + 1), &number);
	if (n == 0 || n >= 64 || number < 0 || number > 65535)
		return err_set(err, ERR_USAGE,
			"--listen %.80s: write ADDRESS:PORT, such as 127.0.0.1:8480 or [::1]:8480",
			text);
	snprintf(address, 64, "%.*s", (int)(six ? n - 2 : n), six ? text + 1 : text);
	*port = (uint16_t)number;
	return inet_pton(six ? AF_INET6 : AF_INET, address, bytes) == 1
		       ? 0
		       : err_set(err, ERR_USAGE,
				 "--listen %.80s: the address must be one of this machine in "
				 "digits, such as 127.0.0.1, 0.0.0.0 or [::1]",
				 text);
}

bool is_loopback(const char *address)
{
	return strncmp(address, "127.", 4) == 0 || strcmp(address, "::1") == 0;
}

/* An IPv4 address as IPv6 has it; false where it is neither. */
static bool as_six(const struct sockaddr *address, struct in6_addr *six)
{
	*six = (struct in6_addr){.s6_addr = {[10] = 0xff, [11] = 0xff}};
	if (address->sa_family == AF_INET)
		memcpy(&six->s6_addr[12],
			&((const struct sockaddr_in *)(const void *)address)->sin_addr, 4);
	else if (address->sa_family == AF_INET6)
		*six = ((const struct sockaddr_in6 *)(const void *)address)->sin6_addr;
	else
		return false;
	return true;
}

void address_text(const struct sockaddr *address, char text[64])
{
	struct in6_addr six;
	if (!as_six(address, &six))
		snprintf(text, 64, "unknown");
	else if (IN6_IS_ADDR_V4MAPPED(&six))
		inet_ntop(AF_INET, &six.s6_addr[12], text, 64);
	else
		inet_ntop(AF_INET6, &six, text, 64);
}

void address_network(const struct sockaddr *address, uint8_t network[16])
{
	struct in6_addr six;
	memset(network, 0, 16);
	if (as_six(address, &six))
		memcpy(network, &six, IN6_IS_ADDR_V4MAPPED(&six) ? 16 : 8);
}

static void put(struct hosts *hosts, const char *name, uint16_t port, bool alone)
{
	if (hosts->n < HOSTS_MOST && !alone)
		snprintf(hosts->names[hosts->n++], HOST_TEXT, "%s:%u", name, port);
	if (hosts->n < HOSTS_MOST && (alone || port == 80 || port == 443))
		snprintf(hosts->names[hosts->n++], HOST_TEXT, "%s", name);
}

void hosts_of(struct hosts *hosts, const char *address, uint16_t port)
{
	char name[80];
	snprintf(name, sizeof(name), strchr(address, ':') ? "[%s]" : "%s", address);
	put(hosts, name, port, false);
	if (is_loopback(address)) {
		put(hosts, "localhost", port, false);
		put(hosts, "127.0.0.1", port, false);
		put(hosts, "[::1]", port, false);
	}
}

int hosts_add(struct hosts *hosts, const char *name, uint16_t port, struct err *err)
{
	size_t n = strlen(name);
	if (n == 0 || n > 255 ||
		name[strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrst"
				  "uvwxyz0123456789.-_:[]")] != '\0')
		return err_set(err, ERR_USAGE,
			"--host %.80s is no name of a host: letters, digits, dots and hyphens",
			name);
	if (hosts->n + 2 > HOSTS_MOST)
		return err_set(err, ERR_USAGE, "too many names of hosts");
	put(hosts, name, port, true);
	put(hosts, name, port, false);
	return 0;
}

bool hosts_have(const struct hosts *hosts, const char *host)
{
	for (unsigned i = 0; host && i < hosts->n; i++) {
		if (strcasecmp(hosts->names[i], host) == 0)
			return true;
	}
	return false;
}

bool same_origin(const char *host, const char *origin, const char *fetch_site)
{
	if (fetch_site && strcmp(fetch_site, "same-origin") != 0 && strcmp(fetch_site, "none") != 0)
		return false;
	if (!origin)
		return true;
	const char *rest = strncmp(origin, "http://", 7) == 0    ? origin + 7
			   : strncmp(origin, "https://", 8) == 0 ? origin + 8
								 : NULL;
	return rest && host && strcasecmp(rest, host) == 0;
}

bool type_is(const char *header, const char *type)
{
	size_t n = strlen(type);
	if (!header || strncasecmp(header, type, n) != 0)
		return false;
	header += n + strspn(header + n, " \t");
	return *header == '\0' || *header == ';';
}

/* The weight of a type in an Accept header, in thousandths; -1 = it is not named. */
static int weight(const char *header, const char *type)
{
	size_t n = strlen(type);
	for (const char *at = header; *at;) {
		at += strspn(at, " \t,");
		size_t len = strcspn(at, ",");
		if (len >= n && strncasecmp(at, type, n) == 0 &&
			(len == n || strchr("; \t", at[n]))) {
			const char *q = memmem(at, len, "q=", 2);
			return q ? (int)(strtod(q + 2, NULL) * 1000) : 1000;
		}
		at += len;
	}
	return -1;
}

bool takes_gzip(const char *header)
{
	return header && weight(header, "gzip") > 0;
}

bool accepts(const char *header, const char *type)
{
	int wanted = header ? weight(header, type) : -1;
	return wanted > 0 && wanted > weight(header, "application/json");
}
