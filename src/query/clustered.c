/* SPDX-License-Identifier: Apache-2.0 */
/* clustered.c: opens the cluster that is set for a lake. */
#include <stdio.h>
#include <string.h>

#include "query/clustered.h"
#include "store/connections.h"

static const char *default_key;

void lake_cluster_key(const char *key_file)
{
	default_key = key_file;
}

struct cluster_settings lake_cluster_settings(
	const struct cluster_setting *setting, const char *password)
{
	return (struct cluster_settings){.urls = setting->urls,
		.cluster = setting->name,
		.database = setting->database,
		.user = setting->user,
		.password = password,
		.ca_file = setting->ca_file,
		.collector = setting->collector};
}

static int open_with(struct store *store, const struct cluster_setting *setting,
	const char *key_file, const volatile sig_atomic_t *stop, struct cluster **cluster,
	struct err *err)
{
	struct secret_key *key = NULL;
	struct secret password = {0};
	int64_t sealed = store_cluster_has_password(store, err);
	int rc = sealed < 0 ? -1 : 0;
	if (sealed > 0)
		rc = store_secret_key(store, key_file ? key_file : default_key, false, &key, err);
	if (rc == 0 && sealed > 0)
		rc = store_cluster_password(store, key, &password, err) < 0 ? -1 : 0;
	if (rc == 0) {
		const struct cluster_settings settings =
			lake_cluster_settings(setting, password.text);
		rc = cluster_open(&settings, stop, cluster, err);
	}
	secret_wipe(&password);
	secret_key_free(key);
	return rc < 0 ? err_context(err, "cluster") : 1;
}

int lake_cluster(struct store *store, const char *key_file, const volatile sig_atomic_t *stop,
	struct cluster **cluster, struct err *err)
{
	struct arena mem = {0};
	struct cluster_setting setting;
	*cluster = NULL;
	int rc = store_cluster_get(store, &mem, &setting, err);
	if (rc == 1)
		rc = open_with(store, &setting, key_file, stop, cluster, err);
	arena_fini(&mem);
	return rc;
}

int clustered_failed(struct err *err)
{
	if (err->kind == ERR_INTERRUPTED || err->kind == ERR_LIMIT)
		return -1;
	err_context(err, "the ClickHouse cluster");
	size_t n = strlen(err->text);
	snprintf(err->text + n, sizeof(err->text) - n,
		"; `pugmark cluster status` tells more; in the terminal, --lake asks the tables of "
		"this lake");
	return -1;
}

int clustered_collector(struct store *store, const char *table, const uint8_t id[16],
	struct buf *out, struct err *err)
{
	struct cluster *cluster;
	struct buf sql, answer;
	int rc = lake_cluster(store, NULL, NULL, &cluster, err);
	if (rc < 1)
		return rc;
	buf_init(&sql, 4096);
	buf_init(&answer, 1 << 20);
	buf_puts(&sql, "SELECT `_collector` FROM ");
	cluster_table_name(&sql, cluster, table, false);
	buf_puts(&sql, " WHERE `_id` = ");
	sql_id(&sql, id);
	buf_puts(&sql, " LIMIT 1");
	struct row_cursor cursor;
	rc = cluster_rows(cluster, &sql, &answer, &cursor, err) < 0 ? clustered_failed(err) : 0;
	if (rc == 0 && row_more(&cursor))
		buf_slice(out, row_text(&cursor));
	buf_fini(&sql);
	buf_fini(&answer);
	cluster_close(cluster);
	return rc;
}
