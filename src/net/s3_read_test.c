/* SPDX-License-Identifier: Apache-2.0 */
/* s3_read_test.c: the reader against a real server (s3rver), with objects of any size, and against one in
 * all kinds of trouble: what comes is in order, whole, and never more than the memory holds. */
#include "net/s3_read.h"

#include <signal.h>

#include "base/base.h"
#include "base/test.h"
#include "net/stand_in.h"

enum { UNIT = 64 << 10, OBJECTS = 100, SECOND = 1000000 };

static struct stand_in faults, real;
static char *folder, id_file[700], secret_file[700];
static struct err err;

static int set_up(void **state)
{
	(void)state;
	folder = test_folder();
	stand_in_start(&faults, "python3", "tests/stand_ins/http_faults.py", folder);
	stand_in_start(&real, "node", "tests/stand_ins/s3_server.mjs", folder);
	snprintf(id_file, sizeof(id_file), "%s/id", folder);
	snprintf(secret_file, sizeof(secret_file), "%s/secret", folder);
	assert_int_equal(io_write_file(id_file, "S3RVER", 6, 0600, &err), 0);
	assert_int_equal(io_write_file(secret_file, "S3RVER", 6, 0600, &err), 0);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	stand_in_stop(&faults);
	stand_in_stop(&real);
	test_remove(folder);
	return 0;
}

/* --- Where objects come from. -------------------------------------------------------------------------- */

struct source {
	const struct stand_in *server;
	const char *bucket;
	struct s3_job *jobs; /* the tag is the job's place here */
	size_t count, given;
	bool late;     /* says "none yet" before each job */
	bool pending;  /* it has said so */
	bool fails;    /* ends with an error */
	bool no_way;   /* connect fails */
	bool for_ever; /* never ends: none yet */
};

static int next_job(void *ctx, struct s3_job *job, struct err *why)
{
	struct source *source = ctx;
	if (source->late && (source->pending = !source->pending))
		return S3_JOBS_NONE_YET;
	if (source->given == source->count && source->fails)
		return err_set(why, ERR_FORMAT, "the listing is broken");
	if (source->given == source->count)
		return source->for_ever ? S3_JOBS_NONE_YET : S3_JOBS_ENDED;
	*job = source->jobs[source->given];
	job->tag = &source->jobs[source->given++];
	return S3_JOBS_ONE;
}

static int connect_to(
	void *ctx, const volatile sig_atomic_t *stop, struct s3_connection *out, struct err *why)
{
	static const struct retry_policy hurried = {.attempts = 3, .base_ms = 1, .cap_ms = 1};
	static const struct http_settings http = {.proxy = ""};
	struct source *source = ctx;
	struct credential_settings credentials = {.id_file = id_file, .secret_file = secret_file};
	char endpoint[100];
	if (source->no_way)
		return err_set(why, ERR_NOT_FOUND, "no keys anywhere");
	snprintf(endpoint, sizeof(endpoint), "http://127.0.0.1:%d",
		stand_in_port(source->server, source->server == &real ? "s3" : "plain"));
	struct s3_place place = {.endpoint = endpoint,
		.region = "us-east-1",
		.bucket = source->bucket,
		.guard = GUARD_PRIVATE_ALLOWED,
		.plain = true};
	return s3_connection_open(&http, &place, &credentials, &hurried, stop, out, why);
}

static struct s3_reader_settings settings_of(struct source *source)
{
	return (struct s3_reader_settings){.next_job = next_job,
		.connect = connect_to,
		.ctx = source,
		.connections = 4,
		.range_bytes = UNIT,
		.memory = 16 * UNIT};
}

static struct s3_reader *open_reader(const struct s3_reader_settings *settings)
{
	struct s3_reader *reader = s3_reader_open(settings, &err);
	if (!reader)
		fail_msg("%s", err.text);
	return reader;
}

