/* SPDX-License-Identifier: Apache-2.0 */
/* alerts_pending.c: segments that the detector has not looked at, and the locks of those who run once at a time. */
#include <fcntl.h>
#include <stdlib.h>

#include "store/alerts_private.h"
#include "store/notifiers.h"

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

static bool is_among(struct slice name, char *const *names)
{
	for (; names && *names; names++)
		if (slice_eq(name, slice_of(*names)))
			return true;
	return false;
}

/* Whether any of "a, b" is among them. */
static bool any_among(const char *sources, char *const *names)
{
	while (*sources) {
		size_t n = strcspn(sources, ",");
		if (is_among((struct slice){sources, n}, names))
			return true;
		sources += n;
		sources += strspn(sources, ", ");
	}
	return false;
}

static int settled_alerts(
	struct store *store, char *const *unfinished, int64_t **list, size_t *n, struct err *err)
{
	sqlite3_stmt *stmt = catalog_query(
		store, err, "SELECT n, sources FROM alerts WHERE provisional = 1", "");
	struct rows rows = rows_of(store, stmt);
	while (rows_next(&rows, err)) {
		if (any_among(catalog_text(stmt, 1), unfinished))
			continue;
		if ((*n & (*n - 1)) == 0)
			*list = xrealloc(*list, (*n ? *n * 2 : 1) * sizeof(**list));
		(*list)[(*n)++] = sqlite3_column_int64(stmt, 0);
	}
	return rows.answer;
}

int alerts_settle(struct store *store, char *const *unfinished, struct err *err)
{
	int64_t *list = NULL;
	size_t n = 0;
	int rc = catalog_has(store, 5, err);
	if (rc < 1)
		return rc;
	rc = settled_alerts(store, unfinished, &list, &n, err);
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

/* ---- locks ----------------------------------------------------------------------------------- */

int store_lock_file(struct store *store, const char *name, bool wait, int *fd, struct err *err)
{
	char path[STORE_PATH];
	struct err why;
	if (store_check_writable(store, err) < 0)
		return -1;
	*fd = io_open(store_path(store, path, "%s", name), O_RDWR | O_CREAT, 0600, err);
	if (*fd < 0)
		return -1;
	if (io_lock(*fd, true, wait, path, &why) == 0)
		return 1;
	io_close(*fd);
	*fd = -1;
	if (why.kind == ERR_BUSY && !wait)
		return 0;
	if (err)
		*err = why;
	return -1;
}

struct detect_lock {
	int fd;
};

int alerts_lock(struct store *store, bool wait, struct detect_lock **lock, struct err *err)
{
	int fd, rc = store_lock_file(store, "detect.lock", wait, &fd, err);
	*lock = rc == 1 ? xcalloc(1, sizeof(**lock)) : NULL;
	if (*lock)
		(*lock)->fd = fd;
	return rc;
}

void alerts_unlock(struct detect_lock *lock)
{
	if (lock)
		io_close(lock->fd);
	free(lock);
}

struct notify_lock {
	int fd;
};

int notify_lock(struct store *store, struct notify_lock **lock, struct err *err)
{
	int fd, rc = store_lock_file(store, "notify.lock", false, &fd, err);
	*lock = rc == 1 ? xcalloc(1, sizeof(**lock)) : NULL;
	if (*lock)
		(*lock)->fd = fd;
	return rc;
}

void notify_unlock(struct notify_lock *lock)
{
	if (lock)
		io_close(lock->fd);
	free(lock);
}
