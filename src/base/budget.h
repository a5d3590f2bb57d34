/* SPDX-License-Identifier: Apache-2.0 */
/*
 * budget.h: one memory budget for the process (--memory), divided once at start. The table of
 * shares stands here and in ARCHITECTURE.md.
 */
#ifndef BASE_BUDGET_H
#define BASE_BUDGET_H

#include <stddef.h>
#include <stdint.h>

#define BUDGET_DEFAULT ((uint64_t)1 << 30)
#define BUDGET_LEAST   ((uint64_t)64 << 20)

struct budget {
	uint64_t total;     /* bytes the process may use */
	size_t block_bytes; /* raw input bytes of one block in flight, 1–16 MiB */
	unsigned blocks;    /* blocks in flight at once, all stages together */
	size_t batch_bytes; /* column memory at which a batch is closed early */
	uint64_t sql_bytes; /* DuckDB's memory_limit in the SQL child */
};

/* Divides `total` bytes (clamped to BUDGET_LEAST at least) for `threads` worker threads: threads + 3
 * blocks, fewer where they would be smaller than 1 MiB. blocks × (block_bytes + batch_bytes) is at
 * most 35/64 of the total. A record may be longer than a block (LIMIT_RECORD_BYTES): the reader
 * then grows one block. */
struct budget budget_divide(uint64_t total, unsigned threads);

#endif