/* The next piece that is none of the silent ones. */
static int next_piece(struct s3_reader *reader, struct s3_piece *piece)
{
	int status;
	do
		status = s3_reader_next(reader, 1000, piece, &err);
	while (status == 0 && piece->silent);
	return status;
}

/* --- The course of it: pieces are held against what must come next. ------------------------------------- */

struct course {
	uint64_t job, offset;
	bool open;
};

static void follow(struct course *at, const struct s3_job *jobs, const struct s3_piece *piece)
{
	const struct s3_job *job = &jobs[at->job];
	assert_int_equal(piece->job, at->job);
	assert_int_equal(piece->begins, !at->open);
	if (piece->begins)
		at->offset = job->from;
	assert_int_equal(piece->offset, at->offset);
	at->offset += piece->bytes.len;
	at->open = !piece->ends;
	at->job += piece->ends;
}

/* Byte i of object n. */
static char byte_of(uint64_t n, uint64_t i)
{
	return (char)((i * 7 + i / 251 + n * 31) & 255);
}

static void check_bytes(uint64_t n, const struct s3_piece *piece)
{
	for (size_t i = 0; i < piece->bytes.len; i++)
		if (piece->bytes.ptr[i] != byte_of(n, piece->offset + i))
			fail_msg("object %llu: byte %llu is wrong", (unsigned long long)n,
				(unsigned long long)(piece->offset + i));
}

static uint64_t draw(uint64_t *seed)
{
	*seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return *seed >> 33;
}

/* Writes objects of any size and fills jobs that read them from anywhere. */
static void make_objects(struct s3_job jobs[OBJECTS], uint64_t seed)
{
	static char keys[OBJECTS][20], etags[OBJECTS][S3_ETAG];
	struct source source = {.server = &real, .bucket = "audit"};
	struct s3_connection connection;
	struct s3_facts facts;
	struct buf body;
	static const volatile sig_atomic_t never;
	buf_init(&body, SIZE_MAX);
	assert_int_equal(connect_to(&source, &never, &connection, &err), 0);
	for (uint64_t n = 0; n < OBJECTS; n++) {
		uint64_t kind = draw(&seed) % 8;
		uint64_t most = kind == 0   ? 1
				: kind < 6  ? UNIT / 4
				: kind == 6 ? 4 * UNIT
					    : 30 * UNIT;
		uint64_t size = draw(&seed) % most;
		buf_clear(&body);
		for (uint64_t i = 0; i < size; i++)
			buf_push(&body, byte_of(n, i));
		snprintf(keys[n], sizeof(keys[n]), "r/%03llu", (unsigned long long)n);
		struct slice key = slice_of(keys[n]);
		assert_int_equal(s3_put(connection.s3, key, buf_view(&body), NULL, 0, &err), 0);
		assert_int_equal(s3_head(connection.s3, key, &facts, &err), 1);
		memcpy(etags[n], facts.etag, S3_ETAG);
		jobs[n] = (struct s3_job){.key = key,
			.etag = slice_of(etags[n]),
			.from = kind % 2 && size ? draw(&seed) % size : 0,
			.size = size};
	}
	s3_connection_close(&connection);
	buf_fini(&body);
}

static void check_usage(
	struct s3_reader *reader, const struct s3_reader_settings *settings, unsigned connections)
{
	struct s3_reader_usage usage;
	s3_reader_usage(reader, &usage);
	assert_true(usage.bytes <= settings->memory);
	assert_true(usage.peak_bytes <= settings->memory);
	assert_true(usage.peak_buffers <= settings->memory / UNIT);
	assert_in_range(usage.connected, 1, connections);
}

