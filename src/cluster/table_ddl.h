/* SPDX-License-Identifier: Apache-2.0 */
/*
 * table_ddl.h (private to cluster/): statements that change something on every server of the cluster. ON CLUSTER they stand in ZooKeeper,
 * where each server does them in their order, one that is down when it is back.
 *
 * ClickHouse answers when all have done a statement, or after distributed_ddl_task_timeout; then it tells neither who is missing nor
 * who failed (18.16: the failure of one is hidden by the silence of another). So it is given a second or two, and then ZooKeeper is
 * asked: /finished below the statement's node has a server's code and words. Who does not begin within DDL_PATIENCE_S is not waited for
 * again. With one of four servers down and 14 statements that is 27 s; waiting 30 s once and 5 s for each of the others was 101 s.
 */
#ifndef CLUSTER_TABLE_DDL_H
#define CLUSTER_TABLE_DDL_H

#include "cluster/cluster.h"

enum { DDL_PATIENCE_S = 10, DDL_BUSY_S = 60 };

/* Who is told what is done. */
struct table_told {
	void (*said)(void *ctx, const char *what); /* may be NULL */
	void *ctx;
};
void table_tell(const struct table_told *told, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

struct ddl_host {
	const char *name; /* "host:port" */
	const char *id;   /* the same as nodes of ZooKeeper are named */
	bool done, active;
	bool away; /* not waited for any more */
};
struct ddl_node {
	const char *path; /* of a statement that not all have done */
	struct ddl_node *next;
};
struct ddl {
	struct cluster *cluster;
	struct arena mem;
	struct ddl_host *hosts;
	uint32_t n;
	bool readable; /* ZooKeeper is shown to this user */
	bool late;     /* not all have answered */
	struct ddl_node *nodes;
	struct buf sql, out;
	struct table_told told;
};

/* Finds out who is in the cluster; without a cluster's name nobody is asked. ddl_fini even after -1. */
int ddl_init(struct ddl *ddl, struct cluster *cluster, void (*said)(void *ctx, const char *what),
	void *ctx, struct err *err);
void ddl_fini(struct ddl *ddl);
/* Does a statement. 0: every server has done it, but those that are down, who do it later; -1 with the server's words, *code
 * ClickHouse's error code (0: there is none). */
int ddl_change(struct ddl *ddl, struct slice sql, int *code, struct err *err);
/* Looks again at what not all had done: -1 where it failed on one of them; says who has not answered yet. */
int ddl_end(struct ddl *ddl, struct err *err);

#endif
