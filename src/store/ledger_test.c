/* SPDX-License-Identifier: Apache-2.0 */
/* ledger_test.c: windows add up, and a source's health follows from its row and the time. */
#include "store/connections.h"
#include "store/test_format.h"
#include "store/test_ledger.h"

#define SECOND INT64_C(1000000)
#define HOUR   (3600 * SECOND)
#define DAY    (24 * HOUR)

static int note_window(void *ctx, const struct ledger_window *w, struct err *err)
{
	(void)err;
	const struct ledger_counts *c = &w->counts;
	buf_printf(ctx, "%s %s [%d,%d) overlap %d: %d %d %d late %d %d errors %d %s%s%s %s\n",
		w->source, ledger_kind_name(w->kind), (int)w->from, (int)w->to, (int)w->overlap,
		(int)c->requests, (int)c->pages, (int)c->records, (int)c->late, (int)c->max_late,
		(int)c->errors, ledger_state_name(w->state), *w->why ? ": " : "", w->why,
		w->ended_at ? "ended" : "open");
	return 0;
}

static void expect_windows(
	struct store *store, const char *source, uint32_t limit, const char *text)
{
	struct buf out;
	struct err err;
	buf_init(&out, 1 << 20);
	buf_puts(&out, "");
	assert_int_equal(ledger_windows(store, source, 0, limit, note_window, &out, &err), 0);
	expect(&out, text);
}

static void windows_add_up(void **state)
{
	(void)state;
	char *dir = test_folder();
	struct err err;
	struct store *store = test_open(dir, STORE_WRITE);
	struct ledger_counts one = {
		.requests = 2, .pages = 1, .records = 5, .late = 1, .max_late = 9};
	struct ledger_counts two = {.requests = 1, .errors = 1, .late = 1, .max_late = 4}, sums;
	uint64_t a = begin(store, "jira", LEDGER_SWEEP, 0, 100), n;
	assert_int_equal(ledger_add(store, a, &one, &err), 0);
	assert_int_equal(ledger_add(store, a, &two, &err), 0);
	end(store, a, LEDGER_SETTLED, NULL);
	uint64_t b = begin(store, "jira", LEDGER_SWEEP, 60, 200);
	end(store, b, LEDGER_FAILED, "403:\xff no permission");
	uint64_t c = begin(store, "jira", LEDGER_BACKFILL, 0, 50);
	begin(store, "other", LEDGER_LATE, 1, 2);
	expect_windows(store, "jira", 0,
		"jira backfill [0,50) overlap 0: 0 0 0 late 0 0 errors 0 open open\n"
		"jira sweep [60,200) overlap 40: 0 0 0 late 0 0 errors 0 failed: "
		"403:\xef\xbf\xbd no permission ended\n"
		"jira sweep [0,100) overlap 0: 3 1 5 late 2 9 errors 1 settled ended\n");
	expect_windows(
		store, NULL, 1, "other late [1,2) overlap 0: 0 0 0 late 0 0 errors 0 open open\n");
	/* What has ended has ended. */
	assert_int_equal(ledger_add(store, a, &one, &err), -1);
	assert_int_equal(ledger_end(store, a, LEDGER_SETTLED, NULL, &err), -1);
	assert_int_equal(ledger_end(store, c, LEDGER_OPEN, NULL, &err), -1);
	assert_int_equal(ledger_begin(store, "jira", LEDGER_SWEEP, NULL, 2, 1, &n, &err), -1);
	assert_int_equal(ledger_begin(store, "JIRA", LEDGER_SWEEP, NULL, 1, 2, &n, &err), -1);
	assert_int_equal(ledger_sums(store, "jira", &sums, &err), 0);
	assert_true(
		sums.requests == 3 && sums.records == 5 && sums.max_late == 9 && sums.errors == 1);
	assert_int_equal(ledger_abandon(store, "jira", &n, &err), 0);
	assert_int_equal(n, 1);
	assert_int_equal(ledger_abandon(store, NULL, &n, &err), 0);
	assert_int_equal(n, 1);
	store_close(store);
	test_remove(dir);
}

