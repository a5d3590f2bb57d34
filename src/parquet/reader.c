/* SPDX-License-Identifier: Apache-2.0 */
/* reader.c: the public side of reading: open, statistics, row groups, dictionaries. */
#include "parquet/reader.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

int damaged(const struct parquet_reader *reader, struct err *err, const char *fmt, ...)
{
	char what[400];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	return err_set(err, ERR_DAMAGED, "%s is damaged: %s", reader->path, what);
}

static const char *column_name(const struct chunk_in *in, char *to, size_t size)
{
	const struct batch_shape *shape = &in->reader->shape;
	const struct column_shape *c = &shape->columns[in->column];
	if (c->group == NO_GROUP || shape->groups[c->group].bare)
		snprintf(to, size, "%s", c->name);
	else
		snprintf(to, size, "%s.%s", shape->groups[c->group].name, c->name);
	return to;
}

int chunk_damaged(const struct chunk_in *in, struct err *err, const char *what)
{
	char name[200];
	return damaged(in->reader, err, "column %s of row group %u: %s",
		column_name(in, name, sizeof(name)), in->group, what);
}

/* The size of the footer, from the file's last bytes. */
static int find_footer(struct parquet_reader *r, struct err *err)
{
	char head[MAGIC_SIZE], tail[4 + MAGIC_SIZE];
	uint32_t size;
	if (r->size < sizeof(head) + sizeof(tail))
		return damaged(
			r, err, "%llu bytes are no Parquet file", (unsigned long long)r->size);
	if (io_pread(r->fd, head, sizeof(head), 0, r->path, err) ||
		io_pread(r->fd, tail, sizeof(tail), r->size - sizeof(tail), r->path, err))
		return -1;
	memcpy(&size, tail, sizeof(size));
	if (memcmp(head, MAGIC, MAGIC_SIZE) != 0 || memcmp(tail + 4, MAGIC, MAGIC_SIZE) != 0)
		return damaged(r, err, "it does not begin and end as Parquet does");
	if (size > LIMIT_PARQUET_FOOTER || size > r->size - sizeof(head) - sizeof(tail))
		return damaged(r, err, "its footer cannot have %u bytes", size);
	r->footer_size = size;
	r->footer = xmalloc((size_t)size + 1);
	return io_pread(r->fd, r->footer, size, r->size - sizeof(tail) - size, r->path, err);
}

int parquet_open(const char *path, struct parquet_reader **reader, struct err *err)
{
	struct parquet_reader *r = xcalloc(1, sizeof(*r));
	struct io_info info;
	arena_init(&r->mem);
	r->path = arena_strdup(&r->mem, slice_of(path));
	r->fd = io_open(path, O_RDONLY, 0, err);
	if (r->fd < 0 || io_fstat(r->fd, &info, path, err))
		goto fail;
	r->size = info.size;
	if (find_footer(r, err) || footer_read(r, err))
		goto fail;
	*reader = r;
	return 0;
fail:
	parquet_close(r);
	return -1;
}

void parquet_close(struct parquet_reader *reader)
{
	if (!reader)
		return;
	io_close(reader->fd);
	free(reader->footer);
	arena_fini(&reader->mem);
	free(reader);
}

const struct batch_shape *parquet_shape(const struct parquet_reader *reader)
{
	return &reader->shape;
}

uint32_t parquet_groups(const struct parquet_reader *reader)
{
	return reader->ngroups;
}

uint64_t parquet_rows(const struct parquet_reader *reader)
{
	return reader->rows;
}

uint32_t parquet_group_rows(const struct parquet_reader *reader, uint32_t group)
{
	return group < reader->ngroups ? reader->groups[group].nrows : 0;
}

struct slice parquet_value(const struct parquet_reader *reader, const char *key)
{
	for (uint32_t i = 0; i < reader->npairs; i++) {
		if (slice_eq(reader->pairs[i].key, slice_of(key)))
			return reader->pairs[i].value;
	}
	return (struct slice){NULL, 0};
}

static int check_place(
	const struct parquet_reader *reader, uint32_t group, uint32_t column, struct err *err)
{
	if (group < reader->ngroups && column < reader->shape.ncolumns)
		return 0;
	return err_set(err, ERR_USAGE, "%s has %u row groups of %u columns: none at %u, %u",
		reader->path, reader->ngroups, reader->shape.ncolumns, group, column);
}

