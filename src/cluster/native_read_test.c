/* SPDX-License-Identifier: Apache-2.0 */
/* native_read_test.c: blocks written by hand are read however they are cut; what is wrong with them is found; an error of the server
 * in the middle is told in its own words. */
#include "base/test.h"
#include "cluster/native.h"

#include <inttypes.h>

enum { ID, TIME, NAME, OK, SIZE, COUNT_, IP, WHEN, TAG, KIND, N, COLUMNS };

static const struct group_shape groups[] = {{"tag", true}, {"item", false}};
static const struct column_shape columns[] = {
	{"event_id", COL_UUID, NO_GROUP, 0},
	{"event_time", COL_TIME, NO_GROUP, 0},
	{"name", COL_STRING, NO_GROUP, 0},
	{"ok", COL_BOOL, NO_GROUP, 0},
	{"size", COL_INT64, NO_GROUP, 0},
	{"count", COL_INT32, NO_GROUP, 0},
	{"ip", COL_IP, NO_GROUP, 0},
	{"when", COL_TIME, NO_GROUP, 0},
	{"tag", COL_STRING, 0, 0},
	{"kind", COL_STRING, 1, 0},
	{"n", COL_INT64, 1, 0},
};
static const struct batch_shape shape = {
	.table = "things", .ncolumns = COLUMNS, .ngroups = 2, .columns = columns, .groups = groups};
static const uint32_t all[] = {ID, TIME, NAME, OK, SIZE, COUNT_, IP, WHEN, TAG, KIND, N};

/* ---- a block by hand ------------------------------------------------------------------------- */

static void put_text(struct buf *out, struct slice text)
{
	assert_true(text.len < 128);
	buf_push(out, (char)text.len);
	buf_slice(out, text);
}
static void put_u64(struct buf *out, uint64_t value)
{
	buf_append(out, &value, sizeof(value)); /* little-endian, as this machine */
}
static void put_head(struct buf *out, const char *name, const char *type)
{
	put_text(out, slice_of(name));
	put_text(out, slice_of(type));
}

static void put_scalars(struct buf *out)
{
	put_head(out, "_id", "FixedString(16)");
	buf_puts(out, "aaaaaaaaaaaaaaaabbbbbbbbbbbbbbbbcccccccccccccccc");
	put_head(out, "_time", "Int64");
	put_u64(out, 1000);
	put_u64(out, (uint64_t)INT64_MIN);
	put_u64(out, (uint64_t)-5);
	put_head(out, "name", "Nullable(String)");
	buf_append(out, "\0\1\0", 3);
	put_text(out, SLICE("ann"));
	put_text(out, SLICE(""));
	put_text(out, SLICE("DB::Exception: \xc3\xa4"));
	put_head(out, "ok", "Nullable(UInt8)");
	buf_append(out, "\0\0\1\1\0\0", 6);
	put_head(out, "size", "Nullable(Int64)");
	buf_append(out, "\1\0\0", 3);
	put_u64(out, 0);
	put_u64(out, 7);
	put_u64(out, (uint64_t)INT64_MIN);
	put_head(out, "count", "Nullable(Int32)");
	buf_append(out, "\0\0\0\1\0\0\0\xff\xff\xff\xff\0\0\0\x80", 15);
	put_head(out, "ip", "Nullable(FixedString(16))");
	buf_append(out, "\0\0\1", 3);
	buf_append(out, "\0\0\0\0\0\0\0\0\0\0\xff\xff\1\2\3\4", 16);
	buf_puts(out, "0123456789abcdef");
	buf_append(out, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16);
}

static void put_lists(struct buf *out, const char *time_type)
{
	put_head(out, "when", time_type);
	buf_append(out, "\0\0\1", 3);
	put_u64(out, 1);
	put_u64(out, 2);
	put_u64(out, 0);
	put_head(out, "tag", "Array(Nullable(String))");
	put_u64(out, 2);
	put_u64(out, 2);
	put_u64(out, 3);
	buf_append(out, "\0\1\0", 3);
	put_text(out, SLICE("x"));
	put_text(out, SLICE(""));
	put_text(out, SLICE("y"));
	put_head(out, "item.kind", "Array(Nullable(String))");
	put_u64(out, 0);
	put_u64(out, 1);
	put_u64(out, 1);
	buf_append(out, "\0", 1);
	put_text(out, SLICE("k"));
	put_head(out, "item.n", "Array(Nullable(Int64))");
	put_u64(out, 0);
	put_u64(out, 1);
	put_u64(out, 1);
	buf_append(out, "\0", 1);
	put_u64(out, 9);
	put_head(out, "_null_lists", "UInt64");
	put_u64(out, 2);
	put_u64(out, 1);
	put_u64(out, 0);
}

