/* SPDX-License-Identifier: Apache-2.0 */
/*
 * native_read.c: the blocks of an answer in FORMAT Native, however it is cut into pieces.
 *
 * A block: varints ncolumns and nrows; for each column its name and its type as texts (varint and bytes) and, where nrows > 0, its
 * values. Of an array first nrows ends (UInt64 each, ascending); of a Nullable then a byte per value, 1 = null; then the values: numbers
 * little-endian, FixedString as its bytes, String as varint and bytes. What has arrived is read at once into the batch, so that little
 * more than a part of one column waits.
 *
 * An error of the server that comes after the first block stands in the stream as text.
 */
#include <endian.h>
#include <stdio.h>
#include <stdlib.h>

#include "cluster/native.h"
#include "schema/schema.h"

enum {
	MOST_NAME = 4096,        /* bytes of a column's name or type */
	MOST_ELEMENTS = 1 << 26, /* of one list in one block */
	MOST_TEXT = 1 << 30,     /* bytes of a column in one block */
	MOST_WORDS = 2048,       /* of the server's error */
};

enum stage { AT_HEAD, AT_NAME, AT_ENDS, AT_NULLS, AT_VALUES };

struct native_reader {
	const struct batch_shape *shape;
	uint32_t *columns;
	uint32_t n;
	bool lists;
	int (*each)(void *ctx, struct batch *batch, struct err *err);
	void *ctx;
	struct buf in;      /* what has arrived and is not read yet */
	size_t at;          /* in `in`: read up to there */
	bool words;         /* what stands there is the server's error */
	bool refused;       /* `each` said -1 */
	struct batch batch; /* the block that is being read */
	enum stage stage;
	uint32_t now;    /* index into `columns`; n: _null_lists */
	uint32_t done;   /* texts of the column that are there */
	struct buf heap; /* their bytes */
};

struct native_reader *native_reader_new(const struct batch_shape *shape, const uint32_t *columns,
	uint32_t n, bool lists, int (*each)(void *ctx, struct batch *batch, struct err *err),
	void *ctx)
{
	struct native_reader *reader = xcalloc(1, sizeof(*reader));
	reader->shape = shape;
	reader->columns = xmalloc((n + 1) * sizeof(*columns));
	memcpy(reader->columns, columns, n * sizeof(*columns));
	reader->n = n;
	reader->lists = lists;
	reader->each = each;
	reader->ctx = ctx;
	buf_init(&reader->in, SIZE_MAX / 2);
	buf_init(&reader->heap, MOST_TEXT);
	batch_init(&reader->batch, shape);
	return reader;
}

void native_reader_free(struct native_reader *reader)
{
	if (!reader)
		return;
	batch_fini(&reader->batch);
	buf_fini(&reader->in);
	buf_fini(&reader->heap);
	free(reader->columns);
	free(reader);
}

/* ---- what has arrived ------------------------------------------------------------------------ */

static size_t left(const struct native_reader *reader)
{
	return reader->in.len - reader->at;
}

/* The next n bytes, which are there. */
static const char *take(struct native_reader *reader, size_t n)
{
	const char *bytes = reader->in.ptr + reader->at;
	reader->at += n;
	return bytes;
}

/* A varint at `at` of what has arrived, moving it on. 1; 0 more must arrive; -1 it is none. */
static int varint(const struct native_reader *reader, size_t *at, uint64_t *value)
{
	*value = 0;
	for (unsigned shift = 0; shift < 63; shift += 7) {
		if (*at == reader->in.len)
			return 0;
		uint8_t byte = (uint8_t)reader->in.ptr[(*at)++];
		*value |= (uint64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80))
			return 1;
	}
	return -1;
}

/* A text at `at`, moving it on. As varint; -1 too where it is longer than `most`. */
static int text(const struct native_reader *reader, size_t *at, size_t most, struct slice *value)
{
	uint64_t n;
	size_t from = *at;
	int rc = varint(reader, &from, &n);
	if (rc < 1)
		return rc;
	if (n > most)
		return -1;
	if (reader->in.len - from < n)
		return 0;
	*value = (struct slice){reader->in.ptr + from, (size_t)n};
	*at = from + (size_t)n;
	return 1;
}

