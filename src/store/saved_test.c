/* SPDX-License-Identifier: Apache-2.0 */
/* saved_test.c: saved searches last, are replaced, listed and removed; folders of format 1 are read as they
 * are and migrated when written to. */
#include "base/test.h"

#include "store/private.h"
#include "store/test_format.h"
#include "store/test_store.h"

static void put(struct store *store, const char *name, const char *query, const char *options)
{
	struct err err;
	struct saved_search saved = {.name = name, .query = query, .options = options};
	if (store_saved_put(store, &saved, &err) < 0)
		fail_msg("%s", err.text);
}

static int note(void *ctx, const struct saved_search *saved, struct err *err)
{
	(void)err;
	assert_true(saved->saved_at > 0);
	buf_printf(ctx, "%s|%s|%s\n", saved->name, saved->query, saved->options);
	return 0;
}

static void expect_list(struct store *store, const char *list)
{
	struct buf out;
	struct err err;
	buf_init(&out, 1 << 20);
	buf_puts(&out, "");
	assert_int_equal(store_saved_list(store, note, &out, &err), 0);
	buf_append(&out, "", 1);
	assert_string_equal(out.ptr, list);
	buf_fini(&out);
}

static void searches_last(void **state)
{
	(void)state;
	char *dir = test_folder();
	struct err err;
	struct arena mem = {0};
	struct saved_search saved;
	struct store *store = test_open(dir, STORE_WRITE);
	expect_list(store, "");
	put(store, "logins", "action:\"User logged in\"", "since=-7d\n");
	put(store, "b\xc3\xa9", "x", NULL);
	put(store, "logins", "action:*login*", "");
	expect_list(store, "b\xc3\xa9|x|\nlogins|action:*login*|\n");
	store_close(store);
	store = test_open(dir, STORE_READ);
	assert_int_equal(store_saved_get(store, "logins", &mem, &saved, &err), 1);
	assert_string_equal(saved.query, "action:*login*");
	assert_int_equal(store_saved_get(store, "login", &mem, &saved, &err), 0);
	assert_int_equal(store_saved_put(store, &saved, &err), -1);
	assert_int_equal(err.kind, ERR_ACCESS);
	assert_int_equal(store_saved_remove(store, "logins", &err), -1);
	store_close(store);
	store = test_open(dir, STORE_WRITE);
	assert_int_equal(store_saved_remove(store, "logins", &err), 1);
	assert_int_equal(store_saved_remove(store, "logins", &err), 0);
	expect_list(store, "b\xc3\xa9|x|\n");
	store_close(store);
	arena_fini(&mem);
	test_remove(dir);
}

static void names_are_checked(void **state)
{
	(void)state;
	char *dir = test_folder(), longest[SAVED_NAME + 2];
	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	const char *const rows[] = {
		"", " x", "x ", "a\nb", "a\x1b[31m", "\xe2\x80\xaey", "\xff", longest};
	struct store *store = test_open(dir, STORE_WRITE);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct err err = {0};
		struct saved_search saved = {.name = rows[i], .query = "x"};
		CHECK_ROW(i, store_saved_put(store, &saved, &err) == -1 && err.kind == ERR_USAGE);
	}
	longest[SAVED_NAME] = '\0';
	put(store, longest, "x", "");
	store_close(store);
	test_remove(dir);
}

static void an_older_folder(void **state)
{
	(void)state;
	char *dir = test_folder();
	struct err err;
	struct arena mem = {0};
	struct saved_search saved;
	struct store *store = test_open(dir, STORE_WRITE);
	/* As version 1 left it. */
	test_format(store, 1);
	store_close(store);
	store = test_open(dir, STORE_READ);
	assert_int_equal(catalog_version(store, &err), 1);
	expect_list(store, "");
	assert_int_equal(store_saved_get(store, "x", &mem, &saved, &err), 0);
	store_close(store);
	store = test_open(dir, STORE_WRITE);
	assert_int_equal(catalog_version(store, &err), FORMAT_VERSION);
	put(store, "x", "y", "");
	expect_list(store, "x|y|\n");
	store_close(store);
	arena_fini(&mem);
	test_remove(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(searches_last),
		cmocka_unit_test(names_are_checked),
		cmocka_unit_test(an_older_folder),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
