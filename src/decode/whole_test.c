/* SPDX-License-Identifier: Apache-2.0 */
/* whole_test.c: objects that a column of JSON keeps whole while others take parts of them, and times
 * that stand in for the event's: what becomes of a record, by both parsers, and what counts in its
 * identity. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "decode/toy.h"

#define FFFD "\xEF\xBF\xBD"

static const char yaml[] = "table: toy\n"
			   "product: toy\n"
			   "time: [at.made, who.born]\n"
			   "time_fallback: [seen, sent]\n"
			   "columns:\n"
			   "  seen: {paths: at.seen, type: time}\n"
			   "  sent: {paths: sent, type: time}\n"
			   "  name: [who.name, who.title]\n"
			   "  city: who.home.city\n"
			   "  who: {paths: [who, person], type: json}\n"
			   "  size: {paths: who.size, type: int}\n"
			   "  days: {list: who.days, of: string}\n"
			   "  pets: {list: who.pets, fields: {name: name}}\n"
			   "  parts:\n"
			   "    list: parts\n"
			   "    fields:\n"
			   "      id: id\n"
			   "      all: {paths: all, type: json}\n"
			   "      label: [all.label, all.title]\n"
			   "targets:\n"
			   "  - {name: parts.label, id: parts.id}\n"
			   "identity: [event_time, name, size, parts.label]\n";

/* Rows: a record and what becomes of it, as toy_row shows it. */
static const struct {
	const char *rule;
	struct slice record;
	const char *row;
} rows[] = {
	{"whole and in parts", SLICE("{\"who\":{\"name\":\"ann\",\"age\": [7],\"size\":4}}"),
		"name=ann|who={\"name\":\"ann\",\"age\": [7],\"size\":4}|size=4|!N"},
	{"a part of a part", SLICE("{\"who\":{\"home\":{\"city\":\"Bern\",\"zip\":3000}}}"),
		"city=Bern|who={\"home\":{\"city\":\"Bern\",\"zip\":3000}}|!N"},
	{"empty", SLICE("{\"who\":{}}"), "who={}|!N"},
	{"null", SLICE("{\"who\":null}"), "!N"},
	{"no object", SLICE("{\"who\":\"ann\"}"), "who=\"ann\"|!N"},
	{"no object, a list", SLICE("{\"who\":[{\"name\":\"ann\"}]}"),
		"who=[{\"name\":\"ann\"}]|!N"},
	{"a part of another type stays in the whole",
		SLICE("{\"who\":{\"name\":{\"a\":1},\"size\":1.5}}"),
		"who={\"name\":{\"a\":1},\"size\":1.5}|!N"},
	{"a second path stays in the whole", SLICE("{\"who\":{\"title\":\"Dr\",\"name\":\"ann\"}}"),
		"name=Dr|who={\"title\":\"Dr\",\"name\":\"ann\"}|!N"},
	{"a key twice stays in the whole", SLICE("{\"who\":{\"name\":\"a\",\"name\":\"b\"}}"),
		"name=a|who={\"name\":\"a\",\"name\":\"b\"}|!RN"},
	{"an unknown key twice", SLICE("{\"who\":{\"x\":1,\"x\":2}}"), "who={\"x\":1,\"x\":2}|!N"},
	{"lists within",
		SLICE("{\"who\":{\"days\":[\"a\",{}],\"pets\":[{\"name\":\"p\",\"q\":1},2]}}"),
		"who={\"days\":[\"a\",{}],\"pets\":[{\"name\":\"p\",\"q\":1},2]}|days=[a,null]|"
		"pets=["
		"{name=p},{}]|!N"},
	{"the object twice", SLICE("{\"who\":{\"name\":\"a\"},\"who\":{\"name\":\"b\",\"x\":1}}"),
		"extra={\"who\":{\"name\":\"b\",\"x\":1}}|name=a|who={\"name\":\"a\"}|!RN"},
	{"another path had it first", SLICE("{\"person\":7,\"who\":{\"name\":\"a\",\"x\":1}}"),
		"extra={\"who\":{\"name\":\"a\",\"x\":1}}|name=a|who=7|!N"},
	{"mended", SLICE("{\"who\":{\"name\":\"a\xFF\",\"x\":\"\xFE\"}}"),
		"name=a" FFFD "|who={\"name\":\"a" FFFD "\",\"x\":\"" FFFD "\"}|!RN"},
	{"in a list",
		SLICE("{\"parts\":[{\"all\":{\"label\":\"x\",\"n\":1},\"id\":\"1\"},{\"all\":[]},{"
		      "\"id\":\"3\",\"z\":0}]}"),
		"target=x|targets=[x,3]|extra={\"parts[2].z\":0}|parts=[{id=1,all={\"label\":\"x\","
		"\"n\":1},label=x},{all=[]},{id=3}]|!N"},
	{"the event's time", SLICE("{\"who\":{\"born\":5,\"name\":\"a\"}}"),
		"event_time=1970-01-01T00:00:05.000000Z|name=a|who={\"born\":5,\"name\":\"a\"}|!"},
	{"the event's time, unreadable", SLICE("{\"who\":{\"born\":\"soon\"}}"),
		"who={\"born\":\"soon\"}|!N"},
	/* times that stand in */
	{"its own time first", SLICE("{\"sent\":3,\"at\":{\"seen\":2,\"made\":1}}"),
		"event_time=1970-01-01T00:00:01.000000Z|seen=1970-01-01T00:00:02.000000Z|sent=1970-"
		"01-01T00:00:03.000000Z|!"},
	{"then the first that is there", SLICE("{\"sent\":3,\"at\":{\"seen\":2}}"),
		"event_time=1970-01-01T00:00:02.000000Z|seen=1970-01-01T00:00:02.000000Z|sent=1970-"
		"01-01T00:00:03.000000Z|!"},
	{"or the next", SLICE("{\"sent\":\"1970-01-01T00:00:03Z\",\"at\":{\"seen\":null}}"),
		"event_time=1970-01-01T00:00:03.000000Z|sent=1970-01-01T00:00:03.000000Z|!"},
	{"for an unreadable one too", SLICE("{\"at\":{\"made\":\"soon\",\"seen\":2}}"),
		"event_time=1970-01-01T00:00:02.000000Z|extra={\"at.made\":\"soon\"}|seen=1970-01-"
		"01T00:00:02.000000Z|!"},
	{"cut to what a column holds", SLICE("{\"sent\":\"1970-01-01T00:00:03.0000019Z\"}"),
		"event_time=1970-01-01T00:00:03.000001Z|extra={\"sent\":\"1970-01-01T00:00:03."
		"0000019Z\"}|sent=1970-01-01T00:00:03.000001Z|!"},
	{"none", SLICE("{\"sent\":\"soon\"}"), "extra={\"sent\":\"soon\"}|!N"},
};

