/* SPDX-License-Identifier: Apache-2.0 */
/*
 * power_test.c: the power goes after any change of any file (SQLite's too), and what was not synced
 * is lost, wholly or by chance (power_disk.h). The life of a lake is recorded: imports, opening
 * anew, compaction, retention. For each state that the disk may then be in: it opens, all that was
 * reported stored is there and nothing twice, verify finds nothing, and living the same life again
 * ends with exactly what was sent. LONG=1 takes every change with every kind of loss.
 */
#include "store/power_disk.h"
#include "store/test_lake.h"

/* Events before number MIDNIGHT are of one day, the others of the next. */
enum { FIRST = 7440, MIDNIGHT = 7530, EVENTS = 240, KEEP_DAYS = 10, PER_BATCH = 10, MAKING = 30 };
#define DAY_US INT64_C(86400000000)

static char reason[800]; /* why the last check said no */

enum act { SEND, REOPEN, COMPACT, EXPIRE, RETAIN };
static const struct step {
	enum act act;
	const char *source;
	uint32_t first, n; /* SEND: from FIRST on */
	int64_t grace;     /* COMPACT */
} life[] = {
	{SEND, "one", 0, 20, 0},
	{SEND, "one", 20, 20, 0},
	{SEND, "two", 60, 40, 0},
	{REOPEN, NULL, 0, 0, 0},
	{SEND, "one", 30, 30, 0}, /* ten of them again */
	{SEND, "two", 100, 40, 0},
	{COMPACT, NULL, 0, 0, DAY_US},
	{SEND, "one", 140, 20, 0},
	{COMPACT, NULL, 0, 0, 0},
	{EXPIRE, NULL, 0, 0, 0},
	{RETAIN, NULL, 0, 0, 0},
	{SEND, "two", 160, 40, 0},
	{SEND, "one", 0, 20, 0}, /* expired by now */
	{REOPEN, NULL, 0, 0, 0},
	{SEND, "one", 200, 40, 0},
	{COMPACT, NULL, 0, 0, 0},
};
enum { STEPS = COUNT(life), REJECTS = EVENTS / PER_BATCH };

static uint32_t step_of(enum act act)
{
	for (uint32_t i = 0; i < STEPS; i++) {
		if (life[i].act == act)
			return i;
	}
	return STEPS;
}

/* ---- living ---------------------------------------------------------------------------------- */

static void set_now(bool late)
{
	char text[32];
	int64_t expiry = (lake_time(MIDNIGHT) / DAY_US + KEEP_DAYS) * DAY_US;
	snprintf(text, sizeof(text), "%lld", (long long)(late ? expiry : expiry - 1));
	setenv("PUGMARK_NOW", text, 1);
}

static int do_step(struct store **store, const char *dir, const struct step *step, struct err *err)
{
	struct lake_send plan = {.source = step->source,
		.container = step->source,
		.kind = CONTAINER_DISJOINT,
		.first = FIRST + step->first,
		.n = step->n,
		.per_batch = PER_BATCH,
		.batches = 4,
		.rejects = true};
	switch (step->act) {
	case SEND:
		return lake_send(*store, &plan, err);
	case REOPEN:
		store_close(*store);
		return store_open(dir, STORE_WRITE, store, err);
	case COMPACT:
		return store_compact(*store, NULL, step->grace, NULL, NULL, NULL, err);
	case EXPIRE:
		set_now(true);
		return 0;
	case RETAIN:
		return store_retain(*store, lake_shape.table, KEEP_DAYS, NULL, NULL, err);
	}
	return -1;
}

/* From the beginning; step i done is marked i + 1 in the log, where there is one. `late`: the day
 * of the expiry has come before. */
static int live(const char *dir, bool late, struct disk_log *log, struct err *err)
{
	struct store *store;
	set_now(late);
	if (store_open(dir, STORE_WRITE, &store, err) < 0)
		return -1;
	int rc = 0;
	for (uint32_t i = 0; i < STEPS && rc == 0; i++) {
		rc = do_step(&store, dir, &life[i], err);
		if (rc == 0 && log)
			disk_mark(log, i + 1);
	}
	store_close(store);
	return rc;
}

