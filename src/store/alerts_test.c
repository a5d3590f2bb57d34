/* SPDX-License-Identifier: Apache-2.0 */
/* alerts_test.c: alerts are replaced as the events say, and keep what people did: matched by id, first event, an event in
 * common, time; withdrawn and back; over versions and days. */
#include "store/test_format.h"

#include "store/test_alert_store.h" /* last: its `store` is no parameter of the others */

static void expect_changes(
	struct alert_changes c, unsigned added, unsigned changed, unsigned withdrawn)
{
	assert_int_equal(c.added, added);
	assert_int_equal(c.changed, changed);
	assert_int_equal(c.withdrawn, withdrawn);
}

static void found_again_is_nothing(void **state)
{
	(void)state;
	expect_changes(test_one(store, 1, 10, 1, 3), 1, 0, 0);
	expect_alerts(store, "10+2:3 open notes 0; ");
	expect_changes(test_one(store, 1, 10, 1, 3), 0, 0, 0);
	expect_changes(test_one(store, 1, 10, 1, 4), 0, 1, 0);
	expect_alerts(store, "10+3:4 open notes 0; ");
}

/* A late event is the first one now: another id, the same alert. */
static void another_first_event(void **state)
{
	(void)state;
	uint8_t before[ALERT_ID], after[ALERT_ID];
	char id[33];
	struct arena mem = {0};
	struct alert_info alert;
	struct err err;
	test_one(store, 1, 10, 1, 3);
	test_newest(store, before);
	test_set(store, ALERT_ACKNOWLEDGED, REASON_NONE);
	expect_changes(test_one(store, 1, 9, 1, 4), 0, 1, 0);
	expect_alerts(store, "9+3:4 acknowledged new 1 aliases 1 notes 1; ");
	test_newest(store, after);
	assert_memory_not_equal(before, after, ALERT_ID);
	assert_int_equal(alerts_get(store, alert_id_text(before, id), &mem, &alert, &err), 1);
	assert_memory_equal(alert.id, after, ALERT_ID);
	/* The event is gone again: the first name is its name again, and no alias of itself. */
	test_one(store, 1, 10, 1, 3);
	test_newest(store, after);
	assert_memory_equal(before, after, ALERT_ID);
	expect_alerts(store, "10+2:3 acknowledged new 1 aliases 1 notes 1; ");
	arena_fini(&mem);
}

static void another_version_of_the_rule(void **state)
{
	(void)state;
	test_one(store, 1, 10, 1, 3);
	test_set(store, ALERT_CLOSED, REASON_BENIGN);
	expect_changes(test_one(store, 2, 10, 1, 3), 0, 1, 0);
	expect_alerts(store, "10+2:3 closed benign aliases 1 notes 1; ");
	expect_changes(test_one(store, 3, 12, 1, 1), 0, 1, 0);
	expect_alerts(store, "12+0:1 closed benign aliases 2 notes 1; ");
}

/* What was said of some events says nothing of others at the same time. */
static void other_events_are_another_alert(void **state)
{
	(void)state;
	test_one(store, 1, 10, 2, 3);
	test_set(store, ALERT_CLOSED, REASON_FALSE_POSITIVE);
	expect_changes(test_one(store, 2, 11, 2, 2), 1, 0, 1);
	expect_alerts(store, "10+4:3 withdrawn false-positive notes 2; 11+2:2 open notes 0; ");
}

/* Of more events than are kept: by the time, where no event is known to be common. */
static void many_events_by_time(void **state)
{
	(void)state;
	test_one(store, 1, 0, 1, 100);
	test_set(store, ALERT_ACKNOWLEDGED, REASON_NONE);
	expect_changes(test_one(store, 1, 40, 1, 30), 0, 1, 0);
	expect_alerts(store, "40+29:30 acknowledged aliases 1 notes 1; ");
	expect_changes(test_one(store, 1, 200, 1, 30), 1, 0, 1);
}

static void closed_opens_again(void **state)
{
	(void)state;
	test_one(store, 1, 10, 1, 3);
	test_set(store, ALERT_CLOSED, REASON_TRUE_POSITIVE);
	/* Fewer is no news. */
	test_one(store, 1, 10, 1, 2);
	expect_alerts(store, "10+1:2 closed true-positive notes 1; ");
	test_one(store, 1, 10, 1, 4);
	expect_alerts(store, "10+3:4 open new 2 notes 2; ");
	test_set(store, ALERT_ACKNOWLEDGED, REASON_NONE);
	expect_alerts(store, "10+3:4 acknowledged notes 3; ");
}

static void withdrawn_and_back(void **state)
{
	(void)state;
	test_one(store, 1, 10, 1, 3);
	test_set(store, ALERT_CLOSED, REASON_DUPLICATE);
	expect_changes(test_one(store, 1, 0, 0, 0), 0, 0, 1);
	expect_alerts(store, "10+2:3 withdrawn duplicate notes 2; ");
	expect_changes(test_one(store, 1, 0, 0, 0), 0, 0, 0);
	expect_changes(test_one(store, 1, 10, 1, 3), 0, 1, 0);
	expect_alerts(store, "10+2:3 closed duplicate notes 3; ");
}

