/* SPDX-License-Identifier: Apache-2.0 */
/* footer_read.c: a footer's row groups and metadata. Beside the checksum, every offset and size is
 * checked: chunks must lie one behind the other from the magic to the footer, so no byte of a file
 * is out of sight. */
#include "parquet/reader.h"

bool parquet_trust_checksums;

/* zstd's best: a block of 128 KiB from 4 bytes. */
#define LARGEST_RATIO 32768u

static void read_bound(struct thrift_in *in, enum thrift_type type, struct slice *bound, int *seen)
{
	*bound = thrift_bytes(in, type);
	*seen += 1;
}

static void read_statistics(struct thrift_in *in, struct chunk *chunk)
{
	int field = 0, bounds = 0;
	enum thrift_type type;
	int64_t nulls = -1;
	while (thrift_next(in, &field, &type)) {
		if (field == 3)
			nulls = thrift_i64(in, type);
		else if (field == 5)
			read_bound(in, type, &chunk->max, &bounds);
		else if (field == 6)
			read_bound(in, type, &chunk->min, &bounds);
		else
			thrift_skip(in, type);
	}
	in->bad |= nulls < 0;
	chunk->nulls = (uint64_t)nulls;
	chunk->has_range = bounds == 2;
}

/* What ColumnMetaData says beside what goes into struct chunk. */
struct chunk_meta {
	int physical, codec, encoding;
	int64_t nvalues, unpacked, bytes, data_at, dictionary_at;
};

/* The last one is that of the data pages. */
static int read_encodings(struct thrift_in *in, enum thrift_type type)
{
	int last = -1;
	for (uint32_t n = thrift_list(in, type, THRIFT_I32); n > 0 && !in->bad; n--)
		last = thrift_i32(in, THRIFT_I32);
	return last;
}

/* Numbers may be delta-coded; a dictionary has codes, and nothing else has. */
static bool encoding_fits(const struct chunk_meta *m)
{
	if (m->dictionary_at >= 0)
		return m->encoding == ENC_RLE_DICTIONARY;
	return m->encoding == ENC_PLAIN ||
	       (m->encoding == ENC_DELTA &&
		       (m->physical == PHYS_INT64 || m->physical == PHYS_INT32));
}

static void read_meta(struct thrift_in *in, struct chunk_meta *m, struct chunk *chunk)
{
	int field = 0;
	enum thrift_type type;
	while (thrift_next(in, &field, &type)) {
		switch (field) {
		case 1:
			m->physical = thrift_i32(in, type);
			break;
		case 2:
			m->encoding = read_encodings(in, type);
			break;
		case 4:
			m->codec = thrift_i32(in, type);
			break;
		case 5:
			m->nvalues = thrift_i64(in, type);
			break;
		case 6:
			m->unpacked = thrift_i64(in, type);
			break;
		case 7:
			m->bytes = thrift_i64(in, type);
			break;
		case 9:
			m->data_at = thrift_i64(in, type);
			break;
		case 11:
			m->dictionary_at = thrift_i64(in, type);
			break;
		case 12:
			thrift_struct(in, type);
			read_statistics(in, chunk);
			break;
		default:
			thrift_skip(in, type);
		}
	}
}

static bool bounds_fit(const struct chunk *chunk, enum physical physical)
{
	size_t size = physical == PHYS_INT64     ? 8
		      : physical == PHYS_INT32   ? 4
		      : physical == PHYS_BOOLEAN ? 1
						 : 16;
	if (!chunk->has_range)
		return true;
	if (physical == PHYS_BYTE_ARRAY)
		return chunk->min.len <= BOUND_BYTES_MAX && chunk->max.len <= BOUND_BYTES_MAX;
	return chunk->min.len == size && chunk->max.len == size;
}

