/* SPDX-License-Identifier: Apache-2.0 */
/* table_keep.c: how long the tables of a cluster keep their rows: ClickHouse's own TTL. */
#include <stdio.h>

#include "cluster/private.h"
#include "cluster/table_ddl.h"
#include "cluster/table_plan.h"

#define NEVER "toInt64(4102444800000000)" /* 2100: what says no time of a row */

/* As in the lake: an event counts by its own time, one without by when it was received. */
static void age(struct buf *out, const struct cluster_features *features, bool of_observables)
{
	buf_puts(out, "toDateTime(intDiv(greatest(toInt64(0), least(" NEVER ", ");
	if (of_observables)
		buf_puts(out, "if(first > last, " NEVER ", last)");
	else
		buf_printf(out,
			"if(_time = -9223372036854775808, %s(assumeNotNull(received_at)), _time)",
			features->datetime64 ? "toUnixTimestamp64Micro" : "toInt64");
	buf_puts(out, ")), 1000000), 'UTC')");
}

static int keep_one(struct ddl *ddl, const struct cluster_features *features, const char *table,
	unsigned days, struct err *err)
{
	const struct cluster *cluster = ddl->cluster;
	struct buf sql;
	int code;
	buf_init(&sql, 1 << 16);
	buf_puts(&sql, "ALTER TABLE ");
	cluster_table_name(&sql, cluster, table, true);
	table_on_cluster(&sql, cluster);
	buf_puts(&sql, " MODIFY TTL ");
	age(&sql, features, strcmp(table, CLUSTER_OBSERVABLES) == 0);
	buf_printf(&sql, " + toIntervalDay(%u)", days);
	int rc = ddl_change(ddl, buf_view(&sql), &code, err);
	buf_fini(&sql);
	return rc < 0 ? err_context(err, "how long %s keeps its rows", table) : 0;
}

int table_keep(struct cluster *cluster, const struct schema *const *schemas, uint32_t n,
	unsigned days, void (*said)(void *ctx, const char *what), void *ctx, struct err *err)
{
	const struct cluster_features *asked = cluster_features(cluster, err);
	if (!asked)
		return -1;
	struct cluster_features features = *asked;
	if (!features.ttl)
		return err_set(err, ERR_UNSUPPORTED,
			"ClickHouse %s drops no rows by their age (from 19.6 on it does): drop "
			"whole "
			"months by hand, ALTER TABLE %s.TABLE%s DROP PARTITION 202401",
			features.version_text, cluster->settings.database,
			cluster->settings.cluster[0] ? "_local ON CLUSTER …" : "");
	struct ddl ddl;
	int rc = ddl_init(&ddl, cluster, said, ctx, err);
	for (uint32_t i = 0; rc == 0 && i < n; i++)
		rc = keep_one(&ddl, &features, schemas[i]->table, days, err);
	if (rc == 0)
		rc = keep_one(&ddl, &features, CLUSTER_OBSERVABLES, days, err);
	if (rc == 0)
		rc = ddl_end(&ddl, err);
	ddl_fini(&ddl);
	return rc;
}
