/* SPDX-License-Identifier: Apache-2.0 */
/*
 * s3_read.h: objects of a bucket read ahead: ranges come over several connections at once, across the
 * borders of objects too, through bounded memory whatever the objects' sizes, and are handed out strictly
 * in order. Threads: open, next, close and all callbacks but `connect` belong to the caller's thread;
 * each worker thread has a client, a credential provider and an S3 of its own.
 */
#ifndef NET_S3_READ_H
#define NET_S3_READ_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "net/s3.h"

#define S3_SIZE_UNKNOWN UINT64_MAX

enum { S3_READER_CONNECTIONS = 64 /* at most */ };

/* An object to read. */
struct s3_job {
	struct slice key;    /* borrowed for the call, */
	struct slice etag;   /* and so is this; "" (or S3_ETAG bytes and more) = as it is then */
	uint64_t from, size; /* the first byte wanted; of the whole object, or S3_SIZE_UNKNOWN */
	void *tag;           /* the caller's; comes back with each piece */
};

/* What `next_job` returns beside -1. */
enum s3_jobs { S3_JOBS_ENDED, S3_JOBS_ONE, S3_JOBS_NONE_YET };

/* What a worker has to itself. */
struct s3_connection {
	struct http_client *client;
	struct credential_provider *provider; /* NULL = unsigned */
	struct s3 *s3;
};

/* Everything that one connection needs, and `out` filled with it; for `connect`. `credentials` NULL =
 * unsigned. http->stop is replaced by `stop`. -1 with `err`: nothing is left open. */
int s3_connection_open(const struct http_settings *http, const struct s3_place *place,
	const struct credential_settings *credentials, const struct retry_policy *policy,
	const volatile sig_atomic_t *stop, struct s3_connection *out, struct err *err);
/* Closes what is in it; a zeroed struct is closed already. */
void s3_connection_close(struct s3_connection *connection);

/* Zero in a number means the default. */
struct s3_reader_settings {
	/* Supplies the next object, in the order in which they are to be read: one of enum s3_jobs, or
	 * -1 with `err`, which s3_reader_next returns when all before it is given. Called by
	 * s3_reader_open and s3_reader_next, ahead of what is handed out; it may take its time (list a
	 * page). After S3_JOBS_NONE_YET it is asked again by the next call, after S3_JOBS_ENDED never. An
	 * object without ETag or size is begun with one range, and only when its facts came with that
	 * goes the reading ahead on: give them where they are known. */
	int (*next_job)(void *ctx, struct s3_job *job, struct err *err);
	/* Opens a worker's connection, by its own thread when it has its first range to read; several
	 * may be in here at once. The client must be given `stop`. -1 with `err` stops the reader.
	 * s3_connection_close ends it, by the same thread. */
	int (*connect)(void *ctx, const volatile sig_atomic_t *stop, struct s3_connection *out,
		struct err *err);
	void *ctx;
	/* Worker threads: 4. Many small objects far away want more: each waits for a round trip. */
	unsigned connections;
	size_t range_bytes; /* of one request: 8 MiB; less where `memory` is not twice as much */
	size_t memory; /* of all ranges that are under way, waiting or held: 64 MiB, 128 KiB at least */
	const volatile sig_atomic_t *stop; /* the caller's; may be NULL */
};

struct s3_reader;

/* Starts the worker threads and plans the first ranges. NULL with `err` (ERR_USAGE, or what the system
 * said); an error of next_job comes from s3_reader_next. */
struct s3_reader *s3_reader_open(const struct s3_reader_settings *settings, struct err *err);
/* Breaks off what is under way (within 0.1 s, but for the name look-up of a connection that is being made),
 * ends the threads, frees all; accepts NULL. */
void s3_reader_close(struct s3_reader *reader);

struct s3_piece {
	bool silent;        /* s3_reader_next returned 0 because nothing came in time */
	uint64_t job;       /* which object: 0, 1, … as next_job gave them */
	void *tag;          /* its tag */
	uint64_t offset;    /* in the object, of the first byte */
	struct slice bytes; /* borrowed until the next call; may be empty where it begins or ends */
	bool begins, ends;  /* the object's first piece, its last one */
	struct s3_facts facts; /* size, time and ETag of the object, as far as they are known */
	/* Why the object ended here, where it is not at its end; ERR_NONE otherwise. All bytes before
	 * are good ones. ERR_NOT_FOUND: it is not there (any more), or shorter than `from`; ERR_BUSY:
	 * it was changed; ERR_ACCESS: these keys may not read it; ERR_UNSUPPORTED: it is archived;
	 * others: the server failed with this object. */
	struct err err;
	char code[64]; /* S3's for it: "NoSuchKey" …; "" where there is none */
};

/* The next piece. 1 = got one; 0 = none: piece->silent says whether nothing came within `wait_ms`, or all
 * jobs are done. An object that fails ends with its piece, and the next call goes on with the next
 * object. -1 = nothing more will come, with `err`: network or server down, keys refused, no such bucket,
 * stopped (ERR_INTERRUPTED), or what next_job said; again for each further call. */
int s3_reader_next(
	struct s3_reader *reader, unsigned wait_ms, struct s3_piece *piece, struct err *err);

/* Gives up what is left of the object of the last piece (its number): the next piece is the next object's
 * first one, and ranges that were not begun are not asked for. */
void s3_reader_skip(struct s3_reader *reader, uint64_t job);

/* What it holds, for tests and figures. */
struct s3_reader_usage {
	size_t bytes, peak_bytes;       /* of buffers */
	unsigned buffers, peak_buffers; /* how many */
	unsigned connected;             /* connections opened */
	uint64_t ranges;                /* asked for */
};
/* Fills it, at any time, by the caller's thread. */
void s3_reader_usage(struct s3_reader *reader, struct s3_reader_usage *usage);

#endif