static int malformed(struct err *err, const char *what)
{
	return err_set(err, ERR_FORMAT,
		"the cluster's answer cannot be read: %s; is everything between here and "
		"ClickHouse, a proxy "
		"too, as it should be?",
		what);
}

/* ---- the parts of a column ------------------------------------------------------------------- */

static enum col_type type_of(const struct native_reader *reader, uint32_t now)
{
	return now == reader->n ? COL_INT64 : reader->shape->columns[reader->columns[now]].type;
}
static int group_of(const struct native_reader *reader, uint32_t now)
{
	return now == reader->n ? NO_GROUP : reader->shape->columns[reader->columns[now]].group;
}
static bool is_nullable(const struct native_reader *reader, uint32_t now)
{
	return now < reader->n && reader->columns[now] != SYS_EVENT_ID &&
	       reader->columns[now] != SYS_EVENT_TIME;
}

static uint32_t values_of(const struct native_reader *reader)
{
	int group = group_of(reader, reader->now);
	return group == NO_GROUP ? reader->batch.nrows : reader->batch.groups[group].nelements;
}

static struct column *column_of(struct native_reader *reader)
{
	return &reader->batch.columns[reader->columns[reader->now]];
}

static const char *const plain_types[] = {
	[COL_STRING] = "String",
	[COL_JSON] = "String",
	[COL_INT64] = "Int64",
	[COL_INT32] = "Int32",
	[COL_BOOL] = "UInt8",
	[COL_TIME] = "Int64",
	[COL_UUID] = "FixedString(16)",
	[COL_IP] = "FixedString(16)",
};

static bool type_is(const struct native_reader *reader, struct slice told)
{
	char want[64];
	const char *type = plain_types[type_of(reader, reader->now)];
	bool list = group_of(reader, reader->now) != NO_GROUP;
	if (reader->now == reader->n)
		return slice_eq(told, SLICE("UInt64"));
	if (!is_nullable(reader, reader->now))
		return slice_eq(told, slice_of(type));
	snprintf(want, sizeof(want), "%sNullable(%s)%s", list ? "Array(" : "", type,
		list ? ")" : "");
	if (slice_eq(told, slice_of(want)))
		return true;
	snprintf(want, sizeof(want), "%sNullable(DateTime64(6, 'UTC'))%s", list ? "Array(" : "",
		list ? ")" : "");
	return type_of(reader, reader->now) == COL_TIME && slice_eq(told, slice_of(want));
}

/* Everything below: 1 read, 0 more must arrive, -1. */

static int read_head(struct native_reader *reader, struct err *err)
{
	uint64_t ncolumns = 0, nrows = 0;
	size_t at = reader->at;
	int rc = varint(reader, &at, &ncolumns);
	if (rc == 1)
		rc = varint(reader, &at, &nrows);
	if (rc < 1)
		return rc < 0 ? malformed(err, "a block begins with no number") : 0;
	if (ncolumns == 0 && nrows == 0) {
		reader->at = at;
		return 1;
	}
	if (ncolumns != reader->n + reader->lists)
		return malformed(err, "a block has other columns than were asked for");
	if (nrows > LIMIT_BATCH_ROWS)
		return malformed(err, "a block has too many rows");
	reader->at = at;
	reader->batch.nrows = (uint32_t)nrows;
	reader->now = 0;
	reader->stage = AT_NAME;
	return 1;
}

static int read_name(struct native_reader *reader, struct err *err)
{
	struct slice name, type;
	size_t at = reader->at;
	int rc = text(reader, &at, MOST_NAME, &name);
	if (rc == 1)
		rc = text(reader, &at, MOST_NAME, &type);
	if (rc < 1)
		return rc < 0 ? malformed(err, "the name of a column is too long") : 0;
	if (!type_is(reader, type))
		return malformed(err, "a column is of another type than was asked for");
	reader->at = at;
	reader->done = 0;
	buf_clear(&reader->heap);
	reader->stage = group_of(reader, reader->now) != NO_GROUP ? AT_ENDS
			: is_nullable(reader, reader->now)        ? AT_NULLS
								  : AT_VALUES;
	return 1;
}

