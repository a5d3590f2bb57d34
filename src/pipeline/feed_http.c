/* SPDX-License-Identifier: Apache-2.0 */
/* feed_http.c: one request of a feed: with its secrets, followed where it is sent to, and every answer that is none in plain words. */
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "net/redirect.h"
#include "net/retry.h"
#include "pipeline/feed_private.h"

enum {
	REDIRECTS = 3,
	TOTAL_MS = 900000, /* a whole fetch */
	TRIES = 3,
	WAIT_MS = 20000, /* between them, in all: who wants longer is asked at the next turn */
};

/* ---- headers --------------------------------------------------------------------------------- */

/* Ours to set, or such as would change what is sent. */
static const char *const own_headers[] = {"host", "content-length", "transfer-encoding",
	"connection", "accept-encoding", "range", "if-none-match", "if-modified-since", "expect",
	"te", "upgrade", NULL};

static bool is_name(struct slice name)
{
	bool good = name.len > 0 && name.len <= 100;
	for (size_t i = 0; i < name.len; i++)
		good = good && (isalnum((unsigned char)name.ptr[i]) ||
				       strchr("!#$%&'*+-.^_`|~", name.ptr[i]));
	return good;
}

static bool is_value(struct slice value)
{
	bool good = value.len > 0;
	for (size_t i = 0; i < value.len; i++)
		good = good && (unsigned char)value.ptr[i] >= 0x20 && value.ptr[i] != 0x7f;
	return good;
}

static struct slice trimmed(struct slice s)
{
	while (s.len && strchr(" \t\r", s.ptr[0]))
		s.ptr++, s.len--;
	while (s.len && strchr(" \t\r", s.ptr[s.len - 1]))
		s.len--;
	return s;
}

int feed_headers_read(struct slice lines, struct arena *mem,
	int (*each)(void *ctx, const char *name, const char *value, struct err *err), void *ctx,
	struct err *err)
{
	unsigned number = 0, n = 0;
	while (lines.len) {
		const char *end = memchr(lines.ptr, '\n', lines.len);
		struct slice line = {lines.ptr, end ? (size_t)(end - lines.ptr) : lines.len};
		size_t past = line.len + (end ? 1 : 0);
		lines = (struct slice){lines.ptr + past, lines.len - past};
		number++;
		line = trimmed(line);
		if (line.len == 0 || line.ptr[0] == '#')
			continue;
		const char *colon = memchr(line.ptr, ':', line.len);
		struct slice name = {line.ptr, colon ? (size_t)(colon - line.ptr) : 0};
		struct slice value =
			colon ? trimmed((struct slice){colon + 1, line.len - name.len - 1})
			      : SLICE("");
		if (!is_name(name) || !is_value(value))
			return err_set(err, ERR_USAGE,
				"line %u of the headers is no \"name: value\"", number);
		const char *text = arena_strdup(mem, name);
		for (size_t i = 0; own_headers[i]; i++) {
			if (strcasecmp(text, own_headers[i]) == 0)
				return err_set(err, ERR_USAGE,
					"line %u of the headers: %s is set by pugmark itself",
					number, own_headers[i]);
		}
		if (n++ == FEED_HEADER_LINES)
			return err_set(err, ERR_USAGE, "more than %d headers", FEED_HEADER_LINES);
		if (each(ctx, text, arena_strdup(mem, value), err) < 0)
			return -1;
	}
	return 0;
}

static int add_secret(void *ctx, const char *name, const char *value, struct err *err)
{
	struct feed_http *http = ctx;
	(void)err;
	feed_http_header(http, name, value);
	http->secret_headers = http->n;
	return 0;
}

void feed_http_header(struct feed_http *http, const char *name, const char *value)
{
	http->headers[http->n++] = (struct http_header){name, value};
}

/* ---- opening --------------------------------------------------------------------------------- */

static void put_base64(struct buf *out, struct slice in)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	for (size_t i = 0; i < in.len; i += 3) {
		uint32_t bits = (uint32_t)(unsigned char)in.ptr[i] << 16;
		if (i + 1 < in.len)
			bits |= (uint32_t)(unsigned char)in.ptr[i + 1] << 8;
		if (i + 2 < in.len)
			bits |= (unsigned char)in.ptr[i + 2];
		buf_push(out, digits[bits >> 18]);
		buf_push(out, digits[bits >> 12 & 63]);
		buf_push(out, i + 1 < in.len ? digits[bits >> 6 & 63] : '=');
		buf_push(out, i + 2 < in.len ? digits[bits & 63] : '=');
	}
}

