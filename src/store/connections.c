/* SPDX-License-Identifier: Apache-2.0 */
/* connections.c: the rows of connections: checked, saved, listed, paused, removed. One is the primary of
 * its instance and table; the index connections_primary of the catalog holds that for sure. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/connections.h"
#include "store/connections_private.h"

const char *const connection_kinds[] = {
	"jira", "confluence", "s3", "bitbucket-dc", "folder", "atlassian-org", "hook", NULL};

enum { SHORTEST_INTERVAL = 1, LONGEST_TIME = 366 * 86400 };

/* ---- checks ---------------------------------------------------------------------------------- */

static int check_kind(const char *kind, struct err *err)
{
	for (const char *const *k = connection_kinds; *k; k++) {
		if (kind && strcmp(kind, *k) == 0)
			return 0;
	}
	return err_set(err, ERR_USAGE,
		"`%.60s` is no kind of source: jira, confluence, s3, bitbucket-dc, folder or "
		"atlassian-org",
		kind ? kind : "");
}

static int check_settings(struct store *store, const char *settings, struct err *err)
{
	int64_t object = 0;
	size_t n = strlen(settings);
	if (n > CONNECTION_SETTINGS || !text_utf8_valid(slice_of(settings)))
		return err_set(err, ERR_USAGE,
			"a connection's settings must be UTF-8 of at most %d bytes",
			CONNECTION_SETTINGS);
	/* json_type reads only what json_valid took: in another order it would be an error of SQL. */
	if (catalog_int(store, &object, err,
		    "SELECT CASE WHEN json_valid(?1) THEN json_type(?1) = 'object' ELSE 0 END", "t",
		    settings) < 0)
		return -1;
	return object ? 0
		      : err_set(err, ERR_USAGE, "a connection's settings must be one JSON object");
}

static int check_text(const char *what, const char *text, struct err *err)
{
	if (strlen(text) <= CONNECTION_TEXT && text_utf8_valid(slice_of(text)))
		return 0;
	return err_set(err, ERR_USAGE, "a connection's %s must be UTF-8 of at most %d bytes", what,
		CONNECTION_TEXT);
}

static int check_connection(struct store *store, const struct connection *c, struct err *err)
{
	struct table_state *table;
	if (store_check_source(c->name, err) < 0 || check_kind(c->kind, err) < 0 ||
		check_text("instance", c->instance, err) < 0 ||
		check_text("schema", c->schema, err) < 0 ||
		check_settings(store, c->settings, err) < 0)
		return -1;
	if (c->interval_s < SHORTEST_INTERVAL || c->interval_s > LONGEST_TIME ||
		c->lookback_s > LONGEST_TIME)
		return err_set(err, ERR_USAGE,
			"a connection's interval must be 1 second to 366 days, its look-back at "
			"most "
			"366 days");
	return store_table(store, c->table, &table, err);
}

/* A secret's name must not stand in the settings as well: they are shown. */
static int check_no_secret(
	struct store *store, const struct connection *c, int64_t id, struct err *err)
{
	struct buf found;
	sqlite3_stmt *stmt = catalog_query(store, err,
		"SELECT s.field FROM connection_secrets s JOIN json_each(?) j ON j.key = s.field"
		" WHERE s.connection_id = ?",
		"ti", c->settings, id);
	buf_init(&found, SECRET_FIELD);
	int rc = stmt ? catalog_step(store, stmt, err) : -1;
	if (rc == 1) {
		buf_puts(&found, catalog_text(stmt, 0));
		rc = err_set(err, ERR_USAGE,
			"%s: `%.*s` is a secret and must not stand in the settings", c->name,
			SLICE_ARG(buf_view(&found)));
	}
	buf_fini(&found);
	catalog_done(store, stmt);
	return rc;
}

/* ---- saving ---------------------------------------------------------------------------------- */

