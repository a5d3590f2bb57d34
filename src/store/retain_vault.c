/* SPDX-License-Identifier: Apache-2.0 */
/* retain_vault.c: frames that hold expired records: what else they hold is copied, the rest loses its
 * bytes. A frame is marked dead in the transaction and punched after it; one that could not be
 * punched is punched by the next run. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/retain.h"

static int compare_offsets(const void *left, const void *right)
{
	uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
	return a < b ? -1 : a > b;
}

/* Makes the copies' commits known in order; opens the vault at the first copy. */
static int prepare_copy(struct round *round, int64_t commit_id, struct err *err)
{
	if (!round->vault) {
		if (vault_begin(round->store, round->source, &round->vault, err) < 0)
			return -1;
		round->new_file = vault_file(round->vault);
	}
	if (round->ncopies > 0 && round->commit_ids[round->ncopies - 1] == commit_id)
		return 0;
	sqlite3_stmt *stmt = catalog_query(round->store, err,
		"SELECT input, received_at FROM commits WHERE id = ?", "i", commit_id);
	int rc = stmt ? catalog_step(round->store, stmt, err) : -1;
	if (rc == 1)
		rc = vault_mark(round->vault, round->table->name, catalog_text(stmt, 0),
			sqlite3_column_int64(stmt, 1), err);
	else if (rc == 0)
		rc = err_set(err, ERR_DAMAGED, "a frame of vault file %06u of %s has no commit",
			round->file, round->source);
	catalog_done(round->store, stmt);
	return rc;
}

static void note_copy(struct round *round, int64_t commit_id)
{
	if (round->ncopies == round->copies_cap) {
		round->copies_cap = round->copies_cap ? round->copies_cap * 2 : 64;
		round->commit_ids =
			xrealloc(round->commit_ids, round->copies_cap * sizeof(*round->commit_ids));
	}
	round->commit_ids[round->ncopies++] = commit_id;
}

/* The records that stay, as the new frame's; their new offsets go into t->new_offsets. */
static uint32_t select_survivors(struct touched *t, const struct frame_index *index,
	struct slice bytes, struct slice *records, struct frame_index *kept)
{
	uint32_t n = 0, at = 0;
	for (uint32_t i = 0; i < index->n; i++) {
		t->offsets[i] = index->offsets[i];
		t->new_offsets[i] = UINT32_MAX;
		t->gone[i] = bsearch(&index->offsets[i], t->expired, t->n, sizeof(uint32_t),
				     compare_offsets) != NULL;
		if (t->gone[i]) {
			merkle_entry(
				bytes.ptr + index->offsets[i], index->lengths[i], t->hashes[i]);
			continue;
		}
		records[n] = (struct slice){bytes.ptr + index->offsets[i], index->lengths[i]};
		memcpy(kept->event_ids[n], index->event_ids[i], 16);
		kept->lengths[n] = index->lengths[i];
		kept->containers[n] = index->containers[i];
		kept->container_offsets[n] = index->container_offsets[i];
		kept->copies[n] = index->copies[i];
		kept->flags[n] = index->flags[i];
		t->new_offsets[i] = at;
		at += index->lengths[i] + 1;
		n++;
	}
	kept->n = n;
	return n;
}

static int append_copy(struct round *round, struct touched *t, const struct slice *records,
	const struct frame_index *kept, struct err *err)
{
	struct frame_set set;
	if (prepare_copy(round, t->row.commit_id, err) < 0)
		return -1;
	t->new_frame = vault_next_frame(round->vault);
	frame_set_init(&set);
	frame_set_add(&set, records, kept, FRAME_RECORDS);
	int rc = vault_append(round->vault, &set, err);
	frame_set_fini(&set);
	note_copy(round, t->row.commit_id);
	return rc;
}

static int copy_frame(struct round *round, struct touched *t, struct arena *mem, struct err *err)
{
	struct frame_index index, kept = {0};
	struct slice bytes;
	qsort(t->expired, t->n, sizeof(*t->expired), compare_offsets);
	if (vault_read_index(round->store, round->source, &t->row, mem, &index, err) < 0 ||
		vault_read_frame(round->store, round->source, &t->row, &bytes, err) < 0)
		return -1;
	uint32_t n = index.n;
	t->records = n;
	t->offsets = xmalloc((size_t)n * sizeof(*t->offsets));
	t->new_offsets = xmalloc((size_t)n * sizeof(*t->new_offsets));
	t->gone = xcalloc(n, sizeof(*t->gone));
	t->hashes = xcalloc(n, sizeof(*t->hashes));
	t->new_frame = UINT32_MAX;
	struct slice *records = arena_alloc(mem, n * sizeof(*records));
	kept.event_ids = arena_alloc(mem, (size_t)n * 16);
	kept.lengths = arena_alloc(mem, n * sizeof(*kept.lengths));
	kept.containers = arena_alloc(mem, n * sizeof(*kept.containers));
	kept.container_offsets = arena_alloc(mem, n * sizeof(*kept.container_offsets));
	kept.copies = arena_alloc(mem, n * sizeof(*kept.copies));
	kept.flags = arena_alloc(mem, n);
	if (select_survivors(t, &index, bytes, records, &kept) == 0)
		return 0;
	return append_copy(round, t, records, &kept, err);
}