static void put_block(struct buf *out, const char *time_type)
{
	buf_append(out, "\x0c\x03", 2);
	put_scalars(out);
	put_lists(out, time_type);
}

/* A header without rows, two blocks, and the empty one at the end that some versions send. */
static void put_stream(struct buf *out)
{
	static const char *const names[] = {"_id", "_time", "name", "ok", "size", "count", "ip",
		"when", "tag", "item.kind", "item.n", "_null_lists"};
	static const char *const types[] = {"FixedString(16)", "Int64", "Nullable(String)",
		"Nullable(UInt8)", "Nullable(Int64)", "Nullable(Int32)",
		"Nullable(FixedString(16))", "Nullable(Int64)", "Array(Nullable(String))",
		"Array(Nullable(String))", "Array(Nullable(Int64))", "UInt64"};
	buf_append(out, "\x0c\0", 2);
	for (size_t i = 0; i < COUNT(names); i++)
		put_head(out, names[i], types[i]);
	put_block(out, "Nullable(Int64)");
	put_block(out, "Nullable(DateTime64(6, 'UTC'))");
	buf_append(out, "\0\0", 2);
}

/* ---- what is read ---------------------------------------------------------------------------- */

static void check_scalars(const struct batch *b)
{
	const struct column *c = b->columns;
	assert_int_equal(b->nrows, 3);
	assert_memory_equal(c[ID].uuid[1], "bbbbbbbbbbbbbbbb", 16);
	assert_int_equal(c[TIME].i64[2], -5);
	assert_true(column_is_null(&c[TIME], 1) && !column_is_null(&c[TIME], 0));
	assert_true(slice_eq(column_text(&c[NAME], 0), SLICE("ann")));
	assert_true(column_is_null(&c[NAME], 1));
	assert_true(slice_eq(column_text(&c[NAME], 2), SLICE("DB::Exception: \xc3\xa4")));
	assert_true(c[OK].bools[0] == 1 && column_is_null(&c[OK], 2));
	assert_true(column_is_null(&c[SIZE], 0) && c[SIZE].i64[2] == INT64_MIN);
	assert_true(c[COUNT_].i64[1] == -1 && c[COUNT_].i64[2] == INT32_MIN);
	assert_true(slice_eq(column_text(&c[IP], 1), SLICE("0123456789abcdef")));
	assert_true(c[WHEN].i64[1] == 2 && column_is_null(&c[WHEN], 2));
}

static void check_lists(const struct batch *b)
{
	const struct column *c = b->columns;
	const struct group *g = b->groups;
	assert_int_equal(c[TAG].n, 3);
	assert_true(column_is_null(&c[TAG], 1) && g[0].list_off[1] == 2 && g[0].list_off[2] == 2);
	assert_true(bit_get(g[0].nulls, 1) && !bit_get(g[0].nulls, 0));
	assert_true(bit_get(g[1].nulls, 0) && !bit_get(g[1].nulls, 2));
	assert_true(slice_eq(column_text(&c[KIND], 0), SLICE("k")) && c[N].i64[0] == 9);
}

static int each(void *ctx, struct batch *batch, struct err *err)
{
	(void)err;
	batch_check(batch);
	check_scalars(batch);
	check_lists(batch);
	++*(int *)ctx;
	return 0;
}

static int each_any(void *ctx, struct batch *batch, struct err *err)
{
	(void)err;
	batch_check(batch);
	*(uint64_t *)ctx += batch->nrows;
	return 0;
}

static int feed(struct native_reader *reader, struct slice data, size_t piece, struct err *err)
{
	for (size_t at = 0; at < data.len; at += piece) {
		size_t n = data.len - at < piece ? data.len - at : piece;
		if (native_feed(reader, (struct slice){data.ptr + at, n}, err) < 0)
			return -1;
	}
	return native_end(reader, err);
}

