/* SPDX-License-Identifier: Apache-2.0 */
/*
 * private.h: what store/'s own files share: the open store, the lease, the catalog (SQLite), the
 * vault's files and frames, and how segments and identity runs are listed.
 *
 * Order of a change, whoever makes it: lease → files under temporary names or beyond committed
 * lengths → fsync → rename → fsync of the folders → one transaction → lease given back. A failed
 * fsync, or a COMMIT whose outcome is not known, poisons the store: nothing is deleted then, since
 * the transaction may yet prove to be there; the sweep at the next start tells.
 */
#ifndef STORE_PRIVATE_H
#define STORE_PRIVATE_H

#include <sqlite3.h>

#include "store/identity.h"
#include "store/store.h"

enum {
	STORE_PATH = 1024,   /* bytes of any path that we build; longer data folders are refused */
	STORE_NAME = 64,     /* bytes of a file's name without extension */
	VAULT_LEVEL = -3,    /* zstd --fast=3: 1.4–1.9 GB/s at 14:1 (DESIGN.md section 11) */
	PARQUET_LEVEL = 1,   /* zstd level of fresh segments; compaction may take more */
	FORMAT_VERSION = 12, /* of the folder; catalog_schema.c migrates older ones forward */
	FORMAT_READABLE = 1  /* readers, who migrate nothing, take folders from this one on */
};

/* A table that was written to since the store was opened. */
struct table_state {
	char name[128];
	int64_t id;
	struct identity *identity; /* NULL until first needed */
	struct table_state *next;
};

struct statement; /* a prepared statement kept for reuse (catalog.c) */

struct store {
	char dir[STORE_PATH];
	enum store_mode mode;
	sqlite3 *db;
	struct statement *statements;
	struct table_state *tables;
	int lease_fd;         /* write.lock while this store holds the lease, else -1 */
	bool in_doubt;        /* a COMMIT failed for lack of space: sweep before the next change */
	bool poisoned;        /* fsync failed: no more changes until started again */
	struct err poison;    /* why */
	struct segment *open; /* the segment in progress, or NULL */
	struct frame_cache *cache; /* the frame that was read last (vault_read.c) */
};

/* ---- the store as a whole (store.c) ---------------------------------------------------------- */

