/* SPDX-License-Identifier: Apache-2.0 */
/* s3_test.c: the S3 client against a server that refuses and breaks off. s3_server_test.c has real
 * ones. */
#include "net/s3.h"

#include "base/base.h"
#include "base/test.h"
#include "net/s3_private.h"
#include "net/stand_in.h"

static struct stand_in faults;
static char *folder, ca_file[600];
static struct http_client *client;
static struct credential_provider *keys, *canary_keys;
static struct err err;

static int set_up(void **state)
{
	(void)state;
	folder = test_folder();
	stand_in_start(&faults, "python3", "tests/stand_ins/http_faults.py", folder);
	snprintf(ca_file, sizeof(ca_file), "%s/ca.pem", folder);
	struct http_settings settings = {.ca_file = ca_file, .proxy = ""};
	client = http_open(&settings, &err);
	assert_non_null(client);
	keys = stand_in_keys(client, folder, "S3RVER\n", "S3RVER\n", NULL);
	canary_keys = stand_in_keys(client, folder, "AKIACANARY", "CANARY-secret", "CANARY-token");
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	credentials_close(keys);
	credentials_close(canary_keys);
	http_close(client);
	stand_in_stop(&faults);
	test_remove(folder);
	return 0;
}

static const struct retry_policy hurried = {.attempts = 2, .base_ms = 1, .cap_ms = 1};

static struct s3 *open_at(const struct stand_in *server, const char *name, const char *bucket,
	enum s3_style style, struct credential_provider *by)
{
	char endpoint[100];
	bool tls = strcmp(name, "plain") != 0 && strcmp(name, "s3") != 0;
	snprintf(endpoint, sizeof(endpoint), "%s://%s:%d/", tls ? "https" : "http",
		style == S3_STYLE_VIRTUAL ? "s3.localhost" : "localhost",
		stand_in_port(server, name));
	struct s3_place place = {.endpoint = endpoint,
		.region = "us-east-1",
		.bucket = bucket,
		.style = style,
		.guard = GUARD_PRIVATE_ALLOWED,
		.plain = true};
	struct s3 *s3 = s3_open(client, &place, by, &hurried, &err);
	if (!s3)
		fail_msg("%s", err.text);
	return s3;
}

static void must(int status)
{
	if (status < 0)
		fail_msg("%s", err.text);
}

static int take(void *ctx, struct slice data, struct err *why)
{
	(void)why;
	return buf_slice(ctx, data);
}

static int read_object(struct s3 *s3, struct slice key, uint64_t from, uint64_t count,
	const char *etag, struct buf *out, struct s3_facts *facts)
{
	struct s3_get what = {from, count, etag, take, out};
	buf_clear(out);
	return s3_get(s3, key, &what, facts, &err);
}

/* What the server makes of such a key is its own affair (files on disk): what counts is that it gets
 * there unchanged, which the path in the echo shows. */
static void test_paths_go_unchanged(void **state)
{
	static const struct {
		const char *key, *sent;
	} rows[] = {
		{"../../etc/passwd", "\"target\": \"/audit/../../etc/passwd\""},
		{"a/./b//c/", "\"target\": \"/audit/a/./b//c/\""},
		{"/lead", "\"target\": \"/audit//lead\""},
		{"%2e%2e", "\"target\": \"/audit/%252e%252e\""},
	};
	struct s3 *s3 = open_at(&faults, "plain", "audit", S3_STYLE_AUTO, keys);
	struct buf out;
	struct s3_facts facts;
	(void)state;
	buf_init(&out, SIZE_MAX);
	for (size_t i = 0; i < COUNT(rows); i++) {
		must(read_object(s3, slice_of(rows[i].key), 0, 0, NULL, &out, &facts));
		CHECK_ROW(i, memmem(out.ptr, out.len, rows[i].sent, strlen(rows[i].sent)));
	}
	char longest[1025];
	memset(longest, 'k', sizeof(longest));
	must(read_object(s3, (struct slice){longest, 1024}, 0, 0, NULL, &out, &facts));
	assert_int_equal(
		read_object(s3, (struct slice){longest, 1025}, 0, 0, NULL, &out, &facts), -1);
	assert_int_equal(err.kind, ERR_USAGE);
	buf_fini(&out);
	s3_close(s3);
}

