/* SPDX-License-Identifier: Apache-2.0 */
/* rewrite.c: new Parquet files in place of old ones: writing them, swapping the catalog's rows, and
 * removing the old files when no reader can have them in use any more. */
#include "store/rewrite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "schema/schema.h"
#include "store/shipments_private.h"

void rewriter_init(struct rewriter *w, struct store *store, const char *table,
	const struct batch_shape *shape, int level)
{
	*w = (struct rewriter){.store = store, .shape = shape, .level = level};
	snprintf(w->table, sizeof(w->table), "%s", table);
	store_new_name(w->name);
	store_path(store, w->path, "tables/%s/%s.parquet", table, w->name);
	store_path(store, w->temp_path, "tables/%s/%s.parquet.tmp", table, w->name);
	buf_init(&w->sources, 1 << 20);
	w->row.min_time = INT64_MAX;
	w->row.max_time = INT64_MIN;
	memset(w->row.min_event_id, 0xff, 16);
}

bool sources_hold(const char *sources, const char *source)
{
	size_t n = strlen(source);
	for (const char *p = sources; *p; p++) {
		if (strncmp(p, source, n) == 0 && (p[n] == '\0' || p[n] == ','))
			return true;
		p = strstr(p, ", ");
		if (!p)
			break;
		p++; /* on the blank */
	}
	return sources[0] == '\0'; /* mixed, by an older program */
}

/* Puts a name into its place of the list, where it is not there yet. */
static void add_source(struct buf *list, struct slice name)
{
	size_t at = 0;
	while (at < list->len) {
		const char *entry = list->ptr + at;
		const char *comma = memchr(entry, ',', list->len - at);
		size_t n = comma ? (size_t)(comma - entry) : list->len - at;
		int order = slice_cmp((struct slice){entry, n}, name);
		if (order == 0)
			return;
		if (order > 0)
			break;
		at += n + (comma ? 2 : 0);
	}
	bool last = at == list->len;
	char text[STORE_NAME + 2];
	int n = snprintf(text, sizeof(text), "%s%.*s%s", last && at ? ", " : "",
		(int)(name.len < STORE_NAME ? name.len : STORE_NAME - 1), name.ptr,
		last ? "" : ", ");
	size_t tail = list->len - at;
	if (!buf_reserve(list, (size_t)n))
		return;
	memmove(list->ptr + at + n, list->ptr + at, tail);
	memcpy(list->ptr + at, text, (size_t)n);
	list->len += (size_t)n;
}

/* The sources that the rows name. */
static void note_sources(struct buf *sources, const struct batch *batch)
{
	const struct column *col = &batch->columns[SYS_SOURCE];
	bool *seen = xcalloc(col->ndistinct + 1ul, sizeof(*seen));
	struct slice last = {0};
	for (uint32_t i = 0; i < batch->nrows; i++) {
		if (column_is_null(col, i) || (!col->plain && seen[col->codes[i]]))
			continue;
		struct slice name = column_text(col, i);
		if (!col->plain)
			seen[col->codes[i]] = true;
		if (!last.ptr || !slice_eq(name, last))
			add_source(sources, name);
		last = name;
	}
	free(seen);
}

void inputs_merge(char **input, const char *other)
{
	static const char others[] = " and others";
	size_t n = strlen(*input), tail = sizeof(others) - 1;
	if (strcmp(*input, other) == 0 || (n > tail && strcmp(*input + n - tail, others) == 0))
		return;
	*input = xrealloc(*input, n + tail + 1);
	memcpy(*input + n, others, tail + 1);
}

static void note_rows(struct segment_row *row, const struct batch *batch)
{
	const struct column *times = &batch->columns[SYS_EVENT_TIME];
	const struct column *ids = &batch->columns[SYS_EVENT_ID];
	const struct column *lengths = &batch->columns[SYS_VAULT_LENGTH];
	for (uint32_t i = 0; i < batch->nrows; i++) {
		if (memcmp(ids->uuid[i], row->min_event_id, 16) < 0)
			memcpy(row->min_event_id, ids->uuid[i], 16);
		if (memcmp(ids->uuid[i], row->max_event_id, 16) > 0)
			memcpy(row->max_event_id, ids->uuid[i], 16);
		row->raw_bytes += (uint64_t)lengths->i64[i];
		if (column_is_null(times, i)) {
			row->no_time++;
			continue;
		}
		if (times->i64[i] < row->min_time)
			row->min_time = times->i64[i];
		if (times->i64[i] > row->max_time)
			row->max_time = times->i64[i];
	}
	row->rows += batch->nrows;
}

