/* SPDX-License-Identifier: Apache-2.0 */
/*
 * watchlists.h: lists of indicators that are watched for: their settings as rows of the catalog, what they hold as files of
 * their own (ioc/watch_file.h), which never change: a new content is a new file.
 *
 * Segments that were committed while there are lists are *pending* until all lists were asked of them; a list whose file is not the one
 * that was *swept* is to be asked of all history.
 */
#ifndef STORE_WATCHLISTS_H
#define STORE_WATCHLISTS_H

#include "ioc/watch_file.h"
#include "store/connections.h"
#include "store/store.h"

enum { WATCHLIST_SETTINGS = 65536 /* bytes */ };

struct watchlist {
	const char *name;     /* [a-z0-9][a-z0-9._-]{0,62} */
	unsigned level;       /* of its alerts: enum rule_level */
	bool exact;           /* domains are themselves only */
	bool paused;          /* neither fetched nor asked */
	const char *url;      /* of a feed; "" = filled by hand */
	const char *settings; /* a JSON object: how the feed is read (pipeline/feed.h); "{}" */
	uint32_t interval_s;  /* between two fetches */
	uint32_t expire_s; /* indicators that say nothing end so long after they came; 0 = never */
	int confidence;    /* of those that say nothing; -1 = not said */
	const char *tags;  /* of all of them */
	/* read only */
	const char *path; /* of its file; NULL = it is empty */
	bool is_swept;
	const char *
		swept_path; /* of the file that was asked of all history; NULL = none, or it is gone */
	uint64_t indicators, unusable, duplicates, bytes;
	uint64_t added, removed;                    /* by the last change */
	int64_t created_at, changed_at, fetched_at; /* 0 = never */
	int64_t failed_at;                          /* since when it fails; 0 = it does not */
	int64_t due_at;                             /* of the next fetch; 0 = now */
	unsigned failures;                          /* in a row */
	const char *etag, *modified;
	const char *mark;    /* how far a feed was read (pipeline/feed.h) */
	const char *error;   /* of the last fetch; "" = it was well */
	const char *secrets; /* names of those that are sealed, "headers, url"; "" = none */
};

/* Saves the settings: a new list, or in place of those of that name; its content stays. Where url or settings are others, what was noted of
 * fetches is forgotten. 0 or -1. */
int watchlist_put(struct store *store, const struct watchlist *list, struct err *err);
/* The same, with secrets (an empty one forgets it); `key` may be NULL where all are empty. */
int watchlist_put_feed(struct store *store, const struct watchlist *list,
	const struct connection_secret *secrets, uint32_t nsecrets, const struct secret_key *key,
	struct err *err);
/* Opens a secret of a list: 1, 0 not set or no such list, -1; *plain is the caller's. */
int watchlist_secret(struct store *store, const char *name, const char *field,
	const struct secret_key *key, struct secret *plain, struct err *err);
/* 1 found, texts in `mem`; 0 none of that name; -1. */
int watchlist_get(struct store *store, const char *name, struct arena *mem, struct watchlist *list,
	struct err *err);
/* Says that there is none of that name, and what to type. Returns -1. */
int watchlist_missing(const char *name, struct err *err);
/* Calls `each` for all of them, by name; as store_segments. */
int watchlists(struct store *store,
	int (*each)(void *ctx, const struct watchlist *list, struct err *err), void *ctx,
	struct err *err);
/* 1 done, 0 none of that name, -1. */
int watchlist_pause(struct store *store, const char *name, bool paused, struct err *err);
/* Removes it; alerts stay. 1 done, 0 none of that name, -1. */
int watchlist_remove(struct store *store, const char *name, struct err *err);

/* Where a new content is to be built (watch_build), for the one who holds WATCH_LOCK; left over ones are removed. In `mem`. NULL on error. */
char *watchlist_building(struct store *store, const char *name, struct arena *mem, struct err *err);
/* What a fetch or a change came to. */
struct watchlist_change {
	const struct watch_facts *facts; /* of the file that was built; NULL = the content stays */
	uint64_t unusable, added, removed;
	int64_t fetched_at;                 /* 0 = as it was, and so is due_at */
	int64_t due_at;                     /* of the next fetch */
	const char *etag, *modified, *mark; /* NULL = as they were */
};
/* Makes the file that was built the list's content, and notes the rest. 0 or -1. */
int watchlist_change(struct store *store, const char *name, const struct watchlist_change *change,
	struct err *err);
/* Notes that a fetch failed, and when the next one is due. */
int watchlist_failed(
	struct store *store, const char *name, const char *why, int64_t due_at, struct err *err);
/* Notes that the file at `path` was asked of all history. */
int watchlist_swept(struct store *store, const char *name, const char *path, struct err *err);

/* Calls `each` with the ids of the segments that wait; as store_segments. */
int watch_pending(struct store *store, int (*each)(void *ctx, uint64_t segment, struct err *err),
	void *ctx, struct err *err);
/* Those do not wait any longer. */
int watch_done(struct store *store, const uint64_t *segments, uint32_t n, struct err *err);

#define WATCH_LOCK "watch.lock" /* who changes watchlists, or asks them */

#endif
