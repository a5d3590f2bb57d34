/* SPDX-License-Identifier: Apache-2.0 */
/* damage.h: lines as they should not be, made from good ones. */
#ifndef GENERATE_DAMAGE_H
#define GENERATE_DAMAGE_H

#include "write.h"

enum line_kind { LINE_EVENT, LINE_TWIN, LINE_REPAIRED, LINE_NO_TIME, LINE_REJECT, LINE_KINDS };

/* Writes damage number `n` (they follow one another in a circle) of a good line (without newline)
 * to p, which has room for it and LINE_ROOM more. Returns the end; *kind says what should become
 * of it. */
char *damage_line(
	char *p, struct slice line, const struct format *format, uint32_t n, enum line_kind *kind);

#endif