/* `at` is where the chunk has to begin. */
static int check_chunk(struct parquet_reader *r, uint32_t column, const struct chunk_meta *m,
	struct chunk *chunk, uint64_t at, uint64_t nrows)
{
	struct layout layout = column_layout(&r->shape, column);
	uint64_t begin = (uint64_t)(m->dictionary_at >= 0 ? m->dictionary_at : m->data_at);
	uint64_t end = r->size - r->footer_size - MAGIC_SIZE - 4;
	if (m->physical != (int)layout.physical ||
		(m->codec != CODEC_NONE && m->codec != CODEC_ZSTD) || !encoding_fits(m))
		return -1;
	if (begin != at || m->bytes <= 0 || (uint64_t)m->bytes > end - at || m->data_at < 0)
		return -1;
	chunk->dictionary = (uint64_t)m->data_at - begin;
	if ((uint64_t)m->data_at < begin || chunk->dictionary >= (uint64_t)m->bytes ||
		(chunk->dictionary > 0) != (m->dictionary_at >= 0))
		return -1;
	if (m->nvalues < 0 || (uint64_t)m->nvalues > CHUNK_VALUES_MAX ||
		chunk->nulls > (uint64_t)m->nvalues || (uint64_t)m->nvalues < nrows ||
		(!layout.max_rep && (uint64_t)m->nvalues != nrows))
		return -1;
	if (m->unpacked < 0 || (uint64_t)m->unpacked / LARGEST_RATIO > (uint64_t)m->bytes)
		return -1;
	chunk->offset = begin;
	chunk->bytes = (uint64_t)m->bytes;
	chunk->unpacked = (uint64_t)m->unpacked;
	chunk->nvalues = (uint64_t)m->nvalues;
	chunk->codec = (enum codec)m->codec;
	chunk->encoding = (enum encoding)m->encoding;
	return bounds_fit(chunk, layout.physical) ? 0 : -1;
}

static void read_chunk(struct thrift_in *in, struct chunk_meta *m, struct chunk *chunk)
{
	int field = 0;
	enum thrift_type type;
	*m = (struct chunk_meta){-1, -1, -1, -1, -1, -1, -1, -1};
	*chunk = (struct chunk){0};
	while (thrift_next(in, &field, &type)) {
		if (field == 3) {
			thrift_struct(in, type);
			read_meta(in, m, chunk);
		} else {
			thrift_skip(in, type);
		}
	}
}

/* The chunks of a row group come before its number of rows; they are checked when both are
 * known. */
static int read_group(
	struct parquet_reader *r, struct thrift_in *in, struct file_group *group, uint64_t *at)
{
	int field = 0;
	enum thrift_type type;
	int64_t nrows = -1;
	uint32_t n = 0, ncolumns = r->shape.ncolumns;
	struct chunk_meta metas[LIMIT_COLUMNS];
	while (thrift_next(in, &field, &type)) {
		if (field == 1) {
			n = thrift_list(in, type, THRIFT_STRUCT);
			if (n != ncolumns || group->chunks)
				return -1;
			group->chunks = arena_zalloc(&r->mem, n, sizeof(*group->chunks));
			for (uint32_t c = 0; c < n && !in->bad; c++)
				read_chunk(in, &metas[c], &group->chunks[c]);
			if (in->bad)
				return -1;
		} else if (field == 3) {
			nrows = thrift_i64(in, type);
		} else {
			thrift_skip(in, type);
		}
	}
	if (in->bad || n != ncolumns || nrows < 0 || nrows > LIMIT_BATCH_ROWS)
		return -1;
	group->nrows = (uint32_t)nrows;
	for (uint32_t c = 0; c < n; c++) {
		struct chunk *chunk = &group->chunks[c];
		if (check_chunk(r, c, &metas[c], chunk, *at, group->nrows))
			return -1;
		*at += chunk->bytes;
	}
	r->rows += group->nrows;
	return 0;
}

