/* SPDX-License-Identifier: Apache-2.0 */
/*
 * shipments.c: rows of cluster_shipments and cluster_segments. sent_at of a shipment is when it was sent, or 0 (on its way), or one of the
 * two below. Shipments that were sent stay only until no segment names them: their numbers are not given out again (AUTOINCREMENT).
 */
#include "store/shipments_private.h"

#include <stdio.h>

enum {
	WITHDRAWN = -1,     /* its rows there are to be deleted */
	WITHDRAWN_ALL = -2, /* and all that the table got before it */
	EXTRA = -3,         /* rows of segments that were sent before */
	MOST_ROWS = 1000000,
	MOST_SEGMENTS = 1000,
};

static int there(struct store *store, struct err *err)
{
	return catalog_has(store, 11, err);
}

/* ---- which ----------------------------------------------------------------------------------- */

/* Adds the segment that the statement's row names: id, name, rows, raw_bytes, run, min_time, max_time, no_time. */
static void add_segment(
	const struct store *store, struct arena *mem, struct shipment *shipment, sqlite3_stmt *stmt)
{
	const char *name = catalog_text(stmt, 1), *run = catalog_text(stmt, 4);
	int64_t min_time = sqlite3_column_int64(stmt, 5), max_time = sqlite3_column_int64(stmt, 6);
	if (!shipment->segments)
		shipment->segments = arena_zalloc(mem, MOST_SEGMENTS, sizeof(*shipment->segments));
	struct shipment_segment *segment = &shipment->segments[shipment->n++];
	*segment = (struct shipment_segment){.id = sqlite3_column_int64(stmt, 0),
		.path = arena_printf(
			mem, "%s/tables/%s/%s.parquet", store->dir, shipment->table, name),
		.run = *run ? arena_printf(mem, "%s/observables/%s/%s.obs", store->dir,
				      shipment->table, run)
			    : NULL,
		.rows = (uint64_t)sqlite3_column_int64(stmt, 2),
		.raw_bytes = (uint64_t)sqlite3_column_int64(stmt, 3)};
	shipment->rows += segment->rows;
	shipment->no_time += (uint64_t)sqlite3_column_int64(stmt, 7);
	if (min_time <= max_time && min_time < shipment->min_time)
		shipment->min_time = min_time;
	if (min_time <= max_time && max_time > shipment->max_time)
		shipment->max_time = max_time;
}

#define SEGMENT_COLUMNS                                                                            \
	"SELECT s.id, s.name, s.rows, s.raw_bytes, (SELECT r.name FROM observable_runs r WHERE "   \
	"r.name = s.name), s.min_time, s.max_time, s.no_time FROM segments s"

static void shipment_init(struct shipment *shipment, struct arena *mem, const char *table)
{
	*shipment = (struct shipment){.table = arena_strdup(mem, slice_of(table)),
		.min_time = INT64_MAX,
		.max_time = INT64_MIN};
}

static int load_segments(
	struct store *store, struct arena *mem, struct shipment *shipment, struct err *err)
{
	struct rows rows = rows_of(
		store, catalog_query(store, err,
			       SEGMENT_COLUMNS " JOIN cluster_segments x ON x.segment_id = s.id"
					       " WHERE x.shipment_id = ? ORDER BY s.id",
			       "u", shipment->id));
	while (rows_next(&rows, err)) {
		if (shipment->n == MOST_SEGMENTS)
			rows.answer =
				err_set(err, ERR_DAMAGED, "%s: a shipment of more than %d segments",
					store->dir, MOST_SEGMENTS);
		else
			add_segment(store, mem, shipment, rows.stmt);
	}
	return rows.answer;
}

int shipment_open(
	struct store *store, struct arena *mem, struct shipment *shipment, struct err *err)
{
	int rc = there(store, err);
	if (rc < 1)
		return rc;
	sqlite3_stmt *stmt = catalog_query(store, err,
		"SELECT h.id, h.made_at, t.name FROM cluster_shipments h JOIN tables t ON t.id = "
		"h.table_id WHERE h.sent_at = 0 ORDER BY h.id LIMIT 1",
		"");
	rc = stmt ? catalog_step(store, stmt, err) : -1;
	if (rc == 1) {
		shipment_init(shipment, mem, catalog_text(stmt, 2));
		shipment->id = (uint64_t)sqlite3_column_int64(stmt, 0);
		shipment->made_at = sqlite3_column_int64(stmt, 1);
	}
	catalog_done(store, stmt);
	return rc == 1 && load_segments(store, mem, shipment, err) < 0 ? -1 : rc;
}

