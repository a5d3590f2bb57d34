/* SPDX-License-Identifier: Apache-2.0 */
/* test_format.h: for tests of store/: takes the catalog back to an older format version, by undoing
 * the steps of catalog_schema.c. */
#ifndef STORE_TEST_FORMAT_H
#define STORE_TEST_FORMAT_H

#include "base/test.h"
#include "store/private.h"

/* The folder becomes as `version` left it; the store is to be opened anew. */
static inline void test_format(struct store *store, int version)
{
	struct err err;
	char sql[64];
	snprintf(sql, sizeof(sql), "UPDATE format SET version = %d", version);
	if (version < 12 && sqlite3_exec(store->db, "DROP TABLE keeper_secrets; DROP TABLE keepers",
				    NULL, NULL, NULL) != SQLITE_OK)
		fail_msg("%s", (catalog_error(store, &err), err.text));
	if (version < 11 && sqlite3_exec(store->db,
				    "DROP TABLE cluster_segments; DROP TABLE cluster_shipments;"
				    "DROP TABLE cluster_secrets; DROP TABLE cluster",
				    NULL, NULL, NULL) != SQLITE_OK)
		fail_msg("%s", (catalog_error(store, &err), err.text));
	if (version < 10 && sqlite3_exec(store->db,
				    "DROP TABLE evidence_secrets; DROP TABLE evidence_keys;"
				    "DROP TABLE evidence_checkpoints; DROP INDEX frames_by_commit;"
				    "DROP TABLE evidence_pending; DROP TABLE evidence_pages;"
				    "DROP TABLE evidence_nodes; DROP TABLE evidence_entries;"
				    "DROP TABLE evidence_tree",
				    NULL, NULL, NULL) != SQLITE_OK)
		fail_msg("%s", (catalog_error(store, &err), err.text));
	if (version < 9 && sqlite3_exec(store->db, "DROP TABLE sessions; DROP TABLE users", NULL,
				   NULL, NULL) != SQLITE_OK)
		fail_msg("%s", (catalog_error(store, &err), err.text));
	if (version < 8 && sqlite3_exec(store->db, "DROP TABLE audit; DROP TABLE api_tokens", NULL,
				   NULL, NULL) != SQLITE_OK)
		fail_msg("%s", (catalog_error(store, &err), err.text));
	if (version < 7 &&
		sqlite3_exec(store->db,
			"CREATE TABLE alert_events(alert INTEGER NOT NULL, nr INTEGER NOT NULL,"
			" id BLOB NOT NULL, time INTEGER NOT NULL, table_name TEXT NOT NULL,"
			" json TEXT, PRIMARY KEY(alert, nr)) STRICT, WITHOUT ROWID;"
			"DROP TABLE alert_evidence;"
			"CREATE INDEX alerts_by_cell ON alerts(rule, group_key, day)",
			NULL, NULL, NULL) != SQLITE_OK)
		fail_msg("%s", (catalog_error(store, &err), err.text));
	if (version < 6 && sqlite3_exec(store->db,
				   "DROP TABLE watch_pending; DROP TABLE watchlist_secrets; DROP "
				   "TABLE watchlists;"
				   "DROP TABLE observable_cover; DROP TABLE observable_runs;"
				   "ALTER TABLE tables DROP COLUMN observed",
				   NULL, NULL, NULL) != SQLITE_OK)
		fail_msg("%s", (catalog_error(store, &err), err.text));
	if (version < 5 &&
		sqlite3_exec(store->db,
			"DROP TABLE notices; DROP TABLE notifier_secrets; DROP TABLE notifiers;"
			"DROP TABLE alert_notes; DROP TABLE alert_aliases; DROP TABLE alert_events;"
			"DROP TABLE alerts; DROP TABLE detect_pending",
			NULL, NULL, NULL) != SQLITE_OK)
		fail_msg("%s", (catalog_error(store, &err), err.text));
	if (version < 4 && version >= 3 &&
		sqlite3_exec(store->db,
			"ALTER TABLE source_states DROP COLUMN lag_received;"
			"ALTER TABLE source_states DROP COLUMN lag_searchable;"
			"DROP INDEX ledger_windows_by_name;"
			"ALTER TABLE ledger_windows DROP COLUMN windows",
			NULL, NULL, NULL) != SQLITE_OK)
		fail_msg("%s", (catalog_error(store, &err), err.text));
	if (version < 4 && sqlite3_exec(store->db, "ALTER TABLE rejects DROP COLUMN input", NULL,
				   NULL, NULL) != SQLITE_OK)
		fail_msg("%s", (catalog_error(store, &err), err.text));
	if (version < 3 && sqlite3_exec(store->db,
				   "DROP TABLE connection_secrets; DROP TABLE connections;"
				   "DROP TABLE ledger_windows; DROP TABLE ledger_files;"
				   "DROP TABLE source_states; DROP TABLE objects",
				   NULL, NULL, NULL) != SQLITE_OK)
		fail_msg("%s", (catalog_error(store, &err), err.text));
	if ((version < 2 && sqlite3_exec(store->db, "DROP TABLE saved_searches", NULL, NULL,
				    NULL) != SQLITE_OK) ||
		sqlite3_exec(store->db, sql, NULL, NULL, NULL) != SQLITE_OK)
		fail_msg("%s", (catalog_error(store, &err), err.text));
}

#endif
