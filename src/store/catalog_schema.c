/* SPDX-License-Identifier: Apache-2.0 */
/* catalog_schema.c: the catalog's tables, and the way from older format versions to this one: a
 * list of steps, each of which takes version i to i + 1 within one transaction. */
#include <inttypes.h>

#include "store/private.h"

/* Names have ids, so that rows of `frames` stay small: there is one per MiB of raw input. Sizes and
 * times are int64; times in microseconds; a range without a time has min > max. */
static const char version_1[] =
	"CREATE TABLE format(one INTEGER PRIMARY KEY CHECK(one = 1), version INTEGER NOT NULL,"
	" program TEXT NOT NULL, made_at INTEGER NOT NULL, swept_at INTEGER NOT NULL) STRICT;"

	/* keep_days: retention, 0 = all. first_day: earlier days are gone and stay gone.
	 * unreadable: live vault records that the newest schema could not decode (rebuild). */
	"CREATE TABLE tables(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE,"
	" keep_days INTEGER NOT NULL DEFAULT 0, first_day INTEGER,"
	" unreadable INTEGER NOT NULL DEFAULT 0, fingerprint BLOB) STRICT;"

	"CREATE TABLE sources(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE,"
	" rows INTEGER NOT NULL DEFAULT 0, raw_bytes INTEGER NOT NULL DEFAULT 0,"
	" input_bytes INTEGER NOT NULL DEFAULT 0, duplicates INTEGER NOT NULL DEFAULT 0,"
	" expired INTEGER NOT NULL DEFAULT 0, rejects INTEGER NOT NULL DEFAULT 0,"
	" commits INTEGER NOT NULL DEFAULT 0,"
	" first_received INTEGER NOT NULL DEFAULT 0, last_received INTEGER NOT NULL DEFAULT 0)"
	" STRICT;"

	/* What was committed together, for ever; `segments` changes with compaction. */
	"CREATE TABLE commits(id INTEGER PRIMARY KEY AUTOINCREMENT,"
	" table_id INTEGER NOT NULL REFERENCES tables(id),"
	" source_id INTEGER NOT NULL REFERENCES sources(id), input TEXT NOT NULL,"
	" received_at INTEGER NOT NULL, committed_at INTEGER NOT NULL, rows INTEGER NOT NULL,"
	" rejects INTEGER NOT NULL, duplicates INTEGER NOT NULL, expired INTEGER NOT NULL,"
	" input_bytes INTEGER NOT NULL, raw_bytes INTEGER NOT NULL, fingerprint BLOB) STRICT;"

	"CREATE TABLE segments(id INTEGER PRIMARY KEY AUTOINCREMENT,"
	" table_id INTEGER NOT NULL REFERENCES tables(id), source TEXT NOT NULL,"
	" input TEXT NOT NULL, name TEXT NOT NULL UNIQUE, rows INTEGER NOT NULL,"
	" bytes INTEGER NOT NULL, raw_bytes INTEGER NOT NULL, no_time INTEGER NOT NULL,"
	" min_time INTEGER NOT NULL, max_time INTEGER NOT NULL, min_event_id BLOB NOT NULL,"
	" max_event_id BLOB NOT NULL, sha256 BLOB NOT NULL, fingerprint BLOB NOT NULL,"
	" received_at INTEGER NOT NULL, committed_at INTEGER NOT NULL,"
	" compacted INTEGER NOT NULL) STRICT;"
	"CREATE INDEX segments_by_time ON segments(table_id, max_time);"

	"CREATE TABLE vault_files(source_id INTEGER NOT NULL REFERENCES sources(id),"
	" file INTEGER NOT NULL, bytes INTEGER NOT NULL, index_bytes INTEGER NOT NULL,"
	" frames INTEGER NOT NULL, PRIMARY KEY(source_id, file)) STRICT, WITHOUT ROWID;"

	/* kind and state: enum frame_kind, enum frame_state. */
	"CREATE TABLE frames(source_id INTEGER NOT NULL, file INTEGER NOT NULL,"
	" frame INTEGER NOT NULL, commit_id INTEGER NOT NULL REFERENCES commits(id),"
	" offset INTEGER NOT NULL, stored INTEGER NOT NULL, raw INTEGER NOT NULL,"
	" index_offset INTEGER NOT NULL, index_bytes INTEGER NOT NULL, records INTEGER NOT NULL,"
	" kind INTEGER NOT NULL, state INTEGER NOT NULL, min_time INTEGER NOT NULL,"
	" max_time INTEGER NOT NULL, no_time INTEGER NOT NULL, sha256 BLOB NOT NULL,"
	" PRIMARY KEY(source_id, file, frame),"
	" FOREIGN KEY(source_id, file) REFERENCES vault_files(source_id, file))"
	" STRICT, WITHOUT ROWID;"

	"CREATE TABLE id_runs(id INTEGER PRIMARY KEY AUTOINCREMENT,"
	" table_id INTEGER NOT NULL REFERENCES tables(id), name TEXT NOT NULL,"
	" entries INTEGER NOT NULL, bytes INTEGER NOT NULL, sha256 BLOB NOT NULL,"
	" UNIQUE(table_id, name)) STRICT;"

	/* used_at: last commit into it; closed = no more will come (see compaction). */
	"CREATE TABLE containers(id INTEGER PRIMARY KEY,"
	" table_id INTEGER NOT NULL REFERENCES tables(id), kind INTEGER NOT NULL,"
	" name TEXT NOT NULL, made_at INTEGER NOT NULL, used_at INTEGER NOT NULL,"
	" closed INTEGER NOT NULL DEFAULT 0, UNIQUE(table_id, name)) STRICT;"

	"CREATE TABLE rejects(id INTEGER PRIMARY KEY AUTOINCREMENT,"
	" commit_id INTEGER NOT NULL REFERENCES commits(id), input_offset INTEGER NOT NULL,"
	" bytes INTEGER NOT NULL, lines INTEGER NOT NULL, reason TEXT NOT NULL,"
	" state TEXT NOT NULL DEFAULT 'open') STRICT;"
	"CREATE INDEX rejects_by_commit ON rejects(commit_id);"
	"CREATE TABLE reject_parts(reject_id INTEGER NOT NULL REFERENCES rejects(id),"
	" part INTEGER NOT NULL, source_id INTEGER NOT NULL, file INTEGER NOT NULL,"
	" frame INTEGER NOT NULL, offset INTEGER NOT NULL, bytes INTEGER NOT NULL,"
	" PRIMARY KEY(reject_id, part)) STRICT, WITHOUT ROWID;"

	/* What was rejected before: SHA-256 of where it stood and what it was. Reading an input again
	 * must not list its rejects twice. */
	"CREATE TABLE reject_keys(key BLOB PRIMARY KEY,"
	" reject_id INTEGER NOT NULL REFERENCES rejects(id)) STRICT, WITHOUT ROWID;"

	"CREATE TABLE checkpoints(key TEXT PRIMARY KEY, text TEXT NOT NULL,"
	" at INTEGER NOT NULL) STRICT, WITHOUT ROWID;"

	"CREATE TABLE drift(table_id INTEGER NOT NULL REFERENCES tables(id), path TEXT NOT NULL,"
	" kind TEXT NOT NULL, seen TEXT NOT NULL, count INTEGER NOT NULL,"
	" first_seen INTEGER NOT NULL, last_seen INTEGER NOT NULL,"
	" PRIMARY KEY(table_id, path, kind, seen)) STRICT, WITHOUT ROWID;"

	/* Files that no row names any more but that a reader may still have in use. */
	"CREATE TABLE retired(path TEXT PRIMARY KEY, at INTEGER NOT NULL) STRICT, WITHOUT ROWID;"

	"CREATE TABLE scrub(path TEXT PRIMARY KEY, checked_at INTEGER NOT NULL,"
	" damaged INTEGER NOT NULL) STRICT, WITHOUT ROWID;"

	"INSERT INTO format VALUES(1, 1, '" PUGMARK_VERSION "', 0, 0);";