/* ---- the next -------------------------------------------------------------------------------- */

#define WAITS " NOT EXISTS (SELECT 1 FROM cluster_segments x WHERE x.segment_id = s.id)"

/* What waits of the table whose oldest segment waits longest. */
static int pick(struct store *store, int64_t since, struct arena *mem, struct shipment *shipment,
	int64_t *table_id, struct err *err)
{
	sqlite3_stmt *stmt = catalog_query(store, err,
		"SELECT s.table_id, t.name FROM segments s JOIN tables t ON t.id = s.table_id"
		" WHERE s.committed_at >= ? AND" WAITS " ORDER BY s.id LIMIT 1",
		"i", since);
	int rc = stmt ? catalog_step(store, stmt, err) : -1;
	if (rc == 1) {
		*table_id = sqlite3_column_int64(stmt, 0);
		shipment_init(shipment, mem, catalog_text(stmt, 1));
	}
	catalog_done(store, stmt);
	if (rc < 1)
		return rc;
	struct rows rows = rows_of(store,
		catalog_query(store, err,
			SEGMENT_COLUMNS " WHERE s.table_id = ? AND s.committed_at >= ? AND" WAITS
					" ORDER BY s.id LIMIT ?",
			"iii", *table_id, since, (int64_t)MOST_SEGMENTS));
	while (rows_next(&rows, err)) {
		uint64_t more = (uint64_t)sqlite3_column_int64(rows.stmt, 2);
		if (shipment->n > 0 && shipment->rows + more > MOST_ROWS)
			rows.answer = 1;
		else
			add_segment(store, mem, shipment, rows.stmt);
	}
	return rows.answer < 0 ? -1 : 1;
}

static int intend(struct store *store, int64_t since, struct arena *mem, struct shipment *shipment,
	struct err *err)
{
	int64_t table_id = 0;
	int rc = pick(store, since, mem, shipment, &table_id, err);
	if (rc < 1)
		return rc;
	shipment->made_at = clock_now_us();
	if (catalog_run(store, err,
		    "INSERT INTO cluster_shipments(table_id, rows, made_at, sent_at) VALUES(?, ?, "
		    "?, 0)",
		    "iui", table_id, shipment->rows, shipment->made_at) < 0)
		return -1;
	shipment->id = (uint64_t)sqlite3_last_insert_rowid(store->db);
	for (uint32_t i = 0; i < shipment->n; i++) {
		if (catalog_run(store, err, "INSERT INTO cluster_segments VALUES(?, ?)", "iu",
			    shipment->segments[i].id, shipment->id) < 0)
			return -1;
	}
	return 1;
}

int shipment_next(struct store *store, int64_t since, struct arena *mem, struct shipment *shipment,
	struct err *err)
{
	if (store_check_writable(store, err) < 0 || catalog_begin(store, err) < 0)
		return -1;
	int rc = intend(store, since, mem, shipment, err);
	if (catalog_end(store, rc < 0 ? -1 : 0, err) < 0)
		return -1;
	return rc;
}

int shipment_extra(struct store *store, const char *table, uint64_t *id, struct err *err)
{
	int rc = catalog_run(store, err,
		"INSERT INTO cluster_shipments(table_id, rows, made_at, sent_at) SELECT id, 0, ?, "
		"? FROM tables WHERE name = ?",
		"iit", clock_now_us(), (int64_t)EXTRA, table);
	*id = rc == 0 ? (uint64_t)sqlite3_last_insert_rowid(store->db) : 0;
	return rc;
}

/* ---- what became of it ----------------------------------------------------------------------- */

static int mark_sent(struct store *store, uint64_t id, struct err *err)
{
	if (catalog_run(store, err,
		    "UPDATE cluster_shipments SET sent_at = ? WHERE id = ? AND sent_at = 0", "iu",
		    clock_now_us(), id) < 0)
		return -1;
	int sent = sqlite3_changes(store->db) > 0;
	if (sent && catalog_run(store, err,
			    "DELETE FROM cluster_shipments WHERE sent_at > 0 AND id < ? AND NOT "
			    "EXISTS (SELECT 1 FROM cluster_segments x WHERE x.shipment_id = "
			    "cluster_shipments.id)",
			    "u", id) < 0)
		return -1;
	return sent;
}

