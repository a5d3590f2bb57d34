/* SPDX-License-Identifier: Apache-2.0 */
/* identity_sort.c: sorts a batch's keys by day and key, keeping the order of equal ones. Keys are
 * hashes: one pass spreads them by their top bits, the rest is short insertions. */
#include <stdlib.h>
#include <string.h>

#include "store/identity_run.h"

enum { SMALL = 24, MOST_BITS = 13 };

static inline bool ref_after(const struct ref *a, const struct ref *b)
{
	return a->hi != b->hi ? a->hi > b->hi : a->lo > b->lo;
}

static int compare(const void *left, const void *right)
{
	const struct ref *a = left, *b = right;
	if (a->day != b->day)
		return a->day < b->day ? -1 : 1;
	if (ref_after(a, b) || ref_after(b, a))
		return ref_after(a, b) ? 1 : -1;
	return a->index < b->index ? -1 : 1;
}

/* Sorts n references of one day, in place. */
static void sort_small(struct ref *refs, uint32_t n)
{
	if (n > SMALL) {
		/* One key many times over is in order as it is. */
		uint32_t i = 1;
		while (i < n && !ref_after(&refs[i - 1], &refs[i]))
			i++;
		if (i == n)
			return;
		qsort(refs, n, sizeof(*refs), compare);
		return;
	}
	for (uint32_t i = 1; i < n; i++) {
		struct ref moved = refs[i];
		uint32_t at = i;
		for (; at > 0 && ref_after(&refs[at - 1], &moved); at--)
			refs[at] = refs[at - 1];
		refs[at] = moved;
	}
}

/* Sorts n references of one day from `refs` by way of `spare`. */
static void sort_day(struct ref *refs, struct ref *spare, uint32_t n)
{
	if (n <= SMALL) {
		sort_small(refs, n);
		return;
	}
	unsigned bits = 1;
	while (bits < MOST_BITS && n >> bits > 8)
		bits++;
	uint32_t ends[1 << MOST_BITS], at = 0;
	memset(ends, 0, sizeof(ends[0]) << bits);
	for (uint32_t i = 0; i < n; i++)
		ends[refs[i].hi >> (64 - bits)]++;
	for (uint32_t b = 0; b < 1u << bits; b++) {
		uint32_t count = ends[b];
		ends[b] = at;
		at += count;
	}
	for (uint32_t i = 0; i < n; i++)
		spare[ends[refs[i].hi >> (64 - bits)]++] = refs[i];
	memcpy(refs, spare, n * sizeof(*refs));
	for (uint32_t b = 0, from = 0; b < 1u << bits; b++) {
		sort_small(refs + from, ends[b] - from);
		from = ends[b];
	}
}

/* Days are clamped, so that a count for each is affordable; but not for a few rows of far days. */
static bool spread_days(struct ref *refs, struct ref *spare, uint32_t n)
{
	int64_t least = INT64_MAX, most = INT64_MIN;
	for (uint32_t i = 0; i < n; i++) {
		int64_t day = refs[i].day == ID_NO_DAY ? FIRST_DAY - 1 : refs[i].day;
		least = day < least ? day : least;
		most = day > most ? day : most;
	}
	if (most == least)
		return true;
	uint64_t range = (uint64_t)(most - least) + 1;
	if (range > n * UINT64_C(4) + 64)
		return false;
	uint32_t *starts = xcalloc(range + 1, sizeof(*starts));
	for (uint32_t i = 0; i < n; i++)
		starts[(refs[i].day == ID_NO_DAY ? FIRST_DAY - 1 : refs[i].day) - least + 1]++;
	for (uint64_t d = 1; d < range; d++)
		starts[d] += starts[d - 1];
	for (uint32_t i = 0; i < n; i++) {
		int64_t day = refs[i].day == ID_NO_DAY ? FIRST_DAY - 1 : refs[i].day;
		spare[starts[day - least]++] = refs[i];
	}
	memcpy(refs, spare, n * sizeof(*refs));
	free(starts);
	return true;
}

void identity_sort(struct ref *refs, struct ref *spare, uint32_t n)
{
	if (n == 0)
		return;
	if (!spread_days(refs, spare, n)) {
		qsort(refs, n, sizeof(*refs), compare);
		return;
	}
	for (uint32_t i = 0, from = 0; i <= n; i++) {
		if (i == n || refs[i].day != refs[from].day) {
			sort_day(refs + from, spare, i - from);
			from = i;
		}
	}
}
