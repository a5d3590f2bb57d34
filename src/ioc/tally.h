/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tally.h: the sightings of any number of batches, counted. What is known of each observable is found once and added to, so
 * that a value which stands in every batch is named, sorted and written once.
 *
 * The outcome does not hang on how rows are divided into batches, nor batches among tallies whose sheets are merged.
 */
#ifndef IOC_TALLY_H
#define IOC_TALLY_H

#include "ioc/observe.h"

struct tally;
/* One without sightings; the caller's (tally_free). */
struct tally *tally_new(void);
/* Accepts NULL. */
void tally_free(struct tally *tally);

/* Adds the rows `keep` of a batch (n of them, ascending; NULL = all nrows). One thread at a time. */
void tally_add(struct tally *tally, const struct observing *what, const struct batch *batch,
	const uint32_t *keep, uint32_t n);

/* All sightings as a sheet (not initialised before), which borrows keys and names from the tally. Of more than SIGHTING_ACTORS actors
 * those are kept whose names come first. */
void tally_sheet(const struct tally *tally, struct sheet *out);

#endif
