/* SPDX-License-Identifier: Apache-2.0 */
/*
 * frame_index.h (private to the vault's files): blocks of NNNNNN.idx.
 *
 * A block checks itself (8 bytes of SHA-256 over everything after them) and names the frame that it
 * belongs to by the SHA-256 of its stored bytes. Its records are columns, small numbers as LEB128:
 * lengths; containers, copies and flags as runs (count, value); distance of each place from the end
 * of the one before; milliseconds of the event ids as differences; all this in zstd; then the 10
 * random bytes of each event id as they are. About 12 bytes a record.
 */
#ifndef STORE_FRAME_INDEX_H
#define STORE_FRAME_INDEX_H

#include "store/private.h"

enum block_type { BLOCK_COMMIT = 1, BLOCK_RECORDS, BLOCK_REJECTS };

struct block_header {
	uint8_t check[8];
	char magic[4]; /* "PMIX" */
	uint8_t type, version;
	uint16_t zero;
	uint32_t records;
	uint32_t packed, unpacked; /* bytes of the columns in zstd, and without it */
	uint32_t rest;             /* bytes that follow as they are */
	uint32_t stored, raw;      /* of the frame */
	uint8_t frame_sha256[32];
};
_Static_assert(sizeof(struct block_header) == 72, "part of the file format");

/* Appends the block of a frame to `out`. Any thread. */
void block_encode(struct buf *out, const struct frame_index *index, const struct frame_row *row);
/* Appends the block that opens a commit. */
void block_encode_commit(
	struct buf *out, const char *table, const char *input, int64_t received_at);
/* Bytes that a block takes, as its header says (unchecked). */
uint64_t block_bytes(const struct block_header *header);
/* Whether a block, of any type, holds what its check says. */
bool block_is_sound(struct slice block);
/* Checks a block and reads its columns into `mem`. `path` is for the error. */
int block_decode(struct slice block, const struct frame_row *row, const char *path,
	struct arena *mem, struct frame_index *index, struct err *err);

#endif
