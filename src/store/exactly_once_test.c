/* SPDX-License-Identifier: Apache-2.0 */
/* exactly_once_test.c: the property that everything else serves: whatever is read in whatever pieces,
 * again, over one another, after restarts, with files merged, days dropped and tables rebuilt in
 * between: what is stored is what was sent, each event once.
 *
 * Two logs hold lines of known events (twins included, and two sites that use the same ids); sweeps
 * show parts of them once more. SEED=n runs one seed, LONG=1 ten thousand. */
#include <fcntl.h>

#include "store/test_lake.h"

enum { EVENTS = 24, LOGS = 2, LINES = 50, SWEEPS = 60, DAYS = 3, KEEP_DAYS = 5 };
#define DAY_US  INT64_C(86400000000)
#define FIRST_T (LAKE_T0 / DAY_US * DAY_US + 3600000000)

struct text {
	struct buf bytes;
	uint32_t event[LINES]; /* of each line */
	uint32_t at[LINES + 1];
	uint32_t n;
};

/* What an exact store would hold: max(D, max O) per event; one of those that have ids. */
struct truth {
	bool seen[LOGS][LINES];
	uint32_t swept[SWEEPS][EVENTS];
};

struct world {
	uint64_t random;
	char *dir;
	struct store *store;
	struct text logs[LOGS];
	struct truth truth, committed;
	uint32_t nsweeps, renames;
	bool lost[DAYS]; /* retention has dropped that day */
};

static uint32_t pick(struct world *w, uint32_t n)
{
	w->random += 0x9e3779b97f4a7c15;
	uint64_t z = w->random;
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return (uint32_t)((z ^ z >> 31) >> 16) % n;
}

static void must(int rc, const struct err *err)
{
	if (rc < 0)
		fail_msg("%s", err->text);
}

static void set_day(int day)
{
	char text[32];
	snprintf(text, sizeof(text), "%lld", (long long)(FIRST_T + day * DAY_US));
	setenv("PUGMARK_NOW", text, 1);
}

/* ---- events ---------------------------------------------------------------------------------- */

/* Events n and n + EVENTS / 2 are of two sites and have the same id. */
static void event_key(uint32_t event, uint8_t key[16])
{
	char text[64];
	snprintf(text, sizeof(text), "site-%c id %u", event < EVENTS / 2 ? 'a' : 'b',
		event % (EVENTS / 2));
	lake_key(slice_of(text), key);
}
static bool event_has_id(uint32_t event)
{
	return event % (EVENTS / 2) % 3 == 0;
}
static int event_day(uint32_t event)
{
	return (int)(event % DAYS);
}
static int64_t event_time(uint32_t event)
{
	return event % 11 == 10 ? INT64_MIN : FIRST_T + event_day(event) * DAY_US + event / 4;
}

static void text_line(struct text *text, uint32_t event)
{
	text->event[text->n] = event;
	text->at[text->n++] = (uint32_t)text->bytes.len;
	lake_record(&text->bytes, event);
	buf_push(&text->bytes, '\n');
	text->at[text->n] = (uint32_t)text->bytes.len;
}

static void make_logs(struct world *w)
{
	for (uint32_t l = 0; l < LOGS; l++) {
		struct text *log = &w->logs[l];
		uint32_t n = 10 + pick(w, LINES - 10), event = 0;
		buf_init(&log->bytes, 1 << 20);
		for (uint32_t i = 0; i < n; i++) {
			event = pick(w, 4) ? pick(w, EVENTS) : event; /* twins stand together */
			text_line(log, event);
		}
	}
}

static uint32_t expected(const struct world *w, uint32_t event)
{
	uint32_t disjoint = 0, most = 0;
	if (w->lost[event_day(event)] && event_time(event) != INT64_MIN)
		return 0;
	for (uint32_t l = 0; l < LOGS; l++) {
		for (uint32_t i = 0; i < w->logs[l].n; i++)
			disjoint += w->logs[l].event[i] == event && w->truth.seen[l][i];
	}
	for (uint32_t s = 0; s < w->nsweeps; s++) {
		if (w->truth.swept[s][event] > most)
			most = w->truth.swept[s][event];
	}
	uint32_t n = disjoint > most ? disjoint : most;
	return event_has_id(event) && n > 1 ? 1 : n;
}

/* ---- sending --------------------------------------------------------------------------------- */

