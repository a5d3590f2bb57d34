/* SPDX-License-Identifier: Apache-2.0 */
/* private.h: what the files of this room share and others need not see. */
#ifndef NET_PRIVATE_H
#define NET_PRIVATE_H

#include <curl/curl.h>

#include "net/http.h"

enum {
	URL_MOST = 16 << 10,    /* bytes of a URL */
	HOST_MOST = 256,        /* bytes of a host */
	SHOWN_MOST = 300,       /* host and port for people */
	HEADER_MOST = 16 << 10, /* bytes of a request header's value */
};

/* The authorities that this machine trusts. */
struct http_trust {
	char *folder;    /* with hashed names; */
	char *bundle;    /* a file of all, where the folder has not all; NULL = none */
	struct buf both; /* the bundle and a CA file of the settings, where there are two files */
};

/* Looks for them below `root` ("" but for tests). */
void http_trust_find(const char *root, struct http_trust *trust);
/* Puts a CA file beside the bundle: curl takes one file only. */
int http_trust_add(struct http_trust *trust, const char *ca_file, struct err *err);
void http_trust_free(struct http_trust *trust);

struct http_client {
	struct http_trust trust;
	char *ca_file, *proxy, *no_proxy, *user_agent;
	struct http_limits limits;
	const volatile sig_atomic_t *stop;
	CURL *easy;
	/* Connections are kept apart by policy: one that was opened for a private address must not
	 * serve a request that may not reach it. */
	CURLM *pools[GUARD_POLICIES];
};

/* Whether a stop was asked for: by a signal, or by another thread (which stores atomically, too). */
static inline bool is_stopped(const volatile sig_atomic_t *stop)
{
	return stop && __atomic_load_n(stop, __ATOMIC_RELAXED);
}

/* The parts of a URL that decide where a request goes. */
struct http_target {
	bool plain;             /* http:// */
	char host[HOST_MOST];   /* without brackets, lower case */
	char port[8];           /* in digits */
	char shown[SHOWN_MOST]; /* host, or host:port where it is not the usual one */
};

/* Reads a URL for a request: https:// or http://, no user name, only visible ASCII. */
int http_target_read(const char *url, struct http_target *target, struct err *err);

/* The proxy for a target, in `url` (curl's form, "" = none), and for people in `shown`. `why` names
 * where it came from. */
int http_proxy_for(const struct http_client *client, const struct http_target *target,
	enum guard_policy guard, char url[URL_MOST], char shown[SHOWN_MOST], struct err *err);
/* Whether a host is in a no_proxy list. */
bool http_no_proxy(const char *list, const char *host);
/* Reads a proxy's URL; `shown` is its host and port. */
int http_proxy_read(const char *proxy, char shown[SHOWN_MOST], struct err *err);

/* One request while it runs. */
struct http_exchange {
	struct http_client *client;
	const struct http_request *request;
	struct http_reply *reply;
	struct err *err;
	struct http_limits limits;
	struct http_target target;
	char proxy[URL_MOST], proxy_shown[SHOWN_MOST];
	char detail[CURL_ERROR_SIZE];
	struct curl_slist *headers;
	/* What ended it from our side, */
	enum http_failure ours;
	size_t header_bytes;
	bool headers_ended; /* their empty line was seen */
	const char *limit;  /* which limit was met */
	uint64_t limit_value;
	/* and what the guard refused. */
	bool guarded;
	enum guard_class guarded_class;
	char guarded_address[64];
};

/* Sets all options of client->easy for the exchange. 0 or -1. */
int http_options(struct http_exchange *ex);
/* Sets reply->failure and the error of an exchange that curl ended with `code`. Returns -1. */
int http_explain(struct http_exchange *ex, CURLcode code);
/* Our own end of an exchange, with its error. Returns -1. */
int http_fail(struct http_exchange *ex, enum http_failure failure, enum err_kind kind,
	const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* Appends percent-encoded text decoded; what is not well coded stays as it is. `plus`: form coding, where
 * + is a space. */
void http_unescape(struct buf *out, struct slice text, bool plus);

/* A server refused a signature for its time: *skew_us becomes how far its clock (the reply's Date) is ahead of
 * ours. False where that explains nothing: no date, the difference that was allowed for already, or one
 * beyond a week, which no clock that runs has. */
bool net_follow_clock(const struct http_reply *reply, int64_t *skew_us);

/* Called at the end of each element with the names from the root on ("Error/Code", without prefixes)
 * and the text directly in it since its last child. -1 with `err` ends the reading. */
typedef int xml_end(void *ctx, const char *path, struct slice text, struct err *err);
enum { XML_MOST = 32 << 20 }; /* bytes of an XML reply */
/* Reads an XML document. 0, or -1 with `err`. A document type is refused: with it go entity bombs. */
int net_xml_read(struct slice text, xml_end *end, void *ctx, struct err *err);

#endif
