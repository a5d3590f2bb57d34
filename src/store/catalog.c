/* SPDX-License-Identifier: Apache-2.0 */
/* catalog.c: the SQLite connection: opening (also in a folder that cannot be written), statements
 * kept for reuse, transactions, and SQLite's codes as sentences. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store/private.h"
#include "store/sqlite_vfs.h"

enum { BUSY_MS = 30000 };

struct statement {
	const char *sql; /* the literal's address is the key */
	sqlite3_stmt *stmt;
	bool busy;
	struct statement *next;
};

static const char *advice(int rc)
{
	switch (rc & 0xff) {
	case SQLITE_FULL:
		return "; free some space and run the command again";
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return "; another process holds it: try again";
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return "; run `pugmark verify`, and restore from a backup where it says so";
	case SQLITE_READONLY:
	case SQLITE_CANTOPEN:
	case SQLITE_PERM:
		return "; check owner and mode of the data folder";
	default:
		return rc == SQLITE_IOERR_DATA
			       ? "; a page fails its checksum: restore from a backup"
			       : "";
	}
}

static enum err_kind kind_of(int rc)
{
	switch (rc & 0xff) {
	case SQLITE_FULL:
		return ERR_NO_SPACE;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return ERR_BUSY;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return ERR_DAMAGED;
	case SQLITE_READONLY:
	case SQLITE_CANTOPEN:
	case SQLITE_PERM:
		return ERR_ACCESS;
	case SQLITE_INTERRUPT:
		return ERR_INTERRUPTED;
	default:
		return rc == SQLITE_IOERR_DATA ? ERR_DAMAGED : ERR_IO;
	}
}

int catalog_error(struct store *store, struct err *err)
{
	int rc = sqlite3_extended_errcode(store->db);
	struct err why;
	err_set(&why, kind_of(rc), "%s/catalog.db: %s%s", store->dir, sqlite3_errmsg(store->db),
		advice(rc));
	if (rc == SQLITE_IOERR_FSYNC || rc == SQLITE_IOERR_DIR_FSYNC)
		store_poison(store, &why);
	if (err)
		*err = why;
	return -1;
}

/* ---- opening --------------------------------------------------------------------------------- */

/* A URI needs %, ? and # escaped. */
static void uri_of(struct buf *out, const char *path, const char *query)
{
	buf_puts(out, "file:");
	for (const char *p = path; *p; p++) {
		if (*p == '%' || *p == '?' || *p == '#')
			buf_printf(out, "%%%02X", (unsigned char)*p);
		else
			buf_push(out, *p);
	}
	buf_printf(out, "%s%c", query, '\0');
}

static int open_database(struct store *store, const char *path, const char *query, int flags)
{
	struct buf uri;
	buf_init(&uri, 4 * STORE_PATH);
	uri_of(&uri, path, query);
	int rc = sqlite3_open_v2(uri.ptr, &store->db, flags | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX,
		sqlite_vfs_name());
	buf_fini(&uri);
	if (store->db) {
		sqlite3_extended_result_codes(store->db, 1);
		sqlite3_busy_timeout(store->db, BUSY_MS);
	}
	return rc;
}

static int exec(struct store *store, const char *sql)
{
	return sqlite3_exec(store->db, sql, NULL, NULL, NULL);
}

static int settle(struct store *store)
{
	int rc = exec(store, "PRAGMA foreign_keys=ON; PRAGMA synchronous=FULL;"
			     "PRAGMA temp_store=MEMORY; PRAGMA trusted_schema=OFF;"
			     "PRAGMA cache_size=-8192;"
			     "PRAGMA cell_size_check=ON");
	/* The first statement that looks into the file: fails where it cannot be read. */
	return rc == SQLITE_OK ? exec(store, "SELECT count(*) FROM sqlite_schema") : rc;
}

static bool has_content(const char *path)
{
	struct io_info info;
	return io_stat(path, &info, NULL) == 1 && info.size > 0;
}

static int nothing_here(const struct store *store, struct err *err)
{
	return err_set(err, ERR_NOT_FOUND,
		"%s: there is no pugmark data here yet: import something, or name another "
		"folder with --data",
		store->dir);
}

/* Readers of a database in WAL mode need its -shm file; in a folder that cannot be written it
 * cannot be made. Where the last writer closed cleanly there is no log, and the file can be read
 * as it is. */
static int open_immutable(struct store *store, const char *path, struct err *err)
{
	char log[STORE_PATH];
	/* WAL mode has no journal: only the making of the catalog, which was cut off. */
	if (has_content(store_path(store, log, "catalog.db-journal")))
		return nothing_here(store, err);
	if (has_content(store_path(store, log, "catalog.db-wal")))
		return err_set(err, ERR_ACCESS,
			"%s: was not closed cleanly, and the folder cannot be written: open it "
			"once "
			"with write permission (for example `pugmark status`), or read a backup",
			log);
	sqlite3_close(store->db);
	store->db = NULL;
	if (open_database(store, path, "?immutable=1", SQLITE_OPEN_READONLY) != SQLITE_OK ||
		settle(store) != SQLITE_OK)
		return catalog_error(store, err);
	return 0;
}

