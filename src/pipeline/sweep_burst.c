/* SPDX-License-Identifier: Apache-2.0 */
/* sweep_burst.c: a millisecond by itself. Equal events without ids are told apart only by standing beside
 * one another in one reply. Where they do not fit into one, two readings of the millisecond in a row are
 * held against each other: what both show is there. */
#include <stdlib.h>

#include "pipeline/sweep.h"

#define MS INT64_C(1000)

enum {
	READINGS_MOST = 6,
	OVERLAP = 5, /* rows of a page are asked for again with the next one: do they join? */
	BURST_PAGES = 2000,
};
#define BURST_BYTES ((size_t)256 << 20)

/* A reply's records, and how many of its first rows the one before it had given. */
struct burst_page {
	struct buf records;
	uint32_t again;
};

/* A reading: its replies, and how often each key came. */
struct burst {
	struct burst_page *pages;
	uint32_t npages, cap;
	struct map counts;
	uint64_t rows; /* those that came again left out */
	size_t bytes;
	bool torn; /* some page did not join the one before it: rows moved, or came again */
};

/* The end of the last page. */
struct burst_tail {
	uint8_t keys[OVERLAP][16];
	uint32_t n;
	bool without; /* a page gave nothing but these: ask once more without them */
};

static void burst_fini(struct burst *burst)
{
	for (uint32_t i = 0; i < burst->npages; i++)
		buf_fini(&burst->pages[i].records);
	free(burst->pages);
	map_fini(&burst->counts);
	*burst = (struct burst){0};
}

static void keep_page(
	struct burst *burst, struct slice records, const struct page_rows *rows, uint32_t again)
{
	if (burst->npages == burst->cap) {
		burst->cap = burst->cap ? burst->cap * 2 : 8;
		burst->pages = xrealloc(burst->pages, burst->cap * sizeof(*burst->pages));
	}
	struct burst_page *page = &burst->pages[burst->npages++];
	page->again = again;
	buf_init(&page->records, records.len);
	buf_slice(&page->records, records);
	burst->bytes += records.len;
	for (uint32_t i = again; i < rows->n; i++) {
		struct slice key = {(const char *)rows->keys[i], 16};
		++*map_put(&burst->counts, key, NULL);
	}
	burst->rows += rows->n + rows->rejects - again;
}

static bool joins(const struct burst_tail *tail, const struct page_rows *rows)
{
	return rows->n >= tail->n && memcmp(rows->keys, tail->keys, (size_t)tail->n * 16) == 0;
}

/* Whether a page that was asked for without overlap is the end of the one before once more: equal events,
 * or the same ones. */
static bool repeats(const struct burst_tail *tail, const struct page_rows *rows)
{
	return tail->without && rows->n <= tail->n &&
	       memcmp(rows->keys, tail->keys[tail->n - rows->n], (size_t)rows->n * 16) == 0;
}

/* A page into the reading: true where another one is to be asked for. */
static bool take_page(struct sweep *sweep, struct burst *burst, struct burst_tail *tail)
{
	struct page_rows rows;
	uint32_t again = burst->npages == 0 || tail->without ? 0 : tail->n;
	if (sweep->aside.empty) {
		burst->torn |= again > 0; /* what was there has gone */
		return false;
	}
	harvest_look(&sweep->harvest, sweep->aside.records, &rows);
	bool news = rows.n + rows.rejects > again;
	burst->torn |= repeats(tail, &rows);
	if (again > 0 && !joins(tail, &rows)) {
		burst->torn = true;
		again = 0;
	}
	if (news)
		keep_page(burst, sweep->aside.records, &rows, again);
	if (news)
		tail->n = rows.n < OVERLAP ? rows.n : OVERLAP;
	if (news && tail->n)
		memcpy(tail->keys, rows.keys + rows.n - tail->n, (size_t)tail->n * 16);
	tail->without = !news;
	page_rows_fini(&rows);
	return !(sweep->traits.cursors && sweep->aside.last);
}

