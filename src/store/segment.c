/* SPDX-License-Identifier: Apache-2.0 */
/* segment.c: begin and abort, and step 1: which rows are new, what their ids are, and where in the
 * vault they will lie. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "schema/schema.h"
#include "store/segment.h"

#define DAY_US INT64_C(86400000000)

/* ---- begin and end --------------------------------------------------------------------------- */

int store_check_source(const char *source, struct err *err)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789";
	size_t n = strlen(source);
	bool ok = n >= 1 && n <= 63 &&
		  strspn(source, "._-abcdefghijklmnopqrstuvwxyz0123456789") == n &&
		  strchr(letters, source[0]);
	if (ok)
		return 0;
	return err_set(err, ERR_USAGE,
		"`%.100s` cannot be a source's name: begin with a-z or 0-9, then a-z, 0-9, `.`, "
		"`_` "
		"or `-`, up to 63 in all",
		source);
}

static int begin_files(struct segment *s, struct err *err)
{
	struct store *store = s->store;
	if (store_table(store, s->shape->table, &s->table, err) < 0 ||
		vault_begin(store, s->source, &s->vault, err) < 0 ||
		store_merge_identities(store, s->table, err) < 0 ||
		store_identity(store, s->shape->table, &s->identity, err) < 0 ||
		catalog_first_day(store, s->table->id, &s->first_day, err) < 0)
		return -1;
	s->vault_file = vault_file(s->vault);
	s->next_frame = vault_next_frame(s->vault);
	store_new_name(s->name);
	if (store_merge_observables(store, s->table, false, err) < 0 ||
		observables_declare(store, s->table, s->shape, err) < 0 ||
		observer_init(&s->observer, store, s->table, s->name, s->shape, err) < 0)
		return -1;
	store_path(store, s->path, "tables/%s/%s.parquet", s->shape->table, s->name);
	store_path(store, s->temp_path, "tables/%s/%s.parquet.tmp", s->shape->table, s->name);
	return 0;
}

int segment_begin(struct store *store, const struct batch_shape *shape, const char *source,
	const char *input, int64_t received_at, struct segment **segment, struct err *err)
{
	assert(!store->open);
	*segment = NULL;
	if (store_check_source(source, err) < 0 || store_lease(store, err) < 0)
		return -1;
	struct segment *s = xcalloc(1, sizeof(*s));
	s->store = store;
	s->shape = shape;
	event_id_salt(shape->table, s->id_salt);
	s->received_at = received_at;
	s->input = xstrdup(input ? input : "");
	snprintf(s->source, sizeof(s->source), "%s", source);
	pthread_mutex_init(&s->lock, NULL);
	s->row = (struct segment_row){.min_time = INT64_MAX, .max_time = INT64_MIN};
	memset(s->row.min_event_id, 0xff, 16);
	store->open = s;
	if (begin_files(s, err) < 0) {
		segment_undo(s, false);
		return -1;
	}
	*segment = s;
	return 0;
}

void segment_undo(struct segment *s, bool committed)
{
	struct store *store = s->store;
	bool keep = committed || store->poisoned || store->in_doubt;
	vault_end(s->vault, committed);
	observer_fini(&s->observer, committed);
	parquet_writer_free(s->parquet);
	if (s->parquet && !keep)
		(void)io_unlink(s->renamed ? s->path : s->temp_path, NULL);
	if (s->identity && !committed)
		identity_discard(s->identity);
	while (s->batches) {
		struct identified *b = s->batches;
		s->batches = b->older;
		free(b->known);
		free(b);
	}
	pthread_mutex_destroy(&s->lock);
	arena_fini(&s->mem);
	free(s->queries);
	free(s->query_rows);
	free(s->input);
	free(s);
	store->open = NULL;
	store_unlease(store);
}

void segment_abort(struct segment *segment)
{
	if (segment)
		segment_undo(segment, false);
}

/* ---- identify -------------------------------------------------------------------------------- */

/* Event time of a row, INT64_MIN where it has none. */
static int64_t row_time(const struct batch *batch, uint32_t row)
{
	const struct column *col = &batch->columns[SYS_EVENT_TIME];
	return column_is_null(col, row) ? INT64_MIN : col->i64[row];
}

static int32_t day_of(int64_t time_us)
{
	int64_t day = time_us / DAY_US - (time_us % DAY_US < 0);
	return (int32_t)day;
}

static int find_container(struct segment *s, uint32_t id, bool *overlap, struct err *err)
{
	for (struct used_container *c = s->containers; c; c = c->next) {
		if (c->id == id) {
			*overlap = c->overlap;
			return 0;
		}
	}
	int64_t kind;
	int rc = catalog_int(s->store, &kind, err,
		"SELECT kind FROM containers WHERE id = ? AND table_id = ?", "ii", (int64_t)id,
		s->table->id);
	if (rc < 1)
		return rc < 0 ? -1
			      : err_set(err, ERR_NOT_FOUND, "%s: no container %u in the catalog",
					s->store->dir, id);
	struct used_container *c = arena_alloc(&s->mem, sizeof(*c));
	*c = (struct used_container){id, kind == CONTAINER_OVERLAP, s->containers};
	s->containers = c;
	*overlap = c->overlap;
	return 0;
}

