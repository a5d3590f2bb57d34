/* SPDX-License-Identifier: Apache-2.0 */
/*
 * retry.h: which failures are tried again, and when. What the server says (Retry-After, rate-limit
 * headers in the forms that Atlassian's products and others use) goes before our own exponential
 * backoff with full jitter. Decisions are pure functions; time and chance are given to them.
 * Forms: RFC 9110 section 10.2.3 (Retry-After) and 5.6.7 (dates); the IETF draft "RateLimit header
 * fields"; SOURCES: X-RateLimit-* with and without "Beta".
 */
#ifndef NET_RETRY_H
#define NET_RETRY_H

#include <stdbool.h>
#include <stdint.h>

#include "net/http.h"

/* Zero in any member means the default. */
struct retry_policy {
	unsigned attempts; /* tries in all: 6 */
	unsigned base_ms;  /* the first pause is at most this, later ones twice as long each: 500 */
	unsigned cap_ms;   /* and at most this: 60,000 */
	unsigned longest_ms; /* what a server asks for is cut to this: 900,000 (15 min) */
	unsigned budget_ms;  /* all pauses of one request: 1,800,000; a longer one is not begun */
	bool repeatable;     /* a POST may be sent twice too */
	/* Whether a reply whose status says otherwise (400 with a code) asks to come again later: it
	 * is judged like 429. NULL = by the status alone. */
	bool (*throttled)(const struct http_reply *reply);
	/* Looks at each whole 2xx reply: 0 = good; 1 with `err` = it is not what was asked for, but the next
	 * one may be (HTTP_UNUSABLE: tried again); -1 with `err` = the next one will be no better (the same
	 * failure, not tried again). NULL = all are good. */
	int (*check)(void *ctx, const struct http_reply *reply, struct err *err);
	void *check_ctx;
};

/* An HTTP date (RFC 9110) in microseconds; 0 where it is none. */
int64_t retry_date(struct slice text, int64_t now_us);
/* Reads a Retry-After value: seconds (fractions too) or an HTTP date in any of its three forms.
 * Microseconds from `now_us` on, 0 for the past, at most a day; -1 where it is none. */
int64_t retry_after(struct slice value, int64_t now_us);

/* What the rate-limit headers of a reply say; -1 where they do not. */
struct retry_rate {
	int64_t limit, remaining;
	int64_t reset_us; /* until it is full again: from now on */
	int64_t window_s; /* of the limit, in seconds */
	int64_t refill;   /* tokens that each window adds (Data Center) */
	bool near;        /* the server warns */
	char reason[64];  /* "jira-quota-tenant-based", escaped; "" where none is given */
};

/* Reads them all; of several limits the one with least remaining. */
void retry_rate_read(const struct http_reply *reply, int64_t now_us, struct retry_rate *rate);

/* How long to pause after try number `attempt` (from 1) ended with `reply` (status or failure), in
 * microseconds, or -1 where another try would not help or is not safe: `method` POST or PATCH may
 * have been carried out unless the failure came before it was sent or the server says that it was
 * not (429, 503). `random` is any 64 random bits. Budget and number of tries are not looked at. */
int64_t retry_pause(const struct retry_policy *policy, const struct http_reply *reply,
	const char *method, unsigned attempt, int64_t now_us, uint64_t random);

/* Where time and chance come from; for tests. NULL members, or no struct at all: the real ones. */
struct retry_env {
	int64_t (*now_us)(void *ctx);
	uint64_t (*random)(void *ctx);
	int (*sleep)(void *ctx, int64_t us); /* -1 = stopped */
	void *ctx;
};

/* Sleeps, in parts, so that the client's stop flag is seen. 0, or -1 where it is set. */
int retry_sleep(struct http_client *client, int64_t us);

struct retry_report {
	unsigned attempts; /* tries made */
	int64_t paused_us; /* between them */
	int64_t asked_us; /* what the last reply asks to wait: for the caller's next turn; -1 = none */
};

/* http_perform, again and again as `policy` says. 0 with the last reply (which passed the check), which may be one of the kind
 * that is tried again (429, 503 …): then tries or budget were used up. -1 with `err` ("… (after 6
 * tries)") where none came. A reply of which on_body got a part is not asked for again: the caller
 * knows where to go on. `policy`, `env` and `report` may be NULL. */
int retry_perform(struct http_client *client, const struct http_request *request,
	const struct retry_policy *policy, const struct retry_env *env, struct http_reply *reply,
	struct retry_report *report, struct err *err);

#endif
