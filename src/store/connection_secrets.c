/* SPDX-License-Identifier: Apache-2.0 */
/* connection_secrets.c: the sealed secrets of connections, notifiers and watchlists: set, opened, sealed anew under another key. */
#include <stdio.h>
#include <string.h>

#include "store/connections_private.h"
#include "store/secrets_private.h"

/* What is bound: no connection's name has a slash. */
static const struct {
	const char *prefix, *write, *delete, *get;
} owners[SECRET_OWNERS] = {
#define OWNER(prefix, table, id)                                                                   \
	{                                                                                          \
		prefix,                                                                            \
			"INSERT INTO " table " VALUES(?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET"    \
			" key_id = excluded.key_id, sealed = excluded.sealed,"                     \
			" set_at = excluded.set_at",                                               \
			"DELETE FROM " table " WHERE " id " = ? AND field = ?",                    \
			"SELECT sealed FROM " table " WHERE " id " = ? AND field = ?"              \
	}
	[OWNER_CONNECTION] = OWNER("", "connection_secrets", "connection_id"),
	[OWNER_NOTIFIER] = OWNER("notifier/", "notifier_secrets", "notifier_id"),
	[OWNER_WATCHLIST] = OWNER("watchlist/", "watchlist_secrets", "watchlist_id"),
#undef OWNER
};

int secrets_delete_begin(struct store *store, struct err *err)
{
	return sqlite3_exec(store->db, "PRAGMA secure_delete=ON", NULL, NULL, NULL) == SQLITE_OK
		       ? 0
		       : catalog_error(store, err);
}

int secrets_delete_end(struct store *store, int rc)
{
	(void)sqlite3_exec(store->db, "PRAGMA secure_delete=OFF", NULL, NULL, NULL);
	return rc;
}

/* ---- setting --------------------------------------------------------------------------------- */

static int check_field(const char *field, struct err *err)
{
	size_t n = strlen(field);
	if (n > 0 && n <= SECRET_FIELD && field[0] >= 'a' && field[0] <= 'z' &&
		strspn(field, "abcdefghijklmnopqrstuvwxyz0123456789_") == n)
		return 0;
	return err_set(err, ERR_USAGE, "`%.60s` cannot be the name of a secret", field);
}

/* All secrets of a store are under one key: which of ours. A key that opens none of the others is not
 * the right one (or was changed since it was read): nothing is sealed under it. */
static int choose_key(struct store *store, enum secret_owner owner, int64_t id, const char *field,
	const struct secret_key *key, uint8_t key_id[SECRET_KEY_ID], struct err *err)
{
	sqlite3_stmt *stmt = catalog_query(store, err,
		"SELECT key_id FROM connection_secrets"
		" WHERE ?1 <> 0 OR connection_id <> ?2 OR field <> ?3 UNION ALL"
		" SELECT key_id FROM notifier_secrets"
		" WHERE ?1 <> 1 OR notifier_id <> ?2 OR field <> ?3 UNION ALL"
		" SELECT key_id FROM watchlist_secrets"
		" WHERE ?1 <> 2 OR watchlist_id <> ?2 OR field <> ?3 LIMIT 1",
		"iit", (int64_t)owner, id, field);
	int rc = stmt ? catalog_step(store, stmt, err) : -1;
	memcpy(key_id, secret_key_id(key), SECRET_KEY_ID);
	if (rc == 1)
		catalog_blob(stmt, 0, key_id, SECRET_KEY_ID);
	catalog_done(store, stmt);
	if (rc < 0 || secret_key_has(key, key_id))
		return rc < 0 ? -1 : 0;
	return err_set(err, ERR_ACCESS,
		"the other secrets are sealed under another key than %s: put the key back that was "
		"there, or, if it is lost, remove the connections and connect them again",
		secret_key_where(key));
}

/* The name that a secret is bound to. */
static void bound_name(enum secret_owner owner, const char *name, char bound[STORE_NAME + 16])
{
	snprintf(bound, STORE_NAME + 16, "%s%.*s", owners[owner].prefix, STORE_NAME, name);
}

static int write_sealed(struct store *store, enum secret_owner owner, int64_t id, const char *field,
	const uint8_t key_id[SECRET_KEY_ID], struct slice sealed, struct err *err)
{
	return catalog_run(store, err, owners[owner].write, "itbbi", id, field, key_id,
		(size_t)SECRET_KEY_ID, sealed.ptr, sealed.len, clock_now_us());
}

