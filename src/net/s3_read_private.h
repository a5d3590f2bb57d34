/* SPDX-License-Identifier: Apache-2.0 */
/* s3_read_private.h: what the files of the reader share. */
#ifndef NET_S3_READ_PRIVATE_H
#define NET_S3_READ_PRIVATE_H

#include <pthread.h>
#include <stdatomic.h>

#include "net/s3_read.h"

enum {
	READER_SLOTS = 256,         /* ranges that are planned, under way or waiting */
	READER_UNIT = 64 << 10,     /* buffers are multiples of it */
	READER_TICK_US = 100 * 1000 /* how soon a stop is seen */
};

/* An object of which there are slots, or which is being planned. */
struct reader_job {
	unsigned refs; /* by the caller's thread only */
	uint64_t number;
	void *tag;
	char key[S3_KEY_MOST + 1];
	size_t key_len;
	uint64_t from;
	char etag[S3_ETAG];
	uint64_t size;
	/* Whether both are what every range is held against. Until then one range is read, and the worker
	 * that reads it fills them in. */
	_Atomic bool known;
	_Atomic uint64_t
		failed_at; /* ranges from beyond here on are of no use; UINT64_MAX = none */
};

enum slot_state { SLOT_PLANNED, SLOT_RUNNING, SLOT_READY };

/* One range. The worker that runs it owns all but `state`; before and after that the caller's thread does. */
struct reader_slot {
	enum slot_state state; /* under the lock */
	struct reader_job *job;
	uint64_t offset;
	size_t want, len; /* bytes of the range; of it, those that came */
	char *buffer;
	size_t cap;
	struct s3_facts facts;
	struct err err;
	char code[64];
	bool stops_all; /* `err` is not about this object */
	bool given;     /* its bytes were handed out, the error is to come */
};

struct reader_buffer {
	char *ptr;
	size_t cap;
};

struct s3_reader {
	struct s3_reader_settings settings;
	/* Of the caller's thread. */
	struct reader_job *job; /* is being planned */
	uint64_t planned;       /* where in it the next range begins */
	uint64_t jobs;          /* given by next_job */
	bool ended;             /* there are no more */
	bool holding;           /* the caller has the first slot's piece */
	struct reader_buffer spare[READER_SLOTS];
	unsigned spares;
	struct err source_err; /* of next_job: the end */
	struct err last;       /* what every further call returns */
	struct s3_reader_usage usage;
	/* Under the lock. */
	pthread_mutex_t lock;
	pthread_cond_t work, ready;
	uint64_t head, taken, tail; /* slots: the first, the first one not begun, behind the last */
	bool failing;               /* a slot stops all: no more is begun */
	unsigned connected;
	struct reader_slot slots[READER_SLOTS];
	volatile sig_atomic_t halt; /* by atomic operations only */
	unsigned workers;
	pthread_t threads[S3_READER_CONNECTIONS];
};

/* A worker's life: takes slots until the reader halts. */
void *reader_work(void *reader);

#endif
