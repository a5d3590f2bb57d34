/* SPDX-License-Identifier: Apache-2.0 */
/*
 * users.h: people who may use the API: their passwords, and the sessions that a sign-in begins. Tokens, roles and the audit log:
 * access.h.
 *
 * A password is kept as scrypt (RFC 7914) with N = 2^15, r = 8, p = 3: 32 MiB and a quarter of a second a hash, written as
 * "$scrypt$ln=15,r=8,p=3$SALT$HASH" in hex digits, so that a later version can ask for more. A session is 256 random bits; the catalog
 * has their SHA-256 only, which needs no salt and no stretching since nobody can guess what it is of.
 */
#ifndef STORE_USERS_H
#define STORE_USERS_H

#include "store/access.h"

enum {
	USER_NAME = 64, /* bytes of a name with its NUL: [a-z0-9][a-z0-9._-]{0,62} */
	PASSWORD_LEAST = 12,
	PASSWORD_MOST = 256,   /* bytes */
	PASSWORD_HASHED = 160, /* bytes of a hash's text with its NUL */
	PASSWORD_MADE = 20,    /* of one that is made up: XXXX-XXXX-XXXX-XXXX, 80 random bits */
	SESSION_TEXT = 65,     /* hex digits of a session, and of its csrf, with the NUL */
	SESSION_HASH = 32,
	SESSIONS_MOST = 32, /* of one user; the oldest ends where there would be more */
	SESSION_IDLE_S = 12 * 3600,
	SESSION_MOST_S = 7 * 86400,
};

struct user {
	char name[USER_NAME];
	char hashed[PASSWORD_HASHED];
	enum access_role role;
	bool must_change; /* the password is for one sign-in */
	bool disabled;
	int64_t created_at, last_login; /* last_login: 0 = never */
};

/* ---- passwords --------------------------------------------------------------------------------- */

/* A password that nobody chose. 0, or -1 where there are no random bits. */
int password_make(char password[PASSWORD_MADE], struct err *err);
/* Whether a password is long enough, well-formed and not the name. 0, or -1 (ERR_USAGE) and what is wrong with it. */
int password_check(const char *name, const char *password, struct err *err);
/* Hashes one, with a salt of its own: takes 32 MiB and a quarter of a second; the caller sees to how many run at once. 0 or -1. */
int password_hash(const char *password, char hashed[PASSWORD_HASHED], struct err *err);
/* Whether a password is the one that was hashed; as slow. `hashed` NULL: false, and as slow as any. */
bool password_fits(const char *password, const char *hashed);

/* ---- users ------------------------------------------------------------------------------------- */

/* Of a change: what is not to change is ROLE_NONE, NULL, -1. */
struct user_change {
	enum access_role role;
	const char *hashed; /* ends the user's sessions */
	bool must_change;   /* with `hashed` */
	int disabled;       /* 1 ends the user's sessions */
};

/* Each notes the act in the transaction that does it; `what` and `target` of the act are filled in here. */

/* 0, or -1: ERR_USAGE where the name is taken or wrong. */
int user_add(struct store *store, const char *name, enum access_role role, const char *hashed,
	bool must_change, const struct audit_act *by, struct err *err);
/* 1 done, 0 none of that name, -1: ERR_USAGE where no admin would be left who may sign in. */
int user_change(struct store *store, const char *name, const struct user_change *change,
	const struct audit_act *by, struct err *err);
/* The user and all sessions. As user_change. */
int user_remove(struct store *store, const char *name, const struct audit_act *by, struct err *err);
/* Calls `each` for all of them, by name; as store_segments. None in a folder of an older format. */
int user_list(struct store *store, int (*each)(void *ctx, const struct user *user, struct err *err),
	void *ctx, struct err *err);
/* 1 found, 0 none of that name, -1. */
int user_find(struct store *store, const char *name, struct user *user, struct err *err);

/* Where there is no admin, makes "admin" with a password that must be changed at the first sign-in. 1 made, and `password` is the only
 * time that it is seen; 0 there is one (or somebody else is called so), -1. */
int user_first(struct store *store, char password[PASSWORD_MADE], struct err *err);

/* ---- sessions ---------------------------------------------------------------------------------- */

struct session {
	uint8_t hash[SESSION_HASH];
	const char *name; /* the user's, borrowed */
	enum access_role role;
	bool must_change;
	int64_t used_at, ends_at;
};

/* The hash of a session's text. False where `text` has not the form of one. */
bool session_hash(struct slice text, uint8_t hash[SESSION_HASH]);
/* What a page of ours knows and a page elsewhere does not: made of the session's text, which it does not give away. */
void session_csrf(const char *text, char csrf[SESSION_TEXT]);
/* When a session that was used at `used_at` ends by itself. */
int64_t session_end_of(int64_t used_at, int64_t ends_at);

/* Begins one for a user whose password has just been found to fit, and ends `old` where it is not NULL. `text` gets what the cookie holds. 1,
 * 0 where the user's password is another one by now, or there is no such user or a disabled one; -1. */
int session_begin(struct store *store, const struct user *user, const uint8_t *old,
	const struct audit_act *by, char text[SESSION_TEXT], struct err *err);
/* A new password for a user whose old one has just been found to fit: all the user's sessions end, and one begins. As session_begin. */
int session_password(struct store *store, const struct user *user, const char *hashed,
	const struct audit_act *by, char text[SESSION_TEXT], struct err *err);
/* Ends one. 1, 0 where there was none, -1. */
int session_end(struct store *store, const uint8_t hash[SESSION_HASH], const struct audit_act *by,
	struct err *err);
/* It was used at that time. 0 or -1. */
int session_touch(
	struct store *store, const uint8_t hash[SESSION_HASH], int64_t at, struct err *err);
/* Calls `each` for all that are good now, of users who are not disabled; as store_segments. */
int session_list(struct store *store,
	int (*each)(void *ctx, const struct session *session, struct err *err), void *ctx,
	struct err *err);

#endif
