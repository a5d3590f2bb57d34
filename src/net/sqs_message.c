/* SPDX-License-Identifier: Apache-2.0 */
/* sqs_message.c: what is asked of a queue and what it answers, as JSON. */
#include "base/base.h"
#include "json/json.h"
#include "net/sqs_private.h"

void sqs_batch_init(struct sqs_batch *batch)
{
	memset(batch, 0, sizeof(*batch));
}

void sqs_batch_fini(struct sqs_batch *batch)
{
	arena_fini(&batch->mem);
	memset(batch, 0, sizeof(*batch));
}

static int broken(struct err *err, const char *why)
{
	return err_set(err, ERR_FORMAT, "its reply is broken: %s", why);
}

/* A text, unescaped into the batch's arena; ptr is NULL where there is none. What is not well-formed in it
 * becomes U+FFFD: a bad body must not keep the others back. */
static struct slice take_text(struct sqs_batch *batch, struct slice object, const char *key)
{
	struct slice value = json_find(object, key), none = {NULL, 0};
	struct buf text;
	bool repaired = false;
	if (!value.len || value.ptr[0] != '"')
		return none;
	/* Unescaped it is as long at most, but for bad bytes: each may become three. */
	buf_init(&text, 3 * value.len + 1);
	if (json_unescape(value, 0, &text, &repaired) < 0 || text.full) {
		buf_fini(&text);
		return none;
	}
	struct slice copy = {arena_strdup(&batch->mem, buf_view(&text)), text.len};
	buf_fini(&text);
	return copy;
}

/* Attributes are numbers in strings. */
static int64_t number_of(struct slice attributes, const char *name)
{
	char digits[24];
	struct slice value = json_find(attributes, name);
	int64_t number = 0;
	if (value.len > 2 && value.len < sizeof(digits) && value.ptr[0] == '"')
		value = (struct slice){value.ptr + 1, value.len - 2};
	return text_parse_int(value, &number) == 0 && number > 0 ? number : 0;
}

static int take_message(struct sqs_batch *batch, struct slice json, struct err *err)
{
	struct sqs_message message = {.id = take_text(batch, json, "MessageId"),
		.receipt = take_text(batch, json, "ReceiptHandle"),
		.body = take_text(batch, json, "Body")};
	struct slice attributes = json_find(json, "Attributes");
	int64_t received = number_of(attributes, "ApproximateReceiveCount");
	int64_t sent = number_of(attributes, "SentTimestamp");
	if (!message.receipt.len || !message.body.ptr)
		return broken(err, "a message without receipt or body");
	if (message.receipt.len > SQS_RECEIPT_MOST)
		return broken(err, "a receipt that is too long");
	if (batch->count == SQS_MOST)
		return broken(err, "more messages than were asked for");
	message.received = received < UINT32_MAX ? (unsigned)received : UINT32_MAX;
	message.sent_us = sent < INT64_MAX / 1000 ? sent * 1000 : 0;
	batch->messages[batch->count++] = message;
	return 0;
}

static void empty(struct sqs_batch *batch)
{
	arena_reset(&batch->mem);
	batch->count = 0;
}

static bool is_object(struct slice json)
{
	size_t at = json_blanks(json, 0);
	return at < json.len && json.ptr[at] == '{' && json_validate(json, NULL) == 0;
}

int sqs_batch_read(struct slice json, struct sqs_batch *batch, struct err *err)
{
	struct slice message, list = json_find(json, "Messages");
	empty(batch);
	if (!is_object(json))
		return broken(err, "it is no JSON object: is this an SQS endpoint?");
	if (list.len && list.ptr[0] != '[' && !slice_eq(list, SLICE("null")))
		return broken(err, "its messages are no list");
	for (size_t at = 0; json_item(list, &at, &message);)
		if (take_message(batch, message, err) < 0)
			return empty(batch), -1;
	return batch->count ? 1 : 0;
}

/* {"QueueUrl":"…" */
static void begin(const struct sqs *sqs, struct buf *body, size_t most)
{
	buf_init(body, most);
	buf_puts(body, "{\"QueueUrl\":");
	text_json_string(body, slice_of(sqs->queue));
}

static int named(struct sqs *sqs, int status, struct err *err)
{
	if (status < 0 && err && err->kind == ERR_FORMAT)
		err_context(err, "queue %s", sqs->name);
	return status;
}

/* Servers that have nothing to say may say nothing, as JSON of a known length. */
static bool said_nothing(const struct http_reply *reply)
{
	static const struct slice json = SLICE("application/x-amz-json-1.");
	struct slice type = http_header(reply, "content-type", 0);
	return reply->body.len == 0 && reply->end_known && type.len > json.len &&
	       memcmp(type.ptr, json.ptr, json.len) == 0;
}

