/* SPDX-License-Identifier: Apache-2.0 */
/*
 * evidence.h: what a third party checks the store by, without trust in who runs it: a Merkle tree (proof/merkle.h) over what was stored,
 * and signed checkpoints of it. docs/evidence.md is the specification; tools/verify.py is written from it.
 *
 *	event ─► page (a frame of the vault as it was first written) ─► segment (a commit) ─► tree
 *
 * Everything that is hashed is the event's raw bytes or a line of text. A segment's record is an entry of the tree, what retention removed is
 * another; so compaction and rebuild change nothing, and retention leaves the hashes of what it took.
 *
 * A commit notes its segment as pending, in its own transaction; it is hashed and entered before the next checkpoint is signed, which is
 * what nothing is protected before. Hashing 870 MB takes 0.6 s of a core, a fifth of what importing them does.
 */
#ifndef STORE_EVIDENCE_H
#define STORE_EVIDENCE_H

#include "proof/note.h"
#include "store/secrets.h"
#include "store/store.h"

/* What there is. */
struct evidence_state {
	char origin[NOTE_NAME];
	uint64_t size;    /* entries */
	uint64_t pending; /* segments that are not entered yet */
	uint8_t root[MERKLE_HASH];
	uint64_t signed_size; /* of the newest checkpoint */
	int64_t signed_at;    /* 0 = there is none */
	char folder[1024];    /* where checkpoints are written too; "" = nowhere */
	char notifiers[1024]; /* who are sent them: names, joined by blanks */
};
/* 0; -1, also (ERR_UNSUPPORTED) where the folder is of an older format that nobody has written to since. */
int evidence_state(struct store *store, struct evidence_state *state, struct err *err);
/* Sets the folder that checkpoints are written to beside the data folder's `checkpoints/`; "" = none. 0 or -1. */
int evidence_set_folder(struct store *store, const char *folder, struct err *err);
/* Sets who are sent checkpoints: names of notifiers, joined by blanks; "" = nobody. Sending is the caller's. 0 or -1. */
int evidence_set_notifiers(struct store *store, const char *notifiers, struct err *err);

/* Hashes and enters what is pending, oldest first, each segment in a transaction of its own. A segment whose raw bytes are damaged stays
 * pending, with a warning in the log. *entered may be NULL. 0 or -1. */
int evidence_enter(
	struct store *store, const struct progress *progress, uint64_t *entered, struct err *err);

/* The public key. 1, 0 where no checkpoint was ever made, -1. */
int evidence_public_key(struct store *store, struct note_verifier *verifier, struct err *err);
/* Makes the key of checkpoints where there is none, or (`again`) a new one beside it, sealed under `key`. Checkpoints are signed by the newest
 * and the one before: who holds the older key can check them while he is given the new one. 0 or -1. */
int evidence_make_key(
	struct store *store, const struct secret_key *key, bool again, struct err *err);
/* Enters what is pending, signs what the tree is then, and notes it in the catalog. The note is appended to `out`. Where nothing came since
 * the last checkpoint, that is signed again with a new time. 0 or -1. */
int evidence_checkpoint(struct store *store, const struct secret_key *key,
	const struct progress *progress, struct buf *out, struct err *err);
/* Writes a checkpoint that was made to checkpoints/ and the folder that is set; what was appended to it since (cosignatures) is noted in the
 * catalog first. It stays good where a copy could not be written. 0 or -1. */
int evidence_publish(struct store *store, struct slice note, struct err *err);
/* The newest signed checkpoint, appended to `out`. 1, 0 none, -1. */
int evidence_newest(struct store *store, struct buf *out, struct err *err);

/* ---- checking -------------------------------------------------------------------------------- */

/* What retention is told to have removed. */
struct evidence_removal {
	uint64_t entry, events;
	struct slice table, rule, before, at; /* as the record says */
};
struct evidence_check {
	struct slice note;                    /* the checkpoint that the auditor holds */
	const struct note_verifier *verifier; /* his key */
	store_damage *found;                  /* what is not as it was */
	void *ctx;
	/* What retention removed; NULL = it need not be told. */
	void (*removed)(void *ctx, const struct evidence_removal *removal);
	void *removed_ctx;
	const struct progress *progress;
};
struct evidence_result {
	uint64_t findings;
	uint64_t entries, events; /* that the checkpoint protects */
	uint64_t later;           /* segments that came after it */
	uint64_t removed;         /* events, by retention, of those it protects */
};
/* Holds the whole store against a checkpoint: signature, tree, and every event's raw bytes. 0 (findings may be there), or -1 where it
 * could not be checked: no checkpoint, false signature, another store's. */
int evidence_verify(struct store *store, const struct evidence_check *check,
	struct evidence_result *result, struct err *err);

/* ---- proofs ---------------------------------------------------------------------------------- */

/* Everything that shows that an event is in the tree. */
struct evidence_proof {
	uint64_t entry, page, row;
	uint64_t rows, pages; /* in the page, in the segment */
	struct buf record, page_record;
	struct merkle_path in_page, in_segment, in_tree;
};
/* Proves the event at a place, against the tree of `size` entries. 1; 0 where it is not entered yet, or is later than `size`; -1. The
 * proof is the caller's (evidence_proof_fini). */
int evidence_prove(struct store *store, const struct vault_place *place, uint64_t size,
	struct evidence_proof *proof, struct err *err);
void evidence_proof_fini(struct evidence_proof *proof);
/* The proof that the tree of `old` entries is the beginning of that of `size`. 0 or -1. */
int evidence_consistency(struct store *store, uint64_t old, uint64_t size, struct merkle_path *path,
	struct err *err);

/* Everything that a verifier needs for the whole store, as lines of JSON (docs/evidence.md): entries, pages, raw events. What cannot be read
 * is left out, with a line that says so. `line` is called with each, without its end; a return that is not 0 ends it. */
int evidence_export(struct store *store, const struct progress *progress,
	int (*line)(void *ctx, struct slice json, struct err *err), void *ctx, struct err *err);

#endif
