/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sweep.h (private to pipeline/): all events of a stretch of time out of an API that answers newest first,
 * page by page, while events go on appearing and vanishing.
 *
 *   range [from, to)   what is to be read, `to` frozen
 *   window             a part of it, the newest first: one ledger window, one reading with the same bounds on
 *                      every page, until an empty page
 *
 * A page that does not join the one before it (the rows moved) makes the window begin again; where that
 * goes on, windows become single pages, which nothing can move. A window that grows beyond
 * PAGES_PER_WINDOW, or ends before the server's own count, is cut at its oldest event: what follows is
 * a window of its own. So caps on paging, wrong totals and lost pages end in another request, not in a
 * loss. Where the rows at a cut do not come again, the server's bounds are coarser than milliseconds,
 * and the cut is moved.
 */
#ifndef PIPELINE_SWEEP_H
#define PIPELINE_SWEEP_H

#include "collect/collect.h"
#include "pipeline/harvest.h"
#include "store/ledger.h"

enum { PAGES_PER_WINDOW = 20, CUT_KEYS = 64 };

struct sweep {
	struct store *store;
	struct source *source;
	struct source_traits traits;
	const char *name; /* of the connection */
	const volatile int *stop;
	struct harvest harvest;
	struct page page, aside;     /* aside: of a millisecond by itself */
	enum source_failure failure; /* of the last page asked for */
	int64_t asked_us; /* that the server wants to be left alone after it; -1 = it does not say */
	int64_t server_ahead; /* of this machine's clock, by the last reply; 0 = not known */
	/* Appends the checkpoint to be saved with the commit of a settled window: down to `from` the range is
	 * read; where it is `whole`, all of it is, up to `to` of the server's clock. May be NULL. */
	void (*checkpoint)(void *ctx, enum ledger_kind kind, int64_t from, int64_t to, bool whole,
		struct buf *out);
	/* After each commit; non-zero ends the range at a window's end (not an error). May be NULL. */
	int (*pause)(void *ctx);
	void *ctx;

	/* private: the window */
	uint64_t window;
	enum ledger_kind kind;
	int64_t from, to;
	int64_t range_to;
	int64_t first_server; /* the server's clock at the range's first reply; 0 = not said */
	struct ledger_note note;
	struct buf checkpoint_text;
	uint32_t requests, errors, pages;
	uint64_t records;
	/* the rows at the last cut, which the next window must show again */
	uint8_t cut[CUT_KEYS][16];
	uint32_t ncut;
	int64_t cut_at; /* their millisecond */
};

/* 0 or -1. `settings->facts` and ctx are set here. */
int sweep_init(struct sweep *sweep, struct store *store, struct source *source,
	struct harvest_settings *settings, struct err *err);
void sweep_fini(struct sweep *sweep);

/* The server's time now, as well as it is known, cut to a millisecond. */
int64_t sweep_now(const struct sweep *sweep);

/* Reads [from, to) whole (`from` may be SOURCE_OPEN_FROM), window after window from the newest. 1 where all of
 * it is read, 0 where `pause` ended it before; *down_to (may be NULL) = everything from there to `to` is
 * read. -1: `failure` says whether the source failed (the ledger knows it) or we did. */
int sweep_range(struct sweep *sweep, enum ledger_kind kind, int64_t from, int64_t to,
	int64_t *down_to, struct err *err);

/* ---- between sweep*.c ------------------------------------------------------------------------ */

/* One page of the window in progress into sweep->page or ->aside; counts it. 0 or -1. */
int sweep_page(struct sweep *sweep, const struct page_ask *ask, struct page *page, struct err *err);
/* Commits what was harvested, with the state of the window. 0 or -1. */
int sweep_commit(struct sweep *sweep, enum ledger_state state, const char *why, struct err *err);
/* sweep_burst.c: reads one millisecond by itself, so that equal events in it are counted in one reply; or, where
 * they are more than one reply holds, by two readings that agree. 0 or -1. */
int sweep_millisecond(struct sweep *sweep, int64_t at, struct err *err);

#endif
