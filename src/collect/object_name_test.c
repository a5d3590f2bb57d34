/* SPDX-License-Identifier: Apache-2.0 */
/* object_name_test.c: what keys say of the log that their object is a part of. */
#include "base/test.h"
#include "collect/objects.h"

#define LOG "20240924.00000.audit.log"
#define FP  "957b90a9"

static const struct {
	const char *key, *node, *log;
	bool packed, ranged;
	uint64_t from, to;
} rows[] = {
	{"p/n1/" LOG "/" FP "/000000000000000-000000001751770.ndjson.zst", "n1", LOG, true, true, 0,
		1751770},
	{"n1/" LOG "/" FP "/000000000000010-000000000000020.ndjson.gz", "n1", LOG, true, true, 10,
		20},
	{"n1/" LOG "/" FP "/000000000000010-000000000000020.ndjson", "n1", LOG, false, true, 10,
		20},
	{"a%2Fb%20%25/" LOG "~2/" FP "/000000000000000-000000000000001.ndjson.zst", "a/b %",
		LOG "~2", true, true, 0, 1},
	{"n1/any.log/" FP "/000000000000000-999999999999999.ndjson.zst", "n1", "any.log", true,
		true, 0, 999999999999999},
	/* Almost. */
	{"n1/" LOG "/957b90a/000000000000000-000000000000001.ndjson.zst", "", "", true, false, 0,
		0},
	{"n1/" LOG "/957b90ag/000000000000000-000000000000001.ndjson.zst", "", "", true, false, 0,
		0},
	{"n1/" LOG "/" FP "/00000000000000-000000000000001.ndjson.zst", "", "", true, false, 0, 0},
	{"n1/" LOG "/" FP "/000000000000005-000000000000005.ndjson.zst", "", "", true, false, 0, 0},
	{"n1/" LOG "/" FP "/000000000000005-000000000000004.ndjson.zst", "", "", true, false, 0, 0},
	{"n1/" LOG "/" FP "/000000000000000-0000000000000010000.ndjson.zst", "", "", true, false, 0,
		0},
	{"n1/" LOG "/" FP "/00000000000000a-000000000000001.ndjson.zst", "", "", true, false, 0, 0},
	{"n1/" LOG "/" FP "/000000000000000000000001.ndjson.zst", "", "", true, false, 0, 0},
	{"n1/" LOG "/" FP "/000000000000000-000000000000001.zst", "", "", true, false, 0, 0},
	{LOG "/" FP "/000000000000000-000000000000001.ndjson.zst", "", "", true, false, 0, 0},
	{"/" LOG "/" FP "/000000000000000-000000000000001.ndjson.zst", "", "", true, false, 0, 0},
	{"n%/" LOG "/" FP "/000000000000000-000000000000001.ndjson.zst", "", "", true, false, 0, 0},
	{"n%0/" LOG "/" FP "/000000000000000-000000000000001.ndjson.zst", "", "", true, false, 0,
		0},
	{"n%00/" LOG "/" FP "/000000000000000-000000000000001.ndjson.zst", "", "", true, false, 0,
		0},
	{"n%0A/" LOG "/" FP "/000000000000000-000000000000001.ndjson.zst", "", "", true, false, 0,
		0},
	/* Of other tools. */
	{LOG, "", LOG, false, false, 0, 0},
	{"a/b/" LOG, "", LOG, false, false, 0, 0},
	{"a/b/20240924-00012.audit.log.gz", "", "20240924-00012.audit.log", true, false, 0, 0},
	{"20240924.00012.audit.log.zst", "", "20240924.00012.audit.log", true, false, 0, 0},
	{"20240924.00012.audit.log.zst.gz", "", "", true, false, 0, 0},
	{"2024092.00012.audit.log", "", "", false, false, 0, 0},
	{"20240924_00012.audit.log", "", "", false, false, 0, 0},
	{"20240924.0012.audit.log", "", "", false, false, 0, 0},
	{"20240924.00012.audit.logs", "", "", false, false, 0, 0},
	{"x20240924.00012.audit.log", "", "", false, false, 0, 0},
	{LOG "/", "", "", false, false, 0, 0},
	{"../../" LOG, "", LOG, false, false, 0, 0},
	{".gz", "", "", false, false, 0, 0},
	{"", "", "", false, false, 0, 0},
	{"////", "", "", false, false, 0, 0},
};