static void test_any_sizes_in_order(void **state)
{
	static const struct {
		unsigned connections;
		size_t range, memory;
	} rows[] = {{1, UNIT, 2 * UNIT}, {4, UNIT, 16 * UNIT}, {2, 3 * UNIT, 7 * UNIT},
		{7, UNIT / 3, 64 * UNIT}, {4, 64 * UNIT, 64 * UNIT}};
	struct s3_job jobs[OBJECTS];
	(void)state;
	make_objects(jobs, 1);
	for (size_t row = 0; row < COUNT(rows); row++) {
		struct source source = {.server = &real,
			.bucket = "audit",
			.jobs = jobs,
			.count = OBJECTS,
			.late = row == 1};
		struct s3_reader_settings settings = settings_of(&source);
		struct course at = {0};
		struct s3_piece piece;
		int status;
		settings.connections = rows[row].connections;
		settings.range_bytes = rows[row].range;
		settings.memory = rows[row].memory;
		struct s3_reader *reader = open_reader(&settings);
		while ((status = next_piece(reader, &piece)) > 0) {
			if (piece.err.kind != ERR_NONE)
				fail_msg("%s", piece.err.text);
			follow(&at, jobs, &piece);
			check_bytes(piece.job, &piece);
			assert_ptr_equal(piece.tag, &jobs[piece.job]);
			if (piece.ends)
				assert_int_equal(at.offset, jobs[piece.job].size);
		}
		assert_int_equal(status, 0);
		assert_int_equal(at.job, OBJECTS);
		check_usage(reader, &settings, rows[row].connections);
		s3_reader_close(reader);
	}
}

/* Every third object is given up after its first piece: the others come whole, in order. */
static void test_objects_are_skipped(void **state)
{
	struct s3_job jobs[OBJECTS];
	struct source source = {.server = &real, .bucket = "audit", .jobs = jobs, .count = OBJECTS};
	struct s3_reader_settings settings = settings_of(&source);
	struct course at = {0};
	struct s3_piece piece;
	uint64_t most = 0;
	int status;
	(void)state;
	make_objects(jobs, 2);
	struct s3_reader *reader = open_reader(&settings);
	while ((status = next_piece(reader, &piece)) > 0) {
		if (piece.err.kind != ERR_NONE)
			fail_msg("%s", piece.err.text);
		follow(&at, jobs, &piece);
		check_bytes(piece.job, &piece);
		most += piece.ends ? 0 : jobs[piece.job].size - at.offset;
		if (piece.ends || piece.job % 3 != 0)
			continue;
		s3_reader_skip(reader, piece.job);
		at.job++;
		at.open = false;
	}
	assert_int_equal(status, 0);
	assert_int_equal(at.job, OBJECTS);
	assert_true(most > 0); /* there was something to skip */
	s3_reader_close(reader);
}

