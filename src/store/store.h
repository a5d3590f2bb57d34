/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store.h: the data folder: vault (raw bytes), tables (Parquet), identities, and the catalog that
 * makes a segment of all of them visible in one transaction, or none of it.
 *
 *   catalog.db                        SQLite, WAL, synchronous=FULL
 *   vault/<source>/NNNNNN.zst|.idx    raw records in independent zstd frames; index of records
 *   tables/<table>/<segment>.parquet
 *   ids/<table>/…run                  identity runs, see identity.h
 *
 * What was connected, its sealed secrets and the completeness ledger are rows of the catalog too, with
 * headers of their own: connections.h, secrets.h, ledger.h.
 *
 * Writing: one writer at a time per folder. A segment holds the writer's lease from its first
 * look-up of identities to its commit. Reading: any number of processes, at any time.
 * Threads: a store may be used by one thread at a time, except: between a segment's begin and its
 * commit, one thread may identify while another appends, and any number of them may pack.
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/base.h"
#include "batch/batch.h"

struct store;
struct ledger_note;

enum store_mode {
	STORE_READ,  /* ERR_NOT_FOUND where there is no store; never writes */
	STORE_WRITE, /* creates the folder and the catalog where missing; sweeps orphans */
};

/* Opens the data folder. Refuses a format version that is newer than this program, migrates older
 * ones forward (STORE_WRITE). At start, with the lease free: what lies beyond committed lengths and
 * files that no segment names are removed. */
int store_open(const char *dir, enum store_mode mode, struct store **store, struct err *err);
void store_close(struct store *store);
const char *store_dir(const struct store *store);
/* The format version of the folder, or -1. */
int store_format(struct store *store, struct err *err);

/* ---- writing -------------------------------------------------------------------------------- */

/* Where copies of a key are counted (DESIGN.md section 6). */
enum container_kind {
	CONTAINER_OVERLAP, /* one reading of something that may overlap anything: an API sweep, an import
	                       of unknown origin. The largest count of any such container holds. */
	CONTAINER_DISJOINT, /* a log of a node: places in it are events of their own; counts add up */
};

/* The id of a container, made where missing. Names of overlapping ones are chosen by the caller and
 * new for each reading ("import 17"); names of disjoint ones say what they are ("node-a/2026…log"). */
int store_container(struct store *store, const char *table, enum container_kind kind,
	const char *name, uint32_t *id, struct err *err);

/* The same where it is there already: 1, else 0; -1 error. */
int store_container_find(
	struct store *store, const char *table, const char *name, uint32_t *id, struct err *err);

/* A container's name, appended to `out`. 1 found, 0 none, -1 error. */
int store_container_name(struct store *store, uint32_t id, struct buf *out, struct err *err);

/* The reading that an overlapping container counts is over: what was seen in it but not stored need
 * not be remembered any longer. 0 or -1. */
int store_container_close(struct store *store, uint32_t id, struct err *err);

/* A part of the input that was rejected: consecutive rejected lines with the same kind of reason may
 * be one part. One that was stored before (same table, source, input, place and bytes) is not stored
 * and not counted again. */
struct reject_part {
	uint64_t input_offset; /* in the (unpacked) input */
	struct slice bytes;    /* borrowed until segment_append */
	uint32_t lines;
	const char *reason;
	const char
		*input; /* where a segment holds several inputs: its name; NULL = the segment's */
	bool continues; /* belongs to the part before (pieces of an over-long line) */
};

/* A segment being written: one table, one source, up to LIMIT_SEGMENT_BATCHES batches or about LIMIT_SEGMENT_ROWS rows. */
struct segment;

/* Waits for the lease and begins. `source` must match [a-z0-9][a-z0-9._-]{0,62}. `received_at` and
 * `input` (a name for people: file, window) go into the catalog. */
int segment_begin(struct store *store, const struct batch_shape *shape, const char *source,
	const char *input, int64_t received_at, struct segment **segment, struct err *err);