static int record_life(const char *dir, bool late, struct disk_log *log, struct err *err)
{
	*log = (struct disk_log){.root = dir};
	io_watch(disk_record, log);
	int rc = live(dir, late, log, err);
	io_watch(NULL, NULL);
	return rc;
}

/* ---- what must be there ---------------------------------------------------------------------- */

static bool says(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static bool says(const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(reason, sizeof(reason), fmt, ap);
	va_end(ap);
	return false;
}

/* How often event e may be stored when `done` steps were reported done, and one more was begun. */
static void bounds(uint32_t e, uint32_t done, uint32_t *least, uint32_t *most)
{
	uint32_t retain = step_of(RETAIN);
	*least = *most = 0;
	for (uint32_t i = 0; i < STEPS && i <= done; i++) {
		if (life[i].act != SEND || e < life[i].first || e >= life[i].first + life[i].n)
			continue;
		*most = 1;
		if (i < done)
			*least = 1;
	}
	if (FIRST + e < MIDNIGHT && (FIRST + e) % LAKE_NO_TIME != 0 && done >= retain) {
		*least = 0;
		if (done > retain)
			*most = 0;
	}
}

static bool events_are_right(struct store *store, uint32_t done)
{
	struct err err;
	uint32_t counts[FIRST + EVENTS], least, most;
	uint64_t rows;
	if (lake_read(store, counts, COUNT(counts), &rows, &err) < 0)
		return says("reading back: %.600s", err.text);
	for (uint32_t n = 0; n < COUNT(counts); n++) {
		least = most = 0;
		if (n >= FIRST)
			bounds(n - FIRST, done, &least, &most);
		if (counts[n] < least || counts[n] > most)
			return says("event %u is stored %u times", n, counts[n]);
	}
	return true;
}

static void note_damage(void *ctx, const char *file, const char *what)
{
	(void)ctx;
	snprintf(reason, sizeof(reason), "verify: %.300s: %.300s", file, what);
}

static bool is_whole(struct store *store)
{
	struct err err;
	uint64_t damaged;
	if (store_verify(store, note_damage, NULL, NULL, &damaged, &err) < 0)
		return says("verify: %.600s", err.text);
	return damaged == 0;
}

/* Somebody asks before anything was mended. */
static bool reader_sees_it(const char *dir, uint32_t done)
{
	struct err err;
	struct store *store;
	if (store_open(dir, STORE_READ, &store, &err) < 0)
		return done == 0 && err.kind == ERR_NOT_FOUND
			       ? true
			       : says("opening to read: %.600s", err.text);
	bool right = events_are_right(store, done);
	store_close(store);
	return right;
}

static bool recovers(const char *dir, uint32_t done)
{
	struct err err;
	struct store *store;
	if (store_open(dir, STORE_WRITE, &store, &err) < 0)
		return says("opening: %.600s", err.text);
	bool right = events_are_right(store, done) && is_whole(store);
	store_close(store);
	return right;
}

static bool has_temporary_files(const char *dir)
{
	char command[800];
	snprintf(command, sizeof(command), "find '%s' -name '*.tmp*' | grep -q .", dir);
	return system(command) == 0;
}

/* After living again: exactly what was sent, less what has expired. */
static bool ends_well(const char *dir, bool late)
{
	struct err err;
	struct store *store;
	int64_t rejects = 0;
	if (live(dir, late, NULL, &err) < 0)
		return says("living again: %.600s", err.text);
	if (store_open(dir, STORE_WRITE, &store, &err) < 0)
		return says("opening at last: %.600s", err.text);
	bool right = events_are_right(store, STEPS) && is_whole(store);
	if (right && (catalog_int(store, &rejects, &err, "SELECT count(*) FROM rejects", "") < 1 ||
			     rejects != REJECTS))
		right = says("%d rejects", (int)rejects);
	store_close(store);
	if (right && has_temporary_files(dir))
		right = says("temporary files are left");
	return right;
}

/* ---- losing power ---------------------------------------------------------------------------- */

/* What was reported done by the `n` first changes of a log. */
static uint32_t done_by(const struct disk_log *log, uint32_t n)
{
	uint32_t done = 0;
	for (uint32_t i = 0; i < n; i++) {
		if ((int)log->list[i].op == DISK_MARK && log->list[i].n > done)
			done = (uint32_t)log->list[i].n;
	}
	return done;
}

static bool is_late(uint32_t done)
{
	return done > step_of(EXPIRE);
}

/* States that were checked already, for each number of steps done. */
static struct seen {
	uint64_t *list;
	uint32_t n;
} seen;

static bool is_new(uint64_t hash, uint32_t done)
{
	hash ^= done;
	for (uint32_t i = 0; i < seen.n; i++) {
		if (seen.list[i] == hash)
			return false;
	}
	seen.list = disk_grow(seen.list, seen.n, sizeof(*seen.list));
	seen.list[seen.n++] = hash;
	return true;
}

static void forget_states(void)
{
	free(seen.list);
	seen = (struct seen){0};
}

/* The power goes now; `in` is a folder for the state. */
static bool survives(
	const struct disk *disk, enum disk_loss loss, uint64_t seed, const char *in, uint32_t done)
{
	char dir[600];
	bool right = true;
	snprintf(dir, sizeof(dir), "%s/state", in);
	uint64_t hash = disk_materialise(disk, loss, seed, dir);
	if (is_new(hash, done)) {
		set_now(is_late(done));
		right = (seed % 3 || reader_sees_it(dir, done)) && recovers(dir, done) &&
			ends_well(dir, is_late(done));
	}
	test_remove(strdup(dir));
	return right;
}

static bool is_long(void)
{
	const char *text = getenv("LONG");
	return text && *text;
}

static const char *const loss_names[LOSSES] = {[LOSS_ALL] = "all that is not synced",
	[LOSS_BYTES] = "bytes not synced",
	[LOSS_ZEROS] = "bytes not synced are zeros",
	[LOSS_NAMES] = "names not synced",
	[LOSS_SECTORS] = "sectors and names by chance",
	[LOSS_PAGES] = "pages and names by chance",
	[LOSS_NONE] = "nothing"};

/* The log of a first life in the folder `in`/life. */
static void record(char *dir, size_t n, const char *in, struct disk_log *log)
{
	struct err err;
	snprintf(dir, n, "%s/life", in);
	if (record_life(dir, false, log, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(done_by(log, log->n), STEPS);
	assert_true(log->n > 300);
}

typedef bool survivor(
	const struct disk *disk, enum disk_loss loss, uint64_t seed, const char *in, uint32_t done);

/* The power goes after each change, or each so many. A prime, so that the losses take turns at all
 * kinds of changes. */
static void play_and_check(struct disk *disk, const struct disk_log *log, const char *in,
	unsigned stride, survivor *check)
{
	forget_states();
	stride = is_long() ? 1 : stride;
	for (uint32_t n = 1; n <= log->n; n++) {
		bool marked = (int)log->list[n - 1].op == DISK_MARK;
		disk_play(disk, &log->list[n - 1]);
		for (enum disk_loss loss = 0; loss < LOSSES; loss++) {
			bool turn = n % stride == 0 && (stride == 1 || n / stride % LOSSES == loss);
			/* The making of the catalog is the one place with SQLite's other journal. */
			bool making = n < MAKING && loss == LOSS_ZEROS;
			if (!turn && !making && !(marked && loss == LOSS_ALL))
				continue;
			if (!check(disk, loss, n * 31 + loss, in, done_by(log, n)))
				fail_msg("power lost after change %u of %u, %s: %s", n, log->n,
					loss_names[loss], reason);
		}
	}
	print_message("%u changes, %u states\n", log->n, seen.n);
	assert_true(seen.n > 15);
}

static void power_is_lost(void **state)
{
	(void)state;
	char *in = test_folder(), dir[600];
	struct disk_log log;
	struct disk disk = {0};
	record(dir, sizeof(dir), in, &log);
	play_and_check(&disk, &log, in, 17, survives);
	disk_fini(&disk);
	disk_log_fini(&log);
	test_remove(in);
}

/* ---- again while recovering ------------------------------------------------------------------ */

/* Lives on in a state, and loses power there once more. */
static bool survives_twice(const struct disk *first, uint64_t seed, const char *in, uint32_t done)
{
	char dir[600];
	struct disk_log log;
	struct disk disk = {0};
	struct err err;
	enum disk_loss loss = disk_random(&seed) % LOSSES;
	snprintf(dir, sizeof(dir), "%s/again", in);
	disk_materialise(first, loss, seed, dir);
	disk_load(&disk, dir);
	bool right = record_life(dir, is_late(done), &log, &err) == 0 ||
		     says("living on: %.600s", err.text);
	/* Half of the losses come early, while the recovery is at work. */
	uint32_t stop = log.n ? (uint32_t)(disk_random(&seed) % log.n) : 0;
	stop = disk_random(&seed) % 2 ? stop % 40 : stop;
	for (uint32_t i = 0; i < stop; i++)
		disk_play(&disk, &log.list[i]);
	uint32_t by_then = done_by(&log, stop);
	loss = disk_random(&seed) % LOSSES;
	right = right && survives(&disk, loss, seed, in, by_then > done ? by_then : done);
	disk_fini(&disk);
	disk_log_fini(&log);
	test_remove(strdup(dir));
	return right;
}

static void power_is_lost_twice(void **state)
{
	(void)state;
	char *in = test_folder(), dir[600];
	struct disk_log log;
	struct disk disk = {0};
	uint64_t seed = 2;
	unsigned one_in = is_long() ? 2 : 60;
	forget_states();
	record(dir, sizeof(dir), in, &log);
	for (uint32_t n = 1; n <= log.n; n++) {
		disk_play(&disk, &log.list[n - 1]);
		if (disk_random(&seed) % one_in == 0 &&
			!survives_twice(&disk, n, in, done_by(&log, n)))
			fail_msg("power lost after change %u of %u, then again: %s", n, log.n,
				reason);
	}
	disk_fini(&disk);
	disk_log_fini(&log);
	test_remove(in);
}

/* ---- backup and restore ---------------------------------------------------------------------- */

/* Marks 1 when in/life is backed up to in/copy, 2 when that is restored to in/back. */
static void record_backup(const char *in, bool link, struct disk_log *log)
{
	char life_dir[600], copy[600], back[600];
	struct err err;
	struct store *store;
	snprintf(life_dir, sizeof(life_dir), "%s/life", in);
	snprintf(copy, sizeof(copy), "%s/copy", in);
	snprintf(back, sizeof(back), "%s/back", in);
	*log = (struct disk_log){.root = in};
	io_watch(disk_record, log);
	if (store_open(life_dir, STORE_WRITE, &store, &err) < 0 ||
		store_backup(store, copy, link, NULL, &err) < 0)
		fail_msg("%s", err.text);
	store_close(store);
	disk_mark(log, 1);
	if (store_restore(copy, back, NULL, &err) < 0)
		fail_msg("%s", err.text);
	disk_mark(log, 2);
	io_watch(NULL, NULL);
	test_remove(strdup(copy));
	test_remove(strdup(back));
}

/* All of the life is in the folder `name` below `dir`. */
static bool holds_all(const char *dir, const char *name)
{
	char path[700];
	struct err err;
	struct store *store;
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	if (store_open(path, STORE_READ, &store, &err) < 0)
		return says("opening %s: %.500s", name, err.text);
	bool right = events_are_right(store, STEPS) && is_whole(store);
	store_close(store);
	return right;
}

/* A folder with the file BACKUP is a whole backup, whenever the power went. */
static bool backup_survives(
	const struct disk *disk, enum disk_loss loss, uint64_t seed, const char *in, uint32_t done)
{
	char dir[600], mark[700];
	bool right = true;
	snprintf(dir, sizeof(dir), "%s/state", in);
	snprintf(mark, sizeof(mark), "%s/copy/BACKUP", dir);
	if (is_new(disk_materialise(disk, loss, seed, dir), done)) {
		bool there = access(mark, F_OK) == 0;
		right = (there || done == 0 || says("the backup is not marked")) &&
			(!there || holds_all(dir, "copy")) && (done < 2 || holds_all(dir, "back"));
	}
	test_remove(strdup(dir));
	return right;
}

static void backups_last(void **state)
{
	(void)state;
	for (int link = 0; link < 2; link++) {
		char *in = test_folder(), dir[600];
		struct disk_log log;
		struct disk disk = {0};
		struct err err;
		snprintf(dir, sizeof(dir), "%s/life", in);
		assert_int_equal(live(dir, false, NULL, &err), 0);
		disk_load(&disk, in);
		record_backup(in, link, &log);
		play_and_check(&disk, &log, in, 5, backup_survives);
		disk_fini(&disk);
		disk_log_fini(&log);
		test_remove(in);
	}
}

/* ---- each sync is needed --------------------------------------------------------------------- */

static const struct sync {
	const char *what;
	bool folder;
	const char *begins, *ends;
	bool in_log;
} syncs[] = {
	{"Parquet files", false, "tables/", "", false},
	{"the vault's frames", false, "vault/", ".zst", false},
	{"the vault's index", false, "vault/", ".idx", false},
	{"identity runs", false, "ids/", "", false},
	{"the catalog's log", false, "catalog.db-wal", "", true},
	{"the catalog", false, "catalog.db", "catalog.db", false},
	{"observables", false, "observables/", "", false},
	{"the table's folder", true, "tables/test_logs", "", false},
	{"the vault's folders", true, "vault/", "", false},
	{"the folder of identities", true, "ids/test_logs", "", false},
	{"the folder of observables", true, "observables/test_logs", "", false},
	{"the data folder", true, "", "\1" /* "" alone */, false},
};
static const struct sync *ignored;

static bool is_ignored(const char *path, bool folder)
{
	if (folder != ignored->folder ||
		strncmp(path, ignored->begins, strlen(ignored->begins)) != 0)
		return false;
	return *ignored->ends == '\1' ? !*path : disk_ends(path, ignored->ends);
}

/* A disk that ignores one kind of sync must be found out: or the test is blind, or the sync idle. `disk` is as it was before the log. */
static bool is_found_out(struct disk *disk, const struct disk_log *log, const char *in)
{
	bool right = true;
	forget_states();
	for (uint32_t n = 1; n <= log->n && right; n++) {
		disk_play(disk, &log->list[n - 1]);
		if ((int)log->list[n - 1].op != DISK_MARK)
			continue;
		right = survives(disk, LOSS_ALL, 1, in, done_by(log, n)) &&
			survives(disk, LOSS_ZEROS, 1, in, done_by(log, n));
	}
	disk_fini(disk);
	return !right;
}

/* Commits stay in the catalog's log as long as somebody reads what was before them; else they are in catalog.db when they are reported. */
static bool log_is_found_out(const char *in)
{
	struct disk disk = {.deaf = is_ignored};
	struct disk_log log;
	struct store *store, *reader;
	struct err err;
	char dir[600];
	snprintf(dir, sizeof(dir), "%s/read", in);
	assert_int_equal(store_open(dir, STORE_WRITE, &store, &err), 0);
	store_close(store);
	disk_load(&disk, dir);
	assert_int_equal(store_open(dir, STORE_READ, &reader, &err), 0);
	sqlite3_stmt *held = catalog_query(reader, &err, "SELECT * FROM format", "");
	assert_int_equal(catalog_step(reader, held, &err), 1);
	assert_int_equal(record_life(dir, false, &log, &err), 0);
	bool found = is_found_out(&disk, &log, in);
	catalog_done(reader, held);
	store_close(reader);
	disk_log_fini(&log);
	return found;
}

static void each_sync_is_needed(void **state)
{
	(void)state;
	char *in = test_folder(), dir[600];
	struct disk_log log;
	record(dir, sizeof(dir), in, &log);
	log_setup(LOG_ERROR, LOG_AUTO);
	for (size_t i = 0; i < COUNT(syncs); i++) {
		struct disk disk = {.deaf = is_ignored};
		ignored = &syncs[i];
		if (!(syncs[i].in_log ? log_is_found_out(in) : is_found_out(&disk, &log, in)))
			fail_msg("no sync of %s, and nothing was lost", ignored->what);
	}
	disk_log_fini(&log);
	test_remove(in);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(power_is_lost),
		cmocka_unit_test(power_is_lost_twice),
		cmocka_unit_test(backups_last),
		cmocka_unit_test(each_sync_is_needed),
	};
	/* What a disk forgets is made by the test: a folder in memory tests the same. */
	if (access("/dev/shm", W_OK) == 0)
		setenv("TMPDIR", "/dev/shm", 0);
	return cmocka_run_group_tests_name("power", tests, NULL, NULL);
}
