/* SPDX-License-Identifier: Apache-2.0 */
/*
 * session.c: signing in and out, and a password of one's own. Wrong names and wrong passwords get one answer, in one time. Of both a name and an
 * address may try so often only; a name that nobody has is not written down, since it may be a password that was typed too early.
 */
#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "http/private.h"

/* Of a name: 10 at once, then one a minute. Of an address, behind which several people may be: 30, one in ten seconds. */
static const struct limit of_name = {10, 60}, of_address = {30, 10};

/* ---- the answer ------------------------------------------------------------------------------ */

static void reply_session(
	struct request *r, const char *name, enum access_role role, bool must_change)
{
	char csrf[SESSION_TEXT], ends[CLOCK_TEXT];
	buf_puts(&r->out, "{\"name\":");
	text_json_string(&r->out, slice_of(name));
	text_json_member(&r->out, "role", access_role_name(role));
	if (*r->session)
		session_csrf(r->session, csrf);
	text_json_member(&r->out, "csrf", *r->session ? csrf : NULL);
	text_json_member(
		&r->out, "expires", *r->session ? clock_text(r->session_ends, ends) : NULL);
	buf_printf(&r->out, ",\"must_change\":%s}\n", must_change ? "true" : "false");
	reply_done(r, 200, "application/json");
}

int handle_session(struct request *r, struct err *err)
{
	(void)err;
	if (!r->signed_in)
		r->session[0] = '\0'; /* a token asks */
	reply_session(r, r->who, r->role, r->must_change);
	return 0;
}

/* A session has begun: its cookie, and itself. */
static int begun(struct request *r, const struct user *user, bool must_change)
{
	int64_t now = clock_now_us();
	gate_stale(request_gate(r));
	r->session_ends = session_end_of(now, now + SESSION_MOST_S * INT64_C(1000000));
	r->cookie = who_cookie(r, r->session);
	reply_session(r, user->name, user->role, must_change);
	return 0;
}

/* ---- tries ----------------------------------------------------------------------------------- */

static uint64_t address_key(const struct request *r)
{
	return hash_bytes(r->network, sizeof(r->network)) ^ 1;
}

static uint64_t name_key(const char *name)
{
	return hash_bytes(name, strlen(name));
}

/* False where there were too many: the answer is made. */
static bool may_try(struct request *r, const char *name)
{
	int64_t now = clock_mono_us();
	unsigned wait = limits_take(request_limits(r), address_key(r), of_address, now);
	if (wait == 0)
		wait = limits_take(request_limits(r), name_key(name), of_name, now);
	if (wait == 0)
		return true;
	r->retry_after = wait;
	notes_refused(request_notes(r), r, r->who, "too many tries to sign in");
	reply_problem(r, 429, "too many tries to sign in: wait, and try again", NULL);
	return false;
}

static void was_good(struct request *r, const char *name)
{
	limits_give(request_limits(r), address_key(r), of_address, false);
	limits_give(request_limits(r), name_key(name), of_name, true);
}

/* ---- signing in ------------------------------------------------------------------------------ */

static int find_user(struct request *r, const char *name, struct user *user, struct err *err)
{
	struct store *store;
	if (request_store(r, STORE_READ, &store, err) < 0)
		return -1;
	int rc = user_find(store, name, user, err);
	store_close(store);
	return rc;
}

static int wrong(struct request *r, const struct user *user, const char *why)
{
	notes_refused(request_notes(r), r, user->name, why);
	reply_problem(r, 401, "the name or the password is wrong", NULL);
	return 0;
}

/* Where the password fits. 1, 0 where something has changed meanwhile, -1. */
static int begin(struct request *r, const struct user *user, struct err *err)
{
	const struct audit_act by = {user->name, r->from, "", ""};
	uint8_t old[SESSION_HASH];
	bool has_old = session_hash(slice_of(r->session), old);
	struct store *store;
	if (request_store(r, STORE_WRITE, &store, err) < 0)
		return -1;
	int rc = session_begin(store, user, has_old ? old : NULL, &by, r->session, err);
	store_close(store);
	return rc;
}

static int try_one(struct request *r, const char *name, const char *password, struct user *user,
	struct err *err)
{
	int found = find_user(r, name, user, err);
	if (found < 0)
		return -1;
	/* As slow for a name that nobody has. */
	bool fits = password_fits(password, found ? user->hashed : NULL);
	if (!fits || user->disabled)
		return wrong(
			r, user, found ? fits ? "disabled" : "a wrong password" : "no such user");
	int rc = begin(r, user, err);
	if (rc < 1)
		return rc < 0 ? -1 : wrong(r, user, "changed meanwhile");
	was_good(r, name);
	return begun(r, user, user->must_change);
}

