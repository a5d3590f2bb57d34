/* SPDX-License-Identifier: Apache-2.0 */
/* print.c: values that are no texts as text, the way results show them; and the parts of a time. */
#include "match/private.h"

static size_t print_number(int64_t value, char *text)
{
	char digits[20];
	size_t n = 0, at = 0;
	uint64_t left = value < 0 ? -(uint64_t)value : (uint64_t)value;
	do {
		digits[n++] = (char)('0' + left % 10);
		left /= 10;
	} while (left > 0);
	if (value < 0)
		text[at++] = '-';
	while (n > 0)
		text[at++] = digits[--n];
	return at;
}

static int64_t floor_divide(int64_t value, int64_t by)
{
	return value / by - (value % by < 0);
}

/* Writes the last `n` digits of a number. */
static void put_digits(char *to, unsigned n, uint64_t value)
{
	while (n-- > 0) {
		to[n] = (char)('0' + value % 10);
		value /= 10;
	}
}

/* As clock_text, which prints one for people; here a column is printed. */
static size_t print_time(int64_t us, char *text)
{
	static const char form[] = "0000-00-00T00:00:00.000000Z";
	int64_t seconds = floor_divide(us, 1000000), days = floor_divide(seconds, 86400), year;
	unsigned month, day;
	clock_date(days, &year, &month, &day);
	if (year < 0 || year > 9999)
		return strlen(clock_text(us, text));
	uint64_t rest = (uint64_t)(seconds - days * 86400);
	memcpy(text, form, sizeof(form) - 1);
	put_digits(text, 4, (uint64_t)year);
	put_digits(text + 5, 2, month);
	put_digits(text + 8, 2, day);
	put_digits(text + 11, 2, rest / 3600);
	put_digits(text + 14, 2, rest / 60 % 60);
	put_digits(text + 17, 2, rest % 60);
	put_digits(text + 20, 6, (uint64_t)(us - seconds * 1000000));
	return sizeof(form) - 1;
}

size_t print_value(const struct column *col, enum col_type type, uint32_t i, char text[PRINT_MAX])
{
	switch (type) {
	case COL_INT64:
	case COL_INT32:
		return print_number(col->i64[i], text);
	case COL_BOOL:
		memcpy(text, col->bools[i] ? "true" : "false", 5);
		return col->bools[i] ? 4 : 5;
	case COL_TIME:
		return print_time(col->i64[i], text);
	case COL_UUID:
		text_uuid(col->uuid[i], text);
		return UUID_TEXT;
	case COL_IP: {
		struct slice address = column_text(col, i);
		return address.len == 16 ? address_print((const uint8_t *)address.ptr, text) : 0;
	}
	case COL_STRING:
	case COL_JSON:
		break;
	}
	return 0;
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
	switch (part) {
	case PART_MINUTE:
		return rest / 60 % 60;
	case PART_HOUR:
		return rest / 3600;
	case PART_WEEK:
		return iso_week(days);
	case PART_WEEKDAY:
		return days + 3 - floor_divide(days + 3, 7) * 7 + 1;
	case PART_DAY:
	case PART_MONTH:
	case PART_YEAR:
		break;
	}
	clock_date(days, &year, &month, &day);
	return part == PART_DAY ? day : part == PART_MONTH ? month : year;
}
