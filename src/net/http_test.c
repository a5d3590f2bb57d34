/* SPDX-License-Identifier: Apache-2.0 */
/* http_test.c: requests to real servers that misbehave, over real TLS: what comes back, what it is
 * called, and that no secret is in it. */
#include "net/http.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/time.h>

#include "base/base.h"
#include "base/test.h"
#include "net/private.h"
#include "net/stand_in.h"

static struct stand_in faults, two;
static char *folder, ca_file[600];
static struct http_client *client;
static struct http_reply reply;
static struct err err;

#define CANARY "CANARY-5ecret"

static int set_up(void **state)
{
	(void)state;
	static const char *const names[] = {
		"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY"};
	for (size_t i = 0; i < COUNT(names); i++)
		unsetenv(names[i]);
	folder = test_folder();
	stand_in_start(&faults, "python3", "tests/stand_ins/http_faults.py", folder);
	stand_in_start(&two, "node", "tests/stand_ins/http2.mjs", folder);
	snprintf(ca_file, sizeof(ca_file), "%s/ca.pem", folder);
	struct http_settings settings = {.ca_file = ca_file};
	client = http_open(&settings, &err);
	assert_non_null(client);
	http_reply_init(&reply);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	http_close(client);
	http_reply_fini(&reply);
	stand_in_stop(&faults);
	stand_in_stop(&two);
	test_remove(folder);
	return 0;
}

static char *url_of(const char *server, const char *path)
{
	static char url[1000];
	const struct stand_in *s = strcmp(server, "http2") == 0 ? &two : &faults;
	snprintf(url, sizeof(url), "%s://localhost:%d%s",
		strncmp(server, "plain", 5) == 0 ? "http" : "https", stand_in_port(s, server),
		path);
	return url;
}

static int get(struct http_client *by, const char *server, const char *path)
{
	bool slow = strncmp(path, "/hang", 5) == 0 || strncmp(path, "/slow", 5) == 0;
	struct http_limits limits = {.connect_ms = 20000,
		.total_ms = slow ? 1500 : 60000,
		.header_bytes = 20000,
		.body_bytes = 1 << 20};
	static const struct http_header headers[] = {{"Authorization", "Basic " CANARY}};
	struct http_request request = {.url = url_of(server, path),
		.headers = headers,
		.header_count = 1,
		.guard = GUARD_PRIVATE_ALLOWED,
		.plain = true,
		.limits = &limits};
	return http_perform(by, &request, &reply, &err);
}

static bool body_has(const char *text)
{
	return reply.body.len && memmem(reply.body.ptr, reply.body.len, text, strlen(text));
}

/* Whatever is asked with a secret in header, path and query: the error text is a sentence without
 * it. */