/* Searches that people gave a name. Nothing else changes: readers take version 1 as it is. */
static const char version_2[] =
	"CREATE TABLE saved_searches(name TEXT PRIMARY KEY, query TEXT NOT NULL,"
	" options TEXT NOT NULL, saved_at INTEGER NOT NULL) STRICT, WITHOUT ROWID;";

/* Connections, their sealed secrets, and the ledger. Readers take folders without these as they are. */
static const char version_3[] =
	/* secondary: another connection is the primary one of (instance, table). */
	"CREATE TABLE connections(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE,"
	" kind TEXT NOT NULL, table_name TEXT NOT NULL, instance TEXT NOT NULL,"
	" settings TEXT NOT NULL, schema_name TEXT NOT NULL, interval_s INTEGER NOT NULL,"
	" lookback_s INTEGER NOT NULL, backfill_from INTEGER NOT NULL,"
	" token_expires INTEGER NOT NULL, paused INTEGER NOT NULL, secondary INTEGER NOT NULL,"
	" created_at INTEGER NOT NULL, changed_at INTEGER NOT NULL) STRICT;"
	"CREATE UNIQUE INDEX connections_primary ON connections(instance, table_name)"
	" WHERE secondary = 0 AND instance <> '';"

	/* sealed: see secrets.c. key_id tells the key that it was sealed under. */
	"CREATE TABLE connection_secrets(connection_id INTEGER NOT NULL"
	" REFERENCES connections(id) ON DELETE CASCADE, field TEXT NOT NULL,"
	" key_id BLOB NOT NULL, sealed BLOB NOT NULL, set_at INTEGER NOT NULL,"
	" PRIMARY KEY(connection_id, field)) STRICT, WITHOUT ROWID;"

	/* By the name of a connection; outlives it. Times: 0 = never. gap_week: number of the week
	 * (of event time) that gap_now is the longest gap between events of; gap_before: of the one
	 * before it. */
	"CREATE TABLE source_states(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE,"
	" last_attempt INTEGER NOT NULL DEFAULT 0, last_success INTEGER NOT NULL DEFAULT 0,"
	" last_event INTEGER NOT NULL DEFAULT 0, last_new INTEGER NOT NULL DEFAULT 0,"
	" first_event INTEGER NOT NULL DEFAULT 0, settled_to INTEGER NOT NULL DEFAULT 0,"
	" gap_week INTEGER NOT NULL DEFAULT 0, gap_now INTEGER NOT NULL DEFAULT 0,"
	" gap_before INTEGER NOT NULL DEFAULT 0, failures INTEGER NOT NULL DEFAULT 0,"
	" error TEXT NOT NULL DEFAULT '', error_at INTEGER NOT NULL DEFAULT 0) STRICT;"

	/* kind and state: enum ledger_kind, enum ledger_state. */
	"CREATE TABLE ledger_windows(id INTEGER PRIMARY KEY AUTOINCREMENT,"
	" source_id INTEGER NOT NULL REFERENCES source_states(id), kind INTEGER NOT NULL,"
	" name TEXT NOT NULL, from_at INTEGER NOT NULL, to_at INTEGER NOT NULL,"
	" overlap INTEGER NOT NULL, requests INTEGER NOT NULL DEFAULT 0,"
	" pages INTEGER NOT NULL DEFAULT 0, records INTEGER NOT NULL DEFAULT 0,"
	" stored INTEGER NOT NULL DEFAULT 0, duplicates INTEGER NOT NULL DEFAULT 0,"
	" expired INTEGER NOT NULL DEFAULT 0, rejects INTEGER NOT NULL DEFAULT 0,"
	" late INTEGER NOT NULL DEFAULT 0, max_late INTEGER NOT NULL DEFAULT 0,"
	" errors INTEGER NOT NULL DEFAULT 0, state INTEGER NOT NULL DEFAULT 0,"
	" why TEXT NOT NULL DEFAULT '', begun_at INTEGER NOT NULL,"
	" ended_at INTEGER NOT NULL DEFAULT 0) STRICT;"
	"CREATE INDEX ledger_windows_by_source ON ledger_windows(source_id, from_at);"

	/* The numbers of audit files seen: day is 20240924, number the one after it. */
	"CREATE TABLE ledger_files(source_id INTEGER NOT NULL REFERENCES source_states(id),"
	" node TEXT NOT NULL, day INTEGER NOT NULL, number INTEGER NOT NULL,"
	" seen_at INTEGER NOT NULL, PRIMARY KEY(source_id, node, day, number))"
	" STRICT, WITHOUT ROWID;"

	/* A row per object read of a bucket: there may be millions, so each byte counts (see
	 * ledger_objects.c). read_to NULL = all of it; state: enum object_state. */
	"CREATE TABLE objects(key BLOB PRIMARY KEY, etag INTEGER NOT NULL,"
	" bytes INTEGER NOT NULL, read_to INTEGER, state INTEGER NOT NULL) STRICT, WITHOUT ROWID;";

