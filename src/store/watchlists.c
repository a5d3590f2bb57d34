/* SPDX-License-Identifier: Apache-2.0 */
/* watchlists.c: rows of watchlists, their files, and the segments that wait for them. */
#include "store/watchlists.h"

#include <stdio.h>
#include <string.h>

#include "store/connections_private.h"
#include "store/observer.h"

#define BUILDING "building.watch"

static int is_there(struct store *store, struct err *err)
{
	return catalog_has(store, 6, err);
}

/* ---- settings -------------------------------------------------------------------------------- */

static int check(struct store *store, const struct watchlist *list, struct err *err)
{
	int64_t object = 0;
	if (store_check_source(list->name, err) < 0)
		return -1;
	if (strlen(list->settings) > WATCHLIST_SETTINGS || strlen(list->url) > WATCHLIST_SETTINGS)
		return err_set(err, ERR_USAGE, "a watchlist's settings take at most %d bytes",
			WATCHLIST_SETTINGS);
	if (!text_utf8_valid(slice_of(list->tags)) || strlen(list->tags) > 1000)
		return err_set(err, ERR_USAGE, "tags must be UTF-8 of at most 1,000 bytes");
	if (catalog_int(store, &object, err,
		    "SELECT CASE WHEN json_valid(?1) THEN json_type(?1) = 'object' ELSE 0 END", "t",
		    list->settings) < 0)
		return -1;
	return object ? 0 : err_set(err, ERR_USAGE, "a watchlist's settings must be a JSON object");
}

/* What is noted of another feed says nothing of this one. */
#define RESET(column, value)                                                                       \
	", " column                                                                                \
	" = CASE WHEN url = excluded.url AND settings = excluded.settings THEN " column            \
	" ELSE " value " END"

int watchlist_put(struct store *store, const struct watchlist *list, struct err *err)
{
	if (store_check_writable(store, err) < 0 || check(store, list, err) < 0)
		return -1;
	return catalog_run(store, err,
		"INSERT INTO watchlists(name, level, exact, paused, url, settings, interval_s,"
		" expire_s, confidence, tags, created_at) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
		" ON CONFLICT(name) DO UPDATE SET level = excluded.level, exact = excluded.exact,"
		" paused = excluded.paused, url = excluded.url, settings = excluded.settings,"
		" interval_s = excluded.interval_s, expire_s = excluded.expire_s,"
		" confidence = excluded.confidence, tags = excluded.tags" RESET("etag", "''")
			RESET("modified", "''") RESET("mark", "''") RESET("error", "''")
				RESET("failed_at", "0") RESET("failures", "0") RESET("due_at", "0"),
		"tiiittiiiti", list->name, (int64_t)list->level, (int64_t)list->exact,
		(int64_t)list->paused, list->url, list->settings, (int64_t)list->interval_s,
		(int64_t)list->expire_s, (int64_t)list->confidence, list->tags, clock_now_us());
}

static int put_in_transaction(struct store *store, const struct watchlist *list,
	const struct connection_secret *secrets, uint32_t nsecrets, const struct secret_key *key,
	struct err *err)
{
	int64_t id;
	if (watchlist_put(store, list, err) < 0 ||
		catalog_int(store, &id, err, "SELECT id FROM watchlists WHERE name = ?", "t",
			list->name) < 1)
		return -1;
	for (uint32_t i = 0; i < nsecrets; i++) {
		if (secret_put(store, OWNER_WATCHLIST, id, list->name, &secrets[i], key, err) < 0)
			return -1;
	}
	return 0;
}

int watchlist_put_feed(struct store *store, const struct watchlist *list,
	const struct connection_secret *secrets, uint32_t nsecrets, const struct secret_key *key,
	struct err *err)
{
	if (store_check_writable(store, err) < 0 || secrets_delete_begin(store, err) < 0)
		return -1;
	int rc = catalog_begin(store, err);
	if (rc == 0)
		rc = catalog_end(
			store, put_in_transaction(store, list, secrets, nsecrets, key, err), err);
	return secrets_delete_end(store, rc);
}

