/* SPDX-License-Identifier: Apache-2.0 */
/* feed.c: one fetch: by one process at a time, noted whatever comes of it. */
#include <stdlib.h>
#include <sys/random.h>

#include "pipeline/feed_private.h"

#define SECOND INT64_C(1000000)

enum {
	FIRST_PAUSE_S = 60,
	LONGEST_PAUSE_S = 6 * 3600, /* between two failures, or the interval where that is longer */
};

/* ---- when the next one is due ---------------------------------------------------------------- */

static uint32_t random_bits(void)
{
	uint32_t bits = 0;
	if (getrandom(&bits, sizeof(bits), 0) != sizeof(bits))
		bits = (uint32_t)clock_mono_us();
	return bits;
}

/* A tenth more or less: not all installations ask on the hour. */
static int64_t due_after_success(uint32_t interval_s)
{
	int64_t us = (int64_t)interval_s * SECOND;
	return clock_now_us() + us - us / 10 + (int64_t)(random_bits() % 1000) * us / 5000;
}

/* Twice as long each time, half more or less. */
static int64_t due_after_failure(const struct watchlist *list, int64_t asked_us)
{
	int64_t most = list->interval_s > LONGEST_PAUSE_S ? list->interval_s : LONGEST_PAUSE_S;
	int64_t us = (list->interval_s < FIRST_PAUSE_S ? list->interval_s : FIRST_PAUSE_S) * SECOND;
	for (unsigned i = 0; i < list->failures && us < most * SECOND; i++)
		us *= 2;
	us = us < most * SECOND ? us : most * SECOND;
	us = us / 2 + (int64_t)(random_bits() % 1000) * us / 1000;
	return clock_now_us() + (us > asked_us ? us : asked_us);
}

/* ---- one fetch ------------------------------------------------------------------------------- */

static int fetch_kind(struct feed_fetch *fetch, struct err *err)
{
	switch (fetch->feed->kind) {
	case FEED_TAXII:
		return fetch_taxii(fetch, err);
	case FEED_FILE:
		return fetch_files(fetch, err);
	default:
		return fetch_url(fetch, err);
	}
}

static int note_unchanged(
	struct store *store, const struct feed_fetch *fetch, int64_t due_at, struct err *err)
{
	const struct watchlist_change change = {.fetched_at = clock_now_us(),
		.due_at = due_at,
		.etag = fetch->etag,
		.modified = fetch->modified,
		.mark = fetch->mark};
	return watchlist_change(store, fetch->list->name, &change, err);
}

static int fetch_and_fill(struct store *store, struct feed_fetch *fetch, const char *folder,
	struct feed_result *result, struct err *err)
{
	const struct watchlist *list = fetch->list;
	if (spool_open(&fetch->spool, folder, err) < 0 || fetch_kind(fetch, err) < 0)
		return -1;
	for (uint32_t i = 0; i < fetch->spool.n; i++)
		result->bytes += fetch->spool.parts[i].len;
	int64_t due_at = due_after_success(list->interval_s);
	result->outcome = FEED_UNCHANGED;
	return fetch->unchanged ? note_unchanged(store, fetch, due_at, err)
				: feed_fill(store, fetch, due_at, result, err);
}

/* A process that is asked to end has not failed. */
static void note_failed(struct store *store, const struct feed_fetch *fetch, const struct err *why)
{
	struct err err;
	if (why->kind == ERR_INTERRUPTED || feed_stopped(fetch->options->stop))
		return;
	if (watchlist_failed(store, fetch->list->name, why->text,
		    due_after_failure(fetch->list, fetch->asked_us), &err) < 0)
		log_warn("%s: %s", fetch->list->name, err.text);
}

static int update_loaded(struct store *store, const struct loaded_feed *loaded, const char *folder,
	const struct feed_options *options, struct feed_result *result, struct err *err)
{
	struct feed_fetch fetch = {.feed = &loaded->feed,
		.list = &loaded->list,
		.options = options,
		.spool = {.fd = -1},
		.format = loaded->feed.format,
		.asked_us = -1};
	int rc = fetch_and_fill(store, &fetch, folder, result, err);
	if (rc < 0)
		note_failed(store, &fetch, err);
	spool_close(&fetch.spool);
	arena_fini(&fetch.mem);
	return rc;
}

static int load_and_update(struct store *store, const char *name, const char *folder,
	const struct feed_options *options, struct feed_result *result, struct err *err)
{
	struct loaded_feed loaded;
	int rc = feed_load(store, name, options->key_file, &loaded, err);
	if (rc == 1)
		rc = update_loaded(store, &loaded, folder, options, result, err);
	else if (rc == 0)
		rc = err_set(
			err, ERR_NOT_FOUND, "there is no feed `%.60s`: pugmark ioc feeds", name);
	else if (loaded.list.name) /* its secrets do not open */
		note_failed(store,
			&(struct feed_fetch){.feed = &loaded.feed,
				.list = &loaded.list,
				.options = options,
				.asked_us = -1},
			err);
	feed_unload(&loaded);
	return rc;
}

int feed_update(struct store *store, const char *name, const struct feed_options *options,
	struct feed_result *result, struct err *err)
{
	struct arena mem = {0};
	struct store_lock *lock = NULL;
	*result = (struct feed_result){0};
	if (store_check_source(name, err) < 0)
		return -1;
	const char *file = arena_printf(&mem, "watchlists/%s/fetch.lock", name);
	const char *folder = arena_printf(&mem, "%s/watchlists/%s", store_dir(store), name);
	int rc = io_mkdirs(folder, err);
	if (rc == 0)
		rc = store_lock(store, file, false, &lock, err);
	if (rc == 0)
		result->outcome = FEED_BUSY;
	if (rc == 1)
		rc = load_and_update(store, name, folder, options, result, err);
	store_unlock(lock);
	arena_fini(&mem);
	return rc;
}