/* The ends of the lists: all columns of a list must tell the same. */
static int read_ends(struct native_reader *reader, struct err *err)
{
	uint32_t nrows = reader->batch.nrows;
	struct group *group = &reader->batch.groups[group_of(reader, reader->now)];
	bool first = !group->list_off;
	uint64_t before = 0;
	if (left(reader) < nrows * sizeof(uint64_t))
		return 0;
	const char *bytes = take(reader, nrows * sizeof(uint64_t));
	if (first)
		group->list_off = arena_zalloc(&reader->batch.mem, nrows + 1, sizeof(uint32_t));
	for (uint32_t r = 0; r < nrows; r++) {
		uint64_t end;
		memcpy(&end, bytes + r * sizeof(end), sizeof(end));
		end = le64toh(end);
		if (end < before || end > MOST_ELEMENTS)
			return malformed(err, "the ends of lists do not ascend");
		if (first)
			group->list_off[r + 1] = (uint32_t)end;
		else if (group->list_off[r + 1] != end)
			return malformed(err, "the fields of a list are not equally many");
		before = end;
	}
	group->nelements = (uint32_t)before;
	reader->stage = AT_NULLS;
	return 1;
}

static int read_nulls(struct native_reader *reader)
{
	uint32_t n = values_of(reader);
	struct column *col = column_of(reader);
	if (left(reader) < n)
		return 0;
	const char *bytes = take(reader, n);
	for (uint32_t i = 0; i < n; i++) {
		if (!bytes[i])
			continue;
		if (!col->nulls)
			col->nulls =
				arena_zalloc(&reader->batch.mem, (n + 63) / 64, sizeof(uint64_t));
		bit_set(col->nulls, i);
	}
	reader->stage = AT_VALUES;
	return 1;
}

/* ---- values ---------------------------------------------------------------------------------- */

static size_t width_of(enum col_type type)
{
	return type == COL_BOOL                     ? 1
	       : type == COL_INT32                  ? 4
	       : type == COL_UUID || type == COL_IP ? 16
						    : 8;
}

static void read_integers(
	struct native_reader *reader, struct column *col, const char *bytes, uint32_t n)
{
	bool narrow = type_of(reader, reader->now) == COL_INT32;
	col->i64 = arena_alloc(&reader->batch.mem, n * sizeof(int64_t));
	for (uint32_t i = 0; i < n; i++) {
		uint32_t small;
		uint64_t large;
		if (narrow) {
			memcpy(&small, bytes + i * sizeof(small), sizeof(small));
			col->i64[i] = (int32_t)le32toh(small);
		} else {
			memcpy(&large, bytes + i * sizeof(large), sizeof(large));
			col->i64[i] = (int64_t)le64toh(large);
		}
	}
}

/* The time of an event stands without Nullable, so that it can be sorted by. */
static void find_no_times(struct native_reader *reader, struct column *col, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		if (col->i64[i] != CLUSTER_NO_TIME)
			continue;
		if (!col->nulls)
			col->nulls =
				arena_zalloc(&reader->batch.mem, (n + 63) / 64, sizeof(uint64_t));
		bit_set(col->nulls, i);
		col->i64[i] = 0;
	}
}

static int read_fixed(struct native_reader *reader)
{
	enum col_type type = type_of(reader, reader->now);
	uint32_t n = values_of(reader);
	size_t width = width_of(type);
	struct arena *mem = &reader->batch.mem;
	struct column *col = column_of(reader);
	if (left(reader) < n * width)
		return 0;
	const char *bytes = take(reader, n * width);
	if (type == COL_BOOL) {
		col->bools = arena_alloc(mem, n);
		for (uint32_t i = 0; i < n; i++)
			col->bools[i] = bytes[i] != 0;
	} else if (type == COL_UUID) {
		col->uuid = arena_alloc(mem, n * width);
		memcpy(col->uuid, bytes, n * width);
	} else if (type == COL_IP) {
		col->plain = true;
		col->ndistinct = n;
		col->heap = arena_alloc(mem, n * width);
		memcpy(col->heap, bytes, n * width);
		col->off = arena_alloc(mem, (n + 1) * sizeof(uint32_t));
		for (uint32_t i = 0; i <= n; i++)
			col->off[i] = i * 16;
	} else {
		read_integers(reader, col, bytes, n);
	}
	if (reader->columns[reader->now] == SYS_EVENT_TIME)
		find_no_times(reader, col, n);
	col->n = n;
	return 1;
}