/* What collecting needs beside: the input of a reject whose segment holds several; how long events were
 * on their way; whole days of old windows as one row. */
static const char version_4[] =
	/* "" = that of its commit */
	"ALTER TABLE rejects ADD COLUMN input TEXT NOT NULL DEFAULT '';"

	/* Of the newest event of the last segment of new events: from event to received, from received to
	 * committed; microseconds, -1 = not known. objects and quarantined: of the `objects`. */
	"ALTER TABLE source_states ADD COLUMN lag_received INTEGER NOT NULL DEFAULT -1;"
	"ALTER TABLE source_states ADD COLUMN lag_searchable INTEGER NOT NULL DEFAULT -1;"

	/* How many windows the row stands for. */
	"ALTER TABLE ledger_windows ADD COLUMN windows INTEGER NOT NULL DEFAULT 1;"
	"CREATE INDEX ledger_windows_by_name ON ledger_windows(source_id, name) WHERE name <> '';"

	/* Several sources of log files are primary beside each other. */
	"DROP INDEX IF EXISTS connections_primary;";

/* Alerts, who is told of them, and what the detector has not looked at. Nothing that is stored already is
 * pending: `pugmark detect run` goes through history. */
static const char version_5[] =
	/* day: INT64_MIN = no time. digest: of all that was found, so that what is found again unchanged
	 * costs no write. evidence: the ids of alert_events, 16 bytes each: matching reads no event. state, was_state (before it was withdrawn), reason: the enums of alerts.h. */
	"CREATE TABLE alerts(n INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, rule TEXT NOT NULL,"
	" version BLOB NOT NULL, group_key BLOB NOT NULL, day INTEGER NOT NULL,"
	" first_event BLOB NOT NULL, title TEXT NOT NULL, level INTEGER NOT NULL,"
	" group_name TEXT NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL,"
	" events INTEGER NOT NULL, distinct_values INTEGER NOT NULL, actor TEXT, target TEXT,"
	" ip TEXT, origin TEXT NOT NULL, sources TEXT NOT NULL, provisional INTEGER NOT NULL,"
	" digest BLOB NOT NULL, evidence BLOB NOT NULL, state INTEGER NOT NULL, was_state INTEGER "
	"NOT NULL,"
	" reason INTEGER NOT NULL, created_at INTEGER NOT NULL, changed_at INTEGER NOT NULL,"
	" new_events INTEGER NOT NULL) STRICT;"
	"CREATE INDEX alerts_by_cell ON alerts(rule, group_key, day);"
	"CREATE INDEX alerts_by_last ON alerts(last, n);"
	"CREATE INDEX alerts_by_day ON alerts(rule, day, group_key, state);"
	"CREATE INDEX alerts_provisional ON alerts(n) WHERE provisional = 1;"

	/* Its evidence: json NULL = only the id is kept. */
	"CREATE TABLE alert_events(alert INTEGER NOT NULL REFERENCES alerts(n),"
	" nr INTEGER NOT NULL, id BLOB NOT NULL, time INTEGER NOT NULL, table_name TEXT NOT NULL,"
	" json TEXT, PRIMARY KEY(alert, nr)) STRICT, WITHOUT ROWID;"
	"CREATE TABLE alert_aliases(id BLOB PRIMARY KEY,"
	" alert INTEGER NOT NULL REFERENCES alerts(n)) STRICT, WITHOUT ROWID;"
	"CREATE INDEX alert_aliases_by_alert ON alert_aliases(alert);"
	"CREATE TABLE alert_notes(n INTEGER PRIMARY KEY AUTOINCREMENT,"
	" alert INTEGER NOT NULL REFERENCES alerts(n), at INTEGER NOT NULL, who TEXT NOT NULL,"
	" text TEXT NOT NULL) STRICT;"
	"CREATE INDEX alert_notes_by_alert ON alert_notes(alert);"

	/* rules: NULL = all. Times: 0 = never. */
	"CREATE TABLE notifiers(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE,"
	" kind TEXT NOT NULL, settings TEXT NOT NULL, least_level INTEGER NOT NULL, rules TEXT,"
	" paused INTEGER NOT NULL, created_at INTEGER NOT NULL,"
	" last_sent INTEGER NOT NULL DEFAULT 0, last_failed INTEGER NOT NULL DEFAULT 0,"
	" last_error TEXT NOT NULL DEFAULT '') STRICT;"
	"CREATE TABLE notifier_secrets(notifier_id INTEGER NOT NULL"
	" REFERENCES notifiers(id) ON DELETE CASCADE, field TEXT NOT NULL,"
	" key_id BLOB NOT NULL, sealed BLOB NOT NULL, set_at INTEGER NOT NULL,"
	" PRIMARY KEY(notifier_id, field)) STRICT, WITHOUT ROWID;"

	/* key: what the receiver knows the notice by, the same at each try. first_failed: 0 = never.
	 * due: INT64_MAX = given up. */
	"CREATE TABLE notices(id INTEGER PRIMARY KEY AUTOINCREMENT,"
	" notifier_id INTEGER NOT NULL REFERENCES notifiers(id) ON DELETE CASCADE,"
	" alert INTEGER NOT NULL REFERENCES alerts(n), change TEXT NOT NULL, key TEXT NOT NULL,"
	" tries INTEGER NOT NULL DEFAULT 0, queued_at INTEGER NOT NULL, due INTEGER NOT NULL,"
	" first_failed INTEGER NOT NULL DEFAULT 0, error TEXT NOT NULL DEFAULT '') STRICT;"
	"CREATE INDEX notices_by_due ON notices(due);"
	"CREATE INDEX notices_by_notifier ON notices(notifier_id);"

	"CREATE TABLE detect_pending(segment_id INTEGER PRIMARY KEY, table_id INTEGER NOT NULL"
	" REFERENCES tables(id), min_time INTEGER NOT NULL, max_time INTEGER NOT NULL,"
	" no_time INTEGER NOT NULL) STRICT;";

