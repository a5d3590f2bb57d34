/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sigv4.h: AWS Signature Version 4, in a header or in the query (presigned). Pure functions: keys,
 * time and request in, texts out.
 * Source: AWS, "Signature Version 4 signing process" and, for S3's own rules, "Authenticating
 * requests (AWS Signature Version 4)" of the S3 API reference.
 */
#ifndef NET_SIGV4_H
#define NET_SIGV4_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/slice.h"
#include "net/http.h"

enum {
	SIGV4_DATE = 17, /* "20150830T123600Z" with its NUL */
	SIGV4_HEX = 65,  /* a SHA-256 in hexadecimal with its NUL */
};

/* As payload_hash where the body is not part of the signature (S3, over TLS). */
extern const char sigv4_unsigned[];
/* The hash of an empty body. */
extern const char sigv4_empty[];

enum sigv4_flags {
	SIGV4_S3 = 1, /* the path was percent-encoded by us: it is signed as it is sent; without
	                      * this it is encoded once more */
	SIGV4_NORMALIZE = 2, /* dot segments and doubled slashes are resolved first; never for S3 */
	SIGV4_LATE_TOKEN = 4 /* the session token is added after signing and is no part of it */
};

struct sigv4_keys {
	const char *id, *secret;
	const char *token; /* of temporary keys; NULL or "" = none */
};

struct sigv4_request {
	const char *method;
	struct slice path;  /* "" is "/" */
	struct slice query; /* without the '?'; percent-encoded */
	/* All that is signed, "Host" among them; not X-Amz-Date and X-Amz-Security-Token, which are
	 * added. Values may hold line breaks and runs of blanks: they count as one blank. */
	const struct http_header *headers;
	size_t header_count;
	const char *payload_hash; /* hexadecimal SHA-256 of the body, or sigv4_unsigned */
};

struct sigv4_scope {
	const char *region, *service;
	int64_t time_us;
	unsigned flags;
	unsigned expires_s; /* presigned: how long it is valid */
};

struct sigv4_signature {
	char date[SIGV4_DATE]; /* X-Amz-Date */
	char signature[SIGV4_HEX];
	struct buf canonical; /* the canonical request, */
	struct buf to_sign;   /* the string to sign: for tests and for explaining refusals */
	struct buf value;     /* of the Authorization header, or the whole presigned query; a
	                              * secret */
};

/* An empty signature. */
void sigv4_init(struct sigv4_signature *out);
/* Frees it, and overwrites what it held. */
void sigv4_fini(struct sigv4_signature *out);

/* Signs for an Authorization header: out->value is its value; out->date goes as X-Amz-Date and the
 * token (where there is one) as X-Amz-Security-Token with it. */
void sigv4_sign(const struct sigv4_keys *keys, const struct sigv4_scope *scope,
	const struct sigv4_request *request, struct sigv4_signature *out);

/* Signs for the query: out->value is the request's query with all X-Amz-… parameters added. */
void sigv4_presign(const struct sigv4_keys *keys, const struct sigv4_scope *scope,
	const struct sigv4_request *request, struct sigv4_signature *out);

/* SHA-256 of `data` in hexadecimal; returns `hex`. */
char *sigv4_hash(struct slice data, char hex[SIGV4_HEX]);

#endif