static int open_reader(struct store *store, const char *path, struct err *err)
{
	struct io_info info;
	int there = io_stat(path, &info, err);
	if (there < 0)
		return -1;
	if (there == 0)
		return nothing_here(store, err);
	int rc = open_database(store, path, "", SQLITE_OPEN_READONLY);
	if (rc == SQLITE_OK)
		rc = settle(store);
	if (rc == SQLITE_OK)
		return 0;
	if (access(store->dir, W_OK) == 0 && (rc & 0xff) != SQLITE_READONLY)
		return catalog_error(store, err);
	return open_immutable(store, path, err);
}

/* SQLite gives the log and its index the mode of the database: that is made here. (Never opened twice:
 * closing the second descriptor would drop SQLite's locks, see fcntl(2).) */
static int make_file(const char *path, struct err *err)
{
	struct err why;
	int there = io_stat(path, NULL, err);
	if (there != 0)
		return there < 0 ? -1 : 0;
	int fd = io_open(path, O_RDWR | O_CREAT | O_EXCL, IO_SHARED, &why);
	if (fd < 0 && why.code != EEXIST) {
		if (err)
			*err = why;
		return -1;
	}
	io_close(fd);
	return 0;
}

/* Members of a shared folder's group read, and cannot make the files of WAL mode: those stay. */
static int keep_log(struct store *store)
{
	int on = 1;
	if (!io_shares(store->dir))
		return SQLITE_OK;
	sqlite3_file_control(store->db, "main", SQLITE_FCNTL_PERSIST_WAL, &on);
	return exec(store, "PRAGMA journal_size_limit=0");
}

/* Several processes may make a catalog at once. Where two of them change its mode, SQLite tells one of them at once that the other is busy,
 * whatever its time-out: waiting inside might never end. */
static int begin_log(struct store *store)
{
	enum { PAUSE_MS = 20 };
	int rc = exec(store, "PRAGMA journal_mode=WAL");
	for (int waited = 0; (rc & 0xff) == SQLITE_BUSY && waited < BUSY_MS; waited += PAUSE_MS) {
		sqlite3_sleep(PAUSE_MS);
		rc = exec(store, "PRAGMA journal_mode=WAL");
	}
	return rc;
}

static int open_writer(struct store *store, const char *path, struct err *err)
{
	int reserved = VFS_RESERVED;
	if (make_file(path, err) < 0)
		return -1;
	if (open_database(store, path, "", SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE) != SQLITE_OK)
		return catalog_error(store, err);
	sqlite3_file_control(store->db, "main", SQLITE_FCNTL_RESERVE_BYTES, &reserved);
	if (settle(store) != SQLITE_OK || begin_log(store) != SQLITE_OK ||
		keep_log(store) != SQLITE_OK)
		return catalog_error(store, err);
	return 0;
}

int catalog_open(struct store *store, struct err *err)
{
	char path[STORE_PATH];
	store_path(store, path, "catalog.db");
	return store->mode == STORE_READ ? open_reader(store, path, err)
					 : open_writer(store, path, err);
}

void catalog_close(struct store *store)
{
	while (store->statements) {
		struct statement *kept = store->statements;
		store->statements = kept->next;
		sqlite3_finalize(kept->stmt);
		free(kept);
	}
	/* After a failed fsync nothing more is written: the next start sorts it out. */
	if (store->db && store->poisoned)
		sqlite3_db_config(store->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, (int *)NULL);
	sqlite3_close(store->db);
	store->db = NULL;
}

/* ---- transactions ---------------------------------------------------------------------------- */

int catalog_begin(struct store *store, struct err *err)
{
	return catalog_run(store, err, "BEGIN IMMEDIATE", "");
}

void catalog_rollback(struct store *store)
{
	if (!sqlite3_get_autocommit(store->db))
		(void)catalog_run(store, NULL, "ROLLBACK", "");
}

/* Empties the log into catalog.db: a log that lies about is read again after a crash, and one
 * flipped bit in it would silently end the reading there. Readers may hold it up; then the next
 * commit does it. */
