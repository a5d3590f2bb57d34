/* SPDX-License-Identifier: Apache-2.0 */
/* read_s3.c: how fast the reader of net/s3_read.h takes objects out of a bucket. For bench/read_s3.sh.
 *   read_s3 ENDPOINT BUCKET FOLDER large|small fill
 *   read_s3 ENDPOINT BUCKET FOLDER large|small CONNECTIONS
 * FOLDER holds the keys in files `id` and `secret`. Large is one object of 1 GB, small 10,000 objects of
 * 20 kB. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "base/base.h"
#include "net/s3_read.h"

enum { PART = 50 * 1000 * 1000, PARTS = 20, OBJECTS = 10000, OBJECT = 20 * 1000 };

static struct s3_place place = {
	.region = "us-east-1", .guard = GUARD_PRIVATE_ALLOWED, .plain = true};
static struct credential_settings keys;
static bool large;

static void stop_if(bool failed, const struct err *err)
{
	if (!failed)
		return;
	fprintf(stderr, "read_s3: %s\n", err->text);
	exit(1);
}

static int connect_to(
	void *ctx, const volatile sig_atomic_t *stop, struct s3_connection *out, struct err *err)
{
	static const struct http_settings http = {.proxy = ""};
	(void)ctx;
	return s3_connection_open(&http, &place, &keys, NULL, stop, out, err);
}

static const char *key_of(unsigned i, char key[20])
{
	snprintf(key, 20, large ? "large" : "small/%05u", i);
	return key;
}

static void fill(struct s3 *s3)
{
	struct s3_upload upload;
	struct err err;
	char *data = calloc(1, PART), key[20];
	if (!data)
		abort();
	for (size_t i = 0; i < PART; i++)
		data[i] = (char)(i * 31 >> 5);
	if (large) {
		struct slice part = {data, PART};
		stop_if(s3_upload_begin(s3, slice_of("large"), NULL, 0, &upload, &err) < 0, &err);
		for (unsigned i = 1; i <= PARTS; i++)
			stop_if(s3_upload_part(s3, &upload, i, part, &err) < 0, &err);
		stop_if(s3_upload_end(s3, &upload, &err) < 0, &err);
	}
	for (unsigned i = 0; i < OBJECTS && !large; i++) {
		struct slice body = {data, OBJECT};
		stop_if(s3_put(s3, slice_of(key_of(i, key)), body, NULL, 0, &err) < 0, &err);
	}
	free(data);
}

struct source {
	unsigned given;
	char key[20], etag[S3_ETAG];
};

static int next_job(void *ctx, struct s3_job *job, struct err *err)
{
	struct source *source = ctx;
	(void)err;
	if (source->given == (large ? 1 : OBJECTS))
		return S3_JOBS_ENDED;
	*job = (struct s3_job){.key = slice_of(key_of(source->given++, source->key)),
		.etag = slice_of(source->etag),
		.size = large ? (uint64_t)PART * PARTS : OBJECT};
	return S3_JOBS_ONE;
}

static double seconds_of(struct timeval t)
{
	return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

static void read_all(struct source *source, unsigned connections)
{
	struct s3_reader_settings settings = {.next_job = next_job,
		.connect = connect_to,
		.ctx = source,
		.connections = connections};
	struct s3_reader_usage usage;
	struct s3_piece piece;
	struct rusage used;
	struct err err;
	uint64_t bytes = 0;
	int status;
	int64_t begun = clock_mono_us();
	struct s3_reader *reader = s3_reader_open(&settings, &err);
	stop_if(!reader, &err);
	while ((status = s3_reader_next(reader, 60000, &piece, &err)) > 0) {
		stop_if(piece.err.kind != ERR_NONE, &piece.err);
		bytes += piece.bytes.len;
	}
	stop_if(status < 0, &err);
	double s = (double)(clock_mono_us() - begun) / 1e6;
	s3_reader_usage(reader, &usage);
	s3_reader_close(reader);
	getrusage(RUSAGE_SELF, &used);
	printf("%s, %u connections: %.2f s, %.0f MB/s, %.0f ranges/s, %.2f s of CPU here, "
	       "%.1f MB in %u buffers at most, %ld MB resident at most\n",
		large ? "large" : "small", connections, s, (double)bytes / 1e6 / s,
		(double)usage.ranges / s, seconds_of(used.ru_utime) + seconds_of(used.ru_stime),
		(double)usage.peak_bytes / 1e6, usage.peak_buffers, used.ru_maxrss / 1000);
}

int main(int argc, char **argv)
{
	static const volatile sig_atomic_t never;
	struct s3_connection connection;
	struct s3_facts facts;
	struct source source = {0};
	struct err err;
	char id[600], secret[600];
	if (argc != 6) {
		fprintf(stderr, "read_s3 ENDPOINT BUCKET FOLDER large|small fill|CONNECTIONS\n");
		return 2;
	}
	place.endpoint = argv[1];
	place.bucket = argv[2];
	snprintf(id, sizeof(id), "%s/id", argv[3]);
	snprintf(secret, sizeof(secret), "%s/secret", argv[3]);
	keys = (struct credential_settings){.id_file = id, .secret_file = secret};
	large = strcmp(argv[4], "large") == 0;
	stop_if(connect_to(NULL, &never, &connection, &err) < 0, &err);
	if (strcmp(argv[5], "fill") == 0) {
		fill(connection.s3);
	} else {
		struct slice first = slice_of(key_of(0, source.key));
		stop_if(s3_head(connection.s3, first, &facts, &err) != 1, &err);
		memcpy(source.etag, facts.etag, sizeof(source.etag));
		read_all(&source, (unsigned)strtoul(argv[5], NULL, 10));
	}
	s3_connection_close(&connection);
	return 0;
}
