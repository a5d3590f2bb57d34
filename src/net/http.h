/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http.h: one HTTPS request at a time over libcurl. A client keeps its connections (HTTP/2 where the
 * server speaks it) and is used by one thread. TLS 1.2 or later is always verified, redirects are
 * never followed, everything has a limit, and no error text holds a header, a path, a query or a
 * password: only scheme, host and port.
 */
#ifndef NET_HTTP_H
#define NET_HTTP_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"
#include "net/guard.h"

/* Zero in any member means the default. */
struct http_limits {
	unsigned connect_ms;   /* name, TCP, proxy and TLS together: 15,000 */
	unsigned total_ms;     /* the whole request: 300,000 */
	unsigned slow_bytes_s; /* slower than this … : 64 */
	unsigned slow_s;       /* … for so long is given up: 30 */
	size_t header_bytes;   /* all header lines of a reply: 64 KiB */
	uint64_t body_bytes;   /* of a reply, unpacked: 64 MiB */
};

struct http_settings {
	const char *ca_file; /* PEM: authorities trusted beside the system's; NULL = none */
	const char *proxy;   /* [http://|https://|socks5h://][user:password@]host[:port]; "" = none,
	                         * NULL = as https_proxy, HTTPS_PROXY, all_proxy, ALL_PROXY say */
	const char *no_proxy;   /* hosts, domains, addresses, networks, "*", by commas; NULL = as
	                         * no_proxy, NO_PROXY say */
	const char *user_agent; /* NULL = pugmark/VERSION */
	struct http_limits limits;
	const volatile sig_atomic_t
		*stop; /* where set, requests end with ERR_INTERRUPTED (another thread
	                                    * sets it by __atomic_store_n); may be
	                                    * NULL; borrowed for the client's life */
};

struct http_client;

/* Makes a client; the settings' texts are copied. ERR_USAGE for a proxy that cannot be read,
 * ERR_NOT_FOUND and the like for a CA file. NULL with `err` set on failure. */
struct http_client *http_open(const struct http_settings *settings, struct err *err);
/* Closes all connections; accepts NULL. */
void http_close(struct http_client *client);

struct http_header {
	const char *name, *value; /* no control characters; a value may be "" */
};

/* Why there is no (whole) reply. */
enum http_failure {
	HTTP_OK,          /* there is one: look at `status` */
	HTTP_BAD_REQUEST, /* the request cannot be sent as it is */
	HTTP_NO_NAME,     /* the host's name was not found */
	HTTP_REFUSED,     /* nobody listens there */
	HTTP_UNREACHABLE, /* no way to there, or the connection broke while being made */
	HTTP_GUARDED,     /* guard.h forbids the address */
	HTTP_TLS_EXPIRED, /* the certificate is out of date, or our clock is */
	HTTP_TLS_ISSUER,  /* signed by an authority that is not trusted here */
	HTTP_TLS_NAME,    /* made for another name */
	HTTP_TLS,         /* TLS failed otherwise */
	HTTP_TIMEOUT,     /* too long, or too slow */
	HTTP_CUT,         /* the reply ended early or does not unpack */
	HTTP_TOO_LARGE,   /* a limit on the reply was met */
	HTTP_NOT_HTTP,    /* something else than HTTP answered */
	HTTP_PROXY,       /* the proxy was not found, refused, or wants a password */
	HTTP_STOPPED,     /* settings->stop */
	HTTP_ABORTED,     /* on_body returned -1 */
	HTTP_UNUSABLE,    /* a whole reply, but the caller's check says that it is none (retry.h) */
};