static void test_whole_and_in_pieces(void **state)
{
	struct buf stream;
	(void)state;
	buf_init(&stream, 1 << 20);
	put_stream(&stream);
	for (size_t piece = 1; piece <= stream.len; piece++) {
		struct err err = {0};
		int n = 0;
		struct native_reader *r = native_reader_new(&shape, all, COLUMNS, true, each, &n);
		CHECK_ROW(piece, feed(r, buf_view(&stream), piece, &err) == 0);
		CHECK_ROW(piece, n == 2);
		native_reader_free(r);
	}
	buf_fini(&stream);
}

/* Ended anywhere but between blocks it is an error; what went before has been handed on. */
static void test_cut(void **state)
{
	struct buf stream, head;
	(void)state;
	buf_init(&stream, 1 << 20);
	buf_init(&head, 1 << 20);
	put_block(&head, "Nullable(Int64)");
	put_block(&stream, "Nullable(Int64)");
	put_block(&stream, "Nullable(Int64)");
	for (size_t n = 0; n <= stream.len; n++) {
		struct err err = {0};
		int seen = 0;
		struct native_reader *r =
			native_reader_new(&shape, all, COLUMNS, true, each, &seen);
		int rc = feed(r, (struct slice){stream.ptr, n}, SIZE_MAX / 2, &err);
		CHECK_ROW(n, rc == (n % head.len == 0 ? 0 : -1));
		CHECK_ROW(n, rc == 0 || err.kind == ERR_FORMAT);
		CHECK_ROW(n, seen == (int)(n / head.len));
		native_reader_free(r);
	}
	buf_fini(&stream);
	buf_fini(&head);
}

static void test_error_in_the_stream(void **state)
{
	static const char *const errors[] = {
		"Code: 159, e.displayText() = DB::Exception: Timeout exceeded: elapsed 2 seconds, "
		"e.what() = DB::Exception\n",
		"Code: 159. DB::Exception: Timeout exceeded: elapsed 2 seconds. (TIMEOUT_EXCEEDED) "
		"(version 24.8.1.1)\n",
		"\r\n__exception__\r\nabcdefgh\r\nCode: 159. DB::Exception: Timeout exceeded: "
		"elapsed "
		"2 seconds. (TIMEOUT_EXCEEDED)\n99 abcdefgh\r\n__exception__\r\n",
	};
	(void)state;
	for (size_t i = 0; i < COUNT(errors); i++) {
		for (size_t piece = 1; piece < 2000; piece += 7) {
			struct err err = {0};
			struct buf stream;
			int seen = 0;
			struct native_reader *r =
				native_reader_new(&shape, all, COLUMNS, true, each, &seen);
			buf_init(&stream, 1 << 20);
			put_block(&stream, "Nullable(Int64)");
			buf_puts(&stream, errors[i]);
			CHECK_ROW(i, feed(r, buf_view(&stream), piece, &err) == -1);
			CHECK_ROW(i, err.kind == ERR_LIMIT && seen == 1);
			CHECK_ROW(i, strstr(err.text, "Timeout exceeded: elapsed 2 seconds"));
			CHECK_ROW(i, strstr(err.text, "error 159"));
			CHECK_ROW(i, !strstr(err.text, "what()"));
			native_reader_free(r);
			buf_fini(&stream);
		}
	}
}

/* ---- what is wrong --------------------------------------------------------------------------- */

