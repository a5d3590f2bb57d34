/* SPDX-License-Identifier: Apache-2.0 */
/* reader.h: what the files of the reading side share. A reader does not change after it was opened:
 * threads may read through one at the same time. */
#ifndef PARQUET_READER_H
#define PARQUET_READER_H

#include "parquet/parquet.h"
#include "parquet/private.h"
#include "parquet/thrift_in.h"

struct file_group {
	uint32_t nrows;
	struct chunk *chunks; /* one per column; offsets in the file */
};

struct metadata_pair {
	struct slice key, value;
};

struct parquet_reader {
	const char *path;
	int fd;
	uint64_t size;
	char *footer; /* bounds of chunks point into it */
	size_t footer_size;
	struct batch_shape shape;
	uint64_t rows;
	uint32_t ngroups, npairs;
	uint32_t page_rows; /* as PAGE_ROWS_KEY says; 0 = it does not */
	struct file_group *groups;
	struct metadata_pair *pairs;
	struct arena mem;
};

/* For the fuzzer and tests of hostile files, which could not get past the checksums otherwise. */
extern bool parquet_trust_checksums;

/* Always returns -1, with ERR_DAMAGED and the file's name. */
int damaged(const struct parquet_reader *reader, struct err *err, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* The same with the column and row group. */
struct chunk_in;
int chunk_damaged(const struct chunk_in *in, struct err *err, const char *what);

/* ERR_USAGE where the file has no such row group or column. */
int check_place(
	const struct parquet_reader *reader, uint32_t group, uint32_t column, struct err *err);

/* shape_read.c: the shape from the footer's schema. */
int shape_read(struct parquet_reader *reader, struct thrift_in *in, enum thrift_type type,
	struct err *err);

/* footer_read.c: fills the reader from its footer, checks that chunks lie one behind the other and
 * fill the file. */
int footer_read(struct parquet_reader *reader, struct err *err);

/* A data page, unpacked. */
struct page_view {
	const uint8_t *values; /* behind the levels; SLACK bytes more may be read. NULL: left out */
	size_t len;
	uint32_t present;     /* values that are there */
	uint32_t slot, slots; /* its slots: from which on, how many */
	uint32_t row;         /* lists: the first row */
};

/* One column chunk being read. */
struct chunk_in {
	const struct parquet_reader *reader;
	const struct chunk *chunk;
	struct scratch *scratch;
	uint32_t group, column, nrows;
	enum col_type type;
	struct layout layout;
	const uint8_t *at, *end;   /* what is left of the packed bytes */
	uint8_t *body, *body_end;  /* room for what they unpack to */
	const uint8_t *dictionary; /* the dictionary page's values, where it was read */
	size_t dictionary_len;
	uint32_t ndictionary;
	uint32_t npages;
	uint64_t nlevels; /* so far */
	uint32_t slots, present;
	uint64_t *valid; /* a bit per slot; NULL for a required column */
	/* lists: where each row begins, which are null */
	uint32_t *list_off;
	uint64_t *list_nulls;
	uint32_t rows;
	bool any_null_list;
	bool skipped;       /* pages were left out: sums are not known */
	uint32_t page_rows; /* lists: rows of each page but the last; 0 = not known */
};

/* page_read.c: reads the chunk's bytes [from, to), and the next page of them, header and checksum
 * checked. Page contents have SLACK bytes behind them. */
void chunk_begin(
	struct chunk_in *in, const struct parquet_reader *reader, uint32_t group, uint32_t column);
int chunk_load(struct chunk_in *in, uint64_t from, uint64_t to, struct err *err);
int page_next(
	struct chunk_in *in, struct page_header *header, const uint8_t **data, struct err *err);
/* The two steps of it: the header, and the page behind it, which may also be stepped over. */
int page_head(struct chunk_in *in, struct page_header *header, struct err *err);
int page_body(struct chunk_in *in, const struct page_header *header, const uint8_t **data,
	struct err *err);
/* The dictionary page, where the chunk has one. */
int dictionary_next(struct chunk_in *in, struct err *err);

/* levels_read.c: reads the levels of a data page into `in`; *view is what is behind them. */
int levels_begin(struct chunk_in *in, struct err *err);
int levels_read(struct chunk_in *in, const struct page_header *header, const uint8_t *data,
	struct page_view *view, struct err *err);
/* The page is left out; its slots count, of a list its rows. */
int levels_skip(struct chunk_in *in, const struct page_header *header, struct page_view *view,
	struct err *err);
/* levels_walk.c: the levels of a page of a list. Words behind the last level's are 0. */
struct level_bits {
	uint32_t n;
	unsigned max_def;    /* 3 or 4 */
	uint64_t *again;     /* a bit per level: the repetition level is 1 */
	uint64_t *planes[3]; /* bit p of the definition level */
};
int levels_walk(struct chunk_in *in, const struct level_bits *bits, uint32_t *present);
/* After the last page: checks the sums. */
int levels_end(struct chunk_in *in, struct err *err);

static inline const struct page_view *page_of(const struct chunk_in *in, uint32_t i)
{
	return (const struct page_view *)(void *)in->scratch->pages.ptr + i;
}

/* load.c: the pages of a chunk, unpacked, with their levels read. A dictionary that is known is left
 * out, and so are pages of which no row is in `keep` (ascending, n of them; NULL = all rows are). */
struct row_list {
	const uint32_t *rows;
	uint32_t n;
};
int pages_read(struct chunk_in *in, bool dictionary, const struct row_list *keep, struct err *err);

/* One plain string; false where the bytes end early. */
static inline bool take_text(const uint8_t **at, const uint8_t *end, bool fixed, struct slice *text)
{
	uint32_t len = 16;
	if (!fixed) {
		if (end - *at < 4)
			return false;
		memcpy(&len, *at, 4);
		*at += 4;
	}
	if (len > (size_t)(end - *at))
		return false;
	*text = (struct slice){(const char *)*at, len};
	*at += len;
	return true;
}

/* pick_read.c: of the values of all pages those at the slots `keep` into `col`. */
int values_pick(struct chunk_in *in, const struct row_list *keep, struct column *col,
	struct arena *mem, struct arena *temporary, struct err *err);

/* values_read.c: the values of all pages (in scratch->pages) into `col`, which may hold the column's
 * distinct strings already. */
int values_read(struct chunk_in *in, struct column *col, struct arena *mem, struct err *err);
/* The distinct strings of the dictionary page into `col`. */
int dictionary_read(struct chunk_in *in, struct column *col, struct arena *mem, struct err *err);

#endif
