/* SPDX-License-Identifier: Apache-2.0 */
/*
 * search_top.c: the page by time. Rows are chosen by their times alone; ids (16 random bytes a row,
 * the dearest column to read) are only read where rows of one time compete for a place, and for
 * the page itself.
 */
#include <stdlib.h>

#include "query/search_private.h"

size_t search_ties_kept = 65536;

/* Ids go the way of times: greatest first where the newest is. */
static int id_cmp(enum search_order order, const uint8_t a[16], const uint8_t b[16])
{
	int c = memcmp(a, b, 16);
	return order == SEARCH_NEWEST ? c : -c;
}

/* >0: a stands before b. With `ids` both must have theirs; without, rows of one time are equal. */
static int hit_cmp(enum search_order order, bool ids, const struct hit *a, const struct hit *b)
{
	int c = place_cmp(a->place, b->place);
	return c == 0 && ids ? id_cmp(order, a->id, b->id) : c;
}

static int by_place(const void *a, const void *b)
{
	return -hit_cmp(SEARCH_NEWEST, false, a, b);
}
static int by_newest(const void *a, const void *b)
{
	return -hit_cmp(SEARCH_NEWEST, true, a, b);
}
static int by_oldest(const void *a, const void *b)
{
	return -hit_cmp(SEARCH_OLDEST, true, a, b);
}
static int by_row(const void *left, const void *right)
{
	const struct hit *a = left, *b = right;
	if (a->file != b->file)
		return a->file < b->file ? -1 : 1;
	if (a->group != b->group)
		return a->group < b->group ? -1 : 1;
	return a->row < b->row ? -1 : a->row > b->row;
}

static void swap_hits(struct hit *a, struct hit *b)
{
	struct hit c = *a;
	*a = *b;
	*b = c;
}

/* Puts the k best hits (0 < k <= n) in front, the last of them at k - 1. Three-way, so that many of
 * one time cost no more; the middle is taken by chance, so that no input makes it slow. */
static void select_hits(enum search_order order, bool ids, struct hit *hits, size_t n, size_t k)
{
	uint64_t chance = hash_secret[0] | 1;
	size_t low = 0, high = n, want = k - 1;
	while (high - low > 1) {
		chance = chance * UINT64_C(6364136223846793005) + 1442695040888963407;
		struct hit middle = hits[low + (chance >> 33) % (high - low)];
		size_t before = low, i = low, after = high;
		while (i < after) {
			int c = hit_cmp(order, ids, &hits[i], &middle);
			if (c > 0)
				swap_hits(&hits[i++], &hits[before++]);
			else if (c < 0)
				swap_hits(&hits[i], &hits[--after]);
			else
				i++;
		}
		if (want < before)
			high = before;
		else if (want >= after)
			low = after;
		else
			return;
	}
}

/* Keeps the k best by time, and all that tie with the last of them; returns how many. */
static size_t keep_best(enum search_order order, struct hit *hits, size_t n, size_t k)
{
	if (n <= k)
		return n;
	select_hits(order, false, hits, n, k);
	size_t kept = k;
	for (size_t i = k; i < n; i++) {
		if (place_cmp(hits[i].place, hits[k - 1].place) >= 0)
			swap_hits(&hits[i], &hits[kept++]);
	}
	return kept;
}

/* ---- ids ------------------------------------------------------------------------------------- */

/* Reads the ids of hits of one row group, ascending by row. */
static int read_ids(struct search *s, struct hit *hits, uint32_t n, struct err *err)
{
	struct search_file *file = &s->files[hits->file];
	bool want[LIMIT_COLUMNS + SYS_COLUMNS] = {[SYS_EVENT_ID] = true};
	struct batch batch;
	uint32_t *keep = xmalloc(n * sizeof(*keep));
	for (uint32_t i = 0; i < n; i++)
		keep[i] = hits[i].row;
	struct parquet_reader *reader = file->reader;
	int rc = reader ? 0 : file_open(file, &reader, err);
	if (rc == 0) {
		rc = parquet_read_rows(reader, hits->group, want, keep, n, &batch, err);
		for (uint32_t i = 0; i < n && rc == 0; i++) {
			memcpy(hits[i].id, batch.columns[SYS_EVENT_ID].uuid[i], 16);
			hits[i].has_id = true;
		}
		batch_fini(&batch);
		if (reader != file->reader)
			parquet_close(reader);
	}
	free(keep);
	return rc;
}

