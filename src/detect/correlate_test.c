/* SPDX-License-Identifier: Apache-2.0 */
/* correlate_test.c: cases by hand, and a plain reading of the definition over random hits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "detect/correlate.h"

#define SECOND INT64_C(1000000)

static uint32_t ids;

static struct hit hit_at(int64_t seconds, uint32_t member, uint64_t value)
{
	struct hit hit = {.time = seconds * SECOND,
		.member = member,
		.value = value,
		.number = (double)value};
	uint32_t id = ++ids;
	for (int b = 0; b < 4; b++)
		hit.id[12 + b] = (uint8_t)(id >> (24 - 8 * b));
	return hit;
}

struct seen {
	uint32_t n;
	struct episode of[64];
};

static int see(void *ctx, const struct episode *episode)
{
	struct seen *seen = ctx;
	if (seen->n < 64)
		seen->of[seen->n] = *episode;
	seen->n++;
	return 0;
}

static struct correlation_bound at_least(double n)
{
	return (struct correlation_bound){.low_given = true, .low_inclusive = true, .low = n};
}

/* "time/member/value …" */
static uint32_t read_hits(const char *text, struct hit *hits)
{
	uint32_t n = 0;
	int used;
	long long t, m, v;
	while (sscanf(text, " %lld/%lld/%lld%n", &t, &m, &v, &used) == 3) {
		hits[n++] = hit_at(t, (uint32_t)m, (uint64_t)v);
		text += used;
	}
	qsort(hits, n, sizeof(*hits), hit_compare);
	return n;
}

static void cases(void **state)
{
	(void)state;
	static const struct {
		const char *what, *hits;
		struct correlation c;
		const char *want; /* trigger:first-last=count,values … */
	} rows[] = {
		{"three in a minute", "1/0/0 2/0/0 3/0/0",
			{.type = CORRELATION_EVENT_COUNT,
				.bound = {true, true, false, false, false, 3, 0}},
			"2:0-2=3,0"},
		{"exactly a minute apart is too far", "0/0/0 30/0/0 60/0/0",
			{.type = CORRELATION_EVENT_COUNT,
				.bound = {true, true, false, false, false, 3, 0}},
			""},
		{"a burst that goes on is one", "1/0/0 2/0/0 50/0/0 100/0/0 109/0/0",
			{.type = CORRELATION_EVENT_COUNT,
				.bound = {true, true, false, false, false, 2, 0}},
			"1:0-4=5,0"},
		{"two bursts", "1/0/0 2/0/0 200/0/0 201/0/0",
			{.type = CORRELATION_EVENT_COUNT,
				.bound = {true, true, false, false, false, 2, 0}},
			"1:0-1=2,0 3:2-3=2,0"},
		{"one value thrice is one", "1/0/7 2/0/7 3/0/7 4/0/8",
			{.type = CORRELATION_VALUE_COUNT,
				.bound = {true, true, false, false, false, 2, 0}},
			"3:0-3=4,2"},
		{"all rules, any order", "1/1/0 2/1/0 3/0/0",
			{.type = CORRELATION_TEMPORAL, .nrules = 2}, "2:0-2=3,2"},
		{"in order only", "1/1/0 2/0/0 3/1/0",
			{.type = CORRELATION_TEMPORAL_ORDERED, .nrules = 2}, "2:0-2=3,2"},
		{"not in order", "1/2/0 2/1/0 3/0/0",
			{.type = CORRELATION_TEMPORAL_ORDERED, .nrules = 3}, ""},
		{"the chain must lie in the window", "1/0/0 55/1/0 62/2/0",
			{.type = CORRELATION_TEMPORAL_ORDERED, .nrules = 3}, ""},
		{"two of three in order", "1/0/0 3/2/0",
			{.type = CORRELATION_TEMPORAL_ORDERED,
				.nrules = 3,
				.bound = {true, true, false, false, false, 2, 0}},
			"1:0-1=2,2"},
		{"a sum", "1/0/600 5/0/500",
			{.type = CORRELATION_VALUE_SUM,
				.bound = {true, false, false, false, false, 1000, 0}},
			"1:0-1=2,0"},
		{"a mean in a range", "1/0/10 2/0/2 3/0/3",
			{.type = CORRELATION_VALUE_AVG,
				.bound = {true, true, true, true, false, 5, 6}},
			"1:0-2=3,0"},
		{"the median", "1/0/1 2/0/9 3/0/8",
			{.type = CORRELATION_VALUE_PERCENTILE,
				.percentile = 50,
				.bound = {true, true, false, false, false, 8, 0}},
			"2:0-2=3,0"},
		{"first seen once a minute", "1/0/0 2/0/0 62/0/0 130/0/0",
			{.type = CORRELATION_FIRST_SEEN}, "0:0-0=1,0 2:2-2=1,0 3:3-3=1,0"},
		{"nothing while it learns", "1/0/0 130/0/0",
			{.type = CORRELATION_FIRST_SEEN, .learn = 100 * SECOND}, "1:1-1=1,0"},
		{"rare", "1/0/0 2/0/0 3/0/0 300/0/0", {.type = CORRELATION_RARE, .most = 2},
			"0:0-1=2,0 3:3-3=1,0"},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct hit hits[32];
		uint32_t n = read_hits(rows[i].hits, hits);
		struct correlation c = rows[i].c;
		c.timespan = 60 * SECOND;
		struct rule rule = {.correlation = &c};
		struct seen seen = {0};
		assert_int_equal(correlate(&rule, hits, n, 0, 0, 0, see, &seen), 0);
		char text[512] = "";
		for (uint32_t e = 0; e < seen.n; e++)
			snprintf(text + strlen(text), sizeof(text) - strlen(text),
				"%s%u:%u-%u=%llu,%llu", e ? " " : "", seen.of[e].trigger,
				seen.of[e].first, seen.of[e].last,
				(unsigned long long)seen.of[e].count,
				(unsigned long long)seen.of[e].values);
		if (strcmp(text, rows[i].want) != 0)
			fail_msg("%s: %s, not %s", rows[i].what, text, rows[i].want);
	}
}

