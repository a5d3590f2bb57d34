/* SPDX-License-Identifier: Apache-2.0 */
/*
 * retain.h (private to retain*.c): one round of retention: the expired records of one vault file.
 *
 * A round is one transaction: the rows go, the frames that held them become dead, and what else
 * those frames held is copied into new frames, with the places in the tables changed. So rows and
 * live records agree at any time, and a round that is stopped leaves everything as it was. Which
 * records have expired is decided by the rows (a rebuild may have mended their times), never by what
 * the vault's index makes of them.
 */
#ifndef STORE_RETAIN_H
#define STORE_RETAIN_H

#include "store/evidence_private.h"
#include "store/rewrite.h"

/* A frame that holds expired records. */
struct touched {
	uint32_t *expired; /* offsets of the records */
	uint32_t n, cap;
	bool sorted;
	struct frame_row row;
	/* Records in order of offset, and where they are now: in new_frame (of the file that the
	 * round writes to), or nowhere (UINT32_MAX). */
	uint32_t records, *offsets, *new_offsets;
	uint32_t new_frame;
	/* Which go, and what they hash to: of evidence. */
	bool *gone;
	uint8_t (*hashes)[MERKLE_HASH];
};

struct round {
	struct store *store;
	struct table_state *table;
	const char *source;
	uint32_t file;
	int32_t first_day;
	struct touched **frames; /* by number; NULL = untouched */
	uint32_t nframes;
	uint64_t dropped;
	/* the copies */
	struct vault_writer *vault; /* NULL where nothing is copied */
	uint32_t new_file;
	int64_t *commit_ids; /* of the frames appended */
	uint32_t ncopies, copies_cap;
	/* the files */
	struct rewriter **files;
	struct old_segment **replaced;
	uint32_t nfiles, files_cap;
};

/* ---- retain_rows.c ---- */

/* The vault files that hold expired records of the table: sources and numbers, in order. */
struct vault_files {
	struct {
		char source[STORE_NAME];
		uint32_t file;
	} * list;
	uint32_t n, cap;
};
int find_expired_files(struct store *store, const struct table_state *table, int32_t first_day,
	const struct old_segments *all, struct vault_files *files, struct err *err);
/* Fills round->frames with the expired records of its file. */
int find_expired_records(struct round *round, const struct old_segments *all, struct err *err);
/* Writes anew each file that holds rows of touched frames. */
int rewrite_rows(struct round *round, struct old_segments *all, struct err *err);

/* ---- retain_vault.c ---- */

/* Copies what has not expired in the touched frames and makes the copies durable. */
int copy_survivors(struct round *round, struct err *err);
/* In the transaction: the copies become live, the touched frames dead. */
int record_frames(struct round *round, struct err *err);

#endif
