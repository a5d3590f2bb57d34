/* SPDX-License-Identifier: Apache-2.0 */
/* read.c: what the catalog knows, row by row: segments, tables, sources, drift, checkpoints. */
#include <stdio.h>
#include <string.h>

#include "store/private.h"

static uint64_t column_u64(sqlite3_stmt *stmt, int column)
{
	return (uint64_t)sqlite3_column_int64(stmt, column);
}

/* ---- segments -------------------------------------------------------------------------------- */

static void segment_of_row(
	struct store *store, sqlite3_stmt *stmt, char path[STORE_PATH], struct segment_info *info)
{
	*info = (struct segment_info){
		.id = column_u64(stmt, 0),
		.table = catalog_text(stmt, 1),
		.source = catalog_text(stmt, 2),
		.input = catalog_text(stmt, 3),
		.rows = column_u64(stmt, 5),
		.bytes = column_u64(stmt, 6),
		.raw_bytes = column_u64(stmt, 7),
		.no_time = column_u64(stmt, 8),
		.min_time = sqlite3_column_int64(stmt, 9),
		.max_time = sqlite3_column_int64(stmt, 10),
		.received_at = sqlite3_column_int64(stmt, 14),
		.committed_at = sqlite3_column_int64(stmt, 15),
		.compacted = sqlite3_column_int64(stmt, 16) != 0,
	};
	info->path =
		store_path(store, path, "tables/%s/%s.parquet", info->table, catalog_text(stmt, 4));
	catalog_blob(stmt, 11, info->min_event_id, 16);
	catalog_blob(stmt, 12, info->max_event_id, 16);
	catalog_blob(stmt, 13, info->sha256, 32);
}

int store_segments(struct store *store, const char *table,
	int (*each)(void *ctx, const struct segment_info *info, struct err *err), void *ctx,
	struct err *err)
{
	sqlite3_stmt *stmt = catalog_query(store, err,
		"SELECT s.id, t.name, s.source, s.input, s.name, s.rows, s.bytes, s.raw_bytes,"
		" s.no_time, s.min_time, s.max_time, s.min_event_id, s.max_event_id, s.sha256,"
		" s.received_at, s.committed_at, s.compacted FROM segments s"
		" JOIN tables t ON t.id = s.table_id WHERE ?1 IS NULL OR t.name = ?1"
		" ORDER BY s.max_time DESC, s.id DESC",
		"t", table);
	struct rows rows = rows_of(store, stmt);
	while (rows_next(&rows, err)) {
		struct segment_info info;
		char path[STORE_PATH];
		segment_of_row(store, stmt, path, &info);
		rows.answer = each(ctx, &info, err);
	}
	return rows.answer;
}

/* ---- tables and sources ---------------------------------------------------------------------- */

int store_tables(struct store *store,
	int (*each)(void *ctx, const struct table_info *info, struct err *err), void *ctx,
	struct err *err)
{
	sqlite3_stmt *stmt = catalog_query(store, err,
		"SELECT t.name, count(s.id), coalesce(sum(s.rows), 0), coalesce(sum(s.bytes), 0),"
		" coalesce(sum(s.raw_bytes), 0), coalesce(sum(s.no_time), 0), min(s.min_time), "
		"max(s.max_time),"
		" (SELECT coalesce(sum(r.lines), 0) FROM rejects r JOIN commits c"
		"  ON c.id = r.commit_id WHERE c.table_id = t.id),"
		" coalesce(t.first_day, -9223372036854775807), t.keep_days"
		" FROM tables t LEFT JOIN segments s ON s.table_id = t.id"
		" GROUP BY t.id ORDER BY t.name",
		"");
	struct rows rows = rows_of(store, stmt);
	while (rows_next(&rows, err)) {
		uint64_t segments = column_u64(stmt, 1);
		struct table_info info = {
			.table = catalog_text(stmt, 0),
			.segments = segments,
			.rows = column_u64(stmt, 2),
			.bytes = column_u64(stmt, 3),
			.raw_bytes = column_u64(stmt, 4),
			.no_time = column_u64(stmt, 5),
			.min_time = segments ? sqlite3_column_int64(stmt, 6) : INT64_MAX,
			.max_time = segments ? sqlite3_column_int64(stmt, 7) : INT64_MIN,
			.rejects = column_u64(stmt, 8),
			.first_day = sqlite3_column_int64(stmt, 9),
			.keep_days = (unsigned)sqlite3_column_int64(stmt, 10),
		};
		rows.answer = each(ctx, &info, err);
	}
	return rows.answer;
}