/* Step 1, in input order: looks up batch->keys, sets ROW_DROP on copies, fills SYS_EVENT_ID,
 * SYS_VAULT_* of rows that stay and allots vault frames for them and for the rejects. The places within
 * `container` are batch->places, or the records' offsets (batch->raw_offset + records[i].off +
 * container_offset).
 * `batch` may have 0 rows. *kept = rows that stay. */
int segment_identify(struct segment *segment, struct batch *batch, uint32_t container,
	uint64_t container_offset, const struct reject_part *rejects, uint32_t nrejects,
	uint32_t *kept, struct err *err);

/* Step 2 (any thread): the batch's kept rows as a Parquet row group and as vault frames. Pure: no
 * files are touched. Must be called after identify of the same batch. */
struct segment_pack;
struct segment_pack *segment_pack(const struct segment *segment, const struct batch *batch,
	const struct reject_part *rejects, uint32_t nrejects);
void segment_pack_free(struct segment_pack *pack);

/* Step 3, in input order: appends to the segment's files. The pack stays the caller's. */
int segment_append(struct segment *segment, const struct segment_pack *pack, struct err *err);

/* What goes into the catalog with the commit, beside the segment itself. */
struct segment_facts {
	const char *checkpoint_key; /* NULL = none */
	const char *checkpoint;     /* text */
	uint64_t duplicates;        /* for the source's counters; expired records among them */
	uint64_t input_bytes;
	uint8_t schema_fingerprint[32];
	const char *drift_json; /* NULL = none: [{"path":…,"kind":…,"seen":…,"count":…}] */
	const struct ledger_note *ledger; /* NULL = none; ledger.h */
};
/* Step 4: fsync, rename, fsync, one transaction. The segment is freed and the lease given back,
 * also on failure (then nothing of it is visible). A segment without rows makes no Parquet file and
 * is not listed by store_segments; its rejects, facts and sightings are recorded. *segment_id may be
 * NULL; it is 0 where there are no rows. After a failed fsync all further writing is refused until
 * the store is opened anew. */
int segment_commit(struct segment *segment, const struct segment_facts *facts, uint64_t *segment_id,
	struct err *err);
/* Gives everything up; accepts NULL. */
void segment_abort(struct segment *segment);

/* ---- reading -------------------------------------------------------------------------------- */

struct segment_info {
	uint64_t id;
	const char *table;
	const char *source; /* of its rows; of compacted ones all, "a, b" */
	const char *input;  /* of compacted ones one of them: "a.log and others" */
	const char *path;   /* absolute or relative to the working folder, as `dir` was */
	uint64_t rows, bytes, raw_bytes;
	int64_t min_time, max_time; /* microseconds; min > max where no row has a time */
	uint64_t no_time;
	uint8_t min_event_id[16], max_event_id[16];
	uint8_t sha256[32];
	int64_t received_at, committed_at;
	bool compacted;
};
/* Calls `each` for the live segments, newest max_time first; `table` NULL = all. Stops where it
 * returns non-zero and returns that. Texts are borrowed for the call. */
int store_segments(struct store *store, const char *table,
	int (*each)(void *ctx, const struct segment_info *info, struct err *err), void *ctx,
	struct err *err);

struct reject_info {
	uint64_t id;
	const char *table, *source, *input, *reason,
		*state; /* state: "open", "retried", "dismissed" */
	uint64_t input_offset, bytes;
	uint32_t lines;
	int64_t received_at;
};
/* Calls `each` for the rejects, oldest first; as store_segments. */
int store_rejects(struct store *store,
	int (*each)(void *ctx, const struct reject_info *info, struct err *err), void *ctx,
	struct err *err);
/* The same of the newest `most` (0 = all), newest first. */
int store_rejects_newest(struct store *store, uint64_t most,
	int (*each)(void *ctx, const struct reject_info *info, struct err *err), void *ctx,
	struct err *err);
