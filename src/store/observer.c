/* SPDX-License-Identifier: Apache-2.0 */
/* observer.c: observables of rows that are being written become a run beside their file. */
#include "store/observer.h"

#include <stdio.h>
#include <stdlib.h>

/* ---- tallies --------------------------------------------------------------------------------- */

int observer_init(struct observer *o, struct store *store, const struct table_state *table,
	const char *name, const struct batch_shape *shape, struct err *err)
{
	*o = (struct observer){
		.store = store, .table_id = table->id, .lock = PTHREAD_MUTEX_INITIALIZER};
	snprintf(o->table, sizeof(o->table), "%s", table->name);
	snprintf(o->name, sizeof(o->name), "%s", name);
	return store_observing(store, table->name, shape, &o->mem, &o->what, err);
}

/* The one that was used last, or a new one. */
static struct tally *take_tally(struct observer *o)
{
	pthread_mutex_lock(&o->lock);
	if (o->nfree == 0) {
		if (o->n == o->cap) {
			o->cap = o->cap ? o->cap * 2 : 8;
			o->tallies = xrealloc(o->tallies, o->cap * sizeof(struct tally *));
			o->free = xrealloc(o->free, o->cap * sizeof(struct tally *));
		}
		o->tallies[o->n] = tally_new();
		o->free[o->nfree++] = o->tallies[o->n++];
	}
	struct tally *tally = o->free[--o->nfree];
	pthread_mutex_unlock(&o->lock);
	return tally;
}

static void give_tally(struct observer *o, struct tally *tally)
{
	pthread_mutex_lock(&o->lock);
	o->free[o->nfree++] = tally;
	pthread_mutex_unlock(&o->lock);
}

void observer_look(struct observer *o, const struct batch *batch, const uint32_t *keep, uint32_t n)
{
	if (o->what.n == 0)
		return;
	struct tally *tally = take_tally(o);
	tally_add(tally, &o->what, batch, keep, n);
	give_tally(o, tally);
}

static void free_tallies(struct observer *o)
{
	for (uint32_t i = 0; i < o->n; i++)
		tally_free(o->tallies[i]);
	o->n = o->nfree = 0;
}

/* ---- the run --------------------------------------------------------------------------------- */

/* The earliest time of all; 0 where there is none. */
static int64_t earliest(const struct sheet *sheets, uint32_t n)
{
	int64_t first = INT64_MAX;
	for (uint32_t i = 0; i < n; i++) {
		for (uint32_t k = 0; k < sheets[i].n; k++)
			first = sheets[i].list[k].first < first ? sheets[i].list[k].first : first;
	}
	return first == INT64_MAX ? 0 : first;
}

static int write_run(struct observer *o, const char *path, struct err *err)
{
	struct sheet *sheets = xmalloc((o->n + (size_t)1) * sizeof(*sheets));
	struct sheet_reader *readers = xmalloc((o->n + (size_t)1) * sizeof(*readers));
	struct sighting_source *sources = xmalloc((o->n + (size_t)1) * sizeof(*sources));
	for (uint32_t i = 0; i < o->n; i++) {
		tally_sheet(o->tallies[i], &sheets[i]);
		sources[i] = sheet_source(&readers[i], &sheets[i]);
	}
	int rc = obs_write(path, sources, o->n, earliest(sheets, o->n), &o->facts, err);
	for (uint32_t i = 0; i < o->n; i++)
		sheet_fini(&sheets[i]);
	free(sources);
	free(readers);
	free(sheets);
	return rc;
}

int observer_write(struct observer *o, struct err *err)
{
	char dir[STORE_PATH], path[STORE_PATH];
	struct err why = {0};
	if (o->what.n == 0)
		return 0;
	if (io_mkdirs(store_path(o->store, dir, "observables/%s", o->table), err) < 0)
		return -1;
	store_path(o->store, path, "observables/%s/%s.obs", o->table, o->name);
	if (write_run(o, path, &why) < 0)
		return store_durable_error(o->store, &why, err);
	o->written = true;
	free_tallies(o);
	return store_sync_dir(o->store, dir, err);
}

int observables_add_run(struct store *store, int64_t table_id, const char *name, int level,
	const struct sorted_facts *facts, int64_t *id, struct err *err)
{
	if (catalog_run(store, err,
		    "INSERT INTO observable_runs(table_id, name, level, entries, bytes, sha256)"
		    " VALUES(?, ?, ?, ?, ?, ?)",
		    "itiuub", table_id, name, (int64_t)level, facts->entries, facts->bytes,
		    facts->sha256, (size_t)32) < 0)
		return -1;
	*id = sqlite3_last_insert_rowid(store->db);
	return 0;
}

static int add_cover(struct store *store, int64_t run, int64_t segment, struct err *err)
{
	return catalog_run(
		store, err, "INSERT INTO observable_cover VALUES(?, ?)", "ii", run, segment);
}

int observer_record(const struct observer *o, int64_t segment_id, struct err *err)
{
	int64_t run;
	if (!o->written)
		return 0;
	if (observables_add_run(o->store, o->table_id, o->name, 0, &o->facts, &run, err) < 0)
		return -1;
	return add_cover(o->store, run, segment_id, err);
}

void observer_fini(struct observer *o, bool committed)
{
	if (!o->store)
		return;
	if (o->written && !committed && !o->store->poisoned && !o->store->in_doubt) {
		char path[STORE_PATH];
		(void)io_unlink(
			store_path(o->store, path, "observables/%s/%s.obs", o->table, o->name),
			NULL);
	}
	free_tallies(o);
	free(o->tallies);
	free(o->free);
	pthread_mutex_destroy(&o->lock);
	arena_fini(&o->mem);
	*o = (struct observer){0};
}

/* ---- when segments go ------------------------------------------------------------------------ */

int observables_follow(
	struct store *store, const int64_t *old, uint32_t n, int64_t fresh, struct err *err)
{
	int64_t run, covered = 0;
	int rc = catalog_int(store, &run, err,
		"SELECT c.run_id FROM observable_cover c JOIN observable_runs r ON r.id = c.run_id"
		" WHERE c.segment_id = ? AND r.level > 0",
		"i", old[0]);
	for (uint32_t i = 0; i < n && rc == 1; i++) {
		rc = catalog_int(store, &covered, err,
			"SELECT 1 FROM observable_cover WHERE run_id = ? AND segment_id = ?", "ii",
			run, old[i]);
	}
	if (rc != 1)
		return rc;
	for (uint32_t i = 0; i < n; i++) {
		if (catalog_run(store, err,
			    "DELETE FROM observable_cover WHERE run_id = ? AND segment_id = ?",
			    "ii", run, old[i]) < 0)
			return -1;
	}
	return add_cover(store, run, fresh, err);
}

int observables_retire(struct store *store, int64_t segment_id, struct err *err)
{
	if (catalog_run(store, err,
		    "INSERT INTO retired SELECT 'observables/' || t.name || '/' || r.name || "
		    "'.obs', ?"
		    " FROM observable_cover c JOIN observable_runs r ON r.id = c.run_id"
		    " JOIN tables t ON t.id = r.table_id WHERE c.segment_id = ?"
		    " ON CONFLICT DO UPDATE SET at = excluded.at",
		    "ii", clock_now_us(), segment_id) < 0)
		return -1;
	return catalog_run(store, err,
		"DELETE FROM observable_runs WHERE id IN"
		" (SELECT run_id FROM observable_cover WHERE segment_id = ?)",
		"i", segment_id);
}
