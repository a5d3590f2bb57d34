/* SPDX-License-Identifier: Apache-2.0 */
/* retry_test.c: what a server may say about waiting, in all its forms; and the loop, against a real
 * server that fails a few times, with time and chance of our own. */
#include "net/retry.h"

#include "base/base.h"
#include "base/test.h"
#include "net/stand_in.h"

#define S   INT64_C(1000000)
#define NOW (INT64_C(1773065000) * S) /* 2026-03-09T14:03:20Z */
#define DAY (86400 * S)

static const struct {
	const char *value;
	int64_t wait;
} afters[] = {
	{"0", 0},
	{"120", 120 * S},
	{"1.5", 3 * S / 2},
	{"0.000001", 1},
	{"1.0000000001", S},
	{"86401", DAY},
	{"99999999999999999999999999", DAY},
	{"Mon, 09 Mar 2026 14:04:20 GMT", 60 * S},
	{"Mon, 09 Mar 2026 14:00:00 GMT", 0},
	{"Sun, 06 Nov 1994 08:49:37 GMT", 0},
	{"Monday, 09-Mar-26 14:04:20 GMT", 60 * S},
	{"Sunday, 06-Nov-94 08:49:37 GMT", 0},
	{"Mon Mar  9 14:04:20 2026", 60 * S},
	{"Fri, 31 Dec 9999 23:59:59 GMT", DAY},
	{"", -1},
	{"-1", -1},
	{"+5", -1},
	{"1e9", -1},
	{"5 s", -1},
	{"1.5.2", -1},
	{"soon", -1},
	{"Mon, 32 Mar 2026 14:04:20 GMT", -1},
	{"Mon, 09 Foo 2026 14:04:20 GMT", -1},
	{"Mon, 09 Mar 2026 24:04:20 GMT", -1},
	{"Mon, 09 Mar 2026 14:04:20 CET", -1},
	{"Mon, 09 Mar 2026 14:04:20 GMT and more", -1},
	{"Mon, 09 Mar 2026 14:04:20 GMT and very much more than fits", -1},
	{",", -1},
};

static void test_retry_after(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(afters); i++) {
		int64_t wait = retry_after(slice_of(afters[i].value), NOW);
		if (wait != afters[i].wait)
			fail_msg("%s: %lld", afters[i].value, (long long)wait);
	}
	assert_int_equal(retry_after((struct slice){NULL, 0}, NOW), -1);
}

static void fill(struct http_reply *reply, int status, const char *headers)
{
	http_reply_init(reply);
	reply->status = status;
	buf_puts(&reply->headers, headers);
}

