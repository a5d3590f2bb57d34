/* SPDX-License-Identifier: Apache-2.0 */
/*
 * search_histogram.c: matches over time. The width of a bucket is the smallest of a list of lengths
 * that people read, for which the range fits into as many buckets as were asked for; they begin at
 * whole multiples of it in UTC (weeks on Mondays, months and years by the calendar).
 */
#include <stdlib.h>

#include "query/search_private.h"

#define SECOND INT64_C(1000000)
#define MINUTE (60 * SECOND)
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)

/* `us` with an offset of alignment, or whole months. */
struct width {
	int64_t us, offset;
	unsigned months;
};
static const struct width widths[] = {
	{SECOND, 0, 0},
	{2 * SECOND, 0, 0},
	{5 * SECOND, 0, 0},
	{10 * SECOND, 0, 0},
	{15 * SECOND, 0, 0},
	{30 * SECOND, 0, 0},
	{MINUTE, 0, 0},
	{2 * MINUTE, 0, 0},
	{5 * MINUTE, 0, 0},
	{10 * MINUTE, 0, 0},
	{15 * MINUTE, 0, 0},
	{30 * MINUTE, 0, 0},
	{HOUR, 0, 0},
	{2 * HOUR, 0, 0},
	{3 * HOUR, 0, 0},
	{6 * HOUR, 0, 0},
	{12 * HOUR, 0, 0},
	{DAY, 0, 0},
	{2 * DAY, 0, 0},
	{7 * DAY, 4 * DAY, 0}, /* 1970-01-05 was a Monday */
	{0, 0, 1},
	{0, 0, 3},
	{0, 0, 12},
	{0, 0, 120},
	{0, 0, 1200},
	{0, 0, 12000},
	{0, 0, 120000},
	{0, 0, 1200000},
	{0, 0, 12000000},
};

static int64_t floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

/* The number of the bucket that a time lies in, counted from wherever. */
static int64_t bucket_number(const struct width *width, int64_t time)
{
	int64_t year;
	unsigned month, day;
	if (width->us) {
		__int128 from = (__int128)time - width->offset;
		return (int64_t)(from / width->us - (from % width->us < 0));
	}
	clock_date(floor_div(time, DAY), &year, &month, &day);
	return floor_div(year * 12 + month - 1, width->months);
}

/* Where the bucket of that number begins, as near as an int64 can say. */
static int64_t bucket_begin(const struct width *width, int64_t number)
{
	__int128 begin = (__int128)number * width->us + width->offset;
	if (!width->us) {
		int64_t month = number * width->months, year = floor_div(month, 12);
		begin = (__int128)clock_days(year, (unsigned)(month - year * 12) + 1, 1) * DAY;
	}
	return begin < INT64_MIN ? INT64_MIN : begin > INT64_MAX ? INT64_MAX : (int64_t)begin;
}

void histogram_plan(struct search *s, int64_t min, int64_t max)
{
	const struct search_request *request = s->request;
	struct histogram *h = &s->histogram;
	uint32_t most = request->buckets < SEARCH_BUCKETS ? request->buckets : SEARCH_BUCKETS;
	const struct width *width = widths, *last = &widths[sizeof(widths) / sizeof(*widths) - 1];
	*h = (struct histogram){0};
	if (request->since != INT64_MIN)
		min = request->since;
	if (request->until != INT64_MAX)
		max = request->until - 1;
	if (most == 0 || min > max)
		return;
	while (width < last && bucket_number(width, max) - bucket_number(width, min) >= most)
		width++;
	int64_t first = bucket_number(width, min);
	int64_t n = bucket_number(width, max) - first + 1;
	h->n = n < most ? (uint32_t)n : most; /* a range that no width fits */
	h->begins = arena_zalloc(&s->mem, (size_t)h->n + 1, sizeof(*h->begins));
	for (uint32_t i = 0; i <= h->n; i++)
		h->begins[i] = bucket_begin(width, first + i);
	if (h->n < n)
		h->begins[h->n] = INT64_MAX;
	/* A mean month has 30.436875 days. */
	__int128 mean = (__int128)width->months * 2629746 * SECOND;
	h->width = width->us ? width->us : mean > INT64_MAX ? INT64_MAX : (int64_t)mean;
	h->even = width->us != 0 && h->begins[0] != INT64_MIN && h->begins[h->n] != INT64_MAX;
}

size_t histogram_cells(const struct search *s)
{
	return s->histogram.n * (s->request->by_table ? (size_t)s->request->tables->n : 1);
}

/* Those that the file in hand counts in. */
static uint64_t *cells_of(const struct worker *w)
{
	const struct search *s = w->search;
	return w->buckets + (s->request->by_table ? (size_t)w->file->table * s->histogram.n : 0);
}

