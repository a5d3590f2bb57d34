/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bundle.h: events with everything that proves them, as one ZIP file that somebody else checks offline (docs/evidence.md): raw bytes, parsed
 * form, proofs, the checkpoint, the ledger of their sources, a report to read, and the verifier.
 */
#ifndef ANSWER_BUNDLE_H
#define ANSWER_BUNDLE_H

#include <stdio.h>

#include "answer/answer.h"
#include "store/evidence.h"

extern const unsigned char bundle_verifier[]; /* tools/verify.py */
extern const size_t bundle_verifier_size;

enum { BUNDLE_EVENTS = 100000, BUNDLE_MOST = 1 << 30 /* bytes of any file in it */ };

/* A proof as the members of a JSON object, without braces. */
void answer_proof(const struct evidence_proof *proof, struct buf *out);

/* What there is of evidence: origin, entries, what is pending, the newest checkpoint, the public key. 0 or -1. */
int answer_evidence(struct store *store, struct buf *out, struct err *err);
/* Who outside keeps checkpoints, and what each took last: members of an object, `"witnesses":[…],"bucket":…`. 0 or -1. */
int answer_keepers(struct store *store, struct buf *out, struct err *err);
/* The proof of one event against a checkpoint (`note`) of this store, with its raw bytes: a JSON object. 1; 0 where there is no such event;
 * -1, ERR_NOT_FOUND where the checkpoint does not have it. `proof` (may be NULL) gets what it says, to be freed by the caller. */
int answer_event_proof(struct store *store, const uint8_t id[16], struct slice note,
	struct buf *out, struct evidence_proof *proof, struct err *err);

struct bundle;
/* `note`: the checkpoint that all is proven against, which is to be of this store; `held` (may be empty): an older one, that the reader has: the proof
 * that one continues the other goes with it. `title`: what was asked, for people. 0 or -1. */
int bundle_begin(struct store *store, struct slice note, struct slice held, const char *title,
	struct bundle **bundle, struct err *err);
/* Adds an event: its place, and its parsed form as one JSON object. 1 added; 0 where the checkpoint does not have it yet; -1. */
int bundle_add(struct bundle *bundle, const uint8_t id[16], const struct vault_place *place,
	struct slice json, struct err *err);
/* The same by its id alone; 0 also where there is no such event any more. */
int bundle_add_id(struct bundle *bundle, const uint8_t id[16], struct err *err);
/* Writes the file. 0 or -1. */
int bundle_write(struct bundle *bundle, FILE *file, struct err *err);
uint64_t bundle_events(const struct bundle *bundle);
/* Accepts NULL. */
void bundle_free(struct bundle *bundle);

#endif
