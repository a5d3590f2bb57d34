/* SPDX-License-Identifier: Apache-2.0 */
/* collect_stream.c: an API that goes on from a cursor, oldest first: the live stream from when the source was
 * connected, and another one through the history before it. The cursor is kept as the server gave it, with
 * the events that it follows; where it is refused or there is none, the time of processing goes on, with
 * a look-back: events have ids. */
#include "pipeline/collector.h"

#define DAY  (INT64_C(86400) * 1000000)
#define KEPT (180 * DAY) /* events of organisations */

enum { STUCK_MOST = 1000 /* pages in a row that bring nothing later */ };

/* One of the two streams of a source. */
struct stream {
	struct collector *c;
	enum ledger_kind kind;
	char *cursor;       /* in the checkpoint */
	int64_t *processed; /* the same */
	int64_t from;       /* where it begins without a cursor */
	int64_t noted; /* the same for the ledger: where all is wanted, 0, since `from` moves with the
	                * clock until something was read */
	int64_t to;    /* where it ends; SOURCE_OPEN_TO = when nothing more comes */
	int64_t began;        /* of the window */
	uint8_t last_key[16]; /* of the page before */
	uint32_t last_rows;
	unsigned stuck; /* pages in a row that brought nothing later */
	bool sure;      /* of history: the end was seen once already */
	bool over;
};

static void save(
	void *ctx, enum ledger_kind kind, int64_t from, int64_t to, bool whole, struct buf *out)
{
	struct collector *c = ctx;
	(void)from;
	if (kind == LEDGER_SWEEP) {
		if (!whole)
			to = c->checkpoint.processed_to;
		if (to > c->checkpoint.settled_to)
			c->checkpoint.settled_to = to;
		if (c->checkpoint.backfill_to == 0)
			c->checkpoint.backfill_to = c->range_from;
	} else if (whole) {
		c->checkpoint.backfilled = true;
	}
	checkpoint_write(&c->checkpoint, out);
}

static int begin(struct stream *s, struct err *err)
{
	struct sweep *sweep = &s->c->sweep;
	int64_t now = sweep_now(sweep), to = s->to == SOURCE_OPEN_TO ? now : s->to;
	s->began = *s->processed && *s->processed < to ? *s->processed : s->noted;
	if (s->began > to)
		s->began = to;
	sweep->kind = s->kind;
	sweep->from = s->began;
	sweep->to = sweep->range_to = to;
	sweep->first_server = 0;
	sweep->note = (struct ledger_note){0};
	return ledger_begin(
		sweep->store, sweep->name, s->kind, NULL, s->began, to, &sweep->window, err);
}

/* Commits; the window ends. `whole`: nothing is left of the stream now. */
static int settle(struct stream *s, bool whole, struct err *err)
{
	struct sweep *sweep = &s->c->sweep;
	sweep->note.narrowed = !whole;
	sweep->note.from = s->began;
	sweep->note.to = *s->processed > s->began ? *s->processed : s->began;
	sweep->note.settled_to = whole ? 0 : -1;
	return sweep_commit(sweep, LEDGER_SETTLED, NULL, err);
}

static int fail(struct stream *s, struct err *err)
{
	struct err ours = {0};
	if (sweep_commit(&s->c->sweep, LEDGER_FAILED, err->text, &ours) < 0) {
		s->c->sweep.failure = SOURCE_FINE;
		*err = ours;
	}
	return -1;
}

/* A server that gives the same page and cursor again and again. */
static bool goes_round(struct stream *s, const struct page_rows *rows, const char *asked)
{
	bool same = rows->n > 0 && rows->n == s->last_rows &&
		    memcmp(rows->keys[0], s->last_key, 16) == 0 && asked &&
		    strcmp(s->c->sweep.page.cursor, asked) == 0;
	s->last_rows = rows->n;
	if (rows->n)
		memcpy(s->last_key, rows->keys[0], 16);
	bool later = rows->processed == INT64_MIN || rows->processed > *s->processed;
	s->stuck = later ? 0 : s->stuck + 1;
	return same || s->stuck >= STUCK_MOST;
}

/* What a page says of where the stream goes on. */
static int follow(
	struct stream *s, const struct page_rows *rows, const char *asked, struct err *err)
{
	struct page *page = &s->c->sweep.page;
	/* A time in the future is an error of the source's, and would hide all that comes until then. */
	int64_t now = sweep_now(&s->c->sweep);
	int64_t processed = rows->processed < now ? rows->processed : now;
	if (goes_round(s, rows, asked) || (!page->last && !*page->cursor)) {
		s->c->sweep.failure = SOURCE_GARBLED;
		return err_set(err, ERR_FORMAT, "%s: the server's cursor does not move on",
			source_endpoint(s->c->source));
	}
	if (processed > *s->processed)
		*s->processed = processed;
	if (*page->cursor)
		snprintf(s->cursor, PAGE_CURSOR, "%s", page->cursor);
	s->over = page->last || (s->to != SOURCE_OPEN_TO && *s->processed >= s->to);
	return 0;
}

