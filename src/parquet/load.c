/* SPDX-License-Identifier: Apache-2.0 */
/* load.c: columns of a row group into a batch: all of them, or one by one and in two parts, the
 * distinct values of a dictionary before the rows. */
#include "parquet/reader.h"

/* Whether any of the rows that are still to come lies in [from, from + n). */
static bool has_kept(struct row_list *keep, uint32_t from, uint32_t n)
{
	while (keep->n > 0 && keep->rows[0] < from) {
		keep->rows++;
		keep->n--;
	}
	return keep->n > 0 && keep->rows[0] - from < n;
}

static bool can_skip(const struct chunk_in *in, struct row_list *keep, uint32_t nvalues)
{
	if (!in->layout.max_rep)
		return !has_kept(keep, in->slots, nvalues);
	return in->page_rows && !has_kept(keep, in->rows, in->page_rows);
}

/* Whether the pages of a list are cut as rows_of_page says: their number tells. */
static int find_page_rows(struct chunk_in *in, struct err *err)
{
	const uint8_t *begin = in->at;
	uint32_t most, pages = 0;
	if (!in->layout.max_rep || !in->reader->page_rows)
		return 0;
	most = rows_of_page(in->nrows, in->reader->page_rows);
	for (; in->at < in->end; pages++) {
		struct page_header header;
		if (page_head(in, &header, err))
			return -1;
		in->at += header.packed;
	}
	in->at = begin;
	if (most && pages == (in->nrows + most - 1) / most)
		in->page_rows = most;
	return 0;
}

/* Where pages might be stepped over, those that are read must begin where they should. */
static int check_page_rows(struct chunk_in *in, struct err *err)
{
	for (uint32_t p = 0; in->page_rows && p < in->npages; p++) {
		if (page_of(in, p)->row != p * in->page_rows)
			return chunk_damaged(in, err, "a page begins with another row");
	}
	return 0;
}

static int read_page(struct chunk_in *in, struct row_list *keep, struct err *err)
{
	struct page_header header;
	struct page_view view;
	const uint8_t *data;
	if (page_head(in, &header, err))
		return -1;
	if (header.type != PAGE_DATA || header.encoding != in->chunk->encoding)
		return chunk_damaged(in, err, "a page of the wrong kind");
	if (keep && can_skip(in, keep, header.nvalues)) {
		in->at += header.packed;
		if (levels_skip(in, &header, &view, err))
			return -1;
	} else if (page_body(in, &header, &data, err) ||
		   levels_read(in, &header, data, &view, err)) {
		return -1;
	}
	buf_append(&in->scratch->pages, &view, sizeof(view));
	in->npages++;
	return 0;
}

int pages_read(struct chunk_in *in, bool dictionary, const struct row_list *keep, struct err *err)
{
	const struct chunk *chunk = in->chunk;
	struct row_list left = keep ? *keep : (struct row_list){NULL, 0};
	if (chunk_load(in, dictionary ? 0 : chunk->dictionary, chunk->bytes, err) ||
		(dictionary && dictionary_next(in, err)) || find_page_rows(in, err) ||
		levels_begin(in, err))
		return -1;
	buf_clear(&in->scratch->pages);
	while (in->at < in->end) {
		if (read_page(in, keep ? &left : NULL, err))
			return -1;
		/* A row's list ends where the next begins, so a row more has to be known. */
		if (keep && in->layout.max_rep && in->rows > keep->rows[keep->n - 1] + 1) {
			in->skipped |= in->at < in->end;
			break;
		}
	}
	return check_page_rows(in, err) || levels_end(in, err) ? -1 : 0;
}

