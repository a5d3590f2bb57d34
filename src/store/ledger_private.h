/* SPDX-License-Identifier: Apache-2.0 */
/* ledger_private.h: what the ledger's files share, and what segment_commit calls in its transaction. */
#ifndef STORE_LEDGER_PRIVATE_H
#define STORE_LEDGER_PRIVATE_H

#include "store/ledger.h"
#include "store/private.h"

/* The row id of a source's state, made where missing and `make` is set. 1, 0 or -1. */
int ledger_source(struct store *store, const char *source, bool make, int64_t *id, struct err *err);
/* Copies at most 500 bytes of a sentence, repaired, to `out`. */
enum { LEDGER_WHY = 501 };
const char *ledger_sentence(const char *why, char out[LEDGER_WHY]);

/* What a segment has brought. */
struct ledger_segment {
	const char *source;
	int64_t received_at, committed_at;
	int64_t min_time, max_time; /* min > max where no row has a time */
	uint64_t stored, duplicates, expired, rejects;
};
/* In the caller's transaction: the note with the segment's own counts. 0 or -1. */
int ledger_record(struct store *store, const struct ledger_note *note,
	const struct ledger_segment *segment, struct err *err);

/* In the caller's transaction, each 0 or -1; ledger_note_file as ledger_file. */
int ledger_note_attempt(struct store *store, int64_t source_id, int64_t now, struct err *err);
int ledger_note_end(struct store *store, int64_t source_id, enum ledger_state state,
	const char *why, int64_t settled_to, int64_t now, struct err *err);
int ledger_note_events(struct store *store, int64_t source_id, bool history,
	const struct ledger_segment *segment, struct err *err);
int ledger_note_file(struct store *store, int64_t source_id, const char *node, const char *name,
	int64_t now, struct err *err);
int ledger_note_objects(struct store *store, int64_t source_id, const struct object_mark *marks,
	uint32_t n, struct err *err);

#endif
