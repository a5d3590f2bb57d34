/* SPDX-License-Identifier: Apache-2.0 */
/* ledger_gaps.c: what is missing: numbers that no audit file seen has, objects that could not be read,
 * and stretches of time that no settled window covers. Nothing is stored of a gap: it is gone when what was missing is there. */
#include <string.h>

#include "store/ledger_private.h"

/* ---- numbers of files ------------------------------------------------------------------------ */

static bool digits(const char *p, unsigned n, uint32_t *value)
{
	*value = 0;
	for (unsigned i = 0; i < n; i++) {
		if (p[i] < '0' || p[i] > '9')
			return false;
		*value = *value * 10 + (uint32_t)(p[i] - '0');
	}
	return true;
}

static bool is_date(uint32_t day)
{
	int64_t year;
	unsigned month, date;
	if (day / 100 % 100 < 1 || day / 100 % 100 > 12 || day % 100 < 1 || day % 100 > 31)
		return false;
	clock_date(clock_days(day / 10000, day / 100 % 100, day % 100), &year, &month, &date);
	return date == day % 100;
}

bool ledger_file_number(const char *name, uint32_t *day, uint32_t *number)
{
	static const char ending[] = ".audit.log";
	const char *last = strrchr(name, '/');
	last = last ? last + 1 : name;
	if (!digits(last, 8, day) || (last[8] != '.' && last[8] != '-') ||
		!digits(last + 9, 5, number))
		return false;
	const char *rest = last + 14;
	if (strncmp(rest, ending, sizeof(ending) - 1) != 0)
		return false;
	rest += sizeof(ending) - 1;
	return (*rest == '\0' || *rest == '.') && is_date(*day);
}

int ledger_note_file(struct store *store, int64_t source_id, const char *node, const char *name,
	int64_t now, struct err *err)
{
	uint32_t day, number;
	char safe[LEDGER_WHY];
	if (!ledger_file_number(name, &day, &number))
		return 0;
	int rc = catalog_run(store, err,
		"INSERT INTO ledger_files VALUES(?, ?, ?, ?, ?) ON CONFLICT DO NOTHING", "itiii",
		source_id, ledger_sentence(node, safe), (int64_t)day, (int64_t)number, now);
	return rc < 0 ? -1 : 1;
}

int ledger_file(struct store *store, const char *source, const char *node, const char *name,
	struct err *err)
{
	int64_t id;
	if (store_check_writable(store, err) < 0 || store_check_source(source, err) < 0 ||
		catalog_begin(store, err) < 0)
		return -1;
	int rc = ledger_source(store, source, true, &id, err);
	if (rc == 1)
		rc = ledger_note_file(store, id, node, name, clock_now_us(), err);
	return catalog_end(store, rc, err) < 0 ? -1 : rc;
}

/* ---- gaps ------------------------------------------------------------------------------------ */

static int file_gaps(struct store *store, const char *source,
	int (*each)(void *ctx, const struct ledger_gap *gap, struct err *err), void *ctx,
	struct err *err)
{
	sqlite3_stmt *stmt = catalog_query(store, err,
		/* A file without a node held nothing, and may be any node's. */
		"WITH named AS (SELECT source_id, node, day, number FROM ledger_files"
		"  WHERE node <> '' UNION SELECT e.source_id, n.node, e.day, e.number"
		"  FROM ledger_files e JOIN (SELECT DISTINCT source_id, node, day FROM ledger_files"
		"   WHERE node <> '') n USING (source_id, day) WHERE e.node = ''),"
		" f AS (SELECT s.name AS source, f.node, f.day, f.number,"
		"  lag(f.number) OVER (PARTITION BY f.source_id, f.node, f.day ORDER BY f.number)"
		"  AS before, min(f.day) OVER (PARTITION BY f.source_id, f.node) AS first_day"
		"  FROM named f JOIN source_states s ON s.id = f.source_id"
		"  WHERE ?1 IS NULL OR s.name = ?1)"
		" SELECT source, node, day, coalesce(before + 1, 0), number - 1,"
		"  before IS NULL AND day = first_day FROM f"
		" WHERE number > coalesce(before + 1, 0) ORDER BY source, node, day, number",
		"t", source);
	struct rows rows = rows_of(store, stmt);
	while (rows_next(&rows, err)) {
		struct ledger_gap gap = {
			.source = catalog_text(stmt, 0),
			.node = catalog_text(stmt, 1),
			.day = (uint32_t)sqlite3_column_int64(stmt, 2),
			.first = (uint32_t)sqlite3_column_int64(stmt, 3),
			.last = (uint32_t)sqlite3_column_int64(stmt, 4),
			.at_start = sqlite3_column_int64(stmt, 5) != 0,
			.why = "",
		};
		rows.answer = each(ctx, &gap, err);
	}
	return rows.answer;
}

