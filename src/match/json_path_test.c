/* SPDX-License-Identifier: Apache-2.0 */
/* json_path_test.c: what a path finds in a JSON value, and that no text, however broken or deep,
 * leads anywhere else. */
#include "base/test.h"
#include "match/private.h"

static const struct {
	const char *json, *path, *found; /* texts, each followed by `|` */
} cases[] = {
	{"{\"a\":1}", "a", "1|"},
	{"{\"a\":1}", "b", ""},
	{"{\"a\":1}", "a.b", ""},
	{"{\"a\":{\"c\":1}}", "abc", ""},
	{" { \"a\" : { \"b\" : \"x\" } } ", "a.b", "x|"},
	{"{\"a\":{\"b\":\"x\"}}", "a", "{\"b\":\"x\"}|"},
	{"{\"a\":{\"b\":{\"c\":true}},\"z\":0}", "a.b.c", "true|"},
	{"{\"a.b\":{\"c\":1},\"a\":{\"b.c\":2,\"b\":{\"c\":3}},\"a.b.c\":4}", "a.b.c", "1|2|3|4|"},
	{"{\"a\":null}", "a", ""},
	{"{\"a\":[]}", "a", ""},
	{"{\"a\":[null]}", "a", ""},
	{"{\"a\":[1,\"b\",null,true]}", "a", "1|b|true|"},
	{"{\"a\":[1,[2]]}", "a", "[1,[2]]|"},
	{"{\"a\":[{\"b\":1},{\"b\":2},3]}", "a.b", "1|2|"},
	{"[{\"a\":1},[{\"a\":2}],7]", "a", "1|2|"},
	{"{\"a\":1,\"a\":2}", "a", "1|2|"},
	{"{\"\\u0061\":\"\\u00e9\\n\\\"\"}", "a", "\xc3\xa9\n\"|"},
	{"{\"a\":\"{\\\"b\\\":1}\"}", "a.b", ""},
	{"{\"\":5}", "", "5|"},
	{"{\"a\":{\"\":5}}", "a.", "5|"},
	{"{\"\":{\"a\":5}}", ".a", "5|"},
	{"{\"x\":[{\"y\":[}]},\"a\":1}", "a", ""},
	{"{\"a\":-1.50e3}", "a", "-1.50e3|"},
	/* broken: what stands before the fault may be found */
	{"", "a", ""},
	{"x", "a", ""},
	{"\"a\"", "a", ""},
	{"{", "a", ""},
	{"{\"a", "a", ""},
	{"{\"a\"", "a", ""},
	{"{\"a\":", "a", ""},
	{"{\"a\":}", "a", ""},
	{"{\"a\":1", "a", "1|"},
	{"{\"a\":1,}", "a", "1|"},
	{"{\"a\":\"x", "a", ""},
	{"{\"a\":[1,", "a", ""},
	{"{a:1}", "a", ""},
	{"{\"a\" 1}", "a", ""},
	{"{\"a\":1 \"b\":2}", "b", ""},
	{"[,{\"a\":1}]", "a", ""},
	{"{\"a\":\"\\q\"}", "a", ""},
};

struct found {
	struct buf heap, text;
	size_t at;
};

static void note(void *ctx)
{
	struct found *f = ctx;
	buf_append(&f->text, f->heap.ptr + f->at, f->heap.len - f->at);
	buf_push(&f->text, '|');
	f->at = f->heap.len;
}

static void find(struct found *f, struct slice json, struct slice path)
{
	struct buf key;
	buf_init(&key, 1 << 20);
	buf_init(&f->heap, 1 << 20);
	buf_init(&f->text, 1 << 20);
	f->at = 0;
	/* A copy of its own size: reading past it is found out. */
	char *copy = malloc(json.len ? json.len : 1);
	if (json.len)
		memcpy(copy, json.ptr, json.len);
	json_path_find((struct slice){copy, json.len}, path, &f->heap, &key, note, f);
	free(copy);
	buf_fini(&key);
	buf_fini(&f->heap);
}

static void paths(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct found f;
		find(&f, slice_of(cases[i].json), slice_of(cases[i].path));
		if (!slice_eq(buf_view(&f.text), slice_of(cases[i].found)))
			fail_msg("%s in %s: %.*s", cases[i].path, cases[i].json,
				SLICE_ARG(buf_view(&f.text)));
		buf_fini(&f.text);
	}
}

/* Each text cut at each place, and with each byte changed: it must end, and read nothing beyond. */
static void damaged(void **state)
{
	static const char swaps[] = "{}[]\",:\\x0";
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char text[128];
		size_t n = strlen(cases[i].json);
		struct found f;
		for (size_t at = 0; at < n; at++) {
			find(&f, (struct slice){cases[i].json, at}, slice_of(cases[i].path));
			buf_fini(&f.text);
			for (size_t s = 0; s < strlen(swaps); s++) {
				memcpy(text, cases[i].json, n);
				text[at] = swaps[s];
				find(&f, (struct slice){text, n}, slice_of(cases[i].path));
				buf_fini(&f.text);
			}
		}
	}
}

/* Depth is limited, not the stack. */
static void deep(void **state)
{
	static const char *const opens[] = {"[", "{\"a\":"};
	(void)state;
	for (size_t o = 0; o < COUNT(opens); o++) {
		struct buf text, path;
		struct found f;
		buf_init(&text, 1 << 24);
		buf_init(&path, 1 << 24);
		for (unsigned i = 0; i < 100000; i++) {
			buf_puts(&text, opens[o]);
			buf_puts(&path, "a.");
		}
		buf_puts(&path, "a");
		find(&f, buf_view(&text), buf_view(&path));
		assert_int_equal(f.text.len, 0);
		buf_fini(&f.text);
		buf_fini(&text);
		buf_fini(&path);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(paths),
		cmocka_unit_test(damaged),
		cmocka_unit_test(deep),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
