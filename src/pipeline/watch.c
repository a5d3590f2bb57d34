/* SPDX-License-Identifier: Apache-2.0 */
/* watch.c: which indicators of which lists are to be looked at, and where; the events themselves are watch_cells.c's. */
#include <stdlib.h>

#include "pipeline/watch_cells.h"

/* ---- lists ----------------------------------------------------------------------------------- */

struct lists {
	struct arena mem;
	struct watchlist *of;
	uint32_t n, cap;
};

static int take_list(void *ctx, const struct watchlist *list, struct err *err)
{
	(void)err;
	struct lists *lists = ctx;
	if (list->paused)
		return 0;
	if (lists->n == lists->cap) {
		lists->cap = lists->cap ? lists->cap * 2 : 8;
		lists->of = xrealloc(lists->of, lists->cap * sizeof(*lists->of));
	}
	struct watchlist *kept = &lists->of[lists->n++];
	*kept = *list;
	kept->name = arena_strdup(&lists->mem, slice_of(list->name));
	kept->tags = arena_strdup(&lists->mem, slice_of(list->tags));
	kept->path = list->path ? arena_strdup(&lists->mem, slice_of(list->path)) : NULL;
	kept->swept_path =
		list->swept_path ? arena_strdup(&lists->mem, slice_of(list->swept_path)) : NULL;
	return 0;
}

static void lists_free(struct lists *lists)
{
	free(lists->of);
	arena_fini(&lists->mem);
}

/* ---- what a list finds ----------------------------------------------------------------------- */

struct finding {
	struct watch_cells *cells;
	const struct watchlist *list;
	struct watch_file *old; /* indicators that are in it were looked for already; NULL = none */
};

static int take_watched(void *ctx, const struct watched *watched, struct err *err)
{
	struct finding *f = ctx;
	int known = f->old ? watch_has(f->old, watched, err) : 0;
	if (known < 0 && err->kind == ERR_DAMAGED) {
		f->old = NULL; /* it only saved work */
		known = 0;
	}
	if (known == 0)
		watch_cells_add(f->cells, f->list, watched);
	return known < 0 ? -1 : 0;
}

/* ---- history --------------------------------------------------------------------------------- */

static int sweep_runs(
	struct store *store, struct watch_file *watch, struct finding *finding, struct err *err)
{
	struct observable_set set;
	if (observable_set_open(store, NULL, &set, err) < 0)
		return -1;
	int rc = 0;
	for (uint32_t i = 0; i < set.n && rc == 0; i++)
		rc = watch_match(watch, set.runs[i].reader, take_watched, finding, err);
	if (set.unindexed)
		log_warn("watchlist %s: %llu segments are not indexed: `pugmark ioc index` makes "
			 "it up",
			finding->list->name, (unsigned long long)set.unindexed);
	observable_set_close(&set);
	return rc;
}

/* A list that is new or changed, asked of all that is stored. */
static int sweep_list(struct store *store, const struct watchlist *list, struct watch_cells *cells,
	struct err *err)
{
	struct watch_file *watch, *old = NULL;
	struct finding finding = {.cells = cells, .list = list};
	if (watch_file_open(list->path, &watch, err) < 0)
		return -1;
	/* One that cannot be read any more only saves work. */
	if (list->swept_path && watch_file_open(list->swept_path, &old, NULL) == 0)
		finding.old = old;
	int rc = sweep_runs(store, watch, &finding, err);
	if (rc == 0)
		rc = watch_cells_settle(cells, err);
	if (rc == 0)
		rc = watchlist_swept(store, list->name, list->path, err);
	watch_file_close(old);
	watch_file_close(watch);
	return rc;
}

/* ---- new segments ---------------------------------------------------------------------------- */

struct waiting {
	uint64_t *ids;
	uint32_t n, cap;
};

static int take_segment(void *ctx, uint64_t segment, struct err *err)
{
	(void)err;
	struct waiting *w = ctx;
	if (w->n == w->cap) {
		w->cap = w->cap ? w->cap * 2 : 64;
		w->ids = xrealloc(w->ids, w->cap * sizeof(*w->ids));
	}
	w->ids[w->n++] = segment;
	return 0;
}

static bool is_waiting(const struct waiting *w, uint64_t segment)
{
	for (uint32_t i = 0; i < w->n; i++) {
		if (w->ids[i] == segment)
			return true;
	}
	return false;
}

