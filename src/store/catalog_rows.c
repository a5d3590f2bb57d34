/* SPDX-License-Identifier: Apache-2.0 */
/* catalog_rows.c: rows that several files of the room read and write: names, segments, identity
 * runs, retired files. */
#include <stdio.h>
#include <stdlib.h>

#include "store/observer.h"

int catalog_table_id(
	struct store *store, const char *table, bool make, int64_t *id, struct err *err)
{
	int rc = catalog_int(store, id, err, "SELECT id FROM tables WHERE name = ?", "t", table);
	if (rc != 0 || !make)
		return rc;
	if (catalog_run(store, err, "INSERT INTO tables(name) VALUES(?) ON CONFLICT DO NOTHING",
		    "t", table) < 0)
		return -1;
	return catalog_int(store, id, err, "SELECT id FROM tables WHERE name = ?", "t", table);
}

int catalog_source_id(
	struct store *store, const char *source, bool make, int64_t *id, struct err *err)
{
	int rc = catalog_int(store, id, err, "SELECT id FROM sources WHERE name = ?", "t", source);
	if (rc != 0 || !make)
		return rc;
	if (catalog_run(store, err, "INSERT INTO sources(name) VALUES(?) ON CONFLICT DO NOTHING",
		    "t", source) < 0)
		return -1;
	return catalog_int(store, id, err, "SELECT id FROM sources WHERE name = ?", "t", source);
}

int catalog_add_segment(struct store *store, struct segment_row *row, struct err *err)
{
	if (catalog_run(store, err,
		    "INSERT INTO segments(table_id, source, input, name, rows, bytes, raw_bytes,"
		    " no_time, min_time, max_time, min_event_id, max_event_id, sha256,"
		    " fingerprint, received_at, committed_at, compacted)"
		    " VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		    "itttuuuuiibbbbiii", row->table_id, row->source, row->input, row->name,
		    row->rows, row->bytes, row->raw_bytes, row->no_time, row->min_time,
		    row->max_time, row->min_event_id, (size_t)16, row->max_event_id, (size_t)16,
		    row->sha256, (size_t)32, row->fingerprint, (size_t)32, row->received_at,
		    row->committed_at, (int64_t)row->compacted) < 0)
		return -1;
	row->id = sqlite3_last_insert_rowid(store->db);
	return 0;
}

int catalog_retire_file(struct store *store, const char *path, struct err *err)
{
	return catalog_run(store, err,
		"INSERT INTO retired VALUES(?, ?) ON CONFLICT DO UPDATE SET at = excluded.at", "ti",
		path, clock_now_us());
}

int catalog_retire_segment(struct store *store, int64_t id, struct err *err)
{
	if (catalog_run(store, err,
		    "INSERT INTO retired SELECT 'tables/' || t.name || '/' || s.name || '.parquet',"
		    " ? FROM segments s JOIN tables t ON t.id = s.table_id WHERE s.id = ?"
		    " ON CONFLICT DO UPDATE SET at = excluded.at",
		    "ii", clock_now_us(), id) < 0)
		return -1;
	if (observables_retire(store, id, err) < 0 ||
		catalog_run(store, err, "DELETE FROM cluster_segments WHERE segment_id = ?", "i",
			id) < 0)
		return -1;
	return catalog_run(store, err, "DELETE FROM segments WHERE id = ?", "i", id);
}

int catalog_id_runs(
	struct store *store, int64_t table_id, struct id_run **runs, uint32_t *n, struct err *err)
{
	*runs = NULL;
	*n = 0;
	sqlite3_stmt *stmt = catalog_query(store, err,
		"SELECT name, entries, bytes, sha256 FROM id_runs WHERE table_id = ? ORDER BY id",
		"i", table_id);
	struct rows rows = rows_of(store, stmt);
	while (rows_next(&rows, err)) {
		*runs = xrealloc(*runs, (*n + 1) * sizeof(**runs));
		struct id_run *run = &(*runs)[(*n)++];
		*run = (struct id_run){
			.entries = (uint64_t)sqlite3_column_int64(stmt, 1),
			.bytes = (uint64_t)sqlite3_column_int64(stmt, 2),
		};
		snprintf(run->name, sizeof(run->name), "%s", catalog_text(stmt, 0));
		catalog_blob(stmt, 3, run->sha256, 32);
	}
	if (rows.answer < 0) {
		free(*runs);
		*runs = NULL;
	}
	return rows.answer;
}

int catalog_add_id_run(
	struct store *store, int64_t table_id, const struct id_run *run, struct err *err)
{
	return catalog_run(store, err,
		"INSERT INTO id_runs(table_id, name, entries, bytes, sha256) VALUES(?, ?, ?, ?, ?)",
		"ituub", table_id, run->name, run->entries, run->bytes, run->sha256, (size_t)32);
}

int catalog_retire_id_run(
	struct store *store, int64_t table_id, const char *table, const char *name, struct err *err)
{
	char path[STORE_PATH];
	snprintf(path, sizeof(path), "ids/%s/%s", table, name);
	if (catalog_retire_file(store, path, err) < 0)
		return -1;
	return catalog_run(store, err, "DELETE FROM id_runs WHERE table_id = ? AND name = ?", "it",
		table_id, name);
}

int catalog_first_day(struct store *store, int64_t table_id, int32_t *day, struct err *err)
{
	*day = INT32_MIN;
	sqlite3_stmt *stmt = catalog_query(
		store, err, "SELECT keep_days, first_day FROM tables WHERE id = ?", "i", table_id);
	int rc = stmt ? catalog_step(store, stmt, err) : -1;
	if (rc == 1) {
		int64_t keep = sqlite3_column_int64(stmt, 0);
		if (sqlite3_column_type(stmt, 1) != SQLITE_NULL)
			*day = (int32_t)sqlite3_column_int64(stmt, 1);
		int64_t limit = clock_now_us() / 86400000000 - keep;
		if (keep > 0 && limit > *day)
			*day = (int32_t)limit;
	}
	catalog_done(store, stmt);
	return rc < 0 ? -1 : 0;
}
