/* SPDX-License-Identifier: Apache-2.0 */
/* users.c (http/): users and tokens, for admins. Each change notes itself, in its own transaction (store/users.h, store/access.h). */
#include <stdio.h>
#include <string.h>

#include "answer/answer.h"
#include "http/private.h"

#define JSON "application/json"

int handle_users(struct request *r, struct err *err)
{
	return reply_from_store(r, answer_users, err);
}

int handle_tokens(struct request *r, struct err *err)
{
	return reply_from_store(r, answer_tokens, err);
}

/* A member "role" of the body; ROLE_NONE where there is none. */
static int body_role(struct request *r, enum access_role *role, struct err *err)
{
	const char *word;
	*role = ROLE_NONE;
	if (body_text(r, "role", &word, err) < 0)
		return -1;
	if (word && (*role = access_role_named(word)) == ROLE_NONE)
		return err_set(err, ERR_USAGE, "\"role\" must be viewer, analyst or admin");
	return 0;
}

/* ---- users ----------------------------------------------------------------------------------- */

/* A user as he is now, and the password where it was made up. */
static int reply_user(struct request *r, struct store *store, unsigned status, const char *name,
	const char *made, struct err *err)
{
	struct user user;
	int rc = user_find(store, name, &user, err);
	if (rc == 0)
		return err_set(err, ERR_NOT_FOUND, "there is no user %s", name);
	if (rc < 0)
		return -1;
	answer_user(&user, &r->out);
	explicit_bzero(&user, sizeof(user));
	if (made) {
		r->out.len--;
		text_json_member(&r->out, "password", made);
		buf_push(&r->out, '}');
	}
	buf_push(&r->out, '\n');
	reply_done(r, status, JSON);
	return 0;
}

/* The hash of the password given, or of one that is made up into `made`. */
static int hash_password(const char *name, const char *password, char made[PASSWORD_MADE],
	char hashed[PASSWORD_HASHED], struct err *err)
{
	if (password ? password_check(name, password, err) < 0 : password_make(made, err) < 0)
		return -1;
	return password_hash(password ? password : made, hashed, err);
}

int handle_user_add(struct request *r, struct err *err)
{
	const struct audit_act by = {r->who, r->from, "", ""};
	const char *name, *password;
	char made[PASSWORD_MADE], hashed[PASSWORD_HASHED];
	enum access_role role;
	struct store *store;
	if (body_text(r, "name", &name, err) < 0 || body_role(r, &role, err) < 0 ||
		body_text(r, "password", &password, err) < 0)
		return -1;
	if (!name || role == ROLE_NONE)
		return err_set(err, ERR_USAGE, "a user has a \"name\" and a \"role\"");
	if (hash_password(name, password, made, hashed, err) < 0 ||
		request_store(r, STORE_WRITE, &store, err) < 0)
		return -1;
	int rc = user_add(store, name, role, hashed, true, &by, err);
	if (rc == 0)
		rc = reply_user(r, store, 201, name, password ? NULL : made, err);
	store_close(store);
	explicit_bzero(made, sizeof(made));
	explicit_bzero(hashed, sizeof(hashed));
	return rc;
}

static int body_change(struct request *r, struct user_change *change, const char **password,
	int *reset, struct err *err)
{
	if (body_role(r, &change->role, err) < 0 || body_text(r, "password", password, err) < 0 ||
		body_bool(r, "disabled", &change->disabled, err) < 0 ||
		body_bool(r, "reset_password", reset, err) < 0)
		return -1;
	if (change->role == ROLE_NONE && change->disabled < 0 && !*password && *reset != 1)
		return err_set(err, ERR_USAGE,
			"nothing is to change: \"role\", \"password\", \"reset_password\" or "
			"\"disabled\"");
	if (*password && *reset == 1)
		return err_set(
			err, ERR_USAGE, "\"password\" and \"reset_password\" do not go together");
	if (r->signed_in && strcmp(r->who, r->id) == 0 && (*password || *reset == 1))
		return err_set(err, ERR_USAGE,
			"one's own password: POST /api/v1/session/password, which asks for the "
			"old one");
	return 0;
}

int handle_user_change(struct request *r, struct err *err)
{
	const struct audit_act by = {r->who, r->from, "", ""};
	struct user_change change = {.must_change = true, .disabled = -1};
	char made[PASSWORD_MADE], hashed[PASSWORD_HASHED];
	const char *password;
	struct store *store;
	int reset;
	if (body_change(r, &change, &password, &reset, err) < 0)
		return -1;
	if (password || reset == 1) {
		if (hash_password(r->id, password, made, hashed, err) < 0)
			return -1;
		change.hashed = hashed;
	}
	if (request_store(r, STORE_WRITE, &store, err) < 0)
		return -1;
	int rc = user_change(store, r->id, &change, &by, err);
	if (rc >= 0)
		rc = reply_user(r, store, 200, r->id, reset == 1 ? made : NULL, err);
	store_close(store);
	gate_stale(request_gate(r));
	explicit_bzero(made, sizeof(made));
	explicit_bzero(hashed, sizeof(hashed));
	return rc;
}

/* An act on what {id} names, of which nothing is left to say. */
static int removed(struct request *r, const char *what,
	int (*end)(
		struct store *store, const char *name, const struct audit_act *by, struct err *err),
	struct err *err)
{
	const struct audit_act by = {r->who, r->from, "", ""};
	struct store *store;
	if (request_store(r, STORE_WRITE, &store, err) < 0)
		return -1;
	int rc = end(store, r->id, &by, err);
	store_close(store);
	gate_stale(request_gate(r));
	if (rc == 0)
		return err_set(err, ERR_NOT_FOUND, "there is no %s %s", what, r->id);
	if (rc < 0)
		return -1;
	reply_done(r, 204, NULL);
	return 0;
}

int handle_user_remove(struct request *r, struct err *err)
{
	return removed(r, "user", user_remove, err);
}

/* ---- tokens ---------------------------------------------------------------------------------- */

int handle_token_add(struct request *r, struct err *err)
{
	const struct audit_act by = {r->who, r->from, "", ""};
	const char *name, *span;
	char token[TOKEN_TEXT], text[CLOCK_TEXT];
	enum access_role role;
	uint32_t seconds = 0;
	struct store *store;
	if (body_text(r, "name", &name, err) < 0 || body_role(r, &role, err) < 0 ||
		body_text(r, "expires", &span, err) < 0)
		return -1;
	if (!name || role == ROLE_NONE)
		return err_set(err, ERR_USAGE, "a token has a \"name\" and a \"role\"");
	if (span && (clock_parse_span(span, &seconds) < 0 || seconds == 0))
		return err_set(err, ERR_USAGE, "\"expires\" must be 90d, 12h or the like");
	int64_t expires = seconds ? clock_now_us() + seconds * INT64_C(1000000) : 0;
	if (request_store(r, STORE_WRITE, &store, err) < 0)
		return -1;
	int rc = token_add(store, name, role, expires, &by, token, err);
	store_close(store);
	if (rc < 0)
		return -1;
	buf_puts(&r->out, "{\"name\":");
	text_json_string(&r->out, slice_of(name));
	text_json_member(&r->out, "role", access_role_name(role));
	text_json_member(&r->out, "expires_at", expires ? clock_text(expires, text) : NULL);
	text_json_member(&r->out, "token", token);
	buf_puts(&r->out, "}\n");
	explicit_bzero(token, sizeof(token));
	gate_stale(request_gate(r));
	reply_done(r, 201, JSON);
	return 0;
}

int handle_token_remove(struct request *r, struct err *err)
{
	return removed(r, "token", token_remove, err);
}
