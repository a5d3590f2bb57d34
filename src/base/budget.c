/* SPDX-License-Identifier: Apache-2.0 */
/*
 * budget.c: who may use how much. A block in flight costs its raw bytes and about as much again in
 * columns, so 35/64 of the total at most is divided by twice the number of blocks. The
 * rest is for identities (1/8), SQLite's cache, encoders' buffers, and the program itself.
 */
#include "base/budget.h"

static const uint64_t block_most = (uint64_t)16 << 20;  /* more is slower: bench/NOTES.md */
static const uint64_t block_least = (uint64_t)1 << 20;  /* less makes poor dictionaries */
static const uint64_t block_grain = (uint64_t)64 << 10; /* rounded down to this */

struct budget budget_divide(uint64_t total, unsigned threads)
{
	if (total < BUDGET_LEAST)
		total = BUDGET_LEAST;
	if (threads == 0)
		threads = 1;
	uint64_t share = total / 64 * 35;
	uint64_t blocks = (uint64_t)threads + 3;
	/* Many threads on little memory: fewer blocks rather than tiny ones. */
	if (share / (2 * blocks) < block_least)
		blocks = share / (2 * block_least);
	uint64_t bytes = share / (2 * blocks);
	if (bytes > block_most)
		bytes = block_most;
	bytes -= bytes % block_grain;
	return (struct budget){
		.total = total,
		.block_bytes = (size_t)bytes,
		.blocks = (unsigned)blocks,
		.batch_bytes = (size_t)bytes,
		.sql_bytes = total / 4 * 3,
	};
}
