/* SPDX-License-Identifier: Apache-2.0 */
/* alerts_pending.c: segments that the detector has not looked at; alerts that are provisional. */
#include <stdlib.h>
#include <string.h>

#include "store/alerts_private.h"

int alerts_pending(struct store *store,
	int (*each)(void *ctx, const struct pending_segment *pending, struct err *err), void *ctx,
	struct err *err)
{
	int rc = catalog_has(store, 5, err);
	if (rc < 1)
		return rc;
	sqlite3_stmt *stmt = catalog_query(store, err,
		"SELECT segment_id, t.name, p.min_time, p.max_time, p.no_time FROM detect_pending p"
		" JOIN tables t ON t.id = p.table_id ORDER BY segment_id",
		"");
	struct rows rows = rows_of(store, stmt);
	while (rows_next(&rows, err)) {
		struct pending_segment pending = {.id = (uint64_t)sqlite3_column_int64(stmt, 0),
			.table = catalog_text(stmt, 1),
			.min_time = sqlite3_column_int64(stmt, 2),
			.max_time = sqlite3_column_int64(stmt, 3),
			.no_time = (uint64_t)sqlite3_column_int64(stmt, 4)};
		rows.answer = each(ctx, &pending, err);
	}
	return rows.answer;
}

/* ---- provisional ------------------------------------------------------------------------------ */

/* Whether any of "a, b" is. */
static bool any_unfinished(
	const char *sources, bool (*unfinished)(void *ctx, struct slice source), void *ctx)
{
	while (*sources) {
		size_t n = strcspn(sources, ",");
		if (unfinished(ctx, (struct slice){sources, n}))
			return true;
		sources += n;
		sources += strspn(sources, ", ");
	}
	return false;
}

static int settled_alerts(struct store *store, bool (*unfinished)(void *ctx, struct slice source),
	void *ctx, int64_t **list, size_t *n, struct err *err)
{
	sqlite3_stmt *stmt = catalog_query(
		store, err, "SELECT n, sources FROM alerts WHERE provisional = 1", "");
	struct rows rows = rows_of(store, stmt);
	while (rows_next(&rows, err)) {
		if (any_unfinished(catalog_text(stmt, 1), unfinished, ctx))
			continue;
		if ((*n & (*n - 1)) == 0)
			*list = xrealloc(*list, (*n ? *n * 2 : 1) * sizeof(**list));
		(*list)[(*n)++] = sqlite3_column_int64(stmt, 0);
	}
	return rows.answer;
}

int alerts_settle(struct store *store, bool (*unfinished)(void *ctx, struct slice source),
	void *ctx, struct err *err)
{
	int64_t *list = NULL;
	size_t n = 0;
	int rc = catalog_has(store, 5, err);
	if (rc < 1)
		return rc;
	rc = settled_alerts(store, unfinished, ctx, &list, &n, err);
	if (rc == 0 && n > 0) {
		rc = store_check_writable(store, err) < 0 || catalog_begin(store, err) < 0 ? -1 : 0;
		if (rc == 0) {
			for (size_t i = 0; rc == 0 && i < n; i++)
				rc = catalog_run(store, err,
					"UPDATE alerts SET provisional = 0 WHERE n = ?", "i",
					list[i]);
			rc = catalog_end(store, rc, err);
		}
	}
	free(list);
	return rc;
}
