/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http.h: the API: what pugmark knows, and what people do about alerts, over HTTP on libmicrohttpd (docs/api.md).
 *
 * One thread serves all connections (epoll) and does nothing that waits; a few workers run the handlers, each with a store of its
 * own; one thread watches: it ends requests whose client has gone, and connections that take too long. Answers of any length go through
 * a bounded buffer per request, so that a slow reader costs little memory.
 */
#ifndef HTTP_HTTP_H
#define HTTP_HTTP_H

#include "base/base.h"

struct http_options {
	const char *data; /* the data folder; it need not be there yet */
	const char *
		listen; /* ADDRESS:PORT, [ADDRESS]:PORT; port 0 = any free one, which the log names */
	const char *const
		*hosts;   /* names that the server is reached by, beside its address; NULL-ended */
	uint64_t memory;  /* bytes for searches, all together */
	unsigned threads; /* of one search; 0 = one per core */
	const volatile int *stop;
};

/* Answers until *stop. 0, or -1: the address is wrong or taken. */
int http_run(const struct http_options *options, struct err *err);

#endif
