/* SPDX-License-Identifier: Apache-2.0 */
/* column.c: how a table's columns are called in the cluster, and of what type they are. */
#include <stdio.h>

#include "cluster/private.h"
#include "schema/schema.h"

_Static_assert(SYS_EVENT_ID == 0 && SYS_EVENT_TIME == 1, "filter_private.h says so too");

void cluster_column_name(struct buf *out, const struct batch_shape *shape, uint32_t column)
{
	const struct column_shape *c = &shape->columns[column];
	char text[600];
	if (column == SYS_EVENT_ID) {
		buf_puts(out, "`_id`");
	} else if (column == SYS_EVENT_TIME) {
		buf_puts(out, "`_time`");
	} else if (c->group == NO_GROUP) {
		sql_name(out, slice_of(c->name));
	} else if (shape->groups[c->group].bare) {
		sql_name(out, slice_of(shape->groups[c->group].name));
	} else {
		snprintf(text, sizeof(text), "%s.%s", shape->groups[c->group].name, c->name);
		sql_name(out, slice_of(text));
	}
}

/* Few values for many rows, as a rule: what is done, where, and by which program. */
static bool few_values(const struct batch_shape *shape, uint32_t column)
{
	switch (column) {
	case SYS_SOURCE:
	case SYS_INSTANCE:
	case SYS_ACTION:
	case SYS_CATEGORY:
	case SYS_TARGET_TYPE:
		return true;
	default:
		return column >= SYS_COLUMNS && shape->columns[column].group == NO_GROUP &&
		       (shape->columns[column].observable == OBS_NONE ||
			       shape->columns[column].observable == OBS_AGENT);
	}
}

static const char *scalar(const struct cluster_features *features, enum col_type type)
{
	switch (type) {
	case COL_INT64:
		return "Nullable(Int64)";
	case COL_INT32:
		return "Nullable(Int32)";
	case COL_BOOL:
		return "Nullable(UInt8)";
	case COL_TIME:
		return features->datetime64 ? "Nullable(DateTime64(6, 'UTC'))" : "Nullable(Int64)";
	case COL_UUID:
	case COL_IP:
		return "Nullable(FixedString(16))";
	case COL_STRING:
	case COL_JSON:
		break;
	}
	return "Nullable(String)";
}

void cluster_column_type(struct buf *out, const struct cluster_features *features,
	const struct batch_shape *shape, uint32_t column)
{
	const struct column_shape *c = &shape->columns[column];
	const char *type = scalar(features, c->type);
	if (column == SYS_EVENT_ID)
		buf_puts(out, "FixedString(16)");
	else if (column == SYS_EVENT_TIME)
		buf_puts(out, "Int64");
	else if (c->group != NO_GROUP)
		buf_printf(out, "Array(%s)", type);
	else if (c->type == COL_STRING && features->low_cardinality && few_values(shape, column))
		buf_printf(out, "LowCardinality(%s)", type);
	else
		buf_puts(out, type);
}

void cluster_table_name(
	struct buf *out, const struct cluster *cluster, const char *table, bool local)
{
	char name[300];
	bool shards = cluster->settings.cluster[0] != '\0';
	snprintf(name, sizeof(name), "%s%s", table, local && shards ? "_local" : "");
	sql_name(out, slice_of(cluster->settings.database));
	buf_push(out, '.');
	sql_name(out, slice_of(name));
}
