/* SPDX-License-Identifier: Apache-2.0 */
/* merkle.c: Merkle trees of RFC 9162: hashes, roots, proofs and their verification. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/sha.h>

#include <assert.h>
#include <string.h>

#include "proof/merkle.h"

/* The low-level functions: an entry is some hundred bytes, and libcrypto's general ones take longer to begin than it takes to hash. */
void merkle_entry(const void *data, size_t n, uint8_t out[MERKLE_HASH])
{
	SHA256_CTX ctx;
	SHA256_Init(&ctx);
	SHA256_Update(&ctx, "\0", 1);
	SHA256_Update(&ctx, data, n);
	SHA256_Final(out, &ctx);
}

void merkle_node(
	const uint8_t left[MERKLE_HASH], const uint8_t right[MERKLE_HASH], uint8_t out[MERKLE_HASH])
{
	SHA256_CTX ctx;
	SHA256_Init(&ctx);
	SHA256_Update(&ctx, "\1", 1);
	SHA256_Update(&ctx, left, MERKLE_HASH);
	SHA256_Update(&ctx, right, MERKLE_HASH);
	SHA256_Final(out, &ctx);
}

static void empty_root(uint8_t root[MERKLE_HASH])
{
	SHA256((const unsigned char *)"", 0, root);
}

/* ---- roots ----------------------------------------------------------------------------------- */

unsigned merkle_parts(uint64_t size)
{
	return (unsigned)__builtin_popcountll(size);
}

unsigned merkle_add(struct merkle_range *range, const uint8_t entry[MERKLE_HASH],
	uint8_t made[MERKLE_LEVELS][MERKLE_HASH])
{
	unsigned parts = merkle_parts(range->size), level = 0;
	uint8_t hash[MERKLE_HASH];
	memcpy(hash, entry, MERKLE_HASH);
	for (uint64_t size = range->size; size & 1; size >>= 1) {
		merkle_node(range->full[--parts], hash, hash);
		level++;
		if (made)
			memcpy(made[level], hash, MERKLE_HASH);
	}
	memcpy(range->full[parts], hash, MERKLE_HASH);
	range->size++;
	return level;
}

void merkle_root(const struct merkle_range *range, uint8_t root[MERKLE_HASH])
{
	unsigned parts = merkle_parts(range->size);
	if (parts == 0) {
		empty_root(root);
		return;
	}
	memcpy(root, range->full[--parts], MERKLE_HASH);
	while (parts > 0)
		merkle_node(range->full[--parts], root, root);
}

/* ---- proofs ---------------------------------------------------------------------------------- */

int merkle_array_node(
	void *ctx, unsigned level, uint64_t index, uint8_t out[MERKLE_HASH], struct err *err)
{
	const uint8_t(*entries)[MERKLE_HASH] = ctx;
	struct merkle_range range = {0};
	(void)err;
	for (uint64_t i = index << level; i < (index + 1) << level; i++)
		merkle_add(&range, entries[i], NULL);
	merkle_root(&range, out);
	return 0;
}

/* The largest power of two below n; n > 1. */
static unsigned split_level(uint64_t n)
{
	return 63u - (unsigned)__builtin_clzll(n - 1);
}

/* MTH(D[from:to]), where `from` is a multiple of a power of two that is not less than to - from. The parts on the right are put
 * together from the last one on. */
static int span_root(const struct merkle_source *source, uint64_t from, uint64_t to,
	uint8_t out[MERKLE_HASH], struct err *err)
{
	uint8_t parts[MERKLE_LEVELS][MERKLE_HASH];
	unsigned n = 0;
	while (from < to && n < MERKLE_LEVELS) {
		uint64_t left = to - from;
		unsigned level = 63u - (unsigned)__builtin_clzll(left);
		if (source->node(source->ctx, level, from >> level, parts[n++], err) < 0)
			return -1;
		from += UINT64_C(1) << level;
	}
	if (n == 0) /* never: no span is empty */
		return err_set(err, ERR_USAGE, "a span of no entries has no root");
	memcpy(out, parts[--n], MERKLE_HASH);
	while (n > 0)
		merkle_node(parts[--n], out, out);
	return 0;
}

int merkle_root_of(const struct merkle_source *source, uint64_t size, uint8_t root[MERKLE_HASH],
	struct err *err)
{
	if (size > 0)
		return span_root(source, 0, size, root, err);
	empty_root(root);
	return 0;
}

