/* SPDX-License-Identifier: Apache-2.0 */
/* users_test.c: passwords are kept as hashes, sessions too; who may sign in, and when a session ends. */
#include "base/test.h"

#include "store/private.h"
#include "store/test_format.h"
#include "store/test_store.h"
#include "store/users.h"

static const struct audit_act by = {"root", "command line", "", ""};
static const struct user_change same = {.disabled = -1};

static struct store *open_store(void)
{
	char *dir = test_folder();
	struct store *store = test_open(dir, STORE_WRITE);
	free(dir);
	return store;
}

static void add(struct store *store, const char *name, enum access_role role)
{
	struct err err = {0};
	if (user_add(store, name, role, "$hash", false, &by, &err) < 0)
		fail_msg("%s", err.text);
}

static int count_session(void *ctx, const struct session *session, struct err *err)
{
	(void)session;
	(void)err;
	(*(unsigned *)ctx)++;
	return 0;
}

static unsigned sessions(struct store *store)
{
	unsigned n = 0;
	struct err err;
	assert_int_equal(session_list(store, count_session, &n, &err), 0);
	return n;
}

static void begin(struct store *store, const char *name, char text[SESSION_TEXT])
{
	struct user user;
	struct err err = {0};
	assert_int_equal(user_find(store, name, &user, &err), 1);
	if (session_begin(store, &user, NULL, &by, text, &err) != 1)
		fail_msg("%s", err.text);
}

static void a_password_is_known_by_its_hash(void **state)
{
	char one[PASSWORD_HASHED], two[PASSWORD_HASHED], made[PASSWORD_MADE], other[PASSWORD_MADE];
	struct err err;
	(void)state;
	assert_int_equal(password_hash("correct horse battery", one, &err), 0);
	assert_int_equal(password_hash("correct horse battery", two, &err), 0);
	assert_int_equal(strncmp(one, "$scrypt$ln=15,r=8,p=3$", 22), 0);
	assert_string_not_equal(one, two);
	assert_true(password_fits("correct horse battery", one));
	assert_false(password_fits("correct horse batterz", one));
	assert_false(password_fits("", one));
	assert_false(password_fits("correct horse battery", NULL));
	assert_int_equal(password_make(made, &err), 0);
	assert_int_equal(password_make(other, &err), 0);
	assert_int_equal(strlen(made), 19);
	assert_string_not_equal(made, other);
	assert_int_equal(password_check("admin", made, &err), 0);
}

/* The hash is of another implementation, Python's hashlib. */
static void a_hash_is_scrypt(void **state)
{
	(void)state;
	assert_true(password_fits("a password of mine",
		"$scrypt$ln=4,r=8,p=3$000102030405060708090a0b0c0d0e0f$"
		"aa30414839c3d2c5cc3143f374b77d4c7224bf9d5c872492eaaa8c7a8ecdae91"));
}

static void what_is_no_hash_fits_nothing(void **state)
{
	static const char *const wrong[] = {"", "$scrypt$", "$scrypt$ln=15,r=8,p=3$", "x",
		"$scrypt$ln=63,r=8,p=3$000102030405060708090a0b0c0d0e0f$00",
		"$scrypt$ln=4,r=99,p=3$000102030405060708090a0b0c0d0e0f$00",
		"$scrypt$ln=0,r=8,p=0$000102030405060708090a0b0c0d0e0f$00"};
	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		CHECK_ROW(i, !password_fits("x", wrong[i]));
}

static void what_a_password_is(void **state)
{
	static const struct {
		const char *password;
		bool good;
	} rows[] = {{"correct horse", true}, {"twelve chars", true}, {"eleven char", false},
		{"", false}, {"aaaaaaaaaaaaaaaa", false}, {"grace.andersson", false},
		{"GRACE.andersson", false}, {"with a line\nend in it", false},
		{"\xff\xfe not well-formed", false}, {"p\xc3\xa4ssw\xc3\xb6rter sind so", true}};
	struct err err;
	char longer[PASSWORD_MOST + 2];
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		CHECK_ROW(i, (password_check("grace.andersson", rows[i].password, &err) == 0) ==
				     rows[i].good);
	memset(longer, 'x', sizeof(longer));
	longer[0] = 'y';
	longer[PASSWORD_MOST] = '\0';
	assert_int_equal(password_check("x", longer, &err), 0);
	longer[PASSWORD_MOST] = 'x';
	longer[PASSWORD_MOST + 1] = '\0';
	assert_int_equal(password_check("x", longer, &err), -1);
}

