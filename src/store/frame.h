/* SPDX-License-Identifier: Apache-2.0 */
/* frame.h (private to the vault's files): zstd with contexts that each thread keeps, and where
 * records are cut into frames. */
#ifndef STORE_FRAME_H
#define STORE_FRAME_H

#include "store/private.h"

/* Compresses columns of an index block into dst (of ZSTD_compressBound(n) bytes); returns how many
 * bytes it took. */
size_t frame_compress_index(void *dst, size_t bound, const void *src, size_t n);
/* Unpacks exactly n bytes; false where the input is damaged or holds another number. */
bool frame_decompress(void *dst, size_t n, const void *src, size_t packed);
/* This thread's scratch memory, at least n bytes; borrowed until its next call. */
void *frame_scratch(size_t n);

/* Where the next record goes. Frames are cut by sizes alone, so that a record's place is known
 * before anything is compressed. */
struct frame_cut {
	uint32_t frames; /* begun so far */
	uint64_t bytes;  /* in the frame that was begun last */
};
/* Adds a record of `length` bytes; returns its offset in its frame, number cut->frames - 1. */
static inline uint32_t frame_cut_add(struct frame_cut *cut, uint64_t length)
{
	if (cut->frames == 0 || cut->bytes + 1 + length > LIMIT_FRAME_BYTES) {
		cut->frames++;
		cut->bytes = length;
		return 0;
	}
	uint32_t offset = (uint32_t)cut->bytes + 1;
	cut->bytes += 1 + length;
	return offset;
}

#endif