/* ---- sources --------------------------------------------------------------------------------- */

#define NOW (INT64_C(20000) * DAY)
static void healths(void **state)
{
	(void)state;
	/* A source in good health; each row changes some of it. */
	static const struct {
		int64_t success, settled, last, gap, expires; /* ago; expires: ahead */
		uint64_t failures;
		bool gone, paused;
		enum source_condition condition;
		const char *text;
	} rows[] = {
		{SECOND, 0, HOUR, HOUR, 0, 0, 0, 0, SOURCE_HEALTHY, "healthy"},
		{SECOND, 60 * SECOND, HOUR, HOUR, 90 * DAY, 0, 0, 0, SOURCE_HEALTHY, "healthy"},
		{SECOND, 0, HOUR, HOUR, 14 * DAY, 0, 0, 0, SOURCE_EXPIRING, "expires in 14 days"},
		{SECOND, 0, HOUR, HOUR, 15 * DAY, 0, 0, 0, SOURCE_HEALTHY, "healthy"},
		{SECOND, 0, HOUR, HOUR, HOUR, 0, 0, 0, SOURCE_EXPIRING, "expires in 60 minutes"},
		{SECOND, 0, HOUR, HOUR, -DAY * 3, 0, 0, 0, SOURCE_FAILING, "expired 3 days ago"},
		{SECOND, 0, 2 * HOUR, HOUR, 0, 0, 0, 0, SOURCE_HEALTHY, "healthy"},
		{SECOND, 0, 2 * HOUR + 1, HOUR, 0, 0, 0, 0, SOURCE_SILENT, "no event for 2 hours"},
		{SECOND, 0, 130 * HOUR, 66 * HOUR, 0, 0, 0, 0, SOURCE_HEALTHY, "healthy"},
		{SECOND, 0, HOUR, 0, 0, 0, 0, 0, SOURCE_HEALTHY, "healthy"},
		{8 * 60 * SECOND, 0, HOUR, HOUR, 0, 0, 0, 0, SOURCE_HEALTHY, "healthy"},
		{8 * 60 * SECOND + 1, 0, HOUR, HOUR, 0, 0, 0, 0, SOURCE_BEHIND, "8 minutes behind"},
		{SECOND, 5 * HOUR, HOUR, HOUR, 0, 0, 0, 0, SOURCE_BEHIND, "5 hours behind"},
		{SECOND, 0, 90 * DAY, HOUR, 0, 2, 0, 0, SOURCE_FAILING, "401: no"},
		{0, 0, 0, 0, 0, 0, 0, 0, SOURCE_NEW, "not read"},
		{0, 0, 0, 0, 0, 1, 0, 0, SOURCE_FAILING, "401: no"},
		{SECOND, 0, 90 * DAY, HOUR, 0, 2, 0, 1, SOURCE_PAUSED, "paused"},
		{SECOND, 0, 90 * DAY, HOUR, 0, 2, 1, 1, SOURCE_GONE, "kept"},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct source_state s = {.source = "s",
			.last_success = rows[i].success ? NOW - rows[i].success : 0,
			.settled_to = rows[i].settled ? NOW - rows[i].settled : 0,
			.first_event = NOW - 100 * DAY,
			.last_event = rows[i].last ? NOW - rows[i].last : 0,
			.longest_gap = rows[i].gap,
			.failures = rows[i].failures,
			.error = "401: no",
			.connected = !rows[i].gone,
			.paused = rows[i].paused,
			.interval_s = 60,
			.token_expires = rows[i].expires ? NOW + rows[i].expires : 0};
		struct source_health h = source_health(&s, NOW);
		if (h.condition != rows[i].condition || !strstr(h.text, rows[i].text))
			fail_msg("row %zu: %s: %s", i, source_condition_name(h.condition), h.text);
	}
	struct source_state fresh = {.source = "s",
		.connected = true,
		.interval_s = 60,
		.error = "",
		.last_success = NOW,
		.first_event = NOW - 20 * HOUR,
		.last_event = NOW - 19 * HOUR};
	assert_int_equal(source_health(&fresh, NOW).condition, SOURCE_HEALTHY);
	fresh.last_event = fresh.first_event -= 5 * HOUR;
	assert_int_equal(source_health(&fresh, NOW).condition, SOURCE_SILENT);
	fresh.token_expires = NOW + 5 * DAY + HOUR;
	assert_int_equal(source_health(&fresh, NOW).expires_days, 5);
	fresh.token_expires = NOW - 1;
	assert_int_equal(source_health(&fresh, NOW).expires_days, -1);
	/* Nobody reads a hook: it is neither behind nor silent. */
	struct source_state hook = {.connected = true, .hook = true, .error = "", .interval_s = 1};
	assert_int_equal(source_health(&hook, NOW).condition, SOURCE_NEW);
	hook.last_success = hook.last_event = hook.first_event = NOW - 400 * DAY;
	assert_int_equal(source_health(&hook, NOW).condition, SOURCE_HEALTHY);
	hook.paused = true;
	assert_int_equal(source_health(&hook, NOW).condition, SOURCE_PAUSED);
}

