/* SPDX-License-Identifier: Apache-2.0 */
/* identity_private.h (private to identity*.c): the open identities of a table. */
#ifndef STORE_IDENTITY_PRIVATE_H
#define STORE_IDENTITY_PRIVATE_H

#include "store/identity_run.h"

enum {
	SHELF_MOST = 262144, /* cells of a pending run above which it is merged only when written */
	FILES_MOST = 32,     /* run files kept open between two calls */
	DAY_RUNS_MOST = 8,   /* runs that may cover a day */
	RUNS_MOST = 64,      /* runs of a table */
	PENDING_USUAL =
		1 << 20, /* entries of a full segment: what the pending filter is made for */
	SPARES = 8,      /* arrays of cells kept for use again */
	MERGE_MOST = 16, /* runs merged at once to come below RUNS_MOST */
};
/* Summaries and filters kept loaded; beyond it those of the day in use only. */
#define LOADED_MOST ((size_t)64 << 20)

struct slot {
	struct id_run info;
	struct run *run; /* NULL: could not be opened when it was committed; tried again */
};

struct identity {
	char *dir;
	struct slot *slots;
	uint32_t nslots;
	uint64_t epoch; /* counts days looked at */
	/* Pending: runs in memory, about each half as large as the one before, and one filter over all
	 * of them. */
	struct run **shelves;
	uint32_t nshelves, shelves_cap;
	uint64_t pending;
	uint64_t (*filter)[8];
	uint32_t nlines;
	/* Arrays of cells to be used again: fresh memory costs the kernel more than it costs us. */
	struct {
		struct cell *cells;
		uint64_t room;
	} spares[SPARES];
	/* Memory used by one call and kept for the next. */
	struct ref *refs, *spare;
	uint8_t *touched;
	struct place_ref *places;
	uint32_t room;
};

/* identity_shelf.c */

/* Makes the pending filter fit for n more cells. */
void shelf_filter_grow(struct identity *identity, uint32_t n);
/* An array for n cells; *room tells how many there is room for. */
struct cell *shelf_cells(struct identity *identity, uint64_t n, uint64_t *room);
/* Gives it back. */
void shelf_return(struct identity *identity, struct cell *cells, uint64_t room);
/* Takes over the cells of one call, puts them into the filter, and merges small shelves. */
void shelf_push(struct identity *identity, struct cell *cells, uint64_t room,
	const struct section *sections, uint32_t nsections);
void shelf_clear(struct identity *identity);

/* Opens what is not open. */
int identity_open_runs(struct identity *identity, struct err *err);

#endif
