/* SPDX-License-Identifier: Apache-2.0 */
/*
 * access.h: who may use the API (tokens with a role), and pugmark's own audit log: what people and tokens did.
 *
 * A token is TOKEN_PREFIX and 64 hex digits, 256 random bits; the catalog has its SHA-256 only, so nobody can read one back, and
 * since it cannot be guessed the hash needs no salt and no stretching. The prefix lets scanners of secrets know one.
 */
#ifndef STORE_ACCESS_H
#define STORE_ACCESS_H

#include "store/store.h"

/* Each may do what those before it may. */
enum access_role { ROLE_NONE, ROLE_VIEWER, ROLE_ANALYST, ROLE_ADMIN, ACCESS_ROLES };
/* "viewer" …; "" for ROLE_NONE. */
const char *access_role_name(enum access_role role);
/* ROLE_NONE where there is none of that name. */
enum access_role access_role_named(const char *name);

#define TOKEN_PREFIX "pugmark_"
enum {
	TOKEN_TEXT = 8 + 64 + 1, /* bytes of a token with its NUL */
	TOKEN_HASH = 32,
	ACCESS_TEXT = 1000, /* bytes of each text of the audit log; longer ones are cut */
};

struct api_token {
	const char *name; /* [a-z0-9][a-z0-9._-]{0,62} */
	uint8_t hash[TOKEN_HASH];
	enum access_role role;
	int64_t created_at, expires_at; /* expires_at: 0 = never */
	const char *created_by;
};

/* An act: who did what to what, from where. Texts borrowed. */
struct audit_act {
	const char *
		who; /* a user's name, "token NAME"; of this machine where `from` is "command line" */
	const char *from;   /* an address, or "command line" */
	const char *what;   /* "token add", "alert close" … */
	const char *target; /* a token's name, an alert's id … */
};
struct audit_row {
	int64_t id, at;
	struct audit_act act;
	const char *result; /* "done", "refused: …"; "" = begun, and not known to have ended */
};

/* Makes a token and notes the act, in one transaction. `token` gets its text: the only time that it is seen. The act's `what` and
 * `target` are filled in here. 0 or -1: ERR_USAGE where the name is taken or wrong. */
int token_add(struct store *store, const char *name, enum access_role role, int64_t expires_at,
	const struct audit_act *by, char token[TOKEN_TEXT], struct err *err);
/* Removes one and notes the act. 1 done, 0 none of that name, -1. */
int token_remove(
	struct store *store, const char *name, const struct audit_act *by, struct err *err);
/* Calls `each` for all of them, by name; as store_segments. None in a folder of an older format. */
int token_list(struct store *store,
	int (*each)(void *ctx, const struct api_token *token, struct err *err), void *ctx,
	struct err *err);
/* The hash of a token's text, for comparing with those of token_list. False where `text` has not the form of one. */
bool token_hash(struct slice text, uint8_t hash[TOKEN_HASH]);

/* Notes an act before it is done, so that none is ever without a row: *id for audit_end. 0 or -1. */
int audit_begin(struct store *store, const struct audit_act *act, int64_t *id, struct err *err);
/* Notes what came of it. 0 or -1. */
int audit_end(struct store *store, int64_t id, const char *result, struct err *err);
/* Notes an act that is over. 0 or -1. */
int audit_note(
	struct store *store, const struct audit_act *act, const char *result, struct err *err);
/* Calls `each` for the newest acts first; as store_segments. */
struct audit_filter {
	int64_t since, until; /* INT64_MIN, INT64_MAX = open */
	int64_t before;       /* ids below this one only; 0 = all */
	uint32_t limit;       /* 0 = all */
	const char *
		text; /* that one of its texts has in it, in any case of ASCII letters; NULL = any */
};
int audit_list(struct store *store, const struct audit_filter *filter,
	int (*each)(void *ctx, const struct audit_row *row, struct err *err), void *ctx,
	struct err *err);

#endif
