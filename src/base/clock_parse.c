/* SPDX-License-Identifier: Apache-2.0 */
/* clock_parse.c: times as people write them. What is written is an interval: a day for a day, a
 * second for a second. Exact integers throughout; a time beyond int64 is none. */
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/text.h"

#define US     INT64_C(1000000)
#define MINUTE (60 * US)
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)

struct cursor {
	const char *p, *end;
};

static bool done(const struct cursor *c)
{
	return c->p == c->end;
}

static bool take(struct cursor *c, char want)
{
	if (done(c) || *c->p != want)
		return false;
	c->p++;
	return true;
}

/* Exactly n digits, whose number lies in [least, most]. */
static bool take_number(struct cursor *c, int n, unsigned least, unsigned most, unsigned *value)
{
	*value = 0;
	for (; n > 0; n--, c->p++) {
		if (done(c) || *c->p < '0' || *c->p > '9')
			return false;
		*value = *value * 10 + (unsigned)(*c->p - '0');
	}
	return *value >= least && *value <= most;
}

static unsigned days_of(unsigned year, unsigned month)
{
	static const unsigned char days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
	return days[month - 1] + (month == 2 && leap);
}

static bool set(int64_t *begin, int64_t *end, int64_t at, int64_t width)
{
	*begin = at;
	return !__builtin_add_overflow(at, width, end);
}

/* `7d`: so many microseconds. */
static bool take_distance(struct cursor *c, int64_t *us)
{
	static const struct {
		char unit;
		int64_t us;
	} units[] = {{'s', US}, {'m', MINUTE}, {'h', HOUR}, {'d', DAY}, {'w', 7 * DAY}};
	int64_t n = 0;
	const char *first = c->p;
	for (; !done(c) && *c->p >= '0' && *c->p <= '9'; c->p++)
		if (__builtin_mul_overflow(n, 10, &n) || __builtin_add_overflow(n, *c->p - '0', &n))
			return false;
	if (c->p == first)
		return false;
	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++)
		if (take(c, units[i].unit))
			return done(c) && !__builtin_mul_overflow(n, units[i].us, us);
	return false;
}

/* `now`, `now-7d`, `now+1h`, `-7d`, `today`, `yesterday`. */
static bool parse_relative(struct slice text, int64_t now, int64_t *begin, int64_t *end)
{
	struct cursor c = {text.ptr, text.ptr + text.len};
	int64_t us, midnight = now - ((now % DAY) + DAY) % DAY;
	if (text.len == 5 && strncasecmp(text.ptr, "today", 5) == 0)
		return set(begin, end, midnight, DAY);
	if (text.len == 9 && strncasecmp(text.ptr, "yesterday", 9) == 0)
		return set(begin, end, midnight - DAY, DAY);
	bool named = text.len >= 3 && strncasecmp(text.ptr, "now", 3) == 0;
	if (named)
		c.p += 3;
	if (named && done(&c))
		return set(begin, end, now, 1);
	if (named && take(&c, '+'))
		return take_distance(&c, &us) && !__builtin_add_overflow(now, us, &us) &&
		       set(begin, end, us, 1);
	return take(&c, '-') && take_distance(&c, &us) && !__builtin_sub_overflow(now, us, &us) &&
	       set(begin, end, us, 1);
}

/* 10 digits are seconds and 13 are milliseconds since 1970. */
static bool parse_epoch(struct slice text, int64_t *begin, int64_t *end)
{
	int64_t n = 0, unit = text.len == 10 ? US : 1000;
	if (text.len != 10 && text.len != 13)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] < '0' || text.ptr[i] > '9')
			return false;
		n = n * 10 + (text.ptr[i] - '0');
	}
	return set(begin, end, n * unit, unit);
}

