/* SPDX-License-Identifier: Apache-2.0 */
/* feed_run.c: all feeds as they are due, one after another, until the end. */
#include <stdlib.h>
#include <time.h>

#include "pipeline/feed_private.h"

enum {
	LOOK_MS = 1000, /* at what is due */
	TICK_MS = 100,
};

struct due {
	struct arena mem;
	const char **names;
	uint32_t n, cap;
	bool any; /* there are feeds */
	int64_t now;
};

static int take_due(void *ctx, const struct watchlist *list, struct err *err)
{
	struct due *due = ctx;
	(void)err;
	if (!feed_is(list) || list->paused)
		return 0;
	due->any = true;
	if (list->due_at > due->now)
		return 0;
	if (due->n == due->cap) {
		due->cap = due->cap ? due->cap * 2 : 16;
		due->names = xrealloc(due->names, due->cap * sizeof(*due->names));
	}
	due->names[due->n++] = arena_strdup(&due->mem, slice_of(list->name));
	return 0;
}

/* A feed's failure is its own: it is told, and the others go on. */
static void update_one(struct store *store, const char *name, const struct feed_options *options)
{
	struct feed_result result;
	struct err err = {0};
	char a[32], b[32], c[32];
	if (feed_update(store, name, options, &result, &err) < 0) {
		if (err.kind != ERR_INTERRUPTED)
			log_warn("%s: %s", name, err.text);
		return;
	}
	if (result.outcome != FEED_CHANGED)
		return;
	log_info("%s: %s added, %s removed, %s indicators", name, text_count(result.fill.added, a),
		text_count(result.fill.removed, b), text_count(result.fill.indicators, c));
}

static void sweep(struct store *store, const struct feed_options *options)
{
	const struct watch_options asking = {
		.threads = options->threads, .memory = options->memory / 4, .stop = options->stop};
	struct watch_result result = {0};
	struct err err = {0};
	char a[32], b[32];
	if (options->no_detect)
		return;
	if (watch_run(store, &asking, &result, &err) < 0) {
		if (err.kind != ERR_INTERRUPTED)
			log_warn("watchlists: %s; what was not asked is asked next time", err.text);
	} else if (result.indicators > 0)
		log_info("watchlists: %s indicators were seen before, %s new alerts",
			text_count(result.indicators, a), text_count(result.changes.added, b));
}

/* 1 there are feeds, 0 there are none, -1. */
static int run_round(struct store *store, const struct feed_options *options, struct err *err)
{
	struct due due = {.now = clock_now_us()};
	int rc = watchlists(store, take_due, &due, err);
	for (uint32_t i = 0; rc == 0 && i < due.n && !feed_stopped(options->stop); i++)
		update_one(store, due.names[i], options);
	/* Also what came while a list was being filled: whoever committed it found the lists busy. */
	if (due.n > 0 && !feed_stopped(options->stop))
		sweep(store, options);
	free(due.names);
	arena_fini(&due.mem);
	return rc < 0 ? -1 : due.any;
}

static void wait(const struct feed_options *options)
{
	for (int ms = 0; ms < LOOK_MS && !feed_stopped(options->stop); ms += TICK_MS) {
		struct timespec tick = {0, TICK_MS * 1000000L};
		nanosleep(&tick, NULL);
	}
}

int feed_run(struct store *store, const struct feed_options *options, struct err *err)
{
	struct store_lock *lock;
	int rc = store_lock(store, FEED_LOCK, false, &lock, err);
	if (rc == 0)
		return err_set(err, ERR_BUSY,
			"another pugmark fetches the feeds of this folder already (pugmark serve, "
			"or "
			"ioc update --loop)");
	if (rc < 0)
		return -1;
	sweep(store, options); /* what a process that was killed left */
	do {
		rc = run_round(store, options, err);
		if (rc == 1 && !options->once)
			wait(options);
	} while (rc == 1 && !options->once && !feed_stopped(options->stop));
	store_unlock(lock);
	return rc < 0 ? -1 : 0;
}
