/* SPDX-License-Identifier: Apache-2.0 */
/* store.c: the data folder as a whole: opening and closing, the writer's lease, names of files,
 * and the tables that this process has open identities of. */
#include <assert.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "store/private.h"

enum { LONGEST_DIR = 700 /* leaves room in STORE_PATH for what is below the folder */ };

char *store_path(const struct store *store, char out[STORE_PATH], const char *fmt, ...)
{
	int n = snprintf(out, STORE_PATH, "%s/", store->dir);
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(out + n, (size_t)(STORE_PATH - n), fmt, ap);
	va_end(ap);
	return out;
}

const char *store_dir(const struct store *store)
{
	return store->dir;
}

void store_new_name(char out[STORE_NAME])
{
	uint64_t random = 0;
	if (getrandom(&random, sizeof(random), 0) != sizeof(random))
		abort();
	snprintf(out, STORE_NAME, "%011llx-%016llx",
		(unsigned long long)(clock_now_us() / 1000) & 0xfffffffffff,
		(unsigned long long)random);
}

int store_poison(struct store *store, const struct err *why)
{
	if (!store->poisoned)
		store->poison = *why;
	store->poisoned = true;
	return -1;
}

int store_durable_error(struct store *store, const struct err *why, struct err *err)
{
	if (err)
		*err = *why;
	return why->kind == ERR_NO_SPACE ? -1 : store_poison(store, why);
}

int store_sync_dir(struct store *store, const char *dir, struct err *err)
{
	struct err why;
	if (io_fsync_dir(dir, &why) == 0)
		return 0;
	if (err)
		*err = why;
	return store_poison(store, &why);
}

int store_check_writable(struct store *store, struct err *err)
{
	if (store->mode != STORE_WRITE)
		return err_set(err, ERR_ACCESS, "%s: was opened for reading only", store->dir);
	if (store->poisoned)
		return err_set(err, store->poison.kind,
			"%.300s: no more writing after this error; start pugmark again, recovery "
			"is "
			"automatic and nothing committed is lost: %.500s",
			store->dir, store->poison.text);
	return 0;
}

/* ---- the lease ------------------------------------------------------------------------------- */

static int open_lock(const char *path, struct err *err)
{
	struct io_info info;
	int there = io_stat(path, &info, err);
	if (there < 0)
		return -1;
	return there ? io_open(path, O_RDWR, 0, err) : io_open(path, O_RDWR | O_CREAT, 0600, err);
}

static int lock_file(struct store *store, const char *name, bool wait, struct err *err)
{
	char path[STORE_PATH];
	store_path(store, path, "%s", name);
	int fd = open_lock(path, err);
	if (fd >= 0 && io_lock(fd, true, wait, path, err) < 0) {
		io_close(fd);
		return -1;
	}
	return fd;
}

/* Whoever waits for write.lock holds turn.lock meanwhile: one who gives the lease back and wants it
 * again has to queue behind him. */
static int take_lease(struct store *store, bool wait, struct err *err)
{
	assert(store->lease_fd < 0);
	int turn = lock_file(store, "turn.lock", wait, err);
	if (turn < 0)
		return -1;
	store->lease_fd = lock_file(store, "write.lock", wait, err);
	io_close(turn);
	return store->lease_fd < 0 ? -1 : 0;
}

int store_lease(struct store *store, struct err *err)
{
	if (store_check_writable(store, err) < 0 || take_lease(store, true, err) < 0)
		return -1;
	if (!store->in_doubt)
		return 0;
	if (store_sweep(store, err) < 0) {
		store_unlease(store);
		return -1;
	}
	store->in_doubt = false;
	return 0;
}

void store_unlease(struct store *store)
{
	io_close(store->lease_fd);
	store->lease_fd = -1;
}

/* ---- opening --------------------------------------------------------------------------------- */

static int check_version(struct store *store, struct err *err)
{
	int version = catalog_version(store, err);
	if (version < 0)
		return -1;
	if (version > FORMAT_VERSION)
		return err_set(err, ERR_UNSUPPORTED,
			"%s: was written by a newer pugmark (format %d, this program knows %d): "
			"use "
			"the newer program",
			store->dir, version, FORMAT_VERSION);
	if (version < FORMAT_READABLE && store->mode == STORE_READ)
		return version == 0 ? err_set(err, ERR_NOT_FOUND,
					      "%s: there is no pugmark data here yet: import "
					      "something, or name another folder with --data",
					      store->dir)
				    : err_set(err, ERR_UNSUPPORTED,
					      "%s: has the older format %d: open it once for "
					      "writing (for example `pugmark compact`)",
					      store->dir, version);
	return version;
}

/* A log with content is left by a crash, or by a commit whose fsync failed and whose bytes may be
 * in memory only: moving it into catalog.db writes them anew. */
