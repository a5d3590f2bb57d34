/* SPDX-License-Identifier: Apache-2.0 */
/* sweep.c: recovery. Removes the files of commits that did not come about, and what was appended to
 * vault files beyond their committed lengths. Only files with names that we make are touched. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/private.h"

#define TELL_US (INT64_C(3600) * 1000000)

struct sweep {
	struct store *store;
	bool only_tell;   /* remove nothing */
	bool marked;      /* the marker transaction is done */
	const char *kind; /* "tables", "ids" */
	const char *sub;  /* table or source */
};

/* A COMMIT that failed in fsync may have left its record in SQLite's log, where it would come alive
 * again with the next recovery. A transaction of our own overwrites it: after that, what the
 * catalog does not name is dead for good. */
static int mark(struct sweep *sweep, struct err *err)
{
	if (sweep->marked)
		return 0;
	struct store *store = sweep->store;
	if (catalog_begin(store, err) < 0)
		return -1;
	if (catalog_run(store, err, "UPDATE format SET swept_at = ?", "i", clock_now_us()) < 0) {
		catalog_rollback(store);
		return -1;
	}
	if (catalog_commit(store, err) < 0)
		return -1;
	sweep->marked = true;
	return 0;
}

/* A running commit makes such files too: only old ones are worth telling of. */
static int tell(const char *path, struct err *err)
{
	struct io_info info;
	int there = io_stat(path, &info, err);
	if (there == 1 && clock_now_us() - info.mtime_us > TELL_US)
		log_warn("%s: no segment names this file: left by an interrupted commit; it is "
			 "removed when pugmark next opens the folder for writing",
			path);
	return there < 0 ? -1 : 0;
}

static int remove_file(struct sweep *sweep, const char *path, struct err *err)
{
	if (sweep->only_tell)
		return tell(path, err);
	log_debug("%s: left by an interrupted commit, removed", path);
	return mark(sweep, err) < 0 ? -1 : io_unlink(path, err);
}

/* "<11 hex>-<16 hex>" as store_new_name makes them, then any extension. */
static size_t our_name(const char *name)
{
	static const char hex[] = "0123456789abcdef";
	size_t n = strspn(name, hex);
	if (n != 11 || name[n] != '-' || strspn(name + 12, hex) != 16)
		return 0;
	return name[28] == '.' ? 28 : 0;
}

static int is_named(struct sweep *sweep, const char *name, const char *path, struct err *err)
{
	int64_t n = 0;
	int rc;
	if (strcmp(sweep->kind, "tables") == 0) {
		char stem[STORE_NAME];
		snprintf(stem, sizeof(stem), "%.28s", name);
		rc = strcmp(name + 28, ".parquet") != 0
			     ? 0
			     : catalog_int(sweep->store, &n, err,
				       "SELECT 1 FROM segments WHERE name = ?", "t", stem);
	} else if (strcmp(sweep->kind, "observables") == 0) {
		char stem[STORE_NAME];
		snprintf(stem, sizeof(stem), "%.28s", name);
		rc = strcmp(name + 28, ".obs") != 0
			     ? 0
			     : catalog_int(sweep->store, &n, err,
				       "SELECT 1 FROM observable_runs WHERE name = ?", "t", stem);
	} else if (strcmp(sweep->kind, "watchlists") == 0) {
		char stem[STORE_NAME];
		snprintf(stem, sizeof(stem), "%.28s", name);
		rc = strcmp(name + 28, ".watch") != 0
			     ? 0
			     : catalog_int(sweep->store, &n, err,
				       "SELECT 1 FROM watchlists WHERE file = ? AND name = ?", "tt",
				       stem, sweep->sub);
	} else {
		rc = catalog_int(sweep->store, &n, err,
			"SELECT 1 FROM id_runs r JOIN tables t ON t.id = r.table_id"
			" WHERE r.name = ? AND t.name = ?",
			"tt", name, sweep->sub);
	}
	if (rc != 0)
		return rc;
	return catalog_int(
		sweep->store, &n, err, "SELECT 1 FROM retired WHERE path = ?", "t", path);
}

static int sweep_file(void *ctx, const char *name, struct err *err)
{
	struct sweep *sweep = ctx;
	char relative[STORE_PATH], path[STORE_PATH];
	if (!our_name(name))
		return 0;
	snprintf(relative, sizeof(relative), "%s/%.128s/%.128s", sweep->kind, sweep->sub, name);
	int named = is_named(sweep, name, relative, err);
	if (named != 0)
		return named < 0 ? -1 : 0;
	store_path(sweep->store, path, "%s", relative);
	return remove_file(sweep, path, err);
}

static int sweep_folder(void *ctx, const char *name, struct err *err)
{
	struct sweep *sweep = ctx;
	char path[STORE_PATH];
	struct io_info info;
	store_path(sweep->store, path, "%s/%s", sweep->kind, name);
	if (io_stat(path, &info, err) < 0)
		return -1;
	if (!info.is_dir)
		return 0;
	sweep->sub = name;
	return io_list(path, sweep_file, sweep, err);
}

