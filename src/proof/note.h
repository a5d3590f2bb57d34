/* SPDX-License-Identifier: Apache-2.0 */
/*
 * note.h: checkpoints of a tree as text that is signed: C2SP's tlog-checkpoint and signed-note, with Ed25519 (signature type 1).
 *
 *	origin                             who keeps the tree; also the name of the key
 *	12                                 entries
 *	base64 of the root
 *	time 2026-11-28T18:00:00Z          further lines, as many as there are
 *	                                   (an empty line)
 *	— name base64(key id ‖ signature)  a line for each signature; unknown keys' ones are passed over
 *
 * A public key as text is `name+id+base64(0x01 ‖ key)`, the id being the first 4 bytes of SHA-256(name ‖ LF ‖ 0x01 ‖ key) in hex.
 *
 * A witness's cosignature (C2SP tlog-cosignature, Ed25519) is a line of the same form: key id ‖ seconds since 1970 (8 bytes, big-endian) ‖
 * signature of "cosignature/v1", LF, "time SECONDS", LF, and the checkpoint's text. In its key 0x04 stands for 0x01.
 */
#ifndef PROOF_NOTE_H
#define PROOF_NOTE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/base.h"
#include "proof/merkle.h"

enum {
	NOTE_KEY = 32,    /* bytes of a public key, and of a private one */
	NOTE_NAME = 100,  /* bytes of a name, with its NUL */
	NOTE_MOST = 65536 /* bytes of a note */
};

/* Appends `data` in base64 (RFC 4648 with padding). */
void note_base64(struct buf *out, const void *data, size_t n);
/* Reads base64, which must be its only form for these bytes. The bytes' number, or -1 (also where they are more than `most`). */
int note_unbase64(struct slice text, uint8_t *out, size_t most);

/* A new private key, and its public one. 0 or -1. */
int note_make_key(uint8_t private_key[NOTE_KEY], uint8_t public_key[NOTE_KEY], struct err *err);

/* Whose signatures count. */
struct note_verifier {
	char name[NOTE_NAME];
	uint8_t key[NOTE_KEY];
};
/* The key as text. */
void note_key_text(const struct note_verifier *verifier, struct buf *out);
/* Reads one; blanks and line ends around it are passed over. 0, or -1 (ERR_FORMAT). */
int note_key_parse(struct slice text, struct note_verifier *verifier, struct err *err);

/* What a checkpoint says. Slices are borrowed from its text. */
struct checkpoint {
	struct slice origin, text; /* text: what was signed */
	uint64_t size;
	uint8_t root[MERKLE_HASH];
	struct slice time; /* of the line `time …`; empty where there is none */
};
/* Appends a checkpoint's text, to be signed. `time_us`: microseconds since 1970. */
void note_write(struct buf *out, const char *origin, uint64_t size, const uint8_t root[MERKLE_HASH],
	int64_t time_us);
/* Reads a signed checkpoint, without a look at its signatures. 0, or -1 (ERR_FORMAT). */
int note_read(struct slice note, struct checkpoint *checkpoint, struct err *err);

/* Appends the empty line before the first signature, and a signature of the text that stands in out->ptr[from…]. 0 or -1. */
int note_sign(struct buf *out, size_t from, const char *name, const uint8_t private_key[NOTE_KEY],
	const uint8_t public_key[NOTE_KEY], struct err *err);
/* Whether a checkpoint is signed by this key: 0, else -1 with ERR_ACCESS and why. */
int note_verify(struct slice note, const struct checkpoint *checkpoint,
	const struct note_verifier *verifier, struct err *err);

/* ---- witnesses ------------------------------------------------------------------------------- */

/* Reads the public key of a witness (type 0x04), as note_key_parse. */
int note_witness_parse(struct slice text, struct note_verifier *witness, struct err *err);
/* Whether a checkpoint carries a cosignature of this witness that holds; *time is when it says that it was made (seconds since 1970).
 * 0, else -1 with ERR_ACCESS and why. */
int note_cosigned(struct slice note, const struct checkpoint *checkpoint,
	const struct note_verifier *witness, int64_t *time, struct err *err);
/* Appends to the checkpoint in `note` the cosignature of this witness that `lines` (signature lines, as it answers) hold; lines of other keys
 * are passed over. As note_cosigned; the note is unchanged after -1. */
int note_cosign(struct buf *note, struct slice lines, const struct note_verifier *witness,
	int64_t *time, struct err *err);

#endif