int sqs_receive(struct sqs *sqs, unsigned wait_s, unsigned most, unsigned hide_s,
	struct sqs_batch *batch, struct err *err)
{
	struct buf body;
	empty(batch);
	if (wait_s > SQS_WAIT_MOST || most < 1 || most > SQS_MOST || hide_s > SQS_HIDE_MOST)
		return err_set(err, ERR_USAGE,
			"a queue gives 1 to %d messages at a time, and waits %d seconds at most",
			SQS_MOST, SQS_WAIT_MOST);
	begin(sqs, &body, URL_MOST * 6 + 300);
	buf_printf(&body, ",\"MaxNumberOfMessages\":%u,\"WaitTimeSeconds\":%u", most, wait_s);
	if (hide_s)
		buf_printf(&body, ",\"VisibilityTimeout\":%u", hide_s);
	/* AttributeNames is what servers knew before; AWS takes both. */
	buf_puts(&body, ",\"AttributeNames\":[\"ApproximateReceiveCount\",\"SentTimestamp\"]}");
	int status = sqs_do(sqs, "ReceiveMessage", buf_view(&body), wait_s, err);
	buf_fini(&body);
	if (status == 0 && !said_nothing(&sqs->reply))
		status = named(sqs, sqs_batch_read(buf_view(&sqs->reply.body), batch, err), err);
	return status;
}

/* Entries of a batch have their numbers as Id. */
static bool read_id(struct slice entry, size_t count, size_t *id)
{
	struct slice value = json_find(entry, "Id");
	if (value.len != 3 || value.ptr[0] != '"' || value.ptr[1] < '0' || value.ptr[1] > '9')
		return false;
	*id = (size_t)(value.ptr[1] - '0');
	return *id < count;
}

int sqs_done_read(struct slice json, size_t count, bool *done, struct err *err)
{
	struct slice entry, list = json_find(json, "Successful");
	bool gone[SQS_MOST] = {false};
	int n = 0;
	if (!is_object(json))
		return broken(err, "it is no JSON object: is this an SQS endpoint?");
	for (size_t at = 0, id; json_item(list, &at, &entry);) {
		if (!read_id(entry, count, &id))
			return broken(err, "it names a message that was not asked about");
		n += !gone[id];
		gone[id] = true;
	}
	if (done)
		memcpy(done, gone, count * sizeof(*done));
	return n;
}

/* DeleteMessageBatch and ChangeMessageVisibilityBatch. */
static int do_batch(struct sqs *sqs, const char *action, const char *more,
	const struct slice *receipts, size_t count, bool *done, struct err *err)
{
	struct buf body;
	if (done)
		memset(done, 0, count * sizeof(*done));
	if (count == 0)
		return 0;
	if (count > SQS_MOST)
		return err_set(err, ERR_USAGE, "a queue takes %d receipts at a time", SQS_MOST);
	begin(sqs, &body, URL_MOST * 6 + (size_t)SQS_MOST * (SQS_RECEIPT_MOST * 6 + 100));
	buf_puts(&body, ",\"Entries\":[");
	for (size_t i = 0; i < count; i++) {
		buf_printf(&body, "%s{\"Id\":\"%zu\",\"ReceiptHandle\":", i ? "," : "", i);
		text_json_string(&body, receipts[i]);
		buf_printf(&body, "%s}", more);
	}
	buf_puts(&body, "]}");
	int status = body.full ? err_set(err, ERR_USAGE, "a receipt is too long")
			       : sqs_do(sqs, action, buf_view(&body), 0, err);
	buf_fini(&body);
	if (status == 0)
		status = named(
			sqs, sqs_done_read(buf_view(&sqs->reply.body), count, done, err), err);
	return status;
}

int sqs_delete(
	struct sqs *sqs, const struct slice *receipts, size_t count, bool *done, struct err *err)
{
	return do_batch(sqs, "DeleteMessageBatch", "", receipts, count, done, err);
}

int sqs_hide(struct sqs *sqs, const struct slice *receipts, size_t count, unsigned hide_s,
	bool *done, struct err *err)
{
	char more[40];
	if (hide_s > SQS_HIDE_MOST)
		return err_set(err, ERR_USAGE, "a message can be hidden for 12 hours at most");
	snprintf(more, sizeof(more), ",\"VisibilityTimeout\":%u", hide_s);
	return do_batch(sqs, "ChangeMessageVisibilityBatch", more, receipts, count, done, err);
}
