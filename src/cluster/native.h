/* SPDX-License-Identifier: Apache-2.0 */
/*
 * native.h: batches as blocks of ClickHouse's Native format (columns one after another), both ways.
 */
#ifndef CLUSTER_NATIVE_H
#define CLUSTER_NATIVE_H

#include "cluster/cluster.h"

/* ---- writing --------------------------------------------------------------------------------- */

/* The names of all columns that native_write writes, in its order, with commas between: for INSERT INTO … (…). */
void native_columns(struct buf *out, const struct batch_shape *shape);
/* Appends one block: of the batch, whose columns are all loaded, the rows `keep` (n of them, ascending; NULL = all). Everything that
 * column.c says of a table, LowCardinality written as the plain type (the server converts). */
void native_write(struct buf *out, const struct cluster_features *features,
	const struct batch *batch, const uint32_t *keep, uint32_t n, struct slice collector,
	uint64_t shipment);
/* Some rows of a batch. */
struct native_part {
	const struct batch *batch;
	const uint32_t *keep; /* n of them, ascending; NULL = all */
	uint32_t n;
};
/* The same of several batches of one shape as one block. `table`: the shape that lists are numbered by in _null_lists, and whose further lists
 * are null; NULL = the batches' own. */
void native_write_parts(struct buf *out, const struct cluster_features *features,
	const struct batch_shape *table, const struct native_part *parts, uint32_t nparts,
	struct slice collector, uint64_t shipment);
/* Appends `blocks` as compressed frames (zstd; at most 1 MiB each, without a checksum: cluster_query.compressed). 0 or -1. */
int native_compress(struct buf *out, struct slice blocks, struct err *err);

/* ---- reading --------------------------------------------------------------------------------- */

/* Reads the blocks of an answer in FORMAT Native, however it is cut into pieces. The SELECT must name the columns `columns` of
 * `shape` (n of them), in this order and by these types: cluster_column_name's, in types as cluster_column_type says but without
 * LowCardinality; and where `lists` is set, _null_lists last. Each block
 * becomes one batch, with these columns loaded: SYS_EVENT_TIME with nulls for CLUSTER_NO_TIME; texts that are no UTF-8 are repaired. `each`
 * may keep a batch: it copies the struct and makes a batch_init'ed one of the one it was given. `columns` is copied. */
struct native_reader;
struct native_reader *native_reader_new(const struct batch_shape *shape, const uint32_t *columns,
	uint32_t n, bool lists, int (*each)(void *ctx, struct batch *batch, struct err *err),
	void *ctx);
void native_reader_free(struct native_reader *reader);
/* cluster_query.on_data, with the reader as ctx. -1: what `each` said, or ERR_FORMAT with the server's words where an error of the
 * server stands in the stream. */
int native_feed(void *reader, struct slice data, struct err *err);
/* At the answer's end: -1 where it ended within a block. */
int native_end(struct native_reader *reader, struct err *err);
/* For cluster_query.settings: blocks that a batch can hold. */
#define NATIVE_SETTINGS "max_block_size=32768"

#endif
