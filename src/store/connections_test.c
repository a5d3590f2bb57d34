/* SPDX-License-Identifier: Apache-2.0 */
/* connections_test.c: connections are checked, kept, listed without their secrets, paused and removed;
 * one is the primary; keys are changed, also where that is cut off; a canary is found nowhere. */
#include <sys/wait.h>

#include "base/test.h"
#include "store/connections.h"
#include "store/ledger.h"
#include "store/private.h"
#include "store/test_format.h"
#include "store/test_store.h"

#define CANARY "ATATT3x-canary-0123456789"

/* A folder with data/ and, beside it, the key. */
struct place {
	char *dir, data[600], key[600];
};

static void place_init(struct place *p)
{
	p->dir = test_folder();
	snprintf(p->data, sizeof(p->data), "%s/data", p->dir);
	/* test_remove frees p->dir. NOLINTNEXTLINE(clang-analyzer-unix.Malloc) */
	snprintf(p->key, sizeof(p->key), "%s/config/key", p->dir);
}

static struct secret_key *open_key(struct store *store, const struct place *p, bool make)
{
	struct secret_key *key;
	struct err err;
	if (store_secret_key(store, p->key, make, &key, &err) < 0)
		fail_msg("%s", err.text);
	return key;
}

static const struct connection jira = {.name = "jira-1",
	.kind = "jira",
	.table = "jira_audit_logs",
	.instance = "https://a.atlassian.net",
	.settings = "{\"domain\":\"a.atlassian.net\",\"mail\":\"x@y.z\"}",
	.schema = "mine",
	.interval_s = 60,
	.lookback_s = 3600,
	.backfill_from = INT64_MIN,
	.token_expires = 1800000000000000};

static int put(struct store *store, const struct connection *c, bool also, const char *token,
	const struct secret_key *key, struct err *err)
{
	struct connection_secret secret = {"api_token", slice_of(token)};
	return store_connection_put(store, c, also, &secret, token ? 1 : 0, key, NULL, err);
}

static void must_put(struct store *store, const struct connection *c, bool also, const char *token,
	const struct secret_key *key)
{
	struct err err;
	if (put(store, c, also, token, key, &err) < 0)
		fail_msg("%s", err.text);
}

static void expect_secret(
	struct store *store, const char *name, const struct secret_key *key, const char *token)
{
	struct secret plain;
	struct err err = {0};
	if (store_connection_secret(store, name, "api_token", key, &plain, &err) != 1)
		fail_msg("%s: %s", name, err.text);
	assert_string_equal(plain.text, token);
	secret_wipe(&plain);
}

static int note(void *ctx, const struct connection *c, struct err *err)
{
	(void)err;
	buf_printf(ctx, "%s %s %s%s%s [%s]\n", c->name, c->kind, c->table,
		c->paused ? " paused" : "", c->secondary ? " secondary" : "", c->secrets);
	return 0;
}

static void expect_list(struct store *store, const char *list)
{
	struct buf out;
	struct err err;
	buf_init(&out, 1 << 20);
	buf_puts(&out, "");
	assert_int_equal(store_connections(store, note, &out, &err), 0);
	buf_append(&out, "", 1);
	assert_string_equal(out.ptr, list);
	buf_fini(&out);
}