struct one_state {
	struct source_state state;
	char error[600];
	unsigned n;
};

static int take_state(void *ctx, const struct source_state *state, struct err *err)
{
	struct one_state *one = ctx;
	(void)err;
	one->state = *state;
	snprintf(one->error, sizeof(one->error), "%s", state->error);
	one->n++;
	return 0;
}

static struct one_state state_of(struct store *store)
{
	struct one_state one = {0};
	struct err err;
	assert_int_equal(store_source_states(store, take_state, &one, &err), 0);
	assert_int_equal(one.n, 1);
	return one;
}

/* Sends events as segments with the ledger's note. */
static void send(
	struct store *store, uint64_t window, uint32_t first, uint32_t n, enum ledger_state state)
{
	struct err err;
	struct ledger_note note = {.window = window, .state = state, .counts = {.records = n}};
	struct lake_send plan = {.source = "files",
		.container = "sweep",
		.kind = CONTAINER_OVERLAP,
		.first = first,
		.n = n,
		.per_batch = n,
		.batches = 1,
		.ledger = &note};
	if (lake_send(store, &plan, &err) < 0)
		fail_msg("%s", err.text);
}

static void states_follow(void **state)
{
	(void)state;
	char *dir = test_folder();
	struct err err;
	struct ledger_counts sums;
	struct store *store = test_open(dir, STORE_WRITE);
	struct connection c = {.name = "files",
		.kind = "folder",
		.table = "test_logs",
		.interval_s = 60,
		.token_expires = 77};
	assert_int_equal(store_connection_put(store, &c, false, NULL, 0, NULL, NULL, &err), 0);
	struct one_state one = state_of(store);
	assert_true(one.state.connected && one.state.last_attempt == 0);
	assert_true(one.state.interval_s == 60 && one.state.token_expires == 77);
	assert_int_equal(ledger_failure(store, "files", "no such host", &err), 0);
	assert_int_equal(ledger_failure(store, "files", "no login", &err), 0);
	one = state_of(store);
	assert_string_equal(one.error, "no login");
	assert_int_equal(one.state.failures, 2);
	send(store, begin(store, "files", LEDGER_SWEEP, 0, 5000), 1, 6, LEDGER_SETTLED);
	one = state_of(store);
	assert_string_equal(one.error, "");
	assert_true(one.state.failures == 0 && one.state.last_success > 0);
	assert_true(one.state.settled_to == 5000 && one.state.last_new > 0);
	assert_true(one.state.first_event == lake_time(1) && one.state.last_event == lake_time(6));
	assert_int_equal(one.state.longest_gap, 0);
	/* 1,000 events later, and some of the same. */
	uint64_t id = begin(store, "files", LEDGER_SWEEP, 4000, 9000);
	send(store, id, 1006, 6, LEDGER_OPEN);
	one = state_of(store);
	assert_true(one.state.longest_gap == lake_time(1006) - lake_time(6));
	send(store, id, 1006, 6, LEDGER_OPEN);
	/* History makes no gap. */
	send(store, begin(store, "files", LEDGER_BACKFILL, 0, 10), 50000, 3, LEDGER_SETTLED);
	one = state_of(store);
	assert_true(one.state.longest_gap == lake_time(1006) - lake_time(6));
	assert_int_equal(ledger_sums(store, "files", &sums, &err), 0);
	assert_true(sums.stored == 15 && sums.records == 21);
	store_close(store);
	test_remove(dir);
}

