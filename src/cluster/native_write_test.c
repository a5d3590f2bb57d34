/* SPDX-License-Identifier: Apache-2.0 */
/* native_write_test.c: blocks byte by byte: nulls, both forms of text, lists, rows left out, frames. */
#include <zstd.h>

#include "base/test.h"
#include "cluster/private.h"
#include "cluster/native.h"
#include "schema/schema.h"

#define N UINT32_MAX

static const struct group_shape groups[] = {{"tags", true}, {"items", false}};
/* The first two are what every table begins with. */
static const struct column_shape columns[] = {
	{"event_id", COL_UUID, NO_GROUP, 0},
	{"event_time", COL_TIME, NO_GROUP, 0},
	{"name", COL_STRING, NO_GROUP, 0},
	{"text", COL_JSON, NO_GROUP, 0},
	{"tags", COL_STRING, 0, 0},
	{"count", COL_INT32, 1, 0},
	{"flag", COL_BOOL, NO_GROUP, 0},
	{"ip", COL_IP, NO_GROUP, 0},
	{"none", COL_STRING, NO_GROUP, 0},
};
static const struct batch_shape shape = {
	.table = "things", .ncolumns = 9, .ngroups = 2, .columns = columns, .groups = groups};
static const struct cluster_features old = {.version = 18016};

static char long_text[201];

/* Three rows: name ann, null, 200 × x; text "", null, {}; tags [a,null], null, []; items [(7)], [], [(null),(9)]. */
static void fill(struct batch *b)
{
	static uint8_t ids[3][16] = {"0123456789abcde", "1123456789abcde", "2123456789abcde"};
	static int64_t times[] = {1000001, 0, -1}, counts[] = {7, 0, 9};
	static uint64_t second[] = {2};
	static uint32_t name_codes[] = {1, N, 0}, name_off[] = {0, 200, 203};
	static uint32_t text_off[] = {0, 0, 0, 2};
	static uint32_t tag_codes[] = {0, N}, tag_off[] = {0, 1};
	static uint32_t tags_off[] = {0, 2, 2, 2}, items_off[] = {0, 1, 1, 3};
	static uint8_t flags[] = {1, 0, 0};
	static uint32_t ip_codes[] = {0, 0, N}, ip_off[] = {0, 16}, none_codes[] = {N, N, N};
	static char a[] = "a", braces[] = "{}", ip[] = "ABCDEFGHIJKLMNOP";
	memset(long_text, 'x', 200);
	batch_init(b, &shape);
	b->nrows = 3;
	b->columns[0] = (struct column){.n = 3, .uuid = ids};
	b->columns[1] = (struct column){.n = 3, .i64 = times, .nulls = second};
	b->columns[2] = (struct column){.n = 3,
		.ndistinct = 2,
		.codes = name_codes,
		.off = name_off,
		.heap = arena_printf(&b->mem, "%sann", long_text)};
	b->columns[3] = (struct column){.n = 3,
		.plain = true,
		.ndistinct = 3,
		.off = text_off,
		.heap = braces,
		.nulls = second};
	b->columns[4] = (struct column){
		.n = 2, .ndistinct = 1, .codes = tag_codes, .off = tag_off, .heap = a};
	b->columns[5] = (struct column){.n = 3, .i64 = counts, .nulls = second};
	b->columns[6] = (struct column){.n = 3, .bools = flags, .nulls = second};
	b->columns[7] = (struct column){
		.n = 3, .ndistinct = 1, .codes = ip_codes, .off = ip_off, .heap = ip};
	b->columns[8] = (struct column){.n = 3, .codes = none_codes};
	b->groups[0] = (struct group){.nelements = 2, .list_off = tags_off, .nulls = second};
	b->groups[1] = (struct group){.nelements = 3, .list_off = items_off};
}

/* What is expected is written with these, in the words of the format. */
static struct buf want;
static void text(const char *t)
{
	buf_push(&want, (char)strlen(t));
	buf_puts(&want, t);
}
static void bytes(const void *p, size_t n)
{
	buf_append(&want, p, n);
}
static void head(const char *name, const char *type)
{
	text(name);
	text(type);
}
static void u64(uint64_t n)
{
	bytes(&n, 8);
}
static void u32(uint32_t n)
{
	bytes(&n, 4);
}

