/* SPDX-License-Identifier: Apache-2.0 */
/* alerts_people_test.c: what people may do to alerts, what is noted, how alerts are found and filtered; segments that are
 * pending; one detector at a time. */
#include <strings.h>

#include "store/ledger.h"
#include "store/test_lake.h"

#include "store/test_alert_store.h" /* last: its `store` is no parameter of the others */

static void states_and_notes(void **state)
{
	(void)state;
	static const struct {
		enum alert_state to;
		enum alert_reason reason;
		bool good;
	} rows[] = {
		{ALERT_OPEN, 0, false},
		{ALERT_WITHDRAWN, 0, false},
		{ALERT_ACKNOWLEDGED, 0, true},
		{ALERT_ACKNOWLEDGED, 0, true},
		{ALERT_CLOSED, REASON_NONE, false},
		{ALERT_CLOSED, ALERT_REASONS, false},
		{ALERT_CLOSED, REASON_BENIGN, true},
		{ALERT_ACKNOWLEDGED, 0, false},
		{ALERT_CLOSED, REASON_DUPLICATE, true},
		{ALERT_OPEN, 0, true},
	};
	struct err err;
	uint8_t id[ALERT_ID];
	test_one(store, 1, 10, 1, 3);
	test_newest(store, id);
	for (size_t i = 0; i < COUNT(rows); i++) {
		int rc = alerts_set(store, id, rows[i].to, rows[i].reason, "anna", NULL, &err);
		CHECK_ROW(i, rc == (rows[i].good ? 0 : -1));
		CHECK_ROW(i, rc == 0 || err.kind == ERR_USAGE);
	}
	assert_int_equal(alerts_comment(store, id, "bob", "seen \xf0\x9f\x91\x80", &err), 0);
	assert_int_equal(alerts_comment(store, id, "bob", "", &err), -1);
	assert_int_equal(alerts_comment(store, id, "bob", "\xff", &err), -1);
	expect_alerts(store, "10+2:3 open notes 6; ");
	test_one(store, 1, 0, 0, 0);
	assert_int_equal(
		alerts_set(store, id, ALERT_CLOSED, REASON_BENIGN, "anna", NULL, &err), -1);
	assert_int_equal(alerts_comment(store, id, "bob", "gone", &err), 0);
	memset(id, 0, sizeof(id));
	assert_int_equal(alerts_comment(store, id, "bob", "x", &err), -1);
	assert_int_equal(err.kind, ERR_NOT_FOUND);
}

static void notes_say_what_happened(void **state)
{
	(void)state;
	static const char *const rows[] = {"anna: acknowledged: looked at it",
		"anna: closed as false-positive: looked at it",
		"pugmark: opened again: 1 event joined after it was closed",
		"pugmark: withdrawn: the stored events no longer support it",
		"pugmark: supported again by the stored events"};
	struct arena mem = {0};
	struct alert_info alert;
	struct err err;
	uint8_t id[ALERT_ID];
	char hex[33];
	test_one(store, 1, 10, 1, 3);
	test_set(store, ALERT_ACKNOWLEDGED, 0);
	test_set(store, ALERT_CLOSED, REASON_FALSE_POSITIVE);
	test_one(store, 1, 10, 1, 4);
	test_one(store, 1, 0, 0, 0);
	test_one(store, 1, 10, 1, 4);
	test_newest(store, id);
	assert_int_equal(alerts_get(store, alert_id_text(id, hex), &mem, &alert, &err), 1);
	assert_int_equal(alert.nnotes, COUNT(rows));
	for (size_t i = 0; i < COUNT(rows); i++) {
		char *text = arena_printf(&mem, "%s: %s", alert.notes[i].who, alert.notes[i].text);
		assert_string_equal(text, rows[i]);
		assert_true(alert.notes[i].at > 0);
	}
	arena_fini(&mem);
}

static int count(void *ctx, const struct alert_info *alert, struct err *err)
{
	(void)err;
	(void)alert;
	++*(unsigned *)ctx;
	return 0;
}

