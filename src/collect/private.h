/* SPDX-License-Identifier: Apache-2.0 */
/* private.h (collect/): what the files of API sources share. */
#ifndef COLLECT_PRIVATE_H
#define COLLECT_PRIVATE_H

#include "collect/collect.h"
#include "collect/site.h"

/* One API: how it is asked, and where its answers have what. */
struct api {
	const char *what;    /* for people: "the audit log of Jira" */
	const char *records; /* the member that holds the array */
	const char *path;    /* below the base URL */
	struct source_traits traits;
	bool basic;             /* mail and token (RFC 7617), else Bearer */
	const char *permission; /* what it takes to read */
	/* Appends the query of a request. */
	void (*query)(const struct page_ask *ask, unsigned rows, struct buf *url);
	/* Fills total, last and cursor from the envelope; may be NULL. */
	void (*envelope)(struct slice body, struct page *page);
};

extern const struct api api_jira, api_confluence, api_data_center, api_organisation;

enum { PACE_SLOTS = 10 };

struct source {
	const struct source_kind *kind;
	const struct api *api;
	struct source_env env;
	char *base;          /* URL without a slash at its end */
	char *endpoint;      /* base and path */
	char *mail;          /* or NULL */
	char *authorization; /* header value; a secret */
	char *secret;
	enum guard_policy guard;
	bool plain;
	int64_t pause_us;             /* traits.pause_us, or what the settings say */
	int64_t asked_at[PACE_SLOTS]; /* monotonic; of the last requests */
	unsigned asked;
};

/* api.c: one GET of `url` with the source's login, checked to be JSON with `records` (NULL = any object).
 * Fills page->reply, failure, server_us, counts. */
int api_get(struct source *source, const char *url, const char *records, struct page *page,
	struct err *err);
/* A source by its parts; texts are copied. */
struct source *api_open(const struct source_kind *kind, const struct api *api, const char *base,
	const char *mail, const char *secret, const struct settings *settings,
	const struct source_env *env);

/* query.c: "2026-01-31T12:00:00.000Z", percent-encoded. */
void put_iso_ms(struct buf *url, const char *name, int64_t us);
/* Epoch milliseconds. */
void put_epoch_ms(struct buf *url, const char *name, int64_t us);
/* Appends "?name=" or "&name=". */
void put_name(struct buf *url, const char *name);
/* The text of a member of a JSON object in `out` (cut off with a NUL); false where it is no text or does not
 * fit. */
bool member_text(struct slice object, const char *key, char *out, size_t size);
/* A member that is a whole number; -1 where it is none. */
int64_t member_number(struct slice object, const char *key);
/* A member that is true. */
bool member_true(struct slice object, const char *key);

#endif
