/* SPDX-License-Identifier: Apache-2.0 */
/* correlate.c: one pass over the hits of a rule and group with a window that slides, which knows after each hit whether
 * the condition holds. */
#include "detect/correlate.h"

#include <stdlib.h>

enum { MEMBERS_MOST = 64 };

int64_t hit_day(int64_t time)
{
	if (time == INT64_MIN)
		return INT64_MIN;
	return time >= 0 ? time / DAY_US : -((DAY_US - 1 - time) / DAY_US);
}

int hit_compare(const void *left, const void *right)
{
	const struct hit *a = left, *b = right;
	if (a->rule != b->rule)
		return a->rule < b->rule ? -1 : 1;
	if (a->group != b->group)
		return a->group < b->group ? -1 : 1;
	if (a->time != b->time)
		return a->time < b->time ? -1 : 1;
	int c = memcmp(a->id, b->id, sizeof(a->id));
	return c ? c : a->member < b->member ? -1 : a->member > b->member;
}

int64_t correlate_reach(const struct rule *rule)
{
	return rule->correlation ? rule->correlation->timespan : 0;
}

enum correlate_count correlate_least(const struct rule *rule, uint32_t *least)
{
	static const uint8_t counts[] = {[CORRELATION_EVENT_COUNT] = COUNT_EVENTS,
		[CORRELATION_VALUE_COUNT] = COUNT_VALUES,
		[CORRELATION_TEMPORAL] = COUNT_RULES,
		[CORRELATION_TEMPORAL_ORDERED] = COUNT_RULES,
		[CORRELATION_RARE] = COUNT_NOTHING};
	const struct correlation *c = rule->correlation;
	if (!c || counts[c->type] == COUNT_NOTHING || c->bound.high_given || c->bound.negated)
		return COUNT_NOTHING;
	if (!c->bound.low_given && counts[c->type] != COUNT_RULES)
		return COUNT_NOTHING;
	double low = c->bound.low_given ? c->bound.low : c->nrules;
	if (!(low >= 1 && low < 1e9))
		return COUNT_NOTHING;
	*least = (uint32_t)low;
	if ((double)*least < low || (c->bound.low_given && !c->bound.low_inclusive))
		++*least;
	return *least > 1 ? (enum correlate_count)counts[c->type] : COUNT_NOTHING;
}

/* ---- order ----------------------------------------------------------------------------------- */

struct place {
	uint64_t group;
	size_t at;
};

/* One digit of 16 bits; the order of equals stays. */
static void sort_digit(
	const struct place *from, struct place *to, size_t n, unsigned shift, size_t *counts)
{
	memset(counts, 0, 65536 * sizeof(*counts));
	for (size_t i = 0; i < n; i++)
		counts[from[i].group >> shift & 0xffff]++;
	size_t sum = 0;
	for (size_t d = 0; d < 65536; d++) {
		size_t here = counts[d];
		counts[d] = sum;
		sum += here;
	}
	for (size_t i = 0; i < n; i++)
		to[counts[from[i].group >> shift & 0xffff]++] = from[i];
}

/* hits[i] becomes what hits[order[i].at] was, without a copy of them all: a hit takes more than all else here. */
static void reorder(struct hit *hits, struct place *order, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct hit first = hits[i];
		size_t to = i;
		while (order[to].at != i) {
			size_t from = order[to].at;
			hits[to] = hits[from];
			order[to].at = to;
			to = from;
		}
		hits[to] = first;
		order[to].at = to;
	}
}

static void sort_run(struct hit *hits, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		if (hit_compare(&hits[i - 1], &hits[i]) > 0) {
			qsort(hits, n, sizeof(*hits), hit_compare);
			return;
		}
	}
}

size_t hits_run(const struct hit *hits, size_t n, size_t i)
{
	size_t end = i + 1;
	while (end < n && hits[end].rule == hits[i].rule && hits[end].group == hits[i].group)
		end++;
	return end;
}

void hits_sort(struct hit *hits, size_t n)
{
	if (n < 1000) {
		if (n)
			qsort(hits, n, sizeof(*hits), hit_compare);
		return;
	}
	/* A hash is an even key: four passes of 16 bits. Hits come mostly in the order of time already. */
	struct place *a = xmalloc(n * sizeof(*a)), *b = xmalloc(n * sizeof(*b));
	size_t *counts = xmalloc(65536 * sizeof(*counts));
	for (size_t i = 0; i < n; i++)
		a[i] = (struct place){hits[i].group, i};
	for (unsigned pass = 0; pass < 4; pass++) {
		sort_digit(a, b, n, pass * 16, counts);
		struct place *other = a;
		a = b;
		b = other;
	}
	reorder(hits, a, n);
	for (size_t i = 0, end; i < n; i = end) {
		end = hits_run(hits, n, i);
		sort_run(hits + i, end - i);
	}
	free(counts);
	free(a);
	free(b);
}

