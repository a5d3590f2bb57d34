/* SPDX-License-Identifier: Apache-2.0 */
/* frame_index.c: index blocks to bytes and back. Every length is checked when they are read. */
#include "base/varint.h"
#include "store/frame_index.h"

#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "store/frame.h"

enum { BLOCK_VERSION = 1, LARGEST_COLUMNS = 64 << 20 };

/* ---- writing --------------------------------------------------------------------------------- */

static uint64_t zigzag(int64_t v)
{
	return (uint64_t)v << 1 ^ (uint64_t)(v >> 63);
}

static uint64_t id_ms(const uint8_t id[16])
{
	uint64_t ms = 0;
	for (int i = 0; i < 6; i++)
		ms = ms << 8 | id[i];
	return ms;
}

static uint8_t *put_runs32(uint8_t *p, const uint32_t *values, uint32_t n)
{
	for (uint32_t i = 0; i < n;) {
		uint32_t run = 1;
		while (i + run < n && values[i + run] == values[i])
			run++;
		p += varint_put(p, run);
		p += varint_put(p, values[i]);
		i += run;
	}
	return p;
}

static uint8_t *put_runs8(uint8_t *p, const uint8_t *values, uint32_t n)
{
	for (uint32_t i = 0; i < n;) {
		uint32_t run = 1;
		while (i + run < n && values[i + run] == values[i])
			run++;
		p += varint_put(p, run);
		p += varint_put(p, values[i]);
		i += run;
	}
	return p;
}

/* Most bytes that a record takes: 5 + (5 + 5) + 10 + (5 + 5) + (5 + 2) + 10. */
enum { MOST_PER_RECORD = 52 };

static uint8_t *put_columns(uint8_t *p, const struct frame_index *index, enum frame_kind kind)
{
	uint64_t expected = 0, ms = 0;
	for (uint32_t i = 0; i < index->n; i++)
		p += varint_put(p, index->lengths[i]);
	for (uint32_t i = 0; i < index->n; i++) {
		p += varint_put(p, zigzag((int64_t)(index->container_offsets[i] - expected)));
		expected = index->container_offsets[i] + index->lengths[i];
	}
	p = put_runs32(p, index->containers, index->n);
	if (kind == FRAME_REJECTS)
		return p;
	p = put_runs32(p, index->copies, index->n);
	p = put_runs8(p, index->flags, index->n);
	for (uint32_t i = 0; i < index->n; i++) {
		uint64_t next = id_ms(index->event_ids[i]);
		p += varint_put(p, zigzag((int64_t)(next - ms)));
		ms = next;
	}
	return p;
}

static void seal(char *block, size_t n)
{
	uint8_t sum[32];
	sha256(block + 8, n - 8, sum);
	memcpy(block, sum, 8);
}

/* zstd level 1 of `columns`, then `rest` bytes: reserved by the caller. */
static void block_append(struct buf *out, struct block_header *header, const uint8_t *columns,
	size_t ncolumns, const uint8_t (*ids)[16], uint32_t nids)
{
	size_t bound = ZSTD_compressBound(ncolumns), rest = (size_t)nids * 10;
	char *p = buf_reserve(out, sizeof(*header) + bound + rest);
	if (!p)
		abort(); /* set-up error: index buffers have no limit */
	char *at = p + sizeof(*header);
	size_t packed = frame_compress_index(at, bound, columns, ncolumns);
	at += packed;
	for (uint32_t i = 0; i < nids; i++, at += 10)
		memcpy(at, ids[i] + 6, 10);
	memcpy(header->magic, "PMIX", 4);
	header->version = BLOCK_VERSION;
	header->packed = (uint32_t)packed;
	header->unpacked = (uint32_t)ncolumns;
	header->rest = (uint32_t)rest;
	memcpy(p, header, sizeof(*header));
	seal(p, (size_t)(at - p));
	out->len += (size_t)(at - p);
}

void block_encode(struct buf *out, const struct frame_index *index, const struct frame_row *row)
{
	struct block_header header = {
		.type = row->kind == FRAME_REJECTS ? BLOCK_REJECTS : BLOCK_RECORDS,
		.records = index->n,
		.stored = row->stored,
		.raw = row->raw,
	};
	memcpy(header.frame_sha256, row->sha256, 32);
	uint8_t *columns = frame_scratch((size_t)index->n * MOST_PER_RECORD);
	size_t n = (size_t)(put_columns(columns, index, row->kind) - columns);
	bool ids = row->kind == FRAME_RECORDS;
	block_append(out, &header, columns, n, ids ? index->event_ids : NULL, ids ? index->n : 0);
}

void block_encode_commit(struct buf *out, const char *table, const char *input, int64_t received_at)
{
	struct block_header header = {.type = BLOCK_COMMIT};
	size_t ntable = strlen(table) + 1, ninput = strlen(input) + 1;
	uint8_t *columns = frame_scratch(ntable + ninput + 10);
	memcpy(columns, table, ntable);
	memcpy(columns + ntable, input, ninput);
	uint8_t *end = columns + ntable + ninput;
	end += varint_put(end, zigzag(received_at));
	block_append(out, &header, columns, (size_t)(end - columns), NULL, 0);
}

/* ---- reading --------------------------------------------------------------------------------- */

struct cursor {
	const uint8_t *at, *end;
	bool bad;
};

static uint64_t get(struct cursor *c)
{
	uint64_t v = 0;
	for (unsigned shift = 0; shift < 64 && c->at < c->end; shift += 7) {
		uint8_t byte = *c->at++;
		v |= (uint64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80))
			return v;
	}
	c->bad = true;
	return 0;
}

static int64_t unzigzag(uint64_t v)
{
	return (int64_t)(v >> 1 ^ (0 - (v & 1)));
}

