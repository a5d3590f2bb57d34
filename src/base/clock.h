/* SPDX-License-Identifier: Apache-2.0 */
/* clock.h: wall-clock and monotonic time in microseconds, and UTC text. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

#include "base/slice.h"

enum { CLOCK_TEXT = 40 }; /* bytes that clock_text needs */

/* Microseconds since 1970-01-01T00:00:00Z. The environment variable PUGMARK_NOW (microseconds)
 * stands in for it in tests. */
int64_t clock_now_us(void);
/* Microseconds of a clock that never goes back; for durations only. */
int64_t clock_mono_us(void);

/* Writes `2026-11-22T14:03:11.410000Z` (microseconds, UTC) for any int64; returns `text`. Years
 * beyond 9999 or before 0 are written with a sign. */
char *clock_text(int64_t us, char text[CLOCK_TEXT]);

/* Days since 1970-01-01 of a proleptic Gregorian date; month 1–12, day 1–31. */
int64_t clock_days(int64_t year, unsigned month, unsigned day);
/* The date of a day count; the inverse of clock_days. */
void clock_date(int64_t days, int64_t *year, unsigned *month, unsigned *day);

/* Reads a time for people: RFC 3339 date or date-time with any of its ends left out (`2026`,
 * `2026-03`, `2026-03-09`, `2026-03-09T14`, `…T14:03`, `…T14:03:11`, `…:11.25`), `T` or a blank
 * between, `Z`, `+02:00`, `+0200` or no zone (UTC); `now`; `today`, `yesterday` (UTC); or a distance from now: `-7d`, `now-7d`
 * (s m h d w). Whole seconds (10 digits) and milliseconds (13 digits) since 1970 as well. What is written
 * is an interval [*begin, *end): a day for a day, a second for a second, 1 µs for `now`. 0, or -1
 * where it is no time (impossible dates too; leap second :60 is read as the second after :59). */
int clock_parse(struct slice text, int64_t now, int64_t *begin, int64_t *end);
/* "90s", "15m", "1h", "2d", "3w" or plain seconds. 0 or -1. */
int clock_parse_span(const char *text, uint32_t *seconds);

#endif
