/* SPDX-License-Identifier: Apache-2.0 */
/* users.c: people who may use the API: rows of the catalog. */
#include "store/users.h"

#include <stdio.h>
#include <string.h>

#include "store/access_private.h"

#define FIRST "admin"

/* ---- reading --------------------------------------------------------------------------------- */

static struct user user_of(sqlite3_stmt *stmt)
{
	int role = sqlite3_column_int(stmt, 1);
	struct user user = {
		.role = role > 0 && role < ACCESS_ROLES ? (enum access_role)role : ROLE_NONE,
		.must_change = sqlite3_column_int(stmt, 3) != 0,
		.disabled = sqlite3_column_int(stmt, 4) != 0,
		.created_at = sqlite3_column_int64(stmt, 5),
		.last_login = sqlite3_column_int64(stmt, 6)};
	snprintf(user.name, sizeof(user.name), "%s", catalog_text(stmt, 0));
	snprintf(user.hashed, sizeof(user.hashed), "%s", catalog_text(stmt, 2));
	return user;
}

static int each_user(struct store *store, const char *name,
	int (*each)(void *ctx, const struct user *user, struct err *err), void *ctx,
	struct err *err)
{
	int rc = catalog_has(store, 9, err);
	if (rc < 1)
		return rc;
	sqlite3_stmt *stmt = catalog_query(store, err,
		"SELECT name, role, password, must_change, disabled, created_at, last_login"
		" FROM users WHERE ?1 IS NULL OR name = ?1 ORDER BY name",
		"t", name);
	struct rows rows = rows_of(store, stmt);
	while (rows_next(&rows, err)) {
		struct user user = user_of(stmt);
		rows.answer = each(ctx, &user, err);
		explicit_bzero(&user, sizeof(user));
	}
	return rows.answer;
}

int user_list(struct store *store, int (*each)(void *ctx, const struct user *user, struct err *err),
	void *ctx, struct err *err)
{
	return each_user(store, NULL, each, ctx, err);
}

static int keep_user(void *ctx, const struct user *user, struct err *err)
{
	(void)err;
	*(struct user *)ctx = *user;
	return 0;
}

int user_find(struct store *store, const char *name, struct user *user, struct err *err)
{
	*user = (struct user){.role = ROLE_NONE};
	int rc = each_user(store, name, keep_user, user, err);
	return rc < 0 ? -1 : *user->name != '\0';
}

static int count_admins(struct store *store, int64_t *n, struct err *err)
{
	return catalog_int(store, n, err,
		       "SELECT count(*) FROM users WHERE role = ? AND disabled = 0", "i",
		       (int64_t)ROLE_ADMIN) < 0
		       ? -1
		       : 0;
}

/* ---- changes --------------------------------------------------------------------------------- */

static int insert(struct store *store, const char *name, enum access_role role, const char *hashed,
	bool must_change, const struct audit_act *by, struct err *err)
{
	int64_t n = 0;
	if (catalog_int(store, &n, err, "SELECT count(*) FROM users WHERE name = ?", "t", name) < 0)
		return -1;
	if (n > 0)
		return err_set(err, ERR_USAGE, "there is a user %s already", name);
	if (catalog_run(store, err,
		    "INSERT INTO users(name, role, password, must_change, disabled, created_at)"
		    " VALUES(?, ?, ?, ?, 0, ?)",
		    "titii", name, (int64_t)role, hashed, (int64_t)must_change, clock_now_us()) < 0)
		return -1;
	return audit_done(store, by, "user add", name, err);
}

int user_add(struct store *store, const char *name, enum access_role role, const char *hashed,
	bool must_change, const struct audit_act *by, struct err *err)
{
	if (store_check_source(name, NULL) < 0)
		return err_set(err, ERR_USAGE,
			"%.80s is no name of a user: small letters, digits, dots, hyphens and "
			"underscores, 63 at most",
			name);
	if (store_check_writable(store, err) < 0 || catalog_begin(store, err) < 0)
		return -1;
	return catalog_end(store, insert(store, name, role, hashed, must_change, by, err), err);
}

