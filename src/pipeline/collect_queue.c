/* SPDX-License-Identifier: Apache-2.0 */
/* collect_queue.c: what a queue says of a bucket. A notice is a hint which key to look at: the object is asked
 * for what it is now, and is read as if a listing had shown it. Messages are deleted when what they
 * announced is stored; what the queue loses, the next listing finds. */
#include <stdlib.h>

#include "net/s3_notice.h"
#include "net/sqs.h"
#include "pipeline/bucket.h"

#define SECOND INT64_C(1000000)

enum { HIDE_S = 600 /* for so long others do not see what we work at */ };

struct notices {
	struct collector *c;
	struct bucket *bucket;
	struct s3_listing page;
	size_t cap;
	unsigned ours; /* of the message in hand: notices of our prefix */
};

static bool has_prefix(const struct notices *n, struct slice key)
{
	size_t len = strlen(n->bucket->place.prefix);
	return key.len >= len && memcmp(key.ptr, n->bucket->place.prefix, len) == 0;
}

/* s3_notice_each: the object as it is now. */
static int take_notice(void *ctx, const struct s3_notice *notice, struct err *err)
{
	struct notices *n = ctx;
	struct s3_facts facts;
	if (!has_prefix(n, notice->key))
		return 0;
	n->ours++;
	if (notice->removed)
		return 0;
	int rc = s3_head(n->bucket->s3, notice->key, &facts, err);
	if (rc <= 0)
		return rc; /* it is gone already */
	if (n->page.count == n->cap) {
		n->cap = n->cap ? n->cap * 2 : 64;
		n->page.objects = xrealloc(n->page.objects, n->cap * sizeof(*n->page.objects));
	}
	n->page.objects[n->page.count++] = (struct s3_object){
		.key = {arena_strdup(&n->page.mem, notice->key), notice->key.len},
		.etag = slice_of(arena_strdup(&n->page.mem, slice_of(facts.etag))),
		.size = facts.size,
		.modified_us = facts.modified_us,
		.cold = facts.cold};
	return 0;
}

/* Whether the message is about our bucket alone, and may be deleted when that is done. 1, 0, -1. */
static int read_message(struct notices *n, const struct sqs_message *message, struct err *err)
{
	struct s3_notice_report report;
	n->ours = 0;
	if (s3_notice_parse(message->body, n->bucket->place.bucket, take_notice, n, &report, err) ==
		0)
		return report.test || n->ours > 0;
	if (err->kind != ERR_FORMAT && err->kind != ERR_LIMIT)
		return -1;
	log_warn("%s: a message of the queue is no notice of a bucket: %s", n->c->connection.name,
		err->text);
	return 0;
}

static int read_batch(struct notices *n, const struct sqs_batch *batch,
	struct slice receipts[SQS_MOST], size_t *count, struct err *err)
{
	*count = 0;
	for (size_t i = 0; i < batch->count; i++) {
		int rc = read_message(n, &batch->messages[i], err);
		if (rc < 0)
			return -1;
		if (rc == 1)
			receipts[(*count)++] = batch->messages[i].receipt;
	}
	return 0;
}

/* One batch of messages, read and deleted. 1 there were some, 0 none came, -1. */
static int take_batch(struct collector *c, struct bucket *bucket, struct sqs *sqs, unsigned wait_s,
	struct err *err)
{
	struct sqs_batch batch;
	struct notices n = {.c = c, .bucket = bucket};
	struct slice receipts[SQS_MOST];
	size_t count = 0;
	sqs_batch_init(&batch);
	int rc = sqs_receive(sqs, wait_s, SQS_MOST, HIDE_S, &batch, err);
	if (rc == 1 && read_batch(&n, &batch, receipts, &count, err) < 0)
		rc = -1;
	if (rc == 1 && n.page.count > 0) {
		struct bucket_jobs jobs = {.page = &n.page};
		rc = bucket_pass(c, bucket, &jobs, err) < 0 ? -1 : 1;
	}
	if (rc == 1 && count > 0 && sqs_delete(sqs, receipts, count, NULL, err) < 0)
		rc = -1;
	free(n.page.objects);
	arena_fini(&n.page.mem);
	sqs_batch_fini(&batch);
	return rc;
}

static struct sqs *open_queue(struct collector *c, struct bucket *bucket, struct err *err)
{
	struct sqs_place place = {.queue_url = bucket->place.queue,
		.region = bucket->place.place.region,
		.guard = bucket->place.place.guard,
		.plain = bucket->place.place.guard == GUARD_PRIVATE_ALLOWED &&
			 strncmp(bucket->place.queue, "http://", 7) == 0};
	return sqs_open(c->http, &place, bucket->provider, c->options->policy, err);
}

int bucket_queue(struct collector *c, struct bucket *bucket, struct err *err)
{
	struct sqs *sqs = open_queue(c, bucket, err);
	int rc = sqs ? 1 : -1;
	while (rc >= 0 && !collector_stopped(c)) {
		int64_t left = c->options->once ? 0 : (c->due - clock_mono_us()) / SECOND;
		unsigned wait = left > SQS_WAIT_MOST ? SQS_WAIT_MOST
				: left > 0           ? (unsigned)left
						     : 0;
		rc = take_batch(c, bucket, sqs, wait, err);
		if (rc == 0 && clock_mono_us() + SECOND >= c->due)
			break;
		if (rc == 0 && c->options->once)
			break;
	}
	sqs_close(sqs);
	return rc < 0 ? -1 : 0;
}
