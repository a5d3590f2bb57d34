/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ship_cluster.h: sends the lake's segments to the cluster that is set for it, each row exactly once, whatever ends this process,
 * the server or the connection, and whenever.
 *
 * A shipment (store/shipments.h) goes out as blocks of up to 262,144 rows, one INSERT each, made from its segments alone: the same blocks
 * come out again. Then its observables, then its rows there are counted, then it is noted as sent. One that is in doubt is settled before
 * anything else is sent:
 *   shards of replicas   the same blocks are sent again, ReplicatedMergeTree drops those that it has (for as long as it remembers:
 *                        RESEND_SECONDS here). Later its rows are counted: all there is sent, else it is withdrawn;
 *   one server alone     it is asked which ids it has, and is sent the others.
 * What is withdrawn is deleted there (ALTER TABLE … DELETE), waited for, and goes under another number.
 */
#ifndef PIPELINE_SHIP_CLUSTER_H
#define PIPELINE_SHIP_CLUSTER_H

#include <signal.h>

#include "base/base.h"
#include "store/shipments.h"
#include "store/store.h"

struct ship_options {
	const char *key_file;
	unsigned seconds; /* a block may take; 0 = ten minutes */
	int64_t since;    /* what was committed then or later; INT64_MIN = all */
	bool known; /* lately no number was there that the catalog does not know: not asked, which reads a column of each table */
	const volatile sig_atomic_t *stop;
	/* After each block; may be NULL. */
	void (*progress)(void *ctx, uint64_t rows, uint64_t total);
	void *ctx;
};
struct ship_result {
	uint64_t rows, observables, shipments; /* that this call has sent */
	struct shipments_lag waits;            /* what waits at its end, of all */
	bool busy;                             /* another process sends */
	bool unset;                            /* no cluster is set */
};
/* Sends what waits. 0; -1 where it cannot be gone on with now (the cluster's failure is noted with the lake): what was sent stays, the rest
 * waits. ERR_INTERRUPTED by *stop. Adds to *result. */
int ship_cluster(struct store *store, const struct ship_options *options,
	struct ship_result *result, struct err *err);

/* Sends what comes, every few seconds, until *stop or no cluster is set any more; failures are logged, and it goes on later. 0 or -1. */
int ship_cluster_loop(struct store *store, const struct ship_options *options, struct err *err);

#endif
