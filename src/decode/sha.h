/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sha.h: private to decode/: SHA-256 (FIPS 180-4) of two short texts at once. A key's text is some
 * 250 bytes; the processor's SHA instructions wait for their own results half of the time, which a
 * second, independent text fills (0.15 s → 0.08 s a million keys).
 */
#ifndef DECODE_SHA_H
#define DECODE_SHA_H

#include <stdbool.h>
#include <stdint.h>

/* A text in whole blocks of 64 bytes, padded, and the state before it; in the end the state after. */
struct sha_job {
	uint32_t state[8];
	const uint8_t *blocks;
	uint32_t n;
};

/* Whether this processor has SHA instructions. */
bool sha_has_instructions(void);
/* Runs both; with `instructions` only where the processor has them, else through libcrypto. */
void sha_pair(struct sha_job *a, struct sha_job *b, bool instructions);
/* The blocks that `len` bytes of text need with their padding. */
static inline uint32_t sha_blocks(uint64_t len)
{
	return (uint32_t)((len + 9 + 63) / 64);
}
/* Pads text[0…len], which stands behind `before` bytes hashed already; needs room for
 * sha_blocks(len) blocks. */
void sha_pad(uint8_t *text, uint64_t len, uint64_t before);

#endif