/* "Basic …" or "Bearer …". */
static void add_login(struct feed_http *http)
{
	const struct feed *feed = http->feed;
	struct buf plain, out;
	if (!feed->user && !feed->token)
		return;
	buf_init(&plain, 1 << 17);
	buf_init(&out, 1 << 18);
	buf_puts(&out, feed->user ? "Basic " : "Bearer ");
	if (feed->user) {
		buf_printf(&plain, "%s:%s", feed->user, feed->password);
		put_base64(&out, buf_view(&plain));
		explicit_bzero(plain.ptr, plain.len);
	} else {
		buf_puts(&out, feed->token);
	}
	buf_push(&out, '\0');
	http->basic = xstrdup(out.ptr);
	explicit_bzero(out.ptr, out.len);
	buf_fini(&plain);
	buf_fini(&out);
	feed_http_header(http, "Authorization", http->basic);
	http->secret_headers = http->n;
}

int feed_http_open(struct feed_http *http, const struct feed *feed,
	const volatile sig_atomic_t *stop, struct err *err)
{
	const struct http_settings settings = {.ca_file = feed->ca_file,
		.proxy = feed->proxy,
		.limits = {.total_ms = TOTAL_MS},
		.stop = stop};
	*http = (struct feed_http){.feed = feed, .asked_us = -1};
	if (feed->headers &&
		feed_headers_read(slice_of(feed->headers), &http->mem, add_secret, http, err) < 0)
		return -1;
	add_login(http);
	http->client = http_open(&settings, err);
	return http->client ? 0 : -1;
}

void feed_http_close(struct feed_http *http)
{
	http_close(http->client);
	for (size_t i = 0; i < http->secret_headers; i++) {
		const char *value = http->headers[i].value;
		char *copy;
		memcpy(&copy, &value, sizeof(copy)); /* ours: in the arena, or `basic` */
		explicit_bzero(copy, strlen(copy));
	}
	free(http->basic);
	arena_fini(&http->mem);
}

/* ---- words ----------------------------------------------------------------------------------- */

static const struct {
	int from, to;
	enum err_kind kind;
	const char *words;
} answers[] = {
	{401, 401, ERR_ACCESS,
		"it asks who we are: give it what it wants with --header-file (an API key), or "
		"--user "
		"with --password-file, or --api-token-file"},
	{403, 403, ERR_ACCESS,
		"it refuses: the key or password is wrong, ended, or may not read this; or it "
		"blocks this network or program"},
	{404, 404, ERR_NOT_FOUND, "there is nothing at this address: look whether it has moved"},
	{406, 406, ERR_FORMAT, "it does not speak the form that was asked for (TAXII 2.1)"},
	{407, 407, ERR_ACCESS, "the proxy wants a password: HTTPS_PROXY in the environment"},
	{410, 410, ERR_NOT_FOUND, "what was at this address is gone for good"},
	{429, 429, ERR_BUSY, "it was asked too often: a longer --interval helps"},
	{300, 399, ERR_FORMAT, "it sends us elsewhere, in a way that is not followed"},
	{400, 499, ERR_FORMAT, "it does not like the request"},
	{500, 599, ERR_IO, "it has trouble of its own"},
};

static int explain(const char *shown, const struct http_reply *reply, struct err *err)
{
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		if (reply->status >= answers[i].from && reply->status <= answers[i].to)
			return err_set(err, answers[i].kind, "%s: HTTP %d: %s", shown,
				reply->status, answers[i].words);
	}
	return err_set(err, ERR_FORMAT, "%s: HTTP %d, which is no answer", shown, reply->status);
}

/* What the limit was, and which option moves it. */
static int too_large(const char *shown, uint64_t most, struct err *err)
{
	char bytes[32];
	return err_set(err, ERR_LIMIT,
		"%s: more than %s came, and the rest was not taken: --max-size allows more", shown,
		text_bytes(most, bytes));
}

/* ---- asking ---------------------------------------------------------------------------------- */