static void test_wrong(void **state)
{
	static const struct {
		const char *bytes;
		size_t n;
	} rows[] = {
		{"\x02\x03", 2}, /* columns */
		{"\x01\x81\x80\x04\x03_id\x0f"
		 "FixedString(16)",
			23},                                                  /* 65,537 rows */
		{"\x01\x01\x03_id\x06String", 14},                            /* type */
		{"\x01\x01\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 13}, /* a long name */
		{"\x01\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 12},     /* many rows */
		{"<html>", 6},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct err err = {0};
		uint64_t n = 0;
		struct native_reader *r = native_reader_new(&shape, all, 1, false, each_any, &n);
		CHECK_ROW(i, feed(r, (struct slice){rows[i].bytes, rows[i].n}, 100, &err) == -1);
		CHECK_ROW(i, err.kind == ERR_FORMAT);
		CHECK_ROW(i, strstr(err.text, "cannot be read"));
		native_reader_free(r);
	}
}

/* Lists whose fields are not equally many, and ends that descend. */
static void test_wrong_lists(void **state)
{
	static const uint32_t fields[] = {KIND, N};
	static const uint64_t ends[][4] = {{1, 1, 1, 2}, {1, 1, 0, 1}, {2, 1, 2, 1},
		{UINT64_C(1) << 40, UINT64_C(1) << 40, 1, 1}};
	(void)state;
	for (size_t i = 0; i < COUNT(ends); i++) {
		struct err err = {0};
		struct buf stream;
		uint64_t n = 0;
		struct native_reader *r = native_reader_new(&shape, fields, 2, false, each_any, &n);
		buf_init(&stream, 1 << 20);
		buf_append(&stream, "\x02\x02", 2);
		put_head(&stream, "item.kind", "Array(Nullable(String))");
		put_u64(&stream, ends[i][0]);
		put_u64(&stream, ends[i][1]);
		buf_append(&stream, "\0\0", 1);
		put_text(&stream, SLICE("k"));
		put_head(&stream, "item.n", "Array(Nullable(Int64))");
		put_u64(&stream, ends[i][2]);
		put_u64(&stream, ends[i][3]);
		CHECK_ROW(i, feed(r, buf_view(&stream), 1000, &err) == -1);
		CHECK_ROW(i, err.kind == ERR_FORMAT && n == 0);
		native_reader_free(r);
		buf_fini(&stream);
	}
}

static int each_utf8(void *ctx, struct batch *batch, struct err *err)
{
	const struct column *c = &batch->columns[NAME];
	(void)err;
	batch_check(batch);
	for (uint32_t i = 0; i < c->n; i++)
		assert_true(text_utf8_valid(column_text(c, i)));
	assert_true(slice_eq(column_text(c, 2), SLICE("ok")));
	++*(int *)ctx;
	return 0;
}

/* Also where only the texts put together would be UTF-8. */
static void test_no_utf8(void **state)
{
	static const uint32_t only[] = {NAME};
	struct buf stream;
	struct err err = {0};
	int n = 0;
	(void)state;
	struct native_reader *r = native_reader_new(&shape, only, 1, false, each_utf8, &n);
	buf_init(&stream, 1 << 20);
	for (int i = 0; i < 2; i++) {
		buf_append(&stream, "\x01\x03", 2);
		put_head(&stream, "name", "Nullable(String)");
		buf_append(&stream, "\0\0\0", 3);
		put_text(&stream, i ? SLICE("\xff\xfe") : SLICE("a\xc3"));
		put_text(&stream, i ? SLICE("b")
				    : SLICE("\xa4"
					    "b"));
		put_text(&stream, SLICE("ok"));
	}
	assert_int_equal(feed(r, buf_view(&stream), 5, &err), 0);
	assert_int_equal(n, 2);
	native_reader_free(r);
	buf_fini(&stream);
}

/* Bytes changed, taken out and put in: never more than an error; every batch holds together. */
static void test_mutations(void **state)
{
	struct buf stream, one;
	uint64_t seed = 20, rows = 0;
	(void)state;
	buf_init(&stream, 1 << 20);
	buf_init(&one, 1 << 20);
	put_stream(&stream);
	for (int round = 0; round < 40000; round++) {
		struct err err = {0};
		buf_clear(&one);
		buf_slice(&one, buf_view(&stream));
		for (int k = 0; k <= round % 4; k++) {
			seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
			size_t at = (size_t)(seed >> 33) % one.len;
			one.ptr[at] = round % 3 ? (char)(seed >> 20) : (char)0xff;
			if (round % 5 == 0)
				one.len = at + 1;
			else if (round % 7 == 0)
				memmove(one.ptr + at, one.ptr + at + 1, --one.len - at);
		}
		struct native_reader *r =
			native_reader_new(&shape, all, COLUMNS, true, each_any, &rows);
		int rc = feed(r, buf_view(&one), 1 + (size_t)(seed >> 50) % 64, &err);
		CHECK_ROW(round, rc == 0 || err.kind == ERR_FORMAT || err.kind == ERR_LIMIT);
		native_reader_free(r);
	}
	assert_true(rows > 0);
	buf_fini(&stream);
	buf_fini(&one);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole_and_in_pieces),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_error_in_the_stream),
		cmocka_unit_test(test_wrong),
		cmocka_unit_test(test_wrong_lists),
		cmocka_unit_test(test_no_utf8),
		cmocka_unit_test(test_mutations),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
