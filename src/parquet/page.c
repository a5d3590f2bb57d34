/* SPDX-License-Identifier: Apache-2.0 */
/*
 * page.c: pages packed and framed. The codec holds for a whole column chunk, so a page that zstd
 * cannot shrink is put into a zstd frame of raw blocks (RFC 8878, 3.1.1), which costs a copy; a
 * chunk where no page shrinks is stored without compression. Whether a large page shrinks is tried
 * on a sample: random ids would else cost more time than all other columns together.
 */
#include "parquet/private.h"

#include <stdio.h>
#include <stdlib.h>

enum {
	SMALLEST = 64,          /* bytes below which zstd is not tried */
	SAMPLE_FROM = 32 << 10, /* larger pages are sampled first */
	SAMPLE = 8 << 10,
	RAW_BLOCK = 128 << 10 /* RFC 8878: the largest block */
};

/* Packed bytes must be fewer than this to be worth unpacking: 15/16 of dictionaries and codes, which
 * often shrink far more; 3/4 of values by themselves: ids and times would lose 12 % and 6 %, and
 * take three times as long to read. */
static size_t worth(size_t n, const struct page_part *part)
{
	return n - n / (part->dictionary || part->encoding == ENC_RLE_DICTIONARY ? 16 : 4);
}

static void set_level(struct scratch *scratch, int level)
{
	if (scratch->level == level)
		return;
	ZSTD_CCtx_setParameter(scratch->cctx, ZSTD_c_compressionLevel, level);
	scratch->level = level;
}

static size_t squeeze(struct scratch *scratch, const char *data, size_t n)
{
	size_t bound = ZSTD_compressBound(n);
	char *to = scratch_room(&scratch->packed, bound);
	size_t got = ZSTD_compress2(scratch->cctx, to, bound, data, n);
	return ZSTD_isError(got) ? SIZE_MAX : got;
}

static bool sample_shrinks(struct scratch *scratch, const struct page_part *part)
{
	const char *data = scratch->body.ptr + part->off;
	size_t n = part->len;
	if (n < SAMPLE_FROM)
		return n >= SMALLEST;
	return squeeze(scratch, data + n / 2, SAMPLE) < worth(SAMPLE, part);
}

/* A zstd frame of raw blocks: magic, one segment with its size in 8 bytes, blocks. */
static void store(struct buf *packed, const char *data, size_t n)
{
	size_t blocks = n / RAW_BLOCK + 1;
	uint8_t *p = scratch_room(packed, n + 13 + 3 * blocks), *begin = p;
	memcpy(p, "\x28\xb5\x2f\xfd\xe0", 5);
	uint64_t size = n;
	memcpy(p + 5, &size, 8);
	p += 13;
	do {
		size_t take = n < RAW_BLOCK ? n : RAW_BLOCK;
		uint32_t header = (uint32_t)take << 3 | (take == n ? 1 : 0);
		memcpy(p, &header, 3);
		if (take)
			memcpy(p + 3, data, take);
		p += 3 + take;
		data += take;
		n -= take;
	} while (n > 0);
	packed->len = (size_t)(p - begin);
}

void page_header_put(struct buf *out, const struct page_header *header)
{
	int last = 0, inner = 0;
	thrift_put_i32(out, &last, 1, header->type);
	thrift_put_i32(out, &last, 2, (int32_t)header->unpacked);
	thrift_put_i32(out, &last, 3, (int32_t)header->packed);
	thrift_put_i32(out, &last, 4, (int32_t)header->crc);
	thrift_put_struct(out, &last, header->type == PAGE_DATA ? 5 : 7);
	thrift_put_i32(out, &inner, 1, (int32_t)header->nvalues);
	thrift_put_i32(out, &inner, 2, header->encoding);
	if (header->type == PAGE_DATA) {
		thrift_put_i32(out, &inner, 3, ENC_RLE);
		thrift_put_i32(out, &inner, 4, ENC_RLE);
	}
	thrift_put_stop(out);
	thrift_put_stop(out);
}

/* Packs one page into scratch->packed (codec zstd) and says what its bytes are. */
static struct slice pack_page(struct scratch *scratch, const struct page_part *part, bool shrinks)
{
	const char *data = scratch->body.ptr + part->off;
	if (shrinks) {
		size_t n = squeeze(scratch, data, part->len);
		if (n < worth(part->len, part))
			return (struct slice){scratch->packed.ptr, n};
	}
	store(&scratch->packed, data, part->len);
	return buf_view(&scratch->packed);
}

static void emit_page(struct scratch *scratch, const struct page_part *part, bool shrinks,
	struct buf *out, struct chunk *chunk)
{
	if (part->len > PAGE_BYTES_MAX) {
		fprintf(stderr, "pugmark: bug: a Parquet page of %zu bytes\n", part->len);
		abort();
	}
	struct slice bytes = {scratch->body.ptr + part->off, part->len};
	if (chunk->codec == CODEC_ZSTD)
		bytes = pack_page(scratch, part, shrinks);
	struct page_header header = {.type = part->dictionary ? PAGE_DICTIONARY : PAGE_DATA,
		.unpacked = (uint32_t)part->len,
		.packed = (uint32_t)bytes.len,
		.crc = crc32_of(0, bytes.ptr, bytes.len),
		.nvalues = part->nvalues,
		.encoding = part->encoding};
	size_t begin = out->len;
	page_header_put(out, &header);
	chunk->unpacked += out->len - begin + part->len;
	buf_slice(out, bytes);
	chunk->bytes += out->len - begin;
	if (part->dictionary)
		chunk->dictionary = out->len - begin;
	else
		chunk->nvalues += part->nvalues;
}

void pages_emit(struct scratch *scratch, int level, struct buf *out, struct chunk *chunk)
{
	const struct page_part *parts = (const struct page_part *)(void *)scratch->pages.ptr;
	size_t n = scratch->pages.len / sizeof(*parts);
	/* The dictionary and the codes of its values shrink or do not, each by itself. */
	bool shrinks[2] = {false, false}, tried[2] = {false, false};
	set_level(scratch, level);
	for (size_t i = 0; i < n; i++) {
		bool kind = parts[i].dictionary;
		if (!tried[kind])
			shrinks[kind] = sample_shrinks(scratch, &parts[i]);
		tried[kind] = true;
	}
	chunk->offset = out->len;
	chunk->codec = shrinks[0] || shrinks[1] ? CODEC_ZSTD : CODEC_NONE;
	for (size_t i = 0; i < n; i++)
		emit_page(scratch, &parts[i], shrinks[parts[i].dictionary], out, chunk);
}