int watchlist_secret(struct store *store, const char *name, const char *field,
	const struct secret_key *key, struct secret *plain, struct err *err)
{
	int64_t id = 0;
	*plain = (struct secret){0};
	int rc = is_there(store, err);
	if (rc == 1)
		rc = catalog_int(
			store, &id, err, "SELECT id FROM watchlists WHERE name = ?", "t", name);
	return rc < 1 ? rc : secret_get(store, OWNER_WATCHLIST, id, name, field, key, plain, err);
}

#define COLUMNS                                                                                    \
	"SELECT name, level, exact, paused, url, settings, interval_s, expire_s, confidence,"      \
	" tags, file, swept, indicators, unusable, duplicates, bytes, added, removed, created_at," \
	" changed_at, fetched_at, failed_at, etag, modified, error, mark, due_at, failures,"       \
	" (SELECT group_concat(field, ', ') FROM watchlist_secrets WHERE watchlist_id = id)"       \
	" FROM watchlists"

static uint64_t number(sqlite3_stmt *stmt, int column)
{
	return (uint64_t)sqlite3_column_int64(stmt, column);
}

static char *text(sqlite3_stmt *stmt, int column, struct arena *mem)
{
	return arena_strdup(mem, slice_of(catalog_text(stmt, column)));
}

/* The path of one of a list's files; NULL where it has none, or it is gone. */
static char *file_path(struct store *store, const char *list, const char *file, struct arena *mem)
{
	char path[STORE_PATH];
	if (!*file)
		return NULL;
	store_path(store, path, "watchlists/%s/%s.watch", list, file);
	return io_stat(path, NULL, NULL) == 1 ? arena_strdup(mem, slice_of(path)) : NULL;
}

static void take(struct store *store, sqlite3_stmt *stmt, struct arena *mem, struct watchlist *list)
{
	*list = (struct watchlist){
		.name = text(stmt, 0, mem),
		.level = (unsigned)number(stmt, 1),
		.exact = number(stmt, 2),
		.paused = number(stmt, 3),
		.url = text(stmt, 4, mem),
		.settings = text(stmt, 5, mem),
		.interval_s = (uint32_t)number(stmt, 6),
		.expire_s = (uint32_t)number(stmt, 7),
		.confidence = sqlite3_column_int(stmt, 8),
		.tags = text(stmt, 9, mem),
		.is_swept = strcmp(text(stmt, 10, mem), catalog_text(stmt, 11)) == 0,
		.indicators = number(stmt, 12),
		.unusable = number(stmt, 13),
		.duplicates = number(stmt, 14),
		.bytes = number(stmt, 15),
		.added = number(stmt, 16),
		.removed = number(stmt, 17),
		.created_at = sqlite3_column_int64(stmt, 18),
		.changed_at = sqlite3_column_int64(stmt, 19),
		.fetched_at = sqlite3_column_int64(stmt, 20),
		.failed_at = sqlite3_column_int64(stmt, 21),
		.etag = text(stmt, 22, mem),
		.modified = text(stmt, 23, mem),
		.error = text(stmt, 24, mem),
		.mark = text(stmt, 25, mem),
		.due_at = sqlite3_column_int64(stmt, 26),
		.failures = (unsigned)number(stmt, 27),
		.secrets = text(stmt, 28, mem),
	};
	list->path = file_path(store, list->name, text(stmt, 10, mem), mem);
	list->swept_path = file_path(store, list->name, text(stmt, 11, mem), mem);
}

int watchlist_get(struct store *store, const char *name, struct arena *mem, struct watchlist *list,
	struct err *err)
{
	int rc = is_there(store, err);
	if (rc < 1)
		return rc;
	sqlite3_stmt *stmt = catalog_query(store, err, COLUMNS " WHERE name = ?", "t", name);
	rc = stmt ? catalog_step(store, stmt, err) : -1;
	if (rc == 1)
		take(store, stmt, mem, list);
	catalog_done(store, stmt);
	return rc;
}

int watchlist_missing(const char *name, struct err *err)
{
	return err_set(err, ERR_NOT_FOUND,
		"there is no watchlist `%.60s`: pugmark ioc list shows them", name);
}

