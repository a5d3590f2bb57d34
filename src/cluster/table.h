/* SPDX-License-Identifier: Apache-2.0 */
/*
 * table.h: the tables of a cluster: made, held against what they must be, and widened where a schema grew.
 */
#ifndef CLUSTER_TABLE_H
#define CLUSTER_TABLE_H

#include "cluster/cluster.h"
#include "schema/schema.h"

/* One statement after another that make the database, the tables of `schemas`, the table of observables and the view of events, each handed to `each` (for
 * --dry-run, and for tests). With a cluster's name they say ON CLUSTER; replicas by the macros {shard} and {replica}. 0 or what `each` said. */
int table_statements(const struct cluster *cluster, const struct cluster_features *features,
	const struct schema *const *schemas, uint32_t n,
	int (*each)(void *ctx, struct slice sql, struct err *err), void *ctx, struct err *err);

/* Makes what is missing: database, tables, columns that a schema has gained; `said` is called with each step, for people, and with who is waited for: a server that is
 * down does its part when it is back, one that fails is an error. ERR_USAGE where a
 * table of that name has other columns (each is named) or the cluster's name is not known there (those that are are named). */
int table_init(struct cluster *cluster, const struct schema *const *schemas, uint32_t n,
	void (*said)(void *ctx, const char *what), void *ctx, struct err *err);

/* From now on the servers drop rows that are older than so many days, in the tables that table_init made: by the event's time, where it has none by
 * when it was received. ERR_UNSUPPORTED before 19.6, with what to do. */
int table_keep(struct cluster *cluster, const struct schema *const *schemas, uint32_t n,
	unsigned days, void (*said)(void *ctx, const char *what), void *ctx, struct err *err);

/* The table of observables: one row for each observable of a shipment: kind, key, table_name, _collector, _shipment, events, first, last, actors, more_actors. */
#define CLUSTER_OBSERVABLES "observables"
/* A kind that is none: the events of that shipment may hold any observable, and are looked through for each. They came once more, of a day
 * that was mended; what was seen in them is counted by the rows of the shipments that they came with first. */
enum { OBSERVABLES_ANY = 255 };
/* The view of the common fields of all tables, as SQL in the lake has it: for people. */
#define CLUSTER_EVENTS "events"

#endif
