/* SPDX-License-Identifier: Apache-2.0 */
/* sqs_private.h: what the files of the SQS client share. */
#ifndef NET_SQS_PRIVATE_H
#define NET_SQS_PRIVATE_H

#include "net/private.h"
#include "net/sqs.h"

struct sqs {
	struct http_client *client;
	struct credential_provider *provider;
	struct retry_policy policy;
	char *url;   /* where requests go: scheme://host[:port]/ */
	char *host;  /* as it goes into the Host header */
	char *queue; /* the queue's URL */
	char *name;  /* its last part, for people */
	char *region;
	bool plain;
	enum guard_policy guard;
	int64_t skew_us; /* the server's clock is so far ahead of ours */
	struct http_reply reply;
	struct sqs_end end;
};

/* Does one call ("ReceiveMessage") with a JSON body; the reply to it is in sqs->reply. `wait_s`: how long
 * the server may think. -1 where anything but 2xx came, with its words. */
int sqs_do(
	struct sqs *sqs, const char *action, struct slice body, unsigned wait_s, struct err *err);
/* Reads the code of a refusal; `message` (may be NULL) gets its words, escaped. */
void sqs_read_refusal(const struct http_reply *reply, char code[80], struct buf *message);
/* Whether it asks to come again later. */
bool sqs_is_throttled(const struct http_reply *reply);
/* Whether it is the time of the signature that is refused; `code` gets the code. */
bool sqs_is_early_or_late(const struct http_reply *reply, char code[80]);
/* The words for the refusal that is there. Returns -1. */
int sqs_explain(struct sqs *sqs, const char *action, struct err *err);
/* Reads a reply to ReceiveMessage. 1, 0 or -1. */
int sqs_batch_read(struct slice json, struct sqs_batch *batch, struct err *err);
/* Reads a reply to a batch of `count`; `done` as in sqs_delete. How many, or -1. */
int sqs_done_read(struct slice json, size_t count, bool *done, struct err *err);

#endif
