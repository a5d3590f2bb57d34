/* SPDX-License-Identifier: Apache-2.0 */
/*
 * identity_run.h (private to identity*.c): a run of identities, in memory or in a file.
 *
 * File, little-endian:
 *   magic, 16 bytes
 *   per day, ascending: cells of 32 bytes in order, in blocks of 128 (the last may be shorter);
 *                       one 48-byte summary per block; filter lines of 64 bytes
 *   the table of sections, 32 bytes each
 *   footer, 48 bytes
 * Blocks have a CRC-32C each (in their summary); summaries and filter of a day have one together
 * (in the table); so has the table (in the footer), and the footer.
 *
 * The summaries say what a block adds to a key's tallies, so that a key with ten million entries
 * (a file that repeats one line) is counted in 80,000 steps in memory, not in ten million on disk.
 *
 * The filter is a Bloom filter of 12 bits a cell, six of them set, all in one 64-byte line: 0.5 % of
 * new keys pass it by chance. Its line is chosen by the key's top bits, as is the place in the run:
 * probing in key order walks memory in order.
 */
#ifndef STORE_IDENTITY_RUN_H
#define STORE_IDENTITY_RUN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/base.h"
#include "store/identity.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "runs are read as they are in memory");

enum {
	BLOCK_CELLS = 128,         /* 4 KiB: what a false hit of the filter costs to read */
	WINDOW_CELLS = 2048,       /* 64 KiB: what reading on costs */
	FILTER_BITS_PER_CELL = 12, /* memory held: 1.9 bytes per entry of the days in use */
	FILTER_LEAST_CELLS = 32,   /* smaller sections have no filter */
	FIRST_DAY = -1,            /* all days before 1970 are one */
	LAST_DAY = 84006, /* so are those from 2200 on: times are hostile, tables bounded */
};

/* An entry. Order: hi, lo, container, place. The key is two numbers, big-endian in the key. */
struct cell {
	uint64_t hi, lo;
	uint32_t container, copy;
	uint64_t place; /* offset << 8 | flags */
};
_Static_assert(sizeof(struct cell) == 32, "part of the file format");

struct block {
	struct cell first;
	uint32_t crc;       /* in files only */
	uint32_t next_copy; /* highest copy + 1; 0 where none is stored */
	uint16_t stored, disjoint;
	uint32_t zero;
};
_Static_assert(sizeof(struct block) == 48, "part of the file format");

/* The entries of one day. */
struct section {
	int32_t day;
	uint32_t nblocks, nlines;
	uint32_t crc;
	uint64_t count, at;       /* cells; offset in the file */
	const struct cell *cells; /* of a run in memory: no blocks, no filter */
	struct block *blocks;     /* of a file, once loaded */
	uint64_t (*filter)[8];    /* likewise; NULL for a small section */
	uint32_t cursor;          /* the block where the last key was: keys come in order */
	uint64_t used;            /* the epoch of the last use, for unloading */
};

struct run {
	char *path; /* NULL = in memory */
	struct id_run info;
	int fd; /* -1 = not open at the moment */
	uint32_t nsections;
	struct section *sections; /* by day */
	struct cell *memory;      /* of a run in memory: room for `room` cells */
	uint64_t room;
	size_t loaded; /* bytes of summaries and filters */
	/* Blocks that were read last: of section `window_of`, [window_at, window_at + window_n). */
	struct cell *window;
	const struct section *window_of;
	uint32_t window_at, window_n;
	uint32_t window_cursor; /* the cell where the last key was */
};

/* What a run holds of one key. */
struct tally {
	uint64_t stored, disjoint, own; /* own: entries of the container asked for */
	uint64_t end;                   /* of the container's places: highest offset + 1, or 0 */
	uint32_t next_copy;
	bool known; /* the place asked for is among them */
};

static inline bool cell_before(const struct cell *a, const struct cell *b)
{
	if (a->hi != b->hi)
		return a->hi < b->hi;
	if (a->lo != b->lo)
		return a->lo < b->lo;
	if (a->container != b->container)
		return a->container < b->container;
	return a->place < b->place;
}
static inline bool cell_same_key(const struct cell *a, const struct cell *b)
{
	return a->hi == b->hi && a->lo == b->lo;
}
static inline bool cell_stored(const struct cell *c)
{
	return !(c->place & ID_SEEN);
}
static inline bool cell_overlaps(const struct cell *c)
{
	return c->place & ID_OVERLAP;
}

