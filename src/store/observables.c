/* SPDX-License-Identifier: Apache-2.0 */
/* observables.c: what there is of the index, opening it for questions, and making it for segments of older programs. */
#include "store/observables.h"

#include <stdio.h>
#include <stdlib.h>

#include "parquet/parquet.h"
#include "store/observer.h"
#include "store/rewrite.h"

/* Catalogs that are open for reading may be older than the index. 1, 0 or -1. */
static int is_there(struct store *store, struct err *err)
{
	return catalog_has(store, 6, err);
}

int store_observables(struct store *store,
	int (*each)(void *ctx, const struct observables_info *info, struct err *err), void *ctx,
	struct err *err)
{
	int there = is_there(store, err);
	if (there < 0)
		return -1;
	sqlite3_stmt *stmt = catalog_query(store, err,
		there ? "SELECT t.name, (SELECT count(*) FROM segments s WHERE s.table_id = t.id),"
			" (SELECT count(*) FROM segments s WHERE s.table_id = t.id AND NOT EXISTS"
			"  (SELECT 1 FROM observable_cover c WHERE c.segment_id = s.id)),"
			" (SELECT count(*) FROM observable_runs r WHERE r.table_id = t.id),"
			" (SELECT count(*) FROM observable_runs r WHERE r.table_id = t.id AND "
			"level > 0),"
			" (SELECT coalesce(sum(bytes), 0) FROM observable_runs r WHERE r.table_id "
			"= t.id)"
			" FROM tables t ORDER BY t.name"
		      : "SELECT t.name, (SELECT count(*) FROM segments s WHERE s.table_id = t.id),"
			" (SELECT count(*) FROM segments s WHERE s.table_id = t.id), 0, 0, 0"
			" FROM tables t ORDER BY t.name",
		"");
	struct rows rows = rows_of(store, stmt);
	while (rows_next(&rows, err)) {
		const struct observables_info info = {
			.table = catalog_text(stmt, 0),
			.segments = (uint64_t)sqlite3_column_int64(stmt, 1),
			.unindexed = (uint64_t)sqlite3_column_int64(stmt, 2),
			.runs = (uint64_t)sqlite3_column_int64(stmt, 3),
			.merged = (uint64_t)sqlite3_column_int64(stmt, 4),
			.bytes = (uint64_t)sqlite3_column_int64(stmt, 5),
		};
		rows.answer = each(ctx, &info, err);
	}
	return rows.answer;
}

/* ---- a set of runs --------------------------------------------------------------------------- */

static char *run_path(
	const struct store *store, const char *table, const char *name, struct arena *mem)
{
	char path[STORE_PATH];
	return arena_strdup(
		mem, slice_of(store_path(store, path, "observables/%s/%s.obs", table, name)));
}

static int open_runs(
	struct store *store, const char *table, struct observable_set *set, struct err *err)
{
	sqlite3_stmt *stmt = catalog_query(store, err,
		"SELECT t.name, r.name FROM observable_runs r JOIN tables t ON t.id = r.table_id"
		" WHERE (?1 IS NULL OR t.name = ?1) AND " OBSERVABLE_PART " ORDER BY t.name, r.id",
		"t", table);
	uint32_t cap = 0;
	struct rows rows = rows_of(store, stmt);
	while (rows_next(&rows, err)) {
		if (set->n == cap) {
			cap = cap ? cap * 2 : 16;
			set->runs = xrealloc(set->runs, cap * sizeof(*set->runs));
		}
		struct observable_run *run = &set->runs[set->n];
		run->table = arena_strdup(&set->mem, slice_of(catalog_text(stmt, 0)));
		run->path = run_path(store, run->table, catalog_text(stmt, 1), &set->mem);
		rows.answer = obs_open(run->path, &run->reader, err);
		set->n += rows.answer == 0;
	}
	return rows.answer;
}

struct counting {
	const char *table;
	uint64_t unindexed;
};

static int count_unindexed(void *ctx, const struct observables_info *info, struct err *err)
{
	(void)err;
	struct counting *counting = ctx;
	if (!counting->table || strcmp(counting->table, info->table) == 0)
		counting->unindexed += info->unindexed;
	return 0;
}

int observable_set_open(
	struct store *store, const char *table, struct observable_set *set, struct err *err)
{
	struct counting counting = {.table = table};
	*set = (struct observable_set){0};
	int rc = is_there(store, err);
	if (rc == 1)
		rc = open_runs(store, table, set, err);
	if (rc == 0)
		rc = store_observables(store, count_unindexed, &counting, err);
	set->unindexed = counting.unindexed;
	if (rc < 0)
		observable_set_close(set);
	return rc;
}

void observable_set_close(struct observable_set *set)
{
	for (uint32_t i = 0; i < set->n; i++)
		obs_close(set->runs[i].reader);
	free(set->runs);
	arena_fini(&set->mem);
	*set = (struct observable_set){0};
}