/* Whether all texts are UTF-8: the heap is, and none begins within a character. */
static bool all_valid(const struct column *col)
{
	if (!text_utf8_valid((struct slice){col->heap, col->off[col->n]}))
		return false;
	for (uint32_t i = 0; i < col->n; i++)
		if (col->off[i] < col->off[col->n] && (col->heap[col->off[i]] & 0xc0) == 0x80)
			return false;
	return true;
}

/* What others wrote there may be anything. */
static int repair(struct native_reader *reader, struct column *col, struct err *err)
{
	struct buf *heap = &reader->heap;
	buf_clear(heap);
	for (uint32_t i = 0; i < col->n; i++) {
		struct slice value = {col->heap + col->off[i], col->off[i + 1] - col->off[i]};
		col->off[i] = (uint32_t)heap->len;
		text_utf8_repair(heap, value);
	}
	col->off[col->n] = (uint32_t)heap->len;
	if (heap->full)
		return malformed(err, "the texts of a block are too long");
	col->heap = arena_alloc(&reader->batch.mem, heap->len + 1);
	memcpy(col->heap, heap->ptr, heap->len);
	return 0;
}

static int read_texts(struct native_reader *reader, struct err *err)
{
	uint32_t n = values_of(reader);
	struct column *col = column_of(reader);
	struct slice value;
	if (!col->off)
		col->off = arena_zalloc(&reader->batch.mem, n + 1, sizeof(uint32_t));
	for (; reader->done < n; reader->done++) {
		int rc = text(reader, &reader->at, MOST_TEXT, &value);
		if (rc == 0)
			return 0;
		if (rc < 0 || buf_slice(&reader->heap, value) < 0)
			return malformed(err, "the texts of a block are too long");
		col->off[reader->done + 1] = (uint32_t)reader->heap.len;
	}
	col->heap = arena_alloc(&reader->batch.mem, reader->heap.len + 1);
	if (reader->heap.len)
		memcpy(col->heap, reader->heap.ptr, reader->heap.len);
	col->plain = true;
	col->n = col->ndistinct = n;
	return all_valid(col) || repair(reader, col, err) == 0 ? 1 : -1;
}

/* Which lists are null and not empty: bits of a UInt64 per row. */
static int read_null_lists(struct native_reader *reader)
{
	struct batch *batch = &reader->batch;
	if (left(reader) < batch->nrows * sizeof(uint64_t))
		return 0;
	const char *bytes = take(reader, batch->nrows * sizeof(uint64_t));
	for (uint32_t r = 0; r < batch->nrows; r++) {
		uint64_t bits;
		memcpy(&bits, bytes + r * sizeof(bits), sizeof(bits));
		bits = le64toh(bits);
		for (uint32_t g = 0; bits && g < batch->shape->ngroups && g < 64; g++) {
			struct group *group = &batch->groups[g];
			if (!(bits >> g & 1) || !group->list_off ||
				group->list_off[r] != group->list_off[r + 1])
				continue;
			if (!group->nulls)
				group->nulls = arena_zalloc(
					&batch->mem, (batch->nrows + 63) / 64, sizeof(uint64_t));
			bit_set(group->nulls, r);
		}
	}
	return 1;
}

static int read_values(struct native_reader *reader, struct err *err)
{
	enum col_type type = type_of(reader, reader->now);
	int rc = reader->now == reader->n                 ? read_null_lists(reader)
		 : type == COL_STRING || type == COL_JSON ? read_texts(reader, err)
							  : read_fixed(reader);
	if (rc == 1) {
		reader->now++;
		reader->stage = AT_NAME;
	}
	return rc;
}

/* ---- blocks ---------------------------------------------------------------------------------- */

static int block_done(struct native_reader *reader, struct err *err)
{
	int rc = 0;
	reader->stage = AT_HEAD;
	if (reader->batch.nrows)
		rc = reader->each(reader->ctx, &reader->batch, err);
	batch_fini(&reader->batch);
	batch_init(&reader->batch, reader->shape);
	reader->refused = rc < 0;
	return rc < 0 ? -1 : 1;
}

