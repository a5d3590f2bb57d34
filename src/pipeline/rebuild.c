/* SPDX-License-Identifier: Apache-2.0 */
/* rebuild.c: a table decoded again from the vault. Records that came in together (one input, one time)
 * are decoded together; ids and places come from the vault's index. */
#include "pipeline/pipeline.h"

#include <stdlib.h>
#include <unistd.h>

enum { BLOCK_BYTES = 16 << 20 };

struct pending {
	uint32_t off; /* of the record in the block */
	uint8_t event_id[16];
	struct vault_place place;
	uint32_t container;
	uint64_t container_offset;
	uint32_t copy;
};

struct rebuilding {
	struct store *store;
	struct rebuild *rebuild;
	struct decoder *decoder;
	const struct schema *schema;
	const char *source;
	char *input; /* of the pending records */
	char *origin; /* what the container's name says of them after its first line: the instance, and
	               * in a further line that they are secondary */
	uint32_t container; /* that it was last asked of */
	int64_t received_at;
	struct buf block;
	struct pending *pending;
	uint32_t npending;
	const struct progress *progress;
	struct rebuild_result *result;
	uint64_t total;
};

static void fill_ids(struct batch *batch, const struct pending *const *rows)
{
	uint32_t n = batch->nrows;
	struct column *id = &batch->columns[SYS_EVENT_ID];
	*id = (struct column){.n = n, .uuid = arena_alloc(&batch->mem, (size_t)n * 16)};
	for (int c = SYS_VAULT_FILE; c <= SYS_VAULT_LENGTH; c++)
		batch->columns[c] =
			(struct column){.n = n, .i64 = arena_alloc(&batch->mem, (size_t)n * 8)};
	for (uint32_t r = 0; r < n; r++) {
		memcpy(id->uuid[r], rows[r]->event_id, 16);
		batch->columns[SYS_VAULT_FILE].i64[r] = rows[r]->place.file;
		batch->columns[SYS_VAULT_FRAME].i64[r] = rows[r]->place.frame;
		batch->columns[SYS_VAULT_OFFSET].i64[r] = rows[r]->place.offset;
		batch->columns[SYS_VAULT_LENGTH].i64[r] = rows[r]->place.length;
	}
}

static int add_batch(struct rebuilding *r, struct batch *batch, uint32_t *next, struct err *err)
{
	uint32_t n = batch->nrows;
	struct arena mem;
	arena_init(&mem);
	const struct pending **rows = arena_alloc(&mem, n * sizeof(const struct pending *));
	uint32_t *containers = arena_alloc(&mem, n * sizeof(*containers));
	uint64_t *offsets = arena_alloc(&mem, n * sizeof(*offsets));
	uint32_t *copies = arena_alloc(&mem, n * sizeof(*copies));
	for (uint32_t i = 0; i < n; i++) {
		while (r->pending[*next].off != batch->records[i].off)
			++*next;
		rows[i] = &r->pending[*next];
		containers[i] = rows[i]->container;
		offsets[i] = rows[i]->container_offset;
		copies[i] = rows[i]->copy;
	}
	fill_ids(batch, rows);
	int status = rebuild_add(r->rebuild, r->source, r->input, r->received_at, batch, containers,
		offsets, copies, err);
	r->result->records += n;
	arena_fini(&mem);
	return status;
}

static int flush(struct rebuilding *r, struct err *err)
{
	struct json_records records = {.layout = JSON_LINES, .started = true};
	struct slice block = buf_view(&r->block);
	size_t at = 0;
	uint32_t next = 0;
	int more = r->npending > 0, status = 0;
	if (more)
		decoder_set_received(r->decoder, r->received_at);
	while (more && status == 0) {
		struct decode_reject reject;
		uint32_t rejected;
		struct batch batch;
		batch_init(&batch, &r->schema->shape);
		more = decode_block(
			r->decoder, &records, block, 0, true, &at, &batch, &reject, 1, &rejected);
		if (rejected)
			status = err_set(err, ERR_FORMAT,
				"a stored record of %s (source %s) is not readable any more: %s: "
				"nothing was "
				"changed",
				r->schema->table, r->source, reject.reason);
		else if (batch.nrows)
			status = add_batch(r, &batch, &next, err);
		batch_fini(&batch);
	}
	buf_clear(&r->block);
	r->npending = 0;
	if (r->progress && r->progress->step)
		r->progress->step(r->progress->ctx, r->result->records, r->total, r->schema->table);
	if (status == 0 && r->progress && r->progress->stop && *r->progress->stop)
		status = err_set(err, ERR_INTERRUPTED, "rebuild stopped: nothing was changed");
	return status;
}

/* Newlines stand between tokens only, where a blank means the same. */
static void append_line(struct buf *block, struct slice record)
{
	char *to = buf_reserve(block, record.len + 1);
	memcpy(to, record.ptr, record.len);
	for (char *p = to; (p = memchr(p, '\n', (size_t)(to + record.len - p)));)
		*p = ' ';
	to[record.len] = '\n';
	block->len += record.len + 1;
}