/* One of each kind of trouble after another: only the object in trouble is short. */
static const struct {
	const char *key, *etag;
	uint64_t from, size;
	uint64_t bytes; /* that must come, */
	enum err_kind kind;
	const char *words; /* and then this; NULL = nothing */
} troubles[] = {
	{"good-1000000", "\"v1\"", 0, 1000000, 1000000, ERR_NONE, NULL},
	{"cut-300000", "\"v1\"", 0, 300000, 300000, ERR_NONE, NULL},
	{"flaky-300000", "v1", 0, 300000, 300000, ERR_NONE, NULL},
	{"slow-300000", "\"v1\"", 100, 300000, 299900, ERR_NONE, NULL},
	{"missing-500000-200000", "\"v1\"", 0, 500000, 4 * UNIT, ERR_NOT_FOUND, "no such object"},
	{"missing-500000", "\"v1\"", 0, 500000, 0, ERR_NOT_FOUND, "no such object"},
	{"good-0", "\"v1\"", 0, 0, 0, ERR_NONE, NULL},
	{"changing-500000-1", "\"v1\"", 0, 500000, UNIT, ERR_BUSY, "was changed"},
	{"other-500000-300000", "\"v1\"", 0, 500000, 5 * UNIT, ERR_BUSY, "was changed"},
	{"good-70000", "\"v0\"", 0, 70000, 0, ERR_BUSY, "was changed"},
	{"denied-500000", "\"v1\"", 0, 500000, 0, ERR_ACCESS, "s3:GetObject"},
	{"denied-500000-400000", "\"v1\"", 0, 500000, 7 * UNIT, ERR_ACCESS, "s3:GetObject"},
	{"cold-500000", "\"v1\"", 0, 500000, 0, ERR_UNSUPPORTED, "archived"},
	{"broken-500000-100", "\"v1\"", 0, 500000, UNIT, ERR_IO, "HTTP 500"},
	{"good-500000", "\"v1\"", 499999, 500000, 1, ERR_NONE, NULL},
	{"good-500000", "\"v1\"", 500000, 500000, 0, ERR_NONE, NULL},
	{"good-500000", "\"v1\"", 500001, 500000, 0, ERR_NOT_FOUND, "shorter"},
	{"good-400000", "\"v1\"", 0, 500000, 0, ERR_BUSY, "it has 400000 bytes"},
	{"", "\"v1\"", 0, 10, 0, ERR_USAGE, "a key has 1 to 1,024 bytes"},
	/* Facts that are not known beforehand. */
	{"good-300000", "", 0, 300000, 300000, ERR_NONE, NULL},
	{"good-300000", "", 7, S3_SIZE_UNKNOWN, 299993, ERR_NONE, NULL},
	{"good-300000", "\"v1\"", 0, S3_SIZE_UNKNOWN, 300000, ERR_NONE, NULL},
	{"good-10", "", 0, S3_SIZE_UNKNOWN, 10, ERR_NONE, NULL},
	{"good-10", "", 0, 10, 10, ERR_NONE, NULL},
	{"good-0", "", 0, S3_SIZE_UNKNOWN, 0, ERR_NONE, NULL},
	{"good-10", "", 10, S3_SIZE_UNKNOWN, 0, ERR_NONE, NULL},
	{"good-10", "", 11, S3_SIZE_UNKNOWN, 0, ERR_NOT_FOUND, "shorter"},
	{"changing-500000-1", "", 0, S3_SIZE_UNKNOWN, UNIT, ERR_BUSY, "was changed"},
	{"other-500000-300000", "", 0, 500000, 5 * UNIT, ERR_BUSY, "was changed"},
	{"missing-500000", "", 0, S3_SIZE_UNKNOWN, 0, ERR_NOT_FOUND, "no such object"},
	{"tagless-300000", "", 0, S3_SIZE_UNKNOWN, 300000, ERR_NONE, NULL},
	{"tagless-300000", "", 0, 300001, 0, ERR_BUSY, "it has 300000 bytes"},
	{"good-2000000", "\"v1\"", 0, 2000000, 2000000, ERR_NONE, NULL},
};

static void make_troubles(struct s3_job jobs[COUNT(troubles)])
{
	for (size_t i = 0; i < COUNT(troubles); i++)
		jobs[i] = (struct s3_job){.key = slice_of(troubles[i].key),
			.etag = slice_of(troubles[i].etag),
			.from = troubles[i].from,
			.size = troubles[i].size};
}

static void check_trouble(size_t i, uint64_t bytes, const struct s3_piece *piece)
{
	if (piece->err.kind != troubles[i].kind)
		fail_msg("row %zu: %s: %s", i, err_kind_name(piece->err.kind), piece->err.text);
	if (troubles[i].words && !strstr(piece->err.text, troubles[i].words))
		fail_msg("row %zu: %s", i, piece->err.text);
	if (bytes != troubles[i].bytes)
		fail_msg("row %zu: %llu bytes", i, (unsigned long long)bytes);
}