/* DIR/printf…; returns `out`. */
char *store_path(const struct store *store, char out[STORE_PATH], const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* A new file name without extension, never used before: milliseconds and random bits in hex. */
void store_new_name(char out[STORE_NAME]);
/* 0, or -1 where the store was opened for reading or is poisoned. */
int store_check_writable(struct store *store, struct err *err);
/* Forbids all later changes with `why` in the text. Returns -1. */
int store_poison(struct store *store, const struct err *why);
/* What a file could not be made durable for. One that is thrown away then is no danger where space ran out; any other error of the
 * device says that nothing can be relied on: the store is poisoned. Returns -1 with *err as `why`. */
int store_durable_error(struct store *store, const struct err *why, struct err *err);
/* fsync of a folder; poisons the store where it fails. */
int store_sync_dir(struct store *store, const char *dir, struct err *err);
/* Whether an error came from fsync(2) or a COMMIT in doubt is known where it happens: callers of
 * io_fsync, io_fsync_dir, parquet_finish and identity_write call store_poison on ERR_IO. */

/* The writer's lease. Whoever makes files that the catalog does not name yet must hold it: the sweep of
 * another process removes such files whenever it gets the lease. Waits in turn (turn.lock), then holds write.lock. Sweeps first where a COMMIT
 * is in doubt. Asserts that it is not held yet. */
int store_lease(struct store *store, struct err *err);
void store_unlease(struct store *store);
/* Removes what no committed row names; cuts vault files to their committed lengths. Lease held. */
int store_sweep(struct store *store, struct err *err);
/* Logs what the sweep would remove: no damage, but worth knowing. Needs no lease. */
int store_orphans(struct store *store, struct err *err);

/* The state of a table, made (in the catalog too) where missing. Borrowed from the store. */
int store_table(
	struct store *store, const char *table, struct table_state **state, struct err *err);
/* The identities of a table as the catalog lists them now: opened, or reloaded. Lease held. */
int store_identity(
	struct store *store, const char *table, struct identity **identity, struct err *err);
/* Merges identity runs of a table as identity_merge_plan says (size-tiered). Lease held. */
int store_merge_identities(struct store *store, struct table_state *table, struct err *err);

/* ---- catalog (catalog.c) --------------------------------------------------------------------- */

int catalog_open(struct store *store, struct err *err);
void catalog_close(struct store *store);
/* Creates or migrates the tables (catalog_schema.c). Lease held. */
int catalog_migrate(struct store *store, struct err *err);
/* The format version, 0 for an empty catalog, -1 on error. */
int catalog_version(struct store *store, struct err *err);

/* One transaction (BEGIN IMMEDIATE). catalog_commit failing leaves nothing visible but may be in
 * doubt: it has set store->in_doubt or poisoned the store, and rolled back; then delete no files. */
int catalog_begin(struct store *store, struct err *err);
int catalog_commit(struct store *store, struct err *err);
void catalog_rollback(struct store *store);
/* Ends the transaction: commits where `rc` is 0, else rolls back. 0 or -1. */
int catalog_end(struct store *store, int rc, struct err *err);
/* Whether the catalog is of format `version` or newer: one that is open for reading may not be. 1, 0
 * or -1. */
int catalog_has(struct store *store, int version, struct err *err);

/* A prepared statement with its parameters bound. `sql` must be a literal: statements are kept by
 * its address. `types` has one letter a parameter: i int64_t, u uint64_t (must fit int64), t const
 * char * (NULL = NULL), b const void * and size_t. Texts and blobs must live until
 * catalog_done. NULL on error. A statement in use is not shared: nesting is fine. */
sqlite3_stmt *catalog_query(
	struct store *store, struct err *err, const char *sql, const char *types, ...);
/* 1 a row, 0 no more, -1 error. */
int catalog_step(struct store *store, sqlite3_stmt *stmt, struct err *err);
/* Gives the statement back; accepts NULL. */
void catalog_done(struct store *store, sqlite3_stmt *stmt);
/* The rows of a statement, one after another:
 *
 *	struct rows rows = rows_of(store, stmt);
 *	while (rows_next(&rows, err))
 *		rows.answer = …;
 *	return rows.answer;
 *
 * An answer that is not 0 ends the loop. The statement (NULL where it could not be made) is given
 * back at the end. `answer` is then what the loop left there, 0, or -1 with `err`. */
struct rows {
	struct store *store;
	sqlite3_stmt *stmt;
	int answer;
};
static inline struct rows rows_of(struct store *store, sqlite3_stmt *stmt)
{
	return (struct rows){store, stmt, stmt ? 0 : -1};
}
bool rows_next(struct rows *rows, struct err *err);
/* Query, step to the end, done. 0 or -1. */
int catalog_run(struct store *store, struct err *err, const char *sql, const char *types, ...);
/* The first column of the first row as integer: 1 found, 0 no row, -1 error. */
int catalog_int(struct store *store, int64_t *value, struct err *err, const char *sql,
	const char *types, ...);
/* err from SQLite's last error; returns -1. */
int catalog_error(struct store *store, struct err *err);
/* A text column, "" for NULL; borrowed until the next step. */
const char *catalog_text(sqlite3_stmt *stmt, int column);
/* Copies a blob of exactly n bytes; zeroes where it is not. */
void catalog_blob(sqlite3_stmt *stmt, int column, void *out, size_t n);

/* Row ids of names; 1 found (or made), 0 not there, -1. `make` inserts a missing one. */
int catalog_table_id(
	struct store *store, const char *table, bool make, int64_t *id, struct err *err);
int catalog_source_id(
	struct store *store, const char *source, bool make, int64_t *id, struct err *err);

/* A live Parquet file. */
struct segment_row {
	int64_t id; /* out of catalog_add_segment */
	int64_t table_id;
	const char *source, *input; /* as in struct segment_info */
	const char *name;           /* tables/<table>/<name>.parquet; "" = no Parquet rows */
	uint64_t rows, bytes, raw_bytes, no_time;
	int64_t min_time, max_time; /* min > max where no row has a time */
	uint8_t min_event_id[16], max_event_id[16], sha256[32], fingerprint[32];
	int64_t received_at, committed_at;
	bool compacted;
};
int catalog_add_segment(struct store *store, struct segment_row *row, struct err *err);
/* Deletes the row and puts the file on the retired list (unlinked later, see store_compact). */
int catalog_retire_segment(struct store *store, int64_t id, struct err *err);
/* Puts any file (relative path) on the retired list, as of now. */
int catalog_retire_file(struct store *store, const char *path, struct err *err);

/* The identity runs of a table, oldest first. *runs is owned by the caller (free). */
int catalog_id_runs(
	struct store *store, int64_t table_id, struct id_run **runs, uint32_t *n, struct err *err);
int catalog_add_id_run(
	struct store *store, int64_t table_id, const struct id_run *run, struct err *err);
/* Deletes the row and retires the file ids/<table>/<name>. */
int catalog_retire_id_run(struct store *store, int64_t table_id, const char *table,
	const char *name, struct err *err);

/* Days kept of a table: rows of an earlier day are expired. INT32_MIN = all are kept. */
int catalog_first_day(struct store *store, int64_t table_id, int32_t *day, struct err *err);

/* ---- vault ----------------------------------------------------------------------------------- */

/* vault/<source>/NNNNNN.zst is frames one after another; NNNNNN.idx has one block per frame and one
 * ahead of each commit's first frame (frame_index.c). The catalog's `frames` has a row per frame. */
enum frame_kind { FRAME_RECORDS, FRAME_REJECTS };
/* A dead frame is named by no row any more, but readers that began before may still look into it: its
 * bytes are freed by compaction, after the grace. The catalog has 0, 1, and for FRAME_DEAD the time
 * since when (2 = long ago). */
enum frame_state { FRAME_LIVE, FRAME_PUNCHED, FRAME_DEAD };

struct frame_row {
	uint32_t file, frame;
	uint64_t offset, index_offset; /* in the .zst, in the .idx */
	uint32_t stored, raw, index_bytes, records;
	enum frame_kind kind;
	enum frame_state state;
	int64_t commit_id;
	int64_t min_time, max_time; /* event times in it; min > max where there are none */
	uint32_t no_time;
	uint8_t sha256[32]; /* of the stored bytes */
};

/* What the index knows of a frame's records, in order. Arrays in an arena or borrowed. */
struct frame_index {
	uint32_t n;
	uint8_t (*event_ids)[16];
	uint32_t *offsets, *lengths; /* in the unpacked frame */
	uint32_t *containers;
	uint64_t *container_offsets;
	uint32_t *copies;
	uint8_t *flags; /* enum row_flag */
	/* For writing only, may be NULL: event times, INT64_MIN = none. Without them a frame's range is
	 * taken from its event ids, which hold no times before 1970 or after 10889. */
	const int64_t *times;
};

/* Frames made in memory, to be appended in one go: `data` and `index` are what goes into the files,
 * rows[] has everything but file, frame, commit_id and absolute offsets (relative here). */
struct frame_set {
	struct buf data, index;
	struct frame_row *rows;
	uint32_t n, cap;
};
void frame_set_init(struct frame_set *set);
void frame_set_fini(struct frame_set *set);
/* Compresses one frame: `records` are its index->n records (slices; bytes between them become one
 * '\n') and adds data, index block and row. Any thread. index->offsets is not read. */
void frame_set_add(struct frame_set *set, const struct slice *records,
	const struct frame_index *index, enum frame_kind kind);

/* "vault/<source>/NNNNNN.<ext>" in the data folder. */
char *vault_path(const struct store *store, char out[STORE_PATH], const char *source, uint32_t file,
	const char *ext);

/* A source's newest vault file, open for appending beyond its committed length. */
struct vault_writer;
/* Opens it (a new one where the last is full); what lies beyond the committed length is cut off.
 * Lease held. */
int vault_begin(
	struct store *store, const char *source, struct vault_writer **writer, struct err *err);
uint32_t vault_file(const struct vault_writer *writer);
/* The number that the next frame appended will have. */
uint32_t vault_next_frame(const struct vault_writer *writer);
/* Starts a commit's part of the index: what rebuild must know if the catalog were lost. */
int vault_mark(struct vault_writer *writer, const char *table, const char *input,
	int64_t received_at, struct err *err);
/* Appends the frames; they are numbered on. */
int vault_append(struct vault_writer *writer, const struct frame_set *set, struct err *err);
/* fsync of both files, and of the folder where they are new. Poisons the store on failure. */
int vault_sync(struct vault_writer *writer, struct err *err);
/* In the caller's transaction: committed lengths and the rows of the frames appended. */
int vault_record(struct vault_writer *writer, int64_t commit_id, struct err *err);
/* The same where each frame appended has a commit of its own (retention copies frames). */
int vault_record_each(struct vault_writer *writer, const int64_t *commit_ids, struct err *err);
/* Closes. `committed` false: cuts the files back to their committed lengths. Accepts NULL. */
void vault_end(struct vault_writer *writer, bool committed);

/* The catalog's row of a frame. 1 found, 0 none, -1. */
int vault_frame(struct store *store, const char *source, uint32_t file, uint32_t frame,
	struct frame_row *row, struct err *err);
/* Calls `each` for the frames of a source (NULL = all) in order of file and frame. */
int vault_each_frame(struct store *store, const char *source,
	int (*each)(void *ctx, const char *source, const struct frame_row *row, struct err *err),
	void *ctx, struct err *err);
/* Reads, checks against the SHA-256 and unpacks a frame; *bytes is borrowed from the store until
 * the next call. A punched frame is ERR_NOT_FOUND. */
int vault_read_frame(struct store *store, const char *source, const struct frame_row *row,
	struct slice *bytes, struct err *err);
/* Reads and checks a frame's index block; arrays in `mem`. */
int vault_read_index(struct store *store, const char *source, const struct frame_row *row,
	struct arena *mem, struct frame_index *index, struct err *err);

void frame_cache_free(struct frame_cache *cache);

/* SHA-256 of bytes; any thread. */
void sha256(const void *data, size_t n, uint8_t out[32]);
/* SHA-256 of a whole file. `stop` may be NULL. */
int sha256_file(const char *path, uint64_t bytes, uint8_t out[32], const volatile int *stop,
	struct err *err);
/* What tells the ids of one table from those of another that holds the same event: the first half
 * of SHA-256(table). */
void event_id_salt(const char *table, uint8_t salt[16]);
/* event_id of RFC 9562 version 8: 48 bits of milliseconds, 74 bits of the key (copy 0) or of
 * SHA-256(key, copy), XOR `salt`. `time_us` INT64_MIN = none. */
void event_id_make(int64_t time_us, const uint8_t key[16], uint32_t copy, const uint8_t salt[16],
	uint8_t event_id[16]);

#endif