/* Objects whose last window failed. */
static int object_gaps(struct store *store, const char *source,
	int (*each)(void *ctx, const struct ledger_gap *gap, struct err *err), void *ctx,
	struct err *err)
{
	sqlite3_stmt *stmt = catalog_query(store, err,
		"SELECT s.name, w.name, w.from_at, w.to_at, w.why FROM ledger_windows w"
		" JOIN source_states s ON s.id = w.source_id WHERE w.kind = 2 AND w.state = 2"
		" AND w.name <> '' AND (?1 IS NULL OR s.name = ?1) AND NOT EXISTS"
		"  (SELECT 1 FROM ledger_windows l WHERE l.source_id = w.source_id AND l.kind = 2"
		"   AND l.name = w.name AND l.id > w.id AND l.state <> 0)"
		" ORDER BY s.name, w.name",
		"t", source);
	struct rows rows = rows_of(store, stmt);
	while (rows_next(&rows, err)) {
		struct ledger_gap gap = {
			.source = catalog_text(stmt, 0),
			.object = catalog_text(stmt, 1),
			.from = sqlite3_column_int64(stmt, 2),
			.to = sqlite3_column_int64(stmt, 3),
			.why = catalog_text(stmt, 4),
		};
		rows.answer = each(ctx, &gap, err);
	}
	return rows.answer;
}

/* Settled windows in order, with an empty one at the beginning and at the end of all that ended: where
 * one begins after all before it have ended, there is a gap. */
static int time_gaps(struct store *store, const char *source,
	int (*each)(void *ctx, const struct ledger_gap *gap, struct err *err), void *ctx,
	struct err *err)
{
	sqlite3_stmt *stmt = catalog_query(store, err,
		"WITH w AS (SELECT w.source_id, w.from_at, w.to_at, w.state, w.id, w.why"
		"  FROM ledger_windows w JOIN source_states s ON s.id = w.source_id"
		"  WHERE w.kind <> 2 AND w.state <> 0 AND (?1 IS NULL OR s.name = ?1)),"
		" e AS (SELECT source_id, from_at, to_at FROM w WHERE state = 1"
		"  AND from_at < to_at"
		"  UNION ALL SELECT source_id, min(from_at), min(from_at) FROM w GROUP BY 1"
		"  UNION ALL SELECT source_id, max(to_at), max(to_at) FROM w GROUP BY 1),"
		" c AS (SELECT source_id, from_at, max(to_at) OVER (PARTITION BY source_id"
		"  ORDER BY from_at, to_at ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)"
		"  AS done FROM e)"
		" SELECT s.name, c.done, c.from_at, (SELECT w.why FROM w WHERE w.state = 2 AND"
		"  w.source_id = c.source_id AND w.from_at < c.from_at AND w.to_at > c.done"
		"  ORDER BY w.id DESC LIMIT 1)"
		" FROM c JOIN source_states s ON s.id = c.source_id WHERE c.from_at > c.done"
		" ORDER BY s.name, c.done",
		"t", source);
	struct rows rows = rows_of(store, stmt);
	while (rows_next(&rows, err)) {
		struct ledger_gap gap = {
			.source = catalog_text(stmt, 0),
			.from = sqlite3_column_int64(stmt, 1),
			.to = sqlite3_column_int64(stmt, 2),
			.why = catalog_text(stmt, 3),
		};
		rows.answer = each(ctx, &gap, err);
	}
	return rows.answer;
}

int ledger_gaps(struct store *store, const char *source,
	int (*each)(void *ctx, const struct ledger_gap *gap, struct err *err), void *ctx,
	struct err *err)
{
	int rc = catalog_has(store, 4, err);
	if (rc < 1)
		return rc;
	rc = file_gaps(store, source, each, ctx, err);
	if (rc == 0)
		rc = object_gaps(store, source, each, ctx, err);
	return rc != 0 ? rc : time_gaps(store, source, each, ctx, err);
}
