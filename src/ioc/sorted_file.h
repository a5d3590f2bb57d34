/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sorted_file.h: a file of records in order of kind and key, written once: the index of observables and watchlists are kept
 * so. What a record holds beside its key is its writer's.
 *
 * File, little-endian:
 *   magic, 16 bytes
 *   blocks of about 4 KiB, each of one kind: records one after another. A record is
 *     shared   varint: bytes of the key that are those of the record before (0 for a block's first)
 *     rest     varint, and so many bytes: the rest of the key
 *     value    varint, and so many bytes
 *   extra bytes, the writer's own
 *   fences: 24 bytes per block; texts of the fences: what is greater than all keys before the block and not greater than its
 *     first one
 *   footer
 * Each block has a CRC-32C in its fence; extra, fences and texts have one in the footer; the footer has its own.
 *
 * Questions are best asked in order of kind and key: the file is walked forward, a window of it in memory at a time.
 */
#ifndef IOC_SORTED_FILE_H
#define IOC_SORTED_FILE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"

enum {
	SORTED_KINDS = 16,    /* kinds are 0 to 15 */
	SORTED_KEY_MAX = 512, /* bytes */
	SORTED_VALUE_MAX = 8192
};

/* The order of records: by kind, then by key. */
static inline int sorted_order(
	unsigned kind, struct slice key, unsigned other_kind, struct slice other)
{
	return kind != other_kind ? (kind < other_kind ? -1 : 1) : slice_cmp(key, other);
}
/* Kind and the first seven bytes of the key as a number that sorts as they do; ties are decided by the key. */
static inline uint64_t sorted_prefix(unsigned kind, struct slice key)
{
	unsigned char bytes[8] = {(unsigned char)kind};
	uint64_t prefix;
	if (key.len)
		memcpy(bytes + 1, key.ptr, key.len < 7 ? key.len : 7);
	memcpy(&prefix, bytes, 8);
	return __builtin_bswap64(prefix);
}

/* ---- writing --------------------------------------------------------------------------------- */

struct sorted_facts {
	uint64_t entries, bytes;
	uint8_t sha256[32];
};
struct sorted_writer;
/* Begins PATH under a temporary name (PATH.tmp). `tag` is the writer's own, given back by sorted_tag. */
int sorted_create(const char *path, uint64_t tag, struct sorted_writer **writer, struct err *err);
/* Adds the next record, greater than the one before. 0 or -1. */
int sorted_add(struct sorted_writer *writer, unsigned kind, struct slice key, struct slice value,
	struct err *err);
/* Makes the file durable under its name (its folder is the caller's to sync), and describes it. */
int sorted_finish(struct sorted_writer *writer, struct slice extra, struct sorted_facts *facts,
	struct err *err);
/* Frees it; an unfinished file is removed. Accepts NULL. */
void sorted_writer_free(struct sorted_writer *writer);

/* ---- reading --------------------------------------------------------------------------------- */

struct sorted_reader;
/* Opens a file and checks its footer and fences. */
int sorted_open(const char *path, struct sorted_reader **reader, struct err *err);
/* Accepts NULL. */
void sorted_close(struct sorted_reader *reader);
uint64_t sorted_entries(const struct sorted_reader *reader);
uint64_t sorted_tag(const struct sorted_reader *reader);
/* Bit 1 << kind for the kinds that it holds. */
uint32_t sorted_kinds(const struct sorted_reader *reader);
/* The extra bytes, read anew each time; the caller's (free). 0 or -1. */
int sorted_extra(struct sorted_reader *reader, char **bytes, size_t *n, struct err *err);
/* ERR_DAMAGED with the file's name. Returns -1. */
int sorted_damaged(const struct sorted_reader *reader, const char *what, struct err *err);

/* A record; borrowed until the next call. */
struct sorted_record {
	unsigned kind;
	struct slice key, value;
};
/* The first record that is not less than kind and key. 1, 0 where there is none, -1. What lies behind is read again. */
int sorted_seek(struct sorted_reader *reader, unsigned kind, struct slice key,
	const struct sorted_record **record, struct err *err);
/* The one after what was given last (the first at the beginning). */
int sorted_next(struct sorted_reader *reader, const struct sorted_record **record, struct err *err);
/* Back to the beginning. */
void sorted_rewind(struct sorted_reader *reader);

/* Reads all of it: every checksum, the order, the count. */
int sorted_check(const char *path, uint64_t entries, struct err *err);

#endif
