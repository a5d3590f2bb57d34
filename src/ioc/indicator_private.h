/* SPDX-License-Identifier: Apache-2.0 */
/* indicator_private.h: what the readers of typed values share. */
#ifndef IOC_INDICATOR_PRIVATE_H
#define IOC_INDICATOR_PRIVATE_H

#include "ioc/indicator.h"
#include "ioc/kind_private.h"

/* What a reader of one form says: 1 = read, 0 = not of that form, -1 = of that form and unusable (err set). */

/* indicator_address.c: an address, with a port, as CIDR range or as range of two. */
int indicator_address(
	struct slice text, struct arena *mem, struct indicator *out, bool *wide, struct err *err);
/* Sets *key to the key of `text`; false where it is not of that kind. */
bool indicator_key(enum ioc_kind *kind, struct slice text, struct arena *mem, struct slice *key);
/* The number of leading bits that all addresses of a range share, where it is a CIDR range; else -1. */
int indicator_prefix(struct slice first, struct slice last);

#endif
