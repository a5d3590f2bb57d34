/* SPDX-License-Identifier: Apache-2.0 */
/* scrub.c: verify in small portions: the files whose last check is oldest, until the time is up.
 * What was checked when stands in the catalog, so that every start goes on where the last ended. */
#include <stdlib.h>

#include "store/verify.h"

static int note_check(
	struct store *store, const struct check_item *item, uint64_t damaged, struct err *err)
{
	return catalog_run(store, err,
		"INSERT INTO scrub VALUES(?, ?, ?) ON CONFLICT DO UPDATE SET"
		" checked_at = excluded.checked_at, damaged = excluded.damaged",
		"tiu", item->path, clock_now_us(), damaged);
}

/* Rows of files that are gone. */
static int forget_gone(struct store *store, struct err *err)
{
	return catalog_run(store, err,
		"DELETE FROM scrub WHERE (path GLOB 'tables/*' AND NOT EXISTS (SELECT 1 FROM"
		" segments s JOIN tables t ON t.id = s.table_id WHERE"
		" path = 'tables/' || t.name || '/' || s.name || '.parquet')) OR"
		" (path GLOB 'ids/*' AND NOT EXISTS (SELECT 1 FROM id_runs r JOIN tables t"
		" ON t.id = r.table_id WHERE path = 'ids/' || t.name || '/' || r.name)) OR"
		" (path GLOB 'observables/*' AND NOT EXISTS (SELECT 1 FROM observable_runs r"
		" JOIN tables t ON t.id = r.table_id"
		" WHERE path = 'observables/' || t.name || '/' || r.name || '.obs')) OR"
		" (path GLOB 'watchlists/*' AND NOT EXISTS (SELECT 1 FROM watchlists"
		" WHERE path = 'watchlists/' || name || '/' || file || '.watch'))",
		"");
}

int store_scrub(struct store *store, unsigned seconds, store_damage *found, void *ctx,
	uint64_t *damaged, struct err *err)
{
	struct check check = {.store = store, .found = found, .ctx = ctx};
	struct check_item *items;
	uint32_t n;
	int64_t end = clock_mono_us() + (int64_t)seconds * 1000000;
	*damaged = 0;
	if (store_check_writable(store, err) < 0 || check_items(store, &items, &n, err) < 0)
		return -1;
	int rc = 0;
	for (uint32_t i = 0; rc == 0 && i < n && clock_mono_us() < end; i++) {
		uint64_t before = check.damaged;
		rc = check_item(&check, &items[i], err);
		if (rc == 0)
			rc = note_check(store, &items[i], check.damaged - before, err);
	}
	free(items);
	if (rc == 0)
		rc = check_counts(&check, err);
	if (rc == 0)
		rc = forget_gone(store, err);
	*damaged = check.damaged;
	return rc;
}