/* The sources of log files: two of them may bring the same events (nodes of one product, one log twice), since
 * the places in the files tell copies from events. */
static bool has_places(const char *kind)
{
	return strcmp(kind, "s3") == 0 || strcmp(kind, "folder") == 0;
}

/* Whether another connection is the primary: then this one is secondary, or refused. 1, 0 or -1. `was`: it is
 * secondary so far. */
static int find_primary(
	struct store *store, const struct connection *c, bool also, bool was, struct err *err)
{
	sqlite3_stmt *stmt = catalog_query(store, err,
		"SELECT name, kind FROM connections WHERE instance = ?2 AND ?2 <> ''"
		" AND table_name = ?3 AND NOT secondary AND name <> ?1",
		"ttt", c->name, c->instance, c->table);
	int rc = stmt ? catalog_step(store, stmt, err) : -1;
	while (rc == 1 && has_places(c->kind) && has_places(catalog_text(stmt, 1)))
		rc = catalog_step(store, stmt, err);
	if (rc == 1 && !also && !was)
		rc = err_set(err, ERR_USAGE,
			"%.200s is collected into %s by the connection `%s` already: its events "
			"would "
			"stand there twice. Change or remove that one, or add --also to keep this "
			"one "
			"as a second copy that views and rules leave out",
			c->instance, c->table, catalog_text(stmt, 0));
	catalog_done(store, stmt);
	return rc;
}

static int was_secondary(struct store *store, const char *name, int64_t *was, struct err *err)
{
	*was = 0;
	return catalog_int(store, was, err, "SELECT secondary FROM connections WHERE name = ?", "t",
		       name) < 0
		       ? -1
		       : 0;
}

/* What it has read, so that it reads all again. */
static int forget_reading(struct store *store, const char *name, struct err *err)
{
	if (catalog_run(store, err,
		    "DELETE FROM checkpoints WHERE key = ?1 OR"
		    " substr(key, 1, length(?1) + 1) = ?1 || '/'",
		    "t", name) < 0)
		return -1;
	return ledger_forget_objects(store, name, err);
}

static int check_same_kind(struct store *store, const struct connection *c, struct err *err)
{
	sqlite3_stmt *stmt = catalog_query(
		store, err, "SELECT kind FROM connections WHERE name = ?", "t", c->name);
	int rc = stmt ? catalog_step(store, stmt, err) : -1;
	if (rc == 1 && strcmp(catalog_text(stmt, 0), c->kind) != 0)
		rc = err_set(err, ERR_USAGE,
			"the connection `%s` is of the kind %s, not %s: take another name, or "
			"remove it "
			"first (its events stay)",
			c->name, catalog_text(stmt, 0), c->kind);
	catalog_done(store, stmt);
	return rc < 0 ? -1 : 0;
}

static int save_row(
	struct store *store, const struct connection *c, bool secondary, struct err *err)
{
	return catalog_run(store, err,
		"INSERT INTO connections(name, kind, table_name, instance, settings, schema_name,"
		" interval_s, lookback_s, backfill_from, token_expires, paused, secondary,"
		" created_at, changed_at) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?13, ?13)"
		" ON CONFLICT(name) DO UPDATE SET table_name = excluded.table_name,"
		" instance = excluded.instance, settings = excluded.settings,"
		" schema_name = excluded.schema_name, interval_s = excluded.interval_s,"
		" lookback_s = excluded.lookback_s, backfill_from = excluded.backfill_from,"
		" token_expires = excluded.token_expires, paused = excluded.paused,"
		" secondary = excluded.secondary, changed_at = excluded.changed_at",
		"ttttttiiiiiii", c->name, c->kind, c->table, c->instance, c->settings, c->schema,
		(int64_t)c->interval_s, (int64_t)c->lookback_s, c->backfill_from, c->token_expires,
		(int64_t)c->paused, (int64_t)secondary, clock_now_us());
}