static void test_failures_and_their_words(void **state)
{
	static const struct {
		const char *server, *path;
		enum http_failure failure;
		enum err_kind kind;
		const char *words;
	} rows[] = {
		{"expired", "", HTTP_TLS_EXPIRED, ERR_ACCESS, "has expired"},
		{"wrong-name", "", HTTP_TLS_NAME, ERR_ACCESS, "another name"},
		{"unknown-ca", "", HTTP_TLS_ISSUER, ERR_ACCESS, "name its certificate as CA file"},
		{"good", "/cut/length", HTTP_CUT, ERR_IO, "ended early"},
		{"good", "/cut/chunked", HTTP_CUT, ERR_IO, "reply"},
		{"good", "/cut/headers", HTTP_CUT, ERR_IO, "reply"},
		{"good", "/cut/nothing", HTTP_CUT, ERR_IO, "without a reply"},
		{"plain", "/cut/length", HTTP_CUT, ERR_IO, "ended early"},
		{"plain", "/cut/chunked", HTTP_CUT, ERR_IO, "ended early"},
		{"good", "/packed/broken", HTTP_CUT, ERR_FORMAT, "does not unpack"},
		{"good", "/garbage", HTTP_NOT_HTTP, ERR_FORMAT, "does not speak HTTP"},
		{"good", "/hang", HTTP_TIMEOUT, ERR_LIMIT, "within 2 s"},
		{"good", "/slow", HTTP_TIMEOUT, ERR_LIMIT, "within 2 s"},
		{"plain", "/hang", HTTP_TIMEOUT, ERR_LIMIT, "within 2 s"},
		{"good", "/big/1048577", HTTP_TOO_LARGE, ERR_LIMIT, "of body"},
		{"good", "/bomb", HTTP_TOO_LARGE, ERR_LIMIT, "of body"},
		{"good", "/headers/21000", HTTP_TOO_LARGE, ERR_LIMIT, "of headers"},
		{"good", "/interim/2000", HTTP_TOO_LARGE, ERR_LIMIT, "of headers"},
		{"http2", "/reset", HTTP_CUT, ERR_IO, "HTTP/2"},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char path[100];
		snprintf(path, sizeof(path), "%s?token=" CANARY "&/" CANARY, rows[i].path);
		CHECK_ROW(i, get(client, rows[i].server, path) == -1);
		if (reply.failure != rows[i].failure || err.kind != rows[i].kind ||
			!strstr(err.text, rows[i].words))
			fail_msg("row %zu: %s, %s: %s", i, http_failure_name(reply.failure),
				err_kind_name(err.kind), err.text);
		CHECK_ROW(i, strncmp(err.text, "localhost:", 10) == 0);
		CHECK_ROW(i, !strstr(err.text, "CANARY"));
		CHECK_ROW(i, reply.connected || rows[i].failure != HTTP_TIMEOUT);
	}
}

static void test_nobody_there(void **state)
{
	struct http_request request = {
		.url = "https://127.0.0.1:1/", .guard = GUARD_PRIVATE_ALLOWED};
	(void)state;
	assert_int_equal(http_perform(client, &request, &reply, &err), -1);
	assert_int_equal(reply.failure, HTTP_REFUSED);
	assert_non_null(strstr(err.text, "nobody listens there"));
	assert_false(reply.connected);
	request.url = "https://no-such-host.invalid/";
	assert_int_equal(http_perform(client, &request, &reply, &err), -1);
	assert_int_equal(reply.failure, HTTP_NO_NAME);
	assert_string_equal(err.text,
		"no-such-host.invalid: this name was not found: check it, and this machine's DNS");
	char url[100]; /* TLS where none is spoken */
	snprintf(url, sizeof(url), "https://127.0.0.1:%d/", stand_in_port(&faults, "plain"));
	request.url = url;
	struct http_limits limits = {.total_ms = 1500};
	request.limits = &limits;
	assert_int_equal(http_perform(client, &request, &reply, &err), -1);
	assert_true(reply.failure == HTTP_TLS || reply.failure == HTTP_TIMEOUT);
}

static void test_any_status_is_a_reply(void **state)
{
	static const int codes[] = {
		200, 201, 204, 301, 302, 307, 400, 401, 403, 404, 429, 500, 503, 599};
	(void)state;
	for (size_t i = 0; i < COUNT(codes); i++) {
		char path[40];
		snprintf(path, sizeof(path), "/status/%d", codes[i]);
		CHECK_ROW(i, get(client, "good", path) == 0);
		CHECK_ROW(i, reply.status == codes[i]);
		CHECK_ROW(i, reply.failure == HTTP_OK);
		/* A redirect is shown, not followed. */
		bool moved = codes[i] / 100 == 3;
		CHECK_ROW(i, (http_header(&reply, "location", 0).ptr != NULL) == moved);
		CHECK_ROW(i, codes[i] == 204 || body_has("see status"));
	}
}

static void test_headers(void **state)
{
	(void)state;
	assert_int_equal(get(client, "good", "/headers/1000"), 0);
	assert_true(slice_eq(http_header(&reply, "TWICE", 0), SLICE("one")));
	assert_true(slice_eq(http_header(&reply, "twice", 1), SLICE("two")));
	assert_null(http_header(&reply, "twice", 2).ptr);
	assert_null(http_header(&reply, "twic", 0).ptr);
	assert_non_null(http_header(&reply, "empty", 0).ptr);
	assert_int_equal(http_header(&reply, "Empty", 0).len, 0);
	/* Interim replies leave nothing behind. */
	assert_int_equal(get(client, "good", "/interim/3"), 0);
	assert_int_equal(reply.status, 200);
	assert_null(http_header(&reply, "x-early", 0).ptr);
}

