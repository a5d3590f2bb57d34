/* SPDX-License-Identifier: Apache-2.0 */
/* vault.c: appending to a source's newest vault file and its index, beyond their committed lengths;
 * the catalog's rows make the new frames part of the vault. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/frame_index.h"

/* One of the two files: NNNNNN.zst and NNNNNN.idx. */
struct tail {
	char path[STORE_PATH];
	int fd;
	uint64_t committed, at;
};

struct vault_writer {
	struct store *store;
	char source[STORE_NAME];
	int64_t source_id;
	uint32_t file, first_frame;
	bool is_new; /* no row in vault_files yet */
	struct tail data, index;
	struct frame_row *rows; /* appended, not committed yet */
	uint32_t n, cap;
};

char *vault_path(const struct store *store, char out[STORE_PATH], const char *source, uint32_t file,
	const char *ext)
{
	return store_path(store, out, "vault/%s/%06u.%s", source, file, ext);
}

/* ---- opening --------------------------------------------------------------------------------- */

static int choose_file(struct vault_writer *w, struct err *err)
{
	w->file = 1;
	w->is_new = true;
	sqlite3_stmt *stmt = catalog_query(w->store, err,
		"SELECT file, bytes, index_bytes, frames FROM vault_files WHERE source_id = ?"
		" ORDER BY file DESC LIMIT 1",
		"i", w->source_id);
	int rc = stmt ? catalog_step(w->store, stmt, err) : -1;
	if (rc == 1) {
		w->file = (uint32_t)sqlite3_column_int64(stmt, 0);
		uint64_t bytes = (uint64_t)sqlite3_column_int64(stmt, 1);
		if (bytes >= LIMIT_VAULT_FILE_BYTES) {
			w->file++;
		} else {
			w->is_new = false;
			w->data.committed = bytes;
			w->index.committed = (uint64_t)sqlite3_column_int64(stmt, 2);
			w->first_frame = (uint32_t)sqlite3_column_int64(stmt, 3);
		}
	}
	catalog_done(w->store, stmt);
	return rc < 0 ? -1 : 0;
}

/* Opens a file; *too_long where something lies beyond the committed length. */
static int open_tail(struct tail *tail, bool is_new, bool *too_long, struct err *err)
{
	struct io_info info;
	tail->at = tail->committed;
	tail->fd = io_open(tail->path, O_RDWR | (is_new ? O_CREAT : 0), IO_SHARED, err);
	if (tail->fd < 0)
		return -1;
	if (io_fstat(tail->fd, &info, tail->path, err) < 0)
		return -1;
	if (info.size < tail->committed)
		return err_set(err, ERR_DAMAGED,
			"%s: has %llu bytes, %llu were committed: run `pugmark verify` and restore "
			"it from a backup",
			tail->path, (unsigned long long)info.size,
			(unsigned long long)tail->committed);
	*too_long |= info.size > tail->committed;
	return 0;
}

static int open_tails(struct vault_writer *w, struct err *err)
{
	bool too_long = false;
	if (open_tail(&w->data, w->is_new, &too_long, err) < 0 ||
		open_tail(&w->index, w->is_new, &too_long, err) < 0)
		return -1;
	/* Another process was stopped while it appended. The sweep knows how to cut that off. */
	return too_long ? store_sweep(w->store, err) : 0;
}

int vault_begin(
	struct store *store, const char *source, struct vault_writer **writer, struct err *err)
{
	char dir[STORE_PATH];
	struct vault_writer *w = xcalloc(1, sizeof(*w));
	w->store = store;
	w->data.fd = w->index.fd = -1;
	snprintf(w->source, sizeof(w->source), "%s", source);
	*writer = w;
	if (catalog_source_id(store, source, true, &w->source_id, err) < 1 ||
		choose_file(w, err) < 0 ||
		io_mkdirs(store_path(store, dir, "vault/%s", source), err) < 0)
		goto fail;
	vault_path(store, w->data.path, source, w->file, "zst");
	vault_path(store, w->index.path, source, w->file, "idx");
	if (open_tails(w, err) == 0)
		return 0;
fail:
	io_close(w->data.fd);
	io_close(w->index.fd);
	free(w);
	*writer = NULL;
	return -1;
}

uint32_t vault_file(const struct vault_writer *w)
{
	return w->file;
}

uint32_t vault_next_frame(const struct vault_writer *w)
{
	return w->first_frame + w->n;
}

/* ---- appending ------------------------------------------------------------------------------- */

static int append(struct tail *tail, const struct buf *bytes, struct err *err)
{
	if (bytes->len == 0)
		return 0;
	if (io_pwrite(tail->fd, bytes->ptr, bytes->len, tail->at, tail->path, err) < 0)
		return -1;
	tail->at += bytes->len;
	return 0;
}