static void filters(void **state)
{
	(void)state;
	const struct {
		struct alert_filter filter;
		unsigned n;
	} rows[] = {
		{{.least_level = -1, .since = INT64_MIN, .until = INT64_MAX}, 2},
		{{.states = 15, .least_level = -1, .since = INT64_MIN, .until = INT64_MAX}, 3},
		{{.states = 1u << ALERT_CLOSED,
			 .least_level = -1,
			 .since = INT64_MIN,
			 .until = INT64_MAX},
			1},
		{{.states = 15, .least_level = 4, .since = INT64_MIN, .until = INT64_MAX}, 1},
		{{.states = 15, .least_level = 0, .since = T0 + 1000000, .until = INT64_MAX}, 2},
		{{.states = 15, .least_level = 0, .since = INT64_MIN, .until = T0 + 1000000}, 1},
		{{.states = 15, .since = INT64_MIN, .until = INT64_MAX, .rule = "rule-number-1"},
			3},
		{{.states = 15, .since = INT64_MIN, .until = INT64_MAX, .rule = "rule-num"}, 3},
		{{.states = 15, .since = INT64_MIN, .until = INT64_MAX, .rule = "rule-n"}, 0},
		{{.states = 15, .since = INT64_MIN, .until = INT64_MAX, .rule = "MANY LOGINS"}, 3},
		{{.states = 15, .since = INT64_MIN, .until = INT64_MAX, .text = "10.0.0"}, 1},
		{{.states = 15, .since = INT64_MIN, .until = INT64_MAX, .text = "Mallory"}, 3},
		{{.states = 15, .since = INT64_MIN, .until = INT64_MAX, .text = "%"}, 0},
		{{.states = 15, .since = INT64_MIN, .until = INT64_MAX, .limit = 2}, 2},
		{{.states = 15, .levels = 1u << 4, .since = INT64_MIN, .until = INT64_MAX}, 1},
		{{.states = 15, .levels = 1u << 3, .since = INT64_MIN, .until = INT64_MAX}, 2},
		{{.states = 15, .levels = 1u << 2, .since = INT64_MIN, .until = INT64_MAX}, 0},
	};
	struct test_cell cell;
	struct err err;
	test_cell(&cell, "rule-number-1", TEST_DAY);
	test_alert(&cell, 1, 0, 1, 1);
	test_alert(&cell, 1, 1, 1, 1)->level = 4;
	test_alert(&cell, 1, 2, 1, 1)->ip = "10.0.0.1";
	test_replace(store, &cell, 1);
	test_set(store, ALERT_CLOSED, REASON_BENIGN);
	for (size_t i = 0; i < COUNT(rows); i++) {
		unsigned n = 0;
		if (alerts_list(store, &rows[i].filter, count, &n, &err) < 0)
			fail_msg("row %zu: %s", i, err.text);
		CHECK_ROW(i, n == rows[i].n);
	}
	uint64_t counts[ALERT_STATES][RULE_LEVELS];
	assert_int_equal(alerts_counts(store, counts, &err), 0);
	assert_int_equal(counts[ALERT_OPEN][3], 1);
	assert_int_equal(counts[ALERT_OPEN][4], 1);
	assert_int_equal(counts[ALERT_CLOSED][3], 1);
}

struct seen {
	unsigned n;
	uint8_t ids[4][ALERT_ID];
	enum alert_state states[4];
	struct alert_rule rules[4];
	char words[4][64]; /* rule, actor */
};

static int note_alert(void *ctx, const struct alert_info *alert, struct err *err)
{
	struct seen *seen = ctx;
	(void)err;
	memcpy(seen->ids[seen->n], alert->id, ALERT_ID);
	seen->states[seen->n++] = alert->state;
	return 0;
}

static int note_rule(void *ctx, const struct alert_rule *rule, struct err *err)
{
	struct seen *seen = ctx;
	(void)err;
	snprintf(seen->words[seen->n], sizeof(seen->words[0]), "%s %s", rule->rule, rule->actor);
	seen->rules[seen->n++] = *rule;
	return 0;
}

/* Two rules: one with three alerts of two actors, one with an alert. */
static void two_rules(void)
{
	struct test_cell cell;
	test_cell(&cell, "rule-number-1", TEST_DAY);
	test_alert(&cell, 1, 0, 1, 1);
	test_alert(&cell, 1, 1, 1, 2)->level = 4;
	test_alert(&cell, 1, 5, 1, 1)->actor = "eve";
	test_replace(store, &cell, 1);
	test_cell(&cell, "rule-number-2", TEST_DAY);
	test_alert(&cell, 1, 3, 1, 1);
	test_replace(store, &cell, 1);
}