static void test_unmarked_end(void **state)
{
	(void)state;
	assert_int_equal(get(client, "good", "/cut/close"), 0);
	assert_false(reply.end_known);
	assert_int_equal(get(client, "good", "/status/200"), 0);
	assert_true(reply.end_known);
	assert_int_equal(get(client, "http2", "/"), 0);
	assert_true(reply.end_known);
}

static void test_what_is_sent(void **state)
{
	static const struct http_header headers[] = {
		{"X-Empty", ""}, {"X-Utf8", "gr\xc3\xbc\xc3\x9f"}};
	char url[200];
	(void)state;
	snprintf(url, sizeof(url), "https://localhost:%d/a/../b/./c%%2F..//d?x=%%20&y",
		stand_in_port(&faults, "good"));
	struct http_request request = {.method = "PUT",
		.url = url,
		.headers = headers,
		.header_count = 2,
		.body = SLICE("some\nbody"),
		.guard = GUARD_PRIVATE_ALLOWED};
	assert_int_equal(http_perform(client, &request, &reply, &err), 0);
	assert_true(body_has("\"method\": \"PUT\""));
	assert_true(body_has("\"target\": \"/a/../b/./c%2F..//d?x=%20&y\""));
	assert_true(body_has("\"body\": \"some\\nbody\""));
	assert_true(body_has("[\"X-Empty\", \"\"]"));
	assert_true(body_has("[\"User-Agent\", \"pugmark/"));
	assert_true(body_has("[\"Accept-Encoding\", \"gzip, deflate\"]"));
	assert_false(body_has("Expect"));
	assert_false(body_has("Content-Type"));
	request.packed = true;
	request.method = "DELETE";
	request.body = (struct slice){NULL, 0};
	assert_int_equal(http_perform(client, &request, &reply, &err), 0);
	assert_true(body_has("\"method\": \"DELETE\""));
	assert_false(body_has("Accept-Encoding"));
	request.method = "HEAD";
	assert_int_equal(http_perform(client, &request, &reply, &err), 0);
	assert_int_equal(reply.body.len, 0);
}

static void test_packed_replies(void **state)
{
	(void)state;
	assert_int_equal(get(client, "good", "/packed/gzip"), 0);
	assert_int_equal(reply.body.len, 7000);
	assert_true(reply.wire_bytes < 200);
	assert_int_equal(get(client, "good", "/packed/deflate"), 0);
	assert_int_equal(reply.body.len, 7000);
	struct http_request request = {.url = url_of("good", "/packed/gzip"),
		.guard = GUARD_PRIVATE_ALLOWED,
		.packed = true};
	assert_int_equal(http_perform(client, &request, &reply, &err), 0);
	assert_int_equal(reply.body.len, reply.wire_bytes);
	assert_memory_equal(reply.body.ptr, "\x1f\x8b", 2);
}

static void test_connections_are_kept(void **state)
{
	(void)state;
	assert_int_equal(get(client, "good", "/status/200"), 0);
	assert_int_equal(get(client, "good", "/status/503"), 0);
	assert_true(reply.reused);
	assert_int_equal(reply.version, 11);
	assert_string_equal(reply.address, "127.0.0.1");
	assert_int_equal(get(client, "http2", "/"), 0);
	assert_int_equal(reply.version, 20);
	assert_true(slice_eq(http_header(&reply, "X-Version", 0), SLICE("2")));
	assert_int_equal(get(client, "http2", "/"), 0);
	assert_true(reply.reused);
	assert_true(reply.total_us > 0 && reply.total_us < 60000000);
	for (int i = 0; i < 2; i++) {
		struct http_request once = {.url = url_of(i ? "http2" : "good", "/"),
			.guard = GUARD_PRIVATE_ALLOWED,
			.once = true};
		assert_int_equal(http_perform(client, &once, &reply, &err), 0);
		assert_false(reply.reused);
	}
}