/* Gives ids to the hits that lack them; rows that cannot be read any more are dropped. Returns how
 * many stay. Leaves them by row. The lock is held. */
static size_t give_ids(struct search *s, struct hit *hits, size_t n)
{
	size_t kept = 0;
	qsort(hits, n, sizeof(*hits), by_row);
	for (size_t i = 0, end; i < n; i = end) {
		struct err err = {0};
		bool lacking = false;
		for (end = i; end < n && hits[end].file == hits[i].file &&
			      hits[end].group == hits[i].group;
			end++)
			lacking |= !hits[end].has_id;
		if (lacking && read_ids(s, &hits[i], (uint32_t)(end - i), &err) < 0) {
			problem_add(s, &s->files[hits[i].file], err.text);
			continue;
		}
		memmove(&hits[kept], &hits[i], (end - i) * sizeof(*hits));
		kept += end - i;
	}
	return kept;
}

/* ---- the page -------------------------------------------------------------------------------- */

bool top_wants(const struct search *s, struct place best)
{
	if (s->request->limit == 0)
		return false;
	return s->request->sort || !s->page.full || place_cmp(best, s->page.worst) >= 0;
}

/* Cuts what can no more come into the page, which holds at least `most`. */
static void trim(struct search *s)
{
	struct page *page = &s->page;
	size_t most = page->most;
	page->n = keep_best(s->order, page->hits, page->n, most);
	if (page->n > most + search_ties_kept) {
		page->n = give_ids(s, page->hits, page->n);
		if (page->n > most) {
			select_hits(s->order, true, page->hits, page->n, most);
			page->n = most;
		}
	}
	page->full = page->n >= most;
	if (page->full) {
		select_hits(s->order, false, page->hits, page->n, most);
		page->worst = page->hits[most - 1].place;
	}
	page->trim_at = page->n + most / 4 + 1;
}

static void page_add(struct search *s, const struct hit *hits, size_t n)
{
	struct page *page = &s->page;
	pthread_mutex_lock(&s->lock);
	if (page->n + n > page->cap) {
		page->cap = (page->n + n) * 2;
		page->hits = xrealloc(page->hits, page->cap * sizeof(*page->hits));
	}
	memcpy(page->hits + page->n, hits, n * sizeof(*hits));
	page->n += n;
	if (page->n >= page->most && (!page->full || page->n >= page->trim_at))
		trim(s);
	pthread_mutex_unlock(&s->lock);
}

/* ---- a row group ----------------------------------------------------------------------------- */

/* Hits of the group in hand, the best of which go into the page. */
struct picking {
	struct worker *w;
	bool full; /* those before `worst` are enough */
	struct place worst;
	size_t most;
};

static void pick(struct picking *p, uint32_t row, struct place place)
{
	struct worker *w = p->w;
	if (p->full && place_cmp(place, p->worst) < 0)
		return;
	if (w->nhits == w->hits_cap) {
		w->hits_cap = w->hits_cap ? w->hits_cap * 2 : 256;
		w->hits = xrealloc(w->hits, w->hits_cap * sizeof(*w->hits));
	}
	struct hit *hit = &w->hits[w->nhits++];
	*hit = (struct hit){.place = place, .file = w->file_index, .group = w->group, .row = row};
	if (w->search->clustered) { /* ids come with the rows */
		memcpy(hit->id, w->batch.columns[SYS_EVENT_ID].uuid[row], 16);
		hit->has_id = true;
	}
	if (w->nhits < 2 * p->most || w->nhits < w->hits_cap)
		return;
	w->nhits = keep_best(w->search->order, w->hits, w->nhits, p->most);
	if (!p->full || place_cmp(w->hits[p->most - 1].place, p->worst) > 0)
		p->worst = w->hits[p->most - 1].place;
	p->full = true;
}

