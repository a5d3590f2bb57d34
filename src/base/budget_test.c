/* SPDX-License-Identifier: Apache-2.0 */
/* budget_test.c: the default division, and that no division exceeds its total. */
#include "base/test.h"

#include "base/budget.h"

static const uint64_t mebi = 1 << 20;

static void the_default_is_as_written(void **state)
{
	struct budget budget = budget_divide(BUDGET_DEFAULT, 2);
	(void)state;
	assert_int_equal(budget.total, 1024 * mebi);
	assert_int_equal(budget.block_bytes, 16 * mebi);
	assert_int_equal(budget.batch_bytes, 16 * mebi);
	assert_int_equal(budget.blocks, 5);
	assert_int_equal(budget.sql_bytes, 768 * mebi);
	assert_int_equal(budget_divide(BUDGET_DEFAULT / 4, 2).block_bytes, 14 * mebi);
	assert_int_equal(budget_divide(BUDGET_DEFAULT * 64, 2).block_bytes, 16 * mebi);
}

static void no_division_exceeds_its_total(void **state)
{
	static const uint64_t totals[] = {0, 1, BUDGET_LEAST - 1, BUDGET_LEAST, 100000000,
		BUDGET_DEFAULT, (uint64_t)1 << 34, UINT64_MAX};
	static const unsigned threads[] = {0, 1, 2, 3, 8, 64, 1000, 4000000000};
	(void)state;
	for (size_t i = 0; i < COUNT(totals); i++) {
		for (size_t k = 0; k < COUNT(threads); k++) {
			struct budget b = budget_divide(totals[i], threads[k]);
			uint64_t share = b.blocks * (uint64_t)(b.block_bytes + b.batch_bytes);
			assert_true(b.total >= BUDGET_LEAST && b.total >= totals[i]);
			assert_true(share <= b.total / 64 * 35);
			assert_true(b.block_bytes >= mebi && b.block_bytes <= 16 * mebi);
			assert_true(b.blocks >= 4 && b.sql_bytes <= b.total / 4 * 3);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_default_is_as_written),
		cmocka_unit_test(no_division_exceeds_its_total),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