/* A kept connection to a private address does not serve a request that may not have one. */
static void test_guard(void **state)
{
	struct http_request request = {.url = url_of("good", "/"), .guard = GUARD_PRIVATE_ALLOWED};
	(void)state;
	assert_int_equal(http_perform(client, &request, &reply, &err), 0);
	request.guard = GUARD_PUBLIC_ONLY;
	assert_int_equal(http_perform(client, &request, &reply, &err), -1);
	assert_int_equal(reply.failure, HTTP_GUARDED);
	assert_int_equal(err.kind, ERR_ACCESS);
	assert_non_null(strstr(err.text, " is a loopback address"));
	static const char *const metadata[] = {"http://169.254.169.254/latest/",
		"http://0251.0376.0251.0376/", "http://[::ffff:169.254.169.254]/",
		"http://[fd00:ec2::254]/"};
	for (size_t i = 0; i < COUNT(metadata); i++) {
		request.url = metadata[i];
		request.guard = GUARD_PRIVATE_ALLOWED;
		request.plain = true;
		CHECK_ROW(i, http_perform(client, &request, &reply, &err) == -1);
		CHECK_ROW(i, reply.failure == HTTP_GUARDED);
		CHECK_ROW(i, strstr(err.text, "cloud metadata"));
	}
	request.url = "http://1.1.1.1/";
	assert_int_equal(http_perform(client, &request, &reply, &err), -1);
	assert_int_equal(reply.failure, HTTP_GUARDED); /* in the clear over the Internet */
	request.url = url_of("plain", "/");
	request.plain = false;
	assert_int_equal(http_perform(client, &request, &reply, &err), -1);
	assert_int_equal(err.kind, ERR_USAGE);
	assert_non_null(strstr(err.text, "must begin with https://"));
}

static void test_bad_requests(void **state)
{
	static const struct {
		const char *method, *url, *name, *value, *words;
	} rows[] = {
		{"GET", "https://user:" CANARY "@localhost/", NULL, NULL, "before an @"},
		{"GET", "https://localhost/ x", NULL, NULL, "percent-encoded"},
		{"GET", "https://localhost/\n", NULL, NULL, "percent-encoded"},
		{"GET", "https://b\xc3\xbc.example/", NULL, NULL, "percent-encoded"},
		{"GET", "ftp://localhost/", NULL, NULL, "https://"},
		{"GET", "file:///etc/passwd", NULL, NULL, "https://"},
		{"GET", "localhost/path", NULL, NULL, "https://"},
		{"GET", "https:///path", NULL, NULL, "address"},
		{"GET", "", NULL, NULL, "address"},
		{"G T", "https://localhost/", NULL, NULL, "method"},
		{"GET", "https://localhost/", "Authorization", CANARY "\n", "line break"},
		{"GET", "https://localhost/", "Authorization", CANARY "\x01", "control character"},
		{"GET", "https://localhost/", "Bad Name", CANARY, "header's name"},
		{"GET", "https://localhost/", "", CANARY, "header's name"},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct http_header header = {rows[i].name, rows[i].value};
		struct http_request request = {.method = rows[i].method,
			.url = rows[i].url,
			.headers = &header,
			.header_count = rows[i].name != NULL};
		CHECK_ROW(i, http_perform(client, &request, &reply, &err) == -1);
		CHECK_ROW(i, err.kind == ERR_USAGE);
		CHECK_ROW(i, reply.failure == HTTP_BAD_REQUEST);
		if (!strstr(err.text, rows[i].words) || strstr(err.text, "CANARY"))
			fail_msg("row %zu: %s", i, err.text);
	}
}

struct taken {
	size_t bytes, give_up_after;
	int status;
};

static int take(void *ctx, const struct http_reply *so_far, struct slice data, struct err *why)
{
	struct taken *taken = ctx;
	taken->status = so_far->status;
	taken->bytes += data.len;
	if (taken->bytes > taken->give_up_after)
		return err_set(why, ERR_NO_SPACE, "disk full");
	return 0;
}