/* Appends the raw bytes of a reject (at most `max`) to `out`. */
int store_reject_bytes(struct store *store, uint64_t id, struct buf *out, struct err *err);
/* The container that the input of a reject counted in. 1 found, 0 not known (written by an older
 * program), -1 error. */
int store_reject_container(struct store *store, uint64_t id, uint32_t *container, struct err *err);
int store_reject_set_state(struct store *store, uint64_t id, const char *state, struct err *err);

/* A record's place in the vault. */
struct vault_place {
	const char *source;
	uint32_t file, frame, offset, length;
};
/* Reads a record's bytes (frame checked against the catalog's SHA-256) and appends them to `out`. */
int store_read_raw(
	struct store *store, const struct vault_place *place, struct buf *out, struct err *err);
/* Finds an event by id: the segment's path, row group and row. 1 found, 0 not there, -1 error. */
struct event_place {
	char path[1024], table[128];
	uint32_t group, row;
};
int store_find_event(struct store *store, const uint8_t event_id[16], struct event_place *place,
	struct err *err);

struct table_info {
	const char *table;
	uint64_t segments, rows, bytes, raw_bytes, no_time, rejects;
	int64_t min_time, max_time;
	int64_t first_day; /* days since 1970: retention dropped what is earlier; INT64_MIN + 1 = nothing */
	unsigned keep_days; /* retention; 0 = all is kept */
};
/* Calls `each` for the tables that hold anything, by name; as store_segments. */
int store_tables(struct store *store,
	int (*each)(void *ctx, const struct table_info *info, struct err *err), void *ctx,
	struct err *err);

/* What there is of a source now; duplicates and the times are of all that ever came. */
struct source_info {
	const char *source;
	uint64_t segments, rows, raw_bytes, vault_bytes, duplicates, rejects;
	int64_t first_received, last_received, oldest_raw;
};
/* Calls `each` for the sources that anything came from, by name; as store_segments. */
int store_sources(struct store *store,
	int (*each)(void *ctx, const struct source_info *info, struct err *err), void *ctx,
	struct err *err);

/* 0 where `source` may name a source or connection, [a-z0-9][a-z0-9._-]{0,62}; else -1. */
int store_check_source(const char *source, struct err *err);
/* A checkpoint's text, appended to `out`. 1 found, 0 none, -1 error. */
int store_checkpoint(struct store *store, const char *key, struct buf *out, struct err *err);

struct drift_info {
	const char *table, *path, *kind, *seen;
	uint64_t count;
	int64_t first_seen, last_seen;
};
/* Calls `each` for the fields that differ from the schema (`table` NULL = all); as store_segments. */
int store_drift(struct store *store, const char *table,
	int (*each)(void *ctx, const struct drift_info *info, struct err *err), void *ctx,
	struct err *err);

/* ---- what one process at a time does --------------------------------------------------------- */

/* Holds a file of the folder (made where missing; its own folder must be there) until it is unlocked or the process ends:
 * flock(2). 1 held, 0 another has it (where !wait), -1; *lock is NULL then. */
struct store_lock;
int store_lock(struct store *store, const char *file, bool wait, struct store_lock **lock,
	struct err *err);
/* Gives it back; accepts NULL. */
void store_unlock(struct store_lock *lock);
#define DETECT_LOCK "detect.lock" /* who looks at new segments */
#define NOTIFY_LOCK "notify.lock" /* who sends notices */

/* ---- saved searches -------------------------------------------------------------------------- */

enum { SAVED_NAME = 100 }; /* bytes of a name */
struct saved_search {
	const char *name;    /* for people: any letters, no control characters */
	const char *query;   /* the search language */
	const char *options; /* whatever the program that saved it wants to keep; NULL = "" */
	int64_t saved_at;    /* read only */
};
/* Saves, or replaces the one of that name. 0 or -1. */
int store_saved_put(struct store *store, const struct saved_search *saved, struct err *err);
/* 1 found, texts in `mem`; 0 none of that name; -1. */
int store_saved_get(struct store *store, const char *name, struct arena *mem,
	struct saved_search *saved, struct err *err);
