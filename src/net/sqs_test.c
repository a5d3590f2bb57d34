/* SPDX-License-Identifier: Apache-2.0 */
/* sqs_test.c: the SQS client against a real server (local-aws-sqs), and against one that refuses, lies and
 * throttles. */
#include "net/sqs.h"

#include "base/base.h"
#include "base/test.h"
#include "net/sqs_private.h"
#include "net/stand_in.h"

static struct stand_in faults, real;
static char *folder, ca_file[600];
static struct http_client *client;
static struct credential_provider *keys, *canary_keys;
static struct sqs_batch batch;
static struct err err;

static int set_up(void **state)
{
	(void)state;
	folder = test_folder();
	stand_in_start(&faults, "python3", "tests/stand_ins/http_faults.py", folder);
	stand_in_start(&real, "node", "tests/stand_ins/sqs_server.mjs", folder);
	snprintf(ca_file, sizeof(ca_file), "%s/ca.pem", folder);
	struct http_settings settings = {.ca_file = ca_file, .proxy = ""};
	client = http_open(&settings, &err);
	assert_non_null(client);
	keys = stand_in_keys(client, folder, "S3RVER\n", "S3RVER\n", NULL);
	canary_keys = stand_in_keys(client, folder, "AKIACANARY", "CANARY-secret", "CANARY-token");
	sqs_batch_init(&batch);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	sqs_batch_fini(&batch);
	credentials_close(keys);
	credentials_close(canary_keys);
	http_close(client);
	stand_in_stop(&faults);
	stand_in_stop(&real);
	test_remove(folder);
	return 0;
}

static const struct retry_policy hurried = {.attempts = 3, .base_ms = 1, .cap_ms = 1};

static struct sqs *open_at(const struct stand_in *server, const char *name, const char *queue,
	struct credential_provider *by)
{
	char url[200];
	bool tls = strcmp(name, "good") == 0;
	snprintf(url, sizeof(url), "%s://localhost:%d/123456789012/%s", tls ? "https" : "http",
		stand_in_port(server, name), queue);
	struct sqs_place place = {.queue_url = url,
		.region = "us-east-1",
		.guard = GUARD_PRIVATE_ALLOWED,
		.plain = !tls};
	struct sqs *sqs = sqs_open(client, &place, by, &hurried, &err);
	if (!sqs)
		fail_msg("%s", err.text);
	return sqs;
}

/* Puts a message into the real server's queue, so many milliseconds from now. */
static void put(const char *queue, const char *body, int after_ms)
{
	char url[200], after[20] = "";
	struct http_reply reply;
	if (after_ms)
		snprintf(after, sizeof(after), "/%d", after_ms);
	snprintf(url, sizeof(url), "http://localhost:%d/_stand_in/send/%s%s",
		stand_in_port(&real, "sqs"), queue, after);
	struct http_request request = {.method = "POST",
		.url = url,
		.body = slice_of(body),
		.guard = GUARD_PRIVATE_ALLOWED,
		.plain = true};
	http_reply_init(&reply);
	assert_int_equal(http_perform(client, &request, &reply, &err), 0);
	assert_int_equal(reply.status / 100, 2);
	http_reply_fini(&reply);
}

static int receive(struct sqs *sqs, unsigned wait_s, unsigned most, unsigned hide_s)
{
	int status = sqs_receive(sqs, wait_s, most, hide_s, &batch, &err);
	if (status < 0)
		fail_msg("%s", err.text);
	assert_int_equal(status, batch.count > 0);
	return (int)batch.count;
}

static size_t receipts(struct slice out[SQS_MOST])
{
	for (size_t i = 0; i < batch.count; i++)
		out[i] = batch.messages[i].receipt;
	return batch.count;
}

static void test_receive_and_delete(void **state)
{
	static const char odd[] =
		"{\"k\":\"gr\xc3\xbc\xc3\x9f \xf0\x9f\x90\xbe <&>\\u0041\\\"\"}\n";
	struct sqs *sqs = open_at(&real, "sqs", "audit", keys);
	struct slice taken[SQS_MOST];
	bool done[SQS_MOST];
	char body[40];
	int seen = 0;
	(void)state;
	assert_int_equal(receive(sqs, 0, 10, 0), 0);
	put("audit", odd, 0);
	assert_int_equal(receive(sqs, 0, 10, 0), 1);
	assert_true(slice_eq(batch.messages[0].body, slice_of(odd)));
	assert_true(batch.messages[0].id.len > 10);
	assert_int_equal(batch.messages[0].received, 1);
	assert_in_range(
		batch.messages[0].sent_us, clock_now_us() - 60000000, clock_now_us() + 60000000);
	size_t n = receipts(taken);
	assert_int_equal(sqs_delete(sqs, taken, n, done, &err), 1);
	assert_true(done[0]);
	for (int i = 0; i < 25; i++) {
		snprintf(body, sizeof(body), "number %d", i);
		put("audit", body, 0);
	}
	for (int turn = 0; seen < 25 && turn < 20; turn++) {
		seen += receive(sqs, 0, 10, 0);
		n = receipts(taken);
		assert_int_equal(sqs_delete(sqs, taken, n, NULL, &err), n);
	}
	assert_int_equal(seen, 25);
	assert_int_equal(receive(sqs, 0, 10, 0), 0);
	assert_int_equal(sqs_delete(sqs, NULL, 0, NULL, &err), 0);
	sqs_close(sqs);
}

