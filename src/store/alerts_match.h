/* SPDX-License-Identifier: Apache-2.0 */
/*
 * alerts_match.h: which stored alert an alert found is: by its id; else the first event; else an event in common; else, where
 * not all events of both are known, by the time that they have in common. Where all are known and none is in common, they
 * are two alerts, whatever their times: what people said of one does not speak of the other.
 */
#ifndef STORE_ALERTS_MATCH_H
#define STORE_ALERTS_MATCH_H

#include "store/alerts_private.h"

struct match_stored {
	int64_t n;
	uint8_t id[ALERT_ID], first_event[16], digest[32];
	int64_t first, last;
	uint64_t events, new_events;
	uint32_t nevents; /* that are kept */
	const uint8_t (*evidence)[16];
	enum alert_state state, was;
	bool taken;
};
struct match_found {
	struct alert_found f; /* made fit; texts borrowed or in the run's arena */
	uint8_t id[ALERT_ID], digest[32];
	const uint8_t (*evidence)[16]; /* ids of f.events */
	struct match_stored *old;      /* that it takes over, or NULL */
};
/* What there is at all, known for a whole transaction: what is not there need not be asked for. */
struct match_there {
	bool aliases, notifiers;
	bool rule; /* alerts of the rule in hand, from before */
};
/* The cells of one rule and group. */
struct match_run {
	struct store *store;
	struct match_there *there;
	struct buf *scratch;
	struct arena mem;
	int64_t now;
	bool quiet;
	uint32_t nfound, nstored;
	struct match_found *found;   /* ascending by day, then first */
	struct match_stored *stored; /* those that are not withdrawn first; ascending by first */
	struct alert_changes changes;
};

/* Loads what is stored of the cells, and what has the id of one found wherever it stands. 0 or -1. */
int match_load(
	struct match_run *run, const struct alert_cell *const *cells, uint32_t n, struct err *err);
/* Sets `old` of those found, `taken` of those stored. */
void match_find(struct match_run *run);

#endif
