/* SPDX-License-Identifier: Apache-2.0 */
/* identity_build.c: runs made by other ways than judging: from a list of entries, and from what other
 * runs hold of sightings that were not stored. */
#include <stdlib.h>
#include <string.h>

#include "store/identity_private.h"

static int compare(const void *left, const void *right)
{
	const struct id_dated *a = left, *b = right;
	if (a->day != b->day)
		return a->day < b->day ? -1 : 1;
	int c = memcmp(a->entry.key, b->entry.key, 16);
	if (c != 0)
		return c;
	if (a->entry.container != b->entry.container)
		return a->entry.container < b->entry.container ? -1 : 1;
	return a->entry.offset < b->entry.offset ? -1 : a->entry.offset > b->entry.offset;
}

static struct cell to_cell(const struct id_entry *entry)
{
	uint64_t hi, lo;
	memcpy(&hi, entry->key, 8);
	memcpy(&lo, entry->key + 8, 8);
	return (struct cell){.hi = __builtin_bswap64(hi),
		.lo = __builtin_bswap64(lo),
		.container = entry->container,
		.copy = entry->copy,
		.place = entry->offset << 8 | entry->flags};
}

int identity_build(const char *dir, const char *name, struct id_dated *entries, uint32_t n,
	struct id_run *info, struct err *err)
{
	for (uint32_t i = 0; i < n; i++)
		entries[i].day = day_clamp(entries[i].day);
	qsort(entries, n, sizeof(*entries), compare);
	struct cell *cells = xmalloc((size_t)n * sizeof(*cells));
	struct section *sections = NULL;
	uint32_t nsections = 0, cap = 0;
	for (uint32_t i = 0; i < n; i++) {
		cells[i] = to_cell(&entries[i].entry);
		if (i == 0 || entries[i].day != entries[i - 1].day) {
			if (nsections == cap) {
				cap = cap ? cap * 2 : 16;
				sections = xrealloc(sections, cap * sizeof(*sections));
			}
			sections[nsections++] = (struct section){.day = entries[i].day};
		}
		sections[nsections - 1].count++;
	}
	struct run *run = run_in_memory(cells, n, sections, nsections);
	int rc = run_merge(&run, 1, dir, name, NULL, NULL, INT32_MIN, info, err);
	run_free(run);
	free(sections);
	return rc;
}

static bool is_stored(void *ctx, const struct cell *cell)
{
	(void)ctx;
	return cell_stored(cell);
}

int identity_copy_seen(const char *dir, const struct id_run *infos, uint32_t n, const char *name,
	struct id_run *info, struct err *err)
{
	*info = (struct id_run){0};
	if (n == 0)
		return 0;
	struct run **runs = xcalloc(n, sizeof(struct run *));
	int rc = 0;
	for (uint32_t i = 0; i < n && rc == 0; i++)
		rc = run_open(dir, &infos[i], &runs[i], err);
	if (rc == 0)
		rc = run_merge(runs, n, dir, name, is_stored, NULL, INT32_MIN, info, err);
	for (uint32_t i = 0; i < n; i++)
		run_free(runs[i]);
	free(runs);
	return rc;
}

int32_t identity_run_first_day(const struct identity *identity, uint32_t index)
{
	const struct run *run = identity->slots[index].run;
	for (uint32_t i = 0; run && i < run->nsections; i++) {
		if (run->sections[i].day != ID_NO_DAY)
			return run->sections[i].day;
	}
	return INT32_MAX;
}