/* "https://host" of an address. */
static const char *host_of(const char *url, char shown[300])
{
	const char *after = strstr(url, "://");
	size_t n = after ? (size_t)(after - url) + 3 : 0;
	n += strcspn(url + n, "/?#");
	snprintf(shown, 300, "%.*s", (int)(n < 299 ? n : 299), url);
	return shown;
}

static int with_hint(struct err *err, const char *hint)
{
	size_t n = strlen(err->text);
	snprintf(err->text + n, sizeof(err->text) - n, ": %s", hint);
	return -1;
}

struct asking {
	struct feed_http *http;
	uint64_t most;
	int (*on_body)(
		void *ctx, const struct http_reply *reply, struct slice data, struct err *err);
	void *ctx;
};

static int ask_once(
	const struct asking *a, const char *url, struct http_reply *reply, struct err *err)
{
	static const struct retry_policy policy = {
		.attempts = TRIES, .base_ms = 1000, .cap_ms = 10000, .budget_ms = WAIT_MS};
	struct feed_http *http = a->http;
	const struct feed *feed = http->feed;
	const struct http_limits limits = {.body_bytes = a->most};
	/* Secrets are for the host that they were given for, and so is the leave to reach private addresses. */
	bool same = redirect_same_origin(url, feed->url);
	size_t skip = same ? 0 : http->secret_headers;
	bool private = feed->allow_private && same;
	struct retry_report report = {.asked_us = -1};
	char shown[300];
	struct http_header headers[FEED_HEADER_LINES + 5];
	size_t n = http->n - skip;
	memcpy(headers, http->headers + skip, n * sizeof(*headers));
	if (a->on_body)
		headers[n++] = (struct http_header){"Accept-Encoding", "gzip"};
	const struct http_request request = {.url = url,
		.headers = headers,
		.header_count = n,
		.guard = private ? GUARD_PRIVATE_ALLOWED : GUARD_PUBLIC_ONLY,
		.plain = private && strncmp(url, "http://", 7) == 0,
		.limits = &limits,
		.packed = a->on_body != NULL, /* feed_reader.c unpacks */
		.on_body = a->on_body,
		.ctx = a->ctx};
	int rc = retry_perform(http->client, &request, &policy, NULL, reply, &report, err);
	http->asked_us = report.asked_us;
	if (rc < 0 && reply->failure == HTTP_TOO_LARGE)
		return too_large(host_of(url, shown), a->most, err);
	if (rc < 0 && reply->failure == HTTP_GUARDED && !feed->allow_private)
		return with_hint(err, "--allow-private allows it, where that host is yours");
	if (rc < 0 && !same)
		return err_context(err, "it sends us elsewhere");
	return rc;
}

int feed_http_get(struct feed_http *http, const char *url, uint64_t most,
	int (*on_body)(
		void *ctx, const struct http_reply *reply, struct slice data, struct err *err),
	void *ctx, struct http_reply *reply, struct err *err)
{
	const struct asking asking = {http, most, on_body, ctx};
	struct buf at, next;
	char shown[300];
	buf_init(&at, 1 << 16);
	buf_init(&next, 1 << 16);
	buf_puts(&at, url);
	buf_push(&at, '\0');
	int rc = ask_once(&asking, at.ptr, reply, err);
	for (int i = 0; rc == 0 && i < REDIRECTS && redirect_is(reply->status); i++) {
		rc = redirect_next(at.ptr, reply, &next, err);
		if (rc < 0) {
			err_context(err, "%s: HTTP %d", host_of(at.ptr, shown), reply->status);
			break;
		}
		buf_clear(&at);
		buf_slice(&at, buf_view(&next));
		rc = ask_once(&asking, at.ptr, reply, err);
	}
	host_of(at.ptr, shown);
	if (rc == 0 && redirect_is(reply->status))
		rc = err_set(err, ERR_FORMAT,
			"%s: it sends us elsewhere more than %d times: name the last address",
			shown, REDIRECTS);
	if (rc == 0 && reply->status != 304 && (reply->status < 200 || reply->status > 299))
		rc = explain(shown, reply, err);
	buf_fini(&at);
	buf_fini(&next);
	if (rc < 0 && err->kind == ERR_USAGE) /* not the words of who runs the command */
		err->kind = ERR_FORMAT;
	return rc;
}