/* The first column of a list gives the list; the others must agree with it. */
static int finish_list(struct chunk_in *in, struct batch *batch, struct err *err)
{
	int g = batch->shape->columns[in->column].group;
	if (g == NO_GROUP)
		return 0;
	struct group *group = &batch->groups[g];
	size_t offs = ((size_t)in->nrows + 1) * sizeof(uint32_t);
	size_t words = ((size_t)in->nrows + 63) / 64 * sizeof(uint64_t);
	if (!group->list_off) {
		group->nelements = in->slots;
		group->list_off = arena_alloc(&batch->mem, offs);
		memcpy(group->list_off, in->list_off, offs);
		if (in->any_null_list) {
			group->nulls = arena_alloc(&batch->mem, words);
			memcpy(group->nulls, in->list_nulls, words);
		}
		return 0;
	}
	bool same = memcmp(group->list_off, in->list_off, offs) == 0 &&
		    in->any_null_list == (group->nulls != NULL) &&
		    (!group->nulls || memcmp(group->nulls, in->list_nulls, words) == 0);
	return same ? 0 : chunk_damaged(in, err, "its lists are not those of the column before");
}

static int load_rows(struct chunk_in *in, struct batch *batch, struct err *err)
{
	struct column made = batch->columns[in->column];
	in->ndictionary = made.ndistinct;
	if (pages_read(in, !made.off && in->chunk->dictionary, NULL, err) ||
		finish_list(in, batch, err) || values_read(in, &made, &batch->mem, err))
		return -1;
	batch->columns[in->column] = made;
	return 0;
}

static int load_values(struct chunk_in *in, struct batch *batch, struct err *err)
{
	struct column made = {0};
	if (chunk_load(in, 0, in->chunk->dictionary, err) || dictionary_next(in, err) ||
		dictionary_read(in, &made, &batch->mem, err))
		return -1;
	batch->columns[in->column] = made;
	return 0;
}

static bool have_rows(const struct column *col)
{
	return col->codes || col->i64 || col->bools || col->uuid || (col->plain && col->off);
}

/* A column without any value has no distinct ones, and nothing needs to be read to know them. */
static void load_nothing(struct column *col, struct arena *mem)
{
	col->off = arena_zalloc(mem, 1, sizeof(*col->off));
	col->heap = arena_alloc(mem, 1);
}

static int load_part(struct chunk_in *in, enum parquet_part part, struct batch *batch,
	uint64_t *bytes, struct err *err)
{
	const struct chunk *chunk = in->chunk;
	struct column *col = &batch->columns[in->column];
	bool values = part == PARQUET_VALUES && col_is_string(in->type);
	if (have_rows(col) || (values && col->off))
		return 0;
	if (values && chunk->dictionary) {
		*bytes += chunk->dictionary;
		return load_values(in, batch, err);
	}
	if (values && chunk->nulls == chunk->nvalues) {
		load_nothing(col, &batch->mem);
		return 0;
	}
	*bytes += chunk->bytes - (col->off ? chunk->dictionary : 0);
	return load_rows(in, batch, err);
}

void parquet_begin(const struct parquet_reader *reader, uint32_t group, struct batch *batch)
{
	batch_init(batch, &reader->shape);
	batch->nrows = parquet_group_rows(reader, group);
}

int parquet_load(struct parquet_reader *reader, uint32_t group, uint32_t column,
	enum parquet_part part, struct batch *batch, uint64_t *bytes, struct err *err)
{
	uint64_t uncounted = 0;
	struct chunk_in in;
	if (check_place(reader, group, column, err))
		return -1;
	chunk_begin(&in, reader, group, column);
	int done = load_part(&in, part, batch, bytes ? bytes : &uncounted, err);
	scratch_trim(in.scratch);
	return done;
}

static int load_wanted(struct parquet_reader *reader, uint32_t group, const bool *want,
	struct batch *batch, struct err *err)
{
	int done = 0;
	uint64_t bytes = 0;
	for (uint32_t c = 0; c < reader->shape.ncolumns && done == 0; c++) {
		struct chunk_in in;
		chunk_begin(&in, reader, group, c);
		if (!want || want[c])
			done = load_part(&in, PARQUET_ROWS, batch, &bytes, err);
	}
	scratch_trim(scratch_get());
	return done;
}

int parquet_read(struct parquet_reader *reader, uint32_t group, const bool *want,
	struct batch *batch, struct err *err)
{
	if (check_place(reader, group, 0, err))
		return -1;
	batch->nrows = reader->groups[group].nrows;
	return load_wanted(reader, group, want, batch, err);
}
