/* SPDX-License-Identifier: Apache-2.0 */
/* sweep_burst.c: a millisecond by itself. Equal events without ids are told apart only by standing beside
 * one another in one reply. Where they do not fit into one, two readings of the millisecond in a row are
 * held against each other: what both show is there. */
#include <stdlib.h>

#include "pipeline/sweep.h"

#define MS INT64_C(1000)

enum { READINGS_MOST = 6, BURST_PAGES = 2000 };

/* A reading: the replies' records, and how often each key came. */
struct burst {
	struct buf *pages;
	uint32_t npages, cap;
	struct map counts;
	uint64_t rows;
};

static void burst_fini(struct burst *burst)
{
	for (uint32_t i = 0; i < burst->npages; i++)
		buf_fini(&burst->pages[i]);
	free(burst->pages);
	map_fini(&burst->counts);
	*burst = (struct burst){0};
}

static void keep_page(struct burst *burst, struct slice records)
{
	if (burst->npages == burst->cap) {
		burst->cap = burst->cap ? burst->cap * 2 : 8;
		burst->pages = xrealloc(burst->pages, burst->cap * sizeof(*burst->pages));
	}
	struct buf *copy = &burst->pages[burst->npages++];
	buf_init(copy, records.len);
	buf_slice(copy, records);
}

static void count_rows(struct burst *burst, const struct page_rows *rows)
{
	for (uint32_t i = 0; i < rows->n; i++) {
		struct slice key = {(const char *)rows->keys[i], 16};
		++*map_put(&burst->counts, key, NULL);
	}
	burst->rows += rows->n + rows->rejects;
}

/* Where the next page of the millisecond begins. False: this was the last. */
static bool next_ask(const struct sweep *sweep, const struct burst *burst, struct page_ask *ask,
	char cursor[PAGE_CURSOR])
{
	const struct page *page = &sweep->aside;
	if (page->empty || (sweep->traits.cursors && page->last) || burst->npages >= BURST_PAGES)
		return false;
	if (sweep->traits.cursors && *page->cursor) {
		if (ask->cursor && strcmp(page->cursor, cursor) == 0)
			return false;
		memcpy(cursor, page->cursor, PAGE_CURSOR);
		ask->cursor = cursor;
	} else {
		ask->offset = burst->rows;
	}
	return true;
}

static int read_burst(struct sweep *sweep, int64_t at, struct burst *burst, struct err *err)
{
	char cursor[PAGE_CURSOR];
	struct page_ask ask = {.from = at, .to = at + MS};
	do {
		struct page_rows rows;
		if (sweep_page(sweep, &ask, &sweep->aside, err) < 0)
			return -1;
		if (sweep->aside.empty)
			continue;
		keep_page(burst, sweep->aside.records);
		harvest_look(&sweep->harvest, sweep->aside.records, &rows);
		count_rows(burst, &rows);
		page_rows_fini(&rows);
	} while (next_ask(sweep, burst, &ask, cursor));
	return 0;
}

/* Of each key what both readings show. *same: they agree. */
static void take_least(const struct burst *a, const struct burst *b, struct map *least, bool *same)
{
	*same = a->counts.count == b->counts.count;
	for (uint32_t i = 0; i < a->counts.count; i++) {
		const struct map_entry *entry = &a->counts.entries[i];
		const uint64_t *other = map_get(&b->counts, entry->key);
		uint64_t n = other ? *other : 0;
		*same &= n == entry->value;
		*map_put(least, entry->key, NULL) = n < entry->value ? n : entry->value;
	}
}

static void keep_burst(struct sweep *sweep, const struct burst *burst, const struct map *least)
{
	struct map seen = {0};
	struct harvest_counts counts = {.seen = &seen, .most = least};
	for (uint32_t i = 0; i < burst->npages; i++)
		harvest_add(&sweep->harvest, buf_view(&burst->pages[i]), &counts, NULL);
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

int sweep_millisecond(struct sweep *sweep, int64_t at, struct err *err)
{
	struct burst burst = {0};
	int rc = read_burst(sweep, at, &burst, err);
	if (rc == 0 && burst.npages > 1)
		rc = agree(sweep, at, &burst, err);
	else if (rc == 0 && burst.npages == 1)
		keep_burst(sweep, &burst, NULL);
	burst_fini(&burst);
	return rc;
}