/* The bucket of a time, or n where it lies in none. */
static uint32_t find_bucket(const struct histogram *h, int64_t time)
{
	if (time < h->begins[0] || time > h->begins[h->n] ||
		(time == h->begins[h->n] && time != INT64_MAX))
		return h->n;
	if (h->even)
		return (uint32_t)((time - h->begins[0]) / h->width);
	uint32_t low = 0, high = h->n;
	while (high - low > 1) {
		uint32_t middle = low + (high - low) / 2;
		if (time < h->begins[middle])
			high = middle;
		else
			low = middle;
	}
	return low;
}

/* The one bucket that all rows asked for lie in; n where that is not known. */
static uint32_t only_bucket(const struct worker *w)
{
	const struct search *s = w->search;
	const struct histogram *h = &s->histogram;
	const struct group_facts *facts = &w->facts;
	int64_t since = s->request->since, until = s->request->until;
	if (!facts->range || (facts->some_untimed && !s->bounded))
		return h->n;
	int64_t min = facts->min_time > since ? facts->min_time : since;
	int64_t max = until != INT64_MAX && facts->max_time >= until ? until - 1 : facts->max_time;
	uint32_t bucket = min <= max ? find_bucket(h, min) : h->n;
	return bucket < h->n && find_bucket(h, max) == bucket ? bucket : h->n;
}

bool histogram_needs_times(const struct worker *w)
{
	return !w->facts.all_untimed && only_bucket(w) == w->search->histogram.n;
}

/* Counts the rows of a word that are set. Times are usually in order, so the bucket of the last one
 * is tried first. */
static void count_word(struct worker *w, const struct column *times, uint32_t base, uint64_t word,
	uint32_t *bucket)
{
	const struct histogram *h = &w->search->histogram;
	uint64_t *cells = cells_of(w);
	if (times->nulls) {
		w->no_time += (uint64_t)__builtin_popcountll(word & times->nulls[base >> 6]);
		word &= ~times->nulls[base >> 6];
	}
	for (; word; word &= word - 1) {
		int64_t time = times->i64[base + (uint32_t)__builtin_ctzll(word)];
		if (*bucket == h->n || time < h->begins[*bucket] || time >= h->begins[*bucket + 1])
			*bucket = find_bucket(h, time);
		if (*bucket == h->n)
			w->no_time++;
		else
			cells[*bucket]++;
	}
}

void histogram_group(struct worker *w, const uint64_t *rows, uint32_t count)
{
	const struct histogram *h = &w->search->histogram;
	const struct column *times = &w->batch.columns[SYS_EVENT_TIME];
	uint32_t n = w->batch.nrows, bucket = h->n;
	if (h->n == 0 || w->facts.all_untimed) {
		w->no_time += count;
		return;
	}
	uint32_t only = only_bucket(w);
	if (only < h->n) {
		cells_of(w)[only] += count;
		return;
	}
	for (uint32_t base = 0; base < n; base += 64) {
		uint64_t all = n - base < 64 ? (UINT64_C(1) << (n - base)) - 1 : UINT64_MAX;
		count_word(w, times, base, rows ? rows[base >> 6] : all, &bucket);
	}
}

void histogram_add(struct worker *w, uint32_t table, bool timed, int64_t time, uint64_t count)
{
	const struct search *s = w->search;
	const struct histogram *h = &s->histogram;
	uint32_t bucket = timed && h->n ? find_bucket(h, time) : h->n;
	if (bucket == h->n)
		w->no_time += count;
	else
		w->buckets[(s->request->by_table ? (size_t)table * h->n : 0) + bucket] += count;
}

void histogram_finish(struct search *s)
{
	const struct histogram *h = &s->histogram;
	struct search_bucket *buckets = arena_zalloc(&s->mem, h->n + 1, sizeof(*buckets));
	size_t n = histogram_cells(s);
	uint64_t *cells = arena_zalloc(&s->mem, n + 1, sizeof(*cells));
	for (uint32_t i = 0; i < h->n; i++)
		buckets[i].begin = h->begins[i];
	for (size_t i = 0; i < n; i++) {
		for (unsigned k = 0; k < s->threads; k++)
			cells[i] += s->workers[k].buckets[i];
		if (h->n > 0)
			buckets[i % h->n].count += cells[i];
	}
	for (unsigned k = 0; k < s->threads; k++)
		s->result.no_time += s->workers[k].no_time;
	s->result.bucket_us = h->width;
	s->result.nbuckets = h->n;
	s->result.buckets = buckets;
	s->result.table_buckets = s->request->by_table ? cells : NULL;
}
