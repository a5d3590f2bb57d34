/* SPDX-License-Identifier: Apache-2.0 */
/* connection_secrets.c: the sealed secrets of connections, notifiers, watchlists, checkpoints and their keepers: set, opened, sealed anew under another key. */
#include <stdio.h>
#include <string.h>

#include "store/cluster_setting.h"
#include "store/connections_private.h"
#include "store/evidence_private.h"
#include "store/secrets_private.h"

/* Whose secrets there are. What is bound: no connection's name has a slash. */
static const struct {
	int since; /* format version of the folder */
	const char *prefix, *write, *delete, *get, *count;
	const char *other; /* the key of any of them; ?1: but for field ?3 of ?2 */
	const char *list;  /* those that are not under a key */
} owners[SECRET_OWNERS] = {
#define OWNER(since, prefix, table, id, of, of_id, name)                                           \
	{                                                                                          \
		since, prefix,                                                                     \
			"INSERT INTO " table " VALUES(?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET"    \
			" key_id = excluded.key_id, sealed = excluded.sealed,"                     \
			" set_at = excluded.set_at",                                               \
			"DELETE FROM " table " WHERE " id " = ? AND field = ?",                    \
			"SELECT sealed FROM " table " WHERE " id " = ? AND field = ?",             \
			"SELECT count(*) FROM " table,                                             \
			"SELECT key_id FROM " table " WHERE NOT ?1 OR " id " <> ?2 OR field <> ?3" \
			" LIMIT 1",                                                                \
			"SELECT o." of_id ", " name ", s.field, s.sealed FROM " table              \
			" s JOIN " of " o ON o." of_id " = s." id " WHERE s.key_id <> ?1"          \
	}
	[OWNER_CONNECTION] =
		OWNER(3, "", "connection_secrets", "connection_id", "connections", "id", "o.name"),
	[OWNER_NOTIFIER] = OWNER(
		5, "notifier/", "notifier_secrets", "notifier_id", "notifiers", "id", "o.name"),
	[OWNER_WATCHLIST] = OWNER(
		6, "watchlist/", "watchlist_secrets", "watchlist_id", "watchlists", "id", "o.name"),
	[OWNER_EVIDENCE] = OWNER(EVIDENCE_FORMAT, "evidence/", "evidence_secrets", "evidence_id",
		"evidence_keys", "id", "o.name"),
	[OWNER_CLUSTER] = OWNER(CLUSTER_FORMAT, "cluster/", "cluster_secrets", "cluster_id",
		"cluster", "one", "'password'"),
	[OWNER_KEEPER] = OWNER(KEEPERS_FORMAT, "keeper/", "keeper_secrets", "keeper_id", "keepers",
		"id", "o.name"),
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
	int rc = 0;
	memcpy(key_id, secret_key_id(key), SECRET_KEY_ID);
	for (int o = 0; o < SECRET_OWNERS && rc == 0; o++) {
		sqlite3_stmt *stmt = catalog_query(
			store, err, owners[o].other, "iit", (int64_t)(o == (int)owner), id, field);
		rc = stmt ? catalog_step(store, stmt, err) : -1;
		if (rc == 1)
			catalog_blob(stmt, 0, key_id, SECRET_KEY_ID);
		catalog_done(store, stmt);
	}
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
	*n = 0;
	for (int o = 0; o < SECRET_OWNERS; o++) {
		int64_t some = 0;
		int rc = catalog_has(store, owners[o].since, err);
		if (rc == 1)
			rc = catalog_int(store, &some, err, owners[o].count, "");
		if (rc < 1)
			return rc;
		*n += some;
	}
	return 0;
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

struct sealed_list {
	struct arena *mem;
	struct sealed_row *of;
	uint32_t n, cap;
};

static void add_sealed(struct sealed_list *list, enum secret_owner owner, sqlite3_stmt *stmt)
{
	if (list->n == list->cap) {
		list->cap = 2 * list->cap + 16;
		struct sealed_row *more = arena_zalloc(list->mem, list->cap, sizeof(*more));
		if (list->n)
			memcpy(more, list->of, list->n * sizeof(*more));
		list->of = more;
	}
	struct slice sealed = blob_of(stmt, 3);
	char *copy = arena_alloc(list->mem, sealed.len + 1);
	if (sealed.len)
		memcpy(copy, sealed.ptr, sealed.len);
	list->of[list->n++] = (struct sealed_row){owner, sqlite3_column_int64(stmt, 0),
		arena_strdup(list->mem, slice_of(catalog_text(stmt, 1))),
		arena_strdup(list->mem, slice_of(catalog_text(stmt, 2))), {copy, sealed.len}};
}

/* All rows that are not under the new key. */
static int list_sealed(
	struct store *store, const uint8_t *key_id, struct sealed_list *list, struct err *err)
{
	int rc = 0;
	for (int o = 0; o < SECRET_OWNERS && rc == 0; o++) {
		sqlite3_stmt *stmt = catalog_query(
			store, err, owners[o].list, "b", key_id, (size_t)SECRET_KEY_ID);
		struct rows rows = rows_of(store, stmt);
		while (rows_next(&rows, err))
			add_sealed(list, (enum secret_owner)o, stmt);
		rc = rows.answer;
	}
	return rc;
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
	struct sealed_list list = {.mem = &mem};
	if (store_check_writable(store, err) < 0 || secrets_delete_begin(store, err) < 0)
		return -1;
	int rc = catalog_begin(store, err);
	if (rc == 0) {
		rc = list_sealed(store, secret_key_id(new_key), &list, err);
		for (uint32_t i = 0; rc == 0 && i < list.n; i++)
			rc = reseal_row(store, &list.of[i], old, new_key, err);
		rc = catalog_end(store, rc, err);
	}
	arena_fini(&mem);
	if (n)
		*n = list.n;
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
