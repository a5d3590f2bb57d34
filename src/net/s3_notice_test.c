/* SPDX-License-Identifier: Apache-2.0 */
/* s3_notice_test.c: what buckets say of their objects, in all envelopes, and what nobody should. */
#include "net/s3_notice.h"

#include "base/base.h"
#include "base/test.h"

#define RECORD(event, bucket, object)                                                              \
	"{\"eventVersion\":\"2.1\",\"eventSource\":\"aws:s3\",\"eventTime\":"                      \
	"\"2026-03-09T14:03:20.500Z\",\"eventName\":\"" event                                      \
	"\",\"s3\":{\"bucket\":{\"name\":\"" bucket "\"},\"object\":{" object "}}}"
#define RECORDS(list) "{\"Records\":[" list "]}"
#define PUT(object)   RECORDS(RECORD("ObjectCreated:Put", "audit", object))
#define BRIDGE(type, bucket, object)                                                               \
	"{\"version\":\"0\",\"detail-type\":\"" type                                               \
	"\",\"source\":\"aws.s3\",\"time\":\"2026-03-09T14:03:20Z\",\"detail\":{\"bucket\":"       \
	"{\"name\":\"" bucket "\"},\"object\":{" object "}}}"
#define SNS(message) "{\"Type\":\"Notification\",\"MessageId\":\"1\",\"Message\":" message "}"

/* "+key:size:etag:sequencer," for what was made, "-" for what was removed; then the counts that are not
 * zero: f(oreign) o(ther) b(roken) t(est). "!words" = refused with these words. */
