/* SPDX-License-Identifier: Apache-2.0 */
/* vault_read.c: frames read back: checked against the catalog's SHA-256, unpacked, and their
 * records found by place or by index. The frame read last is kept: neighbours are read in turn. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/frame.h"
#include "store/frame_index.h"

struct frame_cache {
	char source[STORE_NAME];
	uint32_t file, frame;
	bool filled;
	char *bytes;
	size_t n, cap;
	int fd; /* of the file that was read last */
	char fd_path[STORE_PATH];
};

void frame_cache_free(struct frame_cache *cache)
{
	if (!cache)
		return;
	io_close(cache->fd);
	free(cache->bytes);
	free(cache);
}

static struct frame_cache *cache_of(struct store *store)
{
	if (!store->cache) {
		store->cache = xcalloc(1, sizeof(*store->cache));
		store->cache->fd = -1;
	}
	return store->cache;
}

#define FRAME_COLUMNS                                                                              \
	"f.file, f.frame, f.commit_id, f.offset, f.stored, f.raw, f.index_offset,"                 \
	" f.index_bytes, f.records, f.kind, f.state, f.min_time, f.max_time, f.no_time, f.sha256"

static enum frame_state state_of(int64_t state)
{
	return state == 0 ? FRAME_LIVE : state == 1 ? FRAME_PUNCHED : FRAME_DEAD;
}

static void frame_of_row(sqlite3_stmt *stmt, int c, struct frame_row *row)
{
	*row = (struct frame_row){
		.file = (uint32_t)sqlite3_column_int64(stmt, c),
		.frame = (uint32_t)sqlite3_column_int64(stmt, c + 1),
		.commit_id = sqlite3_column_int64(stmt, c + 2),
		.offset = (uint64_t)sqlite3_column_int64(stmt, c + 3),
		.stored = (uint32_t)sqlite3_column_int64(stmt, c + 4),
		.raw = (uint32_t)sqlite3_column_int64(stmt, c + 5),
		.index_offset = (uint64_t)sqlite3_column_int64(stmt, c + 6),
		.index_bytes = (uint32_t)sqlite3_column_int64(stmt, c + 7),
		.records = (uint32_t)sqlite3_column_int64(stmt, c + 8),
		.kind = (enum frame_kind)sqlite3_column_int64(stmt, c + 9),
		.state = state_of(sqlite3_column_int64(stmt, c + 10)),
		.min_time = sqlite3_column_int64(stmt, c + 11),
		.max_time = sqlite3_column_int64(stmt, c + 12),
		.no_time = (uint32_t)sqlite3_column_int64(stmt, c + 13),
	};
	catalog_blob(stmt, c + 14, row->sha256, 32);
}

int vault_frame(struct store *store, const char *source, uint32_t file, uint32_t frame,
	struct frame_row *row, struct err *err)
{
	sqlite3_stmt *stmt = catalog_query(store, err,
		"SELECT " FRAME_COLUMNS " FROM frames f WHERE f.source_id ="
		" (SELECT id FROM sources WHERE name = ?) AND f.file = ? AND f.frame = ?",
		"tii", source, (int64_t)file, (int64_t)frame);
	int rc = stmt ? catalog_step(store, stmt, err) : -1;
	if (rc == 1)
		frame_of_row(stmt, 0, row);
	catalog_done(store, stmt);
	return rc;
}

int vault_each_frame(struct store *store, const char *source,
	int (*each)(void *ctx, const char *source, const struct frame_row *row, struct err *err),
	void *ctx, struct err *err)
{
	sqlite3_stmt *stmt = catalog_query(store, err,
		"SELECT s.name, " FRAME_COLUMNS " FROM sources s JOIN frames f ON"
		" f.source_id = s.id WHERE ?1 IS NULL OR s.name = ?1"
		" ORDER BY f.source_id, f.file, f.frame",
		"t", source);
	struct rows rows = rows_of(store, stmt);
	while (rows_next(&rows, err)) {
		struct frame_row row;
		frame_of_row(stmt, 1, &row);
		rows.answer = each(ctx, catalog_text(stmt, 0), &row, err);
	}
	return rows.answer;
}

/* ---- bytes ----------------------------------------------------------------------------------- */

static int open_cached(struct frame_cache *cache, const char *path, struct err *err)
{
	if (cache->fd >= 0 && strcmp(cache->fd_path, path) == 0)
		return 0;
	io_close(cache->fd);
	cache->fd = io_open(path, O_RDONLY, 0, err);
	snprintf(cache->fd_path, sizeof(cache->fd_path), "%s", path);
	return cache->fd < 0 ? -1 : 0;
}

static int damaged(struct err *err, const char *path, const struct frame_row *row)
{
	return err_set(err, ERR_DAMAGED,
		"%s: frame %u (%u bytes at %llu) does not hold what was committed: restore the "
		"file "
		"from a backup, unless retention freed it while it was read (then start again)",
		path, row->frame, row->stored, (unsigned long long)row->offset);
}

static int read_checked(
	struct frame_cache *cache, const char *path, const struct frame_row *row, struct err *err)
{
	uint8_t sum[32];
	char *stored = xmalloc(row->stored);
	int rc = io_pread(cache->fd, stored, row->stored, row->offset, path, err);
	if (rc == 0) {
		sha256(stored, row->stored, sum);
		if (memcmp(sum, row->sha256, 32) != 0)
			rc = damaged(err, path, row);
	}
	if (rc == 0 && row->raw > cache->cap) {
		free(cache->bytes);
		cache->bytes = xmalloc(row->raw);
		cache->cap = row->raw;
	}
	if (rc == 0 && !frame_decompress(cache->bytes, row->raw, stored, row->stored))
		rc = damaged(err, path, row);
	free(stored);
	return rc;
}

