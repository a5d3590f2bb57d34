/* SPDX-License-Identifier: Apache-2.0 */
/* evidence.h (cli/): making a checkpoint, and the part of verify that holds the store against one. */
#ifndef CLI_EVIDENCE_H
#define CLI_EVIDENCE_H

#include "cli/private.h"

/* Makes a checkpoint with the key that the command line names, and publishes it: as evidence_checkpoint and evidence_publish. Nobody outside is
 * told: with a copy that could not be written it is -1 with `note` filled. */
int checkpoint_make(
	const struct command_line *line, struct store *store, struct buf *note, struct err *err);

/* What --checkpoint and --key ask for. Findings go to `found`, and are added to *damaged; the result is appended to `out`: with --json as a
 * member of an object that has been begun. 0 or -1. */
int evidence_verify_run(const struct command_line *line, struct store *store, store_damage *found,
	void *ctx, uint64_t *damaged, struct buf *out, struct err *err);

/* The text of a key: a file's, where there is one of that name, else the word itself. Appends. 0 or -1. */
int evidence_key_word(const char *word, struct buf *out, struct err *err);

/* pugmark checkpoint witness …, bucket …. 0 or -1. */
int checkpoint_witness(const struct command_line *line, struct store *store, struct err *err);
int checkpoint_bucket(const struct command_line *line, struct store *store, struct err *err);
/* What those who keep checkpoints outside took last, on stderr; nothing where there are none. */
void checkpoint_tell_keepers(struct store *store);

#endif