static int64_t number_of(struct slice bound)
{
	int64_t wide = 0;
	int32_t narrow = 0;
	if (bound.len == 4) {
		memcpy(&narrow, bound.ptr, 4);
		return narrow;
	}
	memcpy(&wide, bound.ptr, bound.len);
	return wide;
}

int parquet_group_stats(const struct parquet_reader *reader, uint32_t group, uint32_t column,
	struct parquet_stats *stats, struct err *err)
{
	if (check_place(reader, group, column, err))
		return -1;
	const struct chunk *chunk = &reader->groups[group].chunks[column];
	*stats = (struct parquet_stats){.nulls = chunk->nulls, .has_range = chunk->has_range};
	if (!chunk->has_range)
		return 0;
	enum physical physical = column_layout(&reader->shape, column).physical;
	if (physical == PHYS_BYTE_ARRAY || physical == PHYS_FIXED) {
		stats->min_bytes = chunk->min;
		stats->max_bytes = chunk->max;
	} else {
		stats->min_i64 = number_of(chunk->min);
		stats->max_i64 = number_of(chunk->max);
	}
	return 0;
}

/* The pages of a chunk, unpacked, with their levels read. */
static int read_pages(struct chunk_in *in, struct err *err)
{
	if (chunk_load(in, in->chunk->bytes, err) || dictionary_next(in, err) ||
		levels_begin(in, err))
		return -1;
	buf_clear(&in->scratch->pages);
	while (in->at < in->end) {
		struct page_header header;
		struct page_view view;
		const uint8_t *data;
		if (page_next(in, &header, &data, err))
			return -1;
		if (header.type != PAGE_DATA || header.encoding != in->chunk->encoding)
			return chunk_damaged(in, err, "a page of the wrong kind");
		if (levels_read(in, &header, data, &view, err))
			return -1;
		buf_append(&in->scratch->pages, &view, sizeof(view));
		in->npages++;
	}
	return levels_end(in, err);
}

/* The first column of a list gives the list; the others must agree with it. */
static int finish_list(struct chunk_in *in, struct batch *batch, bool first, struct err *err)
{
	int g = batch->shape->columns[in->column].group;
	if (g == NO_GROUP)
		return 0;
	struct group *group = &batch->groups[g];
	size_t offs = ((size_t)in->nrows + 1) * sizeof(uint32_t);
	size_t words = ((size_t)in->nrows + 63) / 64 * sizeof(uint64_t);
	if (first) {
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

static int read_column(struct parquet_reader *reader, uint32_t group, uint32_t column,
	struct batch *batch, struct err *err)
{
	int g = batch->shape->columns[column].group;
	bool first = g == NO_GROUP || !batch->groups[g].list_off;
	struct chunk_in in;
	chunk_begin(&in, reader, group, column);
	if (read_pages(&in, err) || finish_list(&in, batch, first, err))
		return -1;
	return values_read(&in, &batch->columns[column], &batch->mem, err);
}

int parquet_read(struct parquet_reader *reader, uint32_t group, const bool *want,
	struct batch *batch, struct err *err)
{
	if (check_place(reader, group, 0, err))
		return -1;
	batch->nrows = reader->groups[group].nrows;
	int done = 0;
	for (uint32_t c = 0; c < reader->shape.ncolumns && done == 0; c++) {
		if (!want || want[c])
			done = read_column(reader, group, c, batch, err);
	}
	scratch_trim(scratch_get());
	return done;
}

int parquet_read_dictionary(struct parquet_reader *reader, uint32_t group, uint32_t column,
	struct arena *mem, struct slice **values, uint32_t *n, bool *plain, struct err *err)
{
	if (check_place(reader, group, column, err))
		return -1;
	if (!col_is_string(reader->shape.columns[column].type))
		return err_set(err, ERR_USAGE, "%s: column %s holds no strings", reader->path,
			reader->shape.columns[column].name);
	struct chunk_in in;
	chunk_begin(&in, reader, group, column);
	*values = NULL;
	*n = 0;
	*plain = false;
	int done = 0;
	if (in.chunk->dictionary) {
		done = chunk_load(&in, in.chunk->dictionary, err) || dictionary_next(&in, err) ||
		       dictionary_slices(&in, mem, values, n, err);
	} else if (in.chunk->nulls < in.chunk->nvalues) {
		*plain = true;
		done = read_pages(&in, err) || plain_slices(&in, mem, values, n, err);
	}
	scratch_trim(in.scratch);
	return done ? -1 : 0;
}
