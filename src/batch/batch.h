/* SPDX-License-Identifier: Apache-2.0 */
/*
 * batch.h: the noun that every room shares: up to 65,536 events of one table as columns. Decoding
 * fills it, identity marks it, Parquet writes and reads it, the matcher runs over it.
 *
 * A string column has one of two forms. Dictionary: a code per value and each distinct value once.
 * Plain: each value by itself (taken when more than half of the first 4,096 values are distinct,
 * or when a reader finds a plain page). Every consumer takes both. All offsets and codes are 32
 * bits: a batch holds less than 4 GiB of text.
 *
 * Lists are LIST(STRUCT(scalars)) or LIST(scalar): a group names the list; its columns hold one
 * value per element, and list_off tells which elements are a row's.
 */
#ifndef BATCH_BATCH_H
#define BATCH_BATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/limits.h"
#include "base/slice.h"

enum col_type {
	COL_STRING, /* UTF-8 text */
	COL_JSON,   /* a string that holds one JSON value as the source wrote it */
	COL_INT64,
	COL_INT32, /* held as int64 in memory, 32 bits in Parquet */
	COL_BOOL,
	COL_TIME, /* microseconds since 1970-01-01T00:00:00Z */
	COL_UUID, /* 16 bytes, big-endian (RFC 9562) */
	COL_IP, /* a string column whose values are 16-byte IPv6 addresses, v4 as ::ffff:a.b.c.d */
};

#define CODE_NULL UINT32_MAX
#define NO_GROUP  (-1)

struct column_shape {
	const char *name; /* within its group: the struct's field name */
	enum col_type type;
	int group; /* index into groups, or NO_GROUP for one value per row */
	/* What its values are, for the index of observables: enum observable of schema/, 0 = nothing. In shapes of schemas only:
	 * files do not say. */
	uint8_t observable;
};

struct group_shape {
	const char *name;
	bool bare; /* LIST(scalar): exactly one column belongs to it */
};

/* What a table looks like; made by schema/, borrowed by batches, which must not outlive it.
 * Columns of one group are adjacent. Top-level order of the Parquet file: columns in order, a
 * group where its first column stands. */
struct batch_shape {
	const char *table;
	uint32_t ncolumns, ngroups;
	const struct column_shape *columns;
	const struct group_shape *groups;
};

/* Values of one column: `n` of them (rows, or elements for a column of a group). */
struct column {
	uint32_t n;
	bool plain;  /* strings only: the form */
	bool shared; /* memory belongs to another column of the same batch (common fields) */
	/* string types, dictionary form: codes[n] < ndistinct or CODE_NULL; value i at
	 * heap[off[i]..off[i+1]). Plain form: ndistinct is n, codes is unused, nulls are in `nulls`.
	 * A dictionary holds no value twice; after a selection it may hold values no row uses. */
	uint32_t ndistinct;
	uint32_t *codes;
	uint32_t *off; /* ndistinct + 1 */
	char *heap;
	/* other types */
	int64_t *i64;   /* INT64, INT32, TIME */
	uint8_t *bools; /* BOOL: 0 or 1 */
	uint8_t (*uuid)[16];
	/* one bit per value, 1 = null; NULL pointer = none is null. Not used in dictionary form. */
	uint64_t *nulls;
};

struct group {
	uint32_t nelements;
	uint32_t *list_off; /* nrows + 1; row r owns elements list_off[r]..list_off[r+1] */
	uint64_t *nulls;    /* one bit per row: the list is null (not empty); NULL = none */
};

/* What is known of a record beside its columns. */
enum row_flag {
	ROW_REPAIRED = 1,     /* ill-formed text was replaced, or a key stood twice */
	ROW_LENIENT_TIME = 2, /* the time was read by a rule of courtesy */
	ROW_NO_TIME = 4,      /* no readable time: event_time is null */
	ROW_SECONDARY = 8,
	ROW_DROP = 16,          /* a copy: identity says do not store */
	ROW_TIME_ZONELESS = 32, /* the time had no zone and was read as UTC */
	ROW_HAS_ID = 64,        /* the key is made from the record's own id: twins are one event */
};