static void empty_log(struct store *store)
{
	sqlite3_busy_timeout(store->db, 0);
	int rc = sqlite3_wal_checkpoint_v2(store->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
	sqlite3_busy_timeout(store->db, BUSY_MS);
	if (rc != SQLITE_OK && (rc & 0xff) == SQLITE_IOERR) {
		struct err why;
		catalog_error(store, &why);
		store_poison(store, &why);
	}
}

int catalog_commit(struct store *store, struct err *err)
{
	struct err why = {0};
	if (catalog_run(store, &why, "COMMIT", "") < 0) {
		catalog_rollback(store);
		/* The commit record may have reached the log: only recovery knows. */
		if (why.kind == ERR_NO_SPACE || why.kind == ERR_BUSY)
			store->in_doubt = true;
		else
			store_poison(store, &why);
		if (err)
			*err = why;
		return -1;
	}
	empty_log(store);
	return 0;
}

int catalog_end(struct store *store, int rc, struct err *err)
{
	if (rc < 0) {
		catalog_rollback(store);
		return -1;
	}
	return catalog_commit(store, err);
}

/* ---- statements ------------------------------------------------------------------------------ */

static struct statement *take(struct store *store, const char *sql, struct err *err)
{
	for (struct statement *kept = store->statements; kept; kept = kept->next) {
		if (kept->sql == sql && !kept->busy) {
			kept->busy = true;
			return kept;
		}
	}
	sqlite3_stmt *stmt = NULL;
	if (sqlite3_prepare_v3(store->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &stmt, NULL) !=
		SQLITE_OK) {
		catalog_error(store, err);
		return NULL;
	}
	struct statement *kept = xmalloc(sizeof(*kept));
	*kept = (struct statement){
		.sql = sql, .stmt = stmt, .busy = true, .next = store->statements};
	store->statements = kept;
	return kept;
}

static int bind(sqlite3_stmt *stmt, const char *types, va_list ap)
{
	int rc = SQLITE_OK;
	for (int i = 1; types[i - 1] && rc == SQLITE_OK; i++) {
		switch (types[i - 1]) {
		case 'i':
			rc = sqlite3_bind_int64(stmt, i, va_arg(ap, int64_t));
			break;
		case 'u':
			rc = sqlite3_bind_int64(stmt, i, (int64_t)va_arg(ap, uint64_t));
			break;
		case 't':
			rc = sqlite3_bind_text(
				stmt, i, va_arg(ap, const char *), -1, SQLITE_STATIC);
			break;
		case 'b': {
			const void *data = va_arg(ap, const void *);
			rc = sqlite3_bind_blob64(stmt, i, data, va_arg(ap, size_t), SQLITE_STATIC);
			break;
		}
		default:
			abort();
		}
	}
	return rc;
}

static sqlite3_stmt *query(
	struct store *store, struct err *err, const char *sql, const char *types, va_list ap)
{
	struct statement *kept = take(store, sql, err);
	if (!kept)
		return NULL;
	if (bind(kept->stmt, types, ap) != SQLITE_OK) {
		catalog_error(store, err);
		catalog_done(store, kept->stmt);
		return NULL;
	}
	return kept->stmt;
}

sqlite3_stmt *catalog_query(
	struct store *store, struct err *err, const char *sql, const char *types, ...)
{
	va_list ap;
	va_start(ap, types);
	sqlite3_stmt *stmt = query(store, err, sql, types, ap);
	va_end(ap);
	return stmt;
}

int catalog_step(struct store *store, sqlite3_stmt *stmt, struct err *err)
{
	int rc = sqlite3_step(stmt);
	if (rc == SQLITE_ROW)
		return 1;
	return rc == SQLITE_DONE ? 0 : catalog_error(store, err);
}

void catalog_done(struct store *store, sqlite3_stmt *stmt)
{
	if (!stmt)
		return;
	sqlite3_reset(stmt);
	sqlite3_clear_bindings(stmt);
	for (struct statement *kept = store->statements; kept; kept = kept->next) {
		if (kept->stmt == stmt)
			kept->busy = false;
	}
}

bool rows_next(struct rows *rows, struct err *err)
{
	if (rows->answer == 0) {
		int rc = catalog_step(rows->store, rows->stmt, err);
		if (rc == 1)
			return true;
		rows->answer = rc;
	}
	catalog_done(rows->store, rows->stmt);
	return false;
}

int catalog_run(struct store *store, struct err *err, const char *sql, const char *types, ...)
{
	va_list ap;
	va_start(ap, types);
	sqlite3_stmt *stmt = query(store, err, sql, types, ap);
	va_end(ap);
	int rc = stmt ? 1 : -1;
	while (rc == 1)
		rc = catalog_step(store, stmt, err);
	catalog_done(store, stmt);
	return rc;
}

int catalog_int(struct store *store, int64_t *value, struct err *err, const char *sql,
	const char *types, ...)
{
	va_list ap;
	va_start(ap, types);
	sqlite3_stmt *stmt = query(store, err, sql, types, ap);
	va_end(ap);
	int rc = stmt ? catalog_step(store, stmt, err) : -1;
	if (rc == 1)
		*value = sqlite3_column_int64(stmt, 0);
	catalog_done(store, stmt);
	return rc;
}

const char *catalog_text(sqlite3_stmt *stmt, int column)
{
	const char *text = (const char *)sqlite3_column_text(stmt, column);
	return text ? text : "";
}

void catalog_blob(sqlite3_stmt *stmt, int column, void *out, size_t n)
{
	const void *blob = sqlite3_column_blob(stmt, column);
	if (blob && (size_t)sqlite3_column_bytes(stmt, column) == n)
		memcpy(out, blob, n);
	else
		memset(out, 0, n);
}
