/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pipeline.h: joins the flow: input → records → batches → identity → segment → commit, on all
 * cores, within the memory budget; and the other long walks over a store (rebuild, export).
 */
#ifndef PIPELINE_PIPELINE_H
#define PIPELINE_PIPELINE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/base.h"
#include "decode/decode.h"
#include "schema/schema.h"
#include "store/store.h"

/* ---- import --------------------------------------------------------------------------------- */

/* Where an import is; given to the progress callback about ten times a second. */
struct import_progress {
	const char *input;
	uint64_t bytes_read;  /* of the input as it lies on disk (packed) */
	uint64_t bytes_total; /* its size, or 0 where unknown (a pipe) */
	uint64_t records;     /* decoded so far, over all inputs of this call */
};

struct detect_catch;
struct import_options {
	const char *table;           /* NULL: guessed from the records */
	const struct schema *schema; /* NULL: the store's or the built-in one of the table */
	const char *source;          /* NULL: "import" */
	const char *instance;        /* NULL: what the records say */
	const char
		*node; /* NULL: unknown origin. Else inputs are logs of a node: places in them are
	                      * counted (DESIGN.md section 6). The node that lines name goes before this one */
	const char
		*log; /* the log's name, where the node is known or its lines name one; NULL: with
	                      * `node` the file's name, else none */
	const char *
		reading; /* of an input of unknown origin that may be read again in parts: a name that
	                      * stays the same; NULL: this import is a reading of its own */
	bool secondary; /* copies that views and rules leave out */
	bool hold_tail; /* a last line without end that is no JSON is left for the next time */
	bool cut_tail;  /* the same where the input ends with an error: it comes again */
	/* What an earlier import began: its container (store.h), 0 = none; where the input's first byte
	 * stood in it; and its name for people, NULL = the path. */
	uint32_t container;
	uint64_t container_offset;
	const char *input;
	unsigned threads; /* 0 = the machine's cores */
	uint64_t memory;  /* 0 = BUDGET_DEFAULT */
	enum decode_simd simd;
	bool timings; /* measure core-seconds per stage */
	struct detect_catch
		*catch; /* keeps the hits of rules (detect_catch.h); NULL = nobody does */
	void (*progress)(void *ctx, const struct import_progress *at);
	void *progress_ctx;
	const volatile int *stop; /* non-zero: commit what is decoded and return ERR_INTERRUPTED */
};

/* Core-seconds (CPU time of the threads) that each stage took, in microseconds. */
struct import_timings {
	int64_t read_us, decode_us, identify_us, pack_us, append_us, commit_us;
};

struct import_result {
	char table[128];  /* of the last input; "" where it was empty */
	char node[304];   /* of the last input where it was a node's log: the node */
	uint64_t bytes;   /* unpacked bytes read */
	uint64_t records; /* records decoded (stored + duplicates + expired) */
	uint64_t stored, duplicates, expired, rejected, repaired, no_time, lenient_time, zoneless;
	uint64_t segments;
	uint64_t held; /* bytes at the last input's end, left for the next time (hold_tail) */
	bool packed; /* the last input was: places in it are none of the bytes as they are stored */
	int64_t elapsed_us;
	struct import_timings timings;
};
/* Adds the counts of `more` (not table, time and timings). */
void import_result_add(struct import_result *sum, const struct import_result *more);

/* Imports one file, or standard input where `path` is "-". Adds to *result. What was committed stays
 * committed on error; importing the same input again stores only what is missing. Errors name the
 * file, the place and what to do. */
int import_file(struct store *store, const char *path, const struct import_options *options,
	struct import_result *result, struct err *err);

/* ---- schemas of a store --------------------------------------------------------------------- */

/* The schema of a table (or product) in this store: the user's (schemas/<table>.yml in the data
 * folder) or the built-in one. *owned is the user's, for the caller to schema_free, or NULL. */
int store_schema(const char *data_dir, const char *table, const struct schema **schema,
	struct schema **owned, struct err *err);
/* Keeps a user's schema file in the store. *changed: another one was there and is replaced. */
int store_schema_keep(const char *data_dir, const struct schema *schema, const char *file,
	bool *changed, struct err *err);
/* All schemas of the store. `owned` are the user's among them; NULL elsewhere. Arrays lie in the caller's arena. */
struct schema_set {
	uint32_t n;
	const struct schema **of;
	struct schema **owned;
};
/* Loads them; schema_set_fini after -1 too. */
int store_schema_set(
	const char *data_dir, struct arena *mem, struct schema_set *set, struct err *err);
/* Frees the user's; a zeroed struct is empty. */
void schema_set_fini(struct schema_set *set);
/* Calls `each` with every schema of the store: the built-in ones, replaced or followed by the
 * user's. */
int store_schemas(const char *data_dir,
	int (*each)(void *ctx, const struct schema *schema, bool user, struct err *err), void *ctx,
	struct err *err);

/* ---- walks ---------------------------------------------------------------------------------- */

/* Decodes a table again from the vault with the store's schema of today and replaces its Parquet
 * files and identities. Event ids stay. */
struct rebuild_result {
	uint64_t records;
	int64_t elapsed_us;
};
/* A record that is not readable any more ends the rebuild with an error: the table stays as it is.
 * Adds to *result. */
int rebuild_table(struct store *store, const char *table, const struct progress *progress,
	struct rebuild_result *result, struct err *err);

/* Tries the open rejects again with the decoder of today; what is readable now is stored. */
int retry_rejects(struct store *store, uint64_t *retried, uint64_t *stored, struct err *err);

/* Writes the raw records of a table (NULL = all) with event_time in [since, until) to `out`, one a
 * line, byte for byte; newlines within a record (pretty-printed sources) become spaces and are
 * counted in *reflowed. Events without a time are written when neither bound is set. */
struct export_filter {
	const char *table;
	int64_t since, until; /* microseconds; INT64_MIN / INT64_MAX = open */
};
int export_raw(struct store *store, const struct export_filter *filter, FILE *out,
	const struct progress *progress, uint64_t *records, uint64_t *reflowed, struct err *err);

#endif
