/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hash.h: a fast hash for tables in memory, keyed per process because the text that goes into the
 * tables is hostile. Never stored, never sent: identities use SHA-256 (store/).
 */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

extern uint64_t hash_secret[4]; /* random; set before main() */

/* Folds a 64 × 64 → 128-bit product: the mixing step of the multiply-and-fold family. */
static inline uint64_t hash_fold(uint64_t a, uint64_t b)
{
	unsigned __int128 m = (unsigned __int128)a * b;
	return (uint64_t)m ^ (uint64_t)(m >> 64);
}

/* Eight bytes at any address, in the machine's order. */
static inline uint64_t hash_load8(const void *p)
{
	uint64_t v;
	/* NULL comes with no bytes, and then nothing is loaded. */
	memcpy(&v, p, 8); /* NOLINT(clang-analyzer-core.NonNullParamChecker) */
	return v;
}

/* Four bytes at any address, in the machine's order. */
static inline uint64_t hash_load4(const void *p)
{
	uint32_t v;
	memcpy(&v, p, 4);
	return v;
}

/* The hash of `len` bytes under the process's key. */
static inline uint64_t hash_bytes(const void *data, size_t len)
{
	const unsigned char *p = data;
	uint64_t h = hash_secret[0] ^ len;
	size_t n = len;
	while (n > 16) {
		h = hash_fold(hash_load8(p) ^ hash_secret[1], hash_load8(p + 8) ^ h);
		p += 16;
		n -= 16;
	}
	uint64_t a = 0, b = 0;
	if (len >= 16) {
		a = hash_load8(p + n - 16);
		b = hash_load8(p + n - 8);
	} else if (n >= 8) {
		a = hash_load8(p);
		b = hash_load8(p + n - 8);
	} else if (n >= 4) {
		a = hash_load4(p);
		b = hash_load4(p + n - 4);
	} else if (n > 0) {
		a = ((uint64_t)p[0] << 16) | ((uint64_t)p[n >> 1] << 8) | p[n - 1];
	}
	return hash_fold(hash_secret[2] ^ a ^ h, hash_secret[3] ^ b);
}

#endif
