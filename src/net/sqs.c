/* SPDX-License-Identifier: Apache-2.0 */
/* sqs.c: queues, and one signed request to one of them. */
#include "net/sqs.h"

#include <stdlib.h>

#include "base/base.h"
#include "net/sqs_private.h"

enum { HEADERS = 8, SLACK_S = 30 /* that a reply may take beyond what was asked for */ };

static bool ends(const char *text, const char *with)
{
	size_t n = strlen(text), m = strlen(with);
	return n >= m && strcmp(text + n - m, with) == 0;
}

/* The region in a host of AWS: sqs.REGION.amazonaws.com, REGION.queue.amazonaws.com (the old form),
 * sqs-fips.REGION.…, vpce-ID.sqs.REGION.vpce.…; NULL in others. Owned by the caller. */
static char *region_of_host(const char *host)
{
	const char *from = strstr(host, "sqs."), *fips = strstr(host, "sqs-fips.");
	const char *old = strstr(host, ".queue.amazonaws.com");
	if (!ends(host, ".amazonaws.com") && !ends(host, ".amazonaws.com.cn"))
		return NULL;
	if (old)
		return strndup(host, (size_t)(old - host));
	if (fips)
		from = fips + 9;
	else if (from)
		from += 4;
	return from ? strndup(from, strcspn(from, ".")) : NULL;
}

static char *environment_region(void)
{
	const char *region = getenv("AWS_REGION");
	if (!region || !*region)
		region = getenv("AWS_DEFAULT_REGION");
	return xstrdup(region && *region ? region : "us-east-1");
}

/* It goes into the signature's scope. */
static bool good_region(const char *region)
{
	size_t n = strlen(region);
	return n >= 1 && n <= 39 &&
	       strspn(region, "abcdefghijklmnopqrstuvwxyz0123456789-_ABCDEFGHIJKLMNOPQRSTUVWXYZ") ==
		       n;
}

/* The path behind scheme and host; "" where there is none. */
static const char *path_of(const char *url)
{
	const char *rest = strstr(url, "://");
	return rest ? rest + 3 + strcspn(rest + 3, "/?#") : "";
}

static int read_queue(
	struct sqs *sqs, const struct sqs_place *place, struct http_target *at, struct err *err)
{
	const char *url = place->queue_url;
	if (!url || !strstr(url, "://"))
		return err_set(err, ERR_USAGE,
			"SQS queue: give its URL, as the queue's page shows it "
			"(https://sqs.REGION.amazonaws.com/ACCOUNT/NAME)");
	if (http_target_read(url, at, err) < 0)
		return err_context(err, "SQS queue");
	const char *path = path_of(url), *name = strrchr(path, '/');
	if (!name || !name[1] || strpbrk(path, "?#"))
		return err_set(err, ERR_USAGE, "SQS queue: its URL must end with the queue's name");
	sqs->queue = xstrdup(url);
	sqs->name = xstrdup(name + 1);
	return 0;
}

static int read_endpoint(
	struct sqs *sqs, const struct sqs_place *place, struct http_target *at, struct err *err)
{
	if (place->endpoint) {
		const char *path = path_of(place->endpoint);
		if (!strstr(place->endpoint, "://") || (path[0] && strcmp(path, "/") != 0))
			return err_set(err, ERR_USAGE,
				"SQS endpoint: it must be scheme and host only "
				"(https://host:port)");
		if (http_target_read(place->endpoint, at, err) < 0)
			return err_context(err, "SQS endpoint");
	}
	struct buf url;
	buf_init(&url, SHOWN_MOST + 16);
	buf_printf(&url, "%s://%s/", at->plain ? "http" : "https", at->shown);
	buf_push(&url, 0);
	sqs->url = xstrdup(url.full ? "" : url.ptr);
	sqs->host = xstrdup(at->shown);
	buf_fini(&url);
	return 0;
}

static int choose_region(struct sqs *sqs, const struct sqs_place *place,
	const struct http_target *queue, struct err *err)
{
	if (place->region)
		sqs->region = xstrdup(place->region);
	else if (!(sqs->region = region_of_host(queue->host)))
		sqs->region = environment_region();
	if (!good_region(sqs->region))
		return err_set(err, ERR_USAGE, "this is no name of a region");
	return 0;
}

/* The signature is valid for 15 minutes: all tries must fit in. */
static struct retry_policy policy_of(const struct retry_policy *given)
{
	struct retry_policy policy = given ? *given : (struct retry_policy){0};
	if (policy.longest_ms == 0 || policy.longest_ms > 120000)
		policy.longest_ms = 120000;
	if (policy.budget_ms == 0 || policy.budget_ms > 240000)
		policy.budget_ms = 240000;
	/* All that is called here may be carried out twice: messages that got lost on the way come
	 * again, what is deleted stays deleted. */
	policy.repeatable = true;
	policy.throttled = sqs_is_throttled;
	return policy;
}

