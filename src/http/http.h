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
		*hosts; /* names that the server is reached by, beside its address; NULL-ended */
	const char *tls_cert,
		*tls_key; /* PEM files: TLS; both or none. Read anew where they change */
	bool insecure;    /* an address that others reach may do without TLS */
	unsigned
		per_address; /* connections of one address; 0 = 256, and of this machine any number */
	uint64_t memory;     /* bytes for searches, all together */
	unsigned threads;    /* of one search; 0 = one per core */
	const char *const *
		job_args; /* words for the commands that jobs run: data folder, memory; NULL-ended */
	const char
		*key_file; /* of the key that secrets are sealed under; NULL = the usual places */
	const volatile int *stop;
};

/* Whether the address, the TLS files and `insecure` go together. 0, or -1 (ERR_USAGE, or what a file says). */
int http_check(const struct http_options *options, struct err *err);
/* Answers until *stop. Where there is no admin yet, makes one, and says on stderr how to sign in. 0, or -1: as http_check, or the address is
 * taken. */
int http_run(const struct http_options *options, struct err *err);

#endif