/* The index of observables. */
static const char version_6[] =
	/* What is indexed: a line per column, "name kind"; NULL = not known, nothing is. */
	"ALTER TABLE tables ADD COLUMN observed TEXT;"

	/* observables/<table>/<name>.obs. level 0: of one segment; others: merged from several. */
	"CREATE TABLE observable_runs(id INTEGER PRIMARY KEY AUTOINCREMENT,"
	" table_id INTEGER NOT NULL REFERENCES tables(id), name TEXT NOT NULL UNIQUE,"
	" level INTEGER NOT NULL, entries INTEGER NOT NULL, bytes INTEGER NOT NULL,"
	" sha256 BLOB NOT NULL) STRICT;"
	/* Whose rows it counts: every segment has one run of level 0 and one other at most. */
	"CREATE TABLE observable_cover(run_id INTEGER NOT NULL"
	" REFERENCES observable_runs(id) ON DELETE CASCADE, segment_id INTEGER NOT NULL,"
	" PRIMARY KEY(run_id, segment_id)) STRICT, WITHOUT ROWID;"
	"CREATE INDEX observable_cover_by_segment ON observable_cover(segment_id);"

	/* What is watched for. file, swept: watchlists/<name>/<file>.watch, '' = none; swept: of the file that was asked of
	 * all history. url '' = filled by hand. Times: 0 = never. expire_s: indicators that say nothing end so long after
	 * they came; 0 = never. */
	"CREATE TABLE watchlists(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE,"
	" level INTEGER NOT NULL, exact INTEGER NOT NULL, paused INTEGER NOT NULL,"
	" url TEXT NOT NULL, settings TEXT NOT NULL, interval_s INTEGER NOT NULL,"
	" expire_s INTEGER NOT NULL, confidence INTEGER NOT NULL, tags TEXT NOT NULL,"
	" file TEXT NOT NULL DEFAULT '', swept TEXT NOT NULL DEFAULT '',"
	" indicators INTEGER NOT NULL DEFAULT 0, unusable INTEGER NOT NULL DEFAULT 0,"
	" duplicates INTEGER NOT NULL DEFAULT 0, bytes INTEGER NOT NULL DEFAULT 0,"
	" sha256 BLOB NOT NULL DEFAULT x'', added INTEGER NOT NULL DEFAULT 0,"
	" removed INTEGER NOT NULL DEFAULT 0, created_at INTEGER NOT NULL,"
	" changed_at INTEGER NOT NULL DEFAULT 0, fetched_at INTEGER NOT NULL DEFAULT 0,"
	" etag TEXT NOT NULL DEFAULT '', modified TEXT NOT NULL DEFAULT '',"
	" failed_at INTEGER NOT NULL DEFAULT 0, error TEXT NOT NULL DEFAULT '',"
	/* mark: how far a feed was read, pipeline/feed.h. failed_at: since when it fails; failures: in a row. due_at: of the next
	 * fetch. */
	" mark TEXT NOT NULL DEFAULT '', due_at INTEGER NOT NULL DEFAULT 0,"
	" failures INTEGER NOT NULL DEFAULT 0) STRICT;"
	"CREATE TABLE watchlist_secrets(watchlist_id INTEGER NOT NULL"
	" REFERENCES watchlists(id) ON DELETE CASCADE, field TEXT NOT NULL,"
	" key_id BLOB NOT NULL, sealed BLOB NOT NULL, set_at INTEGER NOT NULL,"
	" PRIMARY KEY(watchlist_id, field)) STRICT, WITHOUT ROWID;"
	/* Segments that no watchlist was asked of. */
	"CREATE TABLE watch_pending(segment_id INTEGER PRIMARY KEY) STRICT;";

