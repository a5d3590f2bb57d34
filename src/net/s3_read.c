/* SPDX-License-Identifier: Apache-2.0 */
/* s3_read.c: the caller's side of the reader: ranges are planned as far as slots and memory reach, and handed
 * out in their order. s3_read_worker.c reads them. */
#include "net/s3_read.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "base/base.h"
#include "net/private.h"
#include "net/s3_read_private.h"

static size_t units(size_t bytes)
{
	return (bytes + READER_UNIT - 1) / READER_UNIT * READER_UNIT;
}

/* --- Buffers: their sum never exceeds settings.memory. ------------------------------------------------ */

static void free_spare(struct s3_reader *reader, unsigned i)
{
	reader->usage.bytes -= reader->spare[i].cap;
	reader->usage.buffers--;
	free(reader->spare[i].ptr);
	reader->spare[i] = reader->spare[--reader->spares];
}

/* A spare one that fits, but is not much too large: small objects must not sit in large buffers. */
static bool reuse_buffer(struct s3_reader *reader, size_t cap, struct reader_slot *slot)
{
	for (unsigned i = 0; i < reader->spares; i++) {
		struct reader_buffer spare = reader->spare[i];
		if (spare.cap < cap || spare.cap > 2 * cap)
			continue;
		slot->buffer = spare.ptr;
		slot->cap = spare.cap;
		reader->spare[i] = reader->spare[--reader->spares];
		return true;
	}
	return false;
}

static bool take_buffer(struct s3_reader *reader, struct reader_slot *slot)
{
	struct s3_reader_usage *usage = &reader->usage;
	size_t cap = units(slot->want);
	if (reuse_buffer(reader, cap, slot))
		return true;
	while (reader->spares && usage->bytes + cap > reader->settings.memory)
		free_spare(reader, reader->spares - 1);
	if (usage->bytes + cap > reader->settings.memory)
		return false;
	slot->buffer = xmalloc(cap);
	slot->cap = cap;
	usage->bytes += cap;
	usage->buffers++;
	if (usage->bytes > usage->peak_bytes)
		usage->peak_bytes = usage->bytes;
	if (usage->buffers > usage->peak_buffers)
		usage->peak_buffers = usage->buffers;
	return true;
}

static void give_back(struct s3_reader *reader, struct reader_slot *slot)
{
	if (!slot->buffer)
		return;
	if (reader->spares == READER_SLOTS)
		free_spare(reader, 0);
	reader->spare[reader->spares++] = (struct reader_buffer){slot->buffer, slot->cap};
	slot->buffer = NULL;
}

/* --- Jobs. ------------------------------------------------------------------------------------------- */

static void drop_job(struct reader_job *job)
{
	if (job && --job->refs == 0)
		free(job);
}

static bool has_failed(const struct reader_job *job)
{
	return atomic_load_explicit(&job->failed_at, memory_order_relaxed) != UINT64_MAX;
}

static struct reader_job *make_job(struct s3_reader *reader, const struct s3_job *given)
{
	struct reader_job *job = xcalloc(1, sizeof(*job));
	size_t etag = given->etag.len < sizeof(job->etag) ? given->etag.len : 0;
	*job = (struct reader_job){.refs = 1,
		.number = reader->jobs++,
		.tag = given->tag,
		.key_len = given->key.len < sizeof(job->key) ? given->key.len : 0,
		.from = given->from,
		.size = given->size};
	if (job->key_len)
		memcpy(job->key, given->key.ptr, job->key_len);
	if (etag)
		memcpy(job->etag, given->etag.ptr, etag);
	atomic_init(&job->known, etag > 0 && given->size != S3_SIZE_UNKNOWN);
	atomic_init(&job->failed_at, UINT64_MAX);
	return job;
}

/* The next object into reader->job. False where there is none (now). */
static bool fetch_job(struct s3_reader *reader)
{
	struct s3_job given = {.size = S3_SIZE_UNKNOWN};
	if (reader->ended)
		return false;
	int status = reader->settings.next_job(reader->settings.ctx, &given, &reader->source_err);
	if (status == S3_JOBS_ONE) {
		reader->job = make_job(reader, &given);
		reader->planned = given.from;
	} else if (status != S3_JOBS_NONE_YET) {
		reader->ended = true;
		if (status < 0 && reader->source_err.kind == ERR_NONE)
			err_set(&reader->source_err, ERR_IO, "there is no next object");
	}
	return status == S3_JOBS_ONE;
}

