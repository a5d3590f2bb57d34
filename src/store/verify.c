/* SPDX-License-Identifier: Apache-2.0 */
/* verify.c: holds every stored byte against what was committed. Damage is reported and the check
 * goes on: one bad file must not hide another. */
#include "store/verify.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ioc/sorted_file.h"
#include "parquet/parquet.h"
#include "store/sqlite_vfs.h"

/* ---- reporting ------------------------------------------------------------------------------- */

void check_report(struct check *check, const char *file, const char *what)
{
	check->damaged++;
	if (check->found)
		check->found(check->ctx, file, what);
}

int check_error(struct check *check, const char *file, const struct err *why, struct err *err)
{
	if (why->kind == ERR_INTERRUPTED) {
		if (err)
			*err = *why;
		return -1;
	}
	check_report(check, file, why->text);
	return 0;
}

bool check_stopped(const struct check *check, struct err *err)
{
	const struct progress *progress = check->progress;
	if (!progress || !progress->stop || !*progress->stop)
		return false;
	err_set(err, ERR_INTERRUPTED, "interrupted");
	return true;
}

void check_step(struct check *check, uint64_t bytes, const char *what)
{
	check->done += bytes;
	if (check->progress && check->progress->step)
		check->progress->step(check->progress->ctx, check->done, check->total, what);
}

/* ---- the catalog ----------------------------------------------------------------------------- */

static void bad_page(void *ctx, uint64_t page)
{
	char what[200];
	snprintf(what, sizeof(what),
		"page %llu fails its checksum: restore catalog.db from a backup",
		(unsigned long long)page);
	check_report(ctx, "catalog.db", what);
}

/* Rows of a pragma that lists problems. */
static int check_pragma(
	struct check *check, const char *sql, const char *good, const char *prefix, struct err *err)
{
	struct err why;
	sqlite3_stmt *stmt = catalog_query(check->store, &why, sql, "");
	struct rows rows = rows_of(check->store, stmt);
	while (rows_next(&rows, &why)) {
		const char *text = catalog_text(stmt, 0);
		char what[300];
		if (good && strcmp(text, good) == 0)
			continue;
		snprintf(what, sizeof(what), "%s%.250s", prefix, text);
		check_report(check, "catalog.db", what);
	}
	return rows.answer < 0 ? check_error(check, "catalog.db", &why, err) : 0;
}

static int check_catalog(struct check *check, const struct check_item *item, struct err *err)
{
	char path[STORE_PATH];
	struct err why;
	store_path(check->store, path, "catalog.db");
	if (sqlite_vfs_check(check->store->db, path, bad_page, check, &why) < 0 &&
		check_error(check, "catalog.db", &why, err) < 0)
		return -1;
	if (check_pragma(check, "PRAGMA integrity_check(20)", "ok", "", err) < 0 ||
		check_pragma(check, "PRAGMA foreign_key_check", NULL,
			"a row without its counterpart, in table ", err) < 0)
		return -1;
	check_step(check, item->bytes, item->path);
	return 0;
}

/* ---- segments and identity runs -------------------------------------------------------------- */

/* Compaction may have replaced the file while we looked at it. */
static bool is_still_named(struct store *store, const struct check_item *item)
{
	static const char *const named[] = {[ITEM_SEGMENT] = "SELECT 1 FROM segments WHERE id = ?",
		[ITEM_RUN] = "SELECT 1 FROM id_runs WHERE id = ?",
		[ITEM_OBSERVABLES] = "SELECT 1 FROM observable_runs WHERE id = ?",
		[ITEM_WATCHLIST] = "SELECT 1 FROM watchlists WHERE id = ? AND file <> ''"};
	int64_t found;
	return catalog_int(store, &found, NULL, named[item->kind], "i", item->id) != 0;
}

static int check_rows(const char *path, uint64_t rows, struct err *err)
{
	struct parquet_reader *reader;
	if (parquet_open(path, &reader, err) < 0)
		return -1;
	uint64_t there = parquet_rows(reader), sum = 0;
	for (uint32_t g = 0; g < parquet_groups(reader); g++)
		sum += parquet_group_rows(reader, g);
	parquet_close(reader);
	if (there == rows && sum == rows)
		return 0;
	return err_set(err, ERR_DAMAGED, "%s: has %llu rows, the catalog says %llu", path,
		(unsigned long long)there, (unsigned long long)rows);
}

static int check_segment(struct check *check, const struct check_item *item, struct err *err)
{
	char path[STORE_PATH];
	uint8_t sum[32];
	store_path(check->store, path, "%s", item->path);
	if (sha256_file(path, item->bytes, sum, check->progress ? check->progress->stop : NULL,
		    err) < 0)
		return -1;
	if (memcmp(sum, item->sha256, 32) != 0)
		return err_set(err, ERR_DAMAGED,
			"%s: does not hold what was committed: run `pugmark rebuild %s` (the vault "
			"has the records), or restore the file from a backup",
			path, item->owner);
	return check_rows(path, item->rows, err);
}

