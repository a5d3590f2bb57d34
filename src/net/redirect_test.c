/* SPDX-License-Identifier: Apache-2.0 */
/* redirect_test.c: references of all forms, and those that are not followed. */
#include "net/redirect.h"

#include "base/base.h"
#include "base/test.h"

#define BASE "https://feeds.example/a/b/list.csv?key=1"

static const struct {
	const char *base, *reference, *next; /* NULL = refused */
	enum err_kind kind;
} rows[] = {
	{BASE, "https://other.example/x?y=1", "https://other.example/x?y=1", 0},
	{BASE, "/x", "https://feeds.example/x", 0},
	{BASE, "x.csv", "https://feeds.example/a/b/x.csv", 0},
	{BASE, "../x.csv#part", "https://feeds.example/a/x.csv", 0},
	{BASE, "?page=2", "https://feeds.example/a/b/list.csv?page=2", 0},
	{BASE, "//other.example:8443/x", "https://other.example:8443/x", 0},
	{BASE, "http://feeds.example/x", NULL, ERR_ACCESS},
	{"http://feeds.internal/x", "https://feeds.internal/x", "https://feeds.internal/x", 0},
	{"http://feeds.internal/x", "/y", "http://feeds.internal/y", 0},
	{BASE, "file:///etc/passwd", NULL, ERR_FORMAT},
	{BASE, "ftp://other.example/x", NULL, ERR_FORMAT},
	{BASE, "https://user:password@other.example/x", NULL, ERR_FORMAT},
	{BASE, "https://", NULL, ERR_FORMAT},
	{BASE, "", NULL, ERR_FORMAT},
	{BASE, "https://other.example/a b", NULL, ERR_FORMAT},
};

static void test_resolve(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct buf next;
		struct err err = {0};
		buf_init(&next, 4096);
		int rc = redirect_resolve(rows[i].base, slice_of(rows[i].reference), &next, &err);
		if (rows[i].next ? rc < 0 || strcmp(next.ptr, rows[i].next) != 0
				 : rc == 0 || err.kind != rows[i].kind)
			fail_msg("%s: %s (%s)", rows[i].reference, next.ptr ? next.ptr : "",
				err.text);
		buf_fini(&next);
	}
}

static const struct {
	const char *a, *b;
	bool same;
} pairs[] = {
	{"https://a.example/x", "https://A.example:443/y", true},
	{"https://a.example/x", "https://a.example:444/x", false},
	{"https://a.example/x", "http://a.example:443/x", false},
	{"https://a.example/x", "https://b.example/x", false},
	{"https://a.example/x", "nonsense", false},
};

static void test_same_origin(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(pairs); i++) {
		if (redirect_same_origin(pairs[i].a, pairs[i].b) != pairs[i].same)
			fail_msg("%s, %s", pairs[i].a, pairs[i].b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_resolve),
		cmocka_unit_test(test_same_origin),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