static void an_event_that_two_rules_match_is_one(void **state)
{
	(void)state;
	struct hit hits[3] = {hit_at(1, 0, 0), hit_at(2, 0, 0)};
	hits[2] = hits[1];
	hits[2].member = 1;
	struct correlation c = {.type = CORRELATION_EVENT_COUNT,
		.bound = at_least(3),
		.timespan = 60 * SECOND,
		.nrules = 2};
	struct rule rule = {.correlation = &c};
	struct seen seen = {0};
	correlate(&rule, hits, 3, 0, 0, 0, see, &seen);
	assert_int_equal(seen.n, 0);
	c.bound = at_least(2);
	correlate(&rule, hits, 3, 0, 0, 0, see, &seen);
	assert_int_equal(seen.n, 1);
	assert_int_equal(seen.of[0].count, 2);
	/* nor does a rule follow another in one event */
	c = (struct correlation){
		.type = CORRELATION_TEMPORAL_ORDERED, .timespan = 60 * SECOND, .nrules = 2};
	seen.n = 0;
	correlate(&rule, hits + 1, 2, 0, 0, 0, see, &seen);
	assert_int_equal(seen.n, 0);
}

static void days_and_no_times(void **state)
{
	(void)state;
	struct hit hits[4] = {
		hit_at(86398, 0, 0), hit_at(86399, 0, 0), hit_at(86400, 0, 0), hit_at(86401, 0, 0)};
	struct rule rule = {.window = 3600 * SECOND};
	struct seen seen = {0};
	correlate(&rule, hits, 4, 0, 1, 0, see, &seen);
	assert_int_equal(seen.n, 2); /* an alert does not go beyond midnight */
	assert_int_equal(seen.of[1].first, 2);
	struct correlation c = {
		.type = CORRELATION_EVENT_COUNT, .bound = at_least(3), .timespan = 60 * SECOND};
	rule.correlation = &c;
	seen.n = 0;
	correlate(&rule, hits, 4, 1, 1, 0, see, &seen);
	assert_int_equal(seen.n, 1); /* but a window does */
	assert_int_equal(seen.of[0].first, 0);
	assert_int_equal(seen.of[0].count, 4);
	rule.correlation = NULL;
	for (int i = 0; i < 4; i++)
		hits[i].time = INT64_MIN;
	seen.n = 0;
	correlate(&rule, hits, 4, INT64_MIN, INT64_MIN, 0, see, &seen);
	assert_int_equal(seen.n, 1);
	assert_int_equal(seen.of[0].count, 4);
	assert_true(hit_day(-1) == -1 && hit_day(0) == 0 && hit_day(-DAY_US) == -1 &&
		    hit_day(DAY_US) == 1);
}

/* Whether the condition holds at hit i, read off the definition. */
static bool plain_holds(const struct correlation *c, const struct hit *hits, uint32_t i)
{
	uint32_t first = i, values = 0, members = 0;
	double sum = 0;
	while (first > 0 && hits[first - 1].time > hits[i].time - c->timespan)
		first--;
	for (uint32_t a = first; a <= i; a++) {
		bool fresh = true, other = true;
		for (uint32_t b = first; b < a; b++) {
			fresh = fresh && hits[b].value != hits[a].value;
			other = other && hits[b].member != hits[a].member;
		}
		values += fresh;
		members += other;
		sum += hits[a].number;
	}
	uint32_t n = i - first + 1;
	switch (c->type) {
	case CORRELATION_EVENT_COUNT:
		return n >= c->bound.low;
	case CORRELATION_VALUE_COUNT:
		return values >= c->bound.low;
	case CORRELATION_VALUE_SUM:
		return sum >= c->bound.low;
	case CORRELATION_VALUE_AVG:
		return sum / n >= c->bound.low;
	case CORRELATION_TEMPORAL:
		return members == 3;
	case CORRELATION_FIRST_SEEN:
		return n == 1;
	default:
		break;
	}
	for (uint32_t a = first; a < i; a++)
		for (uint32_t b = a + 1; b < i; b++)
			if (hits[a].member == 0 && hits[b].member == 1 && hits[i].member == 2)
				return true;
	return false;
}

