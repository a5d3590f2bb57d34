/* SPDX-License-Identifier: Apache-2.0 */
/* s3.c: buckets, and one signed request to one of them. */
#include "net/s3.h"

#include <stdlib.h>
#include <strings.h>

#include "base/base.h"
#include "net/s3_private.h"

static const char *environment_region(void)
{
	const char *region = getenv("AWS_REGION");
	if (!region || !*region)
		region = getenv("AWS_DEFAULT_REGION");
	return region && *region ? region : "us-east-1";
}

/* Names go into host, path and signature: only what can stand there. */
static bool plain_name(const char *name, size_t least, size_t most)
{
	size_t n = strlen(name);
	if (n < least || n > most || name[0] == '.' || name[0] == '-' || strstr(name, ".."))
		return false;
	for (const char *p = name; *p; p++)
		if (!((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') ||
			    (*p >= '0' && *p <= '9') || *p == '-' || *p == '.' || *p == '_'))
			return false;
	return true;
}

static char *format(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static char *format(const char *fmt, ...)
{
	char *text;
	va_list args;
	va_start(args, fmt);
	int n = vasprintf(&text, fmt, args);
	va_end(args);
	if (n < 0)
		abort();
	return text;
}

/* AWS's own endpoint of a region. */
static char *aws_host(const char *region)
{
	return format("s3.%s.amazonaws.com%s", region, strncmp(region, "cn-", 3) == 0 ? ".cn" : "");
}

static int read_endpoint(struct s3 *s3, const struct s3_place *place, struct err *err)
{
	struct http_target target;
	if (!place->endpoint) {
		s3->scheme = xstrdup("https");
		s3->host = aws_host(s3->region);
		s3->at_aws = true;
		return 0;
	}
	if (http_target_read(place->endpoint, &target, err) < 0)
		return err_context(err, "S3 endpoint");
	if (!strstr(place->endpoint, "://"))
		return err_set(err, ERR_USAGE, "S3 endpoint: it must begin with https://");
	const char *rest = strstr(place->endpoint, "://");
	rest = rest ? rest + 3 + strcspn(rest + 3, "/?#") : "";
	if (rest[0] == '/')
		rest++;
	if (*rest)
		return err_set(err, ERR_USAGE,
			"S3 endpoint: it must be scheme and host only (https://host:port); the "
			"bucket "
			"is given by itself");
	s3->scheme = xstrdup(target.plain ? "http" : "https");
	s3->host = xstrdup(target.shown);
	size_t n = strlen(target.host);
	s3->at_aws = n > 14 && strcmp(target.host + n - 14, ".amazonaws.com") == 0;
	return 0;
}

static void choose_style(struct s3 *s3, enum s3_style style)
{
	bool virtual = style == S3_STYLE_VIRTUAL ||
		       (style == S3_STYLE_AUTO && s3->at_aws && !strchr(s3->bucket, '.'));
	s3->path_style = !virtual;
	if (virtual) {
		char *host = format("%s.%s", s3->bucket, s3->host);
		free(s3->host);
		s3->host = host;
	}
}

/* The signature is valid for 15 minutes: all tries must fit in. */
static struct retry_policy policy_of(const struct retry_policy *given)
{
	struct retry_policy policy = given ? *given : (struct retry_policy){0};
	if (policy.longest_ms == 0 || policy.longest_ms > 120000)
		policy.longest_ms = 120000;
	if (policy.budget_ms == 0 || policy.budget_ms > 240000)
		policy.budget_ms = 240000;
	return policy;
}

struct s3 *s3_open(struct http_client *client, const struct s3_place *place,
	struct credential_provider *provider, const struct retry_policy *policy, struct err *err)
{
	const char *region = place->region ? place->region : environment_region();
	if (!place->bucket || !plain_name(place->bucket, 1, 255)) {
		err_set(err, ERR_USAGE,
			"this is no name of a bucket: letters, digits, dots and "
			"hyphens only");
		return NULL;
	}
	if (!plain_name(region, 1, 39)) {
		err_set(err, ERR_USAGE, "this is no name of a region");
		return NULL;
	}
	struct s3 *s3 = xcalloc(1, sizeof(*s3));
	s3->client = client;
	s3->provider = provider;
	s3->policy = policy_of(policy);
	s3->region = xstrdup(region);
	s3->bucket = xstrdup(place->bucket);
	s3->guard = place->guard;
	s3->plain = place->plain;
	http_reply_init(&s3->reply);
	if (read_endpoint(s3, place, err) < 0) {
		s3_close(s3);
		return NULL;
	}
	choose_style(s3, place->style);
	return s3;
}

void s3_close(struct s3 *s3)
{
	if (!s3)
		return;
	http_reply_fini(&s3->reply);
	free(s3->scheme);
	free(s3->host);
	free(s3->region);
	free(s3->bucket);
	free(s3);
}

const struct s3_end *s3_last(const struct s3 *s3)
{
	return &s3->end;
}

/* The path as it is sent and signed. */
static void write_path(const struct s3 *s3, struct slice key, struct buf *path)
{
	buf_push(path, '/');
	if (s3->path_style) {
		http_escape(path, slice_of(s3->bucket), false);
		buf_puts(path, key.len ? "/" : "");
	}
	http_escape(path, key, true);
}

/* One signed try. `path` is encoded. */
static int send_once(struct s3 *s3, const struct s3_call *call, struct buf *path, struct err *err)
{
	struct http_header headers[S3_HEADERS];
	struct sigv4_keys keys = {0};
	struct sigv4_signature signature;
	struct retry_report report = {0};
	struct retry_policy policy = s3->policy;
	char hash[SIGV4_HEX];
	size_t n = 0;
	int64_t now = clock_now_us();
	if (s3->provider && credentials_get(s3->provider, now, &keys, err) < 0)
		return -1;
	bool tls = strcmp(s3->scheme, "https") == 0;
	const char *payload = !call->body.ptr || !call->body.len ? sigv4_empty
			      : tls                              ? sigv4_unsigned
								 : sigv4_hash(call->body, hash);
	headers[n++] = (struct http_header){"Host", s3->host};
	headers[n++] = (struct http_header){"x-amz-content-sha256", payload};
	for (size_t i = 0; i < call->header_count && n < S3_HEADERS - 4; i++)
		headers[n++] = call->headers[i];
	sigv4_init(&signature);
	if (s3->provider) {
		struct sigv4_scope scope = {s3->region, "s3", now + s3->skew_us, SIGV4_S3, 0};
		struct sigv4_request request = {
			call->method, buf_view(path), call->query, headers, n, payload};
		sigv4_sign(&keys, &scope, &request, &signature);
		buf_push(&signature.value, 0);
		headers[n++] = (struct http_header){"X-Amz-Date", signature.date};
		if (keys.token && *keys.token)
			headers[n++] = (struct http_header){"X-Amz-Security-Token", keys.token};
		headers[n++] = (struct http_header){"Authorization", signature.value.ptr};
	}
	struct buf url;
	buf_init(&url, URL_MOST);
	buf_printf(&url, "%s://%s%.*s%s%.*s", s3->scheme, s3->host, (int)path->len, path->ptr,
		call->query.len ? "?" : "", SLICE_ARG(call->query));
	buf_push(&url, 0);
	/* What is handed on piece by piece may be of any length. */
	static const struct http_limits streamed = {.body_bytes = UINT64_MAX};
	struct http_request request = {.method = call->method,
		.url = url.full ? "" : url.ptr,
		.headers = headers + 1, /* curl makes the same Host of the URL */
		.header_count = n - 1,
		.body = call->body,
		.guard = s3->guard,
		.plain = s3->plain,
		.packed = true,
		.limits = call->on_body ? &streamed : NULL,
		.on_body = call->on_body,
		.ctx = call->ctx};
	policy.repeatable = call->repeatable;
	int status = retry_perform(s3->client, &request, &policy, NULL, &s3->reply, &report, err);
	s3->end = (struct s3_end){.status = s3->reply.status,
		.failure = s3->reply.failure,
		.asked_us = report.asked_us,
		.attempts = report.attempts};
	sigv4_fini(&signature);
	buf_fini(&url);
	return status;
}

/* Refusals that are no fault of the request: expired keys are renewed, another clock is followed, and S3 says "RequestTimeout" with
 * status 400 where a connection stalled. */
static bool worth_again(struct s3 *s3)
{
	struct buf message;
	if (s3->reply.status != 400 && s3->reply.status != 403)
		return false;
	buf_init(&message, 4096);
	s3_read_refusal(s3, &message);
	buf_fini(&message);
	if (strcmp(s3->end.code, "RequestTimeout") == 0)
		return true;
	if (strcmp(s3->end.code, "RequestTimeTooSkewed") == 0)
		return net_follow_clock(&s3->reply, &s3->skew_us);
	if (!s3->provider || (strcmp(s3->end.code, "ExpiredToken") != 0 &&
				     strcmp(s3->end.code, "TokenRefreshRequired") != 0))
		return false;
	credentials_forget(s3->provider);
	return true;
}

int s3_send(struct s3 *s3, const struct s3_call *call, struct err *err)
{
	struct buf path;
	memset(&s3->end, 0, sizeof(s3->end));
	s3->end.asked_us = -1;
	if (call->key.len > S3_KEY_MOST ||
		memchr(call->key.ptr ? call->key.ptr : "", 0, call->key.len))
		return err_set(err, ERR_USAGE, "a key has at most 1,024 bytes, and no NUL");
	buf_init(&path, 4 * S3_KEY_MOST + 512);
	write_path(s3, call->key, &path);
	int status = send_once(s3, call, &path, err);
	if (status == 0 && worth_again(s3))
		status = send_once(s3, call, &path, err);
	buf_fini(&path);
	return status;
}

int s3_do(struct s3 *s3, const struct s3_call *call, struct err *err)
{
	if (s3_send(s3, call, err) < 0)
		return -1;
	int status = s3->reply.status;
	return status >= 200 && status <= 299 ? 0 : s3_explain(s3, call, err);
}
