/* SPDX-License-Identifier: Apache-2.0 */
/* text_number.c: numbers and sizes to text for people and back, and the distance of two words. */
#include "base/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "base/arena.h"

char *text_count(uint64_t n, char out[32])
{
	char reversed[32], *to = out;
	unsigned len = 0, digits = 0;
	do {
		if (digits > 0 && digits % 3 == 0)
			reversed[len++] = ',';
		reversed[len++] = (char)('0' + n % 10);
		digits++;
		n /= 10;
	} while (n > 0);
	while (len > 0)
		*to++ = reversed[--len];
	*to = '\0';
	return out;
}

char *text_bytes(uint64_t n, char out[32])
{
	static const char *const units[] = {"B", "kB", "MB", "GB", "TB", "PB", "EB"};
	if (n < 1000) {
		snprintf(out, 32, "%" PRIu64 " B", n);
		return out;
	}
	/* In integers: `scale` is the unit's bytes; rounding may lift to the next unit. */
	uint64_t scale = 1000;
	size_t unit = 1;
	while (unit < 6 && n / scale >= 1000) {
		scale *= 1000;
		unit++;
	}
	uint64_t tenths = n / (scale / 10) + (n % (scale / 10) >= scale / 20);
	uint64_t whole = n / scale + (n % scale >= scale / 2);
	if (whole >= 1000 && unit < 6) {
		tenths = 10;
		unit++;
	}
	if (tenths < 100)
		snprintf(out, 32, "%" PRIu64 ".%" PRIu64 " %s", tenths / 10, tenths % 10,
			units[unit]);
	else
		snprintf(out, 32, "%" PRIu64 " %s", whole, units[unit]);
	return out;
}

int text_parse_size(const char *text, uint64_t *bytes)
{
	static const struct {
		const char *name;
		unsigned shift;
	} units[] = {
		{"", 0},
		{"B", 0},
		{"k", 10},
		{"kB", 10},
		{"KiB", 10},
		{"M", 20},
		{"MB", 20},
		{"MiB", 20},
		{"G", 30},
		{"GB", 30},
		{"GiB", 30},
		{"T", 40},
		{"TB", 40},
		{"TiB", 40},
	};
	size_t digits = strspn(text, "0123456789");
	int64_t n;
	if (text_parse_int((struct slice){text, digits}, &n) < 0)
		return -1;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (strcasecmp(text + digits, units[i].name) != 0)
			continue;
		if ((uint64_t)n > UINT64_MAX >> units[i].shift)
			return -1;
		*bytes = (uint64_t)n << units[i].shift;
		return 0;
	}
	return -1;
}

int text_parse_int(struct slice s, int64_t *value)
{
	size_t at = s.len > 0 && s.ptr[0] == '-';
	bool negative = at == 1;
	uint64_t limit = (uint64_t)INT64_MAX + negative;
	uint64_t n = 0;
	if (at == s.len)
		return -1;
	for (; at < s.len; at++) {
		if (s.ptr[at] < '0' || s.ptr[at] > '9')
			return -1;
		uint64_t digit = (uint64_t)(s.ptr[at] - '0');
		if (n > (limit - digit) / 10)
			return -1;
		n = n * 10 + digit;
	}
	*value = (int64_t)(negative ? -n : n);
	return 0;
}

static unsigned least(unsigned a, unsigned b, unsigned c)
{
	unsigned ab = a < b ? a : b;
	return ab < c ? ab : c;
}

/* One row of the table of distances (Wagner and Fischer); only the band of width 2 × limit + 1
 * around the diagonal can hold values within the limit. */
static unsigned next_row(unsigned *row, size_t i, struct slice a, struct slice b, unsigned limit)
{
	size_t first = i > limit ? i - limit : 1;
	size_t last = b.len - i > limit && i < b.len ? i + limit : b.len;
	unsigned diagonal = row[first - 1];
	row[first - 1] = first == 1 && i <= limit ? (unsigned)i : limit + 1;
	unsigned best = row[first - 1];
	for (size_t j = first; j <= last; j++) {
		unsigned above = row[j];
		unsigned change = a.ptr[i - 1] == b.ptr[j - 1] ? 0 : 1;
		row[j] = least(diagonal + change, above + 1, row[j - 1] + 1);
		diagonal = above;
		best = row[j] < best ? row[j] : best;
	}
	return best;
}

unsigned text_distance(struct slice a, struct slice b, unsigned limit)
{
	if (a.len > b.len) {
		struct slice longer = a;
		a = b;
		b = longer;
	}
	if (b.len - a.len > limit)
		return limit + 1;
	unsigned *row = xmalloc((b.len + 1) * sizeof(*row));
	for (size_t j = 0; j <= b.len; j++)
		row[j] = j <= limit ? (unsigned)j : limit + 1;
	unsigned best = 0;
	for (size_t i = 1; i <= a.len && best <= limit; i++)
		best = next_row(row, i, a, b, limit);
	unsigned distance = best > limit ? limit + 1 : row[b.len];
	free(row);
	return distance > limit ? limit + 1 : distance;
}