/* The events of an alert as one text (alerts_evidence.c), and no index that another one covers. */
static const char version_7[] =
	"CREATE TABLE alert_evidence(alert INTEGER PRIMARY KEY REFERENCES alerts(n),"
	" events TEXT NOT NULL) STRICT;"
	"INSERT INTO alert_evidence SELECT alert, group_concat(time || ' ' || table_name || ' ' ||"
	" coalesce(length(CAST(json AS BLOB)), -1) || ':' || coalesce(json, ''), '')"
	" FROM (SELECT * FROM alert_events ORDER BY alert, nr) GROUP BY alert;"
	"DROP TABLE alert_events;"
	"DROP INDEX alerts_by_cell;";

/* Who may use the API, and what was done through it (access.h). */
static const char version_8[] =
	/* hash: SHA-256 of the token. role: enum access_role. expires_at: 0 = never. */
	"CREATE TABLE api_tokens(id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE,"
	" hash BLOB NOT NULL UNIQUE, role INTEGER NOT NULL, created_at INTEGER NOT NULL,"
	" created_by TEXT NOT NULL, expires_at INTEGER NOT NULL) STRICT;"
	/* result: '' = begun, and not known to have ended. */
	"CREATE TABLE audit(id INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL,"
	" who TEXT NOT NULL, origin TEXT NOT NULL, what TEXT NOT NULL, target TEXT NOT NULL,"
	" result TEXT NOT NULL) STRICT;"
	"CREATE INDEX audit_by_time ON audit(at);";

