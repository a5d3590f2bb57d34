/* SPDX-License-Identifier: Apache-2.0 */
/*
 * watch.h: watchlists asked of what is stored: a list that is new or changed of all history (the sweep), all lists of every segment
 * that was committed since. What they find is alerts: one for each list, indicator and UTC day, computed whole from the stored
 * events, as those of rules are (pipeline/detect.h); so it does not matter what came when, or how often it is asked.
 */
#ifndef PIPELINE_WATCH_H
#define PIPELINE_WATCH_H

#include "store/alerts.h"
#include "store/watchlists.h"

struct watch_options {
	unsigned threads;
	uint64_t memory; /* for evidence; 0 = a quarter of BUDGET_DEFAULT */
	bool quiet;      /* nobody is told of new alerts */
	const volatile int *stop;
	void (*progress)(void *ctx, const char *what, uint64_t done, uint64_t of); /* may be NULL */
	void *progress_ctx;
};
struct watch_result {
	uint64_t lists, segments; /* asked */
	uint64_t indicators;      /* that were seen */
	uint64_t events;
	struct alert_changes changes;
	uint64_t unread; /* segments that could not be read */
};

/* Asks what is to be asked. 0 where nothing is, or another process is at it: it will see ours as well. Adds to *result. */
int watch_run(struct store *store, const struct watch_options *options, struct watch_result *result,
	struct err *err);

/* The rule of a list's alerts: "watchlist:NAME". In `mem`. */
const char *watch_rule(const char *list, struct arena *mem);

#endif
