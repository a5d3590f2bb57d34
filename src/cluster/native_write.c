/* SPDX-License-Identifier: Apache-2.0 */
/*
 * native_write.c: a batch as one block of ClickHouse's Native format: numbers of columns and rows as varints; then per column its name,
 * its type, and all its values:
 *
 *	Nullable(T)     one byte per value (1 = null), then the values, nulls as 0 or ""
 *	String          per value its length as a varint, then its bytes
 *	Array(T)        per row where its elements end, counted from the block's first, as UInt64; then the elements
 *	FixedString(n)  n bytes
 *
 * A dictionary is written once in its form for the wire, each value with its length before it, and then copied per row: copies are of
 * 32 bytes where that is enough, because a copy whose length the processor knows costs a quarter of one that it must look at.
 */
#include <stdlib.h>
#include <zstd.h>

#include "base/varint.h"
#include "cluster/native.h"
#include "cluster/private.h"
#include "schema/schema.h"

enum {
	SLACK = 32, /* bytes behind a value that copying may touch */
	FRAME_BYTES = 1 << 20,
	FRAME_HEAD = 25, /* checksum, method, both sizes */
	FRAME_SIZES = 9, /* of it, what the compressed size counts */
	METHOD_ZSTD = 0x90,
	LEVEL = 1,
};

/* The values of a column that go out: of rows, or of the elements of rows. */
struct picked {
	const uint32_t *at; /* NULL = the first n */
	uint32_t n;
};

static inline uint32_t pick(const struct picked *picked, uint32_t i)
{
	return picked->at ? picked->at[i] : i;
}

/* ---- values ---------------------------------------------------------------------------------- */

/* A column that was not read, or has no value, has none to look at. */
static bool is_null(const struct column *col, uint32_t i)
{
	return i >= col->n || column_is_null(col, i);
}

static void write_null_map(struct buf *out, const struct column *col, const struct picked *picked)
{
	char *to = buf_reserve(out, picked->n);
	if (!to)
		return;
	if (col->n > 0 && (!col->codes || col->plain) && !col->nulls) {
		memset(to, 0, picked->n);
	} else {
		for (uint32_t i = 0; i < picked->n; i++)
			to[i] = is_null(col, pick(picked, i));
	}
	out->len += picked->n;
}

/* The dictionary's values as they are written, one after another; the last is the null's "". */
struct wire_dictionary {
	char *bytes;
	size_t *off; /* ndistinct + 2 */
};

static void dictionary_make(struct wire_dictionary *wire, const struct column *col)
{
	size_t total = col->ndistinct ? col->off[col->ndistinct] - col->off[0] : 0;
	wire->bytes = xmalloc(total + ((size_t)col->ndistinct + 1) * 5 + SLACK);
	wire->off = xmalloc(((size_t)col->ndistinct + 2) * sizeof(*wire->off));
	char *at = wire->bytes;
	for (uint32_t d = 0; d < col->ndistinct; d++) {
		uint32_t len = col->off[d + 1] - col->off[d];
		wire->off[d] = (size_t)(at - wire->bytes);
		at += varint_put(at, len);
		if (len)
			memcpy(at, col->heap + col->off[d], len);
		at += len;
	}
	wire->off[col->ndistinct] = (size_t)(at - wire->bytes);
	*at++ = 0;
	wire->off[col->ndistinct + 1] = (size_t)(at - wire->bytes);
	memset(at, 0, SLACK);
}

static void write_dictionary(struct buf *out, const struct column *col, const struct picked *picked)
{
	struct wire_dictionary wire;
	size_t total = 0;
	dictionary_make(&wire, col);
	for (uint32_t i = 0; i < picked->n; i++) {
		uint32_t d = col->codes[pick(picked, i)];
		d = d == CODE_NULL ? col->ndistinct : d;
		total += wire.off[d + 1] - wire.off[d];
	}
	char *to = buf_reserve(out, total + SLACK);
	for (uint32_t i = 0; to && i < picked->n; i++) {
		uint32_t d = col->codes[pick(picked, i)];
		d = d == CODE_NULL ? col->ndistinct : d;
		size_t len = wire.off[d + 1] - wire.off[d];
		if (len <= SLACK)
			memcpy(to, wire.bytes + wire.off[d], SLACK);
		else
			memcpy(to, wire.bytes + wire.off[d], len);
		to += len;
	}
	if (to)
		out->len += total;
	free(wire.bytes);
	free(wire.off);
}

