/* SPDX-License-Identifier: Apache-2.0 */
/* export.c: raw records out of the vault, found through the tables, so that what is exported is
 * what a search sees, byte for byte as it came. */
#include "pipeline/pipeline.h"

#include <stdlib.h>

#include "parquet/parquet.h"

struct exporting {
	struct store *store;
	const struct export_filter *filter;
	FILE *out;
	const struct progress *progress;
	uint64_t *records, *reflowed;
	struct buf raw;
	struct arena mem;
	char **paths;
	uint64_t npaths, path_cap, rows, seen;
};

static int write_record(struct exporting *x, const struct vault_place *place, struct err *err)
{
	buf_clear(&x->raw);
	if (store_read_raw(x->store, place, &x->raw, err) < 0)
		return -1;
	*x->reflowed += text_one_line(&x->raw);
	++*x->records;
	buf_push(&x->raw, '\n');
	if (fwrite(x->raw.ptr, 1, x->raw.len, x->out) != x->raw.len)
		return err_errno(err, "writing the export");
	return 0;
}

static bool wanted(const struct export_filter *filter, const struct column *time, uint32_t row)
{
	if (filter->since == INT64_MIN && filter->until == INT64_MAX)
		return true;
	return !column_is_null(time, row) && time->i64[row] >= filter->since &&
	       time->i64[row] < filter->until;
}

static int export_group(
	struct exporting *x, struct parquet_reader *reader, uint32_t group, struct err *err)
{
	bool want[LIMIT_COLUMNS] = {[SYS_EVENT_TIME] = true,
		[SYS_SOURCE] = true,
		[SYS_VAULT_FILE] = true,
		[SYS_VAULT_FRAME] = true,
		[SYS_VAULT_OFFSET] = true,
		[SYS_VAULT_LENGTH] = true};
	struct batch batch;
	batch_init(&batch, parquet_shape(reader));
	int status = parquet_read(reader, group, want, &batch, err);
	const struct column *columns = batch.columns;
	for (uint32_t r = 0; r < batch.nrows && status == 0; r++) {
		if (!wanted(x->filter, &columns[SYS_EVENT_TIME], r))
			continue;
		struct slice source = column_text(&columns[SYS_SOURCE], r);
		char name[128];
		snprintf(name, sizeof(name), "%.*s", SLICE_ARG(source));
		struct vault_place place = {
			.source = name,
			.file = (uint32_t)columns[SYS_VAULT_FILE].i64[r],
			.frame = (uint32_t)columns[SYS_VAULT_FRAME].i64[r],
			.offset = (uint32_t)columns[SYS_VAULT_OFFSET].i64[r],
			.length = (uint32_t)columns[SYS_VAULT_LENGTH].i64[r],
		};
		status = write_record(x, &place, err);
	}
	x->seen += batch.nrows;
	batch_fini(&batch);
	return status;
}

static int export_file(struct exporting *x, const char *path, struct err *err)
{
	struct parquet_reader *reader;
	if (parquet_open(path, &reader, err) < 0)
		return -1;
	int status = 0;
	for (uint32_t g = 0; g < parquet_groups(reader) && status == 0; g++) {
		status = export_group(x, reader, g, err);
		if (x->progress && x->progress->step)
			x->progress->step(x->progress->ctx, x->seen, x->rows, "events");
		if (status == 0 && x->progress && x->progress->stop && *x->progress->stop)
			status = err_set(
				err, ERR_INTERRUPTED, "export stopped: the output is not whole");
	}
	parquet_close(reader);
	return status;
}

static int note_segment(void *ctx, const struct segment_info *info, struct err *err)
{
	(void)err;
	struct exporting *x = ctx;
	if (!*info->path)
		return 0;
	bool timed = info->min_time <= info->max_time;
	bool open = x->filter->since == INT64_MIN && x->filter->until == INT64_MAX;
	if (!open &&
		(!timed || info->max_time < x->filter->since || info->min_time >= x->filter->until))
		return 0;
	if (x->npaths == x->path_cap) {
		x->path_cap = x->path_cap ? x->path_cap * 2 : 64;
		x->paths = xrealloc(x->paths, x->path_cap * sizeof(*x->paths));
	}
	x->paths[x->npaths++] = arena_strdup(&x->mem, slice_of(info->path));
	x->rows += info->rows;
	return 0;
}

int export_raw(struct store *store, const struct export_filter *filter, FILE *out,
	const struct progress *progress, uint64_t *records, uint64_t *reflowed, struct err *err)
{
	*records = *reflowed = 0;
	struct exporting x = {
		.store = store,
		.filter = filter,
		.out = out,
		.progress = progress,
		.records = records,
		.reflowed = reflowed,
	};
	buf_init(&x.raw, LIMIT_RECORD_BYTES + 1);
	int status = store_segments(store, filter->table, note_segment, &x, err);
	/* Segments come newest first; an export reads better from the oldest on. */
	for (uint64_t i = x.npaths; i > 0 && status == 0; i--)
		status = export_file(&x, x.paths[i - 1], err);
	free(x.paths);
	arena_fini(&x.mem);
	buf_fini(&x.raw);
	if (status == 0 && fflush(out) != 0)
		status = err_errno(err, "writing the export");
	return status;
}