/* A folder that nothing was written into yet is not there, e.g. in a backup. */
static int list_if_there(struct sweep *sweep, const char *path,
	int (*each)(void *ctx, const char *name, struct err *err), struct err *err)
{
	struct io_info info;
	int there = io_stat(path, &info, err);
	return there == 1 ? io_list(path, each, sweep, err) : there;
}

static int sweep_kind(struct sweep *sweep, const char *kind, struct err *err)
{
	char path[STORE_PATH];
	sweep->kind = kind;
	return list_if_there(sweep, store_path(sweep->store, path, "%s", kind), sweep_folder, err);
}

/* ---- vault ----------------------------------------------------------------------------------- */

static int cut_file(struct sweep *sweep, const char *path, uint64_t bytes, struct err *err)
{
	struct io_info info;
	int there = io_stat(path, &info, err);
	if (there <= 0 || info.size <= bytes || sweep->only_tell)
		return there < 0 ? -1 : 0;
	if (mark(sweep, err) < 0)
		return -1;
	log_debug("%s: cut to its committed length", path);
	int fd = io_open(path, O_WRONLY, 0, err);
	if (fd < 0)
		return -1;
	int rc = io_truncate(fd, bytes, path, err);
	io_close(fd);
	return rc;
}

/* The newest committed file of a source and its lengths; *file 0 where there is none. */
static int newest_file(struct store *store, const char *source, uint32_t *file, uint64_t *bytes,
	uint64_t *index_bytes, struct err *err)
{
	*file = 0;
	*bytes = *index_bytes = 0;
	sqlite3_stmt *stmt = catalog_query(store, err,
		"SELECT file, bytes, index_bytes FROM vault_files v JOIN sources s"
		" ON s.id = v.source_id WHERE s.name = ? ORDER BY file DESC LIMIT 1",
		"t", source);
	int rc = stmt ? catalog_step(store, stmt, err) : -1;
	if (rc == 1) {
		*file = (uint32_t)sqlite3_column_int64(stmt, 0);
		*bytes = (uint64_t)sqlite3_column_int64(stmt, 1);
		*index_bytes = (uint64_t)sqlite3_column_int64(stmt, 2);
	}
	catalog_done(store, stmt);
	return rc < 0 ? -1 : 0;
}

struct vault_sweep {
	struct sweep *sweep;
	const char *source;
	uint32_t newest;
};

/* Files are only ever appended to while they are the newest: later numbers are leftovers. */
static int sweep_vault_file(void *ctx, const char *name, struct err *err)
{
	struct vault_sweep *v = ctx;
	char path[STORE_PATH], *end;
	unsigned long number = strtoul(name, &end, 10);
	if (end - name < 6 || (strcmp(end, ".zst") != 0 && strcmp(end, ".idx") != 0) ||
		number <= v->newest)
		return 0;
	store_path(v->sweep->store, path, "vault/%s/%s", v->source, name);
	return remove_file(v->sweep, path, err);
}

static int sweep_source(void *ctx, const char *name, struct err *err)
{
	struct sweep *sweep = ctx;
	char path[STORE_PATH];
	struct io_info info;
	uint64_t bytes, index_bytes;
	struct vault_sweep v = {.sweep = sweep, .source = name};
	if (io_stat(store_path(sweep->store, path, "vault/%s", name), &info, err) < 0 ||
		newest_file(sweep->store, name, &v.newest, &bytes, &index_bytes, err) < 0)
		return -1;
	if (!info.is_dir)
		return 0;
	if (io_list(path, sweep_vault_file, &v, err) < 0)
		return -1;
	if (v.newest == 0)
		return 0;
	if (cut_file(sweep, vault_path(sweep->store, path, name, v.newest, "zst"), bytes, err) < 0)
		return -1;
	return cut_file(
		sweep, vault_path(sweep->store, path, name, v.newest, "idx"), index_bytes, err);
}

static int sweep_all(struct sweep *sweep, struct err *err)
{
	char path[STORE_PATH];
	if (sweep_kind(sweep, "tables", err) < 0 || sweep_kind(sweep, "ids", err) < 0 ||
		sweep_kind(sweep, "observables", err) < 0 ||
		sweep_kind(sweep, "watchlists", err) < 0)
		return -1;
	return list_if_there(sweep, store_path(sweep->store, path, "vault"), sweep_source, err);
}

int store_sweep(struct store *store, struct err *err)
{
	struct sweep sweep = {.store = store};
	return sweep_all(&sweep, err);
}

int store_orphans(struct store *store, struct err *err)
{
	struct sweep sweep = {.store = store, .only_tell = true};
	return sweep_all(&sweep, err);
}