/* --- Slots. ------------------------------------------------------------------------------------------ */

static void release(struct s3_reader *reader)
{
	struct reader_slot *slot = &reader->slots[reader->head % READER_SLOTS];
	give_back(reader, slot);
	drop_job(slot->job);
	slot->job = NULL;
	pthread_mutex_lock(&reader->lock);
	reader->head++;
	pthread_mutex_unlock(&reader->lock);
}

static void add_slot(struct s3_reader *reader, enum slot_state state)
{
	struct reader_slot *slot = &reader->slots[reader->tail % READER_SLOTS];
	slot->job = reader->job;
	slot->job->refs++;
	pthread_mutex_lock(&reader->lock);
	slot->state = state;
	reader->tail++;
	pthread_cond_signal(&reader->work);
	pthread_mutex_unlock(&reader->lock);
}

/* What needs no request: there is nothing to read, or it cannot be. */
static bool is_settled(struct reader_job *job, struct reader_slot *slot)
{
	if (job->key_len == 0 || memchr(job->key, 0, job->key_len)) {
		err_set(&slot->err, ERR_USAGE, "a key has 1 to 1,024 bytes, and no NUL");
	} else if (job->size == S3_SIZE_UNKNOWN || job->from < job->size) {
		return false;
	} else if (job->from > job->size) {
		snprintf(slot->code, sizeof(slot->code), "InvalidRange");
		err_set(&slot->err, ERR_NOT_FOUND,
			"the object is shorter than where reading was to begin");
	}
	if (slot->err.kind != ERR_NONE)
		atomic_store_explicit(&job->failed_at, job->from, memory_order_relaxed);
	return true;
}

/* Whether nothing of the job is left to plan. Its size is looked at when it is there to be looked at. */
static bool is_planned(struct reader_job *job, uint64_t planned)
{
	return has_failed(job) ||
	       (planned > job->from && atomic_load_explicit(&job->known, memory_order_acquire) &&
		       planned >= job->size);
}

static void end_job(struct s3_reader *reader)
{
	drop_job(reader->job);
	reader->job = NULL;
}

/* One range more. False where slots, memory, jobs or facts do not allow it now. */
static bool plan_range(struct s3_reader *reader)
{
	struct reader_slot *slot = &reader->slots[reader->tail % READER_SLOTS];
	struct reader_job *job = reader->job;
	uint64_t left = reader->settings.range_bytes;
	bool known = atomic_load_explicit(&job->known, memory_order_acquire);
	if (!known && reader->planned > job->from)
		return false;
	*slot = (struct reader_slot){.offset = reader->planned};
	if (reader->planned == job->from && is_settled(job, slot)) {
		add_slot(reader, SLOT_READY);
		end_job(reader);
		return true;
	}
	if (job->size != S3_SIZE_UNKNOWN && job->size - reader->planned < left)
		left = job->size - reader->planned;
	slot->want = (size_t)left;
	if (!take_buffer(reader, slot))
		return false;
	reader->planned += slot->want;
	reader->usage.ranges++;
	/* The last range of an object whose ETag is not known: no other needs to wait for it. */
	bool last = job->size == reader->planned;
	add_slot(reader, SLOT_PLANNED);
	if (last)
		end_job(reader);
	return true;
}

static void plan(struct s3_reader *reader)
{
	while (reader->tail - reader->head < READER_SLOTS) {
		if (reader->job && is_planned(reader->job, reader->planned))
			end_job(reader);
		if (!reader->job && !fetch_job(reader))
			return;
		if (!plan_range(reader))
			return;
	}
}

/* --- The contract. ----------------------------------------------------------------------------------- */