static void test_streaming(void **state)
{
	struct taken taken = {0, SIZE_MAX, 0};
	struct http_request request = {.url = url_of("good", "/big/5000000"),
		.guard = GUARD_PRIVATE_ALLOWED,
		.on_body = take,
		.ctx = &taken};
	(void)state;
	if (http_perform(client, &request, &reply, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(taken.bytes, 5000000);
	assert_int_equal(taken.status, 200);
	assert_int_equal(reply.body_bytes, 5000000);
	assert_int_equal(reply.body.len, 0);
	taken = (struct taken){0, 100000, 0};
	assert_int_equal(http_perform(client, &request, &reply, &err), -1);
	assert_int_equal(reply.failure, HTTP_ABORTED);
	assert_int_equal(err.kind, ERR_NO_SPACE);
	assert_non_null(strstr(err.text, "disk full"));
	/* The body of an error is not for the consumer. */
	taken = (struct taken){0, SIZE_MAX, 0};
	request.url = url_of("good", "/status/404");
	assert_int_equal(http_perform(client, &request, &reply, &err), 0);
	assert_int_equal(taken.bytes, 0);
	assert_true(body_has("see status"));
}

static volatile sig_atomic_t stop;

static void on_alarm(int signal)
{
	(void)signal;
	stop = 1;
}

static void test_stop(void **state)
{
	struct http_settings settings = {.ca_file = ca_file, .stop = &stop};
	struct http_client *stoppable = http_open(&settings, &err);
	struct http_request request = {
		.url = url_of("good", "/hang"), .guard = GUARD_PRIVATE_ALLOWED};
	(void)state;
	assert_non_null(stoppable);
	int64_t start = clock_mono_us();
	struct sigaction action = {.sa_handler = on_alarm};
	struct itimerval soon = {.it_value = {.tv_usec = 200000}};
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &soon, NULL);
	assert_int_equal(http_perform(stoppable, &request, &reply, &err), -1);
	assert_int_equal(reply.failure, HTTP_STOPPED);
	assert_int_equal(err.kind, ERR_INTERRUPTED);
	assert_true(clock_mono_us() - start < 1500000);
	http_close(stoppable);
}

static struct http_client *with_proxy(const char *proxy, const char *no_proxy)
{
	struct http_settings settings = {.ca_file = ca_file, .proxy = proxy, .no_proxy = no_proxy};
	struct http_client *made = http_open(&settings, &err);
	assert_non_null(made);
	return made;
}

static void test_proxy(void **state)
{
	static const struct {
		const char *proxy, *no_proxy;
		enum http_failure failure;
		const char *words;
	} rows[] = {
		{"proxy", "", HTTP_OK, NULL},
		{"proxy-403", "", HTTP_PROXY, "refuses to connect to it (HTTP 403)"},
		{"proxy-407", "", HTTP_PROXY, "wants a user and password (HTTP 407)"},
		{"proxy-403", "localhost", HTTP_OK, NULL},
		{"proxy-403", "example.com, *", HTTP_OK, NULL},
		{NULL, "", HTTP_PROXY, "cannot be connected to"},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char proxy[100];
		int port = rows[i].proxy ? stand_in_port(&faults, rows[i].proxy) : 1;
		snprintf(proxy, sizeof(proxy), "http://me:" CANARY "@127.0.0.1:%d", port);
		struct http_client *via = with_proxy(proxy, rows[i].no_proxy);
		int status = get(via, "good", "/status/200");
		if (reply.failure != rows[i].failure ||
			(status < 0 && !strstr(err.text, rows[i].words)))
			fail_msg("row %zu: %s", i, status < 0 ? err.text : "a reply");
		CHECK_ROW(i, status == 0 || !strstr(err.text, "CANARY"));
		CHECK_ROW(i, status < 0 || !http_header(&reply, "x-from-proxy", 0).ptr);
		http_close(via);
	}
	/* What the guard forbids is not reached through a proxy either. */
	char proxy[100];
	snprintf(proxy, sizeof(proxy), "127.0.0.1:%d", stand_in_port(&faults, "proxy"));
	struct http_client *via = with_proxy(proxy, "");
	static const char *const inner[] = {"https://localhost/", "https://127.1/",
		"https://10.0.0.1/", "https://metadata.google.internal/", "https://x.localhost/"};
	for (size_t i = 0; i < COUNT(inner); i++) {
		struct http_request request = {.url = inner[i], .guard = GUARD_PUBLIC_ONLY};
		CHECK_ROW(i, http_perform(via, &request, &reply, &err) == -1);
		CHECK_ROW(i, reply.failure == HTTP_GUARDED);
	}
	http_close(via);
}

static void test_proxy_of_the_environment(void **state)
{
	char proxy[100];
	(void)state;
	snprintf(proxy, sizeof(proxy), "http://127.0.0.1:%d", stand_in_port(&faults, "proxy-403"));
	setenv("HTTPS_PROXY", proxy, 1);
	assert_int_equal(get(client, "good", "/status/200"), -1);
	assert_int_equal(reply.failure, HTTP_PROXY);
	setenv("NO_PROXY", ".example.com,localhost", 1);
	assert_int_equal(get(client, "good", "/status/200"), 0);
	unsetenv("NO_PROXY");
	struct http_client *none = with_proxy("", NULL);
	assert_int_equal(get(none, "good", "/status/200"), 0);
	http_close(none);
	unsetenv("HTTPS_PROXY");
}

static void test_no_proxy_lists(void **state)
{
	static const struct {
		const char *list, *host;
		bool covers;
	} rows[] = {
		{"", "a.com", false},
		{"a.com", "a.com", true},
		{"a.com", "x.a.com", true},
		{".a.com", "a.com", true},
		{"*.a.com", "x.a.com", true},
		{"a.com", "ba.com", false},
		{"A.COM", "a.com", true},
		{"x , y,a.com", "a.com", true},
		{"10.0.0.0/8", "10.1.2.3", true},
		{"10.0.0.0/8", "11.1.2.3", false},
		{"10.0.0.1", "10.0.0.1", true},
		{"fd00::/12", "fd0f::1", true},
		{"fd00::/12", "fd1f::1", false},
		{"10.0.0.0/99", "10.0.0.0", false},
		{"*", "anything", true},
		{",,", "a", false},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		CHECK_ROW(i, http_no_proxy(rows[i].list, rows[i].host) == rows[i].covers);
}

static void test_settings(void **state)
{
	static const char *const proxies[] = {"ftp://x", "http://", "a b", "socks4://x:1"};
	(void)state;
	for (size_t i = 0; i < COUNT(proxies); i++) {
		struct http_settings settings = {.proxy = proxies[i]};
		CHECK_ROW(i, http_open(&settings, &err) == NULL);
		CHECK_ROW(i, err.kind == ERR_USAGE);
	}
	struct http_settings settings = {.ca_file = "/no/such/file"};
	assert_null(http_open(&settings, &err));
	assert_int_equal(err.kind, ERR_NOT_FOUND);
	/* Without the file the authority is unknown: verification is what stands in between. */
	settings.ca_file = NULL;
	struct http_client *plain = http_open(&settings, &err);
	assert_int_equal(get(plain, "good", "/"), -1);
	assert_int_equal(reply.failure, HTTP_TLS_ISSUER);
	http_close(plain);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_failures_and_their_words),
		cmocka_unit_test(test_nobody_there),
		cmocka_unit_test(test_any_status_is_a_reply),
		cmocka_unit_test(test_headers),
		cmocka_unit_test(test_unmarked_end),
		cmocka_unit_test(test_what_is_sent),
		cmocka_unit_test(test_packed_replies),
		cmocka_unit_test(test_connections_are_kept),
		cmocka_unit_test(test_guard),
		cmocka_unit_test(test_bad_requests),
		cmocka_unit_test(test_streaming),
		cmocka_unit_test(test_stop),
		cmocka_unit_test(test_proxy),
		cmocka_unit_test(test_proxy_of_the_environment),
		cmocka_unit_test(test_no_proxy_lists),
		cmocka_unit_test(test_settings),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