static const struct {
	const char *headers;
	int64_t limit, remaining, reset, window, refill;
	bool near;
	const char *reason;
} rates[] = {
	{"", -1, -1, -1, -1, -1, false, ""},
	{"X-RateLimit-Limit: 350\nX-RateLimit-Remaining: 0\nX-RateLimit-Reset: 2026-03-09T14:05Z\n",
		350, 0, 100 * S, -1, -1, false, ""},
	{"x-beta-ratelimit-limit: 350\nX-BETA-RATELIMIT-REMAINING: 7\nX-Beta-Ratelimit-Nearlimit: "
	 "true\n"
	 "X-Beta-Ratelimit-Reason: jira-quota-tenant-based\n",
		350, 7, -1, -1, -1, true, "jira-quota-tenant-based"},
	{"RateLimit-Reason: jira-burst-based\n", -1, -1, -1, -1, -1, false, "jira-burst-based"},
	{"Beta-Ratelimit: \"tenant-app-quota\";r=17842;t=2107\n"
	 "Beta-Ratelimit-Policy: \"tenant-app-quota\";q=100100;w=3600\n",
		100100, 17842, 2107 * S, 3600, -1, false, ""},
	{"RateLimit: \"a\";r=50;t=30, \"b\"; r=3; t=9\n", -1, 3, 9 * S, -1, -1, false, ""},
	{"X-RateLimit-Remaining: 0\nBeta-Ratelimit: \"a\";r=0;t=5\nBeta-Ratelimit-Policy: "
	 "\"a\";q=100;w=3600\n",
		100, 0, 5 * S, 3600, -1, false, ""},
	{"RateLimit-Remaining: 4\nRateLimit-Reset: 12\n", -1, 4, 12 * S, -1, -1, false, ""},
	{"X-RateLimit-Reset: 1773065060\n", -1, -1, 60 * S, -1, -1, false, ""},
	{"X-RateLimit-Reset: 1773065060000\n", -1, -1, 60 * S, -1, -1, false, ""},
	{"X-RateLimit-Reset: 2026-03-09T14:03Z\n", -1, -1, 0, -1, -1, false, ""}, /* is over */
	{"X-RateLimit-Reset: 2099-03-09T14:03Z\n", -1, -1, DAY, -1, -1, false, ""},
	{"X-RateLimit-Limit: 5\nX-RateLimit-Remaining: 0\nX-RateLimit-Interval-Seconds: 60\n"
	 "X-RateLimit-FillRate: 5\n",
		5, 0, 60 * S, 60, 5, false, ""},
	{"X-RateLimit-Remaining: many\nX-RateLimit-Reset: whenever\nX-RateLimit-Limit:\n", -1, -1,
		-1, -1, -1, false, ""},
	{"X-RateLimit-Remaining: 99999999999999999999\n", -1, -1, -1, -1, -1, false, ""},
	{"RateLimit: ;;;r=,t=;\n", -1, -1, -1, -1, -1, false, ""},
	{"RateLimit-Reason: a\x1b[31m\n", -1, -1, -1, -1, -1, false, "a\\x1b[31m"},
	{"XRateLimit-Remaining: 5\n", -1, -1, -1, -1, -1, false, ""},
};

static void test_rate_limit_headers(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rates); i++) {
		struct http_reply reply;
		struct retry_rate rate;
		fill(&reply, 200, rates[i].headers);
		retry_rate_read(&reply, NOW, &rate);
		CHECK_ROW(i, rate.limit == rates[i].limit);
		CHECK_ROW(i, rate.remaining == rates[i].remaining);
		CHECK_ROW(i, rate.reset_us == rates[i].reset);
		CHECK_ROW(i, rate.window_s == rates[i].window);
		CHECK_ROW(i, rate.refill == rates[i].refill);
		CHECK_ROW(i, rate.near == rates[i].near);
		CHECK_ROW(i, strcmp(rate.reason, rates[i].reason) == 0);
		http_reply_fini(&reply);
	}
}

#define NONE INT64_MIN /* no other try */

