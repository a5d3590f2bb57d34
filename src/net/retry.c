/* SPDX-License-Identifier: Apache-2.0 */
/* retry.c: what is worth another try, the pause before it, and the loop around http_perform. */
#include "net/retry.h"

#include <errno.h>
#include <strings.h>
#include <sys/random.h>
#include <time.h>

#include "base/base.h"
#include "net/private.h"

#define MILLI    INT64_C(1000)
#define SECOND   INT64_C(1000000)
#define SLICE_US (100 * MILLI) /* a pause is slept in such parts, to see a stop */

static unsigned or_else(unsigned value, unsigned otherwise)
{
	return value ? value : otherwise;
}

static struct retry_policy whole_policy(const struct retry_policy *policy)
{
	static const struct retry_policy none;
	const struct retry_policy *p = policy ? policy : &none;
	return (struct retry_policy){
		.attempts = or_else(p->attempts, 6),
		.base_ms = or_else(p->base_ms, 500),
		.cap_ms = or_else(p->cap_ms, 60000),
		.longest_ms = or_else(p->longest_ms, 900000),
		.budget_ms = or_else(p->budget_ms, 1800000),
		.repeatable = p->repeatable,
		.check = p->check,
		.check_ctx = p->check_ctx,
		.throttled = p->throttled,
	};
}

enum verdict {
	NEVER,
	IF_SAFE, /* the request may have been carried out */
	ALWAYS,  /* it was not */
};

static enum verdict judge_failure(enum http_failure failure)
{
	switch (failure) {
	case HTTP_NO_NAME:
	case HTTP_REFUSED:
	case HTTP_UNREACHABLE:
	case HTTP_PROXY:
	case HTTP_TLS:
		return ALWAYS;
	case HTTP_TIMEOUT:
	case HTTP_CUT:
	case HTTP_UNUSABLE:
		return IF_SAFE;
	default:
		return NEVER;
	}
}

static enum verdict judge(const struct retry_policy *policy, const struct http_reply *reply)
{
	if (reply->failure != HTTP_OK)
		return judge_failure(reply->failure);
	if (policy->throttled && reply->status >= 400 && policy->throttled(reply))
		return ALWAYS;
	switch (reply->status) {
	case 425: /* too early */
	case 429:
	case 503:
		return ALWAYS;
	case 408:
	case 500:
	case 502:
	case 504:
		return IF_SAFE;
	default: /* 520–530 are a CDN's words for a broken origin */
		return reply->status >= 520 && reply->status <= 530 ? IF_SAFE : NEVER;
	}
}

/* What the server wants, in microseconds; -1 where it does not say. */
static int64_t asked_for(const struct http_reply *reply, int64_t now_us)
{
	struct retry_rate rate;
	int64_t wait = retry_after(http_header(reply, "retry-after", 0), now_us);
	if (wait >= 0)
		return wait;
	retry_rate_read(reply, now_us, &rate);
	return reply->status == 429 || rate.remaining == 0 ? rate.reset_us : -1;
}

int64_t retry_pause(const struct retry_policy *given, const struct http_reply *reply,
	const char *method, unsigned attempt, int64_t now_us, uint64_t random)
{
	struct retry_policy policy = whole_policy(given);
	enum verdict verdict = judge(&policy, reply);
	bool changes = method && (strcmp(method, "POST") == 0 || strcmp(method, "PATCH") == 0);
	if (verdict == NEVER || (verdict == IF_SAFE && changes && !policy.repeatable))
		return -1;
	unsigned doublings = attempt > 1 ? attempt - 1 : 0;
	int64_t most = policy.cap_ms;
	if (doublings < 31 && ((int64_t)policy.base_ms << doublings) < most)
		most = (int64_t)policy.base_ms << doublings;
	int64_t jitter = (int64_t)(random % (uint64_t)(most * MILLI + 1));
	int64_t asked = reply->failure == HTTP_OK ? asked_for(reply, now_us) : -1;
	if (asked < 0)
		return jitter;
	int64_t longest = policy.longest_ms * MILLI;
	/* A little later than asked, so that not all clients come at once. */
	return (asked < longest ? asked : longest) + jitter;
}

