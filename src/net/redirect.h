/* SPDX-License-Identifier: Apache-2.0 */
/*
 * redirect.h: where a 3xx reply sends us. Requests never follow by themselves (http.h): who wants to go on asks here, and makes a new
 * request, which the guard judges anew. RFC 9110 section 15.4, RFC 3986 section 5.
 */
#ifndef NET_REDIRECT_H
#define NET_REDIRECT_H

#include "net/http.h"

/* Whether a status is one of a redirect that names another place: 301, 302, 303, 307, 308. */
bool redirect_is(int status);
/* Puts the address that `reply` (to a request for `url`) names into `next` (cleared first, NUL-ended, without fragment). ERR_FORMAT
 * where it names none that can be read; ERR_ACCESS where it leads away from https. 0 or -1; texts hold hosts only. */
int redirect_next(
	const char *url, const struct http_reply *reply, struct buf *next, struct err *err);
/* The same for a reference that stands in a text: "/api/", "https://host/api/". */
int redirect_resolve(const char *url, struct slice reference, struct buf *next, struct err *err);
/* Whether two addresses have one scheme, host and port: what was meant for one may be sent to the other. */
bool redirect_same_origin(const char *a, const char *b);

#endif
