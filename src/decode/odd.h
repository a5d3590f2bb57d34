/* SPDX-License-Identifier: Apache-2.0 */
/* odd.h: what odd.c and extra.c share. */
#ifndef DECODE_ODD_H
#define DECODE_ODD_H

#include "decode/private.h"

/* Walks the value at p, `depth` containers deep. Returns its end, or NULL with the fault set. */
const char *odd_value(struct decoder *d, unsigned depth, const char *p, bool *repaired);
/* Puts the path of a value, `affectedObjects[0].foo`, into d->path and returns it. */
struct slice extra_path(struct decoder *d, const struct frame *at, struct slice key);

#endif
