/* SPDX-License-Identifier: Apache-2.0 */
/* ledger_fold.c: a source that is asked every minute makes 525,600 windows a year. Those of past days
 * become one row a day and stretch; what they prove together stays proven. */
#include <stdlib.h>
#include <string.h>

#include "store/ledger_private.h"

#define DAY_US INT64_C(86400000000)

struct old_window {
	int64_t id, kind, state, day, from, to;
	char *why; /* in arena */
};

struct old_windows {
	struct arena mem;
	struct old_window *list;
	size_t n, cap;
};

static int load(struct store *store, int64_t source_id, int64_t before, struct old_windows *old,
	struct err *err)
{
	sqlite3_stmt *stmt = catalog_query(store, err,
		"SELECT id, kind, state, ended_at / ?3, from_at, to_at, why FROM ledger_windows"
		" WHERE source_id = ?1 AND ended_at < ?2 AND state <> 0 AND name = ''"
		" ORDER BY kind, state, 4, CASE state WHEN 2 THEN why ELSE '' END, from_at, to_at",
		"iii", source_id, before, DAY_US);
	struct rows rows = rows_of(store, stmt);
	while (rows_next(&rows, err)) {
		if (old->n == old->cap) {
			old->cap = old->cap ? old->cap * 2 : 1024;
			old->list = xrealloc(old->list, old->cap * sizeof(*old->list));
		}
		old->list[old->n++] = (struct old_window){
			.id = sqlite3_column_int64(stmt, 0),
			.kind = sqlite3_column_int64(stmt, 1),
			.state = sqlite3_column_int64(stmt, 2),
			.day = sqlite3_column_int64(stmt, 3),
			.from = sqlite3_column_int64(stmt, 4),
			.to = sqlite3_column_int64(stmt, 5),
			.why = arena_strdup(&old->mem, slice_of(catalog_text(stmt, 6))),
		};
	}
	return rows.answer;
}

/* Whether `next` may become one with the row that covers up to `to`. Bytes of files add up anyway;
 * settled time must not claim what lies between. */
static bool joins(const struct old_window *first, int64_t to, const struct old_window *next)
{
	if (first->kind != next->kind || first->state != next->state || first->day != next->day)
		return false;
	if (first->state == LEDGER_FAILED)
		return strcmp(first->why, next->why) == 0;
	return first->kind == LEDGER_FILE || next->from <= to;
}

static int fold_into(struct store *store, int64_t into, int64_t id, struct err *err)
{
	if (catalog_run(store, err,
		    "UPDATE ledger_windows SET from_at = min(ledger_windows.from_at, o.from_at),"
		    " to_at = max(ledger_windows.to_at, o.to_at),"
		    " overlap = max(ledger_windows.overlap, o.overlap),"
		    " requests = ledger_windows.requests + o.requests,"
		    " pages = ledger_windows.pages + o.pages,"
		    " records = ledger_windows.records + o.records,"
		    " stored = ledger_windows.stored + o.stored,"
		    " duplicates = ledger_windows.duplicates + o.duplicates,"
		    " expired = ledger_windows.expired + o.expired,"
		    " rejects = ledger_windows.rejects + o.rejects,"
		    " late = ledger_windows.late + o.late,"
		    " max_late = max(ledger_windows.max_late, o.max_late),"
		    " errors = ledger_windows.errors + o.errors,"
		    " begun_at = min(ledger_windows.begun_at, o.begun_at),"
		    " ended_at = max(ledger_windows.ended_at, o.ended_at),"
		    " windows = ledger_windows.windows + o.windows"
		    " FROM (SELECT * FROM ledger_windows WHERE id = ?2) o"
		    " WHERE ledger_windows.id = ?1",
		    "ii", into, id) < 0)
		return -1;
	return catalog_run(store, err, "DELETE FROM ledger_windows WHERE id = ?", "i", id);
}

static int fold(struct store *store, const struct old_windows *old, uint64_t *gone, struct err *err)
{
	for (size_t i = 0, next; i < old->n; i = next) {
		int64_t to = old->list[i].to;
		for (next = i + 1; next < old->n && joins(&old->list[i], to, &old->list[next]);
			next++) {
			if (fold_into(store, old->list[i].id, old->list[next].id, err) < 0)
				return -1;
			if (old->list[next].to > to)
				to = old->list[next].to;
			++*gone;
		}
	}
	return 0;
}

int ledger_fold(
	struct store *store, const char *source, int64_t before, uint64_t *n, struct err *err)
{
	struct old_windows old = {0};
	int64_t source_id = 0;
	uint64_t gone = 0;
	if (store_check_writable(store, err) < 0 || catalog_begin(store, err) < 0)
		return -1;
	int rc = ledger_source(store, source, false, &source_id, err);
	if (rc == 1)
		rc = load(store, source_id, before, &old, err);
	if (rc == 0)
		rc = fold(store, &old, &gone, err);
	free(old.list);
	arena_fini(&old.mem);
	if (n)
		*n = gone;
	return catalog_end(store, rc, err);
}
