/* SPDX-License-Identifier: Apache-2.0 */
/* arena_test.c: alignment, separate allocations, reset and reuse, and the abort on overflow. */
#include "base/test.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "base/arena.h"

static void allocations_are_aligned_and_apart(void **state)
{
	struct arena arena = {0};
	unsigned char *items[2000];
	size_t sizes[2000];
	(void)state;
	for (size_t i = 0; i < COUNT(items); i++) {
		/* 0 to 5,016 bytes, and a large one every 500 */
		sizes[i] = i % 500 == 499 ? (size_t)3 << 20 : i * 37 % 5017;
		items[i] = arena_alloc(&arena, sizes[i]);
		assert_int_equal((uintptr_t)items[i] % 16, 0);
		memset(items[i], (int)(i & 0xff), sizes[i]);
	}
	for (size_t i = 0; i < COUNT(items); i++) {
		for (size_t k = 0; k < sizes[i]; k += 61)
			assert_int_equal(items[i][k], i & 0xff);
	}
	assert_true(arena.used >= (size_t)12 << 20);
	arena_fini(&arena);
	assert_int_equal(arena.used, 0);
	assert_null(arena.head);
}

static void reset_keeps_one_block(void **state)
{
	struct arena arena;
	(void)state;
	arena_init(&arena);
	arena_reset(&arena);
	assert_null(arena.head);
	for (int i = 0; i < 10000; i++)
		arena_alloc(&arena, 100);
	size_t before = arena.used;
	arena_reset(&arena);
	size_t kept = arena.used;
	assert_true(kept > 0 && kept < before);
	char *first = arena_alloc(&arena, 64);
	arena_reset(&arena);
	assert_ptr_equal(arena_alloc(&arena, 64), first);
	assert_int_equal(arena.used, kept);
	arena_fini(&arena);
}

static void zeroed_memory_is_zero(void **state)
{
	struct arena arena = {0};
	(void)state;
	memset(arena_alloc(&arena, 4000), 0xff, 4000);
	arena_reset(&arena);
	const unsigned char *p = arena_zalloc(&arena, 500, 8);
	for (size_t i = 0; i < 4000; i++)
		assert_int_equal(p[i], 0);
	arena_fini(&arena);
}

static void texts_are_copied(void **state)
{
	struct arena arena = {0};
	char source[] = "abcdef";
	(void)state;
	char *copy = arena_strdup(&arena, (struct slice){source, 3});
	source[0] = 'x';
	assert_string_equal(copy, "abc");
	assert_string_equal(arena_strdup(&arena, (struct slice){NULL, 0}), "");
	assert_string_equal(arena_printf(&arena, "%s-%05d", "n", 42), "n-00042");
	char *longer = arena_printf(&arena, "%0*d", 100000, 7);
	assert_int_equal(strlen(longer), 100000);
	arena_fini(&arena);
	char *duplicate = xstrdup("xyz");
	assert_string_equal(duplicate, "xyz");
	free(duplicate);
}

static void ask_product_overflow(void)
{
	struct arena arena = {0};
	arena_zalloc(&arena, SIZE_MAX / 4, 8);
}

static void ask_too_much(void)
{
	struct arena arena = {0};
	arena_alloc(&arena, SIZE_MAX - 8);
}

static void ask_malloc(void)
{
	volatile size_t size = SIZE_MAX / 4;
	free(xmalloc(size));
}

static void ask_calloc(void)
{
	volatile size_t count = SIZE_MAX / 4;
	free(xcalloc(count, 2));
}

static void ask_realloc(void)
{
	volatile size_t size = SIZE_MAX / 4;
	free(xrealloc(NULL, size));
}

static void too_much_aborts(void **state)
{
	static void (*const rows[])(void) = {
		ask_product_overflow, ask_too_much, ask_malloc, ask_calloc, ask_realloc};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		pid_t child = fork();
		if (child == 0) {
			setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
			signal(SIGABRT, SIG_DFL);
			(void)freopen("/dev/null", "w", stderr);
			rows[i]();
			_exit(0);
		}
		int status;
		assert_int_equal(waitpid(child, &status, 0), child);
		/* The sanitizer's malloc ends the process itself. */
		CHECK_ROW(i, !WIFEXITED(status) || WEXITSTATUS(status) != 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(allocations_are_aligned_and_apart),
		cmocka_unit_test(reset_keeps_one_block),
		cmocka_unit_test(zeroed_memory_is_zero),
		cmocka_unit_test(texts_are_copied),
		cmocka_unit_test(too_much_aborts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