int copy_survivors(struct round *round, struct err *err)
{
	struct arena mem;
	int rc = 0;
	arena_init(&mem);
	for (uint32_t f = 0; f < round->nframes && rc == 0; f++) {
		struct touched *t = round->frames[f];
		if (!t)
			continue;
		arena_reset(&mem);
		int there = vault_frame(round->store, round->source, round->file, f, &t->row, err);
		if (there == 0)
			rc = err_set(err, ERR_DAMAGED,
				"tables/%s: rows name frame %u of vault file %06u of %s, which the "
				"catalog does not know: run `pugmark verify`",
				round->table->name, f, round->file, round->source);
		else
			rc = there < 0 ? -1 : copy_frame(round, t, &mem, err);
	}
	arena_fini(&mem);
	if (rc == 0 && round->vault)
		rc = vault_sync(round->vault, err);
	return rc;
}

static int record_frame(
	struct round *round, uint32_t number, struct evidence_removing *removing, struct err *err)
{
	const struct touched *t = round->frames[number];
	if (catalog_run(round->store, err,
		    "UPDATE frames SET state = ? WHERE source_id = (SELECT id FROM sources WHERE"
		    " name = ?) AND file = ? AND frame = ?",
		    "itii", clock_now_us(), round->source, (int64_t)round->file,
		    (int64_t)number) < 0)
		return -1;
	return evidence_remove(round->store, removing, round->source, round->file, number,
		t->records, t->gone, (const uint8_t(*)[MERKLE_HASH])t->hashes, round->new_file,
		t->new_frame == UINT32_MAX ? -1 : (int64_t)t->new_frame, err);
}

int record_frames(struct round *round, struct err *err)
{
	struct evidence_removing removing;
	if (round->vault && vault_record_each(round->vault, round->commit_ids, err) < 0)
		return -1;
	int rc = 0;
	evidence_removing_init(&removing);
	for (uint32_t f = 0; rc == 0 && f < round->nframes; f++)
		rc = round->frames[f] ? record_frame(round, f, &removing, err) : 0;
	if (rc == 0)
		rc = evidence_removed(round->store, &removing, round->table, round->first_day, err);
	evidence_removing_fini(&removing);
	return rc;
}

/* ---- punching -------------------------------------------------------------------------------- */

struct dead_file {
	char source[STORE_NAME];
	int64_t source_id;
	uint32_t file;
};

/* Frees the bytes of the file's frames that are dead for long enough. Neighbours go in one piece,
 * those punched before included: only whole blocks of the file system are freed. */
static int punch_ranges(struct store *store, const struct dead_file *dead, int fd, const char *path,
	int64_t before, struct err *err)
{
	sqlite3_stmt *stmt = catalog_query(store, err,
		"SELECT offset, stored, state FROM frames WHERE source_id = ? AND file = ?"
		" AND state <> 0 AND state <= ? ORDER BY offset",
		"iii", dead->source_id, (int64_t)dead->file, before);
	uint64_t from = 0, to = 0;
	bool fresh = false;
	struct rows rows = rows_of(store, stmt);
	while (rows_next(&rows, err)) {
		uint64_t at = (uint64_t)sqlite3_column_int64(stmt, 0);
		if (at != to) {
			if (fresh && io_punch(fd, from, to - from, path, err) < 0)
				rows.answer = -1;
			from = at;
			fresh = false;
		}
		to = at + (uint64_t)sqlite3_column_int64(stmt, 1);
		fresh |= sqlite3_column_int64(stmt, 2) != FRAME_PUNCHED;
	}
	if (rows.answer == 0 && fresh)
		rows.answer = io_punch(fd, from, to - from, path, err);
	return rows.answer;
}

/* Punches, makes that durable, and notes that it is done. */
static int punch_file(
	struct store *store, const struct dead_file *dead, int64_t before, struct err *err)
{
	char path[STORE_PATH];
	vault_path(store, path, dead->source, dead->file, "zst");
	int fd = io_open(path, O_RDWR, 0, err);
	if (fd < 0)
		return -1;
	int rc = punch_ranges(store, dead, fd, path, before, err);
	struct err why;
	if (rc == 0 && io_fsync(fd, path, &why) < 0) {
		if (err)
			*err = why;
		rc = store_poison(store, &why);
	}
	io_close(fd);
	if (rc < 0)
		return -1;
	return catalog_run(store, err,
		"UPDATE frames SET state = 1 WHERE source_id = ? AND file = ? AND state > 1"
		" AND state <= ?",
		"iii", dead->source_id, (int64_t)dead->file, before);
}

static int next_dead(struct store *store, struct dead_file *dead, int64_t before, struct err *err)
{
	sqlite3_stmt *stmt = catalog_query(store, err,
		"SELECT s.name, s.id, f.file FROM frames f JOIN sources s ON s.id = f.source_id"
		" WHERE f.state > 1 AND f.state <= ? LIMIT 1",
		"i", before);
	int rc = stmt ? catalog_step(store, stmt, err) : -1;
	if (rc == 1) {
		snprintf(dead->source, sizeof(dead->source), "%s", catalog_text(stmt, 0));
		dead->source_id = sqlite3_column_int64(stmt, 1);
		dead->file = (uint32_t)sqlite3_column_int64(stmt, 2);
	}
	catalog_done(store, stmt);
	return rc;
}

int punch_dead(struct store *store, int64_t before, struct err *err)
{
	struct dead_file dead;
	int rc;
	while ((rc = next_dead(store, &dead, before, err)) == 1) {
		if (punch_file(store, &dead, before, err) < 0)
			return -1;
	}
	return rc;
}
