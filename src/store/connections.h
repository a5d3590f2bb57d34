/* SPDX-License-Identifier: Apache-2.0 */
/*
 * connections.h: the sources that were connected, as rows of the catalog: settings in the open, secrets
 * sealed (secrets.h) and write-only: only store_connection_secret gives one back, for the collector.
 * A connection's name is the `source` of its events, its lease, its ledger.
 */
#ifndef STORE_CONNECTIONS_H
#define STORE_CONNECTIONS_H

#include "store/secrets.h"
#include "store/store.h"

enum {
	CONNECTION_SETTINGS = 65536, /* bytes of the settings' text */
	CONNECTION_TEXT = 1000,      /* bytes of an instance's name */
};

struct connection {
	const char *name;     /* [a-z0-9][a-z0-9._-]{0,62} */
	const char *kind;     /* one of connection_kinds */
	const char *table;    /* that its events go into */
	const char *instance; /* of the product (cloudId, base URL); "" = told by the lines */
	const char *settings; /* a JSON object: what the kind of source wants to know; no secrets */
	const char *schema;   /* a schema of the user's; "" = the table's own */
	uint32_t interval_s;  /* between two readings */
	uint32_t lookback_s;  /* how far each reads again */
	int64_t backfill_from; /* microseconds; INT64_MIN = as far as the source reaches */
	int64_t token_expires; /* microseconds; 0 = not known */
	bool paused;
	bool secondary; /* read only: another one is the primary of (instance, table) */
	/* read only */
	int64_t created_at, changed_at;
	const char *secrets; /* names of the fields that are set: "api_token, password" */
};

/* The kinds of sources; NULL ends them. */
extern const char *const connection_kinds[];

/* A field to be sealed. */
struct connection_secret {
	const char *field;  /* [a-z][a-z0-9_]*, at most SECRET_FIELD bytes */
	struct slice plain; /* wiped by the caller; len 0 = forget this field */
};

/* Saves a connection: new, or in place of the one of that name, which must be of the same kind; its
 * secrets stay but for those given here. `key` may be NULL where no secret is given. An (instance, table)
 * that has a primary already is ERR_USAGE with its name, unless both read log files, or `also` is set: then
 * this one is secondary (*secondary, may be NULL). A secondary one that is saved when there is no primary any
 * more becomes it, and reads all again. Secrets may not stand in the settings under the same name. */
int store_connection_put(struct store *store, const struct connection *connection, bool also,
	const struct connection_secret *secrets, uint32_t nsecrets, const struct secret_key *key,
	bool *secondary, struct err *err);
/* 1 found, texts in `mem`; 0 none of that name; -1. */
int store_connection_get(struct store *store, const char *name, struct arena *mem,
	struct connection *connection, struct err *err);
/* Calls `each` for all of them, by name; as store_segments. Never gives a secret out. */
int store_connections(struct store *store,
	int (*each)(void *ctx, const struct connection *connection, struct err *err), void *ctx,
	struct err *err);
/* 1 done (also where it was so), 0 none of that name, -1. */
int store_connection_pause(struct store *store, const char *name, bool paused, struct err *err);
/* Removes the connection, its secrets, its checkpoints (keys NAME and NAME/…) and what it knew of
 * objects; the events that it brought and its ledger stay: *events says how many there are, for the
 * words to the user. Connected again, it reads all again and doubles nothing. 1, 0 none, -1. */
int store_connection_remove(
	struct store *store, const char *name, uint64_t *events, struct err *err);

/* The right to read a source: held by one process at a time, gone when it ends (a file leases/NAME.lock in
 * the data folder, store_lock, store_unlock). 0; ERR_BUSY with what to do where another has it. */
int store_source_lease(
	struct store *store, const char *name, struct store_lock **lease, struct err *err);

/* A secret in plain text, for the collector alone: *plain is the caller's (secret_wipe). 1, 0 not set,
 * -1; errors as secret_open. */
int store_connection_secret(struct store *store, const char *name, const char *field,
	const struct secret_key *key, struct secret *plain, struct err *err);

/* The key for this store's secrets (secret_key_open). With `make`, one is made where there is none and
 * no secret is sealed yet: a new key beside sealed secrets would only hide that the old one is lost. */
int store_secret_key(struct store *store, const char *wanted, bool make, struct secret_key **key,
	struct err *err);
/* Seals all secrets anew under another key, in one transaction; *n (may be NULL) = how many. Secrets that
 * are under it already stay. For keys that somebody else keeps (systemd): then put the new one in place. */
int store_secrets_reseal(struct store *store, const struct secret_key *old,
	const struct secret_key *new_key, uint64_t *n, struct err *err);
/* Changes the key at its place: makes PATH.next, seals all under it, renames it to PATH. Where that was
 * cut off, secrets open all the same (secret_key_open takes both), and running it again ends it. Other
 * processes open their key again when a secret is under another one. */
int store_secret_key_change(struct store *store, const char *wanted, uint64_t *n, struct err *err);

#endif