static void write_plain(struct buf *out, const struct column *col, const struct picked *picked)
{
	size_t total = 0;
	for (uint32_t i = 0; i < picked->n; i++) {
		uint32_t v = pick(picked, i);
		uint32_t len = is_null(col, v) ? 0 : col->off[v + 1] - col->off[v];
		total += varint_bytes(len) + len;
	}
	char *to = buf_reserve(out, total);
	for (uint32_t i = 0; to && i < picked->n; i++) {
		uint32_t v = pick(picked, i);
		uint32_t len = is_null(col, v) ? 0 : col->off[v + 1] - col->off[v];
		to += varint_put(to, len);
		if (len)
			memcpy(to, col->heap + col->off[v], len);
		to += len;
	}
	if (to)
		out->len += total;
}

/* Zeros: what stands for null, n values of `bytes` each. */
static void write_zeros(struct buf *out, uint32_t n, size_t bytes)
{
	char *to = buf_reserve(out, n * bytes);
	if (!to)
		return;
	memset(to, 0, n * bytes);
	out->len += n * bytes;
}

static void write_texts(struct buf *out, const struct column *col, const struct picked *picked)
{
	if (col->n == 0)
		write_zeros(out, picked->n, 1);
	else if (col->codes && !col->plain)
		write_dictionary(out, col, picked);
	else
		write_plain(out, col, picked);
}

static void write_fixed(
	struct buf *out, const struct column *col, bool text, const struct picked *picked)
{
	char *to = buf_reserve(out, (size_t)picked->n * 16);
	for (uint32_t i = 0; to && i < picked->n; i++, to += 16) {
		uint32_t v = pick(picked, i);
		struct slice bytes = {NULL, 0};
		if (!is_null(col, v))
			bytes = text ? column_text(col, v)
				     : (struct slice){(const char *)col->uuid[v], 16};
		if (bytes.len == 16)
			memcpy(to, bytes.ptr, 16);
		else
			memset(to, 0, 16);
	}
	if (to)
		out->len += (size_t)picked->n * 16;
}

static void write_int64(
	struct buf *out, const struct column *col, int64_t null, const struct picked *picked)
{
	char *to = buf_reserve(out, (size_t)picked->n * sizeof(int64_t));
	for (uint32_t i = 0; to && i < picked->n; i++) {
		uint32_t v = pick(picked, i);
		int64_t value = is_null(col, v) ? null : col->i64[v];
		memcpy(to + i * sizeof(value), &value, sizeof(value));
	}
	if (to)
		out->len += (size_t)picked->n * sizeof(int64_t);
}

static void write_int32(struct buf *out, const struct column *col, const struct picked *picked)
{
	char *to = buf_reserve(out, (size_t)picked->n * sizeof(int32_t));
	for (uint32_t i = 0; to && i < picked->n; i++) {
		uint32_t v = pick(picked, i);
		int32_t value = is_null(col, v) ? 0 : (int32_t)col->i64[v];
		memcpy(to + i * sizeof(value), &value, sizeof(value));
	}
	if (to)
		out->len += (size_t)picked->n * sizeof(int32_t);
}

static void write_bools(struct buf *out, const struct column *col, const struct picked *picked)
{
	char *to = buf_reserve(out, picked->n);
	for (uint32_t i = 0; to && i < picked->n; i++) {
		uint32_t v = pick(picked, i);
		to[i] = !is_null(col, v) && col->bools[v];
	}
	if (to)
		out->len += picked->n;
}