/* Twice each, so that the second comes by guess and memory; a record before them that is rejected
 * with all its values put. */
static void rows_by(enum decode_simd simd, const struct schema *schema)
{
	struct decode_options options = {.source = "test", .simd = simd};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buf in, out;
		buf_init(&in, 100000);
		buf_init(&out, 100000);
		buf_puts(&in,
			"{\"at\":{\"seen\":9},\"sent\":9,\"who\":{\"name\":\"z\"},\"parts\":[{"
			"\"all\":{}}],}\n");
		for (int k = 0; k < 2; k++) {
			buf_slice(&in, rows[i].record);
			buf_push(&in, '\n');
		}
		toy_lines(schema, &options, buf_view(&in), in.len, false, &out);
		buf_push(&out, '\0');
		char want[2000];
		snprintf(want, sizeof(want), "%s\n%s\n?key expected at byte 66\n", rows[i].row,
			rows[i].row);
		if (strcmp(out.ptr, want) != 0)
			fail_msg("%s, simd %d:\n%s--- wanted\n%s", rows[i].rule, simd, out.ptr,
				want);
		buf_fini(&in);
		buf_fini(&out);
	}
}

static void becomes(void **state)
{
	(void)state;
	struct schema *schema = toy_schema(yaml);
	rows_by(SIMD_PORTABLE, schema);
	rows_by(SIMD_BEST, schema);
	schema_free(schema);
}

