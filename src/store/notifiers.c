/* SPDX-License-Identifier: Apache-2.0 */
/* notifiers.c: the rows of notifiers: checked, saved with their sealed secrets, listed, paused, removed. */
#include <string.h>

#include "store/connections_private.h"
#include "store/notifiers.h"

/* ---- checks ---------------------------------------------------------------------------------- */

static int check_notifier(struct store *store, const struct notifier *n, struct err *err)
{
	int64_t object = 0;
	if (store_check_source(n->name, err) < 0)
		return -1;
	if (strlen(n->settings) > NOTIFIER_SETTINGS || !text_utf8_valid(slice_of(n->settings)))
		return err_set(err, ERR_USAGE,
			"a notifier's settings must be UTF-8 of at most %d bytes",
			NOTIFIER_SETTINGS);
	if (catalog_int(store, &object, err,
		    "SELECT CASE WHEN json_valid(?1) THEN json_type(?1) = 'object' ELSE 0 END", "t",
		    n->settings) < 0)
		return -1;
	if (!object)
		return err_set(err, ERR_USAGE, "a notifier's settings must be one JSON object");
	if (n->least_level < 0 || n->least_level >= RULE_LEVELS)
		return err_set(
			err, ERR_USAGE, "a notifier's level must be informational to critical");
	return 0;
}

static int check_same_kind(struct store *store, const struct notifier *n, struct err *err)
{
	sqlite3_stmt *stmt = catalog_query(
		store, err, "SELECT kind FROM notifiers WHERE name = ?", "t", n->name);
	int rc = stmt ? catalog_step(store, stmt, err) : -1;
	if (rc == 1 && strcmp(catalog_text(stmt, 0), n->kind) != 0)
		rc = err_set(err, ERR_USAGE,
			"the notifier `%s` is of the kind %s, not %s: take another name, or remove "
			"it first",
			n->name, catalog_text(stmt, 0), n->kind);
	catalog_done(store, stmt);
	return rc < 0 ? -1 : 0;
}

/* The row id of a notifier: 1, 0 none of that name, -1. */
static int notifier_id(struct store *store, const char *name, int64_t *id, struct err *err)
{
	int rc = catalog_has(store, 5, err);
	if (rc < 1)
		return rc;
	return catalog_int(store, id, err, "SELECT id FROM notifiers WHERE name = ?", "t", name);
}

/* ---- saving ---------------------------------------------------------------------------------- */

static int put_in_transaction(struct store *store, const struct notifier *n,
	const struct connection_secret *secrets, uint32_t nsecrets, const struct secret_key *key,
	struct err *err)
{
	int64_t id = 0;
	if (check_same_kind(store, n, err) < 0 ||
		catalog_run(store, err,
			"INSERT INTO notifiers(name, kind, settings, least_level, rules, paused, "
			"created_at)"
			" VALUES(?, ?, ?, ?, ?, ?, ?) ON CONFLICT(name) DO UPDATE SET"
			" settings = excluded.settings, least_level = excluded.least_level,"
			" rules = excluded.rules, paused = excluded.paused",
			"tttitii", n->name, n->kind, n->settings, (int64_t)n->least_level, n->rules,
			(int64_t)n->paused, clock_now_us()) < 0 ||
		notifier_id(store, n->name, &id, err) < 1)
		return -1;
	for (uint32_t i = 0; i < nsecrets; i++) {
		if (secret_put(store, OWNER_NOTIFIER, id, n->name, &secrets[i], key, err) < 0)
			return -1;
	}
	return 0;
}

int notifier_put(struct store *store, const struct notifier *notifier,
	const struct connection_secret *secrets, uint32_t nsecrets, const struct secret_key *key,
	struct err *err)
{
	if (store_check_writable(store, err) < 0 || check_notifier(store, notifier, err) < 0 ||
		secrets_delete_begin(store, err) < 0)
		return -1;
	int rc = catalog_begin(store, err);
	if (rc == 0)
		rc = catalog_end(store,
			put_in_transaction(store, notifier, secrets, nsecrets, key, err), err);
	return secrets_delete_end(store, rc);
}

