/* SPDX-License-Identifier: Apache-2.0 */
/* table.c: what the tables are: their columns, and the statements that make them. */
#include <stdio.h>

#include "cluster/private.h"
#include "cluster/table_plan.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

/* Blocks that a replica knows again, by their hashes: a shipment in doubt is sent again within them. The window is in ZooKeeper: one small
 * node for each block of each shard. */
#define REPLICATED_SETTINGS                                                                        \
	"index_granularity = 8192, replicated_deduplication_window = 10000, "                      \
	"replicated_deduplication_window_seconds = 604800"
#define LONE_SETTINGS "index_granularity = 8192"

/* Times that no DateTime of 18.16 holds are in the month of 1970: a hostile event makes no month of its own, and all versions agree. */
#define MONTH                                                                                      \
	"toYYYYMM(toDateTime(if(_time < 0 OR _time >= 4102444800000000, 0, intDiv(_time, "         \
	"1000000)), 'UTC'))"
#define NO_TIME "-9223372036854775808"

static const struct fixed_column {
	const char *name, *type;
} sent[] = {{"_null_lists", "UInt64"}, {"_plain", "UInt8"}, {"_collector", "String"},
	{"_shipment", "UInt64"}},
  observables[] = {{"kind", "UInt8"}, {"key", "String"}, {"table_name", "String"},
	  {"_collector", "String"}, {"_shipment", "UInt64"}, {"events", "UInt64"},
	  {"first", "Int64"}, {"last", "Int64"}, {"actors", "Array(String)"},
	  {"more_actors", "UInt8"}};

/* Columns that few rows of a granule hold a given value of: asked for by their value. */
static const uint8_t looked_for[] = {
	SYS_EVENT_ID, SYS_ACTOR, SYS_ACTOR_ID, SYS_IP, SYS_IP_BYTES, SYS_TARGET};

/* ---- columns --------------------------------------------------------------------------------- */

static const char *kept(struct arena *mem, struct buf *text)
{
	const char *copy = arena_strdup(mem, buf_view(text));
	buf_clear(text);
	return copy;
}

static void add_fixed(struct arena *mem, struct table_plan *plan, const struct fixed_column *fixed,
	size_t n, struct buf *text)
{
	for (size_t i = 0; i < n; i++) {
		sql_name(text, slice_of(fixed[i].name));
		plan->columns[plan->n++] =
			(struct table_column){kept(mem, text), fixed[i].type, NULL, true};
	}
}

/* Columns that a schema gains come later by ALTER TABLE; those that pugmark itself writes are there from the first day on. */
void table_plan_events(struct arena *mem, const struct cluster_features *features,
	const struct schema *schema, struct table_plan *plan)
{
	const struct batch_shape *shape = &schema->shape;
	struct buf text;
	buf_init(&text, 1 << 16);
	*plan = (struct table_plan){.table = schema->table, .codec = features->codec};
	plan->columns =
		arena_zalloc(mem, shape->ncolumns + COUNT(sent) + 2, sizeof(*plan->columns));
	for (uint32_t c = 0; c < shape->ncolumns; c++) {
		struct table_column *column = &plan->columns[plan->n++];
		cluster_column_name(&text, shape, c);
		column->name = kept(mem, &text);
		cluster_column_type(&text, features, shape, c);
		column->type = kept(mem, &text);
		column->first = c == SYS_EVENT_ID || c == SYS_EVENT_TIME;
	}
	add_fixed(mem, plan, sent, COUNT(sent), &text);
	plan->columns[plan->n++] =
		(struct table_column){"`event_id`", "String", "UUIDNumToString(_id)", false};
	plan->columns[plan->n++] =
		features->datetime64
			? (struct table_column){"`event_time`", "Nullable(DateTime64(6, 'UTC'))",
				  "if(_time = " NO_TIME ", NULL, fromUnixTimestamp64Micro(_time, "
				  "'UTC'))",
				  false}
			: (struct table_column){"`event_time`", "Nullable(DateTime('UTC'))",
				  "if(_time = " NO_TIME
				  ", NULL, toDateTime(intDiv(_time, 1000000), "
				  "'UTC'))",
				  false};
	buf_fini(&text);
}

void table_plan_observables(
	struct arena *mem, const struct cluster_features *features, struct table_plan *plan)
{
	struct buf text;
	buf_init(&text, 1 << 16);
	*plan = (struct table_plan){
		.table = CLUSTER_OBSERVABLES, .codec = features->codec, .observables = true};
	plan->columns = arena_zalloc(mem, COUNT(observables), sizeof(*plan->columns));
	add_fixed(mem, plan, observables, COUNT(observables), &text);
	buf_fini(&text);
}

/* ---- statements ------------------------------------------------------------------------------ */

void table_on_cluster(struct buf *out, const struct cluster *cluster)
{
	if (!cluster->settings.cluster[0])
		return;
	buf_puts(out, " ON CLUSTER ");
	sql_name(out, slice_of(cluster->settings.cluster));
}