static const struct {
	const char *body, *want;
} rows[] = {
	{PUT("\"key\":\"a\",\"size\":1024,\"eTag\":\"d41d\",\"sequencer\":\"0055\""),
		"+a:1024:d41d:0055,"},
	{PUT("\"key\":\"a+b%2Bc%20d/%C3%BC%F0%9F%90%BE\""),
		"+a b+c d/\xc3\xbc\xf0\x9f\x90\xbe:0::,"},
	{PUT("\"key\":\"..%2F..%2Fetc/passwd\""), "+../../etc/passwd:0::,"},
	{PUT("\"key\":\"%zz%4\""), "+%zz%4:0::,"},
	{PUT("\"key\":\"a\",\"size\":9223372036854775807"), "+a:9223372036854775807::,"},
	{PUT("\"key\":\"a\",\"size\":-1"), "+a:0::,"},
	{PUT("\"key\":\"a\",\"size\":\"7\",\"eTag\":7,\"sequencer\":null"), "+a:0::,"},
	{PUT("\"key\":\"a\",\"key\":\"b\""), "+b:0::,"}, /* the last, as everywhere here */
	{RECORDS(RECORD("ObjectCreated:Put", "audit", "\"key\":\"a\"") "," RECORD(
		 "ObjectRemoved:DeleteMarkerCreated", "audit",
		 "\"key\":\"b\"") "," RECORD("ObjectCreated:CompleteMultipartUpload", "audit",
		 "\"key\":\"c\"")),
		"+a:0::,-b:0::,+c:0::,"},
	{RECORDS(RECORD("s3:ObjectCreated:Put", "audit", "\"key\":\"minio\"")), "+minio:0::,"},
	{RECORDS(RECORD("ObjectRestore:Completed", "audit", "\"key\":\"a\"")), "+a:0::,"},
	{RECORDS(RECORD("LifecycleExpiration:Delete", "audit", "\"key\":\"a\"")), "-a:0::,"},
	{RECORDS(RECORD("ObjectTagging:Put", "audit", "\"key\":\"a\"")), "o1"},
	{RECORDS(RECORD("ObjectRestore:Post", "audit", "\"key\":\"a\"")), "o1"},
	{RECORDS(RECORD("ObjectCreated:Put", "audit2", "\"key\":\"a\"") "," RECORD(
		 "ObjectCreated:Put", "Audit", "\"key\":\"a\"") "," RECORD("ObjectCreated:Put",
		 "audit", "\"key\":\"a\"")),
		"+a:0::,f2"},
	/* One bad entry harms no other. */
	{RECORDS("7,{},[],{\"s3\":7}," RECORD(
		 "ObjectCreated:Put", "audit", "\"key\":\"a\"") "," RECORD("", "audit",
		 "\"key\":\"a\"") "," RECORD("ObjectCreated:Put", "", "\"key\":\"a\"")),
		"+a:0::,b6"},
	{PUT(""), "b1"},
	{PUT("\"key\":\"\""), "b1"},
	{PUT("\"key\":7"), "b1"},
	{PUT("\"key\":\"a%00b\""), "b1"},
	{PUT("\"key\":\"a\\u0000b\""), "b1"},
	{PUT("\"key\":\"a\\ud800b\""), "b1"},
	{RECORDS(""), ""},
	{RECORDS("") " ", ""},
	{"\n { \"Records\" : [ ] } \n", ""},
	/* EventBridge: keys are not encoded. */
	{BRIDGE("Object Created", "audit",
		 "\"key\":\"a+b%20\",\"size\":5,\"etag\":\"e\",\"sequencer\":\"00\""),
		"+a+b%20:5:e:00,"},
	{BRIDGE("Object Deleted", "audit", "\"key\":\"a\""), "-a:0::,"},
	{BRIDGE("Object Tags Added", "audit", "\"key\":\"a\""), "o1"},
	{BRIDGE("Object Created", "other", "\"key\":\"a\""), "f1"},
	{BRIDGE("Object Created", "audit", ""), "b1"},
	{"{\"source\":\"aws.ec2\",\"detail-type\":\"Object "
	 "Created\",\"detail\":{\"bucket\":{\"name\":\"audit\"},\"object\":{\"key\":\"a\"}}}",
		"!no notice of a bucket"},
	/* SNS around both. */
	{SNS("\"{\\\"Records\\\":[{\\\"eventName\\\":\\\"ObjectCreated:Put\\\",\\\"s3\\\":{"
	     "\\\"bucket\\\":{\\\"name\\\":\\\"audit\\\"},\\\"object\\\":{\\\"key\\\":\\\"a+b\\\""
	     "}}}]}\""),
		"+a b:0::,"},
	{SNS("\"{\\\"source\\\":\\\"aws.s3\\\",\\\"detail-type\\\":\\\"Object Created\\\","
	     "\\\"detail\\\":{\\\"bucket\\\":{\\\"name\\\":\\\"audit\\\"},\\\"object\\\":{"
	     "\\\"key\\\":\\\"a+b\\\"}}}\""),
		"+a+b:0::,"},
	{SNS("\"hello\""), "!no notice of a bucket"},
	{SNS("{\"Records\":[]}"), "!no notice of a bucket"},
	{SNS("\"{\\\"Type\\\":\\\"Notification\\\",\\\"Message\\\":\\\"{\\\\\\\"Records\\\\\\\":"
	     "[]}\\\"}\""),
		"!no notice of a bucket"},
	{"{\"Type\":\"SubscriptionConfirmation\",\"SubscribeURL\":\"https://evil.example/\"}",
		"!no notice of a bucket"},
	/* Tests of the set-up. */
	{"{\"Service\":\"Amazon S3\",\"Event\":\"s3:TestEvent\",\"Bucket\":\"audit\"}", "t"},
	{"{\"Service\":\"Amazon S3\",\"Event\":\"s3:TestEvent\",\"Bucket\":\"other\"}", "f1"},
	{SNS("\"{\\\"Event\\\":\\\"s3:TestEvent\\\",\\\"Bucket\\\":\\\"audit\\\"}\""), "t"},
	/* No notices. */
	{"", "!no notice of a bucket"},
	{"hello", "!no notice of a bucket"},
	{"[]", "!no notice of a bucket"},
	{"{}", "!no notice of a bucket"},
	{"{\"Records\":{}}", "!no notice of a bucket"},
	{RECORDS("1") "x", "!no notice of a bucket"},
	{"{\"Records\":[{\"s3\":", "!no notice of a bucket"},
	{"{\"Records\":[\"\xff\"]}", "!no notice of a bucket"},
	{"<xml/>", "!no notice of a bucket"},
};

static int take(void *ctx, const struct s3_notice *notice, struct err *err)
{
	(void)err;
	buf_printf(ctx, "%c%.*s:%llu:%.*s:%.*s,", notice->removed ? '-' : '+',
		SLICE_ARG(notice->key), (unsigned long long)notice->size, SLICE_ARG(notice->etag),
		SLICE_ARG(notice->sequencer));
	return 0;
}

static void test_forms(void **state)
{
	struct s3_notice_report report;
	struct buf out;
	(void)state;
	buf_init(&out, SIZE_MAX);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct err err = {0};
		buf_clear(&out);
		int status =
			s3_notice_parse(slice_of(rows[i].body), "audit", take, &out, &report, &err);
		if (rows[i].want[0] == '!') {
			CHECK_ROW(i, status == -1 && err.kind == ERR_FORMAT && out.len == 0);
			CHECK_ROW(i, strstr(err.text, rows[i].want + 1));
			continue;
		}
		CHECK_ROW(i, status == 0);
		if (report.foreign)
			buf_printf(&out, "f%u", report.foreign);
		if (report.other)
			buf_printf(&out, "o%u", report.other);
		if (report.broken)
			buf_printf(&out, "b%u", report.broken);
		if (report.test)
			buf_puts(&out, "t");
		if (!slice_eq(buf_view(&out), slice_of(rows[i].want)))
			fail_msg("row %zu: %.*s", i, (int)out.len, out.ptr);
	}
	buf_fini(&out);
}

