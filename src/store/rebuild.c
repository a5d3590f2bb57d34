/* SPDX-License-Identifier: Apache-2.0 */
/* rebuild.c: a table made anew from batches that were decoded from the vault again: new files and new
 * identity runs beside the old ones, swapped in one transaction. The lease is held throughout, so
 * that nobody adds to the old table meanwhile; readers go on with what they have. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "batch/concat.h"
#include "schema/schema.h"
#include "store/shipments_private.h"

enum {
	SMALL_BATCH = 16384,            /* rows; smaller ones are gathered */
	FILE_ROWS = LIMIT_SEGMENT_ROWS, /* a file is closed at about that */
	RUN_ENTRIES = 1 << 20,          /* 44 MB before they are written */
	MOST_GATHERED = 1024,
	KINDS = 256,
};
/* Memory of small batches that wait for more. */
#define GATHERED_BYTES ((size_t)64 << 20)
#define DAY_US         INT64_C(86400000000)

/* A file that is done, or in progress (the last). */
struct new_file {
	struct rewriter out;
	char source[STORE_NAME];
	char *input;
	int64_t received_at;
};

struct rebuild {
	struct store *store;
	struct table_state *table;
	const struct batch_shape *shape;
	int32_t first_day;
	struct new_file **files;
	uint32_t nfiles;
	bool writing; /* the last file is still open */
	struct batch *gathered;
	uint32_t ngathered;
	uint64_t gathered_rows;
	size_t gathered_bytes;
	struct id_dated *entries;
	uint32_t nentries;
	struct id_run *runs;
	uint32_t nruns;
	uint64_t rows, expired;
	struct {
		uint32_t container;
		bool valid, overlap;
	} kinds[KINDS];
};

int rebuild_begin(
	struct store *store, const struct batch_shape *shape, struct rebuild **out, struct err *err)
{
	struct identity *identity;
	char dir[STORE_PATH];
	*out = NULL;
	if (store_lease(store, err) < 0)
		return -1;
	struct rebuild *r = xcalloc(1, sizeof(*r));
	r->store = store;
	r->shape = shape;
	if (store_table(store, shape->table, &r->table, err) < 0 ||
		observables_declare(store, r->table, shape, err) < 0 ||
		store_identity(store, shape->table, &identity, err) < 0 ||
		catalog_first_day(store, r->table->id, &r->first_day, err) < 0 ||
		io_mkdirs(store_path(store, dir, "ids/%s", shape->table), err) < 0) {
		rebuild_abort(r);
		return -1;
	}
	r->entries = xmalloc(RUN_ENTRIES * sizeof(*r->entries));
	r->gathered = xmalloc(MOST_GATHERED * sizeof(*r->gathered));
	*out = r;
	return 0;
}

/* ---- files ----------------------------------------------------------------------------------- */

static struct new_file *last_file(struct rebuild *r)
{
	return r->nfiles ? r->files[r->nfiles - 1] : NULL;
}

static int write_batch(struct rebuild *r, const struct batch *batch, struct err *err)
{
	return rewriter_add(&last_file(r)->out, batch, err);
}

static int flush_gathered(struct rebuild *r, struct err *err)
{
	if (r->ngathered == 0)
		return 0;
	struct row_ref *refs = xmalloc(r->gathered_rows * sizeof(*refs));
	const struct batch **list = xmalloc(r->ngathered * sizeof(*list));
	uint32_t n = 0;
	for (uint32_t b = 0; b < r->ngathered; b++) {
		list[b] = &r->gathered[b];
		for (uint32_t i = 0; i < r->gathered[b].nrows; i++)
			refs[n++] = (struct row_ref){b, i};
	}
	struct batch merged;
	batch_concat(list, refs, n, r->shape, &merged);
	int rc = write_batch(r, &merged, err);
	batch_fini(&merged);
	for (uint32_t b = 0; b < r->ngathered; b++)
		batch_fini(&r->gathered[b]);
	r->ngathered = 0;
	r->gathered_rows = 0;
	r->gathered_bytes = 0;
	free(refs);
	free(list);
	return rc;
}

