/* SPDX-License-Identifier: Apache-2.0 */
/*
 * s3.h: one bucket of S3 or of what speaks its language (Ceph, MinIO, Swift …): list, read ranges,
 * write, write in parts. Keys are bytes: "..", spaces, "+" and any UTF-8 go through unchanged.
 * Requests are tried again as retry.h says; a read that breaks goes on where it was, as long as the
 * object is the same. Used by one thread.
 * Source: Amazon S3 API Reference (REST).
 */
#ifndef NET_S3_H
#define NET_S3_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "net/credentials.h"
#include "net/http.h"
#include "net/retry.h"

enum {
	S3_KEY_MOST = 1024,      /* bytes of a key */
	S3_PART_LEAST = 5 << 20, /* bytes of a part, but the last */
	S3_PARTS_MOST = 10000,
	S3_UPLOAD_ID = 1024,
	S3_ETAG = 200,
};

enum s3_style {
	S3_STYLE_AUTO,    /* virtual at AWS (but for buckets with a dot), path elsewhere */
	S3_STYLE_PATH,    /* https://host/bucket/key */
	S3_STYLE_VIRTUAL, /* https://bucket.host/key */
};

struct s3_place {
	const char *endpoint; /* https://host[:port]; NULL = AWS in `region` */
	const char *region;   /* NULL = AWS_REGION, AWS_DEFAULT_REGION, then us-east-1 */
	const char *bucket;
	enum s3_style style;
	enum guard_policy guard; /* GUARD_PRIVATE_ALLOWED where an administrator confirmed it */
	bool plain;              /* the endpoint may be http:// (see http.h) */
};

struct s3;

/* Opens a bucket; nothing is sent. Client and provider are borrowed; without a provider (NULL)
 * requests are not signed (public buckets). NULL with `err` where endpoint or names are wrong. */
struct s3 *s3_open(struct http_client *client, const struct s3_place *place,
	struct credential_provider *provider, const struct retry_policy *policy, struct err *err);
/* Closes it; accepts NULL. */
void s3_close(struct s3 *s3);

/* How the last call ended, for code: the text of an error is for people. */
struct s3_end {
	int status; /* HTTP; 0 where no reply came */
	enum http_failure failure;
	char code[64];    /* S3's: "NoSuchKey" …; "" where there is none */
	char region[40];  /* where the bucket is, if the server said so, else "" */
	int64_t asked_us; /* to wait before the next call; -1 = not said */
	unsigned attempts;
};
/* Borrowed until the next call. */
const struct s3_end *s3_last(const struct s3 *s3);

struct s3_object {
	struct slice key, etag; /* in arena; the ETag with its quotes, as it came */
	uint64_t size;
	int64_t modified_us; /* 0 where it was not said */
	bool cold;           /* archived (Glacier): must be restored before it can be read */
};

struct s3_listing {
	struct arena mem;
	struct s3_object *objects; /* in order of keys, as the server gave them */
	size_t count;
	struct slice *prefixes; /* where a delimiter was given */
	size_t prefix_count;
	const char *next; /* token of the next page; NULL = this was the last */
};

struct s3_list {
	const char *prefix;      /* NULL = all */
	const char *start_after; /* keys after this one only; NULL = from the first */
	const char *token;       /* listing.next of the page before */
	const char *delimiter;   /* NULL = none */
	unsigned most;           /* 1–1000 keys a page; 0 = 1000 */
};

/* One page (ListObjectsV2). `listing` is emptied first. -1 where the reply is broken too: an error is
 * never an empty page. ERR_FORMAT where the next token is the one that was sent. */
int s3_list(struct s3 *s3, const struct s3_list *what, struct s3_listing *listing, struct err *err);
/* An empty listing. */
void s3_listing_init(struct s3_listing *listing);
/* Frees it. */
void s3_listing_fini(struct s3_listing *listing);

struct s3_facts {
	uint64_t size;  /* of the whole object */
	uint64_t bytes; /* s3_get: given to the caller */
	int64_t modified_us;
	char etag[S3_ETAG];
	bool cold;
};

struct s3_get {
	uint64_t from, count; /* count 0 = to its end */
	const char *if_match; /* ETag that it must have, with quotes or without; NULL = any. Code:
	                       * PreconditionFailed. Held against the reply's, too: not every server
	                       * knows the condition */
	/* Takes the bytes in order; -1 with `err` ends it. */
	int (*on_data)(void *ctx, struct slice data, struct err *err);
	void *ctx;
};

/* Reads a range of an object, as it is stored (no unpacking). 0 where every byte of the range up to the
 * object's end was given; from == size gives none. ERR_NOT_FOUND where there is no such object or
 * `from` lies beyond its end. Bytes that were given before an error are good ones: facts->bytes says how
 * many. */
int s3_get(struct s3 *s3, struct slice key, const struct s3_get *what, struct s3_facts *facts,
	struct err *err);

/* Asks for an object's facts. 1 = there, 0 = not there, -1 = error. */
int s3_head(struct s3 *s3, struct slice key, struct s3_facts *facts, struct err *err);

/* Writes an object of up to 5 GB in one request. `headers` (x-amz-meta-…, content-type …) may be
 * NULL. ERR_FORMAT where the reply names no ETag: whatever says 200 to everything is no S3. */
int s3_put(struct s3 *s3, struct slice key, struct slice body, const struct http_header *headers,
	size_t header_count, struct err *err);

/* How long an object stays whatever anybody does. */
struct s3_retention {
	bool governance, compliance; /* one of them */
	int64_t until_us;
};
/* Asks how an object is locked (GetObjectRetention). 1; 0 where it is not, or the server knows of no locks; -1, ERR_ACCESS where these keys
 * may not ask. */
int s3_retention(struct s3 *s3, struct slice key, struct s3_retention *retention, struct err *err);

/* An object written in parts: begin, parts from 1 on in any order, then end. What was begun and not
 * ended costs storage until s3_upload_abort. */
struct s3_upload {
	struct arena mem;
	struct slice key;
	char id[S3_UPLOAD_ID];
	char (*etags)[S3_ETAG]; /* of part i + 1 */
	unsigned parts, cap;
};

/* Begins an upload. After 0 it must be ended or aborted. */
int s3_upload_begin(struct s3 *s3, struct slice key, const struct http_header *headers,
	size_t header_count, struct s3_upload *upload, struct err *err);
/* Sends part `number` (1–S3_PARTS_MOST), S3_PART_LEAST bytes or more unless it is the last. A part
 * sent again replaces the first one. */
int s3_upload_part(struct s3 *s3, struct s3_upload *upload, unsigned number, struct slice body,
	struct err *err);
/* Makes the object of its parts, and frees `upload`. After -1 too the upload is freed; where the
 * server did not say that it is made, it is aborted. */
int s3_upload_end(struct s3 *s3, struct s3_upload *upload, struct err *err);
/* Gives the parts up, and frees `upload`. */
int s3_upload_abort(struct s3 *s3, struct s3_upload *upload, struct err *err);

/* Removes an object; one that is not there is no error. */
int s3_delete(struct s3 *s3, struct slice key, struct err *err);

#endif
