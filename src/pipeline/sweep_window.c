/* SPDX-License-Identifier: Apache-2.0 */
/* sweep_window.c: pages of one window: whether each joins the one before it, where the window ends, and
 * where it may be cut. */
#include "pipeline/sweep_window.h"

#include <inttypes.h>
#include <stdlib.h>

#define MS INT64_C(1000)

enum {
	OVERLAP_ROWS = 5, /* of a page are asked for again with the next one */
	EMPTY_TRIES = 3,  /* an empty first page that says there is more is asked for so often */
	EMPTY_SURE = 2,   /* and one of history so often, since it is never asked again */
	SAME_MOST = 100,  /* pages in a row that are the same */
	ENDLESS = 2000,   /* pages of a window that cannot be cut */
};

/* The reading so far. */
struct reading {
	struct sweep *sweep;
	struct window_read *read;
	uint64_t received; /* rows, those that came twice left out */
	unsigned pages;
	bool again_without; /* the last page held nothing but the overlap: ask once more without */
	unsigned same;      /* pages in a row that were the same */
	/* the end of the page before */
	uint8_t tail[OVERLAP_ROWS][16];
	uint32_t ntail;
	int64_t *moments; /* its milliseconds, sorted, each once; owned */
	uint32_t nmoments;
	int64_t moment; /* the last one that was read by itself; INT64_MIN = none */
	char cursor[PAGE_CURSOR];
	/* of the whole window */
	bool seen[CUT_KEYS]; /* rows of the cut above */
	uint32_t unseen;
	int64_t lowest;   /* INT64_MAX = no row has a time yet */
	int64_t disorder; /* by how much a row was newer than one before it, at most */
	int64_t total;    /* the largest that the server said */
	bool full_page;   /* some page was as large as was asked for */
};

/* ---- joining --------------------------------------------------------------------------------- */

static uint32_t overlap_of(const struct page_rows *rows)
{
	uint32_t n = rows->n / 4;
	return n > OVERLAP_ROWS ? OVERLAP_ROWS : n > 0 ? n : rows->n > 0;
}

static void keep_tail(struct reading *r, const struct page_rows *rows)
{
	r->ntail = overlap_of(rows);
	memcpy(r->tail, rows->keys + rows->n - r->ntail, (size_t)r->ntail * 16);
}

/* Whether the page begins with the rows that the one before ended with. */
static bool joins(const struct reading *r, const struct page_rows *rows, uint32_t overlap)
{
	return rows->n >= overlap &&
	       memcmp(rows->keys, r->tail + r->ntail - overlap, (size_t)overlap * 16) == 0;
}

/* ---- milliseconds ---------------------------------------------------------------------------- */

static int by_value(const void *left, const void *right)
{
	const int64_t *a = left, *b = right;
	return *a < *b ? -1 : *a > *b;
}

/* The milliseconds of the rows from `first` on, sorted, each once. */
static uint32_t moments_of(const struct page_rows *rows, uint32_t first, int64_t *out)
{
	uint32_t n = 0, kept = 0;
	for (uint32_t i = first; i < rows->n; i++) {
		int64_t us = rows->times[i];
		if (us != INT64_MIN)
			out[n++] = us - ((us % MS) + MS) % MS;
	}
	if (n)
		qsort(out, n, sizeof(*out), by_value);
	for (uint32_t i = 0; i < n; i++) {
		if (kept == 0 || out[i] != out[kept - 1])
			out[kept++] = out[i];
	}
	return kept;
}

/* Milliseconds that lie in this page and in the one before: equal events may stand on both sides of the
 * boundary, and only one reply that holds them all tells how many there are. As long as all rows came in
 * order, that is at most the last one of the page before: others are in both because these overlap. */
static int read_split_moments(
	struct reading *r, const struct page_rows *rows, uint32_t overlap, struct err *err)
{
	int64_t *moments = xmalloc(((size_t)rows->n + 1) * sizeof(*moments));
	bool ordered = r->disorder == 0 && !r->read->lenient;
	uint32_t n = moments_of(rows, ordered ? overlap : 0, moments);
	int rc = 0;
	for (uint32_t i = 0, j = 0; i < n && j < r->nmoments && rc == 0;) {
		if (moments[i] == r->moments[j]) {
			bool split = j == 0 || !ordered;
			/* A burst goes over many pages: once is enough. */
			if (split && moments[i] != r->moment) {
				rc = sweep_millisecond(r->sweep, moments[i], err);
				r->moment = moments[i];
			}
			i++;
			j++;
		} else if (moments[i] < r->moments[j]) {
			i++;
		} else {
			j++;
		}
	}
	free(r->moments);
	r->moments = moments;
	r->nmoments = moments_of(rows, 0, moments);
	return rc;
}