static void check(const struct buf *got)
{
	assert_int_equal(got->len, want.len);
	assert_memory_equal(got->ptr, want.ptr, want.len);
	buf_fini(&want);
}

static void all_rows(void **state)
{
	struct batch b;
	struct buf got;
	(void)state;
	fill(&b);
	buf_init(&got, 1 << 20);
	buf_init(&want, 1 << 20);
	native_write(&got, &old, &b, NULL, 0, SLICE("me"), 5);
	bytes("\x0d\x03", 2);
	head("_id", "FixedString(16)");
	bytes("0123456789abcde\0"
	      "1123456789abcde\0"
	      "2123456789abcde",
		48);
	head("_time", "Int64");
	u64(1000001), u64((uint64_t)INT64_MIN), u64(UINT64_MAX);
	head("name", "Nullable(String)");
	bytes("\0\1\0", 3);
	text("ann"), text("");
	bytes("\xc8\x01", 2);
	bytes(long_text, 200);
	head("text", "Nullable(String)");
	bytes("\0\1\0", 3);
	text(""), text(""), text("{}");
	head("tags", "Array(Nullable(String))");
	u64(2), u64(2), u64(2);
	bytes("\0\1", 2);
	text("a"), text("");
	head("items.count", "Array(Nullable(Int32))");
	u64(1), u64(1), u64(3);
	bytes("\0\1\0", 3);
	u32(7), u32(0), u32(9);
	head("flag", "Nullable(UInt8)");
	bytes("\0\1\0\1\0\0", 6);
	head("ip", "Nullable(FixedString(16))");
	bytes("\0\0\1"
	      "ABCDEFGHIJKLMNOP"
	      "ABCDEFGHIJKLMNOP",
		35);
	bytes((char[16]){0}, 16);
	head("none", "Nullable(String)");
	bytes("\1\1\1\0\0\0", 6);
	head("_null_lists", "UInt64");
	u64(0), u64(1), u64(0);
	head("_plain", "UInt8");
	bytes("\2\2\2", 3);
	head("_collector", "String");
	text("me"), text("me"), text("me");
	head("_shipment", "UInt64");
	u64(5), u64(5), u64(5);
	check(&got);
	buf_fini(&got);
	batch_fini(&b);
}

/* Rows left out are as if they had never been there. */
static void some_rows(void **state)
{
	static const uint32_t sets[][3] = {{0}, {1}, {2}, {0, 2}, {1, 2}, {0, 1, 2}};
	static const uint32_t sizes[] = {1, 1, 1, 2, 2, 3};
	(void)state;
	for (size_t i = 0; i < COUNT(sets); i++) {
		struct batch b, selected;
		struct buf some, same;
		fill(&b);
		buf_init(&some, 1 << 20);
		buf_init(&same, 1 << 20);
		batch_select(&b, sets[i], sizes[i], &selected);
		native_write(&some, &old, &b, sets[i], sizes[i], SLICE("me"), 5);
		native_write(&same, &old, &selected, NULL, 0, SLICE("me"), 5);
		CHECK_ROW(i, some.len == same.len && memcmp(some.ptr, same.ptr, some.len) == 0);
		buf_fini(&some);
		buf_fini(&same);
		batch_fini(&selected);
		batch_fini(&b);
	}
}

/* Several parts make the block that one batch of all their rows would. */
static void parts_are_one_block(void **state)
{
	static const uint32_t first[] = {0}, rest[] = {1, 2}, none[] = {0};
	(void)state;
	struct batch b;
	struct buf whole, parts;
	fill(&b);
	buf_init(&whole, 1 << 20);
	buf_init(&parts, 1 << 20);
	const struct native_part three[] = {{&b, first, 1}, {&b, none, 0}, {&b, rest, 2}};
	native_write(&whole, &old, &b, NULL, 0, SLICE("me"), 5);
	native_write_parts(&parts, &old, NULL, three, 3, SLICE("me"), 5);
	assert_int_equal(whole.len, parts.len);
	assert_memory_equal(whole.ptr, parts.ptr, whole.len);
	/* Lists are numbered as the table has them; one that the batch lacks is null. */
	static const struct group_shape grown[] = {
		{"new", false}, {"items", false}, {"tags", true}};
	const struct batch_shape table = {.table = "things", .ngroups = 3, .groups = grown};
	buf_clear(&parts);
	native_write_parts(&parts, &old, &table, three, 3, SLICE("me"), 5);
	uint64_t bits[3];
	memcpy(bits, parts.ptr + parts.len - (24 + 16 + 17 + 9 + 7 + 11 + 24), sizeof(bits));
	assert_int_equal(bits[0], 1);
	assert_int_equal(bits[1], 1 | 4);
	assert_int_equal(bits[2], 1);
	buf_fini(&whole);
	buf_fini(&parts);
	batch_fini(&b);
}

