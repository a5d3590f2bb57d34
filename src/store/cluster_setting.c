/* SPDX-License-Identifier: Apache-2.0 */
/* cluster_setting.c: the row of the cluster, and its password. */
#include "store/cluster_setting.h"
#include "store/connections_private.h"

#define FIELD "password"

/* Another cluster or database has nothing of what was sent to the one before. Another address may lead to the same. */
static int forget_other(struct store *store, const struct cluster_setting *setting, struct err *err)
{
	int64_t others = 0;
	if (catalog_int(store, &others, err,
		    "SELECT count(*) FROM cluster WHERE name <> ? OR database <> ?", "tt",
		    setting->name, setting->database) < 0)
		return -1;
	if (others == 0)
		return 0;
	return catalog_run(store, err, "DELETE FROM cluster_segments", "") < 0
		       ? -1
		       : catalog_run(store, err, "DELETE FROM cluster_shipments", "");
}

static int put_in_transaction(struct store *store, const struct cluster_setting *setting,
	const struct slice *password, const struct secret_key *key, struct err *err)
{
	struct connection_secret secret = {.field = FIELD};
	if (forget_other(store, setting, err) < 0)
		return -1;
	if (catalog_run(store, err,
		    "INSERT INTO cluster(one, urls, name, database, user, ca_file, collector, "
		    "since, failed_at, error)"
		    " VALUES(1, ?, ?, ?, ?, ?, lower(hex(randomblob(16))), ?, 0, '')"
		    " ON CONFLICT(one) DO UPDATE SET urls = excluded.urls, name = excluded.name,"
		    " database = excluded.database, user = excluded.user, ca_file = "
		    "excluded.ca_file",
		    "ttttti", setting->urls, setting->name, setting->database, setting->user,
		    setting->ca_file, clock_now_us()) < 0)
		return -1;
	if (!password)
		return 0;
	secret.plain = *password;
	return secret_put(store, OWNER_CLUSTER, 1, "password", &secret, key, err);
}

int store_cluster_put(struct store *store, const struct cluster_setting *setting,
	const struct slice *password, const struct secret_key *key, struct err *err)
{
	if (store_check_writable(store, err) < 0 || secrets_delete_begin(store, err) < 0)
		return -1;
	int rc = catalog_begin(store, err);
	if (rc == 0)
		rc = catalog_end(
			store, put_in_transaction(store, setting, password, key, err), err);
	return secrets_delete_end(store, rc);
}

int store_cluster_get(
	struct store *store, struct arena *mem, struct cluster_setting *setting, struct err *err)
{
	*setting = (struct cluster_setting){0};
	int rc = catalog_has(store, CLUSTER_FORMAT, err);
	if (rc < 1)
		return rc;
	sqlite3_stmt *stmt = catalog_query(store, err,
		"SELECT urls, name, database, user, ca_file, collector, error, since, failed_at "
		"FROM cluster",
		"");
	rc = stmt ? catalog_step(store, stmt, err) : -1;
	if (rc == 1) {
		const char **texts[] = {&setting->urls, &setting->name, &setting->database,
			&setting->user, &setting->ca_file, &setting->collector, &setting->error};
		for (int i = 0; i < (int)(sizeof(texts) / sizeof(*texts)); i++)
			*texts[i] = arena_strdup(mem, slice_of(catalog_text(stmt, i)));
		setting->since = sqlite3_column_int64(stmt, 7);
		setting->failed_at = sqlite3_column_int64(stmt, 8);
	}
	catalog_done(store, stmt);
	return rc;
}

int store_cluster_is_set(struct store *store, struct err *err)
{
	struct arena mem = {0};
	struct cluster_setting setting;
	int rc = store_cluster_get(store, &mem, &setting, err);
	arena_fini(&mem);
	return rc;
}

int store_cluster_has_password(struct store *store, struct err *err)
{
	int64_t n = 0;
	int rc = catalog_has(store, CLUSTER_FORMAT, err);
	if (rc == 1)
		rc = catalog_int(store, &n, err, "SELECT count(*) FROM cluster_secrets", "");
	return rc < 1 ? rc : n > 0;
}

int store_cluster_password(
	struct store *store, const struct secret_key *key, struct secret *plain, struct err *err)
{
	*plain = (struct secret){0};
	int rc = store_cluster_has_password(store, err);
	return rc < 1 ? rc
		      : secret_get(store, OWNER_CLUSTER, 1, "password", FIELD, key, plain, err);
}

int store_cluster_failed(struct store *store, const char *why, struct err *err)
{
	return catalog_run(store, err,
		"UPDATE cluster SET error = ?1, failed_at = CASE WHEN ?1 = '' THEN 0 ELSE ?2 END",
		"ti", why ? why : "", clock_now_us());
}

int store_cluster_remove(struct store *store, struct err *err)
{
	int64_t n = 0;
	if (store_check_writable(store, err) < 0 || secrets_delete_begin(store, err) < 0)
		return -1;
	if (catalog_begin(store, err) < 0)
		return secrets_delete_end(store, -1);
	int rc = catalog_int(store, &n, err, "SELECT count(*) FROM cluster", "");
	if (rc == 1 && (catalog_run(store, err, "DELETE FROM cluster_secrets", "") < 0 ||
			       catalog_run(store, err, "DELETE FROM cluster_segments", "") < 0 ||
			       catalog_run(store, err, "DELETE FROM cluster_shipments", "") < 0 ||
			       catalog_run(store, err, "DELETE FROM cluster", "") < 0))
		rc = -1;
	rc = catalog_end(store, rc < 0 ? -1 : 0, err) < 0 ? -1 : (int)n;
	return secrets_delete_end(store, rc);
}
