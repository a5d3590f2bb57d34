/* SPDX-License-Identifier: Apache-2.0 */
/*
 * segment.h (private to segment*.c): a segment in progress. Three groups of fields, since identify
 * and append may run at the same time in two threads, and pack in any number of them: fields set at
 * begin and only read later; those of identify; those of append. Commit has all to itself.
 */
#ifndef STORE_SEGMENT_H
#define STORE_SEGMENT_H

#include <pthread.h>

#include "parquet/parquet.h"
#include "store/frame.h"
#include "store/observer.h"

/* What identify knows of a batch and pack needs. */
struct identified {
	const struct batch *batch;
	uint32_t container;
	uint64_t base;    /* place of batch->raw[0] in the container */
	uint32_t *copies; /* nrows; in the batch's memory */
	bool *known;      /* per reject: stored by an earlier reading; NULL = none is */
	uint32_t kept, first_frame, frames;
	struct identified *older;
};

enum { REJECT_KEY = 16 };
struct reject_note_part {
	uint8_t key[REJECT_KEY]; /* of the whole part; in its first piece */
	bool has_key;
	uint32_t frame, offset, bytes;
	struct reject_note_part *next;
};

/* A reject of this segment, or the continuation of one that an earlier segment holds. */
struct reject_note {
	uint64_t input_offset, bytes;
	uint32_t lines;
	bool continues;
	const char *reason;
	const char *input; /* "" = the segment's */
	struct reject_note_part *first, *last;
	struct reject_note *next;
};

struct used_container {
	uint32_t id;
	bool overlap;
	struct used_container *next;
};

struct segment {
	/* set at begin */
	struct store *store;
	struct table_state *table;
	const struct batch_shape *shape;
	char source[STORE_NAME], name[STORE_NAME];
	char *input;
	int64_t received_at;
	int32_t first_day; /* earlier rows are expired */
	uint8_t id_salt[16];
	struct identity *identity;
	uint32_t vault_file;
	struct observer
		observer; /* its columns; its tallies, under a lock of their own, are pack's */

	/* identify */
	struct arena mem;
	struct id_query *queries;
	uint32_t *query_rows;
	uint32_t queries_cap;
	uint32_t next_frame;
	struct used_container *containers;
	struct reject_note *first_reject, *last_reject;
	uint64_t nrejects; /* lines */
	uint64_t expired, identified_rows;
	struct segment_row row; /* ranges and counts; the file's facts come at commit */

	pthread_mutex_t lock; /* of `batches` */
	struct identified *batches;

	/* append */
	struct vault_writer *vault;
	struct parquet_writer *parquet; /* NULL until a row comes */
	char temp_path[STORE_PATH], path[STORE_PATH];
	bool marked;  /* the index has this commit's opening block */
	bool renamed; /* the Parquet file has its final name */
	uint64_t appended_rows;
};

struct segment_pack {
	struct frame_set frames;
	struct parquet_group *group; /* NULL where no row is kept */
	uint32_t rows;
	uint32_t first_frame; /* as identify has given it out */
};

/* The place of a row in its container; `base`: of batch->raw[0]. */
static inline uint64_t row_place(const struct batch *batch, uint64_t base, uint32_t row)
{
	return batch->places ? batch->places[row] : base + batch->records[row].off;
}

/* segment_rejects.c: gives rejected bytes their places, in frames from `first_frame` on. Those that an
 * earlier reading of the same input has stored get none: *known (owned by the caller, NULL where
 * there are none) tells which. */
int segment_place_rejects(struct segment *segment, const struct reject_part *rejects, uint32_t n,
	uint32_t first_frame, struct frame_cut *cut, bool **known, struct err *err);
/* In the commit's transaction: the rows of the rejects. */
int segment_add_rejects(struct segment *segment, int64_t commit_id, struct err *err);

/* Removes what the segment has made and frees it; files stay where the store is in doubt. */
void segment_undo(struct segment *segment, bool committed);

#endif
