/* SPDX-License-Identifier: Apache-2.0 */
/* test_alerts.h: for tests of alerts: alerts out of numbered events, and what the catalog says of them as text. */
#ifndef STORE_TEST_ALERTS_H
#define STORE_TEST_ALERTS_H

#include "base/test.h"
#include "store/alerts_private.h"
#include "store/notifiers.h"
#include "store/test_store.h"

#define T0 INT64_C(1790035200000000) /* midnight UTC */
enum { TEST_DAY = 20718, TEST_ALERTS = 8 };
_Static_assert(T0 == TEST_DAY * ALERT_US_DAY, "T0 is a day's beginning");

/* Alerts of one rule and group; event number e has time T0 + e seconds. */
struct test_cell {
	struct arena mem;
	struct alert_found found[TEST_ALERTS];
	struct alert_cell cell;
};

static inline int64_t test_day(int64_t e)
{
	int64_t us = T0 + e * 1000000;
	return us / ALERT_US_DAY - (us % ALERT_US_DAY < 0);
}

static inline void test_event_id(int64_t e, uint8_t id[16])
{
	memset(id, 0x11, 16);
	memcpy(id, &e, sizeof(e));
}

/* Adds an alert that rests on events `from`, `from` + step …: `count` of them, of which the first 25 and the last are given. */
static inline struct alert_found *test_alert(
	struct test_cell *cell, uint8_t version, int64_t from, int64_t step, uint64_t count)
{
	struct alert_found *f = &cell->found[cell->cell.n++];
	uint32_t n = count <= ALERT_EVIDENCE ? (uint32_t)count : ALERT_EVIDENCE + 1;
	struct alert_event *events = arena_zalloc(&cell->mem, n, sizeof(*events));
	for (uint32_t i = 0; i < n; i++) {
		int64_t e = from + step * (int64_t)(i < ALERT_EVIDENCE ? i : count - 1);
		test_event_id(e, events[i].id);
		events[i].time = T0 + e * 1000000;
		events[i].table = "test_logs";
		events[i].json = "{\"n\":1}";
	}
	*f = (struct alert_found){.rule = cell->cell.rule,
		.version = {version},
		.title = "Many logins",
		.level = 3,
		.group = "actor: mallory",
		.day = test_day(from),
		.first = events[0].time,
		.last = events[n - 1].time,
		.count = count,
		.actor = "mallory",
		.origin = "",
		.sources = "jira",
		.nevents = n,
		.events = events};
	memcpy(f->group_key, cell->cell.group_key, 16);
	memcpy(f->fired, events[0].id, 16);
	cell->cell.day = f->day;
	return f;
}

static inline void test_cell(struct test_cell *cell, const char *rule, int64_t day)
{
	memset(cell, 0, sizeof(*cell));
	cell->cell = (struct alert_cell){
		.rule = rule, .group_key = {7}, .day = day, .found = cell->found};
}

/* Hands cells over and frees what they hold. */
static inline struct alert_changes test_replace(
	struct store *store, struct test_cell *cells, uint32_t n)
{
	struct alert_changes changes = {0};
	struct alert_cell *list = xcalloc(n, sizeof(*list));
	struct err err;
	for (uint32_t i = 0; i < n; i++)
		list[i] = cells[i].cell;
	if (alerts_replace(store, list, n, NULL, 0, false, &changes, &err) < 0)
		fail_msg("%s", err.text);
	for (uint32_t i = 0; i < n; i++)
		arena_fini(&cells[i].mem);
	free(list);
	return changes;
}

/* One alert: version 1 unless said otherwise. */
static inline struct alert_changes test_one(
	struct store *store, uint8_t version, int64_t from, int64_t step, uint64_t count)
{
	struct test_cell cell;
	test_cell(&cell, "rule-1", TEST_DAY);
	if (count)
		test_alert(&cell, version, from, step, count);
	return test_replace(store, &cell, 1);
}

static inline int test_note(void *ctx, const struct alert_info *alert, struct err *err)
{
	struct arena mem = {0};
	struct alert_info whole;
	char id[33];
	assert_int_equal(alerts_get(ctx ? *(struct store **)ctx : NULL,
				 alert_id_text(alert->id, id), &mem, &whole, err),
		1);
	struct buf *out = ((struct buf **)ctx)[1];
	buf_printf(out, "%d+%d:%d %s%s%s", (int)((alert->found.first - T0) / 1000000),
		(int)((alert->found.last - alert->found.first) / 1000000), (int)alert->found.count,
		alert_state_name(alert->state), alert->reason ? " " : "",
		alert_reason_name(alert->reason));
	if (alert->new_events)
		buf_printf(out, " new %d", (int)alert->new_events);
	if (whole.naliases)
		buf_printf(out, " aliases %u", whole.naliases);
	buf_printf(out, " notes %u; ", whole.nnotes);
	arena_fini(&mem);
	return 0;
}

/* All alerts, newest first: "FIRST+LENGTH:COUNT state reason new N aliases N notes N; ". */
static inline void expect_alerts(struct store *store, const char *text)
{
	struct buf out;
	struct err err;
	buf_init(&out, 1 << 20);
	void *ctx[2] = {store, &out};
	const struct alert_filter all = {
		.states = 15, .least_level = -1, .since = INT64_MIN, .until = INT64_MAX};
	if (alerts_list(store, &all, test_note, ctx, &err) < 0)
		fail_msg("%s", err.text);
	buf_append(&out, "", 1);
	assert_string_equal(out.ptr, text);
	buf_fini(&out);
}

static inline int test_take_id(void *ctx, const struct alert_info *alert, struct err *err)
{
	(void)err;
	memcpy(ctx, alert->id, ALERT_ID);
	return 1;
}

/* The id of the newest alert of any state. */
static inline void test_newest(struct store *store, uint8_t id[ALERT_ID])
{
	struct err err;
	const struct alert_filter all = {
		.states = 15, .least_level = -1, .since = INT64_MIN, .until = INT64_MAX};
	assert_int_equal(alerts_list(store, &all, test_take_id, id, &err), 1);
}

static inline void test_set(struct store *store, enum alert_state state, enum alert_reason reason)
{
	uint8_t id[ALERT_ID];
	struct err err;
	test_newest(store, id);
	if (alerts_set(store, id, state, reason, "anna", "looked at it", &err) < 0)
		fail_msg("%s", err.text);
}

/* A notifier of that name; `rules` NULL = all. */
static inline void test_put_notifier(
	struct store *store, const char *name, int level, const char *rules)
{
	struct err err;
	const struct notifier n = {.name = name,
		.kind = "webhook",
		.settings = "{}",
		.least_level = level,
		.rules = rules};
	if (notifier_put(store, &n, NULL, 0, NULL, &err) < 0)
		fail_msg("%s", err.text);
}

#endif
