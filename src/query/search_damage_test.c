/* SPDX-License-Identifier: Apache-2.0 */
/* search_damage_test.c: files that are damaged, lost, or retired while they are searched. */
#include <fcntl.h>
#include <sys/stat.h>

#include "query/search_lake.h"

/* ---- damage ---------------------------------------------------------------------------------- */

struct paths {
	char paths[16][1024];
	uint32_t n;
};

static int note_path(void *ctx, const struct segment_info *info, struct err *err)
{
	struct paths *paths = ctx;
	(void)err;
	snprintf(paths->paths[paths->n++], 1024, "%s", info->path);
	return 0;
}

/* Overwrites all but the footer, or all. */
static void damage_file(const char *path, bool all)
{
	struct stat info;
	uint32_t footer;
	assert_int_equal(chmod(path, 0600), 0);
	int fd = open(path, O_RDWR | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &info), 0);
	assert_int_equal(pread(fd, &footer, 4, info.st_size - 8), 4);
	off_t end = all ? info.st_size : info.st_size - 8 - (off_t)footer;
	assert_true(end > 100);
	for (off_t at = 4; at < end; at++)
		assert_int_equal(pwrite(fd, "\x5a", 1, at), 1);
	close(fd);
}

static void names_the_damaged_and_goes_on(void **state)
{
	(void)state;
	struct lake lake;
	struct asked a;
	struct err err;
	struct paths paths = {.n = 0};
	fill_lake(&lake);
	assert_int_equal(store_segments(lake.store, "search_logs", note_path, &paths, &err), 0);
	assert_int_equal(paths.n, 4);
	/* The second newest: events 900 to 909. All but its footer, then all. */
	for (unsigned round = 0; round < 2; round++) {
		damage_file(paths.paths[1], round == 1);
		ask_begin(&a, &lake, "note:*of*");
		a.request.count = true;
		a.request.limit = 2000;
		a.request.secondary = true;
		ask(&a, lake.store);
		assert_int_equal(a.result->nproblems, 1);
		assert_string_equal(a.result->problems[0].path, paths.paths[1]);
		assert_non_null(strstr(a.result->problems[0].what, "damaged"));
		assert_int_equal(a.n, 890);
		assert_int_equal(a.result->matched, 890);
		ask_end(&a);
	}
	lake_close(&lake);
}

/* Whatever byte is wrong: nothing that is found is, and what is missing has a name. */
static void any_byte_may_be_wrong(void **state)
{
	(void)state;
	static const char *const facets[] = {"labels", "who"};
	struct lake lake;
	struct err err;
	struct stat info;
	struct paths paths = {.n = 0};
	uint64_t seed = 99;
	unsigned told = 0;
	fill_lake(&lake);
	assert_int_equal(store_segments(lake.store, "search_logs", note_path, &paths, &err), 0);
	assert_int_equal(chmod(paths.paths[2], 0600), 0);
	int fd = open(paths.paths[2], O_RDWR | O_CLOEXEC);
	assert_int_equal(fstat(fd, &info), 0);
	for (unsigned i = 0; i < 150; i++) {
		off_t at = (off_t)(lake_random(&seed) % (uint64_t)info.st_size);
		char was, wrong;
		struct asked a;
		assert_int_equal(pread(fd, &was, 1, at), 1);
		wrong = (char)(was ^ (1 << i % 8));
		assert_int_equal(pwrite(fd, &wrong, 1, at), 1);
		ask_begin(&a, &lake, "note:*of*");
		a.request.facets = facets;
		a.request.nfacets = 2;
		a.request.buckets = 50;
		a.request.secondary = true;
		a.request.limit = 2000;
		ask(&a, lake.store);
		for (uint32_t k = 0; k < a.n; k++)
			assert_true(a.numbers[k] < 1000);
		assert_true(a.result->matched == 900 || a.result->matched == 600);
		assert_true(a.n == a.result->matched || a.result->nproblems == 1);
		assert_true(a.result->matched == 900 || a.result->nproblems == 1);
		told += a.result->nproblems;
		ask_end(&a);
		assert_int_equal(pwrite(fd, &was, 1, at), 1);
	}
	assert_true(told > 50);
	close(fd);
	lake_close(&lake);
}