static void an_admin_is_always_left(void **state)
{
	struct user_change demote = {.role = ROLE_VIEWER, .disabled = -1};
	struct user_change disable = {.disabled = 1}, enable = {.disabled = 0};
	struct err err = {0};
	struct store *store = open_store();
	(void)state;
	add(store, "one", ROLE_ADMIN);
	add(store, "two", ROLE_VIEWER);
	assert_int_equal(user_add(store, "one", ROLE_ADMIN, "$", false, &by, &err), -1);
	assert_int_equal(user_add(store, "No Name", ROLE_ADMIN, "$", false, &by, &err), -1);
	assert_int_equal(user_change(store, "one", &demote, &by, &err), -1);
	assert_int_equal(err.kind, ERR_USAGE);
	assert_int_equal(user_change(store, "one", &disable, &by, &err), -1);
	assert_int_equal(user_remove(store, "one", &by, &err), -1);
	add(store, "three", ROLE_ADMIN);
	assert_int_equal(user_change(store, "three", &disable, &by, &err), 1);
	assert_int_equal(user_remove(store, "one", &by, &err), -1);
	assert_int_equal(user_change(store, "three", &enable, &by, &err), 1);
	assert_int_equal(user_remove(store, "one", &by, &err), 1);
	assert_int_equal(user_remove(store, "one", &by, &err), 0);
	assert_int_equal(user_change(store, "nobody", &same, &by, &err), 0);
	store_close(store);
}

static void sessions_end_with_what_they_rest_on(void **state)
{
	struct user_change disable = {.disabled = 1}, enable = {.disabled = 0};
	struct user_change password = {.hashed = "$new", .disabled = -1};
	char text[SESSION_TEXT], other[SESSION_TEXT];
	uint8_t hash[SESSION_HASH];
	struct user user;
	struct err err = {0};
	struct store *store = open_store();
	(void)state;
	add(store, "root", ROLE_ADMIN);
	add(store, "ann", ROLE_ANALYST);
	begin(store, "root", text);
	begin(store, "ann", text);
	assert_int_equal(sessions(store), 2);
	assert_true(session_hash(slice_of(text), hash));
	assert_int_equal(session_end(store, hash, &by, &err), 1);
	assert_int_equal(session_end(store, hash, &by, &err), 0);
	begin(store, "ann", text);
	assert_int_equal(user_change(store, "ann", &disable, &by, &err), 1);
	assert_int_equal(sessions(store), 1);
	assert_int_equal(user_find(store, "ann", &user, &err), 1);
	assert_int_equal(session_begin(store, &user, NULL, &by, text, &err), 0);
	assert_int_equal(user_change(store, "ann", &enable, &by, &err), 1);
	assert_int_equal(sessions(store), 1);
	begin(store, "ann", text);
	assert_int_equal(user_change(store, "ann", &password, &by, &err), 1);
	assert_int_equal(sessions(store), 1);
	/* The password that fitted is another one by now. */
	assert_int_equal(session_begin(store, &user, NULL, &by, text, &err), 0);
	assert_int_equal(session_password(store, &user, "$x", &by, text, &err), 0);
	begin(store, "ann", text);
	begin(store, "ann", other);
	assert_string_not_equal(text, other);
	assert_int_equal(user_find(store, "ann", &user, &err), 1);
	assert_true(user.last_login > 0);
	assert_int_equal(session_password(store, &user, "$y", &by, text, &err), 1);
	assert_int_equal(sessions(store), 2);
	assert_true(session_hash(slice_of(text), hash));
	assert_int_equal(user_find(store, "ann", &user, &err), 1);
	assert_int_equal(session_begin(store, &user, hash, &by, other, &err), 1);
	assert_int_equal(sessions(store), 2);
	assert_int_equal(user_remove(store, "ann", &by, &err), 1);
	assert_int_equal(sessions(store), 1);
	for (unsigned i = 0; i < SESSIONS_MOST + 10; i++)
		begin(store, "root", text);
	assert_int_equal(sessions(store), SESSIONS_MOST);
	store_close(store);
}