static int ask_segment(
	struct watch_cells *cells, const struct watchlist *list, const char *run, struct err *err)
{
	struct watch_file *watch;
	struct obs_reader *reader;
	struct finding finding = {.cells = cells, .list = list};
	if (watch_file_open(list->path, &watch, err) < 0)
		return -1;
	int rc = obs_open(run, &reader, err);
	if (rc == 0) {
		rc = watch_match(watch, reader, take_watched, &finding, err);
		obs_close(reader);
	}
	watch_file_close(watch);
	return rc;
}

struct asking {
	struct store *store;
	const struct lists *lists;
	const struct waiting *waiting;
	struct watch_cells *cells;
	uint64_t asked;
};

static int ask_table(void *ctx, const struct observables_info *info, struct err *err)
{
	struct asking *a = ctx;
	struct observable_segment *segments;
	struct arena mem = {0};
	uint32_t n;
	int rc = observable_segments(a->store, info->table, &mem, &segments, &n, err);
	for (uint32_t i = 0; i < n && rc == 0; i++) {
		if (!segments[i].run || !is_waiting(a->waiting, segments[i].id))
			continue;
		watch_cells_span(
			a->cells, segments[i].min_time, segments[i].max_time, segments[i].no_time);
		for (uint32_t l = 0; l < a->lists->n && rc == 0; l++) {
			if (a->lists->of[l].path)
				rc = ask_segment(a->cells, &a->lists->of[l], segments[i].run, err);
		}
		a->asked++;
	}
	arena_fini(&mem);
	return rc;
}

/* ---- all of it ------------------------------------------------------------------------------- */

static int run_lists(struct store *store, const struct watch_options *options,
	const struct lists *lists, struct watch_result *result, struct err *err)
{
	int rc = 0;
	for (uint32_t i = 0; i < lists->n && rc == 0; i++) {
		const struct watchlist *list = &lists->of[i];
		if (!list->path || list->is_swept)
			continue;
		struct watch_cells *cells = watch_cells_new(store, options, result);
		rc = sweep_list(store, list, cells, err);
		watch_cells_free(cells);
		result->lists++;
	}
	return rc;
}

static int run_segments(struct store *store, const struct watch_options *options,
	const struct lists *lists, const struct waiting *waiting, struct watch_result *result,
	struct err *err)
{
	struct watch_cells *cells = watch_cells_new(store, options, result);
	struct asking asking = {store, lists, waiting, cells, 0};
	int rc = lists->n ? store_observables(store, ask_table, &asking, err) : 0;
	if (rc == 0)
		rc = watch_cells_settle(cells, err);
	watch_cells_free(cells);
	result->segments += asking.asked;
	return rc < 0 ? -1 : watch_done(store, waiting->ids, waiting->n, err);
}

static bool is_work(const struct lists *lists, const struct waiting *waiting)
{
	bool work = waiting->n > 0;
	for (uint32_t i = 0; i < lists->n; i++)
		work |= lists->of[i].path && !lists->of[i].is_swept;
	return work;
}

/* One look at what there is to do, and doing it. 1 done, 0 nothing to do, -1. */
static int run_once(struct store *store, const struct watch_options *options, bool only_look,
	struct watch_result *result, struct err *err)
{
	struct lists lists = {0};
	struct waiting waiting = {0};
	int rc = watchlists(store, take_list, &lists, err);
	if (rc == 0)
		rc = watch_pending(store, take_segment, &waiting, err);
	bool work = rc == 0 && is_work(&lists, &waiting);
	if (work && !only_look) {
		rc = run_lists(store, options, &lists, result, err);
		if (rc == 0 && waiting.n > 0)
			rc = run_segments(store, options, &lists, &waiting, result, err);
	}
	free(waiting.ids);
	lists_free(&lists);
	return rc < 0 ? -1 : work;
}

int watch_run(struct store *store, const struct watch_options *options, struct watch_result *result,
	struct err *err)
{
	for (;;) {
		struct store_lock *lock;
		int work = run_once(store, options, true, result, err);
		if (work < 1)
			return work;
		/* Who has it looks again before he ends: he will see what we saw. */
		int held = store_lock(store, WATCH_LOCK, false, &lock, err);
		if (held < 1)
			return held;
		work = run_once(store, options, false, result, err);
		store_unlock(lock);
		if (work < 1)
			return work;
	}
}
