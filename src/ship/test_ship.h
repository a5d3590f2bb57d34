/* SPDX-License-Identifier: Apache-2.0 */
/* test_ship.h: for tests of ship/: a folder of logs, a bucket that is a folder, a clock that is turned by
 * hand, and the question whether what lies in the bucket is what stood in the logs. */
#ifndef SHIP_TEST_SHIP_H
#define SHIP_TEST_SHIP_H

#include <fcntl.h>
#include <sys/stat.h>
#include <zstd.h>

#include "base/test.h"
#include "net/sigv4.h"
#include "ship/private.h"

struct world {
	char *folder;     /* holds: */
	char logs[600];   /* the server's folder, */
	char bucket[600]; /* objects, their keys' slashes as '!', */
	char state[600];  /* and the state */
	struct ship_options options;
	struct session s;
	int64_t shift_us;     /* the clock is so far ahead */
	enum send_end refuse; /* what the bucket says, if not SEND_DONE */
	unsigned puts;        /* objects that came since world_start */
	struct err err;
};

static struct world w; /* the one that a test is in */

static inline const char *world_path(const char *folder, const char *name)
{
	static char paths[4][1800];
	static unsigned turn;
	char *path = paths[turn++ % 4];
	snprintf(path, sizeof(paths[0]), "%s/%s", folder, name);
	return path;
}

/* Plain system calls: the faults of io.h are for the code under test. */
static inline void write_bytes_at(const char *path, int flags, const char *data, size_t n)
{
	int fd = open(path, O_WRONLY | O_CREAT | flags, 0644);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, n), n);
	close(fd);
}

static inline void log_append(const char *name, const char *text)
{
	write_bytes_at(world_path(w.logs, name), O_APPEND, text, strlen(text));
}

static inline enum send_end bucket_check(void *ctx, const char *node, struct err *err)
{
	(void)ctx;
	(void)node;
	(void)err;
	return SEND_DONE;
}

static inline enum send_end bucket_put(void *ctx, const struct ship_object *object, struct err *err)
{
	(void)ctx;
	char name[1100];
	snprintf(name, sizeof(name), "%.*s", SLICE_ARG(object->key));
	for (char *p = name; *p; p++)
		*p = *p == '/' ? '!' : *p;
	if (w.refuse != SEND_DONE) {
		err_set(err, ERR_IO, "refused");
		return w.refuse;
	}
	write_bytes_at(world_path(w.bucket, name), O_TRUNC, object->body.ptr, object->body.len);
	w.puts++;
	return SEND_DONE;
}

static inline struct ship_time world_now(void)
{
	struct ship_time now = ship_now();
	now.mono_us += w.shift_us + 1000 * SHIP_SECOND; /* a machine that is up for a while */
	now.wall_us += w.shift_us;
	return now;
}

/* The program starts, or starts again. */
static inline void world_start(void)
{
	memset(&w.s, 0, sizeof(w.s));
	w.s.options = &w.options;
	ship_session_init(&w.s);
	session_ready(&w.s, w.logs, "the-host");
	w.s.target = (struct ship_target){bucket_check, bucket_put, NULL, NULL};
	w.s.checked = true;
	w.puts = 0;
	assert_int_equal(state_open(&w.s.state, w.state, &w.err), 0);
	assert_int_equal(session_load(&w.s, w.state, &w.err), 0);
}

/* And ends. */
static inline void world_stop(void)
{
	ship_session_fini(&w.s);
}

static inline void world_make(void)
{
	memset(&w, 0, sizeof(w));
	w.folder = test_folder();
	snprintf(w.logs, sizeof(w.logs), "%s/logs", w.folder);
	snprintf(w.bucket, sizeof(w.bucket), "%s/bucket", w.folder);
	snprintf(w.state, sizeof(w.state), "%s/state/file", w.folder);
	assert_int_equal(mkdir(w.logs, 0700), 0);
	assert_int_equal(mkdir(w.bucket, 0700), 0);
	ship_options_init(&w.options);
	w.options.bucket = xstrdup("audit");
	w.options.prefix = xstrdup("p");
	w.options.url = "s3://audit/p";
	w.options.every_s = 10;
	io_fault(NULL, NULL);
	log_setup((enum log_level)(LOG_ERROR + 1), LOG_TEXT);
}