static int check_run(struct check *check, const struct check_item *item, struct err *err)
{
	char path[STORE_PATH];
	return identity_check(store_path(check->store, path, "%s", item->path), &item->run, err);
}

static int check_sum(struct check *check, const struct check_item *item, const char *advice,
	char path[STORE_PATH], struct err *err)
{
	uint8_t sum[32];
	store_path(check->store, path, "%s", item->path);
	if (sha256_file(path, item->bytes, sum, check->progress ? check->progress->stop : NULL,
		    err) < 0)
		return -1;
	return memcmp(sum, item->sha256, 32) == 0
		       ? 0
		       : err_set(err, ERR_DAMAGED, "%s: does not hold what was committed: %s %s",
				 path, advice, item->owner);
}

static int check_observables(struct check *check, const struct check_item *item, struct err *err)
{
	char path[STORE_PATH];
	if (check_sum(check, item, "the vault has the records: run `pugmark rebuild`, table", path,
		    err) < 0)
		return -1;
	return sorted_check(path, item->rows, err);
}

static int check_watchlist(struct check *check, const struct check_item *item, struct err *err)
{
	char path[STORE_PATH];
	return check_sum(check, item,
		"fill it again with `pugmark ioc add` or `ioc update`, watchlist", path, err);
}

static int check_file(struct check *check, const struct check_item *item, struct err *err)
{
	switch (item->kind) {
	case ITEM_SEGMENT:
		return check_segment(check, item, err);
	case ITEM_RUN:
		return check_run(check, item, err);
	case ITEM_OBSERVABLES:
		return check_observables(check, item, err);
	case ITEM_WATCHLIST:
		return check_watchlist(check, item, err);
	case ITEM_CATALOG:
	case ITEM_VAULT:
		break;
	}
	return 0;
}

int check_item(struct check *check, const struct check_item *item, struct err *err)
{
	struct err why;
	if (check_stopped(check, err))
		return -1;
	if (item->kind == ITEM_CATALOG)
		return check_catalog(check, item, err);
	if (item->kind == ITEM_VAULT)
		return check_vault_file(check, item, err);
	int rc = check_file(check, item, &why);
	if (rc < 0 && is_still_named(check->store, item) &&
		check_error(check, item->path, &why, err) < 0)
		return -1;
	check_step(check, item->bytes, item->path);
	return 0;
}

/* ---- counts ---------------------------------------------------------------------------------- */

int check_counts(struct check *check, struct err *err)
{
	struct err why;
	sqlite3_stmt *stmt = catalog_query(check->store, &why,
		"SELECT t.name, t.unreadable,"
		" (SELECT coalesce(sum(rows), 0) FROM segments WHERE table_id = t.id),"
		" (SELECT coalesce(sum(f.records), 0) FROM frames f JOIN commits c"
		"  ON c.id = f.commit_id WHERE c.table_id = t.id AND f.kind = 0 AND f.state = 0)"
		" FROM tables t",
		"");
	struct rows rows = rows_of(check->store, stmt);
	while (rows_next(&rows, &why)) {
		char file[200], what[300];
		long long unreadable = sqlite3_column_int64(stmt, 1);
		long long there = sqlite3_column_int64(stmt, 2);
		long long records = sqlite3_column_int64(stmt, 3);
		if (there + unreadable == records)
			continue;
		snprintf(file, sizeof(file), "tables/%.128s", catalog_text(stmt, 0));
		snprintf(what, sizeof(what),
			"has %lld rows, but the vault holds %lld records of it: run `pugmark "
			"rebuild`",
			there + unreadable, records);
		check_report(check, file, what);
	}
	return rows.answer < 0 ? check_error(check, "catalog.db", &why, err) : 0;
}

/* ---- all of it ------------------------------------------------------------------------------- */

int store_verify(struct store *store, store_damage *found, void *ctx,
	const struct progress *progress, uint64_t *damaged, struct err *err)
{
	struct check check = {.store = store, .found = found, .ctx = ctx, .progress = progress};
	struct check_item *items;
	uint32_t n;
	if (check_items(store, &items, &n, err) < 0) {
		struct check_item catalog = {.kind = ITEM_CATALOG, .path = "catalog.db"};
		struct err unused;
		(void)check_item(&check, &catalog, &unused);
		*damaged = check.damaged;
		return -1;
	}
	int rc = 0;
	for (uint32_t i = 0; i < n; i++)
		check.total += items[i].bytes + items[i].index_bytes;
	for (uint32_t i = 0; rc == 0 && i < n; i++)
		rc = check_item(&check, &items[i], err);
	free(items);
	if (rc == 0)
		rc = check_counts(&check, err);
	if (rc == 0)
		rc = store_orphans(store, err);
	*damaged = check.damaged;
	return rc;
}
