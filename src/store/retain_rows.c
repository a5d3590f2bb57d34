/* SPDX-License-Identifier: Apache-2.0 */
/* retain_rows.c: which rows have expired, and the files without them. Only the columns that decide
 * are read, and only of row groups whose statistics allow for a match. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "schema/schema.h"
#include "store/retain.h"

#define DAY_US INT64_C(86400000000)

static const int deciding[] = {SYS_EVENT_TIME, SYS_RECEIVED_AT, SYS_SOURCE, SYS_VAULT_FILE,
	SYS_VAULT_FRAME, SYS_VAULT_OFFSET};

/* Calls `each` with the deciding columns of each row group of a segment that may hold rows of vault
 * file `file` (0 = any). Stops where it returns non-zero, and returns that. */
static int each_group(struct store *store, const char *table, const struct old_segment *old,
	uint32_t file, int (*each)(void *ctx, const struct batch *batch, struct err *err),
	void *ctx, struct err *err)
{
	char path[STORE_PATH];
	struct parquet_reader *reader;
	store_path(store, path, "tables/%s/%s.parquet", table, old->name);
	if (parquet_open(path, &reader, err) < 0)
		return -1;
	bool *want = xcalloc(parquet_shape(reader)->ncolumns, sizeof(*want));
	for (size_t i = 0; i < sizeof(deciding) / sizeof(*deciding); i++)
		want[deciding[i]] = true;
	int rc = 0;
	for (uint32_t g = 0; rc == 0 && g < parquet_groups(reader); g++) {
		struct parquet_stats stats;
		struct batch batch;
		rc = parquet_group_stats(reader, g, SYS_VAULT_FILE, &stats, err);
		if (rc < 0 ||
			(file && stats.has_range && (file < stats.min_i64 || file > stats.max_i64)))
			continue;
		batch_init(&batch, parquet_shape(reader));
		rc = parquet_read(reader, g, want, &batch, err);
		if (rc == 0)
			rc = each(ctx, &batch, err);
		batch_fini(&batch);
	}
	free(want);
	parquet_close(reader);
	return rc;
}

static bool has_expired(const struct batch *batch, uint32_t row, int32_t first_day)
{
	const struct column *times = &batch->columns[SYS_EVENT_TIME];
	const struct column *received = &batch->columns[SYS_RECEIVED_AT];
	int64_t first = first_day * DAY_US;
	if (!column_is_null(times, row))
		return times->i64[row] < first;
	return !column_is_null(received, row) && received->i64[row] < first;
}

static bool is_of_source(const struct batch *batch, uint32_t row, const char *source)
{
	const struct column *col = &batch->columns[SYS_SOURCE];
	struct slice wanted = slice_of(source);
	return !column_is_null(col, row) && slice_eq(wanted, column_text(col, row));
}

/* Whether a segment may hold expired rows, by what the catalog knows of it. */
static bool may_have_expired(const struct old_segment *old, int32_t first_day)
{
	return old->no_time > 0 || old->min_time < first_day * DAY_US;
}

/* ---- which vault files ----------------------------------------------------------------------- */

struct finding {
	struct vault_files *files;
	int32_t first_day;
};

static void note_file(struct vault_files *files, struct slice source, uint32_t file)
{
	for (uint32_t i = files->n; i-- > 0;) {
		if (files->list[i].file == file &&
			slice_eq(slice_of(files->list[i].source), source))
			return;
	}
	if (files->n == files->cap) {
		files->cap = files->cap ? files->cap * 2 : 16;
		files->list = xrealloc(files->list, files->cap * sizeof(*files->list));
	}
	files->list[files->n].file = file;
	snprintf(files->list[files->n].source, STORE_NAME, "%.*s", SLICE_ARG(source));
	files->n++;
}