struct http_reply {
	int status;                /* 100–999 of the last reply seen; 0 where none came */
	enum http_failure failure; /* HTTP_OK unless http_perform returned -1 */
	bool body_cut;             /* the body of an error reply was longer than HTTP_ERROR_BODY and
	                            * was cut there, without a failure */
	bool end_known;      /* a length, chunks or HTTP/2 marked the end; false: it ended with the
	                            * connection, which anybody on the way may have cut */
	bool reused;         /* no new connection was made */
	bool connected;      /* there was one to send on: the server may have got the request */
	int version;         /* 10, 11, 20 */
	struct buf headers;  /* lines "name: value\n" as they came (private: http_header) */
	struct buf body;     /* unpacked */
	uint64_t body_bytes; /* unpacked, those given to on_body too */
	uint64_t wire_bytes; /* of the body as received */
	int64_t connect_us;  /* until TLS was done; 0 where reused */
	int64_t first_byte_us; /* until the reply began */
	int64_t total_us;
	char address[64]; /* connected to; of the proxy where there is one */
};

/* Error replies are for people: so much of their body is kept, and no more. */
#define HTTP_ERROR_BODY ((size_t)256 << 10)

struct http_request {
	const char *method; /* NULL = GET */
	const char *url;    /* absolute; percent-encoded ASCII; sent as it is, dots and all */
	const struct http_header *headers;
	size_t header_count;
	struct slice body;       /* sent where ptr is not NULL; borrowed for the call */
	enum guard_policy guard; /* 0 = GUARD_PUBLIC_ONLY */
	bool plain;  /* http:// may be used, towards addresses that are not public, without
	                          * a proxy: an administrator named this endpoint */
	bool packed; /* the reply stays as it came: no Accept-Encoding, no unpacking (S3) */
	bool once; /* over a new connection: where one that was kept turns out to be closed, libcurl sends the request again,
	              * whether or not the server has read it */
	const struct http_limits *limits; /* members that are not zero go before the client's */
	/* Takes the body of a 2xx reply piece by piece instead of reply->body; the reply's status and
	 * headers are there by then. -1 with `err` ends the request (HTTP_ABORTED). NULL = buffer. */
	int (*on_body)(
		void *ctx, const struct http_reply *reply, struct slice data, struct err *err);
	void *ctx;
};

/* An empty reply; to be used again for any number of requests. */
void http_reply_init(struct http_reply *reply);
/* Frees what it holds. */
void http_reply_fini(struct http_reply *reply);

/* Does one request and waits for its end. 0 where a whole reply came, whatever its status (3xx, 4xx
 * and 5xx too). -1 otherwise, with reply->failure and `err`: one sentence with what to do, whose kind is
 * ERR_USAGE (bad request), ERR_ACCESS (guard, TLS trust, proxy), ERR_LIMIT (time, size), ERR_FORMAT
 * (not HTTP), ERR_INTERRUPTED, what on_body said, else ERR_IO. With a proxy the guard sees the
 * proxy's address only: addresses in digits, localhost and metadata names are then judged by the
 * URL, and names are the proxy's to judge. GUARD_METADATA_ONLY never uses one. */
int http_perform(struct http_client *client, const struct http_request *request,
	struct http_reply *reply, struct err *err);

/* The value of the nth (from 0) header of this name, in any case; borrowed from the reply. ptr is
 * NULL where there is none. Optional white space around it is not part of it. */
struct slice http_header(const struct http_reply *reply, const char *name, size_t nth);

/* The server's clock by its Date header, in microseconds, to the second; 0 where it does not say. */
int64_t http_server_clock(const struct http_reply *reply);

/* Walks all headers in the order in which they came: *at is 0 at first. False at the end. */
bool http_header_next(
	const struct http_reply *reply, size_t *at, struct slice *name, struct slice *value);

/* Appends `text` percent-encoded for a URL: all but A–Z a–z 0–9 - . _ ~ and, where `slashes`, /
 * (RFC 3986, as SigV4 wants it). */
void http_escape(struct buf *out, struct slice text, bool slashes);

/* "name not found" and so on, for counters and logs. Static text. */
const char *http_failure_name(enum http_failure failure);

#endif