static void make_batch(struct batch *batch, const struct text *text, uint32_t from, uint32_t to,
	const char *source)
{
	uint32_t n = to - from;
	batch_init(batch, &lake_shape);
	batch->nrows = n;
	batch->columns = arena_zalloc(&batch->mem, SYS_COLUMNS, sizeof(*batch->columns));
	batch->groups = arena_zalloc(&batch->mem, 1, sizeof(*batch->groups));
	batch->records = arena_zalloc(&batch->mem, n, sizeof(*batch->records));
	batch->flags = arena_zalloc(&batch->mem, n, 1);
	batch->keys = arena_zalloc(&batch->mem, n, 16);
	batch->raw = text->bytes.ptr + text->at[from];
	batch->raw_offset = text->at[from];
	int64_t *times = arena_zalloc(&batch->mem, n, 8);
	for (uint32_t i = 0; i < n; i++) {
		uint32_t at = text->at[from + i], event = text->event[from + i];
		batch->records[i] =
			(struct record_place){at - text->at[from], text->at[from + i + 1] - at - 1};
		batch->flags[i] = event_has_id(event) ? ROW_HAS_ID : 0;
		event_key(event, batch->keys[i]);
		times[i] = event_time(event);
	}
	lake_fill(batch, times, source);
}

static void send_batch(struct segment *segment, const struct text *text, uint32_t from, uint32_t to,
	const char *source, uint32_t container)
{
	struct batch batch;
	struct err err;
	uint32_t kept;
	make_batch(&batch, text, from, to, source);
	must(segment_identify(segment, &batch, container, 0, NULL, 0, &kept, &err), &err);
	struct segment_pack *pack = segment_pack(segment, &batch, NULL, 0);
	must(segment_append(segment, pack, &err), &err);
	segment_pack_free(pack);
	batch_fini(&batch);
}

/* Sends lines [from, to) in one segment, cut at random; gives up in one of eight cases. True where
 * it was committed. */
static bool send_lines(struct world *w, const struct text *text, uint32_t from, uint32_t to,
	const char *container_name, enum container_kind kind)
{
	struct err err;
	struct segment *segment;
	uint32_t container;
	char input[64];
	const char *source = pick(w, 2) ? "one" : "two";
	bool commits = pick(w, 8) != 0;
	snprintf(input, sizeof(input), "%s-renamed-%u", container_name, w->renames++);
	must(store_container(w->store, lake_shape.table, kind, container_name, &container, &err),
		&err);
	must(segment_begin(w->store, &lake_shape, source, input, LAKE_RECEIVED, &segment, &err),
		&err);
	for (uint32_t b = 0; b < LIMIT_SEGMENT_BATCHES && from < to; b++) {
		uint32_t n = b == LIMIT_SEGMENT_BATCHES - 1 ? to - from : 1 + pick(w, to - from);
		send_batch(segment, text, from, from + n, source, container);
		from += n;
		if (!commits && pick(w, 2)) {
			segment_abort(segment);
			return false;
		}
	}
	if (!commits) {
		segment_abort(segment);
		return false;
	}
	must(segment_commit(segment, NULL, NULL, &err), &err);
	return true;
}

static void read_log(struct world *w, uint32_t l, uint32_t from, uint32_t to)
{
	char name[32];
	snprintf(name, sizeof(name), "node-%u/log", l);
	if (from == to || !send_lines(w, &w->logs[l], from, to, name, CONTAINER_DISJOINT))
		return;
	for (uint32_t i = from; i < to; i++)
		w->truth.seen[l][i] = true;
}

static void step_read(struct world *w)
{
	uint32_t l = pick(w, LOGS), from = pick(w, w->logs[l].n);
	read_log(w, l, from, from + 1 + pick(w, w->logs[l].n - from));
}

/* Shows some lines of the logs again, each at most once; read in two pieces, the first of which may
 * be read twice (the reader was stopped and goes on from his checkpoint). */