/* People with passwords, and who of them is signed in (users.h). */
static const char version_9[] =
	/* role: enum access_role. password: scrypt, as users.h writes it. last_login: 0 = never. */
	"CREATE TABLE users(id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE,"
	" role INTEGER NOT NULL, password TEXT NOT NULL, must_change INTEGER NOT NULL,"
	" disabled INTEGER NOT NULL, created_at INTEGER NOT NULL,"
	" last_login INTEGER NOT NULL DEFAULT 0) STRICT;"
	/* hash: SHA-256 of what the cookie holds. ends_at: however much it is used. */
	"CREATE TABLE sessions(hash BLOB PRIMARY KEY, user_id INTEGER NOT NULL"
	" REFERENCES users(id) ON DELETE CASCADE, created_at INTEGER NOT NULL,"
	" used_at INTEGER NOT NULL, ends_at INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
	"CREATE INDEX sessions_by_user ON sessions(user_id, created_at);";

/* The tree that a third party checks the store by (evidence.h). */
static const char version_10[] =
	/* One row. root: of the entries there are. folder: where checkpoints are written beside.
	 * notifiers: names, joined by blanks, who are sent them. */
	"CREATE TABLE evidence_tree(one INTEGER PRIMARY KEY CHECK(one = 1), origin TEXT NOT NULL,"
	" size INTEGER NOT NULL, root BLOB NOT NULL, folder TEXT NOT NULL,"
	" notifiers TEXT NOT NULL) STRICT;"
	"INSERT INTO evidence_tree VALUES(1, 'pugmark/' || lower(hex(randomblob(16))), 0,"
	" x'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855', '', '');"

	/* record: what is hashed. sequence: of the source, from 1; 0 and no source where it is no
	 * segment's. */
	"CREATE TABLE evidence_entries(n INTEGER PRIMARY KEY, kind INTEGER NOT NULL,"
	" source_id INTEGER NOT NULL, sequence INTEGER NOT NULL, record TEXT NOT NULL) STRICT;"
	"CREATE INDEX evidence_entries_by_source ON evidence_entries(source_id, sequence);"
	"CREATE TABLE evidence_nodes(level INTEGER NOT NULL, n INTEGER NOT NULL,"
	" hash BLOB NOT NULL, PRIMARY KEY(level, n)) STRICT, WITHOUT ROWID;"

	/* Where the page's events lie now: frame -1 = none is left. kept: a bit for each of its events,
	 * NULL = all are there. removed: the hashes of those that retention took, in their order; NULL
	 * also where none is left. */
	"CREATE TABLE evidence_pages(entry INTEGER NOT NULL, page INTEGER NOT NULL,"
	" source_id INTEGER NOT NULL, file INTEGER NOT NULL, frame INTEGER NOT NULL,"
	" rows INTEGER NOT NULL, record TEXT NOT NULL, kept BLOB, removed BLOB,"
	" PRIMARY KEY(entry, page)) STRICT, WITHOUT ROWID;"
	"CREATE INDEX evidence_pages_by_frame ON evidence_pages(source_id, file, frame);"

	/* Commits that have no entry yet; those of older programs among them. */
	"CREATE TABLE evidence_pending(commit_id INTEGER PRIMARY KEY) STRICT;"
	"INSERT INTO evidence_pending SELECT id FROM commits WHERE rows > 0;"
	"CREATE INDEX frames_by_commit ON frames(commit_id);"

	"CREATE TABLE evidence_checkpoints(size INTEGER NOT NULL, at INTEGER NOT NULL,"
	" text TEXT NOT NULL, PRIMARY KEY(size, at)) STRICT, WITHOUT ROWID;"
	"CREATE TABLE evidence_keys(id INTEGER PRIMARY KEY, name TEXT NOT NULL,"
	" public BLOB NOT NULL, made_at INTEGER NOT NULL) STRICT;"
	"CREATE TABLE evidence_secrets(evidence_id INTEGER NOT NULL"
	" REFERENCES evidence_keys(id) ON DELETE CASCADE, field TEXT NOT NULL,"
	" key_id BLOB NOT NULL, sealed BLOB NOT NULL, set_at INTEGER NOT NULL,"
	" PRIMARY KEY(evidence_id, field)) STRICT, WITHOUT ROWID;";