static void connections_last(void **state)
{
	(void)state;
	struct place p;
	place_init(&p);
	struct arena mem = {0};
	struct connection c;
	struct err err;
	struct store *store = test_open(p.data, STORE_WRITE);
	struct secret_key *key = open_key(store, &p, true);
	must_put(store, &jira, false, CANARY, key);
	must_put(store, &jira, false, NULL, NULL); /* the secret stays */
	store_close(store);
	store = test_open(p.data, STORE_READ);
	assert_int_equal(store_connection_get(store, "jira-1", &mem, &c, &err), 1);
	assert_string_equal(c.kind, jira.kind);
	assert_string_equal(c.table, jira.table);
	assert_string_equal(c.instance, jira.instance);
	assert_string_equal(c.settings, jira.settings);
	assert_string_equal(c.schema, "mine");
	assert_string_equal(c.secrets, "api_token");
	assert_int_equal(c.interval_s, 60);
	assert_int_equal(c.lookback_s, 3600);
	assert_true(c.backfill_from == INT64_MIN && c.token_expires == jira.token_expires);
	assert_true(c.created_at > 0 && c.changed_at >= c.created_at && !c.paused && !c.secondary);
	assert_int_equal(store_connection_get(store, "jira", &mem, &c, &err), 0);
	expect_secret(store, "jira-1", key, CANARY);
	struct secret plain;
	assert_int_equal(store_connection_secret(store, "jira-1", "pin", key, &plain, &err), 0);
	assert_int_equal(store_connection_secret(store, "j", "api_token", key, &plain, &err), 0);
	assert_int_equal(store_connection_pause(store, "jira-1", true, &err), -1);
	assert_int_equal(err.kind, ERR_ACCESS);
	store_close(store);
	store = test_open(p.data, STORE_WRITE);
	assert_int_equal(store_connection_pause(store, "jira-1", true, &err), 1);
	assert_int_equal(store_connection_pause(store, "jira-1", true, &err), 1);
	assert_int_equal(store_connection_pause(store, "none", true, &err), 0);
	expect_list(store, "jira-1 jira jira_audit_logs paused [api_token]\n");
	assert_int_equal(store_connection_pause(store, "jira-1", false, &err), 1);
	must_put(store, &jira, false, "", key); /* forgets the secret */
	expect_list(store, "jira-1 jira jira_audit_logs []\n");
	secret_key_free(key);
	store_close(store);
	arena_fini(&mem);
	test_remove(p.dir);
}

static void bad_ones_are_refused(void **state)
{
	(void)state;
	static const struct {
		const char *name, *kind, *table, *settings;
		uint32_t interval;
		const char *text;
	} rows[] = {
		{"", "jira", "t", "{}", 60, "name"},
		{"Jira", "jira", "t", "{}", 60, "name"},
		{".x", "jira", "t", "{}", 60, "name"},
		{"a/b", "jira", "t", "{}", 60, "name"},
		{"a", "jirra", "t", "{}", 60, "jira, confluence"},
		{"a", "jira", "../t", "{}", 60, "table"},
		{"a", "jira", "t", "[]", 60, "JSON object"},
		{"a", "jira", "t", "{", 60, "JSON object"},
		{"a", "jira", "t", "", 60, "JSON object"},
		{"a", "jira", "t", "{\"a\":\"\xff\"}", 60, "UTF-8"},
		{"a", "jira", "t", "{}", 0, "interval"},
		{"a", "jira", "t", "{\"api_token\":\"" CANARY "\"}", 60, "is a secret"},
	};
	struct place p;
	place_init(&p);
	struct store *store = test_open(p.data, STORE_WRITE);
	struct secret_key *key = open_key(store, &p, true);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct err err = {0};
		struct connection c = {.name = rows[i].name,
			.kind = rows[i].kind,
			.table = rows[i].table,
			.settings = rows[i].settings,
			.interval_s = rows[i].interval};
		CHECK_ROW(i, put(store, &c, false, "x", key, &err) == -1 && err.kind == ERR_USAGE);
		CHECK_ROW(i, strstr(err.text, rows[i].text) && !strstr(err.text, CANARY));
	}
	expect_list(store, "");
	struct err err;
	must_put(store, &jira, false, NULL, NULL);
	struct connection other = jira;
	other.kind = "confluence";
	assert_int_equal(put(store, &other, false, NULL, NULL, &err), -1);
	assert_non_null(strstr(err.text, "of the kind jira"));
	assert_int_equal(put(store, &jira, false, "x", NULL, &err), -1); /* no key */
	secret_key_free(key);
	store_close(store);
	test_remove(p.dir);
}