static void test_parts(void **state)
{
	struct s3 *s3 = open_at(&faults, "good", "fault-upload", S3_STYLE_AUTO, keys);
	struct s3_upload upload;
	(void)state;
	/* A missing part, and no part at all, make no object. */
	must(s3_upload_begin(s3, SLICE("holes"), NULL, 0, &upload, &err));
	must(s3_upload_part(s3, &upload, 2, SLICE("x"), &err));
	assert_int_equal(s3_upload_end(s3, &upload, &err), -1);
	assert_string_equal(err.text, "part 1 was not sent");
	assert_int_equal(s3_upload_part(s3, &upload, 10001, SLICE("x"), &err), -1);
	/* "200 OK" with an error in it. */
	must(s3_upload_begin(s3, SLICE("key"), NULL, 0, &upload, &err));
	must(s3_upload_part(s3, &upload, 1, SLICE("x"), &err));
	assert_int_equal(s3_upload_end(s3, &upload, &err), -1);
	assert_non_null(strstr(err.text, "InternalError"));
	must(s3_upload_begin(s3, SLICE("key"), NULL, 0, &upload, &err));
	must(s3_upload_part(s3, &upload, 1, SLICE("x"), &err));
	must(s3_upload_abort(s3, &upload, &err));
	assert_int_equal(upload.parts, 0);
	s3_close(s3);
}

static void test_writes_must_be_confirmed(void **state)
{
	static const char *const buckets[] = {"fault-html", "fault-empty", "fault-json"};
	(void)state;
	for (size_t i = 0; i < COUNT(buckets); i++) {
		struct s3 *s3 = open_at(&faults, "good", buckets[i], S3_STYLE_AUTO, canary_keys);
		CHECK_ROW(i, s3_put(s3, SLICE("key"), SLICE("x"), NULL, 0, &err) == -1);
		CHECK_ROW(i, err.kind == ERR_FORMAT && strstr(err.text, "S3 endpoint"));
		s3_close(s3);
	}
}

static void test_refusals_and_their_words(void **state)
{
	static const struct {
		const char *bucket, *code;
		enum err_kind kind;
		const char *words;
	} rows[] = {
		{"fault-redirect", "PermanentRedirect", ERR_USAGE,
			"the bucket is in eu-west-1: give that as region (us-east-1 was asked)"},
		{"fault-malformed", "AuthorizationHeaderMalformed", ERR_USAGE,
			"is in eu-central-1"},
		{"fault-moved", "PermanentRedirect", ERR_USAGE, "is in ap-south-1"},
		{"fault-denied", "AccessDenied", ERR_ACCESS,
			"must allow s3:ListBucket on arn:aws:s3:::fault-denied"},
		{"fault-signature", "SignatureDoesNotMatch", ERR_ACCESS,
			"secret access key is wrong"},
		{"fault-unknown-key", "InvalidAccessKeyId", ERR_ACCESS, "is not known there"},
		{"fault-skew", "RequestTimeTooSkewed", ERR_ACCESS, "clock is 16 minutes ahead of"},
		{"fault-cold", "InvalidObjectState", ERR_UNSUPPORTED, "archived"},
		{"fault-echo", "Odd", ERR_IO, "HTTP 400, Odd"},
		{"fault-odd", "Odd", ERR_IO, "HTTP 400, Odd: strange things\\u{0085} <b>"},
		{"fault-html", "", ERR_FORMAT, "document type"},
		{"fault-plain", "", ERR_IO, "HTTP 502 without an explanation"},
		{"fault-json", "", ERR_FORMAT, "XML"},
		{"fault-empty", "", ERR_FORMAT, "XML"},
		{"fault-half", "", ERR_FORMAT, "XML"},
	};
	struct s3_listing page;
	struct s3_list what = {0};
	(void)state;
	s3_listing_init(&page);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct s3 *s3 =
			open_at(&faults, "good", rows[i].bucket, S3_STYLE_AUTO, canary_keys);
		CHECK_ROW(i, s3_list(s3, &what, &page, &err) == -1);
		CHECK_ROW(i, page.count == 0);
		if (err.kind != rows[i].kind || !strstr(err.text, rows[i].words))
			fail_msg("row %zu: %s: %s", i, err_kind_name(err.kind), err.text);
		CHECK_ROW(i, strcmp(s3_last(s3)->code, rows[i].code) == 0);
		CHECK_ROW(i, !strstr(err.text, "CANARY") && !strstr(err.text, "Signature="));
		s3_close(s3);
	}
	/* HEAD has no body to explain itself with. */
	struct s3_facts facts;
	struct s3 *s3 = open_at(&faults, "good", "fault-moved", S3_STYLE_AUTO, canary_keys);
	assert_int_equal(s3_head(s3, SLICE("key"), &facts, &err), -1);
	assert_non_null(strstr(err.text, "is in ap-south-1"));
	s3_close(s3);
	s3 = open_at(&faults, "good", "fault-expired", S3_STYLE_AUTO,
		stand_in_keys(client, folder, "A", "B", "C"));
	struct credential_provider *by = s3->provider;
	must(s3_list(s3, &what, &page, &err));
	assert_int_equal(page.count, 1);
	s3_close(s3);
	credentials_close(by);
	s3 = open_at(&faults, "good", "fault-stalled", S3_STYLE_AUTO, keys);
	must(s3_list(s3, &what, &page, &err));
	assert_int_equal(page.count, 1);
	s3_close(s3);
	s3 = open_at(&faults, "good", "fault-late-clock", S3_STYLE_AUTO, keys);
	must(s3_list(s3, &what, &page, &err));
	assert_int_equal(page.count, 1);
	must(s3_list(s3, &what, &page, &err)); /* its clock is kept in mind */
	assert_int_equal(s3_last(s3)->attempts, 1);
	s3_close(s3);
	s3_listing_fini(&page);
}

