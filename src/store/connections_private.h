/* SPDX-License-Identifier: Apache-2.0 */
/* connections_private.h: what the rows of connections, their secrets and the ledger share. */
#ifndef STORE_CONNECTIONS_PRIVATE_H
#define STORE_CONNECTIONS_PRIVATE_H

#include "store/connections.h"
#include "store/private.h"

enum { KEEPERS_FORMAT = 12 /* the catalog's format that brought keepers.h */ };

/* The row id of a connection: 1, 0 none of that name, -1. */
int connection_id(struct store *store, const char *name, int64_t *id, struct err *err);
/* Whose secrets: of a connection, a notifier, a watchlist, a key of checkpoints, the cluster, or who keeps checkpoints; each by its row id. */
enum secret_owner {
	OWNER_CONNECTION,
	OWNER_NOTIFIER,
	OWNER_WATCHLIST,
	OWNER_EVIDENCE,
	OWNER_CLUSTER,
	OWNER_KEEPER,
	SECRET_OWNERS
};
/* In the caller's transaction: seals one field, or forgets it. 0 or -1. */
int secret_put(struct store *store, enum secret_owner owner, int64_t id, const char *name,
	const struct connection_secret *secret, const struct secret_key *key, struct err *err);
/* Opens one: 1, 0 not set, -1; *plain is the caller's. */
int secret_get(struct store *store, enum secret_owner owner, int64_t id, const char *name,
	const char *field, const struct secret_key *key, struct secret *plain, struct err *err);
/* Between these SQLite overwrites what it deletes: nothing that was sealed under an old key is left in
 * free pages of the catalog. The end gives back `rc`. */
int secrets_delete_begin(struct store *store, struct err *err);
int secrets_delete_end(struct store *store, int rc);
/* In the caller's transaction: what is known of a source's objects. 0 or -1 (ledger_objects.c). */
int ledger_forget_objects(struct store *store, const char *source, struct err *err);

#endif
