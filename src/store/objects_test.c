/* SPDX-License-Identifier: Apache-2.0 */
/* objects_test.c: how an object stands to what was read of it; and a bucket of 1,000,000 objects in at most
 * 100 bytes each (LONG=1; else 40,000), found page by page. */
#include <inttypes.h>
#include <sys/stat.h>

#include "base/test.h"
#include "store/ledger.h"
#include "store/private.h"
#include "store/test_store.h"

enum { PAGE = 1000, SHORT = 40000, WHOLE = 1000000, MOST_BYTES = 100 };

static struct object_mark mark(const char *key, const char *etag, uint64_t bytes, uint64_t read_to)
{
	return (struct object_mark){
		.key = slice_of(key), .etag = slice_of(etag), .bytes = bytes, .read_to = read_to};
}

static void put(struct store *store, const char *source, struct object_mark m)
{
	struct err err;
	if (objects_put(store, source, &m, 1, &err) < 0)
		fail_msg("%s", err.text);
}

static void news(void **state)
{
	(void)state;
	static const struct {
		const char *key, *etag;
		uint64_t bytes;
		enum object_news news;
		uint64_t read_to;
	} rows[] = {
		{"whole", "e1", 100, OBJECT_SAME, 100},
		{"whole", "e2", 100, OBJECT_CHANGED, 100},
		{"whole", "e2", 150, OBJECT_GROWN, 100},
		{"whole", "e2", 50, OBJECT_CHANGED, 100},
		{"whole", "e1", 101, OBJECT_GROWN, 100},
		{"whole ", "e1", 100, OBJECT_NEW, 0},
		{"part", "e1", 100, OBJECT_REST, 40},
		{"part", "e2", 101, OBJECT_GROWN, 40},
		{"broken", "e1", 100, OBJECT_SAME, 0},
		{"broken", "e2", 100, OBJECT_CHANGED, 0},
		{"broken", "e1", 101, OBJECT_CHANGED, 0},
		{"empty", "e1", 0, OBJECT_SAME, 0},
		{"empty", "e2", 7, OBJECT_GROWN, 0},
		{"huge", "e1", INT64_MAX, OBJECT_SAME, INT64_MAX},
		{"../\xff\n%2F", "", 3, OBJECT_SAME, 3},
		{"elsewhere", "e1", 100, OBJECT_NEW, 0},
	};
	char *dir = test_folder();
	struct err err;
	struct store *store = test_open(dir, STORE_WRITE);
	put(store, "s", mark("whole", "e1", 100, 100));
	put(store, "s", mark("part", "e1", 90, 90));
	put(store, "s", mark("part", "e1", 100, 40)); /* in place of the one before */
	struct object_mark broken = mark("broken", "e1", 100, 0);
	broken.state = OBJECT_QUARANTINED;
	put(store, "s", broken);
	put(store, "s", mark("empty", "e1", 0, 0));
	put(store, "s", mark("huge", "e1", INT64_MAX, INT64_MAX));
	put(store, "s", mark("../\xff\n%2F", "", 3, 3));
	put(store, "t", mark("elsewhere", "e1", 100, 100));
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct object_mark m = mark(rows[i].key, rows[i].etag, rows[i].bytes, 77);
		CHECK_ROW(i, objects_find(store, "s", &m, 1, &err) == 0);
		CHECK_ROW(i, m.news == rows[i].news && m.read_to == rows[i].read_to);
		CHECK_ROW(i, (m.state == OBJECT_QUARANTINED) == !strcmp(rows[i].key, "broken"));
	}
	struct object_mark m = mark("whole", "e1", 100, 0);
	assert_int_equal(objects_find(store, "nobody", &m, 1, &err), 0);
	assert_int_equal(m.news, OBJECT_NEW);
	store_close(store);
	test_remove(dir);
}

/* ---- many ------------------------------------------------------------------------------------ */

struct page {
	char keys[PAGE][64], etags[PAGE][40];
	struct object_mark marks[PAGE];
};

/* Objects as ship names them, in the order of a listing. */
static void fill(struct page *page, uint32_t first, bool changed)
{
	for (uint32_t i = 0; i < PAGE; i++) {
		uint32_t n = first + i;
		snprintf(page->keys[i], sizeof(page->keys[i]),
			"audit/node-%u/%08u.%05u.audit.log.gz", n / 250000, 20200101 + n / 500,
			n % 500);
		snprintf(page->etags[i], sizeof(page->etags[i]), "\"%032x\"", n + changed);
		page->marks[i] = mark(page->keys[i], page->etags[i], 100000 + n, 100000 + n);
	}
}

static uint64_t catalog_size(struct store *store)
{
	int64_t pages = 0, size = 0, spare = 0;
	struct err err;
	assert_int_equal(catalog_int(store, &pages, &err, "PRAGMA page_count", ""), 1);
	assert_int_equal(catalog_int(store, &size, &err, "PRAGMA page_size", ""), 1);
	assert_int_equal(catalog_int(store, &spare, &err, "PRAGMA freelist_count", ""), 1);
	return (uint64_t)((pages - spare) * size);
}

static void expect_all(
	struct store *store, struct page *page, uint32_t n, bool changed, enum object_news expected)
{
	struct err err;
	for (uint32_t first = 0; first < n; first += PAGE) {
		fill(page, first, changed);
		if (objects_find(store, "bucket", page->marks, PAGE, &err) < 0)
			fail_msg("%s", err.text);
		for (uint32_t i = 0; i < PAGE; i++)
			assert_int_equal(page->marks[i].news, expected);
	}
}

static void many(void **state)
{
	(void)state;
	const char *text = getenv("LONG");
	uint32_t n = text && *text ? WHOLE : SHORT;
	char *dir = test_folder();
	struct err err;
	struct store *store = test_open(dir, STORE_WRITE);
	struct page *page = xmalloc(sizeof(*page));
	put(store, "bucket", mark("x", "x", 1, 1));
	uint64_t before = catalog_size(store);
	int64_t start = clock_mono_us();
	for (uint32_t first = 0; first < n; first += PAGE) {
		fill(page, first, false);
		if (objects_put(store, "bucket", page->marks, PAGE, &err) < 0)
			fail_msg("%s", err.text);
	}
	int64_t put_us = clock_mono_us() - start;
	double each = (double)(catalog_size(store) - before) / n;
	start = clock_mono_us();
	expect_all(store, page, n, false, OBJECT_SAME);
	int64_t find_us = clock_mono_us() - start;
	printf("%u objects: %.1f bytes each, %" PRIu64 " noted a second, %" PRIu64
	       " looked up a second\n",
		n, each, (uint64_t)n * 1000000 / (uint64_t)put_us,
		(uint64_t)n * 1000000 / (uint64_t)find_us);
	assert_true(each <= MOST_BYTES);
	expect_all(store, page, SHORT, true, OBJECT_CHANGED);
	store_close(store);
	free(page);
	test_remove(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(news),
		cmocka_unit_test(many),
	};
	if (access("/dev/shm", W_OK) == 0)
		setenv("TMPDIR", "/dev/shm", 0);
	return cmocka_run_group_tests_name("objects", tests, NULL, NULL);
}