static int complete_settings(struct s3_reader_settings *settings, struct err *err)
{
	if (!settings->connections)
		settings->connections = 4;
	if (!settings->range_bytes)
		settings->range_bytes = (size_t)8 << 20;
	if (!settings->memory)
		settings->memory = (size_t)64 << 20;
	if (settings->connections > S3_READER_CONNECTIONS)
		return err_set(err, ERR_USAGE, "%d connections at most", S3_READER_CONNECTIONS);
	if (settings->memory < (size_t)2 * READER_UNIT)
		return err_set(err, ERR_USAGE, "a reader needs 128 KiB of memory at least");
	if (settings->range_bytes > settings->memory / 2)
		settings->range_bytes = settings->memory / 2 / READER_UNIT * READER_UNIT;
	return 0;
}

static void start_locks(struct s3_reader *reader)
{
	pthread_condattr_t monotonic;
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_mutex_init(&reader->lock, NULL);
	pthread_cond_init(&reader->work, NULL);
	pthread_cond_init(&reader->ready, &monotonic);
	pthread_condattr_destroy(&monotonic);
}

/* Signals are the caller's thread's affair. */
static int start_workers(struct s3_reader *reader, struct err *err)
{
	sigset_t all, before;
	int code = 0;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	while (reader->workers < reader->settings.connections && code == 0) {
		code = pthread_create(&reader->threads[reader->workers], NULL, reader_work, reader);
		reader->workers += code == 0;
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (code == 0)
		return 0;
	errno = code;
	return err_errno(err, "no thread could be started");
}

struct s3_reader *s3_reader_open(const struct s3_reader_settings *settings, struct err *err)
{
	struct s3_reader_settings complete = *settings;
	if (complete_settings(&complete, err) < 0)
		return NULL;
	struct s3_reader *reader = xcalloc(1, sizeof(*reader));
	reader->settings = complete;
	start_locks(reader);
	if (start_workers(reader, err) < 0) {
		s3_reader_close(reader);
		return NULL;
	}
	plan(reader);
	return reader;
}

static void halt(struct s3_reader *reader)
{
	pthread_mutex_lock(&reader->lock);
	__atomic_store_n(&reader->halt, 1, __ATOMIC_RELAXED);
	pthread_cond_broadcast(&reader->work);
	pthread_mutex_unlock(&reader->lock);
}

void s3_reader_close(struct s3_reader *reader)
{
	if (!reader)
		return;
	halt(reader);
	for (unsigned i = 0; i < reader->workers; i++)
		pthread_join(reader->threads[i], NULL);
	while (reader->head != reader->tail)
		release(reader);
	while (reader->spares)
		free_spare(reader, 0);
	drop_job(reader->job);
	pthread_cond_destroy(&reader->work);
	pthread_cond_destroy(&reader->ready);
	pthread_mutex_destroy(&reader->lock);
	free(reader);
}

/* The end: for this call and all further ones. */
static int fail(struct s3_reader *reader, const struct err *why, struct err *err)
{
	if (reader->last.kind == ERR_NONE) {
		reader->last = *why;
		halt(reader);
	}
	if (err)
		*err = reader->last;
	return -1;
}

static bool is_before(int64_t us)
{
	return clock_mono_us() < us;
}

/* Waits for the slot, a tick at most. */
static bool wait_ready(struct s3_reader *reader, const struct reader_slot *slot, int64_t deadline)
{
	int64_t until = clock_mono_us() + READER_TICK_US;
	if (until > deadline)
		until = deadline;
	struct timespec at = {until / 1000000, until % 1000000 * 1000};
	pthread_mutex_lock(&reader->lock);
	while (slot->state != SLOT_READY &&
		pthread_cond_timedwait(&reader->ready, &reader->lock, &at) != ETIMEDOUT)
		;
	bool ready = slot->state == SLOT_READY;
	pthread_mutex_unlock(&reader->lock);
	return ready;
}

static void describe(const struct reader_slot *slot, bool failed, struct s3_piece *piece)
{
	const struct reader_job *job = slot->job;
	*piece = (struct s3_piece){.job = job->number,
		.tag = job->tag,
		.offset = slot->offset + (failed ? slot->len : 0),
		.begins = slot->offset == job->from && !slot->given,
		.facts = slot->facts};
	if (job->size != S3_SIZE_UNKNOWN)
		piece->facts.size = job->size;
	if (!piece->facts.etag[0])
		memcpy(piece->facts.etag, job->etag, sizeof(piece->facts.etag));
	piece->facts.bytes = 0;
}

/* The first slot, which is ready. 1, -1, or 0 where it was of no use. */
static int hand_out(
	struct s3_reader *reader, struct reader_slot *slot, struct s3_piece *piece, struct err *err)
{
	const struct reader_job *job = slot->job;
	bool failed = slot->err.kind != ERR_NONE;
	if (slot->offset > atomic_load_explicit(&job->failed_at, memory_order_relaxed)) {
		if (slot->stops_all)
			return fail(reader, &slot->err, err);
		release(reader);
		return 0;
	}
	if (!failed || (slot->len > 0 && !slot->given)) {
		describe(slot, false, piece);
		piece->bytes = (struct slice){slot->buffer, slot->len};
		piece->ends = !failed && slot->offset + slot->len >= job->size;
		slot->given = failed;
		reader->holding = !failed;
		return 1;
	}
	if (slot->stops_all)
		return fail(reader, &slot->err, err);
	describe(slot, true, piece);
	piece->ends = true;
	piece->err = slot->err;
	memcpy(piece->code, slot->code, sizeof(piece->code));
	reader->holding = true;
	return 1;
}

/* No slot is planned: 0 or -1 where that is the end, 1 after a pause otherwise. */
static int wait_for_jobs(
	struct s3_reader *reader, int64_t deadline, struct s3_piece *piece, struct err *err)
{
	if (reader->ended)
		return reader->source_err.kind ? fail(reader, &reader->source_err, err) : 0;
	piece->silent = !is_before(deadline);
	if (piece->silent)
		return 0;
	int64_t left = deadline - clock_mono_us();
	int64_t part = left < READER_TICK_US ? left : READER_TICK_US;
	struct timespec pause = {0, part > 0 ? part * 1000 : 0};
	nanosleep(&pause, NULL);
	return 1;
}

int s3_reader_next(
	struct s3_reader *reader, unsigned wait_ms, struct s3_piece *piece, struct err *err)
{
	static const struct err interrupted = {ERR_INTERRUPTED, 0, "interrupted"};
	int64_t deadline = clock_mono_us() + (int64_t)wait_ms * 1000;
	memset(piece, 0, sizeof(*piece));
	if (reader->last.kind != ERR_NONE)
		return fail(reader, &reader->last, err);
	if (reader->holding)
		release(reader);
	reader->holding = false;
	for (;;) {
		struct reader_slot *slot = &reader->slots[reader->head % READER_SLOTS];
		int status;
		if (is_stopped(reader->settings.stop))
			return fail(reader, &interrupted, err);
		plan(reader);
		if (reader->head == reader->tail) {
			if ((status = wait_for_jobs(reader, deadline, piece, err)) <= 0)
				return status;
			continue;
		}
		if (!wait_ready(reader, slot, deadline)) {
			if (is_before(deadline))
				continue;
			piece->silent = true;
			return 0;
		}
		if ((status = hand_out(reader, slot, piece, err)) != 0) {
			if (status > 0)
				plan(reader); /* its facts may be what was waited for */
			return status;
		}
	}
}

/* As if the object had failed before the first of its ranges that is not handed out yet. */
static void give_up(struct reader_job *job, uint64_t number)
{
	if (job && job->number == number)
		atomic_store_explicit(&job->failed_at, job->from, memory_order_relaxed);
}

void s3_reader_skip(struct s3_reader *reader, uint64_t job)
{
	give_up(reader->job, job);
	for (uint64_t i = reader->head; i != reader->tail; i++)
		give_up(reader->slots[i % READER_SLOTS].job, job);
}

void s3_reader_usage(struct s3_reader *reader, struct s3_reader_usage *usage)
{
	*usage = reader->usage;
	pthread_mutex_lock(&reader->lock);
	usage->connected = reader->connected;
	pthread_mutex_unlock(&reader->lock);
}
