/* SPDX-License-Identifier: Apache-2.0 */
/* ledger.c: windows: begun, added to (also within a segment's transaction), ended, listed, summed. */
#include <string.h>

#include "store/ledger_private.h"

const char *ledger_kind_name(enum ledger_kind kind)
{
	static const char *const names[LEDGER_KINDS] = {"sweep", "backfill", "file", "late"};
	return (unsigned)kind < LEDGER_KINDS ? names[kind] : "?";
}

const char *ledger_state_name(enum ledger_state state)
{
	static const char *const names[] = {"open", "settled", "failed"};
	return (unsigned)state <= LEDGER_FAILED ? names[state] : "?";
}

const char *ledger_sentence(const char *why, char out[LEDGER_WHY])
{
	struct buf text;
	size_t n = why ? strnlen(why, LEDGER_WHY - 1) : 0, kept = 0, step;
	buf_init(&text, 4 * LEDGER_WHY);
	if (n)
		text_utf8_repair(&text, (struct slice){why, n});
	/* Repairing may lengthen it: cut between characters. */
	while (kept < text.len &&
		(step = text_utf8_step(text.ptr + kept, text.len - kept, NULL)) > 0 &&
		kept + step < LEDGER_WHY)
		kept += step;
	if (kept)
		memcpy(out, text.ptr, kept);
	out[kept] = '\0';
	buf_fini(&text);
	return out;
}

/* ---- begin ----------------------------------------------------------------------------------- */

static int begin(struct store *store, const char *source, enum ledger_kind kind, const char *name,
	int64_t from, int64_t to, uint64_t *id, struct err *err)
{
	int64_t source_id = 0, settled = 0, now = clock_now_us();
	if (ledger_source(store, source, true, &source_id, err) < 1 ||
		catalog_int(store, &settled, err,
			"SELECT settled_to FROM source_states WHERE id = ?", "i", source_id) < 1)
		return -1;
	int64_t overlap = 0;
	if (kind == LEDGER_SWEEP && settled > from)
		overlap = (settled < to ? settled : to) - from;
	if (catalog_run(store, err,
		    "INSERT INTO ledger_windows(source_id, kind, name, from_at, to_at, overlap,"
		    " begun_at) VALUES(?, ?, ?, ?, ?, ?, ?)",
		    "iitiiii", source_id, (int64_t)kind, name ? name : "", from, to, overlap,
		    now) < 0)
		return -1;
	*id = (uint64_t)sqlite3_last_insert_rowid(store->db);
	return ledger_note_attempt(store, source_id, now, err);
}

int ledger_begin(struct store *store, const char *source, enum ledger_kind kind, const char *name,
	int64_t from, int64_t to, uint64_t *id, struct err *err)
{
	if (from > to || (unsigned)kind >= LEDGER_KINDS)
		return err_set(err, ERR_USAGE, "a window of %s ends before it begins", source);
	if (store_check_writable(store, err) < 0 || store_check_source(source, err) < 0 ||
		catalog_begin(store, err) < 0)
		return -1;
	return catalog_end(store, begin(store, source, kind, name, from, to, id, err), err);
}

/* ---- add and end ----------------------------------------------------------------------------- */

struct open_window {
	int64_t source_id, to, from;
	enum ledger_kind kind;
};

static int find_open(struct store *store, uint64_t id, struct open_window *window, struct err *err)
{
	sqlite3_stmt *stmt = catalog_query(store, err,
		"SELECT source_id, from_at, to_at, kind FROM ledger_windows"
		" WHERE id = ? AND state = 0",
		"u", id);
	int rc = stmt ? catalog_step(store, stmt, err) : -1;
	if (rc == 1)
		*window = (struct open_window){sqlite3_column_int64(stmt, 0),
			sqlite3_column_int64(stmt, 2), sqlite3_column_int64(stmt, 1),
			(enum ledger_kind)sqlite3_column_int64(stmt, 3)};
	catalog_done(store, stmt);
	if (rc == 0)
		return err_set(err, ERR_USAGE, "the ledger has no open window %llu",
			(unsigned long long)id);
	return rc < 0 ? -1 : 0;
}

static int add(
	struct store *store, uint64_t id, const struct ledger_counts *counts, struct err *err)
{
	return catalog_run(store, err,
		"UPDATE ledger_windows SET requests = requests + ?, pages = pages + ?,"
		" records = records + ?, stored = stored + ?, duplicates = duplicates + ?,"
		" expired = expired + ?, rejects = rejects + ?, late = late + ?,"
		" max_late = max(max_late, ?), errors = errors + ? WHERE id = ?",
		"uuuuuuuuiuu", counts->requests, counts->pages, counts->records, counts->stored,
		counts->duplicates, counts->expired, counts->rejects, counts->late,
		counts->max_late, counts->errors, id);
}

