/* SPDX-License-Identifier: Apache-2.0 */
/* identity_shelf.c: the pending set: sorted runs in memory. A batch's cells come sorted; equal-sized
 * shelves are merged, so that 16 batches cost four passes, which writing would cost anyway. */
#include <stdlib.h>
#include <string.h>

#include "store/identity_private.h"

static void filter_add(struct identity *identity, const struct run *shelf)
{
	const struct cell *cells = shelf->memory;
	for (uint64_t i = 0; i < shelf->info.entries; i++)
		filter_put(
			filter_line(identity->filter, identity->nlines, cells[i].hi), cells[i].lo);
}

struct cell *shelf_cells(struct identity *identity, uint64_t n, uint64_t *room)
{
	uint64_t want = 1024;
	while (want < n)
		want *= 2;
	for (uint32_t i = 0; i < SPARES; i++) {
		struct cell *cells = identity->spares[i].cells;
		if (!cells || identity->spares[i].room != want)
			continue;
		identity->spares[i].cells = NULL;
		*room = want;
		return cells;
	}
	*room = want;
	return xmalloc(want * sizeof(struct cell));
}

void shelf_return(struct identity *identity, struct cell *cells, uint64_t room)
{
	uint32_t least = 0;
	for (uint32_t i = 0; i < SPARES; i++) {
		if (!identity->spares[i].cells) {
			identity->spares[i].cells = cells;
			identity->spares[i].room = room;
			return;
		}
		if (identity->spares[i].room < identity->spares[least].room)
			least = i;
	}
	if (identity->spares[least].room < room) {
		free(identity->spares[least].cells);
		identity->spares[least].cells = cells;
		identity->spares[least].room = room;
	} else {
		free(cells);
	}
}

static void shelf_free(struct identity *identity, struct run *shelf)
{
	shelf_return(identity, shelf->memory, shelf->room);
	shelf->memory = NULL;
	run_free(shelf);
}

void shelf_filter_grow(struct identity *identity, uint32_t n)
{
	uint64_t need = identity->pending + n;
	if (need * FILTER_BITS_PER_CELL <= identity->nlines * UINT64_C(512))
		return;
	uint64_t lines =
		(need * 2 > PENDING_USUAL ? need * 2 : PENDING_USUAL) * FILTER_BITS_PER_CELL / 512 +
		1;
	free(identity->filter);
	identity->nlines = (uint32_t)lines;
	identity->filter = xcalloc(lines, sizeof(*identity->filter));
	for (uint32_t i = 0; i < identity->nshelves; i++)
		filter_add(identity, identity->shelves[i]);
}

static struct cell *merge_cells(
	struct cell *out, const struct cell *a, uint64_t na, const struct cell *b, uint64_t nb)
{
	while (na > 0 && nb > 0) {
		bool first = a->hi != b->hi ? a->hi < b->hi : !cell_before(b, a);
		*out++ = *(first ? a : b);
		a += first;
		na -= first;
		b += !first;
		nb -= !first;
	}
	if (na + nb > 0)
		memcpy(out, na ? a : b, (na + nb) * sizeof(*out));
	return out + na + nb;
}

static struct run *merge_shelves(
	struct identity *identity, const struct run *a, const struct run *b)
{
	uint64_t room;
	struct cell *cells = shelf_cells(identity, a->info.entries + b->info.entries, &room);
	struct section *sections = xcalloc(a->nsections + b->nsections, sizeof(*sections));
	struct cell *out = cells;
	uint32_t i = 0, j = 0, n = 0;
	while (i < a->nsections || j < b->nsections) {
		const struct section none = {0};
		bool has_left = i < a->nsections, has_right = j < b->nsections;
		if (has_left && has_right) {
			int32_t left_day = a->sections[i].day, right_day = b->sections[j].day;
			has_left = left_day <= right_day;
			has_right = right_day <= left_day;
		}
		sections[n].day = has_left ? a->sections[i].day : b->sections[j].day;
		const struct section *left = has_left ? &a->sections[i++] : &none;
		const struct section *right = has_right ? &b->sections[j++] : &none;
		sections[n++].count = left->count + right->count;
		out = merge_cells(out, left->cells, left->count, right->cells, right->count);
	}
	struct run *run = run_in_memory(cells, room, sections, n);
	free(sections);
	return run;
}

void shelf_push(struct identity *identity, struct cell *cells, uint64_t room,
	const struct section *sections, uint32_t nsections)
{
	if (nsections == 0) {
		shelf_return(identity, cells, room);
		return;
	}
	struct run *shelf = run_in_memory(cells, room, sections, nsections);
	filter_add(identity, shelf);
	identity->pending += shelf->info.entries;
	while (identity->nshelves > 0) {
		struct run *below = identity->shelves[identity->nshelves - 1];
		if (below->info.entries > 2 * shelf->info.entries ||
			below->info.entries + shelf->info.entries > SHELF_MOST)
			break;
		struct run *merged = merge_shelves(identity, below, shelf);
		shelf_free(identity, below);
		shelf_free(identity, shelf);
		shelf = merged;
		identity->nshelves--;
	}
	if (identity->nshelves == identity->shelves_cap) {
		identity->shelves_cap = identity->shelves_cap ? identity->shelves_cap * 2 : 16;
		identity->shelves = xrealloc(
			identity->shelves, identity->shelves_cap * sizeof(*identity->shelves));
	}
	identity->shelves[identity->nshelves++] = shelf;
}

void shelf_clear(struct identity *identity)
{
	for (uint32_t i = 0; i < identity->nshelves; i++)
		shelf_free(identity, identity->shelves[i]);
	identity->nshelves = 0;
	identity->pending = 0;
	if (identity->nlines)
		memset(identity->filter, 0, identity->nlines * sizeof(*identity->filter));
}
