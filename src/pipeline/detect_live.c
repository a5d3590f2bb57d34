/* SPDX-License-Identifier: Apache-2.0 */
/* detect_live.c: rules kept loaded and run over what is new. */
#include "pipeline/detect_live.h"
#include "pipeline/watch.h"

#include <stdlib.h>

#include "pipeline/detect_catch.h"

#define BUSY_PAUSE INT64_C(10000000) /* µs: between two runs while history is being read */

struct detect_live {
	char *data_dir;
	struct detect_options options;
	struct rules *rules;
	struct detect_catch *catch;
	uint64_t files; /* of the files that they were read from */
	int64_t last;   /* monotonic; of the last run */
};

struct detect_live *detect_live_new(const char *data_dir, const struct detect_options *options)
{
	struct detect_live *live = xcalloc(1, sizeof(*live));
	live->data_dir = xstrdup(data_dir);
	live->options = *options;
	return live;
}

void detect_live_free(struct detect_live *live)
{
	if (!live)
		return;
	detect_catch_free(live->catch);
	rules_free(live->rules);
	free(live->data_dir);
	free(live);
}

/* ---- rules ----------------------------------------------------------------------------------- */

struct walk {
	const char *dir;
	unsigned depth;
	uint64_t sum;
};

/* Names, sizes and times of all files below a folder; the order does not matter. */
static int add_file(/* NOLINT(misc-no-recursion): four levels */
	void *ctx, const char *name, struct err *err)
{
	struct walk *walk = ctx;
	struct buf path;
	struct io_info info;
	buf_init(&path, 4096);
	buf_printf(&path, "%s/%s", walk->dir, name);
	if (!path.full && io_stat(path.ptr, &info, NULL) == 1) {
		uint64_t facts[2] = {info.size, (uint64_t)info.mtime_us};
		walk->sum += hash_bytes(path.ptr, path.len) ^
			     hash_bytes(facts, sizeof(facts)) * UINT64_C(0x9e3779b97f4a7c15);
		if (info.is_dir && walk->depth < 4) {
			struct walk below = {path.ptr, walk->depth + 1, 0};
			io_list(path.ptr, add_file, &below, err);
			walk->sum += below.sum;
		}
	}
	buf_fini(&path);
	return 0;
}

static uint64_t files_now(const char *data_dir)
{
	struct buf dir;
	struct io_info info;
	struct err err;
	buf_init(&dir, 4096);
	buf_printf(&dir, "%s/rules", data_dir);
	struct walk walk = {dir.ptr, 0, 1};
	if (io_stat(dir.ptr, &info, NULL) == 1)
		io_list(dir.ptr, add_file, &walk, &err);
	buf_fini(&dir);
	return walk.sum;
}

static int load_rules(struct detect_live *live, struct err *err)
{
	uint64_t files = files_now(live->data_dir);
	struct rules *rules;
	if (live->rules && files == live->files)
		return 0;
	if (detect_rules(live->data_dir, &rules, err) < 0)
		return -1;
	for (uint32_t i = 0; i < rules->nproblems; i++)
		log_warn("rules: %s:%u: %s", rules->problems[i].file, rules->problems[i].line,
			rules->problems[i].what);
	if (live->rules)
		log_info("rules: read anew, %u of them", rules->n);
	detect_catch_free(live->catch);
	live->catch = NULL;
	rules_free(live->rules);
	live->rules = rules;
	live->files = files;
	return 0;
}

/* ---- watchlists ------------------------------------------------------------------------------ */

/* Lists of indicators are asked of the same segments; what they find counts as what rules find. */
static int ask_watchlists(struct detect_live *live, struct store *store,
	struct detect_result *result, struct err *err)
{
	const struct watch_options options = {.threads = live->options.threads,
		.memory = live->options.memory,
		.quiet = live->options.quiet,
		.stop = live->options.stop};
	struct watch_result watched = {0};
	int rc = watch_run(store, &options, &watched, err);
	result->alerts += watched.changes.added;
	result->changes.added += watched.changes.added;
	result->changes.changed += watched.changes.changed;
	result->changes.withdrawn += watched.changes.withdrawn;
	return rc;
}

struct detect_catch *detect_live_catch(struct detect_live *live, struct store *store)
{
	struct err err;
	uint64_t memory = live->options.memory ? live->options.memory : BUDGET_DEFAULT / 4;
	if (load_rules(live, &err) < 0)
		return NULL;
	if (!live->catch)
		live->catch = detect_catch_new(store, live->rules, memory / 2);
	return live->catch;
}

/* ---- runs ------------------------------------------------------------------------------------ */

void detect_live_run(
	struct detect_live *live, struct store *store, bool busy, struct detect_result *result)
{
	struct err err = {0};
	struct detect_result own = {0};
	int64_t now = clock_mono_us();
	if (busy && live->last && now - live->last < BUSY_PAUSE)
		return;
	int rc = load_rules(live, &err);
	if (rc == 0) {
		live->options.rules = live->rules;
		live->options.catch = live->catch;
		rc = detect_pending(store, &live->options, result ? result : &own, &err);
	}
	if (rc == 0)
		rc = ask_watchlists(live, store, result ? result : &own, &err);
	live->last = clock_mono_us();
	if (rc < 0 && err.kind != ERR_INTERRUPTED)
		log_warn("detection: %s; what was not looked at is tried again", err.text);
}