int store_sources(struct store *store,
	int (*each)(void *ctx, const struct source_info *info, struct err *err), void *ctx,
	struct err *err)
{
	sqlite3_stmt *stmt = catalog_query(store, err,
		"SELECT s.name, (SELECT count(*) FROM segments g WHERE"
		"  instr(', ' || g.source || ',', ', ' || s.name || ',') > 0),"
		" coalesce(l.rows, 0), coalesce(l.raw_bytes, 0), s.duplicates,"
		" (SELECT coalesce(sum(r.lines), 0) FROM rejects r JOIN commits c"
		"  ON c.id = r.commit_id WHERE c.source_id = s.id),"
		" s.first_received, s.last_received, coalesce(l.stored, 0), coalesce(l.oldest, 0)"
		" FROM sources s LEFT JOIN (SELECT source_id,"
		"  sum(iif(state = 0 AND kind = 0, records, 0)) AS rows,"
		"  sum(iif(state = 0 AND kind = 0, raw - records + 1, 0)) AS raw_bytes,"
		"  sum(iif(state = 1, 0, stored)) AS stored,"
		"  min(iif(state = 0 AND min_time <= max_time, min_time, NULL)) AS oldest"
		"  FROM frames GROUP BY source_id) l ON l.source_id = s.id ORDER BY s.name",
		"");
	struct rows rows = rows_of(store, stmt);
	while (rows_next(&rows, err)) {
		struct source_info info = {
			.source = catalog_text(stmt, 0),
			.segments = column_u64(stmt, 1),
			.rows = column_u64(stmt, 2),
			.raw_bytes = column_u64(stmt, 3),
			.duplicates = column_u64(stmt, 4),
			.rejects = column_u64(stmt, 5),
			.first_received = sqlite3_column_int64(stmt, 6),
			.last_received = sqlite3_column_int64(stmt, 7),
			.vault_bytes = column_u64(stmt, 8),
			.oldest_raw = sqlite3_column_int64(stmt, 9),
		};
		rows.answer = each(ctx, &info, err);
	}
	return rows.answer;
}

/* ---- checkpoints and drift ------------------------------------------------------------------- */

int store_checkpoint(struct store *store, const char *key, struct buf *out, struct err *err)
{
	sqlite3_stmt *stmt =
		catalog_query(store, err, "SELECT text FROM checkpoints WHERE key = ?", "t", key);
	int rc = stmt ? catalog_step(store, stmt, err) : -1;
	if (rc == 1 && buf_puts(out, catalog_text(stmt, 0)) < 0)
		rc = err_set(
			err, ERR_LIMIT, "the checkpoint `%.100s` is longer than asked for", key);
	catalog_done(store, stmt);
	return rc;
}

int store_container_name(struct store *store, uint32_t id, struct buf *out, struct err *err)
{
	sqlite3_stmt *stmt = catalog_query(
		store, err, "SELECT name FROM containers WHERE id = ?", "i", (int64_t)id);
	int rc = stmt ? catalog_step(store, stmt, err) : -1;
	if (rc == 1 && buf_puts(out, catalog_text(stmt, 0)) < 0)
		rc = err_set(err, ERR_LIMIT, "the container's name is longer than asked for");
	catalog_done(store, stmt);
	return rc;
}

int store_drift(struct store *store, const char *table,
	int (*each)(void *ctx, const struct drift_info *info, struct err *err), void *ctx,
	struct err *err)
{
	sqlite3_stmt *stmt = catalog_query(store, err,
		"SELECT t.name, d.path, d.kind, d.seen, d.count, d.first_seen, d.last_seen"
		" FROM drift d JOIN tables t ON t.id = d.table_id WHERE ?1 IS NULL OR t.name = ?1"
		" ORDER BY t.name, d.path, d.kind, d.seen",
		"t", table);
	struct rows rows = rows_of(store, stmt);
	while (rows_next(&rows, err)) {
		struct drift_info info = {
			.table = catalog_text(stmt, 0),
			.path = catalog_text(stmt, 1),
			.kind = catalog_text(stmt, 2),
			.seen = catalog_text(stmt, 3),
			.count = column_u64(stmt, 4),
			.first_seen = sqlite3_column_int64(stmt, 5),
			.last_seen = sqlite3_column_int64(stmt, 6),
		};
		rows.answer = each(ctx, &info, err);
	}
	return rows.answer;
}