/* Rows that come with two pages are not out of order. */
static void note_times(struct reading *r, const struct page_rows *rows, uint32_t overlap)
{
	for (uint32_t i = r->read->lenient ? 0 : overlap; i < rows->n; i++) {
		int64_t us = rows->times[i];
		if (us == INT64_MIN)
			continue;
		if (r->lowest != INT64_MAX && us - r->lowest > r->disorder)
			r->disorder = us - r->lowest;
		if (us < r->lowest)
			r->lowest = us;
	}
}

/* ---- cuts ------------------------------------------------------------------------------------ */

/* Takes the rows of the cut above that this page shows off the list. */
static void see_cut(struct reading *r, const struct page_rows *rows)
{
	const struct sweep *sweep = r->sweep;
	for (uint32_t i = 0; i < rows->n && r->unseen > 0; i++) {
		for (uint32_t c = 0; c < sweep->ncut; c++) {
			if (!r->seen[c] && memcmp(rows->keys[i], sweep->cut[c], 16) == 0) {
				r->seen[c] = true;
				r->unseen--;
				break;
			}
		}
	}
}

/* Whether rows of the cut above should have come by now, and did not. */
static bool cut_is_missing(const struct reading *r, bool at_end)
{
	return r->unseen > 0 && (at_end || r->lowest < r->sweep->cut_at);
}

/* The rows of the lowest millisecond: those that the next window must show. */
static void keep_cut(struct reading *r, const struct page_rows *rows)
{
	struct sweep *sweep = r->sweep;
	int64_t at = r->lowest - r->lowest % MS;
	sweep->ncut = 0;
	sweep->cut_at = at;
	for (uint32_t i = 0; i < rows->n && sweep->ncut < CUT_KEYS; i++) {
		if (rows->times[i] != INT64_MIN && rows->times[i] - rows->times[i] % MS == at)
			memcpy(sweep->cut[sweep->ncut++], rows->keys[i], 16);
	}
}

/* Where the window is cut: above its lowest millisecond, which may not be whole, and by as much above as the
 * order of the rows cannot be trusted. False where it cannot be cut: everything is one millisecond. */
static bool find_cut(struct reading *r, const struct page_rows *rows)
{
	struct window_read *read = r->read;
	if (r->lowest == INT64_MAX)
		return false;
	int64_t least = r->lowest - r->lowest % MS + MS, slack = 2 * r->disorder;
	read->down_to = least + slack - slack % MS;
	if (read->down_to >= r->sweep->to)
		read->down_to = least;
	if (read->down_to >= r->sweep->to)
		return false;
	keep_cut(r, rows);
	return true;
}

/* ---- pages ----------------------------------------------------------------------------------- */

static void next_ask(const struct reading *r, struct page_ask *ask, uint32_t *overlap)
{
	*ask = (struct page_ask){.from = r->sweep->from, .to = r->sweep->to};
	*overlap = 0;
	if (r->pages == 0)
		return;
	if (r->sweep->traits.cursors && *r->cursor) {
		ask->cursor = r->cursor;
		return;
	}
	*overlap = r->again_without ? 0 : r->ntail;
	ask->offset = r->received - *overlap;
}

static int garbled(const struct reading *r, const char *what, struct err *err)
{
	r->sweep->failure = SOURCE_GARBLED;
	return err_set(err, ERR_FORMAT, "%s: %s", source_endpoint(r->sweep->source), what);
}

/* A server that counts records and gives none must not look like one that has none. */
static int first_page(struct reading *r, const struct page_ask *ask, struct err *err)
{
	struct page *page = &r->sweep->page;
	unsigned sure = r->sweep->kind == LEDGER_BACKFILL ? EMPTY_SURE : 1;
	for (unsigned i = 1; i <= EMPTY_TRIES; i++) {
		if (sweep_page(r->sweep, ask, page, err) < 0)
			return -1;
		if (!page->empty || (page->total <= 0 && !page->more && i >= sure))
			return 0;
	}
	return garbled(r, "it says that there are records in this window, but gives none", err);
}

static int take_rows(
	struct reading *r, const struct page_rows *rows, uint32_t overlap, struct err *err)
{
	struct sweep *sweep = r->sweep;
	r->received += rows->n + rows->rejects - overlap;
	r->pages++;
	r->again_without = false;
	r->full_page |= rows->n + rows->rejects >= sweep->traits.page_rows;
	note_times(r, rows, overlap);
	see_cut(r, rows);
	if (!sweep->traits.has_ids && read_split_moments(r, rows, overlap, err) < 0)
		return -1;
	keep_tail(r, rows);
	return harvest_full(&sweep->harvest) ? sweep_commit(sweep, LEDGER_OPEN, NULL, err) : 0;
}

/* Whether the end that was reached needs another look: the server counts more, or the window was large enough
 * to have met a cap. */
static bool doubtful(const struct reading *r, bool said)
{
	if (said)
		return false;
	return r->pages > 1 || r->full_page || r->total > (int64_t)r->received ||
	       r->sweep->kind == LEDGER_BACKFILL;
}