static void run_troubles(unsigned connections)
{
	struct s3_job jobs[COUNT(troubles)];
	struct source source = {.server = &faults,
		.bucket = "fault-ranges",
		.jobs = jobs,
		.count = COUNT(troubles)};
	struct s3_reader_settings settings = settings_of(&source);
	struct course at = {0};
	struct s3_piece piece;
	uint64_t bytes = 0;
	int status;
	make_troubles(jobs);
	settings.connections = connections;
	struct s3_reader *reader = open_reader(&settings);
	while ((status = next_piece(reader, &piece)) > 0) {
		size_t row = (size_t)at.job;
		bytes = piece.begins ? piece.bytes.len : bytes + piece.bytes.len;
		follow(&at, jobs, &piece);
		check_bytes(0, &piece);
		if (piece.ends)
			check_trouble(row, bytes, &piece);
	}
	if (status < 0)
		fail_msg("%s", err.text);
	assert_int_equal(at.job, COUNT(troubles));
	check_usage(reader, &settings, connections);
	s3_reader_close(reader);
}

static void test_trouble_is_kept_to_its_object(void **state)
{
	(void)state;
	run_troubles(4);
	run_troubles(1);
}

static void test_what_stops_all(void **state)
{
	static const struct {
		const char *key;
		bool no_way, fails;
		const char *bucket;
		enum err_kind kind;
		const char *words;
	} rows[] = {
		{"dead-500000-1", false, false, "fault-ranges", ERR_LIMIT, "fewer requests"},
		{"keys-500000-1", false, false, "fault-ranges", ERR_ACCESS, "is not known there"},
		{"bucketless-500000-1", false, false, "fault-ranges", ERR_NOT_FOUND,
			"no such bucket"},
		{"torn-500000-1", false, false, "fault-ranges", ERR_IO, "ended early"},
		{"good-500000", false, true, "fault-ranges", ERR_FORMAT, "the listing is broken"},
		{"good-500000", true, false, "fault-ranges", ERR_NOT_FOUND, "no keys anywhere"},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct s3_job jobs[] = {{SLICE("good-200000"), SLICE("\"v1\""), 0, 200000, NULL},
			{slice_of(rows[i].key), SLICE("\"v1\""), 0, 500000, NULL},
			{SLICE("good-200000"), SLICE("\"v1\""), 0, 200000, NULL}};
		struct source source = {.server = &faults,
			.bucket = rows[i].bucket,
			.jobs = jobs,
			.count = rows[i].fails ? 2 : 3,
			.fails = rows[i].fails,
			.no_way = rows[i].no_way};
		struct s3_reader_settings settings = settings_of(&source);
		struct s3_reader *reader = open_reader(&settings);
		struct course at = {0};
		struct s3_piece piece;
		int status;
		while ((status = next_piece(reader, &piece)) > 0)
			follow(&at, jobs, &piece);
		CHECK_ROW(i, status == -1 && err.kind == rows[i].kind);
		if (!strstr(err.text, rows[i].words))
			fail_msg("row %zu: %s", i, err.text);
		CHECK_ROW(i, at.job == (rows[i].no_way ? 0 : rows[i].fails ? 2 : 1));
		err.kind = ERR_NONE;
		CHECK_ROW(i, s3_reader_next(reader, 0, &piece, &err) == -1);
		CHECK_ROW(i, err.kind == rows[i].kind);
		s3_reader_close(reader);
	}
}

