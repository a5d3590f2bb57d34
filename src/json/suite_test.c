/* SPDX-License-Identifier: Apache-2.0 */
/* suite_test.c: JSONTestSuite, where its folder test_parsing is named in JSON_TEST_SUITE (`make
 * suites`): what begins with y_ is taken, what begins with n_ refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <dirent.h>
#include <cmocka.h>

#include "json/json.h"

static struct slice read_all(const char *folder, const char *name)
{
	static char text[1 << 20];
	char path[4096];
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	FILE *file = fopen(path, "rb");
	assert_non_null(file);
	size_t n = fread(text, 1, sizeof(text), file);
	fclose(file);
	return (struct slice){text, n};
}

static void suite(void **state)
{
	(void)state;
	const char *folder = getenv("JSON_TEST_SUITE");
	if (!folder)
		skip();
	DIR *dir = opendir(folder);
	assert_non_null(dir);
	unsigned taken = 0, refused = 0, wrong = 0;
	for (struct dirent *entry; (entry = readdir(dir));) {
		char kind = entry->d_name[0];
		if (kind == '.')
			continue;
		struct slice text = read_all(folder, entry->d_name);
		bool repaired, valid = json_validate(text, NULL) == 0;
		if (valid && json_validate_lenient(text, &repaired, NULL) < 0)
			fail_msg("%s: strict takes what lenient refuses", entry->d_name);
		if ((kind == 'y' && !valid) || (kind == 'n' && valid)) {
			print_error("%s is %s\n", entry->d_name, valid ? "taken" : "refused");
			wrong++;
		}
		taken += kind == 'y' && valid;
		refused += kind == 'n' && !valid;
	}
	closedir(dir);
	print_message("JSONTestSuite: %u y_ taken, %u n_ refused\n", taken, refused);
	assert_int_equal(wrong, 0);
	assert_true(taken > 0 && refused > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(suite)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
