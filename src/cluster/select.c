/* SPDX-License-Identifier: Apache-2.0 */
/* select.c: rows of a table as batches: the columns that are wanted, in the order of the shape. */
#include <stdlib.h>

#include "cluster/select.h"
#include "schema/schema.h"

struct selecting {
	struct cluster_select *select;
	struct native_reader *reader;
	bool ended;
};

static int take_batch(void *ctx, struct batch *batch, struct err *err)
{
	struct selecting *selecting = ctx;
	int rc = selecting->select->each(selecting->select->ctx, batch, err);
	selecting->ended = rc == 1;
	return rc == 1 ? err_set(err, ERR_INTERRUPTED, "ended") : rc;
}

static int take_data(void *ctx, struct slice data, struct err *err)
{
	struct selecting *selecting = ctx;
	selecting->select->bytes += data.len;
	return native_feed(selecting->reader, data, err);
}

/* The columns' numbers, in `columns`; *lists: whether one of them stands in a list. */
static uint32_t choose(const struct cluster_select *select, uint32_t *columns, bool *lists)
{
	uint32_t n = 0;
	*lists = false;
	for (uint32_t c = 0; c < select->shape->ncolumns; c++) {
		if (select->want && !select->want[c])
			continue;
		columns[n++] = c;
		*lists = *lists || select->shape->columns[c].group != NO_GROUP;
	}
	return n;
}

/* `plainly`: texts may be LowCardinality there, which is asked for as what it stands for. (low_cardinality_allow_in_native_format = 0 is
 * for ClickHouse's own protocol: FORMAT Native over HTTP sends it as it is.) */
static void put_column(const struct cluster *cluster, const struct batch_shape *shape, bool plainly,
	uint32_t column, struct buf *sql)
{
	const struct column_shape *c = &shape->columns[column];
	bool vault = column >= SYS_VAULT_FILE && column <= SYS_VAULT_LENGTH;
	bool cast = plainly && c->type == COL_STRING && c->group == NO_GROUP;
	if (vault) {
		buf_puts(sql, "if(`_collector` = ");
		sql_text(sql, slice_of(cluster_settings(cluster)->collector));
		buf_puts(sql, ", ");
	} else if (cast) {
		buf_puts(sql, "CAST(");
	}
	cluster_column_name(sql, shape, column);
	buf_puts(sql, vault ? ", NULL)" : cast ? ", 'Nullable(String)')" : "");
}

static void put_condition(struct buf *sql, const char *word, struct slice condition)
{
	if (!condition.len)
		return;
	buf_puts(sql, word);
	buf_slice(sql, condition);
}

static void put_sql(const struct cluster *cluster, const struct cluster_select *select,
	bool plainly, const uint32_t *columns, uint32_t n, bool lists, struct buf *sql)
{
	buf_puts(sql, "SELECT ");
	for (uint32_t i = 0; i < n; i++) {
		buf_puts(sql, i ? ", " : "");
		put_column(cluster, select->shape, plainly, columns[i], sql);
	}
	buf_puts(sql, lists ? ", `_null_lists` FROM " : " FROM ");
	cluster_table_name(sql, cluster, select->table, false);
	put_condition(sql, " PREWHERE ", select->gate);
	put_condition(sql, " WHERE ", select->where);
	put_condition(sql, " ", select->tail);
	buf_puts(sql, " FORMAT Native");
}

int cluster_select(struct cluster *cluster, struct cluster_select *select, struct err *err)
{
	struct selecting selecting = {.select = select};
	const struct cluster_features *features = cluster_features(cluster, err);
	if (!features)
		return -1;
	uint32_t *columns = xcalloc(select->shape->ncolumns + 1ul, sizeof(*columns));
	bool lists;
	uint32_t n = choose(select, columns, &lists);
	struct err broken = {0};
	struct buf sql;
	buf_init(&sql, (size_t)256 << 20);
	put_sql(cluster, select, features->low_cardinality, columns, n, lists, &sql);
	selecting.reader =
		native_reader_new(select->shape, columns, n, lists, take_batch, &selecting);
	struct cluster_query query = {.sql = buf_view(&sql),
		.settings = NATIVE_SETTINGS,
		.ms = select->ms,
		.reading = true,
		.on_data = take_data,
		.ctx = &selecting};
	select->ncolumns = n;
	int rc = cluster_ask(cluster, &query, NULL, err);
	if (rc == 0)
		rc = native_end(selecting.reader, err);
	else if (!selecting.ended && query.outcome == CLUSTER_DOUBT &&
		 native_end(selecting.reader, &broken) < 0 && broken.kind == ERR_LIMIT)
		*err = broken; /* the server's own word for why it broke off */
	native_reader_free(selecting.reader);
	buf_fini(&sql);
	free(columns);
	return selecting.ended ? 1 : rc;
}