struct sqs *sqs_open(struct http_client *client, const struct sqs_place *place,
	struct credential_provider *provider, const struct retry_policy *policy, struct err *err)
{
	struct http_target queue, endpoint;
	struct sqs *sqs = xcalloc(1, sizeof(*sqs));
	sqs->client = client;
	sqs->provider = provider;
	sqs->policy = policy_of(policy);
	sqs->guard = place->guard;
	sqs->plain = place->plain;
	http_reply_init(&sqs->reply);
	if (read_queue(sqs, place, &queue, err) < 0)
		goto failed;
	endpoint = queue;
	if (read_endpoint(sqs, place, &endpoint, err) < 0 ||
		choose_region(sqs, place, &queue, err) < 0)
		goto failed;
	return sqs;
failed:
	sqs_close(sqs);
	return NULL;
}

void sqs_close(struct sqs *sqs)
{
	if (!sqs)
		return;
	http_reply_fini(&sqs->reply);
	free(sqs->url);
	free(sqs->host);
	free(sqs->queue);
	free(sqs->name);
	free(sqs->region);
	free(sqs);
}

const struct sqs_end *sqs_last(const struct sqs *sqs)
{
	return &sqs->end;
}

static void sign(struct sqs *sqs, const struct sigv4_keys *keys, int64_t now, struct slice body,
	const struct http_header *headers, size_t count, struct sigv4_signature *signature)
{
	char hash[SIGV4_HEX];
	struct sigv4_scope scope = {sqs->region, "sqs", now + sqs->skew_us, 0, 0};
	struct sigv4_request request = {
		"POST", SLICE("/"), SLICE(""), headers, count, sigv4_hash(body, hash)};
	sigv4_sign(keys, &scope, &request, signature);
	buf_push(&signature->value, 0);
}

/* One signed try. */
static int send_once(
	struct sqs *sqs, const char *action, struct slice body, unsigned wait_s, struct err *err)
{
	struct http_header headers[HEADERS];
	struct sigv4_keys keys = {0};
	struct sigv4_signature signature;
	struct retry_report report = {0};
	char target[64];
	size_t n = 0;
	int64_t now = clock_now_us();
	if (sqs->provider && credentials_get(sqs->provider, now, &keys, err) < 0)
		return -1;
	snprintf(target, sizeof(target), "AmazonSQS.%s", action);
	headers[n++] = (struct http_header){"Host", sqs->host};
	headers[n++] = (struct http_header){"Content-Type", "application/x-amz-json-1.0"};
	headers[n++] = (struct http_header){"X-Amz-Target", target};
	sigv4_init(&signature);
	if (sqs->provider) {
		sign(sqs, &keys, now, body, headers, n, &signature);
		headers[n++] = (struct http_header){"X-Amz-Date", signature.date};
		if (keys.token && *keys.token)
			headers[n++] = (struct http_header){"X-Amz-Security-Token", keys.token};
		headers[n++] = (struct http_header){"Authorization", signature.value.ptr};
	}
	struct http_limits limits = {.total_ms = (wait_s + SLACK_S) * 1000,
		.slow_s = wait_s + SLACK_S / 2,
		.body_bytes = SQS_REPLY_MOST};
	struct http_request request = {.method = "POST",
		.url = sqs->url,
		.headers = headers + 1, /* curl makes the same Host of the URL */
		.header_count = n - 1,
		.body = body,
		.guard = sqs->guard,
		.plain = sqs->plain,
		.limits = &limits};
	int status =
		retry_perform(sqs->client, &request, &sqs->policy, NULL, &sqs->reply, &report, err);
	sqs->end = (struct sqs_end){.status = sqs->reply.status,
		.failure = sqs->reply.failure,
		.asked_us = report.asked_us,
		.attempts = report.attempts};
	sigv4_fini(&signature);
	return status;
}

/* Keys were refused as expired: new ones are fetched; or the signature for its time. */
static bool worth_again(struct sqs *sqs)
{
	if (!sqs->provider || (sqs->reply.status != 400 && sqs->reply.status != 403))
		return false;
	if (sqs_is_early_or_late(&sqs->reply, sqs->end.code))
		return net_follow_clock(&sqs->reply, &sqs->skew_us);
	if (strncmp(sqs->end.code, "ExpiredToken", 12) != 0)
		return false;
	credentials_forget(sqs->provider);
	return true;
}

int sqs_do(struct sqs *sqs, const char *action, struct slice body, unsigned wait_s, struct err *err)
{
	memset(&sqs->end, 0, sizeof(sqs->end));
	sqs->end.asked_us = -1;
	int status = send_once(sqs, action, body, wait_s, err);
	if (status == 0 && worth_again(sqs))
		status = send_once(sqs, action, body, wait_s, err);
	if (status < 0)
		return -1;
	return sqs->reply.status / 100 == 2 ? 0 : sqs_explain(sqs, action, err);
}