void table_column_text(struct buf *out, const struct table_column *column, bool codec)
{
	buf_printf(out, "%s %s", column->name, column->type);
	if (column->alias)
		buf_printf(out, " ALIAS %s", column->alias);
	else if (codec)
		buf_puts(out, " CODEC(ZSTD(1))");
}

void table_database_sql(struct buf *out, const struct cluster *cluster)
{
	buf_puts(out, "CREATE DATABASE IF NOT EXISTS ");
	sql_name(out, slice_of(cluster->settings.database));
	table_on_cluster(out, cluster);
}

static void indexes(struct buf *out, const struct table_plan *plan)
{
	for (size_t i = 0; i < COUNT(looked_for); i++) {
		const char *name = plan->columns[looked_for[i]].name;
		buf_printf(out, ",\n\tINDEX `by_%.*s %s TYPE bloom_filter(0.01) GRANULARITY %d",
			(int)strlen(name + 1), name + 1, name,
			looked_for[i] == SYS_EVENT_ID ? 1 : 2);
	}
	buf_puts(out, ",\n\tINDEX by_shipment _shipment TYPE minmax GRANULARITY 1");
}

static void head(struct buf *out, const struct cluster *cluster, const struct table_plan *plan,
	bool local, bool with_indexes)
{
	buf_puts(out, "CREATE TABLE IF NOT EXISTS ");
	cluster_table_name(out, cluster, plan->table, local);
	table_on_cluster(out, cluster);
	for (uint32_t c = 0; c < plan->n; c++) {
		buf_puts(out, c ? ",\n\t" : "\n(\n\t");
		table_column_text(out, &plan->columns[c], local && plan->codec);
	}
	if (with_indexes)
		indexes(out, plan);
	buf_puts(out, "\n)\n");
}

void table_local_sql(struct buf *out, const struct cluster *cluster,
	const struct cluster_features *features, const struct table_plan *plan)
{
	bool shards = cluster->settings.cluster[0] != '\0';
	head(out, cluster, plan, true, features->skip_index && !plan->observables);
	if (shards)
		buf_printf(out,
			"ENGINE = ReplicatedMergeTree('/clickhouse/tables/{shard}/%s/%s_local', "
			"'{replica}')\n",
			cluster->settings.database, plan->table);
	else
		buf_puts(out, "ENGINE = MergeTree\n");
	if (plan->observables)
		buf_puts(out, "ORDER BY (kind, key)\n");
	else
		buf_puts(out, "PARTITION BY " MONTH "\nORDER BY (_time, _id)\n");
	buf_printf(out, "SETTINGS %s", shards ? REPLICATED_SETTINGS : LONE_SETTINGS);
}

void table_distributed_sql(
	struct buf *out, const struct cluster *cluster, const struct table_plan *plan)
{
	const struct cluster_settings *settings = &cluster->settings;
	head(out, cluster, plan, false, false);
	buf_puts(out, "ENGINE = Distributed(");
	sql_text(out, slice_of(settings->cluster));
	buf_puts(out, ", ");
	sql_text(out, slice_of(settings->database));
	buf_printf(out, ", '%s_local', cityHash64(%s))", plan->table,
		plan->observables ? "key" : "_id");
}

/* ---- all of them ----------------------------------------------------------------------------- */

static int make_both(const struct cluster *cluster, const struct cluster_features *features,
	const struct table_plan *plan, struct buf *sql,
	int (*each)(void *ctx, struct slice sql, struct err *err), void *ctx, struct err *err)
{
	buf_clear(sql);
	table_local_sql(sql, cluster, features, plan);
	int rc = each(ctx, buf_view(sql), err);
	if (rc != 0 || !cluster->settings.cluster[0])
		return rc;
	buf_clear(sql);
	table_distributed_sql(sql, cluster, plan);
	return each(ctx, buf_view(sql), err);
}

int table_statements(const struct cluster *cluster, const struct cluster_features *features,
	const struct schema *const *schemas, uint32_t n,
	int (*each)(void *ctx, struct slice sql, struct err *err), void *ctx, struct err *err)
{
	struct arena mem = {0};
	struct table_plan plan;
	struct buf sql;
	buf_init(&sql, 1 << 20);
	table_database_sql(&sql, cluster);
	int rc = each(ctx, buf_view(&sql), err);
	for (uint32_t i = 0; rc == 0 && i <= n; i++) {
		if (i < n)
			table_plan_events(&mem, features, schemas[i], &plan);
		else
			table_plan_observables(&mem, features, &plan);
		rc = make_both(cluster, features, &plan, &sql, each, ctx, err);
	}
	if (rc == 0 && n) {
		const char **names = arena_alloc(&mem, n * sizeof(*names));
		for (uint32_t i = 0; i < n; i++)
			names[i] = schemas[i]->table;
		buf_clear(&sql);
		table_view_sql(&sql, cluster, names, n);
		rc = each(ctx, buf_view(&sql), err);
	}
	buf_fini(&sql);
	arena_fini(&mem);
	return rc;
}