static int close_file(struct rebuild *r, struct err *err)
{
	if (!r->writing)
		return 0;
	r->writing = false;
	struct new_file *file = last_file(r);
	if (flush_gathered(r, err) < 0)
		return -1;
	return rewriter_finish(&file->out, err);
}

/* The file that rows of this source go into; one that is full is closed first. */
static int open_file(struct rebuild *r, const char *source, const char *input, int64_t received_at,
	struct err *err)
{
	struct new_file *file = r->writing ? last_file(r) : NULL;
	if (file && (strcmp(file->source, source) != 0 ||
			    file->out.row.rows + r->gathered_rows >= FILE_ROWS)) {
		if (close_file(r, err) < 0)
			return -1;
		file = NULL;
	}
	if (!file) {
		r->files = xrealloc(r->files, (r->nfiles + 1) * sizeof(struct new_file *));
		file = r->files[r->nfiles++] = xcalloc(1, sizeof(*file));
		rewriter_init(&file->out, r->store, r->table->name, r->shape, PARQUET_LEVEL);
		snprintf(file->source, sizeof(file->source), "%s", source);
		file->input = xstrdup(input);
		file->received_at = received_at;
		r->writing = true;
	}
	inputs_merge(&file->input, input);
	if (received_at > file->received_at)
		file->received_at = received_at;
	return 0;
}

/* ---- identities ------------------------------------------------------------------------------ */

static void new_run_name(char name[64])
{
	char stem[STORE_NAME];
	store_new_name(stem);
	snprintf(name, 64, "%.50s.run", stem);
}

static int add_run(
	struct rebuild *r, const struct id_run *run, int rc, const struct err *why, struct err *err)
{
	if (rc < 0) {
		if (err)
			*err = *why;
		return why->kind == ERR_IO ? store_poison(r->store, why) : -1;
	}
	if (run->entries == 0)
		return 0;
	r->runs = xrealloc(r->runs, (r->nruns + 1) * sizeof(*r->runs));
	r->runs[r->nruns++] = *run;
	return 0;
}

static int flush_entries(struct rebuild *r, struct err *err)
{
	char dir[STORE_PATH], name[64];
	struct id_run run;
	struct err why;
	if (r->nentries == 0)
		return 0;
	new_run_name(name);
	store_path(r->store, dir, "ids/%s", r->table->name);
	int rc = identity_build(dir, name, r->entries, r->nentries, &run, &why);
	r->nentries = 0;
	return add_run(r, &run, rc, &why, err);
}

static int is_overlap(struct rebuild *r, uint32_t container, bool *overlap, struct err *err)
{
	uint32_t i = container % KINDS;
	if (!r->kinds[i].valid || r->kinds[i].container != container) {
		int64_t kind;
		int rc = catalog_int(r->store, &kind, err,
			"SELECT kind FROM containers WHERE id = ?", "i", (int64_t)container);
		if (rc < 1)
			return rc < 0 ? -1
				      : err_set(err, ERR_DAMAGED,
						"%s: the vault names container %u, the catalog "
						"does not",
						r->store->dir, container);
		r->kinds[i].container = container;
		r->kinds[i].overlap = kind == CONTAINER_OVERLAP;
		r->kinds[i].valid = true;
	}
	*overlap = r->kinds[i].overlap;
	return 0;
}

static int32_t day_of(int64_t us)
{
	return (int32_t)(us / DAY_US - (us % DAY_US < 0));
}

/* ---- rows ------------------------------------------------------------------------------------ */