static void write_values(
	struct buf *out, const struct column *col, enum col_type type, const struct picked *picked)
{
	switch (type) {
	case COL_STRING:
	case COL_JSON:
		write_texts(out, col, picked);
		break;
	case COL_INT64:
	case COL_TIME:
		write_int64(out, col, 0, picked);
		break;
	case COL_INT32:
		write_int32(out, col, picked);
		break;
	case COL_BOOL:
		write_bools(out, col, picked);
		break;
	case COL_UUID:
	case COL_IP:
		write_fixed(out, col, type == COL_IP, picked);
		break;
	}
}

/* ---- lists ----------------------------------------------------------------------------------- */

/* The elements of the rows picked, and where each row's end. */
struct elements {
	uint64_t *ends;
	struct picked picked;
	uint32_t *at; /* what picked.at is, to be freed */
};

/* `before`: elements of the block's earlier rows. */
static void elements_make(struct elements *elements, const struct group *group,
	const struct picked *rows, uint64_t before)
{
	uint64_t n = 0;
	*elements = (struct elements){.ends = xmalloc(((size_t)rows->n + 1) * sizeof(uint64_t))};
	for (uint32_t i = 0; i < rows->n; i++) {
		uint32_t row = pick(rows, i);
		n += group->list_off ? group->list_off[row + 1] - group->list_off[row] : 0;
		elements->ends[i] = before + n;
	}
	elements->picked.n = (uint32_t)n;
	if (!rows->at && group->list_off && rows->n && group->list_off[0] == 0)
		return; /* all of them, as they stand */
	elements->at = xmalloc((n + 1) * sizeof(uint32_t));
	elements->picked.at = elements->at;
	uint32_t *to = elements->at;
	for (uint32_t i = 0; n > 0 && i < rows->n; i++) {
		uint32_t row = pick(rows, i);
		for (uint32_t e = group->list_off[row]; e < group->list_off[row + 1]; e++)
			*to++ = e;
	}
}

void native_match_lists(
	int lists[NATIVE_LISTS], const struct batch_shape *table, const struct batch_shape *shape)
{
	for (uint32_t g = 0; g < NATIVE_LISTS; g++) {
		lists[g] = -1;
		for (uint32_t k = 0; g < table->ngroups && k < shape->ngroups; k++)
			if (strcmp(table->groups[g].name, shape->groups[k].name) == 0)
				lists[g] = (int)k;
	}
}

uint64_t native_null_lists(const int lists[NATIVE_LISTS], const struct batch *batch,
	const struct batch_shape *table, uint32_t row)
{
	uint64_t bits = 0;
	for (uint32_t g = 0; g < table->ngroups && g < NATIVE_LISTS; g++) {
		const struct group *group = lists[g] < 0 ? NULL : &batch->groups[lists[g]];
		if (!group || !group->list_off || bit_get(group->nulls, row))
			bits |= UINT64_C(1) << g;
	}
	return bits;
}

static void write_null_lists(struct buf *out, const struct batch *batch,
	const struct batch_shape *table, const struct picked *rows)
{
	int lists[NATIVE_LISTS];
	native_match_lists(lists, table, batch->shape);
	char *to = buf_reserve(out, (size_t)rows->n * sizeof(uint64_t));
	for (uint32_t i = 0; to && i < rows->n; i++) {
		uint64_t bits = native_null_lists(lists, batch, table, pick(rows, i));
		memcpy(to + i * sizeof(bits), &bits, sizeof(bits));
	}
	if (to)
		out->len += (size_t)rows->n * sizeof(uint64_t);
}

static void write_plain_rows(struct buf *out, const struct batch *batch, const struct picked *rows)
{
	uint8_t *of = plain_rows(batch);
	for (uint32_t i = 0; i < rows->n; i++)
		buf_push(out, (char)of[pick(rows, i)]);
	free(of);
}

/* ---- the block ------------------------------------------------------------------------------- */

