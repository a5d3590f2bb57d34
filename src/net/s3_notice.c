/* SPDX-License-Identifier: Apache-2.0 */
/* s3_notice.c: the envelopes taken off a notice, its entries taken apart. What an entry lacks makes it a
 * broken one, and harms no other. */
#include "net/s3_notice.h"

#include "base/base.h"
#include "json/json.h"
#include "net/private.h"
#include "net/s3.h"

struct reading {
	struct slice bucket;
	s3_notice_each *each;
	void *ctx;
	struct s3_notice_report *report;
	/* Texts of the entry in hand. */
	struct buf name, bucket_name, coded, key, etag, sequencer, version, time;
};

enum meaning { NO_EVENT, MADE, REMOVED, OTHER };

static bool begins(struct slice text, const char *with)
{
	size_t n = strlen(with);
	return text.len >= n && memcmp(text.ptr, with, n) == 0;
}

/* "ObjectCreated:Put"; some servers write "s3:" in front. */
static enum meaning meaning_of_name(struct slice name)
{
	if (begins(name, "s3:"))
		name = (struct slice){name.ptr + 3, name.len - 3};
	if (begins(name, "ObjectCreated:") || begins(name, "ObjectRestore:Completed"))
		return MADE;
	if (begins(name, "ObjectRemoved:") || begins(name, "LifecycleExpiration:"))
		return REMOVED;
	return name.len ? OTHER : NO_EVENT;
}

/* EventBridge's detail-type. */
static enum meaning meaning_of_type(struct slice type)
{
	if (slice_eq(type, SLICE("Object Created")) ||
		slice_eq(type, SLICE("Object Restore Completed")))
		return MADE;
	if (slice_eq(type, SLICE("Object Deleted")))
		return REMOVED;
	return type.len ? OTHER : NO_EVENT;
}

static int64_t time_of(struct slice text)
{
	int64_t begin, end;
	/* Clocks of relative form ("now", "-7d") are for people. */
	bool dated = text.len >= 10 && text.ptr[4] == '-';
	return dated && clock_parse(text, 0, &begin, &end) == 0 ? begin : 0;
}

/* A short text of the entry; empty where there is none, or too long a one. */
static struct slice detail(struct slice object, const char *key, struct buf *out)
{
	if (!json_find_text(object, key, out))
		buf_clear(out);
	return buf_view(out);
}

static int give(struct reading *r, enum meaning meaning, struct slice object, const char *etag,
	const char *version, struct err *err)
{
	struct slice key = buf_view(&r->key), size = json_find(object, "size");
	int64_t bytes;
	if (r->key.full || key.len == 0 || memchr(key.ptr, 0, key.len) || meaning == NO_EVENT ||
		r->bucket_name.len == 0) {
		r->report->broken++;
		return 0;
	}
	if (!slice_eq(buf_view(&r->bucket_name), r->bucket)) {
		r->report->foreign++;
		return 0;
	}
	if (meaning == OTHER) {
		r->report->other++;
		return 0;
	}
	struct s3_notice notice = {.removed = meaning == REMOVED,
		.key = key,
		.etag = detail(object, etag, &r->etag),
		.sequencer = detail(object, "sequencer", &r->sequencer),
		.version = detail(object, version, &r->version),
		.time_us = time_of(buf_view(&r->time))};
	if (text_parse_int(size, &bytes) == 0 && bytes > 0)
		notice.size = (uint64_t)bytes;
	r->report->given++;
	return r->each(r->ctx, &notice, err);
}

/* One of Records: its key is form-encoded. */
static int read_record(struct reading *r, struct slice record, struct err *err)
{
	struct slice s3 = json_find(record, "s3");
	struct slice object = json_find(s3, "object");
	detail(record, "eventName", &r->name);
	detail(record, "eventTime", &r->time);
	detail(json_find(s3, "bucket"), "name", &r->bucket_name);
	buf_clear(&r->key);
	if (json_find_text(object, "key", &r->coded))
		http_unescape(&r->key, buf_view(&r->coded), true);
	return give(r, meaning_of_name(buf_view(&r->name)), object, "eTag", "versionId", err);
}