/* Notes the row's identity; 1 = it stays, 0 = it has expired. */
static int note_row(struct rebuild *r, const struct batch *batch, uint32_t row, int64_t received_at,
	uint32_t container, uint64_t offset, uint32_t copy, struct err *err)
{
	const struct column *times = &batch->columns[SYS_EVENT_TIME];
	bool timed = !column_is_null(times, row), overlap = false;
	int32_t day = day_of(timed ? times->i64[row] : received_at);
	if (day < r->first_day) {
		r->expired++;
		return 0;
	}
	if (is_overlap(r, container, &overlap, err) < 0)
		return -1;
	if (r->nentries == RUN_ENTRIES && flush_entries(r, err) < 0)
		return -1;
	struct id_dated *to = &r->entries[r->nentries++];
	*to = (struct id_dated){.day = timed ? day : ID_NO_DAY,
		.entry = {.container = container,
			.copy = copy,
			.offset = offset,
			.flags = overlap ? ID_OVERLAP : 0}};
	memcpy(to->entry.key, batch->keys[row], 16);
	return 1;
}

static int add_rows(struct rebuild *r, const struct batch *batch, const uint32_t *keep, uint32_t n,
	struct err *err)
{
	if (n >= SMALL_BATCH && n == batch->nrows)
		return flush_gathered(r, err) < 0 ? -1 : write_batch(r, batch, err);
	struct batch *copy = &r->gathered[r->ngathered++];
	batch_select(batch, keep, n, copy);
	copy->raw = NULL; /* the caller's */
	r->gathered_rows += n;
	r->gathered_bytes += copy->mem.used;
	if (r->ngathered == MOST_GATHERED || r->gathered_bytes > GATHERED_BYTES ||
		r->gathered_rows >= LIMIT_BATCH_ROWS - SMALL_BATCH)
		return flush_gathered(r, err);
	return 0;
}

int rebuild_add(struct rebuild *r, const char *source, const char *input, int64_t received_at,
	const struct batch *batch, const uint32_t *containers, const uint64_t *offsets,
	const uint32_t *copies, struct err *err)
{
	uint32_t *keep = xmalloc(((size_t)batch->nrows + 1) * sizeof(*keep)), n = 0;
	int rc = open_file(r, source, input ? input : "", received_at, err);
	/* What waits may be nearly a row group: no group may grow beyond the limit. */
	if (rc == 0 && r->gathered_rows + batch->nrows > LIMIT_BATCH_ROWS)
		rc = flush_gathered(r, err);
	for (uint32_t i = 0; i < batch->nrows && rc == 0; i++) {
		int stays = note_row(
			r, batch, i, received_at, containers[i], offsets[i], copies[i], err);
		if (stays > 0)
			keep[n++] = i;
		rc = stays < 0 ? -1 : 0;
	}
	if (rc == 0 && n > 0)
		rc = add_rows(r, batch, keep, n, err);
	r->rows += n;
	free(keep);
	return rc;
}

/* ---- end ------------------------------------------------------------------------------------- */

/* Fewer rows than before would be a loss, whatever the reason: then the old table stays. */
static int check_rows(struct rebuild *r, struct err *err)
{
	int64_t before = 0;
	if (catalog_int(r->store, &before, err,
		    "SELECT coalesce(sum(rows), 0) FROM segments WHERE table_id = ?", "i",
		    r->table->id) < 0)
		return -1;
	if (r->rows + r->expired >= (uint64_t)before)
		return 0;
	return err_set(err, ERR_DAMAGED,
		"%s: the vault gave %llu records, the table has %lld rows: nothing was changed; "
		"run "
		"`pugmark verify`",
		r->table->name, (unsigned long long)(r->rows + r->expired), (long long)before);
}