/* The RFC's recursions end with the hash that is nearest to the entry: it stands first. */
static void reverse(struct merkle_path *path)
{
	for (unsigned i = 0; i < path->n / 2; i++) {
		uint8_t kept[MERKLE_HASH];
		memcpy(kept, path->hash[i], MERKLE_HASH);
		memcpy(path->hash[i], path->hash[path->n - 1 - i], MERKLE_HASH);
		memcpy(path->hash[path->n - 1 - i], kept, MERKLE_HASH);
	}
}

int merkle_inclusion(const struct merkle_source *source, uint64_t index, uint64_t size,
	struct merkle_path *path, struct err *err)
{
	uint64_t from = 0, to = size;
	assert(index < size);
	path->n = 0;
	while (to - from > 1) {
		uint64_t middle = from + (UINT64_C(1) << split_level(to - from));
		bool left = index < middle;
		if (span_root(source, left ? middle : from, left ? to : middle,
			    path->hash[path->n++], err) < 0)
			return -1;
		*(left ? &to : &from) = middle;
	}
	reverse(path);
	return 0;
}

int merkle_consistency(const struct merkle_source *source, uint64_t old, uint64_t size,
	struct merkle_path *path, struct err *err)
{
	uint64_t from = 0, to = size;
	bool whole = true; /* D[from:to] would be the old tree itself, whose root is known */
	assert(old > 0 && old <= size);
	path->n = 0;
	while (old < to) {
		uint64_t middle = from + (UINT64_C(1) << split_level(to - from));
		bool left = old <= middle;
		if (span_root(source, left ? middle : from, left ? to : middle,
			    path->hash[path->n++], err) < 0)
			return -1;
		whole &= left;
		*(left ? &to : &from) = middle;
	}
	if (!whole && span_root(source, from, to, path->hash[path->n++], err) < 0)
		return -1;
	reverse(path);
	return 0;
}

/* ---- verification ---------------------------------------------------------------------------- */

bool merkle_included(const uint8_t entry[MERKLE_HASH], uint64_t index, uint64_t size,
	const struct merkle_path *path, const uint8_t root[MERKLE_HASH])
{
	uint64_t fn = index, sn = size - 1;
	uint8_t r[MERKLE_HASH];
	if (index >= size)
		return false;
	memcpy(r, entry, MERKLE_HASH);
	for (unsigned i = 0; i < path->n; i++) {
		if (sn == 0)
			return false;
		if ((fn & 1) || fn == sn) {
			merkle_node(path->hash[i], r, r);
			while (!(fn & 1) && fn != 0) {
				fn >>= 1;
				sn >>= 1;
			}
		} else {
			merkle_node(r, path->hash[i], r);
		}
		fn >>= 1;
		sn >>= 1;
	}
	return sn == 0 && memcmp(r, root, MERKLE_HASH) == 0;
}

bool merkle_consistent(uint64_t old, const uint8_t old_root[MERKLE_HASH], uint64_t size,
	const uint8_t root[MERKLE_HASH], const struct merkle_path *path)
{
	if (old > size || old == 0)
		return false;
	if (old == size)
		return path->n == 0 && memcmp(old_root, root, MERKLE_HASH) == 0;
	unsigned i = 0;
	uint8_t fr[MERKLE_HASH], sr[MERKLE_HASH];
	if (path->n == 0)
		return false;
	memcpy(fr, (old & (old - 1)) == 0 ? old_root : path->hash[i++], MERKLE_HASH);
	memcpy(sr, fr, MERKLE_HASH);
	uint64_t fn = old - 1, sn = size - 1;
	while (fn & 1) {
		fn >>= 1;
		sn >>= 1;
	}
	for (; i < path->n; i++) {
		if (sn == 0)
			return false;
		if ((fn & 1) || fn == sn) {
			merkle_node(path->hash[i], fr, fr);
			merkle_node(path->hash[i], sr, sr);
			while (!(fn & 1) && fn != 0) {
				fn >>= 1;
				sn >>= 1;
			}
		} else {
			merkle_node(sr, path->hash[i], sr);
		}
		fn >>= 1;
		sn >>= 1;
	}
	return sn == 0 && memcmp(fr, old_root, MERKLE_HASH) == 0 &&
	       memcmp(sr, root, MERKLE_HASH) == 0;
}
