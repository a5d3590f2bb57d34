/* SPDX-License-Identifier: Apache-2.0 */
/* ship_private.h (private to pipeline/ship_*.c): a shipper at work. */
#ifndef PIPELINE_SHIP_PRIVATE_H
#define PIPELINE_SHIP_PRIVATE_H

#include "cluster/native.h"
#include "parquet/parquet.h"
#include "pipeline/pipeline.h"
#include "pipeline/ship_cluster.h"

enum {
	SHIP_BLOCK_ROWS = 262144,
	SHIP_BLOCK_BYTES = 128 << 20, /* of raw records: about what the block takes */
	SHIP_WIRE_BYTES = 2000 << 20, /* a block is never larger */
	SHIP_SECONDS = 600,           /* an INSERT may take */
	RESEND_SECONDS = 600,         /* replicas surely remember blocks for so long */
};

struct shipper {
	struct store *store;
	const struct ship_options *options;
	struct ship_result *result;
	struct cluster *cluster;
	const struct cluster_features *features;
	const char *collector; /* of the cluster's settings */
	bool replicas;         /* identical blocks are dropped there */
	bool made;             /* the tables were made anew in this run already */
	uint64_t waiting;      /* rows, at the begin: for progress */
};

/* ---- ship_cluster.c -------------------------------------------------------------------------- */

/* Opens the cluster of the lake and asks its version. 1; 0 none is set; -1. `cluster` is the caller's to close, always. */
int ship_open(struct shipper *s, struct store *store, const struct ship_options *options,
	struct ship_result *result, struct err *err);
/* Deletes there what is withdrawn. 0 or -1. */
int ship_clear_withdrawn(struct shipper *s, struct err *err);

/* ---- ship_ask.c: questions and orders -------------------------------------------------------- */

/* Asks one number, as cluster_rows. 0 or -1. */
int ship_number(struct shipper *s, struct buf *sql, uint64_t *n, struct err *err);
/* SQL that holds for what this lake has sent. */
void ship_mine(struct buf *sql, const struct shipper *s);
/* The highest number of a shipment of this lake in a table there, of those above `above`; 0 = there is none. 0 or -1. */
int ship_highest(
	struct shipper *s, const char *table, uint64_t above, uint64_t *id, struct err *err);
/* Rows of a shipment that are there, of its table or (observables) of the other. */
int ship_count(struct shipper *s, const struct shipment *shipment, bool observables, uint64_t *n,
	struct err *err);
/* The ids that are there, sorted; *ids is the caller's (free). */
int ship_ids(struct shipper *s, const struct shipment *shipment, uint8_t (**ids)[16], uint64_t *n,
	struct err *err);
/* Inserts `block` (of Native) as number `part` of a shipment. */
int ship_insert(struct shipper *s, uint64_t shipment, const char *part, const char *table,
	const struct buf *columns, const struct buf *block, struct err *err);
/* Nothing that this lake has sent earlier is still running there; waits a while. ERR_BUSY where it still is. */
int ship_quiet(struct shipper *s, struct err *err);
/* Deletes the rows of `table` (and the observables of it) that `where` names, and waits until there are none. */
int ship_delete(struct shipper *s, const char *table, const struct buf *where, bool observables,
	struct err *err);
/* Nothing there has a number that the catalog does not know. */
int ship_known(struct shipper *s, struct err *err);

/* ---- ship_blocks.c --------------------------------------------------------------------------- */

/* Which of a shipment's events. */
struct ship_choice {
	const uint8_t (*have)[16]; /* ids that are left out: n of them, sorted */
	uint64_t n;
	bool one_day; /* those of a day (ship_check.h) alone */
	int64_t day;
};
/* The day of an event. */
int64_t ship_day_of(const struct batch *batch, uint32_t row);
/* Sends them (`choice` NULL: all). *rows (may be NULL) grows by how many went. */
int ship_events(struct shipper *s, const struct shipment *shipment,
	const struct ship_choice *choice, uint64_t *rows, struct err *err);

/* ---- ship_observables.c ---------------------------------------------------------------------- */

/* Sends the one row that stands for all of them (OBSERVABLES_ANY), with the time of the first and the last event; first > last: they
 * have none. */
int ship_observables_any(struct shipper *s, const struct shipment *shipment, int64_t first,
	int64_t last, struct err *err);

#define SHIP_COUNT_ONLY UINT64_MAX
/* Sends its observables, but the first `have` (SHIP_COUNT_ONLY: none at all); *n = how many it has. 0; 1 where what is there cannot be
 * its first; -1. */
int ship_observables(struct shipper *s, const struct shipment *shipment, uint64_t have, uint64_t *n,
	struct err *err);

#endif
