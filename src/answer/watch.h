/* SPDX-License-Identifier: Apache-2.0 */
/* watch.h (answer/): watchlists and feeds: their settings as somebody gives them, what they hold and what became of a change, as JSON. */
#ifndef ANSWER_WATCH_H
#define ANSWER_WATCH_H

#include "answer/answer.h"
#include "pipeline/feed.h"

/* What is said of a list; NULL, -1 and false leave it as it was. */
struct watch_settings {
	const char *level, *expire, *tags; /* expire: a span, or "never" */
	int64_t confidence;                /* 0 to 100 */
	bool exact;
};
int watch_settings_apply(
	const struct watch_settings *given, struct watchlist *list, struct err *err);
/* The list of that name, or a new one, with what is said over what it had; texts in `mem` or as given. 0 or -1. */
int watch_list_get(struct store *store, const char *name, const struct watch_settings *given,
	struct arena *mem, struct watchlist *list, struct err *err);
/* Makes it, or changes its settings, so that it can be filled by hand: ERR_USAGE where it is a feed. */
int watch_list_prepare(
	struct store *store, const char *name, const struct watch_settings *given, struct err *err);

/* Texts that were not taken: the first of them, as elements of an array. watch_note_unusable is the `unusable` of a filling. */
enum { WATCH_REASONS = 10 };
struct watch_unusable {
	uint64_t n;
	struct buf json; /* buf_fini */
};
void watch_note_unusable(void *ctx, const struct ioc_entry *entry, const char *reason);
/* `pugmark ioc add --json`: what the list holds now, what changed, and what history said (`swept` NULL: it was not asked). */
void answer_filled(const char *name, const struct watch_fill_result *filled,
	const struct watch_unusable *unusable, const struct watch_result *swept, struct buf *out);

/* "ipv4" …; "name" where an indicator is of any kind. */
const char *watched_kind(const struct watched *w);
/* One list: {"watchlist":{as in the list of all},"indicators":[{"indicator","kind","confidence","expires","tags","description"}],"more":…}; at most
 * so many indicators (0 = all). 0, or -1: ERR_NOT_FOUND. */
int answer_watched(
	struct store *store, const char *name, uint64_t most, struct buf *out, struct err *err);
/* `pugmark ioc feeds --json`. 0 or -1. */
int answer_feeds(struct store *store, struct buf *out, struct err *err);

#endif
