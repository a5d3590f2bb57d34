/* SPDX-License-Identifier: Apache-2.0 */
/*
 * secrets.h: tokens and passwords at rest: sealed with AES-256-GCM under a key that does not lie in
 * the data folder, so that a stolen data folder or backup opens nothing. (It does not stop root.)
 *
 * The key, 32 bytes, as they are or as 64 hex digits, is in the first of these that applies:
 *   the path that the caller names             (`--key-file`, the configuration)
 *   $CREDENTIALS_DIRECTORY/pugmark.key         (systemd: LoadCredentialEncrypted=pugmark.key)
 *   $XDG_CONFIG_HOME/pugmark/key, $HOME/.config/pugmark/key
 *   /etc/pugmark/key                           (no home: a service)
 * A key file must be ours or root's, readable by its owner only, and outside the data folder.
 *
 * Plain text and keys live in memory of their own: locked where the limits allow, left out of core
 * dumps, wiped when freed. Programs that handle them should also prctl(PR_SET_DUMPABLE, 0). Plain text
 * never comes into an error's text or a log.
 */
#ifndef STORE_SECRETS_H
#define STORE_SECRETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/base.h"

#define SECRET_KEY_SERVICE "/etc/pugmark/key" /* what a service's configuration names */

enum {
	SECRET_MAX = 65536,   /* bytes of a plain text */
	SECRET_FIELD = 40,    /* bytes of a field's name: [a-z][a-z0-9_]* */
	SECRET_KEY_ID = 8,    /* bytes that tell keys apart and give nothing away */
	SECRET_OVERHEAD = 37, /* bytes that sealing adds */
};

/* ---- plain text ------------------------------------------------------------------------------ */

/* Bytes that are wiped when freed. A zeroed struct is an empty one. */
struct secret {
	char *text; /* `len` bytes and a NUL; NULL where empty */
	size_t len;
	size_t room; /* of its pages, private */
};
/* A secret of `len` zero bytes to be written to. Out of memory aborts. */
void secret_new(struct secret *secret, size_t len);
/* Wipes and frees; empty afterwards. */
void secret_wipe(struct secret *secret);

/* ---- keys ------------------------------------------------------------------------------------ */

/* The key that seals, and while a change of keys is under way the next one: what is sealed under
 * either is opened. */
struct secret_key;

/* Writes where the key is looked for into `path` (rules above; `wanted` NULL or "" = no wish). 0, or -1
 * where it would be too long. */
int secret_key_path(const char *wanted, char path[1024], struct err *err);

/* Loads the key. Where there is none and `make` is set, makes one: written under a temporary name, fsynced,
 * and linked to its name, so that two processes make one key and a crash no half one. Errors, each with
 * what to do: ERR_NOT_FOUND no key (and not `make`), ERR_ACCESS mode or owner too lax, or within
 * `data_dir` (NULL = not checked), ERR_FORMAT no key. */
int secret_key_open(const char *wanted, const char *data_dir, bool make, struct secret_key **key,
	struct err *err);
/* Accepts NULL. */
void secret_key_free(struct secret_key *key);
/* Where it was read from, for people. */
const char *secret_key_where(const struct secret_key *key);
/* The id of the key that seals. */
const uint8_t *secret_key_id(const struct secret_key *key);
/* Whether one of the keys has this id. */
bool secret_key_has(const struct secret_key *key, const uint8_t id[SECRET_KEY_ID]);

/* ---- sealing --------------------------------------------------------------------------------- */

/* Appends `plain` sealed for one connection's field to `out`: opened for any other it fails. Random
 * 96-bit nonces: by NIST SP 800-38D good for 2^32 sealings under one key, and a store makes a few
 * hundred in its life; AES-256-GCM is what libcrypto has everywhere, in constant time by hardware.
 * `key_id` chooses the key of two; NULL = the one that seals. 0 or -1. */
int secret_seal(const struct secret_key *key, const uint8_t *key_id, const char *connection,
	const char *field, struct slice plain, struct buf *out, struct err *err);
/* Opens what secret_seal made. ERR_ACCESS: sealed under another key; ERR_DAMAGED: altered, or sealed for
 * another connection or field. */
int secret_open(const struct secret_key *key, const char *connection, const char *field,
	struct slice sealed, struct secret *plain, struct err *err);

#endif
