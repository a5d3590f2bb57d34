/* SPDX-License-Identifier: Apache-2.0 */
/* backup.c: a consistent copy of the folder. The catalog is copied first, by SQLite's own backup; then
 * the files that the copied catalog names: those never change under their names, and vault files
 * only grow. A file BACKUP, written last, says that the copy is whole. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/private.h"
#include "store/sqlite_vfs.h"
#include "store/verify.h"

enum { COPY_BYTES = 1 << 20, PAGES_PER_STEP = 1024 };
#define WHOLE_MARK "BACKUP"

struct copy {
	struct store *from; /* for its folder */
	struct store *to;   /* the copied catalog, open for reading */
	bool link;
	const struct progress *progress;
	uint64_t done, total;
	char *data;
};

static int step(struct copy *c, uint64_t bytes, const char *what, struct err *err)
{
	c->done += bytes;
	if (!c->progress)
		return 0;
	if (c->progress->step)
		c->progress->step(c->progress->ctx, c->done, c->total, what);
	if (c->progress->stop && *c->progress->stop)
		return err_set(err, ERR_INTERRUPTED,
			"interrupted: %s is not whole; remove it and start again", c->to->dir);
	return 0;
}

/* ---- the catalog ----------------------------------------------------------------------------- */

static int run_backup(sqlite3 *from, sqlite3 *to, const char *path, struct err *err)
{
	sqlite3_backup *backup = sqlite3_backup_init(to, "main", from, "main");
	if (!backup)
		return err_set(err, ERR_IO, "%s: %s", path, sqlite3_errmsg(to));
	int rc;
	do {
		rc = sqlite3_backup_step(backup, PAGES_PER_STEP);
		if (rc == SQLITE_BUSY || rc == SQLITE_LOCKED)
			sqlite3_sleep(20);
	} while (rc == SQLITE_OK || rc == SQLITE_BUSY || rc == SQLITE_LOCKED);
	int end = sqlite3_backup_finish(backup);
	if (rc == SQLITE_DONE && end == SQLITE_OK)
		return 0;
	rc = rc == SQLITE_DONE ? end : rc;
	return err_set(err, (rc & 0xff) == SQLITE_FULL ? ERR_NO_SPACE : ERR_IO,
		"%s: the catalog could not be copied: %s", path, sqlite3_errstr(rc));
}

static int copy_catalog(struct store *from, const char *to, struct err *err)
{
	char path[STORE_PATH];
	int reserved = VFS_RESERVED;
	sqlite3 *db = NULL;
	snprintf(path, sizeof(path), "%.*s/catalog.db", STORE_PATH - 20, to);
	if (sqlite3_open_v2(path, &db,
		    SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
		    sqlite_vfs_name()) != SQLITE_OK) {
		err_set(err, ERR_IO, "%s: %s", path, db ? sqlite3_errmsg(db) : "out of memory");
		sqlite3_close(db);
		return -1;
	}
	sqlite3_file_control(db, "main", SQLITE_FCNTL_RESERVE_BYTES, &reserved);
	int rc = run_backup(from->db, db, path, err);
	sqlite3_close(db);
	return rc;
}

/* ---- files ----------------------------------------------------------------------------------- */

static int copy_range(struct copy *c, int from, int to, uint64_t at, uint64_t n,
	const char *from_path, const char *to_path, struct err *err)
{
	while (n > 0) {
		size_t part = n < COPY_BYTES ? (size_t)n : COPY_BYTES;
		if (io_pread(from, c->data, part, at, from_path, err) < 0 ||
			io_pwrite(to, c->data, part, at, to_path, err) < 0 ||
			step(c, part, from_path, err) < 0)
			return -1;
		at += part;
		n -= part;
	}
	return 0;
}

static int open_pair(
	const char *from, const char *to, mode_t mode, int *in, int *out, struct err *err)
{
	*out = -1;
	*in = io_open(from, O_RDONLY, 0, err);
	if (*in < 0)
		return err && err->kind == ERR_NOT_FOUND
			       ? err_context(err, "changed while it was copied, start again")
			       : -1;
	*out = io_open(to, O_WRONLY | O_CREAT | O_EXCL, mode, err);
	return *out < 0 ? -1 : 0;
}

/* A file that never changes again: linked where wanted and possible, else copied. */
static int copy_fixed(struct copy *c, const char *name, uint64_t bytes, struct err *err)
{
	char from[STORE_PATH], to[STORE_PATH];
	int in, out;
	store_path(c->from, from, "%s", name);
	store_path(c->to, to, "%s", name);
	if (c->link && io_link(from, to, NULL) == 0)
		return step(c, bytes, from, err);
	int rc = open_pair(from, to, IO_SHARED, &in, &out, err);
	if (rc == 0)
		rc = copy_range(c, in, out, 0, bytes, from, to, err);
	if (rc == 0)
		rc = io_fsync(out, to, err);
	io_close(in);
	io_close(out);
	return rc == 0 ? io_chmod(to, 0444, err) : -1;
}