static void as_the_definition_says(void **state)
{
	(void)state;
	static const enum correlation_type types[] = {CORRELATION_EVENT_COUNT,
		CORRELATION_VALUE_COUNT, CORRELATION_VALUE_SUM, CORRELATION_VALUE_AVG,
		CORRELATION_TEMPORAL, CORRELATION_TEMPORAL_ORDERED, CORRELATION_FIRST_SEEN};
	uint32_t triggered = 0;
	for (unsigned seed = 1; seed <= 3000; seed++) {
		srand(seed);
		struct hit hits[40];
		uint32_t n = 1 + (uint32_t)rand() % 40;
		int64_t span = 1 + rand() % 300;
		for (uint32_t i = 0; i < n; i++)
			hits[i] = hit_at(86000 + rand() % (1 + rand() % 1500), (uint32_t)rand() % 3,
				(uint64_t)rand() % 6);
		qsort(hits, n, sizeof(*hits), hit_compare);
		struct correlation c = {.type = types[seed % 7],
			.timespan = span * SECOND,
			.nrules = 3,
			.bound = at_least(1 + rand() % 5)};
		if (c.type == CORRELATION_TEMPORAL || c.type == CORRELATION_TEMPORAL_ORDERED)
			c.bound = (struct correlation_bound){0};
		struct rule rule = {.correlation = &c};
		struct seen seen = {0};
		correlate(&rule, hits, n, 0, 1, 0, see, &seen);
		uint32_t episodes = 0;
		int64_t last = INT64_MIN / 2;
		for (uint32_t i = 0; i < n; i++) {
			if (!plain_holds(&c, hits, i))
				continue;
			triggered++;
			if (hits[i].time - last >= c.timespan ||
				hit_day(hits[i].time) != hit_day(last)) {
				if (episodes < 64 && seen.of[episodes].trigger != i)
					fail_msg("seed %u: episode %u", seed, episodes);
				episodes++;
			}
			last = hits[i].time;
		}
		if (episodes != seen.n)
			fail_msg("seed %u: %u episodes, not %u", seed, seen.n, episodes);
	}
	assert_true(triggered > 5000);
}

/* The alerts of a day hang on that day and the reach before it only. */
static void what_lies_further_back_does_not_matter(void **state)
{
	(void)state;
	for (unsigned seed = 1; seed <= 500; seed++) {
		srand(seed);
		struct hit hits[60];
		for (uint32_t i = 0; i < 60; i++)
			hits[i] = hit_at(
				rand() % (2 * 86400), (uint32_t)rand() % 3, (uint64_t)rand() % 6);
		qsort(hits, 60, sizeof(*hits), hit_compare);
		struct correlation c = {
			.type = seed % 2 ? CORRELATION_VALUE_SUM : CORRELATION_TEMPORAL_ORDERED,
			.timespan = (1 + rand() % 20000) * SECOND,
			.nrules = 3};
		if (seed % 2)
			c.bound = at_least(20);
		struct rule rule = {.correlation = &c};
		struct seen all = {0}, part = {0};
		correlate(&rule, hits, 60, 1, 1, 0, see, &all);
		uint32_t from = 0;
		while (from < 60 && hits[from].time <= DAY_US - correlate_reach(&rule))
			from++;
		correlate(&rule, hits + from, 60 - from, 1, 1, 0, see, &part);
		assert_int_equal(all.n, part.n);
		for (uint32_t e = 0; e < all.n && e < 64; e++)
			assert_int_equal(all.of[e].first, part.of[e].first + from);
	}
}

static void runs_are_together_and_in_order(void **state)
{
	(void)state;
	enum { N = 5000 };
	struct hit *hits = calloc(N, sizeof(*hits));
	srand(7);
	for (uint32_t i = 0; i < N; i++) {
		hits[i] = hit_at(rand() % 100, (uint32_t)rand() % 3, 0);
		hits[i].rule = (uint32_t)rand() % 3;
		hits[i].group = UINT64_C(0x9e3779b97f4a7c15) *
				(hits[i].rule * 10 + (uint32_t)rand() % 7 + 1);
	}
	for (size_t n = 900; n <= N; n += N - 900) {
		hits_sort(hits, n);
		for (size_t i = 1, runs = 1; i < n; i++) {
			bool same = hits[i].group == hits[i - 1].group;
			assert_true(!same || hit_compare(&hits[i - 1], &hits[i]) < 0);
			runs += !same;
			assert_true(runs <= 21);
		}
	}
	free(hits);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cases),
		cmocka_unit_test(an_event_that_two_rules_match_is_one),
		cmocka_unit_test(days_and_no_times),
		cmocka_unit_test(runs_are_together_and_in_order),
		cmocka_unit_test(as_the_definition_says),
		cmocka_unit_test(what_lies_further_back_does_not_matter),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