/* The filter's line for a key among n, and whether the key may be in it. */
static inline uint64_t *filter_line(uint64_t (*lines)[8], uint64_t n, uint64_t hi)
{
	return lines[(unsigned __int128)hi * n >> 64];
}
static inline bool filter_has(const uint64_t *line, uint64_t lo)
{
	for (int i = 0; i < 6; i++, lo >>= 9) {
		if (!(line[lo >> 6 & 7] >> (lo & 63) & 1))
			return false;
	}
	return true;
}
static inline void filter_put(uint64_t *line, uint64_t lo)
{
	for (int i = 0; i < 6; i++, lo >>= 9)
		line[lo >> 6 & 7] |= UINT64_C(1) << (lo & 63);
}
static inline uint32_t filter_lines(uint64_t cells)
{
	return cells < FILTER_LEAST_CELLS ? 0 : (uint32_t)(cells * FILTER_BITS_PER_CELL / 512 + 1);
}

/* Opens a run file and reads its table; checks lengths against `info`. */
int run_open(const char *dir, const struct id_run *info, struct run **run, struct err *err);
void run_free(struct run *run);
/* What a file says of itself: entries and bytes. No name, no hash. */
int run_describe(const char *path, struct id_run *info, struct err *err);
/* Gives back the file descriptor and the window; they come back when needed. */
void run_close_file(struct run *run);
/* Frees the summaries and the filter of a section of a file. */
void run_unload_section(struct run *run, struct section *section);
/* The same for all sections not used since `epoch`. */
void run_unload(struct run *run, uint64_t epoch);

/* The section of a day, or NULL. */
struct section *run_section(const struct run *run, int32_t day);
/* Reads summaries and filter of a section, where that has not been done. */
int run_load(struct run *run, struct section *section, struct err *err);
/* The cells of a block of a file; borrowed until the next call with this run. NULL on error. */
const struct cell *run_block(
	struct run *run, const struct section *section, uint32_t block, struct err *err);
static inline uint32_t block_cells(const struct section *section, uint32_t block)
{
	uint64_t left = section->count - (uint64_t)block * BLOCK_CELLS;
	return left < BLOCK_CELLS ? (uint32_t)left : BLOCK_CELLS;
}

/* Adds what the (loaded) section holds of at's key to *tally; `own` and `known` are about at's
 * container and place (flags not looked at). */
int run_tally(struct run *run, struct section *section, const struct cell *at, struct tally *tally,
	struct err *err);
/* 1 where the (loaded) section holds at's key at its place, else 0. */
int run_knows(struct run *run, struct section *section, const struct cell *at, struct err *err);

/* A run in memory from cells in order with their days: `cells` becomes the run's. `sections` is
 * copied; only day and count need to be set. */
struct run *run_in_memory(
	struct cell *cells, uint64_t room, const struct section *sections, uint32_t nsections);
/* Fills the summary of n cells (n <= BLOCK_CELLS), but for the CRC. */
void block_summary(struct block *block, const struct cell *cells, uint32_t n);

/* Merges runs (memory or file, each at most once) into a new file at dir/name: fsynced, final name.
 * Cells for which drop() says so, and sections of days before first_day, are left out (drop may be
 * NULL). Where nothing is left, no file is made and info->entries is 0. */
int run_merge(struct run *const *runs, uint32_t n, const char *dir, const char *name,
	bool (*drop)(void *ctx, const struct cell *cell), void *ctx, int32_t first_day,
	struct id_run *info, struct err *err);

/* Sorts references to queries by day, key and position. */
struct ref {
	uint64_t hi, lo;
	uint32_t index; /* of the query */
	int32_t day;    /* clamped */
};
/* `spare` has room for n as well; the result is in `refs`. Linear in n but for keys made to share
 * their first bits, and then n log n. */
void identity_sort(struct ref *refs, struct ref *spare, uint32_t n);

static inline int32_t day_clamp(int32_t day)
{
	if (day == ID_NO_DAY)
		return day;
	return day < FIRST_DAY ? FIRST_DAY : day > LAST_DAY ? LAST_DAY : day;
}

#endif
