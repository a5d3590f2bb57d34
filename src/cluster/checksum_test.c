/* SPDX-License-Identifier: Apache-2.0 */
/* checksum_test.c: the hashes are ClickHouse's; any change of any value, its place or its being null shows. That the SQL says the same
 * is tested with the real server (tests/e2e/cluster_ship_tests.py). */
#include "base/test.h"
#include "cluster/checksum.h"
#include "schema/schema.h"

static const struct group_shape groups[] = {{"tags", true}};
static const struct column_shape columns[] = {
	{"event_id", COL_UUID, NO_GROUP, 0},
	{"event_time", COL_TIME, NO_GROUP, 0},
	{"name", COL_STRING, NO_GROUP, 0},
	{"other", COL_STRING, NO_GROUP, 0},
	{"count", COL_INT64, NO_GROUP, 0},
	{"flag", COL_BOOL, NO_GROUP, 0},
	{"tags", COL_STRING, 0, 0},
};
static const struct batch_shape shape = {
	.table = "things", .ncolumns = 7, .ngroups = 1, .columns = columns, .groups = groups};

/* As 18.16 and 26 compute them: SELECT sipHash64('abc'), intHash64(toInt64(-1)) … */
static void hashes(void **state)
{
	(void)state;
	assert_true(sip_hash64(SLICE("")) == UINT64_C(2202906307356721367));
	assert_true(sip_hash64(SLICE("abc")) == UINT64_C(4596069200710135518));
	assert_true(sip_hash64(SLICE("abcdefghij")) == UINT64_C(6662533936660743767));
	assert_true(sip_hash64(SLICE("abcdefghijklmnop")) == UINT64_C(1732345668654109013));
	assert_true(int_hash64(5) == UINT64_C(15228578409069794350));
	assert_true(int_hash64(1) == UINT64_C(10577349846663553072));
	assert_true(int_hash64((uint64_t)-1) == UINT64_C(14600443904207254319));
	assert_true(int_hash64((uint64_t)-5) == UINT64_C(13263830642547698461));
}

/* One row, as text: name, other, count, flag, tags; "-" is null. */
struct row {
	const char *name, *other, *count, *flag, *tags[3];
	int ntags; /* -1 = the list is null */
	bool no_time;
};

static void text_column(struct column *col, struct arena *mem, const char *const *texts, uint32_t n)
{
	size_t total = 0;
	*col = (struct column){.n = n, .plain = true, .ndistinct = n};
	col->off = arena_zalloc(mem, n + 1, sizeof(*col->off));
	col->nulls = arena_zalloc(mem, 1, sizeof(*col->nulls));
	col->heap = arena_zalloc(mem, 100, 1);
	for (uint32_t i = 0; i < n; i++) {
		size_t len = strcmp(texts[i], "-") == 0 ? 0 : strlen(texts[i]);
		if (strcmp(texts[i], "-") == 0)
			bit_set(col->nulls, i);
		memcpy(col->heap + total, texts[i], len);
		total += len;
		col->off[i + 1] = (uint32_t)total;
	}
}

static uint64_t number_of(const struct row *row)
{
	static uint8_t id[1][16] = {"0123456789abcde"};
	static uint64_t null[] = {1};
	struct batch b;
	uint64_t number;
	batch_init(&b, &shape);
	b.nrows = 1;
	b.columns = arena_zalloc(&b.mem, 7, sizeof(*b.columns));
	b.groups = arena_zalloc(&b.mem, 1, sizeof(*b.groups));
	int64_t time = 5, count = atoll(row->count);
	uint8_t flag = *row->flag == '1';
	uint32_t tags = row->ntags > 0 ? (uint32_t)row->ntags : 0, list_off[] = {0, tags};
	b.columns[0] = (struct column){.n = 1, .uuid = id};
	b.columns[1] = (struct column){.n = 1, .i64 = &time, .nulls = row->no_time ? null : NULL};
	text_column(&b.columns[2], &b.mem, &row->name, 1);
	text_column(&b.columns[3], &b.mem, &row->other, 1);
	b.columns[4] =
		(struct column){.n = 1, .i64 = &count, .nulls = *row->count == '-' ? null : NULL};
	b.columns[5] =
		(struct column){.n = 1, .bools = &flag, .nulls = *row->flag == '-' ? null : NULL};
	text_column(&b.columns[6], &b.mem, row->tags, tags);
	b.groups[0] = (struct group){
		.nelements = tags, .list_off = list_off, .nulls = row->ntags < 0 ? null : NULL};
	checksum_rows(&b, &shape, &number);
	batch_fini(&b);
	return number;
}

static void every_change_shows(void **state)
{
	static const struct row rows[] = {
		{"ann", "bob", "0", "0", {"x", "y"}, 2, false},
		{"bob", "ann", "0", "0", {"x", "y"}, 2, false},
		{"ann", "-", "0", "0", {"x", "y"}, 2, false},
		{"ann", "", "0", "0", {"x", "y"}, 2, false},
		{"-", "bob", "0", "0", {"x", "y"}, 2, false},
		{"ann", "bob", "-", "0", {"x", "y"}, 2, false},
		{"ann", "bob", "1", "0", {"x", "y"}, 2, false},
		{"ann", "bob", "0", "1", {"x", "y"}, 2, false},
		{"ann", "bob", "0", "-", {"x", "y"}, 2, false},
		{"ann", "bob", "0", "0", {"y", "x"}, 2, false},
		{"ann", "bob", "0", "0", {"x", "-"}, 2, false},
		{"ann", "bob", "0", "0", {"x", ""}, 2, false},
		{"ann", "bob", "0", "0", {"x"}, 1, false},
		{"ann", "bob", "0", "0", {0}, 0, false},
		{"ann", "bob", "0", "0", {0}, -1, false},
		{"ann", "bob", "0", "0", {"x", "y"}, 2, true},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		CHECK_ROW(i, number_of(&rows[i]) == number_of(&rows[i]));
		for (size_t k = 0; k < i; k++)
			CHECK_ROW(i, number_of(&rows[i]) != number_of(&rows[k]));
	}
}

static void sql(void **state)
{
	const struct cluster_features old = {.version = 18016};
	struct buf text;
	(void)state;
	buf_init(&text, 1 << 20);
	checksum_sql(&text, &old, &shape);
	buf_push(&text, '\0');
	assert_non_null(strstr(text.ptr, "ifNull(sipHash64(`name`), 0) * "));
	assert_non_null(strstr(text.ptr,
		"(arraySum((x, i) -> intHash64(ifNull(sipHash64(x), 7) + i), `tags`, "
		"arrayEnumerate(`tags`)) + length(`tags`)) * "));
	buf_fini(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hashes),
		cmocka_unit_test(every_change_shows),
		cmocka_unit_test(sql),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