static int64_t real_now(void *ctx)
{
	(void)ctx;
	return clock_now_us();
}

static uint64_t real_random(void *ctx)
{
	uint64_t bits = 0;
	(void)ctx;
	if (getrandom(&bits, sizeof(bits), 0) != sizeof(bits))
		bits = (uint64_t)clock_mono_us() * 0x9e3779b97f4a7c15U;
	return bits;
}

int retry_sleep(struct http_client *client, int64_t us)
{
	int64_t end = clock_mono_us() + us;
	for (int64_t left = us; left > 0; left = end - clock_mono_us()) {
		if (is_stopped(client->stop))
			return -1;
		int64_t part = left < SLICE_US ? left : SLICE_US;
		struct timespec wait = {part / SECOND, part % SECOND * 1000};
		nanosleep(&wait, NULL);
	}
	return is_stopped(client->stop) ? -1 : 0;
}

/* One client, one policy, and what was used up so far. */
struct course {
	struct retry_policy policy;
	struct retry_env env;
	struct http_client *client;
	struct retry_report report;
};

static void course_init(struct course *course, struct http_client *client,
	const struct retry_policy *policy, const struct retry_env *env)
{
	memset(course, 0, sizeof(*course));
	course->policy = whole_policy(policy);
	course->client = client;
	if (env)
		course->env = *env;
	if (!course->env.now_us)
		course->env.now_us = real_now;
	if (!course->env.random)
		course->env.random = real_random;
}

static int64_t next_pause(
	struct course *course, const struct http_request *request, const struct http_reply *reply)
{
	void *ctx = course->env.ctx;
	int64_t now = course->env.now_us(ctx);
	course->report.asked_us = reply->failure == HTTP_OK ? asked_for(reply, now) : -1;
	if (request->on_body && reply->body_bytes > 0 && reply->failure != HTTP_OK)
		return -1;
	int64_t pause = retry_pause(&course->policy, reply, request->method,
		course->report.attempts, now, course->env.random(ctx));
	if (course->report.attempts >= course->policy.attempts ||
		course->report.paused_us + pause > course->policy.budget_ms * MILLI)
		return -1;
	return pause;
}

static int pause_for(struct course *course, int64_t us)
{
	course->report.paused_us += us;
	return course->env.sleep ? course->env.sleep(course->env.ctx, us)
				 : retry_sleep(course->client, us);
}

/* One try, with the check. *final: no other try will be better. */
static int try_once(struct course *course, const struct http_request *request,
	struct http_reply *reply, bool *final, struct err *err)
{
	*final = false;
	if (http_perform(course->client, request, reply, err) < 0)
		return -1;
	if (!course->policy.check || reply->status < 200 || reply->status > 299)
		return 0;
	int rc = course->policy.check(course->policy.check_ctx, reply, err);
	if (rc == 0)
		return 0;
	reply->failure = HTTP_UNUSABLE;
	*final = rc < 0;
	return -1;
}

int retry_perform(struct http_client *client, const struct http_request *request,
	const struct retry_policy *policy, const struct retry_env *env, struct http_reply *reply,
	struct retry_report *report, struct err *err)
{
	struct course course;
	struct err unheard = {0}, *why = err ? err : &unheard;
	int status;
	course_init(&course, client, policy, env);
	for (;;) {
		bool final;
		course.report.attempts++;
		status = try_once(&course, request, reply, &final, why);
		int64_t pause = next_pause(&course, request, reply);
		if (pause < 0 || final)
			break;
		if (pause_for(&course, pause) < 0) {
			reply->failure = HTTP_STOPPED;
			status = err_set(why, ERR_INTERRUPTED, "interrupted");
			break;
		}
	}
	if (status < 0 && course.report.attempts > 1 && why->kind != ERR_INTERRUPTED) {
		size_t n = strlen(why->text);
		snprintf(why->text + n, sizeof(why->text) - n, " (after %u tries)",
			course.report.attempts);
	}
	if (report)
		*report = course.report;
	return status;
}
