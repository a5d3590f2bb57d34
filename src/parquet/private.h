/* SPDX-License-Identifier: Apache-2.0 */
/*
 * private.h: what the files of parquet/ share. Numbers are those of the format's parquet.thrift
 * (github.com/apache/parquet-format). Everything is little-endian, as the machines we build for.
 */
#ifndef PARQUET_PRIVATE_H
#define PARQUET_PRIVATE_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <zstd.h>

#include "base/base.h"
#include "batch/batch.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "Parquet is little-endian, so are we");

enum physical {
	PHYS_BOOLEAN = 0,
	PHYS_INT32 = 1,
	PHYS_INT64 = 2,
	PHYS_BYTE_ARRAY = 6,
	PHYS_FIXED = 7 /* FIXED_LEN_BYTE_ARRAY; ours are of 16 bytes */
};
enum encoding { ENC_PLAIN = 0, ENC_RLE = 3, ENC_DELTA = 5, ENC_RLE_DICTIONARY = 8 };
enum codec { CODEC_NONE = 0, CODEC_ZSTD = 6 };
enum page_type { PAGE_DATA = 0, PAGE_DICTIONARY = 2 };
enum converted_type {
	CONVERTED_UTF8 = 0,
	CONVERTED_LIST = 3,
	CONVERTED_TIMESTAMP_MICROS = 10,
	CONVERTED_JSON = 19
};
/* Field numbers of the union LogicalType. */
enum logical_type {
	LOGICAL_STRING = 1,
	LOGICAL_LIST = 3,
	LOGICAL_TIMESTAMP = 8,
	LOGICAL_JSON = 12,
	LOGICAL_UUID = 14
};
enum repetition { REQUIRED = 0, OPTIONAL = 1, REPEATED = 2 };

/* A dictionary page of more bytes is not made; the column is written plain instead. */
#define DICTIONARY_BYTES_MAX ((size_t)64 << 20)
/* A page's values are split where they reach this size (at a row's end). */
#define PAGE_BYTES ((size_t)1 << 20)
/* The same for values of a list, counted. */
#define PAGE_SLOTS 131072u
/* No page of ours is larger, unpacked; a header that says so is damaged. One row's values may be
 * longer than PAGE_BYTES, but they come from one record. */
#define PAGE_BYTES_MAX ((size_t)1 << 30)
/* Values (and empty lists) of one column of a row group. */
#define CHUNK_VALUES_MAX (UINT64_C(1) << 26)
/* Strings longer than this are no bounds in statistics. */
#define BOUND_BYTES_MAX 64
/* Bytes after a page's values that may be read but are not looked at (unpacking reads words). */
#define SLACK 16

#define MAGIC      "PAR1"
#define MAGIC_SIZE 4u
/* Metadata key whose value is the SHA-256, in hex, of the footer with that value as zeros. */
#define FOOTER_KEY        "pugmark.footer"
#define FOOTER_VALUE_SIZE 64u

/* ---- layout.c: how a column of a batch lies in Parquet ---- */

struct layout {
	enum physical physical;
	unsigned max_def, max_rep; /* highest definition and repetition level */
	unsigned element_def;      /* lists: from this definition level on there is an element */
};
struct layout column_layout(const struct batch_shape *shape, uint32_t column);
/* Bits that hold 0 … max. */
unsigned bits_for(uint32_t max);

/* So that some rows can be read without the others, a column of many rows is cut into pages of equal
 * numbers of them, about so many each (a list's elements lie in the page of their row); the footer's
 * metadata has the number. A column may be cut otherwise: then the number of its pages differs. */
#define PAGE_ROWS_KEY "pugmark.page_rows"
extern uint32_t parquet_page_rows; /* 16,384; fewer for tests */
/* Rows of each page but the last, of a row group of `nrows`: nrows itself where it is not cut. */
uint32_t rows_of_page(uint32_t nrows, uint32_t page_rows);

/* ---- thrift.c: the compact protocol ---- */

enum thrift_type {
	THRIFT_TRUE = 1,
	THRIFT_FALSE = 2,
	THRIFT_I8 = 3,
	THRIFT_I16 = 4,
	THRIFT_I32 = 5,
	THRIFT_I64 = 6,
	THRIFT_DOUBLE = 7,
	THRIFT_BINARY = 8,
	THRIFT_LIST = 9,
	THRIFT_SET = 10,
	THRIFT_MAP = 11,
	THRIFT_STRUCT = 12
};