int vault_read_frame(struct store *store, const char *source, const struct frame_row *row,
	struct slice *bytes, struct err *err)
{
	char path[STORE_PATH];
	struct frame_cache *cache = cache_of(store);
	vault_path(store, path, source, row->file, "zst");
	if (row->state == FRAME_PUNCHED)
		return err_set(err, ERR_NOT_FOUND,
			"%s: frame %u is gone: retention has removed its records", path,
			row->frame);
	bool hit = cache->filled && cache->file == row->file && cache->frame == row->frame &&
		   strcmp(cache->source, source) == 0;
	if (!hit) {
		cache->filled = false;
		if (open_cached(cache, path, err) < 0 || read_checked(cache, path, row, err) < 0)
			return -1;
		snprintf(cache->source, sizeof(cache->source), "%s", source);
		cache->file = row->file;
		cache->frame = row->frame;
		cache->n = row->raw;
		cache->filled = true;
	}
	*bytes = (struct slice){cache->bytes, cache->n};
	return 0;
}

int vault_read_index(struct store *store, const char *source, const struct frame_row *row,
	struct arena *mem, struct frame_index *index, struct err *err)
{
	char path[STORE_PATH];
	vault_path(store, path, source, row->file, "idx");
	int fd = io_open(path, O_RDONLY, 0, err);
	if (fd < 0)
		return -1;
	char *block = arena_alloc(mem, row->index_bytes);
	int rc = io_pread(fd, block, row->index_bytes, row->index_offset, path, err);
	io_close(fd);
	if (rc == 0)
		rc = block_decode(
			(struct slice){block, row->index_bytes}, row, path, mem, index, err);
	return rc;
}

int store_read_raw(
	struct store *store, const struct vault_place *place, struct buf *out, struct err *err)
{
	struct frame_row row;
	struct slice bytes;
	int there = vault_frame(store, place->source, place->file, place->frame, &row, err);
	if (there < 0)
		return -1;
	if (there != 1)
		return err_set(err, ERR_NOT_FOUND,
			"%s: source %.64s has no frame %u in vault file %06u", store->dir,
			place->source, place->frame, place->file);
	if (vault_read_frame(store, place->source, &row, &bytes, err) < 0)
		return -1;
	if (place->length > bytes.len || place->offset > bytes.len - place->length)
		return err_set(err, ERR_DAMAGED,
			"%s: vault file %06u of %.64s: the place %u+%u is outside of frame %u",
			store->dir, place->file, place->source, place->offset, place->length,
			place->frame);
	if (buf_append(out, bytes.ptr + place->offset, place->length) < 0)
		return err_set(err, ERR_LIMIT, "the record (%u bytes) is longer than asked for",
			place->length);
	return 0;
}

/* ---- the walk over all records ---------------------------------------------------------------- */

struct scan {
	struct store *store;
	const char *source;
	int (*each)(void *ctx, const struct vault_record *record, struct err *err);
	void *ctx;
	struct arena mem;
};

static int scan_frame(struct scan *scan, const struct frame_row *row, struct vault_record *record,
	struct err *err)
{
	struct frame_index index;
	struct slice bytes;
	arena_reset(&scan->mem);
	if (vault_read_index(scan->store, scan->source, row, &scan->mem, &index, err) != 0 ||
		vault_read_frame(scan->store, scan->source, row, &bytes, err) != 0)
		return -1;
	for (uint32_t i = 0; i < index.n; i++) {
		memcpy(record->event_id, index.event_ids[i], 16);
		record->place = (struct vault_place){
			scan->source, row->file, row->frame, index.offsets[i], index.lengths[i]};
		record->bytes = (struct slice){bytes.ptr + index.offsets[i], index.lengths[i]};
		record->container = index.containers[i];
		record->container_offset = index.container_offsets[i];
		record->copy = index.copies[i];
		int rc = scan->each(scan->ctx, record, err);
		if (rc != 0)
			return rc;
	}
	return 0;
}

int store_scan_vault(struct store *store, const char *table, const char *source,
	int (*each)(void *ctx, const struct vault_record *record, struct err *err), void *ctx,
	struct err *err)
{
	struct scan scan = {.store = store, .source = source, .each = each, .ctx = ctx};
	sqlite3_stmt *stmt = catalog_query(store, err,
		"SELECT c.received_at, c.input, " FRAME_COLUMNS " FROM sources s"
		" JOIN frames f ON f.source_id = s.id JOIN commits c ON c.id = f.commit_id"
		" WHERE s.name = ? AND c.table_id = (SELECT id FROM tables WHERE name = ?)"
		" AND f.kind = 0 AND f.state = 0 ORDER BY f.file, f.frame",
		"tt", source, table);
	struct rows rows = rows_of(store, stmt);
	while (rows_next(&rows, err)) {
		struct frame_row row;
		struct vault_record record = {.received_at = sqlite3_column_int64(stmt, 0),
			.input = catalog_text(stmt, 1)};
		frame_of_row(stmt, 2, &row);
		rows.answer = scan_frame(&scan, &row, &record, err);
	}
	arena_fini(&scan.mem);
	return rows.answer;
}
