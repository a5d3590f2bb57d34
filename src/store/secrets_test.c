/* SPDX-License-Identifier: Apache-2.0 */
/* secrets_test.c: sealing opens for its own place only; key files that are not safe are refused; nobody
 * makes two keys. */
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/test.h"
#include "store/private.h"
#include "store/secrets.h"

#define CANARY "canary-7f3a-token"

static char *key_path(const char *dir)
{
	static char path[1024];
	snprintf(path, sizeof(path), "%s/config/key", dir);
	return path;
}

static struct secret_key *made_key(const char *path)
{
	struct secret_key *key;
	struct err err;
	if (secret_key_open(path, NULL, true, &key, &err) < 0)
		fail_msg("%s", err.text);
	return key;
}

static struct buf sealed_under(const struct secret_key *key, const char *name, const char *field)
{
	struct buf out;
	struct err err;
	buf_init(&out, 1 << 20);
	if (secret_seal(key, NULL, name, field, SLICE(CANARY), &out, &err) < 0)
		fail_msg("%s", err.text);
	return out;
}

static void only_its_own_place(void **state)
{
	(void)state;
	static const struct {
		const char *name, *field;
		int rc;
	} rows[] = {
		{"jira-1", "api_token", 0},
		{"jira-2", "api_token", -1},
		{"jira-1", "api_toke", -1},
		{"jira-1", "api_tokenx", -1},
		{"jira-1a", "pi_token", -1},
		{"", "jira-1api_token", -1},
	};
	char *dir = test_folder();
	struct secret_key *key = made_key(key_path(dir));
	struct buf sealed = sealed_under(key, "jira-1", "api_token");
	assert_int_equal(sealed.len, strlen(CANARY) + SECRET_OVERHEAD);
	assert_null(memmem(sealed.ptr, sealed.len, CANARY, 6));
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct secret plain;
		struct err err = {0};
		int rc = secret_open(
			key, rows[i].name, rows[i].field, buf_view(&sealed), &plain, &err);
		CHECK_ROW(i, rc == rows[i].rc);
		CHECK_ROW(i, rc == 0 ? strcmp(plain.text, CANARY) == 0
				     : plain.text == NULL && err.kind == ERR_DAMAGED &&
					       strstr(err.text, "again"));
		secret_wipe(&plain);
	}
	buf_fini(&sealed);
	secret_key_free(key);
	test_remove(dir);
}

/* Every bit of what is stored, and every length. */
static void tampering_is_seen(void **state)
{
	(void)state;
	char *dir = test_folder();
	struct secret_key *key = made_key(key_path(dir));
	struct buf sealed = sealed_under(key, "jira", "api_token");
	struct secret plain;
	struct err err;
	for (size_t bit = 0; bit < 8 * sealed.len; bit++) {
		sealed.ptr[bit / 8] = (char)(sealed.ptr[bit / 8] ^ (1 << bit % 8));
		int rc = secret_open(key, "jira", "api_token", buf_view(&sealed), &plain, &err);
		CHECK_ROW(bit, rc == -1 && !plain.text && !strstr(err.text, "canary"));
		sealed.ptr[bit / 8] = (char)(sealed.ptr[bit / 8] ^ (1 << bit % 8));
	}
	for (size_t n = 0; n < sealed.len; n++)
		CHECK_ROW(n, secret_open(key, "jira", "api_token", (struct slice){sealed.ptr, n},
				     &plain, &err) == -1);
	struct buf again = sealed_under(key, "jira", "api_token");
	assert_false(slice_eq(buf_view(&sealed), buf_view(&again))); /* another nonce */
	buf_fini(&again);
	buf_fini(&sealed);
	secret_key_free(key);
	test_remove(dir);
}

static void another_key(void **state)
{
	(void)state;
	char *dir = test_folder();
	struct secret_key *key = made_key(key_path(dir));
	struct buf sealed = sealed_under(key, "jira", "api_token");
	struct secret plain;
	struct err err;
	secret_key_free(key);
	assert_int_equal(unlink(key_path(dir)), 0);
	assert_int_equal(secret_key_open(key_path(dir), NULL, false, &key, &err), -1);
	assert_int_equal(err.kind, ERR_NOT_FOUND);
	assert_non_null(strstr(err.text, "put it back"));
	key = made_key(key_path(dir));
	assert_int_equal(
		secret_open(key, "jira", "api_token", buf_view(&sealed), &plain, &err), -1);
	assert_int_equal(err.kind, ERR_ACCESS);
	assert_non_null(strstr(err.text, "another key"));
	assert_non_null(strstr(err.text, "connect jira again"));
	secret_key_free(key);
	buf_fini(&sealed);
	test_remove(dir);
}