/* Calls `each` for all of them, by name; as store_segments. */
int store_saved_list(struct store *store,
	int (*each)(void *ctx, const struct saved_search *saved, struct err *err), void *ctx,
	struct err *err);
/* 1 removed, 0 none of that name, -1. */
int store_saved_remove(struct store *store, const char *name, struct err *err);

/* ---- keeping -------------------------------------------------------------------------------- */

struct progress {
	void (*step)(void *ctx, uint64_t done, uint64_t total, const char *what);
	void *ctx;
	const volatile int *stop; /* non-zero: stop at the next safe point with ERR_INTERRUPTED */
};

/* What `verify` found wrong: the file (relative to the folder), what, and what it means. */
typedef void store_damage(void *ctx, const char *file, const char *what);
/* Re-hashes every frame and file, recounts rows, checks identity runs and the catalog. Everything is
 * checked even after damage. *damaged = how many findings. 0 or -1 (could not check at all). */
int store_verify(struct store *store, store_damage *found, void *ctx,
	const struct progress *progress, uint64_t *damaged, struct err *err);
/* Verifies a slice of the store, oldest check first, for at most `seconds`: the background scrub. */
int store_scrub(struct store *store, unsigned seconds, store_damage *found, void *ctx,
	uint64_t *damaged, struct err *err);

/* Merges small segments of a table (NULL = all): at most 64 files a table plus today's. Vault places
 * stay valid. Retired files are unlinked, and what retention has dropped of the vault is freed, once they
 * are retired for `grace_us`: no reader that began before can still use them. */
int store_compact(struct store *store, const char *table, int64_t grace_us,
	const struct progress *progress, uint64_t *before, uint64_t *after, struct err *err);

/* Drops whole days older than `keep_days` (events by event_time, those without by received_at):
 * Parquet rows, identities and vault frames (mixed ones are copied without them; store_compact frees the bytes). Records
 * that old are from then on counted as expired by identify and not stored. */
int store_retain(struct store *store, const char *table, unsigned keep_days,
	const struct progress *progress, uint64_t *dropped, struct err *err);

/* Copies a consistent state into `to` (which must not exist or be empty). Files are hard-linked
 * where possible and `link` is set, else copied. */
int store_backup(struct store *store, const char *to, bool link, const struct progress *progress,
	struct err *err);
/* Copies a backup to `dir` (which must not exist or be empty) after verifying it. */
int store_restore(
	const char *from, const char *dir, const struct progress *progress, struct err *err);

/* ---- rebuilding (used by pipeline/) ---------------------------------------------------------- */

/* A stored record as the vault's index knows it. */
struct vault_record {
	uint8_t event_id[16];
	struct vault_place place;
	struct slice bytes; /* borrowed for the call */
	uint32_t container;
	uint64_t container_offset;
	uint32_t
		copy; /* 0 = the first of its key; 32 bits: one line may stand in a file 10 million times */
	int64_t received_at;
	const char *input;
};
/* Calls `each` with every record of a table and source in vault order (rejects left out). */
int store_scan_vault(struct store *store, const char *table, const char *source,
	int (*each)(void *ctx, const struct vault_record *record, struct err *err), void *ctx,
	struct err *err);

/* A table being replaced by a newly decoded one: batches (with event ids and vault places filled
 * from vault_record) go in, the old segments and identity runs go out in one transaction. */
struct rebuild;
int rebuild_begin(struct store *store, const struct batch_shape *shape, struct rebuild **rebuild,
	struct err *err);
/* Adds one batch of one source; batch->keys, containers, offsets and copies (nrows each) make the
 * new identities. */
int rebuild_add(struct rebuild *rebuild, const char *source, const char *input, int64_t received_at,
	const struct batch *batch, const uint32_t *containers, const uint64_t *offsets,
	const uint32_t *copies, struct err *err);
int rebuild_commit(struct rebuild *rebuild, const uint8_t schema_fingerprint[32], struct err *err);
void rebuild_abort(struct rebuild *rebuild);

#endif
