/* SPDX-License-Identifier: Apache-2.0 */
/* sweep.c: ranges, windows, and their commits. How pages of one window join is in sweep_window.c. */
#include "pipeline/sweep.h"
#include "pipeline/sweep_window.h"

#include <inttypes.h>
#include <stdlib.h>

#define MS     INT64_C(1000)
#define SECOND INT64_C(1000000)
#define YEARS  (365 * 86400 * SECOND)

/* After so many drifts windows become single pages; after so many more (a single millisecond that is larger
 * than a page and still grows) they are borne. */
enum { DRIFTS_MOST = 3, DRIFTS_BORNE = 8, WIDENINGS_MOST = 2 };

/* ---- commits --------------------------------------------------------------------------------- */

/* How far a range settles the source: a clock that runs ahead of the server's must not settle what the
 * server had yet to see when it was asked. */
static int64_t settled_to(const struct sweep *sweep)
{
	int64_t seen = sweep->first_server;
	return seen && seen < sweep->range_to ? seen : sweep->range_to;
}

static void fill_facts(void *ctx, struct segment_facts *facts)
{
	struct sweep *sweep = ctx;
	struct ledger_note *note = &sweep->note;
	note->window = sweep->window;
	note->counts = (struct ledger_counts){
		.requests = sweep->requests,
		.errors = sweep->errors,
		.pages = sweep->pages,
		.records = sweep->records,
		.late = sweep->harvest.late,
		.max_late = sweep->harvest.max_late,
	};
	facts->ledger = note;
	if (sweep->checkpoint_text.len > 0) {
		facts->checkpoint_key = sweep->name;
		facts->checkpoint = sweep->checkpoint_text.ptr;
	}
}

int sweep_commit(struct sweep *sweep, enum ledger_state state, const char *why, struct err *err)
{
	sweep->note.state = state;
	sweep->note.why = why;
	buf_clear(&sweep->checkpoint_text);
	if (state == LEDGER_SETTLED && sweep->checkpoint) {
		sweep->checkpoint(sweep->ctx, sweep->kind, sweep->from, settled_to(sweep),
			!sweep->note.narrowed, &sweep->checkpoint_text);
		buf_push(&sweep->checkpoint_text, '\0');
	}
	if (harvest_commit(&sweep->harvest, err) < 0)
		return -1;
	sweep->requests = sweep->errors = sweep->pages = 0;
	sweep->records = 0;
	return 0;
}

int sweep_init(struct sweep *sweep, struct store *store, struct source *source,
	struct harvest_settings *settings, struct err *err)
{
	*sweep = (struct sweep){.store = store,
		.source = source,
		.traits = source_traits(source),
		.name = settings->source};
	settings->facts = fill_facts;
	settings->ctx = sweep;
	page_init(&sweep->page);
	page_init(&sweep->aside);
	buf_init(&sweep->checkpoint_text, 1 << 16);
	if (harvest_init(&sweep->harvest, settings, err) == 0)
		return 0;
	sweep_fini(sweep);
	return -1;
}

void sweep_fini(struct sweep *sweep)
{
	harvest_fini(&sweep->harvest);
	page_fini(&sweep->page);
	page_fini(&sweep->aside);
	buf_fini(&sweep->checkpoint_text);
}

int64_t sweep_now(const struct sweep *sweep)
{
	int64_t now = clock_now_us() + sweep->server_ahead;
	return now - now % MS;
}

int sweep_page(struct sweep *sweep, const struct page_ask *ask, struct page *page, struct err *err)
{
	page->requests = page->errors = 0;
	int rc = source_page(sweep->source, ask, page, err);
	sweep->requests += page->requests;
	sweep->errors += page->errors;
	sweep->failure = page->failure;
	sweep->asked_us = page->asked_us;
	if (rc < 0)
		return -1;
	sweep->pages++;
	if (page->server_us) {
		sweep->server_ahead = page->server_us - clock_now_us();
		if (sweep->first_server == 0)
			sweep->first_server = page->server_us;
	}
	return 0;
}

/* ---- one window ------------------------------------------------------------------------------ */