static int put_in_transaction(struct store *store, const struct connection *c, bool also,
	const struct connection_secret *secrets, uint32_t nsecrets, const struct secret_key *key,
	bool *secondary, struct err *err)
{
	int64_t id = 0, was = 0;
	if (check_same_kind(store, c, err) < 0 || was_secondary(store, c->name, &was, err) < 0)
		return -1;
	int other = find_primary(store, c, also, was, err);
	if (other < 0 || save_row(store, c, other == 1, err) < 0 ||
		connection_id(store, c->name, &id, err) < 1)
		return -1;
	/* It is the primary from now on: what was kept beside another one is not among its events. */
	if (was && other == 0 && forget_reading(store, c->name, err) < 0)
		return -1;
	for (uint32_t i = 0; i < nsecrets; i++) {
		if (secret_put(store, OWNER_CONNECTION, id, c->name, &secrets[i], key, err) < 0)
			return -1;
	}
	if (secondary)
		*secondary = other == 1;
	return check_no_secret(store, c, id, err);
}

int store_connection_put(struct store *store, const struct connection *connection, bool also,
	const struct connection_secret *secrets, uint32_t nsecrets, const struct secret_key *key,
	bool *secondary, struct err *err)
{
	struct connection c = *connection;
	c.instance = c.instance ? c.instance : "";
	c.settings = c.settings ? c.settings : "{}";
	c.schema = c.schema ? c.schema : "";
	if (store_check_writable(store, err) < 0 || check_connection(store, &c, err) < 0 ||
		catalog_begin(store, err) < 0)
		return -1;
	return catalog_end(store,
		put_in_transaction(store, &c, also, secrets, nsecrets, key, secondary, err), err);
}

/* ---- reading --------------------------------------------------------------------------------- */

static int each_connection(struct store *store, const char *name,
	int (*each)(void *ctx, const struct connection *connection, struct err *err), void *ctx,
	struct err *err)
{
	int rc = catalog_has(store, 3, err);
	if (rc < 1)
		return rc;
	sqlite3_stmt *stmt = catalog_query(store, err,
		"SELECT name, kind, table_name, instance, settings, schema_name, interval_s,"
		" lookback_s, backfill_from, token_expires, paused, secondary, created_at,"
		" changed_at, (SELECT group_concat(field, ', ') FROM connection_secrets"
		"  WHERE connection_id = id) FROM connections WHERE ?1 IS NULL OR name = ?1"
		" ORDER BY name",
		"t", name);
	struct rows rows = rows_of(store, stmt);
	while (rows_next(&rows, err)) {
		struct connection c = {
			.name = catalog_text(stmt, 0),
			.kind = catalog_text(stmt, 1),
			.table = catalog_text(stmt, 2),
			.instance = catalog_text(stmt, 3),
			.settings = catalog_text(stmt, 4),
			.schema = catalog_text(stmt, 5),
			.interval_s = (uint32_t)sqlite3_column_int64(stmt, 6),
			.lookback_s = (uint32_t)sqlite3_column_int64(stmt, 7),
			.backfill_from = sqlite3_column_int64(stmt, 8),
			.token_expires = sqlite3_column_int64(stmt, 9),
			.paused = sqlite3_column_int64(stmt, 10) != 0,
			.secondary = sqlite3_column_int64(stmt, 11) != 0,
			.created_at = sqlite3_column_int64(stmt, 12),
			.changed_at = sqlite3_column_int64(stmt, 13),
			.secrets = catalog_text(stmt, 14),
		};
		rows.answer = each(ctx, &c, err);
	}
	return rows.answer;
}

int store_connections(struct store *store,
	int (*each)(void *ctx, const struct connection *connection, struct err *err), void *ctx,
	struct err *err)
{
	return each_connection(store, NULL, each, ctx, err);
}

struct getting {
	struct arena *mem;
	struct connection *connection;
	bool found;
};

