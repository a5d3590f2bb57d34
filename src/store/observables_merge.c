/* SPDX-License-Identifier: Apache-2.0 */
/* observables_merge.c: keeps the runs that are read few: those of about one size become one. Runs of single segments stay beside it: they
 * tell which segments hold an observable, and stand in where the merged one goes. */
#include <stdio.h>
#include <stdlib.h>

#include "store/observer.h"

enum {
	MERGE_LEAST = 8, /* runs of about one size */
	MERGE_MOST = 32,
	SIZE_FACTOR = 4,
};

/* A run that a set would read: merged, or of a segment that no merged one covers. */
struct part {
	int64_t id;
	char name[STORE_NAME];
	uint64_t bytes;
	int level;
};
struct parts {
	struct part *list;
	uint32_t n, cap;
};

static int load_parts(struct store *store, int64_t table_id, struct parts *parts, struct err *err)
{
	sqlite3_stmt *stmt = catalog_query(store, err,
		"SELECT r.id, r.name, r.bytes, r.level FROM observable_runs r WHERE r.table_id = ?"
		" AND " OBSERVABLE_PART " ORDER BY r.bytes, r.id",
		"i", table_id);
	struct rows rows = rows_of(store, stmt);
	while (rows_next(&rows, err)) {
		if (parts->n == parts->cap) {
			parts->cap = parts->cap ? parts->cap * 2 : 32;
			parts->list = xrealloc(parts->list, parts->cap * sizeof(*parts->list));
		}
		struct part *part = &parts->list[parts->n++];
		*part = (struct part){.id = sqlite3_column_int64(stmt, 0),
			.bytes = (uint64_t)sqlite3_column_int64(stmt, 2),
			.level = sqlite3_column_int(stmt, 3)};
		snprintf(part->name, sizeof(part->name), "%s", catalog_text(stmt, 1));
	}
	return rows.answer;
}

/* All of them, where the small ones are more than a twentieth of the largest. Parts ascend by size. */
static uint32_t plan_all(const struct parts *parts)
{
	uint64_t others = 0;
	uint32_t n = parts->n < MERGE_MOST ? parts->n : MERGE_MOST;
	for (uint32_t i = 0; i + 1 < n; i++)
		others += parts->list[i].bytes;
	return n >= 2 && others * 20 > parts->list[n - 1].bytes ? n : 0;
}

/* The first of so many parts of about one size; *n = 0 where there are not enough. */
static const struct part *plan(const struct parts *parts, bool all, uint32_t *n)
{
	*n = all ? plan_all(parts) : 0;
	if (*n)
		return parts->list;
	for (uint32_t from = 0; from + MERGE_LEAST <= parts->n; from++) {
		uint64_t most = (parts->list[from].bytes + 4096) * SIZE_FACTOR;
		uint32_t to = from;
		while (to < parts->n && to - from < MERGE_MOST && parts->list[to].bytes <= most)
			to++;
		*n = to - from;
		if (*n >= MERGE_LEAST)
			return &parts->list[from];
	}
	*n = 0;
	return NULL;
}

/* The earliest time of several runs stands in each of them; that of the merged one may be any that is not later. */
static int open_sources(struct store *store, const char *table, const struct part *parts,
	uint32_t n, struct obs_reader **readers, struct sighting_source *sources, int64_t *base,
	struct err *err)
{
	*base = INT64_MAX;
	for (uint32_t i = 0; i < n; i++) {
		char path[STORE_PATH];
		store_path(store, path, "observables/%s/%s.obs", table, parts[i].name);
		if (obs_open(path, &readers[i], err) < 0 ||
			obs_source(readers[i], &sources[i], err) < 0)
			return -1;
		*base = obs_base(readers[i]) < *base ? obs_base(readers[i]) : *base;
	}
	return 0;
}

static int merge_files(struct store *store, const char *table, const struct part *parts, uint32_t n,
	const char *path, struct sorted_facts *facts, struct err *err)
{
	struct obs_reader *readers[MERGE_MOST] = {0};
	struct sighting_source sources[MERGE_MOST];
	int64_t base;
	int rc = open_sources(store, table, parts, n, readers, sources, &base, err);
	if (rc == 0)
		rc = obs_write(path, sources, n, base, facts, err);
	for (uint32_t i = 0; i < n; i++)
		obs_close(readers[i]);
	return rc;
}

/* The merged run takes over what its parts cover; merged parts go, those of single segments stay. */
static int swap_parts(struct store *store, const struct table_state *table,
	const struct part *parts, uint32_t n, const char *name, const struct sorted_facts *facts,
	struct err *err)
{
	int64_t run;
	if (observables_add_run(store, table->id, name, 1, facts, &run, err) < 0)
		return -1;
	for (uint32_t i = 0; i < n; i++) {
		char path[STORE_PATH];
		snprintf(path, sizeof(path), "observables/%s/%s.obs", table->name, parts[i].name);
		if (catalog_run(store, err,
			    "INSERT INTO observable_cover SELECT ?, segment_id FROM "
			    "observable_cover"
			    " WHERE run_id = ?",
			    "ii", run, parts[i].id) < 0)
			return -1;
		if (parts[i].level > 0 &&
			(catalog_retire_file(store, path, err) < 0 ||
				catalog_run(store, err, "DELETE FROM observable_runs WHERE id = ?",
					"i", parts[i].id) < 0))
			return -1;
	}
	return 0;
}

static int merge_once(struct store *store, const struct table_state *table,
	const struct part *parts, uint32_t n, struct err *err)
{
	char name[STORE_NAME], path[STORE_PATH], dir[STORE_PATH];
	struct sorted_facts facts;
	struct err why = {0};
	store_new_name(name);
	store_path(store, path, "observables/%s/%s.obs", table->name, name);
	store_path(store, dir, "observables/%s", table->name);
	if (merge_files(store, table->name, parts, n, path, &facts, &why) < 0 ||
		io_fsync_dir(dir, &why) < 0) {
		if (err)
			*err = why;
		return why.kind == ERR_IO ? store_poison(store, &why) : -1;
	}
	if (catalog_begin(store, err) < 0)
		return -1;
	int rc = swap_parts(store, table, parts, n, name, &facts, err);
	rc = catalog_end(store, rc, err);
	if (rc < 0 && !store->poisoned && !store->in_doubt)
		(void)io_unlink(path, NULL);
	return rc;
}

int store_merge_observables(
	struct store *store, struct table_state *table, bool all, struct err *err)
{
	for (;;) {
		struct parts parts = {0};
		uint32_t n = 0;
		int rc = load_parts(store, table->id, &parts, err);
		const struct part *first = rc == 0 ? plan(&parts, all, &n) : NULL;
		if (first) {
			struct err why = {0};
			rc = merge_once(store, table, first, n, &why);
			/* A damaged run harms the index alone: writing goes on, verify names it. */
			if (rc < 0 && why.kind == ERR_DAMAGED) {
				log_warn("observables were not merged: %s", why.text);
				rc = n = 0;
			} else if (rc < 0 && err) {
				*err = why;
			}
		}
		free(parts.list);
		if (rc < 0 || n == 0)
			return rc;
	}
}