int shipment_sent(struct store *store, uint64_t id, struct err *err)
{
	if (store_check_writable(store, err) < 0 || catalog_begin(store, err) < 0)
		return -1;
	int sent = mark_sent(store, id, err);
	return catalog_end(store, sent < 0 ? -1 : 0, err) < 0 ? -1 : sent;
}

static int withdraw(struct store *store, uint64_t id, struct err *err)
{
	if (catalog_run(store, err, "DELETE FROM cluster_segments WHERE shipment_id = ?", "u", id) <
		0)
		return -1;
	return catalog_run(store, err, "UPDATE cluster_shipments SET sent_at = ? WHERE id = ?",
		"iu", (int64_t)WITHDRAWN, id);
}

int shipment_withdraw(struct store *store, uint64_t id, struct err *err)
{
	if (store_check_writable(store, err) < 0 || catalog_begin(store, err) < 0)
		return -1;
	return catalog_end(store, withdraw(store, id, err), err);
}

/* Takes the place of all earlier shipments of the table. */
static int withdraw_all(struct store *store, int64_t table_id, struct err *err)
{
	if (catalog_run(store, err,
		    "DELETE FROM cluster_segments WHERE segment_id IN (SELECT id FROM segments "
		    "WHERE table_id = ?)",
		    "i", table_id) < 0 ||
		catalog_run(store, err, "DELETE FROM cluster_shipments WHERE table_id = ?", "i",
			table_id) < 0)
		return -1;
	return catalog_run(store, err,
		"INSERT INTO cluster_shipments(table_id, rows, made_at, sent_at) VALUES(?, 0, ?, "
		"?)",
		"iii", table_id, clock_now_us(), (int64_t)WITHDRAWN_ALL);
}

static int withdraw_tables(struct store *store, const char *table, struct err *err)
{
	struct rows rows = rows_of(
		store, catalog_query(store, err,
			       "SELECT id FROM tables WHERE ?1 IS NULL OR name = ?1", "t", table));
	while (rows_next(&rows, err))
		rows.answer = withdraw_all(store, sqlite3_column_int64(rows.stmt, 0), err);
	return rows.answer;
}

int shipments_again(struct store *store, const char *table, struct err *err)
{
	if (store_check_writable(store, err) < 0 || catalog_begin(store, err) < 0)
		return -1;
	return catalog_end(store, withdraw_tables(store, table, err), err);
}

int shipments_withdrawn(struct store *store, struct arena *mem,
	struct shipment_withdrawn *withdrawn, struct err *err)
{
	sqlite3_stmt *stmt = catalog_query(store, err,
		"SELECT h.id, t.name, h.sent_at = ? FROM cluster_shipments h JOIN tables t ON t.id "
		"= h.table_id WHERE h.sent_at IN (?, ?) ORDER BY h.id LIMIT 1",
		"iii", (int64_t)WITHDRAWN_ALL, (int64_t)WITHDRAWN, (int64_t)WITHDRAWN_ALL);
	int rc = stmt ? catalog_step(store, stmt, err) : -1;
	if (rc == 1)
		*withdrawn =
			(struct shipment_withdrawn){.id = (uint64_t)sqlite3_column_int64(stmt, 0),
				.table = arena_strdup(mem, slice_of(catalog_text(stmt, 1))),
				.all = sqlite3_column_int(stmt, 2) != 0};
	catalog_done(store, stmt);
	return rc;
}

int shipments_forget(struct store *store, uint64_t id, struct err *err)
{
	return catalog_run(
		store, err, "DELETE FROM cluster_shipments WHERE id = ? AND sent_at < 0", "u", id);
}

/* ---- numbers --------------------------------------------------------------------------------- */

int shipments_last(struct store *store, uint64_t *id, struct err *err)
{
	int64_t last = 0;
	int rc = catalog_int(store, &last, err,
		"SELECT seq FROM sqlite_sequence WHERE name = 'cluster_shipments'", "");
	*id = (uint64_t)last;
	return rc < 0 ? -1 : 0;
}

int shipments_skip(struct store *store, uint64_t id, struct err *err)
{
	return catalog_run(store, err,
		       "INSERT INTO sqlite_sequence(name, seq) SELECT 'cluster_shipments', 0 WHERE "
		       "NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = "
		       "'cluster_shipments')",
		       "") < 0
		       ? -1
		       : catalog_run(store, err,
				 "UPDATE sqlite_sequence SET seq = max(seq, ?) WHERE name = "
				 "'cluster_shipments'",
				 "u", id);
}