static int begin_file(struct rewriter *w, struct err *err)
{
	char dir[STORE_PATH];
	struct table_state *table;
	if (store_table(w->store, w->table, &table, err) < 0 ||
		observer_init(&w->observer, w->store, table, w->name, w->shape, err) < 0 ||
		io_mkdirs(store_path(w->store, dir, "tables/%s", w->table), err) < 0)
		return -1;
	return parquet_create(w->temp_path, w->shape, &w->parquet, err);
}

int rewriter_add(struct rewriter *w, const struct batch *batch, struct err *err)
{
	if (batch->nrows == 0)
		return 0;
	if (!w->parquet && begin_file(w, err) < 0)
		return -1;
	observer_look(&w->observer, batch, NULL, 0);
	note_rows(&w->row, batch);
	note_sources(&w->sources, batch);
	struct parquet_group *group = parquet_encode(batch, w->level);
	int rc = parquet_append(w->parquet, group, err);
	parquet_group_free(group);
	return rc;
}

int rewriter_finish(struct rewriter *w, struct err *err)
{
	char dir[STORE_PATH];
	struct err why;
	if (!w->parquet)
		return 0;
	parquet_metadata(w->parquet, "pugmark.table", w->table);
	buf_append(&w->sources, "", 1);
	parquet_metadata(w->parquet, "pugmark.source", w->sources.ptr);
	if (parquet_finish(w->parquet, w->row.sha256, &w->row.bytes, &why) < 0)
		return store_durable_error(w->store, &why, err);
	if (io_chmod(w->temp_path, 0444, err) < 0 || io_rename(w->temp_path, w->path, err) < 0)
		return -1;
	w->renamed = true;
	if (store_sync_dir(w->store, store_path(w->store, dir, "tables/%s", w->table), err) < 0 ||
		store_sync_dir(w->store, store_path(w->store, dir, "tables"), err) < 0)
		return -1;
	return observer_write(&w->observer, err);
}

void rewriter_fini(struct rewriter *w, bool committed)
{
	bool made = w->parquet != NULL;
	parquet_writer_free(w->parquet);
	w->parquet = NULL;
	observer_fini(&w->observer, committed);
	buf_fini(&w->sources);
	free(w->input);
	w->input = NULL;
	if (made && !committed && !w->store->poisoned && !w->store->in_doubt)
		(void)io_unlink(w->renamed ? w->path : w->temp_path, NULL);
}

/* ---- old segments ---------------------------------------------------------------------------- */

int old_segments_load(
	struct store *store, int64_t table_id, struct old_segments *segments, struct err *err)
{
	*segments = (struct old_segments){0};
	sqlite3_stmt *stmt = catalog_query(store, err,
		"SELECT id, source, input, name, rows, bytes, raw_bytes, min_time, max_time,"
		" received_at, committed_at, fingerprint, no_time, compacted, " SEGMENT_SHIPPING
		" FROM segments s WHERE table_id = ? ORDER BY min_time, id",
		"i", table_id);
	struct rows rows = rows_of(store, stmt);
	while (rows_next(&rows, err)) {
		if (segments->n == segments->cap) {
			segments->cap = segments->cap ? segments->cap * 2 : 64;
			segments->list =
				xrealloc(segments->list, segments->cap * sizeof(*segments->list));
		}
		struct old_segment *old = &segments->list[segments->n++];
		*old = (struct old_segment){
			.id = sqlite3_column_int64(stmt, 0),
			.source = xstrdup(catalog_text(stmt, 1)),
			.input = xstrdup(catalog_text(stmt, 2)),
			.rows = (uint64_t)sqlite3_column_int64(stmt, 4),
			.bytes = (uint64_t)sqlite3_column_int64(stmt, 5),
			.raw_bytes = (uint64_t)sqlite3_column_int64(stmt, 6),
			.min_time = sqlite3_column_int64(stmt, 7),
			.max_time = sqlite3_column_int64(stmt, 8),
			.received_at = sqlite3_column_int64(stmt, 9),
			.committed_at = sqlite3_column_int64(stmt, 10),
			.no_time = (uint64_t)sqlite3_column_int64(stmt, 12),
			.compacted = sqlite3_column_int(stmt, 13) != 0,
			.shipping = (enum shipping)sqlite3_column_int(stmt, 14),
		};
		snprintf(old->name, sizeof(old->name), "%s", catalog_text(stmt, 3));
		catalog_blob(stmt, 11, old->fingerprint, 32);
	}
	if (rows.answer < 0)
		old_segments_free(segments);
	return rows.answer;
}

