/* SPDX-License-Identifier: Apache-2.0 */
/* page_read.c: the bytes of a column chunk cut into pages: header, checksum, unpacking. A header is
 * not covered by the page's checksum; so it must be exactly the bytes that we would have written
 * for its values, and all its values are checked against the footer and the page's content. */
#include "parquet/reader.h"

enum { HEADER_MAX = 64 };

void chunk_begin(
	struct chunk_in *in, const struct parquet_reader *reader, uint32_t group, uint32_t column)
{
	*in = (struct chunk_in){.reader = reader,
		.chunk = &reader->groups[group].chunks[column],
		.scratch = scratch_get(),
		.group = group,
		.column = column,
		.nrows = reader->groups[group].nrows,
		.type = reader->shape.columns[column].type,
		.layout = column_layout(&reader->shape, column)};
}

int chunk_load(struct chunk_in *in, uint64_t from, uint64_t to, struct err *err)
{
	const struct chunk *chunk = in->chunk;
	uint64_t bytes = to - from;
	uint8_t *packed = scratch_room(&in->scratch->packed, bytes + SLACK);
	if (io_pread(in->reader->fd, packed, bytes, chunk->offset + from, in->reader->path, err))
		return -1;
	memset(packed + bytes, 0, SLACK);
	in->at = packed;
	in->end = packed + bytes;
	if (chunk->codec == CODEC_ZSTD) {
		in->body = scratch_room(&in->scratch->body, chunk->unpacked + SLACK);
		in->body_end = in->body + chunk->unpacked;
	}
	return 0;
}

static void read_inner(struct thrift_in *in, struct page_header *header)
{
	int field = 0;
	enum thrift_type type;
	while (thrift_next(in, &field, &type)) {
		if (field == 1)
			header->nvalues = (uint32_t)thrift_i32(in, type);
		else if (field == 2)
			header->encoding = (enum encoding)thrift_i32(in, type);
		else
			thrift_skip(in, type);
	}
}

static int read_header(struct chunk_in *in, struct page_header *header)
{
	size_t left = (size_t)(in->end - in->at);
	struct thrift_in t = {in->at, in->at + (left < HEADER_MAX ? left : HEADER_MAX), false};
	int field = 0;
	enum thrift_type type;
	*header = (struct page_header){0};
	while (thrift_next(&t, &field, &type)) {
		if (field == 1)
			header->type = (enum page_type)thrift_i32(&t, type);
		else if (field == 2)
			header->unpacked = (uint32_t)thrift_i32(&t, type);
		else if (field == 3)
			header->packed = (uint32_t)thrift_i32(&t, type);
		else if (field == 4)
			header->crc = (uint32_t)thrift_i32(&t, type);
		else if ((field == 5 || field == 7) && type == THRIFT_STRUCT)
			read_inner(&t, header);
		else
			thrift_skip(&t, type);
	}
	if (t.bad)
		return -1;
	size_t size = (size_t)(t.at - in->at);
	struct buf *same = &in->scratch->words;
	buf_clear(same);
	page_header_put(same, header);
	if (same->len != size || memcmp(same->ptr, in->at, size) != 0)
		return -1;
	in->at = t.at;
	return 0;
}

static int unpack(struct chunk_in *in, const struct page_header *header, const uint8_t **data)
{
	if (in->chunk->codec == CODEC_NONE) {
		*data = in->at;
		return header->packed == header->unpacked ? 0 : -1;
	}
	if (header->unpacked > (size_t)(in->body_end - in->body))
		return -1;
	size_t n = ZSTD_decompressDCtx(
		in->scratch->dctx, in->body, header->unpacked, in->at, header->packed);
	if (ZSTD_isError(n) || n != header->unpacked)
		return -1;
	*data = in->body;
	in->body += n;
	memset(in->body, 0, SLACK); /* the next page overwrites it */
	return 0;
}

int page_head(struct chunk_in *in, struct page_header *header, struct err *err)
{
	if (read_header(in, header))
		return chunk_damaged(in, err, "a page header is ill-formed");
	if (header->packed > (size_t)(in->end - in->at) || header->unpacked > PAGE_BYTES_MAX)
		return chunk_damaged(in, err, "a page is longer than the column");
	return 0;
}

int page_body(struct chunk_in *in, const struct page_header *header, const uint8_t **data,
	struct err *err)
{
	if (!parquet_trust_checksums && crc32_of(0, in->at, header->packed) != header->crc)
		return chunk_damaged(in, err, "a page's checksum does not match");
	if (unpack(in, header, data))
		return chunk_damaged(in, err, "a page does not unpack to its size");
	in->at += header->packed;
	return 0;
}

int page_next(
	struct chunk_in *in, struct page_header *header, const uint8_t **data, struct err *err)
{
	return page_head(in, header, err) || page_body(in, header, data, err) ? -1 : 0;
}

int dictionary_next(struct chunk_in *in, struct err *err)
{
	if (!in->chunk->dictionary)
		return 0;
	struct page_header header;
	const uint8_t *begin = in->at;
	if (page_next(in, &header, &in->dictionary, err))
		return -1;
	if (header.type != PAGE_DICTIONARY || header.encoding != ENC_PLAIN ||
		(uint64_t)(in->at - begin) != in->chunk->dictionary)
		return chunk_damaged(in, err, "its dictionary page is none");
	in->dictionary_len = header.unpacked;
	in->ndictionary = header.nvalues;
	/* The smallest value takes a byte (none of ours does): bounds what is allocated for them. */
	if (header.nvalues > header.unpacked || header.nvalues == CODE_NULL)
		return chunk_damaged(in, err, "its dictionary has too many values");
	return 0;
}