int notifier_pause(struct store *store, const char *name, bool paused, struct err *err)
{
	int64_t id, now = clock_now_us();
	if (store_check_writable(store, err) < 0 || catalog_begin(store, err) < 0)
		return -1;
	int rc = notifier_id(store, name, &id, err);
	if (rc == 1 && catalog_run(store, err, "UPDATE notifiers SET paused = ? WHERE id = ?", "ii",
			       (int64_t)paused, id) < 0)
		rc = -1;
	if (rc == 1 && !paused &&
		catalog_run(store, err,
			"UPDATE notices SET due = ?, first_failed = 0, tries = 0 WHERE notifier_id "
			"= ?",
			"ii", now, id) < 0)
		rc = -1;
	return catalog_end(store, rc < 0 ? -1 : 0, err) < 0 ? -1 : rc;
}

int notifier_remove(struct store *store, const char *name, uint64_t *dropped, struct err *err)
{
	int64_t id, waiting = 0;
	if (store_check_writable(store, err) < 0 || secrets_delete_begin(store, err) < 0)
		return -1;
	if (catalog_begin(store, err) < 0)
		return secrets_delete_end(store, -1);
	int rc = notifier_id(store, name, &id, err);
	if (rc == 1 &&
		(catalog_int(store, &waiting, err,
			 "SELECT count(*) FROM notices WHERE notifier_id = ?", "i", id) < 0 ||
			catalog_run(store, err, "DELETE FROM notices WHERE notifier_id = ?", "i",
				id) < 0 ||
			catalog_run(store, err,
				"DELETE FROM notifier_secrets WHERE notifier_id = ?", "i",
				id) < 0 ||
			catalog_run(store, err, "DELETE FROM notifiers WHERE id = ?", "i", id) < 0))
		rc = -1;
	if (catalog_end(store, rc < 0 ? -1 : 0, err) < 0)
		rc = -1;
	if (dropped)
		*dropped = (uint64_t)waiting;
	return secrets_delete_end(store, rc);
}

/* ---- reading --------------------------------------------------------------------------------- */

int notifier_list(struct store *store, const char *name,
	int (*each)(void *ctx, const struct notifier *notifier, struct err *err), void *ctx,
	struct err *err)
{
	int rc = catalog_has(store, 5, err);
	if (rc < 1)
		return rc;
	sqlite3_stmt *stmt = catalog_query(store, err,
		"SELECT name, kind, settings, least_level, rules, paused, created_at, last_sent,"
		" last_failed, last_error, (SELECT group_concat(field, ', ') FROM notifier_secrets"
		"  WHERE notifier_id = id),"
		" (SELECT count(*) FROM notices q WHERE q.notifier_id = notifiers.id"
		"  AND due < 9223372036854775807),"
		" (SELECT count(*) FROM notices q WHERE q.notifier_id = notifiers.id"
		"  AND due = 9223372036854775807)"
		" FROM notifiers WHERE ?1 IS NULL OR name = ?1 ORDER BY name",
		"t", name);
	struct rows rows = rows_of(store, stmt);
	while (rows_next(&rows, err)) {
		struct notifier n = {
			.name = catalog_text(stmt, 0),
			.kind = catalog_text(stmt, 1),
			.settings = catalog_text(stmt, 2),
			.least_level = sqlite3_column_int(stmt, 3),
			.rules = (const char *)sqlite3_column_text(stmt, 4),
			.paused = sqlite3_column_int(stmt, 5) != 0,
			.created = sqlite3_column_int64(stmt, 6),
			.last_sent = sqlite3_column_int64(stmt, 7),
			.last_failed = sqlite3_column_int64(stmt, 8),
			.last_error = catalog_text(stmt, 9),
			.secrets = catalog_text(stmt, 10),
			.waiting = (uint64_t)sqlite3_column_int64(stmt, 11),
			.given_up = (uint64_t)sqlite3_column_int64(stmt, 12),
		};
		rows.answer = each(ctx, &n, err);
	}
	return rows.answer;
}

int notifier_secret(struct store *store, const char *name, const char *field,
	const struct secret_key *key, struct secret *plain, struct err *err)
{
	int64_t id;
	*plain = (struct secret){0};
	int rc = notifier_id(store, name, &id, err);
	return rc < 1 ? rc : secret_get(store, OWNER_NOTIFIER, id, name, field, key, plain, err);
}
