/* SPDX-License-Identifier: Apache-2.0 */
/* sorted_file_test.c: what is written is found again, by walking and by asking, in any order; every flipped bit is found out. */
#include <fcntl.h>
#include <unistd.h>

#include "base/base.h"
#include "base/test.h"
#include "ioc/sorted_file.h"

enum { RECORDS = 20000 };

struct rng {
	uint64_t state;
};

static uint64_t next(struct rng *rng)
{
	rng->state ^= rng->state << 13;
	rng->state ^= rng->state >> 7;
	rng->state ^= rng->state << 17;
	return rng->state;
}

struct record {
	unsigned kind;
	char key[40];
	size_t nkey;
	char value[60];
	size_t nvalue;
};

static int by_key(const void *left, const void *right)
{
	const struct record *a = left, *b = right;
	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	return slice_cmp((struct slice){a->key, a->nkey}, (struct slice){b->key, b->nkey});
}

/* Distinct records in order; many share the beginnings of their keys. */
static uint32_t make_records(struct record *records, uint32_t n, uint64_t seed)
{
	struct rng rng = {seed};
	for (uint32_t i = 0; i < n; i++) {
		struct record *r = &records[i];
		r->kind = 1 + (unsigned)(next(&rng) % 3) * 5;
		r->nkey = (size_t)snprintf(r->key, sizeof(r->key), "com.host%u.%s%u",
			(unsigned)(next(&rng) % 50), next(&rng) % 2 ? "www." : "",
			(unsigned)(next(&rng) % 100000));
		r->nvalue = next(&rng) % sizeof(r->value);
		for (size_t k = 0; k < r->nvalue; k++)
			r->value[k] = (char)next(&rng);
	}
	qsort(records, n, sizeof(*records), by_key);
	uint32_t kept = 0;
	for (uint32_t i = 0; i < n; i++) {
		if (kept == 0 || by_key(&records[kept - 1], &records[i]) != 0)
			records[kept++] = records[i];
	}
	return kept;
}

static void write_records(const char *path, const struct record *records, uint32_t n)
{
	struct sorted_writer *writer;
	struct sorted_facts facts;
	struct err err;
	struct io_info info;
	assert_int_equal(sorted_create(path, 42, &writer, &err), 0);
	for (uint32_t i = 0; i < n; i++)
		assert_int_equal(sorted_add(writer, records[i].kind,
					 (struct slice){records[i].key, records[i].nkey},
					 (struct slice){records[i].value, records[i].nvalue}, &err),
			0);
	assert_int_equal(sorted_finish(writer, SLICE("the extra bytes"), &facts, &err), 0);
	sorted_writer_free(writer);
	assert_int_equal(facts.entries, n);
	assert_int_equal(io_stat(path, &info, &err), 1);
	assert_int_equal(facts.bytes, info.size);
}

static bool is_same(const struct sorted_record *got, const struct record *want)
{
	return got->kind == want->kind &&
	       slice_eq(got->key, (struct slice){want->key, want->nkey}) &&
	       slice_eq(got->value, (struct slice){want->value, want->nvalue});
}

static void check_seek(struct sorted_reader *reader, const struct record *records, uint32_t n,
	unsigned kind, struct slice key)
{
	struct record asked = {.kind = kind, .nkey = key.len};
	const struct sorted_record *got;
	struct err err;
	uint32_t want = 0;
	memcpy(asked.key, key.ptr, key.len);
	while (want < n && by_key(&records[want], &asked) < 0)
		want++;
	int rc = sorted_seek(reader, kind, key, &got, &err);
	assert_int_equal(rc, want < n);
	if (rc == 1 && !is_same(got, &records[want]))
		fail_msg("asked for %.*s, got %.*s", SLICE_ARG(key), SLICE_ARG(got->key));
	if (rc == 1 && want + 1 < n) {
		assert_int_equal(sorted_next(reader, &got, &err), 1);
		assert_true(is_same(got, &records[want + 1]));
	}
}