static void sizes_are_limited(void **state)
{
	(void)state;
	char *dir = test_folder(), *big = xcalloc(1, SECRET_MAX + 1);
	struct secret_key *key = made_key(key_path(dir));
	struct buf out;
	struct err err;
	struct secret plain;
	static const struct {
		size_t n;
		int rc;
	} rows[] = {{0, -1}, {1, 0}, {SECRET_MAX, 0}, {SECRET_MAX + 1, -1}};
	for (size_t i = 0; i < COUNT(rows); i++) {
		buf_init(&out, 1 << 20);
		CHECK_ROW(i, secret_seal(key, NULL, "a", "b", (struct slice){big, rows[i].n}, &out,
				     &err) == rows[i].rc);
		if (rows[i].rc == 0) {
			CHECK_ROW(i, secret_open(key, "a", "b", buf_view(&out), &plain, &err) == 0);
			CHECK_ROW(i, plain.len == rows[i].n);
			secret_wipe(&plain);
		}
		buf_fini(&out);
	}
	secret_key_free(key);
	free(big);
	test_remove(dir);
}

static void write_text(const char *path, const char *text, size_t n, mode_t mode)
{
	struct err err;
	(void)unlink(path);
	if (io_write_file(path, text, n, 0600, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(chmod(path, mode), 0);
}

#define HEX "00112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF"
static void files_are_checked(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		size_t n;
		mode_t mode;
		enum err_kind kind;
	} rows[] = {
		{HEX "\n", 65, 0600, ERR_NONE},
		{HEX, 64, 0400, ERR_NONE},
		{HEX "\r\n ", 67, 0600, ERR_NONE},
		{"0123456789abcdef\0\n23456789abcdef", 32, 0600, ERR_NONE},
		{HEX "\n", 65, 0640, ERR_ACCESS},
		{HEX "\n", 65, 0604, ERR_ACCESS},
		{HEX "\n", 65, 0620, ERR_ACCESS},
		{"", 0, 0600, ERR_FORMAT},
		{HEX, 63, 0600, ERR_FORMAT},
		{HEX "00", 66, 0600, ERR_FORMAT},
		{"x" HEX, 64, 0600, ERR_FORMAT},
	};
	char *dir = test_folder(), path[1024];
	snprintf(path, sizeof(path), "%s/key", dir);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct secret_key *key = NULL;
		struct err err = {0};
		write_text(path, rows[i].text, rows[i].n, rows[i].mode);
		int rc = secret_key_open(path, NULL, true, &key, &err);
		CHECK_ROW(i, rc == (rows[i].kind == ERR_NONE ? 0 : -1) && err.kind == rows[i].kind);
		CHECK_ROW(i, !strstr(err.text, "0011"));
		secret_key_free(key);
	}
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkdir(path, 0700), 0);
	struct secret_key *key;
	struct err err;
	assert_int_equal(secret_key_open(path, NULL, true, &key, &err), -1);
	assert_int_equal(err.kind, ERR_FORMAT);
	test_remove(dir);
}

/* In the data folder, by any way. */
static void not_in_the_data_folder(void **state)
{
	(void)state;
	char *dir = test_folder(), data[600], link_name[600], path[1024];
	struct err err;
	struct secret_key *key;
	snprintf(data, sizeof(data), "%s/data", dir);
	snprintf(link_name, sizeof(link_name), "%s/elsewhere", dir);
	assert_int_equal(mkdir(data, 0700), 0);
	assert_int_equal(symlink(data, link_name), 0);
	static const struct {
		const char *place;
		int rc;
	} rows[] = {{"data/key", -1}, {"data/a/b/key", -1}, {"elsewhere/key", -1},
		{"data/../data/key", -1}, {"data2/key", 0}, {"data/../key", 0}};
	for (size_t i = 0; i < COUNT(rows); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, rows[i].place);
		int rc = secret_key_open(path, data, true, &key, &err);
		CHECK_ROW(i, rc == rows[i].rc);
		CHECK_ROW(i, rc == 0 || (err.kind == ERR_ACCESS && strstr(err.text, "move it")));
		CHECK_ROW(i, (access(path, F_OK) == 0) == (rc == 0));
		secret_key_free(key);
	}
	assert_int_equal(rmdir(data), 0); /* nothing was made there */
	test_remove(dir);
}