int secret_put(struct store *store, enum secret_owner owner, int64_t id, const char *name,
	const struct connection_secret *secret, const struct secret_key *key, struct err *err)
{
	uint8_t key_id[SECRET_KEY_ID];
	char bound[STORE_NAME + 16];
	struct buf sealed;
	if (check_field(secret->field, err) < 0)
		return -1;
	if (secret->plain.len == 0)
		return catalog_run(store, err, owners[owner].delete, "it", id, secret->field);
	if (!key)
		return err_set(err, ERR_USAGE, "the %s of %s needs a key to be sealed under",
			secret->field, name);
	if (choose_key(store, owner, id, secret->field, key, key_id, err) < 0)
		return -1;
	bound_name(owner, name, bound);
	buf_init(&sealed, SECRET_MAX + SECRET_OVERHEAD);
	int rc = secret_seal(key, key_id, bound, secret->field, secret->plain, &sealed, err);
	if (rc == 0)
		rc = write_sealed(store, owner, id, secret->field, key_id, buf_view(&sealed), err);
	buf_fini(&sealed);
	return rc;
}

/* ---- opening --------------------------------------------------------------------------------- */

static struct slice blob_of(sqlite3_stmt *stmt, int column)
{
	const void *blob = sqlite3_column_blob(stmt, column);
	return (struct slice){blob, blob ? (size_t)sqlite3_column_bytes(stmt, column) : 0};
}

int secret_get(struct store *store, enum secret_owner owner, int64_t id, const char *name,
	const char *field, const struct secret_key *key, struct secret *plain, struct err *err)
{
	char bound[STORE_NAME + 16];
	bound_name(owner, name, bound);
	*plain = (struct secret){0};
	sqlite3_stmt *stmt = catalog_query(store, err, owners[owner].get, "it", id, field);
	int rc = stmt ? catalog_step(store, stmt, err) : -1;
	if (rc == 1 && secret_open(key, bound, field, blob_of(stmt, 0), plain, err) < 0)
		rc = -1;
	catalog_done(store, stmt);
	return rc;
}

int store_connection_secret(struct store *store, const char *name, const char *field,
	const struct secret_key *key, struct secret *plain, struct err *err)
{
	int64_t id;
	*plain = (struct secret){0};
	int rc = connection_id(store, name, &id, err);
	return rc < 1 ? rc : secret_get(store, OWNER_CONNECTION, id, name, field, key, plain, err);
}

/* How many secrets are sealed. */
static int count_sealed(struct store *store, int64_t *n, struct err *err)
{
	int64_t more = 0, lists = 0;
	*n = 0;
	int rc = catalog_has(store, 3, err);
	if (rc == 1)
		rc = catalog_int(store, n, err, "SELECT count(*) FROM connection_secrets", "");
	if (rc == 1)
		rc = catalog_has(store, 5, err);
	if (rc == 1)
		rc = catalog_int(store, &more, err, "SELECT count(*) FROM notifier_secrets", "");
	if (rc == 1)
		rc = catalog_has(store, 6, err);
	if (rc == 1)
		rc = catalog_int(store, &lists, err, "SELECT count(*) FROM watchlist_secrets", "");
	*n += more + lists;
	return rc < 0 ? -1 : 0;
}

int store_secret_key(struct store *store, const char *wanted, bool make, struct secret_key **key,
	struct err *err)
{
	int64_t sealed = 0;
	if (count_sealed(store, &sealed, err) < 0)
		return -1;
	return secret_key_open(wanted, store->dir, make && sealed == 0, key, err);
}

/* ---- another key ----------------------------------------------------------------------------- */

struct sealed_row {
	enum secret_owner owner;
	int64_t id;
	char *name, *field;
	struct slice sealed;
};