static const struct {
	int status;
	enum http_failure failure;
	const char *method, *headers;
	unsigned attempt;
	uint64_t random;
	int64_t pause;
} pauses[] = {
	{200, HTTP_OK, "GET", "", 1, 0, NONE},
	{301, HTTP_OK, "GET", "", 1, 0, NONE},
	{401, HTTP_OK, "GET", "Retry-After: 1\n", 1, 0, NONE},
	{403, HTTP_OK, "GET", "", 1, 0, NONE},
	{404, HTTP_OK, "GET", "", 1, 0, NONE},
	{501, HTTP_OK, "GET", "", 1, 0, NONE},
	{408, HTTP_OK, "GET", "", 1, 0, 0},
	{500, HTTP_OK, "GET", "", 1, 500000, 500000},
	{500, HTTP_OK, "GET", "", 1, 500001, 0},
	{500, HTTP_OK, "GET", "", 3, 2000000, 2000000},
	{500, HTTP_OK, "GET", "", 60, 60000000, 60000000}, /* the cap */
	{500, HTTP_OK, "POST", "", 1, 0, NONE},
	{503, HTTP_OK, "POST", "", 1, 7, 7},
	{522, HTTP_OK, "GET", "", 1, 7, 7},
	{503, HTTP_OK, "GET", "Retry-After: 20\n", 1, 9, 20 * S + 9},
	{429, HTTP_OK, "GET", "Retry-After: 99999999\n", 1, 0, 900 * S},
	{429, HTTP_OK, "GET", "Retry-After: soon\n", 1, 7, 7},
	{429, HTTP_OK, "GET", "X-RateLimit-Reset: 2026-03-09T14:04Z\n", 1, 0, 40 * S},
	{429, HTTP_OK, "GET", "Retry-After: 3\nX-RateLimit-Reset: 2026-03-09T14:04Z\n", 1, 0,
		3 * S},
	{503, HTTP_OK, "GET", "X-RateLimit-Remaining: 9\nX-RateLimit-Reset: 40\n", 1, 7, 7},
	{503, HTTP_OK, "GET", "X-RateLimit-Remaining: 0\nX-RateLimit-Reset: 40\n", 1, 0, 40 * S},
	{0, HTTP_NO_NAME, "POST", "", 1, 7, 7},
	{0, HTTP_REFUSED, "POST", "", 1, 7, 7},
	{0, HTTP_CUT, "POST", "", 1, 0, NONE},
	{0, HTTP_TIMEOUT, "PATCH", "", 1, 0, NONE},
	{0, HTTP_TIMEOUT, "PUT", "", 1, 7, 7},
	{200, HTTP_CUT, "GET", "Retry-After: 60\n", 1, 7, 7},
	{0, HTTP_GUARDED, "GET", "", 1, 0, NONE},
	{0, HTTP_TLS_EXPIRED, "GET", "", 1, 0, NONE},
	{0, HTTP_TLS_NAME, "GET", "", 1, 0, NONE},
	{0, HTTP_TLS_ISSUER, "GET", "", 1, 0, NONE},
	{0, HTTP_TOO_LARGE, "GET", "", 1, 0, NONE},
	{0, HTTP_BAD_REQUEST, "GET", "", 1, 0, NONE},
	{0, HTTP_STOPPED, "GET", "", 1, 0, NONE},
	{200, HTTP_ABORTED, "GET", "", 1, 0, NONE},
};

static void test_pauses(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(pauses); i++) {
		struct http_reply reply;
		fill(&reply, pauses[i].status, pauses[i].headers);
		reply.failure = pauses[i].failure;
		int64_t pause = retry_pause(
			NULL, &reply, pauses[i].method, pauses[i].attempt, NOW, pauses[i].random);
		int64_t want = pauses[i].pause == NONE ? -1 : pauses[i].pause;
		if (pause != want)
			fail_msg("row %zu: %lld", i, (long long)pause);
		http_reply_fini(&reply);
	}
	struct retry_policy repeatable = {.repeatable = true};
	struct http_reply reply;
	fill(&reply, 500, "");
	assert_int_equal(retry_pause(&repeatable, &reply, "POST", 1, NOW, 7), 7);
	http_reply_fini(&reply);
}

static struct stand_in faults;
static char *folder;

static int set_up(void **state)
{
	(void)state;
	folder = test_folder();
	stand_in_start(&faults, "python3", "tests/stand_ins/http_faults.py", folder);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	stand_in_stop(&faults);
	test_remove(folder);
	return 0;
}

struct time_of_test {
	int64_t slept;
	unsigned sleeps, stop_at;
};

static int64_t test_now(void *ctx)
{
	return NOW + ((struct time_of_test *)ctx)->slept;
}

static uint64_t test_random(void *ctx)
{
	(void)ctx;
	return 1000;
}

static int test_sleep(void *ctx, int64_t us)
{
	struct time_of_test *time = ctx;
	time->slept += us;
	return ++time->sleeps == time->stop_at ? -1 : 0;
}

static int count_bytes(
	void *ctx, const struct http_reply *reply, struct slice data, struct err *err)
{
	(void)reply;
	(void)err;
	*(size_t *)ctx += data.len;
	return 0;
}