static int64_t count(struct store *store, const char *sql)
{
	int64_t n = -1;
	struct err err;
	if (catalog_int(store, &n, &err, sql, "") < 1)
		fail_msg("%s", err.text);
	return n;
}

/* A place that was read to. */
static void must_note(struct store *store, const char *name)
{
	struct err err;
	if (catalog_run(store, &err, "INSERT INTO checkpoints VALUES(?, 'x', 1)", "t", name) < 0)
		fail_msg("%s", err.text);
}

static void one_primary(void **state)
{
	(void)state;
	struct place p;
	place_init(&p);
	struct err err;
	struct store *store = test_open(p.data, STORE_WRITE);
	struct connection b = jira, c = jira, d = jira, e = jira;
	b.name = "b";
	c.name = "c";
	c.table = "other";
	d.name = "d";
	e.name = "e";
	d.instance = e.instance = ""; /* told by the lines */
	must_put(store, &jira, false, NULL, NULL);
	assert_int_equal(put(store, &b, false, NULL, NULL, &err), -1);
	assert_non_null(strstr(err.text, "`jira-1`"));
	assert_non_null(strstr(err.text, "--also"));
	must_put(store, &b, true, NULL, NULL);
	must_put(store, &b, false, NULL, NULL); /* stays what it is */
	must_put(store, &c, false, NULL, NULL);
	must_put(store, &d, false, NULL, NULL);
	must_put(store, &e, false, NULL, NULL);
	expect_list(store, "b jira jira_audit_logs secondary []\n"
			   "c jira other []\n"
			   "d jira jira_audit_logs []\n"
			   "e jira jira_audit_logs []\n"
			   "jira-1 jira jira_audit_logs []\n");
	/* Moving c to where jira-1 is primary. */
	c.table = jira.table;
	assert_int_equal(put(store, &c, false, NULL, NULL, &err), -1);
	must_note(store, "b");
	must_note(store, "d");
	assert_int_equal(store_connection_remove(store, "jira-1", NULL, &err), 1);
	must_put(store, &b, false, NULL, NULL);
	must_put(store, &d, false, NULL, NULL);
	assert_int_equal(count(store, "SELECT count(*) FROM checkpoints WHERE key = 'b'"), 0);
	assert_int_equal(count(store, "SELECT count(*) FROM checkpoints WHERE key = 'd'"), 1);
	expect_list(store, "b jira jira_audit_logs []\n"
			   "c jira other []\n"
			   "d jira jira_audit_logs []\n"
			   "e jira jira_audit_logs []\n");
	store_close(store);
	test_remove(p.dir);
}

/* Two nodes' folders, a bucket of the same instance: none is a copy; an API beside them is. */
static void primaries_of_log_files(void **state)
{
	(void)state;
	struct place p;
	place_init(&p);
	struct err err;
	struct store *store = test_open(p.data, STORE_WRITE);
	struct connection one = jira, two = jira, three = jira, api = jira;
	one.name = "one";
	two.name = "two";
	three.name = "three";
	one.kind = two.kind = "folder";
	three.kind = "s3";
	must_put(store, &one, false, NULL, NULL);
	must_put(store, &two, false, NULL, NULL);
	must_put(store, &three, false, NULL, NULL);
	assert_int_equal(put(store, &api, false, NULL, NULL, &err), -1);
	must_put(store, &api, true, NULL, NULL);
	expect_list(store, "jira-1 jira jira_audit_logs secondary []\n"
			   "one folder jira_audit_logs []\n"
			   "three s3 jira_audit_logs []\n"
			   "two folder jira_audit_logs []\n");
	store_close(store);
	test_remove(p.dir);
}

