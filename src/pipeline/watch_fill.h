/* SPDX-License-Identifier: Apache-2.0 */
/* watch_fill.h: the content of a watchlist made anew: what comes, and what it held already unless that is replaced. */
#ifndef PIPELINE_WATCH_FILL_H
#define PIPELINE_WATCH_FILL_H

#include "store/watchlists.h"

struct watch_fill_options {
	const char *list;
	bool replace;    /* what it held goes */
	bool allow_wide; /* indicators that match nearly everything are taken */
	uint64_t memory; /* 0 = a quarter of BUDGET_DEFAULT */
	int64_t expires; /* of those that say nothing; 0 = as the list says */
	uint64_t least;  /* a content of fewer indicators is not taken: ERR_LIMIT */
	/* Called for every text that cannot be used; may be NULL. */
	void (*unusable)(void *ctx, const struct ioc_entry *entry, const char *reason);
	void *ctx;
};
struct watch_fill_result {
	uint64_t usable, unusable, added, removed, duplicates, contradictory, indicators;
	bool changed;
};

struct watch_fill;
/* Takes WATCH_LOCK (waits for it) and begins. ERR_NOT_FOUND where there is no such list. 0 or -1. */
int watch_fill_begin(struct store *store, const struct watch_fill_options *options,
	struct watch_fill **fill, struct err *err);
/* One that comes. Usable as `each` of ioc_list_read. Revoked ones take away what the list held. */
int watch_fill_entry(void *fill, const struct ioc_entry *entry, struct err *err);
/* Says only now whether what it held goes. */
void watch_fill_replace(struct watch_fill *fill, bool replace);
/* Takes one away. */
void watch_fill_remove(struct watch_fill *fill, const struct indicator *indicator);
/* Makes it the list's content; `change` (may be NULL) has what is noted of a fetch. Frees `fill`. 0 or -1: then the list is as it was. */
int watch_fill_commit(struct watch_fill *fill, const struct watchlist_change *change,
	struct watch_fill_result *result, struct err *err);
/* Gives it up; accepts NULL. */
void watch_fill_abort(struct watch_fill *fill);

#endif