/* The cluster that the tables are sent to, and what was sent (cluster_setting.h, shipments.h). */
static const char version_11[] =
	/* One row, or none. collector: the lake's own name in the cluster. */
	"CREATE TABLE cluster(one INTEGER PRIMARY KEY CHECK(one = 1), urls TEXT NOT NULL,"
	" name TEXT NOT NULL, database TEXT NOT NULL, user TEXT NOT NULL, ca_file TEXT NOT NULL,"
	" collector TEXT NOT NULL, since INTEGER NOT NULL, failed_at INTEGER NOT NULL,"
	" error TEXT NOT NULL) STRICT;"
	"CREATE TABLE cluster_secrets(cluster_id INTEGER NOT NULL"
	" REFERENCES cluster(one) ON DELETE CASCADE, field TEXT NOT NULL,"
	" key_id BLOB NOT NULL, sealed BLOB NOT NULL, set_at INTEGER NOT NULL,"
	" PRIMARY KEY(cluster_id, field)) STRICT, WITHOUT ROWID;"
	/* sent_at: 0 = intended, and not known to be there. rows: of all its segments. */
	"CREATE TABLE cluster_shipments(id INTEGER PRIMARY KEY AUTOINCREMENT,"
	" table_id INTEGER NOT NULL REFERENCES tables(id), rows INTEGER NOT NULL,"
	" made_at INTEGER NOT NULL, sent_at INTEGER NOT NULL) STRICT;"
	"CREATE INDEX cluster_shipments_open ON cluster_shipments(id) WHERE sent_at = 0;"
	/* The shipment of each segment that was put into one; of those that compaction made of such,
	 * 0. A segment without a row is still to be sent. */
	"CREATE TABLE cluster_segments(segment_id INTEGER PRIMARY KEY,"
	" shipment_id INTEGER NOT NULL) STRICT;";

