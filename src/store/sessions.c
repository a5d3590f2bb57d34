/* SPDX-License-Identifier: Apache-2.0 */
/* sessions.c: who is signed in. */
#include <stdio.h>
#include <string.h>

#include "store/access_private.h"
#include "store/users.h"

#define SECOND INT64_C(1000000)

bool session_hash(struct slice text, uint8_t hash[SESSION_HASH])
{
	if (!access_is_hex(text))
		return false;
	sha256(text.ptr, text.len, hash);
	return true;
}

void session_csrf(const char *text, char csrf[SESSION_TEXT])
{
	char of[SESSION_TEXT + 8];
	uint8_t hash[32];
	int n = snprintf(of, sizeof(of), "csrf %s", text);
	sha256(of, (size_t)n, hash);
	access_hex(hash, sizeof(hash), csrf);
	explicit_bzero(of, sizeof(of));
}

int64_t session_end_of(int64_t used_at, int64_t ends_at)
{
	int64_t idle = used_at + SESSION_IDLE_S * SECOND;
	return idle < ends_at ? idle : ends_at;
}

/* Those that are over, and the oldest of a user who has too many. */
static int tidy(struct store *store, int64_t user, int64_t now, struct err *err)
{
	if (catalog_run(store, err, "DELETE FROM sessions WHERE ends_at <= ? OR used_at <= ?", "ii",
		    now, now - SESSION_IDLE_S * SECOND) < 0)
		return -1;
	return catalog_run(store, err,
		"DELETE FROM sessions WHERE hash IN (SELECT hash FROM sessions WHERE user_id = ?"
		" ORDER BY created_at DESC LIMIT -1 OFFSET ?)",
		"ii", user, (int64_t)SESSIONS_MOST - 1);
}

static int insert(
	struct store *store, int64_t user, const uint8_t hash[SESSION_HASH], struct err *err)
{
	int64_t now = clock_now_us();
	if (tidy(store, user, now, err) < 0 ||
		catalog_run(store, err,
			"INSERT INTO sessions(hash, user_id, created_at, used_at, ends_at)"
			" VALUES(?, ?, ?, ?, ?)",
			"biiii", hash, (size_t)SESSION_HASH, user, now, now,
			now + SESSION_MOST_S * SECOND) < 0)
		return -1;
	return catalog_run(
		store, err, "UPDATE users SET last_login = ? WHERE id = ?", "ii", now, user);
}

/* The id of a user who is as he was when his password was asked. 1, 0 or -1. */
static int still(struct store *store, const struct user *user, int64_t *id, struct err *err)
{
	return catalog_int(store, id, err,
		"SELECT id FROM users WHERE name = ? AND password = ? AND disabled = 0", "tt",
		user->name, user->hashed);
}

static int new_password(struct store *store, int64_t id, const char *hashed, struct err *err)
{
	if (catalog_run(store, err, "DELETE FROM sessions WHERE user_id = ?", "i", id) < 0)
		return -1;
	return catalog_run(store, err,
		"UPDATE users SET password = ?, must_change = 0 WHERE id = ?", "ti", hashed, id);
}

/* A session, with a new password where `hashed` is not NULL. */
static int begin(struct store *store, const struct user *user, const uint8_t *old,
	const char *hashed, const struct audit_act *by, char text[SESSION_TEXT], struct err *err)
{
	uint8_t hash[SESSION_HASH];
	int64_t id = 0;
	if (store_check_writable(store, err) < 0 || access_random(text, err) < 0 ||
		catalog_begin(store, err) < 0)
		return -1;
	session_hash(slice_of(text), hash);
	int found = still(store, user, &id, err), rc = found < 0 ? -1 : 0;
	if (found == 1 && old)
		rc = catalog_run(store, err, "DELETE FROM sessions WHERE hash = ?", "b", old,
			(size_t)SESSION_HASH);
	if (found == 1 && rc == 0 && hashed)
		rc = new_password(store, id, hashed, err);
	if (found == 1 && rc == 0)
		rc = insert(store, id, hash, err);
	if (found == 1 && rc == 0)
		rc = audit_done(
			store, by, hashed ? "session password" : "session begin", user->name, err);
	return catalog_end(store, rc, err) < 0 ? -1 : found;
}

int session_begin(struct store *store, const struct user *user, const uint8_t *old,
	const struct audit_act *by, char text[SESSION_TEXT], struct err *err)
{
	return begin(store, user, old, NULL, by, text, err);
}

int session_password(struct store *store, const struct user *user, const char *hashed,
	const struct audit_act *by, char text[SESSION_TEXT], struct err *err)
{
	return begin(store, user, NULL, hashed, by, text, err);
}

int session_end(struct store *store, const uint8_t hash[SESSION_HASH], const struct audit_act *by,
	struct err *err)
{
	if (store_check_writable(store, err) < 0 || catalog_begin(store, err) < 0)
		return -1;
	int rc = catalog_run(
		store, err, "DELETE FROM sessions WHERE hash = ?", "b", hash, (size_t)SESSION_HASH);
	int n = rc == 0 ? sqlite3_changes(store->db) : 0;
	if (n > 0)
		rc = audit_done(store, by, "session end", by->who, err);
	return catalog_end(store, rc, err) < 0 ? -1 : n > 0;
}

int session_touch(
	struct store *store, const uint8_t hash[SESSION_HASH], int64_t at, struct err *err)
{
	if (store_check_writable(store, err) < 0 || catalog_begin(store, err) < 0)
		return -1;
	int rc = catalog_run(store, err,
		"UPDATE sessions SET used_at = max(used_at, ?) WHERE hash = ?", "ib", at, hash,
		(size_t)SESSION_HASH);
	return catalog_end(store, rc, err);
}

int session_list(struct store *store,
	int (*each)(void *ctx, const struct session *session, struct err *err), void *ctx,
	struct err *err)
{
	int64_t now = clock_now_us();
	int rc = catalog_has(store, 9, err);
	if (rc < 1)
		return rc;
	sqlite3_stmt *stmt = catalog_query(store, err,
		"SELECT s.hash, u.name, u.role, u.must_change, s.used_at, s.ends_at"
		" FROM sessions s JOIN users u ON u.id = s.user_id"
		" WHERE u.disabled = 0 AND s.ends_at > ? AND s.used_at > ?",
		"ii", now, now - SESSION_IDLE_S * SECOND);
	struct rows rows = rows_of(store, stmt);
	while (rows_next(&rows, err)) {
		int role = sqlite3_column_int(stmt, 2);
		struct session session = {.name = catalog_text(stmt, 1),
			.role = role > 0 && role < ACCESS_ROLES ? (enum access_role)role
								: ROLE_NONE,
			.must_change = sqlite3_column_int(stmt, 3) != 0,
			.used_at = sqlite3_column_int64(stmt, 4),
			.ends_at = sqlite3_column_int64(stmt, 5)};
		catalog_blob(stmt, 0, session.hash, SESSION_HASH);
		rows.answer = each(ctx, &session, err);
	}
	return rows.answer;
}
