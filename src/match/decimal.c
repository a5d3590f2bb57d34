/* SPDX-License-Identifier: Apache-2.0 */
/* decimal.c: numbers by their digits: where the first one stands, then digit by digit. */
#include "match/decimal.h"

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Passes over digits at p. */
static const char *digits(const char *p, const char *end)
{
	while (p < end && is_digit(*p))
		p++;
	return p;
}

/* Reads `e+12` at p; NULL where it is ill-formed. */
static const char *exponent(const char *p, const char *end, int64_t *value)
{
	p++;
	bool negative = p < end && *p == '-';
	if (p < end && (*p == '-' || *p == '+'))
		p++;
	const char *to = digits(p, end);
	if (to == p || to - p > 9)
		return NULL;
	*value = 0;
	for (; p < to; p++)
		*value = *value * 10 + (*p - '0');
	if (negative)
		*value = -*value;
	return p;
}

/* Takes the zeros off both ends of the digits. */
static void strip(struct decimal *d)
{
	while (d->whole.len && d->whole.ptr[0] == '0') {
		d->whole.ptr++;
		d->whole.len--;
		d->point--;
	}
	while (d->whole.len == 0 && d->fraction.len && d->fraction.ptr[0] == '0') {
		d->fraction.ptr++;
		d->fraction.len--;
		d->point--;
	}
	while (d->fraction.len && d->fraction.ptr[d->fraction.len - 1] == '0')
		d->fraction.len--;
	while (d->fraction.len == 0 && d->whole.len && d->whole.ptr[d->whole.len - 1] == '0')
		d->whole.len--;
}

int decimal_parse(struct slice text, struct decimal *value)
{
	if (text.len == 0 || !(is_digit(text.ptr[0]) || text.ptr[0] == '-'))
		return -1;
	const char *p = text.ptr, *end = p + text.len;
	*value = (struct decimal){.negative = *p == '-'};
	p += value->negative;
	value->whole.ptr = p;
	p = digits(p, end);
	value->whole.len = (size_t)(p - value->whole.ptr);
	if (value->whole.len == 0)
		return -1;
	value->fraction.ptr = p;
	if (p < end && *p == '.') {
		value->fraction.ptr = ++p;
		p = digits(p, end);
		value->fraction.len = (size_t)(p - value->fraction.ptr);
		if (value->fraction.len == 0)
			return -1;
	}
	int64_t power = 0;
	if (p < end && (*p == 'e' || *p == 'E'))
		p = exponent(p, end, &power);
	if (p != end)
		return -1;
	value->point = (int64_t)value->whole.len + power;
	strip(value);
	if (value->whole.len + value->fraction.len == 0)
		*value = (struct decimal){0};
	return 0;
}

static size_t ndigits(const struct decimal *d)
{
	return d->whole.len + d->fraction.len;
}

static int digit(const struct decimal *d, size_t i)
{
	if (i < d->whole.len)
		return d->whole.ptr[i] - '0';
	i -= d->whole.len;
	return i < d->fraction.len ? d->fraction.ptr[i] - '0' : 0;
}

/* Without the signs. */
static int order_magnitude(const struct decimal *a, const struct decimal *b)
{
	size_t na = ndigits(a), nb = ndigits(b);
	if (na == 0 || nb == 0)
		return (na > 0) - (nb > 0);
	if (a->point != b->point)
		return a->point < b->point ? -1 : 1;
	size_t n = na > nb ? na : nb;
	for (size_t i = 0; i < n; i++) {
		int c = digit(a, i) - digit(b, i);
		if (c != 0)
			return c;
	}
	return 0;
}

int decimal_order(const struct decimal *a, const struct decimal *b)
{
	if (a->negative != b->negative)
		return a->negative ? -1 : 1;
	int c = order_magnitude(a, b);
	return a->negative ? -c : c;
}

int decimal_floor(const struct decimal *value, int64_t *floor, bool *exact)
{
	size_t n = ndigits(value);
	bool beyond = n > 0 && value->point > 19;
	size_t whole = value->point > 0 && !beyond ? (size_t)value->point : 0;
	unsigned __int128 magnitude = 0;
	for (size_t i = 0; i < whole; i++)
		magnitude = magnitude * 10 + (unsigned)digit(value, i);
	*exact = n <= whole;
	if (value->negative && !*exact)
		magnitude++;
	unsigned __int128 most = (unsigned __int128)INT64_MAX + value->negative;
	if (beyond || magnitude > most) {
		*exact = false;
		*floor = value->negative ? INT64_MIN : INT64_MAX;
		return value->negative ? -1 : 1;
	}
	*floor = (int64_t)(value->negative ? -(uint64_t)magnitude : (uint64_t)magnitude);
	return 0;
}