static void step_sweep(struct world *w)
{
	struct text sweep = {.n = 0};
	char name[32];
	if (w->nsweeps == SWEEPS)
		return;
	uint32_t s = w->nsweeps++;
	buf_init(&sweep.bytes, 1 << 20);
	for (uint32_t l = 0; l < LOGS; l++) {
		for (uint32_t i = 0; i < w->logs[l].n && sweep.n < LINES; i++) {
			if (pick(w, 3) == 0)
				text_line(&sweep, w->logs[l].event[i]);
		}
	}
	snprintf(name, sizeof(name), "sweep %u", s);
	uint32_t cut = sweep.n ? pick(w, sweep.n) : 0, done = 0;
	bool first = cut && send_lines(w, &sweep, 0, cut, name, CONTAINER_OVERLAP);
	if (first && pick(w, 2))
		send_lines(w, &sweep, 0, cut, name, CONTAINER_OVERLAP);
	for (uint32_t i = 0; first && i < cut; i++)
		w->truth.swept[s][sweep.event[i]]++;
	done = cut;
	if (done < sweep.n && send_lines(w, &sweep, done, sweep.n, name, CONTAINER_OVERLAP)) {
		for (uint32_t i = done; i < sweep.n; i++)
			w->truth.swept[s][sweep.event[i]]++;
	}
	buf_fini(&sweep.bytes);
}

/* ---- what happens in between ----------------------------------------------------------------- */

static void step_restart(struct world *w)
{
	struct err err;
	store_close(w->store);
	must(store_open(w->dir, STORE_WRITE, &w->store, &err), &err);
}

static void step_compact(struct world *w)
{
	struct err err;
	must(store_compact(w->store, NULL, pick(w, 2) ? 0 : DAY_US, NULL, NULL, NULL, &err), &err);
}

static void step_retain(struct world *w)
{
	struct err err;
	int day = 0;
	if (pick(w, 3))
		return;
	while (day < DAYS - 1 && w->lost[day])
		day++;
	if (day == DAYS - 1)
		return; /* something must be left */
	set_day(day + 1 + KEEP_DAYS);
	w->lost[day] = true;
	must(store_retain(w->store, lake_shape.table, KEEP_DAYS, NULL, NULL, &err), &err);
}

static int rebuild_record(void *ctx, const struct vault_record *record, struct err *err)
{
	struct text text = {.n = 0};
	struct batch batch;
	unsigned event = EVENTS;
	char copy[16] = "";
	memcpy(copy, record->bytes.ptr, record->bytes.len < 15 ? record->bytes.len : 15);
	assert_int_equal(sscanf(copy, "{\"n\":%u", &event), 1);
	assert_true(event < EVENTS);
	buf_init(&text.bytes, 1 << 16);
	text_line(&text, event);
	assert_true(slice_eq(record->bytes, (struct slice){text.bytes.ptr, text.bytes.len - 1}));
	make_batch(&batch, &text, 0, 1, record->place.source);
	batch.columns[SYS_EVENT_ID].uuid = arena_zalloc(&batch.mem, 1, 16);
	memcpy(batch.columns[SYS_EVENT_ID].uuid[0], record->event_id, 16);
	batch.columns[SYS_VAULT_FILE].i64[0] = record->place.file;
	batch.columns[SYS_VAULT_FRAME].i64[0] = record->place.frame;
	batch.columns[SYS_VAULT_OFFSET].i64[0] = record->place.offset;
	batch.columns[SYS_VAULT_LENGTH].i64[0] = record->place.length;
	int rc = rebuild_add(ctx, record->place.source, record->input, record->received_at, &batch,
		&record->container, &record->container_offset, &record->copy, err);
	batch_fini(&batch);
	buf_fini(&text.bytes);
	return rc;
}

static void step_rebuild(struct world *w)
{
	static const uint8_t fingerprint[32] = {1};
	struct rebuild *rebuild;
	struct err err;
	must(rebuild_begin(w->store, &lake_shape, &rebuild, &err), &err);
	must(store_scan_vault(w->store, lake_shape.table, "one", rebuild_record, rebuild, &err),
		&err);
	must(store_scan_vault(w->store, lake_shape.table, "two", rebuild_record, rebuild, &err),
		&err);
	if (pick(w, 4) == 0)
		rebuild_abort(rebuild);
	else
		must(rebuild_commit(rebuild, fingerprint, &err), &err);
}

/* ---- checking -------------------------------------------------------------------------------- */

static void tell_damage(void *ctx, const char *file, const char *what)
{
	(void)ctx;
	print_error("damaged: %s %s\n", file, what);
}

static void check(struct world *w)
{
	struct err err;
	uint32_t counts[EVENTS];
	uint64_t rows, total = 0;
	must(lake_read(w->store, counts, EVENTS, &rows, &err), &err);
	for (uint32_t e = 0; e < EVENTS; e++) {
		if (counts[e] != expected(w, e))
			fail_msg("event %u is stored %u times, not %u", e, counts[e],
				expected(w, e));
		total += counts[e];
	}
	assert_int_equal(rows, total);
}