static int retire_old(struct rebuild *r, struct err *err)
{
	struct old_segments all;
	struct id_run *runs;
	uint32_t nruns;
	if (old_segments_load(r->store, r->table->id, &all, err) < 0)
		return -1;
	int rc = catalog_id_runs(r->store, r->table->id, &runs, &nruns, err);
	for (uint32_t i = 0; i < all.n && rc == 0; i++)
		rc = catalog_retire_segment(r->store, all.list[i].id, err);
	for (uint32_t i = 0; rc == 0 && i < nruns; i++)
		rc = catalog_retire_id_run(
			r->store, r->table->id, r->table->name, runs[i].name, err);
	old_segments_free(&all);
	free(runs);
	return rc;
}

static int add_new(struct rebuild *r, const uint8_t fingerprint[32], struct err *err)
{
	for (uint32_t i = 0; i < r->nfiles; i++) {
		struct new_file *file = r->files[i];
		struct segment_row *row = &file->out.row;
		row->table_id = r->table->id;
		row->name = file->out.name;
		row->source = file->source;
		row->input = file->input;
		row->received_at = file->received_at;
		row->committed_at = clock_now_us();
		memcpy(row->fingerprint, fingerprint, 32);
		if (row->rows > 0 &&
			(catalog_add_segment(r->store, row, err) < 0 ||
				observer_record(&file->out.observer, row->id, err) < 0 ||
				watch_pending_add(r->store, row->id, err) < 0))
			return -1;
	}
	for (uint32_t i = 0; i < r->nruns; i++) {
		if (catalog_add_id_run(r->store, r->table->id, &r->runs[i], err) < 0)
			return -1;
	}
	return catalog_run(r->store, err,
		"UPDATE tables SET fingerprint = ?, unreadable = 0 WHERE id = ?", "bi", fingerprint,
		(size_t)32, r->table->id);
}

/* Sightings that were not stored are not in the vault: they come from the old runs. */
static int copy_seen(struct rebuild *r, struct err *err)
{
	char dir[STORE_PATH], name[64];
	struct id_run *old, run;
	uint32_t n;
	struct err why;
	if (catalog_id_runs(r->store, r->table->id, &old, &n, err) < 0)
		return -1;
	new_run_name(name);
	store_path(r->store, dir, "ids/%s", r->table->name);
	int rc = identity_copy_seen(dir, old, n, name, &run, &why);
	free(old);
	return add_run(r, &run, rc, &why, err);
}

static void rebuild_free(struct rebuild *r, bool committed)
{
	char path[STORE_PATH];
	bool keep = committed || r->store->poisoned || r->store->in_doubt;
	for (uint32_t b = 0; b < r->ngathered; b++)
		batch_fini(&r->gathered[b]);
	for (uint32_t i = 0; i < r->nfiles; i++) {
		rewriter_fini(&r->files[i]->out, committed);
		free(r->files[i]->input);
		free(r->files[i]);
	}
	for (uint32_t i = 0; i < r->nruns && !keep; i++)
		(void)io_unlink(
			store_path(r->store, path, "ids/%s/%s", r->table->name, r->runs[i].name),
			NULL);
	store_unlease(r->store);
	free(r->files);
	free(r->gathered);
	free(r->entries);
	free(r->runs);
	free(r);
}

int rebuild_commit(struct rebuild *r, const uint8_t fingerprint[32], struct err *err)
{
	struct store *store = r->store;
	int rc = store_check_writable(store, err);
	if (rc == 0 && (close_file(r, err) < 0 || flush_entries(r, err) < 0 ||
			       copy_seen(r, err) < 0 || check_rows(r, err) < 0))
		rc = -1;
	if (rc == 0 && (rc = catalog_begin(store, err)) == 0) {
		if (shipments_replace(store, r->table->id, err) < 0 || retire_old(r, err) < 0 ||
			add_new(r, fingerprint, err) < 0) {
			catalog_rollback(store);
			rc = -1;
		} else {
			rc = catalog_commit(store, err);
		}
	}
	rebuild_free(r, rc == 0);
	return rc;
}

void rebuild_abort(struct rebuild *r)
{
	if (r)
		rebuild_free(r, false);
}
