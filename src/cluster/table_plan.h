/* SPDX-License-Identifier: Apache-2.0 */
/* table_plan.h (private to cluster/): what a table must be, for making it (table.c) and for holding what is there against it
 * (table_init.c). */
#ifndef CLUSTER_TABLE_PLAN_H
#define CLUSTER_TABLE_PLAN_H

#include "cluster/table.h"

struct table_column {
	const char *name;  /* in backquotes */
	const char *type;  /* as the version writes it */
	const char *alias; /* an expression; NULL = it is stored */
	bool first; /* there from the first day on: where it is missing, the table is another's */
};
struct table_plan {
	const char *table;
	bool codec;       /* its columns are packed by zstd */
	bool observables; /* the table of observables; else one of events */
	uint32_t n;
	struct table_column *columns; /* of events: the shape's, at its indexes, then the others */
};
/* In `mem`. */
void table_plan_events(struct arena *mem, const struct cluster_features *features,
	const struct schema *schema, struct table_plan *plan);
void table_plan_observables(
	struct arena *mem, const struct cluster_features *features, struct table_plan *plan);

/* Each appends one statement, or a part of one. */
void table_database_sql(struct buf *out, const struct cluster *cluster);
void table_local_sql(struct buf *out, const struct cluster *cluster,
	const struct cluster_features *features, const struct table_plan *plan);
void table_distributed_sql(
	struct buf *out, const struct cluster *cluster, const struct table_plan *plan);
/* The view of events over n tables. */
void table_view_sql(
	struct buf *out, const struct cluster *cluster, const char *const *tables, uint32_t n);
/* Whether it is one that table_view_sql made, from whatever tables. */
bool table_view_is_ours(struct slice made);
/* Whether the view that is there, as the server shows its statement, has the rows of a table. */
bool table_view_has(struct slice made, const char *table);
/* " ON CLUSTER name", where there is one. */
void table_on_cluster(struct buf *out, const struct cluster *cluster);
/* "name type", with ALIAS; with CODEC where it is stored and `codec` is set. */
void table_column_text(struct buf *out, const struct table_column *column, bool codec);

#endif
