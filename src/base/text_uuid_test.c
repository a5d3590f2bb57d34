/* SPDX-License-Identifier: Apache-2.0 */
/* text_uuid_test.c: ids in both written forms, and what is no id. */
#include "base/test.h"
#include "base/text.h"

static const uint8_t id[16] = {0x87, 0x67, 4, 0x4c, 0x1b, 0x98, 0x4d, 0x64, 0x82, 0xdb, 0xef, 0x29,
	0xaf, 0x8c, 0x37, 0x92};

static void prints(void **state)
{
	(void)state;
	char text[UUID_TEXT];
	text_uuid(id, text);
	assert_memory_equal(text, "8767044c-1b98-4d64-82db-ef29af8c3792", UUID_TEXT);
}

static void parses(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		int rc;
	} rows[] = {
		{"8767044c-1b98-4d64-82db-ef29af8c3792", 0},
		{"8767044C-1B98-4D64-82DB-EF29AF8C3792", 0},
		{"8767044c1b984d6482dbef29af8c3792", 0},
		{"", -1},
		{"8767044c-1b98-4d64-82db-ef29af8c379", -1},
		{"8767044c-1b98-4d64-82db-ef29af8c37921", -1},
		{"8767044c01b98-4d64-82db-ef29af8c3792", -1},
		{"8767044-c1b98-4d64-82db-ef29af8c3792", -1},
		{"8767044c-1b98-4d64-82db-ef29af8c379g", -1},
		{"8767044c-1b98-4d64-82db-ef29af8c37\x19"
		 "2",
			-1},
		{"8767044c1b984d6482dbef29af8c379-", -1},
		{"8767044c1b98-4d64-82dbef29af8c37", -1},
		{"876704@c1b984d6482dbef29af8c3792", -1},
		{"876704`c1b984d6482dbef29af8c3792", -1},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		uint8_t got[16];
		CHECK_ROW(i, text_parse_uuid(slice_of(rows[i].text), got) == rows[i].rc);
		CHECK_ROW(i, rows[i].rc < 0 || memcmp(got, id, 16) == 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(prints),
		cmocka_unit_test(parses),
	};
	return cmocka_run_group_tests_name("text_uuid", tests, NULL, NULL);
}
