/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scalar.c: DuckDB's numbers, times, UUIDs, bit strings and BLOBs as text. Whole numbers are
 * written from their integers, never through doubles.
 */
#include "query/cell.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/text.h"

enum { DIGITS_128 = 40, SECONDS_DAY = 86400 };

static const int64_t power_of_ten[] = {
	1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000, 1000000000};

struct slice scalar_bytes(const struct cell_plan *plan, uint64_t row)
{
	const duckdb_string_t *s = (const duckdb_string_t *)plan->data + row;
	uint32_t len = s->value.inlined.length;
	const char *ptr = len <= sizeof(s->value.inlined.inlined) ? s->value.inlined.inlined
								  : s->value.pointer.ptr;
	return (struct slice){ptr, len};
}

/* A number with `scale` digits behind the point. */
static void write_digits(struct buf *out, bool negative, unsigned __int128 value, unsigned scale)
{
	char text[DIGITS_128 + 4], *at = text + sizeof(text);
	unsigned n = 0;
	do {
		*--at = (char)('0' + (unsigned)(value % 10));
		value /= 10;
		if (++n == scale)
			*--at = '.';
	} while (value || n < scale + 1);
	if (negative)
		*--at = '-';
	buf_append(out, at, (size_t)(text + sizeof(text) - at));
}

static void write_i128(struct buf *out, __int128 value, unsigned scale)
{
	bool negative = value < 0;
	unsigned __int128 size = (unsigned __int128)value;
	write_digits(out, negative, negative ? -size : size, scale);
}

static __int128 hugeint(const duckdb_hugeint *value)
{
	unsigned __int128 bits = (unsigned __int128)(uint64_t)value->upper << 64 | value->lower;
	return (__int128)bits;
}

/* An integer of any storage type but UHUGEINT. */
static __int128 integer(duckdb_type type, const void *data, uint64_t row)
{
	switch ((int)type) {
	case DUCKDB_TYPE_TINYINT:
		return ((const int8_t *)data)[row];
	case DUCKDB_TYPE_SMALLINT:
		return ((const int16_t *)data)[row];
	case DUCKDB_TYPE_INTEGER:
		return ((const int32_t *)data)[row];
	case DUCKDB_TYPE_BIGINT:
		return ((const int64_t *)data)[row];
	case DUCKDB_TYPE_UTINYINT:
		return ((const uint8_t *)data)[row];
	case DUCKDB_TYPE_USMALLINT:
		return ((const uint16_t *)data)[row];
	case DUCKDB_TYPE_UINTEGER:
		return ((const uint32_t *)data)[row];
	case DUCKDB_TYPE_UBIGINT:
		return ((const uint64_t *)data)[row];
	default:
		return hugeint((const duckdb_hugeint *)data + row);
	}
}

/* The shortest text that reads back as the same number. */
static enum cell_kind write_double(struct buf *out, double value, bool single)
{
	char text[40];
	if (!isfinite(value)) {
		buf_puts(out, isnan(value) ? "nan" : value < 0 ? "-inf" : "inf");
		return CELL_TEXT;
	}
	for (int digits = single ? 6 : 15; digits <= 17; digits++) {
		snprintf(text, sizeof(text), "%.*g", digits, value);
		if (single ? strtof(text, NULL) == (float)value : strtod(text, NULL) == value)
			break;
	}
	buf_puts(out, text);
	if (!strpbrk(text, ".e"))
		buf_puts(out, ".0");
	return CELL_NUMBER;
}

static void write_date(struct buf *out, int64_t days)
{
	int64_t year;
	unsigned month, day;
	clock_date(days, &year, &month, &day);
	if (year < 0 || year > 9999)
		buf_printf(out, "%+05" PRId64 "-%02u-%02u", year, month, day);
	else
		buf_printf(out, "%04" PRId64 "-%02u-%02u", year, month, day);
}