/* Whether a row stands behind the cursor. Loads ids where the times are the same. */
static int is_after(struct worker *w, uint32_t row, struct place place, struct err *err)
{
	const struct search_cursor *after = w->search->request->after;
	enum search_order order = w->search->order;
	int c = place_cmp(place, place_of(order, !after->no_time, after->time));
	if (c != 0)
		return c < 0;
	if (!w->batch.columns[SYS_EVENT_ID].uuid && work_load(w, SYS_EVENT_ID, err) < 0)
		return -1;
	return id_cmp(order, w->batch.columns[SYS_EVENT_ID].uuid[row], after->id) < 0;
}

static int consider(struct picking *p, uint32_t row, struct err *err)
{
	struct worker *w = p->w;
	const struct column *times = &w->batch.columns[SYS_EVENT_TIME];
	bool timed = !bit_get(times->nulls, row);
	struct place place = place_of(w->search->order, timed, timed ? times->i64[row] : 0);
	if (w->search->request->after) {
		int after = is_after(w, row, place, err);
		if (after <= 0)
			return after;
	}
	pick(p, row, place);
	return 0;
}

/* Rows are usually in order of time: the best end is looked at first. */
static int consider_rows(struct picking *p, const uint64_t *rows, struct err *err)
{
	uint32_t n = p->w->batch.nrows, words = (n + 63) / 64;
	bool back = p->w->search->order == SEARCH_NEWEST;
	int rc = 0;
	for (uint32_t i = 0; i < words && rc == 0; i++) {
		uint32_t at = back ? words - 1 - i : i, left = n - at * 64;
		uint64_t all = left < 64 ? (UINT64_C(1) << left) - 1 : UINT64_MAX;
		uint64_t word = rows ? rows[at] : all;
		while (word && rc == 0) {
			unsigned bit = (unsigned)(back ? 63 - __builtin_clzll(word)
						       : __builtin_ctzll(word));
			word &= ~(UINT64_C(1) << bit);
			rc = consider(p, at * 64 + bit, err);
		}
	}
	return rc;
}

int top_group(struct worker *w, const uint64_t *rows, struct err *err)
{
	struct search *s = w->search;
	const struct group_facts *facts = &w->facts;
	struct picking p = {.w = w, .most = s->page.most};
	struct place best = place_of(s->order, !facts->all_untimed,
		s->order == SEARCH_NEWEST ? facts->max_time : facts->min_time);
	pthread_mutex_lock(&s->lock);
	bool wanted = top_wants(s, best);
	p.full = s->page.full;
	p.worst = s->page.worst;
	pthread_mutex_unlock(&s->lock);
	if (!wanted)
		return 0;
	w->nhits = 0;
	if (work_load(w, SYS_EVENT_TIME, err) < 0 || consider_rows(&p, rows, err) < 0)
		return -1;
	w->nhits = keep_best(s->order, w->hits, w->nhits, p.most);
	if (w->nhits)
		page_add(s, w->hits, w->nhits);
	return 0;
}

/* ---- the end --------------------------------------------------------------------------------- */

/* Orders the runs of one time that reach into the first `most`. */
static void order_ties(struct search *s)
{
	struct page *page = &s->page;
	for (size_t i = 0, end; i < page->n && i < page->most; i = end) {
		for (end = i + 1;
			end < page->n && place_cmp(page->hits[i].place, page->hits[end].place) == 0;
			end++)
			;
		if (end - i == 1)
			continue;
		size_t kept = give_ids(s, &page->hits[i], end - i);
		qsort(&page->hits[i], kept, sizeof(*page->hits),
			s->order == SEARCH_NEWEST ? by_newest : by_oldest);
		memmove(&page->hits[i + kept], &page->hits[end],
			(page->n - end) * sizeof(*page->hits));
		page->n -= end - i - kept;
		end = i + kept;
	}
}

void top_finish(struct search *s)
{
	struct page *page = &s->page;
	pthread_mutex_lock(&s->lock);
	if (page->n)
		qsort(page->hits, page->n, sizeof(*page->hits), by_place);
	order_ties(s);
	pthread_mutex_unlock(&s->lock);
	s->result.more = page->n >= page->most;
	if (s->result.more)
		page->n = page->most - 1;
	s->result.nrows = (uint32_t)page->n;
}