/* The records from here on have this origin: a decoder fills it into all of its rows. */
static void change_origin(struct rebuilding *r, const char *origin)
{
	decoder_free(r->decoder);
	free(r->origin);
	r->origin = xstrdup(origin);
	char *instance = xstrdup(origin);
	char *end = strchr(instance, '\n');
	if (end)
		*end = '\0';
	struct decode_options options = {.schema = r->schema,
		.source = r->source,
		.instance = instance,
		.secondary = end != NULL};
	r->decoder = decoder_new(&options);
	free(instance);
}

/* 1 where the record's origin is another than that of the pending ones (*name, in `out`). */
static int other_origin(struct rebuilding *r, uint32_t container, struct buf *out,
	const char **name, struct err *err)
{
	if (r->origin && r->container == container)
		return 0;
	if (store_container_name(r->store, container, out, err) < 0)
		return -1;
	buf_append(out, "", 1);
	const char *end = strchr(out->ptr, '\n');
	*name = end ? end + 1 : "";
	r->container = container;
	return !r->origin || strcmp(*name, r->origin) != 0;
}

static int follow_origin(struct rebuilding *r, uint32_t container, struct err *err)
{
	struct buf text;
	const char *name;
	buf_init(&text, 1 << 16);
	int status = other_origin(r, container, &text, &name, err);
	if (status == 1) {
		status = r->decoder ? flush(r, err) : 0;
		if (status == 0)
			change_origin(r, name);
	}
	buf_fini(&text);
	return status;
}

static int add_record(void *ctx, const struct vault_record *record, struct err *err)
{
	struct rebuilding *r = ctx;
	if (follow_origin(r, record->container, err) < 0)
		return -1;
	bool same = r->input && r->received_at == record->received_at &&
		    strcmp(r->input, record->input) == 0;
	if (!same || r->npending == LIMIT_BATCH_ROWS || r->block.len > BLOCK_BYTES) {
		if (flush(r, err) < 0)
			return -1;
		if (!same) {
			free(r->input);
			r->input = xstrdup(record->input);
			r->received_at = record->received_at;
		}
	}
	r->pending[r->npending++] = (struct pending){
		.off = (uint32_t)r->block.len,
		.place = record->place,
		.container = record->container,
		.container_offset = record->container_offset,
		.copy = record->copy,
	};
	memcpy(r->pending[r->npending - 1].event_id, record->event_id, 16);
	append_line(&r->block, record->bytes);
	return 0;
}

struct source_names {
	struct arena mem;
	const char *names[1024];
	uint32_t n;
};

static int note_source(void *ctx, const struct source_info *info, struct err *err)
{
	struct source_names *sources = ctx;
	if (sources->n == sizeof(sources->names) / sizeof(*sources->names))
		return err_set(err, ERR_LIMIT, "more than 1,024 sources in one store");
	sources->names[sources->n++] = arena_strdup(&sources->mem, slice_of(info->source));
	return 0;
}

static int rebuild_source(struct rebuilding *r, const char *source, struct err *err)
{
	r->source = source;
	int status = store_scan_vault(r->store, r->schema->table, source, add_record, r, err);
	if (status == 0 && r->decoder)
		status = flush(r, err);
	decoder_free(r->decoder);
	free(r->input);
	free(r->origin);
	r->decoder = NULL;
	r->input = r->origin = NULL;
	return status;
}

struct table_rows {
	const char *table;
	uint64_t rows;
};

static int note_rows(void *ctx, const struct table_info *info, struct err *err)
{
	(void)err;
	struct table_rows *rows = ctx;
	if (strcmp(info->table, rows->table) == 0)
		rows->rows = info->rows;
	return 0;
}

static int rebuild_sources(struct rebuilding *r, struct err *err)
{
	struct source_names *sources = xcalloc(1, sizeof(*sources));
	struct table_rows rows = {.table = r->schema->table};
	int status = store_sources(r->store, note_source, sources, err);
	if (status == 0)
		status = store_tables(r->store, note_rows, &rows, err);
	r->total = rows.rows;
	for (uint32_t i = 0; i < sources->n && status == 0; i++)
		status = rebuild_source(r, sources->names[i], err);
	arena_fini(&sources->mem);
	free(sources);
	return status;
}

int rebuild_table(struct store *store, const char *table, const struct progress *progress,
	struct rebuild_result *result, struct err *err)
{
	int64_t began = clock_mono_us();
	const struct schema *schema;
	struct schema *owned;
	if (store_schema(store_dir(store), table, &schema, &owned, err) < 0)
		return -1;
	struct rebuilding r = {
		.store = store, .schema = schema, .progress = progress, .result = result};
	int status = rebuild_begin(store, &schema->shape, &r.rebuild, err);
	if (status == 0) {
		buf_init(&r.block, BLOCK_BYTES + 2 * LIMIT_RECORD_BYTES);
		r.pending = xmalloc(LIMIT_BATCH_ROWS * sizeof(*r.pending));
		status = rebuild_sources(&r, err);
		if (status == 0)
			status = rebuild_commit(r.rebuild, schema->fingerprint, err);
		else
			rebuild_abort(r.rebuild);
		buf_fini(&r.block);
		free(r.pending);
	}
	schema_free(owned);
	result->elapsed_us += clock_mono_us() - began;
	return status;
}