int shipments_lag(struct store *store, int64_t since, struct shipments_lag *lag, struct err *err)
{
	*lag = (struct shipments_lag){0};
	int rc = there(store, err);
	if (rc < 1)
		return rc;
	sqlite3_stmt *stmt = catalog_query(store, err,
		"SELECT count(*), coalesce(sum(s.rows), 0), coalesce(min(s.committed_at), 0) FROM "
		"segments s WHERE s.committed_at >= ? AND " SEGMENT_SHIPPING " <> 1",
		"i", since);
	rc = stmt ? catalog_step(store, stmt, err) : -1;
	if (rc == 1) {
		lag->segments = (uint64_t)sqlite3_column_int64(stmt, 0);
		lag->rows = (uint64_t)sqlite3_column_int64(stmt, 1);
		lag->oldest = sqlite3_column_int64(stmt, 2);
	}
	catalog_done(store, stmt);
	return rc < 0 ? -1 : 0;
}

int shipments_segments(struct store *store, const char *table,
	int (*each)(void *ctx, const struct shipment_segment *segment, struct err *err), void *ctx,
	struct err *err)
{
	struct rows rows = rows_of(store,
		catalog_query(store, err,
			SEGMENT_COLUMNS " JOIN tables t ON t.id = s.table_id WHERE t.name = ? "
					"AND " SEGMENT_SHIPPING " = 1 ORDER BY s.id",
			"t", table));
	while (rows_next(&rows, err)) {
		struct arena mem = {0};
		struct shipment one = {.table = table};
		add_segment(store, &mem, &one, rows.stmt);
		rows.answer = each(ctx, &one.segments[0], err);
		arena_fini(&mem);
	}
	return rows.answer;
}

/* ---- rewriting ------------------------------------------------------------------------------- */

/* As it is now: the caller's may have changed since it was loaded. */
static int shipping_now(struct store *store, int64_t segment, int64_t *shipping, struct err *err)
{
	*shipping = SHIPPING_WAITS;
	return catalog_int(store, shipping, err,
		       "SELECT " SEGMENT_SHIPPING " FROM segments s WHERE s.id = ?", "i",
		       segment) < 0
		       ? -1
		       : 0;
}

int shipments_can_merge(
	struct store *store, const struct old_segment *const *old, uint32_t n, struct err *err)
{
	for (uint32_t i = 0; i < n; i++) {
		int64_t now;
		if (shipping_now(store, old[i]->id, &now, err) < 0)
			return -1;
		if (now == SHIPPING_OPEN || now != (int64_t)old[0]->shipping)
			return err_set(
				err, ERR_BUSY, "segment %lld is on its way", (long long)old[i]->id);
	}
	return 0;
}

int shipments_follow(struct store *store, const struct old_segment *const *old, uint32_t n,
	int64_t fresh, struct err *err)
{
	bool sent = true;
	for (uint32_t i = 0; i < n; i++) {
		int64_t now, shipment = 0;
		if (shipping_now(store, old[i]->id, &now, err) < 0)
			return -1;
		sent &= now == SHIPPING_SENT;
		if (now != SHIPPING_OPEN)
			continue;
		if (catalog_int(store, &shipment, err,
			    "SELECT shipment_id FROM cluster_segments WHERE segment_id = ?", "i",
			    old[i]->id) < 0 ||
			withdraw(store, (uint64_t)shipment, err) < 0)
			return -1;
	}
	return sent && n > 0 && fresh
		       ? catalog_run(store, err, "INSERT INTO cluster_segments VALUES(?, 0)", "i",
				 fresh)
		       : 0;
}

int shipments_replace(struct store *store, int64_t table_id, struct err *err)
{
	int64_t n = 0;
	if (catalog_int(store, &n, err,
		    "SELECT (SELECT count(*) FROM cluster_shipments WHERE table_id = ?1) + (SELECT "
		    "count(*) FROM cluster_segments x JOIN segments s ON s.id = x.segment_id WHERE "
		    "s.table_id = ?1)",
		    "i", table_id) < 0)
		return -1;
	return n > 0 ? withdraw_all(store, table_id, err) : 0;
}
