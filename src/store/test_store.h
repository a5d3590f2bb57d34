/* SPDX-License-Identifier: Apache-2.0 */
/* test_store.h: for tests: a store that is opened, or the test ends. */
#ifndef STORE_TEST_STORE_H
#define STORE_TEST_STORE_H

#include "base/test.h"
#include "store/store.h"

static inline struct store *test_open(const char *dir, enum store_mode mode)
{
	struct store *store;
	struct err err;
	if (store_open(dir, mode, &store, &err) < 0)
		fail_msg("store_open: %s", err.text);
	return store;
}

#endif