static void removing(void **state)
{
	(void)state;
	struct place p;
	place_init(&p);
	struct err err;
	uint64_t events = 9, id;
	struct store *store = test_open(p.data, STORE_WRITE);
	struct secret_key *key = open_key(store, &p, true);
	struct object_mark mark = {.key = SLICE("k"), .etag = SLICE("e"), .bytes = 1, .read_to = 1};
	must_put(store, &jira, false, CANARY, key);
	assert_int_equal(catalog_run(store, &err,
				 "INSERT INTO checkpoints VALUES('jira-1', 'x', 1),"
				 " ('jira-1/a', 'x', 1), ('jira-10', 'x', 1)",
				 ""),
		0);
	assert_int_equal(objects_put(store, "jira-1", &mark, 1, &err), 0);
	assert_int_equal(objects_put(store, "jira-2", &mark, 1, &err), 0);
	assert_int_equal(ledger_begin(store, "jira-1", LEDGER_SWEEP, NULL, 1, 2, &id, &err), 0);
	assert_int_equal(catalog_run(store, &err,
				 "INSERT INTO sources(name, rows) VALUES('jira-1', 42)", ""),
		0);
	assert_int_equal(store_connection_remove(store, "jira-1", &events, &err), 1);
	assert_int_equal(events, 42);
	assert_int_equal(count(store, "SELECT count(*) FROM connection_secrets"), 0);
	assert_int_equal(count(store, "SELECT count(*) FROM checkpoints"), 1);
	assert_int_equal(count(store, "SELECT count(*) FROM objects"), 1);
	assert_int_equal(count(store, "SELECT count(*) FROM ledger_windows"), 1);
	assert_int_equal(store_connection_remove(store, "jira-1", &events, &err), 0);
	secret_key_free(key);
	store_close(store);
	test_remove(p.dir);
}

/* A new key beside sealed secrets is not made, and nothing is sealed under one. */
static void a_lost_key(void **state)
{
	(void)state;
	struct place p;
	place_init(&p);
	struct err err;
	struct secret_key *key;
	struct store *store = test_open(p.data, STORE_WRITE);
	struct connection b = jira;
	b.name = "b";
	b.table = "other";
	key = open_key(store, &p, true);
	must_put(store, &jira, false, CANARY, key);
	secret_key_free(key);
	assert_int_equal(unlink(p.key), 0);
	assert_int_equal(store_secret_key(store, p.key, true, &key, &err), -1);
	assert_int_equal(err.kind, ERR_NOT_FOUND);
	assert_int_equal(secret_key_open(p.key, NULL, true, &key, &err), 0);
	assert_int_equal(put(store, &b, false, "x", key, &err), -1);
	assert_int_equal(err.kind, ERR_ACCESS);
	expect_list(store, "jira-1 jira jira_audit_logs [api_token]\n"); /* b is not half there */
	must_put(store, &jira, false, "new token", key);
	expect_secret(store, "jira-1", key, "new token");
	secret_key_free(key);
	store_close(store);
	test_remove(p.dir);
}

/* Two fields, and two connections, exchanged in the catalog by hand. */
static void exchanged_rows(void **state)
{
	(void)state;
	struct place p;
	place_init(&p);
	struct err err;
	struct secret plain;
	struct store *store = test_open(p.data, STORE_WRITE);
	struct secret_key *key = open_key(store, &p, true);
	struct connection b = jira;
	b.name = "b";
	b.table = "other";
	must_put(store, &jira, false, CANARY, key);
	must_put(store, &b, false, "other", key);
	assert_int_equal(catalog_run(store, &err,
				 "UPDATE connection_secrets SET sealed = (SELECT sealed FROM"
				 " connection_secrets o WHERE o.connection_id = 1) WHERE"
				 " connection_id = 2",
				 ""),
		0);
	assert_int_equal(store_connection_secret(store, "b", "api_token", key, &plain, &err), -1);
	assert_int_equal(err.kind, ERR_DAMAGED);
	assert_non_null(strstr(err.text, "belongs to another connection"));
	expect_secret(store, "jira-1", key, CANARY);
	secret_key_free(key);
	store_close(store);
	test_remove(p.dir);
}