static void places(void **state)
{
	(void)state;
	char *dir = test_folder(), path[1024], name[700];
	struct err err;
	static const struct {
		const char *wanted, *config, *home, *path;
	} rows[] = {
		{"/k", "/c", "/h", "/k"},
		{NULL, "/c", "/h", "/c/pugmark/key"},
		{"", "", "/h", "/h/.config/pugmark/key"},
		{NULL, "relative", "/h", "/h/.config/pugmark/key"},
		{NULL, "", "", SECRET_KEY_SERVICE},
	};
	unsetenv("CREDENTIALS_DIRECTORY");
	for (size_t i = 0; i < COUNT(rows); i++) {
		setenv("XDG_CONFIG_HOME", rows[i].config, 1);
		setenv("HOME", rows[i].home, 1);
		CHECK_ROW(i, secret_key_path(rows[i].wanted, path, &err) == 0 &&
				     strcmp(path, rows[i].path) == 0);
	}
	setenv("CREDENTIALS_DIRECTORY", dir, 1);
	assert_int_equal(secret_key_path(NULL, path, &err), 0);
	assert_string_equal(path, SECRET_KEY_SERVICE); /* there is no credential of ours */
	snprintf(name, sizeof(name), "%s/pugmark.key", dir);
	write_text(name, HEX, 64, 0440); /* as systemd shows its ACL */
	assert_int_equal(secret_key_path(NULL, path, &err), 0);
	assert_string_equal(path, name);
	struct secret_key *key = made_key(NULL);
	assert_string_equal(secret_key_where(key), name);
	secret_key_free(key);
	unsetenv("CREDENTIALS_DIRECTORY");
	test_remove(dir);
}

/* Twelve processes make the key at once: one key comes of it, of mode 0600, and nothing else. */
static void one_key_is_made(void **state)
{
	(void)state;
	char *dir = test_folder(), command[700];
	int ids[2];
	uint8_t id[SECRET_KEY_ID];
	assert_int_equal(pipe(ids), 0);
	umask(0);
	for (int i = 0; i < 12; i++) {
		if (fork() == 0) {
			struct secret_key *key = made_key(key_path(dir));
			if (write(ids[1], secret_key_id(key), SECRET_KEY_ID) != SECRET_KEY_ID)
				_exit(1);
			_exit(0);
		}
	}
	for (int i = 0, status; i < 12; i++)
		assert_true(wait(&status) > 0 && status == 0);
	struct secret_key *key = made_key(key_path(dir));
	for (int i = 0; i < 12; i++) {
		assert_int_equal(read(ids[0], id, sizeof(id)), SECRET_KEY_ID);
		assert_true(secret_key_has(key, id));
	}
	struct stat st;
	assert_int_equal(stat(key_path(dir), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(st.st_size, 65);
	snprintf(command, sizeof(command), "test \"$(ls '%s/config')\" = key", dir);
	assert_int_equal(system(command), 0);
	secret_key_free(key);
	test_remove(dir);
}

/* A process that dies at any change while the key is made leaves none, or a whole one. */
static void making_is_cut_off(void **state)
{
	(void)state;
	unsigned killed = 0;
	for (unsigned n = 1; n < 20; n++) {
		char *dir = test_folder(), fault[64];
		snprintf(fault, sizeof(fault), "change:%u:%s", n, n % 2 ? "torn" : "after");
		pid_t child = fork();
		if (child == 0) {
			struct secret_key *key;
			struct err err;
			io_fault(fault, NULL);
			_exit(secret_key_open(key_path(dir), NULL, true, &key, &err) < 0 ? 1 : 0);
		}
		int status;
		assert_int_equal(waitpid(child, &status, 0), child);
		killed += WIFSIGNALED(status);
		secret_key_free(made_key(key_path(dir)));
		test_remove(dir);
	}
	assert_in_range(killed, 5, 18);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_its_own_place),
		cmocka_unit_test(tampering_is_seen),
		cmocka_unit_test(another_key),
		cmocka_unit_test(sizes_are_limited),
		cmocka_unit_test(files_are_checked),
		cmocka_unit_test(not_in_the_data_folder),
		cmocka_unit_test(places),
		cmocka_unit_test(one_key_is_made),
		cmocka_unit_test(making_is_cut_off),
	};
	return cmocka_run_group_tests_name("secrets", tests, NULL, NULL);
}