static int get_one(void *ctx, const struct connection *c, struct err *err)
{
	struct getting *getting = ctx;
	struct connection *out = getting->connection;
	const char **const texts[] = {&out->name, &out->kind, &out->table, &out->instance,
		&out->settings, &out->schema, &out->secrets};
	(void)err;
	*out = *c;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		*texts[i] = arena_strdup(getting->mem, slice_of(*texts[i]));
	getting->found = true;
	return 0;
}

int store_connection_get(struct store *store, const char *name, struct arena *mem,
	struct connection *connection, struct err *err)
{
	struct getting getting = {.mem = mem, .connection = connection};
	if (each_connection(store, name, get_one, &getting, err) < 0)
		return -1;
	return getting.found;
}

/* ---- the right to read ----------------------------------------------------------------------- */

int store_source_lease(
	struct store *store, const char *name, struct store_lock **lease, struct err *err)
{
	char path[STORE_PATH], file[STORE_PATH];
	if (store_check_writable(store, err) < 0 || store_check_source(name, err) < 0 ||
		io_mkdirs(store_path(store, path, "leases"), err) < 0)
		return -1;
	snprintf(file, sizeof(file), "leases/%s.lock", name);
	int rc = store_lock(store, file, false, lease, err);
	if (rc == 0)
		return err_set(err, ERR_BUSY,
			"%s is being read by another pugmark (pugmark serve, or pugmark "
			"collect): it goes on there",
			name);
	return rc < 0 ? -1 : 0;
}

/* ---- changes --------------------------------------------------------------------------------- */

int connection_id(struct store *store, const char *name, int64_t *id, struct err *err)
{
	int rc = catalog_has(store, 3, err);
	if (rc < 1)
		return rc;
	return catalog_int(store, id, err, "SELECT id FROM connections WHERE name = ?", "t", name);
}

int store_connection_pause(struct store *store, const char *name, bool paused, struct err *err)
{
	int64_t id;
	if (store_check_writable(store, err) < 0 || catalog_begin(store, err) < 0)
		return -1;
	int rc = connection_id(store, name, &id, err);
	if (rc == 1 && catalog_run(store, err,
			       "UPDATE connections SET paused = ?1, changed_at = ?2"
			       " WHERE id = ?3 AND paused <> ?1",
			       "iii", (int64_t)paused, clock_now_us(), id) < 0)
		rc = -1;
	return catalog_end(store, rc, err) < 0 ? -1 : rc;
}

static int remove_rows(
	struct store *store, int64_t id, const char *name, int64_t *events, struct err *err)
{
	if (catalog_int(store, events, err, "SELECT rows FROM sources WHERE name = ?", "t", name) <
		0)
		return -1;
	if (catalog_run(store, err, "DELETE FROM connection_secrets WHERE connection_id = ?", "i",
		    id) < 0 ||
		catalog_run(store, err, "DELETE FROM connections WHERE id = ?", "i", id) < 0 ||
		forget_reading(store, name, err) < 0)
		return -1;
	/* The ledger stays; what it says of the present does not. */
	return catalog_run(store, err,
		"UPDATE source_states SET failures = 0, error = '', error_at = 0, settled_to = 0"
		" WHERE name = ?",
		"t", name);
}

int store_connection_remove(
	struct store *store, const char *name, uint64_t *events, struct err *err)
{
	int64_t id, kept = 0;
	if (store_check_writable(store, err) < 0 || secrets_delete_begin(store, err) < 0)
		return -1;
	if (catalog_begin(store, err) < 0)
		return secrets_delete_end(store, -1);
	int rc = connection_id(store, name, &id, err);
	if (rc == 1 && remove_rows(store, id, name, &kept, err) < 0)
		rc = -1;
	if (catalog_end(store, rc, err) < 0)
		rc = -1;
	if (events)
		*events = (uint64_t)kept;
	return secrets_delete_end(store, rc);
}