int watchlists(struct store *store,
	int (*each)(void *ctx, const struct watchlist *list, struct err *err), void *ctx,
	struct err *err)
{
	int rc = is_there(store, err);
	if (rc < 1)
		return rc;
	sqlite3_stmt *stmt = catalog_query(store, err, COLUMNS " ORDER BY name", "");
	struct rows rows = rows_of(store, stmt);
	while (rows_next(&rows, err)) {
		struct arena mem = {0};
		struct watchlist list;
		take(store, stmt, &mem, &list);
		rows.answer = each(ctx, &list, err);
		arena_fini(&mem);
	}
	return rows.answer;
}

/* Whether there is a list of that name. 1, 0, -1. */
static int exists(struct store *store, const char *name, struct err *err)
{
	int64_t found;
	int rc = store_check_writable(store, err);
	return rc < 0 ? -1
		      : catalog_int(store, &found, err, "SELECT 1 FROM watchlists WHERE name = ?",
				"t", name);
}

int watchlist_pause(struct store *store, const char *name, bool paused, struct err *err)
{
	int rc = exists(store, name, err);
	/* Segments that came while it was paused did not wait for it. */
	if (rc == 1 && catalog_run(store, err,
			       "UPDATE watchlists SET paused = ?1, swept = iif(?1, swept, '') "
			       "WHERE name = ?2",
			       "it", (int64_t)paused, name) < 0)
		return -1;
	return rc;
}

static int retire_files(struct store *store, const char *name, struct err *err)
{
	return catalog_run(store, err,
		"INSERT INTO retired SELECT 'watchlists/' || name || '/' || file || '.watch', ?1"
		" FROM watchlists WHERE name = ?2 AND file <> ''"
		" ON CONFLICT DO UPDATE SET at = excluded.at",
		"it", clock_now_us(), name);
}

static int remove_rows(struct store *store, const char *name, struct err *err)
{
	if (retire_files(store, name, err) < 0 ||
		catalog_run(store, err,
			"DELETE FROM watchlist_secrets WHERE watchlist_id ="
			" (SELECT id FROM watchlists WHERE name = ?)",
			"t", name) < 0)
		return -1;
	return catalog_run(store, err, "DELETE FROM watchlists WHERE name = ?", "t", name);
}

int watchlist_remove(struct store *store, const char *name, struct err *err)
{
	int rc = exists(store, name, err);
	if (rc < 1)
		return rc;
	if (secrets_delete_begin(store, err) < 0)
		return -1;
	rc = catalog_begin(store, err);
	if (rc == 0)
		rc = catalog_end(store, remove_rows(store, name, err), err);
	return secrets_delete_end(store, rc) < 0 ? -1 : 1;
}

/* ---- content --------------------------------------------------------------------------------- */

static int remove_left_over(void *ctx, const char *name, struct err *err)
{
	struct buf path;
	if (strncmp(name, BUILDING, sizeof(BUILDING) - 1) != 0)
		return 0;
	buf_init(&path, STORE_PATH + 300);
	buf_printf(&path, "%s/%s", (const char *)ctx, name);
	int rc = path.full ? 0 : io_unlink(path.ptr, err);
	buf_fini(&path);
	return rc;
}

char *watchlist_building(struct store *store, const char *name, struct arena *mem, struct err *err)
{
	char dir[STORE_PATH], path[STORE_PATH];
	if (store_check_writable(store, err) < 0 ||
		io_mkdirs(store_path(store, dir, "watchlists/%s", name), err) < 0 ||
		io_list(dir, remove_left_over, dir, err) < 0)
		return NULL;
	store_path(store, path, "watchlists/%s/" BUILDING, name);
	return arena_strdup(mem, slice_of(path));
}

static int note(struct store *store, const char *name, const struct watchlist_change *change,
	const char *file, struct err *err)
{
	const struct watch_facts *facts = change->facts;
	int64_t now = clock_now_us();
	if (facts &&
		(retire_files(store, name, err) < 0 ||
			catalog_run(store, err,
				"UPDATE watchlists SET file = ?, indicators = ?, unusable = ?,"
				" duplicates = ?, bytes = ?, sha256 = ?, added = ?, removed = ?,"
				" changed_at = ? WHERE name = ?",
				"tuuuubuuit", file, facts->indicators, change->unusable,
				facts->duplicates, facts->file.bytes, facts->file.sha256,
				(size_t)32, change->added, change->removed, now, name) < 0))
		return -1;
	if (!change->fetched_at)
		return 0;
	return catalog_run(store, err,
		"UPDATE watchlists SET fetched_at = ?, etag = coalesce(?, etag),"
		" modified = coalesce(?, modified), mark = coalesce(?, mark), due_at = ?,"
		" error = '', failed_at = 0, failures = 0 WHERE name = ?",
		"itttit", change->fetched_at, change->etag, change->modified, change->mark,
		change->due_at, name);
}