/* Who outside keeps checkpoints (keepers.h). */
static const char version_12[] =
	/* kind: enum keeper_kind. size: entries of the largest checkpoint that it said it has. Times:
	 * 0 = never. */
	"CREATE TABLE keepers(id INTEGER PRIMARY KEY AUTOINCREMENT, kind INTEGER NOT NULL,"
	" name TEXT NOT NULL, place TEXT NOT NULL, settings TEXT NOT NULL,"
	" size INTEGER NOT NULL DEFAULT 0, took_at INTEGER NOT NULL DEFAULT 0,"
	" took TEXT NOT NULL DEFAULT '', failed_at INTEGER NOT NULL DEFAULT 0,"
	" error TEXT NOT NULL DEFAULT '', UNIQUE(kind, name)) STRICT;"
	"CREATE TABLE keeper_secrets(keeper_id INTEGER NOT NULL"
	" REFERENCES keepers(id) ON DELETE CASCADE, field TEXT NOT NULL,"
	" key_id BLOB NOT NULL, sealed BLOB NOT NULL, set_at INTEGER NOT NULL,"
	" PRIMARY KEY(keeper_id, field)) STRICT, WITHOUT ROWID;";

static const char *const steps[FORMAT_VERSION] = {version_1, version_2, version_3, version_4,
	version_5, version_6, version_7, version_8, version_9, version_10, version_11, version_12};

int catalog_version(struct store *store, struct err *err)
{
	int64_t n = 0;
	if (catalog_int(store, &n, err,
		    "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'format'",
		    "") < 0)
		return -1;
	if (n == 0)
		return 0;
	if (catalog_int(store, &n, err, "SELECT version FROM format", "") < 1)
		return -1;
	return (int)n;
}

int catalog_has(struct store *store, int version, struct err *err)
{
	int now = catalog_version(store, err);
	return now < 0 ? -1 : now >= version;
}

static int take_step(struct store *store, const char *sql, struct err *err)
{
	return sqlite3_exec(store->db, sql, NULL, NULL, NULL) == SQLITE_OK
		       ? 0
		       : catalog_error(store, err);
}

int catalog_migrate(struct store *store, struct err *err)
{
	int version = catalog_version(store, err);
	if (version < 0 || version >= FORMAT_VERSION)
		return version < 0 ? -1 : 0;
	if (catalog_begin(store, err) < 0)
		return -1;
	/* Another process may have been faster. */
	version = catalog_version(store, err);
	int rc = version < 0 ? -1 : 0;
	for (int v = version; rc == 0 && v < FORMAT_VERSION; v++)
		rc = take_step(store, steps[v], err);
	if (rc == 0)
		rc = catalog_run(store, err,
			"UPDATE format SET version = ?, program = ?,"
			" made_at = CASE made_at WHEN 0 THEN ? ELSE made_at END",
			"iti", (int64_t)FORMAT_VERSION, PUGMARK_VERSION, clock_now_us());
	if (rc < 0) {
		catalog_rollback(store);
		return -1;
	}
	return catalog_commit(store, err);
}
