/* SPDX-License-Identifier: Apache-2.0 */
/* notifiers_test.c: notifiers and their secrets; which alerts are queued for whom; notices sent, failed, given up; a key
 * changed under them. */
#include "store/test_alert_store.h"

static int note_notice(void *ctx, const struct notice *notice, struct err *err)
{
	char hex[33];
	(void)err;
	assert_memory_equal(notice->key, alert_id_text(notice->alert, hex), 32);
	buf_printf(ctx, "%s %s %u; ", notice->notifier, notice->change, notice->tries);
	return 0;
}

static void expect_due(int64_t now, const char *text)
{
	struct buf out;
	struct err err;
	buf_init(&out, 1 << 16);
	assert_int_equal(notices_due(store, now, note_notice, &out, &err), 0);
	buf_append(&out, "", 1);
	assert_string_equal(out.ptr, text);
	buf_fini(&out);
}

static void who_is_told(void **state)
{
	(void)state;
	test_put_notifier(store, "all", 0, NULL);
	test_put_notifier(store, "critical", 4, NULL);
	test_put_notifier(store, "rule", 0, "other, rule-1");
	test_put_notifier(store, "others", 0, "rule-10, rule");
	test_one(store, 1, 10, 1, 3);
	expect_due(INT64_MAX, "all new 0; rule new 0; ");
	/* The same again, with more events: told once. */
	test_one(store, 1, 10, 1, 5);
	expect_due(INT64_MAX, "all new 0; rule new 0; ");
	test_set(store, ALERT_CLOSED, REASON_BENIGN);
	test_one(store, 1, 10, 1, 6);
	expect_due(INT64_MAX, "all new 0; all reopened 0; rule new 0; rule reopened 0; ");
	/* Not of what is withdrawn, unless it is back. */
	test_one(store, 1, 0, 0, 0);
	expect_due(INT64_MAX, "");
	test_one(store, 1, 10, 1, 6);
	expect_due(INT64_MAX, "all new 0; all reopened 0; rule new 0; rule reopened 0; ");
}

static void quiet_tells_nobody(void **state)
{
	(void)state;
	struct test_cell cell;
	struct err err;
	test_put_notifier(store, "all", 0, NULL);
	test_cell(&cell, "rule-1", TEST_DAY);
	test_alert(&cell, 1, 1, 1, 1);
	assert_int_equal(alerts_replace(store, &cell.cell, 1, NULL, 0, true, NULL, &err), 0);
	expect_due(INT64_MAX, "");
	arena_fini(&cell.mem);
}

static int take_id(void *ctx, const struct notice *notice, struct err *err)
{
	(void)err;
	*(uint64_t *)ctx = notice->id;
	return 0;
}

static int note_notifier(void *ctx, const struct notifier *n, struct err *err)
{
	(void)err;
	buf_printf(ctx, "%s %s %s%s w%d g%d %s[%s]; ", n->name, n->kind,
		level_name((unsigned)n->least_level), n->paused ? " paused" : "", (int)n->waiting,
		(int)n->given_up, n->last_error, n->secrets);
	return 0;
}

static void expect_list(const char *text)
{
	struct buf out;
	struct err err;
	buf_init(&out, 1 << 16);
	assert_int_equal(notifier_list(store, NULL, note_notifier, &out, &err), 0);
	buf_append(&out, "", 1);
	assert_string_equal(out.ptr, text);
	buf_fini(&out);
}

static void sent_failed_given_up(void **state)
{
	(void)state;
	struct err err;
	uint64_t id = 0, dropped = 9;
	int64_t now = clock_now_us() + 1000000, due;
	test_put_notifier(store, "all", 1, NULL);
	test_one(store, 1, 10, 1, 3);
	assert_int_equal(notices_due(store, now, take_id, &id, &err), 0);
	assert_int_equal(notices_failed(store, "all", &id, 1, now, now + 10, "no route", &err), 0);
	expect_due(now, "");
	expect_due(now + 10, "all new 1; ");
	assert_int_equal(notices_next(store, &due, &err), 0);
	assert_true(due == now + 10);
	expect_list("all webhook low w1 g0 no route[]; ");
	assert_int_equal(
		notices_failed(store, "all", &id, 1, now + 10, INT64_MAX, "no route", &err), 0);
	expect_due(INT64_MAX, "");
	expect_list("all webhook low w0 g1 no route[]; ");
	/* Resumed: tried again. */
	assert_int_equal(notifier_pause(store, "all", true, &err), 1);
	assert_int_equal(notifier_pause(store, "all", false, &err), 1);
	expect_due(INT64_MAX, "all new 0; ");
	assert_int_equal(notifier_pause(store, "all", true, &err), 1);
	expect_due(INT64_MAX, "");
	expect_list("all webhook low paused w1 g0 no route[]; ");
	assert_int_equal(notifier_pause(store, "all", false, &err), 1);
	assert_int_equal(notices_sent(store, "all", &id, 1, now, &err), 0);
	expect_list("all webhook low w0 g0 []; ");
	test_one(store, 1, 0, 0, 0);
	test_one(store, 1, 20, 1, 3);
	assert_int_equal(notifier_pause(store, "none", false, &err), 0);
	assert_int_equal(notifier_remove(store, "none", NULL, &err), 0);
	assert_int_equal(notifier_remove(store, "all", &dropped, &err), 1);
	assert_int_equal(dropped, 1);
	expect_list("");
	expect_due(INT64_MAX, "");
}

