/* SPDX-License-Identifier: Apache-2.0 */
/*
 * parquet.h: batch ⇄ Parquet (github.com/apache/parquet-format). Writes standard files that any
 * engine reads: data pages v1, PLAIN, RLE_DICTIONARY and (numbers that are nearly sorted)
 * DELTA_BINARY_PACKED encodings, zstd, page checksums, definition and repetition levels for
 * LIST(STRUCT), statistics, UTC timestamps, UUID. Reads back what it writes, and checks
 * every length and checksum: a damaged file is ERR_DAMAGED with its name, never a crash.
 *
 * Types: STRING → BYTE_ARRAY/STRING; JSON → BYTE_ARRAY/JSON; INT64; INT32; BOOL; TIME →
 * INT64/TIMESTAMP(MICROS, UTC); UUID → FIXED_LEN_BYTE_ARRAY(16)/UUID; IP →
 * FIXED_LEN_BYTE_ARRAY(16). Lists: the three-level form `optional group NAME (LIST) { repeated
 * group list { optional group element { … } } }`. All columns are optional but event_id
 * (top-level, UUID). A bare list's column is named as its list in a shape that is read back.
 *
 * Columns of row groups of 32,768 rows or more are cut into pages of equal numbers of rows (16,384 to
 * 24,576), so that one row does not cost the whole; the footer's metadata names the number.
 *
 * A string column comes back in the form it had, but: one without any value comes back as an empty
 * dictionary, and a dictionary of more than 64 MiB comes back plain. A row group may have no rows
 * and a file no row groups.
 */
#ifndef PARQUET_PARQUET_H
#define PARQUET_PARQUET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/base.h"
#include "batch/batch.h"

/* One row group as bytes, made by any thread; placed in a file later. */
struct parquet_group;

/* Encodes all rows of the batch. Owned by the caller (parquet_group_free). `level` is zstd's (1 is
 * a good choice; pages that do not shrink are stored). A column or list that was never filled
 * (n = 0, list_off NULL) is null in every row. A batch that breaks its contract (a null event_id, an
 * INT32 beyond 32 bits, more than LIMIT_BATCH_ROWS rows, 2^26 elements of a list) is a bug: the
 * process aborts rather than alter it. Columns that share memory are encoded once. */
struct parquet_group *parquet_encode(const struct batch *batch, int level);
void parquet_group_free(struct parquet_group *group);
/* Bytes that it takes in the file. */
size_t parquet_group_bytes(const struct parquet_group *group);

/* A file being written. Writes to `path` as given (the store passes a temporary name), mode 0600. */
struct parquet_writer;
int parquet_create(const char *path, const struct batch_shape *shape,
	struct parquet_writer **writer, struct err *err);
/* Appends a row group; the group stays the caller's. */
int parquet_append(
	struct parquet_writer *writer, const struct parquet_group *group, struct err *err);
/* Adds a key and value to the footer's metadata (before finish; copied). */
void parquet_metadata(struct parquet_writer *writer, const char *key, const char *value);
/* Writes the footer and fsyncs. *sha256 (32 bytes) and *bytes are of the whole file. The writer
 * stays to be freed. */
int parquet_finish(
	struct parquet_writer *writer, uint8_t sha256[32], uint64_t *bytes, struct err *err);
/* Closes and frees; accepts NULL. An unfinished file stays for the caller to unlink. */
void parquet_writer_free(struct parquet_writer *writer);

/* An open file. The shape is rebuilt from the footer and owned by the reader. Opening reads and
 * checks the footer; pages are checked as they are read. Many threads may read through one reader
 * at the same time, each into a batch of its own. */
struct parquet_reader;
int parquet_open(const char *path, struct parquet_reader **reader, struct err *err);
void parquet_close(struct parquet_reader *reader);
const struct batch_shape *parquet_shape(const struct parquet_reader *reader);
uint32_t parquet_groups(const struct parquet_reader *reader);
uint64_t parquet_rows(const struct parquet_reader *reader);
uint32_t parquet_group_rows(const struct parquet_reader *reader, uint32_t group);

/* The value of a key of the footer's metadata; ptr is NULL where there is none. Borrowed. */
struct slice parquet_value(const struct parquet_reader *reader, const char *key);

/* Statistics of a column of a row group. */
struct parquet_stats {
	uint64_t nulls; /* of a list's column: null elements, empty and null lists together */
	bool has_range;
	int64_t min_i64, max_i64; /* INT64, INT32, TIME, BOOL */
	struct slice min_bytes,
		max_bytes; /* strings, UUID, IP; borrowed from the reader. Strings longer
	                                     than 64 bytes have no range. */
};
int parquet_group_stats(const struct parquet_reader *reader, uint32_t group, uint32_t column,
	struct parquet_stats *stats, struct err *err);

/* Reads columns of a row group into `batch` (batch_init'ed with parquet_shape). `want` has one bool
 * per column, NULL = all; columns not wanted are left with n = 0. A group's lists are read when one
 * of its columns is wanted. */
int parquet_read(struct parquet_reader *reader, uint32_t group, const bool *want,
	struct batch *batch, struct err *err);

/* Reads a row group column by column. parquet_begin makes `batch` (not batch_init'ed) an empty one
 * of parquet_shape with the row group's nrows. parquet_load adds a part of one column, in
 * batch->mem; a part that is there is not read again. PARQUET_VALUES: of a string column in
 * dictionary form its distinct values only (off, heap, ndistinct; codes NULL, n 0); any other
 * column whole. PARQUET_ROWS: the whole column, with its list. *bytes (may be NULL) grows by the
 * bytes read from the file. After -1 the column is as it was before. */
enum parquet_part { PARQUET_VALUES, PARQUET_ROWS };
void parquet_begin(const struct parquet_reader *reader, uint32_t group, struct batch *batch);
int parquet_load(struct parquet_reader *reader, uint32_t group, uint32_t column,
	enum parquet_part part, struct batch *batch, uint64_t *bytes, struct err *err);

/* Reads the columns that `want` names (NULL = all) of the rows `keep` (ascending, n of them) of a
 * row group: as parquet_read and batch_select together, and faster: pages without any of these rows
 * are stepped over, so damage in them is not noticed. `out` (not batch_init'ed) is to be freed after
 * -1 too; ERR_USAGE where there is no such row. */
int parquet_read_rows(struct parquet_reader *reader, uint32_t group, const bool *want,
	const uint32_t *keep, uint32_t n, struct batch *out, struct err *err);

#endif