/* Writing: `last` is the last field's number of the struct being written, 0 at its begin. */
void thrift_put_i32(struct buf *out, int *last, int field, int32_t value);
void thrift_put_i64(struct buf *out, int *last, int field, int64_t value);
void thrift_put_bool(struct buf *out, int *last, int field, bool value);
void thrift_put_i16(struct buf *out, int *last, int field, int16_t value);
void thrift_put_bytes(struct buf *out, int *last, int field, struct slice value);
/* The struct's fields follow, then thrift_put_stop. */
void thrift_put_struct(struct buf *out, int *last, int field);
void thrift_put_stop(struct buf *out);
/* `n` elements follow, written by themselves (structs without a field header; or these two). */
void thrift_put_list(struct buf *out, int *last, int field, enum thrift_type type, uint32_t n);
void thrift_put_element_i32(struct buf *out, int32_t value);
void thrift_put_element_bytes(struct buf *out, struct slice value);

/* Reading: thrift_in.h. */

/* ---- crc.c ---- */

/* CRC-32 as gzip has it (polynomial 0x04C11DB7 reflected): the format's page checksum. Start with
 * crc = 0; parts may be chained. */
uint32_t crc32_of(uint32_t crc, const void *data, size_t n);
/* The same without special instructions; for tests. */
uint32_t crc32_portable(uint32_t crc, const void *data, size_t n);

/* ---- cpu.c: what the processor can do ---- */

bool cpu_has_avx2(void); /* and BMI1, BMI2, POPCNT */
/* For tests: the portable code from now on, or again what the processor can do. */
void cpu_portable(bool portable);

/* ---- bits.c, unbits.c, planes.c: the RLE/bit-packed hybrid ---- */

/* Appends `n` values of `width` (1–32) bits. */
void hybrid_write(struct buf *out, const uint32_t *values, size_t n, unsigned width);
/* Appends `n` values of 1 bit; bits past n in the last word are ignored. */
void hybrid_write_bits(struct buf *out, const uint64_t *bits, size_t n);
/* Reads exactly `n` values that take exactly `len` bytes; `data` must have SLACK bytes behind it.
 * 0, or -1 where the bytes are no such thing. *max gets the largest value (0 for none). */
int hybrid_read(
	const uint8_t *data, size_t len, unsigned width, uint32_t *values, size_t n, uint32_t *max);
/* The same for 1 bit, into `bits` from bit `from` on (bits there must be 0, with a word to spare
 * behind the last). *ones gets how many are 1. */
int hybrid_read_bits(
	const uint8_t *data, size_t len, uint64_t *bits, size_t from, size_t n, size_t *ones);
/* The runs one by one. *packed tells the kind, *n how many values it stands for (packed: with
 * padding); `left` is how many are still to come. What follows is run / 8 × width bytes, or the one
 * value of a run of equal ones. */
struct hybrid_in {
	const uint8_t *at, *end;
};
int hybrid_run(struct hybrid_in *in, bool *packed, uint64_t *n, size_t left);
int hybrid_value(struct hybrid_in *in, unsigned width, uint32_t *value);
/* The same for a width of 1 to 3, as bits: bit i of planes[b] is bit b of value i (bits there must
 * be 0, with a word to spare). */
int hybrid_read_planes(
	const uint8_t *data, size_t len, unsigned width, uint64_t *const *planes, size_t n);
/* How many of the bits [from, to) are 1; NULL = all are. */
uint32_t bits_count(const uint64_t *bits, uint32_t from, uint32_t to);
/* Sets n bits from bit `from` on. */
void bits_set(uint64_t *bits, size_t from, size_t n);
/* The packed parts alone: n is a multiple of 32 when packing; width may be 0 then. */
void bits_pack(const uint32_t *values, size_t n, uint8_t *out, unsigned width);
/* Returns the largest value. */
uint32_t bits_unpack(const uint8_t *in, uint32_t *values, size_t n, unsigned width);
/* Copies n bits from bit `from` of src to the begin of dst; the last word's rest is 0. */
void bits_slice(uint64_t *dst, const uint64_t *src, size_t from, size_t n);

/* ---- delta.c: DELTA_BINARY_PACKED ---- */

/* Appends n numbers; false (and nothing appended) where that takes more than `most` bytes or a
 * difference is wider than 32 bits. */
bool delta_write(struct buf *out, const int64_t *ints, size_t n, size_t most);
/* Reads exactly n numbers that take exactly `len` bytes (SLACK behind them). 0 or -1. */
int delta_read(const uint8_t *data, size_t len, int64_t *ints, size_t n);

/* ---- scratch.c: memory and zstd contexts that a thread keeps ---- */

/* Levels that scratch->list_levels holds: those of rows of a list for columns without nulls. One for
 * each page of the largest row group. */
enum { LEVEL_CACHES = 4 };
struct level_cache {
	const struct group *group;
	unsigned max_def;
	uint32_t row, row_end;
	uint32_t n;         /* levels */
	size_t off, len;    /* their bytes */
	size_t repetitions; /* bytes of the repetition levels, which come first */
};

