/* SPDX-License-Identifier: Apache-2.0 */
/* retry_rate.c: rate-limit headers: X-RateLimit-*, the IETF draft's RateLimit and RateLimit-Policy,
 * each with or without "X-" and "Beta-" in front. */
#include <strings.h>

#include "base/base.h"
#include "net/retry.h"

#define SECOND  INT64_C(1000000)
#define DAY_US  (86400 * SECOND)
#define NUMBERS INT64_C(100000000000000) /* larger ones say nothing */

static bool starts(struct slice s, const char *with)
{
	size_t n = strlen(with);
	return s.len >= n && strncasecmp(s.ptr, with, n) == 0;
}

static bool is(struct slice s, const char *text)
{
	return s.len == strlen(text) && starts(s, text);
}

static struct slice after(struct slice s, size_t n)
{
	return (struct slice){s.ptr + n, s.len - n};
}

/* Digits only, up to what is not one; -1 where there are none or too many. */
static int64_t number_of(struct slice s)
{
	int64_t value = 0;
	size_t at = 0;
	for (; at < s.len && s.ptr[at] >= '0' && s.ptr[at] <= '9'; at++)
		value = value > NUMBERS ? value : value * 10 + (s.ptr[at] - '0');
	return at == 0 || value > NUMBERS ? -1 : value;
}

static int64_t clamp(int64_t wait)
{
	return wait < 0 ? 0 : wait > DAY_US ? DAY_US : wait;
}

/* `2026-03-09T14:03Z`, an epoch in seconds or milliseconds, or seconds from now on. */
static int64_t reset_of(struct slice value, int64_t now_us)
{
	int64_t begin, end, number = number_of(value);
	bool digits = true;
	for (size_t i = 0; i < value.len; i++)
		digits = digits && value.ptr[i] >= '0' && value.ptr[i] <= '9';
	if (value.len == 0)
		return -1;
	if (digits && number >= 0) {
		if (number >= INT64_C(100000000000))
			return clamp(number * 1000 - now_us);
		return clamp(number >= 1000000000 ? number * SECOND - now_us : number * SECOND);
	}
	if (value.len < 16 || value.len > 40 || clock_parse(value, now_us, &begin, &end) < 0)
		return retry_after(value, now_us); /* an HTTP date, or nothing */
	return clamp(begin - now_us);
}

/* One `name;r=5;t=60` or `name;q=100;w=3600` of a list. */
static void read_item(struct slice item, struct retry_rate *rate)
{
	int64_t remaining = -1, reset = -1;
	for (size_t at = 0; at < item.len;) {
		const char *semicolon = memchr(item.ptr + at, ';', item.len - at);
		size_t end = semicolon ? (size_t)(semicolon - item.ptr) : item.len;
		struct slice part = {item.ptr + at, end - at};
		while (part.len && *part.ptr == ' ')
			part = after(part, 1);
		if (starts(part, "r="))
			remaining = number_of(after(part, 2));
		else if (starts(part, "t="))
			reset = number_of(after(part, 2));
		else if (starts(part, "q=") && rate->limit < 0)
			rate->limit = number_of(after(part, 2));
		else if (starts(part, "w=") && rate->window_s < 0)
			rate->window_s = number_of(after(part, 2));
		at = end + 1;
	}
	int64_t wait = reset < 0 ? -1 : clamp(reset * SECOND);
	bool less = rate->remaining < 0 || remaining < rate->remaining;
	/* The same limit may stand in another header already, which does not say when it is over. */
	if (remaining >= 0 && (less || (remaining == rate->remaining && wait > rate->reset_us))) {
		rate->remaining = remaining;
		rate->reset_us = wait;
	}
}

static void read_list(struct slice value, struct retry_rate *rate)
{
	for (size_t at = 0; at < value.len;) {
		const char *comma = memchr(value.ptr + at, ',', value.len - at);
		size_t end = comma ? (size_t)(comma - value.ptr) : value.len;
		read_item((struct slice){value.ptr + at, end - at}, rate);
		at = end + 1;
	}
}

static void read_reason(struct slice value, struct retry_rate *rate)
{
	struct buf text;
	buf_init(&text, sizeof(rate->reason) - 1);
	text_escape(&text, (struct slice){value.ptr, value.len < 60 ? value.len : 60});
	if (text.len)
		memcpy(rate->reason, text.ptr, text.len);
	rate->reason[text.len] = 0;
	buf_fini(&text);
}

static void read_one(struct slice name, struct slice value, int64_t now_us, struct retry_rate *rate)
{
	if (is(name, "ratelimit") || is(name, "ratelimit-policy")) {
		read_list(value, rate);
	} else if (is(name, "ratelimit-limit")) {
		rate->limit = number_of(value);
	} else if (is(name, "ratelimit-remaining")) {
		int64_t remaining = number_of(value);
		if (remaining >= 0 && (rate->remaining < 0 || remaining < rate->remaining))
			rate->remaining = remaining;
	} else if (is(name, "ratelimit-reset")) {
		int64_t reset = reset_of(value, now_us);
		if (reset >= 0)
			rate->reset_us = reset;
	} else if (is(name, "ratelimit-interval-seconds")) {
		rate->window_s = number_of(value);
	} else if (is(name, "ratelimit-fillrate")) {
		rate->refill = number_of(value);
	} else if (is(name, "ratelimit-nearlimit")) {
		rate->near = is(value, "true");
	} else if (is(name, "ratelimit-reason")) {
		read_reason(value, rate);
	}
}

void retry_rate_read(const struct http_reply *reply, int64_t now_us, struct retry_rate *rate)
{
	struct slice name, value;
	*rate = (struct retry_rate){-1, -1, -1, -1, -1, false, ""};
	for (size_t at = 0; http_header_next(reply, &at, &name, &value);) {
		for (bool more = true; more;) {
			more = false;
			if (starts(name, "x-")) {
				name = after(name, 2);
				more = true;
			} else if (starts(name, "beta-")) {
				name = after(name, 5);
				more = true;
			}
		}
		read_one(name, value, now_us, rate);
	}
	/* Data Center says how fast it refills instead of when. */
	if (rate->reset_us < 0 && rate->remaining == 0 && rate->window_s > 0)
		rate->reset_us = clamp(rate->window_s * SECOND);
}