/* All rows that are not under the new key; in `mem`. */
static int list_sealed(struct store *store, const uint8_t *key_id, struct arena *mem,
	struct sealed_row **rows_out, uint32_t *n, struct err *err)
{
	struct sealed_row *list = NULL;
	uint32_t cap = 0;
	*n = 0;
	sqlite3_stmt *stmt = catalog_query(store, err,
		"SELECT 0, c.id, c.name, s.field, s.sealed FROM connection_secrets s"
		" JOIN connections c ON c.id = s.connection_id WHERE s.key_id <> ?1 UNION ALL"
		" SELECT 1, c.id, c.name, s.field, s.sealed FROM notifier_secrets s"
		" JOIN notifiers c ON c.id = s.notifier_id WHERE s.key_id <> ?1 UNION ALL"
		" SELECT 2, c.id, c.name, s.field, s.sealed FROM watchlist_secrets s"
		" JOIN watchlists c ON c.id = s.watchlist_id WHERE s.key_id <> ?1",
		"b", key_id, (size_t)SECRET_KEY_ID);
	struct rows rows = rows_of(store, stmt);
	while (rows_next(&rows, err)) {
		if (*n == cap) {
			struct sealed_row *more =
				arena_zalloc(mem, cap = 2 * cap + 16, sizeof(*more));
			if (*n)
				memcpy(more, list, *n * sizeof(*more));
			list = more;
		}
		struct slice sealed = blob_of(stmt, 4);
		char *copy = arena_alloc(mem, sealed.len + 1);
		if (sealed.len)
			memcpy(copy, sealed.ptr, sealed.len);
		list[(*n)++] = (struct sealed_row){(enum secret_owner)sqlite3_column_int(stmt, 0),
			sqlite3_column_int64(stmt, 1),
			arena_strdup(mem, slice_of(catalog_text(stmt, 2))),
			arena_strdup(mem, slice_of(catalog_text(stmt, 3))), {copy, sealed.len}};
	}
	*rows_out = list;
	return rows.answer;
}

static int reseal_row(struct store *store, const struct sealed_row *row,
	const struct secret_key *old, const struct secret_key *new_key, struct err *err)
{
	struct secret plain;
	struct buf sealed;
	char bound[STORE_NAME + 16];
	bound_name(row->owner, row->name, bound);
	if (secret_open(old, bound, row->field, row->sealed, &plain, err) < 0)
		return -1;
	buf_init(&sealed, SECRET_MAX + SECRET_OVERHEAD);
	int rc = secret_seal(new_key, NULL, bound, row->field,
		(struct slice){plain.text, plain.len}, &sealed, err);
	secret_wipe(&plain);
	if (rc == 0)
		rc = write_sealed(store, row->owner, row->id, row->field, secret_key_id(new_key),
			buf_view(&sealed), err);
	buf_fini(&sealed);
	return rc;
}

int store_secrets_reseal(struct store *store, const struct secret_key *old,
	const struct secret_key *new_key, uint64_t *n, struct err *err)
{
	struct arena mem = {0};
	struct sealed_row *list = NULL;
	uint32_t count = 0;
	if (store_check_writable(store, err) < 0 || secrets_delete_begin(store, err) < 0)
		return -1;
	int rc = catalog_begin(store, err);
	if (rc == 0) {
		rc = list_sealed(store, secret_key_id(new_key), &mem, &list, &count, err);
		for (uint32_t i = 0; rc == 0 && i < count; i++)
			rc = reseal_row(store, &list[i], old, new_key, err);
		rc = catalog_end(store, rc, err);
	}
	arena_fini(&mem);
	if (n)
		*n = count;
	return secrets_delete_end(store, rc);
}

/* Puts the next key in the place of the old one, for good. */
static int replace_key(const char *next, const char *path, struct err *err)
{
	char dir[STORE_PATH];
	if (io_rename(next, path, err) < 0)
		return -1;
	secret_key_folder(path, dir);
	return io_fsync_dir(dir, err);
}

int store_secret_key_change(struct store *store, const char *wanted, uint64_t *n, struct err *err)
{
	char path[STORE_PATH], next[STORE_PATH + 16];
	struct secret_key *old = NULL, *fresh = NULL;
	if (secret_key_path(wanted, path, err) < 0)
		return -1;
	if (secret_key_by_systemd(path))
		return err_set(err, ERR_USAGE,
			"%s: systemd keeps this key: make the new one with `systemd-creds encrypt` "
			"from a new file, name that file with --new-key-file, and put the new "
			"credential in place",
			path);
	snprintf(next, sizeof(next), "%s" KEY_NEXT, path);
	/* The old one must be there before a next one is made. */
	int rc = store_secret_key(store, path, false, &old, err);
	secret_key_free(old);
	old = NULL;
	if (rc == 0)
		rc = secret_key_open(next, store->dir, true, &fresh, err);
	if (rc == 0)
		rc = store_secret_key(store, path, false, &old, err);
	if (rc == 0)
		rc = store_secrets_reseal(store, old, fresh, n, err);
	if (rc == 0)
		rc = replace_key(next, path, err);
	secret_key_free(old);
	secret_key_free(fresh);
	return rc;
}