/* ---- the window ------------------------------------------------------------------------------ */

/* How often a value stands in the window: open addressing, `value` as it is. */
struct tally {
	struct slot {
		uint64_t value;
		uint32_t n;
		bool used;
	} * slots;
	uint32_t cap, used, distinct;
};

struct window {
	const struct correlation *c;
	const struct hit *hits;
	uint32_t first, next; /* hits [first, next) are in it */
	uint64_t events;      /* that are different */
	struct tally tally;
	/* Sums are of millionths, exactly: a sum that slides must not depend on where it began. */
	__int128 sum;
	uint64_t numbers;
	double *sorted; /* of value_percentile */
	uint32_t nsorted, sorted_cap;
	uint32_t members[MEMBERS_MOST]; /* hits of each */
	uint32_t ndifferent;
	/* temporal_ordered: the latest begin of a chain of len + 1 rules in order that ends with rule m, at m * nrules + len; 32 KB
	 * at most, so other rules have none: there may be a million groups of a few hits each */
	int64_t *chain;
};

static void tally_grow(struct tally *tally)
{
	struct tally old = *tally;
	tally->cap = old.cap ? old.cap * 2 : 64;
	tally->slots = xcalloc(tally->cap, sizeof(*tally->slots));
	tally->used = 0;
	for (uint32_t i = 0; i < old.cap; i++) {
		if (!old.slots[i].used || old.slots[i].n == 0)
			continue;
		uint32_t at = (uint32_t)(old.slots[i].value & (tally->cap - 1));
		while (tally->slots[at].used)
			at = (at + 1) & (tally->cap - 1);
		tally->slots[at] = old.slots[i];
		tally->used++;
	}
	free(old.slots);
}

static void tally_add(struct tally *tally, uint64_t value, int by)
{
	if (tally->used * 2 >= tally->cap)
		tally_grow(tally);
	uint32_t at = (uint32_t)(value & (tally->cap - 1));
	while (tally->slots[at].used && tally->slots[at].value != value)
		at = (at + 1) & (tally->cap - 1);
	struct slot *slot = &tally->slots[at];
	if (!slot->used) {
		*slot = (struct slot){.value = value, .used = true};
		tally->used++;
	}
	uint32_t before = slot->n;
	slot->n = by > 0 ? before + 1 : before - 1;
	tally->distinct += (before == 0) - (slot->n == 0);
}

static bool has_number(const struct hit *hit)
{
	return hit->number > -1e25 && hit->number < 1e25; /* false of NaN too */
}

static __int128 millionths(double number)
{
	__int128 whole = (__int128)number;
	double rest = (number - (double)whole) * 1e6;
	return whole * 1000000 + (__int128)(rest < 0 ? rest - 0.5 : rest + 0.5);
}