/* Byte i of the object of s3_faults.py. */
static bool is_data(const struct buf *out, uint64_t from)
{
	for (size_t i = 0; i < out->len; i++)
		if ((unsigned char)out->ptr[i] != (((from + i) * 7 + (from + i) / 251) & 255))
			return false;
	return true;
}

static void test_broken_reads(void **state)
{
	static const struct {
		const char *key;
		uint64_t from, count;
		int result;
		const char *etag, *words;
		uint64_t bytes;
	} rows[] = {
		{"whole", 0, 0, 0, NULL, NULL, 100000},
		{"cut", 0, 0, 0, NULL, NULL, 100000}, /* goes on where it broke */
		{"cut", 50, 70000, 0, "\"v1\"", NULL, 70000},
		{"whole", 0, 0, -1, "\"v0\"", "was changed since it was listed", 0},
		{"changing", 0, 0, -1, NULL, "was changed", 30000},
		{"changing-unasked", 0, 0, -1, NULL, "was changed while it was read", 30000},
		{"no-ranges", 0, 500, 0, NULL, NULL, 500},
		{"no-ranges", 5, 500, -1, NULL, "does not know ranges", 0},
		{"other-range", 5, 500, -1, NULL, "does not know ranges", 0},
		{"no-content-range", 5, 500, -1, NULL, "does not say which bytes", 0},
		{"short", 5, 500, -1, NULL, "ended early", 490},
		{"empty", 0, 100, 0, NULL, NULL, 0},
		{"whole", 100000, 0, 0, NULL, NULL, 0}, /* at its end */
		{"whole", 100001, 0, -1, NULL, "is shorter than", 0},
		{"aws-end", 100000, 0, 0, NULL, NULL, 0},
		{"aws-end", 100001, 0, -1, NULL, "is shorter than", 0},
		{"silent-end", 100000, 7, 0, "\"v1\"", NULL, 0},
		{"silent-end", 100001, 0, -1, NULL, "is shorter than", 0},
		{"ignores-match", 0, 0, -1, "\"v0\"", "was changed since it was listed", 0},
		{"whole", 5, 7, 0, "v1", NULL, 7}, /* as notices and gateways write it */
		{"whole", 5, 7, 0, "W/\"v1\"", NULL, 7},
		{"ignores-match", 5, 7, 0, "W/\"v1\"", NULL, 7},
		{"unmarked", 0, 0, -1, NULL, "ended early", 30000},
	};
	struct s3 *s3 = open_at(&faults, "good", "fault-object", S3_STYLE_AUTO, keys);
	struct buf out;
	struct s3_facts facts;
	(void)state;
	buf_init(&out, SIZE_MAX);
	for (size_t i = 0; i < COUNT(rows); i++) {
		int result = read_object(s3, slice_of(rows[i].key), rows[i].from, rows[i].count,
			rows[i].etag, &out, &facts);
		if (result != rows[i].result || (result < 0 && !strstr(err.text, rows[i].words)))
			fail_msg("row %zu: %d, %s", i, result, err.text);
		CHECK_ROW(i, facts.bytes == rows[i].bytes);
		CHECK_ROW(i, out.len == rows[i].bytes && is_data(&out, rows[i].from));
	}
	buf_fini(&out);
	s3_close(s3);
}

