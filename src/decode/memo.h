/* SPDX-License-Identifier: Apache-2.0 */
/*
 * memo.h: private to decode/: objects remembered byte for byte. `auditType` is 250 bytes in six
 * keys with some hundred values; an equal one costs a hash of its first bytes and one comparison.
 */
#ifndef DECODE_MEMO_H
#define DECODE_MEMO_H

#include "decode/private.h"

enum {
	MEMO_ENTRIES = 4096, /* a power of two */
	MEMO_MASK = MEMO_ENTRIES - 1,
	MEMO_PREFIX = 64, /* the most bytes the hash takes */
	MEMO_SHORTEST = 16,
	MEMO_LONGEST = 1024,
	MEMO_RAW = 1 << 20, /* bytes of all objects of a node */
	MEMO_TRIAL = 2048,  /* after so many tries, fewer hits than a quarter: not worth it */
};

/* Which objects of this node may be remembered: those of strings alone. */
void memo_init(struct memo *memo, const struct key_node *node);
void memo_fini(struct memo *memo);
void memo_reset(struct memo *memo);
/* Remembers the object p…p+len, whose values are at i; i was memo_clear before. */
void memo_add(struct memo *memo, uint64_t hash, uint32_t i, const char *p, size_t len);

/* The only place where an object with this hash may be. */
static inline struct memo_entry *memo_entry(const struct memo *memo, uint64_t hash)
{
	return (struct memo_entry *)(void *)(memo->entries + ((hash & MEMO_MASK) << memo->shift));
}

/* Of the first memo->prefix bytes; may read DECODE_SLACK bytes past the object. */
static inline uint64_t memo_hash(const struct memo *memo, const char *p)
{
	uint64_t h = hash_secret[0];
	for (uint32_t i = 0; i < memo->prefix; i += 16)
		h = hash_fold(hash_load8(p + i) ^ hash_secret[1] ^ h, hash_load8(p + i + 8) ^ h);
	return h;
}

/* Whether none of the node's columns has a value at i yet. Another node may feed the same columns
 * (`auditType` and `type`): what it put there is not this object's. */
static inline bool memo_clear(const struct memo *memo, uint32_t i)
{
	uint32_t empty = CODE_NULL;
	for (uint32_t c = 0; c < memo->ncolumns; c++)
		empty &= memo->columns[c]->plain ? 0 : memo->columns[c]->codes[i];
	return empty == CODE_NULL;
}

/* Puts the entry's codes at i. False where a column has a value there, or turned plain. */
static inline bool memo_emit(const struct memo *memo, const struct memo_entry *entry, uint32_t i)
{
	if (!memo_clear(memo, i))
		return false;
	for (uint32_t c = 0; c < memo->ncolumns; c++)
		memo->columns[c]->codes[i] = entry->codes[c];
	return true;
}

#endif
