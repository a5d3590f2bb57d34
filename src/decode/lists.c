/* SPDX-License-Identifier: Apache-2.0 */
/* lists.c: which elements are a row's: null lists, empty lists, and rows taken back. */
#include "decode/private.h"

void list_reserve(struct decoder *d, uint32_t rows)
{
	for (uint32_t g = 0; g < d->nlists; g++) {
		struct list_state *list = &d->lists[g];
		if (rows <= list->cap)
			continue;
		list->off = xrealloc(list->off, (rows + 1ul) * sizeof(*list->off));
		list->nulls = xrealloc(list->nulls, (rows + 63) / 64 * 8);
		memset(list->nulls + list->cap / 64, 0, (rows + 63) / 64 * 8 - list->cap / 64 * 8);
		list->off[0] = 0;
		list->cap = rows;
	}
}

void list_row_end(struct decoder *d)
{
	for (uint32_t g = 0; g < d->nlists; g++) {
		struct list_state *list = &d->lists[g];
		list->off[d->row + 1] = list->lane->n;
		if (!list->present) {
			bit_set(list->nulls, d->row);
			list->anynull = true;
		}
		list->present = false;
	}
}

void list_row_undo(struct decoder *d)
{
	for (uint32_t g = 0; g < d->nlists; g++) {
		struct list_state *list = &d->lists[g];
		uint32_t first = list->off[d->row];
		lane_undo(list->lane, first, list->lane->n);
		list->lane->n = first;
		list->present = false;
	}
}