static int end_sessions(struct store *store, const char *name, struct err *err)
{
	return catalog_run(store, err,
		"DELETE FROM sessions WHERE user_id = (SELECT id FROM users WHERE name = ?)", "t",
		name);
}

static int change_row(struct store *store, const char *name, const struct user_change *change,
	const struct audit_act *by, struct err *err)
{
	char what[40];
	int rc = 0;
	snprintf(what, sizeof(what), "user role %s", access_role_name(change->role));
	if (change->role != ROLE_NONE &&
		(catalog_run(store, err, "UPDATE users SET role = ? WHERE name = ?", "it",
			 (int64_t)change->role, name) < 0 ||
			audit_done(store, by, what, name, err) < 0))
		return -1;
	if (change->disabled >= 0 &&
		(catalog_run(store, err, "UPDATE users SET disabled = ? WHERE name = ?", "it",
			 (int64_t)change->disabled, name) < 0 ||
			audit_done(store, by, change->disabled ? "user disable" : "user enable",
				name, err) < 0))
		return -1;
	if (change->hashed &&
		(catalog_run(store, err,
			 "UPDATE users SET password = ?, must_change = ?"
			 " WHERE name = ?",
			 "tit", change->hashed, (int64_t)change->must_change, name) < 0 ||
			audit_done(store, by, "user password", name, err) < 0))
		return -1;
	if (change->hashed || change->disabled == 1)
		rc = end_sessions(store, name, err);
	return rc;
}

static int remove_row(struct store *store, const char *name, const struct user_change *change,
	const struct audit_act *by, struct err *err)
{
	(void)change;
	if (end_sessions(store, name, err) < 0 ||
		catalog_run(store, err, "DELETE FROM users WHERE name = ?", "t", name) < 0)
		return -1;
	return audit_done(store, by, "user remove", name, err);
}

/* One of the two, where it leaves an admin who may sign in. */
static int altered(struct store *store, const char *name, const struct user_change *change,
	const struct audit_act *by,
	int (*alter)(struct store *store, const char *name, const struct user_change *change,
		const struct audit_act *by, struct err *err),
	struct err *err)
{
	struct user user;
	int64_t before = 0, after = 0;
	if (store_check_writable(store, err) < 0 || catalog_begin(store, err) < 0)
		return -1;
	int there = user_find(store, name, &user, err);
	explicit_bzero(&user, sizeof(user));
	int rc = there < 0 || count_admins(store, &before, err) < 0 ? -1 : 0;
	if (rc == 0 && there)
		rc = alter(store, name, change, by, err) < 0 || count_admins(store, &after, err) < 0
			     ? -1
			     : 0;
	if (rc == 0 && there && before > 0 && after == 0)
		rc = err_set(err, ERR_USAGE,
			"%s is the last admin who may sign in: give somebody else the role first",
			name);
	return catalog_end(store, rc, err) < 0 ? -1 : there;
}

int user_change(struct store *store, const char *name, const struct user_change *change,
	const struct audit_act *by, struct err *err)
{
	return altered(store, name, change, by, change_row, err);
}

int user_remove(struct store *store, const char *name, const struct audit_act *by, struct err *err)
{
	return altered(store, name, NULL, by, remove_row, err);
}

/* ---- the first one ----------------------------------------------------------------------------- */

int user_first(struct store *store, char password[PASSWORD_MADE], struct err *err)
{
	static const struct audit_act by = {"pugmark", "first start", "", ""};
	char hashed[PASSWORD_HASHED];
	int64_t n = 0;
	if (store_check_writable(store, err) < 0 || password_make(password, err) < 0 ||
		password_hash(password, hashed, err) < 0 || catalog_begin(store, err) < 0)
		return -1;
	/* Another process may have been faster. */
	int rc =
		catalog_int(store, &n, err, "SELECT count(*) FROM users WHERE role = ? OR name = ?",
			"it", (int64_t)ROLE_ADMIN, FIRST);
	rc = rc < 0 ? -1 : 0;
	if (rc == 0 && n == 0)
		rc = insert(store, FIRST, ROLE_ADMIN, hashed, true, &by, err);
	explicit_bzero(hashed, sizeof(hashed));
	return catalog_end(store, rc, err) < 0 ? -1 : n == 0;
}
