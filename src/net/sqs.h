/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sqs.h: one queue of Amazon SQS, or of what speaks its language: receive (long polling), delete,
 * change how long messages stay hidden. What is in a queue may come twice and in any order, and
 * anybody who may write to it says what he likes: bodies are hints (s3_notice.h reads them). AWS's JSON
 * protocol: a body comes through byte for byte, where XML could not carry every character, and
 * everything that today's SDKs talk to takes it. Requests are tried again as retry.h says, throttling
 * included. Used by one thread.
 * Source: Amazon SQS API Reference (2012-11-05) and Developer Guide, "AWS JSON protocol".
 */
#ifndef NET_SQS_H
#define NET_SQS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "net/credentials.h"
#include "net/http.h"
#include "net/retry.h"

enum {
	SQS_MOST = 10,         /* messages of one call */
	SQS_WAIT_MOST = 20,    /* seconds of a long poll */
	SQS_HIDE_MOST = 43200, /* seconds that a message can be hidden: 12 hours */
	/* Bytes of a reply: ten bodies of 1 MiB, which JSON's escapes can make twice as long. */
	SQS_REPLY_MOST = 32 << 20,
	SQS_RECEIPT_MOST = 4096, /* bytes of a receipt handle */
};

struct sqs_place {
	/* https://sqs.REGION.amazonaws.com/ACCOUNT/NAME, as the queue's page shows it. */
	const char *queue_url;
	const char *endpoint; /* https://host[:port] to ask; NULL = that of queue_url */
	/* NULL = of AWS's host names, else AWS_REGION, AWS_DEFAULT_REGION, then us-east-1. */
	const char *region;
	enum guard_policy guard; /* GUARD_PRIVATE_ALLOWED where an administrator confirmed it */
	bool plain;              /* the endpoint may be http:// (see http.h) */
};

struct sqs;

/* Opens a queue; nothing is sent. Client and provider are borrowed; without a provider (NULL) requests
 * are not signed. NULL with `err` (ERR_USAGE) where URL, endpoint or region cannot be right. */
struct sqs *sqs_open(struct http_client *client, const struct sqs_place *place,
	struct credential_provider *provider, const struct retry_policy *policy, struct err *err);
/* Closes it; accepts NULL. */
void sqs_close(struct sqs *sqs);

/* How the last call ended, for code: the text of an error is for people. */
struct sqs_end {
	int status; /* HTTP; 0 where no reply came */
	enum http_failure failure;
	char code[80];    /* "QueueDoesNotExist" …; "" where there is none */
	int64_t asked_us; /* to wait before the next call; -1 = not said */
	unsigned attempts;
};
/* Borrowed until the next call. */
const struct sqs_end *sqs_last(const struct sqs *sqs);

struct sqs_message {
	struct slice id, receipt,
		body;      /* in arena; the receipt is what deletes it, and ends with a NUL */
	unsigned received; /* how often it was given out, this time included; 0 = not said */
	int64_t sent_us;   /* 0 = not said */
};

struct sqs_batch {
	struct arena mem;
	struct sqs_message messages[SQS_MOST];
	size_t count;
};

/* An empty batch. */
void sqs_batch_init(struct sqs_batch *batch);
/* Frees it. */
void sqs_batch_fini(struct sqs_batch *batch);

/* Receives up to `most` (1–SQS_MOST) messages, and waits for the first one up to `wait_s` seconds
 * (0–SQS_WAIT_MOST; the client's stop flag ends it). They are hidden from others for `hide_s` seconds
 * (0 = what the queue says) and come again after that, unless they are deleted. `batch` is emptied
 * first. 1 = there are some, 0 = none came, -1 = error: a broken reply is never an empty one. */
int sqs_receive(struct sqs *sqs, unsigned wait_s, unsigned most, unsigned hide_s,
	struct sqs_batch *batch, struct err *err);

/* Deletes up to SQS_MOST messages by their receipts, in one call. done[i] (may be NULL) says of each
 * whether it is gone; what is not will come again. Returns how many are gone; -1 where the whole call
 * failed: then none may be counted as gone. */
int sqs_delete(
	struct sqs *sqs, const struct slice *receipts, size_t count, bool *done, struct err *err);

/* Hides them for `hide_s` seconds (0–SQS_HIDE_MOST) from now on: longer for work that takes longer, 0 to
 * give them back. Else as sqs_delete. */
int sqs_hide(struct sqs *sqs, const struct slice *receipts, size_t count, unsigned hide_s,
	bool *done, struct err *err);

#endif
