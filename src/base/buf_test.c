/* SPDX-License-Identifier: Apache-2.0 */
/* buf_test.c: growth, and the limit: met exactly, passed by one, and remembered. */
#include "base/test.h"

#include "base/buf.h"

static void bytes_are_kept_in_order(void **state)
{
	struct buf buf;
	(void)state;
	buf_init(&buf, 1 << 20);
	for (int i = 0; i < 20000; i++)
		assert_int_equal(buf_printf(&buf, "%05d,", i), 0);
	assert_int_equal(buf.len, 120000);
	for (int i = 0; i < 20000; i++) {
		char expected[16];
		snprintf(expected, sizeof(expected), "%05d,", i);
		assert_memory_equal(buf.ptr + (size_t)i * 6, expected, 6);
	}
	buf_clear(&buf);
	buf_push(&buf, 'a');
	buf_puts(&buf, "bc");
	buf_slice(&buf, SLICE("de"));
	buf_append(&buf, NULL, 0);
	assert_true(slice_eq(buf_view(&buf), SLICE("abcde")));
	buf_fini(&buf);
	assert_null(buf.ptr);
	assert_int_equal(buf.max, 1 << 20);
	assert_int_equal(buf_puts(&buf, "again"), 0);
	buf_fini(&buf);
}

static void the_limit_holds(void **state)
{
	static const struct {
		size_t max, first, second;
		int result;
	} rows[] = {
		{10, 4, 6, 0},
		{10, 4, 7, -1},
		{10, 10, 0, 0},
		{10, 10, 1, -1},
		{0, 0, 1, -1},
		{300, 256, 44, 0},
		{300, 256, 45, -1},
		{10, 4, SIZE_MAX, -1},
		{10, 4, SIZE_MAX - 3, -1},
	};
	static const char bytes[300] = "0123456789";
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct buf buf;
		buf_init(&buf, rows[i].max);
		CHECK_ROW(i, buf_append(&buf, bytes, rows[i].first) == 0);
		CHECK_ROW(i, buf_append(&buf, bytes, rows[i].second) == rows[i].result);
		CHECK_ROW(i, buf.full == (rows[i].result < 0));
		size_t len = rows[i].first + (rows[i].result == 0 ? rows[i].second : 0);
		CHECK_ROW(i, buf.len == len && buf.cap <= rows[i].max);
		CHECK_ROW(i, len == 0 || memcmp(buf.ptr, bytes, rows[i].first) == 0);
		buf_clear(&buf);
		CHECK_ROW(i, !buf.full && buf.len == 0);
		buf_fini(&buf);
	}
}

static void a_chain_is_checked_at_its_end(void **state)
{
	struct buf buf;
	(void)state;
	buf_init(&buf, 8);
	buf_puts(&buf, "12345");
	buf_puts(&buf, "too long");
	buf_puts(&buf, "678");
	assert_true(buf.full);
	assert_true(slice_eq(buf_view(&buf), SLICE("12345678")));
	buf_fini(&buf);
}

static void formatted_text_needs_room_for_its_end(void **state)
{
	struct buf buf;
	(void)state;
	buf_init(&buf, 5);
	assert_int_equal(buf_printf(&buf, "%s", "12345"), -1);
	assert_int_equal(buf.len, 0);
	buf_clear(&buf);
	assert_int_equal(buf_printf(&buf, "%s", "1234"), 0);
	assert_int_equal(buf.len, 4);
	buf_fini(&buf);
}

static void reserved_room_can_be_filled(void **state)
{
	struct buf buf;
	(void)state;
	buf_init(&buf, 1000);
	for (int i = 0; i < 10; i++) {
		char *to = buf_reserve(&buf, 100);
		assert_non_null(to);
		memset(to, 'a' + i, 100);
		buf.len += 100;
	}
	assert_null(buf_reserve(&buf, 1));
	assert_int_equal(buf.ptr[0], 'a');
	assert_int_equal(buf.ptr[999], 'j');
	buf_fini(&buf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_are_kept_in_order),
		cmocka_unit_test(the_limit_holds),
		cmocka_unit_test(a_chain_is_checked_at_its_end),
		cmocka_unit_test(formatted_text_needs_room_for_its_end),
		cmocka_unit_test(reserved_room_can_be_filled),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
