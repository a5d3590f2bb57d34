/* SPDX-License-Identifier: Apache-2.0 */
/* clock.c: time without time zones or locales: the Gregorian calendar by integer arithmetic. */
#include "base/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

int64_t clock_now_us(void)
{
	const char *fixed = getenv("PUGMARK_NOW");
	if (fixed && *fixed)
		return strtoll(fixed, NULL, 10);
	struct timespec ts;
	clock_gettime(CLOCK_REALTIME, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

int64_t clock_mono_us(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

/* Years are counted from March, so that the leap day is the last of its year; an era is 400
 * years = 146,097 days. */
int64_t clock_days(int64_t year, unsigned month, unsigned day)
{
	int64_t y = month <= 2 ? year - 1 : year;
	int64_t era = (y >= 0 ? y : y - 399) / 400;
	int64_t year_of_era = y - era * 400;
	int64_t day_of_year = (153 * ((int64_t)month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
	int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
	return era * 146097 + day_of_era - 719468;
}

void clock_date(int64_t days, int64_t *year, unsigned *month, unsigned *day)
{
	int64_t z = days + 719468;
	int64_t era = (z >= 0 ? z : z - 146096) / 146097;
	int64_t day_of_era = z - era * 146097;
	int64_t year_of_era =
		(day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
	int64_t day_of_year =
		day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	int64_t from_march = (5 * day_of_year + 2) / 153;
	*day = (unsigned)(day_of_year - (153 * from_march + 2) / 5 + 1);
	*month = (unsigned)(from_march < 10 ? from_march + 3 : from_march - 9);
	*year = year_of_era + era * 400 + (*month <= 2);
}

/* A number with leading zeros; returns what follows. printf takes ten times as long, and there are millions of times. */
static char *put_digits(char *to, uint32_t value, unsigned digits)
{
	for (unsigned i = digits; i-- > 0; value /= 10)
		to[i] = (char)('0' + value % 10);
	return to + digits;
}

char *clock_text(int64_t us, char text[CLOCK_TEXT])
{
	int64_t seconds = us / 1000000, fraction = us % 1000000;
	if (fraction < 0) {
		fraction += 1000000;
		seconds--;
	}
	int64_t days = seconds / 86400, rest = seconds % 86400;
	if (rest < 0) {
		rest += 86400;
		days--;
	}
	int64_t year;
	unsigned month, day;
	clock_date(days, &year, &month, &day);
	/* All fit into int: an int64 of microseconds reaches 292,277 years either way. */
	int n = 4;
	if (year < 0 || year > 9999)
		n = snprintf(text, CLOCK_TEXT, "%c%04d", year < 0 ? '-' : '+', abs((int)year));
	else
		put_digits(text, (uint32_t)year, 4);
	const struct {
		char before;
		uint32_t value;
		unsigned digits;
	} parts[] = {{'-', month, 2}, {'-', day, 2}, {'T', (uint32_t)(rest / 3600), 2},
		{':', (uint32_t)(rest / 60 % 60), 2}, {':', (uint32_t)(rest % 60), 2},
		{'.', (uint32_t)fraction, 6}};
	char *to = text + n;
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		*to++ = parts[i].before;
		to = put_digits(to, parts[i].value, parts[i].digits);
	}
	memcpy(to, "Z", 2);
	return text;
}
