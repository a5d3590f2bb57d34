/* SPDX-License-Identifier: Apache-2.0 */
/*
 * notifiers.h: who is told of alerts, and what is still to be told: notifiers with their sealed secrets, and the queue of
 * notices, which alerts_replace fills in its own transaction: so an alert is queued whatever ends the process.
 */
#ifndef STORE_NOTIFIERS_H
#define STORE_NOTIFIERS_H

#include "store/alerts.h"
#include "store/connections.h"

enum {
	NOTIFIER_SETTINGS = 16384 /* bytes of a notifier's settings */,
	NOTIFIER_ERROR = 500 /* of a failure's text */
};

/* A notifier: where alerts are sent. Its secrets are sealed as a connection's (store/secrets.h). */
struct notifier {
	const char *name;     /* as a source's name */
	const char *kind;     /* webhook, slack, teams, syslog, mail */
	const char *settings; /* a flat JSON object: host, to …; no secrets */
	int least_level;
	const char *rules; /* NULL = all; else ids, joined by ", " */
	bool paused;
	/* read only */
	int64_t created, last_sent, last_failed; /* 0 = never */
	const char *last_error;                  /* "" = none */
	const char *secrets;                     /* names of the fields that are set */
	uint64_t waiting, given_up;              /* notices */
};
/* Saves a notifier: new, or in place of the one of that name; its secrets stay but for those given here. `key` may be NULL where no
 * secret is given. 0 or -1. */
int notifier_put(struct store *store, const struct notifier *notifier,
	const struct connection_secret *secrets, uint32_t nsecrets, const struct secret_key *key,
	struct err *err);
/* Calls `each` for all of them, by name (`name` NULL = all); as store_segments. Never gives a secret out. */
int notifier_list(struct store *store, const char *name,
	int (*each)(void *ctx, const struct notifier *notifier, struct err *err), void *ctx,
	struct err *err);
/* 1 removed, with what is queued for it (*dropped = how many notices, may be NULL); 0 none of that name; -1. */
int notifier_remove(struct store *store, const char *name, uint64_t *dropped, struct err *err);
/* Paused, notices wait. Resumed, those that were given up are tried again too. 1, 0 none of that name, -1. */
int notifier_pause(struct store *store, const char *name, bool paused, struct err *err);
/* A secret in plain text, for the sender alone; as store_connection_secret. */
int notifier_secret(struct store *store, const char *name, const char *field,
	const struct secret_key *key, struct secret *plain, struct err *err);

/* A notice that waits. */
struct notice {
	uint64_t id;
	const char *notifier;
	uint8_t alert[ALERT_ID]; /* as it is called now */
	const char *change;      /* new, reopened */
	const char *key;         /* the same at each try: the receiver knows copies by it */
	unsigned tries;
	int64_t queued, due;
	int64_t first_failed; /* 0 = never */
};
/* The notices due by `now`, those of one notifier together, oldest first; as store_segments. Those of paused notifiers and of alerts
 * that are withdrawn wait. */
int notices_due(struct store *store, int64_t now,
	int (*each)(void *ctx, const struct notice *notice, struct err *err), void *ctx,
	struct err *err);
/* When the next one is due: INT64_MAX = none waits. 0 or -1. */
int notices_next(struct store *store, int64_t *due, struct err *err);
/* They were sent (gone); or they failed and are due again at `again` (INT64_MAX = given up, and kept with the error). All of one
 * notifier. 0 or -1. */
int notices_sent(struct store *store, const char *notifier, const uint64_t *ids, uint32_t n,
	int64_t now, struct err *err);
int notices_failed(struct store *store, const char *notifier, const uint64_t *ids, uint32_t n,
	int64_t now, int64_t again, const char *why, struct err *err);

#endif