static void test_silence_and_stops(void **state)
{
	struct s3_job jobs[] = {{SLICE("good-10"), SLICE("\"v1\""), 0, 10, NULL},
		{SLICE("hang-10"), SLICE("\"v1\""), 0, 10, NULL}};
	struct source source = {
		.server = &faults, .bucket = "fault-ranges", .jobs = jobs, .count = 2};
	volatile sig_atomic_t stop = 0;
	struct s3_reader_settings settings = settings_of(&source);
	struct s3_piece piece;
	(void)state;
	settings.stop = &stop;
	struct s3_reader *reader = open_reader(&settings);
	assert_int_equal(next_piece(reader, &piece), 1);
	assert_true(piece.begins && piece.ends);
	int64_t begun = clock_mono_us();
	assert_int_equal(s3_reader_next(reader, 250, &piece, &err), 0);
	assert_true(piece.silent);
	assert_in_range(clock_mono_us() - begun, 240000, 5 * SECOND);
	__atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
	begun = clock_mono_us();
	assert_int_equal(s3_reader_next(reader, 60000, &piece, &err), -1);
	assert_int_equal(err.kind, ERR_INTERRUPTED);
	s3_reader_close(reader);
	assert_in_range(clock_mono_us() - begun, 0, 5 * SECOND);
	/* Closed in the middle of it, without a stop. */
	__atomic_store_n(&stop, 0, __ATOMIC_RELAXED);
	source.given = 0;
	reader = open_reader(&settings);
	assert_int_equal(next_piece(reader, &piece), 1);
	begun = clock_mono_us();
	s3_reader_close(reader);
	assert_in_range(clock_mono_us() - begun, 0, 5 * SECOND);
	/* A source that has nothing for now, and one that has nothing at all. */
	source = (struct source){.server = &faults, .bucket = "fault-ranges", .for_ever = true};
	reader = open_reader(&settings);
	begun = clock_mono_us();
	assert_int_equal(s3_reader_next(reader, 0, &piece, &err), 0);
	assert_true(piece.silent);
	assert_int_equal(s3_reader_next(reader, 250, &piece, &err), 0);
	assert_true(piece.silent);
	assert_in_range(clock_mono_us() - begun, 240000, 5 * SECOND);
	source.for_ever = false;
	assert_int_equal(s3_reader_next(reader, 60000, &piece, &err), 0);
	assert_false(piece.silent);
	assert_int_equal(s3_reader_next(reader, 60000, &piece, &err), 0);
	s3_reader_close(reader);
	s3_reader_close(NULL);
}

/* Small objects are fetched side by side: each takes its time, all together they do not. */
static void test_side_by_side(void **state)
{
	enum { MANY = 40 };
	struct s3_job jobs[MANY];
	struct source source = {
		.server = &faults, .bucket = "fault-ranges", .jobs = jobs, .count = MANY};
	struct s3_reader_settings settings = settings_of(&source);
	struct s3_reader_usage usage;
	struct s3_piece piece;
	(void)state;
	for (size_t i = 0; i < MANY; i++)
		jobs[i] = (struct s3_job){SLICE("slow-15000"), SLICE("\"v1\""), 0, 15000, NULL};
	for (size_t turn = 0; turn < 2; turn++) {
		settings.connections = turn == 0 ? 1 : 8;
		source.given = 0;
		struct s3_reader *reader = open_reader(&settings);
		for (size_t i = 0; i < MANY; i++)
			assert_int_equal(next_piece(reader, &piece), 1);
		assert_int_equal(next_piece(reader, &piece), 0);
		s3_reader_usage(reader, &usage);
		assert_in_range(usage.connected, turn == 0 ? 1 : 2, settings.connections);
		assert_int_equal(usage.ranges, MANY);
		s3_reader_close(reader);
	}
}

static void test_settings(void **state)
{
	struct source source = {.server = &faults, .bucket = "fault-ranges"};
	struct s3_reader_settings settings = settings_of(&source);
	(void)state;
	settings.memory = 2 * UNIT - 1;
	assert_null(s3_reader_open(&settings, &err));
	assert_int_equal(err.kind, ERR_USAGE);
	settings.memory = 0;
	settings.connections = S3_READER_CONNECTIONS + 1;
	assert_null(s3_reader_open(&settings, &err));
	assert_int_equal(err.kind, ERR_USAGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_any_sizes_in_order),
		cmocka_unit_test(test_objects_are_skipped),
		cmocka_unit_test(test_trouble_is_kept_to_its_object),
		cmocka_unit_test(test_what_stops_all),
		cmocka_unit_test(test_silence_and_stops),
		cmocka_unit_test(test_side_by_side),
		cmocka_unit_test(test_settings),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
