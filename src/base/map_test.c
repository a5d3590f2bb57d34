/* SPDX-License-Identifier: Apache-2.0 */
/* map_test.c: many keys, keys of every length, order of insertion; slices and the hash below it. */
#include "base/test.h"

#include "base/hash.h"
#include "base/map.h"

enum { MANY = 200000 };

static struct slice key_of(uint32_t n, char text[32])
{
	return (struct slice){text, (size_t)snprintf(text, 32, "key-%u-%u", n % 7, n)};
}

static void many_keys_are_found(void **state)
{
	struct map map = {0};
	char text[32];
	(void)state;
	for (uint32_t i = 0; i < MANY; i++) {
		bool fresh;
		uint64_t *value = map_put(&map, key_of(i, text), &fresh);
		assert_true(fresh);
		assert_int_equal(*value, 0);
		*value = (uint64_t)i * 3;
	}
	assert_int_equal(map.count, MANY);
	for (uint32_t i = 0; i < MANY; i++) {
		bool fresh = true;
		struct slice key = key_of(i, text);
		assert_int_equal(*map_get(&map, key), (uint64_t)i * 3);
		assert_int_equal(*map_put(&map, key, &fresh), (uint64_t)i * 3);
		assert_false(fresh);
		assert_true(slice_eq(map.entries[i].key, key));
	}
	for (uint32_t i = MANY; i < MANY + 1000; i++)
		assert_null(map_get(&map, key_of(i, text)));
	assert_int_equal(map.count, MANY);
	map_fini(&map);
	assert_null(map_get(&map, key_of(1, text)));
}

static void keys_asked_for_together_are_found(void **state)
{
	struct map map = {0};
	struct slice keys[1000] = {0};
	char texts[1000][32];
	uint32_t indexes[1000];
	(void)state;
	map_put_all(&map, keys, 0, indexes);
	for (uint32_t round = 0; round < 50; round++) {
		/* Half of them known from the round before, some twice. */
		for (uint32_t i = 0; i < 1000; i++)
			keys[i] = key_of(round * 400 + i % 800, texts[i]);
		map_put_all(&map, keys, 1000, indexes);
		for (uint32_t i = 0; i < 1000; i++) {
			assert_true(slice_eq(map.entries[indexes[i]].key, keys[i]));
			assert_ptr_equal(map_get(&map, keys[i]), &map.entries[indexes[i]].value);
		}
		assert_int_equal(map.count, round * 400 + 800);
	}
	map_fini(&map);
}

static void keys_of_every_length_differ(void **state)
{
	/* All prefixes of a run of zeros and of a run of 'a', the empty one once. */
	static const char zeros[100];
	char letters[100];
	struct map map;
	(void)state;
	map_init(&map);
	memset(letters, 'a', sizeof(letters));
	for (size_t n = 0; n <= 100; n++) {
		*map_put(&map, (struct slice){zeros, n}, NULL) = n;
		if (n > 0)
			*map_put(&map, (struct slice){letters, n}, NULL) = 1000 + n;
	}
	assert_int_equal(map.count, 201);
	for (size_t n = 0; n <= 100; n++) {
		assert_int_equal(*map_get(&map, (struct slice){zeros, n}), n);
		if (n > 0)
			assert_int_equal(*map_get(&map, (struct slice){letters, n}), 1000 + n);
	}
	map_fini(&map);
}

static void keys_are_copied(void **state)
{
	struct map map = {0};
	char text[] = "abc";
	(void)state;
	map_put(&map, slice_of(text), NULL);
	text[0] = 'x';
	assert_non_null(map_get(&map, SLICE("abc")));
	assert_null(map_get(&map, SLICE("xbc")));
	map_fini(&map);
	map_put(&map, SLICE("again"), NULL);
	assert_int_equal(map.count, 1);
	map_fini(&map);
}

static void the_hash_sees_every_byte(void **state)
{
	/* A flipped bit anywhere in keys of 1–80 bytes changes the hash. */
	char key[80];
	(void)state;
	for (size_t i = 0; i < sizeof(key); i++)
		key[i] = (char)(i * 7);
	for (size_t n = 1; n <= sizeof(key); n++) {
		uint64_t hash = hash_bytes(key, n);
		assert_int_equal(hash, hash_bytes(key, n));
		for (size_t bit = 0; bit < n * 8; bit++) {
			key[bit / 8] ^= (char)(1 << bit % 8);
			assert_true(hash_bytes(key, n) != hash);
			key[bit / 8] ^= (char)(1 << bit % 8);
		}
	}
	for (int i = 0; i < 4; i++)
		assert_true(hash_secret[i] != 0);
}

static void slices_compare_by_bytes(void **state)
{
	static const struct {
		struct slice a, b;
		int order;
	} rows[] = {
		{{"", 0}, {"", 0}, 0},
		{{NULL, 0}, {"", 0}, 0},
		{{"", 0}, {"a", 1}, -1},
		{{"a", 1}, {"ab", 2}, -1},
		{{"b", 1}, {"ab", 2}, 1},
		{{"a\0b", 3}, {"a\0c", 3}, -1},
		{{"\xff", 1}, {"a", 1}, 1},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		int order = slice_cmp(rows[i].a, rows[i].b);
		CHECK_ROW(i, (order > 0) - (order < 0) == rows[i].order);
		CHECK_ROW(i, slice_eq(rows[i].a, rows[i].b) == (rows[i].order == 0));
	}
	assert_int_equal(slice_of(NULL).len, 0);
	assert_int_equal(SLICE("a\0b").len, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(many_keys_are_found),
		cmocka_unit_test(keys_asked_for_together_are_found),
		cmocka_unit_test(keys_of_every_length_differ),
		cmocka_unit_test(keys_are_copied),
		cmocka_unit_test(the_hash_sees_every_byte),
		cmocka_unit_test(slices_compare_by_bytes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