/* One run of equal values; false at the end of n, or where the block is bad. */
static bool get_run(struct cursor *c, uint32_t left, uint64_t most, uint64_t *run, uint64_t *value)
{
	if (left == 0 || c->bad)
		return false;
	*run = get(c);
	*value = get(c);
	if (*run == 0 || *run > left || *value > most)
		c->bad = true;
	return !c->bad;
}

static void get_runs32(struct cursor *c, uint32_t n, uint32_t *values)
{
	uint64_t run, value;
	for (uint32_t i = 0; get_run(c, n - i, UINT32_MAX, &run, &value);) {
		for (uint64_t j = 0; j < run; j++)
			values[i++] = (uint32_t)value;
	}
}

static void get_runs8(struct cursor *c, uint32_t n, uint8_t *values)
{
	uint64_t run, value;
	for (uint32_t i = 0; get_run(c, n - i, UINT8_MAX, &run, &value); i += (uint32_t)run)
		memset(values + i, (int)value, run);
}

/* Places in the frame follow from the lengths: records are joined by one byte. */
static void get_places(struct cursor *c, struct frame_index *index, uint32_t raw)
{
	uint64_t at = 0, expected = 0;
	for (uint32_t i = 0; i < index->n && !c->bad; i++) {
		uint64_t length = get(c);
		index->offsets[i] = (uint32_t)at;
		index->lengths[i] = (uint32_t)length;
		at += length + 1;
		if (length > raw || at - 1 > raw)
			c->bad = true;
	}
	if (index->n && at - 1 != raw)
		c->bad = true;
	for (uint32_t i = 0; i < index->n && !c->bad; i++) {
		index->container_offsets[i] = expected + (uint64_t)unzigzag(get(c));
		expected = index->container_offsets[i] + index->lengths[i];
	}
}

static void get_ids(struct cursor *c, struct frame_index *index, const uint8_t *rest)
{
	uint64_t ms = 0;
	for (uint32_t i = 0; i < index->n && !c->bad; i++) {
		ms += (uint64_t)unzigzag(get(c));
		for (int b = 0; b < 6; b++)
			index->event_ids[i][b] = (uint8_t)(ms >> (40 - 8 * b));
		memcpy(index->event_ids[i] + 6, rest + (size_t)i * 10, 10);
	}
}

static bool decode_columns(struct slice columns, const struct block_header *header,
	const uint8_t *rest, struct arena *mem, struct frame_index *index)
{
	struct cursor c = {
		(const uint8_t *)columns.ptr, (const uint8_t *)columns.ptr + columns.len, false};
	uint32_t n = header->records;
	*index = (struct frame_index){.n = n};
	index->offsets = arena_zalloc(mem, n, sizeof(*index->offsets));
	index->lengths = arena_zalloc(mem, n, sizeof(*index->lengths));
	index->containers = arena_zalloc(mem, n, sizeof(*index->containers));
	index->container_offsets = arena_zalloc(mem, n, sizeof(*index->container_offsets));
	index->copies = arena_zalloc(mem, n, sizeof(*index->copies));
	index->flags = arena_zalloc(mem, n, sizeof(*index->flags));
	index->event_ids = arena_zalloc(mem, n, sizeof(*index->event_ids));
	get_places(&c, index, header->raw);
	/* Rejects had no containers at first. */
	if (header->type == BLOCK_RECORDS || c.at != c.end)
		get_runs32(&c, n, index->containers);
	if (header->type == BLOCK_RECORDS) {
		get_runs32(&c, n, index->copies);
		get_runs8(&c, n, index->flags);
		get_ids(&c, index, rest);
	}
	return !c.bad && c.at == c.end;
}

static bool header_fits(const struct block_header *header, const struct frame_row *row)
{
	uint8_t type = row->kind == FRAME_REJECTS ? BLOCK_REJECTS : BLOCK_RECORDS;
	uint64_t ids = type == BLOCK_RECORDS ? (uint64_t)header->records * 10 : 0;
	return header->version == BLOCK_VERSION && header->type == type &&
	       header->records == row->records && header->stored == row->stored &&
	       header->raw == row->raw && memcmp(header->frame_sha256, row->sha256, 32) == 0 &&
	       header->unpacked <= LARGEST_COLUMNS && header->rest == ids &&
	       header->records <= header->unpacked;
}

uint64_t block_bytes(const struct block_header *header)
{
	return sizeof(*header) + (uint64_t)header->packed + header->rest;
}

bool block_is_sound(struct slice block)
{
	struct block_header header;
	uint8_t sum[32];
	if (block.len < sizeof(header))
		return false;
	memcpy(&header, block.ptr, sizeof(header));
	sha256(block.ptr + 8, block.len - 8, sum);
	return memcmp(sum, header.check, 8) == 0 && memcmp(header.magic, "PMIX", 4) == 0 &&
	       block.len == block_bytes(&header);
}

int block_decode(struct slice block, const struct frame_row *row, const char *path,
	struct arena *mem, struct frame_index *index, struct err *err)
{
	struct block_header header;
	if (!block_is_sound(block))
		goto damaged;
	memcpy(&header, block.ptr, sizeof(header));
	if (!header_fits(&header, row))
		goto damaged;
	char *columns = arena_alloc(mem, header.unpacked);
	const char *packed = block.ptr + sizeof(header);
	if (!frame_decompress(columns, header.unpacked, packed, header.packed) ||
		!decode_columns((struct slice){columns, header.unpacked}, &header,
			(const uint8_t *)packed + header.packed, mem, index))
		goto damaged;
	return 0;
damaged:
	return err_set(err, ERR_DAMAGED,
		"%s: the index of frame %u is damaged: restore the file from a backup", path,
		row->frame);
}