static inline void world_remove(void)
{
	io_fault(NULL, NULL);
	ship_options_fini(&w.options);
	test_remove(w.folder);
}

/* Time passes; the folder is looked at, and what is due goes. */
static inline enum send_end world_turn(int seconds)
{
	w.shift_us += seconds * SHIP_SECOND;
	struct ship_time now = world_now();
	if (follow_scan(&w.s.follow, &now, &w.err) < 0)
		fail_msg("%s", w.err.text);
	enum send_end end = session_round(&w.s, PLAN_DUE, &now, &w.err);
	(void)session_save(&w.s, &w.err);
	return end;
}

/* All that the keys with this beginning hold, put together. Ranges that overlap must agree, and none may
 * be missing. `out` is cleared first. */
struct bucket_reading {
	const char *bucket, *prefix;
	struct buf *out;
};

static inline int bucket_take(void *ctx, const char *name, struct err *err)
{
	struct bucket_reading *r = ctx;
	unsigned long long from, to;
	char *packed;
	size_t n;
	if (strncmp(name, r->prefix, strlen(r->prefix)) != 0)
		return 0;
	const char *range = strrchr(name, '!') + 1;
	assert_int_equal(sscanf(range, "%15llu-%15llu.ndjson.zst", &from, &to), 2);
	assert_int_equal(io_read_file(world_path(r->bucket, name), 64 << 20, &packed, &n, err), 0);
	assert_int_equal(ZSTD_getFrameContentSize(packed, n), to - from);
	char *raw = xmalloc(to - from + 1);
	assert_int_equal(ZSTD_decompress(raw, to - from, packed, n), to - from);
	if (from > r->out->len)
		fail_msg("%s: nothing from %zu on", name, r->out->len);
	size_t known = to < r->out->len ? to - from : r->out->len - from;
	if (known > 0 && memcmp(r->out->ptr + from, raw, known) != 0)
		fail_msg("%s: not what another object says", name);
	buf_append(r->out, raw + known, to - from - known);
	free(raw);
	free(packed);
	return 0;
}

static inline void bucket_read(const char *prefix, struct buf *out)
{
	struct err err;
	struct bucket_reading reading = {w.bucket, prefix, out};
	buf_clear(out);
	assert_int_equal(io_list(w.bucket, bucket_take, &reading, &err), 0);
}

/* Whether the objects with these keys ("p!the-host!NAME") hold exactly this text. */
#define assert_bucket(prefix, text)                                                                \
	do {                                                                                       \
		struct buf held;                                                                   \
		buf_init(&held, SIZE_MAX);                                                         \
		bucket_read(prefix, &held);                                                        \
		if (!slice_eq(buf_view(&held), slice_of(text)))                                    \
			fail_msg("%s: \"%.*s\", not \"%s\"", prefix, SLICE_ARG(buf_view(&held)),   \
				text);                                                             \
		buf_fini(&held);                                                                   \
	} while (0)

/* --- For tests that need no more than the one world ---------------------------------------------- */

static inline const char *at(const char *name)
{
	return world_path(w.logs, name);
}

static inline void restart(void)
{
	world_stop();
	world_start();
}

/* All that is due goes, whatever its time. */
static inline void ship(void)
{
	world_turn(0);
	world_turn(11);
	world_turn(11);
}

/* The log of this name (and generation, as "NAME~2") and first line holds exactly this text in the bucket
 * of this node. */
static inline void assert_of(
	const char *node, const char *name, const char *first, const char *text)
{
	char prefix[400], hex[SIGV4_HEX];
	snprintf(prefix, sizeof(prefix), "p!%s!%s!%.8s!", node, name,
		sigv4_hash(slice_of(first), hex));
	assert_bucket(prefix, text);
}

static inline void assert_log(const char *name, const char *first, const char *text)
{
	assert_of("the-host", name, first, text);
}

static inline void assert_lost(uint64_t logs, uint64_t bytes)
{
	if (w.s.follow.lost_logs != logs || w.s.follow.lost_bytes != bytes)
		fail_msg("%d logs lost, %d bytes; not %d, %d", (int)w.s.follow.lost_logs,
			(int)w.s.follow.lost_bytes, (int)logs, (int)bytes);
}

#endif