/* The first event moved over midnight: the cells are handed over together. */
static void another_day(void **state)
{
	(void)state;
	struct test_cell cells[2];
	test_one(store, 1, 5, 1, 3);
	test_set(store, ALERT_ACKNOWLEDGED, REASON_NONE);
	test_cell(&cells[0], "rule-1", TEST_DAY);
	test_cell(&cells[1], "rule-1", TEST_DAY - 1);
	test_alert(&cells[1], 1, -1, 6, 2);
	cells[1].found[0].count = 2;
	expect_changes(test_replace(store, cells, 2), 0, 1, 0);
	expect_alerts(store, "-1+6:2 acknowledged new 1 aliases 1 notes 1; ");
}

/* One became two, and two one: nothing that people did is lost. */
static void split_and_joined(void **state)
{
	(void)state;
	struct test_cell cell;
	test_one(store, 1, 10, 1, 6);
	test_set(store, ALERT_ACKNOWLEDGED, REASON_NONE);
	test_cell(&cell, "rule-1", TEST_DAY);
	test_alert(&cell, 1, 10, 1, 3);
	test_alert(&cell, 1, 13, 1, 3);
	expect_changes(test_replace(store, &cell, 1), 1, 1, 0);
	expect_alerts(store, "13+2:3 open notes 0; 10+2:3 acknowledged notes 1; ");
	expect_changes(test_one(store, 1, 10, 1, 6), 0, 1, 1);
	expect_alerts(store, "13+2:3 withdrawn notes 1; 10+5:6 acknowledged new 3 notes 1; ");
}

static void what_is_wrong_changes_nothing(void **state)
{
	(void)state;
	struct test_cell cell;
	struct err err;
	test_one(store, 1, 10, 1, 3);
	test_cell(&cell, "rule-1", TEST_DAY);
	test_alert(&cell, 1, 20, 1, 3);
	test_alert(&cell, 1, 20, 1, 2);
	assert_int_equal(alerts_replace(store, &cell.cell, 1, NULL, 0, false, NULL, &err), -1);
	assert_int_equal(err.kind, ERR_USAGE);
	cell.found[1].day++;
	assert_int_equal(alerts_replace(store, &cell.cell, 1, NULL, 0, false, NULL, &err), -1);
	const struct alert_cell twice[2] = {{.rule = "r"}, {.rule = "r"}};
	assert_int_equal(alerts_replace(store, twice, 2, NULL, 0, false, NULL, &err), -1);
	expect_alerts(store, "10+2:3 open notes 0; ");
	arena_fini(&cell.mem);
}

static void long_texts_are_cut(void **state)
{
	(void)state;
	struct test_cell cell;
	struct err err;
	struct arena mem = {0};
	struct alert_info alert;
	uint8_t id[ALERT_ID];
	char text[33], *json = xcalloc(1, LIMIT_ALERT_EVENT + 2),
		       *title = xcalloc(1, LIMIT_ALERT_TEXT + 10);
	memset(json, ' ', LIMIT_ALERT_EVENT + 1);
	memset(title, 'x', LIMIT_ALERT_TEXT - 1);
	memcpy(title + LIMIT_ALERT_TEXT - 1, "\xc3\xa9", 3);
	test_cell(&cell, "rule-1", TEST_DAY);
	struct alert_found *f = test_alert(&cell, 1, 1, 1, 2);
	struct alert_event *events = arena_zalloc(&cell.mem, 2, sizeof(*events));
	memcpy(events, f->events, 2 * sizeof(*events));
	events[1].json = json;
	f->events = events;
	f->title = title;
	test_replace(store, &cell, 1);
	test_newest(store, id);
	assert_int_equal(alerts_get(store, alert_id_text(id, text), &mem, &alert, &err), 1);
	assert_int_equal(strlen(alert.found.title), LIMIT_ALERT_TEXT - 1);
	assert_int_equal(alert.found.nevents, 2);
	assert_non_null(alert.found.events[0].json);
	assert_null(alert.found.events[1].json);
	arena_fini(&mem);
	free(json);
	free(title);
}

static int count_cell(void *ctx, const struct alert_cell *cell, struct err *err)
{
	(void)err;
	assert_null(cell->found);
	*(unsigned *)ctx += cell->n;
	return 0;
}

static void cells_with_alerts(void **state)
{
	(void)state;
	unsigned n = 0;
	struct err err;
	test_one(store, 1, 10, 1, 3);
	assert_int_equal(alerts_cells(store, NULL, INT64_MIN, INT64_MAX, count_cell, &n, &err), 0);
	assert_int_equal(
		alerts_cells(store, "rule-1", TEST_DAY, TEST_DAY, count_cell, &n, &err), 0);
	assert_int_equal(n, 2);
	assert_int_equal(
		alerts_cells(store, "rule-2", INT64_MIN, INT64_MAX, count_cell, &n, &err), 0);
	assert_int_equal(
		alerts_cells(store, NULL, TEST_DAY + 1, INT64_MAX, count_cell, &n, &err), 0);
	test_one(store, 1, 0, 0, 0);
	assert_int_equal(alerts_cells(store, NULL, INT64_MIN, INT64_MAX, count_cell, &n, &err), 0);
	assert_int_equal(n, 2);
}

