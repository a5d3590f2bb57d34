/* SPDX-License-Identifier: Apache-2.0 */
/*
 * decode.h: records to batch in one pass: keys predicted from the last record, strings found with
 * SIMD and coded into dictionaries as they are read, lists shredded, times of all forms read, what
 * no column takes kept in `extra`. docs/format.md is the written rule for odd input.
 */
#ifndef DECODE_DECODE_H
#define DECODE_DECODE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/base.h"
#include "batch/batch.h"
#include "json/json.h"
#include "schema/schema.h"

enum decode_simd { SIMD_BEST, SIMD_PORTABLE, SIMD_AVX2 };

/* Settings of one decoder; borrowed text must outlive it. */
struct decode_options {
	const struct schema *schema;
	const char *source;    /* fills SYS_SOURCE */
	const char *instance;  /* fills SYS_INSTANCE; NULL or "": the record's own, else "" */
	int64_t received_at;   /* fills SYS_RECEIVED_AT, microseconds */
	uint32_t max_rows;     /* 0 = LIMIT_BATCH_ROWS */
	size_t max_bytes;      /* column memory at which the batch is closed; 0 = 64 MiB */
	enum decode_simd simd; /* SIMD_BEST: what the CPU has */
	bool secondary;        /* fills SYS_SECONDARY */
};

/* A decoder: dictionaries' hash tables, predictions and scratch, reused from batch to batch. One
 * per thread. */
struct decoder;
struct decoder *decoder_new(const struct decode_options *options);
void decoder_free(struct decoder *decoder);
/* Changes what may differ between batches. */
void decoder_set_received(struct decoder *decoder, int64_t received_at);

/* A record that cannot be a JSON object within the limits. */
struct decode_reject {
	uint32_t off, len; /* in the block */
	char reason[120];  /* what is wrong and at which byte of the record */
};

/* Decodes records of `block` (input bytes from `block_offset` on), beginning at *at, into `batch`
 * (batch_init'ed with the schema's shape; filled from empty). Stops when the batch is full, the
 * block's complete records are used up, or max_rejects are filled; *at moves on. `last` says that
 * the input ends with this block. The batch borrows block.ptr. All columns are filled but
 * SYS_EVENT_ID and SYS_VAULT_* (the store does); batch->keys are filled too.
 * Returns 1 where the batch was closed before the block's end (call again with another batch),
 * 0 where the block is done: then *at is the first byte of a record that is not complete. */
int decode_block(struct decoder *decoder, struct json_records *state, struct slice block,
	uint64_t block_offset, bool last, size_t *at, struct batch *batch,
	struct decode_reject *rejects, uint32_t max_rejects, uint32_t *nrejects);

/* What the decoder saw that the schema does not name or that had another type, since the last call:
 * one entry per path, for `schema drift`. Borrowed until the next decode_block. */
struct decode_drift {
	struct slice path;
	const char *kind; /* "new", "retyped" */
	const char *seen; /* "string", "number", "object", … */
	uint64_t count;
};
uint32_t decoder_drift(struct decoder *decoder, const struct decode_drift **drift);

/* How well sample records fit a schema: the weights of its marks that they show, added up. */
int64_t decode_score(const struct schema *schema, const struct slice *records, uint32_t n);

/* Guesses the table of sample records: the built-in schema with the highest score, or NULL with
 * the reason (nothing fits; two fit equally). */
const struct schema *decode_guess(const struct slice *records, uint32_t n, struct err *err);

/* The one form of an instance's name, appended to `out`: without blanks around it and slashes at its end;
 * scheme and host of a URL in small letters. */
void decode_instance(struct slice text, struct buf *out);

/* Reads a time in text form: ISO 8601 with Z, ±HHMM, ±HH:MM, or none (UTC), 0–9 fraction digits, and
 * the lenient `2022-08-03:00:00.000+0000`; or digits alone: epoch seconds, milliseconds,
 * microseconds or nanoseconds by magnitude. Microseconds; *flags gets ROW_LENIENT_TIME and
 * ROW_TIME_ZONELESS. 0 or -1. */
int decode_time_text(struct slice text, int64_t *us, uint8_t *flags);
/* Epoch number: seconds, ms, us or ns by magnitude (docs/format.md gives the bounds). 0 or -1. */
int decode_time_number(int64_t value, int64_t *us);

#endif
