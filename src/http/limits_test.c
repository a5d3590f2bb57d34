/* SPDX-License-Identifier: Apache-2.0 */
/* limits_test.c: so many tries at once, then one in so long; a set that is full forgets who tried least. */
#include "base/test.h"

#include "http/private.h"

#define SECOND INT64_C(1000000)

static const struct limit three = {3, 10};

static void tries_are_counted(void **state)
{
	struct limits *limits = limits_new();
	int64_t now = 5 * SECOND;
	(void)state;
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(limits_take(limits, 7, three, now), 0);
	assert_int_equal(limits_take(limits, 7, three, now), 10);
	assert_int_equal(limits_take(limits, 7, three, now + 4 * SECOND), 6);
	assert_int_equal(limits_take(limits, 8, three, now), 0);
	assert_int_equal(limits_take(limits, 7, three, now + 10 * SECOND), 0);
	assert_int_equal(limits_take(limits, 7, three, now + 10 * SECOND), 10);
	limits_give(limits, 7, three, false);
	assert_int_equal(limits_take(limits, 7, three, now + 10 * SECOND), 0);
	assert_int_equal(limits_take(limits, 7, three, now + 10 * SECOND), 10);
	limits_give(limits, 7, three, true);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(limits_take(limits, 7, three, now + 10 * SECOND), 0);
	limits_free(limits);
}

static void many_others_do_not_help(void **state)
{
	struct limits *limits = limits_new();
	(void)state;
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(limits_take(limits, 7, three, SECOND), 0);
	for (uint64_t key = 100; key < 200000; key++)
		(void)limits_take(limits, key, three, SECOND);
	assert_true(limits_take(limits, 7, three, SECOND) > 0);
	limits_free(limits);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tries_are_counted),
		cmocka_unit_test(many_others_do_not_help),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