static void what_is_no_notifier(void **state)
{
	(void)state;
	struct err err;
	test_put_notifier(store, "w", 0, NULL);
	const struct notifier rows[] = {
		{.name = "A b", .kind = "webhook", .settings = "{}"},
		{.name = "x", .kind = "webhook", .settings = "[]"},
		{.name = "x", .kind = "webhook", .settings = "{"},
		{.name = "x", .kind = "webhook", .settings = "{}", .least_level = 5},
		{.name = "w", .kind = "slack", .settings = "{}"},
	};
	for (size_t i = 0; i < COUNT(rows); i++)
		CHECK_ROW(i, notifier_put(store, &rows[i], NULL, 0, NULL, &err) == -1 &&
				     err.kind == ERR_USAGE);
	expect_list("w webhook informational w0 g0 []; ");
}

static void secrets_are_sealed(void **state)
{
	(void)state;
	struct err err;
	struct secret_key *key;
	struct secret plain;
	uint64_t n = 0;
	char *home = test_folder(), path[600];
	snprintf(path, sizeof(path), "%s/key", home);
	if (store_secret_key(store, path, true, &key, &err) < 0)
		fail_msg("%s", err.text);
	const struct notifier notifier = {.name = "hook", .kind = "webhook", .settings = "{}"};
	const struct connection_secret secret = {"secret", SLICE("open sesame")};
	assert_int_equal(notifier_put(store, &notifier, &secret, 1, NULL, &err), -1);
	assert_int_equal(notifier_put(store, &notifier, &secret, 1, key, &err), 0);
	expect_list("hook webhook informational w0 g0 [secret]; ");
	/* A connection of that name is another one. */
	const struct connection connection = {
		.name = "hook", .kind = "jira", .table = "jira", .interval_s = 60};
	if (store_connection_put(store, &connection, false, &secret, 1, key, NULL, &err) < 0)
		fail_msg("%s", err.text);
	/* Another key: all secrets go with it. */
	assert_int_equal(store_secret_key_change(store, path, &n, &err), 0);
	assert_int_equal(n, 2);
	secret_key_free(key);
	assert_int_equal(store_secret_key(store, path, true, &key, &err), 0);
	assert_int_equal(notifier_secret(store, "hook", "secret", key, &plain, &err), 1);
	assert_string_equal(plain.text, "open sesame");
	secret_wipe(&plain);
	assert_int_equal(notifier_secret(store, "hook", "password", key, &plain, &err), 0);
	assert_int_equal(notifier_secret(store, "none", "secret", key, &plain, &err), 0);
	assert_int_equal(catalog_run(store, &err,
				 "UPDATE notifier_secrets SET sealed = (SELECT sealed FROM "
				 "connection_secrets)",
				 ""),
		0);
	assert_int_equal(notifier_secret(store, "hook", "secret", key, &plain, &err), -1);
	assert_int_equal(err.kind, ERR_DAMAGED);
	/* With secrets of a notifier alone, no new key is made beside them either. */
	assert_int_equal(store_connection_remove(store, "hook", NULL, &err), 1);
	secret_key_free(key);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(store_secret_key(store, path, true, &key, &err), -1);
	assert_int_equal(notifier_remove(store, "hook", NULL, &err), 1);
	assert_int_equal(store_secret_key(store, path, true, &key, &err), 0);
	secret_key_free(key);
	test_remove(home);
}

int main(void)
{
#define EACH(f) cmocka_unit_test_setup_teardown(f, begin, end)
	const struct CMUnitTest tests[] = {
		EACH(who_is_told),
		EACH(quiet_tells_nobody),
		EACH(sent_failed_given_up),
		EACH(what_is_no_notifier),
		EACH(secrets_are_sealed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
