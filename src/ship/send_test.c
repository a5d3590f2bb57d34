/* SPDX-License-Identifier: Apache-2.0 */
/* send_test.c: what an object brings along, and what is made of a server's refusals. */
#include "net/stand_in.h"
#include "ship/private.h"

static struct stand_in faults, real;
static char *folder, keys[700], ca_file[700];
static struct err err;
static char node[] = "n 1", name[] = "20240924.00000.audit.log";

static int set_up(void **state)
{
	(void)state;
	folder = test_folder();
	stand_in_start(&faults, "python3", "tests/stand_ins/http_faults.py", folder);
	stand_in_start(&real, "node", "tests/stand_ins/s3_server.mjs", folder);
	snprintf(keys, sizeof(keys), "%s/keys", folder);
	snprintf(ca_file, sizeof(ca_file), "%s/ca.pem", folder);
	assert_int_equal(io_write_file(keys, "S3RVER\n", 7, 0600, &err), 0);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	stand_in_stop(&faults);
	stand_in_stop(&real);
	test_remove(folder);
	return 0;
}

static void objects_say_what_they_are(void **state)
{
	static const struct {
		const char *name, *value;
	} rows[OBJECT_HEADERS] = {
		{"content-type", "application/x-ndjson"},
		{"x-amz-checksum-sha256", "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0="},
		{"x-amz-meta-pugmark-node", "n%201"},
		{"x-amz-meta-pugmark-log", "20240924.00000.audit.log~2"},
		{"x-amz-meta-pugmark-from", "7"},
		{"x-amz-meta-pugmark-to", "1234567890123"},
		{"x-amz-meta-pugmark-sha256", "0123"},
	};
	struct ship_record log = {.node = node, .name = name, .generation = 2};
	struct ship_object object = {.body = SLICE("abc"),
		.log = &log,
		.from = 7,
		.to = UINT64_C(1234567890123),
		.sha256 = "0123"};
	struct http_header headers[OBJECT_HEADERS];
	struct buf values;
	(void)state;
	buf_init(&values, 8192);
	assert_int_equal(object_headers(&object, &values, headers), OBJECT_HEADERS);
	for (size_t i = 0; i < OBJECT_HEADERS; i++) {
		CHECK_ROW(i, strcmp(headers[i].name, rows[i].name) == 0);
		CHECK_ROW(i, strcmp(headers[i].value, rows[i].value) == 0);
	}
	buf_fini(&values);
}

static enum send_end send_to(
	const struct stand_in *server, const char *port, char *bucket, bool check)
{
	char endpoint[100], prefix[] = "p";
	bool tls = strcmp(port, "plain") != 0 && strcmp(port, "s3") != 0;
	int number = server ? stand_in_port(server, port) : 1;
	snprintf(endpoint, sizeof(endpoint), "%s://localhost:%d", tls ? "https" : "http", number);
	struct ship_options o = {.bucket = bucket,
		.prefix = prefix,
		.endpoint = endpoint,
		.region = "us-east-1",
		.id_file = keys,
		.secret_file = keys,
		.ca_file = ca_file,
		.proxy = "",
		.allow_private = true};
	struct ship_record log = {.node = node, .name = name, .generation = 1, .fp = "01234567"};
	struct ship_object object = {.key = SLICE("p/n%201/key"),
		.body = SLICE("abc"),
		.log = &log,
		.from = 0,
		.to = 3,
		.sha256 = "00"};
	struct sender *sender = sender_open(&o, NULL, &err);
	if (!sender)
		fail_msg("%s", err.text);
	struct ship_target target = sender_target(sender);
	enum send_end end = check ? target.check(target.ctx, node, &err)
				  : target.put(target.ctx, &object, &err);
	sender_close(sender);
	return end;
}

static void refusals_are_told_apart(void **state)
{
	static const struct {
		const char *bucket;
		enum send_end end;
		const char *words;
	} rows[] = {
		{"fault-redirect", SEND_WRONG, "the bucket is in eu-west-1"},
		{"fault-denied", SEND_WRONG,
			"must allow s3:PutObject on arn:aws:s3:::fault-denied/*"},
		{"fault-signature", SEND_WRONG, "secret access key is wrong"},
		{"fault-unknown-key", SEND_WRONG, "is not known there"},
		{"fault-skew", SEND_WRONG, "clock is 16 minutes ahead of"},
		{"fault-html", SEND_WRONG, "S3 endpoint"},
		{"fault-plain", SEND_LATER, "HTTP 502"},
	};
	(void)state;
	for (size_t i = 0; i < 2 * COUNT(rows); i++) {
		char bucket[40];
		snprintf(bucket, sizeof(bucket), "%s", rows[i / 2].bucket);
		enum send_end end = send_to(&faults, "good", bucket, i % 2);
		if (end != rows[i / 2].end || !strstr(err.text, rows[i / 2].words))
			fail_msg("row %zu: %d, %s", i / 2, (int)end, err.text);
	}
}

static void good_servers_take_objects(void **state)
{
	char bucket[] = "audit", none[] = "no-such-bucket";
	(void)state;
	assert_int_equal(send_to(&real, "s3", bucket, true), SEND_DONE);
	assert_int_equal(send_to(&real, "s3-tls", bucket, false), SEND_DONE);
	assert_int_equal(send_to(&real, "s3", none, true), SEND_WRONG);
	assert_non_null(strstr(err.text, "there is no such bucket"));
	assert_int_equal(send_to(NULL, "plain", bucket, true), SEND_LATER);
	assert_non_null(strstr(err.text, "nobody listens"));
	assert_int_equal(send_to(&faults, "unknown-ca", bucket, true), SEND_WRONG);
	assert_non_null(strstr(err.text, "authority"));
}

/* Keys of a service's credentials folder are used where no option names others. */
static void a_services_keys_are_found(void **state)
{
	char path[800], bucket[] = "audit", prefix[] = "", endpoint[100];
	(void)state;
	snprintf(endpoint, sizeof(endpoint), "http://localhost:%d", stand_in_port(&real, "s3"));
	struct ship_options o = {.bucket = bucket,
		.prefix = prefix,
		.endpoint = endpoint,
		.proxy = "",
		.allow_private = true};
	static const char *const names[] = {"access-key-id", "secret-access-key"};
	for (size_t i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "%s/ship_%s", folder, names[i]);
		assert_int_equal(io_write_file(path, "S3RVER\n", 7, 0600, &err), 0);
	}
	setenv("AWS_EC2_METADATA_DISABLED", "true", 1);
	setenv("HOME", folder, 1);
	for (int with = 0; with < 2; with++) {
		if (with)
			setenv("CREDENTIALS_DIRECTORY", folder, 1);
		struct sender *sender = sender_open(&o, NULL, &err);
		assert_non_null(sender);
		struct ship_target target = sender_target(sender);
		assert_int_equal(
			target.check(target.ctx, "n", &err), with ? SEND_DONE : SEND_WRONG);
		if (!with)
			assert_non_null(strstr(err.text, "no AWS keys"));
		sender_close(sender);
	}
	unsetenv("CREDENTIALS_DIRECTORY");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(objects_say_what_they_are),
		cmocka_unit_test(refusals_are_told_apart),
		cmocka_unit_test(good_servers_take_objects),
		cmocka_unit_test(a_services_keys_are_found),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