/* What is not deleted comes again; what is given back at once. */
static void test_hidden_and_back(void **state)
{
	struct sqs *sqs = open_at(&real, "sqs", "audit", keys);
	struct slice taken[SQS_MOST];
	bool done[SQS_MOST];
	(void)state;
	put("audit", "again", 0);
	assert_int_equal(receive(sqs, 0, 1, 60), 1);
	assert_int_equal(receive(sqs, 0, 1, 0), 0);
	put("audit", "again", 0);
	assert_int_equal(receive(sqs, 0, 1, 60), 1);
	size_t n = receipts(taken);
	assert_int_equal(sqs_hide(sqs, taken, n, 0, done, &err), 1);
	assert_true(done[0]);
	assert_int_equal(receive(sqs, 1, 1, 1), 1);
	assert_true(batch.messages[0].received >= 2);
	assert_int_equal(receive(sqs, 3, 1, 60), 1); /* after a second */
	n = receipts(taken);
	assert_int_equal(sqs_delete(sqs, taken, n, NULL, &err), 1);
	sqs_close(sqs);
}

static void test_long_poll(void **state)
{
	struct sqs *sqs = open_at(&real, "sqs", "other", keys);
	(void)state;
	int64_t begun = clock_mono_us();
	assert_int_equal(receive(sqs, 1, 10, 0), 0);
	assert_true(clock_mono_us() - begun > 900000);
	put("other", "late", 700);
	begun = clock_mono_us();
	assert_int_equal(receive(sqs, 20, 10, 0), 1);
	assert_in_range(clock_mono_us() - begun, 300000, 8000000);
	assert_true(slice_eq(batch.messages[0].body, SLICE("late")));
	sqs_close(sqs);
}

static void test_real_refusals(void **state)
{
	struct credential_provider *wrong = stand_in_keys(client, folder, "S3RVER", "wrong", NULL);
	static const struct slice stranger = SLICE("no-such-receipt");
	bool done[SQS_MOST] = {true};
	(void)state;
	struct sqs *sqs = open_at(&real, "sqs", "audit", wrong);
	assert_int_equal(sqs_receive(sqs, 0, 1, 0, &batch, &err), -1);
	assert_int_equal(err.kind, ERR_ACCESS);
	assert_non_null(strstr(err.text, "the secret access key is wrong"));
	sqs_close(sqs);
	sqs = open_at(&real, "sqs", "audit", NULL);
	assert_int_equal(sqs_receive(sqs, 0, 1, 0, &batch, &err), -1);
	assert_int_equal(err.kind, ERR_ACCESS);
	sqs_close(sqs);
	sqs = open_at(&real, "sqs", "no-such-queue", keys);
	assert_int_equal(sqs_receive(sqs, 0, 1, 0, &batch, &err), -1);
	assert_int_equal(err.kind, ERR_NOT_FOUND);
	assert_non_null(strstr(err.text, "queue no-such-queue: there is no such queue"));
	assert_string_equal(sqs_last(sqs)->code, "QueueDoesNotExist");
	sqs_close(sqs);
	sqs = open_at(&real, "sqs", "audit", keys);
	int gone = sqs_delete(sqs, &stranger, 1, done, &err);
	assert_true(gone <= 0);
	assert_false(done[0]);
	assert_int_equal(sqs_receive(sqs, 21, 1, 0, &batch, &err), -1);
	assert_int_equal(err.kind, ERR_USAGE);
	assert_int_equal(sqs_receive(sqs, 0, 11, 0, &batch, &err), -1);
	assert_int_equal(sqs_receive(sqs, 0, 0, 0, &batch, &err), -1);
	assert_int_equal(sqs_delete(sqs, &stranger, 11, NULL, &err), -1);
	sqs_close(sqs);
	credentials_close(wrong);
}

