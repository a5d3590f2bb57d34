/* SPDX-License-Identifier: Apache-2.0 */
/* feed_private.h (private to feed*.c): a feed loaded, a fetch under way, and the bytes that came. */
#ifndef PIPELINE_FEED_PRIVATE_H
#define PIPELINE_FEED_PRIVATE_H

#include "collect/settings.h"
#include "net/http.h"
#include "pipeline/feed.h"
#include "pipeline/input.h"

/* ---- a feed of the catalog (feed_settings.c) ------------------------------------------------- */

enum { FEED_SECRETS = 4 };
struct loaded_feed {
	struct feed feed;      /* texts in what follows */
	struct watchlist list; /* in `mem` */
	struct arena mem;
	struct settings settings;
	struct secret secrets[FEED_SECRETS];
};
/* 1, 0 no feed of that name, -1; to be unloaded in any case. */
int feed_load(struct store *store, const char *name, const char *key_file,
	struct loaded_feed *loaded, struct err *err);
/* Wipes the secrets and frees. */
void feed_unload(struct loaded_feed *loaded);

/* ---- what came (feed_spool.c) ---------------------------------------------------------------- */

/* Parts, each a file of its own: of a spool without a name, or of the machine. */
struct feed_part {
	int fd;
	const char *name; /* for messages */
	uint64_t from, len;
};
struct feed_spool {
	int fd; /* -1 = none yet */
	uint64_t size;
	struct feed_part *parts;
	uint32_t n, cap;
	struct arena mem;
};
/* An unnamed file in a list's folder. */
int spool_open(struct feed_spool *spool, const char *folder, struct err *err);
int spool_write(struct feed_spool *spool, struct slice data, struct err *err);
/* What was written since the last part is a part. */
void spool_part(struct feed_spool *spool, const char *name);
/* Forgets what was written since the last part. */
int spool_back(struct feed_spool *spool, struct err *err);
/* A file of the machine as a part; the descriptor becomes the spool's. */
void spool_add(struct feed_spool *spool, int fd, const char *name, uint64_t size);
/* SHA-256 of all parts, in hex. */
int spool_sum(const struct feed_spool *spool, char hex[65], struct err *err);
void spool_close(struct feed_spool *spool);

/* ---- a zip of one file (feed_zip.c) ---------------------------------------------------------- */

struct zip;
bool zip_is(const void *head, size_t n);
/* Opens the one file that is in it. ERR_FORMAT where there are several, it is encrypted, or damaged. */
int zip_open(const struct feed_part *part, struct zip **zip, struct err *err);
/* Up to n bytes of it; 0 at its end, whose checksum holds; -1. */
int64_t zip_read(struct zip *zip, void *to, size_t n, struct err *err);
void zip_close(struct zip *zip);

/* ---- a part, unpacked (feed_reader.c) --------------------------------------------------------- */

/* The first four are set by who opens it; the rest is private. */
struct feed_reader {
	const struct feed_part *part;
	const volatile sig_atomic_t *stop;
	uint64_t *passed, most; /* unpacked bytes, of all parts */
	struct input *input;
	struct zip *zip;
	struct input_stream stream;
	uint64_t at; /* packed */
	bool begun;
};
/* gzip, zstd, a zip of one file, or as it is. To be closed in any case. */
int feed_reader_open(struct feed_reader *reader, struct err *err);
/* As ioc_list_read wants it; `ctx` is the reader. A web page is ERR_FORMAT. */
int64_t feed_reader_read(void *ctx, char *to, size_t n, struct err *err);
void feed_reader_close(struct feed_reader *reader);
/* All of it, appended to `text`. */
int feed_part_text(const struct feed_part *part, uint64_t most, const volatile sig_atomic_t *stop,
	struct buf *text, struct err *err);

/* ---- a fetch --------------------------------------------------------------------------------- */

struct feed_fetch {
	const struct feed *feed;
	const struct watchlist *list;
	const struct feed_options *options;
	struct arena mem;
	struct feed_spool spool;
	bool unchanged;                     /* nothing came that is new */
	bool adds;                          /* what came is added; else it replaces */
	enum ioc_list_format format;        /* of what came */
	const char *etag, *modified, *mark; /* to be noted; NULL = as they were */
	int64_t asked_us;                   /* the server asks to wait so long; -1 = it does not */
};
/* Each fills the spool, or says that nothing changed. 0 or -1. */
int fetch_url(struct feed_fetch *fetch, struct err *err);
int fetch_taxii(struct feed_fetch *fetch, struct err *err);
int fetch_files(struct feed_fetch *fetch, struct err *err);
/* Puts what came into the list. 0 or -1. */
int feed_fill(struct store *store, struct feed_fetch *fetch, int64_t due_at,
	struct feed_result *result, struct err *err);

/* ---- over HTTP (feed_http.c) ----------------------------------------------------------------- */

enum { FEED_HEADER_LINES = 32 };
/* A connection for one feed. */
struct feed_http {
	struct http_client *client;
	const struct feed *feed;
	struct arena mem;
	struct http_header headers[FEED_HEADER_LINES + 4];
	size_t secret_headers, n; /* the secret ones come first */
	char *basic;              /* wiped */
	int64_t asked_us;
};
int feed_http_open(struct feed_http *http, const struct feed *feed,
	const volatile sig_atomic_t *stop, struct err *err);
void feed_http_close(struct feed_http *http);
/* Adds a header to all requests; texts are borrowed. */
void feed_http_header(struct feed_http *http, const char *name, const char *value);
/* Asks, follows redirects, tries again what passes. 0 with a reply of status 2xx or 304; -1: every other one is an error with what to do. `on_body` as
 * http_request has it. */
int feed_http_get(struct feed_http *http, const char *url, uint64_t most,
	int (*on_body)(
		void *ctx, const struct http_reply *reply, struct slice data, struct err *err),
	void *ctx, struct http_reply *reply, struct err *err);
/* Whether an address is that of a MISP feed: …/manifest.json. */
bool misp_is_manifest(const char *url);
/* The spool holds a manifest: in its place come the events that it names and that changed after *since (seconds), which becomes the newest
 * change. 0 or -1. */
int misp_events(struct feed_http *http, struct feed_fetch *fetch, int64_t *since, struct err *err);
/* Reads lines "name: value" into `each`; ERR_USAGE with the line's number, never its text. */
int feed_headers_read(struct slice lines, struct arena *mem,
	int (*each)(void *ctx, const char *name, const char *value, struct err *err), void *ctx,
	struct err *err);
/* Checks kind, address and what goes with it. */
int feed_check(const struct feed *feed, struct err *err);

static inline bool feed_stopped(const volatile sig_atomic_t *stop)
{
	return stop && *stop;
}

#endif
