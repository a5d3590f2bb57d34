/* SPDX-License-Identifier: Apache-2.0 */
/*
 * feed.h: watchlists that are filled from elsewhere on a schedule: an address (any format of ioc/list.h; gzip, zstd, a zip of one file; a MISP
 * feed by its manifest), a TAXII 2.1 collection, or a file or folder of this machine.
 *
 * A fetch that changed something replaces the list's content (STIX, TAXII and MISP feeds: adds to it, and what is revoked goes). One that failed
 * leaves it as it was, is noted with the list, and is done again later: servers are not trusted to be right, or to end. What
 * becomes empty, loses more than 90 % or goes back in time is a failure too, until a person says that it is meant so.
 *
 * Kept with the list: settings (in the open), secrets (sealed: url, headers, password, token), etag, modified, and the *mark*:
 *   address   SHA-256 of what came, and when it last came whole: servers that say "unchanged" are believed for a day; and the newest
 *             event that was taken of a MISP feed
 *   TAXII     X-TAXII-Date-Added-Last of the last page: the next fetch asks for what was added after it
 *   file      SHA-256 of names, sizes and times of change
 */
#ifndef PIPELINE_FEED_H
#define PIPELINE_FEED_H

#include <signal.h>

#include "pipeline/watch.h"
#include "pipeline/watch_fill.h"

enum feed_kind { FEED_URL, FEED_TAXII, FEED_FILE };

enum {
	FEED_INTERVAL_S = 3600,
	FEED_FILE_INTERVAL_S = 60,
	FEED_HEADERS = 16 << 10 /* bytes of the lines of headers */
};
#define FEED_BYTES ((uint64_t)256 << 20) /* unpacked, unless --max-size says otherwise */

/* How a feed is read. Texts NULL = none. */
struct feed {
	enum feed_kind kind;
	const char *list;
	const char *url;        /* TAXII: of the API root; FILE: a path */
	bool url_secret;        /* the list shows its host only */
	const char *collection; /* TAXII: its id */
	enum ioc_list_format format;
	const char *column;
	enum ioc_kind value_kind;
	const char *headers; /* lines "name: value" */
	const char *user, *password, *token;
	const char *ca_file, *proxy;
	bool allow_private, allow_wide;
	uint64_t max_bytes; /* 0 = FEED_BYTES */
};

struct feed_options {
	const char *key_file; /* NULL = the usual places */
	uint64_t memory;      /* 0 = BUDGET_DEFAULT */
	unsigned threads;
	bool accept;    /* what is empty, much smaller or older is meant so */
	bool no_detect; /* history is not asked */
	bool once;      /* feed_run: what is due now, and end */
	const volatile sig_atomic_t *stop;
	/* Called for every text that cannot be used; may be NULL. */
	void (*unusable)(void *ctx, const struct ioc_entry *entry, const char *reason);
	void *ctx;
};

enum feed_outcome { FEED_CHANGED, FEED_UNCHANGED, FEED_BUSY /* another process fetches it */ };
struct feed_result {
	enum feed_outcome outcome;
	struct watch_fill_result fill; /* where something was read */
	uint64_t bytes;                /* that came */
};

/* Whether a list is one. */
bool feed_is(const struct watchlist *list);

/* Saves a list as a feed after checking it; `list` has all but url and settings. 0 or -1. */
int feed_save(struct store *store, const struct watchlist *list, const struct feed *feed,
	const char *key_file, struct err *err);

/* Fetches a feed now. 0 with *result; -1 with what is wrong: it is noted with the list as well (but
 * where there is no such feed: ERR_NOT_FOUND, or the process is asked to stop: ERR_INTERRUPTED). */
int feed_update(struct store *store, const char *name, const struct feed_options *options,
	struct feed_result *result, struct err *err);

#define FEED_LOCK "feeds.lock" /* the process that fetches on schedule */
/* Fetches all feeds that are not paused as they are due, and asks history of what is new, until *stop or until there
 * are no feeds (or once). ERR_BUSY where another process does so. 0 or -1. */
int feed_run(struct store *store, const struct feed_options *options, struct err *err);

/* A collection of a TAXII server. Texts in the arena of taxii_find. */
struct taxii_collection {
	const char *root, *id, *title;
	bool readable;
};
/* Looks at feed->url (a discovery address, or an API root) for its collections. Where feed->collection names one by id, alias or title, *found
 * is it and feed->url and feed->collection are set to what feed_save wants; else `each` is called for all of them. 1 found, 0 not, -1. */
int taxii_find(struct feed *feed, const volatile sig_atomic_t *stop, struct arena *mem,
	void (*each)(void *ctx, const struct taxii_collection *collection), void *ctx,
	struct err *err);

#endif