static void change_in_child(const struct place *p, const char *fault, unsigned *killed)
{
	pid_t child = fork();
	if (child == 0) {
		struct err err;
		struct store *store = test_open(p->data, STORE_WRITE);
		io_fault(fault, NULL);
		_exit(store_secret_key_change(store, p->key, NULL, &err) < 0 ? 1 : 0);
	}
	int status;
	assert_int_equal(waitpid(child, &status, 0), child);
	*killed += WIFSIGNALED(status);
}

/* The key is changed, and the process dies at the nth change of a file: secrets open at any time, and the
 * next try ends it. */
static void keys_are_changed(void **state)
{
	(void)state;
	unsigned killed = 0;
	for (unsigned n = 1; n < 40; n++) {
		struct place p;
		place_init(&p);
		char fault[64], next[700], command[800];
		uint8_t before[SECRET_KEY_ID];
		struct err err;
		struct store *store = test_open(p.data, STORE_WRITE);
		struct secret_key *key = open_key(store, &p, true);
		memcpy(before, secret_key_id(key), sizeof(before));
		must_put(store, &jira, false, CANARY, key);
		store_close(store);
		secret_key_free(key);
		snprintf(fault, sizeof(fault), "change:%u:%s", n, n % 2 ? "kill" : "after");
		change_in_child(&p, fault, &killed);
		store = test_open(p.data, STORE_WRITE);
		key = open_key(store, &p, false);
		expect_secret(store, "jira-1", key, CANARY);
		must_put(store, &jira, false, CANARY "2", key); /* under the right one of two */
		secret_key_free(key);
		if (store_secret_key_change(store, p.key, NULL, &err) < 0)
			fail_msg("%s: %s", fault, err.text);
		key = open_key(store, &p, false);
		expect_secret(store, "jira-1", key, CANARY "2");
		assert_false(secret_key_has(key, before));
		snprintf(next, sizeof(next), "%s.next", p.key);
		assert_int_equal(access(next, F_OK), -1);
		store_close(store);
		/* What was sealed under the old key is in no free page either. */
		snprintf(command, sizeof(command), "cp '%s/catalog.db' '%s/copy'", p.data, p.dir);
		assert_int_equal(system(command), 0);
		char *bytes;
		size_t len;
		snprintf(command, sizeof(command), "%s/copy", p.dir);
		assert_int_equal(io_read_file(command, 64 << 20, &bytes, &len, &err), 0);
		assert_null(memmem(bytes, len, before, sizeof(before)));
		assert_non_null(memmem(bytes, len, secret_key_id(key), SECRET_KEY_ID));
		free(bytes);
		secret_key_free(key);
		test_remove(p.dir);
	}
	assert_in_range(killed, 8, 38);
}

