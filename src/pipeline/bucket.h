/* SPDX-License-Identifier: Apache-2.0 */
/* bucket.h (private to collect_bucket*.c): a bucket while it is read. */
#ifndef PIPELINE_BUCKET_H
#define PIPELINE_BUCKET_H

#include "pipeline/objects.h"

struct bucket {
	struct bucket_place place;
	struct secret id, secret; /* sealed keys; empty = found elsewhere */
	struct credential_provider *provider;
	struct s3 *s3;      /* for listings */
	struct store *look; /* open for reading, for the thread that lists */
};

/* Opens it as the collector's connection says. 0 or -1. */
int bucket_open(struct collector *c, struct bucket *bucket, struct err *err);
void bucket_close(struct bucket *bucket);

/* What a pass reads: a walk (closed by the pass), or one page of objects that are known. */
struct bucket_jobs {
	struct bucket_walk *walk;
	const struct s3_listing *page;
	bool whole; /* the walk goes over everything */
	bool again; /* objects that were set aside too */
	bool more;  /* out: another pass is wanted, for objects that were written anew */
};
/* 0 or -1 with collector->sweep.failure, as a turn. */
int bucket_pass(
	struct collector *c, struct bucket *bucket, struct bucket_jobs *jobs, struct err *err);

/* Reads what the connection's queue announces, until the next turn is due (with `once`, until it is empty). 0 or
 * -1: the queue's error, or that of a pass (then sweep.failure is set). */
int bucket_queue(struct collector *c, struct bucket *bucket, struct err *err);

#endif
