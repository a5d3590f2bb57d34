/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sighting.h: what is known of each observable in a set of rows: in how many events it is, the first and the last, and who
 * did them. Made from batches (tally.h), kept in files (obs_file.h), merged from many into one.
 */
#ifndef IOC_SIGHTING_H
#define IOC_SIGHTING_H

#include "base/arena.h"
#include "base/err.h"
#include "ioc/kind.h"
#include "ioc/sorted_file.h"

enum {
	SIGHTING_ACTORS = 32,     /* that are kept of one observable */
	SIGHTING_NAMES = 1 << 20, /* actors that a set can name */
};

struct sighting {
	enum ioc_kind kind;
	struct slice key;
	uint64_t events;        /* an event counts once, however often it names the observable */
	int64_t first, last;    /* microseconds; first > last where none of the events has a time */
	const uint32_t *actors; /* nactors of them, ascending: indexes of names */
	uint32_t nactors;
	bool more_actors; /* there are others that were not kept */
};

/* Sightings in the order of sorted files; no two of the same. */
struct sheet {
	struct arena mem;
	struct sighting *list;
	uint32_t n;
	struct slice *names; /* of actors, ascending by bytes */
	uint32_t nnames;
};
void sheet_fini(struct sheet *sheet);

/* Where sightings come from, in order. */
struct sighting_source {
	/* 1 with the next one (borrowed until the next call), 0 at the end, -1. */
	int (*next)(void *ctx, const struct sighting **sighting, struct err *err);
	void *ctx;
	const struct slice *names;
	uint32_t nnames;
};
struct sheet_reader {
	const struct sheet *sheet;
	uint32_t at;
};
struct sighting_source sheet_source(struct sheet_reader *reader, const struct sheet *sheet);

/* All names of the sources, each once, ascending; at most SIGHTING_NAMES. */
struct slice *sighting_names(
	const struct sighting_source *sources, uint32_t n, struct arena *mem, uint32_t *nnames);
/* Hands over what the sources have, as one, with actors as indexes of `names`; `each` returns 0 or -1 with err set. */
int sightings_merge(const struct sighting_source *sources, uint32_t n, const struct slice *names,
	uint32_t nnames, int (*each)(void *ctx, const struct sighting *sighting, struct err *err),
	void *ctx, struct err *err);

#endif