/* Nothing that we write holds the plain text: catalog, its log, backup, errors, words on stderr. */
static void no_canary(void **state)
{
	(void)state;
	struct place p;
	place_init(&p);
	char command[1500], backup[700];
	struct err err;
	struct secret plain;
	snprintf(backup, sizeof(backup), "%s/backup", p.dir);
	(void)fflush(stderr);
	snprintf(command, sizeof(command), "%s/stderr", p.dir);
	int saved = dup(2);
	assert_non_null(freopen(command, "w", stderr));
	struct store *store = test_open(p.data, STORE_WRITE);
	struct secret_key *key = open_key(store, &p, true), *wrong;
	must_put(store, &jira, false, CANARY, key);
	assert_int_equal(put(store, &jira, false, CANARY, NULL, &err), -1);
	assert_null(strstr(err.text, "canary"));
	snprintf(command, sizeof(command), "%s/wrong", p.dir);
	assert_int_equal(secret_key_open(command, NULL, true, &wrong, &err), 0);
	assert_int_equal(
		store_connection_secret(store, "jira-1", "api_token", wrong, &plain, &err), -1);
	assert_null(strstr(err.text, "canary"));
	log_error("%s", err.text);
	expect_secret(store, "jira-1", key, CANARY);
	assert_int_equal(store_backup(store, backup, false, NULL, &err), 0);
	/* With the log not yet emptied, and closed. */
	snprintf(command, sizeof(command), "grep -rqa canary '%s'", p.dir);
	assert_int_not_equal(system(command), 0);
	store_close(store);
	assert_int_not_equal(system(command), 0);
	/* The backup has what was sealed, and not the key. */
	store = test_open(backup, STORE_READ);
	expect_secret(store, "jira-1", key, CANARY);
	store_close(store);
	snprintf(command, sizeof(command), "find '%s' '%s' -name '*key*' | grep -q .", backup,
		p.data);
	assert_int_not_equal(system(command), 0);
	/* The test can fail: a canary that is there is found. */
	snprintf(command, sizeof(command), "echo %s > '%s/x'; grep -rqa canary '%s'", CANARY, p.dir,
		p.dir);
	assert_int_equal(system(command), 0);
	(void)fflush(stderr);
	dup2(saved, 2);
	close(saved);
	secret_key_free(key);
	secret_key_free(wrong);
	test_remove(p.dir);
}

static void one_reader_of_a_source(void **state)
{
	(void)state;
	struct place p;
	place_init(&p);
	struct err err;
	struct store_lock *first, *second, *other;
	struct store *store = test_open(p.data, STORE_WRITE);
	assert_int_equal(store_source_lease(store, "jira-1", &first, &err), 0);
	assert_int_equal(store_source_lease(store, "jira-1", &second, &err), -1);
	assert_int_equal(err.kind, ERR_BUSY);
	assert_non_null(strstr(err.text, "jira-1"));
	assert_int_equal(store_source_lease(store, "jira-2", &other, &err), 0);
	store_unlock(other);
	store_unlock(first);
	store_unlock(NULL);
	assert_int_equal(store_source_lease(store, "jira-1", &first, &err), 0);
	store_unlock(first);
	assert_int_equal(store_source_lease(store, "../x", &first, &err), -1);
	store_close(store);
	test_remove(p.dir);
}

static void older_folders(void **state)
{
	(void)state;
	for (int version = 1; version < FORMAT_VERSION; version++) {
		struct place p;
		place_init(&p);
		struct err err;
		struct arena mem = {0};
		struct connection c;
		struct store *store = test_open(p.data, STORE_WRITE);
		test_format(store, version);
		store_close(store);
		store = test_open(p.data, STORE_READ);
		assert_int_equal(catalog_version(store, &err), version);
		expect_list(store, "");
		assert_int_equal(store_connection_get(store, "x", &mem, &c, &err), 0);
		struct secret plain;
		assert_int_equal(
			store_connection_secret(store, "x", "api_token", NULL, &plain, &err), 0);
		store_close(store);
		store = test_open(p.data, STORE_WRITE);
		assert_int_equal(catalog_version(store, &err), FORMAT_VERSION);
		must_put(store, &jira, false, NULL, NULL);
		expect_list(store, "jira-1 jira jira_audit_logs []\n");
		store_close(store);
		arena_fini(&mem);
		test_remove(p.dir);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(connections_last),
		cmocka_unit_test(bad_ones_are_refused),
		cmocka_unit_test(one_primary),
		cmocka_unit_test(primaries_of_log_files),
		cmocka_unit_test(removing),
		cmocka_unit_test(a_lost_key),
		cmocka_unit_test(exchanged_rows),
		cmocka_unit_test(keys_are_changed),
		cmocka_unit_test(no_canary),
		cmocka_unit_test(one_reader_of_a_source),
		cmocka_unit_test(older_folders),
	};
	if (access("/dev/shm", W_OK) == 0)
		setenv("TMPDIR", "/dev/shm", 0);
	return cmocka_run_group_tests_name("connections", tests, NULL, NULL);
}