static const struct {
	const char *path;
	struct retry_policy policy;
	unsigned stop_at;
	int result, status;
	unsigned attempts;
	int64_t slept;
	bool streamed;
} loops[] = {
	{"/status/200", {0}, 0, 0, 200, 1, 0, false},
	{"/flaky/a/2/503", {0}, 0, 0, 200, 3, 2000, false},
	{"/flaky/b/1/429/7", {0}, 0, 0, 200, 2, 7 * S + 1000, false},
	{"/flaky/c/9/503", {0}, 0, 0, 503, 6, 5000, false},
	{"/flaky/d/9/503", {.attempts = 2}, 0, 0, 503, 2, 1000, false},
	{"/flaky/e/9/429/600", {.budget_ms = 1000000}, 0, 0, 429, 2, 600 * S + 1000, false},
	{"/flaky/f/9/429/600", {0}, 1, -1, 429, 1, 600 * S + 1000, false},
	{"/flaky/g/1/cut", {0}, 0, 0, 200, 2, 1000, false},
	{"/flaky/h/9/cut", {.attempts = 3}, 0, -1, 200, 3, 2000, false},
	{"/flaky/i/1/cut", {0}, 0, -1, 200, 1, 0, true},
	{"/flaky/j/1/503", {0}, 0, 0, 200, 2, 1000, true},
	{"/flaky/k/1/404", {0}, 0, 0, 404, 1, 0, false},
};

static void test_loop(void **state)
{
	struct err err;
	struct http_settings settings = {.proxy = ""};
	struct http_client *client = http_open(&settings, &err);
	struct http_reply reply;
	(void)state;
	http_reply_init(&reply);
	for (size_t i = 0; i < COUNT(loops); i++) {
		char url[200];
		size_t bytes = 0;
		struct time_of_test time = {.stop_at = loops[i].stop_at};
		struct retry_env env = {test_now, test_random, test_sleep, &time};
		struct retry_report report;
		snprintf(url, sizeof(url), "http://127.0.0.1:%d%s", stand_in_port(&faults, "plain"),
			loops[i].path);
		struct http_request request = {
			.url = url, .guard = GUARD_PRIVATE_ALLOWED, .plain = true};
		if (loops[i].streamed) {
			request.on_body = count_bytes;
			request.ctx = &bytes;
		}
		int result = retry_perform(
			client, &request, &loops[i].policy, &env, &reply, &report, &err);
		if (result != loops[i].result)
			fail_msg("row %zu: %s", i, err.text);
		CHECK_ROW(i, reply.status == loops[i].status);
		CHECK_ROW(i, report.attempts == loops[i].attempts);
		CHECK_ROW(i, time.slept == loops[i].slept);
		CHECK_ROW(i, report.paused_us == time.slept);
		if (result < 0 && loops[i].attempts > 1)
			CHECK_ROW(i, strstr(err.text, "(after 3 tries)"));
		if (reply.status == 429)
			CHECK_ROW(i, report.asked_us == 600 * S);
	}
	http_reply_fini(&reply);
	http_close(client);
}

/* The real clock and the client's own stop. */
static void test_real_clock(void **state)
{
	static volatile sig_atomic_t stop;
	struct err err;
	struct http_settings settings = {.proxy = "", .stop = &stop};
	struct http_client *client = http_open(&settings, &err);
	struct http_reply reply;
	struct retry_env env = {0};
	char url[200];
	(void)state;
	http_reply_init(&reply);
	snprintf(url, sizeof(url), "http://127.0.0.1:%d/flaky/z/9/429/60",
		stand_in_port(&faults, "plain"));
	struct http_request request = {.url = url, .guard = GUARD_PRIVATE_ALLOWED, .plain = true};
	struct retry_policy brief = {.longest_ms = 200, .attempts = 2, .base_ms = 1};
	int64_t start = clock_mono_us();
	assert_int_equal(retry_perform(client, &request, &brief, &env, &reply, NULL, &err), 0);
	assert_true(clock_mono_us() - start >= 200000);
	stop = 1;
	assert_int_equal(retry_perform(client, &request, NULL, NULL, &reply, NULL, &err), -1);
	assert_int_equal(err.kind, ERR_INTERRUPTED);
	http_reply_fini(&reply);
	http_close(client);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_retry_after),
		cmocka_unit_test(test_rate_limit_headers),
		cmocka_unit_test(test_pauses),
		cmocka_unit_test(test_loop),
		cmocka_unit_test(test_real_clock),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