/* Where `number` stands, or would stand, among the sorted. */
static uint32_t sorted_place(const struct window *w, double number)
{
	uint32_t low = 0, high = w->nsorted;
	while (low < high) {
		uint32_t mid = low + (high - low) / 2;
		if (w->sorted[mid] < number)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static void sorted_add(struct window *w, double number)
{
	if (w->nsorted == w->sorted_cap) {
		w->sorted_cap = w->sorted_cap ? w->sorted_cap * 2 : 64;
		w->sorted = xrealloc(w->sorted, w->sorted_cap * sizeof(*w->sorted));
	}
	uint32_t at = sorted_place(w, number);
	memmove(w->sorted + at + 1, w->sorted + at, (w->nsorted - at) * sizeof(*w->sorted));
	w->sorted[at] = number;
	w->nsorted++;
}

static void sorted_remove(struct window *w, double number)
{
	uint32_t at = sorted_place(w, number);
	w->nsorted--;
	memmove(w->sorted + at, w->sorted + at + 1, (w->nsorted - at) * sizeof(*w->sorted));
}

static void count_number(struct window *w, const struct hit *hit, int by)
{
	if (!has_number(hit))
		return;
	w->sum += by * millionths(hit->number);
	w->numbers += (uint64_t)by;
	if (w->c->type != CORRELATION_VALUE_PERCENTILE)
		return;
	if (by > 0)
		sorted_add(w, hit->number);
	else
		sorted_remove(w, hit->number);
}

/* Counts a hit in or out; `fresh`: it is the first (or last) of its event in the window. */
static void count_hit(struct window *w, const struct hit *hit, bool fresh, int by)
{
	if (hit->member < MEMBERS_MOST) {
		uint32_t before = w->members[hit->member];
		w->members[hit->member] += (uint32_t)by;
		w->ndifferent += (before == 0) - (w->members[hit->member] == 0);
	}
	if (!fresh)
		return;
	w->events += (uint64_t)by;
	if (!w->c)
		return;
	if (w->c->type == CORRELATION_VALUE_COUNT)
		tally_add(&w->tally, hit->value, by);
	else if (w->c->type >= CORRELATION_VALUE_SUM && w->c->type <= CORRELATION_VALUE_PERCENTILE)
		count_number(w, hit, by);
}

/* A chain that begins later is better: it stays in the window for longer. A rule never follows itself, nor another
 * one in the same event. */
static void chain_hit(struct window *w, const struct hit *hit)
{
	uint32_t m = hit->member, n = w->c->nrules;
	if (m >= n || n > MEMBERS_MOST)
		return;
	int64_t *own = w->chain + (size_t)m * n;
	for (uint32_t len = m; len > 0; len--) {
		int64_t best = INT64_MIN;
		for (uint32_t before = 0; before < m; before++)
			if (w->chain[(size_t)before * n + len - 1] > best)
				best = w->chain[(size_t)before * n + len - 1];
		if (best > own[len])
			own[len] = best;
	}
	own[0] = hit->time;
}

static void window_take(struct window *w)
{
	const struct hit *hit = &w->hits[w->next];
	bool fresh = w->next == w->first || !hit_same_event(hit, hit - 1);
	count_hit(w, hit, fresh, 1);
	w->next++;
}

static void window_drop(struct window *w)
{
	const struct hit *hit = &w->hits[w->first++];
	bool last = w->first == w->next || !hit_same_event(hit, hit + 1);
	count_hit(w, hit, last, -1);
}

static void window_fini(struct window *w)
{
	free(w->tally.slots);
	free(w->sorted);
	free(w->chain);
}

static void window_init(struct window *w, const struct correlation *c, const struct hit *hits)
{
	*w = (struct window){.c = c, .hits = hits};
	if (!c || c->type != CORRELATION_TEMPORAL_ORDERED || c->nrules > MEMBERS_MOST)
		return;
	size_t n = (size_t)c->nrules * c->nrules;
	w->chain = xmalloc((n + 1) * sizeof(*w->chain));
	for (size_t i = 0; i < n; i++)
		w->chain[i] = INT64_MIN;
}

/* ---- conditions ------------------------------------------------------------------------------ */

static bool bound_holds(const struct correlation_bound *bound, double x)
{
	bool in =
		(!bound->low_given || (bound->low_inclusive ? x >= bound->low : x > bound->low)) &&
		(!bound->high_given ||
			(bound->high_inclusive ? x <= bound->high : x < bound->high));
	return in != bound->negated;
}

/* Of a temporal rule: how many different ones are wanted. */
static bool different_hold(const struct correlation *c, uint32_t n)
{
	if (!c->bound.low_given && !c->bound.high_given)
		return n == c->nrules;
	return bound_holds(&c->bound, n);
}

static bool ordered_holds(const struct window *w, const struct hit *hit)
{
	int64_t since = hit->time - w->c->timespan;
	for (uint32_t len = hit->member + 1; len > 0; len--)
		if (w->chain[(size_t)hit->member * w->c->nrules + len - 1] > since)
			return different_hold(w->c, len);
	return false;
}

/* The nearest-rank percentile. */
static double percentile_of(const struct window *w)
{
	double rank = w->c->percentile / 100 * w->nsorted;
	uint32_t at = (uint32_t)rank;
	if ((double)at < rank || at == 0)
		at++;
	return w->sorted[(at > w->nsorted ? w->nsorted : at) - 1];
}

static bool holds(struct window *w, const struct hit *hit, int64_t began, uint64_t *values)
{
	const struct correlation *c = w->c;
	*values = 0;
	if (!c)
		return true;
	switch (c->type) {
	case CORRELATION_EVENT_COUNT:
		return bound_holds(&c->bound, (double)w->events);
	case CORRELATION_VALUE_COUNT:
		*values = w->tally.distinct;
		return bound_holds(&c->bound, w->tally.distinct);
	case CORRELATION_TEMPORAL:
		*values = w->ndifferent;
		return different_hold(c, w->ndifferent);
	case CORRELATION_TEMPORAL_ORDERED:
		*values = w->ndifferent;
		return w->chain && hit->member < c->nrules && ordered_holds(w, hit);
	case CORRELATION_VALUE_SUM:
		return w->numbers && bound_holds(&c->bound, (double)w->sum / 1e6);
	case CORRELATION_VALUE_AVG:
		return w->numbers &&
		       bound_holds(&c->bound, (double)w->sum / 1e6 / (double)w->numbers);
	case CORRELATION_VALUE_PERCENTILE:
		return w->nsorted && bound_holds(&c->bound, percentile_of(w));
	case CORRELATION_FIRST_SEEN:
		return w->events == 1 && hit->time >= began + c->learn;
	case CORRELATION_RARE:
		return w->events <= c->most && hit->time >= began + c->learn;
	}
	return false;
}

/* ---- episodes -------------------------------------------------------------------------------- */

struct run {
	struct window w;
	int64_t span;
	struct episode episode;
	bool open;
	int64_t last_trigger;
	int (*found)(void *ctx, const struct episode *episode);
	void *ctx;
};

static uint64_t events_of(const struct hit *hits, uint32_t first, uint32_t last)
{
	uint64_t n = 1;
	for (uint32_t i = first + 1; i <= last; i++)
		n += !hit_same_event(&hits[i], &hits[i - 1]);
	return n;
}

static int end_episode(struct run *run)
{
	if (!run->open)
		return 0;
	run->open = false;
	run->episode.count = events_of(run->w.hits, run->episode.first, run->episode.last);
	return run->found(run->ctx, &run->episode);
}

/* First seen and rare values are told by the event alone: what was before is what they lack. */
static bool looks_back(const struct correlation *c)
{
	return c && c->type != CORRELATION_FIRST_SEEN && c->type != CORRELATION_RARE;
}

static int trigger(struct run *run, uint32_t i, uint32_t last, uint64_t values)
{
	const struct hit *hits = run->w.hits;
	bool joins = run->open && hits[i].time - run->last_trigger < run->span &&
		     hit_day(hits[i].time) == hit_day(run->last_trigger);
	if (!joins) {
		int rc = end_episode(run);
		if (rc != 0)
			return rc;
		run->open = true;
		run->episode = (struct episode){
			.first = looks_back(run->w.c) ? run->w.first : i, .trigger = i};
	}
	run->last_trigger = hits[i].time;
	run->episode.last = last;
	if (values > run->episode.values)
		run->episode.values = values;
	return 0;
}

/* The first hit at or after `at` of another event. */
static uint32_t next_event(const struct hit *hits, uint32_t n, uint32_t at)
{
	uint32_t i = at + 1;
	while (i < n && hit_same_event(&hits[i], &hits[at]))
		i++;
	return i;
}

static int slide(struct run *run, uint32_t n, int64_t from, int64_t to, int64_t began)
{
	struct window *w = &run->w;
	int rc = 0;
	for (uint32_t i = 0, end; rc == 0 && i < n; i = end) {
		end = next_event(w->hits, n, i);
		int64_t now = w->hits[i].time;
		while (w->first < w->next && w->hits[w->first].time <= now - run->span)
			window_drop(w);
		while (w->next < end)
			window_take(w);
		bool hold = false;
		uint64_t values = 0, most = 0;
		if (w->c && w->c->type == CORRELATION_TEMPORAL_ORDERED) {
			/* the last rule first, so that no rule follows another in one event */
			for (uint32_t k = end; k-- > i;)
				chain_hit(w, &w->hits[k]);
		}
		for (uint32_t k = i; k < end; k++) {
			hold = holds(w, &w->hits[k], began, &values) || hold;
			most = values > most ? values : most;
		}
		int64_t day = hit_day(now);
		if (hold && day >= from && day <= to)
			rc = trigger(run, i, end - 1, most);
	}
	return rc != 0 ? rc : end_episode(run);
}

int correlate(const struct rule *rule, const struct hit *hits, uint32_t n, int64_t from, int64_t to,
	int64_t began, int (*found)(void *ctx, const struct episode *episode), void *ctx)
{
	const struct correlation *c = rule->correlation;
	if (n == 0)
		return 0;
	if (from == INT64_MIN) {
		struct episode all = {.last = n - 1, .count = events_of(hits, 0, n - 1)};
		return c ? 0 : found(ctx, &all);
	}
	struct run run = {.span = c ? c->timespan : rule->window, .found = found, .ctx = ctx};
	window_init(&run.w, c, hits);
	int rc = slide(&run, n, from, to, began);
	window_fini(&run.w);
	return rc;
}
