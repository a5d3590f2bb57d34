/* SPDX-License-Identifier: Apache-2.0 */
/* names_test.c: which files are audit logs, which is older, and what they are called in a bucket. */
#include "base/test.h"
#include "ship/private.h"

static void logs_are_known_by_their_names(void **state)
{
	static const struct {
		const char *name;
		bool match;
	} rows[] = {
		{"20240924.00000.audit.log", true},
		{"20240924-00000.audit.log", true},
		{"x.audit.log", true},
		{".audit.log", false},
		{"audit.log", false},
		{"20240924.00000.audit.log.gz", false},
		{"20240924.00000.audit.log~", false},
		{"atlassian-bitbucket-audit.log", false},
		{"", false},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		CHECK_ROW(i, names_match(rows[i].name) == rows[i].match);
}

#define DAY (86400 * SHIP_SECOND)

static void older_logs_come_first(void **state)
{
	/* In order. Times are days since 1970; those of names with a day must not count. */
	static const struct {
		const char *name;
		int64_t days;
	} rows[] = {
		{"old.log", 3},
		{"20230101.00007.audit.log", 9999},
		{"20240924-00000.audit.log", 9999},
		{"20240924.00001.audit.log", 5},
		{"20240924.00002.audit.log", 5},
		{"20240924.99999.audit.log", 5},
		{"20240924.100000.audit.log", 5},
		{"20240925.00000.audit.log", 5},
		{"20240925.00000.audit.log.1", 4},
		{"2024092.00000.audit.log", 25000}, /* no day: by its time */
		{"a.log", 25001},
		{"b.log", 25001},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		for (size_t j = 0; j < COUNT(rows); j++) {
			struct ship_order a = names_order(rows[i].name, rows[i].days * DAY);
			struct ship_order b = names_order(rows[j].name, rows[j].days * DAY);
			int c = names_compare(&a, rows[i].name, &b, rows[j].name);
			CHECK_ROW(i * 100 + j, (c < 0) == (i < j) && (c > 0) == (i > j));
		}
}

static void text_is_encoded(void **state)
{
	static const struct {
		struct slice text;
		const char *encoded;
	} rows[] = {
		{SLICE("bitbucket-1.example_org"), "bitbucket-1.example_org"},
		{SLICE("a/b c"), "a%2Fb%20c"},
		{SLICE("~%+"), "%7E%25%2B"},
		{SLICE("\xc3\xbc\x01\xff"), "%C3%BC%01%FF"},
		{SLICE("."), "%2E"},
		{SLICE(".."), "%2E%2E"},
		{SLICE("..."), "..."},
		{SLICE(""), ""},
	};
	struct buf out;
	(void)state;
	buf_init(&out, 1000);
	for (size_t i = 0; i < COUNT(rows); i++) {
		buf_clear(&out);
		names_encode(&out, rows[i].text);
		CHECK_ROW(i, slice_eq(buf_view(&out), slice_of(rows[i].encoded)));
	}
	buf_fini(&out);
}

static char node[] = "n 1", name[] = "20240924.00000.audit.log";

static void keys_have_the_form_of_the_contract(void **state)
{
	struct ship_record log = {.node = node, .name = name, .generation = 1, .fp = "0123abcd"};
	struct buf out;
	(void)state;
	buf_init(&out, 4096);
	names_key(&out, "a/b", &log, 0, 1234567, false);
	buf_push(&out, '\0');
	assert_string_equal(out.ptr, "a/b/n%201/20240924.00000.audit.log/0123abcd/"
				     "000000000000000-000000001234567.ndjson.zst");
	buf_clear(&out);
	log.generation = 3;
	names_key(&out, "", &log, 99, UINT64_C(999999999999999), true);
	buf_push(&out, '\0');
	assert_string_equal(out.ptr, "n%201/20240924.00000.audit.log~3/0123abcd/"
				     "000000000000099-999999999999999.ndjson.gz");
	buf_clear(&out);
	names_log(&out, &log);
	assert_true(slice_eq(buf_view(&out), SLICE("20240924.00000.audit.log~3")));
	buf_clear(&out);
	names_check_key(&out, "a", "n 1");
	assert_true(slice_eq(buf_view(&out), SLICE("a/n%201/.pugmark-ship")));
	buf_fini(&out);
}

/* Names as long as a file system allows, each byte of which takes three: still keys, and different ones. */
static void long_names_stay_within_a_key(void **state)
{
	char prefix[LIMIT_SHIP_PREFIX + 1], one[256], two[256];
	struct ship_record a = {
		.node = one, .name = one, .generation = UINT32_MAX, .fp = "01234567"};
	struct ship_record b = {
		.node = two, .name = two, .generation = UINT32_MAX, .fp = "01234567"};
	struct buf key, other;
	(void)state;
	buf_init(&key, 4096);
	buf_init(&other, 4096);
	memset(prefix, 'p', sizeof(prefix) - 1);
	prefix[sizeof(prefix) - 1] = 0;
	for (size_t n = 1; n < 256; n++) {
		memset(one, ' ', n);
		one[n] = 0;
		memcpy(two, one, sizeof(two));
		two[n - 1] = '!';
		buf_clear(&key);
		buf_clear(&other);
		names_key(&key, prefix, &a, 0, UINT64_C(999999999999999), false);
		names_key(&other, prefix, &b, 0, UINT64_C(999999999999999), false);
		CHECK_ROW(n, key.len <= 1024 && other.len <= 1024);
		CHECK_ROW(n, !slice_eq(buf_view(&key), buf_view(&other)));
		/* No escape is cut in two. */
		for (size_t i = 0; i < key.len; i++)
			if (key.ptr[i] == '%')
				CHECK_ROW(n, i + 2 < key.len && memcmp(key.ptr + i, "%20", 3) == 0);
	}
	buf_fini(&key);
	buf_fini(&other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(logs_are_known_by_their_names),
		cmocka_unit_test(older_logs_come_first),
		cmocka_unit_test(text_is_encoded),
		cmocka_unit_test(keys_have_the_form_of_the_contract),
		cmocka_unit_test(long_names_stay_within_a_key),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