static int add_up(void *ctx, struct slice data, struct err *why)
{
	(void)why;
	*(uint64_t *)ctx += data.len;
	return 0;
}

/* Objects may be longer than any reply that is kept in memory; a server that sends more than was asked for is
 * not listened to for long. */
static void test_long_objects(void **state)
{
	struct s3 *s3 = open_at(&faults, "plain", "fault-ranges", S3_STYLE_AUTO, keys);
	uint64_t bytes = 0;
	struct s3_get what = {0, 0, NULL, add_up, &bytes};
	struct s3_facts facts;
	(void)state;
	must(s3_get(s3, SLICE("good-70000000"), &what, &facts, &err));
	assert_int_equal(bytes, 70000000);
	what.count = 500;
	bytes = 0;
	must(s3_get(s3, SLICE("rangeless-70000000"), &what, &facts, &err));
	assert_int_equal(bytes, 500);
	assert_int_equal(facts.bytes, 500);
	assert_true(s3->reply.wire_bytes < 20000000);
	s3_close(s3);
}

static void test_places(void **state)
{
	static const struct {
		const char *endpoint, *region, *bucket;
		enum s3_style style;
		const char *host; /* NULL = refused */
		bool path;
	} rows[] = {
		{NULL, "eu-west-1", "logs", S3_STYLE_AUTO, "logs.s3.eu-west-1.amazonaws.com",
			false},
		{NULL, "cn-north-1", "logs", S3_STYLE_AUTO, "logs.s3.cn-north-1.amazonaws.com.cn",
			false},
		{NULL, "eu-west-1", "my.logs", S3_STYLE_AUTO, "s3.eu-west-1.amazonaws.com", true},
		{"https://minio:9000", "x", "logs", S3_STYLE_AUTO, "minio:9000", true},
		{"https://minio:9000/", "x", "logs", S3_STYLE_VIRTUAL, "logs.minio:9000", false},
		{"https://s3.dualstack.us-west-2.amazonaws.com", "us-west-2", "logs", S3_STYLE_AUTO,
			"logs.s3.dualstack.us-west-2.amazonaws.com", false},
		{"https://[::1]:9000", "x", "logs", S3_STYLE_AUTO, "[::1]:9000", true},
		{"https://minio:9000/logs", "x", "logs", S3_STYLE_AUTO, NULL, false},
		{"https://me:pass@minio", "x", "logs", S3_STYLE_AUTO, NULL, false},
		{"minio:9000", "x", "logs", S3_STYLE_AUTO, NULL, false},
		{NULL, "eu-west-1", "../logs", S3_STYLE_AUTO, NULL, false},
		{NULL, "eu-west-1", "", S3_STYLE_AUTO, NULL, false},
		{NULL, "eu-west-1", "a/b", S3_STYLE_AUTO, NULL, false},
		{NULL, "eu west", "logs", S3_STYLE_AUTO, NULL, false},
		{NULL, "x.evil.com/", "logs", S3_STYLE_AUTO, NULL, false},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct s3_place place = {rows[i].endpoint, rows[i].region, rows[i].bucket,
			rows[i].style, GUARD_PUBLIC_ONLY, false};
		struct s3 *s3 = s3_open(client, &place, NULL, NULL, &err);
		CHECK_ROW(i, (s3 != NULL) == (rows[i].host != NULL));
		if (s3) {
			CHECK_ROW(i, strcmp(s3->host, rows[i].host) == 0);
			CHECK_ROW(i, s3->path_style == rows[i].path);
		} else {
			CHECK_ROW(i, err.kind == ERR_USAGE && !strstr(err.text, "pass@"));
		}
		s3_close(s3);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_paths_go_unchanged),
		cmocka_unit_test(test_parts),
		cmocka_unit_test(test_refusals_and_their_words),
		cmocka_unit_test(test_writes_must_be_confirmed),
		cmocka_unit_test(test_broken_reads),
		cmocka_unit_test(test_long_objects),
		cmocka_unit_test(test_places),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
