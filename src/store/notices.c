/* SPDX-License-Identifier: Apache-2.0 */
/* notices.c: the queue of who is to be told of what: filled with the alerts, emptied by the sender. */
#include <stdio.h>
#include <string.h>

#include "store/alerts_private.h"
#include "store/notifiers.h"

int alert_queue(struct store *store, int64_t n, const uint8_t id[ALERT_ID], unsigned level,
	const char *rule, const char *change, int64_t now, struct err *err)
{
	char key[2 * ALERT_ID + 64], hex[2 * ALERT_ID + 1];
	/* An alert is new once; it may be opened again more than once. */
	if (strcmp(change, "new") == 0)
		snprintf(key, sizeof(key), "%s-new", alert_id_text(id, hex));
	else
		snprintf(key, sizeof(key), "%s-%s-%lld", alert_id_text(id, hex), change,
			(long long)now);
	return catalog_run(store, err,
		"INSERT INTO notices(notifier_id, alert, change, key, queued_at, due)"
		" SELECT id, ?1, ?2, ?3, ?4, ?4 FROM notifiers WHERE least_level <= ?5 AND"
		" (rules IS NULL OR instr(', ' || rules || ', ', ', ' || ?6 || ', ') > 0)",
		"ittiit", n, change, key, now, (int64_t)level, rule);
}

int notices_due(struct store *store, int64_t now,
	int (*each)(void *ctx, const struct notice *notice, struct err *err), void *ctx,
	struct err *err)
{
	int rc = catalog_has(store, 5, err);
	if (rc < 1)
		return rc;
	sqlite3_stmt *stmt = catalog_query(store, err,
		"SELECT q.id, r.name, a.id, q.change, q.key, q.tries, q.queued_at, q.due, "
		"q.first_failed"
		" FROM notices q JOIN notifiers r ON r.id = q.notifier_id JOIN alerts a ON a.n = "
		"q.alert"
		" WHERE q.due <= ?1 AND NOT r.paused AND a.state <> 3 ORDER BY r.name, q.id",
		"i", now < INT64_MAX ? now : INT64_MAX - 1);
	struct rows rows = rows_of(store, stmt);
	while (rows_next(&rows, err)) {
		struct notice notice = {
			.id = (uint64_t)sqlite3_column_int64(stmt, 0),
			.notifier = catalog_text(stmt, 1),
			.change = catalog_text(stmt, 3),
			.key = catalog_text(stmt, 4),
			.tries = (unsigned)sqlite3_column_int(stmt, 5),
			.queued = sqlite3_column_int64(stmt, 6),
			.due = sqlite3_column_int64(stmt, 7),
			.first_failed = sqlite3_column_int64(stmt, 8),
		};
		catalog_blob(stmt, 2, notice.alert, ALERT_ID);
		rows.answer = each(ctx, &notice, err);
	}
	return rows.answer;
}

int notices_next(struct store *store, int64_t *due, struct err *err)
{
	*due = INT64_MAX;
	int rc = catalog_has(store, 5, err);
	if (rc < 1)
		return rc;
	return catalog_int(store, due, err,
		       "SELECT coalesce(min(q.due), 9223372036854775807) FROM notices q"
		       " JOIN notifiers r ON r.id = q.notifier_id JOIN alerts a ON a.n = q.alert"
		       " WHERE NOT r.paused AND a.state <> 3",
		       "") < 0
		       ? -1
		       : 0;
}

int notices_sent(struct store *store, const char *notifier, const uint64_t *ids, uint32_t n,
	int64_t now, struct err *err)
{
	if (store_check_writable(store, err) < 0 || catalog_begin(store, err) < 0)
		return -1;
	int rc = catalog_run(store, err,
		"UPDATE notifiers SET last_sent = ?, last_error = '' WHERE name = ?", "it", now,
		notifier);
	for (uint32_t i = 0; rc == 0 && i < n; i++)
		rc = catalog_run(store, err, "DELETE FROM notices WHERE id = ?", "u", ids[i]);
	return catalog_end(store, rc, err);
}

int notices_failed(struct store *store, const char *notifier, const uint64_t *ids, uint32_t n,
	int64_t now, int64_t again, const char *why, struct err *err)
{
	char cut[NOTIFIER_ERROR + 1];
	if (store_check_writable(store, err) < 0 || catalog_begin(store, err) < 0)
		return -1;
	snprintf(cut, sizeof(cut), "%s", why);
	int rc = catalog_run(store, err,
		"UPDATE notifiers SET last_failed = ?, last_error = ? WHERE name = ?", "itt", now,
		cut, notifier);
	for (uint32_t i = 0; rc == 0 && i < n; i++)
		rc = catalog_run(store, err,
			"UPDATE notices SET tries = tries + 1, due = ?1, error = ?2,"
			" first_failed = CASE first_failed WHEN 0 THEN ?3 ELSE first_failed END "
			"WHERE id = ?4",
			"itiu", again, cut, now, ids[i]);
	return catalog_end(store, rc, err);
}