static int keep_time(void *ctx, const struct s3_notice *notice, struct err *err)
{
	(void)err;
	*(int64_t *)ctx = notice->time_us;
	return 0;
}

static void test_times(void **state)
{
	static const struct {
		const char *time;
		int64_t us;
	} times[] = {
		{"2026-03-09T14:03:20.500Z", INT64_C(1773065000500000)},
		{"2026-03-09T14:03:20Z", INT64_C(1773065000000000)},
		{"now", 0},
		{"-7d", 0},
		{"1773065000", 0},
		{"", 0},
	};
	struct s3_notice_report report;
	char body[400];
	(void)state;
	for (size_t i = 0; i < COUNT(times); i++) {
		int64_t got = -1;
		snprintf(body, sizeof(body),
			"{\"Records\":[{\"eventTime\":\"%s\",\"eventName\":\"ObjectCreated:Put\","
			"\"s3\":{\"bucket\":{\"name\":\"audit\"},\"object\":{\"key\":\"a\"}}}]}",
			times[i].time);
		CHECK_ROW(i, s3_notice_parse(
				     slice_of(body), "audit", keep_time, &got, &report, NULL) == 0);
		CHECK_ROW(i, got == times[i].us);
	}
}

static int refuse(void *ctx, const struct s3_notice *notice, struct err *err)
{
	(void)notice;
	++*(int *)ctx;
	return err_set(err, ERR_INTERRUPTED, "enough");
}

/* One record with a key (and the rest of its entry) of so many bytes. */
static void write_long(struct buf *body, size_t key, size_t etag)
{
	buf_clear(body);
	buf_puts(body, "{\"Records\":[{\"eventName\":\"ObjectCreated:Put\",\"s3\":{\"bucket\":"
		       "{\"name\":\"audit\"},\"object\":{\"eTag\":\"");
	for (size_t i = 0; i < etag; i++)
		buf_push(body, 'e');
	buf_puts(body, "\",\"key\":\"");
	for (size_t i = 0; i < key; i++)
		buf_puts(body, "%6b");
	buf_puts(body, "\"}}}]}");
}

static void test_limits(void **state)
{
	static const struct {
		size_t key, etag;
		unsigned given, broken;
	} lengths[] = {{1024, 255, 1, 0}, {1025, 1, 0, 1}, {1, 256, 1, 0}, {100000, 1, 0, 1}};
	struct s3_notice_report report;
	struct buf body, out;
	struct err err;
	int calls = 0;
	(void)state;
	buf_init(&body, SIZE_MAX);
	buf_init(&out, SIZE_MAX);
	for (size_t i = 0; i < COUNT(lengths); i++) {
		write_long(&body, lengths[i].key, lengths[i].etag);
		CHECK_ROW(i,
			s3_notice_parse(buf_view(&body), "audit", take, &out, &report, &err) == 0);
		CHECK_ROW(i, report.given == lengths[i].given);
		CHECK_ROW(i, report.broken == lengths[i].broken);
	}
	buf_clear(&body);
	buf_puts(&body, "{\"Records\":[");
	for (int i = 0; i <= S3_NOTICE_RECORDS; i++)
		buf_puts(&body, i ? ",{}" : "{}");
	buf_puts(&body, "]}");
	assert_int_equal(s3_notice_parse(buf_view(&body), "audit", take, &out, &report, &err), -1);
	assert_int_equal(err.kind, ERR_LIMIT);
	while (body.len <= S3_NOTICE_BYTES)
		buf_push(&body, ' ');
	assert_int_equal(s3_notice_parse(buf_view(&body), "audit", take, &out, &report, &err), -1);
	assert_int_equal(err.kind, ERR_LIMIT);
	/* What each says ends the reading. */
	assert_int_equal(
		s3_notice_parse(slice_of(rows[8].body), "audit", refuse, &calls, &report, &err),
		-1);
	assert_int_equal(err.kind, ERR_INTERRUPTED);
	assert_int_equal(calls, 1);
	buf_fini(&body);
	buf_fini(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_forms),
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_limits),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
