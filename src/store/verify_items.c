/* SPDX-License-Identifier: Apache-2.0 */
/* verify_items.c: the list of files that verify and scrub go through. Taken at once, so that no
 * reading of the catalog is held open while gigabytes are hashed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/verify.h"

struct list {
	struct check_item *items;
	uint32_t n, cap;
};

static struct check_item *add(struct list *list, enum item_kind kind)
{
	if (list->n == list->cap) {
		list->cap = list->cap ? list->cap * 2 : 64;
		list->items = xrealloc(list->items, list->cap * sizeof(*list->items));
	}
	struct check_item *item = &list->items[list->n++];
	memset(item, 0, sizeof(*item));
	item->kind = kind;
	return item;
}

static uint64_t column_u64(sqlite3_stmt *stmt, int column)
{
	return (uint64_t)sqlite3_column_int64(stmt, column);
}

static void take_vault(sqlite3_stmt *stmt, struct check_item *item)
{
	item->vault_file = (uint32_t)column_u64(stmt, 1);
	item->bytes = column_u64(stmt, 2);
	item->index_bytes = column_u64(stmt, 3);
	snprintf(
		item->path, sizeof(item->path), "vault/%s/%06u.zst", item->owner, item->vault_file);
}

static void take_segment(sqlite3_stmt *stmt, struct check_item *item)
{
	snprintf(item->path, sizeof(item->path), "tables/%s/%s.parquet", item->owner,
		catalog_text(stmt, 1));
	item->bytes = column_u64(stmt, 2);
	item->rows = column_u64(stmt, 3);
	item->id = sqlite3_column_int64(stmt, 4);
	catalog_blob(stmt, 5, item->sha256, 32);
}

static void take_run(sqlite3_stmt *stmt, struct check_item *item)
{
	snprintf(item->run.name, sizeof(item->run.name), "%s", catalog_text(stmt, 1));
	snprintf(item->path, sizeof(item->path), "ids/%s/%s", item->owner, item->run.name);
	item->bytes = item->run.bytes = column_u64(stmt, 2);
	item->run.entries = column_u64(stmt, 3);
	item->id = sqlite3_column_int64(stmt, 4);
	catalog_blob(stmt, 5, item->run.sha256, 32);
}

static void take_observables(sqlite3_stmt *stmt, struct check_item *item)
{
	snprintf(item->path, sizeof(item->path), "observables/%s/%s.obs", item->owner,
		catalog_text(stmt, 1));
	item->bytes = column_u64(stmt, 2);
	item->rows = column_u64(stmt, 3);
	item->id = sqlite3_column_int64(stmt, 4);
	catalog_blob(stmt, 5, item->sha256, 32);
}

static void take_watchlist(sqlite3_stmt *stmt, struct check_item *item)
{
	snprintf(item->path, sizeof(item->path), "watchlists/%s/%s.watch", item->owner,
		catalog_text(stmt, 1));
	item->bytes = column_u64(stmt, 2);
	item->id = sqlite3_column_int64(stmt, 3);
	catalog_blob(stmt, 4, item->sha256, 32);
}

static const struct {
	enum item_kind kind;
	const char *sql;
	void (*take)(sqlite3_stmt *stmt, struct check_item *item);
} kinds[] = {
	{ITEM_VAULT,
		"SELECT s.name, v.file, v.bytes, v.index_bytes FROM vault_files v"
		" JOIN sources s ON s.id = v.source_id ORDER BY s.name, v.file",
		take_vault},
	{ITEM_SEGMENT,
		"SELECT t.name, s.name, s.bytes, s.rows, s.id, s.sha256 FROM segments s"
		" JOIN tables t ON t.id = s.table_id ORDER BY s.id",
		take_segment},
	{ITEM_RUN,
		"SELECT t.name, r.name, r.bytes, r.entries, r.id, r.sha256 FROM id_runs r"
		" JOIN tables t ON t.id = r.table_id ORDER BY r.id",
		take_run},
	{ITEM_OBSERVABLES,
		"SELECT t.name, r.name, r.bytes, r.entries, r.id, r.sha256 FROM observable_runs r"
		" JOIN tables t ON t.id = r.table_id ORDER BY r.id",
		take_observables},
	{ITEM_WATCHLIST,
		"SELECT name, file, bytes, id, sha256 FROM watchlists WHERE file <> '' ORDER BY id",
		take_watchlist},
};

static int list_kind(struct store *store, struct list *list, size_t k, struct err *err)
{
	sqlite3_stmt *stmt = catalog_query(store, err, kinds[k].sql, "");
	struct rows rows = rows_of(store, stmt);
	while (rows_next(&rows, err)) {
		struct check_item *item = add(list, kinds[k].kind);
		snprintf(item->owner, sizeof(item->owner), "%s", catalog_text(stmt, 0));
		kinds[k].take(stmt, item);
	}
	return rows.answer;
}

static int note_checks(struct store *store, struct list *list, struct err *err)
{
	for (uint32_t i = 0; i < list->n; i++) {
		if (catalog_int(store, &list->items[i].checked_at, err,
			    "SELECT checked_at FROM scrub WHERE path = ?", "t",
			    list->items[i].path) < 0)
			return -1;
	}
	return 0;
}

static int by_last_check(const void *a, const void *b)
{
	const struct check_item *x = a, *y = b;
	if (x->checked_at != y->checked_at)
		return x->checked_at < y->checked_at ? -1 : 1;
	return x->kind != y->kind ? (int)x->kind - (int)y->kind : strcmp(x->path, y->path);
}

int check_items(struct store *store, struct check_item **items, uint32_t *n, struct err *err)
{
	struct list list = {0};
	char path[STORE_PATH];
	struct io_info info;
	struct check_item *catalog = add(&list, ITEM_CATALOG);
	snprintf(catalog->path, sizeof(catalog->path), "catalog.db");
	int rc = io_stat(store_path(store, path, "catalog.db"), &info, err) < 0 ? -1 : 0;
	if (rc == 0)
		catalog->bytes = info.size;
	int indexed = rc == 0 ? catalog_has(store, 6, err) : -1;
	rc = indexed < 0 ? -1 : rc;
	for (size_t k = 0; rc == 0 && k < sizeof(kinds) / sizeof(kinds[0]); k++)
		rc = kinds[k].kind >= ITEM_OBSERVABLES && !indexed
			     ? 0
			     : list_kind(store, &list, k, err);
	if (rc == 0)
		rc = note_checks(store, &list, err);
	if (rc < 0) {
		free(list.items);
		return -1;
	}
	qsort(list.items, list.n, sizeof(*list.items), by_last_check);
	*items = list.items;
	*n = list.n;
	return 0;
}