static void rules_are_counted(void **state)
{
	struct alert_filter all = {.states = 15, .since = INT64_MIN, .until = INT64_MAX};
	struct seen seen = {0};
	struct err err;
	(void)state;
	two_rules();
	test_set(store, ALERT_CLOSED, REASON_BENIGN); /* the newest: eve's */
	assert_int_equal(alerts_by_rule(store, &all, note_rule, &seen, &err), 0);
	assert_int_equal(seen.n, 2);
	assert_string_equal(seen.words[0], "rule-number-1 eve");
	assert_string_equal(seen.words[1], "rule-number-2 mallory");
	const struct alert_rule *first = &seen.rules[0];
	assert_int_equal(first->alerts, 3);
	assert_int_equal(first->events, 4);
	assert_int_equal(first->actors, 2);
	assert_int_equal(first->groups, 1);
	assert_int_equal(first->newest, T0 + 5000000);
	assert_int_equal(first->n[ALERT_OPEN][3], 1);
	assert_int_equal(first->n[ALERT_OPEN][4], 1);
	assert_int_equal(first->n[ALERT_CLOSED][3], 1);
	all.levels = 1u << 4;
	seen = (struct seen){0};
	assert_int_equal(alerts_by_rule(store, &all, note_rule, &seen, &err), 0);
	assert_int_equal(seen.n, 1);
	assert_int_equal(seen.rules[0].alerts, 1);
}

static void one_act_on_many(void **state)
{
	const struct alert_filter all = {.states = 15, .since = INT64_MIN, .until = INT64_MAX};
	struct alert_act act = {ALERT_ACKNOWLEDGED, REASON_NONE, "anna", "all of them"};
	const char *refused[4];
	struct seen seen = {0}, after = {0};
	struct arena mem = {0};
	struct err err;
	(void)state;
	two_rules();
	test_set(store, ALERT_CLOSED, REASON_BENIGN);
	assert_int_equal(alerts_list(store, &all, note_alert, &seen, &err), 0);
	memset(seen.ids[1], 0, ALERT_ID); /* there is none of that id */
	assert_int_equal(alerts_act(store, &act, (const uint8_t(*)[ALERT_ID])seen.ids, 4, &mem,
				 refused, &err),
		0);
	assert_non_null(strstr(refused[0], "reopen it first"));
	assert_non_null(strstr(refused[1], "there is no alert"));
	assert_null(refused[2]);
	assert_null(refused[3]);
	assert_int_equal(alerts_these(store, (const uint8_t(*)[ALERT_ID])seen.ids, 4, note_alert,
				 &after, &err),
		0);
	assert_int_equal(after.n, 3);
	assert_int_equal(after.states[0], ALERT_CLOSED);
	assert_int_equal(after.states[1], ALERT_ACKNOWLEDGED);
	assert_int_equal(after.states[2], ALERT_ACKNOWLEDGED);
	/* Words that are wrong are refused for all of them. */
	act = (struct alert_act){-1, REASON_NONE, "anna", "\xff"};
	assert_int_equal(alerts_act(store, &act, (const uint8_t(*)[ALERT_ID])seen.ids, 4, &mem,
				 refused, &err),
		-1);
	arena_fini(&mem);
}

static void ids_are_read(void **state)
{
	static const struct {
		const char *text;
		bool good;
	} rows[] = {{"00112233445566778899aabbccddeeff", true},
		{"00112233445566778899AABBCCDDEEFF", true},
		{"00112233445566778899aabbccddeef", false},
		{"00112233445566778899aabbccddeeff0", false},
		{"00112233445566778899aabbccddeefg", false}, {"", false}};
	uint8_t id[ALERT_ID];
	char text[2 * ALERT_ID + 1];
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		int rc = alert_id_parse(rows[i].text, id);
		CHECK_ROW(i, rc == (rows[i].good ? 0 : -1));
		CHECK_ROW(i, rc < 0 || strcasecmp(alert_id_text(id, text), rows[i].text) == 0);
	}
}

