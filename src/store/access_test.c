/* SPDX-License-Identifier: Apache-2.0 */
/* access_test.c: tokens are known by their hash alone, and no act is without a row. */
#include "base/test.h"

#include "store/access.h"
#include "store/test_store.h"

struct seen {
	unsigned n;
	struct api_token last;
	struct audit_row act;
	char what[64], result[64], target[64];
};

static int see_token(void *ctx, const struct api_token *token, struct err *err)
{
	struct seen *seen = ctx;
	(void)err;
	seen->n++;
	seen->last = *token;
	return 0;
}

static int see_act(void *ctx, const struct audit_row *row, struct err *err)
{
	struct seen *seen = ctx;
	(void)err;
	if (seen->n++ > 0)
		return 0;
	seen->act = *row;
	snprintf(seen->what, sizeof(seen->what), "%s", row->act.what);
	snprintf(seen->result, sizeof(seen->result), "%s", row->result);
	snprintf(seen->target, sizeof(seen->target), "%.60s", row->act.target);
	return 0;
}

static struct store *open_store(void)
{
	char *dir = test_folder();
	struct store *store = test_open(dir, STORE_WRITE);
	free(dir);
	return store;
}

static const struct audit_act by = {"root", "command line", "", ""};
static const struct audit_filter all = {.since = INT64_MIN, .until = INT64_MAX};

static void a_token_is_kept_as_its_hash(void **state)
{
	char token[TOKEN_TEXT];
	uint8_t hash[TOKEN_HASH];
	struct seen seen = {0};
	struct err err = {0};
	struct store *store = open_store();
	(void)state;
	assert_int_equal(token_add(store, "ci", ROLE_ANALYST, 77, &by, token, &err), 0);
	assert_int_equal(token_list(store, see_token, &seen, &err), 0);
	assert_int_equal(seen.n, 1);
	assert_int_equal(seen.last.role, ROLE_ANALYST);
	assert_int_equal(seen.last.expires_at, 77);
	assert_true(token_hash(slice_of(token), hash));
	assert_memory_equal(seen.last.hash, hash, sizeof(hash));
	assert_int_equal(token_add(store, "ci", ROLE_VIEWER, 0, &by, token, &err), -1);
	assert_int_equal(err.kind, ERR_USAGE);
	assert_int_equal(token_add(store, "No Name", ROLE_VIEWER, 0, &by, token, &err), -1);
	assert_int_equal(err.kind, ERR_USAGE);
	assert_int_equal(token_remove(store, "other", &by, &err), 0);
	assert_int_equal(token_remove(store, "ci", &by, &err), 1);
	seen.n = 0;
	assert_int_equal(audit_list(store, &all, see_act, &seen, &err), 0);
	assert_int_equal(seen.n, 2); /* added, removed; what failed changed nothing */
	assert_string_equal(seen.what, "token remove");
	store_close(store);
}

static void what_is_no_token_has_no_hash(void **state)
{
	static const char *const wrong[] = {"", "pugmark_", "pugmark_0123", "Pugmark_",
		"pugmark_0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdeF",
		"pugmark_0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0"};
	uint8_t hash[TOKEN_HASH];
	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		CHECK_ROW(i, !token_hash(slice_of(wrong[i]), hash));
}

static void an_act_has_its_row_before_it_is_done(void **state)
{
	struct seen seen = {0};
	struct err err = {0};
	char longer[3000];
	int64_t id = 0;
	struct store *store = open_store();
	(void)state;
	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	struct audit_act act = {"ci", "127.0.0.1", "alert close", longer};
	assert_int_equal(audit_begin(store, &act, &id, &err), 0);
	assert_int_equal(audit_list(store, &all, see_act, &seen, &err), 0);
	assert_string_equal(seen.result, "");
	assert_string_equal(seen.what, "alert close");
	assert_int_equal(audit_end(store, id, "refused: \xff", &err), 0);
	seen.n = 0;
	assert_int_equal(audit_list(store, &all, see_act, &seen, &err), 0);
	assert_string_equal(seen.result, "refused: \xef\xbf\xbd");
	static const struct {
		const char *text;
		unsigned n;
	} searched[] = {{"CLOSE", 1}, {"127.0.0.1", 1}, {"refused", 1}, {"ci", 1}, {"xxx", 1},
		{"nobody", 0}, {"%", 0}, {"ci\n127", 1}, {"' OR 1=1", 0}};
	for (size_t i = 0; i < sizeof(searched) / sizeof(*searched); i++) {
		struct audit_filter some = all;
		some.text = searched[i].text;
		seen.n = 0;
		assert_int_equal(audit_list(store, &some, see_act, &seen, &err), 0);
		CHECK_ROW(i, seen.n == searched[i].n);
	}
	struct audit_filter none = all;
	none.before = id;
	seen.n = 0;
	assert_int_equal(audit_list(store, &none, see_act, &seen, &err), 0);
	assert_int_equal(seen.n, 0);
	store_close(store);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_token_is_kept_as_its_hash),
		cmocka_unit_test(what_is_no_token_has_no_hash),
		cmocka_unit_test(an_act_has_its_row_before_it_is_done),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