static const struct {
	const char *queue, *code;
	enum err_kind kind;
	const char *words;
} refusals[] = {
	{"fault-missing", "QueueDoesNotExist", ERR_NOT_FOUND, "there is no such queue"},
	{"fault-missing-old", "AWS.SimpleQueueService.NonExistentQueue", ERR_NOT_FOUND,
		"there is no such queue"},
	{"fault-denied", "AccessDeniedException", ERR_ACCESS, "must allow sqs:ReceiveMessage"},
	{"fault-signature", "InvalidSignatureException", ERR_ACCESS, "secret access key is wrong"},
	{"fault-skew", "InvalidSignatureException", ERR_ACCESS, "clock is 16 minutes ahead of"},
	{"fault-unknown-key", "UnrecognizedClientException", ERR_ACCESS, "is not known there"},
	{"fault-kms", "KmsDisabled", ERR_ACCESS, "encrypted with cannot be used (KmsDisabled)"},
	{"fault-throttled-always", "RequestThrottled", ERR_LIMIT, "asks for fewer requests"},
	{"fault-echo", "Odd", ERR_IO, "HTTP 400, Odd"},
	{"fault-odd", "Odd", ERR_IO, "HTTP 400, Odd: strange \\x1b[31mthings"},
	{"fault-plain", "", ERR_IO, "HTTP 502 without an explanation"},
	{"fault-html", "", ERR_FORMAT, "no JSON object: is this an SQS endpoint?"},
	{"fault-xml", "", ERR_FORMAT, "no JSON object"},
	{"fault-half", "", ERR_FORMAT, "no JSON object"},
	{"fault-utf8", "", ERR_FORMAT, "no JSON object"},
	{"fault-empty", "", ERR_FORMAT, "no JSON object"},
	{"fault-list", "", ERR_FORMAT, "no JSON object"},
	{"fault-type", "", ERR_FORMAT, "its messages are no list"},
	{"fault-bodiless", "", ERR_FORMAT, "a message without receipt or body"},
	{"fault-long-receipt", "", ERR_FORMAT, "a receipt that is too long"},
	{"fault-many", "", ERR_FORMAT, "more messages than were asked for"},
	{"fault-huge", "", ERR_LIMIT, "has more than 34 MB"},
};

static void test_refusals_and_their_words(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(refusals); i++) {
		struct sqs *sqs = open_at(&faults, "good", refusals[i].queue, canary_keys);
		CHECK_ROW(i, sqs_receive(sqs, 0, 10, 0, &batch, &err) == -1);
		CHECK_ROW(i, batch.count == 0);
		if (err.kind != refusals[i].kind || !strstr(err.text, refusals[i].words))
			fail_msg("row %zu: %s: %s", i, err_kind_name(err.kind), err.text);
		CHECK_ROW(i, strcmp(sqs_last(sqs)->code, refusals[i].code) == 0);
		CHECK_ROW(i, !strstr(err.text, "CANARY") && !strstr(err.text, "Signature="));
		sqs_close(sqs);
	}
}

/* Throttled with status 400, too busy, keys that are renewed: asked again, and got. */
static void test_tried_again(void **state)
{
	static const struct {
		const char *queue;
		unsigned attempts;
	} rows[] = {{"fault-throttled", 3}, {"fault-busy", 2}, {"fault-expired", 1},
		{"fault-late-clock", 1}};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct credential_provider *by = stand_in_keys(client, folder, "A", "B", "C");
		struct sqs *sqs = open_at(&faults, "good", rows[i].queue, by);
		CHECK_ROW(i, receive(sqs, 0, 1, 0) == 1);
		CHECK_ROW(i, sqs_last(sqs)->attempts == rows[i].attempts);
		CHECK_ROW(i, batch.messages[0].received == 3);
		CHECK_ROW(i, batch.messages[0].sent_us == INT64_C(1773065000500000));
		CHECK_ROW(i,
			slice_eq(batch.messages[0].body, SLICE("body \xc3\xa9 \xef\xbf\xbd <&>")));
		sqs_close(sqs);
		credentials_close(by);
	}
}

static void test_batches_in_part(void **state)
{
	static const struct slice two[] = {SLICE("receipt-0"), SLICE("receipt-1")};
	bool done[2] = {true, true};
	char longest[SQS_RECEIPT_MOST * 12];
	(void)state;
	struct sqs *sqs = open_at(&faults, "good", "fault-partial", keys);
	assert_int_equal(sqs_delete(sqs, two, 2, done, &err), 1);
	assert_false(done[0]);
	assert_true(done[1]);
	memset(longest, 1, sizeof(longest));
	struct slice many[SQS_MOST];
	for (size_t i = 0; i < SQS_MOST; i++)
		many[i] = (struct slice){longest, sizeof(longest)};
	assert_int_equal(sqs_delete(sqs, many, SQS_MOST, NULL, &err), -1);
	assert_string_equal(err.text, "a receipt is too long");
	assert_int_equal(sqs_hide(sqs, two, 2, 43201, done, &err), -1);
	sqs_close(sqs);
	sqs = open_at(&faults, "good", "fault-stranger", keys);
	assert_int_equal(sqs_hide(sqs, two, 2, 5, done, &err), -1);
	assert_non_null(strstr(err.text, "a message that was not asked about"));
	assert_false(done[0]);
	sqs_close(sqs);
}

