/* SPDX-License-Identifier: Apache-2.0 */
/* value_test.c: integers, UUIDs, addresses and instances from text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "decode/private.h"

static void integers(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		bool ok;
		int64_t value;
	} rows[] = {
		{"0", true, 0},
		{"7", true, 7},
		{"-7", true, -7},
		{"9007199254740993", true, 9007199254740993},
		{"9223372036854775807", true, INT64_MAX},
		{"-9223372036854775808", true, INT64_MIN},
		{"9223372036854775808", false, 0},
		{"-9223372036854775809", false, 0},
		{"99999999999999999999", false, 0},
		{"-0", false, 0},
		{"00", false, 0},
		{"007", false, 0},
		{"-01", false, 0},
		{"+1", false, 0},
		{"1.0", false, 0},
		{"1e3", false, 0},
		{"1e400", false, 0},
		{"", false, 0},
		{"-", false, 0},
		{" 1", false, 0},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int64_t value = 0;
		bool ok = value_int(slice_of(rows[i].text), &value) == 0;
		if (ok != rows[i].ok || (ok && value != rows[i].value))
			fail_msg("\"%s\": %d, %lld", rows[i].text, ok, (long long)value);
	}
}

static void addresses(void **state)
{
	(void)state;
	static const struct {
		const char *text, *bytes; /* NULL: no address */
	} rows[] = {
		{"10.100.100.2", "00000000000000000000ffff0a646402"},
		{" 10.0.0.1\t", "00000000000000000000ffff0a000001"},
		{"10.0.0.1:8443", "00000000000000000000ffff0a000001"},
		{"63.246.22.199,172.16.1.187", "00000000000000000000ffff3ff616c7"},
		{"63.246.22.199 , 172.16.1.187", "00000000000000000000ffff3ff616c7"},
		{"2001:db8::1", "20010db8000000000000000000000001"},
		{"2001:DB8::1", "20010db8000000000000000000000001"},
		{"[2001:db8::1]", "20010db8000000000000000000000001"},
		{"[2001:db8::1]:443", "20010db8000000000000000000000001"},
		{"fe80::1%eth0", "fe800000000000000000000000000001"},
		{"[fe80::1%25eth0]:1", "fe800000000000000000000000000001"},
		{"::ffff:10.0.0.1", "00000000000000000000ffff0a000001"},
		{"0:0:0:0:0:0:0:1", "00000000000000000000000000000001"},
		{"", NULL},
		{"-", NULL},
		{"10.0.0", NULL},
		{"10.0.0.256", NULL},
		{"10.0.0.01", NULL},
		{"10.0.0.1:port", NULL},
		{"10.0.0.1/8", NULL},
		{"10.0.0.1%eth0", NULL},
		{"[2001:db8::1", NULL},
		{"[2001:db8::1]x", NULL},
		{"2001:db8::1::", NULL},
		{"example.com", NULL},
		{",10.0.0.1", NULL},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint8_t ip[16];
		char hex[33] = "";
		bool ok = value_ip(slice_of(rows[i].text), ip) == 0;
		for (int k = 0; ok && k < 16; k++)
			snprintf(hex + 2 * k, 3, "%02x", ip[k]);
		if (ok != (rows[i].bytes != NULL) || (ok && strcmp(hex, rows[i].bytes) != 0))
			fail_msg("\"%s\": %d, %s", rows[i].text, ok, hex);
	}
}

static void instances(void **state)
{
	(void)state;
	static const char *const rows[][2] = {
		{"https://Bitbucket.Example.com/", "https://bitbucket.example.com"},
		{"HTTPS://BITBUCKET.example.com:7990/Context//",
			"https://bitbucket.example.com:7990/Context"},
		{" http://a ", "http://a"},
		{"Site-1", "Site-1"},
		{"Site-1/", "Site-1"},
		{"", ""},
		{"///", ""},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buf out;
		buf_init(&out, 1000);
		decode_instance(slice_of(rows[i][0]), &out);
		if (!slice_eq(buf_view(&out), slice_of(rows[i][1])))
			fail_msg("\"%s\" gives %.*s", rows[i][0], SLICE_ARG(buf_view(&out)));
		buf_fini(&out);
	}
}

static void uuids(void **state)
{
	(void)state;
	uint8_t uuid[16];
	assert_int_equal(value_uuid(SLICE("8767044c-1b98-4d64-82DB-EF29af8c3792"), uuid), 0);
	assert_int_equal(uuid[0], 0x87);
	assert_int_equal(uuid[8], 0x82);
	assert_int_equal(uuid[15], 0x92);
	assert_int_equal(value_uuid(SLICE("8767044c-1b98-4d64-82db-ef29af8c379"), uuid), -1);
	assert_int_equal(value_uuid(SLICE("8767044c-1b98-4d64-82db-ef29af8c379g"), uuid), -1);
	assert_int_equal(value_uuid(SLICE("8767044c01b98-4d64-82db-ef29af8c3792"), uuid), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(integers),
		cmocka_unit_test(addresses),
		cmocka_unit_test(instances),
		cmocka_unit_test(uuids),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