/* One page: 1 the stream is at its end for now, 0 there is more, -1. */
static int one_page(struct stream *s, struct err *err)
{
	struct sweep *sweep = &s->c->sweep;
	char asked[PAGE_CURSOR];
	struct page_ask ask = {.from = s->from, .to = SOURCE_OPEN_TO};
	snprintf(asked, sizeof(asked), "%s", s->cursor);
	if (*asked)
		ask.cursor = asked;
	if (sweep_page(sweep, &ask, &sweep->page, err) < 0) {
		if (sweep->failure != SOURCE_REFUSED || !*asked)
			return -1;
		log_warn("%s: %s: the cursor is given up, the stream goes on by time", sweep->name,
			err->text);
		s->cursor[0] = '\0';
		return 0;
	}
	if (sweep->page.empty) {
		/* Without events the cursor is worth no more than the time, and nothing tells what it
		 * passes over. */
		if (*asked && *sweep->page.cursor)
			snprintf(s->cursor, PAGE_CURSOR, "%s", sweep->page.cursor);
		/* History is never asked again: its end is believed when it is seen twice. */
		s->over = s->kind == LEDGER_SWEEP || s->sure;
		s->sure = true;
		return s->over;
	}
	struct page_rows rows;
	s->sure = false;
	harvest_add(&sweep->harvest, sweep->page.records, NULL, &rows);
	sweep->records += rows.n + rows.rejects;
	int rc = follow(s, &rows, *asked ? asked : NULL, err);
	page_rows_fini(&rows);
	return rc < 0 ? -1 : s->over;
}

/* The live stream must end to be settled; history gives way to it. */
static bool gives_way(const struct stream *s)
{
	return s->kind == LEDGER_BACKFILL && clock_mono_us() >= s->c->due;
}

static void tell(const struct stream *s)
{
	const struct harvest *harvest = &s->c->sweep.harvest;
	struct collect_progress at = {.source = s->c->connection.name,
		.kind = s->kind,
		.records = harvest->result.records,
		.stored = harvest->result.stored};
	collector_tell(s->c, &at);
}

/* Reads the stream to its end. 1 done, 0 it gave way, -1. */
static int read_stream(struct stream *s, struct err *err)
{
	struct sweep *sweep = &s->c->sweep;
	int rc = 0;
	if (begin(s, err) < 0)
		return -1;
	while (rc == 0) {
		rc = one_page(s, err);
		if (rc == 0 && collector_stopped(s->c)) {
			sweep->failure = SOURCE_STOPPED;
			rc = err_set(err, ERR_INTERRUPTED, "stopped");
		}
		if (rc == 0 && (harvest_full(&sweep->harvest) || gives_way(s))) {
			/* The cursor is saved with what it follows: each commit ends a window. */
			if (settle(s, false, err) < 0)
				return -1;
			tell(s);
			if (gives_way(s))
				return 0;
			rc = begin(s, err);
		}
	}
	return rc < 0 ? fail(s, err) : settle(s, true, err) < 0 ? -1 : 1;
}

static int live(struct collector *c, struct err *err)
{
	struct checkpoint *at = &c->checkpoint;
	int64_t lookback = (int64_t)c->connection.lookback_s * 1000000;
	/* As long as no event came, from when it was asked last. */
	int64_t base = at->processed_to ? at->processed_to : at->settled_to;
	if (!base)
		base = sweep_now(&c->sweep);
	struct stream s = {.c = c,
		.kind = LEDGER_SWEEP,
		.cursor = at->cursor,
		.processed = &at->processed_to,
		.from = base - lookback,
		.to = SOURCE_OPEN_TO};
	if (c->since != INT64_MIN) {
		s.from = c->since;
		at->cursor[0] = '\0';
		at->processed_to = 0;
	}
	s.from -= s.from % 1000;
	s.noted = s.from;
	c->range_from = s.from;
	c->sweep.harvest.settled_before = at->settled_to ? at->settled_to : INT64_MIN;
	int rc = read_stream(&s, err);
	if (rc == 1)
		c->since = INT64_MIN;
	return rc;
}

static int history(struct collector *c, struct err *err)
{
	struct checkpoint *at = &c->checkpoint;
	int64_t from = c->connection.backfill_from;
	if (from == INT64_MIN)
		from = sweep_now(&c->sweep) - KEPT;
	if (at->backfilled || from >= at->backfill_to)
		return 1;
	struct stream s = {.c = c,
		.kind = LEDGER_BACKFILL,
		.cursor = at->history,
		.processed = &at->history_to,
		.from = at->history_to ? at->history_to : from - from % 1000,
		.noted = c->connection.backfill_from == INT64_MIN ? 0 : from - from % 1000,
		.to = at->backfill_to};
	c->sweep.harvest.settled_before = INT64_MIN;
	return read_stream(&s, err);
}

int collect_stream(struct collector *c, bool *more, struct err *err)
{
	c->sweep.checkpoint = save;
	c->sweep.ctx = c;
	if (live(c, err) < 0)
		return -1;
	int rc = history(c, err);
	*more = rc == 0;
	return rc < 0 ? -1 : 0;
}
