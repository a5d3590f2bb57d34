/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hook.h: alerts that other products send to us: a hook is a connection of the kind "hook" with a secret of its own, which is sealed. It is
 * read by nobody; what is sent to it goes through the same path as the replies of an API, so that what comes twice is stored once, and raw
 * bytes are kept.
 */
#ifndef PIPELINE_HOOK_H
#define PIPELINE_HOOK_H

#include "pipeline/pipeline.h"
#include "store/connections.h"

#define HOOK_KIND "hook"
enum {
	HOOK_SECRET = 64 + 1,   /* bytes of a secret that is made here: 256 random bits in hex */
	HOOK_SECRET_LEAST = 16, /* characters of one that is given */
	HOOK_RECORDS = 10000,   /* of one delivery */
};

/* Makes a hook, or gives one of that name a new secret. `table` NULL = third_party_alerts; `given` NULL: a secret is made, into `made`. 0 or
 * -1: ERR_USAGE a wrong name, or one that a source has. */
int hook_put(struct store *store, const char *name, const char *table, const char *given,
	const char *key_file, char made[HOOK_SECRET], struct err *err);
/* 1 removed, its events stay; 0 there is no hook of that name; -1. */
int hook_remove(struct store *store, const char *name, uint64_t *events, struct err *err);
/* Whether a delivery comes from who knows the secret: `signature` is "sha256=" and the HMAC-SHA256 of the body in hex (NULL = none was
 * sent: then `bearer`, the secret itself, counts). 1 and the hook, texts in `mem`; 0 it does not, or there is no such hook, in the
 * same time; -1. */
int hook_check(struct store *store, const char *name, const char *key_file, const char *signature,
	const char *bearer, struct slice body, struct arena *mem, struct connection *hook,
	struct err *err);

struct hook_result {
	uint64_t records, stored, duplicates, expired, rejected;
};
/* Stores a delivery: an object, an array of them, or one a line. All of it is durable when this returns 0. -1: ERR_FORMAT where it is none
 * of these (nothing is stored), or what the store says. */
int hook_take(struct store *store, const struct connection *hook, struct slice body,
	struct hook_result *result, struct err *err);

#endif
