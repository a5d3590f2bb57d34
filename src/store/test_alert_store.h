/* SPDX-License-Identifier: Apache-2.0 */
/* test_alert_store.h: a store of its own for each test of alerts: `store` in `dir`. */
#ifndef STORE_TEST_ALERT_STORE_H
#define STORE_TEST_ALERT_STORE_H

#include "store/test_alerts.h"

static char *dir;
static struct store *store;

static int begin(void **state)
{
	(void)state;
	dir = test_folder();
	store = test_open(dir, STORE_WRITE);
	return 0;
}

static int end(void **state)
{
	(void)state;
	store_close(store);
	test_remove(dir);
	return 0;
}

#endif
