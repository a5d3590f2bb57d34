/* SPDX-License-Identifier: Apache-2.0 */
/* watch_value.h (private to watch_*.c): the values of a watchlist's records; watch_file.h has their form. */
#ifndef IOC_WATCH_VALUE_H
#define IOC_WATCH_VALUE_H

#include "ioc/watch_file.h"

enum {
	WATCH_RANGES = 14, /* kinds of the file beside enum ioc_kind */
	WATCH_BELOW = 15,
	WATCH_OWN = 1, /* flags */
	WATCH_IS_BELOW = 2,
	WATCH_EXPIRES = 4,
	TEXT_MOST = 1024, /* bytes of each text; longer ones are cut */
};
_Static_assert((int)IOC_KINDS <= (int)WATCH_RANGES, "kinds of indicators come first");

/* Where an indicator's own record stands; `key` is made in `out`. */
unsigned watch_own_place(const struct indicator *indicator, struct buf *out);
/* Appends the value of the own record. */
void watch_put_own(const struct watched *watched, struct buf *out);
/* Appends the value of a record that points to it. */
void watch_put_other(
	const struct watched *watched, unsigned own_kind, struct slice own_key, struct buf *out);
/* Reads an own record; texts borrowed from it. False where it is none. */
bool watch_take_own(const struct sorted_record *record, struct watched *out);
/* Flags of a value; 0 where it is empty. */
static inline unsigned watch_flags(struct slice value)
{
	return value.len ? (unsigned char)value.ptr[0] : 0;
}
/* Where the own record of a record stands: it itself, or the one that it points to; borrowed. False where it is damaged. */
bool watch_owner(const struct sorted_record *record, unsigned *kind, struct slice *key);

#endif
