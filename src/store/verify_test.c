/* SPDX-License-Identifier: Apache-2.0 */
/* verify_test.c: one flipped bit at a time in every stored file: verify finds it and names the file,
 * and what lies in other files is still served. LONG=1 flips one in each 512 bytes. */
#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>

#include "store/test_lake.h"
#include "store/test_store.h"

enum { EVENTS = 600, MOST_FILES = 100 };

static char *files[MOST_FILES];
static uint64_t file_bytes[MOST_FILES];
static size_t nfiles;

static int note_file(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)ftw;
	if (type == FTW_F && st->st_size > 0 && nfiles < MOST_FILES) {
		file_bytes[nfiles] = (uint64_t)st->st_size;
		files[nfiles++] = strdup(path);
	}
	return 0;
}

/* Events of two sources in several segments and runs. */
static char *make_store(void)
{
	char *dir = test_folder();
	struct store *store = test_open(dir, STORE_WRITE);
	struct err err;
	for (uint32_t i = 0; i < 3; i++) {
		char name[20];
		snprintf(name, sizeof(name), "log %u", i);
		struct lake_send plan = {.source = i ? "one" : "two",
			.container = name,
			.kind = CONTAINER_DISJOINT,
			.first = i * (EVENTS / 3),
			.n = EVENTS / 3,
			.per_batch = 100,
			.batches = 2,
			.rejects = true};
		if (lake_send(store, &plan, &err) < 0)
			fail_msg("%s", err.text);
	}
	store_close(store);
	for (nfiles = 0; nfiles < MOST_FILES; nfiles++)
		free(files[nfiles]), files[nfiles] = NULL;
	nfiles = 0;
	assert_int_equal(nftw(dir, note_file, 10, FTW_PHYS), 0);
	return dir;
}

static void remove_store(char *dir)
{
	for (size_t i = 0; i < nfiles; i++) {
		free(files[i]);
		files[i] = NULL;
	}
	nfiles = 0;
	test_remove(dir);
}

