/* SPDX-License-Identifier: Apache-2.0 */
/* s3_private.h: what the files of the S3 client share. */
#ifndef NET_S3_PRIVATE_H
#define NET_S3_PRIVATE_H

#include "net/private.h"
#include "net/s3.h"

enum { S3_HEADERS = 24 }; /* of a request, all told */

struct s3 {
	struct http_client *client;
	struct credential_provider *provider;
	struct retry_policy policy;
	char *scheme, *host; /* as it goes into the Host header: bucket.host, host:port */
	char *region, *bucket;
	bool path_style, at_aws, plain;
	enum guard_policy guard;
	int64_t skew_us; /* the server's clock is so far ahead of ours */
	struct http_reply reply;
	struct s3_end end;
};

/* What a call does, for the words of its errors. */
enum s3_doing { S3_LISTING, S3_READING, S3_WRITING, S3_DELETING };

struct s3_call {
	enum s3_doing doing;
	const char *method;
	struct slice key;   /* "" = the bucket */
	struct slice query; /* encoded */
	const struct http_header *headers;
	size_t header_count;
	struct slice body; /* ptr NULL = none */
	bool repeatable;   /* a POST that may be sent twice */
	int (*on_body)(
		void *ctx, const struct http_reply *reply, struct slice data, struct err *err);
	void *ctx;
};

/* Signs and sends; s3->reply and s3->end tell what came. 0 where a reply with any status came, -1 with
 * `err` where none did. Tries once more where keys were refused as expired (new ones are fetched) or a connection stalled. */
int s3_send(struct s3 *s3, const struct s3_call *call, struct err *err);
/* The same, where anything but 2xx is an error, put into words. */
int s3_do(struct s3 *s3, const struct s3_call *call, struct err *err);
/* The words for the reply that is there. Returns -1. */
int s3_explain(struct s3 *s3, const struct s3_call *call, struct err *err);
/* Reads code, message and region of the reply into s3->end and `message`. */
void s3_read_refusal(struct s3 *s3, struct buf *message);
/* Sizes, times, ETag of the reply's headers. */
void s3_read_facts(const struct http_reply *reply, struct s3_facts *facts);
/* An HTTP date or 2026-03-09T14:03:11.000Z in microseconds; 0 where it is none. */
int64_t s3_time(struct slice text);
/* Reads a page of ListObjectsV2; `token` is the one that was sent, or NULL. */
int s3_listing_read(
	struct slice xml, const char *token, struct s3_listing *listing, struct err *err);
/* Whether a storage class must be restored before reading. */
bool s3_is_cold(struct slice class);

#endif