struct scratch {
	ZSTD_CCtx *cctx;
	ZSTD_DCtx *dctx;
	int level;         /* that cctx is set to; INT32_MIN = none */
	struct buf body;   /* pages of a column, unpacked */
	struct buf pages;  /* struct page_part[] or struct page_view[] */
	struct buf packed; /* one page, packed */
	struct buf valid, codes, ints, levels, table, words;
	struct buf list_levels;
	struct level_cache caches[LEVEL_CACHES]; /* to be forgotten before another batch */
	unsigned ncaches;
};
/* The calling thread's; freed when the thread ends. */
struct scratch *scratch_get(void);
/* Gives back what one unusual column made large. */
void scratch_trim(struct scratch *scratch);
/* `size` bytes in a scratch buffer, aligned to 16; what was there is forgotten. */
void *scratch_room(struct buf *buf, size_t size);

/* ---- encode.c … writer.c ---- */

/* A column chunk as the footer describes it. */
struct chunk {
	uint64_t offset;     /* of its first byte: in the group's bytes, or in the file */
	uint64_t dictionary; /* bytes of its dictionary page with header; 0 = none */
	uint64_t bytes;      /* of all pages with headers, in the file */
	uint64_t unpacked;   /* of the same without compression */
	uint64_t nvalues;    /* nulls and empty lists counted */
	uint64_t nulls;      /* values that are not there: null, or no element at all */
	enum codec codec;
	enum encoding encoding; /* of its data pages */
	bool has_range;
	struct slice min, max; /* as plain-encoded values without length */
};

struct parquet_group {
	uint32_t nrows, ncolumns;
	struct chunk *chunks;
	struct buf bytes;
	struct arena mem; /* chunks and their bounds */
};

/* A page that is to be written: a part of scratch->body. */
struct page_part {
	size_t off, len;
	uint32_t nvalues;
	bool dictionary;
	enum encoding encoding;
};

/* dense.c: `valid` has a bit per value, 1 = there; NULL = all are. What is returned lies in the
 * scratch, or is what was given where there are no nulls. */
const uint64_t *valid_of_codes(struct scratch *scratch, const uint32_t *codes, uint32_t n);
const uint64_t *valid_of_nulls(struct scratch *scratch, const uint64_t *nulls, uint32_t n);
uint32_t count_valid(const uint64_t *valid, uint32_t n);
const uint32_t *dense_codes(
	struct scratch *scratch, const uint32_t *codes, const uint64_t *valid, uint32_t n);
const int64_t *dense_ints(
	struct scratch *scratch, const int64_t *ints, const uint64_t *valid, uint32_t n);
const uint8_t *dense_bools(
	struct scratch *scratch, const uint8_t *bools, const uint64_t *valid, uint32_t n);
/* Appends n booleans of 0 or 1 as bits. */
void put_bools(struct buf *body, const uint8_t *bools, uint32_t n);

/* page.c: packs the pages (of scratch->pages) of one column and appends them with headers. */
void pages_emit(struct scratch *scratch, int level, struct buf *out, struct chunk *chunk);

struct page_header {
	enum page_type type;
	uint32_t unpacked, packed, crc, nvalues;
	enum encoding encoding;
};
void page_header_put(struct buf *out, const struct page_header *header);

/* levels.c: appends a page's levels to scratch->body. */
struct page_range {
	uint32_t row, row_end;   /* rows of the table */
	uint32_t slot, slot_end; /* values of the column: rows or elements */
};
/* `valid` has a bit per slot of the column, 1 = there; NULL = all are. Returns the number of
 * levels. */
uint32_t levels_put_flat(
	struct scratch *scratch, const uint64_t *valid, const struct page_range *range);
uint32_t levels_put_list(struct scratch *scratch, const struct group *group,
	const struct layout *layout, const uint64_t *valid, const struct page_range *range);

/* stats.c: bounds of a column's values, in `mem`. */
void stats_text(struct chunk *chunk, const struct column *col, struct arena *mem);
void stats_ints(struct chunk *chunk, int64_t min, int64_t max, size_t size, struct arena *mem);
void stats_uuid(struct chunk *chunk, const uint8_t (*uuid)[16], const uint64_t *valid, uint32_t n,
	struct arena *mem);

/* footer.c: the footer's parts as Thrift. */
void footer_put_schema(struct buf *out, int *last, const struct batch_shape *shape);
void footer_put_group(struct buf *out, const struct batch_shape *shape,
	const struct parquet_group *group, uint64_t base, uint32_t ordinal);
/* writer.c: the value of FOOTER_KEY for a footer whose own value is all zeros. */
void footer_checksum(const void *footer, size_t n, char hex[FOOTER_VALUE_SIZE]);

#endif
