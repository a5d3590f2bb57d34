/* SPDX-License-Identifier: Apache-2.0 */
/*
 * keepers.h: who outside of this machine is given checkpoints (evidence.h) and keeps them: witnesses, which cosign them, and a bucket with
 * object lock, which nobody can delete from. What each took last is kept here; reaching them is pipeline/outside.h's.
 */
#ifndef STORE_KEEPERS_H
#define STORE_KEEPERS_H

#include "store/connections.h"

enum keeper_kind { KEEPER_WITNESS, KEEPER_BUCKET };
enum { KEEPER_SETTINGS = 16384 /* bytes */, KEEPERS_MOST = 32 /* of a store */ };
#define KEEPER_BUCKET_NAME "bucket" /* there is one at most */

struct keeper {
	enum keeper_kind kind;
	const char *name;     /* of a witness: that of its key */
	const char *place;    /* where it is, for people too: a URL, s3://BUCKET/PREFIX */
	const char *settings; /* a flat JSON object; no secrets */
	/* read only */
	uint64_t size;     /* entries of the largest checkpoint that it said it has, … */
	int64_t took_at;   /* … and when it took the last one; 0 = never */
	const char *took;  /* what it called that one (a bucket: the object's key); "" = nothing */
	int64_t failed_at; /* when it did not take one; 0 = the last one was taken */
	const char *error; /* why; "" = the last one was taken */
};

/* Saves one: new, or in place of that of its kind and name (then what it took is kept where its place is the same). Its secrets become those
 * given; `key` may be NULL where none is. ERR_LIMIT where there are KEEPERS_MOST. 0 or -1. */
int keeper_put(struct store *store, const struct keeper *keeper,
	const struct connection_secret *secrets, uint32_t nsecrets, const struct secret_key *key,
	struct err *err);
/* All of them, witnesses first, by name; in `mem`. None where the folder is of an older format. 0 or -1. */
int keepers_list(
	struct store *store, struct arena *mem, struct keeper **list, uint32_t *n, struct err *err);
/* 1 removed with its secrets, 0 none of that name, -1. */
int keeper_remove(struct store *store, enum keeper_kind kind, const char *name, struct err *err);
/* It took a checkpoint of so many entries, and calls it `took`. 0 or -1. */
int keeper_took(struct store *store, const struct keeper *keeper, uint64_t size, const char *took,
	struct err *err);
/* It did not, and why; `size`: what it says that it has. 0 or -1. */
int keeper_failed(struct store *store, const struct keeper *keeper, uint64_t size, const char *why,
	struct err *err);
/* A secret in plain text, as store_connection_secret. */
int keeper_secret(struct store *store, const struct keeper *keeper, const char *field,
	const struct secret_key *key, struct secret *plain, struct err *err);

#endif
