/* SPDX-License-Identifier: Apache-2.0 */
/* access.c: tokens of the API. */
#include "store/access.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "store/access_private.h"

static const char *const roles[ACCESS_ROLES] = {[ROLE_NONE] = "",
	[ROLE_VIEWER] = "viewer",
	[ROLE_ANALYST] = "analyst",
	[ROLE_ADMIN] = "admin"};

const char *access_role_name(enum access_role role)
{
	return roles[role];
}

enum access_role access_role_named(const char *name)
{
	for (enum access_role role = ROLE_VIEWER; role < ACCESS_ROLES; role++) {
		if (strcmp(name, roles[role]) == 0)
			return role;
	}
	return ROLE_NONE;
}

void access_hex(const uint8_t *bytes, size_t n, char *text)
{
	for (size_t i = 0; i < n; i++)
		text += sprintf(text, "%02x", bytes[i]);
}

bool access_is_hex(struct slice text)
{
	if (text.len != RANDOM_TEXT - 1)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		if (!memchr("0123456789abcdef", text.ptr[i], 16))
			return false;
	}
	return true;
}

int access_random(char text[RANDOM_TEXT], struct err *err)
{
	uint8_t bits[32];
	if (getrandom(bits, sizeof(bits), 0) != sizeof(bits))
		return err_errno(err, "random bits");
	access_hex(bits, sizeof(bits), text);
	explicit_bzero(bits, sizeof(bits));
	return 0;
}

bool token_hash(struct slice text, uint8_t hash[TOKEN_HASH])
{
	const size_t prefix = sizeof(TOKEN_PREFIX) - 1;
	if (text.len != TOKEN_TEXT - 1 || memcmp(text.ptr, TOKEN_PREFIX, prefix) != 0 ||
		!access_is_hex((struct slice){text.ptr + prefix, text.len - prefix}))
		return false;
	sha256(text.ptr, text.len, hash);
	return true;
}

static int make(char token[TOKEN_TEXT], struct err *err)
{
	const size_t prefix = sizeof(TOKEN_PREFIX) - 1;
	memcpy(token, TOKEN_PREFIX, prefix);
	return access_random(token + prefix, err);
}

static int is_there(struct store *store, const char *name, struct err *err)
{
	int64_t n = 0;
	int rc = catalog_int(
		store, &n, err, "SELECT count(*) FROM api_tokens WHERE name = ?", "t", name);
	return rc < 0 ? -1 : n > 0;
}

static int insert(struct store *store, const char *name, enum access_role role, int64_t expires_at,
	const struct audit_act *by, const uint8_t hash[TOKEN_HASH], struct err *err)
{
	int there = is_there(store, name, err);
	if (there != 0)
		return there < 0 ? -1
				 : err_set(err, ERR_USAGE,
					   "there is a token %s already: remove it first, or take "
					   "another name",
					   name);
	if (catalog_run(store, err,
		    "INSERT INTO api_tokens(name, hash, role, created_at, created_by, expires_at)"
		    " VALUES(?, ?, ?, ?, ?, ?)",
		    "tbiiti", name, hash, (size_t)TOKEN_HASH, (int64_t)role, clock_now_us(),
		    by->who, expires_at) < 0)
		return -1;
	return audit_done(store, by, "token add", name, err);
}

int token_add(struct store *store, const char *name, enum access_role role, int64_t expires_at,
	const struct audit_act *by, char token[TOKEN_TEXT], struct err *err)
{
	uint8_t hash[TOKEN_HASH];
	if (store_check_source(name, NULL) < 0)
		return err_set(err, ERR_USAGE,
			"%.80s is no name of a token: small letters, digits, dots, hyphens and "
			"underscores, 63 at most",
			name);
	if (store_check_writable(store, err) < 0 || make(token, err) < 0)
		return -1;
	token_hash(slice_of(token), hash);
	if (catalog_begin(store, err) < 0)
		return -1;
	int rc = insert(store, name, role, expires_at, by, hash, err);
	return catalog_end(store, rc, err);
}

int token_remove(struct store *store, const char *name, const struct audit_act *by, struct err *err)
{
	if (store_check_writable(store, err) < 0 || catalog_begin(store, err) < 0)
		return -1;
	int there = is_there(store, name, err);
	int rc = there < 0 ? -1 : 0;
	if (there == 1)
		rc = catalog_run(store, err, "DELETE FROM api_tokens WHERE name = ?", "t", name);
	if (there == 1 && rc == 0)
		rc = audit_done(store, by, "token remove", name, err);
	return catalog_end(store, rc, err) < 0 ? -1 : there;
}

int token_list(struct store *store,
	int (*each)(void *ctx, const struct api_token *token, struct err *err), void *ctx,
	struct err *err)
{
	int rc = catalog_has(store, 8, err);
	if (rc < 1)
		return rc;
	sqlite3_stmt *stmt = catalog_query(store, err,
		"SELECT name, hash, role, created_at, created_by, expires_at FROM api_tokens"
		" ORDER BY name",
		"");
	struct rows rows = rows_of(store, stmt);
	while (rows_next(&rows, err)) {
		int role = sqlite3_column_int(stmt, 2);
		struct api_token token = {.name = catalog_text(stmt, 0),
			.role = role > 0 && role < ACCESS_ROLES ? (enum access_role)role
								: ROLE_NONE,
			.created_at = sqlite3_column_int64(stmt, 3),
			.created_by = catalog_text(stmt, 4),
			.expires_at = sqlite3_column_int64(stmt, 5)};
		catalog_blob(stmt, 1, token.hash, TOKEN_HASH);
		rows.answer = each(ctx, &token, err);
	}
	return rows.answer;
}