static void names_the_lost_file(void **state)
{
	(void)state;
	struct lake lake;
	struct asked a;
	struct err err;
	struct paths paths = {.n = 0};
	fill_lake(&lake);
	assert_int_equal(store_segments(lake.store, "search_logs", note_path, &paths, &err), 0);
	assert_int_equal(unlink(paths.paths[1]), 0);
	ask_begin(&a, &lake, "table:search_logs");
	a.request.limit = 2000;
	a.request.secondary = true;
	ask(&a, lake.store);
	assert_int_equal(a.result->nproblems, 1);
	assert_string_equal(a.result->problems[0].path, paths.paths[1]);
	assert_int_equal(a.n, 890);
	ask_end(&a);
	lake_close(&lake);
}

/* The page is found, then its rows cannot be read any more. */
static void rows_of_a_page_that_are_lost(void **state)
{
	(void)state;
	struct lake lake;
	struct asked a;
	struct err err;
	struct paths paths = {.n = 0};
	fill_lake(&lake);
	assert_int_equal(store_segments(lake.store, "search_logs", note_path, &paths, &err), 0);
	ask_begin(&a, &lake, "table:search_logs");
	a.request.limit = 2000;
	a.request.secondary = true;
	ask(&a, lake.store);
	assert_int_equal(a.n, 900);
	damage_file(paths.paths[1], false);
	a.n = 0;
	assert_int_equal(search_rows(a.search, 0, 2000, NULL, 0, note_row, &a, &err), 0);
	assert_int_equal(a.n, 890);
	assert_int_equal(a.result->nproblems, 1);
	ask_end(&a);
	lake_close(&lake);
}

/* ---- retired segments ------------------------------------------------------------------------ */

struct hunter {
	const struct lake *lake;
	atomic_bool done;
	unsigned searches, retried;
	char failure[1100];
};

static void hunt_once(struct hunter *h, struct store *store)
{
	struct asked a;
	struct err err = {0};
	ask_begin(&a, h->lake, "number:<1000");
	a.request.count = true;
	if (search_run(store, &a.request, &a.search, &err) < 0)
		snprintf(h->failure, sizeof(h->failure), "%s", err.text);
	else if (search_result(a.search)->matched != 1016 || search_result(a.search)->nproblems)
		snprintf(h->failure, sizeof(h->failure), "%d found, %s",
			(int)search_result(a.search)->matched,
			search_result(a.search)->nproblems
				? search_result(a.search)->problems[0].what
				: "no problem");
	h->searches++;
	ask_end(&a);
}

static void *hunt(void *ctx)
{
	struct hunter *h = ctx;
	struct store *store;
	struct err err = {0};
	if (store_open(h->lake->dir, STORE_READ, &store, &err) < 0) {
		snprintf(h->failure, sizeof(h->failure), "%s", err.text);
		return NULL;
	}
	while (!atomic_load(&h->done) && !h->failure[0])
		hunt_once(h, store);
	store_close(store);
	return NULL;
}

static void goes_on_while_segments_are_retired(void **state)
{
	(void)state;
	struct lake lake;
	struct err err = {0};
	struct hunter h = {.lake = &lake};
	pthread_t thread;
	fill_lake(&lake);
	assert_int_equal(pthread_create(&thread, NULL, hunt, &h), 0);
	for (uint32_t round = 0; round < 15; round++) {
		uint64_t before, after;
		lake_add(&lake, lake.schema, 20000 + round * 40, 20, 20);
		lake_add(&lake, lake.schema, 20020 + round * 40, 20, 20);
		if (store_compact(lake.store, NULL, 0, NULL, &before, &after, &err) < 0)
			fail_msg("%s", err.text);
		assert_true(after < before);
	}
	atomic_store(&h.done, true);
	pthread_join(thread, NULL);
	if (h.failure[0])
		fail_msg("%s", h.failure);
	assert_true(h.searches > 0);
	lake_close(&lake);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_the_damaged_and_goes_on),
		cmocka_unit_test(any_byte_may_be_wrong),
		cmocka_unit_test(names_the_lost_file),
		cmocka_unit_test(rows_of_a_page_that_are_lost),
		cmocka_unit_test(goes_on_while_segments_are_retired),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