void native_columns(struct buf *out, const struct batch_shape *shape)
{
	for (uint32_t c = 0; c < shape->ncolumns; c++) {
		cluster_column_name(out, shape, c);
		buf_push(out, ',');
	}
	buf_puts(out, "`_null_lists`,`_plain`,`_collector`,`_shipment`");
}

/* The name as it stands in a block: without the quotes of SQL. */
static void append_name(struct buf *out, const struct batch_shape *shape, uint32_t column)
{
	const struct column_shape *c = &shape->columns[column];
	if (column == SYS_EVENT_ID) {
		buf_varint_text(out, SLICE("_id"));
	} else if (column == SYS_EVENT_TIME) {
		buf_varint_text(out, SLICE("_time"));
	} else if (c->group == NO_GROUP) {
		buf_varint_text(out, slice_of(c->name));
	} else {
		const struct group_shape *group = &shape->groups[c->group];
		struct slice field = group->bare ? SLICE("") : slice_of(c->name);
		buf_varint(out, strlen(group->name) + (group->bare ? 0 : 1 + field.len));
		buf_puts(out, group->name);
		if (!group->bare)
			buf_push(out, '.');
		buf_slice(out, field);
	}
}

static void append_type(struct buf *out, const struct cluster_features *features,
	const struct batch_shape *shape, uint32_t column)
{
	/* What is LowCardinality there comes as the plain type. */
	struct cluster_features plain = *features;
	struct buf type;
	plain.low_cardinality = false;
	buf_init(&type, 1024);
	cluster_column_type(&type, &plain, shape, column);
	buf_varint_text(out, buf_view(&type));
	buf_fini(&type);
}

/* A part of the block: the rows picked, and per list its elements. */
struct part {
	const struct batch *batch;
	struct picked rows;
	struct elements *lists;
};
struct block {
	const struct batch_shape *shape;
	struct part *parts;
	uint32_t n;
	uint64_t rows;
};

static void write_column(struct buf *out, const struct block *block, uint32_t c)
{
	const struct column_shape *shape = &block->shape->columns[c];
	bool id = c == SYS_EVENT_ID, time = c == SYS_EVENT_TIME, list = shape->group != NO_GROUP;
	for (uint32_t p = 0; p < block->n; p++) {
		const struct part *part = &block->parts[p];
		if (id)
			write_fixed(out, &part->batch->columns[c], false, &part->rows);
		else if (time)
			write_int64(out, &part->batch->columns[c], CLUSTER_NO_TIME, &part->rows);
		else if (list)
			buf_append(out, part->lists[shape->group].ends,
				(size_t)part->rows.n * sizeof(uint64_t));
	}
	for (int values = 0; values < 2 && !id && !time; values++) {
		for (uint32_t p = 0; p < block->n; p++) {
			const struct part *part = &block->parts[p];
			const struct column *col = &part->batch->columns[c];
			const struct picked *picked =
				list ? &part->lists[shape->group].picked : &part->rows;
			if (values)
				write_values(out, col, shape->type, picked);
			else
				write_null_map(out, col, picked);
		}
	}
}

static void block_make(struct block *block, const struct native_part *parts, uint32_t n)
{
	*block = (struct block){.shape = parts[0].batch->shape, .n = n};
	block->parts = xcalloc(n, sizeof(*block->parts));
	for (uint32_t p = 0; p < n; p++) {
		struct part *part = &block->parts[p];
		part->batch = parts[p].batch;
		part->rows = (struct picked){
			parts[p].keep, parts[p].keep ? parts[p].n : parts[p].batch->nrows};
		part->lists = xcalloc(block->shape->ngroups + 1u, sizeof(*part->lists));
		block->rows += part->rows.n;
		for (uint32_t g = 0; g < block->shape->ngroups; g++) {
			uint64_t before = 0;
			for (uint32_t k = 0; k < p; k++)
				before += block->parts[k].lists[g].picked.n;
			elements_make(
				&part->lists[g], &part->batch->groups[g], &part->rows, before);
		}
	}
}