/* The letters of a row: of its texts, of either form, and of its lists' elements. */
static void letters(void **state)
{
	static const struct {
		const char *name, *text, *tag; /* of the first row; of the last; of the first */
		uint8_t of[3];
	} cases[] = {
		{"ann", "{}", "a", {PLAIN_ASCII, PLAIN_ASCII, PLAIN_ASCII}},
		{"\xc3\xa1n", "{}", "a", {PLAIN_FOLDED, PLAIN_ASCII, PLAIN_ASCII}},
		{"\xc3\x9fn", "{}", "a", {PLAIN_ANY, PLAIN_ASCII, PLAIN_ASCII}},
		{"ann", "\xc3\xa9", "\xff", {PLAIN_FOLDED, PLAIN_ASCII, PLAIN_FOLDED}},
		{"\xc3\xa1n", "\xc3\x9f", "\xc3", {PLAIN_FOLDED, PLAIN_ASCII, PLAIN_ANY}},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct batch b;
		static uint32_t tag_off[2];
		fill(&b);
		memcpy(b.columns[2].heap + 200, cases[i].name, 3);
		b.columns[3].heap = arena_strdup(&b.mem, slice_of(cases[i].text));
		b.columns[4].heap = arena_strdup(&b.mem, slice_of(cases[i].tag));
		tag_off[1] = (uint32_t)strlen(cases[i].tag);
		b.columns[4].off = tag_off;
		uint8_t *of = plain_rows(&b);
		CHECK_ROW(i, memcmp(of, cases[i].of, 3) == 0);
		free(of);
		batch_fini(&b);
	}
}

static void names(void **state)
{
	struct buf got;
	(void)state;
	buf_init(&got, 4096);
	native_columns(&got, &shape);
	buf_push(&got, '\0');
	assert_string_equal(got.ptr,
		"`_id`,`_time`,`name`,`text`,`tags`,`items.count`,`flag`,`ip`,`none`,"
		"`_null_lists`,`_plain`,`_collector`,`_shipment`");
	buf_fini(&got);
}

/* Three frames: each of at most 1 MiB, with sizes that hold, and together what went in. */
static void frames(void **state)
{
	size_t n = ((size_t)2 << 20) + 17, at = 0, done = 0;
	char *data = malloc(n), *back = malloc(n);
	struct buf got;
	(void)state;
	for (size_t i = 0; i < n; i++)
		data[i] = (char)(i * i >> 7);
	buf_init(&got, 64 << 20);
	assert_int_equal(native_compress(&got, (struct slice){data, n}, NULL), 0);
	unsigned count = 0;
	for (; at < got.len; count++) {
		uint32_t packed, raw;
		assert_int_equal((unsigned char)got.ptr[at + 16], 0x90);
		memcpy(&packed, got.ptr + at + 17, 4);
		memcpy(&raw, got.ptr + at + 21, 4);
		assert_true(raw <= 1 << 20 && done + raw <= n);
		assert_int_equal(
			ZSTD_decompress(back + done, raw, got.ptr + at + 25, packed - 9), raw);
		at += 16 + packed;
		done += raw;
	}
	assert_int_equal(count, 3);
	assert_int_equal(done, n);
	assert_memory_equal(data, back, n);
	buf_fini(&got);
	/* What does not fit is said, not cut. */
	buf_init(&got, 1000);
	struct err err = {0};
	assert_int_equal(native_compress(&got, (struct slice){data, n}, &err), -1);
	assert_int_equal(err.kind, ERR_LIMIT);
	buf_fini(&got);
	free(data);
	free(back);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_rows),
		cmocka_unit_test(some_rows),
		cmocka_unit_test(parts_are_one_block),
		cmocka_unit_test(letters),
		cmocka_unit_test(names),
		cmocka_unit_test(frames),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
