/* SPDX-License-Identifier: Apache-2.0 */
/* notice_fuzz.c: whatever comes out of a queue: as a notice of a bucket, as the queue's own reply, as its
 * refusal. It is read or refused, keys are such as a bucket can have, error texts are safe to print. */
#undef NDEBUG
#include <assert.h>

#include "base/base.h"
#include "net/s3.h"
#include "net/s3_notice.h"
#include "net/sqs_private.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int take(void *ctx, const struct s3_notice *notice, struct err *err)
{
	(void)err;
	++*(unsigned *)ctx;
	assert(notice->key.len > 0 && notice->key.len <= S3_KEY_MOST);
	assert(!memchr(notice->key.ptr, 0, notice->key.len));
	assert(notice->etag.len <= S3_NOTICE_DETAIL_MOST);
	assert(notice->sequencer.len <= S3_NOTICE_DETAIL_MOST);
	assert(notice->version.len <= S3_NOTICE_DETAIL_MOST);
	assert(notice->size <= INT64_MAX);
	return 0;
}

static void check_notice(struct slice text)
{
	struct s3_notice_report report;
	struct err err = {0};
	unsigned given = 0;
	int status = s3_notice_parse(text, "audit", take, &given, &report, &err);
	assert(status == 0 || (status == -1 && err.kind != ERR_NONE && err.text[0]));
	assert(given == report.given);
	/* In a bucket of another name there is none of them. */
	given = 0;
	assert(s3_notice_parse(text, "audit-2", take, &given, &report, &err) == status);
	assert(report.given == given);
}

static void check_replies(struct slice text)
{
	struct sqs_batch batch;
	struct err err = {0};
	bool done[SQS_MOST];
	sqs_batch_init(&batch);
	int status = sqs_batch_read(text, &batch, &err);
	assert(status == (batch.count > 0) || (status == -1 && batch.count == 0 && err.text[0]));
	for (size_t i = 0; i < batch.count; i++) {
		const struct sqs_message *message = &batch.messages[i];
		assert(message->receipt.len > 0 && message->receipt.len <= SQS_RECEIPT_MOST);
		assert(message->body.ptr && message->sent_us >= 0);
		assert(text_utf8_valid(message->body));
	}
	sqs_batch_fini(&batch);
	int n = sqs_done_read(text, 4, done, &err), gone = 0;
	for (size_t i = 0; n >= 0 && i < 4; i++)
		gone += done[i];
	assert(n < 0 || n == gone);
}

static void check_refusal(struct slice text)
{
	struct sqs sqs = {.name = (char[]){"queue"}};
	struct err err = {0};
	http_reply_init(&sqs.reply);
	sqs.reply.status = 400;
	buf_slice(&sqs.reply.body, text);
	(void)sqs_is_throttled(&sqs.reply);
	assert(sqs_explain(&sqs, "ReceiveMessage", &err) == -1);
	assert(err.kind != ERR_NONE && strlen(err.text) > 10);
	for (const char *p = err.text; *p; p++)
		assert((unsigned char)*p >= 0x20 && *p != 0x7f);
	http_reply_fini(&sqs.reply);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice text = {(const char *)data, size};
	check_notice(text);
	check_replies(text);
	check_refusal(text);
	return 0;
}