static int step(struct native_reader *reader, struct err *err)
{
	switch (reader->stage) {
	case AT_HEAD:
		return read_head(reader, err);
	case AT_NAME:
		if (reader->now == reader->n + reader->lists)
			return block_done(reader, err);
		int rc = read_name(reader, err);
		if (rc == 1 && reader->batch.nrows == 0) {
			reader->now++;
			reader->stage = AT_NAME;
		}
		return rc;
	case AT_ENDS:
		return read_ends(reader, err);
	case AT_NULLS:
		return read_nulls(reader);
	case AT_VALUES:
		break;
	}
	return read_values(reader, err);
}

/* ---- an error of the server in the stream ---------------------------------------------------- */

/* Where its text begins in what has not been read. */
static const char *find_words(const struct native_reader *reader)
{
	return memmem(reader->in.ptr + reader->at, left(reader), "DB::Exception", 13);
}

/* Whether what stands where a block should begin is, as far as it goes, the beginning of an error. */
static bool begins_words(const struct native_reader *reader)
{
	static const char *const marks[] = {"Code: ", "\r\n__exception__", "__exception__"};
	for (size_t i = 0; left(reader) && i < sizeof(marks) / sizeof(*marks); i++) {
		size_t n = strlen(marks[i]) < left(reader) ? strlen(marks[i]) : left(reader);
		if (n > 1 && memcmp(reader->in.ptr + reader->at, marks[i], n) == 0)
			return true;
	}
	return false;
}

static int say_words(const struct native_reader *reader, struct err *err)
{
	const char *at = find_words(reader);
	const char *end = reader->in.ptr + reader->in.len;
	static const char *const ends[] = {", e.what()", " (version ", "\n"};
	struct slice words = {at, (size_t)(end - at)};
	int code = 0;
	const char *number = memmem(reader->in.ptr + reader->at, left(reader), "Code: ", 6);
	for (number = number ? number + 6 : end;
		number < end && *number >= '0' && *number <= '9' && code < 100000; number++)
		code = code * 10 + *number - '0';
	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++) {
		const char *cut = memmem(words.ptr, words.len, ends[i], strlen(ends[i]));
		if (cut)
			words.len = (size_t)(cut - words.ptr);
	}
	if (words.len > 15 && memcmp(words.ptr, "DB::Exception: ", 15) == 0)
		words = (struct slice){words.ptr + 15, words.len - 15};
	struct buf safe;
	buf_init(&safe, 1 << 20);
	text_escape(&safe, (struct slice){words.ptr, words.len < 400 ? words.len : 400});
	err_set(err, code == CLUSTER_TIMEOUT ? ERR_LIMIT : ERR_FORMAT,
		"the cluster broke off its answer: %.*s (ClickHouse error %d)",
		SLICE_ARG(buf_view(&safe)), code);
	buf_fini(&safe);
	return -1;
}

int native_feed(void *ctx, struct slice data, struct err *err)
{
	struct native_reader *reader = ctx;
	int rc = 1;
	if (buf_slice(&reader->in, data) < 0)
		return malformed(err, "it is too long");
	while (rc == 1) {
		reader->words = reader->words || (reader->stage == AT_HEAD && begins_words(reader));
		if (reader->words)
			break;
		rc = step(reader, err);
	}
	if (rc < 0)
		return !reader->refused && find_words(reader) ? say_words(reader, err) : -1;
	if (reader->words && left(reader) > MOST_WORDS)
		return find_words(reader)
			       ? say_words(reader, err)
			       : malformed(err, "a block has other columns than were asked for");
	if (reader->at)
		memmove(reader->in.ptr, reader->in.ptr + reader->at, left(reader));
	reader->in.len -= reader->at;
	reader->at = 0;
	return 0;
}

int native_end(struct native_reader *reader, struct err *err)
{
	if (left(reader) && find_words(reader))
		return say_words(reader, err);
	if (reader->stage != AT_HEAD || left(reader))
		return malformed(err, "it ends within a block");
	return 0;
}
