/* SPDX-License-Identifier: Apache-2.0 */
/* head.h (private to http/): what a request's head must be before anything else is looked at: pure rules on texts, for
 * head_test.c. */
#ifndef HTTP_HEAD_H
#define HTTP_HEAD_H

#include "base/base.h"

enum { HOSTS_MOST = 64, HOST_TEXT = 300 };

/* The names that the server answers to, exactly; anything else is a page of somebody else that was pointed here. */
struct hosts {
	unsigned n;
	char names[HOSTS_MOST][HOST_TEXT];
};
/* An address to listen on, of "127.0.0.1:8480" or "[::1]:8480": its parts. 0, or -1 (ERR_USAGE). */
int listen_parse(const char *text, char address[64], uint16_t *port, struct err *err);
/* Adds what `address` and `port` may be called: themselves; localhost too where the address is of this machine alone. */
void hosts_of(struct hosts *hosts, const char *address, uint16_t port);
/* Adds a name with the port, and alone (behind a proxy). 0, or -1: too many, or no name. */
int hosts_add(struct hosts *hosts, const char *name, uint16_t port, struct err *err);
/* Whether a Host header names this server, in any case of letters. */
bool hosts_have(const struct hosts *hosts, const char *host);
/* Whether the address is of this machine alone: 127.0.0.0/8, ::1. */
bool is_loopback(const char *address);

struct sockaddr;
/* A client's address in digits; "unknown" where it is of neither kind. An IPv4 address that came over IPv6 (RFC 4291, 2.5.5.2) is
 * written as what it is. */
void address_text(const struct sockaddr *address, char text[64]);
/* What is one client's for limits: an IPv4 address, the first 64 bits of an IPv6 one. */
void address_network(const struct sockaddr *address, uint8_t network[16]);

/* Whether a request comes from a page of this server, or from no page: `origin`, `fetch_site` are the headers, NULL = not there. */
bool same_origin(const char *host, const char *origin, const char *fetch_site);
/* Whether a Content-Type is that type, whatever parameters it has. */
bool type_is(const char *header, const char *type);
/* Whether an Accept header prefers `type` to application/json. */
bool accepts(const char *header, const char *type);
/* Whether an Accept-Encoding header takes gzip; NULL = none. */
bool takes_gzip(const char *header);

#endif