static void beginnings_of_ids(void **state)
{
	(void)state;
	struct arena mem = {0};
	struct alert_info alert;
	struct err err;
	uint8_t id[ALERT_ID];
	char hex[40];
	test_one(store, 1, 10, 1, 3);
	test_newest(store, id);
	alert_id_text(id, hex);
	for (size_t n = 32; n >= 6; n--) {
		hex[n] = '\0';
		assert_int_equal(alerts_get(store, hex, &mem, &alert, &err), 1);
	}
	hex[5] = '\0';
	assert_int_equal(alerts_get(store, hex, &mem, &alert, &err), -1);
	assert_int_equal(err.kind, ERR_USAGE);
	assert_int_equal(alerts_get(store, "12345g", &mem, &alert, &err), -1);
	assert_int_equal(alerts_get(store, "000000", &mem, &alert, &err), 0);
	/* Two that begin alike. */
	hex[5] = alert_id_text(id, hex)[5];
	struct test_cell cell;
	test_cell(&cell, "rule-2", TEST_DAY);
	test_alert(&cell, 1, 10, 1, 1);
	test_replace(store, &cell, 1);
	id[ALERT_ID - 1] ^= 1;
	assert_int_equal(catalog_run(store, &err, "UPDATE alerts SET id = ? WHERE rule = 'rule-2'",
				 "b", id, (size_t)ALERT_ID),
		0);
	hex[31] = '\0';
	assert_int_equal(alerts_get(store, hex, &mem, &alert, &err), -1);
	assert_int_equal(err.kind, ERR_USAGE);
	assert_int_equal(alerts_get(store, alert_id_text(id, hex), &mem, &alert, &err), 1);
	assert_string_equal(alert.found.rule, "rule-2");
	arena_fini(&mem);
}

/* ---- pending --------------------------------------------------------------------------------- */

static void send(uint32_t first)
{
	struct err err;
	struct lake_send plan = {.source = "files",
		.container = "node-a/log",
		.kind = CONTAINER_DISJOINT,
		.first = first,
		.n = 10,
		.per_batch = 10,
		.batches = 1};
	if (lake_send(store, &plan, &err) < 0)
		fail_msg("%s", err.text);
}

struct pending {
	unsigned n;
	uint64_t ids[8];
};

static int take_pending(void *ctx, const struct pending_segment *segment, struct err *err)
{
	struct pending *pending = ctx;
	(void)err;
	assert_string_equal(segment->table, "test_logs");
	assert_true(segment->min_time <= segment->max_time);
	assert_true(segment->no_time > 0);
	pending->ids[pending->n++] = segment->id;
	return 0;
}

static void segments_are_pending(void **state)
{
	(void)state;
	struct err err;
	struct pending pending = {0};
	uint64_t before, after, damaged;
	send(0);
	send(10);
	send(0); /* all known: no rows, nothing pending */
	assert_int_equal(alerts_pending(store, take_pending, &pending, &err), 0);
	assert_int_equal(pending.n, 2);
	/* What is merged away stays pending under its number, and what came of it is not. */
	assert_int_equal(store_compact(store, NULL, 0, NULL, &before, &after, &err), 0);
	assert_true(after < before);
	assert_int_equal(alerts_replace(store, NULL, 0, pending.ids, 1, false, NULL, &err), 0);
	uint64_t left = pending.ids[1];
	pending.n = 0;
	assert_int_equal(alerts_pending(store, take_pending, &pending, &err), 0);
	assert_int_equal(pending.n, 1);
	assert_int_equal(pending.ids[0], left);
	assert_int_equal(store_verify(store, NULL, NULL, NULL, &damaged, &err), 0);
	assert_int_equal(damaged, 0);
}

static void one_detector_at_a_time(void **state)
{
	(void)state;
	struct err err;
	struct store_lock *lock, *second;
	assert_int_equal(store_lock(store, DETECT_LOCK, false, &lock, &err), 1);
	assert_int_equal(store_lock(store, DETECT_LOCK, false, &second, &err), 0);
	assert_null(second);
	store_unlock(lock);
	assert_int_equal(store_lock(store, DETECT_LOCK, true, &lock, &err), 1);
	store_unlock(lock);
	store_unlock(NULL);
}

int main(void)
{
#define EACH(f) cmocka_unit_test_setup_teardown(f, begin, end)
	const struct CMUnitTest tests[] = {
		EACH(states_and_notes),
		EACH(notes_say_what_happened),
		EACH(filters),
		EACH(rules_are_counted),
		EACH(one_act_on_many),
		EACH(ids_are_read),
		EACH(beginnings_of_ids),
		EACH(segments_are_pending),
		EACH(one_detector_at_a_time),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
