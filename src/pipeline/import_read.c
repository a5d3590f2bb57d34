/* SPDX-License-Identifier: Apache-2.0 */
/* import_read.c: the reader: whole records into blocks, what is cut off carried to the next one. */
#include "pipeline/import_run.h"

#include <stdlib.h>
#include <sys/mman.h>

enum {
	HEAD_BYTES = 256 << 10, /* looked at to recognise an input and to size its blocks */
	LEAST_BLOCK = 1 << 20,
	PROGRESS_US = 100000,
};

/* Grows a block's memory. Anonymous mappings with huge pages: a block is written and read once by
 * each stage, so page faults and TLB misses count. */
static void block_reserve(struct block *block, size_t cap)
{
	if (cap <= block->cap)
		return;
	cap = (cap + (2 << 20) - 1) & ~(size_t)((2 << 20) - 1);
	char *data = mmap(NULL, cap, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (data == MAP_FAILED) {
		log_error("out of memory (asked for %zu bytes)", cap);
		abort();
	}
	madvise(data, cap, MADV_HUGEPAGE);
	if (block->len)
		memcpy(data, block->data, block->len);
	if (block->data)
		munmap(block->data, block->cap);
	block->data = data;
	block->cap = cap;
}

static void report_progress(struct import_run *run)
{
	int64_t now = clock_mono_us();
	if (!run->options->progress || now - run->last_progress < PROGRESS_US)
		return;
	run->last_progress = now;
	pthread_mutex_lock(&run->lock);
	struct import_progress at = {
		.input = run->path,
		.bytes_read = input_position(run->input),
		.bytes_total = input_size(run->input),
		.records = run->result->records,
	};
	pthread_mutex_unlock(&run->lock);
	run->options->progress(run->options->progress_ctx, &at);
}

/* Fills the block up to `target` bytes. An input that fails is kept as the end of the input: what
 * came before it is stored. */
static void fill(struct import_run *run, struct block *block, size_t target, bool *silent)
{
	block_reserve(block, target);
	*silent = false;
	while (block->len < target && !block->last && !*silent) {
		if (run->options->stop && *run->options->stop) {
			run->stopping = true;
			block->last = true;
			break;
		}
		size_t want = target - block->len;
		if (want > ((size_t)8 << 20))
			want = (size_t)8 << 20;
		bool end;
		int64_t got = input_read(
			run->input, block->data + block->len, want, &end, &run->input_err);
		if (got < 0) {
			run->input_failed = true;
			block->last = true;
			break;
		}
		block->len += (size_t)got;
		block->last = end;
		*silent = !end && (size_t)got < want;
		report_progress(run);
	}
}

void run_carry(struct import_run *run, const char *data, size_t n)
{
	if (n > run->carry_cap) {
		run->carry_cap = n + n / 2;
		run->carry = xrealloc(run->carry, run->carry_cap);
	}
	if (n)
		memcpy(run->carry, data, n);
	run->carry_len = n;
}

/* Sizes blocks so that one holds about one batch. */
static void choose_target(struct import_run *run, struct slice head)
{
	size_t lines = 1;
	for (const char *p = head.ptr, *end = p + head.len; p < end; lines++) {
		p = memchr(p, '\n', (size_t)(end - p));
		if (!p)
			break;
		p++;
	}
	size_t target = head.len / lines * LIMIT_BATCH_ROWS;
	if (target > run->importer->budget.block_bytes)
		target = run->importer->budget.block_bytes;
	run->block_target = target < LEAST_BLOCK ? LEAST_BLOCK : target;
}

static int read_first(struct import_run *run, struct block *block, struct err *err)
{
	bool silent;
	do {
		fill(run, block, HEAD_BYTES, &silent);
	} while (silent && !memchr(block->data, '\n', block->len));
	if (run->input_failed && block->len == 0) {
		*err = run->input_err;
		return -1;
	}
	size_t skip = 0;
	if (run_recognise(run, (struct slice){block->data, block->len}, &skip, err) < 0) {
		if (run->input_failed)
			*err = run->input_err;
		return -1;
	}
	choose_target(run, (struct slice){block->data, block->len});
	if (skip) {
		block->len -= skip;
		memmove(block->data, block->data + skip, block->len);
		run->input_offset += skip;
	}
	return 0;
}

/* Whether the bytes from `from` on are a line that is still being written. */
static bool hold_tail(struct import_run *run, const struct block *block, size_t from)
{
	bool repaired;
	struct slice tail = {block->data + from, block->len - from};
	if (!run->options->hold_tail || run->input_failed || run->stopping || tail.len == 0 ||
		json_validate_lenient(tail, &repaired, NULL) == 0)
		return false;
	run->held = tail.len;
	return true;
}

/* Cuts a block of lines after its last newline; the rest is carried. A line that does not end within
 * LIMIT_RECORD_BYTES makes a block that is rejected as it is. */
static void cut_lines(struct import_run *run, struct block *block)
{
	bool silent;
	const char *newline = memrchr(block->data, '\n', block->len);
	while (!newline && !block->last && block->len <= LIMIT_RECORD_BYTES) {
		size_t old = block->len;
		fill(run, block, old + LEAST_BLOCK, &silent);
		newline = memrchr(block->data + old, '\n', block->len - old);
	}
	if (run->skipping || (!newline && block->len > LIMIT_RECORD_BYTES)) {
		const char *end = memchr(block->data, '\n', block->len);
		block->overlong = true;
		block->continues = run->skipping;
		run->skipping = !end;
		size_t keep = end ? (size_t)(end - block->data) + 1 : block->len;
		run_carry(run, block->data + keep, block->len - keep);
		block->last = block->last && run->carry_len == 0;
		block->len = keep;
		return;
	}
	size_t keep = newline ? (size_t)(newline - block->data) + 1 : 0;
	if (block->last && !hold_tail(run, block, keep))
		keep = block->len;
	run_carry(run, block->data + keep, block->len - keep);
	block->len = keep;
}

int run_read(struct import_run *run, struct block *block, bool *produced, struct err *err)
{
	bool first = run->next_fill == 0, silent;
	block->len = 0;
	block->last = block->overlong = block->continues = block->flush = block->closes = false;
	if (first && read_first(run, block, err) < 0)
		return -1;
	block_reserve(block, run->block_target + run->carry_len);
	if (run->carry_len) {
		memcpy(block->data, run->carry, run->carry_len);
		block->len = run->carry_len;
		run->carry_len = 0;
	}
	bool had_end = first && block->last;
	if (!had_end && !run->input_failed && !run->stopping)
		fill(run, block, run->block_target + block->len, &silent);
	else
		block->last = true;
	block->flush = !had_end && !block->last && block->len < run->block_target;
	block->offset = run->input_offset;
	if (run->records.layout == JSON_LINES)
		cut_lines(run, block);
	if (run->records.layout == JSON_LINES && !block->overlong &&
		(run->stopping || (run->input_failed && run->options->cut_tail))) {
		/* A half-read last record is no fault of the input. */
		const char *newline = memrchr(block->data, '\n', block->len);
		block->len = newline ? (size_t)(newline - block->data) + 1 : 0;
	}
	if (run->records.layout == JSON_LINES)
		run->input_offset += block->len;
	*produced = block->len > 0 || block->last || block->flush;
	return 0;
}