static void block_free(struct block *block)
{
	for (uint32_t p = 0; p < block->n; p++) {
		for (uint32_t g = 0; g < block->shape->ngroups; g++) {
			free(block->parts[p].lists[g].ends);
			free(block->parts[p].lists[g].at);
		}
		free(block->parts[p].lists);
	}
	free(block->parts);
}

void native_write_parts(struct buf *out, const struct cluster_features *features,
	const struct batch_shape *table, const struct native_part *parts, uint32_t nparts,
	struct slice collector, uint64_t shipment)
{
	struct block block;
	block_make(&block, parts, nparts);
	const struct batch_shape *shape = block.shape;
	buf_varint(out, shape->ncolumns + 4u);
	buf_varint(out, block.rows);
	for (uint32_t c = 0; c < shape->ncolumns; c++) {
		append_name(out, shape, c);
		append_type(out, features, shape, c);
		write_column(out, &block, c);
	}
	buf_varint_text(out, SLICE("_null_lists"));
	buf_varint_text(out, SLICE("UInt64"));
	for (uint32_t p = 0; p < nparts; p++)
		write_null_lists(
			out, block.parts[p].batch, table ? table : shape, &block.parts[p].rows);
	buf_varint_text(out, SLICE("_plain"));
	buf_varint_text(out, SLICE("UInt8"));
	for (uint32_t p = 0; p < nparts; p++)
		write_plain_rows(out, block.parts[p].batch, &block.parts[p].rows);
	buf_varint_text(out, SLICE("_collector"));
	buf_varint_text(out, SLICE("String"));
	for (uint64_t i = 0; i < block.rows; i++)
		buf_varint_text(out, collector);
	buf_varint_text(out, SLICE("_shipment"));
	buf_varint_text(out, SLICE("UInt64"));
	for (uint64_t i = 0; i < block.rows; i++)
		buf_append(out, &shipment, sizeof(shipment));
	block_free(&block);
}

void native_write(struct buf *out, const struct cluster_features *features,
	const struct batch *batch, const uint32_t *keep, uint32_t n, struct slice collector,
	uint64_t shipment)
{
	const struct native_part part = {batch, keep, n};
	native_write_parts(out, features, NULL, &part, 1, collector, shipment);
}

/* ---- compressing ----------------------------------------------------------------------------- */

static void put_u32(char *to, uint32_t value)
{
	memcpy(to, &value, sizeof(value));
}

/* One frame: 16 bytes of a checksum that nobody looks at, the method, the compressed size with the nine bytes of its head, the size. */
static int compress_frame(struct buf *out, ZSTD_CCtx *zstd, struct slice part, struct err *err)
{
	size_t room = ZSTD_compressBound(part.len);
	char *to = buf_reserve(out, FRAME_HEAD + room);
	if (!to)
		return err_set(err, ERR_LIMIT, "a block of more than %zu bytes", out->max);
	size_t n = ZSTD_compressCCtx(zstd, to + FRAME_HEAD, room, part.ptr, part.len, LEVEL);
	if (ZSTD_isError(n))
		return err_set(err, ERR_LIMIT, "zstd: %s", ZSTD_getErrorName(n));
	memset(to, 0, 16);
	to[16] = (char)METHOD_ZSTD;
	put_u32(to + 17, (uint32_t)(n + FRAME_SIZES));
	put_u32(to + 21, (uint32_t)part.len);
	out->len += FRAME_HEAD + n;
	return 0;
}

int native_compress(struct buf *out, struct slice blocks, struct err *err)
{
	ZSTD_CCtx *zstd = ZSTD_createCCtx();
	int rc = zstd ? 0 : err_set(err, ERR_LIMIT, "zstd: out of memory");
	for (size_t at = 0; rc == 0 && at < blocks.len; at += FRAME_BYTES) {
		size_t n = blocks.len - at < FRAME_BYTES ? blocks.len - at : FRAME_BYTES;
		rc = compress_frame(out, zstd, (struct slice){blocks.ptr + at, n}, err);
	}
	ZSTD_freeCCtx(zstd);
	return rc;
}
