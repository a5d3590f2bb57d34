/* SPDX-License-Identifier: Apache-2.0 */
/* retry_date.c: Retry-After: a number of seconds, or a date in the three forms of RFC 9110. */
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "base/base.h"
#include "net/private.h"
#include "net/retry.h"

#define SECOND   INT64_C(1000000)
#define MOST_US  (86400 * SECOND)
#define DATE_LEN 40

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static int month_of(const char *name)
{
	static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	for (int i = 0; i < 12; i++)
		if (strncasecmp(name, names + i * 3, 3) == 0)
			return i + 1;
	return 0;
}

/* Two-digit years are the century that makes them at most 50 years ahead of now. */
static int64_t whole_year(int64_t year, int64_t now_us)
{
	int64_t now_year;
	unsigned month, day;
	clock_date(now_us / (86400 * SECOND), &now_year, &month, &day);
	year += now_year - now_year % 100;
	return year > now_year + 50 ? year - 100 : year;
}

struct date {
	int day, hour, minute, second, year;
	char month[4];
	bool short_year;
};

/* "Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994". */
static bool read_date(const char *text, struct date *date)
{
	int used = 0;
	const char *comma = strchr(text, ',');
	memset(date, 0, sizeof(*date));
	if (!comma)
		return sscanf(text, "%*3s %3s %2d %2d:%2d:%2d %4d%n", date->month, &date->day,
			       &date->hour, &date->minute, &date->second, &date->year,
			       &used) == 6 &&
		       text[used] == 0;
	if (sscanf(comma, ", %2d %3s %4d %2d:%2d:%2d GMT%n", &date->day, date->month, &date->year,
		    &date->hour, &date->minute, &date->second, &used) == 6 &&
		used > 0)
		return comma[used] == 0;
	date->short_year = true;
	return sscanf(comma, ", %2d-%3s-%2d %2d:%2d:%2d GMT%n", &date->day, date->month,
		       &date->year, &date->hour, &date->minute, &date->second, &used) == 6 &&
	       used > 0 && comma[used] == 0;
}

static int64_t date_us(struct slice value, int64_t now_us)
{
	char text[DATE_LEN];
	struct date date;
	if (value.len >= sizeof(text))
		return -1;
	memcpy(text, value.ptr, value.len);
	text[value.len] = 0;
	/* sscanf reads signs where digits should stand. */
	if (strpbrk(text, "+") || !read_date(text, &date))
		return -1;
	int month = month_of(date.month);
	if (!month || date.day < 1 || date.day > 31 || date.hour < 0 || date.hour > 23 ||
		date.minute < 0 || date.minute > 59 || date.second < 0 || date.second > 60 ||
		date.year < 0)
		return -1;
	int64_t year = date.short_year ? whole_year(date.year, now_us) : date.year;
	int64_t days = clock_days(year, (unsigned)month, (unsigned)date.day);
	return ((days * 24 + date.hour) * 3600 + date.minute * 60 + date.second) * SECOND;
}

int64_t retry_date(struct slice text, int64_t now_us)
{
	int64_t us = text.ptr ? date_us(text, now_us) : -1;
	return us < 0 ? 0 : us;
}

/* "120", "0.5", "1e9" is none. */
static int64_t seconds_us(struct slice value)
{
	int64_t us = 0, unit = SECOND;
	size_t at = 0;
	for (; at < value.len && is_digit(value.ptr[at]); at++)
		us = us > MOST_US ? us : us * 10 + (value.ptr[at] - '0') * SECOND;
	if (at == 0)
		return -1;
	if (at < value.len && value.ptr[at] == '.')
		for (at++; at < value.len && is_digit(value.ptr[at]); at++)
			us += (value.ptr[at] - '0') * (unit /= 10);
	return at == value.len ? us : -1;
}

int64_t retry_after(struct slice value, int64_t now_us)
{
	if (value.len == 0 || !value.ptr)
		return -1;
	int64_t wait = seconds_us(value);
	if (wait < 0) {
		int64_t date = date_us(value, now_us);
		if (date < 0)
			return -1;
		wait = date > now_us ? date - now_us : 0;
	}
	return wait < MOST_US ? wait : MOST_US;
}

bool net_follow_clock(const struct http_reply *reply, int64_t *skew_us)
{
	static const int64_t minute = INT64_C(60000000), week = 7 * 24 * 60 * INT64_C(60000000);
	int64_t now = clock_now_us();
	int64_t theirs = retry_date(http_header(reply, "date", 0), now);
	int64_t skew = theirs - now;
	if (theirs == 0 || skew > week || skew < -week || llabs(skew - *skew_us) < minute)
		return false;
	log_warn("this machine's clock is %lld minutes %s the server's: requests are signed by the "
		 "server's time",
		(long long)llabs(skew / minute), skew < 0 ? "ahead of" : "behind");
	*skew_us = skew;
	return true;
}