/* The longest gap of this and the last week counts; times in the future do not. */
static void gaps_are_forgotten(void **state)
{
	(void)state;
	static const struct {
		int64_t first, last; /* hours */
		bool history;
		int64_t gap, last_event;
	} rows[] = {
		{7 * 24 * 1000, 7 * 24 * 1000 + 1, false, 0, 168001},
		{168001 + 5, 168001 + 6, false, 5, 168007}, {168008, 168009, false, 5, 168009},
		{168000, 168002, false, 5, 168009},           /* late ones */
		{1, 160000, true, 5, 168009},                 /* history */
		{168168 + 1, 168168 + 2, false, 160, 168170}, /* the next week */
		{168336 + 1, 168336 + 2, false, 167, 168338},
		{168504 + 1, 168504 + 1, false, 167, 168505}, {168506, 168507, false, 167, 168507},
		{168507 + 165, 168507 + 165, false, 167, 168672},
		{168672 + 167, 168672 + 167, false, 167, 168839},
		{168840, 168841, false, 167, 168841}, {168842, 168843, false, 167, 168843},
		{168843 + 168 * 3, 168843 + 168 * 3, false, 504, 169347}, /* long away */
		{169348, INT64_C(9000000), false, 1, 1000000}, /* until now, in another week */
	};
	char *dir = test_folder();
	struct err err;
	int64_t id;
	struct store *store = test_open(dir, STORE_WRITE);
	assert_int_equal(ledger_source(store, "s", true, &id, &err), 1);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct ledger_segment segment = {.source = "s",
			.stored = 1,
			.committed_at = 1000000 * HOUR,
			.min_time = rows[i].first * HOUR,
			.max_time = rows[i].last * HOUR};
		CHECK_ROW(i, ledger_note_events(store, id, rows[i].history, &segment, &err) == 0);
		struct one_state one = state_of(store);
		if (one.state.longest_gap != rows[i].gap * HOUR ||
			one.state.last_event != rows[i].last_event * HOUR)
			fail_msg("row %zu: %d, %d", i, (int)(one.state.longest_gap / HOUR),
				(int)(one.state.last_event / HOUR));
	}
	store_close(store);
	test_remove(dir);
}

static void an_older_folder(void **state)
{
	(void)state;
	char *dir = test_folder();
	struct err err;
	struct ledger_counts sums;
	struct object_mark mark = {.key = SLICE("k"), .etag = SLICE("e"), .news = OBJECT_SAME};
	struct store *store = test_open(dir, STORE_WRITE);
	test_format(store, 2);
	store_close(store);
	store = test_open(dir, STORE_READ);
	expect_windows(store, NULL, 0, "");
	expect_gaps(store, NULL, "");
	assert_int_equal(ledger_sums(store, NULL, &sums, &err), 0);
	assert_int_equal(store_source_states(store, take_state, NULL, &err), 0);
	assert_int_equal(objects_find(store, "s", &mark, 1, &err), 0);
	assert_int_equal(mark.news, OBJECT_NEW);
	store_close(store);
	store = test_open(dir, STORE_WRITE);
	end(store, begin(store, "t", LEDGER_SWEEP, 5, 9), LEDGER_FAILED, "x");
	expect_gaps(store, NULL, "t [5,9)x; ");
	store_close(store);
	test_remove(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(windows_add_up),
		cmocka_unit_test(healths),
		cmocka_unit_test(states_follow),
		cmocka_unit_test(gaps_are_forgotten),
		cmocka_unit_test(an_older_folder),
	};
	if (access("/dev/shm", W_OK) == 0)
		setenv("TMPDIR", "/dev/shm", 0);
	return cmocka_run_group_tests_name("ledger", tests, NULL, NULL);
}
