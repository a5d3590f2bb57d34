/* SPDX-License-Identifier: Apache-2.0 */
/*
 * import_run.h (private to pipeline/): one input on its way through the stages.
 *
 *   read ─► decode ─► identify ─► pack ─► append ─► commit
 *   in order  any      in order    any    in order
 *
 * Input is read in blocks. Every worker thread does whatever stage is ready, the latest first, so
 * that blocks drain before new ones are read; the number of blocks bounds the memory. Identify,
 * append and commit follow the order of the input. A segment's lease is held from its first
 * identify to its commit, so the next segment's identify waits for the commit; decoding goes on.
 */
#ifndef PIPELINE_IMPORT_RUN_H
#define PIPELINE_IMPORT_RUN_H

#include <pthread.h>

#include "pipeline/input.h"
#include "pipeline/pipeline.h"
#include "pipeline/session.h"

enum block_state {
	BLOCK_FREE,
	BLOCK_FILLING,
	BLOCK_FILLED,
	BLOCK_DECODING,
	BLOCK_DECODED,
	BLOCK_IDENTIFIED,
	BLOCK_PACKING,
	BLOCK_PACKED
};

struct block {
	enum block_state state;
	uint64_t seq;
	char *data; /* cap bytes; owned */
	size_t len, cap;
	uint64_t offset; /* of data[0] in the unpacked input */
	bool last;       /* nothing follows */
	bool overlong;   /* data is part of one line that is too long: rejected as it is */
	bool continues;  /* … and not its first part */
	bool flush;      /* the pipe went silent: commit after this block */
	bool closes;     /* the segment ends with this block */
	struct part *parts;
	uint32_t nparts, part_cap;
};

/* What stays from one input of a session to the next: memory that is warm, and a decoder for inputs that
 * are too small for threads. */
struct importer {
	struct session *session;              /* borrowed */
	const struct import_options *options; /* of all inputs: threads, memory, simd; borrowed */
	struct budget budget;
	unsigned threads;
	struct block *blocks;
	unsigned nblocks;
	struct decoder *decoder; /* NULL until used; made for `instance` */
	char *instance;
};

struct import_run {
	struct importer *importer;
	struct store *store;
	const struct import_options *options;
	struct import_result *result;
	struct session *session; /* borrowed: it may go on after this input */
	const char *path;
	const char *log_name; /* of a node's log: its name, for containers; else NULL */
	unsigned threads;

	/* Set once, while the first block is read. */
	const struct schema *schema;
	struct schema *owned_schema; /* the store's own where this input chose it, else NULL */
	bool user_schema;            /* a user's own schema is never doubted */
	bool empty;                  /* nothing but blanks in it, as far as the first bytes say */
	struct json_records records; /* layout; in JSON_STREAM also the state carried along */
	uint32_t container;          /* 0 until the first rows say which */
	bool overlaps;               /* it is of this reading alone */
	uint64_t *done_to;           /* see importer_input; or NULL */
	bool packed;                 /* the input is gzip or zstd */
	uint64_t held;               /* bytes of a last line that is not whole yet (hold_tail) */

	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct block *blocks; /* the importer's */
	unsigned nblocks;
	uint64_t next_fill, next_decode, next_identify, next_append; /* sequence numbers */
	bool reading, decoding;
	bool in_store; /* identify, append or commit is at work: one thread at a time */
	bool input_end, closing, stopping;
	bool failed;
	struct err err;    /* the first error */
	bool input_failed; /* the input ended with an error: what came before is kept */
	struct err input_err;

	/* reader's own */
	struct input *input;
	char *carry; /* bytes after the last whole record */
	size_t carry_len, carry_cap;
	uint64_t input_offset; /* unpacked bytes given to blocks so far */
	size_t block_target;
	bool skipping; /* within a line that is too long */
	int64_t last_progress;

	struct import_timings timings; /* under lock */
};

/* Stages; each returns 0 or -1 with *err. `decoder` is the calling thread's. */
int run_read(struct import_run *run, struct block *block, bool *produced, struct err *err);
int run_decode(
	struct import_run *run, struct block *block, struct decoder *decoder, struct err *err);
int run_identify(struct import_run *run, struct block *block, struct err *err);
void run_pack(struct import_run *run, struct block *block);
int run_append(struct import_run *run, struct block *block, struct err *err);
/* Keeps the n bytes that a block leaves over, for the next one to begin with. */
void run_carry(struct import_run *run, const char *data, size_t n);
/* Frees the block's parts; its data stay for reuse. */
void block_clear(struct block *block);

/* Chooses layout and schema from the first bytes. */
int run_recognise(struct import_run *run, struct slice head, size_t *skip, struct err *err);

/* import_container.c: the container that a part's places are in, chosen by the first rows. 0 or -1. */
int run_container(
	struct import_run *run, const struct batch *batch, uint32_t *container, struct err *err);

/* Runs the workers until the input is through, stopped, or failed. */
int run_workers(struct import_run *run, struct err *err);

/* `options` are borrowed for its life. */
void importer_init(
	struct importer *importer, struct session *session, const struct import_options *options);
void importer_fini(struct importer *importer);
/* Imports one input, by path or from `stream` (then `path` is for messages), within the session: the segment
 * in progress at its end is the caller's to commit. Where the session has no schema yet, the input's is
 * taken, and *owned is the store's own for the caller to free after the session, or NULL. *done_to (may
 * be NULL): bytes of the input that the session's segments hold, in progress or committed; it is kept
 * up to date while the input is read, for session->facts. Of a packed input nothing is said. Else as import_file. */
int importer_input(struct importer *importer, const char *path, const struct input_stream *stream,
	const struct import_options *options, struct import_result *result, struct schema **owned,
	uint64_t *done_to, struct err *err);

#endif