/* An object of which nothing is remembered but its strings: the same bytes give the same values. */
static void remembered(void **state)
{
	(void)state;
	struct schema *schema = toy_schema(yaml);
	struct decode_options options = {.source = "test"};
	struct buf in, out;
	buf_init(&in, 1 << 20);
	buf_init(&out, 1 << 20);
	for (int i = 0; i < 40; i++)
		buf_printf(&in,
			"{\"parts\":[{\"id\":\"%d\",\"all\":{\"label\":\"label %d\",\"x\":%d}}]}\n",
			i, i % 3, i % 2);
	toy_lines(schema, &options, buf_view(&in), in.len, false, &out);
	buf_push(&out, '\0');
	char *at = out.ptr;
	for (int i = 0; i < 40; i++) {
		char want[300];
		int n = snprintf(want, sizeof(want),
			"target=label %d|targets=[label %d]|parts=[{id=%d,all={\"label\":\"label "
			"%d\",\"x\":%d},label=label %d}]|!N\n",
			i % 3, i % 3, i, i % 3, i % 2, i % 3);
		if (strncmp(at, want, (size_t)n) != 0)
			fail_msg("%d: %.300s--- wanted\n%s", i, at, want);
		at += n;
	}
	buf_fini(&in);
	buf_fini(&out);
	schema_free(schema);
}

static const struct {
	const char *what, *a, *b;
	bool same;
} keys[] = {
	{"order of times", "{\"at\":{\"made\":1,\"seen\":2}}", "{\"at\":{\"seen\":2,\"made\":1}}",
		true},
	{"a time that does not stand in", "{\"at\":{\"made\":1,\"seen\":2}}",
		"{\"at\":{\"made\":1}}", true},
	{"a time that stands in", "{\"at\":{\"seen\":2}}", "{\"at\":{\"seen\":3}}", false},
	{"by which one", "{\"at\":{\"seen\":2}}", "{\"sent\":2}", true},
	{"an unreadable one beside it", "{\"at\":{\"made\":\"x\"},\"sent\":2}",
		"{\"at\":{\"made\":\"y\"},\"sent\":2}", false},
	{"parts without a column", "{\"who\":{\"name\":\"a\",\"x\":1}}",
		"{\"who\":{\"x\":2,\"name\":\"a\"}}", true},
	{"parts of another type", "{\"who\":{\"name\":[1]}}", "{\"who\":{\"name\":[2]}}", false},
	{"a part twice", "{\"who\":{\"name\":\"a\",\"name\":\"b\"}}",
		"{\"who\":{\"name\":\"a\",\"name\":\"c\"}}", false},
	{"a part's second path", "{\"who\":{\"name\":\"a\",\"title\":\"b\"}}",
		"{\"who\":{\"name\":\"a\",\"title\":\"c\"}}", false},
	{"lost bytes of a part", "{\"parts\":[{\"all\":{\"label\":\"\xFF\"}}]}",
		"{\"parts\":[{\"all\":{\"label\":\"\xFE\"}}]}", false},
	{"lost bytes of no part", "{\"parts\":[{\"all\":{\"x\":\"\xFF\"}}]}",
		"{\"parts\":[{\"all\":{\"x\":\"\xFE\"}}]}", true},
	{"no object", "{\"who\":7}", "{\"who\":8}", false},
};

/* What counts in the identity is what the parts are, and not the whole. */
static void count(void **state)
{
	(void)state;
	struct schema *schema = toy_schema(yaml);
	struct decode_options options = {.source = "test"};
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		struct buf in, out;
		buf_init(&in, 10000);
		buf_init(&out, 10000);
		buf_printf(&in, "%s\n%s\n", keys[i].a, keys[i].b);
		toy_lines(schema, &options, buf_view(&in), in.len, true, &out);
		const char *second = memchr(out.ptr, '\n', out.len);
		assert_non_null(second);
		if ((memcmp(out.ptr, second + 1, 32) == 0) != keys[i].same)
			fail_msg("%s: %s", keys[i].what, keys[i].same ? "differ" : "are the same");
		buf_fini(&in);
		buf_fini(&out);
	}
	schema_free(schema);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(becomes),
		cmocka_unit_test(remembered),
		cmocka_unit_test(count),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