static int end(struct store *store, uint64_t id, const struct open_window *window,
	enum ledger_state state, const char *why, int64_t settled_to, struct err *err)
{
	char text[LEDGER_WHY];
	int64_t now = clock_now_us();
	if (window->kind != LEDGER_SWEEP || settled_to < 0)
		settled_to = 0;
	ledger_sentence(state == LEDGER_FAILED ? why : "", text);
	if (catalog_run(store, err,
		    "UPDATE ledger_windows SET state = ?, why = ?, ended_at = ? WHERE id = ?",
		    "itiu", (int64_t)state, text, now, id) < 0)
		return -1;
	return ledger_note_end(store, window->source_id, state, text, settled_to, now, err);
}

int ledger_add(
	struct store *store, uint64_t id, const struct ledger_counts *counts, struct err *err)
{
	struct open_window window = {0};
	if (store_check_writable(store, err) < 0 || catalog_begin(store, err) < 0)
		return -1;
	int rc = find_open(store, id, &window, err);
	return catalog_end(store, rc == 0 ? add(store, id, counts, err) : -1, err);
}

int ledger_end(
	struct store *store, uint64_t id, enum ledger_state state, const char *why, struct err *err)
{
	struct open_window window = {0};
	if (state != LEDGER_SETTLED && state != LEDGER_FAILED)
		return err_set(err, ERR_USAGE, "a window ends settled or failed");
	if (store_check_writable(store, err) < 0 || catalog_begin(store, err) < 0)
		return -1;
	int rc = find_open(store, id, &window, err);
	return catalog_end(
		store, rc == 0 ? end(store, id, &window, state, why, window.to, err) : -1, err);
}

static int note_object(struct store *store, const char *source, const char *name, uint64_t bytes,
	enum ledger_state state, const char *why, const struct object_mark *mark, struct err *err)
{
	struct open_window window = {0};
	uint64_t id;
	if (begin(store, source, LEDGER_FILE, name, 0, (int64_t)bytes, &id, err) < 0 ||
		find_open(store, id, &window, err) < 0 ||
		end(store, id, &window, state, why, 0, err) < 0)
		return -1;
	return mark ? ledger_note_objects(store, window.source_id, mark, 1, err) : 0;
}

int ledger_object(struct store *store, const char *source, const char *name, uint64_t bytes,
	enum ledger_state state, const char *why, const struct object_mark *mark, struct err *err)
{
	if (store_check_writable(store, err) < 0 || store_check_source(source, err) < 0 ||
		catalog_begin(store, err) < 0)
		return -1;
	return catalog_end(
		store, note_object(store, source, name, bytes, state, why, mark, err), err);
}

int ledger_abandon(struct store *store, const char *source, uint64_t *n, struct err *err)
{
	if (store_check_writable(store, err) < 0 || catalog_begin(store, err) < 0)
		return -1;
	int rc = catalog_run(store, err,
		"UPDATE ledger_windows SET state = 2, ended_at = ?1,"
		" why = 'pugmark was stopped while it read this; it is read again'"
		" WHERE state = 0 AND (?2 IS NULL OR source_id ="
		" (SELECT id FROM source_states WHERE name = ?2))",
		"it", clock_now_us(), source);
	if (n)
		*n = rc == 0 ? (uint64_t)sqlite3_changes64(store->db) : 0;
	return catalog_end(store, rc, err);
}

/* The window shrinks to what was asked for of it. */
static int narrow(struct store *store, const struct ledger_note *note, struct err *err)
{
	return catalog_run(store, err,
		"UPDATE ledger_windows SET overlap = max(0, overlap - max(0, ?1 - from_at)),"
		" from_at = min(max(from_at, ?1), to_at),"
		" to_at = max(min(to_at, ?2), min(max(from_at, ?1), to_at)) WHERE id = ?3",
		"iiu", note->from, note->to, note->window);
}

int ledger_record(struct store *store, const struct ledger_note *note,
	const struct ledger_segment *segment, struct err *err)
{
	struct open_window window = {0};
	struct ledger_counts counts = note->counts;
	int64_t source_id = 0;
	counts.stored = segment->stored;
	counts.duplicates = segment->duplicates;
	counts.expired = segment->expired;
	counts.rejects = segment->rejects;
	if (find_open(store, note->window, &window, err) < 0 ||
		ledger_source(store, segment->source, false, &source_id, err) < 0)
		return -1;
	if (source_id != window.source_id)
		return err_set(err, ERR_USAGE, "the ledger's window %llu is not one of %s",
			(unsigned long long)note->window, segment->source);
	if (add(store, note->window, &counts, err) < 0 ||
		ledger_note_events(store, source_id, window.kind == LEDGER_BACKFILL, segment, err) <
			0)
		return -1;
	for (uint32_t i = 0; i < note->nlogs; i++) {
		if (ledger_note_file(store, source_id, note->logs[i].node, note->logs[i].file,
			    segment->committed_at, err) < 0)
			return -1;
	}
	if (ledger_note_objects(store, source_id, note->objects, note->nobjects, err) < 0)
		return -1;
	if (note->state == LEDGER_OPEN)
		return 0;
	if (note->narrowed && narrow(store, note, err) < 0)
		return -1;
	return end(store, note->window, &window, note->state, note->why,
		note->settled_to ? note->settled_to : window.to, err);
}

