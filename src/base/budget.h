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
	size_t block_bytes; /* raw input bytes of one block in flight */
	unsigned blocks;    /* blocks in flight at once, all stages together */
	size_t batch_bytes; /* column memory at which a batch is closed early */
	uint64_t sql_bytes; /* DuckDB's memory_limit in the SQL child */
};

/* Divides `total` bytes (clamped to BUDGET_LEAST at least) for `threads` worker threads. */
struct budget budget_divide(uint64_t total, unsigned threads);

#endif