static void sessions_end_by_themselves(void **state)
{
	static const int64_t hour = INT64_C(3600) * 1000000;
	const int64_t now = clock_now_us();
	char text[SESSION_TEXT];
	uint8_t hash[SESSION_HASH];
	struct err err = {0};
	struct store *store = open_store();
	(void)state;
	assert_int_equal(session_end_of(0, 100 * hour), 12 * hour);
	assert_int_equal(session_end_of(95 * hour, 100 * hour), 100 * hour);
	add(store, "root", ROLE_ADMIN);
	begin(store, "root", text);
	assert_true(session_hash(slice_of(text), hash));
	assert_int_equal(
		catalog_run(store, &err, "UPDATE sessions SET used_at = ?", "i", now - 11 * hour),
		0);
	assert_int_equal(sessions(store), 1);
	assert_int_equal(
		catalog_run(store, &err, "UPDATE sessions SET used_at = ?", "i", now - 12 * hour),
		0);
	assert_int_equal(sessions(store), 0);
	assert_int_equal(session_touch(store, hash, now, &err), 0);
	assert_int_equal(sessions(store), 1);
	assert_int_equal(catalog_run(store, &err, "UPDATE sessions SET ends_at = ?", "i", now), 0);
	assert_int_equal(sessions(store), 0);
	store_close(store);
}

static void what_a_session_is(void **state)
{
	char text[SESSION_TEXT], csrf[SESSION_TEXT], again[SESSION_TEXT];
	uint8_t hash[SESSION_HASH];
	struct store *store = open_store();
	(void)state;
	add(store, "root", ROLE_ADMIN);
	begin(store, "root", text);
	session_csrf(text, csrf);
	session_csrf(text, again);
	assert_string_equal(csrf, again);
	assert_string_not_equal(csrf, text);
	assert_int_equal(strlen(csrf), 64);
	assert_false(session_hash(SLICE(""), hash));
	text[3] = 'X';
	assert_false(session_hash(slice_of(text), hash));
	store_close(store);
}

static void the_first_user_is_made_once(void **state)
{
	char password[PASSWORD_MADE], other[PASSWORD_MADE];
	struct user user;
	struct err err = {0};
	struct store *store = open_store();
	(void)state;
	assert_int_equal(user_first(store, password, &err), 1);
	assert_int_equal(user_find(store, "admin", &user, &err), 1);
	assert_true(user.must_change && user.role == ROLE_ADMIN);
	assert_true(password_fits(password, user.hashed));
	assert_int_equal(user_first(store, other, &err), 0);
	store_close(store);
}

static void an_older_folder_has_nobody(void **state)
{
	unsigned n = 0;
	struct user user;
	struct err err = {0};
	struct store *store = open_store();
	(void)state;
	add(store, "root", ROLE_ADMIN);
	test_format(store, 8);
	assert_int_equal(user_find(store, "root", &user, &err), 0);
	assert_int_equal(session_list(store, count_session, &n, &err), 0);
	assert_int_equal(n, 0);
	store_close(store);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_password_is_known_by_its_hash),
		cmocka_unit_test(a_hash_is_scrypt),
		cmocka_unit_test(what_is_no_hash_fits_nothing),
		cmocka_unit_test(what_a_password_is),
		cmocka_unit_test(an_admin_is_always_left),
		cmocka_unit_test(sessions_end_with_what_they_rest_on),
		cmocka_unit_test(sessions_end_by_themselves),
		cmocka_unit_test(what_a_session_is),
		cmocka_unit_test(the_first_user_is_made_once),
		cmocka_unit_test(an_older_folder_has_nobody),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