static void what_is_written_is_found(void **state)
{
	(void)state;
	char *dir = test_folder(), path[700];
	struct record *records = xcalloc(RECORDS, sizeof(*records));
	struct sorted_reader *reader;
	const struct sorted_record *got;
	struct err err;
	struct rng rng = {99};
	char *extra;
	size_t nextra;
	snprintf(path, sizeof(path), "%s/file", dir);
	uint32_t n = make_records(records, RECORDS, 7);
	write_records(path, records, n);
	assert_int_equal(sorted_open(path, &reader, &err), 0);
	assert_int_equal(sorted_entries(reader), n);
	assert_int_equal(sorted_tag(reader), 42);
	assert_int_equal(sorted_kinds(reader), 1 << 1 | 1 << 6 | 1 << 11);
	assert_int_equal(sorted_extra(reader, &extra, &nextra, &err), 0);
	assert_true(slice_eq((struct slice){extra, nextra}, SLICE("the extra bytes")));
	free(extra);
	for (uint32_t i = 0; i < n; i++) {
		assert_int_equal(sorted_next(reader, &got, &err), 1);
		assert_true(is_same(got, &records[i]));
	}
	assert_int_equal(sorted_next(reader, &got, &err), 0);
	for (unsigned i = 0; i < 2000; i++) { /* any order, there and not there */
		const struct record *r = &records[next(&rng) % n];
		char key[40];
		memcpy(key, r->key, r->nkey);
		if (next(&rng) % 2)
			key[next(&rng) % r->nkey] = (char)('!' + next(&rng) % 90);
		check_seek(reader, records, n, (unsigned)(next(&rng) % 16),
			(struct slice){key, r->nkey});
	}
	for (unsigned kind = 0; kind < 16; kind++)
		check_seek(reader, records, n, kind, SLICE(""));
	sorted_close(reader);
	assert_int_equal(sorted_check(path, n, &err), 0);
	assert_int_equal(sorted_check(path, n + 1, &err), -1);
	free(records);
	test_remove(dir);
}

static void an_empty_file(void **state)
{
	(void)state;
	char *dir = test_folder(), path[700];
	struct sorted_reader *reader;
	const struct sorted_record *got;
	struct err err;
	snprintf(path, sizeof(path), "%s/file", dir);
	write_records(path, NULL, 0);
	assert_int_equal(sorted_open(path, &reader, &err), 0);
	assert_int_equal(sorted_next(reader, &got, &err), 0);
	assert_int_equal(sorted_seek(reader, 3, SLICE("x"), &got, &err), 0);
	sorted_close(reader);
	assert_int_equal(sorted_check(path, 0, &err), 0);
	test_remove(dir);
}

/* Any flipped bit, and any length, is an error and nothing worse. */
static void damage_is_found(void **state)
{
	(void)state;
	char *dir = test_folder(), path[700], bad[700];
	struct record *records = xcalloc(600, sizeof(*records));
	struct err err;
	struct rng rng = {5};
	char *data;
	size_t n;
	snprintf(path, sizeof(path), "%s/file", dir);
	snprintf(bad, sizeof(bad), "%s/bad", dir);
	uint32_t kept = make_records(records, 600, 3);
	write_records(path, records, kept);
	assert_int_equal(io_read_file(path, 1 << 24, &data, &n, &err), 0);
	for (unsigned i = 0; i < 3000; i++) {
		size_t at = next(&rng) % n, length = i % 3 ? n : next(&rng) % n;
		char was = data[at];
		if (i % 3)
			data[at] = (char)(was ^ (1 << next(&rng) % 8));
		assert_int_equal(io_write_file(bad, data, length, 0600, &err), 0);
		data[at] = was;
		if (sorted_check(bad, kept, &err) == 0)
			fail_msg("byte %d of %d changed, and nobody noticed", (int)at, (int)n);
		assert_int_equal(err.kind, ERR_DAMAGED);
	}
	free(data);
	free(records);
	test_remove(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_found),
		cmocka_unit_test(an_empty_file),
		cmocka_unit_test(damage_is_found),
	};
	return cmocka_run_group_tests_name("sorted_file", tests, NULL, NULL);
}