/* ---- reading --------------------------------------------------------------------------------- */

static uint64_t column_u64(sqlite3_stmt *stmt, int column)
{
	return (uint64_t)sqlite3_column_int64(stmt, column);
}

/* Ten columns from `at` on. */
static struct ledger_counts counts_of(sqlite3_stmt *stmt, int at)
{
	return (struct ledger_counts){
		.requests = column_u64(stmt, at),
		.pages = column_u64(stmt, at + 1),
		.records = column_u64(stmt, at + 2),
		.stored = column_u64(stmt, at + 3),
		.duplicates = column_u64(stmt, at + 4),
		.expired = column_u64(stmt, at + 5),
		.rejects = column_u64(stmt, at + 6),
		.late = column_u64(stmt, at + 7),
		.max_late = sqlite3_column_int64(stmt, at + 8),
		.errors = column_u64(stmt, at + 9),
	};
}

int ledger_windows(struct store *store, const char *source, int64_t since, uint32_t limit,
	int (*each)(void *ctx, const struct ledger_window *window, struct err *err), void *ctx,
	struct err *err)
{
	int rc = catalog_has(store, 4, err);
	if (rc < 1)
		return rc;
	sqlite3_stmt *stmt = catalog_query(store, err,
		"SELECT w.requests, w.pages, w.records, w.stored, w.duplicates, w.expired,"
		" w.rejects, w.late, w.max_late, w.errors, w.id, s.name, w.kind, w.name, w.from_at,"
		" w.to_at, w.overlap, w.state, w.why, w.begun_at, w.ended_at, w.windows"
		" FROM ledger_windows w"
		" JOIN source_states s ON s.id = w.source_id WHERE (?1 IS NULL OR s.name = ?1)"
		" AND max(w.begun_at, w.ended_at) >= ?2 ORDER BY w.id DESC LIMIT ?3",
		"tii", source, since, limit ? (int64_t)limit : (int64_t)-1);
	struct rows rows = rows_of(store, stmt);
	while (rows_next(&rows, err)) {
		struct ledger_window window = {
			.counts = counts_of(stmt, 0),
			.id = column_u64(stmt, 10),
			.source = catalog_text(stmt, 11),
			.kind = (enum ledger_kind)sqlite3_column_int64(stmt, 12),
			.name = catalog_text(stmt, 13),
			.from = sqlite3_column_int64(stmt, 14),
			.to = sqlite3_column_int64(stmt, 15),
			.overlap = sqlite3_column_int64(stmt, 16),
			.state = (enum ledger_state)sqlite3_column_int64(stmt, 17),
			.why = catalog_text(stmt, 18),
			.begun_at = sqlite3_column_int64(stmt, 19),
			.ended_at = sqlite3_column_int64(stmt, 20),
			.windows = column_u64(stmt, 21),
		};
		rows.answer = each(ctx, &window, err);
	}
	return rows.answer;
}

int ledger_sums(
	struct store *store, const char *source, struct ledger_counts *sums, struct err *err)
{
	*sums = (struct ledger_counts){0};
	int rc = catalog_has(store, 3, err);
	if (rc < 1)
		return rc;
	sqlite3_stmt *stmt = catalog_query(store, err,
		"SELECT coalesce(sum(requests), 0), coalesce(sum(pages), 0),"
		" coalesce(sum(records), 0), coalesce(sum(stored), 0),"
		" coalesce(sum(duplicates), 0), coalesce(sum(expired), 0),"
		" coalesce(sum(rejects), 0), coalesce(sum(late), 0), coalesce(max(max_late), 0),"
		" coalesce(sum(errors), 0) FROM ledger_windows WHERE ?1 IS NULL OR source_id ="
		" (SELECT id FROM source_states WHERE name = ?1)",
		"t", source);
	rc = stmt ? catalog_step(store, stmt, err) : -1;
	if (rc == 1)
		*sums = counts_of(stmt, 0);
	catalog_done(store, stmt);
	return rc < 0 ? -1 : 0;
}