int vault_mark(struct vault_writer *w, const char *table, const char *input, int64_t received_at,
	struct err *err)
{
	struct buf block;
	buf_init(&block, SIZE_MAX / 2);
	block_encode_commit(&block, table, input, received_at);
	int rc = append(&w->index, &block, err);
	buf_fini(&block);
	return rc;
}

int vault_append(struct vault_writer *w, const struct frame_set *set, struct err *err)
{
	uint64_t offset = w->data.at, index_offset = w->index.at;
	if (append(&w->data, &set->data, err) < 0 || append(&w->index, &set->index, err) < 0)
		return -1;
	io_begin_sync(w->data.fd);
	io_begin_sync(w->index.fd);
	if (w->n + set->n > w->cap) {
		w->cap = (w->n + set->n) * 2;
		w->rows = xrealloc(w->rows, w->cap * sizeof(*w->rows));
	}
	for (uint32_t i = 0; i < set->n; i++) {
		struct frame_row *row = &w->rows[w->n];
		*row = set->rows[i];
		row->file = w->file;
		row->frame = w->first_frame + w->n++;
		row->offset += offset;
		row->index_offset += index_offset;
	}
	return 0;
}

int vault_sync(struct vault_writer *w, struct err *err)
{
	char dir[STORE_PATH];
	struct err why;
	store_path(w->store, dir, "vault/%s", w->source);
	if (io_fsync(w->data.fd, w->data.path, &why) == 0 &&
		io_fsync(w->index.fd, w->index.path, &why) == 0 &&
		(!w->is_new ||
			(io_fsync_dir(dir, &why) == 0 &&
				io_fsync_dir(store_path(w->store, dir, "vault"), &why) == 0)))
		return 0;
	if (err)
		*err = why;
	return store_poison(w->store, &why);
}

static int record_frame(
	struct vault_writer *w, const struct frame_row *row, int64_t commit_id, struct err *err)
{
	return catalog_run(w->store, err,
		"INSERT INTO frames(source_id, file, frame, commit_id, offset, stored, raw,"
		" index_offset, index_bytes, records, kind, state, min_time, max_time, no_time,"
		" sha256) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		"iiiiuiiuiiiiiiib", w->source_id, (int64_t)row->file, (int64_t)row->frame,
		commit_id, row->offset, (int64_t)row->stored, (int64_t)row->raw, row->index_offset,
		(int64_t)row->index_bytes, (int64_t)row->records, (int64_t)row->kind,
		(int64_t)row->state, row->min_time, row->max_time, (int64_t)row->no_time,
		row->sha256, (size_t)32);
}

static int record_file(struct vault_writer *w, struct err *err)
{
	return catalog_run(w->store, err,
		"INSERT INTO vault_files(source_id, file, bytes, index_bytes, frames)"
		" VALUES(?, ?, ?, ?, ?) ON CONFLICT(source_id, file) DO UPDATE SET"
		" bytes = excluded.bytes, index_bytes = excluded.index_bytes,"
		" frames = excluded.frames",
		"iiuui", w->source_id, (int64_t)w->file, w->data.at, w->index.at,
		(int64_t)vault_next_frame(w));
}

int vault_record(struct vault_writer *w, int64_t commit_id, struct err *err)
{
	if (record_file(w, err) < 0)
		return -1;
	for (uint32_t i = 0; i < w->n; i++) {
		if (record_frame(w, &w->rows[i], commit_id, err) < 0)
			return -1;
	}
	return 0;
}

int vault_record_each(struct vault_writer *w, const int64_t *commit_ids, struct err *err)
{
	if (record_file(w, err) < 0)
		return -1;
	for (uint32_t i = 0; i < w->n; i++) {
		if (record_frame(w, &w->rows[i], commit_ids[i], err) < 0)
			return -1;
	}
	return 0;
}

/* Cuts back what nobody committed. Failing is no harm: the next writer cuts it off. */
static void cut_back(struct vault_writer *w)
{
	if (w->is_new) {
		(void)io_unlink(w->data.path, NULL);
		(void)io_unlink(w->index.path, NULL);
		return;
	}
	if (w->data.at > w->data.committed)
		(void)io_truncate(w->data.fd, w->data.committed, w->data.path, NULL);
	if (w->index.at > w->index.committed)
		(void)io_truncate(w->index.fd, w->index.committed, w->index.path, NULL);
}

void vault_end(struct vault_writer *w, bool committed)
{
	if (!w)
		return;
	if (!committed && !w->store->poisoned && !w->store->in_doubt)
		cut_back(w);
	io_close(w->data.fd);
	io_close(w->index.fd);
	free(w->rows);
	free(w);
}