/* `2026`, `2026-03`, `2026-03-09`. */
static bool take_date(struct cursor *c, int64_t *at, int64_t *width)
{
	unsigned year, month = 1, day = 1;
	if (!take_number(c, 4, 1, 9999, &year))
		return false;
	int64_t after;
	if (!take(c, '-')) {
		after = clock_days(year + 1, 1, 1);
	} else if (!take_number(c, 2, 1, 12, &month)) {
		return false;
	} else if (!take(c, '-')) {
		after = clock_days(year, month, 1) + days_of(year, month);
	} else {
		if (!take_number(c, 2, 1, days_of(year, month), &day))
			return false;
		after = clock_days(year, month, day) + 1;
	}
	*at = clock_days(year, month, day) * DAY;
	*width = after * DAY - *at;
	return true;
}

/* The digits behind the point: what is finer than a microsecond is cut off. */
static bool take_fraction(struct cursor *c, int64_t *at, int64_t *width)
{
	int digits = 0;
	for (*width = US; digits < 9 && !done(c) && *c->p >= '0' && *c->p <= '9'; digits++) {
		*width /= 10;
		*at += (*c->p++ - '0') * *width;
	}
	if (*width == 0)
		*width = 1;
	return digits > 0;
}

/* `14`, `14:03`, `14:03:11`, `14:03:11.25`. A leap second is the one after :59. */
static bool take_clock(struct cursor *c, int64_t *at, int64_t *width)
{
	unsigned n;
	if (!take_number(c, 2, 0, 23, &n))
		return false;
	*at += n * HOUR;
	*width = HOUR;
	if (!take(c, ':'))
		return true;
	if (!take_number(c, 2, 0, 59, &n))
		return false;
	*at += n * MINUTE;
	*width = MINUTE;
	if (!take(c, ':'))
		return true;
	if (!take_number(c, 2, 0, 60, &n))
		return false;
	*at += n * US;
	*width = US;
	return !take(c, '.') || take_fraction(c, at, width);
}

/* `Z`, `+02:00`, `+0200`, `+02`, or nothing. */
static bool take_zone(struct cursor *c, int64_t *at)
{
	unsigned hours, minutes = 0;
	if (done(c) || take(c, 'Z') || take(c, 'z'))
		return true;
	bool east = take(c, '+');
	if (!east && !take(c, '-'))
		return false;
	if (!take_number(c, 2, 0, 23, &hours))
		return false;
	bool colon = take(c, ':');
	if ((colon || !done(c)) && !take_number(c, 2, 0, 59, &minutes))
		return false;
	int64_t offset = hours * HOUR + minutes * MINUTE;
	*at += east ? -offset : offset;
	return true;
}

int clock_parse(struct slice text, int64_t now, int64_t *begin, int64_t *end)
{
	if (parse_relative(text, now, begin, end) || parse_epoch(text, begin, end))
		return 0;
	struct cursor c = {text.ptr, text.ptr + text.len};
	int64_t at, width;
	if (!take_date(&c, &at, &width))
		return -1;
	if (!done(&c)) {
		/* Only a whole date is followed by a time of day. */
		if (width != DAY || (!take(&c, 'T') && !take(&c, 't') && !take(&c, ' ')))
			return -1;
		if (!take_clock(&c, &at, &width) || !take_zone(&c, &at) || !done(&c))
			return -1;
	}
	return set(begin, end, at, width) ? 0 : -1;
}

int clock_parse_span(const char *text, uint32_t *seconds)
{
	static const struct {
		char unit;
		uint32_t seconds;
	} units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}, {'w', 604800}};
	size_t n = strlen(text);
	uint32_t factor = 1;
	int64_t value;
	for (size_t i = 0; n > 1 && i < sizeof(units) / sizeof(units[0]); i++) {
		if (text[n - 1] == units[i].unit) {
			factor = units[i].seconds;
			n--;
			break;
		}
	}
	if (text_parse_int((struct slice){text, n}, &value) < 0 || value < 0 ||
		value > UINT32_MAX / factor)
		return -1;
	*seconds = (uint32_t)value * factor;
	return 0;
}
