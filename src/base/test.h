/* SPDX-License-Identifier: Apache-2.0 */
/* test.h: what every test program includes: cmocka in the order it needs, a folder that goes away,
 * and rows that name themselves when they fail. For *_test.c only. */
#ifndef BASE_TEST_H
#define BASE_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Names the row of a table test in the output of a failure. */
#define CHECK_ROW(row, condition)                                                                  \
	do {                                                                                       \
		if (!(condition))                                                                  \
			fail_msg("row %zu: %s", (size_t)(row), #condition);                        \
	} while (0)

/* Makes a new folder under $TMPDIR or /tmp; the caller owns the path (free). */
static inline char *test_folder(void)
{
	const char *parent = getenv("TMPDIR");
	char path[512];
	snprintf(path, sizeof(path), "%s/pugmark-test-XXXXXX", parent && *parent ? parent : "/tmp");
	assert_non_null(mkdtemp(path));
	return strdup(path);
}

/* Removes a folder made by test_folder with all that is in it, and frees the path. */
static inline void test_remove(char *folder)
{
	char command[600];
	snprintf(command, sizeof(command), "rm -rf '%s'", folder);
	assert_int_equal(system(command), 0);
	free(folder);
}

#endif
