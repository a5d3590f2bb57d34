/* SPDX-License-Identifier: Apache-2.0 */
/* clustered.h: the cluster of a lake, where one is set: then it is asked instead of the lake's own files. */
#ifndef QUERY_CLUSTERED_H
#define QUERY_CLUSTERED_H

#include "cluster/cluster.h"
#include "store/cluster_setting.h"

/* The file of the key that NULL means in what follows, for this process; NULL = where it is looked for by default. Borrowed. To be said
 * before the first is opened. */
void lake_cluster_key(const char *key_file);
/* What a lake's setting says, as cluster_open takes it; texts borrowed. */
struct cluster_settings lake_cluster_settings(
	const struct cluster_setting *setting, const char *password);
/* 1 opened (the caller's: cluster_close); 0 none is set for this lake; -1. Nothing is sent. `key_file`: NULL = as lake_cluster_key said. `stop` as cluster_open's. */
int lake_cluster(struct store *store, const char *key_file, const volatile sig_atomic_t *stop,
	struct cluster **cluster, struct err *err);

/* Adds to an error of a cluster whose it is and what to do about it. -1. */
int clustered_failed(struct err *err);
/* Appends the name of the lake that sent an event of that table to the cluster; nothing where it is not there. 0 or -1. */
int clustered_collector(struct store *store, const char *table, const uint8_t id[16],
	struct buf *out, struct err *err);

#endif