/* One query per row that is not expired; returns how many. */
static uint32_t make_queries(struct segment *s, struct batch *batch, uint64_t base)
{
	if (batch->nrows > s->queries_cap) {
		free(s->queries);
		free(s->query_rows);
		s->queries = xmalloc(batch->nrows * sizeof(*s->queries));
		s->query_rows = xmalloc(batch->nrows * sizeof(*s->query_rows));
		s->queries_cap = batch->nrows;
	}
	uint32_t n = 0;
	for (uint32_t i = 0; i < batch->nrows; i++) {
		int64_t time = row_time(batch, i);
		int32_t day = time == INT64_MIN ? ID_NO_DAY : day_of(time);
		int32_t aged = time == INT64_MIN ? day_of(s->received_at) : day;
		if (aged < s->first_day) {
			batch->flags[i] |= ROW_DROP;
			s->expired++;
			continue;
		}
		struct id_query *q = &s->queries[n];
		memcpy(q->key, batch->keys[i], 16);
		q->day = day;
		q->has_id = (batch->flags[i] & ROW_HAS_ID) != 0;
		q->offset = row_place(batch, base, i);
		q->stored = false;
		s->query_rows[n++] = i;
	}
	return n;
}

static void fill_int_column(struct batch *batch, int column, int64_t **values)
{
	struct column *col = &batch->columns[column];
	*col = (struct column){.n = batch->nrows};
	col->i64 = arena_zalloc(&batch->mem, batch->nrows, sizeof(int64_t));
	*values = col->i64;
}

static void widen_times(struct segment_row *row, int64_t time)
{
	if (time == INT64_MIN) {
		row->no_time++;
		return;
	}
	if (time < row->min_time)
		row->min_time = time;
	if (time > row->max_time)
		row->max_time = time;
}

static void widen_ids(struct segment_row *row, const uint8_t id[16])
{
	if (memcmp(id, row->min_event_id, 16) < 0)
		memcpy(row->min_event_id, id, 16);
	if (memcmp(id, row->max_event_id, 16) > 0)
		memcpy(row->max_event_id, id, 16);
}

/* Fills the columns of the rows that stay: event ids and places. Returns how many stay. */
static uint32_t fill_rows(struct segment *s, struct batch *batch, uint32_t nqueries,
	uint32_t *copies, struct frame_cut *cut)
{
	int64_t *files, *frames, *offsets, *lengths;
	fill_int_column(batch, SYS_VAULT_FILE, &files);
	fill_int_column(batch, SYS_VAULT_FRAME, &frames);
	fill_int_column(batch, SYS_VAULT_OFFSET, &offsets);
	fill_int_column(batch, SYS_VAULT_LENGTH, &lengths);
	struct column *ids = &batch->columns[SYS_EVENT_ID];
	*ids = (struct column){.n = batch->nrows};
	ids->uuid = arena_zalloc(&batch->mem, batch->nrows, 16);
	uint32_t kept = 0;
	for (uint32_t i = 0; i < nqueries; i++) {
		const struct id_query *q = &s->queries[i];
		uint32_t row = s->query_rows[i];
		if (!q->stored) {
			batch->flags[row] |= ROW_DROP;
			continue;
		}
		int64_t time = row_time(batch, row);
		uint32_t length = batch->records[row].len;
		kept++;
		copies[row] = q->copy;
		event_id_make(time, q->key, q->copy, s->id_salt, ids->uuid[row]);
		offsets[row] = frame_cut_add(cut, length);
		frames[row] = s->next_frame + cut->frames - 1;
		files[row] = s->vault_file;
		lengths[row] = length;
		s->row.raw_bytes += length;
		widen_times(&s->row, time);
		widen_ids(&s->row, ids->uuid[row]);
	}
	return kept;
}

int segment_identify(struct segment *s, struct batch *batch, uint32_t container,
	uint64_t container_offset, const struct reject_part *rejects, uint32_t nrejects,
	uint32_t *kept, struct err *err)
{
	struct frame_cut rows = {0}, rejected = {0};
	struct identified *b = xcalloc(1, sizeof(*b));
	b->batch = batch;
	b->container = container;
	b->base = batch->raw_offset + container_offset;
	*kept = 0;
	if (batch->nrows > 0) {
		bool overlap = false;
		uint32_t n = make_queries(s, batch, b->base);
		if (find_container(s, container, &overlap, err) < 0 ||
			(n > 0 && identity_judge(s->identity, s->queries, n, container, overlap,
					  err) < 0)) {
			free(b);
			return -1;
		}
		b->copies = arena_zalloc(&batch->mem, batch->nrows, sizeof(*b->copies));
		*kept = fill_rows(s, batch, n, b->copies, &rows);
	}
	if (segment_place_rejects(s, rejects, nrejects, s->next_frame + rows.frames, &rejected,
		    &b->known, err) < 0) {
		free(b);
		return -1;
	}
	b->kept = *kept;
	b->first_frame = s->next_frame;
	b->frames = rows.frames + rejected.frames;
	s->next_frame += b->frames;
	s->identified_rows += *kept;
	pthread_mutex_lock(&s->lock);
	b->older = s->batches;
	s->batches = b;
	pthread_mutex_unlock(&s->lock);
	return 0;
}