int observable_segments(struct store *store, const char *table, struct arena *mem,
	struct observable_segment **segments, uint32_t *n, struct err *err)
{
	int there = is_there(store, err);
	uint32_t cap = 0;
	*segments = NULL;
	*n = 0;
	if (there < 0)
		return -1;
	sqlite3_stmt *stmt = catalog_query(store, err,
		there ? "SELECT s.id, s.name, s.rows, r.name, s.min_time, s.max_time, s.no_time "
			"FROM segments s"
			" JOIN tables t ON t.id = s.table_id"
			" LEFT JOIN observable_runs r ON r.name = s.name"
			" WHERE t.name = ? ORDER BY s.max_time DESC, s.id DESC"
		      : "SELECT s.id, s.name, s.rows, NULL, s.min_time, s.max_time, s.no_time FROM "
			"segments s"
			" JOIN tables t ON t.id = s.table_id"
			" WHERE t.name = ? ORDER BY s.max_time DESC, s.id DESC",
		"t", table);
	struct rows rows = rows_of(store, stmt);
	while (rows_next(&rows, err)) {
		char path[STORE_PATH];
		if (*n == cap) {
			struct observable_segment *old = *segments;
			cap = cap ? cap * 2 : 64;
			*segments = arena_alloc(mem, cap * sizeof(**segments));
			if (*n)
				memcpy(*segments, old, *n * sizeof(*old));
		}
		store_path(store, path, "tables/%s/%s.parquet", table, catalog_text(stmt, 1));
		(*segments)[(*n)++] = (struct observable_segment){
			.path = arena_strdup(mem, slice_of(path)),
			.id = (uint64_t)sqlite3_column_int64(stmt, 0),
			.rows = (uint64_t)sqlite3_column_int64(stmt, 2),
			.min_time = sqlite3_column_int64(stmt, 4),
			.max_time = sqlite3_column_int64(stmt, 5),
			.no_time = (uint64_t)sqlite3_column_int64(stmt, 6),
			.run = sqlite3_column_type(stmt, 3) == SQLITE_NULL
				       ? NULL
				       : run_path(store, table, catalog_text(stmt, 3), mem)};
	}
	return rows.answer;
}

/* ---- segments of older programs -------------------------------------------------------------- */

/* A segment without a run; 1 found, 0 none is left, -1. */
static int next_unindexed(
	struct store *store, int64_t table_id, int64_t *id, char name[STORE_NAME], struct err *err)
{
	sqlite3_stmt *stmt = catalog_query(store, err,
		"SELECT s.id, s.name FROM segments s WHERE s.table_id = ? AND NOT EXISTS"
		" (SELECT 1 FROM observable_runs r WHERE r.name = s.name)"
		" ORDER BY s.max_time DESC LIMIT 1",
		"i", table_id);
	int rc = stmt ? catalog_step(store, stmt, err) : -1;
	if (rc == 1) {
		*id = sqlite3_column_int64(stmt, 0);
		snprintf(name, STORE_NAME, "%s", catalog_text(stmt, 1));
	}
	catalog_done(store, stmt);
	return rc;
}

static int look_through(struct observer *o, struct parquet_reader *reader, struct err *err)
{
	const struct batch_shape *shape = parquet_shape(reader);
	bool *want = xcalloc(shape->ncolumns + 1ul, sizeof(*want));
	int rc = 0;
	want[o->what.time_column] = want[o->what.actor_column] = true;
	want[o->what.skip_column] = true;
	for (uint32_t i = 0; i < o->what.n; i++)
		want[o->what.columns[i].column] = true;
	for (uint32_t g = 0; rc == 0 && g < parquet_groups(reader); g++) {
		struct batch batch;
		batch_init(&batch, shape);
		rc = parquet_read(reader, g, want, &batch, err);
		if (rc == 0)
			observer_look(o, &batch, NULL, 0);
		batch_fini(&batch);
	}
	free(want);
	return rc;
}

static int index_segment(struct store *store, const struct table_state *table, int64_t id,
	const char *name, struct err *err)
{
	char path[STORE_PATH];
	struct parquet_reader *reader;
	struct observer o = {0};
	if (parquet_open(store_path(store, path, "tables/%s/%s.parquet", table->name, name),
		    &reader, err) < 0)
		return -1;
	int rc = observer_init(&o, store, table, name, parquet_shape(reader), err);
	if (rc == 0)
		rc = look_through(&o, reader, err);
	parquet_close(reader);
	if (rc == 0)
		rc = observer_write(&o, err);
	if (rc == 0 && (rc = catalog_begin(store, err)) == 0)
		rc = catalog_end(store, observer_record(&o, id, err), err);
	observer_fini(&o, rc == 0);
	return rc;
}

/* One segment, under the lease. 1 done, 0 none is left, -1. */
static int index_once(struct store *store, struct table_state *table, struct err *err)
{
	int64_t id = 0;
	char name[STORE_NAME] = "";
	int rc = next_unindexed(store, table->id, &id, name, err);
	if (rc == 1)
		return index_segment(store, table, id, name, err) < 0 ? -1 : 1;
	return rc == 0 ? store_merge_observables(store, table, true, err) : rc;
}

int store_index_observables(struct store *store, const struct batch_shape *shape,
	const struct progress *progress, uint64_t *made, struct err *err)
{
	struct table_state *table;
	int64_t id;
	uint64_t n = 0;
	int rc = store_check_writable(store, err);
	if (rc == 0)
		rc = catalog_table_id(store, shape->table, false, &id, err);
	if (rc <= 0)
		return rc; /* nothing is stored of it */
	if (store_table(store, shape->table, &table, err) < 0)
		return -1;
	do {
		if (progress_step(progress, n, 0, "indexing observables", err) < 0 ||
			store_lease(store, err) < 0)
			return -1;
		rc = n == 0 ? observables_declare(store, table, shape, err) : 0;
		if (rc == 0)
			rc = index_once(store, table, err);
		store_unlease(store);
		n += rc == 1;
	} while (rc == 1);
	if (made)
		*made += n;
	return rc;
}
