/* SPDX-License-Identifier: Apache-2.0 */
/* reader.c: an open file: its footer, statistics, metadata. */
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

int check_place(
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
