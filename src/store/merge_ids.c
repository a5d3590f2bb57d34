/* SPDX-License-Identifier: Apache-2.0 */
/* merge_ids.c: keeps the identity runs of a table few: merges them as identity_merge_plan says. */
#include <stdio.h>
#include <stdlib.h>

#include "store/private.h"

enum { MOST_MERGED = 64 };
#define CLOSED_US  (INT64_C(86400) * 1000000) /* a reading that has not gone on for a day is over */
#define RETIRED_US (INT64_C(600) * 1000000)   /* nobody but verify and backup reads runs */

struct closing {
	struct store *store;
	int64_t before;
};

static bool is_closed(void *ctx, uint32_t container)
{
	struct closing *closing = ctx;
	int64_t found = 0;
	return catalog_int(closing->store, &found, NULL,
		       "SELECT 1 FROM containers WHERE id = ? AND kind = 0 AND"
		       " (closed OR used_at < ?)",
		       "ii", (int64_t)container, closing->before) == 1;
}

static int replace_runs(struct store *store, struct table_state *table, const struct id_run *old,
	const uint32_t *which, uint32_t n, const struct id_run *merged, struct err *err)
{
	if (catalog_begin(store, err) < 0)
		return -1;
	int rc = merged->entries ? catalog_add_id_run(store, table->id, merged, err) : 0;
	for (uint32_t i = 0; rc == 0 && i < n; i++)
		rc = catalog_retire_id_run(store, table->id, table->name, old[which[i]].name, err);
	if (rc < 0) {
		catalog_rollback(store);
		return -1;
	}
	return catalog_commit(store, err);
}

static int merge_once(struct store *store, struct table_state *table, struct identity *identity,
	const uint32_t *which, uint32_t n, struct err *err)
{
	struct id_run *runs, merged = {0};
	uint32_t nruns;
	int32_t first_day;
	char stem[STORE_NAME], name[STORE_NAME + 8];
	struct closing closing = {store, clock_now_us() - CLOSED_US};
	if (catalog_first_day(store, table->id, &first_day, err) < 0 ||
		catalog_id_runs(store, table->id, &runs, &nruns, err) < 0)
		return -1;
	store_new_name(stem);
	snprintf(name, sizeof(name), "%s.run", stem);
	int rc = identity_merge(
		identity, which, n, name, is_closed, &closing, first_day, &merged, err);
	if (rc == 0)
		rc = replace_runs(store, table, runs, which, n, &merged, err);
	free(runs);
	return rc;
}

static int unlink_retired(struct store *store, struct err *err)
{
	sqlite3_stmt *stmt = catalog_query(store, err,
		"SELECT path FROM retired WHERE path GLOB 'ids/*' AND at < ?", "i",
		clock_now_us() - RETIRED_US);
	struct rows rows = rows_of(store, stmt);
	int n = 0;
	while (rows_next(&rows, err)) {
		char path[STORE_PATH];
		store_path(store, path, "%s", catalog_text(stmt, 0));
		rows.answer = io_unlink(path, err);
		n++;
	}
	if (rows.answer < 0 || n == 0)
		return rows.answer;
	return catalog_run(store, err, "DELETE FROM retired WHERE path GLOB 'ids/*' AND at < ?",
		"i", clock_now_us() - RETIRED_US);
}

int store_merge_identities(struct store *store, struct table_state *table, struct err *err)
{
	uint32_t which[MOST_MERGED], n;
	struct identity *identity;
	bool any = false;
	for (;;) {
		if (store_identity(store, table->name, &identity, err) < 0)
			return -1;
		n = identity_merge_plan(identity, which, MOST_MERGED);
		if (n == 0)
			return any ? unlink_retired(store, err) : 0;
		if (merge_once(store, table, identity, which, n, err) < 0)
			return -1;
		any = true;
	}
}
