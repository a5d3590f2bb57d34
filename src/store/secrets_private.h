/* SPDX-License-Identifier: Apache-2.0 */
/* secrets_private.h: what the key's file and the sealing share: one or two keys of 32 bytes. */
#ifndef STORE_SECRETS_PRIVATE_H
#define STORE_SECRETS_PRIVATE_H

#include "store/private.h"
#include "store/secrets.h"

enum { KEY_BYTES = 32, KEYS = 2 /* the current one, the next one */ };
#define KEY_NEXT ".next" /* the file beside the key's, while keys change */

struct secret_key {
	char path[STORE_PATH];
	unsigned n;
	uint8_t ids[KEYS][SECRET_KEY_ID];
	struct secret keys[KEYS];
};

/* The id of a key: half of nothing that is used elsewhere. */
void secret_key_make_id(const struct secret *key, uint8_t id[SECRET_KEY_ID]);
/* Reads the key file at `path`. 1 read, 0 there is none, -1. `by_systemd`: the mode is systemd's. */
int secret_key_read(const char *path, const char *data_dir, bool by_systemd, struct secret *key,
	struct err *err);
/* Makes a key file where there is none. 0 (also where another process was faster) or -1. */
int secret_key_write(const char *path, struct err *err);
/* The folder that a path lies in. */
void secret_key_folder(const char *path, char dir[STORE_PATH]);
/* True where the key comes from $CREDENTIALS_DIRECTORY: not ours to change. */
bool secret_key_by_systemd(const char *path);

#endif