/* Ten thousand in one call, twice. */
static void ten_thousand(void **state)
{
	(void)state;
	enum { MANY = 10000, PER_CELL = 100 };
	static struct alert_found found[MANY];
	static struct alert_event events[MANY];
	static struct alert_cell cells[MANY / PER_CELL];
	struct alert_changes changes = {0};
	struct err err;
	for (int i = 0; i < MANY; i++) {
		struct alert_cell *cell = &cells[i / PER_CELL];
		test_event_id(i, events[i].id);
		events[i].time = T0 + i;
		found[i] = (struct alert_found){.rule = "rule-1",
			.day = TEST_DAY,
			.first = T0 + i,
			.last = T0 + i,
			.count = 1,
			.nevents = 1,
			.events = &events[i]};
		*cell = (struct alert_cell){.rule = "rule-1",
			.day = TEST_DAY,
			.n = PER_CELL,
			.found = &found[i / PER_CELL * PER_CELL]};
		cell->group_key[0] = (uint8_t)(i / PER_CELL);
		memcpy(found[i].group_key, cell->group_key, 16);
		memcpy(found[i].fired, events[i].id, 16);
	}
	assert_int_equal(
		alerts_replace(store, cells, COUNT(cells), NULL, 0, false, &changes, &err), 0);
	expect_changes(changes, MANY, 0, 0);
	/* Another version: each is known by its event. */
	for (int i = 0; i < MANY; i++)
		found[i].version[0] = 2;
	assert_int_equal(
		alerts_replace(store, cells, COUNT(cells), NULL, 0, false, &changes, &err), 0);
	expect_changes(changes, MANY, MANY, 0);
}

static void an_older_folder(void **state)
{
	(void)state;
	uint64_t counts[ALERT_STATES][RULE_LEVELS];
	struct arena mem = {0};
	struct alert_info alert;
	struct err err;
	int64_t due;
	unsigned n = 0;
	test_format(store, 4);
	store_close(store);
	store = test_open(dir, STORE_READ);
	assert_int_equal(catalog_version(store, &err), 4);
	expect_alerts(store, "");
	assert_int_equal(alerts_counts(store, counts, &err), 0);
	assert_int_equal(alerts_get(store, "123456", &mem, &alert, &err), 0);
	assert_int_equal(alerts_pending(store, NULL, NULL, &err), 0);
	assert_int_equal(alerts_cells(store, NULL, INT64_MIN, INT64_MAX, count_cell, &n, &err), 0);
	assert_int_equal(notifier_list(store, NULL, NULL, NULL, &err), 0);
	assert_int_equal(notices_due(store, INT64_MAX, NULL, NULL, &err), 0);
	assert_int_equal(notices_next(store, &due, &err), 0);
	assert_true(due == INT64_MAX);
	store_close(store);
	store = test_open(dir, STORE_WRITE);
	assert_int_equal(catalog_version(store, &err), FORMAT_VERSION);
	test_one(store, 1, 10, 1, 3);
	expect_alerts(store, "10+2:3 open notes 0; ");
}

static void a_backup_has_them(void **state)
{
	(void)state;
	struct err err;
	char copy[600];
	test_one(store, 1, 10, 1, 3);
	test_set(store, ALERT_ACKNOWLEDGED, REASON_NONE);
	snprintf(copy, sizeof(copy), "%s/copy", dir);
	if (store_backup(store, copy, false, NULL, &err) < 0)
		fail_msg("%s", err.text);
	struct store *other = test_open(copy, STORE_READ);
	uint64_t damaged = 1;
	expect_alerts(other, "10+2:3 acknowledged notes 1; ");
	assert_int_equal(store_verify(other, NULL, NULL, NULL, &damaged, &err), 0);
	assert_int_equal(damaged, 0);
	store_close(other);
}

int main(void)
{
#define EACH(f) cmocka_unit_test_setup_teardown(f, begin, end)
	const struct CMUnitTest tests[] = {
		EACH(found_again_is_nothing),
		EACH(another_first_event),
		EACH(another_version_of_the_rule),
		EACH(other_events_are_another_alert),
		EACH(many_events_by_time),
		EACH(closed_opens_again),
		EACH(withdrawn_and_back),
		EACH(another_day),
		EACH(split_and_joined),
		EACH(what_is_wrong_changes_nothing),
		EACH(long_texts_are_cut),
		EACH(cells_with_alerts),
		EACH(ten_thousand),
		EACH(an_older_folder),
		EACH(a_backup_has_them),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