/* Time of day from a count of parts, of which a second has 10^digits. */
static void write_clock(struct buf *out, int64_t parts, unsigned digits)
{
	int64_t per = power_of_ten[digits], seconds = parts / per;
	buf_printf(out, "%02" PRId64 ":%02" PRId64 ":%02" PRId64, seconds / 3600, seconds / 60 % 60,
		seconds % 60);
	if (digits)
		buf_printf(out, ".%0*" PRId64, (int)digits, parts % per);
}

static void write_timestamp(struct buf *out, int64_t parts, unsigned digits)
{
	if (parts == INT64_MAX || parts == -INT64_MAX) {
		buf_puts(out, parts > 0 ? "infinity" : "-infinity");
		return;
	}
	int64_t per_day = SECONDS_DAY * power_of_ten[digits];
	int64_t days = parts / per_day, rest = parts % per_day;
	if (rest < 0) {
		rest += per_day;
		days--;
	}
	write_date(out, days);
	buf_push(out, 'T');
	write_clock(out, rest, digits);
	buf_push(out, 'Z');
}

/* 40 bits of microseconds, 24 of 15:59:59 minus the offset from UTC. */
static void write_time_tz(struct buf *out, uint64_t bits)
{
	int offset = 16 * 3600 - 1 - (int)(bits & 0xffffff);
	write_clock(out, (int64_t)(bits >> 24), 6);
	buf_printf(out, "%c%02d:%02d", offset < 0 ? '-' : '+', abs(offset) / 3600,
		abs(offset) / 60 % 60);
}

static void write_part(struct buf *out, int64_t n, const char *what, size_t from)
{
	if (n)
		buf_printf(out, "%s%" PRId64 " %s%s", out->len > from ? " " : "", n, what,
			n == 1 || n == -1 ? "" : "s");
}

static void write_interval(struct buf *out, const duckdb_interval *value)
{
	size_t from = out->len;
	write_part(out, value->months / 12, "year", from);
	write_part(out, value->months % 12, "month", from);
	write_part(out, value->days, "day", from);
	if (!value->micros && out->len > from)
		return;
	/* Away from zero, since INT64_MIN has no positive twin. */
	uint64_t micros = value->micros < 0 ? -(uint64_t)value->micros : (uint64_t)value->micros;
	buf_printf(out, "%s%s", out->len > from ? " " : "", value->micros < 0 ? "-" : "");
	write_clock(out, (int64_t)(micros & INT64_MAX), 6);
}

static void write_hex(struct buf *out, const unsigned char *bytes, size_t n)
{
	static const char digit[] = "0123456789abcdef";
	char *at = buf_reserve(out, n * 2);
	if (!at)
		return;
	for (size_t i = 0; i < n; i++) {
		*at++ = digit[bytes[i] >> 4];
		*at++ = digit[bytes[i] & 15];
	}
	out->len += n * 2;
}

/* Ordered as a signed number, so the first bit is turned over. */
static void write_uuid(struct buf *out, const duckdb_hugeint *value)
{
	unsigned __int128 bits = (unsigned __int128)hugeint(value) ^ (unsigned __int128)1 << 127;
	uint8_t bytes[16];
	char text[UUID_TEXT];
	for (int i = 15; i >= 0; i--, bits >>= 8)
		bytes[i] = (uint8_t)bits;
	text_uuid(bytes, text);
	buf_append(out, text, sizeof(text));
}

/* The first byte says how many leading bits are padding. */
static void write_bits(struct buf *out, struct slice bytes)
{
	const unsigned char *p = (const unsigned char *)bytes.ptr;
	if (bytes.len == 0)
		return;
	for (size_t i = p[0]; i < (bytes.len - 1) * 8; i++)
		buf_push(out, p[1 + i / 8] >> (7 - i % 8) & 1 ? '1' : '0');
}

static void write_enum(const struct cell_plan *plan, uint64_t row, struct buf *out)
{
	__int128 code = integer(plan->storage, plan->data, row);
	if (code >= 0 && code < plan->nnames)
		buf_puts(out, plan->names[(size_t)code]);
}