void old_segments_free(struct old_segments *segments)
{
	for (uint32_t i = 0; i < segments->n; i++) {
		free(segments->list[i].source);
		free(segments->list[i].input);
	}
	free(segments->list);
	*segments = (struct old_segments){0};
}

/* Compaction keeps all rows: what was merged from all of the old files holds for the new one. Watchlists that were not asked of an old one are
 * asked of the new one. */
static int follow(
	struct rewriter *w, const struct old_segment *const *old, uint32_t n, struct err *err)
{
	uint64_t rows = 0;
	int64_t *ids = xmalloc(n * sizeof(*ids));
	for (uint32_t i = 0; i < n; i++) {
		ids[i] = old[i]->id;
		rows += old[i]->rows;
	}
	int rc = rows == w->row.rows ? observables_follow(w->store, ids, n, w->row.id, err) : 0;
	for (uint32_t i = 0; i < n && rc == 0; i++)
		rc = watch_pending_follow(w->store, ids[i], w->row.id, err);
	free(ids);
	return rc;
}

int rewriter_swap(struct rewriter *w, int64_t table_id, const struct old_segment *const *old,
	uint32_t n, struct err *err)
{
	struct segment_row *row = &w->row;
	row->table_id = table_id;
	row->name = w->name;
	w->input = xstrdup(old[0]->input);
	row->received_at = row->committed_at = INT64_MIN;
	row->compacted = true;
	memcpy(row->fingerprint, old[0]->fingerprint, 32);
	for (uint32_t i = 0; i < n; i++) {
		inputs_merge(&w->input, old[i]->input);
		if (old[i]->received_at > row->received_at)
			row->received_at = old[i]->received_at;
		if (old[i]->committed_at > row->committed_at)
			row->committed_at = old[i]->committed_at;
	}
	row->source = w->sources.ptr;
	row->input = w->input;
	if (row->rows > 0 && (catalog_add_segment(w->store, row, err) < 0 ||
				     observer_record(&w->observer, row->id, err) < 0 ||
				     follow(w, old, n, err) < 0))
		return -1;
	if (shipments_follow(w->store, old, n, row->rows > 0 ? row->id : 0, err) < 0)
		return -1;
	for (uint32_t i = 0; i < n; i++) {
		if (catalog_retire_segment(w->store, old[i]->id, err) < 0)
			return -1;
	}
	return 0;
}

/* ---- retired files --------------------------------------------------------------------------- */

int retired_unlink(struct store *store, int64_t before, struct err *err)
{
	sqlite3_stmt *stmt =
		catalog_query(store, err, "SELECT path FROM retired WHERE at <= ?", "i", before);
	struct rows rows = rows_of(store, stmt);
	int n = 0;
	while (rows_next(&rows, err)) {
		char path[STORE_PATH];
		store_path(store, path, "%s", catalog_text(stmt, 0));
		rows.answer = io_unlink(path, err);
		n++;
	}
	if (rows.answer < 0 || n == 0)
		return rows.answer;
	return catalog_run(store, err, "DELETE FROM retired WHERE at <= ?", "i", before);
}

int progress_step(const struct progress *progress, uint64_t done, uint64_t total, const char *what,
	struct err *err)
{
	if (!progress)
		return 0;
	if (progress->step)
		progress->step(progress->ctx, done, total, what);
	if (progress->stop && *progress->stop)
		return err_set(err, ERR_INTERRUPTED, "stopped; what was done so far stays");
	return 0;
}
