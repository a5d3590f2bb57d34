/* SPDX-License-Identifier: Apache-2.0 */
/* table_view.c: the view `events`, the common fields of all tables, as the lake has it (query/views.c). */
#include "cluster/private.h"
#include "cluster/table_plan.h"

/* In the order of the lake's own view. */
static const char *const fields[] = {"event_id", "event_time", "received_at", "source", "instance",
	"actor", "actor_id", "action", "category", "ip", "ip_bytes", "target", "target_type",
	"targets", "summary", "extra", "repaired", "lenient_time"};

static void one_table(struct buf *out, const struct cluster *cluster, const char *table)
{
	buf_puts(out, "SELECT ");
	sql_text(out, slice_of(table));
	buf_puts(out, " AS table_name");
	for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++)
		buf_printf(out, ", %s", fields[i]);
	buf_puts(out, " FROM ");
	cluster_table_name(out, cluster, table, false);
	buf_puts(out, " WHERE ifNull(secondary, 0) = 0");
}

bool table_view_has(struct slice made, const char *table)
{
	struct buf text;
	buf_init(&text, 1 << 16);
	sql_text(&text, slice_of(table));
	buf_puts(&text, " AS table_name");
	bool has = memmem(made.ptr, made.len, text.ptr, text.len) != NULL;
	buf_fini(&text);
	return has;
}

bool table_view_is_ours(struct slice made)
{
	return memmem(made.ptr, made.len, " AS table_name", 14) != NULL;
}

void table_view_sql(
	struct buf *out, const struct cluster *cluster, const char *const *tables, uint32_t n)
{
	buf_puts(out, "CREATE VIEW IF NOT EXISTS ");
	cluster_table_name(out, cluster, CLUSTER_EVENTS, false);
	table_on_cluster(out, cluster);
	buf_puts(out, " AS\n");
	for (uint32_t i = 0; i < n; i++) {
		buf_puts(out, i ? "\nUNION ALL\n" : "");
		one_table(out, cluster, tables[i]);
	}
}
