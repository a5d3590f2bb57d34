/* SPDX-License-Identifier: Apache-2.0 */
/* evidence_private.h (private to store/): the tree's rows in the catalog. */
#ifndef STORE_EVIDENCE_PRIVATE_H
#define STORE_EVIDENCE_PRIVATE_H

#include "store/evidence.h"
#include "store/private.h"

enum { EVIDENCE_FORMAT = 10 /* the catalog's format that brought it */ };
enum evidence_kind { EVIDENCE_SEGMENT, EVIDENCE_RETENTION };

/* In a commit's transaction: it has events, which are to be entered. */
int evidence_pending_add(struct store *store, int64_t commit_id, struct err *err);

/* ---- the tree (evidence_tree.c) -------------------------------------------------------------- */

/* -1 with ERR_UNSUPPORTED where the catalog has no tree yet. */
int evidence_check_format(struct store *store, struct err *err);
/* In a transaction: adds an entry. `source_id` 0 = of no source. *n = its number. */
int evidence_add(struct store *store, enum evidence_kind kind, int64_t source_id, int64_t sequence,
	struct slice record, uint64_t *n, struct err *err);
/* The tree's nodes as they are in the catalog. */
struct merkle_source evidence_source(struct store *store);
/* An entry's record, appended to `out`. 1, 0 none, -1. */
int evidence_record(struct store *store, uint64_t n, struct buf *out, struct err *err);

/* From begin to end the catalog is read as it was at the begin: what others commit meanwhile is not half seen. Frames that retention
 * frees are there for longer than that. 0 or -1. */
int evidence_snapshot_begin(struct store *store, struct err *err);
void evidence_snapshot_end(struct store *store);

/* ---- segments (evidence_enter.c) ------------------------------------------------------------- */

/* What a page's record says; -1 where it is ill-formed. */
struct page_facts {
	uint64_t rows, untimed;
	bool timed;
	int64_t first, last; /* event times, where `timed` */
	uint8_t root[MERKLE_HASH];
};
void page_record_write(struct buf *out, const struct page_facts *facts);
int page_record_read(struct slice text, struct page_facts *facts);

/* The events of a frame, read and checked. Valid until the next frame is read; the arrays are in `mem`. */
struct frame_events {
	struct frame_row row;
	struct frame_index index;
	struct slice bytes;
};
int frame_events_read(struct store *store, const char *source, uint32_t file, uint32_t frame,
	struct arena *mem, struct frame_events *events, struct err *err);
/* The hash of one of them; -1 where its place is outside of the frame. */
int frame_event_hash(
	const struct frame_events *events, uint32_t i, uint8_t hash[MERKLE_HASH], struct err *err);

/* A line of a record, `name value`: its value; empty where there is none. */
struct slice evidence_line(struct slice record, const char *name);
/* Such a value as a number; -1 where it is none. */
int evidence_number(struct slice record, const char *name, int64_t *value);

/* ---- pages (evidence_pages.c) ---------------------------------------------------------------- */

struct page_row {
	uint64_t entry, page;
	char source[STORE_NAME];
	int64_t file, frame; /* frame < 0: nothing is left of it */
	uint64_t rows;
	char record[200];
	uint8_t *kept, *removed; /* NULL, or in `mem` */
	size_t removed_bytes;
};
/* The page that lies in a frame. 1, 0 none, -1. */
int page_of_frame(struct store *store, const char *source, uint32_t file, uint32_t frame,
	struct arena *mem, struct page_row *page, struct err *err);
/* Calls `each` for the pages of an entry, in order. */
int pages_of_entry(struct store *store, uint64_t entry, struct arena *mem,
	int (*each)(void *ctx, const struct page_row *page, struct err *err), void *ctx,
	struct err *err);
static inline bool page_keeps(const struct page_row *page, uint64_t row)
{
	return !page->kept || (page->kept[row / 8] >> row % 8 & 1);
}
/* The hashes of all events of a page, those that retention took among them, in `mem`. -1, and ERR_DAMAGED where the vault does not hold
 * as many events as the page has. */
int page_hashes(struct store *store, const struct page_row *page, struct arena *mem,
	uint8_t (**hashes)[MERKLE_HASH], struct err *err);

/* ---- retention (evidence_retain.c) ----------------------------------------------------------- */

/* What one round removes: lines of its entry. */
struct evidence_removing {
	struct buf lines;
};
void evidence_removing_init(struct evidence_removing *removing);
void evidence_removing_fini(struct evidence_removing *removing);
/* In the round's transaction: the frame (source, file, frame) held `n` events; gone[i] tells whether event i goes, and hashes[i] what
 * it hashed to. What stays lies in frame new_frame of new_file (new_frame -1 = nothing does). Frames that hold no page (rejects, or
 * not entered) are passed over. */
int evidence_remove(struct store *store, struct evidence_removing *removing, const char *source,
	uint32_t file, uint32_t frame, uint32_t n, const bool *gone,
	const uint8_t (*hashes)[MERKLE_HASH], int64_t new_file, int64_t new_frame, struct err *err);
/* In the same transaction, last: the entry, where anything was removed. */
int evidence_removed(struct store *store, const struct evidence_removing *removing,
	const struct table_state *table, int32_t first_day, struct err *err);

#endif
