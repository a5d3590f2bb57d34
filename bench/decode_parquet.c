/* SPDX-License-Identifier: Apache-2.0 */
/*
 * decode_parquet.c: NDJSON to one Parquet file with what decode/ and parquet/ offer, on some
 * threads, and nothing else: no vault, no identity, no catalog. The measure of the two rooms.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "decode/decode.h"
#include "parquet/parquet.h"

enum { CHUNK_BYTES = 16 << 20 };

struct job {
	struct slice input;
	const struct schema *schema;
	struct parquet_writer *writer;
	int level;
	enum decode_simd simd;
	pthread_mutex_t lock;
	pthread_cond_t turn;
	size_t at;          /* where the next chunk begins */
	uint64_t next, due; /* numbers of the next chunk and of the one to be appended */
	uint64_t rows, rejects;
	int64_t decode_us, encode_us;
};

static void stop(const char *what)
{
	fprintf(stderr, "decode_parquet: %s\n", what);
	exit(1);
}

/* Microseconds of CPU that this thread has used. */
static int64_t cpu_us(void)
{
	struct timespec now;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* The next whole lines, about as many bytes as an import takes at a time. False at the end of the
 * input. */
static bool take_chunk(struct job *job, struct slice *chunk, uint64_t *number)
{
	pthread_mutex_lock(&job->lock);
	size_t begin = job->at, end = job->input.len;
	if (end - begin > CHUNK_BYTES) {
		const char *from = job->input.ptr + begin + CHUNK_BYTES;
		const char *newline = memchr(from, '\n', end - begin - CHUNK_BYTES);
		end = newline == NULL ? end : (size_t)(newline - job->input.ptr) + 1;
	}
	job->at = end;
	*number = job->next;
	job->next += end > begin;
	pthread_mutex_unlock(&job->lock);
	*chunk = (struct slice){job->input.ptr + begin, end - begin};
	return end > begin;
}

/* Appends in the order of the input. */
static void append(struct job *job, uint64_t number, const struct parquet_group *group,
	const struct batch *batch, uint32_t nrejects)
{
	struct err err = {0};
	pthread_mutex_lock(&job->lock);
	while (job->due != number)
		pthread_cond_wait(&job->turn, &job->lock);
	if (parquet_append(job->writer, group, &err) < 0)
		stop(err.text);
	job->rows += batch->nrows;
	job->rejects += nrejects;
	job->due++;
	pthread_cond_broadcast(&job->turn);
	pthread_mutex_unlock(&job->lock);
}

static void *work(void *arg)
{
	struct job *job = arg;
	struct decode_options options = {.schema = job->schema,
		.source = "bench",
		.instance = "",
		.received_at = 1,
		.max_bytes = (size_t)1 << 30,
		.simd = job->simd};
	struct decoder *decoder = decoder_new(&options);
	struct decode_reject *rejects = xcalloc(1024, sizeof(*rejects));
	struct slice chunk;
	uint64_t number;
	int64_t decode_us = 0, encode_us = 0;
	while (take_chunk(job, &chunk, &number)) {
		struct json_records state = {.layout = JSON_LINES, .started = true};
		struct batch batch;
		uint32_t nrejects = 0;
		size_t at = 0;
		int64_t begin = cpu_us();
		batch_init(&batch, &job->schema->shape);
		decode_block(decoder, &state, chunk, (uint64_t)(chunk.ptr - job->input.ptr), true,
			&at, &batch, rejects, 1024, &nrejects);
		if (at != chunk.len)
			stop("a batch does not hold the lines that were given to it");
		struct column *ids = &batch.columns[SYS_EVENT_ID]; /* the store would fill it */
		ids->uuid = batch.keys;
		ids->nulls = NULL;
		ids->n = batch.nrows;
		int64_t middle = cpu_us();
		struct parquet_group *group = parquet_encode(&batch, job->level);
		int64_t end = cpu_us();
		decode_us += middle - begin;
		encode_us += end - middle;
		append(job, number, group, &batch, nrejects);
		parquet_group_free(group);
		batch_fini(&batch);
	}
	free(rejects);
	decoder_free(decoder);
	pthread_mutex_lock(&job->lock);
	job->decode_us += decode_us;
	job->encode_us += encode_us;
	pthread_mutex_unlock(&job->lock);
	return NULL;
}

static struct slice map_file(const char *path)
{
	struct err err = {0};
	struct io_info info;
	int fd = io_open(path, O_RDONLY, 0, &err);
	if (fd < 0 || io_fstat(fd, &info, path, &err) < 0)
		stop(err.text);
	void *data = mmap(NULL, info.size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
	if (data == MAP_FAILED)
		stop("cannot map the file");
	io_close(fd);
	return (struct slice){data, info.size};
}

int main(int argc, char **argv)
{
	struct err err = {0};
	if (argc < 5) {
		fputs("usage: decode_parquet TABLE THREADS IN.ndjson OUT.parquet [ZSTD_LEVEL "
		      "[portable]]\n",
			stderr);
		return 2;
	}
	struct job job = {.schema = schema_find(argv[1]),
		.lock = PTHREAD_MUTEX_INITIALIZER,
		.turn = PTHREAD_COND_INITIALIZER,
		.level = argc > 5 ? atoi(argv[5]) : 1,
		.simd = argc > 6 ? SIMD_PORTABLE : SIMD_BEST};
	unsigned threads = (unsigned)atoi(argv[2]);
	pthread_t workers[64];
	uint8_t hash[32];
	uint64_t bytes;
	if (job.schema == NULL || threads < 1 || threads > 64)
		stop("no such table, or threads are not 1 to 64");
	job.input = map_file(argv[3]);
	int64_t begin = clock_mono_us();
	if (parquet_create(argv[4], &job.schema->shape, &job.writer, &err) < 0)
		stop(err.text);
	for (unsigned i = 0; i < threads; i++)
		if (pthread_create(&workers[i], NULL, work, &job) != 0)
			stop("cannot start a thread");
	for (unsigned i = 0; i < threads; i++)
		pthread_join(workers[i], NULL);
	if (parquet_finish(job.writer, hash, &bytes, &err) < 0)
		stop(err.text);
	double seconds = (double)(clock_mono_us() - begin) / 1e6;
	parquet_writer_free(job.writer);
	printf("{\"seconds\":%.6f,\"rows\":%" PRIu64 ",\"rejects\":%" PRIu64 ",\"bytes\":%" PRIu64
	       ",\"decode_core_seconds\":%.6f,\"encode_core_seconds\":%.6f}\n",
		seconds, job.rows, job.rejects, bytes, (double)job.decode_us / 1e6,
		(double)job.encode_us / 1e6);
	return 0;
}