static int adopt_log(struct store *store, struct err *err)
{
	int rc = sqlite3_wal_checkpoint_v2(store->db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
	if (rc == SQLITE_OK || (rc & 0xff) == SQLITE_BUSY || (rc & 0xff) == SQLITE_LOCKED)
		return 0;
	return catalog_error(store, err);
}

static int recover(struct store *store, struct err *err)
{
	int version = check_version(store, err);
	if (version < 0)
		return -1;
	struct err why;
	bool must_wait = version < FORMAT_VERSION;
	if (take_lease(store, must_wait, &why) < 0) {
		if (!must_wait && why.kind == ERR_BUSY)
			return 0; /* somebody is writing: he has swept, and will go on */
		if (err)
			*err = why;
		return -1;
	}
	int rc = catalog_migrate(store, err);
	if (rc == 0)
		rc = adopt_log(store, err);
	if (rc == 0)
		rc = store_sweep(store, err);
	store_unlease(store);
	return rc;
}

static int open_for_writing(struct store *store, struct err *err)
{
	static const char *const folders[] = {"vault", "tables", "ids"};
	char path[STORE_PATH];
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		if (io_mkdirs(store_path(store, path, "%s", folders[i]), err) < 0)
			return -1;
	}
	if (catalog_open(store, err) < 0)
		return -1;
	return recover(store, err);
}

int store_open(const char *dir, enum store_mode mode, struct store **out, struct err *err)
{
	*out = NULL;
	if (!*dir || strlen(dir) > LONGEST_DIR)
		return err_set(err, ERR_USAGE,
			"the data folder's path must have 1 to %d bytes: %.200s", LONGEST_DIR, dir);
	struct store *store = xcalloc(1, sizeof(*store));
	store->mode = mode;
	store->lease_fd = -1;
	snprintf(store->dir, sizeof(store->dir), "%s", dir);
	int rc;
	if (mode == STORE_WRITE)
		rc = open_for_writing(store, err);
	else
		rc = catalog_open(store, err) < 0 || check_version(store, err) < 0 ? -1 : 0;
	if (rc < 0) {
		store_close(store);
		return -1;
	}
	*out = store;
	return 0;
}

int store_format(struct store *store, struct err *err)
{
	return catalog_version(store, err);
}

void store_close(struct store *store)
{
	if (!store)
		return;
	if (store->open)
		segment_abort(store->open);
	while (store->tables) {
		struct table_state *table = store->tables;
		store->tables = table->next;
		identity_close(table->identity);
		free(table);
	}
	frame_cache_free(store->cache);
	catalog_close(store);
	store_unlease(store);
	free(store);
}

/* ---- tables ---------------------------------------------------------------------------------- */

/* Table names become folder names: what a schema may be called, no more. */
static int check_table_name(const char *table, struct err *err)
{
	size_t n = strspn(table, "abcdefghijklmnopqrstuvwxyz0123456789_");
	if (n == 0 || table[n] != '\0' || n > 100 || (table[0] >= '0' && table[0] <= '9'))
		return err_set(err, ERR_USAGE,
			"`%.100s` cannot be a table's name: use a-z, 0-9 and _, up to 100, not "
			"beginning with a digit",
			table);
	return 0;
}

int store_table(struct store *store, const char *table, struct table_state **state, struct err *err)
{
	for (struct table_state *t = store->tables; t; t = t->next) {
		if (strcmp(t->name, table) == 0) {
			*state = t;
			return 0;
		}
	}
	int64_t id;
	if (check_table_name(table, err) < 0 || catalog_table_id(store, table, true, &id, err) < 1)
		return -1;
	struct table_state *fresh = xcalloc(1, sizeof(*fresh));
	snprintf(fresh->name, sizeof(fresh->name), "%s", table);
	fresh->id = id;
	fresh->next = store->tables;
	*state = store->tables = fresh;
	return 0;
}

int store_identity(
	struct store *store, const char *table, struct identity **identity, struct err *err)
{
	struct table_state *state;
	struct id_run *runs;
	uint32_t n;
	char dir[STORE_PATH];
	if (store_table(store, table, &state, err) < 0 ||
		io_mkdirs(store_path(store, dir, "ids/%s", table), err) < 0 ||
		catalog_id_runs(store, state->id, &runs, &n, err) < 0)
		return -1;
	int rc = state->identity ? identity_reload(state->identity, runs, n, err)
				 : identity_open(dir, runs, n, &state->identity, err);
	free(runs);
	*identity = state->identity;
	return rc;
}

int store_container(struct store *store, const char *table, enum container_kind kind,
	const char *name, uint32_t *id, struct err *err)
{
	static const char find[] = "SELECT id FROM containers WHERE table_id = ? AND name = ?";
	struct table_state *state;
	int64_t found;
	if (store_check_writable(store, err) < 0 || store_table(store, table, &state, err) < 0)
		return -1;
	int rc = catalog_int(store, &found, err, find, "it", state->id, name);
	if (rc == 0) {
		int64_t now = clock_now_us();
		if (catalog_run(store, err,
			    "INSERT INTO containers(table_id, kind, name, made_at, used_at)"
			    " VALUES(?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
			    "iitii", state->id, (int64_t)kind, name, now, now) < 0)
			return -1;
		rc = catalog_int(store, &found, err, find, "it", state->id, name);
	}
	if (rc < 1)
		return -1;
	*id = (uint32_t)found;
	return 0;
}

int store_container_find(
	struct store *store, const char *table, const char *name, uint32_t *id, struct err *err)
{
	int64_t found = 0;
	int rc = catalog_int(store, &found, err,
		"SELECT c.id FROM containers c JOIN tables t ON t.id = c.table_id"
		" WHERE t.name = ? AND c.name = ?",
		"tt", table, name);
	*id = (uint32_t)found;
	return rc;
}

int store_container_close(struct store *store, uint32_t id, struct err *err)
{
	if (store_check_writable(store, err) < 0)
		return -1;
	return catalog_run(
		store, err, "UPDATE containers SET closed = 1 WHERE id = ?", "i", (int64_t)id);
}
