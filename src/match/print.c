/* SPDX-License-Identifier: Apache-2.0 */
/* print.c: values that are no strings as text, the way results show them; and the parts of a time. */
#include "match/private.h"

#include <inttypes.h>
#include <stdio.h>

static size_t print_uuid(const uint8_t uuid[16], char *text)
{
	static const char hex[] = "0123456789abcdef";
	size_t at = 0;
	for (unsigned i = 0; i < 16; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			text[at++] = '-';
		text[at++] = hex[uuid[i] >> 4];
		text[at++] = hex[uuid[i] & 15];
	}
	return at;
}

size_t print_value(const struct column *col, enum col_type type, uint32_t i, char text[PRINT_MAX])
{
	switch (type) {
	case COL_INT64:
	case COL_INT32:
		return (size_t)snprintf(text, PRINT_MAX, "%" PRId64, col->i64[i]);
	case COL_BOOL:
		return (size_t)snprintf(text, PRINT_MAX, "%s", col->bools[i] ? "true" : "false");
	case COL_TIME:
		return strlen(clock_text(col->i64[i], text));
	case COL_UUID:
		return print_uuid(col->uuid[i], text);
	case COL_STRING:
	case COL_JSON:
	case COL_IP:
		break;
	}
	return 0;
}

static int64_t floor_divide(int64_t value, int64_t by)
{
	return value / by - (value % by < 0);
}

/* ISO 8601: the week of a day is that of its Thursday. 1970-01-01 was one. */
static int64_t iso_week(int64_t days)
{
	int64_t year;
	unsigned month, day;
	int64_t thursday = floor_divide(days + 3, 7) * 7;
	clock_date(thursday, &year, &month, &day);
	return (thursday - clock_days(year, 1, 1)) / 7 + 1;
}

int64_t time_part(int64_t us, enum time_part part)
{
	int64_t seconds = floor_divide(us, 1000000), days = floor_divide(seconds, 86400);
	int64_t rest = seconds - days * 86400, year;
	unsigned month, day;
	clock_date(days, &year, &month, &day);
	switch (part) {
	case PART_MINUTE:
		return rest / 60 % 60;
	case PART_HOUR:
		return rest / 3600;
	case PART_DAY:
		return day;
	case PART_WEEK:
		return iso_week(days);
	case PART_WEEKDAY:
		return days + 3 - floor_divide(days + 3, 7) * 7 + 1;
	case PART_MONTH:
		return month;
	case PART_YEAR:
		return year;
	}
	return 0;
}
