/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rewrite.h (private to store/): new Parquet files in place of old ones: compaction, retention and
 * rebuild write rows here, and swap the catalog's rows in a transaction of their own. Lease held.
 */
#ifndef STORE_REWRITE_H
#define STORE_REWRITE_H

#include "parquet/parquet.h"
#include "store/observer.h"
#include "store/private.h"

/* A file of table `table` being written; its catalog row fills as rows come in. */
struct rewriter {
	struct store *store;
	struct segment_row
		row; /* ranges, rows, sizes; the caller fills source, input and the rest */
	char table[128], name[STORE_NAME];
	char temp_path[STORE_PATH], path[STORE_PATH];
	const struct batch_shape *shape;
	struct parquet_writer *parquet; /* NULL until a batch comes */
	struct observer observer;
	struct buf sources; /* of the rows, as segment_info has them */
	char *input;
	int level; /* zstd */
	bool renamed, done;
};

/* Prepares a file; nothing is made before the first batch. `shape` must live until the end. */
void rewriter_init(struct rewriter *w, struct store *store, const char *table,
	const struct batch_shape *shape, int level);
/* Adds a row group: all rows of the batch. */
int rewriter_add(struct rewriter *w, const struct batch *batch, struct err *err);
/* Makes the file durable under its final name. Without rows there is none, and row.rows is 0. */
int rewriter_finish(struct rewriter *w, struct err *err);
/* Frees it. The file is removed unless `committed`, or the store is in doubt. */
void rewriter_fini(struct rewriter *w, bool committed);

/* Whether a segment's rows are on the cluster (shipments.h). */
enum shipping { SHIPPING_WAITS, SHIPPING_SENT, SHIPPING_OPEN /* on its way */ };

/* A live segment as rewriting needs it. */
struct old_segment {
	int64_t id;
	char name[STORE_NAME];
	char *source, *input;
	uint64_t rows, bytes, raw_bytes, no_time;
	int64_t min_time, max_time, received_at, committed_at;
	uint8_t fingerprint[32];
	bool compacted; /* made by compaction: its row groups are full */
	bool skip;      /* for the caller's use */
	enum shipping shipping;
};
struct old_segments {
	struct old_segment *list;
	uint32_t n, cap;
};
/* The live segments of a table by min_time. */
int old_segments_load(
	struct store *store, int64_t table_id, struct old_segments *segments, struct err *err);
void old_segments_free(struct old_segments *segments);

/* Whether a segment may hold rows of a source, by its own `source`. */
bool sources_hold(const char *sources, const char *source);
/* What stands for two inputs of one segment: "NAME and others" where they differ. *input is owned by
 * the caller and may be moved. */
void inputs_merge(char **input, const char *other);

/* In a transaction: retires the old, adds the new where it has rows. */
int rewriter_swap(struct rewriter *w, int64_t table_id, const struct old_segment *const *old,
	uint32_t n, struct err *err);

/* Unlinks retired files that were retired before `before`. */
int retired_unlink(struct store *store, int64_t before, struct err *err);

/* Frees the bytes of the frames that are dead since `before` or longer (retain_vault.c). */
int punch_dead(struct store *store, int64_t before, struct err *err);

/* Reports a step; -1 with ERR_INTERRUPTED where a stop is asked for. `progress` may be NULL. */
int progress_step(const struct progress *progress, uint64_t done, uint64_t total, const char *what,
	struct err *err);

#endif