static void test_keys(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct object_name name;
		/* At the end of its memory. */
		size_t n = strlen(rows[i].key);
		char *key = malloc(n ? n : 1);
		memcpy(key, rows[i].key, n);
		object_name_read((struct slice){key, n}, &name);
		free(key);
		CHECK_ROW(i, strcmp(name.node, rows[i].node) == 0);
		CHECK_ROW(i, strcmp(name.log, rows[i].log) == 0);
		CHECK_ROW(i, name.packed == rows[i].packed && name.ranged == rows[i].ranged);
		CHECK_ROW(i, name.from == rows[i].from && name.to == rows[i].to);
	}
}

/* Names at their most, and beyond: read or not, never cut. */
static void test_long_names(void **state)
{
	(void)state;
	for (size_t n = OBJECT_NODE - 3; n < OBJECT_NODE + 3; n++) {
		char key[1200];
		struct object_name name;
		snprintf(key, sizeof(key), "%0*d/%s/%s/000000000000000-000000000000001.ndjson.zst",
			(int)n, 0, LOG, FP);
		object_name_read(slice_of(key), &name);
		assert_int_equal(name.ranged, n < OBJECT_NODE);
		assert_int_equal(strlen(name.node), name.ranged ? n : 0);
		assert_int_equal(strlen(name.log), name.ranged ? strlen(LOG) : 0);
	}
}

static const struct {
	const char *part;
	uint32_t day;
} dates[] = {
	{"20240924.00000.audit.log", 20240924},
	{"20240924", 20240924},
	{"2024-09-24", 20240924},
	{"2024-09-24T00", 20240924},
	{"20240924/", 20240924},
	{"202409241", 0}, /* seconds, or any other number */
	{"1727136000000.log", 0},
	{"20241324", 0},
	{"20240932", 0},
	{"20240900", 0},
	{"00000101", 0},
	{"2024-9-24", 0},
	{"2024-09-2", 0},
	{"2024/09/24", 0},
	{"x20240924", 0},
	{"2024", 0},
	{"", 0},
	{"2024-09-24", 20240924},
	{"2024a-09-24", 0},
};

static void test_dates(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(dates); i++) {
		size_t n = strlen(dates[i].part);
		char *part = malloc(n ? n : 1);
		memcpy(part, dates[i].part, n);
		CHECK_ROW(i, object_date((struct slice){part, n}) == dates[i].day);
		free(part);
	}
}

static const struct {
	const char *typed, *bucket, *prefix; /* bucket "!words" */
} typed[] = {
	{"audit", "audit", NULL},
	{"s3://audit", "audit", NULL},
	{"s3://audit/", "audit", NULL},
	{"s3://audit/a/b/", "audit", "a/b/"},
	{"audit/a", "audit", "a"},
	{"", "!is no bucket", NULL},
	{"s3://", "!is no bucket", NULL},
	{"s3:///x", "!is no bucket", NULL},
	{"https://audit.s3.amazonaws.com/x", "!is no bucket", NULL},
};

static void test_typed_buckets(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(typed); i++) {
		struct settings settings = {0};
		struct err err = {0};
		int rc = bucket_typed(typed[i].typed, &settings, &err);
		const char *prefix = settings_get(&settings, "prefix");
		if (typed[i].bucket[0] == '!') {
			CHECK_ROW(i, rc == -1 && strstr(err.text, typed[i].bucket + 1));
		} else {
			CHECK_ROW(i, rc == 0);
			CHECK_ROW(
				i, strcmp(settings_get(&settings, "bucket"), typed[i].bucket) == 0);
			CHECK_ROW(i, prefix ? typed[i].prefix && !strcmp(prefix, typed[i].prefix)
					    : !typed[i].prefix);
		}
		settings_fini(&settings);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_long_names),
		cmocka_unit_test(test_dates),
		cmocka_unit_test(test_typed_buckets),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
