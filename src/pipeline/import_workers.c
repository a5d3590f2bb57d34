/* SPDX-License-Identifier: Apache-2.0 */
/* import_workers.c: who does what next. All state of blocks changes under one lock; the work itself
 * is done without it. */
#include "pipeline/import_run.h"

#include <stdlib.h>
#include <time.h>

static int64_t thread_cpu_us(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

static struct block *find_block(struct import_run *run, enum block_state state, uint64_t seq)
{
	for (unsigned i = 0; i < run->nblocks; i++)
		if (run->blocks[i].state == state && run->blocks[i].seq == seq)
			return &run->blocks[i];
	return NULL;
}

static struct block *oldest_block(struct import_run *run, enum block_state state)
{
	struct block *oldest = NULL;
	for (unsigned i = 0; i < run->nblocks; i++) {
		struct block *block = &run->blocks[i];
		if (block->state == state && (!oldest || block->seq < oldest->seq))
			oldest = block;
	}
	return oldest;
}

/* The free block that was used last: its memory is the warmest, and those that the work does not need
 * are never touched. */
static struct block *warmest_block(struct import_run *run)
{
	struct block *warmest = NULL;
	for (unsigned i = 0; i < run->nblocks; i++) {
		struct block *block = &run->blocks[i];
		if (block->state == BLOCK_FREE &&
			(!warmest || !warmest->data || (block->data && block->seq > warmest->seq)))
			warmest = block;
	}
	return warmest;
}

static bool all_free(const struct import_run *run)
{
	for (unsigned i = 0; i < run->nblocks; i++)
		if (run->blocks[i].state != BLOCK_FREE)
			return false;
	return true;
}

/* Locks and keeps the first error. */
static void finish_stage(
	struct import_run *run, int status, const struct err *err, int64_t *timing, int64_t began)
{
	pthread_mutex_lock(&run->lock);
	*timing += thread_cpu_us() - began;
	if (status < 0 && !run->failed) {
		run->failed = true;
		run->err = *err;
	}
}

static void do_append(struct import_run *run, struct block *block)
{
	run->in_store = true;
	bool closes = block->closes;
	pthread_mutex_unlock(&run->lock);
	struct err err = {0};
	int64_t began = thread_cpu_us();
	int status = run_append(run, block, &err);
	block_clear(block);
	finish_stage(run, status, &err, closes ? &run->timings.commit_us : &run->timings.append_us,
		began);
	run->in_store = false;
	if (closes)
		run->closing = false;
	block->state = BLOCK_FREE;
	run->next_append++;
}

static void do_pack(struct import_run *run, struct block *block)
{
	block->state = BLOCK_PACKING;
	pthread_mutex_unlock(&run->lock);
	int64_t began = thread_cpu_us();
	run_pack(run, block);
	finish_stage(run, 0, NULL, &run->timings.pack_us, began);
	block->state = BLOCK_PACKED;
}

static void do_identify(struct import_run *run, struct block *block)
{
	run->in_store = true;
	pthread_mutex_unlock(&run->lock);
	struct err err = {0};
	int64_t began = thread_cpu_us();
	int status = run_identify(run, block, &err);
	finish_stage(run, status, &err, &run->timings.identify_us, began);
	run->in_store = false;
	block->state = BLOCK_IDENTIFIED;
	if (block->closes)
		run->closing = true;
	run->next_identify++;
}

static void do_decode(struct import_run *run, struct block *block, struct decoder **decoder)
{
	run->decoding = true;
	block->state = BLOCK_DECODING;
	run->next_decode++;
	pthread_mutex_unlock(&run->lock);
	if (!*decoder) {
		struct decode_options options = {
			.schema = run->schema,
			.source = run->session->source,
			.instance = run->options->instance,
			.received_at = run->session->received_at,
			.max_bytes = run->importer->budget.batch_bytes,
			.simd = run->options->simd,
			.secondary = run->options->secondary,
		};
		*decoder = decoder_new(&options);
	}
	struct err err = {0};
	int64_t began = thread_cpu_us();
	int status = run_decode(run, block, *decoder, &err);
	finish_stage(run, status, &err, &run->timings.decode_us, began);
	run->decoding = false;
	block->state = BLOCK_DECODED;
}

static void do_read(struct import_run *run, struct block *block)
{
	run->reading = true;
	block->state = BLOCK_FILLING;
	block->seq = run->next_fill;
	pthread_mutex_unlock(&run->lock);
	struct err err = {0};
	int64_t began = thread_cpu_us();
	bool produced = false;
	int status = run_read(run, block, &produced, &err);
	finish_stage(run, status, &err, &run->timings.read_us, began);
	run->reading = false;
	if (status == 0 && produced) {
		block->state = BLOCK_FILLED;
		run->next_fill++;
		if (block->last)
			run->input_end = true;
	} else {
		block->state = BLOCK_FREE;
	}
}

/* In a stream, where a record ends is known only when the block before is decoded. */
static bool may_read(struct import_run *run)
{
	if (run->reading || run->input_end)
		return false;
	return run->records.layout == JSON_LINES ||
	       (!run->decoding && run->next_decode == run->next_fill);
}

/* Does one stage if one is ready. Called and returns with the lock held. */
static bool do_something(struct import_run *run, struct decoder **decoder)
{
	struct block *block;
	if (!run->in_store && (block = find_block(run, BLOCK_PACKED, run->next_append)))
		do_append(run, block);
	else if ((block = oldest_block(run, BLOCK_IDENTIFIED)))
		do_pack(run, block);
	else if (!run->in_store && !run->closing &&
		 (block = find_block(run, BLOCK_DECODED, run->next_identify)))
		do_identify(run, block);
	else if ((run->records.layout == JSON_LINES || !run->decoding) &&
		 (block = find_block(run, BLOCK_FILLED, run->next_decode)))
		do_decode(run, block, decoder);
	else if (may_read(run) && (block = warmest_block(run)))
		do_read(run, block);
	else
		return false;
	pthread_cond_broadcast(&run->changed);
	return true;
}

static void work(struct import_run *run, struct decoder **decoder)
{
	pthread_mutex_lock(&run->lock);
	while (!run->failed && !(run->input_end && all_free(run)))
		if (!do_something(run, decoder))
			pthread_cond_wait(&run->changed, &run->lock);
	pthread_cond_broadcast(&run->changed);
	pthread_mutex_unlock(&run->lock);
}

static void *worker(void *arg)
{
	struct decoder *decoder = NULL;
	work(arg, &decoder);
	decoder_free(decoder);
	return NULL;
}

/* An input of one block: threads would cost more than they bring. The decoder is kept for the next. */
static void work_alone(struct import_run *run)
{
	struct importer *importer = run->importer;
	const char *instance = run->options->instance ? run->options->instance : "";
	if (importer->decoder && strcmp(importer->instance, instance) != 0) {
		decoder_free(importer->decoder);
		importer->decoder = NULL;
	}
	if (importer->decoder) {
		decoder_set_received(importer->decoder, run->session->received_at);
	} else {
		free(importer->instance);
		importer->instance = xstrdup(instance);
	}
	work(run, &importer->decoder);
}

static int run_result(const struct import_run *run, struct err *err)
{
	if (run->failed)
		*err = run->err;
	return run->failed ? -1 : 0;
}

int run_workers(struct import_run *run, struct err *err)
{
	if (run->input_end) {
		work_alone(run);
		return run_result(run, err);
	}
	/* As many as cores: one more would hide the waits for the disk, and was slower for the caches. */
	unsigned want = run->threads, started = 0;
	pthread_t *threads = xcalloc(want, sizeof(*threads));
	for (; started < want; started++)
		if (pthread_create(&threads[started], NULL, worker, run) != 0)
			break;
	if (started == 0)
		work_alone(run);
	for (unsigned i = 0; i < started; i++)
		pthread_join(threads[i], NULL);
	free(threads);
	return run_result(run, err);
}