static void flip(const char *path, uint64_t at, int bit)
{
	unsigned char byte;
	chmod(path, 0600);
	int fd = open(path, O_RDWR | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(pread(fd, &byte, 1, (off_t)at), 1);
	byte ^= (unsigned char)(1 << bit);
	assert_int_equal(pwrite(fd, &byte, 1, (off_t)at), 1);
	close(fd);
}

struct finding {
	const char *file; /* expected, relative */
	unsigned named, others;
	char last[300];
};

static void note_damage(void *ctx, const char *file, const char *what)
{
	struct finding *f = ctx;
	snprintf(f->last, sizeof(f->last), "%s: %s", file, what);
	if (strcmp(file, f->file) == 0)
		f->named++;
	else
		f->others++;
}

/* True where the damage is found and the file named: by verify, or by an error that has it. */
static bool is_found(const char *dir, const char *name, struct finding *f)
{
	struct store *store;
	struct err err = {0};
	uint64_t damaged = 0;
	*f = (struct finding){.file = name};
	if (store_open(dir, STORE_READ, &store, &err) < 0) {
		snprintf(f->last, sizeof(f->last), "%.250s", err.text);
		return strstr(err.text, name) != NULL;
	}
	int rc = store_verify(store, note_damage, f, NULL, &damaged, &err);
	store_close(store);
	if (rc < 0)
		snprintf(f->last, sizeof(f->last), "%.250s", err.text);
	return (rc < 0 && strstr(err.text, name)) || (damaged > 0 && f->named > 0);
}

static void finds_every_flipped_bit(void **state)
{
	(void)state;
	const char *text = getenv("LONG");
	uint64_t stride = text && *text ? 512 : 4093;
	unsigned flips = 0;
	uint64_t seed = 12345;
	char *dir = make_store();
	assert_true(nfiles >= 10);
	for (size_t i = 0; i < nfiles; i++) {
		const char *name = files[i] + strlen(dir) + 1;
		for (uint64_t at = 0; at < file_bytes[i]; at += stride) {
			struct finding f;
			seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407;
			uint64_t left = file_bytes[i] - at;
			uint64_t place = at + (seed >> 33) % (left < stride ? left : stride);
			flip(files[i], place, (int)(seed >> 20 & 7));
			if (!is_found(dir, name, &f))
				fail_msg("%s, byte %llu: not found: %s", name,
					(unsigned long long)place, f.last);
			flip(files[i], place, (int)(seed >> 20 & 7));
			flips++;
		}
	}
	assert_true(flips > nfiles);
	struct finding f;
	assert_false(is_found(dir, "vault", &f)); /* all flipped back: nothing is found */
	assert_int_equal(f.named + f.others, 0);
	remove_store(dir);
}

static void finds_missing_and_cut_files(void **state)
{
	(void)state;
	char *dir = make_store();
	for (size_t i = 0; i < nfiles; i++) {
		const char *name = files[i] + strlen(dir) + 1;
		char away[600];
		struct finding f;
		if (strcmp(name, "catalog.db") == 0)
			continue;
		snprintf(away, sizeof(away), "%s.away", files[i]);
		assert_int_equal(rename(files[i], away), 0);
		if (!is_found(dir, name, &f))
			fail_msg("%s is missing: %s", name, f.last);
		assert_int_equal(rename(away, files[i]), 0);
		snprintf(away, sizeof(away), "cp -p '%s' '%s.away'", files[i], files[i]);
		assert_int_equal(system(away), 0);
		chmod(files[i], 0600);
		assert_int_equal(truncate(files[i], (off_t)file_bytes[i] - 1), 0);
		if (!is_found(dir, name, &f))
			fail_msg("%s is cut: %s", name, f.last);
		snprintf(away, sizeof(away), "%s.away", files[i]);
		assert_int_equal(rename(away, files[i]), 0);
	}
	remove_store(dir);
}

/* ---- what is whole is served ----------------------------------------------------------------- */

struct served {
	struct store *store;
	uint64_t rows, refused;
	const char *bad;
};

static int serve_segment(void *ctx, const struct segment_info *info, struct err *err)
{
	struct served *served = ctx;
	uint32_t counts[EVENTS];
	struct lake_found found = {.store = served->store, .counts = counts, .most = EVENTS};
	memset(counts, 0, sizeof(counts));
	if (lake_read_segment(&found, info, err) < 0) {
		served->refused++;
		if (!strstr(err->text, served->bad))
			fail_msg("the error does not name %s: %s", served->bad, err->text);
		return 0;
	}
	served->rows += found.rows;
	return 0;
}

static void serves_the_rest(void **state)
{
	(void)state;
	char *dir = make_store();
	unsigned checked = 0;
	for (size_t i = 0; i < nfiles; i++) {
		const char *name = files[i] + strlen(dir) + 1;
		bool is_table = strncmp(name, "tables/", 7) == 0;
		bool is_vault = strstr(name, ".zst") != NULL;
		if (!is_table && !is_vault)
			continue;
		struct err err;
		struct served served = {.bad = files[i]};
		/* The first frame holds records; the middle may be a rejected line. */
		uint64_t at = is_vault ? 200 : file_bytes[i] / 2;
		flip(files[i], at, 3);
		served.store = test_open(dir, STORE_READ);
		if (store_segments(served.store, NULL, serve_segment, &served, &err) < 0)
			fail_msg("%s", err.text);
		if (served.refused == 0 || served.rows == 0)
			fail_msg("%s: %u segments refused, %u rows served", name,
				(unsigned)served.refused, (unsigned)served.rows);
		store_close(served.store);
		flip(files[i], at, 3);
		checked++;
	}
	assert_true(checked >= 4);
	remove_store(dir);
}

/* A vault file shorter than committed must not be appended to. */
static void refuses_to_append_to_a_cut_vault(void **state)
{
	(void)state;
	char *dir = make_store(), path[700];
	struct err err;
	struct segment *segment;
	snprintf(path, sizeof(path), "%s/vault/one/000001.zst", dir);
	assert_int_equal(truncate(path, 10), 0);
	struct store *store = test_open(dir, STORE_WRITE);
	assert_int_equal(segment_begin(store, &lake_shape, "one", "x", 0, &segment, &err), -1);
	assert_int_equal(err.kind, ERR_DAMAGED);
	assert_non_null(strstr(err.text, "vault/one/000001.zst"));
	store_close(store);
	remove_store(dir);
}

/* ---- scrub ----------------------------------------------------------------------------------- */

static void scrub_goes_round(void **state)
{
	(void)state;
	char *dir = make_store();
	struct err err;
	uint64_t damaged;
	int64_t before = 0, after = 0;
	struct finding f = {.file = "vault/two/000001.zst"};
	struct store *store = test_open(dir, STORE_WRITE);
	assert_int_equal(store_scrub(store, 0, note_damage, &f, &damaged, &err), 0);
	assert_int_equal(store_scrub(store, 60, note_damage, &f, &damaged, &err), 0);
	assert_int_equal(damaged, 0);
	assert_int_equal(catalog_int(store, &before, &err, "SELECT count(*) FROM scrub", ""), 1);
	assert_true(before >= 8);
	flip(files[0], 0, 0);
	flip(files[0], 0, 0);
	char path[700];
	snprintf(path, sizeof(path), "%s/vault/two/000001.zst", dir);
	flip(path, 100, 1);
	assert_int_equal(store_scrub(store, 60, note_damage, &f, &damaged, &err), 0);
	assert_int_equal(f.named, 1);
	assert_int_equal(damaged, 1);
	assert_int_equal(catalog_int(store, &after, &err, "SELECT sum(damaged) FROM scrub", ""), 1);
	assert_int_equal(after, 1);
	store_close(store);
	remove_store(dir);
}

static volatile int stop_now;

static void stop_at_once(void *ctx, uint64_t done, uint64_t total, const char *what)
{
	(void)what;
	assert_true(done <= total);
	++*(unsigned *)ctx;
	stop_now = 1;
}

static void verify_stops_when_asked(void **state)
{
	(void)state;
	char *dir = make_store();
	struct err err;
	uint64_t damaged;
	unsigned steps = 0;
	struct progress progress = {stop_at_once, &steps, &stop_now};
	struct store *store = test_open(dir, STORE_READ);
	stop_now = 0;
	assert_int_equal(store_verify(store, NULL, NULL, &progress, &damaged, &err), -1);
	assert_int_equal(err.kind, ERR_INTERRUPTED);
	assert_int_equal(steps, 1);
	store_close(store);
	remove_store(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_every_flipped_bit),
		cmocka_unit_test(finds_missing_and_cut_files),
		cmocka_unit_test(serves_the_rest),
		cmocka_unit_test(refuses_to_append_to_a_cut_vault),
		cmocka_unit_test(scrub_goes_round),
		cmocka_unit_test(verify_stops_when_asked),
	};
	if (access("/dev/shm", W_OK) == 0)
		setenv("TMPDIR", "/dev/shm", 0);
	return cmocka_run_group_tests_name("verify", tests, NULL, NULL);
}
