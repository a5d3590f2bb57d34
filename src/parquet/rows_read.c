/* SPDX-License-Identifier: Apache-2.0 */
/* rows_read.c: some rows of a row group. Pages without any of them are stepped over, and of the
 * others only the wanted values are looked at: a search shows a hundred rows that may lie in a
 * hundred row groups, and reading those whole took twice as long as finding the rows. */
#include "parquet/reader.h"

/* The elements of the kept rows of a list. */
static struct row_list kept_elements(
	const struct chunk_in *in, const struct row_list *keep, struct arena *mem)
{
	size_t n = 0;
	for (uint32_t i = 0; i < keep->n; i++)
		n += in->list_off[keep->rows[i] + 1] - in->list_off[keep->rows[i]];
	uint32_t *slots = arena_alloc(mem, n * sizeof(*slots));
	n = 0;
	for (uint32_t i = 0; i < keep->n; i++) {
		uint32_t r = keep->rows[i];
		for (uint32_t e = in->list_off[r]; e < in->list_off[r + 1]; e++)
			slots[n++] = e;
	}
	return (struct row_list){slots, (uint32_t)n};
}

/* The first column of a list gives the list. */
static void make_list(const struct chunk_in *in, const struct row_list *keep, struct group *group,
	struct arena *mem)
{
	uint32_t at = 0;
	group->list_off = arena_alloc(mem, ((size_t)keep->n + 1) * sizeof(*group->list_off));
	for (uint32_t i = 0; i < keep->n; i++) {
		uint32_t r = keep->rows[i];
		group->list_off[i] = at;
		at += in->list_off[r + 1] - in->list_off[r];
		if (!bit_get(in->list_nulls, r))
			continue;
		if (!group->nulls)
			group->nulls = arena_zalloc(mem, (size_t)keep->n / 64 + 1, 8);
		bit_set(group->nulls, i);
	}
	group->list_off[keep->n] = at;
	group->nelements = at;
}

/* The others must agree with it. */
static bool same_list(
	const struct chunk_in *in, const struct row_list *keep, const struct group *group)
{
	for (uint32_t i = 0; i < keep->n; i++) {
		uint32_t r = keep->rows[i];
		if (group->list_off[i + 1] - group->list_off[i] !=
				in->list_off[r + 1] - in->list_off[r] ||
			bit_get(group->nulls, i) != bit_get(in->list_nulls, r))
			return false;
	}
	return true;
}

static int pick_column(struct chunk_in *in, const struct row_list *keep, struct batch *out,
	struct arena *temporary, struct err *err)
{
	int g = out->shape->columns[in->column].group;
	struct column *col = &out->columns[in->column];
	struct row_list slots = *keep;
	if (pages_read(in, in->chunk->dictionary, keep, err))
		return -1;
	if (g != NO_GROUP) {
		if (!out->groups[g].list_off)
			make_list(in, keep, &out->groups[g], &out->mem);
		else if (!same_list(in, keep, &out->groups[g]))
			return chunk_damaged(
				in, err, "its lists are not those of the column before");
		slots = kept_elements(in, keep, temporary);
	}
	return values_pick(in, &slots, col, &out->mem, temporary, err);
}

static int pick_columns(struct parquet_reader *reader, uint32_t group, const bool *want,
	const struct row_list *keep, struct batch *out, struct err *err)
{
	int done = 0;
	struct arena temporary;
	arena_init(&temporary);
	for (uint32_t c = 0; c < reader->shape.ncolumns && done == 0; c++) {
		struct chunk_in in;
		if (want && !want[c])
			continue;
		chunk_begin(&in, reader, group, c);
		done = pick_column(&in, keep, out, &temporary, err);
		arena_reset(&temporary);
	}
	arena_fini(&temporary);
	scratch_trim(scratch_get());
	return done;
}

static int select_columns(struct parquet_reader *reader, uint32_t group, const bool *want,
	const struct row_list *keep, struct batch *out, struct err *err)
{
	struct batch all;
	parquet_begin(reader, group, &all);
	int done = parquet_read(reader, group, want, &all, err);
	if (done == 0)
		batch_select(&all, keep->rows, keep->n, out);
	else
		batch_init(out, &reader->shape);
	batch_fini(&all);
	return done;
}

int parquet_read_rows(struct parquet_reader *reader, uint32_t group, const bool *want,
	const uint32_t *keep, uint32_t n, struct batch *out, struct err *err)
{
	struct row_list rows = {keep, n};
	uint32_t nrows = parquet_group_rows(reader, group);
	/* Unpacking all takes a tenth of what looking a value up takes. */
	if (n == 0 || (n > 1000 && n > nrows / 8))
		return select_columns(reader, group, want, &rows, out, err);
	batch_init(out, &reader->shape);
	if (check_place(reader, group, 0, err))
		return -1;
	if (keep[n - 1] >= nrows)
		return err_set(err, ERR_USAGE, "%s: row group %u has no row %u", reader->path,
			group, keep[n - 1]);
	out->nrows = n;
	return pick_columns(reader, group, want, &rows, out, err);
}
