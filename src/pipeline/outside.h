/* SPDX-License-Identifier: Apache-2.0 */
/*
 * outside.h: checkpoints leave the machine, for those who keep them (store/keepers.h). Witnesses are asked to cosign each: C2SP tlog-witness, a
 * POST with the proof that the tree continues what the witness saw last. A bucket with object lock takes each as an object of its own, which
 * nobody can remove before its day. Whoever cannot be reached never stops a checkpoint, nor the next one.
 */
#ifndef PIPELINE_OUTSIDE_H
#define PIPELINE_OUTSIDE_H

#include <signal.h>

#include "collect/settings.h"
#include "store/evidence.h"
#include "store/keepers.h"

struct outside_options {
	const char *key_file; /* NULL = the usual places */
	const volatile sig_atomic_t *stop;
};

/* ---- witnesses ------------------------------------------------------------------------------- */

/* Saves a witness: `url` is what its operator calls the submission prefix, `key` its public key as text; `settings` may hold ca_file, proxy,
 * allow_private. *name is its name, in the settings' arena. 0, or -1 (ERR_USAGE, ERR_FORMAT). */
int outside_witness_save(struct store *store, const char *url, const char *key,
	struct settings *settings, const char **name, struct err *err);
/* Asks all witnesses to cosign a signed checkpoint; what they give is appended to it, after it was checked. What went wrong is logged and kept
 * (as an error where a witness has seen another tree, or a longer one: the store was rolled back, or altered). How many did not cosign. */
unsigned outside_cosign(
	struct store *store, struct buf *note, const struct outside_options *options);

/* ---- the bucket ------------------------------------------------------------------------------ */

enum { OUTSIDE_KEEP_DAYS = 365 /* how long an object is locked, where `keep_days` does not say */ };

/* A bucket that is to be set: settings as a connection to a bucket has them (collect/objects.h), and keep_days, governance. */
struct outside_bucket {
	const struct settings *settings;
	const char *id, *secret; /* keys to be sealed; NULL = found elsewhere */
};
/* Writes a signed checkpoint to a bucket, looks whether it is locked there (*seen: these keys may look), and, where that went well, saves the
 * bucket in place of the one that was set. 0; -1 where it is not taken, or not locked: nothing was saved, and the text says what to do. */
int outside_bucket_save(struct store *store, const struct outside_bucket *bucket, struct slice note,
	const struct outside_options *options, bool *seen, struct err *err);
/* How objects of the bucket that is set are locked. */
void outside_bucket_lock(const struct keeper *bucket, bool *governance, int64_t *days);
/* Writes a checkpoint to the bucket that is set; what went wrong is logged and kept. How many buckets (0 or 1) did not take it. */
unsigned outside_bucket_put(
	struct store *store, struct slice note, const struct outside_options *options);

#endif