/* Copies what is live of a vault file: holes stay holes. */
static int copy_live_frames(struct copy *c, const struct check_item *item, int in, int out,
	const char *from, const char *to, struct err *err)
{
	uint64_t at = 0, end = 0; /* a run of live frames */
	struct frame_row row;
	int there = 1;
	for (uint32_t i = 0; there == 1; i++) {
		there = vault_frame(c->to, item->owner, item->vault_file, i, &row, err);
		if (there == 1 && row.state == FRAME_LIVE && row.offset == end) {
			end += row.stored;
			continue;
		}
		if (there < 0 || copy_range(c, in, out, at, end - at, from, to, err) < 0)
			return -1;
		if (there == 1) {
			at = row.state == FRAME_LIVE ? row.offset : row.offset + row.stored;
			end = row.offset + row.stored;
		}
	}
	return io_truncate(out, item->bytes, to, err);
}

static int copy_vault_part(
	struct copy *c, const struct check_item *item, const char *ext, struct err *err)
{
	char from[STORE_PATH], to[STORE_PATH];
	int in, out;
	vault_path(c->from, from, item->owner, item->vault_file, ext);
	vault_path(c->to, to, item->owner, item->vault_file, ext);
	int rc = open_pair(from, to, IO_SHARED, &in, &out, err);
	if (rc == 0)
		rc = strcmp(ext, "zst") == 0
			     ? copy_live_frames(c, item, in, out, from, to, err)
			     : copy_range(c, in, out, 0, item->index_bytes, from, to, err);
	if (rc == 0)
		rc = io_fsync(out, to, err);
	io_close(in);
	io_close(out);
	return rc;
}

static int copy_item(struct copy *c, const struct check_item *item, struct err *err)
{
	static const char *const folders[] = {[ITEM_VAULT] = "vault",
		[ITEM_SEGMENT] = "tables",
		[ITEM_RUN] = "ids",
		[ITEM_OBSERVABLES] = "observables",
		[ITEM_WATCHLIST] = "watchlists"};
	char dir[STORE_PATH];
	if (item->kind == ITEM_CATALOG) /* was copied first */
		return step(c, item->bytes, "catalog.db", err);
	if (io_mkdirs(store_path(c->to, dir, "%s/%s", folders[item->kind], item->owner), err) < 0)
		return -1;
	if (item->kind != ITEM_VAULT)
		return copy_fixed(c, item->path, item->bytes, err);
	if (copy_vault_part(c, item, "zst", err) < 0)
		return -1;
	return copy_vault_part(c, item, "idx", err);
}

/* ---- the user's schemas ---------------------------------------------------------------------- */

static int copy_schema(void *ctx, const char *name, struct err *err)
{
	struct copy *c = ctx;
	char from[STORE_PATH], to[STORE_PATH], *data;
	size_t n;
	struct io_info info;
	store_path(c->from, from, "schemas/%.200s", name);
	if (io_stat(from, &info, err) < 0)
		return -1;
	if (!info.is_regular)
		return 0;
	if (io_read_file(from, LIMIT_SCHEMA_BYTES, &data, &n, err) < 0)
		return -1;
	int rc = io_write_file(
		store_path(c->to, to, "schemas/%.200s", name), data, n, IO_SHARED, err);
	free(data);
	return rc;
}

static int copy_schemas(struct copy *c, struct err *err)
{
	char from[STORE_PATH], to[STORE_PATH];
	struct io_info info;
	int there = io_stat(store_path(c->from, from, "schemas"), &info, err);
	if (there <= 0)
		return there;
	if (io_mkdirs(store_path(c->to, to, "schemas"), err) < 0)
		return -1;
	return io_list(from, copy_schema, c, err);
}

/* ---- the whole ------------------------------------------------------------------------------- */

static int copy_files(struct copy *c, struct err *err)
{
	struct check_item *items;
	uint32_t n;
	if (check_items(c->to, &items, &n, err) < 0)
		return -1;
	int rc = 0;
	for (uint32_t i = 0; i < n; i++)
		c->total += items[i].bytes + items[i].index_bytes;
	for (uint32_t i = 0; rc == 0 && i < n; i++)
		rc = copy_item(c, &items[i], err);
	free(items);
	return rc == 0 ? copy_schemas(c, err) : -1;
}

/* Retention may have punched a frame after the catalog was copied and before its bytes were. */
static int check_punched(struct copy *c, struct err *err)
{
	static const char count[] = "SELECT count(*) FROM frames WHERE state = 1";
	int64_t now = 0, then = 0;
	if (catalog_int(c->from, &now, err, count, "") < 0 ||
		catalog_int(c->to, &then, err, count, "") < 0)
		return -1;
	if (now == then)
		return 0;
	return err_set(err, ERR_BUSY,
		"%s: retention removed records while they were copied: remove %s and start again",
		c->from->dir, c->to->dir);
}