static int rename_built(struct store *store, const char *name, const char *file, struct err *err)
{
	char dir[STORE_PATH], from[STORE_PATH], to[STORE_PATH];
	store_path(store, dir, "watchlists/%s", name);
	store_path(store, from, "watchlists/%s/" BUILDING, name);
	store_path(store, to, "watchlists/%s/%s.watch", name, file);
	if (io_rename(from, to, err) < 0)
		return -1;
	return store_sync_dir(store, dir, err);
}

int watchlist_change(struct store *store, const char *name, const struct watchlist_change *change,
	struct err *err)
{
	char file[STORE_NAME];
	store_new_name(file);
	/* Files that no row names are swept by whoever gets the lease. */
	if (store_check_writable(store, err) < 0 || store_lease(store, err) < 0)
		return -1;
	int rc = change->facts ? rename_built(store, name, file, err) : 0;
	if (rc == 0)
		rc = catalog_begin(store, err);
	if (rc == 0)
		rc = catalog_end(store, note(store, name, change, file, err), err);
	store_unlease(store);
	return rc;
}

int watchlist_failed(
	struct store *store, const char *name, const char *why, int64_t due_at, struct err *err)
{
	return catalog_run(store, err,
		"UPDATE watchlists SET error = ?, due_at = ?, failures = failures + 1,"
		" failed_at = CASE WHEN failed_at = 0 THEN ? ELSE failed_at END WHERE name = ?",
		"tiit", why, due_at, clock_now_us(), name);
}

int watchlist_swept(struct store *store, const char *name, const char *path, struct err *err)
{
	const char *slash = strrchr(path, '/');
	char file[STORE_NAME];
	snprintf(file, sizeof(file), "%.*s", (int)strcspn(slash ? slash + 1 : path, "."),
		slash ? slash + 1 : path);
	return catalog_run(
		store, err, "UPDATE watchlists SET swept = ? WHERE name = ?", "tt", file, name);
}

/* ---- segments -------------------------------------------------------------------------------- */

int watch_pending(struct store *store, int (*each)(void *ctx, uint64_t segment, struct err *err),
	void *ctx, struct err *err)
{
	int rc = is_there(store, err);
	if (rc < 1)
		return rc;
	sqlite3_stmt *stmt = catalog_query(
		store, err, "SELECT segment_id FROM watch_pending ORDER BY segment_id", "");
	struct rows rows = rows_of(store, stmt);
	while (rows_next(&rows, err))
		rows.answer = each(ctx, number(stmt, 0), err);
	return rows.answer;
}

int watch_done(struct store *store, const uint64_t *segments, uint32_t n, struct err *err)
{
	if (n == 0)
		return 0;
	if (store_check_writable(store, err) < 0 || catalog_begin(store, err) < 0)
		return -1;
	int rc = 0;
	for (uint32_t i = 0; i < n && rc == 0; i++)
		rc = catalog_run(store, err, "DELETE FROM watch_pending WHERE segment_id = ?", "u",
			segments[i]);
	return catalog_end(store, rc, err);
}

int watch_pending_add(struct store *store, int64_t segment_id, struct err *err)
{
	return catalog_run(store, err,
		"INSERT INTO watch_pending SELECT ? WHERE EXISTS (SELECT 1 FROM watchlists)", "i",
		segment_id);
}

int watch_pending_follow(struct store *store, int64_t old, int64_t fresh, struct err *err)
{
	if (catalog_run(store, err,
		    "INSERT INTO watch_pending SELECT ? FROM watch_pending WHERE segment_id = ?"
		    " ON CONFLICT DO NOTHING",
		    "ii", fresh, old) < 0)
		return -1;
	return catalog_run(store, err, "DELETE FROM watch_pending WHERE segment_id = ?", "i", old);
}