static int read_groups(
	struct parquet_reader *r, struct thrift_in *in, enum thrift_type type, struct err *err)
{
	uint64_t at = MAGIC_SIZE;
	r->ngroups = thrift_list(in, type, THRIFT_STRUCT);
	/* A chunk takes far more than 8 bytes: bounds what is allocated for a hostile number. */
	if (r->ngroups > r->footer_size / 8 / (r->shape.ncolumns + 1))
		return damaged(r, err, "its footer cannot hold %u row groups", r->ngroups);
	r->groups = arena_zalloc(&r->mem, r->ngroups, sizeof(*r->groups));
	for (uint32_t g = 0; g < r->ngroups; g++) {
		if (read_group(r, in, &r->groups[g], &at))
			return damaged(r, err, "the footer's row group %u is ill-formed", g);
	}
	if (at != r->size - r->footer_size - MAGIC_SIZE - 4)
		return damaged(r, err, "its row groups do not fill the file");
	return 0;
}

static void read_pairs(struct parquet_reader *r, struct thrift_in *in, enum thrift_type type)
{
	r->npairs = thrift_list(in, type, THRIFT_STRUCT);
	r->pairs = arena_zalloc(&r->mem, r->npairs, sizeof(*r->pairs));
	for (uint32_t i = 0; i < r->npairs && !in->bad; i++) {
		int field = 0;
		while (thrift_next(in, &field, &type)) {
			if (field == 1)
				r->pairs[i].key = thrift_bytes(in, type);
			else if (field == 2)
				r->pairs[i].value = thrift_bytes(in, type);
			else
				thrift_skip(in, type);
		}
	}
}

/* The checksum stands in the last pair. */
static int check_sum(struct parquet_reader *r, struct err *err)
{
	char want[FOOTER_VALUE_SIZE], got[FOOTER_VALUE_SIZE];
	struct metadata_pair *last = r->npairs ? &r->pairs[r->npairs - 1] : NULL;
	if (!last || !slice_eq(last->key, SLICE(FOOTER_KEY)) || last->value.len != sizeof(want))
		return damaged(r, err, "no checksum in its footer: not a file of pugmark's");
	char *value = r->footer + (last->value.ptr - r->footer);
	memcpy(want, value, sizeof(want));
	memset(value, '0', sizeof(want));
	footer_checksum(r->footer, r->footer_size, got);
	memcpy(value, want, sizeof(want));
	if (memcmp(want, got, sizeof(want)) != 0 && !parquet_trust_checksums)
		return damaged(r, err, "its footer's checksum does not match");
	return 0;
}

static int read_fields(
	struct parquet_reader *r, struct thrift_in *in, int64_t *rows, struct err *err)
{
	int field = 0;
	enum thrift_type type;
	while (thrift_next(in, &field, &type)) {
		if (field == 2 && !r->shape.columns) {
			if (shape_read(r, in, type, err))
				return -1;
		} else if (field == 3) {
			*rows = thrift_i64(in, type);
		} else if (field == 4 && r->shape.columns && !r->groups) {
			if (read_groups(r, in, type, err))
				return -1;
		} else if (field == 5 && !r->pairs) {
			read_pairs(r, in, type);
		} else {
			thrift_skip(in, type);
		}
	}
	if (in->bad || in->at != in->end)
		return damaged(r, err, "its footer is cut or overwritten");
	return 0;
}

/* A number that is none, or 0, says nothing. */
static void read_page_rows(struct parquet_reader *r)
{
	struct slice text = parquet_value(r, PAGE_ROWS_KEY);
	uint32_t n = 0;
	if (text.len > 5)
		return;
	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] < '0' || text.ptr[i] > '9')
			return;
		n = n * 10 + (uint32_t)(text.ptr[i] - '0');
	}
	r->page_rows = n;
}

/* The checksum stands at the footer's end, so all before it is read before it can be believed;
 * nothing of that is used before the checksum has matched. */
int footer_read(struct parquet_reader *reader, struct err *err)
{
	const uint8_t *begin = (const uint8_t *)reader->footer;
	struct thrift_in in = {begin, begin + reader->footer_size, false};
	int64_t rows = -1;
	if (read_fields(reader, &in, &rows, err) || check_sum(reader, err))
		return -1;
	if (!reader->groups || rows < 0 || (uint64_t)rows != reader->rows)
		return damaged(reader, err, "its footer is ill-formed");
	read_page_rows(reader);
	return 0;
}