static int sync_folders(const char *dir, struct err *err);

static int sync_below(void *ctx, const char *name, struct err *err)
{
	char path[STORE_PATH];
	struct io_info info;
	if (snprintf(path, sizeof(path), "%s/%s", (const char *)ctx, name) >= (int)sizeof(path))
		return err_set(err, ERR_LIMIT, "%s/%s: the path is too long", (char *)ctx, name);
	if (io_stat(path, &info, err) < 0)
		return -1;
	return info.is_dir ? sync_folders(path, err) : 0;
}

/* Every folder below `dir`, then itself: three levels at most. */
static int sync_folders(const char *dir, struct err *err)
{
	char path[STORE_PATH];
	snprintf(path, sizeof(path), "%s", dir);
	if (io_list(path, sync_below, path, err) < 0)
		return -1;
	return io_fsync_dir(path, err);
}

static int refuse_name(void *ctx, const char *name, struct err *err)
{
	(void)name;
	return err_set(err, ERR_USAGE, "%s: is not empty: name a new folder", (const char *)ctx);
}

static int prepare_folder(const char *dir, struct err *err)
{
	char path[STORE_PATH];
	struct io_info info;
	if (!*dir || strlen(dir) > STORE_PATH / 2)
		return err_set(err, ERR_USAGE, "`%.100s` is no name of a folder", dir);
	snprintf(path, sizeof(path), "%s", dir);
	int there = io_stat(dir, &info, err);
	if (there < 0)
		return -1;
	if (there && !info.is_dir)
		return err_set(err, ERR_USAGE, "%s: is no folder", dir);
	if (there)
		return io_list(dir, refuse_name, path, err);
	return io_mkdirs(dir, err);
}

/* Everything but the mark that says it is whole. */
static int copy_store(struct store *from, const char *to, bool link,
	const struct progress *progress, struct err *err)
{
	struct copy c = {.from = from, .link = link, .progress = progress};
	if (prepare_folder(to, err) < 0 || copy_catalog(from, to, err) < 0 ||
		store_open(to, STORE_READ, &c.to, err) < 0)
		return -1;
	c.data = xmalloc(COPY_BYTES);
	int rc = copy_files(&c, err);
	if (rc == 0)
		rc = check_punched(&c, err);
	free(c.data);
	store_close(c.to);
	return rc == 0 ? sync_folders(to, err) : -1;
}

int store_backup(struct store *store, const char *to, bool link, const struct progress *progress,
	struct err *err)
{
	char path[STORE_PATH], text[200], when[CLOCK_TEXT];
	if (copy_store(store, to, link, progress, err) < 0)
		return -1;
	snprintf(path, sizeof(path), "%s/" WHOLE_MARK, to);
	int n = snprintf(text, sizeof(text),
		"A whole backup, made %s by pugmark " PUGMARK_VERSION
		" (format %d). `pugmark restore` takes it.\n",
		clock_text(clock_now_us(), when), FORMAT_VERSION);
	return io_write_file(path, text, (size_t)n, IO_SHARED, err);
}

struct first_damage {
	char text[600];
};

static void note_damage(void *ctx, const char *file, const char *what)
{
	struct first_damage *first = ctx;
	if (!first->text[0])
		snprintf(first->text, sizeof(first->text), "%s: %s", file, what);
}

int store_restore(
	const char *from, const char *dir, const struct progress *progress, struct err *err)
{
	char path[STORE_PATH];
	struct io_info info;
	struct store *store;
	struct first_damage first = {0};
	uint64_t damaged = 0;
	if (strlen(from) > STORE_PATH / 2)
		return err_set(err, ERR_USAGE, "the backup's path is too long");
	snprintf(path, sizeof(path), "%s/" WHOLE_MARK, from);
	int there = io_stat(path, &info, err);
	if (there < 0)
		return -1;
	if (there == 0)
		return err_set(err, ERR_NOT_FOUND,
			"%s: is no whole backup (it has no file " WHOLE_MARK
			"): name a folder that `pugmark backup` finished",
			from);
	if (prepare_folder(dir, err) < 0 || store_open(from, STORE_READ, &store, err) < 0)
		return -1;
	int rc = store_verify(store, note_damage, &first, progress, &damaged, err);
	if (rc == 0 && damaged > 0)
		rc = err_set(err, ERR_DAMAGED, "%s: the backup is damaged (%llu findings): %s",
			from, (unsigned long long)damaged, first.text);
	if (rc == 0)
		rc = copy_store(store, dir, false, progress, err);
	store_close(store);
	return rc;
}
