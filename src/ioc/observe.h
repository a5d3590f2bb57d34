/* SPDX-License-Identifier: Apache-2.0 */
/*
 * observe.h: the observables of a batch: of columns that hold one by what the schema says, and of those inside text.
 * Each distinct value is looked at once; then rows are told by its number.
 */
#ifndef IOC_OBSERVE_H
#define IOC_OBSERVE_H

#include "batch/batch.h"
#include "ioc/sighting.h"

/* A column that is looked at. */
struct observed {
	uint32_t column;    /* a string column of the shape */
	enum ioc_kind kind; /* of its values; ioc_key may change it (ipv4/ipv6, hashes) */
	bool text;          /* observables stand inside its text; `kind` is not read */
};
struct observing {
	const struct observed *columns;
	uint32_t n;
	uint32_t time_column, actor_column;
	uint32_t skip_column; /* rows that are true in it are left out: of secondary sources */
};

/* Numbers that a caller gives to an observable: any number of them, none where it is not wanted. */
struct observed_as;
void observed_as(struct observed_as *to, uint32_t number);

/* Calls `each` for the rows that hold observables which `wanted` gives numbers: rows ascend, of one row each number comes once. A
 * value that stands in many rows is asked for once. Columns that were not read (n = 0) hold nothing. */
void observe_rows(const struct observing *what, const struct batch *batch,
	void (*wanted)(void *ctx, enum ioc_kind kind, struct slice key, struct observed_as *to),
	void (*each)(void *ctx, uint32_t row, uint32_t number), void *ctx);

#endif
