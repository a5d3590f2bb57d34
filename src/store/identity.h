/* SPDX-License-Identifier: Apache-2.0 */
/*
 * identity.h (private to store/): which keys are stored, how often, and where they were seen.
 *
 * ids/<table>/ holds immutable sorted runs. A run has sections by day of the event (UTC; `none`
 * for events without a time); a section is sorted 32-byte entries (key, container, offset, copy,
 * flags) with a filter over its keys, in blocks with a CRC-32C each. Look-ups touch only the sections of the
 * days that a batch touches, and only their filters for keys that are new.
 *
 * Meaning. For a key, S = stored copies. D = distinct (container, offset) over disjoint containers.
 * O(c) = distinct offsets in overlapping container c. A sighting at (container, offset) that is
 * known is a copy. Otherwise it is counted (D or O(c) grows by one), and it is stored only where
 * max(D, max O) > S. Keys from a record's own id (ROW_HAS_ID) are stored once at the most.
 */
#ifndef STORE_IDENTITY_H
#define STORE_IDENTITY_H

#include "store/store.h"

enum {
	ID_SEEN = 1 /* a sighting that was not stored */,
	ID_OVERLAP = 2 /* of an overlapping container */
};
#define ID_NO_DAY INT32_MIN

/* Offsets have 56 bits, so that an entry with its flags is 32 bytes in a run. */
#define ID_OFFSET_END (UINT64_C(1) << 56)

/* One sighting of a key. */
struct id_entry {
	uint8_t key[16];
	uint32_t container;
	uint32_t copy;   /* which stored copy it made; 0 where ID_SEEN */
	uint64_t offset; /* in the container; below ID_OFFSET_END */
	uint8_t flags;
};

/* The open identities of one table: committed runs plus those of the segment in progress. */
struct identity;

/* One committed run as the catalog lists it. */
struct id_run {
	char name[64]; /* file name within ids/<table>/ */
	uint64_t entries, bytes;
	uint8_t sha256[32];
};

/* Opens the runs listed (file names under `dir`). Filters are loaded at first use of a section. */
int identity_open(const char *dir, const struct id_run *runs, uint32_t nruns,
	struct identity **identity, struct err *err);
/* Takes a new list (another process committed): keeps what is open and still listed. */
int identity_reload(
	struct identity *identity, const struct id_run *runs, uint32_t nruns, struct err *err);
void identity_close(struct identity *identity);

/* One sighting to be judged. */
struct id_query {
	uint8_t key[16];
	int32_t day; /* days since 1970-01-01 of event_time, or ID_NO_DAY */
	bool has_id; /* ROW_HAS_ID */
	uint64_t offset;
	/* out: */
	bool stored; /* true: new, to be stored as copy `copy` */
	uint32_t copy;
};
/* Judges n sightings in order within one container and remembers them in the pending set.
 * ERR_LIMIT for an offset of ID_OFFSET_END or more; after an error the pending set must be discarded. */
int identity_judge(struct identity *identity, struct id_query *queries, uint32_t n,
	uint32_t container, bool overlap, struct err *err);

/* Writes the pending set as one run file (fsynced, final name) and describes it in *run; *run.entries is 0
 * where nothing was pending. The pending set stays until identity_committed or identity_discard. */
int identity_write(
	struct identity *identity, const char *name, struct id_run *run, struct err *err);
void identity_committed(struct identity *identity, const struct id_run *run);
void identity_discard(struct identity *identity);

/* Runs that should be merged now (size-tiered, so that a day has at most 8): how many of them, and
 * which, or 0. */
uint32_t identity_merge_plan(const struct identity *identity, uint32_t *indexes, uint32_t max);
/* Merges those runs into one new file. `closed` says whether an overlapping container is over: its
 * unstored sightings are dropped. `first_day` drops sections of earlier days (retention); INT32_MIN
 * drops none. Does not change the open list: the caller commits and calls identity_reload. */
int identity_merge(struct identity *identity, const uint32_t *indexes, uint32_t n, const char *name,
	bool (*closed)(void *ctx, uint32_t container), void *ctx, int32_t first_day,
	struct id_run *run, struct err *err);

/* An entry with the day it stands under. */
struct id_dated {
	int32_t day;
	struct id_entry entry;
};
/* Writes a run of the entries given, in any order (sorts them in place), at dir/name. For a table
 * that is made anew. */
int identity_build(const char *dir, const char *name, struct id_dated *entries, uint32_t n,
	struct id_run *run, struct err *err);
/* Writes what the runs hold of sightings that were not stored; run->entries is 0 where there are
 * none. */
int identity_copy_seen(const char *dir, const struct id_run *runs, uint32_t n, const char *name,
	struct id_run *run, struct err *err);
/* The earliest day of a run but ID_NO_DAY (INT32_MAX: it has no other). */
int32_t identity_run_first_day(const struct identity *identity, uint32_t index);

/* Checks one run file whole: lengths, CRCs, order, SHA-256. */
int identity_check(const char *path, const struct id_run *run, struct err *err);

/* Entries of a run in order (for rebuild and tests). */
int identity_each(const char *path,
	int (*each)(void *ctx, int32_t day, const struct id_entry *entry, struct err *err),
	void *ctx, struct err *err);

#endif