int handle_session_begin(struct request *r, struct err *err)
{
	const char *name, *password;
	struct user user = {.name = ""};
	if (body_text(r, "name", &name, err) < 0 || body_text(r, "password", &password, err) < 0)
		return -1;
	if (!name || !password)
		return err_set(err, ERR_USAGE, "signing in takes a \"name\" and a \"password\"");
	if (!may_try(r, name))
		return 0;
	int rc = try_one(r, name, password, &user, err);
	explicit_bzero(&user, sizeof(user));
	return rc;
}

int handle_session_end(struct request *r, struct err *err)
{
	const struct audit_act by = {r->who, r->from, "", ""};
	uint8_t hash[SESSION_HASH];
	struct store *store;
	if (!r->signed_in || !session_hash(slice_of(r->session), hash))
		return err_set(err, ERR_USAGE,
			"a token has no session: DELETE /api/v1/tokens/NAME ends it");
	if (request_store(r, STORE_WRITE, &store, err) < 0)
		return -1;
	int rc = session_end(store, hash, &by, err);
	store_close(store);
	if (rc < 0)
		return -1;
	gate_stale(request_gate(r));
	r->cookie = who_cookie(r, NULL);
	reply_done(r, 204, NULL);
	return 0;
}

/* ---- a password of one's own --------------------------------------------------------------------- */

static int set_password(
	struct request *r, const struct user *user, const char *password, struct err *err)
{
	const struct audit_act by = {user->name, r->from, "", ""};
	char hashed[PASSWORD_HASHED];
	struct store *store;
	if (password_hash(password, hashed, err) < 0 ||
		request_store(r, STORE_WRITE, &store, err) < 0)
		return -1;
	int rc = session_password(store, user, hashed, &by, r->session, err);
	store_close(store);
	explicit_bzero(hashed, sizeof(hashed));
	if (rc < 1)
		return rc < 0 ? -1 : err_set(err, ERR_BUSY, "the user has changed meanwhile");
	was_good(r, user->name);
	return begun(r, user, false);
}

static int change(struct request *r, const char *old, const char *password, struct user *user,
	struct err *err)
{
	int found = find_user(r, r->who, user, err);
	if (found < 1)
		return found < 0 ? -1 : err_set(err, ERR_NOT_FOUND, "this user is no more");
	if (!password_fits(old, user->hashed)) {
		notes_refused(request_notes(r), r, user->name, "a wrong password");
		reply_problem(r, 403, "the password that is to be changed is another one", NULL);
		return 0;
	}
	return set_password(r, user, password, err);
}

int handle_session_password(struct request *r, struct err *err)
{
	const char *old, *password;
	struct user user = {.name = ""};
	if (!r->signed_in)
		return err_set(err, ERR_USAGE, "a token has no password");
	if (body_text(r, "password", &old, err) < 0 ||
		body_text(r, "new_password", &password, err) < 0)
		return -1;
	if (!old || !password)
		return err_set(err, ERR_USAGE, "the body takes \"password\" and \"new_password\"");
	if (password_check(r->who, password, err) < 0)
		return -1;
	if (strcmp(old, password) == 0)
		return err_set(err, ERR_USAGE, "the new password is the old one");
	if (!may_try(r, r->who))
		return 0;
	int rc = change(r, old, password, &user, err);
	explicit_bzero(&user, sizeof(user));
	return rc;
}

/* ---- the first user ---------------------------------------------------------------------------- */

static int note_admin(void *ctx, const struct user *user, struct err *err)
{
	(void)err;
	*(bool *)ctx |= user->role == ROLE_ADMIN;
	return 0;
}

/* Without waiting for a writer, in the usual case that there is one. */
static bool has_admin(const char *data)
{
	struct store *store;
	struct err err;
	bool found = false;
	if (store_open(data, STORE_READ, &store, &err) < 0)
		return false;
	(void)user_list(store, note_admin, &found, &err);
	store_close(store);
	return found;
}

void first_user(const char *data, const char *url)
{
	char password[PASSWORD_MADE];
	struct store *store;
	struct err err;
	if (has_admin(data))
		return;
	int rc = store_open(data, STORE_WRITE, &store, &err);
	if (rc == 0) {
		rc = user_first(store, password, &err);
		store_close(store);
	}
	if (rc < 0)
		log_warn("nobody can sign in yet, and no user could be made: %s", err.text);
	if (rc == 1)
		fprintf(stderr,
			"pugmark: open %s and sign in as admin with the one-time password %s\n",
			url, password);
	explicit_bzero(password, sizeof(password));
}