static int begin_window(
	struct sweep *sweep, enum ledger_kind kind, int64_t from, int64_t to, struct err *err)
{
	/* The ledger wants numbers: nothing was audited before 1970. */
	int64_t noted = from == SOURCE_OPEN_FROM ? 0 : from;
	sweep->kind = kind;
	sweep->from = from;
	sweep->to = to;
	sweep->note = (struct ledger_note){0};
	return ledger_begin(sweep->store, sweep->name, kind, NULL, noted < to ? noted : to, to,
		&sweep->window, err);
}

/* A window that failed: what came of it is stored all the same. */
static int fail_window(struct sweep *sweep, struct err *err)
{
	struct err ours = {0};
	bool stopped = sweep->failure == SOURCE_STOPPED || err->kind == ERR_INTERRUPTED;
	if (sweep_commit(sweep, LEDGER_FAILED,
		    stopped ? "stopped while it was read; it is read again" : err->text,
		    &ours) < 0) {
		sweep->failure = SOURCE_FINE; /* the store's error is the one to tell */
		*err = ours;
	}
	return -1;
}

/* ---- ranges ---------------------------------------------------------------------------------- */

struct range {
	enum ledger_kind kind;
	int64_t from, upper; /* what is left: [from, upper) */
	int64_t asked_upper; /* before a cut was moved */
	unsigned drifts, widenings;
	unsigned pages; /* a window at most */
};

/* The bounds of the server are coarser than our cut: move it up, first to the second, then a minute on. */
static void widen_cut(struct sweep *sweep, struct range *range)
{
	int64_t step = range->widenings == 0 ? SECOND : 60 * SECOND;
	if (range->widenings++ >= WIDENINGS_MOST) {
		log_warn("%s: rows at %" PRId64 " ms did not come again: they were removed, or the "
			 "server rounds times by more than a minute",
			sweep->name, range->upper / MS);
		sweep->ncut = 0;
		return;
	}
	int64_t moved = range->upper - range->upper % step + step;
	if (moved > range->asked_upper)
		moved = range->asked_upper;
	range->upper = moved;
}

static int settle(
	struct sweep *sweep, struct range *range, const struct window_read *read, struct err *err)
{
	sweep->note.narrowed = !read->whole;
	sweep->note.from = read->down_to;
	sweep->note.to = sweep->to;
	sweep->note.settled_to = read->whole ? settled_to(sweep) : -1;
	sweep->from = read->whole ? range->from : read->down_to;
	return sweep_commit(sweep, LEDGER_SETTLED, NULL, err);
}

/* One window: 1 the range is read, 0 go on, -1. */
static int next_window(struct sweep *sweep, struct range *range, struct err *err)
{
	struct window_read read;
	if (begin_window(sweep, range->kind, range->from, range->upper, err) < 0)
		return -1;
	for (;;) {
		read = (struct window_read){
			.pages_most = range->pages, .lenient = range->drifts >= DRIFTS_BORNE};
		if (sweep_window(sweep, &read, err) < 0)
			return fail_window(sweep, err);
		if (read.coarse) {
			widen_cut(sweep, range);
			sweep->to = range->upper;
			continue;
		}
		if (!read.drifted)
			break;
		if (++range->drifts >= DRIFTS_MOST)
			range->pages = 1;
	}
	range->widenings = range->drifts = 0;
	if (settle(sweep, range, &read, err) < 0)
		return -1;
	range->asked_upper = range->upper;
	range->upper = read.down_to;
	return read.whole;
}

int sweep_range(struct sweep *sweep, enum ledger_kind kind, int64_t from, int64_t to,
	int64_t *down_to, struct err *err)
{
	struct range range = {.kind = kind,
		.from = from,
		.upper = to,
		.asked_upper = to,
		.pages = PAGES_PER_WINDOW};
	int rc = 0;
	sweep->ncut = 0;
	sweep->range_to = to;
	sweep->first_server = 0;
	sweep->failure = SOURCE_FINE;
	while (rc == 0 && range.upper > range.from) {
		rc = next_window(sweep, &range, err);
		if (down_to)
			*down_to = rc == 1 ? from : range.upper;
		if (rc == 0 && sweep->stop && *sweep->stop) {
			sweep->failure = SOURCE_STOPPED;
			return err_set(err, ERR_INTERRUPTED, "stopped");
		}
		if (rc == 0 && sweep->pause && sweep->pause(sweep->ctx))
			return 0;
	}
	return rc < 0 ? -1 : 1;
}