static int note_files(void *ctx, const struct batch *batch, struct err *err)
{
	(void)err;
	struct finding *finding = ctx;
	const struct column *sources = &batch->columns[SYS_SOURCE];
	uint32_t last_file = 0, last_source = CODE_NULL;
	for (uint32_t i = 0; i < batch->nrows; i++) {
		uint32_t file = (uint32_t)batch->columns[SYS_VAULT_FILE].i64[i];
		if (column_is_null(sources, i) || !has_expired(batch, i, finding->first_day))
			continue;
		uint32_t source = sources->plain ? CODE_NULL : sources->codes[i];
		if (file == last_file && source == last_source && source != CODE_NULL)
			continue;
		note_file(finding->files, column_text(sources, i), file);
		last_file = file;
		last_source = source;
	}
	return 0;
}

int find_expired_files(struct store *store, const struct table_state *table, int32_t first_day,
	const struct old_segments *all, struct vault_files *files, struct err *err)
{
	struct finding finding = {files, first_day};
	for (uint32_t i = 0; i < all->n; i++) {
		if (!may_have_expired(&all->list[i], first_day))
			continue;
		if (each_group(store, table->name, &all->list[i], 0, note_files, &finding, err) < 0)
			return -1;
	}
	return 0;
}

/* ---- which records --------------------------------------------------------------------------- */

static void note_record(struct round *round, uint32_t frame, uint32_t offset)
{
	if (frame >= round->nframes) {
		uint32_t n = (frame + 1) * 2;
		round->frames = xrealloc(round->frames, n * sizeof(struct touched *));
		memset(round->frames + round->nframes, 0,
			(n - round->nframes) * sizeof(struct touched *));
		round->nframes = n;
	}
	struct touched *t = round->frames[frame];
	if (!t)
		t = round->frames[frame] = xcalloc(1, sizeof(*t));
	if (t->n == t->cap) {
		t->cap = t->cap ? t->cap * 2 : 64;
		t->expired = xrealloc(t->expired, t->cap * sizeof(*t->expired));
	}
	t->expired[t->n++] = offset;
}

static int note_records(void *ctx, const struct batch *batch, struct err *err)
{
	(void)err;
	struct round *round = ctx;
	const struct column *columns = batch->columns;
	for (uint32_t i = 0; i < batch->nrows; i++) {
		if (columns[SYS_VAULT_FILE].i64[i] != round->file ||
			!has_expired(batch, i, round->first_day) ||
			!is_of_source(batch, i, round->source))
			continue;
		note_record(round, (uint32_t)columns[SYS_VAULT_FRAME].i64[i],
			(uint32_t)columns[SYS_VAULT_OFFSET].i64[i]);
	}
	return 0;
}

static bool other_source(const struct round *round, const struct old_segment *old)
{
	return !sources_hold(old->source, round->source);
}

int find_expired_records(struct round *round, const struct old_segments *all, struct err *err)
{
	for (uint32_t i = 0; i < all->n; i++) {
		if (other_source(round, &all->list[i]) ||
			!may_have_expired(&all->list[i], round->first_day))
			continue;
		if (each_group(round->store, round->table->name, &all->list[i], round->file,
			    note_records, round, err) < 0)
			return -1;
	}
	return 0;
}

/* ---- the files without them ------------------------------------------------------------------ */

static struct touched *touched_row(
	const struct round *round, const struct batch *batch, uint32_t row)
{
	if (batch->columns[SYS_VAULT_FILE].i64[row] != round->file)
		return NULL;
	uint32_t frame = (uint32_t)batch->columns[SYS_VAULT_FRAME].i64[row];
	if (frame >= round->nframes || !round->frames[frame])
		return NULL;
	return is_of_source(batch, row, round->source) ? round->frames[frame] : NULL;
}

static int any_touched(void *ctx, const struct batch *batch, struct err *err)
{
	(void)err;
	for (uint32_t i = 0; i < batch->nrows; i++) {
		if (touched_row(ctx, batch, i))
			return 1;
	}
	return 0;
}

