/* SPDX-License-Identifier: Apache-2.0 */
/* print.h: values that are no texts as text: what wildcards and regular expressions are asked of, and
 * what results show; so a search finds what it shows. */
#ifndef MATCH_PRINT_H
#define MATCH_PRINT_H

#include "batch/batch.h"

enum { PRINT_MAX = 48 };
/* Value i, which is not null, of a column of numbers, booleans, times (as clock_text), UUIDs or addresses
 * (RFC 5952, IPv4 dotted) as text; returns its length. 0 for texts and for an address that has not
 * 16 bytes. */
size_t print_value(const struct column *col, enum col_type type, uint32_t i, char text[PRINT_MAX]);

#endif
