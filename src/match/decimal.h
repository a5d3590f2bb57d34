/* SPDX-License-Identifier: Apache-2.0 */
/*
 * decimal.h: decimal numbers as they are written, compared exactly and without doubles: `-`, digits,
 * a fraction, an exponent (RFC 8259, and leading zeros). Whatever else is no number.
 */
#ifndef MATCH_DECIMAL_H
#define MATCH_DECIMAL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

/* 0.DDDD × 10^point: its digits from the first to the last that is not 0, in one or two parts of the text. */
struct decimal {
	bool negative;
	int64_t point;
	struct slice whole, fraction; /* both empty: zero */
};

/* The whole text as a number; borrows it. 0, or -1 where it is none. An exponent of more than 9
 * digits makes it none. */
int decimal_parse(struct slice text, struct decimal *value);
/* <0, 0, >0. */
int decimal_order(const struct decimal *a, const struct decimal *b);
/* The largest int64 ≤ value. 0; 1 where all int64 are smaller than the value (then INT64_MAX), -1 where all are larger (INT64_MIN). *exact: it is the value. */
int decimal_floor(const struct decimal *value, int64_t *floor, bool *exact);

#endif