/* Whether a page is the one before it once more. Without ids a page of nothing but equal rows may well
 * be followed by its like. */
static bool is_same(
	const struct reading *r, const struct page_rows *rows, const struct page_rows *before)
{
	if (rows->n == 0 || rows->n != before->n ||
		memcmp(rows->keys, before->keys, (size_t)rows->n * 16) != 0)
		return false;
	for (uint32_t i = 1; i < rows->n && !r->sweep->traits.has_ids; i++) {
		if (memcmp(rows->keys[i], rows->keys[0], 16) != 0)
			return true;
	}
	return r->sweep->traits.has_ids;
}

/* A server that ignores where a page shall begin, or goes round in a circle. */
static bool goes_round(
	struct reading *r, const struct page_rows *rows, const struct page_rows *before)
{
	r->same = is_same(r, rows, before) ? r->same + 1 : 0;
	return r->same >= SAME_MOST || r->pages >= ENDLESS;
}

/* 1 the window is over, 0 there is more, -1. */
static int after_page(struct reading *r, const struct page_rows *rows, struct err *err)
{
	struct page *page = &r->sweep->page;
	bool cursors = r->sweep->traits.cursors;
	if (page->total > r->total)
		r->total = page->total;
	if (cursors && page->last) {
		r->read->whole = true;
		return 1;
	}
	if (cursors && *page->cursor && strcmp(page->cursor, r->cursor) == 0)
		return find_cut(r, rows) ? 1
					 : garbled(r, "the server's cursor does not move on", err);
	snprintf(r->cursor, sizeof(r->cursor), "%s", page->cursor);
	return r->pages >= r->read->pages_most && find_cut(r, rows);
}

/* An empty page: the end, as far as this window can tell. */
static int at_end(struct reading *r, const struct page_rows *before, struct err *err)
{
	struct page *page = &r->sweep->page;
	bool said = r->sweep->traits.cursors && page->last;
	if (r->received > 0 && doubtful(r, said) && find_cut(r, before))
		return 1;
	if (r->received > 0 && page->more)
		return garbled(r, "it says that there is more, but gives nothing", err);
	r->read->whole = true;
	return 1;
}

/* One page: 1 the window is over, 0 go on, -1. `before` holds the rows of the page before. */
static int one_page(struct reading *r, struct page_rows *before, struct err *err)
{
	struct sweep *sweep = r->sweep;
	struct page_ask ask;
	struct page_rows rows;
	uint32_t overlap;
	next_ask(r, &ask, &overlap);
	if ((r->pages == 0 ? first_page(r, &ask, err)
			   : sweep_page(sweep, &ask, &sweep->page, err)) < 0)
		return -1;
	if (sweep->page.empty) {
		r->read->coarse = cut_is_missing(r, true);
		return r->read->coarse ? 1 : at_end(r, before, err);
	}
	harvest_add(&sweep->harvest, sweep->page.records, NULL, &rows);
	sweep->records += rows.n + rows.rejects;
	if (r->pages > 0 && !ask.cursor && !r->read->lenient && !joins(r, &rows, overlap)) {
		r->read->drifted = true;
		page_rows_fini(&rows);
		return 1;
	}
	if (r->pages > 0 && !ask.cursor && rows.n + rows.rejects <= overlap) {
		/* Nothing new: the end, or a page that was cut short. */
		r->again_without = true;
		page_rows_fini(&rows);
		return 0;
	}
	if (goes_round(r, &rows, before)) {
		page_rows_fini(&rows);
		return garbled(r, "it gives the same page again and again", err);
	}
	int rc = take_rows(r, &rows, overlap, err);
	r->read->coarse = rc == 0 && cut_is_missing(r, sweep->traits.cursors && sweep->page.last);
	if (rc == 0)
		rc = r->read->coarse ? 1 : after_page(r, &rows, err);
	page_rows_fini(before);
	*before = rows;
	return rc;
}

int sweep_window(struct sweep *sweep, struct window_read *read, struct err *err)
{
	struct reading r = {.sweep = sweep,
		.read = read,
		.lowest = INT64_MAX,
		.total = -1,
		.moment = INT64_MIN};
	struct page_rows before = {0};
	int rc = 0;
	r.unseen = sweep->ncut;
	while (rc == 0) {
		rc = one_page(&r, &before, err);
		if (rc == 0 && sweep->stop && *sweep->stop) {
			sweep->failure = SOURCE_STOPPED;
			rc = err_set(err, ERR_INTERRUPTED, "stopped");
		}
	}
	page_rows_fini(&before);
	free(r.moments);
	if (rc == 1 && read->coarse)
		return 0;
	if (rc == 1 && !read->drifted)
		sweep->ncut = read->whole ? 0 : sweep->ncut;
	return rc < 0 ? -1 : 0;
}
