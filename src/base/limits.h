/* SPDX-License-Identifier: Apache-2.0 */
/*
 * limits.h: every maximum that an input could run into, in one place. docs/format.md lists those
 * that a user can meet.
 */
#ifndef BASE_LIMITS_H
#define BASE_LIMITS_H

#include <stdint.h>

/* A record (one event as JSON text). Longer ones are rejected, kept in the vault, and read past. */
#define LIMIT_RECORD_BYTES ((size_t)16 << 20)
/* Nesting of arrays and objects within a record. The scanner keeps one bit a level, no recursion. */
#define LIMIT_DEPTH 512
/* Rows of a batch and of a Parquet row group. */
#define LIMIT_BATCH_ROWS 65536u
/* Batches of a segment, and rows at which it is closed. Batches are small where blocks of input are
 * (base/budget.h); compaction makes full ones of them. */
#define LIMIT_SEGMENT_BATCHES 128
#define LIMIT_SEGMENT_ROWS    (16 * LIMIT_BATCH_ROWS)
/* A schema file. */
#define LIMIT_SCHEMA_BYTES ((size_t)1 << 20)
/* Columns of a table, all told. */
#define LIMIT_COLUMNS 512
/* A Parquet footer or page header that we are willing to read. */
#define LIMIT_PARQUET_FOOTER ((size_t)64 << 20)
/* The window that a zstd stream from outside may ask for (2^27 = 128 MiB). */
#define LIMIT_ZSTD_WINDOW_LOG 27
/* Bytes that a compressed file may unpack to, in all; beyond it the file is cut off with an error. */
#define LIMIT_UNPACKED_BYTES ((uint64_t)1 << 42)
/* Raw bytes of one vault frame; a record longer than this has a frame of its own. */
#define LIMIT_FRAME_BYTES ((size_t)1 << 20)
/* A vault file is rolled at this size. */
#define LIMIT_VAULT_FILE_BYTES ((uint64_t)256 << 20)
/* The text of a search, and how deep its brackets (and any expression) may nest. */
#define LIMIT_QUERY_BYTES ((size_t)4 << 20)
#define LIMIT_EXPR_DEPTH  200
/* A file of rules or of their settings, values of one file, and all files of rules together. */
#define LIMIT_RULE_BYTES     ((size_t)16 << 20)
#define LIMIT_RULE_NODES     1000000u
#define LIMIT_RULE_ALL_BYTES ((uint64_t)256 << 20)
/* A regular expression: its text; for a value, steps of matching from one place (0.3 ms), their
 * depth, kibibytes of heap, bytes of JIT stack. A value from LIMIT_REGEX_LONG bytes on has a time
 * instead of steps: nanoseconds of the processor's time, in all and for each byte. */
#define LIMIT_REGEX_BYTES   ((size_t)4 << 10)
#define LIMIT_REGEX_STEPS   100000u
#define LIMIT_REGEX_DEPTH   10000u
#define LIMIT_REGEX_HEAP    ((uint32_t)16 << 10)
#define LIMIT_REGEX_STACK   ((size_t)512 << 10)
#define LIMIT_REGEX_LONG    512
#define LIMIT_REGEX_NS      2000000
#define LIMIT_REGEX_NS_BYTE 100
/* Shipping: raw bytes of an object, and of a line before it is cut; bytes of the prefix of keys, and of
 * a node's or log's name in them; logs of a folder, of which so many are kept open; bytes of deleted logs
 * that are held until they are uploaded; the state file. */
#define LIMIT_SHIP_PIECE  ((uint64_t)16 << 20)
#define LIMIT_SHIP_PREFIX 256
#define LIMIT_SHIP_NAME   200
#define LIMIT_SHIP_LOGS   10000
#define LIMIT_SHIP_OPEN   256
#define LIMIT_SHIP_HELD   ((uint64_t)1 << 30)
#define LIMIT_SHIP_STATE  ((size_t)16 << 20)
/* An alert: bytes of each of its texts (longer ones are cut), of an event that is copied into it (of longer ones only
 * the id is kept), and of what people say about it. */
#define LIMIT_ALERT_TEXT  ((size_t)4 << 10)
#define LIMIT_ALERT_EVENT ((size_t)64 << 10)
#define LIMIT_ALERT_NOTE  ((size_t)4 << 10)
/* A list of indicators: a line (or CSV record) of it, and a file that is read as a whole: STIX and MISP, which are
 * JSON. */
#define LIMIT_LIST_LINE ((size_t)1 << 20)
#define LIMIT_LIST_JSON ((size_t)64 << 20)

#endif