/* Where the record's bytes are: raw + off, len bytes. */
struct record_place {
	uint32_t off, len;
};

struct batch {
	const struct batch_shape *shape;
	uint32_t nrows;
	struct column *columns; /* shape->ncolumns of them */
	struct group *groups;   /* shape->ngroups of them */
	/* The rest is filled by decode/ and empty in a batch that was read from Parquet. */
	const char *raw;              /* borrowed: the block of input that the records lie in */
	uint64_t raw_offset;          /* of raw[0] in the (unpacked) input */
	struct record_place *records; /* nrows */
	uint8_t *flags;               /* nrows; enum row_flag */
	uint8_t (*keys)[16];          /* nrows; the identity key, filled by decode/ */
	uint64_t *places; /* nrows; where each row stands in its container, where that is
	                               * not its offset in the input; NULL: it is */
	struct arena mem; /* owns everything above but raw */
};

/* An empty batch of that shape (0 rows, all pointers NULL). */
void batch_init(struct batch *batch, const struct batch_shape *shape);
/* Frees it. */
void batch_fini(struct batch *batch);

/* Index of a top-level column or -1; of a column within a group ("group.field") as well.
 * The name of a bare group finds its only column too. */
int batch_find_column(const struct batch_shape *shape, struct slice name);

/* The first column of the same type and group that has the same memory as `column`: itself where
 * no earlier one does. Lets work be done once for columns that share memory. */
uint32_t batch_first_alike(const struct batch *batch, uint32_t column);

/* Bit i of a bitmap; a NULL bitmap has none set. */
static inline bool bit_get(const uint64_t *bits, uint32_t i)
{
	return bits && (bits[i >> 6] >> (i & 63) & 1);
}
/* Sets bit i. */
static inline void bit_set(uint64_t *bits, uint32_t i)
{
	bits[i >> 6] |= UINT64_C(1) << (i & 63);
}
/* Whether values of that type are held as strings. */
static inline bool col_is_string(enum col_type type)
{
	return type == COL_STRING || type == COL_JSON || type == COL_IP;
}
/* Whether value i is null; for every type and form. */
static inline bool column_is_null(const struct column *col, uint32_t i)
{
	return col->codes && !col->plain ? col->codes[i] == CODE_NULL : bit_get(col->nulls, i);
}
/* The text of value i of a string column (which must not be null); borrowed from the batch. */
static inline struct slice column_text(const struct column *col, uint32_t i)
{
	uint32_t d = col->plain ? i : col->codes[i];
	return (struct slice){col->heap + col->off[d], col->off[d + 1] - col->off[d]};
}

/* A NUL-terminated copy of the text of value i; NULL where it is null, or the column was not read. The caller's (free). */
char *column_copy(const struct column *col, uint32_t i);

/* Keeps the rows of `keep` (ascending row numbers, n of them) and drops the others: `out` (not
 * batch_init'ed) becomes a batch with memory of its own in out->mem; shares nothing with `batch`
 * but the shape and raw. Dictionaries are rebuilt, so that they hold used values only. */
void batch_select(const struct batch *batch, const uint32_t *keep, uint32_t n, struct batch *out);

/* Makes a dictionary-form column plain (copying). In batch->mem. The text must stay below 4 GiB
 * (it aborts otherwise). Columns that shared its memory keep their form. */
void batch_make_plain(struct batch *batch, uint32_t column);

/* Checks every invariant written above and aborts with the broken one named, in every build. A
 * column with n = 0 was not read. Costs a hash per distinct value: for tests and debug builds. */
void batch_check(const struct batch *batch);

/* Compares two batches of equal shape value by value (forms and dictionary order do not matter).
 * 0 where equal, else -1 with the first difference named. For tests and `verify`. */
int batch_compare(const struct batch *a, const struct batch *b, struct err *err);

#endif
