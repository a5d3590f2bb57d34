/* SPDX-License-Identifier: Apache-2.0 */
/* time.c: the forms of time that Atlassian's products write, in exact integers. A file's
 * `nano` of 19000000 is 19 ms: joining it to the second as text would make 190 of it. */
#include "decode/private.h"

#define US INT64_C(1000000)

/* Bounds by which a number's unit is told: seconds up to the year 5138, milliseconds from 1973. */
#define SECONDS_BELOW INT64_C(100000000000)
#define MILLIS_BELOW  INT64_C(100000000000000)
#define MICROS_BELOW  INT64_C(100000000000000000)

struct cursor {
	const char *p, *end;
};

static bool take(struct cursor *c, char want)
{
	if (c->p == c->end || *c->p != want)
		return false;
	c->p++;
	return true;
}

/* Exactly n digits. */
static bool take_digits(struct cursor *c, int n, int *value)
{
	*value = 0;
	for (; n > 0; n--, c->p++) {
		if (c->p == c->end || *c->p < '0' || *c->p > '9')
			return false;
		*value = *value * 10 + (*c->p - '0');
	}
	return true;
}

static bool leap_year(int year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static bool take_date(struct cursor *c, int64_t *days)
{
	static const uint8_t lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	int year, month, day;
	if (!take_digits(c, 4, &year) || !take(c, '-') || !take_digits(c, 2, &month) ||
		!take(c, '-') || !take_digits(c, 2, &day))
		return false;
	if (year < 1 || month < 1 || month > 12 || day < 1 ||
		day > lengths[month - 1] + (month == 2 && leap_year(year)))
		return false;
	*days = clock_days(year, (unsigned)month, (unsigned)day);
	return true;
}

/* 1–9 digits after a point or comma: microseconds. */
static bool take_fraction(struct cursor *c, int64_t *us, bool *exact)
{
	int64_t ns = 0, scale = 1000000000;
	int n = 0;
	for (; c->p < c->end && *c->p >= '0' && *c->p <= '9'; n++) {
		if (n == 9)
			return false;
		ns = ns * 10 + (*c->p++ - '0');
		scale /= 10;
	}
	ns *= scale;
	*us = ns / 1000;
	*exact = ns % 1000 == 0;
	return n > 0;
}

static bool take_clock(
	struct cursor *c, bool odd_separator, int64_t *us, uint8_t *flags, bool *exact)
{
	int hour, minute, second = 0;
	int64_t fraction = 0;
	if (!take_digits(c, 2, &hour) || !take(c, ':') || !take_digits(c, 2, &minute))
		return false;
	bool has_second = take(c, ':');
	if (has_second && !take_digits(c, 2, &second))
		return false;
	bool comma = take(c, ',');
	/* Jira's guide shows 2022-08-03:00:00.000+0000: a fraction without a second. */
	if (comma || ((has_second || odd_separator) && take(c, '.'))) {
		if (!take_fraction(c, &fraction, exact))
			return false;
	}
	if (hour > 23 || minute > 59 || second > 60)
		return false;
	if (comma || second == 60)
		*flags |= ROW_LENIENT_TIME;
	*us = ((hour * 60 + minute) * INT64_C(60) + second) * US + fraction;
	return true;
}

/* Z, ±HH, ±HHMM, ±HH:MM or nothing. */
static bool take_zone(struct cursor *c, int64_t *us, uint8_t *flags)
{
	*us = 0;
	if (c->p == c->end) {
		*flags |= ROW_TIME_ZONELESS;
		return true;
	}
	if (take(c, 'Z') || take(c, 'z'))
		return c->p == c->end;
	if (take(c, ' '))
		*flags |= ROW_LENIENT_TIME;
	int hour, minute = 0;
	bool west = take(c, '-');
	if ((!west && !take(c, '+')) || !take_digits(c, 2, &hour))
		return false;
	take(c, ':');
	if (c->p < c->end && !take_digits(c, 2, &minute))
		return false;
	*us = (hour * 60 + minute) * 60 * US * (west ? -1 : 1);
	return c->p == c->end && c->p[-1] != ':' && hour < 24 && minute < 60;
}

static bool read_calendar(struct slice text, int64_t *us, uint8_t *flags, bool *exact)
{
	struct cursor c = {text.ptr, text.ptr + text.len};
	int64_t days, clock = 0, zone = 0;
	if (!take_date(&c, &days))
		return false;
	if (c.p == c.end) {
		*flags |= ROW_LENIENT_TIME | ROW_TIME_ZONELESS;
	} else {
		char separator = *c.p++;
		bool lenient = separator == ':' || separator == ' ';
		if (!lenient && separator != 'T' && separator != 't')
			return false;
		if (lenient)
			*flags |= ROW_LENIENT_TIME;
		if (!take_clock(&c, separator == ':', &clock, flags, exact) ||
			!take_zone(&c, &zone, flags))
			return false;
	}
	*us = days * 86400 * US + clock - zone;
	return true;
}

/* Nanoseconds of one unit of a number of that size. */
static int64_t unit_of(int64_t value)
{
	int64_t size = value < 0 ? -(value + 1) : value;
	return size < SECONDS_BELOW  ? 1000000000
	       : size < MILLIS_BELOW ? 1000000
	       : size < MICROS_BELOW ? 1000
				     : 1;
}

/* Rounds down; an int64 of any size fits. */
static int64_t number_us(int64_t value, bool *exact)
{
	int64_t unit = unit_of(value);
	if (unit >= 1000)
		return value * (unit / 1000);
	int64_t us = value / 1000, rest = value % 1000;
	*exact = rest == 0;
	return us - (rest < 0);
}

/* A decimal number without exponent: 1644624007, 1644624007.41 */
static bool read_number(struct slice text, int64_t *us, bool *exact)
{
	const char *point = memchr(text.ptr, '.', text.len);
	struct slice whole = {text.ptr, point ? (size_t)(point - text.ptr) : text.len};
	int64_t value;
	if (value_int(whole, &value) < 0)
		return false;
	*us = number_us(value, exact);
	if (!point)
		return true;
	/* Digits of the fraction, in units of the whole part; -0.5 has no negative whole part. */
	int64_t unit = unit_of(value) / 1000, fraction = 0;
	if (text.ptr[0] == '-' || point + 1 == text.ptr + text.len)
		return false;
	for (const char *p = point + 1; p < text.ptr + text.len; p++) {
		if (*p < '0' || *p > '9')
			return false;
		unit /= 10;
		fraction += unit * (*p - '0');
		*exact = *exact && (unit > 0 || *p == '0');
	}
	*us += fraction;
	return true;
}

static bool read_text(struct slice text, int64_t *us, uint8_t *flags, bool *exact)
{
	uint8_t more = 0;
	*exact = true;
	if (text.len == 0 || text.len > 64)
		return false;
	if (!read_number(text, us, exact)) {
		*exact = true;
		if (!read_calendar(text, us, &more, exact))
			return false;
	}
	*flags |= more;
	return true;
}

int decode_time_text(struct slice text, int64_t *us, uint8_t *flags)
{
	bool exact;
	return read_text(text, us, flags, &exact) ? 0 : -1;
}

int decode_time_number(int64_t value, int64_t *us)
{
	bool exact;
	*us = number_us(value, &exact);
	return 0;
}

/* {"epochSecond": S, "nano": N}, keys in any order, nano may be missing. */
static bool read_object(struct slice json, int64_t *us, bool *exact, struct buf *scratch)
{
	bool has_second = false, has_nano = false, repaired = false;
	int64_t second = 0, nano = 0;
	size_t at = 1;
	*exact = true;
	for (;;) {
		while (at < json.len && strchr(" \t\r\n,", json.ptr[at]))
			at++;
		if (at >= json.len || json.ptr[at] != '"')
			break;
		buf_clear(scratch);
		int64_t end = json_unescape(json, at, scratch, &repaired);
		struct slice key = buf_view(scratch);
		at = (size_t)((const char *)memchr(json.ptr + end, ':', json.len - (size_t)end) -
			      json.ptr) +
		     1;
		while (strchr(" \t\r\n", json.ptr[at]))
			at++;
		end = json_skip(json, at);
		struct slice value = {json.ptr + at, (size_t)end - at};
		at = (size_t)end;
		if (slice_eq(key, SLICE("epochSecond")) && !has_second) {
			if (value_int(value, &second) < 0)
				return false;
			has_second = true;
		} else if (slice_eq(key, SLICE("nano")) && !has_nano) {
			if (value_int(value, &nano) < 0)
				return false;
			has_nano = true;
		} else {
			*exact = false;
		}
	}
	/* Of what a year of 9999 has, and more: beyond it nothing is a time. */
	if (!has_second || nano < 0 || nano > 999999999 || second < -SECONDS_BELOW * 10 ||
		second > SECONDS_BELOW * 10)
		return false;
	*us = second * US + nano / 1000;
	*exact = *exact && nano % 1000 == 0;
	return true;
}

int time_of_json(struct slice json, int64_t *us, uint8_t *flags, bool *exact, struct buf *scratch)
{
	bool repaired = false;
	*exact = true;
	switch (json.ptr[0]) {
	case '"':
		if (!memchr(json.ptr, '\\', json.len))
			json = (struct slice){json.ptr + 1, json.len - 2};
		else {
			buf_clear(scratch);
			if (json_unescape(json, 0, scratch, &repaired) < 0)
				return -1;
			json = buf_view(scratch);
		}
		return read_text(json, us, flags, exact) ? 0 : -1;
	case '{':
		return read_object(json, us, exact, scratch) ? 0 : -1;
	case '[':
	case 't':
	case 'f':
	case 'n':
		return -1;
	default:
		return read_number(json, us, exact) ? 0 : -1;
	}
}