static int compare_offsets(const void *left, const void *right)
{
	uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
	return a < b ? -1 : a > b;
}

/* Gives a row of a touched frame its new place. 1 = it stays, 0 = it has expired. */
static int move_row(struct round *round, struct batch *batch, uint32_t row, const struct touched *t,
	struct err *err)
{
	struct column *columns = batch->columns;
	uint32_t offset = (uint32_t)columns[SYS_VAULT_OFFSET].i64[row];
	const uint32_t *found =
		bsearch(&offset, t->offsets, t->records, sizeof(*t->offsets), compare_offsets);
	if (!found)
		return err_set(err, ERR_DAMAGED,
			"tables/%s: a row names a record of vault file %06u of %s that its index "
			"does not know: run `pugmark verify`",
			round->table->name, round->file, round->source);
	uint32_t to = t->new_offsets[found - t->offsets];
	if (to == UINT32_MAX)
		return 0;
	columns[SYS_VAULT_FILE].i64[row] = round->new_file;
	columns[SYS_VAULT_FRAME].i64[row] = t->new_frame;
	columns[SYS_VAULT_OFFSET].i64[row] = to;
	return 1;
}

static int rewrite_group(struct round *round, struct parquet_reader *reader, uint32_t group,
	struct rewriter *out, struct err *err)
{
	struct batch batch, kept;
	batch_init(&batch, parquet_shape(reader));
	int rc = parquet_read(reader, group, NULL, &batch, err);
	uint32_t *keep = xmalloc((batch.nrows + (size_t)1) * sizeof(*keep)), n = 0;
	for (uint32_t i = 0; i < batch.nrows && rc == 0; i++) {
		const struct touched *t = touched_row(round, &batch, i);
		int stays = t ? move_row(round, &batch, i, t, err) : 1;
		if (stays > 0)
			keep[n++] = i;
		rc = stays < 0 ? -1 : 0;
	}
	if (rc == 0) {
		round->dropped += batch.nrows - n;
		batch_select(&batch, keep, n, &kept);
		rc = rewriter_add(out, &kept, err);
		batch_fini(&kept);
	}
	free(keep);
	batch_fini(&batch);
	return rc;
}

static int rewrite_file(struct round *round, struct old_segment *old, struct err *err)
{
	char path[STORE_PATH];
	struct parquet_reader *reader;
	store_path(round->store, path, "tables/%s/%s.parquet", round->table->name, old->name);
	if (parquet_open(path, &reader, err) < 0)
		return -1;
	if (round->nfiles == round->files_cap) {
		round->files_cap = round->files_cap ? round->files_cap * 2 : 16;
		round->files = xrealloc(round->files, round->files_cap * sizeof(struct rewriter *));
		round->replaced =
			xrealloc(round->replaced, round->files_cap * sizeof(struct old_segment *));
	}
	struct rewriter *out = xmalloc(sizeof(*out));
	rewriter_init(out, round->store, round->table->name, parquet_shape(reader), PARQUET_LEVEL);
	round->replaced[round->nfiles] = old;
	round->files[round->nfiles++] = out;
	int rc = 0;
	for (uint32_t g = 0; rc == 0 && g < parquet_groups(reader); g++)
		rc = rewrite_group(round, reader, g, out, err);
	if (rc == 0)
		rc = rewriter_finish(out, err);
	out->shape = NULL;
	parquet_close(reader);
	return rc;
}

int rewrite_rows(struct round *round, struct old_segments *all, struct err *err)
{
	for (uint32_t i = 0; i < all->n; i++) {
		if (other_source(round, &all->list[i]))
			continue;
		int rc = each_group(round->store, round->table->name, &all->list[i], round->file,
			any_touched, round, err);
		if (rc > 0)
			rc = rewrite_file(round, &all->list[i], err);
		if (rc < 0)
			return -1;
	}
	return 0;
}
