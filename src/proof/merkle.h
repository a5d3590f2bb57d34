/* SPDX-License-Identifier: Apache-2.0 */
/*
 * merkle.h: Merkle trees of RFC 9162, section 2.1 (the same as RFC 6962's) over SHA-256: roots, proofs that an entry is in a tree,
 * proofs that a tree is the beginning of another, and their verification. Pure: where hashes are kept is the caller's.
 *
 * Trees are named by their size; entries are numbered from 0. A **node** (level, index) is the root over the 2^level entries from
 * index·2^level on; level 0 are the entries' own hashes. Only nodes that are full are ever asked for, so that they never change.
 */
#ifndef PROOF_MERKLE_H
#define PROOF_MERKLE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/base.h"

enum {
	MERKLE_HASH = 32,
	MERKLE_LEVELS = 64, /* of any tree */
	MERKLE_PATH = 128   /* most hashes in a proof */
};

/* The hash of an entry: SHA-256(0x00 ‖ data). */
void merkle_entry(const void *data, size_t n, uint8_t out[MERKLE_HASH]);
/* SHA-256(0x01 ‖ left ‖ right). `out` may be one of them. */
void merkle_node(const uint8_t left[MERKLE_HASH], const uint8_t right[MERKLE_HASH],
	uint8_t out[MERKLE_HASH]);

/* ---- roots ----------------------------------------------------------------------------------- */

/* A tree that grows, as the roots of its full parts, the largest first: at most one for each bit of its size. Zeroed, it is empty. */
struct merkle_range {
	uint64_t size;
	uint8_t full[MERKLE_LEVELS][MERKLE_HASH];
};
/* Adds an entry's hash. `made` (may be NULL) gets the nodes that this fills, of levels 1 to the number returned, each with the index
 * (size before) >> level. */
unsigned merkle_add(struct merkle_range *range, const uint8_t entry[MERKLE_HASH],
	uint8_t made[MERKLE_LEVELS][MERKLE_HASH]);
/* The root; of an empty tree SHA-256 of nothing. */
void merkle_root(const struct merkle_range *range, uint8_t root[MERKLE_HASH]);
/* How many full parts a tree of this size has. */
unsigned merkle_parts(uint64_t size);

/* ---- proofs ---------------------------------------------------------------------------------- */

/* Where nodes come from. `node` writes one; 0 or -1. */
struct merkle_source {
	int (*node)(void *ctx, unsigned level, uint64_t index, uint8_t out[MERKLE_HASH],
		struct err *err);
	void *ctx;
};
/* A source over entries' hashes in memory; `ctx` is the first of them. */
int merkle_array_node(
	void *ctx, unsigned level, uint64_t index, uint8_t out[MERKLE_HASH], struct err *err);

/* The root of the first `size` entries. 0 or -1. */
int merkle_root_of(const struct merkle_source *source, uint64_t size, uint8_t root[MERKLE_HASH],
	struct err *err);

struct merkle_path {
	unsigned n;
	uint8_t hash[MERKLE_PATH][MERKLE_HASH];
};
/* The proof that entry `index` is in the tree of `size` entries (section 2.1.3.1); index < size. 0 or -1. */
int merkle_inclusion(const struct merkle_source *source, uint64_t index, uint64_t size,
	struct merkle_path *path, struct err *err);
/* The proof that the tree of `old` entries is the beginning of that of `size` (section 2.1.4.1); 0 < old ≤ size. 0 or -1. */
int merkle_consistency(const struct merkle_source *source, uint64_t old, uint64_t size,
	struct merkle_path *path, struct err *err);

/* ---- verification ---------------------------------------------------------------------------- */

/* Section 2.1.3.2: whether the path leads from the entry's hash to the root. */
bool merkle_included(const uint8_t entry[MERKLE_HASH], uint64_t index, uint64_t size,
	const struct merkle_path *path, const uint8_t root[MERKLE_HASH]);
/* Section 2.1.4.2; nothing is consistent with a tree of 0 entries, which says nothing. */
bool merkle_consistent(uint64_t old, const uint8_t old_root[MERKLE_HASH], uint64_t size,
	const uint8_t root[MERKLE_HASH], const struct merkle_path *path);

#endif