static void check_ids_differ(struct world *w);

static void check_all(struct world *w)
{
	struct err err;
	uint64_t damaged = 0;
	check(w);
	check_ids_differ(w);
	must(store_verify(w->store, tell_damage, NULL, NULL, &damaged, &err), &err);
	assert_int_equal(damaged, 0);
}

struct id_list {
	uint8_t (*ids)[16];
	uint32_t n;
};

static int note_ids(void *ctx, const struct segment_info *info, struct err *err)
{
	struct id_list *list = ctx;
	struct parquet_reader *reader;
	if (parquet_open(info->path, &reader, err) < 0)
		return -1;
	for (uint32_t g = 0; g < parquet_groups(reader); g++) {
		struct batch batch;
		batch_init(&batch, parquet_shape(reader));
		if (parquet_read(reader, g, NULL, &batch, err) < 0)
			fail_msg("%s", err->text);
		list->ids = xrealloc(list->ids, (list->n + batch.nrows) * sizeof(*list->ids));
		memcpy(list->ids + list->n, batch.columns[SYS_EVENT_ID].uuid,
			(size_t)batch.nrows * 16);
		list->n += batch.nrows;
		batch_fini(&batch);
	}
	parquet_close(reader);
	return 0;
}

static int compare_ids(const void *a, const void *b)
{
	return memcmp(a, b, 16);
}

static void check_ids_differ(struct world *w)
{
	struct id_list list = {0};
	struct err err;
	must(store_segments(w->store, NULL, note_ids, &list, &err), &err);
	if (list.n)
		qsort(list.ids, list.n, 16, compare_ids);
	for (uint32_t i = 1; i < list.n; i++)
		CHECK_ROW(i, memcmp(list.ids[i - 1], list.ids[i], 16) != 0);
	free(list.ids);
}

static void one_seed(uint64_t seed)
{
	static void (*const steps[])(struct world *) = {step_read, step_read, step_read, step_sweep,
		step_sweep, step_restart, step_compact, step_retain, step_rebuild};
	struct world *w = xcalloc(1, sizeof(*w));
	struct err err;
	w->random = seed * 1000003 + 17;
	w->dir = test_folder();
	set_day(KEEP_DAYS);
	make_logs(w);
	must(store_open(w->dir, STORE_WRITE, &w->store, &err), &err);
	step_read(w);
	for (uint32_t i = 4 + pick(w, 12); i > 0; i--) {
		uint32_t step = pick(w, COUNT(steps));
		/* There is no table before something was committed. */
		int64_t id = 0;
		if (step >= 6 &&
			catalog_int(w->store, &id, &err, "SELECT max(id) FROM commits", "") < 1)
			continue;
		steps[step](w);
		check(w);
	}
	for (uint32_t l = 0; l < LOGS; l++) {
		bool all = false;
		while (!all) {
			read_log(w, l, 0, w->logs[l].n);
			all = w->truth.seen[l][0] && w->truth.seen[l][w->logs[l].n - 1];
			for (uint32_t i = 0; i < w->logs[l].n; i++)
				all &= w->truth.seen[l][i];
		}
	}
	check_all(w);
	step_restart(w);
	check_all(w);
	store_close(w->store);
	for (uint32_t l = 0; l < LOGS; l++)
		buf_fini(&w->logs[l].bytes);
	test_remove(w->dir);
	free(w);
}

static uint64_t seed_running = UINT64_MAX;

static void stored_equals_sent(void **state)
{
	(void)state;
	const char *one = getenv("SEED"), *longer = getenv("LONG");
	uint64_t first = one ? strtoull(one, NULL, 0) : 0;
	uint64_t end = one ? first + 1 : longer && *longer ? 10000 : 100;
	for (uint64_t seed = first; seed < end; seed++) {
		seed_running = seed;
		one_seed(seed);
	}
	seed_running = UINT64_MAX;
}

static int name_seed(void **state)
{
	(void)state;
	if (seed_running != UINT64_MAX)
		print_error("failed with SEED=%llu\n", (unsigned long long)seed_running);
	return 0;
}

int main(void)
{
	/* What survives a power cut is tested elsewhere: here fsync may be quick. */
	if (access("/dev/shm", W_OK) == 0)
		setenv("TMPDIR", "/dev/shm", 0);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(stored_equals_sent, name_seed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