/* By offset also where there are cursors: a server may begin a page with the event of its cursor. */
static int read_burst(struct sweep *sweep, int64_t at, struct burst *burst, struct err *err)
{
	struct page_ask ask = {.from = at, .to = at + MS};
	struct burst_tail tail = {.n = 0};
	do {
		if (burst->npages >= BURST_PAGES || burst->bytes >= BURST_BYTES) {
			sweep->failure = SOURCE_GARBLED;
			return err_set(err, ERR_LIMIT,
				"%s: the events of one millisecond have no end",
				source_endpoint(sweep->source));
		}
		ask.offset = burst->rows - (tail.without ? 0 : tail.n);
		if (sweep_page(sweep, &ask, &sweep->aside, err) < 0)
			return -1;
	} while (take_page(sweep, burst, &tail));
	return 0;
}

/* Of each key what both readings show. *same: they agree. */
static void take_least(const struct burst *a, const struct burst *b, struct map *least, bool *same)
{
	*same = a->counts.count == b->counts.count && !a->torn && !b->torn;
	for (uint32_t i = 0; i < a->counts.count; i++) {
		const struct map_entry *entry = &a->counts.entries[i];
		const uint64_t *other = map_get(&b->counts, entry->key);
		uint64_t n = other ? *other : 0;
		*same &= n == entry->value;
		*map_put(least, entry->key, NULL) = n < entry->value ? n : entry->value;
	}
}

/* Where pages did not join, each reply stands for itself: what it shows together is there. */
static void keep_burst(struct sweep *sweep, const struct burst *burst, const struct map *least)
{
	struct map seen = {0};
	for (uint32_t i = 0; i < burst->npages; i++) {
		const struct burst_page *page = &burst->pages[i];
		struct harvest_counts counts = {&seen, least, page->again};
		harvest_add(&sweep->harvest, buf_view(&page->records), burst->torn ? NULL : &counts,
			NULL);
		sweep->records += page->again;
	}
	sweep->records += burst->rows;
	map_fini(&seen);
}

/* Readings until two in a row agree; at the last, what the last two have in common counts. */
static int agree(struct sweep *sweep, int64_t at, struct burst *last, struct err *err)
{
	struct burst before = *last;
	int rc = 0;
	bool same = false;
	*last = (struct burst){0};
	for (unsigned i = 1; i < READINGS_MOST && rc == 0 && !same; i++) {
		struct map least = {0};
		rc = read_burst(sweep, at, last, err);
		if (rc == 0) {
			take_least(last, &before, &least, &same);
			if (same || i + 1 == READINGS_MOST)
				keep_burst(sweep, last, &least);
		}
		map_fini(&least);
		burst_fini(&before);
		before = *last;
		*last = (struct burst){0};
	}
	burst_fini(&before);
	return rc;
}

/* Most milliseconds fit into one reply: 1 such a one is kept, 0 there is more, -1. */
static int read_at_once(struct sweep *sweep, int64_t at, struct err *err)
{
	struct burst burst = {0};
	struct burst_tail none = {.n = 0};
	struct page_ask ask = {.from = at, .to = at + MS};
	int rc = sweep_page(sweep, &ask, &sweep->aside, err);
	bool last = rc < 0 || !take_page(sweep, &burst, &none);
	ask.offset = burst.rows;
	if (!last)
		rc = sweep_page(sweep, &ask, &sweep->aside, err);
	last = last || sweep->aside.empty;
	if (rc == 0 && last)
		keep_burst(sweep, &burst, NULL);
	burst_fini(&burst);
	return rc < 0 ? -1 : last;
}

int sweep_millisecond(struct sweep *sweep, int64_t at, struct err *err)
{
	struct burst burst = {0};
	int rc = read_at_once(sweep, at, err);
	if (rc != 0)
		return rc < 0 ? -1 : 0;
	rc = read_burst(sweep, at, &burst, err);
	if (rc == 0)
		rc = agree(sweep, at, &burst, err);
	burst_fini(&burst);
	return rc;
}