static void write_day(struct buf *out, int32_t days)
{
	if (days == INT32_MAX || days == -INT32_MAX)
		buf_puts(out, days > 0 ? "infinity" : "-infinity");
	else
		write_date(out, days);
}

static enum cell_kind write_text(const struct cell_plan *plan, uint64_t row, struct buf *out)
{
	const int64_t *i64 = plan->data;
	switch ((int)plan->type) {
	case DUCKDB_TYPE_TIMESTAMP:
	case DUCKDB_TYPE_TIMESTAMP_TZ:
		write_timestamp(out, i64[row], 6);
		break;
	case DUCKDB_TYPE_TIMESTAMP_S:
		write_timestamp(out, i64[row], 0);
		break;
	case DUCKDB_TYPE_TIMESTAMP_MS:
		write_timestamp(out, i64[row], 3);
		break;
	case DUCKDB_TYPE_TIMESTAMP_NS:
		write_timestamp(out, i64[row], 9);
		break;
	case DUCKDB_TYPE_DATE:
		write_day(out, ((const int32_t *)plan->data)[row]);
		break;
	case DUCKDB_TYPE_TIME:
		write_clock(out, i64[row], 6);
		break;
	case DUCKDB_TYPE_TIME_NS:
		write_clock(out, i64[row], 9);
		break;
	case DUCKDB_TYPE_TIME_TZ:
		write_time_tz(out, ((const uint64_t *)plan->data)[row]);
		break;
	case DUCKDB_TYPE_INTERVAL:
		write_interval(out, (const duckdb_interval *)plan->data + row);
		break;
	case DUCKDB_TYPE_UUID:
		write_uuid(out, (const duckdb_hugeint *)plan->data + row);
		break;
	case DUCKDB_TYPE_ENUM:
		write_enum(plan, row, out);
		break;
	case DUCKDB_TYPE_BIT:
		write_bits(out, scalar_bytes(plan, row));
		break;
	case DUCKDB_TYPE_SQLNULL:
		return CELL_NULL;
	default: { /* BLOB, and whatever else is stored as bytes */
		struct slice bytes = scalar_bytes(plan, row);
		write_hex(out, (const unsigned char *)bytes.ptr, bytes.len);
	}
	}
	return CELL_TEXT;
}

enum cell_kind scalar_write(const struct cell_plan *plan, uint64_t row, struct buf *out)
{
	switch ((int)plan->type) {
	case DUCKDB_TYPE_BOOLEAN:
		buf_puts(out, ((const uint8_t *)plan->data)[row] ? "true" : "false");
		return CELL_BOOL;
	case DUCKDB_TYPE_TINYINT:
	case DUCKDB_TYPE_SMALLINT:
	case DUCKDB_TYPE_INTEGER:
	case DUCKDB_TYPE_BIGINT:
	case DUCKDB_TYPE_UTINYINT:
	case DUCKDB_TYPE_USMALLINT:
	case DUCKDB_TYPE_UINTEGER:
	case DUCKDB_TYPE_UBIGINT:
	case DUCKDB_TYPE_HUGEINT:
		write_i128(out, integer(plan->type, plan->data, row), 0);
		return CELL_NUMBER;
	case DUCKDB_TYPE_UHUGEINT:
		write_digits(out, false,
			(unsigned __int128)hugeint((const duckdb_hugeint *)plan->data + row), 0);
		return CELL_NUMBER;
	case DUCKDB_TYPE_DECIMAL:
		write_i128(out, integer(plan->storage, plan->data, row), plan->scale);
		return CELL_NUMBER;
	case DUCKDB_TYPE_FLOAT:
		return write_double(out, (double)((const float *)plan->data)[row], true);
	case DUCKDB_TYPE_DOUBLE:
		return write_double(out, ((const double *)plan->data)[row], false);
	default:
		return write_text(plan, row, out);
	}
}
