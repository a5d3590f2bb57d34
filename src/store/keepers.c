/* SPDX-License-Identifier: Apache-2.0 */
/* keepers.c: the rows of those who keep checkpoints outside, and what each took last. */
#include <string.h>

#include "store/connections_private.h"
#include "store/keepers.h"

/* The row id: 1, 0 none, -1. */
static int keeper_id(
	struct store *store, enum keeper_kind kind, const char *name, int64_t *id, struct err *err)
{
	int rc = catalog_has(store, KEEPERS_FORMAT, err);
	return rc < 1 ? rc
		      : catalog_int(store, id, err,
				"SELECT id FROM keepers WHERE kind = ? AND name = ?", "it",
				(int64_t)kind, name);
}

/* ---- saving ---------------------------------------------------------------------------------- */

static int put_in_transaction(struct store *store, const struct keeper *k,
	const struct connection_secret *secrets, uint32_t nsecrets, const struct secret_key *key,
	struct err *err)
{
	int64_t id = 0, others = 0;
	if (catalog_int(store, &others, err,
		    "SELECT count(*) FROM keepers WHERE kind <> ? OR name <> ?", "it",
		    (int64_t)k->kind, k->name) < 0)
		return -1;
	if (others >= KEEPERS_MOST)
		return err_set(
			err, ERR_LIMIT, "there are %d who keep checkpoints already", KEEPERS_MOST);
	if (catalog_run(store, err,
		    "INSERT INTO keepers(kind, name, place, settings) VALUES(?, ?, ?, ?)"
		    " ON CONFLICT(kind, name) DO UPDATE SET settings = excluded.settings,"
		    " size = iif(place = excluded.place, size, 0),"
		    " took_at = iif(place = excluded.place, took_at, 0),"
		    " took = iif(place = excluded.place, took, ''), failed_at = 0, error = '',"
		    " place = excluded.place",
		    "ittt", (int64_t)k->kind, k->name, k->place, k->settings) < 0 ||
		keeper_id(store, k->kind, k->name, &id, err) < 1 ||
		catalog_run(store, err, "DELETE FROM keeper_secrets WHERE keeper_id = ?", "i", id) <
			0)
		return -1;
	for (uint32_t i = 0; i < nsecrets; i++) {
		if (secret_put(store, OWNER_KEEPER, id, k->name, &secrets[i], key, err) < 0)
			return -1;
	}
	return 0;
}

int keeper_put(struct store *store, const struct keeper *keeper,
	const struct connection_secret *secrets, uint32_t nsecrets, const struct secret_key *key,
	struct err *err)
{
	if (strlen(keeper->settings) > KEEPER_SETTINGS)
		return err_set(err, ERR_USAGE, "that is too long");
	if (store_check_writable(store, err) < 0 || secrets_delete_begin(store, err) < 0)
		return -1;
	int rc = catalog_begin(store, err);
	if (rc == 0)
		rc = catalog_end(
			store, put_in_transaction(store, keeper, secrets, nsecrets, key, err), err);
	return secrets_delete_end(store, rc);
}

int keeper_remove(struct store *store, enum keeper_kind kind, const char *name, struct err *err)
{
	int64_t id;
	if (store_check_writable(store, err) < 0 || secrets_delete_begin(store, err) < 0)
		return -1;
	if (catalog_begin(store, err) < 0)
		return secrets_delete_end(store, -1);
	int rc = keeper_id(store, kind, name, &id, err);
	if (rc == 1 &&
		(catalog_run(store, err, "DELETE FROM keeper_secrets WHERE keeper_id = ?", "i",
			 id) < 0 ||
			catalog_run(store, err, "DELETE FROM keepers WHERE id = ?", "i", id) < 0))
		rc = -1;
	if (catalog_end(store, rc < 0 ? -1 : 0, err) < 0)
		rc = -1;
	return secrets_delete_end(store, rc);
}

/* ---- what became of it ----------------------------------------------------------------------- */

int keeper_took(struct store *store, const struct keeper *keeper, uint64_t size, const char *took,
	struct err *err)
{
	return catalog_run(store, err,
		"UPDATE keepers SET size = ?, took_at = ?, took = ?, failed_at = 0, error = ''"
		" WHERE kind = ? AND name = ?",
		"uitit", size, clock_now_us(), took, (int64_t)keeper->kind, keeper->name);
}

int keeper_failed(struct store *store, const struct keeper *keeper, uint64_t size, const char *why,
	struct err *err)
{
	return catalog_run(store, err,
		"UPDATE keepers SET size = ?, failed_at = ?, error = ? WHERE kind = ? AND name = ?",
		"uitit", size, clock_now_us(), why, (int64_t)keeper->kind, keeper->name);
}

/* ---- reading --------------------------------------------------------------------------------- */

int keepers_list(
	struct store *store, struct arena *mem, struct keeper **list, uint32_t *n, struct err *err)
{
	*n = 0;
	*list = arena_zalloc(mem, KEEPERS_MOST, sizeof(**list));
	int rc = catalog_has(store, KEEPERS_FORMAT, err);
	if (rc < 1)
		return rc;
	sqlite3_stmt *stmt = catalog_query(store, err,
		"SELECT kind, name, place, settings, size, took_at, took, failed_at, error"
		" FROM keepers ORDER BY kind, name LIMIT ?",
		"i", (int64_t)KEEPERS_MOST);
	struct rows rows = rows_of(store, stmt);
	while (rows_next(&rows, err))
		(*list)[(*n)++] =
			(struct keeper){.kind = (enum keeper_kind)sqlite3_column_int(stmt, 0),
				.name = arena_strdup(mem, slice_of(catalog_text(stmt, 1))),
				.place = arena_strdup(mem, slice_of(catalog_text(stmt, 2))),
				.settings = arena_strdup(mem, slice_of(catalog_text(stmt, 3))),
				.size = (uint64_t)sqlite3_column_int64(stmt, 4),
				.took_at = sqlite3_column_int64(stmt, 5),
				.took = arena_strdup(mem, slice_of(catalog_text(stmt, 6))),
				.failed_at = sqlite3_column_int64(stmt, 7),
				.error = arena_strdup(mem, slice_of(catalog_text(stmt, 8)))};
	return rows.answer;
}

int keeper_secret(struct store *store, const struct keeper *keeper, const char *field,
	const struct secret_key *key, struct secret *plain, struct err *err)
{
	int64_t id;
	*plain = (struct secret){0};
	int rc = keeper_id(store, keeper->kind, keeper->name, &id, err);
	return rc < 1 ? rc
		      : secret_get(store, OWNER_KEEPER, id, keeper->name, field, key, plain, err);
}