static int read_records(struct reading *r, struct slice records, struct err *err)
{
	struct slice record;
	unsigned count = 0;
	for (size_t at = 0; json_item(records, &at, &record);) {
		if (++count > S3_NOTICE_RECORDS)
			return err_set(err, ERR_LIMIT, "a notice of more than %d objects",
				S3_NOTICE_RECORDS);
		if (read_record(r, record, err) < 0)
			return -1;
	}
	return 0;
}

/* EventBridge: one event, and its key is as it is. */
static int read_event(struct reading *r, struct slice body, struct slice detail_of, struct err *err)
{
	struct slice object = json_find(detail_of, "object");
	detail(body, "detail-type", &r->name);
	detail(body, "time", &r->time);
	detail(json_find(detail_of, "bucket"), "name", &r->bucket_name);
	if (!json_find_text(object, "key", &r->key))
		buf_clear(&r->key);
	return give(r, meaning_of_type(buf_view(&r->name)), object, "etag", "version-id", err);
}

static bool is_test(struct reading *r, struct slice body)
{
	return slice_eq(detail(body, "Event", &r->name), SLICE("s3:TestEvent"));
}

/* What is within the envelope. 1 = it was a notice, 0 = it is none. */
static int read_plain(struct reading *r, struct slice body, struct err *err)
{
	struct slice records = json_find(body, "Records");
	struct slice event = json_find(body, "detail");
	if (json_validate(body, NULL) < 0)
		return 0;
	if (records.len && records.ptr[0] == '[')
		return read_records(r, records, err) < 0 ? -1 : 1;
	if (event.len && event.ptr[0] == '{' &&
		slice_eq(detail(body, "source", &r->name), SLICE("aws.s3")))
		return read_event(r, body, event, err) < 0 ? -1 : 1;
	if (!is_test(r, body))
		return 0;
	/* A test of another bucket is none of ours. */
	if (slice_eq(detail(body, "Bucket", &r->bucket_name), r->bucket))
		r->report->test = true;
	else
		r->report->foreign++;
	return 1;
}

/* SNS: the message is a JSON text in a string. An envelope within an envelope is none. */
static int read_body(struct reading *r, struct slice body, struct err *err)
{
	int found = read_plain(r, body, err);
	if (found == 0 && slice_eq(detail(body, "Type", &r->name), SLICE("Notification"))) {
		struct buf message;
		buf_init(&message, S3_NOTICE_BYTES);
		if (json_find_text(body, "Message", &message))
			found = read_plain(r, buf_view(&message), err);
		buf_fini(&message);
	}
	if (found == 0)
		return err_set(err, ERR_FORMAT, "a message that is no notice of a bucket");
	return found < 0 ? -1 : 0;
}

int s3_notice_parse(struct slice body, const char *bucket, s3_notice_each *each, void *ctx,
	struct s3_notice_report *report, struct err *err)
{
	struct reading r = {.bucket = slice_of(bucket), .each = each, .ctx = ctx, .report = report};
	struct buf *const texts[] = {
		&r.name, &r.bucket_name, &r.etag, &r.sequencer, &r.version, &r.time};
	memset(report, 0, sizeof(*report));
	if (body.len > S3_NOTICE_BYTES)
		return err_set(err, ERR_LIMIT, "a message of more than %d MiB is no notice",
			S3_NOTICE_BYTES >> 20);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		buf_init(texts[i], S3_NOTICE_DETAIL_MOST);
	buf_init(&r.key, S3_KEY_MOST);
	buf_init(&r.coded, 3 * S3_KEY_MOST);
	int status = read_body(&r, body, err);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		buf_fini(texts[i]);
	buf_fini(&r.key);
	buf_fini(&r.coded);
	return status;
}