static void test_places(void **state)
{
	static const struct {
		const char *queue, *endpoint, *region;
		const char *url, *in; /* NULL = refused */
	} rows[] = {
		{"https://sqs.eu-west-1.amazonaws.com/1234/q", NULL, NULL,
			"https://sqs.eu-west-1.amazonaws.com/", "eu-west-1"},
		{"https://eu-west-2.queue.amazonaws.com/1234/q", NULL, NULL,
			"https://eu-west-2.queue.amazonaws.com/", "eu-west-2"},
		{"https://sqs-fips.us-gov-west-1.amazonaws.com/1234/q", NULL, NULL,
			"https://sqs-fips.us-gov-west-1.amazonaws.com/", "us-gov-west-1"},
		{"https://sqs.cn-north-1.amazonaws.com.cn/1234/q", NULL, NULL,
			"https://sqs.cn-north-1.amazonaws.com.cn/", "cn-north-1"},
		{"https://sqs.eu-west-1.amazonaws.com/1234/q",
			"https://vpce-1-x.sqs.eu-west-1.vpce.amazonaws.com", NULL,
			"https://vpce-1-x.sqs.eu-west-1.vpce.amazonaws.com/", "eu-west-1"},
		{"https://mq:9324/000/q", NULL, NULL, "https://mq:9324/", "us-east-1"},
		{"https://mq:9324/000/q", NULL, "elsewhere", "https://mq:9324/", "elsewhere"},
		{"https://mq/000/q", "https://other:1/", "x", "https://other:1/", "x"},
		{"https://[::1]:9/q", NULL, "x", "https://[::1]:9/", "x"},
		{NULL, NULL, NULL, NULL, NULL},
		{"audit", NULL, NULL, NULL, NULL},
		{"https://mq:9324/", NULL, NULL, NULL, NULL},
		{"https://mq:9324", NULL, NULL, NULL, NULL},
		{"https://mq/q?x=y", NULL, NULL, NULL, NULL},
		{"https://me:pass@mq/q", NULL, NULL, NULL, NULL},
		{"https://mq/q", "https://mq/path", NULL, NULL, NULL},
		{"https://mq/q", "mq", NULL, NULL, NULL},
		{"https://mq/q", NULL, "eu west", NULL, NULL},
		{"https://mq/q", NULL, "", NULL, NULL},
		{"ftp://mq/q", NULL, NULL, NULL, NULL},
	};
	(void)state;
	unsetenv("AWS_REGION");
	unsetenv("AWS_DEFAULT_REGION");
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct sqs_place place = {.queue_url = rows[i].queue,
			.endpoint = rows[i].endpoint,
			.region = rows[i].region};
		struct sqs *sqs = sqs_open(client, &place, NULL, NULL, &err);
		CHECK_ROW(i, (sqs != NULL) == (rows[i].url != NULL));
		if (sqs) {
			CHECK_ROW(i, strcmp(sqs->url, rows[i].url) == 0);
			CHECK_ROW(i, strcmp(sqs->region, rows[i].in) == 0);
		} else {
			CHECK_ROW(i, err.kind == ERR_USAGE && !strstr(err.text, "pass@"));
		}
		sqs_close(sqs);
	}
}

/* The guard and the rule against http:// hold for queues too. */
static void test_guarded(void **state)
{
	char url[100];
	(void)state;
	snprintf(url, sizeof(url), "http://localhost:%d/1/audit", stand_in_port(&real, "sqs"));
	struct sqs_place place = {.queue_url = url, .guard = GUARD_PRIVATE_ALLOWED};
	struct sqs *sqs = sqs_open(client, &place, keys, &hurried, &err);
	assert_int_equal(sqs_receive(sqs, 0, 1, 0, &batch, &err), -1);
	assert_int_equal(err.kind, ERR_USAGE);
	sqs_close(sqs);
	place.plain = true;
	place.guard = GUARD_PUBLIC_ONLY;
	sqs = sqs_open(client, &place, keys, &hurried, &err);
	assert_int_equal(sqs_receive(sqs, 0, 1, 0, &batch, &err), -1);
	assert_int_equal(err.kind, ERR_ACCESS);
	sqs_close(sqs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_receive_and_delete),
		cmocka_unit_test(test_hidden_and_back),
		cmocka_unit_test(test_long_poll),
		cmocka_unit_test(test_real_refusals),
		cmocka_unit_test(test_refusals_and_their_words),
		cmocka_unit_test(test_tried_again),
		cmocka_unit_test(test_batches_in_part),
		cmocka_unit_test(test_places),
		cmocka_unit_test(test_guarded),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
