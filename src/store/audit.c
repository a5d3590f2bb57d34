/* SPDX-License-Identifier: Apache-2.0 */
/* audit.c: pugmark's own audit log: rows of the catalog, never changed but for what came of an act. */
#include <string.h>

#include "store/access_private.h"

/* Whole characters of at most ACCESS_TEXT bytes, well-formed. */
static void cut(const char *text, char out[ACCESS_TEXT + 1])
{
	struct buf good;
	buf_init(&good, (size_t)3 * strlen(text) + 4);
	text_utf8_repair(&good, slice_of(text));
	size_t n = good.len < ACCESS_TEXT ? good.len : ACCESS_TEXT;
	while (n < good.len && n > 0 && ((unsigned char)good.ptr[n] & 0xc0) == 0x80)
		n--;
	if (n > 0)
		memcpy(out, good.ptr, n);
	out[n] = '\0';
	buf_fini(&good);
}

int audit_insert(
	struct store *store, const struct audit_act *act, const char *result, struct err *err)
{
	char who[ACCESS_TEXT + 1], from[ACCESS_TEXT + 1], what[ACCESS_TEXT + 1];
	char target[ACCESS_TEXT + 1], came[ACCESS_TEXT + 1];
	cut(act->who, who);
	cut(act->from, from);
	cut(act->what, what);
	cut(act->target, target);
	cut(result, came);
	return catalog_run(store, err,
		"INSERT INTO audit(at, who, origin, what, target, result) VALUES(?, ?, ?, ?, ?, ?)",
		"ittttt", clock_now_us(), who, from, what, target, came);
}

int audit_done(struct store *store, const struct audit_act *by, const char *what,
	const char *target, struct err *err)
{
	struct audit_act act = {by->who, by->from, what, target};
	return audit_insert(store, &act, "done", err);
}

int audit_note(
	struct store *store, const struct audit_act *act, const char *result, struct err *err)
{
	if (store_check_writable(store, err) < 0 || catalog_begin(store, err) < 0)
		return -1;
	return catalog_end(store, audit_insert(store, act, result, err), err);
}

int audit_begin(struct store *store, const struct audit_act *act, int64_t *id, struct err *err)
{
	if (store_check_writable(store, err) < 0 || catalog_begin(store, err) < 0)
		return -1;
	int rc = audit_insert(store, act, "", err);
	*id = sqlite3_last_insert_rowid(store->db);
	return catalog_end(store, rc, err);
}

int audit_end(struct store *store, int64_t id, const char *result, struct err *err)
{
	char came[ACCESS_TEXT + 1];
	cut(result, came);
	if (store_check_writable(store, err) < 0 || catalog_begin(store, err) < 0)
		return -1;
	int rc =
		catalog_run(store, err, "UPDATE audit SET result = ? WHERE id = ?", "ti", came, id);
	return catalog_end(store, rc, err);
}

int audit_list(struct store *store, const struct audit_filter *filter,
	int (*each)(void *ctx, const struct audit_row *row, struct err *err), void *ctx,
	struct err *err)
{
	int rc = catalog_has(store, 8, err);
	if (rc < 1)
		return rc;
	sqlite3_stmt *stmt = catalog_query(store, err,
		"SELECT id, at, who, origin, what, target, result FROM audit"
		" WHERE at >= ?1 AND at < ?2 AND id < ?3 AND (?5 IS NULL OR instr(lower(who || "
		"char(10) || origin || char(10)"
		" || what || char(10) || target || char(10) || result), lower(?5)) > 0) ORDER BY "
		"id DESC LIMIT ?4",
		"iiiit", filter->since, filter->until, filter->before ? filter->before : INT64_MAX,
		filter->limit ? (int64_t)filter->limit : INT64_MAX, filter->text);
	struct rows rows = rows_of(store, stmt);
	while (rows_next(&rows, err)) {
		struct audit_row row = {.id = sqlite3_column_int64(stmt, 0),
			.at = sqlite3_column_int64(stmt, 1),
			.act = {catalog_text(stmt, 2), catalog_text(stmt, 3), catalog_text(stmt, 4),
				catalog_text(stmt, 5)},
			.result = catalog_text(stmt, 6)};
		rows.answer = each(ctx, &row, err);
	}
	return rows.answer;
}
