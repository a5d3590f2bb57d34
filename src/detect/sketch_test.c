/* SPDX-License-Identifier: Apache-2.0 */
/* sketch_test.c: what is left out changes no episode, whatever shares a place; and most of what could be left out is. */
#include "base/test.h"

#include <stdlib.h>

#include "detect/sketch.h"

#define SECOND INT64_C(1000000)

struct seen {
	uint32_t n;
	struct {
		uint64_t count, values;
		int64_t first, last, fired;
	} of[256];
	const struct hit *hits;
};

static int see(void *ctx, const struct episode *episode)
{
	struct seen *seen = ctx;
	assert_true(seen->n < 256);
	seen->of[seen->n].count = episode->count;
	seen->of[seen->n].values = episode->values;
	seen->of[seen->n].first = seen->hits[episode->first].time;
	seen->of[seen->n].last = seen->hits[episode->last].time;
	seen->of[seen->n++].fired = seen->hits[episode->trigger].time;
	return 0;
}

static void episodes(struct rules *rules, struct hit *hits, size_t n, struct seen *seen)
{
	*seen = (struct seen){0};
	if (n)
		qsort(hits, n, sizeof(*hits), hit_compare);
	for (size_t i = 0, end; i < n; i = end) {
		end = hits_run(hits, n, i);
		seen->hits = hits + i;
		correlate(rules->of[hits[i].rule], hits + i, (uint32_t)(end - i), -2, 40,
			INT64_MIN / 2, see, seen);
	}
}

static struct correlation some_correlation(unsigned seed)
{
	static const enum correlation_type types[] = {CORRELATION_EVENT_COUNT,
		CORRELATION_VALUE_COUNT, CORRELATION_TEMPORAL, CORRELATION_TEMPORAL_ORDERED,
		CORRELATION_FIRST_SEEN};
	struct correlation c = {.type = types[seed % 5],
		.timespan = (1 + rand() % 4000) * SECOND,
		.nrules = 2 + (uint32_t)rand() % 2};
	if (c.type == CORRELATION_EVENT_COUNT || c.type == CORRELATION_VALUE_COUNT ||
		rand() % 4 == 0)
		c.bound = (struct correlation_bound){.low_given = true,
			.low_inclusive = rand() % 2,
			.low = 2 + rand() % 4,
			.high_given = rand() % 8 == 0,
			.high = 9};
	return c;
}

static void test_nothing_that_matters_is_left_out(void **state)
{
	(void)state;
	static const bool wanted[] = {true, true};
	uint32_t all = 0, found = 0, dropped = 0;
	for (unsigned seed = 1; seed <= 2000; seed++) {
		srand(seed);
		struct correlation c[2] = {some_correlation(seed), some_correlation(seed + 2)};
		struct rule rule[2] = {{.correlation = &c[0]}, {.correlation = &c[1]}};
		struct rule *of[] = {&rule[0], &rule[1]};
		struct rules rules = {.n = 2, .of = of};
		struct hit hits[400], kept[400];
		size_t n = 1 + (size_t)rand() % 400, nkept = 0;
		for (size_t i = 0; i < n; i++) {
			hits[i] = (struct hit){.time = (rand() % 90000 - 3600) * SECOND,
				.rule = (uint32_t)rand() % 2,
				.value = (uint64_t)rand() % 5,
				.member = (uint32_t)rand() % 2};
			hits[i].group = hash_fold((uint64_t)(rand() % 30) + 1, hits[i].rule + 77);
			memcpy(hits[i].id, &i, sizeof(i));
		}
		struct sketch *sketch = sketch_new(
			&rules, wanted, (struct sketch_size){.hits = n, .time = 90000 * SECOND});
		for (size_t i = 0; i < n; i++)
			if (sketch_counts(sketch, hits[i].rule))
				sketch_add(sketch, &hits[i]);
		for (size_t i = 0; i < n; i++)
			if (sketch_keeps(sketch, &hits[i]))
				kept[nkept++] = hits[i];
		sketch_free(sketch);
		struct seen before, after;
		episodes(&rules, hits, n, &before);
		episodes(&rules, kept, nkept, &after);
		if (before.n != after.n || memcmp(before.of, after.of, sizeof(before.of)) != 0)
			fail_msg("seed %u: %u episodes, not %u", seed, after.n, before.n);
		all += (uint32_t)n;
		found += before.n;
		dropped += (uint32_t)(n - nkept);
	}
	assert_true(found > 10000);
	assert_true(dropped > all / 10);
}

/* A million hits, few of which are near each other. */
static void test_most_is_left_out(void **state)
{
	(void)state;
	static const bool wanted[] = {true};
	struct correlation c = {.type = CORRELATION_EVENT_COUNT,
		.timespan = 600 * SECOND,
		.bound = {.low_given = true, .low_inclusive = true, .low = 10}};
	struct rule rule = {.correlation = &c}, *of[] = {&rule};
	struct rules rules = {.n = 1, .of = of};
	uint64_t state64 = 1;
	uint32_t n = 1000000, kept = 0;
	struct hit *hits = xcalloc(n, sizeof(*hits));
	struct sketch *sketch = sketch_new(&rules, wanted,
		(struct sketch_size){.hits = n, .time = 28 * DAY_US, .memory = 64 << 20});
	for (uint32_t i = 0; i < n; i++) {
		state64 = state64 * UINT64_C(6364136223846793005) + 1442695040888963407;
		hits[i].time = 28 * DAY_US / n * i;
		hits[i].group = hash_fold((state64 >> 40) % 3000 + 1, 77);
		sketch_add(sketch, &hits[i]);
	}
	for (uint32_t i = 0; i < n; i++)
		kept += sketch_keeps(sketch, &hits[i]);
	sketch_free(sketch);
	free(hits);
	assert_true(kept < n / 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_nothing_that_matters_is_left_out),
		cmocka_unit_test(test_most_is_left_out)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
